//! The input schema of an MCP server's tool: what a model supplies, and how it lands in the arguments.
//!
//! Promises: every argument that comes out keeps the type that the server wants; what no parameter of ours can be is told.
//! Never: reads what an admin wrote; that is the integration's.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::document::Document;
pub(in crate::catalog) use super::draft::Parameter;
use super::draft::Tool;
use super::schema::{flat, scalar};
use super::supply::supply;
use crate::integrations::Method;

/// Parameters, and the arguments made of them.
#[derive(Debug, Default)]
pub(in crate::catalog) struct Drawn {
    pub(in crate::catalog) parameters: Vec<Parameter>,
    /// By the server's name of the argument, with the name of the parameter in it, where there is one.
    pub(in crate::catalog) arguments: Map<String, Value>,
    /// The server's name of the argument → that of the parameter.
    pub(in crate::catalog) names: BTreeMap<String, String>,
    /// What is no parameter: the argument, whether the server demands it, and why.
    pub(in crate::catalog) odd: Vec<(String, bool, String)>,
}

impl Parameter {
    /// What the agent could ask where it is missing.
    pub(in crate::catalog) fn question(&self) -> String {
        self.ask()
    }
}

/// Reads a schema, without the arguments that have a value already.
pub(in crate::catalog) fn drawn(schema: &Value, given: &BTreeSet<&str>) -> Result<Drawn, String> {
    let doc = Document::of(schema.clone());
    let whole = flat(&doc, schema)?;
    let mut tool = Tool::new(String::new(), Method::Post, String::new());
    let mut drawn = Drawn::default();
    for (name, schema, demanded) in whole.properties() {
        if given.contains(name.as_str()) {
            continue;
        }
        let supplied = flat(&doc, schema)
            .and_then(|flat| scalar(&doc, name, &flat))
            .and_then(|scalar| supply(&mut tool, name, scalar, demanded))
            .and_then(|supplied| Ok((supplied.field()?, supplied.name().map(str::to_owned))));
        match supplied {
            Ok((field, parameter)) => {
                drawn.arguments.insert(name.clone(), field);
                drawn.names.extend(parameter.map(|parameter| (name.clone(), parameter)));
            }
            Err(why) => drawn.odd.push((name.clone(), demanded, why)),
        }
    }
    drawn.parameters = tool.parameters;
    Ok(drawn)
}

#[cfg(test)]
mod tests {
    use centralita_core::conversation::ParameterKind;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_schema_becomes_parameters_and_the_arguments_made_of_them() {
        let schema = json!({
            "type": "object", "required": ["partySize", "price", "who"],
            "$defs": {"who": {"type": "string", "enum": ["me", "other"]}},
            "properties": {
                "partySize": {"type": "integer", "minimum": 1, "maximum": 12, "description": "How many come"},
                "price": {"type": "number"}, "note": {"type": "string"}, "channel": {"const": "phone"},
                "who": {"$ref": "#/$defs/who"}, "tags": {"type": "object"}, "calendar": {"type": "string"},
            },
        });
        let drawn = drawn(&schema, &BTreeSet::from(["calendar"])).expect("the schema is read");
        let arguments = json!({
            "channel": "phone", "note": "{note}", "partySize": "{party_size}", "price": "{{ price | float }}",
            "who": "{who}",
        });
        assert_eq!(Value::Object(drawn.arguments), arguments);
        let of =
            |name: &str| drawn.parameters.iter().find(|p| p.name == name).expect("the parameter is there");
        assert_eq!(of("party_size").limits.max.as_deref(), Some("12"));
        assert_eq!((of("price").kind, of("note").required), (ParameterKind::Money, false));
        assert_eq!(of("who").limits.one_of, ["me", "other"]);
        assert_eq!(drawn.odd, [("tags".to_owned(), false, "it is a map of values".to_owned())]);
    }
}
