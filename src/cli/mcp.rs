//! `centralita mcp`: looks at MCP servers, tries their tools, and writes down what of them was reviewed.
//!
//! Promises: a tool is called only where that was asked for; nothing that a server says reaches a definition but by `sync`,
//! which shows it.
//! Never: obeys a server's hints; prints a secret.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::assemble::SecretsArgs;
use super::mcp_words::{changes, hints, listed};
use super::{Done, Verdict, render};
use crate::catalog::{self, McpDefinition};
use crate::core::base::{Fault, Owner};
use crate::egress::{Purpose, Unanswered};
use crate::integrations::mcp::{Pins, Server, pins_text};
use crate::integrations::{Connection, SecretHeader, mcp_server};
use crate::secrets::SecretName;

/// A program has to start, and one of the older kind answers the newer greeting late.
const PATIENCE: Duration = Duration::from_secs(40);

/// What to do with a server.
#[derive(Debug, Args)]
#[command(after_help = "docs/mcp.md says how a server's tools become an agent's.")]
pub(super) struct McpArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Lists the tools of a server, with what it says of them
    Tools {
        #[command(flatten)]
        at: At,
        /// The whole definitions, as JSON
        #[arg(long)]
        json: bool,
    },
    /// Calls a tool of a server once, and shows what it gives
    #[command(after_help = CALL_HELP)]
    Call {
        #[command(flatten)]
        at: At,
        /// The tool, by the server's own name or by that of the integration's file
        tool: String,
        /// The arguments: a JSON object, with the server's names
        #[arg(long = "json", value_name = "ARGS", default_value = "{}")]
        arguments: String,
        /// Do call it, whatever it does
        #[arg(long)]
        execute: bool,
    },
    /// Writes down what the picked tools of an integration are now, and shows what has changed
    Sync(OfIntegration),
    /// Shows what has changed about the picked tools of an integration; the exit code is 0 only where nothing has
    Diff(OfIntegration),
}

const CALL_HELP: &str = "Without --execute a tool is called only if the integration's own file says `effects: none` of it. \
A server's hint that a tool only reads is shown and not obeyed: it is the server's word about itself, and nobody asks you \
back here. Without a server's answer nothing is called twice. The call stands in no journal.";

/// Which server.
#[derive(Debug, Args)]
struct At {
    /// The address of a server, or an integration's id
    #[arg(value_name = "URL|INTEGRATION")]
    server: String,
    /// The server at this address may be inside our own network, over http:
    #[arg(long)]
    allow_private: bool,
    /// The secret that the server at this address wants as a bearer token
    #[arg(long, value_name = "secret.NAME")]
    bearer: Option<String>,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
struct OfIntegration {
    /// The integration's id
    integration: String,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
struct Common {
    /// The folder with `agents/` and `integrations/`
    #[arg(long, default_value = ".", value_name = "FOLDER")]
    root: PathBuf,
    #[command(flatten)]
    secrets: SecretsArgs,
}

pub(super) async fn run(args: &McpArgs) -> Done {
    match &args.what {
        What::Tools { at, json } => tools(at, *json).await,
        What::Call { at, tool, arguments, execute } => call(at, tool, arguments, *execute).await,
        What::Sync(of) => sync(of).await,
        What::Diff(of) => diff(of).await,
    }
}

impl At {
    /// The connection, and its definition where it has one.
    fn connection(&self) -> Result<(Connection, Option<McpDefinition>), Fault> {
        if !self.server.contains("://") {
            let odd =
                self.allow_private.then_some("--allow-private").or(self.bearer.as_ref().map(|_| "--bearer"));
            if let Some(odd) = odd {
                let what = format!("{odd} is for an address; an integration's file says it for itself");
                return Err(Fault::new(Owner::Admin, what, format!("leave {odd} out")));
            }
            let definition = definition(&self.server, &self.common)?;
            return Ok((definition.connection.clone(), Some(definition)));
        }
        let mut connection = catalog::mcp_connection(&self.server, self.allow_private)?;
        if let Some(written) = &self.bearer {
            let secret = SecretName::reference(written).ok_or_else(|| {
                let remedy =
                    "write `--bearer secret.NAME` and set the environment variable CENTRALITA_SECRET_NAME";
                Fault::new(Owner::Admin, "a secret stands here by reference only", remedy)
            })?;
            let (header, prefix) = ("Authorization".to_owned(), "Bearer ".to_owned());
            connection.auth.headers.push(SecretHeader { header, prefix, secret: secret.to_string() });
        }
        Ok((connection, None))
    }
}

async fn tools(at: &At, json: bool) -> Done {
    let (connection, definition) = at.connection()?;
    let (tools, about) = open(&connection, &at.common)?.tools(Instant::now() + PATIENCE).await?;
    if json {
        let all: Vec<&_> = tools.values().collect();
        render::line(&format!("{:#}", json!(all)));
        return Ok(Verdict::Good);
    }
    let picked = definition.map(|definition| definition.picked).unwrap_or_default();
    for tool in tools.values() {
        render::text(&listed(tool, picked.get(&tool.name).map(String::as_str)));
    }
    render::aside(&format!("{} tools of {about}", tools.len()));
    Ok(Verdict::Good)
}

async fn call(at: &At, tool: &str, arguments: &str, execute: bool) -> Done {
    let arguments: Map<String, Value> = serde_json::from_str(arguments).map_err(|error| {
        let what = format!("the arguments are no JSON object: {error}");
        Fault::new(Owner::Admin, what, "write --json '{\"name\": \"value\"}'")
    })?;
    let (connection, definition) = at.connection()?;
    let server = open(&connection, &at.common)?;
    let until = Instant::now() + PATIENCE;
    let (tools, _) = server.tools(until).await?;
    let own = definition.as_ref().and_then(|d| d.picked.iter().find(|(_, ours)| *ours == tool));
    let name = own.map_or(tool, |(theirs, _)| theirs.as_str());
    let Some(found) = tools.get(name) else {
        let names: Vec<&str> = tools.keys().map(String::as_str).collect();
        let what = format!("the server has no tool `{tool}`");
        return Err(Fault::new(Owner::Admin, what, format!("its tools: {}", names.join(", "))));
    };
    let is_harmless = definition.as_ref().is_some_and(|definition| definition.harmless.contains(name));
    if !execute && !is_harmless {
        render::aside(&format!("not called: {name}({})", Value::Object(arguments)));
        render::aside(&format!("  the server says that it {}; that is its own word", hints(found)));
        render::aside("  hint: add --execute to call it, whatever it does");
        return Ok(Verdict::Bad);
    }
    match server.call(name, arguments, Purpose::Act, Instant::now() + PATIENCE).await {
        Ok(answer) => {
            let body: Value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
            render::line(&format!("{body:#}"));
            Ok(Verdict::Good)
        }
        Err(unanswered) => {
            let known = match &unanswered {
                Unanswered::NotSent(_) => "nothing was sent",
                Unanswered::Refused(_) => "the server says that it did not do it",
                Unanswered::WentWrong(_) => {
                    "the server says that it went wrong, which may be after it was done"
                }
                Unanswered::Sent(_) => "it was sent: nobody knows whether it was done",
            };
            let fault = unanswered.fault();
            render::trouble(&format!("{}: {known}\n  hint: {}", fault.what, fault.remedy));
            Ok(Verdict::Bad)
        }
    }
}

/// What the picked tools are now. All of them, or a fault.
async fn picked(definition: &McpDefinition, common: &Common) -> Result<(Pins, Vec<String>), Fault> {
    let server = open(&definition.connection, common)?;
    let (mut tools, _) = server.tools(Instant::now() + PATIENCE).await?;
    let mut pins = Pins::new();
    let mut absent = Vec::new();
    for name in definition.picked.keys() {
        match tools.remove(name) {
            Some(tool) => drop(pins.insert(name.clone(), tool)),
            None => absent.push(name.clone()),
        }
    }
    for name in &absent {
        render::trouble(&format!("the server has no tool `{name}`"));
    }
    if !tools.is_empty() {
        let others: Vec<&str> = tools.keys().map(String::as_str).collect();
        render::aside(&format!("not picked: {}", others.join(", ")));
    }
    Ok((pins, absent))
}

async fn sync(of: &OfIntegration) -> Done {
    let definition = definition(&of.integration, &of.common)?;
    let (pins, absent) = picked(&definition, &of.common).await?;
    if !absent.is_empty() {
        let what = format!("{} was left as it is", definition.pin_path);
        return Err(Fault::new(
            Owner::Admin,
            what,
            "take these tools out of the integration's file, or name them rightly",
        ));
    }
    let shown = changes(&definition.pins, &pins);
    let path = of.common.root.join(&definition.pin_path);
    if definition.pins == pins && path.exists() {
        render::aside("nothing has changed");
        return Ok(Verdict::Good);
    }
    render::text(&shown);
    write(&path, &pins_text(&pins))?;
    render::aside(&format!(
        "{} tools written to {}: read what is new, then run `centralita check`",
        pins.len(),
        path.display()
    ));
    Ok(Verdict::Good)
}

async fn diff(of: &OfIntegration) -> Done {
    let definition = definition(&of.integration, &of.common)?;
    let (pins, absent) = picked(&definition, &of.common).await?;
    let shown = changes(&definition.pins, &pins);
    render::text(&shown);
    if shown.is_empty() && absent.is_empty() {
        render::aside("nothing has changed");
        return Ok(Verdict::Good);
    }
    render::aside(&format!("once this was read: centralita mcp sync {}", of.integration));
    Ok(Verdict::Bad)
}

fn open(connection: &Connection, common: &Common) -> Result<Server, Fault> {
    let secrets = common.secrets.open()?;
    mcp_server(connection, &secrets, None).map_err(|faults| {
        let what: Vec<&str> = faults.iter().map(|fault| fault.what.as_str()).collect();
        let remedy: BTreeMap<&str, ()> = faults.iter().map(|fault| (fault.remedy.as_str(), ())).collect();
        let remedy: Vec<&str> = remedy.into_keys().collect();
        Fault::new(Owner::Admin, what.join("; "), remedy.join("; "))
    })
}

fn definition(id: &str, common: &Common) -> Result<McpDefinition, Fault> {
    let sources = catalog::find(&common.root)?;
    let found = catalog::mcp_definition(&sources, id).map_err(|problems| {
        let what = format!("the integration `{id}` has problems\n{problems}");
        Fault::new(Owner::Admin, what, "put right what is told")
    })?;
    found.ok_or_else(|| {
        let what = format!("there is no integration `{id}` of kind `mcp`");
        Fault::new(
            Owner::Admin,
            what,
            format!("write integrations/{id}.yaml, or name an address: https://host/mcp"),
        )
    })
}

/// Writes a whole file in place of another, or leaves that.
fn write(path: &Path, text: &str) -> Result<(), Fault> {
    let beside = path.with_extension("json.new");
    let written = fs::write(&beside, text).and_then(|()| fs::rename(&beside, path));
    written.map_err(|error| {
        let _ = fs::remove_file(&beside);
        let what = format!("{} cannot be written: {error}", path.display());
        Fault::new(Owner::Admin, what, "see who may write to the folder of integrations")
    })
}
