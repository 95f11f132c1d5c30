//! The registry of a call as the gateway has it, without the call: tools run as after a yes.
//!
//! Promises: what runs goes the one way there is: prepared, with a permit that covers it, after its intent.
//! Never: asks anybody.

use std::sync::Arc;
use std::time::Duration;

use centralita::catalog::Agent;
use centralita::core::base::{CallId, CallTime, Digest, ProposalId, ToolName};
use centralita::core::call::PrivateValues;
use centralita::core::conversation::{ActionKey, Outcome, Permit, Unproven};
use centralita::integrations::{
    ActionSecret, CallFacts, Finding, Intent, IntentLog, Leave, NotBegun, NotSpent, PerCaller, Prepared,
    Registry, Toolbox,
};
use centralita::secrets::Secrets;
use futures::future::{BoxFuture, FutureExt as _};
use serde_json::Value;

/// The call whose registry it is.
pub(crate) const CALL: &str = "CA1";

/// The tools of an agent, for one call.
pub(crate) fn registry(agent: &Agent, secrets: &Secrets) -> Registry {
    registry_with(agent.toolbox(secrets).unwrap_or_else(|faults| panic!("{faults:?}")))
}

pub(crate) fn registry_with(toolbox: Toolbox) -> Registry {
    let (from, to, agent) = ("+34600111222".to_owned(), "+34910000000".to_owned(), "shop".to_owned());
    let call = CallFacts { id: CallId::parse(CALL).unwrap(), from, to, agent, now_us: || 0 };
    Registry::new(Arc::new(toolbox), call, ActionSecret::new(&[7; 32]))
}

/// Takes every intent.
struct Takes;

impl IntentLog for Takes {
    fn begin(&self, _: Intent) -> BoxFuture<'_, Result<(), NotBegun>> {
        async { Ok(()) }.boxed()
    }

    fn settled<'l>(&'l self, _: ProposalId, _: u32, _: &'l Outcome) -> BoxFuture<'l, ()> {
        async {}.boxed()
    }

    fn found(&self, _: &Finding) {}

    fn ago(&self, _: ProposalId, _: u32) -> BoxFuture<'_, Duration> {
        async { Duration::ZERO }.boxed()
    }

    fn spend<'a>(&'a self, _: &'a ToolName, _: PerCaller) -> BoxFuture<'a, Result<(), NotSpent>> {
        async { Ok(()) }.boxed()
    }
}

/// Asks what a tool with effects would do; what is for the model where it cannot.
pub(crate) async fn prepared(
    registry: &Registry,
    nth: u32,
    tool: &str,
    args: &Value,
) -> Result<Prepared, String> {
    let (tool, private) = (ToolName(tool.into()), PrivateValues::default());
    registry.prepare(ProposalId(nth), &tool, args, &private).await.map_err(|unprepared| unprepared.why)
}

/// Runs a tool, by a permit over this, under the key of that proposal.
pub(crate) async fn run(
    registry: &Registry,
    (nth, key): (u32, u32),
    tool: &str,
    args: Value,
    covers: Digest,
) -> Outcome {
    let permit = Permit::by_admin(ProposalId(nth), covers, "ada".into(), "a test".into());
    let leave = Leave { tool: ToolName(tool.into()), args, key: ActionKey::Own(ProposalId(key)), permit };
    registry
        .run(leave, &PrivateValues::default(), CallTime::ANSWER, &Takes)
        .await
        .unwrap_or_else(Unproven::outcome)
}

/// Runs a tool as after a yes; what is for the model where it cannot.
pub(crate) async fn ran(
    registry: &Registry,
    tool: &str,
    args: Value,
    has_effects: bool,
) -> Result<Value, String> {
    let covers = match has_effects {
        true => prepared(registry, 1, tool, &args).await?.action,
        false => Digest::of_json(&args),
    };
    match run(registry, (1, 1), tool, args, covers).await {
        Outcome::Done { result } => Ok(result),
        Outcome::Failed { why } => Err(why),
        Outcome::Withheld(why) => Err(format!("{why:?}")),
        Outcome::Partly { .. } | Outcome::Unknown => Err("unknown".to_owned()),
    }
}
