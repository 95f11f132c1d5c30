//! The media socket's door: handshake, first message, token, place, agent; then the driver has it.
//!
//! Promises: a stream without leave is closed with 1008 before a byte of audio is read; a peer that says nothing is
//! closed after five seconds; whoever is turned away is in the log, with why and what to do.
//! Never: trusts a start message's ids without the token of a signed webhook.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{ConnectInfo, OriginalUri, State, WebSocketUpgrade};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::time::{Instant, timeout_at};

use super::last::Awaited;
use super::{CALLS, CALLS_LIVE, CALLS_REFUSED, Gateway, NoPlace, Place, SIGNATURES_REFUSED, Trust};
use crate::core::base::{CallId, Fault, Owner};
use crate::driver::{Agent, Caller, Ended, call_id, drive};
use crate::telephony::socket::{bounded, code};
use crate::telephony::twilio::wire::Malformed;
use crate::telephony::twilio::{signature, token::Denied, withheld};
use crate::telephony::{CarrierEvent, MediaSocket, SocketEvent, Start};

/// How long a carrier may take to say who is calling.
const START_DEADLINE: Duration = Duration::from_secs(5);

/// Messages before the start message; a carrier sends one.
const MESSAGES_BEFORE_START_MAX: usize = 16;

/// For a browser, or a carrier that was given this address as its webhook.
const NOT_A_SOCKET: &str = "This is a media stream: open it as a WebSocket (ws:// or wss://). The carrier's voice webhook \
                            is POST /hooks/twilio/voice.\n";

/// A carrier opens a stream.
pub(super) async fn stream(
    State(gateway): State<Gateway>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let Ok(upgrade) = upgrade else {
        return (StatusCode::UPGRADE_REQUIRED, [(header::UPGRADE, "websocket")], NOT_A_SOCKET)
            .into_response();
    };
    let believed = match &gateway.0.settings.trust {
        Trust::UnsignedLoopback => peer.ip().is_loopback(),
        Trust::Signed(verifier) => {
            let signature = headers.get(signature::HEADER).and_then(|value| value.to_str().ok());
            verifier
                .handshake(&uri.to_string(), signature)
                .inspect_err(|refused| {
                    metrics::counter!(SIGNATURES_REFUSED).increment(1);
                    tracing::warn!(%refused, "a media handshake was refused");
                })
                .is_ok()
        }
    };
    if !believed {
        return StatusCode::FORBIDDEN.into_response();
    }
    let calls = gateway.0.calls.clone();
    bounded(upgrade).on_upgrade(move |socket| calls.track_future(answer(gateway, MediaSocket::new(socket))))
}

async fn answer(gateway: Gateway, mut socket: MediaSocket) {
    let start = match first_start(&mut socket).await {
        Ok(start) => start,
        Err(fault) => {
            tracing::warn!(owner = ?fault.owner, %fault, "a media stream did not begin");
            socket.close(code::POLICY).await;
            return;
        }
    };
    let (caller, agent, place) = match gateway.admit(&start) {
        Ok(admitted) => admitted,
        Err(fault) => {
            tracing::warn!(call = %start.call, owner = ?fault.owner, %fault, "a stream was refused");
            socket.close(code::POLICY).await;
            return;
        }
    };
    let held = gateway.0.tenures.begin(&start.call, caller.attempt, place);
    let _live = Live::begin();
    let _awaited = Awaited::begin(gateway.clone(), caller.call.clone());
    let (call, shell) = (caller.call.clone(), gateway.0.settings.shell.clone());
    match drive(socket, start.stream, agent, caller, shell, held.tenure.clone()).await {
        Ok(Ended { call, end, underruns }) => {
            let (reason, count, longest) = (end.reason(), underruns.count, underruns.longest.0);
            tracing::info!(%call, reason, underruns = count, longest_underrun_ms = longest, "a call ended");
            gateway.count_underruns(underruns);
        }
        Err(fault) => tracing::error!(%call, owner = ?fault.owner, %fault, "a call broke off"),
    }
}

/// A call in the figures: live until this is dropped, by a panic too.
struct Live;

impl Live {
    fn begin() -> Live {
        metrics::counter!(CALLS).increment(1);
        metrics::gauge!(CALLS_LIVE).increment(1.0);
        Live
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        metrics::gauge!(CALLS_LIVE).decrement(1.0);
    }
}

/// The start message, if it comes in time and is of a kind we can carry.
async fn first_start(socket: &mut MediaSocket) -> Result<Start, Fault> {
    let until = Instant::now() + START_DEADLINE;
    let mut malformed = None;
    for _ in 0..MESSAGES_BEFORE_START_MAX {
        match timeout_at(until, socket.next()).await {
            Ok(SocketEvent::Carrier(CarrierEvent::Start(start))) if start.media_format.is_mulaw_8k_mono() => {
                if let Some(fault) = malformed.map(Malformed::fault) {
                    tracing::warn!(call = %start.call, owner = ?fault.owner, %fault, "a message was ignored");
                }
                return Ok(start);
            }
            Ok(SocketEvent::Carrier(CarrierEvent::Start(start))) => {
                let what = format!("it is not mu-law at 8 kHz, mono, but {:?}", start.media_format);
                return Err(Fault::new(Owner::Provider, what, "let the carrier send audio/x-mulaw"));
            }
            Ok(SocketEvent::Malformed(what)) => {
                malformed.get_or_insert(what);
            }
            Ok(SocketEvent::Closed(how)) => return Err(no_start(malformed, &format!("it was {how}"))),
            Err(_) => return Err(no_start(malformed, &format!("{START_DEADLINE:?} went by"))),
            // Media before start is lost: nobody knows yet who it is for.
            Ok(SocketEvent::Carrier(_) | SocketEvent::Pong) => {}
        }
    }
    Err(no_start(malformed, &format!("{MESSAGES_BEFORE_START_MAX} messages came")))
}

/// What came in place of a start; a message that could not be read may have been the one.
fn no_start(malformed: Option<Malformed>, instead: &str) -> Fault {
    let why = malformed.map(|what| format!(", and one message held {what}")).unwrap_or_default();
    Fault::new(
        Owner::Provider,
        format!("{instead} before a `start` message{why}"),
        "see in the carrier's debugger who opened it; Twilio sends `start` within a second",
    )
}

/// A stream that brings no right to be served.
fn no_leave(what: impl Into<String>) -> Fault {
    Fault::new(Owner::Provider, what, "open streams with the answer of the voice webhook only")
}

impl Gateway {
    /// Who calls whom, with a place to do it in.
    fn admit(&self, start: &Start) -> Result<(Caller, Arc<Agent>, Place), Fault> {
        let settings = &self.0.settings;
        let param = |name: &str| start.params.get(name).map(String::as_str);
        let (from, to, attempt) = match (param("token"), &settings.trust) {
            (Some(token), _) => {
                let ticket =
                    self.0.tokens.redeem(token, &start.call, self.uptime()).map_err(Denied::fault)?;
                (ticket.from, ticket.to.reveal().to_owned(), ticket.attempt)
            }
            (None, Trust::UnsignedLoopback) => {
                (withheld::number(param("from").unwrap_or("")), param("to").unwrap_or("").to_owned(), 0)
            }
            (None, Trust::Signed(_)) => return Err(no_leave("it came without a token")),
        };
        let agent = match param("agent").filter(|_| matches!(settings.trust, Trust::UnsignedLoopback)) {
            None => settings.switchboard.by_number(&to),
            Some(id) => settings.switchboard.by_id(id).ok_or_else(|| no_agent(id))?,
        };
        // The caller who comes back needs no second place.
        self.0.tenures.end(&start.call, u8::MAX);
        let place = self.0.admission.enter().map_err(|why| self.turn_away(&start.call, why))?;
        let call = call_id(&start.call, attempt).ok_or_else(|| no_leave("its call's name is too long"))?;
        Ok((Caller { call, carrier_call: start.call.clone(), from, to, attempt }, agent, place))
    }

    /// No place. The carrier will ask what comes next, and then its caller is told why.
    fn turn_away(&self, call: &CallId, why: NoPlace) -> Fault {
        metrics::counter!(CALLS_REFUSED).increment(1);
        self.0.turned_away.note(call, self.uptime());
        why.fault()
    }
}

fn no_agent(id: &str) -> Fault {
    let what = format!("there is no agent `{id}`");
    Fault::new(Owner::Admin, what, "name one that `centralita check` lists")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_that_panics_is_live_no_more() {
        let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
        let panicked = metrics::with_local_recorder(&recorder, || {
            std::panic::catch_unwind(|| {
                let _live = Live::begin();
                // Past the hook: nobody wants to read of it.
                std::panic::resume_unwind(Box::new("a mistake on purpose"))
            })
        });
        assert!(panicked.is_err());
        let figures = recorder.handle().render();
        let wanted = ["centralita_calls_total 1", "centralita_calls_live 0"];
        assert!(wanted.iter().all(|figure| figures.contains(figure)), "{figures}");
    }
}
