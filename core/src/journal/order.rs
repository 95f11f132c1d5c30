//! One order, and one timer, as one line.
//!
//! Promises: two orders that differ in anything a driver would carry out differ in their line; a word that no order and no
//! timer has is found, with those there are.
//! Never: reads an order back: a permit cannot come out of a text.

use super::event::quoted;
use crate::conversation::{ActionKey, Basis, Expect, Note, Order, Refusal, Role, Timer, Verdict, Why};
use crate::language::Answer;

/// The words an order may begin with, and those of its parts that have a word of their own.
const ORDERS: &[&str] = &[
    "watch", "say", "end", "cut", "generate", "drop", "prepare", "discard", "run", "record", "hang-up",
    "note",
];
const ROLES: &[&str] =
    &["greeting", "answer", "filler", "reminder", "notice", "question", "action", "outcome", "goodbye"];
const NOTES: &[&str] = &["asked", "judged", "refused", "unsaid", "withdrawn", "screened"];
const VERDICTS: &[&str] = &[
    "yes",
    "no",
    "wait",
    "change",
    "question",
    "backchannel",
    "unclear",
    "yes-but-wants-key",
    "early-yes",
    "echo",
    "doubtful-yes",
];
const REFUSALS: &[&str] =
    &["unknown-tool", "declined", "under-way", "outcome-unknown", "already-done", "not-askable"];
const WHYS: &[&str] = &["finished", "silence", "limit", "service"];
const BASES: &[&str] = &["unasked", "confirmed", "admin"];
const TIMERS: &[&str] = &[
    "call-limit",
    "call-warning",
    "closing",
    "turn-limit",
    "transcript",
    "keys",
    "synthesis",
    "mark",
    "breath",
    "permit",
    "answer",
    "prepare",
    "tool",
    "generation",
    "filler",
    "silence",
];

/// In an order that is expected it stands for anything.
const ANYTHING: char = '…';

/// Whether what stands behind `>` can be an order: its words are known. What it is about is not looked at.
///
/// # Errors
/// The word that is none, and those there are.
pub(super) fn check_order(text: &str) -> Result<(), String> {
    let mut words = text.split(' ');
    let (verb, second, third) = (words.next().unwrap_or_default(), words.next(), words.next());
    one_of("order", verb, ORDERS)?;
    let kind = |word: Option<&'_ str>| word.map(|word| word.split(':').next().unwrap_or(word).to_owned());
    match (verb, second) {
        ("say", _) => kind(third).map_or(Ok(()), |role| one_of("part of a reply", &role, ROLES)),
        ("hang-up", Some(why)) => one_of("reason to hang up", why, WHYS),
        ("run", _) => one_of("leave to run", text.rsplit(' ').next().unwrap_or_default(), BASES),
        ("note", Some(note)) => {
            one_of("note", note, NOTES)?;
            match (note, words.next()) {
                // Any key may be an answer.
                ("judged", Some(verdict)) if verdict.starts_with("key-") => Ok(()),
                ("judged", Some(verdict)) => one_of("verdict", verdict, VERDICTS),
                ("refused", Some(why)) => one_of("refusal", why, REFUSALS),
                _ => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

/// Whether what stands behind `.` is a timer.
///
/// # Errors
/// It is none; those there are.
pub(super) fn check_timer(name: &str) -> Result<(), String> {
    one_of("timer", name, TIMERS)
}

fn one_of(what: &str, word: &str, known: &[&str]) -> Result<(), String> {
    if known.contains(&word) || word.contains(ANYTHING) {
        return Ok(());
    }
    Err(format!("`{word}` is no {what}; there are {}", known.join(", ")))
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{GenerationId, ProposalId};

    #[test]
    fn every_word_that_is_written_is_known() {
        let (t1, g1) = (ProposalId(1), GenerationId(1));
        let roles = [
            Role::Greeting,
            Role::Answer(g1),
            Role::Filler,
            Role::Reminder,
            Role::Notice,
            Role::Question(t1),
            Role::Action(t1),
            Role::Outcome(t1),
            Role::Goodbye,
        ];
        for role in roles {
            assert_eq!(check_order(&format!("say #1.0 {} \"Hi\"", role_word(role))), Ok(()));
        }
        for why in [Why::Finished, Why::Silence, Why::Limit, Why::Service] {
            assert_eq!(check_order(&format!("hang-up {}", why_word(why))), Ok(()));
        }
        let refusals = [
            Refusal::UnknownTool,
            Refusal::Declined,
            Refusal::UnderWay,
            Refusal::OutcomeUnknown,
            Refusal::AlreadyDone,
            Refusal::NotAskable,
        ];
        let refused = refusals.map(|why| Note::Refused { proposal: t1, why });
        let answers = [
            Answer::Yes,
            Answer::No,
            Answer::Wait,
            Answer::Change,
            Answer::Question,
            Answer::Backchannel,
            Answer::Unclear,
        ];
        let others = [Verdict::WantsKey, Verdict::Early, Verdict::Echo, Verdict::Doubtful];
        let keys = ['1', '5', '*'].map(Verdict::Key);
        let verdicts = answers.map(Verdict::Spoken).into_iter().chain(others).chain(keys);
        let judged = verdicts.map(|answer| Note::Judged { proposal: t1, answer });
        let more = [Note::Withdrawn { proposal: t1 }, Note::Screened { generation: g1 }];
        for note in refused.into_iter().chain(judged).chain(more) {
            assert_eq!(check_order(&format!("note {}", write_note(&note))), Ok(()));
        }
    }

    #[test]
    fn a_word_that_no_order_has_is_told_with_those_there_are() {
        for (order, want) in [
            ("sya #1.0 greeting \"Hi\"", "`sya` is no order; there are watch, say, end"),
            ("say #1.0 greting \"Hi\"", "`greting` is no part of a reply; there are greeting, answer"),
            ("note juged t1 yes", "`juged` is no note; there are asked, judged"),
            ("note judged t1 yse", "`yse` is no verdict; there are yes, no"),
            ("note refused t1 declind", "`declind` is no refusal; there are unknown-tool"),
            ("hang-up silens", "`silens` is no reason to hang up; there are finished"),
            ("run t1 a.b {} key=t1 action=00 confirmd", "`confirmd` is no leave to run; there are unasked"),
        ] {
            let refused = check_order(order).unwrap_err();
            assert!(refused.starts_with(want), "{refused}");
        }
        for open in ["say … … \"…\"", "note judged … …", "run t1 … confirmed", "run t1 a.b …", "…"]
        {
            assert_eq!(check_order(open), Ok(()), "{open}");
        }
        assert!(check_timer("silense").is_err() && check_timer("silence").is_ok());
    }
}
