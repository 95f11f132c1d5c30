//! A log of intents that keeps none: for systems in which nothing can happen, mocked ones and those of a benchmark.
//!
//! Promises: every intent is new, and begins at once.
//! Never: stands before a system that somebody uses.

use std::future::ready;
use std::time::Duration;

use centralita_core::base::{ProposalId, ToolName};
use centralita_core::conversation::Outcome;
use futures::future::BoxFuture;

use super::allowance::NotSpent;
use super::probe::Finding;
use super::registry::{Intent, IntentLog, NotBegun};
use super::spec::PerCaller;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Unlogged;

impl IntentLog for Unlogged {
    fn begin(&self, _intent: Intent) -> BoxFuture<'_, Result<(), NotBegun>> {
        Box::pin(ready(Ok(())))
    }

    fn settled<'l>(&'l self, _: ProposalId, _: u32, _: &'l Outcome) -> BoxFuture<'l, ()> {
        Box::pin(ready(()))
    }

    fn found(&self, _finding: &Finding) {}

    fn ago(&self, _: ProposalId, _: u32) -> BoxFuture<'_, Duration> {
        Box::pin(ready(Duration::MAX))
    }

    fn spend<'a>(&'a self, _tool: &'a ToolName, _limit: PerCaller) -> BoxFuture<'a, Result<(), NotSpent>> {
        Box::pin(ready(Ok(())))
    }
}
