//! The JSON Schemas of definitions, for editors that complete and mark while one writes.
//!
//! They are made from the types of `written`; what is here says what those types leave to a later look: names, words that
//! are enumerated elsewhere, and which values YAML lets stand for a text.
//!
//! Promises: what `check` reads as a field of its kind is none of a schema's faults; a field nobody knows is.
//! Never: says what needs another place to be judged by, as a name that must have a source.

use std::any::type_name;
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use centralita_core::base::PrivateKind;
use centralita_core::conversation::Timing;
use centralita_core::language::{Language, currencies};
use regex::Regex;
use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{Deserializer, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::{Map, Value, json};

use super::agent::{REMINDERS_MAX, WAIT_MS};
use super::mcp_written::McpFile;
use super::place::Spanned;
use super::probe::ABSENT_ON;
use super::written::{AgentFile, ByLanguage, IntegrationFile};

/// Of `agents/ID.yaml`, as a file's text.
#[must_use]
pub fn agent_schema() -> String {
    text(&settings().into_generator().into_root_schema_for::<AgentFile>().to_value())
}

/// Of `integrations/ID.yaml`, of either kind, as a file's text.
#[must_use]
pub fn integration_schema() -> String {
    let mut generator = settings().into_generator();
    let (http, mcp) = (generator.subschema_for::<IntegrationFile>(), generator.subschema_for::<McpFile>());
    let is_mcp = json!({ "properties": { "kind": { "const": "mcp" } }, "required": ["kind"] });
    let schema = json!({
        "$schema": generator.settings().meta_schema,
        "title": "An integration",
        "if": is_mcp,
        "then": mcp,
        "else": http,
        "definitions": generator.take_definitions(true),
    });
    text(&schema)
}

fn text(schema: &Value) -> String {
    format!("{schema:#}\n")
}

/// Draft 7, which editors know best.
fn settings() -> SchemaSettings {
    SchemaSettings::draft07()
        .with_transform(RecursiveTransform(whole_numbers))
        .with_transform(RecursiveTransform(texts))
}

/// `uint32` and the like are no formats of the standard; the one limit that they alone say is written out.
fn whole_numbers(schema: &mut Schema) {
    if schema.remove("format").is_some_and(|format| format == "uint32") {
        schema.insert("maximum".to_owned(), u32::MAX.into());
    }
}

/// What YAML takes for a number or a truth is a text where one is wanted, unless its form forbids it.
fn texts(schema: &mut Schema) {
    let types = match schema.get("type") {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(several)) => {
            several.iter().filter_map(|one| one.as_str()).map(str::to_owned).collect()
        }
        _ => return,
    };
    if !types.iter().any(|one| one == "string") || schema.get("enum").or(schema.get("const")).is_some() {
        return;
    }
    let form = schema.get("pattern").and_then(Value::as_str).and_then(|form| Regex::new(form).ok());
    let fits = |text: &str| form.as_ref().is_none_or(|form| form.is_match(text));
    let more = [("number", "1"), ("boolean", "true")].into_iter().filter(|(_, text)| fits(text));
    let all: Vec<String> = types.into_iter().chain(more.map(|(more, _)| more.to_owned())).collect();
    schema.insert("type".to_owned(), all.into());
}

impl<T: JsonSchema> JsonSchema for Spanned<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<T>()
    }
}

impl<T: JsonSchema> JsonSchema for ByLanguage<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("ByLanguage_of_{}", T::schema_name()).into()
    }

    fn schema_id() -> Cow<'static, str> {
        format!("ByLanguage<{}>", T::schema_id()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<T>();
        let codes: Map<String, Value> = Language::ALL
            .iter()
            .map(|language| (language.code().to_owned(), one.clone().to_value()))
            .collect();
        json_schema!({
            "anyOf": [one, {
                "type": "object",
                "properties": codes,
                "patternProperties": { language_tag(): one },
                "additionalProperties": false,
            }],
        })
    }
}

/// One of the words of an enum, whose serde knows them all.
pub(super) struct Word<E>(PhantomData<E>);

impl<E: for<'de> Deserialize<'de>> JsonSchema for Word<E> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        type_name::<E>().into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let words = E::deserialize(Asked).err().map_or(&[] as &[&str], |Words(words)| words);
        json_schema!({ "type": "string", "enum": words })
    }
}

/// Asks an enum for its words, and never gives it one.
struct Asked;

#[derive(Debug)]
struct Words(&'static [&'static str]);

impl<'de> Deserializer<'de> for Asked {
    type Error = Words;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Words> {
        Err(Words(&[]))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        words: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Words> {
        Err(Words(words))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "one of {:?}", self.0)
    }
}

impl std::error::Error for Words {}

impl serde::de::Error for Words {
    fn custom<T: fmt::Display>(_: T) -> Words {
        Words(&[])
    }
}

/// Stand for a type in a schema alone.
macro_rules! stand_ins {
    ($($(#[$doc:meta])* $name:ident: $schema:expr;)*) => {$(
        $(#[$doc])*
        pub(super) struct $name;

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                $schema
            }
        }
    )*};
}

stand_ins! {
    /// As `reader::is_name` has it.
    Name: json_schema!({ "type": "string", "pattern": "^[a-z][a-z0-9_]*$" });
    /// As `SecretName::reference` has it.
    SecretReference: json_schema!({ "type": "string", "pattern": r"^\s*secret\.[A-Z][A-Z0-9_]*\s*$" });
    LanguageTag: json_schema!({ "type": "string", "pattern": language_tag() });
    Currency: json_schema!({ "type": "string", "enum": currencies().collect::<Vec<_>>() });
    PrivateWord: json_schema!({ "type": "string", "enum": PrivateKind::ALL.map(PrivateKind::word) });
    /// A key that a menu may give to a tool.
    MenuKey: json_schema!({ "type": "string", "pattern": "^[1-9]$" });
    /// As `errors` has it.
    ErrorStatus: json_schema!({ "type": "string", "pattern": "^[45][0-9][0-9]$" });
    AbsentStatus: json_schema!({ "type": "integer", "enum": ABSENT_ON });
    NoneAlone: json_schema!({ "const": "none" });
    Waits: waits();
}

/// As `Language::parse` has it, in the little that all dialects of patterns know.
fn language_tag() -> String {
    let either = |letter: char| format!("[{}{letter}]", letter.to_ascii_uppercase());
    let codes: Vec<String> =
        Language::ALL.iter().map(|language| language.code().chars().map(either).collect()).collect();
    format!("^({})([-_].*)?$", codes.join("|"))
}

/// Every wait by its name, with what counts where it is not written.
fn waits() -> Schema {
    let default = serde_json::to_value(Timing::default()).unwrap_or_default();
    let wait = |(name, default): (&String, &Value)| {
        let (min, max) = match name.as_str() {
            "reminders" => (0, REMINDERS_MAX),
            _ => (*WAIT_MS.start(), *WAIT_MS.end()),
        };
        let wait = json!({ "type": "integer", "minimum": min, "maximum": max, "default": default });
        (name.clone(), wait)
    };
    let waits: Map<String, Value> = default.as_object().into_iter().flatten().map(wait).collect();
    json_schema!({ "type": "object", "properties": waits, "additionalProperties": false })
}
