//! What the world did: the closed list of facts a conversation can be told.
//!
//! Promises: a fact carries all it means (spans, ids, results), so the same facts give the same orders.
//! Never: holds audio frames, tokens of a model, or a reading of a clock.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::base::{
    CallTime, Digest, GenerationId, PieceNo, Position, ProposalId, ReplyId, Samples, Span, ToolName,
};

/// One fact. What it is about is named by an id; a fact about something nobody waits for is dropped.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The call was answered; always the first fact, at time zero.
    Answered(Answered),
    /// The caller began to speak; raised after as much speech as the standing `Watch` asks for.
    SpeechStarted {
        at: Position,
    },
    /// The caller fell silent for as long as the standing `Watch` asks for.
    SpeechStopped {
        at: Position,
    },
    /// No frame has come for a second: nobody can hear whether the caller speaks.
    LineStalled,
    LineResumed,
    /// A key was pressed: `0`-`9`, `*`, `#`, or [`super::MASKED_KEY`] for a digit of a number that is private.
    Key {
        key: char,
        at: Position,
    },
    /// Words of the caller.
    Heard(Transcript),
    /// The recogniser lost the turn: its words are gone.
    SttFailed,
    /// All audio of one piece is there.
    Synthesised {
        reply: ReplyId,
        piece: PieceNo,
        length: Samples,
    },
    /// A piece could not be synthesised, or its length was implausible.
    TtsFailed {
        reply: ReplyId,
    },
    /// All of a reply was played to its end.
    Played {
        reply: ReplyId,
        at: Position,
        by: By,
    },
    /// A reply was cut: pieces heard whole, and of the next one how much in ‰, rounded down.
    Cut {
        reply: ReplyId,
        whole: u16,
        permille: u16,
    },
    /// One piece of the model's text.
    Wrote {
        generation: GenerationId,
        piece: String,
    },
    /// The model wishes a tool called; `args` is the complete object.
    Proposed {
        generation: GenerationId,
        tool: ToolName,
        args: Value,
    },
    /// The model has ended its answer.
    Finished {
        generation: GenerationId,
    },
    /// The model failed after all its fallbacks.
    GenerationFailed {
        generation: GenerationId,
    },
    /// The request of a proposal is resolved: what exactly would be sent, and the values a question may name.
    Prepared {
        proposal: ProposalId,
        action: Digest,
        values: Value,
    },
    /// The request could not be resolved; `why` is for the model, in its language of instruction.
    Unprepared {
        proposal: ProposalId,
        why: String,
    },
    /// What was to prove who is calling did not, or was not tried: a read-only tool, or the steps before a question.
    Unproven {
        proposal: ProposalId,
        unproven: Unproven,
    },
    /// A tool run came to its end.
    Settled {
        proposal: ProposalId,
        outcome: Outcome,
    },
    /// The caller hung up, or the carrier took the call away.
    HungUp,
    /// What carried the call was gone for a while, and all that worked for it; the caller is on a new line.
    Resumed(Resumed),
}

impl Event {
    /// Until when the timers due fire before it. While nobody was there no wait ran.
    #[must_use]
    pub fn wakes_until(&self, at: CallTime) -> CallTime {
        if let Event::Resumed(resumed) = self { resumed.since.min(at) } else { at }
    }
}

/// What is known when the call is answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// Which dialect of carrier brings marks and keys.
    pub line: LineAbilities,
    /// How far a spoken yes of this recogniser may be trusted.
    pub engine: EngineYes,
    /// When a question ends with "say yes or no".
    pub tag: Tag,
    /// Whether this gateway can record.
    #[serde(default)]
    pub recorder: Recorder,
    /// Zero for a new call; above, the caller was re-attached after the conversation was lost.
    pub attempt: u8,
    /// What this caller's earlier calls left open, and what earlier conversations of this very call have begun.
    pub earlier: Vec<EarlierAction>,
}

/// What is known when a call is gone on with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resumed {
    /// The last time of which there is a record.
    pub since: CallTime,
    /// As in [`Answered`], of the new line.
    pub line: LineAbilities,
    pub engine: EngineYes,
    pub tag: Tag,
    /// As in [`Answered`], without what this conversation itself has begun.
    pub earlier: Vec<EarlierAction>,
}

/// What the carrier's dialect can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineAbilities {
    /// The carrier acknowledges what it has played.
    pub marks: bool,
    /// Keys reach us.
    pub keys: bool,
}

/// How far a spoken yes may be trusted, by the recogniser's measured rate of false yeses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EngineYes {
    /// Its rate is known and within the limit, or words are judged as text.
    Trusted,
    /// Its rate is unknown or above the limit: irreversible effects want a key.
    KeypadOnly,
}

/// When a question carries its tag ("Say yes or no").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tag {
    /// Only when it is asked again.
    WhenAskedAgain,
    /// Always: the recogniser expects just these words.
    Always,
}

/// Whether this gateway can record a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recorder {
    /// It has no place for recordings: nobody is asked for leave.
    #[default]
    None,
    Ready,
}

/// An action that was sent before this conversation began, and is not to be sent as if it had never been.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EarlierAction {
    pub tool: ToolName,
    pub action: Digest,
    /// Under which idempotency key it was sent; empty where there was none.
    pub key: String,
    pub end: EarlierEnd,
}

/// What is known of an earlier action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EarlierEnd {
    /// It was sent and never answered.
    Unknown,
    /// A part of it was done, and the rest was not.
    Partly,
    /// It was done, and perhaps nobody has told the caller.
    Done,
}

/// Words of one turn, as far as the recogniser has got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transcript {
    /// New words since the last final transcript.
    pub words: Vec<Word>,
    pub end: TranscriptEnd,
}

/// One recognised word. Without a span it can never be a yes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    pub text: String,
    pub span: Option<Span>,
}

/// What a transcript says about its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TranscriptEnd {
    /// These words may still change.
    Partial,
    /// These words stand; more may come.
    Final,
    /// All words of the speech that ended with the last `SpeechStopped` are told.
    Turn(Affirmation),
}

impl TranscriptEnd {
    /// The words of the speech that ended last are told with it.
    #[must_use]
    pub fn is_turn(self) -> bool {
        match self {
            TranscriptEnd::Partial | TranscriptEnd::Final => false,
            TranscriptEnd::Turn(_) => true,
        }
    }
}

/// What a recogniser that can judge a yes by sound says of the turn; others leave it to the words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Affirmation {
    /// The words decide.
    ByWords,
    /// A yes by the engine's full recipe.
    Certain,
    /// Something like a yes: worth one more question.
    Doubtful,
    /// No yes by the recipe, whatever the words say.
    Absent,
}

impl Affirmation {
    /// What both are worth together: a certain one vouches for no word of the other.
    pub(super) fn weaker(self, other: Affirmation) -> Affirmation {
        let worth = |affirmation| match affirmation {
            Affirmation::Absent => 0,
            Affirmation::Doubtful => 1,
            Affirmation::ByWords => 2,
            Affirmation::Certain => 3,
        };
        if worth(self) <= worth(other) { self } else { other }
    }
}

/// How it is known that audio was played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The carrier's acknowledgment.
    Mark,
    /// The computed clock plus a margin, where the dialect has no marks.
    Clock,
}

/// How a tool run ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// `result` is what the response mapping let through.
    Done { result: Value },
    /// Some of its steps are done, and what is done is not undone. `result` is what those have found; `why` is for the model.
    Partly { result: Value, rest: Rest, why: String },
    /// It did not happen; `why` is for the model.
    Failed { why: String },
    /// It did not happen: nothing was sent, by a rule of the gateway's own.
    Withheld(Withheld),
    /// It was sent and nobody knows.
    Unknown,
}

/// Why nothing is told of what a tool with proofs was to find.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unproven {
    /// It was tried. What the caller said is not what the system holds, or the system has no such thing: which of them
    /// it was, `why` does not say.
    Failed { why: String },
    /// Nothing was sent: too many tries have failed before.
    Locked(Lock),
}

impl Unproven {
    /// For whoever has no conversation to tell it to: nothing was done.
    #[must_use]
    pub fn outcome(self) -> Outcome {
        match self {
            Unproven::Failed { why } => Outcome::Failed { why },
            Unproven::Locked(_) => Outcome::Failed { why: "too many proofs have failed".to_owned() },
        }
    }
}

/// How long nobody may try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lock {
    /// So many minutes, at least one.
    Minutes(u32),
    /// The rest of the call.
    Call,
}

/// What became of the steps that are not known to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    NotDone,
    /// One of them was sent, and nobody knows.
    Unknown,
}

/// By which rule nothing was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Withheld {
    /// Its system failed again and again just now, and is left alone for a while.
    OutOfReach,
    /// As often as the tool may run was reached.
    Spent,
}

impl Outcome {
    /// Whether something may yet be found out.
    #[must_use]
    pub fn is_open(&self) -> bool {
        match self {
            Outcome::Unknown | Outcome::Partly { rest: Rest::Unknown, .. } => true,
            Outcome::Done { .. }
            | Outcome::Partly { rest: Rest::NotDone, .. }
            | Outcome::Failed { .. }
            | Outcome::Withheld(_) => false,
        }
    }
}
