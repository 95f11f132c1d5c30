//! The media socket's door: handshake, first message, token, place, agent; then the driver has it.
//!
//! Promises: a stream without leave is closed with 1008 before a byte of audio is read; a peer that says nothing is
//! closed after five seconds.
//! Never: trusts a start message's ids without the token of a signed webhook.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{ConnectInfo, OriginalUri, State, WebSocketUpgrade};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::time::timeout;

use super::last::Awaited;
use super::{Gateway, Place, Trust};
use crate::core::base::Private;
use crate::driver::{Agent, Caller, Ended, call_id, drive};
use crate::telephony::socket::{bounded, code};
use crate::telephony::twilio::signature;
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
                .inspect_err(|refused| tracing::warn!(%refused, "a media handshake was refused"))
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
    let Some(start) = first_start(&mut socket).await else {
        socket.close(code::POLICY).await;
        return;
    };
    let Some((caller, agent, place)) = gateway.admit(&start) else {
        socket.close(code::POLICY).await;
        return;
    };
    let _live = Live::begin();
    let _awaited = Awaited::begin(gateway.clone(), caller.call.clone());
    let (call, shell) = (caller.call.clone(), gateway.0.settings.shell.clone());
    match drive(socket, start.stream, agent, caller, shell).await {
        Ok(Ended { end, underruns }) => {
            let (reason, count, longest) = (end.reason(), underruns.count, underruns.longest.0);
            tracing::info!(%call, reason, underruns = count, longest_underrun_ms = longest, "a call ended");
            gateway.count_underruns(underruns);
        }
        Err(fault) => tracing::error!(%call, owner = ?fault.owner, %fault, "a call broke off"),
    }
    drop(place);
}

/// A call in the figures: live until this is dropped, by a panic too.
struct Live;

impl Live {
    fn begin() -> Live {
        metrics::counter!("centralita_calls_total").increment(1);
        metrics::gauge!("centralita_calls_live").increment(1.0);
        Live
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        metrics::gauge!("centralita_calls_live").decrement(1.0);
    }
}

/// The start message, if it comes in time and is of a kind we can carry.
async fn first_start(socket: &mut MediaSocket) -> Option<Start> {
    for _ in 0..MESSAGES_BEFORE_START_MAX {
        match timeout(START_DEADLINE, socket.next()).await {
            Ok(SocketEvent::Carrier(CarrierEvent::Start(start))) if start.media_format.is_mulaw_8k_mono() => {
                return Some(start);
            }
            Ok(SocketEvent::Carrier(CarrierEvent::Start(start))) => {
                tracing::warn!(format = ?start.media_format, "a stream is not mu-law at 8 kHz, mono: it is refused");
                return None;
            }
            Ok(SocketEvent::Closed(_)) | Err(_) => return None,
            // Media before start is lost: nobody knows yet who it is for.
            Ok(SocketEvent::Carrier(_) | SocketEvent::Malformed(_) | SocketEvent::Pong) => {}
        }
    }
    None
}

impl Gateway {
    /// Who calls whom, with a place to do it in; `None` is logged.
    fn admit(&self, start: &Start) -> Option<(Caller, Arc<Agent>, Place)> {
        let param = |name: &str| start.params.get(name).map(String::as_str);
        let (from, to, attempt) = match (param("token"), &self.0.settings.trust) {
            (Some(token), _) => match self.0.tokens.redeem(token, &start.call, self.uptime()) {
                Ok(ticket) => (ticket.from, ticket.to.reveal().to_owned(), ticket.attempt),
                Err(denied) => {
                    tracing::warn!(call = %start.call, ?denied, "a stream's token was refused");
                    return None;
                }
            },
            (None, Trust::UnsignedLoopback) => {
                (Private::new(param("from").unwrap_or("")), param("to").unwrap_or("").to_owned(), 0)
            }
            (None, Trust::Signed(_)) => {
                tracing::warn!(call = %start.call, "a stream came without a token");
                return None;
            }
        };
        let agent = match param("agent").filter(|_| matches!(self.0.settings.trust, Trust::UnsignedLoopback))
        {
            None => self.0.settings.switchboard.by_number(&to),
            Some(id) => match self.0.settings.switchboard.by_id(id) {
                Some(agent) => agent,
                None => {
                    tracing::warn!(call = %start.call, agent = id, "there is no such agent; `centralita check` lists them");
                    return None;
                }
            },
        };
        let place = match self.0.admission.enter() {
            Ok(place) => place,
            Err(why) => {
                tracing::warn!(call = %start.call, %why, "a stream was refused");
                return None;
            }
        };
        let call = call_id(&start.call, attempt)?;
        Some((Caller { call, carrier_call: start.call.clone(), from, to, attempt }, agent, place))
    }
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
