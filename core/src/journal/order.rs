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
        Refusal::PartlyDone => "partly-done",
        Refusal::NotAskable => "not-askable",
        Refusal::NotIdentified => "not-identified",
        Refusal::NotOwnWord => "not-own-word",
        Refusal::ProofsSpent => "proofs-spent",
        Refusal::KeyedForAnother => "keyed-for-another",
        Refusal::Spent => "spent",
    }
}

#[cfg(test)]
mod tests {
    use super::super::form::{check_order, check_timer};
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
            Refusal::PartlyDone => Refusal::PartlyDone,
            Refusal::NotAskable => Refusal::NotAskable,
            Refusal::NotIdentified => Refusal::NotIdentified,
            Refusal::NotOwnWord => Refusal::NotOwnWord,
            Refusal::ProofsSpent => Refusal::ProofsSpent,
            Refusal::KeyedForAnother => Refusal::KeyedForAnother,
            Refusal::Spent => Refusal::Spent,
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
            let action = Digest::of_bytes(b"x");
            let line = format!("run t1 shop.refund {{}} key=t1 action={action} {}", basis_word(&basis));
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
}
