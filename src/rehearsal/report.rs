//! What became of an agent's tests, for people, for programs and for a test runner's page.
//!
//! Promises: a failure shows the call as a play, with the place in it, what was expected and what came instead.
//! Never: prints; it makes text.

use std::fmt;

use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};
use serde_json::{Value, json};

use super::meets::Unmet;
use crate::core::base::Fault;
use crate::core::journal::CallFile;
use crate::replay::facts::around;
use crate::replay::junit::{page, unwell};

/// One test, played.
#[derive(Clone, Debug)]
pub struct Rehearsed {
    pub agent: String,
    pub name: String,
    /// `agents/shop.yaml:37`.
    pub place: String,
    /// The call, in the lines of a journal.
    pub call: CallFile,
    /// What went wrong beside it: a model that did not answer.
    pub troubles: Vec<Fault>,
    /// The first expectation that was not met.
    pub unmet: Option<Unmet>,
}

impl Rehearsed {
    /// Every expectation was met.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.unmet.is_none()
    }

    /// The call as a play; where it failed, with the place pointed out.
    #[must_use]
    pub fn play(&self) -> String {
        around(&self.call, self.unmet.as_ref().map(|unmet| unmet.line), usize::MAX)
    }

    fn why(&self, unmet: &Unmet) -> String {
        let mut told = format!("expected at {}: {}\n", unmet.place, unmet.expected);
        let instead = if unmet.instead.is_empty() {
            "nothing of the kind".to_owned()
        } else {
            unmet.instead.join("\n         ")
        };
        told.push_str(&format!("instead: {instead}\n"));
        for trouble in &self.troubles {
            told.push_str(&format!("trouble: {trouble}\n"));
        }
        told.push_str(
            "what to do: if the agent is right, edit the expectation; else its prompt, answers or tools",
        );
        told
    }
}

/// A failure with its play; what is good in one line.
impl fmt::Display for Rehearsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(unmet) = &self.unmet else { return write!(f, "ok      {}: {}", self.agent, self.name) };
        let (play, why) = (self.play(), self.why(unmet));
        write!(f, "FAILED  {}: {} ({})\n{play}\n{why}", self.agent, self.name, self.place)
    }
}

/// All of them, in the order they were played.
#[derive(Clone, Debug, Default)]
pub struct Report(pub Vec<Rehearsed>);

impl Report {
    /// None failed.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.failed() == 0
    }

    /// How many failed.
    #[must_use]
    pub fn failed(&self) -> usize {
        self.0.iter().filter(|test| !test.is_good()).count()
    }

    /// For programs.
    #[must_use]
    pub fn json(&self) -> Value {
        let tests = self.0.iter().map(|test| {
            let mut told =
                json!({ "agent": test.agent, "name": test.name, "place": test.place, "ok": test.is_good() });
            if let Some(unmet) = &test.unmet {
                told["at"] = unmet.place.clone().into();
                told["expected"] = unmet.expected.clone().into();
                told["instead"] = unmet.instead.clone().into();
                told["play"] = test.play().lines().map(str::trim_end).collect::<Vec<_>>().into();
            }
            told
        });
        let tests: Vec<Value> = tests.collect();
        json!({ "ok": self.is_good(), "passed": self.0.len() - self.failed(), "failed": self.failed(), "tests": tests })
    }

    /// For a test runner's page: JUnit's XML, a suite for each agent.
    ///
    /// # Errors
    /// It cannot be written as XML.
    pub fn junit(&self) -> Result<String, Fault> {
        let suites = self.0.chunk_by(|a, b| a.agent == b.agent).map(|tests| {
            let mut suite = TestSuite::new(tests.first().map_or("", |test| test.agent.as_str()));
            suite.add_test_cases(tests.iter().map(case));
            suite
        });
        page("centralita test", suites)
    }
}

fn case(test: &Rehearsed) -> TestCase {
    let status = match &test.unmet {
        None => TestCaseStatus::success(),
        Some(unmet) => {
            let expected = format!("expected at {}: {}", unmet.place, unmet.expected);
            unwell(NonSuccessKind::Failure, expected, format!("{}\n{}", test.play(), test.why(unmet)))
        }
    };
    TestCase::new(test.name.as_str(), status)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for test in &self.0 {
            writeln!(f, "{test}{}", if test.is_good() { "" } else { "\n" })?;
        }
        write!(
            f,
            "tests: {}; {} passed, {} failed",
            self.0.len(),
            self.0.len() - self.failed(),
            self.failed()
        )
    }
}
