//! What a call adds to the gateway's figures: how long its caller waited, what was asked and answered, what became of
//! actions, what services failed.
//!
//! Promises: read off the same facts and orders as the journal; names and labels are fixed, none is a caller's or a
//! tool's word.
//! Never: decides; a figure that is wrong changes no call.

use super::cassette::LOST;
use super::record::HOLES;
use crate::core::base::{CallTime, Position};
use crate::core::call::Record;
use crate::core::conversation::{Event, Lock, Note, Order, Outcome, Refusal, Step, Timer, Unproven, Verdict};
use crate::core::language::Answer;
use crate::integrations::Finding;

/// From the caller's last word to the first frame that was sent of what the agent said next, in seconds.
pub const TURN_LATENCY: &str = "centralita_turn_latency_seconds";
/// Upper bounds of its buckets: a good answer, one that is felt, one that is called late, one that loses callers.
pub const TURN_LATENCY_BUCKETS: [f64; 9] = [0.3, 0.5, 0.7, 0.9, 1.2, 1.6, 2.5, 5.0, 10.0];
/// Conversations that went on after their process was killed.
pub(super) const RESUMED: &str = "centralita_calls_resumed_total";
const ANSWERS: &str = "centralita_confirmation_answers_total";
const OUTCOMES: &str = "centralita_tool_outcomes_total";
/// What probes found of actions that were not answered.
const PROBES: &str = "centralita_probes_total";
const FAILURES: &str = "centralita_service_failures_total";
/// All values of their labels.
const ANSWER_WORDS: [&str; 10] = [
    "yes",
    "no",
    "change",
    "question",
    "backchannel",
    "unclear",
    "wants-key",
    "early-yes",
    "echo",
    "doubtful",
];
const OUTCOME_WORDS: [&str; 5] = ["done", "partly", "failed", "withheld", "unknown"];
const FINDING_WORDS: [&str; 4] = ["done", "failed", "absent", "open"];
const SERVICES: [&str; 4] = ["stt", "tts", "llm", "tool"];

/// Proofs of who is calling that did not hold, and those that were not tried for that.
const PROOFS: &str = "centralita_proofs_total";
const PROOF_WORDS: [&str; 2] = ["failed", "locked"];

fn count_proof(unproven: &Unproven) {
    let word = match unproven {
        Unproven::Failed { .. } => "failed",
        Unproven::Locked(_) => "locked",
    };
    metrics::counter!(PROOFS, "result" => word).increment(1);
}

/// Names the figures of calls and begins each at zero: what was never counted is no gap in a graph, and an alert on its
/// rise sees the first one.
pub fn begin_figures() {
    metrics::describe_histogram!(
        TURN_LATENCY,
        metrics::Unit::Seconds,
        "From the caller's last word to the first frame of what the agent said next"
    );
    // Known from here on, though nothing is recorded.
    let _ = metrics::histogram!(TURN_LATENCY);
    metrics::describe_counter!(ANSWERS, "What callers' answers to questions about actions were taken for");
    metrics::describe_counter!(OUTCOMES, "What became of actions of tools");
    metrics::describe_counter!(PROBES, "What probes found of actions that were not answered");
    metrics::describe_counter!(
        PROOFS,
        "Proofs of who is calling that failed, and that were not tried for that"
    );
    metrics::describe_counter!(FAILURES, "Failures of services that a call noticed");
    metrics::describe_counter!(HOLES, "Pieces of audio that are missing from recordings");
    metrics::describe_counter!(LOST, "Lines that are missing from cassettes");
    ANSWER_WORDS.iter().for_each(|word| metrics::counter!(ANSWERS, "answer" => *word).absolute(0));
    OUTCOME_WORDS.iter().for_each(|word| metrics::counter!(OUTCOMES, "outcome" => *word).absolute(0));
    FINDING_WORDS.iter().for_each(|word| metrics::counter!(PROBES, "found" => *word).absolute(0));
    PROOF_WORDS.iter().for_each(|word| metrics::counter!(PROOFS, "result" => *word).absolute(0));
    SERVICES.iter().for_each(|word| metrics::counter!(FAILURES, "service" => *word).absolute(0));
    metrics::describe_counter!(RESUMED, "Conversations gone on with after their process was killed");
    metrics::counter!(HOLES).absolute(0);
    metrics::counter!(RESUMED).absolute(0);
    metrics::counter!(LOST).absolute(0);
}

/// A probe was asked.
pub(super) fn count_probe(finding: &Finding) {
    let found = match finding {
        Finding::Done { .. } => "done",
        Finding::Failed => "failed",
        Finding::Absent => "absent",
        Finding::Open(_) | Finding::Lost(_) => "open",
    };
    metrics::counter!(PROBES, "found" => found).increment(1);
}

/// One call's.
#[derive(Debug, Default)]
pub(super) struct Figures {
    waits: Waits,
}

/// Whether the caller waits for the agent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Waits {
    #[default]
    No,
    /// Since that place, where the last word ended.
    Since(Position),
    /// Something is about to be said to it.
    Said(Position),
}

impl Figures {
    /// A line of the journal.
    pub(super) fn sees(&mut self, record: &Record) {
        match record {
            Record::Event { event, .. } => self.event(event),
            // What is said because nobody says anything is no answer.
            Record::Step(Step::Fired { timer: Timer::Silence, .. }) => self.waits = Waits::No,
            Record::Step(Step::Fired { .. }) => {}
            Record::Step(Step::Order(order)) => self.order(order),
        }
    }

    /// Audio goes out.
    pub(super) fn sounds(&mut self, at: CallTime) {
        if let Waits::Said(since) = self.waits {
            let waited = at.since(CallTime::ANSWER + since.since(Position::START).millis());
            metrics::histogram!(TURN_LATENCY).record(f64::from(waited.0) / 1_000.0);
            self.waits = Waits::No;
        }
    }

    fn event(&mut self, event: &Event) {
        if let Event::SpeechStarted { .. } | Event::Resumed(_) = event {
            self.waits = Waits::No;
        } else if let Event::SpeechStopped { at } = event {
            self.waits = Waits::Since(*at);
        } else if let Event::Settled { outcome, .. } = event {
            let outcome = match outcome {
                Outcome::Done { .. } => "done",
                Outcome::Partly { .. } => "partly",
                Outcome::Failed { .. } => "failed",
                Outcome::Withheld(_) => "withheld",
                Outcome::Unknown => "unknown",
            };
            metrics::counter!(OUTCOMES, "outcome" => outcome).increment(1);
        }
        let service = match event {
            Event::SttFailed => "stt",
            Event::TtsFailed { .. } => "tts",
            Event::GenerationFailed { .. } => "llm",
            Event::Unprepared { .. } => "tool",
            Event::Unproven { unproven, .. } => return count_proof(unproven),
            Event::Answered(_)
            | Event::SpeechStarted { .. }
            | Event::SpeechStopped { .. }
            | Event::LineStalled
            | Event::LineResumed
            | Event::Key { .. }
            | Event::Heard(_)
            | Event::Synthesised { .. }
            | Event::Played { .. }
            | Event::Cut { .. }
            | Event::Wrote { .. }
            | Event::Proposed { .. }
            | Event::Finished { .. }
            | Event::Prepared { .. }
            | Event::Settled { .. }
            | Event::HungUp
            | Event::Resumed(_) => return,
        };
        metrics::counter!(FAILURES, "service" => service).increment(1);
    }

    fn order(&mut self, order: &Order) {
        if let (Order::Say { .. }, Waits::Since(since)) = (order, self.waits) {
            self.waits = Waits::Said(since);
        } else if let Order::Note(Note::Refused { why: Refusal::ProofsSpent, .. }) = order {
            count_proof(&Unproven::Locked(Lock::Call));
        } else if let Order::Note(Note::Judged { answer, .. }) = order {
            metrics::counter!(ANSWERS, "answer" => answer_word(*answer)).increment(1);
        }
    }
}

fn answer_word(answer: Verdict) -> &'static str {
    match answer {
        Verdict::Spoken(Answer::Yes) | Verdict::Key('1') => "yes",
        Verdict::Spoken(Answer::No | Answer::Wait) | Verdict::Key('2') => "no",
        Verdict::Spoken(Answer::Change) => "change",
        Verdict::Spoken(Answer::Question) => "question",
        Verdict::Spoken(Answer::Backchannel) => "backchannel",
        Verdict::Spoken(Answer::Unclear) | Verdict::Key(_) => "unclear",
        Verdict::WantsKey => "wants-key",
        Verdict::Early => "early-yes",
        Verdict::Echo => "echo",
        Verdict::Doubtful => "doubtful",
    }
}

#[cfg(test)]
mod unit {
    use std::sync::Arc;

    use super::*;
    use crate::core::conversation::{Conversation, Outputs};
    use crate::core::journal::{CallFile, Line};
    use crate::core::sim::script_plan;

    #[test]
    fn whatever_a_call_can_count_is_there_from_the_start_at_zero() {
        let metrics = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
        metrics::with_local_recorder(&metrics, begin_figures);
        let begun = metrics.handle().render();
        let answers = [Answer::Yes, Answer::No, Answer::Wait, Answer::Change, Answer::Question];
        let answers = answers.into_iter().chain([Answer::Backchannel, Answer::Unclear]).map(Verdict::Spoken);
        let others = [Verdict::Key('1'), Verdict::Key('2'), Verdict::Key('3'), Verdict::WantsKey];
        for verdict in answers.chain(others).chain([Verdict::Early, Verdict::Echo, Verdict::Doubtful]) {
            let line =
                format!("centralita_confirmation_answers_total{{answer=\"{}\"}} 0", answer_word(verdict));
            assert!(begun.contains(&line), "{line}\n{begun}");
        }
        for line in [
            "centralita_tool_outcomes_total{outcome=\"unknown\"} 0",
            "centralita_probes_total{found=\"absent\"} 0",
            "centralita_service_failures_total{service=\"llm\"} 0",
            "centralita_recording_holes_total 0",
            "centralita_turn_latency_seconds_count 0",
            "# HELP centralita_tool_outcomes_total ",
        ] {
            assert!(begun.contains(line), "{line}\n{begun}");
        }
    }

    #[test]
    fn a_call_is_counted_by_what_its_journal_holds() {
        let metrics = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
        let text =
            std::fs::read_to_string("tests/calls/gate/refund-yes-alone.call").expect("it is there, as text");
        let file = CallFile::parse(&text).expect("a call file");
        let (mut figures, mut out) = (Figures::default(), Outputs::default());
        let mut conversation =
            Conversation::new(Arc::new(script_plan("en").expect("the plan has that name")));
        metrics::with_local_recorder(&metrics, || {
            for line in &file.lines {
                let Line::Event { at, event } = line else { continue };
                figures.sees(&Record::Event { at: *at, event: event.clone() });
                conversation.handle(*at, event, &mut out);
                out.steps.drain(..).for_each(|step| figures.sees(&Record::Step(step)));
                figures.sounds(*at);
            }
        });
        let counted = metrics.handle().render();
        for want in [
            "centralita_confirmation_answers_total{answer=\"yes\"} 1",
            "centralita_tool_outcomes_total{outcome=\"done\"} 1",
            "centralita_turn_latency_seconds_count 2",
        ] {
            assert!(counted.contains(want), "{want}\n{counted}");
        }
    }
}
