//! The weather, an event to a system of our own, and systems that want a token first.
//!
//! Bodies are in the form of openweathermap.org/api (geocoding 1.0, current weather 2.5), and of the specification of Standard
//! Webhooks.
//!
//! Promises: an event is signed so that its receiver can tell; a token is nowhere but in what is sent.
//! Never: asks anybody for the weather.

use std::sync::{Arc, Mutex};

use aws_lc_rs::hmac::{HMAC_SHA256, Key, verify};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use centralita::core::conversation::Outcome;
use serde_json::json;

use super::standin::{Asked, Says, Standin, Tools, WEBHOOK_SECRET, secret};

const OPENWEATHER: &str = "api.openweathermap.org";

fn openweather(asked: &Asked) -> Says {
    if asked.query("appid") != Some(&secret("OPENWEATHER_KEY")) {
        let words = "Invalid API key. Please see https://openweathermap.org/faq#error401 for more info.";
        return Says::Json(401, json!({"cod": 401, "message": words}));
    }
    match (&*asked.line, asked.query("q")) {
        ("GET /geo/1.0/direct", Some("Ávila, ES")) => Says::Json(
            200,
            json!([{"name": "Ávila", "local_names": {"es": "Ávila"}, "lat": 40.6565, "lon": -4.7002, "country": "ES"}]),
        ),
        ("GET /geo/1.0/direct", Some(_)) => Says::Json(200, json!([])),
        ("GET /data/2.5/weather", None) => {
            let named = ["lat", "lon", "units", "lang"].map(|name| asked.query(name).unwrap());
            assert_eq!(named, ["40.6565", "-4.7002", "metric", "es"]);
            Says::Json(
                200,
                json!({"coord": {"lon": -4.7002, "lat": 40.6565},
                "weather": [{"id": 601, "main": "Snow", "description": "nieve ligera", "icon": "13d"}], "base": "stations",
                "main": {"temp": -2.6, "feels_like": -6.2, "temp_min": -3, "temp_max": -1, "pressure": 1021, "humidity": 86},
                "wind": {"speed": 3.1, "deg": 300}, "dt": 1764500000, "name": "Ávila", "cod": 200}),
            )
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_weather_of_a_place_is_said_in_the_callers_language() {
    let service = Standin::open(openweather).await;
    let tools = Tools::of("openweather", OPENWEATHER, &service, "es");
    let found = tools.look("now", json!({"place": "Ávila, ES"})).await;
    assert_eq!(
        found,
        Ok(
            json!({"place": "Ávila", "sky": "nieve ligera", "degrees_celsius": -3, "feels_like": -6, "humidity_percent": 86,
            "say": "En Ávila hay menos tres grados, con nieve ligera."})
        )
    );
    let why = tools.look("now", json!({"place": "Xyzzy"})).await.unwrap_err();
    assert_eq!(why, "No hay ningún lugar con ese nombre. Pregunte por otro cercano.");
    let locked = Tools::with("openweather", OPENWEATHER, &service, "en", |_| Some("wrong".to_owned()));
    let why = locked.look("now", json!({"place": "Ávila, ES"})).await.unwrap_err();
    assert_eq!(why, "The weather cannot be looked up at the moment.");
}

/// Takes what is signed by the secret we share, as the specification has it.
fn receiver(asked: &Asked) -> Says {
    let header = |name: &str| asked.header(name).unwrap();
    let signed = format!("{}.{}.", header("webhook-id"), header("webhook-timestamp"));
    let signed = [signed.as_bytes(), &asked.bytes].concat();
    let signature = header("webhook-signature").strip_prefix("v1,").unwrap();
    let key = Key::new(HMAC_SHA256, WEBHOOK_SECRET.1);
    match verify(&key, &signed, &STANDARD.decode(signature).unwrap()) {
        Ok(()) if asked.body["data"]["name"] == "Nobody" => Says::Text(410, "Gone"),
        // As Make answers.
        Ok(()) => Says::Text(200, "Accepted"),
        Err(_) => Says::Text(401, "bad signature"),
    }
}

#[tokio::test]
async fn a_message_goes_out_as_a_signed_event_whose_id_is_that_of_the_wish() {
    let service = Standin::open(receiver).await;
    let tools = Tools::of("webhook", "hooks.example.com", &service, "en");
    let args = |name: &str| json!({"name": name, "phone": "+34600111222", "message": "Call me {{ call.from }} \"soon\""});
    let (question, _) = tools.question(9, "take_message", &args("Ana")).await.unwrap();
    assert!(
        question.starts_with(
            "Shall I pass this on: Call me {{ call.from }} \"soon\", from Ana, at plus three four"
        ),
        "{question}"
    );
    assert_eq!(tools.act("take_message", args("Ana")).await, Ok(json!({})));
    let asked = service.asked().remove(0);
    assert_eq!((&*asked.line, asked.header("webhook-id")), ("POST /centralita/call-message", Some("CA1-t1")));
    let data = json!({"name": "Ana", "phone": "+34600111222", "message": "Call me {{ call.from }} \"soon\"",
        "call": {"id": "CA1", "to": "+34910000000"}});
    assert_eq!(
        asked.body,
        json!({"type": "call.message", "timestamp": "1970-01-01T00:00:00+00:00", "data": data})
    );
    let why = tools.act("take_message", args("Nobody")).await.unwrap_err();
    assert!(why.starts_with("The message could not be sent"), "{why}");
    let other = "whsec_MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0".to_owned();
    let stranger = Tools::with("webhook", "hooks.example.com", &service, "es", |_| Some(other.clone()));
    let why = stranger.act("take_message", args("Ana")).await.unwrap_err();
    assert!(why.starts_with("El recado no se ha podido enviar"), "{why}");
}

const OURS: &str = "api.example.com";

/// A system that gives tokens to a client it knows, and orders to a token it gave.
fn ours(asked: &Asked) -> Says {
    if asked.line == "POST /oauth/token" {
        let is_known = asked.is_basic(&secret("API_CLIENT_ID"), &secret("API_CLIENT_SECRET"));
        assert_eq!(asked.body, json!({"grant_type": "client_credentials", "scope": "orders.read"}));
        let token = json!({"access_token": "day-token", "token_type": "Bearer", "expires_in": 3600});
        return if is_known {
            Says::Json(200, token)
        } else {
            Says::Json(401, json!({"error": "invalid_client"}))
        };
    }
    order(asked, "day-token")
}

fn order(asked: &Asked, token: &str) -> Says {
    match &*asked.line {
        _ if !asked.is_bearer(token) => Says::Json(401, json!({"error": "no token"})),
        "GET /v1/orders/1182" => Says::Json(
            200,
            json!({"order": "1182", "item": "a walnut desk lamp", "status": "shipped",
            "customer": {"name": "Ana", "email": "ana@example.com"}}),
        ),
        _ => Says::Json(404, json!({"error": "no such order"})),
    }
}

async fn looks_up_with_a_token(tools: &Tools) {
    let of = |order: &str, email: &str| json!({"order": order, "email": email});
    let found = tools.look("order_status", of("1182", "ana@example.com")).await;
    let want = json!({"item": "a walnut desk lamp", "status": "shipped", "say": "Your order, a walnut desk lamp, is shipped."});
    assert_eq!(found, Ok(want));
    let why = tools.look("order_status", of("1182", "eva@example.com")).await.unwrap_err();
    assert_eq!(
        why.split(": ").last(),
        Some("No order fits that number and e-mail address. Ask for both once more.")
    );
    assert_eq!(
        tools.look("order_status", of("1", "ana@example.com")).await.unwrap_err(),
        why,
        "they sound the same"
    );
    assert!(!format!("{:?}", tools.registry).contains("day-token"));
}

#[tokio::test]
async fn a_token_is_fetched_once_for_all_that_is_looked_up() {
    let service = Standin::open(ours).await;
    looks_up_with_a_token(&Tools::of("client_credentials", OURS, &service, "en")).await;
    let lines = service.lines();
    assert_eq!(lines.iter().filter(|line| *line == "POST /oauth/token").count(), 1, "{lines:?}");
    let stranger = Tools::with("client_credentials", OURS, &service, "en", |_| Some("wrong".to_owned()));
    let args = json!({"order": "1182", "email": "ana@example.com"});
    assert!(stranger.look("order_status", args).await.is_err());
    assert_eq!(service.lines(), ["POST /oauth/token"], "without a token nothing is asked");
}

/// A system that gives a new token for each login, and knows what was cancelled under which key.
#[derive(Default)]
struct Logins {
    given: usize,
    cancelled: Vec<String>,
    loses_the_next: bool,
}

fn with_logins(logins: &mut Logins, asked: &Asked) -> Says {
    let status = if logins.cancelled.is_empty() { "open" } else { "cancelled" };
    match &*asked.line {
        "POST /v1/login" => {
            let known = json!({"user": secret("LOGIN_USER"), "password": secret("LOGIN_PASSWORD")});
            if asked.body != known {
                return Says::Json(401, json!({"error": "who are you"}));
            }
            logins.given += 1;
            Says::Json(200, json!({"token": format!("day-token-{}", logins.given)}))
        }
        _ if !asked.is_bearer(&format!("day-token-{}", logins.given)) => {
            Says::Json(401, json!({"error": "no token"}))
        }
        "GET /v1/orders/1182" => Says::Json(
            200,
            json!({"order": "1182", "item": "a walnut desk lamp", "status": status, "customer": {"email": "ana@example.com"}}),
        ),
        "POST /v1/orders/1182/cancellation" => {
            let key = asked.header("idempotency-key").unwrap().to_owned();
            if !logins.cancelled.contains(&key) {
                logins.cancelled.push(key);
            }
            let answer = Says::Json(200, json!({"status": "cancelled"}));
            if std::mem::take(&mut logins.loses_the_next) { Says::Closes } else { answer }
        }
        _ => Says::Json(404, json!({"error": "no such order"})),
    }
}

async fn system() -> (Standin, Arc<Mutex<Logins>>) {
    let logins = Arc::<Mutex<Logins>>::default();
    let held = Arc::clone(&logins);
    (Standin::open(move |asked| with_logins(&mut held.lock().unwrap(), asked)).await, logins)
}

#[tokio::test]
async fn a_tool_logs_in_and_then_asks_with_the_token_it_got() {
    let (service, _) = system().await;
    let tools = Tools::of("two_step_token", OURS, &service, "en");
    let of = |order: &str, email: &str| json!({"order": order, "email": email});
    let found = tools.look("order_status", of("1182", "ana@example.com")).await;
    let say = "Your order, a walnut desk lamp, is open.";
    assert_eq!(found, Ok(json!({"item": "a walnut desk lamp", "status": "open", "say": say})));
    assert_eq!(service.lines(), ["POST /v1/login", "GET /v1/orders/1182"]);
    let words = "No order fits that number and e-mail address. Ask for both once more.";
    for (order, email) in [("1182", "eva@example.com"), ("1", "ana@example.com")] {
        let why = tools.look("order_status", of(order, email)).await.unwrap_err();
        assert!(why.ends_with(words) && !why.contains("lamp"), "{why}");
        let why = tools.act("cancel_order", of(order, email)).await.unwrap_err();
        assert!(why.ends_with(words), "{why}");
    }
    service.asked();
    let stranger = Tools::with("two_step_token", OURS, &service, "en", |_| Some("wrong".to_owned()));
    let why = stranger.look("order_status", of("1182", "ana@example.com")).await.unwrap_err();
    assert!(why.contains("Orders cannot be looked up"), "{why}");
    assert_eq!(service.lines(), ["POST /v1/login"], "without a token nothing is asked");
}

#[tokio::test]
async fn an_order_is_cancelled_once_after_its_question_also_where_the_answer_was_lost() {
    let (service, logins) = system().await;
    let tools = Tools::of("two_step_token", OURS, &service, "es");
    let args = json!({"order": "1182", "email": "ana@example.com"});
    let (question, _) = tools.question(9, "cancel_order", &args).await.unwrap();
    assert_eq!(question, "¿Anulo el pedido uno uno ocho dos, a walnut desk lamp?");
    assert_eq!(
        service.lines(),
        ["POST /v1/login", "GET /v1/orders/1182"],
        "nothing is cancelled before the yes"
    );
    logins.lock().unwrap().loses_the_next = true;
    assert_eq!(tools.act("cancel_order", args.clone()).await, Ok(json!({"status": "cancelled"})));
    assert_eq!(logins.lock().unwrap().cancelled, ["CA1-t1"]);
    let why = tools.act_under((2, 2), "cancel_order", args).await;
    let is_told = matches!(&why, Outcome::Failed { why } if why.contains("ya no se puede anular"));
    assert!(is_told, "{why:?}");
}
