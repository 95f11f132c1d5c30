//! What was said and done, as the model is told it.
//!
//! Promises: the agent's words are here only once they were heard (promise 6); a tool call never stands without
//! its outcome, so no request to a model can be built that lacks one.
//! Never: forgets or rewrites an entry; orders name a prefix by its length and digest.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::base::{Digest, ProposalId, ToolName};

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
        let text =
            serde_json::to_value(&entry).map_or_else(|e| e.to_string(), |v| crate::base::canonical_json(&v));
        self.digest = Digest::of_bytes(format!("{}{text}", self.digest).as_bytes());
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
