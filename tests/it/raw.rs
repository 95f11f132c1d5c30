//! A media stream by hand: for what no phone of ours would send.
//!
//! Promises: every wait has an end.
//! Never: answers a mark or keeps time.

use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use url::Url;

use crate::scene::patient;

/// A frame of silence in mu-law, as base64.
pub(crate) const SILENT_FRAME: &str = concat!(
    "/////////////////////////////////////////////////////////////////////////////////////////////////////////",
    "/////////////////////////////////////////////////////////////////////////////////////////////////////////",
    "///w=="
);

/// One socket.
pub(crate) struct Raw(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Raw {
    /// Opens the media socket of a gateway; the status where it is refused.
    pub(crate) async fn open(gateway: &Url, signature: Option<&str>) -> Result<Raw, u16> {
        let url = gateway.join("media/twilio").unwrap();
        let mut request = url.as_str().replacen("http", "ws", 1).into_client_request().unwrap();
        if let Some(signature) = signature {
            request.headers_mut().insert("X-Twilio-Signature", signature.parse().unwrap());
        }
        match patient("the handshake", connect_async(request)).await {
            Ok((socket, _)) => Ok(Raw(socket)),
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(other) => panic!("{other}"),
        }
    }

    /// Sends one text; a gateway that has closed meanwhile takes none.
    pub(crate) async fn send(&mut self, text: impl Into<String>) {
        let _ = self.0.send(Message::text(text.into())).await;
    }

    pub(crate) async fn start(&mut self, call: &str, params: Value) {
        let start = json!({
            "event": "start", "sequenceNumber": "1", "streamSid": "MZraw",
            "start": {
                "streamSid": "MZraw", "accountSid": "AC1", "callSid": call, "tracks": ["inbound"],
                "customParameters": params,
                "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
            },
        });
        self.send(start.to_string()).await;
    }

    pub(crate) async fn media(&mut self, chunk: u32) {
        let media = json!({
            "event": "media", "sequenceNumber": chunk.to_string(), "streamSid": "MZraw",
            "media": {
                "track": "inbound", "chunk": chunk.to_string(), "timestamp": (chunk * 20).to_string(),
                "payload": SILENT_FRAME,
            },
        });
        self.send(media.to_string()).await;
    }

    pub(crate) async fn stop(&mut self) {
        self.send(json!({"event": "stop", "sequenceNumber": "2", "streamSid": "MZraw"}).to_string()).await;
    }

    /// Waits until the gateway reads what comes: it answers a ping.
    pub(crate) async fn is_read(&mut self) {
        self.0.send(Message::Ping("are you there".into())).await.unwrap();
        let answer = patient("a pong", self.0.next()).await.unwrap().unwrap();
        assert!(answer.is_pong(), "{answer:?}");
    }

    /// Waits for the agent's voice.
    pub(crate) async fn voice(&mut self) {
        loop {
            let message = patient("the agent's voice", self.0.next()).await.unwrap().unwrap();
            if message.to_text().unwrap_or("").contains(r#""event":"media""#) {
                return;
            }
        }
    }

    /// Waits for the end; the close code, if there was one.
    pub(crate) async fn closed(&mut self) -> Option<u16> {
        loop {
            match patient("the end of the stream", self.0.next()).await {
                Some(Ok(Message::Close(frame))) => return frame.map(|frame| frame.code.into()),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return None,
            }
        }
    }
}
