//! The shop as a client sees it, over loopback, with its database in a file.
//!
//! Promises: after every request the ledger is counted, not only the answer read.
//! Never: leaves a file behind.

use std::path::PathBuf;
use std::time::Duration;

use reqwest::{Method, StatusCode};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::ledger::minor;
use super::{Faults, Refund, Shop};
use crate::core::base::Owner;

/// A database file that goes when the test does.
struct Place(PathBuf);

impl Place {
    fn new() -> Place {
        Place(std::env::temp_dir().join(format!("shop-{}.db", uuid::Uuid::new_v4())))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        for tail in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{tail}", self.0.display()));
        }
    }
}

fn request(shop: &Shop, method: Method, path: &str) -> reqwest::RequestBuilder {
    let url = shop.url.join(path).unwrap();
    reqwest::Client::new().request(method, url).bearer_auth(shop.token.expose_secret())
}

async fn answer(request: reqwest::RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or_default())
}

async fn refund(shop: &Shop, order: &str, amount: Value, key: &str) -> (u16, Value) {
    let request = request(shop, Method::POST, &format!("/orders/{order}/refunds"));
    answer(request.header("Idempotency-Key", key).json(&json!({ "amount": amount }))).await
}

fn made(order: &str, amount: &str, key: &str) -> Refund {
    Refund { order: order.into(), amount: amount.into(), key: key.into() }
}

#[tokio::test]
async fn an_order_is_told_with_what_was_refunded_and_survives_a_restart() {
    let place = Place::new();
    let shop = Shop::start(&place.0, Faults::None).await.unwrap();
    assert_eq!(refund(&shop, "1182", json!("20.00"), "k1").await.0, 201);
    shop.stop().await;

    let shop = Shop::start(&place.0, Faults::None).await.unwrap();
    let expected = json!({"order": "1182", "customer": "Ada Lindgren", "item": "a walnut desk lamp",
        "status": "delivered", "total": "45.00", "refunded": "20.00", "currency": "USD"});
    assert_eq!(answer(request(&shop, Method::GET, "/orders/1182")).await, (200, expected));
    let (status, spanish) = answer(request(&shop, Method::GET, "/orders/4071")).await;
    assert_eq!((status, &spanish["currency"]), (200, &json!("EUR")));
    for unknown in ["/orders/9999", "/orders/%27%20OR%201=1"] {
        assert_eq!(answer(request(&shop, Method::GET, unknown)).await.0, 404, "{unknown}");
    }
    assert_eq!(shop.refunds().await.unwrap(), [made("1182", "20.00", "k1")]);
    shop.stop().await;
}

#[tokio::test]
async fn the_same_key_is_the_same_refund_and_no_other() {
    let place = Place::new();
    let shop = Shop::start(&place.0, Faults::None).await.unwrap();
    let first = refund(&shop, "1182", json!("20.00"), "k1").await;
    let expected =
        json!({"id": "r1", "order": "1182", "amount": "20.00", "currency": "USD", "refunded": "20.00"});
    assert_eq!(first, (201, expected.clone()));
    assert_eq!(refund(&shop, "1182", json!(20), "k1").await, (200, expected), "20 is 20.00");
    assert_eq!(refund(&shop, "1182", json!("21.00"), "k1").await.0, 422);
    assert_eq!(refund(&shop, "1183", json!("20.00"), "k1").await.0, 422);
    assert_eq!(refund(&shop, "1182", json!("20.00"), "k2").await.0, 201, "another key is another refund");
    let all = [made("1182", "20.00", "k1"), made("1182", "20.00", "k2")];
    assert_eq!(shop.refunds().await.unwrap(), all);
}

#[tokio::test]
async fn what_cannot_be_refunded_is_refused_with_a_reason_and_not_counted() {
    let place = Place::new();
    let shop = Shop::start(&place.0, Faults::None).await.unwrap();
    for amount in
        [json!("45.01"), json!("0"), json!("-1"), json!("1e1"), json!("1.005"), json!(null), json!("")]
    {
        let (status, body) = refund(&shop, "1182", amount.clone(), "k").await;
        assert_eq!(status, 422, "{amount}");
        assert!(body["reason"].is_string(), "{amount}");
    }
    assert_eq!(refund(&shop, "9999", json!("1.00"), "k").await.0, 404);
    let path = "/orders/1182/refunds";
    let keyless = request(&shop, Method::POST, path).json(&json!({ "amount": "1.00" }));
    assert_eq!(answer(keyless).await.0, 400);
    let body = format!("{{\"amount\": \"{}\"}}", "1".repeat(10_000));
    let long = request(&shop, Method::POST, path).header("content-type", "application/json").body(body);
    let (status, body) = answer(long.header("Idempotency-Key", "k")).await;
    assert_eq!((status, body["reason"].is_string()), (413, true));
    for body in ["", "amount=1.00", "[\"1.00\"]", "{\"amount\": {}}"] {
        let odd = request(&shop, Method::POST, path).header("content-type", "application/json").body(body);
        let (status, answer) = answer(odd.header("Idempotency-Key", "k")).await;
        assert!((400..=422).contains(&status) && answer["reason"].is_string(), "{body}: {status} {answer}");
    }
    assert_eq!(shop.refunds().await.unwrap(), []);
}

#[tokio::test]
async fn nothing_is_told_or_done_without_the_token() {
    let place = Place::new();
    let shop = Shop::start(&place.0, Faults::None).await.unwrap();
    let url = shop.url.join("/orders/1182/refunds").unwrap();
    for token in ["", "x", &shop.token.expose_secret()[1..]] {
        let post = reqwest::Client::new().post(url.clone()).bearer_auth(token);
        let (status, _) =
            answer(post.header("Idempotency-Key", "k").json(&json!({ "amount": "1.00" }))).await;
        assert_eq!(status, 401, "{token:?}");
    }
    assert_eq!(reqwest::get(shop.url.join("/orders/1182").unwrap()).await.unwrap().status(), 401);
    assert_eq!(shop.refunds().await.unwrap(), []);
    assert!(!format!("{shop:?}").contains(shop.token.expose_secret()));
}

#[tokio::test]
async fn many_at_once_never_refund_more_than_the_total() {
    let place = Place::new();
    let shop = Shop::start(&place.0, Faults::None).await.unwrap();
    // Ten keys, each sent twice, of ten dollars on an order of forty-five.
    let keys: Vec<String> = (0..20).map(|n| format!("k{}", n % 10)).collect();
    let answers =
        futures::future::join_all(keys.iter().map(|key| refund(&shop, "1182", json!("10.00"), key))).await;
    let count = |wanted: u16| answers.iter().filter(|(status, _)| *status == wanted).count();
    assert_eq!((count(201), count(200), count(422)), (4, 4, 12));
    assert_eq!(shop.refunds().await.unwrap().len(), 4);
}

#[tokio::test]
async fn a_lost_answer_was_a_refund_and_the_same_key_learns_of_it() {
    let place = Place::new();
    let shop = Shop::start(&place.0, Faults::LostAnswer).await.unwrap();
    let post = request(&shop, Method::POST, "/orders/1182/refunds").header("Idempotency-Key", "k1");
    let lost = post.json(&json!({ "amount": "20.00" })).timeout(Duration::from_millis(300)).send().await;
    assert!(lost.unwrap_err().is_timeout());
    assert_eq!(shop.refunds().await.unwrap(), [made("1182", "20.00", "k1")]);
    assert_eq!(refund(&shop, "1182", json!("20.00"), "k1").await.0, 200);
    assert_eq!(answer(request(&shop, Method::GET, "/orders/1182")).await.0, 200, "reading is not hit");
    shop.stop().await;
}

#[tokio::test]
async fn an_error_refunds_nothing_and_a_slow_shop_answers_in_the_end() {
    let place = Place::new();
    let shop = Shop::start(&place.0, Faults::Error).await.unwrap();
    assert_eq!(
        refund(&shop, "1182", json!("20.00"), "k1").await.0,
        StatusCode::INTERNAL_SERVER_ERROR.as_u16()
    );
    assert_eq!(shop.refunds().await.unwrap(), []);
    shop.stop().await;

    let shop = Shop::start(&place.0, Faults::Slow(Duration::from_millis(200))).await.unwrap();
    let hasty = request(&shop, Method::GET, "/orders/1182").timeout(Duration::from_millis(50)).send().await;
    assert!(hasty.unwrap_err().is_timeout());
    assert_eq!(refund(&shop, "1182", json!("20.00"), "k1").await.0, 201);
    shop.stop().await;
}

#[tokio::test]
async fn a_path_that_cannot_be_written_is_the_admins_fault() {
    let refused = Shop::start(std::path::Path::new("/nonexistent/shop.db"), Faults::None).await.err();
    assert_eq!(refused.map(|f| f.owner), Some(Owner::Admin));
}

#[test]
fn amounts_are_read_exactly() {
    let table = [
        ("20", Some(2_000)),
        ("20.5", Some(2_050)),
        ("20.50", Some(2_050)),
        ("0.01", Some(1)),
        ("0.00", None),
        ("20.", None),
        (".5", None),
        ("+1", None),
        ("1,000", None),
        ("99999999999999999999", None),
        ("92233720368547759", None),
    ];
    for (text, expected) in table {
        assert_eq!(minor(text), expected, "{text}");
    }
}
