//! `centralita log`: what tools were used, and whether they fare as usual.
//!
//! Promises: every use that a journal tells of is listed once; no value that anybody said or any system told is shown.
//! Never: writes to the journal; sends anything.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Done, Verdict, render, values};
use crate::core::base::World;
use crate::core::conversation::Effects;
use crate::replay::{Came, Count, PAST_DAYS, Unusual, Use, unusual, uses};
use crate::store::{Store, now_us};

/// What is looked at where nobody says since when, in microseconds.
const DAY_US: i64 = 24 * 3_600 * 1_000_000;

/// What to look at.
#[derive(Debug, Args)]
pub(super) struct LogArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Every use of a tool, the oldest first, and a summary of each tool
    #[command(
        after_help = "A warning says that failures, proofs that do not hold, or volume are beyond what the tool's own \
                            past of four weeks makes likely; docs/tools.md has the rule. The exit code is 0 with warnings too."
    )]
    Tools(ToolsArgs),
}

#[derive(Debug, Args)]
struct ToolsArgs {
    /// The journal's database
    #[arg(long, visible_alias = "database", default_value = "calls/journal.sqlite", value_name = "FILE")]
    journal: PathBuf,
    /// Since when: a span like 24h or 7d, a day, or a moment; the last day where this is left out
    #[arg(long, value_name = "WHEN", value_parser = values::since)]
    since: Option<i64>,
    /// Only those of this agent's calls
    #[arg(long, value_name = "ID")]
    agent: Option<String>,
    /// Only those of this integration
    #[arg(long, value_name = "ID")]
    integration: Option<String>,
    /// One JSON object instead of text
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: &LogArgs) -> Done {
    let What::Tools(args) = &args.what;
    tools(args).await
}

async fn tools(args: &ToolsArgs) -> Done {
    let store = Store::open_to_read(&args.journal).await?;
    let now = now_us();
    let since = args.since.unwrap_or(now - DAY_US);
    // What is usual is judged by the past, whatever is listed; a call may have been answered long before it uses a tool.
    let far = since.min(now - PAST_DAYS * DAY_US) - DAY_US;
    let mut all = uses(&store, far, now).await?;
    all.retain(|one| args.agent.as_ref().is_none_or(|agent| one.agent == *agent));
    all.retain(|one| args.integration.as_ref().is_none_or(|id| one.integration() == id));
    let warned = unusual(&all, now);
    all.retain(|one| one.at_us >= since);
    let mut by_tool: BTreeMap<&str, Vec<&Use>> = BTreeMap::new();
    for one in &all {
        by_tool.entry(&one.tool).or_default().push(one);
    }
    // One that is not used any more may be just what is unusual.
    for tool in warned.keys() {
        by_tool.entry(tool).or_default();
    }
    if args.json {
        let summed = by_tool.iter().map(|(tool, uses)| sum_json(tool, uses, warned.get(*tool)));
        let listed = all.iter().map(use_json);
        render::line(
            &json!({
                "since": when(since), "uses": listed.collect::<Vec<_>>(), "tools": summed.collect::<Vec<_>>(),
            })
            .to_string(),
        );
        return Ok(Verdict::Good);
    }
    all.iter().for_each(|one| render::line(&row(one)));
    for (tool, uses) in &by_tool {
        render::aside(&sum(tool, uses));
        for one in warned.get(*tool).into_iter().flatten() {
            render::aside(&format!("warning: {tool}: {one}"));
        }
    }
    render::aside(&format!("uses of tools since {}: {}", when(since), all.len()));
    Ok(Verdict::Good)
}

/// `2026-11-29T06:10:00Z  CA12/t1  shop  shop.refund  done  840 ms  proven`
fn row(one: &Use) -> String {
    let took = one.took_ms.map_or_else(|| "-".to_owned(), |ms| format!("{ms} ms"));
    let agent = if one.agent.is_empty() { "-" } else { &one.agent };
    let kind = kind(one);
    let beside: Vec<String> = [
        one.proof.word().map(str::to_owned),
        one.by.as_ref().map(|user| format!("by {}", user.replace(char::is_control, " "))),
        (one.world == World::Mocked).then(|| World::Mocked.word().to_owned()),
    ]
    .into_iter()
    .flatten()
    .collect();
    let line = format!(
        "{}  {:<24}  {agent:<12}  {:<24}  {kind:<6}  {:<9}  {took:>8}  {}",
        when(one.at_us),
        one.id,
        one.tool,
        one.came,
        beside.join(", ")
    );
    line.trim_end().to_owned()
}

fn kind(one: &Use) -> &'static str {
    match one.effects {
        Effects::None => "read",
        Effects::Reversible | Effects::Irreversible => "action",
    }
}

fn use_json(one: &Use) -> Value {
    json!({
        "at": when(one.at_us), "id": one.id, "agent": one.agent, "integration": one.integration(), "tool": one.tool,
        "kind": kind(one), "outcome": one.came.to_string(), "ms": one.took_ms, "verification": one.proof.word(),
        "by": one.by, "effects": one.world.word(),
    })
}

/// `shop.refund: uses 12, done 11, failed or unknown 1, median 840 ms`
fn sum(tool: &str, uses: &[&Use]) -> String {
    let Count { uses: count, failed, unproven } = Count::of(uses);
    let done = uses.iter().filter(|one| one.came == Came::Done).count();
    let mut parts =
        vec![format!("uses {count}"), format!("done {done}"), format!("failed or unknown {failed}")];
    if unproven > 0 {
        parts.push(format!("not proven {unproven}"));
    }
    parts.extend(median(uses).map(|ms| format!("median {ms} ms")));
    format!("{tool}: {}", parts.join(", "))
}

fn sum_json(tool: &str, uses: &[&Use], warned: Option<&Vec<Unusual>>) -> Value {
    let Count { uses: count, failed, unproven } = Count::of(uses);
    let done = uses.iter().filter(|one| one.came == Came::Done).count();
    let warnings: Vec<Value> = warned
        .into_iter()
        .flatten()
        .map(|one| json!({"kind": one.word(), "what": one.to_string()}))
        .collect();
    json!({
        "tool": tool, "uses": count, "done": done, "failed": failed, "unproven": unproven, "median_ms": median(uses),
        "warnings": warnings,
    })
}

/// Of those whose end is known.
fn median(uses: &[&Use]) -> Option<u64> {
    let mut took: Vec<u64> = uses.iter().filter_map(|one| one.took_ms).collect();
    took.sort_unstable();
    took.get(took.len().saturating_sub(1) / 2).copied()
}

/// In UTC, to the second.
fn when(us: i64) -> String {
    Timestamp::from_microsecond(us).map_or_else(|_| us.to_string(), |at| at.strftime("%FT%TZ").to_string())
}
