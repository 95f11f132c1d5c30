//! Leaves a system alone that fails again and again, so that no caller waits for what cannot come.
//!
//! One breaker for each integration, shared by all calls and agents of the process. It judges by what just happened: of the
//! last exchanges several failed, and at least half. Then it is open: nothing is sent, and whoever asks hears so at once.
//! After a pause one request goes through; if that is answered, all others follow, and else the pause is longer.
//!
//! Promises: an open breaker costs no caller more than a look; a request that is let through is judged exactly once, also
//! where nobody waits for it any more.
//! Never: judges what a system says of a request (a 4xx, a condition that is false); knows a caller.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use url::Url;

use super::probe::Pauses;

/// How far back it looks: a caller's own call is longer.
const WINDOW: Duration = Duration::from_secs(30);
/// How many exchanges it remembers of that time: of a busy system the last few seconds.
const SEEN_MAX: usize = 64;
/// How many of them must have failed: fewer are bad luck.
const FAILURES_MIN: usize = 5;
/// From its opening to the first request that goes through again.
const PAUSE_FIRST: Duration = Duration::from_secs(10);
/// The longest pause: no caller of the next minute hears of what is over.
const PAUSE_LONGEST: Duration = Duration::from_secs(60);

/// Whether nothing is sent to an integration's system, 1 or 0.
const OPEN: &str = "centralita_integration_open";
/// How often that began.
const OPENED: &str = "centralita_integration_opened_total";
/// What was not sent therefore.
const WITHHELD: &str = "centralita_integration_withheld_total";

/// The breakers of a process: of one integration always the same one.
#[derive(Debug, Default)]
pub struct Breakers(Mutex<BTreeMap<String, Arc<Breaker>>>);

impl Breakers {
    pub(super) fn of(&self, integration: &str, base: &Url) -> Arc<Breaker> {
        // An integration that was moved is another system.
        let known = format!("{integration} {base}");
        // A map of shared breakers is whole even if a holder panicked.
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(known).or_insert_with(|| Arc::new(Breaker::new(integration))))
    }
}

/// One integration's.
#[derive(Debug)]
pub(super) struct Breaker {
    id: String,
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    /// Everything goes through; the last exchanges, oldest first.
    Closed(VecDeque<(Instant, Health)>),
    /// Nothing does, until then.
    Open { until: Instant, pauses: Pauses },
    /// One request is on its way, by which all is decided.
    Trying { pauses: Pauses },
}

/// How a system did in one exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Health {
    /// It answered, whatever it said.
    Well,
    /// It was not reached, did not answer, or answered that it is broken.
    Ill,
}

/// The breaker is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OutOfReach;

/// A request that goes through. Whoever drops it untold has learnt nothing.
#[derive(Debug)]
pub(super) struct Passing<'b> {
    breaker: &'b Breaker,
    part: Part,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    OneOfMany,
    /// All others wait for what becomes of it.
    Trial,
    Over,
}

impl Breaker {
    fn new(id: &str) -> Breaker {
        metrics::describe_gauge!(OPEN, "Integrations whose system is left alone for a while");
        metrics::describe_counter!(OPENED, "How often a system was left alone for a while");
        metrics::describe_counter!(WITHHELD, "Requests that were not sent to a system that is left alone");
        metrics::gauge!(OPEN, "integration" => id.to_owned()).set(0.0);
        metrics::counter!(OPENED, "integration" => id.to_owned()).absolute(0);
        metrics::counter!(WITHHELD, "integration" => id.to_owned()).absolute(0);
        Breaker { id: id.to_owned(), state: Mutex::new(State::Closed(VecDeque::new())) }
    }

    /// Whether a request would be refused now. It refuses nothing itself.
    pub(super) fn is_open(&self) -> bool {
        match &*self.state() {
            State::Closed(_) => false,
            State::Open { until, .. } => Instant::now() < *until,
            State::Trying { .. } => true,
        }
    }

    /// Lets a request through.
    ///
    /// # Errors
    /// The system is left alone.
    pub(super) fn enter(&self) -> Result<Passing<'_>, OutOfReach> {
        let mut state = self.state();
        let part = match &*state {
            State::Closed(_) => Part::OneOfMany,
            State::Open { until, pauses } if *until <= Instant::now() => {
                let pauses = *pauses;
                *state = State::Trying { pauses };
                Part::Trial
            }
            State::Open { .. } | State::Trying { .. } => {
                drop(state);
                metrics::counter!(WITHHELD, "integration" => self.id.clone()).increment(1);
                return Err(OutOfReach);
            }
        };
        drop(state);
        Ok(Passing { breaker: self, part })
    }

    fn saw(&self, health: Health) {
        let mut state = self.state();
        // What left before it opened says nothing new.
        let State::Closed(seen) = &mut *state else { return };
        let now = Instant::now();
        seen.push_back((now, health));
        while seen.len() > SEEN_MAX || seen.front().is_some_and(|(at, _)| now.duration_since(*at) > WINDOW) {
            seen.pop_front();
        }
        let failed = seen.iter().filter(|(_, health)| *health == Health::Ill).count();
        if health == Health::Ill && failed >= FAILURES_MIN && failed * 2 >= seen.len() {
            tracing::warn!(
                integration = %self.id,
                "{failed} of the last {} exchanges failed: nothing is sent to it for a while", seen.len()
            );
            metrics::counter!(OPENED, "integration" => self.id.clone()).increment(1);
            self.opens(&mut state, Pauses::new(PAUSE_FIRST, PAUSE_LONGEST));
        }
    }

    fn opens(&self, state: &mut State, mut pauses: Pauses) {
        let until = Instant::now() + pauses.pause();
        *state = State::Open { until, pauses };
        metrics::gauge!(OPEN, "integration" => self.id.clone()).set(1.0);
    }

    fn was_tried(&self, health: Health) {
        let mut state = self.state();
        let State::Trying { pauses } = &*state else { return };
        match (health, *pauses) {
            (Health::Well, _) => {
                tracing::info!(integration = %self.id, "it answers again");
                metrics::gauge!(OPEN, "integration" => self.id.clone()).set(0.0);
                *state = State::Closed(VecDeque::new());
            }
            (Health::Ill, pauses) => self.opens(&mut state, pauses),
        }
    }

    /// Whoever comes next is let through.
    fn was_not_tried(&self) {
        let mut state = self.state();
        if let State::Trying { pauses } = &*state {
            let (until, pauses) = (Instant::now(), *pauses);
            *state = State::Open { until, pauses };
        }
    }

    // A state is whole even if a holder panicked.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Passing<'_> {
    /// What became of it.
    pub(super) fn ended(mut self, health: Health) {
        match std::mem::replace(&mut self.part, Part::Over) {
            Part::OneOfMany => self.breaker.saw(health),
            Part::Trial => self.breaker.was_tried(health),
            Part::Over => {}
        }
    }
}

impl Drop for Passing<'_> {
    fn drop(&mut self) {
        if self.part == Part::Trial {
            self.breaker.was_not_tried();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fail(breaker: &Breaker, times: usize) {
        for _ in 0..times {
            breaker.enter().expect("it lets this one through").ended(Health::Ill);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn it_opens_after_several_failures_lets_one_try_and_closes_with_the_first_answer() {
        let breaker = Breaker::new("shop");
        fail(&breaker, FAILURES_MIN - 1);
        assert!(!breaker.is_open());
        fail(&breaker, 1);
        assert!(breaker.is_open() && breaker.enter().is_err());
        tokio::time::advance(PAUSE_FIRST).await;
        let trial = breaker.enter().expect("it lets this one through");
        assert!(breaker.enter().is_err(), "one at a time");
        trial.ended(Health::Ill);
        tokio::time::advance(PAUSE_FIRST).await;
        assert!(breaker.enter().is_err(), "the second pause is longer");
        tokio::time::advance(PAUSE_FIRST).await;
        breaker.enter().expect("it lets this one through").ended(Health::Well);
        fail(&breaker, FAILURES_MIN - 1);
        assert!(!breaker.is_open(), "what was before is forgotten");
    }

    #[tokio::test(start_paused = true)]
    async fn failures_among_many_answers_or_long_ago_do_not_open_it() {
        let breaker = Breaker::new("shop");
        for _ in 0..20 {
            breaker.enter().expect("it lets this one through").ended(Health::Well);
            breaker.enter().expect("it lets this one through").ended(Health::Well);
            fail(&breaker, 1);
        }
        assert!(!breaker.is_open(), "a third is a bad day");
        tokio::time::advance(WINDOW * 2).await;
        fail(&breaker, FAILURES_MIN - 1);
        tokio::time::advance(WINDOW * 2).await;
        fail(&breaker, 1);
        assert!(!breaker.is_open());
    }

    #[tokio::test(start_paused = true)]
    async fn a_trial_that_nobody_waits_for_any_more_leaves_the_place_to_the_next() {
        let breaker = Breaker::new("shop");
        fail(&breaker, FAILURES_MIN);
        tokio::time::advance(PAUSE_FIRST).await;
        drop(breaker.enter().expect("it lets this one through"));
        assert!(!breaker.is_open());
        breaker.enter().expect("it lets this one through").ended(Health::Well);
        breaker.enter().expect("it lets this one through").ended(Health::Well);
    }

    #[tokio::test(start_paused = true)]
    async fn what_left_before_it_opened_says_nothing_new() {
        let breaker = Breaker::new("shop");
        let late = breaker.enter().expect("it lets this one through");
        fail(&breaker, FAILURES_MIN);
        late.ended(Health::Well);
        assert!(breaker.is_open());
    }

    #[test]
    fn one_integration_has_one_breaker_and_its_id_at_another_address_another() {
        let breakers = Breakers::default();
        let at = |base: &str| breakers.of("shop", &base.parse().expect("an address"));
        let one = at("https://a.example/v1");
        assert!(Arc::ptr_eq(&one, &at("https://a.example/v1")));
        assert!(!Arc::ptr_eq(&one, &at("https://b.example/v1")));
    }
}
