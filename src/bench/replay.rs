//! `replay`: what it costs to read a recorded call and to fold it again, and how large its journal is.
//!
//! The journal is made here, dense on purpose: three minutes in which the caller speaks half of the time, told of word by
//! word, and the agent answers in three sentences a turn.
//!
//! Promises: reading the text, reading the plan, folding and comparing are inside; processor time of one thread.
//! Never: folds a journal that does not come out the same.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::distribution::time;
use super::sim::used;
use crate::core::base::{
    CallTime, Fault, GenerationId, LINE_RATE_HZ, Millis, Owner, PieceNo, Position, ReplyId, Samples, Span,
};
use crate::core::conversation::{
    Affirmation, Answered, By, EngineYes, Event, LineAbilities, Recorder, Tag, Transcript, TranscriptEnd,
    Word,
};
use crate::core::journal::{CallFile, Line, fold};
use crate::core::language::Language;
use crate::core::sim::shop_plan;
use crate::replay::{Finding, Recorded, compare};

/// Journals a second and core, at the least, and what is aimed at.
const TARGET: f64 = 300.0;
const GOAL: f64 = 1_000.0;

/// Bytes of a journal for a minute of the call, before any compression, at the most.
const MINUTE_TARGET: f64 = 40.0 * 1024.0;

/// Three minutes in turns of six seconds; the last begins before they are over.
const LENGTH: u32 = 180_000;
const TURN: u32 = 6_000;
/// The caller's part of it, told of by a partial transcript each 40 ms.
const SPEECH: u32 = 3_120;
const PARTIAL: u32 = 40;

const SAID: [&str; 8] = ["where", "is", "my", "order", "I", "have", "been", "waiting"];
const ANSWER: [&str; 3] = ["Let me have a look.", "It left our house on Monday.", "Is there anything else?"];

/// What was found.
#[derive(Clone, Debug)]
pub struct Report {
    pub journals: usize,
    pub took: Duration,
    /// Of one journal.
    pub events: usize,
    pub lines: usize,
    pub bytes: usize,
    pub length: Millis,
}

/// Replays a dense journal of three minutes so many times.
///
/// # Errors
/// It does not replay the same, or the system does not tell processor time.
pub fn measure(journals: usize) -> Result<Report, Fault> {
    let text = three_minutes();
    let before = used()?;
    for _ in 0..journals {
        replay(&text)?;
    }
    let took = used()?.saturating_sub(before);
    let file = read(&text)?;
    let last = file.events().last().map_or(CallTime::ANSWER, |(at, _)| at);
    let bytes = CallFile { plan: None, ..file.clone() }.write().len();
    Ok(Report {
        journals,
        took,
        events: file.events().count(),
        lines: file.lines.len(),
        bytes,
        length: last.since(CallTime::ANSWER),
    })
}

fn read(text: &str) -> Result<CallFile, Fault> {
    CallFile::parse(text).map_err(|what| Fault::new(Owner::Gateway, what, "report it"))
}

fn replay(text: &str) -> Result<(), Fault> {
    let file = read(text)?;
    let plan = file.plan.as_deref().unwrap_or_default();
    let plan = serde_json::from_str(plan)
        .map_err(|error| Fault::new(Owner::Gateway, format!("the plan: {error}"), "report it"))?;
    match compare(&Recorded::new(file, Arc::new(plan))) {
        Finding::Same => Ok(()),
        Finding::Differs(difference) => {
            let what = format!("the journal does not fold the same:\n{difference}");
            Err(Fault::new(Owner::Gateway, what, "report it"))
        }
        Finding::Unreadable(fault) => Err(fault),
    }
}

/// The journal as a call file that stands alone.
fn three_minutes() -> String {
    let plan = Arc::new(shop_plan(Language::English));
    let mut lines = Vec::new();
    let mut tell = |at: u32, event: Event| lines.push(Line::Event { at: CallTime(at), event });
    tell(0, Event::Answered(answered()));
    tell(100, Event::Synthesised { reply: ReplyId(1), piece: PieceNo(0), length: Samples(12_000) });
    tell(1_700, played(1, 1_700));
    for turn in 0..(LENGTH - 2 * TURN / 3) / TURN {
        for (at, event) in one_turn(turn) {
            tell(at, event);
        }
    }
    tell(LENGTH, Event::HungUp);
    let stored = serde_json::to_string(&*plan).ok();
    let file = CallFile { head: vec!["# version: 1".to_owned()], lines, plan: stored };
    fold(&file, plan).write()
}

fn answered() -> Answered {
    let line = LineAbilities { marks: true, keys: true };
    let (engine, tag) = (EngineYes::Trusted, Tag::WhenAskedAgain);
    Answered { line, engine, tag, recorder: Recorder::None, attempt: 0, earlier: Vec::new() }
}

fn played(reply: u32, at: u32) -> Event {
    Event::Played { reply: ReplyId(reply), at: track(at), by: By::Mark }
}

fn track(at: u32) -> Position {
    Position(u64::from(at) * u64::from(LINE_RATE_HZ / 1_000))
}

/// The caller speaks, is told of word by word, and is answered.
fn one_turn(turn: u32) -> Vec<(u32, Event)> {
    let (from, generation, reply) = (2_000 + turn * TURN, GenerationId(turn + 1), turn + 2);
    let mut events = vec![(from + 80, Event::SpeechStarted { at: track(from) })];
    let partials = (1..SPEECH / PARTIAL).map(|n| {
        let word = Word { text: SAID[n as usize % SAID.len()].to_owned(), span: None };
        let end = TranscriptEnd::Partial;
        (from + 80 + n * PARTIAL, Event::Heard(Transcript { words: vec![word], end }))
    });
    events.extend(partials);
    let fell_silent = from + SPEECH;
    events.push((fell_silent + 700, Event::SpeechStopped { at: track(fell_silent) }));
    let part = SPEECH / SAID.len() as u32;
    let words = (0..).zip(SAID).map(|(n, text)| {
        let span = Span { from: track(from + n * part), to: track(from + (n + 1) * part) };
        Word { text: text.to_owned(), span: Some(span) }
    });
    let end = TranscriptEnd::Turn(Affirmation::ByWords);
    events.push((fell_silent + 760, Event::Heard(Transcript { words: words.collect(), end })));
    for (n, piece) in (0..).zip(ANSWER) {
        let at = fell_silent + 900 + n * 120;
        events.push((at, Event::Wrote { generation, piece: piece.to_owned() }));
        let (reply, piece) = (ReplyId(reply), PieceNo(n));
        events.push((at + 60, Event::Synthesised { reply, piece, length: Samples(4_000) }));
    }
    events.push((fell_silent + 1_300, Event::Finished { generation }));
    events.push((fell_silent + 2_700, played(reply, fell_silent + 2_700)));
    events
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { journals, took, events, lines, bytes, length } = self;
        let second = *journals as f64 / took.as_secs_f64().max(f64::MIN_POSITIVE);
        let met = |is: bool| if is { "met" } else { "NOT met" };
        writeln!(
            f,
            "replay: a journal of {length} with {events} events ({lines} lines), read, folded and compared"
        )?;
        writeln!(f, "        {journals} times; processor time of one thread")?;
        let each = *took / u32::try_from(*journals).unwrap_or(u32::MAX).max(1);
        writeln!(f, "  {} a journal, {second:.0} a second and core", time(each))?;
        writeln!(f, "  target {TARGET} a second and core: {}", met(second >= TARGET))?;
        writeln!(f, "  goal {GOAL} a second and core: {}", met(second >= GOAL))?;
        let minute = *bytes as f64 * 60_000.0 / f64::from(length.0.max(1));
        write!(
            f,
            "  journal: {:.1} KB for a minute of the call; target 40 KB: {}",
            minute / 1024.0,
            met(minute <= MINUTE_TARGET)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_journal_is_dense_answers_every_turn_and_replays_the_same() {
        let text = three_minutes();
        replay(&text).expect("it folds as it was written");
        let report = measure(1).expect("this machine tells processor time");
        assert!(report.events >= 2_500, "{} events", report.events);
        assert_eq!(report.length, Millis(LENGTH));
        let count = |what: &str| text.lines().filter(|line| line.contains(what)).count();
        let turns = count("< silence");
        assert_eq!(
            (turns, count("> say"), count("> generate")),
            (29, 1 + 3 * turns, turns),
            "every turn is answered"
        );
    }
}
