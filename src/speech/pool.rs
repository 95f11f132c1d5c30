//! The gateway's side: a bounded number of workers, lent one turn at a time.
//!
//! Promises: a lease comes within 300 ms or is refused; a worker that crashes, hangs or is left in the middle of a
//! request is killed, and the next lease starts a new one.
//! Never: queues turns without limit; lends a worker whose answer somebody else still waits for.

use std::collections::VecDeque;
use std::fmt;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::protocol::{Decoded, HEAD, Load, Reply, Request, open_head};

/// How long a turn may wait for a worker before the caller is told that all are busy.
const LEASE: Duration = Duration::from_millis(300);
/// How long one request may take: a turn of a minute decodes in four seconds on a slow core.
const REQUEST: Duration = Duration::from_secs(15);
/// Decoders a worker keeps; some 6 MB each. The one unused for longest makes room.
const DECODERS_MAX: usize = 12;

/// Why a turn was not decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lost {
    /// No worker was free in time.
    Busy,
    /// The worker could not be started, fell over or did not answer.
    Crashed(String),
    /// The worker is well and says that the request cannot be done.
    Refused(String),
    /// The worker is well and says that it cannot write its temporary files.
    NoRoom(String),
}

/// The workers of one process.
pub struct Pool {
    program: Vec<PathBuf>,
    permits: Arc<Semaphore>,
    idle: Arc<Mutex<Vec<Worker>>>,
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pool({} free)", self.permits.available_permits())
    }
}

impl Pool {
    /// At most `workers` processes of `program` with its arguments, started when they are first needed.
    #[must_use]
    pub fn new(program: Vec<PathBuf>, workers: usize) -> Pool {
        let permits = Arc::new(Semaphore::new(workers.max(1)));
        Pool { program, permits, idle: Arc::default() }
    }

    /// A worker for one turn.
    pub async fn lease(&self) -> Result<Lease, Lost> {
        let permit =
            timeout(LEASE, Arc::clone(&self.permits).acquire_owned()).await.map_err(|_| Lost::Busy)?;
        let permit = permit.map_err(|_| Lost::Busy)?;
        let worker = match self.waiting() {
            Some(worker) => worker,
            None => Worker::start(&self.program).map_err(Lost::Crashed)?,
        };
        Ok(Lease { worker: Some(worker), idle: Arc::clone(&self.idle), _permit: permit })
    }

    /// An idle worker that is still alive; those that died in their sleep are forgotten.
    fn waiting(&self) -> Option<Worker> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        std::iter::from_fn(|| idle.pop()).find_map(|mut worker| worker.is_alive().then_some(worker))
    }
}

/// One worker, for one turn. It goes back when dropped, unless a request was left unanswered.
pub struct Lease {
    /// `None` while a request is under way, and after one that failed.
    worker: Option<Worker>,
    idle: Arc<Mutex<Vec<Worker>>>,
    _permit: OwnedSemaphorePermit,
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lease")
    }
}

impl Lease {
    /// Makes sure that the worker holds this decoder, as `load` says it is.
    pub async fn load(&mut self, load: &Load) -> Result<(), Lost> {
        let Some(worker) = &mut self.worker else { return Err(gone()) };
        let known = worker.decoders.iter().position(|name| *name == load.decoder);
        if let Some(name) = known.and_then(|place| worker.decoders.remove(place)) {
            worker.decoders.push_back(name);
            return Ok(());
        }
        let oldest = (worker.decoders.len() >= DECODERS_MAX).then(|| worker.decoders.pop_front()).flatten();
        if let Some(decoder) = oldest {
            self.ready(Request::Unload { decoder }).await?;
        }
        self.ready(Request::Load(load.clone())).await?;
        if let Some(worker) = &mut self.worker {
            worker.decoders.push_back(load.decoder.clone());
        }
        Ok(())
    }

    /// The turn that the decodes are about, 8 kHz.
    pub async fn audio(&mut self, samples: Vec<i16>) -> Result<(), Lost> {
        self.ready(Request::Audio(samples)).await
    }

    pub async fn decode(&mut self, decoder: &str, search: &str) -> Result<Decoded, Lost> {
        let request = Request::Decode { decoder: decoder.to_owned(), search: search.to_owned() };
        match self.ask(request).await? {
            Reply::Decoded(decoded) => Ok(decoded),
            Reply::Ready => Err(Lost::Crashed("the worker answers another question".to_owned())),
            Reply::Refused(why) => Err(Lost::Refused(why)),
            Reply::NoRoom(why) => Err(Lost::NoRoom(why)),
        }
    }

    async fn ready(&mut self, request: Request) -> Result<(), Lost> {
        match self.ask(request).await? {
            Reply::Ready => Ok(()),
            Reply::Decoded(_) => Err(Lost::Crashed("the worker answers another question".to_owned())),
            Reply::Refused(why) => Err(Lost::Refused(why)),
            Reply::NoRoom(why) => Err(Lost::NoRoom(why)),
        }
    }

    /// The worker is out of its place while it works: whoever gives up on the way leaves nothing to be lent again.
    async fn ask(&mut self, request: Request) -> Result<Reply, Lost> {
        let mut worker = self.worker.take().ok_or_else(gone)?;
        let reply = match timeout(REQUEST, worker.ask(request)).await {
            Ok(Ok(reply)) => reply,
            Ok(Err(error)) => return Err(Lost::Crashed(format!("the speech worker fell over: {error}"))),
            Err(_) => return Err(Lost::Crashed("the speech worker does not answer".to_owned())),
        };
        self.worker = Some(worker);
        Ok(reply)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(worker) = self.worker.take() {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(worker);
        }
    }
}

fn gone() -> Lost {
    Lost::Crashed("the speech worker of this turn is gone".to_owned())
}

/// A child process; dropped, it is killed.
struct Worker {
    input: ChildStdin,
    output: ChildStdout,
    /// Names of the decoders it holds, the latest used last.
    decoders: VecDeque<String>,
    child: Child,
}

impl Worker {
    fn start(program: &[PathBuf]) -> Result<Worker, String> {
        let (name, arguments) = program.split_first().ok_or("no program is named for the speech worker")?;
        let mut child = Command::new(name)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            // Ctrl-C at a terminal is for the gateway alone, which lets its calls finish.
            .process_group(0)
            .spawn()
            .map_err(|error| format!("{} cannot be started: {error}", name.display()))?;
        let (input, output) = child.stdin.take().zip(child.stdout.take()).ok_or("the worker has no pipes")?;
        Ok(Worker { input, output, decoders: VecDeque::new(), child })
    }

    fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    async fn ask(&mut self, request: Request) -> std::io::Result<Reply> {
        self.input.write_all(&request.frame()).await?;
        self.input.flush().await?;
        let mut head = [0; HEAD];
        self.output.read_exact(&mut head).await?;
        let mut payload = vec![0; open_head(head)?.0];
        self.output.read_exact(&mut payload).await?;
        Reply::parse(&payload)
    }
}
