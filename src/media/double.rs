//! 8 kHz to 16 kHz for a recogniser whose model wants wide-band audio.
//!
//! Promises: output sample `2 n` lies at the same instant as input sample `n`; the same on every machine but for
//! the last bit of `sin`.
//! Never: adds a sound above the telephone band that a model could take for speech.

/// Samples on either side of the one between: twenty zero crossings of the sinc in all.
const REACH: usize = 10;
/// Kaiser's shape parameter: 50 dB of stop band, the usual choice of polyphase resamplers.
const KAISER_BETA: f64 = 5.0;

/// Twice the samples: every input sample, and after it the windowed-sinc value half way to the next.
#[must_use]
pub fn double(samples: &[i16]) -> Vec<i16> {
    let taps = taps();
    let quiet = [0; REACH];
    let line = [&quiet, samples, &quiet].concat();
    let between = line[1..].windows(2 * REACH).map(|near| {
        let sum: f64 = near.iter().zip(&taps).map(|(sample, tap)| f64::from(*sample) * tap).sum();
        round(sum)
    });
    samples.iter().copied().zip(between).flat_map(|(sample, next)| [sample, next]).collect()
}

/// To the nearest sample, clipped: `as` saturates.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a float cast to i16 saturates, which is the clipping wanted"
)]
fn round(value: f64) -> i16 {
    value.round() as i16
}

/// The filter at half-sample offsets, scaled so that a constant stays what it is.
fn taps() -> [f64; 2 * REACH] {
    let taps: [f64; 2 * REACH] = std::array::from_fn(|n| {
        let offset = n as f64 + 0.5 - REACH as f64;
        let angle = offset * std::f64::consts::PI;
        let edge = offset / REACH as f64;
        angle.sin() / angle * bessel(KAISER_BETA * (1.0 - edge * edge).sqrt()) / bessel(KAISER_BETA)
    });
    let gain: f64 = taps.iter().sum();
    taps.map(|tap| tap / gain)
}

/// The modified Bessel function of order zero, by its series; 25 terms are exact for arguments up to 10.
fn bessel(x: f64) -> f64 {
    let mut term = 1.0;
    (1..25).fold(1.0, |sum, k| {
        term *= (x / 2.0 / f64::from(k)).powi(2);
        sum + term
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(hertz: f64, rate: f64, count: usize) -> Vec<i16> {
        let turn = |n: usize| (n as f64 * hertz * std::f64::consts::TAU / rate).sin();
        (0..count).map(|n| round(10_000.0 * turn(n))).collect()
    }

    #[test]
    fn a_tone_of_the_telephone_band_is_the_same_tone_with_twice_the_samples() {
        for hertz in [300.0, 1_000.0, 2_500.0, 3_000.0] {
            let doubled = double(&tone(hertz, 8_000.0, 800));
            let wanted = tone(hertz, 16_000.0, 1_600);
            let worst = doubled.iter().zip(&wanted).skip(50).take(1_500).map(|(a, b)| (a - b).abs()).max();
            assert!(worst.expect("some number was tried") < 200, "{hertz} Hz is off by {worst:?} of 10,000");
        }
    }

    #[test]
    fn silence_stays_silence_and_full_scale_does_not_wrap() {
        assert!(double(&[]).is_empty());
        assert_eq!(double(&[0; 100]), [0; 200]);
        let square: Vec<i16> = (0..400).map(|n| if n / 20 % 2 == 0 { i16::MAX } else { i16::MIN }).collect();
        let doubled = double(&square);
        assert!(doubled[20..38].iter().all(|s| *s > 20_000), "clipped, never wrapped");
    }
}
