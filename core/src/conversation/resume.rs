//! Going on after what carried the call was gone: nothing that was under way then is, and the caller is on a new line.
//!
//! Promises: of a reply that was not played to its end nothing counts as heard; an open question and a yes to it are void,
//! and what was asked is resolved and asked anew, whole; an action that had left is unknown, and told as that (promise 2);
//! a caller who is owed an answer gets one, and every wait begins anew.
//! Never: takes a word, key or timer of the old line for one of the new; runs an action with effects again.

use std::collections::BTreeMap;

use serde_json::json;

use super::Conversation;
use super::event::{Answered, EarlierAction, Outcome, Resumed};
use super::generation::State;
use super::lifecycle::{GOODBYE_MAX, HANG_UP_MAX, Life, Silence};
use super::order::{Note, Order, Role};
use super::outputs::Outputs;
use super::proposals::{self, Stage};
use super::turn::{Hearing, Keypad, Sounding, Turn};
use crate::base::{CallTime, Placeholder, PrivateKind, ProposalId, placeholders};
use crate::language::Phrase;

/// Whether the caller's own words were lost on the way.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lost {
    Nothing,
    Words,
}

impl Conversation {
    /// Which earlier actions are still open, as far as this conversation knows: for who cannot read the record.
    #[must_use]
    pub fn earlier(&self) -> &[EarlierAction] {
        self.proposals.earlier()
    }

    /// The highest number of each kind of placeholder that stands for something here.
    #[must_use]
    pub fn hides(&self) -> BTreeMap<PrivateKind, u32> {
        let mut highest = BTreeMap::from([(PrivateKind::Keys, self.hidden_numbers)]);
        let entries = self.history.entries().iter().map(|entry| json!(entry).to_string());
        let wishes = self.proposals.iter().map(|p| format!("{}{}", p.args, p.values));
        for text in entries.chain(wishes) {
            for (_, Placeholder { kind, n }, _) in placeholders(&text) {
                let known = highest.entry(kind).or_default();
                *known = n.max(*known);
            }
        }
        highest
    }

    /// The state stands; all that was under way around it is gone.
    pub(super) fn on_resumed(&mut self, at: CallTime, resumed: &Resumed, out: &mut Outputs) {
        let lost = self.leave_the_old_line(resumed, out);
        self.record_again(out);
        let replies = self.playback.begins_anew(is_said_again);
        match self.life {
            Life::Ringing | Life::Ended => {}
            Life::Gone => self.leave_unknown(),
            Life::HangingUp { why, .. } => {
                self.leave_unknown();
                out.order(Order::HangUp { why });
                self.life = Life::HangingUp { why, until: at + HANG_UP_MAX };
            }
            Life::Closing { why, .. } => {
                self.leave_unknown();
                self.life = Life::Closing { why, until: at + GOODBYE_MAX };
            }
            Life::Live { .. } => {
                self.life = Life::live(at, &self.plan.timing);
                self.leave_unknown();
                self.work_again();
                let owes = replies
                    || self.untold > 0
                    || self.generation.state != State::Idle
                    || self.proposals.any_open();
                self.apologise(lost, owes);
            }
        }
    }

    /// Forgets what the old line said of the caller, and what stood on it.
    fn leave_the_old_line(&mut self, resumed: &Resumed, out: &mut Outputs) -> Lost {
        let Resumed { since: _, line, engine, tag, ref earlier } = *resumed;
        self.proposals.remember_anew(&self.answered.earlier, earlier);
        self.answered = Answered { line, engine, tag, ..self.answered.clone() };
        let heard = self.turn.sounding() == Sounding::Quiet && self.keypad.is_idle();
        self.turn = Turn::quiet();
        self.keypad = Keypad::Idle;
        self.hearing = Hearing::Open;
        self.silence = Silence::Busy { reminded: 0 };
        self.patience.begins_anew();
        (self.lost_turns, self.lost_replies) = (0, 0);
        self.watch = None;
        if let Some(ask) = self.confirmation.close() {
            out.note(Note::Withdrawn { proposal: ask.proposal });
        }
        self.generation.begins_anew();
        if heard { Lost::Nothing } else { Lost::Words }
    }

    /// What had left has no outcome, and nobody is left to bring one.
    fn leave_unknown(&mut self) {
        let acting: Vec<ProposalId> = self.proposals.acting().collect();
        acting.into_iter().for_each(|proposal| self.on_settled(proposal, &Outcome::Unknown));
        if !self.life.is_live() {
            let open: Vec<ProposalId> = self
                .proposals
                .iter()
                .filter(|p| !matches!(p.stage, Stage::Settled(_)))
                .map(|p| p.id)
                .collect();
            for proposal in open {
                let why = json!({"status": "failed", "why": "the call was cut off"});
                self.settle(proposal, proposals::End::Failed, why);
            }
        }
    }

    /// What has no effects is run again; what has, is resolved again and then asked about: all of it as if it were wished
    /// for now.
    fn work_again(&mut self) {
        for wish in self.proposals.iter_mut().filter(|p| !matches!(p.stage, Stage::Settled(_))) {
            wish.stage = Stage::Held;
            wish.values = wish.args.clone();
        }
    }

    /// Says so, before all that waits; who was speaking, and is owed nothing else, is asked to say it again.
    fn apologise(&mut self, lost: Lost, owes: bool) {
        let language = self.plan.language;
        let mut pieces = vec![Phrase::CutOff.say(language)];
        if self.playback.next_begins(&pieces[0]) {
            // It was cut off as well, and is said once.
            return;
        }
        if lost == Lost::Words && !owes {
            pieces.push(Phrase::SayAgain.say(language));
        }
        self.playback.queue_first(Role::Notice, pieces);
    }
}

/// Whether a reply of which nothing is known to be heard is said from its beginning.
fn is_said_again(role: Role) -> bool {
    match role {
        Role::Greeting | Role::Answer(_) | Role::Notice | Role::Outcome(_) | Role::Goodbye => true,
        // A question is put anew once its request is resolved anew; the others have had their moment.
        Role::Question(_) | Role::Action(_) | Role::Filler | Role::Reminder => false,
    }
}
