//! `X-Twilio-Signature`: proof that a webhook or a handshake comes from who holds the account's auth token.
//!
//! Source: Twilio's "Security" page and the request validators of its own libraries, read in September 2026.
//!
//! Promises: compared in constant time; the public URL is the only source of what is signed, https and wss.
//! Never: believes a `Host` or `X-Forwarded` header; prints a token, a signature or a parameter.

use std::collections::BTreeSet;
use std::fmt;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret as _, SecretString};
use url::{Host, Url};

use crate::core::base::{Fault, Owner};

/// Name of the header, in the lower case of HTTP libraries.
pub const HEADER: &str = "x-twilio-signature";

/// The signature of a request to `url`, exactly as it is requested, with these form parameters.
#[must_use]
pub fn sign(auth_token: &SecretString, url: &str, params: &[(String, String)]) -> String {
    STANDARD.encode(hmac::sign(&key(auth_token), base(url, params).as_bytes()))
}

/// Where the world reaches this gateway: the one source of the URLs we hand out and of those we verify.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    secure: bool,
    host: String,
    /// As written, or the scheme's own.
    port: Port,
    /// Path that a proxy puts before ours, without a slash at its end.
    prefix: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Port {
    Written(u16),
    Usual(u16),
}

impl PublicUrl {
    /// `https://host[:port][/prefix]`; `http` for a carrier on loopback.
    pub fn parse(url: &Url) -> Result<PublicUrl, Fault> {
        let secure = match url.scheme() {
            "https" => true,
            "http" if is_loopback(url) => false,
            "http" => return Err(not_public("a carrier comes by https:// and wss:// only")),
            other => return Err(not_public(&format!("its scheme is `{other}`"))),
        };
        let host = url.host_str().ok_or_else(|| not_public("it has no host"))?;
        if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
            return Err(not_public("it has a user, a query or a fragment"));
        }
        let usual = Port::Usual(if secure { 443 } else { 80 });
        Ok(PublicUrl {
            secure,
            host: host.to_owned(),
            port: url.port().map_or(usual, Port::Written),
            prefix: url.path().trim_end_matches('/').to_owned(),
        })
    }

    /// The address of a webhook; `path_and_query` begins with a slash.
    #[must_use]
    pub fn webhook(&self, path_and_query: &str) -> String {
        self.written(if self.secure { "https" } else { "http" }, path_and_query)
    }

    /// The address of a media stream; `path` begins with a slash.
    #[must_use]
    pub fn stream(&self, path: &str) -> String {
        self.written(if self.secure { "wss" } else { "ws" }, path)
    }

    fn written(&self, scheme: &str, path: &str) -> String {
        match self.port {
            Port::Written(port) => self.with_port(scheme, port, path),
            Port::Usual(_) => self.without_port(scheme, path),
        }
    }

    fn with_port(&self, scheme: &str, port: u16, path: &str) -> String {
        format!("{scheme}://{}:{port}{}{path}", self.host, self.prefix)
    }

    fn without_port(&self, scheme: &str, path: &str) -> String {
        format!("{scheme}://{}{}{path}", self.host, self.prefix)
    }

    /// Twilio signs with or without the port, and not always as it was written: both are tried.
    fn both(&self, scheme: &str, path: &str) -> [String; 2] {
        let (Port::Written(port) | Port::Usual(port)) = self.port;
        [self.with_port(scheme, port, path), self.without_port(scheme, path)]
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn not_public(why: &str) -> Fault {
    Fault::new(
        Owner::Admin,
        format!("the public URL cannot be used: {why}"),
        "write it as https://host, with a port and a path where a proxy needs them",
    )
}

/// Checks what claims to come from Twilio.
#[derive(Debug)]
pub struct Verifier {
    auth_token: SecretString,
    public_url: PublicUrl,
}

impl Verifier {
    #[must_use]
    pub fn new(auth_token: SecretString, public_url: PublicUrl) -> Verifier {
        Verifier { auth_token, public_url }
    }

    /// A form webhook at `path_and_query`, as it was requested, with every parameter of its body.
    pub fn webhook(
        &self,
        path_and_query: &str,
        params: &[(String, String)],
        signature: Option<&str>,
    ) -> Result<(), Refused> {
        let scheme = if self.public_url.secure { "https" } else { "http" };
        self.check(scheme, path_and_query, params, signature)
    }

    /// The handshake of a media stream at `path`.
    pub fn handshake(&self, path: &str, signature: Option<&str>) -> Result<(), Refused> {
        self.check(if self.public_url.secure { "wss" } else { "ws" }, path, &[], signature)
    }

    fn check(
        &self,
        scheme: &str,
        path: &str,
        params: &[(String, String)],
        signature: Option<&str>,
    ) -> Result<(), Refused> {
        let refused = |cause| Refused { cause, base: self.public_url.written(scheme, path) };
        let given = signature.ok_or_else(|| refused(Cause::Missing))?;
        let given = STANDARD.decode(given).map_err(|_| refused(Cause::Mismatch))?;
        let key = key(&self.auth_token);
        let signed = |url: &String| hmac::verify(&key, base(url, params).as_bytes(), &given).is_ok();
        if self.public_url.both(scheme, path).iter().any(signed) {
            Ok(())
        } else {
            Err(refused(Cause::Mismatch))
        }
    }
}

/// Why a request was not believed, for the admin's log; the sender learns nothing of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    pub cause: Cause,
    /// The URL that was verified, without the parameters.
    pub base: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// No signature at all.
    Missing,
    /// Another signature than this URL, these parameters and this token give.
    Mismatch,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let base = &self.base;
        match self.cause {
            Cause::Missing => write!(
                f,
                "no {HEADER} header on a request for {base}: it is not Twilio's, or a proxy dropped it"
            ),
            Cause::Mismatch => write!(
                f,
                "the signature does not fit {base}: is that the URL Twilio has (--public-url), did a proxy \
                 change its path or query, is the auth token that of this account or subaccount?"
            ),
        }
    }
}

impl std::error::Error for Refused {}

/// What is signed: the URL, then each name and value in byte order; a pair that comes twice counts once.
fn base(url: &str, params: &[(String, String)]) -> String {
    let sorted: BTreeSet<(&str, &str)> = params.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    let mut text = String::from(url);
    for (name, value) in sorted {
        text.push_str(name);
        text.push_str(value);
    }
    text
}

/// Twilio's algorithm is HMAC-SHA1, whose security does not rest on SHA1's collisions.
fn key(auth_token: &SecretString) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, auth_token.expose_secret().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    // T1 to T4: computed with Twilio's own validator library, September 2026.
    const TOKEN: &str = "0123456789abcdef0123456789abcdef";
    const T1: &str = "4tiGHsS8QxAsZZwcIWBdVjvgYz8=";
    const T2: &str = "bJnht1oTig4BozmCP0Vv8xeeBbtgdJSWnq8qQS0TGeI=";
    const T3: &str = "zytdi4iPuq6uqDIsoUV5gfO+8d4=";
    const T4: &str = "kc7ApKIvApNl5XqFRbeaEJhXD70=";
    const VOICE: &str = "/hooks/twilio/voice?tenant=acme";

    fn token() -> SecretString {
        SecretString::from(TOKEN)
    }

    fn verifier(public: &str) -> Verifier {
        Verifier::new(
            token(),
            PublicUrl::parse(&Url::parse(public).expect("a URL")).expect("a public URL that is allowed"),
        )
    }

    fn params(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    fn voice_params() -> Vec<(String, String)> {
        params(&[
            ("To", "+15550100002"),
            ("CallSid", "CA00000000000000000000000000000001"),
            ("From", "+15550100001"),
            ("Direction", "inbound"),
        ])
    }

    #[test]
    fn the_vectors_of_twilios_own_libraries_are_accepted() {
        let gateway = verifier("https://gw.example.com");
        assert_eq!(gateway.webhook(VOICE, &voice_params(), Some(T1)), Ok(()));
        assert_eq!(gateway.handshake("/media/twilio", Some(T3)), Ok(()));
        assert_eq!(gateway.webhook("/x", &params(&[("B", ""), ("A", "1")]), Some(T4)), Ok(()));
        let text = base(&format!("https://gw.example.com{VOICE}"), &voice_params());
        let sha256 = hmac::Key::new(hmac::HMAC_SHA256, TOKEN.as_bytes());
        assert_eq!(STANDARD.encode(hmac::sign(&sha256, text.as_bytes())), T2, "what is signed is the same");
    }

    #[test]
    fn what_we_sign_is_what_twilio_signs() {
        assert_eq!(sign(&token(), &format!("https://gw.example.com{VOICE}"), &voice_params()), T1);
        assert_eq!(sign(&token(), "wss://gw.example.com/media/twilio", &[]), T3);
    }

    #[test]
    fn a_port_may_be_signed_or_not() {
        for (public, signed) in [
            ("https://gw.example.com", "https://gw.example.com:443/x"),
            ("https://gw.example.com:8443", "https://gw.example.com/x"),
            ("https://gw.example.com:8443/", "https://gw.example.com:8443/x"),
            ("https://gw.example.com/base/", "https://gw.example.com/base/x"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080/x"),
        ] {
            assert_eq!(
                verifier(public).webhook("/x", &[], Some(&sign(&token(), signed, &[]))),
                Ok(()),
                "{signed}"
            );
        }
        for signed in ["wss://gw.example.com/m", "wss://gw.example.com:443/m"] {
            let signature = sign(&token(), signed, &[]);
            assert_eq!(
                verifier("https://gw.example.com").handshake("/m", Some(&signature)),
                Ok(()),
                "{signed}"
            );
        }
    }

    #[test]
    fn anything_changed_on_the_way_is_refused() {
        let gateway = verifier("https://gw.example.com");
        let mut more = voice_params();
        more.push(("Extra".to_owned(), String::new()));
        let mut other = voice_params();
        other[2].1 = "+15550100009".to_owned();
        for (why, path, params) in [
            ("a parameter more", VOICE, more),
            ("another caller", VOICE, other),
            ("a parameter less", VOICE, voice_params()[1..].to_vec()),
            ("another query", "/hooks/twilio/voice?tenant=other", voice_params()),
            ("another path", "/voice?tenant=acme", voice_params()),
        ] {
            assert_eq!(gateway.webhook(path, &params, Some(T1)).unwrap_err().cause, Cause::Mismatch, "{why}");
        }
        let https = sign(&token(), "https://gw.example.com/m", &[]);
        assert_eq!(gateway.handshake("/m", Some(&https)).unwrap_err().cause, Cause::Mismatch);
        for junk in ["", "x", "====", "4tiGHsS8QxAsZZwcIWBdVjvgYz9="] {
            assert_eq!(
                gateway.webhook(VOICE, &voice_params(), Some(junk)).unwrap_err().cause,
                Cause::Mismatch
            );
        }
        assert_eq!(gateway.webhook(VOICE, &voice_params(), None).unwrap_err().cause, Cause::Missing);
        let other_token = Verifier::new(SecretString::from("other"), gateway.public_url.clone());
        assert_eq!(other_token.webhook(VOICE, &voice_params(), Some(T1)).unwrap_err().cause, Cause::Mismatch);
    }

    #[test]
    fn a_refusal_helps_the_admin_and_tells_no_secret() {
        let gateway = verifier("https://gw.example.com");
        let refused = gateway.webhook("/x", &voice_params(), Some(T3)).unwrap_err();
        let expected = sign(&token(), "https://gw.example.com/x", &voice_params());
        let said = format!("{refused} {refused:?} {gateway:?}");
        assert!(said.contains("https://gw.example.com/x") && said.contains("--public-url"), "{said}");
        for secret in [TOKEN, expected.as_str(), T3, "+15550100001"] {
            assert!(!said.contains(secret), "{said}");
        }
    }

    #[test]
    fn a_name_sent_twice_counts_once_for_each_value() {
        let twice = params(&[("A", "2"), ("A", "1"), ("A", "2")]);
        assert_eq!(base("u", &twice), "uA1A2");
    }

    #[test]
    fn a_public_url_that_cannot_be_one_is_refused() {
        for bad in
            ["ftp://gw.example.com", "https://gw.example.com/?a=1", "https://me@gw.example.com", "data:x"]
        {
            assert!(PublicUrl::parse(&Url::parse(bad).expect("a URL")).is_err(), "{bad}");
        }
        for bare in ["http://gw.example.com", "http://10.0.0.1:8080", "http://localhost.example.com"] {
            let fault = PublicUrl::parse(&Url::parse(bare).expect("a URL")).unwrap_err();
            assert!(fault.to_string().contains("https://"), "{bare}: {fault}");
        }
        for ours in ["http://127.0.0.1:8080", "http://localhost", "http://[::1]:80"] {
            assert!(PublicUrl::parse(&Url::parse(ours).expect("a URL")).is_ok(), "{ours}");
        }
        let public = PublicUrl::parse(&Url::parse("https://gw.example.com:8443/base/").expect("a URL"))
            .expect("a public URL that is allowed");
        assert_eq!(public.webhook("/a?b=1"), "https://gw.example.com:8443/base/a?b=1");
        assert_eq!(public.stream("/m"), "wss://gw.example.com:8443/base/m");
    }
}
