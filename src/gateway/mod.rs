//! The gateway: HTTP routes, who may come in, how many, and how it ends.
//!
//! Promises: nobody streams without a signed webhook's token (or from loopback, where that was asked for in words);
//! calls beyond the limit are refused politely; a carrier's call has one conversation at a time that may act; a shutdown
//! lets live calls finish and answers the carrier's last webhook of each.
//! Never: drives a call; that is `driver`'s.

mod admission;
mod hooks;
mod last;
mod media;
mod panics;
mod switchboard;
mod tenures;

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{Method, StatusCode, Uri};
use axum::response::IntoResponse;
use axum::routing::{any, get, post};
use axum::serve::ListenerExt as _;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use admission::{Admission, NoPlace, Place};
pub use panics::tell_panics;
pub use switchboard::Switchboard;

use crate::core::audio::Underruns;
use crate::core::base::{Fault, Owner};
use crate::core::language::read_words;
use crate::driver::{self, Shell};
use crate::telephony::twilio::form::FORM_BYTES_MAX;
use crate::telephony::twilio::{PublicUrl, Tokens, Verifier};

/// Webhooks and media handshakes whose signature was not right.
const SIGNATURES_REFUSED: &str = "centralita_signatures_refused_total";
/// Conversations begun, and those that go on.
const CALLS: &str = "centralita_calls_total";
const CALLS_LIVE: &str = "centralita_calls_live";
/// How often a carrier ran out of audio inside a piece.
const UNDERRUNS: &str = "centralita_playout_underruns_total";

/// Calls that heard a sentence in place of the agent: a full house, or no token to be had.
const CALLS_REFUSED: &str = "centralita_calls_refused_total";

/// Who is believed.
#[derive(Debug)]
pub enum Trust {
    /// Signed webhooks and handshakes, and a token on every stream.
    Signed(Verifier),
    /// Peers on this machine, unsigned. For a demo, a test and a load tool.
    UnsignedLoopback,
}

/// What a gateway is made of.
#[derive(Debug)]
pub struct Settings {
    pub trust: Trust,
    /// Where the carrier reaches us: the one source of every URL we hand out.
    pub public_url: PublicUrl,
    /// Calls at a time; one more is refused before its stream starts.
    pub calls_max: usize,
    pub switchboard: Switchboard,
    pub shell: Shell,
    pub metrics: Option<PrometheusHandle>,
}

/// A gateway that can be served.
#[derive(Clone)]
pub struct Gateway(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) settings: Settings,
    pub(crate) tokens: Tokens,
    pub(crate) admission: Admission,
    pub(crate) calls: TaskTracker,
    pub(crate) unasked: last::Unasked,
    pub(crate) tenures: tenures::Tenures,
    pub(crate) turned_away: admission::TurnedAway,
    /// Of all calls that have ended.
    underruns: Mutex<Underruns>,
    started: Instant,
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Gateway({:?})", self.0.admission)
    }
}

impl Gateway {
    #[must_use]
    pub fn new(settings: Settings) -> Gateway {
        read_words();
        if settings.metrics.is_some() {
            begin_figures();
        }
        let admission = Admission::new(settings.calls_max);
        let (tokens, calls, started) = (Tokens::default(), TaskTracker::new(), Instant::now());
        let (underruns, unasked) = (Mutex::default(), last::Unasked::default());
        let (tenures, turned_away) = (tenures::Tenures::default(), admission::TurnedAway::default());
        Gateway(Arc::new(Inner {
            settings,
            tokens,
            admission,
            calls,
            unasked,
            tenures,
            turned_away,
            underruns,
            started,
        }))
    }

    /// All routes.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/hooks/twilio/voice", post(hooks::voice))
            .route("/hooks/twilio/after-stream", post(hooks::after_stream))
            .route("/hooks/twilio/stream-status", post(hooks::stream_status))
            .route("/media/twilio", any(media::stream))
            .route("/health", get(health))
            .route("/metrics", get(metrics))
            .fallback(unknown)
            .method_not_allowed_fallback(other_method)
            .layer(axum::extract::DefaultBodyLimit::max(FORM_BYTES_MAX))
            .with_state(self.clone())
    }

    /// Serves until `stop`; then no call is taken any more, and it returns when the last has ended and the
    /// carrier knows what comes after it.
    ///
    /// # Errors
    /// The listener broke.
    pub async fn serve(&self, listener: TcpListener, stop: CancellationToken) -> Result<(), Fault> {
        let served = CancellationToken::new();
        let (gateway, done) = (self.clone(), served.clone());
        tokio::spawn(async move {
            stop.cancelled().await;
            gateway.0.admission.close();
            gateway.0.calls.close();
            gateway.0.calls.wait().await;
            gateway.0.unasked.all_asked().await;
            done.cancel();
        });
        let listener = listener.tap_io(|stream| {
            // Audio frames are small and must not wait for each other.
            let _ = stream.set_nodelay(true);
        });
        let service = self.router().into_make_service_with_connect_info::<SocketAddr>();
        axum::serve(listener, service).with_graceful_shutdown(served.cancelled_owned()).await.map_err(
            |error| {
                Fault::new(
                    Owner::Admin,
                    format!("the listener broke: {error}"),
                    "see whether the port is taken",
                )
            },
        )
    }

    /// Since the gateway began: what the tokens' lifetimes are measured in.
    pub(crate) fn uptime(&self) -> Duration {
        self.0.started.elapsed()
    }

    /// Calls that are being carried.
    #[must_use]
    pub fn live_calls(&self) -> usize {
        self.0.calls.len()
    }

    /// How often, and how long at most, a carrier ran out of audio inside a piece, in all calls that have ended.
    #[must_use]
    pub fn underruns(&self) -> Underruns {
        *self.lock_underruns()
    }

    /// Adds those of one call that has ended.
    pub(crate) fn count_underruns(&self, underruns: Underruns) {
        metrics::counter!(UNDERRUNS).increment(underruns.count.into());
        let mut all = self.lock_underruns();
        *all = all.and(underruns);
    }

    fn lock_underruns(&self) -> MutexGuard<'_, Underruns> {
        // A pair of numbers is whole even if a holder panicked.
        self.0.underruns.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is here, for whoever came to the wrong place.
const ROUTES: &str = "The carrier's voice webhook is POST /hooks/twilio/voice, its media stream is the WebSocket \
                      /media/twilio; GET /health and GET /metrics tell how the gateway does.\n";

async fn unknown(uri: Uri) -> impl IntoResponse {
    (StatusCode::NOT_FOUND, format!("There is nothing at {}. {ROUTES}", uri.path()))
}

async fn other_method(method: Method, uri: Uri) -> impl IntoResponse {
    (StatusCode::METHOD_NOT_ALLOWED, format!("{} does not take {method}. {ROUTES}", uri.path()))
}

async fn health(State(gateway): State<Gateway>) -> impl IntoResponse {
    let admission = &gateway.0.admission;
    let is_written = gateway.0.settings.shell.store.is_written();
    let status = match (admission.is_closed(), is_written) {
        (true, _) => "draining",
        (false, false) => "degraded",
        (false, true) => "ok",
    };
    // Without a record nothing with effects begins.
    let effects = if is_written { gateway.0.settings.switchboard.world().word() } else { "none" };
    let body = serde_json::json!({
        "status": status, "calls": gateway.live_calls(), "calls_max": admission.limit(), "effects": effects,
        "out_of_reach": gateway.0.settings.switchboard.out_of_reach(),
    });
    axum::Json(body)
}

/// Names all figures and begins each at zero, before there is a call.
fn begin_figures() {
    driver::begin_figures();
    metrics::describe_counter!(CALLS, "Conversations begun");
    metrics::describe_gauge!(CALLS_LIVE, "Conversations that go on");
    metrics::describe_counter!(CALLS_REFUSED, "Calls that heard a sentence in place of the agent");
    metrics::describe_counter!(SIGNATURES_REFUSED, "Webhooks and handshakes whose signature was not right");
    metrics::describe_counter!(UNDERRUNS, "How often a carrier ran out of audio inside a piece");
    [CALLS, CALLS_REFUSED, SIGNATURES_REFUSED, UNDERRUNS]
        .into_iter()
        .for_each(|name| metrics::counter!(name).absolute(0));
    metrics::gauge!(CALLS_LIVE).set(0.0);
}

async fn metrics(State(gateway): State<Gateway>) -> String {
    gateway.0.settings.metrics.as_ref().map(PrometheusHandle::render).unwrap_or_default()
}
