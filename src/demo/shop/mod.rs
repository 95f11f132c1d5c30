//! The sample shop: an HTTP API with orders and refunds in a real database, for the demo and for tests.
//!
//! It is the system behind the sample tools, and it keeps count: what [`Shop::refunds`] holds is what truly
//! happened, whatever the caller was told. `routes` is the API, `ledger` the database.
//!
//! Promises: a refund with a known `Idempotency-Key` is the same refund; no order is refunded beyond its total.
//! Never: listens beyond loopback, answers without its token.

mod ledger;
mod routes;

#[cfg(test)]
mod tests;

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};
use url::Url;

use crate::core::base::{Fault, Owner};
use ledger::Ledger;
pub use ledger::Refund;
pub(super) use ledger::{Sold, decimal, sold};

/// What the shop does wrong, on purpose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Faults {
    #[default]
    None,
    /// A refund is made and its answer never comes; the same request again is answered.
    LostAnswer,
    /// A refund is made and its answer never comes, nor any other from then on.
    Vanishes,
    /// Refunds are answered with 500, and not made.
    Error,
    /// Every answer takes so long.
    Slow(Duration),
}

/// A shop that is open. Dropping it closes it too, without waiting.
pub struct Shop {
    /// `http://127.0.0.1:PORT`.
    pub url: Url,
    /// What requests carry as `Authorization: Bearer …`; new with every start.
    pub token: SecretString,
    ledger: Ledger,
    server: JoinHandle<()>,
    open: DropGuard,
}

impl Shop {
    /// Opens the shop on a free port of loopback, with its database at `path`.
    ///
    /// A new database is filled with a handful of orders; one that is there keeps its refunds. A path that
    /// cannot be written is the admin's fault.
    pub async fn start(path: &Path, faults: Faults) -> Result<Shop, Fault> {
        let ledger = Ledger::open(path).await?;
        let token = SecretString::from(uuid::Uuid::new_v4().to_string());
        let (listener, url) = listen().await.map_err(|e| {
            Fault::new(Owner::Admin, format!("the shop cannot listen on loopback: {e}"), "free a port")
        })?;
        let closing = CancellationToken::new();
        let counter = routes::Counter {
            ledger: ledger.clone(),
            token: token.expose_secret().into(),
            faults,
            gone: Arc::default(),
            closing: closing.clone(),
        };
        let closed = closing.clone().cancelled_owned();
        let server = tokio::spawn(async move {
            let served = axum::serve(listener, routes::router(counter)).with_graceful_shutdown(closed).await;
            if let Err(error) = served {
                tracing::error!(%error, "the shop fell over");
            }
        });
        Ok(Shop { url, token, ledger, server, open: closing.drop_guard() })
    }

    /// All refunds that were made, in order.
    pub async fn refunds(&self) -> Result<Vec<Refund>, Fault> {
        self.ledger.refunds().await
    }

    /// All refunds in the database of a shop that is closed, or that broke.
    pub(super) async fn refunds_at(path: &Path) -> Result<Vec<Refund>, Fault> {
        let ledger = Ledger::open(path).await?;
        let refunds = ledger.refunds().await;
        ledger.close().await;
        refunds
    }

    /// Closes the shop: answers under way are given up or finished, the database is closed.
    pub async fn stop(self) {
        drop(self.open);
        // It can only have been cancelled with the runtime.
        let _ = self.server.await;
        self.ledger.close().await;
    }
}

impl fmt::Debug for Shop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Shop({})", self.url)
    }
}

async fn listen() -> std::io::Result<(TcpListener, Url)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let url = Url::parse(&format!("http://{address}")).map_err(std::io::Error::other)?;
    Ok((listener, url))
}
