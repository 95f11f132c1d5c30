//! The body of an operation: JSON or a form, with a parameter for each value.
//!
//! Promises: only JSON and forms are sent; what may be left out and cannot be brought is told.
//! Never: sends a file.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::Notes;
use super::document::{Document, Version, entries, list, text};
use super::draft::{Form, Tool};
use super::schema::{Flat, Type, flat, scalar};
use super::supply::{left_out, supply};
use super::words::{plain, quoted};

/// How deep maps of a body are brought: a caller cannot speak of more.
const DEPTH_MAX: usize = 6;

pub(super) fn body(
    doc: &Document,
    operation: &Value,
    tool: &mut Tool,
    notes: &mut Notes<'_>,
) -> Result<(), String> {
    let found = match doc.version {
        Version::Swagger2 => of_parameters(doc, operation, notes)?,
        Version::OpenApi3 => of_content(doc, operation, notes)?,
    };
    let Some(Found { schema, required, sent }) = found else { return Ok(()) };
    if tool.method.is_safe() {
        return left_out(notes, "the body", required, "a GET or HEAD sends none");
    }
    let flat = flat(doc, &schema)?;
    let before = tool.parameters.len();
    let mut tree = Tree { doc, tool, notes };
    let fallen = match sent {
        Sent::Json => match tree.value("", "the body", &flat, true, 0) {
            Ok(Some(Value::Object(fields))) if fields.is_empty() && !required => None,
            Ok(body) => {
                tool.body = body;
                None
            }
            Err(fall) => Some(fall),
        },
        Sent::Form | Sent::Parts => match tree.form(&flat) {
            Ok(fields) if fields.is_empty() && !required => None,
            Ok(fields) => {
                tool.form =
                    Some(if sent == Sent::Form { Form::Encoded(fields) } else { Form::Parts(fields) });
                None
            }
            Err(fall) => Some(fall),
        },
    };
    if let Some(Fall { what, why }) = fallen {
        tool.parameters.truncate(before);
        left_out(notes, &what, required, &why)?;
    }
    Ok(())
}

/// A body as the document describes it.
struct Found {
    schema: Value,
    required: bool,
    sent: Sent,
}

/// As what a body is sent.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sent {
    Json,
    Form,
    Parts,
}

/// `requestBody`: the schema of what can be sent of it.
fn of_content(doc: &Document, operation: &Value, notes: &mut Notes<'_>) -> Result<Option<Found>, String> {
    let Some(body) = operation.get("requestBody") else { return Ok(None) };
    let body = doc.resolve(body)?;
    let required = body.get("required") == Some(&Value::Bool(true));
    let types: Vec<&String> = entries(&body, "content").map(|(media, _)| media).collect();
    let Some((media, sent)) = sendable(&types) else {
        return left_out(notes, "the body", required, &unsendable(&types)).map(|()| None);
    };
    let media = doc.resolve(&body["content"][media])?;
    if sent != Sent::Json && media.get("encoding").is_some() {
        notes.say("the body: the document's `encoding` of its fields is not looked at".to_owned());
    }
    Ok(media.get("schema").map(|schema| Found { schema: schema.clone(), required, sent }))
}

/// The parameter in `body`, or those in `formData` as a map.
fn of_parameters(doc: &Document, operation: &Value, notes: &mut Notes<'_>) -> Result<Option<Found>, String> {
    let own = operation.get("consumes").or_else(|| doc.root.get("consumes")).and_then(Value::as_array);
    let types: Vec<String> = own.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    let types: Vec<&String> = types.iter().collect();
    let (mut found, mut fields, mut demanded) = (None, Map::new(), Vec::new());
    for parameter in list(operation, "parameters") {
        let parameter = doc.resolve(parameter)?;
        let required = parameter.get("required") == Some(&Value::Bool(true));
        match text(&parameter, "in") {
            "body" => found = parameter.get("schema").map(|schema| (schema.clone(), required)),
            "formData" => {
                let name = text(&parameter, "name");
                let mut schema = parameter.as_object().cloned().unwrap_or_default();
                // Of a schema it is a list of names.
                schema.remove("required");
                fields.insert(name.to_owned(), schema.into());
                demanded.extend(required.then(|| Value::from(name)));
            }
            _ => {}
        }
    }
    if !fields.is_empty() {
        let is_in_parts = matches!(sendable(&types), Some((_, Sent::Parts)));
        let sent = if is_in_parts { Sent::Parts } else { Sent::Form };
        let required = !demanded.is_empty();
        let schema = json!({"type": "object", "properties": fields, "required": demanded});
        return Ok(Some(Found { schema, required, sent }));
    }
    let required = found.as_ref().is_some_and(|(_, required)| *required);
    if found.is_some() && !types.is_empty() && of_json(&types).is_none() {
        return left_out(notes, "the body", required, &unsendable(&types)).map(|()| None);
    }
    Ok(found.map(|(schema, required)| Found { schema, required, sent: Sent::Json }))
}

/// The first of the types that can be sent: JSON before a form, a form before its parts.
fn sendable<'t>(types: &[&'t String]) -> Option<(&'t str, Sent)> {
    let of = |wanted: &str| types.iter().find(|media| bare(media) == wanted).map(|media| media.as_str());
    let found = of_json(types).map(|media| (media, Sent::Json));
    let form = || of("application/x-www-form-urlencoded").map(|media| (media, Sent::Form));
    found.or_else(form).or_else(|| of("multipart/form-data").map(|media| (media, Sent::Parts)))
}

fn unsendable(types: &[&String]) -> String {
    let types: Vec<String> = types.iter().map(|media| plain(media, 60)).collect();
    let types = if types.is_empty() { "of no type".to_owned() } else { types.join(", ") };
    format!("only JSON and forms are sent, and it is {types}")
}

fn bare(media: &str) -> String {
    media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// The type that is JSON, if one is.
pub(super) fn of_json<'t>(types: &[&'t String]) -> Option<&'t str> {
    let is = |media: &str| media == "application/json" || media.ends_with("+json") || media == "text/json";
    let found = types.iter().find(|media| is(&bare(media)));
    let any = || types.iter().find(|media| matches!(bare(media).as_str(), "*/*" | "application/*"));
    found.or_else(any).map(|media| media.as_str())
}

struct Tree<'t, 'n> {
    doc: &'t Document,
    tool: &'t mut Tool,
    notes: &'t mut Notes<'n>,
}

/// What could not be brought, and why.
struct Fall {
    what: String,
    why: String,
}

impl Tree<'_, '_> {
    /// One value of the body: none where it may be left out and cannot be brought. `way` names it in parameters, `what`
    /// for people.
    fn value(
        &mut self,
        way: &str,
        what: &str,
        flat: &Flat,
        required: bool,
        depth: usize,
    ) -> Result<Option<Value>, Fall> {
        let fall = |why: String| Fall { what: what.to_owned(), why };
        if depth > DEPTH_MAX {
            return Err(fall(format!("it goes deeper than {DEPTH_MAX} maps")));
        }
        if flat.others > 0 && flat.kind() == Type::Map {
            self.tool
                .reviews
                .push(format!("{what} may have another shape by the document: {} more", flat.others));
        }
        match flat.kind() {
            Type::Map if required => self.map(way, what, flat, depth).map(Some),
            Type::Map => self.whole(way, what, flat, depth).map(|whole| whole.field("", "")).map(Some),
            Type::List if is_of_maps(self.doc, flat).map_err(fall)? => {
                self.list(way, what, flat, required, depth).map(Some)
            }
            Type::List | Type::Text | Type::Integer | Type::Number | Type::Boolean | Type::Any => {
                let name = if way.is_empty() { "value" } else { way };
                let scalar = scalar(self.doc, name, flat).map_err(fall)?;
                let supplied = supply(self.tool, name, scalar, required).map_err(fall)?;
                supplied.field().map(Some).map_err(fall)
            }
        }
    }

    /// The fields of a form: texts, and lists of these.
    fn form(&mut self, flat: &Flat) -> Result<BTreeMap<String, String>, Fall> {
        let mut fields = BTreeMap::new();
        for (name, schema, required) in flat.properties() {
            let what = format!("`{}` of the form", plain(name, 60));
            let before = self.tool.parameters.len();
            match self.form_field(name, schema, required) {
                Ok(text) => fields.extend(text.map(|text| (name.clone(), text))),
                Err(why) if required => return Err(Fall { what, why }),
                Err(why) => {
                    self.tool.parameters.truncate(before);
                    self.notes.say(format!("{what} is left out: {why}"));
                }
            }
        }
        if fields.is_empty() && flat.properties().is_empty() {
            return Err(Fall { what: "the body".to_owned(), why: "it is a form of anything".to_owned() });
        }
        Ok(fields)
    }

    fn form_field(&mut self, name: &str, schema: &Value, required: bool) -> Result<Option<String>, String> {
        let flat = super::schema::flat(self.doc, schema)?;
        if flat.is("readOnly") || (flat.is("deprecated") && !required) {
            return Ok(None);
        }
        let scalar = scalar(self.doc, name, &flat)?;
        let supplied = supply(self.tool, name, scalar, required)?;
        // Swagger 2.0 joins a list unless it says otherwise; later ones name the field once for each value.
        let is_joined = self.doc.version == Version::Swagger2 && flat.get("collectionFormat") != "multi";
        if is_joined { supplied.joined(",") } else { supplied.text() }.map(Some)
    }

    fn map(&mut self, way: &str, what: &str, flat: &Flat, depth: usize) -> Result<Value, Fall> {
        let properties = flat.properties();
        if properties.is_empty() {
            return Err(Fall { what: what.to_owned(), why: "it is a map of anything".to_owned() });
        }
        let mut fields = Map::new();
        for (name, schema, required) in properties {
            let way = if way.is_empty() { name.clone() } else { format!("{way}_{name}") };
            let what = format!("`{}` of {what}", plain(name, 60));
            let before = self.tool.parameters.len();
            match self.field(&way, &what, schema, required, depth) {
                Ok(value) => fields.extend(value.map(|value| (name.clone(), value))),
                Err(fall) if required => return Err(fall),
                Err(Fall { what, why }) => {
                    self.tool.parameters.truncate(before);
                    self.notes.say(format!("{what} is left out: {why}"));
                }
            }
        }
        Ok(Value::Object(fields))
    }

    /// A field of a map; none where it is not the caller's to set.
    fn field(
        &mut self,
        way: &str,
        what: &str,
        schema: &Value,
        required: bool,
        depth: usize,
    ) -> Result<Option<Value>, Fall> {
        let flat =
            super::schema::flat(self.doc, schema).map_err(|why| Fall { what: what.to_owned(), why })?;
        if flat.is("readOnly") || (flat.is("deprecated") && !required) {
            return Ok(None);
        }
        self.value(way, what, &flat, required, depth + 1)
    }

    /// A list of maps is brought with one of them.
    fn list(
        &mut self,
        way: &str,
        what: &str,
        flat: &Flat,
        required: bool,
        depth: usize,
    ) -> Result<Value, Fall> {
        let fall = |why: &str| Fall { what: what.to_owned(), why: why.to_owned() };
        if flat.fields.get("minItems").and_then(Value::as_u64).is_some_and(|least| least > 1) {
            return Err(fall("it is a list of at least two maps"));
        }
        let items = super::schema::flat(self.doc, &flat.fields["items"]).map_err(|why| fall(&why))?;
        let way = if way.is_empty() { way.to_owned() } else { super::words::singular(way) };
        let item = match required {
            true => self.map(&way, what, &items, depth + 1).map(|item| vec![item].into()),
            false => self.whole(&way, what, &items, depth + 1).map(|whole| whole.field("[", "]")),
        }?;
        self.tool.reviews.push(format!("{what} is a list: this sends one item"));
        Ok(item)
    }

    /// A map that may be left out: with what it demands as soon as any of it was said. Where a part of it is missing then,
    /// the system refuses what the caller has heard, instead of doing something else.
    fn whole(&mut self, way: &str, what: &str, flat: &Flat, depth: usize) -> Result<Whole, Fall> {
        let fall = |why: &str| Fall { what: what.to_owned(), why: why.to_owned() };
        if depth > DEPTH_MAX {
            return Err(fall("it goes too deep"));
        }
        let (mut fields, mut names, mut optional) = (Vec::new(), Vec::new(), Vec::new());
        for (name, schema, demanded) in flat.properties() {
            let (way, what) = (format!("{way}_{name}"), format!("`{}` of {what}", plain(name, 60)));
            if !demanded {
                optional.push(what);
                continue;
            }
            let fall = |why: String| Fall { what: what.clone(), why };
            let field = super::schema::flat(self.doc, schema).map_err(fall)?;
            if field.is("readOnly") {
                continue;
            }
            let key = quoted(name).filter(|key| !key.contains(['{', '}']));
            let key = key.ok_or_else(|| fall("its name has signs of a template".to_owned()))?;
            let value = if field.kind() == Type::Map {
                let inner = self.whole(&way, &what, &field, depth + 1)?;
                names.extend(inner.names);
                inner.expression
            } else {
                let scalar = scalar(self.doc, &way, &field).map_err(fall)?;
                let supplied = supply(self.tool, &way, scalar, false).map_err(fall)?;
                names.extend(supplied.name().map(str::to_owned));
                supplied.part().ok_or_else(|| fall("its only value has parts".to_owned()))?
            };
            fields.push(format!("{key}: {value}"));
        }
        if names.is_empty() {
            return Err(fall("a map that may be left out, and demands nothing, is not brought"));
        }
        let why = "of a map that may be left out only what it demands is brought";
        optional.iter().for_each(|what| self.notes.say(format!("{what} is left out: {why}")));
        Ok(Whole { expression: format!("{{ {} }}", fields.join(", ")), names })
    }
}

/// A map as an expression, and the parameters in it.
struct Whole {
    expression: String,
    names: Vec<String>,
}

impl Whole {
    /// Left out where nothing of it was said.
    fn field(&self, open: &str, close: &str) -> Value {
        let said: Vec<String> = self.names.iter().map(|name| format!("{name} is not none")).collect();
        let (said, whole) = (said.join(" or "), &self.expression);
        format!("{{{{ {open}{whole}{close} if {said} else none }}}}").into()
    }
}

fn is_of_maps(doc: &Document, list: &Flat) -> Result<bool, String> {
    let items = list.fields.get("items").map(|items| flat(doc, items)).transpose()?;
    Ok(items.is_some_and(|items| items.kind() == Type::Map))
}
