//! The carrier's playback buffer: audio played in order at 1x, and marks that wait for it.
//!
//! Promises: a mark is due when the last sample before it has been played, or at a clear; in order; bounded.
//! Never: counts audio that was dropped as played.

use std::collections::VecDeque;

use super::wire::{FRAME, SILENCE};

/// Most audio that waits, in samples: ten minutes. No gateway means to send more ahead.
const SAMPLES_MAX: usize = 8_000 * 600;
/// Most marks that wait; a gateway sets one or two a reply.
const MARKS_MAX: usize = 1_000;

#[derive(Debug, Default)]
pub(super) struct Playback {
    audio: VecDeque<u8>,
    /// Each mark with the number of samples that are played before it.
    marks: VecDeque<(u64, String)>,
    played: u64,
}

/// The gateway sent more than any carrier would keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Full;

impl Playback {
    pub(super) fn queue(&mut self, audio: &[u8]) -> Result<(), Full> {
        if self.audio.len() + audio.len() > SAMPLES_MAX {
            return Err(Full);
        }
        self.audio.extend(audio);
        Ok(())
    }

    pub(super) fn mark(&mut self, name: String) -> Result<(), Full> {
        if self.marks.len() >= MARKS_MAX {
            return Err(Full);
        }
        self.marks.push_back((self.played + self.audio.len() as u64, name));
        Ok(())
    }

    /// Drops what waits, and makes every mark due. Returns how many samples were dropped.
    pub(super) fn clear(&mut self) -> usize {
        let dropped = self.audio.len();
        self.audio.clear();
        for (position, _) in &mut self.marks {
            *position = self.played;
        }
        dropped
    }

    /// Plays one frame, filled up with silence. Returns how many samples came from the buffer.
    pub(super) fn play(&mut self, frame: &mut [u8; FRAME]) -> usize {
        let sound = self.audio.len().min(FRAME);
        for (place, sample) in frame.iter_mut().zip(self.audio.drain(..sound)) {
            *place = sample;
        }
        frame[sound..].fill(SILENCE);
        self.played += sound as u64;
        sound
    }

    /// The next mark whose time has come.
    pub(super) fn due(&mut self) -> Option<String> {
        let (position, _) = self.marks.front()?;
        if *position > self.played { None } else { self.marks.pop_front().map(|(_, name)| name) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn play(playback: &mut Playback) -> usize {
        playback.play(&mut [0; FRAME])
    }

    fn due(playback: &mut Playback) -> Vec<String> {
        std::iter::from_fn(|| playback.due()).collect()
    }

    #[test]
    fn a_mark_is_due_when_the_last_sample_before_it_was_played() {
        let mut playback = Playback::default();
        playback.queue(&[1; FRAME + 1]).expect("there is room");
        playback.mark("a".to_owned()).expect("there is room");
        playback.queue(&[1; FRAME]).expect("there is room");
        playback.mark("b".to_owned()).expect("there is room");
        let heard: Vec<(usize, Vec<String>)> =
            (0..4).map(|_| (play(&mut playback), due(&mut playback))).collect();
        let want = [(160, vec![]), (160, vec!["a".to_owned()]), (1, vec!["b".to_owned()]), (0, vec![])];
        assert_eq!(heard, want);
    }

    #[test]
    fn with_nothing_queued_a_mark_is_due_at_once() {
        let mut playback = Playback::default();
        playback.mark("a".to_owned()).expect("there is room");
        assert_eq!(due(&mut playback), ["a"]);
    }

    #[test]
    fn a_clear_makes_all_marks_due_and_plays_nothing_of_what_it_dropped() {
        let mut playback = Playback::default();
        playback.queue(&[1; FRAME * 3]).expect("there is room");
        playback.mark("a".to_owned()).expect("there is room");
        playback.mark("b".to_owned()).expect("there is room");
        play(&mut playback);
        assert_eq!(playback.clear(), FRAME * 2);
        assert_eq!(due(&mut playback), ["a", "b"]);
        assert_eq!(play(&mut playback), 0);
        playback.queue(&[1; 10]).expect("there is room");
        playback.mark("c".to_owned()).expect("there is room");
        assert!(due(&mut playback).is_empty());
        play(&mut playback);
        assert_eq!(due(&mut playback), ["c"]);
    }

    #[test]
    fn a_short_frame_ends_in_silence() {
        let mut playback = Playback::default();
        playback.queue(&[7; 3]).expect("there is room");
        let mut frame = [0; FRAME];
        assert_eq!(playback.play(&mut frame), 3);
        assert_eq!((&frame[..3], frame[3], frame[FRAME - 1]), (&[7_u8; 3][..], SILENCE, SILENCE));
    }

    #[test]
    fn what_no_carrier_would_keep_is_refused() {
        let mut playback = Playback::default();
        playback.queue(&vec![0; SAMPLES_MAX]).expect("there is room");
        assert_eq!(playback.queue(&[0]), Err(Full));
        for n in 0..MARKS_MAX {
            playback.mark(n.to_string()).expect("there is room");
        }
        assert_eq!(playback.mark("more".to_owned()), Err(Full));
    }
}
