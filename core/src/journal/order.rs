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
const REFUSALS: &[&str] = &[
    "unknown-tool",
    "declined",
    "under-way",
    "outcome-unknown",
    "already-done",
    "not-askable",
    "not-identified",
    "not-own-word",
];
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
            let basis = basis_word(permit.basis());
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

fn basis_word(basis: &Basis) -> &'static str {
    match basis {
        Basis::Unasked => "unasked",
        Basis::Confirmed => "confirmed",
        Basis::Admin { .. } => "admin",
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
        Refusal::NotIdentified => "not-identified",
        Refusal::NotOwnWord => "not-own-word",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Digest, GenerationId, Millis, PieceNo, ProposalId, ReplyId, ToolName};
    use crate::conversation::Watch;

    /// One of each: the compiler refuses a list that lacks a variant.
    macro_rules! one_of_each {
        ($($each:pat => $one:expr),+ $(,)?) => {{
            let all = vec![$($one),+];
            all.iter().for_each(|one| match one { $($each => {})+ });
            all
        }};
    }

    fn roles() -> Vec<Role> {
        let (t1, g1) = (ProposalId(1), GenerationId(1));
        one_of_each![
            Role::Greeting => Role::Greeting,
            Role::Answer(_) => Role::Answer(g1),
            Role::Filler => Role::Filler,
            Role::Reminder => Role::Reminder,
            Role::Notice => Role::Notice,
            Role::Question(_) => Role::Question(t1),
            Role::Action(_) => Role::Action(t1),
            Role::Outcome(_) => Role::Outcome(t1),
            Role::Goodbye => Role::Goodbye,
        ]
    }

    fn answers() -> Vec<Answer> {
        one_of_each![
            Answer::Yes => Answer::Yes,
            Answer::No => Answer::No,
            Answer::Wait => Answer::Wait,
            Answer::Change => Answer::Change,
            Answer::Question => Answer::Question,
            Answer::Backchannel => Answer::Backchannel,
            Answer::Unclear => Answer::Unclear,
        ]
    }

    fn verdicts() -> Vec<Verdict> {
        let each = one_of_each![
            Verdict::Spoken(_) => Verdict::Spoken(Answer::Yes),
            Verdict::Key(_) => Verdict::Key('1'),
            Verdict::WantsKey => Verdict::WantsKey,
            Verdict::Early => Verdict::Early,
            Verdict::Echo => Verdict::Echo,
            Verdict::Doubtful => Verdict::Doubtful,
        ];
        let more = answers().into_iter().map(Verdict::Spoken).chain(['5', '*'].map(Verdict::Key));
        each.into_iter().chain(more).collect()
    }

    fn notes() -> Vec<Note> {
        let (proposal, generation) = (ProposalId(1), GenerationId(1));
        let refusals = one_of_each![
            Refusal::UnknownTool => Refusal::UnknownTool,
            Refusal::Declined => Refusal::Declined,
            Refusal::UnderWay => Refusal::UnderWay,
            Refusal::OutcomeUnknown => Refusal::OutcomeUnknown,
            Refusal::AlreadyDone => Refusal::AlreadyDone,
            Refusal::NotAskable => Refusal::NotAskable,
            Refusal::NotIdentified => Refusal::NotIdentified,
            Refusal::NotOwnWord => Refusal::NotOwnWord,
        ];
        let each = one_of_each![
            Note::Asked { .. } => Note::Asked { proposal, end: crate::base::Position(8) },
            Note::Judged { .. } => Note::Judged { proposal, answer: Verdict::Early },
            Note::Refused { .. } => Note::Refused { proposal, why: Refusal::Declined },
            Note::Unsaid { .. } => Note::Unsaid { proposal, parameter: "amount".to_owned() },
            Note::Withdrawn { .. } => Note::Withdrawn { proposal },
            Note::Screened { .. } => Note::Screened { generation },
        ];
        let judged = verdicts().into_iter().map(|answer| Note::Judged { proposal, answer });
        let refused = refusals.into_iter().map(|why| Note::Refused { proposal, why });
        each.into_iter().chain(judged).chain(refused).collect()
    }

    /// One of each but `run`, whose permit the gate alone makes.
    fn orders() -> Vec<Order> {
        let (reply, generation, proposal) = (ReplyId(1), GenerationId(1), ProposalId(1));
        let say = |role| Order::Say { reply, piece: PieceNo(0), role, text: "Hi".to_owned() };
        let expects = one_of_each![
            Expect::Anything => Expect::Anything,
            Expect::YesNo => Expect::YesNo,
            Expect::YesAgain => Expect::YesAgain,
            Expect::Digits => Expect::Digits,
        ];
        let whys = one_of_each![
            Why::Finished => Why::Finished,
            Why::Silence => Why::Silence,
            Why::Limit => Why::Limit,
            Why::Service => Why::Service,
        ];
        let watch = |expect| Order::Watch(Watch { speech: Millis(200), silence: Millis(600), expect });
        let (tool, args) = (ToolName("shop.refund".into()), serde_json::json!({"amount": 20}));
        let each = one_of_each![
            Order::Watch(_) => watch(Expect::Anything),
            Order::Say { .. } => say(Role::Greeting),
            Order::EndReply { .. } => Order::EndReply { reply },
            Order::Cut { .. } => Order::Cut { reply },
            Order::Generate { .. } =>
                Order::Generate { generation, history: 1, digest: Digest::of_bytes(b"history") },
            Order::DropGeneration { .. } => Order::DropGeneration { generation },
            Order::Prepare { .. } | Order::Run { .. } => Order::Prepare { proposal, tool, args },
            Order::Discard { .. } => Order::Discard { proposal },
            Order::Record => Order::Record,
            Order::HangUp { .. } => Order::HangUp { why: Why::Finished },
            Order::Note(_) => Order::Note(Note::Withdrawn { proposal }),
        ];
        let said = roles().into_iter().map(say);
        let ends = whys.into_iter().map(|why| Order::HangUp { why });
        let noted = notes().into_iter().map(Order::Note);
        each.into_iter().chain(expects.into_iter().map(watch)).chain(said).chain(ends).chain(noted).collect()
    }

    #[test]
    fn every_order_that_is_written_is_known() {
        for order in orders() {
            let line = write_order(&order);
            assert_eq!(check_order(&line), Ok(()), "{line}");
        }
        let bases = one_of_each![
            Basis::Unasked => Basis::Unasked,
            Basis::Confirmed => Basis::Confirmed,
            Basis::Admin { .. } => Basis::Admin { user: String::new(), reason: String::new() },
        ];
        for basis in bases {
            let line = format!("run t1 shop.refund {{}} key=t1 action=00 {}", basis_word(&basis));
            assert_eq!(check_order(&line), Ok(()), "{line}");
        }
    }

    #[test]
    fn every_timer_that_is_written_is_known() {
        let timers = one_of_each![
            Timer::CallLimit => Timer::CallLimit,
            Timer::CallWarning => Timer::CallWarning,
            Timer::Closing => Timer::Closing,
            Timer::TurnLimit => Timer::TurnLimit,
            Timer::Transcript => Timer::Transcript,
            Timer::Keys => Timer::Keys,
            Timer::Synthesis => Timer::Synthesis,
            Timer::Mark => Timer::Mark,
            Timer::Breath => Timer::Breath,
            Timer::Permit => Timer::Permit,
            Timer::Answer => Timer::Answer,
            Timer::Prepare => Timer::Prepare,
            Timer::Tool => Timer::Tool,
            Timer::Generation => Timer::Generation,
            Timer::Filler => Timer::Filler,
            Timer::Silence => Timer::Silence,
        ];
        for timer in timers {
            assert_eq!(check_timer(write_timer(timer)), Ok(()));
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
