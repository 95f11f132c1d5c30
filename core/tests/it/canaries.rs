//! Canaries: private words planted into every call script, and then searched for in all that leaves a call.
//!
//! Promises: in figures, in words and across transcripts; the same search over a heart without its vault finds them.
//! Never: trusts a placeholder that it did not see.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use centralita_core::audio::{Law, LineSetup};
use centralita_core::base::{CallTime, PrivateKind, Span};
use centralita_core::call::{Call, CallOutputs, Input, Record};
use centralita_core::conversation::{
    Conversation, Event, Outcome, Outputs, Plan, PrivateList, Step, Transcript, TranscriptEnd, Unproven, Word,
};
use centralita_core::journal::{CallFile, write_event, write_order};
use centralita_core::language::{Language, digit_runs};
use centralita_core::sim::script_plan;
use serde_json::{Value, json};

use super::calls::scripts;

const CARD: &str = "4539148803436467";
const PHONE: &str = "600112233";
const MAIL: &str = "ana.canary@nest.example";

/// What a caller adds to what he says, in each language: card, address, phone.
const SAID: [&str; 4] = [
    "my card is 4539 1488 0343 6467 thanks ana.canary@nest.example and call 600 112 233",
    "four five three nine one four eight eight oh three four three six four six seven so ana dot canary at nest dot \
     example or six zero zero one one two two three three",
    "4539148803436467 es la tarjeta y ana punto canary arroba nest punto example mi móvil 600112233",
    "cuatro cinco tres nueve catorce ochenta y ocho cero tres cuarenta y tres seis cuatro seis siete vale \
     ana.canary arroba nest.example el seiscientos once veintidós treinta y tres",
];

/// What is found in a text: seven digits in a row of a number, however said, or an address.
fn found(text: &str) -> Option<&'static str> {
    let plain: String = text.to_lowercase().chars().filter(|c| !matches!(c, ' ' | '-' | '"' | ',')).collect();
    for (number, name) in [(CARD, "card"), (PHONE, "phone")] {
        let parts = || (0..=number.len() - 7).map(|at| &number[at..at + 7]);
        let spoken = Language::ALL.into_iter().flat_map(|language| digit_runs(language, text));
        if parts().any(|part| plain.contains(part))
            || spoken.into_iter().any(|(_, d)| parts().any(|p| d.contains(p)))
        {
            return Some(name);
        }
    }
    let mails = [MAIL, "canaryatnest", "canaryarrobanest", "@nest"];
    mails.iter().any(|mail| plain.contains(mail)).then_some("mail")
}

/// The text of a journal's line; of words without their places, so that a number is one stretch.
fn text_of(event: &Event) -> String {
    let Event::Heard(transcript) = event else { return write_event(event) };
    transcript.words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ")
}

/// The script's events with the canaries in them; of every other turn the words come in two parts.
fn planted(file: &CallFile, nth: usize) -> Vec<(CallTime, Event)> {
    let mut events = Vec::new();
    for (n, (at, event)) in file.events().enumerate() {
        let value = || json!({"card": CARD.parse::<u64>().expect("it fits"), "to": [MAIL], "say": SAID[(n + nth) % 4]});
        let event = match event.clone() {
            Event::Heard(transcript) if transcript.end != TranscriptEnd::Partial => {
                let (first, rest) = speech(transcript, SAID[(n + nth) % 4], n % 2 == 0);
                events.extend(first.into_iter().map(|first| (at, Event::Heard(first))));
                Event::Heard(rest)
            }
            Event::Heard(transcript) => Event::Heard(speech(transcript, SAID[(n + nth) % 4], false).1),
            Event::Settled { proposal, outcome: Outcome::Done { result } } => {
                Event::Settled { proposal, outcome: Outcome::Done { result: with(result, value()) } }
            }
            Event::Settled { proposal, outcome: Outcome::Partly { result, rest, why } } => {
                let outcome =
                    Outcome::Partly { result: with(result, value()), rest, why: format!("{why} {CARD}") };
                Event::Settled { proposal, outcome }
            }
            Event::Settled { proposal, outcome: Outcome::Failed { why } } => {
                Event::Settled { proposal, outcome: Outcome::Failed { why: format!("{why} {CARD}") } }
            }
            Event::Prepared { proposal, action, values } => {
                Event::Prepared { proposal, action, values: with(values, value()) }
            }
            Event::Unproven { proposal, unproven: Unproven::Failed { why } } => {
                let unproven = Unproven::Failed { why: format!("{why} {MAIL}") };
                Event::Unproven { proposal, unproven }
            }
            Event::Unprepared { proposal, why } => {
                Event::Unprepared { proposal, why: format!("{why} {MAIL}") }
            }
            Event::Wrote { generation, piece } => {
                Event::Wrote { generation, piece: format!("{piece} {}", SAID[(n + nth) % 4]) }
            }
            Event::Proposed { generation, tool, args } => {
                Event::Proposed { generation, tool, args: with(args, value()) }
            }
            other @ (Event::Answered(_)
            | Event::Resumed(_)
            | Event::SpeechStarted { .. }
            | Event::SpeechStopped { .. }
            | Event::LineStalled
            | Event::LineResumed
            | Event::Key { .. }
            | Event::SttFailed
            | Event::Synthesised { .. }
            | Event::TtsFailed { .. }
            | Event::Played { .. }
            | Event::Cut { .. }
            | Event::Finished { .. }
            | Event::GenerationFailed { .. }
            | Event::Settled { outcome: Outcome::Withheld(_) | Outcome::Unknown, .. }
            | Event::Unproven { unproven: Unproven::Locked(_), .. }
            | Event::HungUp) => other,
        };
        events.push((at, event));
    }
    events
}

fn with(mut object: Value, canary: Value) -> Value {
    if let Some(fields) = object.as_object_mut() {
        fields.insert("canary".to_owned(), canary);
    }
    object
}

/// The words and the canary's, and of two parts the first.
fn speech(mut transcript: Transcript, canary: &str, parted: bool) -> (Option<Transcript>, Transcript) {
    let last = transcript.words.last().and_then(|word| word.span);
    let span = last.map(|span| Span { from: span.to, to: span.to });
    transcript.words.extend(canary.split(' ').map(|text| Word { text: text.to_owned(), span }));
    if !parted {
        return (None, transcript);
    }
    let rest =
        transcript.words.split_off(transcript.words.len().saturating_sub(canary.split(' ').count() - 6));
    let first =
        Transcript { words: std::mem::replace(&mut transcript.words, rest), end: TranscriptEnd::Final };
    (Some(first), transcript)
}

fn plan(file: &CallFile) -> Plan {
    let mut plan = script_plan(file.head_value("plan").unwrap_or("en")).expect("the script names a plan");
    plan.private = PrivateList::new(PrivateKind::ALL);
    plan
}

/// All that a call lets out, and what it holds: a line each.
fn told(plan: Plan, events: Vec<(CallTime, Event)>) -> Vec<String> {
    let setup = LineSetup { law: Law::Mu, marks: true, keys_out_of_band: true, carrier_buffers: true };
    let mut call = Call::new(setup, Arc::new(plan));
    let (mut out, mut all) = (CallOutputs::default(), Vec::new());
    for (at, event) in events {
        call.handle(at, Input::Event(event), &mut out);
        for record in out.records.drain(..) {
            match record {
                Record::Event { event, .. } => all.extend([text_of(&event), format!("{event:?}")]),
                Record::Step(Step::Order(order)) => all.push(write_order(&order)),
                Record::Step(Step::Fired { .. }) => {}
            }
        }
    }
    all.extend(call.conversation().history().entries().iter().map(|entry| json!(entry).to_string()));
    all.push(format!("{call:?}"));
    all
}

#[test]
fn no_canary_leaves_any_call_script() {
    let mut hidden = 0;
    for (nth, path) in scripts(Path::new("../tests/calls")).into_iter().enumerate() {
        let text = fs::read_to_string(&path).expect("a listed script is readable");
        let file = CallFile::parse(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        for line in told(plan(&file), planted(&file, nth)) {
            assert_eq!(found(&line), None, "{}\n{line}", path.display());
            hidden += usize::from(line.contains("⟦card 1⟧"));
        }
    }
    assert!(hidden > 300, "only {hidden} lines had a card in them: the canaries are not heard");
}

#[test]
fn the_canaries_are_found_where_nothing_hides_them() {
    let (mut scripts_with, mut all) = (0, 0);
    for (nth, path) in scripts(Path::new("../tests/calls")).into_iter().enumerate() {
        let text = fs::read_to_string(&path).expect("a listed script is readable");
        let file = CallFile::parse(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let mut conversation = Conversation::new(Arc::new(plan(&file)));
        let mut out = Outputs::default();
        let events = planted(&file, nth);
        all += 1;
        scripts_with += usize::from(events.iter().any(|(_, event)| found(&text_of(event)).is_some()));
        events.iter().for_each(|(at, event)| conversation.handle(*at, event, &mut out));
        if nth == 0 {
            let entries = json!(conversation.history().entries()).to_string();
            assert!(found(&entries).is_some(), "{entries}");
        }
    }
    assert!(scripts_with * 10 > all * 8, "canaries are in {scripts_with} of {all} scripts");
    for said in SAID {
        assert!(found(said).is_some(), "{said}");
    }
}

#[test]
fn a_number_that_is_keyed_stands_nowhere() {
    let setup = LineSetup { law: Law::Mu, marks: true, keys_out_of_band: true, carrier_buffers: true };
    let plan = script_plan("en").expect("the plan has that name");
    let file = CallFile::parse("    0.000 < answered\n").expect("a call file");
    let mut call = Call::new(setup, Arc::new(plan));
    let (mut out, mut lines) = (CallOutputs::default(), String::new());
    let (mut at, key) = (CallTime(0), |key| centralita_core::audio::Key::parse(key).expect("a key"));
    for (_, event) in file.events() {
        call.handle(at, Input::Event(event.clone()), &mut out);
    }
    for pressed in "847362#".chars() {
        at = CallTime(at.0 + 100);
        call.handle(at, Input::Key(key(pressed)), &mut out);
        for record in &out.records {
            if let Record::Event { event: Event::Key { key, .. }, .. } = record {
                lines.push(*key);
            }
        }
    }
    assert_eq!(lines, "••••••#");
    let history = json!(call.conversation().history().entries()).to_string();
    assert!(history.contains("⟦keys 1⟧") && !history.contains("847362"), "{history}");
    assert!(!format!("{call:?}").contains("847362"));
}
