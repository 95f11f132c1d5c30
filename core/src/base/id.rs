//! Ids of the things a call numbers, each a type of its own and printed with its sigil.
//!
//! Promises: an id prints as it is written in a journal (`#2`, `@1`, `t1`) and parses back.
//! Never: is drawn at random; the conversation counts them, the carrier or the driver names the call.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// One phone call, as the carrier names it, or as the driver does where the carrier has no name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CallId(Arc<str>);

/// Longest call id accepted from a carrier, in bytes: the longest known (a UUID with a prefix) has 40.
const CALL_ID_BYTES_MAX: usize = 64;

impl CallId {
    /// Letters, digits, `-`, `_` and `.`, at most 64 of them; anything else is `None`.
    #[must_use]
    pub fn parse(raw: &str) -> Option<CallId> {
        let fits = (1..=CALL_ID_BYTES_MAX).contains(&raw.len());
        let plain = raw.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
        (fits && plain).then(|| CallId(raw.into()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A tool as the plan names it: `integration.tool`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ToolName(pub Arc<str>);

impl fmt::Display for ToolName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

macro_rules! numbered {
    ($(#[$doc:meta])* $name:ident, $sigil:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(pub u32);

        impl $name {
            /// Reads what `Display` writes.
            #[must_use]
            pub fn parse(text: &str) -> Option<$name> {
                text.strip_prefix($sigil)?.parse().ok().map($name)
            }

            /// The one after.
            #[must_use]
            pub fn next(self) -> $name {
                $name(self.0.saturating_add(1))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($sigil, "{}"), self.0)
            }
        }
    };
}

numbered!(
    /// One thing the agent says, `#n`.
    ReplyId,
    "#"
);
numbered!(
    /// One request to the LLM, `@n`.
    GenerationId,
    "@"
);
numbered!(
    /// One wish of the LLM to call a tool, `tn`.
    ProposalId,
    "t"
);
numbered!(
    /// The place of a piece in its reply, from zero: `.n`.
    PieceNo,
    "."
);
