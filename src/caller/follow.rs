//! A caller who follows a script at the phone.
//!
//! Promises: one move after the other, each at its moment; what was not done is counted.
//! Never: waits for anything but sound, silence, marks and the end of the call.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::phone::{Ended, Heard, Phone};
use super::script::Moment;
use crate::core::base::Millis;
use crate::telephony::Key;

/// A move that is ready to be made.
#[derive(Clone, Debug)]
pub struct Turn {
    pub when: Moment,
    pub what: Doing,
}

/// What is done at the phone.
#[derive(Clone, Debug)]
pub enum Doing {
    /// Samples at 8 kHz.
    Sound(Vec<i16>),
    Keys(Vec<Key>),
    Listen(Millis),
    HangUp,
}

/// Follows the script to the end of the call; `tell` hears what the caller hears. How the call ended; `turns` keeps the
/// moves that were not made, also where nobody waits for the end.
pub async fn follow(
    phone: &mut Phone,
    turns: &mut VecDeque<Turn>,
    tell: &mut (dyn FnMut(&Heard) + Send),
) -> Ended {
    let mut ear = Listener { phone, tell, agent: Agent::Quiet { since: None }, marked: false };
    while let Some(Turn { when, .. }) = turns.front() {
        let when = *when;
        if let Some(ended) = ear.until(|ear| ear.due(when)).await {
            return ended;
        }
        ear.forget();
        let Some(Turn { what, .. }) = turns.pop_front() else { break };
        match what {
            Doing::Sound(samples) => ear.phone.say(samples).await,
            Doing::Keys(keys) => {
                for key in keys {
                    ear.phone.press(key).await;
                }
            }
            Doing::Listen(length) => {
                let until = Instant::now() + millis(length);
                if let Some(ended) = ear.until(|_| Some(until)).await {
                    return ended;
                }
            }
            Doing::HangUp => ear.phone.hang_up().await,
        }
    }
    loop {
        if let Some(ended) = ear.until(|_| None).await {
            return ended;
        }
    }
}

/// What was heard since the last move.
struct Listener<'a> {
    phone: &'a mut Phone,
    tell: &'a mut (dyn FnMut(&Heard) + Send),
    agent: Agent,
    marked: bool,
}

enum Agent {
    /// Since when, where the agent has spoken since the last move.
    Quiet { since: Option<Instant> },
    /// `anew`: it began after the last move.
    Speaking { since: Instant, anew: bool },
}

impl Listener<'_> {
    /// Listens until that time has come; `Some` when the call ended first.
    async fn until(&mut self, due: impl Fn(&Self) -> Option<Instant>) -> Option<Ended> {
        loop {
            let due = due(self);
            let heard = tokio::select! {
                heard = self.phone.next() => heard,
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => return None,
            };
            (self.tell)(&heard);
            match heard {
                Heard::AgentStarted { .. } => {
                    self.agent = Agent::Speaking { since: Instant::now(), anew: true };
                }
                Heard::AgentStopped { silence, .. } => {
                    let anew = matches!(self.agent, Agent::Speaking { anew: true, .. });
                    let since = anew.then(|| Instant::now().checked_sub(millis(silence))).flatten();
                    self.agent = Agent::Quiet { since };
                }
                Heard::Mark { .. } => self.marked = true,
                Heard::Ended(ended) => return Some(ended),
                Heard::Said { .. } | Heard::Cleared { .. } | Heard::Announced { .. } => {}
            }
        }
    }

    fn due(&self, when: Moment) -> Option<Instant> {
        match (when, &self.agent) {
            (Moment::Silence(length), Agent::Quiet { since: Some(since) }) => Some(*since + millis(length)),
            (Moment::Speaking(length), Agent::Speaking { since, .. }) => Some(*since + millis(length)),
            (Moment::Mark, _) if self.marked => Some(Instant::now()),
            (Moment::Silence(_) | Moment::Speaking(_) | Moment::Mark, _) => None,
        }
    }

    fn forget(&mut self) {
        self.marked = false;
        match &mut self.agent {
            Agent::Quiet { since } => *since = None,
            Agent::Speaking { anew, .. } => *anew = false,
        }
    }
}

fn millis(length: Millis) -> Duration {
    Duration::from_millis(u64::from(length.0))
}
