//! What a test expects, held against the call that was played.
//!
//! Promises: an expectation is met by what came after the caller's last move, those of one kind in their order; what came
//! instead is told.
//! Never: changes what was played.

use serde_json::Value;

use super::stage::Played;
use crate::catalog::{Agent, AgentTest, Move, Wish};
use crate::core::call::PrivateValues;
use crate::core::template::Renderer;
use crate::integrations::is_same_argument;
use crate::replay::facts::{Deed, Fact, facts, holds};

/// An expectation that was not met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmet {
    /// `agents/shop.yaml:41`.
    pub place: String,
    pub expected: String,
    /// What came in its place.
    pub instead: Vec<String>,
    /// The line of the call behind which it was missed.
    pub line: usize,
}

/// The first expectation that was not met.
pub(super) fn unmet(agent: &Agent, test: &AgentTest, played: &Played) -> Option<Unmet> {
    let (facts, lines) = (facts(&played.file), played.file.lines.len());
    let judge = Judge { agent, facts, lines, private: &played.private };
    // Where each kind of expectation goes on to look.
    let (mut range, mut said, mut asked, mut ran) = ((0, 0), 0, 0, 0);
    for (step, (from, to)) in test.steps.iter().zip(&played.ranges) {
        if matches!(step.what, Move::Says(_) | Move::Presses(_) | Move::Waits(_)) {
            continue;
        }
        if range.0 != *from {
            (said, asked, ran) = (*from, *from, *from);
        }
        range = (*from, *to);
        let met = match &step.what {
            Move::Says(_) | Move::Presses(_) | Move::Waits(_) => None,
            Move::Agent(words) => judge.next(&mut said, *to, |deed| judge.is_said(deed, words)),
            Move::Confirms(wish) => judge.next(&mut asked, *to, |deed| judge.is_asked(deed, wish)),
            Move::Runs(wish) => judge.next(&mut ran, *to, |deed| judge.is_run(deed, wish)),
            Move::RunsNot(tool) => {
                let mut anywhere = *from;
                let ran = |deed: &Deed| matches!(deed, Deed::Ran { tool: of, .. } if *of == *tool.0);
                match judge.next(&mut anywhere, judge.lines, ran) {
                    Some(line) => return Some(judge.missed(test, step, (*from, line + 1))),
                    None => Some(*to),
                }
            }
            Move::HangsUp => judge.next(&mut { *from }, *to, |deed| *deed == Deed::HungUp),
        };
        if met.is_none() {
            return Some(judge.missed(test, step, range));
        }
    }
    None
}

struct Judge<'a> {
    agent: &'a Agent,
    facts: Vec<Fact>,
    lines: usize,
    private: &'a PrivateValues,
}

impl Judge<'_> {
    /// The next fact of that kind from there on, and the place behind it.
    fn next(&self, from: &mut usize, to: usize, is: impl Fn(&Deed) -> bool) -> Option<usize> {
        let inside = |fact: &&Fact| (*from..to).contains(&fact.line) && is(&fact.deed);
        let line = self.facts.iter().find(inside)?.line;
        *from = line + 1;
        Some(line)
    }

    /// Digits in the expectation may be said as words.
    fn is_said(&self, deed: &Deed, words: &str) -> bool {
        let Deed::Said { text, .. } = deed else { return false };
        let text = self.private.spoken(self.agent.plan.language, &self.agent.plan.currency, text);
        holds(&text, words) || holds(&text, &self.spoken(words))
    }

    fn spoken(&self, words: &str) -> String {
        let renderer = Renderer::new(self.agent.plan.language, &self.agent.plan.currency);
        let spoken = |word: &str| {
            let digits: String = word.chars().filter(char::is_ascii_digit).collect();
            let vars = serde_json::json!({ "word": digits });
            let is_row = !digits.is_empty() && word.chars().all(|c| !c.is_alphabetic());
            is_row.then(|| renderer.render("{{ word | digits }}", &vars).ok()).flatten()
        };
        let words = words.split_whitespace().map(|word| spoken(word).unwrap_or_else(|| word.to_owned()));
        words.collect::<Vec<_>>().join(" ")
    }

    fn is_asked(&self, deed: &Deed, wish: &Wish) -> bool {
        let Deed::Asked { proposal } = deed else { return false };
        self.facts.iter().any(|fact| {
            let Deed::Wished { proposal: of, tool, args } = &fact.deed else { return false };
            of == proposal && self.is(wish, tool, args)
        })
    }

    fn is_run(&self, deed: &Deed, wish: &Wish) -> bool {
        let Deed::Ran { tool, args } = deed else { return false };
        self.is(wish, tool, args)
    }

    /// The same tool, and every argument that is named.
    fn is(&self, wish: &Wish, tool: &str, args: &Value) -> bool {
        let Some(plan) = self.agent.plan.tool(&wish.tool).filter(|plan| *plan.name.0 == *tool) else {
            return false;
        };
        let args = self.private.in_json(args).unwrap_or_else(|_| args.clone());
        wish.args.iter().all(|(name, wanted)| {
            let parameter = plan.parameters.iter().find(|p| p.name == *name);
            let given = args.get(name).unwrap_or(&Value::Null);
            parameter.is_some_and(|known| is_same_argument(known, wanted, given, &self.agent.plan.currency))
        })
    }

    fn missed(&self, test: &AgentTest, step: &crate::catalog::Step, range: (usize, usize)) -> Unmet {
        let told = |tool: &str, args: &Value| format!("{tool} {args}");
        let wish = |wish: &Wish| match wish.args.is_empty() {
            true => wish.tool.to_string(),
            false => told(&wish.tool.0, &Value::Object(wish.args.clone())),
        };
        let said = |deed: &Deed| {
            let Deed::Said { text, .. } = deed else { return None };
            Some(format!("agent: {text}"))
        };
        let asked = |deed: &Deed| {
            let Deed::Wished { tool, args, .. } = deed else { return None };
            Some(format!("wishes: {}", told(tool, args)))
        };
        let ran = |deed: &Deed| {
            let Deed::Ran { tool, args } = deed else { return None };
            Some(format!("runs: {}", told(tool, args)))
        };
        let (expected, instead) = match &step.what {
            Move::Agent(words) => (format!("agent: {words}"), self.all(range, said)),
            Move::Confirms(of) => (format!("confirms: {}", wish(of)), self.all(range, asked)),
            Move::Runs(of) => (format!("runs: {}", wish(of)), self.all(range, ran)),
            Move::RunsNot(tool) => (format!("runs_not: {tool}"), self.all(range, ran)),
            Move::HangsUp | Move::Says(_) | Move::Presses(_) | Move::Waits(_) => {
                ("hangs_up".to_owned(), self.all(range, said))
            }
        };
        let place = format!("{}:{}", test.file, step.line);
        Unmet { place, expected, instead, line: range.1.saturating_sub(1) }
    }

    fn all(&self, range: (usize, usize), told: impl Fn(&Deed) -> Option<String>) -> Vec<String> {
        let inside = self.facts.iter().filter(|fact| (range.0..range.1).contains(&fact.line));
        inside.filter_map(|fact| told(&fact.deed)).collect()
    }
}
