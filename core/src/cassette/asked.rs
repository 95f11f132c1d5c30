//! What an order asks of the world, read off its line in the journal: so that a recorded order and today's compare.
//!
//! Promises: the same question has the same text in every call.
//! Never: reads an order back; a permit cannot come out of a text.

use crate::base::{GenerationId, PieceNo, ProposalId, ReplyId};

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
        let (word, rest) = order.split_once(' ').unwrap_or((order, ""));
        let (id, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        Some(match word {
            "say" => {
                let (reply, piece) = piece(id)?;
                Asked::Say { reply, piece }
            }
            "generate" => Asked::Generate(GenerationId::parse(id)?),
            "drop" => Asked::DropGeneration(GenerationId::parse(id)?),
            "prepare" => Asked::Prepare { proposal: ProposalId::parse(id)?, text: format!("prepare {rest}") },
            "discard" => Asked::Discard(ProposalId::parse(id)?),
            "run" => {
                // Behind the arguments stand the key and the action, which are no part of the question.
                let asked = rest.rfind(" key=").map_or(rest, |end| &rest[..end]);
                Asked::Run { proposal: ProposalId::parse(id)?, text: format!("run {asked}") }
            }
            "cut" => Asked::Cut(ReplyId::parse(id)?),
            "hang-up" => Asked::HangUp,
            _ => return None,
        })
    }
}

/// `#1.0`.
pub(super) fn piece(word: &str) -> Option<(ReplyId, PieceNo)> {
    let dot = word.find('.')?;
    Some((ReplyId::parse(&word[..dot])?, PieceNo::parse(&word[dot..])?))
}
