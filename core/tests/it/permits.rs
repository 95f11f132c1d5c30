//! What a permit is leave for, told from outside: one proposal, one action, for a while.
//!
//! Promises: leave for one thing is leave for nothing else.
//! Never: makes a permit as a conversation does; it takes the one that an admin may give.

use centralita_core::base::{CallTime, Digest, ProposalId};
use centralita_core::conversation::Permit;

#[test]
fn a_permit_covers_its_proposal_with_its_very_action_and_not_for_ever() {
    let (action, other) = (Digest::of_bytes(b"refund 20"), Digest::of_bytes(b"refund 21"));
    let permit = Permit::by_admin(ProposalId(1), action, "ana".to_owned(), "asked by letter".to_owned());
    assert!(permit.covers(ProposalId(1), action, CallTime::ANSWER));
    assert!(!permit.covers(ProposalId(1), other, CallTime::ANSWER), "another action");
    assert!(!permit.covers(ProposalId(2), action, CallTime::ANSWER), "another proposal");
    assert!(!permit.covers(ProposalId(1), action, CallTime(60_000)), "a minute later");
}
