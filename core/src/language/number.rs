//! Whole numbers, spoken and read, and numbers as they are written.
//!
//! Promises: reading what was spoken gives the number back; 0 to 9,999 are proved one by one.
//! Never: reads part of a text as its number, or rounds.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use super::Language;
use super::tokens::{texts, tokens, words};

/// What is counted: nothing named ("uno"), a masculine noun ("un euro"), a feminine one ("una libra").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counted {
    Alone,
    Masculine,
    Feminine,
}

/// How a language counts.
#[derive(Debug)]
pub(super) struct Numerals {
    pub(super) spoken: fn(u32, Counted) -> String,
    /// Other ways to say a number below a thousand.
    pub(super) also: fn(u32) -> Vec<String>,
    /// Words for a thousand, behind how many there are; and those that say one thousand by themselves.
    pub(super) thousand: &'static [&'static str],
    pub(super) one_thousand: &'static [&'static str],
    /// A hundred behind more than ten of them: "twelve hundred".
    pub(super) hundred: &'static [&'static str],
    /// What may stand before the rest: "one thousand *and* one".
    pub(super) and: &'static [&'static str],
    /// Never before a thousand: "uno".
    pub(super) counts_nothing: &'static [&'static str],
    /// The word for a thousand may be written in one with its neighbours ("zweitausendzwei").
    pub(super) compound: bool,
}

/// Every way to say a number below a thousand, words parted by one space.
#[derive(Debug)]
struct Lexicon {
    numbers: BTreeMap<String, u32>,
    firsts: BTreeSet<String>,
    words_most: usize,
}

impl Language {
    fn lexicon(self) -> &'static Lexicon {
        static READ: [OnceLock<Lexicon>; Language::ALL.len()] =
            [const { OnceLock::new() }; Language::ALL.len()];
        READ[self as usize].get_or_init(|| Lexicon::of(&self.tables().numerals))
    }
}

impl Lexicon {
    fn of(numerals: &Numerals) -> Lexicon {
        let mut lexicon = Lexicon { numbers: BTreeMap::new(), firsts: BTreeSet::new(), words_most: 0 };
        for n in 0..1000 {
            let spoken =
                [Counted::Alone, Counted::Masculine, Counted::Feminine].map(|c| (numerals.spoken)(n, c));
            for form in spoken.into_iter().chain((numerals.also)(n)) {
                let form = tokens(&form);
                lexicon.words_most = lexicon.words_most.max(form.len());
                lexicon.firsts.extend(form.first().cloned());
                lexicon.numbers.entry(form.join(" ")).or_insert(n);
            }
        }
        lexicon
    }

    /// The longest number at the start, and how many words it takes.
    fn longest(&self, words: &[&str]) -> Option<(u32, usize)> {
        if !self.firsts.contains(*words.first()?) {
            return None;
        }
        let mut text = String::new();
        let mut found = None;
        for (n, word) in words.iter().take(self.words_most).enumerate() {
            if n > 0 {
                text.push(' ');
            }
            text.push_str(word);
            found = self.numbers.get(&text).map(|number| (*number, n + 1)).or(found);
        }
        found
    }
}

/// In words, without anything counted: 1182 is "one thousand one hundred eighty-two".
#[must_use]
pub fn number_spoken(language: Language, n: u32) -> String {
    counted_spoken(language, n, Counted::Alone)
}

/// Words before one thing, which say the number one: "a table".
#[must_use]
pub fn one_of(language: Language) -> &'static [&'static str] {
    language.tables().one_of
}

pub(super) fn counted_spoken(language: Language, n: u32, counted: Counted) -> String {
    (language.tables().numerals.spoken)(n, counted)
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
    let numerals = &language.tables().numerals;
    let names = || numerals.thousand.iter().chain(numerals.one_thousand);
    let is_joined = |word: &&str| names().any(|name| word.len() > name.len() && word.contains(name));
    let joined = numerals.compound && words.iter().take(2).any(is_joined);
    if !joined {
        return read(language, words);
    }
    // The words in their parts; what ends inside a word is no number.
    let mut all = Vec::new();
    let mut ends = Vec::new();
    for word in words.iter().take(COMPOUND_WORDS) {
        all.extend(parts(language, word));
        ends.push(all.len());
    }
    let (n, used) = read(language, &all)?;
    ends.iter().position(|end| *end == used).map(|word| (n, word + 1))
}

/// Words of a number of which some are compounds: "neunhunderttausend neunhundert neunundneunzig", and one more to see
/// where it ends.
const COMPOUND_WORDS: usize = 8;

/// "zweitausendzwei" in its three parts; any other word by itself.
fn parts(language: Language, word: &str) -> Vec<&str> {
    let numerals = &language.tables().numerals;
    let number = |part: &str| part.is_empty() || language.lexicon().numbers.contains_key(part);
    let cut = numerals.thousand.iter().chain(numerals.one_thousand).find_map(|name| {
        let (head, tail) = word.split_once(name)?;
        (number(head) && number(tail)).then(|| vec![head, &word[head.len()..head.len() + name.len()], tail])
    });
    let mut parts = cut.unwrap_or_else(|| vec![word]);
    parts.retain(|part| !part.is_empty());
    parts
}

/// A number in words.
fn read(language: Language, words: &[&str]) -> Option<(u32, usize)> {
    let numerals = &language.tables().numerals;
    let lexicon = language.lexicon();
    let names = |list: &[&str], at: usize| words.get(at).is_some_and(|word| list.contains(word));
    let one_thousand = numerals.one_thousand.iter().find_map(|name| {
        let parts = name.split(' ').count();
        name.split(' ').eq(words.iter().take(parts).copied()).then_some(parts)
    });
    let (head, used) = match (one_thousand, lexicon.longest(words)) {
        (Some(used), _) => (1, used),
        (None, Some((head, used))) if names(numerals.hundred, used) && is_hundreds(head) => {
            let (tail, tail_used) = rest(language, words, used + 1, 100);
            return Some((head * 100 + tail, used + 1 + tail_used));
        }
        (None, Some((head, used))) => {
            let counts = head > 0 && !numerals.counts_nothing.contains(&words[used - 1]);
            if !counts || !names(numerals.thousand, used) {
                return Some((head, used));
            }
            (head, used + 1)
        }
        (None, None) => return None,
    };
    let (tail, tail_used) = rest(language, words, used, 1000);
    Some((head * 1000 + tail, used + tail_used))
}

/// "Twelve hundred" is said, "twenty hundred" is not.
fn is_hundreds(head: u32) -> bool {
    (11..100).contains(&head) && !head.is_multiple_of(10)
}

/// What follows a thousand, or a hundred.
fn rest(language: Language, words: &[&str], at: usize, below: u32) -> (u32, usize) {
    let and = words.get(at).is_some_and(|word| language.tables().numerals.and.contains(word));
    let start = at + usize::from(and);
    let found = words.get(start..).and_then(|words| language.lexicon().longest(words));
    let fits = found.filter(|(n, _)| (1..below).contains(n));
    fits.map_or((0, 0), |(n, used)| (n, used + usize::from(and)))
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
    use Language::{Catalan, English, French, German, Italian, Portuguese, Spanish};

    #[test]
    fn every_number_to_9999_is_read_back_as_it_was_spoken() {
        for language in Language::ALL {
            for n in 0..=9999 {
                let spoken = number_spoken(language, n);
                assert_eq!(number_read(language, &spoken), Some(n), "{spoken}");
                assert_eq!(number_read(language, &n.to_string()), Some(n));
            }
        }
        for (language, n) in Language::ALL.into_iter().flat_map(|l| (0..=9999).map(move |n| (l, n))) {
            for counted in [Counted::Masculine, Counted::Feminine] {
                let spoken = counted_spoken(language, n, counted);
                assert_eq!(number_read(language, &spoken), Some(n), "{language}: {spoken}");
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
            (Portuguese, 1182, "mil cento e oitenta e dois"),
            (Portuguese, 2300, "dois mil e trezentos"),
            (Portuguese, 1_000_001, "um milhão e um"),
            (French, 71, "soixante et onze"),
            (French, 80, "quatre-vingts"),
            (French, 1182, "mille cent quatre-vingt-deux"),
            (French, 99, "quatre-vingt-dix-neuf"),
            (French, 200_000, "deux cent mille"),
            (German, 21, "einundzwanzig"),
            (German, 1182, "tausend einhundertzweiundachtzig"),
            (German, 101, "hunderteins"),
            (Italian, 28, "ventotto"),
            (Italian, 1182, "mille centottantadue"),
            (Italian, 23, "ventitré"),
            (Catalan, 22, "vint-i-dos"),
            (Catalan, 1182, "mil cent vuitanta-dos"),
            (Catalan, 200, "dos-cents"),
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
            (Portuguese, "dezasseis", Some(16)),
            (Portuguese, "mil e um", Some(1001)),
            (Portuguese, "duzentas e trinta e uma", Some(231)),
            (Portuguese, "cento", None),
            (Portuguese, "vinte cinquenta", None),
            (French, "septante-deux", Some(72)),
            (French, "deux cent nonante et un", Some(291)),
            (French, "quatre vingt", Some(80)),
            (French, "mille", Some(1000)),
            (German, "zweiundzwanzig", Some(22)),
            (German, "zwei und zwanzig", Some(22)),
            (German, "zweitausenddreihundert", Some(2300)),
            (German, "tausendeins", Some(1001)),
            (German, "zwo", Some(2)),
            (German, "dreissig", Some(30)),
            (German, "eins tausend", None),
            (Italian, "duemilatrecento", Some(2300)),
            (Italian, "cento ottanta", Some(180)),
            (Italian, "milleuno", Some(1001)),
            (Italian, "ventuno", Some(21)),
            (Catalan, "vint-i-huit", Some(28)),
            (Catalan, "dues-centes trenta-una", Some(231)),
            (Catalan, "mil un", Some(1001)),
        ];
        for (language, text, expected) in table {
            assert_eq!(number_read(language, text), expected, "{text}");
        }
    }
}
