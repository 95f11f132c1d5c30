//! The caller's frames onto one track without holes: where each sample lies, what is missing, what came
//! twice.
//!
//! Promises: positions grow by exactly the samples handed out; a stalled line is `Stalled`, never silence;
//! filled silence never takes the track more than a second ahead of the clock, whatever the timestamps say.
//! Never: decodes into a frame of its own; samples go straight to the output.

use crate::base::{CallTime, Millis, Position, Samples};

use super::ear::{Ear, Keys, Source};
use super::fact::{LineFact, LineOutputs, Watch};
use super::g711::Law;

/// Call time without a frame after which the line is stalled.
pub const STALL: Millis = Millis(1_000);
/// The longest gap that is filled whole; of a longer one this much. A transcriber gains nothing from more
/// silence.
pub const GAP_FILL_MAX: Samples = Millis(2_000).samples();
/// The longest frame taken: one second. No carrier sends more than a tenth of it.
pub const FRAME_BYTES_MAX: usize = 8_000;

/// How far filled silence may take the track ahead of call time. Guards against timestamps that leap.
const AHEAD_MAX: Millis = Millis(1_000);
/// Timestamps may be this far off; carriers stamp by the packet, some by the wall clock.
const JITTER: i64 = Millis(12).samples().0 as i64;
/// Timestamps are whole milliseconds: a frame may always be this far off.
const ROUNDING: i64 = Millis(1).samples().0 as i64;
/// A timestamp further back than this is no late frame: the carrier's clock began anew.
const LATE_MAX: i64 = Millis(1_000).samples().0 as i64;

#[derive(Debug)]
pub(super) struct Intake {
    law: Law,
    ear: Ear,
    position: Position,
    /// The carrier's clock, in samples, at [`Position::START`]; known from the first timestamp on.
    origin: Option<i64>,
    flow: Flow,
}

#[derive(Clone, Copy, Debug)]
enum Flow {
    /// The call was answered, and nobody has listened yet: what is slow then is not the line.
    Answered,
    /// The last frame came at `last`, or the wait for the first began then.
    Running {
        last: CallTime,
    },
    Stalled {
        since: CallTime,
    },
}

/// What a frame's timestamp says of its place.
enum Place {
    Next,
    After {
        gap: i64,
    },
    Late,
    /// The carrier's clock leapt; the frame is taken as the next.
    Anew,
}

impl Intake {
    pub(super) fn new(law: Law, keys: Keys) -> Intake {
        Intake { law, ear: Ear::new(keys), position: Position::START, origin: None, flow: Flow::Answered }
    }

    /// The track begins at that time of the call; the wait for its first frame begins now.
    pub(super) fn begins_at(&mut self, begun: CallTime, now: CallTime) {
        self.position = Position::START + begun.since(CallTime::ANSWER).samples();
        self.flow = Flow::Running { last: now };
    }

    pub(super) fn watch(&mut self, watch: Watch) {
        self.ear.watch(watch);
    }

    pub(super) fn position(&self) -> Position {
        self.position
    }

    /// When the line will have stalled, if no frame comes before.
    pub(super) fn deadline(&self) -> Option<CallTime> {
        match self.flow {
            Flow::Answered => Some(CallTime::ANSWER + STALL),
            Flow::Running { last } => Some(last + STALL),
            Flow::Stalled { .. } => None,
        }
    }

    pub(super) fn wake(&mut self, at: CallTime, facts: &mut Vec<LineFact>) {
        match self.flow {
            Flow::Answered if at > CallTime::ANSWER => self.flow = Flow::Running { last: at },
            Flow::Running { last } if at >= last + STALL => {
                self.flow = Flow::Stalled { since: last };
                facts.push(LineFact::Stalled);
            }
            Flow::Answered | Flow::Running { .. } | Flow::Stalled { .. } => {}
        }
    }

    /// Takes one frame, after `wake` at the same time. Empty ones, and longer than [`FRAME_BYTES_MAX`], are
    /// dropped unseen.
    pub(super) fn frame(
        &mut self,
        at: CallTime,
        timestamp: Option<Millis>,
        encoded: &[u8],
        out: &mut LineOutputs,
    ) {
        if !(1..=FRAME_BYTES_MAX).contains(&encoded.len()) {
            return;
        }
        let stalled_since = match self.flow {
            Flow::Answered | Flow::Running { .. } => None,
            Flow::Stalled { since } => {
                out.facts.push(LineFact::Resumed);
                Some(since)
            }
        };
        self.flow = Flow::Running { last: at };
        match (timestamp, stalled_since) {
            (Some(stamp), _) => {
                let stamp = i64::from(stamp.0) * i64::from(SAMPLES_A_MILLI);
                match self.place(stamp, encoded.len() as i64) {
                    Place::Next => {}
                    Place::After { gap } => self.fill(at, gap, out),
                    Place::Late => return,
                    Place::Anew => self.origin = None,
                }
                // After a gap that was not filled whole, the carrier's clock is taken anew too.
                let here = self.position.0 as i64;
                if self.origin.is_none_or(|origin| (stamp - origin - here).abs() > JITTER) {
                    self.origin = Some(stamp - here);
                }
            }
            (None, Some(since)) => {
                let waited = i64::from(at.since(since).samples().0);
                self.fill(at, waited - encoded.len() as i64, out);
            }
            (None, None) => {}
        }
        let from = self.open(out);
        self.law.decode_into(encoded, &mut out.caller);
        self.hear(from, Source::Carrier, out);
    }

    fn place(&self, stamp: i64, length: i64) -> Place {
        let Some(origin) = self.origin else { return Place::Anew };
        let off = stamp - origin - self.position.0 as i64;
        // A repeated frame is off by its length, so what is tolerated must be shorter.
        let tolerated = JITTER.min(length / 2).max(ROUNDING);
        if off > tolerated {
            Place::After { gap: off }
        } else if off >= -tolerated {
            Place::Next
        } else if off >= -LATE_MAX {
            Place::Late
        } else {
            Place::Anew
        }
    }

    /// Puts in silence for `gap` samples that never came, within the limits.
    fn fill(&mut self, at: CallTime, gap: i64, out: &mut LineOutputs) {
        let ahead = i64::from((at + AHEAD_MAX).since(CallTime::ANSWER).samples().0) - self.position.0 as i64;
        let length = gap.min(i64::from(GAP_FILL_MAX.0)).min(ahead).max(0) as usize;
        let from = self.open(out);
        out.caller.resize(from + length, 0);
        self.hear(from, Source::Filled, out);
    }

    /// Where the next samples go in the output.
    fn open(&self, out: &mut LineOutputs) -> usize {
        if out.caller.is_empty() {
            out.caller_from = self.position;
        }
        out.caller.len()
    }

    /// Hears what was put out since `from`.
    fn hear(&mut self, from: usize, source: Source, out: &mut LineOutputs) {
        let samples = &out.caller[from..];
        self.ear.hear(self.position, samples, source, &mut out.facts);
        self.position = self.position + Samples(samples.len() as u32);
    }
}

const SAMPLES_A_MILLI: u32 = Millis(1).samples().0;
