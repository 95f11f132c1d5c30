//! `centralita call`: phones a gateway as a carrier would.
//!
//! Promises: speaks the carrier's side honestly: 20 ms frames in real time, marks when played.
//! Never: knows what the gateway is made of.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use url::Url;

use super::demo::{SpeechArgs, speech};
use super::signals::{AT_ONCE, Signals};
use super::values::{at_least_one, callee};
use super::{Done, Verdict, render};
use crate::caller::{
    Act, Dial, Doing, Ended, Heard, Moment, Phone, RecordingFile, SILENCE_LEAST, Step, Turn, follow, no_keys,
    open_script, row_of_keys,
};
use crate::core::base::{CallTime, Fault, Owner, Position};
use crate::core::language::Language;
use crate::demo::CALLER_VOICE;
use crate::media::read_line_wav;
use crate::secrets::{SecretName, Secrets};
use crate::tts::whole;

/// Whom to call, and what to do there.
#[derive(Debug, Args)]
#[command(after_help = SCENARIO_HELP)]
pub(super) struct CallArgs {
    /// The voice webhook (http, https), or a media stream (ws, wss)
    #[arg(value_parser = callee)]
    url: Url,
    /// Says this when the agent has stopped speaking; give it again for the next time
    #[arg(long, value_name = "TEXT")]
    say: Vec<String>,
    /// Plays this WAV (8 kHz, mono, 16 bit) when the agent has stopped speaking, after what --say says
    #[arg(long, value_name = "FILE")]
    audio: Vec<PathBuf>,
    /// Presses these keys when all was said
    #[arg(long, value_name = "KEYS")]
    press: Option<String>,
    /// Does what this file says instead; see below
    #[arg(long, value_name = "FILE", conflicts_with_all = ["say", "audio", "press"])]
    scenario: Option<PathBuf>,
    /// Which agent, where the gateway lets the caller choose
    #[arg(long, value_name = "ID")]
    agent: Option<String>,
    #[command(flatten)]
    speech: SpeechArgs,
    /// Hangs up after so many seconds
    #[arg(long, default_value_t = 60, value_name = "SECONDS", value_parser = at_least_one::<u64>)]
    longest: u64,
    /// Stays on the line for so long where the gateway is lost in the call, as while it is started again: what comes next is
    /// asked until somebody answers. A carrier waits a few seconds, or fifteen
    #[arg(long, value_name = "SECONDS", value_parser = at_least_one::<u64>)]
    wait_through_restart: Option<u64>,
    /// Writes a stereo WAV, caller left, agent right: a new file, none that exists
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
}

/// What a scenario file looks like.
const SCENARIO_HELP: &str = r#"A scenario file is YAML, a list of moves, made one after the other:

  version: 1
  moves:
    - say: refund twenty dollars on order one one eight two
    - when: speaking 800      # the agent has been speaking for 800 ms: talk over it
      say: yes yes
    - press: "1"              # once the agent has spoken and been silent for 600 ms
    - when: silence 1500
      audio: answer.wav       # 8 kHz, mono, 16 bit; beside the scenario
    - when: mark              # something was played to its end
      listen: 2000
    - hang_up: true

Exit code 1 if the call ended before the last move was made. docs/call.md tells all."#;

pub(super) async fn run(args: CallArgs) -> Done {
    if args.agent.is_some() && !matches!(args.url.scheme(), "ws" | "wss") {
        let what = "--agent was given with a voice webhook, where the number called decides";
        let remedy = "call the media stream (ws://HOST/...), or give the number its agent: `serve --number`";
        return Err(Fault::new(Owner::Admin, what, remedy));
    }
    if args.wait_through_restart.is_some() && matches!(args.url.scheme(), "ws" | "wss") {
        let what =
            "--wait-through-restart was given with a media stream, of which nobody can ask what comes next";
        return Err(Fault::new(
            Owner::Admin,
            what,
            "call the voice webhook (http://HOST/hooks/twilio/voice)",
        ));
    }
    let turns = turns(&args).await?;
    let mut signals = Signals::listen()?;
    // Before the phone rings: a call that was made cannot be recorded afterwards.
    let file = args.record.as_deref().map(RecordingFile::create).transpose()?;
    let mut dial = Dial::new(args.url.clone(), reqwest::Client::new());
    dial.longest = Duration::from_secs(args.longest);
    dial.pause = SILENCE_LEAST;
    dial.patience = Duration::from_secs(args.wait_through_restart.unwrap_or(0));
    dial.auth_token =
        SecretName::reference("secret.TWILIO_AUTH_TOKEN").and_then(|n| Secrets::from_env().get(&n).ok());
    dial.params.extend(args.agent.clone().map(|agent| ("agent".to_owned(), agent)));
    let dialled = tokio::select! {
        dialled = Phone::dial(dial) => Some(dialled),
        () = signals.next() => None,
    };
    match dialled {
        Some(Ok(phone)) => carry(phone, turns.into(), signals, file).await,
        Some(Err(fault)) => {
            file.into_iter().for_each(RecordingFile::discard);
            Err(fault)
        }
        None => {
            file.into_iter().for_each(RecordingFile::discard);
            render::line("ended: nobody had answered yet, by a signal to this program");
            Ok(Verdict::Bad)
        }
    }
}

/// The call, to its end or to the first signal: then the caller hangs up.
async fn carry(
    mut phone: Phone,
    mut turns: VecDeque<Turn>,
    mut signals: Signals,
    file: Option<RecordingFile>,
) -> Done {
    let mut telling = tell;
    let followed = tokio::select! {
        // A lost terminal before what would be told to it.
        biased;
        () = signals.next() => None,
        ended = follow(&mut phone, &mut turns, &mut telling) => Some(ended),
    };
    let recording = tokio::select! {
        recording = phone.finish() => recording,
        () = signals.next() => std::process::exit(AT_ONCE),
    };
    if let Some(file) = file {
        file.write(&recording)?;
    }
    match &followed {
        Some(ended) => render::line(&format!("ended: {}", words(ended))),
        None => render::line(&format!("ended: {}, by a signal to this program", words(&recording.ended))),
    }
    if !turns.is_empty() {
        render::line(&format!("moves that were not made: {}", turns.len()));
    }
    let came_about = followed.is_some_and(|ended| !matches!(ended, Ended::Rejected | Ended::Failed(_)));
    Ok(if turns.is_empty() && came_about { Verdict::Good } else { Verdict::Bad })
}

fn words(ended: &Ended) -> String {
    match ended {
        Ended::CallerHungUp => "the caller hung up".to_owned(),
        Ended::AgentHungUp => "the agent hung up".to_owned(),
        Ended::Transferred { to } => format!("the call was passed on to {to}"),
        Ended::Rejected => "the gateway did not take the call".to_owned(),
        Ended::TooLong => "the longest allowed time was over (--longest)".to_owned(),
        Ended::Failed(fault) => format!("{}; {}", fault.what, fault.remedy),
    }
}

fn tell(heard: &Heard) {
    if let Some(told) = told(heard) {
        render::line(&told);
    }
}

/// What is told of a moment of the call, with the call's seconds where it has a place in them.
fn told(heard: &Heard) -> Option<String> {
    let line = |at: Position, what: &str| {
        let at = CallTime(at.since(Position::START).millis().0).to_string();
        Some(format!("{at:>8}  {what}"))
    };
    match heard {
        Heard::AgentStarted { at } => line(*at, "the agent speaks"),
        Heard::AgentStopped { at, .. } => line(*at, "the agent is silent"),
        Heard::Cleared { at, dropped } => line(*at, &format!("the agent stops, {dropped} unheard")),
        Heard::Announced { language, text } => Some(format!("the carrier says ({language}): {text}")),
        Heard::Said { .. } | Heard::Mark { .. } | Heard::Ended(_) => None,
    }
}

/// What the caller will do, rendered before the phone rings.
async fn turns(args: &CallArgs) -> Result<Vec<Turn>, Fault> {
    let (steps, beside) = match &args.scenario {
        Some(path) => (open_script(path)?, path.parent().map(PathBuf::from).unwrap_or_default()),
        None => (steps(args)?, PathBuf::new()),
    };
    let voice = speech(&args.speech)?.tts;
    let mut turns = Vec::new();
    for Step { when, act } in steps {
        let what = match act {
            Act::Say(text) => {
                Doing::Sound(whole(voice.as_ref(), &text, Some(CALLER_VOICE), Language::English).await?)
            }
            Act::Audio(path) => Doing::Sound(read_line_wav(&beside.join(path))?),
            Act::Press(keys) => Doing::Keys(keys),
            Act::Listen(length) => Doing::Listen(length),
            Act::HangUp => Doing::HangUp,
        };
        turns.push(Turn { when, what });
    }
    Ok(turns)
}

/// What the flags say, as moves: each when the agent has stopped speaking.
fn steps(args: &CallArgs) -> Result<Vec<Step>, Fault> {
    let keys = |written: &String| -> Result<Act, Fault> {
        row_of_keys(written).map(Act::Press).ok_or_else(|| {
            let what = format!("--press: {}", no_keys(written));
            Fault::new(Owner::Admin, what, "write 0 to 9, * and #")
        })
    };
    let say = |text: &String| match text.trim() {
        "" => {
            Err(Fault::new(Owner::Admin, "--say: there is nothing to say", "write a text, or leave it out"))
        }
        _ => Ok(Act::Say(text.clone())),
    };
    let said = args.say.iter().map(say);
    let played = args.audio.iter().cloned().map(|path| Ok(Act::Audio(path)));
    let acts = said.chain(played).chain(args.press.iter().map(keys));
    acts.map(|act| Ok(Step { when: Moment::default(), act: act? })).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::base::Millis;

    #[test]
    fn what_the_agent_does_is_told_in_the_seconds_of_the_call() {
        let told = |heard| told(&heard).expect("it is told to a reader");
        assert_eq!(told(Heard::AgentStarted { at: Position(25_424) }), "   3.178  the agent speaks");
        let cut = Heard::Cleared { at: Position(800_000), dropped: Millis(240) };
        assert_eq!(told(cut), " 100.000  the agent stops, 240 ms unheard");
    }
}
