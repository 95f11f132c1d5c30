//! A journal told to a reader: who said what, which tool was asked for, what the gate ruled.
//!
//! Promises: tells what the record holds and nothing else.
//! Never: decides whether a call went well.

use std::collections::BTreeMap;

use crate::core::base::{CallId, CallTime, ReplyId};
use crate::core::conversation::{Event, Outcome};
use crate::core::journal::parse_event;
use crate::driver::Seen;

/// One line for a reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    pub at: CallTime,
    pub who: Who,
    pub text: String,
}

/// Whose line it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    Caller,
    Agent,
    Tool,
    Gate,
    Line,
}

impl Who {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Who::Caller => "caller",
            Who::Agent => "agent",
            Who::Tool => "tool",
            Who::Gate => "gate",
            Who::Line => "line",
        }
    }
}

/// Follows one call's lines.
#[derive(Debug, Default)]
pub struct Story {
    /// Pieces of the replies that are on their way.
    replies: BTreeMap<ReplyId, Vec<String>>,
    /// Everything told so far.
    pub told: Vec<Told>,
    /// Whose lines these are, once there was one.
    pub call: Option<CallId>,
}

impl Story {
    /// Takes one line of the journal; what it tells a reader, if anything.
    pub fn take(&mut self, seen: &Seen) -> Option<Told> {
        self.call.get_or_insert_with(|| seen.call.clone());
        let (who, text) = match seen.line.split_at_checked(2)? {
            ("< ", event) => self.event(&parse_event(event).ok()?)?,
            ("> ", order) => self.order(order)?,
            _ => return None,
        };
        let told = Told { at: seen.at, who, text };
        self.told.push(told.clone());
        Some(told)
    }

    fn event(&mut self, event: &Event) -> Option<(Who, String)> {
        match event {
            Event::Heard(transcript) if !transcript.words.is_empty() => {
                let words: Vec<&str> = transcript.words.iter().map(|word| word.text.as_str()).collect();
                Some((Who::Caller, words.join(" ")))
            }
            Event::Heard(_) => Some((Who::Caller, "(nothing that was understood)".to_owned())),
            Event::Key { key, .. } => Some((Who::Caller, format!("presses {key}"))),
            Event::Cut { reply, whole, permille } => {
                let pieces = self.replies.remove(reply)?;
                let heard = pieces.iter().take(usize::from(*whole)).cloned().collect::<Vec<_>>().join(" ");
                let part = if *permille > 0 {
                    format!(" and {}% of the next piece", permille / 10)
                } else {
                    String::new()
                };
                Some((Who::Agent, format!("is interrupted after {heard:?}{part}")))
            }
            Event::Played { reply, .. } => {
                self.replies.remove(reply);
                None
            }
            Event::Settled { outcome, .. } => Some(match outcome {
                Outcome::Done { result } => (Who::Tool, format!("done: {result}")),
                Outcome::Failed { why } => (Who::Tool, format!("failed: {why}")),
                Outcome::Unknown => (Who::Tool, "sent, and no answer: unknown".to_owned()),
            }),
            Event::HungUp => Some((Who::Line, "the call is over".to_owned())),
            Event::LineStalled => Some((Who::Line, "no audio comes".to_owned())),
            Event::Answered(_)
            | Event::SpeechStarted { .. }
            | Event::SpeechStopped { .. }
            | Event::LineResumed
            | Event::SttFailed
            | Event::Synthesised { .. }
            | Event::TtsFailed { .. }
            | Event::Wrote { .. }
            | Event::Proposed { .. }
            | Event::Finished { .. }
            | Event::GenerationFailed { .. }
            | Event::Prepared { .. }
            | Event::Unprepared { .. } => None,
        }
    }

    fn order(&mut self, order: &str) -> Option<(Who, String)> {
        let (verb, rest) = order.split_once(' ').unwrap_or((order, ""));
        match verb {
            "say" => {
                let (piece, rest) = rest.split_once(' ')?;
                let (_, quoted) = rest.split_once(' ')?;
                let text: String = serde_json::from_str(quoted).ok()?;
                let reply = ReplyId::parse(piece.split('.').next()?)?;
                self.replies.entry(reply).or_default().push(text.clone());
                Some((Who::Agent, text))
            }
            "prepare" => Some((Who::Tool, format!("wishes {}", after_id(rest)))),
            "run" => {
                let (call, leave) = rest.rsplit_once(' ')?;
                let call = after_id(call).split(" key=").next()?;
                Some((
                    Who::Tool,
                    format!("{} {call}", if leave == "confirmed" { "runs, confirmed:" } else { "runs:" }),
                ))
            }
            "note" => gate_note(rest).map(|text| (Who::Gate, text)),
            "hang-up" => Some((Who::Line, format!("we hang up ({rest})"))),
            _ => None,
        }
    }
}

fn after_id(text: &str) -> &str {
    text.split_once(' ').map_or("", |(_, rest)| rest)
}

fn gate_note(note: &str) -> Option<String> {
    let words: Vec<&str> = note.split(' ').collect();
    match words.as_slice() {
        ["asked", ..] => Some("the question was heard to its end".to_owned()),
        ["judged", _, verdict] => Some(format!("the answer counts as: {verdict}")),
        ["refused", _, why] => Some(format!("not taken up: {why}")),
        ["withdrawn", ..] => Some("leave withdrawn; nothing was sent".to_owned()),
        ["screened", ..] => Some("a claim that no result holds was not spoken".to_owned()),
        _ => None,
    }
}
