//! A host that wants a certificate, on loopback, with certificates of tests/tls.
//!
//! Promises: both sides are tried with the wrong one.
//! Never: believes an authority of this machine.

use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use super::auth::{opened, secrets};
use super::*;

const AUTHORITY: &str = include_str!("../../../tests/tls/authority.pem");
const STRANGER: &str = include_str!("../../../tests/tls/stranger.pem");
const HOST: &str = include_str!("../../../tests/tls/host.pem");
const CLIENT: &str = include_str!("../../../tests/tls/client.pem");
const OTHER: &str = include_str!("../../../tests/tls/other.pem");

/// A host that answers whoever the authority knows; what it was sent.
async fn host() -> (url::Url, Arc<Mutex<Vec<String>>>) {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(AUTHORITY.as_bytes()).unwrap()).unwrap();
    let clients = WebPkiClientVerifier::builder(Arc::new(roots)).build().unwrap();
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(HOST.as_bytes()).collect();
    let key = PrivateKeyDer::from_pem_slice(HOST.as_bytes()).unwrap();
    let config =
        ServerConfig::builder().with_client_cert_verifier(clients).with_single_cert(chain.unwrap(), key);
    let acceptor = TlsAcceptor::from(Arc::new(config.unwrap()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/v1", listener.local_addr().unwrap()).parse().unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let book = Arc::clone(&seen);
    tokio::spawn(async move {
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            let Ok(mut line) = acceptor.accept(socket).await else { continue };
            let mut request = vec![0; 4096];
            let read = line.read(&mut request).await.unwrap_or(0);
            book.lock().unwrap().push(String::from_utf8_lossy(&request[..read]).into_owned());
            let body = json!({"state": "sent", "customer": {"postcode": "AB1"}}).to_string();
            let head =
                format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            let _ = line.write_all(format!("{head}{body}").as_bytes()).await;
            let _ = line.shutdown().await;
        }
    });
    (url, seen)
}

fn auth(client: bool, authority: bool) -> Auth {
    Auth {
        client_certificate: client.then(|| "CERTIFICATE".to_owned()),
        certificate_authority: authority.then(|| "AUTHORITY".to_owned()),
        ..Auth::default()
    }
}

#[tokio::test]
async fn a_host_that_wants_a_certificate_is_shown_ours_and_believed_by_its_own_authority() {
    let (broken, untrusted) =
        ("closed without an answer", "TLS fails: invalid peer certificate: UnknownIssuer");
    for (own, authority, why) in [
        (Some(CLIENT), Some(AUTHORITY), None),
        (None, Some(AUTHORITY), Some(broken)),
        (Some(OTHER), Some(AUTHORITY), Some(broken)),
        (Some(CLIENT), None, Some(untrusted)),
        (Some(CLIENT), Some(STRANGER), Some(untrusted)),
    ] {
        let done = why.is_none();
        let (base, seen) = host().await;
        let given = secrets(&[
            ("CERTIFICATE", own.unwrap_or_default()),
            ("AUTHORITY", authority.unwrap_or_default()),
        ]);
        let registry = opened(base, auth(own.is_some(), authority.is_some()), &given).unwrap();
        let outcome = read(&registry, &status(), json!({"order": "1182", "postcode": "AB1"})).await;
        match (&outcome, why) {
            (Outcome::Done { .. }, None) => {}
            (Outcome::Failed { why: told }, Some(why)) => assert!(told.contains(why), "{told}"),
            (outcome, _) => panic!("{why:?}: {outcome:?}"),
        }
        assert_eq!(seen.lock().unwrap().len(), usize::from(done), "who is not believed is sent nothing");
        assert!(!format!("{registry:?}").contains("BEGIN"), "{registry:?}");
    }
}

#[tokio::test]
async fn what_is_no_certificate_is_named_before_the_first_call_and_not_shown() {
    let key = CLIENT.split("-----BEGIN PRIVATE").nth(1).unwrap();
    let foreign = format!("{AUTHORITY}-----BEGIN PRIVATE{key}");
    let alone = format!("-----BEGIN PRIVATE{key}");
    let canary = &key.lines().nth(1).unwrap()[..20];
    for (own, authority, named) in [
        (canary, AUTHORITY, "`CERTIFICATE`"),
        (alone.as_str(), AUTHORITY, "`CERTIFICATE`"),
        (AUTHORITY, AUTHORITY, "`CERTIFICATE`"),
        (foreign.as_str(), AUTHORITY, "certificate"),
        (CLIENT, canary, "`AUTHORITY`"),
    ] {
        let (base, _) = host().await;
        let given = secrets(&[("CERTIFICATE", own), ("AUTHORITY", authority)]);
        let faults = opened(base, auth(true, true), &given).unwrap_err();
        let told = format!("{faults:?}");
        assert!(told.contains(named) && !told.contains(canary), "{told}");
    }
}
