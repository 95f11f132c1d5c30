//! `registry`: what a tool costs beside the system behind it, and what ten thousand of them cost at the start.
//!
//! Promises: from the leave to the request's arrival, and from the answer to the mapped result; the system's own time is
//! between the two and counts nowhere. The same request by the bare client is told beside it: what is left is ours.
//! Never: writes an intent; that is the journal's time.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use futures::future::join_all;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep};
use url::Url;

use super::distribution::{Distribution, met, nanos, time};
use crate::catalog::{Kind, Source, check};
use crate::core::base::{CallId, CallTime, Digest, Fault, Owner, ProposalId, ToolName};
use crate::core::call::PrivateValues;
use crate::core::conversation::{ActionKey, Outcome, Permit, Unproven};
use crate::egress::{Answer, Egress, Purpose, Reach};
use crate::integrations::{ActionSecret, CallFacts, Leave, Registry, Unlogged};
use crate::secrets::Secrets;

const EXCHANGE_TARGET: Duration = Duration::from_micros(50);
const SHARE_TARGET: Duration = Duration::from_millis(1);
const CHECK_TARGET: Duration = Duration::from_secs(2);

/// How often one request is rendered and one answer mapped.
const EXCHANGES: usize = 5_000;
/// Between two tools of a call, on average; spread so that calls do not beat together.
const PAUSE: Duration = Duration::from_millis(500);
/// Tools in one file, of those that are checked.
const TOOLS_A_FILE: usize = 500;
/// A few records of orders: what systems answer is mostly of no interest.
const ANSWER_BYTES: usize = 4 * 1024;

/// What was found.
#[derive(Clone, Debug)]
pub struct Report {
    pub exchange: Distribution,
    pub reading: Distribution,
    pub acting: Distribution,
    /// The request alone, by the client that all use.
    pub bare: Distribution,
    pub calls: usize,
    pub tools: usize,
    pub checked: Duration,
}

/// Measures all of it, with so many calls at once, each of so many tools, and so many tools to check.
///
/// # Errors
/// No port of loopback, or a tool that fails.
pub async fn measure(calls: usize, times: usize, tools: usize) -> Result<Report, Fault> {
    let system = System::open(3 * calls * times).await?;
    let (first, second) = (calls * times, 2 * calls * times);
    let exchange = exchanges(&system)?;
    let bare = shares(&system, calls, times, 0, |n, stamps| bare(&system, n, stamps)).await?;
    let one = |n, tool| run(&system, n, tool);
    let reading = shares(&system, calls, times, first, |n, _| one(n, "shop.look")).await?;
    let acting = shares(&system, calls, times, second, |n, _| one(n, "shop.pay")).await?;
    let checked = check_many(tools)?;
    Ok(Report { exchange, reading, acting, bare, calls, tools, checked })
}

/// When a request arrived, and when its answer was given away.
type Stamps = Arc<Vec<OnceLock<(Instant, Instant)>>>;

struct System {
    base: Url,
    stamps: Stamps,
    registry: Registry,
    egress: Egress,
}

impl System {
    async fn open(requests: usize) -> Result<System, Fault> {
        let stamps: Stamps = Arc::new((0..requests).map(|_| OnceLock::new()).collect());
        let router = Router::new().route("/orders/{n}", any(answer)).with_state(Arc::clone(&stamps));
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|error| unusable(&error))?;
        let address = listener.local_addr().map_err(|error| unusable(&error))?;
        let base: Url = format!("http://{address}/").parse().map_err(|error| unusable(&error))?;
        tokio::spawn(async move { axum::serve(listener, router).await });
        let sources = [
            Source::new(
                Kind::Agent,
                "agents/shop.yaml".to_owned(),
                AGENT.to_owned() + "  - shop.look\n  - shop.pay\n",
            ),
            Source::new(Kind::Integration, "integrations/shop.yaml".to_owned(), HEAD.to_owned() + LOOK + PAY),
        ];
        let bases = BTreeMap::from([("shop".to_owned(), base.clone())]);
        let catalog = check(&sources, &bases).map_err(|problems| unusable(&problems))?;
        let agent = catalog.agents.get("shop").ok_or_else(|| unusable(&"there is no agent"))?;
        let toolbox = agent.toolbox(&Secrets::from_env()).map_err(|mut faults| faults.remove(0))?;
        let id = CallId::parse("CA1").ok_or_else(|| unusable(&"no call"))?;
        let call =
            CallFacts { id, from: String::new(), to: String::new(), agent: "shop".to_owned(), now_us: || 0 };
        let registry = Registry::new(Arc::new(toolbox), call, ActionSecret::new(&[0; 32]));
        let egress = Egress::new(Reach::PrivateAt("127.0.0.1".to_owned()))?;
        Ok(System { base, stamps, registry, egress })
    }
}

async fn answer(State(stamps): State<Stamps>, Path(n): Path<usize>) -> Response {
    let arrived = Instant::now();
    let body = body();
    let stamped = stamps.get(n).is_some_and(|stamp| stamp.set((arrived, Instant::now())).is_ok());
    if stamped {
        ([("content-type", "application/json")], body).into_response()
    } else {
        StatusCode::GONE.into_response()
    }
}

fn body() -> &'static str {
    static BODY: OnceLock<String> = OnceLock::new();
    BODY.get_or_init(|| {
        let mut items: Vec<Value> = Vec::new();
        let whole = |items: &Vec<Value>| {
            json!({"state": "fine", "id": "r1", "customer": {"city": "Madrid"}, "items": items}).to_string()
        };
        while whole(&items).len() < ANSWER_BYTES {
            items.push(
                json!({"sku": format!("A-{}", items.len()), "title": "A lamp of brass", "price": "49.90"}),
            );
        }
        whole(&items)
    })
}

fn exchanges(system: &System) -> Result<Distribution, Fault> {
    let tool = ToolName("shop.look".into());
    let (args, answer) = (json!({"order": "1182"}), Answer::of(200, body().as_bytes().to_vec()));
    let mut times = Vec::with_capacity(EXCHANGES);
    for _ in 0..EXCHANGES {
        let began = Instant::now();
        system.registry.dry(&tool, &args, &answer).map_err(|why| unusable(&why))?;
        times.push(nanos(began.elapsed()));
    }
    Ok(Distribution::of(times))
}

/// Runs `one` so many times in each of so many calls at once, and takes of each what is not the system's own time.
async fn shares<'s, F, R>(
    system: &'s System,
    calls: usize,
    times: usize,
    from: usize,
    one: F,
) -> Result<Distribution, Fault>
where
    F: Fn(usize, &'s Stamps) -> R,
    R: Future<Output = Result<(), Fault>>,
{
    let call = |call: usize| {
        let one = &one;
        async move {
            let mut shares = Vec::with_capacity(times);
            sleep(PAUSE.mul_f64(call as f64 / calls as f64)).await;
            for nth in 0..times {
                let n = from + call * times + nth;
                let began = Instant::now();
                one(n, &system.stamps).await?;
                let (whole, stamp) = (began.elapsed(), system.stamps.get(n).and_then(OnceLock::get));
                let (arrived, answered) = stamp.ok_or_else(|| unusable(&"a request did not arrive"))?;
                shares.push(nanos(whole.saturating_sub(answered.duration_since(*arrived))));
                sleep(PAUSE).await;
            }
            Ok::<_, Fault>(shares)
        }
    };
    let all: Result<Vec<Vec<u64>>, Fault> = join_all((0..calls).map(call)).await.into_iter().collect();
    Ok(Distribution::of(all?.into_iter().flatten().collect()))
}

async fn bare(system: &System, n: usize, _stamps: &Stamps) -> Result<(), Fault> {
    let url = system.base.join(&format!("orders/{n}")).map_err(|error| unusable(&error))?;
    let request = reqwest::Request::new(reqwest::Method::GET, url);
    let sent = system.egress.send(request, Purpose::Read, Instant::now() + Duration::from_secs(10)).await;
    sent.map(drop).map_err(|unanswered| unanswered.fault().clone())
}

/// From the leave to the result; of an action also from the wish to its being ready to be asked about.
async fn run(system: &System, n: usize, tool: &'static str) -> Result<(), Fault> {
    let (tool, private) = (ToolName(tool.into()), PrivateValues::default());
    let proposal = ProposalId(u32::try_from(n).unwrap_or(u32::MAX));
    let args = json!({"order": n.to_string()});
    let action = if &*tool.0 == "shop.pay" {
        let prepared = system.registry.prepare(proposal, &tool, &args, &private).await;
        prepared.map_err(|unprepared| unusable(&unprepared.why))?.action
    } else {
        Digest::of_json(&args)
    };
    let permit = Permit::by_admin(proposal, action, "bench".to_owned(), "it is measured".to_owned());
    let leave = Leave { tool, args, key: ActionKey::Own(proposal), permit };
    let ran = system.registry.run(leave, &private, CallTime::ANSWER, &Unlogged).await;
    match ran.unwrap_or_else(Unproven::outcome) {
        Outcome::Done { .. } => Ok(()),
        other @ (Outcome::Partly { .. }
        | Outcome::Failed { .. }
        | Outcome::Withheld(_)
        | Outcome::Unknown) => Err(unusable(&format!("{other:?}"))),
    }
}

/// Reads and checks so many tools, all of one agent.
fn check_many(tools: usize) -> Result<Duration, Fault> {
    let (mut agent, mut sources) = (AGENT.to_owned(), Vec::new());
    for first in (0..tools).step_by(TOOLS_A_FILE) {
        let id = format!("shop_{first}");
        let mut file = HEAD.replace("id: shop\n", &format!("id: {id}\n"));
        for n in first..tools.min(first + TOOLS_A_FILE) {
            let (name, text) = if n % 2 == 0 { ("look", LOOK) } else { ("pay", PAY) };
            file.push_str(&text.replace(&format!("name: {name}"), &format!("name: {name}_{n}")));
            agent.push_str(&format!("  - {id}.{name}_{n}\n"));
        }
        sources.push(Source::new(Kind::Integration, format!("integrations/{id}.yaml"), file));
    }
    sources.push(Source::new(Kind::Agent, "agents/shop.yaml".to_owned(), agent));
    let began = Instant::now();
    let catalog = check(&sources, &BTreeMap::new()).map_err(|problems| unusable(&problems))?;
    let took = began.elapsed();
    let read: usize = catalog.agents.values().map(|agent| agent.tools.len()).sum();
    if read == tools { Ok(took) } else { Err(unusable(&format!("{read} tools were read"))) }
}

const AGENT: &str = "\
version: 1
id: shop
title: The shop
language: en
currency: USD
greeting: Hello.
prompt: Be brief.
tools:
";

const HEAD: &str = "\
version: 1
id: shop
title: Orders
kind: http
base_url: https://127.0.0.1/
allow_private: true
tools:
";

const LOOK: &str = r#"  - name: look
    description: Looks an order up.
    parameters: [{name: order, kind: digits, ask: Which order?}]
    request: {method: GET, path: "/orders/{order}", headers: {X-Source: phone}, query: {via: "{{ call.id }}"}}
    response: {map: {state: state, city: customer.city, items: "items | length", first: "items[0].title"}}
    timeout_ms: 10000
"#;

const PAY: &str = r#"  - name: pay
    description: Pays an order back.
    parameters: [{name: order, kind: digits, ask: Which order?}]
    request: {method: POST, path: "/orders/{order}", body: {order: "{order}", via: phone}}
    response: {map: {id: id, state: state}}
    idempotency: {header: Idempotency-Key}
    confirm: {question: "Pay order {{ order | digits }} back?", action: Paying it back.}
    timeout_ms: 10000
"#;

fn unusable(why: &dyn fmt::Display) -> Fault {
    Fault::new(
        Owner::Gateway,
        format!("the registry could not be measured: {why}"),
        "free a port of loopback, or report it",
    )
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { exchange, reading, acting, bare, calls, tools, checked } = self;
        write!(f, "registry: tools beside the systems behind them; answers of {} KiB", ANSWER_BYTES / 1024)?;
        let told = |f: &mut fmt::Formatter<'_>, what: &str, of: &Distribution, target: Option<Duration>| {
            write!(f, "\n  {what}\n    {of}")?;
            target.map_or(Ok(()), |target| {
                write!(
                    f,
                    "\n    p99 {}; target {}: {}",
                    time(of.p99()),
                    time(target),
                    met(of, of.p99(), target)
                )
            })
        };
        told(f, "rendering a request and mapping an answer", exchange, Some(EXCHANGE_TARGET))?;
        write!(f, "\n  {calls} calls at once over loopback, the system's own time apart:")?;
        told(f, "the bare client: connection, HTTP and both sides' tasks", bare, None)?;
        told(f, "a tool without effects, from leave to result", reading, Some(SHARE_TARGET))?;
        told(f, "an action, its intent apart, on a connection of its own", acting, Some(SHARE_TARGET))?;
        let verdict = if *checked <= CHECK_TARGET { "met" } else { "NOT met" };
        write!(
            f,
            "\n  {tools} assigned tools, read and checked\n    {}; target {}: {verdict}",
            time(*checked),
            time(CHECK_TARGET)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_figure_is_taken_and_told_beside_its_target() {
        let report = measure(2, 2, 10).await.expect("loopback has ports");
        assert_eq!([&report.reading, &report.acting, &report.bare].map(Distribution::count), [4; 3]);
        let text = report.to_string();
        for part in ["target 50.0 µs", "target 1.0 ms", "target 2000.0 ms", "10 assigned tools"] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}
