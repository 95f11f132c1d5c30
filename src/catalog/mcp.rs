//! An integration of kind `mcp`: its server, and its tools as if each had been written by hand.
//!
//! What a server's tool takes comes from its pin, a file beside the integration that `centralita mcp sync` writes. With it each
//! tool is put into the very form that a tool over HTTP has, so that one reader checks both.
//!
//! Promises: nothing of a server reaches a model that is not in a pin; a tool that could not be called is a problem with a
//! remedy; a tool has effects that cannot be undone until the admin writes otherwise, whatever its server says.
//! Never: asks a server.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;

use centralita_core::base::{Fault, Owner};
use centralita_core::conversation::{Effects, ParameterKind};
use serde_json::{Map, Value};
use url::Url;

use super::auth;
use super::hidden;
use super::import::pinned::{Drawn, Parameter, drawn};
use super::integration::{Called, Integration, read_base};
use super::mcp_probe::{probe as asks, readers};
use super::mcp_written::{ConnectionWritten, KeyWritten, McpFile, McpToolWritten, OnTopWritten};
use super::place::{Place, Spanned};
use super::problems::{Desk, Problems};
use super::reader::is_name;
use super::written::{
    ByLanguage, IdempotencyWritten, OneOf, ParameterWritten, ProbeWritten, RequestWritten, ResponseWritten,
    ToolWritten, Words,
};
use super::{Kind, Source, Written, parse_integration, told};
use crate::integrations::mcp::{Pinned, Pins, pins_of};
use crate::integrations::{Auth, Connection, ErrorMeans, McpServer, McpWay, Method, Program, Variable};
use crate::secrets::SecretName;

/// What the names of files with pins end in.
pub(super) const PIN_ENDING: &str = ".mcp.json";
/// The folder of integrations and their pins.
const FOLDER: &str = "integrations/";

/// An MCP server as an admin wrote it, before anything is known of it.
#[derive(Debug)]
pub struct McpDefinition {
    pub connection: Connection,
    /// The tools that are picked, by the server's names, each with what it is called here.
    pub picked: BTreeMap<String, String>,
    /// Those of them whose file says that they have no effects.
    pub harmless: BTreeSet<String>,
    /// As they were pinned last.
    pub pins: Pins,
    /// Where the pins stand, under the root.
    pub pin_path: String,
}

/// The server of an integration; its tools are not looked at. Nothing where there is no such integration.
///
/// # Errors
/// What is wrong in its file, or with its pins.
pub fn mcp_definition(sources: &[Source], id: &str) -> Result<Option<McpDefinition>, Problems> {
    let (mut problems, mut unread) = (Vec::new(), Vec::new());
    let mut found = None;
    for source in sources.iter().filter(|source| source.kind == Kind::Integration) {
        let mut own = Vec::new();
        let file = match parse_integration(source, &mut own) {
            Some(Written::Mcp(file)) if file.id.value == id => file,
            Some(Written::Mcp(_) | Written::Http(_)) => continue,
            // Which integration it would be, its name may say.
            None if source.path == format!("{FOLDER}{id}.yaml") => {
                problems.append(&mut own);
                unread.push(source.path.clone());
                continue;
            }
            None => continue,
        };
        let mut desk = Desk { file: &source.path, text: &source.text, problems: &mut problems };
        let way = way(&mut desk, &file, None);
        let auth = who(&mut desk, &file);
        let pins = pins(sources, id, &mut problems).unwrap_or_default();
        let Some((base, way)) = way else { continue };
        let picked = file.tools.iter().map(|tool| (tool.value.called(), tool.value.name.value.clone()));
        let is_harmless = |tool: &&Spanned<McpToolWritten>| {
            let effects = tool.value.effects.as_ref().map(|effects| effects.value);
            effects == Some(Effects::None)
        };
        found = Some(McpDefinition {
            picked: picked.collect(),
            harmless: file.tools.iter().filter(is_harmless).map(|tool| tool.value.called()).collect(),
            pins: pins.clone(),
            pin_path: pin_path(id),
            connection: Connection {
                id: id.to_owned(),
                base,
                allow_private: file.allow_private,
                auth,
                mcp: Some(McpServer { way, pins }),
            },
        });
    }
    if problems.is_empty() { Ok(found) } else { Err(told(sources, problems, unread)) }
}

/// A server at an address that nobody wrote down.
///
/// # Errors
/// It is no address that is asked.
pub fn mcp_connection(url: &str, allow_private: bool) -> Result<Connection, Fault> {
    let (mut problems, at) = (Vec::new(), Place::default());
    let mut desk = Desk { file: "", text: "", problems: &mut problems };
    let base = read_base(&mut desk, &Spanned { place: at, value: url.to_owned() }, allow_private);
    match (base, problems.into_iter().next()) {
        (Some(base), None) => {
            let mcp = Some(McpServer { way: McpWay::Http, pins: Pins::new() });
            Ok(Connection { id: "mcp".to_owned(), base, allow_private, auth: Auth::default(), mcp })
        }
        (_, Some(problem)) => {
            let remedy = problem.remedy.replace("`allow_private: true`", "--allow-private");
            Err(Fault::new(Owner::Admin, problem.what, remedy))
        }
        (None, None) => Err(Fault::new(Owner::Admin, "this is no address", "write https://host/path")),
    }
}

pub(super) fn read(
    desk: &mut Desk<'_>,
    mut file: McpFile,
    base: Option<&Url>,
    pins: Option<Pins>,
) -> Option<Integration> {
    super::check_version(desk, &file.version);
    let id = file.id.value.clone();
    if !is_name(&id) {
        let what = format!("`{id}` cannot be an integration's id");
        desk.say(file.id.place, what, "small letters, digits and `_`");
    }
    let auth = who(desk, &file);
    let way = way(desk, &file, base);
    if pins.is_none() && !file.tools.is_empty() {
        let what = format!("nothing is known of this server's tools: there is no {}", pin_path(&id));
        desk.say(
            file.connection.place,
            what,
            format!("let it be asked, and look at what it says: centralita mcp sync {id}"),
        );
    }
    let (mut tools, mut names) = (BTreeMap::new(), BTreeMap::new());
    let readers = readers(&file.tools);
    for mut tool in mem::take(&mut file.tools) {
        let (name, called) = (tool.value.name.clone(), tool.value.called());
        let pinned = pins.as_ref().and_then(|pins| pins.get(&called));
        if let (Some(pins), None) = (&pins, pinned) {
            let at = tool.value.tool.as_ref().map_or(name.place, |tool| tool.place);
            let known: Vec<&str> = pins.keys().map(String::as_str).collect();
            let what = format!("the server's tool `{called}` was not looked at yet");
            desk.say(at, what, format!("centralita mcp sync {id}; looked at so far: {}", known.join(", ")));
        }
        if names.contains_key(&name.value) {
            desk.say(
                name.place,
                format!("there are two tools `{}`", name.value),
                "give each a name of its own",
            );
        }
        let error_means = error_means(desk, &tool.value);
        let written = tool.value.probe.take().zip(pins.as_ref());
        let (probe, probed) = written.and_then(|(probe, pins)| asks(desk, probe, &readers, pins)).unzip();
        names.insert(name.value.clone(), Called { tool: called, error_means, probe: probed });
        // Without a pin nothing more can be said of it.
        let Some(pinned) = pinned else { continue };
        let tool = Spanned { place: tool.place, value: by_hand(desk, tool.place, tool.value, pinned, probe) };
        tools.insert(name.value, tool);
    }
    let (base, way) = way.filter(|_| is_name(&id))?;
    // Only what is picked is part of what an agent means.
    let is_picked = |name: &String| names.values().any(|called| called.tool == *name);
    let pins = pins.unwrap_or_default().into_iter().filter(|(name, _)| is_picked(name)).collect();
    let mcp = Some(McpServer { way, pins });
    let connection = Connection { id, base, allow_private: file.allow_private, auth, mcp };
    Some(Integration::of_mcp(connection, tools, names))
}

/// The pins of an integration, where there is a file with them.
pub(super) fn pins(sources: &[Source], id: &str, problems: &mut Vec<super::Problem>) -> Option<Pins> {
    let path = pin_path(id);
    let source = sources.iter().find(|source| source.kind == Kind::Pin && source.path == path)?;
    if let Some(unread) = &source.unread {
        problems.push(unread.clone());
        return Some(Pins::new());
    }
    match pins_of(&source.text) {
        Ok(pins) => Some(pins),
        Err((line, why)) => {
            let start = source.text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
            let place = Place::of_byte(&source.text, start);
            let mut desk = Desk { file: &source.path, text: &source.text, problems };
            desk.say(
                place,
                why,
                format!("take the file away, and have it written anew: centralita mcp sync {id}"),
            );
            Some(Pins::new())
        }
    }
}

fn pin_path(id: &str) -> String {
    format!("{FOLDER}{id}{PIN_ENDING}")
}

/// Who we are there, by what can go along with a session.
fn who(desk: &mut Desk<'_>, file: &McpFile) -> Auth {
    let Some(written) = &file.auth else { return Auth::default() };
    let url = file.connection.value.url.as_ref().and_then(|url| Url::parse(&url.value).ok());
    let own = url.as_ref().and_then(Url::host_str).filter(|_| file.allow_private);
    let auth = auth::read(desk, written, own);
    if auth.query.is_some() || auth.signature.is_some() {
        let what = "a session proves who we are by its headers, or by its certificate";
        let remedy = "write `bearer`, `header`, `basic`, `headers` or `client_certificate`";
        desk.say(written.place, what, remedy);
    }
    if auth.oauth2.is_some() {
        // A fixed secret that the server repeats is hidden before the model and the record see it.
        let what = "a token that is fetched could not be hidden in what this server says";
        desk.say(written.place, what, "write a token that lasts: `auth: {bearer: secret.NAME}`");
    }
    auth
}

/// Where the server is, and how it is spoken to. `base` replaces an address.
fn way(desk: &mut Desk<'_>, file: &McpFile, base: Option<&Url>) -> Option<(Url, McpWay)> {
    let at = file.connection.place;
    let ConnectionWritten { url, command, args, env } = &file.connection.value;
    match (url, command) {
        (Some(url), None) => {
            let of_programs = args.first().or_else(|| env.values().next());
            if let Some(odd) = of_programs {
                desk.say(
                    odd.place,
                    "`args` and `env` are of a program",
                    "leave them out; secrets go under `auth`",
                );
            }
            let written = read_base(desk, url, file.allow_private);
            base.cloned().or(written).map(|url| (url, McpWay::Http))
        }
        (None, Some(command)) => {
            if let Some(auth) = &file.auth {
                let remedy = "give a program its secrets by `env: {NAME: secret.NAME}`";
                desk.say(auth.place, "`auth` is of requests, and a program gets none", remedy);
            }
            let program = program(desk, command, args, env);
            let name = Url::parse(&format!("stdio:{}", file.id.value)).ok()?;
            Some((name, McpWay::Child(program)))
        }
        (Some(_), Some(command)) => {
            desk.say(command.place, "a server is at an address or is a program", "keep `url` or `command`");
            None
        }
        (None, None) => {
            let remedy = "write `url: https://host/mcp`, or `command: NAME` with `args` and `env`";
            desk.say(at, "here is neither an address nor a program", remedy);
            None
        }
    }
}

fn program(
    desk: &mut Desk<'_>,
    command: &Spanned<String>,
    args: &[Spanned<String>],
    env: &BTreeMap<String, Spanned<String>>,
) -> Program {
    if command.value.trim().is_empty() || command.value.contains(char::is_whitespace) {
        let remedy = "the program alone, by its name or path; what follows it goes under `args: [..]`";
        desk.say(command.place, "this is no name of a program: no shell reads it", remedy);
    }
    let shown_by_lists = "whoever may list processes reads it: give it by `env: {NAME: secret.NAME}`";
    for arg in args {
        if SecretName::reference(&arg.value).is_some() {
            desk.say(arg.place, "this would be handed over as it stands, not as the secret", shown_by_lists);
        } else if hidden::begins_like_one(&arg.value) {
            desk.say(arg.place, "this argument looks like a secret", shown_by_lists);
        }
    }
    let variable = |desk: &mut Desk<'_>, name: &str, value: &Spanned<String>| {
        let is_plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if !is_plain || name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
            desk.say(value.place, format!("`{name}` is no name of a variable"), "letters, digits and `_`");
        }
        if let Some(secret) = SecretName::reference(&value.value) {
            return Variable::Secret(secret.to_string());
        }
        if hidden::is_name_of_one(name) || hidden::begins_like_one(&value.value) {
            let remedy = "keep it out of the file: write `secret.NAME` and set the environment variable \
                          CENTRALITA_SECRET_NAME";
            desk.say(value.place, format!("the variable `{name}` looks like a secret"), remedy);
        }
        Variable::Text(value.value.clone())
    };
    Program {
        command: command.value.clone(),
        args: args.iter().map(|arg| arg.value.clone()).collect(),
        env: env.iter().map(|(name, value)| (name.clone(), variable(desk, name, value))).collect(),
    }
}

fn no_statuses(desk: &mut Desk<'_>, response: &ResponseWritten) {
    for (status, words) in &response.errors {
        desk.say(
            words.place,
            format!("a call of a server's tool has no status, so never {status}"),
            "leave `errors` out",
        );
    }
}

fn error_means(desk: &mut Desk<'_>, tool: &McpToolWritten) -> ErrorMeans {
    let Some(means) = &tool.error_means else { return ErrorMeans::default() };
    if tool.effects.as_ref().is_some_and(|effects| effects.value == Effects::None) {
        let what = "a tool without effects does nothing that an error could leave open";
        desk.say(means.place, what, "leave `error_means` out: the model is told what the server says");
    }
    means.value
}

/// A tool of a server as if it had been written by hand.
fn by_hand(
    desk: &mut Desk<'_>,
    at: Place,
    written: McpToolWritten,
    pinned: &Pinned,
    probe: Option<Spanned<ProbeWritten>>,
) -> ToolWritten {
    let mut given: BTreeSet<&str> = written.arguments.keys().map(String::as_str).collect();
    if let Some(KeyWritten::Argument(name)) = &written.idempotency {
        // It is the gateway's to send, and asked of nobody.
        given.insert(&name.value);
    }
    let drawn = drawn(&pinned.input_schema, &given).unwrap_or_else(|why| {
        let what = format!("what the server's tool `{}` takes cannot be read: {why}", pinned.name);
        desk.say(at, what, "leave this tool out: no caller could be asked for its arguments");
        Drawn::default()
    });
    let arguments = arguments(desk, &written, pinned, &drawn);
    let numbers: BTreeSet<String> = drawn
        .names
        .iter()
        .filter(|(name, _)| {
            drawn.arguments.get(*name).is_some_and(|field| field.to_string().contains("float"))
        })
        .map(|(_, name)| name.clone())
        .collect();
    let known: Vec<&str> = drawn.parameters.iter().map(|p| p.name.as_str()).collect();
    for odd in written.parameters.iter().filter(|on_top| !known.contains(&on_top.name.value.as_str())) {
        let what = format!("the server's tool takes no `{}`", odd.name.value);
        desk.say(odd.name.place, what, format!("its parameters: {}", known.join(", ")));
    }
    let mut on_top: BTreeMap<String, OnTopWritten> =
        written.parameters.into_iter().map(|on_top| (on_top.name.value.clone(), on_top)).collect();
    let parameters = drawn.parameters.iter().map(|parameter| {
        let is_number = numbers.contains(&parameter.name);
        one(desk, at, parameter, on_top.remove(&parameter.name), is_number)
    });
    let parameters = parameters.collect();
    let description = written.description.unwrap_or_else(|| {
        let text = if pinned.description.is_empty() { &pinned.title } else { &pinned.description };
        if text.is_empty() {
            let what = format!("the server says nothing of its tool `{}`", pinned.name);
            desk.say(at, what, "write `description:` what it does and when to use it, for the model");
        }
        words(at, text)
    });
    no_statuses(desk, &written.response);
    ToolWritten {
        name: written.name,
        description,
        examples: written.examples,
        parameters,
        prepare: Vec::new(),
        verify: written.verify,
        tries: written.tries,
        proves: written.proves,
        requires: written.requires,
        request: Some(Spanned { place: at, value: request(at, arguments) }),
        steps: Vec::new(),
        response: written.response,
        effects: written.effects,
        idempotency: written.idempotency.map(|key| match key {
            KeyWritten::None => IdempotencyWritten::None,
            KeyWritten::Argument(name) => IdempotencyWritten::Body(name),
        }),
        not_done_on: Vec::new(),
        probe,
        confirm: written.confirm,
        phrases: written.phrases,
        timeout_ms: written.timeout_ms,
        limits: written.limits,
        cache_s: written.cache_s,
    }
}

/// All arguments, those of the model as holes.
fn arguments(
    desk: &mut Desk<'_>,
    written: &McpToolWritten,
    pinned: &Pinned,
    drawn: &Drawn,
) -> Spanned<Value> {
    let mut arguments = drawn.arguments.clone();
    if let Some(KeyWritten::Argument(name)) = &written.idempotency
        && !pinned.takes(&name.value)
    {
        let what = format!("the server's tool takes no argument `{}`", name.value);
        desk.say(name.place, what, "name the one by which it knows a repeated call, or leave it out");
    }
    for (name, value) in &written.arguments {
        if !pinned.takes(name) {
            let what = format!("the server's tool takes no argument `{name}`");
            desk.say(value.place, what, "see `centralita mcp tools`; names are the server's here");
        }
        arguments.insert(name.clone(), value.value.clone());
    }
    for (name, demanded, why) in &drawn.odd {
        if *demanded {
            let what = format!("the server demands `{name}`, which no caller can be asked for: {why}");
            let remedy = format!("give it a value: `arguments: {{{name}: ..}}`, or leave this tool out");
            desk.say(written.name.place, what, remedy);
        }
    }
    let place = written.arguments.values().next().map_or(written.name.place, |value| value.place);
    Spanned { place, value: Value::Object(arguments) }
}

pub(super) fn request(at: Place, arguments: Spanned<Value>) -> RequestWritten {
    let is_empty = arguments.value.as_object().is_some_and(Map::is_empty);
    RequestWritten {
        method: Method::Post,
        path: Spanned { place: at, value: "/".to_owned() },
        query: BTreeMap::new(),
        headers: BTreeMap::new(),
        body: Some(arguments).filter(|_| !is_empty),
        form: None,
        multipart: None,
    }
}

/// One parameter: what the server says, and what is written on top of it.
fn one(
    desk: &mut Desk<'_>,
    at: Place,
    parameter: &Parameter,
    on_top: Option<OnTopWritten>,
    is_number: bool,
) -> ParameterWritten {
    let Parameter { name, kind, required, description, limits, list, .. } = parameter;
    let place = on_top.as_ref().map_or(at, |on_top| on_top.name.place);
    let spanned = |text: &String| Spanned { place, value: Value::String(text.clone()) };
    let bound = |bound: &Option<String>| bound.as_ref().map(spanned);
    let mut meant = ParameterWritten {
        name: Spanned { place, value: name.clone() },
        kind: Some(Spanned { place, value: *kind }),
        from: None,
        list: list.map(|value| Spanned { place, value }),
        default: None,
        required: *required,
        description: Some(words(place, description)),
        ask: None,
        min: bound(&limits.min),
        max: bound(&limits.max),
        one_of: Some(limits.one_of.iter().map(spanned).collect::<Vec<_>>())
            .filter(|list| !list.is_empty())
            .map(|value| Spanned { place, value: OneOf::Listed(value) }),
        pattern: limits.pattern.clone().map(|value| Spanned { place, value }),
    };
    if let Some(on_top) = on_top {
        if let Some(kind) = &on_top.kind {
            kept(desk, kind, parameter, is_number);
            if kind.value != parameter.kind {
                (meant.min, meant.max, meant.pattern) = (None, None, None);
            }
            meant.kind = Some(kind.clone());
        }
        meant.description = on_top.description.or(meant.description);
        meant.ask = on_top.ask;
        meant.min = on_top.min.or(meant.min);
        meant.max = on_top.max.or(meant.max);
        meant.one_of = on_top.one_of.or(meant.one_of);
        meant.pattern = on_top.pattern.or(meant.pattern);
    }
    if *required && meant.ask.is_none() {
        let what = format!("the server demands `{name}`, and nobody asks for it");
        let remedy = format!(
            "write `parameters: [{{name: {name}, ask: \"{}\"}}]`, in the agent's language; or a value of yours under `arguments`",
            parameter.question()
        );
        desk.say(place, what, remedy);
        meant.ask = Some(words(place, "?"));
    }
    meant
}

/// As what a value lands in the arguments.
enum Sent {
    Text,
    Number,
    /// A type that no other kind has.
    Itself,
}

fn sent(kind: ParameterKind) -> Sent {
    match kind {
        ParameterKind::Text
        | ParameterKind::Digits
        | ParameterKind::Money
        | ParameterKind::Email
        | ParameterKind::Phone
        | ParameterKind::Date
        | ParameterKind::Time => Sent::Text,
        ParameterKind::Number => Sent::Number,
        ParameterKind::Integer | ParameterKind::Boolean => Sent::Itself,
    }
}

/// Another kind must be sent as the same type.
fn kept(desk: &mut Desk<'_>, kind: &Spanned<ParameterKind>, parameter: &Parameter, is_number: bool) {
    let fits = kind.value == parameter.kind
        || match (sent(parameter.kind), sent(kind.value)) {
            (Sent::Text, Sent::Text) if is_number => {
                matches!(kind.value, ParameterKind::Money | ParameterKind::Text)
            }
            (Sent::Text, Sent::Text) | (Sent::Number, Sent::Number) => true,
            (Sent::Number, Sent::Text) => kind.value == ParameterKind::Money,
            (Sent::Text, Sent::Number) => is_number,
            (Sent::Itself, _) | (_, Sent::Itself) => false,
        };
    if !fits {
        let what = format!("the server wants `{}` as another type than this kind is sent as", parameter.name);
        desk.say(
            kind.place,
            what,
            "text, digits and money are texts, or numbers where the server wants a number",
        );
    }
}

fn words(place: Place, text: &str) -> Words {
    Spanned { place, value: ByLanguage::All(text.trim().to_owned()) }
}
