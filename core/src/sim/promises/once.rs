//! Promise 2: no effect starts twice, and nobody says *done* of what is not known to be done.
//!
//! The ledger holds every request that left. The same action may leave again after it failed; after it was done,
//! when the caller has spoken since, under a key of its own; and while nobody knows, only under the very key it had,
//! to a system that honours keys.
//!
//! Promises: a request without an answer counts as one that may have happened.
//! Never: trusts the order of outcomes: the first that is not *unknown* is the truth.

use std::sync::Arc;

use super::Seen;
use crate::base::{Digest, ProposalId, ReplyId, ToolName};
use crate::conversation::{
    ActionKey, EarlierEnd, Effects, Event, Idempotency, Order, Outcome, Plan, Rest, Role, Timer,
};
use crate::language::claims_done;

#[derive(Debug)]
pub(super) struct Once {
    plan: Arc<Plan>,
    ledger: Vec<Sent>,
    /// Words and keys of the caller so far.
    spoken: u32,
    /// When each proposal was resolved.
    prepared: Vec<(ProposalId, Moment)>,
    facts: u32,
    /// What became of an action, on the line.
    telling: Option<ReplyId>,
}

/// A time in a call, counted in what matters here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Moment {
    /// In facts.
    fact: u32,
    /// In words and keys of the caller.
    spoken: u32,
}

/// One request that left, in this call or an earlier one.
#[derive(Debug)]
struct Sent {
    proposal: Option<ProposalId>,
    tool: ToolName,
    action: Digest,
    key: String,
    fate: Fate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    UnderWay,
    Unknown,
    Failed,
    /// A part of it is done, and the rest is not.
    Partly,
    /// In an earlier conversation of the call, and the caller has not been told.
    DoneBefore,
    Done(Moment),
}

impl Once {
    pub(super) fn new(plan: Arc<Plan>) -> Once {
        Once { plan, ledger: Vec::new(), spoken: 0, prepared: Vec::new(), facts: 0, telling: None }
    }

    pub(super) fn sees(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        match seen {
            Seen::Event(event, _) => self.event(event),
            Seen::Order(Order::Run { proposal, tool, key, permit, .. }) => {
                return self.runs(*proposal, tool, key, permit.action());
            }
            Seen::Order(Order::Say { reply, role, text, .. }) => {
                self.telling = Some(*reply).filter(|_| matches!(role, Role::Outcome(_)));
                return self.says(*role, text);
            }
            Seen::Timer(timer) => self.timer(*timer),
            Seen::Order(_) | Seen::Rest { .. } => {}
        }
        Ok(())
    }

    fn timer(&mut self, timer: Timer) {
        // Keys and words that were held back become the caller's turn.
        self.spoken += u32::from(matches!(timer, Timer::Keys | Timer::Transcript | Timer::TurnLimit));
    }

    fn event(&mut self, event: &Event) {
        self.facts += 1;
        let now = Moment { fact: self.facts, spoken: self.spoken };
        if let Event::Answered(answered) = event {
            for earlier in &answered.earlier {
                let (tool, action, key) = (earlier.tool.clone(), earlier.action, earlier.key.clone());
                let fate = match earlier.end {
                    EarlierEnd::Unknown => Fate::Unknown,
                    EarlierEnd::Partly => Fate::Partly,
                    EarlierEnd::Done => Fate::DoneBefore,
                };
                self.ledger.push(Sent { proposal: None, tool, action, key, fate });
            }
        } else if let Event::Resumed(_) = event {
            // Nobody is left who could bring its outcome.
            let under_way = |sent: &&mut Sent| sent.fate == Fate::UnderWay;
            self.ledger.iter_mut().filter(under_way).for_each(|sent| sent.fate = Fate::Unknown);
        } else if matches!(event, Event::Heard(_) | Event::Key { .. }) {
            self.spoken += 1;
        } else if let Event::Prepared { proposal, .. } = event {
            if self.prepared.iter().all(|(known, _)| known != proposal) {
                self.prepared.push((*proposal, now));
            }
        } else if let Event::Played { reply, .. } = event {
            if self.telling == Some(*reply) {
                let before = |sent: &&mut Sent| sent.fate == Fate::DoneBefore;
                self.ledger.iter_mut().filter(before).for_each(|sent| sent.fate = Fate::Done(now));
            }
        } else if let Event::Settled { proposal, outcome } = event {
            self.settled(*proposal, outcome, now);
        }
    }

    fn settled(&mut self, proposal: ProposalId, outcome: &Outcome, now: Moment) {
        let open = |sent: &&mut Sent| matches!(sent.fate, Fate::UnderWay | Fate::Unknown);
        let own = |sent: &&mut Sent| sent.proposal == Some(proposal);
        let Some(sent) = self.ledger.iter_mut().filter(open).find(own) else { return };
        sent.fate = match outcome {
            Outcome::Done { .. } => Fate::Done(now),
            Outcome::Partly { rest: Rest::NotDone, .. } => Fate::Partly,
            Outcome::Failed { .. } | Outcome::Withheld(_) => Fate::Failed,
            Outcome::Partly { rest: Rest::Unknown, .. } | Outcome::Unknown => Fate::Unknown,
        };
        // Done under its key, all that was sent under it is known.
        if let Outcome::Done { .. } = outcome {
            let key = sent.key.clone();
            let open = |sent: &Sent| {
                matches!(sent.fate, Fate::UnderWay | Fate::Unknown | Fate::Partly | Fate::DoneBefore)
            };
            let same = |sent: &&mut Sent| sent.key == key && open(sent);
            self.ledger.iter_mut().filter(same).for_each(|sent| sent.fate = Fate::Done(now));
        }
    }

    fn runs(
        &mut self,
        proposal: ProposalId,
        tool: &ToolName,
        key: &ActionKey,
        action: Digest,
    ) -> Result<(), String> {
        let Some(plan) = self.plan.tool(tool).filter(|plan| plan.effects != Effects::None) else {
            return Ok(());
        };
        let keyed = plan.idempotency == Idempotency::Keyed;
        let key = match key {
            ActionKey::Own(first) => first.to_string(),
            ActionKey::Earlier(key) => key.clone(),
        };
        let resolved = self
            .prepared
            .iter()
            .find(|(known, _)| *known == proposal)
            .map_or(Moment::default(), |(_, at)| *at);
        for sent in &self.ledger {
            if sent.proposal == Some(proposal) {
                return Err(format!("{proposal} starts a second time"));
            }
            if sent.tool != *tool || sent.action != action {
                continue;
            }
            match sent.fate {
                Fate::Failed => {}
                // Under its key, what is done of it is not done again.
                Fate::Partly if key == sent.key && (keyed || sent.proposal.is_some()) => {}
                Fate::Partly => {
                    return Err(format!("{proposal} repeats what was done in part"));
                }
                // A system that honours keys answers with what it did; known before, that would be no news.
                Fate::Done(at) if keyed && key == sent.key && resolved.fact < at.fact => {}
                // Of an earlier conversation: the system itself says what became of it.
                Fate::DoneBefore | Fate::Done(_) if keyed && key == sent.key && sent.proposal.is_none() => {}
                Fate::DoneBefore => {
                    return Err(format!(
                        "{proposal} repeats what was done before, and nobody told the caller"
                    ));
                }
                Fate::Done(_) if key == sent.key => {
                    return Err(format!("{proposal} is a new wish under the key of one that is done"));
                }
                Fate::Done(at) if resolved.spoken > at.spoken => {}
                Fate::Done(_) => {
                    return Err(format!("{proposal} repeats what was just done, unasked"));
                }
                Fate::UnderWay | Fate::Unknown if keyed && key == sent.key => {}
                Fate::UnderWay | Fate::Unknown => {
                    return Err(format!("{proposal} repeats an action whose outcome nobody knows"));
                }
            }
        }
        let (tool, proposal) = (tool.clone(), Some(proposal));
        self.ledger.push(Sent { proposal, tool, action, key, fate: Fate::UnderWay });
        Ok(())
    }

    fn says(&self, role: Role, text: &str) -> Result<(), String> {
        let done = |sent: &Sent| matches!(sent.fate, Fate::DoneBefore | Fate::Done(_));
        let told = match role {
            // Of one that never ran it is told that it was done before.
            Role::Outcome(proposal) => {
                let own = self.ledger.iter().find(|sent| sent.proposal == Some(proposal));
                // Sent under one key, they are one action.
                let same = |own: &Sent| self.ledger.iter().any(|sent| sent.key == own.key && done(sent));
                own.map_or_else(|| self.ledger.iter().any(done), same)
            }
            Role::Answer(_) | Role::Notice | Role::Filler => self.ledger.iter().any(done),
            Role::Greeting | Role::Reminder | Role::Question(_) | Role::Action(_) | Role::Goodbye => {
                return Ok(());
            }
        };
        if !told && claims_done(self.plan.language, text) {
            return Err("something is said to be done that is not".to_owned());
        }
        Ok(())
    }
}
