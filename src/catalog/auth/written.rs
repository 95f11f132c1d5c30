//! `auth` of an integration as it is written.
//!
//! Promises: every value that can be wrong carries its place; a field nobody knows is an error.
//! Never: fills in a default; that is the meaning's.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::catalog::place::Spanned;

/// `none`, or what goes along. `shape` chooses by whether a map is written.
#[derive(Debug, Deserialize)]
pub(in crate::catalog) enum AuthWritten {
    None,
    With(Box<With>),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct With {
    /// `secret.NAME`, sent as `Authorization: Bearer …`.
    pub(super) bearer: Option<Spanned<String>>,
    pub(super) header: Option<Spanned<HeaderWritten>>,
    /// Each `secret.NAME`, or a text that everybody may read.
    #[serde(default)]
    pub(super) headers: BTreeMap<String, Spanned<String>>,
    /// A key in the address.
    pub(super) query: Option<Spanned<QueryWritten>>,
    pub(super) basic: Option<Spanned<BasicWritten>>,
}

/// `{name: X-Api-Key, value: secret.NAME}`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct HeaderWritten {
    pub(super) name: Spanned<String>,
    pub(super) value: Spanned<String>,
    /// What stands before the secret: `Token `.
    #[serde(default)]
    pub(super) prefix: String,
}

/// `{name: api_key, value: secret.NAME}`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct QueryWritten {
    pub(super) name: Spanned<String>,
    pub(super) value: Spanned<String>,
}

/// `{user: shop, password: secret.NAME}`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct BasicWritten {
    pub(super) user: Spanned<String>,
    pub(super) password: Spanned<String>,
}
