//! Where a token lies while it is good, and how it is renewed: by one request at a time, for all who wait.
//!
//! A token is renewed while it still has a fifth of its life, beside what goes on: so no caller waits for it but the first.
//! A renewal ends by itself, also where nobody waits for it any more: what it brought may be needed for the next one.
//!
//! Promises: however many ask, one renewal is under way; a failure is told to all who wait, and the next one who asks later
//! tries again; a token that was refused is not given again.
//! Never: prints a token; knows where it comes from.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use centralita_core::base::{Fault, Owner};
use futures::FutureExt as _;
use futures::future::{BoxFuture, Shared};
use secrecy::SecretString;
use tokio::time::{Instant, timeout_at};

/// So long before its end a token is not sent any more: it shall be good when it arrives.
const MARGIN: Duration = Duration::from_secs(5);
/// Of its life, after how many hundredths it is renewed.
const RENEWED_AT: u32 = 80;
/// No system that refuses us is asked more often.
const AFTER_A_FAILURE: Duration = Duration::from_secs(1);

/// What a system gave.
#[derive(Clone, Debug)]
pub struct Fetched {
    pub token: SecretString,
    /// From when it was asked for; unknown where it did not say.
    pub lasts: Option<Duration>,
}

/// A token in use.
#[derive(Clone)]
pub struct Token {
    pub secret: SecretString,
    /// Which one it is, of those this slot has had.
    number: u64,
    /// When it is to be renewed, and when it is of no use any more.
    life: Option<(Instant, Instant)>,
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({})", self.number)
    }
}

type Flight = Shared<BoxFuture<'static, Result<Token, Fault>>>;

#[derive(Default)]
struct State {
    token: Option<Token>,
    count: u64,
    flight: Option<Flight>,
    failed: Option<(Instant, Fault)>,
}

/// One token, of one right at one system.
#[derive(Default)]
pub struct Slot(Mutex<State>);

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Slot")
    }
}

impl Slot {
    /// The token, until then at most; where there is none that is good, `fetch` gets one.
    ///
    /// # Errors
    /// What was told instead of a token, or that it took too long.
    pub async fn token<F>(self: &Arc<Self>, until: Instant, fetch: impl FnOnce() -> F) -> Result<Token, Fault>
    where
        F: Future<Output = Result<Fetched, Fault>> + Send + 'static,
    {
        let flight = match self.found(fetch) {
            Ok(found) => return found,
            Err(flight) => flight,
        };
        timeout_at(until, flight).await.unwrap_or_else(|_| {
            let what = "no token came in time";
            Err(Fault::new(Owner::Provider, what, "see whether the host of `token_url` is up"))
        })
    }

    /// It was refused: the next one who asks gets another.
    pub fn refused(&self, token: &Token) {
        let mut state = self.state();
        if state.token.as_ref().is_some_and(|held| held.number == token.number) {
            state.token = None;
        }
    }

    /// What is known now, or the renewal to wait for.
    fn found<F>(self: &Arc<Self>, fetch: impl FnOnce() -> F) -> Result<Result<Token, Fault>, Flight>
    where
        F: Future<Output = Result<Fetched, Fault>> + Send + 'static,
    {
        let now = Instant::now();
        let mut state = self.state();
        let held = state.token.clone();
        let good = held.filter(|token| token.life.is_none_or(|(_, end)| now < end));
        let is_young = |token: &Token| token.life.is_none_or(|(renew, _)| now < renew);
        if let Some(young) = good.as_ref().filter(|token| is_young(token)) {
            return Ok(Ok(young.clone()));
        }
        let failed = state.failed.as_ref().filter(|(at, _)| now < *at + AFTER_A_FAILURE);
        let failed = failed.map(|(_, fault)| fault.clone());
        match (good, failed, state.flight.clone()) {
            (Some(old), Some(_), _) | (Some(old), None, Some(_)) => Ok(Ok(old)),
            (Some(old), None, None) => {
                state.flight = Some(self.start(now, fetch()));
                Ok(Ok(old))
            }
            (None, _, Some(flight)) => Err(flight),
            (None, Some(fault), None) => Ok(Err(fault)),
            (None, None, None) => {
                let flight = self.start(now, fetch());
                state.flight = Some(flight.clone());
                Err(flight)
            }
        }
    }

    /// In a task of its own, which ends whoever hangs up.
    fn start(
        self: &Arc<Self>,
        now: Instant,
        fetch: impl Future<Output = Result<Fetched, Fault>> + Send + 'static,
    ) -> Flight {
        let slot = Arc::clone(self);
        let task = tokio::spawn(async move {
            let fetched = fetch.await;
            slot.land(now, fetched)
        });
        let slot = Arc::clone(self);
        let broken = || Fault::new(Owner::Gateway, "the renewal of a token broke off", "look at the log");
        task.map(move |landed| landed.unwrap_or_else(|_| slot.land(now, Err(broken())))).boxed().shared()
    }

    fn land(&self, asked: Instant, fetched: Result<Fetched, Fault>) -> Result<Token, Fault> {
        let mut state = self.state();
        state.flight = None;
        match fetched {
            Ok(Fetched { token, lasts }) => {
                state.count += 1;
                let life = lasts
                    .map(|lasts| (asked + lasts * RENEWED_AT / 100, asked + lasts.saturating_sub(MARGIN)));
                let token = Token { secret: token, number: state.count, life };
                state.token = Some(token.clone());
                state.failed = None;
                Ok(token)
            }
            Err(fault) => {
                state.failed = Some((Instant::now(), fault.clone()));
                Err(fault)
            }
        }
    }

    // Its fields are whole between two statements, also where a holder panicked.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use secrecy::ExposeSecret as _;

    use super::*;

    const SOON: Duration = Duration::from_secs(60);

    fn fetched(text: &str, lasts: Option<u64>) -> Fetched {
        Fetched { token: text.to_owned().into(), lasts: lasts.map(Duration::from_secs) }
    }

    async fn asked(slot: &Arc<Slot>, brings: Result<Fetched, Fault>) -> Result<String, String> {
        let token = slot.token(Instant::now() + SOON, || async move { brings }).await;
        token.map(|token| token.secret.expose_secret().to_owned()).map_err(|fault| fault.what)
    }

    fn down() -> Fault {
        Fault::new(Owner::Provider, "it is down", "wait")
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_is_kept_renewed_beside_what_goes_on_and_gone_at_its_end() {
        let slot = Arc::new(Slot::default());
        let ok = |text: &str| Ok(fetched(text, Some(100)));
        assert_eq!(asked(&slot, ok("one")).await.as_deref(), Ok("one"));
        tokio::time::advance(Duration::from_secs(79)).await;
        assert_eq!(asked(&slot, ok("unasked")).await.as_deref(), Ok("one"));
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(asked(&slot, ok("two")).await.as_deref(), Ok("one"), "nobody waits for the renewal");
        tokio::task::yield_now().await;
        assert_eq!(asked(&slot, ok("unasked")).await.as_deref(), Ok("two"));
        // In its last seconds it might end on the way.
        tokio::time::advance(Duration::from_secs(96)).await;
        assert_eq!(asked(&slot, ok("three")).await.as_deref(), Ok("three"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_renewal_that_fails_early_hurts_nobody_and_is_tried_again() {
        let slot = Arc::new(Slot::default());
        assert_eq!(asked(&slot, Ok(fetched("one", Some(100)))).await.as_deref(), Ok("one"));
        tokio::time::advance(Duration::from_secs(81)).await;
        assert_eq!(asked(&slot, Err(down())).await.as_deref(), Ok("one"));
        tokio::task::yield_now().await;
        assert_eq!(asked(&slot, Ok(fetched("too soon", None))).await.as_deref(), Ok("one"));
        tokio::time::advance(AFTER_A_FAILURE).await;
        assert_eq!(asked(&slot, Ok(fetched("two", None))).await.as_deref(), Ok("one"));
        tokio::task::yield_now().await;
        assert_eq!(asked(&slot, Err(down())).await.as_deref(), Ok("two"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_is_told_to_all_and_for_a_second_to_whoever_comes_next() {
        let slot = Arc::new(Slot::default());
        assert_eq!(asked(&slot, Err(down())).await, Err("it is down".to_owned()));
        assert_eq!(asked(&slot, Ok(fetched("too soon", None))).await, Err("it is down".to_owned()));
        tokio::time::advance(AFTER_A_FAILURE).await;
        assert_eq!(asked(&slot, Ok(fetched("one", None))).await.as_deref(), Ok("one"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_hundred_who_ask_at_once_make_one_renewal_which_ends_though_all_of_them_hang_up() {
        let (slot, count) = (Arc::new(Slot::default()), Arc::new(AtomicU32::new(0)));
        let renewal = || {
            let count = Arc::clone(&count);
            async move {
                count.fetch_add(1, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_secs(3)).await;
                Ok(fetched("one", None))
            }
        };
        let hurried = Instant::now() + Duration::from_secs(1);
        let all = (0..100).map(|_| slot.token(hurried, renewal));
        for told in futures::future::join_all(all).await {
            assert!(told.is_err_and(|fault| fault.what == "no token came in time"));
        }
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert_eq!(asked(&slot, Err(down())).await.as_deref(), Ok("one"));
        assert_eq!(count.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn a_token_that_was_refused_is_not_given_again_and_a_newer_one_stays() {
        let slot = Arc::new(Slot::default());
        let get = |text: &'static str| {
            slot.token(Instant::now() + SOON, move || async move { Ok(fetched(text, None)) })
        };
        let one = get("one").await.expect("it was brought");
        slot.refused(&one);
        let two = get("two").await.expect("it was brought");
        slot.refused(&one);
        assert_eq!(get("unasked").await.expect("it is there").secret.expose_secret(), "two");
        assert!(!format!("{slot:?} {two:?} {:?}", fetched("two", None)).contains("two"));
    }

    #[tokio::test]
    async fn a_renewal_that_panics_is_a_failure_and_not_the_last_one() {
        let slot = Arc::new(Slot::default());
        let panics = || async { std::panic::resume_unwind(Box::new("as this test wants")) };
        let fault = slot.token(Instant::now() + SOON, panics).await.expect_err("it broke off");
        assert!(fault.what.contains("broke off"), "{fault}");
        assert!(slot.state().flight.is_none());
    }
}
