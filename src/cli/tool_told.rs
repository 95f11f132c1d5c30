//! A tool that was tried out, for people and for programs: what was sent, what came, what would follow from it in a call.
//!
//! Promises: the words are those a caller and the model would get; secrets are stars; what was not sent is told as that.
//! Never: sends anything; decides what an answer means.

use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::catalog::Asking;
use crate::core::base::{Fault, Owner, ProposalId};
use crate::core::call::Vault;
use crate::core::conversation::{
    Conversation, Effects, Event, Outcome, Plan, Rest, ToolPlan, Wording, outcome_words,
};
use crate::core::language::Language;
use crate::core::template::Renderer;
use crate::driver::outcome_text;
use crate::egress::Purpose;
use crate::integrations::{CameBack, Passed, Proof, Shown, Tap};

use super::confirm::flags;

/// Of a body, in characters of a terminal; `--json-out` has all that was read.
const BODY_CHARS_MAX: usize = 4_000;
/// The width of the first column.
const LABEL: usize = 10;

/// What a caller would be asked.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) wording: Wording,
    pub(super) tag: String,
}

/// A tool that is tried out.
pub(super) struct Trial {
    pub(super) tool: ToolPlan,
    pub(super) args: Value,
    plan: Arc<Plan>,
    language: Language,
    currency: String,
    tap: Tap,
    /// The arguments in their one form, and what was prepared.
    values: Value,
    asks: Option<Asked>,
    /// An action as it would leave, or why it could not.
    sends: Option<Result<Shown, String>>,
    end: End,
    stored: Map<String, Value>,
    notes: Vec<String>,
}

/// How far it came.
enum End {
    /// It was looked at.
    NotSent,
    /// It was asked about, and that was no yes.
    Declined,
    /// For the model, why nothing could be asked about.
    Unprepared(String),
    CameBack(Outcome),
}

impl Trial {
    pub(super) fn new(asking: &Asking, args: Value, tap: Tap) -> Trial {
        let tool = asking.tool.clone();
        let mut notes = Vec::new();
        if let Some(name) = &tool.identity.requires {
            notes.push(format!("in a call it is withheld until `{name}` is proven"));
        }
        if !tool.identity.proofs.is_empty() {
            let names = tool.identity.proofs.join(", ");
            notes.push(format!("in a call only the caller's own word counts for: {names}"));
        }
        Trial {
            values: args.clone(),
            tool,
            args,
            plan: Arc::new(asking.plan()),
            language: asking.language,
            currency: asking.currency.clone(),
            tap,
            asks: None,
            sends: None,
            end: End::NotSent,
            stored: Map::new(),
            notes,
        }
    }

    pub(super) fn note(&mut self, note: &str) {
        self.notes.push(note.to_owned());
    }

    /// Parameters that in a call must be among what another tool has found.
    pub(super) fn open_lists<'v>(&mut self, variables: impl Iterator<Item = &'v str>) {
        self.notes.extend(variables.map(|name| {
            format!("in a call a value must be among `{name}`, which another tool stores; give it by --variable {name}=…")
        }));
    }

    pub(super) fn prepared(&mut self, values: Value) {
        self.values = values;
    }

    pub(super) fn unprepared(&mut self, why: String) {
        self.end = End::Unprepared(why);
    }

    pub(super) fn declined(&mut self) {
        self.end = End::Declined;
    }

    pub(super) fn would_ask(&mut self, asked: Option<Asked>) {
        self.asks = asked;
    }

    pub(super) fn would_send(&mut self, shown: Result<Shown, String>) {
        self.sends = Some(shown);
    }

    pub(super) fn came(&mut self, outcome: Outcome) {
        self.end = End::CameBack(outcome);
    }

    /// What its result is remembered for.
    pub(super) fn stored<'n>(&mut self, all: Map<String, Value>, own: impl Iterator<Item = &'n String>) {
        let value = |name: &String| Some((name.clone(), all.get(name)?.clone()));
        self.stored = own.filter_map(value).collect();
    }

    pub(super) fn is_done(&self) -> bool {
        matches!(&self.end, End::CameBack(Outcome::Done { .. }))
    }

    /// What the tool's own request brought, if anything came back. An action that had to be asked about has no answer of its
    /// own that counts.
    pub(super) fn last_answer(&self) -> Option<CameBack> {
        let purpose = match self.tool.effects {
            Effects::None => Purpose::Read,
            Effects::Reversible | Effects::Irreversible => Purpose::Act,
        };
        let last = self.tap.passed().pop().filter(|passed| passed.purpose == purpose);
        last.and_then(|passed| passed.answer.ok())
    }

    /// Arguments that nothing could be made of: that is the question's fault, and no result.
    ///
    /// # Errors
    /// They are that.
    pub(super) fn sound(&self) -> Result<(), Fault> {
        let (End::Unprepared(why) | End::CameBack(Outcome::Failed { why })) = &self.end else {
            return Ok(());
        };
        let of_arguments = why.starts_with('`') || why.contains("parameter `");
        if !of_arguments || !self.tap.passed().is_empty() {
            return Ok(());
        }
        let what = format!("`{}` was not tried: {}", self.tool.name, why.trim_end_matches(": ask for it"));
        let remedy = match why.contains("not known yet") {
            true => "give it by --variable NAME=VALUE, as that tool would store it".to_owned(),
            false => format!("it takes {}", flags(&self.tool)),
        };
        Err(Fault::new(Owner::Admin, what, remedy))
    }

    /// What the model reads of it, private words as in a call.
    fn seen(&self) -> Option<String> {
        match &self.end {
            End::NotSent | End::Declined => None,
            End::Unprepared(why) => match hidden(&self.plan, Outcome::Failed { why: why.clone() }) {
                Outcome::Failed { why } => Some(format!("unprepared: {why}")),
                Outcome::Done { .. } | Outcome::Partly { .. } | Outcome::Withheld(_) | Outcome::Unknown => {
                    None
                }
            },
            End::CameBack(outcome) => Some(outcome_text(&hidden(&self.plan, outcome.clone()))),
        }
    }

    /// What is said around it.
    fn spoken(&self) -> Vec<(&'static str, String)> {
        let renderer = Renderer::new(self.language, &self.currency);
        let mut said = Vec::new();
        let mut say = |when, text: String| {
            if !text.is_empty() {
                said.push((when, text));
            }
        };
        if self.tool.effects == Effects::None {
            say(
                "at start",
                renderer.render(self.tool.phrases.start.after(0), &self.values).unwrap_or_default(),
            );
        }
        if let Some(asked) = &self.asks {
            say("after yes", asked.wording.naming.clone());
        }
        let phrases = &self.tool.phrases;
        for (when, words) in [("if slow", &phrases.delay), ("if slower", &phrases.delay_again)] {
            say(when, renderer.render(words.after(0), &self.values).unwrap_or_default());
        }
        let is_told =
            |outcome: &Outcome| self.tool.effects != Effects::None || matches!(outcome, Outcome::Withheld(_));
        if let End::CameBack(outcome) = &self.end
            && is_told(outcome)
        {
            let mut values = self.values.clone();
            if let Some(values) = values.as_object_mut()
                && let Outcome::Done { result } | Outcome::Partly { result, .. } = outcome
                && let Value::Object(result) = result
            {
                values.extend(result.clone());
            }
            say("after", outcome_words(&renderer, self.language, &self.tool, &values, outcome));
        }
        said
    }

    fn outcome(&self) -> (&'static str, Option<&str>) {
        match &self.end {
            End::NotSent => ("not sent", Some("it has effects; add --execute and --reason to do it")),
            End::Declined => ("not sent", Some("that was no yes")),
            End::Unprepared(why) => ("not asked", Some(why)),
            End::CameBack(Outcome::Done { .. }) => ("done", None),
            End::CameBack(Outcome::Partly { rest: Rest::NotDone, why, .. }) => {
                ("done in part, and the rest not", Some(why))
            }
            End::CameBack(Outcome::Partly { rest: Rest::Unknown, why, .. }) => {
                ("done in part, and the rest unknown", Some(why))
            }
            End::CameBack(Outcome::Failed { why }) => ("failed", Some(why)),
            End::CameBack(Outcome::Withheld(_)) => ("withheld", None),
            End::CameBack(Outcome::Unknown) => ("unknown", None),
        }
    }

    fn mapped(&self) -> Option<&Value> {
        match &self.end {
            End::CameBack(Outcome::Done { result } | Outcome::Partly { result, .. }) => Some(result),
            End::CameBack(Outcome::Failed { .. } | Outcome::Withheld(_) | Outcome::Unknown)
            | End::NotSent
            | End::Declined
            | End::Unprepared(_) => None,
        }
    }

    pub(super) fn json(&self) -> Value {
        let (outcome, why) = self.outcome();
        let asks = self.asks.as_ref().map(|asked| {
            let Wording { question, short, naming } = &asked.wording;
            json!({"question": question, "tag": asked.tag, "short": short, "action": naming})
        });
        let sends = self.sends.as_ref().map(|sends| match sends {
            Ok(shown) => shown_json(shown),
            Err(why) => json!({"error": why}),
        });
        let spoken: Map<String, Value> =
            self.spoken().into_iter().map(|(when, text)| (when.replace(' ', "_"), text.into())).collect();
        self.tap.hide_in(json!({
            "tool": self.tool.name.to_string(), "agent": self.plan.agent, "language": self.language.code(),
            "currency": self.currency, "notes": self.notes,
            "exchanges": self.tap.passed().iter().map(passed_json).collect::<Vec<_>>(),
            "asks": asks, "would_send": sends, "outcome": outcome, "why": why, "mapped": self.mapped(),
            "model_sees": self.seen(), "stored": self.stored, "spoken": spoken,
        }))
    }
}

/// As a call's conversation is told it.
pub(super) fn hidden(plan: &Arc<Plan>, outcome: Outcome) -> Outcome {
    let conversation = Conversation::new(Arc::clone(plan));
    let event = Event::Settled { proposal: ProposalId(1), outcome };
    let (_, event) = Vault::new(Arc::clone(plan)).tell(event, &conversation);
    // The vault gives back the kind of event that it was told.
    if let Event::Settled { outcome, .. } = event { outcome } else { Outcome::Unknown }
}

fn shown_json(shown: &Shown) -> Value {
    let headers: Map<String, Value> =
        shown.headers.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
    json!({"method": shown.method, "url": shown.url, "headers": headers, "body": body_json(&shown.body)})
}

/// JSON where it is that.
fn body_json(body: &str) -> Value {
    match body {
        "" => Value::Null,
        body => serde_json::from_str(body).unwrap_or_else(|_| body.into()),
    }
}

fn passed_json(passed: &Passed) -> Value {
    let answer = match &passed.answer {
        Ok(came) => json!({
            "status": came.status, "content_type": came.content_type, "bytes": came.bytes,
            "body": body_json(&came.body),
        }),
        Err(why) => json!({"error": why}),
    };
    let proof = |proof: &Proof| {
        let Proof { parameter, compare, held, holds } = proof;
        json!({"parameter": parameter, "compare": compare, "held": held, "holds": holds})
    };
    let (mapped, why) = match &passed.learned {
        Some(Ok(map)) => (Some(map), None),
        Some(Err(why)) => (None, Some(why)),
        None => (None, None),
    };
    json!({
        "request": shown_json(&passed.request), "answer": answer, "ms": passed.took.as_millis(),
        "proofs": passed.proofs.iter().map(proof).collect::<Vec<_>>(), "mapped": mapped, "refused": why,
    })
}

/// Sections of lines: a word in the first column, what it is about beside it.
impl fmt::Display for Trial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = Sections::default();
        let agent = Some(&self.plan.agent).filter(|id| !id.is_empty());
        let of = agent.map_or_else(|| "no agent has it".to_owned(), |id| format!("agent {id}"));
        out.add("tool", &format!("{} ({of}, {}, {})", self.tool.name, self.language, self.currency));
        self.notes.iter().for_each(|note| out.add("note", note));
        self.tap.passed().iter().for_each(|passed| out.passed(passed));
        if let Some(asked) = &self.asks {
            out.add("asks", &format!("{}\n{}", asked.wording.question, asked.tag));
            out.add("in short", &asked.wording.short);
        }
        match &self.sends {
            Some(Ok(shown)) if matches!(self.end, End::NotSent | End::Declined) => {
                out.shown("would send", shown)
            }
            Some(Err(why)) => out.add("would send", why),
            Some(Ok(_)) | None => {}
        }
        match self.outcome() {
            (outcome, Some(why)) => out.add("outcome", &format!("{outcome}: {why}")),
            (outcome, None) => out.add("outcome", outcome),
        }
        if let Some(Value::Object(map)) = self.mapped() {
            out.values("mapped", map);
        }
        if let Some(seen) = self.seen() {
            out.add("model sees", &seen);
        }
        out.values("stored", &self.stored);
        for (when, text) in self.spoken() {
            out.add("says", &format!("{when}: {text}"));
        }
        f.write_str(self.tap.hide(&out.text).trim_end())
    }
}

#[derive(Default)]
struct Sections {
    text: String,
}

impl Sections {
    fn add(&mut self, label: &str, what: &str) {
        for (nth, line) in what.lines().enumerate() {
            let label = if nth == 0 { label } else { "" };
            let line: String = line.chars().map(|sign| if sign.is_control() { ' ' } else { sign }).collect();
            self.text.push_str(format!("{label:<LABEL$}  {line}").trim_end());
            self.text.push('\n');
        }
    }

    fn values(&mut self, label: &str, map: &Map<String, Value>) {
        let lines: Vec<String> = map.iter().map(|(name, value)| format!("{name} = {value}")).collect();
        self.add(label, &lines.join("\n"));
    }

    fn shown(&mut self, label: &str, shown: &Shown) {
        let mut lines = vec![format!("{} {}", shown.method, shown.url)];
        lines.extend(shown.headers.iter().map(|(name, value)| format!("{name}: {value}")));
        if !shown.body.is_empty() {
            lines.push(capped(&shown.body));
        }
        self.add(label, &lines.join("\n"));
    }

    fn passed(&mut self, passed: &Passed) {
        self.shown("request", &passed.request);
        let ms = passed.took.as_millis();
        match &passed.answer {
            Ok(came) => {
                let head = [
                    came.status.to_string(),
                    came.content_type.clone(),
                    format!("{} bytes", came.bytes),
                    format!("{ms} ms"),
                ];
                let head: Vec<String> = head.into_iter().filter(|part| !part.is_empty()).collect();
                self.add("answer", &format!("{}\n{}", head.join(", "), capped(&pretty(&came.body))));
            }
            Err(why) => self.add("answer", &format!("none, after {ms} ms: {why}")),
        }
        for Proof { parameter, compare, held, holds } in &passed.proofs {
            let verdict = if *holds { "holds" } else { "does not hold" };
            self.add("proof", &format!("{parameter} {compare} {held}: {verdict}"));
        }
        match &passed.learned {
            Some(Ok(map)) => self.values("let out", map),
            Some(Err(why)) => self.add("let out", &format!("nothing: {why}")),
            None => {}
        }
    }
}

fn pretty(body: &str) -> String {
    let tree: Result<Value, _> = serde_json::from_str(body);
    tree.map_or_else(|_| body.to_owned(), |tree| format!("{tree:#}"))
}

fn capped(body: &str) -> String {
    let short: String = body.chars().take(BODY_CHARS_MAX).collect();
    match body.chars().count().saturating_sub(BODY_CHARS_MAX) {
        0 => short,
        more => format!("{short}\n… and {more} characters more: --json-out shows them"),
    }
}
