//! Two outlines of one call, the recorded one and today's: what is different.
//!
//! Promises: every turn, barge-in, answer, action and word of the agent's is looked at; of a row that goes apart the
//! first difference is told, for what follows may follow from it.
//! Never: calls different what lies within the tolerance.

use std::fmt;

use super::outline::{BargeIn, Outline, Turn};
use super::play::{seconds, stretch};
use crate::base::{Millis, Position, Span};

/// What call times may be off beside the tolerance: how late a process is woken, and a frame's way.
pub const TIME_SLACK: Millis = Millis(40);

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// `turn`, `barge-in`, `latency`, `answer`, `action`, `said`, `end`, `missing`; `cassette`: the journal contradicts it.
    pub kind: &'static str,
    pub what: String,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind, self.what)
    }
}

/// What is different today. Edges of speech may be `tolerance` apart, call times [`TIME_SLACK`] more.
#[must_use]
pub fn compare(recorded: &Outline, today: &Outline, tolerance: Millis) -> Vec<Change> {
    let mut changes = Vec::new();
    turns(&recorded.turns, &today.turns, tolerance, &mut changes);
    barge_ins(&recorded.barge_ins, &today.barge_ins, tolerance + TIME_SLACK, &mut changes);
    for (kind, recorded, today) in [
        ("answer", &recorded.answers, &today.answers),
        ("action", &recorded.actions, &today.actions),
        ("said", &recorded.said, &today.said),
    ] {
        changes.extend(row(kind, recorded, today));
    }
    if recorded.end != today.end {
        let word =
            |end: &Option<String>| end.clone().map_or("not by us".to_owned(), |why| format!("by us, {why}"));
        changes.push(Change {
            kind: "end",
            what: format!("recorded {}, today {}", word(&recorded.end), word(&today.end)),
        });
    }
    changes
}

/// Turns of both runs side by side: those that overlap are the same one.
#[must_use]
pub fn pairs(recorded: &[Turn], today: &[Turn]) -> Vec<(Option<Turn>, Option<Turn>)> {
    let (mut ours, mut theirs) = (recorded.iter().copied().peekable(), today.iter().copied().peekable());
    let mut pairs = Vec::new();
    loop {
        let pair = match (ours.peek(), theirs.peek()) {
            (None, None) => return pairs,
            (Some(was), Some(is)) if overlap(was, is) => (ours.next(), theirs.next()),
            (Some(was), Some(is)) if is.from < was.from => (None, theirs.next()),
            (Some(_), _) => (ours.next(), None),
            (None, Some(_)) => (None, theirs.next()),
        };
        pairs.push(pair);
    }
}

fn turns(recorded: &[Turn], today: &[Turn], tolerance: Millis, changes: &mut Vec<Change>) {
    let mut tell = |kind, what| changes.push(Change { kind, what });
    let mut n = 0;
    for pair in pairs(recorded, today) {
        n += u32::from(pair.0.is_some());
        let turn = format!("turn {n}");
        match pair {
            (Some(was), Some(is)) => {
                let off = apart(was.from, is.from);
                if off.unsigned_abs() > u64::from(tolerance.0) {
                    let (is, was) = (seconds(is.from), seconds(was.from));
                    tell("turn", format!("{turn} begins at {is}, recorded {was} ({off:+} ms)"));
                }
                end(&turn, &was, &is, tolerance, &mut tell);
                waited(&turn, was.answered, is.answered, tolerance + TIME_SLACK, &mut tell);
            }
            (Some(was), None) => {
                tell("turn", format!("{turn} is not heard today (recorded {})", whole(&was)))
            }
            (None, Some(is)) => tell("turn", format!("one more is heard today ({})", whole(&is))),
            (None, None) => {}
        }
    }
}

fn end(turn: &str, was: &Turn, is: &Turn, tolerance: Millis, tell: &mut impl FnMut(&'static str, String)) {
    match (was.to, is.to) {
        (Some(was), Some(is)) => {
            let off = apart(was, is);
            if off.unsigned_abs() > u64::from(tolerance.0) {
                tell(
                    "turn",
                    format!("{turn} ends at {}, recorded {} ({off:+} ms)", seconds(is), seconds(was)),
                );
            }
        }
        (Some(was), None) => tell("turn", format!("{turn} does not end today, recorded {}", seconds(was))),
        (None, Some(is)) => tell("turn", format!("{turn} ends at {}, recorded not at all", seconds(is))),
        (None, None) => {}
    }
}

fn waited(
    turn: &str,
    was: Option<Millis>,
    is: Option<Millis>,
    tolerance: Millis,
    tell: &mut impl FnMut(&'static str, String),
) {
    match (was, is) {
        (Some(was), Some(is)) if was.0.abs_diff(is.0) > tolerance.0 => {
            let off = i64::from(is.0) - i64::from(was.0);
            tell("latency", format!("{turn} is answered after {is}, recorded {was} ({off:+} ms)"));
        }
        (Some(was), None) => tell("latency", format!("{turn} is not answered today, recorded after {was}")),
        (None, Some(is)) => tell("latency", format!("{turn} is answered after {is}, recorded not at all")),
        (Some(_), Some(_)) | (None, None) => {}
    }
}

fn barge_ins(recorded: &[BargeIn], today: &[BargeIn], tolerance: Millis, changes: &mut Vec<Change>) {
    let mut tell = |what| changes.push(Change { kind: "barge-in", what });
    for n in 0..recorded.len().max(today.len()) {
        match (recorded.get(n), today.get(n)) {
            (Some(was), Some(is)) if was.reply != is.reply || was.at.0.abs_diff(is.at.0) > tolerance.0 => {
                tell(format!("{} is cut at {}, recorded {} at {}", is.reply, is.at, was.reply, was.at));
            }
            (Some(was), None) => tell(format!("{} is not cut today, recorded at {}", was.reply, was.at)),
            (None, Some(is)) => tell(format!("{} is cut at {}, recorded not at all", is.reply, is.at)),
            (Some(_), Some(_)) | (None, None) => {}
        }
    }
}

/// The first place at which two rows go apart.
fn row(kind: &'static str, recorded: &[String], today: &[String]) -> Option<Change> {
    let same = recorded.iter().zip(today).take_while(|(was, is)| was == is).count();
    let word = |row: &[String]| row.get(same).map_or("nothing more".to_owned(), |word| format!("`{word}`"));
    let differs = same < recorded.len().max(today.len());
    differs.then(|| Change { kind, what: format!("{} today, recorded {}", word(today), word(recorded)) })
}

fn overlap(a: &Turn, b: &Turn) -> bool {
    let before = |to: Option<Position>, from: Position| to.is_some_and(|to| to <= from);
    !before(a.to, b.from) && !before(b.to, a.from)
}

/// In milliseconds, later is above zero.
fn apart(was: Position, is: Position) -> i64 {
    (i64::try_from(is.0).unwrap_or(i64::MAX) - i64::try_from(was.0).unwrap_or(i64::MAX)) / 8
}

fn whole(turn: &Turn) -> String {
    match turn.to {
        Some(to) => stretch(Span { from: turn.from, to }),
        None => format!("{} to no end", seconds(turn.from)),
    }
}
