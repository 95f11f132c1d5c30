//! What is wanted where something else stands: plain words and a remedy for each.
//!
//! Promises: a value that comes out is of the kind that was wanted; else it is said what stands there and
//! what to write.
//! Never: reads two meanings into one spelling: `yes`, `010` and `1e3` are told, not guessed.

use std::fmt;

use centralita_core::base::nearest;
use serde_json::Value;

use super::place::Place;
use super::problems::shown;
use super::tree::{Held, Node};

/// What one may write, to be shown where it is missing or wrong.
const EXAMPLES: &[(&str, &str)] = &[
    ("version", "1"),
    ("id", "shop"),
    ("title", "The shop"),
    ("language", "en"),
    ("currency", "EUR"),
    ("greeting", "Thank you for calling. How can I help?"),
    ("prompt", "Be brief and friendly."),
    ("tools", "[shop.refund]"),
    ("keys", "{1: shop.refund}"),
    ("answers", "[{when: [are you open], say: Always.}]"),
    ("timing", "{end_of_turn: 700}"),
    ("spoken_yes", "{accepted_because: words}"),
    ("tests", "[{name: opening hours, call: [{caller: are you open}, {agent: nine to six}]}]"),
    ("call", "[{caller: are you open}, {agent: nine to six}]"),
    ("caller", "are you open"),
    ("recording", "after_consent"),
    ("recording_question", "May we record this call?"),
    ("accepted_because", "a misheard yes does no harm here"),
    ("private", "[email, phone]"),
    ("private_in_recording", "{accepted_because: words}"),
    ("when", "[are you open, when do you close]"),
    ("say", "We are open from nine to six."),
    ("kind", "http"),
    ("connection", "{url: https://mcp.example/mcp}"),
    ("url", "https://mcp.example/mcp"),
    ("command", "weather-server"),
    ("args", "[--units, metric]"),
    ("env", "{WEATHER_TOKEN: secret.NAME}"),
    ("tool", "book-table"),
    ("arguments", "{calendar: main}"),
    ("argument", "request_id"),
    ("base_url", "https://shop.example/v1"),
    ("auth", "{bearer: secret.NAME}"),
    ("user", "shop"),
    ("password", "secret.NAME"),
    ("token_url", "https://login.example/token"),
    ("client_id", "shop"),
    ("client_secret", "secret.NAME"),
    ("name", "order"),
    ("description", "Look up an order."),
    ("parameters", "[{name: order, kind: digits, ask: Which order?}]"),
    ("examples", "[where is my order]"),
    ("min", "1"),
    ("max", "10"),
    ("one_of", "[small, large]"),
    ("list", "5"),
    ("default", "small"),
    ("from", "{constant: phone}"),
    ("constant", "phone"),
    ("secret", "NAME"),
    ("call", "from"),
    ("now", "Europe/Madrid"),
    ("variable", "orders"),
    ("store", "{orders: orders}"),
    ("as", "text"),
    ("form", "{order: \"{order}\"}"),
    ("multipart", "{order: \"{order}\"}"),
    ("pattern", "'^[0-9]{5}$'"),
    ("request", "{method: GET, path: \"/orders/{order}\"}"),
    ("method", "GET"),
    ("path", "\"/orders/{order}\""),
    ("steps", "[{id: login, request: {..}}, {id: order, request: {..}}]"),
    ("if", "amount | minor > 2000"),
    ("response", "{map: {state: state}}"),
    ("map", "{state: state}"),
    ("sample", "{state: on its way}"),
    ("errors", "{404: There is no such order.}"),
    ("errors_when", "[{when: orders | length == 0, error: There is no such order.}]"),
    ("parameter", "order"),
    ("error", "That does not fit."),
    ("not_done_on", "[503]"),
    ("error_means", "not_done"),
    ("probe", "{request: {method: GET, path: \"/refunds/{key}\"}, done: state == 'paid'}"),
    ("absent_after_s", "60"),
    ("absent_on", "[404]"),
    ("timeout_ms", "8000"),
    ("bearer", "secret.NAME"),
    ("header", "Idempotency-Key"),
    ("value", "secret.NAME"),
];

/// Where a value stands.
#[derive(Clone, Copy, Debug)]
pub(super) enum Context<'t> {
    File,
    Field(&'t str),
    ItemOf(&'t str),
    KeyOf(&'t str),
}

impl<'t> Context<'t> {
    /// The field it stands under.
    pub(super) fn name(self) -> &'t str {
        match self {
            Context::File => "",
            Context::Field(name) | Context::ItemOf(name) | Context::KeyOf(name) => name,
        }
    }

    /// For what is missing inside.
    fn inside(self) -> String {
        match self {
            Context::File => "in this file".to_owned(),
            Context::Field(name) => format!("in `{}`", shown(name)),
            Context::ItemOf(name) | Context::KeyOf(name) => format!("in this item of `{}`", shown(name)),
        }
    }
}

impl fmt::Display for Context<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Context::File => f.write_str("a definition"),
            Context::Field(name) => write!(f, "`{}`", shown(name)),
            Context::ItemOf(name) => write!(f, "an item of `{}`", shown(name)),
            Context::KeyOf(name) => write!(f, "a key of `{}`", shown(name)),
        }
    }
}

/// One thing that is wrong, and what it makes unreadable.
#[derive(Debug)]
pub(super) struct Wrong {
    pub(super) at: Place,
    pub(super) what: String,
    pub(super) remedy: String,
    pub(super) node: Option<u32>,
    /// A field that is missing, in a map that serde does not know.
    pub(super) missing: Option<(Option<u32>, &'static str)>,
}

impl Wrong {
    fn new(node: &Node, what: impl Into<String>, remedy: impl Into<String>) -> Wrong {
        let (what, remedy) = (what.into(), remedy.into());
        Wrong { at: node.place, what, remedy, node: Some(node.id), missing: None }
    }

    /// The same, about this map if serde missed one of its fields.
    pub(super) fn lacking(self, map: &Node, context: Context<'_>) -> Wrong {
        let Some((None, field)) = self.missing else { return self };
        let what = format!("`{field}` is missing {}", context.inside());
        let remedy = format!("add `{}`", line(field));
        Wrong { at: map.place, what, remedy, node: None, missing: Some((Some(map.id), field)) }
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for Wrong {}

/// Serde's own: of these only a missing field can come up, all others are told before serde looks.
impl serde::de::Error for Wrong {
    fn custom<T: fmt::Display>(what: T) -> Wrong {
        let remedy = "docs/definitions.md lists every field".to_owned();
        Wrong { at: Place::default(), what: what.to_string(), remedy, node: None, missing: None }
    }

    fn missing_field(field: &'static str) -> Wrong {
        Wrong { missing: Some((None, field)), ..Wrong::custom(format!("`{field}` is missing")) }
    }
}

/// `field: example`.
fn line(field: &str) -> String {
    let example = EXAMPLES.iter().find(|(name, _)| *name == field).map_or("..", |(_, example)| *example);
    format!("{field}: {example}")
}

fn write_like(context: Context<'_>, otherwise: &str) -> String {
    match context {
        Context::Field(name) if EXAMPLES.iter().any(|(known, _)| *known == name) => {
            format!("write `{}`", line(name))
        }
        Context::File | Context::Field(_) | Context::ItemOf(_) | Context::KeyOf(_) => otherwise.to_owned(),
    }
}

fn or_left_out(context: Context<'_>, otherwise: &str) -> String {
    format!("{}; for none, leave the line out", write_like(context, otherwise))
}

/// What stands there, for people.
fn here(node: &Node) -> String {
    match &node.held {
        _ if node.is_null() => "here is nothing".to_owned(),
        Held::Text { text, plain: true } if begins_like_a_number(text) && text.parse::<f64>().is_ok() => {
            format!("here it is the number {}", shown(text))
        }
        Held::Text { text, plain: true } => format!("here it is the text `{}`", shown(text)),
        Held::Text { text, plain: false } => format!("here it is the quoted text `{}`", shown(text)),
        Held::List(_) => "here it is a list".to_owned(),
        Held::Map(_) | Held::Told => "here it is a map of fields".to_owned(),
    }
}

fn must(node: &Node, context: Context<'_>, be: &str, remedy: impl Into<String>) -> Wrong {
    Wrong::new(node, format!("{context} must be {be}, {}", here(node)), remedy)
}

pub(super) fn text<'t>(node: &'t Node, context: Context<'_>) -> Result<&'t str, Wrong> {
    match &node.held {
        _ if node.is_null() => Err(must(node, context, "a text", write_like(context, "write one"))),
        Held::Text { text, .. } => Ok(text),
        // `{order}` without quotes is a map from `order` to nothing.
        Held::Map(entries) if !entries.is_empty() && entries.iter().all(|(_, value)| value.is_null()) => {
            let names: Vec<&str> = entries.iter().map(|(key, _)| key.text()).collect();
            let remedy =
                format!("a text that begins with `{{` wants quotes: \"{{{}}}\"", shown(&names.join(", ")));
            Err(must(node, context, "a text", remedy))
        }
        Held::Map(_) | Held::List(_) | Held::Told => {
            let remedy = "write one text; if it begins with `{` or `[`, put it in quotes";
            Err(must(node, context, "a text", remedy))
        }
    }
}

pub(super) fn number(node: &Node, max: u64, context: Context<'_>) -> Result<u64, Wrong> {
    const WANTED: &str = "a whole number";
    let Held::Text { text, plain } = &node.held else {
        return Err(must(node, context, WANTED, write_like(context, "write one number, in digits alone")));
    };
    let is_digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let number = text.parse::<u64>().ok();
    let has_zero = text.len() > 1 && text.starts_with('0');
    match number {
        Some(number) if is_digits && *plain && !has_zero && number <= max => return Ok(number),
        Some(number) if is_digits && number <= max => {
            let fault = if *plain { "begins with a zero" } else { "stands in quotes" };
            let what = format!("{context} must be {WANTED}, here it {fault}: `{}`", shown(text));
            let remedy = if *plain { "" } else { ", without quotes" };
            return Err(Wrong::new(node, what, format!("write `{number}`{remedy}")));
        }
        _ => {}
    }
    let digits: String = text.chars().filter(|c| !matches!(c, '_' | ',' | '\'' | ' ')).collect();
    let remedy = match (is_digits, digits.parse::<u64>(), text.parse::<f64>()) {
        (true, ..) => format!("write a number from 0 to {max}"),
        (_, Ok(number), _) => format!("write `{number}`, in digits alone"),
        (_, _, Ok(number)) if number >= 0.0 && number.fract() == 0.0 && number <= f64::from(u32::MAX) => {
            format!("write `{number}`, in digits alone")
        }
        (_, _, Ok(number)) if number < 0.0 => "write one that is not below zero".to_owned(),
        _ => write_like(context, "write it in digits alone, without a unit"),
    };
    Err(must(node, context, WANTED, remedy))
}

pub(super) fn boolean(node: &Node, context: Context<'_>) -> Result<bool, Wrong> {
    if let Held::Text { text, plain: true } = &node.held
        && let Some(known) = truth(text)
    {
        return Ok(known);
    }
    let remedy = match node.text().to_ascii_lowercase().as_str() {
        "yes" | "on" | "y" | "1" | "true" => "write `true`, without quotes",
        "no" | "off" | "n" | "0" | "false" => "write `false`, without quotes",
        _ => "write `true` or `false`",
    };
    Err(must(node, context, "`true` or `false`", remedy))
}

fn truth(text: &str) -> Option<bool> {
    match text {
        "true" | "True" | "TRUE" => Some(true),
        "false" | "False" | "FALSE" => Some(false),
        _ => None,
    }
}

/// A plain value of JSON.
pub(super) fn json(node: &Node, context: Context<'_>) -> Result<Value, Wrong> {
    let text = node.text();
    if node.is_null() {
        return Ok(Value::Null);
    }
    if let Some(known) = truth(text) {
        return Ok(known.into());
    }
    let twofold = |meant: &str| {
        let what = format!("{context} could be `{meant}` or the text `{}`", shown(text));
        Wrong::new(node, what, format!("write `{meant}`, or for the text: \"{}\"", shown(text)))
    };
    match text.to_ascii_lowercase().as_str() {
        "yes" | "on" => return Err(twofold("true")),
        "no" | "off" => return Err(twofold("false")),
        _ => {}
    }
    if !begins_like_a_number(text) {
        return Ok(text.into());
    }
    match serde_json::from_str(text) {
        Ok(Value::Number(number)) => Ok(number.into()),
        _ => number_of_yaml(text).map_or_else(|| Ok(text.into()), |number| Err(twofold(&number))),
    }
}

fn begins_like_a_number(text: &str) -> bool {
    text.trim_start_matches(['+', '-']).starts_with(|c: char| c.is_ascii_digit() || c == '.')
}

/// What some readers of YAML take for a number, though JSON does not write it so.
fn number_of_yaml(text: &str) -> Option<String> {
    let text = text.replace('_', "");
    let digits = text.trim_start_matches(['+', '-']);
    let sign = if text.starts_with('-') { "-" } else { "" };
    let radix = |prefix: &str, radix| u64::from_str_radix(digits.strip_prefix(prefix)?, radix).ok();
    if let Some(number) = radix("0x", 16).or_else(|| radix("0o", 8)).or_else(|| radix("0b", 2)) {
        return Some(format!("{sign}{number}"));
    }
    if digits.bytes().all(|b| b.is_ascii_digit()) {
        let number = digits.trim_start_matches('0');
        return Some(format!("{sign}{}", if number.is_empty() { "0" } else { number }));
    }
    text.parse::<f64>().ok().filter(|number| number.is_finite()).map(|number| number.to_string())
}

pub(super) fn list(node: &Node, context: Context<'_>) -> Wrong {
    let remedy = match &node.held {
        _ if node.is_null() => or_left_out(context, "write a list"),
        Held::Text { text, .. } => {
            format!("write `[{}]`, or each item on a line of its own after `- `", shown(text))
        }
        Held::Map(_) | Held::List(_) | Held::Told => "begin each item with `- `".to_owned(),
    };
    must(node, context, "a list", remedy)
}

pub(super) fn map(node: &Node, context: Context<'_>) -> Wrong {
    must(node, context, "a map of names to values", or_left_out(context, "write `name: value` under it"))
}

/// A map with these fields was wanted.
pub(super) fn fields(node: &Node, fields: &[&str], context: Context<'_>) -> Wrong {
    let remedy = match context {
        Context::File => {
            "begin with `version: 1` and `id: NAME`; docs/definitions.md lists every field".to_owned()
        }
        Context::Field(_) | Context::ItemOf(_) | Context::KeyOf(_) => {
            write_like(context, &format!("fields here: {}", fields.join(", ")))
        }
    };
    must(node, context, "a map of fields", remedy)
}

/// A field nobody knows. If it stands for one that is not there, that one is not missed as well.
pub(super) fn known_field(
    map: u32,
    odd: &Node,
    fields: &'static [&'static str],
    entries: &[(Node, Node)],
) -> Wrong {
    let absent = |field: &&&'static str| entries.iter().all(|(key, _)| key.text() != **field);
    let meant = nearest(odd.text(), fields.iter().filter(absent).copied());
    let remedy = match meant {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("fields here: {}", fields.join(", ")),
    };
    let wrong = Wrong::new(odd, format!("there is no field `{}` here", shown(odd.text())), remedy);
    Wrong { missing: meant.map(|meant| (Some(map), meant)), ..wrong }
}

/// One of several names: alone, or as the one field of a map with what it holds.
pub(super) fn choice<'t>(
    node: &'t Node,
    names: &'static [&'static str],
    context: Context<'_>,
) -> Result<(&'t Node, Option<&'t Node>), Wrong> {
    let list = names.join(", ");
    let (key, content) = match &node.held {
        Held::Text { .. } if !node.is_null() => (node, None),
        Held::Map(entries) => match entries.as_slice() {
            [(key, value)] => (key, Some(value)),
            [] => return Err(Wrong::new(node, format!("{context} is empty"), format!("one of: {list}"))),
            [_, (second, _), ..] => {
                let what = format!("{context} takes one field, this is a second one");
                let wrong =
                    Wrong { at: second.place, ..Wrong::new(node, what, format!("keep one of: {list}")) };
                return Err(wrong);
            }
        },
        Held::Text { .. } | Held::List(_) | Held::Told => {
            return Err(must(node, context, "one of a few words", format!("one of: {list}")));
        }
    };
    if names.contains(&key.text()) {
        return Ok((key, content));
    }
    let remedy = match nearest(key.text(), names.iter().copied()) {
        Some(meant) => format!("did you mean `{meant}`? one of: {list}"),
        None => format!("one of: {list}"),
    };
    let what = format!("{context} cannot be `{}`", shown(key.text()));
    Err(Wrong { at: key.place, ..Wrong::new(node, what, remedy) })
}

/// Whether `auth` is a map of what goes along; else it is `none`.
pub(super) fn auth(node: &Node, context: Context<'_>) -> Result<bool, Wrong> {
    match &node.held {
        Held::Map(_) => Ok(true),
        Held::Text { text, .. } if text == "none" => Ok(false),
        Held::Text { text, .. } if super::auth::FIELDS.contains(&text.as_str()) => {
            Err(content(text, Some(node)))
        }
        Held::Text { .. } | Held::List(_) | Held::Told => {
            Err(must(node, context, "`none` or a map of fields", write_like(context, "write a map")))
        }
    }
}

/// A choice that holds something stands alone.
pub(super) fn content(name: &str, at: Option<&Node>) -> Wrong {
    let what = format!("`{name}` needs a value");
    let remedy = format!("write `{{{name}: ..}}`");
    at.map_or_else(|| <Wrong as serde::de::Error>::custom(&what), |at| Wrong::new(at, &what, remedy))
}

/// A choice that stands alone holds something.
pub(super) fn alone(name: &str, at: &Node) -> Wrong {
    Wrong::new(at, format!("`{name}` stands alone"), format!("write `{name}` with nothing under it"))
}
