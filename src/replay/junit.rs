//! The pages of test runners: JUnit's XML.
//!
//! Promises: a failure and an error each say what was wrong, and show it.
//! Never: decides which of the two a test is.

use quick_junit::{NonSuccessKind, Report, TestCaseStatus, TestSuite};

use crate::core::base::{Fault, Owner};

/// A test that is not well: in one line, and in as many as it takes.
pub(crate) fn unwell(kind: NonSuccessKind, message: String, text: String) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_message(message).set_description(text);
    status
}

/// The page.
///
/// # Errors
/// It cannot be written as XML.
pub(crate) fn page(title: &str, suites: impl IntoIterator<Item = TestSuite>) -> Result<String, Fault> {
    let mut report = Report::new(title);
    report.add_test_suites(suites);
    report.to_string().map_err(|error| {
        Fault::new(Owner::Gateway, format!("the report cannot be written as XML: {error}"), "report it")
    })
}
