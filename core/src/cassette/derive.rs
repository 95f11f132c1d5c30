//! A cassette made of the journal, where none was kept: every answer is an event there, with its time.
//!
//! What a journal does not say is put so that what it says comes out: frames come every 20 ms, as late as the places it
//! tells allow; a reply begins to sound so early that it ends when it was played, or had been heard so far when it was
//! cut.
//!
//! Promises: the same journal and length of the track give the same cassette.
//! Never: makes up an answer.

use std::collections::BTreeMap;
use std::fmt;

use super::asked::Asked;
use super::entry::{Cassette, Chunk, Entry, Frames, Place, Setup, Voice};
use super::keep::{Keeper, signed};
use crate::audio::HEARD_DOUBT;
use crate::base::{CallTime, Millis, PieceNo, Position, ReplyId, Samples};
use crate::conversation::{By, Event};
use crate::journal::{CallFile, Line};

/// A frame, as every carrier sends it.
const FRAME: Millis = Millis(20);

/// The longest that frames may have waited for the answer, in milliseconds.
const EARLY_MAX: i64 = 1_000;

/// Why a journal alone is not enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotDerived {
    /// The line stalled: only who was there knows when frames came.
    Stalled,
}

impl fmt::Display for NotDerived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotDerived::Stalled => {
                f.write_str("its line stalled, and when frames came only a cassette tells")
            }
        }
    }
}

/// The cassette of a call of which there is a journal, and a track of the caller of so many samples.
///
/// # Errors
/// The journal does not say enough.
pub fn derive(file: &CallFile, track: u64) -> Result<Cassette, NotDerived> {
    let mut cassette = Cassette::default();
    let (mut keeper, mut replies) = (Keeper::default(), Replies::default());
    let late = lateness(file);
    let (mut now, mut epoch_marks) = (CallTime::ANSWER, true);
    for line in &file.lines {
        match line {
            Line::Event { event: Event::LineStalled, .. } => return Err(NotDerived::Stalled),
            Line::Event { at, event } => {
                now = *at;
                if let Event::Answered(answered) = event {
                    epoch_marks = answered.line.marks;
                }
                keeper.track(Position(u64::try_from((i64::from(at.0) - late) * 8).unwrap_or(0)));
                keeper.event(now, event);
                replies.event(now, event);
            }
            Line::Timer { due, .. } => now = now.max(*due),
            Line::Order { text } => {
                keeper.order(now, text);
                if let Some(Asked::Say { reply, piece }) = Asked::of(text) {
                    replies.said(now, reply, piece);
                }
            }
        }
    }
    let mut setup = Setup::default();
    setup.0.marks = epoch_marks;
    cassette.setup = setup;
    cassette.entries.extend(frames(track, late));
    cassette.entries.extend(keeper.finish());
    for (reply, spoken) in replies.0 {
        spoken.entries(reply, epoch_marks, &mut cassette.entries);
    }
    Ok(cassette)
}

/// By how much the track is behind call time, in milliseconds: what the places allow at most, less one, so that a frame
/// is there before the fact that tells of it. Below zero where frames were there before the answer.
fn lateness(file: &CallFile) -> i64 {
    let place = |(at, event): (CallTime, &Event)| {
        let (Event::Played { at: position, .. } | Event::Key { at: position, .. }) = event else {
            return None;
        };
        Some((at, *position))
    };
    let late =
        |(at, position): (CallTime, Position)| i64::from(at.0) - i64::try_from(position.0 / 8).unwrap_or(0);
    let most = file.events().filter_map(place).map(late).min();
    most.map_or(0, |most| (most - 1).max(-EARLY_MAX))
}

/// The whole track, frame by frame.
fn frames(track: u64, late: i64) -> Option<Entry> {
    let length = FRAME.samples().0;
    let frames = usize::try_from(track / u64::from(length)).ok().filter(|frames| *frames > 0)?;
    let came = |n: usize| u32::try_from(i64::from(FRAME.0) * (n as i64 + 1) + late).unwrap_or(0);
    let at = CallTime(came(0));
    let gaps = (1..frames).map(|n| (came(n) - came(n - 1)) as u16).collect();
    Some(Entry::Frames(Frames { at, place: Place::At(Position::START), timestamp: None, length, gaps }))
}

/// What the journal says of each reply.
#[derive(Debug, Default)]
struct Replies(BTreeMap<ReplyId, Spoken>);

#[derive(Debug, Default)]
struct Spoken {
    /// When each piece was ordered, and when it was whole, with its length.
    pieces: Vec<(CallTime, Option<(CallTime, Samples)>)>,
    failed: Option<CallTime>,
    end: Option<End>,
}

#[derive(Clone, Copy, Debug)]
enum End {
    Played { at: CallTime, by: By },
    Cut { at: CallTime, whole: u16, permille: u16 },
}

impl Replies {
    fn said(&mut self, at: CallTime, reply: ReplyId, piece: PieceNo) {
        let spoken = self.0.entry(reply).or_default();
        if piece.0 as usize == spoken.pieces.len() {
            spoken.pieces.push((at, None));
        }
    }

    fn event(&mut self, at: CallTime, event: &Event) {
        let (Event::Synthesised { reply, .. }
        | Event::TtsFailed { reply }
        | Event::Played { reply, .. }
        | Event::Cut { reply, .. }) = event
        else {
            return;
        };
        let Some(spoken) = self.0.get_mut(reply) else { return };
        if let Event::Synthesised { piece, length, .. } = event {
            if let Some((_, whole)) = spoken.pieces.get_mut(piece.0 as usize) {
                *whole = Some((at, *length));
            }
        } else if let Event::Played { by, .. } = event {
            spoken.end = Some(End::Played { at, by: *by });
        } else if let Event::Cut { whole, permille, .. } = event {
            spoken.end = Some(End::Cut { at, whole: *whole, permille: *permille });
        } else {
            spoken.failed = Some(at);
        }
    }
}

impl Spoken {
    fn entries(self, reply: ReplyId, marks: bool, out: &mut Vec<Entry>) {
        let begun = self.begun();
        let mut sounds = begun;
        for (piece, (asked, whole)) in (0..).map(PieceNo).zip(&self.pieces) {
            let Some((ended, length)) = whole else { continue };
            let audio = sounds.map_or(*ended, |sounds| sounds.min(*ended)).max(*asked);
            sounds = Some(sounds.unwrap_or(audio).max(audio) + length.millis());
            let chunks = vec![
                (audio.since(*asked), Chunk::Audio(*length)),
                (ended.max(&audio).since(*asked), Chunk::End),
            ];
            out.push(Entry::Voice(Voice { reply, piece, chunks }));
        }
        if let (Some(failed), Some((piece, (asked, _)))) =
            (self.failed, (0..).map(PieceNo).zip(&self.pieces).find(|(_, (_, whole))| whole.is_none()))
        {
            let chunks = vec![(failed.since(*asked), Chunk::Failed)];
            out.push(Entry::Voice(Voice { reply, piece, chunks }));
        }
        if let (Some(End::Played { at, by }), Some(sounds), true) = (self.end, sounds, marks) {
            let after = match by {
                By::Mark => Some(signed(at) - signed(sounds)),
                By::Clock => None,
            };
            out.push(Entry::Mark { reply, after });
        }
    }

    /// When its first sample sounded, as far as its end tells.
    fn begun(&self) -> Option<CallTime> {
        let lengths = self.pieces.iter().map_while(|(_, whole)| whole.map(|(_, length)| length.millis().0));
        let before = |at: CallTime, heard: u32| CallTime(at.0.saturating_sub(heard));
        match self.end? {
            End::Played { at, .. } => Some(before(at, lengths.sum())),
            End::Cut { at, whole, permille } => {
                let whole = usize::from(whole);
                let part = lengths.clone().nth(whole).unwrap_or(0) / 1_000 * u32::from(permille);
                let heard = lengths.take(whole).sum::<u32>() + part;
                (heard > 0).then(|| before(at, heard + HEARD_DOUBT.0))
            }
        }
    }
}
