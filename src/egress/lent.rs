//! The guarded client, lent to a protocol that makes its requests itself.
//!
//! Promises: the address is judged before anything is lent, and what its name resolves to at each connection, as for every
//! other request; no redirect is followed.
//! Never: lends a client for another address than was asked for; whoever borrows keeps to it.

use centralita_core::base::Fault;
use reqwest::Client;
use url::Url;

use super::{Egress, Purpose, Unanswered, place, unanswered};

/// The two ways of connecting to one host.
#[derive(Clone, Debug)]
pub(crate) struct Lent {
    egress: Egress,
    host: String,
    /// For people.
    place: String,
}

impl Egress {
    /// # Errors
    /// The address is inside our own network, and nobody allowed that.
    pub(crate) fn lend(&self, url: &Url) -> Result<Lent, Fault> {
        self.check(url)?;
        let host = url.host_str().unwrap_or_default().to_owned();
        Ok(Lent { egress: self.clone(), host, place: place(url) })
    }
}

impl Lent {
    /// Of `Act`, a connection that nobody used before.
    pub(crate) fn client(&self, purpose: Purpose) -> &Client {
        match purpose {
            Purpose::Read => &self.egress.reading,
            Purpose::Act | Purpose::Token => &self.egress.acting,
        }
    }

    /// What an error says about what was sent, in words.
    pub(crate) fn told(&self, error: &reqwest::Error) -> Unanswered {
        unanswered(&self.egress.reach, &self.host, &self.place, error)
    }

    /// Where it leads, for people: the host, and the port where it is not the scheme's own.
    pub(crate) fn place(&self) -> &str {
        &self.place
    }
}
