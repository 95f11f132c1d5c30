//! Talks with the built-in model, in both languages, and the plan that tests of models share.
//!
//! Promises: each talk is a table of what was said and what must be answered.
//! Never: checks a word the plan or the tables do not hold.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::{FutureExt as _, StreamExt as _};
use serde_json::{Value, json};

use super::Builtin;
use crate::core::base::{Digest, Millis, ProposalId, ToolName};
use crate::core::conversation::{
    CannedAnswer, Confirm, Effects, Idempotency, Identity, Limits, Parameter, ParameterKind, Plan, Policy,
    PrivateList, Recording, Timing, ToolPhrases, ToolPlan, VoiceYes,
};
use crate::core::language::Language;
use crate::llm::{DECLINED, Llm as _, LlmEvent, Message, Prompt};

fn tool(name: &str, effects: Effects, examples: &[&str], parameters: Vec<Parameter>) -> ToolPlan {
    ToolPlan {
        name: ToolName(name.into()),
        description: "Does it.".into(),
        examples: examples.iter().map(|e| (*e).to_owned()).collect(),
        parameters,
        effects,
        confirm: Confirm {
            policy: Policy::Always,
            question: String::new(),
            short: String::new(),
            action: String::new(),
            verbs: Vec::new(),
            voice: VoiceYes::ByEngine,
            demands_mark: false,
        },
        phrases: ToolPhrases::default(),
        idempotency: Idempotency::Keyed,
        timeout: Millis(4_000),
        identity: Identity::default(),
        per_call: None,
    }
}

fn parameter(name: &str, kind: ParameterKind, description: &str, ask: &str) -> Parameter {
    Parameter {
        name: name.into(),
        kind,
        description: description.into(),
        required: true,
        ask: ask.into(),
        ..Parameter::default()
    }
}

/// A small shop in English: `shop.order` is harmless, `shop.refund` has effects, `notes.leave` takes a message.
pub(crate) fn plan() -> Arc<Plan> {
    let order =
        || parameter("order", ParameterKind::Digits, "The order number.", "What is the order number?");
    let amount =
        parameter("amount", ParameterKind::Money, "How much to pay back.", "How much should I refund?");
    let message = parameter("message", ParameterKind::Text, "The message.", "What is the message?");
    Arc::new(Plan {
        agent: "shop".into(),
        language: Language::English,
        currency: "USD".into(),
        greeting: "Hello!".into(),
        prompt: "You are the voice of a small shop.".into(),
        tools: vec![
            tool(
                "shop.order",
                Effects::None,
                &["where is my order", "status of order {order}"],
                vec![order()],
            ),
            tool(
                "shop.refund",
                Effects::Irreversible,
                &["I want a refund", "refund {amount} on order {order}", "I want my money back"],
                vec![order(), amount],
            ),
            tool(
                "notes.leave",
                Effects::Reversible,
                &["leave a message", "leave word that {message}"],
                vec![message],
            ),
        ],
        keys: [('1', ToolName("shop.order".into())), ('2', ToolName("shop.refund".into()))].into(),
        answers: vec![CannedAnswer {
            when: vec![
                "what are your opening hours".into(),
                "what is your refund policy".into(),
                "what can you do".into(),
            ],
            say: "We are open from nine to five.".into(),
        }],
        timing: Timing::default(),
        private: PrivateList::default(),
        recording: Recording::On,
        hash: Digest::of_bytes(b"test"),
    })
}

fn spanish() -> Arc<Plan> {
    let order = || parameter("pedido", ParameterKind::Digits, "El número.", "¿Cuál es su número de pedido?");
    let amount = parameter("importe", ParameterKind::Money, "El importe.", "¿Cuánto le devuelvo?");
    Arc::new(Plan {
        language: Language::Spanish,
        currency: "EUR".into(),
        tools: vec![
            tool(
                "tienda.pedido",
                Effects::None,
                &["dónde está mi pedido", "estado del pedido {pedido}"],
                vec![order()],
            ),
            tool(
                "tienda.devolver",
                Effects::Irreversible,
                &["quiero una devolución", "devuélvame {importe} del pedido {pedido}"],
                vec![order(), amount],
            ),
        ],
        keys: [('1', ToolName("tienda.devolver".into()))].into(),
        answers: vec![CannedAnswer {
            when: vec!["qué horario tienen".into()],
            say: "De nueve a cinco.".into(),
        }],
        ..Plan::clone(&plan())
    })
}

/// A talk under way: what the model says goes into its own history.
struct Call {
    plan: Arc<Plan>,
    history: Vec<Message>,
    calls: u32,
}

fn call(plan: Arc<Plan>) -> Call {
    Call { plan, history: Vec::new(), calls: 0 }
}

impl Call {
    /// What is said in answer, or `tool {args}` where a proposal is made.
    fn answer(&mut self, message: Message) -> String {
        self.history.push(message);
        let plan = Arc::clone(&self.plan);
        let prompt = Prompt { plan, withheld: BTreeSet::new(), history: self.history.clone() };
        let events: Vec<LlmEvent> =
            Builtin.generate(prompt).collect().now_or_never().expect("it waits for nothing");
        assert_eq!(events.last(), Some(&LlmEvent::Finished { usage: None }));
        let mut said = Vec::new();
        for event in events {
            match event {
                LlmEvent::Wrote(piece) => said.push(piece),
                LlmEvent::Proposed { tool, args } => {
                    self.calls += 1;
                    said.push(format!("{tool} {args}"));
                    self.history.push(Message::Called { id: ProposalId(self.calls), tool, args });
                    return said.join(" ");
                }
                LlmEvent::Finished { .. } => {}
                LlmEvent::Failed(fault) => panic!("{fault}"),
            }
        }
        let text = said.join(" ");
        self.history.push(Message::Agent { text: text.clone() });
        text
    }

    fn says(&mut self, text: &str) -> String {
        self.answer(Message::Caller { text: text.into(), keyed: false })
    }

    fn keys(&mut self, text: &str) -> String {
        self.answer(Message::Caller { text: text.into(), keyed: true })
    }

    fn result(&mut self, text: &str) -> String {
        self.answer(Message::Result { id: ProposalId(self.calls), text: text.into() })
    }

    /// The caller answers the gate's question with a no or a change; the heart tells both.
    fn declines(&mut self, said: &str) -> String {
        let call = self.history.pop().expect("a call stands last");
        self.history.push(Message::Agent { text: "Refund it?".into() });
        self.history.push(Message::Caller { text: said.into(), keyed: false });
        self.history.push(call);
        self.result(&format!("{DECLINED}: {}", Value::from(said)))
    }
}

const MORE: &str = "Is there anything else I can do for you?";

fn refund(order: &str, amount: &str) -> String {
    format!("shop.refund {}", json!({ "order": order, "amount": amount }))
}

#[test]
fn one_sentence_with_everything_in_it_is_a_proposal() {
    let table = [
        ("refund twenty dollars on order 1182", refund("1182", "20.00")),
        ("I'd like a refund of $20.50 for order number one one eight two please", refund("1182", "20.50")),
        ("refund order 1182, twenty dollars", refund("1182", "20.00")),
        (
            "um, I want my money back, twenty dollars and fifty cents, order is eleven eighty two",
            refund("1182", "20.50"),
        ),
        ("refund twenty on order 1182", refund("1182", "20.00")),
        ("What's the status of order oh four two?", r#"shop.order {"order":"042"}"#.to_owned()),
        ("where is my order 4071", r#"shop.order {"order":"4071"}"#.to_owned()),
        (
            "please leave word that I will be late, sorry.",
            r#"notes.leave {"message":"I will be late, sorry."}"#.to_owned(),
        ),
    ];
    for (said, expected) in table {
        assert_eq!(call(plan()).says(said), expected, "{said}");
    }
    assert_eq!(
        call(spanish()).says("devuélvame veinte euros con cincuenta del pedido once ochenta y dos"),
        r#"tienda.devolver {"importe":"20.50","pedido":"1182"}"#
    );
}

#[test]
fn missing_values_are_asked_for_in_the_admins_words_one_by_one() {
    let mut talk = call(plan());
    assert_eq!(talk.says("hello, I want a refund"), "What is the order number?");
    assert_eq!(talk.says("it's one one eight two"), "How much should I refund?");
    assert_eq!(talk.says("twenty"), refund("1182", "20.00"));

    let mut talk = call(plan());
    assert_eq!(talk.says("I want a refund"), "What is the order number?");
    assert_eq!(talk.says("twenty dollars"), "What is the order number?", "an amount is no order number");
    assert_eq!(talk.says("1182"), refund("1182", "20.00"));

    let mut talk = call(spanish());
    assert_eq!(talk.says("quiero una devolución"), "¿Cuál es su número de pedido?");
    assert_eq!(talk.says("el once ochenta y dos"), "¿Cuánto le devuelvo?");
    assert_eq!(talk.says("veinte"), r#"tienda.devolver {"importe":"20.00","pedido":"1182"}"#);

    let mut talk = call(plan());
    assert_eq!(talk.says("can I leave a message"), "What is the message?");
    assert_eq!(
        talk.says("No, I cannot come on Monday"),
        r#"notes.leave {"message":"No, I cannot come on Monday"}"#
    );
}

#[test]
fn a_value_of_a_list_is_taken_from_the_words_and_no_other_is() {
    let mut listed = Plan::clone(&plan());
    let list = ["on_hold", "open"].map(str::to_owned).into();
    listed.tools[2].parameters[0].limits = Limits { one_of: list, ..Limits::default() };
    let plan = Arc::new(listed);
    for (none, why) in
        [("whatever you like", "it is no value of the list"), ("open or on hold", "they are two")]
    {
        let mut talk = call(Arc::clone(&plan));
        assert_eq!(talk.says("can I leave a message"), "What is the message?");
        assert!(talk.says(none).ends_with("What is the message?"), "{why}");
        assert_eq!(talk.says("put it on hold please"), r#"notes.leave {"message":"on_hold"}"#);
    }
}

#[test]
fn a_number_that_could_be_two_things_is_asked_for() {
    let mut talk = call(plan());
    assert_eq!(talk.says("refund 1182"), "What is the order number?");
    assert_eq!(talk.says("1182"), "How much should I refund?");
    assert_eq!(talk.says("order 4071"), "How much should I refund?", "a correction by name");
    assert_eq!(talk.says("forty five or fifty"), "Sorry, I didn't get that. How much should I refund?");
    assert_eq!(
        talk.says("twenty euros"),
        "Sorry, I can only help with a few things. You can say, \
        for example: where is my order; or: I want a refund; or: leave a message."
    );
}

#[test]
fn results_of_harmless_tools_are_read_out_for_a_synthesiser() {
    let table = [
        (r#"{"say":"Your order 7 costs $20.50"}"#, "Your order seven costs twenty dollars and fifty cents."),
        (
            r#"{"order":"1182","status":"shipped","total":"45.00","gift":false,"items":2,"note":null}"#,
            "gift: no, items: two, order: one one eight two, status: shipped, total: forty-five dollars.",
        ),
        (
            r#"{"total":"45.00","currency":"EUR","line_items":["pen","ink"]}"#,
            "line items: pen, ink, total: forty-five euros.",
        ),
        (r#""Out of stock!""#, "Out of stock!"),
        ("[]", "I found nothing."),
    ];
    for (result, expected) in table {
        let mut talk = call(plan());
        talk.says("where is order 1182");
        assert_eq!(talk.result(result), format!("{expected} {MORE}"), "{result}");
    }
    let mut talk = call(spanish());
    talk.says("¿dónde está mi pedido 4071?");
    assert_eq!(
        talk.result(r#"{"total":"45.50","pagado":true}"#),
        "pagado: sí, total: cuarenta y cinco euros con cincuenta céntimos. ¿Puedo ayudarle en algo más?"
    );
}

#[test]
fn of_an_action_that_could_not_be_made_ready_the_caller_hears_that_it_failed() {
    let mut talk = call(plan());
    talk.says("refund twenty dollars on order 1182");
    let told = talk.result("unprepared: there is no order 1182");
    assert!(told.ends_with(MORE) && told != MORE, "{told}");
}

#[test]
fn of_an_action_with_effects_nothing_is_said_but_the_offer_of_more() {
    for result in [
        r#"{"refunded":"20.00"}"#,
        "failed: at most \"45.00 dollars\" is left",
        "unknown: no answer to 30.00 dollars",
        "declined",
        "declined: unclear, thirty dollars or order 4071",
        "declined: \"no\"",
        "nonsense",
        "",
    ] {
        let mut talk = call(plan());
        talk.says("refund twenty dollars on order 1182");
        assert_eq!(talk.result(result), MORE, "{result}");
    }
}

#[test]
fn a_change_wanted_in_place_of_a_yes_is_proposed_again() {
    let table = [
        ("yes but only twenty dollars", refund("1182", "20.00")),
        ("no, make it twenty", refund("1182", "20.00")),
        ("no, order 4071", refund("4071", "30.00")),
        ("thirty dollars", MORE.to_owned()),
        ("no, where is order 4071", r#"shop.order {"order":"4071"}"#.to_owned()),
        ("no, what are your opening hours", format!("We are open from nine to five. {MORE}")),
    ];
    for (answer, expected) in table {
        let mut talk = call(plan());
        talk.says("refund thirty dollars on order 1182");
        assert_eq!(talk.declines(answer), expected, "{answer}");
    }
    let mut talk = call(plan());
    talk.says("refund thirty dollars on order 1182");
    assert_eq!(talk.declines("no"), MORE);
    assert_eq!(talk.says("twenty dollars would be enough"), refund("1182", "20.00"), "thought of it later");
}

#[test]
fn a_key_that_answered_the_gate_is_no_wish() {
    let mut talk = call(plan());
    talk.says("refund thirty dollars on order 1182");
    let called = talk.history.pop().expect("a call stands last");
    talk.history.push(Message::Caller { text: "2".into(), keyed: true });
    talk.history.push(called);
    assert_eq!(talk.result("declined: "), MORE);
    assert_eq!(talk.says("no"), "Thank you for calling. Goodbye!");
}

#[test]
fn keys_pick_the_tool_and_fill_it() {
    let mut talk = call(plan());
    assert_eq!(talk.keys("2"), "What is the order number? Please key it in.");
    assert_eq!(talk.keys("0042#"), "How much should I refund? Please key it in.");
    assert_eq!(talk.keys("20"), refund("0042", "20.00"), "money is keyed in whole units");

    let mut talk = call(plan());
    assert_eq!(talk.keys("9"), "That key does nothing here.");
    assert_eq!(talk.keys("1182"), "That key does nothing here.");
    assert_eq!(talk.keys("1"), "What is the order number? Please key it in.");
    assert_eq!(talk.keys("#"), "Sorry, I didn't get that. What is the order number?");
    assert_eq!(talk.says("eleven eighty two"), r#"shop.order {"order":"1182"}"#, "voice and keys mix");

    let mut talk = call(spanish());
    assert_eq!(talk.keys("1"), "¿Cuál es su número de pedido? Márquelo, por favor.");
}

#[test]
fn small_talk_ready_answers_and_the_end() {
    let mut talk = call(plan());
    assert_eq!(talk.says("Hi, good morning!"), "Hello! What can I do for you?");
    assert_eq!(talk.says("what are your opening hours?"), format!("We are open from nine to five. {MORE}"));
    assert_eq!(talk.says("and your refund policy?"), format!("We are open from nine to five. {MORE}"));
    assert_eq!(
        talk.says("What can you do?"),
        format!("We are open from nine to five. {MORE}"),
        "word for word"
    );
    assert_eq!(talk.says("yes"), "What can I do for you?");
    assert_eq!(talk.says("thank you"), format!("You're welcome. {MORE}"));
    assert_eq!(talk.says("no thanks"), "Thank you for calling. Goodbye!");
    assert_eq!(call(plan()).says("ok that's all, bye"), "Thank you for calling. Goodbye!");

    let mut talk = call(spanish());
    assert_eq!(talk.says("¿qué horario tienen?"), "De nueve a cinco. ¿Puedo ayudarle en algo más?");
    assert_eq!(talk.says("no, gracias"), "Gracias por llamar. ¡Hasta luego!");
}

#[test]
fn what_is_not_understood_is_said_so_and_the_second_time_what_can_be() {
    let mut talk = call(plan());
    let first = talk.says("the weather in spain is lovely");
    assert!(first.starts_with("Sorry, I didn't quite catch that."), "{first}");
    let second = talk.says("what would you do");
    assert!(second.contains("where is my order; or: I want a refund; or: leave a message."), "{second}");
    assert!(talk.says("qwerty").starts_with("Sorry, I didn't quite catch"), "and counted anew");
}

#[test]
fn a_caller_may_change_the_subject_or_drop_it_while_asked() {
    let mut talk = call(plan());
    talk.says("I want a refund");
    assert_eq!(talk.says("actually, where is order 4071"), r#"shop.order {"order":"4071"}"#);

    let mut talk = call(plan());
    talk.says("I want a refund");
    assert_eq!(
        talk.says("what are your opening hours"),
        "We are open from nine to five. What is the order number?"
    );
    assert_eq!(talk.says("wait a moment"), "Of course, take your time.");
    assert_eq!(talk.says("never mind"), format!("All right. {MORE}"));

    let mut talk = call(plan());
    talk.says("leave a message");
    assert_eq!(talk.says("no"), format!("All right. {MORE}"));
}

#[test]
fn a_word_that_many_tools_share_neither_begins_nor_interrupts() {
    assert!(call(plan()).says("order 1182").starts_with("Sorry, I didn't quite catch that."));

    let mut loose = Plan::clone(&plan());
    loose.tools[0].examples.extend(["order {order}".into(), "{order}".into()]);
    let mut talk = call(Arc::new(loose));
    talk.says("I want a refund");
    assert_eq!(talk.says("order 1182"), "How much should I refund?", "an answer, not another wish");
    assert!(talk.says("…").starts_with("Sorry, I didn't get that."), "nothing said is no wish");
}

#[test]
fn a_harmless_tool_is_told_in_the_admins_words_where_their_holes_can_be_filled() {
    let generic = "I'm sorry, that didn't work. Nothing has been changed.";
    let table = [
        (
            "Order {{ order | digits }} is {{ status }}.",
            r#"{"status":"lost"}"#,
            "Order one one eight two is lost.",
        ),
        ("It costs {{ total | money }}", r#"{"total":"45.00"}"#, "It costs forty-five dollars."),
        ("It is {{ status }}.", r#"{"say":"It is late.","status":"x"}"#, "It is late."),
        ("It is {{ nowhere }}.", r#"{"status":"lost"}"#, "status: lost."),
        ("I can't find order {{ order | digits }}.", "failed: 404", "I can't find order one one eight two."),
        ("I can't find {{ nowhere }}.", "failed: 404, the caller's \"45.00\"", generic),
        ("", "failed: 404", generic),
    ];
    for (phrase, result, expected) in table {
        let mut plan = Plan::clone(&plan());
        plan.tools[0].phrases.failed = phrase.into();
        plan.tools[0].phrases.done = phrase.into();
        let mut talk = call(Arc::new(plan));
        talk.says("where is order 1182");
        assert_eq!(talk.result(result), format!("{expected} {MORE}"), "{phrase}");
    }
}

#[test]
fn what_was_spoken_of_before_may_be_pointed_at() {
    let mut talk = call(plan());
    talk.says("where is order 1182");
    talk.result(r#"{"status":"lost"}"#);
    assert_eq!(talk.says("then refund that order, twenty dollars"), refund("1182", "20.00"));

    let mut talk = call(plan());
    talk.says("where is order 1182");
    talk.result(r#"{"status":"lost"}"#);
    assert_eq!(talk.says("I want a refund"), "What is the order number?", "not pointed at, not assumed");
}

#[test]
fn it_takes_over_in_the_middle_of_another_models_call() {
    let mut talk = call(plan());
    talk.history = vec![
        Message::Caller { text: "money back for 1182".into(), keyed: false },
        Message::Agent { text: "Let me see.".into() },
        Message::Called {
            id: ProposalId(7),
            tool: ToolName("shop.refund".into()),
            args: json!({"order": "1182", "amount": "30.00"}),
        },
    ];
    talk.calls = 7;
    assert_eq!(talk.declines("only twenty dollars"), refund("1182", "20.00"));
    let mut talk = call(plan());
    talk.calls = 3;
    assert_eq!(talk.result("1"), MORE);
    assert_eq!(call(plan()).keys(""), "That key does nothing here.");
}

#[test]
fn no_value_is_ever_made_up() {
    const WORDS: [&str; 26] = [
        "refund",
        "order",
        "money",
        "back",
        "twenty",
        "dollars",
        "1182",
        "please",
        "the",
        "it",
        "that",
        "$20",
        "4071",
        "no",
        "yes",
        "and",
        "cents",
        "fifty",
        "number",
        ",",
        "status",
        "⟦card 1⟧",
        "is",
        "-5",
        "of",
        "make",
    ];
    let mut seed: u64 = 11;
    let mut draw = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).expect("31 bits fit") % below
    };
    let mut proposals = 0;
    for _ in 0..1_500 {
        let mut talk = call(plan());
        for _ in 0..3 {
            let said: Vec<&str> = (0..1 + draw(8)).map(|_| WORDS[draw(WORDS.len())]).collect();
            talk.says(&said.join(" "));
        }
        let heard: String = talk.history.iter().filter_map(caller_text).collect::<Vec<_>>().join(" ");
        for message in &talk.history {
            let Message::Called { args, .. } = message else { continue };
            proposals += 1;
            for value in args.as_object().unwrap().values().filter_map(Value::as_str) {
                assert!(was_said(value, &heard), "{value} was not said in: {heard}");
            }
        }
    }
    assert!(proposals > 100, "only {proposals} proposals: the loop proves nothing");
}

fn caller_text(message: &Message) -> Option<&str> {
    match message {
        Message::Caller { text, .. } => Some(text),
        Message::Agent { .. } | Message::Called { .. } | Message::Result { .. } => None,
    }
}

/// Each figure of the value has its word among those above.
fn was_said(value: &str, heard: &str) -> bool {
    let mut rest = value.strip_suffix(".00").unwrap_or(value).replace('.', "");
    for (figure, word) in [
        ("1182", "1182"),
        ("4071", "4071"),
        ("20", "twenty"),
        ("20", "$20"),
        ("50", "fifty"),
        ("0", "cents"),
        ("⟦card 1⟧", "⟦card 1⟧"),
    ] {
        if heard.contains(word) {
            rest = rest.replace(figure, "");
        }
    }
    rest.is_empty()
}
