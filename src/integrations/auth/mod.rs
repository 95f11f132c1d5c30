//! Who we are, for the systems behind the tools: what goes along with every request of a connection beside what it says.
//!
//! Reading order: [`spec`] (as data), then this file (with the secrets put in).
//!
//! Promises: no secret prints, in no error and no form of any of this; what is missing is known before the first call, all
//! of it at once.
//! Never: decides whether a request is sent.

mod spec;

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use centralita_core::base::{Fault, Owner};
use reqwest::Request;
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};

use super::request::header_name;
use crate::secrets::{ExposeSecret as _, SecretName, SecretString, Secrets};

pub use spec::{Auth, Basic, Given, SecretHeader, SecretQuery};

/// A connection's secrets, found, in the form in which they go out.
pub(super) struct Credentials {
    /// Those that are secret are marked sensitive: they do not print.
    headers: Vec<(HeaderName, HeaderValue)>,
    query: Option<(String, SecretString)>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials")
    }
}

impl Credentials {
    /// # Errors
    /// Every secret that is missing, or that cannot be sent.
    pub(super) fn open(auth: &Auth, secrets: &Secrets) -> Result<Credentials, Vec<Fault>> {
        let mut faults = Vec::new();
        let mut headers = Vec::new();
        for (name, text) in &auth.texts {
            keep(&mut faults, text_header(name, text)).map(|header| headers.push(header));
        }
        for header in &auth.headers {
            keep(&mut faults, secret_header(header, secrets)).map(|header| headers.push(header));
        }
        if let Some(basic) = &auth.basic {
            keep(&mut faults, basic_header(basic, secrets)).map(|value| headers.push((AUTHORIZATION, value)));
        }
        let query = auth.query.as_ref().and_then(|query| {
            keep(&mut faults, secret(&query.secret, secrets)).map(|value| (query.name.clone(), value))
        });
        if faults.is_empty() { Ok(Credentials { headers, query }) } else { Err(faults) }
    }

    /// Puts them on a request, over whatever stands in their place.
    pub(super) fn put(&self, request: &mut Request) {
        for (name, value) in &self.headers {
            request.headers_mut().insert(name.clone(), value.clone());
        }
        if let Some((name, value)) = &self.query {
            request.url_mut().query_pairs_mut().append_pair(name, value.expose_secret());
        }
    }
}

fn keep<T>(faults: &mut Vec<Fault>, found: Result<T, Fault>) -> Option<T> {
    found.map_err(|fault| faults.push(fault)).ok()
}

/// The value of a secret, by its name without `secret.`.
fn secret(name: &str, secrets: &Secrets) -> Result<SecretString, Fault> {
    let found = SecretName::reference(&format!("secret.{name}"));
    secrets.get(&found.ok_or_else(|| unfit(name, "has no proper name"))?)
}

fn given(given: &Given, secrets: &Secrets) -> Result<SecretString, Fault> {
    match given {
        Given::Text(text) => Ok(text.clone().into()),
        Given::Secret(name) => secret(name, secrets),
    }
}

fn text_header(name: &str, text: &str) -> Result<(HeaderName, HeaderValue), Fault> {
    Ok((header_name(name)?, super::request::header(text)?))
}

fn secret_header(header: &SecretHeader, secrets: &Secrets) -> Result<(HeaderName, HeaderValue), Fault> {
    let value = secret(&header.secret, secrets)?;
    let value = sensitive(&format!("{}{}", header.prefix, value.expose_secret()));
    let value = value.ok_or_else(|| unfit(&header.secret, "holds what a header cannot"))?;
    Ok((header_name(&header.header)?, value))
}

/// RFC 7617: what stands before the first `:` is the user.
fn basic_header(basic: &Basic, secrets: &Secrets) -> Result<HeaderValue, Fault> {
    let (user, password) = (given(&basic.user, secrets)?, secret(&basic.password, secrets)?);
    if user.expose_secret().contains(':') {
        let what = "the user of `basic` has a `:`, after which its password would begin";
        return Err(Fault::new(
            Owner::Admin,
            what,
            "write the user alone, and its password under `password`",
        ));
    }
    let pair = STANDARD.encode(format!("{}:{}", user.expose_secret(), password.expose_secret()));
    sensitive(&format!("Basic {pair}")).ok_or_else(|| unfit(&basic.password, "holds what a header cannot"))
}

/// A header's value that does not print; nothing where it has a line end or another control character.
fn sensitive(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

fn unfit(secret: &str, what: &str) -> Fault {
    Fault::new(Owner::Admin, format!("the secret `{secret}` {what}"), "set it anew")
}
