//! What stands in place of a caller's number that is withheld.
//!
//! Sources: Twilio's help page 223179988, "Why am I getting calls from these strange numbers?" (the words spelled on a
//! telephone's keys); RFC 3261 §8.1.1.3 and RFC 3323 §4.1.1.3 (`anonymous@anonymous.invalid`); 3GPP TS 23.003 §13.6 and
//! §13.7 (the same, and `unavailable@unknown.invalid`); RFC 2606 §2 (`.invalid` is nobody's domain). Read in November
//! 2026.
//!
//! Promises: many people are never taken for one; who has a number or an address keeps it.
//! Never: prints one.

use crate::core::base::Private;

/// `ANONYMOUS`, `RESTRICTED`, `BLOCKED`, `UNKNOWN` and `UNAVAILABLE` on a telephone's keys. None is a number of
/// the country it seems to begin with: each has too few digits for that.
const SPELLED: [&str; 5] = ["266696687", "7378742833", "2562533", "8656696", "86282452253"];

/// What a SIP address has before its `@` where nobody is to know who calls.
const USERS: [&str; 6] = ["anonymous", "private", "restricted", "blocked", "unknown", "unavailable"];

/// The caller's number or address; empty where it is withheld.
#[must_use]
pub fn number(from: &str) -> Private {
    let from = from.trim();
    Private::new(if is_withheld(from) { "" } else { from })
}

fn is_withheld(from: &str) -> bool {
    let (scheme, address) = match from.split_once(':') {
        Some((scheme, address)) => (Some(scheme), address),
        None => (None, from),
    };
    let (user, host) = address.split_once('@').unwrap_or((address, ""));
    let host = host.split([';', ':', '>']).next().unwrap_or_default().to_ascii_lowercase();
    let nobody = USERS.iter().any(|word| user.eq_ignore_ascii_case(word));
    // A word in whatever language; an address, though, may well have no digit.
    let is_word = scheme.is_none() && host.is_empty() && !user.bytes().any(|b| b.is_ascii_digit());
    nobody || is_word || host.ends_with(".invalid") || is_spelled(user)
}

/// With or without the `+`, and with the 1 of North America, which Twilio is seen to put before what has the length of
/// a number there. Whoever really has +1 737 874 2833 counts as nobody, too.
fn is_spelled(user: &str) -> bool {
    let digits = user.trim_start_matches('+');
    let national = digits.strip_prefix('1').unwrap_or(digits);
    SPELLED.contains(&digits) || SPELLED.contains(&national)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_place_of_a_number_is_none() {
        for from in [
            "",
            " ",
            "anonymous",
            "Anonymous",
            "RESTRICTED",
            "unknown",
            "Número privado",
            "+",
            "+266696687",
            "266696687",
            "+1266696687",
            "+7378742833",
            "+17378742833",
            "+2562533",
            "+8656696",
            "+86282452253",
            "sip:anonymous@anonymous.invalid",
            "sips:Anonymous@Anonymous.INVALID;transport=tls",
            "sip:anonymous@192.0.2.1:5060",
            "sip:c8oqz84zk7z@anonymous.invalid:5060",
            "sip:unavailable@unknown.invalid",
            "sip:+266696687@sip.example.com",
            "client:Anonymous",
            "anonymous@anonymous.invalid",
        ] {
            assert_eq!(number(from).reveal(), "", "{from}");
        }
    }

    #[test]
    fn who_has_a_number_or_an_address_keeps_it() {
        for from in [
            "+15550100001",
            "+34600111222",
            "+266 5123 4567",
            "+2666966870",
            "+73787428331",
            "+12562533000",
            "+8628245225300",
            "112",
            "sip:alice@example.com",
            "sip:anonymous.coward@example.com",
            "sip:+34600111222@sip.example.com",
            "sip:alice@invalid.example.com",
            "client:alice",
        ] {
            assert_eq!(number(from).reveal(), from, "{from}");
        }
        assert_eq!(number(" +34600111222 ").reveal(), "+34600111222");
    }
}
