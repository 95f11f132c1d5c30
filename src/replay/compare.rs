//! One recorded call through today's heart: same orders?
//!
//! Promises: the first difference is shown by the whole step it lies in, with the lines around it, in the words of the
//! call file.
//! Never: calls a record different because a killed process could not write the orders of its last event.

use std::fmt;
use std::sync::Arc;

use super::expect;
use super::source::Recorded;
use crate::core::base::Fault;
use crate::core::journal::{CallFile, Folds, Line, fold, folds};

/// Lines shown before and after a difference.
const AROUND: usize = 4;

/// What became of a recorded call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    Same,
    Differs(Difference),
    /// The record is broken, or of another version.
    Unreadable(Fault),
}

/// The first step that is not as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Number of the first line that differs, as an editor shows it.
    pub line: usize,
    pub before: Vec<String>,
    pub recorded: Vec<String>,
    pub today: Vec<String>,
    pub after: Vec<String>,
}

/// Folds the record and compares: every order, or where the file says so those that are written.
#[must_use]
pub fn compare(recorded: &Recorded) -> Finding {
    let (file, plan) = (&recorded.file, || Arc::clone(&recorded.plan));
    let want = &file.lines;
    if expect::is_written(file) {
        let unmet = expect::unmet(want, &fold(file, plan()).lines);
        return unmet.map_or(Finding::Same, |unmet| {
            Finding::Differs(Difference { line: recorded.line_number(unmet.line), ..unmet })
        });
    }
    match folds(file, plan()) {
        Folds::Same => return Finding::Same,
        Folds::Further if !recorded.is_whole() => return Finding::Same,
        Folds::Further | Folds::Otherwise => {}
    }
    // Once more, and written this time: somebody reads where it differs.
    let got = fold(file, plan()).lines;
    let same = want.iter().zip(&got).take_while(|(a, b)| a == b).count();
    let (ours, theirs) = (step(&want[same..]), step(&got[same..]));
    let tail = ours.iter().rev().zip(theirs.iter().rev()).take_while(|(a, b)| a == b).count();
    let rest = &want[same + ours.len() - tail..];
    Finding::Differs(Difference {
        line: recorded.line_number(same),
        before: written(&want[same.saturating_sub(AROUND)..same]),
        recorded: written(&ours[..ours.len() - tail]),
        today: written(&theirs[..theirs.len() - tail]),
        after: written(&rest[..rest.len().min(AROUND)]),
    })
}

/// What belongs to the step under way: all before the next event.
fn step(lines: &[Line]) -> &[Line] {
    let next = lines.iter().position(|line| matches!(line, Line::Event { .. })).unwrap_or(lines.len());
    &lines[..next]
}

pub(super) fn written(lines: &[Line]) -> Vec<String> {
    let file = CallFile { lines: lines.to_vec(), ..CallFile::default() };
    file.write().lines().map(str::to_owned).collect()
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Difference { before, recorded, today, after, .. } = self;
        let mut rows = Vec::new();
        for (sign, lines) in [(' ', before), ('-', recorded), ('+', today), (' ', after)] {
            rows.extend(lines.iter().map(|line| format!("{sign} {line}")));
        }
        write!(f, "{}", rows.join("\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::sim::script_plan;

    /// The beginning of a call, as this build answers it.
    const CALL: &str = "# plan: en
    0.000 < answered
          > say #1.0 greeting \"Hello, how can I help you?\"
          > end #1
          > watch speech=200 silence=700 expect=anything
    0.100 < synthesised #1.0 12000
    1.800 < played #1 ~13600 mark
          > watch speech=60 silence=700 expect=anything
    2.300 < speech ~17600
";

    fn recorded(text: &str) -> Recorded {
        let (file, numbers) = CallFile::numbered(text).expect("a call file");
        Recorded { file, plan: Arc::new(script_plan("en").expect("the plan has that name")), numbers }
    }

    fn difference(text: &str) -> Difference {
        match compare(&recorded(text)) {
            Finding::Differs(difference) => difference,
            other @ (Finding::Same | Finding::Unreadable(_)) => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_call_that_is_answered_as_recorded_is_the_same() {
        assert_eq!(compare(&recorded(CALL)), Finding::Same);
    }

    #[test]
    fn a_difference_is_shown_by_its_step_with_the_lines_around_it() {
        let found = difference(&CALL.replace("how can I help you?", "what is it?"));
        assert_eq!(found.line, 3, "the head has a line");
        let want = r#"      0.000 < answered
-           > say #1.0 greeting "Hello, what is it?"
+           > say #1.0 greeting "Hello, how can I help you?"
            > end #1
            > watch speech=200 silence=700 expect=anything
      0.100 < synthesised #1.0 12000
      1.800 < played #1 ~13600 mark"#;
        assert_eq!(found.to_string(), want);
    }

    #[test]
    fn an_order_that_is_missing_and_one_too_many_are_differences() {
        let missing = difference(&CALL.replace("          > end #1\n", ""));
        assert_eq!((missing.recorded.len(), missing.today.len()), (0, 1), "{missing}");
        let more =
            difference(&CALL.replace("          > end #1\n", "          > end #1\n          > end #1\n"));
        assert_eq!((more.recorded.len(), more.today.len()), (1, 0), "{more}");
    }

    #[test]
    fn a_killed_call_may_lack_the_orders_of_its_last_event_and_no_others() {
        let cut = |to: &str| CALL[..CALL.find(to).expect("the text holds it")].to_owned();
        let killed = format!("# not-ended: killed\n{}", cut("          > watch speech=60"));
        assert_eq!(compare(&recorded(&killed)), Finding::Same);
        assert!(matches!(compare(&recorded(&cut("          > watch speech=60"))), Finding::Differs(_)));
        let hole = format!("# not-ended: killed\n{}", CALL.replace("          > end #1\n", ""));
        assert!(matches!(compare(&recorded(&hole)), Finding::Differs(_)));
    }
}
