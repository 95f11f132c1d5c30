//! A server as a child process: lines of JSON over its pipes.
//!
//! Promises: it is started without a shell and with no variable of ours but those named; it and what it started end with
//! its connection, or with this process; a call of a tool is written at most once.
//! Never: keeps or prints what it writes to its standard error: its secrets and callers' words may be in it.

use std::collections::BTreeSet;
use std::io;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use centralita_core::base::{Fault, Owner};
use rmcp::RoleClient;
use rmcp::model::{ClientJsonRpcMessage, ServerJsonRpcMessage};
use rmcp::transport::Transport;
use rmcp::transport::async_rw::AsyncRwTransport;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::Notify;

use super::passage::Passage;
use crate::crash::{self, Point};
use crate::egress::Purpose;
use crate::secrets::{ExposeSecret as _, SecretString};

/// The longest line read, in bytes: a list of some hundred tools is one.
const LINE_BYTES_MAX: usize = 4 << 20;
/// How long it may take to end once its input is closed.
const ENDING: Duration = Duration::from_secs(2);
/// Of our environment, what programs need to be found and to speak.
const INHERITED: &[&str] = &["PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR"];

/// A program that may be started, with the values of its secrets.
#[derive(Debug)]
pub(crate) struct Start {
    pub(crate) command: String,
    pub(crate) args: Vec<String>,
    pub(crate) env: Vec<(String, SecretString)>,
    /// Which of them stand for secrets.
    pub(crate) secret: BTreeSet<String>,
}

impl Start {
    pub(super) fn secrets(&self) -> impl Iterator<Item = &str> {
        let secret = self.env.iter().filter(|(name, _)| self.secret.contains(name));
        secret.map(|(_, value)| value.expose_secret())
    }
}

/// Its pipes, and the process that ends with them.
pub(super) struct Line {
    pipes: AsyncRwTransport<RoleClient, ChildStdout, ChildStdin>,
    process: Process,
}

struct Process {
    child: Child,
    /// Told when it is over.
    over: Arc<Notify>,
}

pub(super) fn start(start: &Start, over: Arc<Notify>) -> Result<Line, Fault> {
    let mut command = Command::new(&start.command);
    command.args(&start.args).env_clear().process_group(0).kill_on_drop(true);
    for name in INHERITED {
        command.envs(std::env::var_os(name).map(|value| (name, value)));
    }
    command.envs(start.env.iter().map(|(name, value)| (name, value.expose_secret())));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let unstarted = |error: &dyn std::fmt::Display| {
        let what = format!("the program `{}` cannot be started: {error}", start.command);
        Fault::new(Owner::Admin, what, "see whether it is installed, and may be run by the gateway's user")
    };
    let mut child = command.spawn().map_err(|error| unstarted(&error))?;
    let pipes = child.stdout.take().zip(child.stdin.take());
    let process = Process { child, over };
    let (stdout, stdin) = pipes.ok_or_else(|| unstarted(&"it has no pipes"))?;
    let pipes = AsyncRwTransport::new_client(stdout, stdin).with_max_line_length(LINE_BYTES_MAX);
    Ok(Line { pipes, process })
}

impl Transport<RoleClient> for Line {
    type Error = io::Error;

    fn send(
        &mut self,
        message: ClientJsonRpcMessage,
    ) -> impl Future<Output = Result<(), io::Error>> + Send + 'static {
        let passage = Passage::of(&message);
        let sending = self.pipes.send(message);
        async move {
            if passage.as_ref().is_some_and(|passage| !passage.leave()) {
                return Err(io::Error::other("it was given up before it left"));
            }
            let sent = sending.await;
            if passage.is_some_and(|passage| passage.purpose == Purpose::Act) {
                crash::pass(Point::Sent);
            }
            sent
        }
    }

    async fn receive(&mut self) -> Option<ServerJsonRpcMessage> {
        self.pipes.receive().await
    }

    async fn close(&mut self) -> Result<(), io::Error> {
        self.pipes.close().await?;
        // One that goes on is ended by force when this is dropped.
        let _ = tokio::time::timeout(ENDING, self.process.child.wait()).await;
        Ok(())
    }
}

impl Drop for Process {
    /// Ends the whole group: what it started reads from nobody any more.
    fn drop(&mut self) {
        let group = self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        if let Some(group) = group {
            // It may be gone already.
            let _ = kill_process_group(group, Signal::KILL);
        }
        self.over.notify_one();
    }
}
