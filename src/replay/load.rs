//! A recorded call, loaded for a test.
//!
//! Promises: what cannot be loaded says what it is about and what to do; today's agent is checked as `check` does.
//! Never: writes to where it reads; sends a request.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use super::source::{Recorded, find, of_text};
use crate::catalog;
use crate::core::base::{Fault, Owner};

/// The way to a test of a recorded call: [`load`](Recorded::load) it, [`run`](Recorded::run) it, and expect.
///
/// ```
/// use centralita::core::base::Millis;
/// use centralita::replay::Recorded;
/// use serde_json::json;
///
/// let run = Recorded::load("tests/recorded/refund.call")?.run();
/// run.expect_as_recorded();
/// run.turns().expect_count(3);
/// run.confirmation(0).expect_question("refund twenty dollars");
/// run.confirmation(0).expect_answered_yes();
/// run.tool("shop.refund").expect_run_once_with(json!({"order": "1182", "amount": "20.00"}));
/// run.says("twenty dollars on their way").expect();
/// run.says("euros").expect_never();
/// run.latency().expect_below(Millis(900));
/// # Ok::<(), centralita::core::base::Fault>(())
/// ```
///
/// A failure panics at the line of the expectation, and shows the call around what went otherwise:
///
/// ```should_panic
/// # use centralita::replay::Recorded;
/// # let run = Recorded::load("tests/recorded/refund.call").unwrap_or_else(|_| std::process::exit(0)).run();
/// run.tool("shop.refund").expect_not_run();
/// ```
impl Recorded {
    /// A call file.
    ///
    /// # Errors
    /// It is not there, or no call file.
    pub fn load(path: impl AsRef<Path>) -> Result<Recorded, Fault> {
        let path = path.as_ref();
        let text = fs::read_to_string(path).map_err(|error| {
            let what = format!("{} cannot be read: {error}", path.display());
            Fault::new(
                Owner::Admin,
                what,
                "name a call file, as `centralita replay CALL --as-test` writes it",
            )
        })?;
        of_text(&text, &path.display().to_string())
    }

    /// A call file's text.
    ///
    /// ```
    /// use centralita::replay::Recorded;
    ///
    /// let text = "# plan: en\n# expect: written\n0.000 < answered\n> say … greeting \"Hello, …\"\n";
    /// let call = Recorded::parse(text)?;
    /// call.run().expect_as_recorded();
    /// call.run().says("how can I help").expect();
    /// # Ok::<(), centralita::core::base::Fault>(())
    /// ```
    ///
    /// # Errors
    /// It is no call file.
    pub fn parse(text: &str) -> Result<Recorded, Fault> {
        of_text(text, "the call file")
    }

    /// The call of that id in a journal's database.
    ///
    /// # Errors
    /// There is no such journal or call, or this build cannot read it.
    pub fn of_journal(path: impl AsRef<Path>, call: &str) -> Result<Recorded, Fault> {
        let (path, call) = (path.as_ref().to_owned(), call.to_owned());
        let broken =
            |what: String| Fault::new(Owner::Gateway, what, "this is a mistake of ours, please report it");
        // A thread of its own: a test may have a runtime, in which nothing may be waited for.
        let reading = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.map_err(|error| broken(format!("no runtime: {error}")))?;
            runtime.block_on(async {
                let ids = [call.clone()];
                let missing = || {
                    let what = format!("there is no call `{call}` in {}", path.display());
                    Fault::new(
                        Owner::Admin,
                        what,
                        "`centralita replay JOURNAL --print` shows every call with its id",
                    )
                };
                match find(&path, &ids).await.as_slice() {
                    [found] => found.read().await,
                    [] | [_, _, ..] => Err(missing()),
                }
            })
        });
        reading.join().unwrap_or_else(|_| Err(broken("a journal's reader panicked".to_owned())))
    }

    /// The same call, answered by today's agent of that id: `root` is the folder with `agents/` and `integrations/`.
    ///
    /// What the services answered then is told again, so that only the agent's own part may differ.
    ///
    /// # Errors
    /// The definitions have problems, all of which are told, or no such agent.
    pub fn with_agent(self, root: impl AsRef<Path>, id: &str) -> Result<Recorded, Fault> {
        let root = root.as_ref();
        let sources = catalog::find(root)?;
        let mut catalog =
            catalog::check(&sources, &std::collections::BTreeMap::new()).map_err(|problems| {
                let what = format!("the definitions in {} have problems\n{problems}", root.display());
                Fault::new(Owner::Admin, what, "`centralita check` shows them all")
            })?;
        let agent = catalog.agents.remove(id).ok_or_else(|| {
            let known: Vec<&str> = catalog.agents.keys().map(String::as_str).collect();
            let what = format!("there is no agent `{id}` in {}", root.display());
            Fault::new(Owner::Admin, what, format!("agents there: {}", known.join(", ")))
        })?;
        let mut file = self.file;
        // It is another plan's now.
        file.plan = None;
        Ok(Recorded { file, plan: Arc::new(agent.plan), numbers: self.numbers })
    }
}
