//! A command for curl as a draft: one tool, with a parameter for each value that looks like one.
//!
//! Promises: what looks like a secret becomes a reference, or is left out; its value is nowhere in what comes out.
//! Never: runs curl, opens a file that the command names.

use std::collections::BTreeMap;

use centralita_core::base::{Fault, Owner};
use serde_json::{Map, Value, json};
use url::{Host, Url};

use super::answer::answers;
use super::command::{Command, read};
use super::document::Document;
use super::draft::{Auth, AuthKind, Draft, Tool};
use super::schema::{flat, scalar};
use super::servers::settle;
use super::shell;
use super::supply::supply;
use super::words::{doing, literal, plain, sentence, singular, snake};
use super::{Imported, Notes, Wanted, assemble, own_id};
use crate::catalog::exchange::OWN_HEADERS;
use crate::catalog::hidden;

/// Where what could not be brought stood.
const PLACE: &str = "curl";
/// Headers by which a browser or curl speaks of itself.
const NOISE: &[&str] = &[
    "accept",
    "accept-encoding",
    "accept-language",
    "cache-control",
    "content-type",
    "dnt",
    "origin",
    "pragma",
    "priority",
    "referer",
    "te",
    "upgrade-insecure-requests",
    "user-agent",
];
/// Names of secrets beside those that a definition's check knows.
const SECRET_NAMES: &[&str] =
    &["pass", "passwd", "pwd", "key", "auth", "sig", "signature", "credential", "session", "jwt"];
/// The shortest word that is taken for a key by its look, in bytes.
const SECRET_BYTES_MIN: usize = 20;
const UUID_BYTES: usize = 36;

/// A draft of what a command for curl sends.
///
/// # Errors
/// It is no such command, or what it sends cannot be sent by a definition. Nothing of the command is repeated.
pub fn curl(line: &str, wanted: &Wanted<'_>) -> Result<Imported, Fault> {
    let mut notes = Vec::new();
    let mut about = Notes { place: PLACE.to_owned(), all: &mut notes };
    let command = shell::words(line).and_then(|words| read(words, &mut about)).map_err(refused)?;
    let own = own_id(wanted)?;
    let (draft, tool) = draft(command, own, wanted, &mut about).map_err(refused)?;
    Ok(assemble(&draft, vec![(PLACE.to_owned(), tool)], wanted, notes, 1))
}

fn refused(what: String) -> Fault {
    let remedy = "give one whole command in single quotes: 'curl https://api.example.com/orders/1182'";
    Fault::new(Owner::Admin, format!("curl: {what}"), remedy)
}

fn draft(
    command: Command,
    own: Option<String>,
    wanted: &Wanted<'_>,
    notes: &mut Notes<'_>,
) -> Result<(Draft, Tool), String> {
    let written = command.url.as_deref().ok_or("there is no address in the command")?;
    let whole = if written.contains("://") { written.to_owned() } else { format!("http://{written}") };
    let url = Url::parse(&whole).ok().filter(Url::has_host).ok_or("its address is none")?;
    let mut base = url.clone();
    base.set_path("");
    let id = own.unwrap_or_else(|| id_of(&url));
    let method = command.method()?;
    // What braces stand for is read from the text as it was written, not as a URL escapes it.
    let path = path_of(&whole);
    let mut made =
        Made { doc: Document::empty(), tool: Tool::new(String::new(), method, String::new()), notes };
    made.path(&path)?;
    let things: Vec<&str> = path.split('/').filter(|part| is_word(part)).collect();
    let words = things.join(" ");
    made.tool.doing = doing("", "", method, &format!("/{}", things.last().unwrap_or(&"")));
    made.tool.name = snake(&format!("{} {words}", super::yaml::method(method).to_ascii_lowercase()));
    made.tool.description = sentence(&made.tool.doing);
    made.tool
        .reviews
        .push("say what it does and when to use it; the words are guessed from the address".to_owned());
    url.query_pairs().for_each(|(name, value)| made.query(&name, &value));
    let auth = made.headers(&command, &id, url.username());
    made.data(&command)?;
    let Made { doc, mut tool, .. } = made;
    answers(&doc, &Value::Null, &mut tool)?;
    let base = settle(Some(base), wanted.allow_private, Vec::new());
    let title = plain(url.host_str().unwrap_or(&id), 80);
    Ok((Draft { id, title, base, auth, ..Draft::default() }, tool))
}

fn path_of(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = rest.find('/').map_or("", |at| &rest[at..]);
    path.split(['?', '#']).next().unwrap_or_default().to_owned()
}

/// `api.shop.example` is `shop`.
fn id_of(url: &Url) -> String {
    let Some(Host::Domain(host)) = url.host() else { return "api".to_owned() };
    let labels: Vec<&str> = host.split('.').collect();
    snake(labels[labels.len().saturating_sub(2).min(labels.len() - 1)])
}

struct Made<'m, 'n> {
    doc: Document,
    tool: Tool,
    notes: &'m mut Notes<'n>,
}

impl Made<'_, '_> {
    fn path(&mut self, written: &str) -> Result<(), String> {
        let (mut path, mut before) = (String::new(), String::new());
        for part in written.split('/').skip(1) {
            path.push('/');
            let named = part
                .strip_prefix(':')
                .or_else(|| part.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')));
            let decoded = decoded(part);
            if let Some(name) = named {
                path.push_str(&self.parameter(name.trim_matches(['{', '}']), &Value::Null)?);
            } else if is_secret("", &decoded) {
                return Err(
                    "a part of its path looks like a secret, which goes out in a header only".to_owned()
                );
            } else if is_value(&decoded) {
                let name = if before.is_empty() {
                    "id".to_owned()
                } else {
                    format!("{}_id", singular(&snake(&before)))
                };
                path.push_str(&self.parameter(&name, &decoded.into())?);
            } else {
                path.push_str(
                    &literal(part).ok_or("its path has signs that a template would take for its own")?,
                );
                before = part.to_owned();
            }
        }
        self.tool.path = if path.is_empty() { "/".to_owned() } else { path };
        Ok(())
    }

    fn query(&mut self, name: &str, value: &str) {
        if is_secret(name, value) {
            let what = "looks like a secret, which goes out in a header only: it is left out";
            self.notes.say(format!("the value of `{}` in the query {what}", plain(name, 40)));
            return;
        }
        let text = match is_value(value) && !name.to_ascii_lowercase().contains("version") {
            true => self.parameter(name, &value.into()),
            false => literal(value).ok_or_else(String::new),
        };
        match text {
            Ok(text) => {
                self.tool.query.insert(name.to_owned(), text);
            }
            Err(_) => self.notes.say(format!("`{}` of the query is left out", plain(name, 40))),
        }
    }

    /// A parameter for a value like this one; its hole.
    fn parameter(&mut self, name: &str, value: &Value) -> Result<String, String> {
        self.hole(name, value).map(|hole| hole.as_str().unwrap_or_default().to_owned())
    }

    fn hole(&mut self, name: &str, value: &Value) -> Result<Value, String> {
        let scalar = scalar(&self.doc, name, &flat(&self.doc, &schema_of(value))?)?;
        supply(&mut self.tool, name, scalar, true)?.field()
    }

    /// Headers that are part of the request. The first that is a secret is the integration's `auth`.
    fn headers(&mut self, command: &Command, id: &str, user: &str) -> Option<Auth> {
        let secret = |end: &str| format!("{}_{end}", id.to_ascii_uppercase());
        let basic = || Auth {
            kind: AuthKind::Header("Authorization".to_owned()),
            secret: secret("BASIC"),
            reviews: vec![
                "the secret is the whole value: `Basic ` and the base64 of user:password".to_owned(),
            ],
        };
        let mut auth = (command.has_user || !user.is_empty()).then(basic);
        for (name, value) in &command.headers {
            let lower = name.to_ascii_lowercase();
            let is = |other: &&str| other.eq_ignore_ascii_case(name);
            if NOISE.contains(&lower.as_str()) || lower.starts_with("sec-") || OWN_HEADERS.iter().any(is) {
                continue;
            }
            if ["idempotency-key", "x-idempotency-key"].contains(&lower.as_str()) {
                self.tool.key = Some(name.clone()).filter(|_| self.tool.has_effects());
            } else if is_secret(name, value) {
                let found = match (lower.as_str(), value.split(' ').next()) {
                    ("authorization", Some("Bearer" | "bearer")) => {
                        Auth { kind: AuthKind::Bearer, secret: secret("TOKEN"), reviews: Vec::new() }
                    }
                    ("authorization", Some("Basic" | "basic")) => basic(),
                    _ => Auth {
                        kind: AuthKind::Header(name.clone()),
                        secret: secret("KEY"),
                        reviews: Vec::new(),
                    },
                };
                match auth {
                    None if lower != "cookie" => auth = Some(found),
                    Some(_) | None => {
                        self.notes.say(format!("the header {} is left out: do it by hand", plain(name, 40)))
                    }
                }
            } else if let Some(text) = literal(value) {
                self.tool.headers.insert(name.clone(), text);
            }
        }
        auth
    }

    fn data(&mut self, command: &Command) -> Result<(), String> {
        if command.data.is_empty() {
            return Ok(());
        }
        let text = command.data.join(if command.is_json { "" } else { "&" });
        if command.in_query {
            let pairs: Vec<(String, String)> =
                url::form_urlencoded::parse(text.as_bytes()).into_owned().collect();
            pairs.iter().for_each(|(name, value)| self.query(name, value));
            return Ok(());
        }
        if self.tool.method.is_safe() {
            return Err("a GET or HEAD sends no data: with -G it goes into the query".to_owned());
        }
        let tree: Value = serde_json::from_str(&text).map_err(|error| {
            let is_form = text.contains('=') && !text.trim_start().starts_with(['{', '[', '"']);
            let what = if is_form { "a form" } else { "none" };
            format!(
                "only JSON is sent, and its data is {what} (line {}, column {})",
                error.line(),
                error.column()
            )
        })?;
        let is_told = command
            .headers
            .iter()
            .any(|(name, value)| name.eq_ignore_ascii_case("content-type") && value.contains("json"));
        if !is_told && !command.is_json {
            self.tool.reviews.push("the command does not call its data JSON; it is sent as JSON".to_owned());
        }
        self.tool.body = self.tree("value", &tree)?;
        Ok(())
    }

    /// The same tree with a hole for each value; none where it is a secret.
    fn tree(&mut self, name: &str, tree: &Value) -> Result<Option<Value>, String> {
        Ok(match tree {
            Value::Null | Value::Bool(_) => Some(tree.clone()),
            Value::Number(_) => Some(self.hole(name, tree)?),
            Value::String(text) if is_secret(name, text) => {
                let what = "looks like a secret, which goes out in a header only: it is left out";
                self.notes.say(format!("`{}` of the body {what}", plain(name, 40)));
                None
            }
            Value::String(text) if is_value(text) => Some(self.hole(name, tree)?),
            Value::String(text) => {
                Some(literal(text).ok_or("a text of its body has signs of a template")?.into())
            }
            Value::Array(items) => {
                let name = singular(&snake(name));
                let items = items.iter().filter_map(|item| self.tree(&name, item).transpose());
                Some(items.collect::<Result<Vec<_>, _>>()?.into())
            }
            Value::Object(fields) => {
                let mut filled = Map::new();
                for (name, field) in fields {
                    filled.extend(self.tree(name, field)?.map(|value| (name.clone(), value)));
                }
                Some(Value::Object(filled))
            }
        })
    }
}

/// What a value like this one could be.
fn schema_of(value: &Value) -> Value {
    match value {
        Value::Number(number) if number.is_i64() || number.is_u64() => json!({"type": "integer"}),
        Value::Number(_) => json!({"type": "number"}),
        Value::String(text) if is_date(text) => json!({"type": "string", "format": "date"}),
        Value::String(text) if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) => {
            json!({"type": "string", "pattern": "^[0-9]+$"})
        }
        Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
            json!({"type": "string"})
        }
    }
}

fn is_date(text: &str) -> bool {
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    shape == "0000-00-00"
}

/// A number, an id, an e-mail address, a date, words of somebody: what is another one in another call.
fn is_value(text: &str) -> bool {
    let is_version = text
        .strip_prefix(['v', 'V'])
        .is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit() || c == '.'));
    let has_digit = text.bytes().any(|b| b.is_ascii_digit());
    !is_version && (has_digit || text.contains('@') || text.contains(char::is_whitespace))
}

/// A part of a path that names things.
fn is_word(part: &str) -> bool {
    !part.is_empty()
        && !part.starts_with([':', '{'])
        && !is_value(&decoded(part))
        && part.contains(char::is_alphabetic)
}

/// Whether nobody should read this value.
fn is_secret(name: &str, value: &str) -> bool {
    let parts = snake(name);
    let is_called = !name.is_empty()
        && (hidden::is_name_of_one(name) || parts.split('_').any(|part| SECRET_NAMES.contains(&part)));
    let is_hex = value.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-') && value.len() <= UUID_BYTES;
    let has = |kind: fn(&u8) -> bool| value.as_bytes().iter().any(kind);
    let is_random = value.len() >= SECRET_BYTES_MIN
        && !value.contains(char::is_whitespace)
        && !value.contains('@')
        && has(u8::is_ascii_digit)
        && has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_uppercase);
    is_called || hidden::begins_like_one(value) || value.starts_with("eyJ") || (is_random && !is_hex)
}

/// A part of a path as it was meant.
fn decoded(part: &str) -> String {
    let pairs: BTreeMap<String, String> =
        url::form_urlencoded::parse(format!("p={}", part.replace('+', "%2B").replace('&', "%26")).as_bytes())
            .into_owned()
            .collect();
    pairs.into_values().next().unwrap_or_default()
}
