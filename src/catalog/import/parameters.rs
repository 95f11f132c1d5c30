//! The parameters of an operation: of its path, its query and its headers, in every style.
//!
//! Promises: a value lands as its style has it; what no definition of ours can express is told, and only where it is
//! demanded does the operation fall.
//! Never: makes a parameter of a secret.

use std::collections::BTreeMap;

use centralita_core::conversation::{Limits, ParameterKind};
use reqwest::header::HeaderName;
use serde_json::Value;

use super::Notes;
use super::document::{Document, Version, list, text};
use super::draft::{Auth, AuthKind, Parameter, Tool};
use super::schema::{Flat, Type, flat, scalar};
use super::supply::{Supplied, left_out, supply};
use super::words::{literal, plain};
use crate::catalog::exchange::OWN_HEADERS;
use crate::catalog::hidden;

/// Headers that a document's parameters do not name (OpenAPI 3, "Parameter Object"): body and secret write them.
const NOT_THEIRS: &[&str] = &["Accept", "Content-Type", "Authorization"];
/// Headers by which systems know a repeated request.
const KEYS: &[&str] = &["Idempotency-Key", "X-Idempotency-Key"];

/// What one parameter is.
struct Written<'p> {
    name: &'p str,
    place: &'p str,
    required: bool,
    explode: bool,
    style: &'p str,
}

/// Brings those of the path's item and of the operation; the latter come first where both name one.
pub(super) fn parameters(
    doc: &Document,
    (item, operation): (&Value, &Value),
    auth: Option<&Auth>,
    tool: &mut Tool,
    notes: &mut Notes<'_>,
) -> Result<(), String> {
    let mut all: BTreeMap<(String, String), Value> = BTreeMap::new();
    for parameter in list(item, "parameters").iter().chain(list(operation, "parameters")) {
        let parameter = doc.resolve(parameter)?.into_owned();
        all.insert((text(&parameter, "in").to_owned(), text(&parameter, "name").to_owned()), parameter);
    }
    let mut segments = BTreeMap::new();
    for ((place, name), parameter) in &all {
        let what = format!("the {place} parameter `{}`", plain(name, 60));
        let required = place == "path" || parameter.get("required") == Some(&Value::Bool(true));
        let is_ours = match place.as_str() {
            "path" => tool.path.contains(&format!("{{{name}}}")),
            "header" => is_ours(name, auth, tool),
            // Swagger 2.0: the body has a room of its own.
            "body" | "formData" => false,
            _ => true,
        };
        if !is_ours {
            continue;
        }
        let written = written(doc, parameter, (name, place), required);
        let before = tool.parameters.len();
        match place_one(doc, parameter, &written, tool, notes) {
            Ok(Some(segment)) => {
                segments.insert(name.clone(), segment);
            }
            Ok(None) => {}
            Err(why) => {
                tool.parameters.truncate(before);
                left_out(notes, &what, required, &why)?;
            }
        }
    }
    tool.path = path(&tool.path.clone(), &segments, tool, notes)?;
    Ok(())
}

/// Whether a header is to be brought as a parameter; one for the key is the tool's idempotency.
fn is_ours(name: &str, auth: Option<&Auth>, tool: &mut Tool) -> bool {
    let is = |other: &&str| other.eq_ignore_ascii_case(name);
    if KEYS.iter().any(is) {
        tool.key = Some(name.to_owned()).filter(|_| tool.has_effects());
        return false;
    }
    let of_auth =
        auth.is_some_and(|auth| matches!(&auth.kind, AuthKind::Header(header) if is(&header.as_str())));
    !of_auth && !NOT_THEIRS.iter().chain(OWN_HEADERS).any(is)
}

fn written<'p>(
    doc: &Document,
    parameter: &'p Value,
    (name, place): (&'p str, &'p str),
    required: bool,
) -> Written<'p> {
    let by_place = if matches!(place, "path" | "header") { "simple" } else { "form" };
    let (style, explode) = match doc.version {
        Version::OpenApi3 => {
            let style = Some(text(parameter, "style")).filter(|style| !style.is_empty()).unwrap_or(by_place);
            let explode = parameter.get("explode").and_then(Value::as_bool);
            (style, explode.unwrap_or(style == "form" || style == "deepObject"))
        }
        Version::Swagger2 => match text(parameter, "collectionFormat") {
            "ssv" => ("spaceDelimited", false),
            "pipes" => ("pipeDelimited", false),
            "multi" => ("form", true),
            _ => (by_place, false),
        },
    };
    Written { name, place, required, explode, style }
}

/// Puts one parameter where it belongs; of a path its text comes back.
fn place_one(
    doc: &Document,
    parameter: &Value,
    written: &Written<'_>,
    tool: &mut Tool,
    notes: &mut Notes<'_>,
) -> Result<Option<String>, String> {
    let Written { name, place, required, style, .. } = written;
    if parameter.get("deprecated") == Some(&Value::Bool(true)) && !required {
        return Err("it is deprecated".to_owned());
    }
    if *place == "header" && HeaderName::from_bytes(name.as_bytes()).is_err() {
        return Err("it is no header".to_owned());
    }
    if *place == "header" && hidden::is_name_of_one(name) {
        return Err("it looks like a secret, which goes out by `auth` alone".to_owned());
    }
    let fits: &[&str] = match *place {
        "path" => &["simple", "label", "matrix"],
        "query" => &["form", "spaceDelimited", "pipeDelimited", "deepObject"],
        "header" => &["simple"],
        "cookie" => return Err("a cookie is not sent".to_owned()),
        _ => return Err(format!("nothing is known of parameters in `{}`", plain(place, 20))),
    };
    if !fits.contains(style) {
        return Err(format!("nothing is known of its style `{}`", plain(style, 20)));
    }
    let schema = match (doc.version, parameter.get("schema"), parameter.get("content")) {
        (Version::Swagger2, ..) => parameter,
        (Version::OpenApi3, Some(schema), _) => schema,
        (Version::OpenApi3, None, Some(_)) => return Err("its value is a document of its own".to_owned()),
        (Version::OpenApi3, None, None) => return Err("it has no schema".to_owned()),
    };
    let mut flat = flat(doc, schema)?;
    if !text(parameter, "description").is_empty() {
        flat.fields.insert("description".to_owned(), text(parameter, "description").into());
    }
    if flat.kind() == Type::Map {
        return map(doc, &flat, written, tool, notes);
    }
    let supplied = supply(tool, name, scalar(doc, name, &flat)?, *required)?;
    let value = match (*place, *style) {
        ("query", "form") if written.explode => supplied.text()?,
        ("query", "spaceDelimited") => supplied.joined(" ")?,
        ("query", "pipeDelimited") => supplied.joined("|")?,
        _ => supplied.joined(",")?,
    };
    Ok(match (*place, *style) {
        ("path", "label") => Some(format!(".{value}")),
        ("path", "matrix") => Some(format!(";{name}={value}")),
        ("path", _) => Some(value),
        ("header", _) => {
            tool.headers.insert((*name).to_owned(), value);
            None
        }
        _ => {
            tool.query.insert((*name).to_owned(), value);
            None
        }
    })
}

/// A parameter that is a map of values: each of them is a parameter of the tool.
fn map(
    doc: &Document,
    flat: &Flat,
    written: &Written<'_>,
    tool: &mut Tool,
    notes: &mut Notes<'_>,
) -> Result<Option<String>, String> {
    let Written { name, place, required, explode, style } = written;
    let is_spread = *place == "query" && (*style == "deepObject" || *style == "form" && *explode);
    let mut items = Vec::new();
    for (field, schema, demanded) in flat.properties() {
        let demanded = demanded && *required;
        let called = if is_spread && *style == "form" { field.clone() } else { format!("{name}_{field}") };
        let item = super::schema::flat(doc, schema)
            .and_then(|flat| scalar(doc, field, &flat))
            .and_then(|scalar| supply(tool, &called, scalar, demanded));
        match item {
            Ok(item) => items.push((field.as_str(), item)),
            Err(why) => left_out(notes, &format!("`{}` of `{name}`", plain(field, 60)), demanded, &why)?,
        }
    }
    if items.is_empty() {
        return Err("it is a map of anything".to_owned());
    }
    if is_spread {
        for (field, item) in &items {
            let key = if *style == "form" { (*field).to_owned() } else { format!("{name}[{field}]") };
            tool.query.insert(key, item.joined(",")?);
        }
        return Ok(None);
    }
    let (lead, between, within) = match (*style, *explode) {
        ("label", true) => (".".to_owned(), ".", "="),
        ("label", false) => (".".to_owned(), ",", ","),
        ("matrix", true) => (";".to_owned(), ";", "="),
        ("matrix", false) => (format!(";{name}="), ",", ","),
        ("spaceDelimited", _) => (String::new(), " ", " "),
        ("pipeDelimited", _) => (String::new(), "|", "|"),
        (_, true) => (String::new(), ",", "="),
        (_, false) => (String::new(), ",", ","),
    };
    let value = in_a_row(&items, between, within)?;
    match *place {
        "path" => return Ok(Some(lead + &value)),
        "header" => tool.headers.insert((*name).to_owned(), value),
        _ => tool.query.insert((*name).to_owned(), value),
    };
    Ok(None)
}

/// `role,admin,name,Alex`: what may be left out takes its separator with it.
fn in_a_row(items: &[(&str, Supplied)], between: &str, within: &str) -> Result<String, String> {
    let is_plain = |field: &str| field.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b));
    if items.iter().any(|(field, _)| !is_plain(field)) {
        return Err("a name of its map has signs that mean more in this style".to_owned());
    }
    let mut out = String::new();
    for (nth, (field, item)) in items.iter().enumerate() {
        let sign = if nth == 0 { "" } else { between };
        let text = format!("{sign}{field}{within}{}", item.joined(",")?);
        match item.may_lack() {
            None => out.push_str(&text),
            Some(_) if nth == 0 => {
                return Err(
                    "none of its values is demanded, and this style wants one to begin with".to_owned()
                );
            }
            Some(name) => out.push_str(&format!("{{% if {name} is not none %}}{text}{{% endif %}}")),
        }
    }
    Ok(out)
}

/// The path with its values in their places; a `?` in it begins the query.
fn path(
    written: &str,
    segments: &BTreeMap<String, String>,
    tool: &mut Tool,
    notes: &mut Notes<'_>,
) -> Result<String, String> {
    let (written, query) = written.split_once('?').unwrap_or((written, ""));
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if value.contains(['{', '}']) {
            return Err("its path has a query with a value in it".to_owned());
        }
        tool.query.insert(name.to_owned(), literal(value).unwrap_or_default());
    }
    let mut out = String::new();
    let mut rest = written;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').ok_or("a brace of its path is not closed")?;
        out.push_str(before);
        match segments.get(name) {
            Some(segment) => out.push_str(segment),
            None => {
                notes.say(format!(
                    "the path names `{}`, which no parameter describes: it is a text",
                    plain(name, 60)
                ));
                let undescribed = Parameter {
                    name: String::new(),
                    kind: ParameterKind::Text,
                    required: true,
                    description: String::new(),
                    limits: Limits::default(),
                    list: None,
                    reviews: vec!["the document does not describe it".to_owned()],
                };
                out.push_str(&format!("{{{}}}", tool.parameter(name, undescribed)));
            }
        }
        rest = after;
    }
    out.push_str(rest);
    if rest.contains('}') || out.contains('#') {
        return Err("its path has a sign that is none of a path".to_owned());
    }
    Ok(if out.starts_with('/') { out } else { format!("/{out}") })
}
