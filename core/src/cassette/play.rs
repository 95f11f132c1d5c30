//! The whole call again: the recorded track as frames through today's [`Call`], on a clock of its own, in a world that
//! answers as the cassette holds.
//!
//! Promises: the same cassette, plan and track give the same call; what is asked and was never asked in the recording is
//! said, and answered with a failure; what nobody answered there is not answered; it comes to an end.
//! Never: carries out an order; reads a clock.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::answers::Answers;
use super::asked::Asked;
use super::entry::{Cassette, Chunk};
use super::frames::{Arrival, arrivals};
use crate::audio::{Key, LineOutputs, WireItem};
use crate::base::{CallTime, GenerationId, Millis, PieceNo, Position, ProposalId, ReplyId, Samples, Span};
use crate::call::{Call, CallOutputs, Input, Record};
use crate::conversation::{Event, MASKED_KEY, Outcome, Plan, Step};
use crate::journal::{CallFile, Line, write_order, write_timer};

/// Where the carrier's hanging up was not recorded, and the last frame is this long past, it hangs up.
const GONE: Millis = Millis(1_000);
/// A gateway's wait from its order to hang up to the end of its stream.
const HANG_UP: Millis = Millis(500);
/// The longest time after the last frame: actions under way have deadlines below it.
const AFTER_ALL: Millis = Millis(600_000);
/// Words that were told while the caller spoke are no use so much later.
const STALE: Samples = Millis(1_000).samples();

/// A call that was played again.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Played {
    /// As its journal would be; it has no head.
    pub file: CallFile,
    /// When each reply's first frame went out.
    pub sounds: BTreeMap<ReplyId, CallTime>,
    /// What was asked and was not recorded.
    pub missing: Vec<String>,
    /// Of the caller's track, as far as the call went.
    pub audio: u64,
}

/// Plays it. `recorded` is its journal, for what was asked; `track` the caller's, 8 kHz, from the answer on; a record
/// that stops short is played `until` then.
#[must_use]
pub fn play(
    cassette: &Cassette,
    recorded: &CallFile,
    plan: &Arc<Plan>,
    track: &[i16],
    until: Option<CallTime>,
) -> Played {
    let mut player = Player::new(cassette, Known::of(recorded), plan);
    player.run(arrivals(cassette), track, until);
    player.played
}

/// What the world does next.
#[derive(Debug)]
enum Happening {
    Tell(Event),
    Audio { reply: ReplyId, piece: PieceNo, length: Samples },
    PieceEnd { reply: ReplyId, piece: PieceNo, length: Samples },
    Mark(String),
}

/// What was asked in the recording, answered or not.
#[derive(Debug, Default)]
struct Known {
    generations: BTreeSet<GenerationId>,
    pieces: BTreeSet<(ReplyId, PieceNo)>,
    speeches: Vec<Span>,
}

impl Known {
    fn of(recorded: &CallFile) -> Known {
        let (mut known, mut from) = (Known::default(), Position::START);
        for line in &recorded.lines {
            match line {
                Line::Event { event: Event::SpeechStarted { at }, .. } => from = *at,
                Line::Event { event: Event::SpeechStopped { at: to }, .. } => {
                    known.speeches.push(Span { from, to: *to });
                }
                Line::Event { .. } | Line::Timer { .. } => {}
                Line::Order { text } => {
                    let asked = Asked::of(text);
                    if let Some(Asked::Generate(generation)) = asked {
                        known.generations.insert(generation);
                    } else if let Some(Asked::Say { reply, piece }) = asked {
                        known.pieces.insert((reply, piece));
                    }
                }
            }
        }
        known
    }

    /// Whether the caller spoke then in the recording too.
    fn speech(&self, speech: Span) -> bool {
        self.speeches.iter().any(|known| known.from < speech.to && speech.from < known.to)
    }
}

#[derive(Debug)]
struct Player {
    setup: crate::audio::LineSetup,
    call: Call,
    out: CallOutputs,
    answers: Answers,
    /// What will happen, at equal times in the order it was planned; the end of the stream last.
    plans: BTreeMap<(CallTime, bool, u64), Happening>,
    planned: u64,
    known: Known,
    now: CallTime,
    /// Since where the caller speaks.
    speech: Option<Position>,
    /// The reply that was begun last.
    reply: ReplyId,
    sounds_until: CallTime,
    silence: Vec<i16>,
    encoded: Vec<u8>,
    played: Played,
}

impl Player {
    fn new(cassette: &Cassette, known: Known, plan: &Arc<Plan>) -> Player {
        let setup = cassette.setup.0;
        let mut answers = Answers::of(cassette);
        let told = std::mem::take(&mut answers.told);
        let mut player = Player {
            setup,
            call: Call::of_record(setup, Arc::clone(plan)),
            out: CallOutputs::default(),
            answers,
            plans: BTreeMap::new(),
            planned: 0,
            known,
            now: CallTime::ANSWER,
            speech: None,
            reply: ReplyId::default(),
            sounds_until: CallTime::ANSWER,
            silence: Vec::new(),
            encoded: Vec::new(),
            played: Played::default(),
        };
        told.into_iter().for_each(|(at, event)| player.plan(at, Happening::Tell(event)));
        player
    }

    fn plan(&mut self, at: CallTime, what: Happening) {
        self.planned += 1;
        let ends = matches!(what, Happening::Tell(Event::HungUp));
        self.plans.insert((at.max(self.now), ends, self.planned), what);
    }

    fn run(&mut self, mut frames: impl Iterator<Item = Arrival>, track: &[i16], until: Option<CallTime>) {
        let mut frame = frames.next();
        let mut last = None;
        while !self.call.conversation().is_ended() {
            let framed = frame.map(|frame| frame.at);
            let planned = self.plans.first_key_value().map(|((at, ..), _)| *at);
            let woken = self.call.deadline().map(|at| at.max(self.now));
            let Some(next) = [framed, planned, woken].into_iter().flatten().min() else { break };
            let over = last.is_some_and(|last| next > last + AFTER_ALL);
            if over || until.is_some_and(|until| next > until) {
                break;
            }
            if planned == Some(next) {
                self.happens();
            } else if framed == Some(next) {
                if let Some(arrival) = frame {
                    self.frame(&arrival, track);
                }
                frame = frames.next();
                if frame.is_none() {
                    last = Some(next);
                    // Conversations that have ended hear it no more.
                    self.plan(next + GONE, Happening::Tell(Event::HungUp));
                }
            } else {
                self.takes(next, Input::Wake);
            }
        }
        self.played.audio = self.call.line().position().0;
    }

    fn frame(&mut self, arrival: &Arrival, track: &[i16]) {
        let mut encoded = std::mem::take(&mut self.encoded);
        arrival.encode(self.setup.law, track, &mut encoded);
        self.takes(arrival.at, Input::Frame { timestamp: arrival.timestamp, encoded: &encoded });
        self.encoded = encoded;
        let come = self.call.line().position();
        if self.speech.is_none() {
            while self.answers.meanwhile(come - STALE).is_some() {}
            return;
        }
        while let Some(event) = self.answers.meanwhile(come) {
            self.takes(arrival.at, Input::Event(event));
        }
    }

    fn happens(&mut self) {
        let Some(((at, ..), what)) = self.plans.pop_first() else { return };
        match what {
            Happening::Tell(event) => self.tell(at, event),
            Happening::Audio { reply, piece, length } => {
                let mut silence = std::mem::take(&mut self.silence);
                silence.resize(length.0 as usize, 0);
                self.takes(at, Input::Audio { reply, piece, samples: &silence });
                self.silence = silence;
            }
            Happening::PieceEnd { reply, piece, length } => {
                self.takes(at, Input::PieceEnd { reply, piece, length });
            }
            Happening::Mark(name) => self.takes(at, Input::Mark(&name)),
        }
    }

    fn tell(&mut self, at: CallTime, event: Event) {
        // Of a digit of a private number only that it was pressed is known; the line cannot bring it.
        if let Event::Key { key, .. } = event
            && key != MASKED_KEY
        {
            if let Some(key) = Key::parse(key).filter(|_| self.setup.keys_out_of_band) {
                self.takes(at, Input::Key(key));
            }
            return;
        }
        self.takes(at, Input::Event(event));
    }

    /// One step of the call, and what the world makes of it.
    fn takes(&mut self, at: CallTime, input: Input<'_>) {
        self.now = at;
        self.call.handle(at, input, &mut self.out);
        let mut out = std::mem::take(&mut self.out);
        for record in out.records.drain(..) {
            let line = match record {
                Record::Event { at, event } => {
                    self.learns(at, &event);
                    Line::Event { at, event }
                }
                Record::Step(Step::Fired { timer, due }) => {
                    Line::Timer { due, name: write_timer(timer).to_owned() }
                }
                Record::Step(Step::Order(order)) => {
                    let text = write_order(&order);
                    if let Some(asked) = Asked::of(&text) {
                        self.asked(at, asked);
                    }
                    Line::Order { text }
                }
            };
            self.played.file.lines.push(line);
        }
        self.wire(at, &out.line);
        self.out = out;
    }

    /// What the line told the conversation.
    fn learns(&mut self, at: CallTime, event: &Event) {
        if let Event::SpeechStarted { at } = event {
            self.speech = Some(*at);
        } else if let Event::SpeechStopped { at: to } = event {
            let from = self.speech.take().unwrap_or_default();
            self.words(at, Span { from, to: *to });
        }
    }

    fn words(&mut self, at: CallTime, speech: Span) {
        match self.answers.words(speech) {
            Some(heard) => self.answer(at, heard),
            None if self.known.speech(speech) => {}
            None => self.fail(at, Event::SttFailed, format!("the words of {}", stretch(speech))),
        }
    }

    fn asked(&mut self, at: CallTime, asked: Asked) {
        match asked {
            Asked::Say { reply, piece } => {
                self.reply = reply;
                self.say(at, reply, piece);
            }
            Asked::Generate(generation) => match self.answers.generation(generation) {
                Some(answer) => self.answer(at, answer),
                None if self.known.generations.contains(&generation) => {}
                None => self.fail(
                    at,
                    Event::GenerationFailed { generation },
                    format!("an answer to {generation}"),
                ),
            },
            Asked::Prepare { proposal, text } => {
                let why = "not recorded".to_owned();
                self.act(at, proposal, &text, Event::Unprepared { proposal, why });
            }
            Asked::Run { proposal, text } => {
                let outcome = Outcome::Failed { why: "not recorded".to_owned() };
                self.act(at, proposal, &text, Event::Settled { proposal, outcome });
            }
            Asked::DropGeneration(_) | Asked::Discard(_) | Asked::Cut(_) => {}
            Asked::HangUp => {
                let after = self.answers.hung_up.unwrap_or(HANG_UP);
                self.plan(at + after, Happening::Tell(Event::HungUp));
            }
        }
    }

    fn act(&mut self, at: CallTime, proposal: ProposalId, text: &str, otherwise: Event) {
        match self.answers.action(text, proposal) {
            Some(answer) => self.answer(at, answer),
            None => self.fail(at, otherwise, format!("an answer to `{text}`")),
        }
    }

    fn answer(&mut self, at: CallTime, answer: Vec<(Millis, Event)>) {
        answer.into_iter().for_each(|(after, event)| self.plan(at + after, Happening::Tell(event)));
    }

    fn say(&mut self, at: CallTime, reply: ReplyId, piece: PieceNo) {
        let Some(chunks) = self.answers.voices.take(reply, piece) else {
            if !self.known.pieces.contains(&(reply, piece)) {
                self.fail(at, Event::TtsFailed { reply }, format!("audio of {reply}{piece}"));
            }
            return;
        };
        let mut length = Samples(0);
        for (after, chunk) in chunks {
            let what = match chunk {
                Chunk::Audio(more) => {
                    length = Samples(length.0.saturating_add(more.0));
                    Happening::Audio { reply, piece, length: more }
                }
                Chunk::End => Happening::PieceEnd { reply, piece, length },
                Chunk::Failed => Happening::Tell(Event::TtsFailed { reply }),
            };
            self.plan(at + after, what);
        }
    }

    /// Asked, and never asked in the recording: it is said, and the world fails.
    fn fail(&mut self, at: CallTime, failure: Event, what: String) {
        self.played.missing.push(what);
        self.plan(at, Happening::Tell(failure));
    }

    /// The carrier plays what it is sent, in order, and sends marks back as it did.
    fn wire(&mut self, at: CallTime, line: &LineOutputs) {
        for item in &line.wire {
            match item {
                WireItem::Audio { bytes, starts } => {
                    self.played.sounds.entry(self.reply).or_insert(at);
                    self.sounds_until = *starts + Samples(bytes.len() as u32).millis();
                }
                WireItem::Mark { name } => {
                    let due = i64::from(self.sounds_until.max(at).0);
                    if let Some(after) = self.answers.mark(name.reply) {
                        let back = u32::try_from(due + i64::from(after)).unwrap_or(0);
                        self.plan(CallTime(back), Happening::Mark(name.to_string()));
                    }
                }
                WireItem::Clear => self.sounds_until = at,
            }
        }
    }
}

/// `12.340 to 14.020`: seconds of the track.
#[must_use]
pub fn stretch(speech: Span) -> String {
    format!("{} to {}", seconds(speech.from), seconds(speech.to))
}

/// A place on the track as seconds.
#[must_use]
pub fn seconds(place: Position) -> CallTime {
    CallTime::ANSWER + place.since(Position::START).millis()
}
