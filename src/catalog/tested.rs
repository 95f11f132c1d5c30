//! The tests of an agent: calls that are played with nobody on the line and nobody behind the tools.
//!
//! Promises: what a test names, the agent has: its tools, their parameters; a caller who cannot be heard is not made to
//! speak.
//! Never: plays a call.

use std::collections::{BTreeMap, BTreeSet};

use centralita_core::base::{Millis, ToolName, nearest};
use centralita_core::conversation::{Effects, Policy, ToolPlan};
use serde_json::{Map, Value};

use super::exchange::fill;
use super::place::{Place, Spanned};
use super::problems::{Desk, shown};
use super::reader::braces;
use super::written::{MockWritten, MoveWritten, TestWritten};
use crate::integrations::Sample;

/// The longest wait of a test: longer than any of a conversation but the whole call.
pub(super) const WAIT_MS_MAX: u32 = 120_000;

/// One call to be played.
#[derive(Clone, Debug)]
pub struct AgentTest {
    pub name: String,
    /// `agents/shop.yaml`.
    pub file: String,
    /// Where it is written, from one.
    pub line: usize,
    /// What answers a tool's own request in the place of its sample.
    pub mocks: BTreeMap<ToolName, Sample>,
    pub steps: Vec<Step>,
}

/// One line of it.
#[derive(Clone, Debug)]
pub struct Step {
    pub line: usize,
    pub what: Move,
}

/// What the caller does, or what is expected of the agent after what the caller did last.
#[derive(Clone, Debug, PartialEq)]
pub enum Move {
    Says(String),
    Presses(String),
    Waits(Millis),
    /// The agent says these words; `…` stands for any others.
    Agent(String),
    /// The agent has asked about this, and was heard to the end.
    Confirms(Wish),
    Runs(Wish),
    /// From here on, this tool does not run.
    RunsNot(ToolName),
    HangsUp,
}

/// A tool, and those of its arguments that matter.
#[derive(Clone, Debug, PartialEq)]
pub struct Wish {
    pub tool: ToolName,
    pub args: Map<String, Value>,
}

/// Reads the tests. Where an integration could not be read (`unread`), a tool nobody knows may be one of its.
pub(super) fn read(
    desk: &mut Desk<'_>,
    written: &[Spanned<TestWritten>],
    tools: &[ToolPlan],
    hears: bool,
    unread: bool,
) -> Vec<AgentTest> {
    let mut names = BTreeSet::new();
    let mut tests = Vec::new();
    for test in written {
        let TestWritten { name, tools: mocks, call } = &test.value;
        if name.value.trim().is_empty() || !names.insert(name.value.trim()) {
            let what = format!("`{}` is no name of its own", shown(&name.value));
            desk.say(name.place, what, "say in a few words what this test is about");
        }
        let mut reader = Tests { desk: &mut *desk, tools, hears, unread };
        tests.push(AgentTest {
            name: name.value.trim().to_owned(),
            file: reader.desk.file.to_owned(),
            line: test.place.line,
            mocks: mocks.iter().filter_map(|(tool, mock)| reader.mock(tool, mock)).collect(),
            steps: call.iter().filter_map(|step| reader.step(step)).collect(),
        });
        let caller = |step: &Spanned<MoveWritten>| {
            matches!(step.value, MoveWritten::Caller(_) | MoveWritten::Keys(_) | MoveWritten::Waits(_))
        };
        if call.iter().all(caller) {
            let remedy =
                "add what shall come of it: `agent: words`, `confirms:`, `runs:`, `runs_not:` or `hangs_up`";
            desk.say(name.place, "this test expects nothing, so it cannot fail", remedy);
        }
    }
    tests
}

struct Tests<'d, 'a> {
    desk: &'d mut Desk<'a>,
    tools: &'d [ToolPlan],
    hears: bool,
    unread: bool,
}

impl<'d> Tests<'d, '_> {
    fn mock(&mut self, tool: &str, mock: &Spanned<MockWritten>) -> Option<(ToolName, Sample)> {
        let name = self.tool(mock.place, tool)?.name.clone();
        let sample = match &mock.value {
            MockWritten::Answers(tree) => Sample::Answer(fill(tree, &mut |text| braces(text))),
            MockWritten::Refuses(status) => {
                if !(400..600).contains(status) {
                    let what = format!("{status} is no status by which a system refuses");
                    self.desk.say(mock.place, what, "400 to 599; what it answers otherwise is `answers:`");
                }
                Sample::Status(*status)
            }
            MockWritten::Silent => Sample::Silence,
        };
        Some((name, sample))
    }

    fn step(&mut self, written: &Spanned<MoveWritten>) -> Option<Step> {
        let at = written.place;
        let what = match &written.value {
            MoveWritten::Caller(words) => Move::Says(self.said(at, words)),
            MoveWritten::Keys(keys) => Move::Presses(self.pressed(at, keys)),
            MoveWritten::Waits(millis) => {
                if !(1..=WAIT_MS_MAX).contains(millis) {
                    let what = format!("nobody waits for {millis} ms here");
                    self.desk.say(at, what, format!("1 to {WAIT_MS_MAX} milliseconds"));
                }
                Move::Waits(Millis(*millis))
            }
            MoveWritten::Agent(words) => {
                if words.chars().all(|c| !c.is_alphanumeric()) {
                    self.desk.say(at, "there is no word that the agent could say", "write some of its words");
                }
                Move::Agent(words.clone())
            }
            MoveWritten::Confirms(wish) => {
                let wish = self.wish(at, wish)?;
                self.is_asked_about(at, &wish.tool);
                Move::Confirms(wish)
            }
            MoveWritten::Runs(wish) => Move::Runs(self.wish(at, wish)?),
            MoveWritten::RunsNot(tool) => Move::RunsNot(self.tool(at, tool)?.name.clone()),
            MoveWritten::HangsUp => Move::HangsUp,
        };
        Some(Step { line: at.line, what })
    }

    fn said(&mut self, at: Place, words: &str) -> String {
        if words.trim().is_empty() {
            self.desk.say(at, "the caller says nothing", "write what is said; a pause is `waits: 8000`");
        }
        if !self.hears {
            let remedy = "its callers use keys: `keys: \"1\"`";
            self.desk.say(at, "this agent has `stt: none` and hears nobody", remedy);
        }
        words.trim().to_owned()
    }

    fn pressed(&mut self, at: Place, keys: &str) -> String {
        if keys.is_empty() || !keys.chars().all(|key| key.is_ascii_digit() || matches!(key, '*' | '#')) {
            let what = format!("`{}` is no row of keys", shown(keys));
            self.desk.say(at, what, "0 to 9, `*` and `#`, in quotes: \"1182\"");
        }
        keys.to_owned()
    }

    fn is_asked_about(&mut self, at: Place, tool: &ToolName) {
        let plan = self.tools.iter().find(|plan| plan.name == *tool);
        let never = |plan: &ToolPlan| plan.effects == Effects::None || plan.confirm.policy == Policy::Never;
        if plan.is_some_and(never) {
            let remedy = "expect `runs:`; or see `effects` and `confirm: policy:` in its integration";
            self.desk.say(at, format!("`{tool}` is never asked about"), remedy);
        }
    }

    /// `shop.refund`, or `{shop.refund: {amount: "20"}}`.
    fn wish(&mut self, at: Place, written: &Value) -> Option<Wish> {
        let none = Map::new();
        let (tool, args) = match written {
            Value::String(tool) => (tool.as_str(), &none),
            Value::Object(one) if one.len() == 1 => {
                let (tool, args) = one.iter().next()?;
                let Value::Object(args) = args else {
                    let remedy = format!("write `{{{}: {{order: \"1182\"}}}}`", shown(tool));
                    self.desk.say(at, "a tool's arguments are names with values", remedy);
                    return None;
                };
                (tool.as_str(), args)
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                let remedy = "write `shop.refund`, or `{shop.refund: {order: \"1182\"}}`";
                self.desk.say(at, "here stands one tool, with arguments or without", remedy);
                return None;
            }
        };
        let plan = self.tool(at, tool)?;
        let odd = args.keys().find(|name| plan.parameters.iter().all(|p| p.name != **name));
        let name = plan.name.clone();
        if let Some(odd) = odd {
            let known: Vec<&str> = plan.parameters.iter().map(|p| p.name.as_str()).collect();
            let remedy = match nearest(odd, known.iter().copied()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("its parameters: {}", known.join(", ")),
            };
            self.desk.say(at, format!("`{name}` has no parameter `{}`", shown(odd)), remedy);
        }
        Some(Wish { tool: name, args: args.clone() })
    }

    fn tool(&mut self, at: Place, name: &str) -> Option<&'d ToolPlan> {
        let tools = self.tools;
        let found = tools.iter().find(|plan| *plan.name.0 == *name);
        if found.is_none() && !self.unread {
            let known: Vec<&str> = tools.iter().map(|plan| &*plan.name.0).collect();
            let remedy = match (nearest(name, known.iter().copied()), known.as_slice()) {
                (Some(meant), _) => format!("did you mean `{meant}`?"),
                (None, []) => "this agent has no tools".to_owned(),
                (None, known) => format!("tools of this agent: {}", known.join(", ")),
            };
            self.desk.say(at, format!("this agent has no tool `{}`", shown(name)), remedy);
        }
        found
    }
}
