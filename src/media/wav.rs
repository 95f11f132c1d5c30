//! WAV files of the line: 8 kHz, mono, 16 bit.
//!
//! Promises: a file of another shape is refused with what it is, not misread.
//! Never: resamples in silence.

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

/// All samples of an 8 kHz mono 16-bit file.
pub fn read_line_wav(path: &Path) -> Result<Vec<i16>, Fault> {
    let mut file = hound::WavReader::open(path).map_err(|error| fault(path, &error))?;
    let found = file.spec();
    if found != LINE {
        let what = format!(
            "{}: {} Hz, {} channels, {} bit; wanted is 8,000 Hz mono 16 bit",
            path.display(),
            found.sample_rate,
            found.channels,
            found.bits_per_sample
        );
        return Err(Fault::new(Owner::Admin, what, "convert it, for example with sox: -r 8000 -c 1 -b 16"));
    }
    file.samples().collect::<Result<_, _>>().map_err(|error| fault(path, &error))
}

/// Writes an 8 kHz mono 16-bit file.
pub fn write_line_wav(path: &Path, samples: &[i16]) -> Result<(), Fault> {
    let write = || {
        let mut file = hound::WavWriter::create(path, LINE)?;
        samples.iter().try_for_each(|sample| file.write_sample(*sample))?;
        file.finalize()
    };
    write().map_err(|error| fault(path, &error))
}

pub(super) fn fault(path: &Path, error: &hound::Error) -> Fault {
    let remedy = if matches!(error, hound::Error::IoError(_)) {
        "check the path, its permissions and the free space"
    } else {
        "give a WAV file: 8,000 Hz, mono, 16 bit"
    };
    Fault::new(Owner::Admin, format!("{}: {error}", path.display()), remedy)
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
        assert!(read_line_wav(&path).unwrap_err().what.contains("2 channels"));
        std::fs::write(&path, b"RIFF but not for long").expect("a temporary folder can be written");
        assert!(read_line_wav(&path).is_err());
        std::fs::remove_file(&path).expect("it was made by this test");
        assert!(read_line_wav(&path).unwrap_err().what.contains("centralita-wav"));
    }
}
