//! The carrier's playback buffer as a listener feels it: what was not there when it should have sounded.
//!
//! A reply begins with its first sample, and from then on each sample has its time. One that has not arrived by then
//! is late by the difference; how early the others come is the lead.
//!
//! Promises: lateness is counted for every 20 ms of every reply, the ones in time included.
//! Never: reads a clock; times are since the stream began.

use std::collections::VecDeque;
use std::time::Duration;

use super::distribution::nanos;

/// Samples a frame has: 20 ms at 8 kHz.
const FRAME: usize = 160;

/// One stream's buffer.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    reply: Option<Reply>,
    /// When the last sample will have been played.
    empty_at: Duration,
    marks: VecDeque<(Duration, String)>,
}

/// A reply that has begun.
#[derive(Debug)]
struct Reply {
    began: Duration,
    samples: usize,
}

/// One message of audio: how late each frame of it came, and how much was left to play before it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Arrived {
    /// Nanoseconds.
    pub(super) late: Vec<u64>,
    /// None for the first message of a reply.
    pub(super) lead: Option<Duration>,
}

impl Buffer {
    /// Audio has arrived.
    pub(super) fn audio(&mut self, at: Duration, samples: usize) -> Arrived {
        let lead = self.reply.as_ref().map(|_| self.empty_at.saturating_sub(at));
        let reply = self.reply.get_or_insert(Reply { began: at, samples: 0 });
        let late = (0..samples)
            .step_by(FRAME)
            .map(|sample| nanos(at.saturating_sub(reply.began + length(reply.samples + sample))))
            .collect();
        reply.samples += samples;
        self.empty_at = self.empty_at.max(at) + length(samples);
        Arrived { late, lead }
    }

    /// A mark has arrived: the reply is all here.
    pub(super) fn mark(&mut self, at: Duration, name: String) {
        self.reply = None;
        self.marks.push_back((self.empty_at.max(at), name));
    }

    /// What was not played is thrown away; every mark is due.
    pub(super) fn clear(&mut self, at: Duration) {
        self.reply = None;
        self.empty_at = self.empty_at.min(at);
        for (due, _) in &mut self.marks {
            *due = at;
        }
    }

    /// The next mark whose audio has been played.
    pub(super) fn due(&mut self, at: Duration) -> Option<String> {
        self.marks.pop_front_if(|(due, _)| *due <= at).map(|(_, name)| name)
    }
}

/// How long so many samples play.
fn length(samples: usize) -> Duration {
    Duration::from_micros(samples as u64 * 125)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn audio_that_comes_before_it_should_sound_is_not_late_and_its_lead_is_told() {
        let mut buffer = Buffer::default();
        assert_eq!(buffer.audio(ms(100), 3_200), Arrived { late: vec![0; 20], lead: None });
        assert_eq!(buffer.audio(ms(300), 320), Arrived { late: vec![0, 0], lead: Some(ms(200)) });
        assert_eq!(buffer.audio(ms(540), 160), Arrived { late: vec![0], lead: Some(ms(0)) });
    }

    #[test]
    fn each_frame_of_late_audio_is_late_by_what_it_missed_its_own_time() {
        let mut buffer = Buffer::default();
        buffer.audio(ms(0), 160);
        let late = buffer.audio(ms(50), 480);
        assert_eq!(late, Arrived { late: vec![30_000_000, 10_000_000, 0], lead: Some(ms(0)) });
        assert_eq!(buffer.audio(ms(60), 160).late, [0], "due 80 ms after the reply began");
    }

    #[test]
    fn the_pause_between_two_replies_is_not_lateness() {
        let mut buffer = Buffer::default();
        buffer.audio(ms(0), 160);
        buffer.mark(ms(1), "g0-1".to_owned());
        assert_eq!(buffer.audio(ms(900), 160), Arrived { late: vec![0], lead: None });
        buffer.clear(ms(905));
        assert_eq!(buffer.audio(ms(2_000), 160), Arrived { late: vec![0], lead: None }, "nor after a clear");
    }

    #[test]
    fn a_mark_is_due_when_all_before_it_was_played_or_cleared() {
        let mut buffer = Buffer::default();
        buffer.mark(ms(5), "at once".to_owned());
        assert_eq!(buffer.due(ms(5)).as_deref(), Some("at once"));
        buffer.audio(ms(10), 1_600);
        buffer.mark(ms(12), "played".to_owned());
        assert_eq!((buffer.due(ms(209)), buffer.due(ms(210)).as_deref()), (None, Some("played")));
        buffer.audio(ms(300), 8_000);
        buffer.mark(ms(301), "cleared".to_owned());
        buffer.clear(ms(400));
        assert_eq!((buffer.due(ms(400)).as_deref(), buffer.due(ms(9_999))), (Some("cleared"), None));
    }
}
