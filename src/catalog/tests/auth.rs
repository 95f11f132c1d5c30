//! What can be wrong with `auth` of an integration, and what a right one means.
//!
//! Promises: every check of the room has a row.
//! Never: resolves a secret.

use super::table::{broken, each_has_one_problem};
use super::*;
use crate::integrations::{Auth, Clock, Encoding, Grant, OAuth2, Signature, Stated};

/// What is replaced, by what, and the words of the problem that follows (and of its remedy, after `|`).
const TABLE: &[(&str, &str, &str)] = &[
    (
        "bearer: secret.SHOP_TOKEN",
        "bearer: abc123",
        "a secret stands here by reference only|CENTRALITA_SECRET_NAME",
    ),
    ("bearer: secret.SHOP_TOKEN", "header: {name: 'X Y', value: secret.A}", "`X Y` is no header|letters"),
    (
        "bearer: secret.SHOP_TOKEN",
        "bearer: secret.A\n  basic: {user: me, password: secret.B}",
        "`Authorization` is written twice: by `bearer` and by `basic`|keep one",
    ),
    (
        "bearer: secret.SHOP_TOKEN",
        "basic: {user: 'me:you', password: secret.B}",
        "a user has no `:`|under `password`",
    ),
    (
        "bearer: secret.SHOP_TOKEN",
        "basic: {user: me, password: hunter2}",
        "by reference only|CENTRALITA_SECRET_NAME",
    ),
    (
        "bearer: secret.SHOP_TOKEN",
        "oauth2: {token_url: https://x.example, client_id: a, client_secret: secret.B, header: 'X Y'}",
        "`X Y` is no header|letters",
    ),
    ("bearer: secret.SHOP_TOKEN", "query: {name: ' ', value: secret.A}", "without a name|`api_key`"),
    (
        "bearer: secret.SHOP_TOKEN",
        "headers: {X-Api-Key: abc}",
        "the header `X-Api-Key` looks like a secret|secret.NAME",
    ),
    (
        "bearer: secret.SHOP_TOKEN",
        "headers: {X-A: 9f86d081884c7d659a2feaa0c55ad015}",
        "the header `X-A` looks like a secret|secret.NAME",
    ),
    (
        "bearer: secret.SHOP_TOKEN",
        "headers: {X-A: \"{{ call.id }}\"}",
        "the header `X-A` has a hole|under `headers` of the request",
    ),
    (
        "bearer: secret.SHOP_TOKEN",
        "headers: {X-A: secret.shop_key}",
        "the header `X-A` names no secret|capital letters",
    ),
    ("bearer: secret.SHOP_TOKEN", "headers: {Host: secret.A}", "the gateway writes itself|leave it out"),
    (
        "bearer: secret.SHOP_TOKEN",
        "header: {name: Authorization, value: secret.A, prefix: sk-12345678}",
        "`prefix` is what stands before|`Token `",
    ),
    (
        "bearer: secret.SHOP_TOKEN",
        "oauth2: {token_url: 'https://login.example/t', client_id: lamps}",
        "nobody gives a token|client_secret: secret.NAME",
    ),
    (
        "bearer: secret.SHOP_TOKEN",
        "oauth2: {token_url: 'http://login.example/t', client_id: lamps, client_secret: secret.A}",
        "reads the token|allow_private: true",
    ),
    (
        "bearer: secret.SHOP_TOKEN",
        "oauth2: {token_url: login, client_id: lamps, client_secret: secret.A}",
        "this is no address|https://host/path",
    ),
    (
        "bearer: secret.SHOP_TOKEN",
        "oauth2: {token_url: 'https://me:pw@login.example/t', client_id: lamps, client_secret: secret.A}",
        "scheme, host, path and query only|under `client_id`",
    ),
    (
        "bearer: secret.SHOP_TOKEN",
        "oauth2: {token_url: 'https://login.example/t', client_id: secret.x, client_secret: secret.A}",
        "`client_id` names nobody|secret.NAME",
    ),
    (
        "bearer: secret.SHOP_TOKEN",
        "oauth2: {token_url: 'https://login.example/t', client_id: lamps, client_secret: hunter2}",
        "by reference only|CENTRALITA_SECRET_NAME",
    ),
    (
        "bearer: secret.SHOP_TOKEN",
        "oauth2: {token_url: 'https://login.example/t', client_id: lamps, client_secret: secret.A, scopes: [a b]}",
        "a scope is one word|[orders, refunds]",
    ),
    (
        "bearer: secret.SHOP_TOKEN",
        "hmac: {secret: secret.A, header: X-Sign, over: '{timestamp}.{body}'}",
        "nobody is told which|timestamp_header: X-Timestamp",
    ),
    (
        "bearer: secret.SHOP_TOKEN",
        "hmac: {secret: secret.A, header: X-Sign, over: '{body}', timestamp_header: X-Time}",
        "a time that is not signed|`{timestamp}` into `over`",
    ),
    (
        "bearer: secret.SHOP_TOKEN",
        "hmac: {secret: secret.A, header: X-Sign, over: '{bdoy}'}",
        "`{bdoy}` has no value in `over`|{body_sha256}",
    ),
    (
        "bearer: secret.SHOP_TOKEN",
        "hmac: {secret: secret.A, header: X-Sign, over: '{body}', value: v1}",
        "no signature in it|{signature}",
    ),
    (
        "bearer: secret.SHOP_TOKEN",
        "hmac: {secret: secret.A, header: X-Sign, over: words}",
        "signs the same for every request|{timestamp}.{body}",
    ),
    (
        "bearer: secret.SHOP_TOKEN",
        "hmac: {secret: secret.A, header: X-Sign, over: '{body}'}\n  standard_webhooks: secret.B",
        "a request is signed once|keep `hmac` or",
    ),
    (
        "https://shop.example/v1\nauth:\n  bearer: secret.SHOP_TOKEN",
        "http://shop.example/v1\nallow_private: true\nauth:\n  client_certificate: secret.A",
        "over `http:` no certificate is shown|https",
    ),
    (
        "auth:\n  bearer: secret.SHOP_TOKEN",
        "auth: secret.SHOP_TOKEN",
        "`auth` must be `none` or a map of fields, here it is the text|write `auth: {bearer: secret.NAME}`",
    ),
];

#[test]
fn each_fault_has_one_problem_with_its_remedy() {
    each_has_one_problem(TABLE);
}

#[test]
fn a_parameter_of_the_address_is_written_once() {
    let sources = broken(&[
        ("bearer: secret.SHOP_TOKEN", "query: {name: key, value: secret.A}"),
        ("headers: {X-Source: phone}", "query: {key: mine}"),
    ]);
    let problems = check(&sources, &BTreeMap::new()).unwrap_err();
    assert!(problems.all[0].what.contains("`key` is written by `auth` already"), "{problems}");
    assert_eq!(problems.all.len(), 1, "{problems}");
}

/// What this means in the place of a bearer token.
fn meant(written: &str) -> Auth {
    let sources = broken(&[("bearer: secret.SHOP_TOKEN", written)]);
    let catalog = check(&sources, &BTreeMap::new()).unwrap_or_else(|problems| panic!("\n{problems}"));
    catalog.agents["shop"].connections[0].auth.clone()
}

#[test]
fn several_ways_stand_side_by_side() {
    let auth = meant(
        "basic: {user: secret.USER, password: secret.PASSWORD}\n  headers: {X-Shop: lamps, X-Key: secret.KEY}\n  \
         query: {name: k, value: secret.Q}\n  client_certificate: secret.CERTIFICATE",
    );
    assert_eq!(auth.basic.as_ref().map(|basic| &basic.user), Some(&Stated::Secret("USER".into())));
    assert_eq!(auth.texts["X-Shop"], "lamps");
    let names: Vec<&str> = auth.header_names().collect();
    assert_eq!(names, ["X-Key", "X-Shop", "Authorization"]);
    assert_eq!(auth.client_certificate.as_deref(), Some("CERTIFICATE"));
}

#[test]
fn no_auth_is_none_however_it_is_written() {
    for written in ["auth: none\n", ""] {
        let sources = broken(&[("auth:\n  bearer: secret.SHOP_TOKEN\n", written)]);
        let catalog = check(&sources, &BTreeMap::new()).unwrap_or_else(|problems| panic!("\n{problems}"));
        assert_eq!(catalog.agents["shop"].connections[0].auth, Auth::default());
    }
}

#[test]
fn oauth2_is_the_clients_own_right_unless_a_refresh_token_or_a_login_is_written() {
    let oauth2 = |more: &str| -> OAuth2 {
        let written = format!("oauth2: {{token_url: 'https://login.example/t?p=1', client_id: lamps{more}}}");
        *meant(&written).oauth2.unwrap()
    };
    let own = oauth2(", client_secret: secret.A, scopes: [a, b], client_authentication: body");
    assert_eq!(
        (own.grant, own.scopes, own.allow_private),
        (Grant::ClientCredentials, vec!["a".into(), "b".into()], false)
    );
    let seeded = Grant::Refresh { seed: Some("R".into()), authorization_url: None };
    assert_eq!(oauth2(", refresh_token: secret.R").grant, seeded);
    let by_login = Grant::Refresh { seed: None, authorization_url: Some("https://login.example/a".into()) };
    assert_eq!(oauth2(", authorization_url: 'https://login.example/a'").grant, by_login);
}

#[test]
fn the_host_of_the_token_may_be_private_by_its_own_leave_or_that_of_the_same_host() {
    let oauth2 = |host: &str, more: &str| {
        let base = ("https://shop.example/v1", "http://10.0.0.1:8080\nallow_private: true");
        let auth =
            format!("oauth2: {{token_url: 'http://{host}/t', client_id: x, client_secret: secret.A{more}}}");
        let catalog = check(&broken(&[base, ("bearer: secret.SHOP_TOKEN", &auth)]), &BTreeMap::new());
        catalog.ok().and_then(|catalog| {
            Some(catalog.agents["shop"].connections[0].auth.oauth2.clone()?.allow_private)
        })
    };
    assert_eq!(oauth2("10.0.0.1:9090", ""), Some(true));
    assert_eq!(oauth2("10.0.0.2", ""), None);
    assert_eq!(oauth2("10.0.0.2", ", allow_private: true"), Some(true));
}

#[test]
fn a_signature_means_what_is_written_and_else_the_usual() {
    let hmac = |more: &str| {
        let auth = meant(&format!(
            "hmac: {{secret: secret.A, header: X-Sign, over: '{{timestamp}}.{{body}}', {more}}}"
        ));
        let Some(Signature::Hmac(hmac)) = auth.signature.clone() else { panic!("{auth:?}") };
        let names: Vec<String> = auth.header_names().map(str::to_owned).collect();
        (hmac, names)
    };
    let (usual, names) = hmac("timestamp_header: X-Time");
    assert_eq!(
        (usual.value.as_str(), usual.clock, usual.encoding),
        ("{signature}", Clock::Seconds, Encoding::Hex)
    );
    assert_eq!(names, ["X-Sign", "X-Time"]);
    let (other, _) = hmac("value: 't={timestamp},v1={signature}', timestamp: rfc3339, encoding: base64");
    assert_eq!((other.clock, other.encoding), (Clock::Rfc3339, Encoding::Base64));
    let keyed = [
        ("bearer: secret.SHOP_TOKEN", "standard_webhooks: secret.A"),
        ("{header: Idempotency-Key}", "{header: webhook-id}"),
    ];
    check(&broken(&keyed), &BTreeMap::new()).unwrap_or_else(|problems| panic!("\n{problems}"));
}
