//! Cuts what the LLM streams into pieces: the first at the first clause, then sentences.
//!
//! A piece is the unit of synthesis, cache, mark and history. Two stages, both one character at a time, so
//! that the pieces do not depend on how the stream was chopped: [`Margin`] drops what is only markdown, the
//! cutter decides at each gap whether a piece ends there.
//!
//! Promises: the pieces, joined by single spaces, are the spoken text, each with something to say and at most
//! [`PIECE_CHARS_MAX`] long; no cut inside a number, an abbreviation, an address, a placeholder or "¿…?".
//! Never: waits for more text than the gap after a piece.

use super::Language;
use super::tokens::fold;

/// No piece is longer (characters): about twelve seconds of speech, the most a cut may throw away.
pub const PIECE_CHARS_MAX: usize = 200;
/// The first piece may end at a comma once it holds so much: enough to speak while the next is made.
const FIRST_CHARS_MIN: usize = 12;
const FIRST_WORDS_MIN: usize = 4;

/// Cuts one generation's text into pieces.
#[derive(Debug)]
pub struct Splitter {
    language: Language,
    margin: Margin,
    piece: String,
    chars: usize,
    first: First,
}

/// Where on its line the stream stands; the marks of headings, lists and quotes are held until they are known.
#[derive(Debug)]
enum Margin {
    Start { held: String },
    Inside,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum First {
    Awaited,
    Given,
}

/// How strongly the text asks to be cut at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    Open,
    Gap,
    Clause,
    HalfSentence,
    Sentence,
}

impl Splitter {
    #[must_use]
    pub fn new(language: Language) -> Splitter {
        let margin = Margin::Start { held: String::new() };
        Splitter { language, margin, piece: String::new(), chars: 0, first: First::Awaited }
    }

    /// Takes the next text of the stream; pieces that are complete go to `out`.
    pub fn push(&mut self, delta: &str, out: &mut Vec<String>) {
        for c in delta.chars() {
            self.take(c, out);
        }
    }

    /// The stream has ended: what is left is the last piece, if it says anything.
    pub fn finish(&mut self, out: &mut Vec<String>) {
        self.gap('\n', out);
        self.piece.clear();
        self.chars = 0;
    }

    fn take(&mut self, c: char, out: &mut Vec<String>) {
        if matches!(c, '*' | '`' | '•') || c.is_control() && !c.is_whitespace() {
            return;
        }
        if c.is_whitespace() {
            self.gap(c, out);
            return;
        }
        match &mut self.margin {
            Margin::Start { held } if matches!(c, '#' | '-' | '+' | '>') && held.len() < HELD_MAX => {
                held.push(c)
            }
            Margin::Start { held } => {
                let held = std::mem::take(held);
                self.margin = Margin::Inside;
                held.chars().chain([c]).for_each(|c| self.add(c, out));
            }
            Margin::Inside => self.add(c, out),
        }
    }

    fn gap(&mut self, c: char, out: &mut Vec<String>) {
        if let Margin::Start { held } = &mut self.margin {
            held.clear();
        }
        if c == '\n' {
            self.margin = Margin::Start { held: String::new() };
        }
        let text = self.piece.trim_end();
        let due = match end(self.language, text) {
            _any if c == '\n' => true,
            End::Sentence => true,
            End::HalfSentence => self.first == First::Awaited,
            End::Clause => self.first == First::Awaited && is_enough(text),
            End::Gap | End::Open => false,
        };
        if due && says_something(text) {
            self.give(text.len(), out);
        } else if !self.piece.is_empty() && !self.piece.ends_with(' ') {
            self.piece.push(' ');
            self.chars += 1;
        }
    }

    fn add(&mut self, c: char, out: &mut Vec<String>) {
        if self.chars >= PIECE_CHARS_MAX {
            let at = longest_cut(self.language, &self.piece);
            self.give(at, out);
        }
        self.piece.push(c);
        self.chars += 1;
    }

    /// Gives the first `at` bytes as a piece; the rest begins the next one.
    fn give(&mut self, at: usize, out: &mut Vec<String>) {
        let rest = self.piece[at..].trim_start().to_owned();
        self.piece.truncate(at);
        out.push(std::mem::replace(&mut self.piece, rest).trim_end().to_owned());
        self.chars = self.piece.chars().count();
        self.first = First::Given;
    }
}

/// Marks at a line's start beyond this are no markdown.
const HELD_MAX: usize = 80;

/// Where to cut a piece that has grown too long: the best gap, the last of its kind.
fn longest_cut(language: Language, piece: &str) -> usize {
    let gaps = piece.match_indices(' ').map(|(at, _)| (end(language, &piece[..at]), at));
    let usable = gaps.filter(|(end, at)| *end > End::Open && !splits_value(piece, *at));
    let best = usable.max().map(|(_, at)| at);
    // One endless word, or an endless question: any gap, at worst none.
    best.or_else(|| piece.rfind(' ')).filter(|at| says_something(&piece[..*at])).unwrap_or(piece.len())
}

/// "1 182", "20 €": the gap stands inside a value.
fn splits_value(piece: &str, at: usize) -> bool {
    let digit_before = piece[..at].ends_with(|c: char| c.is_ascii_digit());
    let after = piece[at..].trim_start();
    digit_before && after.starts_with(|c: char| !c.is_alphabetic())
}

fn is_enough(text: &str) -> bool {
    text.chars().count() >= FIRST_CHARS_MIN || text.split(' ').count() >= FIRST_WORDS_MIN
}

fn says_something(text: &str) -> bool {
    text.contains(char::is_alphanumeric)
}

fn end(language: Language, text: &str) -> End {
    let bare = text.trim_end_matches(['"', '\'', ')', ']', '»', '”', '’']);
    let open =
        |opening: char, closing: char| bare.rfind(opening).is_some_and(|at| !bare[at..].contains(closing));
    if open('⟦', '⟧') || open('¿', '?') || open('¡', '!') {
        return End::Open;
    }
    match bare.chars().next_back() {
        Some('!' | '?' | '。' | '？' | '！') => End::Sentence,
        Some('.') if bare.ends_with("..") => End::Clause,
        Some('.') if keeps_its_stop(language, bare) => End::Open,
        Some('.') => End::Sentence,
        Some(';' | ':') => End::HalfSentence,
        Some(',' | '—' | '–' | '…') => End::Clause,
        Some('-') if bare.ends_with(" -") => End::Clause,
        Some(_) | None => End::Gap,
    }
}

/// The last word's full stop belongs to the word: "Mr.", "p. ej.", "J.", "1." of a list.
fn keeps_its_stop(language: Language, text: &str) -> bool {
    let (before, last) = text.rsplit_once(' ').unwrap_or(("", text));
    let word = last.trim_start_matches(['(', '"', '“', '«', '¿', '¡', '\'']).trim_end_matches('.');
    let initial = word.chars().count() == 1 && word.chars().all(char::is_uppercase);
    let item = before.is_empty() && !word.is_empty() && word.chars().all(|c| c.is_ascii_digit());
    initial || item || language.tables().abbreviations.contains(&fold(word).as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use Language::{English, Spanish};

    fn pieces(language: Language, deltas: &[&str]) -> Vec<String> {
        let mut splitter = Splitter::new(language);
        let mut out = Vec::new();
        deltas.iter().for_each(|d| splitter.push(d, &mut out));
        splitter.finish(&mut out);
        out
    }

    #[test]
    fn the_first_piece_is_a_clause_and_the_others_are_sentences() {
        let table: &[(Language, &str, &[&str])] = &[
            (English, "Hi! How are you, my friend? Fine.", &["Hi!", "How are you, my friend?", "Fine."]),
            (English, "Sure, I can. Yes, of course, I do.", &["Sure, I can.", "Yes, of course, I do."]),
            (
                English,
                "Let me have a look, one second, please.",
                &["Let me have a look,", "one second, please."],
            ),
            (English, "Here: one; two. Then: three; four.", &["Here:", "one; two.", "Then: three; four."]),
            (English, "It is $1,182.50. Ok.", &["It is $1,182.50.", "Ok."]),
            (English, "Mr. Smith, e.g. at 5 p.m. today. Ok", &["Mr. Smith, e.g. at 5 p.m. today.", "Ok"]),
            (English, "Well... let me see. Ok", &["Well... let me see.", "Ok"]),
            (
                English,
                "See www.a.com/b.c or a.b@c.com now. Ok",
                &["See www.a.com/b.c or a.b@c.com now.", "Ok"],
            ),
            (English, "He said \"no.\" Then he left.", &["He said \"no.\"", "Then he left."]),
            (English, "1. First 2. Second", &["1. First 2.", "Second"]),
            (English, "**Bold** `code`.\n# Title\n- one\n- two", &["Bold code.", "Title", "one", "two"]),
            (English, "-5 degrees.\n---\n> quote\r\n\r\n* item", &["-5 degrees.", "quote", "item"]),
            (English, "Ok. ... !", &["Ok."]),
            (English, "  \n ** ", &[]),
            (Spanish, "¿Quiere, señor, que lo haga? Bien.", &["¿Quiere, señor, que lo haga?", "Bien."]),
            (
                Spanish,
                "El Sr. Gil y la Dra. Paz, p. ej. de EE. UU. vienen. Sí.",
                &["El Sr. Gil y la Dra. Paz,", "p. ej. de EE. UU. vienen.", "Sí."],
            ),
            (Spanish, "¡Hola, buenos días! Dígame.", &["¡Hola, buenos días!", "Dígame."]),
            (Spanish, "Son 20,50 €, ¿sí o no? Ya", &["Son 20,50 €,", "¿sí o no?", "Ya"]),
        ];
        for (language, text, expected) in table {
            assert_eq!(pieces(*language, &[text]), *expected, "{text}");
        }
    }

    #[test]
    fn a_first_piece_does_not_wait_for_more_than_the_gap() {
        let mut out = Vec::new();
        let mut splitter = Splitter::new(English);
        splitter.push("Of course, sir,", &mut out);
        assert!(out.is_empty());
        splitter.push(" ", &mut out);
        assert_eq!(out, ["Of course, sir,"]);
    }

    #[test]
    fn a_long_sentence_is_cut_at_a_clause_else_at_a_space_else_inside_its_word() {
        let clause = format!("Ok. {}, {} end.", "word ".repeat(20).trim(), "word ".repeat(30).trim());
        let cut = pieces(English, &[&clause]);
        assert!(cut[1].ends_with("word,"), "{cut:?}");
        let spaces = format!("Ok. {}", "word ".repeat(100));
        assert_eq!(pieces(English, &[&spaces])[1].chars().count(), 199);
        let endless = "x".repeat(450);
        let lengths: Vec<usize> = pieces(English, &[&endless]).iter().map(String::len).collect();
        assert_eq!(lengths, [200, 200, 50]);
        let question = format!("¿{}", "palabra, ".repeat(100));
        assert!(pieces(Spanish, &[&question]).iter().all(|p| p.chars().count() <= PIECE_CHARS_MAX));
        let dots = format!("{}a", ". ".repeat(300));
        assert!(pieces(Spanish, &[&dots]).iter().all(|p| p.chars().count() <= PIECE_CHARS_MAX));
    }

    #[test]
    fn the_pieces_are_the_text_however_it_is_chopped() {
        const WORDS: [&str; 24] = [
            "hola",
            "Sr.",
            "1,182.50",
            "¿sí,",
            "no?",
            "¡ay!",
            "word.",
            "a,",
            "b;",
            "c:",
            "EE.",
            "UU.",
            "...",
            "x…",
            "**bold**",
            "`q`",
            "⟦card 1⟧",
            "a@b.co.",
            "-5",
            "—",
            "20",
            "€",
            "ñandú",
            "\"end.\"",
        ];
        let mut seed: u64 = 7;
        let mut draw = |below: usize| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(seed >> 33).expect("31 bits fit") % below
        };
        for round in 0..2000 {
            let language = Language::ALL[round % 2];
            let gaps = [" ", " ", " ", "  ", "\n", "\n- ", "\n## "];
            let mut text = String::from("a");
            for _ in 0..draw(60) {
                text.push_str(gaps[draw(gaps.len())]);
                text.push_str(WORDS[draw(WORDS.len())]);
            }
            text.push_str(" z");
            let whole = pieces(language, &[&text]);
            let chars: Vec<char> = text.chars().collect();
            let mut splitter = Splitter::new(language);
            let mut chopped = Vec::new();
            let mut at = 0;
            while at < chars.len() {
                let end = (at + 1 + draw(9)).min(chars.len());
                splitter.push(&chars[at..end].iter().collect::<String>(), &mut chopped);
                at = end;
            }
            splitter.finish(&mut chopped);
            assert_eq!(whole, chopped, "{text}");
            assert_eq!(whole.join(" "), spoken(&text), "{text}");
            assert!(whole.iter().all(|p| p.chars().count() <= PIECE_CHARS_MAX && says_something(p)));
        }
    }

    /// The text as it is to be spoken, computed line by line.
    fn spoken(text: &str) -> String {
        let lines = text.lines().map(|line| {
            let line = line.trim_start();
            ["- ", "## "].iter().find_map(|mark| line.strip_prefix(mark)).unwrap_or(line)
        });
        let text = lines.collect::<Vec<_>>().join(" ").replace(['*', '`'], "");
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}
