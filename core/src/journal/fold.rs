//! The call file: a call as lines of text, and folding its events through the heart again.
//!
//! Promises: folding the same events gives the same file, byte for byte; a broken line is named by its number.
//! Never: carries out an order.

use std::sync::Arc;

use super::event::{parse_event, write_event};
use super::order::{write_order, write_timer};
use crate::base::CallTime;
use crate::conversation::{Conversation, Event, Outputs, Plan, Step};

/// A call as text: comments, events with their times, and what we answered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CallFile {
    /// The comment lines before the first event, `#` included.
    pub head: Vec<String>,
    pub lines: Vec<Line>,
}

/// One line of a call file.
#[derive(Clone, Debug, PartialEq)]
pub enum Line {
    /// `12.340 < heard …`: what the world did.
    Event { at: CallTime, event: Event },
    /// `12.340 . silence`: a timer of ours that fired, with the time it was due.
    Timer { due: CallTime, name: String },
    /// `       > say …`: what we ordered.
    Order { text: String },
}

/// Time column of a call file, in characters.
const TIME_WIDTH: usize = 9;

impl CallFile {
    /// # Errors
    /// The line number, what stood there and what was expected.
    pub fn parse(text: &str) -> Result<CallFile, String> {
        let mut file = CallFile::default();
        for (n, line) in text.lines().enumerate() {
            let trimmed = line.trim();
            if trimmed.starts_with('#') && file.lines.is_empty() {
                file.head.push(trimmed.to_owned());
            } else if !trimmed.is_empty() && !trimmed.starts_with('#') {
                file.lines.push(parse_line(trimmed).map_err(|e| format!("line {}: {e}", n + 1))?);
            }
        }
        Ok(file)
    }

    #[must_use]
    pub fn write(&self) -> String {
        let mut text = String::new();
        for line in &self.head {
            text.push_str(line);
            text.push('\n');
        }
        for line in &self.lines {
            text.push_str(&write_line(line));
            text.push('\n');
        }
        text
    }

    /// What the head says behind `# name:`.
    #[must_use]
    pub fn head_value(&self, name: &str) -> Option<&str> {
        let value = |line: &'_ String| -> Option<usize> {
            let rest = line.trim_start_matches('#').trim_start();
            rest.strip_prefix(name)?.strip_prefix(':').map(|value| line.len() - value.len())
        };
        self.head.iter().find_map(|line| value(line).map(|at| line[at..].trim()))
    }

    /// Only the events.
    pub fn events(&self) -> impl Iterator<Item = (CallTime, &Event)> {
        self.lines.iter().filter_map(|line| match line {
            Line::Event { at, event } => Some((*at, event)),
            Line::Timer { .. } | Line::Order { .. } => None,
        })
    }
}

/// Runs the file's events through a new conversation of that plan; what comes out is the file as this build
/// would have written it.
#[must_use]
pub fn fold(file: &CallFile, plan: Arc<Plan>) -> CallFile {
    let mut conversation = Conversation::new(plan);
    let mut out = Outputs::default();
    let mut folded = CallFile { head: file.head.clone(), lines: Vec::new() };
    for line in &file.lines {
        match line {
            Line::Event { at, event } => {
                conversation.wake(*at, &mut out);
                drain(&mut out, &mut folded.lines);
                folded.lines.push(Line::Event { at: *at, event: event.clone() });
                conversation.handle(*at, event.clone(), &mut out);
            }
            // It fired in the call, so the call was awake by then.
            Line::Timer { due, .. } => conversation.wake(*due, &mut out),
            Line::Order { .. } => {}
        }
        drain(&mut out, &mut folded.lines);
    }
    if let Some(until) = file.head_value("until").and_then(parse_time) {
        conversation.wake(until, &mut out);
        drain(&mut out, &mut folded.lines);
    }
    folded
}

fn drain(out: &mut Outputs, lines: &mut Vec<Line>) {
    lines.extend(out.steps.drain(..).map(|step| match step {
        Step::Fired { timer, due } => Line::Timer { due, name: write_timer(timer).to_owned() },
        Step::Order(order) => Line::Order { text: write_order(&order) },
    }));
}

fn parse_line(line: &str) -> Result<Line, String> {
    if let Some(text) = line.strip_prefix("> ") {
        return Ok(Line::Order { text: text.to_owned() });
    }
    let (time, rest) = line.split_once(' ').ok_or("a line is `TIME < event`, `TIME . timer` or `> order`")?;
    let at = parse_time(time).ok_or_else(|| format!("`{time}` is not a time like `12.340`"))?;
    let rest = rest.trim_start();
    if let Some(event) = rest.strip_prefix("< ") {
        return Ok(Line::Event { at, event: parse_event(event)? });
    }
    let name =
        rest.strip_prefix(". ").ok_or_else(|| format!("`{rest}` begins neither with `<` nor with `.`"))?;
    Ok(Line::Timer { due: at, name: name.to_owned() })
}

/// `12.340`: whole seconds and three decimals.
fn parse_time(text: &str) -> Option<CallTime> {
    let (seconds, millis) = text.split_once('.')?;
    let millis: u32 = (millis.len() == 3).then(|| millis.parse().ok())??;
    seconds.parse::<u32>().ok()?.checked_mul(1_000)?.checked_add(millis).map(CallTime)
}

fn write_line(line: &Line) -> String {
    match line {
        Line::Event { at, event } => format!("{:>TIME_WIDTH$} < {}", at.to_string(), write_event(event)),
        Line::Timer { due, name } => format!("{:>TIME_WIDTH$} . {name}", due.to_string()),
        Line::Order { text } => format!("{:TIME_WIDTH$} > {text}", ""),
    }
}
