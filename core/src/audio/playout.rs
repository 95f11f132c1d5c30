//! Replies onto the wire at the pace they are played, and how much of them was heard.
//!
//! Promises: one reply at a time; never more lead than the pace allows; after a cut nothing of that reply
//! goes out; of what was heard, in doubt less.
//! Never: believes a mark that was not queued, is of an older epoch, or comes before its audio can have
//! ended.

use crate::base::{CallTime, LINE_RATE_HZ, Millis, PieceNo, Position, ReplyId, Samples};

use super::fact::{By, LineFact, LineOutputs, MarkName, WireItem};
use super::g711::Law;
use super::reply::{FRAME, Refused, Reply};

/// Where the carrier buffers: audio is written when this much is left to play …
pub const LEAD_LEAST: Millis = Millis(200);
/// … up to this much. More would have to be cleared at every barge-in; less would not outlast a slow wake.
pub const LEAD_MOST: Millis = Millis(400);
/// Where we pace for the carrier: a frame each 20 ms, two ahead at most. The least is a frame less one tick
/// of the grid, so that a wake rounded to the grid finds room for exactly one.
pub const PACED_LEAD_LEAST: Millis = Millis(15);
pub const PACED_LEAD_MOST: Millis = Millis(40);
/// Wakes fall on multiples of this. The driver starts each call's clock on such a tick of the process, so
/// that the calls of a core wake together.
pub const GRID: Millis = Millis(5);
const _: () = assert!(PACED_LEAD_MOST.0 - PACED_LEAD_LEAST.0 - GRID.0 >= Samples(FRAME as u32).millis().0);
const _: () = assert!(LEAD_MOST.0 - LEAD_LEAST.0 - GRID.0 >= Samples(FRAME as u32).millis().0);
/// Played by the clock, where the dialect has no marks: this long after the computed end.
pub const CLOCK_MARGIN: Millis = Millis(300);
/// Played by the clock, where a mark should have come: this long after the computed end.
pub const MARK_PATIENCE: Millis = Millis(2_000);
/// A mark may come this much before the computed end: clocks drift, and the carrier's is not ours.
pub const MARK_EARLY: Millis = Millis(250);
/// What was written this long ago may still be on its way to the carrier, so it does not count as heard.
pub const HEARD_DOUBT: Millis = Millis(60);
/// A carrier's buffer computed empty inside a piece for longer than this is counted.
pub const UNDERRUN_LEAST: Millis = Millis(60);

/// Times at which a carrier ran out of audio inside a piece.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Underruns {
    /// Those longer than [`UNDERRUN_LEAST`].
    pub count: u32,
    /// The longest of all, short ones too.
    pub longest: Millis,
}

impl Underruns {
    /// These and those together.
    #[must_use]
    pub fn and(self, more: Underruns) -> Underruns {
        Underruns { count: self.count.saturating_add(more.count), longest: self.longest.max(more.longest) }
    }
}

/// Who keeps the audio flowing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    CarrierBuffers,
    WePace,
}

/// Who says when it was played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ack {
    Marks,
    Clock,
}

#[derive(Debug)]
pub(super) struct Playout {
    law: Law,
    pace: Pace,
    ack: Ack,
    epoch: u32,
    /// The latest time known.
    now: CallTime,
    /// When the carrier's buffer runs empty, in samples since answer, by the computed clock.
    empty_at: u64,
    voice: Voice,
    last: Option<ReplyId>,
    underruns: Underruns,
}

#[derive(Debug)]
enum Voice {
    Idle,
    /// Being written.
    Speaking(Reply),
    /// All written, and the mark after it.
    Ending(Reply),
}

impl Playout {
    pub(super) fn new(law: Law, pace: Pace, ack: Ack) -> Playout {
        Playout {
            law,
            pace,
            ack,
            epoch: 0,
            now: CallTime::ANSWER,
            empty_at: 0,
            voice: Voice::Idle,
            last: None,
            underruns: Underruns::default(),
        }
    }

    pub(super) fn underruns(&self) -> Underruns {
        self.underruns
    }

    pub(super) fn begin(&mut self, reply: ReplyId) -> Result<(), Refused> {
        match &self.voice {
            Voice::Speaking(open) | Voice::Ending(open) => Err(Refused::Busy { open: open.id }),
            Voice::Idle if self.last.is_some_and(|last| reply <= last) => Err(Refused::Stale),
            Voice::Idle => {
                self.last = Some(reply);
                self.voice = Voice::Speaking(Reply::new(reply));
                Ok(())
            }
        }
    }

    pub(super) fn audio(&mut self, reply: ReplyId, piece: PieceNo, samples: &[i16]) -> Result<(), Refused> {
        let law = self.law;
        self.speaking(reply)?.audio(piece, samples, law)
    }

    pub(super) fn piece_end(&mut self, reply: ReplyId, piece: PieceNo) -> Result<(), Refused> {
        self.speaking(reply)?.piece_end(piece)
    }

    pub(super) fn end(&mut self, reply: ReplyId, pieces: u16) -> Result<(), Refused> {
        self.speaking(reply)?.end(pieces)
    }

    fn speaking(&mut self, reply: ReplyId) -> Result<&mut Reply, Refused> {
        match &mut self.voice {
            Voice::Speaking(open) if open.id == reply => Ok(open),
            Voice::Idle | Voice::Speaking(_) | Voice::Ending(_) => Err(Refused::Stale),
        }
    }

    /// The carrier says that all before this mark was played. The one place where marks are dropped.
    pub(super) fn mark(&mut self, at: CallTime, track: Position, name: &str, facts: &mut Vec<LineFact>) {
        self.now = self.now.max(at);
        let (Voice::Ending(reply), Ack::Marks) = (&self.voice, self.ack) else { return };
        let expected = MarkName { epoch: self.epoch, reply: reply.id };
        let early = self.empty_at > clock(self.now + MARK_EARLY);
        if MarkName::parse(name) == Some(expected) && !early {
            // The carrier knows its buffer better than we compute it.
            self.empty_at = self.empty_at.min(clock(self.now));
            self.played(track, By::Mark, facts);
        }
    }

    /// Stops the open reply, if there is one, and says what was heard of it.
    pub(super) fn cut(&mut self, at: CallTime, out: &mut LineOutputs) {
        self.now = self.now.max(at);
        let reply = match std::mem::replace(&mut self.voice, Voice::Idle) {
            Voice::Idle => return,
            Voice::Speaking(reply) | Voice::Ending(reply) => reply,
        };
        let heard = reply.heard(self.heard_samples(&reply));
        out.facts.push(LineFact::Cut {
            reply: reply.id,
            whole: heard.whole,
            permille: heard.permille,
            heard: heard.samples,
        });
        self.epoch += 1;
        self.empty_at = self.empty_at.min(clock(self.now));
        out.wire.push(WireItem::Clear);
    }

    pub(super) fn wake(&mut self, at: CallTime, track: Position, out: &mut LineOutputs) {
        self.now = self.now.max(at);
        match &self.voice {
            Voice::Idle => {}
            Voice::Speaking(_) => self.write_due(out),
            Voice::Ending(_) if self.now >= self.played_by_clock() => {
                self.played(track, By::Clock, &mut out.facts);
            }
            Voice::Ending(_) => {}
        }
    }

    /// When `wake` has something to do; in the past where it is due already.
    pub(super) fn deadline(&self) -> Option<CallTime> {
        match &self.voice {
            Voice::Idle => None,
            Voice::Speaking(reply) if reply.all_written() || (reply.can_write() && reply.written == 0) => {
                Some(self.now)
            }
            Voice::Speaking(reply) if reply.can_write() => {
                let due = millis(self.empty_at.saturating_sub(samples(self.lead().0)));
                Some(CallTime(due.0 - due.0 % GRID.0))
            }
            Voice::Speaking(_) => None,
            Voice::Ending(_) => Some(self.played_by_clock()),
        }
    }

    /// Least and most lead.
    fn lead(&self) -> (Millis, Millis) {
        match self.pace {
            Pace::CarrierBuffers => (LEAD_LEAST, LEAD_MOST),
            Pace::WePace => (PACED_LEAD_LEAST, PACED_LEAD_MOST),
        }
    }

    fn played_by_clock(&self) -> CallTime {
        let margin = match self.ack {
            Ack::Marks => MARK_PATIENCE,
            Ack::Clock => CLOCK_MARGIN,
        };
        CallTime(self.empty_at.div_ceil(SAMPLES_A_MILLI) as u32) + margin
    }

    fn played(&mut self, track: Position, by: By, facts: &mut Vec<LineFact>) {
        match std::mem::replace(&mut self.voice, Voice::Idle) {
            Voice::Idle => {}
            Voice::Speaking(reply) | Voice::Ending(reply) => {
                facts.push(LineFact::Played { reply: reply.id, at: track, by });
            }
        }
    }

    /// Writes the frames due, and the mark once all is written.
    fn write_due(&mut self, out: &mut LineOutputs) {
        let (now, (least, most)) = (clock(self.now), self.lead());
        let before = self.empty_at.saturating_sub(now);
        let Voice::Speaking(reply) = &mut self.voice else { return };
        // A wake on the grid may come up to one tick before the lead has shrunk to the least.
        if reply.written == 0 || before < samples(least) + samples(GRID) {
            let heard = heard_samples(reply, self.empty_at, now);
            let gap = if reply.inside_piece() { now.saturating_sub(self.empty_at) } else { 0 };
            let room = samples(most).saturating_sub(before) / FRAME as u64 * FRAME as u64;
            let (from, starts) = (out.bytes.len(), self.empty_at.max(now));
            let written = reply.write(room as usize, self.law, &mut out.bytes);
            if written > 0 {
                reply.heard_so_far = heard;
                self.empty_at = starts + written as u64;
                let bytes = from..out.bytes.len();
                out.wire.push(WireItem::Audio { bytes, starts: millis(starts) });
                self.count_underrun(gap);
            }
        }
        self.finish(out);
    }

    fn finish(&mut self, out: &mut LineOutputs) {
        self.voice = match std::mem::replace(&mut self.voice, Voice::Idle) {
            Voice::Speaking(mut reply) if reply.all_written() => {
                // The end may be known long after the last sample; the wait for its mark begins now.
                reply.heard_so_far = self.heard_samples(&reply);
                self.empty_at = self.empty_at.max(clock(self.now));
                if self.ack == Ack::Marks {
                    let name = MarkName { epoch: self.epoch, reply: reply.id };
                    out.wire.push(WireItem::Mark { name });
                }
                Voice::Ending(reply)
            }
            other @ (Voice::Idle | Voice::Speaking(_) | Voice::Ending(_)) => other,
        };
    }

    fn count_underrun(&mut self, gap: u64) {
        let gap = Millis((gap / SAMPLES_A_MILLI) as u32);
        self.underruns.count += u32::from(gap > UNDERRUN_LEAST);
        self.underruns.longest = self.underruns.longest.max(gap);
    }

    fn heard_samples(&self, reply: &Reply) -> u64 {
        heard_samples(reply, self.empty_at, clock(self.now))
    }
}

/// Samples of the reply that were surely heard by `now`: those written, less those still in the carrier's
/// buffer and those in doubt. Never less than was sure before.
fn heard_samples(reply: &Reply, empty_at: u64, now: u64) -> u64 {
    let unheard = (empty_at + samples(HEARD_DOUBT)).saturating_sub(now);
    reply.written.saturating_sub(unheard).max(reply.heard_so_far)
}

const SAMPLES_A_MILLI: u64 = (LINE_RATE_HZ / 1_000) as u64;

fn samples(length: Millis) -> u64 {
    u64::from(length.0) * SAMPLES_A_MILLI
}

fn clock(at: CallTime) -> u64 {
    u64::from(at.0) * SAMPLES_A_MILLI
}

fn millis(clock: u64) -> CallTime {
    CallTime((clock / SAMPLES_A_MILLI) as u32)
}
