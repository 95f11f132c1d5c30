//! A regression test from a recorded call: lean, without what is a person's own, and with expectations to edit.
//!
//! Facts of the caller's line that change nothing are left out: words that were still being heard, noise nobody spoke
//! in, a line that stalled. What the services answered stays: without it the call could not have been.
//!
//! Promises: unedited the test passes; what was said, wished, asked, judged and run is as it was in the call.
//! Never: makes a test of a call that this build answers otherwise; adds an event, or changes its time.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::compare::{Finding, compare};
use super::expect::{EXPECT, WRITTEN, loosened, matters};
use super::source::Recorded;
use crate::core::base::{Fault, Owner};
use crate::core::conversation::{Event, Plan, TranscriptEnd};
use crate::core::journal::{CallFile, JOURNAL_VERSION, Line, fold, parse_event, write_event};

/// What of a recording's head a test keeps. All else is of the machine that recorded it, or of the people in it.
const KEPT: &[&str] = &["call", "agent", "effects", "end", "not-ended", "plan", "until"];

/// For whoever opens the file.
const GUIDE: &str = "\
#
# A recorded call as a test. `centralita replay FILE` runs it; docs/testing.md shows the way.
#   < is what the world did, with its time: leave it as it is.
#   > is expected, in this order, behind the event above it; other orders may stand between.
#   … in an expectation stands for anything.
# Edit the words that shall be said, add an expectation, or delete what does not matter.
#";

/// A test, and what a person should know of how it was made.
#[derive(Clone, Debug)]
pub struct Test {
    pub file: CallFile,
    /// For the one who made it: what was left out, what was replaced.
    pub notes: Vec<String>,
}

/// Makes the test.
///
/// # Errors
/// This build answers the call otherwise than it was recorded.
pub fn as_test(recorded: &Recorded) -> Result<Test, Fault> {
    let name = recorded.file.head_value("call").unwrap_or("the call").to_owned();
    match compare(recorded) {
        Finding::Same => {}
        Finding::Unreadable(fault) => return Err(fault),
        Finding::Differs(difference) => {
            let what = format!(
                "{name}: today it goes otherwise than it was recorded, from line {}\n{difference}",
                difference.line
            );
            let remedy = "see whether the difference is right; `--export` keeps the call as it was recorded";
            return Err(Fault::new(Owner::Admin, what, remedy));
        }
    }
    let (mut file, replaced) = without_private(&bare(recorded));
    let plan = &recorded.plan;
    let before = file.lines.len();
    let lean = leaner(&file, &|lines| orders(&CallFile { lines, ..file.clone() }, plan));
    file.lines = lean;
    let mut notes = vec![format!("{name}: {} of {before} facts were left out", before - file.lines.len())];
    notes.extend(replaced.iter().map(|(kind, count)| format!("{name}: replaced {kind}: {count}")));
    notes.push(format!("{name}: what was said in words is as it was: read it before you share it"));
    let folded = fold(&file, Arc::clone(plan));
    file.lines = expected(&folded.lines);
    file.head.extend(GUIDE.lines().map(str::to_owned));
    file.plan = recorded.standalone().plan;
    Ok(Test { file, notes })
}

/// Only the events, under a head of its own.
fn bare(recorded: &Recorded) -> CallFile {
    let file = &recorded.file;
    let mut head = vec![format!("# version: {JOURNAL_VERSION}")];
    for name in KEPT {
        head.extend(file.head_value(name).map(|value| format!("# {name}: {value}")));
    }
    // What fired behind the last event fires again.
    if let Some(Line::Timer { due, .. }) = file.lines.iter().rev().find(|line| !is_order(line))
        && file.head_value("until").is_none()
    {
        head.push(format!("# until: {due}"));
    }
    head.push(format!("# {EXPECT}: {WRITTEN}"));
    let lines = file.lines.iter().filter(|line| matches!(line, Line::Event { .. })).cloned().collect();
    CallFile { head, lines, plan: None }
}

fn is_order(line: &Line) -> bool {
    matches!(line, Line::Order { .. })
}

/// What the agent does in these events, as a test expects it.
fn orders(file: &CallFile, plan: &Arc<Plan>) -> Vec<String> {
    let folded = fold(file, Arc::clone(plan));
    expected(&folded.lines).into_iter().filter(is_order).map(|line| text_of(&line)).collect()
}

fn text_of(line: &Line) -> String {
    match line {
        Line::Order { text } => text.clone(),
        Line::Event { .. } | Line::Timer { .. } => String::new(),
    }
}

/// Events, and the orders that matter without what a test does not need.
fn expected(lines: &[Line]) -> Vec<Line> {
    let keep = |line: &Line| match line {
        Line::Event { .. } => Some(line.clone()),
        Line::Order { text } if matters(line) => Some(Line::Order { text: loosened(text) }),
        Line::Order { .. } | Line::Timer { .. } => None,
    };
    lines.iter().filter_map(keep).collect()
}

/// Leaves out, one after the other, what changes nothing that matters.
fn leaner(file: &CallFile, orders: &impl Fn(Vec<Line>) -> Vec<String>) -> Vec<Line> {
    let mut lines = file.lines.clone();
    let want = orders(lines.clone());
    // From the end: what is before it keeps its place.
    let mut from = lines.len();
    while from > 0 {
        from -= 1;
        let Some(spare) = spare(&lines, from) else { continue };
        let mut n = 0;
        let mut fewer = lines.clone();
        fewer.retain(|_| {
            n += 1;
            !spare.contains(&(n - 1))
        });
        if orders(fewer.clone()) == want {
            lines = fewer;
        }
    }
    lines
}

/// What could be left out together with the event at `from`: of the caller's line alone, and never half of a thing.
fn spare(lines: &[Line], from: usize) -> Option<Vec<usize>> {
    match event(&lines[from])? {
        Event::Heard(transcript) if transcript.end == TranscriptEnd::Partial => Some(vec![from]),
        Event::LineStalled => {
            let next =
                lines[from..].iter().position(|line| matches!(event(line), Some(Event::LineResumed)))?;
            Some(vec![from, from + next])
        }
        Event::SpeechStarted { .. } => noise(lines, from),
        Event::Answered(_)
        | Event::Resumed(_)
        | Event::SpeechStopped { .. }
        | Event::LineResumed
        | Event::Key { .. }
        | Event::Heard(_)
        | Event::SttFailed
        | Event::Synthesised { .. }
        | Event::TtsFailed { .. }
        | Event::Played { .. }
        | Event::Cut { .. }
        | Event::Wrote { .. }
        | Event::Proposed { .. }
        | Event::Finished { .. }
        | Event::GenerationFailed { .. }
        | Event::Prepared { .. }
        | Event::Unprepared { .. }
        | Event::Unproven { .. }
        | Event::Settled { .. }
        | Event::HungUp => None,
    }
}

/// A stretch of speech of which no word was told, up to the next.
fn noise(lines: &[Line], from: usize) -> Option<Vec<usize>> {
    let mut stretch = vec![from];
    for (n, line) in lines.iter().enumerate().skip(from + 1) {
        let event = event(line)?;
        if matches!(event, Event::SpeechStarted { .. }) {
            break;
        } else if let Event::Heard(transcript) = event {
            if !transcript.words.is_empty() {
                return None;
            }
            stretch.push(n);
        } else if matches!(event, Event::SpeechStopped { .. }) {
            stretch.push(n);
        }
    }
    (stretch.len() > 1).then_some(stretch)
}

fn event(line: &Line) -> Option<&Event> {
    match line {
        Line::Event { event, .. } => Some(event),
        Line::Timer { .. } | Line::Order { .. } => None,
    }
}

/// Shortest row of digits that may be somebody's number; what a shop numbers its orders by is shorter.
const DIGITS_LEAST: usize = 9;
/// With a `+` before it, it is a telephone number from here on.
const AFTER_PLUS_LEAST: usize = 7;

/// Replaces numbers and addresses that may be a person's; how many of which kind. The same is replaced by the same.
fn without_private(file: &CallFile) -> (CallFile, BTreeMap<&'static str, usize>) {
    let mut veil = Veil::default();
    let mut file = file.clone();
    for line in &mut file.lines {
        if let Line::Event { event, .. } = line
            && let Ok(veiled) = parse_event(&veil.over(&write_event(event)))
        {
            *event = veiled;
        }
    }
    let mut counts = BTreeMap::new();
    for (kind, _) in veil.known.values() {
        *counts.entry(*kind).or_default() += 1;
    }
    (file, counts)
}

#[derive(Default)]
struct Veil {
    /// What was found, its kind, and what stands for it.
    known: BTreeMap<String, (&'static str, String)>,
}

impl Veil {
    fn over(&mut self, text: &str) -> String {
        let is_part = |c: char| c.is_alphanumeric() || matches!(c, '+' | '@' | '.' | '_' | '-' | '~');
        let mut out = String::new();
        let mut rest = text;
        while !rest.is_empty() {
            let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
            let (word, more) = rest.split_at(end);
            out.push_str(&self.word(word));
            let sign = more.chars().next().map_or(0, char::len_utf8);
            out.push_str(&more[..sign]);
            rest = &more[sign..];
        }
        out
    }

    fn word(&mut self, word: &str) -> String {
        // A full stop behind it is the sentence's.
        let core = word.trim_end_matches('.');
        let digits = core.strip_prefix('+').unwrap_or(core);
        let least = if digits.len() < core.len() { AFTER_PLUS_LEAST } else { DIGITS_LEAST };
        let is_number = digits.len() >= least && digits.bytes().all(|b| b.is_ascii_digit());
        let is_address =
            core.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'));
        if !is_number && !is_address {
            return word.to_owned();
        }
        let n = self.known.len() + 1;
        let (_, veiled) = self.known.entry(core.to_owned()).or_insert_with(|| {
            if is_address {
                ("e-mail addresses", format!("caller{n}@example.com"))
            } else {
                let plus = &core[..core.len() - digits.len()];
                ("numbers as long as a telephone's", format!("{plus}{}", fictional(digits.len(), n)))
            }
        });
        format!("{veiled}{}", &word[core.len()..])
    }
}

/// A number of that length that nobody has: 555-01.. is kept free for stories.
fn fictional(length: usize, n: usize) -> String {
    let (head, tail) = ("1555010000000000", format!("{:02}", n % 100));
    format!("{}{tail}", &head.get(..length.saturating_sub(2)).unwrap_or(head))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::sim::script_plan;

    fn recorded(path: &str) -> Recorded {
        Recorded::load(path).unwrap_or_else(|fault| panic!("{fault}"))
    }

    fn again(test: &Test) -> Recorded {
        Recorded::parse(&test.file.write()).unwrap_or_else(|fault| panic!("{fault}"))
    }

    #[test]
    fn a_test_of_every_recorded_call_passes_unedited_and_holds_what_a_person_reads() {
        for call in ["refund-yes", "refund-no", "interrupts", "keypad", "reembolso", "retracts", "hurried"] {
            let recorded = recorded(&format!("tests/journals/v1/{call}.call"));
            let test = as_test(&recorded).unwrap_or_else(|fault| panic!("{call}: {fault}"));
            assert_eq!(compare(&again(&test)), Finding::Same, "{call}");
            let plays = |file: &CallFile| {
                let kept = file.lines.iter().filter(|line| matters(line)).map(text_of);
                kept.map(|text| loosened(&text)).collect::<Vec<_>>()
            };
            assert_eq!(plays(&test.file), plays(&recorded.file), "{call}");
            assert!(test.file.head_value("build").is_none() && test.file.head_value("plan-hash").is_none());
        }
    }

    #[test]
    fn an_edited_expectation_fails_and_shows_what_is_said() {
        let test =
            as_test(&recorded("tests/journals/v1/refund-yes.call")).expect("this build answers the same");
        let edited = test.file.write().replace("Refunding twenty dollars.", "Refunding 20 dollars.");
        let finding = compare(&Recorded::parse(&edited).expect("it is a call file"));
        let Finding::Differs(difference) = finding else { panic!("{finding:?}") };
        let shown = difference.to_string();
        assert!(shown.contains("-           > say … action:t2 \"Refunding 20 dollars.\""), "{shown}");
        assert!(shown.contains("\"Refunding twenty dollars.\""), "{shown}");
    }

    #[test]
    fn a_call_that_goes_otherwise_today_is_no_test() {
        let text = "# plan: en\n    0.000 < answered\n          > say #1.0 greeting \"Another.\"\n";
        let fault = as_test(&Recorded::parse(text).expect("a call file")).unwrap_err();
        assert!(fault.what.contains("goes otherwise") && fault.what.contains("Another."), "{fault}");
    }

    #[test]
    fn numbers_and_addresses_of_people_are_replaced_and_the_rest_stays() {
        let mut veil = Veil::default();
        for (text, want) in [
            (
                "settled t1 done {\"phone\":\"+34600111222\",\"order\":\"1182\"}",
                "{\"phone\":\"+15550100001\",\"order\":\"1182\"}",
            ),
            (
                "\"ada@lamps.example.\" ~216000000..~217000000",
                "\"caller2@example.com.\" ~216000000..~217000000",
            ),
            ("+34600111222 600111222 ⟦card 1⟧", "+15550100001 155501003 ⟦card 1⟧"),
            ("00ff123456789012aa 20.50", "00ff123456789012aa 20.50"),
        ] {
            let got = veil.over(text);
            assert!(got.ends_with(want), "{got}");
        }
    }

    #[test]
    fn noise_and_half_heard_words_are_left_out_where_they_change_nothing() {
        let greeted = "# plan: en
    0.000 < answered
    0.100 < synthesised #1.0 12000
    1.800 < played #1 ~13600 mark
    2.300 < speech ~17600
    2.500 < heard \"hel\" partial
    3.500 < silence ~22000
    3.600 < heard turn
    4.000 < line-stalled
    4.500 < line-resumed
    5.000 < hung-up
";
        let file = CallFile::parse(greeted).expect("a call file");
        let plan = Arc::new(script_plan("en").expect("the plan has that name"));
        let file = fold(&file, Arc::clone(&plan));
        let test = as_test(&Recorded::new(file, plan)).expect("it is as folded");
        let kept: Vec<String> = test.file.events().map(|(_, event)| write_event(event)).collect();
        assert!(!kept.iter().any(|event| event.contains("partial")), "{kept:?}");
        assert!(kept.first().is_some_and(|event| event == "answered"));
        assert!(kept.last().is_some_and(|event| event == "hung-up"));
    }
}
