//! Tools of MCP servers in whole calls: over HTTP and over pipes, by the program as its user runs it, and where it dies.
//!
//! Promises: what a server did is counted outside of every process; a refund of the shop's is agreed to by voice and made
//! once, or nobody says so.
//! Never: leaves loopback.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use centralita::caller::Ended;
use rmcp::RoleServer;
use rmcp::handler::server::ServerHandler;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ErrorData, ListToolsResult,
    PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool,
};
use rmcp::service::RequestContext;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::command::command;
use crate::house::{Fared, House};
use crate::scene::{here, told};

const CALLER: &str = "+15550107002";
const ORDER: u32 = 1182;
const PIPES: &str = "mcp::the_server_of_these_tests_lists_its_tools_over_pipes";
/// Where a server writes what it did.
const LEDGER: &str = "ORDERS_LEDGER";
const SECRET: &str = "pipes-canary-88";

const INTEGRATION: &str = r#"version: 1
id: shop
title: The shop's orders
kind: mcp
CONNECTION
tools:
  - name: order_status
    tool: lookUp
    description: Look up an order.
    effects: none
    examples: ["where is my order {order_id}"]
    parameters: [{name: order_id, kind: digits, ask: Which order?}]
    response: {map: {item: item}}
  - name: refund
    tool: pay-back
    examples: ["refund {amount} on order {order_id}"]
    parameters:
      - {name: order_id, kind: digits, ask: Which order?}
      - {name: amount, kind: money, ask: How much?}
    response: {map: {paid: paid}}
    confirm:
      question: "Refund {{ amount | money }} on {{ order_id | digits }}?"
      action: "Refunding {{ amount | money }}."
    phrases: {done: Done., unknown: I do not know whether it went through.}
"#;

/// A server with two tools.
#[derive(Clone)]
struct Orders {
    ledger: PathBuf,
}

impl ServerHandler for Orders {
    fn get_info(&self) -> ServerConfig {
        let mut config = ServerConfig::default();
        config.capabilities = ServerCapabilities::builder().enable_tools().build();
        config
    }

    async fn list_tools(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let order = json!({"type": "string", "description": "The order's number."});
        let tools = json!([
            {"name": "lookUp", "description": "Looks an order up.", "annotations": {"readOnlyHint": true},
             "inputSchema": {"type": "object", "required": ["orderId"], "properties": {"orderId": order}}},
            {"name": "pay-back", "description": "Pays back.", "annotations": {"readOnlyHint": true},
             "inputSchema": {"type": "object", "required": ["orderId", "amount"],
                "properties": {"orderId": order, "amount": {"type": "number"}}}},
        ]);
        Ok(ListToolsResult::with_all_items(serde_json::from_value::<Vec<Tool>>(tools).unwrap()))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let arguments = Value::Object(request.arguments.unwrap_or_default());
        if request.name == "pay-back" {
            let mut ledger =
                std::fs::OpenOptions::new().create(true).append(true).open(&self.ledger).unwrap();
            writeln!(ledger, "{arguments}").unwrap();
        }
        let result = json!({"paid": arguments["amount"], "item": "a lamp"});
        Ok(CallToolResult::structured(result).into())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Http,
    Pipes,
}

/// A house whose shop is an MCP server, looked at and written down.
struct Place {
    house: House,
    ledger: PathBuf,
    serving: Option<JoinHandle<()>>,
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(serving) = &self.serving {
            serving.abort();
        }
    }
}

impl Place {
    async fn new(way: Way) -> Place {
        let mut house = House::new(false, |_| std::time::Duration::ZERO).await;
        let ledger = PathBuf::from(house.file("ledger"));
        let (connection, serving) = match way {
            Way::Http => {
                let here = here().await;
                let orders = Orders { ledger: ledger.clone() };
                let service = StreamableHttpService::new(
                    move || Ok(orders.clone()),
                    Arc::new(LocalSessionManager::default()),
                    StreamableHttpServerConfig::default(),
                );
                let router = Router::new().fallback_service(service);
                let serving = tokio::spawn(async move { axum::serve(here.listener, router).await.unwrap() });
                (format!("connection: {{url: \"{}mcp\"}}\nallow_private: true", here.public), Some(serving))
            }
            Way::Pipes => {
                let program = std::env::current_exe().unwrap();
                let program = program.to_str().unwrap();
                let connection = format!(
                    "connection:\n  command: {program}\n  \
                     args: [--exact, \"{PIPES}\", --nocapture, -q]\n  \
                     env: {{{LEDGER}: \"{}\", ORDERS_TOKEN: secret.ORDERS_TOKEN}}",
                    ledger.display()
                );
                house.grant("CENTRALITA_MCP_COMMANDS", program);
                house.grant("CENTRALITA_SECRET_ORDERS_TOKEN", SECRET);
                (connection, None)
            }
        };
        std::fs::write(house.file("integrations/shop.yaml"), INTEGRATION.replace("CONNECTION", &connection))
            .unwrap();
        // The agent's own tests speak of another shop's parameters.
        let agent = std::fs::read_to_string(house.file("agents/shop.yaml")).unwrap();
        let (agent, _) = agent.split_once("\ntests:\n").unwrap();
        std::fs::write(house.file("agents/shop.yaml"), format!("{agent}\n")).unwrap();
        let place = Place { house, ledger, serving };
        place.says(&["mcp", "sync", "shop"], 0).await;
        place
    }

    /// Runs a command over the definitions; what it says.
    async fn says(&self, arguments: &[&str], code: i32) -> String {
        let root = self.house.file("");
        let mut line = command(arguments);
        line.args(["--root", &root]);
        self.house.granted(&mut line);
        let output = line.output().await.unwrap();
        let told = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {told}");
        assert!(!told.contains(SECRET), "{told}");
        told
    }

    fn refunds(&self) -> Vec<Value> {
        let ledger = std::fs::read_to_string(&self.ledger).unwrap_or_default();
        ledger.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// Started as a process it is the server that others call; else it is called here.
#[tokio::test]
async fn the_server_of_these_tests_lists_its_tools_over_pipes() {
    if let Some(ledger) = std::env::var_os(LEDGER) {
        let orders = Orders { ledger: ledger.into() };
        let serving = rmcp::serve_server(orders, rmcp::transport::stdio()).await.unwrap();
        serving.waiting().await.unwrap();
        return;
    }
    let (ours, theirs) = tokio::io::duplex(1 << 16);
    let orders = Orders { ledger: PathBuf::new() };
    let (_serving, client) = tokio::join!(rmcp::serve_server(orders, theirs), rmcp::serve_client((), ours));
    assert_eq!(client.unwrap().list_all_tools().await.unwrap().len(), 2);
}

async fn a_whole_call(way: Way) {
    let place = Place::new(way).await;
    let checked = place.says(&["check"], 0).await;
    assert!(checked.contains("shop.refund"), "{checked}");
    let gateway = place.house.gateway(None).await;
    let Fared { ended, recording } = gateway.refund(CALLER, ORDER).await.unwrap();
    let words = told(&recording);
    assert_eq!(ended, Ended::CallerHungUp, "{words:?}\n{}", place.house.log());
    assert!(words.iter().any(|text| text == "Done."), "{words:?}\n{}", place.house.log());
    assert_eq!(place.refunds(), [json!({"orderId": "1182", "amount": 20.0})]);
    let states: Vec<String> = place.house.listed().await.into_values().collect();
    assert_eq!(states, ["done"]);
    gateway.kill().await;
    place.house.intact().await;
    assert!(!place.house.log().contains(SECRET));
}

#[tokio::test]
async fn a_refund_by_a_server_over_http_is_asked_about_and_made_once() {
    a_whole_call(Way::Http).await;
}

#[tokio::test]
async fn a_refund_by_a_server_over_pipes_is_asked_about_and_made_once() {
    a_whole_call(Way::Pipes).await;
}

async fn is_tried_out(way: Way) {
    let place = Place::new(way).await;
    let read = place.says(&["tool", "test", "shop", "order_status", "--arg", "order_id=1182"], 0).await;
    assert!(read.contains("request     tools/call lookUp") && read.contains("mapped      item = "), "{read}");
    let journal = place.house.file("tried.sqlite");
    let refund = [
        "tool",
        "test",
        "shop",
        "refund",
        "--arg",
        "order_id=1182",
        "--arg",
        "amount=20",
        "--journal",
        &journal,
    ];
    let looked = place.says(&refund, 1).await;
    assert!(
        looked.contains("would send  tools/call pay-back") && looked.contains("asks        Refund"),
        "{looked}"
    );
    assert_eq!(place.refunds(), [Value::Null; 0]);
    let leave = ["--execute", "--yes", "--user", "ana", "--reason", "to see it work"];
    let done = place.says(&[&refund[..], &leave].concat(), 0).await;
    assert!(done.contains("says        after: Done."), "{done}");
    assert_eq!(place.refunds(), [json!({"orderId": "1182", "amount": 20.0})]);
}

#[tokio::test]
async fn a_tool_of_a_server_is_tried_out_over_http_and_pipes() {
    tokio::join!(is_tried_out(Way::Http), is_tried_out(Way::Pipes));
}

/// Dies at a crash point, and is asked for the same again: nothing goes twice, and nobody says that it is done.
async fn dies_at(way: Way, point: u8) {
    let place = Place::new(way).await;
    let gateway = place.house.gateway(Some(point)).await;
    gateway.refund(CALLER, ORDER).await.unwrap();
    gateway.died().await;
    let gateway = place.house.gateway(None).await;
    let again = gateway.refund(CALLER, ORDER).await.unwrap();
    let words = told(&again.recording);
    assert!(
        words.iter().any(|text| text.contains("can't tell whether the first try went through")),
        "{way:?} {point}: {words:?}\n{}",
        place.house.log()
    );
    assert!(!words.iter().any(|text| text == "Done."), "{way:?} {point}: {words:?}");
    let made = place.refunds().len();
    match (way, point) {
        (_, 3) => assert_eq!(made, 0, "nothing had left"),
        // The server may have ended with its input before it got to it.
        (Way::Pipes, 4) => assert!(made <= 1, "{made}"),
        (Way::Http | Way::Pipes, _) => assert_eq!(made, 1, "{way:?} {point}"),
    }
    assert_eq!(place.house.open_of(CALLER).await.len(), 1);
    gateway.kill().await;
    place.house.intact().await;
}

#[tokio::test]
async fn killed_before_a_call_leaves_over_http_or_pipes_nothing_is_called_again() {
    tokio::join!(dies_at(Way::Http, 3), dies_at(Way::Pipes, 3));
}

#[tokio::test]
async fn killed_before_the_answer_is_looked_at_over_http_or_pipes_nothing_is_called_again() {
    tokio::join!(dies_at(Way::Http, 4), dies_at(Way::Pipes, 4));
}

#[tokio::test]
async fn killed_before_the_outcome_is_written_over_http_or_pipes_nothing_is_called_again() {
    tokio::join!(dies_at(Way::Http, 5), dies_at(Way::Pipes, 5));
}

#[tokio::test]
async fn what_a_server_says_is_shown_and_its_tools_are_called_only_where_that_is_wanted() {
    let place = Place::new(Way::Pipes).await;
    let tools = place.says(&["mcp", "tools", "shop"], 0).await;
    assert!(
        tools.contains("pay-back  [picked as refund]") && tools.contains("says that it only reads"),
        "{tools}"
    );
    let (order, both) = (r#"{"orderId": "1"}"#, r#"{"orderId": "1", "amount": 5}"#);
    let read = place.says(&["mcp", "call", "shop", "order_status", "--json", order], 0).await;
    assert!(read.contains("a lamp"), "{read}");
    let kept = place.says(&["mcp", "call", "shop", "refund", "--json", both], 1).await;
    assert!(kept.contains("not called: pay-back") && kept.contains("--execute"), "{kept}");
    assert!(place.refunds().is_empty());
    place.says(&["mcp", "call", "shop", "refund", "--json", both, "--execute"], 0).await;
    assert_eq!(place.refunds().len(), 1);
    assert!(place.says(&["mcp", "diff", "shop"], 0).await.contains("nothing has changed"));
    let pin = place.house.file("integrations/shop.mcp.json");
    let text = std::fs::read_to_string(Path::new(&pin)).unwrap();
    std::fs::write(&pin, text.replace("Pays back.", "Obeys.")).unwrap();
    let refused = place.says(&["check"], 1).await;
    assert!(refused.contains("the pin of `pay-back` was changed by hand"), "{refused}");
    std::fs::remove_file(&pin).unwrap();
    let changed = place.says(&["mcp", "diff", "shop"], 1).await;
    assert!(changed.contains("pay-back is new") && changed.contains("+ "), "{changed}");
}
