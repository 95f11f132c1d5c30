//! What an order asks of the world, read off its line in the journal: so that a recorded order and today's compare.
//!
//! Promises: the same question has the same text in every call.
//! Never: reads an order back; a permit cannot come out of a text.

use crate::base::{GenerationId, PieceNo, ProposalId, ReplyId};
use crate::journal::Ordered;

/// What an order wants an answer to, or that it wants none any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    Say {
        reply: ReplyId,
        piece: PieceNo,
    },
    Generate(GenerationId),
    DropGeneration(GenerationId),
    /// `text` says of which tool, and with which arguments.
    Prepare {
        proposal: ProposalId,
        text: String,
    },
    Discard(ProposalId),
    Run {
        proposal: ProposalId,
        text: String,
    },
    Cut(ReplyId),
    HangUp,
}

impl Asked {
    /// Of an order's line, as it stands behind `>`. `None` for orders that ask nothing of the world.
    #[must_use]
    pub fn of(order: &str) -> Option<Asked> {
        Some(match Ordered::read(order)? {
            Ordered::Say { reply, piece, .. } => Asked::Say { reply, piece },
            Ordered::Generate(generation) => Asked::Generate(generation),
            Ordered::DropGeneration(generation) => Asked::DropGeneration(generation),
            Ordered::Prepare { proposal, call } => {
                Asked::Prepare { proposal, text: format!("prepare {call}") }
            }
            Ordered::Discard(proposal) => Asked::Discard(proposal),
            // The key and the action are no part of the question.
            Ordered::Run { proposal, call, .. } => Asked::Run { proposal, text: format!("run {call}") },
            Ordered::Cut(reply) => Asked::Cut(reply),
            Ordered::HangUp { .. } => Asked::HangUp,
            Ordered::Note(_) | Ordered::Record => return None,
        })
    }
}
