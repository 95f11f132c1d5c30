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
                Some((Who::Agent, format!("(interrupted {})", how_far(&pieces, *whole, *permille)?)))
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
            Event::Resumed(_) => Some((Who::Line, "the call is gone on with on a new line".to_owned())),
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

/// How much of a reply was heard: so many whole pieces, and so much of the next.
fn how_far(pieces: &[String], whole: u16, permille: u16) -> Option<String> {
    Some(match (pieces.get(usize::from(whole)), permille / 10) {
        (Some(piece), 0) => format!("before: {}", piece.trim()),
        (Some(piece), percent) => format!("after {percent}% of: {}", piece.trim()),
        (None, _) => format!("after: {}", pieces.last()?.trim()),
    })
}

fn gate_note(note: &str) -> Option<String> {
    let words: Vec<&str> = note.split(' ').collect();
    match words.as_slice() {
        ["asked", ..] => Some("the question was heard to its end".to_owned()),
        ["judged", _, verdict] => Some(format!("the answer counts as: {verdict}")),
        ["refused", _, why] => Some(format!("not taken up: {why}")),
        ["withdrawn", ..] => Some("nothing was sent".to_owned()),
        ["screened", ..] => Some("a claim that no result holds was not spoken".to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the lines tell, without the times.
    fn told(lines: &[&str]) -> Vec<String> {
        let call = CallId::parse("CA1").expect("a call id");
        let mut story = Story::default();
        for line in lines {
            story.take(&Seen { call: call.clone(), at: CallTime(0), line: (*line).to_owned() });
        }
        story.told.iter().map(|told| format!("{} {}", told.who.word(), told.text)).collect()
    }

    #[test]
    fn an_interruption_tells_the_words_that_were_cut() {
        let says = ["> say #3.0 answer:g1 \"One. \"", "> say #3.1 answer:g1 \"Two.\""];
        for (cut, tells) in [
            ("< cut #3 0+0", "(interrupted before: One.)"),
            ("< cut #3 0+391", "(interrupted after 39% of: One.)"),
            ("< cut #3 1+9", "(interrupted before: Two.)"),
            ("< cut #3 1+999", "(interrupted after 99% of: Two.)"),
            ("< cut #3 2+0", "(interrupted after: Two.)"),
        ] {
            let told = told(&[says[0], says[1], cut]);
            assert_eq!(told.last().map(String::as_str), Some(format!("agent {tells}").as_str()), "{cut}");
        }
    }

    #[test]
    fn a_plain_no_tells_that_nothing_was_sent_and_of_no_leave() {
        let told = told(&["> note judged t1 no", "> note withdrawn t1"]);
        assert_eq!(told, ["gate the answer counts as: no", "gate nothing was sent"]);
    }
}
