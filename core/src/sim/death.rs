//! The death of what carries a simulated call: the caller stays, and the call is gone on with from its journal.
//!
//! Promises: the heart that goes on was folded from the journal's text, without the lines that the disk had not got; what
//! that text says is what was ordered.
//! Never: loses a line before a request with effects left: its intent is on disk, and all before it.

use std::sync::Arc;

use super::heart::{Fact, Watched};
use super::random::Random;
use super::record::Journal;
use super::scene::Scene;
use super::world::World;
use crate::base::{CallTime, Millis};
use crate::conversation::{Event, Plan, Resumed};
use crate::journal::{CallFile, Line, fold};

/// What a killed process loses at most.
const LOST_MOST: Millis = Millis(50);

/// Draws apart from all else, so that a seed without a death is the call it always was.
const SALT: u64 = 0x0DEA_D0DE_AD0D_EAD0;

/// Deaths that are still to come.
#[derive(Debug)]
pub(super) struct Deaths {
    random: Random,
    left: u32,
}

/// One death.
#[derive(Clone, Copy, Debug)]
pub(super) struct Death {
    at: CallTime,
    /// When the caller is on a new line.
    back: CallTime,
    lost: Millis,
}

impl Deaths {
    /// One call in eight has one, or two.
    pub(super) fn draw(seed: u64) -> Deaths {
        let mut random = Random::new(seed ^ SALT);
        let left = if random.chance(125) { random.between(1, 2) } else { 0 };
        Deaths { random, left }
    }

    /// In a run without them.
    pub(super) fn none(seed: u64) -> Deaths {
        Deaths { random: Random::new(seed ^ SALT), left: 0 }
    }

    pub(super) fn none_left(&self) -> bool {
        self.left == 0
    }

    /// When the next comes, no sooner than that.
    pub(super) fn next(&mut self, after: CallTime) -> Option<CallTime> {
        let at = after + Millis(self.random.between(100, 30_000));
        self.left = self.left.checked_sub(1)?;
        Some(at)
    }

    pub(super) fn death(&mut self, at: CallTime) -> Death {
        let back = at + Millis(self.random.between(300, 20_000));
        Death { at, back, lost: Millis(self.random.between(0, LOST_MOST.0)) }
    }

    /// Whether the store has an outcome that the journal lacks.
    fn is_in_store(&mut self) -> bool {
        self.random.chance(400)
    }
}

/// What carries the call dies, and another goes on with it; when, and what is told then. `None` where there is nothing to
/// go on with: it never began, or the caller has left.
pub(super) fn goes_on(
    death: Death,
    deaths: &mut Deaths,
    scene: &Scene,
    told: &mut Vec<Fact>,
    heart: &mut Watched,
    world: &mut World,
) -> Option<(CallTime, Event)> {
    let (kept, since) = heart.journal.as_ref()?.on_disk(death.at, death.lost);
    let begun = kept.events().any(|(_, event)| matches!(event, Event::Answered(_)));
    let left = told.iter().any(|fact| fact.event == Event::HungUp);
    if !begun || left {
        return None;
    }
    told.truncate(kept.events().count());
    *heart = again(&scene.plan, &kept, told);
    for event in world.dies(death.back) {
        if deaths.is_in_store() {
            heart.tell(since, event, told);
        }
    }
    let answered = scene.answered.clone();
    let (line, engine, tag, earlier) = (answered.line, answered.engine, answered.tag, answered.earlier);
    Some((death.back, Event::Resumed(Resumed { since, line, engine, tag, earlier })))
}

/// A heart that was told what a journal's text holds; it has a breach where that text does not come out again.
fn again(plan: &Arc<Plan>, kept: &CallFile, told: &[Fact]) -> Watched {
    let mut heart = Watched::new(Arc::clone(plan));
    heart.journal = Some(Journal::default());
    let text = kept.write();
    let read = match CallFile::parse(&text) {
        Ok(read) => read,
        Err(error) => {
            heart.breaks(format!("the journal cannot be read: {error}"));
            return heart;
        }
    };
    if !fold(&read, Arc::clone(plan)).lines.starts_with(&kept.lines) {
        heart.breaks("the journal does not fold to what was ordered".to_owned());
    }
    let mut truths = told.iter().map(|fact| &fact.truth);
    for line in &read.lines {
        match line {
            Line::Event { at, event } => {
                let truth = truths.next().cloned().unwrap_or_default();
                heart.step(*at, Some((event, &truth)), |_, _| {});
            }
            Line::Timer { due, .. } => heart.step(*due, None, |_, _| {}),
            Line::Order { .. } => {}
        }
    }
    heart
}
