//! A recorded call, run again by this build, and what a test asks about it.
//!
//! Promises: an expectation that is not met panics at the test's own line, and says what was expected, what the call
//! did, the lines around it, and what to do.
//! Never: carries out an order; waits.

use serde_json::Value;

use super::compare::{Finding, compare};
use super::facts::{Deed, Fact, around, facts, holds};
use super::source::Recorded;
use crate::core::base::{CallTime, Millis};
use crate::core::journal::CallFile;

/// Lines of the play shown before and after the one that a failure is about.
const AROUND: usize = 4;

/// What became of a call when its facts were told again, on the virtual clock.
#[derive(Clone, Debug)]
#[must_use = "a run says nothing until it is asked"]
pub struct Run {
    recorded: Recorded,
    /// The call as this build answers it.
    today: CallFile,
    facts: Vec<Fact>,
}

/// The turns of the caller that held words.
#[derive(Clone, Copy, Debug)]
#[must_use = "it expects nothing by itself"]
pub struct Turns<'r>(&'r Run);

/// One action with effects that was asked about: its question, and the answer to it.
#[derive(Clone, Copy, Debug)]
#[must_use = "it expects nothing by itself"]
pub struct Confirmation<'r> {
    run: &'r Run,
    nth: usize,
}

/// The runs of one tool.
#[derive(Clone, Copy, Debug)]
#[must_use = "it expects nothing by itself"]
pub struct Tool<'r> {
    run: &'r Run,
    name: &'r str,
}

/// Words, in whatever the agent says.
#[derive(Clone, Copy, Debug)]
#[must_use = "it expects nothing by itself"]
pub struct Words<'r> {
    run: &'r Run,
    words: &'r str,
}

/// How long the caller waited for an answer: from the end of the voice to the first sound of the reply.
#[derive(Clone, Copy, Debug)]
#[must_use = "it expects nothing by itself"]
pub struct Latency<'r>(&'r Run);

impl Recorded {
    /// Tells the recorded facts to a new conversation of the call's plan.
    pub fn run(&self) -> Run {
        let today = crate::core::journal::fold(&self.file, self.plan.clone());
        Run { recorded: self.clone(), facts: facts(&today), today }
    }
}

impl Run {
    /// The caller's turns.
    pub fn turns(&self) -> Turns<'_> {
        Turns(self)
    }

    /// The action that was asked about as the `nth`, the first is 0.
    pub fn confirmation(&self, nth: usize) -> Confirmation<'_> {
        Confirmation { run: self, nth }
    }

    /// A tool by its name, `integration.tool`.
    pub fn tool<'r>(&'r self, name: &'r str) -> Tool<'r> {
        Tool { run: self, name }
    }

    /// These words, one after the other, in one reply of the agent: whatever their case and signs; `…` stands for any
    /// others.
    pub fn says<'r>(&'r self, words: &'r str) -> Words<'r> {
        Words { run: self, words }
    }

    /// The waits of the caller.
    pub fn latency(&self) -> Latency<'_> {
        Latency(self)
    }

    /// The call as a play: who said what, which tools ran, what the gate ruled.
    #[must_use]
    pub fn play(&self) -> String {
        around(&self.today, None, 0)
    }

    /// Every order is the one that was recorded, or that the file expects.
    ///
    /// # Panics
    /// One is not; it is shown.
    #[track_caller]
    pub fn expect_as_recorded(&self) {
        match compare(&self.recorded) {
            Finding::Same => {}
            Finding::Differs(difference) => panic!(
                "the call goes otherwise than it was recorded, from line {} (- recorded, + today)\n{difference}\nwhat to do: \
                 if today's is right, record the call anew or edit the expectation; else see what changed the agent",
                difference.line
            ),
            Finding::Unreadable(fault) => panic!("{fault}"),
        }
    }

    fn deeds(&self) -> impl Iterator<Item = &Deed> {
        self.facts.iter().map(|fact| &fact.deed)
    }

    /// Fails, with what the call did around a line of it.
    #[track_caller]
    fn fail(&self, what: &str, line: Option<usize>, remedy: &str) -> ! {
        let call = self.recorded.file.head_value("call").map(|id| format!(" {id}")).unwrap_or_default();
        let shown = around(&self.today, line, AROUND);
        panic!("{what}\nthe call{call}:\n{shown}\nwhat to do: {remedy}");
    }
}

impl<'r> Turns<'r> {
    /// What the caller said, turn by turn.
    #[must_use]
    pub fn words(self) -> Vec<&'r str> {
        let words = |deed: &'r Deed| if let Deed::Turn(words) = deed { Some(words.as_str()) } else { None };
        self.0.deeds().filter_map(words).collect()
    }

    /// There are so many.
    ///
    /// # Panics
    /// There are not.
    #[track_caller]
    pub fn expect_count(self, count: usize) {
        let turns = self.words();
        if turns.len() != count {
            let what = format!(
                "{count} turns of the caller were expected, and there are {}: {turns:?}",
                turns.len()
            );
            self.0.fail(&what, None, "count what the caller says in the play above, or record the call anew");
        }
    }
}

impl Confirmation<'_> {
    /// Its proposal, where there is one.
    fn proposal(self) -> Option<(usize, String)> {
        let mut seen: Vec<(usize, String)> = Vec::new();
        for fact in &self.run.facts {
            let Deed::Said { role, .. } = &fact.deed else { continue };
            let Some(proposal) = role.strip_prefix("question:") else { continue };
            if seen.iter().all(|(_, known)| known != proposal) {
                seen.push((fact.line, proposal.to_owned()));
            }
        }
        seen.into_iter().nth(self.nth)
    }

    #[track_caller]
    fn found(self) -> (usize, String) {
        self.proposal().unwrap_or_else(|| {
            let what = format!(
                "a confirmation number {} was expected (the first is 0), and nothing was asked there",
                self.nth
            );
            let remedy = "see in the play above what the caller wished, and whether its tool still asks";
            self.run.fail(&what, None, remedy)
        })
    }

    /// Its question holds these words.
    ///
    /// # Panics
    /// It does not, or there is no such question.
    #[track_caller]
    pub fn expect_question(self, words: &str) {
        let (line, proposal) = self.found();
        let role = format!("question:{proposal}");
        let asked = |deed: &Deed| matches!(deed, Deed::Said { role: of, text, .. } if *of == role && holds(text, words));
        if !self.run.deeds().any(asked) {
            let what = format!("the question about {proposal} was expected to hold \"{words}\"");
            self.run.fail(
                &what,
                Some(line),
                "compare it with `confirm: question:` of the tool, or edit the words here",
            );
        }
    }

    /// It was heard to its end, and then answered with a yes, by voice or key.
    ///
    /// # Panics
    /// It was not.
    #[track_caller]
    pub fn expect_answered_yes(self) {
        self.answered("yes", &["yes", "key-1"], "expect_answered_no()");
    }

    /// It was answered with a no, by voice or key.
    ///
    /// # Panics
    /// It was not.
    #[track_caller]
    pub fn expect_answered_no(self) {
        self.answered("no", &["no", "key-2"], "expect_answered_yes()");
    }

    #[track_caller]
    fn answered(self, wanted: &str, verdicts: &[&str], other: &str) {
        let (line, proposal) = self.found();
        let judged = self.run.facts.iter().rev().find_map(|fact| {
            let Deed::Judged { proposal: of, verdict } = &fact.deed else { return None };
            (*of == proposal).then_some((fact.line, verdict.as_str()))
        });
        match judged {
            Some((_, verdict)) if verdicts.contains(&verdict) => {}
            Some((line, verdict)) => {
                let what = format!(
                    "{proposal} was expected to be answered with {wanted}, and its answer counts as: {verdict}"
                );
                self.run.fail(
                    &what,
                    Some(line),
                    &format!("if that is right, write `{other}`; else see how it was asked"),
                );
            }
            None => {
                let what = format!(
                    "{proposal} was expected to be answered with {wanted}, and no answer to it was judged"
                );
                self.run.fail(&what, Some(line), "see whether its question was heard to its end");
            }
        }
    }
}

impl Tool<'_> {
    fn runs(self) -> Vec<(usize, Value)> {
        let ran = |fact: &Fact| {
            let Deed::Ran { tool, args } = &fact.deed else { return None };
            (tool == self.name).then_some((fact.line, args.clone()))
        };
        self.run.facts.iter().filter_map(ran).collect()
    }

    /// It ran exactly once.
    ///
    /// # Panics
    /// It ran never, or again.
    #[track_caller]
    pub fn expect_run_once(self) {
        self.once();
    }

    /// It ran exactly once, with these arguments and no others. Values are compared as the model gave them.
    ///
    /// # Panics
    /// It ran never, again, or with others.
    #[track_caller]
    pub fn expect_run_once_with(self, args: Value) {
        let (line, ran) = self.once();
        if ran != args {
            let what = format!("`{}` was expected to run with {args}, and ran with {ran}", self.name);
            self.run.fail(&what, Some(line), "edit the arguments here if the call is right");
        }
    }

    /// It never ran.
    ///
    /// # Panics
    /// It did.
    #[track_caller]
    pub fn expect_not_run(self) {
        if let Some((line, args)) = self.runs().into_iter().next() {
            let what = format!("`{}` was expected not to run, and ran with {args}", self.name);
            self.run.fail(&what, Some(line), "see in the play above what gave it leave");
        }
    }

    #[track_caller]
    fn once(self) -> (usize, Value) {
        let mut runs = self.runs();
        match (runs.len(), runs.pop()) {
            (1, Some((line, args))) => (line, args),
            (0, _) | (_, None) => {
                let others: Vec<&str> = self.run.deeds().filter_map(ran).collect();
                let others = if others.is_empty() { "none".to_owned() } else { others.join(", ") };
                let what = format!(
                    "`{}` was expected to run once, and did not run; tools that ran: {others}",
                    self.name
                );
                self.run.fail(
                    &what,
                    None,
                    "see in the play above what became of the wish: refused, declined, or never made",
                );
            }
            (count, Some((line, _))) => {
                let what = format!("`{}` was expected to run once, and ran {count} times", self.name);
                self.run.fail(&what, Some(line), "see in the play above which of them the caller wished");
            }
        }
    }
}

fn ran(deed: &Deed) -> Option<&str> {
    if let Deed::Ran { tool, .. } = deed { Some(tool) } else { None }
}

impl Words<'_> {
    fn line(self) -> Option<usize> {
        let said = |fact: &Fact| matches!(&fact.deed, Deed::Said { text, .. } if holds(text, self.words));
        self.run.facts.iter().find(|fact| said(fact)).map(|fact| fact.line)
    }

    /// The agent says them.
    ///
    /// # Panics
    /// It does not.
    #[track_caller]
    pub fn expect(self) {
        if self.line().is_none() {
            let what = format!("the agent was expected to say \"{}\"", self.words);
            let remedy = "look for what it says instead; `…` stands for words that do not matter";
            self.run.fail(&what, None, remedy);
        }
    }

    /// The agent never says them.
    ///
    /// # Panics
    /// It does.
    #[track_caller]
    pub fn expect_never(self) {
        if let Some(line) = self.line() {
            let what = format!("the agent was expected never to say \"{}\"", self.words);
            self.run.fail(&what, Some(line), "see what led there");
        }
    }
}

impl Latency<'_> {
    /// Each wait, with the line of the reply that ended it.
    fn waits(self) -> Vec<(usize, Millis)> {
        let (mut silent, mut reply, mut waits) = (None, None, Vec::new());
        for fact in &self.0.facts {
            match &fact.deed {
                Deed::FellSilent(at) => {
                    silent = Some(CallTime(u32::try_from(at.0 / 8).unwrap_or(u32::MAX)));
                    reply = None;
                }
                Deed::Said { reply: said, .. } => drop(reply.get_or_insert((said.clone(), fact.line))),
                Deed::Voiced { reply: voiced } => {
                    if let Some((_, line)) = reply.as_ref().filter(|(said, _)| said == voiced)
                        && let Some(since) = silent.take()
                    {
                        waits.push((*line, fact.at.since(since)));
                    }
                }
                Deed::Turn(_)
                | Deed::Wished { .. }
                | Deed::Asked { .. }
                | Deed::Judged { .. }
                | Deed::Ran { .. }
                | Deed::Settled { .. }
                | Deed::HungUp => {}
            }
        }
        waits
    }

    /// The longest wait; none where nobody was answered.
    #[must_use]
    pub fn longest(self) -> Option<Millis> {
        self.waits().into_iter().map(|(_, wait)| wait).max()
    }

    /// The caller was answered, and never waited so long.
    ///
    /// # Panics
    /// There was a wait of that length or longer, or no answer at all.
    #[track_caller]
    pub fn expect_below(self, limit: Millis) {
        match self.waits().into_iter().max_by_key(|(_, wait)| *wait) {
            Some((_, wait)) if wait < limit => {}
            Some((line, wait)) => {
                let what = format!("every answer was expected within {limit}, and one took {wait}");
                let remedy = "the times are those of the recording: see whether model or synthesiser were slow that day";
                self.0.fail(&what, Some(line), remedy);
            }
            None => {
                let what = "answers were expected, and after no turn of the caller anything was said";
                self.0.fail(what, None, "record a call in which the caller is answered");
            }
        }
    }
}
