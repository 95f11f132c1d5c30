//! G.711 mu-law, one byte a sample.
//!
//! Source: ITU-T G.711 (11/88), table 2, in the usual bit form: bias 0x84, bits inverted.
//!
//! Promises: decoding what was encoded gives the nearest value the law has.
//! Never: resamples or filters.

/// The byte of no sound: plus zero. 0x00 would be the loudest one.
pub(super) const SILENCE: u8 = 0xFF;

const BIAS: i32 = 0x84;
const CLIP: i32 = 32_635;

pub(super) fn encode(sample: i16) -> u8 {
    let wide = i32::from(sample);
    let sign = if wide < 0 { 0x80 } else { 0 };
    let magnitude = wide.abs().min(CLIP) + BIAS;
    // BIAS has bit 7 set, so the highest bit is 7 to 14.
    let exponent = 31 - magnitude.leading_zeros() - 7;
    let mantissa = (magnitude >> (exponent + 3)) & 0x0F;
    let code = sign | i32::try_from(exponent << 4).expect("at most 0x70") | mantissa;
    !u8::try_from(code).expect("sign, three bits and four")
}

pub(super) const fn decode(byte: u8) -> i16 {
    DECODED[byte as usize]
}

static DECODED: [i16; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let bits = !(byte as u8);
        let magnitude = ((((bits & 0x0F) as i16) << 3) + BIAS as i16) << ((bits >> 4) & 7);
        let value = magnitude - BIAS as i16;
        table[byte] = if bits & 0x80 == 0 { value } else { -value };
        byte += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_and_the_middle_are_those_of_the_table() {
        for (byte, sample) in [(0x80, 32_124), (0x00, -32_124), (0xFF, 0), (0x7F, 0), (0xFE, 8), (0xEF, 132)]
        {
            assert_eq!(decode(byte), sample, "{byte:#x}");
        }
        assert_eq!((encode(0), encode(i16::MAX), encode(i16::MIN)), (SILENCE, 0x80, 0x00));
    }

    #[test]
    fn every_byte_survives_and_every_sample_finds_its_nearest_value() {
        for byte in (0..=255_u8).filter(|b| *b != 0x7F) {
            assert_eq!(encode(decode(byte)), byte);
        }
        for sample in i16::MIN..=i16::MAX {
            let error = (i32::from(decode(encode(sample))) - i32::from(sample)).abs();
            // Half of a step, which is a sixteenth of the segment; clipped at the top.
            assert!(error <= (i32::from(sample).abs() + BIAS) / 32 + 4 || i32::from(sample).abs() > 32_124);
        }
    }
}
