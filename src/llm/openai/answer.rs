//! The streamed answer, bytes in, events out: text to pieces, fragments of tool calls to proposals.
//!
//! Source: OpenAI's OpenAPI description of `CreateChatCompletionStreamResponse`, read in November 2026; and
//! what compatible servers do otherwise (each named where it is met).
//!
//! Promises: the same events however the bytes are chopped; proposals come after the whole answer, once each.
//! Never: guesses arguments that are no JSON object; makes a proposal of an answer that was cut; speaks reasoning.

use serde::Deserialize;
use serde_json::Value;

use super::request::Names;
use crate::core::base::{Fault, Owner};
use crate::core::language::{Language, Splitter};
use crate::llm::sse::Sse;
use crate::llm::{LlmEvent, Usage};

/// What of the answer is put together so far.
#[derive(Debug)]
pub struct Answer {
    sse: Sse,
    splitter: Splitter,
    thinking: Thinking,
    names: Names,
    calls: Vec<Call>,
    usage: Option<Usage>,
    end: End,
}

/// How far the answer is.
#[derive(Debug, PartialEq, Eq)]
enum End {
    Open,
    /// A reason was given; a usage chunk may follow.
    Reason(String),
    /// `[DONE]`: nothing follows.
    Done,
}

/// Most calls in one answer, and most bytes of arguments together: far above what a phone call needs.
const CALLS_MAX: usize = 16;
const ARGUMENTS_BYTES_MAX: usize = 64 * 1024;

impl Answer {
    #[must_use]
    pub fn new(language: Language, names: Names) -> Answer {
        Answer {
            sse: Sse::default(),
            splitter: Splitter::new(language),
            thinking: Thinking::default(),
            names,
            calls: Vec::new(),
            usage: None,
            end: End::Open,
        }
    }

    /// Takes bytes of the body. After a fault the answer is over.
    pub fn feed(&mut self, bytes: &[u8], out: &mut Vec<LlmEvent>) -> Result<(), Fault> {
        let mut events = Vec::new();
        let fed = self.sse.feed(bytes, &mut events);
        self.read(&events, out)?;
        fed.map_err(|_| trouble("sent an event without end"))
    }

    /// Whether nothing more is to be expected: the rest of the body need not be waited for.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.end == End::Done
    }

    /// The body has ended: the last piece, the proposals and the end, or one fault.
    pub fn finish(mut self, out: &mut Vec<LlmEvent>) {
        let mut events = Vec::new();
        std::mem::take(&mut self.sse).finish(&mut events);
        let ended = self.read(&events, out).and_then(|()| self.proposals());
        match ended {
            Ok(mut proposals) => {
                let rest = self.thinking.rest();
                self.write(&rest, out);
                let mut pieces = Vec::new();
                self.splitter.finish(&mut pieces);
                out.extend(pieces.into_iter().map(LlmEvent::Wrote));
                out.append(&mut proposals);
                out.push(LlmEvent::Finished { usage: self.usage });
            }
            Err(fault) => out.push(LlmEvent::Failed(fault)),
        }
    }

    fn read(&mut self, events: &[String], out: &mut Vec<LlmEvent>) -> Result<(), Fault> {
        for data in events.iter().map(|e| e.trim()).filter(|e| !e.is_empty()) {
            if data == "[DONE]" {
                self.end = End::Done;
            } else if self.end != End::Done {
                let chunk =
                    serde_json::from_str(data).map_err(|_| trouble("sent an event that is no chunk"))?;
                self.take(chunk, out)?;
            }
        }
        Ok(())
    }

    fn take(&mut self, chunk: Chunk, out: &mut Vec<LlmEvent>) -> Result<(), Fault> {
        if let Some(error) = chunk.error {
            return Err(trouble(&format!("broke off with the error {}", error_name(&error))));
        }
        if let Some(usage) = chunk.usage {
            self.usage = Some(usage.into());
        }
        // Only one answer was asked for.
        for choice in chunk.choices.unwrap_or_default().into_iter().take(1) {
            let delta = choice.delta.unwrap_or_default();
            for text in [delta.content, delta.refusal].into_iter().flatten() {
                let spoken = self.thinking.strip(&text);
                self.write(&spoken, out);
            }
            for fragment in delta.tool_calls.unwrap_or_default() {
                self.add(fragment)?;
            }
            if let Some(reason) = choice.finish_reason.filter(|r| !r.is_empty()) {
                self.end = End::Reason(reason);
            }
        }
        Ok(())
    }

    fn write(&mut self, text: &str, out: &mut Vec<LlmEvent>) {
        let mut pieces = Vec::new();
        self.splitter.push(text, &mut pieces);
        out.extend(pieces.into_iter().map(LlmEvent::Wrote));
    }

    fn add(&mut self, fragment: Fragment) -> Result<(), Fault> {
        let at = match self.call_of(&fragment) {
            Some(at) => at,
            // SambaNova sends entries that hold nothing.
            None if fragment.name().is_none() && fragment.says_nothing() => return Ok(()),
            None => {
                self.calls.push(Call { index: fragment.index, ..Call::default() });
                self.calls.len() - 1
            }
        };
        let name = fragment.name().map(str::to_owned);
        let id = fragment.id().map(str::to_owned);
        let call = &mut self.calls[at];
        call.id = call.id.take().or(id);
        if let Some(name) = name {
            call.name = name;
        }
        match fragment.function.and_then(|f| f.arguments) {
            Some(Value::String(part)) => call.arguments.push_str(&part),
            Some(Value::Null) | None => {}
            // Some gateways send the object itself.
            Some(whole) => call.arguments = whole.to_string(),
        }
        let bytes: usize = self.calls.iter().map(|c| c.arguments.len()).sum();
        if self.calls.len() > CALLS_MAX || bytes > ARGUMENTS_BYTES_MAX {
            return Err(trouble("called tools without end"));
        }
        Ok(())
    }

    /// Which call a fragment goes on with; none where it opens a new one.
    ///
    /// The id decides, then the index, then the order. Ollama has sent index 0 for every call, Gemini's
    /// compatible endpoint and LiteLLM none at all; some repeat id and name with every fragment.
    fn call_of(&self, fragment: &Fragment) -> Option<usize> {
        let (id, index) = (fragment.id(), fragment.index);
        let same_place = |call: &Call| index.is_none() || call.index.is_none() || call.index == index;
        if let Some(id) = id {
            let known = |call: &Call| call.id.as_deref() == Some(id) && same_place(call);
            let late = |call: &Call| call.id.is_none() && index.is_some() && call.index == index;
            return self.calls.iter().rposition(|c| known(c) || late(c) && c.goes_on(fragment));
        }
        let at = match index {
            Some(_) => self.calls.iter().rposition(same_place),
            None => self.calls.len().checked_sub(1),
        };
        at.filter(|at| self.calls[*at].goes_on(fragment))
    }

    /// That there are calls decides, not the reason given: vLLM and LiteLLM say `stop` after calls.
    fn proposals(&mut self) -> Result<Vec<LlmEvent>, Fault> {
        match &self.end {
            End::Open => return Err(trouble("broke off in the middle of an answer")),
            End::Reason(reason) if reason == "content_filter" => {
                return Err(trouble("withheld its answer by a content filter"));
            }
            End::Reason(reason) if reason == "length" && !self.calls.is_empty() => {
                return Err(trouble("ran out of tokens in a tool call"));
            }
            End::Reason(_) | End::Done => {}
        }
        std::mem::take(&mut self.calls).into_iter().map(|call| self.proposal(call)).collect()
    }

    fn proposal(&self, call: Call) -> Result<LlmEvent, Fault> {
        if call.name.is_empty() {
            return Err(trouble("called a tool without a name"));
        }
        if Names::is_too_long(&call.name) {
            return Err(trouble("called a tool by a name longer than any tool's"));
        }
        // vLLM sends no arguments for a tool that takes none.
        let written = if call.arguments.trim().is_empty() { "{}" } else { &call.arguments };
        let args = serde_json::from_str(written).ok().filter(Value::is_object);
        let args = args.ok_or_else(|| trouble("wrote arguments that are no JSON object"))?;
        Ok(LlmEvent::Proposed { tool: self.names.tool(&call.name), args })
    }
}

/// A name for an error of the server that cannot hold words of the prompt: its code, its type, or neither.
#[must_use]
pub fn error_name(error: &Value) -> String {
    let short = |v: &Value| match v {
        Value::String(text) => Some(text.clone()),
        Value::Number(n) => Some(n.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    let plain = |text: &String| {
        (1..=ERROR_NAME_CHARS_MAX).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b))
    };
    let named = ["code", "type"].iter().find_map(|key| error.get(key).and_then(short).filter(plain));
    named.unwrap_or_else(|| "without a code".to_owned())
}

/// The longest code known has 33 letters (`billing_hard_limit_reached` and its like).
const ERROR_NAME_CHARS_MAX: usize = 40;

fn is_object(text: &str) -> bool {
    serde_json::from_str::<serde_json::Map<String, Value>>(text).is_ok()
}

fn trouble(what: &str) -> Fault {
    Fault::new(
        Owner::Provider,
        format!("the model's server {what}"),
        "if it repeats, look into the server's log or choose another model",
    )
}

/// One call as its fragments arrive.
#[derive(Debug, Default)]
struct Call {
    index: Option<u64>,
    id: Option<String>,
    name: String,
    arguments: String,
}

impl Call {
    /// A fragment without an id goes on with this call, unless it names another tool, or this one again
    /// after its arguments were whole.
    fn goes_on(&self, fragment: &Fragment) -> bool {
        fragment.name().is_none_or(|name| {
            let again = self.name == name && (fragment.says_nothing() || !is_object(&self.arguments));
            self.name.is_empty() || again
        })
    }
}

#[derive(Deserialize)]
struct Chunk {
    choices: Option<Vec<Choice>>,
    usage: Option<WireUsage>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Choice {
    /// Null where Azure's filter speaks.
    delta: Option<Delta>,
    finish_reason: Option<String>,
}

/// Reasoning (`reasoning_content`, `reasoning`) is not read: it is not to be spoken.
#[derive(Default, Deserialize)]
struct Delta {
    content: Option<String>,
    refusal: Option<String>,
    tool_calls: Option<Vec<Fragment>>,
}

#[derive(Deserialize)]
struct Fragment {
    index: Option<u64>,
    id: Option<String>,
    function: Option<Function>,
}

impl Fragment {
    fn id(&self) -> Option<&str> {
        self.id.as_deref().filter(|id| !id.is_empty())
    }

    fn name(&self) -> Option<&str> {
        self.function.as_ref()?.name.as_deref().filter(|name| !name.is_empty())
    }

    fn says_nothing(&self) -> bool {
        let arguments = self.function.as_ref().and_then(|f| f.arguments.as_ref());
        arguments.is_none_or(|a| a.is_null() || a.as_str() == Some(""))
    }
}

#[derive(Default, Deserialize)]
struct Function {
    name: Option<String>,
    arguments: Option<Value>,
}

/// Some servers send it with every chunk, as a running total: the last one counts.
#[derive(Deserialize)]
struct WireUsage {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    prompt_tokens_details: Option<PromptDetails>,
}

#[derive(Deserialize)]
struct PromptDetails {
    cached_tokens: Option<u64>,
}

impl From<WireUsage> for Usage {
    fn from(wire: WireUsage) -> Usage {
        let cached = wire.prompt_tokens_details.and_then(|d| d.cached_tokens).unwrap_or(0);
        Usage { input: wire.prompt_tokens.unwrap_or(0), cached, output: wire.completion_tokens.unwrap_or(0) }
    }
}

/// Takes `<think>…</think>` out of the text, across chunks: some servers leave a model's reasoning in it.
#[derive(Debug, Default)]
struct Thinking {
    /// The text is inside the tags.
    depth: Depth,
    /// The end of the text so far, while it may be the beginning of a tag.
    held: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Depth {
    #[default]
    Spoken,
    Thought,
}

impl Depth {
    fn tag(self) -> &'static str {
        match self {
            Depth::Spoken => "<think>",
            Depth::Thought => "</think>",
        }
    }
}

impl Thinking {
    fn strip(&mut self, text: &str) -> String {
        self.held.push_str(text);
        let mut spoken = String::new();
        while let Some(at) = self.held.find(self.depth.tag()) {
            let rest = self.held.split_off(at + self.depth.tag().len());
            self.held.truncate(at);
            self.give(rest, &mut spoken);
            self.depth = if self.depth == Depth::Spoken { Depth::Thought } else { Depth::Spoken };
        }
        let tag = self.depth.tag();
        let begun = (1..tag.len()).rev().find(|n| self.held.ends_with(&tag[..*n])).unwrap_or(0);
        let rest = self.held.split_off(self.held.len() - begun);
        self.give(rest, &mut spoken);
        spoken
    }

    /// What is held is spoken or dropped; `rest` is held from now on.
    fn give(&mut self, rest: String, spoken: &mut String) {
        let known = std::mem::replace(&mut self.held, rest);
        if self.depth == Depth::Spoken {
            spoken.push_str(&known);
        }
    }

    /// The stream has ended: what looked like the beginning of a tag was none.
    fn rest(&mut self) -> String {
        let mut spoken = String::new();
        self.give(String::new(), &mut spoken);
        spoken
    }
}
