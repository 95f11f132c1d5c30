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
            match language {
                Language::English => format!("ending in {last}"),
                Language::Spanish => format!("terminada en {last}"),
            }
        }
        PrivateKind::Email => address_spoken(language, value),
        PrivateKind::Phone | PrivateKind::NationalId | PrivateKind::Keys => digits_spoken(language, value),
    }
}

/// What stands for a value that is not known any more.
#[must_use]
pub fn private_unknown(language: Language, kind: PrivateKind) -> &'static str {
    match (language, kind) {
        (Language::English, PrivateKind::Card) => "your card",
        (Language::English, PrivateKind::Email) => "your address",
        (Language::English, PrivateKind::Phone) => "your phone number",
        (Language::English, PrivateKind::NationalId) => "your identity number",
        (Language::English, PrivateKind::Keys) => "what you keyed in",
        (Language::Spanish, PrivateKind::Card) => "su tarjeta",
        (Language::Spanish, PrivateKind::Email) => "su dirección",
        (Language::Spanish, PrivateKind::Phone) => "su número de teléfono",
        (Language::Spanish, PrivateKind::NationalId) => "su documento de identidad",
        (Language::Spanish, PrivateKind::Keys) => "lo que ha marcado",
    }
}

/// Words as they are, signs by their names.
fn address_spoken(language: Language, value: &str) -> String {
    let mut spoken = String::with_capacity(2 * value.len());
    for c in value.chars() {
        let name = match (c, language) {
            ('@', Language::English) => "at",
            ('@', Language::Spanish) => "arroba",
            ('.', Language::English) => "dot",
            ('.', Language::Spanish) => "punto",
            ('-', Language::English) => "dash",
            ('-', Language::Spanish) => "guion",
            ('_', Language::English) => "underscore",
            ('_', Language::Spanish) => "guion bajo",
            ('+', Language::English) => "plus",
            ('+', Language::Spanish) => "más",
            (other, _) => {
                spoken.push(other);
                continue;
            }
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
