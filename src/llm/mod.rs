//! The port of the language model: a conversation so far goes in, pieces and proposals come out.
//!
//! Reading order: this port, [`sse`] (server-sent events), [`openai`] (any server that speaks Chat
//! Completions), [`builtin`] (a slot-filling model without a network), [`scripted`] (answers written down).
//!
//! Promises: a stream ends with exactly one `Finished` or `Failed`; a proposal is complete or not made.
//! Never: runs a tool, decides whether one may run, or knows who is on the line.

pub mod builtin;
pub mod openai;
pub mod scripted;
pub mod sse;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use futures::stream::BoxStream;
use serde_json::Value;

use crate::core::base::{Fault, GenerationId, ProposalId, ToolName};
use crate::core::conversation::{Event, Plan};

/// A model that can hold up one end of a phone call.
pub trait Llm: Send + Sync {
    /// One generation. Nothing happens before the stream is polled; dropping it cancels at once.
    fn generate(&self, prompt: Prompt) -> BoxStream<'static, LlmEvent>;
}

/// What a model is asked to go on from.
#[derive(Clone)]
pub struct Prompt {
    pub plan: Arc<Plan>,
    /// Tools of the plan that may not be called yet: the model does not see them.
    pub withheld: BTreeSet<ToolName>,
    /// In the order in which it was heard; the last entry is what an answer is owed to.
    pub history: Vec<Message>,
}

/// One entry of the history. [`Message::Called`] and [`Message::Result`] come in pairs with one id.
#[derive(Clone, PartialEq)]
pub enum Message {
    /// Words of the caller, or the keys that were pressed.
    Caller {
        text: String,
        keyed: bool,
    },
    /// What was heard of the agent, be it the model's or the gateway's words.
    Agent {
        text: String,
    },
    Called {
        id: ProposalId,
        tool: ToolName,
        args: Value,
    },
    /// What a tool run came to: JSON of the mapped values where it was done, else a sentence for the model.
    /// Where the caller declined or wanted a change, it opens with [`DECLINED`] and quotes the caller's words as
    /// a JSON string; words that are not quoted are not the caller's.
    Result {
        id: ProposalId,
        text: String,
    },
}

/// How the result of a declined proposal opens: `declined: "yes but only twenty dollars"`.
pub const DECLINED: &str = "declined";
/// What the result of a wish opens with of which nothing was sent, by a rule of the gateway's; the caller was told.
pub const WITHHELD: &str = "withheld";

/// How the result of a proposal opens that could not be made ready to be asked about: nothing of it was said yet.
pub const UNPREPARED: &str = "unprepared";

/// What a model does.
#[derive(Clone, Debug, PartialEq)]
pub enum LlmEvent {
    /// One piece of text, as [`crate::core::language::Splitter`] cuts it.
    Wrote(String),
    /// A wish to call a tool; `args` is a complete JSON object. The tool may be one the plan does not know.
    Proposed { tool: ToolName, args: Value },
    /// The end. No usage where the server told none.
    Finished { usage: Option<Usage> },
    /// The end of a generation that went wrong; what was written before stands, no proposal was made.
    Failed(Fault),
}

impl LlmEvent {
    /// As a conversation is told it, and the fault that it is not told.
    #[must_use]
    pub fn told(self, generation: GenerationId) -> (Event, Option<Fault>) {
        match self {
            LlmEvent::Wrote(piece) => (Event::Wrote { generation, piece }, None),
            LlmEvent::Proposed { tool, args } => (Event::Proposed { generation, tool, args }, None),
            LlmEvent::Finished { usage: _ } => (Event::Finished { generation }, None),
            LlmEvent::Failed(fault) => (Event::GenerationFailed { generation }, Some(fault)),
        }
    }
}

/// What a generation cost, in tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Of the prompt, the cached ones included.
    pub input: u64,
    pub cached: u64,
    /// Of the answer, hidden reasoning included.
    pub output: u64,
}

impl fmt::Debug for Prompt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Prompt(agent {:?}, {} messages)", self.plan.agent, self.history.len())
    }
}

/// Whose turn it was and how long; the words are private.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Message::Caller { text, keyed } => {
                write!(f, "Caller({} characters, keyed: {keyed})", text.chars().count())
            }
            Message::Agent { text } => write!(f, "Agent({} characters)", text.chars().count()),
            Message::Called { id, tool, args: _ } => write!(f, "Called({id}, {tool})"),
            Message::Result { id, text } => write!(f, "Result({id}, {} characters)", text.chars().count()),
        }
    }
}
