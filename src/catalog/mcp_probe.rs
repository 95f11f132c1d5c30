//! The probe of an MCP server's tool, as if it had been written by hand: a call of another tool that only reads.
//!
//! Promises: what is called is a tool of the same file of which the admin wrote `effects: none`, with arguments that its pin
//! takes and none missing that it demands.
//! Never: takes a server's own word for it that a tool only reads.

use std::collections::BTreeMap;

use centralita_core::conversation::Effects;
use serde_json::{Map, Value};

use super::mcp::request;
use super::mcp_written::{McpProbeWritten, McpToolWritten};
use super::place::Spanned;
use super::problems::Desk;
use super::written::{AnswersWritten, ProbeWritten};
use crate::integrations::mcp::{Pinned, Pins};

/// The tools of a file that may be called by a probe: by their names here, what the server calls them.
pub(super) type Readers = BTreeMap<String, String>;

pub(super) fn readers(tools: &[Spanned<McpToolWritten>]) -> Readers {
    let only_reads = |tool: &&Spanned<McpToolWritten>| {
        tool.value.effects.as_ref().is_some_and(|effects| effects.value == Effects::None)
    };
    tools.iter().filter(only_reads).map(|tool| (tool.value.name.value.clone(), tool.value.called())).collect()
}

/// The probe, and the server's own name of the tool that it calls; none where it calls no such tool.
pub(super) fn probe(
    desk: &mut Desk<'_>,
    written: Spanned<McpProbeWritten>,
    readers: &Readers,
    pins: &Pins,
) -> Option<(Spanned<ProbeWritten>, String)> {
    let Spanned { place, value } = written;
    let McpProbeWritten { tool, arguments, done, failed, absent_after_s, map, sample } = value;
    let Some(called) = readers.get(&tool.value) else {
        let remedy = match readers.is_empty() {
            true => "pick a tool of this server that only reads, and write `effects: none` of it".to_owned(),
            false => {
                format!("those are: {}", readers.keys().map(String::as_str).collect::<Vec<_>>().join(", "))
            }
        };
        let what = format!("a probe only asks, and `{}` is no tool here with `effects: none`", tool.value);
        desk.say(tool.place, what, remedy);
        return None;
    };
    // Without a pin that was told of the tool itself.
    fits(desk, &tool, &arguments, pins.get(called)?);
    let at = arguments.values().next().map_or(tool.place, |value| value.place);
    let arguments: Map<String, Value> =
        arguments.into_iter().map(|(name, value)| (name, value.value)).collect();
    let request = request(place, Spanned { place: at, value: Value::Object(arguments) });
    let probe = ProbeWritten {
        request: Spanned { place: tool.place, value: request },
        is_call: true,
        done,
        failed,
        absent_after_s,
        absent_on: Vec::new(),
        answers: AnswersWritten::default(),
        map,
        sample,
    };
    Some((Spanned { place, value: probe }, called.clone()))
}

/// The arguments are what the tool takes.
fn fits(
    desk: &mut Desk<'_>,
    tool: &Spanned<String>,
    arguments: &BTreeMap<String, Spanned<Value>>,
    pinned: &Pinned,
) {
    for (name, value) in arguments.iter().filter(|(name, _)| !pinned.takes(name)) {
        let what = format!("the server's tool `{}` takes no argument `{name}`", pinned.name);
        desk.say(value.place, what, "see `centralita mcp tools`; names are the server's here");
    }
    for name in pinned.demands().filter(|name| !arguments.contains_key(*name)) {
        let what = format!("the server's tool `{}` demands `{name}`", pinned.name);
        let remedy = format!(
            "write it under the probe's `arguments`: {{{name}: ..}}; {{{{ key }}}} is the key that went along"
        );
        desk.say(tool.place, what, remedy);
    }
}
