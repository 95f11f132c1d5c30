//! `centralita tool import`, as its user runs it.
//!
//! Promises: the draft on stdout or in a new file, all else on stderr; what came of it is the exit code. What a drafted tool
//! sends is what the document wants.
//! Never: leaves this machine.

use std::collections::BTreeMap;
use std::process::{Output, Stdio};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, Uri};
use centralita::catalog::import::{Wanted, openapi};
use centralita::catalog::{Kind, Source, check};
use centralita::integrations::Registry;
use centralita::secrets::{SecretName, Secrets};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::command::{Folder, command};
use crate::registry::ran;

const SHOP: &str = "tests/import/shop.v2.json";
const AGENT: &str = "version: 1\nid: shop\ntitle: Shop\nlanguage: en\ncurrency: USD\ngreeting: Hello.\nprompt: Be brief.\n\
    tools: [shop.get_order, shop.create_order]\n";

/// Exit code, stdout, stderr.
async fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    told(command(arguments).output().await.unwrap())
}

fn told(output: Output) -> (Option<i32>, String, String) {
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[tokio::test]
async fn a_draft_goes_to_stdout_and_what_is_not_in_it_to_stderr() {
    let (code, draft, beside) = run(&["tool", "import", "openapi", SHOP]).await;
    assert_eq!(code, Some(0), "{beside}");
    assert!(draft.starts_with("# A draft by") && draft.contains("\nid: walnut_shop\n"), "{draft}");
    assert!(beside.contains("paths./reports/daily.get: not brought: its answer is a file"), "{beside}");
    assert!(beside.contains("set the secret WALNUT_SHOP_KEY"), "{beside}");
    assert!(beside.lines().last().unwrap().starts_with("4 of 6 operations brought;"), "{beside}");
}

#[tokio::test]
async fn a_draft_in_a_new_file_is_taken_by_check_as_it_stands_and_is_not_written_over() {
    let folder = Folder::new();
    for name in ["agents", "integrations"] {
        std::fs::create_dir(folder.file(name)).unwrap();
    }
    std::fs::write(folder.file("agents/shop.yaml"), AGENT).unwrap();
    let out = folder.file("integrations/shop.yaml");
    let (code, draft, beside) = run(&["tool", "import", "openapi", SHOP, "--out", &out]).await;
    assert_eq!((code, draft.as_str()), (Some(0), ""), "{beside}");
    let root = folder.file("");
    let (code, agents, beside) = run(&["check", "--root", &root, "--speech", "stand-in"]).await;
    assert_eq!(code, Some(0), "{beside}");
    assert!(agents.contains("shop.create_order, shop.get_order"), "{agents}");
    let before = std::fs::read(&out).unwrap();
    let (code, _, beside) = run(&["tool", "import", "openapi", SHOP, "--out", &out]).await;
    assert!(code == Some(2) && beside.contains("is there already"), "{beside}");
    assert_eq!(std::fs::read(&out).unwrap(), before);
}

#[tokio::test]
async fn what_cannot_be_brought_or_read_is_told_with_the_exit_code_for_it() {
    let folder = Folder::new();
    let none = folder.file("none.yaml");
    std::fs::write(&none, "openapi: 3.0.0\npaths: {/a: {trace: {}}}").unwrap();
    let broken = folder.file("broken.json");
    std::fs::write(&broken, "{\"openapi\": \"3.0.0\",\n oops}").unwrap();
    let latin = folder.file("latin.yaml");
    std::fs::write(&latin, b"openapi: 3.0.0 # caf\xe9").unwrap();
    for (arguments, code, words) in [
        (vec![none.as_str()], 1, "paths./a.trace: not brought: TRACE is not sent"),
        (vec![&broken], 2, "line 2 column 2"),
        (vec![&latin], 2, "not written in UTF-8, from byte 20 on"),
        (vec!["nowhere.yaml"], 2, "nowhere.yaml cannot be read"),
        (vec![SHOP, "--only", "getOdrer"], 2, "did you mean `getOrder`?"),
        (vec![SHOP, "--id", "My Shop"], 2, "cannot be an integration's id"),
        (vec![SHOP, "--out", "/nowhere/shop.yaml"], 2, "cannot be written"),
    ] {
        let all: Vec<&str> = ["tool", "import", "openapi"].into_iter().chain(arguments).collect();
        let (found, draft, beside) = run(&all).await;
        assert_eq!((found, draft.as_str()), (Some(code), ""), "{all:?}: {beside}");
        assert!(beside.contains(words), "{all:?}: {beside}");
    }
}

#[tokio::test]
async fn a_document_inside_our_own_network_is_fetched_by_leave_only() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = tokio::spawn(async move {
        let document =
            r#"{"openapi": "3.1.0", "servers": [{"url": "/v1"}], "paths": {"/a": {"delete": {}}}}"#;
        let (mut socket, _) = listener.accept().await.unwrap();
        let _ = socket.read(&mut [0_u8; 4096]).await;
        let head =
            format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", document.len());
        socket.write_all((head + document).as_bytes()).await.unwrap();
    });
    let url = format!("http://{address}/openapi.json?key=hunter2");
    let (code, _, beside) = run(&["tool", "import", "openapi", &url]).await;
    assert!(code == Some(2) && beside.contains("add --allow-private"), "{beside}");
    let (code, draft, beside) = run(&["tool", "import", "openapi", &url, "--allow-private"]).await;
    assert_eq!(code, Some(0), "{beside}");
    assert!(draft.contains(&format!("base_url: \"http://{address}/v1\"\nallow_private: true\n")), "{draft}");
    assert!(!draft.contains("hunter2"), "{draft}");
    serving.await.unwrap();
}

#[tokio::test]
async fn a_command_for_curl_is_read_from_the_standard_input_too_and_its_secret_is_nowhere() {
    let line = "curl https://shop.example/orders/1182 -H 'Authorization: Bearer hunter2'";
    let mut child = command(&["tool", "import", "curl", "-"]).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(line.as_bytes()).await.unwrap();
    let piped = told(child.wait_with_output().await.unwrap());
    let given = run(&["tool", "import", "curl", line]).await;
    assert_eq!(piped, given);
    let (code, draft, beside) = given;
    assert_eq!(code, Some(0), "{beside}");
    assert!(
        draft.contains("bearer: secret.SHOP_TOKEN") && beside.contains("set the secret SHOP_TOKEN"),
        "{draft}{beside}"
    );
    assert!(!draft.contains("hunter2") && !beside.contains("hunter2"), "{draft}{beside}");
}

/// What a system was asked.
type Asked = Arc<Mutex<Vec<Value>>>;

/// A shop as the document describes it; where it is.
async fn shop() -> (String, Asked) {
    let asked = Asked::default();
    let answer = |State(asked): State<Asked>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes| async move {
        let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        asked
            .lock()
            .unwrap()
            .push(json!({"to": format!("{method} {uri}"), "body": body, "tenant": header("X-Tenant"),
            "secret": header("X-Shop-Key"), "key": header("Idempotency-Key")}));
        let order = json!({"id": "1182", "total": 45.5, "status": "open", "customer": {"name": "Ana"}, "token": "hunter2"});
        axum::Json(if uri.path().ends_with("/orders") && method == Method::GET {
            json!([order])
        } else {
            order
        })
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let router = Router::new().fallback(answer).with_state(Arc::clone(&asked));
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (address, asked)
}

/// The drafted tools of that shop, for one call.
fn registry(address: &str) -> Registry {
    let document = std::fs::read_to_string(SHOP).unwrap();
    let document = document.replace("shop.example", address).replace(r#"["http", "https"]"#, r#"["http"]"#);
    let wanted = Wanted { id: Some("shop"), only: &[], origin: "a test", address: None, allow_private: true };
    let draft = openapi(&document, &wanted).unwrap().yaml;
    let agent = AGENT.replace("shop.get_order,", "shop.list_orders, shop.get_order,");
    let source = |kind, path: &str, text: &str| Source::new(kind, path.to_owned(), text.to_owned());
    let sources = [
        source(Kind::Agent, "agents/shop.yaml", &agent),
        source(Kind::Integration, "integrations/shop.yaml", &draft),
    ];
    let catalog = check(&sources, &BTreeMap::new()).unwrap_or_else(|problems| panic!("{problems}\n{draft}"));
    let secret = SecretName::reference("secret.SHOP_KEY").unwrap();
    let secrets = Secrets::from_env().with(secret, "sesame".to_owned().into());
    crate::registry::registry(&catalog.agents["shop"], &secrets)
}

#[tokio::test]
async fn what_a_drafted_tool_sends_is_what_the_document_wants_and_what_it_forbids_is_never_sent() {
    let (address, asked) = shop().await;
    let registry = registry(&address);
    let listed = json!({"status": ["ON_HOLD", "open"], "limit": "5"});
    let found = ran(&registry, "shop.list_orders", listed, false).await.unwrap();
    assert_eq!((&found["count"], &found["orders"][0]["id"]), (&json!(1), &json!("1182")));
    let found = ran(&registry, "shop.get_order", json!({"order_number": "1182"}), false).await.unwrap();
    assert_eq!(
        (&found["total"], &found["customer_name"], found.get("token")),
        (&json!(45.5), &json!("Ana"), None)
    );
    let order = json!({"amount": "20", "customer_email": "a@b.example", "item_quantity": 2, "item_sku": "x1",
        "gift": true});
    let made = ran(&registry, "shop.create_order", order.clone(), true).await.unwrap();
    assert_eq!(made["id"], "1182");
    let want = |to: &str, body: Value, tenant: Option<&str>, key: Option<&str>| {
        json!({
            "to": to, "body": body, "tenant": tenant, "secret": "sesame", "key": key})
    };
    let body = json!({"amount": 20.0, "customer": {"email": "a@b.example"}, "gift": true,
        "items": [{"quantity": 2, "sku": "x1"}]});
    let all = std::mem::take(&mut *asked.lock().unwrap());
    assert_eq!(
        all,
        [
            want("GET /api/v1/orders?limit=5&status=on_hold%2Copen", Value::Null, Some("walnut"), None),
            want("GET /api/v1/orders/1182", Value::Null, None, None),
            want("POST /api/v1/orders", body, None, Some("CA1-t1")),
        ]
    );
    for (tool, field, value, told) in [
        ("shop.list_orders", "limit", json!(101), "`limit` must be from 1 to 100"),
        (
            "shop.list_orders",
            "status",
            json!("lost"),
            "each of `status` must be one of: open, on_hold, shipped",
        ),
        ("shop.get_order", "order_number", json!("118"), "`order_number` must be in the form ^[0-9]{4,8}$"),
        ("shop.create_order", "item_quantity", json!(0), "`item_quantity` must be at least 1"),
        ("shop.create_order", "amount", json!("0.49"), "`amount` must be from 0.50 to 999.99"),
    ] {
        let has_effects = tool == "shop.create_order";
        let mut args = if has_effects { order.clone() } else { json!({}) };
        args[field] = value;
        let why = ran(&registry, tool, args, has_effects).await.unwrap_err();
        assert!(why.starts_with(told), "{tool}: {why}");
    }
    assert!(asked.lock().unwrap().is_empty(), "nothing of it was sent");
}
