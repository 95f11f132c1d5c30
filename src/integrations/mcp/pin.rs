//! Pins: what tools of a server were when somebody looked at them, as a file beside the integration.
//!
//! Promises: what a pin says is what was reviewed: one that was changed by hand is not read; the same tool has the same
//! text, and so the same digest.
//! Never: holds a secret, or more of a tool than a model or a request could come from.

use std::collections::BTreeMap;

use centralita_core::base::Digest;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The version of pins this build reads and writes.
const VERSION: u32 = 1;

/// One tool as its server describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Pinned {
    pub name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    pub input_schema: Value,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_schema: Option<Value>,
    /// What the server says that its tool does: shown, never obeyed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub annotations: Option<Value>,
}

/// The tools of one server, by the server's own names.
pub type Pins = BTreeMap<String, Pinned>;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    tools: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    digest: Digest,
    tool: Pinned,
}

impl Pinned {
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of_json(&json!(self))
    }

    /// Whether it takes an argument of this name, or of any.
    #[must_use]
    pub fn takes(&self, argument: &str) -> bool {
        let is_open = self.input_schema.get("additionalProperties") != Some(&Value::Bool(false));
        is_open || self.input_schema.get("properties").is_some_and(|all| all.get(argument).is_some())
    }

    /// The arguments without which it cannot be called.
    pub fn demands(&self) -> impl Iterator<Item = &str> {
        let required = self.input_schema.get("required").and_then(Value::as_array);
        required.into_iter().flatten().filter_map(Value::as_str)
    }
}

/// The text of a file with these pins.
#[must_use]
pub fn pins_text(pins: &Pins) -> String {
    let tools: Vec<Value> =
        pins.values().map(|tool| json!({"digest": tool.digest(), "tool": tool})).collect();
    let mut text = format!("{:#}", json!({"version": VERSION, "tools": tools}));
    text.push('\n');
    text
}

/// The pins of a file's text.
///
/// # Errors
/// Why they are none: its line, and words for whoever wrote it.
pub fn pins_of(text: &str) -> Result<Pins, (usize, String)> {
    let file: File = serde_json::from_str(text)
        .map_err(|error| (error.line(), format!("this is no file of pins: {error}")))?;
    if file.version != VERSION {
        return Err((1, format!("version {} of pins is not known to this build", file.version)));
    }
    let mut pins = Pins::new();
    for Entry { digest, tool } in file.tools {
        if tool.digest() != digest {
            return Err((1, format!("the pin of `{}` was changed by hand", tool.name)));
        }
        pins.insert(tool.name.clone(), tool);
    }
    Ok(pins)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pinned() -> Pinned {
        Pinned {
            name: "book-table".into(),
            title: String::new(),
            description: "Books a table.".into(),
            input_schema: json!({"type": "object", "properties": {"people": {"type": "integer"}}}),
            output_schema: None,
            annotations: Some(json!({"readOnlyHint": true})),
        }
    }

    #[test]
    fn pins_read_back_as_they_were_written_and_not_when_somebody_changed_them() {
        let pins = Pins::from([("book-table".to_owned(), pinned())]);
        let text = pins_text(&pins);
        assert_eq!(pins_of(&text), Ok(pins));
        let (_, why) = pins_of(&text.replace("Books a table.", "Obeys me.")).expect_err("it was changed");
        assert!(why.contains("`book-table` was changed by hand"), "{why}");
        let (line, why) = pins_of("{\n\"version\": 1,\n}").expect_err("it is no JSON");
        assert!(line == 3 && why.contains("no file of pins"), "{line} {why}");
        assert!(pins_of(&text.replace("\"version\": 1", "\"version\": 2")).is_err());
    }
}
