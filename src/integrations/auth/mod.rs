//! Who we are, for the systems behind the tools: what goes along with every request of a connection beside what it says.
//!
//! Reading order: [`spec`] (as data), this file (with the secrets put in), [`oauth2`] (a token that is fetched),
//! [`login`] (a person allows it), [`signature`] (a request that proves itself).
//!
//! Promises: no secret prints, in no error and no form of any of this; what is missing is known before the first call, all
//! of it at once.
//! Never: decides whether a request is sent.

mod login;
mod oauth2;
mod signature;
mod spec;

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use centralita_core::base::{Fault, Owner};
use reqwest::Request;
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};
use tokio::time::Instant;

use super::request::header_name;
use super::spec::Connection;
use crate::egress::Tls;
use crate::secrets::{ExposeSecret as _, SecretName, SecretString, Secrets, Token};

pub use login::{Came, Login};
use signature::Signer;
pub use signature::{SHOWN, SIGNED, holes};
pub use spec::{
    Algorithm, Auth, Basic, ClientAuthentication, Clock, Encoding, Grant, Hmac, OAuth2, SecretHeader,
    SecretQuery, Signature, Stated,
};

/// A connection's secrets, found, in the form in which they go out.
pub(super) struct Credentials {
    /// Those that are secret are marked sensitive: they do not print.
    headers: Vec<(HeaderName, HeaderValue)>,
    query: Option<(String, SecretString)>,
    token: Option<oauth2::Client>,
    signer: Option<Signer>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials")
    }
}

impl Credentials {
    /// # Errors
    /// Every secret that is missing, or that cannot be sent.
    pub(super) fn open(connection: &Connection, secrets: &Secrets) -> Result<Credentials, Vec<Fault>> {
        let Connection { id, auth, .. } = connection;
        let mut faults = Vec::new();
        let mut headers = Vec::new();
        for (name, text) in &auth.texts {
            headers.extend(keep(&mut faults, text_header(name, text)));
        }
        for header in &auth.headers {
            headers.extend(keep(&mut faults, secret_header(header, secrets)));
        }
        if let Some(basic) = &auth.basic {
            let value = keep(&mut faults, basic_header(basic, secrets));
            headers.extend(value.map(|value| (AUTHORIZATION, value)));
        }
        let query = auth.query.as_ref().and_then(|query| {
            keep(&mut faults, secret(&query.secret, secrets)).map(|value| (query.name.clone(), value))
        });
        let token = auth.oauth2.as_ref().and_then(|spec| {
            oauth2::Client::open(id, spec, secrets, false).map_err(|more| faults.extend(more)).ok()
        });
        let signer = auth.signature.as_ref().map(|signature| Signer::open(signature, secrets));
        let signer = signer.and_then(|signer| keep(&mut faults, signer));
        if faults.is_empty() { Ok(Credentials { headers, query, token, signer }) } else { Err(faults) }
    }

    /// Puts them on a request, over whatever stands in their place. The token that is on it then, where there is one, may
    /// have to be fetched, until then at most.
    ///
    /// # Errors
    /// There is no token.
    pub(super) async fn put(&self, request: &mut Request, until: Instant) -> Result<Option<Token>, Fault> {
        for (name, value) in &self.headers {
            request.headers_mut().insert(name.clone(), value.clone());
        }
        if let Some((name, value)) = &self.query {
            request.url_mut().query_pairs_mut().append_pair(name, value.expose_secret());
        }
        self.put_token(request, until).await
    }

    /// The values that stand in headers and addresses from the beginning: what must not come back from where they go.
    pub(super) fn values(&self) -> impl Iterator<Item = &str> {
        let secret = self.headers.iter().filter(|(_, value)| value.is_sensitive());
        let query = self.query.iter().map(|(_, value)| value.expose_secret());
        secret.filter_map(|(_, value)| value.to_str().ok()).chain(query)
    }

    /// The system refuses this token: puts another one in its place.
    ///
    /// # Errors
    /// There is none.
    pub(super) async fn renew(&self, request: &mut Request, until: Instant) -> Result<(), Fault> {
        self.put_token(request, until).await.map(|_| ())
    }

    /// Signs what goes out in this moment, where requests are signed.
    ///
    /// # Errors
    /// It has no form that a header could hold.
    pub(super) fn sign(&self, request: &mut Request) -> Result<(), Fault> {
        self.signer.as_ref().map_or(Ok(()), |signer| signer.sign(request, jiff::Timestamp::now()))
    }

    /// This token is not sent again.
    pub(super) fn refused(&self, token: &Token) {
        if let Some(client) = &self.token {
            client.refused(token);
        }
    }

    async fn put_token(&self, request: &mut Request, until: Instant) -> Result<Option<Token>, Fault> {
        let Some(client) = &self.token else { return Ok(None) };
        let token = client.token(until).await?;
        let (name, value) = client.header(&token)?;
        request.headers_mut().insert(name, value);
        Ok(Some(token))
    }
}

/// What the connection itself proves, and believes.
///
/// # Errors
/// Every secret that is missing, or is no PEM.
pub(super) fn tls(auth: &Auth, secrets: &Secrets) -> Result<Tls, Vec<Fault>> {
    let mut faults = Vec::new();
    let mut found = |name: &Option<String>| {
        name.as_ref().and_then(|name| Some((name.clone(), keep(&mut faults, secret(name, secrets))?)))
    };
    let (own, others) = (found(&auth.client_certificate), found(&auth.certificate_authority));
    let mut tls = Tls::default();
    if let Some((name, pem)) = own {
        let what = "is no certificate with its key in PEM";
        tls.identity = keep(&mut faults, Tls::identity(&pem).ok_or_else(|| unfit(&name, what)));
    }
    if let Some((name, pem)) = others {
        let what = "holds no certificates in PEM";
        tls.authorities =
            keep(&mut faults, Tls::authorities(&pem).ok_or_else(|| unfit(&name, what))).unwrap_or_default();
    }
    if faults.is_empty() { Ok(tls) } else { Err(faults) }
}

fn keep<T>(faults: &mut Vec<Fault>, found: Result<T, Fault>) -> Option<T> {
    found.map_err(|fault| faults.push(fault)).ok()
}

/// The value of a secret, by its name without `secret.`.
fn secret(name: &str, secrets: &Secrets) -> Result<SecretString, Fault> {
    let found = SecretName::reference(&format!("secret.{name}"));
    secrets.get(&found.ok_or_else(|| unfit(name, "has no proper name"))?)
}

fn given(given: &Stated, secrets: &Secrets) -> Result<SecretString, Fault> {
    match given {
        Stated::Text(text) => Ok(text.clone().into()),
        Stated::Secret(name) => secret(name, secrets),
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
