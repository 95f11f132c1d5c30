//! The server's side of `load`, in a process of its own: the gateway, or a bare socket that only sends.
//!
//! Promises: it serves until its standard input ends, so it does not outlive who started it.
//! Never: the bare one looks at what it is sent.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use futures::{SinkExt as _, StreamExt as _};
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::accept_async_with_config;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

use super::stage::{Kept, Served, agent};
use crate::caller::wire::SILENCE;
use crate::core::base::{Fault, Owner};
use crate::core::conversation::Timing;
use crate::standin::Voice;
use crate::telephony::StreamId;
use crate::telephony::twilio::wire::{write_mark, write_media};

/// Three seconds of speech.
const ANSWER: &str = "It left the warehouse on Monday, it comes tomorrow.";

/// As the gateway does: 400 ms ahead at first, and 200 ms more whenever 200 ms are left.
const PORTION: Duration = Duration::from_millis(200);
const PORTION_BYTES: usize = 1_600;
/// Portions of a reply, and of the pause after it in which the caller speaks.
const REPLY: u32 = 15;
const PAUSE: u32 = 20;

const BUFFER: usize = 8 * 1024;

/// Serves the gateway; `at` is told where.
///
/// # Errors
/// A part that could not be started.
pub async fn gateway(calls_max: usize, kept: Kept, at: impl FnOnce(SocketAddr)) -> Result<(), Fault> {
    let (agent, _) = agent(Timing::default(), ANSWER, Voice::default())?;
    let served = Served::start(vec![agent; calls_max], calls_max, kept).await?;
    at(served.address);
    until_left().await;
    served.close().await
}

/// Serves the bare socket, which sends every stream a reply and a pause, for ever.
///
/// # Errors
/// No port.
pub async fn bare(at: impl FnOnce(SocketAddr)) -> Result<(), Fault> {
    let unusable = |error: std::io::Error| {
        Fault::new(Owner::Admin, format!("the bare server could not run: {error}"), "free a port of loopback")
    };
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(unusable)?;
    at(listener.local_addr().map_err(unusable)?);
    let accepting = async {
        while let Ok((stream, _)) = listener.accept().await {
            // A stream ends when its caller goes; there is nobody to tell.
            tokio::spawn(async move { send_paced(stream).await.unwrap_or_default() });
        }
    };
    tokio::select! {
        () = accepting => {}
        () = until_left() => {}
    }
    Ok(())
}

async fn until_left() {
    let mut nothing = [0; 64];
    while tokio::io::stdin().read(&mut nothing).await.is_ok_and(|read| read > 0) {}
}

async fn send_paced(stream: TcpStream) -> Result<(), Error> {
    stream.set_nodelay(true).map_err(Error::Io)?;
    let config = WebSocketConfig::default().read_buffer_size(BUFFER).write_buffer_size(BUFFER);
    let mut socket = accept_async_with_config(stream, Some(config)).await?;
    let id = loop {
        match socket.next().await {
            Some(Ok(Message::Text(text))) => {
                if let Some(id) = stream_id(&text) {
                    break id;
                }
            }
            Some(Ok(_)) => {}
            Some(Err(error)) => return Err(error),
            None => return Ok(()),
        }
    };
    let (mut portion, mut due) = (0, Instant::now());
    loop {
        tokio::select! {
            () = sleep_until(due) => {
                if let Some(text) = portion_text(&id, portion) {
                    let bytes = Utf8Bytes::try_from(Bytes::from(text)).expect("written as UTF-8");
                    socket.send(Message::Text(bytes)).await?;
                }
                // The second portion leaves with the first.
                due += if portion == 0 { Duration::ZERO } else { PORTION };
                portion = (portion + 1) % (REPLY + 1 + PAUSE);
            }
            message = socket.next() => match message {
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error),
                None => return Ok(()),
            },
        }
    }
}

/// What is sent in this place of the round: a portion of the reply, its mark, or nothing.
fn portion_text(id: &StreamId, portion: u32) -> Option<String> {
    let mut text = String::new();
    match portion {
        0..REPLY => write_media(&mut text, id, &[SILENCE; PORTION_BYTES]),
        REPLY => write_mark(&mut text, id, "said"),
        _ => return None,
    }
    Some(text)
}

/// The stream's id, in the first message that has one.
fn stream_id(text: &str) -> Option<StreamId> {
    let message: serde_json::Value = serde_json::from_str(text).ok()?;
    StreamId::parse(message.get("streamSid")?.as_str()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_is_fifteen_portions_a_mark_and_a_pause() {
        let id = stream_id(r#"{"event":"start","streamSid":"MZ7"}"#).expect("a start names its stream");
        let kinds: Vec<&str> = (0..REPLY + 1 + PAUSE)
            .map(|portion| match portion_text(&id, portion) {
                Some(text) if text.contains("media") => "media",
                Some(text) if text.contains("mark") => "mark",
                Some(_) => "other",
                None => "none",
            })
            .collect();
        assert_eq!(kinds.iter().filter(|kind| **kind == "media").count(), 15);
        assert_eq!((kinds[15], &kinds[16..]), ("mark", &["none"; 20][..]));
        assert_eq!(stream_id(r#"{"event":"connected"}"#), None);
    }
}
