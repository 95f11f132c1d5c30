//! WAV files of the line: 8 kHz, mono, 16 bit.
//!
//! Promises: a file of another shape, one that is cut short and one that holds nothing are refused as that, not misread.
//! Never: resamples in silence.

use std::fmt;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read};
use std::path::Path;

use crate::core::base::{Fault, LINE_RATE_HZ, Owner};

/// The line's own format.
const LINE: hound::WavSpec = spec(1);

pub(super) const fn spec(channels: u16) -> hound::WavSpec {
    hound::WavSpec {
        channels,
        sample_rate: LINE_RATE_HZ,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    }
}

/// A recording's: caller and agent.
const RECORDING: hound::WavSpec = spec(2);

/// `8000 Hz, mono, 16 bit`.
fn told(spec: &hound::WavSpec) -> String {
    let sides = match spec.channels {
        1 => "mono".to_owned(),
        2 => "stereo".to_owned(),
        more => format!("{more} channels"),
    };
    let float = if spec.sample_format == hound::SampleFormat::Float { " float" } else { "" };
    format!("{} Hz, {sides}, {} bit{float}", spec.sample_rate, spec.bits_per_sample)
}

/// All samples of an 8 kHz mono 16-bit file; one at least.
///
/// # Errors
/// It cannot be read, is of another shape, ends before its header says, or holds no sample.
pub fn read_line_wav(path: &Path) -> Result<Vec<i16>, Fault> {
    let file = File::open(path).map_err(|error| fault(path, LINE, &error.into()))?;
    line_samples(file, path.display())
}

/// The same of bytes that lie elsewhere; `name` is what faults call them.
///
/// # Errors
/// As of a file.
pub fn line_samples(bytes: impl Read, name: impl fmt::Display) -> Result<Vec<i16>, Fault> {
    let mut file = reader(bytes, &name, LINE)?;
    let found = file.spec();
    if found != LINE {
        let what = format!("{name} is {}; wanted is {}, one voice", told(&found), told(&LINE));
        let remedy = if found == RECORDING {
            "it is the recording of a call, caller left and agent right: take one side, for example with `sox IN.wav OUT.wav \
             remix 1`"
        } else {
            "convert it, for example with `sox IN.wav -r 8000 -c 1 -b 16 OUT.wav`"
        };
        return Err(Fault::new(Owner::Admin, what, remedy));
    }
    let samples: Vec<i16> =
        file.samples().collect::<Result<_, _>>().map_err(|error| unread(&name, LINE, &error))?;
    if samples.is_empty() {
        let what = format!("{name} holds no audio");
        return Err(Fault::new(Owner::Admin, what, "give a recording that lasts some time"));
    }
    Ok(samples)
}

/// Both voices of a recorded call, from the answer on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TwoVoices {
    /// Left; 8 kHz.
    pub caller: Vec<i16>,
    /// Right, on the caller's clock.
    pub agent: Vec<i16>,
}

/// A recording of a call, to be read.
pub(super) fn open_recording(path: &Path) -> Result<hound::WavReader<BufReader<File>>, Fault> {
    let file = File::open(path).map_err(|error| fault(path, RECORDING, &error.into()))?;
    let file = reader(file, &path.display(), RECORDING)?;
    if file.spec() != RECORDING {
        let (found, wanted) = (told(&file.spec()), told(&RECORDING));
        let what = format!(
            "{} is {found}; a recording of a call is {wanted}: caller left, agent right",
            path.display()
        );
        let remedy = "name what `serve --recordings`, `call --record` or `demo` wrote; one voice alone cannot be replayed";
        return Err(Fault::new(Owner::Admin, what, remedy));
    }
    Ok(file)
}

/// A recording of a call: 8 kHz, stereo, 16 bit. One without a sample is one.
///
/// # Errors
/// It cannot be read, is of another shape, or ends before its header says.
pub fn read_recording(path: &Path) -> Result<TwoVoices, Fault> {
    let mut file = open_recording(path)?;
    let length = file.duration() as usize;
    let mut voices = TwoVoices { caller: Vec::with_capacity(length), agent: Vec::with_capacity(length) };
    let mut samples = file.samples();
    while let (Some(left), Some(right)) = (samples.next(), samples.next()) {
        voices.caller.push(left.map_err(|error| unread(&path.display(), RECORDING, &error))?);
        voices.agent.push(right.map_err(|error| unread(&path.display(), RECORDING, &error))?);
    }
    Ok(voices)
}

/// Opens what is not empty.
fn reader<R: Read>(
    bytes: R,
    name: &dyn fmt::Display,
    wanted: hound::WavSpec,
) -> Result<hound::WavReader<BufReader<R>>, Fault> {
    let mut bytes = BufReader::new(bytes);
    let start = bytes.fill_buf().map_err(|error| said(name, wanted, &error.into()))?;
    if start.is_empty() {
        return Err(Fault::new(Owner::Admin, format!("{name} is empty"), given(wanted)));
    }
    hound::WavReader::new(bytes).map_err(|error| unread(name, wanted, &error))
}

/// What to give instead.
fn given(wanted: hound::WavSpec) -> String {
    let sides = if wanted == RECORDING { ", caller left, agent right" } else { "" };
    format!("give a WAV file: {}{sides}", told(&wanted))
}

/// The reader's fault. An error that is not the system's is its own: it wanted more bytes than there are.
fn unread(name: &dyn fmt::Display, wanted: hound::WavSpec, error: &hound::Error) -> Fault {
    match error {
        hound::Error::IoError(inner) if inner.raw_os_error().is_none() => {
            let what = format!("{name} is cut short: it ends before its header says");
            Fault::new(Owner::Admin, what, "copy or record it again, whole")
        }
        hound::Error::IoError(_)
        | hound::Error::FormatError(_)
        | hound::Error::TooWide
        | hound::Error::UnfinishedSample
        | hound::Error::Unsupported
        | hound::Error::InvalidSampleFormat => said(name, wanted, error),
    }
}

/// Writes an 8 kHz mono 16-bit file.
pub fn write_line_wav(path: &Path, samples: &[i16]) -> Result<(), Fault> {
    let write = || {
        let mut file = hound::WavWriter::create(path, LINE)?;
        samples.iter().try_for_each(|sample| file.write_sample(*sample))?;
        file.finalize()
    };
    write().map_err(|error| fault(path, LINE, &error))
}

/// Of a file that was to be of that form.
fn fault(path: &Path, wanted: hound::WavSpec, error: &hound::Error) -> Fault {
    said(&path.display(), wanted, error)
}

fn said(name: &dyn fmt::Display, wanted: hound::WavSpec, error: &hound::Error) -> Fault {
    let remedy = if matches!(error, hound::Error::IoError(_)) {
        "check the path, its permissions and the free space".to_owned()
    } else {
        given(wanted)
    };
    Fault::new(Owner::Admin, format!("{name}: {error}"), remedy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_reads_back_and_one_of_another_shape_is_refused() {
        let path = std::env::temp_dir().join(format!("centralita-wav-{}.wav", uuid::Uuid::new_v4()));
        write_line_wav(&path, &[1, -2, i16::MAX, i16::MIN]).expect("a temporary folder can be written");
        assert_eq!(read_line_wav(&path).expect("it was just written"), [1, -2, i16::MAX, i16::MIN]);
        hound::WavWriter::create(&path, spec(2))
            .expect("a temporary folder can be written")
            .finalize()
            .expect("the disk takes it");
        let fault = read_line_wav(&path).unwrap_err();
        let wanted = "is 8000 Hz, stereo, 16 bit; wanted is 8000 Hz, mono, 16 bit";
        assert!(fault.what.contains(wanted) && fault.remedy.contains("remix 1"), "{fault}");
        std::fs::write(&path, b"RIFF but not for long").expect("a temporary folder can be written");
        assert!(read_line_wav(&path).is_err());
        std::fs::remove_file(&path).expect("it was made by this test");
        let fault = read_line_wav(&path).unwrap_err();
        assert!(fault.what.contains("centralita-wav") && fault.remedy.contains("the path"), "{fault}");
    }

    #[test]
    fn one_voice_is_no_recording_of_a_call_and_is_told_as_what_it_is() {
        let path = std::env::temp_dir().join(format!("centralita-wav-{}.wav", uuid::Uuid::new_v4()));
        write_line_wav(&path, &[1, 2]).expect("a temporary folder can be written");
        let fault = read_recording(&path).unwrap_err();
        let told = "is 8000 Hz, mono, 16 bit; a recording of a call is 8000 Hz, stereo, 16 bit";
        assert!(fault.what.contains(told) && fault.remedy.contains("call --record"), "{fault}");
        std::fs::remove_file(&path).expect("it was made by this test");
    }

    #[test]
    fn a_file_that_is_cut_short_or_holds_nothing_is_refused_as_that() {
        let path = std::env::temp_dir().join(format!("centralita-wav-{}.wav", uuid::Uuid::new_v4()));
        write_line_wav(&path, &[7; 800]).expect("a temporary folder can be written");
        let whole = std::fs::read(&path).expect("it was just written");
        for length in [whole.len() - 2, whole.len() - 801, 44, 40, 20, 4] {
            std::fs::write(&path, &whole[..length]).expect("a temporary folder can be written");
            let fault = read_line_wav(&path).unwrap_err();
            assert!(fault.what.contains("is cut short"), "{length}: {fault}");
        }
        std::fs::write(&path, "").expect("a temporary folder can be written");
        for fault in [read_line_wav(&path).unwrap_err(), read_recording(&path).unwrap_err()] {
            assert!(fault.what.ends_with(".wav is empty"), "{fault}");
        }
        std::fs::write(&path, [b'?'; 80]).expect("a temporary folder can be written");
        let (line, recording) = (read_line_wav(&path).unwrap_err(), read_recording(&path).unwrap_err());
        assert!(line.remedy.ends_with("8000 Hz, mono, 16 bit"), "{line}");
        assert!(
            recording.remedy.ends_with("8000 Hz, stereo, 16 bit, caller left, agent right"),
            "{recording}"
        );
        write_line_wav(&path, &[]).expect("a temporary folder can be written");
        assert!(read_line_wav(&path).unwrap_err().what.contains("holds no audio"));
        std::fs::remove_file(&path).expect("it was made by this test");
    }
}
