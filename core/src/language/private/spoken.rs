//! A private value as an agent says it to the caller whose it is.
//!
//! Promises: of a card only its last four digits are said; an address is said in words.
//! Never: says a value that nobody knows: then it says what it is.

use super::super::Language;
use super::super::digits::digits_spoken;
use crate::base::PrivateKind;

/// Digits of a card that may be said aloud, and shown (PCI DSS 3.4).
const CARD_DIGITS_SAID: usize = 4;

/// The words for a value.
#[must_use]
pub fn private_spoken(language: Language, kind: PrivateKind, value: &str) -> String {
    match kind {
        PrivateKind::Card => {
            let last = value.len().saturating_sub(CARD_DIGITS_SAID);
            let last = digits_spoken(language, value.get(last..).unwrap_or(""));
            format!("{} {last}", language.tables().private.card_end)
        }
        PrivateKind::Email => address_spoken(language, value),
        PrivateKind::Phone | PrivateKind::NationalId | PrivateKind::Keys => digits_spoken(language, value),
    }
}

/// What stands for a value that is not known any more.
#[must_use]
pub fn private_unknown(language: Language, kind: PrivateKind) -> &'static str {
    let words = &language.tables().private;
    match kind {
        PrivateKind::Card => words.card,
        PrivateKind::Email => words.email,
        PrivateKind::Phone => words.phone,
        PrivateKind::NationalId => words.national_id,
        PrivateKind::Keys => words.keys,
    }
}

/// Words as they are, signs by their names.
fn address_spoken(language: Language, value: &str) -> String {
    let mut spoken = String::with_capacity(2 * value.len());
    for c in value.chars() {
        let signs = language.tables().private.signs;
        let Some((_, name)) = signs.iter().find(|(sign, _)| *sign == c) else {
            spoken.push(c);
            continue;
        };
        spoken.push(' ');
        spoken.push_str(name);
        spoken.push(' ');
    }
    spoken
}

#[cfg(test)]
mod tests {
    use super::*;
    use Language::{English, Spanish};

    #[test]
    fn a_value_is_said_as_its_kind_is_said_and_of_a_card_no_more_than_its_end() {
        for (language, kind, value, said) in [
            (English, PrivateKind::Card, "4111111111111234", "ending in one two three four"),
            (Spanish, PrivateKind::Card, "4111111111111234", "terminada en uno dos tres cuatro"),
            (English, PrivateKind::Email, "ana.d@example.com", "ana dot d at example dot com"),
            (Spanish, PrivateKind::Email, "ana_d@ejemplo.es", "ana guion bajo d arroba ejemplo punto es"),
            (English, PrivateKind::Keys, "1182", "one one eight two"),
            (Spanish, PrivateKind::NationalId, "12Z", "uno dos Z"),
        ] {
            assert_eq!(private_spoken(language, kind, value), said);
        }
    }
}
