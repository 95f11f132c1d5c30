//! The caller's frames as the carrier sent them, one after the other.
//!
//! Promises: every frame once, in the order they came.
//! Never: reads beyond the track: where it ends there is silence.

use super::entry::{Cassette, Entry, Frames, Place};
use crate::audio::Law;
use crate::base::{CallTime, Millis, Samples};

/// One frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Arrival {
    pub(super) at: CallTime,
    pub(super) timestamp: Option<Millis>,
    pub(super) place: Place,
    pub(super) length: u32,
}

impl Arrival {
    /// Its bytes on the wire, in place of what `out` held.
    pub(super) fn encode(&self, law: Law, track: &[i16], out: &mut Vec<u8>) {
        out.clear();
        let length = self.length as usize;
        if let Place::At(position) = self.place {
            let from = usize::try_from(position.0).unwrap_or(usize::MAX).min(track.len());
            let to = from.saturating_add(length).min(track.len());
            out.extend(track[from..to].iter().map(|&sample| law.encode(sample)));
        }
        out.resize(length, law.silence());
    }
}

/// All of a cassette.
pub(super) fn arrivals(cassette: &Cassette) -> impl Iterator<Item = Arrival> + '_ {
    cassette
        .entries
        .iter()
        .filter_map(|entry| if let Entry::Frames(run) = entry { Some(run) } else { None })
        .flat_map(of)
}

fn of(run: &Frames) -> impl Iterator<Item = Arrival> + '_ {
    let waits = std::iter::once(0).chain(run.gaps.iter().copied());
    let times = waits.scan(run.at, |at, gap| {
        *at = *at + Millis(u32::from(gap));
        Some(*at)
    });
    (0_u32..).zip(times).map(|(n, at)| {
        let timestamp =
            run.timestamp.map(|first| first + Millis(Samples(run.length).millis().0.saturating_mul(n)));
        let place = match run.place {
            Place::At(first) => Place::At(first + Samples(run.length.saturating_mul(n))),
            Place::Dropped => Place::Dropped,
        };
        Arrival { at, timestamp, place, length: run.length }
    })
}

impl Cassette {
    /// The end of the track that its frames make, in samples.
    #[must_use]
    pub fn track_end(&self) -> u64 {
        let end = |arrival: Arrival| match arrival.place {
            Place::At(position) => position.0 + u64::from(arrival.length),
            Place::Dropped => 0,
        };
        arrivals(self).map(end).max().unwrap_or(0)
    }
}
