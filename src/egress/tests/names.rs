//! Names that move between two questions.
//!
//! Promises: a name is asked for once for each connection, and what was judged is dialled.
//! Never: asks a name server.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use super::inside::listening;
use super::*;

/// Answers of a name server to come, one a question, and how many questions there were.
#[derive(Clone, Default)]
pub(crate) struct Told(Arc<Mutex<(VecDeque<Vec<SocketAddr>>, usize)>>);

impl Told {
    fn answers(answers: &[&[&str]]) -> Told {
        let address = |text: &&str| SocketAddr::new(text.parse().unwrap(), 0);
        let answers = answers.iter().map(|answer| answer.iter().map(address).collect());
        Told(Arc::new(Mutex::new((answers.collect(), 0))))
    }

    pub(crate) fn next(&self, _name: &str) -> Vec<SocketAddr> {
        let (answers, asked) = &mut *self.0.lock().unwrap();
        *asked += 1;
        answers.pop_front().unwrap_or_default()
    }

    fn asked(&self) -> usize {
        self.0.lock().unwrap().1
    }

    async fn get(&self, reach: Reach, port: u16, purpose: Purpose) -> Result<Answer, Unanswered> {
        let egress = Egress::by_names(reach, &Tls::default(), &Names::Told(self.clone())).unwrap();
        let url = format!("http://moves.example:{port}/").parse().unwrap();
        egress.send(Request::new(reqwest::Method::GET, url), purpose, Instant::now() + SOON).await
    }
}

#[tokio::test]
async fn a_name_that_is_ours_is_refused_at_every_question() {
    let (port, called) = listening().await;
    for answer in [&["127.0.0.1"][..], &["::1", "10.0.0.1"], &["169.254.169.254"], &["::ffff:127.0.0.1"]] {
        let told = Told::answers(&[answer, answer]);
        for purpose in [Purpose::Read, Purpose::Act] {
            let refused = told.get(Reach::Public, port, purpose).await.unwrap_err();
            let Unanswered::NotSent(fault) = refused else { panic!("{answer:?}: {refused:?}") };
            assert_eq!(fault.what, "moves.example is an address inside our own network");
        }
    }
    assert_eq!(called.load(std::sync::atomic::Ordering::SeqCst), 0);
}

#[tokio::test]
async fn what_was_judged_is_dialled_and_the_name_is_not_asked_for_again() {
    let port = host(ok("here")).await;
    // A second question would lead elsewhere, to an address at which nobody listens.
    let told = Told::answers(&[&["127.0.0.1"], &["127.0.0.2"]]);
    let reach = Reach::PrivateAt("moves.example".to_owned());
    let answer = told.get(reach, port, Purpose::Act).await.unwrap();
    assert_eq!((answer.body.as_slice(), told.asked()), (b"here".as_slice(), 1));
}

#[test]
fn of_several_addresses_only_the_public_ones_are_dialled() {
    let found = ["10.0.0.1", "1.1.1.1", "127.0.0.1", "2606:4700::1111", "::1"];
    let found = found.map(|text| SocketAddr::new(text.parse().unwrap(), 0));
    let kept = vetted(found.into(), false).unwrap();
    assert_eq!(kept.iter().map(|a| a.ip().to_string()).collect::<Vec<_>>(), ["1.1.1.1", "2606:4700::1111"]);
    assert_eq!(vetted(found.into(), true).unwrap().len(), 5);
    assert!(vetted(Vec::new(), true).is_err());
}
