//! What a test asks about, found in the lines of a call: what was said, asked, judged and run.
//!
//! Promises: a fact names its line; a reply in pieces is one fact; what has no meaning to a test is left out.
//! Never: judges a call.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::core::base::{CallTime, Position};
use crate::core::conversation::{Event, Outcome, TranscriptEnd};
use crate::core::journal::{CallFile, Line, Ordered, Play};

/// One thing that happened.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fact {
    /// In the call, as the line above tells it.
    pub(crate) at: CallTime,
    /// Its line among those of the file, from zero.
    pub(crate) line: usize,
    pub(crate) deed: Deed,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Deed {
    /// A turn of the caller, with its words.
    Turn(String),
    /// The caller's voice ended there.
    FellSilent(Position),
    /// A reply; its pieces together.
    Said {
        reply: String,
        role: String,
        text: String,
    },
    /// The first piece of a reply is there to be played.
    Voiced {
        reply: String,
    },
    /// A tool with effects is to be asked about.
    Wished {
        proposal: String,
        tool: String,
        args: Value,
    },
    /// Its question was heard to its end.
    Asked {
        proposal: String,
    },
    Judged {
        proposal: String,
        verdict: String,
    },
    Ran {
        tool: String,
        args: Value,
    },
    /// `done`, `failed` or `unknown`.
    Settled {
        proposal: String,
        outcome: &'static str,
    },
    /// The agent ended the call.
    HungUp,
}

/// All facts of a call, in order.
pub(crate) fn facts(file: &CallFile) -> Vec<Fact> {
    let (mut reader, mut at) = (Reader::default(), CallTime::ANSWER);
    for (line, written) in file.lines.iter().enumerate() {
        let deed = match written {
            Line::Event { at: then, event } => {
                at = *then;
                reader.event(event)
            }
            Line::Timer { due, .. } => {
                at = *due;
                None
            }
            Line::Order { text } => reader.order(text),
        };
        reader.facts.extend(deed.map(|deed| Fact { at, line, deed }));
    }
    reader.facts
}

#[derive(Default)]
struct Reader {
    facts: Vec<Fact>,
    /// Where a reply's fact is.
    replies: BTreeMap<String, usize>,
    /// Words of a turn that is not whole yet.
    words: Vec<String>,
}

impl Reader {
    fn event(&mut self, event: &Event) -> Option<Deed> {
        match event {
            Event::Heard(transcript) => {
                let words = transcript.words.iter().map(|word| word.text.clone());
                match transcript.end {
                    TranscriptEnd::Partial => None,
                    TranscriptEnd::Final => {
                        self.words.extend(words);
                        None
                    }
                    TranscriptEnd::Turn(_) => {
                        self.words.extend(words);
                        let words = std::mem::take(&mut self.words).join(" ");
                        (!words.is_empty()).then_some(Deed::Turn(words))
                    }
                }
            }
            Event::SpeechStopped { at } => Some(Deed::FellSilent(*at)),
            Event::Synthesised { reply, piece, .. } if piece.0 == 0 => {
                Some(Deed::Voiced { reply: reply.to_string() })
            }
            Event::Settled { proposal, outcome } => {
                let outcome = match outcome {
                    Outcome::Done { .. } => "done",
                    Outcome::Partly { .. } => "partly",
                    Outcome::Failed { .. } => "failed",
                    Outcome::Withheld(_) => "withheld",
                    Outcome::Unknown => "unknown",
                };
                Some(Deed::Settled { proposal: proposal.to_string(), outcome })
            }
            Event::Answered(_)
            | Event::Resumed(_)
            | Event::SpeechStarted { .. }
            | Event::LineStalled
            | Event::LineResumed
            | Event::Key { .. }
            | Event::SttFailed
            | Event::Synthesised { .. }
            | Event::TtsFailed { .. }
            | Event::Played { .. }
            | Event::Cut { .. }
            | Event::Wrote { .. }
            | Event::Proposed { .. }
            | Event::Finished { .. }
            | Event::GenerationFailed { .. }
            | Event::Prepared { .. }
            | Event::Unprepared { .. }
            | Event::HungUp => None,
        }
    }

    fn order(&mut self, order: &str) -> Option<Deed> {
        match Ordered::read(order)? {
            Ordered::Say { reply, role, text, .. } => self.said(reply.to_string(), role, text.trim()),
            Ordered::Prepare { proposal, call } => {
                let (tool, args) = tool_and_args(call)?;
                Some(Deed::Wished { proposal: proposal.to_string(), tool, args })
            }
            Ordered::Run { call, .. } => {
                let (tool, args) = tool_and_args(call)?;
                Some(Deed::Ran { tool, args })
            }
            Ordered::Note(note) => {
                let mut words = note.split(' ');
                match (words.next()?, words.next()?.to_owned(), words.next()) {
                    ("asked", proposal, _) => Some(Deed::Asked { proposal }),
                    ("judged", proposal, Some(verdict)) => {
                        Some(Deed::Judged { proposal, verdict: verdict.to_owned() })
                    }
                    _ => None,
                }
            }
            Ordered::HangUp { .. } => Some(Deed::HungUp),
            Ordered::Cut(_)
            | Ordered::Generate(_)
            | Ordered::DropGeneration(_)
            | Ordered::Discard(_)
            | Ordered::Record => None,
        }
    }

    /// Nothing where the piece belongs to a reply that is told already.
    fn said(&mut self, reply: String, role: &str, text: &str) -> Option<Deed> {
        if let Some(known) = self.replies.get(&reply)
            && let Some(Fact { deed: Deed::Said { text: so_far, .. }, .. }) = self.facts.get_mut(*known)
        {
            so_far.push(' ');
            so_far.push_str(text);
            return None;
        }
        self.replies.insert(reply.clone(), self.facts.len());
        Some(Deed::Said { reply, role: role.to_owned(), text: text.to_owned() })
    }
}

/// `shop.refund {"amount":"20"}`.
fn tool_and_args(call: &str) -> Option<(String, Value)> {
    let (tool, args) = call.split_once(' ')?;
    Some((tool.to_owned(), serde_json::from_str(args).ok()?))
}

/// The call as a play, around one of its lines, which is pointed out. The whole where there is no such line.
pub(crate) fn around(file: &CallFile, line: Option<usize>, lines: usize) -> String {
    let told = Play::by_line(file);
    let here = line.and_then(|line| told.iter().rposition(|(n, _)| *n <= line));
    let shown = told.iter().enumerate().filter(|(n, _)| here.is_none_or(|here| n.abs_diff(here) <= lines));
    let rows = shown.map(|(n, (_, told))| {
        let sign = if here == Some(n) { '>' } else { ' ' };
        format!("  {sign} {told}")
    });
    rows.collect::<Vec<_>>().join("\n")
}

/// Words as a reader compares them: small letters and digits, no signs.
pub(crate) fn plain_words(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphanumeric());
    words.filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

/// Whether a text holds those words, next to each other; `…` between them stands for any others.
pub(crate) fn holds(text: &str, wanted: &str) -> bool {
    let text = plain_words(text);
    let mut rest = text.as_slice();
    for part in wanted.replace("...", "…").split('…').map(plain_words) {
        if part.is_empty() {
            continue;
        }
        match rest.windows(part.len()).position(|words| words == part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_whatever_their_case_and_signs_with_gaps_where_one_says_so() {
        let said = "Shall I refund twenty dollars on order one one eight two, a walnut desk lamp?";
        for (wanted, found) in [
            ("twenty dollars", true),
            ("Refund twenty dollars on order one one eight two?", true),
            ("refund … walnut", true),
            ("refund ... walnut desk lamp", true),
            ("walnut … refund", false),
            ("twenty euros", false),
            ("twent", false),
            ("", true),
        ] {
            assert_eq!(holds(said, wanted), found, "{wanted}");
        }
        assert!(holds("¿Devuelvo veinte euros?", "devuelvo VEINTE"));
    }

    const CALL: &str = r#"    0.000 < answered
          > say #1.0 greeting "Hello."
          > say #1.1 greeting "How can I help?"
    4.000 < silence ~30000
    4.100 < heard "refund" ~1..~2 final
    4.200 < heard "it" ~3..~4 turn
    4.300 < heard turn
          > prepare t1 shop.refund {"order":"1 key=2"}
          > note asked t1 ~9
          > note judged t1 yes
          > run t1 shop.refund {"order":"1 key=2"} key=t1 action=00000000000000000000000000000000 confirmed
          > hang-up finished
"#;

    #[test]
    fn the_lines_of_a_call_tell_what_a_test_asks_about() {
        let file = CallFile::parse(CALL).expect("a call file");
        let args = serde_json::json!({"order": "1 key=2"});
        let (proposal, tool) = ("t1".to_owned(), "shop.refund".to_owned());
        let want = [
            (
                1,
                Deed::Said {
                    reply: "#1".to_owned(),
                    role: "greeting".to_owned(),
                    text: "Hello. How can I help?".to_owned(),
                },
            ),
            (3, Deed::FellSilent(Position(30_000))),
            (5, Deed::Turn("refund it".to_owned())),
            (7, Deed::Wished { proposal: proposal.clone(), tool: tool.clone(), args: args.clone() }),
            (8, Deed::Asked { proposal: proposal.clone() }),
            (9, Deed::Judged { proposal, verdict: "yes".to_owned() }),
            (10, Deed::Ran { tool, args }),
            (11, Deed::HungUp),
        ];
        let found: Vec<(usize, Deed)> = facts(&file).into_iter().map(|fact| (fact.line, fact.deed)).collect();
        assert_eq!(found, want);
        let shown = around(&file, Some(9), 1);
        assert!(shown.contains("  >    4.300  gate    the answer counts as: yes"), "{shown}");
        assert_eq!(shown.lines().count(), 3, "{shown}");
    }
}
