//! The templates of integrations: each checked as it stands, with its samples, and against a service of the right shape.
//!
//! Reading order: `standin` (a service on loopback, and a template's tools before it), this file (what every template keeps to),
//! then one file for each kind of service.
//!
//! Promises: a template that is put into the folder is looked at by the tests of this file, without being named here.
//! Never: reaches a service of anybody's.

mod calendar;
mod desks;
mod others;
mod shops;
mod standin;

use std::collections::{BTreeMap, BTreeSet};

use centralita::catalog::Agent;
use centralita::core::base::Digest;
use centralita::core::conversation::{Effects, Outcome, Parameter, ParameterKind, ToolPlan};
use centralita::core::template::Renderer;
use centralita::integrations::{Registry, Source, ToolSpec};
use serde_json::{Map, Value, json};

use crate::command::{Folder, command};
use crate::registry::{prepared, registry_with, run};
use standin::{LANGUAGES, agent_file, agents, named, secrets_in, text};

#[tokio::test]
async fn the_program_checks_every_template_in_both_languages() {
    for name in named() {
        let folder = Folder::new();
        for inside in ["agents", "integrations"] {
            std::fs::create_dir(folder.file(inside)).unwrap();
        }
        std::fs::write(folder.file(&format!("integrations/{name}.yaml")), text(&name)).unwrap();
        for language in LANGUAGES {
            let agent = agent_file(&name, language);
            std::fs::write(folder.file(&format!("agents/{language}.yaml")), agent).unwrap();
        }
        let root = folder.file("");
        let output = command(&["check", "--root", &root, "--speech", "stand-in"]).output().await.unwrap();
        let beside = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{name}: {beside}");
        assert!(!beside.contains("without the caller's yes"), "{name}: {beside}");
    }
}

#[test]
fn every_template_tells_its_admin_what_to_set_and_to_change_and_is_in_the_guide() {
    let guide = std::fs::read_to_string("docs/templates.md").unwrap();
    for name in named() {
        let text = text(&name);
        let head: String = text.lines().take_while(|line| line.starts_with('#')).collect();
        assert!(head.contains("# Change: "), "{name}: nothing says what to change");
        for secret in secrets_in(&text) {
            assert!(head.contains(&secret), "{name}: nothing says what {secret} is");
            assert!(guide.contains(&format!("`{secret}`")), "{name}: the guide does not name {secret}");
        }
        assert!(guide.contains(&format!("[{name}](../integrations/templates/{name}.yaml)")), "{name}");
        for tool in tools(&agents(&name, &BTreeMap::new())["en"]) {
            let (_, tool) = tool.name.0.split_once('.').unwrap();
            assert!(guide.contains(&format!("`{tool}`")), "the guide does not name {name}.{tool}");
        }
    }
}

#[tokio::test]
async fn every_tool_of_every_template_runs_to_its_end_with_its_samples_in_both_languages() {
    for name in named() {
        for (language, agent) in agents(&name, &BTreeMap::new()) {
            let toolbox = agent.mocked_toolbox(&BTreeMap::new());
            let without: Vec<_> = toolbox.without_samples().collect();
            assert!(without.is_empty(), "{without:?}: a request has no sample");
            for plan in tools(&agent) {
                let registry = registry_with(agent.mocked_toolbox(&BTreeMap::new()));
                let args = before(&registry, &agent, plan).await;
                let told = ran_whole(&registry, &agent, plan, args).await;
                assert!(!told.contains("{{") && !told.contains("{%"), "{language}: {told}");
            }
        }
    }
}

fn tools(agent: &Agent) -> &[ToolPlan] {
    assert!(!agent.plan.tools.is_empty());
    &agent.plan.tools
}

/// Runs what stores the variables that a tool takes, and arguments for it.
async fn before(registry: &Registry, agent: &Agent, plan: &ToolPlan) -> Value {
    let spec = agent.tools.iter().find(|spec| spec.name == plan.name).unwrap();
    for variable in &takes(spec) {
        let first = |spec: &&ToolSpec| spec.store.contains_key(variable) && takes(spec).is_empty();
        let source = agent.tools.iter().find(first).unwrap();
        let source = agent.plan.tools.iter().find(|plan| plan.name == source.name).unwrap();
        assert_eq!(source.effects, Effects::None, "{}", source.name);
        ran_whole(registry, agent, source, arguments(source)).await;
    }
    arguments(plan)
}

/// The variables that a tool takes.
fn takes(spec: &ToolSpec) -> BTreeSet<String> {
    let given = spec.given.iter().filter_map(|given| match &given.source {
        Source::Variable { name, .. } => Some(name.clone()),
        Source::Constant(_)
        | Source::Secret(_)
        | Source::Call(_)
        | Source::Agent
        | Source::Language
        | Source::Now(_) => None,
    });
    given.chain(spec.parameters.iter().filter_map(|of| of.limits.one_of_variable.clone())).collect()
}

fn arguments(plan: &ToolPlan) -> Value {
    plan.parameters
        .iter()
        .map(|parameter| (parameter.name.clone(), value(parameter)))
        .collect::<Map<_, _>>()
        .into()
}

fn value(parameter: &Parameter) -> Value {
    if let Some(first) = parameter.limits.one_of.first() {
        return json!(first);
    }
    match parameter.kind {
        ParameterKind::Text => json!("Garcia"),
        ParameterKind::Integer | ParameterKind::Number => json!(2),
        ParameterKind::Digits => json!("1182"),
        ParameterKind::Money => json!("20.00"),
        ParameterKind::Boolean => json!(true),
        ParameterKind::Email => json!("ana@example.com"),
        ParameterKind::Phone => json!("+34600111222"),
        ParameterKind::Date => json!("2026-12-01"),
        ParameterKind::Time => json!("09:00"),
    }
}

/// Runs a tool as after a yes; all that is said around it.
async fn ran_whole(registry: &Registry, agent: &Agent, plan: &ToolPlan, args: Value) -> String {
    let name = &*plan.name.0;
    let renderer = Renderer::new(agent.plan.language, &agent.plan.currency);
    let mut vars = args.clone();
    let mut said = Vec::new();
    let covers = match plan.effects {
        Effects::None => Digest::of_json(&args),
        Effects::Reversible | Effects::Irreversible => {
            let ready =
                prepared(registry, 1, name, &args).await.unwrap_or_else(|why| panic!("{name}: {why}"));
            vars = ready.values;
            said.extend([&*plan.confirm.question, &plan.confirm.short, &plan.confirm.action]);
            ready.action
        }
    };
    let result = match run(registry, (1, 1), name, args, covers).await {
        Outcome::Done { result } => result,
        other @ (Outcome::Partly { .. }
        | Outcome::Failed { .. }
        | Outcome::Withheld(_)
        | Outcome::Unknown) => {
            panic!("{name}: {other:?}")
        }
    };
    for (name, value) in result.as_object().unwrap() {
        vars[name] = value.clone();
    }
    let phrases = &plan.phrases;
    let wordings = [&phrases.start, &phrases.done, &phrases.failed, &phrases.unknown];
    said.extend(wordings.into_iter().flat_map(|wordings| wordings.iter()));
    let say = |text: &&str| renderer.render(text, &vars).unwrap_or_else(|fault| panic!("{name}: {fault}"));
    said.iter().map(say).collect::<Vec<_>>().join("\n")
}
