//! The model and the systems behind the tools, as a seed draws them.
//!
//! Promises: their faults are those of the real ones: wrong, broken, twice, late, never.
//! Never: is asked what it did; the ledger of the promises counts that.

use serde_json::{Value, json};

use super::scene::action_of;
use super::weather::Fault;
use super::world::{Guesses, World};
use crate::base::{CallTime, GenerationId, Millis, ProposalId, ToolName};
use crate::conversation::{Event, Lock, Outcome, Rest, Unproven, Withheld};
use crate::language::Language;

/// Few values, so that the same action is proposed again and again.
const AMOUNTS: &[&str] = &["20", "60"];
const ORDERS: &[&str] = &["1182", "77"];

const REFUND: &str = "shop.refund";
const LOOKUP: &str = "shop.order_status";

/// Why a request did not leave.
const DISK_FULL: &str = "the journal cannot be written: nothing was sent";

impl World {
    /// The model was asked.
    pub(super) fn thinks(&mut self, at: CallTime, generation: GenerationId) {
        if self.strikes(Fault::ModelStalls) {
            return;
        }
        let slow = if self.strikes(Fault::ModelSlow) { self.random.between(1_000, 9_000) } else { 0 };
        let mut at = self.soon(at + Millis(slow), 50, 900);
        if self.strikes(Fault::ModelFails) {
            self.tell(at, Event::GenerationFailed { generation });
            return;
        }
        if let Some(at) = self.acts_as_given(at, generation) {
            return self.tell(at, Event::Finished { generation });
        }
        let acts = !self.calm && self.random.chance(550);
        if !acts || self.random.chance(300) {
            at = self.writes(at, generation);
        }
        if acts {
            if self.guesses == Guesses::Yes {
                // As many at once as a model may think of.
                for _ in 0..self.random.between(0, 4) {
                    at = self.proposes(at, generation);
                }
            }
            at = self.proposes(at, generation);
            if self.strikes(Fault::ModelTwice) {
                at = self.proposes(at, generation);
            }
            if self.random.chance(200) {
                at = self.writes(at, generation);
            }
        }
        if !self.strikes(Fault::ModelStalls) {
            self.tell(at, Event::Finished { generation });
            if self.strikes(Fault::ModelGoesOn) {
                let later = self.soon(at, 1, 3_000);
                let later = self.writes(later, generation);
                self.proposes(later, generation);
            }
        }
    }

    /// What a plot wants of the model: one action, once.
    fn acts_as_given(&mut self, at: CallTime, generation: GenerationId) -> Option<CallTime> {
        self.plot?;
        if generation == GenerationId(1) {
            let (tool, args) = (ToolName(REFUND.into()), json!({"amount": AMOUNTS[0], "order": ORDERS[0]}));
            self.tell(at, Event::Proposed { generation, tool, args });
        }
        Some(at)
    }

    fn writes(&mut self, mut at: CallTime, generation: GenerationId) -> CallTime {
        for _ in 0..self.random.between(1, 3) {
            let claims = self.strikes(Fault::ModelClaims);
            let piece = match (self.language, claims) {
                (Language::English, true) => "I have refunded it.",
                (Language::English, false) => "Let me have a look.",
                (Language::Spanish, true) => "Ya lo he devuelto.",
                (Language::Spanish, false) => "Déjeme ver un momento.",
                (Language::Portuguese, true) => "O valor já foi devolvido.",
                (Language::Portuguese, false) => "Deixe-me ver.",
                (Language::French, true) => "Je l'ai remboursé, c'est fait.",
                (Language::French, false) => "Laissez-moi regarder.",
                (Language::German, true) => "Ich habe es erstattet.",
                (Language::German, false) => "Lassen Sie mich nachsehen.",
                (Language::Italian, true) => "Ho rimborsato l'importo.",
                (Language::Italian, false) => "Mi faccia vedere.",
                (Language::Catalan, true) => "Ja està fet.",
                (Language::Catalan, false) => "Deixi'm veure.",
            };
            self.tell(at, Event::Wrote { generation, piece: piece.to_owned() });
            at = self.soon(at, 10, 400);
        }
        at
    }

    fn proposes(&mut self, at: CallTime, generation: GenerationId) -> CallTime {
        let (amount, order) = (self.random.pick(AMOUNTS), self.random.pick(ORDERS));
        let (tool, args) = if self.strikes(Fault::ModelWrong) {
            self.mistakes(amount, order)
        } else if self.guesses == Guesses::Yes && self.random.chance(800) || self.random.chance(250) {
            (LOOKUP, json!({"order": order}))
        } else {
            (REFUND, json!({"amount": amount, "order": order}))
        };
        self.tell(at, Event::Proposed { generation, tool: ToolName(tool.into()), args });
        self.soon(at, 5, 200)
    }

    /// What a model gets wrong: the tool, the shape of the arguments, their kinds, or what they are.
    fn mistakes(&mut self, amount: &str, order: &str) -> (&'static str, Value) {
        match self.random.below(7) {
            0 => ("shop.erase", json!({"order": order})),
            1 => (REFUND, json!({"amount": [amount]})),
            2 => (REFUND, Value::String(order.to_owned())),
            3 => (REFUND, json!({"amount": "{{ order }}", "order": order})),
            4 => (REFUND, json!({"amount": "-20", "order": order})),
            5 => (REFUND, json!({"order": order})),
            _ => ("shop.refund; drop table", json!({"amount": amount, "order": order})),
        }
    }

    /// A request is to be resolved.
    pub(super) fn prepares(&mut self, at: CallTime, proposal: ProposalId, tool: &ToolName, args: &Value) {
        if self.strikes(Fault::PrepareNever) {
            return;
        }
        let late = if self.strikes(Fault::PrepareLate) { self.random.between(3_000, 12_000) } else { 0 };
        let ready = self.soon(at + Millis(late), 20, 600);
        if self.strikes(Fault::PrepareFails) {
            self.tell(ready, Event::Unprepared { proposal, why: "there is no such order".to_owned() });
            return;
        }
        if self.strikes(Fault::ToolWithheld) {
            let outcome = self.withheld();
            return self.tell(ready, Event::Settled { proposal, outcome });
        }
        let action = action_of(tool, args);
        self.tell(ready, Event::Prepared { proposal, action, values: args.clone() });
        if self.strikes(Fault::PrepareTwice) {
            let values = json!({"amount": "9000", "order": "77"});
            let later = self.soon(ready, 0, 9_000);
            self.tell(later, Event::Prepared { proposal, action: action_of(tool, &values), values });
        }
    }

    fn withheld(&mut self) -> Outcome {
        Outcome::Withheld(if self.random.chance(500) { Withheld::OutOfReach } else { Withheld::Spent })
    }

    /// A request leaves.
    pub(super) fn runs(&mut self, at: CallTime, proposal: ProposalId, tool: &ToolName) {
        if self.guesses == Guesses::Yes && &*tool.0 == LOOKUP && self.random.chance(700) {
            return self.proves_nothing(at, proposal);
        }
        if self.strikes(Fault::DiskFull) {
            // Refused before the first byte: nothing was sent.
            let outcome = Outcome::Failed { why: DISK_FULL.to_owned() };
            let soon = self.soon(at, 0, 50);
            return self.tell(soon, Event::Settled { proposal, outcome });
        }
        if self.strikes(Fault::ToolWithheld) {
            let outcome = self.withheld();
            let soon = self.soon(at, 0, 50);
            return self.tell(soon, Event::Settled { proposal, outcome });
        }
        if self.strikes(Fault::ToolNever) {
            return;
        }
        let late = if self.strikes(Fault::ToolLate) { self.random.between(3_000, 12_000) } else { 0 };
        let at = self.soon(at + Millis(late), 20, 2_000);
        let mut outcome = || {
            let done = Outcome::Done { result: json!({"status": "fine"}) };
            let failed = Outcome::Failed { why: "refused".to_owned() };
            let partly = |rest| {
                let (result, why) = (json!({"status": "half"}), "step `two`: refused".to_owned());
                Outcome::Partly { result, rest, why }
            };
            if self.weather.strikes(Fault::ToolFails, &mut self.random) {
                match self.random.between(0, 3) {
                    0 => failed,
                    1 => partly(Rest::NotDone),
                    2 => partly(Rest::Unknown),
                    _ => Outcome::Unknown,
                }
            } else {
                done
            }
        };
        let (first, second) = (outcome(), outcome());
        self.tell(at, Event::Settled { proposal, outcome: first });
        if self.strikes(Fault::ToolTwice) {
            let later = self.soon(at, 0, 3_000);
            self.tell(later, Event::Settled { proposal, outcome: second });
        }
    }

    /// What the caller said is not what the system holds; or other callers have tried too often.
    fn proves_nothing(&mut self, at: CallTime, proposal: ProposalId) {
        let unproven = if self.random.chance(100) {
            Unproven::Locked(self.random.pick(&[Lock::Minutes(1), Lock::Minutes(30), Lock::Call]))
        } else {
            Unproven::Failed { why: "that does not fit".to_owned() }
        };
        let late = if self.strikes(Fault::ToolLate) { self.random.between(3_000, 12_000) } else { 0 };
        let at = self.soon(at + Millis(late), 20, 2_000);
        self.tell(at, Event::Unproven { proposal, unproven });
    }
}
