//! Many calls: each on a gateway, a shop and a folder of its own, some at a time.
//!
//! Promises: no more at a time than asked for; the folder of a call that went wrong stays, with its journal and its
//! recording, all others go.
//! Never: lets one call's trouble end the others.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::{StreamExt as _, stream};

use super::scenario::Scenario;
use super::stage::{Report, Stage};
use crate::core::base::{Fault, Owner};

/// Calls at a time, at most: what one gateway's worth of sockets, timers and speech keeps in real time here.
pub const AT_ONCE_MAX: usize = 16;

/// What became of one of many calls.
#[derive(Debug)]
pub struct Run {
    /// Its place among the calls, from zero.
    pub number: usize,
    pub scenario: String,
    /// A fault where no call came about.
    pub report: Result<Report, Fault>,
    /// Where its journal lies; only of one that went wrong.
    pub folder: Option<PathBuf>,
}

impl Run {
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.report.as_ref().is_ok_and(|report| report.ok)
    }

    /// Why not, in one line.
    #[must_use]
    pub fn why(&self) -> Option<&str> {
        match &self.report {
            Ok(report) => report.unmet.as_deref(),
            Err(fault) => Some(&fault.what),
        }
    }
}

/// Plays all, `at_once` at a time; `tell` hears of each as it ends, in whatever order. They come back in order.
///
/// # Errors
/// No temporary folder can be made.
pub async fn play_all(
    stage: Arc<Stage>,
    scenarios: Vec<Scenario>,
    at_once: usize,
    tell: &mut (dyn FnMut(&Run) + Send),
) -> Result<Vec<Run>, Fault> {
    let root = std::env::temp_dir().join(format!("centralita-{}", uuid::Uuid::now_v7()));
    fs::create_dir_all(&root).map_err(|error| {
        let what = format!("the folder {} cannot be made: {error}", root.display());
        Fault::new(Owner::Admin, what, "point TMPDIR to a folder that can be written")
    })?;
    let calls = scenarios.into_iter().enumerate().map(|(number, scenario)| {
        let folder = root.join(format!("{}-{}", scenario.name, number + 1));
        // A task each: the callers' clocks must not wait for one another.
        tokio::spawn(play(Arc::clone(&stage), number, scenario, folder))
    });
    let mut ended = stream::iter(calls).buffer_unordered(at_once.clamp(1, AT_ONCE_MAX));
    let mut runs = Vec::new();
    while let Some(run) = ended.next().await {
        let run = run.map_err(|error| {
            Fault::new(Owner::Gateway, format!("a call's task broke: {error}"), "report it as a bug")
        })?;
        tell(&run);
        runs.push(run);
    }
    if runs.iter().all(Run::is_ok) {
        clear(&root);
    }
    runs.sort_by_key(|run| run.number);
    Ok(runs)
}

async fn play(stage: Arc<Stage>, number: usize, scenario: Scenario, folder: PathBuf) -> Run {
    let report = stage.play(&folder, &scenario, &mut |_| {}).await;
    let mut run = Run { number, scenario: scenario.name, report, folder: None };
    if run.is_ok() {
        clear(&folder);
    } else {
        run.folder = Some(folder);
    }
    run
}

fn clear(folder: &Path) {
    if let Err(error) = fs::remove_dir_all(folder) {
        tracing::warn!(%error, folder = %folder.display(), "a folder of a call stays behind");
    }
}
