//! The gate: the one door to every action with effects. It makes permits, and nothing else can.
//!
//! Promises: a permit covers one proposal with the very action that was resolved and read out (promise 1); it is
//! used up by running, expires, and dies with any change; in doubt there is none.
//! Never: knows a language model, runs a tool, believes a word whose audio began before its question's end.

use serde_json::Value;

use super::event::{Affirmation, Word};
use super::order::{Expect, Verdict};
use super::plan::{Effects, Policy, ToolPlan};
use super::timer::Timer;
use super::turn::{Lost, Said, join};
use super::wording::Wording;
use crate::base::{CallTime, Digest, Millis, Position, ProposalId};
use crate::language::{Answer, Cues, Language, echoes, judge, repeats, tokens};
use crate::template::Renderer;

/// From the yes to the request at the least: a retraction within a second is heard in time.
const BREATH: Millis = Millis(700);

/// How long a permit lives. Long enough for the action to be named and a breath to be held once; a caller who
/// talks on for longer is talking about something else.
const PERMIT_LIFE: Millis = Millis(15_000);

/// How often one proposal is asked about: the question, and in doubt two more.
const ASKS_MAX: u8 = 3;

/// Longest answer by sound, in words, whose text need not be a yes: an engine may hear another word than it judged.
const BY_SOUND_WORDS_MAX: usize = 2;

/// Leave to run one proposal. Private fields, neither `Clone` nor `Deserialize`: it exists once, and was made here.
#[derive(Debug)]
pub struct Permit {
    proposal: ProposalId,
    /// Of the resolved action; for harmless tools, of the arguments.
    action: Digest,
    basis: Basis,
    expires: CallTime,
}

/// On what a permit rests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Basis {
    /// Nobody needs to be asked: no effects, or the admin wrote so.
    Unasked,
    /// The caller's own yes.
    Confirmed,
    /// An admin, outside any call.
    Admin { user: String, reason: String },
}

impl Permit {
    /// Whether this is leave for that proposal, with that action, at that time.
    #[must_use]
    pub fn covers(&self, proposal: ProposalId, action: Digest, at: CallTime) -> bool {
        self.proposal == proposal && self.action == action && at <= self.expires
    }

    #[must_use]
    pub fn proposal(&self) -> ProposalId {
        self.proposal
    }

    #[must_use]
    pub fn action(&self) -> Digest {
        self.action
    }

    #[must_use]
    pub fn basis(&self) -> &Basis {
        &self.basis
    }

    /// Leave without a question, where the plan wants none; `None` where it wants one. `before` is what the tool has done
    /// in this call, where that is known: a condition that wants to know it and cannot asks.
    pub(super) fn unasked(
        at: CallTime,
        proposal: ProposalId,
        action: Digest,
        tool: &ToolPlan,
        values: &Value,
        before: Option<Vec<Value>>,
        renderer: &Renderer,
    ) -> Option<Permit> {
        let asks = match (&tool.effects, &tool.confirm.policy) {
            (Effects::None, _) | (Effects::Reversible | Effects::Irreversible, Policy::Never) => false,
            (Effects::Reversible | Effects::Irreversible, Policy::Always) => true,
            // A condition that cannot be computed asks.
            (Effects::Reversible | Effects::Irreversible, Policy::When(condition)) => {
                let asks = match before {
                    Some(before) => renderer.holds_after(condition, values, before),
                    None => renderer.holds(condition, values),
                };
                asks.unwrap_or(true)
            }
        };
        (!asks).then(|| Permit { proposal, action, basis: Basis::Unasked, expires: at + PERMIT_LIFE })
    }

    /// Leave by an admin who answers for it by name, outside any call.
    #[must_use]
    pub fn by_admin(proposal: ProposalId, action: Digest, user: String, reason: String) -> Permit {
        Permit {
            proposal,
            action,
            basis: Basis::Admin { user, reason },
            expires: CallTime::ANSWER + PERMIT_LIFE,
        }
    }
}

/// Where the confirmation of one proposal stands. One at a time.
#[derive(Debug)]
pub(super) enum Confirmation {
    Closed,
    /// The question is on the line.
    Asking {
        ask: Ask,
        early: Early,
    },
    /// It was heard to `end`; the answer is awaited.
    Listening {
        ask: Ask,
        end: Position,
        until: CallTime,
    },
    /// The caller said yes. The action is named aloud, and leaves when nothing holds it.
    Breath {
        ask: Ask,
        /// Of the question; what was said before it is no answer here either.
        end: Position,
        naming: Naming,
        leaves: CallTime,
        expires: CallTime,
    },
}

/// One proposal being asked about.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    pub(super) proposal: ProposalId,
    pub(super) action: Digest,
    pub(super) wording: Wording,
    pub(super) form: Form,
    pub(super) voice: Voice,
    pub(super) keys: Keys,
    /// How often it was put so far.
    asked: u8,
}

/// How a question is put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Whole,
    /// Whole, with "say yes or no".
    Tagged,
    /// Short, after an early yes.
    Short,
    /// After a doubtful yes.
    YesAgain,
}

/// Whether a spoken yes is enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Voice {
    Enough,
    KeyOnly,
}

/// Whether the caller was told, when he was asked, that keys answer too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keys {
    Unsaid,
    /// By a question that is on its way to him, and may be cut.
    BeingSaid,
    /// He has heard it.
    Offered,
}

/// Whether a yes came while the question was still being said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Early {
    Nothing,
    Yes,
}

/// Whether the action was named to the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Naming {
    Speaking,
    Over,
}

/// What holds a breath, and the patience with an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hold {
    Free,
    /// The caller speaks, and is not judged yet.
    Speech,
    /// The caller has spoken beyond the longest turn, and still does: a retraction may be in it.
    Overlong,
    /// The line is stalled: a retraction could not be heard.
    Stalled,
}

/// What follows from an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ruling {
    /// It was no answer.
    Nothing,
    /// A yes while the question was being said: a short one follows.
    EarlyYes,
    Yes,
    AskAgain(Form),
    Decline,
    /// Declined as it stands; the caller wants it otherwise.
    Alter,
}

impl Ruling {
    /// It counts whenever it was said: over the question, or told long after.
    pub(super) fn stops(self) -> bool {
        match self {
            Ruling::Decline | Ruling::Alter => true,
            Ruling::Nothing | Ruling::EarlyYes | Ruling::Yes | Ruling::AskAgain(_) => false,
        }
    }
}

impl Ask {
    pub(super) fn new(proposal: ProposalId, action: Digest, wording: Wording, voice: Voice) -> Ask {
        let (form, keys) = (Form::Whole, Keys::Unsaid);
        Ask { proposal, action, wording, form, voice, keys, asked: 1 }
    }

    /// Put once more in that form, if it may be.
    pub(super) fn again(mut self, form: Form) -> Option<Ask> {
        self.asked = self.asked.saturating_add(1);
        self.form = form;
        if self.keys == Keys::BeingSaid {
            self.keys = Keys::Unsaid;
        }
        (self.asked <= ASKS_MAX).then_some(self)
    }
}

impl Confirmation {
    pub(super) fn is_closed(&self) -> bool {
        matches!(self, Confirmation::Closed)
    }

    pub(super) fn is_breath(&self) -> bool {
        matches!(self, Confirmation::Breath { .. })
    }

    pub(super) fn ask(&self) -> Option<&Ask> {
        match self {
            Confirmation::Closed => None,
            Confirmation::Asking { ask, .. }
            | Confirmation::Listening { ask, .. }
            | Confirmation::Breath { ask, .. } => Some(ask),
        }
    }

    /// Closes, and gives back what was asked.
    pub(super) fn close(&mut self) -> Option<Ask> {
        match std::mem::replace(self, Confirmation::Closed) {
            Confirmation::Closed => None,
            Confirmation::Asking { ask, .. }
            | Confirmation::Listening { ask, .. }
            | Confirmation::Breath { ask, .. } => Some(ask),
        }
    }

    pub(super) fn expect(&self) -> Option<Expect> {
        self.ask().map(|ask| if ask.form == Form::YesAgain { Expect::YesAgain } else { Expect::YesNo })
    }

    /// The question was heard to its end: from here on an answer counts.
    pub(super) fn heard_out(&mut self, end: Position, until: CallTime) {
        if let Confirmation::Asking { .. } = self
            && let Some(mut ask) = self.close()
        {
            if ask.keys == Keys::BeingSaid {
                ask.keys = Keys::Offered;
            }
            *self = Confirmation::Listening { ask, end, until };
        }
    }

    /// The caller said yes: the breath begins.
    pub(super) fn breathe(&mut self, at: CallTime, naming: Naming) {
        if let Confirmation::Listening { end, .. } = *self
            && let Some(ask) = self.close()
        {
            let (leaves, expires) = (at + BREATH, at + PERMIT_LIFE);
            *self = Confirmation::Breath { ask, end, naming, leaves, expires };
        }
    }

    /// The caller can be heard again: what he may have said into the stall, he gets the time to repeat.
    pub(super) fn breathe_anew(&mut self, at: CallTime) {
        if let Confirmation::Breath { leaves, .. } = self {
            *leaves = at + BREATH;
        }
    }

    pub(super) fn named(&mut self) {
        if let Confirmation::Breath { naming, .. } = self {
            *naming = Naming::Over;
        }
    }

    pub(super) fn deadline(&self, hold: Hold) -> Option<(CallTime, Timer)> {
        match self {
            // The question's playback has its own deadlines.
            Confirmation::Closed | Confirmation::Asking { .. } => None,
            Confirmation::Listening { until, .. } => {
                (hold != Hold::Speech).then_some((*until, Timer::Answer))
            }
            Confirmation::Breath { naming: Naming::Over, leaves, expires, .. }
                if hold == Hold::Free && leaves <= expires =>
            {
                Some((*leaves, Timer::Breath))
            }
            Confirmation::Breath { expires, .. } => Some((*expires, Timer::Permit)),
        }
    }

    /// The breath is over and nothing holds it: the one place where a yes becomes a permit.
    pub(super) fn release(&mut self, at: CallTime, hold: Hold) -> Option<Permit> {
        match self {
            Confirmation::Breath { naming: Naming::Over, leaves, expires, .. }
                if hold == Hold::Free && *leaves <= at && at <= *expires =>
            {
                let expires = *expires;
                self.close().map(|ask| Permit::confirmed(&ask, expires))
            }
            Confirmation::Closed
            | Confirmation::Asking { .. }
            | Confirmation::Listening { .. }
            | Confirmation::Breath { .. } => None,
        }
    }

    /// What a turn of the caller means to the open question. `None` while none is open.
    pub(super) fn rule(
        &self,
        said: &Said,
        language: Language,
        verbs: &[String],
    ) -> Option<(Ruling, Verdict)> {
        let cues = Cues { verbs };
        let all = judge(language, &said.text(), &cues);
        let repeats = |ask: &Ask| repeats(language, &said.text(), &ask.wording.question, &cues);
        let stops = match all {
            Answer::No | Answer::Wait => Some(Ruling::Decline),
            Answer::Change if self.ask().is_some_and(repeats) => None,
            Answer::Change => Some(Ruling::Alter),
            Answer::Yes | Answer::Question | Answer::Backchannel | Answer::Unclear => None,
        };
        if let Some(stop) = stops {
            return self.ask().map(|_| (stop, Verdict::Spoken(all)));
        }
        match self {
            Confirmation::Closed => None,
            Confirmation::Asking { .. } if all == Answer::Yes => Some((Ruling::EarlyYes, Verdict::Early)),
            Confirmation::Asking { .. } => Some((Ruling::Nothing, Verdict::Spoken(all))),
            Confirmation::Listening { ask, end, .. } => {
                Some(ask.rule_answer(said, all, *end, language, &cues))
            }
            // What was lost, or has no place after the question, may have been a no.
            Confirmation::Breath { end, .. } if said.lost == Lost::Words || !said.is_after(*end) => {
                Some((Ruling::AskAgain(Form::Tagged), Verdict::Spoken(Answer::Unclear)))
            }
            Confirmation::Breath { .. } => {
                // A yes that the engine denies was something else.
                let denied = matches!(said.affirmation(), Affirmation::Doubtful | Affirmation::Absent);
                let ruling = match all {
                    Answer::Yes if !denied => Ruling::Yes,
                    Answer::Backchannel => Ruling::Yes,
                    Answer::Yes
                    | Answer::No
                    | Answer::Wait
                    | Answer::Change
                    | Answer::Question
                    | Answer::Unclear => Ruling::AskAgain(Form::Tagged),
                };
                Some((ruling, Verdict::Spoken(all)))
            }
        }
    }

    /// What a key means to the open question: 2 at any time, 1 only where it was offered and after the question's end.
    pub(super) fn rule_key(&self, key: char, at: Position) -> Option<Ruling> {
        match (self, key) {
            (Confirmation::Closed, _) => None,
            (_, '2') => Some(Ruling::Decline),
            (Confirmation::Listening { ask, end, .. }, '1') if at >= *end && ask.keys == Keys::Offered => {
                Some(Ruling::Yes)
            }
            (Confirmation::Breath { .. }, '1') | (Confirmation::Asking { .. }, _) => Some(Ruling::Nothing),
            (Confirmation::Listening { .. } | Confirmation::Breath { .. }, _) => {
                Some(Ruling::AskAgain(Form::Tagged))
            }
        }
    }
}

impl Permit {
    fn confirmed(ask: &Ask, expires: CallTime) -> Permit {
        Permit { proposal: ask.proposal, action: ask.action, basis: Basis::Confirmed, expires }
    }
}

impl Ask {
    /// An answer after the question's end: only words whose audio began after it count for a yes.
    fn rule_answer(
        &self,
        said: &Said,
        all: Answer,
        end: Position,
        language: Language,
        cues: &Cues<'_>,
    ) -> (Ruling, Verdict) {
        let after = |w: &&Word| w.span.is_some_and(|span| span.from >= end);
        let words = join(said.words.iter().filter(after));
        if words.is_empty() {
            return match (all, said.lost) {
                (Answer::Yes, _) => (Ruling::AskAgain(Form::Short), Verdict::Early),
                (_, Lost::Words) => (Ruling::AskAgain(Form::Tagged), Verdict::Spoken(Answer::Unclear)),
                _ if said.words.is_empty() => (Ruling::Nothing, Verdict::Spoken(Answer::Unclear)),
                _ => (Ruling::AskAgain(Form::Tagged), Verdict::Spoken(all)),
            };
        }
        let answer = judge(language, &words, cues);
        let by_sound = tokens(&words).len() <= BY_SOUND_WORDS_MAX && answer == Answer::Unclear;
        let again = Ruling::AskAgain(Form::Tagged);
        // A judgement by sound is of the whole turn: it says nothing where the turn began over the question. And the
        // end of a sentence that began over it ("… that I said yes") is no answer by itself.
        let before = join(said.words.iter().filter(|w| w.span.is_some_and(|span| span.from < end)));
        let by_sound_over =
            said.affirmation() != Affirmation::ByWords && !said.words.iter().all(|w| after(&w));
        let tail =
            !before.is_empty() && all != Answer::Yes && !echoes(language, &before, &self.wording.question);
        let over = by_sound_over || tail && answer == Answer::Yes;
        // A word without a span may lie anywhere, and may be the one that takes the yes back.
        let unplaced = said.words.iter().any(|word| word.span.is_none());
        match said.affirmation() {
            _ if over => (Ruling::AskAgain(Form::Short), Verdict::Early),
            _ if said.lost == Lost::Words || unplaced => (again, Verdict::Spoken(Answer::Unclear)),
            _ if echoes(language, &words, &self.wording.question) => (again, Verdict::Echo),
            Affirmation::Absent if answer == Answer::Yes => (again, Verdict::Spoken(Answer::Unclear)),
            Affirmation::ByWords | Affirmation::Absent if answer != Answer::Yes => {
                (again, Verdict::Spoken(answer))
            }
            Affirmation::Certain | Affirmation::Doubtful if answer != Answer::Yes && !by_sound => {
                (again, Verdict::Spoken(answer))
            }
            _ if self.voice == Voice::KeyOnly => (again, Verdict::WantsKey),
            Affirmation::Doubtful => (Ruling::AskAgain(Form::YesAgain), Verdict::Doubtful),
            Affirmation::ByWords | Affirmation::Certain | Affirmation::Absent => {
                (Ruling::Yes, Verdict::Spoken(Answer::Yes))
            }
        }
    }
}
