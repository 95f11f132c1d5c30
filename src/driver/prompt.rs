//! The heart's history as the model's messages.
//!
//! Promises: every call of a tool stands beside its result; a private value stays its placeholder; of a result no more
//! than its limit is told, and what is left out is named.
//! Never: adds or leaves out an entry.

use std::sync::Arc;

use serde_json::Value;

use crate::core::base::{Placeholder, Private};
use crate::core::call::PrivateValues;
use crate::core::conversation::{self, Entry, Outcome, Plan};
use crate::llm::{DECLINED, Message, Prompt};

/// The longest result that a model is told, in bytes: it is told again with every generation, and nobody hears so much.
const RESULT_BYTES_MAX: usize = 8 * 1024;

/// The prompt over the first `length` entries of a conversation's history.
#[must_use]
pub fn prompt(plan: &Arc<Plan>, entries: &[Entry], length: usize, private: &PrivateValues) -> Prompt {
    let entries = &entries[..length.min(entries.len())];
    let history = entries.iter().flat_map(|entry| messages(entry, private)).collect();
    let withheld = plan.withheld(entries).map(|tool| tool.name.clone()).collect();
    Prompt { plan: Arc::clone(plan), withheld, history }
}

fn messages(entry: &Entry, private: &PrivateValues) -> Vec<Message> {
    match entry {
        Entry::Caller { text } => vec![Message::Caller { text: text.clone(), keyed: false }],
        Entry::Keys { keys } => vec![Message::Caller { text: chosen(keys, private), keyed: true }],
        Entry::Agent { text } => vec![Message::Agent { text: text.clone() }],
        Entry::Tool { proposal, tool, args, outcome } => {
            let called = Message::Called { id: *proposal, tool: tool.clone(), args: args.clone() };
            vec![called, Message::Result { id: *proposal, text: result_text(outcome) }]
        }
    }
}

/// One key by itself is a choice of a menu, and no secret: the model must know which.
fn chosen(keys: &str, private: &PrivateValues) -> String {
    let value = Placeholder::parse(keys).and_then(|placeholder| private.get(placeholder));
    let choice = value.map(Private::reveal).filter(|value| value.len() == 1);
    choice.unwrap_or(keys).to_owned()
}

/// What the model reads of an outcome.
#[must_use]
pub fn outcome_text(outcome: &Outcome) -> String {
    result_text(&conversation::told(outcome))
}

/// The mapped values of what was done, else a sentence; a caller's no opens with the word for it.
fn result_text(outcome: &Value) -> String {
    let text = |name: &str| outcome[name].as_str().unwrap_or("");
    match text("status") {
        "done" if outcome["result"].is_null() => format!("done: {}", text("why")),
        "done" => told(&outcome["result"]),
        "declined" if text("caller_said").is_empty() => format!("{DECLINED}: {}", text("why")),
        "declined" => format!("{DECLINED}: {}", Value::from(text("caller_said"))),
        status => format!("{status}: {}", text("why")),
    }
}

/// A result as JSON; of one that is too long, the values that fit, and a sentence for each that does not.
fn told(result: &Value) -> String {
    let whole = result.to_string();
    let Some(fields) = result.as_object().filter(|_| whole.len() > RESULT_BYTES_MAX) else { return whole };
    let mut left = RESULT_BYTES_MAX;
    let short = fields.iter().map(|(name, value)| {
        let length = value.to_string().len();
        let value = match left.checked_sub(length) {
            Some(rest) => {
                left = rest;
                value.clone()
            }
            None => {
                let kibibytes = length.div_ceil(1024);
                format!("(not told: {kibibytes} KiB is too long; look for something narrower)").into()
            }
        };
        (name.clone(), value)
    });
    Value::Object(short.collect()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::conversation::{Conversation, Outputs};
    use crate::core::journal::CallFile;
    use crate::core::sim::script_plan;
    use crate::llm::openai::request::body;

    /// The messages of the last generation of a call script, as a server gets them.
    fn told(script: &str) -> Vec<Value> {
        let text =
            std::fs::read_to_string(format!("tests/calls/{script}.call")).expect("the script is there");
        let file = CallFile::parse(&text).expect("a call file");
        let plan = Arc::new(script_plan("en").expect("the plan has that name"));
        let mut conversation = Conversation::new(Arc::clone(&plan));
        let mut out = Outputs::default();
        file.events().for_each(|(at, event)| conversation.handle(at, event, &mut out));
        let entries = conversation.history().entries();
        let body = body("m", &prompt(&plan, entries, entries.len(), &PrivateValues::default()));
        body["messages"].as_array().expect("a list").clone()
    }

    #[test]
    fn of_a_result_that_is_too_long_what_fits_is_told_and_what_does_not_is_named() {
        let long = "x".repeat(RESULT_BYTES_MAX);
        let outcome = |result: Value| serde_json::json!({"status": "done", "result": result});
        let told = result_text(&outcome(serde_json::json!({"a": "short", "b": long, "say": "It is here."})));
        let want = r#"{"a":"short","b":"(not told: 9 KiB is too long; look for something narrower)","say":"It is here."}"#;
        assert_eq!(told, want);
        let fits = serde_json::json!({"b": "x".repeat(RESULT_BYTES_MAX - 8)});
        assert_eq!(result_text(&outcome(fits.clone())), fits.to_string());
    }

    #[test]
    fn what_was_done_before_is_told_to_the_model_as_done() {
        let messages = told("gate/done-in-an-earlier-conversation");
        let result = messages.iter().find(|message| message["role"] == "tool");
        let told = result.expect("the refused call has a result")["content"].as_str().expect("a text");
        assert_eq!(told, "done: this was done before, and nothing was sent again");
    }

    #[test]
    fn a_late_outcome_reaches_the_model_beside_the_unknown_one_under_an_id_of_its_own() {
        let messages = told("gate/late-outcome");
        let results: Vec<(&Value, &str)> = messages
            .iter()
            .filter(|message| message["role"] == "tool")
            .map(|result| (&result["tool_call_id"], result["content"].as_str().expect("a text")))
            .collect();
        let [(first, unknown), (second, done)] = results[..] else {
            panic!("not two results: {messages:#?}")
        };
        assert!(unknown.starts_with("unknown:"), "{unknown}");
        assert!(done.contains(r#"{"refund":"r1"}"#) && done.contains("not called again"), "{done}");
        assert_ne!(first, second, "a strict server refuses an id that it has seen");
        // Each right behind a call of its own.
        for (at, result) in messages.iter().enumerate().filter(|(_, message)| message["role"] == "tool") {
            assert_eq!(messages[at - 1]["tool_calls"][0]["id"], result["tool_call_id"]);
        }
    }
}
