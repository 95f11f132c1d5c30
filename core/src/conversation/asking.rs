//! The spoken confirmation: asking, hearing it out, the yes and its breath, the no.
//!
//! Promises: while a question is open nothing else is said; a question that was not heard whole is asked again
//! whole; whatever goes wrong here ends in *not done*.
//! Never: makes a permit; it asks the gate for one.

use serde_json::json;

use super::gate::{Ask, Confirmation, Early, Form, Hold, Keys, Naming, Permit, Voice};
use super::order::{Note, Order, Refusal, Role};
use super::outputs::Outputs;
use super::plan::{Effects, ToolPlan, VoiceYes};
use super::playback::Reply;
use super::proposals::{self, Leave, Proposal, Stage, TOOL_MARGIN};
use super::turn::{Hearing, Sounding};
use super::wording::{Unworded, wording};
use super::{By, Conversation, EngineYes, Entry, Tag};
use crate::base::{CallTime, Position, ProposalId};
use crate::language::Phrase;

impl Conversation {
    pub(super) fn verbs(&self, proposal: ProposalId) -> Vec<String> {
        let tool = self.proposals.get(proposal).and_then(|p| self.plan.tool(&p.tool));
        tool.map(|t| t.confirm.verbs.clone()).unwrap_or_default()
    }

    /// Puts the question about a waiting proposal. The line is free.
    pub(super) fn ask(&mut self, proposal: ProposalId, out: &mut Outputs) {
        let Some(waiting) = self.proposals.get(proposal) else { return };
        let Some(tool) = self.plan.tool(&waiting.tool) else { return };
        let voice = self.voice(tool);
        let wording = match wording(&self.renderer, self.plan.language, tool, &waiting.values) {
            Ok(wording) => Some(wording).filter(|_| self.can_answer(voice)),
            Err(Unworded::Unsaid(parameter)) => {
                out.note(Note::Unsaid { proposal, parameter });
                None
            }
            Err(Unworded::Broken(_)) => None,
        };
        let Some(wording) = wording else {
            out.order(Order::Discard { proposal });
            self.refuse(proposal, Refusal::NotAskable, out);
            return;
        };
        let action = waiting.action;
        let ask = Ask::new(proposal, action, wording, voice);
        if let Some(p) = self.proposals.get_mut(proposal) {
            p.stage = Stage::Asking;
        }
        self.put(ask);
    }

    fn can_answer(&self, voice: Voice) -> bool {
        voice == Voice::Enough || self.answered.line.keys
    }

    fn voice(&self, tool: &ToolPlan) -> Voice {
        match (tool.confirm.voice, self.answered.engine, tool.effects) {
            (VoiceYes::KeypadOnly, _, _)
            | (VoiceYes::ByEngine, EngineYes::KeypadOnly, Effects::Irreversible) => Voice::KeyOnly,
            (VoiceYes::Accepted, _, _)
            | (VoiceYes::ByEngine, EngineYes::Trusted, _)
            | (VoiceYes::ByEngine, EngineYes::KeypadOnly, Effects::None | Effects::Reversible) => {
                Voice::Enough
            }
        }
    }

    /// Queues the question in its form and opens the confirmation.
    fn put(&mut self, mut ask: Ask) {
        let tag = match (ask.voice, self.answered.line.keys) {
            (Voice::KeyOnly, _) => Phrase::PressKeys,
            (Voice::Enough, true) => Phrase::SayYesOrNoOrKeys,
            (Voice::Enough, false) => Phrase::SayYesOrNo,
        };
        let tagged = ask.voice == Voice::KeyOnly || self.answered.tag == Tag::Always;
        let language = self.plan.language;
        let mut pieces = match ask.form {
            Form::Whole | Form::Tagged => vec![ask.wording.question.clone()],
            Form::Short => vec![ask.wording.short.clone()],
            Form::YesAgain => vec![Phrase::SayYesAgain.say(language)],
        };
        let has_tag = ask.form == Form::Tagged || (tagged && ask.form != Form::YesAgain);
        if has_tag {
            pieces.push(tag.say(language));
        }
        let offers = ask.form == Form::YesAgain || has_tag && self.answered.line.keys;
        if offers && ask.keys == Keys::Unsaid {
            ask.keys = Keys::BeingSaid;
        }
        self.playback.queue_first(Role::Question(ask.proposal), pieces);
        self.confirmation = Confirmation::Asking { ask, early: Early::Nothing };
    }

    /// Asks once more, or gives up: nothing is done.
    pub(super) fn ask_again(&mut self, _at: CallTime, form: Form, out: &mut Outputs) {
        let Some(ask) = self.confirmation.close() else { return };
        let proposal = ask.proposal;
        self.drop_gate_replies(proposal, out);
        match ask.again(form) {
            Some(ask) => self.put(ask),
            None => {
                let why = "the caller's answers were unclear; nothing was done";
                self.give_up(proposal, why, Phrase::NotDoneUnclear, out);
            }
        }
    }

    /// The question cannot be put for now: the agent has no voice. Nothing is done.
    pub(super) fn leave_unasked(&mut self, out: &mut Outputs) {
        if let Some(ask) = self.confirmation.close() {
            let why = "the question could not be spoken; nothing was done";
            self.give_up(ask.proposal, why, Phrase::Failed, out);
        }
    }

    fn give_up(&mut self, proposal: ProposalId, why: &str, phrase: Phrase<'_>, out: &mut Outputs) {
        out.note(Note::Withdrawn { proposal });
        out.order(Order::Discard { proposal });
        self.settle(proposal, proposals::End::Declined, json!({"status": "declined", "why": why}));
        let text = phrase.say(self.plan.language);
        self.playback.queue_first(Role::Outcome(proposal), vec![text]);
    }

    /// A question that is being put, or the naming of an action, is stopped.
    fn drop_gate_replies(&mut self, proposal: ProposalId, out: &mut Outputs) {
        let ours = |role| role == Role::Question(proposal) || role == Role::Action(proposal);
        if self.playback.speaking().is_some_and(ours) {
            self.playback.cut(out);
        }
        self.playback.forget_waiting(|role| !ours(role));
    }

    /// A reply was cut. Where nobody ordered it, a question was not heard, nor what was about to be done.
    pub(super) fn on_cut(&mut self, at: CallTime, role: Role, out: &mut Outputs) {
        let unheard = match &self.confirmation {
            Confirmation::Closed | Confirmation::Listening { .. } => false,
            Confirmation::Asking { .. } => matches!(role, Role::Question(_)),
            Confirmation::Breath { .. } => matches!(role, Role::Action(_)),
        };
        if unheard {
            self.ask_again(at, Form::Tagged, out);
        }
    }

    /// A reply was played to its end.
    pub(super) fn on_played(
        &mut self,
        at: CallTime,
        reply: &Reply,
        end: Position,
        by: By,
        out: &mut Outputs,
    ) {
        self.lost_replies = 0;
        self.push_agent(reply.text());
        match reply.role {
            Role::Question(proposal) => self.on_question_played(at, proposal, end, by, out),
            Role::Action(_) => self.confirmation.named(),
            Role::Outcome(proposal) => {
                self.proposals.heard_of(proposal);
                self.expect = self.expected_after(&reply.text());
            }
            Role::Greeting => {
                self.expect = self.expected_after(&reply.text());
                self.on_greeting_played(end, by);
            }
            Role::Answer(_) | Role::Filler | Role::Reminder | Role::Notice => {
                self.expect = self.expected_after(&reply.text());
            }
            Role::Goodbye => {
                if !matches!(self.life, super::lifecycle::Life::Live { .. }) {
                    self.on_closing(at, out);
                }
            }
        }
    }

    fn on_question_played(
        &mut self,
        at: CallTime,
        proposal: ProposalId,
        end: Position,
        by: By,
        out: &mut Outputs,
    ) {
        let tool = self.proposals.get(proposal).and_then(|p| self.plan.tool(&p.tool));
        let wants_mark = self.answered.line.marks || tool.is_some_and(|t| t.confirm.demands_mark);
        if by == By::Clock && wants_mark {
            // Sent, but nobody says that it was heard: it does not count as asked.
            self.ask_again(at, Form::Tagged, out);
            return;
        }
        match &self.confirmation {
            Confirmation::Asking { early: Early::Yes, .. } => self.ask_again(at, Form::Short, out),
            Confirmation::Asking { .. } => {
                out.note(Note::Asked { proposal, end });
                self.confirmation.heard_out(end, at + self.plan.timing.answer);
            }
            Confirmation::Closed | Confirmation::Listening { .. } | Confirmation::Breath { .. } => {}
        }
    }

    /// The caller said yes, or says it again in the breath.
    pub(super) fn on_yes(&mut self, at: CallTime, words: String) {
        if self.confirmation.is_breath() {
            return;
        }
        let Some(ask) = self.confirmation.ask() else { return };
        let (proposal, naming) = (ask.proposal, ask.wording.naming.clone());
        // Not a turn in which the caller asks for something: what he declined before stays declined.
        self.silence.broken();
        self.push_answer(words, "1");
        if naming.is_empty() {
            self.confirmation.breathe(at, Naming::Over);
        } else {
            self.playback.queue_first(Role::Action(proposal), vec![naming]);
            self.confirmation.breathe(at, Naming::Speaking);
        }
    }

    /// What holds a breath now.
    pub(super) fn hold(&self) -> Hold {
        match (self.turn.sounding(), self.hearing) {
            (Sounding::Turn, _) => Hold::Speech,
            (Sounding::Overlong, _) => Hold::Overlong,
            (Sounding::Quiet, Hearing::Stalled) => Hold::Stalled,
            (Sounding::Quiet, Hearing::Open) => Hold::Free,
        }
    }

    /// The breath is over: the one place where an asked action leaves.
    pub(super) fn on_breath_over(&mut self, at: CallTime, out: &mut Outputs) {
        let Some(ask) = self.confirmation.ask() else { return };
        let proposal = ask.proposal;
        if let Some(permit) = self.confirmation.release(at, self.hold()) {
            self.run(at, proposal, permit, out);
        }
    }

    /// Sends it.
    pub(super) fn run(&mut self, at: CallTime, proposal: ProposalId, permit: Permit, out: &mut Outputs) {
        let timeout = |p: &Proposal| self.plan.tool(&p.tool).map(|t| t.timeout);
        let until = at + self.proposals.get(proposal).and_then(timeout).unwrap_or_default() + TOOL_MARGIN;
        if let Some(p) = self.proposals.get_mut(proposal) {
            p.stage = Stage::Running { until };
            p.leave = Leave::Given;
            let (tool, args, key) = (p.tool.clone(), p.args.clone(), p.key.clone());
            let has_words = self.plan.tool(&tool).is_some_and(|tool| tool.phrases.delay_after.is_some());
            out.order(Order::Run { proposal, tool, args, key, permit });
            if has_words {
                self.patience.begins_anew();
            }
        }
    }

    /// The caller said no.
    pub(super) fn decline(&mut self, words: String, role: fn(ProposalId) -> Role, out: &mut Outputs) {
        let phrase = if self.confirmation.is_breath() { Phrase::Retracted } else { Phrase::NotDone };
        // Not a turn in which the caller asks for something: what he declined before stays declined.
        self.silence.broken();
        let Some(proposal) = self.withdraw(words.clone(), "2", out) else { return };
        let outcome = json!({"status": "declined", "caller_said": words});
        self.settle(proposal, proposals::End::Declined, outcome);
        let text = self.phrase_for(proposal, |tool| &tool.phrases.declined, phrase);
        self.playback.queue_first(role(proposal), vec![text]);
    }

    /// The caller wants it otherwise: as it stands it is declined, and the model hears why.
    pub(super) fn alter(&mut self, words: String, out: &mut Outputs) {
        self.count_turn();
        let Some(proposal) = self.withdraw(words.clone(), "", out) else { return };
        let outcome =
            json!({"status": "declined", "why": "the caller wants it otherwise", "caller_said": words});
        self.settle(proposal, proposals::End::Declined, outcome);
    }

    fn withdraw(&mut self, words: String, key: &str, out: &mut Outputs) -> Option<ProposalId> {
        let proposal = self.confirmation.close()?.proposal;
        self.drop_gate_replies(proposal, out);
        self.push_answer(words, key);
        out.note(Note::Withdrawn { proposal });
        out.order(Order::Discard { proposal });
        Some(proposal)
    }

    fn push_answer(&mut self, text: String, key: &str) {
        if text.is_empty() {
            self.history.push(Entry::Keys { keys: key.to_owned() });
        } else {
            self.history.push(Entry::Caller { text });
        }
    }
}
