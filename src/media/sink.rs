//! The file a recording is written to, as WAV or as Opus.
//!
//! Promises: after `flush`, and before the first sample, what is on disk plays.
//! Never: knows whose track is whose.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::Path;

use super::opus::OpusFile;
use super::wav::spec;

/// How a recording is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// As it was on the line: 32 KB a second.
    #[default]
    Wav,
    /// In an Ogg file, about a tenth of that.
    Opus,
}

impl Format {
    /// What a file's name ends with.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Format::Wav => "wav",
            Format::Opus => "opus",
        }
    }
}

/// An open file of two tracks.
pub(super) enum Sink {
    Wav(hound::WavWriter<BufWriter<File>>),
    Opus(Box<OpusFile>),
}

impl Sink {
    /// Begins a file that plays nothing yet; one that exists is replaced.
    pub(super) fn create(path: &Path, format: Format) -> io::Result<Sink> {
        let mut sink = match format {
            Format::Wav => Sink::Wav(hound::WavWriter::create(path, spec(2)).map_err(io)?),
            Format::Opus => Sink::Opus(Box::new(OpusFile::create(path)?)),
        };
        sink.flush()?;
        Ok(sink)
    }

    /// One sample of each track.
    pub(super) fn write(&mut self, both: [i16; 2]) -> io::Result<()> {
        match self {
            Sink::Wav(file) => both.into_iter().try_for_each(|sample| file.write_sample(sample)).map_err(io),
            Sink::Opus(file) => file.write(both),
        }
    }

    /// Makes what is on disk play. Opus does so by itself, page by page.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        match self {
            Sink::Wav(file) => file.flush().map_err(io),
            Sink::Opus(_) => Ok(()),
        }
    }

    pub(super) fn finish(self) -> io::Result<()> {
        match self {
            Sink::Wav(file) => file.finalize().map_err(io),
            Sink::Opus(file) => file.finish(),
        }
    }
}

fn io(error: hound::Error) -> io::Error {
    if let hound::Error::IoError(error) = error { error } else { io::Error::other(error) }
}
