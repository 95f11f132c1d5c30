//! `audio`: what 20 ms of the caller's audio cost on their way in, averaged over a whole call.
//!
//! Promises: the live line hears the frames (decoding, tones, voice detection, speech edges), in both laws.
//! Never: leaves out the silences, nor counts only them.

use std::fmt;
use std::time::Duration;

use tokio::time::Instant;

use super::distribution::{Distribution, met, nanos, time};
use crate::core::audio::{Law, Line, LineOutputs, LineSetup, Watch};
use crate::core::base::{CallTime, Millis};
use crate::standin::utter;

const TARGET: Duration = Duration::from_micros(6);

/// Samples of a frame: 20 ms at 8 kHz.
const FRAME: usize = 160;

/// A frame with a sample louder than this holds speech: about -40 dB of full scale.
const LOUD: u16 = 320;

/// The quiet of a telephone line is no digital zero: noise of about -66 dB.
const LINE_NOISE: i16 = 16;

/// What the conversation orders of the line while a caller speaks.
const WATCH: Watch = Watch { speech: Millis(60).samples(), silence: Millis(700).samples() };

/// One law's figures.
#[derive(Clone, Debug)]
pub struct OfLaw {
    pub law: Law,
    /// Every frame of every round.
    pub all: Distribution,
    /// Of each frame its quickest round, and those of the frames with and without speech.
    pub best: Distribution,
    pub speech: Distribution,
    pub quiet: Distribution,
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Report {
    pub length: Millis,
    pub rounds: usize,
    pub laws: Vec<OfLaw>,
}

/// A caller's track of about a minute and a half: sentences and the pauses in which the agent speaks, two fifths of it
/// speech, over the noise of a line.
#[must_use]
pub fn caller_track() -> Vec<i16> {
    let sentences = [
        "Hello, where is my order one one eight two?",
        "No.",
        "Then I want twenty dollars back, please.",
        "Yes, do it.",
    ];
    let mut track = Vec::new();
    for sentence in sentences.iter().cycle().take(24) {
        let said = utter(sentence);
        track.resize(track.len() + said.len() * 3 / 2, 0);
        track.extend(said);
    }
    add_noise(&mut track);
    track
}

/// The noise of a line, the same every time.
pub(super) fn add_noise(track: &mut [i16]) {
    let mut seed = 0x9E37_79B9_u32;
    for sample in track {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let noise = (seed >> 16) as i32 % i32::from(2 * LINE_NOISE + 1) - i32::from(LINE_NOISE);
        *sample = sample.saturating_add(i16::try_from(noise).unwrap_or(0));
    }
}

/// Sends a caller's track, 8 kHz, over the line so many times in each law.
#[must_use]
pub fn measure(track: &[i16], rounds: usize) -> Report {
    let laws = [Law::Mu, Law::A].map(|law| of_law(law, track, rounds)).into();
    let length = Millis(u32::try_from(track.len() / 8).unwrap_or(u32::MAX));
    Report { length, rounds, laws }
}

fn of_law(law: Law, track: &[i16], rounds: usize) -> OfLaw {
    let encoded: Vec<u8> = track.iter().map(|sample| law.encode(*sample)).collect();
    let frames: Vec<&[u8]> = encoded.chunks_exact(FRAME).collect();
    let mut all = Vec::with_capacity(frames.len() * rounds);
    for _ in 0..rounds {
        pass(law, &frames, &mut all);
    }
    let best: Vec<u64> = (0..frames.len())
        .map(|n| all[n..].iter().step_by(frames.len()).copied().min().unwrap_or(0))
        .collect();
    let loud = |frame: &[i16]| frame.iter().any(|sample| sample.unsigned_abs() > LOUD);
    let (speech, quiet): (Vec<_>, Vec<_>) =
        best.iter().zip(track.chunks_exact(FRAME)).partition(|(_, frame)| loud(frame));
    let times =
        |frames: Vec<(&u64, &[i16])>| Distribution::of(frames.into_iter().map(|(ns, _)| *ns).collect());
    OfLaw {
        law,
        all: Distribution::of(all),
        speech: times(speech),
        quiet: times(quiet),
        best: Distribution::of(best),
    }
}

/// One call's frames through a new line.
fn pass(law: Law, frames: &[&[u8]], times: &mut Vec<u64>) {
    let mut line = Line::new(LineSetup { law, marks: true, keys_out_of_band: true, carrier_buffers: true });
    let mut out = LineOutputs::default();
    line.watch(WATCH);
    for (n, frame) in (0..).zip(frames) {
        let at = 20 * n;
        let began = Instant::now();
        line.caller_frame(CallTime(at), Some(Millis(at)), frame, &mut out);
        times.push(nanos(began.elapsed()));
        out.clear();
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { length, rounds, .. } = self;
        writeln!(
            f,
            "audio: one 20 ms frame through the line (decode, tones, VAD, speech edges), a call of {length},"
        )?;
        write!(f, "       {rounds} rounds; the mean counts: speech is dear and silence cheap")?;
        for OfLaw { law, all, best, speech, quiet } in &self.laws {
            let mean = all.mean();
            write!(f, "\n  {law:?}-law  mean {:<8} target 6 µs: {}", time(mean), met(all, mean, TARGET))?;
            write!(f, "\n    every frame   {all}")?;
            write!(f, "\n    best round of each frame: mean {}; ", time(best.mean()))?;
            let share = speech.count() * 100 / best.count().max(1);
            write!(f, "with speech ({share} %) {}, without {}", time(speech.mean()), time(quiet.mean()))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_speaks_two_fifths_of_the_call() {
        let track = caller_track();
        assert!((60..200).contains(&(track.len() / 8_000)), "{} s", track.len() / 8_000);
        let report = measure(&track, 1);
        for OfLaw { speech, best, .. } in report.laws {
            let share = speech.count() * 100 / best.count();
            assert!((30..50).contains(&share), "{share} %");
        }
    }

    #[test]
    fn every_frame_is_timed_in_every_round_and_law() {
        let report = measure(&caller_track()[..FRAME * 50 + 10], 4);
        assert_eq!(report.laws.len(), 2);
        for OfLaw { all, best, speech, quiet, .. } in report.laws {
            assert_eq!((all.count(), best.count(), speech.count() + quiet.count()), (200, 50, 50));
        }
    }
}
