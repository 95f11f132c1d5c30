//! Answers that come packed, and in other letters.
//!
//! Promises: what is packed is read as what it was; one that is far longer unpacked than it may be stops at the limit.
//! Never: unpacks more than may be read.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;

fn packed(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

/// An answer with these headers, each with its line end.
fn answer(headers: &str, body: &[u8]) -> Vec<u8> {
    let head =
        format!("HTTP/1.1 200 OK\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

async fn read(answer: Vec<u8>) -> Result<Answer, Unanswered> {
    let port = host(answer).await;
    get(Reach::PrivateAt("127.0.0.1".to_owned()), &format!("http://127.0.0.1:{port}/")).await
}

#[tokio::test]
async fn a_packed_answer_is_read_as_what_it_was() {
    let answer = read(answer("content-encoding: gzip\r\n", &packed(b"{\"state\":\"fine\"}"))).await.unwrap();
    assert_eq!(answer.body, b"{\"state\":\"fine\"}");
}

#[tokio::test]
async fn a_bomb_stops_at_the_limit_and_the_last_byte_below_it_is_read() {
    for (length, fits) in [(ANSWER_BYTES_MAX, true), (ANSWER_BYTES_MAX + 1, false), (32 * 1024 * 1024, false)]
    {
        let body = packed(&vec![b'0'; length]);
        assert!(body.len() < ANSWER_BYTES_MAX, "packed it is short: {}", body.len());
        let read = read(answer("content-encoding: gzip\r\n", &body)).await;
        assert_eq!(read.is_ok(), fits, "{length}");
        if let Err(unanswered) = read {
            assert!(unanswered.fault().what.contains("longer than 256 KiB"), "{unanswered:?}");
        }
    }
}

#[tokio::test]
async fn what_is_not_what_it_says_is_a_broken_answer() {
    let unanswered = read(answer("content-encoding: gzip\r\n", b"plain words")).await.unwrap_err();
    assert!(matches!(unanswered, Unanswered::Sent(_)), "{unanswered:?}");
}

#[tokio::test]
async fn what_is_packed_in_a_way_that_nobody_asked_for_says_so() {
    for (headers, still) in
        [("content-encoding: br\r\n", "br"), ("content-encoding: identity\r\n", ""), ("", "")]
    {
        let answer = read(answer(headers, b"\x1b\x01")).await.unwrap();
        assert_eq!((answer.packed.as_str(), answer.body.as_slice()), (still, b"\x1b\x01".as_slice()));
    }
    let unpacked = read(answer("content-encoding: gzip\r\n", &packed(b"{}"))).await.unwrap();
    assert_eq!(unpacked.packed, "");
}

#[tokio::test]
async fn a_text_is_read_in_the_letters_that_its_type_names() {
    for (kind, body, want) in [
        ("", "ñandú".as_bytes(), "ñandú"),
        ("content-type: text/xml; charset=ISO-8859-1\r\n", b"\xf1and\xfa", "ñandú"),
        ("content-type: text/plain; x=y; Charset=\"windows-1252\"\r\n", b"20 \x80", "20 €"),
        ("content-type: text/plain; charset=nobodys\r\n", "ñ".as_bytes(), "ñ"),
        ("content-type: text/plain\r\n", b"\xff\xfea\0b\0", "ab"),
        ("content-type: text/plain\r\n", b"a\xffb", "a\u{fffd}b"),
    ] {
        assert_eq!(read(answer(kind, body)).await.unwrap().text(), want, "{kind}");
    }
}
