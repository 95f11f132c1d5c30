//! The caller's ear: when the agent starts and stops to sound, and where its speech was torn.
//!
//! Promises: positions are exact to the sample; an empty buffer inside the agent's speech is counted.
//! Never: understands a word; it measures loudness.

use super::phone::Heard;
use super::wire::{FRAME, LAW};
use crate::core::base::{Position, Samples};

/// Loudness that counts as sound, of 32124: about -40 dB, above the floor of a synthesiser, below any speech.
const LOUD: u16 = 320;

#[derive(Debug)]
pub(super) struct Ear {
    /// Silence after which the agent counts as having stopped.
    pause: Samples,
    agent: Agent,
    starved: u64,
}

#[derive(Debug)]
enum Agent {
    Quiet,
    /// `silent_from`: one past the last loud sample. `dry`: samples since then that the buffer did not have.
    Speaking {
        silent_from: u64,
        dry: u64,
    },
}

impl Ear {
    pub(super) fn new(pause: Samples) -> Ear {
        Ear { pause, agent: Agent::Quiet, starved: 0 }
    }

    /// One frame of the agent as it is heard, `sound` samples of it from the buffer, at this position.
    pub(super) fn hear(&mut self, at: u64, frame: &[u8; FRAME], sound: usize) -> Option<Heard> {
        let loud = |byte: &u8| LAW.decode(*byte).unsigned_abs() > LOUD;
        let first = frame[..sound].iter().position(loud);
        let end = frame[..sound].iter().rposition(loud).map_or(0, |last| last + 1) as u64;
        let dry_after = (FRAME - sound) as u64;
        match (&mut self.agent, first) {
            (Agent::Quiet, None) => None,
            (Agent::Quiet, Some(first)) => {
                self.agent = Agent::Speaking { silent_from: at + end, dry: dry_after };
                Some(Heard::AgentStarted { at: Position(at + first as u64) })
            }
            (Agent::Speaking { silent_from, dry }, Some(_)) => {
                self.starved += *dry;
                (*silent_from, *dry) = (at + end, dry_after);
                None
            }
            (Agent::Speaking { silent_from, dry }, None) => {
                *dry += dry_after;
                let silence = at + FRAME as u64 - *silent_from;
                if silence < u64::from(self.pause.0) {
                    return None;
                }
                let from = Position(*silent_from);
                self.agent = Agent::Quiet;
                let silence = Samples(u32::try_from(silence).unwrap_or(u32::MAX)).millis();
                Some(Heard::AgentStopped { at: from, silence })
            }
        }
    }

    /// Samples of empty buffer inside the agent's speech.
    pub(super) fn starved(&self) -> u64 {
        self.starved
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caller::wire::SILENCE;
    use crate::core::base::Millis;

    /// Hears frames given as (loud samples from, to, samples from the buffer).
    fn hear(ear: &mut Ear, frames: &[(usize, usize, usize)]) -> Vec<Heard> {
        let mut heard = Vec::new();
        for (n, (from, to, sound)) in frames.iter().enumerate() {
            let mut frame = [SILENCE; FRAME];
            frame[*from..*to].fill(LAW.encode(5_000));
            heard.extend(ear.hear((n * FRAME) as u64, &frame, *sound));
        }
        heard
    }

    #[test]
    fn start_and_stop_are_told_with_the_sample_where_they_are() {
        let mut ear = Ear::new(Millis(40).samples());
        let frames = [(0, 0, 160), (100, 160, 160), (0, 30, 160), (0, 0, 160), (0, 0, 160), (0, 0, 160)];
        assert_eq!(
            hear(&mut ear, &frames),
            [
                Heard::AgentStarted { at: Position(260) },
                Heard::AgentStopped { at: Position(350), silence: Millis(56) },
            ]
        );
        assert_eq!(ear.starved(), 0, "silence that was sent is no starvation");
    }

    #[test]
    fn an_empty_buffer_counts_only_between_two_sounds() {
        let mut ear = Ear::new(Millis(100).samples());
        let torn = [(0, 160, 160), (0, 100, 100), (0, 0, 0), (0, 160, 160), (0, 0, 0)];
        assert_eq!(hear(&mut ear, &torn).len(), 1);
        assert_eq!(ear.starved(), 60 + 160);
        let mut ear = Ear::new(Millis(40).samples());
        let apart = [(0, 160, 160), (0, 0, 0), (0, 0, 0), (0, 0, 0), (0, 160, 160)];
        assert_eq!(hear(&mut ear, &apart).len(), 3, "started, stopped, started");
        assert_eq!(ear.starved(), 0, "a pause between two replies is none");
    }
}
