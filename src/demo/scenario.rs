//! The scenarios: what the caller says and presses, when, and what the shop must hold in the end.
//!
//! Promises: a scenario is data; its caller reacts to what was heard, as a person would.
//! Never: tells the agent anything but by voice and keys.

use std::fmt;

/// One call from the caller's side.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    pub name: &'static str,
    pub about: &'static str,
    /// Which agent is called.
    pub agent: &'static str,
    pub moves: &'static [Move],
    /// Order and amount of every refund the shop must hold, and no other.
    pub refunds: &'static [(&'static str, &'static str)],
}

/// One thing the caller does, once something has happened.
#[derive(Clone, Copy, Debug)]
pub struct Move {
    pub when: When,
    pub what: What,
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
    Goodbye,
}

/// What a caller does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    Say(&'static str),
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

const fn heard(kind: Kind, what: What) -> Move {
    Move { when: When::Heard(kind), what }
}

const fn over(kind: Kind, what: What) -> Move {
    Move { when: When::Over(kind), what }
}

const ASK_REFUND: Move = heard(Kind::Greeting, What::Say("refund twenty dollars on order one one eight two"));
const BYE: Move = heard(Kind::Answer, What::HangUp);

/// All scenarios, in the order in which they are listed.
pub const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "refund-yes",
        about: "asks where an order is, then for a refund, and says yes",
        agent: "shop",
        moves: &[
            heard(Kind::Greeting, What::Say("where is order one one eight two")),
            heard(Kind::Answer, What::Say("refund twenty dollars on order one one eight two")),
            heard(Kind::Question, What::Say("yes")),
            heard(Kind::Outcome, What::Listen),
            BYE,
        ],
        refunds: &[("1182", "20.00")],
    },
    Scenario {
        name: "refund-no",
        about: "asks for a refund, and says no to the question",
        agent: "shop",
        moves: &[ASK_REFUND, heard(Kind::Question, What::Say("no")), heard(Kind::Outcome, What::Listen), BYE],
        refunds: &[],
    },
    Scenario {
        name: "refund-changed",
        about: "asks for thirty dollars, then: yes, but only twenty dollars",
        agent: "shop",
        moves: &[
            heard(Kind::Greeting, What::Say("refund thirty dollars on order one one eight two")),
            heard(Kind::Question, What::Say("yes but only twenty dollars")),
            heard(Kind::Question, What::Say("yes")),
            heard(Kind::Outcome, What::Listen),
            BYE,
        ],
        refunds: &[("1182", "20.00")],
    },
    Scenario {
        name: "hurried",
        about: "says yes, yes over the question, and once more to the short one",
        agent: "shop",
        moves: &[
            ASK_REFUND,
            over(Kind::Question, What::Say("yes yes")),
            // The long question ends unheard by its own yes; the short one follows.
            heard(Kind::Question, What::Listen),
            heard(Kind::Question, What::Say("yes")),
            heard(Kind::Outcome, What::Listen),
            BYE,
        ],
        refunds: &[("1182", "20.00")],
    },
    Scenario {
        name: "retracts",
        about: "says yes, and takes it back within a second",
        agent: "shop",
        moves: &[
            ASK_REFUND,
            heard(Kind::Question, What::Say("yes")),
            over(Kind::Action, What::Say("no wait")),
            heard(Kind::Outcome, What::Listen),
            BYE,
        ],
        refunds: &[],
    },
    Scenario {
        name: "interrupts",
        about: "talks over the agent, who stops",
        agent: "shop",
        moves: &[
            heard(Kind::Greeting, What::Say("when are you open")),
            over(Kind::Answer, What::Say("where is order one one eight two")),
            BYE,
        ],
        refunds: &[],
    },
    Scenario {
        name: "silent",
        about: "says nothing: reminders, a goodbye, the agent hangs up",
        agent: "shop",
        moves: &[Move { when: When::Ended, what: What::Listen }],
        refunds: &[],
    },
    Scenario {
        name: "keypad",
        about: "asks for a refund, and confirms with key 1",
        agent: "shop",
        moves: &[
            ASK_REFUND,
            heard(Kind::Question, What::Press("1")),
            heard(Kind::Outcome, What::Listen),
            BYE,
        ],
        refunds: &[("1182", "20.00")],
    },
    Scenario {
        name: "reembolso",
        about: "in Spanish, by keys alone: 2 for a refund, the order, the amount, 1 to confirm",
        agent: "tienda",
        moves: &[
            heard(Kind::Greeting, What::Press("2#")),
            heard(Kind::Answer, What::Press("4071#")),
            heard(Kind::Answer, What::Press("20#")),
            heard(Kind::Question, What::Press("1")),
            heard(Kind::Outcome, What::Listen),
            BYE,
        ],
        refunds: &[("4071", "20.00")],
    },
];

/// A scenario by its name.
#[must_use]
pub fn by_name(name: &str) -> Option<&'static Scenario> {
    SCENARIOS.iter().find(|scenario| scenario.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scenario_has_a_name_of_its_own_and_a_last_move() {
        for scenario in SCENARIOS {
            assert_eq!(by_name(scenario.name).map(|s| s.about), Some(scenario.about));
            assert!(!scenario.moves.is_empty());
        }
    }
}
