//! Listens to the caller's track in blocks of 16 ms: tones first, what they leave to the voice detector.
//!
//! Promises: every sample of the track is heard once, whatever the frames; a tone is never speech.
//! Never: knows when a sample arrived, or why one is missing.

use crate::base::{Position, Samples};

use super::dtmf::{Dtmf, HOP, Look, energy};
use super::fact::{LineFact, Watch};
use super::speech::{Block, Speech};
use super::tone::Tone;
use super::vad::{BLOCK, Vad};

/// Where the keys of this call come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keys {
    /// The caller's audio.
    InBand,
    /// The carrier's events; their tones, if they leak into the audio, are only masked.
    OutOfBand,
}

/// Where samples come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Carrier,
    /// Silence put in for what never arrived.
    Filled,
}

#[derive(Debug)]
pub(super) struct Ear {
    keys: Keys,
    /// The block before, and the one that is being filled: who listens looks back into it and keeps no copy.
    track: [[i16; BLOCK]; 2],
    filled: usize,
    /// What the block holds so far.
    source: Source,
    dtmf: Dtmf,
    tone: Tone,
    vad: Vad,
    speech: Speech,
}

impl Ear {
    pub(super) fn new(keys: Keys) -> Ear {
        Ear {
            keys,
            track: [[0; BLOCK]; 2],
            filled: 0,
            source: Source::Carrier,
            dtmf: Dtmf::new(),
            tone: Tone::new(),
            vad: Vad::new(),
            speech: Speech::new(),
        }
    }

    pub(super) fn watch(&mut self, watch: Watch) {
        self.speech.watch(watch);
    }

    /// Hears the samples that begin at `from` on the caller's track.
    pub(super) fn hear(
        &mut self,
        from: Position,
        samples: &[i16],
        source: Source,
        facts: &mut Vec<LineFact>,
    ) {
        let (mut at, mut rest) = (from, samples);
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(BLOCK - self.filled));
            self.track[1][self.filled..self.filled + now.len()].copy_from_slice(now);
            self.filled += now.len();
            if source == Source::Filled {
                self.source = Source::Filled;
            }
            (at, rest) = (at + Samples(now.len() as u32), later);
            if self.filled == BLOCK {
                self.take_block(at - Samples(BLOCK as u32), facts);
                self.track[0] = self.track[1];
                self.filled = 0;
                self.source = Source::Carrier;
            }
        }
    }

    fn take_block(&mut self, from: Position, facts: &mut Vec<LineFact>) {
        let (one, two) = self.track[1].split_at(HOP);
        let energies = [energy(one), energy(two)];
        let whole = energies[0] + energies[1];
        let mut tone = self.tone.steady(&self.track, whole);
        for look in self.dtmf.looks(&self.track, energies, from) {
            match look {
                Look::Nothing => {}
                Look::Tone => tone = true,
                Look::Pressed { key, at } => {
                    tone = true;
                    if self.keys == Keys::InBand {
                        facts.push(LineFact::Key { key, at });
                    }
                }
            }
        }
        let block = match (self.source, tone) {
            (Source::Filled, _) => self.pass(Block::Hole),
            (Source::Carrier, true) => self.pass(Block::Quiet),
            (Source::Carrier, false) if self.vad.voiced(&self.track[1], whole) => Block::Voice,
            (Source::Carrier, false) => Block::Quiet,
        };
        self.speech.block(from, block, facts);
    }

    /// A block that the voice detector does not see.
    fn pass(&mut self, as_what: Block) -> Block {
        self.vad.skip(&self.track[1]);
        as_what
    }
}
