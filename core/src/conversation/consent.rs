//! Leave to record: asked once, behind the greeting, and judged by code.
//!
//! Promises: recording is ordered only after a plain yes, all of whose words began after the last sample of the question,
//! or key 1 pressed after it where the question offered keys; nothing else has sounded since. Whatever else happens leaves
//! the call unrecorded.
//! Never: asks a second time, holds up the call, or has anything to do with leave for an action.

use super::event::{Affirmation, By, Recorder};
use super::gate::Keys;
use super::order::{Order, Role};
use super::outputs::Outputs;
use super::plan::Recording;
use super::turn::{Lost, Said};
use super::{Conversation, Entry, Tag};
use crate::base::Position;
use crate::language::{Answer, Cues, Language, Phrase, echoes, judge, only_answers, recording_verbs};

/// Where the question stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Consent {
    /// Nobody is asked, or the answer was no plain yes.
    Closed,
    /// The caller has agreed.
    Given,
    /// The greeting with the question behind it is not heard out yet.
    Asking { question: String, keys: Keys },
    /// It was heard to `end`: what the caller says next is the answer.
    Listening { question: String, keys: Keys, end: Position },
}

/// What the caller's first words after the question are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leave {
    Given,
    /// An answer and nothing else, and no plain yes.
    Refused,
    /// More than an answer, or none: a turn like any other.
    Passed,
}

impl Consent {
    fn heard_out(&mut self, end: Position) {
        if let Consent::Asking { question, keys } = self {
            *self = Consent::Listening { question: std::mem::take(question), keys: *keys, end };
        }
    }

    pub(super) fn is_listening(&self) -> bool {
        matches!(self, Consent::Listening { .. })
    }

    /// What a turn of the caller says to the question. `None` where none waits for an answer, or no word was heard.
    fn judged(&self, said: &Said, language: Language) -> Option<Leave> {
        let Consent::Listening { question, end, .. } = self else { return None };
        let text = said.text();
        if text.is_empty() {
            return None;
        }
        let verbs = recording_verbs(language);
        let cues = Cues { verbs: &verbs };
        let believed = match said.affirmation() {
            Affirmation::ByWords | Affirmation::Certain => true,
            Affirmation::Doubtful | Affirmation::Absent => false,
        };
        let heard = said.lost == Lost::Nothing && said.is_after(*end) && !echoes(language, &text, question);
        Some(if judge(language, &text, &cues) == Answer::Yes && believed && heard {
            Leave::Given
        } else if only_answers(language, &text, &cues) {
            Leave::Refused
        } else {
            Leave::Passed
        })
    }

    /// Whether a key is an answer to it, and no part of a number.
    pub(super) fn is_answered_by(&self, key: char, at: Position) -> bool {
        matches!(self.keyed(key, at), Some(Leave::Given | Leave::Refused))
    }

    /// What a key says to it: 1 or 2, where it offered them.
    fn keyed(&self, key: char, at: Position) -> Option<Leave> {
        match (self, key) {
            (Consent::Listening { keys: Keys::Offered, end, .. }, '1') if at >= *end => Some(Leave::Given),
            (Consent::Listening { keys: Keys::Offered, .. }, '2') => Some(Leave::Refused),
            // The first of a number, or of a menu's.
            (Consent::Listening { .. }, _) => Some(Leave::Passed),
            (Consent::Closed | Consent::Given | Consent::Asking { .. }, _) => None,
        }
    }
}

impl Conversation {
    /// The greeting, and behind it the question where leave to record is wanted.
    pub(super) fn opening(&mut self) -> Vec<String> {
        let mut pieces = vec![self.plan.greeting.clone()];
        let Recording::AfterConsent { question } = &self.plan.recording else { return pieces };
        if self.answered.recorder == Recorder::None {
            return pieces;
        }
        let language = self.plan.language;
        let own = question.is_empty();
        let question = if own { Phrase::MayIRecord.say(language) } else { question.clone() };
        pieces.push(question.clone());
        // Keys that a menu gives another meaning would be no clear answer.
        let free = ['1', '2'].iter().all(|key| !self.plan.keys.contains_key(key));
        let offers = self.answered.tag == Tag::Always && self.answered.line.keys && free;
        match self.answered.tag {
            Tag::Always if offers => pieces.push(Phrase::YesOrNoOrKeys.say(language)),
            Tag::Always => pieces.push(Phrase::SayYesOrNo.say(language)),
            Tag::WhenAskedAgain => {}
        }
        let keys = if offers { Keys::Offered } else { Keys::Unsaid };
        self.consent = Consent::Asking { question, keys };
        pieces
    }

    /// The greeting was played to its end. Where the line has marks, only a mark says that it was heard.
    pub(super) fn on_greeting_played(&mut self, end: Position, by: By) {
        if by == By::Mark || !self.answered.line.marks {
            self.consent.heard_out(end);
        }
    }

    /// Takes the caller's words as the answer to the open question, if they are one.
    pub(super) fn answers_consent(&mut self, said: &Said, out: &mut Outputs) -> bool {
        let leave = self.consent.judged(said, self.plan.language);
        self.take_leave(leave, Entry::Caller { text: said.text() }, out)
    }

    /// Takes a key as the answer to the open question, if it is one.
    pub(super) fn keys_consent(&mut self, key: char, at: Position, out: &mut Outputs) -> bool {
        let leave = self.consent.keyed(key, at);
        self.take_leave(leave, Entry::Keys { keys: key.to_string() }, out)
    }

    fn take_leave(&mut self, leave: Option<Leave>, answer: Entry, out: &mut Outputs) -> bool {
        let Some(leave) = leave.filter(|_| self.life.is_live()) else { return false };
        self.consent = Consent::Closed;
        let phrase = match leave {
            Leave::Given => {
                self.consent = Consent::Given;
                out.order(Order::Record);
                Phrase::RecordingAgreed
            }
            Leave::Refused => Phrase::RecordingRefused,
            Leave::Passed => return false,
        };
        self.silence.broken();
        self.history.push(answer);
        self.notice(phrase);
        true
    }

    /// What carried the call was gone, and its recording ended with it: the leave stands. A question behind a greeting
    /// that is said again is asked again with it, one that was heard is not.
    pub(super) fn record_again(&mut self, out: &mut Outputs) {
        match &self.consent {
            Consent::Given if self.life.may_speak() => out.order(Order::Record),
            Consent::Listening { .. } => self.consent = Consent::Closed,
            Consent::Closed | Consent::Given | Consent::Asking { .. } => {}
        }
    }

    /// A question that was not heard out is not asked again, and once anything else sounds nobody answers it any more.
    pub(super) fn follow_consent(&mut self) {
        let stands = match &self.consent {
            Consent::Closed | Consent::Given => true,
            Consent::Asking { .. } => self.playback.has(Role::Greeting),
            Consent::Listening { .. } => self.playback.is_idle() && self.life.is_live(),
        };
        if !stands {
            self.consent = Consent::Closed;
        }
    }
}
