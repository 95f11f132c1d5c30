//! Tests of the guard, over loopback.
//!
//! Promises: each way to a private address is tried.
//! Never: leaves this machine.

pub(crate) mod inside;
pub(super) mod names;
mod packed;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;

const SOON: Duration = Duration::from_secs(5);

/// A host that reads one request and answers with these bytes, on loopback.
async fn host(answer: Vec<u8>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let _ = socket.read(&mut [0_u8; 4096]).await;
            let _ = socket.write_all(&answer).await;
        }
    });
    port
}

async fn get(reach: Reach, url: &str) -> Result<Answer, Unanswered> {
    let request = Request::new(reqwest::Method::GET, url.parse().unwrap());
    Egress::new(reach).unwrap().send(request, Purpose::Read, Instant::now() + SOON).await
}

fn ok(body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
        .into_bytes()
}

#[tokio::test]
async fn leave_is_for_one_host_and_no_other() {
    let port = host(ok("inside")).await;
    let reach = Reach::PrivateAt("127.0.0.1".to_owned());
    let answer = get(reach.clone(), &format!("http://127.0.0.1:{port}/")).await.unwrap();
    assert_eq!((answer.status, answer.body.as_slice()), (200, b"inside".as_slice()));
    for other in ["localhost", "127.0.0.2"] {
        assert!(get(reach.clone(), &format!("http://{other}:{port}/")).await.is_err(), "{other}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let port = host(
        b"HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n".to_vec(),
    )
    .await;
    let answer =
        get(Reach::PrivateAt("127.0.0.1".to_owned()), &format!("http://127.0.0.1:{port}/")).await.unwrap();
    assert_eq!(answer.status, 302);
}

#[tokio::test]
async fn an_answer_is_read_up_to_a_limit() {
    for (length, fits) in [(ANSWER_BYTES_MAX, true), (ANSWER_BYTES_MAX + 1, false)] {
        let port = host(ok(&"x".repeat(length))).await;
        let answer =
            get(Reach::PrivateAt("127.0.0.1".to_owned()), &format!("http://127.0.0.1:{port}/")).await;
        assert_eq!(answer.is_ok(), fits, "{length}");
    }
}

#[tokio::test]
async fn nobody_listening_is_not_sent_and_a_closed_line_is() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let reach = Reach::PrivateAt("127.0.0.1".to_owned());
    let down = get(reach.clone(), &format!("http://127.0.0.1:{port}/")).await.unwrap_err();
    assert!(matches!(down, Unanswered::NotSent(_)), "{down:?}");
    assert_eq!(down.fault().what, format!("127.0.0.1:{port} cannot be reached"));
    let port = host(Vec::new()).await;
    let closed = get(reach, &format!("http://127.0.0.1:{port}/")).await.unwrap_err();
    assert!(matches!(closed, Unanswered::Sent(_)), "{closed:?}");
}

#[tokio::test]
async fn an_address_that_is_too_long_is_not_sent_and_told_as_that() {
    let port = host(ok("inside")).await;
    let long = "x".repeat(70_000);
    let reach = Reach::PrivateAt("127.0.0.1".to_owned());
    let unsent = get(reach, &format!("http://127.0.0.1:{port}/?word={long}")).await.unwrap_err();
    let Unanswered::NotSent(fault) = unsent else { panic!("{unsent:?}") };
    assert!(fault.what.contains("its address is too long"), "{fault}");
}

#[tokio::test]
async fn a_document_is_read_up_to_its_own_limit() {
    let port = host(ok(&"x".repeat(ANSWER_BYTES_MAX + 1))).await;
    let url: Url = format!("http://127.0.0.1:{port}/").parse().unwrap();
    let egress = Egress::new(Reach::PrivateAt("127.0.0.1".to_owned())).unwrap();
    let whole = egress.fetch(url.clone(), ANSWER_BYTES_MAX + 1, Instant::now() + SOON).await.unwrap();
    assert_eq!(whole.body.len(), ANSWER_BYTES_MAX + 1);
    let refused = egress.fetch(url, ANSWER_BYTES_MAX, Instant::now() + SOON).await.unwrap_err();
    assert!(refused.what.contains("longer than 256 KiB"), "{refused}");
}
