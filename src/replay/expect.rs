//! Expectations that were written down: a call file whose head says `# expect: written`.
//!
//! Only the orders that stand in the file are expected, in their order, each behind the event it stands behind; others
//! may come between. `…` in an order stands for anything.
//!
//! Promises: what is expected and did not come is shown with what came in its place.
//! Never: lets an order of one step answer for another's.

use super::compare::{Difference, written};
use crate::core::journal::{CallFile, Line};

/// How the head says that only what is written is expected.
pub(super) const EXPECT: &str = "expect";
pub(super) const WRITTEN: &str = "written";

/// Stands for anything in an expectation.
pub(super) const ANYTHING: char = '…';

/// Lines shown before and after an expectation that was not met.
const AROUND: usize = 4;

/// Whether only what is written is expected of this call.
pub(super) fn is_written(file: &CallFile) -> bool {
    file.head_value(EXPECT) == Some(WRITTEN)
}

/// The first expectation that today's lines do not meet; its `line` is the place among `want`, from zero.
pub(super) fn unmet(want: &[Line], got: &[Line]) -> Option<Difference> {
    let mut next = 0;
    for (n, line) in want.iter().enumerate() {
        let found = match line {
            Line::Event { .. } => got[next..].iter().position(|today| today == line),
            // Until the next event: what comes behind that is of another step.
            Line::Timer { .. } | Line::Order { .. } => {
                stretch(&got[next..]).iter().position(|today| meets(line, today))
            }
        };
        match found {
            Some(at) => next += at + 1,
            None => return Some(difference(want, got, n, next)),
        }
    }
    None
}

/// What comes before the next event.
fn stretch(lines: &[Line]) -> &[Line] {
    let next = lines.iter().position(|line| matches!(line, Line::Event { .. })).unwrap_or(lines.len());
    &lines[..next]
}

fn meets(want: &Line, today: &Line) -> bool {
    match (want, today) {
        (Line::Order { text: want }, Line::Order { text: today }) => fits(want, today),
        _ => want == today,
    }
}

/// Whether a text is as written; `…` is anything.
fn fits(want: &str, text: &str) -> bool {
    let parts: Vec<&str> = want.split(ANYTHING).collect();
    let [first, middle @ .., last] = parts.as_slice() else { return want == text };
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

fn difference(want: &[Line], got: &[Line], at: usize, next: usize) -> Difference {
    // Of what came instead: nothing that a later expectation of this step stands for.
    let later = stretch(&want[at + 1..]);
    let instead = stretch(&got[next..]).iter();
    let instead = instead.filter(|line| matters(line) && later.iter().all(|want| !meets(want, line)));
    let today: Vec<Line> = instead.cloned().collect();
    Difference {
        line: at,
        before: written(&want[at.saturating_sub(AROUND)..at]),
        recorded: written(&want[at..=at]),
        today: written(&today),
        after: written(&want[at + 1..want.len().min(at + 1 + AROUND)]),
    }
}

/// What matters to a person who reads a test: what is said, wished, asked, judged, run and recorded, and
/// the end.
pub(super) fn matters(line: &Line) -> bool {
    match line {
        Line::Order { text } => {
            let verb = text.split(' ').next().unwrap_or_default();
            matches!(verb, "say" | "prepare" | "run" | "record" | "note" | "hang-up")
        }
        Line::Event { .. } | Line::Timer { .. } => false,
    }
}

/// An order without what a test does not need: the numbers of replies and generations, positions, keys and digests.
pub(super) fn loosened(order: &str) -> String {
    let words: Vec<&str> = order.splitn(4, ' ').collect();
    match words.as_slice() {
        ["say", _, role, text] => {
            let role = if role.starts_with("answer:") { "answer:…" } else { role };
            format!("say {ANYTHING} {role} {text}")
        }
        ["note", "asked", rest @ ..] => {
            let proposal = rest.first().and_then(|rest| rest.split(' ').next()).unwrap_or_default();
            format!("note asked {proposal} {ANYTHING}")
        }
        ["note", "screened", ..] => format!("note screened {ANYTHING}"),
        ["run", ..] => match (order.rsplit_once(" key="), order.rsplit_once(' ')) {
            (Some((call, _)), Some((_, leave))) => format!("{call} {ANYTHING} {leave}"),
            _ => order.to_owned(),
        },
        _ => order.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<Line> {
        CallFile::parse(text).expect("a call file").lines
    }

    const TODAY: &str = "    0.000 < answered
          > say #1.0 greeting \"Hello.\"
          > end #1
    1.000 . silence
          > say #2.0 reminder \"Are you there?\"
    2.000 < hung-up
          > note withdrawn t1
";

    #[test]
    fn what_is_not_written_may_come_and_what_is_written_must() {
        for (want, met) in [
            ("0.000 < answered\n2.000 < hung-up\n", true),
            ("0.000 < answered\n> end #1\n2.000 < hung-up\n", true),
            ("0.000 < answered\n> say … reminder \"Are you …\"\n2.000 < hung-up\n", true),
            ("0.000 < answered\n1.000 . silence\n2.000 < hung-up\n> note withdrawn t1\n", true),
            ("0.000 < answered\n> note withdrawn t1\n2.000 < hung-up\n", false),
            ("0.000 < answered\n2.000 < hung-up\n> end #1\n", false),
            ("0.000 < answered\n> say … reminder …\n> say … greeting …\n2.000 < hung-up\n", false),
            ("0.000 < answered\n> say … reminder \"Are we …\"\n2.000 < hung-up\n", false),
        ] {
            assert_eq!(unmet(&lines(want), &lines(TODAY)).is_none(), met, "{want}");
        }
    }

    #[test]
    fn what_came_instead_is_shown_and_nothing_that_was_expected_as_well() {
        let want = "0.000 < answered\n> say … greeting \"Hi.\"\n> say … reminder …\n2.000 < hung-up\n";
        let difference = unmet(&lines(want), &lines(TODAY)).expect("the greeting is another");
        let shown = "      0.000 < answered
-           > say … greeting \"Hi.\"
+           > say #1.0 greeting \"Hello.\"
            > say … reminder …
      2.000 < hung-up";
        assert_eq!((difference.line, difference.to_string().as_str()), (1, shown));
    }

    #[test]
    fn an_order_keeps_what_matters_to_a_person() {
        for (order, kept) in [
            ("say #3.0 answer:@2 \"It is … 3.\"", "say … answer:… \"It is … 3.\""),
            ("say #4.1 question:t2 \"Yes or no?\"", "say … question:t2 \"Yes or no?\""),
            ("note asked t2 ~214400", "note asked t2 …"),
            ("note judged t2 yes", "note judged t2 yes"),
            (
                "run t2 a.b {\"x\":\"1 key=2\"} key=t2 action=00ff confirmed",
                "run t2 a.b {\"x\":\"1 key=2\"} … confirmed",
            ),
            ("hang-up finished", "hang-up finished"),
        ] {
            assert_eq!(loosened(order), kept);
            assert!(fits(kept, order), "{kept}");
        }
    }
}
