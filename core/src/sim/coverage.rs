//! Which interesting situations a simulated call came to, so that the simulator cannot quietly stop testing one.
//!
//! Promises: every situation has a name and is counted by what is seen from outside.
//! Never: judges.

use std::collections::BTreeMap;

use super::promises::Seen;
use super::weather::{Calls, Fault, Faults};
use crate::conversation::{
    ActionKey, Basis, EarlierEnd, Event, Note, Order, Outcome, Refusal, Role, Timer, TranscriptEnd, Verdict,
    Why, Withheld,
};
use crate::journal::write_timer;
use crate::language::{Answer, Language, Phrase, claims_done};

/// Every situation that must occur within a budget of calls.
pub const SITUATIONS: &[&str] = &[
    "run after a yes",
    "run unasked",
    "run with an earlier key",
    "run with the key of an unknown",
    "question heard out",
    "declined",
    "altered",
    "a refusal told late",
    "asked back",
    "backchannel",
    "unclear answer",
    "early yes",
    "doubtful yes",
    "yes that wants a key",
    "yes by key",
    "no by key",
    "permit withdrawn in the breath",
    "an earlier call left an unknown",
    "outcome unknown",
    "outcome done in part",
    "outcome failed",
    "withheld: out of reach",
    "withheld: spent",
    "outcome after we gave up",
    "done is told",
    "a claim screened",
    "refused: unknown-tool",
    "refused: declined",
    "refused: under-way",
    "refused: outcome-unknown",
    "refused: already-done",
    "refused: not-identified",
    "refused: not-own-word",
    "refused: proofs-spent",
    "reply cut",
    "words without a span",
    "line stalled",
    "recorded by leave",
    "leave to record refused",
    "closed by silence",
    "closed by limit",
    "closed by service",
    "goodbye interrupted",
    "resumed",
    "resumed in the breath",
    "resumed while a tool ran",
];

/// How often each situation occurred.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    pub counts: BTreeMap<&'static str, u64>,
    pub events: u64,
    breath: Breath,
    goodbye: Goodbye,
    owed: Owed,
    unknown: Vec<crate::base::ProposalId>,
    running: Vec<crate::base::ProposalId>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Breath {
    #[default]
    None,
    After,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Goodbye {
    #[default]
    None,
    Said,
}

/// Words of a turn that was given up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Owed {
    #[default]
    Nothing,
    GivenUp,
    /// In this step.
    Told,
}

impl Coverage {
    /// Adds the counts of another call.
    pub fn add(&mut self, other: &Coverage) {
        self.events += other.events;
        for (name, count) in &other.counts {
            *self.counts.entry(name).or_default() += count;
        }
    }

    /// Situations and timers that never occurred.
    #[must_use]
    pub fn missing(&self) -> Vec<&'static str> {
        let timers = TIMERS.iter().map(|timer| write_timer(*timer));
        SITUATIONS.iter().copied().chain(timers).filter(|name| !self.counts.contains_key(name)).collect()
    }

    /// Faults that never struck.
    #[must_use]
    pub fn missing_faults(&self, calls: Calls) -> Vec<&'static str> {
        let faults = Fault::all().filter(|fault| fault.is_of(calls)).map(Fault::name);
        faults.filter(|name| !self.counts.contains_key(name)).collect()
    }

    /// What went wrong in the call.
    pub(super) fn struck(&mut self, faults: Faults) {
        Fault::all().filter(|fault| faults.has(*fault)).for_each(|fault| self.count(fault.name()));
    }

    fn count(&mut self, name: &'static str) {
        *self.counts.entry(name).or_default() += 1;
    }

    pub(super) fn sees(&mut self, seen: &Seen<'_>) {
        match seen {
            Seen::Event(event, _) => {
                self.events += 1;
                self.event(event);
            }
            Seen::Timer(timer) => {
                self.count(write_timer(*timer));
                if *timer == Timer::Transcript {
                    self.owed = Owed::GivenUp;
                }
                if *timer == Timer::Tool {
                    self.unknown.append(&mut self.running);
                }
            }
            Seen::Order(order) => self.order(order),
            Seen::Rest { .. } if self.owed == Owed::Told => self.owed = Owed::Nothing,
            Seen::Rest { .. } => {}
        }
    }

    fn event(&mut self, event: &Event) {
        if let Event::SpeechStarted { .. } = event {
            self.owed = Owed::Nothing;
        } else if let (Event::Heard(_), Owed::GivenUp) = (event, self.owed) {
            self.owed = Owed::Told;
        }
        if let Event::Answered(answered) = event
            && answered.earlier.iter().any(|sent| sent.end == EarlierEnd::Unknown)
        {
            self.count("an earlier call left an unknown");
        }
        if let Event::Resumed(_) = event {
            self.resumed();
        } else if let Event::Settled { proposal, outcome } = event {
            self.running.retain(|running| running != proposal);
            match outcome {
                Outcome::Unknown => self.count("outcome unknown"),
                Outcome::Partly { .. } => self.count("outcome done in part"),
                Outcome::Failed { .. } => self.count("outcome failed"),
                Outcome::Withheld(Withheld::OutOfReach) => self.count("withheld: out of reach"),
                Outcome::Withheld(Withheld::Spent) => self.count("withheld: spent"),
                Outcome::Done { .. } if self.unknown.contains(proposal) => {
                    self.count("outcome after we gave up")
                }
                Outcome::Done { .. } => {}
            }
        } else if let Event::Cut { .. } = event {
            self.count("reply cut");
        } else if let Event::LineStalled = event {
            self.count("line stalled");
        } else if let Event::Heard(transcript) = event
            && matches!(transcript.end, TranscriptEnd::Turn(_))
            && transcript.words.iter().any(|word| word.span.is_none())
        {
            self.count("words without a span");
        } else if let Event::SpeechStarted { .. } = event
            && self.goodbye == Goodbye::Said
        {
            self.count("goodbye interrupted");
        }
    }

    fn resumed(&mut self) {
        self.count("resumed");
        if self.breath == Breath::After {
            self.count("resumed in the breath");
        }
        if !self.running.is_empty() {
            self.count("resumed while a tool ran");
        }
        (self.breath, self.goodbye, self.owed) = (Breath::None, Goodbye::None, Owed::Nothing);
        self.unknown.append(&mut self.running);
    }

    fn order(&mut self, order: &Order) {
        if let Order::Note(note) = order {
            self.note(note);
        } else if let Order::Run { proposal, key, permit, .. } = order {
            self.breath = Breath::None;
            self.running.push(*proposal);
            self.count(if *permit.basis() == Basis::Confirmed { "run after a yes" } else { "run unasked" });
            match key {
                ActionKey::Earlier(_) => self.count("run with an earlier key"),
                ActionKey::Own(first) if first != proposal => self.count("run with the key of an unknown"),
                ActionKey::Own(_) => {}
            }
        } else if let Order::Record = order {
            self.count("recorded by leave");
        } else if let Order::HangUp { why } = order {
            self.count(match why {
                Why::Silence => "closed by silence",
                Why::Limit => "closed by limit",
                Why::Service => "closed by service",
                Why::Finished => "closed by the end",
            });
        } else if let Order::Say { role, text, .. } = order {
            if let Role::Outcome(_) = role
                && claims_done(Language::English, text)
            {
                self.count("done is told");
            }
            if *role == Role::Notice
                && Language::ALL.iter().any(|l| *text == Phrase::RecordingRefused.say(*l))
            {
                self.count("leave to record refused");
            }
            self.goodbye = if *role == Role::Goodbye { Goodbye::Said } else { Goodbye::None };
        }
    }

    fn note(&mut self, note: &Note) {
        match note {
            Note::Asked { .. } => self.count("question heard out"),
            Note::Judged { answer, .. } => self.judged(*answer),
            Note::Refused { why, .. } => self.count(match why {
                Refusal::UnknownTool => "refused: unknown-tool",
                Refusal::Declined => "refused: declined",
                Refusal::UnderWay => "refused: under-way",
                Refusal::OutcomeUnknown => "refused: outcome-unknown",
                Refusal::AlreadyDone => "refused: already-done",
                Refusal::PartlyDone => "refused: partly-done",
                Refusal::NotAskable => "refused: not-askable",
                Refusal::NotIdentified => "refused: not-identified",
                Refusal::NotOwnWord => "refused: not-own-word",
                Refusal::ProofsSpent => "refused: proofs-spent",
                Refusal::KeyedForAnother => "refused: keyed-for-another",
                Refusal::Spent => "refused: spent",
            }),
            Note::Withdrawn { .. } => {
                if self.breath == Breath::After {
                    self.count("permit withdrawn in the breath");
                }
                self.breath = Breath::None;
            }
            Note::Unsaid { .. } => self.count("a question without its value"),
            Note::Screened { .. } => self.count("a claim screened"),
        }
    }

    fn judged(&mut self, answer: Verdict) {
        let name = match answer {
            Verdict::Spoken(Answer::Yes) => "yes",
            Verdict::Spoken(Answer::No | Answer::Wait) => "declined",
            Verdict::Spoken(Answer::Change) => "altered",
            Verdict::Spoken(Answer::Question) => "asked back",
            Verdict::Spoken(Answer::Backchannel) => "backchannel",
            Verdict::Spoken(Answer::Unclear) => "unclear answer",
            Verdict::Early => "early yes",
            Verdict::Doubtful => "doubtful yes",
            Verdict::WantsKey => "yes that wants a key",
            Verdict::Echo => "echo",
            Verdict::Key('1') => "yes by key",
            Verdict::Key('2') => "no by key",
            Verdict::Key(_) => "another key",
        };
        self.count(name);
        if matches!(name, "declined" | "altered") && self.owed == Owed::Told {
            self.count("a refusal told late");
        }
        if matches!(name, "yes" | "yes by key") {
            self.breath = Breath::After;
        }
    }
}

const TIMERS: &[Timer] = &[
    Timer::CallLimit,
    Timer::CallWarning,
    Timer::Closing,
    Timer::TurnLimit,
    Timer::Transcript,
    Timer::Keys,
    Timer::Synthesis,
    Timer::Mark,
    Timer::Breath,
    Timer::Permit,
    Timer::Answer,
    Timer::Prepare,
    Timer::Tool,
    Timer::Generation,
    Timer::Filler,
    Timer::Silence,
];
