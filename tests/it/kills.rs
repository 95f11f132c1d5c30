//! The program killed in the middle of several calls, again and again, against a shop that counts.
//!
//! `KILLS=200 cargo test -p centralita --test it killed_at -- --nocapture` does it two hundred times; `SEED` draws other
//! moments.
//!
//! Promises: after every kill each journal reads and folds, each recording plays, what the shop did is on record, what is
//! on record as done the shop did, and no order is ever refunded twice; what a caller heard well before the kill is in
//! the journal.
//! Never: spares a call; each round's callers ask again in the next where they do not know that it is done.

use std::fmt;
use std::time::Duration;

use centralita::core::base::{CallTime, Millis, Position};
use centralita::core::sim::Random;
use centralita::standin::said;
use centralita::store::{CallRecord, IntentRecord, Line};
use tokio::task::JoinSet;

use crate::house::{Fared, House};

/// Kills where nothing else is asked for: a few seconds each.
const KILLS: u64 = 5;

/// Callers at a time.
const CALLERS: usize = 4;

/// How long after the first call begins the process lives at most: calls are about over by then.
const LIVES_MAX: Duration = Duration::from_secs(14);

/// Most kills come in the act: within so long of the first refund that is asked for. Others are then about to be.
const ACTS_MAX: Duration = Duration::from_millis(1_600);

/// What a killed process may lose of the record, beside what the disk takes for a write in that round: 50 ms, and half a
/// second for sound that is on its way.
const LOST_MAX: Millis = Millis(550);

/// Audio is gathered for a second, two are held back for a secret to be taken out, and a second is written at once; and one more
/// for a machine that is busy.
const RECORDING_LOST_MAX: Millis = Millis(5_000);

/// Of the shop: nothing, or up to four tenths of a second before it does what was asked, and again before it answers.
fn slowness(nth: u64) -> Duration {
    let mut random = Random::new(nth);
    if random.chance(300) { Duration::ZERO } else { Duration::from_millis(random.below(400).into()) }
}

/// Somebody who wants one refund, and asks until it is known to be done.
#[derive(Clone, Debug)]
struct Wish {
    from: String,
    order: u32,
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name)
        .map_or(otherwise, |text| text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

#[tokio::test]
#[allow(clippy::print_stderr, reason = "a long run tells how far it is")]
async fn killed_at_any_moment_it_does_nothing_twice_and_loses_no_record() {
    let (kills, seed) = (number("KILLS", KILLS), number("SEED", 1));
    let (house, mut random) = (House::new(true, slowness).await, Random::new(seed));
    let (mut wishes, mut next, mut figures) = (Vec::new(), 0_u32, Figures::default());
    for kill in 1..=kills {
        while wishes.len() < CALLERS {
            wishes.push(Wish { from: format!("+1555{:07}", 200_000 + next), order: 1_000 + next });
            next += 1;
        }
        let (in_the_act, asked) = (random.chance(600), house.shop.requests());
        let within = if in_the_act { ACTS_MAX } else { LIVES_MAX };
        let moment = Duration::from_millis(random.below(u32::try_from(within.as_millis()).unwrap()).into());
        let disk = house.disk();
        let gateway = house.gateway(None).await;
        let mut calls = JoinSet::new();
        for wish in &wishes {
            let lag = Duration::from_millis(random.below(600).into());
            let call = gateway.refund(&wish.from, wish.order);
            let wish = wish.clone();
            calls.spawn(async move {
                tokio::time::sleep(lag).await;
                (wish, call.await)
            });
        }
        if in_the_act {
            // Where nobody comes so far, the kill is one like the others.
            let _ = tokio::time::timeout(LIVES_MAX, house.shop.asked_beyond(asked)).await;
        }
        tokio::time::sleep(moment).await;
        gateway.kill().await;
        let fared = calls.join_all().await;
        let open = check(&house, &fared, disk.slowest(), &mut figures).await;
        let done = |wish: &Wish| house.shop.refunds(wish.order).len() == 1 && !open.contains(&wish.from);
        wishes.retain(|wish| !done(wish));
        figures.disk_ms_max = figures.disk_ms_max.max(disk.slowest().as_millis());
        let since = if in_the_act { "the first refund" } else { "the start" };
        eprintln!(
            "kill {kill}, {} ms after {since}: {figures}; {} wishes stay",
            moment.as_millis(),
            wishes.len()
        );
    }
    // Nobody is left behind: in peace everyone gets what they asked for, once.
    let gateway = house.gateway(None).await;
    let mut calls = JoinSet::new();
    for wish in wishes.clone() {
        let call = gateway.refund(&wish.from, wish.order);
        calls.spawn(async move { (wish, call.await) });
    }
    calls.join_all().await;
    gateway.kill().await;
    for wish in &wishes {
        assert_eq!(house.shop.refunds(wish.order).len(), 1, "{wish:?}\n{}", house.log());
    }
}

/// What the kills met.
#[derive(Default)]
struct Figures {
    calls: usize,
    intents: usize,
    open: usize,
    refunds: usize,
    /// Milliseconds of the record that were lost, at most, as far as callers can tell.
    lost_ms_max: u32,
    /// Milliseconds the disk took for a write, at most.
    disk_ms_max: u128,
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Figures { calls, intents, open, refunds, lost_ms_max, disk_ms_max } = self;
        write!(
            f,
            "{calls} calls, {intents} intents, {open} open at most, {refunds} refunds, {lost_ms_max} ms lost at most, \
             {disk_ms_max} ms for a write at most"
        )
    }
}

/// Everything there is to look at after a kill. Returns the numbers of callers with an open action.
async fn check(
    house: &House,
    fared: &[(Wish, Option<Fared>)],
    disk: Duration,
    figures: &mut Figures,
) -> Vec<String> {
    let (calls, intents) = (house.intact().await, house.intents().await);
    let all = house.shop.all();
    for (order, keys) in &all {
        assert_eq!(keys.len(), 1, "order {order} was refunded more than once: {keys:?}\n{}", house.log());
        let known = intents.iter().any(|record| record.intent.idempotency_key.as_ref() == keys.first());
        assert!(known, "order {order}: the shop did what no intent announces");
    }
    for record in intents.iter().filter(|record| record.is_done()) {
        let key = record.intent.idempotency_key.clone().unwrap_or_default();
        assert!(
            all.values().any(|keys| keys.contains(&key)),
            "{} is recorded as done, and was not",
            record.intent.key
        );
    }
    let listed = house.listed().await;
    for record in &intents {
        let state = listed.get(&record.intent.key.to_string()).map(String::as_str);
        let is_known = record.is_done() || record.has_failed();
        assert_ne!(state == Some("unknown"), is_known, "{}: {state:?}", record.intent.key);
    }
    for (wish, fared) in fared.iter().filter_map(|(wish, fared)| Some((wish, fared.as_ref()?))) {
        heard(house, wish, fared, disk, &calls, figures).await;
    }
    let open = |record: &&IntentRecord| !record.is_done() && !record.has_failed();
    let open: Vec<String> =
        intents.iter().filter(open).map(|record| record.intent.caller.reveal().to_owned()).collect();
    *figures = Figures {
        calls: calls.len(),
        intents: intents.len(),
        open: figures.open.max(open.len()),
        refunds: all.len(),
        ..*figures
    };
    open
}

/// What a caller heard is in the journal, but for the last moment; and the recording holds the call, but for the last
/// seconds.
async fn heard(
    house: &House,
    wish: &Wish,
    fared: &Fared,
    disk: Duration,
    calls: &[(CallRecord, u64)],
    figures: &mut Figures,
) {
    let lost_max = Millis(LOST_MAX.0 + u32::try_from(disk.as_millis()).unwrap());
    let spoken = said(&fared.recording.agent);
    let of_caller = calls.iter().filter(|(call, _)| call.head.caller.reveal() == wish.from);
    let Some((call, played)) = of_caller.max_by_key(|(call, _)| call.head.answered_us) else {
        assert!(spoken.is_empty(), "{wish:?} heard an agent of whom there is no record");
        return;
    };
    let lines = house.journal().await.journal(&call.head.id).await.unwrap();
    for (n, line) in lines.iter().enumerate() {
        assert_eq!(line.seq as usize, n, "{wish:?}: the journal has a hole");
    }
    let length = Millis(u32::try_from(fared.recording.agent.len() / 8).unwrap());
    for words in &spoken {
        let begun = words.span.from.since(Position::START).millis();
        let is_written = lines.iter().any(|line| line.text.reveal().contains(words.text.trim()));
        let before = Millis(length.0.saturating_sub(begun.0));
        assert!(
            is_written || before <= lost_max,
            "{wish:?}: `{}`, heard {before} before the end, is not on record",
            words.text
        );
        if !is_written {
            figures.lost_ms_max = figures.lost_ms_max.max(before.0);
        }
    }
    let last = lines.iter().map(|line: &Line| line.at).max().unwrap_or(CallTime(0));
    let missing = u64::from(last.0).saturating_sub(*played);
    assert!(
        missing <= u64::from(RECORDING_LOST_MAX.0 + lost_max.0),
        "{wish:?}: {missing} ms of the recording are missing"
    );
}
