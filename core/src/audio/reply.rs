//! One reply on its way out: pieces filled by the synthesiser, emptied frame by frame, measured by the
//! sample.
//!
//! Promises: pieces go out in order, each whole before the next; only whole 20 ms frames go out, the last of
//! a run filled up with silence; what is held is bounded.
//! Never: knows the time.

use std::collections::VecDeque;
use std::fmt;

use crate::base::{Millis, PieceNo, ReplyId, Samples};

use super::g711::Law;

/// Samples of a frame, 20 ms: what carriers cut audio into.
pub(super) const FRAME: usize = Millis(20).samples().0 as usize;
/// Audio held for one reply and not yet written: what a synthesiser may be ahead. One text of 2,000 characters is read back
/// in three minutes, and an answer of the model is cut shorter; 2.4 MB.
pub const AUDIO_HELD_MAX: Samples = Millis(300_000).samples();
/// Pieces of one reply: an hour of short sentences would not reach it.
pub const PIECES_MAX: u16 = 1_000;

/// Why the line did not take something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Another reply is open: cut it, or wait until it was played.
    Busy { open: ReplyId },
    /// The reply is over or was never begun: drop what is left of it.
    Stale,
    /// The piece had ended, or lies beyond the reply's last one.
    NoSuchPiece,
    /// [`AUDIO_HELD_MAX`] is reached: give the synthesiser less text at a time.
    TooMuchAudio,
    /// [`PIECES_MAX`] is reached.
    TooManyPieces,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refused::Busy { open } => write!(f, "reply {open} is still on the line"),
            Refused::Stale => f.write_str("the reply is not on the line"),
            Refused::NoSuchPiece => f.write_str("the piece has ended, or lies beyond the reply's end"),
            Refused::TooMuchAudio => write!(f, "more than {} of audio waits", AUDIO_HELD_MAX.millis()),
            Refused::TooManyPieces => write!(f, "a reply has at most {PIECES_MAX} pieces"),
        }
    }
}

impl std::error::Error for Refused {}

/// How much of a reply was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Heard {
    pub(super) whole: u16,
    pub(super) permille: u16,
    pub(super) samples: Samples,
}

#[derive(Debug)]
pub(super) struct Reply {
    pub(super) id: ReplyId,
    /// Samples on the wire so far.
    pub(super) written: u64,
    /// Samples surely heard when last written.
    pub(super) heard_so_far: u64,
    pieces: Vec<Piece>,
    /// The piece whose sample was written last, or the first.
    current: usize,
    held: u32,
    extent: Extent,
}

/// Do we know how many pieces there will be?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Extent {
    Open,
    Pieces(u16),
}

#[derive(Debug, Default)]
struct Piece {
    /// Encoded, not yet written.
    waiting: VecDeque<u8>,
    written: u32,
    synthesis: Synthesis,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Synthesis {
    #[default]
    Running,
    Ended,
}

impl Piece {
    fn length(&self) -> u64 {
        u64::from(self.written) + self.waiting.len() as u64
    }

    fn ended(&self) -> bool {
        self.synthesis == Synthesis::Ended
    }
}

impl Reply {
    pub(super) fn new(id: ReplyId) -> Reply {
        Reply {
            id,
            written: 0,
            heard_so_far: 0,
            pieces: Vec::new(),
            current: 0,
            held: 0,
            extent: Extent::Open,
        }
    }

    pub(super) fn audio(&mut self, piece: PieceNo, samples: &[i16], law: Law) -> Result<(), Refused> {
        let length = u32::try_from(samples.len()).unwrap_or(u32::MAX);
        if self.held.saturating_add(length) > AUDIO_HELD_MAX.0 {
            return Err(Refused::TooMuchAudio);
        }
        let piece = self.piece(piece)?;
        law.encode_into(samples, &mut piece.waiting);
        self.held += length;
        Ok(())
    }

    pub(super) fn piece_end(&mut self, piece: PieceNo) -> Result<(), Refused> {
        self.piece(piece)?.synthesis = Synthesis::Ended;
        Ok(())
    }

    pub(super) fn end(&mut self, pieces: u16) -> Result<(), Refused> {
        if self.extent != Extent::Open || usize::from(pieces) < self.pieces.len() {
            return Err(Refused::NoSuchPiece);
        }
        if pieces > PIECES_MAX {
            return Err(Refused::TooManyPieces);
        }
        self.extent = Extent::Pieces(pieces);
        Ok(())
    }

    /// The piece, if it may still grow. Pieces before it that nobody has named yet are made, empty.
    fn piece(&mut self, no: PieceNo) -> Result<&mut Piece, Refused> {
        let (limit, beyond) = match self.extent {
            Extent::Open => (PIECES_MAX, Refused::TooManyPieces),
            Extent::Pieces(pieces) => (pieces, Refused::NoSuchPiece),
        };
        if no.0 >= u32::from(limit) {
            return Err(beyond);
        }
        let index = no.0 as usize;
        if index >= self.pieces.len() {
            self.pieces.resize_with(index + 1, Piece::default);
        }
        let piece = &mut self.pieces[index];
        if piece.ended() { Err(Refused::NoSuchPiece) } else { Ok(piece) }
    }

    /// Can `write` write at least a frame?
    pub(super) fn can_write(&self) -> bool {
        let (waiting, tail) = self.run();
        waiting >= FRAME || (waiting > 0 && tail == Tail::Closed)
    }

    /// Every piece ended and every sample is on the wire.
    pub(super) fn all_written(&self) -> bool {
        let complete = self.extent == Extent::Pieces(self.pieces.len() as u16);
        complete && self.held == 0 && self.pieces.iter().all(Piece::ended)
    }

    /// Would a pause now fall inside a piece?
    pub(super) fn inside_piece(&self) -> bool {
        self.pieces.get(self.current).is_some_and(|p| p.written > 0 && !(p.ended() && p.waiting.is_empty()))
    }

    /// Writes up to `room` samples, whole frames only; gives how many. A tail that nothing follows is filled
    /// up with silence, which counts as the piece's own.
    pub(super) fn write(&mut self, room: usize, law: Law, out: &mut Vec<u8>) -> usize {
        let (waiting, tail) = self.run();
        let whole = (waiting.min(room)) / FRAME * FRAME;
        let rest = waiting - whole;
        let padded = if tail == Tail::Closed && (1..FRAME).contains(&rest) && whole + FRAME <= room {
            rest
        } else {
            0
        };
        self.take(whole + padded, out);
        if padded > 0 {
            out.resize(out.len() + FRAME - padded, law.silence());
            self.pieces[self.current].written += (FRAME - padded) as u32;
        }
        let written = if padded > 0 { whole + FRAME } else { whole };
        self.written += written as u64;
        written
    }

    /// Moves exactly `count` samples of the run onto the wire.
    fn take(&mut self, mut count: usize, out: &mut Vec<u8>) {
        self.held -= count as u32;
        while count > 0 {
            let piece = &mut self.pieces[self.current];
            let now = count.min(piece.waiting.len());
            let (front, back) = piece.waiting.as_slices();
            let first = now.min(front.len());
            out.extend_from_slice(&front[..first]);
            out.extend_from_slice(&back[..now - first]);
            piece.waiting.drain(..now);
            piece.written += now as u32;
            count -= now;
            if count > 0 {
                self.current += 1;
            }
        }
    }

    /// The samples that can go out without a break, and whether more can still follow them directly.
    fn run(&self) -> (usize, Tail) {
        let mut waiting = 0;
        for piece in &self.pieces[self.current.min(self.pieces.len())..] {
            waiting += piece.waiting.len();
            if !piece.ended() {
                let tail = if piece.length() == 0 { Tail::Closed } else { Tail::Growing };
                return (waiting, tail);
            }
        }
        (waiting, Tail::Closed)
    }

    /// What `samples` of the reply, heard from its start, make in pieces.
    pub(super) fn heard(&self, samples: u64) -> Heard {
        let mut rest = samples;
        let mut whole = 0;
        for (n, piece) in self.pieces.iter().enumerate() {
            // The very last sample counts as heard by acknowledgment alone.
            let last = self.extent == Extent::Pieces(n as u16 + 1);
            if piece.ended() && piece.length() <= rest && !last {
                rest -= piece.length();
                whole += 1;
                continue;
            }
            let heard = rest.min(piece.length());
            let known = piece.ended() && piece.length() > 0;
            let permille = if known { (heard * 1_000 / piece.length()).min(999) } else { 0 };
            return Heard { whole, permille: permille as u16, samples: Samples(heard as u32) };
        }
        Heard { whole, permille: 0, samples: Samples(0) }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tail {
    /// The piece goes on: wait for its next samples.
    Growing,
    /// A piece's end, and nothing of the next one is here.
    Closed,
}
