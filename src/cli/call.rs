//! `centralita call`: phones a gateway as a carrier would.
//!
//! Promises: speaks the carrier's side honestly: 20 ms frames in real time, marks when played.
//! Never: knows what the gateway is made of.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use tokio::time::{Instant, sleep_until};
use url::Url;

use super::demo::{SpeechArgs, speech};
use super::{Done, Verdict, render};
use crate::caller::{Dial, Ended, Heard, Phone};
use crate::core::base::{Fault, Owner};
use crate::core::language::Language;
use crate::demo::CALLER_VOICE;
use crate::media::read_line_wav;
use crate::secrets::{SecretName, Secrets};
use crate::telephony::Key;
use crate::tts::whole;

/// Whom to call, and what to do there.
#[derive(Debug, Args)]
pub(super) struct CallArgs {
    /// The voice webhook (http, https), or a media stream (ws, wss)
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
    /// Which agent, where the gateway lets the caller choose
    #[arg(long, value_name = "ID")]
    agent: Option<String>,
    #[command(flatten)]
    speech: SpeechArgs,
    /// Hangs up after so many seconds
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    longest: u64,
    /// Writes a stereo WAV: caller left, agent right
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
}

pub(super) async fn run(args: CallArgs) -> Done {
    let mut turns = turns(&args).await?.into_iter();
    let mut dial = Dial::new(args.url.clone(), reqwest::Client::new());
    dial.longest = Duration::from_secs(args.longest);
    dial.auth_token =
        SecretName::reference("secret.TWILIO_AUTH_TOKEN").and_then(|n| Secrets::from_env().get(&n).ok());
    dial.params.extend(args.agent.clone().map(|agent| ("agent".to_owned(), agent)));
    let mut phone = Phone::dial(dial).await?;
    let mut press = args.press.clone();
    let until = Instant::now() + Duration::from_secs(args.longest);
    let ended = loop {
        let heard = tokio::select! {
            heard = phone.next() => heard,
            () = sleep_until(until) => { phone.hang_up().await; continue; }
        };
        match heard {
            Heard::AgentStarted { at } => render::line(&format!("{at} the agent speaks")),
            Heard::AgentStopped { at, .. } => {
                render::line(&format!("{at} the agent is silent"));
                if let Some(samples) = turns.next() {
                    phone.say(samples).await;
                } else if let Some(keys) = press.take() {
                    for key in keys.chars().filter_map(|key| Key::parse(&key.to_string())) {
                        phone.press(key).await;
                    }
                }
            }
            Heard::Announced { language, text } => {
                render::line(&format!("the carrier says ({language}): {text}"))
            }
            Heard::Cleared { at, dropped } => {
                render::line(&format!("{at} the agent stops, {dropped} unheard"))
            }
            Heard::Said { .. } | Heard::Mark { .. } => {}
            Heard::Ended(ended) => break ended,
        }
    };
    let recording = phone.finish().await;
    if let Some(path) = &args.record {
        recording.write_wav(path)?;
    }
    render::line(&format!("ended: {ended:?}"));
    Ok(match ended {
        Ended::CallerHungUp | Ended::AgentHungUp | Ended::Transferred { .. } => Verdict::Good,
        Ended::Rejected | Ended::TooLong | Ended::Failed(_) => Verdict::Bad,
    })
}

/// What the caller will say, rendered before the phone rings.
async fn turns(args: &CallArgs) -> Result<Vec<Vec<i16>>, Fault> {
    let mut turns = Vec::new();
    if !args.say.is_empty() {
        let voice = speech(&args.speech)?.tts;
        for text in &args.say {
            turns.push(whole(voice.as_ref(), text, Some(CALLER_VOICE), Language::English).await?);
        }
    }
    for path in &args.audio {
        let samples = read_line_wav(path)?;
        if samples.is_empty() {
            return Err(Fault::new(
                Owner::Admin,
                format!("{} holds no audio", path.display()),
                "give another file",
            ));
        }
        turns.push(samples);
    }
    Ok(turns)
}
