//! A call as a play: who said what, which tool was asked for, what the gate ruled.
//!
//! Promises: tells what the record holds and nothing else; what was to be said and nobody heard is told as that, where it
//! becomes known; what was found out when the call was taken up on a new line is told there, and as that.
//! Never: decides whether a call went well.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::event::{parse_event, write_event};
use super::file::{CallFile, Line};
use super::ordered::Ordered;
use crate::base::{CallTime, ProposalId, ReplyId};
use crate::conversation::{Event, Outcome, Rest, Withheld};

/// Before an outcome that was unknown first, or whose wait had run out.
const FOUND_LATER: &str = "found out later, by a probe or from the record: ";

/// One line for a reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    pub at: CallTime,
    pub who: Who,
    pub text: String,
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>8}  {:<6}  {}", self.at.to_string(), self.who.word(), self.text)
    }
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

/// Follows the lines of one call.
#[derive(Debug, Default)]
pub struct Play {
    /// Pieces of the replies that are on their way.
    replies: BTreeMap<ReplyId, Vec<String>>,
    /// What runs and is waited for.
    running: BTreeSet<ProposalId>,
    /// What was sent and has no known outcome, and is waited for no more.
    unknown: BTreeSet<ProposalId>,
}

impl Play {
    /// A whole call.
    #[must_use]
    pub fn of(file: &CallFile) -> Vec<Told> {
        Play::by_line(file).into_iter().map(|(_, told)| told).collect()
    }

    /// A whole call: each with the place of its line in the file, from zero.
    #[must_use]
    pub fn by_line(file: &CallFile) -> Vec<(usize, Told)> {
        let (mut play, mut now, mut all) = (Play::default(), CallTime::ANSWER, Vec::new());
        let mut n = 0;
        while let Some(line) = file.lines.get(n) {
            if let Some(found) = found_at_a_take_up(&file.lines[n..], now) {
                all.extend(play.taken_up(n, &file.lines[n..=n + found]));
                n += found;
                if let Line::Event { at, .. } = &file.lines[n] {
                    now = *at;
                }
            } else {
                let written = match line {
                    Line::Event { at, event } => {
                        now = *at;
                        format!("< {}", write_event(event))
                    }
                    Line::Timer { due, name } => {
                        now = *due;
                        format!(". {name}")
                    }
                    Line::Order { text } => format!("> {text}"),
                };
                all.extend(play.take(now, &written).map(|told| (n, told)));
            }
            n += 1;
        }
        all
    }

    /// Takes one line of the journal, `< event`, `. timer` or `> order`; what it tells a reader, if anything.
    pub fn take(&mut self, at: CallTime, line: &str) -> Option<Told> {
        let (who, text) = match line.split_at_checked(2)? {
            ("< ", event) => self.event(&parse_event(event).ok()?)?,
            ("> ", order) => self.order(order)?,
            (". ", "tool") => self.in_vain()?,
            _ => return None,
        };
        Some(Told { at, who, text })
    }

    /// From the first outcome that was found out to the new line, which is told first. What was ordered in between nobody
    /// carried out.
    fn taken_up(&mut self, first: usize, lines: &[Line]) -> Vec<(usize, Told)> {
        let mut all = Vec::new();
        let Some(Line::Event { at, event: resumed }) = lines.last() else { return all };
        let mut tell = |n: usize, told: Option<(Who, String)>| {
            all.extend(told.map(|(who, text)| (n, Told { at: *at, who, text })));
        };
        tell(first + lines.len() - 1, self.event(resumed));
        for (n, line) in (first..).zip(lines) {
            if let Line::Event { event: Event::Settled { proposal, outcome }, .. } = line {
                self.unknown.insert(*proposal);
                tell(n, Some((Who::Tool, self.outcome(*proposal, outcome))));
            }
        }
        all
    }

    /// The wait for a tool ran out. Which one's does not stand there: it is known where only one runs, and else by the
    /// sentence that tells it.
    fn in_vain(&mut self) -> Option<(Who, String)> {
        if self.running.len() == 1 {
            self.unknown.append(&mut self.running);
        }
        Some((Who::Tool, "no answer in time".to_owned()))
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
            Event::TtsFailed { reply } => {
                let pieces = self.replies.remove(reply)?;
                Some((Who::Agent, format!("(no voice, so it does not count as heard: {})", joined(&pieces))))
            }
            Event::Played { reply, .. } => {
                self.replies.remove(reply);
                None
            }
            Event::Settled { proposal, outcome } => Some((Who::Tool, self.outcome(*proposal, outcome))),
            Event::HungUp => Some((Who::Line, "the call is over".to_owned())),
            Event::Resumed(_) => Some((Who::Line, self.on_a_new_line())),
            Event::LineStalled => Some((Who::Line, "no audio comes".to_owned())),
            Event::Answered(_)
            | Event::SpeechStarted { .. }
            | Event::SpeechStopped { .. }
            | Event::LineResumed
            | Event::SttFailed
            | Event::Synthesised { .. }
            | Event::Wrote { .. }
            | Event::Proposed { .. }
            | Event::Finished { .. }
            | Event::GenerationFailed { .. }
            | Event::Prepared { .. }
            | Event::Unprepared { .. } => None,
        }
    }

    /// Once an outcome is unknown no answer comes any more: another is what a probe found, or what the record has since.
    fn outcome(&mut self, proposal: ProposalId, outcome: &Outcome) -> String {
        self.running.remove(&proposal);
        let later = if self.unknown.remove(&proposal) { FOUND_LATER } else { "" };
        match outcome {
            Outcome::Done { result } => format!("{later}done: {result}"),
            Outcome::Partly { result, rest: Rest::NotDone, why } => {
                format!("{later}done in part, and the rest not: {why}: {result}")
            }
            Outcome::Partly { result, rest: Rest::Unknown, why } => {
                self.unknown.insert(proposal);
                format!("{later}done in part, and the rest unknown: {why}: {result}")
            }
            Outcome::Failed { why } => format!("{later}failed: {why}"),
            Outcome::Withheld(Withheld::OutOfReach) => {
                format!("{later}not sent: its system is out of reach")
            }
            Outcome::Withheld(Withheld::Spent) => format!("{later}not sent: the tool's limit is reached"),
            Outcome::Unknown => {
                self.unknown.insert(proposal);
                "sent, and no answer: unknown".to_owned()
            }
        }
    }

    /// Of what was on its way nobody says any more that it was heard.
    fn on_a_new_line(&mut self) -> String {
        let unheard: Vec<String> = std::mem::take(&mut self.replies).into_values().flatten().collect();
        let goes_on = "the call goes on, on a new line";
        if unheard.is_empty() {
            return goes_on.to_owned();
        }
        format!("{goes_on}; this does not count as heard: {}", joined(&unheard))
    }

    fn order(&mut self, order: &str) -> Option<(Who, String)> {
        match Ordered::read(order)? {
            Ordered::Say { reply, role, text, .. } => {
                // Told, and none came: the wait for it ran out.
                let told_of = role.strip_prefix("outcome:").and_then(ProposalId::parse);
                self.unknown.extend(told_of.filter(|proposal| self.running.remove(proposal)));
                self.replies.entry(reply).or_default().push(text.clone());
                Some((Who::Agent, text))
            }
            Ordered::Prepare { call, .. } => Some((Who::Tool, format!("wishes {call}"))),
            Ordered::Run { proposal, call, leave } => {
                self.running.insert(proposal);
                let runs = if leave == "confirmed" { "runs, confirmed:" } else { "runs:" };
                Some((Who::Tool, format!("{runs} {call}")))
            }
            Ordered::Note(note) => gate_note(note).map(|text| (Who::Gate, text)),
            Ordered::Record => Some((Who::Line, "recorded from here on".to_owned())),
            Ordered::HangUp { why } => Some((Who::Line, format!("we hang up ({why})"))),
            Ordered::Cut(_) | Ordered::Generate(_) | Ordered::DropGeneration(_) | Ordered::Discard(_) => None,
        }
    }
}

/// How many lines on the call goes on on a new line, where these begin with what was found out for that: outcomes of the
/// last moment of which there was a record already, and what would have followed from them.
fn found_at_a_take_up(lines: &[Line], now: CallTime) -> Option<usize> {
    let is_outcome =
        |line: &Line| matches!(line, Line::Event { at, event: Event::Settled { .. } } if *at == now);
    if !lines.first().is_some_and(is_outcome) {
        return None;
    }
    let follows = |line: &Line| is_outcome(line) || matches!(line, Line::Order { .. });
    let next = lines.iter().position(|line| !follows(line))?;
    match &lines[next] {
        Line::Event { event: Event::Resumed(resumed), .. } if resumed.since == now => Some(next),
        Line::Event { .. } | Line::Timer { .. } | Line::Order { .. } => None,
    }
}

fn joined(pieces: &[String]) -> String {
    let pieces: Vec<&str> = pieces.iter().map(|piece| piece.trim()).collect();
    pieces.join(" ")
}

/// How much of a reply was heard: so many whole pieces, and so much of the next; of what follows nothing.
fn how_far(pieces: &[String], whole: u16, permille: u16) -> Option<String> {
    let rest = pieces.get(usize::from(whole)..).unwrap_or_default();
    Some(match (rest, permille / 10) {
        ([], _) => format!("after: {}", pieces.last()?.trim()),
        (rest, 0) => format!("before: {}", joined(rest)),
        ([piece], percent) => format!("after {percent}% of: {}", piece.trim()),
        ([piece, unheard @ ..], percent) => {
            format!("after {percent}% of: {} Not heard: {}", piece.trim(), joined(unheard))
        }
    })
}

fn gate_note(note: &str) -> Option<String> {
    let words: Vec<&str> = note.split(' ').collect();
    match words.as_slice() {
        ["asked", ..] => Some("the question was heard to its end".to_owned()),
        ["judged", _, verdict] => Some(format!("the answer counts as: {verdict}")),
        ["unsaid", _, value] => Some(format!("the question does not say `{value}`: it is not put")),
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
        let mut play = Play::default();
        let told = lines.iter().filter_map(|line| play.take(CallTime(0), line));
        told.map(|told| format!("{} {}", told.who.word(), told.text)).collect()
    }

    #[test]
    fn an_interruption_tells_the_words_that_were_cut() {
        let says = ["> say #3.0 answer:g1 \"One. \"", "> say #3.1 answer:g1 \"Two.\""];
        for (cut, tells) in [
            ("< cut #3 0+0", "(interrupted before: One. Two.)"),
            ("< cut #3 0+391", "(interrupted after 39% of: One. Not heard: Two.)"),
            ("< cut #3 1+9", "(interrupted before: Two.)"),
            ("< cut #3 1+999", "(interrupted after 99% of: Two.)"),
            ("< cut #3 2+0", "(interrupted after: Two.)"),
        ] {
            let told = told(&[says[0], says[1], cut]);
            assert_eq!(told.last().map(String::as_str), Some(format!("agent {tells}").as_str()), "{cut}");
        }
    }

    #[test]
    fn what_was_ordered_and_nobody_heard_is_told_where_the_call_goes_on_or_the_voice_fails() {
        let says =
            ["> say #3.0 answer:g1 \"One.\"", "< played #3 ~100 mark", "> say #4.0 outcome:t1 \"Done.\""];
        let resumed = "< resumed since=12.340";
        for (then, tells) in [
            (resumed, "line the call goes on, on a new line; this does not count as heard: Done."),
            ("< tts-failed #4", "agent (no voice, so it does not count as heard: Done.)"),
        ] {
            let told = told(&[&says[..], &[then]].concat());
            assert_eq!(told.last().map(String::as_str), Some(tells));
        }
        let all_heard = told(&[&says[..2], &[resumed]].concat());
        assert_eq!(all_heard.last().map(String::as_str), Some("line the call goes on, on a new line"));
    }

    #[test]
    fn an_outcome_that_comes_after_an_unknown_one_tells_that_it_was_found_out() {
        let told = told(&[
            "< settled t1 unknown",
            "< settled t2 done {}",
            "< settled t1 done {\"refunded\":\"20\"}",
        ]);
        let late = "tool found out later, by a probe or from the record: done: {\"refunded\":\"20\"}";
        assert_eq!(told, ["tool sent, and no answer: unknown", "tool done: {}", late]);
    }

    #[test]
    fn an_outcome_that_comes_after_its_wait_ran_out_tells_that_it_was_found_out() {
        let run = "> run t1 shop.refund {} key=t1 action=77 confirmed";
        let done = "< settled t1 done {}";
        let late = "tool found out later, by a probe or from the record: done: {}";
        assert_eq!(told(&[run, ". tool", done])[1..], ["tool no answer in time", late]);
        assert_eq!(told(&[run, done, ". tool"])[1], "tool done: {}");
        // Of two that run it is the one whose outcome is told as unknown.
        let (other, says) =
            ("> run t2 shop.find_order {} key=t2 action=78 unasked", "> say #5.0 outcome:t1 \"…\"");
        let both = told(&[run, other, ". tool", says, "< settled t2 done {}", done]);
        assert_eq!(both[3..], ["agent …", "tool done: {}", late]);
    }

    /// As a journal has it: the process died in the breath's end, and the next one asked.
    const TAKEN_UP: &str = "# version: 1
    8.250 . breath
          > run t1 shop.refund {} key=t1 action=77dd8a1cedc78b1a5053ce91601d2dbb confirmed
    8.250 < settled t1 done {}
          > say #4.0 outcome:t1 \"Done.\"
          > end #4
   12.000 < resumed since=8.250
          > say #5.0 notice \"Sorry.\"
";

    #[test]
    fn what_is_found_out_when_a_call_is_taken_up_is_told_behind_that_and_what_nobody_said_then_is_not() {
        let play = |text: &str| {
            let file = CallFile::parse(text).expect("the lines are well formed");
            Play::by_line(&file)
                .iter()
                .map(|(n, told)| format!("{n} {} {}", told.at, told.text))
                .collect::<Vec<_>>()
        };
        let late = "2 12.000 found out later, by a probe or from the record: done: {}";
        let runs = "1 8.250 runs, confirmed: shop.refund {}";
        let anew = "5 12.000 the call goes on, on a new line";
        assert_eq!(play(TAKEN_UP), [runs, anew, late, "6 12.000 Sorry."]);
        // Its own process had the answer, and said so.
        let told = play(
            &TAKEN_UP.replace("8.250 < settled", "8.260 < settled").replace("since=8.250", "since=8.260"),
        );
        assert_eq!(told[1..3], ["2 8.260 done: {}", "3 8.260 Done."]);
    }

    #[test]
    fn a_plain_no_tells_that_nothing_was_sent_and_of_no_leave() {
        let told = told(&["> note judged t1 no", "> note withdrawn t1"]);
        assert_eq!(told, ["gate the answer counts as: no", "gate nothing was sent"]);
    }
}
