//! Values on the command line: what may stand behind a flag.
//!
//! Promises: what is refused says how it is written.
//! Never: opens or asks what a value names.

use std::net::SocketAddr;
use std::str::FromStr;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use url::Url;

use crate::core::language::Language;

/// Digits of an account's SID, behind its AC.
const ACCOUNT_DIGITS: usize = 32;

/// A whole number.
pub(super) fn whole<N: FromStr>(text: &str) -> Result<N, String> {
    text.parse().map_err(|_| "write a whole number".to_owned())
}

/// A whole number, at least 1.
pub(super) fn at_least_one<N: FromStr + PartialOrd + From<u8>>(text: &str) -> Result<N, String> {
    text.parse().ok().filter(|n| *n >= N::from(1)).ok_or_else(|| "write a whole number, 1 or more".to_owned())
}

/// A language of the gateway's, by its tag.
pub(super) fn language(text: &str) -> Result<Language, String> {
    let codes = || Language::ALL.map(Language::code).join(", ");
    Language::parse(text).ok_or_else(|| format!("write one of these languages: {}", codes()))
}

/// `name=value`.
pub(super) fn argument(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').filter(|(name, _)| !name.is_empty());
    pair.map(|(name, value)| (name.to_owned(), value.to_owned()))
        .ok_or_else(|| "write a parameter's name and its value: order=1182".to_owned())
}

/// A time: a span before now, a day in UTC, or a moment. In microseconds since 1970.
pub(super) fn since(text: &str) -> Result<i64, String> {
    let now = Timestamp::now().to_zoned(TimeZone::UTC);
    let ago = || {
        text.parse::<Span>()
            .ok()
            .filter(|span| !span.is_negative())
            .and_then(|span| now.checked_sub(span).ok())
    };
    let day = || text.parse::<Date>().ok().and_then(|day| day.to_zoned(TimeZone::UTC).ok());
    let moment = || text.parse::<Timestamp>().ok().map(|moment| moment.to_zoned(TimeZone::UTC));
    let found = ago().or_else(moment).or_else(day).map(|at| at.timestamp().as_microsecond());
    found.ok_or_else(|| {
        "write a span like 24h or 7d, a day like 2026-11-29, or a moment like 2026-11-29T06:10:00Z".to_owned()
    })
}

/// Where to listen.
pub(super) fn listening(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "write an address of this machine and a port, like 127.0.0.1:8080".to_owned())
}

/// An account of Twilio's.
pub(super) fn account(text: &str) -> Result<String, String> {
    let digits = text.strip_prefix("AC").filter(|digits| digits.len() == ACCOUNT_DIGITS);
    let hex = digits.is_some_and(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
    hex.then(|| text.to_owned())
        .ok_or_else(|| "write the account's SID: AC and 32 hexadecimal digits".to_owned())
}

/// An address on the web.
pub(super) fn web(text: &str) -> Result<Url, String> {
    url(text, &["http", "https"], "https://gw.example.com")
}

/// Whom a carrier can call.
pub(super) fn callee(text: &str) -> Result<Url, String> {
    url(text, &["http", "https", "ws", "wss"], "http://127.0.0.1:8080/hooks/twilio/voice")
}

fn url(text: &str, schemes: &[&str], like: &str) -> Result<Url, String> {
    let url = Url::parse(text).ok().filter(|url| schemes.contains(&url.scheme()) && url.has_host());
    url.ok_or_else(|| format!("write it with its scheme ({}), like {like}", schemes.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_refused_says_how_it_is_written() {
        for text in ["gw.example.com", "127.0.0.1:8080", "mailto:me", "ftp://x", "https://", ""] {
            assert!(callee(text).unwrap_err().contains("http://127.0.0.1:8080/hooks"), "{text}");
            assert!(web(text).unwrap_err().contains("https://gw.example.com"), "{text}");
        }
        assert!(web("ws://x").is_err() && callee("ws://x").is_ok() && web("https://x").is_ok());
        for text in ["0", "-1", "x", "", "1.5", "99999999999999999999"] {
            assert_eq!(
                at_least_one::<u64>(text),
                Err("write a whole number, 1 or more".to_owned()),
                "{text}"
            );
        }
        assert_eq!((at_least_one(&u64::MAX.to_string()), whole("0")), (Ok(u64::MAX), Ok(0_u64)));
        let sid = format!("AC{}", "0f".repeat(16));
        assert_eq!(account(&sid), Ok(sid.clone()));
        for text in ["foo", "", &sid[1..], &sid[..33], &format!("{sid}0"), &sid.replace('f', "g")] {
            assert!(account(text).unwrap_err().contains("AC and 32"), "{text}");
        }
        assert!(language("nl").unwrap_err().contains("en, es") && language("pt-BR").is_ok());
        assert!(argument("order").is_err() && argument("=1").is_err());
        assert_eq!(argument("note=a=b"), Ok(("note".to_owned(), "a=b".to_owned())));
        for text in ["24h", "7d", "2026-11-29", "2026-11-29T06:10:00Z"] {
            assert!(since(text).is_ok_and(|at| at > 0), "{text}");
        }
        assert!(
            since("yesterday").unwrap_err().contains("24h") && since("-1d").is_err() && since("").is_err()
        );
        assert!(listening("8080").is_err() && listening("127.0.0.1:0").is_ok());
    }
}
