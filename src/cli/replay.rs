//! `centralita replay`: a recorded call through today's heart: same orders?
//!
//! Promises: the first difference is shown with the lines around it, in the words of the call file; exit code 1.
//! Never: carries out an order.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use super::{Done, Verdict, render};
use crate::core::base::{CallId, CallTime, Fault, Owner};
use crate::core::conversation::Plan;
use crate::core::journal::{CallFile, fold};
use crate::store::Store;

/// Lines shown before a difference.
const AROUND: usize = 4;

/// Which calls.
#[derive(Debug, Args)]
pub(super) struct ReplayArgs {
    /// The journal's database
    journal: PathBuf,
    /// Ids of calls; none means all
    calls: Vec<String>,
    /// Prints the calls as call files instead of comparing them
    #[arg(long)]
    print: bool,
}

pub(super) async fn run(args: &ReplayArgs) -> Done {
    let store = open(&args.journal).await?;
    let ids = if args.calls.is_empty() { store.call_ids().await? } else { args.calls.clone() };
    let mut verdict = Verdict::Good;
    for id in ids {
        match one(&store, &id, args.print).await? {
            Verdict::Good => {}
            Verdict::Bad => verdict = Verdict::Bad,
        }
    }
    store.close().await?;
    Ok(verdict)
}

/// A journal that is there.
///
/// # Errors
/// It is not, or is none.
pub(super) async fn open(journal: &Path) -> Result<Store, Fault> {
    if !journal.exists() {
        let what = format!("there is no journal at {}", journal.display());
        return Err(Fault::new(Owner::Admin, what, "`centralita demo` prints where it writes one"));
    }
    Store::open(journal).await
}

/// One call of a journal, and the plan it was answered by.
///
/// # Errors
/// No such call, or one that this build cannot read.
pub(super) async fn recorded(store: &Store, id: &str) -> Result<(CallFile, Plan), Fault> {
    let unknown = || {
        Fault::new(Owner::Admin, format!("there is no call `{id}` in the journal"), "see its ids without one")
    };
    let call = CallId::parse(id).ok_or_else(unknown)?;
    let record = store.call(&call).await?.ok_or_else(unknown)?;
    let plan = store.plan(record.head.plan_hash).await?.ok_or_else(unknown)?;
    let plan: Plan = serde_json::from_str(&plan).map_err(|error| {
        let what = format!("the plan of call `{id}` cannot be read by this build: {error}");
        Fault::new(Owner::Gateway, what, "replay it with the build that recorded it")
    })?;
    let lines = store.journal(&call).await?;
    let written: String = lines.iter().map(|line| file_line(line.at, line.text.reveal())).collect();
    let file = CallFile::parse(&written).map_err(|error| {
        Fault::new(Owner::Gateway, format!("the journal of call `{id}` cannot be read: {error}"), "report it")
    })?;
    Ok((file, plan))
}

async fn one(store: &Store, id: &str, print: bool) -> Done {
    let (recorded, plan) = recorded(store, id).await?;
    if print {
        render::line(&recorded.write());
        return Ok(Verdict::Good);
    }
    let folded = fold(&recorded, Arc::new(plan));
    let (want, got) = (recorded.write(), folded.write());
    if want == got {
        render::line(&format!("{id}: the same, {} lines", recorded.lines.len()));
        return Ok(Verdict::Good);
    }
    render::line(&format!("{id}: differs at {}", difference(&want, &got)));
    Ok(Verdict::Bad)
}

/// A journal's line as a call file has it: orders stand without a time.
fn file_line(at: CallTime, text: &str) -> String {
    if text.starts_with("> ") { format!("{text}\n") } else { format!("{at} {text}\n") }
}

fn difference(want: &str, got: &str) -> String {
    let (want, got): (Vec<&str>, Vec<&str>) = (want.lines().collect(), got.lines().collect());
    let n = want.iter().zip(&got).take_while(|(a, b)| a == b).count();
    let before: String = want[n.saturating_sub(AROUND)..n].iter().map(|line| format!("  {line}\n")).collect();
    let line = |lines: &[&str]| lines.get(n).map_or("(the end)".to_owned(), |line| (*line).to_owned());
    format!("line {}:\n{before}- {}\n+ {}", n + 1, line(&want), line(&got))
}
