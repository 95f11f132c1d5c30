//! Twilio's webhooks: a call comes in, its stream is over, its stream has something to say.
//!
//! Promises: no webhook is read further than its signature before that is right; the answer after a stream follows
//! from the call's journalled state, so a call ends when it is over and is taken up again when it is not, unless there
//! was no place for it.
//! Never: hands out a URL that is not made from the public one.

use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{ConnectInfo, FromRequest, OriginalUri, Request, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use tokio::time::timeout;

use super::{CALLS_REFUSED, Gateway, SIGNATURES_REFUSED, Trust};
use crate::core::base::CallId;
use crate::core::language::Phrase;
use crate::driver::call_id;
use crate::store::CallState;
use crate::telephony::twilio::form::{self, AfterStream, StreamStatus, VoiceWebhook};
use crate::telephony::twilio::token::Denied;
use crate::telephony::twilio::{Params, Ticket, signature, twiml};

/// How long a carrier, and its caller in silence, wait for the state of a call.
const STATE_DEADLINE: Duration = Duration::from_secs(2);

const AFTER_STREAM: &str = "/hooks/twilio/after-stream";
const STREAM_STATUS: &str = "/hooks/twilio/stream-status";
pub(super) const MEDIA: &str = "/media/twilio";

/// A call comes in.
pub(super) async fn voice(State(gateway): State<Gateway>, webhook: Believed) -> Response {
    let hook = match VoiceWebhook::read(&webhook.params) {
        Ok(hook) => hook,
        Err(fault) => return unreadable(&fault),
    };
    if let Err(why) = gateway.0.admission.room() {
        metrics::counter!(CALLS_REFUSED).increment(1);
        let fault = why.fault();
        tracing::warn!(call = %hook.call, owner = ?fault.owner, %fault, "a call was refused");
        return gateway.sorry(hook.to.reveal(), &Phrase::Busy);
    }
    gateway.connect(Ticket { call: hook.call, from: hook.from, to: hook.to, attempt: 0 })
}

/// A stream is over. The call goes on only where it is neither ended nor gone.
pub(super) async fn after_stream(State(gateway): State<Gateway>, webhook: Believed) -> Response {
    let hook = match AfterStream::read(&webhook.params) {
        Ok(hook) => hook,
        Err(fault) => return unreadable(&fault),
    };
    let attempt = url::form_urlencoded::parse(webhook.uri.query().unwrap_or("").as_bytes())
        .find_map(|(name, value)| (name == "attempt").then(|| value.parse().ok())?)
        .unwrap_or(0);
    if let Some(call) = call_id(&hook.call, attempt) {
        gateway.0.unasked.strike(&call);
    }
    if hook.status.is_over() || gateway.is_over(&hook.call).await {
        return xml(twiml::hang_up());
    }
    if gateway.0.turned_away.take(&hook.call, gateway.uptime()) && !gateway.0.admission.is_closed() {
        return gateway.sorry(hook.to.reveal(), &Phrase::Busy);
    }
    // Also where its socket does not know yet: nothing of it may begin beside what comes now.
    gateway.0.tenures.end(&hook.call, attempt);
    let lost = Ticket { call: hook.call.clone(), from: hook.from, to: hook.to, attempt };
    tracing::warn!(call = %hook.call, attempt, "a stream ended and its call did not");
    // A gateway that shuts down would refuse the next stream: better a sentence now.
    match lost.again().filter(|_| !gateway.0.admission.is_closed()) {
        Some(ticket) => gateway.connect(ticket),
        None => gateway.sorry(lost.to.reveal(), &Phrase::ServiceDownGoodbye),
    }
}

/// A stream has started, stopped or failed: for the log.
pub(super) async fn stream_status(webhook: Believed) -> Response {
    match StreamStatus::read(&webhook.params) {
        Ok(status) => {
            tracing::info!(call = %status.call, event = ?status.event, "the carrier tells of a stream");
            StatusCode::NO_CONTENT.into_response()
        }
        Err(fault) => unreadable(&fault),
    }
}

/// A webhook that is known to come from the carrier.
pub(super) struct Believed {
    params: Params,
    /// Where it was sent to, as the carrier wrote it.
    uri: Uri,
}

impl FromRequest<Gateway> for Believed {
    type Rejection = Response;

    async fn from_request(request: Request, gateway: &Gateway) -> Result<Believed, Response> {
        let (ConnectInfo(peer), OriginalUri(uri), headers, body) =
            <(ConnectInfo<SocketAddr>, OriginalUri, HeaderMap, Bytes)>::from_request(request, gateway)
                .await?;
        let params =
            gateway.believe(peer, &uri.to_string(), &headers, &body).map_err(IntoResponse::into_response)?;
        Ok(Believed { params, uri })
    }
}

impl Gateway {
    /// The form of a webhook, once it is known to come from the carrier.
    fn believe(
        &self,
        peer: SocketAddr,
        path: &str,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<Params, StatusCode> {
        let params = form::parse(body).map_err(|fault| {
            tracing::warn!(owner = ?fault.owner, %fault, "a webhook could not be read");
            StatusCode::BAD_REQUEST
        })?;
        match &self.0.settings.trust {
            Trust::UnsignedLoopback if peer.ip().is_loopback() => Ok(params),
            Trust::UnsignedLoopback => Err(StatusCode::FORBIDDEN),
            Trust::Signed(verifier) => {
                let signature = headers.get(signature::HEADER).and_then(|value| value.to_str().ok());
                verifier.webhook(path, &params, signature).map(|()| params).map_err(|refused| {
                    metrics::counter!(SIGNATURES_REFUSED).increment(1);
                    tracing::warn!(%refused, "a webhook was refused");
                    StatusCode::FORBIDDEN
                })
            }
        }
    }

    /// Whether the record holds the end of that call; where it cannot be read, the call is taken up again.
    async fn is_over(&self, call: &CallId) -> bool {
        let store = &self.0.settings.shell.store;
        let state = async {
            // What the call gave last may still be on its way to the disk.
            store.flush().await?;
            store.call_by_carrier(call.as_str()).await
        };
        match timeout(STATE_DEADLINE, state).await {
            Ok(Ok(record)) => record.is_some_and(|record| matches!(record.state, CallState::Ended { .. })),
            Ok(Err(fault)) => {
                let owner = fault.owner;
                tracing::error!(%call, ?owner, %fault, "the state of a call could not be read; it is taken up again");
                false
            }
            Err(_) => {
                tracing::error!(%call, "the state of a call was not read in time; it is taken up again");
                false
            }
        }
    }

    /// `<Connect>` to our media socket, with a fresh token.
    fn connect(&self, ticket: Ticket) -> Response {
        let url = &self.0.settings.public_url;
        let attempt = ticket.attempt;
        let Some(name) = call_id(&ticket.call, attempt) else {
            return StatusCode::BAD_REQUEST.into_response();
        };
        let called = ticket.to.clone();
        let token = match self.0.tokens.issue(ticket, self.uptime()) {
            Ok(token) => token,
            Err(denied) => {
                metrics::counter!(CALLS_REFUSED).increment(1);
                let fault = denied.fault();
                tracing::error!(call = %name, owner = ?fault.owner, %fault, "a call was refused: no token could be issued");
                let too_many = denied == Denied::Full;
                let phrase = if too_many { Phrase::Busy } else { Phrase::ServiceDownGoodbye };
                return self.sorry(called.reveal(), &phrase);
            }
        };
        xml(twiml::connect(&twiml::Connect {
            action: &url.webhook(&format!("{AFTER_STREAM}?attempt={attempt}")),
            stream: &url.stream(MEDIA),
            name: name.as_str(),
            status_callback: &url.webhook(STREAM_STATUS),
            params: &[("token", &token)],
        }))
    }

    /// A sentence in the called agent's language, and the end.
    fn sorry(&self, called: &str, phrase: &Phrase<'_>) -> Response {
        let language = self.0.settings.switchboard.by_number(called).plan.language;
        xml(twiml::say_and_hang_up(language.code(), &phrase.say(language)))
    }
}

fn xml(text: String) -> Response {
    ([(header::CONTENT_TYPE, "text/xml")], text).into_response()
}

fn unreadable(fault: &crate::core::base::Fault) -> Response {
    tracing::warn!(owner = ?fault.owner, %fault, "a webhook could not be read");
    StatusCode::BAD_REQUEST.into_response()
}
