//! Drawn calls: from one number a caller, what they want, how they say it, with which voice, in what noise.
//!
//! Reading order: [`draw`] (a call from a seed), `lists` (what is said), `noise` (what sounds around),
//! [`stages`] (how far each call came).
//!
//! Promises: the same seed is the same call; one seed in ten asks for what nobody can understand; a caller agrees
//! only to what they asked for.
//! Never: draws from an agent's examples.

mod lists;
mod noise;
pub mod stages;

use serde_json::{Value, json};

#[cfg(test)]
mod tests;

pub use noise::{Around, Noise};

use super::scenario::{
    Demand, Kind, Move, Scenario, Speaker, TAKEN_BACK, What, Wish, after_outcome, heard, over, say,
};
use super::shop::{Faults, Sold, decimal, sold};
use crate::core::language::{Language, digits_spoken, money_spoken, number_spoken};
use crate::core::sim::Random;

/// One seed in so many asks for something strange.
const STRANGE_EVERY: u64 = 10;
/// The sample shop's English agent, and its currency.
const AGENT: &str = "shop";
const CURRENCY: &str = "USD";

/// What kind of call was drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shape {
    Status,
    RefundYes,
    RefundNo,
    RefundChanged,
    MissingValue,
    Hurried,
    Retracts,
    Keypad,
    /// Words outside the vocabulary: the right end is "I did not understand".
    Strange,
}

const ORDINARY: [Shape; 8] = [
    Shape::Status,
    Shape::RefundYes,
    Shape::RefundNo,
    Shape::RefundChanged,
    Shape::MissingValue,
    Shape::Hurried,
    Shape::Retracts,
    Shape::Keypad,
];

impl Shape {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Shape::Status => "status",
            Shape::RefundYes => "refund-yes",
            Shape::RefundNo => "refund-no",
            Shape::RefundChanged => "refund-changed",
            Shape::MissingValue => "missing-value",
            Shape::Hurried => "hurried",
            Shape::Retracts => "retracts",
            Shape::Keypad => "keypad",
            Shape::Strange => "strange-words",
        }
    }
}

/// One call.
#[derive(Clone, Debug)]
pub struct Drawn {
    pub seed: u64,
    pub shape: Shape,
    pub scenario: Scenario,
    /// Tools and arguments that somebody who understood would propose, in order.
    pub proposals: Vec<(&'static str, Value)>,
}

/// The call of a seed.
#[must_use]
pub fn draw(seed: u64) -> Drawn {
    let mut random = Random::new(seed);
    let ordinary = random.pick(&ORDINARY);
    let shape = if seed.is_multiple_of(STRANGE_EVERY) { Shape::Strange } else { ordinary };
    let orders: Vec<Sold> = sold(CURRENCY).collect();
    let order = random.pick(&orders);
    let mut draft = Draft { random, order, amount: 0, spoken_order: String::new() };
    draft.spoken_order = draft.order_in_words();
    draft.amount = draft.amount_below(order.total);
    let mut drawn = draft.call(seed, shape);
    let (speaker, setting) = draft.speaker();
    drawn.scenario.speaker = Speaker { wish: draft.wish(shape), ..speaker };
    drawn.scenario.about = format!("{}, {setting}", shape.word());
    drawn
}

/// A call that is being drawn.
struct Draft {
    random: Random,
    order: Sold,
    /// Minor units; what is wanted in the end.
    amount: i64,
    spoken_order: String,
}

impl Draft {
    fn call(&mut self, seed: u64, shape: Shape) -> Drawn {
        let wanted = json!({"amount": decimal(self.amount), "order": self.order.id});
        let refund = ("shop.refund", wanted);
        let (moves, proposals) = match shape {
            Shape::Status => {
                let moves = vec![self.greeted(lists::STATUS), heard(Kind::Answer, What::HangUp)];
                (moves, vec![("shop.order_status", json!({"order": self.order.id}))])
            }
            Shape::Strange => {
                let request = self.random.pick(lists::STRANGE).replace("{name}", self.order.customer);
                let request = request.to_lowercase();
                (vec![heard(Kind::Greeting, say(request)), heard(Kind::Answer, What::HangUp)], Vec::new())
            }
            Shape::RefundChanged => {
                let other = self.another_amount();
                let first = json!({"amount": decimal(other), "order": self.order.id});
                (self.changing(other), vec![("shop.refund", first), refund])
            }
            Shape::RefundYes
            | Shape::RefundNo
            | Shape::MissingValue
            | Shape::Hurried
            | Shape::Retracts
            | Shape::Keypad => {
                let mut moves = self.request(shape);
                moves.extend(self.answers(shape));
                moves.extend(after_outcome());
                (moves, vec![refund])
            }
        };
        let scenario = Scenario {
            name: format!("seed-{seed}"),
            about: String::new(),
            agent: AGENT,
            moves,
            refunds: self.refunds(shape),
            demands: demands(shape),
            faults: Faults::None,
            speaker: Speaker::default(),
        };
        Drawn { seed, shape, scenario, proposals }
    }

    fn request(&mut self, shape: Shape) -> Vec<Move> {
        if shape != Shape::MissingValue {
            return vec![self.greeted(lists::REFUND)];
        }
        let (request, value) = if self.random.chance(500) {
            (lists::REFUND_WITHOUT_ORDER, lists::THE_ORDER)
        } else {
            (lists::REFUND_WITHOUT_AMOUNT, lists::THE_AMOUNT)
        };
        let request = self.greeted(request);
        vec![request, heard(Kind::Answer, say(self.sentence(value, self.amount)))]
    }

    fn answers(&mut self, shape: Shape) -> Vec<Move> {
        let mut one = |list: &[&str]| say(self.random.pick(list));
        match shape {
            Shape::RefundNo => vec![heard(Kind::Question, one(lists::NO))],
            Shape::Hurried => vec![
                over(Kind::Question, one(lists::YES_TOO_EARLY)),
                heard(Kind::Question, What::Listen),
                heard(Kind::Question, one(lists::YES)),
            ],
            Shape::Retracts => {
                vec![heard(Kind::Question, one(lists::YES)), over(Kind::Action, one(lists::RETRACTION))]
            }
            Shape::Keypad => vec![heard(Kind::Question, What::Press("1"))],
            Shape::Status
            | Shape::RefundYes
            | Shape::RefundChanged
            | Shape::MissingValue
            | Shape::Strange => vec![heard(Kind::Question, one(lists::YES))],
        }
    }

    /// Asks for another amount first.
    fn changing(&mut self, other: i64) -> Vec<Move> {
        let first = self.request_of(lists::REFUND, other);
        let change = self.sentence(lists::CHANGE, self.amount);
        let yes = self.random.pick(lists::YES);
        let mut moves = vec![first, heard(Kind::Question, say(change)), heard(Kind::Question, say(yes))];
        moves.extend(after_outcome());
        moves
    }

    fn greeted(&mut self, list: &[&str]) -> Move {
        self.request_of(list, self.amount)
    }

    /// After the greeting; in other words, where it was not understood.
    fn request_of(&mut self, list: &[&str], amount: i64) -> Move {
        let what = say(self.sentence(list, amount));
        Move { again: Some(say(self.sentence(list, amount))), ..heard(Kind::Greeting, what) }
    }

    fn sentence(&mut self, list: &[&str], amount: i64) -> String {
        let amount = money_spoken(Language::English, amount, CURRENCY).replace('-', " ");
        self.random.pick(list).replace("{order}", &self.spoken_order).replace("{amount}", &amount)
    }

    /// Digit by digit, or, as callers also do, in pairs: "eleven eighty two".
    fn order_in_words(&mut self) -> String {
        let pairs: Vec<u32> = [&self.order.id[..2], &self.order.id[2..]]
            .into_iter()
            .filter_map(|pair| pair.parse().ok().filter(|n| *n >= 10))
            .collect();
        if pairs.len() == 2 && self.random.chance(250) {
            let pairs = pairs.iter().map(|n| number_spoken(Language::English, *n));
            return pairs.collect::<Vec<_>>().join(" ").replace('-', " ");
        }
        digits_spoken(Language::English, self.order.id)
    }

    /// Whole dollars mostly, and never more than the order cost.
    fn amount_below(&mut self, total: i64) -> i64 {
        let most = u32::try_from(total / 100).unwrap_or(u32::MAX);
        let cents = if self.random.chance(200) { 50 } else { 0 };
        i64::from(self.random.between(2, most - 1)) * 100 + cents
    }

    fn another_amount(&mut self) -> i64 {
        loop {
            let other = self.amount_below(self.order.total);
            if other != self.amount {
                return other;
            }
        }
    }

    fn refunds(&self, shape: Shape) -> Vec<(String, String)> {
        match shape {
            Shape::RefundYes
            | Shape::RefundChanged
            | Shape::MissingValue
            | Shape::Hurried
            | Shape::Keypad => vec![(self.order.id.to_owned(), decimal(self.amount))],
            Shape::Status | Shape::RefundNo | Shape::Retracts | Shape::Strange => Vec::new(),
        }
    }

    /// Who did not come for a refund agrees to none at all.
    fn wish(&self, shape: Shape) -> Wish {
        match shape {
            Shape::Status | Shape::Strange => Wish::Nothing,
            Shape::RefundYes
            | Shape::RefundNo
            | Shape::RefundChanged
            | Shape::MissingValue
            | Shape::Hurried
            | Shape::Retracts
            | Shape::Keypad => Wish::Refund { order: self.order.id.to_owned(), amount: decimal(self.amount) },
        }
    }

    /// The voice and the noise, and both in words.
    fn speaker(&mut self) -> (Speaker, String) {
        let (voice, loudness) = self.random.pick(lists::VOICES);
        let noise = self.random.pick(&Noise::ALL);
        let snr = self.random.pick(lists::SNR_DB);
        let rms = f64::from(loudness) / 10_f64.powf(f64::from(snr) / 20.0);
        let around = Some(Around { noise, rms, seed: self.random.bits() });
        let setting = format!("voice {voice}, {} {snr} dB below it", noise.word());
        (Speaker { voice: Some(voice), wish: Wish::default(), around }, setting)
    }
}

fn demands(shape: Shape) -> Vec<Demand> {
    match shape {
        Shape::Status => vec![Demand::Ran("shop.order_status")],
        Shape::RefundChanged => vec![Demand::AskedAnew],
        Shape::RefundNo | Shape::RefundYes | Shape::MissingValue => Vec::new(),
        Shape::Hurried => vec![Demand::Judged(&["early-yes"]), Demand::OneShortMore],
        Shape::Retracts => vec![Demand::Judged(TAKEN_BACK), Demand::Withdrawn],
        Shape::Keypad => vec![Demand::Judged(&["key-1"])],
        Shape::Strange => vec![Demand::NotUnderstood],
    }
}
