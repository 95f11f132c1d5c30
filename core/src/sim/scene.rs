//! Where a simulated call takes place: the plan, the carrier's abilities, the recogniser's trust.
//!
//! Promises: drawn from the seed alone.
//! Never: decides what happens in the call.

use std::sync::Arc;

use super::plan::shop_plan;
use super::random::Random;
use crate::base::{CallTime, Digest, Millis, ToolName};
use crate::conversation::{
    Answered, EarlierAction, EarlierEnd, EngineYes, Idempotency, LineAbilities, Plan, Policy, Recorder,
    Recording, Tag, VoiceYes,
};
use crate::language::Language;

/// Makes another stream of numbers of the same seed; any number does.
const ASIDE: u64 = 0x5EC0_4D1E;

/// The setting of one call.
#[derive(Clone, Debug)]
pub(super) struct Scene {
    pub(super) plan: Arc<Plan>,
    /// The same as a call script's head says it.
    pub(super) head: String,
    pub(super) answered: Answered,
    /// When all faults end.
    pub(super) calm_at: CallTime,
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
        let recorder = if aside.chance(900) { Recorder::Ready } else { Recorder::None };
        let answered = Answered { line, engine, tag, recorder, attempt, earlier };
        Scene { plan: Arc::new(plan), head, answered, calm_at }
    }
}

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
