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
use super::shop::{Refund, Shop};
use super::stage::{Report, SHOP, Stage};
use crate::core::base::{Fault, Owner};

/// Calls at a time, at most: what one gateway's worth of sockets, timers and speech keeps in real time here.
pub const AT_ONCE_MAX: u16 = 16;

/// What became of one of many calls.
#[derive(Debug)]
pub struct Run {
    /// Its place among the calls, from zero.
    pub number: usize,
    pub scenario: String,
    /// A fault where no call came about, or where it broke.
    pub report: Result<Report, Fault>,
    /// What the shop's own database holds in the end, of a call that broke too.
    pub refunds: Vec<Refund>,
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

/// Plays all, `at_once` at a time, in folders below `root`, which goes with the last of them; `tell` hears of each as it
/// ends, in whatever order. They come back in order.
pub async fn play_all(
    stage: Arc<Stage>,
    scenarios: Vec<Scenario>,
    at_once: usize,
    root: &Path,
    tell: &mut (dyn FnMut(&Run) + Send),
) -> Vec<Run> {
    let calls = scenarios.into_iter().enumerate().map(|(number, scenario)| {
        let folder = root.join(format!("{}-{}", scenario.name, number + 1));
        play(Arc::clone(&stage), number, scenario, folder)
    });
    let mut ended = stream::iter(calls).buffer_unordered(at_once.clamp(1, AT_ONCE_MAX.into()));
    let mut runs = Vec::new();
    while let Some(run) = ended.next().await {
        tell(&run);
        runs.push(run);
    }
    if runs.iter().all(Run::is_ok) {
        clear(root);
    }
    runs.sort_by_key(|run| run.number);
    runs
}

async fn play(stage: Arc<Stage>, number: usize, scenario: Scenario, folder: PathBuf) -> Run {
    let name = scenario.name.clone();
    let place = folder.clone();
    // A task each: the callers' clocks must not wait for one another, and a panic is one call's alone.
    let task = tokio::spawn(async move { stage.play(&place, &scenario, &mut |_| {}).await });
    let report = task.await.unwrap_or_else(|error| {
        Err(Fault::new(Owner::Gateway, format!("the call's task broke: {error}"), "report it as a bug"))
    });
    let refunds = match &report {
        Ok(report) => report.refunds.clone(),
        Err(_) => left_behind(&folder).await,
    };
    let mut run = Run { number, scenario: name, report, refunds, folder: None };
    if run.is_ok() {
        clear(&folder);
    } else {
        run.folder = Some(folder);
    }
    run
}

/// The refunds of a call that broke.
async fn left_behind(folder: &Path) -> Vec<Refund> {
    Shop::refunds_at(&folder.join(SHOP)).await.unwrap_or_else(|fault| {
        tracing::warn!(what = %fault.what, folder = %folder.display(), "a shop's books cannot be read");
        Vec::new()
    })
}

fn clear(folder: &Path) {
    if let Err(error) = fs::remove_dir_all(folder) {
        tracing::warn!(%error, folder = %folder.display(), "a folder of a call stays behind");
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpStream;

    use secrecy::ExposeSecret as _;

    use super::super::folder::temporary;
    use super::super::scenario::by_name;
    use super::super::shop::Shop;
    use super::*;
    use crate::standin::Voice;

    /// Asks the shop for a refund that no call asked for.
    fn pilfer(shop: &Shop) {
        let body = r#"{"amount":"5.00"}"#;
        let mut wire = TcpStream::connect(
            shop.url.socket_addrs(|| None).expect("a loopback address needs no name server")[0],
        )
        .expect("it listens");
        write!(
            wire,
            "POST /orders/1183/refunds HTTP/1.1\r\nHost: shop\r\nConnection: close\r\nIdempotency-Key: k\r\n\
             Authorization: Bearer {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            shop.token.expose_secret(),
            body.len()
        )
        .expect("the shop takes a request");
        let mut answer = String::new();
        wire.read_to_string(&mut answer).expect("it is there, as text");
        assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn a_call_that_panics_is_one_run_and_its_refunds_are_read_as_those_of_a_call_with_a_fault() {
        let agent = |shop: &Shop, id: &str| {
            pilfer(shop);
            assert_ne!(id, "shop", "this call breaks");
            Err(Fault::new(Owner::Admin, "nobody answers", "name an agent"))
        };
        let stage = Stage { voice: Arc::new(Voice::default()), agent: Box::new(agent) };
        let scenarios =
            ["refund-yes", "reembolso", "keypad"].map(|name| by_name(name).expect("a scenario of the demo"));
        let root = temporary().expect("a temporary folder can be made");
        let runs = play_all(Arc::new(stage), scenarios.into(), 2, &root, &mut |_| {}).await;
        let why: Vec<&str> = runs.iter().map(|run| run.why().expect("the run went wrong")).collect();
        assert_eq!(why[1], "nobody answers");
        assert!(why[0].contains("panicked") && why[2].contains("panicked"), "{why:?}");
        for (n, run) in runs.iter().enumerate() {
            assert_eq!(run.number, n);
            let refunds: Vec<&str> = run.refunds.iter().map(|refund| refund.order.as_str()).collect();
            assert_eq!(refunds, ["1183"], "{}", run.scenario);
        }
        assert!(runs.iter().all(|run| run.folder.as_ref().is_some_and(|folder| folder.starts_with(&root))));
        fs::remove_dir_all(root).expect("it was made by this test");
    }
}
