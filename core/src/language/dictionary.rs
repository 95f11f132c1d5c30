//! The dictionary of answers: what a word or phrase means by itself, as a language's `answers.txt` says it.
//!
//! Promises: the longest phrase counts; a phrase that is written twice, or a line that cannot be read, stops every test.
//! Never: holds a rule about what senses mean together.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::Language;
use super::tokens::{Word, accented, fold, tokens};

/// What one word or phrase of an answer means by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sense {
    Yes,
    /// A yes when alone, a backchannel beside one ("ok, I see").
    SoftYes,
    No,
    /// A no unless it is what the tool itself does ("cancel").
    NoVerb,
    /// A no only when nothing else is said ("para", which is also "for").
    NoAlone,
    Wait,
    Change,
    Question,
    Backchannel,
    /// A backchannel that beside a yes says only that the words arrived ("yes, I see").
    Understood,
    /// Looks like an answer and is none ("no problem", "I guess").
    Unsure,
    Filler,
    /// A filler that beside a weak yes is a sign of listening: "oh, okay".
    Oh,
    /// The tool's own verb.
    Verb,
    /// The tool's own verb, which for any other tool would be a no.
    VerbElseNo,
    /// A number, an amount or a private word.
    Value,
    Unknown,
}

/// When a phrase counts whose meaning hangs on an accent, or on where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Counts {
    Anywhere,
    First,
    Last,
    /// Opening an answer it is a filler, ending one it is a second thought ("sí, bueno…").
    NotLast,
    /// Only with its accent heard.
    Accented,
}

#[derive(Debug)]
struct Phrase {
    words: Vec<String>,
    sense: Sense,
    counts: Counts,
}

/// One language's phrases, by their first words.
#[derive(Debug, Default)]
pub(super) struct Dictionary {
    phrases: BTreeMap<String, Vec<Phrase>>,
    /// How a caller says that he may be recorded.
    pub(super) recording: Vec<String>,
    /// A yes that without its accent, and before the tool's verb, is another word ("si cancela").
    pub(super) ifs: Vec<String>,
}

impl Language {
    pub(super) fn dictionary(self) -> &'static Dictionary {
        static READ: [OnceLock<Dictionary>; Language::ALL.len()] =
            [const { OnceLock::new() }; Language::ALL.len()];
        READ[self as usize].get_or_init(|| Dictionary::read(self.tables().answers))
    }
}

impl Dictionary {
    fn read(text: &str) -> Dictionary {
        let mut read = Dictionary::default();
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (key, list) = line.split_once(": ").unwrap_or((line, ""));
            let list = list.split('|').map(str::trim);
            match key {
                "recording" => read.recording.extend(list.map(ToOwned::to_owned)),
                "if" => read.ifs.extend(list.map(fold)),
                key => {
                    let sense = sense(key).unwrap_or_else(|| panic!("`{line}` begins with no sense"));
                    list.for_each(|phrase| read.add(sense, phrase));
                }
            }
        }
        read
    }

    fn add(&mut self, sense: Sense, written: &str) {
        let counts = match (written.chars().next(), written.chars().next_back()) {
            (Some('^'), _) => Counts::First,
            (_, Some('$')) => Counts::Last,
            (_, Some('…')) => Counts::NotLast,
            (_, Some('!')) => Counts::Accented,
            (_, _) => Counts::Anywhere,
        };
        let words = tokens(written.trim_matches(['^', '$', '…', '!']));
        let first = words.first().unwrap_or_else(|| panic!("a phrase of {sense:?} is empty"));
        let list = self.phrases.entry(first.clone()).or_default();
        let twice = list.iter().any(|known| known.words == words && known.counts == counts);
        assert!(!twice, "`{written}` stands twice");
        list.push(Phrase { words, sense, counts });
    }

    /// The longest phrase that begins at a word; of two alike, the one whose place is marked.
    pub(super) fn phrase_at(&self, said: &str, words: &[Word], at: usize) -> Option<(Sense, usize)> {
        let found = self.phrases.get(&words[at].text)?.iter().filter_map(|phrase| {
            let used = begins(said, &words[at..], phrase.words.iter().map(String::as_str))?;
            stands(phrase.counts, said, words, at, used).then_some((used, phrase))
        });
        let (used, phrase) = found.max_by_key(|(used, phrase)| (*used, phrase.counts != Counts::Anywhere))?;
        Some((phrase.sense, used))
    }

    /// What a word alone means, whatever its place.
    pub(super) fn word(&self, word: &str) -> Option<Sense> {
        self.phrases.get(word)?.iter().find(|phrase| phrase.words.len() == 1).map(|phrase| phrase.sense)
    }
}

fn sense(key: &str) -> Option<Sense> {
    Some(match key {
        "yes" => Sense::Yes,
        "soft yes" => Sense::SoftYes,
        "no" => Sense::No,
        "no verb" => Sense::NoVerb,
        "no alone" => Sense::NoAlone,
        "wait" => Sense::Wait,
        "change" => Sense::Change,
        "question" => Sense::Question,
        "backchannel" => Sense::Backchannel,
        "understood" => Sense::Understood,
        "unsure" => Sense::Unsure,
        "filler" => Sense::Filler,
        "oh" => Sense::Oh,
        _ => return None,
    })
}

fn stands(counts: Counts, said: &str, words: &[Word], at: usize, used: usize) -> bool {
    let placed = match counts {
        Counts::Anywhere => return true,
        Counts::First => at == 0,
        Counts::Last => at + used == words.len(),
        Counts::NotLast => at + used < words.len(),
        Counts::Accented => false,
    };
    placed || accented(&said[words[at].raw.start..words[at + used - 1].raw.end])
}

/// The words open with the phrase, said in one breath: "cómo, no" is not "cómo no".
pub(super) fn begins<'a>(said: &str, words: &[Word], phrase: impl Iterator<Item = &'a str>) -> Option<usize> {
    let mut used = 0;
    for part in phrase {
        let word = words.get(used).filter(|w| w.text == part)?;
        if used > 0 && pauses(said, &words[used - 1], word) {
            return None;
        }
        used += 1;
    }
    Some(used)
}

pub(super) fn pauses(said: &str, word: &Word, next: &Word) -> bool {
    said[word.raw.end..next.raw.start].contains(['.', ',', ';', ':', '!', '?', '…', '—'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::{Answer, Cues, judge};

    #[test]
    fn every_language_has_words_for_every_sense_and_for_leave_to_record() {
        for language in Language::ALL {
            let dictionary = language.dictionary();
            let all: Vec<&Phrase> = dictionary.phrases.values().flatten().collect();
            for key in [
                "yes",
                "soft yes",
                "no",
                "no verb",
                "wait",
                "change",
                "question",
                "backchannel",
                "understood",
                "unsure",
                "filler",
            ] {
                let wanted = sense(key);
                let known = all.iter().filter(|phrase| Some(phrase.sense) == wanted).count();
                assert!(known >= 4, "{language}: {key} has {known}");
            }
            assert!(dictionary.recording.len() >= 4, "{language}");
        }
    }

    #[test]
    fn a_word_alone_has_one_meaning_unless_a_mark_tells_two_apart() {
        for language in Language::ALL {
            for list in language.dictionary().phrases.values() {
                for (n, phrase) in list.iter().enumerate() {
                    let same = |other: &&Phrase| {
                        other.words == phrase.words
                            && (other.counts == Counts::Anywhere) == (phrase.counts == Counts::Anywhere)
                    };
                    assert_eq!(list[n + 1..].iter().find(same).map(|p| &p.words), None, "{language}");
                }
            }
        }
    }

    /// A plain yes of each language.
    fn yes(language: Language) -> &'static str {
        match language {
            Language::English => "yes",
            Language::Spanish | Language::Catalan => "sí",
            Language::Portuguese => "sim",
            Language::French => "oui",
            Language::German => "ja",
            Language::Italian => "sì",
        }
    }

    #[test]
    fn every_word_of_refusal_delay_doubt_or_change_takes_a_yes_back_in_every_language() {
        let mut wrong = Vec::new();
        for language in Language::ALL {
            let yes = yes(language);
            assert_eq!(judge(language, yes, &Cues::default()), Answer::Yes, "{yes}");
            for phrase in language.dictionary().phrases.values().flatten() {
                let wanted: &[Answer] = match phrase.sense {
                    Sense::No | Sense::NoVerb => &[Answer::No],
                    Sense::Wait => &[Answer::Wait, Answer::No],
                    Sense::Question => &[Answer::Question, Answer::No],
                    Sense::Change => &[Answer::Change, Answer::Question, Answer::Wait],
                    Sense::Unsure | Sense::Understood | Sense::NoAlone => &[Answer::Unclear],
                    Sense::Yes | Sense::SoftYes | Sense::Backchannel | Sense::Filler | Sense::Oh => continue,
                    Sense::Verb | Sense::VerbElseNo | Sense::Value | Sense::Unknown => continue,
                };
                let words = phrase.words.join(" ");
                if phrase.counts != Counts::Anywhere {
                    continue;
                }
                for said in
                    [format!("{yes}, {words}"), format!("{words}, {yes}"), format!("{yes}, {words}, {yes}")]
                {
                    let answer = judge(language, &said, &Cues::default());
                    if !wanted.contains(&answer) {
                        wrong.push(format!("{language}: {said:?} is {answer:?}"));
                    }
                }
            }
        }
        assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    }
}
