//! The vault, as a call uses it: what goes in, and what the journal has of it.
//!
//! Promises: each test looks at the journal's own text.
//! Never: needs a sound.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::audio::{Law, LineSetup};
use crate::base::{CallTime, Digest, GenerationId, Placeholder, Position, PrivateKind, Span};
use crate::conversation::{
    Affirmation, Answered, EngineYes, Entry, LineAbilities, PrivateList, Recorder, Recording, Tag, Timing,
    Transcript, TranscriptEnd, Word,
};
use crate::language::Language;

const CARD: &str = "4111111111111111";

struct Talk {
    call: Call,
    out: CallOutputs,
    at: CallTime,
    events: Vec<Event>,
    /// Words that may change no more.
    told: u64,
}

fn plan(private: PrivateList) -> Plan {
    Plan {
        agent: "shop".into(),
        language: Language::English,
        currency: "USD".into(),
        greeting: "Hello.".into(),
        prompt: String::new(),
        tools: Vec::new(),
        keys: BTreeMap::new(),
        answers: Vec::new(),
        timing: Timing::default(),
        recording: Recording::On,
        private,
        hash: Digest::of_bytes(b""),
    }
}

impl Talk {
    fn new(kinds: &[PrivateKind]) -> Talk {
        let plan = plan(PrivateList::new(kinds.iter().copied()));
        let setup = LineSetup { law: Law::Mu, marks: true, keys_out_of_band: true, carrier_buffers: true };
        let call = Call::new(setup, Arc::new(plan));
        let mut talk =
            Talk { call, out: CallOutputs::default(), at: CallTime(0), events: Vec::new(), told: 0 };
        let line = LineAbilities { marks: true, keys: true };
        talk.event(Event::Answered(Answered {
            line,
            engine: EngineYes::Trusted,
            tag: Tag::WhenAskedAgain,
            recorder: Recorder::Ready,
            attempt: 0,
            earlier: Vec::new(),
        }));
        talk
    }

    fn takes(&mut self, input: Input<'_>) {
        self.at = CallTime(self.at.0 + 10);
        self.call.handle(self.at, input, &mut self.out);
        for record in self.out.records.drain(..) {
            if let Record::Event { event, .. } = record {
                self.events.push(event);
            }
        }
    }

    fn event(&mut self, event: Event) {
        self.takes(Input::Event(event));
    }

    fn press(&mut self, keys: &str) {
        for key in keys.chars() {
            self.takes(Input::Key(Key::parse(key).expect("a key")));
        }
    }

    /// The words of a transcript, behind all before that may change no more, as the heart is told them.
    fn hears(&mut self, text: &str, end: TranscriptEnd) -> String {
        let words = text.split(' ').filter(|word| !word.is_empty());
        let words: Vec<Word> = (self.told..).zip(words).map(|(n, text)| word(n, text)).collect();
        if end != TranscriptEnd::Partial {
            self.told += words.len() as u64;
        }
        self.event(Event::Heard(Transcript { words, end }));
        self.heard().iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ")
    }

    fn heard(&self) -> Vec<Word> {
        match self.events.last() {
            Some(Event::Heard(transcript)) => transcript.words.clone(),
            other => panic!("no words: {other:?}"),
        }
    }

    fn turn(&mut self, text: &str) -> String {
        self.hears(text, TURN)
    }

    fn value(&self, kind: PrivateKind, n: u32) -> Option<&str> {
        self.call.vault().values().get(Placeholder { kind, n }).map(|value| value.reveal())
    }
}

/// The nth word of a call, a little shorter than an eighth of a second.
fn word(n: u64, text: &str) -> Word {
    let from = Position(1_000 * n);
    Word { text: text.to_owned(), span: Some(Span { from, to: Position(from.0 + 900) }) }
}

const TURN: TranscriptEnd = TranscriptEnd::Turn(Affirmation::ByWords);

#[test]
fn a_number_of_many_words_is_one_word_with_the_span_of_them_all() {
    let mut talk = Talk::new(&[]);
    assert_eq!(talk.turn("it's 4111 1111 1111 1111, ok"), "it's ⟦card 1⟧, ok");
    let span = talk.heard()[1].span.expect("all words had one");
    assert_eq!((span.from, span.to), (Position(1_000), Position(4_900)));
    assert_eq!(talk.value(PrivateKind::Card, 1), Some(CARD));
    assert_eq!(talk.turn(&format!("again {CARD} and 5555 5555 5555 4444")), "again ⟦card 1⟧ and ⟦card 2⟧");
    let spoken = format!("four {}", vec!["one"; 15].join(" "));
    assert_eq!(talk.turn(&spoken), "⟦card 1⟧");
    assert_eq!(talk.turn("order 1182 please"), "order 1182 please");
}

#[test]
fn of_a_card_that_lies_across_two_transcripts_of_a_turn_no_half_is_told() {
    for (parts, last) in [
        (["my card is 4111 1111", "1111 1111 thanks"], "⟦card 1⟧ thanks"),
        (["my card is 4111 1111 uh", "1111 1111 thanks"], "⟦card 1⟧ thanks"),
        (["four one one one one one one one one one one", "one one one one one"], "⟦card 1⟧"),
        (["my card 4111 1111 1111 1111", ""], "⟦card 1⟧"),
        (["the order is 11", "82 please"], "11 82 please"),
    ] {
        let mut talk = Talk::new(&[]);
        let first = talk.hears(parts[0], TranscriptEnd::Final);
        assert!(!first.contains(|c: char| c.is_ascii_digit()) && !first.contains("one"), "{first}");
        assert_eq!(talk.turn(parts[1]), last);
    }
}

#[test]
fn of_a_card_that_lies_across_two_stretches_of_one_turn_no_half_is_told() {
    let mut talk = Talk::new(&[]);
    for at in [1_000, 5_000] {
        talk.event(Event::SpeechStarted { at: Position(at) });
        talk.event(Event::SpeechStopped { at: Position(at + 3_000) });
    }
    assert_eq!(talk.turn("my card is 4111 1111"), "my card is");
    assert_eq!(talk.turn("1111 1111"), "⟦card 1⟧");
}

#[test]
fn what_the_recogniser_still_owes_of_a_turn_given_up_keeps_no_later_number_waiting() {
    let mut talk = Talk::new(&[]);
    talk.event(Event::SpeechStarted { at: Position(1_000) });
    talk.event(Event::SpeechStopped { at: Position(2_000) });
    talk.at = CallTime(talk.at.0 + 5_000);
    talk.event(Event::SpeechStarted { at: Position(50_000) });
    talk.event(Event::SpeechStopped { at: Position(60_000) });
    assert_eq!(talk.turn("order 1182"), "order 1182");
}

#[test]
fn a_second_half_in_the_next_turn_is_hidden_and_the_first_stands_as_it_was_told() {
    let mut talk = Talk::new(&[]);
    assert_eq!(talk.turn("it is 4111 1111"), "it is 4111 1111");
    assert_eq!(talk.hears("1111 1111", TranscriptEnd::Partial), "⟦…⟧");
    assert_eq!(talk.turn("1111 1111 that's it"), "⟦card 1⟧ that's it");
    assert_eq!(talk.value(PrivateKind::Card, 1), Some("11111111"));
}

#[test]
fn a_whole_card_stays_whole_where_the_number_said_before_it_would_make_another_one_with_its_beginning() {
    let mut talk = Talk::new(&[]);
    assert_eq!(talk.turn("it is 6113"), "it is 6113");
    // 6113 1182 4539 1488 has a right check digit, too.
    assert_eq!(talk.turn("1182 and 4539 1488 0343 6467"), "1182 and ⟦card 1⟧");
    assert_eq!(talk.value(PrivateKind::Card, 1), Some("4539148803436467"));
}

#[test]
fn of_a_card_said_in_many_turns_the_part_that_completes_it_is_hidden() {
    for parts in [["4111", "1111", "1111", "1111"].as_slice(), &["it's 411111", "11111", "11111 ok"]] {
        let mut talk = Talk::new(&[]);
        let (last, before) = parts.split_last().expect("there are some");
        before.iter().for_each(|part| assert_eq!(talk.turn(part), *part));
        assert!(talk.hears(last, TranscriptEnd::Partial).starts_with("⟦…⟧"));
        assert!(talk.turn(last).starts_with("⟦card 1⟧"));
    }
    for before in ["1182", "my order is 1182"] {
        let mut talk = Talk::new(&[]);
        assert_eq!(talk.turn(before), before);
        assert_eq!(talk.turn("4111 1111"), "4111 1111");
        assert_eq!(talk.turn("1111 1111"), "⟦card 1⟧", "another number stood before it");
    }
    let mut talk = Talk::new(&[]);
    for said in ["4111", "1111", "no wait", "1111", "1111"] {
        assert_eq!(talk.turn(said), said, "other words lie between");
    }
}

#[test]
fn a_part_of_a_card_that_the_recogniser_tells_once_more_is_that_card_again() {
    let mut talk = Talk::new(&[]);
    assert_eq!(talk.turn("it is 4111 1111 1111 1111 ok"), "it is ⟦card 1⟧ ok");
    let words = vec![word(4, "1111"), word(5, "1111"), word(6, "ok"), word(7, "1182")];
    for (end, told) in [(TranscriptEnd::Partial, "⟦…⟧ ok 1182"), (TURN, "⟦card 1⟧ ok 1182")] {
        talk.event(Event::Heard(Transcript { words: words.clone(), end }));
        assert_eq!(talk.heard().iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" "), told);
    }
}

#[test]
fn a_card_told_once_more_with_digits_that_were_missing_is_hidden_whole() {
    let mut talk = Talk::new(&[]);
    let told: Vec<Word> = (1..).zip(["4222", "2222", "2222", "2"]).map(|(n, text)| word(n, text)).collect();
    talk.event(Event::Heard(Transcript { words: told.clone(), end: TURN }));
    assert_eq!(talk.heard()[0].text, "⟦card 1⟧");
    let more = [told, vec![word(5, "006"), word(6, "ok")]].concat();
    talk.event(Event::Heard(Transcript { words: more, end: TURN }));
    let told: Vec<Word> = talk.heard();
    assert!(told.iter().all(|word| !word.text.contains("222") && word.text != "006"), "{told:?}");
}

#[test]
fn seven_digits_of_a_known_card_are_hidden_wherever_they_are_told_again() {
    let mut talk = Talk::new(&[]);
    assert_eq!(talk.turn("it is 4539 1488 0343 6467 ok"), "it is ⟦card 1⟧ ok");
    assert_eq!(talk.turn("0343 646, I said"), "⟦card 2⟧, I said", "no place says that it was told before");
    assert_eq!(talk.hears("8803 436", TranscriptEnd::Partial), "⟦…⟧");
    let mut twice = Talk::new(&[]);
    assert_eq!(twice.turn("4539 1488 0343 6467 1488 0343 6467"), "⟦card 1⟧ ⟦card 2⟧", "in one breath, too");
    assert_eq!(talk.turn("1488 03"), "1488 03");
    assert_eq!(talk.turn("order 1234 567"), "order 1234 567");
}

#[test]
fn in_words_that_may_change_seven_digits_are_masked_and_have_no_placeholder() {
    let mut talk = Talk::new(&[]);
    assert_eq!(talk.hears("my card is 4111 11", TranscriptEnd::Partial), "my card is 4111 11");
    assert_eq!(talk.hears("my card is 4111 111", TranscriptEnd::Partial), "my card is ⟦…⟧");
    assert_eq!(talk.hears(CARD, TranscriptEnd::Partial), "⟦…⟧");
    assert_eq!(talk.hears("it is 4111 11", TranscriptEnd::Final), "it is");
    assert_eq!(talk.hears("11 so", TranscriptEnd::Partial), "⟦…⟧ so", "with those that wait they are eight");
    assert_eq!(talk.value(PrivateKind::Card, 1), None);
}

#[test]
fn an_address_is_hidden_in_parts_too_where_the_agent_lists_it() {
    let mut talk = Talk::new(&[PrivateKind::Email]);
    assert_eq!(talk.hears("I am ana at example dot", TranscriptEnd::Partial), "I am ⟦…⟧");
    assert_eq!(talk.hears("I am ana at", TranscriptEnd::Final), "I am");
    assert_eq!(talk.turn("example dot com"), "⟦email 1⟧");
    assert_eq!(talk.value(PrivateKind::Email, 1), Some("ana@example.com"));
    assert_eq!(Talk::new(&[]).turn("I am ana at example dot com"), "I am ana at example dot com");
}

#[test]
fn words_that_waited_in_vain_are_told_before_the_loss_and_before_the_end() {
    for end in [Event::SttFailed, Event::HungUp] {
        let mut talk = Talk::new(&[]);
        assert_eq!(talk.hears("order 1182", TranscriptEnd::Final), "order");
        talk.event(end.clone());
        let at = talk.events.iter().position(|event| *event == end).expect("it is told");
        let Event::Heard(told) = &talk.events[at - 1] else { panic!("{:?}", talk.events) };
        assert_eq!(told.words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>(), ["1182"]);
    }
}

#[test]
fn what_the_model_and_the_tools_tell_is_hidden_and_a_placeholder_passes_unchanged() {
    let mut talk = Talk::new(&[PrivateKind::Email]);
    talk.turn(CARD);
    let generation = GenerationId(1);
    let args = json!({"card": CARD.parse::<u64>().expect("it fits"), "to": ["ana@example.com", "⟦card 1⟧"], "n": 20});
    talk.event(Event::Proposed { generation, tool: crate::base::ToolName("shop.refund".into()), args });
    let Some(Event::Proposed { args, .. }) = talk.events.last() else { panic!("it is told") };
    assert_eq!(*args, json!({"card": "⟦card 1⟧", "to": ["⟦email 1⟧", "⟦card 1⟧"], "n": 20}));
    let values = talk.call.vault().values();
    assert_eq!(values.in_json(args), Ok(json!({"card": CARD, "to": ["ana@example.com", CARD], "n": 20})));
    let unknown = Placeholder { kind: PrivateKind::Card, n: 7 };
    assert_eq!(values.in_text("⟦card 7⟧"), Err(unknown));
    assert!(!format!("{:?}{values:?}", talk.call.vault()).contains("4111"));
}

#[test]
fn a_number_is_pressed_as_masked_keys_and_stands_in_the_history_as_one_placeholder() {
    let mut talk = Talk::new(&[]);
    talk.press("1182#");
    talk.press("99*5#");
    let keys: String = talk
        .events
        .iter()
        .filter_map(|e| if let Event::Key { key, .. } = e { Some(*key) } else { None })
        .collect();
    assert_eq!(keys, "••••#••*•#");
    let entries = talk.call.conversation().history().entries().iter();
    let numbers: Vec<&Entry> = entries.filter(|entry| matches!(entry, Entry::Keys { .. })).collect();
    assert_eq!(
        numbers,
        [1, 2].map(|n| Entry::Keys { keys: format!("⟦keys {n}⟧") }).iter().collect::<Vec<_>>()
    );
    assert_eq!(talk.value(PrivateKind::Keys, 1), Some("1182"));
    assert_eq!(talk.value(PrivateKind::Keys, 2), Some("99*5"));
    assert_eq!(talk.turn("yes eleven eighty two"), "yes ⟦keys 1⟧", "what is known is known again");
}

#[test]
fn a_number_that_begins_like_another_leaves_that_one_known() {
    let mut talk = Talk::new(&[]);
    talk.press("1234#");
    talk.press("12345678#");
    assert_eq!(talk.turn("it was 1234 before"), "it was ⟦keys 1⟧ before");
}

#[test]
fn a_digit_that_is_no_answer_is_masked_though_it_is_part_of_no_number() {
    let talk = Talk::new(&[]);
    let mut vault = Vault::new(Arc::clone(talk.call.conversation().plan()));
    let told: String =
        "0123456789*#".chars().map(|key| vault.key(Key::parse(key).expect("a key"), None)).collect();
    assert_eq!(told, "•12•••••••*#");
}

#[test]
fn a_number_that_ends_by_its_time_begins_a_new_one_with_the_next_key() {
    let mut talk = Talk::new(&[]);
    talk.press("11");
    talk.at = CallTime(talk.at.0 + 5_000);
    talk.press("2#");
    assert_eq!(talk.value(PrivateKind::Keys, 1), Some("11"));
    assert_eq!(talk.value(PrivateKind::Keys, 2), Some("2"));
}

#[test]
fn what_is_said_to_the_caller_has_the_values_in_words() {
    let mut talk = Talk::new(&[]);
    talk.turn(CARD);
    talk.press("20#");
    let vault = talk.call.vault();
    assert_eq!(vault.spoken("card ⟦card 1⟧ of 1182"), "card ending in one one one one of 1182");
    assert_eq!(vault.spoken("⟦keys 1:money⟧, ⟦keys 1⟧"), "twenty dollars, two zero");
    assert_eq!(vault.spoken("on ⟦card 9⟧"), "on your card");
    assert_eq!(Language::English, talk.call.conversation().plan().language);
}
