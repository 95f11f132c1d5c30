//! Promise 8, over a whole call: what a caller said in private is in no event, no order and no history.
//!
//! Promises: no seven digits in a row of the callers' card pass, in figures or words, nor a number that was keyed.
//! Never: looks into the vault.

use super::Seen;
use crate::base::Placeholder;
use crate::conversation::{Conversation, Entry, Event, Order};
use crate::journal::{write_event, write_order};
use crate::language::{Language, digit_runs};

/// The card that simulated callers have; a number for tests.
pub(in crate::sim) const CARD: &str = "4539148803436467";

/// Digits in a row that tell it: the first six name only its bank.
const TELLING: usize = 7;

#[derive(Debug)]
pub(super) struct NothingPrivate {
    language: Language,
}

impl NothingPrivate {
    pub(super) fn new(language: Language) -> NothingPrivate {
        NothingPrivate { language }
    }

    pub(super) fn sees(&self, seen: &Seen<'_>) -> Result<(), String> {
        match seen {
            Seen::Event(event, _) => self.event(event),
            Seen::Order(order) => self.order(order),
            Seen::Timer(_) | Seen::Rest { .. } => Ok(()),
        }
    }

    fn event(&self, event: &Event) -> Result<(), String> {
        match event {
            Event::Heard(transcript) => {
                let words: Vec<&str> = transcript.words.iter().map(|word| word.text.as_str()).collect();
                self.text(&words.join(" "))
            }
            Event::Wrote { .. }
            | Event::Proposed { .. }
            | Event::Prepared { .. }
            | Event::Unprepared { .. }
            | Event::Unproven { .. }
            | Event::Settled { .. } => self.text(&write_event(event)),
            // Numbers of ours alone: a reply's and a position may be digits of the card by chance.
            Event::Answered(_)
            | Event::SpeechStarted { .. }
            | Event::SpeechStopped { .. }
            | Event::LineStalled
            | Event::LineResumed
            | Event::SttFailed
            | Event::Key { .. }
            | Event::Synthesised { .. }
            | Event::TtsFailed { .. }
            | Event::Played { .. }
            | Event::Cut { .. }
            | Event::Finished { .. }
            | Event::GenerationFailed { .. }
            | Event::HungUp
            | Event::Resumed(_) => Ok(()),
        }
    }

    fn order(&self, order: &Order) -> Result<(), String> {
        match order {
            Order::Say { .. } | Order::Prepare { .. } | Order::Run { .. } => self.text(&write_order(order)),
            Order::Watch(_)
            | Order::EndReply { .. }
            | Order::Cut { .. }
            | Order::Generate { .. }
            | Order::DropGeneration { .. }
            | Order::Discard { .. }
            | Order::Record
            | Order::HangUp { .. }
            | Order::Note(_) => Ok(()),
        }
    }

    fn text(&self, text: &str) -> Result<(), String> {
        let tells =
            |digits: &str| (0..=CARD.len() - TELLING).any(|at| digits.contains(&CARD[at..at + TELLING]));
        let told = digit_runs(self.language, text).iter().any(|(_, digits)| tells(digits));
        if told { Err("a card's number passed in the clear".to_owned()) } else { Ok(()) }
    }

    pub(super) fn ends(&self, conversation: &Conversation) -> Result<(), String> {
        for entry in conversation.history().entries() {
            match entry {
                // One key may be an answer.
                Entry::Keys { keys } if keys.len() > 1 && Placeholder::parse(keys).is_none() => {
                    let is_digit = |c: char| c.is_ascii_digit();
                    if keys.contains(is_digit) {
                        return Err("a number that was keyed is in the history".to_owned());
                    }
                }
                Entry::Caller { text } | Entry::Agent { text } => self.text(text)?,
                Entry::Keys { .. } | Entry::Tool { .. } => {}
            }
        }
        Ok(())
    }
}
