//! The line: intake and playout on one clock, as the call sees them.
//!
//! Promises: timers due fire before the event that woke the line; everything a step gives is in its outputs
//! when it returns.
//! Never: reads a clock, decides what is said.

use crate::base::{CallTime, Millis, PieceNo, Position, ReplyId};

use super::ear::Keys;
use super::fact::{Key, LineFact, LineOutputs, Watch};
use super::g711::Law;
use super::intake::Intake;
use super::playout::{Ack, Pace, Playout, Underruns};
use super::reply::Refused;

/// What the line must know of the carrier's dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineSetup {
    /// The codec, both ways.
    pub law: Law,
    /// The carrier sends marks back when it has played what came before them.
    pub marks: bool,
    /// The carrier sends keys as events; else they are heard in the audio.
    pub keys_out_of_band: bool,
    /// The carrier buffers and paces what it is sent; else we pace.
    pub carrier_buffers: bool,
}

/// One call's audio, both ways. The conversation decides; the line measures and obeys.
///
/// Samples are 16 bit at 8 kHz. Steps add to a [`LineOutputs`], which its owner clears.
#[derive(Debug)]
pub struct Line {
    intake: Intake,
    playout: Playout,
}

impl Line {
    #[must_use]
    pub fn new(setup: LineSetup) -> Line {
        let keys = if setup.keys_out_of_band { Keys::OutOfBand } else { Keys::InBand };
        let pace = if setup.carrier_buffers { Pace::CarrierBuffers } else { Pace::WePace };
        let ack = if setup.marks { Ack::Marks } else { Ack::Clock };
        Line { intake: Intake::new(setup.law, keys), playout: Playout::new(setup.law, pace, ack) }
    }

    /// The line of a call that was answered before it: its track begins at `begun`, so a place on it means the same time as
    /// on the line before it. What came on it until somebody listened, `now`, comes at once.
    #[must_use]
    pub fn begun_at(setup: LineSetup, begun: CallTime, now: CallTime) -> Line {
        let mut line = Line::new(setup);
        line.intake.begins_at(begun, now);
        line
    }

    /// A frame of the caller, 1 to 8000 bytes; `timestamp` is the carrier's, since its stream began.
    pub fn caller_frame(
        &mut self,
        at: CallTime,
        timestamp: Option<Millis>,
        encoded: &[u8],
        out: &mut LineOutputs,
    ) {
        self.wake(at, out);
        self.intake.frame(at, timestamp, encoded, out);
    }

    /// A key, as the carrier's event.
    pub fn key(&mut self, at: CallTime, key: Key, out: &mut LineOutputs) {
        self.wake(at, out);
        out.facts.push(LineFact::Key { key, at: self.intake.position() });
    }

    /// A mark that the carrier sent back, as it wrote it.
    pub fn mark(&mut self, at: CallTime, name: &str, out: &mut LineOutputs) {
        self.wake(at, out);
        self.playout.mark(at, self.intake.position(), name, &mut out.facts);
    }

    /// The conversation's standing order, from the running count on. Until the first one: 200 ms of speech,
    /// 700 ms of silence.
    pub fn watch(&mut self, watch: Watch) {
        self.intake.watch(watch);
    }

    /// Opens a reply. Reply ids only grow.
    ///
    /// # Errors
    /// [`Refused::Busy`] while another is open, [`Refused::Stale`] where this one or a later one has been.
    pub fn begin(&mut self, reply: ReplyId) -> Result<(), Refused> {
        self.playout.begin(reply)
    }

    /// Synthesised audio of one piece; pieces may be filled side by side. `deadline` says when it goes out.
    ///
    /// # Errors
    /// Nothing of it is taken where the reply or the piece is over, or too much waits already.
    pub fn audio(&mut self, reply: ReplyId, piece: PieceNo, samples: &[i16]) -> Result<(), Refused> {
        self.playout.audio(reply, piece, samples)
    }

    /// The synthesiser ended this piece normally.
    ///
    /// # Errors
    /// Where the reply or the piece is over.
    pub fn piece_end(&mut self, reply: ReplyId, piece: PieceNo) -> Result<(), Refused> {
        self.playout.piece_end(reply, piece)
    }

    /// The reply has so many pieces, and no more. Its mark follows the last sample of the last one.
    ///
    /// # Errors
    /// Where the reply is over, has ended, or has more pieces already.
    pub fn end(&mut self, reply: ReplyId, pieces: u16) -> Result<(), Refused> {
        self.playout.end(reply, pieces)
    }

    /// Stops the open reply: a `Clear` for the wire and a [`LineFact::Cut`]. Without an open reply, nothing.
    pub fn cut(&mut self, at: CallTime, out: &mut LineOutputs) {
        self.playout.cut(at, out);
    }

    /// Does what is due: writes audio, sees a stall, takes a reply as played by the clock.
    pub fn wake(&mut self, at: CallTime, out: &mut LineOutputs) {
        self.intake.wake(at, &mut out.facts);
        self.playout.wake(at, self.intake.position(), out);
    }

    /// When to call [`Line::wake`] next; a time in the past is due now.
    #[must_use]
    pub fn deadline(&self) -> Option<CallTime> {
        [self.intake.deadline(), self.playout.deadline()].into_iter().flatten().min()
    }

    /// The end of the caller's track as received so far.
    #[must_use]
    pub fn position(&self) -> Position {
        self.intake.position()
    }

    #[must_use]
    pub fn underruns(&self) -> Underruns {
        self.playout.underruns()
    }
}
