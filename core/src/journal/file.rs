//! The call file: a call as lines of text.
//!
//! A head of comments (`# version: 1`, and what else is known of the call), then events, timers and orders, and in a
//! file that stands alone the plan: `= JSON`, the last line.
//!
//! Promises: what is written reads back as the same file; a broken line is named by its number.
//! Never: holds audio; positions point into the recording.

use super::event::{event, write_event};
use super::form::{check_order, check_timer};
use super::scan::Scan;
use crate::base::CallTime;
use crate::conversation::Event;

/// The version of the text form this build writes and reads. It is raised by hand when a line changes its meaning; a
/// file whose head names none is of version 1.
pub const JOURNAL_VERSION: u32 = 1;

/// A call as text: comments, events with their times, and what we answered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CallFile {
    /// The comment lines before the first event, `#` included.
    pub head: Vec<String>,
    pub lines: Vec<Line>,
    /// The plan as canonical JSON, where the file can be replayed without the database it came from.
    pub plan: Option<String>,
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
        CallFile::numbered(text).map(|(file, _)| file)
    }

    /// The file, and the number of each of its `lines` in the text, as an editor shows it.
    ///
    /// # Errors
    /// As [`CallFile::parse`].
    pub fn numbered(text: &str) -> Result<(CallFile, Vec<usize>), String> {
        let (mut file, mut numbers) = (CallFile::default(), Vec::new());
        let numbered = (1_usize..).zip(text.lines().map(str::trim_ascii));
        let mut lines = numbered.filter(|(_, line)| !line.is_empty()).peekable();
        while let Some((_, comment)) = lines.next_if(|(_, line)| line.starts_with('#')) {
            file.head.push(comment.to_owned());
        }
        // Before any line is read: another version may have lines that mean nothing here.
        file.check_version()?;
        for (n, line) in lines {
            if let Some(plan) = line.strip_prefix("= ") {
                file.plan = Some(plan.to_owned());
            } else if !line.starts_with('#') {
                file.lines.push(parse_line(line).map_err(|e| format!("line {n}: {e}"))?);
                numbers.push(n);
            }
        }
        Ok((file, numbers))
    }

    fn check_version(&self) -> Result<(), String> {
        match self.head_value("version") {
            Some(version) if version != JOURNAL_VERSION.to_string() => {
                Err(format!("it is of version {version}; this build reads version {JOURNAL_VERSION}"))
            }
            Some(_) | None => Ok(()),
        }
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
        if let Some(plan) = &self.plan {
            text.push_str("= ");
            text.push_str(plan);
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

/// A journal's line (`< event`, `. timer`, `> order`) and its time as a call file has it: orders stand without one.
#[must_use]
pub fn file_line(at: CallTime, text: &str) -> String {
    if text.starts_with("> ") { format!("{text}\n") } else { format!("{at} {text}\n") }
}

fn parse_line(line: &str) -> Result<Line, String> {
    if let Some(text) = line.strip_prefix("> ") {
        check_order(text)?;
        return Ok(Line::Order { text: text.to_owned() });
    }
    let mut scan = Scan::new(line);
    let time = scan.word("a line")?;
    if scan.is_empty() {
        return Err("a line is `TIME < event`, `TIME . timer` or `> order`".to_owned());
    }
    let at = CallTime::parse(time).ok_or_else(|| format!("`{time}` is not a time like `12.340`"))?;
    if scan.takes("< ") {
        return Ok(Line::Event { at, event: event(scan)? });
    }
    if scan.takes(". ") {
        check_timer(scan.rest())?;
        return Ok(Line::Timer { due: at, name: scan.rest().to_owned() });
    }
    Err(format!("`{}` begins neither with `<` nor with `.`", scan.rest()))
}

fn write_line(line: &Line) -> String {
    match line {
        Line::Event { at, event } => format!("{:>TIME_WIDTH$} < {}", at.to_string(), write_event(event)),
        Line::Timer { due, name } => format!("{:>TIME_WIDTH$} . {name}", due.to_string()),
        Line::Order { text } => format!("{:TIME_WIDTH$} > {text}", ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_reads_back_as_it_was_written_head_plan_and_all() {
        let text = concat!(
            "# Who calls.\n",
            "# version: 1\n",
            "    0.000 < answered\n",
            "          > say #1.0 greeting \"Hello\"\n",
            "    7.000 . silence\n",
            "= {\"agent\":\"shop\"}\n",
        );
        let file = CallFile::parse(text).unwrap();
        assert_eq!(file.plan.as_deref(), Some("{\"agent\":\"shop\"}"));
        assert_eq!(file.lines.len(), 3);
        assert_eq!(file.write(), text);
    }

    #[test]
    fn a_file_of_another_version_is_refused_as_such_whatever_its_lines_are() {
        for lines in ["", "    0.000 < answered\n", "\n    0.000 ~ a line of tomorrow\n"] {
            let refused = CallFile::parse(&format!("# Who calls.\n# version: 2\n{lines}")).unwrap_err();
            assert_eq!(refused, "it is of version 2; this build reads version 1", "{lines:?}");
        }
    }

    #[test]
    fn every_line_knows_where_it_stands_in_the_text() {
        let text = "# Who calls.\n\n0.000 < answered\n# then\n\n> end #1\n= {}\n7.000 . silence\n";
        let (file, numbers) = CallFile::numbered(text).expect("a call file");
        assert_eq!((file.lines.len(), numbers), (3, vec![3, 6, 8]));
    }

    #[test]
    fn a_broken_line_is_named_by_its_number() {
        for (text, want) in [
            (
                "# plan: en\n\n    0.000 ? answered\n",
                "line 3: `? answered` begins neither with `<` nor with `.`",
            ),
            (
                "0.000 < answered\n> sya #1.0 greeting \"Hi\"\n",
                "line 2: `sya` is no order: did you mean `say`? there are watch, say, end, cut, \
              generate, drop, prepare, discard, run, record, hang-up, note",
            ),
            ("zero < answered\n", "line 1: `zero` is not a time like `12.340`"),
            ("answered\n", "line 1: a line is `TIME < event`, `TIME . timer` or `> order`"),
        ] {
            assert_eq!(CallFile::parse(text).unwrap_err(), want);
        }
    }
}
