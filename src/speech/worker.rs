//! The worker's side: reads requests, holds decoders, answers; one at a time, until its input ends.
//!
//! Promises: a request that cannot be done is refused with its reason and the worker goes on; files it has to
//! write for the library are private to the user and gone when the decoder stands.
//! Never: opens a socket, logs a word, outlives its gateway.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::protocol::{Decoded, Load, Reply, Request, Search, SearchKind};
use super::sphinx::{Decoder, Files, Passes};
use crate::media::double;

/// The child process: serves its standard input and output.
#[must_use]
pub fn main() -> ExitCode {
    match serve(&mut io::stdin().lock(), &mut io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// Answers requests until the input ends; an error is a broken pipe or a broken frame.
pub fn serve(from: &mut impl Read, to: &mut impl Write) -> io::Result<()> {
    let mut bench = Bench { decoders: BTreeMap::new(), turn: Vec::new() };
    while let Some(request) = Request::read(from)? {
        bench.answer(request).unwrap_or_else(|refusal| refusal).write(to)?;
    }
    Ok(())
}

struct Bench {
    decoders: BTreeMap<String, Decoder>,
    /// The turn at hand, 16 kHz.
    turn: Vec<i16>,
}

impl Bench {
    /// Either way the reply: an error is one that tells why not.
    fn answer(&mut self, request: Request) -> Result<Reply, Reply> {
        match request {
            Request::Load(load) => {
                let decoder = make(&load)?;
                self.decoders.insert(load.decoder, decoder);
                Ok(Reply::Ready)
            }
            Request::Unload { decoder } => {
                self.decoders.remove(&decoder);
                Ok(Reply::Ready)
            }
            Request::Audio(samples) => {
                self.turn = double(&samples);
                Ok(Reply::Ready)
            }
            Request::Decode { decoder, search } => {
                self.decode(&decoder, &search).map(Reply::Decoded).map_err(Reply::Refused)
            }
        }
    }

    fn decode(&mut self, decoder: &str, search: &str) -> Result<Decoded, String> {
        let found =
            self.decoders.get_mut(decoder).ok_or_else(|| format!("no decoder `{decoder}` is loaded"))?;
        // The library reads past the start of an empty turn; less than a frame holds no word anyway.
        if self.turn.len() < SAMPLES_MIN {
            return Ok(Decoded::default());
        }
        found.decode(search, &self.turn)
    }
}

/// Shorter turns are not decoded: five frames of 10 ms at 16 kHz.
const SAMPLES_MIN: usize = 800;

fn make(load: &Load) -> Result<Decoder, Reply> {
    let no_room = |error: io::Error| {
        let folder = std::env::temp_dir();
        Reply::NoRoom(format!("the model's files cannot be written to {}: {error}", folder.display()))
    };
    let files = Scratch::new().map_err(no_room)?;
    let put = |name: &str, text: &str| files.put(name, text).map_err(no_room);
    let dictionary = put("dictionary", &load.dictionary)?;
    let transform = load.transform.as_deref().map(|text| put("transform", text)).transpose()?;
    let mut decoder = Decoder::open(&Files {
        model: Path::new(&load.model_dir),
        dictionary: &dictionary,
        transform: transform.as_deref(),
        silence: load.silence,
    })
    .map_err(Reply::Refused)?;
    for Search { name, kind, text, fwdflat, bestpath } in &load.searches {
        let passes = Passes { fwdflat: *fwdflat, bestpath: *bestpath };
        let added = match kind {
            SearchKind::Grammar => decoder.add_grammar(name, &put("grammar", text)?, passes),
            SearchKind::Trigram => decoder.add_trigram(name, &put("model.lm", text)?, passes),
        };
        added.map_err(Reply::Refused)?;
    }
    Ok(decoder)
}

/// A directory only this user can read, gone with its files when dropped.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> io::Result<Scratch> {
        let path = std::env::temp_dir().join(format!("centralita-{}", uuid::Uuid::new_v4()));
        fs::DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Scratch(path))
    }

    fn put(&self, name: &str, text: &str) -> io::Result<PathBuf> {
        let path = self.0.join(name);
        fs::write(&path, text)?;
        Ok(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Nothing can be done about a directory that does not go; it holds no caller's words.
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::super::protocol::Silence;
    use super::*;

    /// What a worker answers to these requests.
    fn answers(requests: Vec<Request>) -> Vec<Reply> {
        let input: Vec<u8> = requests.into_iter().flat_map(Request::frame).collect();
        let mut output = Vec::new();
        serve(&mut input.as_slice(), &mut output).expect("memory takes every reply");
        let mut replies = Vec::new();
        let mut rest = output.as_slice();
        while let Some((head, after)) = rest.split_first_chunk() {
            let (length, _) = super::super::protocol::open_head(*head).expect("a reply has a head");
            replies.push(Reply::parse(&after[..length]).expect("a reply of our own worker"));
            rest = &after[length..];
        }
        replies
    }

    fn load(dictionary: &str, grammar: &str) -> Request {
        Request::Load(Load {
            decoder: "d".to_owned(),
            model_dir: "/usr/share/pocketsphinx/model/en-us/en-us".to_owned(),
            dictionary: dictionary.to_owned(),
            transform: None,
            silence: Silence::Kept,
            searches: vec![Search {
                name: "g".to_owned(),
                kind: SearchKind::Grammar,
                text: format!("#JSGF V1.0;\ngrammar c;\npublic <c> = {grammar};\n"),
                fwdflat: true,
                bestpath: false,
            }],
        })
    }

    fn decode() -> Request {
        Request::Decode { decoder: "d".to_owned(), search: "g".to_owned() }
    }

    #[test]
    fn what_cannot_be_done_is_refused_and_the_worker_goes_on() {
        let replies = answers(vec![
            decode(),
            load("yes Y EH S\n", "yes | zorblax"),
            load("", ""),
            load("yes Y EH S\nno N OW\n", "yes | no"),
            decode(),
            Request::Audio(vec![0; 8_000]),
            Request::Decode { decoder: "d".to_owned(), search: "other".to_owned() },
            decode(),
            Request::Audio(vec![i16::MAX; 1]),
            decode(),
            Request::Unload { decoder: "d".to_owned() },
            decode(),
        ]);
        let refused: Vec<bool> = replies.iter().map(|reply| matches!(reply, Reply::Refused(_))).collect();
        let wanted = [true, true, true, false, false, false, true, false, false, false, false, true].to_vec();
        assert_eq!(refused, wanted, "{replies:?}");
    }

    #[test]
    fn a_broken_stream_ends_the_worker_with_an_error() {
        let mut output = Vec::new();
        assert!(serve(&mut [1, 2, 3].as_slice(), &mut output).is_err());
        assert!(serve(&mut [].as_slice(), &mut output).is_ok());
    }
}
