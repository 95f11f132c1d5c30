//! Promise 5: every call ends, with no timer armed and nothing left running.
//!
//! Promises: timers do not fire for ever at one time; a request that left was waited for, to its outcome or its deadline.
//! Never: takes the driver's word for an end: a call that was only abandoned has not ended.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Seen;
use crate::base::{CallTime, GenerationId, ProposalId};
use crate::conversation::{Conversation, Event, Order, Plan, Timer};

/// Timers that may fire at one time; each leaves its state, so a handful is the most there can be.
const FIRED_MOST: u32 = 16;

#[derive(Debug)]
pub(super) struct Ends {
    plan: Arc<Plan>,
    /// Requests that left, and until when each must be waited for.
    running: BTreeMap<ProposalId, CallTime>,
    generation: Option<GenerationId>,
    /// Timers that fired since time went on.
    fired: u32,
    now: CallTime,
    /// A call that was never answered is nobody's to end.
    life: Life,
}

#[derive(Debug, PartialEq, Eq)]
enum Life {
    Ringing,
    Answered,
}

impl Ends {
    pub(super) fn new(plan: Arc<Plan>) -> Ends {
        Ends {
            plan,
            running: BTreeMap::new(),
            generation: None,
            fired: 0,
            now: CallTime::ANSWER,
            life: Life::Ringing,
        }
    }

    pub(super) fn sees(&mut self, at: CallTime, seen: &Seen<'_>) -> Result<(), String> {
        self.fired = if at == self.now { self.fired } else { 0 } + u32::from(matches!(seen, Seen::Timer(_)));
        self.now = at;
        match seen {
            Seen::Event(Event::Answered(_), _) => self.life = Life::Answered,
            Seen::Order(Order::Run { proposal, tool, .. }) => {
                let timeout = self.plan.tool(tool).map(|tool| tool.timeout).unwrap_or_default();
                self.running.insert(*proposal, at + timeout);
            }
            Seen::Event(Event::Settled { proposal, .. } | Event::Unproven { proposal, .. }, _) => {
                self.running.remove(proposal);
            }
            // What worked for the call is gone.
            Seen::Event(Event::Resumed(_), _) => {
                self.running.clear();
                self.generation = None;
            }
            Seen::Timer(Timer::Tool) => self.running.retain(|_, until| *until > at),
            Seen::Order(Order::Generate { generation, .. }) => {
                if let Some(other) = self.generation.replace(*generation) {
                    return Err(format!("{generation} is asked for while {other} runs"));
                }
            }
            Seen::Order(Order::DropGeneration { .. }) => self.generation = None,
            Seen::Event(Event::Finished { generation } | Event::GenerationFailed { generation }, _) => {
                self.generation.take_if(|running| *running == *generation);
            }
            Seen::Rest { deadline, ended } => return self.rests(at, *deadline, *ended),
            Seen::Event(..) | Seen::Timer(_) | Seen::Order(_) => {}
        }
        Ok(())
    }

    fn rests(&self, at: CallTime, deadline: Option<CallTime>, ended: bool) -> Result<(), String> {
        if !ended {
            return if self.fired > FIRED_MOST {
                Err(format!("{} timers fired at {at} and nothing came of it: a livelock", self.fired))
            } else {
                Ok(())
            };
        }
        if let Some(due) = deadline {
            return Err(format!("the call has ended and a timer is armed for {due}"));
        }
        if let Some(generation) = self.generation {
            return Err(format!("the call has ended and {generation} still runs"));
        }
        match self.running.keys().next() {
            Some(proposal) => Err(format!("the call has ended and {proposal} was not waited for")),
            None => Ok(()),
        }
    }

    pub(super) fn ends(&self, conversation: &Conversation) -> Result<(), String> {
        if conversation.is_ended() || self.life == Life::Ringing {
            return Ok(());
        }
        let due =
            conversation.deadline().map_or("no timer is armed".to_owned(), |due| format!("next timer {due}"));
        Err(format!("the call does not end by itself; {due}"))
    }
}
