//! The far side of a connection: the system itself, or the samples that answer in its place.
//!
//! Promises: where effects are mocked there is no client to send with, so no byte can leave; a request without a sample
//! is not answered, and says so.
//! Never: prints a secret; decides what an answer means.

use std::sync::Arc;

use centralita_core::base::{Fault, Owner, World};
use centralita_core::template::Renderer;
use serde_json::Value;
use tokio::time::Instant;
use url::Url;

use super::auth::Credentials;
use super::breaker::{Breaker, OutOfReach, Passing};
use super::masks::{Masks, sent};
use super::mcp::Server;
use super::request::{Called, Resolved};
use super::spec::{Exchange, KeyPlace, Sample};
use super::steps::secrets_in;
use super::tap::{Shown, Tap};
use crate::egress::{Answer, Egress, Purpose, Unanswered};
use crate::secrets::Token;

/// RFC 9110 §15.5.2: who asks is not known, or not any more.
const UNAUTHORIZED: u16 = 401;

/// A connection in use.
#[derive(Debug)]
pub(super) struct Live {
    /// The integration's id.
    pub(super) id: String,
    pub(super) base: Url,
    pub(super) far: Far,
    /// None where nobody is asked.
    pub(super) breaker: Option<Arc<Breaker>>,
    /// Where a person tries its tools out.
    pub(super) tap: Option<Tap>,
}

/// Who answers.
#[derive(Debug)]
pub(super) enum Far {
    System {
        egress: Egress,
        credentials: Box<Credentials>,
    },
    /// An MCP server, and the session with it.
    Mcp(Server),
    /// Nobody is asked: the sample of each request answers.
    Samples,
}

impl Live {
    pub(super) fn world(&self) -> World {
        match self.far {
            Far::System { .. } | Far::Mcp(_) => World::Real,
            Far::Samples => World::Mocked,
        }
    }

    /// Lets a request through, if its system is not left alone for now.
    pub(super) fn enter(&self) -> Result<Option<Passing<'_>>, OutOfReach> {
        self.breaker.as_ref().map(|breaker| breaker.enter()).transpose()
    }

    /// A request as it will go out, with who we are on it: a token may have to be fetched for that, until then at most.
    ///
    /// # Errors
    /// It has no form on the wire, nobody gives a token for it, or there is no sample where one has to answer it.
    pub(super) async fn outgoing(
        &self,
        request: &Resolved,
        key: Option<(&KeyPlace, &str)>,
        until: Instant,
    ) -> Result<Outgoing, Fault> {
        match &self.far {
            Far::System { credentials, .. } => {
                let (mut wire, keyed) = (request.wire(key)?, key.is_some());
                let token = credentials.put(&mut wire, until).await?;
                Ok(Outgoing::of(Goes::Out(Box::new(Wire { request: wire, token, keyed })), request))
            }
            Far::Mcp(_) => Ok(Outgoing::of(Goes::Called(request.call(key)?), request)),
            Far::Samples => {
                // What could not be sent in life is not answered here.
                let outgoing = match &request.called {
                    Some(_) => Goes::Called(request.call(key)?),
                    None => Goes::Out(Box::new(Wire {
                        request: request.wire(key)?,
                        token: None,
                        keyed: key.is_some(),
                    })),
                };
                let shown = self.shown(&Outgoing::of(outgoing, request)).unwrap_or_default();
                let sample = request.sample.clone().ok_or_else(without)?;
                Ok(Outgoing::of(Goes::Nowhere(sample, shown), request))
            }
        }
    }

    /// What is about to go out, signed as it will be, for a person who watches.
    pub(super) fn shown(&self, outgoing: &Outgoing) -> Option<Shown> {
        let tap = self.tap.as_ref()?;
        Some(match (&outgoing.goes, &self.far) {
            (Goes::Out(wire), Far::System { credentials, .. }) => {
                let mut request = wire.request.try_clone()?;
                credentials.sign(&mut request).ok()?;
                tap.request(&request)
            }
            (Goes::Out(wire), Far::Mcp(_) | Far::Samples) => tap.request(&wire.request),
            (Goes::Called(called), _) => tap.call(called, self),
            (Goes::Nowhere(_, shown), _) => shown.clone(),
        })
    }

    /// Sends, or lets the sample answer. What is secret in what was sent is not in the answer, and what the exchange keeps
    /// secret of the answer is not in what is shown of it.
    pub(super) async fn send(
        &self,
        outgoing: Outgoing,
        (exchange, renderer): (&Exchange, &Renderer),
        purpose: Purpose,
        until: Instant,
    ) -> Result<Answer, Unanswered> {
        let shown = self.shown(&outgoing);
        let began = Instant::now();
        let answered = self.sent(outgoing, purpose, until).await;
        if let (Some(tap), Some(shown)) = (&self.tap, shown) {
            let secrets = answered.as_ref().map(|answer| secrets_in(exchange, answer, renderer));
            tap.came((shown, purpose), began, &answered, &secrets.unwrap_or_default());
        }
        answered
    }

    async fn sent(&self, outgoing: Outgoing, purpose: Purpose, until: Instant) -> Result<Answer, Unanswered> {
        let Outgoing { goes, masks } = outgoing;
        match (goes, &self.far) {
            (Goes::Out(wire), Far::System { egress, credentials }) => {
                wire.go(egress, credentials, &masks, purpose, until).await
            }
            (Goes::Called(Called { tool, arguments, is_to_prove }), Far::Mcp(server)) => {
                match server.call(&tool, arguments, purpose, until).await {
                    Ok(answer) => Ok(masks.hide_answer(answer)),
                    Err(Unanswered::Refused(_)) if is_to_prove => Err(Unanswered::Refused(unsaid())),
                    Err(Unanswered::WentWrong(_)) if is_to_prove => Err(Unanswered::WentWrong(unsaid())),
                    Err(unanswered) => Err(masks.hide_of(unanswered)),
                }
            }
            (Goes::Nowhere(sample, _), Far::System { .. } | Far::Mcp(_) | Far::Samples) => answer(sample),
            // Of another connection: there is nothing here to send it with.
            (Goes::Out(_), Far::Mcp(_) | Far::Samples)
            | (Goes::Called(_), Far::System { .. } | Far::Samples) => Err(Unanswered::NotSent(without())),
        }
    }
}

/// A request on its way out, made by the connection that carries it.
pub(super) struct Outgoing {
    goes: Goes,
    /// Of the secrets in it.
    masks: Masks,
}

impl Outgoing {
    fn of(goes: Goes, request: &Resolved) -> Outgoing {
        Outgoing { goes, masks: request.masks.clone() }
    }
}

enum Goes {
    Out(Box<Wire>),
    Called(Called),
    Nowhere(Sample, Shown),
}

/// A request with who we are on it.
struct Wire {
    request: reqwest::Request,
    token: Option<Token>,
    /// It has the key by which the system knows it again.
    keyed: bool,
}

impl Wire {
    /// Sends once; and once more with another token, where the system refuses this one with a 401.
    ///
    /// A 401 says that nothing was done, so what only reads goes again. Of a request with effects we do not stake the
    /// caller's money on it: a system that acts, and is then refused by the next system behind it, may pass that 401 on.
    /// So it goes again only under its key, by which a second one is no second deed (promise 2); without a key it has
    /// failed, the caller is told so, and whoever asks again finds a new token. Both go out under one intent: it says that
    /// this may have left, not how often.
    async fn go(
        self,
        egress: &Egress,
        credentials: &Credentials,
        masks: &Masks,
        purpose: Purpose,
        until: Instant,
    ) -> Result<Answer, Unanswered> {
        let may_go_again = match purpose {
            Purpose::Read => true,
            Purpose::Act => self.keyed,
            Purpose::Token => false,
        };
        let next = self.request.try_clone().filter(|_| may_go_again && self.token.is_some());
        let send = async |mut request: reqwest::Request| {
            credentials.sign(&mut request).map_err(Unanswered::NotSent)?;
            let masks = masks.and(credentials.values().chain(sent(&request)));
            egress.send(request, purpose, until).await.map(|answer| masks.hide_answer(answer))
        };
        let answer = send(self.request).await?;
        let Some(token) = self.token.filter(|_| answer.status == UNAUTHORIZED) else { return Ok(answer) };
        credentials.refused(&token);
        let Some(mut next) = next else { return Ok(answer) };
        match credentials.renew(&mut next, until).await {
            Ok(()) => send(next).await,
            // There is no other: the refusal stands.
            Err(_) => Ok(answer),
        }
    }
}

fn answer(sample: Sample) -> Result<Answer, Unanswered> {
    match sample {
        Sample::Answer(body) => Ok(Answer::of(200, body.to_string().into_bytes())),
        Sample::Text(text) => Ok(Answer::of(200, text.into_bytes())),
        Sample::Status(status) => Ok(Answer::of(status, Vec::new())),
        Sample::Silence => {
            let fault = Fault::new(Owner::Admin, "the sample is that nothing answers", "this is as written");
            Err(Unanswered::Sent(fault))
        }
    }
}

/// The sample with the values of a request put in.
pub(super) fn filled(sample: Option<&Sample>, renderer: &Renderer, vars: &Value) -> Result<Sample, Fault> {
    match sample {
        Some(Sample::Answer(tree)) => renderer.json(tree, vars).map(Sample::Answer),
        Some(Sample::Text(template)) => renderer.render(template, vars).map(Sample::Text),
        Some(other @ (Sample::Status(_) | Sample::Silence)) => Ok(other.clone()),
        None => Err(without()),
    }
}

/// In place of words that may be about somebody else than who is calling.
fn unsaid() -> Fault {
    Fault::new(Owner::Provider, "the server says that it could not do it", "look at its log")
}

fn without() -> Fault {
    Fault::new(
        Owner::Admin,
        "effects are mocked, and this request has no sample to answer with",
        "write `sample:` beside its `map`, or serve with `--effects real`",
    )
}
