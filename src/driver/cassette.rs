//! The cassette of a call, kept while it runs: what services and carrier answered, and when.
//!
//! Promises: written by a thread of its own; what a slow disk does not take is left out, counted, and said at the end
//! and in the file.
//! Never: makes a call wait; sees more than the heart is told.

use std::fs::File;
use std::io::{LineWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

use crate::core::audio::LineSetup;
use crate::core::base::{CallId, CallTime, Fault, Owner};
use crate::core::call::{Call, CallOutputs, Input};
use crate::core::cassette::{self, Keeper, Setup, Told, lost};
use crate::core::conversation::Plan;

/// Lines that may wait for the disk: some ten seconds of the liveliest call. Then they are on disk or the disk is gone.
const LINES_QUEUE: usize = 1_000;

/// Lines that are missing from cassettes.
pub(super) const LOST: &str = "centralita_cassette_lost_lines_total";

/// The cassette of one call.
pub(super) struct Cassette {
    keeper: Keeper,
    queue: SyncSender<cassette::Entry>,
    thread: JoinHandle<std::io::Result<()>>,
    path: PathBuf,
    lost: Arc<AtomicU32>,
}

/// One step of the call, and what its cassette keeps of it.
pub(super) fn step(
    call: &mut Call,
    cassette: &mut Option<Cassette>,
    at: CallTime,
    input: Input<'_>,
    out: &mut CallOutputs,
) {
    let told = Told::of(&input);
    call.handle(at, input, out);
    if let Some(cassette) = cassette {
        cassette.keeper.step(at, told, out);
        cassette.give();
    }
}

impl Cassette {
    /// Begins one in this folder, as `CALL.cassette`; one that exists stays, and this
    /// call, or what is gone on with of it, has none.
    ///
    /// # Errors
    /// The file cannot be made.
    pub(super) fn create(
        folder: &Path,
        call: &CallId,
        plan: &Plan,
        setup: LineSetup,
    ) -> Result<Cassette, Fault> {
        let path = folder.join(format!("{call}.cassette"));
        let file = File::create_new(&path).map_err(|error| unwritten(&path, &error))?;
        let head = cassette::Cassette {
            head: [
                ("call", call.to_string()),
                ("agent", plan.agent.clone()),
                ("build", env!("CARGO_PKG_VERSION").to_owned()),
                ("plan-hash", plan.hash.to_string()),
            ]
            .map(|(name, value)| (name.to_owned(), value))
            .into(),
            setup: Setup(setup),
            ..cassette::Cassette::default()
        };
        let (queue, lines) = sync_channel::<cassette::Entry>(LINES_QUEUE);
        let lost_lines = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&lost_lines);
        let thread = std::thread::spawn(move || {
            // Line by line: what a killed process leaves is whole lines, up to its last moment.
            let mut file = LineWriter::new(file);
            file.write_all(head.write_head().as_bytes())?;
            for line in lines {
                writeln!(file, "{line}")?;
            }
            let missing = counted.load(Ordering::Acquire);
            if missing > 0 {
                file.write_all(lost(missing).as_bytes())?;
            }
            file.flush()
        });
        Ok(Cassette { keeper: Keeper::default(), queue, thread, path, lost: lost_lines })
    }

    /// A full queue is a slow or dead disk: the cassette lacks a line, the call goes on.
    fn give(&mut self) {
        for entry in self.keeper.ready() {
            if self.queue.try_send(entry).is_err() {
                self.lost.fetch_add(1, Ordering::Release);
                metrics::counter!(LOST).increment(1);
            }
        }
    }

    /// Closes the file; blocks until it is written.
    ///
    /// # Errors
    /// It could not be written, or it lacks lines.
    pub(super) fn finish(mut self) -> Result<(), Fault> {
        // From here on nobody waits but this thread.
        self.keeper.finish().for_each(|entry| drop(self.queue.send(entry)));
        drop(self.queue);
        let written =
            self.thread.join().unwrap_or_else(|_| Err(std::io::Error::other("its thread panicked")));
        written.map_err(|error| unwritten(&self.path, &error))?;
        let lost = self.lost.load(Ordering::Acquire);
        if lost > 0 {
            let what =
                format!("{}: {lost} lines are missing: the disk was too slow for them", self.path.display());
            return Err(Fault::new(Owner::Admin, what, "give the cassettes a faster disk, or fewer calls"));
        }
        Ok(())
    }
}

fn unwritten(path: &Path, error: &std::io::Error) -> Fault {
    let what = format!("the cassette {} cannot be written: {error}", path.display());
    Fault::new(Owner::Admin, what, "name a folder with --cassettes that can be written and has room")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::base::Millis;
    use crate::core::sim::script_plan;

    /// A cassette whose disk begins to write when told to.
    fn waiting(queue: usize) -> (Cassette, SyncSender<()>) {
        let (queue, lines) = sync_channel(queue);
        let (go, told) = sync_channel(1);
        let thread = std::thread::spawn(move || {
            let _ = told.recv();
            lines.iter().for_each(drop);
            Ok(())
        });
        let (keeper, lost) = (Keeper::default(), Arc::default());
        (Cassette { keeper, queue, thread, path: "x.cassette".into(), lost }, go)
    }

    /// So many seconds of frames.
    fn seconds(cassette: Cassette, seconds: u32) -> Cassette {
        let plan = Arc::new(script_plan("en").expect("the plan has that name"));
        let mut call = Call::new(Setup::default().0, plan);
        let (mut out, mut kept) = (CallOutputs::default(), Some(cassette));
        for n in 0..seconds * 50 {
            let input = Input::Frame { timestamp: Some(Millis(n * 20)), encoded: &[0xFF; 160] };
            step(&mut call, &mut kept, CallTime(n * 20), input, &mut out);
        }
        kept.expect("it was handed in")
    }

    #[test]
    fn lines_a_slow_disk_does_not_take_are_counted_and_said_at_the_end() {
        let metrics = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
        let (cassette, go) = waiting(2);
        let cassette = metrics::with_local_recorder(&metrics, || seconds(cassette, 6));
        go.send(()).expect("the test still waits");
        let fault = cassette.finish().unwrap_err();
        assert!(fault.what.contains("3 lines are missing"), "{fault}");
        let counted = metrics.handle().render();
        assert!(counted.contains("centralita_cassette_lost_lines_total 3"), "{counted}");
    }

    #[test]
    fn a_cassette_on_disk_reads_back_and_names_its_call() {
        let folder = std::env::temp_dir().join(format!("centralita-cassette-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir(&folder).expect("a temporary folder can be made");
        let plan = script_plan("en").expect("the plan has that name");
        let call = CallId::parse("CA1").expect("a call id");
        let cassette = Cassette::create(&folder, &call, &plan, Setup::default().0).expect("it can be made");
        seconds(cassette, 2).finish().expect("the disk takes it");
        let text = std::fs::read_to_string(folder.join("CA1.cassette")).expect("it is there");
        let read = cassette::Cassette::parse(&text).expect("it reads back");
        assert_eq!((read.head_value("call"), read.entries.len(), read.write()), (Some("CA1"), 2, text));
        std::fs::remove_dir_all(folder).expect("it was made by this test");
    }
}
