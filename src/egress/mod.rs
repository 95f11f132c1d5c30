//! The one HTTP client for addresses an admin can write.
//!
//! Promises: no request reaches an address inside our own network unless the integration says so for that
//! very host; an answer is read up to a limit and a deadline; what failed says whether anything was sent.
//! Never: follows a redirect, uses a proxy of the environment, sends a request twice.

mod address;
mod lent;
#[cfg(test)]
pub(crate) mod tests;

use std::error;
use std::fmt;
use std::io;
use std::iter;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use centralita_core::base::{Fault, Owner};
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, DATE, HeaderMap, HeaderName, RETRY_AFTER};
use reqwest::{Certificate, Client, Identity, Method, Request, redirect, retry};
use tokio::time::Instant;
use url::{Host, Url};

use crate::crash::{self, Point};
use crate::secrets::{ExposeSecret as _, SecretString};

pub use address::is_public;
pub(crate) use lent::Lent;

/// The longest answer read: a tool's result is a few values, and a page of HTML fits as well.
pub const ANSWER_BYTES_MAX: usize = 256 * 1024;
/// The longest wait for a connection, shorter than most requests' own deadline: of a host that does not take
/// one it is known that nothing was sent.
const CONNECT: Duration = Duration::from_secs(3);

/// What is said of a host that takes no connection, behind its name.
pub const UNREACHED: &str = "cannot be reached";

/// Whether an integration may reach private addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    Public,
    /// The admin wrote `allow_private: true`: addresses inside our network too, for this one host.
    PrivateAt(String),
}

/// A guarded client for one integration. A clone shares its connections.
#[derive(Clone, Debug)]
pub struct Egress {
    reach: Reach,
    /// Keeps connections: for requests without effects.
    reading: Client,
    /// A fresh connection each time. One that was kept may have been closed by the host in the very moment we
    /// write, and nobody could say whether the request arrived.
    acting: Client,
}

/// What a host answered.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    /// Unpacked, where the host packed it.
    pub body: Vec<u8>,
    /// As the host named it; empty where it did not.
    pub content_type: String,
    /// How the body is packed still, by the host's name for it: in a way that nobody asked for. Empty where it is not.
    pub packed: String,
    /// How long the host wants to be left in peace, where it says so (RFC 9110 §10.2.3).
    pub retry_after: Option<Duration>,
}

impl Answer {
    /// One whose content nobody named.
    #[must_use]
    pub fn of(status: u16, body: Vec<u8>) -> Answer {
        Answer { status, body, content_type: String::new(), packed: String::new(), retry_after: None }
    }

    /// The body as text, in the letters that its type names (RFC 9110 §8.3.2) or its byte order mark; UTF-8 where neither
    /// does. What is no letter there becomes U+FFFD.
    #[must_use]
    pub fn text(&self) -> String {
        let parameters = self.content_type.split(';').skip(1).filter_map(|part| part.split_once('='));
        let charset = parameters.filter(|(name, _)| name.trim().eq_ignore_ascii_case("charset"));
        let label = charset.map(|(_, label)| label.trim().trim_matches('"')).next().unwrap_or("utf-8");
        let encoding = encoding_rs::Encoding::for_label(label.as_bytes()).unwrap_or(encoding_rs::UTF_8);
        encoding.decode(&self.body).0.into_owned()
    }
}

/// Why there is no answer.
#[derive(Debug)]
pub enum Unanswered {
    /// Not one byte of the request left: it may be sent again.
    NotSent(Fault),
    /// It may have arrived.
    Sent(Fault),
    /// It arrived, and the far side says that it did nothing; what of it may be repeated is in the words.
    Refused(Fault),
    /// It arrived, and the far side says that it went wrong: before it did anything, or after.
    WentWrong(Fault),
}

impl Unanswered {
    #[must_use]
    pub fn fault(&self) -> &Fault {
        match self {
            Unanswered::NotSent(fault)
            | Unanswered::Sent(fault)
            | Unanswered::Refused(fault)
            | Unanswered::WentWrong(fault) => fault,
        }
    }
}

/// What a request does to the world, as far as its connection is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    Read,
    Act,
    /// Asks for a token. A refresh token may be good for one use: its connection is a fresh one too.
    Token,
}

/// What our side of a connection proves, and whom it believes beside the system's own authorities.
#[derive(Clone, Default)]
pub struct Tls {
    pub identity: Option<Identity>,
    pub authorities: Vec<Certificate>,
}

/// A key is in it.
impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}

impl Tls {
    /// Our certificate with its key; none where the text is something else.
    #[must_use]
    pub fn identity(pem: &SecretString) -> Option<Identity> {
        Identity::from_pem(pem.expose_secret().as_bytes()).ok()
    }

    /// Certificates of authorities; none where the text holds none.
    #[must_use]
    pub fn authorities(pem: &SecretString) -> Option<Vec<Certificate>> {
        let found = Certificate::from_pem_bundle(pem.expose_secret().as_bytes()).ok()?;
        Some(found).filter(|found| !found.is_empty())
    }
}

impl Egress {
    pub fn new(reach: Reach) -> Result<Egress, Fault> {
        Egress::with_tls(reach, Tls::default())
    }

    /// A client that shows a certificate, or believes others.
    pub fn with_tls(reach: Reach, tls: Tls) -> Result<Egress, Fault> {
        Egress::by_names(reach, &tls, &Names::System)
    }

    fn by_names(reach: Reach, tls: &Tls, names: &Names) -> Result<Egress, Fault> {
        let reading = client(&reach, tls, names, 2)?;
        let acting = client(&reach, tls, names, 0)?;
        Ok(Egress { reach, reading, acting })
    }

    /// Sends once and reads the whole answer, all of it until then.
    pub async fn send(
        &self,
        request: Request,
        purpose: Purpose,
        until: Instant,
    ) -> Result<Answer, Unanswered> {
        self.exchange(request, purpose, ANSWER_BYTES_MAX, until).await
    }

    /// Reads a document of up to so many bytes, for a person who wants it: no caller waits.
    pub async fn fetch(&self, url: Url, most: usize, until: Instant) -> Result<Answer, Fault> {
        let request = Request::new(Method::GET, url);
        let fetched = self.exchange(request, Purpose::Read, most, until).await;
        fetched.map_err(|unanswered| unanswered.fault().clone())
    }

    async fn exchange(
        &self,
        request: Request,
        purpose: Purpose,
        most: usize,
        until: Instant,
    ) -> Result<Answer, Unanswered> {
        self.check(request.url()).map_err(Unanswered::NotSent)?;
        let host = request.url().host_str().unwrap_or("").to_owned();
        let place = place(request.url());
        let client = match purpose {
            Purpose::Read => &self.reading,
            Purpose::Act | Purpose::Token => &self.acting,
        };
        let exchange = async {
            let response =
                client.execute(request).await.map_err(|e| unanswered(&self.reach, &host, &place, &e))?;
            if purpose == Purpose::Act {
                crash::pass(Point::Sent);
            }
            read(response, &place, most).await
        };
        let late = || {
            Unanswered::Sent(provider(
                format!("{place} did not answer in time"),
                "see whether the host is up",
            ))
        };
        tokio::time::timeout_at(until, exchange).await.unwrap_or_else(|_| Err(late()))
    }

    /// The address as it is written: literals never reach the resolver, so they are judged here.
    fn check(&self, url: &Url) -> Result<(), Fault> {
        let literal = match url.host() {
            Some(Host::Ipv4(v4)) => Some(IpAddr::V4(v4)),
            Some(Host::Ipv6(v6)) => Some(IpAddr::V6(v6)),
            Some(Host::Domain(_)) => None,
            None => {
                return Err(Fault::new(Owner::Admin, "an address without a host", "write https://host/path"));
            }
        };
        let host = url.host_str().unwrap_or("");
        if literal.is_none_or(is_public) || self.reach.covers(host) {
            return Ok(());
        }
        Err(private(host))
    }
}

impl Reach {
    fn covers(&self, host: &str) -> bool {
        match self {
            Reach::Public => false,
            Reach::PrivateAt(allowed) => allowed.eq_ignore_ascii_case(host),
        }
    }
}

fn client(reach: &Reach, tls: &Tls, names: &Names, idle: usize) -> Result<Client, Fault> {
    let builder = match tls.identity.clone() {
        Some(identity) => Client::builder().identity(identity),
        None => Client::builder(),
    };
    builder
        .tls_certs_merge(tls.authorities.clone())
        .dns_resolver(Guarded { reach: reach.clone(), names: names.clone() })
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .no_proxy()
        .connect_timeout(CONNECT)
        .pool_max_idle_per_host(idle)
        .user_agent(concat!("centralita/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|e| match tls.identity {
            // What the library says of a certificate may quote it.
            Some(_) => {
                let what = "our certificate cannot be shown: its key is another one's, or it is broken";
                Fault::new(Owner::Admin, what, "put the certificate and its own key into one text, in PEM")
            }
            None => Fault::new(
                Owner::Gateway,
                format!("no HTTP client: {e}"),
                "look at the host's TLS certificates",
            ),
        })
}

/// Where a request goes, for people: the host, and the port where it is not the scheme's own.
fn place(url: &Url) -> String {
    let host = url.host_str().unwrap_or("");
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

async fn read(mut response: reqwest::Response, place: &str, most: usize) -> Result<Answer, Unanswered> {
    let broken =
        |what: &str| Unanswered::Sent(provider(format!("the answer of {place} {what}"), "look at its log"));
    let status = response.status().as_u16();
    let content_type = named(response.headers(), CONTENT_TYPE).unwrap_or("").to_owned();
    // What was unpacked bears this header no more.
    let packed =
        named(response.headers(), CONTENT_ENCODING).filter(|coding| !coding.eq_ignore_ascii_case("identity"));
    let packed = packed.unwrap_or("").to_owned();
    let retry_after = retry_after(response.headers());
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|_| broken("broke off"))? {
        if body.len() + chunk.len() > most {
            return Err(broken(&format!("is longer than {} KiB", most / 1024)));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer { status, body, content_type, packed, retry_after })
}

/// What a header says.
fn named(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim)
}

/// Seconds, or a date: by the host's own clock, where it tells it.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let written = named(headers, RETRY_AFTER)?;
    if let Ok(seconds) = written.parse::<u32>() {
        return Some(Duration::from_secs(seconds.into()));
    }
    let date = |text: &str| rfc2822::parse(text).ok().map(|date| date.timestamp());
    let now = named(headers, DATE).and_then(date).unwrap_or_else(Timestamp::now);
    // What is over is no wait.
    Some(Duration::try_from(date(written)?.duration_since(now)).unwrap_or_default())
}

/// Why host and we do not trust each other, where it is that. Of the caller's words nothing is in it: none had left.
fn untrusted(error: &reqwest::Error) -> Option<String> {
    let tls = causes(error).find_map(<dyn error::Error>::downcast_ref::<rustls::Error>)?;
    error.is_connect().then(|| tls.to_string())
}

/// Whether anything was sent: only an error of connecting says surely that nothing was.
fn unanswered(reach: &Reach, host: &str, place: &str, error: &reqwest::Error) -> Unanswered {
    if is_refusal(error) && !reach.covers(host) {
        return Unanswered::NotSent(private(host));
    }
    if error.is_builder() {
        let what =
            format!("the request to {place} has no form on the wire: its address is too long, most likely");
        return Unanswered::NotSent(Fault::new(Owner::Admin, what, "put long values into the body"));
    }
    if let Some(why) = untrusted(error) {
        let remedy = "see whether its certificate is valid and for this name; an authority of your own goes under \
                      `certificate_authority` of `auth`";
        return Unanswered::NotSent(Fault::new(
            Owner::Admin,
            format!("{place} is there, and TLS fails: {why}"),
            remedy,
        ));
    }
    if error.is_connect() {
        return Unanswered::NotSent(provider(format!("{place} {UNREACHED}"), "see whether the host is up"));
    }
    Unanswered::Sent(provider(format!("{place} closed without an answer"), "look at its log"))
}

/// Who knows the addresses of a name.
#[derive(Clone)]
enum Names {
    System,
    #[cfg(test)]
    Told(tests::names::Told),
}

impl Names {
    async fn of(&self, name: &str) -> std::io::Result<Vec<SocketAddr>> {
        match self {
            // Port 0 is replaced by the scheme's.
            Names::System => Ok(tokio::net::lookup_host((name, 0)).await?.collect()),
            #[cfg(test)]
            Names::Told(told) => Ok(told.next(name)),
        }
    }
}

/// Filters what a name resolves to, in the moment of connecting: a name that moves in between does not help, for what was
/// judged is dialled.
struct Guarded {
    reach: Reach,
    names: Names,
}

#[derive(Debug, thiserror::Error)]
#[error("the name resolves to private addresses only")]
struct PrivateOnly;

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let covered = self.reach.covers(name.as_str());
        let names = self.names.clone();
        Box::pin(async move {
            let permitted = vetted(names.of(name.as_str()).await?, covered)?;
            Ok(Box::new(permitted.into_iter()) as Addrs)
        })
    }
}

/// What of a name's addresses may be dialled.
fn vetted(found: Vec<SocketAddr>, covered: bool) -> Result<Vec<SocketAddr>, PrivateOnly> {
    let permitted: Vec<_> = found.into_iter().filter(|a| covered || is_public(a.ip())).collect();
    Some(permitted).filter(|permitted| !permitted.is_empty()).ok_or(PrivateOnly)
}

fn is_refusal(error: &reqwest::Error) -> bool {
    causes(error).any(<dyn error::Error>::is::<PrivateOnly>)
}

/// What an error comes from, the nearest first. What an error of IO is made of is not its source.
fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn error::Error + 'static)> {
    iter::successors(error::Error::source(error), |cause| {
        match cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(within) => Some(within),
            None => cause.source(),
        }
    })
}

fn private(host: &str) -> Fault {
    let remedy = "if this is meant, write `allow_private: true` under `base_url` in its integration";
    Fault::new(Owner::Admin, format!("{host} is an address inside our own network"), remedy)
}

fn provider(what: String, remedy: &str) -> Fault {
    Fault::new(Owner::Provider, what, remedy)
}
