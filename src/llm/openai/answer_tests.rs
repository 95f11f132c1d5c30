//! Golden answers, and hostile ones.
//!
//! The lines are written after OpenAI's OpenAPI description (November 2026) and after the public reports named
//! beside them; ids and texts are our own.
//!
//! Promises: every answer is read whole, byte by byte and chopped at random, with one result.
//! Never: needs a server.

use serde_json::{Value, json};

use super::answer::{Answer, error_name};
use super::request::Names;
use crate::core::base::ToolName;
use crate::core::language::Language;
use crate::llm::builtin::tests::plan;
use crate::llm::{LlmEvent, Usage};

/// The body of `events`, each a `data:` line with its blank line.
fn body(events: &[Value]) -> String {
    events.iter().map(|e| format!("data: {e}\n\n")).collect()
}

fn delta(delta: Value) -> Value {
    json!({"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m",
        "choices": [{"index": 0, "delta": delta, "finish_reason": null}]})
}

fn end(reason: &str) -> Value {
    json!({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
}

fn call(fragment: Value) -> Value {
    delta(json!({ "tool_calls": [fragment] }))
}

fn read(chunks: &[&[u8]]) -> Vec<LlmEvent> {
    let mut answer = Answer::new(Language::English, Names::of(&plan()));
    let mut out = Vec::new();
    for chunk in chunks {
        if let Err(fault) = answer.feed(chunk, &mut out) {
            out.push(LlmEvent::Failed(fault));
            return out;
        }
    }
    answer.finish(&mut out);
    out
}

/// Read whole, byte by byte, and chopped at random: always the same.
fn events(body: &str) -> Vec<LlmEvent> {
    let whole = read(&[body.as_bytes()]);
    assert_eq!(read(&body.as_bytes().chunks(1).collect::<Vec<_>>()), whole, "byte by byte");
    let mut seed: u32 = 3;
    for _ in 0..20 {
        let (mut rest, mut chunks) = (body.as_bytes(), Vec::new());
        while !rest.is_empty() {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let at = (1 + seed as usize % 90).min(rest.len());
            chunks.push(&rest[..at]);
            rest = &rest[at..];
        }
        assert_eq!(read(&chunks), whole, "chopped");
    }
    whole
}

fn wrote(text: &str) -> LlmEvent {
    LlmEvent::Wrote(text.to_owned())
}

fn proposed(tool: &str, args: Value) -> LlmEvent {
    LlmEvent::Proposed { tool: ToolName(tool.into()), args }
}

const END: LlmEvent = LlmEvent::Finished { usage: None };

#[test]
fn text_comes_in_pieces_with_the_usage_at_the_end() {
    let lines = concat!(
        "data: {\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":",
        "[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}]}\n\n",
        ": keep-alive\r\n\r\n",
        "data: {\"id\":\"c1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"One mo\"},\"finish_reason\":null}],",
        "\"obfuscation\":\"x9\"}\r\n\r\n",
        "data:{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"ment, please. I am look\"}}]}\r\r",
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"ing\",\"reasoning_content\":\"hm\"}}]}\n\n",
        "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":120,\"completion_tokens\":31,\"total_tokens\":151,",
        "\"prompt_tokens_details\":{\"cached_tokens\":64}}}\n\n",
        "data: [DONE]\n\n",
    );
    let usage = Some(Usage { input: 120, cached: 64, output: 31 });
    let expected = [wrote("One moment, please."), wrote("I am looking"), LlmEvent::Finished { usage }];
    assert_eq!(events(lines), expected);
}

#[test]
fn text_and_two_calls_in_fragments_are_put_together() {
    let lines = body(&[
        delta(json!({"role": "assistant", "content": "One moment."})),
        call(json!({"index": 0, "id": "a", "type": "function",
            "function": {"name": "shop__order", "arguments": ""}})),
        call(json!({"index": 0, "function": {"arguments": "{\"order\":"}})),
        call(json!({"index": 0, "function": {"arguments": "\"1182\"}"}})),
        call(json!({"index": 1, "id": "b", "type": "function",
            "function": {"name": "shop__refund", "arguments": "{}"}})),
        end("tool_calls"),
    ]);
    let expected = [
        wrote("One moment."),
        proposed("shop.order", json!({"order": "1182"})),
        proposed("shop.refund", json!({})),
        END,
    ];
    assert_eq!(events(&format!("{lines}data: [DONE]\n\n")), expected);
    assert_eq!(events(&lines), expected, "an end without [DONE]");
}

#[test]
fn calls_are_told_apart_whatever_servers_make_of_index_and_id() {
    let a = |extra: Value| {
        merged(json!({"function": {"name": "shop__order", "arguments": "{\"order\":\"1\"}"}}), extra)
    };
    let b = |extra: Value| {
        merged(json!({"function": {"name": "shop__order", "arguments": "{\"order\":\"2\"}"}}), extra)
    };
    let table: Vec<(&str, Vec<Value>)> = vec![
        (
            "index 0 for all: ollama#15457",
            vec![a(json!({"index": 0, "id": "x"})), b(json!({"index": 0, "id": "y"}))],
        ),
        ("no index: openai-python#2806", vec![a(json!({"id": "x"})), b(json!({"id": "y"}))]),
        ("no id", vec![a(json!({"index": 0})), b(json!({"index": 1}))]),
        ("empty ids", vec![a(json!({"index": 0, "id": ""})), b(json!({"index": 1, "id": ""}))]),
        ("neither", vec![a(json!({})), b(json!({}))]),
        ("index 0 and no id", vec![a(json!({"index": 0})), b(json!({"index": 0}))]),
        ("one id for both", vec![a(json!({"index": 0, "id": "x"})), b(json!({"index": 1, "id": "x"}))]),
    ];
    let expected =
        [proposed("shop.order", json!({"order": "1"})), proposed("shop.order", json!({"order": "2"})), END];
    for (what, fragments) in table {
        let apart: Vec<Value> = fragments.iter().cloned().map(call).chain([end("stop")]).collect();
        assert_eq!(events(&body(&apart)), expected, "{what}, finish_reason stop: vllm#31871");
        let together = [delta(json!({ "tool_calls": fragments })), end("tool_calls")];
        assert_eq!(events(&body(&together)), expected, "{what}, in one delta");
    }
}

fn merged(mut one: Value, other: Value) -> Value {
    let fields = one.as_object_mut().expect("both are objects");
    fields.extend(other.as_object().expect("both are objects").clone());
    one
}

#[test]
fn one_call_stays_one_when_id_and_name_come_again_or_late() {
    let args = json!({"order": "1182"});
    let fragment = |id: Value, name: Value, part: Value| {
        call(json!({"index": 0, "id": id, "function": {"name": name, "arguments": part}}))
    };
    let (id, name) = (json!("x"), json!("shop__order"));
    let table = [
        (
            "repeated",
            vec![
                fragment(id.clone(), name.clone(), json!("{\"order\":")),
                fragment(id.clone(), name.clone(), json!("\"1182\"}")),
                fragment(id.clone(), name.clone(), json!("")),
            ],
        ),
        (
            "late id",
            vec![
                fragment(Value::Null, name.clone(), Value::Null),
                fragment(id.clone(), Value::Null, json!("{\"order\":\"1182\"}")),
            ],
        ),
        (
            "no id, name again",
            vec![
                fragment(Value::Null, name.clone(), json!("{\"order\":")),
                fragment(Value::Null, name.clone(), json!("\"1182\"}")),
                fragment(Value::Null, name.clone(), Value::Null),
            ],
        ),
        ("an object", vec![fragment(id.clone(), name.clone(), args.clone())]),
        (
            "beside nothing",
            vec![
                fragment(Value::Null, Value::Null, Value::Null),
                fragment(id, name, json!("{\"order\":\"1182\"}")),
            ],
        ),
    ];
    for (what, mut fragments) in table {
        fragments.push(end("tool_calls"));
        assert_eq!(events(&body(&fragments)), [proposed("shop.order", args.clone()), END], "{what}");
    }
}

#[test]
fn a_call_without_arguments_has_none_and_an_unknown_tool_keeps_its_name() {
    for arguments in [json!({"name": "made__up"}), json!({"name": "made__up", "arguments": " "})] {
        let lines = body(&[call(json!({"index": 0, "id": "x", "function": arguments})), end("tool_calls")]);
        assert_eq!(events(&lines), [proposed("made.up", json!({})), END], "vllm#11392");
    }
}

#[test]
fn what_is_broken_fails_and_proposes_nothing() {
    let whole = |arguments: &str| {
        call(json!({"index": 0, "id": "x", "function": {"name": "shop__refund", "arguments": arguments}}))
    };
    let table = [
        ("no JSON", vec![whole("{\"amount\": 20"), end("tool_calls")]),
        ("two objects", vec![whole("{}{}"), end("tool_calls")]),
        ("no object", vec![whole("[1]"), end("tool_calls")]),
        ("a string", vec![whole("\"{}\""), end("tool_calls")]),
        ("null", vec![whole("null"), end("tool_calls")]),
        ("no name", vec![call(json!({"index": 0, "function": {"arguments": "{}"}})), end("stop")]),
        ("cut", vec![whole("{}")]),
        ("out of tokens", vec![whole("{}"), end("length")]),
        ("withheld", vec![whole("{}"), end("content_filter")]),
        ("an error", vec![whole("{}"), json!({"error": {"code": "overloaded", "message": "secret"}})]),
        ("no chunk", vec![whole("{}"), json!(["?"]), end("tool_calls")]),
        ("nothing at all", vec![]),
    ];
    for (what, chunks) in table {
        let events = events(&body(&chunks));
        assert!(matches!(events.as_slice(), [LlmEvent::Failed(_)]), "{what}: {events:?}");
        assert!(!format!("{events:?}").contains("secret"), "{what}");
    }
    let garbage = read(&[b"data: {\"choices\":[{\"delta\":{\"content\":\"Hi. \"}}]}\n\ndata: \xff\xfe{\n\n"]);
    assert!(matches!(garbage.as_slice(), [LlmEvent::Wrote(_), LlmEvent::Failed(_)]), "{garbage:?}");
    let html = read(&[b"<html><body>502 Bad Gateway</body></html>"]);
    assert!(matches!(html.as_slice(), [LlmEvent::Failed(_)]), "{html:?}");
}

#[test]
fn a_name_that_no_tool_has_is_proposed_as_it_is_and_one_without_end_is_refused() {
    let named = |name: &str| {
        let fragment = json!({"index": 0, "id": "a", "function": {"name": name, "arguments": "{}"}});
        events(&body(&[call(fragment), end("tool_calls")]))
    };
    let longest = "ñ".repeat(64);
    for name in ["refund order", " shop.refund", "shop.refund\n", "a\"b", longest.as_str()] {
        assert_eq!(named(name), [proposed(name, json!({})), END], "the conversation tells the model so");
    }
    let longer = "x".repeat(65);
    let events = named(&longer);
    let [LlmEvent::Failed(fault)] = events.as_slice() else { panic!("{events:?}") };
    assert!(fault.what.contains("longer than any tool's"), "{fault}");
    assert!(!fault.to_string().contains(&longer), "a server's words may be the caller's: {fault}");
}

#[test]
fn calls_without_end_are_stopped() {
    let many: Vec<Value> = (0..40)
        .map(|n| call(json!({"index": n, "id": format!("x{n}"), "function": {"name": "a__b"}})))
        .collect();
    assert!(matches!(read(&[body(&many).as_bytes()]).as_slice(), [LlmEvent::Failed(_)]));
    let long =
        call(json!({"index": 0, "id": "x", "function": {"name": "a__b", "arguments": "y".repeat(1000)}}));
    assert!(matches!(read(&[body(&vec![long; 80]).as_bytes()]).as_slice(), [LlmEvent::Failed(_)]));
}

#[test]
fn empty_and_null_parts_are_passed_over() {
    let lines = body(&[
        json!({"choices": [], "prompt_filter_results": []}),
        json!({"choices": [{"index": 0, "delta": null, "finish_reason": null}]}),
        json!({"choices": null, "usage": null}),
        delta(json!({"content": null, "tool_calls": null})),
        delta(json!({"refusal": "I cannot do that."})),
        json!({"choices": [{"delta": {"content": " Sorry."}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 5, "completion_tokens": 2}}),
    ]);
    let usage = Some(Usage { input: 5, cached: 0, output: 2 });
    let expected = [wrote("I cannot do that."), wrote("Sorry."), LlmEvent::Finished { usage }];
    assert_eq!(events(&lines), expected, "azure, livekit/agents#688");
}

#[test]
fn reasoning_in_the_text_is_not_spoken() {
    let table: [(&[&str], &[&str]); 4] = [
        (&["<think>Let me see.</think>Hello there."], &["Hello there."]),
        (&["Hi. <th", "ink>no</thi", "nk>Bye."], &["Hi.", "Bye."]),
        (&["a <b and <", "think"], &["a <b and <think"]),
        (&["Hi. <think>never closed"], &["Hi."]),
    ];
    for (parts, expected) in table {
        let mut chunks: Vec<Value> = parts.iter().map(|p| delta(json!({ "content": p }))).collect();
        chunks.push(end("stop"));
        let mut expected: Vec<LlmEvent> = expected.iter().map(|p| wrote(p)).collect();
        expected.push(END);
        assert_eq!(events(&body(&chunks)), expected, "{parts:?}");
    }
}

#[test]
fn an_error_is_named_by_its_code_and_never_by_its_prose() {
    for (error, expected) in [
        (json!({"code": "invalid_api_key", "message": "Incorrect key sk-1"}), "invalid_api_key"),
        (json!({"code": null, "type": "server_error"}), "server_error"),
        (json!({"code": 429}), "429"),
        (json!({"code": "the caller said hello"}), "without a code"),
        (json!("plain words"), "without a code"),
    ] {
        assert_eq!(error_name(&error), expected);
    }
}
