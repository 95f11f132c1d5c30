//! What follows from the model and the tools: pieces, wishes, results, and what goes wrong with them.
//!
//! Promises: the outcome of an action is told by code before the model speaks of it; nobody says *done* of an
//! unknown (promise 2); a result is never lost, even when the caller is gone.
//! Never: runs anything; it orders.

use serde_json::{Value, json};

use super::generation::{Round, State, Survives, Voice, WORD_EVERY};
use super::identity::Standing;
use super::lifecycle::Life;
use super::order::{ActionKey, Note, Order, Refusal, Role, Why};
use super::outputs::Outputs;
use super::phrases::Wordings;
use super::plan::{Effects, Idempotency, ParameterKind, ToolPlan};
use super::playback::{End, Reply};
use super::proposals::{self, Stage, TOOL_MARGIN, told};
use super::timer::Timer;
use super::wording::{NONE, telling, written};
use super::{Conversation, Entry, Expect, Lock, Outcome, Permit, Rest, Unproven};
use crate::base::{CallTime, Digest, GenerationId, Millis, ProposalId, ToolName};
use crate::language::Phrase;

/// Replies lost in a row after which the agent has no voice.
const LOST_REPLIES_MAX: u8 = 3;

/// Why a proof is not tried, for the model: the caller has heard it by then.
const LOCKED: &str = "it was not tried: too many proofs of who is calling have failed, and the caller is told when it can be \
                      tried again. Do not try again now";

/// Longest answer of the model: four minutes aloud, less than the line holds. Nobody listens for so long.
const ANSWER_CHARS_MAX: usize = 3_000;

impl Conversation {
    pub(super) fn generation_is_idle(&self) -> bool {
        self.generation.state == State::Idle
    }

    pub(super) fn drop_generation(&mut self, out: &mut Outputs) {
        if let State::Running { .. } = self.generation.state {
            out.order(Order::DropGeneration { generation: self.generation.last });
            let role = Role::Answer(self.generation.last);
            self.playback.forget_waiting(|waiting| waiting != role);
        }
        self.generation.state = State::Idle;
    }

    pub(super) fn on_wrote(
        &mut self,
        at: CallTime,
        generation: GenerationId,
        piece: &str,
        out: &mut Outputs,
    ) {
        let screened = self.is_screened(piece);
        let Some(voice) = self.generation.running(generation) else { return };
        // What nobody hears puts off no deadline.
        match (*voice, screened) {
            (Voice::Muted, _) => {}
            (Voice::Unheard | Voice::Screened, true) => {
                *voice = Voice::Screened;
                out.note(Note::Screened { generation });
            }
            (Voice::Spoken, true) => out.note(Note::Screened { generation }),
            (Voice::Unheard | Voice::Screened | Voice::Spoken, false) => {
                *voice = Voice::Spoken;
                let role = Role::Answer(generation);
                if self.playback.chars_of(role) + piece.chars().count() > ANSWER_CHARS_MAX {
                    out.order(Order::DropGeneration { generation });
                    self.generation.state = State::Idle;
                    self.playback.complete(at, role, out);
                    return;
                }
                self.playback.extend(at, role, piece, out);
                self.generation.alive(at, &self.plan.timing);
            }
        }
    }

    pub(super) fn on_proposed(
        &mut self,
        at: CallTime,
        generation: GenerationId,
        name: &ToolName,
        args: &Value,
        out: &mut Outputs,
    ) {
        if self.generation.running(generation).is_none() {
            return;
        }
        let effects = self.plan.tool(name).map_or(Effects::None, |tool| tool.effects);
        let (turn, is_spent) = (self.turns, self.is_spent(name));
        let Some(proposal) = self.proposals.add(name, args.clone(), effects, turn) else {
            // A model that wishes so much has gone astray.
            out.order(Order::DropGeneration { generation });
            self.on_generation_failed(at, out);
            return;
        };
        let id = proposal.id;
        self.generation.alive(at, &self.plan.timing);
        let is_refused = matches!(self.standing(id), Standing::Refused(_));
        if is_spent && !is_refused {
            self.refuse(id, Refusal::Spent, out);
            return;
        }
        if effects != Effects::None && !is_refused {
            if let Some(voice) = self.generation.running(generation) {
                *voice = Voice::Muted;
            }
            // Nothing more of it is spoken: what was keeps the line no longer than its audio.
            self.playback.complete(at, Role::Answer(generation), out);
        }
        self.take_up(at, id, out);
    }

    /// Takes up a wish that is held, if nothing stands before it any more.
    pub(super) fn take_up(&mut self, at: CallTime, id: ProposalId, out: &mut Outputs) {
        let Some(proposal) = self.proposals.get(id) else { return };
        let (tool, args) = (proposal.tool.clone(), proposal.args.clone());
        let (action, effects) = (proposal.action, proposal.effects);
        let Some(timeout) = self.plan.tool(&tool).map(|tool| tool.timeout) else {
            self.refuse(id, Refusal::UnknownTool, out);
            return;
        };
        match self.standing(id) {
            Standing::Refused(why) => self.refuse(id, why, out),
            Standing::Waits => {}
            Standing::Ready if effects == Effects::None => {
                self.moves(id, Stage::Waiting);
                self.run_unasked(at, id, action, out);
            }
            Standing::Ready => {
                self.moves(id, Stage::Preparing { until: at + timeout + TOOL_MARGIN });
                out.order(Order::Prepare { proposal: id, tool, args });
            }
        }
    }

    fn moves(&mut self, id: ProposalId, stage: Stage) {
        if let Some(proposal) = self.proposals.get_mut(id) {
            proposal.stage = stage;
        }
    }

    /// Takes up what was held, in the order of the wishes.
    pub(super) fn take_up_held(&mut self, at: CallTime, out: &mut Outputs) {
        let mut last = None;
        while let Some(id) = self.proposals.next_held(last) {
            self.take_up(at, id, out);
            last = Some(id);
        }
    }

    /// Runs it where the plan wants no question; whether it did.
    pub(super) fn run_unasked(
        &mut self,
        at: CallTime,
        id: ProposalId,
        action: Digest,
        out: &mut Outputs,
    ) -> bool {
        let Some(proposal) = self.proposals.get(id) else { return false };
        let Some(tool) = self.plan.tool(&proposal.tool) else { return false };
        let before = self.proposals.done_before(&tool.name);
        let Some(permit) = Permit::unasked(at, id, action, tool, &proposal.values, before, &self.renderer)
        else {
            return false;
        };
        let start = tool.phrases.start.after(self.proposals.before(proposal));
        let start = self.renderer.render(start, &proposal.values).unwrap_or_default();
        if !start.is_empty() && self.playback.is_idle() {
            self.playback.queue(Role::Filler, vec![start], End::Complete);
        }
        self.run(at, id, permit, out);
        true
    }

    pub(super) fn on_prepared(
        &mut self,
        at: CallTime,
        id: ProposalId,
        action: Digest,
        values: &Value,
        out: &mut Outputs,
    ) {
        let Some(proposal) = self.proposals.get(id) else { return };
        if !matches!(proposal.stage, Stage::Preparing { .. }) {
            return;
        }
        let keyed = self.plan.tool(&proposal.tool).is_some_and(|tool| tool.idempotency == Idempotency::Keyed);
        let name = proposal.tool.clone();
        match self.proposals.admit(id, &name, action, self.turns, keyed) {
            Err(refusal) => {
                if let Some(proposal) = self.proposals.get_mut(id) {
                    proposal.action = action;
                }
                out.order(Order::Discard { proposal: id });
                self.refuse(id, refusal, out);
            }
            Ok(key) => {
                if let Some(proposal) = self.proposals.get_mut(id) {
                    proposal.key = key;
                    proposal.action = action;
                    merge(&mut proposal.values, values);
                    proposal.stage = Stage::Waiting;
                }
                self.run_unasked(at, id, action, out);
            }
        }
    }

    pub(super) fn on_unprepared(&mut self, id: ProposalId, why: &str) {
        if self.proposals.get(id).is_some_and(|p| matches!(p.stage, Stage::Preparing { .. })) {
            // The model alone can say what is missing: the caller has heard of nothing yet.
            self.settle(id, proposals::End::Failed, json!({"status": "unprepared", "why": why}));
        }
    }

    /// A tool with proofs has found nothing that may be told.
    pub(super) fn on_unproven(&mut self, id: ProposalId, unproven: &Unproven) {
        let Some(proposal) = self.proposals.get(id) else { return };
        let is_tried = match proposal.stage {
            Stage::Preparing { .. } => true,
            Stage::Running { .. } => proposal.effects == Effects::None,
            Stage::Held | Stage::Waiting | Stage::Asking | Stage::Settled(_) => false,
        };
        if !is_tried {
            return;
        }
        let failed = |why: &str| json!({"status": "failed", "why": why});
        match unproven {
            Unproven::Failed { why } => self.settle(id, proposals::End::Unproven, failed(why)),
            Unproven::Locked(lock) => {
                self.settle(id, proposals::End::Failed, failed(LOCKED));
                self.notice(match lock {
                    Lock::Minutes(minutes) => Phrase::CheckLater(*minutes),
                    Lock::Call => Phrase::NoMoreChecks,
                });
            }
        }
    }

    pub(super) fn refuse(&mut self, id: ProposalId, why: Refusal, out: &mut Outputs) {
        out.note(Note::Refused { proposal: id, why });
        let (end, status, reason) = match why {
            Refusal::UnknownTool => (proposals::End::Failed, "failed", "there is no such tool"),
            Refusal::Declined => (proposals::End::Declined, "declined", "the caller has just declined this"),
            Refusal::UnderWay => (proposals::End::Failed, "failed", "the same action is already under way"),
            Refusal::OutcomeUnknown => {
                (proposals::End::Failed, "failed", "it was sent before and its outcome is not known")
            }
            Refusal::NotAskable => (
                proposals::End::Failed,
                "failed",
                "the question could not be put to this caller; nothing was done",
            ),
            Refusal::AlreadyDone => {
                (proposals::End::Done, "done", "this was done before, and nothing was sent again")
            }
            Refusal::PartlyDone => (
                proposals::End::Failed,
                "failed",
                "a part of it was done in an earlier call, and would be done again; nothing was sent",
            ),
            Refusal::NotIdentified => (
                proposals::End::Failed,
                "failed",
                "who is calling must be proven first in this call, by a tool that checks it",
            ),
            Refusal::NotOwnWord => (
                proposals::End::Failed,
                "failed",
                "what proves who is calling must be said or keyed by the caller himself in this call: ask the caller",
            ),
            Refusal::ProofsSpent => (proposals::End::Failed, "failed", LOCKED),
            Refusal::KeyedForAnother => (
                proposals::End::Failed,
                "failed",
                "that number was keyed for another value: ask the caller to key in this one",
            ),
            Refusal::Spent => (
                proposals::End::Withheld,
                "withheld",
                "it has run as often as it may in one call, and nothing was sent; the caller was told",
            ),
        };
        let was_told = self.was_withheld(id);
        self.settle(id, end, json!({"status": status, "why": reason}));
        match why {
            Refusal::Spent if was_told => {}
            Refusal::OutcomeUnknown => self.notice(Phrase::UnknownAlready),
            // Nothing may take this sentence from the caller: he may not know.
            Refusal::AlreadyDone => self.tell(id, |_| &NONE, Phrase::AlreadyDone),
            Refusal::PartlyDone => self.tell(id, |_| &NONE, Phrase::PartlyAlready),
            Refusal::NotAskable => self.tell(id, |_| &NONE, Phrase::Failed),
            Refusal::Spent => self.tell(id, |tool| &tool.phrases.spent, Phrase::Spent),
            Refusal::ProofsSpent => self.notice(Phrase::NoMoreChecks),
            Refusal::UnknownTool
            | Refusal::Declined
            | Refusal::UnderWay
            | Refusal::NotIdentified
            | Refusal::NotOwnWord
            | Refusal::KeyedForAnother => {}
        }
    }

    /// What was sent once more has no answer of its own, and what was sent first is known to be done by now.
    fn refuse_done(&mut self, id: ProposalId) {
        let why = "what was sent first is done; this was the same action, under the same key";
        self.settle(id, proposals::End::Done, json!({"status": "done", "why": why}));
        self.tell(id, |_| &NONE, Phrase::AlreadyDone);
    }

    /// A tool run came to its end. A late word about an unknown one is still the truth, and is told; of one that was
    /// sent in vain nothing more can come.
    pub(super) fn on_settled(&mut self, id: ProposalId, outcome: &Outcome) {
        let Some(proposal) = self.proposals.get(id) else { return };
        let again = proposal.key != ActionKey::Own(id);
        let goes_on = again && self.proposals.goes_on_with_a_part(id);
        let of_the_rest = of_the_rest(outcome).filter(|_| goes_on);
        let outcome = of_the_rest.as_ref().unwrap_or(outcome);
        let in_vain = again && !goes_on && matches!(outcome, Outcome::Failed { .. } | Outcome::Withheld(_));
        let outcome = if in_vain { &Outcome::Unknown } else { outcome };
        let is_running = matches!(proposal.stage, Stage::Running { .. });
        if is_running && outcome.is_open() && self.proposals.is_done_under_its_key(id) {
            self.refuse_done(id);
            return;
        }
        let Some(proposal) = self.proposals.get_mut(id) else { return };
        match proposal.stage {
            Stage::Running { .. } => {}
            Stage::Settled(proposals::End::Unknown) if !outcome.is_open() => {}
            Stage::Settled(proposals::End::Unknown) if in_vain => {
                proposal.stage = Stage::Settled(proposals::End::SentInVain);
                return;
            }
            // What is withheld need not be asked about.
            Stage::Preparing { .. } if matches!(outcome, Outcome::Withheld(_)) => {}
            Stage::Held | Stage::Preparing { .. } | Stage::Waiting | Stage::Asking | Stage::Settled(_) => {
                return;
            }
        }
        // That nobody knew is no news any more, if it was not said yet.
        self.playback.forget_waiting(|waiting| waiting != Role::Outcome(id));
        let Some(proposal) = self.proposals.get(id) else { return };
        let effects = proposal.effects;
        let end = match outcome {
            Outcome::Done { .. } => proposals::End::Done,
            Outcome::Partly { rest: Rest::NotDone, .. } => proposals::End::Partly,
            Outcome::Partly { rest: Rest::Unknown, .. } => proposals::End::Unknown,
            Outcome::Failed { .. } => proposals::End::Failed,
            Outcome::Withheld(_) if goes_on => proposals::End::Partly,
            Outcome::Withheld(_) => proposals::End::Withheld,
            Outcome::Unknown if effects == Effects::None => proposals::End::Failed,
            Outcome::Unknown if in_vain => proposals::End::SentInVain,
            Outcome::Unknown => proposals::End::Unknown,
        };
        if let (Outcome::Done { result } | Outcome::Partly { result, .. }, Some(proposal)) =
            (outcome, self.proposals.get_mut(id))
        {
            // What was asked for is what counts and is told, whatever the system calls by the same name.
            let asked = self.plan.tool(&proposal.tool).map_or(&[][..], |tool| &tool.parameters);
            let mut result = result.clone();
            if let (Value::Object(fields), true) = (&mut result, effects != Effects::None) {
                fields.retain(|name, _| asked.iter().all(|parameter| parameter.name != *name));
            }
            merge(&mut proposal.values, &result);
        }
        let was_told = self.was_withheld(id);
        self.settle(id, end, told(outcome));
        if end == proposals::End::Done {
            self.proposals.known(id);
        }
        let (words, otherwise) = telling(outcome);
        match outcome {
            Outcome::Withheld(_) if was_told => {}
            // What was found is the model's to tell.
            Outcome::Done { .. } | Outcome::Failed { .. } | Outcome::Unknown if effects == Effects::None => {}
            Outcome::Withheld(_)
            | Outcome::Done { .. }
            | Outcome::Partly { .. }
            | Outcome::Failed { .. }
            | Outcome::Unknown => self.tell(id, words, otherwise),
        }
    }

    /// Whether another wish for its tool was withheld in this turn: a model that tries again makes nobody hear it twice.
    fn was_withheld(&self, id: ProposalId) -> bool {
        self.proposals.get(id).is_some_and(|p| self.proposals.any_withheld(&p.tool, self.turns))
    }

    /// Whether a tool has run as often as it may in one call.
    fn is_spent(&self, name: &ToolName) -> bool {
        let most = self.plan.tool(name).and_then(|tool| tool.per_call);
        most.is_some_and(|most| self.proposals.runs_of(name) >= usize::try_from(most).unwrap_or(usize::MAX))
    }

    /// Records what became of a proposal; call and outcome enter the history together.
    pub(super) fn settle(&mut self, id: ProposalId, end: proposals::End, outcome: Value) {
        let turn = self.turns;
        if let Some(proposal) = self.proposals.get_mut(id) {
            proposal.stage = Stage::Settled(end);
            proposal.turn = turn;
            let (tool, args) = (proposal.tool.clone(), proposal.args.clone());
            self.history.push(Entry::Tool { proposal: id, tool, args, outcome });
            self.untold = self.untold.saturating_add(1);
        }
    }

    /// Says what became of an action, in the tool's words or the gateway's.
    pub(super) fn tell(&mut self, id: ProposalId, words: fn(&ToolPlan) -> &Wordings, otherwise: Phrase<'_>) {
        if self.life.may_speak() {
            let text = self.phrase_for(id, words, otherwise);
            self.playback.queue(Role::Outcome(id), vec![text], End::Complete);
        }
    }

    pub(super) fn phrase_for(
        &self,
        id: ProposalId,
        words: fn(&ToolPlan) -> &Wordings,
        otherwise: Phrase<'_>,
    ) -> String {
        let proposal = self.proposals.get(id);
        let tool = proposal.and_then(|p| self.plan.tool(&p.tool));
        let text = tool.zip(proposal).and_then(|(tool, p)| {
            written(&self.renderer, words(tool).after(self.proposals.before(p)), &p.values)
        });
        text.unwrap_or_else(|| otherwise.say(self.plan.language))
    }

    pub(super) fn on_overdue(&mut self, at: CallTime, timer: Timer) {
        let Some(id) = self.proposals.overdue(at, timer) else { return };
        let Some(proposal) = self.proposals.get(id) else { return };
        let why = "the service did not answer in time";
        if self.is_try(proposal) {
            // Whatever it was to say: a try that nobody takes back counts.
            self.on_unproven(id, &Unproven::Failed { why: why.to_owned() });
        } else if matches!(proposal.stage, Stage::Preparing { .. }) {
            self.on_unprepared(id, why);
        } else {
            self.on_settled(id, &Outcome::Unknown);
        }
    }

    pub(super) fn on_finished(&mut self, at: CallTime, generation: GenerationId, out: &mut Outputs) {
        let Some(voice) = self.generation.running(generation).copied() else { return };
        self.generation.alive(at, &self.plan.timing);
        self.generation.state = State::Idle;
        self.playback.complete(at, Role::Answer(generation), out);
        if self.untold > 0 || self.proposals.any_open() {
            return;
        }
        let told = self.proposals.any_effect_settled(self.turns);
        match voice {
            Voice::Unheard | Voice::Screened if told => self.notice(Phrase::AnythingElse),
            Voice::Screened => self.notice(Phrase::SpokeTooSoon),
            Voice::Unheard if self.playback.is_idle() => self.notice(Phrase::DidNotUnderstand),
            Voice::Unheard | Voice::Spoken | Voice::Muted => {}
        }
    }

    pub(super) fn on_generation_failed(&mut self, at: CallTime, out: &mut Outputs) {
        self.playback.complete(at, Role::Answer(self.generation.last), out);
        match self.generation.failed() {
            // Its wishes and results go on without it, and the model is asked again about them.
            Survives::Yes if self.proposals.any_open() || self.untold > 0 => {}
            Survives::Yes => self.notice(Phrase::ServiceDown),
            Survives::No => self.close(at, Why::Service, Phrase::ServiceDownGoodbye, out),
        }
    }

    /// Results stand and nobody has told the model: another round.
    pub(super) fn next_round(&mut self) {
        self.untold = 0;
        match self.generation.next_round() {
            Round::Granted => {}
            Round::TooMany => self.notice(Phrase::ServiceDown),
        }
    }

    /// A reply could not be spoken.
    pub(super) fn on_reply_lost(&mut self, at: CallTime, reply: &Reply, out: &mut Outputs) {
        self.lost_replies = self.lost_replies.saturating_add(1);
        if self.waits_for_a_voice() {
            // Nobody hangs up on an action under way; whether there is a voice again, its outcome will show.
            match reply.role {
                Role::Question(_) | Role::Action(_) => self.leave_unasked(out),
                Role::Outcome(_) => self.playback.queue_first(reply.role, vec![reply.text()]),
                Role::Greeting
                | Role::Answer(_)
                | Role::Filler
                | Role::Reminder
                | Role::Notice
                | Role::Goodbye => {}
            }
            return;
        }
        if self.lost_replies >= LOST_REPLIES_MAX {
            // Without a voice there is no goodbye either.
            self.drop_generation(out);
            self.abandon(out);
            self.life = Life::Closing { why: Why::Service, until: at };
            self.on_closing(at, out);
            return;
        }
        match reply.role {
            Role::Question(_) | Role::Action(_) => self.ask_again(at, super::gate::Form::Tagged, out),
            Role::Goodbye => self.on_closing(at, out),
            // Tried again; the count above bounds it.
            Role::Greeting | Role::Notice | Role::Outcome(_) => {
                self.playback.queue_first(reply.role, vec![reply.text()]);
            }
            Role::Answer(_) => self.notice(Phrase::ServiceDown),
            Role::Filler | Role::Reminder => {}
        }
    }

    /// The agent has lost its voice while an action is under way: nothing is said until that has an outcome.
    pub(super) fn waits_for_a_voice(&self) -> bool {
        self.lost_replies >= LOST_REPLIES_MAX && self.proposals.any_effect_running()
    }

    /// All was sent and the mark never came back.
    pub(super) fn on_mark_lost(&mut self, at: CallTime, reply: &Reply, out: &mut Outputs) {
        match reply.role {
            Role::Question(_) | Role::Action(_) => self.ask_again(at, super::gate::Form::Tagged, out),
            Role::Goodbye => self.on_closing(at, out),
            Role::Greeting
            | Role::Answer(_)
            | Role::Filler
            | Role::Reminder
            | Role::Notice
            | Role::Outcome(_) => {
                // Nobody says that it was heard, so history does not either.
            }
        }
    }

    /// A word while somebody works.
    pub(super) fn on_filler(&mut self, at: CallTime) {
        let (_, again) = self.words_due();
        let said = self.patience.word(at, again);
        let own = if said == 0 { Phrase::OneMoment } else { Phrase::StillWorking };
        let running = self.proposals.running().map(|p| p.id);
        let text = match running {
            Some(id) if said == 0 => self.phrase_for(id, |tool| &tool.phrases.delay, own),
            Some(id) => self.phrase_for(id, |tool| &tool.phrases.delay_again, own),
            None => own.say(self.plan.language),
        };
        self.playback.queue(Role::Filler, vec![text], End::Complete);
    }

    /// How long somebody works before a word is said, and from one word to the next: as the tool that runs has it, where it
    /// says so.
    pub(super) fn words_due(&self) -> (Millis, Millis) {
        let tool = self.proposals.running().and_then(|p| self.plan.tool(&p.tool));
        let (first, again) =
            tool.map_or((None, None), |tool| (tool.phrases.delay_after, tool.phrases.delay_again_after));
        (first.unwrap_or(self.plan.timing.first_word), again.unwrap_or(WORD_EVERY))
    }

    /// What kind of words a reply asks for: digits, where it is the admin's question for them.
    pub(super) fn expected_after(&self, text: &str) -> Expect {
        let mut parameters = self.plan.tools.iter().flat_map(|tool| &tool.parameters);
        let digits = parameters
            .any(|p| p.kind == ParameterKind::Digits && !p.ask.is_empty() && text.ends_with(&p.ask));
        if digits { Expect::Digits } else { Expect::Anything }
    }
}

/// What a failure is where a part was done before, which is no less done now.
fn of_the_rest(outcome: &Outcome) -> Option<Outcome> {
    let Outcome::Failed { why } = outcome else { return None };
    Some(Outcome::Partly { result: json!({}), rest: Rest::NotDone, why: why.clone() })
}

/// Adds values to values; the new ones win.
fn merge(into: &mut Value, more: &Value) {
    if let (Value::Object(into), Value::Object(more)) = (into, more) {
        into.extend(more.iter().map(|(name, value)| (name.clone(), value.clone())));
    }
}
