//! Whatever a caller says, a request reads back as exactly that, by programs that are not ours.
//!
//! Promises: for arbitrary text the method, the host, the segments, the number of headers and the shape of the body are
//! those of the template, and each value is the one that was put in; the same body has the same bytes.
//! Never: reads back by what wrote it.

use centralita_core::base::World;
use centralita_core::language::Language;
use centralita_core::template::Renderer;
use futures::stream;
use proptest::prelude::*;
use reqwest::header::CONTENT_TYPE;

use super::super::request::Resolved;
use super::*;

/// Texts that would leave their place, and any others.
fn words() -> impl Strategy<Value = String> {
    let hostile = prop::sample::select(vec![
        "{{ call.from }}",
        "{% raw %}",
        "\r\n",
        "\r\n--centralita-0\r\nContent-Disposition: form-data; name=\"admin\"\r\n\r\ntrue",
        "\"; name=\"admin",
        "&admin=true",
        "%26admin%3Dtrue",
        "\",\"admin\":true,\"x\":\"",
        "../..",
        "?x=1#y",
        "\u{0}",
        "⟦card 1⟧",
        "+",
        "\u{202e}",
    ]);
    let any =
        prop::collection::vec(any::<char>(), 1..60).prop_map(|signs| signs.into_iter().collect::<String>());
    let piece = prop_oneof![hostile.prop_map(str::to_owned), any];
    prop::collection::vec(piece, 1..5).prop_map(|pieces| pieces.concat())
}

fn fields() -> BTreeMap<String, String> {
    [("a", "{{ a }}"), ("note", "say {{ b }}."), ("plain", "yes")]
        .map(|(n, t)| (n.to_owned(), t.to_owned()))
        .into()
}

fn exchange(body: Body) -> Exchange {
    let mut exchange = refund().request;
    exchange.path = "/orders/{{ a }}/x".into();
    exchange.query = [("q".to_owned(), "{{ b }}".to_owned())].into();
    exchange.headers = [("X-Source".to_owned(), "phone".to_owned())].into();
    exchange.body = Some(body);
    exchange
}

fn sent(body: Body, a: &str, b: &str) -> reqwest::Request {
    let renderer = Renderer::new(Language::English, "USD");
    let base = "https://shop.example/v1".parse().unwrap();
    let vars = json!({"a": a, "b": b});
    let resolved = Resolved::new(&exchange(body), &base, World::Real, &renderer, &vars).unwrap();
    resolved.wire(Some((&KeyPlace::Body("key".to_owned()), "CA1-t1"))).unwrap()
}

fn bytes(request: &reqwest::Request) -> Vec<u8> {
    request.body().unwrap().as_bytes().unwrap().to_vec()
}

/// What a parser reads that waits for nothing.
fn now<T>(reads: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(reads)
}

/// What no value may change.
fn shape_holds(request: &reqwest::Request, a: &str, b: &str) {
    let url = request.url();
    assert_eq!(
        (request.method().as_str(), url.scheme(), url.host_str()),
        ("POST", "https", Some("shop.example"))
    );
    let segments: Vec<&str> = url.path_segments().unwrap().collect();
    assert_eq!((segments.len(), segments[0], segments[1], segments[3]), (4, "v1", "orders", "x"), "{url}");
    let segment: Vec<u8> = percent_decoded(segments[2]);
    assert_eq!(String::from_utf8(segment).unwrap(), a);
    let query: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    assert_eq!(query, [("q".to_owned(), b.to_owned())]);
    assert_eq!((url.fragment(), request.headers().len()), (None, 2));
}

/// RFC 3986 §2.1, read here since what is tested wrote it.
fn percent_decoded(text: &str) -> Vec<u8> {
    let mut bytes = text.bytes();
    let mut out = Vec::new();
    while let Some(byte) = bytes.next() {
        let digit = |byte: Option<u8>| char::from(byte.unwrap()).to_digit(16).unwrap() as u8;
        let decoded = if byte == b'%' { 16 * digit(bytes.next()) + digit(bytes.next()) } else { byte };
        out.push(decoded);
    }
    out
}

fn wanted(a: &str, b: &str) -> Vec<(String, String)> {
    let all = [("a", a), ("note", &format!("say {b}.")), ("plain", "yes"), ("key", "CA1-t1")];
    all.map(|(name, text)| (name.to_owned(), text.to_owned())).into()
}

/// The parts of a body as a server's parser reads them: name, file name, text.
fn parts(request: &reqwest::Request) -> Vec<(String, Option<String>, String)> {
    let kind = request.headers()[CONTENT_TYPE].to_str().unwrap();
    let boundary = multer::parse_boundary(kind).unwrap();
    let body = stream::iter([Ok::<_, std::io::Error>(bytes(request))]);
    let mut multipart = multer::Multipart::new(body, boundary);
    now(async move {
        let mut all = Vec::new();
        while let Some(field) = multipart.next_field().await.unwrap() {
            let (name, file) = (field.name().unwrap().to_owned(), field.file_name().map(str::to_owned));
            all.push((name, file, String::from_utf8(field.bytes().await.unwrap().to_vec()).unwrap()));
        }
        all
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_form_reads_back_as_what_was_said(a in words(), b in words()) {
        prop_assume!(!matches!(a.as_str(), "." | ".."));
        let request = sent(Body::Form(fields()), &a, &b);
        shape_holds(&request, &a, &b);
        let read: Vec<(String, String)> = serde_urlencoded(&bytes(&request));
        prop_assert_eq!(read, wanted(&a, &b));
        prop_assert_eq!(&request.headers()[CONTENT_TYPE], "application/x-www-form-urlencoded");
    }

    #[test]
    fn a_multipart_body_reads_back_as_what_was_said(a in words(), b in words()) {
        prop_assume!(!matches!(a.as_str(), "." | ".."));
        let request = sent(Body::Multipart(fields()), &a, &b);
        shape_holds(&request, &a, &b);
        let read = parts(&request);
        prop_assert!(read.iter().all(|(_, file, _)| file.is_none()));
        let read: Vec<(String, String)> = read.into_iter().map(|(name, _, text)| (name, text)).collect();
        prop_assert_eq!(read, wanted(&a, &b));
        prop_assert_eq!(bytes(&request), bytes(&sent(Body::Multipart(fields()), &a, &b)));
    }

    #[test]
    fn a_json_body_reads_back_as_what_was_said(a in words(), b in words()) {
        prop_assume!(!matches!(a.as_str(), "." | ".."));
        let tree = json!({"a": "{{ a }}", "deep": [{"note": "say {{ b }}."}], "admin": false});
        let request = sent(Body::Json(tree), &a, &b);
        shape_holds(&request, &a, &b);
        let read: Value = serde_json::from_slice(&bytes(&request)).unwrap();
        let note = format!("say {b}.");
        prop_assert_eq!(read, json!({"a": a, "deep": [{"note": note}], "admin": false, "key": "CA1-t1"}));
    }
}

/// By axum's own extractor, whose parser is another than the writer.
fn serde_urlencoded(body: &[u8]) -> Vec<(String, String)> {
    let request = axum::http::Request::post("/")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(axum::body::Body::from(body.to_vec()))
        .unwrap();
    type Form = axum::Form<Vec<(String, String)>>;
    let read = now(<Form as axum::extract::FromRequest<()>>::from_request(request, &()));
    let axum::Form(read) = read.unwrap();
    read
}

#[test]
fn a_megabyte_reads_back_whole() {
    let long = "ñ\r\n--&%\"{{ x }}".repeat(70_000);
    assert!(long.len() > 1024 * 1024);
    let request = sent(Body::Multipart(fields()), "1182", &long);
    assert_eq!(parts(&request)[1].2, format!("say {long}."));
    let tree = json!({"note": "{{ b }}"});
    let read: Value = serde_json::from_slice(&bytes(&sent(Body::Json(tree), "1182", &long))).unwrap();
    assert_eq!(read["note"], long);
}

#[test]
fn a_list_is_a_field_for_each_and_what_was_not_given_is_none() {
    let renderer = Renderer::new(Language::English, "USD");
    let base = "https://shop.example/v1".parse().unwrap();
    let mut exchange = exchange(Body::Form(
        [("a".to_owned(), "{{ a }}".to_owned()), ("b".to_owned(), "{{ b }}".to_owned())].into(),
    ));
    exchange.path = "/orders".into();
    exchange.query = [("q".to_owned(), "{{ a }}".to_owned()), ("r".to_owned(), "{{ b }}".to_owned())].into();
    let vars = json!({"a": ["x&y", 2], "b": null});
    let request = Resolved::new(&exchange, &base, World::Real, &renderer, &vars).unwrap().wire(None).unwrap();
    assert_eq!(request.url().query(), Some("q=x%26y&q=2"));
    assert_eq!(bytes(&request), b"a=x%26y&a=2");
}

#[test]
fn a_value_that_is_the_boundary_gets_another_boundary() {
    let first = sent(Body::Multipart(fields()), "1182", "x");
    let boundary = multer::parse_boundary(first.headers()[CONTENT_TYPE].to_str().unwrap()).unwrap();
    let again = sent(Body::Multipart(fields()), "1182", &format!("\r\n--{boundary}--\r\n"));
    assert_eq!(parts(&again)[1].2, format!("say \r\n--{boundary}--\r\n."));
    assert_ne!(bytes(&first), bytes(&again));
}
