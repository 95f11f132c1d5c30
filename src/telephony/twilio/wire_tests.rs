//! Golden lines of Twilio Media Streams, both directions, and what a hostile carrier might send.
//!
//! Promises: every line is dated and says where its shape comes from.
//! Never: holds a recording or a number of a real caller.

use super::*;

// The shapes of Twilio's "Media Streams - WebSocket messages" page, September 2026; the values are invented.
const CONNECTED: &str = r#"{"event":"connected","protocol":"Call","version":"1.0.0"}"#;
const START: &str = concat!(
    r#"{"event":"start","sequenceNumber":"1","streamSid":"MZ01","#,
    r#""start":{"streamSid":"MZ01","accountSid":"AC01","callSid":"CA01","#,
    r#""tracks":["inbound"],"customParameters":{"token":"7d9c","from":"+15550100001"},"#,
    r#""mediaFormat":{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1}}}"#,
);
const MEDIA: &str = concat!(
    r#"{"event":"media","sequenceNumber":"2","streamSid":"MZ01","#,
    r#""media":{"track":"inbound","chunk":"1","timestamp":"20","payload":"/////w=="}}"#,
);
const DTMF: &str = concat!(
    r#"{"event":"dtmf","sequenceNumber":"57","streamSid":"MZ01","#,
    r#""dtmf":{"track":"inbound_track","digit":"4"}}"#,
);
const MARK: &str = r#"{"event":"mark","sequenceNumber":"99","streamSid":"MZ01","mark":{"name":"g3-2"}}"#;
const STOP: &str = concat!(
    r#"{"event":"stop","sequenceNumber":"400","streamSid":"MZ01","#,
    r#""stop":{"accountSid":"AC01","callSid":"CA01"}}"#,
);

fn parse(text: &str) -> Result<CarrierEvent, Malformed> {
    Parser::default().parse(text)
}

fn media_at(millis: u32) -> CarrierEvent {
    CarrierEvent::Media { timestamp: Some(Millis(millis)) }
}

#[test]
fn each_golden_line_is_read() {
    assert_eq!(parse(CONNECTED), Ok(CarrierEvent::Connected));
    assert_eq!(parse(DTMF), Ok(CarrierEvent::Key(Key::parse("4").unwrap())));
    assert_eq!(parse(MARK), Ok(CarrierEvent::Mark { name: "g3-2".to_owned() }));
    assert_eq!(parse(STOP), Ok(CarrierEvent::Stop));
    let Ok(CarrierEvent::Start(start)) = parse(START) else { panic!("no start") };
    assert_eq!(
        (start.stream.as_str(), start.call.as_str(), start.account.as_str()),
        ("MZ01", "CA01", "AC01")
    );
    assert_eq!(start.params["token"], "7d9c");
    assert!(start.media_format.is_mulaw_8k_mono());
}

#[test]
fn audio_is_in_the_buffer_until_the_next_message() {
    let mut parser = Parser::default();
    assert_eq!(parser.parse(MEDIA), Ok(media_at(20)));
    assert_eq!(parser.audio(), [0xFF; 4]);
    parser.parse(MARK).unwrap();
    assert!(parser.audio().is_empty());
}

#[test]
fn other_spellings_of_the_same_message_are_accepted() {
    for (why, text) in [
        ("number as a number", r#"{"event":"media","media":{"timestamp":20,"payload":"/////w=="}}"#),
        ("keys in another order", r#"{"media":{"payload":"/////w==","timestamp":"20"},"event":"media"}"#),
        ("no padding", r#"{"event":"media","media":{"timestamp":"20","payload":"/////w"}}"#),
        ("escaped slashes", r#"{"event":"media","media":{"timestamp":"20","payload":"\/\/\/\/\/w=="}}"#),
        (
            "unknown fields",
            r#"{"event":"media","new":{"x":[1]},"media":{"timestamp":"20","payload":"/////w==","y":null}}"#,
        ),
    ] {
        let mut parser = Parser::default();
        assert_eq!(parser.parse(text), Ok(media_at(20)), "{why}");
        assert_eq!(parser.audio(), [0xFF; 4], "{why}");
    }
    let untimed = r#"{"event":"media","media":{"payload":""}}"#;
    assert_eq!(parse(untimed), Ok(CarrierEvent::Media { timestamp: None }));
    let bare = START.replace(r#""token":"7d9c","from":"+15550100001""#, "").replace("8000", "\"8000\"");
    assert!(matches!(parse(&bare), Ok(CarrierEvent::Start(start)) if start.params.is_empty()));
}

#[test]
fn what_means_nothing_to_us_is_ignored_and_says_why() {
    for (text, why) in [
        (r#"{"event":"weather"}"#, Ignored::UnknownEvent),
        (r#"{"event":"media","media":{"track":"outbound","payload":"!"}}"#, Ignored::OutboundTrack),
        (r#"{"event":"dtmf","dtmf":{"digit":"W"}}"#, Ignored::UnknownKey),
    ] {
        assert_eq!(parse(text), Ok(CarrierEvent::Ignored(why)), "{text}");
    }
}

#[test]
fn a_malformed_message_is_named_and_not_repeated() {
    let long_name = MARK.replace("g3-2", &"n".repeat(MARK_BYTES_MAX + 1));
    let long_param = START.replace("7d9c", &"s".repeat(PARAM_BYTES_MAX));
    let many: String = (0..=PARAMS_MAX).map(|n| format!(r#""secret{n}":"x","#)).collect();
    let many_params = START.replace(r#""token":"#, &format!(r#"{many}"token":"#));
    let too_much = format!(r#"{{"event":"media","media":{{"payload":"{}"}}}}"#, "/".repeat(10_672));
    let secret_payload = r#"{"event":"media","media":{"payload":"secret!!"}}"#;
    for (text, want) in [
        (secret_payload.to_owned(), Malformed::NotBase64),
        (too_much, Malformed::TooMuchAudio),
        (long_name, Malformed::NameTooLong),
        (long_param, Malformed::TooManyParams),
        (many_params, Malformed::TooManyParams),
        (START.replace("CA01", "CA/../secret"), Malformed::Id("callSid")),
        (START.replace("MZ01", "\\u0022}secret"), Malformed::Id("streamSid")),
        (START.replace("AC01", ""), Malformed::Id("accountSid")),
        ("x".repeat(MESSAGE_BYTES_MAX + 1), Malformed::TooLong),
    ] {
        let got = parse(&text).unwrap_err();
        assert_eq!(got, want);
        assert!(!got.to_string().contains("secret"), "{got}");
    }
    for text in [
        "",
        "secret",
        "[]",
        "{}",
        "null",
        r#"{"event":1}"#,
        r#"{"event":"media"}"#,
        r#"{"event":"mark","mark":{}}"#,
    ] {
        let got = parse(text).unwrap_err();
        assert!(matches!(got, Malformed::Shape { .. }), "{text}: {got:?}");
        assert!(!got.to_string().contains("secret"), "{got}");
    }
}

#[test]
fn no_bytes_from_outside_panic_or_grow_the_buffer_past_its_limit() {
    let mut parser = Parser::default();
    let mut seed = 7_u64;
    let mut draw = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).unwrap() % below
    };
    for line in [CONNECTED, START, MEDIA, DTMF, MARK, STOP] {
        for _ in 0..2_000 {
            let mut bytes = line.as_bytes().to_vec();
            for _ in 0..=draw(3) {
                let at = draw(bytes.len());
                bytes[at] = u8::try_from(draw(128)).unwrap();
            }
            bytes.truncate(1 + draw(bytes.len()));
            let _ = parser.parse(std::str::from_utf8(&bytes).unwrap());
            assert!(parser.audio().len() <= PAYLOAD_BYTES_MAX);
        }
    }
}

#[test]
fn what_we_say_is_written_as_twilio_documents_it() {
    let stream = StreamId::parse("MZ01").unwrap();
    let mut out = String::new();
    write_media(&mut out, &stream, &[0xFF; 4]);
    assert_eq!(out, r#"{"event":"media","streamSid":"MZ01","media":{"payload":"/////w=="}}"#);
    out.clear();
    write_mark(&mut out, &stream, "g3-2");
    assert_eq!(out, r#"{"event":"mark","streamSid":"MZ01","mark":{"name":"g3-2"}}"#);
    out.clear();
    write_clear(&mut out, &stream);
    assert_eq!(out, r#"{"event":"clear","streamSid":"MZ01"}"#);
    out.clear();
    write_mark(&mut out, &stream, "a\"b");
    assert_eq!(parse(&out), Ok(CarrierEvent::Mark { name: "a\"b".to_owned() }));
}

#[test]
fn a_frame_is_written_into_the_buffer_that_is_there() {
    let stream = StreamId::parse("MZ01").unwrap();
    let mut out = String::with_capacity(1_024);
    let place = out.as_ptr();
    for _ in 0..100 {
        out.clear();
        write_media(&mut out, &stream, &[0x7F; 160]);
        assert_eq!(out.as_ptr(), place);
    }
}
