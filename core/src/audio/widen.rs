//! Band-widening 8 kHz → 16 kHz for the voice detector: a half-band interpolator, a windowed sinc in
//! integers.
//!
//! Promises: the same samples out however they are cut into frames; no image of the band above 4.6 kHz stands
//! higher than −40 dB.
//! Never: a float, an FFT; invents nothing above 4 kHz.

/// The samples between two of the caller's: sinc at half-sample offsets under a Kaiser window (beta 5), Q14,
/// summing to one.
const HALF_BAND: [i16; TAPS] =
    [-49, 134, -287, 541, -954, 1671, -3216, 10352, 10352, -3216, 1671, -954, 541, -287, 134, -49];
const TAPS: usize = 16;
const Q: i32 = 14;
/// Samples kept from one block for the next.
const KEPT: usize = TAPS - 1;

/// The filter's state: the last samples of the block before.
#[derive(Clone, Debug, Default)]
pub(super) struct Widen {
    kept: [i16; KEPT],
}

impl Widen {
    /// `N` samples at 8 kHz into `2 N` at 16 kHz, seven and a half samples late.
    pub(super) fn widen<const N: usize>(&mut self, samples: &[i16; N], out: &mut [i16]) {
        debug_assert_eq!(out.len(), 2 * N, "two samples out for one in");
        let mut line = [0_i16; LINE_MAX];
        line[..KEPT].copy_from_slice(&self.kept);
        line[KEPT..KEPT + N].copy_from_slice(samples);
        for (pair, taps) in out.chunks_exact_mut(2).zip(line[..KEPT + N].windows(TAPS)) {
            let between: i32 = taps.iter().zip(&HALF_BAND).map(|(&s, &h)| i32::from(s) * i32::from(h)).sum();
            pair[0] = taps[TAPS / 2 - 1];
            pair[1] = ((between + (1 << (Q - 1))) >> Q).clamp(-32_768, 32_767) as i16;
        }
        self.skip(samples);
    }

    /// Passes over samples that nobody wants widened.
    pub(super) fn skip<const N: usize>(&mut self, samples: &[i16; N]) {
        const { assert!(N >= KEPT && N + KEPT <= LINE_MAX) };
        self.kept.copy_from_slice(&samples[N - KEPT..]);
    }
}

/// Room for the longest block and what is kept before it.
const LINE_MAX: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(hz: f64) -> Vec<i16> {
        (0..1_024)
            .map(|n| (10_000.0 * (std::f64::consts::TAU * hz * f64::from(n) / 8_000.0).sin()) as i16)
            .collect()
    }

    fn widened<const N: usize>(samples: &[i16]) -> Vec<i16> {
        let mut widen = Widen::default();
        let mut out = vec![0; samples.len() * 2];
        for (block, wide) in samples.chunks_exact(N).zip(out.chunks_exact_mut(2 * N)) {
            widen.widen::<N>(block.try_into().unwrap(), wide);
        }
        out
    }

    /// The power of one frequency at 16 kHz, over whole periods of 15.625 Hz.
    fn power(samples: &[i16], hz: f64) -> f64 {
        let (mut re, mut im) = (0.0, 0.0);
        for (n, &s) in samples.iter().enumerate() {
            let angle = std::f64::consts::TAU * hz * n as f64 / 16_000.0;
            re += f64::from(s) * angle.cos();
            im += f64::from(s) * angle.sin();
        }
        re * re + im * im
    }

    #[test]
    fn blocks_of_any_length_join_without_a_seam() {
        let samples = tone(1_312.5);
        assert_eq!(widened::<128>(&samples), widened::<32>(&samples));
    }

    #[test]
    fn skipping_keeps_the_next_block_whole() {
        let samples = tone(500.0);
        let mut widen = Widen::default();
        widen.skip::<128>(samples[..128].try_into().unwrap());
        let mut out = [0; 256];
        widen.widen::<128>(samples[128..256].try_into().unwrap(), &mut out);
        assert_eq!(out[..], widened::<128>(&samples)[256..512]);
    }

    #[test]
    fn the_band_passes_and_its_image_does_not() {
        for hz in [312.5, 1_000.0, 2_000.0, 3_000.0, 3_406.25] {
            let wide = widened::<128>(&tone(hz));
            let steady = &wide[1_024..];
            let (kept, image) = (power(steady, hz), power(steady, 8_000.0 - hz));
            let whole = (10_000.0 * steady.len() as f64 / 2.0).powi(2);
            assert!((0.85..1.05).contains(&(kept / whole)), "{hz} Hz keeps {}", kept / whole);
            assert!(image < kept * 1e-4 || hz > 3_400.0, "{hz} Hz: image {}", image / kept);
        }
    }

    #[test]
    fn full_scale_does_not_wrap() {
        let square: Vec<i16> = (0..256).map(|n| if n / 4 % 2 == 0 { 32_767 } else { -32_768 }).collect();
        let wide = widened::<128>(&square);
        for (n, &s) in square.iter().enumerate().take(240).skip(16) {
            let near = wide[2 * (n + 8)];
            assert_eq!(near, s, "the given samples pass unchanged");
        }
        assert!(wide.contains(&32_767) && wide.contains(&-32_768));
    }
}
