//! One order, and one timer, as one line.
//!
//! Promises: two orders that differ in anything a driver would carry out differ in their line.
//! Never: reads an order back: a permit cannot come out of a text.

use super::event::quoted;
use crate::conversation::{ActionKey, Basis, Expect, Note, Order, Refusal, Role, Timer, Verdict, Why};
use crate::language::Answer;

/// What stands behind `>` in a journal.
#[must_use]
pub fn write_order(order: &Order) -> String {
    match order {
        Order::Watch(watch) => {
            let expect = match watch.expect {
                Expect::Anything => "anything",
                Expect::YesNo => "yes-no",
                Expect::YesAgain => "yes-again",
                Expect::Digits => "digits",
            };
            format!("watch speech={} silence={} expect={expect}", watch.speech.0, watch.silence.0)
        }
        Order::Say { reply, piece, role, text } => {
            format!("say {reply}{piece} {} {}", role_word(*role), quoted(text))
        }
        Order::EndReply { reply } => format!("end {reply}"),
        Order::Cut { reply } => format!("cut {reply}"),
        Order::Generate { generation, history, digest } => {
            format!("generate {generation} history={history} {digest}")
        }
        Order::DropGeneration { generation } => format!("drop {generation}"),
        Order::Prepare { proposal, tool, args } => format!("prepare {proposal} {tool} {args}"),
        Order::Discard { proposal } => format!("discard {proposal}"),
        Order::Run { proposal, tool, args, key, permit } => {
            let key = match key {
                ActionKey::Own(proposal) => proposal.to_string(),
                ActionKey::Earlier(key) => quoted(key),
            };
            let basis = match permit.basis() {
                Basis::Unasked => "unasked",
                Basis::Confirmed => "confirmed",
                Basis::Admin { .. } => "admin",
            };
            format!("run {proposal} {tool} {args} key={key} action={} {basis}", permit.action())
        }
        Order::Record => "record".to_owned(),
        Order::HangUp { why } => format!("hang-up {}", why_word(*why)),
        Order::Note(note) => format!("note {}", write_note(note)),
    }
}

/// What stands behind `.` in a journal.
#[must_use]
pub fn write_timer(timer: Timer) -> &'static str {
    match timer {
        Timer::CallLimit => "call-limit",
        Timer::CallWarning => "call-warning",
        Timer::Closing => "closing",
        Timer::TurnLimit => "turn-limit",
        Timer::Transcript => "transcript",
        Timer::Keys => "keys",
        Timer::Synthesis => "synthesis",
        Timer::Mark => "mark",
        Timer::Breath => "breath",
        Timer::Permit => "permit",
        Timer::Answer => "answer",
        Timer::Prepare => "prepare",
        Timer::Tool => "tool",
        Timer::Generation => "generation",
        Timer::Filler => "filler",
        Timer::Silence => "silence",
    }
}

fn role_word(role: Role) -> String {
    match role {
        Role::Greeting => "greeting".to_owned(),
        Role::Answer(generation) => format!("answer:{generation}"),
        Role::Filler => "filler".to_owned(),
        Role::Reminder => "reminder".to_owned(),
        Role::Notice => "notice".to_owned(),
        Role::Question(proposal) => format!("question:{proposal}"),
        Role::Action(proposal) => format!("action:{proposal}"),
        Role::Outcome(proposal) => format!("outcome:{proposal}"),
        Role::Goodbye => "goodbye".to_owned(),
    }
}

fn why_word(why: Why) -> &'static str {
    match why {
        Why::Finished => "finished",
        Why::Silence => "silence",
        Why::Limit => "limit",
        Why::Service => "service",
    }
}

fn write_note(note: &Note) -> String {
    match note {
        Note::Asked { proposal, end } => format!("asked {proposal} {end}"),
        Note::Judged { proposal, answer } => format!("judged {proposal} {}", verdict_word(*answer)),
        Note::Refused { proposal, why } => format!("refused {proposal} {}", refusal_word(*why)),
        Note::Unsaid { proposal, parameter } => format!("unsaid {proposal} {parameter}"),
        Note::Withdrawn { proposal } => format!("withdrawn {proposal}"),
        Note::Screened { generation } => format!("screened {generation}"),
    }
}

fn verdict_word(verdict: Verdict) -> String {
    match verdict {
        Verdict::Spoken(answer) => answer_word(answer).to_owned(),
        Verdict::Key(key) => format!("key-{key}"),
        Verdict::WantsKey => "yes-but-wants-key".to_owned(),
        Verdict::Early => "early-yes".to_owned(),
        Verdict::Echo => "echo".to_owned(),
        Verdict::Doubtful => "doubtful-yes".to_owned(),
    }
}

fn answer_word(answer: Answer) -> &'static str {
    match answer {
        Answer::Yes => "yes",
        Answer::No => "no",
        Answer::Wait => "wait",
        Answer::Change => "change",
        Answer::Question => "question",
        Answer::Backchannel => "backchannel",
        Answer::Unclear => "unclear",
    }
}

fn refusal_word(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::UnknownTool => "unknown-tool",
        Refusal::Declined => "declined",
        Refusal::UnderWay => "under-way",
        Refusal::OutcomeUnknown => "outcome-unknown",
        Refusal::AlreadyDone => "already-done",
        Refusal::NotAskable => "not-askable",
    }
}
