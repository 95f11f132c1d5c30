//! The phone in a scripted caller's hand: dial, speak, press, listen, hang up, look at the recording.
//!
//! Promises: one task a phone, bounded queues; the end of a call is always told, and why.
//! Never: waits for a script that does not listen; what nobody came for is counted.

use std::collections::BTreeMap;
use std::time::Duration;

use secrecy::SecretString;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use url::Url;

use super::call::{self, Call};
use super::recording::{Record, Recording};
use super::wire::LAW;
use crate::core::base::{Fault, Millis, Owner, Position};
use crate::telephony::Key;

/// Events kept for a script that does not listen: a minute of lively talk.
const HEARD_MAX: usize = 256;
/// Orders of a script kept for the call's next moment.
const ORDERS_MAX: usize = 16;

/// Whom to call, and as whom.
#[derive(Clone, Debug)]
pub struct Dial {
    /// A voice webhook (`http`, `https`), whose TwiML is followed, or a media stream (`ws`, `wss`).
    pub url: Url,
    /// Numbers in E.164.
    pub from: String,
    pub to: String,
    /// The carrier's account.
    pub account: String,
    /// Signs webhooks and handshakes when given.
    pub auth_token: Option<SecretString>,
    /// Parameters of the stream when `url` is one.
    pub params: BTreeMap<String, String>,
    pub record: Record,
    /// What sounds around the caller, samples at 8 kHz, over and over; empty is silence.
    pub around: Vec<i16>,
    /// Silence after which the agent counts as having stopped.
    pub pause: Millis,
    /// The caller hangs up after this; it bounds the recording too.
    pub longest: Duration,
    /// How long an action that is not answered is asked again. Twilio asks once more where it cannot connect, and with
    /// connection overrides up to five times in fifteen seconds; then it ends the call, or asks a fallback URL.
    pub patience: Duration,
    /// Asks the webhooks; one client for all phones of a load run.
    pub http: reqwest::Client,
}

impl Dial {
    /// A call from one invented number to another, unsigned, recorded, ten minutes at most.
    #[must_use]
    pub fn new(url: Url, http: reqwest::Client) -> Dial {
        Dial {
            url,
            from: "+15550100001".to_owned(),
            to: "+15550100002".to_owned(),
            account: format!("AC{}", "0".repeat(32)),
            auth_token: None,
            params: BTreeMap::new(),
            record: Record::Audio,
            around: Vec::new(),
            pause: Millis(600),
            longest: Duration::from_secs(600),
            patience: Duration::ZERO,
            http,
        }
    }
}

/// What a caller notices. Positions count the samples of the call's own clock, the same for both voices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// The agent's first loud sample.
    AgentStarted { at: Position },
    /// The agent fell silent at `at`, and has been so for `silence`.
    AgentStopped { at: Position, silence: Millis },
    /// All that was queued with [`Phone::say`] has left; one past its last sample.
    Said { at: Position },
    /// All audio before this mark was played, or dropped by a clear, and the mark was sent back.
    Mark { name: String },
    /// The gateway took back what was not played yet.
    Cleared { at: Position, dropped: Millis },
    /// The carrier's own voice, by the gateway's TwiML.
    Announced { language: String, text: String },
    /// Always the last.
    Ended(Ended),
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The script hung up, or dropped its phone.
    CallerHungUp,
    /// The gateway closed the stream, and nothing was left to do.
    AgentHungUp,
    /// The gateway passed the call on.
    Transferred { to: String },
    /// The gateway did not take the call.
    Rejected,
    /// The longest allowed time was over.
    TooLong,
    /// The gateway was lost, or did what no carrier takes.
    Failed(Fault),
}

/// One call. Dropping it hangs up.
#[derive(Debug)]
pub struct Phone {
    orders: mpsc::Sender<Order>,
    heard: mpsc::Receiver<Heard>,
    call: Option<JoinHandle<Recording>>,
    recording: Option<Recording>,
}

/// What a script asks of its call.
#[derive(Debug)]
pub(super) enum Order {
    /// Mu-law bytes to say after what is queued already.
    Say(Vec<u8>),
    Press(Key),
    HangUp,
}

impl Phone {
    /// Calls, and returns when the first stream runs or the gateway's TwiML came to its end.
    pub async fn dial(dial: Dial) -> Result<Phone, Fault> {
        let (orders, from_script) = mpsc::channel(ORDERS_MAX);
        let (to_script, heard) = mpsc::channel(HEARD_MAX);
        let mut call = Call::new(dial, from_script, to_script);
        let first = call.answer().await?;
        let call = tokio::spawn(call::run(call, first));
        Ok(Phone { orders, heard, call: Some(call), recording: None })
    }

    /// Queues speech, samples at 8 kHz; with nothing queued silence is said. After the end it does nothing.
    pub async fn say(&self, samples: Vec<i16>) {
        self.order(Order::Say(samples.into_iter().map(|sample| LAW.encode(sample)).collect())).await;
    }

    /// Presses a key at once.
    pub async fn press(&self, key: Key) {
        self.order(Order::Press(key)).await;
    }

    /// Hangs up; [`Heard::Ended`] follows.
    pub async fn hang_up(&self) {
        self.order(Order::HangUp).await;
    }

    /// What is noticed next; [`Heard::Ended`] for ever after the end. Cancel-safe.
    pub async fn next(&mut self) -> Heard {
        if let Some(heard) = self.heard.recv().await {
            return heard;
        }
        Heard::Ended(self.recorded().await.ended.clone())
    }

    /// Waits for the end of the call; hangs up first unless it is over.
    pub async fn finish(mut self) -> Recording {
        self.hang_up().await;
        match self.call.take() {
            Some(call) => call.await.unwrap_or_else(|e| broken(&e.to_string())),
            None => self.recording.take().expect("either the task runs or its recording is here"),
        }
    }

    async fn order(&self, order: Order) {
        // The call is over when nobody takes the order; `next` tells why.
        let _ = self.orders.send(order).await;
    }

    async fn recorded(&mut self) -> &Recording {
        if let Some(call) = &mut self.call {
            self.recording = Some(call.await.unwrap_or_else(|e| broken(&e.to_string())));
            self.call = None;
        }
        self.recording.as_ref().expect("either the task runs or its recording is here")
    }
}

fn broken(why: &str) -> Recording {
    let fault =
        Fault::new(Owner::Gateway, format!("the phone's own task broke: {why}"), "report it as a bug");
    super::recording::Tape::new(Record::Figures).finish(0, Ended::Failed(fault))
}
