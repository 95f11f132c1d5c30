//! A person allows it once: authorization code with PKCE (RFC 6749 §4.1, RFC 7636), to a listener on loopback (RFC 8252).
//!
//! Promises: a code is taken only where it comes with the state of this very login; without the verifier, which never
//! leaves before it is exchanged, nobody else could use it.
//! Never: listens; prints a code, a state in answers, or a token.

use std::collections::BTreeMap;
use std::fmt;

use aws_lc_rs::{digest, rand};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use centralita_core::base::{Fault, Owner};
use tokio::time::Instant;
use url::{Url, form_urlencoded};

use super::oauth2::{Client, Code};
use super::spec::Grant;
use crate::integrations::spec::Connection;
use crate::secrets::{ExposeSecret as _, SecretString, Secrets};

/// Of a state and a verifier: 43 characters, the least that RFC 7636 allows, and 256 bits.
const RANDOM_BYTES: usize = 32;

/// One login, under way.
pub struct Login {
    client: Client,
    authorization_url: Url,
    state: String,
    verifier: SecretString,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Login({:?})", self.client)
    }
}

/// What came back to the listener.
#[derive(Debug)]
pub enum Came {
    /// Leave, to be exchanged.
    Code(SecretString),
    /// It belongs to no login of ours: somebody else's, or a stray request.
    Stray,
    /// The person, or the system, said no.
    Refused(Fault),
}

impl Login {
    /// # Errors
    /// Nobody can log in for this connection, or what is missing for it.
    pub fn new(connection: &Connection, secrets: &Secrets) -> Result<Login, Vec<Fault>> {
        let id = &connection.id;
        let spec = connection.auth.oauth2.as_ref();
        let address = spec.and_then(|spec| match &spec.grant {
            Grant::Refresh { authorization_url: Some(url), .. } => Url::parse(url).ok(),
            Grant::Refresh { authorization_url: None, .. } | Grant::ClientCredentials => None,
        });
        let (Some(spec), Some(authorization_url)) = (spec, address) else {
            let what =
                format!("`{id}` needs no login: its `auth` has no `oauth2` with an `authorization_url`");
            return Err(vec![Fault::new(Owner::Admin, what, "name an integration that has one, or add it")]);
        };
        let client = Client::open(id, spec, secrets, true)?;
        let random = || random().map_err(|fault| vec![fault]);
        Ok(Login { client, authorization_url, state: random()?, verifier: random()?.into() })
    }

    /// What a person opens.
    #[must_use]
    pub fn address(&self, redirect: &str) -> Url {
        let mut url = self.authorization_url.clone();
        let challenge = digest::digest(&digest::SHA256, self.verifier.expose_secret().as_bytes());
        let spec = self.client.spec();
        {
            let mut query = url.query_pairs_mut();
            query.append_pair("response_type", "code");
            query.append_pair("client_id", self.client.id().expose_secret());
            query.append_pair("redirect_uri", redirect);
            query.append_pair("state", &self.state);
            query.append_pair("code_challenge", &URL_SAFE_NO_PAD.encode(challenge.as_ref()));
            query.append_pair("code_challenge_method", "S256");
            if !spec.scopes.is_empty() {
                query.append_pair("scope", &spec.scopes.join(" "));
            }
            if let Some(audience) = &spec.audience {
                query.append_pair("audience", audience);
            }
        }
        url
    }

    /// What a request to the listener means, by its query.
    #[must_use]
    pub fn came(&self, query: &str) -> Came {
        let said: BTreeMap<String, String> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        if said.get("state") != Some(&self.state) {
            return Came::Stray;
        }
        match (said.get("error"), said.get("code")) {
            (None, Some(code)) if !code.is_empty() => Came::Code(code.clone().into()),
            (Some(error), _) if error == "access_denied" => {
                Came::Refused(Fault::new(Owner::Admin, "access was denied", "log in once more, and allow it"))
            }
            (Some(_), _) => {
                let remedy = "see what the page said; most often `client_id`, `scopes` or the redirect address is not \
                              known there";
                Came::Refused(Fault::new(Owner::Admin, "the system refused the login", remedy))
            }
            (None, _) => Came::Stray,
        }
    }

    /// Exchanges the code, and keeps what it gives.
    ///
    /// # Errors
    /// There was no token, or it could not be kept.
    pub async fn finish(&self, code: &SecretString, redirect: &str, until: Instant) -> Result<(), Fault> {
        let code = Code { code: code.expose_secret(), redirect, verifier: self.verifier.expose_secret() };
        self.client.exchange(&code, until).await
    }
}

fn random() -> Result<String, Fault> {
    let mut bytes = [0; RANDOM_BYTES];
    rand::fill(&mut bytes).map_err(|_| {
        Fault::new(Owner::Gateway, "the system gives no random numbers", "look at this machine")
    })?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
