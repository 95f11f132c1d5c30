//! G.711, the telephone's codec: one byte a sample, in two laws.
//!
//! Promises: a sample comes back within half a step of its segment, a louder one never quieter;
//! `encode(decode(b)) == b` for every code but mu-law's negative zero.
//! Never: knows frames or time.

use std::collections::VecDeque;

/// The two laws of ITU-T G.711: mu in North America and Japan, A elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Law {
    Mu,
    A,
}

impl Law {
    /// One code as a sample.
    #[must_use]
    pub fn decode(self, code: u8) -> i16 {
        self.table()[usize::from(code)]
    }

    /// One sample as a code.
    #[must_use]
    pub fn encode(self, sample: i16) -> u8 {
        match self {
            Law::Mu => encode_mu(sample),
            Law::A => encode_a(sample),
        }
    }

    /// The code of silence: 0xFF or 0xD5.
    #[must_use]
    pub const fn silence(self) -> u8 {
        match self {
            Law::Mu => 0xFF,
            Law::A => 0xD5,
        }
    }

    /// Appends the samples of `codes` to `out`.
    pub fn decode_into(self, codes: &[u8], out: &mut Vec<i16>) {
        let table = self.table();
        out.extend(codes.iter().map(|&code| table[usize::from(code)]));
    }

    /// Appends the codes of `samples` to `out`.
    pub(super) fn encode_into(self, samples: &[i16], out: &mut VecDeque<u8>) {
        match self {
            Law::Mu => out.extend(samples.iter().map(|&sample| encode_mu(sample))),
            Law::A => out.extend(samples.iter().map(|&sample| encode_a(sample))),
        }
    }

    fn table(self) -> &'static [i16; 256] {
        match self {
            Law::Mu => &MU,
            Law::A => &A,
        }
    }
}

/// Added to a magnitude before its segment is taken, so that every segment starts at a power of two.
const MU_BIAS: i32 = 0x84;
/// The largest magnitude that fits the top segment with its bias.
const MU_CLIP: i32 = 32_635;

static MU: [i16; 256] = table(Law::Mu);
static A: [i16; 256] = table(Law::A);

const fn table(law: Law) -> [i16; 256] {
    let mut all = [0_i16; 256];
    let mut code = 0;
    while code < 256 {
        all[code] = match law {
            Law::Mu => decode_mu(code as u8),
            Law::A => decode_a(code as u8),
        };
        code += 1;
    }
    all
}

const fn decode_mu(code: u8) -> i16 {
    let bits = !code;
    let segment = (bits >> 4) & 7;
    let magnitude = (((((bits & 15) as i32) << 3) + MU_BIAS) << segment) - MU_BIAS;
    (if bits & 0x80 == 0 { magnitude } else { -magnitude }) as i16
}

const fn decode_a(code: u8) -> i16 {
    let bits = code ^ 0x55;
    let segment = (bits >> 4) & 7;
    let step = (((bits & 15) as i32) << 4) + 8;
    let magnitude = if segment == 0 { step } else { (step + 256) << (segment - 1) };
    (if bits & 0x80 == 0 { -magnitude } else { magnitude }) as i16
}

fn encode_mu(sample: i16) -> u8 {
    let sign = if sample < 0 { 0x80 } else { 0 };
    let biased = (i32::from(sample).abs().min(MU_CLIP) + MU_BIAS) as u32;
    // Bits 7 to 14 hold the leading one: the bias sets bit 7 at least, the clip keeps bit 15 clear.
    let segment = 24 - biased.leading_zeros();
    let step = (biased >> (segment + 3)) & 15;
    !(sign | (segment << 4 | step) as u8)
}

fn encode_a(sample: i16) -> u8 {
    let sign = if sample < 0 { 0 } else { 0x80 };
    let magnitude = if sample < 0 { !sample } else { sample } as u32 >> 4;
    // Below 16 the law is linear; above, each doubling is a segment of 16 steps.
    let segment = 28_u32.saturating_sub((magnitude | 1).leading_zeros());
    let step = if segment == 0 { magnitude } else { (magnitude >> (segment - 1)) & 15 };
    (sign | (segment << 4 | step) as u8) ^ 0x55
}

#[cfg(test)]
mod tests {
    use super::*;

    const MU_NEGATIVE_ZERO: u8 = 0x7F;

    #[test]
    fn every_code_comes_back_but_negative_zero() {
        for law in [Law::Mu, Law::A] {
            for code in 0..=255 {
                let back = law.encode(law.decode(code));
                let want = if (law, code) == (Law::Mu, MU_NEGATIVE_ZERO) { 0xFF } else { code };
                assert_eq!(back, want, "{law:?} {code:#04x}");
            }
        }
    }

    #[test]
    fn every_sample_comes_back_within_half_a_step_and_in_order() {
        for law in [Law::Mu, Law::A] {
            let mut before = i16::MIN;
            for sample in i16::MIN..=i16::MAX {
                let code = law.encode(sample);
                let back = law.decode(code);
                let segment = match law {
                    Law::Mu => (!code >> 4) & 7,
                    Law::A => ((code ^ 0x55) >> 4) & 7,
                };
                let half_a_step = match law {
                    Law::Mu => 4 << segment,
                    Law::A => 8 << segment.saturating_sub(1),
                };
                let inside = i32::from(sample).clamp(-MU_CLIP, MU_CLIP);
                let error = (i32::from(back) - inside).abs();
                assert!(error <= half_a_step, "{law:?} {sample}: {back}");
                assert!(back >= before, "{law:?} {sample}: {back} after {before}");
                before = back;
            }
        }
    }

    #[test]
    fn known_codes_of_the_standard() {
        for (law, code, sample) in [
            (Law::Mu, 0xFF, 0),
            (Law::Mu, 0x00, -32_124),
            (Law::Mu, 0x80, 32_124),
            (Law::A, 0xD5, 8),
            (Law::A, 0x55, -8),
            (Law::A, 0xAA, 32_256),
            (Law::A, 0x2A, -32_256),
        ] {
            assert_eq!(law.decode(code), sample, "{law:?} {code:#04x}");
        }
        assert_eq!((Law::Mu.silence(), Law::A.silence()), (Law::Mu.encode(0), Law::A.encode(0)));
    }
}
