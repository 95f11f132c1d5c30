//! The scenarios: what the caller says and presses, when, and what the end must be.
//!
//! Promises: a scenario is data; its caller reacts to what was heard, as a person would; it says all it demands.
//! Never: tells the agent anything but by voice and keys.

use std::fmt;

use super::shop::Faults;
use super::vary::Around;

/// One call from the caller's side.
#[derive(Clone, Debug)]
pub struct Scenario {
    pub name: String,
    pub about: String,
    /// Which agent is called.
    pub agent: &'static str,
    pub moves: Vec<Move>,
    /// Order and amount of every refund the shop must hold, and no other.
    pub refunds: Vec<(String, String)>,
    /// What else the end must show.
    pub demands: Vec<Demand>,
    /// What the shop does wrong.
    pub faults: Faults,
    pub speaker: Speaker,
}

/// Who calls, and from where.
#[derive(Clone, Debug, Default)]
pub struct Speaker {
    /// A voice of the synthesiser; the demo's own, where none is named.
    pub voice: Option<&'static str>,
    pub wish: Wish,
    /// What sounds around the caller, over and over; none is a silent room.
    pub around: Option<Around>,
}

/// What a caller is after, whatever the scenario has them say to a question.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Wish {
    /// What the scenario says.
    #[default]
    AsScripted,
    /// No action at all: no question is agreed to.
    Nothing,
    /// This refund: a question about another order or amount is answered with no.
    Refund { order: String, amount: String },
}

/// What the end of a call must show, beside the refunds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Demand {
    /// This tool ran and was done.
    Ran(&'static str),
    /// An answer to a question was taken so, in one of these words of the journal: `no`, `key-1`, `early-yes`.
    Judged(&'static [&'static str]),
    /// A yes was taken back before anything was sent.
    Withdrawn,
    /// After the first question at most one more, and that one the short form of it.
    OneShortMore,
    /// Two questions, about two different things, were heard to their end.
    AskedAnew,
    /// An answer was cut short, the carrier was told to drop the rest, and what is kept is what was heard.
    Interrupted,
    /// Reminders, then a goodbye, then the agent hung up.
    SentAway,
    /// The agent said that it did not understand, and proposed nothing.
    NotUnderstood,
    /// An action that was not answered was found done, by asking the shop, before the caller heard of it.
    FoundDone,
    /// An action that was not answered stayed unknown, and nobody said that it is done.
    StayedUnknown,
}

/// One thing the caller does, once something has happened.
#[derive(Clone, Debug)]
pub struct Move {
    pub when: When,
    pub what: What,
    /// What is said the second time, where it was not understood; the same, where nothing stands here.
    pub again: Option<What>,
}

/// What a caller waits for, after the last move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// A reply of that kind was heard to its end.
    Heard(Kind),
    /// A reply of that kind has begun, and the caller talks over it.
    Over(Kind),
    /// The call is over.
    Ended,
}

/// Kinds of replies a caller can tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Greeting,
    Answer,
    Question,
    /// The action named after the yes.
    Action,
    Outcome,
    Reminder,
    /// A sentence of the gateway's own: "I didn't catch that".
    Notice,
    Goodbye,
}

/// What a caller does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    Say(String),
    Press(&'static str),
    /// Only waits.
    Listen,
    HangUp,
}

impl Kind {
    /// From the role in a journal line: `question:t1`.
    pub(super) fn of_role(role: &str) -> Option<Kind> {
        match role.split(':').next().unwrap_or("") {
            "greeting" => Some(Kind::Greeting),
            "answer" => Some(Kind::Answer),
            "question" => Some(Kind::Question),
            "action" => Some(Kind::Action),
            "outcome" => Some(Kind::Outcome),
            "reminder" => Some(Kind::Reminder),
            "notice" => Some(Kind::Notice),
            "goodbye" => Some(Kind::Goodbye),
            _ => None,
        }
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<16} {}", self.name, self.about)
    }
}

/// A move once a reply of that kind was heard.
pub(super) fn heard(kind: Kind, what: What) -> Move {
    Move { when: When::Heard(kind), what, again: None }
}

/// A move while a reply of that kind sounds.
pub(super) fn over(kind: Kind, what: What) -> Move {
    Move { when: When::Over(kind), what, again: None }
}

pub(super) fn say(text: impl Into<String>) -> What {
    What::Say(text.into())
}

/// Hears what became of it, hears out what follows, hangs up.
pub(super) fn after_outcome() -> [Move; 2] {
    [heard(Kind::Outcome, What::Listen), heard(Kind::Answer, What::HangUp)]
}

const ASK: &str = "refund twenty dollars on order one one eight two";
const STATUS: &str = "where is order one one eight two";

/// How what takes a yes back may count: not by speech alone, which withdraws it too, but by its words.
pub(super) const TAKEN_BACK: &[&str] = &["no", "wait"];

/// All scenarios, in the order in which they are listed.
#[must_use]
pub fn all() -> Vec<Scenario> {
    vec![
        refund_yes(),
        refund_no(),
        refund_changed(),
        hurried(),
        retracts(),
        interrupts(),
        silent(),
        keypad(),
        answer_lost(),
        shop_lost(),
        reembolso(),
    ]
}

/// A scenario by its name.
#[must_use]
pub fn by_name(name: &str) -> Option<Scenario> {
    all().into_iter().find(|scenario| scenario.name == name)
}

impl Scenario {
    fn of(name: &str, about: &str, moves: Vec<Move>) -> Scenario {
        Scenario {
            name: name.to_owned(),
            about: about.to_owned(),
            agent: "shop",
            moves,
            refunds: Vec::new(),
            demands: Vec::new(),
            faults: Faults::None,
            speaker: Speaker::default(),
        }
    }

    /// One that starts with a request for twenty dollars.
    fn asking(name: &str, about: &str, moves: impl IntoIterator<Item = Move>) -> Scenario {
        let moves = [heard(Kind::Greeting, say(ASK))].into_iter().chain(moves).chain(after_outcome());
        Scenario::of(name, about, moves.collect())
    }

    fn refunding(mut self, order: &str, amount: &str) -> Scenario {
        self.refunds.push((order.to_owned(), amount.to_owned()));
        self
    }

    fn demanding(mut self, demands: impl IntoIterator<Item = Demand>) -> Scenario {
        self.demands.extend(demands);
        self
    }
}

fn refund_yes() -> Scenario {
    let moves = [
        heard(Kind::Greeting, say(STATUS)),
        heard(Kind::Answer, say(ASK)),
        heard(Kind::Question, say("yes")),
    ];
    let moves = moves.into_iter().chain(after_outcome()).collect();
    Scenario::of("refund-yes", "asks where an order is, then for a refund, and says yes", moves)
        .refunding("1182", "20.00")
        .demanding([Demand::Ran("shop.order_status"), Demand::Judged(&["yes"])])
}

fn refund_no() -> Scenario {
    let moves = [heard(Kind::Question, say("no"))];
    Scenario::asking("refund-no", "asks for a refund, and says no to the question", moves)
        .demanding([Demand::Judged(&["no"])])
}

fn refund_changed() -> Scenario {
    let moves = [
        heard(Kind::Greeting, say("refund thirty dollars on order one one eight two")),
        heard(Kind::Question, say("yes but only twenty dollars")),
        heard(Kind::Question, say("yes")),
    ];
    let moves = moves.into_iter().chain(after_outcome()).collect();
    Scenario::of("refund-changed", "asks for thirty dollars, then: yes, but only twenty dollars", moves)
        .refunding("1182", "20.00")
        .demanding([Demand::AskedAnew])
}

fn hurried() -> Scenario {
    let moves = [
        over(Kind::Question, say("yes yes")),
        // The long question ends unheard by its own yes; the short one follows.
        heard(Kind::Question, What::Listen),
        heard(Kind::Question, say("yes")),
    ];
    Scenario::asking("hurried", "says yes yes over the question, and yes to the short one", moves)
        .refunding("1182", "20.00")
        .demanding([Demand::Judged(&["early-yes"]), Demand::OneShortMore])
}

fn retracts() -> Scenario {
    let moves = [heard(Kind::Question, say("yes")), over(Kind::Action, say("no wait"))];
    Scenario::asking("retracts", "says yes, and takes it back within a second", moves).demanding([
        Demand::Judged(&["yes"]),
        Demand::Judged(TAKEN_BACK),
        Demand::Withdrawn,
    ])
}

fn interrupts() -> Scenario {
    let moves = vec![
        heard(Kind::Greeting, say("when are you open")),
        over(Kind::Answer, say(STATUS)),
        heard(Kind::Answer, What::HangUp),
    ];
    Scenario::of("interrupts", "talks over the agent, who stops", moves)
        .demanding([Demand::Interrupted, Demand::Ran("shop.order_status")])
}

fn silent() -> Scenario {
    let moves = vec![Move { when: When::Ended, what: What::Listen, again: None }];
    Scenario::of("silent", "says nothing: reminders, a goodbye, the agent hangs up", moves)
        .demanding([Demand::SentAway])
}

fn keypad() -> Scenario {
    let moves = [heard(Kind::Question, What::Press("1"))];
    Scenario::asking("keypad", "asks for a refund, and confirms with key 1", moves)
        .refunding("1182", "20.00")
        .demanding([Demand::Judged(&["key-1"])])
}

fn answer_lost() -> Scenario {
    let moves = [heard(Kind::Question, say("yes"))];
    let about = "the shop's answer never comes; asked once more, it says that the refund is made";
    Scenario { faults: Faults::LostAnswer, ..Scenario::asking("answer-lost", about, moves) }
        .refunding("1182", "20.00")
        .demanding([Demand::Ran("shop.refund"), Demand::FoundDone])
}

fn shop_lost() -> Scenario {
    let moves = [heard(Kind::Question, say("yes"))];
    let about = "the shop's answer never comes, nor any other: nobody says that it is done";
    Scenario { faults: Faults::Vanishes, ..Scenario::asking("shop-lost", about, moves) }
        .refunding("1182", "20.00")
        .demanding([Demand::StayedUnknown])
}

fn reembolso() -> Scenario {
    let moves = [
        heard(Kind::Greeting, What::Press("2#")),
        heard(Kind::Answer, What::Press("4071#")),
        heard(Kind::Answer, What::Press("20#")),
        heard(Kind::Question, What::Press("1")),
    ];
    let moves = moves.into_iter().chain(after_outcome()).collect();
    let about = "in Spanish, by keys alone: 2 for a refund, the order, the amount, 1 to confirm";
    Scenario { agent: "tienda", ..Scenario::of("reembolso", about, moves) }
        .refunding("4071", "20.00")
        .demanding([Demand::Judged(&["key-1"])])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scenario_has_a_name_of_its_own_a_last_move_and_something_it_demands() {
        for scenario in all() {
            assert_eq!(by_name(&scenario.name).map(|s| s.about), Some(scenario.about));
            assert!(!scenario.moves.is_empty() && !scenario.demands.is_empty());
        }
    }
}
