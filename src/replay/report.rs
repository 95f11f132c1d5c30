//! What became of many recorded calls, for people, for programs and for a test runner's page.
//!
//! Promises: every form tells of every call that is not the same, and why; counts add up.
//! Never: prints; it makes text.

use std::fmt;

use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};
use serde_json::{Value, json};

use super::compare::Finding;
use super::junit::{page, unwell};
use crate::core::base::Fault;

/// One call, replayed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replayed {
    pub name: String,
    /// Lines of the record: events, timers and orders.
    pub lines: usize,
    pub finding: Finding,
}

/// All of them, in the order they were named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report(pub Vec<Replayed>);

impl Report {
    /// Every call is the same.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.count(|finding| *finding == Finding::Same) == self.0.len()
    }

    fn count(&self, which: impl Fn(&Finding) -> bool) -> usize {
        self.0.iter().filter(|replayed| which(&replayed.finding)).count()
    }

    fn counts(&self) -> [(&'static str, usize); 3] {
        [
            ("same", self.count(|finding| *finding == Finding::Same)),
            ("differ", self.count(|finding| matches!(finding, Finding::Differs(_)))),
            ("unreadable", self.count(|finding| matches!(finding, Finding::Unreadable(_)))),
        ]
    }

    /// For programs.
    #[must_use]
    pub fn json(&self) -> Value {
        let calls: Vec<Value> = self.0.iter().map(call_json).collect();
        let mut report = json!({ "ok": self.is_good(), "calls": calls });
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
        let mut suite = TestSuite::new("replay");
        suite.add_test_cases(self.0.iter().map(|replayed| {
            let status = match &replayed.finding {
                Finding::Same => TestCaseStatus::success(),
                Finding::Differs(difference) => {
                    let message = format!("differs at line {}", difference.line);
                    unwell(NonSuccessKind::Failure, message, difference.to_string())
                }
                Finding::Unreadable(fault) => {
                    unwell(NonSuccessKind::Error, fault.what.clone(), fault.remedy.clone())
                }
            };
            TestCase::new(replayed.name.as_str(), status)
        }));
        page("centralita", [suite])
    }
}

fn call_json(replayed: &Replayed) -> Value {
    let mut call = json!({ "call": replayed.name, "lines": replayed.lines });
    match &replayed.finding {
        Finding::Same => call["outcome"] = "same".into(),
        Finding::Differs(difference) => {
            call["outcome"] = "differs".into();
            call["line"] = difference.line.into();
            call["recorded"] = difference.recorded.clone().into();
            call["today"] = difference.today.clone().into();
        }
        Finding::Unreadable(fault) => {
            call["outcome"] = "unreadable".into();
            call["why"] = fault.what.clone().into();
            call["remedy"] = fault.remedy.clone().into();
        }
    }
    call
}

/// For people: the calls that are not the same, and the counts.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Replayed { name, finding, .. } in &self.0 {
            match finding {
                Finding::Same => {}
                Finding::Differs(difference) => {
                    writeln!(
                        f,
                        "{name}: differs at line {} (- recorded, + today)\n{difference}\n",
                        difference.line
                    )?;
                }
                // The fault names its call.
                Finding::Unreadable(fault) => writeln!(f, "{}\n  hint: {}\n", fault.what, fault.remedy)?,
            }
        }
        let lines: usize = self.0.iter().map(|replayed| replayed.lines).sum();
        let [(_, same), (_, differ), (_, unreadable)] = self.counts();
        write!(
            f,
            "calls: {}, lines: {lines}; {same} the same, {differ} differ, {unreadable} unreadable",
            self.0.len()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::base::Owner;
    use crate::replay::Difference;

    fn report() -> Report {
        let difference = Difference {
            line: 2,
            before: vec!["    0.000 < answered".to_owned()],
            recorded: vec!["          > say #1.0 greeting \"<Hello>\"".to_owned()],
            today: Vec::new(),
            after: Vec::new(),
        };
        let broken = Fault::new(Owner::Admin, "c.call: line 7: `x` is not a time", "mend it");
        let replayed = |name: &str, finding| Replayed { name: name.to_owned(), lines: 9, finding };
        Report(vec![
            replayed("a.call", Finding::Same),
            replayed("b.call", Finding::Differs(difference)),
            replayed("c.call", Finding::Unreadable(broken)),
        ])
    }

    #[test]
    fn people_read_what_differs_and_the_counts() {
        let want = "b.call: differs at line 2 (- recorded, + today)
      0.000 < answered
-           > say #1.0 greeting \"<Hello>\"

c.call: line 7: `x` is not a time
  hint: mend it

calls: 3, lines: 27; 1 the same, 1 differ, 1 unreadable";
        assert_eq!(report().to_string(), want);
    }

    #[test]
    fn programs_read_the_same() {
        let json = report().json();
        assert_eq!(
            (&json["ok"], &json["same"], &json["differ"], &json["unreadable"]),
            (&json!(false), &json!(1), &json!(1), &json!(1))
        );
        assert_eq!(json["calls"][1]["recorded"][0], "          > say #1.0 greeting \"<Hello>\"");
        assert_eq!(json["calls"][2]["remedy"], "mend it");
    }

    #[test]
    fn a_test_runner_reads_a_failure_and_an_error() {
        let xml = report().junit().expect("words of a call are XML");
        assert!(
            xml.contains(r#"tests="3""#) && xml.contains(r#"failures="1""#) && xml.contains(r#"errors="1""#),
            "{xml}"
        );
        assert!(xml.contains("&lt;Hello&gt;"), "{xml}");
    }
}
