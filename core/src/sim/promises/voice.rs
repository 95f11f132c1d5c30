//! Promise 3: one reply at a time on the line, and nothing said after the end.
//!
//! Promises: a reply is open from its first piece until the line, the synthesiser or a deadline ends it.
//! Never: counts what waits inside.

use super::Seen;
use crate::base::{PieceNo, ReplyId};
use crate::conversation::{Event, Order, Timer};

#[derive(Debug, Default)]
pub(super) struct OneVoice {
    open: Option<Open>,
    last: ReplyId,
    stage: Stage,
}

#[derive(Debug)]
struct Open {
    reply: ReplyId,
    pieces: u32,
    extent: Extent,
}

#[derive(Debug, PartialEq, Eq)]
enum Extent {
    Growing,
    Complete,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Live,
    /// We hung up, or the caller did.
    Over,
}

impl OneVoice {
    pub(super) fn sees(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        match seen {
            Seen::Event(
                Event::Played { reply, .. } | Event::Cut { reply, .. } | Event::TtsFailed { reply },
                _,
            ) => {
                self.open.take_if(|open| open.reply == *reply);
            }
            Seen::Event(Event::HungUp, _) => self.stage = Stage::Over,
            Seen::Event(Event::Resumed(_), _) | Seen::Timer(Timer::Synthesis | Timer::Mark) => {
                self.open = None
            }
            Seen::Order(Order::Say { reply, piece, .. }) => return self.says(*reply, *piece),
            Seen::Order(Order::EndReply { reply }) => {
                let open = self.open.as_mut().filter(|open| open.reply == *reply);
                let open = open.ok_or_else(|| format!("{reply} is ended and is not on the line"))?;
                if open.extent == Extent::Complete {
                    return Err(format!("{reply} is ended twice"));
                }
                open.extent = Extent::Complete;
            }
            Seen::Order(Order::HangUp { .. }) => self.stage = Stage::Over,
            Seen::Event(..) | Seen::Timer(_) | Seen::Order(_) | Seen::Rest { .. } => {}
        }
        Ok(())
    }

    fn says(&mut self, reply: ReplyId, piece: PieceNo) -> Result<(), String> {
        if self.stage == Stage::Over {
            return Err(format!("{reply} is said after the end"));
        }
        match &mut self.open {
            Some(open) if open.reply == reply => {
                if open.pieces != piece.0 || open.extent == Extent::Complete {
                    return Err(format!("{reply}{piece} comes out of order"));
                }
                open.pieces += 1;
            }
            Some(open) => return Err(format!("{reply} begins while {} is on the line", open.reply)),
            None if piece.0 != 0 || reply <= self.last => {
                return Err(format!("{reply}{piece} belongs to a reply that is over"));
            }
            None => {
                self.last = reply;
                self.open = Some(Open { reply, pieces: 1, extent: Extent::Growing });
            }
        }
        Ok(())
    }
}
