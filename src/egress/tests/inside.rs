//! The ways to write an address inside our own network, for every door through which an admin's address goes.
//!
//! Promises: what is on the list is refused; of each it is known that nothing was sent.
//! Never: waits for an address that exists.

use super::*;

/// Addresses with a place for a port. All but the names mean an address as they stand.
const INSIDE: [&str; 64] = [
    // this machine: dotted, short, decimal, octal, hexadecimal
    "http://127.0.0.1:PORT/",
    "http://127.0.0.1.:PORT/",
    "http://127.255.255.254:PORT/",
    "http://127.1:PORT/",
    "http://127.0.1:PORT/",
    "http://2130706433:PORT/",
    "http://017700000001:PORT/",
    "http://0177.0.0.1:PORT/",
    "http://00000177.0.0.1:PORT/",
    "http://0x7f.1:PORT/",
    "http://0X7F000001:PORT/",
    "http://0x7f.0x0.0x0.0x1:PORT/",
    "http://0:PORT/",
    "http://0.0.0.0:PORT/",
    // other letters for the same figures
    "http://%31%32%37.0.0.1:PORT/",
    "http://127%2e0%2e0%2e1:PORT/",
    "http://①②⑦.⓪.⓪.①:PORT/",
    "http://１２７.０.０.１:PORT/",
    "http://127。0。0。1:PORT/",
    "http://127.0.0.\u{ad}1:PORT/",
    "http://127.\t0.0.1:PORT/",
    // of the sixth version, and the fourth inside of it
    "http://[::1]:PORT/",
    "http://[::]:PORT/",
    "http://[0:0:0:0:0:0:0:1]:PORT/",
    "http://[::127.0.0.1]:PORT/",
    "http://[::ffff:127.0.0.1]:PORT/",
    "http://[::ffff:7f00:1]:PORT/",
    "http://[0:0:0:0:0:FFFF:127.0.0.1]:PORT/",
    "http://[::ffff:0:127.0.0.1]:PORT/",
    "http://[64:ff9b::127.0.0.1]:PORT/",
    "http://[64:ff9b:1::7f00:1]:PORT/",
    "http://[2002:7f00:1::]:PORT/",
    "http://[2001:0:7f00:1::]:PORT/",
    "http://[fe80::1]:PORT/",
    "http://[fc00::1]:PORT/",
    "http://[fec0::1]:PORT/",
    "http://[ff02::1]:PORT/",
    // what clouds tell their machines
    "http://169.254.169.254:PORT/latest/meta-data/",
    "http://2852039166:PORT/latest/meta-data/",
    "http://0xa9fea9fe:PORT/",
    "http://0251.0376.0251.0376:PORT/",
    "http://169.254.43518:PORT/",
    "http://[::ffff:169.254.169.254]:PORT/",
    "http://[::ffff:a9fe:a9fe]:PORT/",
    "http://[fd00:ec2::254]:PORT/",
    "http://100.100.100.200:PORT/",
    "http://192.0.0.192:PORT/",
    "http://168.63.129.16:PORT/",
    // networks of our own
    "http://10.0.0.1:PORT/",
    "http://172.16.0.1:PORT/",
    "http://192.168.0.1:PORT/",
    "http://192.168.257:PORT/",
    "http://100.64.0.1:PORT/",
    "http://198.18.0.1:PORT/",
    "http://224.0.0.1:PORT/",
    "http://255.255.255.255:PORT/",
    // another host stands in front of ours
    "http://example.com@127.0.0.1:PORT/",
    "http://example.com:80@127.0.0.1:PORT/",
    "http://example.com%2f@127.0.0.1:PORT/",
    "http://127.0.0.1:PORT\\@example.com/",
    "http:127.0.0.1:PORT/",
    "http:\\\\127.0.0.1:PORT/",
    // names of this machine
    "http://localhost:PORT/",
    "http://LOCALHOST:PORT/",
];

/// Each of them, at this port.
pub(crate) fn inside(port: u16) -> Vec<Url> {
    let written = INSIDE.iter().map(|written| written.replace("PORT", &port.to_string()));
    written.map(|written| written.parse().unwrap_or_else(|e| panic!("{written}: {e}"))).collect()
}

/// A port of this machine at which something listens, and how often it was called.
pub(crate) async fn listening() -> (u16, std::sync::Arc<std::sync::atomic::AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let called = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let calls = std::sync::Arc::clone(&called);
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            calls.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        }
    });
    (port, called)
}

#[tokio::test]
async fn a_private_address_is_refused_however_it_is_written() {
    let (port, called) = listening().await;
    let egress = Egress::new(Reach::Public).unwrap();
    for url in inside(port) {
        for purpose in [Purpose::Read, Purpose::Act, Purpose::Token] {
            let request = Request::new(reqwest::Method::GET, url.clone());
            let refused = egress.send(request, purpose, Instant::now() + SOON).await.unwrap_err();
            let Unanswered::NotSent(fault) = refused else { panic!("{url}: {refused:?}") };
            assert!(fault.what.contains("inside our own network"), "{url}: {fault}");
            assert!(fault.remedy.contains("allow_private: true"), "{url}: {fault}");
        }
        let fault = egress.fetch(url.clone(), 1, Instant::now() + SOON).await.unwrap_err();
        assert!(fault.what.contains("inside our own network"), "{url}: {fault}");
    }
    assert_eq!(called.load(std::sync::atomic::Ordering::SeqCst), 0);
}

#[tokio::test]
async fn another_scheme_is_no_way_inside() {
    let egress = Egress::new(Reach::PrivateAt("127.0.0.1".to_owned())).unwrap();
    for written in
        ["file:///etc/hostname", "ftp://127.0.0.1/", "gopher://127.0.0.1:70/", "data:,x", "unix:/x"]
    {
        let request = Request::new(reqwest::Method::GET, written.parse().unwrap());
        let refused = egress.send(request, Purpose::Read, Instant::now() + SOON).await.unwrap_err();
        assert!(matches!(refused, Unanswered::NotSent(_)), "{written}: {refused:?}");
    }
}
