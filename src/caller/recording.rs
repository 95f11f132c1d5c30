//! What a call was for its caller: both voices on one sample clock, and the figures.
//!
//! Promises: sample `n` of either voice was said or heard at the same moment; figures are kept with or
//! without the audio.
//! Never: holds more than the call's limit allows; 16 KiB a second of call when recording, nothing otherwise.

use std::fmt;
use std::fs::File;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::phone::Ended;
use super::wire::{FRAME, LAW, SILENCE};
use crate::core::base::{Fault, LINE_RATE_HZ, Millis, Owner, Samples};

/// What is kept of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record {
    Audio,
    /// For load: the figures only.
    Figures,
}

/// A finished call.
#[derive(Clone, Debug)]
pub struct Recording {
    /// What the caller said; samples at 8 kHz. Empty unless audio was recorded.
    pub caller: Vec<i16>,
    /// What the caller heard of the agent; as long as `caller`.
    pub agent: Vec<i16>,
    pub figures: Figures,
    pub ended: Ended,
}

impl Recording {
    /// A stereo WAV file, 8 kHz, 16 bit: the caller left, the agent right. One that exists is replaced.
    pub fn write_wav(&self, path: &Path) -> Result<(), Fault> {
        RecordingFile::over(path, File::create(path))?.write(self)
    }
}

/// A file that waits for its call, so that a place where none can be made is known before. It plays as it is.
pub struct RecordingFile {
    path: PathBuf,
    file: hound::WavWriter<BufWriter<File>>,
}

impl RecordingFile {
    /// Makes the file.
    ///
    /// # Errors
    /// It cannot be made, or there is one of that name: another call's, or no recording at all.
    pub fn create(path: &Path) -> Result<RecordingFile, Fault> {
        if path.symlink_metadata().is_ok() {
            let what = format!("there is something at {} already", path.display());
            return Err(Fault::new(
                Owner::Admin,
                what,
                "name another file for the recording, or move that one away",
            ));
        }
        RecordingFile::over(path, File::create_new(path))
    }

    fn over(path: &Path, made: io::Result<File>) -> Result<RecordingFile, Fault> {
        let spec = hound::WavSpec {
            channels: 2,
            sample_rate: LINE_RATE_HZ,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let file = made.map_err(hound::Error::IoError);
        let file = file.and_then(|file| hound::WavWriter::new(BufWriter::new(file), spec));
        Ok(RecordingFile { path: path.to_owned(), file: file.map_err(|error| unwritten(path, &error))? })
    }

    /// Takes the file away again: there was no call.
    pub fn discard(self) {
        drop(self.file);
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::warn!(%error, file = %self.path.display(), "an empty recording stays behind");
        }
    }

    /// Writes the call.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(mut self, call: &Recording) -> Result<(), Fault> {
        let samples = call.caller.iter().zip(&call.agent).flat_map(|(left, right)| [*left, *right]);
        let written = samples.into_iter().try_for_each(|sample| self.file.write_sample(sample));
        written.and_then(|()| self.file.finalize()).map_err(|error| unwritten(&self.path, &error))
    }
}

impl fmt::Debug for RecordingFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecordingFile({})", self.path.display())
    }
}

fn unwritten(path: &Path, error: &hound::Error) -> Fault {
    let what = format!("the recording cannot be written to {}: {error}", path.display());
    Fault::new(Owner::Admin, what, "choose a file in a folder that exists, can be written and has room")
}

/// What was counted during a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Samples of the call's clock, gaps between two streams included.
    pub length: u64,
    /// Frames of 20 ms sent.
    pub frames: u64,
    /// How late each frame left.
    pub lateness: Lateness,
    /// Agent audio received, in messages.
    pub media: u64,
    /// Agent audio played.
    pub played: Millis,
    /// Agent audio that was taken back before it was played.
    pub dropped: Millis,
    /// Empty buffer inside the agent's speech: what a listener hears as a torn voice.
    pub starved: Millis,
    /// Marks sent back, cleared ones included.
    pub marks: u64,
    pub clears: u64,
    pub keys: u64,
    /// Streams opened; more than one where one was lost and opened again.
    pub streams: u64,
    /// Events nobody came for in time.
    pub unheard: u64,
}

/// How many frames left how late, in buckets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lateness([u64; BOUNDS_MS.len() + 1]);

/// Upper bounds of the buckets, in milliseconds; the last bucket has none.
const BOUNDS_MS: [u64; 10] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000];

impl Lateness {
    /// Adds what was counted elsewhere, for the sum over many calls.
    pub fn add(&mut self, other: &Lateness) {
        self.0.iter_mut().zip(other.0).for_each(|(sum, n)| *sum += n);
    }

    /// Frames of at most this lateness, by bound in milliseconds; the last bound is `None`.
    pub fn buckets(&self) -> impl Iterator<Item = (Option<u64>, u64)> {
        BOUNDS_MS.iter().copied().map(Some).chain([None]).zip(self.0)
    }

    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    pub(super) fn count(&mut self, late: Duration) {
        let bucket = BOUNDS_MS.partition_point(|bound| Duration::from_millis(*bound) < late);
        self.0[bucket] += 1;
    }
}

/// `≤1 ms: 950, ≤2 ms: 50`: the buckets that hold something.
impl fmt::Display for Lateness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, (bound, count)) in self.buckets().filter(|(_, count)| *count > 0).enumerate() {
            f.write_str(if n == 0 { "" } else { ", " })?;
            match bound {
                Some(ms) => write!(f, "≤{ms} ms: {count}")?,
                None => write!(f, "more: {count}")?,
            }
        }
        Ok(())
    }
}

/// The tape that runs during a call.
#[derive(Debug)]
pub(super) struct Tape {
    record: Record,
    caller: Vec<u8>,
    agent: Vec<u8>,
    frames: u64,
    pub(super) played: u64,
    pub(super) dropped: u64,
    pub(super) figures: Figures,
}

impl Tape {
    pub(super) fn new(record: Record) -> Tape {
        let (caller, agent) = (Vec::new(), Vec::new());
        Tape { record, caller, agent, frames: 0, played: 0, dropped: 0, figures: Figures::default() }
    }

    /// Where the tape stands, in samples.
    pub(super) fn at(&self) -> u64 {
        self.frames * FRAME as u64
    }

    /// One frame of both voices.
    pub(super) fn push(&mut self, caller: &[u8; FRAME], agent: &[u8; FRAME]) {
        self.frames += 1;
        match self.record {
            Record::Audio => {
                self.caller.extend_from_slice(caller);
                self.agent.extend_from_slice(agent);
            }
            Record::Figures => {}
        }
    }

    /// One frame in which there was no stream.
    pub(super) fn gap(&mut self) {
        self.push(&[SILENCE; FRAME], &[SILENCE; FRAME]);
    }

    pub(super) fn finish(self, starved: u64, ended: Ended) -> Recording {
        let linear = |bytes: Vec<u8>| bytes.into_iter().map(|byte| LAW.decode(byte)).collect();
        let millis = |samples: u64| Samples(u32::try_from(samples).unwrap_or(u32::MAX)).millis();
        let figures = Figures {
            length: self.frames * FRAME as u64,
            played: millis(self.played),
            dropped: millis(self.dropped),
            starved: millis(starved),
            ..self.figures
        };
        Recording { caller: linear(self.caller), agent: linear(self.agent), figures, ended }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lateness_falls_into_its_bucket() {
        let mut lateness = Lateness::default();
        for micros in [0, 1_000, 1_001, 20_000, 999_999, 5_000_000] {
            lateness.count(Duration::from_micros(micros));
        }
        assert_eq!(lateness.to_string(), "≤1 ms: 2, ≤2 ms: 1, ≤20 ms: 1, ≤1000 ms: 1, more: 1");
        let mut sum = lateness.clone();
        sum.add(&lateness);
        assert_eq!(sum.total(), 12);
    }

    #[test]
    fn a_wav_holds_the_caller_left_and_the_agent_right() {
        let mut tape = Tape::new(Record::Audio);
        tape.push(&[0x80; FRAME], &[0x00; FRAME]);
        tape.gap();
        let recording = tape.finish(0, Ended::CallerHungUp);
        let path = std::env::temp_dir().join(format!("centralita-{}.wav", uuid::Uuid::now_v7()));
        recording.write_wav(&path).expect("a temporary folder can be written");
        let mut file = hound::WavReader::open(&path).expect("what was recorded is a WAV");
        let samples: Vec<i16> = file.samples().map(Result::unwrap).collect();
        std::fs::remove_file(&path).expect("it was made by this test");
        assert_eq!((file.spec().channels, file.spec().sample_rate, samples.len()), (2, 8_000, 4 * FRAME));
        assert_eq!(samples[..2], [32_124, -32_124]);
        assert_eq!(samples[2 * FRAME..], [0; 2 * FRAME]);
    }

    #[test]
    fn a_place_where_no_recording_can_be_made_is_known_before_the_call_and_one_where_it_can_plays_at_once() {
        for nowhere in ["/nowhere/at/all.wav", "/", "Cargo.toml"] {
            let fault = RecordingFile::create(Path::new(nowhere)).unwrap_err();
            assert!(fault.what.contains(nowhere), "{fault}");
            assert_eq!(fault.owner, Owner::Admin);
        }
        let path = std::env::temp_dir().join(format!("centralita-{}.wav", uuid::Uuid::now_v7()));
        RecordingFile::create(&path).expect("a temporary folder can be written").discard();
        drop(RecordingFile::create(&path).expect("what was discarded is gone"));
        let length = hound::WavReader::open(&path).expect("what was recorded is a WAV").duration();
        std::fs::remove_file(&path).expect("it was made by this test");
        assert_eq!(length, 0);
    }

    #[test]
    fn without_audio_the_figures_stay() {
        let mut tape = Tape::new(Record::Figures);
        tape.gap();
        let recording = tape.finish(800, Ended::AgentHungUp);
        assert!(recording.caller.is_empty());
        assert_eq!((recording.figures.length, recording.figures.starved), (160, Millis(100)));
    }
}
