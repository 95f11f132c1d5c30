//! Any rate to the line's 8 kHz, as a stream: the one file that knows rubato.
//!
//! Promises: bounded memory, output as soon as a chunk is full, nothing above the telephone band.
//! Never: trims or stretches: the output lasts as long as the input, to the sample.

use audioadapter_buffers::direct::SequentialSlice;
use rubato::{
    Async, FixedAsync, Indexing, Resampler, SincInterpolationParameters, SincInterpolationType,
    WindowFunction,
};

use crate::core::base::{Fault, LINE_RATE_HZ, Owner};

/// Input samples per step: 10 to 20 ms at the rates synthesisers use.
const CHUNK: usize = 240;
/// Edge of the pass band as a part of 4 kHz: 3,400 Hz, the telephone's, so that companding gets no more to fold.
const CUTOFF: f32 = 0.85;
/// Rates accepted, in Hz: below lies no speech, above nobody synthesises.
const RATES_HZ: std::ops::RangeInclusive<u32> = 4_000..=96_000;

/// A stream of mono samples on its way to 8 kHz.
pub struct ToLine {
    filter: Filter,
}

enum Filter {
    /// The rate is the line's already.
    Same,
    Sinc(Box<Sinc>),
}

struct Sinc {
    resampler: Async<f32>,
    input: Vec<f32>,
    output: Vec<f32>,
    /// Samples of the filter's own delay still to be dropped from the start.
    delay: usize,
    /// Input so far and output so far: what `finish` has to make up.
    taken: u64,
    given: u64,
    rate_hz: u32,
}

impl std::fmt::Debug for ToLine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ToLine")
    }
}

impl ToLine {
    /// From `rate_hz`; a rate no speech comes in is a fault of the provider.
    pub fn new(rate_hz: u32) -> Result<ToLine, Fault> {
        if rate_hz == LINE_RATE_HZ {
            return Ok(ToLine { filter: Filter::Same });
        }
        if !RATES_HZ.contains(&rate_hz) {
            return Err(odd_rate(rate_hz));
        }
        let parameters = SincInterpolationParameters {
            sinc_len: 128,
            f_cutoff: Some(CUTOFF),
            oversampling_factor: 128,
            interpolation: SincInterpolationType::Linear,
            window: WindowFunction::BlackmanHarris2,
        };
        let ratio = f64::from(LINE_RATE_HZ) / f64::from(rate_hz);
        let resampler = Async::new_sinc(ratio, 1.0, &parameters, CHUNK, 1, FixedAsync::Input)
            .map_err(|_| odd_rate(rate_hz))?;
        let (output, delay) = (vec![0.0; resampler.output_frames_max()], resampler.output_delay());
        let sinc =
            Sinc { resampler, input: Vec::with_capacity(CHUNK), output, delay, taken: 0, given: 0, rate_hz };
        Ok(ToLine { filter: Filter::Sinc(Box::new(sinc)) })
    }

    /// Takes samples and appends what is ready to `out`.
    pub fn push(&mut self, samples: &[i16], out: &mut Vec<i16>) {
        match &mut self.filter {
            Filter::Same => out.extend_from_slice(samples),
            Filter::Sinc(sinc) => {
                sinc.taken += samples.len() as u64;
                sinc.feed(samples, out);
            }
        }
    }

    /// The stream has ended: appends what the filter still holds. A stream is finished once.
    pub fn finish(&mut self, out: &mut Vec<i16>) {
        let Filter::Sinc(sinc) = &mut self.filter else { return };
        let due = sinc.taken * u64::from(LINE_RATE_HZ) / u64::from(sinc.rate_hz);
        let start = out.len();
        let missing = usize::try_from(due.saturating_sub(sinc.given)).unwrap_or(0);
        while out.len() - start < missing {
            sinc.feed(&[0; CHUNK], out);
        }
        out.truncate(start + missing);
    }
}

impl Sinc {
    fn feed(&mut self, samples: &[i16], out: &mut Vec<i16>) {
        for sample in samples {
            self.input.push(f32::from(*sample));
            if self.input.len() == CHUNK {
                self.step(out);
            }
        }
    }

    fn step(&mut self, out: &mut Vec<i16>) {
        let room = self.output.len();
        let input = SequentialSlice::new(&self.input, 1, CHUNK).expect("the chunk is full");
        let mut output =
            SequentialSlice::new_mut(&mut self.output, 1, room).expect("one channel of its length");
        let made = self.resampler.process_into_buffer(&input, &mut output, Some(&Indexing::new()));
        let (_, made) = made.expect("a full chunk in, room for the most a chunk can give out");
        self.input.clear();
        let late = self.delay.min(made);
        self.delay -= late;
        self.given += (made - late) as u64;
        out.extend(self.output[late..made].iter().map(|sample| round(*sample)));
    }
}

/// To the nearest sample, clipped.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a float cast to i16 saturates, which is the clipping wanted"
)]
fn round(value: f32) -> i16 {
    value.round() as i16
}

fn odd_rate(rate_hz: u32) -> Fault {
    Fault::new(
        Owner::Provider,
        format!("audio at {rate_hz} Hz cannot be played on a phone line"),
        "ask the provider for 8,000, 16,000, 22,050, 24,000 or 48,000 Hz",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(hertz: f64, rate_hz: u32, millis: u32) -> Vec<i16> {
        let count = rate_hz * millis / 1_000;
        let turn = |n| (f64::from(n) * hertz * std::f64::consts::TAU / f64::from(rate_hz)).sin();
        (0..count).map(|n| (10_000.0 * turn(n)).round() as i16).collect()
    }

    fn line(samples: &[i16], rate_hz: u32) -> Vec<i16> {
        let mut stream = ToLine::new(rate_hz).expect("a rate that is supported");
        let mut out = Vec::new();
        samples.chunks(77).for_each(|chunk| stream.push(chunk, &mut out));
        stream.finish(&mut out);
        out
    }

    fn peak(samples: &[i16]) -> u16 {
        samples.iter().map(|s| s.unsigned_abs()).max().unwrap_or(0)
    }

    #[test]
    fn speech_keeps_its_length_and_its_level_at_every_rate() {
        for rate in [8_000, 16_000, 22_050, 24_000, 44_100, 48_000] {
            let out = line(&tone(1_000.0, rate, 500), rate);
            assert_eq!(out.len(), 4_000, "{rate} Hz");
            assert!((9_500..10_500).contains(&peak(&out[500..3_500])), "{rate} Hz: {}", peak(&out));
        }
    }

    #[test]
    fn what_a_phone_cannot_carry_does_not_come_back_as_another_tone() {
        for hertz in [4_600.0, 5_500.0, 7_000.0] {
            assert!(peak(&line(&tone(hertz, 16_000, 500), 16_000)[500..3_500]) < 200, "{hertz} Hz");
        }
    }

    #[test]
    fn an_absurd_rate_is_a_fault_that_names_it() {
        for rate in [0, 1, 192_000, u32::MAX] {
            assert!(ToLine::new(rate).unwrap_err().what.contains(&rate.to_string()));
        }
    }
}
