//! The command line: one file per command. This room alone assembles everything.
//!
//! Promises: data on stdout, all else on stderr; exit code 0 only when what was asked for happened, 1 when it did
//! not, 2 when the question was wrong.
//! Never: decides anything a library room could.

mod assemble;
mod auth;
mod bench;
mod call;
mod check;
mod confirm;
mod demo;
mod effects;
mod eval;
mod log;
mod many;
mod mcp;
mod mcp_words;
mod render;
mod replay;
mod replay_audio;
mod sample;
mod serve;
mod signals;
mod sim;
mod test;
mod tool;
mod tool_test;
mod tool_told;
mod values;

use std::ffi::OsStr;
use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::{FilterExt as _, filter_fn};
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::core::base::Fault;

/// Answers the phone with an agent that can act, and acts only after the caller's own yes.
///
/// Start with `centralita demo refund-yes`: a whole call on this machine, without any key.
#[derive(Debug, Parser)]
#[command(name = "centralita", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Plays a whole call: sample shop, gateway and a caller who speaks, all on loopback
    Demo(demo::DemoArgs),
    /// Answers a carrier's calls
    Serve(Box<serve::ServeArgs>),
    /// Checks agents and integrations: every problem at once, with file, line and remedy
    Check(check::CheckArgs),
    /// Judges an answer as the gate would, and shows a tool's question as a caller hears it
    Confirm(confirm::ConfirmArgs),
    /// Plays the tests of agents: their calls, with samples behind the tools
    Test(test::TestArgs),
    /// Tries tools out, and drafts integrations from how others describe an API
    Tool(tool::ToolArgs),
    /// Looks at MCP servers, tries their tools, and writes down what of them was reviewed
    Mcp(mcp::McpArgs),
    /// Logs in at a system that wants a person to allow it
    Auth(auth::AuthArgs),
    /// Phones a gateway as a carrier would
    Call(call::CallArgs),
    /// Measures how well the recogniser hears, over recordings
    Eval(eval::EvalArgs),
    /// Measures how fast this build is on this machine: figures beside their targets
    Bench(bench::BenchArgs),
    /// Folds recorded calls through this build, or plays their audio again: same orders?
    Replay(replay::ReplayArgs),
    /// Lists what calls have done, and settles what nobody knows the outcome of
    Effects(effects::EffectsArgs),
    /// Lists what tools were used, and says where one does not fare as usual
    Log(log::LogArgs),
    /// Plays calls that never were, drawn from seeds with faults and all: do the promises hold?
    Sim(sim::SimArgs),
}

/// Where definitions lie, and who thinks.
#[derive(Clone, Debug, Args)]
struct Definitions {
    /// The folder with `agents/` and `integrations/`
    #[arg(long, default_value = ".", value_name = "FOLDER")]
    root: PathBuf,
    /// The language model: `builtin`, or `openai:MODEL` for any Chat Completions server
    #[arg(long, default_value = "builtin", value_name = "NAME")]
    llm: String,
    /// Base URL of the Chat Completions server, with its version: http://127.0.0.1:11434/v1
    #[arg(long, value_name = "URL")]
    llm_url: Option<String>,
}

/// Libraries log what passes through them, a caller's words and keys included, at the levels below `info`: not here,
/// whatever the filter says. `rmcp` does so at every level.
fn is_ours(line: &tracing::Metadata<'_>) -> bool {
    let (target, level) = (line.target(), *line.level());
    target.starts_with("centralita") || (level <= tracing::Level::INFO && !target.starts_with("rmcp"))
}

/// Parses the command line and does what it says.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("centralita=warn"));
    let colour = in_colour(std::env::var_os("NO_COLOR").as_deref(), std::io::stderr().is_terminal());
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(colour);
    tracing_subscriber::registry().with(lines.with_filter(filter.and(filter_fn(is_ours)))).init();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            render::trouble(&format!("the runtime could not start: {error}"));
            return ExitCode::from(2);
        }
    };
    let done = runtime.block_on(async {
        match cli.command {
            Command::Demo(args) => demo::run(&args).await,
            Command::Serve(args) => serve::run(*args).await,
            Command::Check(args) => check::run(&args).await,
            Command::Confirm(args) => confirm::run(&args).await,
            Command::Test(args) => test::run(&args).await,
            Command::Tool(args) => tool::run(&args).await,
            Command::Mcp(args) => mcp::run(&args).await,
            Command::Auth(args) => auth::run(&args).await,
            Command::Call(args) => call::run(args).await,
            Command::Eval(args) => eval::run(&args).await,
            Command::Bench(args) => bench::run(&args).await,
            Command::Replay(args) => replay::run(&args).await,
            Command::Effects(args) => effects::run(&args).await,
            Command::Log(args) => log::run(&args).await,
            Command::Sim(args) => sim::run(args).await,
        }
    });
    match done {
        Ok(Verdict::Good) => ExitCode::SUCCESS,
        Ok(Verdict::Bad) => ExitCode::from(1),
        Err(fault) => {
            render::fault(&fault);
            ExitCode::from(2)
        }
    }
}

/// Whether the log is coloured: on a terminal, unless `NO_COLOR` holds anything (<https://no-color.org>).
fn in_colour(no_color: Option<&OsStr>, terminal: bool) -> bool {
    terminal && no_color.is_none_or(OsStr::is_empty)
}

/// Whether what was asked for happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Good,
    Bad,
}

/// What every command gives.
type Done = Result<Verdict, Fault>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_coloured_on_a_terminal_only_and_not_against_the_readers_will() {
        for (no_color, terminal, coloured) in
            [(None, true, true), (Some(""), true, true), (Some("1"), true, false), (None, false, false)]
        {
            assert_eq!(in_colour(no_color.map(OsStr::new), terminal), coloured, "{no_color:?} {terminal}");
        }
    }
}
