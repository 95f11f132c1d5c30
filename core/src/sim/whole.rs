//! One simulated call with frames, over line and conversation as one machine: positions, marks, cuts and playout
//! are the real ones.
//!
//! Promises: the same world as over the heart; only the computed line is gone.
//! Never: a stall longer than what the line fills, so that the caller's track stays on the world's clock.

use std::sync::{Arc, LazyLock};

use super::caller::Truth;
use super::heart::{CALM_MOST, Fact, Played};
use super::promises::{Breach, Seen, Watchers};
use super::record::Journal;
use super::scene::{Cast, Scene};
use super::weather::Fault;
use super::world::{Happening, World};
use crate::audio::{Key, Law, LineSetup, Vowels, WireItem};
use crate::base::{CallTime, Millis, Samples};
use crate::call::{Call, CallOutputs, Input, Record};
use crate::cassette::{Cassette, Keeper, Setup, Told};
use crate::conversation::{Event, Plan, Step};
use crate::journal::{CallFile, Line, fold};

/// One frame.
const FRAME: Millis = Millis(20);
/// The longest gap that the line fills whole.
const STALL_MOST: Millis = Millis(1_900);

/// How often the way of the frames is looked at: every half second.
const FRAMES_A_LOOK: u32 = 25;
/// A frame of the caller saying nothing, in mu-law.
const SILENCE: [u8; FRAME_SAMPLES] = [0xFF; FRAME_SAMPLES];
const FRAME_SAMPLES: usize = FRAME.samples().0 as usize;

/// Frames of the callers' voice that are made once, for all calls: a minute of speech. More is made as it is said.
const VOICE_FRAMES: usize = 3_000;

/// The voice from its beginning, and as it goes on behind that.
static VOICE: LazyLock<(Vec<[u8; FRAME_SAMPLES]>, Vowels)> = LazyLock::new(|| {
    let mut vowels = Vowels::default();
    ((0..VOICE_FRAMES).map(|_| spoken(&mut vowels)).collect(), vowels)
});

/// The next frame of a voice.
fn spoken(vowels: &mut Vowels) -> [u8; FRAME_SAMPLES] {
    std::array::from_fn(|_| Law::Mu.encode(vowels.sample()))
}

/// The voice of one caller: every call's is the same from its beginning.
#[derive(Debug, Default)]
struct Voice {
    /// Frames so far.
    said: usize,
    beyond: Option<Vowels>,
}

impl Voice {
    fn frame(&mut self) -> [u8; FRAME_SAMPLES] {
        let (made, beyond) = &*VOICE;
        let frame = made.get(self.said).copied();
        self.said += 1;
        frame.unwrap_or_else(|| spoken(self.beyond.get_or_insert_with(|| beyond.clone())))
    }
}

/// A simulated call as a gateway would have recorded it.
#[derive(Debug)]
pub struct Taped {
    pub plan: Arc<Plan>,
    pub file: CallFile,
    pub cassette: Cassette,
    /// The caller's track.
    pub track: Vec<i16>,
}

/// Plays the call of a seed with frames, and with all faults there are.
#[must_use]
pub fn play_whole(seed: u64) -> Played {
    Cast::new(seed).play_whole()
}

impl Cast {
    /// Plays it with frames.
    #[must_use]
    pub fn play_whole(self) -> Played {
        let (scene, world) = self.enter();
        let mut whole = Whole::new(&scene, world, self.records.then(Journal::default));
        whole.run(scene.calm_at + CALM_MOST);
        let Whole { call, told, world, mut watchers, journal, breach, .. } = whole;
        let breach = breach.or_else(|| watchers.ends(call.conversation()).err());
        watchers.coverage.struck(world.weather.struck());
        let (plan, journal) = (Arc::clone(&scene.plan), journal.map(Journal::into_lines).unwrap_or_default());
        Played { plan, head: scene.head, facts: told, journal, watchers, breach }
    }
}

/// How the caller's frames fare.
#[derive(Debug)]
enum Way {
    Open,
    /// So many more are lost.
    Losing(u32),
    /// They wait somewhere, and with them all else that the carrier sends.
    Held {
        until: CallTime,
        frames: Vec<(Millis, [u8; FRAME_SAMPLES])>,
    },
}

/// Plays the call of a seed with frames, recorded.
#[must_use]
pub fn tape_whole(seed: u64) -> Taped {
    let (scene, world) = Cast::new(seed).enter();
    let mut whole = Whole::new(&scene, world, None);
    let marks = scene.answered.line.marks;
    whole.tape = Some(Tape { setup: Setup(setup(marks)), ..Tape::default() });
    whole.run(scene.calm_at + CALM_MOST);
    let Tape { mut keeper, setup, mut entries, track } = whole.tape.take().unwrap_or_default();
    entries.extend(keeper.finish());
    let lines = whole.told.into_iter().map(|fact| Line::Event { at: fact.at, event: fact.event }).collect();
    let file = fold(&CallFile { lines, ..CallFile::default() }, Arc::clone(&scene.plan));
    let cassette = Cassette { setup, entries, ..Cassette::default() };
    Taped { plan: Arc::clone(&scene.plan), file, cassette, track }
}

/// What is kept of a call.
#[derive(Debug, Default)]
struct Tape {
    keeper: Keeper,
    setup: Setup,
    entries: Vec<crate::cassette::Entry>,
    track: Vec<i16>,
}

impl Tape {
    fn step(&mut self, at: CallTime, told: Told, out: &CallOutputs) {
        self.keeper.step(at, told, out);
        self.entries.extend(self.keeper.ready());
        self.track.extend(&out.line.caller);
    }
}

/// What the line must know of the carrier.
fn setup(marks: bool) -> LineSetup {
    LineSetup { law: Law::Mu, marks, keys_out_of_band: true, carrier_buffers: true }
}

#[derive(Debug)]
struct Whole {
    call: Call,
    out: CallOutputs,
    world: World,
    watchers: Watchers,
    journal: Option<Journal>,
    breach: Option<Breach>,
    told: Vec<Fact>,
    next_frame: CallTime,
    /// Frames so far.
    frames: u32,
    way: Way,
    /// Utterances under way.
    talking: u32,
    voice: Voice,
    /// Of the agent, reused.
    sound: Vec<i16>,
    /// When the carrier's buffer runs empty.
    empty_at: CallTime,
    /// Marks behind audio that is not played yet.
    marks: Vec<String>,
    /// The latest time seen.
    now: CallTime,
    tape: Option<Tape>,
}

impl Whole {
    fn new(scene: &Scene, world: World, journal: Option<Journal>) -> Whole {
        let marks = scene.answered.line.marks;
        let plan: Arc<Plan> = Arc::clone(&scene.plan);
        Whole {
            call: Call::new(setup(marks), Arc::clone(&plan)),
            out: CallOutputs::default(),
            world,
            watchers: Watchers::of_call(plan),
            journal,
            breach: None,
            told: Vec::new(),
            next_frame: CallTime::ANSWER + FRAME,
            frames: 0,
            way: Way::Open,
            talking: 0,
            voice: Voice::default(),
            sound: Vec::new(),
            empty_at: CallTime::ANSWER,
            marks: Vec::new(),
            now: CallTime::ANSWER,
            tape: None,
        }
    }

    fn run(&mut self, last: CallTime) {
        while self.breach.is_none() && !self.call.conversation().is_ended() && self.now <= last {
            let due = self.call.deadline().map(|due| due.max(self.now));
            let happens = self.world.next_at();
            if happens.is_some_and(|at| at <= self.next_frame && due.is_none_or(|due| at <= due)) {
                self.happens();
            } else if let Some(due) = due.filter(|due| *due < self.next_frame) {
                self.takes(due, Input::Wake, &Truth::default());
            } else {
                self.frame();
            }
        }
    }

    fn frame(&mut self) {
        let at = self.next_frame;
        self.next_frame = at + FRAME;
        self.frames += 1;
        let frame = if self.talking > 0 { self.voice.frame() } else { SILENCE };
        if self.frames.is_multiple_of(FRAMES_A_LOOK) && matches!(self.way, Way::Open) {
            self.looks_at_the_way(at);
        }
        let stamp = Millis(at.since(CallTime::ANSWER).0);
        match &mut self.way {
            Way::Open => self.arrives(at, stamp, &frame),
            Way::Losing(0) => {
                self.way = Way::Open;
                self.arrives(at, stamp, &frame);
            }
            Way::Losing(rest) => *rest -= 1,
            Way::Held { until, frames } => {
                frames.push((stamp, frame));
                if *until <= at {
                    self.releases(at);
                }
            }
        }
    }

    fn looks_at_the_way(&mut self, at: CallTime) {
        if self.world.strikes(Fault::FramesLost) {
            self.way = Way::Losing(self.world.random.between(1, 10));
        } else if self.world.strikes(Fault::FramesLate) {
            let until = at + Millis(self.world.random.between(30, 600));
            self.way = Way::Held { until, frames: Vec::new() };
        }
    }

    /// All that waited comes at once; now and then the last comes first.
    fn releases(&mut self, at: CallTime) {
        let Way::Held { mut frames, .. } = std::mem::replace(&mut self.way, Way::Open) else { return };
        if self.world.random.chance(200) {
            frames.reverse();
        }
        frames.iter().for_each(|(stamp, frame)| self.arrives(at, *stamp, frame));
    }

    fn arrives(&mut self, at: CallTime, stamp: Millis, frame: &[u8]) {
        let twice = self.frames.is_multiple_of(FRAMES_A_LOOK) && self.world.strikes(Fault::FramesTwice);
        for _ in 0..=u32::from(twice) {
            self.takes(at, Input::Frame { timestamp: Some(stamp), encoded: frame }, &Truth::default());
        }
    }

    /// Until when what the carrier sends now waits with the frames before it.
    fn is_held(&mut self, at: CallTime) -> Option<CallTime> {
        match &self.way {
            Way::Open | Way::Losing(_) => None,
            Way::Held { until, .. } if *until > at => Some(*until),
            Way::Held { .. } => {
                self.releases(at);
                None
            }
        }
    }

    fn happens(&mut self) {
        let Some((at, what)) = self.world.pop() else { return };
        let at = at.max(self.now);
        let nothing = Truth::default();
        if let Happening::Press(_) | Happening::Mark(_) = what
            && let Some(until) = self.is_held(at)
        {
            return self.world.plan(until, what);
        }
        match what {
            Happening::Tell(event, truth) => self.takes(at, Input::Event(event), &truth),
            Happening::Begin => self.talking += 1,
            Happening::End(said) => {
                self.talking = self.talking.saturating_sub(1);
                self.world.was_said(said);
            }
            Happening::Press(key) => {
                if let Some(key) = Key::parse(key) {
                    self.takes(at, Input::Key(key), &nothing);
                }
            }
            Happening::Audio { reply, piece, length } => {
                // What it sounds like does not matter to anybody here.
                let mut sound = std::mem::take(&mut self.sound);
                sound.resize(length.0 as usize, 1_000);
                self.takes(at, Input::Audio { reply, piece, samples: &sound }, &nothing);
                self.sound = sound;
                self.takes(at, Input::PieceEnd { reply, piece, length }, &nothing);
            }
            Happening::Mark(name) => {
                self.marks.retain(|mark| *mark != name);
                self.takes(at, Input::Mark(&name), &nothing);
            }
            Happening::Stall(length) => self.next_frame = self.next_frame + length.min(STALL_MOST),
            Happening::Calm => self.world.becomes_calm(),
            // Planned over the heart alone.
            Happening::Death | Happening::Line(_) => {}
        }
    }

    /// One step of the call, and what the world makes of it.
    fn takes(&mut self, at: CallTime, input: Input<'_>, truth: &Truth) {
        self.now = at;
        let told = Told::of(&input);
        self.call.handle(at, input, &mut self.out);
        if let Some(tape) = &mut self.tape {
            tape.step(at, told, &self.out);
        }
        let mut out = std::mem::take(&mut self.out);
        let mut when = at;
        for record in out.records.drain(..) {
            match record {
                Record::Event { event, .. } => {
                    let words = matches!(event, Event::Heard(_) | Event::SttFailed);
                    let truth = if words { truth.clone() } else { Truth::default() };
                    self.world.learns(at, &event);
                    if let Some(journal) = &mut self.journal {
                        journal.event(at, &event);
                    }
                    self.show(when, &Seen::Event(&event, &truth));
                    self.told.push(Fact { at, event, truth });
                }
                Record::Step(step) => {
                    when = self.follows(at, when, &step);
                }
            }
        }
        for item in out.line.wire.drain(..) {
            self.carries(at, item);
        }
        self.out = out;
        let conversation = self.call.conversation();
        let (deadline, ended) = (conversation.deadline(), conversation.is_ended());
        self.show(at, &Seen::Rest { deadline, ended });
    }

    /// A timer fired, or an order was given; what time it is since.
    fn follows(&mut self, at: CallTime, when: CallTime, step: &Step) -> CallTime {
        match step {
            Step::Fired { timer, due } => {
                let when = when.max(*due);
                if let Some(journal) = &mut self.journal {
                    journal.timer(*due, *timer);
                }
                self.show(when, &Seen::Timer(*timer));
                when
            }
            Step::Order(order) => {
                if let Some(journal) = &mut self.journal {
                    journal.order(when, order, self.call.conversation().plan());
                }
                self.show(when, &Seen::Order(order));
                self.world.obeys(at, order);
                when
            }
        }
    }

    /// The carrier plays what it is sent, in order, and sends marks back.
    fn carries(&mut self, at: CallTime, item: WireItem) {
        match item {
            WireItem::Audio { bytes, .. } => {
                let length = Samples(bytes.len() as u32).millis();
                self.empty_at = self.empty_at.max(at) + length;
            }
            WireItem::Mark { name } => {
                let name = name.to_string();
                if self.world.strikes(Fault::MarkStray) {
                    let stray = self.marks.last().cloned().unwrap_or_else(|| "stray".to_owned());
                    let soon = self.world.soon(at, 10, 3_000);
                    self.world.plan(soon, Happening::Mark(stray));
                }
                self.marks.push(name.clone());
                let never = self.world.strikes(Fault::MarkLost) || self.world.strikes(Fault::MarkNever);
                let late = if self.world.strikes(Fault::MarkLate) { 1_500 } else { 0 };
                let played = self.world.soon(self.empty_at.max(at) + Millis(late), 10, 120);
                if !never {
                    if self.world.strikes(Fault::MarkTwice) {
                        let again = self.world.soon(played, 0, 3_000);
                        self.world.plan(again, Happening::Mark(name.clone()));
                    }
                    self.world.plan(played, Happening::Mark(name));
                }
            }
            WireItem::Clear => {
                self.empty_at = at;
                // What was cleared comes back as if it had been played: at once, or when another reply is on the line.
                for name in std::mem::take(&mut self.marks) {
                    let most = if self.world.strikes(Fault::MarkAfterClear) { 4_000 } else { 120 };
                    let later = self.world.soon(at, 10, most);
                    self.world.plan(later, Happening::Mark(name));
                }
            }
        }
    }

    fn show(&mut self, at: CallTime, seen: &Seen<'_>) {
        if self.breach.is_none() {
            self.breach = self.watchers.sees(at, seen).err();
        }
    }
}
