//! The one session with a server that is kept warm: begun again when it is over, and its tools compared with their pins.
//!
//! Promises: a call waits for a session that is just being begun, and for nothing else; a session that could not be begun is
//! tried again after growing pauses, by itself.
//! Never: ends a call that is under way, but with all of the server.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use centralita_core::base::{Fault, Owner};
use serde_json::{Map, Value};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout, timeout_at};

use super::change::{Change, change};
use super::pin::Pins;
use super::session::{Reached, Session};
use crate::egress::{Answer, Purpose, Unanswered};
use crate::integrations::probe::Pauses;

const PAUSE_FIRST: Duration = Duration::from_secs(1);
const PAUSE_LONGEST: Duration = Duration::from_secs(30);
/// How often a server is asked for its tools: so it is known within a minute that it is gone, has forgotten the session, or
/// offers others.
const LOOK: Duration = Duration::from_secs(60);

/// One server, and the session with it.
pub struct Server {
    shared: Arc<Shared>,
    keeping: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    /// The integration's id.
    id: String,
    reached: Reached,
    /// Nothing where any of its tools may be called, by a person who tries it.
    pins: Option<Pins>,
    state: watch::Sender<State>,
}

#[derive(Clone)]
enum State {
    Beginning,
    Up(Arc<Up>),
    /// Why there is none now; it is tried again.
    Down(Fault),
}

struct Up {
    session: Session,
    tools: Pins,
    /// Pinned tools that must not be called, and why.
    off: BTreeMap<String, String>,
}

/// Where it leads is in other places' debug output.
impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Server({})", self.shared.id)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(keeping) = self.keeping.get_mut().unwrap_or_else(PoisonError::into_inner) {
            keeping.abort();
        }
    }
}

impl Server {
    /// Nothing is begun yet.
    pub(in crate::integrations) fn new(id: &str, reached: Reached, pins: Option<Pins>) -> Server {
        let (state, _) = watch::channel(State::Beginning);
        let shared = Shared { id: id.to_owned(), reached, pins, state };
        Server { shared: Arc::new(shared), keeping: Mutex::default() }
    }

    /// Begins a session, and keeps one from now on.
    pub fn keep(&self) {
        let mut keeping = self.keeping.lock().unwrap_or_else(PoisonError::into_inner);
        keeping.get_or_insert_with(|| tokio::spawn(keep(Arc::clone(&self.shared))));
    }

    /// All its tools, by their names, and what it calls itself.
    ///
    /// # Errors
    /// It is not there.
    pub async fn tools(&self, until: Instant) -> Result<(Pins, String), Fault> {
        let up = self.up(until).await?;
        Ok((up.tools.clone(), up.session.about()))
    }

    /// Calls a tool once, until then.
    ///
    /// # Errors
    /// What is known of a call without an answer.
    pub async fn call(
        &self,
        tool: &str,
        arguments: Map<String, Value>,
        purpose: Purpose,
        until: Instant,
    ) -> Result<Answer, Unanswered> {
        let up = self.up(until).await.map_err(Unanswered::NotSent)?;
        let is_unknown = self.shared.pins.as_ref().is_some_and(|pins| !pins.contains_key(tool));
        let unknown = is_unknown.then(|| format!("the server's tool `{tool}` was never reviewed"));
        if let Some(why) = up.off.get(tool).or(unknown.as_ref()) {
            let id = &self.shared.id;
            let remedy = format!("look at `centralita mcp diff {id}`, then write it down by `mcp sync {id}`");
            return Err(Unanswered::NotSent(Fault::new(Owner::Admin, why.clone(), remedy)));
        }
        let answered = up.session.call(tool, arguments, purpose, until).await;
        if matches!(answered, Err(Unanswered::NotSent(_) | Unanswered::Refused(_))) {
            up.session.doubt();
        }
        answered
    }

    /// Waits until a session is over and another has begun.
    #[cfg(test)]
    pub(in crate::integrations) async fn begun_anew(&self) {
        let mut states = self.shared.state.subscribe();
        for is_up in [false, true] {
            let wanted = |state: &State| matches!(state, State::Up(_)) == is_up;
            assert!(states.wait_for(wanted).await.is_ok(), "somebody keeps the session");
        }
    }

    /// Waits until a tool is off.
    #[cfg(test)]
    pub(in crate::integrations) async fn off(&self, tool: &str) {
        let mut states = self.shared.state.subscribe();
        let is_off = |state: &State| matches!(state, State::Up(up) if up.off.contains_key(tool));
        assert!(states.wait_for(is_off).await.is_ok(), "somebody keeps the session");
    }

    /// The session, or the one that is just being begun.
    async fn up(&self, until: Instant) -> Result<Arc<Up>, Fault> {
        self.keep();
        let mut states = self.shared.state.subscribe();
        let settled = states.wait_for(|state| match state {
            State::Beginning => false,
            State::Up(up) => !up.session.is_over(),
            State::Down(_) => true,
        });
        match timeout_at(until, settled).await {
            Ok(Ok(state)) => match &*state {
                State::Up(up) => Ok(Arc::clone(up)),
                State::Down(fault) => Err(fault.clone()),
                State::Beginning => Err(self.absent()),
            },
            Ok(Err(_)) | Err(_) => Err(self.absent()),
        }
    }

    fn absent(&self) -> Fault {
        let what = format!("{} does not begin a session in time", self.shared.reached.name());
        Fault::new(Owner::Provider, what, "see whether it is up")
    }
}

/// Begins a session again and again, and stays with each to its end.
async fn keep(shared: Arc<Shared>) {
    let mut pauses = Pauses::new(PAUSE_FIRST, PAUSE_LONGEST);
    loop {
        let began = Instant::now();
        let fault = match begin(&shared).await {
            Ok(up) => stay(&shared, up).await,
            Err(fault) => fault,
        };
        tracing::warn!(integration = %shared.id, "{}: {}", fault.what, fault.remedy);
        shared.state.send_replace(State::Down(fault));
        if began.elapsed() > LOOK {
            pauses = Pauses::new(PAUSE_FIRST, PAUSE_LONGEST);
        }
        tokio::time::sleep(pauses.pause()).await;
    }
}

async fn begin(shared: &Shared) -> Result<Up, Fault> {
    let session = Session::begin(&shared.reached).await?;
    let tools = session.tools().await?;
    let off = off(shared, &tools);
    Ok(Up { session, tools, off })
}

/// Stays with a session, and looks at its tools when it says so or when it is time. Returns why it is over.
async fn stay(shared: &Shared, up: Up) -> Fault {
    let mut up = Arc::new(up);
    loop {
        shared.state.send_replace(State::Up(Arc::clone(&up)));
        let _ = timeout(LOOK, up.session.changed()).await;
        if up.session.is_over() {
            let what = format!("the session with {} is over", shared.reached.name());
            return Fault::new(Owner::Provider, what, "it is begun again; see its log");
        }
        match up.session.tools().await {
            Ok(tools) if tools == up.tools => {}
            Ok(tools) => {
                let off = off(shared, &tools);
                up = Arc::new(Up { session: up.session.clone(), tools, off });
            }
            Err(fault) => return fault,
        }
    }
}

/// Which pinned tools must not be called as they are now; each is told once for every list.
fn off(shared: &Shared, tools: &Pins) -> BTreeMap<String, String> {
    let mut off = BTreeMap::new();
    for (name, pinned) in shared.pins.iter().flatten() {
        let why = match tools.get(name).map(|now| change(pinned, now)) {
            Some(Change::Same) => continue,
            Some(Change::Harmless(what)) => {
                let what = what.join("; ");
                tracing::warn!(integration = %shared.id, "`{name}` has changed, its pin stays in use: {what}");
                continue;
            }
            Some(Change::Breaks(what)) => {
                format!("the server's tool `{name}` is another than was reviewed: {}", what.join("; "))
            }
            None => format!("the server has no tool `{name}` any more"),
        };
        tracing::warn!(integration = %shared.id, "{why}: it is off until its pin is written anew");
        off.insert(name.clone(), why);
    }
    off
}
