//! An order, read off its line as far as a reader of a call wants to know.
//!
//! Promises: each part is read as it was given, whatever stands in a text or in arguments.
//! Never: gives an order back: a permit cannot come out of a text.

use crate::base::{GenerationId, PieceNo, ProposalId, ReplyId};

/// What an order says that a reader of a call follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ordered<'l> {
    /// `role` as it is written, like `outcome:t1`.
    Say {
        reply: ReplyId,
        piece: PieceNo,
        role: &'l str,
        text: String,
    },
    Cut(ReplyId),
    Generate(GenerationId),
    DropGeneration(GenerationId),
    /// `call`: the tool and its arguments, as JSON.
    Prepare {
        proposal: ProposalId,
        call: &'l str,
    },
    Discard(ProposalId),
    /// `leave`: by what right, like `confirmed`.
    Run {
        proposal: ProposalId,
        call: &'l str,
        leave: &'l str,
    },
    /// Its words, like `judged t1 yes`.
    Note(&'l str),
    Record,
    HangUp {
        why: &'l str,
    },
}

impl<'l> Ordered<'l> {
    /// Of what stands behind `>`. `None` for orders that only the line and a reply's end are about, and for what is none.
    #[must_use]
    pub fn read(order: &'l str) -> Option<Ordered<'l>> {
        let (verb, rest) = order.split_once(' ').unwrap_or((order, ""));
        let (id, behind) = rest.split_once(' ').unwrap_or((rest, ""));
        Some(match verb {
            "say" => {
                let (reply, piece) = read_piece(id)?;
                let (role, quoted) = behind.split_once(' ')?;
                Ordered::Say { reply, piece, role, text: serde_json::from_str(quoted).ok()? }
            }
            "cut" => Ordered::Cut(ReplyId::parse(id)?),
            "generate" => Ordered::Generate(GenerationId::parse(id)?),
            "drop" => Ordered::DropGeneration(GenerationId::parse(id)?),
            "prepare" => Ordered::Prepare { proposal: ProposalId::parse(id)?, call: behind },
            "discard" => Ordered::Discard(ProposalId::parse(id)?),
            "run" => {
                // The last one: arguments may hold whatever was said.
                let (call, behind) = behind.rsplit_once(" key=")?;
                let (_, leave) = behind.rsplit_once(' ')?;
                Ordered::Run { proposal: ProposalId::parse(id)?, call, leave }
            }
            "note" => Ordered::Note(rest),
            "record" => Ordered::Record,
            "hang-up" => Ordered::HangUp { why: rest },
            _ => return None,
        })
    }
}

/// `#1.0`.
#[must_use]
pub fn read_piece(word: &str) -> Option<(ReplyId, PieceNo)> {
    let dot = word.find('.')?;
    Some((ReplyId::parse(&word[..dot])?, PieceNo::parse(&word[dot..])?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_reads_as_it_was_given_whatever_its_texts_hold() {
        let (reply, proposal) = (ReplyId(3), ProposalId(1));
        let call = r#"a.b {"x":"1 key=2 confirmed"}"#;
        let run = format!("run t1 {call} key=\"an earlier key\" action=00ff unasked");
        for (order, read) in [
            (
                "say #3.1 outcome:t1 \"She said \\\"no\\\".\"",
                Some(Ordered::Say {
                    reply,
                    piece: PieceNo(1),
                    role: "outcome:t1",
                    text: "She said \"no\".".to_owned(),
                }),
            ),
            (run.as_str(), Some(Ordered::Run { proposal, call, leave: "unasked" })),
            ("prepare t1 a.b {}", Some(Ordered::Prepare { proposal, call: "a.b {}" })),
            ("note judged t1 yes", Some(Ordered::Note("judged t1 yes"))),
            ("hang-up finished", Some(Ordered::HangUp { why: "finished" })),
            ("record", Some(Ordered::Record)),
            ("end #3", None),
            ("say … outcome:t1 \"…\"", None),
            ("run t1 a.b {}", None),
            ("", None),
        ] {
            assert_eq!(Ordered::read(order), read, "{order}");
        }
    }
}
