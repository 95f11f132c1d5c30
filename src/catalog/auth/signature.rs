//! `hmac` and `standard_webhooks` of an integration: from written to meant.
//!
//! Promises: what is signed has a value in every request, and whoever checks the signature can know the time that is in it.
//! Never: signs anything.

use super::written::{AlgorithmWritten, ClockWritten, EncodingWritten, HmacWritten};
use super::{Writes, secret};
use crate::catalog::place::Spanned;
use crate::catalog::problems::Desk;
use crate::integrations::{Algorithm, Clock, Encoding, Hmac, SHOWN, SIGNED, Signature, holes};

const OVER: &str = "over";
const VALUE: &str = "value";

pub(super) fn read(
    desk: &mut Desk<'_>,
    writes: &mut Writes,
    hmac: Option<&Spanned<HmacWritten>>,
    webhooks: Option<&Spanned<String>>,
) -> Option<Signature> {
    if let (Some(_), Some(webhooks)) = (hmac, webhooks) {
        desk.say(webhooks.place, "a request is signed once", "keep `hmac` or `standard_webhooks`");
    }
    let own = hmac.and_then(|hmac| read_hmac(desk, writes, &hmac.value));
    let standard = webhooks.and_then(|webhooks| {
        for header in ["webhook-timestamp", "webhook-signature"] {
            writes.header(desk, webhooks.place, header, "standard_webhooks");
        }
        Some(Signature::StandardWebhooks { secret: secret(desk, webhooks)? })
    });
    own.or(standard)
}

fn read_hmac(desk: &mut Desk<'_>, writes: &mut Writes, written: &HmacWritten) -> Option<Signature> {
    let HmacWritten { secret: key, header, over, value, timestamp_header, .. } = written;
    writes.header(desk, header.place, &header.value, "hmac");
    if let Some(header) = timestamp_header {
        writes.header(desk, header.place, &header.value, "hmac");
    }
    let signs = names(desk, over, OVER, SIGNED);
    let shows = value.as_ref().map_or_else(Vec::new, |value| names(desk, value, VALUE, SHOWN));
    if signs.is_empty() && !over.value.contains('{') {
        let remedy = "name what is signed: \"{timestamp}.{body}\", as the system's documentation has it";
        desk.say(over.place, "this signs the same for every request", remedy);
    }
    if let Some(value) = value.as_ref().filter(|_| !shows.contains(&"signature")) {
        desk.say(value.place, "this header has no signature in it", "write `{signature}` where it goes");
    }
    let goes_along = shows.contains(&"timestamp") || timestamp_header.is_some();
    if signs.contains(&"timestamp") && !goes_along {
        let remedy =
            "add `timestamp_header: X-Timestamp`, or write it into `value`: \"t={timestamp},v1={signature}\"";
        desk.say(over.place, "a time is signed, and nobody is told which", remedy);
    }
    if let Some(header) = timestamp_header.as_ref().filter(|_| !signs.contains(&"timestamp")) {
        let what = "a time that is not signed proves nothing: anybody could put another one there";
        desk.say(header.place, what, "write `{timestamp}` into `over`, or leave this out");
    }
    Some(Signature::Hmac(Hmac {
        secret: secret(desk, key)?,
        header: header.value.clone(),
        algorithm: match written.algorithm {
            AlgorithmWritten::Sha256 => Algorithm::Sha256,
            AlgorithmWritten::Sha512 => Algorithm::Sha512,
        },
        encoding: match written.encoding {
            EncodingWritten::Hex => Encoding::Hex,
            EncodingWritten::Base64 => Encoding::Base64,
        },
        over: over.value.clone(),
        value: value.as_ref().map_or_else(|| "{signature}".to_owned(), |value| value.value.clone()),
        clock: match written.timestamp {
            ClockWritten::Seconds => Clock::Seconds,
            ClockWritten::Milliseconds => Clock::Milliseconds,
            ClockWritten::Rfc3339 => Clock::Rfc3339,
        },
        timestamp_header: timestamp_header.as_ref().map(|header| header.value.clone()),
    }))
}

/// The names in a template's braces; one that has no value here is told.
fn names<'t>(
    desk: &mut Desk<'_>,
    template: &'t Spanned<String>,
    field: &str,
    known: &[&str],
) -> Vec<&'t str> {
    let list = || known.iter().map(|name| format!("{{{name}}}")).collect::<Vec<_>>().join(", ");
    match holes(&template.value) {
        Ok(names) => {
            for name in names.iter().filter(|name| !known.contains(name)) {
                let what = format!("`{{{name}}}` has no value in `{field}`");
                desk.say(template.place, what, format!("what has: {}", list()));
            }
            names
        }
        Err(what) => {
            desk.say(template.place, what, format!("what has a value here: {}", list()));
            Vec::new()
        }
    }
}
