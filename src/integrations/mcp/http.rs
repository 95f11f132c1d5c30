//! Streamable HTTP over the one guarded client.
//!
//! Promises: a call of a tool leaves at most once, one with effects over a connection of its own; of a failure it is known
//! whether anything was sent.
//! Never: follows a redirect; prints a header; repeats what an error page says.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use centralita_core::base::{Fault, Owner};
use futures::stream::BoxStream;
use reqwest::header::{HeaderName, HeaderValue};
use rmcp::model::ClientJsonRpcMessage;
use rmcp::transport::streamable_http_client::{
    SseError, StreamableHttpClient, StreamableHttpClientTransport, StreamableHttpClientTransportConfig,
    StreamableHttpError, StreamableHttpPostResponse, StreamableHttpResponseLimits,
};
use sse_stream::Sse;
use tokio::time::Instant;
use url::Url;

use super::passage::{Passage, Stage};
use crate::crash::{self, Point};
use crate::egress::{Lent, Purpose, Unanswered};
use crate::integrations::auth::Credentials;
use crate::integrations::masks::Masks;
use crate::secrets::{ExposeSecret as _, Token};

/// The longest message read, in bytes: a list of some hundred tools is one.
const MESSAGE_BYTES_MAX: usize = 4 << 20;
/// How long a token may take, where one has to be fetched.
const TOKEN: Duration = Duration::from_secs(5);
/// Nobody reads an error page.
const ERROR_BYTES_MAX: usize = 1 << 10;

#[expect(clippy::disallowed_types, reason = "the library's own signatures")]
type Headers = std::collections::HashMap<HeaderName, HeaderValue>;
type Failed = StreamableHttpError<reqwest::Error>;

/// The client as the library wants it.
#[derive(Clone)]
pub(super) struct Guarded {
    lent: Lent,
    trouble: Trouble,
    credentials: Arc<Credentials>,
    /// Learns the tokens that go out.
    masks: Masks,
}

/// The last failure, in words of ours.
#[derive(Clone, Debug, Default)]
pub(super) struct Trouble(Arc<Mutex<Option<Fault>>>);

impl Trouble {
    pub(super) fn take(&self) -> Option<Fault> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn note(&self, fault: Fault) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(fault);
    }
}

impl fmt::Debug for Guarded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Guarded({})", self.lent.place())
    }
}

/// The transport to a server, and where its last failure is told.
pub(super) fn transport(
    lent: Lent,
    url: &Url,
    credentials: &Arc<Credentials>,
    masks: Masks,
) -> (StreamableHttpClientTransport<Guarded>, Trouble) {
    let trouble = Trouble::default();
    let config = StreamableHttpClientTransportConfig::with_uri(url.as_str())
        .max_sse_event_size(MESSAGE_BYTES_MAX)
        .max_json_response_size(MESSAGE_BYTES_MAX)
        .max_error_response_size(ERROR_BYTES_MAX)
        // A new session would send the call that found the old one gone once more.
        .reinit_on_expired_session(false);
    let client = Guarded { lent, trouble: trouble.clone(), credentials: Arc::clone(credentials), masks };
    (StreamableHttpClientTransport::with_client(client, config), trouble)
}

impl Guarded {
    /// With who we are among the headers; a token may have to be fetched for that.
    async fn known(&self, uri: &str, mut headers: Headers) -> Result<(Headers, Option<Token>), Failed> {
        let url = Url::parse(uri).map_err(|_| StreamableHttpError::TransportChannelClosed)?;
        let mut request = reqwest::Request::new(reqwest::Method::POST, url);
        let token = self.credentials.put(&mut request, Instant::now() + TOKEN).await.map_err(|fault| {
            self.trouble.note(fault);
            StreamableHttpError::TransportChannelClosed
        })?;
        token.iter().for_each(|token| self.masks.learn(token.secret.expose_secret()));
        headers.extend(request.headers().iter().map(|(name, value)| (name.clone(), value.clone())));
        Ok((headers, token))
    }

    /// Notes what a failure was, and what it says about a call.
    fn note(&self, failed: &Failed, passage: Option<&Passage>) {
        let (fault, stage) = self.judged(failed);
        if let (Some(passage), Some(stage)) = (passage, stage) {
            passage.came_back(stage);
        }
        self.trouble.note(fault);
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the library keeps its list open")]
    fn judged(&self, failed: &Failed) -> (Fault, Option<Stage>) {
        let host = self.lent.place();
        let told = |what: String, remedy: &str| Fault::new(Owner::Provider, what, remedy);
        match failed {
            StreamableHttpError::Client(error) => match self.lent.told(error) {
                Unanswered::NotSent(fault) => (fault, Some(Stage::Kept)),
                Unanswered::Refused(fault) => (fault, Some(Stage::TurnedAway)),
                Unanswered::Sent(fault) | Unanswered::WentWrong(fault) => (fault, None),
            },
            StreamableHttpError::AuthRequired(_) | StreamableHttpError::InsufficientScope(_) => {
                let remedy = "write `auth:` in its integration, or set its secret anew";
                (told(format!("{host} wants other credentials"), remedy), Some(Stage::TurnedAway))
            }
            StreamableHttpError::SessionExpired => {
                let what = format!("{host} has forgotten our session: it was started again, perhaps");
                (told(what, "a new session is begun"), Some(Stage::TurnedAway))
            }
            StreamableHttpError::HttpStatus(error) => {
                let stage = (error.status == 429).then_some(Stage::TurnedAway);
                (told(format!("{host} answered with status {}", error.status), "look at its log"), stage)
            }
            StreamableHttpError::UnexpectedServerResponse(text) => {
                let status = text.strip_prefix("HTTP ").and_then(|rest| rest.get(..3));
                let status = status.filter(|status| status.bytes().all(|b| b.is_ascii_digit()));
                let what = match status {
                    Some(status) => format!("{host} answered with status {status}"),
                    None => format!("{host} does not answer as an MCP server does"),
                };
                (told(what, "see whether this is the address of its MCP endpoint"), None)
            }
            StreamableHttpError::ResponseBodyTooLarge { max_size } => (
                told(format!("the answer of {host} is longer than {max_size} bytes"), "look at its log"),
                None,
            ),
            _ => {
                let what = format!("{host} does not answer as an MCP server does");
                (told(what, "see whether this is the address of its MCP endpoint"), None)
            }
        }
    }
}

impl StreamableHttpClient for Guarded {
    type Error = reqwest::Error;

    async fn post_message(
        &self,
        uri: Arc<str>,
        message: ClientJsonRpcMessage,
        session: Option<Arc<str>>,
        token: Option<String>,
        headers: Headers,
    ) -> Result<StreamableHttpPostResponse, Failed> {
        let limits = StreamableHttpResponseLimits::default();
        self.post_message_with_response_limits(uri, message, session, token, headers, limits).await
    }

    async fn post_message_with_response_limits(
        &self,
        uri: Arc<str>,
        message: ClientJsonRpcMessage,
        session: Option<Arc<str>>,
        token: Option<String>,
        headers: Headers,
        limits: StreamableHttpResponseLimits,
    ) -> Result<StreamableHttpPostResponse, Failed> {
        let (headers, ours) = self.known(&uri, headers).await?;
        let passage = Passage::of(&message);
        if passage.as_ref().is_some_and(|passage| !passage.leave()) {
            return Err(StreamableHttpError::TransportChannelClosed);
        }
        let purpose = passage.as_ref().map_or(Purpose::Read, |passage| passage.purpose);
        let client = self.lent.client(purpose);
        let answered =
            client.post_message_with_response_limits(uri, message, session, token, headers, limits).await;
        if passage.is_some() && purpose == Purpose::Act {
            crash::pass(Point::Sent);
        }
        if let (Err(StreamableHttpError::AuthRequired(_)), Some(refused)) = (&answered, &ours) {
            self.credentials.refused(refused);
        }
        answered.inspect_err(|failed| self.note(failed, passage.as_ref()))
    }

    async fn delete_session(
        &self,
        uri: Arc<str>,
        session: Arc<str>,
        token: Option<String>,
        headers: Headers,
    ) -> Result<(), Failed> {
        let (headers, _) = self.known(&uri, headers).await?;
        self.lent.client(Purpose::Read).delete_session(uri, session, token, headers).await
    }

    async fn get_stream(
        &self,
        uri: Arc<str>,
        session: Option<Arc<str>>,
        last: Option<String>,
        token: Option<String>,
        headers: Headers,
    ) -> Result<BoxStream<'static, Result<Sse, SseError>>, Failed> {
        self.get_stream_with_max_sse_event_size(uri, session, last, token, headers, MESSAGE_BYTES_MAX).await
    }

    async fn get_stream_with_max_sse_event_size(
        &self,
        uri: Arc<str>,
        session: Option<Arc<str>>,
        last: Option<String>,
        token: Option<String>,
        headers: Headers,
        most: usize,
    ) -> Result<BoxStream<'static, Result<Sse, SseError>>, Failed> {
        let (headers, _) = self.known(&uri, headers).await?;
        let client = self.lent.client(Purpose::Read);
        client.get_stream_with_max_sse_event_size(uri, session, last, token, headers, most).await
    }
}
