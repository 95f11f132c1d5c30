//! One call: the line and the conversation as one machine, and the vault before the conversation.
//!
//! What follows from an order inside the call (a cut answers with what was heard) is fed back before
//! [`Call::handle`] returns: between the frame that meets the barge-in policy and `clear` there is no queue.
//!
//! Promises: the records of a step are the journal's border, in order: every event, timer and order; a private word is
//! a placeholder in all of them (promise 8).
//! Never: waits, reads a clock, carries an order out to the world.

mod values;
mod vault;

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::Arc;

use crate::audio::{self, Key, Line, LineFact, LineOutputs, LineSetup, Refused};
use crate::base::{CallTime, Millis, PieceNo, ReplyId, Samples};
use crate::conversation::{By, Conversation, Event, Order, Outputs, Plan, Step};

pub use values::PrivateValues;
pub use vault::Vault;

/// What the driver hands in.
#[derive(Debug)]
pub enum Input<'a> {
    /// A frame of the caller's audio as the carrier sent it.
    Frame { timestamp: Option<Millis>, encoded: &'a [u8] },
    /// A key the carrier told of.
    Key(Key),
    /// A mark the carrier sent back.
    Mark(&'a str),
    /// Synthesised audio of a piece, 8 kHz.
    Audio { reply: ReplyId, piece: PieceNo, samples: &'a [i16] },
    /// The synthesiser ended the piece normally.
    PieceEnd { reply: ReplyId, piece: PieceNo, length: Samples },
    /// Anything else that happened.
    Event(Event),
    /// Only the time.
    Wake,
}

/// One line of the journal.
#[derive(Debug)]
pub enum Record {
    Event { at: CallTime, event: Event },
    Step(Step),
}

/// What one step gives: the journal's lines, with the orders in them, and what goes on the wire. Reused.
#[derive(Debug, Default)]
pub struct CallOutputs {
    pub records: Vec<Record>,
    pub line: LineOutputs,
}

impl CallOutputs {
    /// Empties it and keeps its room.
    pub fn clear(&mut self) {
        self.records.clear();
        self.line.clear();
    }
}

/// One call, pure: the same object in the gateway, the simulator, the replay and the benches.
#[derive(Debug)]
pub struct Call {
    line: Line,
    conversation: Conversation,
    vault: Vault,
    /// Of the reply on the line: pieces ordered so far.
    pieces: u16,
    /// Events that are still to be told, within one step.
    pending: VecDeque<Event>,
    steps: Outputs,
}

impl Call {
    #[must_use]
    pub fn new(setup: LineSetup, plan: Arc<Plan>) -> Call {
        Call {
            line: Line::new(setup),
            vault: Vault::new(Arc::clone(&plan)),
            conversation: Conversation::new(plan),
            pieces: 0,
            pending: VecDeque::new(),
            steps: Outputs::default(),
        }
    }

    /// A call that is told again what was recorded of it: without its private words.
    #[must_use]
    pub fn of_record(setup: LineSetup, plan: Arc<Plan>) -> Call {
        Call { vault: Vault::of_record(Arc::clone(&plan)), ..Call::new(setup, plan) }
    }

    /// A conversation that goes on, on a new line that began at `begun` and is listened to from `now` on;
    /// [`Event::Resumed`] is to be its next event. `vault` is [`Vault::resumed`]: what its placeholders stood for before is
    /// known to nobody any more.
    #[must_use]
    pub fn resumed(
        setup: LineSetup,
        conversation: Conversation,
        vault: Vault,
        begun: CallTime,
        now: CallTime,
    ) -> Call {
        Call {
            line: Line::begun_at(setup, begun, now),
            vault,
            conversation,
            pieces: 0,
            pending: VecDeque::new(),
            steps: Outputs::default(),
        }
    }

    #[must_use]
    pub fn conversation(&self) -> &Conversation {
        &self.conversation
    }

    #[must_use]
    pub fn line(&self) -> &Line {
        &self.line
    }

    #[must_use]
    pub fn vault(&self) -> &Vault {
        &self.vault
    }

    /// When the call wants to be woken: the earlier of playout and conversation.
    #[must_use]
    pub fn deadline(&self) -> Option<CallTime> {
        let line = self.line.deadline().filter(|_| !self.conversation.is_ended());
        line.into_iter().chain(self.conversation.deadline()).min()
    }

    /// Takes one input and the time; gives everything that follows. `out` is cleared first.
    pub fn handle(&mut self, at: CallTime, input: Input<'_>, out: &mut CallOutputs) {
        out.clear();
        match input {
            Input::Frame { timestamp, encoded } => {
                self.line.caller_frame(at, timestamp, encoded, &mut out.line)
            }
            Input::Key(key) => self.line.key(at, key, &mut out.line),
            Input::Mark(name) => self.line.mark(at, name, &mut out.line),
            Input::Audio { reply, piece, samples } => self.audio(reply, piece, samples),
            Input::PieceEnd { reply, piece, length } => {
                if self.line.piece_end(reply, piece).is_ok() {
                    self.pending.push_back(Event::Synthesised { reply, piece, length });
                }
            }
            Input::Event(event) => self.pending.push_back(event),
            Input::Wake => {}
        }
        self.settle(at, out);
        // A frame or a mark may have made playout due; what an order opened is played at once.
        self.line.wake(at, &mut out.line);
        if !out.line.facts.is_empty() {
            self.settle(at, out);
        }
    }

    fn audio(&mut self, reply: ReplyId, piece: PieceNo, samples: &[i16]) {
        match self.line.audio(reply, piece, samples) {
            Ok(()) | Err(Refused::Stale) => {}
            // More audio than any sentence has, or for a piece that is not there: the synthesiser went wrong.
            Err(
                Refused::TooMuchAudio | Refused::TooManyPieces | Refused::NoSuchPiece | Refused::Busy { .. },
            ) => {
                self.pending.push_back(Event::TtsFailed { reply });
            }
        }
    }

    /// Tells the conversation what happened, obeys what it orders of the line, until nothing follows.
    fn settle(&mut self, at: CallTime, out: &mut CallOutputs) {
        let until = self.pending.front().map_or(at, |event| event.wakes_until(at));
        self.conversation.wake(until, &mut self.steps);
        self.obey(at, out);
        loop {
            self.pending.extend(out.line.facts.drain(..).map(event_of));
            let Some(event) = self.pending.pop_front() else { return };
            if let Event::Key { .. } = &event {
                // A number whose time is over takes no more keys.
                self.conversation.wake(at, &mut self.steps);
                self.obey(at, out);
            }
            let (before, event) = self.vault.tell(event, &self.conversation);
            before.into_iter().chain([event]).for_each(|event| self.tell(at, event, out));
        }
    }

    fn tell(&mut self, at: CallTime, event: Event, out: &mut CallOutputs) {
        self.conversation.handle(at, &event, &mut self.steps);
        out.records.push(Record::Event { at, event });
        self.obey(at, out);
    }

    fn obey(&mut self, at: CallTime, out: &mut CallOutputs) {
        let mut steps = std::mem::take(&mut self.steps);
        for step in steps.steps.drain(..) {
            if let Step::Order(order) = &step {
                self.obey_order(at, order, out);
            }
            out.records.push(Record::Step(step));
        }
        self.steps = steps;
    }

    fn obey_order(&mut self, at: CallTime, order: &Order, out: &mut CallOutputs) {
        match order {
            Order::Watch(watch) => {
                let (speech, silence) = (watch.speech.samples(), watch.silence.samples());
                self.line.watch(audio::Watch { speech, silence });
            }
            Order::Say { reply, piece, .. } => {
                if piece.0 == 0 {
                    self.pieces = 0;
                    if self.line.begin(*reply).is_err() {
                        self.pending.push_back(Event::TtsFailed { reply: *reply });
                    }
                }
                self.pieces = self.pieces.saturating_add(1);
            }
            Order::EndReply { reply } => {
                if self.line.end(*reply, self.pieces).is_err() {
                    self.pending.push_back(Event::TtsFailed { reply: *reply });
                }
            }
            Order::Cut { .. } => self.line.cut(at, &mut out.line),
            Order::Generate { .. }
            | Order::DropGeneration { .. }
            | Order::Prepare { .. }
            | Order::Discard { .. }
            | Order::Run { .. }
            | Order::Record
            | Order::HangUp { .. }
            | Order::Note(_) => {}
        }
    }
}

fn event_of(fact: LineFact) -> Event {
    match fact {
        LineFact::SpeechStarted { at } => Event::SpeechStarted { at },
        LineFact::SpeechStopped { at } => Event::SpeechStopped { at },
        LineFact::Stalled => Event::LineStalled,
        LineFact::Resumed => Event::LineResumed,
        LineFact::Key { key, at } => Event::Key { key: key.reveal(), at },
        LineFact::Played { reply, at, by } => Event::Played { reply, at, by: by_of(by) },
        LineFact::Cut { reply, whole, permille, .. } => Event::Cut { reply, whole, permille },
    }
}

fn by_of(by: audio::By) -> By {
    match by {
        audio::By::Mark => By::Mark,
        audio::By::Clock => By::Clock,
    }
}
