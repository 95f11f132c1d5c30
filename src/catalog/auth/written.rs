//! `auth` of an integration as it is written.
//!
//! Promises: every value that can be wrong carries its place; a field nobody knows is an error.
//! Never: fills in a default; that is the meaning's.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::catalog::place::Spanned;
use crate::catalog::schema::{NoneAlone, SecretReference};

/// `none`, or what goes along.
// `shape` chooses by whether a map is written.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(untagged)]
pub(in crate::catalog) enum AuthWritten {
    #[schemars(with = "NoneAlone")]
    None,
    With(Box<With>),
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct With {
    /// `secret.NAME`, sent as `Authorization: Bearer …`.
    #[schemars(with = "Option<SecretReference>")]
    pub(super) bearer: Option<Spanned<String>>,
    pub(super) header: Option<Spanned<HeaderWritten>>,
    /// Each `secret.NAME`, or a text that everybody may read.
    #[serde(default)]
    pub(super) headers: BTreeMap<String, Spanned<String>>,
    /// A key in the address.
    pub(super) query: Option<Spanned<QueryWritten>>,
    pub(super) basic: Option<Spanned<BasicWritten>>,
    pub(super) oauth2: Option<Spanned<OAuth2Written>>,
    pub(super) hmac: Option<Spanned<HmacWritten>>,
    /// `secret.NAME`: `whsec_` and base64.
    #[schemars(with = "Option<SecretReference>")]
    pub(super) standard_webhooks: Option<Spanned<String>>,
    /// `secret.NAME`: our certificate with its key, in PEM.
    #[schemars(with = "Option<SecretReference>")]
    pub(super) client_certificate: Option<Spanned<String>>,
    /// `secret.NAME`: who else may vouch for the host, in PEM.
    #[schemars(with = "Option<SecretReference>")]
    pub(super) certificate_authority: Option<Spanned<String>>,
}

/// `{name: X-Api-Key, value: secret.NAME}`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct HeaderWritten {
    pub(super) name: Spanned<String>,
    #[schemars(with = "SecretReference")]
    pub(super) value: Spanned<String>,
    /// What stands before the secret: `Token `.
    #[serde(default)]
    pub(super) prefix: String,
}

/// `{name: api_key, value: secret.NAME}`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct QueryWritten {
    pub(super) name: Spanned<String>,
    #[schemars(with = "SecretReference")]
    pub(super) value: Spanned<String>,
}

/// `{user: shop, password: secret.NAME}`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct BasicWritten {
    pub(super) user: Spanned<String>,
    pub(super) password: Spanned<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct OAuth2Written {
    pub(super) token_url: Spanned<String>,
    /// The host of `token_url` may be inside our own network.
    #[serde(default)]
    pub(super) allow_private: bool,
    pub(super) client_id: Spanned<String>,
    pub(super) client_secret: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) client_authentication: AuthenticationWritten,
    #[serde(default)]
    pub(super) scopes: Vec<Spanned<String>>,
    pub(super) audience: Option<String>,
    /// Where the token goes along, in place of `Authorization: Bearer …`.
    pub(super) header: Option<Spanned<String>>,
    pub(super) refresh_token: Option<Spanned<String>>,
    /// Where a person allows it.
    pub(super) authorization_url: Option<Spanned<String>>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::catalog) enum AuthenticationWritten {
    #[default]
    Basic,
    Body,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct HmacWritten {
    pub(super) secret: Spanned<String>,
    pub(super) header: Spanned<String>,
    #[serde(default)]
    pub(super) algorithm: AlgorithmWritten,
    #[serde(default)]
    pub(super) encoding: EncodingWritten,
    /// What is signed, with `{method}` and the like.
    pub(super) over: Spanned<String>,
    /// What the header holds; unwritten, the signature.
    pub(super) value: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) timestamp: ClockWritten,
    pub(super) timestamp_header: Option<Spanned<String>>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::catalog) enum AlgorithmWritten {
    #[default]
    Sha256,
    Sha512,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::catalog) enum EncodingWritten {
    #[default]
    Hex,
    Base64,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::catalog) enum ClockWritten {
    #[default]
    Seconds,
    Milliseconds,
    Rfc3339,
}
