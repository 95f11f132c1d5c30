//! One simulated call with frames, over line and conversation as one machine: positions, marks, cuts and playout
//! are the real ones.
//!
//! Promises: the same world as over the heart; only the computed line is gone.
//! Never: a stall longer than what the line fills, so that the caller's track stays on the world's clock.

use std::sync::Arc;

use super::caller::Truth;
use super::heart::{CALM_MOST, Fact, Played};
use super::promises::{Breach, Seen, Watchers};
use super::random::Random;
use super::scene::Scene;

use super::weather::Fault;
use super::world::{Happening, World};
use crate::audio::{Key, Law, LineSetup, Vowels, WireItem};
use crate::base::{CallTime, Millis, Samples};
use crate::call::{Call, CallOutputs, Input, Record};
use crate::conversation::{Event, Plan, Step};

/// One frame.
const FRAME: Millis = Millis(20);
/// The longest gap that the line fills whole.
const STALL_MOST: Millis = Millis(1_900);

/// Plays the call of a seed with frames.
#[must_use]
pub fn play_whole(seed: u64) -> Played {
    let mut random = Random::new(seed);
    let scene = Scene::draw(&mut random);
    let mut whole = Whole::new(&scene, random);
    whole.run(scene.calm_at + CALM_MOST);
    let Whole { call, told, mut watchers, breach, .. } = whole;
    let breach = breach.or_else(|| watchers.ends(call.conversation()).err());
    Played { plan: Arc::clone(&scene.plan), head: scene.head, facts: told, watchers, breach }
}

#[derive(Debug)]
struct Whole {
    call: Call,
    out: CallOutputs,
    world: World,
    watchers: Watchers,
    breach: Option<Breach>,
    told: Vec<Fact>,
    next_frame: CallTime,
    /// Utterances under way.
    talking: u32,
    voice: Vowels,
    /// When the carrier's buffer runs empty.
    empty_at: CallTime,
    /// Marks behind audio that is not played yet.
    marks: Vec<String>,
    /// The latest time seen.
    now: CallTime,
}

impl Whole {
    fn new(scene: &Scene, random: Random) -> Whole {
        let marks = scene.answered.line.marks;
        let setup = LineSetup { law: Law::Mu, marks, keys_out_of_band: true, carrier_buffers: true };
        let plan: Arc<Plan> = Arc::clone(&scene.plan);
        let mut world = World::new(random, plan.language, scene.calm_at);
        world.tell(CallTime::ANSWER, Event::Answered(scene.answered.clone()));
        Whole {
            call: Call::new(setup, Arc::clone(&plan)),
            out: CallOutputs::default(),
            world,
            watchers: Watchers::new(plan),
            breach: None,
            told: Vec::new(),
            next_frame: CallTime::ANSWER + FRAME,
            talking: 0,
            voice: Vowels::default(),
            empty_at: CallTime::ANSWER,
            marks: Vec::new(),
            now: CallTime::ANSWER,
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
        let speaks = self.talking > 0;
        let voice = &mut self.voice;
        let mut sample = || Law::Mu.encode(if speaks { voice.sample() } else { 0 });
        let encoded: Vec<u8> = (0..FRAME.samples().0).map(|_| sample()).collect();
        self.takes(at, Input::Frame { timestamp: None, encoded: &encoded }, &Truth::default());
    }

    fn happens(&mut self) {
        let Some((at, what)) = self.world.pop() else { return };
        let at = at.max(self.now);
        let nothing = Truth::default();
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
                let samples = vec![1_000; length.0 as usize];
                self.takes(at, Input::Audio { reply, piece, samples: &samples }, &nothing);
                self.takes(at, Input::PieceEnd { reply, piece, length }, &nothing);
            }
            Happening::Mark(name) => self.takes(at, Input::Mark(&name), &nothing),
            Happening::Stall(length) => self.next_frame = self.next_frame + length.min(STALL_MOST),
            Happening::Calm => self.world.becomes_calm(),
            // Planned over the heart alone.
            Happening::Death | Happening::Line(_) => {}
        }
    }

    /// One step of the call, and what the world makes of it.
    fn takes(&mut self, at: CallTime, input: Input<'_>, truth: &Truth) {
        self.now = at;
        self.call.handle(at, input, &mut self.out);
        let mut out = std::mem::take(&mut self.out);
        let mut when = at;
        for record in out.records.drain(..) {
            match record {
                Record::Event { event, .. } => {
                    let words = matches!(event, Event::Heard(_) | Event::SttFailed);
                    let truth = if words { truth.clone() } else { Truth::default() };
                    self.world.learns(at, &event);
                    self.show(when, &Seen::Event(&event, &truth));
                    self.told.push(Fact { at, event, truth });
                }
                Record::Step(Step::Fired { timer, due }) => {
                    when = due.max(when);
                    self.show(when, &Seen::Timer(timer));
                }
                Record::Step(Step::Order(order)) => {
                    self.show(when, &Seen::Order(&order));
                    self.world.obeys(at, &order);
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

    /// The carrier plays what it is sent, in order, and sends marks back.
    fn carries(&mut self, at: CallTime, item: WireItem) {
        match item {
            WireItem::Audio { bytes, .. } => {
                let length = Samples(bytes.len() as u32).millis();
                self.empty_at = self.empty_at.max(at) + length;
            }
            WireItem::Mark { name } => {
                let name = name.to_string();
                self.marks.push(name.clone());
                let never = self.world.strikes(Fault::MarkLost) || self.world.strikes(Fault::MarkNever);
                let late = if self.world.strikes(Fault::MarkLate) { 1_500 } else { 0 };
                let played = self.world.soon(self.empty_at.max(at) + Millis(late), 10, 120);
                if !never {
                    self.world.plan(played, Happening::Mark(name));
                }
            }
            WireItem::Clear => {
                self.empty_at = at;
                for name in std::mem::take(&mut self.marks) {
                    let soon = self.world.soon(at, 10, 120);
                    self.world.plan(soon, Happening::Mark(name));
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
