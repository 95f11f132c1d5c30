//! Every wait has a name.
//!
//! Promises: the order of the variants is the order in which timers due at the same time fire.
//! Never: holds a time itself; the state that waits does.

/// Why the conversation wants to be woken. The state that owns it says what happens then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    /// The longest call is over: goodbye.
    CallLimit,
    /// The call ends in a minute: tell the caller.
    CallWarning,
    /// The goodbye was not heard out in time, or the carrier did not hang up: end anyway.
    Closing,
    /// The caller speaks without end: the turn is taken as it is.
    TurnLimit,
    /// The recogniser did not answer: the turn is taken with the words there are.
    Transcript,
    /// No further key came: the number is complete.
    Keys,
    /// The synthesiser did not deliver: the reply is over.
    Synthesis,
    /// The mark did not come back: nobody says that the reply was heard, and a question is asked again.
    Mark,
    /// The action was named and the breath is over: the request leaves.
    Breath,
    /// The permit is too old: ask again.
    Permit,
    /// The caller did not answer the question: ask again.
    Answer,
    /// A request could not be resolved in time.
    Prepare,
    /// A tool did not come to its end in time: failed, or unknown where it has effects.
    Tool,
    /// The model did not answer in time.
    Generation,
    /// Somebody has been working silently: say a word.
    Filler,
    /// Nobody has said anything: remind, and in the end say goodbye.
    Silence,
}
