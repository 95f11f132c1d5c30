//! Every door through which an address that an admin wrote is called, and every way to write one inside our own network.
//!
//! Promises: nothing arrives, and the fault says which address it is.
//! Never: waits for an address that exists.

use std::sync::atomic::Ordering;

use tokio::time::Instant;

use super::auth::{opened_with, secrets};
use super::shop::{refund, status};
use super::*;
use crate::egress::tests::inside::{inside, listening};
use crate::integrations::mcp::Pins;

/// Longer than anything here takes: nothing is sent.
const PATIENCE: Duration = Duration::from_secs(20);

/// How it ended, and what is to be said of it: that nothing was sent.
fn not_sent(outcome: Outcome) -> String {
    match outcome {
        Outcome::Failed { why } => why,
        other @ (Outcome::Done { .. } | Outcome::Partly { .. } | Outcome::Withheld(_) | Outcome::Unknown) => {
            panic!("{other:?}")
        }
    }
}

fn connection(base: url::Url, auth: Auth, mcp: Option<McpServer>) -> Connection {
    Connection { id: "shop".into(), base, allow_private: false, auth, mcp }
}

#[tokio::test]
async fn no_tool_reads_and_none_acts_inside_our_own_network() {
    let (port, called) = listening().await;
    // One whose own request is the first that would leave.
    let acting = ToolSpec { prepare: Vec::new(), ..refund() };
    for base in inside(port) {
        let tools = vec![status(), acting.clone()];
        let registry =
            opened_with(connection(base.clone(), Auth::default(), None), tools, &secrets(&[])).unwrap();
        let read = read(&registry, &status(), json!({"order": "1182", "postcode": "AB1"})).await;
        assert!(not_sent(read).contains("inside our own network"), "{base}");
        let log = Log::default();
        let acted = act(&registry, &acting, ActionKey::Own(T1), &log).await;
        assert!(not_sent(acted).contains("inside our own network"), "{base}");
    }
    assert_eq!(called.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn no_server_of_tools_is_inside_our_own_network() {
    let (port, called) = listening().await;
    for base in inside(port) {
        let server = Some(McpServer { way: McpWay::Http, pins: Pins::new() });
        let opened = mcp_server(&connection(base.clone(), Auth::default(), server), &secrets(&[]), None);
        let fault = match opened {
            Err(faults) => faults[0].clone(),
            // A name is judged when it is connected to.
            Ok(server) => server.tools(Instant::now() + PATIENCE).await.unwrap_err(),
        };
        assert!(fault.what.contains("inside our own network"), "{base}: {fault}");
    }
    assert_eq!(called.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn no_token_is_asked_for_inside_our_own_network() {
    let (port, called) = listening().await;
    for token_url in inside(port) {
        let oauth2 = OAuth2 {
            token_url: token_url.clone(),
            allow_private: false,
            client_id: Stated::Text("lamps".into()),
            client_secret: Some("CLIENT".into()),
            client_authentication: ClientAuthentication::Basic,
            header: None,
            scopes: Vec::new(),
            audience: None,
            grant: Grant::ClientCredentials,
        };
        let auth = Auth { oauth2: Some(Box::new(oauth2)), ..Auth::default() };
        // The leave of the integration's own host is none for the host of its tokens.
        let base = "http://shop.example/v1".parse().unwrap();
        let connection = Connection { allow_private: true, ..connection(base, auth, None) };
        let registry = opened_with(connection, vec![status()], &secrets(&[("CLIENT", "hidden")])).unwrap();
        let read = read(&registry, &status(), json!({"order": "1182", "postcode": "AB1"})).await;
        assert!(not_sent(read).contains("inside our own network"), "{token_url}");
    }
    assert_eq!(called.load(Ordering::SeqCst), 0);
}
