//! Documents that are none, and operations that cannot be brought: what is told of them.
//!
//! Promises: each names its place.
//! Never: lets one operation take another with it.

use super::*;

#[test]
fn a_document_that_cannot_be_read_is_told_with_its_place() {
    for (text, told) in [
        ("", "the document is empty"),
        ("  \n", "the document is empty"),
        ("<!doctype html><html></html>", "this is a web page, line 1"),
        ("{\"openapi\": \"3.0.0\",\n \"paths\": {,}}", "no JSON: key must be a string at line 2 column 12"),
        ("{\"openapi\": \"3.0.0\"", "no JSON: EOF while parsing an object at line 1"),
        ("[1]", "no map of fields"),
        ("openapi: 3.0.0\npaths: [\n", "no YAML: "),
        ("openapi: 3.0.0\npaths:\n  /a: {}\n  /a: {}\n", "line 4"),
        ("openapi: 3.0.0\n  paths: {}\n", "line 2"),
        ("just words", "no map of fields"),
        ("a: b", "neither a field `openapi` nor `swagger`"),
        ("openapi: 4.0.0\npaths: {}", "openapi: version 4.0.0 is not read"),
        ("swagger: \"1.2\"\npaths: {}", "swagger: version 1.2 is not read"),
        ("openapi: 3.0.0", "paths: there is no map of paths"),
        ("openapi: 3.0.0\npaths: []", "paths: there is no map of paths"),
        ("openapi: 3.0.0\npaths: &a {/a: *b}", "no YAML: "),
    ] {
        let fault = openapi(text, &wanted()).expect_err(text);
        assert!(fault.what.contains(told), "{text}\n{}", fault.what);
        assert!(!fault.remedy.is_empty() && fault.what.lines().count() == 1, "{}", fault.what);
    }
    let deep = format!("{{\"openapi\": {}1{}}}", "[".repeat(5_000), "]".repeat(5_000));
    assert!(openapi(&deep, &wanted()).expect_err("too deep").what.contains("recursion limit"));
}

/// An operation at `/a/{id}`, beside one that is sound: what is told of the first.
fn told(operation: &str, rest: &str) -> (usize, Vec<String>) {
    let text = format!(
        r##"{{"openapi": "3.0.0", "paths": {{
            "/a/{{id}}": {operation}, "/sound": {{"delete": {{"responses": {{}}}}}}}}, "components": {{{rest}}}}}"##
    );
    let imported = openapi(&text, &wanted()).expect("the document can be read");
    checked(&imported).unwrap_or_else(|problems| panic!("{operation}\n{problems}\n{}", imported.yaml));
    assert!(imported.yaml.contains("name: delete_sound"), "{}", imported.yaml);
    (imported.brought, imported.notes.iter().map(ToString::to_string).collect())
}

#[test]
fn an_operation_that_cannot_be_brought_is_told_with_its_place_and_takes_no_other_with_it() {
    let body = |schema: &str| {
        format!(
            r#"{{"post": {{"requestBody": {{"required": true, "content": {{"application/json": {{"schema": {schema}}}}}}}}}}}"#
        )
    };
    let parameter = |parameter: &str| format!(r#"{{"post": {{"parameters": [{parameter}]}}}}"#);
    let circle = r##""schemas": {"A": {"allOf": [{"$ref": "#/components/schemas/A"}]}, "B": {"$ref": "#/components/schemas/C"},
        "C": {"$ref": "#/components/schemas/B"}}"##;
    for (operation, what) in [
        ("7".to_owned(), "paths./a/{id}: not brought: it is no map of operations"),
        (r#"{"get": 7}"#.to_owned(), "paths./a/{id}.get: not brought: it is no map of fields"),
        (r#"{"trace": {}}"#.to_owned(), "TRACE is not sent"),
        (r#"{"$ref": "other.yaml#/a"}"#.to_owned(), "`$ref: other.yaml#/a` leads out of the document"),
        (r##"{"$ref": "#/components/none"}"##.to_owned(), "`$ref: #/components/none` leads nowhere"),
        (r##"{"post": {"requestBody": {"$ref": "#/components/none"}}}"##.to_owned(), "leads nowhere"),
        (body(r##"{"$ref": "#/components/schemas/A"}"##), "go around in a circle"),
        (body(r##"{"$ref": "#/components/schemas/B"}"##), "goes around in a circle"),
        (body("{\"type\": \"object\"}"), "the body: it is a map of anything"),
        (
            body(r#"{"properties": {"f": {"type": "string", "format": "binary"}}, "required": ["f"]}"#),
            "`f` of the body: it is a file",
        ),
        (body(r#"{"type": "array", "minItems": 2, "items": {"type": "string"}}"#), "a list of at least two"),
        (body(r#"{"type": "array", "items": {"type": "array"}}"#), "a list of maps or lists"),
        (body("[]"), "a schema is no map"),
        (body("{\"type\": \"string\"}").replace("post", "get"), "the body: a GET or HEAD sends none"),
        (
            parameter(r#"{"name": "s", "in": "cookie", "required": true, "schema": {}}"#),
            "the cookie parameter `s`: a cookie is not sent",
        ),
        (
            parameter(r#"{"name": "q", "in": "query", "required": true, "style": "matrix", "schema": {}}"#),
            "style `matrix`",
        ),
        (
            parameter(r#"{"name": "q", "in": "query", "required": true}"#),
            "the query parameter `q`: it has no schema",
        ),
        (
            parameter(r#"{"name": "q", "in": "nowhere", "required": true, "schema": {}}"#),
            "parameters in `nowhere`",
        ),
        (
            r#"{"get": {"responses": {"200": {"content": {"text/csv": {}}}}}}"#.to_owned(),
            "its answer is text/csv, not JSON",
        ),
    ] {
        let (brought, notes) = told(&operation, circle);
        assert_eq!(brought, 1, "{operation}: {notes:?}");
        assert!(
            notes.iter().any(|note| note.contains(what) && note.starts_with("paths./a/{id}")),
            "{operation}: {notes:?}"
        );
    }
}

#[test]
fn schemas_that_refer_to_one_another_without_end_end() {
    let many = |n: usize| {
        format!(
            r##""S{n}": {{"allOf": [{0}, {0}]}}"##,
            format!(r##"{{"$ref": "#/components/schemas/S{}"}}"##, n + 1)
        )
    };
    let schemas: Vec<String> = (0..15).map(many).chain([r#""S15": {"type": "string"}"#.to_owned()]).collect();
    let operation = r##"{"post": {"requestBody": {"required": true, "content": {"application/json":
        {"schema": {"$ref": "#/components/schemas/S0"}}}}}}"##;
    let (brought, notes) = told(operation, &format!("\"schemas\": {{{}}}", schemas.join(",")));
    assert!(brought == 1 && notes[0].contains("refer to one another"), "{notes:?}");
}

#[test]
fn where_nothing_can_be_brought_there_is_no_draft_and_every_reason() {
    let text = "openapi: 3.0.0\npaths: {/a: {trace: {}, options: {}}}";
    let imported = openapi(text, &wanted()).expect("the document can be read");
    assert_eq!((imported.brought, imported.of, imported.notes.len()), (0, 2, 2));
}
