//! A request with all its values put in: what a yes covers, and what is sent.
//!
//! Promises: a value lands where the template has its hole and nowhere else: it cannot leave its path
//! segment, its query value, its header or its place in the body, and cannot choose host or method.
//! Never: holds a secret; those are added to the wire form alone.

use std::collections::BTreeMap;
use std::fmt;

use centralita_core::base::{Fault, Owner, ToolName, World};
use centralita_core::template::{Renderer, lone_hole};
use reqwest::Method as HttpMethod;
use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use serde::Serialize;
use serde_json::{Map, Value, json};
use url::Url;

use super::body::{Filled, Written, texts};
use super::far::filled;
use super::masks::Masks;
use super::spec::{Exchange, KeyPlace, Method, Sample, as_text};

/// One resolved request, secrets and idempotency key apart.
#[derive(Clone, Serialize)]
pub(super) struct Resolved {
    pub(super) method: Method,
    #[serde(serialize_with = "as_text")]
    pub(super) url: Url,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Option<Filled>,
    /// What answers it where effects are mocked; no part of what a yes covers.
    #[serde(skip)]
    pub(super) sample: Option<Sample>,
    /// The server's own name of a tool that is called with the body; there is no request then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) called: Option<String>,
    /// Of the secrets that were put into it.
    #[serde(skip)]
    pub(super) masks: Masks,
    /// Before proofs of its answer hold, nothing of the far side's words is passed on.
    #[serde(skip)]
    pub(super) is_to_prove: bool,
}

/// What a yes covers: this tool with these requests.
pub(super) fn meant(tool: &ToolName, requests: &[Resolved]) -> Value {
    match requests {
        [one] => json!({"tool": tool, "request": one}),
        several => json!({"tool": tool, "requests": several}),
    }
}

/// A call of an MCP server's tool, as it will go out.
pub(super) struct Called {
    pub(super) tool: String,
    pub(super) arguments: Map<String, Value>,
    pub(super) is_to_prove: bool,
}

impl Resolved {
    pub(super) fn new(
        exchange: &Exchange,
        base: &Url,
        world: World,
        renderer: &Renderer,
        vars: &Value,
    ) -> Result<Resolved, Fault> {
        let mut url = match &exchange.called {
            None => under(base, &renderer.path(&exchange.path, vars)?)?,
            Some(_) => base.clone(),
        };
        for (name, template) in &exchange.query {
            for value in texts(renderer, template, vars)? {
                url.query_pairs_mut().append_pair(name, &value);
            }
        }
        let mut headers = BTreeMap::new();
        for (name, template) in &exchange.headers {
            if let Some(value) = text(renderer, template, vars)? {
                header(&value)?;
                headers.insert(name.clone(), value);
            }
        }
        let body = exchange.body.as_ref().map(|body| Filled::new(body, renderer, vars)).transpose()?;
        let sample = match world {
            World::Real => None,
            World::Mocked => Some(filled(exchange.sample.as_ref(), renderer, vars)?),
        };
        let called = exchange.called.clone();
        let is_to_prove = !exchange.verify.is_empty();
        let (method, masks) = (exchange.method, Masks::default());
        Ok(Resolved { method, url, headers, body, sample, called, masks, is_to_prove })
    }

    /// The wire form, before who we are is put on it. The key takes no place that has a value, since that value was
    /// confirmed.
    pub(super) fn wire(&self, key: Option<(&KeyPlace, &str)>) -> Result<reqwest::Request, Fault> {
        let mut request = reqwest::Request::new(http_method(self.method), self.url.clone());
        let mut body = self.body.clone();
        for (name, value) in &self.headers {
            request.headers_mut().insert(header_name(name)?, header(value)?);
        }
        match key {
            Some((KeyPlace::Header(name), key)) => {
                if request.headers_mut().insert(header_name(name)?, header(key)?).is_some() {
                    return Err(fault("the header for the key has a value already"));
                }
            }
            Some((KeyPlace::Body(field), key)) => {
                body = Some(body.unwrap_or_default().with(field, key)?);
            }
            Some((KeyPlace::None, _)) | None => {}
        }
        if let Some(body) = body {
            let Written { content_type, bytes } = body.written();
            request.headers_mut().insert(CONTENT_TYPE, header(&content_type)?);
            *request.body_mut() = Some(bytes.into());
        }
        Ok(request)
    }
}

impl Resolved {
    /// As the call of a tool. The key is an argument that has no value otherwise.
    pub(super) fn call(&self, key: Option<(&KeyPlace, &str)>) -> Result<Called, Fault> {
        let tool = self.called.clone().ok_or_else(|| fault("the request names no tool of the server"))?;
        let mut arguments = match &self.body {
            Some(Filled::Json(Value::Object(arguments))) => arguments.clone(),
            None | Some(Filled::Json(Value::Null)) => Map::new(),
            Some(Filled::Json(_) | Filled::Form { .. } | Filled::Multipart { .. }) => {
                return Err(fault("the arguments are no map"));
            }
        };
        match key {
            Some((KeyPlace::Body(field), key)) => {
                if arguments.insert(field.clone(), Value::String(key.to_owned())).is_some() {
                    return Err(fault("the argument for the key has a value already"));
                }
            }
            Some((KeyPlace::Header(_), _)) => return Err(fault("a tool's call has no header for the key")),
            Some((KeyPlace::None, _)) | None => {}
        }
        Ok(Called { tool, arguments, is_to_prove: self.is_to_prove })
    }
}

/// A caller's words are in all of it but these.
impl fmt::Debug for Resolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Resolved({:?} {})", self.method, self.url.host_str().unwrap_or(""))
    }
}

/// `base` with more path; whatever the path says, it stays under the base.
fn under(base: &Url, path: &str) -> Result<Url, Fault> {
    let joined = format!("{}{path}", base.as_str().trim_end_matches('/'));
    let url = Url::parse(&joined).map_err(|_| fault("the path makes no URL"))?;
    let same = url.origin() == base.origin() && url.path().starts_with(base.path().trim_end_matches('/'));
    let plain = url.query().is_none() && url.fragment().is_none();
    if same && plain { Ok(url) } else { Err(fault("the path leads away from the base URL")) }
}

/// A template's text, or nothing where it is one hole and its value is null.
fn text(renderer: &Renderer, template: &str, vars: &Value) -> Result<Option<String>, Fault> {
    match lone_hole(template) {
        Some(expression) if renderer.eval(expression, vars)?.is_null() => Ok(None),
        Some(_) | None => renderer.render(template, vars).map(Some),
    }
}

/// A value a header can hold: no line end and no other control character.
pub(super) fn header(value: &str) -> Result<HeaderValue, Fault> {
    HeaderValue::from_str(value)
        .map_err(|_| fault("a value cannot stand in a header: it holds a control character"))
}

pub(super) fn header_name(name: &str) -> Result<HeaderName, Fault> {
    HeaderName::from_bytes(name.as_bytes()).map_err(|_| fault("a header's name is none"))
}

fn http_method(method: Method) -> HttpMethod {
    match method {
        Method::Get => HttpMethod::GET,
        Method::Head => HttpMethod::HEAD,
        Method::Post => HttpMethod::POST,
        Method::Put => HttpMethod::PUT,
        Method::Patch => HttpMethod::PATCH,
        Method::Delete => HttpMethod::DELETE,
    }
}

fn fault(what: &str) -> Fault {
    Fault::new(Owner::Admin, what, "look at the request in the tool's integration")
}
