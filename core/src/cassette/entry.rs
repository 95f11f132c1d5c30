//! What a cassette holds: one entry for each answer, with its time since what it answers.
//!
//! Promises: plain data; every time is whole milliseconds.
//! Never: holds samples; lengths stand in their place.

use crate::audio::{Law, LineSetup};
use crate::base::{CallTime, Millis, PieceNo, Position, ReplyId, Samples, Span};
use crate::conversation::Event;

/// The version of the text form this build writes and reads; raised by hand when a line changes its meaning.
pub const CASSETTE_VERSION: u32 = 1;

/// A call's answers, in the order they were known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cassette {
    /// What stands behind `# name:`, in order; the version is not among them.
    pub head: Vec<(String, String)>,
    pub setup: Setup,
    pub entries: Vec<Entry>,
    /// Lines that are missing: the disk was too slow for them.
    pub lost: u32,
}

/// What the start of the stream said of the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setup(pub LineSetup);

/// A carrier that says all there is to say.
impl Default for Setup {
    fn default() -> Setup {
        Setup(LineSetup { law: Law::Mu, marks: true, keys_out_of_band: true, carrier_buffers: true })
    }
}

/// One line.
#[derive(Clone, Debug, PartialEq)]
pub enum Entry {
    /// Frames of the caller.
    Frames(Frames),
    /// What the carrier told, at its time: `answered`, a key, `hung-up`.
    At { at: CallTime, event: Event },
    /// So long after the latest order it answers: the model, a tool, the carrier that was told to hang up.
    After { after: Millis, event: Event },
    /// What was asked about a proposal; answers with its id belong to it.
    Question { proposal: crate::base::ProposalId, text: String },
    /// Audio of one piece.
    Voice(Voice),
    /// The carrier sent back the mark of this reply so many milliseconds after its audio should have been played, by
    /// the computed clock; `None`: never.
    Mark { reply: ReplyId, after: Option<i32> },
    /// The words of one speech of the caller, so long after it was known to have stopped.
    Words { speech: Span, after: Millis, event: Event },
    /// Words told while the track had come so far.
    Meanwhile { position: Position, event: Event },
}

/// Frames of one length, each following the one before on the caller's track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frames {
    /// When the first arrived.
    pub at: CallTime,
    pub place: Place,
    /// The carrier's timestamp of the first; each next one is later by a frame.
    pub timestamp: Option<Millis>,
    /// Samples, and bytes, of each.
    pub length: u32,
    /// How long after the one before each further one came.
    pub gaps: Vec<u16>,
}

/// Where a frame's audio lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Its first sample on the caller's track.
    At(Position),
    /// It came too late, or twice, and is not on the track.
    Dropped,
}

/// Audio of one piece, each chunk with its time since the piece was ordered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Voice {
    pub reply: ReplyId,
    pub piece: PieceNo,
    pub chunks: Vec<(Millis, Chunk)>,
}

/// What the synthesiser gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chunk {
    Audio(Samples),
    /// The piece was whole.
    End,
    Failed,
}

impl Cassette {
    /// What the head says behind `# name:`.
    #[must_use]
    pub fn head_value(&self, name: &str) -> Option<&str> {
        self.head.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}
