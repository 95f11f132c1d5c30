//! What drawn callers say: wordings of their own, apart from every agent's examples.
//!
//! Promises: `{order}` and `{amount}` stand for values; all words but those of [`STRANGE`] are in the sample shop's
//! vocabulary, and no wording is one of its examples (tests hold both).
//! Never: is read by anything that answers a call.

/// Asks where an order is.
pub(super) const STATUS: &[&str] = &[
    "hello where is my order it is {order}",
    "can you help me i want to know where order {order} is",
    "good morning has {order} shipped",
    "hi can you track {order} please",
    "what is the status of {order} please",
    "i am calling about my order it's {order} where is it",
    "please track my order {order}",
    "i want to know the status of my order {order}",
    "order {order} where is it please",
    "has my order arrived it is order {order}",
    "i don't know where my order is it's {order}",
    "what is the status please order {order}",
];

/// Asks for a refund, with all that is needed.
pub(super) const REFUND: &[&str] = &[
    "i want a refund of {amount} on order {order} please",
    "can i ask for {amount} back on order {order}",
    "please give me {amount} back for order {order}",
    "i would like {amount} back on my order {order}",
    "hello i am calling for a refund on order {order} it is {amount}",
    "can you refund me {amount} for my order {order}",
    "for order {order} i would like a refund of {amount}",
    "i want my money back on order {order} it's {amount}",
    "please pay me {amount} back on order {order}",
    "i need a refund order {order} {amount} please",
    "good afternoon refund {amount} on {order} please",
    "order {order} please refund me {amount}",
];

/// The same without an order's number: it is asked for.
pub(super) const REFUND_WITHOUT_ORDER: &[&str] = &[
    "i want {amount} back please",
    "can you give me a refund of {amount}",
    "hello i would like a refund of {amount} please",
    "please refund me {amount}",
    "i need {amount} back on my order",
];

/// The same without an amount.
pub(super) const REFUND_WITHOUT_AMOUNT: &[&str] = &[
    "hello i want a refund on order {order}",
    "please give me a refund for order {order}",
    "can you refund my order {order} please",
    "i would like my money back it is order {order}",
    "i am calling for a refund on my order {order}",
];

pub(super) const THE_ORDER: &[&str] =
    &["{order}", "it's {order}", "order {order}", "my order is {order}", "it is order {order} please"];

pub(super) const THE_AMOUNT: &[&str] =
    &["{amount}", "{amount} please", "it's {amount}", "only {amount}", "just {amount} please"];

/// Answers to the question, each of which wants another amount.
pub(super) const CHANGE: &[&str] = &[
    "yes but only {amount}",
    "no make it {amount}",
    "yes but {amount}",
    "no only {amount}",
    "change it to {amount}",
    "no just {amount} please",
];

pub(super) const YES: &[&str] = &["yes", "yes please", "yes do it", "yes go ahead", "yes that's right"];

pub(super) const NO: &[&str] = &["no", "no no", "no thank you", "no don't", "stop", "cancel that"];

/// Said over the question.
pub(super) const YES_TOO_EARLY: &[&str] = &["yes yes", "yes please", "yes do it", "yes go ahead"];

/// Takes back a yes.
pub(super) const RETRACTION: &[&str] = &["no wait", "no no", "wait", "stop", "no don't do it"];

/// Requests that no tool and no answer is there for, in words the shop's recogniser does not know.
pub(super) const STRANGE: &[&str] = &[
    "this is {name} my cat chewed through the cable",
    "{name} speaking is the lampshade made of linen",
    "could somebody come and repair our chandelier",
    "do you sell curtains",
    "this is {name} there was a spider inside the parcel",
    "would your company sponsor our football club",
    "my name is {name} and the switch smells funny",
];

/// flite's voices, and how loud their speech is: root mean square of samples while they speak.
pub(super) const VOICES: &[(&str, u32)] = &[("rms", 3_494), ("awb", 4_093), ("slt", 6_916), ("kal16", 1_397)];

/// Speech above noise, in dB: a quiet room, a living room, an open window, a street.
pub(super) const SNR_DB: &[u32] = &[40, 30, 25, 20, 15];
