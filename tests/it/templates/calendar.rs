//! Appointments at Cal.com.
//!
//! Bodies are in the form of cal.com/docs/api-reference/v2: slots (2024-09-04), bookings (2026-02-25).
//!
//! Promises: an hour that is said is the hour that is booked, whatever the clocks do; an appointment is told of to whom it is.
//! Never: books at anybody's.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::standin::{Asked, Says, Standin, Tools, secret};

const CAL: &str = "api.cal.com";

/// Ana's bookings, and what comes after each change.
#[derive(Default)]
struct Calendar {
    bookings: Vec<Value>,
    loses_the_next: bool,
}

impl Calendar {
    fn answers(&mut self, status: u16, data: &Value) -> Says {
        let answer = Says::Json(status, json!({"status": "success", "data": data}));
        if std::mem::take(&mut self.loses_the_next) { Says::Closes } else { answer }
    }
}

fn booking(uid: &str, start: &str, metadata: &Value) -> Value {
    json!({"id": 123, "uid": uid, "title": "Consultation", "status": "accepted", "start": start, "duration": 30,
        "hosts": [{"id": 1, "name": "Jane", "timeZone": "Europe/Madrid"}],
        "attendees": [{"name": "Ana García", "email": "ana@example.com", "timeZone": "Europe/Madrid"}], "metadata": metadata})
}

fn refused(status: u16, code: &str, message: &str) -> Says {
    let error =
        json!({"code": code, "message": message, "details": {"message": message, "statusCode": status}});
    Says::Json(
        status,
        json!({"status": "error", "timestamp": "2026-11-30T12:00:00.000Z", "path": "/v2", "error": error}),
    )
}

fn cal(calendar: &mut Calendar, asked: &Asked) -> Says {
    if !asked.is_bearer(&secret("CAL_KEY")) {
        return refused(
            401,
            "UnauthorizedException",
            "ApiKeyAuthStrategy - api key - Your api key is not valid",
        );
    }
    let is_slots = asked.line == "GET /v2/slots";
    let version = if is_slots { "2024-09-04" } else { "2026-02-25" };
    assert_eq!(asked.header("cal-api-version"), Some(version));
    if is_slots {
        let asked = ["eventTypeId", "start", "end", "timeZone"].map(|name| asked.query(name).unwrap());
        let data = match asked {
            ["12345", "2026-11-30T23:00:00Z", "2026-12-01T22:59:00Z", "Europe/Madrid"] => {
                json!({"2026-12-01":
                [{"start": "2026-12-01T09:00:00.000+01:00"}, {"start": "2026-12-01T09:30:00.000+01:00"}]})
            }
            ["12345", "2027-06-30T22:00:00Z", "2027-07-01T21:59:00Z", "Europe/Madrid"] => {
                json!({"2027-07-01": [{"start": "2027-07-01T16:00:00.000+02:00"}]})
            }
            ["12345", "2026-12-05T23:00:00Z", "2026-12-06T22:59:00Z", "Europe/Madrid"] => json!({}),
            other => panic!("{other:?}"),
        };
        return Says::Json(200, json!({"status": "success", "data": data}));
    }
    changed(calendar, asked)
}

fn changed(calendar: &mut Calendar, asked: &Asked) -> Says {
    match &*asked.line {
        "GET /v2/bookings" => {
            let is_hers = asked.query("attendeeEmail") == Some("ana@example.com");
            let take: usize = asked.query("take").unwrap().parse().unwrap();
            assert_eq!(asked.query("status"), Some("upcoming"));
            let mut hers: Vec<Value> = calendar
                .bookings
                .iter()
                .filter(|of| is_hers && of["status"] == "accepted")
                .cloned()
                .collect();
            hers.sort_by_key(|of| of["start"].to_string());
            hers.truncate(take);
            Says::Json(
                200,
                json!({"status": "success", "data": hers, "pagination": {"totalItems": hers.len()}}),
            )
        }
        "POST /v2/bookings" => {
            let start = asked.body["start"].as_str().unwrap();
            if start == "2026-12-01T08:30:00Z" {
                let words = "User either already has booking at this time or is not available";
                return refused(400, "BadRequestException", words);
            }
            assert_eq!(asked.body["eventTypeId"], 12345);
            let (name, email) = ("Ana García", "ana@example.com");
            let attendee =
                json!({"name": name, "email": email, "timeZone": "Europe/Madrid", "language": "en"});
            assert_eq!(asked.body["attendee"], attendee);
            let start = start.replace('Z', ".000Z");
            let made = booking("bk_new", &start, &asked.body["metadata"]);
            calendar.bookings.push(made.clone());
            calendar.answers(201, &made)
        }
        "POST /v2/bookings/bk_1/reschedule" => {
            let start = asked.body["start"].as_str().unwrap().replace('Z', ".000Z");
            let mut made = booking("bk_2", &start, &json!({}));
            made["rescheduledFromUid"] = json!("bk_1");
            calendar.bookings[0]["status"] = json!("cancelled");
            calendar.bookings[0]["rescheduledToUid"] = json!("bk_2");
            calendar.bookings.push(made.clone());
            calendar.answers(201, &made)
        }
        "POST /v2/bookings/bk_1/cancel" => {
            assert_eq!(asked.body, json!({"cancellationReason": "Cancelled by telephone"}));
            calendar.bookings[0]["status"] = json!("cancelled");
            let now = calendar.bookings[0].clone();
            calendar.answers(200, &now)
        }
        "GET /v2/bookings/bk_1" => {
            let now = calendar.bookings[0].clone();
            calendar.answers(200, &now)
        }
        other => panic!("{other}"),
    }
}

/// With one appointment of Ana's, and another of hers that was made by others.
async fn open() -> (Standin, Arc<Mutex<Calendar>>) {
    let calendar = Arc::<Mutex<Calendar>>::default();
    calendar.lock().unwrap().bookings = vec![
        booking("bk_1", "2026-12-03T15:00:00.000Z", &json!({})),
        booking("bk_later", "2027-02-01T09:00:00.000Z", &json!({"call": "CA9"})),
    ];
    let held = Arc::clone(&calendar);
    (Standin::open(move |asked| cal(&mut held.lock().unwrap(), asked)).await, calendar)
}

#[tokio::test]
async fn free_times_are_those_of_the_place_and_a_full_day_is_said_to_be_full() {
    let (service, _) = open().await;
    let tools = Tools::of("calcom", CAL, &service, "en");
    let found = tools.look("free_times", json!({"day": "2026-12-01"})).await.unwrap();
    assert_eq!((&found["day"], &found["times"]), (&json!("2026-12-01"), &json!(["09:00", "09:30"])));
    assert_eq!(
        found["say"],
        "Free on Tuesday, December first, two thousand twenty-six: nine a.m., nine thirty a.m.."
    );
    let found = tools.look("free_times", json!({"day": "2027-07-01"})).await.unwrap();
    assert_eq!(found["times"], json!(["16:00"]));
    let why = tools.look("free_times", json!({"day": "2026-12-06"})).await.unwrap_err();
    assert_eq!(why, "Nothing is free on that day. Ask for another day.");
}

#[tokio::test]
async fn an_appointment_is_booked_at_its_hour_in_utc_and_found_where_the_answer_was_lost() {
    let (service, calendar) = open().await;
    let tools = Tools::of("calcom", CAL, &service, "en");
    let at =
        |day: &str, at: &str| json!({"day": day, "at": at, "name": "Ana García", "email": "ana@example.com"});
    let why = tools.act("book", at("2026-12-01", "10:00")).await.unwrap_err();
    assert!(why.starts_with("That time is not free"), "{why}");
    let why = tools.act("book", at("2026-12-06", "10:00")).await.unwrap_err();
    assert!(why.starts_with("That time is not free"), "{why}");
    let (question, _) = tools.question(9, "book", &at("2026-12-01", "09:00")).await.unwrap();
    assert_eq!(
        question,
        "Shall I book Tuesday, December first, two thousand twenty-six at nine a.m. for Ana García, ana at example dot com?"
    );
    assert!(service.lines().iter().all(|line| line == "GET /v2/slots"), "nothing is booked before the yes");
    assert_eq!(tools.act("book", at("2026-12-01", "09:00")).await, Ok(json!({"booking": "bk_new"})));
    assert_eq!(tools.act("book", at("2027-07-01", "16:00")).await, Ok(json!({"booking": "bk_new"})));
    let starts =
        |calendar: &Calendar| calendar.bookings.iter().map(|of| of["start"].clone()).collect::<Vec<_>>();
    assert_eq!(
        starts(&calendar.lock().unwrap())[2..],
        ["2026-12-01T08:00:00.000Z", "2027-07-01T14:00:00.000Z"]
    );
    assert_eq!(calendar.lock().unwrap().bookings[2]["metadata"], json!({"call": "CA1"}));
    let why = tools.act("book", at("2026-12-01", "09:30")).await.unwrap_err();
    assert!(why.starts_with("That time was taken in this moment"), "{why}");

    calendar.lock().unwrap().bookings.truncate(2);
    calendar.lock().unwrap().loses_the_next = true;
    assert_eq!(tools.act("book", at("2026-12-01", "09:00")).await, Ok(json!({})));
    assert_eq!(calendar.lock().unwrap().bookings.len(), 3);
}

#[tokio::test]
async fn an_appointment_is_told_moved_and_cancelled_for_whoever_knows_the_name_it_is_in() {
    let (service, calendar) = open().await;
    let tools = Tools::of("calcom", CAL, &service, "es");
    let who = |email: &str, name: &str| json!({"email": email, "name": name});
    let mut found = tools.look("my_appointment", who("ana@example.com", "garcia")).await.unwrap();
    let said = found["say"].take();
    assert!(said.as_str().unwrap().ends_with("a las dieciséis en punto."), "{said}");
    assert_eq!(found, json!({"title": "Consultation", "day": "2026-12-03", "at": "16:00", "say": null}));
    let words = "Ninguna cita encaja con ese nombre y ese correo. Pida los dos otra vez.";
    for (email, name) in [("ana@example.com", "Pérez"), ("eva@example.com", "García")] {
        // A call for each: in one, only so many proofs may fail.
        let tools = Tools::of("calcom", CAL, &service, "es");
        assert_eq!(tools.look("my_appointment", who(email, name)).await.unwrap_err(), words);
        assert_eq!(tools.act("cancel", who(email, name)).await.unwrap_err(), words);
        let mut moved = who(email, name);
        (moved["day"], moved["at"]) = (json!("2026-12-01"), json!("09:00"));
        assert_eq!(tools.act("reschedule", moved).await.unwrap_err(), words);
    }
    assert!(service.lines().iter().all(|line| line.starts_with("GET ")), "nothing was changed");

    let mut moved = who("ana@example.com", "García");
    (moved["day"], moved["at"]) = (json!("2026-12-01"), json!("09:00"));
    let (question, _) = tools.question(9, "reschedule", &moved).await.unwrap();
    assert_eq!(
        question,
        "¿Cambio la cita de ana arroba example punto com del jueves, tres de diciembre de dos mil veintiséis a las dieciséis \
         en punto al martes, uno de diciembre de dos mil veintiséis a las nueve en punto?"
    );
    calendar.lock().unwrap().loses_the_next = true;
    assert_eq!(tools.act("reschedule", moved.clone()).await, Ok(json!({})), "found by the old booking");
    assert_eq!(calendar.lock().unwrap().bookings[2]["start"], "2026-12-01T08:00:00.000Z");

    let (service, calendar) = open().await;
    let tools = Tools::of("calcom", CAL, &service, "en");
    assert_eq!(tools.act("reschedule", moved).await, Ok(json!({"booking": "bk_2"})));
    calendar.lock().unwrap().bookings[0]["status"] = json!("accepted");
    calendar.lock().unwrap().bookings.truncate(1);
    assert_eq!(
        tools.act("cancel", who("ana@example.com", "García")).await,
        Ok(json!({"state": "cancelled"}))
    );
    calendar.lock().unwrap().bookings[0]["status"] = json!("accepted");
    calendar.lock().unwrap().loses_the_next = true;
    assert_eq!(tools.act("cancel", who("ana@example.com", "García")).await, Ok(json!({})));
    assert_eq!(calendar.lock().unwrap().bookings[0]["status"], "cancelled");
    drop(service);
}
