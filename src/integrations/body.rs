//! The body of a request: its values put in, and its form on the wire.
//!
//! Promises: a field is what its template says, whatever the value holds; the same body has the same bytes, so that a
//! request under a key can be sent once more as it was; a value that is null leaves its field out.
//! Never: sends anything; prints what a caller said.

use std::collections::BTreeMap;
use std::fmt;

use centralita_core::base::{Digest, Fault, Owner};
use centralita_core::template::{Renderer, lone_hole};
use serde::Serialize;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::spec::Body;

/// Fields in the order in which they are sent.
pub(super) type Fields = Vec<(String, String)>;

/// A body with all its values put in. A JSON body stands for itself in what a yes covers.
#[derive(Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub(super) enum Filled {
    Json(Value),
    Form { form: Fields },
    Multipart { multipart: Fields },
}

/// A body as it goes out.
pub(super) struct Written {
    pub(super) content_type: String,
    pub(super) bytes: Vec<u8>,
}

/// A caller's words are in all of it.
impl fmt::Debug for Filled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Filled::Json(_) => "Filled(json)",
            Filled::Form { .. } => "Filled(form)",
            Filled::Multipart { .. } => "Filled(multipart)",
        })
    }
}

/// The same.
impl fmt::Debug for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Written({} bytes)", self.bytes.len())
    }
}

impl Filled {
    pub(super) fn new(body: &Body, renderer: &Renderer, vars: &Value) -> Result<Filled, Fault> {
        Ok(match body {
            Body::Json(tree) => Filled::Json(renderer.json(tree, vars)?),
            Body::Form(fields) => Filled::Form { form: filled(fields, renderer, vars)? },
            Body::Multipart(fields) => Filled::Multipart { multipart: filled(fields, renderer, vars)? },
        })
    }

    /// The same with one field more, which it must not have.
    pub(super) fn with(self, field: &str, text: &str) -> Result<Filled, Fault> {
        let add = |mut fields: Fields| match fields.iter().any(|(name, _)| name == field) {
            true => Err(taken()),
            false => {
                fields.push((field.to_owned(), text.to_owned()));
                Ok(fields)
            }
        };
        match self {
            Filled::Json(Value::Object(mut object)) => {
                match object.insert(field.to_owned(), Value::String(text.to_owned())) {
                    None => Ok(Filled::Json(Value::Object(object))),
                    Some(_) => Err(taken()),
                }
            }
            Filled::Json(_) => Err(fault("the body is no object to hold the key")),
            Filled::Form { form } => Ok(Filled::Form { form: add(form)? }),
            Filled::Multipart { multipart } => Ok(Filled::Multipart { multipart: add(multipart)? }),
        }
    }

    pub(super) fn written(&self) -> Written {
        match self {
            Filled::Json(tree) => {
                Written { content_type: "application/json".to_owned(), bytes: tree.to_string().into_bytes() }
            }
            Filled::Form { form } => {
                let mut text = form_urlencoded::Serializer::new(String::new());
                text.extend_pairs(form);
                Written {
                    content_type: "application/x-www-form-urlencoded".to_owned(),
                    bytes: text.finish().into_bytes(),
                }
            }
            Filled::Multipart { multipart } => parts(multipart),
        }
    }
}

impl Default for Filled {
    fn default() -> Filled {
        Filled::Json(json!({}))
    }
}

/// A field that is one hole and null is left out; one that is a list is there once for each of its values.
pub(super) fn filled(
    fields: &BTreeMap<String, String>,
    renderer: &Renderer,
    vars: &Value,
) -> Result<Fields, Fault> {
    let mut all = Fields::new();
    for (name, template) in fields {
        all.extend(texts(renderer, template, vars)?.into_iter().map(|text| (name.clone(), text)));
    }
    Ok(all)
}

/// The texts of a template: none where it is one hole and null, several where it is one hole and a list.
pub(super) fn texts(renderer: &Renderer, template: &str, vars: &Value) -> Result<Vec<String>, Fault> {
    let Some(expression) = lone_hole(template) else { return Ok(vec![renderer.render(template, vars)?]) };
    match renderer.eval(expression, vars)? {
        Value::Null => Ok(Vec::new()),
        Value::Array(items) => {
            items.iter().map(|item| renderer.render("{{ item }}", &json!({ "item": item }))).collect()
        }
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            Ok(vec![renderer.render(template, vars)?])
        }
    }
}

/// RFC 7578. Written here since a library draws its boundary by chance: the same body would have other bytes.
fn parts(fields: &Fields) -> Written {
    let boundary = boundary(fields);
    let mut bytes = Vec::new();
    for (name, text) in fields {
        let head =
            format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{}\"\r\n\r\n", escaped(name));
        bytes.extend_from_slice(head.as_bytes());
        bytes.extend_from_slice(text.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    Written { content_type: format!("multipart/form-data; boundary={boundary}"), bytes }
}

/// A line that none of the texts holds.
fn boundary(fields: &Fields) -> String {
    let mut nth = 0_u32;
    loop {
        let boundary = format!("centralita-{}", &Digest::of_json(&json!([nth, fields])).to_string()[..32]);
        if fields.iter().all(|(name, text)| !text.contains(&boundary) && !name.contains(&boundary)) {
            return boundary;
        }
        nth = nth.wrapping_add(1);
    }
}

/// As browsers write a name (HTML, "multipart/form-data encoding algorithm").
fn escaped(name: &str) -> String {
    name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

fn taken() -> Fault {
    fault("the field of the body for the key has a value already")
}

fn fault(what: &str) -> Fault {
    Fault::new(Owner::Admin, what, "look at the request in the tool's integration")
}
