//! One media stream in real time: a frame of the caller every 20 ms, the agent's audio played at 1x.
//!
//! Promises: frames leave on an absolute schedule without drift; a mark goes back after its audio was played,
//! or at once on a clear; every way a stream can end has a name.
//! Never: allocates for a frame beyond the socket's own message.

use std::time::Duration;

use bytes::Bytes;
use futures::{SinkExt as _, StreamExt as _};
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{self, Message, Utf8Bytes};

use super::call::Call;
use super::phone::{Heard, Order};
use super::playback::Playback;
use super::twiml::Connect;
use super::webhook::{Socket, sid};
use super::wire::{self, FRAME, FRAME_MS, LAW, SILENCE, StartOf, Writer};
use crate::core::base::{Fault, Owner, Position, Samples};

const FRAME_TIME: Duration = Duration::from_millis(FRAME_MS);
/// How long the gateway may not read before it counts as gone.
const WRITE_DEADLINE: Duration = Duration::from_secs(5);
/// How long a closing handshake may take: a round trip, and nobody waits for more.
const CLOSE_DEADLINE: Duration = Duration::from_millis(500);
/// Most speech a script may queue, in samples: ten minutes.
const SPEECH_MAX: usize = 8_000 * 600;

/// One stream of a call.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) connect: Connect,
    socket: Socket,
    writer: Writer,
    playback: Playback,
    /// The audio of the last message.
    audio: Vec<u8>,
}

/// How a stream ended.
#[derive(Debug)]
pub(super) enum Over {
    /// The script hung up.
    HungUp,
    TooLong,
    /// The gateway closed the socket in good order.
    Closed,
    /// The gateway was lost.
    Lost(Fault),
    /// The gateway, or the script, did what no carrier takes.
    Wrong(Fault),
}

impl Stream {
    pub(super) fn new(socket: Socket, connect: Connect) -> Stream {
        let writer = Writer::new(sid("MZ"));
        Stream { connect, socket, writer, playback: Playback::default(), audio: Vec::new() }
    }

    pub(super) fn sid(&self) -> &str {
        self.writer.stream()
    }

    async fn flush(&mut self) -> Result<(), Over> {
        match timeout(WRITE_DEADLINE, self.socket.flush()).await {
            Ok(result) => result.map_err(|e| broken(&e)),
            Err(_) => Err(lost(&format!("the gateway did not read for {WRITE_DEADLINE:?}"))),
        }
    }

    /// Sends the marks that are due, and returns their names.
    async fn echo_marks(&mut self) -> Result<Vec<String>, Over> {
        let mut echoed = Vec::new();
        while let Some(name) = self.playback.due() {
            feed(&mut self.socket, self.writer.mark(&name)).await?;
            echoed.push(name);
        }
        Ok(echoed)
    }

    /// Ends the socket from our side, and waits a little for the gateway to agree.
    async fn close(&mut self, code: CloseCode) {
        let frame = CloseFrame { code, reason: Utf8Bytes::from_static("") };
        let agree = async {
            self.socket.send(Message::Close(Some(frame))).await?;
            while self.socket.next().await.is_some_and(|m| m.is_ok()) {}
            Ok::<(), tungstenite::Error>(())
        };
        // The call is over for us whether the gateway agrees or not.
        let _ = timeout(CLOSE_DEADLINE, agree).await;
    }
}

impl Call {
    /// Runs a stream to its end.
    pub(super) async fn talk(&mut self, stream: &mut Stream) -> Over {
        let over = match self.begin(stream).await {
            Ok(()) => self.frames(stream).await,
            Err(over) => over,
        };
        match over {
            Over::HungUp | Over::TooLong => {
                let (account, call) = (&self.carrier.dial.account, &self.carrier.call);
                if feed(&mut stream.socket, stream.writer.stop(account, call)).await.is_ok() {
                    stream.close(CloseCode::Normal).await;
                }
            }
            Over::Wrong(_) => stream.close(CloseCode::Protocol).await,
            Over::Closed | Over::Lost(_) => {}
        }
        over
    }

    async fn begin(&mut self, stream: &mut Stream) -> Result<(), Over> {
        feed(&mut stream.socket, stream.writer.connected()).await?;
        let (account, call) = (&self.carrier.dial.account, &self.carrier.call);
        let start = StartOf { account, call, params: &stream.connect.params };
        feed(&mut stream.socket, stream.writer.start(&start)).await?;
        stream.flush().await
    }

    async fn frames(&mut self, stream: &mut Stream) -> Over {
        let mut ticks = interval_at(self.next_frame(), FRAME_TIME);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        loop {
            let step = tokio::select! {
                due = ticks.tick() => self.frame(stream, due).await,
                message = stream.socket.next() => self.receive(stream, message).await,
                order = self.orders.recv() => self.obey(stream, order).await,
            };
            if let Err(over) = step {
                return over;
            }
        }
    }

    /// When the first frame of a stream is due; the time since the stream before is filled with silence.
    fn next_frame(&mut self) -> Instant {
        let now = Instant::now();
        let mut due = self.schedule.unwrap_or(now);
        while due + FRAME_TIME <= now {
            self.tape.gap();
            due += FRAME_TIME;
        }
        due
    }

    async fn frame(&mut self, stream: &mut Stream, due: Instant) -> Result<(), Over> {
        if self.tape.at() >= samples(self.carrier.dial.longest) {
            return Err(Over::TooLong);
        }
        for name in stream.echo_marks().await? {
            self.marked(name);
        }
        let mut caller = [SILENCE; FRAME];
        let said = self.speech.len().min(FRAME);
        for (place, sample) in caller.iter_mut().zip(self.speech.drain(..said)) {
            *place = sample;
        }
        self.mix(&mut caller);
        feed(&mut stream.socket, stream.writer.media(&caller)).await?;
        stream.flush().await?;

        let mut agent = [SILENCE; FRAME];
        let sound = stream.playback.play(&mut agent);
        let at = self.tape.at();
        let noticed = self.ear.hear(at, &agent, sound);
        self.tape.push(&caller, &agent);
        self.tape.played += sound as u64;
        self.tape.figures.frames += 1;
        self.tape.figures.lateness.count(due.elapsed());
        self.schedule = Some(due + FRAME_TIME);
        if said > 0 && self.speech.is_empty() {
            self.tell(Heard::Said { at: Position(at + said as u64) });
        }
        if let Some(heard) = noticed {
            self.tell(heard);
        }
        Ok(())
    }

    /// Adds what sounds around the caller.
    fn mix(&self, frame: &mut [u8; FRAME]) {
        let around = &self.carrier.dial.around;
        if around.is_empty() {
            return;
        }
        for (at, place) in (self.tape.at()..).zip(frame) {
            let noise = around[(at % around.len() as u64) as usize];
            *place = LAW.encode(LAW.decode(*place).saturating_add(noise));
        }
    }

    async fn receive(
        &mut self,
        stream: &mut Stream,
        message: Option<Result<Message, tungstenite::Error>>,
    ) -> Result<(), Over> {
        match message {
            Some(Ok(Message::Text(text))) => self.play(stream, &text).await,
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Ok(()),
            Some(Ok(Message::Binary(_))) => Err(wrong("a binary message; Media Streams is text")),
            Some(Ok(Message::Close(frame))) => {
                let code = frame.map_or(CloseCode::Normal, |f| f.code);
                let _ = timeout(CLOSE_DEADLINE, stream.socket.next()).await;
                if matches!(code, CloseCode::Normal | CloseCode::Status) {
                    return Err(Over::Closed);
                }
                // A gateway that restarts or fails says so, and the action is asked as after a loss.
                Err(lost(&format!("the gateway closed the stream with code {code}")))
            }
            Some(Err(tungstenite::Error::Capacity(e))) => Err(wrong(&format!("a message too big: {e}"))),
            Some(Err(e)) => Err(broken(&e)),
            None => Err(lost("the gateway closed the connection without a word")),
        }
    }

    async fn play(&mut self, stream: &mut Stream, text: &str) -> Result<(), Over> {
        let full = |_| wrong("more audio or marks than a carrier keeps");
        match wire::read(text, stream.writer.stream(), &mut stream.audio).map_err(|what| wrong(&what))? {
            wire::Order::Play => {
                self.tape.figures.media += 1;
                stream.playback.queue(&stream.audio).map_err(full)
            }
            wire::Order::Mark(name) => stream.playback.mark(name).map_err(full),
            wire::Order::Clear => {
                let dropped = stream.playback.clear();
                self.tape.figures.clears += 1;
                self.tape.dropped += dropped as u64;
                let dropped = Samples(u32::try_from(dropped).expect("ten minutes at most")).millis();
                self.tell(Heard::Cleared { at: Position(self.tape.at()), dropped });
                for name in stream.echo_marks().await? {
                    self.marked(name);
                }
                stream.flush().await
            }
        }
    }

    fn marked(&mut self, name: String) {
        self.tape.figures.marks += 1;
        self.tell(Heard::Mark { name });
    }

    async fn obey(&mut self, stream: &mut Stream, order: Option<Order>) -> Result<(), Over> {
        match order {
            Some(Order::Say(speech)) if self.speech.len() + speech.len() > SPEECH_MAX => {
                let what = "the script queued more than ten minutes of speech";
                Err(Over::Wrong(Fault::new(Owner::Admin, what, "wait for `Said` before saying more")))
            }
            Some(Order::Say(speech)) => {
                self.speech.extend(speech);
                Ok(())
            }
            Some(Order::Press(key)) => {
                self.tape.figures.keys += 1;
                feed(&mut stream.socket, stream.writer.key(key.reveal())).await?;
                stream.flush().await
            }
            Some(Order::HangUp) | None => Err(Over::HungUp),
        }
    }
}

/// Hands one message to the socket; it leaves with the next flush.
async fn feed(socket: &mut Socket, text: &str) -> Result<(), Over> {
    let bytes = Utf8Bytes::try_from(Bytes::copy_from_slice(text.as_bytes())).expect("a str is UTF-8");
    match timeout(WRITE_DEADLINE, socket.feed(Message::Text(bytes))).await {
        Ok(result) => result.map_err(|e| broken(&e)),
        Err(_) => Err(lost(&format!("the gateway did not read for {WRITE_DEADLINE:?}"))),
    }
}

fn samples(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX).saturating_mul(8)
}

fn broken(error: &tungstenite::Error) -> Over {
    lost(&format!("the connection to the gateway broke: {error}"))
}

fn lost(what: &str) -> Over {
    Over::Lost(Fault::new(Owner::Gateway, what, "the gateway's log says what happened to this call"))
}

fn wrong(what: &str) -> Over {
    Over::Wrong(Fault::new(
        Owner::Gateway,
        format!("the gateway sent {what}"),
        "a carrier reports this as error 31924 and closes the stream; mend the gateway's dialect",
    ))
}
