//! A call's outline: what is told of it, and compared with another run of it.
//!
//! Promises: read off a journal's lines, recorded or played again alike.
//! Never: judges.

use std::collections::BTreeMap;

use super::answers::Answers;
use super::asked::Asked;
use super::entry::Cassette;
use crate::base::{CallTime, Millis, Position, ReplyId};
use crate::conversation::Event;
use crate::journal::{CallFile, Line, write_event};

/// One call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outline {
    pub turns: Vec<Turn>,
    pub barge_ins: Vec<BargeIn>,
    /// What the agent said, in order: reply, role and text.
    pub said: Vec<String>,
    /// Questions that were heard, and what their answers were taken for.
    pub answers: Vec<String>,
    /// What was asked of tools, and what became of it.
    pub actions: Vec<String>,
    /// Why we hung up, where it was us.
    pub end: Option<String>,
}

/// One stretch of the caller's speech.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    pub from: Position,
    /// `None`: it had no end.
    pub to: Option<Position>,
    /// From its last sample to the agent's next word.
    pub answered: Option<Millis>,
}

/// A reply that was cut while the caller was there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BargeIn {
    pub reply: ReplyId,
    pub at: CallTime,
}

/// Whether the caller waits for the agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waits {
    No,
    Yes,
    /// Something was said, and did not sound yet.
    For(ReplyId),
}

impl Outline {
    /// Of a journal, and when each of its replies first sounded.
    #[must_use]
    pub fn of(file: &CallFile, sounds: &BTreeMap<ReplyId, CallTime>) -> Outline {
        let (mut outline, mut waits) = (Outline::default(), Waits::No);
        for line in &file.lines {
            match line {
                Line::Event { at, event } => {
                    waits = outline.event(*at, event, waits);
                }
                // What is said because nobody says anything is no answer.
                Line::Timer { name, .. } if name == "silence" => waits = Waits::No,
                Line::Timer { .. } => {}
                Line::Order { text } => {
                    outline.order(text);
                    if let (Waits::Yes, Some(Asked::Say { reply, .. })) = (waits, Asked::of(text)) {
                        waits = Waits::For(reply);
                    }
                }
            }
            if let Waits::For(reply) = waits
                && let (Some(sounded), Some(turn)) = (sounds.get(&reply), outline.turns.last_mut())
                && let Some(to) = turn.to
            {
                turn.answered = Some(sounded.since(super::play::seconds(to)));
                waits = Waits::No;
            }
        }
        // Who has hung up interrupts nobody: what still lay before the line is cut for nobody to hear.
        let gone = file.events().find(|(_, event)| matches!(event, Event::HungUp)).map(|(at, _)| at);
        outline.barge_ins.retain(|cut| gone.is_none_or(|gone| cut.at < gone));
        outline
    }

    fn event(&mut self, at: CallTime, event: &Event, waits: Waits) -> Waits {
        if let Event::SpeechStarted { at: from } = event {
            self.turns.push(Turn { from: *from, to: None, answered: None });
            return Waits::No;
        }
        if let (Event::SpeechStopped { at: to }, Some(turn)) = (event, self.turns.last_mut()) {
            turn.to = Some(*to);
            return Waits::Yes;
        }
        if let Event::Cut { reply, .. } = event {
            self.barge_ins.push(BargeIn { reply: *reply, at });
        } else if let Event::Settled { .. } = event {
            // What it brought is the cassette's.
            self.actions.push(write_event(event).split(' ').take(3).collect::<Vec<_>>().join(" "));
        }
        waits
    }

    fn order(&mut self, text: &str) {
        if let Some(note) = text.strip_prefix("note ") {
            // Places are compared as turns.
            let words = note.split(' ').filter(|word| !word.starts_with('~'));
            self.answers.push(words.collect::<Vec<_>>().join(" "));
        } else if let Some(said) = text.strip_prefix("say ") {
            self.said.push(said.to_owned());
        } else if let Some(why) = text.strip_prefix("hang-up ") {
            self.end = Some(why.to_owned());
        } else if let Some(Asked::Prepare { proposal, text } | Asked::Run { proposal, text }) =
            Asked::of(text)
        {
            self.actions.push(format!("{proposal} {text}"));
        }
    }
}

impl Cassette {
    /// When each reply of the recorded call first sounded.
    #[must_use]
    pub fn sounds(&self, file: &CallFile) -> BTreeMap<ReplyId, CallTime> {
        let (answers, mut now, mut sounds) = (Answers::of(self), CallTime::ANSWER, BTreeMap::new());
        for line in &file.lines {
            match line {
                Line::Event { at, .. } => now = *at,
                Line::Timer { due, .. } => now = now.max(*due),
                Line::Order { text } => {
                    if let Some(Asked::Say { reply, piece }) = Asked::of(text)
                        && piece.0 == 0
                        && let Some(after) = answers.voices.first(reply)
                    {
                        sounds.insert(reply, now + after);
                    }
                }
            }
        }
        sounds
    }
}
