//! The loop of one call: read, stamp, `Call::handle`, journal, write.
//!
//! Promises: what a step gives is written to the journal before any of it is carried out; the loop ends when the
//! conversation has, which waits for every action under way.
//! Never: decides anything.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, sleep_until};
use tokio_util::task::TaskTracker;

use super::cassette::{self, Cassette};
use super::clock::Clock;
use super::figures::Figures;
use super::ports::{INBOX, Ports, Report, StoreLog};
use super::prompt::prompt;
use super::record::{Lines, Tracks};
use super::resume::Kept;
use super::tries::StoreTries;
use super::{Acting, Agent, Begun, Caller, End, Ended, Shell, Tenure, write_end};
use crate::core::audio::{Key, WireItem};
use crate::core::base::{CallId, CallTime, Fault, Millis, Owner, Position};
use crate::core::call::{Call, CallOutputs, Input, Record};
use crate::core::conversation::{Event, Expect, MASKED_KEY, Note, Order, Recording, Refusal, Step};
use crate::integrations::{ActionSecret, CallFacts, Leave, Registry};
use crate::store::now_us;
use crate::stt::{SttEvent, SttStream};
use crate::telephony::socket::code;
use crate::telephony::{CarrierEvent, MediaSocket, Outbox, SocketEvent, StreamId};

/// A ping often enough that no load balancer cuts an idle socket.
const PING_EVERY: Duration = Duration::from_secs(20);

/// How long after a key's tone the carrier may tell of it: half a second was seen; twice that.
const KEY_HEARD_LATE: Millis = Millis(1_000);
/// How long a key may be held down, from where it is first known of.
const KEY_HELD: Millis = Millis(1_000);

/// One call being driven.
pub(super) struct Task {
    shell: Shell,
    agent: Arc<Agent>,
    caller: Caller,
    tenure: Tenure,
    clock: Clock,
    call: Call,
    out: CallOutputs,
    socket: MediaSocket,
    line: Connection,
    outbox: Outbox,
    stt: Box<dyn SttStream>,
    expect: Expect,
    ports: Ports,
    inbox: mpsc::Receiver<Report>,
    lines: Lines,
    figures: Figures,
    tracks: Option<Tracks>,
    cassette: Option<Cassette>,
    /// How it ended, once it is known; what is known first stays.
    end: Option<End>,
}

/// Whether the carrier's socket is still there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Connection {
    Open,
    Closed,
}

/// The recording of a call, where there is a folder for it.
fn recorded(shell: &Shell, call: &CallId) -> Option<Tracks> {
    shell.recordings.clone().map(|recordings| Tracks::begin(recordings, call.clone()))
}

/// The cassette of a call, from its beginning; whoever calls is served without it too.
fn cassette_of(shell: &Shell, call: &CallId, agent: &Agent) -> Option<Cassette> {
    let kept = Cassette::create(shell.cassettes.as_deref()?, call, &agent.plan, MediaSocket::DIALECT);
    if let Err(fault) = &kept {
        tracing::error!(%call, owner = ?fault.owner, %fault, "a call has no cassette");
    }
    kept.ok()
}

impl Task {
    pub(super) fn new(
        socket: MediaSocket,
        stream: StreamId,
        agent: Arc<Agent>,
        begun: Begun,
        shell: Shell,
        acting: Acting,
        runs: TaskTracker,
    ) -> Result<Task, Fault> {
        let Begun { caller, mut kept, clock } = begun;
        let left = kept.as_mut().map(|kept| std::mem::take(&mut kept.left)).unwrap_or_default();
        let (report, inbox) = mpsc::channel(INBOX);
        let facts = CallFacts {
            id: caller.call.clone(),
            from: caller.from.reveal().to_owned(),
            to: caller.to.clone(),
            agent: agent.plan.agent.clone(),
            now_us,
        };
        let action_key = ActionSecret::new(shell.store.action_key());
        let registry = Registry::new(Arc::clone(&agent.toolbox), facts, action_key)
            .counting(StoreTries::of(&shell.store));
        if let Some(kept) = &kept {
            registry.remember(kept.conversation.history().entries());
        }
        let tenure = acting.tenure.clone();
        let log = StoreLog::new(shell.store.clone(), caller.call.clone(), caller.from.clone(), acting);
        let stt = agent.stt.open(Arc::clone(&agent.vocabulary), agent.plan.language)?;
        let cassette = kept.is_none().then(|| cassette_of(&shell, &caller.call, &agent)).flatten();
        let tracks = match &agent.plan.recording {
            Recording::On => recorded(&shell, &caller.call),
            Recording::Off | Recording::AfterConsent { .. } => None,
        };
        let mut lines = Lines::new(caller.call.clone(), shell.store.clone(), shell.watcher.clone());
        let (clock, call) = match kept {
            None => (clock, Call::new(MediaSocket::DIALECT, Arc::clone(&agent.plan))),
            Some(Kept { conversation, vault, answered_us, since, lines: written, missing, .. }) => {
                lines.go_on(written, since, &missing);
                let clock = clock.go_on(answered_us, since);
                let (line, now) = (clock.line(), clock.now());
                (clock, Call::resumed(MediaSocket::DIALECT, conversation, vault, line, now))
            }
        };
        let ports = Ports::new(Arc::clone(&agent), registry, log, runs, report);
        left.into_iter().for_each(|left| ports.find_out_of(left));
        Ok(Task {
            clock,
            call,
            out: CallOutputs::default(),
            line: Connection::Open,
            outbox: Outbox::new(stream),
            expect: Expect::Anything,
            ports,
            lines,
            figures: Figures::default(),
            end: None,
            tenure,
            shell,
            agent,
            caller,
            socket,
            stt,
            inbox,
            tracks,
            cassette,
        })
    }

    /// From its first event on: the answer, or that it goes on.
    pub(super) async fn run(mut self, first: Event) -> Ended {
        let mut ping = interval(PING_EVERY);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let tenure = self.tenure.clone();
        // It was answered when its line began, however late its record was ready.
        let is_answer = matches!(first, Event::Answered(_));
        let at = if is_answer { self.clock.line() } else { self.clock.now() };
        self.step_at(at, Input::Event(first)).await;
        while !self.call.conversation().is_ended() {
            let deadline = self.call.deadline().map(|at| self.clock.instant(at));
            let wake = async {
                match deadline {
                    Some(at) => sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = tenure.ended(), if self.line == Connection::Open => self.replaced().await,
                event = self.socket.next(), if self.line == Connection::Open => self.on_socket(event).await,
                Some(report) = self.inbox.recv() => self.on_report(report).await,
                event = self.stt.next(), if self.line == Connection::Open => self.on_stt(event).await,
                () = wake => self.step(Input::Wake).await,
                _ = ping.tick(), if self.line == Connection::Open => {
                    if self.socket.ping().await.is_err() {
                        self.hung_up(End::LineLost).await;
                    }
                }
            }
        }
        self.finish().await
    }

    async fn on_socket(&mut self, event: SocketEvent) {
        match event {
            SocketEvent::Carrier(CarrierEvent::Media { timestamp }) => {
                let at = self.clock.now();
                let input = Input::Frame { timestamp, encoded: self.socket.audio() };
                cassette::step(&mut self.call, &mut self.cassette, at, input, &mut self.out);
                self.carry_out(at).await;
            }
            SocketEvent::Carrier(CarrierEvent::Key(key)) => {
                if let Some(key) = Key::parse(key.reveal()) {
                    self.step(Input::Key(key)).await;
                }
            }
            SocketEvent::Carrier(CarrierEvent::Mark { name }) => self.step(Input::Mark(&name)).await,
            SocketEvent::Carrier(CarrierEvent::Stop) => self.hung_up(End::CallerHungUp).await,
            SocketEvent::Carrier(CarrierEvent::Start(_)) => {
                tracing::warn!(call = %self.caller.call, "the carrier started a stream twice; the second is ignored");
            }
            SocketEvent::Carrier(CarrierEvent::Connected | CarrierEvent::Ignored(_)) | SocketEvent::Pong => {}
            SocketEvent::Malformed(what) => {
                let fault = what.fault();
                tracing::warn!(call = %self.caller.call, owner = ?fault.owner, %fault, "a message of the carrier was ignored");
            }
            SocketEvent::Closed(how) => {
                tracing::info!(call = %self.caller.call, %how, "the media socket ended");
                self.hung_up(End::LineLost).await;
            }
        }
    }

    async fn on_report(&mut self, report: Report) {
        match report {
            Report::Event(event) => self.step(Input::Event(event)).await,
            Report::Audio { reply, piece, samples } => {
                self.step(Input::Audio { reply, piece, samples: &samples }).await;
            }
            Report::PieceEnd { reply, piece, length } => {
                self.step(Input::PieceEnd { reply, piece, length }).await
            }
            // The carrier's call is another conversation's.
            Report::HangUp if self.tenure.is_over() => {}
            Report::HangUp => {
                if let Err(fault) = self.shell.hang_up.hang_up(&self.caller.carrier_call).await {
                    tracing::error!(call = %self.caller.call, owner = ?fault.owner, %fault, "the carrier did not hang up");
                }
                self.socket.close(code::NORMAL).await;
                self.hung_up(End::WeHungUp).await;
            }
        }
    }

    async fn on_stt(&mut self, event: SttEvent) {
        let event = match event {
            SttEvent::Heard(transcript) => Event::Heard(transcript),
            SttEvent::Failed(fault) => {
                tracing::warn!(call = %self.caller.call, owner = ?fault.owner, %fault, "the recogniser lost a turn");
                Event::SttFailed
            }
            SttEvent::Busy => {
                tracing::warn!(call = %self.caller.call, "no decoder was free; raise the number of speech workers");
                Event::SttFailed
            }
        };
        self.step(Input::Event(event)).await;
    }

    /// The carrier's call goes on without this stream, whether or not its socket knows.
    async fn replaced(&mut self) {
        tracing::info!(call = %self.caller.call, "the carrier has left this stream for another: its conversation ends");
        self.hung_up(End::LineLost).await;
        self.socket.close(code::GOING_AWAY).await;
    }

    async fn hung_up(&mut self, end: End) {
        if self.line == Connection::Open {
            self.line = Connection::Closed;
            let end = *self.end.get_or_insert(end);
            if end == End::CallerHungUp {
                // On record at once: nobody has heard what comes to its end from now on.
                write_end(&self.shell.store, &self.caller.call, end);
            }
            self.step(Input::Event(Event::HungUp)).await;
        }
    }

    async fn step(&mut self, input: Input<'_>) {
        self.step_at(self.clock.now(), input).await;
    }

    async fn step_at(&mut self, at: CallTime, input: Input<'_>) {
        cassette::step(&mut self.call, &mut self.cassette, at, input, &mut self.out);
        self.carry_out(at).await;
    }

    /// Journal first, then orders, then the wire, in one flush.
    async fn carry_out(&mut self, at: CallTime) {
        if !self.out.line.caller.is_empty() {
            self.stt.audio(self.out.line.caller_from, &self.out.line.caller);
        }
        if let Some(tracks) = &mut self.tracks {
            tracks.write(at, MediaSocket::DIALECT.law, &self.out.line);
        }
        let mut records = std::mem::take(&mut self.out.records);
        for record in &records {
            self.lines.write(at, record);
            self.figures.sees(record);
            self.silence_secret(record);
        }
        for record in records.drain(..) {
            match record {
                Record::Event { event, .. } => self.tell_stt(&event),
                Record::Step(Step::Fired { .. }) => {}
                Record::Step(Step::Order(order)) => self.obey(at, order),
            }
        }
        self.out.records = records;
        self.write_wire(at).await;
    }

    /// The tone of a key that may be part of a secret is not recorded.
    fn silence_secret(&mut self, record: &Record) {
        if let (Record::Event { event: Event::Key { key: MASKED_KEY, at }, .. }, Some(tracks)) =
            (record, &mut self.tracks)
        {
            let from = Position(at.0.saturating_sub(u64::from(KEY_HEARD_LATE.samples().0)));
            tracks.silence(from, *at + KEY_HELD.samples());
        }
    }

    /// What an admin should hear of at once: the caller only hears that it did not work.
    fn log_note(&self, note: &Note) {
        let (proposal, what) = match note {
            Note::Unsaid { proposal, parameter } => {
                (proposal, format!("the question does not say the value of `{parameter}`"))
            }
            Note::Refused { proposal, why: Refusal::NotAskable } => {
                (proposal, "the question was not put, and nothing was done".to_owned())
            }
            Note::Asked { .. }
            | Note::Judged { .. }
            | Note::Refused { .. }
            | Note::Withdrawn { .. }
            | Note::Screened { .. } => return,
        };
        let remedy = "see that the question says every value, that each has one, and, where a key is wanted, \
                      that this line has keys";
        let fault = Fault::new(Owner::Admin, what, remedy);
        let (call, owner) = (&self.caller.call, fault.owner);
        tracing::warn!(%call, %proposal, ?owner, %fault, "an action was not asked about");
    }

    fn tell_stt(&mut self, event: &Event) {
        if let Event::SpeechStarted { at } = event {
            self.stt.speech_started(*at);
        } else if let Event::SpeechStopped { at } = event {
            self.stt.speech_stopped(*at, self.expect);
        }
    }

    /// Here alone what stands for a private value becomes the value again: what is said, and what is sent.
    fn obey(&mut self, at: CallTime, order: Order) {
        let private = self.call.vault().values();
        match order {
            Order::Watch(watch) => self.expect = watch.expect,
            Order::Say { reply, piece, text, role: _ } => {
                self.ports.say(reply, piece, self.call.vault().spoken(&text));
            }
            Order::Note(note) => self.log_note(&note),
            Order::EndReply { .. } => {}
            Order::Cut { .. } => self.ports.cut(),
            Order::Generate { generation, history, digest: _ } => {
                let entries = self.call.conversation().history().entries();
                self.ports.generate(generation, prompt(&self.agent.plan, entries, history, private));
            }
            Order::DropGeneration { .. } => self.ports.drop_generation(),
            Order::Prepare { proposal, tool, args } => {
                self.ports.prepare(proposal, tool, args, private.clone());
            }
            Order::Discard { proposal } => self.ports.discard(proposal),
            Order::Run { proposal: _, tool, args, key, permit } => {
                self.ports.run(at, Leave { tool, args, key, permit }, private.clone());
            }
            Order::Record => self.tracks = recorded(&self.shell, &self.caller.call),
            Order::HangUp { .. } => {
                // On record before the stream ends: the carrier will ask what is next, and it is nothing.
                write_end(&self.shell.store, &self.caller.call, *self.end.get_or_insert(End::WeHungUp));
                self.ports.hang_up_soon();
            }
        }
    }

    async fn write_wire(&mut self, at: CallTime) {
        if self.line == Connection::Closed {
            return;
        }
        for item in &self.out.line.wire {
            match item {
                WireItem::Audio { bytes, .. } => {
                    self.figures.sounds(at);
                    self.outbox.media(&self.out.line.bytes[bytes.clone()]);
                }
                WireItem::Mark { name } => self.outbox.mark(&name.to_string()),
                WireItem::Clear => self.outbox.clear(),
            }
        }
        if !self.outbox.is_empty() {
            // A socket that cannot be written to says so at the next read.
            let _ = self.socket.send(&mut self.outbox).await;
        }
    }

    async fn finish(self) -> Ended {
        let underruns = self.call.line().underruns();
        drop(self.ports);
        if let Some(cassette) = self.cassette {
            let closed = tokio::task::spawn_blocking(move || cassette.finish()).await;
            if let Ok(Err(fault)) = closed {
                tracing::error!(call = %self.caller.call, owner = ?fault.owner, %fault, "the cassette is not whole");
            }
        }
        if let Some(tracks) = self.tracks {
            let closed = tokio::task::spawn_blocking(move || tracks.finish()).await;
            if let Ok(Err(fault)) = closed {
                tracing::error!(call = %self.caller.call, owner = ?fault.owner, %fault, "the recording is not whole");
            }
        }
        Ended { call: self.caller.call, end: self.end.unwrap_or(End::WeHungUp), underruns }
    }
}
