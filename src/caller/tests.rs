//! The phone against a small gateway on loopback: honest, absent-minded and hostile ones.
//!
//! Promises: what a carrier does is counted in frames and messages, in their order.
//! Never: asserts how long anything took.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::extract::{OriginalUri, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, post};
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use url::Url;

use super::*;
use crate::core::base::{CallId, Fault, Millis, Owner, Private};
use crate::telephony::socket::{Closed, bounded, code};
use crate::telephony::twilio::{Params, PublicUrl, Ticket, Tokens, Verifier, form, signature, twiml};
use crate::telephony::{CarrierEvent, Key, MediaSocket, Outbox, SocketEvent, Start};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";
/// Any time: the store only compares.
const NOW: Duration = Duration::from_secs(1);

fn http() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

/// A gateway that is one socket: every connection is handed to the test.
async fn socket_gateway() -> (Dial, mpsc::Receiver<WebSocket>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/media", listener.local_addr().unwrap());
    let (give, take) = mpsc::channel(1);
    let route = any(|upgrade: WebSocketUpgrade| async move {
        bounded(upgrade).on_upgrade(|ws| async move { give.send(ws).await.unwrap() })
    });
    tokio::spawn(async { axum::serve(listener, Router::new().route("/media", route)).await });
    (Dial::new(Url::parse(&url).unwrap(), http()), take)
}

/// A call to a gateway that is one socket, after its start.
async fn connected(change: impl FnOnce(&mut Dial)) -> (Phone, MediaSocket, Start) {
    let (mut dial, mut take) = socket_gateway().await;
    change(&mut dial);
    let phone = Phone::dial(dial).await.unwrap();
    let mut socket = MediaSocket::new(take.recv().await.unwrap());
    let start = started(&mut socket).await;
    (phone, socket, start)
}

async fn started(socket: &mut MediaSocket) -> Start {
    assert_eq!(carrier_event(socket).await, CarrierEvent::Connected);
    let CarrierEvent::Start(start) = carrier_event(socket).await else { panic!("no start") };
    start
}

async fn carrier_event(socket: &mut MediaSocket) -> CarrierEvent {
    let event = socket.next().await;
    let SocketEvent::Carrier(event) = event else { panic!("{event:?}") };
    event
}

/// Listens until `enough`; returns the names of the marks, each with the frames that came before it.
async fn marks(socket: &mut MediaSocket, enough: usize) -> Vec<(String, usize)> {
    let (mut frames, mut found) = (0, Vec::new());
    while found.len() < enough {
        let event = carrier_event(socket).await;
        if let CarrierEvent::Media { .. } = event {
            frames += 1;
        } else if let CarrierEvent::Mark { name } = event {
            found.push((name, frames));
        }
    }
    found
}

/// What the script hears until the end, the end included.
async fn hear_all(phone: &mut Phone) -> Vec<Heard> {
    let mut all = Vec::new();
    loop {
        let heard = phone.next().await;
        all.push(heard.clone());
        if matches!(heard, Heard::Ended(_)) {
            return all;
        }
    }
}

async fn ended(phone: &mut Phone) -> Ended {
    let Some(Heard::Ended(how)) = hear_all(phone).await.pop() else { panic!("no end") };
    how
}

#[tokio::test]
async fn the_caller_is_heard_in_frames_of_160_bytes_on_one_clock() {
    let params = [("token".to_owned(), "7d9c".to_owned())];
    let (mut phone, mut socket, start) = connected(|dial| dial.params = params.clone().into()).await;
    assert_eq!(start.params, params.into());
    phone.say(vec![1_000; 400]).await;
    let listen = async {
        let (mut audio, mut next, mut keys) = (Vec::new(), 0, Vec::new());
        loop {
            let event = carrier_event(&mut socket).await;
            if let CarrierEvent::Media { timestamp } = event {
                assert_eq!((timestamp, socket.audio().len()), (Some(Millis(next)), 160));
                audio.extend_from_slice(socket.audio());
                next += 20;
            } else if let CarrierEvent::Key(key) = event {
                keys.push(key.reveal());
            } else {
                assert_eq!(event, CarrierEvent::Stop);
                assert_eq!(
                    socket.next().await,
                    SocketEvent::Closed(Closed::ByPeer { code: Some(code::NORMAL) })
                );
                return (audio, keys);
            }
        }
    };
    let script = async {
        let Heard::Said { at } = phone.next().await else { panic!("nothing said") };
        phone.press(Key::parse("5").unwrap()).await;
        phone.hang_up().await;
        let ended = phone.next().await;
        assert_eq!(ended, Heard::Ended(Ended::CallerHungUp));
        assert_eq!(phone.next().await, ended, "for ever");
        at
    };
    let ((audio, keys), at) = tokio::join!(listen, script);
    let recording = phone.finish().await;
    let heard: Vec<i16> = audio.iter().map(|byte| wire::LAW.decode(*byte)).collect();
    let end = usize::try_from(at.0).unwrap();
    assert_eq!(heard, recording.caller, "what is recorded is what was sent");
    assert!(heard[end - 400..end].iter().all(|s| (950..1_050).contains(s)), "the words");
    assert!(heard[..end - 400].iter().chain(&heard[end..]).all(|s| *s == 0), "silence around them");
    assert_eq!(keys, ['5']);
    let figures = recording.figures;
    assert_eq!(figures.frames * 160, heard.len() as u64);
    assert_eq!((figures.lateness.total(), figures.keys, figures.unheard), (figures.frames, 1, 0));
}

#[tokio::test]
async fn marks_come_back_after_their_audio_was_played_and_in_order() {
    let (mut phone, mut socket, start) = connected(|dial| dial.pause = Millis(60)).await;
    let loud = wire::LAW.encode(8_000);
    let mut due = Outbox::new(start.stream);
    due.mark("idle");
    due.media(&[loud; 320]);
    due.mark("first");
    due.media(&[loud; 161]);
    due.mark("second");
    socket.send(&mut due).await.unwrap();
    let found = marks(&mut socket, 3).await;
    let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["idle", "first", "second"]);
    assert!(found[1].1 - found[0].1 >= 2, "two frames of audio: {found:?}");
    assert!(found[2].1 - found[1].1 >= 2, "a frame and a sample take two: {found:?}");
    // The gateway says goodbye once the caller has noticed the silence.
    while !matches!(phone.next().await, Heard::AgentStopped { .. }) {}
    socket.close(code::NORMAL).await;
    drop(socket);
    assert_eq!(ended(&mut phone).await, Ended::AgentHungUp);
    let recording = phone.finish().await;
    let spoken = recording.agent.iter().filter(|s| **s != 0).count();
    assert_eq!((spoken, recording.agent.len()), (481, recording.caller.len()));
    let figures = recording.figures;
    assert_eq!((figures.played, figures.marks, figures.media, figures.clears), (Millis(60), 3, 2, 0));
}

#[tokio::test]
async fn a_clear_returns_the_pending_marks_and_drops_the_rest() {
    let (mut phone, mut socket, start) = connected(|_| ()).await;
    let mut due = Outbox::new(start.stream);
    due.media(&[wire::LAW.encode(8_000); 40_000]);
    due.mark("a");
    due.media(&[wire::LAW.encode(8_000); 40_000]);
    due.mark("b");
    socket.send(&mut due).await.unwrap();
    assert!(matches!(phone.next().await, Heard::AgentStarted { .. }));
    due.clear();
    due.mark("after");
    socket.send(&mut due).await.unwrap();
    let names: Vec<String> = marks(&mut socket, 3).await.into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["a", "b", "after"]);
    let Heard::Cleared { at, dropped } = phone.next().await else { panic!("no clear") };
    assert_eq!(phone.next().await, Heard::Mark { name: "a".to_owned() });
    let answer = async { while let SocketEvent::Carrier(_) = socket.next().await {} };
    let (recording, ()) = tokio::join!(phone.finish(), answer);
    assert!(recording.figures.played.0 < 5_000, "neither mark was reached: {:?}", recording.figures);
    assert_eq!(recording.figures.played + dropped, Millis(10_000));
    let after = usize::try_from(at.0).unwrap();
    assert!(recording.agent[after..].iter().all(|s| *s == 0), "nothing that was dropped is heard");
    assert_eq!((recording.figures.clears, recording.figures.marks), (1, 3));
}

#[tokio::test]
async fn a_call_ends_by_itself_at_its_limit_and_a_dropped_phone_hangs_up() {
    let (mut phone, mut socket, _) = connected(|dial| dial.longest = Duration::from_millis(60)).await;
    let frames = async {
        let mut frames = 0;
        while carrier_event(&mut socket).await != CarrierEvent::Stop {
            frames += 1;
        }
        socket.next().await;
        frames
    };
    assert_eq!(tokio::join!(frames, ended(&mut phone)), (3, Ended::TooLong));

    let (phone, mut socket, _) = connected(|_| ()).await;
    drop(phone);
    while carrier_event(&mut socket).await != CarrierEvent::Stop {}
}

/// What a hostile or broken gateway does to a fresh socket.
#[derive(Clone, Copy)]
enum Harm {
    Say(&'static str),
    Huge,
    Binary,
    Close(u16),
    Vanish,
}

#[tokio::test]
async fn a_hostile_gateway_gives_a_clear_end() {
    for (harm, says) in [
        (Harm::Say("garbage"), "a message that is none"),
        (Harm::Say(r#"{"event":"clear","streamSid":"MZother"}"#), "streamSid"),
        (Harm::Huge, "too big"),
        (Harm::Binary, "binary"),
        (Harm::Close(1011), "code 1011"),
        (Harm::Vanish, "connection"),
    ] {
        let (dial, mut take) = socket_gateway().await;
        let mut phone = Phone::dial(dial).await.unwrap();
        let mut socket = take.recv().await.unwrap();
        let sent = match harm {
            Harm::Say(text) => socket.send(Message::text(text)).await,
            Harm::Huge => socket.send(Message::text("x".repeat(65 * 1_024))).await,
            Harm::Binary => socket.send(Message::binary(vec![0; 10])).await,
            Harm::Close(code) => {
                socket.send(Message::Close(Some(CloseFrame { code, reason: "".into() }))).await
            }
            Harm::Vanish => Ok(()),
        };
        sent.unwrap();
        if let Harm::Vanish = harm {
            drop(socket);
        } else {
            // Reads what the phone said meanwhile, so that its close is answered.
            tokio::spawn(async move { while let Some(Ok(_)) = socket.recv().await {} });
        }
        let Ended::Failed(fault) = ended(&mut phone).await else { panic!("no fault for {says}") };
        assert!(fault.what.contains(says), "{says}: {fault}");
        assert_eq!(fault.owner, Owner::Gateway);
    }
}

/// A gateway with webhooks, put together from the rooms it will be made of.
struct Gateway {
    verifier: Verifier,
    public: PublicUrl,
    tokens: Tokens,
    /// What the voice webhook answers instead of a stream.
    answer: Option<String>,
    sockets: mpsc::Sender<MediaSocket>,
    /// What was asked, in its order.
    log: Mutex<Vec<String>>,
}

impl Gateway {
    async fn open(answer: Option<String>) -> (Dial, Arc<Gateway>, mpsc::Receiver<MediaSocket>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let public = PublicUrl::parse(&url).unwrap();
        let (sockets, take) = mpsc::channel(1);
        let gateway = Arc::new(Gateway {
            verifier: Verifier::new(SecretString::from(TOKEN), public.clone()),
            public,
            tokens: Tokens::default(),
            answer,
            sockets,
            log: Mutex::default(),
        });
        let app = Router::new()
            .route("/voice", post(voice))
            .route("/after", post(after))
            .route("/status", post(status))
            .route("/media", any(media))
            .with_state(Arc::clone(&gateway));
        tokio::spawn(async { axum::serve(listener, app).await });
        let mut dial = Dial::new(url.join("/voice?tenant=acme").unwrap(), http());
        dial.auth_token = Some(SecretString::from(TOKEN));
        (dial, gateway, take)
    }

    fn note(&self, what: impl Into<String>) {
        self.log.lock().unwrap().push(what.into());
    }

    fn believed(&self, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Option<Params> {
        let params = form::parse(body).unwrap();
        let path = uri.path_and_query().unwrap().as_str();
        let signature = headers.get(signature::HEADER).and_then(|v| v.to_str().ok());
        self.verifier.webhook(path, &params, signature).ok().map(|()| params)
    }

    fn stream(&self, ticket: Ticket) -> Response {
        let action = self.public.webhook(&format!("/after?attempt={}", ticket.attempt));
        let token = self.tokens.issue(ticket, NOW).unwrap();
        xml(twiml::connect(&twiml::Connect {
            action: &action,
            stream: &self.public.stream("/media"),
            name: "agent",
            status_callback: &self.public.webhook("/status"),
            params: &[("token", &token)],
        }))
    }
}

fn xml(text: String) -> Response {
    ([("content-type", "text/xml")], text).into_response()
}

async fn voice(
    State(me): State<Arc<Gateway>>,
    uri: OriginalUri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some(params) = me.believed(&uri, &headers, &body) else {
        return StatusCode::FORBIDDEN.into_response();
    };
    let form::VoiceWebhook { call, from, to, .. } = form::VoiceWebhook::read(&params).unwrap();
    me.note("voice");
    match &me.answer {
        Some(text) => xml(text.clone()),
        None => me.stream(Ticket { call, from, to, attempt: 0 }),
    }
}

async fn after(
    State(me): State<Arc<Gateway>>,
    uri: OriginalUri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some(params) = me.believed(&uri, &headers, &body) else {
        return StatusCode::FORBIDDEN.into_response();
    };
    let after = form::AfterStream::read(&params).unwrap();
    let query = uri.query().unwrap();
    me.note(format!("after {query} {:?}", after.status));
    if query == "attempt=0" && !after.status.is_over() {
        return me.stream(Ticket { call: after.call, from: after.from, to: after.to, attempt: 1 });
    }
    xml(twiml::hang_up())
}

async fn status(
    State(me): State<Arc<Gateway>>,
    uri: OriginalUri,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let Some(params) = me.believed(&uri, &headers, &body) else { return StatusCode::FORBIDDEN };
    let Ok(status) = form::StreamStatus::read(&params) else { return StatusCode::NO_CONTENT };
    let name = params.iter().find(|(k, _)| k == "StreamName").unwrap();
    me.note(format!("status {} {}", name.1, word(&status.event)));
    StatusCode::NO_CONTENT
}

fn word(event: &form::StreamEvent) -> &'static str {
    match event {
        form::StreamEvent::Started => "started",
        form::StreamEvent::Stopped => "stopped",
        form::StreamEvent::Error(_) => "error",
    }
}

async fn media(State(me): State<Arc<Gateway>>, headers: HeaderMap, upgrade: WebSocketUpgrade) -> Response {
    let signature = headers.get(signature::HEADER).and_then(|v| v.to_str().ok());
    if me.verifier.handshake("/media", signature).is_err() {
        return StatusCode::FORBIDDEN.into_response();
    }
    bounded(upgrade).on_upgrade(|ws| async move { me.sockets.send(MediaSocket::new(ws)).await.unwrap() })
}

#[tokio::test]
async fn a_call_is_signed_followed_and_opened_again_after_a_loss() {
    let (dial, gateway, mut take) = Gateway::open(None).await;
    let mut phone = Phone::dial(dial).await.unwrap();
    let mut calls = Vec::new();
    // What was closed is let go only later: a socket with frames that nobody read takes its last word back.
    let mut closed = Vec::new();
    for attempt in 0..2 {
        let mut socket = take.recv().await.unwrap();
        let start = started(&mut socket).await;
        let ticket = gateway.tokens.redeem(&start.params["token"], &start.call, NOW).unwrap();
        assert_eq!((ticket.attempt, ticket.from), (attempt, Private::new("+15550100001")));
        calls.push((start.call, start.stream));
        carrier_event(&mut socket).await;
        if attempt == 1 {
            socket.close(code::NORMAL).await;
            closed.push(socket);
        }
    }
    assert_eq!(ended(&mut phone).await, Ended::AgentHungUp);
    drop(closed);
    assert_eq!(calls[0].0, calls[1].0, "one call");
    assert_ne!(calls[0].1, calls[1].1, "two streams");
    let recording = phone.finish().await;
    assert_eq!(recording.figures.streams, 2);
    assert_eq!(recording.figures.length, recording.caller.len() as u64);
    let log = gateway.log.lock().unwrap().clone();
    let asked: Vec<&str> = log.iter().map(String::as_str).filter(|l| !l.starts_with("status")).collect();
    assert_eq!(asked, ["voice", "after attempt=0 InProgress", "after attempt=1 InProgress"]);
    for (status, times) in [("started", 2), ("error", 1), ("stopped", 1)] {
        let told = log.iter().filter(|l| **l == format!("status agent {status}")).count();
        assert_eq!(told, times, "{status}: {log:?}");
    }
}

#[tokio::test]
async fn a_caller_who_hangs_up_is_told_to_the_action() {
    let (dial, gateway, mut take) = Gateway::open(None).await;
    let phone = Phone::dial(dial).await.unwrap();
    let mut socket = take.recv().await.unwrap();
    let listen = async { while let SocketEvent::Carrier(_) = socket.next().await {} };
    let (recording, ()) = tokio::join!(phone.finish(), listen);
    assert_eq!(recording.ended, Ended::CallerHungUp);
    let log = gateway.log.lock().unwrap().clone();
    assert!(log.contains(&"after attempt=0 Completed".to_owned()), "{log:?}");
}

#[tokio::test]
async fn the_other_verbs_are_followed_to_their_end() {
    let say = Heard::Announced { language: "es-ES".to_owned(), text: "Llame más tarde.".to_owned() };
    let over = |how| Heard::Ended(how);
    for (answer, want) in [
        (twiml::say_and_hang_up("es-ES", "Llame más tarde."), vec![say, over(Ended::AgentHungUp)]),
        (
            "<Response><Dial>+1555</Dial></Response>".to_owned(),
            vec![over(Ended::Transferred { to: "+1555".to_owned() })],
        ),
        ("<Response><Reject/></Response>".to_owned(), vec![over(Ended::Rejected)]),
        ("<Response/>".to_owned(), vec![over(Ended::AgentHungUp)]),
    ] {
        let (dial, _, _) = Gateway::open(Some(answer)).await;
        let mut phone = Phone::dial(dial).await.unwrap();
        assert_eq!(hear_all(&mut phone).await, want);
    }
}

#[tokio::test]
async fn a_call_that_cannot_begin_says_why_and_tells_no_secret() {
    async fn fault(change: impl FnOnce(&mut Dial), answer: Option<&str>) -> Fault {
        let (mut dial, _, _take) = Gateway::open(answer.map(str::to_owned)).await;
        change(&mut dial);
        Phone::dial(dial).await.unwrap_err()
    }
    let other = |dial: &mut Dial| dial.auth_token = Some(SecretString::from("other"));
    let unsigned = |dial: &mut Dial| dial.auth_token = None;
    let to = |path: &'static str| {
        move |dial: &mut Dial| {
            dial.url = dial.url.join(path).unwrap();
            if path.starts_with("ws") || path == "/media" {
                dial.url.set_scheme("ws").unwrap();
                dial.auth_token = None;
            }
        }
    };
    let faults = [
        (fault(other, None).await, "403"),
        (fault(unsigned, None).await, "403"),
        (fault(to("/nowhere"), None).await, "404"),
        (fault(to("/media"), None).await, "403"),
        (fault(to("/status"), None).await, "none"),
        (fault(|_| (), Some("<Response><Fly/></Response>")).await, "Fly"),
        (fault(|dial| dial.url = Url::parse("http://127.0.0.1:1/").unwrap(), None).await, "refused"),
    ];
    for (fault, says) in faults {
        assert!(fault.what.contains(says), "{says}: {fault}");
        assert!(!fault.to_string().contains(TOKEN), "{fault}");
    }
}

#[test]
fn ids_are_those_of_a_carrier() {
    let id = webhook::sid("CA");
    assert_eq!(id.len(), 34);
    assert!(CallId::parse(&id).is_some());
}
