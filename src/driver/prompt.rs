//! The heart's history as the model's messages.
//!
//! Promises: every call of a tool stands beside its result.
//! Never: adds or leaves out an entry.

use std::sync::Arc;

use serde_json::Value;

use crate::core::conversation::{Entry, Plan};
use crate::llm::{DECLINED, Message, Prompt};

/// The prompt over the first `length` entries.
pub(super) fn prompt(plan: &Arc<Plan>, entries: &[Entry], length: usize) -> Prompt {
    let history = entries.iter().take(length).flat_map(messages).collect();
    Prompt { plan: Arc::clone(plan), history }
}

fn messages(entry: &Entry) -> Vec<Message> {
    match entry {
        Entry::Caller { text } => vec![Message::Caller { text: text.clone(), keyed: false }],
        Entry::Keys { keys } => vec![Message::Caller { text: keys.clone(), keyed: true }],
        Entry::Agent { text } => vec![Message::Agent { text: text.clone() }],
        Entry::Tool { proposal, tool, args, outcome } => {
            let called = Message::Called { id: *proposal, tool: tool.clone(), args: args.clone() };
            vec![called, Message::Result { id: *proposal, text: result_text(outcome) }]
        }
    }
}

/// The mapped values of what was done, else a sentence; a caller's no opens with the word for it.
fn result_text(outcome: &Value) -> String {
    let text = |name: &str| outcome[name].as_str().unwrap_or("");
    match text("status") {
        "done" => outcome["result"].to_string(),
        "declined" if text("caller_said").is_empty() => format!("{DECLINED}: {}", text("why")),
        "declined" => format!("{DECLINED}: {}", Value::from(text("caller_said"))),
        status => format!("{status}: {}", text("why")),
    }
}
