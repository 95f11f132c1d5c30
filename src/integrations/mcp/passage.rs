//! One call of a tool on its way out: whether its bytes have left, known to both ends of the library between.
//!
//! Promises: a call leaves once; one that was given up before it left never leaves, whoever still holds it in a queue.
//! Never: guesses: from the moment it may have left it counts as sent.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use rmcp::model::{ClientJsonRpcMessage, ClientRequest, GetExtensions as _, JsonRpcMessage};

use crate::egress::Purpose;

/// Rides along with the call, and is no part of what is sent.
#[derive(Clone, Debug)]
pub(super) struct Passage {
    state: Arc<AtomicU8>,
    pub(super) purpose: Purpose,
}

/// How far it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Stage {
    Waiting = 0,
    Left = 1,
    /// It will not leave any more.
    Kept = 2,
    /// It arrived, and was turned away before anything looked at it.
    TurnedAway = 3,
}

impl Passage {
    pub(super) fn new(purpose: Purpose) -> Passage {
        Passage { state: Arc::new(AtomicU8::new(Stage::Waiting as u8)), purpose }
    }

    /// That of a message, where it is a call of a tool.
    pub(super) fn of(message: &ClientJsonRpcMessage) -> Option<Passage> {
        let JsonRpcMessage::Request(request) = message else { return None };
        let ClientRequest::CallToolRequest(call) = &request.request else { return None };
        call.extensions().get::<Passage>().cloned()
    }

    /// Leave to send, once: false where it was given up, or has left before.
    pub(super) fn leave(&self) -> bool {
        self.moves(Stage::Waiting, Stage::Left)
    }

    /// Gives it up. How far it had come by then.
    pub(super) fn give_up(&self) -> Stage {
        self.moves(Stage::Waiting, Stage::Kept);
        match self.state.load(Ordering::SeqCst) {
            0 => Stage::Waiting,
            1 => Stage::Left,
            3 => Stage::TurnedAway,
            _ => Stage::Kept,
        }
    }

    /// What is known of a call that was about to leave: not a byte of it did, or it was turned away.
    pub(super) fn came_back(&self, stage: Stage) {
        self.moves(Stage::Left, stage);
    }

    fn moves(&self, from: Stage, to: Stage) -> bool {
        self.state.compare_exchange(from as u8, to as u8, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_leaves_once_and_not_after_it_was_given_up() {
        let sent = Passage::new(Purpose::Act);
        assert!(sent.leave());
        assert!(!sent.leave(), "it has left before");
        assert_eq!(sent.give_up(), Stage::Left);
        let kept = Passage::new(Purpose::Act);
        assert_eq!(kept.give_up(), Stage::Kept);
        assert!(!kept.leave(), "it was given up");
        let refused = Passage::new(Purpose::Read);
        assert!(refused.leave());
        refused.came_back(Stage::TurnedAway);
        assert_eq!(refused.give_up(), Stage::TurnedAway);
    }
}
