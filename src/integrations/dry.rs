//! A tool's own request and the answer to it, without the way between them.
//!
//! Promises: the same rendering and reading as of a run; nothing is sent, kept or counted.
//! Never: runs a step, or stands for a run.

use centralita_core::base::ToolName;
use serde_json::{Map, Value};

use super::registry::Registry;
use super::tries::Untold;
use super::verdict::learned;
use crate::egress::Answer;

impl Registry {
    /// Renders the request of a tool that has no steps, and reads this answer to it.
    ///
    /// # Errors
    /// What the model would be told.
    pub fn dry(&self, tool: &ToolName, args: &Value, answer: &Answer) -> Result<Map<String, Value>, String> {
        let (spec, live) = self.toolbox.find(tool)?;
        let (run, known) = (self.of(spec, live), self.begun(spec, args)?);
        let request = run.request(&spec.request, &known)?;
        match &request.called {
            Some(_) => drop(request.call(None).map_err(|fault| fault.what)?),
            None => drop(request.wire(None).map_err(|fault| fault.what)?),
        }
        let found = learned(&spec.request, answer, &Value::Object(known.values), &self.toolbox.renderer);
        found.map_err(Untold::why)
    }
}
