//! The first words with a server that takes long to begin.
//!
//! The library waits ten seconds for an answer to `server/discover`, the greeting of the newer protocol, and then says
//! `initialize`, that of the older, over the same line. A server that was only slow has both before it by then and answers
//! both, in order; and the library takes the first answer for one to the second question, and gives up.
//!
//! Promises: a late answer to the first greeting ends no session; one that shows a newer server is remembered, in case it
//! knows no other.
//! Never: holds anything back that is sent, or anything that comes after the greetings.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rmcp::RoleClient;
use rmcp::model::{ClientJsonRpcMessage, ClientRequest, JsonRpcMessage, RequestId, ServerJsonRpcMessage};
use rmcp::transport::Transport;

/// Whether a server gave a late answer that only one of the newer protocol gives.
#[derive(Clone, Debug, Default)]
pub(super) struct LateNews(Arc<AtomicBool>);

impl LateNews {
    pub(super) fn came(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// A transport whose server may take its time for the first answer.
pub(super) struct Patient<T> {
    transport: T,
    greeting: Greeting,
    news: LateNews,
}

/// How far the first words have come.
enum Greeting {
    Unsaid,
    Newer(RequestId),
    /// The older one was said while this one was unanswered.
    Both(RequestId),
    Answered,
}

impl<T> Patient<T> {
    pub(super) fn new(transport: T, news: LateNews) -> Patient<T> {
        Patient { transport, greeting: Greeting::Unsaid, news }
    }

    fn notes(&mut self, message: &ClientJsonRpcMessage) {
        let JsonRpcMessage::Request(request) = message else { return };
        if matches!(request.request, ClientRequest::DiscoverRequest(_)) {
            self.greeting = Greeting::Newer(request.id.clone());
        } else if let (ClientRequest::InitializeRequest(_), Greeting::Newer(asked)) =
            (&request.request, &self.greeting)
        {
            self.greeting = Greeting::Both(asked.clone());
        }
    }

    /// Whether this answers the greeting whose answer nobody waits for any more.
    fn is_late(&mut self, message: &ServerJsonRpcMessage) -> bool {
        let (id, is_result) = match message {
            JsonRpcMessage::Response(answer) => (Some(&answer.id), true),
            JsonRpcMessage::Error(error) => (error.id.as_ref(), false),
            JsonRpcMessage::Request(_) | JsonRpcMessage::Notification(_) => return false,
        };
        // An error need not say to what: then it is to the first.
        let is_of = |asked: &RequestId| id.is_none_or(|id| id.to_string() == asked.to_string());
        let is_late = match &self.greeting {
            Greeting::Newer(asked) if is_of(asked) => false,
            Greeting::Both(asked) if is_of(asked) => true,
            Greeting::Unsaid | Greeting::Newer(_) | Greeting::Both(_) | Greeting::Answered => return false,
        };
        self.greeting = Greeting::Answered;
        if is_late && is_result {
            self.news.0.store(true, Ordering::SeqCst);
        }
        is_late
    }
}

impl<T: Transport<RoleClient>> Transport<RoleClient> for Patient<T> {
    type Error = T::Error;

    fn send(
        &mut self,
        message: ClientJsonRpcMessage,
    ) -> impl Future<Output = Result<(), T::Error>> + Send + 'static {
        self.notes(&message);
        self.transport.send(message)
    }

    async fn receive(&mut self) -> Option<ServerJsonRpcMessage> {
        loop {
            let message = self.transport.receive().await?;
            if !self.is_late(&message) {
                return Some(message);
            }
        }
    }

    async fn close(&mut self) -> Result<(), T::Error> {
        self.transport.close().await
    }
}

#[cfg(test)]
mod tests {
    use rmcp::model::ProtocolVersion;
    use rmcp::transport::async_rw::AsyncRwTransport;
    use rmcp::{ClientLifecycleMode, ClientServiceExt as _};
    use serde_json::{Value, json};
    use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, DuplexStream, duplex, split};

    use super::*;

    /// Begins a session with a server that says nothing until it was greeted twice, and then answers both greetings. The
    /// protocol's revision that is spoken then, where one is.
    async fn greeted(discover: Value, initialize: Value) -> (Option<ProtocolVersion>, LateNews) {
        let (ours, theirs) = duplex(1 << 16);
        let (read, write) = split(ours);
        let news = LateNews::default();
        let line = Patient::new(AsyncRwTransport::new_client(read, write), news.clone());
        let either = ClientLifecycleMode::Auto {
            preferred_versions: vec![ProtocolVersion::V_2026_07_28],
            legacy_version: Some(ProtocolVersion::V_2025_11_25),
        };
        let (begun, _) =
            tokio::join!(().serve_with_lifecycle(line, either), slow(theirs, [discover, initialize]));
        let spoken =
            begun.ok().and_then(|session| session.peer().peer_info().map(|of| of.protocol_version.clone()));
        (spoken, news)
    }

    async fn slow(line: DuplexStream, answers: [Value; 2]) -> DuplexStream {
        let mut line = BufReader::new(line);
        let mut heard = Vec::new();
        for method in ["server/discover", "initialize"] {
            let mut text = String::new();
            line.read_line(&mut text).await.unwrap();
            let request: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(request["method"], method);
            heard.push(request["id"].clone());
        }
        for (id, answer) in heard.into_iter().zip(answers) {
            let mut answer = answer;
            answer["jsonrpc"] = json!("2.0");
            if answer.get("id").is_none() {
                answer["id"] = id;
            }
            line.write_all(format!("{answer}\n").as_bytes()).await.unwrap();
        }
        line.into_inner()
    }

    fn newer() -> Value {
        json!({"result": {"resultType": "complete", "supportedVersions": ["2026-07-28"], "capabilities": {},
            "ttlMs": 0, "cacheScope": "private"}})
    }

    fn older() -> Value {
        let info = json!({"name": "slow", "version": "1"});
        json!({"result": {"protocolVersion": "2025-11-25", "capabilities": {}, "serverInfo": info}})
    }

    fn unknown() -> Value {
        json!({"error": {"code": -32601, "message": "no such method"}})
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_was_only_slow_has_a_session_whatever_it_says_late() {
        for late in [newer(), unknown(), json!({"id": null, "error": {"code": -32600, "message": "what?"}})] {
            let is_news = late.get("result").is_some();
            let (spoken, news) = greeted(late.clone(), older()).await;
            assert_eq!(spoken, Some(ProtocolVersion::V_2025_11_25), "{late}");
            assert_eq!(news.came(), is_news, "{late}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn of_a_slow_server_that_knows_the_newer_protocol_alone_that_is_known_afterwards() {
        let (spoken, news) = greeted(newer(), unknown()).await;
        assert!(spoken.is_none() && news.came());
        let (spoken, news) = greeted(unknown(), unknown()).await;
        assert!(spoken.is_none() && !news.came(), "it knows neither");
    }
}
