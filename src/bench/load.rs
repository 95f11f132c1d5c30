//! `load`: many calls at once against a server that has one core, and what their listeners feel of it.
//!
//! The server is a process of its own on core 0, the callers are on core 1. First a bare server that only sends, for
//! the floor; then rounds against the gateway, a fresh one each.
//!
//! Promises: a round in which the callers themselves were late, or a turn was not answered, counts for nothing, and is
//! told; the best of the rest stands.
//! Never: leaves a server behind.

use std::fmt;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

use super::carrier::{Dialled, Enough, Observed, talk};
use super::distribution::{Distribution, NOTHING, met, nanos, time};
use super::machine::{kept_waiting, no_core, run_on, used_by, used_by_all};
use super::talker::Manner;
use crate::core::audio::Law;
use crate::core::base::{Fault, Owner};
use crate::core::conversation::Timing;
use crate::standin::utter;

const TARGET: Duration = Duration::from_millis(20);
/// Callers whose 99th frame of a hundred leaves later than this are no measure of a server.
const CALLERS_LATE_MAX: Duration = Duration::from_millis(10);

const SERVER_CORE: u32 = 0;
const CALLERS_CORE: u32 = 1;

/// Between two calls' starts: a burst of handshakes is not what is measured.
const APART: Duration = Duration::from_millis(20);
/// How long a server may take to start, and to end.
const PATIENCE: Duration = Duration::from_secs(20);

const SENTENCE: &str = "I would like to know about my order";

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    pub calls: usize,
    /// Of each round, once all calls have begun.
    pub length: Duration,
    pub rounds: usize,
}

/// Which server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    Gateway,
    /// The gateway, and each call is recorded.
    Recording,
    Bare,
}

impl Server {
    /// What the server's process is asked for on its command line.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Server::Gateway => "gateway",
            Server::Recording => "recording",
            Server::Bare => "bare",
        }
    }
}

/// One round.
#[derive(Clone, Debug)]
pub struct Round {
    /// Of every 20 ms of every reply: how late it came.
    pub late: Distribution,
    /// How much was left to play when more came.
    pub lead: Distribution,
    /// From the frame that ended a turn to the reply's first audio; the bare server answers nobody.
    pub reply: Option<Distribution>,
    /// How late the callers' own frames left.
    pub callers: Distribution,
    pub unanswered: usize,
    /// Of a core: used by the server, by the callers, by everything else on the machine; and by the others on the
    /// server's core while the server would have run.
    pub cores: [f64; 4],
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Report {
    pub load: Load,
    pub floor: Round,
    pub rounds: Vec<Round>,
}

/// Runs all rounds. The program is this one: it is started again with `bench serve`.
///
/// # Errors
/// A machine without two cores, a server that does not start, a call that is lost.
pub async fn measure(load: Load) -> Result<Report, Fault> {
    callers_aside()?;
    let floor = round(Server::Bare, load).await?;
    let mut rounds = Vec::new();
    for _ in 0..load.rounds {
        rounds.push(round(Server::Gateway, load).await?);
    }
    Ok(Report { load, floor, rounds })
}

/// This process, which calls, on a core that is not the server's.
pub(super) fn callers_aside() -> Result<(), Fault> {
    run_on(CALLERS_CORE)
}

/// One round against a server of its own.
///
/// # Errors
/// As [`measure`].
pub(super) async fn round(server: Server, load: Load) -> Result<Round, Fault> {
    let (mut child, address) = start(server, load.calls).await?;
    let pid = child.id().ok_or_else(|| broken("it ended at once"))?;
    let seen = call(&address, pid, load).await;
    // The end of its input is the server's sign to end, whatever became of the calls.
    drop(child.stdin.take());
    let ended = timeout(PATIENCE, child.wait()).await;
    let (observed, cores) = seen?;
    if !matches!(ended, Ok(Ok(status)) if status.success()) {
        return Err(broken("the server did not end in good order"));
    }
    let reply = observed.turns.iter().map(|turn| nanos(turn.first - turn.ended)).collect();
    Ok(Round {
        late: Distribution::of(observed.late),
        lead: Distribution::of(observed.lead),
        reply: (server != Server::Bare).then(|| Distribution::of(reply)),
        callers: Distribution::of(observed.own),
        unanswered: observed.unanswered,
        cores,
    })
}

/// All calls of a round, and the shares of a core that were used while all of them ran.
async fn call(address: &str, server: u32, load: Load) -> Result<(Observed, [f64; 4]), Fault> {
    let url: Arc<str> = format!("ws://{address}/media/twilio").into();
    let sentence: Arc<[u8]> = utter(SENTENCE).iter().map(|sample| Law::Mu.encode(*sample)).collect();
    let mut start = Instant::now();
    let began = start + APART * u32::try_from(load.calls).unwrap_or(u32::MAX);
    let enough = Enough::At(began + load.length);
    let mut calls = JoinSet::new();
    for number in 0..load.calls {
        sleep_until(start).await;
        start += APART;
        let (url, sentence, timing) = (Arc::clone(&url), Arc::clone(&sentence), Timing::default());
        calls.spawn(talk(Dialled { url, number, manner: Manner::HearsOut, sentence, timing, enough }));
    }
    let used =
        || Some([used_by(server)?, used_by(std::process::id())?, used_by_all()?, kept_waiting(server)?]);
    sleep_until(began).await;
    let before = used();
    sleep_until(began + load.length).await;
    let cores = cores(before, used(), load.length).unwrap_or([f64::NAN; 4]);
    let mut observed = Observed::default();
    while let Some(call) = calls.join_next().await {
        observed.add(call.map_err(|error| broken(&error.to_string()))??);
    }
    Ok((observed, cores))
}

/// Starts the server's process on its core, and reads where it listens.
async fn start(server: Server, calls: usize) -> Result<(Child, String), Fault> {
    let this = std::env::current_exe().map_err(|error| broken(&error.to_string()))?;
    let core = SERVER_CORE.to_string();
    let mut child = Command::new("taskset")
        .args(["--cpu-list", &core])
        .arg(this)
        .args(["bench", "serve", server.word(), "--calls", &calls.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| no_core(&core, &error.to_string()))?;
    let stdout = child.stdout.take().ok_or_else(|| broken("it has no output"))?;
    let mut lines = BufReader::new(stdout).lines();
    match timeout(PATIENCE, lines.next_line()).await {
        Ok(Ok(Some(address))) => Ok((child, address)),
        Ok(Ok(None) | Err(_)) | Err(_) => Err(broken("it does not say where it listens")),
    }
}

/// Shares of a core between two readings: the server, the callers, all else, and what the server waited.
fn cores(before: Option<[Duration; 4]>, after: Option<[Duration; 4]>, length: Duration) -> Option<[f64; 4]> {
    let (before, after) = (before?, after?);
    let [server, callers, all, waited] =
        std::array::from_fn(|n| after[n].saturating_sub(before[n]).as_secs_f64() / length.as_secs_f64());
    Some([server, callers, (all - server - callers).max(0.0), waited])
}

fn broken(what: &str) -> Fault {
    Fault::new(
        Owner::Gateway,
        format!("the load bench broke: {what}"),
        "see what stands above; else report it",
    )
}

impl Round {
    /// Whether every turn was answered and the callers were in time, so that what they felt was the server's doing.
    #[must_use]
    pub fn counts(&self) -> bool {
        self.discarded().is_none()
    }

    /// Processor time that the server took for a second of a call, in milliseconds.
    pub(super) fn server_ms(&self, calls: usize) -> f64 {
        self.cores[0] * 1_000.0 / calls.max(1) as f64
    }

    /// Why the round counts for nothing.
    fn discarded(&self) -> Option<&'static str> {
        let late = self.callers.p99() > CALLERS_LATE_MAX;
        self.not_served().or(late.then_some("the callers were late themselves"))
    }

    /// Why the server did not do what it is to do in a round.
    pub(super) fn not_served(&self) -> Option<&'static str> {
        let nobody_answered = self.reply.as_ref().is_some_and(|reply| reply.count() == 0);
        if self.late.count() == 0 || nobody_answered {
            Some(NOTHING)
        } else if self.unanswered > 0 {
            Some("turns were not answered")
        } else {
            None
        }
    }

    fn show(&self, f: &mut fmt::Formatter<'_>, calls: usize) -> fmt::Result {
        let [server, callers, others, waited] = self.cores;
        let each = self.server_ms(calls);
        writeln!(f, "    late         {}", self.late)?;
        let (least, rare) = (time(self.lead.least()), time(self.lead.permille(1)));
        writeln!(f, "    lead left    min {least}, p0.1 {rare}, median {}", time(self.lead.median()))?;
        if let Some(reply) = &self.reply {
            writeln!(f, "    own reply    {reply}; {} unanswered", self.unanswered)?;
        }
        writeln!(f, "    callers late {}", self.callers)?;
        write!(
            f,
            "    cores used   server {server:.2} ({each:.2} ms per call-second), callers {callers:.2}, "
        )?;
        write!(f, "others {others:.2}; the server waited {:.0} % of the time for its core", waited * 100.0)
    }
}

impl Report {
    /// The best round that counts.
    #[must_use]
    pub fn best(&self) -> Option<&Round> {
        self.rounds.iter().filter(|round| round.counts()).min_by_key(|round| round.late.p999())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Load { calls, length, .. } = self.load;
        writeln!(
            f,
            "load: {calls} calls that talk and listen in turns for {} s; server on core 0,",
            length.as_secs()
        )?;
        writeln!(
            f,
            "      callers on core 1; late is what was not there when the carrier should have played it,"
        )?;
        writeln!(
            f,
            "      counted for every 20 ms of every reply; `own reply` is without the 700 ms of silence"
        )?;
        writeln!(f, "  floor: a bare socket that only sends")?;
        self.floor.show(f, calls)?;
        for (n, round) in (1..).zip(&self.rounds) {
            let discarded = round.discarded().map(|why| format!(" (discarded: {why})")).unwrap_or_default();
            writeln!(f, "\n  round {n}{discarded}")?;
            round.show(f, calls)?;
        }
        match self.best() {
            None => write!(f, "\n  no round counts: let the machine be idle, or ask for fewer calls"),
            Some(best) => {
                let late = best.late.p999();
                let (text, floor) = (time(late), time(self.floor.late.p999()));
                write!(
                    f,
                    "\n  p99.9 late {text} (floor {floor})  target 20 ms: {}",
                    met(&best.late, late, TARGET)
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(late_ms: u64, callers_ms: u64) -> Round {
        let of = |millis: u64| Distribution::of(vec![millis * 1_000_000]);
        let (lead, reply) = (Distribution::default(), None);
        Round { late: of(late_ms), lead, reply, callers: of(callers_ms), unanswered: 0, cores: [0.5; 4] }
    }

    #[test]
    fn the_best_round_stands_and_one_whose_callers_were_late_does_not_count() {
        let load = Load { calls: 2, length: Duration::from_secs(1), rounds: 3 };
        let mut report =
            Report { load, floor: round(0, 1), rounds: vec![round(9, 1), round(7, 10), round(3, 11)] };
        assert_eq!(report.best().map(|best| best.late.most()), Some(Duration::from_millis(7)));
        let text = report.to_string();
        assert!(
            text.contains("round 3 (discarded") && text.contains("p99.9 late 7.0 ms (floor 0)"),
            "{text}"
        );
        report.rounds.drain(..2);
        assert!(report.best().is_none() && report.to_string().contains("no round counts"));
    }

    #[test]
    fn a_round_in_which_a_turn_was_not_answered_or_nothing_measured_is_never_the_best() {
        let load = Load { calls: 2, length: Duration::from_secs(1), rounds: 3 };
        let nothing = Distribution::default();
        let silent = Round { late: nothing.clone(), ..round(0, 1) };
        // The greeting came in time, and nothing after it, in less than a caller's patience.
        let greeted = Round { reply: Some(nothing), ..round(0, 1) };
        let unanswered = Round { unanswered: 1, ..round(0, 1) };
        let mut report =
            Report { load, floor: round(0, 1), rounds: vec![silent, greeted, unanswered, round(7, 1)] };
        assert_eq!(report.best().map(|best| best.late.most()), Some(Duration::from_millis(7)));
        report.rounds.pop();
        let text = report.to_string();
        assert!(report.best().is_none() && !text.contains(": met"), "{text}");
        for why in [
            "1 (discarded: nothing was",
            "2 (discarded: nothing was",
            "3 (discarded: turns were not answered",
        ] {
            assert!(text.contains(why), "{text}");
        }
    }

    #[test]
    fn what_others_used_is_what_is_left_of_the_machine() {
        let at = |seconds: [u64; 4]| Some(seconds.map(Duration::from_secs));
        let used = cores(at([1, 1, 10, 0]), at([6, 2, 20, 3]), Duration::from_secs(10));
        assert_eq!(used, Some([0.5, 0.1, 0.4, 0.3]));
        assert_eq!(cores(None, at([0; 4]), Duration::from_secs(1)), None);
    }
}
