//! What the world shall do: the closed list of orders a conversation gives.
//!
//! Promises: every order is complete; who carries it out decides nothing.
//! Never: is cloned: a `Run` carries its permit, and a permit exists once.

use serde_json::Value;

use super::gate::Permit;
use crate::base::{Digest, GenerationId, Millis, PieceNo, Position, ProposalId, ReplyId, ToolName};
use crate::language::Answer;

/// One order to the driver, or one note for the record.
#[derive(Debug)]
pub enum Order {
    /// From now on, this much speech is speech and this much silence ends it.
    Watch(Watch),
    /// Speak one piece of a reply. The first piece of a new reply opens it.
    Say { reply: ReplyId, piece: PieceNo, role: Role, text: String },
    /// The reply has no more pieces: ask for the mark behind the last.
    EndReply { reply: ReplyId },
    /// Stop the reply and say what was heard of it.
    Cut { reply: ReplyId },
    /// Ask the model, with the first `history` entries, whose digest is given so that replay can compare.
    Generate { generation: GenerationId, history: usize, digest: Digest },
    /// Nobody waits for this generation any more: cancel it.
    DropGeneration { generation: GenerationId },
    /// Resolve the request of a tool with effects, read-only steps included; send nothing else.
    Prepare { proposal: ProposalId, tool: ToolName, args: Value },
    /// Forget a prepared request: it will not be sent.
    Discard { proposal: ProposalId },
    /// Run a tool, by leave.
    Run { proposal: ProposalId, tool: ToolName, args: Value, key: ActionKey, permit: Permit },
    /// The caller has agreed to be recorded: keep the audio from here on.
    Record,
    /// End the call at the carrier.
    HangUp { why: Why },
    /// For the record.
    Note(Note),
}

/// What the line shall count, and what the recogniser may expect to hear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watch {
    pub speech: Millis,
    pub silence: Millis,
    pub expect: Expect,
}

/// What kind of words the caller is likely to say next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    Anything,
    /// An answer to a question with effects.
    YesNo,
    /// The same, after a doubtful yes: a second one of the same kind is enough.
    YesAgain,
    Digits,
}

/// What a reply is for; it decides what may interrupt it and what follows when it was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Greeting,
    /// The model's words.
    Answer(GenerationId),
    /// A word while somebody works.
    Filler,
    /// "Are you still there?"
    Reminder,
    /// The gateway's own sentence: an apology, a correction.
    Notice,
    /// The spoken question about a proposal.
    Question(ProposalId),
    /// The action named aloud before the request leaves.
    Action(ProposalId),
    /// What became of an action.
    Outcome(ProposalId),
    Goodbye,
}

/// The name under which an action is sent: of the proposal that first sent it, in this call or an earlier one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ActionKey {
    /// Of this proposal of this call.
    Own(ProposalId),
    /// Of the earlier request, word for word.
    Earlier(String),
}

/// Why a call is ended by us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The conversation came to its end.
    Finished,
    /// The caller said nothing.
    Silence,
    /// The longest call.
    Limit,
    /// A service we cannot do without is gone.
    Service,
}

/// What the record keeps beside facts and orders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// A question was heard to its end.
    Asked { proposal: ProposalId, end: Position },
    /// An answer was judged.
    Judged { proposal: ProposalId, answer: Verdict },
    /// A proposal was turned away before anything was asked.
    Refused { proposal: ProposalId, why: Refusal },
    /// A question names a parameter and does not say its value.
    Unsaid { proposal: ProposalId, parameter: String },
    /// A permit died unused.
    Withdrawn { proposal: ProposalId },
    /// A piece of the model's text claimed what no result holds, and was not spoken.
    Screened { generation: GenerationId },
}

/// How an answer counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Spoken(Answer),
    Key(char),
    /// A yes, but only spoken, where a key is demanded.
    WantsKey,
    /// A yes whose words lie before the question's end.
    Early,
    /// A yes that sounds like the question itself.
    Echo,
    /// Something like a yes by an engine that can say so.
    Doubtful,
}

/// Why a proposal was not taken up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    UnknownTool,
    /// Declined by the caller in this very turn.
    Declined,
    /// The same action is under way.
    UnderWay,
    /// The same action was sent and nobody knows how it ended.
    OutcomeUnknown,
    /// The same action was done in this very turn, or in an earlier conversation of the call.
    AlreadyDone,
    /// A part of the same action was done in an earlier call, and would be done once more.
    PartlyDone,
    /// Its question cannot be put: a value is missing or would not be said, or this caller has no way to answer.
    NotAskable,
    /// Who is calling is not proven yet.
    NotIdentified,
    /// The tool has run as often as it may in one call.
    Spent,
    /// What is to prove it is not the caller's own word.
    NotOwnWord,
    /// Proofs of it have failed in this call as often as they may.
    ProofsSpent,
    /// It passes on a number that was keyed for another value.
    KeyedForAnother,
}
