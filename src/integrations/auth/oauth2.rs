//! OAuth 2 (RFC 6749): a token for a connection, by the client's own right or by a refresh token.
//!
//! One POST of a form and one small answer: the `oauth2` crate would bring a second HTTP stack, while every request of ours
//! must go through the one guarded client.
//!
//! A refresh token may be good for one use. So a renewal holds the lock of its file from before the request until the new
//! one is on the disk, goes out on a connection of its own, and is never sent twice.
//!
//! Promises: the host of the token is vetted as every other; what it gives is kept before it is used; no secret and no words
//! of that host are told, but the name of an error.
//! Never: prints a token; asks more than once at a time.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use centralita_core::base::{Digest, Fault, Owner};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::{Method, Request};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use url::form_urlencoded::{Serializer, byte_serialize};

use super::spec::{ClientAuthentication, Grant, OAuth2};
use super::{given, header_name, keep, secret, sensitive, unfit};
use crate::egress::{Answer, Egress, Purpose, Reach};
use crate::secrets::{ExposeSecret as _, Fetched, Hold, Kept, SecretString, Secrets, Slot, Token};

/// How long a host may take for a token, the wait for another process included. Callers wait no longer than their own
/// request may take; what comes later is there for the next one.
const FETCH: Duration = Duration::from_secs(15);
/// Longer than that no token is believed to last, in seconds: a year.
const LASTS_MAX: u64 = 366 * 24 * 3600;
/// The longest name of an error that is told, in bytes; RFC 6749's own are shorter.
const ERROR_BYTES_MAX: usize = 40;

/// Gets tokens for one integration.
#[derive(Clone)]
pub(super) struct Client {
    /// The integration's id.
    integration: String,
    spec: OAuth2,
    id: SecretString,
    secret: Option<SecretString>,
    /// The refresh token that the definition names.
    seed: Option<SecretString>,
    kept: Option<Kept>,
    slot: Arc<Slot>,
    egress: Egress,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Client({})", self.integration)
    }
}

/// A refresh token on the disk, and which seed it came after: a secret that an admin has changed since is newer.
#[derive(Serialize, Deserialize)]
struct Stored {
    refresh_token: String,
    #[serde(default)]
    seed: Option<Digest>,
}

/// What a token's host says (RFC 6749 §5).
#[derive(Deserialize)]
struct Given {
    access_token: Option<String>,
    token_type: Option<String>,
    /// Some write the number as a text.
    expires_in: Option<serde_json::Value>,
    refresh_token: Option<String>,
    error: Option<String>,
}

/// What a code is exchanged with.
pub(super) struct Code<'a> {
    pub(super) code: &'a str,
    pub(super) redirect: &'a str,
    pub(super) verifier: &'a str,
}

impl Client {
    /// # Errors
    /// Every secret that is missing; no refresh token at all, unless it is this client that is to get one (`to_log_in`).
    pub(super) fn open(
        integration: &str,
        spec: &OAuth2,
        secrets: &Secrets,
        to_log_in: bool,
    ) -> Result<Client, Vec<Fault>> {
        let mut faults = Vec::new();
        let id = keep(&mut faults, given(&spec.client_id, secrets));
        let of = |faults: &mut Vec<Fault>, name: &Option<String>| {
            name.as_ref().and_then(|name| keep(faults, secret(name, secrets)))
        };
        let own = of(&mut faults, &spec.client_secret);
        let kept = secrets.kept().cloned();
        let seed = match &spec.grant {
            Grant::ClientCredentials => None,
            Grant::Refresh { seed, .. } => of(&mut faults, seed),
        };
        let host = spec.token_url.host_str().unwrap_or("").to_owned();
        let reach = if spec.allow_private { Reach::PrivateAt(host) } else { Reach::Public };
        let egress = keep(&mut faults, Egress::new(reach));
        let (Some(id), Some(egress), true) = (id, egress, faults.is_empty()) else { return Err(faults) };
        let slot = secrets.slot(&format!("{integration} {}", Digest::of_json(&serde_json::json!(spec))));
        let integration = integration.to_owned();
        let client = Client { integration, spec: spec.clone(), id, secret: own, seed, kept, slot, egress };
        let ready = match client.spec.grant {
            Grant::ClientCredentials => Ok(()),
            Grant::Refresh { .. } if to_log_in => client.folder().map(|_| ()),
            Grant::Refresh { .. } => client.refresh_token().map(|_| ()),
        };
        ready.map_err(|fault| vec![fault])?;
        Ok(client)
    }

    /// The token, until then at most.
    pub(super) async fn token(&self, until: Instant) -> Result<Token, Fault> {
        let fetch = || {
            let client = self.clone();
            async move {
                // The caller hears that it failed; what to do about it is for whoever reads the log.
                let told =
                    |fault: &Fault| tracing::warn!(integration = %client.integration, "no token: {fault}");
                client.fetch().await.inspect_err(told)
            }
        };
        self.slot.token(until, fetch).await
    }

    /// The token, as it goes along with a request.
    ///
    /// # Errors
    /// It has no form that a header could hold.
    pub(super) fn header(&self, token: &Token) -> Result<(HeaderName, HeaderValue), Fault> {
        let prefix = if self.spec.header.is_none() { "Bearer " } else { "" };
        let value = sensitive(&format!("{prefix}{}", token.secret.expose_secret()));
        let value = value.ok_or_else(|| unfit("token", "holds what a header cannot"))?;
        Ok((header_name(self.spec.header())?, value))
    }

    /// It was refused: the next one is another.
    pub(super) fn refused(&self, token: &Token) {
        self.slot.refused(token);
    }

    async fn fetch(&self) -> Result<Fetched, Fault> {
        let until = Instant::now() + FETCH;
        match &self.spec.grant {
            Grant::ClientCredentials => {
                let given = self.ask(&[("grant_type", "client_credentials")], until).await?;
                self.fetched(&given)
            }
            Grant::Refresh { .. } => {
                let hold = self.folder()?.hold(&self.integration, until).await?;
                // Read under the lock: another process may have renewed it just now.
                let old = self.refresh_token()?;
                let form = [("grant_type", "refresh_token"), ("refresh_token", old.expose_secret())];
                let given = self.ask(&form, until).await?;
                let fetched = self.fetched(&given);
                // Kept whatever else is odd about the answer: the old one may be worth nothing any more.
                if let Some(new) = given.refresh_token.filter(|new| new != old.expose_secret()) {
                    self.store(hold, new).unwrap_or_else(|fault| {
                        // What was fetched is good, and this process knows the new one; the next one will not.
                        tracing::error!(integration = %self.integration, "a refresh token was not kept: {fault}");
                    });
                }
                fetched
            }
        }
    }

    /// Exchanges the code of a login, and keeps the refresh token.
    pub(super) async fn exchange(&self, code: &Code<'_>, until: Instant) -> Result<(), Fault> {
        let hold = self.folder()?.hold(&self.integration, until).await?;
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code.code),
            ("redirect_uri", code.redirect),
            ("code_verifier", code.verifier),
        ];
        let given = self.ask(&form, until).await?;
        self.fetched(&given)?;
        let token = given.refresh_token.ok_or_else(|| {
            let what = format!("{} gave no refresh token: access would end within the hour", self.host());
            let remedy = "ask for one: most systems want the scope `offline_access`, Google wants \
                          `?access_type=offline&prompt=consent` in `authorization_url`";
            Fault::new(Owner::Admin, what, remedy)
        })?;
        self.store(hold, token)
    }

    fn store(&self, hold: Hold, token: String) -> Result<(), Fault> {
        let stored = Stored { refresh_token: token, seed: self.seed_digest() };
        let text = serde_json::to_string(&stored).map_err(|_| self.fault("cannot be written down"))?;
        hold.replace(&text.into())
    }

    fn folder(&self) -> Result<&Kept, Fault> {
        self.kept.as_ref().ok_or_else(|| {
            let what = format!("there is no folder for the refresh token of `{}`", self.integration);
            Fault::new(Owner::Admin, what, "name one with --tokens")
        })
    }

    /// The newest refresh token: what was stored, unless the definition's secret was changed since.
    fn refresh_token(&self) -> Result<SecretString, Fault> {
        let stored = self.folder()?.read(&self.integration)?;
        let stored = stored.map(|text| serde_json::from_str::<Stored>(text.expose_secret()));
        let stored = stored.transpose().map_err(|_| self.fault("cannot be read: its file is no token"))?;
        let current = stored.filter(|stored| self.seed.is_none() || stored.seed == self.seed_digest());
        let newest = current.map(|stored| stored.refresh_token.into()).or_else(|| self.seed.clone());
        newest.ok_or_else(|| {
            let what = format!("nobody has logged in for `{}` yet", self.integration);
            Fault::new(Owner::Admin, what, format!("run `centralita auth login {}`", self.integration))
        })
    }

    fn seed_digest(&self) -> Option<Digest> {
        self.seed.as_ref().map(|seed| Digest::of_bytes(seed.expose_secret().as_bytes()))
    }

    /// One request for a token.
    async fn ask(&self, form: &[(&str, &str)], until: Instant) -> Result<Given, Fault> {
        let answer = self.egress.send(self.request(form)?, Purpose::Token, until).await;
        let answer = answer.map_err(|unanswered| {
            let fault = unanswered.fault();
            match fault.owner {
                Owner::Admin => Fault::new(
                    Owner::Admin,
                    format!("the token of `{}`: {}", self.integration, fault.what),
                    "if this is meant, write `allow_private: true` beside `token_url`",
                ),
                Owner::Caller | Owner::Provider | Owner::Gateway => fault.clone(),
            }
        })?;
        self.given(&answer)
    }

    fn request(&self, form: &[(&str, &str)]) -> Result<Request, Fault> {
        let mut body = Serializer::new(String::new());
        body.extend_pairs(form);
        if !self.spec.scopes.is_empty() {
            body.append_pair("scope", &self.spec.scopes.join(" "));
        }
        if let Some(audience) = &self.spec.audience {
            body.append_pair("audience", audience);
        }
        let mut request = Request::new(Method::POST, self.spec.token_url.clone());
        let headers = request.headers_mut();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        match (&self.secret, self.spec.client_authentication) {
            (Some(secret), ClientAuthentication::Basic) => {
                // RFC 6749 §2.3.1: each is encoded as in a form before it is a pair.
                let part = |text: &SecretString| -> String {
                    byte_serialize(text.expose_secret().as_bytes()).collect()
                };
                let pair = STANDARD.encode(format!("{}:{}", part(&self.id), part(secret)));
                let value = sensitive(&format!("Basic {pair}"));
                headers.insert(
                    AUTHORIZATION,
                    value.ok_or_else(|| self.fault("has a client that cannot be sent"))?,
                );
            }
            (Some(secret), ClientAuthentication::Body) => {
                body.append_pair("client_id", self.id.expose_secret());
                body.append_pair("client_secret", secret.expose_secret());
            }
            (None, _) => {
                body.append_pair("client_id", self.id.expose_secret());
            }
        }
        *request.body_mut() = Some(body.finish().into());
        Ok(request)
    }

    fn given(&self, answer: &Answer) -> Result<Given, Fault> {
        let host = self.host();
        let given = serde_json::from_slice::<Given>(&answer.body);
        match (answer.status, given) {
            (200..=299, Ok(given)) if given.error.is_none() => Ok(given),
            (200..=299 | 400..=499, Ok(Given { error: Some(error), .. })) => Err(self.refusal(&error)),
            (200..=299, _) => {
                let what = format!("what {host} gave for a token is none");
                Err(Fault::new(
                    Owner::Admin,
                    what,
                    "see whether `token_url` is the address that gives tokens",
                ))
            }
            (status, _) => {
                let what = format!("{host} gave no token, but status {status}");
                let owner = if status < 500 { Owner::Admin } else { Owner::Provider };
                Err(Fault::new(owner, what, "see whether `token_url` is right, and the host up"))
            }
        }
    }

    /// By the name of the error alone: beside it hosts write what they were sent.
    fn refusal(&self, error: &str) -> Fault {
        let is_name =
            error.len() <= ERROR_BYTES_MAX && error.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        let name = if is_name { error } else { "an error" };
        let what = format!("{} gives no token for `{}`: {name}", self.host(), self.integration);
        let Self { integration, spec, .. } = self;
        let remedy = match (error, &spec.grant) {
            ("invalid_client" | "unauthorized_client", _) => {
                "see whether `client_id` and `client_secret` are right, and whether this host wants \
                 `client_authentication: body`"
                    .to_owned()
            }
            ("invalid_scope", _) => "ask for other `scopes`".to_owned(),
            ("invalid_grant", Grant::Refresh { authorization_url: Some(_), .. }) => {
                format!("its refresh token has ended: run `centralita auth login {integration}`")
            }
            ("invalid_grant", Grant::Refresh { seed: Some(seed), .. }) => {
                format!("its refresh token has ended: set the secret `{seed}` to a new one")
            }
            _ => "see what this error means in the documentation of that host".to_owned(),
        };
        Fault::new(Owner::Admin, what, remedy)
    }

    fn fetched(&self, given: &Given) -> Result<Fetched, Fault> {
        let is_bearer = |kind: &String| kind.eq_ignore_ascii_case("bearer");
        if !given.token_type.as_ref().is_none_or(is_bearer) {
            return Err(self.fault("is of a kind that is not spoken here: only `Bearer` is"));
        }
        let token = given.access_token.as_ref().filter(|token| !token.is_empty());
        let token = token.ok_or_else(|| self.fault("is not in what its host gave"))?;
        if sensitive(&format!("Bearer {token}")).is_none() {
            return Err(self.fault("holds what a header cannot"));
        }
        let seconds = given
            .expires_in
            .as_ref()
            .and_then(|lasts| lasts.as_u64().or_else(|| lasts.as_str()?.trim().parse().ok()));
        let lasts = seconds.map(|seconds| Duration::from_secs(seconds.min(LASTS_MAX)));
        Ok(Fetched { token: token.clone().into(), lasts })
    }

    fn fault(&self, what: &str) -> Fault {
        let what = format!("the token of `{}` {what}", self.integration);
        Fault::new(Owner::Provider, what, format!("see what {} gives", self.host()))
    }

    fn host(&self) -> &str {
        self.spec.token_url.host_str().unwrap_or("the token's host")
    }

    /// The id of the client, for the address that a person opens.
    pub(super) fn id(&self) -> &SecretString {
        &self.id
    }

    pub(super) fn spec(&self) -> &OAuth2 {
        &self.spec
    }
}
