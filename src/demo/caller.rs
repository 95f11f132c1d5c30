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
use super::scenario::{Kind, Scenario, Speaker, What, When, Wish};
use super::shop::decimal;
use super::story::{Story, Told, Who};
use super::verdict::spoken;
use crate::caller::{Ended, Heard, Phone};
use crate::core::base::{CallTime, Fault, Millis, Position, ReplyId};
use crate::core::language::{Language, ValueKind, amounts_in, find_values};
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
#[derive(Debug)]
pub(super) struct Played {
    pub(super) ended: Ended,
    /// From the caller's last word to the agent's first, turn by turn.
    pub(super) latencies: Vec<Millis>,
    /// How long the agent had sounded, each time it was stopped.
    pub(super) cuts: Vec<Millis>,
    /// Every sentence the caller spoke.
    pub(super) said: Vec<String>,
}

pub(super) struct Caller<'a> {
    phone: Phone,
    voice: Arc<dyn Tts>,
    speaker: &'a Speaker,
    language: Language,
    seen: mpsc::Receiver<Seen>,
    story: &'a mut Story,
    tell: &'a mut (dyn FnMut(&Told) + Send),
    /// Replies by number, while they are on the line.
    roles: BTreeMap<ReplyId, Kind>,
    /// The question that is open: whose it is, and all that was asked for it.
    question: (String, String),
    /// How the last question was answered, or what was asked for last: said again where it was not understood.
    answer: Option<What>,
    request: Option<What>,
    said_at: Option<Position>,
    sounds_since: Option<Position>,
    played: Played,
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
        speaker: &'a Speaker,
        language: Language,
        seen: mpsc::Receiver<Seen>,
        story: &'a mut Story,
        tell: &'a mut (dyn FnMut(&Told) + Send),
    ) -> Caller<'a> {
        Caller {
            phone,
            voice,
            speaker,
            language,
            seen,
            story,
            tell,
            roles: BTreeMap::new(),
            question: (String::new(), String::new()),
            answer: None,
            request: None,
            said_at: None,
            sounds_since: None,
            played: Played {
                ended: Ended::TooLong,
                latencies: Vec::new(),
                cuts: Vec::new(),
                said: Vec::new(),
            },
        }
    }

    fn voice_name(&self) -> Option<&'static str> {
        match self.language {
            Language::English => Some(self.speaker.voice.unwrap_or(CALLER_VOICE)),
            Language::Spanish
            | Language::Portuguese
            | Language::French
            | Language::German
            | Language::Italian
            | Language::Catalan => None,
        }
    }

    /// Plays the scenario to its end.
    pub(super) async fn play(mut self, scenario: &Scenario) -> Result<(Played, Phone), Fault> {
        for step in &scenario.moves {
            if let Some(ended) = self.wait_for(step.when).await? {
                return Ok(self.over(ended));
            }
            let to = |kinds: &[Kind]| kinds.iter().any(|kind| step.when == When::Heard(*kind));
            self.answer = to(&[Kind::Question]).then(|| step.what.clone());
            self.request = to(&[Kind::Greeting, Kind::Answer])
                .then(|| step.again.clone().unwrap_or_else(|| step.what.clone()));
            self.act(&step.what).await?;
        }
        let ended = self.wait_for(When::Ended).await?.unwrap_or(Ended::TooLong);
        Ok(self.over(ended))
    }

    fn over(self, ended: Ended) -> (Played, Phone) {
        (Played { ended, ..self.played }, self.phone)
    }

    /// Waits; `Some` when the call ended first, or the patience did.
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
                Noticed::When(When::Heard(kind)) => self.insist(kind).await?,
                Noticed::When(_) | Noticed::Other => {}
            }
        }
    }

    /// What a person does who was not understood: a question that is put again is answered again; what was asked
    /// for is asked for once more, and then given up.
    async fn insist(&mut self, heard: Kind) -> Result<(), Fault> {
        match heard {
            Kind::Question => match self.answer.clone() {
                Some(answer) => self.act(&answer).await,
                None => Ok(()),
            },
            Kind::Answer | Kind::Notice => match (self.request.take(), self.answer.is_none()) {
                (Some(request), _) => self.act(&request).await,
                (None, true) if heard == Kind::Answer => self.act(&What::HangUp).await,
                (None, _) => Ok(()),
            },
            Kind::Greeting | Kind::Action | Kind::Outcome | Kind::Reminder | Kind::Goodbye => Ok(()),
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
                if role.starts_with("question:") {
                    self.asked(role, spoken(&words[2..].join(" ")).unwrap_or_default());
                }
                Noticed::Other
            }
            ["<", "synthesised", piece, _] if piece.ends_with(".0") => {
                let kind = reply(piece).and_then(|reply| self.roles.get(&reply));
                kind.map_or(Noticed::Other, |kind| Noticed::When(When::Over(*kind)))
            }
            // A greeting that a noise cut short is over too: the agent is silent, and waits.
            ["<", "cut", id, ..]
                if reply(id).and_then(|reply| self.roles.get(&reply)) == Some(&Kind::Greeting) =>
            {
                Noticed::When(When::Heard(Kind::Greeting))
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
                self.sounds_since = Some(at);
                if let Some(said) = self.said_at.take()
                    && at > said
                {
                    self.answered_after(at, at.since(said).millis());
                }
            }
            Heard::Cleared { at, .. } => {
                let heard = self.sounds_since.take().map(|from| at.since(from).millis());
                self.played.cuts.extend(heard);
            }
            Heard::Ended(ended) => return Noticed::Ended(ended),
            Heard::AgentStopped { .. } | Heard::Mark { .. } | Heard::Announced { .. } => {}
        }
        Noticed::Other
    }

    /// The agent's first sound after the caller's last word.
    fn answered_after(&mut self, at: Position, latency: Millis) {
        self.played.latencies.push(latency);
        let at = CallTime::ANSWER + at.since(Position::START).millis();
        let text = format!("the agent answers {} ms after the caller's last word", latency.0);
        (self.tell)(&Told { at, who: Who::Line, text });
    }

    fn asked(&mut self, role: &str, text: String) {
        if self.question.0 != role {
            self.question = (role.to_owned(), String::new());
        }
        self.question.1.push_str(&text);
        self.question.1.push(' ');
    }

    fn is_about_another(&self) -> bool {
        is_about_another(&self.speaker.wish, self.language, &self.question.1)
    }

    async fn act(&mut self, what: &What) -> Result<(), Fault> {
        match what {
            What::Listen => {}
            What::Say(text) => {
                let agrees = text.starts_with("yes") && !text.contains("but");
                let text = if agrees && self.is_about_another() { "no" } else { text };
                sleep(REACTION).await;
                let samples = whole(self.voice.as_ref(), text, self.voice_name(), self.language).await?;
                self.phone.say(samples).await;
                self.played.said.push(text.to_owned());
            }
            What::Press(keys) => {
                let keys = if *keys == "1" && self.is_about_another() { "2" } else { keys };
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

/// Whether a question is about anything else than this caller is after: another order, another amount.
fn is_about_another(wish: &Wish, language: Language, question: &str) -> bool {
    let (order, amount) = match wish {
        Wish::AsScripted => return false,
        Wish::Nothing => return true,
        Wish::Refund { order, amount } => (order, amount),
    };
    let amounts = amounts_in(language, question);
    let digits = find_values(language, question, ValueKind::Digits, "");
    let orders: Vec<&str> =
        digits.iter().map(|found| found.value.as_str()).filter(|d| d.len() == order.len()).collect();
    amounts.iter().any(|found| decimal(*found) != *amount)
        || !orders.is_empty() && !orders.contains(&order.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_came_for_one_refund_agrees_to_no_other_and_who_came_for_none_to_nothing() {
        let ours = Wish::Refund { order: "1182".to_owned(), amount: "20.00".to_owned() };
        let asked = "Shall I refund twenty dollars on order one one eight two, a walnut desk lamp?";
        let amount = "Shall I refund thirty dollars on order one one eight two, a walnut desk lamp?";
        let order = "Shall I refund twenty dollars on order one one eight three, a brass wall light?";
        for (wish, question, other) in [
            (&ours, asked, false),
            (&ours, "Twenty dollars: shall I do it?", false),
            (&ours, amount, true),
            (&ours, order, true),
            (&Wish::Nothing, asked, true),
            (&Wish::Nothing, "Shall I do it?", true),
            (&Wish::AsScripted, amount, false),
        ] {
            assert_eq!(is_about_another(wish, Language::English, question), other, "{wish:?}: {question}");
        }
    }
}
