//! A call as a stereo WAV: the caller left, the agent right, on the caller's clock.
//!
//! Promises: what is on disk plays, and is not long behind, so a killed process leaves a file that plays, up to the
//! hold-back and a flush before the kill; what is named secret while it is held back, or before it came, is silence on
//! the caller's track; memory is bounded by the hold-back and the lead of the agent's audio; agent's audio that came late
//! is whole, and the pauses after it make up for it.
//! Never: writes from an async task: it blocks on the disk; give it a thread.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use super::silences::Silences;
use super::wav::spec;
use crate::core::base::{Fault, Millis, Owner, Position, Samples, Span};

/// How much is written at once, and made to play: a second.
const FLUSH: Samples = Millis(1_000).samples();
/// How long both tracks stay in memory before they are written (64 KB a call, and up to a flush more): a number that turns
/// out to be secret once a word or a key was recognised can still be left out.
const HOLD_BACK: Samples = Millis(2_000).samples();
/// How far the agent's audio may run ahead of the caller's track; what lies beyond is not recorded.
const AHEAD_MAX: Samples = Millis(60_000).samples();

/// A gap is filled with so many samples at a time.
const QUIET: [i16; 4_000] = [0; 4_000];

/// One recording. The caller's side moves it on; the agent's has a clock of its own, which may run a little behind the
/// caller's track: a frame is there before its 20 ms are over, and carriers' clocks drift.
pub struct Recorder {
    path: PathBuf,
    file: hound::WavWriter<BufWriter<File>>,
    /// All before it is in the recording: written, or held back.
    at: Position,
    /// The last samples before `at`, the caller's and the agent's, not yet written.
    held: Vec<[i16; 2]>,
    /// Of the caller's track.
    silences: Silences,
    /// How far the agent's clock was found to run behind, in the stretch of its audio that ends at `stretch_end`.
    behind: Samples,
    /// By the agent's clock.
    stretch_end: Position,
    /// The agent's audio from `at` on.
    agent: VecDeque<i16>,
}

impl std::fmt::Debug for Recorder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Recorder({} to {})", self.path.display(), self.at)
    }
}

impl Recorder {
    /// Begins a new file, which plays nothing yet; one that exists is replaced.
    ///
    /// # Errors
    /// The file cannot be made.
    pub fn create(path: &Path) -> Result<Recorder, Fault> {
        let begun = hound::WavWriter::create(path, spec(2)).and_then(|mut file| file.flush().map(|()| file));
        let file = begun.map_err(|error| fault(path, &io(error)))?;
        Ok(Recorder {
            path: path.to_owned(),
            file,
            at: Position::START,
            held: Vec::new(),
            silences: Silences::default(),
            behind: Samples(0),
            stretch_end: Position::START,
            agent: VecDeque::new(),
        })
    }

    /// Where it is written.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The agent's audio that is to sound from `at` on by its clock. Where that has passed already, the clock is set,
    /// for this audio and what follows without a pause: no syllable is cut off. A pause is as much shorter, if it can be.
    pub fn agent(&mut self, at: Position, samples: &[i16]) {
        self.behind = if at > self.stretch_end {
            (self.at + length(self.agent.len())).since(at)
        } else {
            self.behind.max(self.at.since(at))
        };
        self.stretch_end = at + length(samples.len());
        let offset = self.ahead(at);
        let room = (AHEAD_MAX.0 as usize).saturating_sub(offset);
        let kept = &samples[..room.min(samples.len())];
        if kept.is_empty() {
            return;
        }
        let end = offset + kept.len();
        self.agent.resize(end.max(self.agent.len()), 0);
        self.agent.range_mut(offset..end).zip(kept).for_each(|(place, sample)| *place = *sample);
    }

    /// The agent was cut: nothing of it sounds from `at` on.
    pub fn agent_cut(&mut self, at: Position) {
        self.agent.truncate(self.ahead(at));
        self.stretch_end = self.stretch_end.min(at);
    }

    /// How many samples after the recorded ones a moment of the agent's clock lies.
    fn ahead(&self, at: Position) -> usize {
        (at + self.behind).since(self.at).0 as usize
    }

    /// The caller's audio at `at`: records both sides up to its end. A gap before it is silence.
    pub fn caller(&mut self, at: Position, samples: &[i16]) -> Result<(), Fault> {
        let late = usize::try_from(self.at.since(at).0).unwrap_or(usize::MAX).min(samples.len());
        let gap = at.since(self.at).0 as usize;
        let written = self.quiet(gap).and_then(|()| self.record(&samples[late..]));
        written.map_err(|error| fault(&self.path, &error))
    }

    /// Makes that stretch of the caller's track silence, what comes later in it too. Says how much of it came too late:
    /// it was written already.
    pub fn caller_silent(&mut self, from: Position, to: Position) -> Samples {
        let written = self.at - length(self.held.len());
        let span = Span { from, to };
        hush(&mut self.held, written, span);
        self.silences.add(span);
        to.min(written).since(from)
    }

    /// Writes what was held back and what the agent still had to say, and closes the file.
    pub fn finish(mut self) -> Result<(), Fault> {
        let rest = self.agent.len();
        let written = self.quiet(rest).and_then(|()| self.write_first(self.held.len()));
        let closed = written.and_then(|()| self.file.finalize().map_err(io));
        closed.map_err(|error| fault(&self.path, &error))
    }

    /// So many samples on which the caller is silent.
    fn quiet(&mut self, mut samples: usize) -> io::Result<()> {
        while samples > 0 {
            let now = samples.min(QUIET.len());
            self.record(&QUIET[..now])?;
            samples -= now;
        }
        Ok(())
    }

    /// Both sides, as long as that of the caller's is.
    fn record(&mut self, caller: &[i16]) -> io::Result<()> {
        let from = self.held.len();
        self.held.extend(caller.iter().map(|sample| [*sample, 0]));
        let new = &mut self.held[from..];
        let sounding = self.agent.len().min(new.len());
        new.iter_mut().zip(self.agent.drain(..sounding)).for_each(|(both, sample)| both[1] = sample);
        self.silences.iter().for_each(|span| hush(new, self.at, span));
        self.at = self.at + length(caller.len());
        self.silences.forget_before(self.at);
        let due = self.held.len().saturating_sub(HOLD_BACK.0 as usize);
        if due >= FLUSH.0 as usize { self.write_first(due) } else { Ok(()) }
    }

    /// Writes the oldest samples, and makes what is on disk play.
    fn write_first(&mut self, samples: usize) -> io::Result<()> {
        let mut block = self.file.get_i16_writer(2 * length(samples).0);
        self.held.drain(..samples).flatten().for_each(|sample| block.write_sample(sample));
        block.flush().and_then(|()| self.file.flush()).map_err(io)
    }
}

/// Silence on the caller's side of samples that begin at `at`, as far as the span goes.
fn hush(both: &mut [[i16; 2]], at: Position, span: Span) {
    let (from, to) = (span.from.since(at).0 as usize, span.to.since(at).0 as usize);
    both.iter_mut().take(to).skip(from).for_each(|both| both[0] = 0);
}

fn io(error: hound::Error) -> io::Error {
    if let hound::Error::IoError(error) = error { error } else { io::Error::other(error) }
}

fn fault(path: &Path, error: &io::Error) -> Fault {
    let what = format!("{}: {error}", path.display());
    Fault::new(Owner::Admin, what, "check the path, its permissions and the free space")
}

fn length(samples: usize) -> Samples {
    Samples(u32::try_from(samples).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("centralita-{name}-{}.wav", uuid::Uuid::new_v4()))
    }

    fn frames(path: &Path) -> Vec<[i16; 2]> {
        let samples: Vec<i16> = hound::WavReader::open(path)
            .expect("what was recorded is a WAV")
            .samples()
            .map(Result::unwrap)
            .collect();
        samples.chunks_exact(2).map(|both| [both[0], both[1]]).collect()
    }

    #[test]
    fn the_caller_is_left_the_agent_right_and_gaps_are_silence() {
        let path = path("sides");
        let mut recorder = Recorder::create(&path).expect("a temporary folder can be written");
        recorder.agent(Position(2), &[20, 21, 22, 23]);
        recorder.caller(Position(0), &[1, 2, 3]).expect("the disk takes it");
        recorder.agent_cut(Position(4));
        recorder.caller(Position(5), &[6]).expect("the disk takes it");
        recorder.finish().expect("the disk takes it");
        assert_eq!(frames(&path), [[1, 0], [2, 0], [3, 20], [0, 21], [0, 0], [6, 0]]);
        std::fs::remove_file(path).expect("it was made by this test");
    }

    #[test]
    fn an_agent_whose_clock_runs_behind_loses_no_syllable() {
        let path = path("behind");
        let mut recorder = Recorder::create(&path).expect("a temporary folder can be written");
        recorder.caller(Position(0), &[1, 2, 3]).expect("the disk takes it");
        recorder.agent(Position(1), &[90, 91]);
        recorder.agent(Position(3), &[92, 93, 94, 95]);
        recorder.agent_cut(Position(5));
        recorder.finish().expect("the disk takes it");
        assert_eq!(frames(&path), [[1, 0], [2, 0], [3, 0], [0, 90], [0, 91], [0, 92], [0, 93]]);
        std::fs::remove_file(path).expect("it was made by this test");
    }

    #[test]
    fn after_a_late_step_the_pauses_bring_the_tracks_together_again() {
        let path = path("late");
        let mut recorder = Recorder::create(&path).expect("a temporary folder can be written");
        recorder.caller(Position(0), &[0; 8]).expect("the disk takes it");
        for (at, samples) in
            [(2, &[20, 21][..]), (4, &[22]), (9, &[30, 31]), (11, &[32]), (20, &[40]), (23, &[50, 51])]
        {
            recorder.agent(Position(at), samples);
        }
        recorder.agent_cut(Position(24));
        recorder.caller(Position(8), &[0; 24]).expect("the disk takes it");
        // Late once more, in the reply that is cut; the next is in time.
        recorder.agent(Position(28), &[60, 61, 62]);
        recorder.agent_cut(Position(29));
        recorder.agent(Position(34), &[70]);
        recorder.finish().expect("the disk takes it");
        let agent: Vec<(usize, i16)> =
            frames(&path).iter().map(|both| both[1]).enumerate().filter(|(_, sample)| *sample != 0).collect();
        let late = [(8, 20), (9, 21), (10, 22), (11, 30), (12, 31), (13, 32)];
        assert_eq!(agent, [&late[..], &[(20, 40), (23, 50), (32, 60), (34, 70)]].concat());
        std::fs::remove_file(path).expect("it was made by this test");
    }

    #[test]
    fn a_killed_process_leaves_a_file_that_plays_to_within_the_hold_back_and_a_flush() {
        let path = path("killed");
        let mut recorder = Recorder::create(&path).expect("a temporary folder can be written");
        for frame in 0..500_u64 {
            recorder.caller(Position(frame * 160), &[7; 160]).expect("the disk takes it");
        }
        // A kill runs no destructor.
        std::mem::forget(recorder);
        let length = frames(&path).len();
        let written = 80_000 - HOLD_BACK.0 as usize;
        assert!((written - FLUSH.0 as usize..=written).contains(&length), "{length} of 80,000");
        std::fs::remove_file(path).expect("it was made by this test");
    }

    #[test]
    fn what_is_named_secret_in_time_is_silent_on_the_callers_track_alone_also_where_it_is_still_to_come() {
        let path = path("secret");
        let mut recorder = Recorder::create(&path).expect("a temporary folder can be written");
        let hear = |recorder: &mut Recorder, from: u64, count: usize| {
            recorder.caller(Position(from), &vec![7; count]).expect("the disk takes it");
        };
        recorder.agent(Position(0), &[9; 40_000]);
        hear(&mut recorder, 0, 20_000);
        let held_from = 20_000 - u64::from(HOLD_BACK.0);
        assert_eq!(recorder.caller_silent(Position(held_from), Position(10_000)), Samples(0));
        assert_eq!(recorder.caller_silent(Position(19_000), Position(25_000)), Samples(0));
        hear(&mut recorder, 20_000, 10_000);
        assert_eq!(recorder.caller_silent(Position(29_000), Position(u64::MAX)), Samples(0));
        hear(&mut recorder, 30_000, 10_000);
        let late = recorder.caller_silent(Position(1_000), Position(held_from + 1_000));
        assert_eq!(late, Samples(u32::try_from(held_from).expect("it is small")), "it was written already");
        recorder.finish().expect("the disk takes it");
        let frames = frames(&path);
        assert!(frames.len() == 40_000 && frames.iter().all(|both| both[1] == 9), "the agent is whole");
        let sounding: Vec<u64> =
            (0..).zip(&frames).filter(|(_, both)| both[0] != 0).map(|(n, _)| n).collect();
        let wanted: Vec<u64> = (0..held_from).chain(10_000..19_000).chain(25_000..29_000).collect();
        assert!(sounding == wanted, "{} of {} samples sound", sounding.len(), wanted.len());
        std::fs::remove_file(path).expect("it was made by this test");
    }

    #[test]
    fn a_call_without_a_frame_leaves_a_file_that_plays_nothing_killed_or_not() {
        for end in [std::mem::forget, |recorder: Recorder| recorder.finish().expect("the disk takes it")] {
            let path = path("empty");
            end(Recorder::create(&path).expect("a temporary folder can be written"));
            assert!(frames(&path).is_empty());
            std::fs::remove_file(path).expect("it was made by this test");
        }
    }

    #[test]
    fn an_agent_that_runs_far_ahead_takes_no_more_memory_than_its_limit() {
        let path = path("ahead");
        let mut recorder = Recorder::create(&path).expect("a temporary folder can be written");
        for second in 0..200_u64 {
            recorder.agent(Position(second * 8_000), &[1; 8_000]);
        }
        recorder.agent(Position(u64::MAX), &[1; 8_000]);
        assert_eq!(recorder.agent.len(), AHEAD_MAX.0 as usize);
        std::fs::remove_file(path).expect("it was made by this test");
    }
}
