//! What a carrier's media-stream protocol can do; the line and the gate ask this, never the carrier's name.
//!
//! Promises: every difference that changes behaviour is a named value here.
//! Never: parses or writes a message.

/// The capabilities of one dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dialect {
    /// As it is written in a journal and a metric.
    pub name: &'static str,
    pub marks: Marks,
    pub clear: Clear,
    pub keys: Keys,
    pub pacing: Pacing,
}

/// Whether the carrier says what it has played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Marks {
    /// Played audio is acknowledged by name.
    Named { after_clear: AfterClear },
    /// What was heard is computed from the clock.
    None,
}

/// What becomes of the marks that wait when the buffer is cleared. None of them was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterClear {
    /// They come back at once, looking like any other mark.
    Echo,
    /// They come back and say that they were cleared.
    Reported,
    /// They never come back.
    Silent,
}

/// Whether audio already given to the carrier can be taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clear {
    Supported,
    Unsupported,
}

/// How the caller's keys arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys {
    /// As messages; the audio holds no tone that counts.
    OutOfBand,
    /// As tones in the audio only.
    InBand,
}

/// Who keeps real time towards the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pacing {
    /// The carrier buffers what it gets and plays it at 1x.
    Carrier,
    /// What is sent is heard at once: frames leave one by one, in time.
    Gateway,
}

/// Twilio Media Streams, bidirectional (`<Connect><Stream>`).
pub const TWILIO: Dialect = Dialect {
    name: "twilio",
    marks: Marks::Named { after_clear: AfterClear::Echo },
    clear: Clear::Supported,
    keys: Keys::OutOfBand,
    pacing: Pacing::Carrier,
};
