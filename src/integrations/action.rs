//! What an action is known by: a keyed digest of the request with all its values, the private ones too.
//!
//! Promises: the same request has the same digest under the same key, and another card is another action; without the key
//! no value can be found by trying (promise 8).
//! Never: prints its key.

use std::fmt;

use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
use centralita_core::base::{Digest, canonical_json};
use serde_json::Value;

/// The key under which a database's actions are digested.
#[derive(Clone)]
pub struct ActionSecret(Key);

impl fmt::Debug for ActionSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ActionSecret")
    }
}

impl ActionSecret {
    #[must_use]
    pub fn new(key: &[u8; 32]) -> ActionSecret {
        ActionSecret(Key::new(HMAC_SHA256, key))
    }

    /// HMAC-SHA-256 over the canonical JSON.
    pub(super) fn digest(&self, meant: &Value) -> Digest {
        let tag = sign(&self.0, canonical_json(meant).as_bytes());
        let mut hash = [0; 32];
        hash.copy_from_slice(&tag.as_ref()[..32]);
        Digest::of_hash(&hash)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn one_meaning_is_one_action_and_another_value_or_key_is_another() {
        let secret = ActionSecret::new(&[7; 32]);
        let card = |digits: &str| json!({"b": 20.0, "card": digits});
        let one = secret.digest(&card("4111111111111111"));
        assert_eq!(one, secret.digest(&json!({"card": "4111111111111111", "b": 20})));
        assert_ne!(one, secret.digest(&card("4111111111111112")));
        assert_ne!(one, ActionSecret::new(&[8; 32]).digest(&card("4111111111111111")));
        assert_ne!(one, Digest::of_json(&card("4111111111111111")));
        assert_eq!(format!("{secret:?}"), "ActionSecret");
    }
}
