//! Whole numbers, spoken and read, and numbers as they are written.
//!
//! Promises: reading what was spoken gives the number back; 0 to 9,999 are proved one by one.
//! Never: reads part of a text as its number, or rounds.

use super::Language;
use super::spanish::numbers::Counted;
use super::tokens::{texts, words};
use super::{english, spanish};

/// In words, without anything counted: 1182 is "one thousand one hundred eighty-two".
#[must_use]
pub fn number_spoken(language: Language, n: u32) -> String {
    match language {
        Language::English => english::numbers::spoken(n),
        Language::Spanish => spanish::numbers::spoken(n, Counted::Alone),
    }
}

/// The number the whole text says, in words up to 999,999 or in digits ("1182", "1,182"); none if any word is left over.
#[must_use]
pub fn number_read(language: Language, text: &str) -> Option<u32> {
    let words = words(text);
    let (n, used) = number_at(language, &texts(&words))?;
    (used == words.len()).then_some(n)
}

/// The longest number at the start of the words, and how many words it takes.
pub(super) fn number_at(language: Language, words: &[&str]) -> Option<(u32, usize)> {
    let first = *words.first()?;
    if first.starts_with(|c: char| c.is_ascii_digit()) {
        let written = Written::read(language, first)?;
        return written.whole().and_then(|n| u32::try_from(n).ok()).map(|n| (n, 1));
    }
    match language {
        Language::English => english::numbers::read(words),
        Language::Spanish => spanish::numbers::read(words),
    }
}

/// A number as written: `1182`, `1,182`, `20.50`. Digits kept as text, nothing rounded.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) units: u64,
    /// The decimals and the mark before them.
    pub(super) decimals: Option<(char, String)>,
}

impl Written {
    /// Whether a mark opens decimals or groups thousands follows the language; doubt (`20,50` in English) is none.
    pub(super) fn read(language: Language, text: &str) -> Option<Written> {
        let tables = language.tables();
        let groups: Vec<&str> = text.split(['.', ',']).collect();
        if groups.iter().any(|g| g.is_empty() || !g.chars().all(|c| c.is_ascii_digit())) {
            return None;
        }
        let marks: Vec<char> = text.chars().filter(|c| !c.is_ascii_digit()).collect();
        let (last, before) = groups.split_last()?;
        let decimal = marks.last().filter(|m| last.len() <= DECIMALS_MAX && tables.decimal_marks.contains(m));
        let (whole, grouping) = match decimal {
            Some(_) => (before, &marks[..marks.len() - 1]),
            None => (groups.as_slice(), marks.as_slice()),
        };
        let other_than_decimal = grouping.iter().all(|m| Some(m) != decimal);
        let one_mark = grouping.windows(2).all(|m| m[0] == m[1]);
        let allowed = grouping.iter().all(|m| tables.group_marks.contains(m));
        if !(other_than_decimal && one_mark && allowed && grouped(whole)) {
            return None;
        }
        Some(Written {
            units: whole.concat().parse().ok()?,
            decimals: decimal.map(|m| (*m, (*last).to_owned())),
        })
    }

    pub(super) fn whole(&self) -> Option<u64> {
        self.decimals.is_none().then_some(self.units)
    }
}

/// Money has at most two decimals here; three after a mark are a group of thousands or a doubt.
const DECIMALS_MAX: usize = 2;

/// One plain run of digits, or groups of three after the first; a leading zero is a code, not a number.
fn grouped(groups: &[&str]) -> bool {
    let Some((first, rest)) = groups.split_first() else { return false };
    let leads_with_zero = first.starts_with('0') && (first.len() > 1 || !rest.is_empty());
    !leads_with_zero && rest.iter().all(|g| g.len() == 3) && (rest.is_empty() || first.len() <= 3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Language::{English, Spanish};

    #[test]
    fn every_number_to_9999_is_read_back_as_it_was_spoken() {
        for language in Language::ALL {
            for n in 0..=9999 {
                let spoken = number_spoken(language, n);
                assert_eq!(number_read(language, &spoken), Some(n), "{spoken}");
                assert_eq!(number_read(language, &n.to_string()), Some(n));
            }
        }
        for n in 0..=9999 {
            for counted in [Counted::Masculine, Counted::Feminine] {
                let spoken = spanish::numbers::spoken(n, counted);
                assert_eq!(number_read(Spanish, &spoken), Some(n), "{spoken}");
            }
        }
    }

    #[test]
    fn numbers_are_spoken_as_people_do() {
        let table = [
            (English, 1182, "one thousand one hundred eighty-two"),
            (English, 0, "zero"),
            (English, 20, "twenty"),
            (English, 1_000_001, "one million one"),
            (Spanish, 1182, "mil ciento ochenta y dos"),
            (Spanish, 21_000, "veintiún mil"),
            (Spanish, 100, "cien"),
            (Spanish, 555, "quinientos cincuenta y cinco"),
            (Spanish, 1_000_000, "un millón"),
            (Spanish, 31_001_000, "treinta y un millones mil"),
        ];
        for (language, n, spoken) in table {
            assert_eq!(number_spoken(language, n), spoken);
        }
        assert!(number_spoken(English, u32::MAX).starts_with("four billion"));
        assert!(
            number_spoken(Spanish, u32::MAX).starts_with("cuatro mil doscientos noventa y cuatro millones")
        );
    }

    #[test]
    fn other_ways_to_say_a_number_are_read_and_doubt_is_not() {
        let table = [
            (English, "One hundred and five.", Some(105)),
            (English, "a hundred", Some(100)),
            (English, "twelve hundred", Some(1200)),
            (English, "a thousand and one", Some(1001)),
            (English, "1,182", Some(1182)),
            (English, "1.182", None),
            (English, "1,18", None),
            (English, "007", None),
            (English, "twenty fifty", None),
            (English, "twenty eleven", None),
            (English, "twenty dollars", None),
            (English, "minus five", None),
            (English, "-5", None),
            (English, "a", None),
            (English, "and five", None),
            (English, "hundred", None),
            (English, "5:30", None),
            (English, "99999999999999999999", None),
            (English, "", None),
            (Spanish, "Veintidós", Some(22)),
            (Spanish, "diez y seis", Some(16)),
            (Spanish, "doscientas treinta y una", Some(231)),
            (Spanish, "un mil", Some(1000)),
            (Spanish, "uno mil", None),
            (Spanish, "1.182", Some(1182)),
            (Spanish, "1,182", Some(1182)),
            (Spanish, "1.18", None),
            (Spanish, "ciento", None),
            (Spanish, "por ciento", None),
            (Spanish, "treinta y", None),
            (Spanish, "veinte cincuenta", None),
            (Spanish, "menos cinco", None),
            (Spanish, "cien mil", Some(100_000)),
        ];
        for (language, text, expected) in table {
            assert_eq!(number_read(language, text), expected, "{text}");
        }
    }
}
