//! The far side of a connection: the system itself, or the samples that answer in its place.
//!
//! Promises: where effects are mocked there is no client to send with, so no byte can leave; a request without a sample
//! is not answered, and says so.
//! Never: prints a secret; decides what an answer means.

use centralita_core::base::{Fault, Owner, World};
use centralita_core::template::Renderer;
use reqwest::header::{HeaderName, HeaderValue};
use serde_json::Value;
use tokio::time::Instant;
use url::Url;

use super::request::Resolved;
use super::spec::{KeyPlace, Sample};
use crate::egress::{Answer, Egress, Purpose, Unanswered};

/// A connection in use.
#[derive(Debug)]
pub(super) struct Live {
    pub(super) base: Url,
    pub(super) far: Far,
}

/// Who answers.
#[derive(Debug)]
pub(super) enum Far {
    System {
        egress: Egress,
        /// Marked sensitive: they do not print.
        secret: Vec<(HeaderName, HeaderValue)>,
    },
    /// Nobody is asked: the sample of each request answers.
    Samples,
}

impl Live {
    pub(super) fn world(&self) -> World {
        match self.far {
            Far::System { .. } => World::Real,
            Far::Samples => World::Mocked,
        }
    }

    /// A request as it will go out.
    ///
    /// # Errors
    /// It has no form on the wire, or no sample where one has to answer it.
    pub(super) fn outgoing(
        &self,
        request: &Resolved,
        key: Option<(&KeyPlace, &str)>,
    ) -> Result<Outgoing, Fault> {
        match &self.far {
            Far::System { secret, .. } => {
                request.wire(key, secret).map(|wire| Outgoing(Goes::Out(Box::new(wire))))
            }
            Far::Samples => {
                // What could not be sent in life is not answered here.
                request.wire(key, &[])?;
                request.sample.clone().map(|sample| Outgoing(Goes::Nowhere(sample))).ok_or_else(without)
            }
        }
    }

    /// Sends once, or lets the sample answer.
    pub(super) async fn send(
        &self,
        outgoing: Outgoing,
        purpose: Purpose,
        until: Instant,
    ) -> Result<Answer, Unanswered> {
        match (outgoing.0, &self.far) {
            (Goes::Out(wire), Far::System { egress, .. }) => egress.send(*wire, purpose, until).await,
            (Goes::Nowhere(sample), Far::System { .. } | Far::Samples) => answer(sample),
            // Of another connection: there is nothing here to send it with.
            (Goes::Out(_), Far::Samples) => Err(Unanswered::NotSent(without())),
        }
    }
}

/// A request on its way out, made by the connection that carries it.
pub(super) struct Outgoing(Goes);

enum Goes {
    Out(Box<reqwest::Request>),
    Nowhere(Sample),
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

fn without() -> Fault {
    Fault::new(
        Owner::Admin,
        "effects are mocked, and this request has no sample to answer with",
        "write `sample:` beside its `map`, or serve with `--effects real`",
    )
}
