//! From a tree to what is written: every field with its kind, or every problem with its place.
//!
//! Serde stops at the first error. So what was told is noted, and the tree is read again; where something was
//! told, something harmless is read instead. Each pass finds one problem more, until one goes through.
//!
//! Promises: each problem once, and none that follows from another. A value comes out only where nothing was
//! told.
//! Never: says what a value means.

use std::collections::BTreeSet;

use serde::de::value::{SeqDeserializer, StrDeserializer};
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::Value;

use super::problems::{Desk, PROBLEMS_MAX};
use super::tree::{Held, Node};
use super::wanted::{self, Context, Wrong};

/// How serde names `place::Spanned`, `written::ByLanguage`, `written::OneOf`, `written::WordingsWritten`,
/// `written::MappedWritten` and `auth::AuthWritten`; all are of our own making, not of the file.
const SPANNED: &str = "Spanned";
const BY_LANGUAGE: &str = "ByLanguage";
const ONE_OF: &str = "OneOf";
const WORDINGS: &str = "WordingsWritten";
const MAPPED: &str = "MappedWritten";
/// Fields of a mapped value that is more than its expression; no language is called so.
const OF_A_MARKED: [&str; 2] = ["value", "secret"];
const AUTH: &str = "AuthWritten";

/// Reads what a file holds. Whatever is wrong is noted, and there is no value then.
pub(super) fn read<T: DeserializeOwned>(desk: &mut Desk<'_>, root: &Node) -> Option<T> {
    let mut told = Told::default();
    for pass in 0..PROBLEMS_MAX {
        let walk = Walk { node: Some(root), context: Context::File, told: &told };
        let wrong = match T::deserialize(walk) {
            Ok(value) if pass == 0 => return Some(value),
            Ok(_) => return None,
            Err(wrong) => wrong,
        };
        desk.say(wrong.at, wrong.what.as_str(), wrong.remedy.as_str());
        if !told.note(&wrong) {
            return None;
        }
    }
    None
}

/// What was told: nodes by their id, and fields that a map lacks.
#[derive(Debug, Default)]
struct Told {
    nodes: BTreeSet<u32>,
    missing: BTreeSet<(u32, &'static str)>,
}

impl Told {
    /// Whether it is new: what was told twice would never end.
    fn note(&mut self, wrong: &Wrong) -> bool {
        let node = wrong.node.is_some_and(|node| self.nodes.insert(node));
        let missing = wrong.missing.and_then(|(map, field)| Some((map?, field)));
        missing.is_some_and(|missing| self.missing.insert(missing)) || node
    }
}

/// One node on the way. No node is one that is told, or part of one.
#[derive(Clone, Copy)]
struct Walk<'de> {
    node: Option<&'de Node>,
    context: Context<'de>,
    told: &'de Told,
}

impl<'de> Walk<'de> {
    fn to(self, node: &'de Node, context: Context<'de>) -> Walk<'de> {
        Walk { node: Some(node), context, ..self }
    }

    fn nothing(self) -> Walk<'de> {
        Walk { node: None, ..self }
    }

    /// What is held, unless it was told.
    fn held(self) -> Option<(&'de Node, &'de Held)> {
        let node = self.node.filter(|node| !self.told.nodes.contains(&node.id))?;
        Some((node, &node.held)).filter(|(_, held)| !matches!(held, Held::Told))
    }

    fn number<V: Visitor<'de>>(self, max: u64, visitor: V) -> Result<V::Value, Wrong> {
        match self.held() {
            None => visitor.visit_u64(0),
            Some((node, _)) => match wanted::number(node, max, self.context) {
                Ok(number) => visitor.visit_u64(number),
                Err(wrong) => Err(wrong),
            },
        }
    }

    fn fields<V: Visitor<'de>>(self, fields: &'static [&'static str], visitor: V) -> Result<V::Value, Wrong> {
        let Some((node, held)) = self.held() else {
            return visitor.visit_map(Fields {
                walk: self,
                entries: [].iter(),
                value: None,
                lacked: fields.to_vec(),
            });
        };
        let Held::Map(entries) = held else { return Err(wanted::fields(node, fields, self.context)) };
        let is_odd = |key: &&Node| !fields.contains(&key.text()) && !self.told.nodes.contains(&key.id);
        if let Some(odd) = entries.iter().map(|(key, _)| key).find(is_odd) {
            return Err(wanted::known_field(node.id, odd, fields, entries));
        }
        let is_lacked = |field: &&'static str| self.told.missing.contains(&(node.id, *field));
        let lacked = fields.iter().copied().filter(is_lacked).collect();
        let fields = Fields { walk: self, entries: entries.iter(), value: None, lacked };
        visitor.visit_map(fields).map_err(|wrong| wrong.lacking(node, self.context))
    }
}

macro_rules! numbers {
    ($($method:ident $max:expr),*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
            self.number($max, visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> for Walk<'de> {
    type Error = Wrong;

    numbers!(
        deserialize_u8 u8::MAX.into(),
        deserialize_u16 u16::MAX.into(),
        deserialize_u32 u32::MAX.into(),
        deserialize_u64 u64::MAX
    );

    /// JSON, as a request's body is.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        let Some((node, held)) = self.held() else { return visitor.visit_unit() };
        match held {
            Held::Map(_) => self.deserialize_map(visitor),
            Held::List(_) => self.deserialize_seq(visitor),
            Held::Text { text, plain: false } => visitor.visit_str(text),
            Held::Text { .. } | Held::Told => match wanted::json(node, self.context)? {
                Value::Bool(yes) => visitor.visit_bool(yes),
                Value::Number(number) => {
                    number.deserialize_any(visitor).map_err(<Wrong as serde::de::Error>::custom)
                }
                Value::String(text) => visitor.visit_string(text),
                Value::Null | Value::Array(_) | Value::Object(_) => visitor.visit_unit(),
            },
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        let Some((node, _)) = self.held() else { return visitor.visit_bool(false) };
        visitor.visit_bool(wanted::boolean(node, self.context)?)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        let Some((node, _)) = self.held() else { return visitor.visit_str("") };
        visitor.visit_str(wanted::text(node, self.context)?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match self.held() {
            Some((node, _)) if !node.is_null() => visitor.visit_some(self),
            _ => visitor.visit_none(),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        let items = match self.held() {
            None => [].iter(),
            Some((_, Held::List(items))) => items.iter(),
            Some((node, _)) => return Err(wanted::list(node, self.context)),
        };
        visitor.visit_seq(Items { walk: self, items })
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        let entries = match self.held() {
            None => [].iter(),
            Some((_, Held::Map(entries))) => entries.iter(),
            Some((node, _)) => return Err(wanted::map(node, self.context)),
        };
        visitor.visit_map(Fields { walk: self, entries, value: None, lacked: Vec::new() })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        match name {
            SPANNED => visitor.visit_seq(Both { walk: self, given: 0 }),
            _ => self.fields(fields, visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        let Some((node, held)) = self.held() else {
            let name = variants.first().copied().unwrap_or_default();
            return visitor.visit_enum(Choice { name, content: Some(self.nothing()), at: None });
        };
        if name == BY_LANGUAGE {
            let name = if matches!(held, Held::Map(_)) { "Each" } else { "All" };
            return visitor.visit_enum(Choice { name, content: Some(self), at: Some(node) });
        }
        if name == ONE_OF {
            let name = if matches!(held, Held::Map(_)) { "Found" } else { "Listed" };
            return visitor.visit_enum(Choice { name, content: Some(self), at: Some(node) });
        }
        if name == WORDINGS {
            let name = if matches!(held, Held::List(_)) { "Several" } else { "One" };
            return visitor.visit_enum(Choice { name, content: Some(self), at: Some(node) });
        }
        if name == MAPPED {
            let is_marked = |(key, _): &(Node, Node)| OF_A_MARKED.contains(&key.text());
            let is_marked = matches!(held, Held::Map(entries) if entries.iter().any(is_marked));
            let name = if is_marked { "Marked" } else { "Open" };
            return visitor.visit_enum(Choice { name, content: Some(self), at: Some(node) });
        }
        if name == AUTH {
            let name = if wanted::auth(node, self.context)? { "With" } else { "None" };
            let content = (name == "With").then_some(self);
            return visitor.visit_enum(Choice { name, content, at: Some(node) });
        }
        let (key, content) = wanted::choice(node, variants, self.context)?;
        let content = content.map(|content| self.to(content, Context::Field(key.text())));
        visitor.visit_enum(Choice { name: key.text(), content, at: Some(key) })
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u128 f32 f64 char bytes byte_buf unit unit_struct tuple tuple_struct
    }
}

/// The fields that are written and were not told, then those that a map lacks and that was told.
struct Fields<'de> {
    walk: Walk<'de>,
    entries: std::slice::Iter<'de, (Node, Node)>,
    value: Option<Walk<'de>>,
    lacked: Vec<&'static str>,
}

impl<'de> MapAccess<'de> for Fields<'de> {
    type Error = Wrong;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Wrong> {
        let told = &self.walk.told.nodes;
        if let Some((key, value)) = self.entries.by_ref().find(|(key, _)| !told.contains(&key.id)) {
            self.value = Some(self.walk.to(value, Context::Field(key.text())));
            return seed.deserialize(self.walk.to(key, Context::KeyOf(self.walk.context.name()))).map(Some);
        }
        let Some(field) = self.lacked.pop() else { return Ok(None) };
        self.value = Some(self.walk.nothing());
        seed.deserialize(StrDeserializer::new(field)).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Wrong> {
        seed.deserialize(self.value.take().unwrap_or(self.walk.nothing()))
    }
}

struct Items<'de> {
    walk: Walk<'de>,
    items: std::slice::Iter<'de, Node>,
}

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Wrong;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Wrong> {
        let Some(item) = self.items.next() else { return Ok(None) };
        let context = Context::ItemOf(self.walk.context.name());
        seed.deserialize(self.walk.to(item, context)).map(Some)
    }
}

/// A place, then the value that stands there.
struct Both<'de> {
    walk: Walk<'de>,
    given: usize,
}

impl<'de> SeqAccess<'de> for Both<'de> {
    type Error = Wrong;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Wrong> {
        self.given += 1;
        if self.given > 1 {
            return seed.deserialize(self.walk).map(Some);
        }
        let place = self.walk.node.map(|node| node.place).unwrap_or_default();
        let numbers = [place.line, place.column, place.start, place.end];
        seed.deserialize(SeqDeserializer::new(numbers.into_iter())).map(Some)
    }
}

/// One of several kinds, with what it holds.
struct Choice<'de> {
    name: &'de str,
    content: Option<Walk<'de>>,
    /// None where anything will do.
    at: Option<&'de Node>,
}

impl<'de> EnumAccess<'de> for Choice<'de> {
    type Error = Wrong;
    type Variant = Choice<'de>;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Choice<'de>), Wrong> {
        let name: StrDeserializer<'de, Wrong> = self.name.into_deserializer();
        Ok((seed.deserialize(name)?, self))
    }
}

impl<'de> Choice<'de> {
    fn content(&self) -> Result<Walk<'de>, Wrong> {
        self.content.ok_or_else(|| wanted::content(self.name, self.at))
    }
}

impl<'de> VariantAccess<'de> for Choice<'de> {
    type Error = Wrong;

    fn unit_variant(self) -> Result<(), Wrong> {
        match (self.at, self.content) {
            (Some(at), Some(_)) => Err(wanted::alone(self.name, at)),
            _ => Ok(()),
        }
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Wrong> {
        seed.deserialize(self.content()?)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Wrong> {
        self.content()?.deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        self.content()?.fields(fields, visitor)
    }
}
