//! The agent's side: one reply at a time on the line, the others in a short queue, and what was heard of each.
//!
//! Promises: a reply opens only when the line is free (promise 3); what was heard of a cut reply is whole pieces
//! and whole words, rounded down (promise 6).
//! Never: holds audio; decides what to say.

use std::collections::VecDeque;

use super::order::{Order, Role};
use super::outputs::Outputs;
use super::plan::Timing;
use super::timer::Timer;
use crate::base::{CallTime, PieceNo, ReplyId, Samples};

/// Replies that may wait for the line, beside those that must be said. More than a caller would ever hear out; a
/// further one is not queued.
const WAITING_MAX: usize = 8;

/// Replies being played and waiting.
#[derive(Debug)]
pub(super) struct Playback {
    line: Line,
    waiting: VecDeque<Reply>,
    last: ReplyId,
    /// Taken from the line before it was known what was heard of it: a `Cut` fact will tell.
    taken: Option<Reply>,
}

/// What the line is doing.
#[derive(Debug)]
enum Line {
    Silent,
    Speaking(Speaking),
}

#[derive(Debug)]
struct Speaking {
    reply: Reply,
    synthesised: usize,
    length: Samples,
    /// Of the last thing the synthesiser or we did.
    progress: CallTime,
}

/// One reply: pieces so far, and whether more may come.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    id: ReplyId,
    pub(super) role: Role,
    pieces: Vec<String>,
    end: End,
}

/// Whether a reply has all its pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Open,
    Complete,
}

impl Reply {
    pub(super) fn id(&self) -> ReplyId {
        self.id
    }

    /// What was heard of it: `whole` pieces and of the next one `permille`, rounded down to whole words.
    pub(super) fn heard(&self, whole: u16, permille: u16) -> String {
        let whole = usize::from(whole).min(self.pieces.len());
        let mut text = self.pieces[..whole].join(" ");
        if let Some(piece) = self.pieces.get(whole) {
            let words: Vec<&str> = piece.split_whitespace().collect();
            let heard = words.len() * usize::from(permille.min(1_000)) / 1_000;
            if heard > 0 {
                text.push_str(if text.is_empty() { "" } else { " " });
                text.push_str(&words[..heard].join(" "));
            }
        }
        text
    }

    /// All of it.
    pub(super) fn text(&self) -> String {
        self.pieces.join(" ")
    }
}

impl Playback {
    pub(super) fn new() -> Playback {
        Playback { line: Line::Silent, waiting: VecDeque::new(), last: ReplyId(0), taken: None }
    }

    pub(super) fn is_silent(&self) -> bool {
        matches!(self.line, Line::Silent)
    }

    /// Nothing is played and nothing waits.
    pub(super) fn is_idle(&self) -> bool {
        self.is_silent() && self.waiting.is_empty()
    }

    /// Something of that role is said, or waits.
    pub(super) fn has(&self, role: Role) -> bool {
        self.speaking() == Some(role) || self.waiting.iter().any(|reply| reply.role == role)
    }

    /// What is being said, if anything.
    pub(super) fn speaking(&self) -> Option<Role> {
        match &self.line {
            Line::Silent => None,
            Line::Speaking(now) => Some(now.reply.role),
        }
    }

    /// Queues a reply; `open_next` puts it on the line.
    pub(super) fn queue(&mut self, role: Role, pieces: Vec<String>, end: End) {
        if must_be_said(role) || self.may_wait() {
            self.waiting.push_back(Reply { id: ReplyId(0), role, pieces, end });
        }
    }

    /// Queues what the caller must hear before all that waits.
    pub(super) fn queue_first(&mut self, role: Role, pieces: Vec<String>) {
        if must_be_said(role) || self.may_wait() {
            self.waiting.push_front(Reply { id: ReplyId(0), role, pieces, end: End::Complete });
        }
    }

    fn may_wait(&self) -> bool {
        self.waiting.iter().filter(|reply| !must_be_said(reply.role)).count() < WAITING_MAX
    }

    /// Adds a piece to the open reply of that role, or queues a new one.
    pub(super) fn extend(&mut self, at: CallTime, role: Role, piece: &str, out: &mut Outputs) {
        if let Line::Speaking(now) = &mut self.line
            && now.reply.role == role
            && now.reply.end == End::Open
        {
            out.order(Order::Say {
                reply: now.reply.id,
                piece: piece_no(now.reply.pieces.len()),
                role,
                text: piece.to_owned(),
            });
            now.reply.pieces.push(piece.to_owned());
            now.progress = at;
            return;
        }
        match self.waiting.iter_mut().find(|r| r.role == role && r.end == End::Open) {
            Some(reply) => reply.pieces.push(piece.to_owned()),
            None => self.queue(role, vec![piece.to_owned()], End::Open),
        }
    }

    /// Characters of what is said and waits in that role.
    pub(super) fn chars_of(&self, role: Role) -> usize {
        let now = match &self.line {
            Line::Speaking(now) => Some(&now.reply),
            Line::Silent => None,
        };
        let ours = self.waiting.iter().chain(now).filter(|reply| reply.role == role);
        ours.flat_map(|reply| &reply.pieces).map(|piece| piece.chars().count()).sum()
    }

    /// The reply of that role has no more pieces.
    pub(super) fn complete(&mut self, at: CallTime, role: Role, out: &mut Outputs) {
        if let Line::Speaking(now) = &mut self.line
            && now.reply.role == role
            && now.reply.end == End::Open
        {
            now.reply.end = End::Complete;
            now.progress = at;
            out.order(Order::EndReply { reply: now.reply.id });
        }
        for reply in self.waiting.iter_mut().filter(|r| r.role == role) {
            reply.end = End::Complete;
        }
    }

    /// Puts the next waiting reply that may be said now on the line, if the line is free.
    pub(super) fn open_next(&mut self, at: CallTime, may: impl Fn(Role) -> bool, out: &mut Outputs) {
        let next = self.waiting.iter().position(|reply| may(reply.role)).filter(|_| self.is_silent());
        if let Some(mut reply) = next.and_then(|n| self.waiting.remove(n)) {
            self.last = self.last.next();
            reply.id = self.last;
            for (n, text) in reply.pieces.iter().enumerate() {
                let (reply, piece, role) = (reply.id, piece_no(n), reply.role);
                out.order(Order::Say { reply, piece, role, text: text.clone() });
            }
            if reply.end == End::Complete {
                out.order(Order::EndReply { reply: reply.id });
            }
            self.line = Line::Speaking(Speaking { reply, synthesised: 0, length: Samples(0), progress: at });
        }
    }

    /// Stops what is being said; the answer is a `Cut` fact.
    pub(super) fn cut(&self, out: &mut Outputs) {
        if let Line::Speaking(now) = &self.line {
            out.order(Order::Cut { reply: now.reply.id });
        }
    }

    /// The line is gone, and with it what was on it: nothing of that counts as heard. What is whole and of a role to
    /// keep waits to be said from its beginning; whether anything does.
    pub(super) fn begins_anew(&mut self, keep: impl Fn(Role) -> bool) -> bool {
        self.taken = None;
        if let Some(unheard) = self.take() {
            self.waiting.push_front(unheard);
        }
        self.waiting.retain(|reply| reply.end == End::Complete && keep(reply.role));
        !self.waiting.is_empty()
    }

    /// Whether the next reply that waits begins with that piece.
    pub(super) fn next_begins(&self, piece: &str) -> bool {
        self.waiting.front().and_then(|reply| reply.pieces.first()).is_some_and(|first| first == piece)
    }

    /// Forgets what waits, but for the roles to keep.
    pub(super) fn forget_waiting(&mut self, keep: impl Fn(Role) -> bool) {
        self.waiting.retain(|r| keep(r.role));
    }

    pub(super) fn synthesised(&mut self, at: CallTime, reply: ReplyId, length: Samples) {
        if let Line::Speaking(now) = &mut self.line
            && now.reply.id == reply
        {
            now.synthesised += 1;
            now.length = Samples(now.length.0.saturating_add(length.0));
            now.progress = at;
        }
    }

    /// The reply leaves the line, however that came; `None` when it is not the one on it.
    pub(super) fn over(&mut self, reply: ReplyId) -> Option<Reply> {
        self.is_on_line(reply).then(|| self.take()).flatten()
    }

    pub(super) fn is_on_line(&self, reply: ReplyId) -> bool {
        matches!(&self.line, Line::Speaking(now) if now.reply.id == reply)
    }

    /// What is on the line leaves it.
    pub(super) fn take(&mut self) -> Option<Reply> {
        match std::mem::replace(&mut self.line, Line::Silent) {
            Line::Silent => None,
            Line::Speaking(now) => Some(now.reply),
        }
    }

    /// What is on the line leaves it unfinished; what was heard of it a `Cut` fact will tell.
    pub(super) fn lose(&mut self) -> Option<Reply> {
        let reply = self.take()?;
        self.taken = Some(reply.clone());
        Some(reply)
    }

    /// The reply that was lost, once it is known what was heard of it.
    pub(super) fn lost(&mut self, reply: ReplyId) -> Option<Reply> {
        self.taken.take_if(|taken| taken.id == reply)
    }

    pub(super) fn deadline(&self, timing: &Timing) -> Option<(CallTime, Timer)> {
        let Line::Speaking(now) = &self.line else { return None };
        if now.synthesised < now.reply.pieces.len() {
            return Some((now.progress + timing.synthesis, Timer::Synthesis));
        }
        match now.reply.end {
            // The model writes on: its own deadline runs.
            End::Open => None,
            // All audio is there at `progress` at the latest, so it is played `length` later.
            End::Complete => Some((now.progress + now.length.millis() + timing.mark, Timer::Mark)),
        }
    }
}

/// Whether a reply waits however many do: there are as many as proposals, and one goodbye.
fn must_be_said(role: Role) -> bool {
    match role {
        Role::Question(_) | Role::Action(_) | Role::Outcome(_) | Role::Goodbye => true,
        Role::Greeting | Role::Answer(_) | Role::Filler | Role::Reminder | Role::Notice => false,
    }
}

fn piece_no(n: usize) -> PieceNo {
    PieceNo(u32::try_from(n).unwrap_or(u32::MAX))
}
