//! The one socket loop around a carrier's WebSocket: text in, events out; what is due leaves in one flush.
//!
//! Promises: `next` may be dropped at any time and loses nothing; a peer that stalls, floods or talks
//! nonsense costs a bounded time and memory, and is closed with the code that says why.
//! Never: decides what to say or when; pings when told to, and knows no call.

use std::error::Error as _;
use std::fmt;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use bytes::Bytes;
use futures::SinkExt as _;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite;

use super::dialect;
use super::event::{CarrierEvent, StreamId};
use super::twilio::wire::{self, MESSAGE_BYTES_MAX, Malformed, Parser};
use crate::core::audio::LineSetup;

/// Bytes read at a time. The library's 128 KiB would be 25 MiB for 200 calls; a frame of audio has 400 bytes.
const READ_BUFFER: usize = 8 * 1024;
/// Bytes gathered before a write by itself: more than one flush ever holds (400 ms of audio: 6 KiB).
const WRITE_BUFFER: usize = 16 * 1024;
/// Most bytes that wait for a peer that does not read.
const WRITE_BUFFER_MAX: usize = 256 * 1024;
/// How long a flush may take before the peer counts as gone.
const WRITE_DEADLINE: Duration = Duration::from_secs(5);
/// Malformed messages borne before the socket is closed: a hiccup is survived, a flood is not.
const MALFORMED_MAX: u32 = 10;

/// Close codes of RFC 6455 §7.4.1.
pub mod code {
    pub const NORMAL: u16 = 1000;
    pub const GOING_AWAY: u16 = 1001;
    pub const POLICY: u16 = 1008;
    pub const TOO_BIG: u16 = 1009;
}

/// The limits of a media socket, to be set before the upgrade is answered.
pub fn bounded<F>(upgrade: WebSocketUpgrade<F>) -> WebSocketUpgrade<F> {
    upgrade
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_write_buffer_size(WRITE_BUFFER_MAX)
        .max_message_size(MESSAGE_BYTES_MAX)
        .max_frame_size(MESSAGE_BYTES_MAX)
}

/// What comes out of a media socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SocketEvent {
    Carrier(CarrierEvent),
    /// One message was malformed; the socket bears a few.
    Malformed(Malformed),
    /// The peer answered a ping.
    Pong,
    /// Nothing comes any more.
    Closed(Closed),
}

/// How a socket ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// The peer closed it, with this code.
    ByPeer { code: Option<u16> },
    /// We closed it, with this code.
    ByUs { code: u16 },
    /// The connection broke, or the peer did not read for five seconds.
    Lost,
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Closed::ByPeer { code: Some(code) } => write!(f, "closed by the carrier ({code})"),
            Closed::ByPeer { code: None } => f.write_str("closed by the carrier"),
            Closed::ByUs { code } => write!(f, "closed by us ({code})"),
            Closed::Lost => f.write_str("lost"),
        }
    }
}

impl std::error::Error for Closed {}

/// A carrier's socket.
#[derive(Debug)]
pub struct MediaSocket {
    socket: WebSocket,
    parser: Parser,
    malformed: u32,
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Open,
    /// The close frame is on its way out.
    Closing(u16),
    /// The peer closed with this code; the library answers during the next read, which finds the end.
    Answering(Option<u16>),
    Over(Closed),
}

impl MediaSocket {
    /// The one dialect it speaks.
    pub const DIALECT: LineSetup = dialect::TWILIO;

    #[must_use]
    pub fn new(socket: WebSocket) -> MediaSocket {
        MediaSocket { socket, parser: Parser::default(), malformed: 0, state: State::Open }
    }

    /// The next thing the carrier says; `Closed` for ever after the end. Cancel-safe.
    pub async fn next(&mut self) -> SocketEvent {
        loop {
            match self.state {
                State::Open => {
                    let received = self.socket.recv().await;
                    if let Some(event) = self.received(received) {
                        return event;
                    }
                }
                State::Closing(code) => self.finish_closing(code).await,
                State::Answering(code) => self.answer_close(code).await,
                State::Over(how) => return SocketEvent::Closed(how),
            }
        }
    }

    /// Mu-law bytes of the last [`CarrierEvent::Media`].
    #[must_use]
    pub fn audio(&self) -> &[u8] {
        self.parser.audio()
    }

    /// Writes all that is due in one flush, and leaves `due` empty. Not cancel-safe: await it to its end.
    pub async fn send(&mut self, due: &mut Outbox) -> Result<(), Closed> {
        let texts = due.take();
        self.write(texts.into_iter().map(Message::Text)).await
    }

    /// Asks for a [`SocketEvent::Pong`]; carriers seldom ping, and load balancers cut what is idle.
    pub async fn ping(&mut self) -> Result<(), Closed> {
        self.write([Message::Ping(Bytes::new())]).await
    }

    /// Ends the socket, and tells the peer why.
    pub async fn close(&mut self, code: u16) {
        if let State::Open = self.state {
            self.state = State::Closing(code);
        }
        if let State::Closing(code) = self.state {
            self.finish_closing(code).await;
        }
    }

    fn received(&mut self, received: Option<Result<Message, axum::Error>>) -> Option<SocketEvent> {
        let message = match received {
            Some(Ok(message)) => message,
            Some(Err(e)) if is_too_big(&e) => {
                self.state = State::Closing(code::TOO_BIG);
                return None;
            }
            Some(Err(_)) | None => {
                self.state = State::Over(Closed::Lost);
                return None;
            }
        };
        match message {
            Message::Text(text) => match self.parser.parse(&text) {
                Ok(event) => Some(SocketEvent::Carrier(event)),
                Err(what) => {
                    self.malformed += 1;
                    if self.malformed > MALFORMED_MAX {
                        self.state = State::Closing(code::POLICY);
                    }
                    Some(SocketEvent::Malformed(what))
                }
            },
            Message::Pong(_) => Some(SocketEvent::Pong),
            Message::Close(frame) => {
                self.state = State::Answering(frame.map(|f| f.code));
                None
            }
            // A ping is answered by the library; no dialect here speaks binary.
            Message::Ping(_) | Message::Binary(_) => None,
        }
    }

    async fn write(&mut self, messages: impl IntoIterator<Item = Message>) -> Result<(), Closed> {
        if let State::Over(how) = self.state {
            return Err(how);
        }
        let socket = &mut self.socket;
        let all = async move {
            for message in messages {
                socket.feed(message).await?;
            }
            socket.flush().await
        };
        match timeout(WRITE_DEADLINE, all).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => {
                self.state = State::Over(Closed::Lost);
                Err(Closed::Lost)
            }
        }
    }

    async fn finish_closing(&mut self, code: u16) {
        let frame = CloseFrame { code, reason: Utf8Bytes::from_static("") };
        let _ = self.write([Message::Close(Some(frame))]).await;
        self.state = State::Over(Closed::ByUs { code });
    }

    async fn answer_close(&mut self, code: Option<u16>) {
        let _ = timeout(WRITE_DEADLINE, self.socket.recv()).await;
        self.state = State::Over(Closed::ByPeer { code });
    }
}

/// What is due for one carrier, as text, until the next flush.
#[derive(Debug)]
pub struct Outbox {
    stream: StreamId,
    text: String,
    /// Where each message ends in `text`.
    ends: Vec<usize>,
}

impl Outbox {
    #[must_use]
    pub fn new(stream: StreamId) -> Outbox {
        Outbox { stream, text: String::new(), ends: Vec::new() }
    }

    /// Plays `audio`, mu-law bytes.
    pub fn media(&mut self, audio: &[u8]) {
        wire::write_media(&mut self.text, &self.stream, audio);
        self.ends.push(self.text.len());
    }

    /// Asks for `name` back once everything before it has been played.
    pub fn mark(&mut self, name: &str) {
        wire::write_mark(&mut self.text, &self.stream, name);
        self.ends.push(self.text.len());
    }

    /// Drops what was not played yet.
    pub fn clear(&mut self) {
        wire::write_clear(&mut self.text, &self.stream);
        self.ends.push(self.text.len());
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The messages, all of them slices of one copy: one allocation a flush, none a frame.
    fn take(&mut self) -> Vec<Utf8Bytes> {
        let all = Bytes::copy_from_slice(self.text.as_bytes());
        let mut from = 0;
        let slice = |end: usize| {
            let part = all.slice(from..end);
            from = end;
            Utf8Bytes::try_from(part).expect("a message ends where a character ends")
        };
        let texts = self.ends.drain(..).map(slice).collect();
        self.text.clear();
        texts
    }
}

fn is_too_big(error: &axum::Error) -> bool {
    let cause = error.source().and_then(|e| e.downcast_ref());
    matches!(cause, Some(tungstenite::Error::Capacity(_)))
}

#[cfg(test)]
#[path = "socket_tests.rs"]
mod tests;
