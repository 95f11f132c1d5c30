//! What goes wrong in one simulated call: each fault on or off, with wild odds.
//!
//! Promises: about half of all faults are off in any one call, so that rare ones are seen alone too.
//! Never: strikes once it is calm.

use super::random::Random;

/// One way for the world to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Words come seconds late, also after the wait for them was given up.
    WordsLate,
    /// The recogniser says that it lost a stretch of speech.
    WordsLost,
    /// The recogniser says nothing more about a stretch of speech.
    WordsNever,
    /// Words come without spans.
    WordsWithoutSpans,
    /// Words are misheard: noise as a yes the engine does not stand by, a yes as something else.
    WordsMisheard,
    SynthesisSlow,
    SynthesisFails,
    SynthesisNever,
    MarkLate,
    /// The line takes a reply as played by its clock.
    MarkLost,
    /// Nothing ever says that a reply was played.
    MarkNever,
    /// A reply that was cut is said to be played, as carriers do after a clear.
    MarkAfterClear,
    LineStalls,
    ModelStalls,
    ModelFails,
    /// The model takes several seconds.
    ModelSlow,
    /// The model asks for tools that are not there, or with broken arguments.
    ModelWrong,
    /// The model proposes twice.
    ModelTwice,
    /// The model claims what nobody did.
    ModelClaims,
    PrepareFails,
    PrepareNever,
    /// A request is resolved a second time, to something else.
    PrepareTwice,
    ToolFails,
    ToolNever,
    /// The outcome comes after we gave up.
    ToolLate,
    /// The outcome is told twice, the second time otherwise.
    ToolTwice,
    /// The carrier does not hang up when asked to.
    HangUpIgnored,
}

const FAULTS: usize = Fault::HangUpIgnored as usize + 1;

/// The odds of every fault in one call, in ‰.
#[derive(Clone, Debug)]
pub(super) struct Weather {
    odds: [u16; FAULTS],
}

impl Weather {
    /// Every fifth call has none at all.
    pub(super) fn draw(random: &mut Random) -> Weather {
        let mut weather = Weather::calm();
        if random.chance(800) {
            for odds in &mut weather.odds {
                *odds = if random.chance(500) { random.pick(&[5, 30, 100, 300, 600]) } else { 0 };
            }
        }
        weather
    }

    pub(super) fn calm() -> Weather {
        Weather { odds: [0; FAULTS] }
    }

    pub(super) fn strikes(&self, fault: Fault, random: &mut Random) -> bool {
        let odds = self.odds[fault as usize];
        odds > 0 && random.chance(odds)
    }
}
