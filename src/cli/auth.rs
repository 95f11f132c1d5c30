//! `centralita auth`: a person lets the gateway in at a system, once.
//!
//! Promises: the listener is on loopback, takes one answer, that of this login, and ends with it; what it brings is kept in
//! the folder of tokens before this says so.
//! Never: prints a code or a token; opens a browser by itself.

use std::future::IntoFuture as _;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use clap::{Args, Subcommand};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use super::assemble::SecretsArgs;
use super::values::web;
use super::{Done, Verdict, render};
use crate::catalog;
use crate::core::base::{Fault, Owner};
use crate::integrations::{Came, Login};

/// How long a person may take to log in, find the second factor and read what is asked.
const PERSON: Duration = Duration::from_secs(600);
/// How long the exchange of the code may take: somebody watches.
const EXCHANGE: Duration = Duration::from_secs(30);
/// How long the page that thanks may take to arrive.
const PAGE: Duration = Duration::from_secs(1);
/// Where the answer comes to, as it is registered with some systems; what counts is the state that comes along.
const PATH: &str = "/callback";

/// What to do with logins.
#[derive(Debug, Args)]
pub(super) struct AuthArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Logs in for an integration whose `auth` has an `authorization_url`: prints an address to open in a browser on this
    /// machine, waits for its answer, and keeps the refresh token
    #[command(after_help = "Some systems take only redirect addresses that are registered with them: give \
                            http://127.0.0.1:PORT/callback there, and the same --port here. One that wants another \
                            (http://localhost:PORT/callback) is told it by --redirect.")]
    Login(LoginArgs),
}

#[derive(Debug, Args)]
struct LoginArgs {
    /// The integration's id
    integration: String,
    /// The folder with `agents/` and `integrations/`
    #[arg(long, default_value = ".", value_name = "FOLDER")]
    root: PathBuf,
    #[command(flatten)]
    secrets: SecretsArgs,
    /// The port that the answer comes to; 0: any that is free
    #[arg(long, default_value_t = 0, value_name = "PORT")]
    port: u16,
    /// The address that the browser is sent back to, where it is not http://127.0.0.1:PORT/callback; it must lead to that
    /// port
    #[arg(long, value_name = "URL", value_parser = as_written)]
    redirect: Option<String>,
}

/// A system compares it letter by letter with what is registered there.
fn as_written(text: &str) -> Result<String, String> {
    web(text).map(|_| text.to_owned())
}

pub(super) async fn run(args: &AuthArgs) -> Done {
    let What::Login(args) = &args.what;
    let connection = connection(args)?;
    let login =
        Login::new(&connection, &args.secrets.open()?).map_err(|faults| super::assemble::all(&faults))?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, args.port)).await.map_err(|error| {
        let what = format!("127.0.0.1:{} cannot be listened on: {error}", args.port);
        Fault::new(Owner::Admin, what, "name a free port with --port, or leave it out")
    })?;
    let port = listener.local_addr().map_or(args.port, |address| address.port());
    let own = || format!("http://127.0.0.1:{port}{PATH}");
    let redirect = args.redirect.clone().unwrap_or_else(own);
    render::line(&format!("open this address, and allow it:\n{}", login.address(&redirect)));
    render::aside(&format!("waiting for the answer at {redirect}, ten minutes at most; Ctrl-C ends"));
    let login = Arc::new(login);
    let code = match answer(Arc::clone(&login), listener).await? {
        Came::Code(code) => code,
        Came::Refused(fault) => {
            render::trouble(&format!("{}\n  hint: {}", fault.what, fault.remedy));
            return Ok(Verdict::Bad);
        }
        Came::Stray => return Err(nobody()),
    };
    login.finish(&code, &redirect, Instant::now() + EXCHANGE).await?;
    render::line(&format!(
        "logged in for `{}`: the token is kept, and renewed from now on",
        args.integration
    ));
    Ok(Verdict::Good)
}

fn connection(args: &LoginArgs) -> Result<crate::integrations::Connection, Fault> {
    let sources = catalog::find(&args.root)?;
    let mut connections = catalog::connections(&sources).map_err(|problems| {
        let what = format!("the integrations have problems\n{problems}");
        Fault::new(Owner::Admin, what, "`centralita check` shows them all")
    })?;
    connections.remove(&args.integration).ok_or_else(|| {
        let known: Vec<String> = connections.into_keys().collect();
        let what = format!("there is no integration `{}`", args.integration);
        Fault::new(Owner::Admin, what, format!("integrations here: {}", known.join(", ")))
    })
}

#[derive(Clone)]
struct Desk {
    login: Arc<Login>,
    came: mpsc::Sender<Came>,
}

/// Waits for the one answer that belongs to this login; all others are sent away.
async fn answer(login: Arc<Login>, listener: TcpListener) -> Result<Came, Fault> {
    let (came, mut answers) = mpsc::channel(1);
    let router = Router::new().fallback(get(callback)).with_state(Desk { login, came });
    let stop = CancellationToken::new();
    let serving = axum::serve(listener, router).with_graceful_shutdown(stop.clone().cancelled_owned());
    let serving = tokio::spawn(serving.into_future());
    let came = timeout(PERSON, answers.recv()).await;
    stop.cancel();
    // So that the page arrives; a browser that keeps its line open is not waited for.
    let _ = timeout(PAGE, serving).await;
    came.ok().flatten().ok_or_else(nobody)
}

async fn callback(State(desk): State<Desk>, RawQuery(query): RawQuery) -> Response {
    let came = desk.login.came(&query.unwrap_or_default());
    let (status, page) = match &came {
        Came::Code(_) => {
            (StatusCode::OK, "Thank you. You can close this page; the terminal says how it went.")
        }
        Came::Refused(_) => (StatusCode::OK, "It was not allowed. You can close this page."),
        Came::Stray => (StatusCode::BAD_REQUEST, "This is the answer to no login that is under way here."),
    };
    if !matches!(came, Came::Stray) {
        // A second answer to the same login is of no use to anybody.
        let _ = desk.came.try_send(came);
    }
    (status, page).into_response()
}

fn nobody() -> Fault {
    Fault::new(Owner::Admin, "nobody logged in within ten minutes", "start it again, and open the address")
}
