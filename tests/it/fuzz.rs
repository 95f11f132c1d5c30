//! The doors of tests/fuzz, each tried with everything that was once handed in there, and with bytes drawn from it.
//!
//! A fuzzer that learns finds more: tests/fuzz/run. This one needs nothing but the tests and is the same every time.
//!
//! Promises: the same inputs on any machine; what makes a door fall over is shown.
//! Never: learns.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use centralita::core::sim::Random;

#[path = "../fuzz/src/lib.rs"]
#[allow(unreachable_pub, reason = "it is a library of its own too")]
mod doors;

use doors::{DOORS, door};

/// Inputs drawn for each door. A definition is checked with all that belongs to it, and costs a hundred times as much.
const DRAWN: u32 = 1_500;
const DRAWN_DEFINITIONS: u32 = 60;

/// The longest input drawn, in bytes.
const BYTES_MAX: usize = 16 * 1024;

/// What parsers stumble over.
const PIECES: [&[u8]; 24] = [
    b"\"",
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b",",
    b"\n",
    b"\r",
    b"\0",
    b"-",
    b"=",
    b"&",
    b"%",
    b"#",
    b"0",
    b"18446744073709551615",
    b"-9223372036854775809",
    b"1e999",
    b"null",
    b"{{",
    b"}}",
    b"\xff\xfe",
    "é⟦¿🙂".as_bytes(),
];

/// What was handed in at a door: the files of its own folder, and those that lie elsewhere in the tree.
fn seeds(name: &str) -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = files(&root.join("tests/fuzz/corpus").join(name));
    for place in door(name).unwrap().seeds {
        files.extend(self::files(&root.join(place)));
    }
    assert!(!files.is_empty(), "{name} has no seeds");
    files.iter().map(|file| fs::read(file).unwrap()).collect()
}

/// All files of a folder and of those in it, in order.
fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found.into_iter().flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// A seed with a few things done to it.
fn drawn(random: &mut Random, seeds: &[Vec<u8>]) -> Vec<u8> {
    let pick = |random: &mut Random| &seeds[random.below(seeds.len() as u32) as usize];
    let mut bytes = pick(random).clone();
    for _ in 0..random.between(1, 8) {
        let at = |random: &mut Random, bytes: &[u8]| random.below(bytes.len() as u32 + 1) as usize;
        let (from, to) = (at(random, &bytes), at(random, &bytes));
        let (from, to) = (from.min(to), from.max(to));
        match random.below(6) {
            0 if from < bytes.len() => bytes[from] ^= 1 << random.below(8),
            1 if from < bytes.len() => bytes[from] = random.below(256) as u8,
            2 => drop(bytes.splice(from..from, random.pick(&PIECES).iter().copied())),
            3 => drop(bytes.drain(from..to.min(from + 64))),
            4 => {
                let again: Vec<u8> = bytes[from..to.min(from + 256)].to_vec();
                drop(bytes.splice(to..to, again));
            }
            _ => {
                let other = pick(random);
                let (a, b) = (at(random, other), at(random, other));
                let stretch = other[a.min(b)..a.max(b).min(a.min(b) + 256)].to_vec();
                drop(bytes.splice(from..to.min(from + 256), stretch));
            }
        }
        bytes.truncate(BYTES_MAX);
    }
    bytes
}

fn holds(name: &str, count: u32) {
    let (door, seeds) = (door(name).unwrap(), seeds(name));
    let mut random = Random::new(u64::from(count));
    let inputs = (0..count).map(|_| drawn(&mut random, &seeds));
    for input in seeds.iter().cloned().chain(inputs) {
        let entered = catch_unwind(AssertUnwindSafe(|| (door.enter)(&input)));
        assert!(entered.is_ok(), "{name} falls over at\n{}", input.escape_ascii());
    }
}

macro_rules! doors {
    ($($test:ident $name:literal $count:expr;)*) => {
        $(#[test]
        fn $test() {
            holds($name, $count);
        })*

        #[test]
        fn every_door_is_tried() {
            assert_eq!(DOORS.iter().map(|door| door.name).collect::<Vec<_>>(), [$($name),*]);
        }
    };
}

doors! {
    any_message_of_a_carrier "carrier-message" DRAWN;
    any_form_of_a_webhook "webhook-form" DRAWN;
    any_call_file "call-file" DRAWN;
    any_event_of_a_journal "journal-event" DRAWN;
    any_definition "definition" DRAWN_DEFINITIONS;
    any_description_of_an_api "described-api" DRAWN_DEFINITIONS;
    any_command_for_curl "curl-command" DRAWN_DEFINITIONS;
    any_script_of_a_caller "caller-script" DRAWN;
    any_template "template" DRAWN;
    any_recording "recording" DRAWN;
    any_answer_of_a_model "model-answer" DRAWN;
    any_frame_of_a_worker "worker-frame" DRAWN;
    any_words "spoken-words" DRAWN;
}
