//! Strings of digits (order numbers, codes), spoken one by one and read however a caller groups them.
//!
//! Promises: what was spoken is read back; zeros in front are kept.
//! Never: reads a text of which any word is not part of the digits.

use super::Language;
use super::number::{Written, number_at, number_spoken};
use super::tokens::{texts, words};

/// One word per digit: "1182" is "one one eight two". Letters stay, one by one; all else is dropped.
#[must_use]
pub fn digits_spoken(language: Language, digits: &str) -> String {
    let spoken: Vec<String> = digits
        .chars()
        .filter(|c| c.is_alphanumeric())
        .map(|c| c.to_digit(10).map_or_else(|| c.to_uppercase().collect(), |d| number_spoken(language, d)))
        .collect();
    spoken.join(" ")
}

/// The digits the whole text says: "one one eight two", "eleven eighty two", "double five", "1 1 8 2", "1182".
#[must_use]
pub fn digits_read(language: Language, text: &str) -> Option<String> {
    let words = words(text);
    let run = digits_at(language, &texts(&words))?;
    (run.used == words.len()).then_some(run.digits).flatten()
}

/// The longest stretch of digit words at the start; no digits if they can be read in two ways.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) digits: Option<String>,
    pub(super) used: usize,
}

pub(super) fn digits_at(language: Language, words: &[&str]) -> Option<Run> {
    let mut digits = String::new();
    let mut used = 0;
    let mut items = 0;
    let mut must_stand_alone = false;
    while let Some(item) = item(language, &words[used..]) {
        digits.push_str(&item.digits);
        used += item.used;
        items += 1;
        must_stand_alone |= item.stands_alone;
    }
    // "uno mil", "one, two thousand": is the thousand a digit string or a number?
    let doubt = must_stand_alone && items > 1;
    (items > 0).then_some(Run { digits: (!doubt).then_some(digits), used })
}

/// One group of digits at the start of the words, and how many words say it.
pub(super) fn digit_item(language: Language, words: &[&str]) -> Option<(String, usize)> {
    item(language, words).map(|item| (item.digits, item.used))
}

struct Item {
    digits: String,
    used: usize,
    stands_alone: bool,
}

fn item(language: Language, words: &[&str]) -> Option<Item> {
    let first = *words.first()?;
    let tables = language.tables();
    if let Some((_, digit)) = tables.digit_words.iter().find(|(word, _)| *word == first) {
        return Some(Item { digits: digit.to_string(), used: 1, stands_alone: false });
    }
    if let Some((_, times)) = tables.repeats.iter().find(|(word, _)| *word == first) {
        let again = words.get(1..2).and_then(|next| digits_at(language, next))?.digits?;
        return (again.len() == 1).then(|| Item {
            digits: again.repeat(*times),
            used: 2,
            stands_alone: false,
        });
    }
    if first.chars().all(|c| c.is_ascii_digit()) {
        return Some(Item { digits: first.to_owned(), used: 1, stands_alone: false });
    }
    if first.starts_with(|c: char| c.is_ascii_digit()) {
        let n = Written::read(language, first)?.whole()?;
        return Some(Item { digits: n.to_string(), used: 1, stands_alone: true });
    }
    let (n, used) = number_at(language, words)?;
    Some(Item { digits: n.to_string(), used, stands_alone: n >= 1000 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use Language::{Catalan, English, French, German, Italian, Portuguese, Spanish};

    #[test]
    fn digits_are_read_however_they_are_grouped_and_doubt_is_not() {
        let table = [
            (English, "one one eight two", Some("1182")),
            (English, "Eleven eighty-two.", Some("1182")),
            (English, "double five", Some("55")),
            (English, "double oh seven", Some("007")),
            (English, "triple nine one", Some("9991")),
            (English, "oh four two", Some("042")),
            (English, "1 1 8 2", Some("1182")),
            (English, "1182", Some("1182")),
            (English, "1,182", Some("1182")),
            (English, "0042", Some("0042")),
            (English, "555-1234", Some("5551234")),
            (English, "one thousand one hundred eighty-two", Some("1182")),
            (English, "five hundred", Some("500")),
            (English, "twenty twenty one", Some("2021")),
            (English, "one two thousand", None),
            (English, "double eleven", None),
            (English, "double", None),
            (English, "one one please", None),
            (English, "is it one", None),
            (English, "11.82", None),
            (English, "-5", None),
            (English, "", None),
            (Spanish, "once ochenta y dos", Some("1182")),
            (Spanish, "uno uno ocho dos", Some("1182")),
            (Spanish, "doble cinco", Some("55")),
            (Spanish, "cero cero siete", Some("007")),
            (Spanish, "mil ciento ochenta y dos", Some("1182")),
            (Spanish, "seiscientos doce treinta y cuatro", Some("61234")),
            (Spanish, "uno mil", None),
            (Spanish, "uno o dos", None),
            (Spanish, "uno y dos", None),
            (Portuguese, "meia cinco um", Some("651")),
            (Portuguese, "onze oitenta e dois", Some("1182")),
            (French, "onze quatre-vingt-deux", Some("1182")),
            (French, "zéro six", Some("06")),
            (German, "eins eins acht zwo", Some("1182")),
            (German, "elf zweiundachtzig", Some("1182")),
            (Italian, "undici ottantadue", Some("1182")),
            (Catalan, "u u vuit dos", Some("1182")),
            (Catalan, "onze vuitanta-dos", Some("1182")),
        ];
        for (language, text, expected) in table {
            assert_eq!(digits_read(language, text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn any_digits_are_read_back_as_they_were_spoken() {
        for language in Language::ALL {
            for n in 0..=9999u32 {
                for text in [n.to_string(), format!("{n:05}")] {
                    let spoken = digits_spoken(language, &text);
                    assert_eq!(digits_read(language, &spoken), Some(text), "{spoken}");
                }
            }
        }
        assert_eq!(digits_spoken(English, "1182"), "one one eight two");
        assert_eq!(digits_spoken(Spanish, "b-12"), "B uno dos");
    }
}
