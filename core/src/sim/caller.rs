//! Simulated callers: what they say, when, and what they mean by it.
//!
//! Promises: the meaning is known apart from the words, so the gate is judged by what the caller wanted.
//! Never: hears the agent's audio; a caller answers to what was played.

use super::random::Random;
use super::texts::texts;
use crate::base::{CallTime, LINE_RATE_HZ, Millis, Position, Span};
use crate::conversation::Word;
use crate::language::Language;

/// What a caller means. Only `Yes` gives leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    Yes,
    No,
    Wait,
    Change,
    Question,
    Backchannel,
    /// Anything else: a wish, a story.
    Talk,
    /// Words that want to be taken for a command, or for somebody else's yes.
    Trick,
    /// No speech at all, though it sounds like some.
    Noise,
}

/// One thing a caller said, as it truly was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spoken {
    pub meaning: Meaning,
    pub span: Span,
}

/// What is known to the simulator alone about a fact: the speech a transcript is of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Truth {
    pub spoken: Vec<Spoken>,
    /// Of the `SpeechStopped` that this transcript answers.
    pub stop: Option<Position>,
    pub heard: Heard,
}

/// Whether the words of a transcript are those that were said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Heard {
    #[default]
    Rightly,
    /// They are others.
    Amiss,
}

/// One thing to be said.
#[derive(Clone, Copy, Debug)]
pub(super) struct Utterance {
    pub(super) meaning: Meaning,
    pub(super) text: &'static str,
    pub(super) from: CallTime,
    pub(super) to: CallTime,
}

/// How a caller behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Temper {
    Cooperative,
    /// Says yes over the question.
    Hurried,
    /// Talks into whatever is said.
    Interrupting,
    Silent,
    /// Declines, wants it otherwise, asks back.
    Difficult,
    /// Takes a yes back.
    Retracting,
    /// Presses keys.
    Keys,
    /// Says yes and goes on talking.
    Chatty,
    /// Speaks without end.
    Endless,
    /// Changes his mind: something else first, then a yes.
    Wavering,
    /// Says yes over everything, and commands to a machine; presses keys at once.
    Malicious,
    /// Says one number after the other. Drawn apart, where there is something to guess.
    Guessing,
}

/// Numbers of orders, as a guessing caller says them: none is any word of a language.
const GUESSES: &[&str] = &["1182", "77", "1182 77"];

pub(super) const TEMPERS: &[Temper] = &[
    Temper::Cooperative,
    Temper::Cooperative,
    Temper::Hurried,
    Temper::Interrupting,
    Temper::Silent,
    Temper::Difficult,
    Temper::Retracting,
    Temper::Retracting,
    Temper::Keys,
    Temper::Chatty,
    Temper::Endless,
    Temper::Wavering,
    Temper::Malicious,
];

/// One spoken word lasts this long.
const WORD: u32 = 280;

impl Utterance {
    pub(super) fn new(
        language: Language,
        meaning: Meaning,
        from: CallTime,
        random: &mut Random,
    ) -> Utterance {
        let text = random.pick(texts(language, meaning));
        let words = text.split(' ').count() as u32;
        Utterance { meaning, text, from, to: from + Millis(words * WORD) }
    }

    pub(super) fn guess(from: CallTime, random: &mut Random) -> Utterance {
        let text = random.pick(GUESSES);
        let words = text.split(' ').count() as u32;
        Utterance { meaning: Meaning::Talk, text, from, to: from + Millis(words * WORD) }
    }

    /// What was said, as it was meant. One word said again and again is said as often.
    pub(super) fn spoken(&self) -> Vec<Spoken> {
        let words = self.words();
        let one = |span: Span| Spoken { meaning: self.meaning, span };
        if words.len() > 1 && words.iter().all(|word| word.text == words[0].text) {
            return words.iter().filter_map(|word| word.span).map(one).collect();
        }
        vec![one(self.span())]
    }

    fn span(&self) -> Span {
        Span { from: track(self.from), to: track(self.to) }
    }

    /// The words with their spans, in equal parts.
    pub(super) fn words(&self) -> Vec<Word> {
        let texts: Vec<&str> = self.text.split(' ').filter(|text| !text.is_empty()).collect();
        let span = self.span();
        let part = span.to.since(span.from).0 / texts.len().max(1) as u32;
        let word = |(n, text): (usize, &&str)| {
            let from = span.from + crate::base::Samples(part * n as u32);
            let span = Span { from, to: from + crate::base::Samples(part) };
            Word { text: (*text).to_owned(), span: Some(span) }
        };
        texts.iter().enumerate().map(word).collect()
    }
}

/// Where the caller's track is at that time.
pub(super) fn track(at: CallTime) -> Position {
    Position(u64::from(at.0) * u64::from(LINE_RATE_HZ / 1_000))
}

#[cfg(test)]
mod tests {
    use super::super::promises::CARD;
    use super::*;
    use crate::language::digit_runs;
    use crate::language::{Answer, Cues, judge};

    #[test]
    fn callers_of_every_language_tell_the_card_that_is_watched_for() {
        for language in Language::ALL {
            let tells = |text: &&str| digit_runs(language, text).iter().any(|(_, digits)| digits == CARD);
            assert!(texts(language, Meaning::Change).iter().any(tells), "{language}");
        }
    }

    /// Where words and meaning part, it is by a fault that was drawn, never by the phrase.
    #[test]
    fn every_phrase_of_a_caller_is_judged_as_it_is_meant() {
        for language in Language::ALL {
            for (meaning, want) in [
                (Meaning::Yes, Answer::Yes),
                (Meaning::No, Answer::No),
                (Meaning::Change, Answer::Change),
                (Meaning::Question, Answer::Question),
                (Meaning::Backchannel, Answer::Backchannel),
                (Meaning::Talk, Answer::Unclear),
            ] {
                for text in texts(language, meaning) {
                    let got = judge(language, text, &Cues::default());
                    assert_eq!(got, want, "{language}: {text}");
                }
            }
            for text in texts(language, Meaning::Trick) {
                let got = judge(language, text, &Cues::default());
                let harmless = !matches!(got, Answer::Yes | Answer::Backchannel);
                assert!(harmless, "{language}: {text} is {got:?}");
            }
            for text in texts(language, Meaning::Wait) {
                let got = judge(language, text, &Cues::default());
                assert!(matches!(got, Answer::Wait | Answer::No), "{language}: {text} is {got:?}");
            }
        }
    }
}
