//! The heart: a conversation as several small machines side by side, told facts, answering with orders.
//!
//! This file alone branches over events and timers; `caller`, `asking`, `work`, `screening`, `resume` and `next` hold what
//! follows from them, and the machines (`turn`, `playback`, `generation`, `proposals`, `gate`, `lifecycle`) compute.
//!
//! Promises: 1 to 6 of the house, each watched from outside by `sim`.
//! Never: hears audio, reads a clock, speaks to a service.

mod asking;
mod caller;
mod consent;
mod event;
mod gate;
mod generation;
mod history;
mod identity;
mod keyed;
mod lifecycle;
mod named;
mod next;
mod order;
mod outputs;
mod phrases;
mod plan;
mod playback;
mod proposals;
mod resume;
mod screening;
mod timer;
mod turn;
mod wording;
mod work;

use std::sync::Arc;

pub use event::{
    Affirmation, Answered, By, EarlierAction, EarlierEnd, EngineYes, Event, LineAbilities, Lock, Outcome,
    Recorder, Rest, Resumed, Tag, Transcript, TranscriptEnd, Unproven, Withheld, Word,
};
pub use gate::{Basis, Permit};
pub use history::{Entry, History};
pub use named::unsaid;
pub use order::{ActionKey, Expect, Note, Order, Refusal, Role, Verdict, Watch, Why};
pub use outputs::{Outputs, Step};
pub use phrases::{ToolPhrases, Wordings};
pub use plan::{
    CannedAnswer, Confirm, Effects, Idempotency, Identity, Limits, PROOFS_PER_CALL, Parameter, ParameterKind,
    Plan, Policy, PrivateList, Recording, SaidBy, Timing, ToolPlan, VoiceYes,
};
pub use proposals::told;
pub use timer::Timer;
pub use turn::{Collects, KEYS_MAX, MASKED_KEY};
pub use wording::{Unworded, Wording, outcome_words, wording};

use crate::base::{CallTime, Digest, ProposalId, ReplyId};
use crate::language::{Figures, Phrase};
use crate::template::Renderer;
use consent::Consent;
use gate::Confirmation;
use generation::{Generation, Patience};
use lifecycle::{Life, Silence};
use playback::{End, Playback};
use proposals::Proposals;
use turn::{Hearing, Keypad, Told, Turn};

/// Timers that may fire before one event. Each firing leaves its state, so a handful is the most there can be;
/// the bound turns a mistake of ours into a late timer instead of a loop.
const TIMERS_A_STEP_MAX: usize = 64;

/// One conversation. Everything it will ever do follows from its plan and the facts it is told.
#[derive(Debug)]
pub struct Conversation {
    plan: Arc<Plan>,
    /// The latest time it was told.
    now: CallTime,
    /// The next timer, as all machines stand since the last step: asked for at every frame of a call.
    due: Option<(CallTime, Timer)>,
    renderer: Renderer,
    answered: Answered,
    life: Life,
    silence: Silence,
    hearing: Hearing,
    turn: Turn,
    keypad: Keypad,
    /// Numbers so far whose digits only the edge knows.
    hidden_numbers: u32,
    playback: Playback,
    generation: Generation,
    patience: Patience,
    proposals: Proposals,
    confirmation: Confirmation,
    consent: Consent,
    history: History,
    /// Turns of the caller so far; "in this turn" is measured by it.
    turns: u32,
    /// Outcomes the model has not been asked about yet.
    untold: u16,
    /// Turns lost by the recogniser, replies lost by the synthesiser, in a row.
    lost_turns: u8,
    lost_replies: u8,
    /// What kind of words the last reply asked for.
    expect: Expect,
    /// The standing order to the line.
    watch: Option<Watch>,
    /// Amounts and days in the admin's own words.
    admins_figures: Figures,
}

impl Conversation {
    #[must_use]
    pub fn new(plan: Arc<Plan>) -> Conversation {
        let renderer = Renderer::new(plan.language, &plan.currency);
        let line = LineAbilities { marks: false, keys: false };
        let (engine, tag, recorder) = (EngineYes::KeypadOnly, Tag::Always, Recorder::None);
        Conversation {
            now: CallTime::ANSWER,
            due: None,
            renderer,
            answered: Answered { line, engine, tag, recorder, attempt: 0, earlier: Vec::new() },
            life: Life::Ringing,
            silence: Silence::Busy { reminded: 0 },
            hearing: Hearing::Open,
            turn: Turn::quiet(),
            keypad: Keypad::Idle,
            hidden_numbers: 0,
            playback: Playback::new(),
            generation: Generation::new(),
            patience: Patience::Resting { said: 0 },
            proposals: Proposals::new(),
            confirmation: Confirmation::Closed,
            consent: Consent::Closed,
            history: History::new(),
            turns: 0,
            untold: 0,
            lost_turns: 0,
            lost_replies: 0,
            expect: Expect::Anything,
            watch: None,
            admins_figures: admins_figures(&plan),
            plan,
        }
    }

    #[must_use]
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    #[must_use]
    pub fn history(&self) -> &History {
        &self.history
    }

    #[must_use]
    pub fn is_ended(&self) -> bool {
        self.life == Life::Ended
    }

    /// Actions with effects that left and have no outcome yet.
    #[must_use]
    pub fn acting(&self) -> Vec<ProposalId> {
        self.proposals.acting().collect()
    }

    /// Takes one fact and the time, gives all that follows. Timers due by then fire first.
    pub fn handle(&mut self, at: CallTime, event: &Event, out: &mut Outputs) {
        self.wake(event.wakes_until(at), out);
        self.now = self.now.max(at);
        if self.life != Life::Ended {
            self.apply(at, event, out);
            self.next(at, out);
            self.due = self.next_timer();
        } else if let Event::Cut { reply, whole, permille } = event {
            self.on_lost_heard(*reply, *whole, *permille);
        }
    }

    /// Fires the timers due by `at`, earliest first, at equal times in the order of [`Timer`].
    pub fn wake(&mut self, at: CallTime, out: &mut Outputs) {
        for _ in 0..TIMERS_A_STEP_MAX {
            match self.due {
                Some((due, timer)) if due <= at => {
                    // At the time it was due, however late we were woken: so a journal folds the same. Where
                    // something held it beyond its time, at the time it was freed: time never goes back.
                    self.now = self.now.max(due);
                    out.fired(timer, self.now);
                    self.fire(self.now, timer, out);
                    self.next(self.now, out);
                    self.due = self.next_timer();
                }
                Some(_) | None => return,
            }
        }
    }

    /// When the conversation wants to be woken.
    #[must_use]
    pub fn deadline(&self) -> Option<CallTime> {
        self.due.map(|(due, _)| due)
    }

    fn next_timer(&self) -> Option<(CallTime, Timer)> {
        let timing = &self.plan.timing;
        let speaking = [
            self.turn.deadline(),
            self.keypad.deadline(),
            self.playback.deadline(timing),
            self.confirmation.deadline(self.hold()),
            self.generation.deadline(),
            self.patience.deadline(),
            self.silence.deadline(timing),
        ];
        let speaking = speaking.into_iter().flatten().filter(|_| self.life.may_speak());
        // The longest call waits for an action under way or named; these waits have deadlines of their own.
        let acts = self.proposals.any_effect_running() || self.confirmation.is_breath();
        let life = self.life.deadline().filter(|(_, timer)| *timer != Timer::CallLimit || !acts);
        speaking.chain(life).chain(self.proposals.deadline()).min()
    }

    fn apply(&mut self, at: CallTime, event: &Event, out: &mut Outputs) {
        if self.life == Life::Ringing && !matches!(event, Event::Answered(_) | Event::HungUp) {
            return;
        }
        match event {
            Event::Answered(answered) => self.on_answered(answered),
            Event::SpeechStarted { at: from } => self.on_speech(at, *from, out),
            Event::SpeechStopped { .. } => self.turn.stopped(at, &self.plan.timing),
            Event::LineStalled => self.hearing = Hearing::Stalled,
            Event::LineResumed => {
                self.hearing = Hearing::Open;
                self.confirmation.breathe_anew(at);
            }
            Event::Key { key, at: position } => self.on_key(at, *key, *position, out),
            Event::Heard(transcript) => match self.turn.heard(transcript, &self.plan.timing) {
                Told::Nothing => {}
                Told::Turn(said) => self.on_said(at, &said, out),
                Told::Late(said) => self.on_said_late(at, &said, out),
            },
            Event::SttFailed => {
                if let Some(said) = self.turn.lost() {
                    self.on_said(at, &said, out);
                }
            }
            Event::Synthesised { reply, length, .. } => self.playback.synthesised(at, *reply, *length),
            Event::TtsFailed { reply } => {
                let is_ours = self.playback.is_on_line(*reply);
                if let Some(lost) = is_ours.then(|| self.playback.lose()).flatten() {
                    out.order(Order::Cut { reply: *reply });
                    self.on_reply_lost(at, &lost, out);
                }
            }
            Event::Played { reply, at: end, by } => {
                if let Some(played) = self.playback.over(*reply) {
                    self.on_played(at, &played, *end, *by, out);
                }
            }
            Event::Cut { reply, whole, permille } => {
                if let Some(cut) = self.playback.over(*reply) {
                    self.push_agent(cut.heard(*whole, *permille));
                    self.on_cut(at, cut.role, out);
                } else {
                    self.on_lost_heard(*reply, *whole, *permille);
                }
            }
            Event::Wrote { generation, piece } => self.on_wrote(at, *generation, piece, out),
            Event::Proposed { generation, tool, args } => self.on_proposed(at, *generation, tool, args, out),
            Event::Finished { generation } => self.on_finished(at, *generation, out),
            Event::GenerationFailed { generation } => {
                if self.generation.running(*generation).is_some() {
                    self.on_generation_failed(at, out);
                }
            }
            Event::Prepared { proposal, action, values } => {
                self.on_prepared(at, *proposal, *action, values, out)
            }
            Event::Unprepared { proposal, why } => self.on_unprepared(*proposal, why),
            Event::Unproven { proposal, unproven } => self.on_unproven(*proposal, unproven),
            Event::Settled { proposal, outcome } => self.on_settled(*proposal, outcome),
            Event::HungUp => self.on_hung_up(out),
            Event::Resumed(resumed) => self.on_resumed(at, resumed, out),
        }
    }

    fn fire(&mut self, at: CallTime, timer: Timer, out: &mut Outputs) {
        match timer {
            Timer::CallLimit => self.close(at, Why::Limit, Phrase::CallLimit, out),
            Timer::CallWarning => {
                self.life = Life::live(at, &self.plan.timing);
                self.notice(Phrase::CallLimitSoon);
            }
            Timer::Closing => self.on_closing(at, out),
            Timer::TurnLimit | Timer::Transcript => {
                let said = self.turn.give_up(at, &self.plan.timing);
                self.on_said(at, &said, out);
            }
            Timer::Keys => {
                if let Some(keys) = self.keypad.take() {
                    self.on_keyed(at, keys, out);
                }
            }
            Timer::Synthesis => {
                if let Some(lost) = self.playback.lose() {
                    out.order(Order::Cut { reply: lost.id() });
                    self.on_reply_lost(at, &lost, out);
                }
            }
            Timer::Mark => {
                if let Some(played) = self.playback.take() {
                    out.order(Order::Cut { reply: played.id() });
                    self.on_mark_lost(at, &played, out);
                }
            }
            Timer::Breath => self.on_breath_over(at, out),
            Timer::Permit => self.ask_again(at, gate::Form::Tagged, out),
            Timer::Answer => self.ask_again(at, gate::Form::Tagged, out),
            Timer::Prepare | Timer::Tool => self.on_overdue(at, timer),
            Timer::Generation => {
                out.order(Order::DropGeneration { generation: self.generation.last });
                self.on_generation_failed(at, out);
            }
            Timer::Filler => self.on_filler(at),
            Timer::Silence => self.on_silence(at, out),
        }
    }

    fn on_answered(&mut self, answered: &Answered) {
        if self.life != Life::Ringing {
            return;
        }
        self.proposals.remember(answered.earlier.clone());
        self.life = Life::live(CallTime::ANSWER, &self.plan.timing);
        self.answered = answered.clone();
        if self.answered.attempt == 0 {
            let opening = self.opening();
            self.playback.queue(Role::Greeting, opening, End::Complete);
        } else {
            // Who is asked whether to start over is not asked for more: this conversation stays unrecorded.
            self.notice(Phrase::ConversationLost);
        }
    }

    /// What was heard of a reply that had left the line already.
    fn on_lost_heard(&mut self, reply: ReplyId, whole: u16, permille: u16) {
        if let Some(lost) = self.playback.lost(reply) {
            self.push_agent(lost.heard(whole, permille));
        }
    }

    /// Queues a sentence of the gateway's own.
    fn notice(&mut self, phrase: Phrase<'_>) {
        self.playback.queue(Role::Notice, vec![phrase.say(self.plan.language)], End::Complete);
    }

    /// Into the history, if anything was heard.
    fn push_agent(&mut self, text: String) {
        if !text.is_empty() {
            self.history.push(Entry::Agent { text });
        }
    }

    /// A digest of all state a replay compares: the history's.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.history.digest()
    }
}

fn admins_figures(plan: &Plan) -> Figures {
    let mut figures = Figures::in_text(plan.language, &plan.prompt);
    plan.answers.iter().for_each(|answer| figures.add_text(plan.language, &answer.say));
    figures
}
