//! How words are pronounced: the recogniser's own dictionary, then the synthesiser's letter-to-sound rules.
//!
//! Promises: a word that has no pronunciation is named; so is one whose pronunciation is only a guess by rule.
//! Never: keeps the whole dictionary in memory; it is read for the words wanted.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::core::base::{Fault, Owner};

/// The program of the package `flite` that turns letters into US phones.
const LETTER_TO_SOUND: &str = "t2p";
/// Phones of the acoustic model: CMU's 39, without stress.
const PHONES: &str =
    "AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH UH UW V W Y Z ZH";

/// Words of a vocabulary that the dictionary does not have, each list in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Doubts {
    /// Nothing says how they are pronounced: they can never be heard.
    pub unknown: Vec<String>,
    /// Pronounced by rule, which for names and foreign words is often wrong.
    pub guessed: Vec<String>,
}

/// Pronunciations of the words wanted.
#[derive(Debug)]
pub(super) struct Lexicon {
    /// Word → its pronunciations, in the dictionary's order.
    entries: BTreeMap<String, Vec<String>>,
    pub(super) doubts: Doubts,
}

impl Lexicon {
    /// Looks the words up in `dictionary`, then asks the synthesiser's rules.
    pub(super) fn of(words: &BTreeSet<&str>, dictionary: &Path) -> Result<Lexicon, Fault> {
        let text = std::fs::read_to_string(dictionary).map_err(|error| missing(dictionary, &error))?;
        let mut lexicon = Lexicon { entries: BTreeMap::new(), doubts: Doubts::default() };
        for line in text.lines() {
            let Some((word, phones)) = line.split_once(' ') else { continue };
            let plain = word.split('(').next().unwrap_or(word);
            if words.contains(plain) {
                lexicon.entries.entry(plain.to_owned()).or_default().push(phones.trim().to_owned());
            }
        }
        for word in words {
            if lexicon.knows(word) {
                continue;
            }
            match by_rule(word) {
                Some(phones) => {
                    lexicon.entries.insert((*word).to_owned(), vec![phones]);
                    lexicon.doubts.guessed.push((*word).to_owned());
                }
                None => lexicon.doubts.unknown.push((*word).to_owned()),
            }
        }
        Ok(lexicon)
    }

    pub(super) fn knows(&self, word: &str) -> bool {
        self.entries.contains_key(word)
    }

    /// The dictionary's text: `word`, `word(2)` and so on.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for (word, variants) in &self.entries {
            for (n, phones) in variants.iter().enumerate() {
                let _ = match n {
                    0 => writeln!(text, "{word} {phones}"),
                    n => writeln!(text, "{word}({}) {phones}", n + 1),
                };
            }
        }
        text
    }
}

/// By letter-to-sound rules; only for plain letters, which is all the rules know.
fn by_rule(word: &str) -> Option<String> {
    let plain = word.bytes().all(|b| b.is_ascii_lowercase() || b == b'\'');
    if !plain || !word.starts_with(|c: char| c.is_ascii_lowercase()) {
        return None;
    }
    // Without an empty input the program waits for one.
    let output =
        Command::new(LETTER_TO_SOUND).arg(word).stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    phones(std::str::from_utf8(&output.stdout).ok()?)
}

/// `pau z ao1 r pau` as `Z AO R`; `None` where a phone is not one of the model's.
fn phones(printed: &str) -> Option<String> {
    let known: BTreeSet<&str> = PHONES.split(' ').collect();
    let mut phones: Vec<String> = Vec::new();
    for phone in printed.split_whitespace().filter(|phone| *phone != "pau") {
        let phone = phone.trim_end_matches(|c: char| c.is_ascii_digit()).to_uppercase();
        let phone = if phone == "AX" { "AH".to_owned() } else { phone };
        phones.push(known.contains(phone.as_str()).then_some(phone)?);
    }
    (!phones.is_empty()).then(|| phones.join(" "))
}

fn missing(dictionary: &Path, error: &std::io::Error) -> Fault {
    Fault::new(
        Owner::Admin,
        format!("the recogniser's dictionary {} cannot be read: {error}", dictionary.display()),
        "apt-get install -y pocketsphinx-en-us, or name the directory of the models",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEBIAN: &str = "/usr/share/pocketsphinx/model/en-us/cmudict-en-us.dict";

    #[test]
    fn known_words_have_all_their_variants_invented_ones_a_rule_and_both_these_and_the_rest_are_named() {
        let words = BTreeSet::from(["the", "zorblax", "blorptang", "señor", "-rf", "4711", "refund"]);
        let lexicon = Lexicon::of(&words, Path::new(DEBIAN)).expect("the Debian package is installed");
        assert_eq!(lexicon.doubts.unknown, ["-rf", "4711", "señor"]);
        assert_eq!(lexicon.doubts.guessed, ["blorptang", "zorblax"]);
        let text = lexicon.text();
        assert!(text.contains("the DH AH\nthe(2) DH IY\n"), "{text}");
        assert!(text.contains("zorblax Z AO R B L AE K S\n"), "{text}");
        assert!(lexicon.knows("refund"));
    }

    #[test]
    fn phones_the_model_does_not_have_make_no_pronunciation() {
        assert_eq!(phones("pau ax1 b pau"), Some("AH B".to_owned()));
        assert_eq!(phones("pau q7x pau"), None);
        assert_eq!(phones("pau pau"), None);
    }
}
