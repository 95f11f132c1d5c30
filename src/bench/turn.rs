//! `turn` and `barge-in`: what the gateway itself adds to a reply, and how fast it falls silent.
//!
//! Real gateway, real sockets, real journal; speech and model take no time. Four callers at once in the same process.
//!
//! Promises: the clock starts with the very frame that meets the policy, before it is written to the socket, and stops
//! when the answer is read from it: both ways over loopback are in the figure, and so is the bench's own delay.
//! Never: counts the silence the policy waits for.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::carrier::{Dialled, Enough, Observed, Turn, talk};
use super::distribution::{Distribution, met, nanos, time};
use super::stage::{Kept, Served, Stamp, agent};
use super::talker::Manner;
use crate::core::audio::Law;
use crate::core::base::{Fault, Millis, Owner};
use crate::core::conversation::Timing;
use crate::standin::{Voice, utter_at};

const TARGET: Duration = Duration::from_millis(20);

/// Callers at once.
const CALLERS: usize = 4;

/// Speech of callers and agent: faster than people, so that a minute holds many turns.
const QUICK: Millis = Millis(20);

/// Silence that ends a turn; it is not part of the figure.
const HOLD: Millis = Millis(300);

const SENTENCE: &str = "tell me about my order please";
const SHORT_ANSWER: &str = "It left on Monday.";
const LONG_ANSWER: &str = "It left the warehouse on Monday and it should be with you by the end of this week unless it \
                           is held up on its way because of the weather which has been very bad in these days and may \
                           well stay so until the end of the month";

/// The stage that begins when the recogniser, the model or the synthesiser is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Understanding,
    Thinking,
    Speaking,
}

/// The stages of a turn in their order; the first begins with the frame.
const STAGES: [&str; 4] = [
    "hearing:       frame sent, read, searched for speech; the recogniser is told",
    "understanding: its transcript taken; the model is asked",
    "thinking:      its piece taken, the reply begun; the synthesiser is asked",
    "speaking:      its audio taken, encoded, written, read by the carrier",
];

/// What was found of turns.
#[derive(Clone, Debug)]
pub struct Turns {
    pub own: Distribution,
    pub stages: Vec<(&'static str, Distribution)>,
    /// How late the bench's own frames left.
    pub frames: Distribution,
    pub unanswered: usize,
    /// Replies that came before the bench knew the turn to be over.
    pub untimed: usize,
}

/// What was found of interruptions.
#[derive(Clone, Debug)]
pub struct BargeIns {
    pub to_clear: Distribution,
    pub after_clear: usize,
    pub frames: Distribution,
    pub unanswered: usize,
    /// Clears that came before the bench knew of the interruption.
    pub untimed: usize,
}

/// Measures so many turns.
///
/// # Errors
/// A gateway that could not be started, a call that was lost.
pub async fn turns(count: usize) -> Result<Turns, Fault> {
    let (observed, stamps) = run(count, Manner::HearsOut, SHORT_ANSWER).await?;
    let mut stages: [Vec<u64>; 4] = Default::default();
    for turn in &observed.turns {
        for (all, part) in stages.iter_mut().zip(parts(turn, &stamps[turn.number]).into_iter().flatten()) {
            all.push(nanos(part));
        }
    }
    let own = observed.turns.iter().map(|turn| nanos(turn.first - turn.ended));
    Ok(Turns {
        own: Distribution::of(own.collect()),
        stages: STAGES.into_iter().zip(stages.map(Distribution::of)).collect(),
        frames: Distribution::of(observed.own),
        unanswered: observed.unanswered,
        untimed: observed.untimed,
    })
}

/// Measures so many interruptions.
///
/// # Errors
/// As for [`turns`].
pub async fn barge_ins(count: usize) -> Result<BargeIns, Fault> {
    let (observed, _) = run(count, Manner::Interrupts, LONG_ANSWER).await?;
    Ok(BargeIns {
        to_clear: Distribution::of(observed.clears),
        after_clear: observed.after_clear,
        frames: Distribution::of(observed.own),
        unanswered: observed.unanswered,
        untimed: observed.untimed,
    })
}

/// All callers against one gateway; each has an agent of its own, whose stamps come by the caller's number.
async fn run(
    count: usize,
    manner: Manner,
    answer: &'static str,
) -> Result<(Observed, Vec<Vec<Stamp>>), Fault> {
    let timing = Timing { end_of_turn: HOLD, ..Timing::default() };
    let (agents, stamps): (Vec<_>, Vec<_>) = (0..CALLERS)
        .map(|_| agent(timing.clone(), answer, Voice::at(QUICK)))
        .collect::<Result<Vec<_>, _>>()?
        .into_iter()
        .unzip();
    let served = Served::start(agents, CALLERS, Kept::Nothing).await?;
    let sentence: Arc<[u8]> =
        utter_at(SENTENCE, QUICK).iter().map(|sample| Law::Mu.encode(*sample)).collect();
    let mut calls = JoinSet::new();
    for number in 0..CALLERS {
        calls.spawn(talk(Dialled {
            url: served.url(),
            number,
            manner,
            sentence: Arc::clone(&sentence),
            timing: timing.clone(),
            enough: Enough::Measured(count.div_ceil(CALLERS)),
        }));
    }
    let mut observed = Observed::default();
    while let Some(call) = calls.join_next().await {
        let broken = |error: tokio::task::JoinError| {
            Fault::new(Owner::Gateway, format!("a call of the bench broke: {error}"), "report it as a bug")
        };
        observed.add(call.map_err(broken)??);
    }
    served.close().await?;
    let drained = |mut stamps: tokio::sync::mpsc::Receiver<Stamp>| {
        std::iter::from_fn(|| stamps.try_recv().ok()).collect()
    };
    Ok((observed, stamps.into_iter().map(drained).collect()))
}

/// The four stages of a turn, where exactly their three stamps lie in it in their order.
fn parts(turn: &Turn, stamps: &[Stamp]) -> Option<[Duration; 4]> {
    let within: Vec<&Stamp> =
        stamps.iter().filter(|(_, at)| (turn.ended..=turn.first).contains(at)).collect();
    match within[..] {
        [(Stage::Understanding, heard), (Stage::Thinking, asked), (Stage::Speaking, wrote)] => {
            Some([*heard - turn.ended, *asked - *heard, *wrote - *asked, turn.first - *wrote])
        }
        _ => None,
    }
}

impl fmt::Display for Turns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Turns { own, stages, frames, unanswered, untimed } = self;
        writeln!(
            f,
            "turn: our own share of a reply; from the frame that completes {HOLD} of silence leaving the carrier"
        )?;
        writeln!(
            f,
            "      to the first audio read by it; loopback sockets, {CALLERS} callers, STT, LLM and TTS take no time"
        )?;
        writeln!(f, "  own share  {own}; {unanswered} unanswered, {untimed} too early to be timed")?;
        writeln!(f, "  p99 {}  target 20 ms: {}", time(own.p99()), met(own, own.p99(), TARGET))?;
        for (name, times) in stages {
            writeln!(f, "  {name}\n    {times}")?;
        }
        write!(f, "  the bench's own frames left late by  {frames}")
    }
}

impl fmt::Display for BargeIns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let BargeIns { to_clear, after_clear, frames, unanswered, untimed } = self;
        writeln!(
            f,
            "barge-in: from the frame with which 200 ms of speech over the agent are complete leaving the carrier"
        )?;
        writeln!(f, "          to `clear` read by it; loopback sockets, {CALLERS} callers")?;
        writeln!(f, "  to clear  {to_clear}; {unanswered} unanswered, {untimed} too early to be timed")?;
        writeln!(
            f,
            "  p99 {}  target 20 ms: {}",
            time(to_clear.p99()),
            met(to_clear, to_clear.p99(), TARGET)
        )?;
        writeln!(f, "  messages of audio after a clear: {after_clear}")?;
        write!(f, "  the bench's own frames left late by  {frames}")
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    #[test]
    fn the_stages_of_a_turn_add_up_to_it_and_another_turns_stamps_do_not_count() {
        let began = Instant::now();
        let at = |millis| began + Duration::from_millis(millis);
        let turn = Turn { number: 0, ended: at(100), first: at(110) };
        let stamps = [
            (Stage::Speaking, at(90)),
            (Stage::Understanding, at(101)),
            (Stage::Thinking, at(103)),
            (Stage::Speaking, at(106)),
            (Stage::Understanding, at(111)),
        ];
        let parts_ms = parts(&turn, &stamps).map(|parts| parts.map(|part| part.as_millis()));
        assert_eq!(parts_ms, Some([1, 2, 3, 4]));
        assert_eq!(parts(&turn, &stamps[..3]), None, "a stamp is missing");
        assert_eq!(parts(&turn, &[stamps[2], stamps[1], stamps[3]]), None, "out of their order");
    }
}
