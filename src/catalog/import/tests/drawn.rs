//! Documents that were never written: drawn from numbers, with every part an operation may have.
//!
//! Promises: whatever is drawn, every tool of the draft loads, and what is not brought is told; eight hundred operations fit
//! into one file.
//! Never: draws a document that nobody could have written.

use serde_json::{Map, Value, json};

use super::*;

/// Knuth's numbers: the same for every run.
struct Draw(u64);

impl Draw {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits fit") % limit
    }

    fn one<'t>(&mut self, of: &[&'t str]) -> &'t str {
        of[self.below(of.len())]
    }

    fn name(&mut self) -> String {
        const NAMES: &[&str] = &[
            "id",
            "orderId",
            "call",
            "none",
            "amount",
            "X-Count",
            "for",
            "Straße",
            "a b",
            "{odd}",
            "range",
            "q[]",
            "true",
            "2fa",
            "price",
            "e-mail",
            "on",
            "not",
            "status",
            "created_at",
            "日本",
            "loop",
            "$top",
            "dict",
            "body",
            "a.b",
            "call.id",
            "yes",
            "1182",
        ];
        self.one(NAMES).to_owned()
    }

    fn words(&mut self) -> String {
        const WORDS: &[&str] = &[
            "Create it",
            "{{ x }}",
            "a: b # c",
            "\"quoted\" 'text'",
            "line\nbreak\ttab",
            "{% if x %}",
            "yes",
            "1182",
            "",
            "secret.X",
            "Bearer abcdefgh12345",
            "<p>html</p>",
            "\u{feff}odd\u{7}\u{85}",
            "- item",
            "50% & more",
            "{order}",
            "Ñandú!",
            "null",
            "\\d{3}",
            "...",
        ];
        let count = 1 + self.below(3);
        (0..count).map(|_| self.one(WORDS)).collect::<Vec<_>>().join(" ")
    }

    fn schema(&mut self, depth: usize) -> Value {
        let mut schema = match self.below(if depth > 3 { 6 } else { 11 }) {
            0 => {
                json!({"type": "string", "pattern": self.one(&["^[0-9]{4}$", "(?=x)", "[", r"^\w+$", "", "^a|b$"])})
            }
            1 => {
                json!({"type": "integer", "minimum": self.below(9), "maximum": 4 + self.below(9),
                    "exclusiveMaximum": self.below(2) == 0})
            }
            2 => json!({"type": "number", "exclusiveMinimum": 0, "maximum": 1e30}),
            3 => json!({"type": ["boolean", "null"]}),
            4 => json!({"enum": [self.words(), self.words(), self.words(), null], "default": self.words()}),
            5 => {
                json!({"type": "string", "format": self.one(&["date", "date-time", "email", "binary", "uuid", "byte"]),
                    "maxLength": 300 - self.below(299)})
            }
            6 => json!({"type": "array", "items": self.schema(depth + 1), "minItems": self.below(3)}),
            7 | 8 => {
                let fields: Map<String, Value> =
                    (0..1 + self.below(4)).map(|_| (self.name(), self.schema(depth + 1))).collect();
                let required: Vec<&String> = fields.keys().filter(|name| name.len() % 2 == 0).collect();
                json!({"type": "object", "required": required, "properties": fields})
            }
            9 => {
                json!({self.one(&["oneOf", "anyOf", "allOf"]): [self.schema(depth + 1), self.schema(depth + 1)]})
            }
            _ => {
                json!({"$ref": self.one(&["#/components/schemas/A", "#/components/schemas/B", "#/nowhere", "x.yaml"])})
            }
        };
        if let Some(fields) = schema.as_object_mut().filter(|_| self.below(2) == 0) {
            fields.insert("description".to_owned(), self.words().into());
            fields.insert("example".to_owned(), json!({"a": self.words(), "id": [1, self.words()]}));
        }
        if let Some(fields) = schema.as_object_mut().filter(|_| self.below(4) == 0) {
            fields.insert("default".to_owned(), json!(self.words()));
        }
        schema
    }

    fn parameter(&mut self, place: &str, name: &str) -> Value {
        let mut parameter = json!({"name": name, "in": place, "required": place == "path" || self.below(2) == 0,
            "description": self.words(), "schema": self.schema(1)});
        let styles: &[&str] = match place {
            "path" => &["simple", "label", "matrix", "form"],
            "query" => &["form", "spaceDelimited", "pipeDelimited", "deepObject"],
            _ => &["simple"],
        };
        if self.below(2) == 0 {
            parameter["style"] = self.one(styles).into();
            parameter["explode"] = (self.below(2) == 0).into();
        }
        parameter
    }

    fn operation(&mut self, nth: usize) -> (String, Value) {
        let (a, b) = (self.name().replace(['{', '}', '/'], ""), self.name().replace(['{', '}', '/'], ""));
        let path = format!("/{}s{nth}/{{{a}}}/x{{{b}}}.y", self.one(&["order", "person", "box"]));
        let mut parameters = vec![self.parameter("path", &a)];
        for _ in 0..self.below(4) {
            let name = self.name();
            let place = self.one(&["query", "header", "query", "query", "header", "query", "cookie"]);
            parameters.push(self.parameter(place, &name));
        }
        let mut operation = json!({"summary": self.words(), "description": self.words(), "parameters": parameters,
            "responses": {"200": {"description": self.words(),
                "content": {"application/json": {"schema": self.schema(0), "example": self.schema(0)}}},
                "404": {"description": self.words()}, "5XX": {"description": "x"}}});
        if self.below(2) == 0 {
            operation["operationId"] = format!("{} {}", self.words(), self.below(30)).into();
        }
        let method = self.one(&["get", "post", "put", "patch", "delete"]);
        if method != "get" {
            operation["requestBody"] = json!({"required": self.below(2) == 0,
                "content": {"application/json": {"schema": self.schema(0)}}});
        }
        (path, json!({method: operation}))
    }

    fn document(&mut self, operations: usize) -> Value {
        let paths: Map<String, Value> = (0..operations).map(|nth| self.operation(nth)).collect();
        json!({"openapi": "3.1.0", "info": {"title": self.words(), "description": self.words()},
            "servers": [{"url": "https://drawn.example/v1"}], "paths": paths,
            "components": {"schemas": {"A": self.schema(0), "B": {"type": "object",
                "properties": {"b": {"$ref": "#/components/schemas/B"}, "n": {"type": "integer"}}}}}})
    }
}

#[test]
fn whatever_a_document_says_every_tool_of_its_draft_loads_and_the_rest_is_told() {
    let (mut brought, mut of) = (0, 0);
    for seed in 0..120 {
        let document = Draw(seed).document(8);
        let imported =
            openapi(&document.to_string(), &wanted()).unwrap_or_else(|fault| panic!("{seed}: {fault}"));
        let fallen = imported.notes.iter().filter(|note| note.what.starts_with("not brought")).count();
        assert_eq!(imported.brought + fallen, imported.of, "{seed}");
        let ours = imported.notes.iter().find(|note| note.what.contains("check says"));
        assert_eq!(ours, None, "{seed}");
        if imported.brought > 0 {
            checked(&imported).unwrap_or_else(|problems| panic!("{seed}\n{problems}\n{}", imported.yaml));
        }
        (brought, of) = (brought + imported.brought, of + imported.of);
    }
    assert!(of > 800 && brought > of / 4, "only {brought} of {of}: the loop proves little");
}

/// Operations of the common kind: a look-up, and a change with a body of ten values.
fn common(nth: usize) -> (String, Value) {
    let field = |n| {
        let words = format!("What number {n} of {nth} is about.");
        (format!("field{n}"), json!({"type": "string", "description": words, "maxLength": 40}))
    };
    let fields: Map<String, Value> = (0..10).map(field).collect();
    let content = |schema: Value| json!({"application/json": {"schema": schema}});
    let answer = json!({"200": {"content": content(json!({"type": "object", "properties": fields}))},
        "404": {"description": "There is none."}});
    let id = json!({"name": "id", "in": "path", "required": true, "schema": {"type": "integer"}});
    let body = content(json!({"type": "object", "required": ["field1"], "properties": fields}));
    let get = json!({"operationId": format!("getThing{nth}"), "summary": "Get a thing", "responses": answer});
    let put = json!({"operationId": format!("putThing{nth}"), "summary": "Replace a thing",
        "requestBody": {"required": true, "content": body}, "responses": answer});
    let item = json!({"parameters": [id], "get": get, "put": put});
    (format!("/things{nth}/{{id}}"), item)
}

#[test]
fn eight_hundred_operations_are_one_draft_that_check_takes() {
    let paths: Map<String, Value> = (0..400).map(common).collect();
    let document = json!({"openapi": "3.0.0", "info": {"title": "Things"},
        "servers": [{"url": "https://things.example"}], "paths": paths});
    let imported = openapi(&document.to_string(), &wanted()).expect("it can be read");
    assert_eq!((imported.brought, imported.of), (800, 800), "{:?}", imported.notes.first());
    checked(&imported).expect("check takes it");
}
