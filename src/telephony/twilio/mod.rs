//! Twilio: Media Streams, the webhooks around it, its signature and the one REST call we need.
//!
//! Promises: no request is believed without a signature, no socket without a token bound to a signed webhook.
//! Never: knows an agent or a conversation.

pub mod form;
pub mod rest;
pub mod signature;
pub mod token;
pub mod twiml;
pub mod wire;
pub mod withheld;

pub use form::{AfterStream, CallStatus, Params, StreamStatus, VoiceWebhook};
pub use rest::{HangUp, Rest};
pub use signature::{PublicUrl, Refused, Verifier, sign};
pub use token::{Ticket, Tokens};
