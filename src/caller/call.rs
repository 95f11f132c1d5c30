//! One call as the carrier carries it: asks the webhook, follows the TwiML, opens streams, asks what is next.
//!
//! Promises: after a stream, its action is asked and followed, also when the stream was lost; the end is
//! always told to the gateway and to the script.
//! Never: follows more documents than a call can mean.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use url::Url;

use super::ear::Ear;
use super::phone::{Dial, Ended, Heard, Order};
use super::recording::{Recording, Tape};
use super::stream::{Over, Stream};
use super::twiml::{self, Connect, Verb};
use super::webhook::Carrier;
use crate::core::base::{Fault, Owner};

/// Most documents of TwiML in one call: the first, and an action for each stream opened again.
const DOCUMENTS_MAX: u32 = 10;

/// Between two tries at an action that was not answered.
const ASK_EVERY: Duration = Duration::from_millis(200);

/// A call's lasting state; its streams come and go.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) carrier: Arc<Carrier>,
    pub(super) orders: mpsc::Receiver<Order>,
    heard: mpsc::Sender<Heard>,
    pub(super) tape: Tape,
    pub(super) ear: Ear,
    /// Mu-law bytes that the script has queued and the caller has not said yet.
    pub(super) speech: VecDeque<u8>,
    /// When the next frame is due; none before the first stream.
    pub(super) schedule: Option<Instant>,
    /// Status callbacks on their way.
    callbacks: JoinSet<()>,
    documents: u32,
    /// What is left of the TwiML that is followed.
    verbs: VecDeque<Verb>,
}

/// Where the TwiML leads.
#[derive(Debug)]
pub(super) enum Next {
    Stream(Box<Stream>),
    Over(Ended),
}

/// Carries the call to its end.
pub(super) async fn run(mut call: Call, first: Next) -> Recording {
    let ended = call.carry(first).await.unwrap_or_else(Ended::Failed);
    while call.callbacks.join_next().await.is_some() {}
    call.tape.finish(call.ear.starved(), ended)
}

impl Call {
    pub(super) fn new(dial: Dial, orders: mpsc::Receiver<Order>, heard: mpsc::Sender<Heard>) -> Call {
        Call {
            orders,
            heard,
            tape: Tape::new(dial.record),
            ear: Ear::new(dial.pause.samples()),
            carrier: Arc::new(Carrier::new(dial)),
            speech: VecDeque::new(),
            schedule: None,
            callbacks: JoinSet::new(),
            documents: 0,
            verbs: VecDeque::new(),
        }
    }

    /// The first stream, or the end of a call that has none.
    pub(super) async fn answer(&mut self) -> Result<Next, Fault> {
        let dial = &self.carrier.dial;
        if matches!(dial.url.scheme(), "ws" | "wss") {
            self.verbs.push_back(Verb::Connect(Connect {
                stream: dial.url.to_string(),
                name: String::new(),
                params: dial.params.clone(),
                action: None,
                status_callback: None,
            }));
        } else {
            let url = dial.url.clone();
            self.fetch(&url, "ringing").await?;
        }
        self.follow().await
    }

    /// Tells the script; counted when the script does not listen.
    pub(super) fn tell(&mut self, heard: Heard) {
        if self.heard.try_send(heard).is_err() {
            self.tape.figures.unheard += 1;
        }
    }

    async fn carry(&mut self, first: Next) -> Result<Ended, Fault> {
        let mut next = first;
        loop {
            let mut stream = match next {
                Next::Stream(stream) => stream,
                Next::Over(ended) => return Ok(ended),
            };
            let over = self.talk(&mut stream).await;
            let (event, error) = match &over {
                Over::Lost(fault) | Over::Wrong(fault) => ("stream-error", Some(fault.what.clone())),
                Over::HungUp | Over::TooLong | Over::Closed => ("stream-stopped", None),
            };
            self.call_back(&stream.connect, stream.sid(), event, error);
            let action = stream.connect.action.clone();
            next = match (over, action) {
                (Over::HungUp, action) => return Ok(self.bow_out(action, Ended::CallerHungUp).await),
                (Over::TooLong, action) => return Ok(self.bow_out(action, Ended::TooLong).await),
                (Over::Wrong(fault), _) | (Over::Lost(fault), None) => return Err(fault),
                (Over::Closed | Over::Lost(_), Some(action)) => {
                    self.fetch_patiently(&action).await?;
                    self.follow().await?
                }
                (Over::Closed, None) => self.follow().await?,
            };
        }
    }

    /// The caller is gone: the action is told, and what it answers means nothing any more.
    async fn bow_out(&mut self, action: Option<Url>, ended: Ended) -> Ended {
        if let Some(action) = action
            && let Err(fault) = self.carrier.ask(&action, "completed").await
        {
            tracing::warn!(%fault, "the action was not told of the end");
        }
        ended
    }

    /// What comes after a stream, asked again while nobody answers.
    async fn fetch_patiently(&mut self, action: &Url) -> Result<(), Fault> {
        let until = Instant::now() + self.carrier.dial.patience;
        loop {
            match self.carrier.ask(action, "in-progress").await {
                Err(_) if Instant::now() < until => sleep(ASK_EVERY).await,
                answer => return self.read(answer?, action),
            }
        }
    }

    async fn fetch(&mut self, url: &Url, status: &str) -> Result<(), Fault> {
        let answer = self.carrier.ask(url, status).await?;
        self.read(answer, url)
    }

    fn read(&mut self, answer: String, url: &Url) -> Result<(), Fault> {
        self.documents += 1;
        if self.documents > DOCUMENTS_MAX {
            let what = format!("the gateway's TwiML goes on for more than {DOCUMENTS_MAX} documents");
            return Err(Fault::new(
                Owner::Gateway,
                what,
                "an action must come to an end: count the attempts",
            ));
        }
        self.verbs = twiml::read(&answer, url)?;
        Ok(())
    }

    async fn follow(&mut self) -> Result<Next, Fault> {
        while let Some(verb) = self.verbs.pop_front() {
            match verb {
                Verb::Say { language, text } => self.tell(Heard::Announced { language, text }),
                Verb::Connect(connect) => return self.open(connect).await,
                Verb::Dial { to } => return Ok(Next::Over(Ended::Transferred { to })),
                Verb::Reject => return Ok(Next::Over(Ended::Rejected)),
                Verb::Hangup => return Ok(Next::Over(Ended::AgentHungUp)),
            }
        }
        Ok(Next::Over(Ended::AgentHungUp))
    }

    async fn open(&mut self, connect: Connect) -> Result<Next, Fault> {
        let socket = self.carrier.open(&connect.stream).await?;
        let stream = Stream::new(socket, connect);
        self.tape.figures.streams += 1;
        self.call_back(&stream.connect, stream.sid(), "stream-started", None);
        Ok(Next::Stream(Box::new(stream)))
    }

    /// A carrier does not wait for its status callbacks.
    fn call_back(&mut self, connect: &Connect, sid: &str, event: &'static str, error: Option<String>) {
        let Some(url) = connect.status_callback.clone() else { return };
        let (carrier, sid, name) = (Arc::clone(&self.carrier), sid.to_owned(), connect.name.clone());
        self.callbacks.spawn(async move { carrier.tell(&url, &sid, &name, event, error.as_deref()).await });
    }
}
