//! A recorded call against a gateway that runs: its caller's voice and keys again, in real time, and what comes back.
//!
//! Promises: speaks the carrier's side as a carrier does; compares where the agent sounds with where it did.
//! Never: calls a gateway whose effects are real unless that was asked for in words.

use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep_until};
use url::Url;

use super::sound::Sounding;
use crate::caller::{Dial, Ended, Heard, Phone, Recording};
use crate::core::base::{CallTime, Fault, Millis, Owner, Position, Samples};
use crate::core::cassette::{Change, Turn, pairs, seconds};
use crate::core::conversation::Event;
use crate::core::journal::Line;
use crate::telephony::Key;

/// Silence between two stretches of the agent's voice that are two.
const PAUSE: Samples = Millis(600).samples();
/// Loudness that counts as sound: above a synthesiser's floor, below any speech.
const LOUD: u16 = 320;
/// After the recorded call's end: a gateway that is slower may still say its last word.
const AFTER: Millis = Millis(1_000);
/// What a phone says at most: ten minutes.
const CALL_MOST: CallTime = CallTime(600_000);
/// How long `/health` may take.
const HEALTH_DEADLINE: Duration = Duration::from_secs(5);

/// What a call against a running gateway came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lived {
    /// Stretches of the agent's voice, in the recording and now.
    pub recorded: usize,
    pub today: usize,
    /// How often the agent was cut, then and now.
    pub cuts: (usize, usize),
    pub changes: Vec<Change>,
}

/// Whether a gateway may be called with recorded calls: its `/health` says that effects are mocked.
///
/// # Errors
/// They are not, or nobody said so.
pub async fn is_mocked(to: &Url, http: &reqwest::Client) -> Result<(), Fault> {
    let mut health = to.clone();
    let scheme = if matches!(to.scheme(), "wss" | "https") { "https" } else { "http" };
    let refused = |what: String| {
        let remedy = "start it with `serve --effects mock`, or say --effects-are-real: then the recorded yes acts again";
        Fault::new(Owner::Admin, what, remedy)
    };
    // Both pairs of schemes are special ones, so this cannot fail.
    let _ = health.set_scheme(scheme);
    health.set_path("/health");
    health.set_query(None);
    let asked = http.get(health.clone()).timeout(HEALTH_DEADLINE).send().await;
    let answer = asked.map_err(|error| {
        let what = format!("{health} cannot be reached: {error}");
        Fault::new(Owner::Admin, what, "see that a gateway runs there: `serve --effects mock`")
    })?;
    let told = answer.json::<Value>().await;
    let told = told.map_err(|error| refused(format!("{health} does not say what effects do: {error}")))?;
    match told.get("effects").and_then(Value::as_str) {
        Some("mocked") => Ok(()),
        Some(other) => Err(refused(format!("{health} says that effects are `{other}`"))),
        None => Err(refused(format!("{health} does not say what effects do"))),
    }
}

impl Sounding {
    /// Plays the caller's track and keys to a gateway, as long as the call was. What the agent says may begin, and stop,
    /// `tolerance` apart.
    ///
    /// # Errors
    /// The gateway could not be called, was lost, or did not take the call; the call is too long for a phone.
    pub async fn live(&self, mut dial: Dial, tolerance: Millis) -> Result<Lived, Fault> {
        let file = &self.recorded.file;
        let end = file.events().map(|(at, _)| at).max().unwrap_or(CallTime::ANSWER);
        if end > CALL_MOST {
            let what = format!("the call is {end} s long, and a phone's track is {CALL_MOST} s at most");
            return Err(Fault::new(Owner::Admin, what, "replay a shorter one, or this with --audio"));
        }
        dial.longest = Duration::from_millis((end + AFTER + AFTER).0.into());
        let mut phone = Phone::dial(dial).await?;
        phone.say(self.voices.caller.clone()).await;
        let begun = Instant::now();
        let mut lives = true;
        for (at, event) in file.events() {
            let Event::Key { key, .. } = event else { continue };
            lives = lives && goes_on(&mut phone, begun, at).await;
            if let Some(key) = Key::parse(&key.to_string()).filter(|_| lives) {
                phone.press(key).await;
            }
        }
        // A caller who hung up does so again; a gateway that did has a little longer for it.
        let by_us =
            file.lines.iter().any(|line| matches!(line, Line::Order { text } if text.starts_with("hang-up")));
        let until = if by_us { end + AFTER } else { end };
        if lives {
            goes_on(&mut phone, begun, until).await;
        }
        let heard = phone.finish().await;
        match &heard.ended {
            Ended::Failed(fault) => Err(fault.clone()),
            Ended::Rejected => {
                Err(Fault::new(Owner::Gateway, "the gateway did not take the call", "see its log"))
            }
            Ended::CallerHungUp | Ended::AgentHungUp | Ended::Transferred { .. } | Ended::TooLong => {
                Ok(self.compared(&heard, tolerance))
            }
        }
    }

    fn compared(&self, heard: &Recording, tolerance: Millis) -> Lived {
        let (recorded, today) = (stretches(&self.voices.agent), stretches(&heard.agent));
        let mut changes: Vec<Change> = self.contradiction.iter().cloned().collect();
        let mut tell = |kind, what| changes.push(Change { kind, what });
        for (n, pair) in (1..).zip(pairs(&recorded, &today)) {
            match pair {
                (Some(was), Some(is)) => {
                    for (edge, was, is) in
                        [("begins", Some(was.from), Some(is.from)), ("stops", was.to, is.to)]
                    {
                        let (Some(was), Some(is)) = (was, is) else { continue };
                        let off = i64::from(seconds(is).0) - i64::from(seconds(was).0);
                        if off.unsigned_abs() > u64::from(tolerance.0) {
                            let (is, was) = (seconds(is), seconds(was));
                            tell("agent", format!("stretch {n} {edge} at {is}, recorded {was} ({off:+} ms)"));
                        }
                    }
                }
                (Some(was), None) => {
                    tell("agent", format!("is silent at {}, recorded it spoke", seconds(was.from)))
                }
                (None, Some(is)) => {
                    tell("agent", format!("speaks at {}, recorded it was silent", seconds(is.from)))
                }
                (None, None) => {}
            }
        }
        let was = self.recorded.file.events().filter(|(_, event)| matches!(event, Event::Cut { .. })).count();
        let cuts = (was, usize::try_from(heard.figures.clears).unwrap_or(usize::MAX));
        if cuts.0 != cuts.1 {
            tell("barge-in", format!("the agent is cut {} times, recorded {}", cuts.1, cuts.0));
        }
        Lived { recorded: recorded.len(), today: today.len(), cuts, changes }
    }
}

/// Waits for that time of the call; whether it still goes on then.
async fn goes_on(phone: &mut Phone, begun: Instant, at: CallTime) -> bool {
    let due = begun + Duration::from_millis(at.0.into());
    loop {
        tokio::select! {
            heard = phone.next() => if let Heard::Ended(_) = heard { return false },
            () = sleep_until(due) => return true,
        }
    }
}

/// Where a voice sounds, pauses within it apart.
fn stretches(track: &[i16]) -> Vec<Turn> {
    let mut found: Vec<Turn> = Vec::new();
    for (at, _) in (0_u64..).zip(track).filter(|(_, sample)| sample.unsigned_abs() > LOUD) {
        let (at, end) = (Position(at), Position(at + 1));
        match found.last_mut() {
            Some(last) if last.to.is_some_and(|to| at.since(to) < PAUSE) => last.to = Some(end),
            Some(_) | None => found.push(Turn { from: at, to: Some(end), answered: None }),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_voice_is_one_stretch_across_a_breath_and_two_across_a_pause() {
        let track: Vec<i16> = [(800, 0), (800, 900), (800, 0), (800, 900), (8_000, 0), (80, 900)]
            .into_iter()
            .flat_map(|(length, loud)| std::iter::repeat_n(loud, length))
            .collect();
        let found: Vec<_> =
            stretches(&track).iter().map(|turn| (turn.from.0, turn.to.map(|to| to.0))).collect();
        assert_eq!(found, [(800, Some(3_200)), (11_200, Some(11_280))]);
    }

    #[tokio::test]
    async fn a_gateway_that_does_not_say_that_its_effects_are_mocked_is_not_called() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("loopback has a port");
        let at = listener.local_addr().expect("it has an address");
        let url = Url::parse(&format!("ws://{at}/media/twilio")).expect("an address is a URL");
        let health = |effects: &'static str| {
            axum::Router::new().route("/health", axum::routing::get(move || async move { effects }))
        };
        let serving =
            tokio::spawn(async move { axum::serve(listener, health(r#"{"effects":"real"}"#)).await });
        let http = reqwest::Client::new();
        let fault = is_mocked(&url, &http).await.unwrap_err();
        assert!(
            fault.what.contains("effects are `real`") && fault.remedy.contains("--effects mock"),
            "{fault}"
        );
        serving.abort();
        let _ = serving.await;
        assert!(is_mocked(&url, &http).await.is_err(), "nobody says so any more");
    }
}
