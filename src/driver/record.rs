//! A call's record: its lines to the store, its audio to a file.
//!
//! Promises: lines keep their order, and a hole in their numbers is a lost line, said once; audio is written by a
//! thread of its own, and what a slow disk does not take is left out, counted, and said once at the end; that a stretch
//! is to be silent is never left out.
//! Never: makes a call wait.

use std::path::PathBuf;
use std::sync::mpsc::{SendError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::mpsc;

use super::Recordings;
use crate::core::audio::{Law, LineOutputs, WireItem};
use crate::core::base::{CallId, CallTime, Fault, Millis, Owner, Position, Samples, Span};
use crate::core::call::Record;
use crate::core::conversation::Step;
use crate::core::journal::{self, write_event, write_order, write_timer};
use crate::media::{Recorder, Silences};
use crate::store::Store;

/// How much of the caller's audio is gathered before the thread is woken for it: a second, what is written at once.
const BATCH: Samples = Millis(1_000).samples();
/// The same in pieces, for a line on which the caller's audio does not flow.
const BATCH_PIECES: usize = 200;
/// Batches that may wait for the disk: 10 s. Then the oldest are on disk or the disk is gone.
const AUDIO_QUEUE: usize = 10;

/// Pieces of audio that are missing from recordings.
pub(super) const HOLES: &str = "centralita_recording_holes_total";

/// Somebody who follows a call as it happens: the terminal, a test.
pub type Watcher = mpsc::Sender<Seen>;

/// One line of the journal, as it is written.
#[derive(Clone, Debug)]
pub struct Seen {
    pub call: CallId,
    pub at: CallTime,
    /// `< event`, `. timer` or `> order`.
    pub line: String,
}

/// Writes the lines of one call.
pub(super) struct Lines {
    call: CallId,
    store: Store,
    watcher: Option<Watcher>,
    seq: u32,
    lost: u32,
}

impl Lines {
    pub(super) fn new(call: CallId, store: Store, watcher: Option<Watcher>) -> Lines {
        Lines { call, store, watcher, seq: 0, lost: 0 }
    }

    /// Of a call that is gone on with: its record has so many lines, and these of its last steps are missing.
    pub(super) fn go_on(&mut self, seq: u32, since: CallTime, missing: &[journal::Line]) {
        self.seq = seq;
        for line in missing {
            match line {
                journal::Line::Event { at, event } => self.give(*at, format!("< {}", write_event(event))),
                journal::Line::Timer { due, name } => self.give(*due, format!(". {name}")),
                journal::Line::Order { text } => self.give(since, format!("> {text}")),
            }
        }
    }

    pub(super) fn write(&mut self, at: CallTime, record: &Record) {
        let (at, line) = match record {
            Record::Event { at, event } => (*at, format!("< {}", write_event(event))),
            Record::Step(Step::Fired { timer, due }) => (*due, format!(". {}", write_timer(*timer))),
            Record::Step(Step::Order(order)) => (at, format!("> {}", write_order(order))),
        };
        self.give(at, line);
    }

    fn give(&mut self, at: CallTime, line: String) {
        if let Some(watcher) = &self.watcher {
            // A watcher that does not keep up misses lines; the store has them.
            let _ = watcher.try_send(Seen { call: self.call.clone(), at, line: line.clone() });
        }
        if self.store.append(&self.call, self.seq, at, line).is_err() {
            self.lost += 1;
            if self.lost == 1 {
                tracing::error!(call = %self.call, "the journal is full: lines of this call are lost; look at the disk");
            }
        }
        self.seq += 1;
    }
}

/// One step's audio, for the file.
enum Track {
    Caller { at: Position, samples: Vec<i16> },
    Agent { at: Position, samples: Vec<i16> },
    AgentCut { at: Position },
}

/// Writes the recording of one call.
pub(super) struct Tracks {
    queue: SyncSender<Vec<Track>>,
    batch: Vec<Track>,
    /// Of the caller's audio in it.
    gathered: Samples,
    /// Beside the queue, which may be full: what is secret is kept out before what waits is written.
    silences: Arc<Mutex<Silences>>,
    thread: JoinHandle<Result<(), Fault>>,
    holes: u32,
}

impl Tracks {
    /// Whoever calls is served, recorded or not: a file that cannot be made is said at once, and what would go there is
    /// nobody's.
    pub(super) fn begin(recordings: Recordings, call: CallId) -> Tracks {
        let (queue, batches) = sync_channel(AUDIO_QUEUE);
        let silences = Arc::new(Mutex::new(Silences::default()));
        let named = Arc::clone(&silences);
        let thread = std::thread::spawn(move || {
            let mut recorder = match recordings.begin(&call) {
                Ok(recorder) => recorder,
                Err(fault) => {
                    tracing::error!(%call, owner = ?fault.owner, %fault, "a call is not recorded");
                    batches.iter().for_each(drop);
                    return Ok(());
                }
            };
            let mut late = Samples(0);
            for batch in batches {
                late.0 = late.0.saturating_add(silence(&mut recorder, &named));
                take(&mut recorder, batch)?;
            }
            late.0 = late.0.saturating_add(silence(&mut recorder, &named));
            let path = recorder.path().to_owned();
            recorder.finish()?;
            end(&recordings, path, late)
        });
        Tracks::over(queue, silences, thread)
    }

    fn over(
        queue: SyncSender<Vec<Track>>,
        silences: Arc<Mutex<Silences>>,
        thread: JoinHandle<Result<(), Fault>>,
    ) -> Tracks {
        Tracks { queue, batch: Vec::new(), gathered: Samples(0), silences, thread, holes: 0 }
    }

    /// That stretch of the caller's track becomes silence: what is held back of it, and what still comes.
    pub(super) fn silence(&mut self, from: Position, to: Position) {
        self.silences.lock().unwrap_or_else(PoisonError::into_inner).add(Span { from, to });
    }

    /// Takes what one step of the line brought.
    pub(super) fn write(&mut self, at: CallTime, law: Law, line: &LineOutputs) {
        for item in &line.wire {
            let track = match item {
                WireItem::Audio { bytes, starts } => {
                    let mut samples = Vec::with_capacity(bytes.len());
                    law.decode_into(&line.bytes[bytes.clone()], &mut samples);
                    Track::Agent { at: position(*starts), samples }
                }
                WireItem::Clear => Track::AgentCut { at: position(at) },
                WireItem::Mark { .. } => continue,
            };
            self.batch.push(track);
        }
        if !line.caller.is_empty() {
            let (at, samples) = (line.caller_from, line.caller.clone());
            self.gathered.0 =
                self.gathered.0.saturating_add(u32::try_from(samples.len()).unwrap_or(u32::MAX));
            self.batch.push(Track::Caller { at, samples });
        }
        if self.gathered >= BATCH || self.batch.len() >= BATCH_PIECES {
            self.give();
        }
    }

    /// A full queue is a slow or dead disk: the recording has a hole, the call goes on.
    fn give(&mut self) {
        self.gathered = Samples(0);
        let batch = std::mem::take(&mut self.batch);
        if let Err(TrySendError::Full(batch) | TrySendError::Disconnected(batch)) = self.queue.try_send(batch)
        {
            self.lost(batch.len());
        }
    }

    fn lost(&mut self, pieces: usize) {
        self.holes = self.holes.saturating_add(u32::try_from(pieces).unwrap_or(u32::MAX));
        metrics::counter!(HOLES).increment(pieces as u64);
    }

    /// Closes the file; blocks until it is on disk.
    ///
    /// # Errors
    /// The file could not be written, has holes, or holds what was to be silent.
    pub(super) fn finish(mut self) -> Result<(), Fault> {
        // The last batch may wait: this blocks anyway.
        let batch = std::mem::take(&mut self.batch);
        if let Err(SendError(batch)) = self.queue.send(batch) {
            self.lost(batch.len());
        }
        drop(self.queue);
        self.thread.join().unwrap_or_else(|_| {
            let what = "the recording's thread panicked";
            Err(Fault::new(Owner::Gateway, what, "report it; the file plays up to there"))
        })?;
        if self.holes > 0 {
            let what = format!("{} pieces of audio are missing: the disk was too slow for them", self.holes);
            return Err(Fault::new(Owner::Admin, what, "give the recordings a faster disk, or fewer calls"));
        }
        Ok(())
    }
}

/// A file that is whole: it goes on to be coded, unless so much of what was to be silent is in it that came too late.
fn end(recordings: &Recordings, path: PathBuf, late: Samples) -> Result<(), Fault> {
    if late > Samples(0) {
        let what = format!("{}: {} that were to be silent are in it", path.display(), late.millis());
        let remedy = "erase this recording; report it, with its call's journal";
        return Err(Fault::new(Owner::Gateway, what, remedy));
    }
    recordings.end(path);
    Ok(())
}

fn take(recorder: &mut Recorder, batch: Vec<Track>) -> Result<(), Fault> {
    for track in batch {
        match track {
            Track::Caller { at, samples } => recorder.caller(at, &samples)?,
            Track::Agent { at, samples } => recorder.agent(at, &samples),
            Track::AgentCut { at } => recorder.agent_cut(at),
        }
    }
    Ok(())
}

/// Passes on what is to be silent; how many samples of it were written already.
fn silence(recorder: &mut Recorder, silences: &Mutex<Silences>) -> u32 {
    let named = silences.lock().unwrap_or_else(PoisonError::into_inner).take();
    named.iter().map(|span| recorder.caller_silent(span.from, span.to).0).fold(0, u32::saturating_add)
}

/// A call time as a place on the caller's track.
fn position(at: CallTime) -> Position {
    Position::START + Millis(at.0).samples()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::driver::Format;

    /// Tracks whose disk begins to write when told to.
    fn waiting(queue: usize) -> (Tracks, SyncSender<()>) {
        let (queue, batches) = sync_channel(queue);
        let (go, told) = sync_channel(1);
        let thread = std::thread::spawn(move || {
            let _ = told.recv();
            batches.iter().for_each(drop);
            Ok(())
        });
        (Tracks::over(queue, Arc::default(), thread), go)
    }

    /// One step with a batch of the caller and a clear.
    fn step() -> LineOutputs {
        LineOutputs {
            caller: vec![0; BATCH.0 as usize],
            wire: vec![WireItem::Clear],
            ..LineOutputs::default()
        }
    }

    #[test]
    fn audio_a_slow_disk_does_not_take_is_counted_and_said_at_the_end() {
        let metrics = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
        let (mut tracks, go) = waiting(3);
        metrics::with_local_recorder(&metrics, || {
            (0..5).for_each(|n| tracks.write(CallTime(n * 500), Law::Mu, &step()));
        });
        go.send(()).expect("the test still waits");
        let fault = tracks.finish().unwrap_err();
        assert!(fault.what.starts_with("4 pieces"), "{fault}");
        assert_eq!(fault.owner, Owner::Admin);
        let counted = metrics.handle().render();
        assert!(counted.contains("centralita_recording_holes_total 4"), "{counted}");
    }

    #[test]
    fn a_line_on_which_the_caller_does_not_flow_gathers_no_more_than_a_batch() {
        let (mut tracks, go) = waiting(100);
        for n in 0..1_000 {
            tracks.write(CallTime(n), Law::Mu, &LineOutputs { caller: Vec::new(), ..step() });
            assert!(tracks.batch.len() < BATCH_PIECES);
        }
        go.send(()).expect("the test still waits");
        assert_eq!(tracks.finish(), Ok(()));
    }

    #[test]
    fn a_recording_without_holes_is_no_fault() {
        let (mut tracks, go) = waiting(3);
        tracks.write(CallTime(0), Law::Mu, &step());
        go.send(()).expect("the test still waits");
        assert_eq!(tracks.finish(), Ok(()));
    }

    #[test]
    fn what_is_to_be_silent_is_not_in_the_file_named_before_it_came_or_after() {
        let call = CallId::parse(&format!("silence-{}", uuid::Uuid::new_v4())).expect("a call id");
        let folder = std::env::temp_dir();
        let path = folder.join(format!("{call}.wav"));
        let mut tracks = Tracks::begin(Recordings::new(folder, Format::Wav), call);
        tracks.silence(Position(15_000), Position(15_500));
        for second in 0..2 {
            let (caller, caller_from) = (vec![7; 8_000], Position(second * 8_000));
            tracks.write(
                CallTime(0),
                Law::Mu,
                &LineOutputs { caller, caller_from, ..LineOutputs::default() },
            );
        }
        tracks.silence(Position(400), Position(1_200));
        assert_eq!(tracks.finish(), Ok(()));
        let file = hound::WavReader::open(&path).expect("what was recorded is a WAV").into_samples::<i16>();
        let caller: Vec<i16> = file.step_by(2).map(Result::unwrap).collect();
        let silent: Vec<usize> = (0..caller.len()).filter(|at| caller[*at] == 0).collect();
        assert!(caller.len() == 16_000 && silent == (400..1_200).chain(15_000..15_500).collect::<Vec<_>>());
        std::fs::remove_file(path).expect("it was made by this test");
    }

    #[tokio::test]
    async fn a_recording_that_holds_what_was_named_secret_too_late_is_told_as_that_and_not_coded() {
        let folder = std::env::temp_dir().join(format!("centralita-late-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir(&folder).expect("a temporary folder can be made");
        let recordings = Recordings::new(folder.clone(), Format::Opus);
        for (call, late) in [("CA1", Samples(1_600)), ("CA2", Samples(0))] {
            let call = CallId::parse(call).expect("a call id");
            let recorder = recordings.begin(&call).expect("the folder can be written");
            let path = recorder.path().to_owned();
            recorder.finish().expect("the disk takes it");
            let told = end(&recordings, path, late).map_err(|fault| fault.to_string());
            let says = |told: String| ["CA1.wav: 200 ms", "erase"].iter().all(|part| told.contains(part));
            assert_eq!(told.map_err(says), if call.as_str() == "CA1" { Err(true) } else { Ok(()) });
        }
        recordings.close().await;
        assert!(folder.join("CA1.wav").exists() && !folder.join("CA1.opus").exists());
        assert!(folder.join("CA2.opus").exists(), "the other one is coded");
        std::fs::remove_dir_all(folder).expect("it was made by this test");
    }
}
