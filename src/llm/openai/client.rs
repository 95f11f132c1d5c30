//! Carries one generation over HTTP.
//!
//! Promises: every wait has a deadline; dropping the stream drops the connection's request, and with it the
//! generation; a fault names the status and the server's own code.
//! Never: follows a redirect with a prompt in hand, prints a key or a server's prose (it may quote the caller).

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use reqwest::header::CONTENT_TYPE;
use reqwest::{Response, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::timeout;
use url::Url;

use super::answer::{Answer, error_name};
use super::request::{Names, body};
use crate::core::base::{Fault, Owner};
use crate::llm::{Llm, LlmEvent, Prompt};

/// OpenAI's own address; others bring theirs (`http://127.0.0.1:11434/v1`).
pub const OPENAI_URL: &str = "https://api.openai.com/v1";

/// How long the steps of a generation may take. The whole may take longer: a long answer is no fault.
#[derive(Clone, Copy, Debug)]
pub struct Deadlines {
    pub connect: Duration,
    /// From the request to the first byte of the answer, connecting included.
    pub first_byte: Duration,
    /// Between two stretches of the answer.
    pub idle: Duration,
}

/// 3 s, 10 s and 10 s: what providers need at their slowest; the conversation gives up on its own, earlier.
impl Default for Deadlines {
    fn default() -> Deadlines {
        Deadlines {
            connect: Duration::from_secs(3),
            first_byte: Duration::from_secs(10),
            idle: Duration::from_secs(10),
        }
    }
}

/// One model on one server. Cloning shares the connections.
#[derive(Clone)]
pub struct OpenAi {
    http: reqwest::Client,
    url: Url,
    model: String,
    key: Option<SecretString>,
    deadlines: Deadlines,
}

impl OpenAi {
    /// `base` is what stands before `/chat/completions`; none is [`OPENAI_URL`]. Local servers need no key.
    ///
    /// A base that is no HTTP address is the admin's fault.
    pub fn new(
        model: &str,
        base: Option<&str>,
        key: Option<SecretString>,
        deadlines: Deadlines,
    ) -> Result<OpenAi, Fault> {
        let url = completions(base.unwrap_or(OPENAI_URL)).ok_or_else(|| {
            let remedy = "write it with its scheme and version, like http://127.0.0.1:11434/v1";
            Fault::new(Owner::Admin, "the model's base URL is no HTTP address", remedy)
        })?;
        let http = reqwest::Client::builder()
            .connect_timeout(deadlines.connect)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|e| {
                Fault::new(Owner::Gateway, format!("no HTTP client: {e}"), "look at the TLS set-up")
            })?;
        Ok(OpenAi { http, url, model: model.to_owned(), key, deadlines })
    }

    async fn send(&self, prompt: &Prompt) -> Result<Response, Fault> {
        let request = self.http.post(self.url.clone()).json(&body(&self.model, prompt));
        let request = match &self.key {
            Some(key) => request.bearer_auth(key.expose_secret()),
            None => request,
        };
        let response = request.send().await.map_err(|e| self.unreachable(&e))?;
        let is_json = response
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|v| v.to_str().ok())
            .is_some_and(|v| v.starts_with("application/json"));
        if response.status().is_success() && !is_json { Ok(response) } else { Err(refusal(response).await) }
    }

    /// Up to and with the first bytes of the answer.
    async fn open(&self, prompt: &Prompt) -> Result<(Response, Option<Bytes>), Fault> {
        let mut response = self.send(prompt).await?;
        let first = response.chunk().await.map_err(|e| self.unreachable(&e))?;
        Ok((response, first))
    }

    fn unreachable(&self, error: &reqwest::Error) -> Fault {
        let host = self.url.host_str().unwrap_or_default();
        let what = if error.is_connect() { "cannot be reached" } else { "broke the connection" };
        let remedy = "check the base URL and the network";
        Fault::new(Owner::Provider, format!("the model's server {host} {what}"), remedy)
    }

    fn silent(&self, wait: Duration) -> Fault {
        let host = self.url.host_str().unwrap_or_default();
        let what = format!("the model's server {host} said nothing for {wait:?}");
        Fault::new(Owner::Provider, what, "if it repeats, choose a faster model")
    }
}

impl Llm for OpenAi {
    fn generate(&self, prompt: Prompt) -> BoxStream<'static, LlmEvent> {
        let generation =
            Generation { server: self.clone(), ready: VecDeque::new(), stage: Stage::Unsent(prompt) };
        stream::unfold(generation, Generation::next).boxed()
    }
}

impl fmt::Debug for OpenAi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OpenAi({} at {})", self.model, self.url.host_str().unwrap_or_default())
    }
}

/// One generation on its way. Nobody but the stream owns it: dropped with the stream, it is cancelled.
struct Generation {
    server: OpenAi,
    ready: VecDeque<LlmEvent>,
    stage: Stage,
}

enum Stage {
    Unsent(Prompt),
    Reading { response: Response, answer: Box<Answer> },
    Over,
}

impl Generation {
    async fn next(mut self) -> Option<(LlmEvent, Generation)> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some((event, self));
            }
            if let Stage::Over = self.stage {
                return None;
            }
            if let Err(fault) = self.step().await {
                self.stage = Stage::Over;
                self.ready.push_back(LlmEvent::Failed(fault));
            }
        }
    }

    /// One wait on the network. What it leaves is [`Stage::Over`] unless there is more to read.
    async fn step(&mut self) -> Result<(), Fault> {
        match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Unsent(prompt) => {
                let wait = self.server.deadlines.first_byte;
                let opened = timeout(wait, self.server.open(&prompt)).await;
                let (response, chunk) = opened.unwrap_or_else(|_| Err(self.server.silent(wait)))?;
                let answer = Box::new(Answer::new(prompt.plan.language, Names::of(&prompt.plan)));
                self.take(response, answer, chunk)
            }
            Stage::Reading { mut response, answer } => {
                let wait = self.server.deadlines.idle;
                let chunk = timeout(wait, response.chunk()).await.map_err(|_| self.server.silent(wait))?;
                let chunk = chunk.map_err(|e| self.server.unreachable(&e))?;
                self.take(response, answer, chunk)
            }
            Stage::Over => Ok(()),
        }
    }

    /// A stretch of the body, or its end.
    fn take(
        &mut self,
        response: Response,
        mut answer: Box<Answer>,
        chunk: Option<Bytes>,
    ) -> Result<(), Fault> {
        let mut out = Vec::new();
        let fed = chunk.as_ref().map_or(Ok(()), |bytes| answer.feed(bytes, &mut out));
        if fed.is_ok() && (chunk.is_none() || answer.is_done()) {
            answer.finish(&mut out);
        } else {
            self.stage = Stage::Reading { response, answer };
        }
        self.ready.extend(out);
        fed
    }
}

fn completions(base: &str) -> Option<Url> {
    let mut url = Url::parse(base).ok().filter(|u| matches!(u.scheme(), "http" | "https"))?;
    url.path_segments_mut().ok()?.pop_if_empty().extend(["chat", "completions"]);
    Some(url)
}

/// The longest error body read, in bytes; a code is found in the first hundred.
const ERROR_BYTES_MAX: usize = 16 * 1024;

/// Why there is no stream: a status, or JSON where a stream was asked for.
async fn refusal(mut response: Response) -> Fault {
    let status = response.status();
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await
        && body.len() < ERROR_BYTES_MAX
    {
        body.extend_from_slice(&chunk);
    }
    let json: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
    let name = error_name(json.get("error").unwrap_or(&json));
    let (owner, remedy) = match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => (Owner::Admin, "check the model's key"),
        StatusCode::NOT_FOUND => (Owner::Admin, "check the model's name and base URL"),
        StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => {
            (Owner::Admin, "check that the server streams and knows this model with tools")
        }
        StatusCode::TOO_MANY_REQUESTS => (Owner::Provider, "raise the account's limit"),
        _other => (Owner::Provider, "if it repeats, ask the provider"),
    };
    Fault::new(owner, format!("the model's server answered {status}, error {name}"), remedy)
}
