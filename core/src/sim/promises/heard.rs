//! Promise 6: the agent's words in the history are exactly those that the line says were heard.
//!
//! Promises: whole pieces and whole words of a cut one, rounded down, counted here anew from the facts.
//! Never: counts a reply that nobody says was heard.

use super::Seen;
use crate::base::ReplyId;
use crate::conversation::{Entry, Event, History, Order, Timer};

#[derive(Debug, Default)]
pub(super) struct Heard {
    open: Option<(ReplyId, Vec<String>)>,
    /// Given up before it was known what was heard of it.
    lost: Option<(ReplyId, Vec<String>)>,
    heard: Vec<String>,
}

impl Heard {
    pub(super) fn sees(&mut self, seen: &Seen<'_>) {
        match seen {
            Seen::Order(Order::Say { reply, text, .. }) => match &mut self.open {
                Some((open, pieces)) if open == reply => pieces.push(text.clone()),
                Some(_) | None => self.open = Some((*reply, vec![text.clone()])),
            },
            Seen::Event(Event::Played { reply, .. }, _) => {
                if let Some((_, pieces)) = self.open.take_if(|(open, _)| open == reply) {
                    self.heard.push(pieces.join(" "));
                }
            }
            Seen::Event(Event::Cut { reply, whole, permille }, _) => {
                let open = self.open.take_if(|(open, _)| open == reply);
                if let Some((_, pieces)) = open.or_else(|| self.lost.take_if(|(lost, _)| lost == reply)) {
                    self.heard.extend(part(&pieces, usize::from(*whole), usize::from(*permille)));
                }
            }
            Seen::Event(Event::TtsFailed { reply }, _) => {
                let lost = self.open.take_if(|(open, _)| open == reply);
                self.lost = lost.or_else(|| self.lost.take());
            }
            Seen::Event(Event::HungUp, _) | Seen::Timer(Timer::Synthesis) => {
                self.lost = self.open.take().or_else(|| self.lost.take());
            }
            Seen::Timer(Timer::Mark) => self.open = None,
            // Nobody can say any more what was heard of it.
            Seen::Event(Event::Resumed(_), _) => (self.open, self.lost) = (None, None),
            Seen::Event(..) | Seen::Timer(_) | Seen::Order(_) | Seen::Rest { .. } => {}
        }
    }

    pub(super) fn ends(&self, history: &History) -> Result<(), String> {
        let agent = |entry: &Entry| match entry {
            Entry::Agent { text } => Some(text.clone()),
            Entry::Caller { .. } | Entry::Keys { .. } | Entry::Tool { .. } => None,
        };
        let told: Vec<String> = history.entries().iter().filter_map(agent).collect();
        if told == self.heard {
            return Ok(());
        }
        let n = told.iter().zip(&self.heard).take_while(|(a, b)| a == b).count();
        Err(format!("entry {n} of the agent is {:?}, heard was {:?}", told.get(n), self.heard.get(n)))
    }
}

/// What was heard of a reply that was cut.
fn part(pieces: &[String], whole: usize, permille: usize) -> Option<String> {
    let mut heard: Vec<String> = pieces.iter().take(whole).cloned().collect();
    if let Some(piece) = pieces.get(whole) {
        let words: Vec<&str> = piece.split_whitespace().collect();
        heard.push(words[..words.len() * permille / 1_000].join(" "));
    }
    heard.retain(|text| !text.is_empty());
    (!heard.is_empty()).then(|| heard.join(" "))
}
