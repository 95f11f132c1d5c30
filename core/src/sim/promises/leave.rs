//! Promise 1: no tool that asks runs before the caller's own yes to the question that was heard whole.
//!
//! A yes is what the caller *meant*, said wholly after the last sample of the question, or key 1 pressed after it where
//! the question offered keys.
//! Between question and yes nothing else was said; between yes and request lie 700 ms, the naming to its end,
//! and nothing of the caller but another yes or a sign of listening.
//!
//! Promises: judges by intention and position; what the words looked like does not matter.
//! Never: believes a note of the conversation.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::Seen;
use crate::base::{CallTime, Digest, Millis, Position, ProposalId, ReplyId, Samples, ToolName};
use crate::conversation::{
    Answered, Basis, By, Effects, EngineYes, Event, Order, Permit, Plan, Policy, Resumed, Role, Timer,
    ToolPlan, Transcript, TranscriptEnd, VoiceYes,
};
use crate::language::{Language, Phrase, digits_spoken, money_read, money_spoken};
use crate::sim::caller::{Heard, Meaning, Spoken, Truth, track};

/// From the yes to the request at the least.
const BREATH: Millis = Millis(700);

/// Words that come later than this after their speech were given up long ago, and nobody waits for them.
const OWED_MOST: Samples = Millis(8_000).samples();

#[derive(Debug)]
pub(super) struct Leave {
    plan: Arc<Plan>,
    answered: Option<Answered>,
    asked: BTreeMap<ProposalId, Asked>,
    reply: Option<Said>,
    /// Between `SpeechStarted` and `SpeechStopped`.
    speaking: Speaking,
    /// Stretches of speech whose words are not told yet, by where they stopped.
    owed: Vec<Position>,
    /// Those of them that may have been answered by words which lie nowhere.
    doubtful: Vec<Position>,
    /// What was said since the caller last fell silent with nothing owed.
    turn: CallerTurn,
    line: Line,
}

#[derive(Debug, Default)]
struct CallerTurn {
    spoken: Vec<Spoken>,
    told: Told,
    heard: Heard,
}

#[derive(Debug, PartialEq, Eq)]
enum Speaking {
    No,
    Yes,
}

#[derive(Debug, PartialEq, Eq)]
enum Line {
    Flows,
    Stalled,
}

#[derive(Debug)]
struct Said {
    reply: ReplyId,
    role: Role,
    text: String,
}

/// What was said and heard about one proposal.
#[derive(Debug)]
struct Asked {
    tool: ToolName,
    args: Value,
    action: Option<Digest>,
    values: Value,
    /// A question that names every argument was heard to its end.
    whole: bool,
    /// A question that names the keys was heard to its end.
    offered: bool,
    question: Question,
    yes: Option<Yes>,
    naming: Naming,
}

#[derive(Debug, PartialEq, Eq)]
enum Question {
    Closed,
    /// On the line; a refusal over it voids it.
    Open,
    Heard(Position),
}

#[derive(Debug)]
struct Yes {
    at: CallTime,
    by: YesBy,
}

#[derive(Debug, PartialEq, Eq)]
enum YesBy {
    Voice,
    Key,
}

#[derive(Debug, PartialEq, Eq)]
enum Naming {
    None,
    Speaking,
    Over,
}

impl Asked {
    fn void(&mut self) {
        self.question = Question::Closed;
        self.yes = None;
        self.naming = Naming::None;
    }
}

impl Asked {
    /// A turn of the caller; `open` when it was still waited for.
    fn hears(&mut self, at: CallTime, turn: &CallerTurn, open: bool) {
        let meant = Meant::by(&turn.spoken);
        match self.question {
            Question::Closed => {}
            // Over the question only a refusal counts, and only where it was told in its turn and understood: what was
            // taken for a yes there is asked about again.
            Question::Open => {
                let told = turn.told == Told::All && turn.heard == Heard::Rightly;
                if meant == Meant::Refusal && open && told {
                    self.void();
                }
            }
            Question::Heard(end) if turn.spoken.iter().all(|spoken| spoken.span.to < end) => {}
            Question::Heard(end) => {
                // What was said over the question and was no refusal neither gives leave nor takes it.
                let after: Vec<Spoken> = turn.spoken.iter().copied().filter(|s| s.span.from >= end).collect();
                let meant = if meant == Meant::Refusal { meant } else { Meant::by(&after) };
                match (meant, turn.told, &self.yes) {
                    (Meant::Yes, Told::All, None) => self.yes = Some(Yes { at, by: YesBy::Voice }),
                    (Meant::Yes | Meant::Listening, Told::All, _) => {}
                    (Meant::Refusal, _, _) | (Meant::Yes | Meant::Listening | Meant::Else, _, Some(_)) => {
                        self.void()
                    }
                    (Meant::Yes | Meant::Listening | Meant::Else, _, None) => {}
                }
            }
        }
    }
}

impl Leave {
    pub(super) fn new(plan: Arc<Plan>) -> Leave {
        Leave {
            plan,
            answered: None,
            asked: BTreeMap::new(),
            reply: None,
            speaking: Speaking::No,
            owed: Vec::new(),
            doubtful: Vec::new(),
            turn: CallerTurn::default(),
            line: Line::Flows,
        }
    }

    pub(super) fn sees(&mut self, at: CallTime, seen: &Seen<'_>) -> Result<(), String> {
        match seen {
            Seen::Event(event, truth) => self.event(at, event, truth),
            Seen::Timer(timer) => self.timer(*timer),
            Seen::Order(order) => return self.order(at, order),
            Seen::Rest { .. } => {}
        }
        Ok(())
    }

    fn timer(&mut self, timer: Timer) {
        if matches!(timer, Timer::Transcript | Timer::TurnLimit) {
            // Who speaks beyond the longest turn still speaks, and what is told of it then counts by where it lies.
            (self.owed, self.doubtful) = (Vec::new(), Vec::new());
            self.turn = CallerTurn::default();
            // Words after the question are lost: they may have been anything.
            let heard = |asked: &&mut Asked| matches!(asked.question, Question::Heard(_));
            self.asked.values_mut().filter(heard).for_each(Asked::void);
        } else if matches!(timer, Timer::Synthesis | Timer::Mark) {
            self.reply_lost();
        }
    }

    fn event(&mut self, at: CallTime, event: &Event, truth: &Truth) {
        match event {
            Event::Answered(answered) => self.answered = Some(answered.clone()),
            Event::Resumed(resumed) => self.resumed(resumed),
            Event::SpeechStarted { .. } => self.speaking = Speaking::Yes,
            Event::SpeechStopped { at } => {
                if self.speaking == Speaking::Yes {
                    self.owed.push(*at);
                }
                self.speaking = Speaking::No;
            }
            Event::LineStalled => self.line = Line::Stalled,
            Event::LineResumed => self.line = Line::Flows,
            Event::Key { key, at: position } => self.key(at, *key, *position),
            Event::Heard(transcript) => {
                self.told_nowhere(at, transcript, truth);
                self.words(at, truth, Told::All);
            }
            Event::SttFailed => self.words(at, truth, Told::Lost),
            Event::Played { reply, at, by } => self.played(*reply, *at, *by),
            Event::Cut { reply, .. } | Event::TtsFailed { reply } => {
                if self.reply.as_ref().is_some_and(|said| said.reply == *reply) {
                    self.reply_lost();
                }
            }
            Event::Prepared { proposal, action, values } => {
                if let Some(asked) = self.asked.get_mut(proposal)
                    && asked.action.is_none()
                {
                    asked.action = Some(*action);
                    asked.values = values.clone();
                }
            }
            Event::Synthesised { .. }
            | Event::Wrote { .. }
            | Event::Proposed { .. }
            | Event::Finished { .. }
            | Event::GenerationFailed { .. }
            | Event::Unprepared { .. }
            | Event::Unproven { .. }
            | Event::Settled { .. }
            | Event::HungUp => {}
        }
    }

    /// No question, yes or naming of the old line stands, and no request that was resolved before.
    fn resumed(&mut self, resumed: &Resumed) {
        if let Some(answered) = &mut self.answered {
            (answered.line, answered.engine) = (resumed.line, resumed.engine);
        }
        for asked in self.asked.values_mut() {
            asked.void();
            asked.action = None;
        }
        self.reply = None;
        self.speaking = Speaking::No;
        self.line = Line::Flows;
        (self.owed, self.doubtful) = (Vec::new(), Vec::new());
        self.turn = CallerTurn::default();
    }

    fn key(&mut self, at: CallTime, key: char, position: Position) {
        for asked in self.asked.values_mut() {
            match (key, &asked.question, &asked.yes) {
                (_, Question::Closed, _) => {}
                ('1', Question::Heard(end), None) if position >= *end && asked.offered => {
                    asked.yes = Some(Yes { at, by: YesBy::Key });
                }
                ('1', Question::Open | Question::Heard(_), _) => {}
                ('2', Question::Open, _) | (_, Question::Heard(_), _) => asked.void(),
                (_, Question::Open, _) => {}
            }
        }
    }

    /// Words that lie nowhere, of a stretch that is not owed: nobody can know that they do not answer the oldest that is. Its
    /// own words still count when they come, but nobody waits for them.
    fn told_nowhere(&mut self, at: CallTime, transcript: &Transcript, truth: &Truth) {
        let ends = matches!(transcript.end, TranscriptEnd::Turn(_));
        let nowhere = transcript.words.iter().all(|word| word.span.is_none());
        let owed = truth.stop.is_some_and(|stop| self.owed.contains(&stop) || self.doubtful.contains(&stop));
        if ends && nowhere && !owed && !self.owed.is_empty() {
            let open = self.is_speaking();
            self.doubtful.push(self.owed.remove(0));
            self.judge(at, open);
        }
    }

    /// Words were told, or are lost; the turn is judged as a whole, when nothing of it is owed any more.
    fn words(&mut self, at: CallTime, truth: &Truth, told: Told) {
        let Some(stop) = truth.stop else { return };
        if !self.owed.contains(&stop) && !self.doubtful.contains(&stop) {
            // Of a turn that was given up: whatever was asked then has been asked again since, and no yes is taken
            // from it. A refusal counts whenever it is told.
            let refusal = truth.heard == Heard::Rightly && Meant::by(&truth.spoken) == Meant::Refusal;
            if told == Told::All && refusal {
                self.asked.values_mut().for_each(Asked::void);
            }
            return;
        }
        let open = self.is_speaking();
        self.owed.retain(|owed| *owed != stop && track(at).since(*owed) < OWED_MOST);
        self.doubtful.retain(|owed| *owed != stop);
        self.turn.spoken.extend(&truth.spoken);
        if told == Told::Lost {
            self.turn.told = Told::Lost;
        }
        if truth.heard == Heard::Amiss {
            self.turn.heard = Heard::Amiss;
        }
        self.judge(at, open);
    }

    /// The turn is judged when nothing of it is owed any more; `open` when it was still waited for.
    fn judge(&mut self, at: CallTime, open: bool) {
        if !self.is_speaking() {
            let turn = std::mem::take(&mut self.turn);
            self.asked.values_mut().for_each(|asked| asked.hears(at, &turn, open));
        }
    }

    fn is_speaking(&self) -> bool {
        self.speaking == Speaking::Yes || !self.owed.is_empty()
    }

    fn played(&mut self, reply: ReplyId, end: Position, by: By) {
        let Some(said) = self.reply.take_if(|said| said.reply == reply) else { return };
        let (plan, marks) = (Arc::clone(&self.plan), self.marks());
        if let Role::Question(proposal) = said.role
            && let Some(asked) = self.asked.get_mut(&proposal)
        {
            let demands = plan.tool(&asked.tool).is_some_and(|tool| tool.confirm.demands_mark);
            if by == By::Clock && (marks || demands) {
                asked.void();
            } else if asked.question == Question::Open {
                asked.whole |= names_all(&plan, &asked.args, &said.text);
                asked.offered |= names_keys(plan.language, &said.text);
                asked.question = Question::Heard(end);
            }
        } else if let Role::Action(proposal) = said.role
            && let Some(asked) = self.asked.get_mut(&proposal)
        {
            asked.naming = Naming::Over;
        }
    }

    fn marks(&self) -> bool {
        self.answered.as_ref().is_some_and(|answered| answered.line.marks)
    }

    /// The reply on the line was not heard to its end.
    fn reply_lost(&mut self) {
        let Some(said) = self.reply.take() else { return };
        if let Role::Question(proposal) | Role::Action(proposal) = said.role
            && let Some(asked) = self.asked.get_mut(&proposal)
        {
            asked.void();
        }
    }

    fn order(&mut self, at: CallTime, order: &Order) -> Result<(), String> {
        if let Order::Prepare { proposal, tool, args } = order {
            let (tool, args) = (tool.clone(), args.clone());
            let asked = Asked {
                tool,
                values: args.clone(),
                args,
                action: None,
                whole: false,
                offered: false,
                question: Question::Closed,
                yes: None,
                naming: Naming::None,
            };
            self.asked.insert(*proposal, asked);
        } else if let Order::Say { reply, role, text, .. } = order {
            self.says(*reply, *role, text);
        } else if let Order::Run { proposal, tool, args, permit, .. } = order {
            return self.runs(at, *proposal, tool, args, permit);
        }
        Ok(())
    }

    fn says(&mut self, reply: ReplyId, role: Role, text: &str) {
        if let Some(said) = self.reply.as_mut().filter(|said| said.reply == reply) {
            said.text.push(' ');
            said.text.push_str(text);
            return;
        }
        for (proposal, asked) in &mut self.asked {
            if role == Role::Question(*proposal) {
                asked.void();
                asked.question = Question::Open;
            } else if role == Role::Action(*proposal) {
                asked.naming = Naming::Speaking;
            } else {
                // Something else sounds: what was asked before does not stand any more.
                asked.void();
            }
        }
        self.reply = Some(Said { reply, role, text: text.to_owned() });
    }

    fn runs(
        &mut self,
        at: CallTime,
        proposal: ProposalId,
        tool: &ToolName,
        args: &Value,
        permit: &Permit,
    ) -> Result<(), String> {
        let Some(plan) = self.plan.tool(tool) else { return Err(format!("{tool} is no tool of the plan")) };
        if plan.effects == Effects::None {
            return Ok(());
        }
        let Some(asked) = self.asked.get(&proposal) else {
            return Err(format!("{proposal} runs and was never resolved"));
        };
        let say = |what: &str| Err(format!("{proposal} runs {what}"));
        if asked.tool != *tool || asked.args != *args {
            return say("with other arguments than were resolved");
        }
        if asked.action.is_none_or(|action| !permit.covers(proposal, action, at)) {
            return say("under a permit for another action, or one that is too old");
        }
        if !asks(plan, &asked.values) {
            return Ok(());
        }
        if *permit.basis() != Basis::Confirmed {
            return say("without a confirmation");
        }
        if !asked.whole {
            return say("though no question with its arguments was heard to its end");
        }
        let Some(yes) = &asked.yes else { return say("without a yes of the caller to its question") };
        if at.since(yes.at) < BREATH {
            return say("less than a breath after the yes");
        }
        if asked.naming == Naming::Speaking {
            return say("before its naming was over");
        }
        let owed = match asked.question {
            Question::Heard(end) => self.owed.iter().any(|stop| *stop >= end),
            Question::Closed | Question::Open => true,
        };
        if self.speaking == Speaking::Yes || owed {
            return say("while the caller speaks, or speech is not judged yet");
        }
        if self.line == Line::Stalled {
            return say("while nobody could hear a retraction");
        }
        if self.wants_key(plan) && yes.by == YesBy::Voice {
            return say("on a spoken yes where a key is demanded");
        }
        Ok(())
    }

    fn wants_key(&self, tool: &ToolPlan) -> bool {
        let by_engine = self.answered.as_ref().is_some_and(|a| a.engine == EngineYes::KeypadOnly)
            && tool.effects == Effects::Irreversible;
        match tool.confirm.voice {
            VoiceYes::KeypadOnly => true,
            VoiceYes::ByEngine => by_engine,
            VoiceYes::Accepted => false,
        }
    }
}

/// Whether the caller was told that keys answer too.
fn names_keys(language: Language, text: &str) -> bool {
    let offers = [Phrase::SayYesOrNoOrKeys, Phrase::PressKeys, Phrase::SayYesAgain];
    offers.iter().any(|offer| text.contains(&offer.say(language)))
}

/// Whether all of a turn was told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Told {
    #[default]
    All,
    Lost,
}

/// What one stretch of speech meant as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meant {
    Yes,
    Refusal,
    Listening,
    Else,
}

impl Meant {
    pub(super) fn by(spoken: &[Spoken]) -> Meant {
        let any = |wanted: &[Meaning]| spoken.iter().any(|s| wanted.contains(&s.meaning));
        let only = |wanted: &[Meaning]| spoken.iter().all(|s| wanted.contains(&s.meaning));
        if any(&[Meaning::No, Meaning::Wait, Meaning::Change]) {
            Meant::Refusal
        } else if any(&[Meaning::Yes]) && only(&[Meaning::Yes, Meaning::Backchannel, Meaning::Noise]) {
            Meant::Yes
        } else if any(&[Meaning::Backchannel]) && only(&[Meaning::Backchannel, Meaning::Noise]) {
            Meant::Listening
        } else {
            Meant::Else
        }
    }
}

/// Whether the plan wants a question about these values; computed apart from the gate.
fn asks(tool: &ToolPlan, values: &Value) -> bool {
    match &tool.confirm.policy {
        Policy::Never => false,
        Policy::Always => true,
        // The one condition of the simulated plans.
        Policy::When(_) => {
            let amount =
                values.get("amount").and_then(Value::as_str).and_then(|text| text.parse::<i64>().ok());
            amount.is_none_or(|amount| amount > 50)
        }
    }
}

/// Whether a text speaks every value the model supplied.
fn names_all(plan: &Plan, args: &Value, text: &str) -> bool {
    let language = plan.language;
    let value = |name: &str| args.get(name).and_then(Value::as_str);
    let amount = value("amount").and_then(|amount| spoken_amount(plan, amount));
    let order = value("order").map(|order| digits_spoken(language, order));
    [amount, order].into_iter().all(|spoken| spoken.is_some_and(|spoken| text.contains(&spoken)))
}

/// An amount in words, with its sign.
fn spoken_amount(plan: &Plan, amount: &str) -> Option<String> {
    let plain = amount.trim_start_matches('-');
    let minor = money_read(plan.language, plain, &plan.currency)?;
    let minus = match (plain == amount, plan.language) {
        (true, _) => "",
        (false, Language::English | Language::German) => "minus ",
        (false, Language::Spanish | Language::Portuguese) => "menos ",
        (false, Language::French) => "moins ",
        (false, Language::Italian) => "meno ",
        (false, Language::Catalan) => "menys ",
    };
    Some(format!("{minus}{}", money_spoken(plan.language, minor, &plan.currency)))
}
