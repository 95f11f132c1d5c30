//! Tools of MCP servers for people: what they take, what their server says of them, what has changed.
//!
//! Promises: what a server wrote is shown on one line, without signs that a terminal obeys.
//! Never: shortens what a review has to read.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::integrations::mcp::{Change, Pinned, Pins, change};

/// Of a description in a list, in characters; `--json` and a pin have all of it.
const LISTED_CHARS_MAX: usize = 300;
/// Lines of a definition that are compared one by one: the work grows with their square.
const LINES_MAX: usize = 2_000;

/// One tool in a list.
pub(super) fn listed(tool: &Pinned, picked: Option<&str>) -> String {
    let title = if tool.title.is_empty() { String::new() } else { format!(": {}", line(&tool.title)) };
    let ours = picked.map_or_else(String::new, |name| format!("  [picked as {name}]"));
    let mut text = format!("{}{title}{ours}\n", line(&tool.name));
    if !tool.description.is_empty() {
        let described = line(&tool.description);
        let mut short: String = described.chars().take(LISTED_CHARS_MAX).collect();
        if short.len() < described.len() {
            short.push('…');
        }
        text.push_str(&format!("    {short}\n"));
    }
    let takes = takes(&tool.input_schema);
    text.push_str(&format!("    takes {}\n", if takes.is_empty() { "nothing".to_owned() } else { takes }));
    text.push_str(&format!("    the server says that it {}\n", hints(tool)));
    text
}

/// What a server says that its tool does. What it leaves out counts as the worse.
pub(super) fn hints(tool: &Pinned) -> String {
    let hint = |name: &str, unsaid: bool| {
        tool.annotations.as_ref().and_then(|hints| hints.get(name)).and_then(Value::as_bool).unwrap_or(unsaid)
    };
    if tool.annotations.is_none() {
        return "may do anything: it gives no hints".to_owned();
    }
    let mut said = vec![match (hint("readOnlyHint", false), hint("destructiveHint", true)) {
        (true, _) => "only reads",
        (false, true) => "changes things and may destroy some",
        (false, false) => "changes things and destroys none",
    }];
    if hint("idempotentHint", false) {
        said.push("does nothing more when called twice");
    }
    if hint("openWorldHint", true) {
        said.push("reaches systems beyond itself");
    }
    said.join(", ")
}

fn takes(schema: &Value) -> String {
    let required: BTreeSet<&str> = schema
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    let one = |(name, schema): (&String, &Value)| {
        let kind = match schema.get("type") {
            Some(Value::String(kind)) => kind.clone(),
            Some(kind) => kind.to_string(),
            None if schema.get("enum").is_some() => "one of a list".to_owned(),
            None => "anything".to_owned(),
        };
        let optional = if required.contains(name.as_str()) { "" } else { ", optional" };
        format!("{} ({}{optional})", line(name), line(&kind))
    };
    properties.map(one).collect::<Vec<_>>().join(", ")
}

/// What has changed, tool by tool: in words, then line by line. Nothing where nothing has.
pub(super) fn changes(old: &Pins, new: &Pins) -> String {
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let mut text = String::new();
    for name in names {
        let (words, was, is) = match (old.get(name), new.get(name)) {
            (Some(was), Some(is)) => match change(was, is) {
                Change::Same => continue,
                Change::Harmless(what) => {
                    (format!("has changed, its pin stays in use: {}", what.join("; ")), json!(was), json!(is))
                }
                Change::Breaks(what) => {
                    (format!("is another now, and off: {}", what.join("; ")), json!(was), json!(is))
                }
            },
            (None, Some(is)) => ("is new".to_owned(), Value::Null, json!(is)),
            (Some(was), None) => ("is gone, or picked no more".to_owned(), json!(was), Value::Null),
            (None, None) => continue,
        };
        text.push_str(&format!("{} {}\n", line(name), line(&words)));
        for changed in lines(&pretty(&was), &pretty(&is)) {
            text.push_str(&format!("  {changed}\n"));
        }
    }
    text
}

fn pretty(value: &Value) -> Vec<String> {
    if value.is_null() {
        return Vec::new();
    }
    // JSON escapes the signs that a terminal obeys, but for these.
    format!("{value:#}").lines().map(plain).take(LINES_MAX).collect()
}

/// The lines that differ, `-` what was and `+` what is, by the longest common part.
fn lines(was: &[String], is: &[String]) -> Vec<String> {
    let mut common = vec![vec![0_u32; is.len() + 1]; was.len() + 1];
    for (i, old) in was.iter().enumerate().rev() {
        for (j, new) in is.iter().enumerate().rev() {
            common[i][j] = match old == new {
                true => common[i + 1][j + 1] + 1,
                false => common[i + 1][j].max(common[i][j + 1]),
            };
        }
    }
    let (mut i, mut j, mut out) = (0, 0, Vec::new());
    while i < was.len() || j < is.len() {
        if i < was.len() && j < is.len() && was[i] == is[j] {
            (i, j) = (i + 1, j + 1);
        } else if i < was.len() && (j == is.len() || common[i + 1][j] >= common[i][j + 1]) {
            out.push(format!("- {}", was[i]));
            i += 1;
        } else {
            out.push(format!("+ {}", is[j]));
            j += 1;
        }
    }
    out
}

/// On one line.
fn line(text: &str) -> String {
    plain(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Without signs that a terminal obeys or that turn a line around.
fn plain(text: &str) -> String {
    let odd = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if odd(c) { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tool(description: &str, schema: Value) -> Pinned {
        Pinned {
            name: "book".into(),
            title: String::new(),
            description: description.into(),
            input_schema: schema,
            output_schema: None,
            annotations: Some(json!({"readOnlyHint": false, "destructiveHint": false})),
        }
    }

    #[test]
    fn a_change_is_told_in_words_and_line_by_line() {
        let pins = |tool: Pinned| Pins::from([("book".to_owned(), tool)]);
        let old =
            pins(tool("Books.", json!({"type": "object", "properties": {"people": {"type": "integer"}}})));
        let new = pins(tool(
            "Books a table.",
            json!({"type": "object", "properties": {"people": {"type": "string"}}}),
        ));
        assert_eq!(
            changes(&old, &new),
            "book is another now, and off: `people`: `type` takes less than it took, or something else\n  \
             -   \"description\": \"Books.\",\n  \
             +   \"description\": \"Books a table.\",\n  \
             -         \"type\": \"integer\"\n  \
             +         \"type\": \"string\"\n"
        );
        assert_eq!(changes(&old, &old), "");
    }

    #[test]
    fn what_a_server_writes_cannot_move_the_terminal() {
        let tool =
            tool("Reads \u{1b}[2J\u{202e}files\nand more", json!({"properties": {"a": {"type": "string"}}}));
        let text = listed(&tool, Some("book_it"));
        assert_eq!(
            text,
            "book  [picked as book_it]\n    Reads \u{fffd}[2J\u{fffd}files and more\n    takes a (string, optional)\n    \
             the server says that it changes things and destroys none, reaches systems beyond itself\n"
        );
    }
}
