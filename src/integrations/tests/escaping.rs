//! A caller's words cannot change the shape of a request.
//!
//! Promises: each place a value can land is tried with words that would leave it.
//! Never: trusts a template to quote by itself.

use centralita_core::base::World;
use centralita_core::language::Language;
use centralita_core::template::Renderer;

use super::super::auth::Credentials;
use super::super::body::Filled;
use super::super::request::Resolved;
use super::*;
use crate::secrets::{SecretName, Secrets};

const HOSTILE: &[&str] = &[
    "1182/../../admin",
    "../admin",
    "1182?x=1&y=2#z",
    "a\r\nX-Admin: true\r\n\r\nGET / HTTP/1.1",
    "\",\"admin\":true,\"x\":\"",
    "{{ call.from }}",
    "{% raw %}",
    "@evil.example/",
    "//evil.example",
    "\\evil.example",
    "%2e%2e%2fadmin",
    "a\u{0}b",
    "ñandú ⟦card 1⟧",
];

fn exchange() -> Exchange {
    let mut tool = refund();
    tool.request.path = "/orders/{{ word }}/x".into();
    tool.request.query = [("q".to_owned(), "{{ word }}".to_owned())].into();
    tool.request.headers = BTreeMap::new();
    tool.request.body =
        Some(Body::Json(json!({"word": "{{ word }}", "note": "say {{ word }}", "admin": false})));
    tool.request
}

#[test]
fn a_value_stays_where_its_hole_is() {
    let renderer = Renderer::new(Language::English, "USD");
    let base = "https://shop.example/v1".parse().unwrap();
    for word in HOSTILE {
        let resolved =
            Resolved::new(&exchange(), &base, World::Real, &renderer, &json!({"word": word})).unwrap();
        let url = &resolved.url;
        assert_eq!(url.origin(), base.origin(), "{word}");
        let segments: Vec<&str> = url.path_segments().unwrap().collect();
        assert_eq!((segments.len(), segments[1], segments[3]), (4, "orders", "x"), "{url}");
        let query: Vec<_> = url.query_pairs().collect();
        assert_eq!((query.len(), query[0].1.as_ref()), (1, *word), "{url}");
        assert_eq!(url.fragment(), None);
        let want = json!({"word": word, "note": format!("say {word}"), "admin": false});
        assert_eq!(resolved.body.as_ref().unwrap(), &Filled::Json(want.clone()));
        let sent = resolved.wire(None).unwrap();
        let bytes = sent.body().unwrap().as_bytes().unwrap();
        assert_eq!(serde_json::from_slice::<Value>(bytes).unwrap(), want);
    }
}

#[test]
fn a_value_cannot_end_its_header() {
    let renderer = Renderer::new(Language::English, "USD");
    let base = "https://shop.example/v1".parse().unwrap();
    let mut exchange = exchange();
    exchange.path = "/orders".into();
    exchange.headers = [("X-Note".to_owned(), "note: {{ word }}".to_owned())].into();
    for (word, fits) in
        [("plain", true), ("a\r\nX-Admin: true", false), ("a\nb", false), ("a\u{0}", false), ("ñ", true)]
    {
        let resolved = Resolved::new(&exchange, &base, World::Real, &renderer, &json!({"word": word}));
        assert_eq!(resolved.is_ok(), fits, "{word:?}");
    }
}

#[tokio::test]
async fn a_secret_header_wins_over_a_written_one() {
    let renderer = Renderer::new(Language::English, "USD");
    let mut exchange = exchange();
    exchange.headers = [("authorization".to_owned(), "{{ word }}".to_owned())].into();
    let base: url::Url = "https://shop.example".parse().unwrap();
    let resolved = Resolved::new(&exchange, &base, World::Real, &renderer, &json!({"word": "mine"})).unwrap();
    let bearer =
        SecretHeader { header: "Authorization".into(), prefix: "Bearer ".into(), secret: "A".into() };
    let given =
        Secrets::from_env().with(SecretName::reference("secret.A").unwrap(), "real".to_owned().into());
    let auth = Auth { headers: vec![bearer], ..Auth::default() };
    let connection = Connection { id: "shop".into(), base, allow_private: false, auth, mcp: None };
    let mut sent = resolved.wire(None).unwrap();
    let until = tokio::time::Instant::now();
    Credentials::open(&connection, &given).unwrap().put(&mut sent, until).await.unwrap();
    let all: Vec<_> = sent.headers().get_all("authorization").iter().collect();
    assert_eq!(all, ["Bearer real"]);
}

#[test]
fn an_optional_value_that_was_not_given_leaves_its_place_out() {
    let renderer = Renderer::new(Language::English, "USD");
    let base = "https://shop.example/v1".parse().unwrap();
    let mut exchange = exchange();
    exchange.path = "/orders".into();
    exchange.headers = [("x-word".to_owned(), "{{ word }}".to_owned())].into();
    exchange.body = Some(Body::Json(json!({"word": "{{ word }}", "admin": false})));
    let resolved = Resolved::new(&exchange, &base, World::Real, &renderer, &json!({"word": null})).unwrap();
    assert_eq!((resolved.url.query(), resolved.headers.len()), (None, 0));
    assert_eq!(resolved.body, Some(Filled::Json(json!({"admin": false}))));
}

#[tokio::test]
async fn hostile_words_reach_the_shop_as_one_segment() {
    let shop = Shop::open(Behaviour::Works).await;
    let registry = registry(&shop, [status()]);
    for word in HOSTILE {
        let outcome = read(&registry, &status(), json!({"order": word, "postcode": "AB1"})).await;
        assert!(matches!(outcome, Outcome::Done { .. }), "{word}: {outcome:?}");
    }
    assert_eq!(shop.gets(), HOSTILE.len());
    assert!(shop.get_uris().iter().all(|uri| uri.matches('/').count() == 3), "{:?}", shop.get_uris());
}
