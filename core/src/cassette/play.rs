//! The whole call again: the recorded track as frames through today's [`Call`], on a clock of its own, in a world that
//! answers as the cassette holds.
//!
//! Promises: the same cassette, plan and track give the same call; what is asked and was not recorded is said, and
//! answered with a failure; it comes to an end.
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

/// How long a question is waited for whose answer was cut off in the recording: there it was not wanted any more. Longer
/// than two runs differ, shorter than the conversation's own patience with a synthesiser.
const OVERDUE: Millis = Millis(3_000);
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

/// Plays it. `track` is the caller's, 8 kHz, from the answer on; a record that stops short is played `until` then.
#[must_use]
pub fn play(cassette: &Cassette, plan: &Arc<Plan>, track: &[i16], until: Option<CallTime>) -> Played {
    let mut player = Player::new(cassette, plan);
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
    Overdue(Wanted),
}

/// A question whose answer may still be waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Wanted {
    Generation(GenerationId),
    Piece(ReplyId, PieceNo),
    Prepared(ProposalId),
    Settled(ProposalId),
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
    /// What was asked and has not been answered to its end.
    wanted: BTreeSet<Wanted>,
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
    fn new(cassette: &Cassette, plan: &Arc<Plan>) -> Player {
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
            wanted: BTreeSet::new(),
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
                self.wanted.remove(&Wanted::Piece(reply, piece));
                self.takes(at, Input::PieceEnd { reply, piece, length });
            }
            Happening::Mark(name) => self.takes(at, Input::Mark(&name)),
            Happening::Overdue(wanted) => {
                if self.wanted.contains(&wanted) {
                    let what = match wanted {
                        Wanted::Generation(generation) => format!("the rest of {generation}'s answer"),
                        Wanted::Piece(reply, piece) => format!("the rest of {reply}{piece}'s audio"),
                        Wanted::Prepared(proposal) => format!("what {proposal}'s request would be"),
                        Wanted::Settled(proposal) => format!("what became of {proposal}"),
                    };
                    self.fail(at, wanted, what);
                }
            }
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

    /// What the conversation is told besides the world's answers: the line's facts, and that it waits no more.
    fn learns(&mut self, at: CallTime, event: &Event) {
        if let Event::SpeechStarted { at } = event {
            self.speech = Some(*at);
        } else if let Event::SpeechStopped { at: to } = event {
            let from = self.speech.take().unwrap_or_default();
            self.words(at, Span { from, to: *to });
        } else if let Event::Finished { generation } | Event::GenerationFailed { generation } = event {
            self.wanted.remove(&Wanted::Generation(*generation));
        } else if let Event::Prepared { proposal, .. } | Event::Unprepared { proposal, .. } = event {
            self.wanted.remove(&Wanted::Prepared(*proposal));
        } else if let Event::Settled { proposal, .. } = event {
            self.wanted.remove(&Wanted::Settled(*proposal));
        } else if let Event::Played { reply, .. } | Event::Cut { reply, .. } | Event::TtsFailed { reply } =
            event
        {
            self.wanted.retain(|wanted| !matches!(wanted, Wanted::Piece(of, _) if of == reply));
        }
    }

    fn words(&mut self, at: CallTime, speech: Span) {
        match self.answers.words(speech) {
            Some((after, heard)) => {
                heard.into_iter().for_each(|event| self.plan(at + after, Happening::Tell(event)));
            }
            None => {
                self.played.missing.push(format!("the words of {}", stretch(speech)));
                self.plan(at, Happening::Tell(Event::SttFailed));
            }
        }
    }

    fn asked(&mut self, at: CallTime, asked: Asked) {
        match asked {
            Asked::Say { reply, piece } => {
                self.reply = reply;
                self.say(at, reply, piece);
            }
            Asked::Generate(generation) => {
                let wanted = Wanted::Generation(generation);
                self.wanted.insert(wanted);
                match self.answers.generation(generation) {
                    Some(answer) => self.answer(at, wanted, answer),
                    None => self.fail(at, wanted, format!("an answer to {generation}")),
                }
            }
            Asked::DropGeneration(generation) => drop(self.wanted.remove(&Wanted::Generation(generation))),
            Asked::Prepare { proposal, text } => self.act(at, Wanted::Prepared(proposal), proposal, &text),
            Asked::Run { proposal, text } => self.act(at, Wanted::Settled(proposal), proposal, &text),
            Asked::Discard(proposal) => drop(self.wanted.remove(&Wanted::Prepared(proposal))),
            Asked::Cut(_) => {}
            Asked::HangUp => {
                let after = self.answers.hung_up.unwrap_or(HANG_UP);
                self.plan(at + after, Happening::Tell(Event::HungUp));
            }
        }
    }

    fn act(&mut self, at: CallTime, wanted: Wanted, proposal: ProposalId, text: &str) {
        self.wanted.insert(wanted);
        match self.answers.action(text, proposal) {
            Some(answer) => self.answer(at, wanted, answer),
            None => self.fail(at, wanted, format!("an answer to `{text}`")),
        }
    }

    fn answer(&mut self, at: CallTime, wanted: Wanted, answer: Vec<(Millis, Event)>) {
        let mut last = at;
        for (after, event) in answer {
            last = at + after;
            self.plan(last, Happening::Tell(event));
        }
        self.plan(last + OVERDUE, Happening::Overdue(wanted));
    }

    fn say(&mut self, at: CallTime, reply: ReplyId, piece: PieceNo) {
        let wanted = Wanted::Piece(reply, piece);
        self.wanted.insert(wanted);
        let Some(chunks) = self.answers.voices.take(reply, piece) else {
            // One that was cut in the recording may be cut before its audio is missed.
            if self.answers.voices.reach(reply) {
                self.plan(at + OVERDUE, Happening::Overdue(wanted));
            } else {
                self.fail(at, wanted, format!("audio of {reply}"));
            }
            return;
        };
        let (mut last, mut length) = (at, Samples(0));
        for (after, chunk) in chunks {
            last = at + after;
            let what = match chunk {
                Chunk::Audio(more) => {
                    length = Samples(length.0.saturating_add(more.0));
                    Happening::Audio { reply, piece, length: more }
                }
                Chunk::End => Happening::PieceEnd { reply, piece, length },
                Chunk::Failed => Happening::Tell(Event::TtsFailed { reply }),
            };
            self.plan(last, what);
        }
        self.plan(last + OVERDUE, Happening::Overdue(wanted));
    }

    /// Asked, and not recorded: it is said, and the world fails.
    fn fail(&mut self, at: CallTime, wanted: Wanted, what: String) {
        self.wanted.remove(&wanted);
        self.played.missing.push(what);
        let why = || "not recorded".to_owned();
        let event = match wanted {
            Wanted::Generation(generation) => Event::GenerationFailed { generation },
            Wanted::Piece(reply, _) => Event::TtsFailed { reply },
            Wanted::Prepared(proposal) => Event::Unprepared { proposal, why: why() },
            Wanted::Settled(proposal) => Event::Settled { proposal, outcome: Outcome::Failed { why: why() } },
        };
        self.plan(at, Happening::Tell(event));
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
