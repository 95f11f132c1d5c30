//! What comes next, decided in one place after every fact and every timer.
//!
//! Promises: one thing at a time: what is on the line first, then a question, then the model; nothing starts
//! while the caller speaks, and a live caller is never left without a word or a deadline (promise 4).
//! Never: reacts to an event; it only looks at where the machines stand.

use super::Conversation;
use super::generation::State;
use super::lifecycle::Life;
use super::order::{Expect, Order, Role, Watch};
use super::outputs::Outputs;
use super::proposals::Stage;
use super::turn::Sounding;
use crate::base::CallTime;

impl Conversation {
    pub(super) fn next(&mut self, at: CallTime, out: &mut Outputs) {
        if self.life == Life::Gone && !self.proposals.any_open() {
            self.life = Life::Ended;
        }
        if !self.life.may_speak() {
            return;
        }
        self.take_up_held(at, out);
        self.next_question(out);
        // Before the reply: it may bring a word to say.
        self.next_round_of_tools();
        self.next_reply(at, out);
        self.follow_consent();
        self.next_generation(at, out);
        self.follow_waits(at);
        self.follow_watch(out);
        if let Life::Closing { .. } = self.life
            && self.playback.is_idle()
        {
            self.on_closing(at, out);
        }
    }

    /// A question opens only into a free line and a silent caller, who knows what became of the action before and is not
    /// keying a number: its next digit would be an answer.
    fn next_question(&mut self, out: &mut Outputs) {
        let free = self.life.is_live()
            && self.playback.is_idle()
            && self.keypad.is_idle()
            && self.turn.leaves_the_floor()
            && self.confirmation.is_closed()
            && !self.proposals.any_effect_running();
        if free && let Some(proposal) = self.proposals.next_question() {
            self.ask(proposal, out);
        }
    }

    fn next_reply(&mut self, at: CallTime, out: &mut Outputs) {
        let closing = matches!(self.life, Life::Closing { .. });
        if (self.turn.leaves_the_floor() || closing) && !self.waits_for_a_voice() {
            // While a question is open nothing else sounds; what happens meanwhile is told after it.
            let open = !self.confirmation.is_closed();
            let ours = |role| matches!(role, Role::Question(_) | Role::Action(_));
            self.playback.open_next(at, |role| !open || ours(role), out);
        }
    }

    /// Every result stands, and nothing is being asked.
    fn may_generate(&self) -> bool {
        self.life.is_live() && !self.proposals.any_open() && self.confirmation.is_closed()
    }

    fn next_round_of_tools(&mut self) {
        if self.may_generate() && self.untold > 0 && self.generation.state == State::Idle {
            self.next_round();
        }
    }

    fn next_generation(&mut self, at: CallTime, out: &mut Outputs) {
        if self.may_generate() && self.generation.state == State::Due && self.turn.leaves_the_floor() {
            self.untold = 0;
            let generation = self.generation.start(at, &self.plan.timing);
            let (history, digest) = (self.history.entries().len(), self.history.digest());
            out.order(Order::Generate { generation, history, digest });
        }
    }

    fn follow_waits(&mut self, at: CallTime) {
        let quiet = self.turn.leaves_the_floor() && self.playback.is_idle() && self.confirmation.is_closed();
        let busy = |p: &super::proposals::Proposal| {
            matches!(p.stage, Stage::Preparing { .. } | Stage::Running { .. })
        };
        let works = self.generation.state != State::Idle || self.proposals.iter().any(busy);
        self.patience.follow(at, self.life.is_live() && quiet && works, self.words_due());
        let idle =
            self.life.is_live() && quiet && !works && !self.proposals.any_open() && self.keypad.is_idle();
        // Who sounds beyond the longest turn is not silent.
        let silent = self.turn.sounding() == Sounding::Quiet;
        self.silence.follow(at, idle && silent);
    }

    /// The standing order to the line, given anew only when it changes.
    fn follow_watch(&mut self, out: &mut Outputs) {
        let timing = &self.plan.timing;
        let agreed = self.consent.is_listening().then_some(Expect::YesNo);
        let expect = self.confirmation.expect().or(agreed).unwrap_or(self.expect);
        let silence = match expect {
            Expect::Anything => timing.end_of_turn,
            Expect::YesNo | Expect::YesAgain => timing.end_of_answer,
            Expect::Digits => timing.end_of_digits,
        };
        let guarded = match self.playback.speaking() {
            None => false,
            // A retraction must hold the breath at once.
            Some(Role::Action(_)) => false,
            Some(_) => true,
        };
        let speech = if guarded { timing.barge_in } else { timing.speech };
        let watch = Watch { speech, silence, expect };
        if self.watch != Some(watch) {
            self.watch = Some(watch);
            out.order(Order::Watch(watch));
        }
    }
}
