//! Definitions become agents that can answer: plan, tools, model and speech put together.
//!
//! Promises: what is missing is named, all of it, before a phone rings.
//! Never: falls back in silence to another service than the one named.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use url::Url;

use super::{Definitions, render};
use crate::catalog::{self, Catalog};
use crate::core::base::{Fault, Owner, World, canonical_json};
use crate::core::conversation::Tag;
use crate::core::language::{Language, Phrase};
use crate::driver::Agent;
use crate::integrations::{Breakers, Toolbox};
use crate::llm::Llm;
use crate::llm::builtin::Builtin;
use crate::llm::openai::{Deadlines, OpenAi};
use crate::secrets::{SecretName, Secrets};
use crate::stt::deaf::Deaf;
use crate::stt::embedded::{Doubts, Embedded};
use crate::stt::{Stt, Vocabulary};
use crate::tts::{Tts, whole};

/// Where secrets are found.
#[derive(Clone, Debug, Args)]
pub(super) struct SecretsArgs {
    /// A folder with a file for each secret, named like it; the environment (CENTRALITA_SECRET_NAME, then NAME) comes
    /// first
    #[arg(long, value_name = "FOLDER")]
    secrets: Option<PathBuf>,
    /// A program that integrations may start as an MCP server, as their files write it; more than once for more. It runs as
    /// the gateway's user, with any arguments of the file
    #[arg(long, value_name = "PROGRAM", env = "CENTRALITA_MCP_COMMANDS", value_delimiter = ',')]
    mcp_command: Vec<String>,
    /// A folder for what systems renew: the refresh tokens of integrations. It is to survive a restart, and is made when it
    /// is needed
    #[arg(long, default_value = "calls/tokens", value_name = "FOLDER")]
    tokens: PathBuf,
}

impl SecretsArgs {
    /// # Errors
    /// A folder was named and is not there.
    pub(super) fn open(&self) -> Result<Secrets, Fault> {
        let programs = self.mcp_command.iter().cloned();
        let secrets = Secrets::from_env().with_kept(&self.tokens).with_programs(programs);
        match &self.secrets {
            Some(folder) => secrets.with_directory(folder),
            None => Ok(secrets),
        }
    }
}

/// Recogniser and synthesiser.
#[derive(Clone)]
pub(super) struct Speech {
    pub(super) stt: Arc<dyn Stt>,
    pub(super) tts: Arc<dyn Tts>,
    pub(super) tag: Tag,
    /// The embedded recogniser, where that is the one: it wants to see a vocabulary before a phone rings.
    pub(super) embedded: Option<Arc<Embedded>>,
}

/// All definitions under the root, or every problem in one fault.
pub(super) fn catalog(definitions: &Definitions, bases: &BTreeMap<String, Url>) -> Result<Catalog, Fault> {
    catalog_at(&definitions.root, bases)
}

/// The same where only their folder is known.
pub(super) fn catalog_at(root: &Path, bases: &BTreeMap<String, Url>) -> Result<Catalog, Fault> {
    let sources = catalog::find(root)?;
    catalog::check(&sources, bases).map_err(|problems| {
        let what = format!("the definitions have problems\n{problems}");
        Fault::new(Owner::Admin, what, "`centralita check` shows them all")
    })
}

/// The language model by its name.
pub(super) fn llm(definitions: &Definitions, secrets: &Secrets) -> Result<Arc<dyn Llm>, Fault> {
    match definitions.llm.split_once(':') {
        None if definitions.llm == "builtin" && definitions.llm_url.is_some() => {
            let what = "--llm-url names a server, and the model `builtin` is none";
            Err(Fault::new(
                Owner::Admin,
                what,
                "name its model by `--llm openai:MODEL`, or leave --llm-url out",
            ))
        }
        None if definitions.llm == "builtin" => Ok(Arc::new(Builtin)),
        Some(("openai", model)) if !model.is_empty() => {
            let name = SecretName::reference("secret.OPENAI_API_KEY");
            // Local servers need none.
            let key = name.map_or(Ok(None), |name| secrets.find(&name))?;
            let url = definitions.llm_url.as_deref();
            if url.is_none() && key.is_none() {
                let what = format!(
                    "`--llm {}` asks OpenAI's own server, which wants a key, and there is none",
                    definitions.llm
                );
                let remedy = "give it as OPENAI_API_KEY (in the environment, or a file in --secrets FOLDER), or name another \
                              server with --llm-url, like http://127.0.0.1:11434/v1";
                return Err(Fault::new(Owner::Admin, what, remedy));
            }
            Ok(Arc::new(OpenAi::new(model, url, key, Deadlines::default())?))
        }
        _ => {
            let what = format!("there is no language model `{}`", definitions.llm);
            Err(Fault::new(Owner::Admin, what, "name `builtin` or `openai:MODEL`"))
        }
    }
}

/// Whether an agent could be made ready, without making it.
///
/// # Errors
/// What it lacks.
pub(super) fn fit(meant: &catalog::Agent, secrets: &Secrets, speech: &Speech) -> Result<(), Fault> {
    recogniser(meant, speech)?;
    doubts(meant, speech)?;
    meant.toolbox(secrets).map(|_| ()).map_err(|faults| all(&faults))
}

/// One agent, ready to answer. Agents that share breakers leave a system alone together.
pub(super) fn agent(
    meant: &catalog::Agent,
    world: World,
    secrets: &Secrets,
    llm: &Arc<dyn Llm>,
    speech: &Speech,
    breakers: &Breakers,
) -> Result<Arc<Agent>, Fault> {
    let stt = recogniser(meant, speech)?;
    for word in doubts(meant, speech)?.unknown {
        let agent = &meant.plan.agent;
        render::aside(&format!(
            "warning: {agent}: the recogniser can never hear `{word}`: nothing says how it is pronounced"
        ));
    }
    let toolbox = toolbox(meant, world, secrets)?.sharing(breakers);
    let plan = Arc::new(meant.plan.clone());
    let text =
        serde_json::to_value(&*plan).map_or_else(|error| error.to_string(), |value| canonical_json(&value));
    Ok(Arc::new(Agent {
        vocabulary: Arc::new(Vocabulary::of_plan(&plan)),
        plan,
        plan_text: text.into(),
        toolbox: Arc::new(toolbox),
        llm: Arc::clone(llm),
        stt,
        tts: Arc::clone(&speech.tts),
        tag: speech.tag,
    }))
}

/// An agent's tools, ready to run.
///
/// # Errors
/// The secrets that are missing.
pub(super) fn toolbox(meant: &catalog::Agent, world: World, secrets: &Secrets) -> Result<Toolbox, Fault> {
    match world {
        World::Real => meant.toolbox(secrets).map_err(|faults| all(&faults)),
        World::Mocked => Ok(meant.mocked_toolbox(&BTreeMap::new())),
    }
}

/// The recogniser an agent names: the gateway's, or `none` for callers who use keys.
fn recogniser(meant: &catalog::Agent, speech: &Speech) -> Result<Arc<dyn Stt>, Fault> {
    match meant.services.stt.as_deref() {
        Some("none") => Ok(Arc::new(Deaf)),
        None => Ok(Arc::clone(&speech.stt)),
        Some(other) => {
            let what =
                format!("the agent `{}` names a recogniser `{other}`, which there is not", meant.plan.agent);
            Err(Fault::new(Owner::Admin, what, "leave `stt` out for the gateway's, or write `stt: none`"))
        }
    }
}

/// Words of an agent that the embedded recogniser cannot hear, or only by a guess.
///
/// # Errors
/// A language it does not know at all.
pub(super) fn doubts(meant: &catalog::Agent, speech: &Speech) -> Result<Doubts, Fault> {
    match &speech.embedded {
        Some(_) if meant.services.stt.is_none() && meant.plan.language != Language::English => {
            let what = format!(
                "{}: the embedded recogniser knows English only, and this agent speaks `{}`",
                meant.place, meant.plan.language
            );
            Err(Fault::new(
                Owner::Admin,
                what,
                "write `stt: none` into this file: callers then use keys alone",
            ))
        }
        Some(embedded) if meant.services.stt.is_none() => {
            embedded.check(&Vocabulary::of_plan(&meant.plan), meant.plan.language)
        }
        Some(_) | None => Ok(Doubts::default()),
    }
}

/// Speaks once in a language: a synthesiser that is not there, or that lacks the voice, would else be silence in every
/// call.
///
/// # Errors
/// It does not speak.
pub(super) async fn try_voice(language: Language, speech: &Speech) -> Result<(), Fault> {
    let text = Phrase::AnythingElse.say(language);
    whole(speech.tts.as_ref(), &text, None, language).await.map(|_| ()).map_err(|fault| {
        let what = format!("agents that speak `{language}` have no voice: {}", fault.what);
        Fault::new(fault.owner, what, fault.remedy)
    })
}

/// Starts the recogniser's workers and the sessions with MCP servers for an agent, so that the first caller does not wait for it.
pub(super) async fn warm(agent: &Agent, speech: &Speech) -> Result<(), Fault> {
    agent.toolbox.warm();
    match &speech.embedded {
        Some(embedded) if agent.plan.language == Language::English => {
            embedded.warm(&agent.vocabulary, agent.plan.language).await
        }
        Some(_) | None => Ok(()),
    }
}

/// Several faults in one.
pub(super) fn all(faults: &[Fault]) -> Fault {
    let what: Vec<&str> = faults.iter().map(|fault| fault.what.as_str()).collect();
    let remedy: Vec<&str> = faults.iter().map(|fault| fault.remedy.as_str()).collect();
    Fault::new(Owner::Admin, what.join("; "), remedy.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_that_is_none_and_a_server_that_no_model_would_ask_are_refused() {
        for (llm, url, odd) in [
            ("builtin", Some("http://127.0.0.1:1/v1"), Some("--llm-url")),
            ("openai:", None, Some("`openai:`")),
            ("gpt", Some("http://127.0.0.1:1/v1"), Some("`gpt`")),
            ("openai:small", Some("no address"), Some("address")),
            ("builtin", None, None),
            ("openai:small", Some("http://127.0.0.1:1/v1"), None),
        ] {
            let definitions = Definitions {
                root: PathBuf::new(),
                llm: llm.to_owned(),
                llm_url: url.map(ToOwned::to_owned),
            };
            let fault = super::llm(&definitions, &Secrets::from_env()).err().map(|fault| fault.what);
            assert_eq!(fault.is_some(), odd.is_some(), "{llm} {url:?}: {fault:?}");
            assert!(fault.is_none_or(|fault| fault.contains(odd.unwrap_or_default())), "{llm} {url:?}");
        }
    }

    #[test]
    fn only_a_key_that_is_not_there_is_no_key() {
        let folder = std::env::temp_dir().join(format!("centralita-keys-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir(&folder).expect("a temporary folder can be made");
        let definitions = Definitions {
            root: PathBuf::new(),
            llm: "openai:small".to_owned(),
            llm_url: Some("http://127.0.0.1:1/v1".to_owned()),
        };
        let refused = || {
            let secrets = Secrets::from_env().with_directory(&folder).expect("the folder is there");
            super::llm(&definitions, &secrets).err().map(|fault| fault.what)
        };
        assert_eq!(refused(), None, "a local server needs none");
        let nowhere = Definitions { llm_url: None, ..definitions.clone() };
        let at_openai = || {
            let secrets = Secrets::from_env().with_directory(&folder).expect("the folder is there");
            super::llm(&nowhere, &secrets).err()
        };
        let fault = at_openai().expect("nobody can be asked");
        assert!(fault.what.contains("openai:small") && fault.remedy.contains("--llm-url"), "{fault}");
        let key = folder.join("OPENAI_API_KEY");
        std::fs::write(&key, "\n").expect("a temporary folder can be written");
        assert!(refused().is_some_and(|what| what.starts_with("the secret `OPENAI_API_KEY` is empty")));
        std::fs::write(&key, b"sk-\xff\xfe").expect("a temporary folder can be written");
        assert!(refused().is_some_and(|what| what.contains("cannot be read from")));
        std::fs::write(&key, "sk-1\n").expect("a temporary folder can be written");
        assert_eq!((refused(), at_openai()), (None, None));
        std::fs::remove_dir_all(folder).expect("it was made by this test");
    }
}
