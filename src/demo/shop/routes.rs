//! The shop's API: `GET /orders/{id}`, `POST /orders/{id}/refunds`, and `GET` of the same with `?key=` for those that were
//! made under a key.
//!
//! Promises: every refusal of an order or a refund is JSON with a `reason`;
//! nothing is done without the token and a key.
//! Never: trusts a body: it is bounded, and an amount is read digit by digit.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use axum::extract::rejection::JsonRejection;
use axum::extract::{DefaultBodyLimit, Path, Query, Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::Faults;
use super::ledger::{Ledger, Order, Refunded, decimal, minor};
use crate::core::base::Fault;

/// Who serves: the ledger, and how well.
#[derive(Clone)]
pub(super) struct Counter {
    pub(super) ledger: Ledger,
    pub(super) token: Arc<str>,
    pub(super) faults: Faults,
    /// Nobody is answered any more.
    pub(super) gone: Arc<AtomicBool>,
    /// Set free when the shop closes, so that no answer is waited for.
    pub(super) closing: CancellationToken,
}

/// The longest request body, in bytes: an amount needs thirty.
const BODY_BYTES_MAX: usize = 4 * 1024;
/// The longest idempotency key, as payment providers have it.
const KEY_BYTES_MAX: usize = 255;

pub(super) fn router(counter: Counter) -> Router {
    Router::new()
        .route("/orders/{id}", get(order))
        .route("/orders/{id}/refunds", get(refunds).post(refund))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn_with_state(counter.clone(), admit))
        .with_state(counter)
}

/// The token first, then the fault that hits every request.
async fn admit(State(counter): State<Counter>, request: Request, next: Next) -> Response {
    let bearer = request.headers().get(AUTHORIZATION).and_then(|v| v.as_bytes().strip_prefix(b"Bearer "));
    let known = bearer.is_some_and(|token| verify_slices_are_equal(token, counter.token.as_bytes()).is_ok());
    if !known {
        return refused(StatusCode::UNAUTHORIZED, "a bearer token is required");
    }
    if let Faults::Slow(wait) = counter.faults {
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = counter.closing.cancelled() => {}
        }
    }
    if counter.gone.load(Ordering::Acquire) {
        counter.closing.cancelled().await;
    }
    next.run(request).await
}

async fn order(State(counter): State<Counter>, Path(id): Path<String>) -> Response {
    match counter.ledger.order(&id).await {
        Ok(Some(order)) => Json(told(&order)).into_response(),
        Ok(None) => no_such_order(),
        Err(fault) => failed(&fault),
    }
}

/// What is asked of refunds.
#[derive(Deserialize)]
struct Under {
    key: String,
}

async fn refunds(
    State(counter): State<Counter>,
    Path(id): Path<String>,
    Query(Under { key }): Query<Under>,
) -> Response {
    let order = match counter.ledger.order(&id).await {
        Ok(Some(order)) => order,
        Ok(None) => return no_such_order(),
        Err(fault) => return failed(&fault),
    };
    match counter.ledger.refunds().await {
        Ok(all) => {
            let made = all.iter().filter(|refund| refund.order == id && refund.key == key);
            let made: Vec<Value> =
                made.map(|refund| json!({"key": refund.key, "amount": refund.amount})).collect();
            let refunded = decimal(order.refunded);
            Json(json!({"order": id, "refunded": refunded, "refunds": made})).into_response()
        }
        Err(fault) => failed(&fault),
    }
}

async fn refund(
    State(counter): State<Counter>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Result<Json<Value>, JsonRejection>,
) -> Response {
    if counter.faults == Faults::Error {
        return refused(StatusCode::INTERNAL_SERVER_ERROR, "the shop's books are closed");
    }
    let key = headers.get("idempotency-key").and_then(|v| v.to_str().ok());
    let Some(key) = key.filter(|k| (1..=KEY_BYTES_MAX).contains(&k.len())) else {
        return refused(StatusCode::BAD_REQUEST, "an Idempotency-Key of at most 255 characters is required");
    };
    let body = match body {
        Ok(Json(body)) => body,
        Err(rejection) => return refused(rejection.status(), "the body must be a small JSON object"),
    };
    let Some(amount) = body.get("amount").and_then(amount) else {
        return refused(
            StatusCode::UNPROCESSABLE_ENTITY,
            "amount must be decimal text above zero, like 20.50",
        );
    };
    match counter.ledger.refund(&id, amount, key).await {
        Ok(Refunded::Made(id, order)) => {
            if counter.faults == Faults::Vanishes {
                counter.gone.store(true, Ordering::Release);
            }
            if matches!(counter.faults, Faults::LostAnswer | Faults::Vanishes) {
                counter.closing.cancelled().await;
            }
            made(StatusCode::CREATED, id, &order, amount)
        }
        Ok(Refunded::Before(id, order)) => made(StatusCode::OK, id, &order, amount),
        Ok(Refunded::NoSuchOrder) => no_such_order(),
        Ok(Refunded::TooMuch { left, currency }) => {
            let reason = format!("only {} {currency} of this order can still be refunded", decimal(left));
            refused(StatusCode::UNPROCESSABLE_ENTITY, &reason)
        }
        Ok(Refunded::OtherKey) => {
            refused(StatusCode::UNPROCESSABLE_ENTITY, "this Idempotency-Key belongs to another refund")
        }
        Err(fault) => failed(&fault),
    }
}

/// Text, or a number as it was written.
fn amount(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => minor(text),
        Value::Number(number) => minor(&number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn told(order: &Order) -> Value {
    json!({
        "order": order.order,
        "customer": order.customer,
        "item": order.item,
        "status": order.status,
        "total": decimal(order.total),
        "refunded": decimal(order.refunded),
        "currency": order.currency,
    })
}

fn made(status: StatusCode, id: i64, order: &Order, amount: i64) -> Response {
    let answer = json!({
        "id": format!("r{id}"),
        "order": order.order,
        "amount": decimal(amount),
        "currency": order.currency,
        "refunded": decimal(order.refunded),
    });
    (status, Json(answer)).into_response()
}

fn no_such_order() -> Response {
    refused(StatusCode::NOT_FOUND, "there is no such order")
}

fn failed(fault: &Fault) -> Response {
    tracing::error!(%fault, "a request to the shop failed");
    refused(StatusCode::INTERNAL_SERVER_ERROR, "the shop's books cannot be read")
}

fn refused(status: StatusCode, reason: &str) -> Response {
    (status, Json(json!({ "reason": reason }))).into_response()
}
