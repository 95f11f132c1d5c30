//! What a call never holds more of, and what it never drops for that.
//!
//! Promises: a model that has gone astray ends in a word to the caller; an outcome is told however much waits.
//! Never: counts on the carrier or a service to be well behaved.

use std::sync::Arc;

use centralita_core::base::{
    CallTime, Digest, GenerationId, Position, ProposalId, ReplyId, Samples, ToolName,
};
use centralita_core::conversation::{
    Affirmation, Answered, By, Conversation, EngineYes, Event, LineAbilities, Order, Outcome, Outputs,
    Recorder, Role, Step, Tag, Transcript, TranscriptEnd, Word,
};
use centralita_core::sim::script_plan;
use serde_json::json;

/// A conversation that is fed with facts, and what it has ordered so far.
struct Fed {
    conversation: Conversation,
    ms: u32,
    orders: Vec<Order>,
}

impl Fed {
    /// The greeting was heard, the caller has said something, and the model is asked.
    fn asking(plan: &str) -> Fed {
        let plan = Arc::new(script_plan(plan).expect("the plan has that name"));
        let mut fed = Fed { conversation: Conversation::new(plan), ms: 0, orders: Vec::new() };
        let line = LineAbilities { marks: true, keys: true };
        let (engine, tag, recorder) = (EngineYes::Trusted, Tag::WhenAskedAgain, Recorder::None);
        fed.tell(Event::Answered(Answered { line, engine, tag, recorder, attempt: 0, earlier: Vec::new() }));
        fed.hear_out();
        fed.tell(Event::SpeechStarted { at: Position(16_000) });
        fed.tell(Event::SpeechStopped { at: Position(24_000) });
        let words = vec![Word { text: "go on".to_owned(), span: None }];
        let end = TranscriptEnd::Turn(Affirmation::ByWords);
        fed.tell(Event::Heard(Transcript { words, end }));
        fed
    }

    fn tell(&mut self, event: Event) {
        let mut out = Outputs::default();
        self.ms += 10;
        self.conversation.handle(CallTime(self.ms), &event, &mut out);
        self.orders.extend(out.steps.into_iter().filter_map(|step| match step {
            Step::Order(order) => Some(order),
            Step::Fired { .. } => None,
        }));
    }

    fn has_dropped(&self) -> bool {
        self.orders.iter().any(|order| matches!(order, Order::DropGeneration { generation: FIRST }))
    }

    fn said(&self) -> Vec<(ReplyId, Role, &str)> {
        let mut said = Vec::new();
        for order in &self.orders {
            if let Order::Say { reply, role, text, .. } = order {
                said.push((*reply, *role, text.as_str()));
            }
        }
        said
    }

    /// What is on the line is synthesised and played.
    fn hear_out(&mut self) {
        let Some((reply, ..)) = self.said().last().copied() else { panic!("nothing is said") };
        let mut pieces = Vec::new();
        for order in &self.orders {
            if let Order::Say { reply: of, piece, .. } = order
                && *of == reply
            {
                pieces.push(*piece);
            }
        }
        for piece in pieces {
            self.tell(Event::Synthesised { reply, piece, length: Samples(800) });
        }
        self.tell(Event::Played { reply, at: Position(u64::from(self.ms) * 8), by: By::Mark });
    }
}

const FIRST: GenerationId = GenerationId(1);

#[test]
fn a_model_that_wishes_without_end_is_dropped_and_the_caller_hears_of_it() {
    let mut fed = Fed::asking("en");
    let tool = ToolName("shop.order_status".into());
    for n in 0..=200 {
        assert!(!fed.has_dropped(), "after {n} wishes");
        fed.tell(Event::Proposed {
            generation: FIRST,
            tool: tool.clone(),
            args: json!({"order": n.to_string()}),
        });
    }
    assert!(fed.has_dropped());
    for n in 1..=200 {
        fed.tell(Event::Settled { proposal: ProposalId(n), outcome: Outcome::Done { result: json!({}) } });
    }
    fed.hear_out();
    // The model is asked about the results, and goes on wishing: that cannot be served.
    fed.tell(Event::Proposed { generation: GenerationId(2), tool, args: json!({"order": "1"}) });
    let told = fed.said().iter().any(|(_, role, _)| matches!(role, Role::Goodbye));
    assert!(told, "{:?}", fed.said());
    let runs = fed.orders.iter().filter(|order| matches!(order, Order::Run { .. })).count();
    assert_eq!(runs, 200, "those before it were taken up");
}

#[test]
fn an_answer_that_nobody_would_listen_to_is_cut_short_and_what_was_written_is_said_whole() {
    let mut fed = Fed::asking("en");
    let piece = "The warehouse lies in the north, where the trees are green. ".repeat(10);
    for _ in 0..20 {
        fed.tell(Event::Wrote { generation: FIRST, piece: piece.clone() });
    }
    assert!(fed.has_dropped());
    let said: Vec<_> = fed.said().into_iter().filter(|(_, role, _)| *role == Role::Answer(FIRST)).collect();
    let chars: usize = said.iter().map(|(_, _, text)| text.chars().count()).sum();
    assert!((2_400..=3_000).contains(&chars), "{chars}");
    let (reply, ..) = said[0];
    let ends = |order: &Order| matches!(order, Order::EndReply { reply: of } if *of == reply);
    assert!(fed.orders.iter().any(ends), "it ends");
}

#[test]
fn every_outcome_is_told_however_many_wait() {
    const ACTIONS: u32 = 12;
    let mut fed = Fed::asking("en unasked");
    for n in 1..=ACTIONS {
        let args = json!({"amount": n.to_string(), "order": "1182"});
        fed.tell(Event::Proposed { generation: FIRST, tool: ToolName("shop.refund".into()), args });
    }
    fed.tell(Event::Finished { generation: FIRST });
    for n in 1..=ACTIONS {
        let action = Digest::of_bytes(&n.to_be_bytes());
        fed.tell(Event::Prepared { proposal: ProposalId(n), action, values: json!({}) });
    }
    for n in 1..=ACTIONS {
        let outcome = Outcome::Done { result: json!({}) };
        fed.tell(Event::Settled { proposal: ProposalId(n), outcome });
    }
    for _ in 1..=ACTIONS {
        fed.hear_out();
    }
    let told = |n| fed.said().iter().any(|(_, role, _)| *role == Role::Outcome(ProposalId(n)));
    let untold: Vec<u32> = (1..=ACTIONS).filter(|n| !told(*n)).collect();
    assert!(untold.is_empty(), "{untold:?}");
}
