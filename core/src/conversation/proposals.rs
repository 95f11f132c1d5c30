//! What the model wishes to do, from the wish to its outcome, each frozen as it was proposed.
//!
//! Promises: one action is under way once; what is unknown or done is remembered by its digest for the whole call.
//! Never: gives leave; that is the gate's.

use serde_json::{Value, json};

use super::event::{EarlierAction, EarlierEnd, Outcome, Rest, Withheld};
use super::order::{ActionKey, Refusal};
use super::plan::Effects;
use super::timer::Timer;
use crate::base::{CallTime, Digest, Millis, ProposalId, ToolName};

/// Proposals taken up in one call. Bounds what a mad model can pile up in memory.
const PROPOSALS_MAX: usize = 200;

/// After a tool's own timeout the dispatcher must have answered; this is for one that does not.
pub(super) const TOOL_MARGIN: Millis = Millis(2_000);

/// One wish, and where it stands.
#[derive(Debug)]
pub(super) struct Proposal {
    pub(super) id: ProposalId,
    pub(super) tool: ToolName,
    pub(super) args: Value,
    pub(super) effects: Effects,
    pub(super) stage: Stage,
    /// Of the resolved action; of the arguments until it is resolved.
    pub(super) action: Digest,
    /// What the question may name: arguments and prepared values.
    pub(super) values: Value,
    pub(super) key: ActionKey,
    /// The turn in which it was settled or proposed last.
    pub(super) turn: u32,
    /// Whether it was ever given leave.
    pub(super) leave: Leave,
}

/// Whether a proposal was given leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leave {
    Never,
    Given,
}

/// How far a proposal has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Not taken up yet: a wish before it may prove what it requires, or fail one proof too many.
    Held,
    /// Its request is being resolved.
    Preparing {
        until: CallTime,
    },
    /// Resolved; its question waits.
    Waiting,
    /// Its question is open, or the breath after the yes.
    Asking,
    /// Sent, or about to be, by the dispatcher.
    Running {
        until: CallTime,
    },
    Settled(End),
}

/// What became of a proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Done,
    /// A part of it, and the rest was not: whoever wishes for it again goes on with that.
    Partly,
    Failed,
    /// Nothing was sent, by a rule of our own.
    Withheld,
    Unknown,
    /// It was to prove who is calling, and did not.
    Unproven,
    /// Sent once more under an earlier key and refused: what was sent first may have gone through all the same.
    SentInVain,
    Declined,
}

/// All proposals of a call.
#[derive(Debug)]
pub(super) struct Proposals {
    list: Vec<Proposal>,
    /// Of this caller's earlier calls and this call's earlier conversations.
    earlier: Vec<EarlierAction>,
}

impl Proposals {
    pub(super) fn new() -> Proposals {
        Proposals { list: Vec::new(), earlier: Vec::new() }
    }

    pub(super) fn remember(&mut self, earlier: Vec<EarlierAction>) {
        self.earlier = earlier;
    }

    /// What is left open now. What was known when the call was answered and has come to its end in it stays so.
    pub(super) fn remember_anew(&mut self, known: &[EarlierAction], now: &[EarlierAction]) {
        let same = |one: &EarlierAction, other: &EarlierAction| {
            (&one.tool, one.action, &one.key) == (&other.tool, other.action, &other.key)
        };
        let within = |list: &[EarlierAction], sent: &EarlierAction| list.iter().any(|old| same(old, sent));
        let open = |sent: &&EarlierAction| within(&self.earlier, sent) || !within(known, sent);
        self.earlier = now.iter().filter(open).cloned().collect();
    }

    /// What was sent before this conversation began and has not come to its end in it.
    pub(super) fn earlier(&self) -> &[EarlierAction] {
        &self.earlier
    }

    /// Takes up a wish; `None` where this call has had too many.
    pub(super) fn add(
        &mut self,
        tool: &ToolName,
        args: Value,
        effects: Effects,
        turn: u32,
    ) -> Option<&mut Proposal> {
        if self.list.len() >= PROPOSALS_MAX {
            return None;
        }
        let id = ProposalId(u32::try_from(self.list.len()).unwrap_or(u32::MAX)).next();
        let action = Digest::of_json(&args);
        let values = args.clone();
        let stage = Stage::Held;
        let key = ActionKey::Own(id);
        let (tool, leave) = (tool.clone(), Leave::Never);
        self.list.push(Proposal { id, tool, args, effects, stage, action, values, key, turn, leave });
        self.list.last_mut()
    }

    pub(super) fn get(&self, id: ProposalId) -> Option<&Proposal> {
        self.list.iter().find(|p| p.id == id)
    }

    pub(super) fn get_mut(&mut self, id: ProposalId) -> Option<&mut Proposal> {
        self.list.iter_mut().find(|p| p.id == id)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Proposal> {
        self.list.iter()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Proposal> {
        self.list.iter_mut()
    }

    /// The first that is held, after another one.
    pub(super) fn next_held(&self, after: Option<ProposalId>) -> Option<ProposalId> {
        let held = |p: &&Proposal| p.stage == Stage::Held && after.is_none_or(|after| p.id > after);
        self.list.iter().find(held).map(|p| p.id)
    }

    /// How many proofs of who is calling have failed.
    pub(super) fn count_unproven(&self) -> usize {
        self.list.iter().filter(|p| p.stage == Stage::Settled(End::Unproven)).count()
    }

    /// How often a tool was given leave, and may still be for wishes that are not settled.
    pub(super) fn runs_of(&self, tool: &ToolName) -> usize {
        let runs = |p: &&Proposal| match (p.stage, p.leave) {
            (Stage::Settled(End::Withheld), _) => false,
            (_, Leave::Given) => true,
            (
                Stage::Held
                | Stage::Preparing { .. }
                | Stage::Waiting
                | Stage::Asking
                | Stage::Running { .. },
                Leave::Never,
            ) => true,
            (Stage::Settled(_), Leave::Never) => false,
        };
        self.list.iter().filter(|p| p.tool == *tool).filter(runs).count()
    }

    /// The values of what a tool has done in this call, and of what it may have done, each deed once. None where an earlier
    /// conversation may have done more, of which only digests are known.
    pub(super) fn done_before(&self, tool: &ToolName) -> Option<Vec<Value>> {
        // One that was done already, and is known by its digest alone.
        let is_told = |p: &Proposal| p.leave == Leave::Never && p.stage == Stage::Settled(End::Done);
        if self.earlier.iter().any(|sent| sent.tool == *tool)
            || self.list.iter().any(|p| p.tool == *tool && is_told(p))
        {
            return None;
        }
        let mut deeds: Vec<&Proposal> = Vec::new();
        for wish in self.list.iter().filter(|p| p.tool == *tool) {
            let may_be_done = match wish.stage {
                Stage::Running { .. }
                | Stage::Settled(End::Done | End::Partly | End::Unknown | End::SentInVain) => true,
                Stage::Held | Stage::Preparing { .. } | Stage::Waiting | Stage::Asking => false,
                Stage::Settled(End::Failed | End::Withheld | End::Declined | End::Unproven) => false,
            };
            if may_be_done && wish.leave == Leave::Given && deeds.iter().all(|deed| deed.key != wish.key) {
                deeds.push(wish);
            }
        }
        Some(deeds.into_iter().map(|deed| deed.values.clone()).collect())
    }

    /// Whether nothing was sent of a wish of that turn for a tool, by a rule of our own.
    pub(super) fn any_withheld(&self, tool: &ToolName, turn: u32) -> bool {
        self.list
            .iter()
            .any(|p| p.tool == *tool && p.turn == turn && p.stage == Stage::Settled(End::Withheld))
    }

    /// How often its tool was wished for before it.
    pub(super) fn before(&self, wish: &Proposal) -> usize {
        self.list.iter().filter(|p| p.tool == wish.tool && p.id < wish.id).count()
    }

    /// The first that runs.
    pub(super) fn running(&self) -> Option<&Proposal> {
        self.list.iter().find(|p| matches!(p.stage, Stage::Running { .. }))
    }

    /// The first whose question waits.
    pub(super) fn next_question(&self) -> Option<ProposalId> {
        self.list.iter().find(|p| p.stage == Stage::Waiting).map(|p| p.id)
    }

    /// Whether any is not settled yet.
    pub(super) fn any_open(&self) -> bool {
        self.list.iter().any(|p| !matches!(p.stage, Stage::Settled(_)))
    }

    /// Actions with effects that are on their way.
    pub(super) fn acting(&self) -> impl Iterator<Item = ProposalId> {
        let acts = |p: &&Proposal| matches!(p.stage, Stage::Running { .. }) && p.effects != Effects::None;
        self.list.iter().filter(acts).map(|p| p.id)
    }

    pub(super) fn any_effect_running(&self) -> bool {
        self.acting().next().is_some()
    }

    /// Whether what became of an action was told in that turn.
    pub(super) fn any_effect_settled(&self, turn: u32) -> bool {
        let settled = |p: &Proposal| p.effects != Effects::None && matches!(p.stage, Stage::Settled(_));
        self.list.iter().any(|p| settled(p) && p.turn == turn)
    }

    /// Whether somebody may say in that turn that something was done: what was settled in it decides, and
    /// where nothing was, what was done before.
    pub(super) fn any_done(&self, turn: u32) -> bool {
        let settled = |p: &&Proposal| p.effects != Effects::None && matches!(p.stage, Stage::Settled(_));
        let done = |p: &Proposal| p.stage == Stage::Settled(End::Done);
        let mut now = self.list.iter().filter(settled).filter(|p| p.turn == turn).peekable();
        if now.peek().is_some() { now.any(done) } else { self.list.iter().filter(settled).any(done) }
    }

    /// Whether a resolved action may be taken up in that turn, and under which key.
    pub(super) fn admit(
        &self,
        id: ProposalId,
        tool: &ToolName,
        action: Digest,
        turn: u32,
        keyed: bool,
    ) -> Result<ActionKey, Refusal> {
        let mut key = ActionKey::Own(id);
        let mut goes_on = false;
        if let Some(sent) = self.earlier.iter().find(|sent| sent.tool == *tool && sent.action == action) {
            // What is done and has a key is sent once more under it: the system itself says what became of it.
            if sent.end == EarlierEnd::Done && (!keyed || sent.key.is_empty()) {
                return Err(Refusal::AlreadyDone);
            }
            if sent.end == EarlierEnd::Partly && (!keyed || sent.key.is_empty()) {
                return Err(Refusal::PartlyDone);
            }
            key = ActionKey::Earlier(sent.key.clone());
        }
        for other in self.list.iter().filter(|p| p.id != id && p.tool == *tool && p.action == action) {
            match other.stage {
                // Not resolved, so its digest is of other things.
                Stage::Held | Stage::Preparing { .. } => {}
                Stage::Waiting | Stage::Asking | Stage::Running { .. } => return Err(Refusal::UnderWay),
                Stage::Settled(End::Declined) if other.turn == turn => return Err(Refusal::Declined),
                Stage::Settled(End::Done) if other.turn == turn => return Err(Refusal::AlreadyDone),
                Stage::Settled(End::Unknown | End::SentInVain) => {
                    (key, goes_on) = (other.key.clone(), false);
                }
                // What was not done may be done now, whether or not the system knows a key.
                Stage::Settled(End::Partly) => (key, goes_on) = (other.key.clone(), true),
                Stage::Settled(End::Declined | End::Done | End::Failed | End::Withheld | End::Unproven) => {}
            }
        }
        // Sent without a key, it cannot be recognised by one.
        let nameless = matches!(&key, ActionKey::Earlier(name) if name.is_empty());
        let is_again = key != ActionKey::Own(id) && !goes_on;
        if is_again && (!keyed || nameless) { Err(Refusal::OutcomeUnknown) } else { Ok(key) }
    }

    /// Whether another sending under the same key is done.
    pub(super) fn is_done_under_its_key(&self, id: ProposalId) -> bool {
        let Some(key) = self.get(id).map(|p| &p.key) else { return false };
        let done = |p: &&Proposal| p.id != id && p.key == *key && p.stage == Stage::Settled(End::Done);
        self.list.iter().any(|p| done(&p))
    }

    /// Whether all that is known of what was sent under its key before is that a part is done and the rest is not.
    pub(super) fn goes_on_with_a_part(&self, id: ProposalId) -> bool {
        let Some(key) = self.get(id).map(|p| &p.key) else { return false };
        let mut before = self.list.iter().filter(|p| p.id != id && p.key == *key).peekable();
        if before.peek().is_some() {
            return before.all(|p| p.stage == Stage::Settled(End::Partly));
        }
        let is_it = |sent: &EarlierAction| *key == ActionKey::Earlier(sent.key.clone());
        self.earlier.iter().any(|sent| is_it(sent) && sent.end == EarlierEnd::Partly)
    }

    /// That one is done, and with it all that was sent under its key and not known.
    pub(super) fn known(&mut self, id: ProposalId) {
        let Some(key) = self.get(id).map(|p| p.key.clone()) else { return };
        for same in self.list.iter_mut().filter(|p| p.key == key) {
            if matches!(same.stage, Stage::Settled(End::Unknown | End::SentInVain | End::Partly)) {
                same.stage = Stage::Settled(End::Done);
            }
        }
        self.earlier.retain(|sent| key != ActionKey::Earlier(sent.key.clone()));
    }

    /// The caller has heard what became of it: from then on the same wish is a new one.
    pub(super) fn heard_of(&mut self, id: ProposalId) {
        let Some((tool, action)) = self.get(id).map(|p| (p.tool.clone(), p.action)) else { return };
        self.earlier
            .retain(|sent| sent.end != EarlierEnd::Done || sent.tool != tool || sent.action != action);
    }

    pub(super) fn deadline(&self) -> Option<(CallTime, Timer)> {
        let due = |p: &Proposal| match p.stage {
            Stage::Preparing { until } => Some((until, Timer::Prepare)),
            Stage::Running { until } => Some((until, Timer::Tool)),
            Stage::Held | Stage::Waiting | Stage::Asking | Stage::Settled(_) => None,
        };
        self.list.iter().filter_map(due).min()
    }

    /// The one whose wait of that name ran out.
    pub(super) fn overdue(&self, now: CallTime, timer: Timer) -> Option<ProposalId> {
        let late = |p: &&Proposal| match p.stage {
            Stage::Preparing { until } => timer == Timer::Prepare && until <= now,
            Stage::Running { until } => timer == Timer::Tool && until <= now,
            Stage::Held | Stage::Waiting | Stage::Asking | Stage::Settled(_) => false,
        };
        self.list.iter().find(late).map(|p| p.id)
    }
}

/// An outcome as the model is told it.
#[must_use]
pub fn told(outcome: &Outcome) -> Value {
    match outcome {
        Outcome::Done { result } => json!({"status": "done", "result": result}),
        Outcome::Partly { result, rest: Rest::NotDone, why } => {
            json!({"status": "partly done", "result": result, "the rest": "was not done", "why": why})
        }
        Outcome::Partly { result, rest: Rest::Unknown, why } => json!({
            "status": "partly done", "result": result, "the rest": "unknown: do not say that it is done", "why": why
        }),
        Outcome::Failed { why } => json!({"status": "failed", "why": why}),
        Outcome::Withheld(Withheld::OutOfReach) => {
            json!({"status": "withheld", "why": "its system is out of reach for some minutes, and nothing was sent; the \
                   caller was told"})
        }
        Outcome::Withheld(Withheld::Spent) => {
            json!({"status": "withheld", "why": "it has run as often as it may for this caller, and nothing was sent; the \
                   caller was told"})
        }
        Outcome::Unknown => {
            json!({"status": "unknown", "why": "it was sent and no answer came; do not say that it is done"})
        }
    }
}
