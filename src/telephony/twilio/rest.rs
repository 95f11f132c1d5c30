//! The one thing we ask of Twilio by REST: to hang up. Closing a stream alone does not end a call.
//!
//! Source: Twilio's "Update a Call resource", read in September 2026.
//!
//! Promises: tried again while Twilio cannot be reached or is in trouble, within a deadline; a call that is
//! over already is no fault.
//! Never: prints the token; reads the body of an answer.

use std::time::Duration;

use reqwest::StatusCode;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::{sleep, timeout};
use url::Url;

use crate::core::base::{CallId, Fault, Owner};

/// How long an attempt may take; Twilio answers in some 100 ms.
const ATTEMPT_MAX: Duration = Duration::from_secs(4);
/// How long all attempts may take together: the caller listens to silence meanwhile.
const DEADLINE: Duration = Duration::from_secs(10);
/// Waits between attempts.
const PAUSES: [Duration; 3] =
    [Duration::from_millis(100), Duration::from_millis(300), Duration::from_millis(900)];

/// Twilio's REST API for one account.
#[derive(Debug)]
pub struct Rest {
    pub client: reqwest::Client,
    /// `https://api.twilio.com`, or `https://api.{edge}.{region}.twilio.com`.
    pub base: Url,
    pub account: String,
    /// The account itself, or an API key.
    pub user: String,
    /// The account's auth token, or the API key's secret.
    pub password: SecretString,
}

/// How a call came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HangUp {
    Done,
    /// The caller was faster.
    AlreadyOver,
}

enum Attempt {
    Finished(Result<HangUp, Fault>),
    /// Worth another try, and why.
    Again(String),
}

impl Rest {
    /// Ends a call, wherever it stands.
    pub async fn hang_up(&self, call: &CallId) -> Result<HangUp, Fault> {
        timeout(DEADLINE, self.try_until_done(call))
            .await
            .unwrap_or_else(|_| Err(unreachable(&self.base, &format!("no answer in {DEADLINE:?}"))))
    }

    async fn try_until_done(&self, call: &CallId) -> Result<HangUp, Fault> {
        let path = format!("/2010-04-01/Accounts/{}/Calls/{call}.json", self.account);
        let url = self.base.join(&path).map_err(|_| {
            let what = format!("no address for REST calls can be made of {}", self.base);
            Fault::new(Owner::Admin, what, "write the base as https://api.twilio.com")
        })?;
        let mut pauses = PAUSES.iter();
        loop {
            match (self.attempt(&url).await, pauses.next()) {
                (Attempt::Finished(result), _) => return result,
                (Attempt::Again(_), Some(pause)) => sleep(*pause).await,
                (Attempt::Again(why), None) => return Err(unreachable(&self.base, &why)),
            }
        }
    }

    async fn attempt(&self, url: &Url) -> Attempt {
        let request = self
            .client
            .post(url.clone())
            .basic_auth(&self.user, Some(self.password.expose_secret()))
            .form(&[("Status", "completed")])
            .timeout(ATTEMPT_MAX);
        let status = match request.send().await {
            Ok(response) => response.status(),
            Err(e) => return Attempt::Again(root_cause(&e)),
        };
        match status {
            ok if ok.is_success() => Attempt::Finished(Ok(HangUp::Done)),
            StatusCode::NOT_FOUND => Attempt::Finished(Ok(HangUp::AlreadyOver)),
            StatusCode::TOO_MANY_REQUESTS => Attempt::Again(status.to_string()),
            trouble if trouble.is_server_error() => Attempt::Again(status.to_string()),
            refused => Attempt::Finished(Err(Fault::new(
                Owner::Admin,
                format!("Twilio refuses to hang up: {refused}"),
                "check the account, and the auth token or API key that belongs to it",
            ))),
        }
    }
}

/// The innermost reason, in the system's own words; the outer ones only say that a request failed.
pub(crate) fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

fn unreachable(base: &Url, why: &str) -> Fault {
    Fault::new(
        Owner::Provider,
        format!("the call could not be hung up at {base}: {why}"),
        "the call ends when the caller hangs up; look at Twilio's status page and this host's way out",
    )
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use axum::Router;
    use axum::extract::{Path, State};
    use axum::http::HeaderMap;
    use axum::routing::post;
    use base64::Engine as _;

    use super::*;

    /// A stand-in that answers with each status in turn, and the last one from then on.
    #[derive(Clone)]
    struct StandIn {
        answers: &'static [u16],
        asked: Arc<AtomicUsize>,
    }

    async fn update(
        State(me): State<StandIn>,
        Path((account, call)): Path<(String, String)>,
        headers: HeaderMap,
        body: String,
    ) -> axum::http::StatusCode {
        let auth = base64::engine::general_purpose::STANDARD.encode("SK1:s3cret");
        assert_eq!(headers["authorization"], format!("Basic {auth}"));
        assert_eq!((account.as_str(), call.as_str(), body.as_str()), ("AC1", "CA1.json", "Status=completed"));
        let n = me.asked.fetch_add(1, Ordering::SeqCst);
        axum::http::StatusCode::from_u16(me.answers[n.min(me.answers.len() - 1)]).expect("a status of HTTP")
    }

    async fn hang_up(answers: &'static [u16]) -> (Result<HangUp, Fault>, usize) {
        let me = StandIn { answers, asked: Arc::default() };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let base = format!("http://{}", listener.local_addr().expect("a bound socket has an address"));
        let path = "/2010-04-01/Accounts/{account}/Calls/{call}";
        let app = Router::new().route(path, post(update)).with_state(me.clone());
        let server = tokio::spawn(async move { axum::serve(listener, app).await });
        let result = rest(&base).hang_up(&CallId::parse("CA1").expect("a call id")).await;
        server.abort();
        (result, me.asked.load(Ordering::SeqCst))
    }

    fn rest(base: &str) -> Rest {
        Rest {
            client: reqwest::Client::builder().no_proxy().build().expect("a client without a proxy"),
            base: Url::parse(base).expect("a URL"),
            account: "AC1".to_owned(),
            user: "SK1".to_owned(),
            password: SecretString::from("s3cret"),
        }
    }

    #[tokio::test]
    async fn a_call_is_ended_or_was_over() {
        assert_eq!(hang_up(&[200]).await, (Ok(HangUp::Done), 1));
        assert_eq!(hang_up(&[404]).await, (Ok(HangUp::AlreadyOver), 1));
    }

    #[tokio::test]
    async fn trouble_at_the_carrier_is_tried_again() {
        assert_eq!(hang_up(&[503, 429, 200]).await, (Ok(HangUp::Done), 3));
    }

    #[tokio::test]
    async fn a_refusal_is_the_admins_and_is_not_tried_again() {
        let (result, asked) = hang_up(&[401]).await;
        let fault = result.unwrap_err();
        assert_eq!((fault.owner, asked), (Owner::Admin, 1));
        assert!(!format!("{fault} {:?}", rest("http://127.0.0.1:1")).contains("s3cret"));
    }

    #[tokio::test]
    async fn an_address_where_nobody_listens_is_the_providers_fault() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let base = format!("http://{}", listener.local_addr().expect("a bound socket has an address"));
        drop(listener);
        let fault = rest(&base).hang_up(&CallId::parse("CA1").expect("a call id")).await.unwrap_err();
        assert_eq!(fault.owner, Owner::Provider);
        assert!(!fault.what.contains("s3cret"), "{fault}");
    }
}
