//! Which agent answers which number.
//!
//! Promises: a number without an entry reaches the default agent; a name that does not exist reaches nobody.
//! Never: guesses.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::core::base::World;
use crate::driver::Agent;

/// Agents by id, and numbers by agent.
#[derive(Debug)]
pub struct Switchboard {
    agents: BTreeMap<String, Arc<Agent>>,
    numbers: BTreeMap<String, String>,
    default: Arc<Agent>,
}

impl Switchboard {
    /// The default agent, which has an id too; all agents by id; and called number (E.164) → id.
    #[must_use]
    pub fn new(
        default: Arc<Agent>,
        mut agents: BTreeMap<String, Arc<Agent>>,
        numbers: BTreeMap<String, String>,
    ) -> Switchboard {
        agents.entry(default.plan.agent.to_string()).or_insert_with(|| Arc::clone(&default));
        Switchboard { agents, numbers, default }
    }

    /// Who answers that number.
    #[must_use]
    pub fn by_number(&self, called: &str) -> Arc<Agent> {
        let named = self.numbers.get(called).and_then(|id| self.agents.get(id));
        Arc::clone(named.unwrap_or(&self.default))
    }

    /// Where the requests of the agents' tools go.
    #[must_use]
    pub fn world(&self) -> World {
        self.default.toolbox.world()
    }

    /// Integrations whose system is left alone for now, by their ids.
    #[must_use]
    pub fn out_of_reach(&self) -> BTreeSet<&str> {
        self.agents.values().flat_map(|agent| agent.toolbox.out_of_reach()).collect()
    }

    /// An agent by its id.
    #[must_use]
    pub fn by_id(&self, id: &str) -> Option<Arc<Agent>> {
        self.agents.get(id).cloned()
    }
}
