//! What goes wrong in one simulated call: each fault on or off, with wild odds.
//!
//! Promises: about half of all faults are off in any one call, so that rare ones are seen alone too; what struck is told.
//! Never: strikes once it is calm, or where a run leaves the fault out.

use super::random::Random;

/// One way for the world to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Words come seconds late, also after the wait for them was given up, and after words that were said later.
    WordsLate,
    /// The recogniser says that it lost a stretch of speech.
    WordsLost,
    /// The recogniser says nothing more about a stretch of speech.
    WordsNever,
    /// Words come without spans.
    WordsWithoutSpans,
    /// Words are misheard: anything as a yes that the engine does not stand by, a yes as something else.
    WordsMisheard,
    /// The words of a stretch of speech are told a second time.
    WordsTwice,
    SynthesisSlow,
    /// It fails, with nothing said or in the middle of it.
    SynthesisFails,
    SynthesisNever,
    /// The end of a piece is told twice.
    SynthesisTwice,
    MarkLate,
    /// The line takes a reply as played by its clock.
    MarkLost,
    /// Nothing ever says that a reply was played.
    MarkNever,
    /// A mark comes back twice.
    MarkTwice,
    /// A mark comes back that belongs to no reply on the line.
    MarkStray,
    /// A reply that was cut is said to be played, as carriers do after a clear.
    MarkAfterClear,
    LineStalls,
    /// Frames are lost on the way; the line knows by their timestamps.
    FramesLost,
    /// Frames come late, and then all at once.
    FramesLate,
    /// A frame comes twice.
    FramesTwice,
    ModelStalls,
    ModelFails,
    /// The model takes several seconds.
    ModelSlow,
    /// The model asks for tools that are not there, or with broken arguments.
    ModelWrong,
    /// The model proposes twice.
    ModelTwice,
    /// The model goes on after it has finished.
    ModelGoesOn,
    /// The model claims what nobody did.
    ModelClaims,
    PrepareFails,
    PrepareNever,
    /// A request is resolved after we gave up.
    PrepareLate,
    /// A request is resolved a second time, to something else.
    PrepareTwice,
    ToolFails,
    ToolNever,
    /// The outcome comes after we gave up.
    ToolLate,
    /// The outcome is told twice, the second time otherwise.
    ToolTwice,
    /// The disk is full: no intent can be written, so nothing is sent.
    DiskFull,
    /// The caller hangs up, at any moment.
    CallerHangsUp,
    /// The carrier does not hang up when asked to.
    HangUpIgnored,
    /// What carries the call dies, and another goes on with it. Drawn apart, by `death`.
    ProcessDies,
    /// Nothing is sent, by a rule of the gateway's own: a system is left alone, or a tool's limit is reached.
    ToolWithheld,
}

/// Every fault by its name, in the order of their definition.
const NAMED: [(Fault, &str); 40] = [
    (Fault::WordsLate, "words-late"),
    (Fault::WordsLost, "words-lost"),
    (Fault::WordsNever, "words-never"),
    (Fault::WordsWithoutSpans, "words-without-spans"),
    (Fault::WordsMisheard, "words-misheard"),
    (Fault::WordsTwice, "words-twice"),
    (Fault::SynthesisSlow, "synthesis-slow"),
    (Fault::SynthesisFails, "synthesis-fails"),
    (Fault::SynthesisNever, "synthesis-never"),
    (Fault::SynthesisTwice, "synthesis-twice"),
    (Fault::MarkLate, "mark-late"),
    (Fault::MarkLost, "mark-lost"),
    (Fault::MarkNever, "mark-never"),
    (Fault::MarkTwice, "mark-twice"),
    (Fault::MarkStray, "mark-stray"),
    (Fault::MarkAfterClear, "mark-after-clear"),
    (Fault::LineStalls, "line-stalls"),
    (Fault::FramesLost, "frames-lost"),
    (Fault::FramesLate, "frames-late"),
    (Fault::FramesTwice, "frames-twice"),
    (Fault::ModelStalls, "model-stalls"),
    (Fault::ModelFails, "model-fails"),
    (Fault::ModelSlow, "model-slow"),
    (Fault::ModelWrong, "model-wrong"),
    (Fault::ModelTwice, "model-twice"),
    (Fault::ModelGoesOn, "model-goes-on"),
    (Fault::ModelClaims, "model-claims"),
    (Fault::PrepareFails, "prepare-fails"),
    (Fault::PrepareNever, "prepare-never"),
    (Fault::PrepareLate, "prepare-late"),
    (Fault::PrepareTwice, "prepare-twice"),
    (Fault::ToolFails, "tool-fails"),
    (Fault::ToolNever, "tool-never"),
    (Fault::ToolLate, "tool-late"),
    (Fault::ToolTwice, "tool-twice"),
    (Fault::DiskFull, "disk-full"),
    (Fault::CallerHangsUp, "caller-hangs-up"),
    (Fault::HangUpIgnored, "hang-up-ignored"),
    (Fault::ProcessDies, "process-dies"),
    (Fault::ToolWithheld, "tool-withheld"),
];

impl Fault {
    /// All, in the order of their definition.
    pub fn all() -> impl Iterator<Item = Fault> {
        NAMED.iter().map(|(fault, _)| *fault)
    }

    /// As it is named on a command line and in what is counted.
    #[must_use]
    pub fn name(self) -> &'static str {
        NAMED[self as usize].1
    }

    /// The calls it can strike in, where it cannot strike in all.
    #[must_use]
    pub fn only_in(self) -> Option<Calls> {
        match self {
            Fault::FramesLost | Fault::FramesLate | Fault::FramesTwice => Some(Calls::WithFrames),
            Fault::ProcessDies => Some(Calls::Conversations),
            Fault::WordsLate
            | Fault::WordsLost
            | Fault::WordsNever
            | Fault::WordsWithoutSpans
            | Fault::WordsMisheard
            | Fault::WordsTwice
            | Fault::SynthesisSlow
            | Fault::SynthesisFails
            | Fault::SynthesisNever
            | Fault::SynthesisTwice
            | Fault::MarkLate
            | Fault::MarkLost
            | Fault::MarkNever
            | Fault::MarkTwice
            | Fault::MarkStray
            | Fault::MarkAfterClear
            | Fault::LineStalls
            | Fault::ModelStalls
            | Fault::ModelFails
            | Fault::ModelSlow
            | Fault::ModelWrong
            | Fault::ModelTwice
            | Fault::ModelGoesOn
            | Fault::ModelClaims
            | Fault::ToolWithheld
            | Fault::PrepareFails
            | Fault::PrepareNever
            | Fault::PrepareLate
            | Fault::PrepareTwice
            | Fault::ToolFails
            | Fault::ToolNever
            | Fault::ToolLate
            | Fault::ToolTwice
            | Fault::DiskFull
            | Fault::CallerHangsUp
            | Fault::HangUpIgnored => None,
        }
    }

    /// The fault of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Fault> {
        Fault::all().find(|fault| fault.name() == name)
    }

    /// Whether it can happen in a call with frames, and whether in a conversation alone.
    #[must_use]
    pub fn is_of(self, calls: Calls) -> bool {
        match calls {
            Calls::WithFrames => self != Fault::ProcessDies,
            Calls::Conversations => {
                !matches!(self, Fault::FramesLost | Fault::FramesLate | Fault::FramesTwice)
            }
        }
    }

    fn bit(self) -> u64 {
        1 << self as u32
    }
}

/// What is simulated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Calls {
    /// The heart with a computed line.
    Conversations,
    /// Line and heart as one machine.
    WithFrames,
}

/// Some of all faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Faults(u64);

impl Faults {
    #[must_use]
    pub fn all() -> Faults {
        Faults(Fault::all().fold(0, |bits, fault| bits | fault.bit()))
    }

    #[must_use]
    pub fn of(some: &[Fault]) -> Faults {
        Faults(some.iter().fold(0, |bits, fault| bits | fault.bit()))
    }

    /// These, less those.
    #[must_use]
    pub fn without(self, some: &[Fault]) -> Faults {
        Faults(self.0 & !Faults::of(some).0)
    }

    #[must_use]
    pub fn has(self, fault: Fault) -> bool {
        self.0 & fault.bit() != 0
    }
}

/// The odds of every fault in one call, in ‰, and which of them struck so far.
#[derive(Clone, Debug)]
pub(super) struct Weather {
    odds: [u16; NAMED.len()],
    struck: Faults,
}

impl Weather {
    /// Every fifth call has none at all. What the run leaves out is off; all else is drawn as in any run.
    pub(super) fn draw(allowed: Faults, random: &mut Random) -> Weather {
        let mut weather = Weather { odds: [0; NAMED.len()], struck: Faults(0) };
        if random.chance(800) {
            for (fault, odds) in Fault::all().zip(&mut weather.odds) {
                let drawn = if random.chance(500) { random.pick(&[5, 30, 100, 300, 600]) } else { 0 };
                *odds = if allowed.has(fault) { drawn } else { 0 };
            }
        }
        weather
    }

    /// Nothing fails from here on.
    pub(super) fn becomes_calm(&mut self) {
        self.odds = [0; NAMED.len()];
    }

    pub(super) fn strikes(&mut self, fault: Fault, random: &mut Random) -> bool {
        let odds = self.odds[fault as usize];
        let strikes = odds > 0 && random.chance(odds);
        if strikes {
            self.struck.0 |= fault.bit();
        }
        strikes
    }

    /// It struck, though not by these odds.
    pub(super) fn struck_by(&mut self, fault: Fault) {
        self.struck.0 |= fault.bit();
    }

    /// What struck so far.
    pub(super) fn struck(&self) -> Faults {
        self.struck
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_stands_in_the_list_at_its_place_and_is_found_by_its_name() {
        for (n, fault) in Fault::all().enumerate() {
            assert_eq!(fault as usize, n, "{}", fault.name());
            assert_eq!(Fault::parse(fault.name()), Some(fault));
        }
        assert_eq!(Fault::parse("rain"), None);
    }

    #[test]
    fn what_a_run_leaves_out_never_strikes_and_all_else_may() {
        let allowed = Faults::all().without(&[Fault::ToolLate]);
        let mut struck = 0;
        for seed in 0..200 {
            let mut random = Random::new(seed);
            let mut weather = Weather::draw(allowed, &mut random);
            for _ in 0..20 {
                for fault in Fault::all() {
                    weather.strikes(fault, &mut random);
                }
            }
            struck |= weather.struck().0;
        }
        assert_eq!(struck, allowed.0);
    }
}
