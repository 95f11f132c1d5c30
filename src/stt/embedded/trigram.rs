//! A language model of word triples from sentences: Witten-Bell, in ARPA form.
//!
//! Promises: after every history the probabilities sum to one; the same sentences give the same text.
//! Never: gives a word that was never seen a place.
//!
//! Witten and Bell, "The zero-frequency problem", IEEE Transactions on Information Theory 37(4), 1991.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Longest history and word.
const ORDER: usize = 3;
const START: &str = "<s>";
const END: &str = "</s>";
/// `log10` of what never happens, as ARPA files write it.
const NEVER: f64 = -99.0;

/// Counts of what followed what.
pub(super) struct Trigram<'a> {
    /// History, oldest word first → follower → count.
    followers: BTreeMap<Vec<&'a str>, BTreeMap<&'a str, u32>>,
    words: BTreeSet<&'a str>,
}

impl<'a> Trigram<'a> {
    pub(super) fn count(sentences: impl Iterator<Item = &'a [String]>) -> Trigram<'a> {
        let mut model = Trigram { followers: BTreeMap::new(), words: BTreeSet::from([END]) };
        for sentence in sentences {
            let words = sentence.iter().map(String::as_str);
            let line: Vec<&str> = std::iter::once(START).chain(words).chain([END]).collect();
            model.words.extend(&line[1..]);
            for at in 1..line.len() {
                for history in 0..ORDER.min(at + 1) {
                    let followers = model.followers.entry(line[at - history..at].to_vec()).or_default();
                    *followers.entry(line[at]).or_default() += 1;
                }
            }
        }
        model
    }

    /// Of `word` after `history`: counts seen, and as much again for new followers as there were different ones.
    fn probability(&self, history: &[&str], word: &str) -> f64 {
        let shorter = match history {
            [] => 1.0 / self.words.len() as f64,
            [_, rest @ ..] => self.probability(rest, word),
        };
        let Some(followers) = self.followers.get(history) else { return shorter };
        let (total, distinct) = mass(followers);
        let seen = f64::from(followers.get(word).copied().unwrap_or(0));
        (seen + distinct * shorter) / (total + distinct)
    }

    /// What is left for words not seen after `history`, over what the shorter history gives them.
    fn backoff(&self, history: &[&str]) -> f64 {
        let Some(followers) = self.followers.get(history) else { return 1.0 };
        let left = |h: &[&str]| 1.0 - followers.keys().map(|word| self.probability(h, word)).sum::<f64>();
        let shorter = left(&history[1..]);
        // All words were seen here: there is nothing to back off to.
        if shorter < 1e-9 { 1.0 } else { left(history) / shorter }
    }

    /// The model as an ARPA file.
    pub(super) fn arpa(&self) -> String {
        let mut orders: [String; ORDER] = Default::default();
        let mut counts = [0_usize; ORDER];
        let mut entry = |history: &[&str], word: &str, log: f64| {
            let gram: Vec<&str> = history.iter().copied().chain([word]).collect();
            let order = history.len();
            counts[order] += 1;
            let text = &mut orders[order];
            let _ = write!(text, "{log:.4} {}", gram.join(" "));
            if order + 1 < ORDER && word != END {
                let _ = write!(text, " {:.4}", self.backoff(&gram).log10());
            }
            text.push('\n');
        };
        entry(&[], START, NEVER);
        for word in &self.words {
            entry(&[], word, self.probability(&[], word).log10());
        }
        for (history, followers) in self.followers.iter().filter(|(history, _)| !history.is_empty()) {
            for word in followers.keys() {
                entry(history, word, self.probability(history, word).log10());
            }
        }
        let mut file = String::from("\\data\\\n");
        for (order, count) in counts.iter().enumerate() {
            let _ = writeln!(file, "ngram {}={count}", order + 1);
        }
        for (order, text) in orders.iter().enumerate() {
            let _ = write!(file, "\n\\{}-grams:\n{text}", order + 1);
        }
        file + "\n\\end\\\n"
    }
}

/// All followers counted, and how many different ones.
fn mass(followers: &BTreeMap<&str, u32>) -> (f64, f64) {
    (followers.values().map(|count| f64::from(*count)).sum(), followers.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentences() -> Vec<Vec<String>> {
        ["refund order one", "refund order two", "yes", "no", "where is order two", "no no"]
            .map(|line| line.split(' ').map(str::to_owned).collect())
            .into()
    }

    /// Reads the file back as the recogniser would: the longest known, backing off.
    fn read<'a>(grams: &BTreeMap<Vec<&'a str>, (f64, f64)>, history: &[&'a str], word: &'a str) -> f64 {
        let gram: Vec<&str> = history.iter().copied().chain([word]).collect();
        if let Some((log, _)) = grams.get(&gram) {
            return 10_f64.powf(*log);
        }
        let backoff = grams.get(history).map_or(0.0, |(_, backoff)| *backoff);
        10_f64.powf(backoff) * read(grams, &history[1..], word)
    }

    fn parse(arpa: &str) -> BTreeMap<Vec<&str>, (f64, f64)> {
        let mut order = 0;
        let mut grams = BTreeMap::new();
        for line in arpa.lines() {
            if let Some(n) = line.strip_prefix('\\').and_then(|l| l.strip_suffix("-grams:")) {
                order = n.parse().expect("it is written as it should be");
            } else if order > 0 && line.starts_with('-') {
                let fields: Vec<&str> = line.split(' ').collect();
                let backoff =
                    fields.get(order + 1).map_or(0.0, |b| b.parse().expect("it is written as it should be"));
                grams.insert(
                    fields[1..=order].to_vec(),
                    (fields[0].parse().expect("it is written as it should be"), backoff),
                );
            }
        }
        grams
    }

    #[test]
    fn after_every_history_the_probabilities_of_the_file_sum_to_one() {
        let sentences = sentences();
        let model = Trigram::count(sentences.iter().map(Vec::as_slice));
        let arpa = model.arpa();
        let grams = parse(&arpa);
        let mut histories: Vec<&[&str]> = model.followers.keys().map(Vec::as_slice).collect();
        histories.push(&["refund", "yes"]);
        histories.push(&["two"]);
        for history in histories {
            let sum: f64 = model.words.iter().map(|word| read(&grams, history, word)).sum();
            assert!((sum - 1.0).abs() < 2e-3, "after {history:?} they sum to {sum}");
        }
    }

    #[test]
    fn what_was_said_more_often_is_likelier_and_what_never_was_still_possible() {
        let sentences = sentences();
        let model = Trigram::count(sentences.iter().map(Vec::as_slice));
        assert!(model.probability(&["order"], "two") > model.probability(&["order"], "one"));
        assert!(model.probability(&["order"], "yes") > 0.0);
        assert!(model.probability(&[START, "refund"], "order") > 0.6);
    }

    #[test]
    fn the_counts_of_the_head_are_those_of_the_body() {
        let sentences = sentences();
        let arpa = Trigram::count(sentences.iter().map(Vec::as_slice)).arpa();
        for order in 1..=ORDER {
            let wanted = parse(&arpa).keys().filter(|gram| gram.len() == order).count();
            assert!(arpa.contains(&format!("ngram {order}={wanted}\n")), "{arpa}");
        }
    }
}
