//! One agent's file: from written to a plan.
//!
//! Promises: a plan that comes out has every tool, in its language, and a hash over all it means.
//! Never: comes out where something is wrong.

use std::collections::{BTreeMap, BTreeSet};

use centralita_core::base::{Digest, Fault, PrivateKind, ToolName};
use centralita_core::conversation::{CannedAnswer, Plan, PrivateList, Recording, Timing, ToolPlan, VoiceYes};
use centralita_core::language::{Language, is_currency};
use serde_json::{Map, Value, json};

use super::integration::Integration;
use super::place::{Place, Spanned};
use super::problems::{Desk, Problem};
use super::reader::{Reader, is_name, languages};
use super::tested::{self, AgentTest};
use super::verify::provable;
use super::written::{AgentFile, AnswerWritten, RecordingWritten};
use crate::integrations::{Answers, Connection, Sample, Source, ToolSpec, Toolbox, country_of};
use crate::secrets::Secrets;

/// Longest and shortest wait an agent's timing may say, in milliseconds: a frame, and an hour.
pub(super) const WAIT_MS: std::ops::RangeInclusive<u32> = 20..=3_600_000;
/// Nobody wants to be asked more often whether he is still there.
pub(super) const REMINDERS_MAX: u32 = 9;

/// One agent version, as it is meant.
#[derive(Debug)]
pub struct Agent {
    /// For people.
    pub title: String,
    /// Where its language is written: `agents/shop.yaml:4`.
    pub place: String,
    pub plan: Plan,
    pub services: Services,
    pub connections: Vec<Connection>,
    pub tools: Vec<ToolSpec>,
    /// Calls that `centralita test` plays.
    pub tests: Vec<AgentTest>,
}

/// Names of the engines an agent asks for; none means the gateway's own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Services {
    /// `none`, for callers who use keys alone.
    pub stt: Option<String>,
}

impl Agent {
    /// Its tools, ready to run; every secret that is missing.
    pub fn toolbox(&self, secrets: &Secrets) -> Result<Toolbox, Vec<Fault>> {
        let Plan { language, currency, .. } = &self.plan;
        Toolbox::new(*language, currency, &self.connections, self.tools.clone(), secrets)
    }

    /// Its tools with nobody behind them: their samples answer, or what is named here for a tool's own request.
    #[must_use]
    pub fn mocked_toolbox(&self, instead: &BTreeMap<ToolName, Sample>) -> Toolbox {
        let Plan { language, currency, .. } = &self.plan;
        let mut tools = self.tools.clone();
        for tool in &mut tools {
            if let Some(sample) = instead.get(&tool.name) {
                tool.request.sample = Some(match (sample, tool.request.answers) {
                    (Sample::Answer(Value::String(text)), Answers::Text) => Sample::Text(text.clone()),
                    (other, _) => other.clone(),
                });
                // Of what is silent in a test nobody finds out.
                if let (Sample::Silence, Some(probe)) = (sample, &mut tool.probe) {
                    probe.request.sample = Some(Sample::Silence);
                }
            }
        }
        Toolbox::mocked(*language, currency, &self.connections, tools)
    }
}

/// All integrations that were read, each with its file's name and text.
pub(super) type Known<'a> = BTreeMap<String, (Integration, &'a str, &'a str)>;

/// Reads an agent. Problems of a tool's words in its language are noted in the tool's file. Where an
/// integration could not be read (`unread`), a tool nobody knows may be one of its: that is no problem of the
/// agent.
pub(super) fn read(
    source: (&str, &str),
    file: AgentFile,
    known: &Known<'_>,
    unread: bool,
    problems: &mut Vec<Problem>,
) -> Option<Agent> {
    let mut own = Vec::new();
    let mut desk = Desk { file: source.0, text: source.1, problems: &mut own };
    super::check_version(&mut desk, &file.version);
    if !is_name(&file.id.value) {
        let what = format!("`{}` cannot be an agent's id", file.id.value);
        desk.say(file.id.place, what, "small letters, digits and `_`");
    }
    let language = Language::parse(&file.language.value);
    if language.is_none() {
        let what = format!("`{}` is no language the gateway speaks", file.language.value);
        desk.say(file.language.place, what, languages());
    }
    let currency = &file.currency.value;
    if !is_currency(currency) {
        let remedy = "one of ISO 4217's codes for money that is paid with, in capital letters: EUR, USD";
        desk.say(file.currency.place, format!("`{currency}` is no currency"), remedy);
    }
    plain_words(&mut desk, language.unwrap_or(Language::English), currency, &file);
    let assigned = assigned(&mut desk, &file.tools, known, unread);
    let keys = keys(&mut desk, &file.keys, &file.tools);
    let answers = file.answers.iter().map(|answer| canned(&mut desk, answer)).collect();
    wordings(&mut desk, &file.answers);
    let timing = timing(&mut desk, &file.timing);
    let spoken = spoken(&mut desk, &file);
    let private = private(&mut desk, &file);
    engines(&mut desk, &file);
    let recording = recording(&mut desk, &file);
    let place = format!("{}:{}", source.0, file.language.place.line);
    problems.append(&mut own);

    let language = language?;
    let tools_at = file.tools.first().map(|tool| tool.place);
    let (plans, tools) =
        tools(&assigned, known, (language, country_of(&file.language.value)), currency, spoken, problems);
    let mut desk = Desk { file: source.0, text: source.1, problems };
    provable(&mut desk, &plans, &file.tools);
    let hears = file.stt.as_ref().is_none_or(|stt| stt.value != "none");
    if let Some(at) = tools_at.filter(|_| !unread) {
        variables(&mut desk, at, &tools);
    }
    let tests = tested::read(&mut desk, &file.tests, &plans, hears, unread);
    let wanted: BTreeSet<&str> = assigned.iter().filter_map(|name| name.split('.').next()).collect();
    let connections: Vec<Connection> = wanted
        .into_iter()
        .filter_map(|id| known.get(id))
        .map(|(integration, ..)| integration.connection.clone())
        .collect();
    let mut plan = Plan {
        agent: file.id.value,
        language,
        currency: file.currency.value,
        greeting: file.greeting.value.trim().to_owned(),
        prompt: file.prompt.value.trim().to_owned(),
        tools: plans,
        keys,
        answers,
        timing,
        private,
        recording,
        hash: Digest::of_bytes(&[]),
    };
    let services = Services { stt: file.stt.map(|stt| stt.value) };
    plan.hash = Digest::of_json(&json!({
        "plan": plan, "tools": tools, "connections": connections, "stt": services.stt,
    }));
    Some(Agent { title: file.title, place, plan, services, connections, tools, tests })
}

/// The greeting, the prompt and the question for leave to record are words; nothing has a value before the first one is said.
fn plain_words(desk: &mut Desk<'_>, language: Language, currency: &str, file: &AgentFile) {
    let question = file.recording_question.as_ref().map(|question| (question, "recording_question"));
    for (words, field) in [(&file.greeting, "greeting"), (&file.prompt, "prompt")].into_iter().chain(question)
    {
        if words.value.trim().is_empty() {
            desk.say(
                words.place,
                format!("`{field}` is empty"),
                "write what is said, or how the agent shall behave",
            );
        }
        Reader::new(desk, language, currency).template(words.place, &words.value, &BTreeSet::new());
    }
}

fn assigned(
    desk: &mut Desk<'_>,
    written: &[Spanned<String>],
    known: &Known<'_>,
    unread: bool,
) -> BTreeSet<String> {
    let all: BTreeSet<String> =
        known.values().flat_map(|(integration, ..)| integration.tool_names()).collect();
    let mut assigned = BTreeSet::new();
    for tool in written {
        let is_of_unread =
            unread && tool.value.split_once('.').is_some_and(|(id, _)| !known.contains_key(id));
        if !all.contains(&tool.value) && !is_of_unread {
            let list: Vec<&str> = all.iter().map(String::as_str).collect();
            let remedy = match list.as_slice() {
                [] => "there is no tool at all: write an integration, integrations/ID.yaml".to_owned(),
                list => format!("tools of these integrations: {}", list.join(", ")),
            };
            desk.say(tool.place, format!("there is no tool `{}`", tool.value), remedy);
        } else if !assigned.insert(tool.value.clone()) {
            desk.say(tool.place, format!("`{}` is assigned twice", tool.value), "name it once");
        }
    }
    assigned
}

fn keys(
    desk: &mut Desk<'_>,
    written: &BTreeMap<u8, Spanned<String>>,
    assigned: &[Spanned<String>],
) -> BTreeMap<char, ToolName> {
    let mut keys = BTreeMap::new();
    for (key, tool) in written {
        if !(1..=9).contains(key) {
            desk.say(tool.place, format!("{key} is no key of the menu"), "keys 1 to 9 can be given to tools");
        }
        if assigned.iter().all(|name| name.value != tool.value) {
            let what = format!("key {key} calls `{}`, which is not assigned", tool.value);
            desk.say(tool.place, what, "add it to `tools`, or name one that is there");
        }
        keys.insert(char::from(b'0'.saturating_add(*key)), ToolName(tool.value.as_str().into()));
    }
    keys
}

fn canned(desk: &mut Desk<'_>, written: &Spanned<AnswerWritten>) -> CannedAnswer {
    let AnswerWritten { when, say } = &written.value;
    if when.iter().all(|wording| wording.trim().is_empty()) || say.trim().is_empty() {
        let remedy = "write under `when` how callers ask, and under `say` what they hear";
        desk.say(written.place, "an answer without words", remedy);
    }
    CannedAnswer { when: when.clone(), say: say.trim().to_owned() }
}

/// What callers say can lead to one answer only.
fn wordings(desk: &mut Desk<'_>, written: &[Spanned<AnswerWritten>]) {
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    for (n, answer) in written.iter().enumerate() {
        for wording in &answer.value.when {
            let plain = plain(wording);
            let first = *known.entry(plain.clone()).or_insert(n);
            if first != n && !plain.is_empty() {
                let line = written[first].place.line;
                let what = format!("\"{}\" leads to two answers, here and in line {line}", wording.trim());
                desk.say(
                    answer.place,
                    what,
                    "leave it with the one that is meant, or make one answer of both",
                );
            }
        }
    }
}

/// Small letters and digits, word by word.
fn plain(wording: &str) -> String {
    let words = wording.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}

fn timing(desk: &mut Desk<'_>, written: &BTreeMap<String, Spanned<u32>>) -> Timing {
    let default = Timing::default();
    let Ok(Value::Object(mut waits)) = serde_json::to_value(&default) else { return default };
    for (name, wait) in written {
        if !waits.contains_key(name) {
            let list: Vec<&str> = waits.keys().map(String::as_str).collect();
            desk.say(wait.place, format!("there is no wait `{name}`"), format!("waits: {}", list.join(", ")));
        } else if name == "reminders" && wait.value > REMINDERS_MAX {
            desk.say(wait.place, "nobody wants so many reminders", format!("0 to {REMINDERS_MAX}"));
        } else if name != "reminders" && !WAIT_MS.contains(&wait.value) {
            let remedy = format!("{} to {} milliseconds", WAIT_MS.start(), WAIT_MS.end());
            desk.say(wait.place, format!("`{name}` cannot be {} ms", wait.value), remedy);
        }
    }
    overridden(&mut waits, written).unwrap_or(default)
}

fn overridden(waits: &mut Map<String, Value>, written: &BTreeMap<String, Spanned<u32>>) -> Option<Timing> {
    for (name, wait) in written {
        waits.insert(name.clone(), wait.value.into());
    }
    serde_json::from_value(Value::Object(waits.clone())).ok()
}

/// An agent chooses between the gateway's engines and the names known here.
fn engines(desk: &mut Desk<'_>, file: &AgentFile) {
    for (field, written, known) in
        [("stt", &file.stt, &["none"] as &[&str]), ("tts", &file.tts, &[]), ("llm", &file.llm, &[])]
    {
        let Some(name) = written.as_ref().filter(|name| !known.contains(&name.value.as_str())) else {
            continue;
        };
        let list = if known.is_empty() { "no name is known".to_owned() } else { known.join(", ") };
        desk.say(
            name.place,
            format!("`{field}` cannot be `{}`", name.value),
            format!("names of `{field}`: {list}; leave it out for the gateway's own"),
        );
    }
}

/// Whether calls are recorded; leave is asked for only where it can be given.
fn recording(desk: &mut Desk<'_>, file: &AgentFile) -> Recording {
    let written = file.recording.as_ref().map_or(RecordingWritten::On, |written| written.value);
    if let Some(question) =
        file.recording_question.as_ref().filter(|_| written != RecordingWritten::AfterConsent)
    {
        let remedy = "write `recording: after_consent` beside it, or take it away";
        desk.say(question.place, "nobody puts the question of `recording_question`", remedy);
    }
    match written {
        RecordingWritten::Off => Recording::Off,
        RecordingWritten::On => Recording::On,
        RecordingWritten::AfterConsent => {
            // Callers who cannot be heard answer by keys, unless a menu gives these another meaning.
            let (deaf, menu) = (file.stt.is_some(), [1, 2].iter().any(|key| file.keys.contains_key(key)));
            if let Some(place) = file.recording.as_ref().map(|written| written.place).filter(|_| deaf && menu)
            {
                let what = "nobody could give leave to record: callers are not heard, and keys 1 and 2 are the menu's";
                desk.say(place, what, "give the tools other keys than 1 and 2, or write `recording: off`");
            }
            let question = file.recording_question.as_ref().map(|question| question.value.trim().to_owned());
            Recording::AfterConsent { question: question.unwrap_or_default() }
        }
    }
}

/// Words somebody will answer for, or the recogniser's measured rate decides.
fn spoken(desk: &mut Desk<'_>, file: &AgentFile) -> VoiceYes {
    let Some(written) = &file.spoken_yes else { return VoiceYes::ByEngine };
    let because = &written.accepted_because;
    if because.value.split_whitespace().count() < 3 {
        let remedy = "say in a few words why a misheard yes does no harm here";
        desk.say(because.place, "a spoken yes is accepted without a reason", remedy);
    }
    VoiceYes::Accepted
}

/// What callers say that nobody else is to read.
fn private(desk: &mut Desk<'_>, file: &AgentFile) -> PrivateList {
    let mut kinds = BTreeSet::new();
    for written in file.private.iter().flat_map(|list| &list.value) {
        let kind = PrivateKind::ALL.into_iter().find(|kind| kind.word() == written.value);
        match kind {
            None => {
                let known = PrivateKind::ALL.map(PrivateKind::word).join(", ");
                let what = format!("`{}` is no kind of private words", written.value);
                desk.say(written.place, what, format!("kinds: {known}"));
            }
            Some(kind) if !kinds.insert(kind) => {
                desk.say(written.place, format!("`{}` is listed twice", written.value), "name it once");
            }
            Some(_) => {}
        }
    }
    let is_recorded = file.recording.as_ref().is_none_or(|written| written.value != RecordingWritten::Off);
    if let (Some(list), None, true) = (&file.private, &file.private_in_recording, is_recorded) {
        let what = "what callers say in private would be heard in recordings";
        let remedy = "write `recording: off`, or `private_in_recording: {accepted_because: words}` where that is as it \
                      should be";
        desk.say(list.place, what, remedy);
    }
    if let Some(leave) = &file.private_in_recording
        && leave.accepted_because.value.split_whitespace().count() < 3
    {
        let remedy = "say in a few words why a recording may hold what callers say in private";
        desk.say(leave.accepted_because.place, "private words are recorded without a reason", remedy);
    }
    PrivateList::new(kinds)
}

/// What a tool takes from another one, another one must store.
fn variables(desk: &mut Desk<'_>, at: Place, tools: &[ToolSpec]) {
    let stored: BTreeSet<&String> = tools.iter().flat_map(|tool| tool.store.keys()).collect();
    for tool in tools {
        let given = tool.given.iter().filter_map(|given| match &given.source {
            Source::Variable { name, .. } => Some(name),
            Source::Constant(_)
            | Source::Secret(_)
            | Source::Call(_)
            | Source::Agent
            | Source::Language
            | Source::Now(_) => None,
        });
        let allowed = tool.parameters.iter().filter_map(|p| p.limits.one_of_variable.as_ref());
        for name in given.chain(allowed).filter(|name| !stored.contains(name)) {
            let what =
                format!("`{}` takes the variable `{name}`, and no tool of this agent stores it", tool.name);
            let remedy = match stored.iter().next() {
                None => format!(
                    "write `response: store: {{{name}: …}}` at the tool that finds it, and assign that tool too"
                ),
                Some(_) => {
                    let list: Vec<&str> = stored.iter().map(|name| name.as_str()).collect();
                    format!("assign the tool that stores it; what these tools store: {}", list.join(", "))
                }
            };
            desk.say(at, what, remedy);
        }
    }
}

fn tools(
    assigned: &BTreeSet<String>,
    known: &Known<'_>,
    locale: (Language, Option<&'static str>),
    currency: &str,
    spoken: VoiceYes,
    problems: &mut Vec<Problem>,
) -> (Vec<ToolPlan>, Vec<ToolSpec>) {
    let mut all = Vec::new();
    for (id, (integration, path, text)) in known {
        let inside = |name: &String| name.strip_prefix(id.as_str())?.strip_prefix('.').map(str::to_owned);
        let only: BTreeSet<String> = assigned.iter().filter_map(inside).collect();
        let mut desk = Desk { file: path, text, problems };
        all.extend(integration.tools(&mut desk, locale, currency, spoken, &only));
    }
    all.into_iter().unzip()
}
