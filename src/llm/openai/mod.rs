//! Any server that speaks OpenAI's Chat Completions: OpenAI, vLLM, Ollama, llama.cpp, Groq, Mistral and others.
//!
//! [`request`] and [`answer`] are pure, both directions of the wire; [`client`] carries them.
//!
//! Promises: what servers get wrong about tool calls on record is read rightly or refused, never guessed.
//! Never: retries by itself: the driver has another model to ask, and a caller who waits.

pub mod answer;
pub mod client;
pub mod request;

#[cfg(test)]
mod answer_tests;
#[cfg(test)]
mod client_tests;

pub use client::{Deadlines, OpenAi};
