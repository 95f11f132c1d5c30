//! Where a simulated call takes place: the plan, the carrier's abilities, the recogniser's trust.
//!
//! Promises: drawn from the seed alone.
//! Never: decides what happens in the call.

use std::sync::Arc;

use super::caller::Meaning;
use super::death::Deaths;
use super::plan::{requires_identity, shop_plan};
use super::random::Random;
use super::weather::{Fault, Faults};
use super::world::{Guesses, Plot, World};
use crate::base::{CallTime, Digest, Millis, ToolName};
use crate::conversation::{
    Answered, EarlierAction, EarlierEnd, EngineYes, Event, Idempotency, LineAbilities, Plan, Policy,
    Recorder, Recording, Tag, VoiceYes,
};
use crate::language::Language;

/// Makes another stream of numbers of the same seed; any number does.
const ASIDE: u64 = 0x5EC0_4D1E;

/// Which call is played.
#[derive(Clone, Copy, Debug)]
pub struct Cast {
    seed: u64,
    faults: Faults,
    length: Length,
    /// Its journal is wanted.
    pub(super) records: bool,
}

/// How long a call goes on.
#[derive(Clone, Copy, Debug)]
enum Length {
    /// As it comes.
    Drawn,
    /// The caller wants one thing, and hangs up within a quarter of a minute.
    Short,
    /// To the end of what is given.
    Plot(Plot),
}

impl Cast {
    /// The call of a seed: everything is drawn.
    #[must_use]
    pub fn new(seed: u64) -> Cast {
        Cast { seed, faults: Faults::all(), length: Length::Drawn, records: false }
    }

    /// Only these faults may strike.
    #[must_use]
    pub fn with_faults(self, faults: Faults) -> Cast {
        Cast { faults, ..self }
    }

    /// Its journal is written too.
    #[must_use]
    pub fn recorded(self) -> Cast {
        Cast { records: true, ..self }
    }

    /// The caller wants one thing, and hangs up 4 to 15 seconds after the answer, whatever has come of it.
    #[must_use]
    pub fn short(self) -> Cast {
        Cast { length: Length::Short, ..self }
    }

    /// A call whose story is given and whose delays are drawn: one wish, one action that asks, a yes, and what takes it
    /// back, said so long after the yes ended. No faults; the caller hangs up when all must be over.
    #[must_use]
    pub fn taken_back(seed: u64, gap: Millis, then: Meaning) -> Cast {
        let length = Length::Plot(Plot { gap, then });
        Cast { faults: Faults::of(&[]), length, ..Cast::new(seed) }
    }

    /// When what carries the call dies; a given story has no such thing.
    pub(super) fn deaths(self) -> Deaths {
        if self.faults.has(Fault::ProcessDies) { Deaths::draw(self.seed) } else { Deaths::none(self.seed) }
    }

    /// The setting, and the world around it.
    pub(super) fn enter(self) -> (Scene, World) {
        let mut random = Random::new(self.seed);
        let mut scene = Scene::draw(&mut random);
        match self.length {
            Length::Drawn => {}
            Length::Short => scene.calm_at = CallTime(random.between(4_000, 15_000)),
            Length::Plot(_) => scene.becomes_plain(),
        }
        let mut world = World::new(random, scene.plan.language, scene.calm_at, self.faults);
        match self.length {
            Length::Drawn => {}
            Length::Short => world.ends_with_one_wish(scene.calm_at),
            Length::Plot(plot) => world.follows(plot, scene.calm_at),
        }
        if scene.guesses == Guesses::Yes {
            world.begins_to_guess();
        }
        world.tell(CallTime::ANSWER, Event::Answered(scene.answered.clone()));
        (scene, world)
    }
}

/// The setting of one call.
#[derive(Clone, Debug)]
pub(super) struct Scene {
    pub(super) plan: Arc<Plan>,
    /// The same as a call script's head says it.
    pub(super) head: String,
    pub(super) answered: Answered,
    /// When all faults end.
    pub(super) calm_at: CallTime,
    pub(super) guesses: Guesses,
}

impl Scene {
    pub(super) fn draw(random: &mut Random) -> Scene {
        let language = random.pick(&[Language::English, Language::English, Language::Spanish]);
        let mut plan = shop_plan(language);
        let mut head = language.code().to_owned();
        let mut vary = |chance: u16, word: &str| {
            let varies = random.chance(chance);
            if varies {
                head.push(' ');
                head.push_str(word);
            }
            varies
        };
        let tool = &mut plan.tools[1];
        if vary(350, "keyed") {
            tool.idempotency = Idempotency::Keyed;
        }
        if vary(150, "over-fifty") {
            tool.confirm.policy = Policy::When("amount | int > 50".to_owned());
        } else if vary(30, "unasked") {
            tool.confirm.policy = Policy::Never;
        }
        if vary(150, "accepted") {
            tool.confirm.voice = VoiceYes::Accepted;
        }
        if vary(100, "short-call") {
            plan.timing.call = Millis(90_000);
        }
        let line = LineAbilities { marks: random.chance(750), keys: random.chance(800) };
        let engine = random.pick(&[EngineYes::Trusted, EngineYes::Trusted, EngineYes::KeypadOnly]);
        let tag = random.pick(&[Tag::WhenAskedAgain, Tag::Always]);
        let attempt = u8::from(random.chance(50));
        let mut earlier = if random.chance(100) { vec![left_unknown()] } else { Vec::new() };
        let calm_at = CallTime(random.between(8_000, 60_000));
        if attempt > 0 && random.chance(500) {
            earlier.iter_mut().for_each(|sent| sent.end = EarlierEnd::Done);
        }
        // Drawn aside, so that the other calls are what they were before.
        let mut aside = Random::new(random.clone().bits() ^ ASIDE);
        if aside.chance(200) {
            plan.recording = Recording::AfterConsent { question: String::new() };
            head.push_str(" consent");
        }
        let asks_who = aside.chance(150);
        if asks_who {
            requires_identity(&mut plan);
            head.push_str(" identified");
        }
        let recorder = if aside.chance(900) { Recorder::Ready } else { Recorder::None };
        if aside.chance(300) {
            earlier.iter_mut().for_each(|sent| sent.end = EarlierEnd::Partly);
        }
        let guesses = if asks_who && aside.chance(500) { Guesses::Yes } else { Guesses::No };
        let answered = Answered { line, engine, tag, recorder, attempt, earlier };
        Scene { plan: Arc::new(plan), head, answered, calm_at, guesses }
    }

    /// Nothing stands between the caller and the one action: a spoken yes is enough, and no earlier call matters.
    fn becomes_plain(&mut self) {
        self.head = self.plan.language.code().to_owned();
        self.plan = Arc::new(shop_plan(self.plan.language));
        (self.answered.engine, self.answered.attempt) = (EngineYes::Trusted, 0);
        self.answered.earlier.clear();
        self.guesses = Guesses::No;
        self.calm_at = PLOT_LENGTH;
    }
}

/// When a caller with a plot hangs up: the latest outcome has been told by then.
const PLOT_LENGTH: CallTime = CallTime(25_000);

/// The caller's last call left a refund that nobody knows the end of.
fn left_unknown() -> EarlierAction {
    let args = serde_json::json!({"amount": "20", "order": "77"});
    let tool = ToolName("shop.refund".into());
    let action = action_of(&tool, &args);
    EarlierAction { tool, action, key: "earlier-1".to_owned(), end: EarlierEnd::Unknown }
}

/// What a request resolves to: here, the tool and its arguments.
pub(super) fn action_of(tool: &ToolName, args: &serde_json::Value) -> Digest {
    Digest::of_json(&serde_json::json!({"tool": tool.0.as_ref(), "args": args}))
}
