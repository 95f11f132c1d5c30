//! How a connection proves who we are, as data.
//!
//! Promises: serialises to the same bytes for the same meaning, so it is part of a plan's hash; what an integration does not
//! use leaves no trace in it.
//! Never: holds the value of a secret.

use std::collections::BTreeMap;

use serde::Serialize;
use url::Url;

use super::signature::WEBHOOK_HEADERS;
use crate::integrations::spec::as_text;

const AUTHORIZATION: &str = "Authorization";

/// All that goes along with a connection's requests beside what they say. Most integrations use one of these.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Auth {
    /// `bearer`, `header`, and those of `headers` that are secret.
    #[serde(rename = "secrets")]
    pub headers: Vec<SecretHeader>,
    /// Headers that everybody may read.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub texts: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<SecretQuery>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub basic: Option<Basic>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oauth2: Option<Box<OAuth2>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<Signature>,
    /// A secret: our certificate with its key, in PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_certificate: Option<String>,
    /// A secret: who else may vouch for the host, in PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate_authority: Option<String>,
}

/// A header whose value is a secret: `Authorization: Bearer ...`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SecretHeader {
    pub header: String,
    /// What stands before the secret: `Bearer `, or nothing.
    pub prefix: String,
    /// The secret's name, without `secret.`.
    pub secret: String,
}

/// A parameter of the address whose value is a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SecretQuery {
    pub name: String,
    pub secret: String,
}

/// RFC 7617.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Basic {
    pub user: Stated,
    /// A secret.
    pub password: String,
}

/// A text of the definition, or the name of a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stated {
    Text(String),
    Secret(String),
}

/// RFC 6749: a token that is fetched, and renewed before it ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OAuth2 {
    #[serde(serialize_with = "as_text")]
    pub token_url: Url,
    /// The host of `token_url` may be an address inside our own network.
    pub allow_private: bool,
    pub client_id: Stated,
    /// A secret; a public client has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<String>,
    pub client_authentication: ClientAuthentication,
    pub scopes: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    /// The header in which the token goes along, bare; none for `Authorization: Bearer …` (RFC 6750).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header: Option<String>,
    pub grant: Grant,
}

/// By what right a token is given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Grant {
    /// The client's own.
    ClientCredentials,
    /// A refresh token: from a secret, or from a login, whichever came last.
    Refresh {
        #[serde(skip_serializing_if = "Option::is_none")]
        seed: Option<String>,
        /// Where a person allows it, for `centralita auth login`.
        #[serde(skip_serializing_if = "Option::is_none")]
        authorization_url: Option<String>,
    },
}

/// How the client says its own secret to the token's host (RFC 6749 §2.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuthentication {
    Basic,
    Body,
}

/// A proof over the request itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Signature {
    Hmac(Hmac),
    /// Standard Webhooks: `webhook-id`, `webhook-timestamp`, `webhook-signature`.
    StandardWebhooks {
        secret: String,
    },
}

/// An HMAC over parts of the request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hmac {
    pub secret: String,
    pub header: String,
    pub algorithm: Algorithm,
    pub encoding: Encoding,
    /// What is signed, with `{method}` and the like.
    pub over: String,
    /// What the header holds, with `{signature}`.
    pub value: String,
    /// How the time is written.
    pub clock: Clock,
    /// Where the time that was signed goes along.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timestamp_header: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Algorithm {
    Sha256,
    Sha512,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    Hex,
    Base64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Clock {
    Seconds,
    Milliseconds,
    Rfc3339,
}

impl OAuth2 {
    /// The header that holds the token.
    #[must_use]
    pub fn header(&self) -> &str {
        self.header.as_deref().unwrap_or(AUTHORIZATION)
    }
}

impl Auth {
    /// Headers that are written for every request: whatever else stood in them would be lost.
    pub fn header_names(&self) -> impl Iterator<Item = &str> {
        let token = self.oauth2.as_ref().map(|oauth2| oauth2.header());
        let own = self.basic.as_ref().map(|_| AUTHORIZATION).into_iter().chain(token);
        let signed: Vec<&str> = match &self.signature {
            None => Vec::new(),
            Some(Signature::Hmac(hmac)) => {
                [Some(hmac.header.as_str()), hmac.timestamp_header.as_deref()].into_iter().flatten().collect()
            }
            Some(Signature::StandardWebhooks { .. }) => WEBHOOK_HEADERS.to_vec(),
        };
        let secret = self.headers.iter().map(|secret| secret.header.as_str());
        secret.chain(self.texts.keys().map(String::as_str)).chain(own).chain(signed)
    }
}
