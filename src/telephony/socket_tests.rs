//! The socket loop against a client of another library, on loopback, honest and hostile.
//!
//! Promises: every end of a socket is provoked and named.
//! Never: measures time.

use axum::Router;
use axum::routing::any;
use futures::StreamExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async, tungstenite::Message as Client};

use super::*;

type Peer = WebSocketStream<MaybeTlsStream<TcpStream>>;

const MARK: &str = r#"{"event":"mark","mark":{"name":"m1"}}"#;

/// A socket of ours, and the peer it talks with.
async fn pair() -> (MediaSocket, Peer) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    let (give, mut take) = mpsc::channel(1);
    let route = any(|upgrade: WebSocketUpgrade| async move {
        bounded(upgrade).on_upgrade(|ws| async move { give.send(MediaSocket::new(ws)).await.unwrap() })
    });
    tokio::spawn(async { axum::serve(listener, Router::new().route("/", route)).await });
    let (peer, _) = connect_async(url).await.unwrap();
    (take.recv().await.unwrap(), peer)
}

async fn say(peer: &mut Peer, text: &str) {
    peer.send(Client::text(text)).await.unwrap();
}

async fn close_code(peer: &mut Peer) -> Option<u16> {
    while let Some(Ok(message)) = peer.next().await {
        if let Client::Close(frame) = message {
            return frame.map(|f| f.code.into());
        }
    }
    None
}

#[tokio::test]
async fn what_the_carrier_says_comes_out_in_order_and_binary_means_nothing() {
    let (mut socket, mut peer) = pair().await;
    peer.send(Client::binary(vec![0; 100])).await.unwrap();
    say(&mut peer, r#"{"event":"connected"}"#).await;
    say(&mut peer, r#"{"event":"media","media":{"payload":"/////w"}}"#).await;
    assert_eq!(socket.next().await, SocketEvent::Carrier(CarrierEvent::Connected));
    assert_eq!(socket.next().await, SocketEvent::Carrier(CarrierEvent::Media { timestamp: None }));
    assert_eq!(socket.audio(), [0xFF; 4]);
}

#[tokio::test]
async fn next_dropped_at_any_time_loses_nothing() {
    let (mut socket, mut peer) = pair().await;
    let talk = async {
        for n in 0..500 {
            say(&mut peer, &format!(r#"{{"event":"mark","mark":{{"name":"m{n}"}}}}"#)).await;
        }
    };
    let listen = async {
        let mut heard = 0;
        while heard < 500 {
            // The other branch is always ready, so `next` is dropped at whatever point it reached.
            tokio::select! {
                event = socket.next() => {
                    let want = CarrierEvent::Mark { name: format!("m{heard}") };
                    assert_eq!(event, SocketEvent::Carrier(want));
                    heard += 1;
                }
                () = tokio::task::yield_now() => {}
            }
        }
    };
    tokio::join!(talk, listen);
}

#[tokio::test]
async fn what_is_due_leaves_together_and_in_order() {
    let (mut socket, mut peer) = pair().await;
    let mut due = Outbox::new(StreamId::parse("MZ1").unwrap());
    assert!(due.is_empty());
    due.media(&[0xFF; 160]);
    due.mark("é");
    due.clear();
    socket.send(&mut due).await.unwrap();
    assert!(due.is_empty());
    let events = ["\"media\"", "é", "\"clear\""];
    for want in events {
        let got = peer.next().await.unwrap().unwrap().into_text().unwrap();
        assert!(got.contains(want), "{got}");
        serde_json::from_str::<serde_json::Value>(&got).unwrap();
    }
}

#[tokio::test]
async fn a_ping_is_answered_on_both_sides() {
    let (mut socket, mut peer) = pair().await;
    socket.ping().await.unwrap();
    peer.send(Client::Ping(Bytes::from_static(b"there?"))).await.unwrap();
    assert_eq!(peer.next().await.unwrap().unwrap(), Client::Ping(Bytes::new()));
    peer.flush().await.unwrap();
    assert_eq!(socket.next().await, SocketEvent::Pong);
    say(&mut peer, MARK).await;
    socket.next().await;
    assert_eq!(peer.next().await.unwrap().unwrap(), Client::Pong(Bytes::from_static(b"there?")));
}

#[tokio::test]
async fn nonsense_is_borne_a_few_times_and_then_closed_for_policy() {
    let (mut socket, mut peer) = pair().await;
    for _ in 0..=MALFORMED_MAX {
        say(&mut peer, "nonsense").await;
    }
    for _ in 0..=MALFORMED_MAX {
        assert!(matches!(socket.next().await, SocketEvent::Malformed(_)));
    }
    let end = SocketEvent::Closed(Closed::ByUs { code: code::POLICY });
    assert_eq!(socket.next().await, end);
    assert_eq!(socket.next().await, end, "for ever");
    assert_eq!(close_code(&mut peer).await, Some(code::POLICY));
    let mut due = Outbox::new(StreamId::parse("MZ1").unwrap());
    assert_eq!(socket.send(&mut due).await, Err(Closed::ByUs { code: code::POLICY }));
}

#[tokio::test]
async fn a_message_too_big_is_closed_and_says_so() {
    let (mut socket, mut peer) = pair().await;
    say(&mut peer, &"x".repeat(MESSAGE_BYTES_MAX + 1)).await;
    assert_eq!(socket.next().await, SocketEvent::Closed(Closed::ByUs { code: code::TOO_BIG }));
    assert_eq!(close_code(&mut peer).await, Some(code::TOO_BIG));
}

#[tokio::test]
async fn each_side_may_end_it_and_the_other_knows() {
    let (mut socket, mut peer) = pair().await;
    peer.close(None).await.unwrap();
    assert_eq!(socket.next().await, SocketEvent::Closed(Closed::ByPeer { code: None }));
    assert_eq!(close_code(&mut peer).await, None);

    let (mut socket, mut peer) = pair().await;
    socket.close(code::GOING_AWAY).await;
    assert_eq!(close_code(&mut peer).await, Some(code::GOING_AWAY));
    assert_eq!(socket.next().await, SocketEvent::Closed(Closed::ByUs { code: code::GOING_AWAY }));

    let (mut socket, peer) = pair().await;
    drop(peer);
    assert_eq!(socket.next().await, SocketEvent::Closed(Closed::Lost));
}
