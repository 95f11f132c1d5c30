//! Every order and event in any order, drawn from a seed.
//!
//! Promises: whatever the world does, one reply at a time, the lead bound, and no byte after a cut.
//! Never: a seed that depends on the machine.

use crate::audio::signals::Seeded;
use crate::audio::{By, LEAD_MOST, Law, LineFact, LineOutputs, LineSetup, PACED_LEAD_MOST, WireItem};
use crate::base::{CallTime, Millis, PieceNo, ReplyId};

use super::line;

const SEEDS: u64 = 300;
const STEPS: usize = 400;

/// A carrier that plays at the pace of time, watching from outside.
#[derive(Default)]
struct Watcher {
    open: Option<ReplyId>,
    /// When its buffer runs empty, in milliseconds.
    empty_at: u32,
    marks: Vec<String>,
    over: Vec<ReplyId>,
}

impl Watcher {
    fn sees(&mut self, seed: u64, now: u32, most: Millis, out: &LineOutputs) {
        for item in &out.wire {
            match item {
                WireItem::Audio { bytes, starts } => {
                    assert!(self.open.is_some(), "seed {seed}: audio of no reply at {now}");
                    assert_eq!(bytes.len() % 160, 0, "seed {seed}: a broken frame");
                    assert_eq!(starts.0, self.empty_at.max(now), "seed {seed}: the clocks differ");
                    self.empty_at = starts.0 + bytes.len() as u32 / 8;
                    assert!(self.empty_at - now <= most.0, "seed {seed}: too far ahead at {now}");
                }
                WireItem::Mark { name } => self.marks.push(name.to_string()),
                WireItem::Clear => self.empty_at = self.empty_at.min(now),
            }
        }
        for fact in &out.facts {
            let reply = match *fact {
                LineFact::Played { reply, by, .. } => {
                    assert!(self.empty_at <= now + 250, "seed {seed}: played {by:?} before its end");
                    self.empty_at = self.empty_at.min(now);
                    reply
                }
                LineFact::Cut { reply, permille, .. } => {
                    assert!(permille < 1_000);
                    reply
                }
                LineFact::SpeechStarted { .. }
                | LineFact::SpeechStopped { .. }
                | LineFact::Stalled
                | LineFact::Resumed
                | LineFact::Key { .. } => continue,
            };
            assert_eq!(self.open.take(), Some(reply), "seed {seed}: an end of what was not open");
            assert!(!self.over.contains(&reply), "seed {seed}: two ends of {reply}");
            self.over.push(reply);
        }
    }
}

#[test]
fn whatever_comes_one_reply_at_a_time_and_never_too_far_ahead() {
    let (mut played, mut cut) = (0, 0);
    for seed in 0..SEEDS {
        let mut draw = Seeded::new(seed);
        let setup = LineSetup {
            law: if draw.below(2) == 0 { Law::Mu } else { Law::A },
            marks: draw.below(3) > 0,
            keys_out_of_band: true,
            carrier_buffers: draw.below(3) > 0,
        };
        let most = if setup.carrier_buffers { LEAD_MOST } else { PACED_LEAD_MOST };
        let (mut line, mut watcher, mut out) = (line(setup), Watcher::default(), LineOutputs::default());
        let mut now = 0;
        for _ in 0..STEPS {
            out.clear();
            let (reply, piece) = (ReplyId(draw.below(12)), PieceNo(draw.below(4)));
            match draw.below(12) {
                0 => {
                    let next = watcher.over.last().map_or(ReplyId(0), |r| r.next());
                    let reply = if draw.below(2) == 0 { next } else { reply };
                    if line.begin(reply).is_ok() {
                        assert!(watcher.open.is_none(), "seed {seed}: two replies open");
                        watcher.open = Some(reply);
                    }
                }
                1..=3 => {
                    let target = watcher.open.unwrap_or(reply);
                    let samples = vec![500; draw.below(4_000) as usize];
                    let _ = line.audio(target, piece, &samples);
                }
                4 | 5 => {
                    let _ = line.piece_end(watcher.open.unwrap_or(reply), piece);
                }
                6 => {
                    let _ = line.end(watcher.open.unwrap_or(reply), draw.below(5) as u16);
                }
                7 if draw.below(3) == 0 => line.cut(CallTime(now), &mut out),
                8 => {
                    let known = watcher.marks.get(draw.below(9) as usize).cloned();
                    line.mark(CallTime(now), &known.unwrap_or_else(|| format!("g{}-1", piece.0)), &mut out);
                }
                9 => line.caller_frame(CallTime(now), None, &[0xFF; 160], &mut out),
                _ => {
                    let due = line.deadline().map_or(now, |at| at.0.max(now));
                    now = if draw.below(4) == 0 { now + draw.below(700) } else { due.min(now + 500) };
                    line.wake(CallTime(now), &mut out);
                    assert!(line.deadline().is_none_or(|at| at.0 > now), "seed {seed}: a wake left work due");
                }
            }
            watcher.sees(seed, now, most, &out);
            played += out.facts.iter().filter(|f| matches!(f, LineFact::Played { by: By::Mark, .. })).count();
            cut += out.facts.iter().filter(|f| matches!(f, LineFact::Cut { .. })).count();
        }
    }
    assert!(played > 20 && cut > 500, "the storm reached both ends: {played} played, {cut} cut");
}
