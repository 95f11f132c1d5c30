//! `centralita bench`: how fast this build is on this machine.
//!
//! Promises: every figure beside its target, with its method; exit code 0 when it was measured, whatever it is.
//! Never: compares machines, nor hides what was not met.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};

use super::values::at_least_one;
use super::{Done, Verdict, render};
use crate::bench::load::{self, Load};
use crate::bench::stage::Kept;
use crate::bench::{audio, handle, recording, registry, replay, server, sim, turn};
use crate::media::read_line_wav;
use crate::replay::read_all;

/// What to measure.
#[derive(Debug, Args)]
#[command(after_help = "Build with `cargo build --release` first, and let the machine be idle.\n\
                        docs/benchmarks.md says what each figure means.")]
pub(super) struct BenchArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// One step of the heart over recorded journals: median at most 1 µs, p99.9 at most 50 µs
    Handle(HandleArgs),
    /// One 20 ms frame of the caller, decoded and searched for speech: at most 6 µs averaged over a call
    Audio(AudioArgs),
    /// Our own share of a reply, over real sockets, with STT, LLM and TTS that take no time: p99 at most 20 ms
    Turn(Times),
    /// From the frame that meets the barge-in policy to `clear` on the wire: p99 at most 20 ms
    BargeIn(Times),
    /// Many calls at once against a server on one core: p99.9 of late playout at most 20 ms
    Load(LoadArgs),
    /// What recording a call costs beside the call: at most 20 % of its processor time
    Recording(LoadArgs),
    /// Simulated calls, promises on: a short conversation at most 60 µs, a short call with frames at most 2.4 ms
    Sim(SimArgs),
    /// Journals of three minutes, read, folded and compared: at least 300 a second and core
    Replay(ReplayArgs),
    /// Tools: rendering a request and mapping 4 KiB of an answer at most 50 µs; what a call of one costs beside its system, at
    /// 200 calls at once, p99 at most 1 ms; 10,000 assigned tools read and checked in at most 2 s
    Registry(RegistryArgs),
    /// The server's side of `load` and `recording`, which start it by themselves; ends with its input
    #[command(hide = true)]
    Serve(ServeArgs),
}

#[derive(Debug, Args)]
struct HandleArgs {
    /// Call scripts, or a journal's database as `centralita demo` writes it
    #[arg(long, default_value = "tests/calls", value_name = "CALLS")]
    calls: PathBuf,
    /// How often each journal is folded
    #[arg(long, default_value_t = 300, value_name = "N", value_parser = at_least_one::<usize>)]
    rounds: usize,
}

#[derive(Debug, Args)]
struct AudioArgs {
    /// The caller's track, 8 kHz mono 16 bit, instead of a minute and a half of stand-in speech
    #[arg(long, value_name = "FILE")]
    wav: Option<PathBuf>,
    /// How often the call is heard in each law
    #[arg(long, default_value_t = 20, value_name = "N", value_parser = at_least_one::<usize>)]
    rounds: usize,
}

#[derive(Debug, Args)]
struct Times {
    /// How many are measured; a turn takes four callers about half a second
    #[arg(long, default_value_t = 200, value_name = "N", value_parser = at_least_one::<usize>)]
    times: usize,
}

#[derive(Debug, Args)]
struct LoadArgs {
    /// Calls at once
    #[arg(long, default_value_t = 200, value_name = "N", value_parser = at_least_one::<usize>)]
    calls: usize,
    /// Length of each round, once all calls have begun
    #[arg(long, default_value_t = 30, value_name = "S", value_parser = at_least_one::<u64>)]
    seconds: u64,
    /// Rounds (of `recording` with and without); of `load` the best stands
    #[arg(long, default_value_t = 3, value_name = "N", value_parser = at_least_one::<usize>)]
    rounds: usize,
}

impl LoadArgs {
    fn load(&self) -> Load {
        Load { calls: self.calls, length: Duration::from_secs(self.seconds), rounds: self.rounds }
    }
}

#[derive(Debug, Args)]
struct SimArgs {
    /// Short conversations; of the dearer kinds fewer
    #[arg(long, default_value_t = 40_000, value_name = "N", value_parser = at_least_one::<u64>)]
    calls: u64,
}

#[derive(Debug, Args)]
struct ReplayArgs {
    /// How often the journal is replayed
    #[arg(long, default_value_t = 1_000, value_name = "N", value_parser = at_least_one::<usize>)]
    journals: usize,
}

#[derive(Debug, Args)]
struct RegistryArgs {
    /// Calls at once, each with a tool every half second or so
    #[arg(long, default_value_t = 200, value_name = "N", value_parser = at_least_one::<usize>)]
    calls: usize,
    /// Tools that each of them runs
    #[arg(long, default_value_t = 20, value_name = "N", value_parser = at_least_one::<usize>)]
    times: usize,
    /// Tools that are read and checked
    #[arg(long, default_value_t = 10_000, value_name = "N", value_parser = at_least_one::<usize>)]
    tools: usize,
}

#[derive(Debug, Args)]
struct ServeArgs {
    server: Server,
    #[arg(long, value_parser = at_least_one::<usize>)]
    calls: usize,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Server {
    Gateway,
    Recording,
    Bare,
}

pub(super) async fn run(args: &BenchArgs) -> Done {
    let report = match &args.what {
        What::Handle(args) => handle::measure(&read_all(&args.calls).await?, args.rounds, None)?.to_string(),
        What::Audio(args) => {
            let track = match &args.wav {
                Some(path) => read_line_wav(path)?,
                None => audio::caller_track(),
            };
            audio::measure(&track, args.rounds).to_string()
        }
        What::Turn(args) => turn::turns(args.times).await?.to_string(),
        What::BargeIn(args) => turn::barge_ins(args.times).await?.to_string(),
        What::Load(args) => load::measure(args.load()).await?.to_string(),
        What::Recording(args) => recording::measure(args.load()).await?.to_string(),
        What::Sim(args) => sim::measure(args.calls)?.to_string(),
        What::Replay(args) => replay::measure(args.journals)?.to_string(),
        What::Registry(args) => registry::measure(args.calls, args.times, args.tools).await?.to_string(),
        What::Serve(args) => return serve(args).await,
    };
    if cfg!(debug_assertions) {
        render::aside("warning: this is a debug build; its times mean nothing: cargo build --release");
    }
    render::line(&report);
    Ok(Verdict::Good)
}

async fn serve(args: &ServeArgs) -> Done {
    let at = |address: std::net::SocketAddr| render::line(&address.to_string());
    match args.server {
        Server::Gateway => server::gateway(args.calls, Kept::Nothing, at).await?,
        Server::Recording => server::gateway(args.calls, Kept::Recordings, at).await?,
        Server::Bare => server::bare(at).await?,
    }
    Ok(Verdict::Good)
}
