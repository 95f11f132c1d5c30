//! The gateway's own sentences: what code says, not the LLM.
//!
//! Promises: every phrase exists in every language, ends as a sentence, and holds no digit.
//! Never: blames the caller.

use super::{Language, number_spoken};

/// One thing the gateway says by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phrase<'a> {
    DidNotUnderstand,
    OneMoment,
    StillWorking,
    /// The first, second, third reminder into a silence; they vary.
    StillThere(u8),
    GoodbyeSilence,
    GoodbyeAsked,
    /// LLM or speech failed; the call goes on.
    ServiceDown,
    ServiceDownGoodbye,
    /// Tag of a question.
    SayYesOrNo,
    /// Tag of a question that keys may answer too.
    SayYesOrNoOrKeys,
    /// Tag of a question that only keys may answer.
    PressKeys,
    /// A yes was heard where one is not enough.
    SayYesAgain,
    /// Declined.
    NotDone,
    /// Given up after unclear answers; nothing was done.
    NotDoneUnclear,
    Done,
    /// All that the model said claimed to be done, and nothing was.
    SpokeTooSoon,
    /// After an outcome, when the model had nothing to add that holds.
    AnythingElse,
    /// Some of its steps are done, and the rest is not; of the rest nobody knows; a part was done in an earlier call.
    Partly,
    PartlyUnknown,
    PartlyAlready,
    /// Known to have failed.
    Failed,
    /// Not sent: its system failed again and again just now.
    OutOfReach,
    /// Not sent: as often as it may be done was reached.
    Spent,
    /// Sent, no answer: nobody knows.
    Unknown,
    /// Asked again while the first is unknown.
    UnknownAlready,
    /// Asked again for what was done in this call.
    AlreadyDone,
    /// A proof of who is calling may not be tried for so many minutes. Whose fault it is, it does not say.
    CheckLater(u32),
    /// Nor again in this call.
    NoMoreChecks,
    /// The journal takes nothing: no action may begin.
    RecordUnavailable,
    CallLimitSoon,
    CallLimit,
    /// After a crash: the call goes on, the conversation starts over.
    ConversationLost,
    /// After a crash: the conversation goes on where it was.
    CutOff,
    /// What the caller said meanwhile is lost.
    SayAgain,
    /// Admission refused the call.
    Busy,
    KeyUnknown,
    /// The short question after an early yes; `what` is a spoken value ("Twenty dollars").
    ShortQuestion {
        what: &'a str,
    },
    /// A yes was taken back in time.
    Retracted,
    /// The question for leave to record, its tag where keys may answer, and what follows a yes and anything else.
    MayIRecord,
    YesOrNoOrKeys,
    RecordingAgreed,
    RecordingRefused,
}

/// Minutes as they are named: round ones, which every language counts in the same words before any noun.
const MINUTES_NAMED: &[u32] = &[2, 5, 10, 15, 20, 30, 45, 60];

/// So many minutes in words, rounded up, an hour at most; nothing where it is one.
pub(super) fn minutes(language: Language, minutes: u32) -> Option<String> {
    let most = MINUTES_NAMED.last().copied().unwrap_or(1);
    let named = MINUTES_NAMED.iter().copied().find(|named| *named >= minutes).unwrap_or(most);
    (minutes > 1).then(|| number_spoken(language, named))
}

impl Phrase<'_> {
    /// The sentence, ready for a synthesiser.
    #[must_use]
    pub fn say(&self, language: Language) -> String {
        (language.tables().phrases)(self)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::language::{Answer, Cues, claims_done, judge};

    const ALL: &[Phrase<'_>] = &[
        Phrase::DidNotUnderstand,
        Phrase::OneMoment,
        Phrase::StillWorking,
        Phrase::StillThere(1),
        Phrase::StillThere(2),
        Phrase::StillThere(3),
        Phrase::GoodbyeSilence,
        Phrase::GoodbyeAsked,
        Phrase::ServiceDown,
        Phrase::ServiceDownGoodbye,
        Phrase::SayYesOrNo,
        Phrase::SayYesOrNoOrKeys,
        Phrase::PressKeys,
        Phrase::SayYesAgain,
        Phrase::NotDone,
        Phrase::NotDoneUnclear,
        Phrase::Done,
        Phrase::SpokeTooSoon,
        Phrase::AnythingElse,
        Phrase::Partly,
        Phrase::PartlyUnknown,
        Phrase::PartlyAlready,
        Phrase::Failed,
        Phrase::OutOfReach,
        Phrase::Spent,
        Phrase::Unknown,
        Phrase::UnknownAlready,
        Phrase::AlreadyDone,
        Phrase::CheckLater(1),
        Phrase::CheckLater(5),
        Phrase::CheckLater(u32::MAX),
        Phrase::NoMoreChecks,
        Phrase::RecordUnavailable,
        Phrase::CallLimitSoon,
        Phrase::CallLimit,
        Phrase::ConversationLost,
        Phrase::CutOff,
        Phrase::SayAgain,
        Phrase::Busy,
        Phrase::KeyUnknown,
        Phrase::ShortQuestion { what: "Twenty" },
        Phrase::Retracted,
        Phrase::MayIRecord,
        Phrase::YesOrNoOrKeys,
        Phrase::RecordingAgreed,
        Phrase::RecordingRefused,
    ];

    #[test]
    fn every_phrase_is_a_sentence_without_digits_in_every_language_and_no_two_are_alike() {
        for language in Language::ALL {
            let mut said = BTreeSet::new();
            for phrase in ALL {
                let text = phrase.say(language);
                assert!(text.ends_with(['.', '!', '?']), "{text}");
                assert!(!text.contains(|c: char| c.is_ascii_digit()), "{text}");
                assert!(text.chars().count() <= 110, "too long to listen to: {text}");
                assert!(said.insert(text), "{phrase:?} sounds like another");
            }
        }
    }

    #[test]
    fn no_phrase_that_our_own_line_may_echo_is_a_yes() {
        for language in Language::ALL {
            for phrase in ALL {
                let answer = judge(language, &phrase.say(language), &Cues::default());
                assert_ne!(answer, Answer::Yes, "{phrase:?}");
            }
        }
    }

    #[test]
    fn only_a_done_claims_to_be_done() {
        for language in Language::ALL {
            for phrase in ALL {
                let told = matches!(phrase, Phrase::Done | Phrase::AlreadyDone);
                let text = phrase.say(language);
                assert!(told || !claims_done(language, &text), "{text}");
            }
            assert!(claims_done(language, &Phrase::Done.say(language)));
        }
    }

    #[test]
    fn the_short_question_names_what_it_asks() {
        let asked = Phrase::ShortQuestion { what: "Veinte euros" };
        assert_eq!(asked.say(Language::Spanish), "Veinte euros: ¿lo hago?");
        let asked = Phrase::ShortQuestion { what: "Twenty dollars" };
        assert_eq!(asked.say(Language::English), "Twenty dollars: shall I do it?");
    }
}
