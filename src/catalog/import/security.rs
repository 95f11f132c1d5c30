//! How an API wants to know who asks, as `auth` of an integration.
//!
//! Promises: a secret stands in a draft by its name only; what one header cannot say is told.
//! Never: sees a secret.

use std::collections::BTreeMap;

use reqwest::header::HeaderName;
use serde_json::Value;

use super::document::{Document, Version, list, text};
use super::draft::{Auth, AuthKind};
use super::words::plain;
use crate::catalog::hidden;

/// One scheme, as we could do it, or why we cannot.
struct Scheme {
    auth: Result<Auth, String>,
    /// The lower the better.
    rank: usize,
}

/// What all the operations want.
#[derive(Debug, Default)]
pub(super) struct Security {
    /// The scheme that stands in the draft.
    chosen: Option<String>,
    pub(super) auth: Option<Auth>,
    /// Schemes that a header cannot say.
    reasons: BTreeMap<String, String>,
    pub(super) reviews: Vec<String>,
}

impl Security {
    /// Chooses the scheme that most of these operations can do with.
    pub(super) fn of(doc: &Document, id: &str, operations: &[(&Value, &Value)]) -> Security {
        let mut schemes: BTreeMap<String, Scheme> = BTreeMap::new();
        let all = match doc.version {
            Version::Swagger2 => doc.root.get("securityDefinitions"),
            Version::OpenApi3 => doc.root.get("components").and_then(|parts| parts.get("securitySchemes")),
        };
        for (name, scheme) in all.and_then(Value::as_object).into_iter().flatten() {
            if let Ok(scheme) = doc.resolve(scheme) {
                schemes.insert(name.clone(), read(&scheme, id));
            }
        }
        let mut votes: BTreeMap<&String, usize> = BTreeMap::new();
        for (_, operation) in operations {
            for option in options(doc, operation) {
                let alone =
                    option.as_object().filter(|names| names.len() == 1).and_then(|names| names.keys().next());
                let known = alone.and_then(|name| schemes.get_key_value(name));
                if let Some((name, _)) = known.filter(|(_, scheme)| scheme.auth.is_ok()) {
                    *votes.entry(name).or_default() += 1;
                }
            }
        }
        let best = votes.iter().max_by_key(|(name, votes)| (**votes, usize::MAX - schemes[**name].rank));
        let chosen = best.map(|(name, _)| (*name).clone());
        let auth = chosen.as_ref().and_then(|name| schemes.get(name)?.auth.clone().ok());
        let auth = auth.or_else(|| of_parameters(doc, id, operations));
        let mut reviews = Vec::new();
        if votes.is_empty()
            && !schemes.is_empty()
            && operations.iter().all(|(_, one)| options(doc, one).is_empty())
        {
            let names: Vec<String> = schemes.keys().map(|name| plain(name, 40)).collect();
            reviews.push(format!(
                "the document describes {}, and no operation wants it: see auth",
                names.join(", ")
            ));
        }
        let why = |(name, scheme): (String, Scheme)| scheme.auth.err().map(|why| (name, why));
        Security { chosen, auth, reasons: schemes.into_iter().filter_map(why).collect(), reviews }
    }

    /// What is to be done by hand for this operation.
    pub(super) fn lack(&self, doc: &Document, operation: &Value) -> Option<String> {
        let options = options(doc, operation);
        let names = |option: &Value| -> Vec<String> {
            option.as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect()
        };
        let served = |option: &Value| {
            let names = names(option);
            names.is_empty() || names.len() == 1 && self.chosen.as_ref() == names.first()
        };
        if options.is_empty() || options.iter().any(served) {
            return None;
        }
        let first = names(&options[0]);
        let told = first.iter().map(|name| match self.reasons.get(name) {
            Some(why) => format!("`{}` ({why})", plain(name, 40)),
            None => format!("`{}`", plain(name, 40)),
        });
        Some(format!("it wants {}, which is to be done by hand", told.collect::<Vec<_>>().join(" and ")))
    }
}

/// A secret that the document takes for a parameter of its operations: the header that most of them have.
fn of_parameters(doc: &Document, id: &str, operations: &[(&Value, &Value)]) -> Option<Auth> {
    let mut votes: BTreeMap<String, usize> = BTreeMap::new();
    for (item, operation) in operations {
        for parameter in list(item, "parameters").iter().chain(list(operation, "parameters")) {
            let Ok(parameter) = doc.resolve(parameter) else { continue };
            let name = text(&parameter, "name");
            if text(&parameter, "in") == "header"
                && hidden::is_name_of_one(name)
                && HeaderName::from_bytes(name.as_bytes()).is_ok()
            {
                *votes.entry(name.to_owned()).or_default() += 1;
            }
        }
    }
    let (name, _) = votes.into_iter().max_by_key(|(_, votes)| *votes)?;
    let reviews =
        vec!["the document has this header as a parameter: the secret is its whole value".to_owned()];
    Some(Auth { kind: AuthKind::Header(name), secret: format!("{}_KEY", id.to_ascii_uppercase()), reviews })
}

/// The ways an operation can be allowed, each a map of schemes.
fn options<'d>(doc: &'d Document, operation: &'d Value) -> &'d [Value] {
    let own = operation.get("security").is_some();
    list(if own { operation } else { &doc.root }, "security")
}

fn read(scheme: &Value, id: &str) -> Scheme {
    let secret = |end: &str| format!("{}_{end}", id.to_ascii_uppercase());
    let auth = |kind, end: &str, review: Option<&str>| {
        Ok(Auth { kind, secret: secret(end), reviews: review.into_iter().map(str::to_owned).collect() })
    };
    let name = text(scheme, "name");
    let word = text(scheme, "scheme").to_ascii_lowercase();
    let (auth, rank) = match (text(scheme, "type"), word.as_str(), text(scheme, "in")) {
        ("http", "bearer", _) => (auth(AuthKind::Bearer, "TOKEN", None), 0),
        ("apiKey", _, "header") if !name.is_empty() => {
            (auth(AuthKind::Header(name.to_owned()), "KEY", None), 1)
        }
        ("http", "basic", _) | ("basic", ..) => {
            let review =
                "the secret is the whole value: `Basic ` and the base64 of user:password; or write `basic`";
            (auth(AuthKind::Header("Authorization".to_owned()), "BASIC", Some(review)), 2)
        }
        ("oauth2" | "openIdConnect", ..) => {
            let review = "the document wants OAuth 2: write `oauth2` for `bearer`, or put a token that lasts into the secret";
            (auth(AuthKind::Bearer, "TOKEN", Some(review)), 3)
        }
        ("apiKey", _, place @ ("query" | "cookie")) => (Err(format!("a key in the {place}")), 9),
        ("http", other, _) => (Err(format!("HTTP {}", plain(other, 20))), 9),
        (other, ..) => (Err(format!("type {}", plain(other, 20))), 9),
    };
    Scheme { auth, rank }
}

/// Names what has to be set.
pub(super) fn told(auth: &Auth) -> String {
    let how = match &auth.kind {
        AuthKind::Bearer => "sent as a bearer token".to_owned(),
        AuthKind::Header(name) => format!("sent as the header {}", plain(name, 40)),
    };
    format!("set the secret {0} (CENTRALITA_SECRET_{0}): it is {how}", auth.secret)
}
