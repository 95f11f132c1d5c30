//! Digests over canonical JSON: the same meaning gives the same bytes, so a yes covers exactly one action.
//!
//! Promises: keys sorted, numbers as plain decimal text, strings in NFC; `20`, `20.0` and `2e1` are one number.
//! Never: depends on the order in which a map was filled or a number was written.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use unicode_normalization::UnicodeNormalization as _;

/// The first 128 bits of a SHA-256, enough that no two actions of a call share one; prints as 32 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Digest([u8; 16]);

impl Digest {
    #[must_use]
    pub fn of_bytes(bytes: &[u8]) -> Digest {
        Digest::of_hash(&Sha256::digest(bytes).into())
    }

    /// Of a hash of 256 bits that was made otherwise, with a key.
    #[must_use]
    pub fn of_hash(full: &[u8; 32]) -> Digest {
        let mut half = [0_u8; 16];
        half.copy_from_slice(&full[..16]);
        Digest(half)
    }

    #[must_use]
    pub fn of_json(value: &Value) -> Digest {
        Digest::of_bytes(canonical_json(value).as_bytes())
    }

    /// The same as a number.
    #[must_use]
    pub fn number(self) -> u128 {
        u128::from_be_bytes(self.0)
    }

    /// Reads what `Display` writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Digest> {
        if text.len() != 32 || !text.is_ascii() {
            return None;
        }
        let mut bytes = [0_u8; 16];
        for (i, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * i..2 * i + 2], 16).ok()?;
        }
        Some(Digest(bytes))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut hex = String::with_capacity(2 * self.0.len());
        let digit = |n: u8| char::from_digit(u32::from(n), 16).unwrap_or('0');
        self.0.iter().for_each(|byte| hex.extend([digit(byte >> 4), digit(byte & 15)]));
        f.write_str(&hex)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

/// One text for one meaning: sorted keys, decimal numbers, NFC strings, no spaces.
#[must_use]
pub fn canonical_json(value: &Value) -> String {
    let mut out = String::new();
    write_canonical(value, &mut out);
    out
}

fn write_canonical(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
        Value::Number(n) => out.push_str(&decimal(&n.to_string())),
        Value::String(s) => write_canonical_text(s, out),
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                out.push_str(if i == 0 { "" } else { "," });
                write_canonical(item, out);
            }
            out.push(']');
        }
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort();
            out.push('{');
            for (i, key) in keys.into_iter().enumerate() {
                out.push_str(if i == 0 { "" } else { "," });
                write_canonical_text(key, out);
                out.push(':');
                write_canonical(&map[key], out);
            }
            out.push('}');
        }
    }
}

/// A text as canonical JSON has it: composed, between quotes.
pub fn write_canonical_text(text: &str, out: &mut String) {
    // Most texts of most calls stand between quotes as they are.
    if text.bytes().all(|b| matches!(b, b' '..=b'~') && !matches!(b, b'"' | b'\\')) {
        out.push('"');
        out.push_str(text);
        out.push('"');
    } else {
        out.push_str(&Value::String(text.nfc().collect()).to_string());
    }
}

/// `2e1` and `20.0` as `20`; `0.50` as `0.5`. Works on the digits, never on a float.
fn decimal(written: &str) -> String {
    let (sign, rest) = written.strip_prefix('-').map_or(("", written), |r| ("-", r));
    let (mantissa, exponent) = rest.split_once(['e', 'E']).unwrap_or((rest, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent: i64 = exponent.parse().unwrap_or(0);
    let digits = format!("{whole}{fraction}");
    let point = i64::try_from(whole.len()).unwrap_or(i64::MAX).saturating_add(exponent);
    // JSON's own numbers stay within a double's range, so the padding below is at most some 330 zeros.
    let mut digits = digits;
    let mut point = point.clamp(-400, 800);
    while point <= 0 {
        digits.insert(0, '0');
        point += 1;
    }
    let point = usize::try_from(point).unwrap_or(0);
    while digits.len() < point {
        digits.push('0');
    }
    let whole = digits[..point].trim_start_matches('0');
    let fraction = digits[point..].trim_end_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let sign = if whole == "0" && fraction.is_empty() { "" } else { sign };
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_has_one_text() {
        for (written, want) in [
            ("20", "20"),
            ("20.0", "20"),
            ("2e1", "20"),
            ("-0.0", "0"),
            ("0.50", "0.5"),
            ("1.5e-3", "0.0015"),
        ] {
            assert_eq!(decimal(written), want, "{written}");
        }
    }

    #[test]
    fn key_order_and_composed_letters_do_not_change_a_digest() {
        let one: Value = serde_json::from_str(r#"{"b": 1, "a": "cafe\u0301"}"#).unwrap();
        let two: Value = serde_json::from_str(r#"{"a": "caf\u00e9", "b": 1.0}"#).unwrap();
        assert_eq!(Digest::of_json(&one), Digest::of_json(&two));
        assert_eq!(Digest::parse(&Digest::of_json(&one).to_string()), Some(Digest::of_json(&one)));
    }

    #[test]
    fn another_amount_is_another_digest() {
        let one: Value = serde_json::from_str(r#"{"amount": "20"}"#).unwrap();
        let two: Value = serde_json::from_str(r#"{"amount": "21"}"#).unwrap();
        assert_ne!(Digest::of_json(&one), Digest::of_json(&two));
    }
}
