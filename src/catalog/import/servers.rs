//! Where the requests of an API go.
//!
//! Promises: a base URL that `check` takes; what was changed for that, or is missing, is said beside it.
//! Never: gives leave to reach private addresses; that is the admin's.

use serde_json::Value;
use url::Url;

use super::Wanted;
use super::document::{Document, Version, entries, list, text};
use super::draft::Base;
use super::words::plain;

/// In the place of an address that nobody gave.
const NOBODY: &str = "https://api.example.com";

pub(super) fn base(doc: &Document, wanted: &Wanted<'_>) -> Base {
    let mut reviews = Vec::new();
    let written = match doc.version {
        Version::Swagger2 => swagger(doc, wanted),
        Version::OpenApi3 => {
            let servers = list(&doc.root, "servers");
            if servers.len() > 1 {
                let all: Vec<String> = servers.iter().map(|server| shown(text(server, "url"))).collect();
                reviews.push(format!("the document has several servers: {}", all.join(", ")));
            }
            let urls: Vec<String> =
                servers.iter().filter_map(|server| server_url(server, &mut reviews)).collect();
            let secure = urls.iter().find(|url| url.starts_with("https:")).or(urls.first());
            let address = secure.map_or("/", String::as_str);
            match wanted.address {
                Some(origin) => origin.join(address).ok(),
                None => Url::parse(address).ok(),
            }
        }
    };
    settle(written, wanted.allow_private, reviews)
}

/// The address of a server, with the defaults of its variables.
fn server_url(server: &Value, reviews: &mut Vec<String>) -> Option<String> {
    let mut url = server.get("url")?.as_str()?.to_owned();
    for (name, variable) in entries(server, "variables") {
        let hole = format!("{{{name}}}");
        if url.contains(&hole) {
            url = url.replace(&hole, text(variable, "default"));
            reviews.push(format!("`{}` of the address is a variable of the document", plain(name, 40)));
        }
    }
    Some(url)
}

fn swagger(doc: &Document, wanted: &Wanted<'_>) -> Option<Url> {
    let schemes: Vec<&str> = list(&doc.root, "schemes").iter().filter_map(Value::as_str).collect();
    let scheme =
        if schemes.contains(&"https") { "https" } else { schemes.first().copied().unwrap_or("https") };
    let path = text(&doc.root, "basePath");
    match (text(&doc.root, "host"), wanted.address) {
        ("", Some(origin)) => origin.join(if path.is_empty() { "/" } else { path }).ok(),
        ("", None) => None,
        (host, _) => Url::parse(&format!("{scheme}://{host}{path}")).ok(),
    }
}

/// A base URL that `check` takes.
pub(super) fn settle(written: Option<Url>, allow_private: bool, mut reviews: Vec<String>) -> Base {
    let written = written.filter(|url| url.has_host() && matches!(url.scheme(), "http" | "https"));
    let Some(mut url) = written else {
        reviews.push("the document does not say where the system is: write its address".to_owned());
        return Base { url: NOBODY.to_owned(), allow_private: false, reviews };
    };
    // User and password of an address are a secret, and none of the base.
    let _ = url.set_username("").and_then(|()| url.set_password(None));
    url.set_query(None);
    url.set_fragment(None);
    if url.scheme() == "http" && !allow_private {
        reviews.push(
            "the document says http:, where everybody on the way reads along: see whether https: answers"
                .to_owned(),
        );
        let _ = url.set_scheme("https");
    }
    Base { url: url.as_str().trim_end_matches('/').to_owned(), allow_private, reviews }
}

/// An address without what may be a secret in it.
fn shown(address: &str) -> String {
    match Url::parse(address) {
        Ok(url) if url.has_host() => format!("{}{}", url.origin().ascii_serialization(), url.path()),
        _ => address
            .split(['?', '#'])
            .next()
            .filter(|address| !address.contains('@'))
            .unwrap_or("…")
            .to_owned(),
    }
}

/// The path between the base and an operation that names servers of its own, where they are under the base.
pub(super) fn on_the_way(
    item: &Value,
    operation: &Value,
    base: &Base,
    wanted: &Wanted<'_>,
) -> Result<String, String> {
    let own = list(operation, "servers");
    let servers = if own.is_empty() { list(item, "servers") } else { own };
    if servers.is_empty() {
        return Ok(String::new());
    }
    let mut reviews = Vec::new();
    let urls: Vec<String> = servers.iter().filter_map(|server| server_url(server, &mut reviews)).collect();
    let whole = |url: &String| match wanted.address {
        Some(origin) => origin.join(url).ok(),
        None => Url::parse(url).ok(),
    };
    let settled = urls.iter().map(|url| settle(whole(url), wanted.allow_private, Vec::new()).url);
    let under = |url: String| {
        let rest = url.strip_prefix(&base.url)?;
        (rest.is_empty() || rest.starts_with('/')).then(|| rest.to_owned())
    };
    let shown: Vec<String> = urls.iter().map(|url| shown(url)).collect();
    let elsewhere = || format!("it has a server of its own: {}", plain(&shown.join(", "), 100));
    settled.into_iter().find_map(under).ok_or_else(elsewhere)
}
