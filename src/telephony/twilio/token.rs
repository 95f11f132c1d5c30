//! One-time tokens: a media stream is believed only if it brings what the signed webhook's answer held.
//!
//! Promises: 128 random bits, bound to one call, gone at the first try, dead after thirty seconds; the store
//! is bounded, and holds digests of tokens only.
//! Never: reads a clock; `now` is any time that does not go back, the same for every call.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::core::base::{CallId, Digest, Fault, Owner, Private};

/// How long Twilio may take from our answer to its stream's `start`; a second is usual.
const LIFETIME: Duration = Duration::from_secs(30);
/// Most tokens that wait at a time: 136 new calls a second for thirty seconds. A few hundred bytes each.
const TOKENS_MAX: usize = 4_096;
/// How often a stream that was lost may be opened again in one call; then the call ends with an apology.
pub const RECONNECTS_MAX: u8 = 3;

/// What a redeemed token proves: this call, from and to these numbers, by a signed webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    pub call: CallId,
    pub from: Private,
    pub to: Private,
    /// Zero for the first stream of a call. The action URL of a stream carries it, under Twilio's signature.
    pub attempt: u8,
}

impl Ticket {
    /// The ticket for the next stream of the same call; none after [`RECONNECTS_MAX`].
    #[must_use]
    pub fn again(&self) -> Option<Ticket> {
        (self.attempt < RECONNECTS_MAX).then(|| Ticket { attempt: self.attempt + 1, ..self.clone() })
    }
}

/// The tokens that wait for their stream.
#[derive(Default)]
pub struct Tokens {
    waiting: Mutex<BTreeMap<Digest, (Duration, Ticket)>>,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tokens({} wait)", self.lock().len())
    }
}

/// Why a token was not made or not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// Too many streams are awaited: the call is to be refused politely.
    Full,
    /// The system gave no random bytes.
    NoRandom,
    /// Never made, or used before.
    Unknown,
    Expired,
    /// Made for another call. It is used up all the same.
    OtherCall,
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Denied::Full => "too many calls wait for their stream",
            Denied::NoRandom => "the system has no random bytes",
            Denied::Unknown => "the stream's token was never issued, or was used before",
            Denied::Expired => "the stream's token is older than thirty seconds",
            Denied::OtherCall => "the stream's token belongs to another call",
        })
    }
}

impl std::error::Error for Denied {}

impl Denied {
    /// For the log.
    #[must_use]
    pub fn fault(self) -> Fault {
        let (owner, remedy) = match self {
            Denied::Full => (Owner::Provider, "see who asks the voice webhook so often, and opens no stream"),
            Denied::NoRandom => (Owner::Admin, "let centralita use the system's random bytes (getrandom)"),
            Denied::Unknown => {
                (Owner::Provider, "send a call's webhooks and its stream to one and the same gateway")
            }
            Denied::Expired => (Owner::Provider, "see in Twilio's debugger what held the stream up"),
            Denied::OtherCall => (Owner::Provider, "see who opens streams with the tokens of others"),
        };
        Fault::new(owner, self.to_string(), remedy)
    }
}

impl Tokens {
    /// A new token: 32 hex digits, for a parameter of the stream.
    pub fn issue(&self, ticket: Ticket, now: Duration) -> Result<String, Denied> {
        let mut random = [0_u8; 16];
        aws_lc_rs::rand::fill(&mut random).map_err(|_| Denied::NoRandom)?;
        let token = format!("{:032x}", u128::from_be_bytes(random));
        let mut waiting = self.lock();
        waiting.retain(|_, (expires, _)| *expires > now);
        if waiting.len() >= TOKENS_MAX {
            return Err(Denied::Full);
        }
        waiting.insert(Digest::of_bytes(token.as_bytes()), (now + LIFETIME, ticket));
        Ok(token)
    }

    /// Uses a token up, whatever comes of it.
    pub fn redeem(&self, token: &str, call: &CallId, now: Duration) -> Result<Ticket, Denied> {
        let found = self.lock().remove(&Digest::of_bytes(token.as_bytes()));
        match found {
            None => Err(Denied::Unknown),
            Some((expires, _)) if expires <= now => Err(Denied::Expired),
            Some((_, ticket)) if ticket.call != *call => Err(Denied::OtherCall),
            Some((_, ticket)) => Ok(ticket),
        }
    }

    /// No method panics half-way through a change, so a poisoned lock still holds a sound map.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<Digest, (Duration, Ticket)>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Duration = Duration::from_secs(1_000);

    fn ticket(call: &str) -> Ticket {
        Ticket {
            call: CallId::parse(call).expect("a call id"),
            from: Private::new("+15550100001"),
            to: Private::new("+15550100002"),
            attempt: 0,
        }
    }

    #[test]
    fn a_token_opens_one_stream_of_its_call_once() {
        let tokens = Tokens::default();
        let token = tokens.issue(ticket("CA1"), START).expect("there is room");
        assert_eq!(token.len(), 32);
        let call = CallId::parse("CA1").expect("a call id");
        assert_eq!(tokens.redeem(&token, &call, START + Duration::from_secs(29)), Ok(ticket("CA1")));
        assert_eq!(tokens.redeem(&token, &call, START), Err(Denied::Unknown), "used before");
        assert_eq!(tokens.redeem("guess", &call, START), Err(Denied::Unknown));
    }

    #[test]
    fn a_token_tried_by_another_call_is_burnt() {
        let tokens = Tokens::default();
        let token = tokens.issue(ticket("CA1"), START).expect("there is room");
        assert_eq!(
            tokens.redeem(&token, &CallId::parse("CA2").expect("a call id"), START),
            Err(Denied::OtherCall)
        );
        assert_eq!(
            tokens.redeem(&token, &CallId::parse("CA1").expect("a call id"), START),
            Err(Denied::Unknown)
        );
    }

    #[test]
    fn a_token_dies_after_thirty_seconds() {
        let tokens = Tokens::default();
        let token = tokens.issue(ticket("CA1"), START).expect("there is room");
        let late = START + LIFETIME;
        assert_eq!(
            tokens.redeem(&token, &CallId::parse("CA1").expect("a call id"), late),
            Err(Denied::Expired)
        );
    }

    #[test]
    fn a_full_store_refuses_and_makes_room_as_tokens_expire() {
        let tokens = Tokens::default();
        for n in 0..TOKENS_MAX {
            let second = u64::from(n >= 1);
            tokens.issue(ticket("CA1"), START + Duration::from_secs(second)).expect("there is room");
        }
        assert_eq!(tokens.issue(ticket("CA1"), START + Duration::from_secs(2)), Err(Denied::Full));
        assert!(tokens.issue(ticket("CA1"), START + LIFETIME).is_ok(), "the oldest expired");
        assert_eq!(tokens.issue(ticket("CA1"), START + LIFETIME), Err(Denied::Full));
    }

    #[test]
    fn no_two_tokens_are_alike_and_none_prints() {
        let tokens = Tokens::default();
        let made: std::collections::BTreeSet<String> =
            (0..100).map(|_| tokens.issue(ticket("CA1"), START).expect("there is room")).collect();
        assert_eq!(made.len(), 100);
        assert_eq!(format!("{tokens:?}"), "Tokens(100 wait)");
        assert!(!format!("{:?}", ticket("CA1")).contains("5550100001"));
    }

    #[test]
    fn a_lost_stream_is_opened_again_three_times() {
        let attempts: Vec<u8> =
            std::iter::successors(Some(ticket("CA1")), Ticket::again).map(|t| t.attempt).collect();
        assert_eq!(attempts, [0, 1, 2, 3]);
    }
}
