//! Keeps a cassette while a call runs: told of every step, it says what is to be written.
//!
//! Promises: memory is bounded, whatever the call does; what it writes comes from facts the heart was told, and from
//! lengths and times.
//! Never: sees a sample, or a word before private ones were replaced.

use std::collections::VecDeque;

use super::asked::Asked;
use super::entry::{Chunk, Entry, Frames, Place, Voice};
use crate::audio::{FRAME_BYTES_MAX, LineOutputs, MarkName, WireItem};
use crate::base::{CallTime, GenerationId, Millis, PieceNo, Position, ProposalId, ReplyId, Samples, Span};
use crate::call::{CallOutputs, Input, Record};
use crate::conversation::{By, Event, Step};
use crate::journal::write_order;

/// Frames of one line: a second of them.
const FRAMES_MAX: usize = 50;
/// Chunks of one line.
const CHUNKS_MAX: usize = 64;
/// Questions, marks and stretches of speech that wait for their answer. A call has a handful; what is older has no
/// answer any more.
const WAITING_MAX: usize = 64;
/// A mark so long overdue does not come any more.
const MARK_LOST: Millis = Millis(500);

/// What a step was told, as far as the journal does not say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    Frame {
        timestamp: Option<Millis>,
        length: usize,
    },
    Mark(Option<ReplyId>),
    Audio {
        reply: ReplyId,
        piece: PieceNo,
        chunk: Chunk,
    },
    /// The synthesiser lost the reply; some piece of it.
    Lost(ReplyId),
    Else,
}

impl Told {
    #[must_use]
    pub fn of(input: &Input<'_>) -> Told {
        match input {
            Input::Frame { timestamp, encoded } => {
                Told::Frame { timestamp: *timestamp, length: encoded.len() }
            }
            Input::Mark(name) => Told::Mark(MarkName::parse(name).map(|name| name.reply)),
            Input::Audio { reply, piece, samples } => {
                let length = Samples(u32::try_from(samples.len()).unwrap_or(u32::MAX));
                Told::Audio { reply: *reply, piece: *piece, chunk: Chunk::Audio(length) }
            }
            Input::PieceEnd { reply, piece, .. } => {
                Told::Audio { reply: *reply, piece: *piece, chunk: Chunk::End }
            }
            Input::Event(event) => {
                if let Event::TtsFailed { reply } = event {
                    Told::Lost(*reply)
                } else {
                    Told::Else
                }
            }
            Input::Key(_) | Input::Wake => Told::Else,
        }
    }
}

/// What of a call still waits for an answer.
#[derive(Debug, Default)]
pub struct Keeper {
    ready: Vec<Entry>,
    frames: Option<Frames>,
    /// When the last frame came.
    framed: CallTime,
    /// The end of the caller's track so far.
    track: Position,
    voice: Option<Voice>,
    /// The reply under way, and when each of its pieces was ordered.
    reply: ReplyId,
    said: Vec<CallTime>,
    /// When the carrier will have played all, by the computed clock.
    sounds_until: CallTime,
    marks: VecDeque<(ReplyId, CallTime)>,
    generations: VecDeque<(GenerationId, CallTime)>,
    proposals: VecDeque<(ProposalId, CallTime)>,
    hang_up: Option<CallTime>,
    speech: Position,
    /// Speech that has stopped, and when that was known.
    stopped: VecDeque<(Span, CallTime)>,
}

impl Keeper {
    /// What is to be written now.
    pub fn ready(&mut self) -> std::vec::Drain<'_, Entry> {
        self.ready.drain(..)
    }

    /// What was still being put together, at the end.
    pub fn finish(&mut self) -> std::vec::Drain<'_, Entry> {
        self.ready.extend(self.frames.take().map(Entry::Frames));
        self.ready.extend(self.voice.take().map(Entry::Voice));
        self.ready.drain(..)
    }

    /// One step of the call: what it was told, and what it gave.
    pub fn step(&mut self, at: CallTime, told: Told, out: &CallOutputs) {
        match told {
            Told::Frame { timestamp, length } => self.frame(at, timestamp, length, &out.line),
            Told::Mark(Some(reply)) => self.mark(at, reply),
            Told::Audio { reply, piece, chunk } => self.chunk(at, reply, piece, chunk),
            Told::Lost(reply) => {
                let piece = self.voice.as_ref().filter(|voice| voice.reply == reply).map(|voice| voice.piece);
                self.chunk(at, reply, piece.unwrap_or_default(), Chunk::Failed);
            }
            Told::Mark(None) | Told::Else => {}
        }
        for record in &out.records {
            match record {
                Record::Event { at, event } => self.event(*at, event),
                Record::Step(Step::Fired { .. }) => {}
                Record::Step(Step::Order(order)) => self.order(at, &write_order(order)),
            }
        }
        self.wire(at, &out.line);
    }

    fn frame(&mut self, at: CallTime, timestamp: Option<Millis>, length: usize, line: &LineOutputs) {
        let Some(length) = u32::try_from(length).ok().filter(|n| (1..=FRAME_BYTES_MAX as u32).contains(n))
        else {
            return;
        };
        let place = if line.caller.is_empty() {
            Place::Dropped
        } else {
            self.track = line.caller_from + Samples(line.caller.len() as u32);
            Place::At(self.track - Samples(length))
        };
        let gap = u16::try_from(at.since(self.framed).0).ok();
        self.framed = at;
        if let (Some(run), Some(gap)) = (&mut self.frames, gap)
            && run.gaps.len() + 1 < FRAMES_MAX
            && run.next() == Some((place, timestamp, length))
        {
            run.gaps.push(gap);
            return;
        }
        let run = Frames { at, place, timestamp, length, gaps: Vec::new() };
        self.ready.extend(self.frames.replace(run).map(Entry::Frames));
    }

    pub(super) fn chunk(&mut self, at: CallTime, reply: ReplyId, piece: PieceNo, chunk: Chunk) {
        // Of a reply that is over nothing is wanted.
        let Some(asked) = self.said.get(piece.0 as usize).copied().filter(|_| reply == self.reply) else {
            return;
        };
        let same =
            |voice: &Voice| (voice.reply, voice.piece) == (reply, piece) && voice.chunks.len() < CHUNKS_MAX;
        if !self.voice.as_ref().is_some_and(same) {
            let voice = Voice { reply, piece, chunks: Vec::new() };
            self.ready.extend(self.voice.replace(voice).map(Entry::Voice));
        }
        if let Some(voice) = &mut self.voice {
            voice.chunks.push((at.since(asked), chunk));
        }
        if !matches!(chunk, Chunk::Audio(_)) {
            self.ready.extend(self.voice.take().map(Entry::Voice));
        }
    }

    fn mark(&mut self, at: CallTime, reply: ReplyId) {
        let Some(place) = self.marks.iter().position(|(known, _)| *known == reply) else { return };
        let after = self.marks.remove(place).map(|(_, due)| signed(at) - signed(due));
        self.ready.push(Entry::Mark { reply, after });
    }

    fn wire(&mut self, at: CallTime, line: &LineOutputs) {
        for item in &line.wire {
            match item {
                WireItem::Audio { bytes, starts } => {
                    self.sounds_until = *starts + Samples(bytes.len() as u32).millis();
                }
                WireItem::Mark { name } => {
                    push(&mut self.marks, (name.reply, self.sounds_until.max(at)));
                }
                // Marks of what was cleared come back at once, and mean nothing. One that was due would have come later.
                WireItem::Clear => {
                    let due = self.marks.drain(..).filter(|(_, due)| *due <= at);
                    let later = due.map(|(reply, due)| Entry::Mark { reply, after: later(due, at) });
                    self.ready.extend(later);
                    self.sounds_until = at;
                }
            }
        }
    }

    /// A fact the heart was told.
    pub(super) fn event(&mut self, at: CallTime, event: &Event) {
        let asked = match event {
            Event::SpeechStarted { at } => {
                self.speech = *at;
                return;
            }
            Event::SpeechStopped { at: to } => {
                push(&mut self.stopped, (Span { from: self.speech, to: *to }, at));
                return;
            }
            Event::Heard(_) | Event::SttFailed => {
                let Some((speech, known)) = self.spoken(event) else { return self.meanwhile(event) };
                let after = at.since(known);
                return self.ready.push(Entry::Words { speech, after, event: event.clone() });
            }
            Event::Played { reply, by: By::Clock, .. } => {
                let known = self.marks.len();
                self.marks.retain(|(waiting, _)| waiting != reply);
                if self.marks.len() < known {
                    self.ready.push(Entry::Mark { reply: *reply, after: None });
                }
                return;
            }
            Event::Wrote { generation, .. }
            | Event::Proposed { generation, .. }
            | Event::Finished { generation }
            | Event::GenerationFailed { generation } => {
                self.generations.iter().find(|(known, _)| known == generation).map(|(_, asked)| *asked)
            }
            Event::Prepared { proposal, .. }
            | Event::Unprepared { proposal, .. }
            | Event::Unproven { proposal, .. }
            | Event::Settled { proposal, .. } => {
                self.proposals.iter().find(|(known, _)| known == proposal).map(|(_, asked)| *asked)
            }
            Event::HungUp if self.hang_up.is_some() => self.hang_up,
            Event::Answered(_) | Event::Resumed(_) | Event::Key { .. } | Event::HungUp => {
                return self.ready.push(Entry::At { at, event: event.clone() });
            }
            // The line's own, or told by lengths and marks.
            Event::LineStalled
            | Event::LineResumed
            | Event::Synthesised { .. }
            | Event::TtsFailed { .. }
            | Event::Played { by: By::Mark, .. }
            | Event::Cut { .. } => return,
        };
        if let Some(asked) = asked {
            self.ready.push(Entry::After { after: at.since(asked), event: event.clone() });
        }
    }

    /// The speech that was answered: the one the words lie in, or else the oldest that waits.
    fn spoken(&mut self, event: &Event) -> Option<(Span, CallTime)> {
        let first = if let Event::Heard(heard) = event {
            heard.words.iter().find_map(|word| word.span)
        } else {
            None
        };
        while let (Some(first), Some((speech, _)), true) =
            (first, self.stopped.front(), self.stopped.len() > 1)
        {
            if first.from < speech.to {
                break;
            }
            self.stopped.pop_front();
        }
        let ends = if let Event::Heard(heard) = event { heard.end.is_turn() } else { true };
        if ends { self.stopped.pop_front() } else { self.stopped.front().copied() }
    }

    fn meanwhile(&mut self, event: &Event) {
        self.ready.push(Entry::Meanwhile { position: self.track, event: event.clone() });
    }

    /// The track has come so far; where no frame tells.
    pub(super) fn track(&mut self, position: Position) {
        self.track = position;
    }

    /// An order, as the journal writes it.
    pub(super) fn order(&mut self, at: CallTime, text: &str) {
        match Asked::of(text) {
            Some(Asked::Say { reply, piece }) => {
                if piece.0 == 0 {
                    self.reply = reply;
                    self.said.clear();
                }
                self.said.push(at);
            }
            Some(Asked::Generate(generation)) => push(&mut self.generations, (generation, at)),
            Some(Asked::Prepare { proposal, text } | Asked::Run { proposal, text }) => {
                self.proposals.retain(|(known, _)| *known != proposal);
                push(&mut self.proposals, (proposal, at));
                self.ready.push(Entry::Question { proposal, text });
            }
            Some(Asked::HangUp) => self.hang_up = Some(at),
            Some(Asked::DropGeneration(_) | Asked::Discard(_) | Asked::Cut(_)) | None => {}
        }
    }
}

impl Frames {
    /// What the next frame of this run would be.
    fn next(&self) -> Option<(Place, Option<Millis>, u32)> {
        let length = Samples(self.length);
        let frames = self.gaps.len() as u32 + 1;
        let place = match self.place {
            Place::At(position) => Place::At(position + Samples(length.0.checked_mul(frames)?)),
            Place::Dropped => Place::Dropped,
        };
        let timestamp = self.timestamp.map(|first| first + Millis(length.millis().0 * frames));
        Some((place, timestamp, self.length))
    }
}

/// Puts the newest last; of too many the oldest goes.
fn push<T>(queue: &mut VecDeque<T>, new: T) {
    if queue.len() >= WAITING_MAX {
        queue.pop_front();
    }
    queue.push_back(new);
}

pub(super) fn signed(at: CallTime) -> i32 {
    i32::try_from(at.0).unwrap_or(i32::MAX)
}

/// The wait of a mark that was due, and had not come by then; `None` where it was lost.
pub(super) fn later(due: CallTime, by: CallTime) -> Option<i32> {
    (by <= due + MARK_LOST).then(|| signed(by) - signed(due) + 1)
}
