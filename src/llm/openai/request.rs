//! The body of a Chat Completions request, and the names of tools on the wire.
//!
//! Source: OpenAI's OpenAPI description of `POST /chat/completions`, read in November 2026. Only fields that
//! every compatible server known to us takes or ignores are sent.
//!
//! Promises: the same prompt gives the same bytes, so providers can cache it; a call is followed by its result.
//! Never: sends what the plan does not hold for the model: phrases, questions, timing.

use serde_json::{Value, json};

use crate::core::base::{ProposalId, ToolName};
use crate::core::conversation::{Parameter, ParameterKind, Plan, SaidBy, ToolPlan};
use crate::llm::{Message, Prompt};

/// The body of one streamed generation.
#[must_use]
pub fn body(model: &str, prompt: &Prompt) -> Value {
    let names = Names::of(&prompt.plan);
    let mut body = json!({
        "model": model,
        "messages": messages(prompt, &names),
        "stream": true,
        "stream_options": { "include_usage": true },
    });
    let offered = || prompt.plan.tools.iter().filter(|tool| !prompt.withheld.contains(&tool.name));
    if offered().next().is_some() {
        body["tools"] = offered().map(|t| tool(t, &names, &prompt.plan.currency)).collect();
    }
    body
}

/// The two-way table of tool names: `shop.refund` is `shop__refund` on the wire.
#[derive(Clone, Debug, Default)]
pub struct Names(Vec<(String, ToolName)>);

/// The longest function name the API takes.
const NAME_CHARS_MAX: usize = 64;

impl Names {
    /// Names of one plan; two that would be the same on the wire are told apart by a number.
    #[must_use]
    pub fn of(plan: &Plan) -> Names {
        let mut names = Names::default();
        for tool in &plan.tools {
            let plain = written(&tool.name);
            let mut name = plain.clone();
            let mut n = 2;
            while names.0.iter().any(|(taken, _)| *taken == name) {
                name = format!("{}_{n}", &plain[..plain.len().min(NAME_CHARS_MAX - 4)]);
                n += 1;
            }
            names.0.push((name, tool.name.clone()));
        }
        names
    }

    /// What the model calls the tool.
    #[must_use]
    pub fn wire(&self, tool: &ToolName) -> String {
        self.0.iter().find(|(_, known)| known == tool).map_or_else(|| written(tool), |(name, _)| name.clone())
    }

    /// Which tool the model means; one that is not in the plan is read as it would have been written.
    #[must_use]
    pub fn tool(&self, name: &str) -> ToolName {
        let known = self.0.iter().find(|(wire, _)| wire == name).map(|(_, tool)| tool.clone());
        known.unwrap_or_else(|| ToolName(name.replace("__", ".").into()))
    }

    /// Whether a name of the model is longer than any that the API knows. Whatever else it is, the conversation tells
    /// the model that there is no such tool.
    #[must_use]
    pub fn is_too_long(name: &str) -> bool {
        name.chars().nth(NAME_CHARS_MAX).is_some()
    }
}

/// The API takes `[A-Za-z0-9_-]{1,64}`.
fn written(tool: &ToolName) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '_' | '-') { c } else { '_' };
    tool.0.replace('.', "__").chars().map(plain).take(NAME_CHARS_MAX).collect()
}

/// Of the n-th call of the history: strict servers refuse an id twice, and a proposal whose outcome came late stands
/// there twice. Nine letters and digits: Mistral takes no other length, everybody else any.
fn call_id(n: usize) -> String {
    format!("call{n:05}")
}

fn messages(prompt: &Prompt, names: &Names) -> Vec<Value> {
    let mut out = vec![json!({ "role": "system", "content": prompt.plan.prompt })];
    let history = &prompt.history;
    let (mut at, mut calls) = (0, 0);
    while let Some(message) = history.get(at) {
        match message {
            Message::Caller { text, keyed: false } => out.push(json!({ "role": "user", "content": text })),
            Message::Caller { text, keyed: true } => {
                out.push(json!({ "role": "user", "content": format!("(pressed on the keypad) {text}") }));
            }
            Message::Agent { text } => out.push(json!({ "role": "assistant", "content": text })),
            Message::Called { .. } => {
                let count = called(history, at, calls, names, &mut out);
                calls += count;
                at += count - 1;
            }
            // Told right behind its call, as the API demands.
            Message::Result { .. } => {}
        }
        at += 1;
    }
    out
}

/// Calls that stand side by side from `at` on are one message, their results follow it; says how many they are.
/// `before` is how many calls came earlier.
fn called(history: &[Message], at: usize, before: usize, names: &Names, out: &mut Vec<Value>) -> usize {
    let mut calls = Vec::new();
    let mut results = Vec::new();
    for (place, message) in history.iter().enumerate().skip(at) {
        let Message::Called { id, tool, args } = message else { break };
        let call = call_id(before + calls.len() + 1);
        let function = json!({ "name": names.wire(tool), "arguments": args.to_string() });
        results.push(json!({ "role": "tool", "tool_call_id": call, "content": result(history, place, *id) }));
        calls.push(json!({ "id": call, "type": "function", "function": function }));
    }
    let count = calls.len();
    out.push(json!({ "role": "assistant", "content": null, "tool_calls": calls }));
    out.append(&mut results);
    count
}

/// What came of the call at `place`. A proposal that stands there once more was not called twice: its outcome came
/// late, and a result without a call before it would be refused.
fn result(history: &[Message], place: usize, wanted: ProposalId) -> String {
    let found = history.iter().skip(place).find_map(|m| match m {
        Message::Result { id, text } if *id == wanted => Some(text.as_str()),
        Message::Result { .. } | Message::Caller { .. } | Message::Agent { .. } | Message::Called { .. } => {
            None
        }
    });
    // A call without a result would be refused as a whole: the API demands one for each.
    let text = found.unwrap_or("no result yet");
    let earlier = |m: &Message| matches!(m, Message::Called { id, .. } if *id == wanted);
    if history.iter().take(place).any(earlier) {
        format!("(this was not called again: the outcome of the earlier call, now known) {text}")
    } else {
        text.to_owned()
    }
}

fn tool(tool: &ToolPlan, names: &Names, currency: &str) -> Value {
    let properties: serde_json::Map<String, Value> =
        tool.parameters.iter().map(|p| (p.name.clone(), schema(p, currency))).collect();
    let required: Vec<&str> =
        tool.parameters.iter().filter(|p| p.required).map(|p| p.name.as_str()).collect();
    json!({
        "type": "function",
        "function": {
            "name": names.wire(&tool.name),
            "description": tool.description,
            "parameters": {
                "type": "object",
                "properties": properties,
                "required": required,
                "additionalProperties": false,
            },
        },
    })
}

/// Formats and limits stand in the description: half of the compatible servers refuse or ignore `pattern`, and some
/// refuse a list of numbers. A list of texts every one of them takes, and chooses from it alone.
fn schema(parameter: &Parameter, currency: &str) -> Value {
    let (kind, format) = match parameter.kind {
        ParameterKind::Text => ("string", String::new()),
        ParameterKind::Integer => ("integer", String::new()),
        ParameterKind::Digits => ("string", "Digits only, as text; leading zeros count.".to_owned()),
        ParameterKind::Money => ("string", format!("Decimal text in {currency}, like 20.50.")),
        ParameterKind::Boolean => ("boolean", String::new()),
        ParameterKind::Number => ("number", String::new()),
        ParameterKind::Email => ("string", "An e-mail address, like ana@example.com.".to_owned()),
        ParameterKind::Phone => ("string", phone_format(parameter)),
        ParameterKind::Date => ("string", "A date, like 2026-07-27.".to_owned()),
        ParameterKind::Time => ("string", "A time of day by the clock of 24 hours, like 14:05.".to_owned()),
    };
    let keyed = match parameter.said_by {
        SaidBy::Voice => "",
        SaidBy::Keypad => {
            "The caller must key it in: pass on ⟦keys …⟧ as it stands in the conversation, nothing else counts."
        }
    };
    let default = match &parameter.default {
        Some(default) => format!("Where the caller says nothing of it: {default}."),
        None => String::new(),
    };
    let limits = &parameter.limits;
    let told = if limits.are_none() { String::new() } else { format!("Allowed: {limits}.") };
    let words = [parameter.description.as_str(), &format, keyed, &told, &default];
    let words: Vec<&str> = words.into_iter().filter(|words| !words.is_empty()).collect();
    let description = words.join(" ");
    let kind = if parameter.said_by == SaidBy::Keypad { "string" } else { kind };
    let mut schema = json!({ "type": kind });
    if kind == "string" && !limits.one_of.is_empty() {
        schema["enum"] = limits.one_of.clone().into();
    }
    for (field, bound) in [("minimum", &limits.min), ("maximum", &limits.max)] {
        let number = bound.as_ref().filter(|_| kind == "integer").and_then(|bound| bound.parse::<i64>().ok());
        if let Some(number) = number {
            schema[field] = number.into();
        }
    }
    if let Some(most) = parameter.list {
        schema = json!({ "type": "array", "items": schema, "minItems": 1, "maxItems": most });
    }
    schema["description"] = description.into();
    schema
}

fn phone_format(parameter: &Parameter) -> String {
    match &parameter.country {
        Some(country) => format!("A phone number; without a + it is one of the country {country}."),
        None => "A phone number with its country code, like +34600111222.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use super::*;
    use crate::core::conversation::Limits;
    use crate::llm::builtin::tests::plan;

    fn name(text: &str) -> ToolName {
        ToolName(text.into())
    }

    #[test]
    fn a_conversation_with_tools_becomes_this_body() {
        let history = vec![
            Message::Agent { text: "Hello!".into() },
            Message::Caller { text: "where is 1182 and 4071".into(), keyed: false },
            Message::Called { id: ProposalId(1), tool: name("shop.order"), args: json!({"order": "1182"}) },
            Message::Called { id: ProposalId(2), tool: name("shop.order"), args: json!({"order": "4071"}) },
            Message::Result { id: ProposalId(1), text: "{\"status\":\"shipped\"}".into() },
            Message::Agent { text: "One moment.".into() },
            Message::Result { id: ProposalId(2), text: "no such order".into() },
            Message::Caller { text: "1".into(), keyed: true },
            Message::Called { id: ProposalId(3), tool: name("shop.refund"), args: json!({}) },
        ];
        let body = body("m", &Prompt { plan: plan(), withheld: BTreeSet::new(), history });
        let call = |id: &str, order: &str| {
            json!({"id": id, "type": "function",
                "function": {"name": "shop__order", "arguments": format!("{{\"order\":\"{order}\"}}")}})
        };
        let expected = json!([
            {"role": "system", "content": "You are the voice of a small shop."},
            {"role": "assistant", "content": "Hello!"},
            {"role": "user", "content": "where is 1182 and 4071"},
            {"role": "assistant", "content": null,
                "tool_calls": [call("call00001", "1182"), call("call00002", "4071")]},
            {"role": "tool", "tool_call_id": "call00001", "content": "{\"status\":\"shipped\"}"},
            {"role": "tool", "tool_call_id": "call00002", "content": "no such order"},
            {"role": "assistant", "content": "One moment."},
            {"role": "user", "content": "(pressed on the keypad) 1"},
            {"role": "assistant", "content": null, "tool_calls": [{"id": "call00003", "type": "function",
                "function": {"name": "shop__refund", "arguments": "{}"}}]},
            {"role": "tool", "tool_call_id": "call00003", "content": "no result yet"},
        ]);
        assert_eq!(body["messages"], expected);
        assert_eq!(body["stream"], true);
        assert_eq!(body["stream_options"], json!({"include_usage": true}));
    }

    #[test]
    fn a_tool_becomes_a_function_with_a_schema_by_kind() {
        let body = body("m", &Prompt { plan: plan(), withheld: BTreeSet::new(), history: Vec::new() });
        let refund = body["tools"]
            .as_array()
            .expect("a list")
            .iter()
            .find(|t| t["function"]["name"] == "shop__refund");
        let expected = json!({
            "type": "object",
            "properties": {
                "order": {"type": "string",
                    "description": "The order number. Digits only, as text; leading zeros count."},
                "amount": {"type": "string",
                    "description": "How much to pay back. Decimal text in USD, like 20.50."},
            },
            "required": ["order", "amount"],
            "additionalProperties": false,
        });
        assert_eq!(refund.expect("the tool is offered")["function"]["parameters"], expected);
    }

    #[test]
    fn what_a_parameter_may_be_is_told_in_its_schema() {
        let limits = |min: &str, list: &[&str], pattern: &str| Limits {
            min: Some(min.to_owned()).filter(|min| !min.is_empty()),
            max: None,
            one_of: list.iter().map(ToString::to_string).collect(),
            one_of_variable: None,
            pattern: Some(pattern.to_owned()).filter(|pattern| !pattern.is_empty()),
        };
        let of = |kind, limits| {
            let parameter = Parameter { kind, limits, ..plan().tools[0].parameters[0].clone() };
            let mut schema = schema(&Parameter { description: "It.".to_owned(), ..parameter }, "USD");
            schema.as_object_mut().map(std::mem::take).map(Value::Object)
        };
        for (kind, limits, want) in [
            (
                ParameterKind::Integer,
                limits("-3", &["1", "2"], ""),
                json!({"type": "integer", "description": "It. Allowed: at least -3; one of: 1, 2.", "minimum": -3}),
            ),
            (
                ParameterKind::Text,
                limits("", &["small", "large"], "^[a-z]+$"),
                json!({"type": "string", "enum": ["small", "large"],
                    "description": "It. Allowed: one of: small, large; in the form ^[a-z]+$ (a regular expression)."}),
            ),
            (
                ParameterKind::Money,
                limits("0.50", &[], ""),
                json!({"type": "string", "description": "It. Decimal text in USD, like 20.50. Allowed: at least 0.50."}),
            ),
        ] {
            assert_eq!(of(kind, limits), Some(want));
        }
    }

    #[test]
    fn a_plan_without_tools_sends_no_tools() {
        let mut bare = Plan::clone(&plan());
        bare.tools.clear();
        let body =
            body("m", &Prompt { plan: Arc::new(bare), withheld: BTreeSet::new(), history: Vec::new() });
        assert_eq!(body.get("tools"), None, "an empty list is refused by the API");
    }

    #[test]
    fn every_tool_name_is_told_apart_on_the_wire_and_found_again() {
        let mut many = Plan::clone(&plan());
        let long = "x".repeat(100);
        let tools = ["a.b", "a__b", "año.ver más", &format!("{long}1"), &format!("{long}2")];
        let pattern = many.tools[0].clone();
        many.tools = tools.iter().map(|t| ToolPlan { name: name(t), ..pattern.clone() }).collect();
        let names = Names::of(&many);
        for tool in tools {
            let wire = names.wire(&name(tool));
            assert!((1..=64).contains(&wire.len()), "{wire}");
            assert!(wire.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b)), "{wire}");
            assert_eq!(names.tool(&wire), name(tool));
        }
        assert_eq!(names.tool("made__up"), name("made.up"), "the heart refuses it by its name");
    }
}
