//! Whether a call ended as its scenario demands: by the shop's books, the journal, and the caller's own ear.
//!
//! Promises: every demand is checked, the first that was not met is named in one line; a caller who ran out of
//! patience is never content.
//! Never: believes the agent's words about what was done.

use super::caller::Played;
use super::scenario::{Demand, Scenario};
use super::shop::Refund;
use crate::caller::{Ended, Figures};
use crate::core::audio::Underruns;
use crate::core::base::{Millis, ReplyId, Samples};
use crate::core::conversation::Event;
use crate::core::journal::parse_event;
use crate::core::language::{Language, Phrase, claims_done};
use crate::driver::Finding;

/// How far what is kept of a cut reply may lie from what the caller's ear measured: a synthesiser's silence before
/// the first word, a frame, and the words that are rounded down to.
const EAR_TOLERANCE: Millis = Millis(500);

/// What there is to judge by.
#[derive(Debug)]
pub(super) struct Evidence<'a> {
    /// The call's journal: `< event`, `> order`.
    pub(super) journal: &'a [String],
    pub(super) refunds: &'a [Refund],
    /// What is on record of the call's actions, beside their outcomes.
    pub(super) details: &'a [String],
    pub(super) played: &'a Played,
    /// What the carrier's side counted.
    pub(super) figures: &'a Figures,
    /// How often the agent's audio ran dry inside a piece.
    pub(super) underruns: Underruns,
    pub(super) language: Language,
}

/// The first demand that was not met, in one line.
pub(super) fn unmet(scenario: &Scenario, evidence: &Evidence<'_>) -> Option<String> {
    let always = [evidence.ended_well(), evidence.unbroken(), evidence.right_refunds(&scenario.refunds)];
    let own = scenario.demands.iter().map(|demand| evidence.meets(demand));
    always.into_iter().chain(own).find_map(Result::err)
}

impl Evidence<'_> {
    /// No gap that a listener would hear as a tear.
    fn unbroken(&self) -> Result<(), String> {
        demand(self.underruns.count == 0, || {
            let Underruns { count, longest } = self.underruns;
            format!("the agent's audio ran dry {count} times inside a piece, {} ms at the longest", longest.0)
        })
    }

    /// What every call must show of its end.
    fn ended_well(&self) -> Result<(), String> {
        match &self.played.ended {
            Ended::CallerHungUp | Ended::AgentHungUp | Ended::Transferred { .. } => Ok(()),
            Ended::TooLong => Err("the caller waited in vain and lost patience".to_owned()),
            Ended::Rejected => Err("the call was not taken".to_owned()),
            Ended::Failed(fault) => Err(format!("the line failed: {}", fault.what)),
        }
    }

    fn right_refunds(&self, wanted: &[(String, String)]) -> Result<(), String> {
        let got: Vec<(&str, &str)> =
            self.refunds.iter().map(|r| (r.order.as_str(), r.amount.as_str())).collect();
        let wanted: Vec<(&str, &str)> = wanted.iter().map(|(o, a)| (o.as_str(), a.as_str())).collect();
        let list = |all: &[(&str, &str)]| match all {
            [] => "no refund".to_owned(),
            all => all.iter().map(|(o, a)| format!("{a} on order {o}")).collect::<Vec<_>>().join(", "),
        };
        demand(got == wanted, || format!("the shop holds {}, demanded is {}", list(&got), list(&wanted)))
    }

    fn meets(&self, wanted: &Demand) -> Result<(), String> {
        match wanted {
            Demand::Ran(tool) => demand(self.ran(tool), || format!("{tool} did not run to its end")),
            Demand::Judged(wanted) => {
                let is_wanted =
                    |rest: &str| rest.split(' ').nth(1).is_some_and(|word| wanted.contains(&word));
                demand(self.orders("note judged ").any(is_wanted), || {
                    format!("no answer to a question was taken for `{}`", wanted.join("` or `"))
                })
            }
            Demand::Withdrawn => demand(self.orders("note withdrawn ").next().is_some(), || {
                "no leave was withdrawn".to_owned()
            }),
            Demand::OneShortMore => self.one_short_more(),
            Demand::AskedAnew => {
                let asked: std::collections::BTreeSet<&str> =
                    self.orders("note asked ").filter_map(|rest| rest.split(' ').next()).collect();
                demand(asked.len() >= 2, || "no second, different question was heard".to_owned())
            }
            Demand::Interrupted => self.interrupted(),
            Demand::SentAway => self.sent_away(),
            Demand::NotUnderstood => self.not_understood(),
            Demand::FoundDone => {
                let found = Finding::Done { result: serde_json::Value::Null }.to_string();
                demand(self.details.iter().any(|detail| detail.ends_with(&found)), || {
                    "no action is on record as found done by its probe".to_owned()
                })
            }
            Demand::StayedUnknown => self.stayed_unknown(),
        }
    }

    fn one_short_more(&self) -> Result<(), String> {
        let first_piece = |rest: &str| {
            let mut words = rest.split(' ');
            let is_first = words.next()?.ends_with(".0");
            let proposal = words.next()?.strip_prefix("question:")?.to_owned();
            is_first.then_some((proposal, spoken(rest)?))
        };
        let asked: Vec<(String, String)> = self.orders("say ").filter_map(first_piece).collect();
        let short = Phrase::ShortQuestion { what: "" }.say(self.language);
        match asked.as_slice() {
            [] => Err("no question was put".to_owned()),
            [_] => Ok(()),
            [(first, _), (second, text)] => demand(first == second && text.ends_with(&short), || {
                format!("the second question is not the short form of the first: {text:?}")
            }),
            more => {
                Err(format!("{} questions were put, demanded is at most one after the first", more.len()))
            }
        }
    }

    fn interrupted(&self) -> Result<(), String> {
        demand(self.figures.clears > 0, || "the carrier got no `clear`: the agent did not stop".to_owned())?;
        let answers = self.replies("answer");
        let cuts: Vec<Samples> = self.events().filter_map(|event| self.kept(&event, &answers)).collect();
        demand(!cuts.is_empty(), || "no answer was cut short".to_owned())?;
        let near = |kept: &Samples| {
            let near = |ear: &Millis| ear.0.abs_diff(kept.millis().0) <= EAR_TOLERANCE.0;
            self.played.cuts.iter().any(near)
        };
        demand(cuts.iter().any(near), || {
            let list = |all: Vec<Millis>| all.iter().map(Millis::to_string).collect::<Vec<_>>().join(", ");
            let kept = list(cuts.iter().map(|kept| kept.millis()).collect());
            format!("kept as heard is {kept}, but the caller heard {}", list(self.played.cuts.clone()))
        })
    }

    /// How much of a cut answer is kept as heard.
    fn kept(&self, event: &Event, answers: &[ReplyId]) -> Option<Samples> {
        let Event::Cut { reply, whole, permille } = event else { return None };
        if !answers.contains(reply) {
            return None;
        }
        let pieces = self.events().filter_map(|event| {
            let Event::Synthesised { reply: of, length, .. } = event else { return None };
            (of == *reply).then_some(length)
        });
        let pieces: Vec<Samples> = pieces.collect();
        let whole = usize::from(*whole);
        let all: u32 = pieces.iter().take(whole).map(|length| length.0).sum();
        let part = pieces.get(whole).map_or(0, |length| length.0 / 1_000 * u32::from(*permille));
        Some(Samples(all + part))
    }

    fn sent_away(&self) -> Result<(), String> {
        demand(!self.replies("reminder").is_empty(), || "there was no reminder".to_owned())?;
        demand(!self.replies("goodbye").is_empty(), || "there was no goodbye".to_owned())?;
        demand(self.orders("hang-up ").next().is_some(), || "the agent did not hang up".to_owned())?;
        demand(self.played.ended == Ended::AgentHungUp, || {
            format!("the caller's call did not end by the agent: {:?}", self.played.ended)
        })
    }

    fn stayed_unknown(&self) -> Result<(), String> {
        let settled = |how: &str| {
            let is_so = |line: &&String| line.starts_with("< settled ") && line.contains(how);
            self.journal.iter().any(|line| is_so(&line))
        };
        demand(settled(" unknown"), || "no action was told as unknown".to_owned())?;
        demand(!settled(" done "), || "an action was told as done".to_owned())?;
        let claim = self.orders("say ").filter_map(spoken).find(|text| claims_done(self.language, text));
        demand(claim.is_none(), || format!("the agent said {:?}", claim.unwrap_or_default()))
    }

    fn not_understood(&self) -> Result<(), String> {
        let proposed = self.events().find_map(|event| {
            let Event::Proposed { tool, .. } = event else { return None };
            Some(tool.0.to_string())
        });
        if let Some(tool) = proposed {
            return Err(format!("{tool} was proposed where nothing could be understood"));
        }
        let sorry = Phrase::DidNotUnderstand.say(self.language);
        let said = self.orders("say ").filter_map(spoken).any(|text| sorry.starts_with(text.trim()));
        demand(said, || "the agent did not say that it did not understand".to_owned())
    }

    fn ran(&self, tool: &str) -> bool {
        let ours = |rest: &str| rest.split(' ').nth(1) == Some(tool);
        let mut runs =
            self.orders("run ").filter(|rest| ours(rest)).filter_map(|rest| rest.split(' ').next());
        runs.any(|id| self.journal.iter().any(|line| line.starts_with(&format!("< settled {id} done "))))
    }

    fn events(&self) -> impl Iterator<Item = Event> {
        self.journal.iter().filter_map(|line| parse_event(line.strip_prefix("< ")?).ok())
    }

    /// What stands behind orders that begin so.
    fn orders<'s>(&'s self, verb: &'s str) -> impl Iterator<Item = &'s str> {
        self.journal.iter().filter_map(move |line| line.strip_prefix("> ")?.strip_prefix(verb))
    }

    /// Replies of that role, each once.
    fn replies(&self, role: &str) -> Vec<ReplyId> {
        let mut found = Vec::new();
        for rest in self.orders("say ") {
            let mut words = rest.split(' ');
            let reply = words.next().and_then(|piece| ReplyId::parse(piece.split('.').next()?));
            let is_role = words.next().is_some_and(|word| word.split(':').next() == Some(role));
            found.extend(reply.filter(|reply| is_role && !found.contains(reply)));
        }
        found
    }
}

/// The text of a `say` order, without its verb.
pub(super) fn spoken(rest: &str) -> Option<String> {
    serde_json::from_str(rest.splitn(3, ' ').nth(2)?).ok()
}

fn demand(met: bool, otherwise: impl FnOnce() -> String) -> Result<(), String> {
    if met { Ok(()) } else { Err(otherwise()) }
}

#[cfg(test)]
mod tests {
    use super::super::scenario::by_name;
    use super::super::shop::Faults;
    use super::*;

    const LONG: &str = "> say #2.0 question:t1 \"Refund twenty dollars on order one one eight two?\"";
    const SHORT: &str = "> say #3.0 question:t1 \"Twenty dollars: shall I do it?\"";

    /// What the verdict says of a journal, a book without refunds, and a caller who hung up.
    fn judged(demand: Demand, journal: &[&str]) -> Option<String> {
        judged_with(demand, journal, &[])
    }

    fn judged_with(demand: Demand, journal: &[&str], details: &[String]) -> Option<String> {
        let scenario = Scenario {
            name: String::new(),
            about: String::new(),
            agent: "shop",
            moves: Vec::new(),
            refunds: Vec::new(),
            demands: vec![demand],
            faults: Faults::None,
            speaker: super::super::scenario::Speaker::default(),
        };
        let journal: Vec<String> = journal.iter().map(ToString::to_string).collect();
        let played = Played {
            ended: Ended::AgentHungUp,
            latencies: Vec::new(),
            cuts: vec![Millis(900)],
            said: Vec::new(),
        };
        let evidence = Evidence {
            journal: &journal,
            refunds: &[],
            details,
            played: &played,
            figures: &Figures { clears: 1, ..Figures::default() },
            underruns: Underruns::default(),
            language: Language::English,
        };
        unmet(&scenario, &evidence)
    }

    #[test]
    fn every_demand_is_met_by_its_journal_and_by_no_other() {
        let ran = ["> run t1 shop.order_status {} key=t1 action=x unasked", "< settled t1 done {}"];
        let cut = ["> say #2.0 answer:@1 \"a\"", "< synthesised #2.0 16000", "< cut #2 0+500"];
        let away =
            ["> say #2.0 reminder \"a\"", "> say #3.0 goodbye \"b\"", "> hang-up silence", "< hung-up"];
        let table: &[(Demand, &[&str])] = &[
            (Demand::Ran("shop.order_status"), &ran),
            (Demand::Judged(&["no", "wait"]), &["> note judged t1 wait"]),
            (Demand::Judged(&["early-yes"]), &["> note judged t1 early-yes"]),
            (Demand::Judged(&["yes"]), &["> note judged t1 yes"]),
            (Demand::Withdrawn, &["> note withdrawn t1"]),
            (Demand::OneShortMore, &[LONG, SHORT]),
            (Demand::AskedAnew, &["> note asked t1 ~1", "> note asked t2 ~2"]),
            (Demand::Interrupted, &cut),
            (Demand::SentAway, &away),
            (Demand::StayedUnknown, &["< settled t1 unknown", "> say #2.0 outcome:t1 \"I do not know.\""]),
            (Demand::NotUnderstood, &["> say #2.0 notice \"Sorry, I didn't quite catch that.\""]),
        ];
        for (n, (demand, _)) in table.iter().enumerate() {
            for (m, (_, journal)) in table.iter().enumerate() {
                let unmet = judged(demand.clone(), journal);
                assert_eq!(unmet.is_none(), n == m, "{demand:?} by {journal:?}: {unmet:?}");
            }
        }
    }

    #[test]
    fn after_a_question_only_the_short_form_of_the_same_may_follow_and_only_once() {
        let tag = "> say #2.1 question:t1 \"Say yes or no.\"";
        let again = "> say #3.0 question:t1 \"I heard yes. Please say yes once more, or press one.\"";
        let other = SHORT.replace("t1", "t2");
        let third = SHORT.replace("#3", "#4");
        let is_met = |journal: &[&str]| judged(Demand::OneShortMore, journal).is_none();
        assert!(is_met(&[LONG]) && is_met(&[LONG, tag, SHORT]));
        for wrong in [[LONG, LONG].as_slice(), &[LONG, again], &[LONG, &other], &[LONG, SHORT, &third]] {
            assert!(!is_met(wrong), "{wrong:?}");
        }
    }

    #[test]
    fn what_is_kept_of_a_cut_answer_must_be_what_the_ear_heard() {
        let cut = ["> say #2.0 answer:@1 \"a\"", "< synthesised #2.0 80000", "< cut #2 0+500"];
        let unmet = judged(Demand::Interrupted, &cut).expect("the demand is not met");
        assert!(unmet.contains("5000 ms"), "{unmet}");
    }

    #[test]
    fn hurried_wants_a_yes_that_was_early_and_retracts_one_that_was_taken_back_in_words() {
        for (name, verdict) in [("hurried", "early-yes"), ("retracts", "no"), ("retracts", "wait")] {
            let about = |verdict: &str| {
                let journal = ["> note judged t1 yes", &format!("> note judged t1 {verdict}")];
                let demands = by_name(name).expect("a scenario of the demo").demands;
                demands.into_iter().all(|demand| {
                    matches!(demand, Demand::Withdrawn | Demand::OneShortMore)
                        || judged(demand, &journal).is_none()
                })
            };
            assert!(about(verdict) && !about("unclear"), "{name} {verdict}");
        }
    }

    #[test]
    fn found_done_is_what_the_record_says_and_unknown_is_what_nobody_ever_calls_done() {
        for (detail, is_met) in [("killed, probe: it is done", true), ("probe: it was not done", false)] {
            let unmet = judged_with(Demand::FoundDone, &[], &[detail.to_owned()]);
            assert_eq!(unmet.is_none(), is_met, "{detail}");
        }
        let unknown = "< settled t1 unknown";
        for claim in ["< settled t1 done {}", "> say #2.0 answer:@1 \"I have refunded it.\""] {
            assert!(judged(Demand::StayedUnknown, &[unknown, claim]).is_some(), "{claim}");
        }
    }

    #[test]
    fn a_tool_that_was_proposed_was_understood() {
        let sorry = "> say #2.0 notice \"Sorry, I didn't quite catch that.\"";
        assert!(judged(Demand::NotUnderstood, &[sorry, "< proposed @1 shop.refund {}"]).is_some());
    }
}
