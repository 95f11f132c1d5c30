//! Tickets and contacts: Zendesk, Freshdesk, HubSpot.
//!
//! Bodies are in the form of the vendors' own references: developer.zendesk.com/api-reference/ticketing,
//! developers.freshdesk.com/api, developers.hubspot.com/docs/api-reference (2026-03).
//!
//! Promises: of a ticket nothing is told to whoever does not know its number and address; what is written is written once.
//! Never: opens a ticket at anybody's.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::standin::{Asked, Says, Standin, Tools, secret};

/// What a desk was told to write: texts of notes and tickets.
#[derive(Default)]
struct Desk {
    written: Vec<Value>,
    /// What is written next is kept, and its answer lost.
    loses_the_next: bool,
}

type Shared = Arc<Mutex<Desk>>;

impl Desk {
    fn writes(&mut self, what: Value, answer: Says) -> Says {
        self.written.push(what);
        if std::mem::take(&mut self.loses_the_next) { Says::Closes } else { answer }
    }
}

async fn desk(answer: fn(&mut Desk, &Asked) -> Says) -> (Standin, Shared) {
    let shared = Shared::default();
    let held = Arc::clone(&shared);
    (Standin::open(move |asked| answer(&mut held.lock().unwrap(), asked)).await, shared)
}

const TICKET_WORDS: &str = "No ticket fits that number and e-mail address. Ask for both once more.";
const ZENDESK: &str = "your-company.zendesk.com";

fn zendesk(desk: &mut Desk, asked: &Asked) -> Says {
    if asked.line == "POST /oauth/tokens" {
        let (id, secret) = (secret("ZENDESK_CLIENT_ID"), secret("ZENDESK_CLIENT_SECRET"));
        let scope = "tickets:read tickets:write users:read";
        let grant = "client_credentials";
        let form = json!({"grant_type": grant, "client_id": id, "client_secret": secret, "scope": scope});
        assert_eq!(asked.body, form);
        let token = json!({"access_token": "gErypPlm4dOVgGRvA1ZzMH5MQ3nLo8bo", "token_type": "bearer", "scope": scope});
        return Says::Json(200, token);
    }
    if !asked.is_bearer("gErypPlm4dOVgGRvA1ZzMH5MQ3nLo8bo") {
        return Says::Json(401, json!({"error": "Couldn't authenticate you"}));
    }
    let ticket = |id: u64, subject: &str, status: &str| {
        json!({"id": id, "subject": subject, "status": status, "requester_id": 20978392, "submitter_id": 7,
            "updated_at": "2026-11-24T09:30:12Z", "description": "private words"})
    };
    let people = json!([{"id": 7, "name": "An agent", "email": "agent@example.com"},
        {"id": 20978392, "name": "Ana García", "email": "ana@example.com", "phone": "+34600111222"}]);
    match &*asked.line {
        "GET /api/v2/tickets/35436" => {
            assert_eq!(asked.query("include"), Some("users"));
            Says::Json(200, json!({"ticket": ticket(35436, "The lamp flickers", "pending"), "users": people}))
        }
        "GET /api/v2/users/20978392/tickets/requested" => {
            assert_eq!((asked.query("sort"), asked.query("page[size]")), (Some("-updated_at"), Some("5")));
            let tickets =
                [ticket(35436, "The lamp flickers", "pending"), ticket(35012, "A second shade", "closed")];
            Says::Json(200, json!({"tickets": tickets, "meta": {"has_more": false}, "links": {}}))
        }
        "POST /api/v2/tickets" => {
            let key = asked.header("idempotency-key").unwrap();
            let sent = json!({"key": key, "body": asked.body});
            let made = Says::Json(201, json!({"ticket": ticket(35437, "x", "new"), "audit": {}}));
            match desk.written.iter().find(|known| known["key"] == key) {
                Some(known) if known["body"] != asked.body => Says::Json(
                    400,
                    json!({"error": "IdempotentRequestError", "description": "Request parameters don't match."}),
                ),
                Some(_) => made,
                None => desk.writes(sent, made),
            }
        }
        "PUT /api/v2/tickets/35012" => {
            let details = json!({"status": [{"description": "Status: closed prevents ticket update"}]});
            Says::Json(
                422,
                json!({"error": "RecordInvalid", "description": "Record validation errors", "details": details}),
            )
        }
        "PUT /api/v2/tickets/35436" => {
            let comment = asked.body["ticket"]["comment"].clone();
            let answer =
                Says::Json(200, json!({"ticket": ticket(35436, "The lamp flickers", "open"), "audit": {}}));
            desk.writes(comment, answer)
        }
        "GET /api/v2/tickets/35436/comments" => {
            let comment =
                |of: &Value| json!({"id": 1, "type": "Comment", "body": of["body"], "public": of["public"]});
            let comments: Vec<Value> = desk.written.iter().map(comment).collect();
            Says::Json(200, json!({"comments": comments, "meta": {"has_more": false}}))
        }
        _ => Says::Json(404, json!({"error": "RecordNotFound", "description": "Not found"})),
    }
}

#[tokio::test]
async fn a_ticket_of_zendesk_is_told_to_who_asked_for_it_and_opens_the_others() {
    let (service, _) = desk(zendesk).await;
    let tools = Tools::of("zendesk", ZENDESK, &service, "en");
    let why = tools.look("find_tickets", json!({})).await.unwrap_err();
    assert!(why.contains("run zendesk.ticket_status first"), "{why}");
    assert!(service.lines().is_empty());
    for (ticket, email) in
        [("35436", "eva@example.com"), ("35436", "agent@example.com"), ("1", "ana@example.com")]
    {
        let why = tools.look("ticket_status", json!({"ticket": ticket, "email": email})).await.unwrap_err();
        assert_eq!(why, TICKET_WORDS, "{email}");
    }
    let mine = json!({"ticket": "35436", "email": "ana@example.com"});
    let mut found = tools.look("ticket_status", mine).await.unwrap();
    assert_eq!(
        found["say"].take(),
        "Your ticket, The lamp flickers, waits for an answer of yours. The last change was on Tuesday, November \
         twenty-fourth, two thousand twenty-six."
    );
    assert_eq!(
        found,
        json!({"ticket": 35436, "subject": "The lamp flickers", "state": "pending", "changed_on": "2026-11-24",
            "requester": 20978392, "say": null})
    );
    let others = tools.look("find_tickets", json!({})).await.unwrap();
    assert_eq!(
        (&others["tickets"], &others["states"]),
        (&json!([35436, 35012]), &json!(["pending", "closed"]))
    );
    assert_eq!(others["say"], "Your latest tickets: The lamp flickers; A second shade.");
}

#[tokio::test]
async fn a_ticket_of_zendesk_is_opened_once_under_its_key() {
    let (service, shared) = desk(zendesk).await;
    let tools = Tools::of("zendesk", ZENDESK, &service, "es");
    let args =
        json!({"name": "Ana García", "email": "ana@example.com", "problem": "La lámpara \"parpadea\""});
    let (question, _) = tools.question(9, "create_ticket", &args).await.unwrap();
    assert_eq!(
        question,
        "¿Abro un ticket para Ana García, ana arroba example punto com: La lámpara \"parpadea\"?"
    );
    assert_eq!(tools.act("create_ticket", args.clone()).await, Ok(json!({"ticket": 35437})));
    tools.act_under((2, 1), "create_ticket", args).await;
    let words = "La lámpara \"parpadea\"";
    let body = json!({"ticket": {"subject": words, "comment": {"body": words},
        "requester": {"name": "Ana García", "email": "ana@example.com"}, "tags": ["telephone"]}});
    assert_eq!(shared.lock().unwrap().written, [json!({"key": "CA1-t1", "body": body})]);
}

#[tokio::test]
async fn a_note_goes_on_a_ticket_that_was_found_and_is_found_there_where_the_answer_was_lost() {
    let (service, shared) = desk(zendesk).await;
    let tools = Tools::of("zendesk", ZENDESK, &service, "en");
    let note = |ticket: &str| json!({"ticket": ticket, "note": "It flickers at night too."});
    let why = tools.act("add_note", note("35436")).await.unwrap_err();
    assert!(why.contains("run that tool first"), "{why}");
    tools.look("ticket_status", json!({"ticket": "35436", "email": "ana@example.com"})).await.unwrap();
    let why = tools.act("add_note", note("35012")).await.unwrap_err();
    assert!(why.contains("must be one of those"), "{why}");
    assert_eq!(tools.act("add_note", note("35436")).await, Ok(json!({"state": "open"})));
    let comment = json!({"body": "It flickers at night too.\n\n(Call CA1)", "public": false});
    assert_eq!(std::mem::take(&mut shared.lock().unwrap().written), std::slice::from_ref(&comment));
    shared.lock().unwrap().loses_the_next = true;
    assert_eq!(tools.act("add_note", note("35436")).await, Ok(json!({})));
    assert_eq!(shared.lock().unwrap().written, [comment]);
    tools.look("find_tickets", json!({})).await.unwrap();
    let why = tools.act("add_note", note("35012")).await.unwrap_err();
    assert!(why.starts_with("The ticket is closed"), "{why}");
}

const FRESHDESK: &str = "your-company.freshdesk.com";

fn freshdesk(desk: &mut Desk, asked: &Asked) -> Says {
    let key = secret("FRESHDESK_KEY");
    if !asked.is_basic(&key, &key) {
        return Says::Json(
            401,
            json!({"code": "invalid_credentials", "message": "You have to be logged in to perform this action."}),
        );
    }
    // What Freshdesk makes of HTML.
    let plain = |html: &str| html.replace("&lt;", "<").replace("&amp;", "&");
    match &*asked.line {
        "GET /api/v2/tickets/1182" => {
            assert_eq!(asked.query("include"), Some("requester"));
            let requester =
                json!({"id": 6001263, "name": "Ana García", "email": "ana@example.com", "mobile": null});
            Says::Json(
                200,
                json!({"id": 1182, "subject": "The lamp flickers", "status": 4, "priority": 1, "source": 3,
                "description_text": "private words", "requester_id": 6001263, "updated_at": "2026-11-24T09:30:12Z",
                "requester": requester}),
            )
        }
        "POST /api/v2/tickets" => {
            if asked.body["email"] == "refused@example.com" {
                let error = json!({"field": "email", "message": "It should be a valid email address.", "code": "invalid_value"});
                return Says::Json(400, json!({"description": "Validation failed", "errors": [error]}));
            }
            desk.writes(
                asked.body.clone(),
                Says::Json(201, json!({"id": 1183, "subject": asked.body["subject"], "status": 2})),
            )
        }
        "GET /api/v2/tickets" => {
            assert_eq!(
                (asked.query("email"), asked.query("include")),
                (Some("ana@example.com"), Some("description"))
            );
            let text = |of: &Value| plain(of["description"].as_str().unwrap());
            let ticket =
                |of: &Value| json!({"id": 1183, "subject": of["subject"], "description_text": text(of)});
            let older = json!({"id": 9, "subject": "Another", "description_text": "by mail"});
            Says::Json(200, [older].into_iter().chain(desk.written.iter().map(ticket)).collect())
        }
        "POST /api/v2/tickets/1182/notes" => desk.writes(
            asked.body.clone(),
            Says::Json(201, json!({"id": 500, "body_text": "x", "private": true})),
        ),
        "GET /api/v2/tickets/1182/conversations" => {
            let note = |of: &Value| json!({"id": 500, "body_text": plain(of["body"].as_str().unwrap()), "private": true});
            Says::Json(200, desk.written.iter().map(note).collect())
        }
        _ => Says::Text(404, ""),
    }
}

#[tokio::test]
async fn a_ticket_of_freshdesk_is_told_to_who_opened_it() {
    let (service, _) = desk(freshdesk).await;
    let tools = Tools::of("freshdesk", FRESHDESK, &service, "es");
    let mine = |ticket: &str, email: &str| json!({"ticket": ticket, "email": email});
    let mut found = tools.look("ticket_status", mine("1182", "ana@example.com")).await.unwrap();
    assert_eq!(
        found["say"].take(),
        "Su ticket, The lamp flickers, está resuelto. El último cambio fue el martes, veinticuatro de noviembre de dos mil \
         veintiséis."
    );
    assert_eq!(
        found,
        json!({"ticket": 1182, "subject": "The lamp flickers", "state": "resolved", "changed_on": "2026-11-24", "say": null})
    );
    let why = tools.look("ticket_status", mine("1182", "eva@example.com")).await.unwrap_err();
    assert_eq!(tools.look("ticket_status", mine("7", "ana@example.com")).await.unwrap_err(), why);
    assert!(why.starts_with("Ningún ticket encaja"), "{why}");
    let locked = Tools::with("freshdesk", FRESHDESK, &service, "en", |_| Some("wrong".to_owned()));
    let why = locked.look("ticket_status", mine("1182", "ana@example.com")).await.unwrap_err();
    assert!(why.starts_with("Tickets cannot be looked up"), "{why}");
}

#[tokio::test]
async fn what_is_written_at_freshdesk_is_text_and_is_found_there_where_the_answer_was_lost() {
    let (service, shared) = desk(freshdesk).await;
    let tools = Tools::of("freshdesk", FRESHDESK, &service, "en");
    let args = |email: &str| json!({"name": "Ana", "email": email, "problem": "Lamp <b>A&B</b> flickers"});
    let sent = json!({"name": "Ana", "email": "ana@example.com", "subject": "Lamp <b>A&B</b> flickers",
        "description": "Call CA1: Lamp &lt;b>A&amp;B&lt;/b> flickers", "status": 2, "priority": 1, "source": 3});
    assert_eq!(tools.act("create_ticket", args("ana@example.com")).await, Ok(json!({"ticket": 1183})));
    assert_eq!(std::mem::take(&mut shared.lock().unwrap().written), std::slice::from_ref(&sent));
    shared.lock().unwrap().loses_the_next = true;
    assert_eq!(tools.act("create_ticket", args("ana@example.com")).await, Ok(json!({})));
    assert_eq!(std::mem::take(&mut shared.lock().unwrap().written), [sent]);
    let why = tools.act("create_ticket", args("refused@example.com")).await.unwrap_err();
    assert!(why.starts_with("Freshdesk does not take the ticket"), "{why}");

    tools.look("ticket_status", json!({"ticket": "1182", "email": "ana@example.com"})).await.unwrap();
    let note = json!({"ticket": "1182", "note": "At night <too>."});
    assert_eq!(tools.act("add_note", note.clone()).await, Ok(json!({"note_id": 500})));
    shared.lock().unwrap().loses_the_next = true;
    assert_eq!(tools.act("add_note", note).await, Ok(json!({})));
    let body = json!({"body": "Call CA1: At night &lt;too>.", "private": true});
    assert_eq!(shared.lock().unwrap().written, [body.clone(), body]);
}

const HUBSPOT: &str = "api.hubapi.com";

fn hubspot(desk: &mut Desk, asked: &Asked) -> Says {
    let error = |status: u16, category: &str, message: &str| {
        Says::Json(
            status,
            json!({"status": "error", "message": message, "correlationId": "aeb5f871", "category": category}),
        )
    };
    if !asked.is_bearer(&secret("HUBSPOT_KEY")) {
        return error(401, "INVALID_AUTHENTICATION", "Authentication credentials not found.");
    }
    let contact = json!({"id": "33451", "archived": false, "properties": {"firstname": "Ana", "lastname": "García López",
        "email": "ana@example.com", "hs_object_id": "33451"}});
    match asked
        .line
        .strip_prefix("GET /crm/objects/2026-03")
        .or(asked.line.strip_prefix("POST /crm/objects/2026-03"))
        .unwrap()
    {
        "/contacts/ana@example.com" if asked.query("idProperty") == Some("email") => Says::Json(200, contact),
        "/contacts/33451" if asked.query("idProperty").is_none() => Says::Json(200, contact),
        "/contacts/eva@example.com" => match desk.written.first() {
            Some(made) => Says::Json(200, json!({"id": "33452", "properties": made["properties"]})),
            None => error(404, "OBJECT_NOT_FOUND", "resource not found"),
        },
        "/contacts" if asked.body["properties"]["email"] == "ana@example.com" => {
            error(409, "CONFLICT", "Contact already exists. Existing ID: 33451")
        }
        "/contacts" => desk.writes(
            asked.body.clone(),
            Says::Json(201, json!({"id": "33452", "properties": asked.body["properties"]})),
        ),
        "/tickets/16256941234" => {
            let results = json!([{"id": "33451", "type": "ticket_to_contact"}]);
            let associations = asked.query("associations").map(|_| json!({"contacts": {"results": results}}));
            let mut ticket = json!({"id": "16256941234", "properties": {"subject": "The lamp flickers",
                "hs_pipeline_stage": "2", "hs_lastmodifieddate": "2026-11-24T09:30:12.000Z"}});
            if let Some(associations) = associations {
                ticket["associations"] = associations;
            }
            Says::Json(200, ticket)
        }
        "/tickets/5" => Says::Json(200, json!({"id": "5", "properties": {"subject": "Nobody's"}})),
        "/tickets" => {
            desk.writes(asked.body.clone(), Says::Json(201, json!({"id": "16256941235", "properties": {}})))
        }
        _ => error(404, "OBJECT_NOT_FOUND", "resource not found"),
    }
}

#[tokio::test]
async fn a_contact_of_hubspot_is_known_by_address_and_surname_and_noted_down_once() {
    let (service, shared) = desk(hubspot).await;
    let tools = Tools::of("hubspot", HUBSPOT, &service, "en");
    let who = |email: &str, surname: &str| json!({"email": email, "surname": surname});
    let found = tools.look("identify", who("ana@example.com", "lopez")).await;
    assert_eq!(found, Ok(json!({"first_name": "Ana", "say": "Thank you, Ana, I have found you."})));
    let why = tools.look("identify", who("ana@example.com", "Pérez")).await.unwrap_err();
    assert_eq!(tools.look("identify", who("eva@example.com", "Pérez")).await.unwrap_err(), why);

    let eva = json!({"first_name": "Eva", "surname": "Pérez", "email": "eva@example.com"});
    let (question, _) = tools.question(9, "create_contact", &eva).await.unwrap();
    assert_eq!(question, "Shall I note you down as Eva Pérez, eva at example dot com?");
    shared.lock().unwrap().loses_the_next = true;
    assert_eq!(tools.act("create_contact", eva.clone()).await, Ok(json!({})));
    let properties = json!({"firstname": "Eva", "lastname": "Pérez", "email": "eva@example.com"});
    assert_eq!(std::mem::take(&mut shared.lock().unwrap().written), [json!({"properties": properties})]);
    let mut called = eva;
    called["phone"] = json!("+34600111222");
    assert_eq!(tools.act("create_contact", called).await, Ok(json!({"contact": "33452"})));
    assert_eq!(shared.lock().unwrap().written[0]["properties"]["phone"], "+34600111222");
    let ana = json!({"first_name": "Ana", "surname": "García", "email": "ana@example.com"});
    let why = tools.act("create_contact", ana).await.unwrap_err();
    assert!(why.starts_with("There is a contact with this e-mail address already"), "{why}");
}

#[tokio::test]
async fn a_ticket_of_hubspot_is_told_to_its_contact_and_opened_for_one() {
    let (service, shared) = desk(hubspot).await;
    let tools = Tools::of("hubspot", HUBSPOT, &service, "en");
    let ticket = |ticket: &str, email: &str| json!({"ticket": ticket, "email": email});
    let mut found = tools.look("ticket_status", ticket("16256941234", "ana@example.com")).await.unwrap();
    let said = found["say"].take();
    assert!(
        said.as_str().unwrap().starts_with("Your ticket, The lamp flickers, waits for an answer of yours."),
        "{said}"
    );
    let state = "waiting on the contact";
    let want =
        json!({"subject": "The lamp flickers", "state": state, "changed_on": "2026-11-24", "say": null});
    assert_eq!(found, want);
    for (number, email) in
        [("16256941234", "eva@example.com"), ("5", "ana@example.com"), ("6", "ana@example.com")]
    {
        assert_eq!(tools.look("ticket_status", ticket(number, email)).await.unwrap_err(), TICKET_WORDS);
    }
    let problem =
        |surname: &str| json!({"email": "ana@example.com", "surname": surname, "problem": "It flickers."});
    let why = tools.act("create_ticket", problem("Pérez")).await.unwrap_err();
    assert!(why.starts_with("No contact fits"), "{why}");
    assert_eq!(tools.act("create_ticket", problem("García")).await, Ok(json!({"ticket": "16256941235"})));
    let properties = json!({"subject": "It flickers.", "content": "It flickers.", "hs_pipeline": "0", "hs_pipeline_stage": "1",
        "source_type": "PHONE"});
    let kind = json!({"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 16});
    let body = json!({"properties": properties, "associations": [{"to": {"id": "33451"}, "types": [kind]}]});
    assert_eq!(shared.lock().unwrap().written, [body]);
}
