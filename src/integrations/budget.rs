//! Budgets of failed proofs: how often a call, a caller and a record may be tried before nobody is asked any more.
//!
//! A call and a caller run out of tries. A record is only put off, longer each time: else whoever guesses at it would lock
//! out the one it belongs to.
//!
//! Promises: a try is counted, durably, before its request leaves, and taken back only where a proof held or nobody learned
//! anything: a system that has no such record is no other failure than one whose record says something else. What is counted
//! is told apart by keyed digests: no number and no value is among it.
//! Never: knows what was wrong; reads a clock.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use centralita_core::base::{Digest, Fault, canonical_json};
use centralita_core::conversation::{Lock, PROOFS_PER_CALL, Unproven};
use futures::future::BoxFuture;
use serde::Serialize;
use serde_json::{Map, Value, json};
use tokio::time::{Instant, timeout_at};

use super::probe::asked_by;
use super::registry::Registry;
use super::spec::{Exchange, ToolSpec};
use super::tries::Untold;

/// Failed proofs of one caller within [`CALLER_WINDOW`]: twice what one call may fail, for who calls again.
const PER_CALLER: u8 = 10;
/// How many callers a withheld number is taken for: they share one budget, and most of them are not who guesses.
const WITHHELD_ARE: usize = 3;
/// How long a failed proof counts against its caller: a person who is put off gets through the same day.
const CALLER_WINDOW: Duration = Duration::from_secs(60 * 60);

/// Failed proofs of one record after which it is put off: who knows what is asked, and is misheard, needs no more.
const PER_RECORD: u8 = 3;
/// How long it is put off then, and after each further failure. Whoever guesses at four digits, whatever numbers they call
/// from, has tried half of them after a hundred days; whom it belongs to waits half an hour at most.
const PUT_OFF: [Duration; 3] =
    [Duration::from_secs(60), Duration::from_secs(5 * 60), Duration::from_secs(30 * 60)];
/// How long a failed proof counts against its record. No window is longer.
const RECORD_WINDOW: Duration = TRIES_COUNT_FOR;

/// What happened longer ago counts nowhere, and nothing of it is kept.
pub const TRIES_COUNT_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// Most that an admin may allow: of a call, of a caller, of a record. More is no limit to a program that calls.
pub const BUDGET_MOST: Budget = Budget { per_call: 20, per_caller: 100, per_record: 10 };

/// How many proofs may fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Budget {
    pub per_call: u8,
    pub per_caller: u8,
    pub per_record: u8,
}

impl Default for Budget {
    fn default() -> Budget {
        Budget { per_call: PROOFS_PER_CALL, per_caller: PER_CALLER, per_record: PER_RECORD }
    }
}

impl Budget {
    pub(super) fn is_default(&self) -> bool {
        *self == Budget::default()
    }
}

/// What a try counts against. Digests under the database's key: they tell nothing to who has them alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trial {
    pub call: Digest,
    /// The number that calls; all withheld ones are one.
    pub caller: Digest,
    /// What is looked up. None where it is no value of the caller's that says which record is meant.
    pub record: Option<Digest>,
    /// Whose failures a success takes from the record: the caller's, or where the number is withheld, the call's.
    pub clears: Digest,
}

/// The name of a try in its log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TryId(pub i64);

/// How long ago each of the tries was counted that were not taken back, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tried {
    pub of_call: Vec<Duration>,
    pub of_caller: Vec<Duration>,
    pub of_record: Vec<Duration>,
}

/// How a try ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryEnd {
    /// Nothing was learned: it is as if it had not been.
    TakenBack,
    /// The proof held: the same, and this caller's failures do not count against the record any more.
    Held,
}

/// Counts tries durably, for all calls of all processes.
pub trait TryLog: fmt::Debug + Send + Sync {
    /// Counts a try. Returns after it is on disk, with what was counted before it.
    fn count<'a>(&'a self, trial: &'a Trial) -> BoxFuture<'a, Result<(TryId, Tried), Fault>>;
    /// Of one that ends otherwise nothing is told: it has failed.
    fn ended(&self, id: TryId, end: TryEnd);
}

/// How long nobody may try, after what was tried.
fn lock(budget: Budget, is_withheld: bool, tried: &Tried) -> Option<Lock> {
    if tried.of_call.len() >= usize::from(budget.per_call) {
        return Some(Lock::Call);
    }
    let people = if is_withheld { WITHHELD_ARE } else { 1 };
    let most = usize::from(budget.per_caller) * people;
    // The newest but so many: once it is over, one may be tried.
    let oldest = tried.of_caller.get(most.saturating_sub(1));
    let of_caller = oldest.map_or(Duration::ZERO, |ago| CALLER_WINDOW.saturating_sub(*ago));
    let failed = tried.of_record.iter().filter(|ago| **ago < RECORD_WINDOW).count();
    let beyond = failed.checked_sub(usize::from(budget.per_record));
    let put_off = beyond.map_or(Duration::ZERO, |n| PUT_OFF[n.min(PUT_OFF.len() - 1)]);
    let newest = tried.of_record.first().copied().unwrap_or_default();
    let wait = of_caller.max(put_off.saturating_sub(newest)).as_millis().div_ceil(60_000);
    (wait > 0).then(|| Lock::Minutes(u32::try_from(wait).unwrap_or(u32::MAX)))
}

/// Why a tool with proofs did not get to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unmade {
    Untold(Untold),
    Unproven(Unproven),
}

impl From<Untold> for Unmade {
    fn from(untold: Untold) -> Unmade {
        Unmade::Untold(untold)
    }
}

impl From<String> for Unmade {
    fn from(why: String) -> Unmade {
        Untold::Why(why).into()
    }
}

impl Registry {
    /// Does what tries the proofs of a tool, where it may be tried at all; a tool without proofs just does it.
    pub(super) async fn tried<T>(
        &self,
        spec: &ToolSpec,
        values: &Map<String, Value>,
        until: Instant,
        work: impl Future<Output = Result<T, Untold>>,
    ) -> Result<T, Unmade> {
        if spec.proving().is_empty() {
            return work.await.map_err(Unmade::Untold);
        }
        let id = self.counted(spec, values, until).await?;
        match work.await {
            Ok(found) => {
                self.tries.ended(id, TryEnd::Held);
                Ok(found)
            }
            Err(Untold::Unproven(why)) => Err(Unmade::Unproven(Unproven::Failed { why })),
            Err(untold @ (Untold::Why(_) | Untold::Absent(_) | Untold::OutOfReach)) => {
                self.tries.ended(id, TryEnd::TakenBack);
                Err(untold.into())
            }
        }
    }

    async fn counted(
        &self,
        spec: &ToolSpec,
        values: &Map<String, Value>,
        until: Instant,
    ) -> Result<TryId, Unmade> {
        let trial = self.trial(spec, values);
        let late =
            || Unmade::from("it cannot be recorded now that it was tried: nothing was sent".to_owned());
        let counted = timeout_at(until, self.tries.count(&trial)).await.map_err(|_| late())?;
        let (id, tried) = counted.map_err(|fault| {
            let (call, owner) = (&self.call.id, fault.owner);
            tracing::error!(%call, ?owner, %fault, "a proof was not tried: it could not be recorded");
            late()
        })?;
        let is_withheld = self.call.from.trim().is_empty();
        match lock(spec.budget, is_withheld, &tried) {
            None => Ok(id),
            Some(lock) => {
                self.tries.ended(id, TryEnd::TakenBack);
                Err(Unmade::Unproven(Unproven::Locked(lock)))
            }
        }
    }

    fn trial(&self, spec: &ToolSpec, values: &Map<String, Value>) -> Trial {
        // What is mocked counts nowhere else.
        let world = self.toolbox.world().word();
        let digest = |of: Value| self.action_key.digest(&json!({"tries": of, "world": world}));
        let call = digest(json!({"call": self.call.id.as_str()}));
        let from = self.call.from.trim();
        let caller = digest(json!({ "caller": from }));
        let (integration, _) = spec.name.0.split_once('.').unwrap_or((&spec.name.0, ""));
        let looked = self.looked_up(spec, values);
        let record =
            (!looked.is_empty()).then(|| digest(json!({"integration": integration, "record": looked})));
        Trial { call, caller, record, clears: if from.is_empty() { call } else { caller } }
    }

    /// The caller's values by which the system looks something up, whatever they are called: two tools that ask for one
    /// record share its budget.
    fn looked_up(&self, spec: &ToolSpec, values: &Map<String, Value>) -> Vec<String> {
        let asked = |exchange: &Exchange| asked_by(exchange, &self.toolbox.renderer).unwrap_or_default();
        let named: BTreeSet<String> = spec.proving().iter().flat_map(asked).collect();
        let own = spec.parameters.iter().filter(|parameter| named.contains(&parameter.name));
        let given = own.filter_map(|parameter| values.get(&parameter.name).filter(|value| !value.is_null()));
        let mut looked: Vec<String> = given.map(canonical_json).collect();
        looked.sort();
        looked
    }
}

/// Counts in memory: of a call that is only tried out, or where there is no record.
#[derive(Debug, Default)]
pub struct TriesInMemory(Mutex<Vec<(TryId, Trial, Instant)>>);

impl TryLog for TriesInMemory {
    fn count<'a>(&'a self, trial: &'a Trial) -> BoxFuture<'a, Result<(TryId, Tried), Fault>> {
        // A list of finished values is whole even if a holder panicked.
        let mut tries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let ago = |is: &dyn Fn(&Trial) -> bool| {
            let mine = tries.iter().rev().filter(|(_, other, _)| is(other));
            mine.map(|(_, _, at)| at.elapsed()).collect::<Vec<Duration>>()
        };
        let tried = Tried {
            of_call: ago(&|other| other.call == trial.call),
            of_caller: ago(&|other| other.caller == trial.caller),
            of_record: ago(&|other| other.record.is_some() && other.record == trial.record),
        };
        let id = TryId(tries.last().map_or(1, |(last, ..)| last.0.saturating_add(1)));
        tries.push((id, trial.clone(), Instant::now()));
        Box::pin(std::future::ready(Ok((id, tried))))
    }

    fn ended(&self, id: TryId, end: TryEnd) {
        let mut tries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(place) = tries.iter().position(|(known, ..)| *known == id) else { return };
        let (_, trial, _) = tries.remove(place);
        match end {
            TryEnd::TakenBack => {}
            TryEnd::Held => {
                let same = |other: &Trial| other.record == trial.record && other.clears == trial.clears;
                let cleared = tries.iter_mut().filter(|(_, other, _)| same(other));
                cleared.for_each(|(_, other, _)| other.record = None);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: u64 = 60;

    fn ago(minutes: &[u64]) -> Vec<Duration> {
        minutes.iter().map(|minutes| Duration::from_secs(minutes * MINUTE)).collect()
    }

    #[test]
    fn a_record_is_put_off_longer_after_each_failure_and_comes_back() {
        let budget = Budget::default();
        for (of_record, want) in [
            (&[][..], None),
            (&[0, 1], None),
            (&[0, 1, 2], Some(1)),
            (&[1, 1, 2], None),
            (&[0, 1, 2, 3], Some(5)),
            (&[2, 3, 4, 5], Some(3)),
            (&[0, 6, 7, 8, 9], Some(30)),
            (&[0, 30, 60, 90, 120, 150], Some(30)),
            (&[29, 30, 60, 90, 120, 150], Some(1)),
            (&[30, 60, 90, 120, 150], None),
            (&[0, 1_440, 1_441, 1_442], None),
        ] {
            let tried = Tried { of_record: ago(of_record), ..Tried::default() };
            assert_eq!(lock(budget, false, &tried), want.map(Lock::Minutes), "{of_record:?}");
        }
    }

    #[test]
    fn a_caller_waits_for_the_oldest_failure_to_pass_and_withheld_numbers_wait_together() {
        let budget = Budget { per_caller: 2, ..Budget::default() };
        for (of_caller, is_withheld, want) in [
            (&[0][..], false, None),
            (&[0, 20], false, Some(40)),
            (&[0, 20, 50], false, Some(40)),
            (&[0, 61], false, None),
            (&[0, 1, 2, 3, 4], true, None),
            (&[0, 1, 2, 3, 4, 5], true, Some(55)),
        ] {
            let tried = Tried { of_caller: ago(of_caller), ..Tried::default() };
            assert_eq!(lock(budget, is_withheld, &tried), want.map(Lock::Minutes), "{of_caller:?}");
        }
    }

    #[test]
    fn a_call_that_has_failed_so_often_tries_no_more() {
        let of = |n: usize| Tried { of_call: ago(&[90; 9][..n]), ..Tried::default() };
        assert_eq!(lock(Budget::default(), false, &of(4)), None);
        assert_eq!(lock(Budget::default(), false, &of(5)), Some(Lock::Call));
    }
}
