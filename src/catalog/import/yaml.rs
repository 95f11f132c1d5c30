//! A draft as YAML, as `check` reads it.
//!
//! Promises: what is read again is what was written, whatever a text holds; a comment stands on one line.
//! Never: judges what it writes.

use centralita_core::conversation::ParameterKind;
use serde_json::Value;

use super::draft::{Auth, AuthKind, Base, Draft, Form, Parameter, Tool};
use super::words::plain;
use crate::integrations::Method;

/// Of a comment, in characters: more does not fit beside the code.
const COMMENT_CHARS_MAX: usize = 300;

/// A draft's beginning, up to the list of its tools.
pub(super) fn head(draft: &Draft, origin: &str) -> String {
    let mut out = Lines::default();
    out.line(
        0,
        &format!(
            "# A draft by `centralita tool import`, from {}. Read it and make it yours:",
            plain(origin, 200)
        ),
    );
    out.line(
        0,
        "# what wants a second look says `review`; who calls hears the words of `ask` and `confirm`.",
    );
    out.reviews(0, &draft.reviews);
    out.field(0, "version", "1");
    out.text(0, "id", &draft.id);
    out.text(0, "title", &draft.title);
    if !draft.description.is_empty() {
        out.text(0, "description", &draft.description);
    }
    out.field(0, "kind", "http");
    let Base { url, allow_private, reviews } = &draft.base;
    out.reviews(0, reviews);
    out.text(0, "base_url", url);
    if *allow_private {
        out.field(0, "allow_private", "true");
    }
    if let Some(Auth { kind, secret, reviews }) = &draft.auth {
        out.reviews(0, reviews);
        match kind {
            AuthKind::Bearer => out.field(0, "auth", &format!("{{bearer: secret.{secret}}}")),
            AuthKind::Header(name) => {
                let header = format!("{{header: {{name: {}, value: secret.{secret}}}}}", scalar(name));
                out.field(0, "auth", &header);
            }
        }
    }
    out.line(0, "tools:");
    out.text
}

/// One tool, as an item of the list.
pub(super) fn tool(tool: &Tool) -> String {
    let mut out = Lines::default();
    out.reviews(1, &tool.reviews);
    out.line(1, &format!("- name: {}", scalar(&tool.name)));
    out.text(2, "description", &tool.description);
    if !tool.parameters.is_empty() {
        out.line(2, "parameters:");
        tool.parameters.iter().for_each(|one| parameter(&mut out, one));
    }
    out.line(2, "request:");
    out.field(3, "method", method(tool.method));
    out.text(3, "path", &tool.path);
    out.map(3, "query", &tool.query);
    out.map(3, "headers", &tool.headers);
    if let Some(body) = &tool.body {
        out.tree(3, "body", body);
    }
    match &tool.form {
        Some(Form::Encoded(fields)) => out.map(3, "form", fields),
        Some(Form::Parts(fields)) => out.map(3, "multipart", fields),
        None => {}
    }
    if !tool.map.is_empty() || !tool.errors.is_empty() || tool.sample.is_some() {
        out.line(2, "response:");
        out.map(3, "map", &tool.map);
        if !tool.errors.is_empty() {
            out.line(3, "errors:");
            tool.errors.iter().for_each(|(status, words)| out.text(4, &status.to_string(), words));
        }
        if let Some(sample) = &tool.sample {
            out.tree(3, "sample", sample);
        }
    }
    if tool.has_effects() {
        out.field(2, "effects", "irreversible");
        if let Some(key) = &tool.key {
            out.field(2, "idempotency", &format!("{{header: {}}}", scalar(key)));
        }
        out.line(2, "confirm:");
        out.text(3, "question", &tool.question());
        out.text(3, "action", &tool.action());
    }
    out.text
}

/// A field with any value under it, from the first column on.
#[must_use]
pub fn field(name: &str, tree: &Value) -> String {
    let mut out = Lines::default();
    out.tree(0, name, tree);
    out.text
}

fn parameter(out: &mut Lines, parameter: &Parameter) {
    let Parameter { name, kind, required, description, limits, list, reviews } = parameter;
    out.reviews(3, reviews);
    out.line(3, &format!("- name: {}", scalar(name)));
    out.field(4, "kind", kind_of(*kind));
    if let Some(list) = list {
        out.field(4, "list", &list.to_string());
    }
    if !required {
        out.field(4, "required", "false");
    }
    out.text(4, "description", description);
    if *required {
        out.text(4, "ask", &parameter.ask());
    }
    for (field, bound) in [("min", &limits.min), ("max", &limits.max)] {
        if let Some(bound) = bound {
            out.field(4, field, bound);
        }
    }
    if !limits.one_of.is_empty() {
        out.line(4, "one_of:");
        for one in &limits.one_of {
            let written = if *kind == ParameterKind::Integer { one.clone() } else { scalar(one) };
            out.line(5, &format!("- {written}"));
        }
    }
    if let Some(pattern) = &limits.pattern {
        out.text(4, "pattern", pattern);
    }
}

#[derive(Debug, Default)]
struct Lines {
    text: String,
}

impl Lines {
    fn line(&mut self, depth: usize, line: &str) {
        self.text.push_str(&"  ".repeat(depth));
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn reviews(&mut self, depth: usize, reviews: &[String]) {
        for review in reviews {
            self.line(depth, &format!("# review: {}", plain(review, COMMENT_CHARS_MAX)));
        }
    }

    fn field(&mut self, depth: usize, name: &str, value: &str) {
        self.line(depth, &format!("{name}: {value}"));
    }

    fn text(&mut self, depth: usize, name: &str, text: &str) {
        self.field(depth, name, &scalar(text));
    }

    fn map<'m>(&mut self, depth: usize, name: &str, map: impl IntoIterator<Item = (&'m String, &'m String)>) {
        for (nth, (field, text)) in map.into_iter().enumerate() {
            if nth == 0 {
                self.line(depth, &format!("{name}:"));
            }
            self.text(depth + 1, &scalar(field), text);
        }
    }

    fn tree(&mut self, depth: usize, name: &str, tree: &Value) {
        match tree {
            Value::Object(fields) if !fields.is_empty() => {
                self.line(depth, &format!("{name}:"));
                fields.iter().for_each(|(field, value)| self.tree(depth + 1, &scalar(field), value));
            }
            Value::Array(items) if !items.is_empty() => {
                self.line(depth, &format!("{name}:"));
                items.iter().for_each(|item| self.item(depth + 1, item));
            }
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_) => {
                self.field(depth, name, &flow(tree));
            }
        }
    }

    fn item(&mut self, depth: usize, item: &Value) {
        match item {
            Value::Object(fields) if !fields.is_empty() => {
                self.line(depth, "-");
                fields.iter().for_each(|(field, value)| self.tree(depth + 1, &scalar(field), value));
            }
            Value::Array(items) if !items.is_empty() => {
                self.line(depth, "-");
                items.iter().for_each(|item| self.item(depth + 1, item));
            }
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_) => {
                self.line(depth, &format!("- {}", flow(item)));
            }
        }
    }
}

/// A value without parts.
fn flow(value: &Value) -> String {
    match value {
        Value::String(text) => scalar(text),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            value.to_string()
        }
    }
}

/// A text: without quotes where nobody could take it for anything else.
pub(super) fn scalar(text: &str) -> String {
    const NO_TEXT: &[&str] =
        &["true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan", "inf", "infinity"];
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
    let plain = |c: char| {
        c.is_alphanumeric()
            || matches!(c, ' ' | '_' | '-' | '/' | '.' | ',' | '(' | ')' | '\'' | '?' | ';' | '=')
    };
    let is_plain = begins
        && text.chars().all(plain)
        && !text.ends_with([' ', ','])
        && !NO_TEXT.contains(&text.to_ascii_lowercase().as_str());
    if is_plain { text.to_owned() } else { Value::from(text).to_string() }
}

pub(super) fn method(method: Method) -> &'static str {
    match method {
        Method::Get => "GET",
        Method::Head => "HEAD",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Patch => "PATCH",
        Method::Delete => "DELETE",
    }
}

fn kind_of(kind: ParameterKind) -> &'static str {
    match kind {
        ParameterKind::Text => "text",
        ParameterKind::Integer => "integer",
        ParameterKind::Digits => "digits",
        ParameterKind::Money => "money",
        ParameterKind::Boolean => "boolean",
        ParameterKind::Number => "number",
        ParameterKind::Email => "email",
        ParameterKind::Phone => "phone",
        ParameterKind::Date => "date",
        ParameterKind::Time => "time",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_quoted_where_it_could_be_taken_for_something_else() {
        for text in
            ["Create an order.", "/orders", "text", "order_id", "Which one (a, b)?", "ñandú is a bird"]
        {
            let plain = text.starts_with(|c: char| c.is_ascii());
            assert_eq!(scalar(text) == text, plain, "{text}");
        }
        for text in [
            "", "1182", "yes", "No", "null", "a: b", "a #b", "{x}", "- a", "a ", "'x'", "*", "200", "{{ a }}",
        ] {
            assert!(scalar(text).starts_with('"'), "{text}");
        }
    }
}
