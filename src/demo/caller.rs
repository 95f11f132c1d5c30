//! The simulated caller: follows a scenario by what it hears, with a voice, keys, and a person's reaction time.
//!
//! It listens by the call's record where a person listens by ear: a reply counts as heard when it was played to it.
//!
//! Promises: does one move at a time, each after what it waits for; hangs up when it waits in vain.
//! Never: speaks faster than a person reacts.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until};

use super::CALLER_VOICE;
use super::scenario::{Kind, Move, What, When};
use super::story::{Story, Told};
use crate::caller::{Ended, Heard, Phone};
use crate::core::base::{Fault, Millis, Position, ReplyId};
use crate::core::language::Language;
use crate::driver::Seen;
use crate::telephony::Key;
use crate::tts::{Tts, whole};

/// From what was heard to the first word.
const REACTION: Duration = Duration::from_millis(400);

/// Between two keys.
const KEY_EVERY: Duration = Duration::from_millis(250);

/// How long a caller waits for what a scenario names before it gives up. Longer than a silent call's reminders.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a caller took away from the call.
pub(super) struct Played {
    pub(super) ended: Ended,
    /// From the caller's last word to the agent's first, turn by turn.
    pub(super) latencies: Vec<Millis>,
}

pub(super) struct Caller<'a> {
    pub(super) phone: Phone,
    pub(super) voice: Arc<dyn Tts>,
    pub(super) language: Language,
    pub(super) seen: mpsc::Receiver<Seen>,
    pub(super) story: &'a mut Story,
    pub(super) tell: &'a mut (dyn FnMut(&Told) + Send),
    /// Replies by number, while they are on the line.
    roles: BTreeMap<ReplyId, Kind>,
    /// How the last question was answered.
    answer: Option<What>,
    said_at: Option<Position>,
    latencies: Vec<Millis>,
}

/// Something a caller may wait for.
enum Noticed {
    When(When),
    Ended(Ended),
    Other,
}

impl<'a> Caller<'a> {
    pub(super) fn new(
        phone: Phone,
        voice: Arc<dyn Tts>,
        language: Language,
        seen: mpsc::Receiver<Seen>,
        story: &'a mut Story,
        tell: &'a mut (dyn FnMut(&Told) + Send),
    ) -> Caller<'a> {
        let (roles, latencies) = (BTreeMap::new(), Vec::new());
        Caller { phone, voice, language, seen, story, tell, roles, answer: None, said_at: None, latencies }
    }

    fn voice_name(&self) -> Option<&'static str> {
        match self.language {
            Language::English => Some(CALLER_VOICE),
            Language::Spanish => None,
        }
    }

    /// Plays the scenario to its end.
    pub(super) async fn play(mut self, moves: &[Move]) -> Result<(Played, Phone), Fault> {
        for step in moves {
            if let Some(ended) = self.wait_for(step.when).await? {
                return Ok(self.over(ended));
            }
            self.answer = (step.when == When::Heard(Kind::Question)).then_some(step.what);
            self.act(step.what).await?;
        }
        let ended = self.wait_for(When::Ended).await?.unwrap_or(Ended::TooLong);
        Ok(self.over(ended))
    }

    fn over(self, ended: Ended) -> (Played, Phone) {
        (Played { ended, latencies: self.latencies }, self.phone)
    }

    /// Waits; `Some` when the call ended first, or the patience did. A question that is put again meanwhile is
    /// answered again, as a person who was not understood does.
    async fn wait_for(&mut self, when: When) -> Result<Option<Ended>, Fault> {
        let until = Instant::now() + PATIENCE;
        loop {
            let noticed = tokio::select! {
                biased;
                Some(seen) = self.seen.recv() => self.notice(&seen),
                heard = self.phone.next() => self.hear(heard),
                () = sleep_until(until) => {
                    self.phone.hang_up().await;
                    return Ok(Some(Ended::TooLong));
                }
            };
            match noticed {
                Noticed::When(noticed) if noticed == when => return Ok(None),
                Noticed::Ended(ended) => return Ok(Some(ended)),
                Noticed::When(When::Heard(Kind::Question)) => {
                    if let Some(answer) = self.answer {
                        self.act(answer).await?;
                    }
                }
                Noticed::When(_) | Noticed::Other => {}
            }
        }
    }

    /// A line of the record: what was said to this caller, and when it was over.
    fn notice(&mut self, seen: &Seen) -> Noticed {
        if let Some(told) = self.story.take(seen) {
            (self.tell)(&told);
        }
        let words: Vec<&str> = seen.line.split(' ').collect();
        let reply = |word: &str| ReplyId::parse(word.split('.').next().unwrap_or(""));
        match words.as_slice() {
            [">", "say", piece, role, ..] => {
                if let (Some(reply), Some(kind)) = (reply(piece), Kind::of_role(role)) {
                    self.roles.insert(reply, kind);
                }
                Noticed::Other
            }
            ["<", "synthesised", piece, _] if piece.ends_with(".0") => {
                let kind = reply(piece).and_then(|reply| self.roles.get(&reply));
                kind.map_or(Noticed::Other, |kind| Noticed::When(When::Over(*kind)))
            }
            ["<", "played", id, ..] => {
                let kind = reply(id).and_then(|reply| self.roles.remove(&reply));
                kind.map_or(Noticed::Other, |kind| Noticed::When(When::Heard(kind)))
            }
            _ => Noticed::Other,
        }
    }

    /// What the phone's own ear tells: how long the agent took, and the end.
    fn hear(&mut self, heard: Heard) -> Noticed {
        match heard {
            Heard::Said { at } => self.said_at = Some(at),
            Heard::AgentStarted { at } => {
                if let Some(said) = self.said_at.take()
                    && at > said
                {
                    self.latencies.push(at.since(said).millis());
                }
            }
            Heard::Ended(ended) => return Noticed::Ended(ended),
            Heard::AgentStopped { .. }
            | Heard::Mark { .. }
            | Heard::Cleared { .. }
            | Heard::Announced { .. } => {}
        }
        Noticed::Other
    }

    async fn act(&mut self, what: What) -> Result<(), Fault> {
        match what {
            What::Listen => {}
            What::Say(text) => {
                sleep(REACTION).await;
                let samples = whole(self.voice.as_ref(), text, self.voice_name(), self.language).await?;
                self.phone.say(samples).await;
            }
            What::Press(keys) => {
                sleep(REACTION).await;
                for key in keys.chars().filter_map(|key| Key::parse(&key.to_string())) {
                    self.phone.press(key).await;
                    sleep(KEY_EVERY).await;
                }
            }
            What::HangUp => self.phone.hang_up().await,
        }
        Ok(())
    }
}
