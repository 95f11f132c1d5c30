//! A caller without end: hears the agent out, or interrupts, and speaks again.
//!
//! Beside its own voice it runs a line of its own, so that it knows the very frame with which the gateway's policies
//! are met: the end of its turn, and the barge-in.
//!
//! Promises: a frame every time it is asked; the same frames for the same events.
//! Never: reads a clock, touches a socket.

use std::sync::Arc;

use crate::caller::wire::{FRAME, SILENCE};
use crate::core::audio::{Law, Line, LineFact, LineOutputs, LineSetup, Watch};
use crate::core::base::{CallTime, Millis};
use crate::core::conversation::Timing;

/// From the end of a reply to the caller's next word, in frames: 200 ms.
const BREATH: u32 = 10;

/// From the reply's first audio to the interruption, in frames: half a second.
const PATIENCE: u32 = 25;

/// Silence in which no reply comes, in frames, before the caller gives the turn up: five seconds.
const UNANSWERED: u32 = 250;

/// How the caller treats the agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    HearsOut,
    Interrupts,
}

/// What follows from a frame, once it has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Edge {
    /// With it the caller's turn is over.
    TurnEnded,
    /// With it the caller has interrupted.
    Interrupted,
    /// No reply came; the next turn begins.
    Unanswered,
}

/// What the caller is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    /// The agent speaks, so many frames by now.
    Listening {
        frames: u32,
    },
    Pausing {
        frames: u32,
    },
    /// So many bytes of the sentence are said; `over` the agent, or into its silence.
    Speaking {
        said: usize,
        over: bool,
    },
    Waiting {
        frames: u32,
    },
}

/// One caller.
#[derive(Debug)]
pub(super) struct Talker {
    manner: Manner,
    sentence: Arc<[u8]>,
    moment: Moment,
    line: Line,
    out: LineOutputs,
    frames: u32,
    /// The greeting included, which is heard out in any manner.
    replies: u32,
}

impl Talker {
    /// Waits for the greeting; `sentence` is mu-law.
    pub(super) fn new(manner: Manner, sentence: Arc<[u8]>, timing: &Timing) -> Talker {
        let setup = LineSetup { law: Law::Mu, marks: true, keys_out_of_band: true, carrier_buffers: true };
        let mut line = Line::new(setup);
        let speech = match manner {
            Manner::HearsOut => timing.speech,
            Manner::Interrupts => timing.barge_in,
        };
        line.watch(Watch { speech: speech.samples(), silence: timing.end_of_turn.samples() });
        let (out, moment) = (LineOutputs::default(), Moment::Waiting { frames: 0 });
        Talker { manner, sentence, moment, line, out, frames: 0, replies: 0 }
    }

    /// The next 20 ms of the caller, and what they mean.
    pub(super) fn frame(&mut self) -> ([u8; FRAME], Option<Edge>) {
        let mut frame = [SILENCE; FRAME];
        let over = matches!(self.moment, Moment::Speaking { over: true, .. });
        let given_up = self.advance(&mut frame);
        let at = 20 * self.frames;
        self.frames += 1;
        self.out.clear();
        self.line.caller_frame(CallTime(at), Some(Millis(at)), &frame, &mut self.out);
        let edge = self.out.facts.iter().find_map(|fact| match fact {
            LineFact::SpeechStarted { .. } => over.then_some(Edge::Interrupted),
            LineFact::SpeechStopped { .. } => Some(Edge::TurnEnded),
            LineFact::Stalled
            | LineFact::Resumed
            | LineFact::Key { .. }
            | LineFact::Played { .. }
            | LineFact::Cut { .. } => None,
        });
        (frame, edge.or(given_up))
    }

    /// Goes on by one frame.
    fn advance(&mut self, frame: &mut [u8; FRAME]) -> Option<Edge> {
        self.moment = match self.moment {
            Moment::Listening { frames } if self.interrupts(frames) => self.speak(0, true, frame),
            Moment::Listening { frames } => Moment::Listening { frames: frames + 1 },
            Moment::Pausing { frames: BREATH.. } => self.speak(0, false, frame),
            Moment::Pausing { frames } => Moment::Pausing { frames: frames + 1 },
            Moment::Speaking { said, over } => self.speak(said, over, frame),
            Moment::Waiting { frames: UNANSWERED.. } => {
                self.moment = Moment::Pausing { frames: 0 };
                return Some(Edge::Unanswered);
            }
            Moment::Waiting { frames } => Moment::Waiting { frames: frames + 1 },
        };
        None
    }

    fn interrupts(&self, frames: u32) -> bool {
        self.manner == Manner::Interrupts && self.replies > 1 && frames >= PATIENCE
    }

    fn speak(&self, said: usize, over: bool, frame: &mut [u8; FRAME]) -> Moment {
        let rest = &self.sentence[said..];
        let now = rest.len().min(FRAME);
        frame[..now].copy_from_slice(&rest[..now]);
        if now == rest.len() {
            Moment::Waiting { frames: 0 }
        } else {
            Moment::Speaking { said: said + now, over }
        }
    }

    /// Audio of the agent has come; whether a reply begins with it. The greeting replies to nothing.
    pub(super) fn hears(&mut self) -> bool {
        let Moment::Waiting { .. } = self.moment else { return false };
        self.moment = Moment::Listening { frames: 0 };
        self.replies += 1;
        self.replies > 1
    }

    /// A mark's audio was played: the agent has said what it had to say.
    pub(super) fn heard_out(&mut self) {
        if let Moment::Listening { .. } = self.moment {
            self.moment = Moment::Pausing { frames: 0 };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::standin::utter_at;

    fn talker(manner: Manner) -> Talker {
        let said: Vec<u8> =
            utter_at("one two three", Millis(40)).iter().map(|s| Law::Mu.encode(*s)).collect();
        Talker::new(manner, said.into(), &Timing { end_of_turn: Millis(300), ..Timing::default() })
    }

    /// Frames until an edge, and which; 400 at most.
    fn until_edge(talker: &mut Talker) -> (usize, Option<Edge>) {
        (1..=400).find_map(|n| talker.frame().1.map(|edge| (n, Some(edge)))).unwrap_or((400, None))
    }

    #[test]
    fn a_turn_ends_once_with_the_frame_that_fills_the_silence() {
        let mut caller = talker(Manner::HearsOut);
        assert!(!caller.hears(), "the greeting is no reply");
        caller.heard_out();
        let (frames, edge) = until_edge(&mut caller);
        let spoken = utter_at("one two three", Millis(40)).len().div_ceil(FRAME);
        assert_eq!(edge, Some(Edge::TurnEnded));
        let silence = frames - BREATH as usize - spoken;
        assert!((12..=19).contains(&silence), "300 ms are 15 frames, and this was {silence}");
        assert!(caller.hears() && !caller.hears(), "what comes now is the reply, and it begins once");
    }

    #[test]
    fn who_interrupts_hears_the_greeting_out_and_cuts_the_reply() {
        let mut caller = talker(Manner::Interrupts);
        caller.hears();
        assert_eq!(until_edge(&mut caller), (400, None), "it waits for the greeting's end");
        caller.heard_out();
        assert_eq!(until_edge(&mut caller).1, Some(Edge::TurnEnded));
        caller.hears();
        let (frames, edge) = until_edge(&mut caller);
        assert_eq!(edge, Some(Edge::Interrupted));
        assert!(frames > PATIENCE as usize + 10, "half a second of patience and 200 ms of speech: {frames}");
        assert!(!caller.hears(), "what still comes is no reply");
        assert_eq!(until_edge(&mut caller).1, Some(Edge::TurnEnded));
    }

    #[test]
    fn a_turn_that_nobody_answers_is_given_up() {
        let mut caller = talker(Manner::HearsOut);
        assert_eq!(until_edge(&mut caller), (251, Some(Edge::Unanswered)), "no greeting");
        assert_eq!(until_edge(&mut caller).1, Some(Edge::TurnEnded));
        assert_eq!(until_edge(&mut caller).1, Some(Edge::Unanswered));
    }
}
