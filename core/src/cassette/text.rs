//! A cassette as lines of text, both ways.
//!
//! Promises: what is written reads back as the same cassette; a broken line is named by its number.
//! Never: guesses at a line of another version.

use std::fmt::{self, Write as _};

use super::entry::{CASSETTE_VERSION, Cassette, Chunk, Entry, Frames, Place, Setup, Voice};
use crate::audio::{Law, LineSetup};
use crate::base::{CallTime, Millis, Position, ProposalId, ReplyId, Samples, Span};
use crate::conversation::Event;
use crate::journal::{parse_event, read_piece, write_event};

impl Cassette {
    /// # Errors
    /// The line's number, and what stood there.
    pub fn parse(text: &str) -> Result<Cassette, String> {
        Cassette::numbered(text).map(|(cassette, _)| cassette)
    }

    /// The cassette, and the number of each of its entries' lines, as an editor shows it.
    ///
    /// # Errors
    /// As [`Cassette::parse`].
    pub fn numbered(text: &str) -> Result<(Cassette, Vec<usize>), String> {
        let (mut cassette, mut numbers) = (Cassette::default(), Vec::new());
        let mut version = None;
        for (n, line) in (1_usize..).zip(text.lines().map(str::trim)) {
            let broken = |what: String| format!("line {n}: {what}");
            if let Some(comment) = line.strip_prefix('#') {
                let Some((name, value)) = comment.split_once(':') else { continue };
                let (name, value) = (name.trim(), value.trim());
                match name {
                    "version" => version = Some(value.to_owned()),
                    "line" => cassette.setup = setup(value).map_err(broken)?,
                    "lost" => {
                        cassette.lost =
                            value.parse().map_err(|_| broken(format!("`{value}` is no number")))?
                    }
                    _ => cassette.head.push((name.to_owned(), value.to_owned())),
                }
                continue;
            }
            if version.as_deref() != Some(&CASSETTE_VERSION.to_string()) {
                let found = version.as_deref().unwrap_or("none");
                return Err(format!("it is of version {found}; this build reads version {CASSETTE_VERSION}"));
            }
            if !line.is_empty() {
                cassette.entries.push(entry(line).map_err(broken)?);
                numbers.push(n);
            }
        }
        Ok((cassette, numbers))
    }

    #[must_use]
    pub fn write(&self) -> String {
        let mut text = self.write_head();
        for entry in &self.entries {
            text.push_str(&entry.to_string());
            text.push('\n');
        }
        if self.lost > 0 {
            text.push_str(&lost(self.lost));
        }
        text
    }

    /// The lines before the first entry.
    #[must_use]
    pub fn write_head(&self) -> String {
        let mut text = format!("# version: {CASSETTE_VERSION}\n");
        for (name, value) in &self.head {
            text.push_str(&format!("# {name}: {value}\n"));
        }
        text.push_str(&format!("# line: {}\n", self.setup));
        text
    }
}

/// The last line of a cassette that is not whole.
#[must_use]
pub fn lost(lines: u32) -> String {
    format!("# lost: {lines}\n")
}

impl fmt::Display for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LineSetup { law, marks, keys_out_of_band, carrier_buffers } = self.0;
        f.write_str(match law {
            Law::Mu => "mu-law",
            Law::A => "a-law",
        })?;
        for (has, word) in [(marks, " marks"), (keys_out_of_band, " keys"), (carrier_buffers, " buffers")] {
            f.write_str(if has { word } else { "" })?;
        }
        Ok(())
    }
}

fn setup(text: &str) -> Result<Setup, String> {
    let mut words = text.split(' ');
    let law = match words.next() {
        Some("mu-law") => Law::Mu,
        Some("a-law") => Law::A,
        other => return Err(format!("there is no law `{}`", other.unwrap_or_default())),
    };
    let mut setup = LineSetup { law, marks: false, keys_out_of_band: false, carrier_buffers: false };
    for word in words {
        match word {
            "marks" => setup.marks = true,
            "keys" => setup.keys_out_of_band = true,
            "buffers" => setup.carrier_buffers = true,
            other => return Err(format!("a line has no `{other}`")),
        }
    }
    Ok(Setup(setup))
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Entry::Frames(frames) => write!(f, "{frames}"),
            Entry::At { at, event } => write!(f, "{at} {}", write_event(event)),
            Entry::After { after, event } => write!(f, "+{} {}", after.0, write_event(event)),
            Entry::Question { proposal, text } => write!(f, "? {proposal} {text}"),
            Entry::Voice(voice) => write!(f, "{voice}"),
            Entry::Mark { reply, after: Some(after) } => write!(f, "mark {reply} {after:+}"),
            Entry::Mark { reply, after: None } => write!(f, "mark {reply} never"),
            Entry::Words { speech, after, event } => {
                write!(f, "{}..{} +{} {}", speech.from, speech.to, after.0, write_event(event))
            }
            Entry::Meanwhile { position, event } => write!(f, "{position} {}", write_event(event)),
        }
    }
}

impl fmt::Display for Frames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "frames {} ", self.at)?;
        match self.place {
            Place::At(position) => write!(f, "{position}")?,
            Place::Dropped => f.write_str("dropped")?,
        }
        match self.timestamp {
            Some(timestamp) => write!(f, " {}", timestamp.0)?,
            None => f.write_str(" -")?,
        }
        write!(f, " {}", self.length)?;
        for run in self.gaps.chunk_by(|a, b| a == b) {
            write!(f, " +{}", run[0])?;
            if run.len() > 1 {
                write!(f, "x{}", run.len())?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Voice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "voice {}{}", self.reply, self.piece)?;
        for (after, chunk) in &self.chunks {
            f.write_char(' ')?;
            match chunk {
                Chunk::Audio(length) => write!(f, "{}:{}", after.0, length.0)?,
                Chunk::End => write!(f, "{}:end", after.0)?,
                Chunk::Failed => write!(f, "{}:failed", after.0)?,
            }
        }
        Ok(())
    }
}

fn entry(line: &str) -> Result<Entry, String> {
    let (first, rest) = line.split_once(' ').unwrap_or((line, ""));
    match first {
        "frames" => return Ok(Entry::Frames(wanted(frames(rest), "a run of frames", rest)?)),
        "voice" => return Ok(Entry::Voice(wanted(voice(rest), "a piece with its chunks", rest)?)),
        "mark" => return wanted(mark(rest), "a mark", rest),
        "?" => {
            let asked =
                rest.split_once(' ').and_then(|(id, text)| Some((ProposalId::parse(id)?, text.to_owned())));
            return wanted(asked, "a question", rest)
                .map(|(proposal, text)| Entry::Question { proposal, text });
        }
        _ => {}
    }
    if let Some(after) = first.strip_prefix('+') {
        return Ok(Entry::After {
            after: wanted(millis(after), "a wait", first)?,
            event: parse_event(rest)?,
        });
    }
    if first.starts_with('~') {
        return heard(first, rest);
    }
    let at = CallTime::parse(first).ok_or_else(|| format!("there is no line `{first}`"))?;
    Ok(Entry::At { at, event: parse_event(rest)? })
}

fn wanted<T>(read: Option<T>, what: &str, found: &str) -> Result<T, String> {
    read.ok_or_else(|| format!("`{found}` is not {what}"))
}

fn millis(text: &str) -> Option<Millis> {
    text.parse().ok().map(Millis)
}

fn heard(first: &str, rest: &str) -> Result<Entry, String> {
    let Some((from, to)) = first.split_once("..") else {
        let position = wanted(Position::parse(first), "a position", first)?;
        return Ok(Entry::Meanwhile { position, event: parse_event(rest)? });
    };
    let speech = Position::parse(from).zip(Position::parse(to)).map(|(from, to)| Span { from, to });
    let speech = wanted(speech, "a stretch of the track", first)?;
    let (after, event) = rest.split_once(' ').unwrap_or((rest, ""));
    let after = wanted(after.strip_prefix('+').and_then(millis), "a wait", after)?;
    let event: Event = parse_event(event)?;
    Ok(Entry::Words { speech, after, event })
}

fn mark(text: &str) -> Option<Entry> {
    let (reply, after) = text.split_once(' ')?;
    let after = if after == "never" { None } else { Some(after.parse().ok()?) };
    Some(Entry::Mark { reply: ReplyId::parse(reply)?, after })
}

fn frames(text: &str) -> Option<Frames> {
    let mut words = text.split(' ');
    let at = CallTime::parse(words.next()?)?;
    let place = match words.next()? {
        "dropped" => Place::Dropped,
        position => Place::At(Position::parse(position)?),
    };
    let timestamp = match words.next()? {
        "-" => None,
        timestamp => Some(millis(timestamp)?),
    };
    let length = words.next()?.parse().ok().filter(|length| *length > 0)?;
    let mut gaps = Vec::new();
    for word in words {
        let run = word.strip_prefix('+')?;
        let (gap, times) = run.split_once('x').unwrap_or((run, "1"));
        let times = times.parse().ok().filter(|times: &usize| *times <= FRAMES_A_LINE_MAX)?;
        gaps.extend(std::iter::repeat_n(gap.parse::<u16>().ok()?, times));
    }
    Some(Frames { at, place, timestamp, length, gaps })
}

/// Frames of one line, as they are read: a second has fifty.
const FRAMES_A_LINE_MAX: usize = 1_000;

fn voice(text: &str) -> Option<Voice> {
    let mut words = text.split(' ');
    let (reply, piece) = read_piece(words.next()?)?;
    let chunk = |word: &str| {
        let (after, chunk) = word.split_once(':')?;
        let chunk = match chunk {
            "end" => Chunk::End,
            "failed" => Chunk::Failed,
            length => Chunk::Audio(Samples(length.parse().ok()?)),
        };
        Some((millis(after)?, chunk))
    };
    let chunks = words.map(chunk).collect::<Option<_>>()?;
    Some(Voice { reply, piece, chunks })
}
