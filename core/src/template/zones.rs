//! Times of day here and in the systems behind the tools: between an hour of a place and an hour of the world.
//!
//! Promises: the rules of all zones are those this program was built with, so that a journal folds alike on any machine; an
//! hour that a place has twice, or never, is refused.
//! Never: reads a clock, or the machine's own zone.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZoneDatabase;
use minijinja::value::Value as Held;
use minijinja::{Environment, Error};

use super::words::{plain, unreadable};

/// Date and time of day.
const CLOCK: &str = "%Y-%m-%dT%H:%M";

/// `2026-07-27T12:05:00Z | local('Europe/Madrid')` is `2026-07-27T14:05`, and `utc` the way back.
pub(super) fn add_filters(env: &mut Environment<'static>) {
    let zones = TimeZoneDatabase::bundled();
    let known = zones.clone();
    env.add_filter("local", move |value: &Held, zone: &str| {
        plain(value).and_then(|text| local(&known, &text, zone)).ok_or_else(unreadable)
    });
    env.add_filter("utc", move |value: &Held, zone: &str| -> Result<String, Error> {
        plain(value).and_then(|text| utc(&zones, &text, zone)).ok_or_else(unreadable)
    });
}

/// A moment with its offset (RFC 3339), as date and time of day of a zone.
fn local(zones: &TimeZoneDatabase, text: &str, zone: &str) -> Option<String> {
    let there = text.parse::<Timestamp>().ok()?.to_zoned(zones.get(zone).ok()?);
    Some(there.strftime(CLOCK).to_string())
}

/// Date and time of day of a zone, as RFC 3339 writes a moment in UTC.
fn utc(zones: &TimeZoneDatabase, text: &str, zone: &str) -> Option<String> {
    let there = DateTime::strptime(CLOCK, text).ok()?;
    let moment = zones.get(zone).ok()?.to_ambiguous_timestamp(there).unambiguous().ok()?;
    Some(moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}
