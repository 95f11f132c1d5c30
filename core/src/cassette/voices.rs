//! What the synthesiser gave, piece by piece.
//!
//! Promises: the chunks of a piece, in order, each with its time since the piece was ordered.
//! Never: holds sound.

use std::collections::BTreeMap;

use super::entry::{Cassette, Chunk, Entry};
use crate::base::{Millis, PieceNo, ReplyId};

type Chunks = Vec<(Millis, Chunk)>;

/// All pieces of a cassette.
#[derive(Clone, Debug, Default)]
pub(super) struct Voices(BTreeMap<(ReplyId, PieceNo), Chunks>);

impl Voices {
    pub(super) fn of(cassette: &Cassette) -> Voices {
        let mut voices = Voices::default();
        for entry in &cassette.entries {
            if let Entry::Voice(voice) = entry {
                voices.0.entry((voice.reply, voice.piece)).or_default().extend(&voice.chunks);
            }
        }
        voices
    }

    pub(super) fn take(&mut self, reply: ReplyId, piece: PieceNo) -> Option<Chunks> {
        self.0.remove(&(reply, piece))
    }

    /// Whether anything was recorded of the reply or of a later one.
    pub(super) fn reach(&self, reply: ReplyId) -> bool {
        self.0.range((reply, PieceNo(0))..).next().is_some()
    }

    /// How long after a reply's first piece was ordered its first audio came.
    pub(super) fn first(&self, reply: ReplyId) -> Option<Millis> {
        let chunks = self.0.get(&(reply, PieceNo(0)))?;
        chunks.iter().find(|(_, chunk)| matches!(chunk, Chunk::Audio(_))).map(|(after, _)| *after)
    }
}
