//! Promise 9: where the agent asks for leave to record, nothing is recorded before the caller's own yes.
//!
//! A yes is what the caller *meant*, said wholly after the last sample of the opening with the question in it, nothing else
//! having been said since; or key 1 pressed after it, where the question offered keys.
//!
//! Promises: judges by intention and position; what the words looked like does not matter.
//! Never: believes that the question was heard because it was sent, where the line has marks.

use std::sync::Arc;

use super::Seen;
use super::leave::Meant;
use crate::base::{Position, ReplyId};
use crate::conversation::{Answered, By, Event, Order, Plan, Recorder, Recording, Resumed, Role};
use crate::language::Phrase;
use crate::sim::caller::{Meaning, Spoken};

#[derive(Debug)]
pub(super) struct Recorded {
    plan: Arc<Plan>,
    answered: Option<Answered>,
    question: Question,
    /// What the caller said since it was heard, as far as it was told.
    spoken: Vec<Spoken>,
    /// The key that was pressed last since it was heard.
    key: Option<(char, Position)>,
    leave: Leave,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leave {
    None,
    Taken,
    /// The recording has ended with what carried the call, and may begin once more.
    Standing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Question {
    /// Not put, or no longer to be answered.
    Closed,
    Open {
        reply: ReplyId,
        keys: Keys,
    },
    Heard {
        end: Position,
        keys: Keys,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Keys {
    Unsaid,
    Offered,
}

impl Recorded {
    pub(super) fn new(plan: Arc<Plan>) -> Recorded {
        Recorded {
            plan,
            answered: None,
            question: Question::Closed,
            spoken: Vec::new(),
            key: None,
            leave: Leave::None,
        }
    }

    pub(super) fn sees(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        match seen {
            Seen::Event(Event::Answered(answered), _) => self.answered = Some(answered.clone()),
            Seen::Event(Event::Resumed(resumed), _) => self.resumed(resumed),
            Seen::Event(Event::Played { reply, at, by }, _) => self.played(*reply, *at, *by),
            Seen::Event(Event::Heard(_), truth) => self.spoken.extend_from_slice(&truth.spoken),
            Seen::Event(Event::Key { key, at }, _) => self.key = Some((*key, *at)),
            Seen::Order(Order::Say { reply, role, text, .. }) => self.says(*reply, *role, text),
            Seen::Order(Order::Record) => return self.records(),
            Seen::Event(..) | Seen::Timer(_) | Seen::Order(_) | Seen::Rest { .. } => {}
        }
        Ok(())
    }

    fn says(&mut self, reply: ReplyId, role: Role, text: &str) {
        // Said again on a new line, it is of one piece.
        let offers = text.ends_with(&Phrase::YesOrNoOrKeys.say(self.plan.language));
        self.question = match (self.question, role) {
            (Question::Open { keys: Keys::Offered, .. }, Role::Greeting) => {
                Question::Open { reply, keys: Keys::Offered }
            }
            (Question::Closed | Question::Open { keys: Keys::Unsaid, .. }, Role::Greeting) => {
                Question::Open { reply, keys: if offers { Keys::Offered } else { Keys::Unsaid } }
            }
            (Question::Closed | Question::Open { .. } | Question::Heard { .. }, _) => Question::Closed,
        };
    }

    fn played(&mut self, played: ReplyId, end: Position, by: By) {
        let marks = self.answered.as_ref().is_some_and(|answered| answered.line.marks);
        self.question = match self.question {
            Question::Open { reply, keys } if reply == played && (by == By::Mark || !marks) => {
                (self.spoken, self.key) = (Vec::new(), None);
                Question::Heard { end, keys }
            }
            other @ (Question::Closed | Question::Open { .. } | Question::Heard { .. }) => other,
        };
    }

    /// On a new line nothing that was put on the old one is answered.
    fn resumed(&mut self, resumed: &Resumed) {
        self.question = Question::Closed;
        if let Some(answered) = &mut self.answered {
            answered.line = resumed.line;
        }
        if self.leave == Leave::Taken {
            self.leave = Leave::Standing;
        }
    }

    fn records(&mut self) -> Result<(), String> {
        let asks = matches!(self.plan.recording, Recording::AfterConsent { .. });
        let ready = self.answered.as_ref().is_some_and(|answered| answered.recorder == Recorder::Ready);
        if self.leave == Leave::Standing {
            self.leave = Leave::Taken;
            return Ok(());
        }
        if !asks || !ready {
            return Err("leave to record is taken where nobody asks for it".to_owned());
        }
        let Question::Heard { end, keys } = std::mem::replace(&mut self.question, Question::Closed) else {
            return Err("the call is recorded though the question was not heard".to_owned());
        };
        let by_key = keys == Keys::Offered && self.key.is_some_and(|(key, at)| key == '1' && at >= end);
        // A cough over its end says nothing.
        let says = |spoken: &&Spoken| spoken.meaning != Meaning::Noise;
        let over = |spoken: &Spoken| spoken.span.from < end && spoken.span.to > end;
        let over = self.spoken.iter().filter(says).any(over);
        let after: Vec<Spoken> =
            self.spoken.iter().copied().filter(|spoken| spoken.span.from >= end).collect();
        let by_voice = !over && Meant::by(&after) == Meant::Yes;
        if !by_key && !by_voice {
            return Err("the call is recorded without a yes".to_owned());
        }
        self.leave = Leave::Taken;
        Ok(())
    }
}
