//! Orders and money: WooCommerce, Shopify, Stripe.
//!
//! Bodies are in the form of the vendors' own references: woocommerce.github.io/woocommerce-rest-api-docs (v3),
//! shopify.dev/docs/api/admin-graphql (2026-10), docs.stripe.com/api.
//!
//! Promises: who does not prove that an order is his hears nothing of it; money goes back once.
//! Never: pays anybody.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use centralita::core::conversation::Outcome;
use serde_json::{Value, json};

use super::standin::{Asked, Says, Standin, Tools, secret};

fn woocommerce(asked: &Asked) -> Says {
    if !asked.is_basic(&secret("WOOCOMMERCE_KEY"), &secret("WOOCOMMERCE_SECRET")) {
        let words = "Sorry, you cannot view this resource.";
        let code = "woocommerce_rest_cannot_view";
        return Says::Json(401, json!({"code": code, "message": words, "data": {"status": 401}}));
    }
    if asked.line != "GET /wp-json/wc/v3/orders/1182" {
        let code = "woocommerce_rest_shop_order_invalid_id";
        return Says::Json(404, json!({"code": code, "message": "Invalid ID.", "data": {"status": 404}}));
    }
    Says::Json(
        200,
        json!({
        "number": "1182", "status": "on-hold", "currency": "EUR", "date_created": "2026-11-24T09:30:12", "total": "84.00",
        "billing": {"first_name": "Ana", "last_name": "García", "address_1": "Calle Mayor 5", "email": "Ana@Example.com"},
        "line_items": [{"id": 315, "name": "Walnut desk lamp", "product_id": 93, "quantity": 1, "total": "42.00"},
            {"id": 316, "name": "Shade", "product_id": 94, "quantity": 1, "total": "42.00"}]}),
    )
}

const WOO: &str = "shop.example.com";

#[tokio::test]
async fn an_order_of_woocommerce_is_told_to_whoever_knows_its_number_and_address() {
    let shop = Standin::open(woocommerce).await;
    let english = Tools::of("woocommerce", WOO, &shop, "en");
    let order = |email: &str| json!({"order": "1182", "email": email});
    let found = english.look("order_status", order("ana@example.com")).await.unwrap();
    assert_eq!(
        found,
        json!({"order": "1182", "status": "on-hold", "ordered_on": "2026-11-24", "items": "Walnut desk lamp, Shade",
            "total": "84.00", "currency": "EUR",
            "say": "Your order of Tuesday, November twenty-fourth, two thousand twenty-six, Walnut desk lamp, Shade, is on \
                hold."})
    );
    let spanish = Tools::of("woocommerce", WOO, &shop, "es");
    let said = spanish.look("order_status", order("ana@example.com")).await.unwrap()["say"].take();
    assert!(said.as_str().unwrap().ends_with("Walnut desk lamp, Shade, está en espera."), "{said}");
    let asked = shop.asked();
    let fields = "number,status,currency,total,date_created,billing,line_items";
    assert_eq!(asked[0].query, [("_fields".to_owned(), fields.to_owned())]);

    let other = english.look("order_status", order("eva@example.com")).await.unwrap_err();
    let none = json!({"order": "1183", "email": "ana@example.com"});
    assert_eq!(english.look("order_status", none).await.unwrap_err(), other, "they sound the same");
    assert_eq!(other, "No order fits that number and e-mail address. Ask for both once more.");
    let locked = Tools::with("woocommerce", WOO, &shop, "en", |_| Some("wrong".to_owned()));
    let why = locked.look("order_status", order("ana@example.com")).await.unwrap_err();
    assert!(why.starts_with("Orders cannot be looked up"), "{why}");
}

const SHOPIFY: &str = "your-shop.myshopify.com";

/// The orders of a shop, searched as Shopify searches: `name:118` finds #118, and by its first digits #1182.
fn shopify(asked: &Asked) -> Says {
    if asked.line == "POST /admin/oauth/access_token" {
        let form = |name: &str| asked.body[name].as_str().unwrap_or_default().to_owned();
        let is_known = form("client_id") == secret("SHOPIFY_CLIENT_ID")
            && form("client_secret") == secret("SHOPIFY_CLIENT_SECRET")
            && form("grant_type") == "client_credentials";
        return if is_known {
            Says::Json(200, json!({"access_token": "shpat_day", "scope": "read_orders", "expires_in": 86399}))
        } else {
            Says::Json(400, json!({"error": "application_cannot_be_found"}))
        };
    }
    if asked.header("x-shopify-access-token") != Some("shpat_day") || asked.header("authorization").is_some()
    {
        return Says::Json(
            401,
            json!({"errors": "[API] Invalid API key or access token (unrecognized login or wrong password)"}),
        );
    }
    assert_eq!(asked.line, "POST /admin/api/2026-10/graphql.json");
    let wanted = asked.body["variables"]["wanted"].as_str().unwrap().to_owned();
    let query = asked.body["query"].as_str().unwrap();
    assert!(
        query.starts_with("query OrderStatus($wanted: String!) {")
            && query.matches('{').count() == query.matches('}').count()
    );
    let order = json!({"name": "#1182", "email": "ana@example.com", "createdAt": "2026-11-24T09:30:12Z", "cancelledAt": null,
        "displayFinancialStatus": "PAID", "displayFulfillmentStatus": "PARTIALLY_FULFILLED",
        "lineItems": {"nodes": [{"name": "Walnut desk lamp", "quantity": 1}]},
        "fulfillments": [{"trackingInfo": [{"company": "DHL", "number": "00340434161094042557"}]}]});
    let nodes = if ["name:1182", "name:118"].contains(&&*wanted) { json!([order]) } else { json!([]) };
    let cost = json!({"cost": {"requestedQueryCost": 8, "actualQueryCost": 6}});
    Says::Json(200, json!({"data": {"orders": {"nodes": nodes}}, "extensions": cost}))
}

#[tokio::test]
async fn an_order_of_shopify_is_the_one_that_was_meant_and_told_to_whom_it_belongs() {
    let shop = Standin::open(shopify).await;
    let tools = Tools::of("shopify", SHOPIFY, &shop, "en");
    let order = |order: &str, email: &str| json!({"order": order, "email": email});
    let mut found = tools.look("order_status", order("1182", "ana@example.com")).await.unwrap();
    let said = found["say"].take();
    assert!(said.as_str().unwrap().ends_with(", Walnut desk lamp, has been sent in part."), "{said}");
    assert_eq!(
        found,
        json!({"order": "#1182", "ordered_on": "2026-11-24", "items": "Walnut desk lamp", "payment": "PAID",
            "delivery": "PARTIALLY_FULFILLED", "carrier": "DHL", "tracking": "00340434161094042557", "say": null})
    );
    let words = "No order fits that number and e-mail address. Ask for both once more.";
    for (number, email) in [("1182", "eva@example.com"), ("118", "ana@example.com"), ("9", "ana@example.com")]
    {
        assert_eq!(tools.look("order_status", order(number, email)).await.unwrap_err(), words, "{number}");
    }
    let tokens = shop.lines().into_iter().filter(|line| line.ends_with("access_token")).count();
    assert_eq!(tokens, 1, "one token serves them all");
}

const STRIPE: &str = "api.stripe.com";

/// What Stripe remembers: refunds by their keys, with what was sent under them.
#[derive(Default)]
struct Ledger {
    refunds: BTreeMap<String, Value>,
    /// The next refund is made, and its answer lost.
    loses_the_next: bool,
}

impl Ledger {
    /// Makes a refund, or says again what was said to the same key.
    fn refund(&mut self, asked: &Asked, refunded: i64) -> Says {
        let key = asked.header("idempotency-key").unwrap().to_owned();
        let amount: i64 = asked.body["amount"].as_str().unwrap().parse().unwrap();
        match self.refunds.get(&key) {
            Some(before) if *before != asked.body => {
                let words = "Keys for idempotent requests can only be used with the same parameters.";
                return stripe_error(400, "idempotency_error", "", words);
            }
            // The answer of the first time.
            Some(_) => {}
            None if refunded == 4500 => {
                return stripe_error(
                    400,
                    "invalid_request_error",
                    "charge_already_refunded",
                    "Charge ch_1 has already been refunded.",
                );
            }
            None => {
                self.refunds.insert(key, asked.body.clone());
            }
        }
        if std::mem::take(&mut self.loses_the_next) {
            return Says::Closes;
        }
        Says::Json(
            200,
            json!({"id": "re_1", "object": "refund", "amount": amount, "currency": "usd", "charge": "ch_1",
            "payment_intent": "pi_1", "reason": "requested_by_customer", "status": "succeeded"}),
        )
    }
}

fn stripe_error(status: u16, kind: &str, code: &str, message: &str) -> Says {
    Says::Json(status, json!({"error": {"type": kind, "code": code, "message": message}}))
}

fn stripe(ledger: &Mutex<Ledger>, asked: &Asked) -> Says {
    if !asked.is_bearer(&secret("STRIPE_KEY")) {
        return Says::Json(
            401,
            json!({"error": {"type": "invalid_request_error", "message": "Invalid API Key provided: rk_live_***"}}),
        );
    }
    assert_eq!(asked.header("stripe-version"), Some("2025-09-30.clover"));
    let mut ledger = ledger.lock().unwrap();
    let refunded: i64 =
        ledger.refunds.values().map(|form| form["amount"].as_str().unwrap().parse::<i64>().unwrap()).sum();
    match &*asked.line {
        "GET /v1/payment_intents/search" => {
            assert_eq!(asked.query("expand[]"), Some("data.latest_charge"));
            let wanted = "metadata['order_id']:'1182' AND status:'succeeded' AND currency:'usd'";
            let payment = json!({"id": "pi_1", "object": "payment_intent", "amount": 4500, "currency": "usd",
                "status": "succeeded", "metadata": {"order_id": "1182"},
                "latest_charge": {"id": "ch_1", "object": "charge", "amount_captured": 4500, "amount_refunded": refunded,
                    "refunded": refunded == 4500,
                    "billing_details": {"email": "ana@example.com", "name": "Ana García", "phone": null}}});
            let data = if asked.query("query") == Some(wanted) { json!([payment]) } else { json!([]) };
            Says::Json(
                200,
                json!({"object": "search_result", "url": "/v1/payment_intents/search", "has_more": false, "data": data}),
            )
        }
        "GET /v1/events" => {
            let types: Vec<&str> =
                asked.query.iter().filter(|(name, _)| name == "types[]").map(|(_, value)| &**value).collect();
            assert_eq!(types, ["refund.created", "charge.refunded"]);
            let event = |key: &String| {
                json!({"id": "evt_1", "object": "event", "type": "refund.created",
                    "request": {"id": "req_1", "idempotency_key": key}, "data": {"object": {"object": "refund"}}})
            };
            let mut events: Vec<Value> = ledger.refunds.keys().map(event).collect();
            // By nobody's request.
            events
                .push(json!({"id": "evt_0", "object": "event", "type": "charge.refunded", "request": null}));
            let no_key = json!({"id": null, "idempotency_key": null});
            events.push(
                json!({"id": "evt_9", "object": "event", "type": "charge.refunded", "request": no_key}),
            );
            Says::Json(200, json!({"object": "list", "url": "/v1/events", "has_more": false, "data": events}))
        }
        "POST /v1/refunds" => ledger.refund(asked, refunded),
        other => panic!("{other}"),
    }
}

async fn stripe_open() -> (Standin, Arc<Mutex<Ledger>>) {
    let ledger = Arc::<Mutex<Ledger>>::default();
    let held = Arc::clone(&ledger);
    (Standin::open(move |asked| stripe(&held, asked)).await, ledger)
}

fn twenty(email: &str) -> Value {
    json!({"order": "1182", "email": email, "amount": "20"})
}

#[tokio::test]
async fn a_refund_of_stripe_is_asked_about_and_made_once_however_often_it_is_wished_for() {
    let (service, ledger) = stripe_open().await;
    let tools = Tools::of("stripe", STRIPE, &service, "en");
    let (question, _) = tools.question(9, "refund", &twenty("ana@example.com")).await.unwrap();
    assert_eq!(question, "Shall I refund twenty dollars on order one one eight two?");
    assert_eq!(service.lines(), ["GET /v1/payment_intents/search"], "asking moves no money");
    let first = tools.act_under((1, 1), "refund", twenty("ana@example.com")).await;
    assert_eq!(first, Outcome::Done { result: json!({"refund": "re_1", "state": "succeeded"}) });
    assert_eq!(tools.act_under((2, 1), "refund", twenty("ana@example.com")).await, first);
    let form = json!({"payment_intent": "pi_1", "amount": "2000", "reason": "requested_by_customer",
        "metadata[channel]": "telephone"});
    assert_eq!(ledger.lock().unwrap().refunds, [("CA1-t1".to_owned(), form)].into());
    let sent = service.asked().into_iter().filter(|asked| asked.line == "POST /v1/refunds").count();
    assert_eq!(sent, 1, "what is known as done is not sent again");
}

#[tokio::test]
async fn who_is_not_the_payer_hears_nothing_and_moves_nothing() {
    let (service, ledger) = stripe_open().await;
    let tools = Tools::of("stripe", STRIPE, &service, "en");
    let other = tools.act("refund", twenty("eva@example.com")).await.unwrap_err();
    assert_eq!(other, "No payment fits that order and e-mail address. Ask for both once more.");
    let none = json!({"order": "7", "email": "ana@example.com", "amount": "20"});
    assert_eq!(tools.act("refund", none).await.unwrap_err(), other);
    // Not even that it is too much.
    let much = json!({"order": "1182", "email": "eva@example.com", "amount": "9000"});
    assert_eq!(tools.act("refund", much).await.unwrap_err(), other);
    assert!(ledger.lock().unwrap().refunds.is_empty());
    assert!(service.lines().iter().all(|line| line == "GET /v1/payment_intents/search"));
}

#[tokio::test]
async fn more_than_was_paid_is_no_question_and_what_stripe_refuses_is_told_as_it_is() {
    let (service, ledger) = stripe_open().await;
    let tools = Tools::of("stripe", STRIPE, &service, "en");
    let amount = |amount: &str| json!({"order": "1182", "email": "ana@example.com", "amount": amount});
    let why = tools.question(1, "refund", &amount("45.01")).await.unwrap_err();
    assert!(why.starts_with("That is more than what is left"), "{why}");
    // Two wishes of which the second comes before the first is done.
    let (_, whole) = tools.question(2, "refund", &amount("45")).await.unwrap();
    let all = |nth| crate::registry::run(&tools.registry, (nth, nth), "stripe.refund", amount("45"), whole);
    let (_, again) = tools.question(3, "refund", &amount("45")).await.unwrap();
    assert_eq!(whole, again, "one wish, one digest");
    assert!(matches!(all(2).await, Outcome::Done { .. }));
    let why = "This payment was refunded in full already. Nothing more was refunded.".to_owned();
    assert_eq!(all(3).await, Outcome::Failed { why });
    assert_eq!(ledger.lock().unwrap().refunds.len(), 1);
    let why = tools.question(4, "refund", &amount("1")).await.unwrap_err();
    assert_eq!(why, "This payment was refunded in full already.");
    let locked = Tools::with("stripe", STRIPE, &service, "es", |_| Some("wrong".to_owned()));
    let why = locked.act("refund", amount("1")).await.unwrap_err();
    assert!(why.starts_with("Ahora mismo no se pueden hacer devoluciones"), "{why}");
}

#[tokio::test]
async fn a_refund_whose_answer_was_lost_is_sent_again_under_its_key_and_made_once() {
    let (service, ledger) = stripe_open().await;
    let tools = Tools::of("stripe", STRIPE, &service, "en");
    ledger.lock().unwrap().loses_the_next = true;
    let outcome = tools.act_under((1, 1), "refund", twenty("ana@example.com")).await;
    assert_eq!(outcome, Outcome::Done { result: json!({"refund": "re_1", "state": "succeeded"}) });
    assert_eq!(
        service.lines(),
        ["GET /v1/payment_intents/search", "POST /v1/refunds", "POST /v1/refunds"],
        "a second time under the same key"
    );
}
