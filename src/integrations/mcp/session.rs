//! One session with a server: begun, its tools listed, and called.
//!
//! Promises: a call is sent once; of one without an answer it is known whether it left; what is read is bounded.
//! Never: answers a question of the server's: it is told that nobody here does.

use std::sync::Arc;
use std::time::Duration;

use centralita_core::base::{Fault, Owner};
use rmcp::model::{
    CallToolRequest, CallToolRequestParams, CallToolResult, ClientConfig, ClientRequest, ContentBlock,
    ErrorCode, ErrorData, Implementation, PaginatedRequestParams, ProtocolVersion, ServerResult,
    SubscriptionFilter, Tool,
};
use rmcp::service::{NotificationContext, Peer, PeerRequestOptions, RunningService, ServiceError};
use rmcp::transport::Transport;
use rmcp::{ClientCacheConfig, ClientHandler, ClientLifecycleMode, ClientServiceExt as _, RoleClient};
use serde_json::{Map, Value, json};
use tokio::sync::Notify;
use tokio::time::error::Elapsed;
use tokio::time::{Instant, timeout, timeout_at};
use url::Url;

use super::child::{self, Start};
use super::greeting::{LateNews, Patient};
use super::http::{self, Trouble};
use super::passage::{Passage, Stage};
use super::pin::{Pinned, Pins};
use crate::egress::{ANSWER_BYTES_MAX, Answer, Lent, Purpose, Unanswered};
use crate::integrations::auth::Credentials;
use crate::integrations::masks::Masks;
use crate::integrations::probe::Pauses;

/// How long a server may take to begin a session: one of the older kind may leave the newer greeting unanswered for ten
/// seconds, and a program has to start first.
const BEGINNING: Duration = Duration::from_secs(30);
/// How long its list of tools may take, all pages.
const LISTING: Duration = Duration::from_secs(10);
/// Pauses before a server is asked anew to tell of its changes: it may end that whenever it likes, and is looked at every
/// minute anyhow.
const ASKED_FIRST: Duration = Duration::from_secs(1);
const ASKED_LONGEST: Duration = Duration::from_secs(60);
const PAGES_MAX: usize = 50;
const TOOLS_MAX: usize = 2_000;
/// Of what a server says of a failure, in characters: a model reads it.
const SAID_CHARS_MAX: usize = 500;

/// How a server is reached, all secrets found.
pub(crate) enum Reached {
    Http { lent: Lent, url: Url, credentials: Arc<Credentials> },
    Child(Start),
}

/// A clone is the same session, which ends with the last of them.
#[derive(Clone)]
pub(super) struct Session {
    running: Arc<RunningService<RoleClient, Listener>>,
    listener: Listener,
    trouble: Trouble,
    masks: Masks,
}

/// Hears what a server tells by itself: of it, that its tools are others.
#[derive(Clone, Default)]
struct Listener {
    changed: Arc<Notify>,
}

impl ClientHandler for Listener {
    fn get_info(&self) -> ClientConfig {
        let mut info = ClientConfig::default();
        info.client_info = Implementation::new("centralita", env!("CARGO_PKG_VERSION"));
        info
    }

    async fn on_tool_list_changed(&self, _context: NotificationContext<RoleClient>) {
        self.changed.notify_one();
    }
}

impl Session {
    pub(super) async fn begin(reached: &Reached) -> Result<Session, Fault> {
        let (newer, news) = (vec![ProtocolVersion::V_2026_07_28], LateNews::default());
        let either = ClientLifecycleMode::Auto {
            preferred_versions: newer.clone(),
            legacy_version: Some(ProtocolVersion::V_2025_11_25),
        };
        let begun = Session::begin_by(reached, either, &news).await;
        if begun.is_err() && news.came() {
            // It knows the newer greeting alone, and is slow: with this one nothing else is tried meanwhile.
            let newer = ClientLifecycleMode::Discover { preferred_versions: newer };
            return Session::begin_by(reached, newer, &news).await;
        }
        begun
    }

    async fn begin_by(
        reached: &Reached,
        lifecycle: ClientLifecycleMode,
        news: &LateNews,
    ) -> Result<Session, Fault> {
        let (listener, masks) = (Listener::default(), reached.masks());
        let (begun, trouble) = match reached {
            Reached::Http { lent, url, credentials } => {
                let (transport, trouble) = http::transport(lent.clone(), url, credentials, masks.clone());
                (begin_on(Patient::new(transport, news.clone()), listener.clone(), lifecycle).await, trouble)
            }
            Reached::Child(start) => {
                let transport = child::start(start, Arc::clone(&listener.changed))?;
                let transport = Patient::new(transport, news.clone());
                (begin_on(transport, listener.clone(), lifecycle).await, Trouble::default())
            }
        };
        match begun {
            Ok(Some(running)) => {
                // The library would answer from memory, for as long as the server says, and where it is gone: a tool that
                // has become another would stay in use.
                running.peer().set_response_cache_config(ClientCacheConfig::disabled()).await;
                if let Some(peer) = tells_of_changes(&running) {
                    tokio::spawn(hears(peer, Arc::clone(&listener.changed)));
                }
                Ok(Session { running: Arc::new(running), listener, trouble, masks })
            }
            // What the library says may repeat a server's words, and these a secret.
            Ok(None) => Err(trouble.take().unwrap_or_else(|| unspoken(reached))),
            Err(_) => {
                let what = format!("{} does not begin a session", reached.name());
                Err(Fault::new(Owner::Provider, what, "see whether it is an MCP server, and its log"))
            }
        }
    }

    /// What the server calls itself, and which revision is spoken with it.
    pub(super) fn about(&self) -> String {
        let Some(info) = self.running.peer().peer_info() else { return String::new() };
        let of = info.server_info.as_ref();
        let name = of.map_or_else(String::new, |of| {
            let named = format!("{} {}", shown(&of.name), shown(&of.version));
            format!("{}, ", named.trim())
        });
        format!("{name}MCP {}", info.protocol_version)
    }

    /// All tools, by their names.
    pub(super) async fn tools(&self) -> Result<Pins, Fault> {
        let until = Instant::now() + LISTING;
        let mut tools = Pins::new();
        let mut cursor = None;
        for _ in 0..PAGES_MAX {
            let asked = PaginatedRequestParams::default().with_cursor(cursor);
            let page = match timeout_at(until, self.running.peer().list_tools(Some(asked))).await {
                Ok(Ok(page)) => page,
                Ok(Err(_)) | Err(_) => return Err(provider("the server does not list its tools")),
            };
            for tool in page.tools {
                let pinned = pinned(&tool, &self.masks);
                tools.insert(pinned.name.clone(), pinned);
            }
            if tools.len() > TOOLS_MAX {
                return Err(provider(&format!("the server has more than {TOOLS_MAX} tools")));
            }
            cursor = page.next_cursor;
            if cursor.is_none() {
                return Ok(tools);
            }
        }
        Err(provider(&format!("the server's list of tools has more than {PAGES_MAX} pages")))
    }

    /// Returns when the server says that its tools are others, when somebody doubts the session, or when it is over.
    pub(super) async fn changed(&self) {
        self.listener.changed.notified().await;
    }

    /// Has it looked at now: something speaks against it.
    pub(super) fn doubt(&self) {
        self.listener.changed.notify_one();
    }

    pub(super) fn is_over(&self) -> bool {
        self.running.is_closed() || self.running.peer().is_transport_closed()
    }

    /// Calls a tool once, until then.
    pub(super) async fn call(
        &self,
        tool: &str,
        arguments: Map<String, Value>,
        purpose: Purpose,
        until: Instant,
    ) -> Result<Answer, Unanswered> {
        let passage = Passage::new(purpose);
        let params = CallToolRequestParams::new(tool.to_owned()).with_arguments(arguments);
        let mut request = CallToolRequest::new(params);
        request.extensions.insert(passage.clone());
        let request = ClientRequest::CallToolRequest(request);
        let options = PeerRequestOptions::no_options();
        let sending = self.running.peer().send_cancellable_request(request, options);
        let mut handle = match timeout_at(until, sending).await {
            Ok(Ok(handle)) => handle,
            Ok(Err(_)) | Err(_) => return Err(self.lost(passage.give_up())),
        };
        match timeout_at(until, &mut handle.rx).await {
            Ok(Ok(Ok(result))) => result_of(result, &self.masks),
            Ok(Ok(Err(ServiceError::McpError(error)))) => Err(refused(&error, &self.masks)),
            Ok(Ok(Err(_)) | Err(_)) => Err(self.lost(passage.give_up())),
            Err(_) => {
                let stage = passage.give_up();
                // Not waited for: the caller's time is over.
                tokio::spawn(handle.cancel(Some("it took too long".to_owned())));
                Err(match stage {
                    Stage::Left | Stage::TurnedAway => {
                        Unanswered::Sent(provider("the server did not answer in time"))
                    }
                    Stage::Waiting | Stage::Kept => self.lost(stage),
                })
            }
        }
    }

    /// A call whose session broke: what that means by how far it came.
    fn lost(&self, stage: Stage) -> Unanswered {
        let fault = |what: &str| self.trouble.take().unwrap_or_else(|| provider(what));
        match stage {
            Stage::Waiting | Stage::Kept => Unanswered::NotSent(fault("the server cannot be reached")),
            Stage::Left => Unanswered::Sent(fault("the server broke off without an answer")),
            Stage::TurnedAway => Unanswered::Refused(fault("the server turned the request away")),
        }
    }
}

/// Begins a session in time; nothing where it cannot be begun.
async fn begin_on<T: Transport<RoleClient> + 'static>(
    transport: Patient<T>,
    listener: Listener,
    lifecycle: ClientLifecycleMode,
) -> Result<Option<RunningService<RoleClient, Listener>>, Elapsed> {
    timeout(BEGINNING, listener.serve_with_lifecycle(transport, lifecycle)).await.map(Result::ok)
}

/// The other end, where it tells of other tools only to whoever has asked to be told: the newer protocol's way.
fn tells_of_changes(running: &RunningService<RoleClient, Listener>) -> Option<Peer<RoleClient>> {
    let info = running.peer().peer_info()?;
    let says_so = info.capabilities.tools.as_ref().is_some_and(|tools| tools.list_changed == Some(true));
    (says_so && !info.protocol_version.has_initialize()).then(|| running.peer().clone())
}

/// Asks to be told, anew whenever that ends, as long as there is a session. What changed before the asking is looked at too.
async fn hears(peer: Peer<RoleClient>, changed: Arc<Notify>) {
    let mut pauses = Pauses::new(ASKED_FIRST, ASKED_LONGEST);
    while !peer.is_transport_closed() {
        let wanted = SubscriptionFilter::builder().tools_list_changed().build();
        if let Ok(mut told) = peer.listen(wanted).await {
            changed.notify_one();
            while let Ok(Some(_)) = told.next().await {
                changed.notify_one();
            }
        }
        tokio::time::sleep(pauses.pause()).await;
    }
}

impl Reached {
    /// What of ours must not come back from it.
    fn masks(&self) -> Masks {
        match self {
            Reached::Http { credentials, .. } => Masks::new(credentials.values()),
            Reached::Child(start) => Masks::new(start.secrets()),
        }
    }

    pub(super) fn name(&self) -> String {
        match self {
            Reached::Http { lent, .. } => lent.place().to_owned(),
            Reached::Child(start) => format!("the program `{}`", start.command),
        }
    }
}

fn unspoken(reached: &Reached) -> Fault {
    let (what, remedy) = match reached {
        Reached::Http { .. } => {
            ("does not answer as an MCP server does", "see whether this is the address of its MCP endpoint")
        }
        Reached::Child(_) => (
            "ended, or does not speak MCP over its standard output",
            "run it by hand with the same arguments: it may miss one, or a variable of `env`",
        ),
    };
    Fault::new(Owner::Provider, format!("{} {what}", reached.name()), remedy)
}

fn provider(what: &str) -> Fault {
    Fault::new(Owner::Provider, what, "look at the server's log")
}

/// An error of the protocol. By these the server did not even look for what to do; by any other it may have done it.
fn refused(error: &ErrorData, masks: &Masks) -> Unanswered {
    let codes = [
        ErrorCode::PARSE_ERROR,
        ErrorCode::INVALID_REQUEST,
        ErrorCode::METHOD_NOT_FOUND,
        ErrorCode::HEADER_MISMATCH,
        ErrorCode::MISSING_REQUIRED_CLIENT_CAPABILITY,
        ErrorCode::UNSUPPORTED_PROTOCOL_VERSION,
    ];
    let refused = || provider(&format!("the server refused it: {}", said(&masks.hide(&error.message))));
    if codes.contains(&error.code) {
        return Unanswered::Refused(refused());
    }
    // Servers say so of arguments before they look at them, and of their own result after they acted.
    if error.code == ErrorCode::INVALID_PARAMS {
        return Unanswered::WentWrong(refused());
    }
    Unanswered::Sent(provider("the server failed over it"))
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the library keeps its list open")]
fn result_of(result: ServerResult, masks: &Masks) -> Result<Answer, Unanswered> {
    match result {
        ServerResult::CallToolResult(result) => answer(result, masks),
        ServerResult::InputRequiredResult(_) => {
            let what = "the server wants to ask the caller itself, which it may not";
            Err(Unanswered::Refused(provider(what)))
        }
        ServerResult::CreateTaskResult(_) => {
            Err(Unanswered::Sent(provider("the server made a task of it, which nobody follows")))
        }
        _ => Err(Unanswered::Sent(provider("the server's answer is no result of a tool"))),
    }
}

/// What a tool gave: its structured content, or else its text, and what that is as JSON.
fn answer(result: CallToolResult, masks: &Masks) -> Result<Answer, Unanswered> {
    let texts: Vec<&str> = result.content.iter().filter_map(text).collect();
    let text = masks.hide(&texts.join("\n"));
    if result.is_error == Some(true) {
        return Err(Unanswered::WentWrong(provider(&format!("the server says: {}", said(&text)))));
    }
    let body = match result.structured_content {
        Some(structured) if !structured.is_null() => structured,
        Some(_) | None => match serde_json::from_str::<Value>(&text) {
            Ok(json) => json!({"text": text, "json": json}),
            Err(_) => json!({"text": text}),
        },
    };
    let body = masks.hide(&body.to_string()).into_bytes();
    if body.len() > ANSWER_BYTES_MAX {
        let what = format!("the server's answer is longer than {} KiB", ANSWER_BYTES_MAX / 1024);
        return Err(Unanswered::Sent(provider(&what)));
    }
    Ok(Answer::of(200, body))
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the library keeps its list open")]
fn text(block: &ContentBlock) -> Option<&str> {
    match block {
        ContentBlock::Text(text) => Some(&text.text),
        _ => None,
    }
}

/// A server's own words, short and on one line.
fn said(text: &str) -> String {
    match shown(text) {
        empty if empty.is_empty() => "nothing more".to_owned(),
        text => text,
    }
}

pub(super) fn shown(text: &str) -> String {
    let plain = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let plain = plain.collect::<Vec<_>>().join(" ");
    let mut short: String = plain.chars().take(SAID_CHARS_MAX).collect();
    if short.len() < plain.len() {
        short.push('…');
    }
    short
}

fn pinned(tool: &Tool, masks: &Masks) -> Pinned {
    let schema = |schema: &Arc<Map<String, Value>>| Value::Object(schema.as_ref().clone());
    Pinned {
        name: tool.name.to_string(),
        title: masks.hide(tool.title.as_deref().unwrap_or_default()),
        description: masks.hide(tool.description.as_deref().unwrap_or_default()),
        input_schema: schema(&tool.input_schema),
        output_schema: tool.output_schema.as_ref().map(schema),
        annotations: tool.annotations.as_ref().and_then(|hints| serde_json::to_value(hints).ok()),
    }
}

#[cfg(test)]
mod tests {
    use rmcp::transport::async_rw::AsyncRwTransport;
    use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, DuplexStream, duplex, split};

    use super::*;

    async fn heard(line: &mut BufReader<DuplexStream>) -> Value {
        let mut text = String::new();
        line.read_line(&mut text).await.unwrap();
        serde_json::from_str(&text).unwrap()
    }

    async fn says(line: &mut BufReader<DuplexStream>, message: Value) {
        line.write_all(format!("{message}\n").as_bytes()).await.unwrap();
    }

    /// Begins a session of the older protocol, and asks for a caller's words: how it was greeted, and what it was answered.
    async fn asking(line: DuplexStream, params: Value) -> (Value, Value) {
        let mut line = BufReader::new(line);
        let greeting = heard(&mut line).await;
        let begun = json!({"protocolVersion": "2025-11-25", "capabilities": {},
            "serverInfo": {"name": "curious", "version": "1"}});
        says(&mut line, json!({"jsonrpc": "2.0", "id": greeting["id"], "result": begun})).await;
        assert_eq!(heard(&mut line).await["method"], "notifications/initialized");
        says(&mut line, json!({"jsonrpc": "2.0", "id": 7, "method": "elicitation/create", "params": params}))
            .await;
        (greeting, heard(&mut line).await)
    }

    #[tokio::test]
    async fn a_server_that_would_ask_the_caller_itself_is_told_no_in_every_form() {
        let pin = json!({"type": "object", "properties": {"pin": {"type": "string"}}});
        for params in [
            json!({"mode": "form", "message": "Your PIN?", "requestedSchema": pin}),
            json!({"message": "Your PIN?", "requestedSchema": pin}),
            json!({"mode": "url", "message": "Log in.", "url": "https://login.example", "elicitationId": "1"}),
        ] {
            let (ours, theirs) = duplex(1 << 16);
            let (read, write) = split(ours);
            let line = AsyncRwTransport::new_client(read, write);
            let begun = Listener::default().serve_with_lifecycle(line, ClientLifecycleMode::Initialize);
            let (_session, (greeting, answer)) = tokio::join!(begun, asking(theirs, params.clone()));
            assert_eq!(greeting["params"]["capabilities"], json!({}), "nothing of the kind is offered");
            assert_eq!(
                (&answer["id"], &answer["result"]["action"]),
                (&json!(7), &json!("decline")),
                "{params}"
            );
            assert!(answer["result"].get("content").is_none(), "{answer}");
        }
    }
}
