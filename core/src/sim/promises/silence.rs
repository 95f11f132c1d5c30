//! Promise 4: a live caller never waits in silence past the limit without a word or a deadline running.
//!
//! Promises: the end of the call is no such deadline: one must be near whenever nobody speaks.
//! Never: counts the caller's own speech, or a line that brings no frames, as our silence.

use super::Seen;
use crate::base::{CallTime, Millis, Samples};
use crate::conversation::{Event, Order, Timer};

/// The longest silence without a word of ours. The longest single waits are the life of a permit (15 s) and a
/// model that stops in the middle of an answer (12 s); a synthesiser that loses two sentences in a row, as many as
/// it may, adds 4 s each, with the wait for the next between them.
const SILENCE_MOST: Millis = Millis(40_000);

/// The furthest deadline while nobody speaks: the life of a permit.
const DEADLINE_MOST: Millis = Millis(15_000);

#[derive(Debug, Default)]
pub(super) struct NoSilence {
    life: Life,
    caller: Caller,
    /// Until when something of ours is to be heard, or the last sound of anybody.
    heard_until: CallTime,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Life {
    #[default]
    Ringing,
    Live,
    Over,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Caller {
    #[default]
    Silent,
    Speaking,
}

impl NoSilence {
    pub(super) fn sees(&mut self, at: CallTime, seen: &Seen<'_>) -> Result<(), String> {
        match seen {
            Seen::Event(Event::Answered(_), _) => {
                self.life = Life::Live;
                self.heard_until = at;
            }
            Seen::Event(Event::Resumed(_), _) => {
                self.caller = Caller::Silent;
                self.heard_until = at;
            }
            Seen::Event(Event::HungUp, _) | Seen::Order(Order::HangUp { .. }) => self.life = Life::Over,
            Seen::Event(Event::SpeechStarted { .. }, _) => self.caller = Caller::Speaking,
            Seen::Event(Event::SpeechStopped { .. }, _) | Seen::Timer(Timer::TurnLimit) => {
                self.caller = Caller::Silent;
                self.sounds(at, Samples(0));
            }
            Seen::Event(Event::Synthesised { length, .. }, _) => self.sounds(at, *length),
            Seen::Event(Event::Played { .. } | Event::Cut { .. }, _) => self.heard_until = at,
            Seen::Event(Event::Key { .. }, _) => self.sounds(at, Samples(0)),
            Seen::Rest { deadline, ended } => return self.rests(at, *deadline, *ended),
            Seen::Event(..) | Seen::Timer(_) | Seen::Order(_) => {}
        }
        Ok(())
    }

    fn sounds(&mut self, at: CallTime, length: Samples) {
        self.heard_until = self.heard_until.max(at) + length.millis();
    }

    fn rests(&self, at: CallTime, deadline: Option<CallTime>, ended: bool) -> Result<(), String> {
        if self.life != Life::Live || ended || self.caller == Caller::Speaking {
            return Ok(());
        }
        let quiet_since = self.heard_until.max(CallTime::ANSWER);
        if at.since(quiet_since) > SILENCE_MOST {
            return Err(format!("nobody has said anything since {quiet_since}"));
        }
        match deadline {
            None => Err("a live caller waits and no deadline runs".to_owned()),
            Some(due) if due.since(at.max(quiet_since)) > DEADLINE_MOST => {
                Err(format!("a live caller waits in silence and the next deadline is {due}"))
            }
            Some(_) => Ok(()),
        }
    }
}
