//! The requests a carrier makes around a call: its webhooks, signed, and the socket's handshake, signed.
//!
//! Source: Twilio's pages on voice webhooks, `<Connect>` and `<Stream>` callbacks, read in September 2026.
//!
//! Promises: bounded in time and size; an answer that Twilio would not take is a fault that says why.
//! Never: prints the auth token.

use std::time::Duration;

use reqwest::{Response, StatusCode};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};
use url::Url;

use super::phone::Dial;
use crate::core::base::{Fault, Owner};
use crate::telephony::twilio::rest::root_cause;
use crate::telephony::twilio::signature;
use crate::telephony::twilio::wire::MESSAGE_BYTES_MAX;

pub(super) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// How long a webhook's answer is awaited, as Twilio does by default (from memory, not from its pages).
const WEBHOOK_MAX: Duration = Duration::from_secs(15);
/// How long the handshake of a stream may take.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);
/// Longest TwiML followed, in bytes; Twilio states no limit that we found, and ours has under 1 000.
const TWIML_BYTES_MAX: usize = 64 * 1024;
/// Bytes read at a time, and gathered before a write by itself.
const BUFFER: usize = 8 * 1024;

/// Who calls, as every request says it.
#[derive(Clone, Debug)]
pub(super) struct Carrier {
    pub(super) dial: Dial,
    /// Twilio's id of the call.
    pub(super) call: String,
}

impl Carrier {
    pub(super) fn new(dial: Dial) -> Carrier {
        Carrier { dial, call: sid("CA") }
    }

    /// Asks for TwiML: the voice webhook, or an action.
    pub(super) async fn ask(&self, url: &Url, status: &str) -> Result<String, Fault> {
        let params = [
            ("CallSid", self.call.as_str()),
            ("AccountSid", &self.dial.account),
            ("From", &self.dial.from),
            ("To", &self.dial.to),
            ("CallStatus", status),
            ("Direction", "inbound"),
            ("ApiVersion", "2010-04-01"),
        ];
        let response = self.post(url, &params).await?;
        let kind = response.headers().get("content-type").and_then(|v| v.to_str().ok()).unwrap_or("none");
        if !kind.contains("xml") {
            return Err(refused(url, &format!("answered with content type `{kind}`, not text/xml")));
        }
        text_of(response, url).await
    }

    /// Tells that a stream started, stopped or failed.
    pub(super) async fn tell(&self, url: &Url, stream: &str, name: &str, event: &str, error: Option<&str>) {
        let timestamp = jiff::Timestamp::now().to_string();
        let mut params = vec![
            ("AccountSid", self.dial.account.as_str()),
            ("CallSid", &self.call),
            ("StreamSid", stream),
            ("StreamName", name),
            ("StreamEvent", event),
            ("Timestamp", &timestamp),
        ];
        params.extend(error.map(|text| ("StreamError", text)));
        if let Err(fault) = self.post(url, &params).await {
            tracing::warn!(%fault, "a stream's status was not taken");
        }
    }

    /// Opens a stream's socket.
    pub(super) async fn open(&self, url: &str) -> Result<Socket, Fault> {
        let unusable = |e: String| refused_by(url, &format!("cannot be asked for a stream: {e}"));
        let mut request = url.into_client_request().map_err(|e| unusable(e.to_string()))?;
        if let Some(token) = &self.dial.auth_token {
            let value = HeaderValue::from_str(&signature::sign(token, url, &[]));
            request.headers_mut().insert(signature::HEADER, value.expect("base64 is visible ASCII"));
        }
        let config = WebSocketConfig::default()
            .read_buffer_size(BUFFER)
            .write_buffer_size(BUFFER)
            .max_message_size(Some(MESSAGE_BYTES_MAX))
            .max_frame_size(Some(MESSAGE_BYTES_MAX));
        match timeout(HANDSHAKE_MAX, connect_async_with_config(request, Some(config), true)).await {
            Ok(Ok((socket, _))) => Ok(socket),
            Ok(Err(tungstenite::Error::Http(response))) => {
                Err(answered(url, &format!("refused the stream: {}", response.status()), response.status()))
            }
            Ok(Err(tungstenite::Error::Io(e))) => Err(unreachable(url, &e.to_string())),
            Ok(Err(e)) => Err(unusable(e.to_string())),
            Err(_) => Err(refused_by(url, &format!("did not take the stream within {HANDSHAKE_MAX:?}"))),
        }
    }

    async fn post(&self, url: &Url, params: &[(&str, &str)]) -> Result<Response, Fault> {
        let mut request = self.dial.http.post(url.clone()).form(params).timeout(WEBHOOK_MAX);
        if let Some(token) = &self.dial.auth_token {
            let owned: Vec<_> = params.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
            request = request.header(signature::HEADER, signature::sign(token, url.as_str(), &owned));
        }
        let response = request.send().await.map_err(|e| unreachable(url.as_str(), &root_cause(&e)))?;
        if response.status().is_success() {
            Ok(response)
        } else {
            Err(answered(url.as_str(), &format!("answered {}", response.status()), response.status()))
        }
    }
}

/// An id as Twilio makes them: two letters and 32 hex digits.
pub(super) fn sid(kind: &str) -> String {
    format!("{kind}{}", uuid::Uuid::new_v4().simple())
}

async fn text_of(mut response: Response, url: &Url) -> Result<String, Fault> {
    let mut body = Vec::new();
    while let Some(part) = response.chunk().await.map_err(|e| refused(url, &root_cause(&e)))? {
        body.extend_from_slice(&part);
        if body.len() > TWIML_BYTES_MAX {
            return Err(refused(url, &format!("answered with more than {TWIML_BYTES_MAX} bytes")));
        }
    }
    String::from_utf8(body).map_err(|_| refused(url, "answered with text that is no UTF-8"))
}

fn refused(url: &Url, why: &str) -> Fault {
    refused_by(url.as_str(), why)
}

/// It answered, and not with a call.
fn answered(url: &str, why: &str, status: StatusCode) -> Fault {
    match status {
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED | StatusCode::UPGRADE_REQUIRED => Fault::new(
            Owner::Admin,
            format!("{url}: {why}"),
            "name the voice webhook (http, https) or the media stream (ws, wss) with its path, as the gateway tells them",
        ),
        _ => refused_by(url, why),
    }
}

fn unreachable(url: &str, why: &str) -> Fault {
    let remedy = "is the gateway running there, and is it http or https (ws or wss)?";
    Fault::new(Owner::Admin, format!("{url}: cannot be reached: {why}"), remedy)
}

fn refused_by(url: &str, why: &str) -> Fault {
    Fault::new(
        Owner::Gateway,
        format!("{url}: {why}"),
        "is the gateway running there, with this public URL and this auth token? its log says why it refused",
    )
}
