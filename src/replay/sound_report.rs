//! What became of calls that were played again with their sound, for people, for programs and for a test runner's page.
//!
//! Promises: every form tells of every call, of all its differences, and how fast it was played; counts add up.
//! Never: prints; it makes text.

use std::fmt;
use std::time::Duration;

use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};
use serde_json::{Value, json};

use super::junit::{page, unwell};
use super::sound::Compared;
use crate::core::base::{Fault, Millis};
use crate::core::cassette::{BargeIn, Turn, pairs, seconds};

/// One call, played again.
#[derive(Clone, Debug)]
pub struct SoundReplayed {
    pub name: String,
    /// Of one core's time, for the playing alone.
    pub took: Duration,
    /// Or why it could not be played.
    pub finding: Result<Compared, Fault>,
}

/// All of them, in the order they were named.
#[derive(Clone, Debug, Default)]
pub struct SoundReport(pub Vec<SoundReplayed>);

impl SoundReport {
    /// Every call is the same.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.counts()[0].1 == self.0.len()
    }

    fn counts(&self) -> [(&'static str, usize); 3] {
        let count = |which: &dyn Fn(&SoundReplayed) -> bool| self.0.iter().filter(|call| which(call)).count();
        [
            ("same", count(&|call| call.finding.as_ref().is_ok_and(|compared| compared.changes.is_empty()))),
            (
                "differ",
                count(&|call| call.finding.as_ref().is_ok_and(|compared| !compared.changes.is_empty())),
            ),
            ("unreadable", count(&|call| call.finding.is_err())),
        ]
    }

    /// Audio that was played, and what it took of one core.
    fn played(&self) -> (Duration, Duration) {
        let played =
            self.0.iter().filter_map(|call| call.finding.as_ref().ok().map(|compared| (compared, call.took)));
        played.fold((Duration::ZERO, Duration::ZERO), |(audio, took), (compared, more)| {
            (audio + Duration::from_millis(compared.audio.0.into()), took + more)
        })
    }

    /// How many times as fast as it was spoken a core plays it.
    #[must_use]
    pub fn pace(&self) -> f64 {
        let (audio, took) = self.played();
        audio.as_secs_f64() / took.as_secs_f64().max(f64::EPSILON)
    }

    /// For programs.
    #[must_use]
    pub fn json(&self) -> Value {
        let (audio, took) = self.played();
        let mut report = json!({
            "ok": self.is_good(),
            "calls": self.0.iter().map(call_json).collect::<Vec<_>>(),
            "audio_ms": milliseconds(audio),
            "core_ms": milliseconds(took),
            "times_real_time": (self.pace() * 10.0).round() / 10.0,
        });
        for (name, count) in self.counts() {
            report[name] = count.into();
        }
        report
    }

    /// For a test runner's page: JUnit's XML.
    ///
    /// # Errors
    /// It cannot be written as XML.
    pub fn junit(&self) -> Result<String, Fault> {
        let mut suite = TestSuite::new("replay-audio");
        suite.add_test_cases(self.0.iter().map(|call| {
            let status = match &call.finding {
                Ok(compared) if compared.changes.is_empty() => TestCaseStatus::success(),
                Ok(compared) => {
                    let message = format!("{} differences", compared.changes.len());
                    unwell(NonSuccessKind::Failure, message, lines(&compared.changes))
                }
                Err(fault) => unwell(NonSuccessKind::Error, fault.what.clone(), fault.remedy.clone()),
            };
            let mut case = TestCase::new(call.name.as_str(), status);
            case.set_time(call.took);
            case
        }));
        page("centralita", [suite])
    }
}

fn call_json(call: &SoundReplayed) -> Value {
    let compared = match &call.finding {
        Ok(compared) => compared,
        Err(fault) => {
            return json!({
                "call": call.name, "outcome": "unreadable", "why": fault.what, "remedy": fault.remedy,
            });
        }
    };
    let turn = |turn: &Turn| {
        json!({
            "from_ms": turn.from.0 / 8,
            "to_ms": turn.to.map(|to| to.0 / 8),
            "answered_after_ms": turn.answered.map(|after| after.0),
        })
    };
    let cut = |cut: &BargeIn| json!({ "reply": cut.reply.to_string(), "at_ms": cut.at.0 });
    let outline = |of: &crate::core::cassette::Outline| {
        json!({
            "turns": of.turns.iter().map(turn).collect::<Vec<_>>(),
            "barge_ins": of.barge_ins.iter().map(cut).collect::<Vec<_>>(),
            "answers": of.answers, "actions": of.actions, "said": of.said, "end": of.end,
        })
    };
    let change = |change: &crate::core::cassette::Change| json!({ "kind": change.kind, "what": change.what });
    json!({
        "call": call.name,
        "outcome": if compared.changes.is_empty() { "same" } else { "differs" },
        "audio_ms": compared.audio.0,
        "core_ms": milliseconds(call.took),
        "recording": compared.files.recording.display().to_string(),
        "cassette": compared.files.cassette.as_ref().map(|path| path.display().to_string()),
        "notes": compared.notes,
        "recorded": outline(&compared.recorded),
        "today": outline(&compared.today),
        "differences": compared.changes.iter().map(change).collect::<Vec<_>>(),
    })
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn lines(all: &[impl fmt::Display]) -> String {
    all.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// For people: the calls that are not the same, a call that was named alone, and the counts.
impl fmt::Display for SoundReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for call in &self.0 {
            match &call.finding {
                Ok(compared) if compared.changes.is_empty() && self.0.len() > 1 => {}
                Ok(compared) => writeln!(f, "{}", Table(&call.name, compared))?,
                // The fault names its call.
                Err(fault) => writeln!(f, "{}\n  hint: {}\n", fault.what, fault.remedy)?,
            }
        }
        let ((audio, took), [(_, same), (_, differ), (_, unreadable)]) = (self.played(), self.counts());
        write!(
            f,
            "calls: {}; {same} the same, {differ} differ, {unreadable} unreadable; audio {:.0} s in {:.1} s, \
             {:.0}× real time a core",
            self.0.len(),
            audio.as_secs_f64(),
            took.as_secs_f64(),
            self.pace(),
        )
    }
}

/// One call, side by side.
struct Table<'a>(&'a str, &'a Compared);

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Table(name, Compared { recorded, today, changes, files, notes, .. }) = self;
        writeln!(f, "{name}: {}", if changes.is_empty() { "the same" } else { "differs" })?;
        writeln!(f, "  recording {}", files.recording.display())?;
        if let Some(cassette) = &files.cassette {
            writeln!(f, "  cassette  {}", cassette.display())?;
        }
        for note in notes {
            writeln!(f, "  {note}")?;
        }
        writeln!(f, "  {:<8}{:<36}today", "turn", "recorded")?;
        let mut n = 0;
        for (was, is) in pairs(&recorded.turns, &today.turns) {
            n += u32::from(was.is_some());
            let number = was.map_or("more".to_owned(), |_| n.to_string());
            writeln!(f, "  {number:<8}{:<36}{}", row(was), row(is))?;
        }
        let counts = [
            ("barge-ins", recorded.barge_ins.len(), today.barge_ins.len()),
            ("answers", recorded.answers.len(), today.answers.len()),
            ("actions", recorded.actions.len(), today.actions.len()),
        ];
        for (name, was, is) in counts {
            writeln!(f, "  {name:<10}recorded {was}, today {is}")?;
        }
        changes.iter().try_for_each(|change| writeln!(f, "  ! {change}"))
    }
}

fn row(turn: Option<Turn>) -> String {
    let Some(turn) = turn else { return "-".to_owned() };
    let to = turn.to.map_or("no end".to_owned(), |to| seconds(to).to_string());
    let answered =
        turn.answered.map_or("no answer".to_owned(), |Millis(after)| format!("answer +{after} ms"));
    format!("{} to {to}, {answered}", seconds(turn.from))
}
