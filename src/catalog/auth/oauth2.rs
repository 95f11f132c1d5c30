//! `oauth2` of an integration: from written to meant.
//!
//! Promises: its addresses are over TLS, or inside our network by the admin's leave; what cannot give a token is told.
//! Never: asks for one.

use url::Url;

use super::written::{AuthenticationWritten, OAuth2Written};
use super::{BY_REFERENCE, secret};
use crate::catalog::integration::with_host;
use crate::catalog::place::Spanned;
use crate::catalog::problems::Desk;
use crate::integrations::{ClientAuthentication, Grant, OAuth2, Stated};
use crate::secrets::SecretName;

/// `own` is the host of the integration where it may be inside our network.
pub(super) fn read(
    desk: &mut Desk<'_>,
    written: &Spanned<OAuth2Written>,
    own: Option<&str>,
) -> Option<OAuth2> {
    let of = &written.value;
    let is_own = |url: &Url| own.is_some() && url.host_str() == own;
    let token_url = address(desk, &of.token_url, of.allow_private, is_own);
    let allow_private = of.allow_private || token_url.as_ref().is_some_and(is_own);
    let client_secret = of.client_secret.as_ref().map(|written| secret(desk, written));
    let seed = of.refresh_token.as_ref().map(|written| secret(desk, written));
    let authorization_url = of.authorization_url.as_ref();
    // A person's browser opens it: it is nothing that we send to.
    let authorization_url = authorization_url.map(|written| address(desk, written, true, |_| true));
    let grant = match (seed, authorization_url) {
        (None, None) => Grant::ClientCredentials,
        (seed, url) => {
            Grant::Refresh { seed: seed.flatten(), authorization_url: url.flatten().map(String::from) }
        }
    };
    if grant == Grant::ClientCredentials && client_secret.is_none() {
        let what = "without `client_secret`, `refresh_token` or `authorization_url` nobody gives a token";
        let remedy = "add `client_secret: secret.NAME`; or, where a person has to allow it, `authorization_url`, and run \
                      `centralita auth login`";
        desk.say(written.place, what, remedy);
    }
    for scope in of.scopes.iter().filter(|scope| scope.value.trim().is_empty() || scope.value.contains(' ')) {
        desk.say(scope.place, "a scope is one word", "write each as an item of its own: `[orders, refunds]`");
    }
    Some(OAuth2 {
        token_url: token_url?,
        allow_private,
        client_id: client_id(desk, &of.client_id)?,
        client_secret: client_secret.flatten(),
        client_authentication: match of.client_authentication {
            AuthenticationWritten::Basic => ClientAuthentication::Basic,
            AuthenticationWritten::Body => ClientAuthentication::Body,
        },
        scopes: of.scopes.iter().map(|scope| scope.value.clone()).collect(),
        audience: of.audience.clone(),
        header: of.header.as_ref().map(|header| header.value.clone()),
        grant,
    })
}

/// It is no secret, and looks like one more often than not.
fn client_id(desk: &mut Desk<'_>, written: &Spanned<String>) -> Option<Stated> {
    let text = written.value.trim();
    match SecretName::reference(text) {
        Some(name) => Some(Stated::Secret(name.to_string())),
        None if text.is_empty() || text.starts_with("secret.") => {
            desk.say(written.place, "`client_id` names nobody", BY_REFERENCE);
            None
        }
        None => Some(Stated::Text(text.to_owned())),
    }
}

fn address(
    desk: &mut Desk<'_>,
    written: &Spanned<String>,
    allow_private: bool,
    is_own: impl Fn(&Url) -> bool,
) -> Option<Url> {
    let at = written.place;
    let url = with_host(desk, written)?;
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        let remedy = "write the client under `client_id` and `client_secret`";
        desk.say(at, "this address has scheme, host, path and query only", remedy);
    }
    match url.scheme() {
        "https" => {}
        "http" if allow_private || is_own(&url) => {}
        "http" => {
            let remedy =
                "write `https:`; or `allow_private: true` beside it if this host is inside our own network";
            desk.say(at, "over `http:` everybody on the way reads the token", remedy);
        }
        other => desk.say(at, format!("`{other}:` is not spoken here"), "write https://host/path"),
    }
    Some(url)
}
