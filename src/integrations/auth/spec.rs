//! How a connection proves who we are, as data.
//!
//! Promises: serialises to the same bytes for the same meaning, so it is part of a plan's hash; what an integration does not
//! use leaves no trace in it.
//! Never: holds the value of a secret.

use std::collections::BTreeMap;

use serde::Serialize;

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
    pub user: Given,
    /// A secret.
    pub password: String,
}

/// A text of the definition, or the name of a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Given {
    Text(String),
    Secret(String),
}

impl Auth {
    /// Headers that are written for every request: whatever else stood in them would be lost.
    pub fn header_names(&self) -> impl Iterator<Item = &str> {
        let basic = self.basic.is_some().then_some("Authorization");
        let secret = self.headers.iter().map(|secret| secret.header.as_str());
        secret.chain(self.texts.keys().map(String::as_str)).chain(basic)
    }
}
