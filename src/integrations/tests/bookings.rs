//! A real MCP server, made with the server side of the library we are a client by: over HTTP on loopback, or as a process.
//!
//! Promises: it counts every call that reached it, whatever it answers.
//! Never: waits longer than a test's deadline.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::Request;
use axum::middleware::map_request;
use rmcp::RoleServer;
use rmcp::handler::server::ServerHandler;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ErrorData, ListToolsResult,
    PaginatedRequestParams, ProgressNotificationParam, ServerCapabilities, ServerConfig, SubscriptionFilter,
};
use rmcp::service::{RequestContext, SubscriptionContext};
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What it offers, and what it was called for.
#[derive(Clone)]
pub(super) struct Bookings {
    pub(super) tools: Arc<Mutex<Value>>,
    calls: Arc<Mutex<Vec<(String, Value)>>>,
    tokens: Arc<Mutex<Vec<String>>>,
    /// How often its tools have changed.
    changes: watch::Sender<u32>,
}

/// It, served over HTTP.
pub(super) struct Served {
    pub(super) bookings: Bookings,
    pub(super) url: url::Url,
    serving: JoinHandle<()>,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Bookings {
    pub(super) fn new() -> Bookings {
        let people = json!({"type": "object", "required": ["people"], "properties": {
            "people": {"type": "integer", "minimum": 1}, "request_id": {"type": "string"}}});
        let tool = |name: &str| {
            json!({"name": name, "description": "Does it.", "inputSchema": people,
                "annotations": {"readOnlyHint": true}})
        };
        let names = [
            "book-table",
            "fails",
            "refuses",
            "breaks",
            "never-answers",
            "tells",
            "talks",
            "repeats",
            "seen",
            "works",
            "dawdles",
            "asks",
        ];
        let tools: Vec<Value> = names.into_iter().map(tool).collect();
        Bookings {
            tools: Arc::new(Mutex::new(tools.into())),
            calls: Arc::default(),
            tokens: Arc::default(),
            changes: watch::Sender::new(0),
        }
    }

    /// Serves it over HTTP, with sessions or without.
    pub(super) async fn serve(self) -> Served {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        self.serve_at(listener).await
    }

    pub(super) async fn serve_at(self, listener: TcpListener) -> Served {
        let url = format!("http://{}/mcp", listener.local_addr().unwrap()).parse().unwrap();
        let (made, tokens) = (self.clone(), Arc::clone(&self.tokens));
        let config = StreamableHttpServerConfig::default();
        let service = StreamableHttpService::new(
            move || Ok(made.clone()),
            Arc::new(LocalSessionManager::default()),
            config,
        );
        let noted = move |request: Request| {
            let token =
                request.headers().get("authorization").map(|value| value.to_str().unwrap().to_owned());
            tokens.lock().unwrap().extend(token);
            async move { request }
        };
        let router = Router::new().fallback_service(service).layer(map_request(noted));
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Served { bookings: self, url, serving }
    }

    /// Tells whoever has asked that its tools are others; waits until somebody has.
    pub(super) async fn tell(&self) {
        while self.changes.receiver_count() == 0 {
            tokio::task::yield_now().await;
        }
        self.changes.send_modify(|changes| *changes += 1);
    }

    /// What it was called for, by the tool's name.
    pub(super) fn calls(&self, tool: &str) -> Vec<Value> {
        let calls = self.calls.lock().unwrap();
        calls.iter().filter(|(name, _)| name == tool).map(|(_, arguments)| arguments.clone()).collect()
    }

    /// Nobody has called it.
    pub(super) fn forget(&self) {
        self.calls.lock().unwrap().clear();
    }

    pub(super) fn tokens(&self) -> Vec<String> {
        self.tokens.lock().unwrap().clone()
    }
}

impl ServerHandler for Bookings {
    fn get_info(&self) -> ServerConfig {
        let mut config = ServerConfig::default();
        config.capabilities = ServerCapabilities::builder().enable_tools().enable_tool_list_changed().build();
        config
    }

    async fn list_tools(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let tools = self.tools.lock().unwrap().clone();
        let mut listed = ListToolsResult::with_all_items(serde_json::from_value(tools).unwrap());
        // It claims more than it keeps to.
        listed.ttl_ms = Some(3_600_000);
        Ok(listed)
    }

    fn accepted_subscription_filter(&self, requested: &SubscriptionFilter) -> Option<SubscriptionFilter> {
        Some(requested.clone())
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        let mut changes = self.changes.subscribe();
        loop {
            tokio::select! {
                () = context.cancelled() => return Ok(()),
                changed = changes.changed() => changed.unwrap(),
            }
            // Whoever asked may have gone meanwhile.
            let _ = context.sink().notify_tool_list_changed().await;
        }
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let arguments = Value::Object(request.arguments.unwrap_or_default());
        self.calls.lock().unwrap().push((request.name.to_string(), arguments.clone()));
        let structured = |value: Value| Ok(CallToolResponse::Complete(CallToolResult::structured(value)));
        let text = |text: &str| vec![ContentBlock::text(text)];
        match request.name.as_ref() {
            "book-table" => structured(json!({"code": "B7", "people": arguments["people"]})),
            "fails" => Ok(CallToolResult::error(text("no table is free\u{7} then")).into()),
            "refuses" => Err(ErrorData::invalid_params("`people` is too large", None)),
            "breaks" => Err(ErrorData::internal_error("oops", None)),
            "never-answers" => std::future::pending().await,
            "works" => {
                progresses(&context, 1.0).await;
                structured(json!({"code": "W2"}))
            }
            // For as long as anybody is there.
            "dawdles" => {
                for step in 1_u32.. {
                    progresses(&context, step.into()).await;
                    tokio::task::yield_now().await;
                    if context.ct.is_cancelled() {
                        break;
                    }
                }
                std::future::pending().await
            }
            "asks" => {
                let question = json!({"mode": "form", "message": "Your PIN?", "requestedSchema": {
                    "type": "object", "properties": {"pin": {"type": "string"}}}});
                let asked = json!({"resultType": "input_required", "inputRequests": {
                    "pin": {"method": "elicitation/create", "params": question}}});
                Ok(CallToolResponse::InputRequired(serde_json::from_value(asked).unwrap()))
            }
            "tells" => Ok(CallToolResult::success(text("{\"free\": 3}")).into()),
            // What its environment holds of ours.
            "talks" => {
                let names: Vec<String> = std::env::vars().map(|(name, _)| name).collect();
                let secret = std::env::var("BOOKINGS_TOKEN").is_ok_and(|token| token == "sesame-canary");
                structured(json!({"variables": names, "knows": secret, "process": std::process::id()}))
            }
            // Under which keys it was called.
            "seen" => {
                let calls = self.calls.lock().unwrap();
                let keys = calls.iter().filter_map(|(_, arguments)| arguments.get("request_id"));
                structured(json!({"keys": keys.collect::<Vec<_>>()}))
            }
            "repeats" => Ok(CallToolResult::error(text("no such token: sesame-canary")).into()),
            other => panic!("there is no tool {other}"),
        }
    }
}

/// Says how far it is, with words that nobody is to hear.
async fn progresses(context: &RequestContext<RoleServer>, step: f64) {
    let token = context.meta.get_progress_token().expect("every call asks for it");
    let said = ProgressNotificationParam::new(token, step).with_message("halfway-canary");
    let _ = context.peer.notify_progress(said).await;
}
