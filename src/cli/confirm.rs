//! `centralita confirm`: what an answer means, and what a question sounds like, without a call.
//!
//! Promises: the verdict is the gate's own judge's, with the rule that decided; exit code 1 where a table disagrees; of a
//! question, what did not come from the command line is named as the sample's.
//! Never: reaches a system; judges by itself.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::assemble::catalog;
use super::{Definitions, Done, Verdict, render, values};
use crate::catalog::{self, Asking, Catalog};
use crate::core::base::{CallId, Fault, Owner, ProposalId, ToolName, nearest};
use crate::core::call::PrivateValues;
use crate::core::conversation::{Policy, ToolPlan, Unworded, VoiceYes, Wording, wording};
use crate::core::language::{Answer, AnswerRow, Cues, Judged, Language, Phrase, answer_rows, judged_to};
use crate::core::template::Renderer;
use crate::integrations::{ActionSecret, CallFacts, Registry};
use crate::store::now_us;

/// As many as a line of a terminal or two can hold.
const TOOLS_LISTED: usize = 12;

/// For a tool that no agent has: it changes how an amount is said, and nothing else.
const ANY_CURRENCY: &str = "EUR";

/// What to look at.
#[derive(Debug, Args)]
#[command(after_help = "docs/confirmations.md says how answers are judged.")]
pub(super) struct ConfirmArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// What an answer means to a question: yes, no, change, question or unclear, and by which rule
    #[command(after_help = JUDGE_HELP)]
    Judge(JudgeArgs),
    /// The question of a tool as the caller would hear it, in each language of its definition; no system is asked
    Ask(AskArgs),
}

const JUDGE_HELP: &str = "A wait (\"one moment\") is a no: it takes an action back just so.
A sign of listening (\"mm-hm\") is unclear: the question is put again.

A table is a file of lines with five columns, parted by tabs:

  question  verbs (parted by commas)  said  verdict  note

A verdict is yes, no, change, question or unclear; finer, wait or backchannel.
Exit code 1 where an answer that is none was taken for a yes, or any verdict differs.";

#[derive(Debug, Args)]
struct JudgeArgs {
    /// What was said
    #[arg(required_unless_present = "table", conflicts_with = "table")]
    said: Option<String>,
    /// The language of the question; of a table, the one its file is named after where this is left out
    #[arg(long, value_name = "TAG", value_parser = values::language, required_unless_present = "table")]
    lang: Option<Language>,
    /// The question: what only repeats it is its echo
    #[arg(long, value_name = "TEXT", default_value = "", conflicts_with = "table")]
    question: String,
    /// The tool's own verb, as a caller would answer with it; more than once for more forms
    #[arg(long, value_name = "WORDS", conflicts_with = "table")]
    verb: Vec<String>,
    /// Scores a table of answers instead
    #[arg(long, value_name = "FILE")]
    table: Option<PathBuf>,
    /// One JSON object instead of text
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct AskArgs {
    /// The integration's id
    integration: String,
    /// The tool's name
    tool: String,
    /// A value of one of its parameters, like order=1182
    #[arg(long = "arg", value_name = "NAME=VALUE", value_parser = values::argument)]
    arguments: Vec<(String, String)>,
    /// Only in this language
    #[arg(long, value_name = "TAG", value_parser = values::language)]
    lang: Option<Language>,
    #[command(flatten)]
    definitions: Definitions,
    /// One JSON object instead of text
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: &ConfirmArgs) -> Done {
    match &args.what {
        What::Judge(args) => judge(args),
        What::Ask(args) => ask(args).await,
    }
}

fn judge(args: &JudgeArgs) -> Done {
    match (&args.table, &args.said, args.lang) {
        (Some(path), _, lang) => table(path, lang, args.json),
        (None, Some(said), Some(lang)) => {
            let judged = judged_to(lang, said, &args.question, &Cues { verbs: &args.verb });
            let (verdict, rule) = (judged.answer.as_leave().word(), rule(&judged, said));
            render::line(&match args.json {
                true => json!({"verdict": verdict, "rule": rule}).to_string(),
                false => format!("{verdict}: {rule}"),
            });
            Ok(Verdict::Good)
        }
        (None, _, _) => {
            Err(Fault::new(Owner::Admin, "there is nothing to judge", "name an answer, or a --table"))
        }
    }
}

/// The rule, and the words it found.
fn rule(judged: &Judged, said: &str) -> String {
    match said.get(judged.raw.clone()).map(str::trim).filter(|words| !words.is_empty()) {
        Some(words) => format!("{} (\"{words}\")", judged.rule),
        None => judged.rule.to_string(),
    }
}

/// How a table of answers was judged.
#[derive(Debug, Default)]
struct Score {
    rows: usize,
    false_yes: Vec<String>,
    false_no: Vec<String>,
    other: Vec<String>,
}

impl Score {
    fn of(language: Language, file: &str, rows: &[AnswerRow]) -> Score {
        let mut score = Score { rows: rows.len(), ..Score::default() };
        for row in rows {
            let judged = row.judged(language);
            if row.agrees(judged.answer) {
                continue;
            }
            let list = match (row.verdict, judged.answer.as_leave()) {
                (_, Answer::Yes) => &mut score.false_yes,
                (Answer::Yes, Answer::No) => &mut score.false_no,
                (_, _) => &mut score.other,
            };
            let (is, rule) = (judged.answer.word(), rule(&judged, &row.said));
            let (line, said, wanted) = (row.line, &row.said, row.verdict.word());
            list.push(format!("{file}:{line}: \"{said}\" is {is}, not {wanted}: {rule}"));
        }
        score
    }

    fn wrong(&self) -> impl Iterator<Item = &String> {
        self.false_yes.iter().chain(&self.false_no).chain(&self.other)
    }

    fn json(&self) -> Value {
        json!({
            "answers": self.rows, "agree": self.rows - self.wrong().count(),
            "false_yes": self.false_yes, "false_no": self.false_no, "other": self.other,
        })
    }
}

fn table(path: &Path, lang: Option<Language>, json: bool) -> Done {
    let file = path.display().to_string();
    let named = || path.file_stem().and_then(|stem| stem.to_str()).and_then(Language::parse);
    let Some(language) = lang.or_else(named) else {
        let what = format!("the language of {file} is not known");
        return Err(Fault::new(Owner::Admin, what, "name it with --lang"));
    };
    let text = fs::read_to_string(path).map_err(|error| {
        Fault::new(Owner::Admin, format!("{file} cannot be read: {error}"), "name a file with a table")
    })?;
    let rows = answer_rows(&text).map_err(|what| {
        let remedy = "five columns parted by tabs: question, verbs, said, verdict, note";
        Fault::new(Owner::Admin, format!("{file}: {what}"), remedy)
    })?;
    if rows.is_empty() {
        let what = format!("{file} holds no answer");
        return Err(Fault::new(
            Owner::Admin,
            what,
            "write a line for each answer, its columns parted by tabs",
        ));
    }
    let score = Score::of(language, &file, &rows);
    let wrong = score.wrong().count();
    if json {
        render::line(&score.json().to_string());
    } else {
        score.wrong().for_each(|line| render::line(line));
        render::line(&format!(
            "{file}: {} answers, {} judged as the table says; false yes {}, false no {}",
            score.rows,
            score.rows - wrong,
            score.false_yes.len(),
            score.false_no.len()
        ));
    }
    Ok(if wrong == 0 { Verdict::Good } else { Verdict::Bad })
}

async fn ask(args: &AskArgs) -> Done {
    let catalog = catalog(&args.definitions, &BTreeMap::new())?;
    let name = ToolName(format!("{}.{}", args.integration, args.tool).into());
    let found = in_languages(&args.definitions, &catalog, (&args.integration, &args.tool), args.lang)?;
    let mut asked = Vec::new();
    for asking in &found {
        let (wording, sample) = worded(asking, &name, &args.arguments).await?;
        asked.push((asking, wording, sample));
    }
    if args.json {
        let each = asked.iter().map(|(asking, wording, sample)| as_json(asking, wording, sample));
        render::line(&json!({"tool": name.to_string(), "asked": each.collect::<Vec<_>>()}).to_string());
    } else {
        let texts: Vec<String> =
            asked.iter().map(|(asking, words, sample)| as_text(asking, words, sample)).collect();
        render::line(&texts.join("\n\n"));
    }
    Ok(Verdict::Good)
}

/// The tools that may have been meant: the nearest, or all of them where they are few.
fn meant(name: &ToolName, all: &[String]) -> String {
    if let Some(near) = nearest(&name.0, all.iter().map(String::as_str)) {
        return format!("did you mean `{near}`?");
    }
    match all.len() {
        0 => "there are no tools here: name with --root the folder that has `integrations/`".to_owned(),
        few @ ..=TOOLS_LISTED => format!("there {}: {}", if few == 1 { "is" } else { "are" }, all.join(", ")),
        many => format!("there are {many}: look under `tools:` in the integrations' files"),
    }
}

/// A tool outside any agent, in the languages that it has or in that one.
pub(super) fn in_languages(
    definitions: &Definitions,
    catalog: &Catalog,
    tool: (&str, &str),
    lang: Option<Language>,
) -> Result<Vec<Asking>, Fault> {
    let sources = catalog::find(&definitions.root)?;
    let name = ToolName(format!("{}.{}", tool.0, tool.1).into());
    let (mut spoken, any) = currencies(catalog, &name);
    if let Some(lang) = lang {
        spoken.entry(lang).or_insert_with(|| any.clone());
    } else if spoken.is_empty() {
        spoken.insert(Language::English, any.clone());
    }
    let found = catalog::asking(&sources, tool, &spoken, &any);
    let mut found = found.map_err(|problems| {
        let what = format!("the tool has problems\n{problems}");
        Fault::new(Owner::Admin, what, "put them right")
    })?;
    if found.is_empty() {
        let what = format!("no integration has a tool `{name}`");
        return Err(Fault::new(Owner::Admin, what, meant(&name, &catalog::tool_names(&sources))));
    }
    let written: Vec<&str> = found.iter().map(|asking| asking.language.code()).collect();
    let written = written.join(", ");
    found.retain(|asking| lang.is_none_or(|lang| asking.language == lang));
    if found.is_empty() {
        let what = format!("`{name}` has no words in this language");
        return Err(Fault::new(Owner::Admin, what, format!("it is written in: {written}")));
    }
    Ok(found)
}

/// The currency of the agents that have the tool, by their languages, and of any of them.
fn currencies(catalog: &Catalog, name: &ToolName) -> (BTreeMap<Language, String>, String) {
    let plans = catalog.agents.values().map(|agent| &agent.plan).filter(|plan| plan.tool(name).is_some());
    let mut spoken = BTreeMap::new();
    for plan in plans {
        spoken.entry(plan.language).or_insert_with(|| plan.currency.clone());
    }
    let any = spoken.values().next().cloned().unwrap_or_else(|| ANY_CURRENCY.to_owned());
    (spoken, any)
}

/// The tool's words for these arguments, and what of the values is the sample's.
async fn worded(
    asking: &Asking,
    name: &ToolName,
    arguments: &[(String, String)],
) -> Result<(Wording, Map<String, Value>), Fault> {
    let refused = |what: String, remedy: &str| Fault::new(Owner::Admin, what, remedy);
    let tool = &asking.tool;
    if tool.confirm.policy == Policy::Never {
        let what = format!("`{name}` never asks");
        return Err(refused(what, "a tool with effects asks, unless its `policy` is `never`"));
    }
    let arguments = arguments_of(tool, arguments);
    let call = CallFacts {
        id: CallId::parse("confirm-ask").expect("letters and a dash"),
        from: String::new(),
        to: String::new(),
        agent: String::new(),
        now_us,
    };
    // Nothing is ever run by this key.
    let registry = Registry::new(Arc::new(asking.toolbox()), call, ActionSecret::new(&[0; 32]));
    let prepared =
        registry.prepare(ProposalId(1), name, &Value::Object(arguments), &PrivateValues::default()).await;
    let values = prepared.map_err(|unprepared| {
        refused(format!("`{name}` cannot be asked about: {}", unprepared.why), &needs(tool))
    })?;
    let renderer = Renderer::new(asking.language, &asking.currency);
    let wording = wording(&renderer, asking.language, tool, &values.values).map_err(|why| match why {
        Unworded::Unsaid(parameter) => {
            let what = format!("{}: the question names `{parameter}` and does not say it", asking.language);
            refused(what, "such a question is never put: say the value in every case")
        }
        Unworded::Broken(fault) => fault,
    })?;
    let own = |name: &String| tool.parameters.iter().any(|parameter| parameter.name == *name);
    let sample = match values.values {
        Value::Object(values) => values.into_iter().filter(|(name, _)| !own(name)).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Map::new(),
    };
    Ok((wording, sample))
}

/// What may follow a tool's question.
pub(super) fn tag(tool: &ToolPlan) -> Phrase<'static> {
    match tool.confirm.voice {
        VoiceYes::KeypadOnly => Phrase::PressKeys,
        VoiceYes::ByEngine | VoiceYes::Accepted => Phrase::SayYesOrNoOrKeys,
    }
}

/// Arguments as they are written behind flags: a list with commas.
pub(super) fn arguments_of(tool: &ToolPlan, written: &[(String, String)]) -> Map<String, Value> {
    let is_list = |name: &String| tool.parameters.iter().any(|p| p.name == *name && p.list.is_some());
    let value = |name: &String, text: &String| match is_list(name) {
        true => text.split(',').map(str::trim).map(Value::from).collect(),
        false => Value::from(text.clone()),
    };
    written.iter().map(|(name, text)| (name.clone(), value(name, text))).collect()
}

fn needs(tool: &ToolPlan) -> String {
    format!("it takes {}; every request of `prepare` needs a sample", flags(tool))
}

/// The arguments that a tool takes, as flags.
pub(super) fn flags(tool: &ToolPlan) -> String {
    let names = tool.parameters.iter().map(|parameter| match parameter.required {
        true => format!("--arg {}=…", parameter.name),
        false => format!("[--arg {}=…]", parameter.name),
    });
    let names: Vec<String> = names.collect();
    if names.is_empty() { "no arguments".to_owned() } else { names.join(" ") }
}

fn as_json(asking: &Asking, wording: &Wording, sample: &Map<String, Value>) -> Value {
    json!({
        "language": asking.language.code(), "currency": asking.currency, "question": wording.question,
        "short": wording.short, "action": wording.naming, "from_sample": sample,
    })
}

fn as_text(asking: &Asking, wording: &Wording, sample: &Map<String, Value>) -> String {
    let tag = tag(&asking.tool);
    let mut lines = vec![
        format!("{} ({})", asking.language, asking.currency),
        format!("  question  {}", wording.question),
        format!("            {}", tag.say(asking.language)),
        format!("  short     {}", wording.short),
        format!("  action    {}", wording.naming),
    ];
    if !sample.is_empty() {
        let values: Vec<String> = sample.iter().map(|(name, value)| format!("{name} = {value}")).collect();
        lines.push(format!("  from the sample, no system was asked: {}", values.join(", ")));
    }
    lines.join("\n")
}
