//! A service on loopback in the place of a vendor's, and the tools of a template before it.
//!
//! Promises: it takes note of every request that reached it, whatever it answers; of a template nothing is changed but its
//! host.
//! Never: knows which vendor it stands for: that is in the function which answers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use centralita::catalog::{Agent, Kind, Source, check};
use centralita::core::base::Digest;
use centralita::core::conversation::Outcome;
use centralita::core::template::Renderer;
use centralita::integrations::Registry;
use centralita::secrets::{SecretName, Secrets};
use serde_json::{Map, Value};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use url::form_urlencoded::parse;

use crate::registry::{prepared, registry, run};

pub(super) const LANGUAGES: [&str; 2] = ["en", "es"];
const FOLDER: &str = "integrations/templates";
/// `whsec_` and what it is the base64 of.
pub(super) const WEBHOOK_SECRET: (&str, &[u8; 24]) =
    ("whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz", b"012345678901234567890123");

/// All templates, by the names of their files.
pub(super) fn named() -> Vec<String> {
    let names = std::fs::read_dir(FOLDER).unwrap().map(|entry| entry.unwrap().file_name());
    let names = names.filter_map(|name| Some(name.to_str()?.strip_suffix(".yaml")?.to_owned()));
    let mut names: Vec<String> = names.collect();
    names.sort();
    assert!(names.len() >= 10, "{names:?}");
    names
}

pub(super) fn text(name: &str) -> String {
    std::fs::read_to_string(format!("{FOLDER}/{name}.yaml")).unwrap()
}

/// An agent with all tools of a template.
pub(super) fn agent_file(name: &str, language: &str) -> String {
    let text = text(name);
    let tools = text.lines().filter_map(|line| line.strip_prefix("  - name: "));
    let tools: Vec<String> = tools.map(|tool| format!("{name}.{tool}")).collect();
    let currency = if language == "en" { "USD" } else { "EUR" };
    format!(
        "version: 1\nid: {language}\ntitle: Test\nlanguage: {language}\ncurrency: {currency}\ngreeting: Hola.\nprompt: Be \
         brief.\ntools: [{}]\n",
        tools.join(", ")
    )
}

/// The agents of each language, with these hosts in the place of the template's.
pub(super) fn agents(name: &str, hosts: &BTreeMap<&str, String>) -> BTreeMap<String, Agent> {
    let mut integration = text(name);
    for (host, ours) in hosts {
        assert!(integration.contains(&format!("https://{host}")), "{name} has no host {host}");
        integration = integration.replace(&format!("https://{host}"), ours);
        integration = integration.replacen("\nkind: http\n", "\nkind: http\nallow_private: true\n", 1);
    }
    let source = |kind, path: String, text: String| Source::new(kind, path, text);
    let mut sources = vec![source(Kind::Integration, format!("integrations/{name}.yaml"), integration)];
    for language in LANGUAGES {
        sources.push(source(Kind::Agent, format!("agents/{language}.yaml"), agent_file(name, language)));
    }
    check(&sources, &BTreeMap::new()).unwrap_or_else(|problems| panic!("{problems}")).agents
}

/// The names of a text's secrets.
pub(super) fn secrets_in(text: &str) -> BTreeSet<String> {
    let is_name = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    let code = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    let after = code.flat_map(|line| line.split("secret.").skip(1).chain(line.split("{secret: ").skip(1)));
    let names = after.map(|rest| rest.split(|c| !is_name(c)).next().unwrap_or_default().to_owned());
    names.filter(|name| !name.is_empty()).collect()
}

/// What a secret of a template is in these tests.
pub(super) fn secret(name: &str) -> String {
    if name == "WEBHOOK_SECRET" { WEBHOOK_SECRET.0.to_owned() } else { format!("canary-{name}") }
}

/// One request that reached the service.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// `GET /orders/1182`, decoded.
    pub(super) line: String,
    pub(super) query: Vec<(String, String)>,
    headers: HeaderMap,
    /// JSON as it is; of a form its fields.
    pub(super) body: Value,
    pub(super) bytes: Bytes,
}

impl Asked {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(super) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whether user and password of Basic are these.
    pub(super) fn is_basic(&self, user: &str, password: &str) -> bool {
        use base64::Engine as _;
        let pair = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
        self.header("authorization") == Some(&format!("Basic {pair}"))
    }

    pub(super) fn is_bearer(&self, token: &str) -> bool {
        self.header("authorization") == Some(&format!("Bearer {token}"))
    }
}

/// What the service says.
pub(super) enum Says {
    Json(u16, Value),
    /// A text, of no type that is JSON.
    Text(u16, &'static str),
    /// It did what it was asked for, and the line breaks.
    Closes,
}

type Answering = Arc<dyn Fn(&Asked) -> Says + Send + Sync>;

/// A service with one function that answers.
pub(super) struct Standin {
    pub(super) url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    serving: JoinHandle<()>,
}

impl Drop for Standin {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Standin {
    pub(super) async fn open(answer: impl Fn(&Asked) -> Says + Send + Sync + 'static) -> Standin {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let answer: Answering = Arc::new(answer);
        let router = Router::new().fallback(answered).with_state((Arc::clone(&asked), answer));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Standin { url, asked, serving }
    }

    /// What reached it since the last time.
    pub(super) fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }

    /// The method and path of each.
    pub(super) fn lines(&self) -> Vec<String> {
        self.asked().into_iter().map(|asked| asked.line).collect()
    }
}

async fn answered(
    State((seen, answer)): State<(Arc<Mutex<Vec<Asked>>>, Answering)>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    bytes: Bytes,
) -> Response {
    let pairs = |bytes: &[u8]| parse(bytes).into_owned().collect::<Vec<(String, String)>>();
    let kind = headers.get("content-type").map_or("", |value| value.to_str().unwrap());
    let body = match kind {
        "application/x-www-form-urlencoded" => pairs(&bytes)
            .into_iter()
            .map(|(name, value)| (name, Value::String(value)))
            .collect::<Map<_, _>>()
            .into(),
        _ if bytes.is_empty() => Value::Null,
        _ => serde_json::from_slice(&bytes).unwrap(),
    };
    // A path is compared as what it says.
    let path = pairs(uri.path().replace('+', "%2B").as_bytes()).remove(0).0;
    let query = pairs(uri.query().unwrap_or_default().as_bytes());
    let asked = Asked { line: format!("{method} {path}"), query, headers, body, bytes };
    seen.lock().unwrap().push(asked.clone());
    let status = |status| StatusCode::from_u16(status).unwrap();
    match answer(&asked) {
        Says::Json(code, value) => (status(code), axum::Json(value)).into_response(),
        Says::Text(code, text) => (status(code), text).into_response(),
        // axum ends the connection of a handler that panics, without a byte.
        Says::Closes => std::panic::resume_unwind(Box::new("the line breaks, as this test wants")),
    }
}

/// The tools of a template before a service, for one call.
pub(super) struct Tools {
    pub(super) registry: Registry,
    agent: Agent,
    id: String,
    /// How many wishes there were.
    wishes: AtomicU32,
}

/// The numbers of later wishes, beyond those that a test gives itself.
const LATER: u32 = 100;

impl Tools {
    /// `host` is the vendor's.
    pub(super) fn of(template: &str, host: &str, standin: &Standin, language: &str) -> Tools {
        Tools::with(template, host, standin, language, |name| Some(secret(name)))
    }

    /// With secrets of the test's own choice.
    pub(super) fn with(
        template: &str,
        host: &str,
        standin: &Standin,
        language: &str,
        secret: impl Fn(&str) -> Option<String>,
    ) -> Tools {
        let agent = agents(template, &[(host, standin.url.clone())].into()).remove(language).unwrap();
        let mut secrets = Secrets::from_env();
        for name in secrets_in(&text(template)) {
            let value = secret(&name).unwrap_or_default();
            let name = SecretName::reference(&format!("secret.{name}")).unwrap();
            secrets = secrets.with(name, value.into());
        }
        Tools {
            registry: registry(&agent, &secrets),
            agent,
            id: template.to_owned(),
            wishes: AtomicU32::new(0),
        }
    }

    fn name(&self, tool: &str) -> String {
        format!("{}.{tool}", self.id)
    }

    /// A tool without effects: its result, or what the model is told.
    pub(super) async fn look(&self, tool: &str, args: Value) -> Result<Value, String> {
        let covers = Digest::of_json(&args);
        told(run(&self.registry, (1, 1), &self.name(tool), args, covers).await)
    }

    /// A tool with effects, up to its question; or what the model is told.
    pub(super) async fn question(
        &self,
        nth: u32,
        tool: &str,
        args: &Value,
    ) -> Result<(String, Digest), String> {
        let name = self.name(tool);
        let ready = prepared(&self.registry, nth, &name, args).await?;
        let plan = self.agent.plan.tools.iter().find(|plan| *plan.name.0 == *name).unwrap();
        let renderer = Renderer::new(self.agent.plan.language, &self.agent.plan.currency);
        let asked = renderer.render(&plan.confirm.question, &ready.values).unwrap();
        Ok((asked, ready.action))
    }

    /// A tool with effects, as after a yes, under the key of that proposal.
    pub(super) async fn act_under(&self, ids: (u32, u32), tool: &str, args: Value) -> Outcome {
        match self.question(ids.0, tool, &args).await {
            Ok((_, covers)) => run(&self.registry, ids, &self.name(tool), args, covers).await,
            Err(why) => Outcome::Failed { why },
        }
    }

    pub(super) async fn act(&self, tool: &str, args: Value) -> Result<Value, String> {
        let before = self.wishes.fetch_add(1, Ordering::Relaxed);
        let wish = if before == 0 { 1 } else { LATER + before };
        told(self.act_under((wish, wish), tool, args).await)
    }
}

fn told(outcome: Outcome) -> Result<Value, String> {
    match outcome {
        Outcome::Done { result } => Ok(result),
        Outcome::Failed { why } => Err(why),
        Outcome::Withheld(why) => Err(format!("{why:?}")),
        Outcome::Partly { .. } | Outcome::Unknown => Err("unknown".to_owned()),
    }
}
