//! A request that proves itself: an HMAC over parts of it, of our own description or as Standard Webhooks has it.
//!
//! Promises: what is signed is what goes out, byte for byte, in the moment in which it goes; a secret prints nowhere.
//! Never: signs what has a hole without a value.

use std::fmt;

use aws_lc_rs::digest;
use aws_lc_rs::hmac::{HMAC_SHA256, HMAC_SHA512, Key, sign};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use centralita_core::base::{Fault, Owner};
use jiff::Timestamp;
use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{Body, Request};

use super::spec::{Algorithm, Clock, Encoding, Hmac, Signature};
use super::{secret, unfit};
use crate::integrations::request::header_name;
use crate::secrets::{ExposeSecret as _, Secrets};

/// What may be signed.
pub const SIGNED: &[&str] =
    &["method", "host", "path", "query", "target", "timestamp", "body", "body_sha256"];
/// What the header may hold beside the signature.
pub const SHOWN: &[&str] = &["signature", "timestamp"];

/// Standard Webhooks, <https://www.standardwebhooks.com>: these two are always ours; the id is the request's own key where it
/// has one there.
pub(super) const WEBHOOK_HEADERS: &[&str] = &["webhook-timestamp", "webhook-signature"];
const WEBHOOK_ID: HeaderName = HeaderName::from_static("webhook-id");
/// What stands before the base64 of such a secret.
const WEBHOOK_SECRET: &str = "whsec_";

/// A signature with its secret.
pub(super) enum Signer {
    Hmac { key: Key, of: Hmac, header: HeaderName, timestamp: Option<HeaderName> },
    StandardWebhooks { key: Key },
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer")
    }
}

impl Signer {
    /// # Errors
    /// The secret is missing, or is none.
    pub(super) fn open(signature: &Signature, secrets: &Secrets) -> Result<Signer, Fault> {
        match signature {
            Signature::Hmac(hmac) => {
                let algorithm = match hmac.algorithm {
                    Algorithm::Sha256 => HMAC_SHA256,
                    Algorithm::Sha512 => HMAC_SHA512,
                };
                let key = Key::new(algorithm, secret(&hmac.secret, secrets)?.expose_secret().as_bytes());
                let timestamp = hmac.timestamp_header.as_deref().map(header_name).transpose()?;
                Ok(Signer::Hmac { key, of: hmac.clone(), header: header_name(&hmac.header)?, timestamp })
            }
            Signature::StandardWebhooks { secret: name } => {
                let text = secret(name, secrets)?;
                let text = text.expose_secret();
                let bytes = STANDARD.decode(text.strip_prefix(WEBHOOK_SECRET).unwrap_or(text));
                let bytes = bytes.map_err(|_| unfit(name, "is no `whsec_` and base64 after it"))?;
                Ok(Signer::StandardWebhooks { key: Key::new(HMAC_SHA256, &bytes) })
            }
        }
    }

    /// Signs a request that changes no more.
    ///
    /// # Errors
    /// It has no form that a header could hold.
    pub(super) fn sign(&self, request: &mut Request, now: Timestamp) -> Result<(), Fault> {
        match self {
            Signer::Hmac { key, of, header, timestamp } => {
                let time = clock(of.clock, now);
                let over = fill(&of.over, |name| part(request, &time, name))?;
                let tag = sign(key, &over);
                let tag = match of.encoding {
                    Encoding::Hex => hex(tag.as_ref()),
                    Encoding::Base64 => STANDARD.encode(tag.as_ref()),
                };
                let value = fill(&of.value, |name| match name {
                    "signature" => Some(tag.clone().into_bytes()),
                    "timestamp" => Some(time.clone().into_bytes()),
                    _ => None,
                })?;
                put(request, header, &value)?;
                timestamp.as_ref().map_or(Ok(()), |name| put(request, name, time.as_bytes()))
            }
            Signer::StandardWebhooks { key } => {
                let time = clock(Clock::Seconds, now);
                let own = || format!("msg_{}", uuid::Uuid::new_v4().simple()).into_bytes();
                let id = request.headers().get(&WEBHOOK_ID).map_or_else(own, |id| id.as_bytes().to_vec());
                let over = [id.as_slice(), b".", time.as_bytes(), b".", body(request)].concat();
                let value = format!("v1,{}", STANDARD.encode(sign(key, &over).as_ref()));
                put(request, &WEBHOOK_ID, &id)?;
                put(request, &HeaderName::from_static("webhook-timestamp"), time.as_bytes())?;
                put(request, &HeaderName::from_static("webhook-signature"), value.as_bytes())
            }
        }
    }
}

/// The names in braces, in order.
///
/// # Errors
/// A brace that is not closed.
pub fn holes(template: &str) -> Result<Vec<&str>, &'static str> {
    let mut names = Vec::new();
    let mut rest = template;
    while let Some((_, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').ok_or("a `{` is opened here and not closed")?;
        names.push(name);
        rest = after;
    }
    Ok(names)
}

/// The template with its holes filled, byte for byte.
fn fill(template: &str, part: impl Fn(&str) -> Option<Vec<u8>>) -> Result<Vec<u8>, Fault> {
    let mut out = Vec::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        out.extend_from_slice(before.as_bytes());
        let filled = after.split_once('}').and_then(|(name, after)| Some((part(name)?, after)));
        let Some((value, after)) = filled else {
            let what = "what a signature is made over has a hole without a value";
            return Err(Fault::new(Owner::Admin, what, "`centralita check` shows it"));
        };
        out.extend_from_slice(&value);
        rest = after;
    }
    out.extend_from_slice(rest.as_bytes());
    Ok(out)
}

/// A part of the request as it goes out.
fn part(request: &Request, time: &str, name: &str) -> Option<Vec<u8>> {
    let url = request.url();
    let text = match name {
        "method" => request.method().to_string(),
        "host" => match (url.host_str()?, url.port()) {
            (host, None) => host.to_owned(),
            (host, Some(port)) => format!("{host}:{port}"),
        },
        "path" => url.path().to_owned(),
        "query" => url.query().unwrap_or_default().to_owned(),
        "target" => match url.query() {
            None => url.path().to_owned(),
            Some(query) => format!("{}?{query}", url.path()),
        },
        "timestamp" => time.to_owned(),
        "body" => return Some(body(request).to_vec()),
        "body_sha256" => hex(digest::digest(&digest::SHA256, body(request)).as_ref()),
        _ => return None,
    };
    Some(text.into_bytes())
}

fn body(request: &Request) -> &[u8] {
    request.body().and_then(Body::as_bytes).unwrap_or_default()
}

fn clock(clock: Clock, now: Timestamp) -> String {
    match clock {
        Clock::Seconds => now.as_second().to_string(),
        Clock::Milliseconds => now.as_millisecond().to_string(),
        // To the second: fractions are read by few.
        Clock::Rfc3339 => now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    }
}

fn put(request: &mut Request, name: &HeaderName, value: &[u8]) -> Result<(), Fault> {
    let value = HeaderValue::from_bytes(value).map_err(|_| {
        Fault::new(Owner::Admin, "a signature holds what a header cannot", "look at `value` of `hmac`")
    })?;
    request.headers_mut().insert(name.clone(), value);
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use reqwest::Method;

    use super::*;
    use crate::secrets::SecretName;

    fn now() -> Timestamp {
        "2022-04-20T18:46:40.5Z".parse().expect("a moment")
    }

    fn given(value: &str) -> Secrets {
        let name = SecretName::reference("secret.KEY").expect("a reference");
        Secrets::from_env().with(name, value.to_owned().into())
    }

    fn request(method: Method, url: &str, body: &str) -> Request {
        let mut request = Request::new(method, url.parse().expect("an address"));
        *request.body_mut() = Some(body.to_owned().into());
        request
    }

    fn hmac(over: &str) -> Hmac {
        Hmac {
            secret: "KEY".to_owned(),
            header: "X-Signature".to_owned(),
            algorithm: Algorithm::Sha256,
            encoding: Encoding::Hex,
            over: over.to_owned(),
            value: "{signature}".to_owned(),
            clock: Clock::Seconds,
            timestamp_header: None,
        }
    }

    fn signed(hmac: Hmac, key: &str, mut request: Request) -> Request {
        let signer = Signer::open(&Signature::Hmac(hmac), &given(key)).expect("the secret is there");
        signer.sign(&mut request, now()).expect("it can be signed");
        assert!(!format!("{signer:?}").contains(key));
        request
    }

    /// RFC 4231 §4.3, test case 2.
    #[test]
    fn a_signature_is_that_of_the_rfc() {
        let body = "what do ya want for nothing?";
        for (algorithm, want) in [
            (Algorithm::Sha256, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
            (
                Algorithm::Sha512,
                "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554\
                 9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
            ),
        ] {
            let hmac = Hmac { algorithm, ..hmac("{body}") };
            let sent = signed(hmac, "Jefe", request(Method::POST, "https://shop.example/", body));
            assert_eq!(sent.headers()["x-signature"], want);
        }
    }

    #[test]
    fn every_part_is_the_one_that_goes_out() {
        let url = "https://shop.example:8443/v1/orders/11%2F82?a=b%20c";
        let over = "{method} {host} {path} {query} {target} {timestamp} {body} {body_sha256}";
        let sent =
            |clock| signed(Hmac { clock, ..hmac(over) }, "k", request(Method::PATCH, url, "{\"a\": 1}"));
        // Computed by Python's own hmac.
        for (clock, want) in [
            (Clock::Seconds, "d12e7f202fe1777699fa5919d64442715fe7085aafedbad559c68a9b65a08c43"),
            (Clock::Milliseconds, "753ee5efa83242994a02c151a5c1d64a1cc913d05780d830c96d0093ec5b835f"),
            (Clock::Rfc3339, "6fc551154230701e6f19a96aaaccdbe076abc193c4bf7168c260216563c4954a"),
        ] {
            assert_eq!(sent(clock).headers()["x-signature"], want);
        }
    }

    #[test]
    fn the_header_says_what_the_definition_says_and_the_time_goes_along() {
        let own = Hmac {
            value: "t={timestamp},v1={signature}".to_owned(),
            encoding: Encoding::Base64,
            timestamp_header: Some("X-Time".to_owned()),
            ..hmac("{timestamp}.{body}")
        };
        let sent = signed(own, "k", request(Method::POST, "https://shop.example/", "x"));
        let tag = STANDARD.encode(sign(&Key::new(HMAC_SHA256, b"k"), b"1650480400.x").as_ref());
        assert_eq!(sent.headers()["x-signature"], format!("t=1650480400,v1={tag}"));
        assert_eq!(sent.headers()["x-time"], "1650480400");
    }

    /// The vector of the Standard Webhooks libraries: `msg_p5jXN8AQM9LWM0D4loKWxJek` at 1614265330.
    #[test]
    fn standard_webhooks_are_signed_as_their_libraries_do_and_keep_the_requests_key() {
        let signature = Signature::StandardWebhooks { secret: "KEY".to_owned() };
        let secrets = given("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let signer = Signer::open(&signature, &secrets).expect("it is a secret");
        let mut with_key = request(Method::POST, "https://shop.example/", "{\"test\": 2432232314}");
        let id = HeaderValue::from_static("msg_p5jXN8AQM9LWM0D4loKWxJek");
        with_key.headers_mut().insert("webhook-id", id.clone());
        let at = Timestamp::from_second(1_614_265_330).expect("a moment");
        signer.sign(&mut with_key, at).expect("it can be signed");
        let headers = with_key.headers();
        assert_eq!(headers["webhook-id"], id);
        assert_eq!(headers["webhook-timestamp"], "1614265330");
        assert_eq!(headers["webhook-signature"], "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");

        let mut keyless = request(Method::POST, "https://shop.example/", "");
        signer.sign(&mut keyless, at).expect("it can be signed");
        assert!(keyless.headers()["webhook-id"].as_bytes().starts_with(b"msg_"));
        let odd = Signer::open(&signature, &given("whsec_ñ hunter2")).expect_err("it is no base64");
        assert!(odd.what.contains("`KEY` is no") && !odd.to_string().contains("hunter2"), "{odd}");
    }

    #[test]
    fn a_hole_without_a_value_is_told_and_not_signed() {
        assert_eq!(holes("{method}-{path}"), Ok(vec!["method", "path"]));
        assert!(holes("a {method").is_err());
        for over in ["{nothing}", "{method"] {
            let signer = Signer::open(&Signature::Hmac(hmac(over)), &given("k")).expect("a secret");
            let mut request = request(Method::GET, "https://shop.example/", "");
            assert!(signer.sign(&mut request, now()).is_err(), "{over}");
            assert!(request.headers().is_empty());
        }
    }
}
