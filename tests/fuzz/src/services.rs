//! What comes from services: the carrier's messages and forms, a model's answer, a worker's frames, audio files.
//!
//! Promises: what is kept of a message is bounded; what we would write ourselves reads back.
//! Never: believes a length.

use std::time::Duration;

use centralita::core::base::{CallId, Private};
use centralita::core::language::Language;
use centralita::core::sim::shop_plan;
use centralita::llm::LlmEvent;
use centralita::llm::openai::answer::Answer;
use centralita::llm::openai::request::Names;
use centralita::media::line_samples;
use centralita::speech::{Reply, Request};
use centralita::telephony::twilio::form::{self, AfterStream, StreamStatus, VoiceWebhook};
use centralita::telephony::twilio::wire::{PAYLOAD_BYTES_MAX, Parser, write_mark, write_media};
use centralita::telephony::twilio::{Ticket, Tokens};
use centralita::telephony::{CarrierEvent, StreamId};

/// One text message of the carrier's socket.
pub(super) fn carrier_message(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let mut parser = Parser::default();
    let read = parser.parse(text);
    assert!(parser.audio().len() <= PAYLOAD_BYTES_MAX, "audio is bounded");
    let is_media = matches!(read, Ok(CarrierEvent::Media { .. }));
    assert!(is_media || parser.audio().is_empty(), "audio without a message of audio");
    if let Err(malformed) = read {
        assert!(!malformed.fault().what.is_empty());
        return;
    }
    let audio = parser.audio().to_vec();
    assert_eq!(parser.parse(text), read, "a parser remembers nothing");
    let Some(stream) = StreamId::parse("MZ1") else { return };
    if let Ok(CarrierEvent::Mark { name }) = &read {
        let mut ours = String::new();
        write_mark(&mut ours, &stream, name);
        assert_eq!(parser.parse(&ours), read, "a mark comes back by its name");
    }
    if is_media {
        let mut ours = String::new();
        write_media(&mut ours, &stream, &audio);
        assert!(parser.parse(&ours).is_ok());
        assert_eq!(parser.audio(), audio, "audio is written as it is read");
    }
}

/// The body of a webhook, and the token of a stream.
pub(super) fn webhook_form(bytes: &[u8]) {
    let Ok(params) = form::parse(bytes) else { return };
    if let Ok(hook) = VoiceWebhook::read(&params) {
        let call = CallId::parse(hook.call.as_str());
        assert_eq!(call, Some(hook.call), "a call's id reads back");
    }
    let _ = AfterStream::read(&params);
    let _ = StreamStatus::read(&params);
    let (Some(call), Some(other)) = (CallId::parse("CA1"), CallId::parse("CA2")) else { return };
    let tokens = Tokens::default();
    let ticket = Ticket { call: call.clone(), from: Private::new(""), to: Private::new(""), attempt: 0 };
    let issued = tokens.issue(ticket, Duration::ZERO);
    for (_, value) in &params {
        assert!(tokens.redeem(value, &call, Duration::ZERO).is_err(), "a token is not guessed");
    }
    if let Ok(token) = issued {
        assert!(tokens.redeem(&token, &other, Duration::ZERO).is_err(), "a token is of one call");
    }
}

/// A whole WAV file.
pub(super) fn recording(bytes: &[u8]) {
    match line_samples(bytes, "it") {
        Ok(samples) => assert!(!samples.is_empty() && samples.len() * 2 <= bytes.len()),
        Err(fault) => assert!(fault.what.contains("it") && !fault.remedy.is_empty()),
    }
}

/// A streamed answer: whole, and cut where the first byte says.
pub(super) fn model_answer(bytes: &[u8]) {
    let Some((cut, body)) = bytes.split_first() else { return };
    let whole = answered(body, usize::MAX);
    let cut = answered(body, usize::from(*cut).max(1));
    assert_eq!(told(&whole), told(&cut), "the same events however the bytes are chopped");
    assert!(whole.iter().filter(|event| is_end(event)).count() <= 1, "one end");
    let failed = whole.iter().any(|event| matches!(event, LlmEvent::Failed(_)));
    let proposed = whole.iter().any(|event| matches!(event, LlmEvent::Proposed { .. }));
    assert!(!(failed && proposed), "an answer that failed proposes nothing");
}

fn is_end(event: &LlmEvent) -> bool {
    matches!(event, LlmEvent::Finished { .. } | LlmEvent::Failed(_))
}

/// What a conversation is told: text in one piece, then the rest in order.
fn told(events: &[LlmEvent]) -> (Vec<&LlmEvent>, Vec<&LlmEvent>) {
    events.iter().partition(|event| matches!(event, LlmEvent::Wrote(_)))
}

fn answered(body: &[u8], step: usize) -> Vec<LlmEvent> {
    let mut answer = Answer::new(Language::English, Names::of(&shop_plan(Language::English)));
    let mut out = Vec::new();
    for part in body.chunks(step.min(body.len().max(1))) {
        if let Err(fault) = answer.feed(part, &mut out) {
            out.push(LlmEvent::Failed(fault));
            return out;
        }
    }
    answer.finish(&mut out);
    out
}

/// The frames on a speech worker's pipe.
pub(super) fn worker_frame(bytes: &[u8]) {
    let mut rest = bytes;
    while let Ok(Some(request)) = Request::read(&mut rest) {
        let again = Request::read(&mut request.clone().frame().as_slice());
        assert!(again.is_ok_and(|again| again == Some(request)), "a request reads back");
    }
    if let Ok(reply) = Reply::parse(bytes) {
        let mut frame = Vec::new();
        assert!(reply.write(&mut frame).is_ok());
        assert!(
            frame.get(5..).is_some_and(|payload| Reply::parse(payload).is_ok_and(|again| again == reply))
        );
    }
}
