//! One call of a bench: a carrier's media stream in real time, and what is measured on it.
//!
//! Promises: frames leave on an absolute schedule, and how late each left is told; a time is taken when a message is
//! read from the socket, before it is looked into.
//! Never: measures with a frame that did not leave.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

use super::buffer::Buffer;
use super::distribution::nanos;
use super::talker::{Edge, Manner, Talker};
use crate::caller::wire::{self, FRAME_MS, Order, StartOf, Writer};
use crate::core::base::{Fault, Owner};
use crate::core::conversation::Timing;

/// Bytes read at a time, and gathered before a write by itself.
const BUFFER: usize = 8 * 1024;

/// How long a handshake, or a goodbye, may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a call may measure nothing new before it is given up: a dozen turns.
const FRUITLESS: Duration = Duration::from_secs(60);

/// When a call has given what it was made for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Enough {
    /// So many measured replies, or interruptions where the caller interrupts; or none for a long time.
    Measured(usize),
    At(Instant),
}

/// A call to be made.
#[derive(Clone, Debug)]
pub(super) struct Dialled {
    pub(super) url: Arc<str>,
    /// Apart from all other calls of the process.
    pub(super) number: usize,
    pub(super) manner: Manner,
    /// Mu-law.
    pub(super) sentence: Arc<[u8]>,
    pub(super) timing: Timing,
    pub(super) enough: Enough,
}

/// One turn that was answered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turn {
    /// Of the call.
    pub(super) number: usize,
    /// The frame left with which it was over.
    pub(super) ended: Instant,
    /// The first audio of the reply was read.
    pub(super) first: Instant,
}

/// What was measured on a call, or on many. Times in nanoseconds.
#[derive(Debug, Default)]
pub(super) struct Observed {
    pub(super) turns: Vec<Turn>,
    /// From the frame that met the barge-in policy to `clear`.
    pub(super) clears: Vec<u64>,
    /// Of each 20 ms of a reply, how late it came.
    pub(super) late: Vec<u64>,
    /// Of each message inside a reply, how much was left to play when it came.
    pub(super) lead: Vec<u64>,
    /// Of each frame of ours, how late it left.
    pub(super) own: Vec<u64>,
    /// Turns without a reply, and interruptions without a `clear`.
    pub(super) unanswered: usize,
    /// Replies and clears that came before the caller knew its turn to be over, or itself to have interrupted.
    pub(super) untimed: usize,
    /// Messages of audio between a `clear` and the next reply.
    pub(super) after_clear: usize,
}

impl Observed {
    pub(super) fn add(&mut self, other: Observed) {
        self.turns.extend(other.turns);
        self.clears.extend(other.clears);
        self.late.extend(other.late);
        self.lead.extend(other.lead);
        self.own.extend(other.own);
        self.unanswered += other.unanswered;
        self.untimed += other.untimed;
        self.after_clear += other.after_clear;
    }
}

/// Makes the call, to its end.
///
/// # Errors
/// The gateway did not take it, or lost it.
pub(super) async fn talk(dialled: Dialled) -> Result<Observed, Fault> {
    let config = WebSocketConfig::default().read_buffer_size(BUFFER).write_buffer_size(BUFFER);
    let connect = connect_async_with_config(&*dialled.url, Some(config), true);
    let (socket, _) = match timeout(PATIENCE, connect).await {
        Ok(Ok(open)) => open,
        Ok(Err(error)) => return Err(lost(&error.to_string())),
        Err(_) => return Err(lost("no handshake")),
    };
    let manner = dialled.manner;
    let mut call = Call {
        number: dialled.number,
        socket,
        writer: Writer::new(format!("MZ{:032x}", dialled.number)),
        talker: Talker::new(manner, dialled.sentence, &dialled.timing),
        buffer: Buffer::default(),
        audio: Vec::new(),
        began: Instant::now(),
        measured: Instant::now(),
        pending: Pending::default(),
        seen: Observed::default(),
    };
    call.start().await?;
    call.run(manner, dialled.enough).await?;
    call.stop().await?;
    Ok(call.seen)
}

/// What waits for its answer.
#[derive(Debug, Default)]
struct Pending {
    turn: Option<Instant>,
    interruption: Option<Instant>,
    /// After a `clear`, until the next turn has ended.
    cleared: bool,
}

struct Call {
    number: usize,
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    writer: Writer,
    talker: Talker,
    buffer: Buffer,
    /// The audio of the last message.
    audio: Vec<u8>,
    began: Instant,
    /// The last turn or interruption, or the call's beginning.
    measured: Instant,
    pending: Pending,
    seen: Observed,
}

impl Call {
    async fn start(&mut self) -> Result<(), Fault> {
        feed(&mut self.socket, self.writer.connected()).await?;
        let params = BTreeMap::from([("agent".to_owned(), self.number.to_string())]);
        let start = StartOf { account: "AC0", call: &call_sid(self.number), params: &params };
        feed(&mut self.socket, self.writer.start(&start)).await?;
        self.socket.flush().await.map_err(|error| lost(&error.to_string()))
    }

    async fn run(&mut self, manner: Manner, enough: Enough) -> Result<(), Fault> {
        let mut ticks = interval(Duration::from_millis(FRAME_MS));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        loop {
            let fruitless = self.measured.elapsed() >= FRUITLESS;
            let over = match (enough, manner) {
                (Enough::Measured(n), Manner::HearsOut) => fruitless || self.seen.turns.len() >= n,
                (Enough::Measured(n), Manner::Interrupts) => fruitless || self.seen.clears.len() >= n,
                (Enough::At(end), _) => Instant::now() >= end,
            };
            if over {
                return Ok(());
            }
            tokio::select! {
                due = ticks.tick() => self.frame(due).await?,
                message = self.socket.next() => match message {
                    Some(Ok(Message::Text(text))) => self.read(Instant::now(), &text)?,
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return Err(lost("the stream was closed")),
                    Some(Ok(_)) => {}
                },
            }
        }
    }

    async fn stop(&mut self) -> Result<(), Fault> {
        feed(&mut self.socket, self.writer.stop("AC0", &call_sid(self.number))).await?;
        // The call is over whether the gateway agrees in time or not.
        let _ = timeout(PATIENCE, self.socket.close(None)).await;
        Ok(())
    }

    async fn frame(&mut self, due: Instant) -> Result<(), Fault> {
        while let Some(name) = self.buffer.due(self.began.elapsed()) {
            self.talker.heard_out();
            feed(&mut self.socket, self.writer.mark(&name)).await?;
        }
        let (frame, edge) = self.talker.frame();
        feed(&mut self.socket, self.writer.media(&frame)).await?;
        let leaves = Instant::now();
        self.socket.flush().await.map_err(|error| lost(&error.to_string()))?;
        self.seen.own.push(nanos(leaves.saturating_duration_since(due)));
        match edge {
            None => {}
            Some(Edge::TurnEnded) => {
                self.seen.unanswered += usize::from(self.pending.interruption.is_some());
                self.pending = Pending { turn: Some(leaves), ..Pending::default() };
            }
            Some(Edge::Interrupted) => self.pending.interruption = Some(leaves),
            Some(Edge::Unanswered) => self.seen.unanswered += 1,
        }
        Ok(())
    }

    fn read(&mut self, at: Instant, text: &str) -> Result<(), Fault> {
        let since = at.saturating_duration_since(self.began);
        match wire::read(text, self.writer.stream(), &mut self.audio).map_err(|what| lost(&what))? {
            Order::Play => {
                let arrived = self.buffer.audio(since, self.audio.len());
                self.seen.late.extend(arrived.late);
                self.seen.lead.extend(arrived.lead.map(nanos));
                self.seen.after_clear += usize::from(self.pending.cleared);
                if self.talker.hears() {
                    match self.pending.turn.take() {
                        Some(ended) => {
                            self.measured = at;
                            self.seen.turns.push(Turn { number: self.number, ended, first: at });
                        }
                        None => self.seen.untimed += 1,
                    }
                }
            }
            Order::Mark(name) => self.buffer.mark(since, name),
            Order::Clear => {
                self.buffer.clear(since);
                self.pending.cleared = true;
                match self.pending.interruption.take() {
                    Some(met) => {
                        self.measured = at;
                        self.seen.clears.push(nanos(at.saturating_duration_since(met)));
                    }
                    None => self.seen.untimed += 1,
                }
            }
        }
        Ok(())
    }
}

fn call_sid(number: usize) -> String {
    format!("CA{:016x}{:016x}", std::process::id(), number)
}

/// Hands one message to the socket; it leaves with the next flush.
async fn feed(socket: &mut WebSocketStream<MaybeTlsStream<TcpStream>>, text: &str) -> Result<(), Fault> {
    let bytes = Utf8Bytes::try_from(Bytes::copy_from_slice(text.as_bytes())).expect("a str is UTF-8");
    socket.feed(Message::Text(bytes)).await.map_err(|error| lost(&error.to_string()))
}

fn lost(what: &str) -> Fault {
    let what = format!("a call of the bench was lost: {what}");
    Fault::new(Owner::Gateway, what, "RUST_LOG=centralita=info shows what the gateway saw")
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;
    use tokio_tungstenite::accept_async;

    use super::*;
    use crate::core::audio::Law;
    use crate::standin::utter;

    #[tokio::test(start_paused = true)]
    async fn a_call_that_nobody_answers_ends_and_has_measured_nothing() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("loopback has a free port");
        let dialled = Dialled {
            url: format!("ws://{}", listener.local_addr().expect("a bound socket has an address")).into(),
            number: 0,
            manner: Manner::HearsOut,
            sentence: utter("hello there").iter().map(|sample| Law::Mu.encode(*sample)).collect(),
            timing: Timing::default(),
            enough: Enough::Measured(1),
        };
        let listens = async {
            let mut socket = accept_async(listener.accept().await.expect("the other side connects").0)
                .await
                .expect("the other side upgrades");
            while let Some(Ok(_)) = socket.next().await {}
        };
        let call = timeout(2 * FRUITLESS, talk(dialled));
        let (seen, ()) = tokio::join!(call, listens);
        let seen = seen.expect("it is given up").expect("the bench reads on");
        assert!(seen.turns.is_empty() && seen.unanswered > 1, "{} unanswered", seen.unanswered);
    }
}
