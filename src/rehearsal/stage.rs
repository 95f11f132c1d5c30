//! One call on the virtual clock: a caller of text, a line and a voice that are computed, the agent's own model.
//!
//! Promises: the conversation is told what a gateway would tell it, in the same order; what it orders is carried out, with
//! samples behind the tools; private words are placeholders to it; the lines are those of a journal.
//! Never: waits for a time; interrupts the agent.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use futures::StreamExt as _;

use crate::catalog::{Agent, AgentTest, Move};
use crate::core::base::{CallId, CallTime, Fault, Millis, Owner, PieceNo, Position, ReplyId, Samples, Span};
use crate::core::call::{PrivateValues, Vault};
use crate::core::conversation::{
    Affirmation, Answered, By, Conversation, EngineYes, Event, LineAbilities, Order, Outputs, Plan, Recorder,
    Step, Tag, Transcript, TranscriptEnd, Watch, Word,
};
use crate::core::journal::{CallFile, Line, write_order, write_timer};
use crate::driver::prompt;
use crate::integrations::{ActionSecret, CallFacts, Leave, Registry, Unlogged};
use crate::llm::Llm;

/// Speech for each character: people say about sixteen a second.
const PACE: Millis = Millis(60);
/// The shortest word that is surely heard as speech.
const WORD_LEAST: Millis = Millis(400);
/// From the agent's last word to the caller's first, and between two keys.
const CALLER_AFTER: Millis = Millis(400);
/// How long model, synthesiser and tools take: short, and not nothing.
const THINKS: Millis = Millis(200);
const VOICED_AFTER: Millis = Millis(100);
const TOOL_TAKES: Millis = Millis(100);
/// From the goodbye's end to the end of the call.
const HANGS_UP_AFTER: Millis = Millis(500);
/// Timers that are due sooner are the agent's own (the breath before an action); later ones wait for the caller.
const QUIET_LEAST: Millis = Millis(1_000);
/// Facts and wakes of one call; more is a livelock.
const STEPS_MOST: u32 = 20_000;
/// Samples of the line in a millisecond.
const PER_MILLI: u64 = 8;

/// A call that was played.
#[derive(Debug)]
pub(super) struct Played {
    pub(super) file: CallFile,
    /// Of each step of the test, the lines of the call between which it holds.
    pub(super) ranges: Vec<(usize, usize)>,
    /// What went wrong beside the call: a model that did not answer.
    pub(super) troubles: Vec<Fault>,
    /// What its placeholders stand for.
    pub(super) private: PrivateValues,
}

/// Plays a test to its end.
pub(super) async fn play(agent: &Agent, test: &AgentTest, llm: &Arc<dyn Llm>) -> Result<Played, Fault> {
    let mut stage = Stage::new(agent, test, llm)?;
    let hears = agent.services.stt.as_deref() != Some("none");
    stage.tell(CallTime::ANSWER, answered(hears));
    stage.settle(None).await?;
    let (mut begun, mut ranges) = (0, Vec::new());
    for step in &test.steps {
        let before = stage.file.lines.len();
        if stage.moves(&step.what).await? {
            begun = before;
            ranges.push((before, before));
        } else {
            ranges.push((begun, before));
        }
    }
    if !stage.conversation.is_ended() {
        let now = stage.now;
        stage.tell(now, Event::HungUp);
        stage.settle(None).await?;
    }
    let private = stage.vault.values().clone();
    Ok(Played { file: stage.file, ranges, troubles: stage.troubles, private })
}

/// As the shipped gateway answers: its questions say how they can be answered.
fn answered(hears: bool) -> Event {
    Event::Answered(Answered {
        line: LineAbilities { marks: true, keys: true },
        // Words are judged as text here, where any are heard.
        engine: if hears { EngineYes::Trusted } else { EngineYes::KeypadOnly },
        tag: Tag::Always,
        recorder: Recorder::None,
        attempt: 0,
        earlier: Vec::new(),
    })
}

enum Happening {
    Tell(Event),
    /// The caller has spoken long enough to be heard.
    Begins(CallTime),
    /// The caller has said all of it.
    Ends(Vec<Word>),
}

/// The reply that is on the line.
struct Playing {
    reply: ReplyId,
    pieces: Vec<Option<Samples>>,
    ended: bool,
    began: CallTime,
    empty_at: CallTime,
}

struct Stage {
    plan: Arc<Plan>,
    llm: Arc<dyn Llm>,
    registry: Registry,
    conversation: Conversation,
    vault: Vault,
    now: CallTime,
    /// What will happen, in the order of its time.
    queue: BTreeMap<(CallTime, u32), Happening>,
    queued: u32,
    /// What follows from an order at once.
    at_once: VecDeque<Event>,
    watch: Watch,
    playing: Option<Playing>,
    file: CallFile,
    troubles: Vec<Fault>,
}

/// The time that tools are told in a test: noon of the first day of 2026 in UTC, whenever it is played.
const NOON_US: i64 = 1_767_268_800_000_000;

impl Stage {
    fn new(agent: &Agent, test: &AgentTest, llm: &Arc<dyn Llm>) -> Result<Stage, Fault> {
        let plan = Arc::new(agent.plan.clone());
        let broken = || Fault::new(Owner::Gateway, "a test's call has no id", "report it");
        let id = CallId::parse("TEST").ok_or_else(broken)?;
        let (from, to, agent_id) = (String::new(), String::new(), plan.agent.clone());
        let facts = CallFacts { id, from, to, agent: agent_id, now_us: || NOON_US };
        // No action of a test is known anywhere else.
        let secret = ActionSecret::new(&[0; 32]);
        let timing = &plan.timing;
        let watch = Watch {
            speech: timing.speech,
            silence: timing.end_of_turn,
            expect: crate::core::conversation::Expect::Anything,
        };
        Ok(Stage {
            llm: Arc::clone(llm),
            registry: Registry::new(Arc::new(agent.mocked_toolbox(&test.mocks)), facts, secret),
            conversation: Conversation::new(Arc::clone(&plan)),
            vault: Vault::new(Arc::clone(&plan)),
            now: CallTime::ANSWER,
            queue: BTreeMap::new(),
            queued: 0,
            at_once: VecDeque::new(),
            watch,
            playing: None,
            file: CallFile::default(),
            troubles: Vec::new(),
            plan,
        })
    }

    /// Does what the caller does, until the agent waits for the caller again; false where the step is none of the
    /// caller's.
    async fn moves(&mut self, what: &Move) -> Result<bool, Fault> {
        match what {
            Move::Says(words) => self.says(words),
            Move::Presses(keys) => {
                let mut at = self.now;
                for key in keys.chars() {
                    at = at + CALLER_AFTER;
                    self.tell(at, Event::Key { key, at: track(at) });
                }
                // A number may still go on: what waits for its next key is waited for.
                self.settle(Some(at + self.plan.timing.keys + Millis(1))).await?;
            }
            Move::Waits(length) => self.settle(Some(self.now + *length)).await?,
            Move::Agent(_) | Move::Confirms(_) | Move::Runs(_) | Move::RunsNot(_) | Move::HangsUp => {
                return Ok(false);
            }
        }
        self.settle(None).await?;
        Ok(true)
    }

    fn says(&mut self, words: &str) {
        let begin = self.now + CALLER_AFTER;
        let mut at = begin;
        let mut told = Vec::new();
        for word in words.split_whitespace() {
            let length = Millis(PACE.0.saturating_mul(count(word))).0.max(WORD_LEAST.0);
            let end = at + Millis(length);
            told.push(Word { text: word.to_owned(), span: Some(Span { from: track(at), to: track(end) }) });
            at = end + PACE;
        }
        self.plan_for(begin + self.watch.speech, Happening::Begins(begin));
        self.plan_for(at, Happening::Ends(told));
    }

    fn tell(&mut self, at: CallTime, event: Event) {
        self.plan_for(at, Happening::Tell(event));
    }

    fn plan_for(&mut self, at: CallTime, what: Happening) {
        self.queued += 1;
        self.queue.insert((at.max(self.now), self.queued), what);
    }

    /// Runs until the agent waits for the caller, or until that time.
    async fn settle(&mut self, until: Option<CallTime>) -> Result<(), Fault> {
        for _ in 0..STEPS_MOST {
            if let Some(event) = self.at_once.pop_front() {
                self.step(self.now, Some(event)).await;
                continue;
            }
            let next = self.queue.first_key_value().map(|((at, _), _)| *at);
            let due = self.conversation.deadline();
            let Some(at) = next.into_iter().chain(due).min() else { return Ok(()) };
            let rests = match until {
                Some(until) => at > until,
                None => next.is_none() && at > self.now + self.quiet(),
            };
            if rests || self.conversation.is_ended() {
                self.now = self.now.max(until.unwrap_or(self.now));
                return Ok(());
            }
            match self.queue.first_entry().filter(|entry| entry.key().0 <= at) {
                Some(entry) => {
                    let what = entry.remove();
                    self.happens(at, what).await;
                }
                None => self.step(at, None).await,
            }
        }
        let what = "a test's call never comes to rest";
        Err(Fault::new(
            Owner::Gateway,
            what,
            "this is a mistake of ours, please report it with the agent's file",
        ))
    }

    /// How far away a timer must be to be one that waits for the caller.
    fn quiet(&self) -> Millis {
        let timing = &self.plan.timing;
        Millis(timing.answer.0.min(timing.silence.0) / 2).max(QUIET_LEAST)
    }

    async fn happens(&mut self, at: CallTime, what: Happening) {
        match what {
            Happening::Tell(event) => {
                if let Event::Synthesised { reply, piece, length } = &event {
                    self.voiced(at, *reply, *piece, *length);
                }
                if let Event::Played { reply, .. } = &event {
                    self.playing = self.playing.take().filter(|playing| playing.reply != *reply);
                }
                self.step(at, Some(event)).await;
            }
            Happening::Begins(from) => self.step(at, Some(Event::SpeechStarted { at: track(from) })).await,
            Happening::Ends(words) => {
                let known = at + self.watch.silence;
                self.tell(known, Event::SpeechStopped { at: track(at) });
                let end = TranscriptEnd::Turn(Affirmation::ByWords);
                self.tell(known, Event::Heard(Transcript { words, end }));
            }
        }
    }

    /// The timers due, then the event; then what is ordered.
    async fn step(&mut self, at: CallTime, event: Option<Event>) {
        self.now = self.now.max(at);
        let mut out = Outputs::default();
        self.conversation.wake(at, &mut out);
        self.obey(&mut out).await;
        let Some(event) = event else { return };
        let (before, event) = self.vault.tell(event, &self.conversation);
        for event in before.into_iter().chain([event]) {
            self.conversation.handle(at, &event, &mut out);
            self.file.lines.push(Line::Event { at, event });
            self.obey(&mut out).await;
        }
    }

    async fn obey(&mut self, out: &mut Outputs) {
        for step in out.steps.drain(..) {
            match step {
                Step::Fired { timer, due } => {
                    self.file.lines.push(Line::Timer { due, name: write_timer(timer).to_owned() });
                }
                Step::Order(order) => {
                    self.file.lines.push(Line::Order { text: write_order(&order) });
                    self.carry_out(order).await;
                }
            }
        }
    }

    async fn carry_out(&mut self, order: Order) {
        match order {
            Order::Watch(watch) => self.watch = watch,
            Order::Say { reply, piece, role: _, text } => {
                let text = self.vault.spoken(&text);
                self.says_piece(reply, piece, &text);
            }
            Order::EndReply { reply } => {
                if let Some(playing) = self.playing.as_mut().filter(|playing| playing.reply == reply) {
                    playing.ended = true;
                }
                self.may_end();
            }
            Order::Cut { .. } => self.cut(),
            Order::Generate { generation, history, digest: _ } => {
                let entries = self.conversation.history().entries();
                let mut events = self.llm.generate(prompt(&self.plan, entries, history, self.vault.values()));
                let mut at = self.now + THINKS;
                while let Some(event) = events.next().await {
                    let (event, fault) = event.told(generation);
                    self.troubles.extend(fault);
                    self.tell(at, event);
                    at = at + Millis(1);
                }
            }
            Order::Prepare { proposal, tool, args } => {
                let event = match self.registry.prepare(proposal, &tool, &args, self.vault.values()).await {
                    Ok(ready) => Event::Prepared { proposal, action: ready.action, values: ready.values },
                    Err(not) => not.told(proposal),
                };
                self.tell(self.now + TOOL_TAKES, event);
            }
            Order::Discard { proposal } => self.registry.discard(proposal),
            Order::Run { proposal, tool, args, key, permit } => {
                let (leave, now) = (Leave { tool, args, key, permit }, self.now);
                let event = match self.registry.run(leave, self.vault.values(), now, &Unlogged).await {
                    Ok(outcome) => Event::Settled { proposal, outcome },
                    Err(unproven) => Event::Unproven { proposal, unproven },
                };
                self.tell(now + TOOL_TAKES, event);
            }
            Order::HangUp { .. } => self.tell(self.now + HANGS_UP_AFTER, Event::HungUp),
            // What a model that is not waited for any more still says, the conversation leaves out.
            Order::DropGeneration { .. } | Order::Record | Order::Note(_) => {}
        }
    }

    fn says_piece(&mut self, reply: ReplyId, piece: PieceNo, text: &str) {
        match self.playing.as_mut().filter(|playing| playing.reply == reply) {
            Some(playing) => playing.pieces.push(None),
            None => {
                let (began, empty_at) = (self.now, self.now);
                self.playing = Some(Playing { reply, pieces: vec![None], ended: false, began, empty_at });
            }
        }
        let length = Millis(PACE.0.saturating_mul(count(text)).max(WORD_LEAST.0)).samples();
        self.tell(self.now + VOICED_AFTER, Event::Synthesised { reply, piece, length });
    }

    fn voiced(&mut self, at: CallTime, reply: ReplyId, piece: PieceNo, length: Samples) {
        let Some(playing) = self.playing.as_mut().filter(|playing| playing.reply == reply) else { return };
        if let Some(slot) = playing.pieces.get_mut(piece.0 as usize) {
            if piece.0 == 0 {
                playing.began = at;
            }
            *slot = Some(length);
            playing.empty_at = playing.empty_at.max(at) + length.millis();
        }
        self.may_end();
    }

    /// All of a reply is on the line: its mark comes back when it was played.
    fn may_end(&mut self) {
        let Some(playing) = &self.playing else { return };
        if playing.ended && playing.pieces.iter().all(Option::is_some) {
            let (reply, at) = (playing.reply, playing.empty_at);
            self.tell(at, Event::Played { reply, at: track(at), by: By::Mark });
        }
    }

    /// Stops the reply and says what was heard of it.
    fn cut(&mut self) {
        let Some(playing) = self.playing.take() else { return };
        self.queue.retain(|_, what| {
            !matches!(what, Happening::Tell(Event::Played { reply, .. }) if *reply == playing.reply)
        });
        let mut rest = self.now.since(playing.began).samples().0;
        let (mut whole, mut permille) = (0, 0);
        for length in playing.pieces.iter().map_while(|piece| *piece) {
            if length.0 > rest {
                permille = u16::try_from(u64::from(rest) * 1_000 / u64::from(length.0)).unwrap_or(999);
                break;
            }
            rest -= length.0;
            whole += 1;
        }
        // The last sample counts as heard by acknowledgment alone.
        if usize::from(whole) == playing.pieces.len() {
            (whole, permille) = (whole - 1, 999);
        }
        self.at_once.push_back(Event::Cut { reply: playing.reply, whole, permille });
    }
}

fn count(text: &str) -> u32 {
    u32::try_from(text.chars().count()).unwrap_or(u32::MAX)
}

/// A call time as a place on the caller's track.
fn track(at: CallTime) -> Position {
    Position(u64::from(at.0) * PER_MILLI)
}
