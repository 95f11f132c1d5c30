//! One simulated call over the conversation alone: facts in, orders out, the promises watching.
//!
//! Promises: faults first, then none, and the call must end by itself; a livelock is a breach, not a hang.
//! Never: audio; a call with frames is `whole`.

use std::sync::Arc;

use super::caller::Truth;
use super::computed::{Computed, Facts};
use super::death::{Deaths, goes_on};
use super::promises::{Breach, Seen, Watchers};
use super::record::Journal;
use super::scene::{Cast, Scene};
use super::weather::Faults;
use super::world::{Happening, World};
use crate::base::{CallTime, Millis};
use crate::conversation::{Conversation, Event, Order, Outputs, Plan, Step};
use crate::journal::Line;

/// A call that is calm must have ended after this: four silences, a goodbye, a tool and a turn given up.
pub(super) const CALM_MOST: Millis = Millis(240_000);

/// Facts and wakes of one call; more is a livelock.
const STEPS_MOST: u32 = 20_000;

/// One fact of a simulated call, with what the simulator alone knows of it.
#[derive(Clone, Debug)]
pub struct Fact {
    pub at: CallTime,
    pub event: Event,
    pub truth: Truth,
}

/// What a simulated call came to.
#[derive(Debug)]
pub struct Played {
    pub plan: Arc<Plan>,
    /// The plan's variations, as a call script's head names them.
    pub head: String,
    pub facts: Vec<Fact>,
    /// As a gateway would have written it, where the cast is [`Cast::recorded`].
    pub journal: Vec<Line>,
    pub watchers: Watchers,
    pub breach: Option<Breach>,
}

/// Plays the call of a seed, with all faults there are.
#[must_use]
pub fn play(seed: u64) -> Played {
    Cast::new(seed).play()
}

impl Cast {
    /// Plays it over the conversation alone.
    #[must_use]
    pub fn play(self) -> Played {
        let (scene, world) = self.enter();
        let (plan, head) = (Arc::clone(&scene.plan), scene.head.clone());
        let mut heart = Watched::new(Arc::clone(&plan));
        let deaths = self.deaths();
        heart.journal = (self.records || !deaths.none_left()).then(Journal::default);
        let (facts, struck) = Play::new(&scene, world, deaths).run(&mut heart, &scene);
        let (mut watchers, breach, journal) = heart.over();
        watchers.coverage.struck(struck);
        Played {
            plan,
            head,
            facts,
            journal: journal.map(Journal::into_lines).unwrap_or_default(),
            watchers,
            breach,
        }
    }
}

/// Folds facts through a new heart until nothing is left to wait for; which promise breaks, if any.
#[must_use]
pub fn refold(plan: &Arc<Plan>, facts: &[Fact]) -> Option<Breach> {
    let mut heart = Watched::new(Arc::clone(plan));
    for fact in facts {
        heart.step(fact.at, Some((&fact.event, &fact.truth)), |_, _| {});
    }
    heart.runs_out();
    heart.over().1
}

/// The heart under watch: every fact and every order is shown to the promises.
#[derive(Debug)]
pub(super) struct Watched {
    pub(super) conversation: Conversation,
    out: Outputs,
    watchers: Watchers,
    breach: Option<Breach>,
    /// The latest time the heart was told, by a fact or a timer.
    now: CallTime,
    /// Kept where what carries the call may die.
    pub(super) journal: Option<Journal>,
    plan: Arc<Plan>,
}

impl Watched {
    pub(super) fn new(plan: Arc<Plan>) -> Watched {
        let watchers = Watchers::new(Arc::clone(&plan));
        let (conversation, out) = (Conversation::new(Arc::clone(&plan)), Outputs::default());
        Watched { conversation, out, watchers, breach: None, now: CallTime::ANSWER, journal: None, plan }
    }

    /// One step: the timers due, then the fact; every order is handed on.
    pub(super) fn step(
        &mut self,
        at: CallTime,
        fact: Option<(&Event, &Truth)>,
        mut each: impl FnMut(CallTime, &Order),
    ) {
        let until = fact.map_or(at, |(event, _)| event.wakes_until(at));
        self.conversation.wake(until, &mut self.out);
        self.drain(until, &mut each);
        if let Some((event, truth)) = fact {
            self.now = self.now.max(at);
            if let Some(journal) = &mut self.journal {
                journal.event(at, event);
            }
            self.show(at, &Seen::Event(event, truth));
            self.conversation.handle(at, event, &mut self.out);
            self.drain(at, &mut each);
        }
        let (deadline, ended) = (self.conversation.deadline(), self.conversation.is_ended());
        self.show(at, &Seen::Rest { deadline, ended });
    }

    fn drain(&mut self, at: CallTime, each: &mut impl FnMut(CallTime, &Order)) {
        let mut steps = std::mem::take(&mut self.out);
        let mut when = self.now;
        for step in steps.steps.drain(..) {
            match &step {
                Step::Fired { timer, due } => {
                    // As the heart counts: at the time it was due, however late it was woken, but never back.
                    when = self.now.max(*due);
                    self.now = when;
                    if let Some(journal) = &mut self.journal {
                        journal.timer(*due, *timer);
                    }
                    self.show(when, &Seen::Timer(*timer));
                }
                Step::Order(order) => {
                    if let Some(journal) = &mut self.journal {
                        journal.order(when, order, &self.plan);
                    }
                    self.show(when, &Seen::Order(order));
                    each(at, order);
                }
            }
        }
        self.out = steps;
    }

    /// One fact whose orders nobody is there to carry out.
    pub(super) fn tell(&mut self, at: CallTime, event: Event, told: &mut Vec<Fact>) {
        let truth = Truth::default();
        self.step(at, Some((&event, &truth)), |_, _| {});
        told.push(Fact { at, event, truth });
    }

    /// What the record says is not what was: no promise about what was done holds then.
    pub(super) fn breaks(&mut self, what: String) {
        let at = self.now;
        self.breach.get_or_insert(Breach { promise: 2, at, what });
    }

    fn show(&mut self, at: CallTime, seen: &Seen<'_>) {
        if self.breach.is_none() {
            self.breach = self.watchers.sees(at, seen).err();
        }
    }

    /// Wakes for every deadline that is left.
    fn runs_out(&mut self) {
        for _ in 0..STEPS_MOST {
            let Some(due) = self.conversation.deadline() else { return };
            if self.breach.is_some() {
                return;
            }
            self.step(due, None, |_, _| {});
        }
    }

    pub(super) fn broke(&self) -> bool {
        self.breach.is_some()
    }

    pub(super) fn over(mut self) -> (Watchers, Option<Breach>, Option<Journal>) {
        if self.breach.is_none() {
            self.breach = self.watchers.ends(&self.conversation).err();
        }
        (self.watchers, self.breach, self.journal)
    }
}

/// The world and the computed line of one call.
#[derive(Debug)]
struct Play {
    world: World,
    line: Computed,
    told: Vec<Fact>,
    /// How late the driver may wake the heart.
    lazy: u32,
    deaths: Deaths,
}

impl Play {
    fn new(scene: &Scene, mut world: World, mut deaths: Deaths) -> Play {
        let lazy = world.random.pick(&[0, 0, 0, 150]);
        let line = Computed::new(scene.answered.line.marks);
        if let Some(at) = deaths.next(CallTime::ANSWER) {
            world.plan(at, Happening::Death);
        }
        Play { world, line, told: Vec::new(), lazy, deaths }
    }

    fn run(mut self, heart: &mut Watched, scene: &Scene) -> (Vec<Fact>, Faults) {
        let last = scene.calm_at + CALM_MOST;
        for _ in 0..STEPS_MOST {
            let due = heart.conversation.deadline();
            let late = if self.lazy > 0 { self.world.random.below(self.lazy) } else { 0 };
            // What was held beyond its time is due at once: time never goes back.
            let wake = due.map(|due| (due + Millis(late)).max(heart.now));
            let next = self.world.next_at();
            let at = wake.into_iter().chain(next).min();
            if heart.broke() || heart.conversation.is_ended() || at.is_none_or(|at| at > last) {
                break;
            }
            match (wake, next) {
                (Some(wake), Some(next)) if wake < next => self.step(wake, None, heart),
                (Some(wake), None) => self.step(wake, None, heart),
                (Some(_) | None, _) => self.happens(heart, scene),
            }
        }
        (self.told, self.world.weather.struck())
    }

    fn happens(&mut self, heart: &mut Watched, scene: &Scene) {
        let Some((at, what)) = self.world.pop() else { return };
        let mut facts = Facts::new();
        match what {
            Happening::Tell(event, truth) => facts.push((event, truth)),
            Happening::Begin => self.line.begins(at, &mut self.world),
            Happening::End(said) => self.line.ends(at, said, &mut self.world),
            Happening::Press(key) => {
                facts.push((Event::Key { key, at: super::caller::track(at) }, Truth::default()));
            }
            Happening::Audio { reply, piece, length } => {
                self.line.audio(at, reply, piece.0, length, &mut self.world);
                facts.push((Event::Synthesised { reply, piece, length }, Truth::default()));
            }
            // The computed line has no marks of its own.
            Happening::Mark(_) => {}
            Happening::Stall(length) => self.line.stalls(at, length, &mut self.world),
            Happening::Calm => self.world.becomes_calm(),
            Happening::Death => return self.dies(at, heart, scene),
            Happening::Line(wait) => self.line.waited(at, wait, &mut self.world, &mut facts),
        }
        for fact in facts {
            self.step(at, Some(fact), heart);
        }
    }

    fn dies(&mut self, at: CallTime, heart: &mut Watched, scene: &Scene) {
        let death = self.deaths.death(at);
        let (told, world) = (&mut self.told, &mut self.world);
        let on = goes_on(death, &mut self.deaths, scene, told, heart, world);
        if let Some((back, resumed)) = on {
            self.line = Computed::new(scene.answered.line.marks);
            if let Some(next) = self.deaths.next(back) {
                self.world.plan(next, Happening::Death);
            }
            self.step(back, Some((resumed, Truth::default())), heart);
        }
    }

    /// One fact, and what follows from it at once: a cut answers with what was heard.
    fn step(&mut self, at: CallTime, fact: Option<(Event, Truth)>, heart: &mut Watched) {
        let mut facts = Facts::new();
        let before = self.told.len();
        if let Some((event, truth)) = fact {
            self.world.learns(at, &event);
            self.told.push(Fact { at, event, truth });
        }
        let fact = self.told.get(before).map(|fact| (&fact.event, &fact.truth));
        let (world, line) = (&mut self.world, &mut self.line);
        let obey = |at: CallTime, order: &Order| {
            line.obeys(at, order, world, &mut facts);
            world.obeys(at, order);
        };
        heart.step(at, fact, obey);
        for fact in facts {
            self.step(at, Some(fact), heart);
        }
    }
}
