//! The doors by which bytes of others come in, one function each: the carrier's messages and forms, recorded calls,
//! definitions, descriptions of APIs, templates, recordings, a model's answer, a speech worker's frames, a caller's words.
//!
//! Each takes any bytes at all, and asks more of them than that nothing falls over: what was read reads back, and the way
//! it was cut makes no difference. tests/it/fuzz.rs tries them by itself, tests/fuzz/run under libFuzzer.
//!
//! Promises: the same bytes do the same.
//! Never: opens a socket, writes a file, reads a clock.

mod calls;
mod definitions;
mod services;
mod words;

/// A door, and what was once handed in there.
#[derive(Clone, Copy, Debug)]
pub struct Door {
    pub name: &'static str,
    pub enter: fn(&[u8]),
    /// Where that lies, below the project's folder: files, and folders of them.
    pub seeds: &'static [&'static str],
}

/// All of them.
pub const DOORS: &[Door] = &[
    Door { name: "carrier-message", enter: services::carrier_message, seeds: &[] },
    Door { name: "webhook-form", enter: services::webhook_form, seeds: &[] },
    Door { name: "call-file", enter: calls::call_file, seeds: &["tests/calls", "tests/journals"] },
    Door { name: "journal-event", enter: calls::journal_event, seeds: &["tests/calls", "tests/journals"] },
    Door { name: "definition", enter: definitions::definition, seeds: &["agents", "integrations"] },
    Door { name: "described-api", enter: definitions::described_api, seeds: &["tests/import"] },
    Door { name: "curl-command", enter: definitions::curl_command, seeds: &[] },
    Door { name: "caller-script", enter: definitions::caller_script, seeds: &["assets/scripts"] },
    Door { name: "template", enter: definitions::template, seeds: &[] },
    Door { name: "recording", enter: services::recording, seeds: &[] },
    Door { name: "model-answer", enter: services::model_answer, seeds: &[] },
    Door { name: "worker-frame", enter: services::worker_frame, seeds: &[] },
    Door { name: "spoken-words", enter: words::spoken_words, seeds: &[] },
];

/// A door by its name.
#[must_use]
pub fn door(name: &str) -> Option<Door> {
    DOORS.iter().copied().find(|door| door.name == name)
}
