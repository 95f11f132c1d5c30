//! How often a tool may run, and for how long an answer counts: from written to meant.
//!
//! Promises: no limit that passes lets nothing through, and what has effects is never answered from memory.
//! Never: counts.

use centralita_core::base::Millis;
use centralita_core::conversation::Effects;

use super::place::Spanned;
use super::reader::Reader;
use super::written::{LimitsWritten, ToolWritten};
use crate::integrations::PerCaller;

/// More than any caller wishes for in one call or one day.
pub(super) const RUNS_MAX: u32 = 1_000;
/// The longest call by default: what was learnt in it counts to its end at most.
pub(super) const CACHE_S_MAX: u32 = 900;

/// What keeps a system from being asked too often.
pub(super) struct Sparing {
    pub(super) per_call: Option<u32>,
    pub(super) per_caller: PerCaller,
    pub(super) cache: Option<Millis>,
}

pub(super) fn sparing(reader: &mut Reader<'_, '_>, tool: &ToolWritten, effects: Effects) -> Sparing {
    let LimitsWritten { per_call, per_caller } = &tool.limits;
    let per_caller = PerCaller {
        per_hour: runs(reader, per_caller.per_hour.as_ref()),
        per_day: runs(reader, per_caller.per_day.as_ref()),
    };
    if let (Some(hour), Some(day), Some(at)) =
        (per_caller.per_hour, per_caller.per_day, &tool.limits.per_caller.per_hour)
        && hour > day
    {
        reader.say(at.place, "more is allowed in an hour than in a day", "let `per_hour` be the smaller one");
    }
    let per_call = runs(reader, per_call.as_ref());
    let is_limited = per_call.is_some() || per_caller != PerCaller::default();
    if let Some(words) = tool.phrases.spent.as_ref().filter(|_| !is_limited) {
        let remedy = "write `limits:` with `per_call` or `per_caller`, or leave it out";
        reader.say(words.place, "`spent` is never said of a tool without limits", remedy);
    }
    Sparing { per_call, per_caller, cache: cache(reader, tool.cache_s.as_ref(), effects) }
}

fn runs(reader: &mut Reader<'_, '_>, written: Option<&Spanned<u32>>) -> Option<u32> {
    let written = written?;
    if !(1..=RUNS_MAX).contains(&written.value) {
        let what = format!("{} is no limit", written.value);
        reader.say(
            written.place,
            what,
            format!("1 to {RUNS_MAX}; a tool that may never run is not assigned to the agent"),
        );
    }
    Some(written.value)
}

fn cache(reader: &mut Reader<'_, '_>, written: Option<&Spanned<u32>>, effects: Effects) -> Option<Millis> {
    let written = written?;
    if effects != Effects::None {
        let remedy = "leave `cache_s` out; or, if this request changes nothing, write `effects: none`";
        reader.say(written.place, "what has effects is never answered from memory", remedy);
    }
    if !(1..=CACHE_S_MAX).contains(&written.value) {
        let what = format!("{} seconds is no time for which an answer counts", written.value);
        reader.say(written.place, what, format!("1 to {CACHE_S_MAX}"));
    }
    Some(Millis(written.value.saturating_mul(1_000)))
}
