//! One event as one line, both ways.
//!
//! Promises: `parse_event(write_event(e)) == e` for every event.
//! Never: loses a span, a digit or a key's order.

use std::fmt::Write as _;

use serde_json::Value;

use super::form::those_there_are;
use super::scan::Scan;
use crate::base::{CallTime, Digest, GenerationId, PieceNo, ProposalId, ReplyId, Samples, ToolName};
use crate::conversation::{
    Affirmation, Answered, By, EarlierAction, EarlierEnd, EngineYes, Event, LineAbilities, Lock, MASKED_KEY,
    Outcome, Recorder, Rest, Resumed, Tag, Transcript, TranscriptEnd, Unproven, Withheld, Word,
};

/// The words an event may begin with.
const EVENTS: &[&str] = &[
    "answered",
    "speech",
    "silence",
    "line-stalled",
    "line-resumed",
    "key",
    "heard",
    "stt-failed",
    "synthesised",
    "tts-failed",
    "played",
    "cut",
    "wrote",
    "proposed",
    "finished",
    "generation-failed",
    "prepared",
    "unprepared",
    "unproven",
    "settled",
    "hung-up",
    "resumed",
];

/// The words of a line's abilities, and of what was left from earlier. Some stand in `answered` alone.
const ABILITIES: &[&str] = &[
    "no-marks",
    "no-keys",
    "keypad-only",
    "tag",
    "recorder",
    "attempt=2",
    "unknown=TOOL:DIGEST:KEY",
    "done=TOOL:DIGEST:KEY",
];

const HEARD_ENDS: &str = "partial, final, turn, turn:certain, turn:doubtful or turn:absent";

/// What stands behind `<` in a journal.
#[must_use]
pub fn write_event(event: &Event) -> String {
    match event {
        Event::Answered(answered) => write_answered(answered),
        Event::SpeechStarted { at } => format!("speech {at}"),
        Event::SpeechStopped { at } => format!("silence {at}"),
        Event::LineStalled => "line-stalled".to_owned(),
        Event::LineResumed => "line-resumed".to_owned(),
        Event::Key { key, at } => format!("key {key} {at}"),
        Event::Heard(transcript) => write_transcript(transcript),
        Event::SttFailed => "stt-failed".to_owned(),
        Event::Synthesised { reply, piece, length } => format!("synthesised {reply}{piece} {}", length.0),
        Event::TtsFailed { reply } => format!("tts-failed {reply}"),
        Event::Played { reply, at, by } => format!("played {reply} {at} {}", by_word(*by)),
        Event::Cut { reply, whole, permille } => format!("cut {reply} {whole}+{permille}"),
        Event::Wrote { generation, piece } => format!("wrote {generation} {}", quoted(piece)),
        Event::Proposed { generation, tool, args } => {
            format!("proposed {generation} {} {args}", tool_word(tool))
        }
        Event::Finished { generation } => format!("finished {generation}"),
        Event::GenerationFailed { generation } => format!("generation-failed {generation}"),
        Event::Prepared { proposal, action, values } => format!("prepared {proposal} {action} {values}"),
        Event::Unprepared { proposal, why } => format!("unprepared {proposal} {}", quoted(why)),
        Event::Unproven { proposal, unproven } => match unproven {
            Unproven::Failed { why } => format!("unproven {proposal} failed {}", quoted(why)),
            Unproven::Locked(Lock::Minutes(minutes)) => format!("unproven {proposal} locked {minutes}"),
            Unproven::Locked(Lock::Call) => format!("unproven {proposal} locked call"),
        },
        Event::Settled { proposal, outcome } => match outcome {
            Outcome::Done { result } => format!("settled {proposal} done {result}"),
            Outcome::Partly { result, rest, why } => {
                format!("settled {proposal} partly {} {} {result}", rest_word(*rest), quoted(why))
            }
            Outcome::Failed { why } => format!("settled {proposal} failed {}", quoted(why)),
            Outcome::Withheld(why) => format!("settled {proposal} withheld {}", withheld_word(*why)),
            Outcome::Unknown => format!("settled {proposal} unknown"),
        },
        Event::HungUp => "hung-up".to_owned(),
        Event::Resumed(resumed) => write_resumed(resumed),
    }
}

/// Reads what stands behind `<`.
///
/// # Errors
/// What was expected and what stood there.
pub fn parse_event(line: &str) -> Result<Event, String> {
    event(Scan::new(line))
}

/// Reads what is left of a line as an event.
pub(super) fn event(mut scan: Scan<'_>) -> Result<Event, String> {
    let event = match scan.word("an event")? {
        "answered" => parse_answered(&mut scan)?,
        "speech" => Event::SpeechStarted { at: scan.position()? },
        "silence" => Event::SpeechStopped { at: scan.position()? },
        "line-stalled" => Event::LineStalled,
        "line-resumed" => Event::LineResumed,
        "key" => Event::Key { key: scan.read("a key: 0 to 9, `*` or `#`", one_key)?, at: scan.position()? },
        "heard" => Event::Heard(parse_transcript(&mut scan)?),
        "stt-failed" => Event::SttFailed,
        "synthesised" => parse_synthesised(&mut scan)?,
        "tts-failed" => Event::TtsFailed { reply: reply(&mut scan)? },
        "played" => Event::Played {
            reply: reply(&mut scan)?,
            at: scan.position()?,
            by: scan.read("mark or clock", by)?,
        },
        "cut" => parse_cut(&mut scan)?,
        "wrote" => Event::Wrote { generation: generation(&mut scan)?, piece: scan.string("the piece")? },
        "proposed" => {
            let generation = generation(&mut scan)?;
            let tool = parse_tool(&mut scan)?;
            Event::Proposed { generation, tool, args: scan.json("the arguments")? }
        }
        "finished" => Event::Finished { generation: generation(&mut scan)? },
        "generation-failed" => Event::GenerationFailed { generation: generation(&mut scan)? },
        "prepared" => parse_prepared(&mut scan)?,
        "unprepared" => Event::Unprepared { proposal: proposal(&mut scan)?, why: scan.string("why")? },
        "unproven" => {
            Event::Unproven { proposal: proposal(&mut scan)?, unproven: parse_unproven(&mut scan)? }
        }
        "settled" => Event::Settled { proposal: proposal(&mut scan)?, outcome: parse_outcome(&mut scan)? },
        "hung-up" => Event::HungUp,
        "resumed" => parse_resumed(&mut scan)?,
        other => return Err(format!("there is no event `{other}`{}", those_there_are(other, EVENTS))),
    };
    if scan.is_empty() {
        Ok(event)
    } else {
        Err(format!("something stands behind `{}`", write_event(&event)))
    }
}

fn write_answered(answered: &Answered) -> String {
    let Answered { line, engine, tag, recorder, attempt, earlier } = answered;
    let mut text = "answered".to_owned();
    write_abilities(&mut text, *line, *engine, *tag);
    text.push_str(match recorder {
        Recorder::None => "",
        Recorder::Ready => " recorder",
    });
    if *attempt > 0 {
        // Writing to a string cannot fail.
        let _ = write!(text, " attempt={attempt}");
    }
    write_earlier(&mut text, earlier);
    text
}

fn write_resumed(resumed: &Resumed) -> String {
    let Resumed { since, line, engine, tag, earlier } = resumed;
    let mut text = format!("resumed since={since}");
    write_abilities(&mut text, *line, *engine, *tag);
    write_earlier(&mut text, earlier);
    text
}

fn write_abilities(text: &mut String, line: LineAbilities, engine: EngineYes, tag: Tag) {
    text.push_str(if line.marks { "" } else { " no-marks" });
    text.push_str(if line.keys { "" } else { " no-keys" });
    text.push_str(match engine {
        EngineYes::Trusted => "",
        EngineYes::KeypadOnly => " keypad-only",
    });
    text.push_str(match tag {
        Tag::WhenAskedAgain => "",
        Tag::Always => " tag",
    });
}

fn write_earlier(line: &mut String, earlier: &[EarlierAction]) {
    for sent in earlier {
        let end = match sent.end {
            EarlierEnd::Unknown => "unknown",
            EarlierEnd::Partly => "partly",
            EarlierEnd::Done => "done",
        };
        let (tool, key) = (&*sent.tool.0, &sent.key);
        let _ = if is_plain(tool) && !key.contains(|c: char| c.is_whitespace() || c.is_control()) {
            write!(line, " {end}={tool}:{}:{key}", sent.action)
        } else {
            let all = serde_json::json!([tool, sent.action.to_string(), key]);
            write!(line, " {end}= {all}")
        };
    }
}

/// A tool as one word; a name that is none of ours, which a model may make up, as a JSON string.
fn tool_word(tool: &ToolName) -> String {
    if is_plain(&tool.0) { tool.to_string() } else { quoted(&tool.0) }
}

/// Whether a name can stand in a line as it is.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
}

fn parse_tool(scan: &mut Scan<'_>) -> Result<ToolName, String> {
    if scan.at_string() {
        return scan.string("a tool").map(|name| ToolName(name.into()));
    }
    scan.word("a tool").map(|name| ToolName(name.into()))
}

fn parse_answered(scan: &mut Scan<'_>) -> Result<Event, String> {
    let mut read = Abilities::all();
    let (mut recorder, mut attempt) = (Recorder::None, 0);
    while !scan.is_empty() {
        let word = scan.word("an ability")?;
        match word.strip_prefix("attempt=") {
            Some(n) => attempt = n.parse().map_err(|_| format!("`{word}` has no number"))?,
            None if word == "recorder" => recorder = Recorder::Ready,
            None => read.word(word, scan)?,
        }
    }
    let Abilities { line, engine, tag, earlier } = read;
    Ok(Event::Answered(Answered { line, engine, tag, recorder, attempt, earlier }))
}

fn parse_resumed(scan: &mut Scan<'_>) -> Result<Event, String> {
    let since = |word: &str| word.strip_prefix("since=").and_then(CallTime::parse);
    let since = scan.read("a time like `since=12.340`", since)?;
    let mut read = Abilities::all();
    while !scan.is_empty() {
        let word = scan.word("an ability")?;
        read.word(word, scan)?;
    }
    let Abilities { line, engine, tag, earlier } = read;
    Ok(Event::Resumed(Resumed { since, line, engine, tag, earlier }))
}

/// What a line and its services can do, and what earlier calls left: what is not said is the best there is.
struct Abilities {
    line: LineAbilities,
    engine: EngineYes,
    tag: Tag,
    earlier: Vec<EarlierAction>,
}

impl Abilities {
    fn all() -> Abilities {
        let line = LineAbilities { marks: true, keys: true };
        let (engine, tag) = (EngineYes::Trusted, Tag::WhenAskedAgain);
        Abilities { line, engine, tag, earlier: Vec::new() }
    }

    fn word(&mut self, word: &str, scan: &mut Scan<'_>) -> Result<(), String> {
        match word.split_once('=').unwrap_or((word, "")) {
            ("no-marks", "") => self.line.marks = false,
            ("no-keys", "") => self.line.keys = false,
            ("keypad-only", "") => self.engine = EngineYes::KeypadOnly,
            ("tag", "") => self.tag = Tag::Always,
            (known @ ("unknown" | "partly" | "done"), value) => {
                let end = match known {
                    "done" => EarlierEnd::Done,
                    "partly" => EarlierEnd::Partly,
                    _ => EarlierEnd::Unknown,
                };
                let sent = if value.is_empty() {
                    parse_earlier_parts(scan, end)?
                } else {
                    parse_earlier(value, end)
                        .ok_or_else(|| format!("`{word}` is not `{known}=TOOL:DIGEST:KEY`"))?
                };
                self.earlier.push(sent);
            }
            _ => return Err(format!("`{word}` is no ability of a call{}", those_there_are(word, ABILITIES))),
        }
        Ok(())
    }
}

/// `TOOL:DIGEST:KEY`.
fn parse_earlier(value: &str, end: EarlierEnd) -> Option<EarlierAction> {
    let mut parts = value.splitn(3, ':');
    let (tool, action, key) = (parts.next()?, Digest::parse(parts.next()?)?, parts.next()?);
    Some(EarlierAction { tool: ToolName(tool.into()), action, key: key.to_owned(), end })
}

/// `["TOOL", "DIGEST", "KEY"]`, where one of them is not one word.
fn parse_earlier_parts(scan: &mut Scan<'_>, end: EarlierEnd) -> Result<EarlierAction, String> {
    let parts = scan.json("an earlier action")?;
    let text = |at: usize| parts[at].as_str();
    let action = text(0).zip(text(1).and_then(Digest::parse)).zip(text(2));
    let ((tool, action), key) = action.ok_or_else(|| format!("`{parts}` is no earlier action"))?;
    Ok(EarlierAction { tool: ToolName(tool.into()), action, key: key.to_owned(), end })
}

fn write_transcript(transcript: &Transcript) -> String {
    let mut line = "heard".to_owned();
    for word in &transcript.words {
        let _ = write!(line, " {}", quoted(&word.text));
        if let Some(span) = word.span {
            let _ = write!(line, " {}..{}", span.from, span.to);
        }
    }
    line.push_str(match transcript.end {
        TranscriptEnd::Partial => " partial",
        TranscriptEnd::Final => " final",
        TranscriptEnd::Turn(Affirmation::ByWords) => " turn",
        TranscriptEnd::Turn(Affirmation::Certain) => " turn:certain",
        TranscriptEnd::Turn(Affirmation::Doubtful) => " turn:doubtful",
        TranscriptEnd::Turn(Affirmation::Absent) => " turn:absent",
    });
    line
}

fn parse_transcript(scan: &mut Scan<'_>) -> Result<Transcript, String> {
    let mut words = Vec::with_capacity(scan.strings_most());
    while scan.at_string() {
        words.push(Word { text: scan.string("a word")?, span: scan.span()? });
    }
    let end = scan.read(HEARD_ENDS, |word| match word {
        "partial" => Some(TranscriptEnd::Partial),
        "final" => Some(TranscriptEnd::Final),
        "turn" => Some(TranscriptEnd::Turn(Affirmation::ByWords)),
        "turn:certain" => Some(TranscriptEnd::Turn(Affirmation::Certain)),
        "turn:doubtful" => Some(TranscriptEnd::Turn(Affirmation::Doubtful)),
        "turn:absent" => Some(TranscriptEnd::Turn(Affirmation::Absent)),
        _ => None,
    })?;
    Ok(Transcript { words, end })
}

fn parse_synthesised(scan: &mut Scan<'_>) -> Result<Event, String> {
    let (reply, piece) = scan.read("a piece like `#1.0`", |word| {
        let (reply, piece) = word.split_once('.')?;
        Some((ReplyId::parse(reply)?, PieceNo(piece.parse().ok()?)))
    })?;
    let length = Samples(scan.read("a number of samples", |w| w.parse().ok())?);
    Ok(Event::Synthesised { reply, piece, length })
}

fn parse_cut(scan: &mut Scan<'_>) -> Result<Event, String> {
    let reply = reply(scan)?;
    let (whole, permille) = scan.read("what was heard, like `2+350`", |word| {
        let (whole, permille) = word.split_once('+')?;
        Some((whole.parse().ok()?, permille.parse().ok()?))
    })?;
    Ok(Event::Cut { reply, whole, permille })
}

/// `=` in a script stands for the digest of the values themselves.
fn parse_prepared(scan: &mut Scan<'_>) -> Result<Event, String> {
    let proposal = proposal(scan)?;
    let written = scan.word("a digest, or `=`")?;
    let values: Value = scan.json("the values")?;
    let action = if written == "=" { Some(Digest::of_json(&values)) } else { Digest::parse(written) };
    let action = action.ok_or_else(|| format!("`{written}` is not a digest of 32 hex digits, or `=`"))?;
    Ok(Event::Prepared { proposal, action, values })
}

fn parse_unproven(scan: &mut Scan<'_>) -> Result<Unproven, String> {
    let lock = |word: &str| match word {
        "call" => Some(Lock::Call),
        minutes => minutes.parse().ok().filter(|minutes| *minutes > 0).map(Lock::Minutes),
    };
    match scan.word("failed or locked")? {
        "failed" => Ok(Unproven::Failed { why: scan.string("why")? }),
        "locked" => scan.read("so many minutes, or `call`", lock).map(Unproven::Locked),
        other => Err(format!("`{other}` is not failed or locked")),
    }
}

fn withheld_word(why: Withheld) -> &'static str {
    match why {
        Withheld::OutOfReach => "out-of-reach",
        Withheld::Spent => "spent",
    }
}

fn parse_outcome(scan: &mut Scan<'_>) -> Result<Outcome, String> {
    match scan.word("an outcome")? {
        "done" => Ok(Outcome::Done { result: scan.json("the result")? }),
        "partly" => {
            let rest = scan.read("`not-done` or `unknown`, of the rest", read_rest)?;
            let why = scan.string("why")?;
            Ok(Outcome::Partly { result: scan.json("the result")?, rest, why })
        }
        "failed" => Ok(Outcome::Failed { why: scan.string("why")? }),
        "withheld" => {
            let why = scan.read("why, `out-of-reach` or `spent`", |word| {
                [Withheld::OutOfReach, Withheld::Spent].into_iter().find(|why| withheld_word(*why) == word)
            })?;
            Ok(Outcome::Withheld(why))
        }
        "unknown" => Ok(Outcome::Unknown),
        other => Err(format!("`{other}` is not done, partly, failed, withheld or unknown")),
    }
}

fn rest_word(rest: Rest) -> &'static str {
    match rest {
        Rest::NotDone => "not-done",
        Rest::Unknown => "unknown",
    }
}

fn read_rest(word: &str) -> Option<Rest> {
    [Rest::NotDone, Rest::Unknown].into_iter().find(|rest| rest_word(*rest) == word)
}

fn reply(scan: &mut Scan<'_>) -> Result<ReplyId, String> {
    scan.read("a reply like `#1`", ReplyId::parse)
}

fn generation(scan: &mut Scan<'_>) -> Result<GenerationId, String> {
    scan.read("a generation like `@1`", GenerationId::parse)
}

fn proposal(scan: &mut Scan<'_>) -> Result<ProposalId, String> {
    scan.read("a proposal like `t1`", ProposalId::parse)
}

fn one_key(word: &str) -> Option<char> {
    let mut chars = word.chars();
    let key = chars.next().filter(|c| c.is_ascii_digit() || matches!(*c, '*' | '#' | MASKED_KEY))?;
    chars.next().is_none().then_some(key)
}

fn by(word: &str) -> Option<By> {
    match word {
        "mark" => Some(By::Mark),
        "clock" => Some(By::Clock),
        _ => None,
    }
}

fn by_word(by: By) -> &'static str {
    match by {
        By::Mark => "mark",
        By::Clock => "clock",
    }
}

/// As a JSON string.
pub(super) fn quoted(text: &str) -> String {
    Value::String(text.to_owned()).to_string()
}

#[cfg(test)]
mod tests;
