//! `centralita check`: are the definitions right?
//!
//! Promises: every problem at once, with file, line, column and remedy; exit code 1 when there is one.
//! Never: sends a request, or fails for a secret: only `serve` needs them, one that is missing is a
//! warning, as is a synthesiser that does not speak.

use std::collections::{BTreeMap, BTreeSet};

use clap::{Args, ValueEnum};

use super::assemble::{SecretsArgs, doubts, llm, try_voice};
use super::demo::{SpeechArgs, speech};
use super::{Definitions, Done, Verdict, render};
use crate::catalog::{self, Catalog, DONE_BEFORE, Kind};
use crate::core::base::ToolName;
use crate::core::conversation::{Effects, EngineYes, Plan, Policy, Recording, ToolPlan, VoiceYes};
use crate::core::template::Renderer;
use crate::integrations::Connection;
use crate::secrets::Secrets;
use crate::stt::embedded::Doubts;

/// What to check.
#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    definitions: Definitions,
    #[command(flatten)]
    secrets: SecretsArgs,
    #[command(flatten)]
    speech: SpeechArgs,
    /// Print the JSON Schema of such files instead, for an editor: docs/definitions.md
    #[arg(long, value_name = "WHAT", exclusive = true)]
    schema: Option<Described>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Described {
    Agent,
    Integration,
}

pub(super) async fn run(args: &CheckArgs) -> Done {
    if let Some(described) = args.schema {
        let schema = match described {
            Described::Agent => catalog::agent_schema(),
            Described::Integration => catalog::integration_schema(),
        };
        render::text(&schema);
        return Ok(Verdict::Good);
    }
    let secrets = args.secrets.open()?;
    let sources = catalog::find(&args.definitions.root)?;
    let mut verdict = Verdict::Good;
    if sources.iter().all(|source| source.kind != Kind::Agent) {
        render::trouble("agents: there is no agent\n  hint: write one: agents/ID.yaml");
        verdict = Verdict::Bad;
    }
    if let Err(fault) = llm(&args.definitions, &secrets) {
        render::trouble(&format!("{}\n  hint: {}", fault.what, fault.remedy));
        verdict = Verdict::Bad;
    }
    match catalog::check(&sources, &BTreeMap::new()) {
        Ok(catalog) if verdict == Verdict::Good => agents(&catalog, args, &secrets).await,
        Ok(_) => Ok(verdict),
        Err(problems) => {
            render::aside(&problems.to_string());
            Ok(Verdict::Bad)
        }
    }
}

/// What only the engines and the environment can tell of agents whose files are right.
async fn agents(catalog: &Catalog, args: &CheckArgs, secrets: &Secrets) -> Done {
    let speech = speech(&args.speech)?;
    let mut verdict = Verdict::Good;
    let (mut missing, mut readable) = (BTreeSet::new(), BTreeSet::new());
    let languages: BTreeSet<_> = catalog.agents.values().map(|agent| agent.plan.language).collect();
    for language in languages {
        let faults = try_voice(language, &speech).await.err();
        missing.extend(faults.map(|fault| format!("{}: {}", fault.what, fault.remedy)));
    }
    for (id, agent) in &catalog.agents {
        match doubts(agent, &speech) {
            Ok(doubts) => doubtful(id.as_str(), &doubts).iter().for_each(|line| render::aside(line)),
            Err(fault) => {
                render::trouble(&format!("{}\n  hint: {}", fault.what, fault.remedy));
                verdict = Verdict::Bad;
            }
        }
        if let Some(line) = recorded(id, &agent.plan.recording) {
            render::aside(&line);
        }
        readable.extend(agent.connections.iter().filter_map(in_the_address));
        for tool in unasked(&agent.plan) {
            render::aside(&format!(
                "warning: {id}: `{tool}` has effects and runs without the caller's yes; `confirm: {{policy: always}}` \
                 asks first"
            ));
        }
        for tool in one_by_one(&agent.plan) {
            render::aside(&format!(
                "warning: {id}: `{tool}` is asked about by each wish alone, so many small ones are never asked about; \
                 `call.sum('NAME')` and `call.count` in its `when` look at what the call has done"
            ));
        }
        if agent.services.stt.is_none() && speech.stt.yes_figure() == EngineYes::KeypadOnly {
            for tool in unbelieved(&agent.plan) {
                render::aside(&format!(
                    "warning: {id}: `{tool}` wants key 1: this recogniser's yes is not believed for what cannot be undone \
                     (docs/speech.md); `spoken_yes: {{accepted_because: …}}` lets it be enough"
                ));
            }
        }
        let faults = agent.toolbox(secrets).err().unwrap_or_default();
        missing.extend(faults.into_iter().map(|fault| format!("{}: {}", fault.what, fault.remedy)));
        let tools: Vec<String> = agent.plan.tools.iter().map(|tool| tool.name.to_string()).collect();
        let tools = if tools.is_empty() { "no tools".to_owned() } else { tools.join(", ") };
        render::line(&format!("{id}: {} ({}), {tools}", agent.title, agent.plan.language));
    }
    readable.iter().for_each(|line| render::aside(line));
    for lack in missing {
        render::aside(&format!("warning: {lack}; `serve` needs it"));
    }
    Ok(verdict)
}

/// What becomes of recordings, where an agent's file says so.
fn recorded(agent: &str, recording: &Recording) -> Option<String> {
    match recording {
        Recording::On => None,
        Recording::Off => Some(format!("{agent}: no call is recorded (`recording: off`)")),
        Recording::AfterConsent { .. } => Some(format!(
            "{agent}: a call is recorded from the caller's yes on, where `serve` is given --recordings FOLDER; without it \
             nobody is asked, and nothing is recorded"
        )),
    }
}

/// Words the recogniser does not know from its dictionary: a line for each it never hears, one for all it guesses at.
fn doubtful(agent: &str, doubts: &Doubts) -> Vec<String> {
    let never = |word: &String| format!("warning: {agent}: the recogniser can never hear `{word}`");
    let mut lines: Vec<String> = doubts.unknown.iter().map(never).collect();
    if !doubts.guessed.is_empty() {
        let words = doubts.guessed.join("`, `");
        lines.push(format!(
            "warning: {agent}: the recogniser guesses how these words sound: `{words}`; check them by a call"
        ));
    }
    lines
}

/// A key that goes in the address: some systems want it there, and more eyes read it than a header.
fn in_the_address(connection: &Connection) -> Option<String> {
    let query = connection.auth.query.as_ref()?;
    Some(format!(
        "warning: integration {}: `auth` sends its key in the address (`{}`), which logs and proxies on the way keep; \
         where the system takes it in a header, write `header: {{name: .., value: secret.{}}}`",
        connection.id, query.name, query.secret
    ))
}

/// Tools with effects that an admin has exempted from the question: allowed, and worth a second look.
fn unasked(plan: &Plan) -> impl Iterator<Item = &ToolName> {
    let exempt = |tool: &&ToolPlan| tool.effects != Effects::None && tool.confirm.policy == Policy::Never;
    plan.tools.iter().filter(exempt).map(|tool| &tool.name)
}

/// Tools whose condition looks at one wish alone: what is below it can be wished for again and again.
fn one_by_one(plan: &Plan) -> impl Iterator<Item = &ToolName> {
    let renderer = Renderer::new(plan.language, &plan.currency);
    let is_alone = move |tool: &&ToolPlan| match &tool.confirm.policy {
        Policy::Never | Policy::Always => false,
        Policy::When(condition) => {
            let names = renderer.names(condition).unwrap_or_default();
            !DONE_BEFORE.into_iter().any(|name| names.contains(name))
        }
    };
    plan.tools.iter().filter(is_alone).map(|tool| &tool.name)
}

/// Tools that are asked about, cannot be undone, and leave it to the recogniser whether a spoken yes is enough.
fn unbelieved(plan: &Plan) -> impl Iterator<Item = &ToolName> {
    let by_engine = |tool: &&ToolPlan| {
        tool.effects == Effects::Irreversible
            && tool.confirm.policy != Policy::Never
            && tool.confirm.voice == VoiceYes::ByEngine
    };
    plan.tools.iter().filter(by_engine).map(|tool| &tool.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::sim::script_plan;
    use crate::integrations::{Auth, SecretQuery};

    #[test]
    fn words_that_are_never_heard_have_a_line_each_and_those_guessed_at_one_together() {
        let list = |words: &[&str]| words.iter().map(ToString::to_string).collect();
        let doubts = Doubts { unknown: list(&["4711", "señor"]), guessed: list(&["blorptang", "zorblax"]) };
        let wanted = [
            "warning: shop: the recogniser can never hear `4711`",
            "warning: shop: the recogniser can never hear `señor`",
            "warning: shop: the recogniser guesses how these words sound: `blorptang`, `zorblax`; check them by a call",
        ];
        assert_eq!(doubtful("shop", &doubts), wanted);
        assert!(doubtful("shop", &Doubts::default()).is_empty(), "a dictionary that has all is silent");
    }

    #[test]
    fn what_becomes_of_recordings_is_said_where_a_file_says_it() {
        assert_eq!(recorded("shop", &Recording::On), None);
        let asks = Recording::AfterConsent { question: String::new() };
        for (recording, told) in [(Recording::Off, "no call is recorded"), (asks, "nothing is recorded")] {
            let line = recorded("shop", &recording).unwrap_or_default();
            assert!(line.starts_with("shop: ") && line.contains(told), "{line}");
        }
    }

    #[test]
    fn a_key_in_the_address_is_pointed_out_and_no_other() {
        let auth = |query| Auth { query, ..Auth::default() };
        let connection = |auth| Connection {
            id: "shop".to_owned(),
            base: "https://shop.example".parse().expect("an address"),
            allow_private: false,
            auth,
            mcp: None,
        };
        assert_eq!(in_the_address(&connection(Auth::default())), None);
        let query = SecretQuery { name: "api_key".to_owned(), secret: "SHOP_KEY".to_owned() };
        let line = in_the_address(&connection(auth(Some(query)))).unwrap_or_default();
        assert!(line.starts_with("warning: integration shop: ") && line.contains("`api_key`"), "{line}");
        assert!(line.contains("secret.SHOP_KEY"), "{line}");
    }

    #[test]
    fn a_tool_with_effects_that_never_asks_is_pointed_out_and_no_other() {
        let mut plan = script_plan("en").expect("the plan has that name");
        assert_eq!(unasked(&plan).count(), 0, "who asks is not pointed out");
        for tool in &mut plan.tools {
            tool.confirm.policy = Policy::Never;
        }
        let with_effects = plan.tools.iter().filter(|tool| tool.effects != Effects::None).count();
        assert!(0 < with_effects && with_effects < plan.tools.len(), "of both kinds");
        assert_eq!(unasked(&plan).count(), with_effects);
    }

    #[test]
    fn a_tool_whose_spoken_yes_is_the_engines_to_believe_is_pointed_out_and_no_other() {
        let mut plan = script_plan("en").expect("the plan has that name");
        for tool in &mut plan.tools {
            (tool.effects, tool.confirm.voice) = (Effects::Irreversible, VoiceYes::ByEngine);
            tool.confirm.policy = Policy::Always;
        }
        assert_eq!(unbelieved(&plan).count(), plan.tools.len());
        let exempt: [fn(&mut ToolPlan); 4] = [
            |tool| tool.effects = Effects::Reversible,
            |tool| tool.confirm.policy = Policy::Never,
            |tool| tool.confirm.voice = VoiceYes::Accepted,
            |tool| tool.confirm.voice = VoiceYes::KeypadOnly,
        ];
        for change in exempt {
            let mut other = plan.clone();
            change(&mut other.tools[0]);
            assert_eq!(unbelieved(&other).count(), plan.tools.len() - 1);
        }
    }
}
