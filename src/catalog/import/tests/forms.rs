//! Forms of each version of a document.
//!
//! Promises: each field lands as the document has it; a file is told, and takes no field with it.
//! Never: touches the network.

use super::*;

fn document(body: &str) -> String {
    format!(
        r#"
openapi: 3.0.3
info: {{title: Desk, version: "1"}}
servers: [{{url: "https://desk.example/v1"}}]
paths:
  /refunds:
    post:
      operationId: payBack
      summary: Pay an order back.
      requestBody:
        required: true
        content:
          {body}:
            schema:
              type: object
              required: [order, day]
              properties:
                order: {{type: string, pattern: "^[0-9]+$"}}
                day: {{type: string, format: date}}
                tags: {{type: array, maxItems: 3, items: {{type: string}}}}
                channel: {{type: string, enum: [phone]}}
                weight: {{type: number, minimum: 0.5}}
                proof: {{type: string, format: binary}}
      responses: {{"200": {{description: Done.}}}}
"#
    )
}

/// The request of the only tool of a draft.
fn request(imported: &Imported) -> Value {
    checked(imported).unwrap_or_else(|problems| panic!("{problems}\n{}", imported.yaml));
    let draft: Value = serde_saphyr::from_str(&imported.yaml).expect("a draft is YAML");
    draft["tools"][0]["request"].clone()
}

#[test]
fn a_form_is_brought_with_a_parameter_for_each_field_and_a_file_is_left_out() {
    let fields = json!({"order": "{order}", "day": "{day}", "tags": "{tags}", "channel": "phone", "weight": "{weight}"});
    for (media, name) in
        [("application/x-www-form-urlencoded; charset=utf-8", "form"), ("multipart/form-data", "multipart")]
    {
        let imported = openapi(&document(&format!("{media:?}")), &wanted()).expect("it is read");
        assert_eq!(request(&imported)[name], fields, "{}", imported.yaml);
        let told: Vec<String> = imported.notes.iter().map(ToString::to_string).collect();
        assert!(
            told.iter().any(|note| note.contains("`proof` of the form is left out: it is a file")),
            "{told:?}"
        );
    }
}

#[test]
fn the_form_data_of_an_older_document_is_a_form_whose_lists_are_joined() {
    let document = r#"
swagger: "2.0"
info: {title: Desk, version: "1"}
host: desk.example
schemes: [https]
paths:
  /refunds:
    post:
      operationId: payBack
      summary: Pay an order back.
      parameters:
        - {name: order, in: formData, required: true, type: string, pattern: "^[0-9]+$"}
        - {name: tags, in: formData, type: array, items: {type: string}}
        - {name: own, in: formData, type: array, collectionFormat: multi, items: {type: string}}
      responses: {"200": {description: Done.}}
"#;
    let imported = openapi(document, &wanted()).expect("it is read");
    let fields = json!({
        "order": "{order}", "tags": "{{ tags | join(',') if tags is not none else none }}", "own": "{own}",
    });
    assert_eq!(request(&imported)["form"], fields, "{}", imported.yaml);
}
