//! What was said and done, as the model is told it.
//!
//! Promises: the agent's words are here only once they were heard (promise 6); a tool call never stands without
//! its outcome, so no request to a model can be built that lacks one.
//! Never: forgets or rewrites an entry; orders name a prefix by its length and digest.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::base::{Digest, ProposalId, ToolName, canonical_json, write_canonical_text};

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entry {
    /// Words of the caller.
    Caller { text: String },
    /// Keys the caller pressed.
    Keys { keys: String },
    /// Words of the agent, as far as they were heard.
    Agent { text: String },
    /// A tool call with what became of it; `outcome` is an object with a `status`.
    Tool { proposal: ProposalId, tool: ToolName, args: Value, outcome: Value },
}

impl Entry {
    /// The canonical JSON of what serde writes; by hand, because it is asked for at every word of a call.
    fn canonical(&self) -> String {
        let one = |kind: &str, name: &str, text: &str| {
            let mut out = format!("{{\"{kind}\":{{\"{name}\":");
            write_canonical_text(text, &mut out);
            out.push_str("}}");
            out
        };
        match self {
            Entry::Caller { text } => one("caller", "text", text),
            Entry::Keys { keys } => one("keys", "keys", keys),
            Entry::Agent { text } => one("agent", "text", text),
            Entry::Tool { proposal, tool, args, outcome } => canonical_json(&json!({"tool": {
                "args": args, "outcome": outcome, "proposal": proposal, "tool": tool,
            }})),
        }
    }
}

/// All entries of a call, in order, with a digest over them.
#[derive(Clone, Debug)]
pub struct History {
    entries: Vec<Entry>,
    digest: Digest,
}

impl History {
    pub(super) fn new() -> History {
        History { entries: Vec::new(), digest: Digest::of_bytes(b"") }
    }

    pub(super) fn push(&mut self, entry: Entry) {
        self.digest = Digest::of_bytes(format!("{}{}", self.digest, entry.canonical()).as_bytes());
        self.entries.push(entry);
    }

    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_digested_as_the_canonical_json_of_what_is_stored() {
        let text = "a \"yes\"\\, sí\u{301}\n".to_owned();
        let (tool, args) = (ToolName("shop.refund".into()), json!({"order": "77", "amount": 20.0}));
        for entry in [
            Entry::Caller { text: text.clone() },
            Entry::Caller { text: "plain words".to_owned() },
            Entry::Keys { keys: "1#".to_owned() },
            Entry::Agent { text },
            Entry::Tool { proposal: ProposalId(7), tool, args, outcome: json!({"status": "done"}) },
        ] {
            let stored = serde_json::to_value(&entry).expect("an entry is plain data");
            assert_eq!(entry.canonical(), canonical_json(&stored));
        }
    }
}
