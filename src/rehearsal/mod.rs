//! An agent's own tests: its calls played with nobody on the line and nobody behind the tools.
//!
//! Reading order: `stage` (a call on the virtual clock: the real heart, the real dispatcher, mocked tools), `meets` (what
//! was expected of it), `report` (many of them, for people and for programs).
//!
//! Promises: the conversation, the gate and the dispatcher are those of a gateway; a minute of a call takes no minute.
//! Never: sends a byte for a tool; reads a clock.

mod meets;
mod report;
mod stage;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::catalog::{Agent, AgentTest};
use crate::core::base::Fault;
use crate::llm::Llm;

pub use meets::Unmet;
pub use report::{Rehearsed, Report};

/// Plays one test of an agent.
///
/// # Errors
/// The call never comes to rest, which is a mistake of ours.
pub async fn rehearse(agent: &Agent, test: &AgentTest, llm: &Arc<dyn Llm>) -> Result<Rehearsed, Fault> {
    let played = stage::play(agent, test, llm).await?;
    let unmet = meets::unmet(agent, test, &played);
    Ok(Rehearsed {
        agent: agent.plan.agent.clone(),
        name: test.name.clone(),
        place: format!("{}:{}", test.file, test.line),
        call: played.file,
        troubles: played.troubles,
        unmet,
    })
}
