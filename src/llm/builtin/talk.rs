//! The thread of the talk: what the caller is being helped with, told anew from the history each time.
//!
//! Promises: one answer to every message; whatever happened before, there is something to say.
//! Never: says *done*: what became of an action with effects was told by code before.

use std::collections::BTreeMap;

use serde_json::Value;

use super::intent::{Intent, Intents, Match};
use super::slots::{Seek, Values, keyed};
use super::speak;
use super::words::{Words, words};
use crate::core::base::{ProposalId, ToolName};
use crate::core::conversation::{Effects, Parameter, ParameterKind, Plan, ToolPlan};
use crate::core::language::{Answer, Cues, Phrase, judge, tokens};
use crate::llm::{DECLINED, Message, UNPREPARED, WITHHELD};

/// What the model does next.
#[derive(Debug)]
pub(super) enum Move {
    Say(String),
    Propose { tool: ToolName, args: Value },
}

/// One talk as far as it has come.
#[derive(Debug)]
pub(super) struct Talk<'p> {
    plan: &'p Plan,
    words: &'static Words,
    intents: Intents<'p>,
    task: Task<'p>,
    calls: BTreeMap<ProposalId, (ToolName, Values)>,
    /// All values the caller has said or keyed so far, for "refund *it*".
    said: Values,
    /// How many times in a row nothing was understood.
    misses: u8,
}

#[derive(Clone, Debug)]
enum Task<'p> {
    /// Nothing is under way.
    Idle,
    /// We asked whether there is anything else; a proposal that was declined just before may be changed.
    Offered { declined: Option<(&'p ToolPlan, Values)> },
    /// We asked for a value.
    Filling { tool: &'p ToolPlan, values: Values, asked: &'p Parameter },
}

/// How the caller spoke last; a question is put accordingly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Voice,
    Keys,
}

/// So many times not understood, and the caller hears what can be asked.
const MISSES_MAX: u8 = 2;
/// How many examples a caller is told: more is not remembered.
const EXAMPLES_MAX: usize = 3;
/// Thanks and goodbyes are short; in a longer speech they are manners.
const MANNERS_WORDS_MAX: usize = 7;
/// The longest refusal to leave a message; anything longer is one.
const REFUSAL_WORDS_MAX: usize = 3;

impl<'p> Talk<'p> {
    pub(super) fn about(plan: &'p Plan) -> Talk<'p> {
        Talk {
            plan,
            words: words(plan.language),
            intents: Intents::of(plan),
            task: Task::Idle,
            calls: BTreeMap::new(),
            said: Values::new(),
            misses: 0,
        }
    }

    /// What to answer to the last thing that happened.
    pub(super) fn answer(mut self, history: &[Message]) -> Move {
        let mut last = self.say(&[self.words.hello]);
        for message in history {
            match message {
                Message::Caller { text, keyed: false } => last = self.hear(text),
                Message::Caller { text, keyed: true } => last = self.take_keys(text),
                Message::Agent { .. } => {}
                Message::Called { id, tool, args } => {
                    let args = args.as_object().cloned().unwrap_or_default().into_iter().collect();
                    self.calls.insert(*id, (tool.clone(), args));
                }
                Message::Result { id, text } => last = self.result(*id, text),
            }
        }
        last
    }

    fn hear(&mut self, said: &str) -> Move {
        match std::mem::replace(&mut self.task, Task::Idle) {
            Task::Idle => self.begin(said).unwrap_or_else(|| self.manners(said)),
            Task::Offered { declined } => self.after_offer(said, declined),
            Task::Filling { tool, values, asked } => self.fill(said, tool, values, asked),
        }
    }

    /// What was said asks for something the plan has.
    fn begin(&mut self, said: &str) -> Option<Move> {
        let found = self.intents.best(said)?;
        self.misses = 0;
        Some(match found.intent {
            Intent::Tool(tool) => self.start(said, tool),
            Intent::Answer(answer) => self.offer(&answer.say),
        })
    }

    fn start(&mut self, said: &str, tool: &'p ToolPlan) -> Move {
        let mut values = Seek { plan: self.plan, tool, asked: None }.find(said, &Values::new());
        let points = tokens(said).iter().any(|word| self.words.pointing.contains(&word.as_str()));
        for parameter in tool.parameters.iter().filter(|p| points && p.kind == ParameterKind::Digits) {
            if let Some(value) = self.said.get(&parameter.name) {
                values.entry(parameter.name.clone()).or_insert_with(|| value.clone());
            }
        }
        self.proceed(tool, values, By::Voice)
    }

    /// Asks for the next value that is missing, or proposes.
    fn proceed(&mut self, tool: &'p ToolPlan, values: Values, by: By) -> Move {
        self.misses = 0;
        self.said.extend(values.clone());
        let missing = tool.parameters.iter().find(|p| p.required && !values.contains_key(&p.name));
        let Some(asked) = missing else {
            return Move::Propose { tool: tool.name.clone(), args: values.into_iter().collect() };
        };
        self.task = Task::Filling { tool, values, asked };
        match by {
            By::Keys if asked.kind != ParameterKind::Text => self.say(&[&asked.ask, self.words.key_in]),
            By::Keys | By::Voice => self.say(&[&asked.ask]),
        }
    }

    fn fill(&mut self, said: &str, tool: &'p ToolPlan, values: Values, asked: &'p Parameter) -> Move {
        let back = Task::Filling { tool, values: values.clone(), asked };
        let meant = self.intents.best(said).filter(Match::interrupts);
        if asked.kind == ParameterKind::Text {
            // Any words may be the message, but for a short no.
            if self.refuses(said) && tokens(said).len() <= REFUSAL_WORDS_MAX {
                return self.offer(self.words.all_right);
            }
        } else if let Some(Intent::Tool(other)) = meant.map(|m| m.intent)
            && other.name != tool.name
        {
            return self.start(said, other);
        } else if let Some(Intent::Answer(answer)) = meant.map(|m| m.intent) {
            self.task = back;
            return self.say(&[&answer.say, &asked.ask]);
        }
        let found = Seek { plan: self.plan, tool, asked: Some(asked) }.find(said, &values);
        if !found.is_empty() {
            let mut values = values;
            values.extend(found);
            return self.proceed(tool, values, By::Voice);
        }
        self.no_value(said, back, asked)
    }

    fn no_value(&mut self, said: &str, back: Task<'p>, asked: &Parameter) -> Move {
        if self.is_short_with(said, self.words.goodbyes) {
            return self.goodbye();
        }
        if self.refuses(said) {
            return self.offer(self.words.all_right);
        }
        if judge(self.plan.language, said, &Cues::default()) == Answer::Wait {
            self.task = back;
            return self.say(&[self.words.take_your_time]);
        }
        self.misses += 1;
        if self.misses >= MISSES_MAX {
            return self.help();
        }
        self.task = back;
        self.say(&[self.words.sorry, &asked.ask])
    }

    fn after_offer(&mut self, said: &str, declined: Option<(&'p ToolPlan, Values)>) -> Move {
        if let Some(changed) = declined.and_then(|(tool, args)| self.changed(said, tool, &args)) {
            return changed;
        }
        if let Some(begun) = self.begin(said) {
            return begun;
        }
        match judge(self.plan.language, said, &Cues::default()) {
            Answer::No => self.goodbye(),
            Answer::Yes => self.say(&[self.words.what]),
            Answer::Wait => self.say(&[self.words.take_your_time]),
            Answer::Change | Answer::Question | Answer::Backchannel | Answer::Unclear => self.manners(said),
        }
    }

    /// The same tool with what the caller wants otherwise.
    fn changed(&mut self, said: &str, tool: &'p ToolPlan, args: &Values) -> Option<Move> {
        // A number without a name ("only twenty") is the amount: it is what callers haggle about.
        let asked = tool.parameters.iter().find(|p| p.kind == ParameterKind::Money);
        let mut found = Seek { plan: self.plan, tool, asked }.find(said, &Values::new());
        found.retain(|name, value| args.get(name) != Some(value));
        if found.is_empty() {
            return None;
        }
        let mut values = args.clone();
        values.extend(found);
        Some(self.proceed(tool, values, By::Voice))
    }

    fn take_keys(&mut self, keys: &str) -> Move {
        let mut pressed = keys.chars();
        match std::mem::replace(&mut self.task, Task::Idle) {
            Task::Filling { tool, mut values, asked } => match keyed(self.plan, asked, keys) {
                Some(value) => {
                    values.insert(asked.name.clone(), value);
                    self.proceed(tool, values, By::Keys)
                }
                None => self.no_value("", Task::Filling { tool, values, asked }, asked),
            },
            Task::Idle | Task::Offered { .. } => {
                let key = pressed.next().filter(|_| pressed.as_str().trim_end_matches('#').is_empty());
                let named = key.and_then(|key| self.plan.keys.get(&key));
                match named.and_then(|name| self.plan.tool(name)) {
                    Some(tool) => self.proceed(tool, Values::new(), By::Keys),
                    None => Move::Say(Phrase::KeyUnknown.say(self.plan.language)),
                }
            }
        }
    }

    fn result(&mut self, id: ProposalId, text: &str) -> Move {
        // What the caller answered to a question of the gate stands before it, and was no wish.
        self.task = Task::Idle;
        let Some((name, args)) = self.calls.get(&id).cloned() else { return self.offer("") };
        let Some(tool) = self.plan.tool(&name) else { return self.offer("") };
        if text.starts_with(WITHHELD) {
            return self.offer("");
        }
        if tool.effects == Effects::None || text.starts_with(UNPREPARED) {
            return self.offer(&speak::result(self.plan, tool, &args, text));
        }
        let Some(why) = text.strip_prefix(DECLINED) else { return self.offer("") };
        let said: Option<String> = serde_json::from_str(why.trim_start_matches([':', ' '])).ok();
        if let Some(moved) = said.and_then(|said| self.instead(&said, tool, &args)) {
            return moved;
        }
        let offer = self.offer("");
        self.task = Task::Offered { declined: Some((tool, args)) };
        offer
    }

    /// What a caller who declined wants: another tool, or the same with other values.
    fn instead(&mut self, said: &str, tool: &'p ToolPlan, args: &Values) -> Option<Move> {
        let meant = self.intents.best(said).filter(Match::interrupts).map(|m| m.intent);
        match meant {
            Some(Intent::Tool(other)) if other.name != tool.name => Some(self.start(said, other)),
            Some(Intent::Answer(answer)) => Some(self.offer(&answer.say)),
            Some(Intent::Tool(_)) | None => self.changed(said, tool, args),
        }
    }

    /// Greetings, thanks, goodbye, or nothing that was understood.
    fn manners(&mut self, said: &str) -> Move {
        if self.is_short_with(said, self.words.goodbyes) {
            return self.goodbye();
        }
        if self.is_short_with(said, self.words.thanks) {
            return self.offer(self.words.welcome);
        }
        if self.is_short_with(said, self.words.greetings) {
            self.misses = 0;
            return self.say(&[self.words.hello]);
        }
        self.misses += 1;
        if self.misses >= MISSES_MAX {
            return self.help();
        }
        Move::Say(Phrase::DidNotUnderstand.say(self.plan.language))
    }

    /// The plan's own examples tell best what can be asked.
    fn help(&mut self) -> Move {
        self.misses = 0;
        let spoken = |tool: &ToolPlan| {
            let plain = tool.examples.iter().find(|e| !e.contains('{'));
            plain.or(tool.examples.first()).map(|e| e.replace(['{', '}'], "").replace('_', " "))
        };
        let examples: Vec<String> = self.plan.tools.iter().filter_map(spoken).take(EXAMPLES_MAX).collect();
        if examples.is_empty() {
            return Move::Say(Phrase::DidNotUnderstand.say(self.plan.language));
        }
        Move::Say(format!("{}{}.", self.words.for_example, examples.join(self.words.or)))
    }

    fn offer(&mut self, first: &str) -> Move {
        self.misses = 0;
        self.task = Task::Offered { declined: None };
        self.say(&[first, self.words.more])
    }

    fn goodbye(&self) -> Move {
        Move::Say(Phrase::GoodbyeAsked.say(self.plan.language))
    }

    fn say(&self, sentences: &[&str]) -> Move {
        let said: Vec<&str> = sentences.iter().copied().filter(|s| !s.is_empty()).collect();
        Move::Say(said.join(" "))
    }

    fn refuses(&self, said: &str) -> bool {
        judge(self.plan.language, said, &Cues::default()) == Answer::No
    }

    fn is_short_with(&self, said: &str, phrases: &[&str]) -> bool {
        let said = tokens(said);
        let found = |phrase: &&str| {
            let wanted: Vec<&str> = phrase.split(' ').collect();
            said.windows(wanted.len()).any(|w| w.iter().map(String::as_str).eq(wanted.iter().copied()))
        };
        said.len() <= MANNERS_WORDS_MAX && phrases.iter().any(found)
    }
}
