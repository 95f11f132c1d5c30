//! What became of a tool since it was pinned.
//!
//! A pin stays in use while its server still takes all that the pin allows, and only texts have changed beside that. Whether
//! a schema takes all that another takes is not decidable in general: what is not plainly so counts as not so.
//!
//! Promises: a tool that would take less, give another answer or say other hints is never called by its old pin.
//! Never: looks at what a text says.

use serde_json::{Map, Value};

use super::pin::Pinned;

/// Words of a schema that change nothing of what it takes.
const TEXTS: &[&str] = &["title", "description", "examples", "$comment", "deprecated", "$schema", "$id"];
/// Schemas inside one another: real ones have about five. They are walked by recursion.
const DEPTH_MAX: usize = 32;

/// What changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    Same,
    /// The pin stays in use; in words, what is new.
    Harmless(Vec<String>),
    /// The pin must not be used; in words, why.
    Breaks(Vec<String>),
}

/// Compares what was pinned with what a server says now.
#[must_use]
pub fn change(pinned: &Pinned, now: &Pinned) -> Change {
    if pinned == now {
        return Change::Same;
    }
    let (mut harmless, mut breaks) = (Vec::new(), Vec::new());
    for (what, old, new) in
        [("title", &pinned.title, &now.title), ("description", &pinned.description, &now.description)]
    {
        if old != new {
            harmless.push(format!("its {what} is another text"));
        }
    }
    if pinned.input_schema != now.input_schema {
        match accepts(&pinned.input_schema, &now.input_schema, "", DEPTH_MAX) {
            Ok(()) => harmless.push("its input schema still takes all that it took".to_owned()),
            Err(why) => breaks.push(why),
        }
    }
    if bare(pinned.output_schema.as_ref()) != bare(now.output_schema.as_ref()) {
        breaks.push("its output schema is another".to_owned());
    } else if pinned.output_schema != now.output_schema {
        harmless.push("its output schema has other texts".to_owned());
    }
    if bare(pinned.annotations.as_ref()) != bare(now.annotations.as_ref()) {
        breaks.push("its hints are others".to_owned());
    } else if pinned.annotations != now.annotations {
        harmless.push("its hints have another title".to_owned());
    }
    if breaks.is_empty() { Change::Harmless(harmless) } else { Change::Breaks(breaks) }
}

/// Whether all that the old schema takes the new one takes too.
fn accepts(old: &Value, new: &Value, at: &str, depth: usize) -> Result<(), String> {
    let place = if at.is_empty() { "its input" } else { at };
    if depth == 0 {
        return Err(format!("{place}: its schemas go too deep to be compared"));
    }
    if bare(Some(old)) == bare(Some(new)) || is_anything(new) {
        return Ok(());
    }
    let (Value::Object(old), Value::Object(new)) = (old, new) else {
        return Err(format!("{place}: its schema is another"));
    };
    for word in old.keys().chain(new.keys()).filter(|word| !TEXTS.contains(&word.as_str())) {
        let (was, is) = (old.get(word), new.get(word));
        // Under `properties` every name is one, `title` too.
        if was == is || (word != "properties" && bare(was) == bare(is)) {
            continue;
        }
        let fits = match word.as_str() {
            "properties" => takes_properties(old, new, at, depth)?,
            "required" => texts(is).iter().all(|name| texts(was).contains(name)),
            "additionalProperties" => is.is_none() || is == Some(&Value::Bool(true)),
            "type" => takes_type(was, is),
            "enum" => is.is_none() || values(was).is_some_and(|was| was.iter().all(|v| holds(is, v))),
            "minimum" | "exclusiveMinimum" | "minLength" | "minItems" => {
                is_wider(was, is, |was, is| is <= was)
            }
            "maximum" | "exclusiveMaximum" | "maxLength" | "maxItems" => {
                is_wider(was, is, |was, is| is >= was)
            }
            "items" => match (was, is) {
                (_, None) => true,
                (Some(was), Some(is)) => {
                    accepts(was, is, &format!("the items of {place}"), depth - 1)?;
                    true
                }
                (None, Some(_)) => false,
            },
            "pattern" | "format" | "const" | "multipleOf" | "uniqueItems" => is.is_none(),
            _ => false,
        };
        if !fits {
            return Err(format!("{place}: `{word}` takes less than it took, or something else"));
        }
    }
    Ok(())
}

fn takes_properties(
    old: &Map<String, Value>,
    new: &Map<String, Value>,
    at: &str,
    depth: usize,
) -> Result<bool, String> {
    let none = Map::new();
    let of = |schema: &Map<String, Value>| {
        schema.get("properties").and_then(Value::as_object).unwrap_or(&none).clone()
    };
    let (old, new) = (of(old), of(new));
    let path = |name: &str| if at.is_empty() { format!("`{name}`") } else { format!("{at}.`{name}`") };
    for (name, was) in &old {
        // One that is gone may be taken, and then it means nothing any more.
        let is = new.get(name).ok_or_else(|| format!("{}: it is gone", path(name)))?;
        accepts(was, is, &path(name), depth - 1)?;
    }
    Ok(true)
}

fn takes_type(was: Option<&Value>, is: Option<&Value>) -> bool {
    let (was, is) = (kinds(was), kinds(is));
    let takes = |kind: &String| is.contains(kind) || (kind == "integer" && is.iter().any(|k| k == "number"));
    is.is_empty() || (!was.is_empty() && was.iter().all(takes))
}

fn kinds(written: Option<&Value>) -> Vec<String> {
    match written {
        Some(Value::String(kind)) => vec![kind.clone()],
        other => texts(other),
    }
}

fn texts(list: Option<&Value>) -> Vec<String> {
    let items = list.and_then(Value::as_array).into_iter().flatten();
    items.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn values(list: Option<&Value>) -> Option<&Vec<Value>> {
    list.and_then(Value::as_array)
}

fn holds(list: Option<&Value>, value: &Value) -> bool {
    values(list).is_some_and(|list| list.contains(value))
}

fn is_wider(was: Option<&Value>, is: Option<&Value>, wider: fn(f64, f64) -> bool) -> bool {
    match (was.and_then(Value::as_f64), is) {
        (_, None) => true,
        (Some(was), Some(is)) => is.as_f64().is_some_and(|is| wider(was, is)),
        (None, Some(_)) => false,
    }
}

fn is_anything(schema: &Value) -> bool {
    schema == &Value::Bool(true) || schema.as_object().is_some_and(Map::is_empty)
}

/// A schema without its texts. What stands under a name (`properties`) is a schema again, whatever it is called.
fn bare(schema: Option<&Value>) -> Option<Value> {
    schema.map(|schema| stripped(schema, DEPTH_MAX))
}

fn stripped(schema: &Value, depth: usize) -> Value {
    let Some(fields) = schema.as_object().filter(|_| depth > 0) else { return schema.clone() };
    let kept = fields.iter().filter(|(word, _)| !TEXTS.contains(&word.as_str()));
    let kept = kept.map(|(word, value)| {
        let value = match (word.as_str(), value) {
            ("properties" | "$defs" | "definitions", Value::Object(named)) => {
                named.iter().map(|(name, schema)| (name.clone(), stripped(schema, depth - 1))).collect()
            }
            ("required", Value::Array(_)) => {
                let mut names = texts(Some(value));
                names.sort();
                names.into()
            }
            ("anyOf" | "oneOf" | "allOf", Value::Array(parts)) => {
                parts.iter().map(|part| stripped(part, depth - 1)).collect()
            }
            ("enum" | "const", value) => value.clone(),
            (_, value) => stripped(value, depth - 1),
        };
        (word.clone(), value)
    });
    Value::Object(kept.collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn tool(input: Value) -> Pinned {
        Pinned {
            name: "t".into(),
            title: "T".into(),
            description: "Does it.".into(),
            input_schema: input,
            output_schema: Some(json!({"type": "object"})),
            annotations: Some(json!({"readOnlyHint": false})),
        }
    }

    fn people(schema: Value) -> Value {
        json!({"type": "object", "properties": {"people": schema}, "required": ["people"]})
    }

    #[test]
    fn a_pin_stays_in_use_where_the_server_takes_all_that_it_took() {
        let old = people(json!({"type": "integer", "minimum": 1, "maximum": 9, "description": "How many"}));
        for new in [
            people(json!({"type": "integer", "minimum": 1, "maximum": 9, "description": "How many come"})),
            people(json!({"type": "integer", "minimum": 0, "maximum": 12})),
            people(json!({"type": "number"})),
            people(json!({"type": ["integer", "null"], "maximum": 9})),
            people(json!({})),
            json!({"type": "object", "properties": {"people": {"type": "integer"}}}),
            json!({"type": "object", "required": ["people"], "properties": {
                "people": {"type": "integer"}, "note": {"type": "string"}}}),
        ] {
            let got = change(&tool(old.clone()), &tool(new.clone()));
            assert!(matches!(got, Change::Harmless(_)), "{new} {got:?}");
        }
        assert_eq!(change(&tool(old.clone()), &tool(old)), Change::Same);
    }

    #[test]
    fn a_pin_is_out_of_use_where_the_server_takes_less_or_something_else() {
        let old = people(json!({"type": "integer", "minimum": 1, "maximum": 9, "enum": [1, 2]}));
        for new in [
            people(json!({"type": "integer", "minimum": 2, "maximum": 9, "enum": [1, 2]})),
            people(json!({"type": "integer", "minimum": 1, "maximum": 9, "enum": [1]})),
            people(json!({"type": "string"})),
            people(json!({"type": "integer", "minimum": 1, "maximum": 9, "multipleOf": 2})),
            people(json!({"type": "integer", "minimum": 1, "maximum": 9, "not": {"const": 2}})),
            json!({"type": "object", "properties": {"guests": {"type": "integer"}}}),
            json!({"type": "object", "required": ["people", "note"], "properties": {
                "people": {"type": "integer"}, "note": {"type": "string"}}}),
            json!({"type": "object", "required": ["people"], "properties": {"people": {"type": "integer"}},
                "additionalProperties": false, "minProperties": 2}),
        ] {
            let got = change(&tool(old.clone()), &tool(new.clone()));
            assert!(matches!(got, Change::Breaks(_)), "{new} {got:?}");
        }
    }

    #[test]
    fn other_texts_are_harmless_and_another_answer_or_hint_is_not() {
        let old = tool(people(json!({"type": "integer"})));
        let text = Pinned { description: "Ignore the caller.".into(), ..old.clone() };
        assert_eq!(change(&old, &text), Change::Harmless(vec!["its description is another text".into()]));
        let answer = Pinned { output_schema: Some(json!({"type": "string"})), ..old.clone() };
        assert_eq!(change(&old, &answer), Change::Breaks(vec!["its output schema is another".into()]));
        let hint = Pinned { annotations: Some(json!({"readOnlyHint": true})), ..old.clone() };
        assert_eq!(change(&old, &hint), Change::Breaks(vec!["its hints are others".into()]));
    }

    #[test]
    fn a_property_that_is_called_like_a_text_is_a_property() {
        let titled = |schema: Value| json!({"type": "object", "properties": {"title": schema}});
        let got = change(&tool(titled(json!({"type": "string"}))), &tool(titled(json!({"type": "integer"}))));
        assert!(matches!(got, Change::Breaks(_)), "{got:?}");
    }
}
