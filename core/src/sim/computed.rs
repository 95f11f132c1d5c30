//! A line that is computed, not heard: what a real one would say of speech, replies, marks and stalls.
//!
//! Promises: tells the same facts as the real line would, in the same order, without a sample of audio.
//! Never: is used where positions must be the real ones; there the call has its own line.

use super::caller::{Truth, Utterance, track};
use super::weather::Fault;
use super::world::{Happening, LineWait, World};
use crate::audio::{CLOCK_MARGIN, MARK_PATIENCE, STALL};
use crate::base::{CallTime, Millis, ReplyId, Samples};
use crate::conversation::{By, Event, Order, Watch};

/// Facts of this step, in order.
pub(super) type Facts = Vec<(Event, Truth)>;

#[derive(Debug)]
pub(super) struct Computed {
    marks: bool,
    speech: Millis,
    silence: Millis,
    flow: Flow,
    /// Utterances under way.
    talking: u32,
    voice: Voice,
    /// The newest wait for speech or silence; older ones are stale.
    wait: u32,
    /// When the caller last spoke or fell silent.
    edge: CallTime,
    playing: Option<Playing>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    Running,
    Stopped { until: CallTime },
}

/// What the line has said of the caller's voice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Voice {
    Quiet,
    Speaking,
}

#[derive(Debug)]
struct Playing {
    reply: ReplyId,
    pieces: Vec<Option<Samples>>,
    ended: bool,
    empty_at: CallTime,
    began: CallTime,
}

impl Computed {
    pub(super) fn new(marks: bool) -> Computed {
        Computed {
            marks,
            speech: Millis(200),
            silence: Millis(700),
            flow: Flow::Running,
            talking: 0,
            voice: Voice::Quiet,
            wait: 0,
            edge: CallTime::ANSWER,
            playing: None,
        }
    }

    pub(super) fn begins(&mut self, at: CallTime, world: &mut World) {
        self.talking += 1;
        if self.talking == 1 {
            self.edge = at;
            self.wait += 1;
            world.plan(at + self.speech, Happening::Line(LineWait::Speech(self.wait)));
        }
    }

    pub(super) fn ends(&mut self, at: CallTime, said: Utterance, world: &mut World) {
        self.talking = self.talking.saturating_sub(1);
        if self.flow == Flow::Running {
            world.was_said(said);
        }
        if self.talking == 0 {
            self.falls_silent(at, world);
        }
    }

    fn falls_silent(&mut self, at: CallTime, world: &mut World) {
        self.edge = at;
        self.wait += 1;
        world.plan(at + self.silence, Happening::Line(LineWait::Silence(self.wait)));
    }

    pub(super) fn waited(&mut self, at: CallTime, wait: LineWait, world: &mut World, facts: &mut Facts) {
        match wait {
            LineWait::Speech(wait) if wait == self.wait && self.hears() => {
                if self.voice == Voice::Quiet {
                    self.voice = Voice::Speaking;
                    facts.push((Event::SpeechStarted { at: track(self.edge) }, Truth::default()));
                }
            }
            LineWait::Silence(wait) if wait == self.wait && self.hears() => {
                if self.voice == Voice::Speaking {
                    self.voice = Voice::Quiet;
                    facts.push((Event::SpeechStopped { at: track(self.edge) }, Truth::default()));
                }
            }
            LineWait::Speech(_) | LineWait::Silence(_) => {}
            LineWait::Played { reply, by } => {
                // Also for a reply that was cut: carriers send such marks.
                self.playing = self.playing.take().filter(|playing| playing.reply != reply);
                facts.push((Event::Played { reply, at: track(at), by }, Truth::default()));
            }
            LineWait::Stalled => {
                if !self.hears() {
                    facts.push((Event::LineStalled, Truth::default()));
                }
            }
            LineWait::Resumed => {
                if matches!(self.flow, Flow::Stopped { until } if until <= at) {
                    self.flow = Flow::Running;
                    facts.push((Event::LineResumed, Truth::default()));
                    self.hears_again(at, world);
                }
            }
        }
    }

    fn hears_again(&mut self, at: CallTime, world: &mut World) {
        if self.talking == 0 {
            self.falls_silent(at, world);
        } else {
            self.edge = at;
            self.wait += 1;
            world.plan(at + self.speech, Happening::Line(LineWait::Speech(self.wait)));
        }
    }

    fn hears(&self) -> bool {
        self.flow == Flow::Running
    }

    pub(super) fn stalls(&mut self, at: CallTime, length: Millis, world: &mut World) {
        let until = at + length;
        if length > STALL {
            self.flow = Flow::Stopped { until };
            world.plan(at + STALL, Happening::Line(LineWait::Stalled));
            world.plan(until, Happening::Line(LineWait::Resumed));
        }
    }

    /// All audio of a piece has come.
    pub(super) fn audio(
        &mut self,
        at: CallTime,
        reply: ReplyId,
        piece: u32,
        length: Samples,
        world: &mut World,
    ) {
        let Some(playing) = self.playing.as_mut().filter(|playing| playing.reply == reply) else { return };
        if let Some(slot) = playing.pieces.get_mut(piece as usize).filter(|slot| slot.is_none()) {
            if playing.empty_at == CallTime::ANSWER {
                playing.began = at;
            }
            *slot = Some(length);
            playing.empty_at = playing.empty_at.max(at) + length.millis();
        }
        self.may_finish(at, world);
    }

    fn may_finish(&mut self, at: CallTime, world: &mut World) {
        let Some(playing) = &self.playing else { return };
        if !playing.ended || playing.pieces.iter().any(Option::is_none) {
            return;
        }
        let (reply, end) = (playing.reply, playing.empty_at.max(at));
        if world.strikes(Fault::MarkNever) {
            return;
        }
        let (by, end) = match (self.marks, world.strikes(Fault::MarkLost)) {
            (false, _) => (By::Clock, end + CLOCK_MARGIN),
            (true, true) => (By::Clock, end + MARK_PATIENCE),
            (true, false) => (By::Mark, end),
        };
        let late = if world.strikes(Fault::MarkLate) { world.random.between(200, 5_000) } else { 0 };
        let end = world.soon(end + Millis(late), 10, 120);
        world.plan(end, Happening::Line(LineWait::Played { reply, by }));
        if world.strikes(Fault::MarkTwice) {
            let again = world.soon(end, 0, 3_000);
            world.plan(again, Happening::Line(LineWait::Played { reply, by }));
        }
        if world.strikes(Fault::MarkStray) {
            let (at, reply) = (world.soon(at, 0, 3_000), ReplyId(reply.0.saturating_sub(1)));
            world.plan(at, Happening::Line(LineWait::Played { reply, by: By::Mark }));
        }
    }

    pub(super) fn obeys(&mut self, at: CallTime, order: &Order, world: &mut World, facts: &mut Facts) {
        if let Order::Watch(Watch { speech, silence, .. }) = order {
            (self.speech, self.silence) = (*speech, *silence);
        } else if let Order::Say { reply, .. } = order {
            match self.playing.as_mut().filter(|playing| playing.reply == *reply) {
                Some(playing) => playing.pieces.push(None),
                None => {
                    let (empty_at, began) = (CallTime::ANSWER, at);
                    let playing =
                        Playing { reply: *reply, pieces: vec![None], ended: false, empty_at, began };
                    self.playing = Some(playing);
                }
            }
        } else if let Order::EndReply { reply } = order {
            if let Some(playing) = self.playing.as_mut().filter(|playing| playing.reply == *reply) {
                playing.ended = true;
            }
            self.may_finish(at, world);
        } else if let Order::Cut { .. } = order {
            self.cut(at, world, facts);
        }
    }

    /// Stops the reply and says what was heard of it.
    fn cut(&mut self, at: CallTime, world: &mut World, facts: &mut Facts) {
        let Some(playing) = self.playing.take() else { return };
        let mut rest = at.since(playing.began).samples().0;
        let (mut whole, mut permille) = (0, 0);
        for length in playing.pieces.iter().map_while(|piece| *piece) {
            if length.0 > rest {
                permille = (rest * 1_000 / length.0) as u16;
                break;
            }
            rest -= length.0;
            whole += 1;
        }
        // The last sample counts as heard by acknowledgment alone.
        if playing.ended && usize::from(whole) == playing.pieces.len() {
            (whole, permille) = (whole - 1, 999);
        }
        let reply = playing.reply;
        facts.push((Event::Cut { reply, whole, permille }, Truth::default()));
        if world.strikes(Fault::MarkAfterClear) {
            let later = world.soon(at, 1, 4_000);
            world.plan(later, Happening::Line(LineWait::Played { reply, by: By::Mark }));
        }
    }
}
