//! What follows from the caller: speaking, falling silent, keys, hanging up.
//!
//! Promises: a caller's voice stops what may be interrupted, in the same step; it never stops an action under way.
//! Never: judges an answer; the gate does.

use super::gate::{Confirmation, Early, Ruling};
use super::lifecycle::{GOODBYE_MAX, HANG_UP_MAX, Life};
use super::order::{Note, Order, Role, Verdict, Why};
use super::outputs::Outputs;
use super::playback;
use super::proposals::{End, Stage};
use super::turn::{Collects, Keypad, Lost, Said};
use super::{Conversation, Entry};
use crate::base::{CallTime, Position};
use crate::language::Phrase;

/// Lost turns in a row after which nobody can be served by voice.
const LOST_TURNS_MAX: u8 = 3;

impl Conversation {
    /// The caller began to speak: what may be interrupted stops.
    pub(super) fn on_speech(&mut self, at: CallTime, from: Position, out: &mut Outputs) {
        if !self.life.may_speak() {
            return;
        }
        self.turn.started(at, from, &self.plan.timing);
        self.interrupt(at, out);
    }

    /// Stops the reply on the line, if its role lets a caller stop it.
    fn interrupt(&mut self, at: CallTime, out: &mut Outputs) {
        if self.playback.speaking().is_some_and(|role| self.may_interrupt(role)) {
            self.playback.cut(out);
        }
        // Who gives a sign into a goodbye that silence brought is still there.
        if matches!(self.life, Life::Closing { why: Why::Silence, .. }) {
            self.life = Life::live(at, &self.plan.timing);
        }
    }

    fn may_interrupt(&self, role: Role) -> bool {
        match role {
            Role::Greeting
            | Role::Answer(_)
            | Role::Filler
            | Role::Reminder
            | Role::Notice
            | Role::Outcome(_) => true,
            // A question counts only when heard whole, and the naming of an action is the caller's to hear.
            Role::Question(_) | Role::Action(_) => false,
            Role::Goodbye => matches!(self.life, Life::Closing { why: Why::Silence, .. }),
        }
    }

    /// A turn of the caller is over, with what was said.
    pub(super) fn on_said(&mut self, at: CallTime, said: &Said, out: &mut Outputs) {
        self.lost_turns = if said.lost == Lost::Words { self.lost_turns.saturating_add(1) } else { 0 };
        if self.answers_consent(said, out) {
            return;
        }
        if self.confirmation.is_closed() {
            self.on_said_freely(at, said, out);
        } else {
            self.rule(at, said, |_| true, out);
        }
    }

    fn on_said_freely(&mut self, at: CallTime, said: &Said, out: &mut Outputs) {
        if self.lost_turns >= LOST_TURNS_MAX && self.may_close() {
            self.close(at, Why::Service, Phrase::ServiceDownGoodbye, out);
            return;
        }
        let text = said.text();
        if text.is_empty() {
            // Somebody works, or something else is about to be said: a noise needs no answer.
            if self.life.is_live()
                && self.generation_is_idle()
                && self.playback.is_idle()
                && !self.proposals.any_open()
            {
                self.notice(Phrase::DidNotUnderstand);
            }
            return;
        }
        self.history.push(Entry::Caller { text });
        // An answer to an older turn that nothing cut: it began while the caller sounded on, and may never end.
        if matches!(self.playback.speaking(), Some(Role::Answer(_))) {
            self.playback.cut(out);
        }
        self.new_turn(out);
    }

    /// The caller has said something new: what waited to be said is out of date, and the model is asked.
    pub(super) fn new_turn(&mut self, out: &mut Outputs) {
        self.count_turn();
        self.drop_generation(out);
        // What became of an action is told whatever is said meanwhile, and an open question stays open.
        self.playback.forget_waiting(|role| match role {
            Role::Outcome(_) | Role::Goodbye | Role::Question(_) | Role::Action(_) => true,
            Role::Greeting | Role::Answer(_) | Role::Filler | Role::Reminder | Role::Notice => false,
        });
        self.generation.new_turn();
        self.patience.begins_anew();
    }

    pub(super) fn count_turn(&mut self) {
        self.turns = self.turns.saturating_add(1);
        self.silence.broken();
    }

    /// Words that nobody waits for any more: they stop or alter what is asked, and are no yes to anything.
    pub(super) fn on_said_late(&mut self, at: CallTime, said: &Said, out: &mut Outputs) {
        self.rule(at, said, Ruling::stops, out);
    }

    /// Judges what was said to the open question; only such rulings count.
    fn rule(&mut self, at: CallTime, said: &Said, counts: fn(Ruling) -> bool, out: &mut Outputs) {
        let Some(ask) = self.confirmation.ask() else { return };
        let proposal = ask.proposal;
        let verbs = self.verbs(proposal);
        let ruled = self.confirmation.rule(said, self.plan.language, &verbs);
        if let Some((ruling, verdict)) = ruled.filter(|(ruling, _)| counts(*ruling)) {
            out.note(Note::Judged { proposal, answer: verdict });
            self.on_ruling(at, ruling, said.text(), out);
        }
    }

    /// A key: an answer where a question is open, else part of a number.
    pub(super) fn on_key(&mut self, at: CallTime, key: char, position: Position, out: &mut Outputs) {
        if !self.life.may_speak() {
            return;
        }
        self.silence.broken();
        if self.keys_consent(key, position, out) {
            return;
        }
        if let Some(ruling) = self.confirmation.rule_key(key, position) {
            if let Some(ask) = self.confirmation.ask() {
                out.note(Note::Judged { proposal: ask.proposal, answer: Verdict::Key(key) });
            }
            self.on_ruling(at, ruling, String::new(), out);
            return;
        }
        self.interrupt(at, out);
        if let Some(keys) = self.keypad.pressed(at, key, &self.plan.timing) {
            self.on_keyed(at, keys, out);
        }
    }

    /// Whether the caller's turn goes on beyond the words that are told next.
    #[must_use]
    pub fn turn_goes_on(&self) -> bool {
        self.turn.goes_on()
    }

    /// Whether a key would be part of a number, and of which.
    #[must_use]
    pub fn collects(&self, key: char, position: Position) -> Option<Collects> {
        let consents = self.life.is_live() && self.consent.is_answered_by(key, position);
        let answers = consents || self.confirmation.rule_key(key, position).is_some();
        let part = self.life.may_speak() && key != '#' && !answers;
        let number = if self.keypad.is_idle() { Collects::New } else { Collects::More };
        part.then_some(number)
    }

    /// A number is complete.
    pub(super) fn on_keyed(&mut self, at: CallTime, keys: String, out: &mut Outputs) {
        // What began to be said between two keys answers an older turn.
        self.interrupt(at, out);
        let keys = Keypad::number(keys, &mut self.hidden_numbers);
        self.history.push(Entry::Keys { keys });
        self.new_turn(out);
    }

    /// What an answer brings about.
    fn on_ruling(&mut self, at: CallTime, ruling: Ruling, words: String, out: &mut Outputs) {
        match ruling {
            Ruling::Nothing => {}
            Ruling::EarlyYes => {
                if let Confirmation::Asking { early, .. } = &mut self.confirmation {
                    *early = Early::Yes;
                }
            }
            Ruling::Yes => self.on_yes(at, words),
            Ruling::AskAgain(form) => self.ask_again(at, form, out),
            Ruling::Decline => self.decline(words, Role::Outcome, out),
            Ruling::Alter => self.alter(words, out),
        }
    }

    /// Nobody has said anything: a reminder, and after the last a goodbye.
    pub(super) fn on_silence(&mut self, at: CallTime, out: &mut Outputs) {
        let nth = self.silence.remind();
        if nth <= self.plan.timing.reminders {
            let text = Phrase::StillThere(nth).say(self.plan.language);
            self.playback.queue(Role::Reminder, vec![text], playback::End::Complete);
        } else {
            self.close(at, Why::Silence, Phrase::GoodbyeSilence, out);
        }
    }

    /// Says a goodbye, and nothing else any more. Nobody hangs up on an action under way: whoever wanted to will
    /// want to again once its outcome was told.
    pub(super) fn close(&mut self, at: CallTime, why: Why, phrase: Phrase<'_>, out: &mut Outputs) {
        if !self.may_close() {
            return;
        }
        self.drop_generation(out);
        self.abandon(out);
        // What became of an action is told whole, before the goodbye.
        let tells = |role| matches!(role, Role::Outcome(_));
        if !self.playback.speaking().is_some_and(tells) {
            self.playback.cut(out);
        }
        self.playback.forget_waiting(tells);
        self.playback.queue(Role::Goodbye, vec![phrase.say(self.plan.language)], playback::End::Complete);
        self.life = Life::Closing { why, until: at + GOODBYE_MAX };
    }

    fn may_close(&self) -> bool {
        self.life.is_live() && !self.proposals.any_effect_running()
    }

    /// The goodbye was heard, or its time is over.
    pub(super) fn on_closing(&mut self, at: CallTime, out: &mut Outputs) {
        match self.life {
            Life::Closing { why, .. } => {
                self.playback.forget_waiting(|_| false);
                self.playback.cut(out);
                out.order(Order::HangUp { why });
                self.life = Life::HangingUp { why, until: at + HANG_UP_MAX };
            }
            Life::HangingUp { .. } => self.on_hung_up(out),
            Life::Ringing | Life::Live { .. } | Life::Gone | Life::Ended => {}
        }
    }

    /// The caller is gone. What was asked and not answered is void; what is under way keeps its outcome.
    pub(super) fn on_hung_up(&mut self, out: &mut Outputs) {
        self.drop_generation(out);
        self.abandon(out);
        self.playback.forget_waiting(|_| false);
        // Nobody listens: synthesis and what waits for the line stop at once.
        self.playback.cut(out);
        self.playback.lose();
        self.life = Life::Gone;
    }

    /// Voids every proposal that has not left.
    pub(super) fn abandon(&mut self, out: &mut Outputs) {
        if let Some(ask) = self.confirmation.close() {
            out.note(Note::Withdrawn { proposal: ask.proposal });
        }
        let waiting =
            |stage| matches!(stage, Stage::Held | Stage::Preparing { .. } | Stage::Waiting | Stage::Asking);
        let void: Vec<_> = self.proposals.iter().filter(|p| waiting(p.stage)).map(|p| p.id).collect();
        for proposal in void {
            out.order(Order::Discard { proposal });
            // What a proof on its way comes to is not waited for: it counts.
            let is_try = self.proposals.get(proposal).is_some_and(|p| self.is_try(p));
            let end = if is_try { End::Unproven } else { End::Declined };
            self.settle(proposal, end, serde_json::json!({"status": "declined"}));
        }
    }
}
