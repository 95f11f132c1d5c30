//! Who we are for a system: from written to meant.
//!
//! Promises: a secret stands in a definition by its name only; one that is written out is told of, with what to do; no two
//! fields write one header.
//! Never: resolves a secret.

mod oauth2;
mod signature;
mod written;

use std::collections::BTreeMap;

use reqwest::header::{HeaderName, HeaderValue};

use super::exchange::OWN_HEADERS;
use super::hidden;
use super::place::{Place, Spanned};
use super::problems::Desk;
use crate::integrations::{Auth, Basic, SecretHeader, SecretQuery, Stated};
use crate::secrets::SecretName;

pub(super) use written::AuthWritten;
use written::{BasicWritten, HeaderWritten, QueryWritten, With};

const BY_REFERENCE: &str = "keep it out of the file: write `secret.NAME` and set the environment variable \
                            CENTRALITA_SECRET_NAME";

/// Fields of `auth`, for what is written in place of a map.
pub(super) const FIELDS: &[&str] = &[
    "bearer",
    "header",
    "headers",
    "query",
    "basic",
    "oauth2",
    "hmac",
    "standard_webhooks",
    "client_certificate",
    "certificate_authority",
];

/// What goes along with every request. Where something is wrong it is told, and left out. `own` is the integration's host
/// where that may be inside our network.
pub(super) fn read(desk: &mut Desk<'_>, written: &Spanned<AuthWritten>, own: Option<&str>) -> Auth {
    let with = match &written.value {
        AuthWritten::None => return Auth::default(),
        AuthWritten::With(with) => with,
    };
    let With { bearer, header, headers, query, basic, oauth2, hmac, standard_webhooks, .. } = &**with;
    let mut auth = Auth::default();
    let mut writes = Writes::default();
    if let Some(bearer) = bearer {
        writes.header(desk, bearer.place, "Authorization", "bearer");
        let secret = secret(desk, bearer);
        auth.headers.extend(secret.map(|secret| secret_header("Authorization", "Bearer ", secret)));
    }
    if let Some(basic) = basic {
        writes.header(desk, basic.place, "Authorization", "basic");
        auth.basic = read_basic(desk, &basic.value);
    }
    if let Some(oauth2) = oauth2 {
        let header = oauth2.value.header.as_ref();
        let (at, name) = header.map_or((oauth2.place, "Authorization"), |own| (own.place, &*own.value));
        writes.header(desk, at, name, "oauth2");
        auth.oauth2 = oauth2::read(desk, oauth2, own).map(Box::new);
    }
    if let Some(header) = header {
        let HeaderWritten { name, value, prefix } = &header.value;
        writes.header(desk, name.place, &name.value, "header");
        if HeaderValue::from_str(prefix).is_err() || hidden::is_one(prefix) {
            let remedy = "a word and a space, like `Token `; the secret itself under `value`";
            desk.say(header.place, "`prefix` is what stands before the secret", remedy);
        }
        let secret = secret(desk, value);
        auth.headers.extend(secret.map(|secret| secret_header(&name.value, prefix, secret)));
    }
    for (name, value) in headers {
        writes.header(desk, value.place, name, "headers");
        match header_given(desk, name, value) {
            Some(Stated::Secret(secret)) => auth.headers.push(secret_header(name, "", secret)),
            Some(Stated::Text(text)) => drop(auth.texts.insert(name.clone(), text)),
            None => {}
        }
    }
    auth.query = query.as_ref().and_then(|query| read_query(desk, &query.value));
    auth.signature = signature::read(desk, &mut writes, hmac.as_ref(), standard_webhooks.as_ref());
    let mut by_tls = |written: &Option<Spanned<String>>| secret(desk, written.as_ref()?);
    auth.client_certificate = by_tls(&with.client_certificate);
    auth.certificate_authority = by_tls(&with.certificate_authority);
    auth
}

/// Which field writes which header.
#[derive(Default)]
struct Writes(BTreeMap<String, &'static str>);

impl Writes {
    fn header(&mut self, desk: &mut Desk<'_>, at: Place, name: &str, by: &'static str) {
        if HeaderName::from_bytes(name.as_bytes()).is_err() {
            desk.say(at, format!("`{name}` is no header"), "letters, digits and `-`");
        }
        let is_own = |own: &&str| own.eq_ignore_ascii_case(name);
        if OWN_HEADERS.iter().chain(&["Content-Type"]).any(is_own) {
            desk.say(at, format!("`{name}` is a header that the gateway writes itself"), "leave it out");
        }
        if let Some(other) = self.0.insert(name.to_ascii_lowercase(), by) {
            let what = format!("`{name}` is written twice: by `{other}` and by `{by}`");
            desk.say(at, what, "keep one of them: a request has that header once");
        }
    }
}

fn secret_header(header: &str, prefix: &str, secret: String) -> SecretHeader {
    SecretHeader { header: header.to_owned(), prefix: prefix.to_owned(), secret }
}

/// The name of a secret, which must stand here.
fn secret(desk: &mut Desk<'_>, written: &Spanned<String>) -> Option<String> {
    let name = SecretName::reference(&written.value);
    if name.is_none() {
        desk.say(written.place, "a secret stands here by reference only", BY_REFERENCE);
    }
    name.map(|name| name.to_string())
}

/// A text that everybody may read, or the name of a secret.
fn given(desk: &mut Desk<'_>, written: &Spanned<String>, is_one: bool, called: &str) -> Option<Stated> {
    let text = &written.value;
    if let Some(name) = SecretName::reference(text) {
        return Some(Stated::Secret(name.to_string()));
    }
    if text.trim().starts_with("secret.") {
        let what = format!("{called} names no secret");
        let remedy = "`secret.` and a name of capital letters, digits and `_`: `secret.SHOP_KEY`";
        desk.say(written.place, what, remedy);
    } else if is_one || hidden::is_one(text) {
        desk.say(written.place, format!("{called} looks like a secret"), BY_REFERENCE);
    } else if text.contains('{') {
        let what = format!("{called} has a hole, and nothing is put in here");
        desk.say(written.place, what, "write it under `headers` of the request, where values are known");
    } else {
        return Some(Stated::Text(text.clone()));
    }
    None
}

fn header_given(desk: &mut Desk<'_>, name: &str, written: &Spanned<String>) -> Option<Stated> {
    let given = given(desk, written, hidden::is_name_of_one(name), &format!("the header `{name}`"));
    if HeaderValue::from_str(&written.value).is_err() {
        desk.say(written.place, format!("`{name}` is no header"), "a value on one line");
    }
    given
}

fn read_query(desk: &mut Desk<'_>, written: &QueryWritten) -> Option<SecretQuery> {
    let QueryWritten { name, value } = written;
    if name.value.trim().is_empty() {
        desk.say(
            name.place,
            "a parameter of the address without a name",
            "as the system calls it: `api_key`",
        );
    }
    Some(SecretQuery { name: name.value.clone(), secret: secret(desk, value)? })
}

fn read_basic(desk: &mut Desk<'_>, written: &BasicWritten) -> Option<Basic> {
    let user = given(desk, &written.user, false, "`user`");
    if written.user.value.contains(':') {
        let what = "a user has no `:`, after which its password would begin";
        desk.say(written.user.place, what, "write the user alone, and its password under `password`");
    }
    let password = secret(desk, &written.password);
    Some(Basic { user: user?, password: password? })
}
