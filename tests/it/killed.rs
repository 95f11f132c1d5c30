//! The program killed in the middle of a call, and started again on the same port and journal: the caller is still there.
//!
//! Promises: the call goes on from its journal, which replays as a whole; a question is asked again, whole; of an action
//! that had left nobody says that it is done, and it is not made twice.
//! Never: trusts what was said of a deed; the shop's books are counted.

use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

use centralita::caller::{Dial, Phone, Recording};
use centralita::core::base::{CallId, Millis, Position};
use centralita::core::language::{Language, claims_done};
use centralita::demo::shop::{Faults, Shop};
use centralita::standin::utter_at;
use centralita::store::{CallState, KILLED, Store};
use secrecy::ExposeSecret as _;
use tokio::process::Child;
use tokio::time::timeout;
use url::Url;

use crate::command::{command, listens};
use crate::house::without_probe;
use crate::probed::Mute;
use crate::scene::{REFUND, http, told};

/// Longer than one sentence of these agents takes, and than a gateway takes to start on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
const QUICK: Millis = Millis(20);
const LOG: &str = "gateway.log";
const CUT_OFF: &str = "Sorry, we were cut off for a moment.";

/// A gateway of the real program before a shop, and the folder all of it lies in.
struct House {
    folder: PathBuf,
    port: u16,
    shop: Shop,
    gateway: Child,
}

impl House {
    async fn open(faults: Faults) -> House {
        House::with(faults, |tools| tools.to_owned()).await
    }

    /// The same with other tools than the sample's.
    async fn with(faults: Faults, tools: impl Fn(&str) -> String) -> House {
        let folder = std::env::temp_dir().join(format!("centralita-killed-{}", uuid::Uuid::now_v7()));
        for room in ["agents", "integrations"] {
            std::fs::create_dir_all(folder.join(room)).unwrap();
        }
        let shop = Shop::start(&folder.join("shop.sqlite"), faults).await.unwrap();
        std::fs::copy("agents/shop.yaml", folder.join("agents/shop.yaml")).unwrap();
        write_tools(&folder, &shop, tools);
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let gateway = serve(&folder, port, &shop).await;
        House { folder, port, shop, gateway }
    }

    fn journal(&self) -> PathBuf {
        self.folder.join("journal.sqlite")
    }

    /// What its gateways have said beside the result.
    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join(LOG)).unwrap()
    }

    /// A caller who has heard the greeting, and waits so long for a gateway that is gone.
    async fn greeted(&self, patience: Duration) -> Phone {
        let url = Url::parse(&format!("http://127.0.0.1:{}/hooks/twilio/voice", self.port)).unwrap();
        let phone = Phone::dial(Dial { patience, ..Dial::new(url, http()) }).await.unwrap();
        self.has(&["< played #1 "]).await;
        phone
    }

    /// A caller who has heard the question about a refund.
    async fn asked(&self) -> Phone {
        let phone = self.greeted(PATIENCE).await;
        say(&phone, REFUND).await;
        self.has(&["note asked t1"]).await;
        phone
    }

    /// Waits until the journal on disk has these lines, in this order; the line with the last.
    async fn has(&self, wanted: &[&str]) -> String {
        let mut often = tokio::time::interval(Duration::from_millis(50));
        let mut all = Vec::new();
        let found = async {
            loop {
                often.tick().await;
                all = self.lines().await;
                let mut left = all.iter();
                let found: Option<Vec<&String>> =
                    wanted.iter().map(|part| left.find(|line| line.contains(part))).collect();
                if let Some(last) = found.and_then(|found| found.last().map(|line| (*line).clone())) {
                    return last;
                }
            }
        };
        let found = timeout(PATIENCE, found).await;
        found.unwrap_or_else(|_| panic!("no {wanted:?} in {all:#?}"))
    }

    async fn lines(&self) -> Vec<String> {
        let store = Store::open_to_read(&self.journal()).await.unwrap();
        let mut lines = Vec::new();
        for id in store.call_ids().await.unwrap() {
            let journal = store.journal(&CallId::parse(&id).unwrap()).await.unwrap();
            lines.extend(journal.into_iter().map(|line| line.text.reveal().to_owned()));
        }
        lines
    }

    /// Waits until what became of the action was heard to its end.
    async fn outcome_heard(&self) {
        let said = self.has(&["< resumed", "outcome:t1"]).await;
        let reply = said.split(['#', '.']).nth(1).unwrap();
        self.has(&["< resumed", &format!("< played #{reply} ")]).await;
    }

    /// Killed as by the system, and started anew.
    async fn dies(&mut self) {
        self.gateway.kill().await.unwrap();
        self.gateway = serve(&self.folder, self.port, &self.shop).await;
    }

    async fn run(&self, arguments: &[&str]) -> String {
        self.run_to(0, arguments).await
    }

    /// What a command that ends with this code says.
    async fn run_to(&self, code: i32, arguments: &[&str]) -> String {
        let journal = self.journal();
        let arguments: Vec<&str> = arguments
            .iter()
            .map(|word| if *word == "JOURNAL" { journal.to_str().unwrap() } else { word })
            .collect();
        let mut line = command(&arguments);
        line.env("SHOP_TOKEN", self.shop.token.expose_secret()).current_dir(&self.folder);
        let Output { status, stdout, stderr } = line.output().await.unwrap();
        let (stdout, stderr) = (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap());
        assert_eq!(status.code(), Some(code), "{arguments:?}: {stdout}{stderr}");
        stdout + &stderr
    }

    /// The calls of the journal: their states, and how many processes carried each.
    async fn calls(&self) -> Vec<(CallState, u32)> {
        let store = Store::open_to_read(&self.journal()).await.unwrap();
        let mut calls = Vec::new();
        for id in store.call_ids().await.unwrap() {
            let id = CallId::parse(&id).unwrap();
            let record = store.call(&id).await.unwrap().unwrap();
            calls.push((record.state, record.attempts));
        }
        calls
    }

    /// The one call has come to its end, and so many processes have carried it.
    async fn ended(&self, processes: u32) {
        self.has(&["< hung-up"]).await;
        let mut often = tokio::time::interval(Duration::from_millis(50));
        let ended = async {
            while !matches!(&self.calls().await[..], [(CallState::Ended { .. }, n)] if *n == processes) {
                often.tick().await;
            }
        };
        timeout(PATIENCE, ended).await.unwrap_or_else(|_| panic!("it does not end"));
    }

    /// The whole journal comes out again when its facts are folded.
    async fn replays(&self) {
        let same = self.run(&["replay", "JOURNAL"]).await;
        assert!(same.contains("calls: 1,") && same.contains("1 the same"), "{same}");
    }

    /// A caller who has said yes to a refund, which the shop has made.
    async fn acted(&self, patience: Duration) -> Phone {
        let phone = self.greeted(patience).await;
        say(&phone, REFUND).await;
        self.has(&["note asked t1"]).await;
        say(&phone, "yes").await;
        let made = async {
            while self.refunds().await == 0 {
                tokio::task::yield_now().await;
            }
        };
        timeout(PATIENCE, made).await.unwrap();
        phone
    }

    async fn refunds(&self) -> usize {
        self.shop.refunds().await.unwrap().len()
    }

    /// Ends the gateway in good order.
    async fn close(mut self) {
        let pid = self.gateway.id().unwrap().to_string();
        assert!(std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        assert_eq!(self.gateway.wait().await.unwrap().code(), Some(0));
        self.shop.stop().await;
        std::fs::remove_dir_all(&self.folder).unwrap();
    }
}

/// The sample's tools, at that shop.
fn write_tools(folder: &Path, shop: &Shop, tools: impl Fn(&str) -> String) {
    let sample = std::fs::read_to_string("integrations/shop.yaml").unwrap();
    let at = shop.url.as_str().trim_end_matches('/');
    let tools = tools(&sample.replace("http://127.0.0.1:8088", at));
    std::fs::write(folder.join("integrations/shop.yaml"), tools).unwrap();
}

async fn serve(folder: &Path, port: u16, shop: &Shop) -> Child {
    let (root, journal) = (folder.to_str().unwrap(), folder.join("journal.sqlite"));
    let bind = format!("127.0.0.1:{port}");
    let line = ["serve", "--unsigned-loopback", "--bind", &bind, "--speech", "stand-in", "--root", root];
    let mut serve = command(&[&line[..], &["--journal", journal.to_str().unwrap()]].concat());
    let log = std::fs::File::options().create(true).append(true).open(folder.join(LOG)).unwrap();
    serve.env("SHOP_TOKEN", shop.token.expose_secret()).stderr(log);
    let mut child = serve.spawn().unwrap();
    listens(&mut child).await;
    child
}

async fn say(phone: &Phone, text: &str) {
    phone.say(utter_at(text, QUICK)).await;
}

/// Where each of these was heard, in this order.
fn in_order(recording: &Recording, wanted: &[&str]) {
    let all = told(recording);
    let mut left = all.iter();
    for part in wanted {
        assert!(left.any(|text| text.contains(part)), "no `{part}` in its place in {all:#?}");
    }
}

#[tokio::test]
async fn a_question_that_was_open_is_asked_again_whole_and_a_yes_to_it_makes_one_refund() {
    let mut house = House::open(Faults::None).await;
    let phone = house.asked().await;
    house.dies().await;
    house.has(&["note asked t1", "< resumed", "note asked t1"]).await;
    assert_eq!(house.refunds().await, 0);
    say(&phone, "yes").await;
    house.outcome_heard().await;
    let recording = phone.finish().await;
    assert_eq!(house.refunds().await, 1);
    let question = "Shall I refund twenty dollars on order one one eight two";
    in_order(&recording, &[question, CUT_OFF, question]);
    assert!(!told(&recording).iter().any(|text| text.contains("start over")), "{:?}", told(&recording));
    assert_eq!(recording.figures.streams, 2);
    house.ended(2).await;
    house.replays().await;
    house.close().await;
}

#[tokio::test]
async fn an_action_that_had_left_and_that_nobody_can_be_asked_about_is_told_as_unknown_and_the_shop_has_it_once()
 {
    // It makes the refund, and never says so.
    let mut house = House::with(Faults::LostAnswer, without_probe).await;
    let phone = house.acted(PATIENCE).await;
    house.dies().await;
    house.outcome_heard().await;
    let recording = phone.finish().await;
    in_order(&recording, &[CUT_OFF, "I do not know whether the refund went through"]);
    assert!(
        !told(&recording).iter().any(|text| claims_done(Language::English, text)),
        "{:?}",
        told(&recording)
    );
    assert_eq!(house.refunds().await, 1);
    house.ended(2).await;
    house.replays().await;
    let unknown = house.run(&["effects", "list", "--journal", "JOURNAL", "--unknown"]).await;
    assert!(unknown.contains("shop.refund") && unknown.contains(KILLED), "{unknown}");
    let id = unknown.split_whitespace().next().unwrap();
    let nobody = house.run_to(1, &["effects", "probe", id, "--journal", "JOURNAL"]).await;
    assert!(nobody.contains("nobody was asked: its tool has no probe"), "{nobody}");
    let settled = house.run(&["effects", "settle", id, "done", "--journal", "JOURNAL"]).await;
    assert!(settled.contains("settled by hand"), "{settled}");
    house.close().await;
}

#[tokio::test]
async fn an_action_that_had_left_and_that_the_shop_says_is_done_is_told_as_done_and_not_sent_again() {
    let mut house = House::open(Faults::LostAnswer).await;
    let phone = house.acted(PATIENCE).await;
    house.dies().await;
    house.outcome_heard().await;
    let recording = phone.finish().await;
    in_order(&recording, &[CUT_OFF, "Done: twenty dollars on their way back to you"]);
    assert!(!told(&recording).iter().any(|text| text.contains("I do not know")), "{:?}", told(&recording));
    assert_eq!(house.refunds().await, 1);
    house.ended(2).await;
    house.replays().await;
    let listed = house.run(&["effects", "list", "--journal", "JOURNAL"]).await;
    assert!(listed.contains("done") && listed.contains("killed, probe: it is done"), "{listed}");
    assert!(listed.contains("actions: 1"), "{listed}");
    house.close().await;
}

/// The sample's refund, told as what its system says of it and nothing else.
fn told_as_the_shop_says(tools: &str) -> String {
    let (ours, theirs) = ("Done: {{ amount | money }} on their", "Done: {{ refunded | money }} on their");
    assert!(tools.contains(ours), "the sample says it otherwise");
    tools.replace(ours, theirs)
}

#[tokio::test]
async fn what_the_shop_says_at_a_take_up_is_told_in_the_tools_own_words_whoever_asked_first() {
    let mut house = House::with(Faults::LostAnswer, told_as_the_shop_says).await;
    let phone = house.acted(PATIENCE).await;
    house.dies().await;
    house.outcome_heard().await;
    let recording = phone.finish().await;
    in_order(&recording, &[CUT_OFF, "Done: twenty dollars on their way back to you"]);
    house.ended(2).await;
    house.replays().await;
    // It was ordered when the call was taken up, and said on the new line alone.
    let play = house.run(&["replay", "JOURNAL", "--play"]).await;
    let goes_on = play.find("line    the call goes on, on a new line\n").unwrap();
    assert!(
        play[goes_on..].contains("tool    found out later, by a probe or from the record: done"),
        "{play}"
    );
    assert_eq!(play.matches("agent   Done: twenty dollars").count(), 1, "{play}");
    let log = house.log();
    assert!(!log.contains("report") && !log.contains("is not on record"), "{log}");
    // Whoever was warned at the start is told when it is known.
    for told in ["actions without a known outcome: 1", "an action of unknown outcome is known now"] {
        assert_eq!(log.matches(told).count(), 1, "{told} in {log}");
    }
    house.close().await;
}

#[tokio::test]
async fn a_line_that_waited_for_the_shop_begins_where_it_began_and_not_where_it_was_listened_to() {
    // The shop never answers again: the caller waits for as long as it may be asked.
    let mut house = House::open(Faults::Vanishes).await;
    let phone = house.acted(PATIENCE).await;
    house.dies().await;
    house.outcome_heard().await;
    phone.finish().await;
    house.ended(2).await;
    let store = Store::open_to_read(&house.journal()).await.unwrap();
    let call = store.call_ids().await.unwrap().remove(0);
    let lines = store.journal(&CallId::parse(&call).unwrap()).await.unwrap();
    let since = lines.iter().position(|line| line.text.reveal().starts_with("< resumed")).unwrap();
    let played = lines[since..].iter().filter_map(|line| {
        let place = line.text.reveal().strip_prefix("< played ")?.split(['~', ' ']).nth(2)?;
        Some((line.at, Position(place.parse().unwrap())))
    });
    // Audio that has come is never ahead of the clock, but for what a carrier sends early.
    let ahead =
        played.map(|(at, place)| i64::from(place.since(Position::START).millis().0) - i64::from(at.0));
    let ahead: Vec<i64> = ahead.collect();
    assert!(ahead.len() > 1 && ahead.iter().all(|ahead| *ahead < 500), "{ahead:?}");
    house.close().await;
}

#[tokio::test]
async fn what_is_found_only_after_the_call_went_on_is_told_when_it_is_found() {
    let (mute, tell, stage) = Mute::open().await;
    let at = stage.tools_at.unwrap().to_string();
    let elsewhere = |tools: &str| {
        let (before, rest) = tools.split_once("base_url: ").unwrap();
        format!("{before}base_url: {at}{}", &rest[rest.find('\n').unwrap()..])
    };
    let mut house = House::with(Faults::None, elsewhere).await;
    let phone = house.asked().await;
    say(&phone, "yes").await;
    let sent = async {
        while mute.requests().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, sent).await.unwrap();
    house.dies().await;
    house.outcome_heard().await;
    tell.send(true).unwrap();
    house.has(&["< resumed", "< settled t1 done", "outcome:t1"]).await;
    house.has(&["< resumed", "< settled t1 done", "< played "]).await;
    let recording = phone.finish().await;
    let done = "Done: twenty dollars on their way back to you";
    in_order(&recording, &[CUT_OFF, "I do not know whether the refund went through", done]);
    assert_eq!(mute.requests().len(), 1, "nothing is sent again");
    house.ended(2).await;
    house.replays().await;
    house.close().await;
}

#[tokio::test]
async fn what_a_call_that_nobody_takes_up_has_left_is_asked_about_by_the_command_once_its_tool_has_a_probe() {
    let mut house = House::with(Faults::LostAnswer, without_probe).await;
    let phone = house.acted(Duration::ZERO).await;
    house.dies().await;
    phone.finish().await;
    let gone =
        |tools: &str| tools.replace(house.shop.url.as_str().trim_end_matches('/'), "http://127.0.0.1:1");
    write_tools(&house.folder, &house.shop, gone);
    let asked = house.run_to(1, &["effects", "probe", "--all", "--journal", "JOURNAL"]).await;
    for told in ["probe: 127.0.0.1:1 cannot be reached", "the `base_url` that its integration has now"] {
        assert!(asked.contains(told), "{asked}");
    }
    // Another version of the agent: of a key, what the system has is proof all the same.
    write_tools(&house.folder, &house.shop, |tools| tools.to_owned());
    let asked = house.run(&["effects", "probe", "--all", "--journal", "JOURNAL"]).await;
    assert!(asked.contains("done") && asked.contains("killed, probe: it is done"), "{asked}");
    assert!(asked.contains("actions asked about: 1"), "{asked}");
    let again = house.run(&["effects", "probe", "--all", "--journal", "JOURNAL"]).await;
    assert!(again.contains("actions asked about: 0"), "{again}");
    assert_eq!(house.refunds().await, 1);
    house.close().await;
}

#[tokio::test]
async fn of_two_gateways_the_other_asks_about_what_the_killed_one_left_and_it_is_unknown_until_then() {
    // The other one cannot ask yet: its tool has no probe.
    let mut house = House::with(Faults::LostAnswer, without_probe).await;
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut other = serve(&house.folder, port, &house.shop).await;
    let phone = house.acted(Duration::ZERO).await;
    let listed = house.run(&["effects", "list", "--journal", "JOURNAL"]).await;
    assert!(listed.contains("under way") && listed.contains(" is about it)"), "{listed}");
    house.gateway.kill().await.unwrap();
    let unknown = house.run(&["effects", "list", "--unknown", "--journal", "JOURNAL"]).await;
    assert!(
        unknown.contains("shop.refund") && unknown.contains("actions of unknown outcome: 1"),
        "{unknown}"
    );
    let probed = house.run_to(1, &["effects", "probe", "--all", "--journal", "JOURNAL"]).await;
    assert!(probed.contains("nobody was asked: its tool has no probe"), "{probed}");
    phone.finish().await;
    // Started again beside the other: its warning counts what is listed, and now it asks.
    write_tools(&house.folder, &house.shop, |tools| tools.to_owned());
    house.gateway = serve(&house.folder, house.port, &house.shop).await;
    assert!(house.log().contains("actions without a known outcome: 1;"), "{}", house.log());
    let mut often = tokio::time::interval(Duration::from_millis(50));
    let done = async {
        while !house.run(&["effects", "list", "--journal", "JOURNAL"]).await.contains("probe: it is done") {
            often.tick().await;
        }
    };
    timeout(PATIENCE, done).await.unwrap_or_else(|_| panic!("nobody asks"));
    assert_eq!(house.refunds().await, 1);
    other.kill().await.unwrap();
    house.close().await;
}

#[tokio::test]
async fn a_call_whose_caller_has_left_with_the_gateway_does_not_look_live() {
    let mut house = House::open(Faults::None).await;
    let phone = house.greeted(Duration::ZERO).await;
    house.gateway.kill().await.unwrap();
    phone.finish().await;
    let calls = house.calls().await;
    assert!(matches!(&calls[..], [(CallState::Live, 1)]), "{calls:?}");
    house.gateway = serve(&house.folder, house.port, &house.shop).await;
    let calls = house.calls().await;
    let killed = |state: &CallState| matches!(state, CallState::Lost { reason } if reason == KILLED);
    assert!(matches!(&calls[..], [(state, 1)] if killed(state)), "{calls:?}");
    house.replays().await;
    house.close().await;
}

#[tokio::test]
async fn the_call_command_stays_on_the_line_while_its_gateway_is_started_again_where_it_is_told_to() {
    let mut house = House::open(Faults::None).await;
    let url = format!("http://127.0.0.1:{}/hooks/twilio/voice", house.port);
    let scenario = house.folder.join("caller.yaml");
    std::fs::write(
        &scenario,
        "version: 1\nmoves:\n- {when: mark, listen: 0}\n- {when: mark, hang_up: true}\n",
    )
    .unwrap();
    let line = ["call", &url, "--speech", "stand-in", "--wait-through-restart", "60", "--scenario"];
    let caller = command(&[&line[..], &[scenario.to_str().unwrap()]].concat()).spawn().unwrap();
    house.has(&["< played #1 "]).await;
    house.dies().await;
    house.has(&["< resumed"]).await;
    let Output { status, stdout, .. } = timeout(PATIENCE, caller.wait_with_output()).await.unwrap().unwrap();
    let told = String::from_utf8(stdout).unwrap();
    assert!(status.success() && told.contains("ended: the caller hung up"), "{told}");
    house.ended(2).await;
    house.close().await;
}
