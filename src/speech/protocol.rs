//! The frames on a worker's pipes: length (u32, little endian), kind (one byte), payload.
//!
//! Promises: a frame longer than its limit, of an unknown kind or with a broken payload is an error, never a guess.
//! Never: holds a path of the gateway's: models travel as text, audio as samples.

use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};

/// Longest payload in bytes: the largest model of an agent is some 3 MB of text.
const PAYLOAD_BYTES_MAX: usize = 16 << 20;
/// A payload that is JSON, and one that is samples.
const JSON: u8 = b'j';
const SAMPLES: u8 = b's';

/// What the gateway asks of a worker. Every request has one reply.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// Make a decoder, in place of the one of that name.
    Load(Load),
    Unload {
        decoder: String,
    },
    /// The turn that the next decodes are about, 8 kHz.
    Audio(Vec<i16>),
    /// Decode the whole turn by one search of one decoder.
    Decode {
        decoder: String,
        search: String,
    },
}

/// A decoder: pronunciations, perhaps a transform of the acoustic model, and searches by name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Load {
    pub decoder: String,
    /// Directory of the acoustic model.
    pub model_dir: String,
    /// Lines of word and phones.
    pub dictionary: String,
    /// An MLLR transform of the acoustic model.
    pub transform: Option<String>,
    pub silence: Silence,
    pub searches: Vec<Search>,
}

/// Whether the front end leaves out what its own detector takes for silence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Silence {
    /// Left out, the library's default: word times are then lower bounds, not times.
    Removed,
    /// Kept, so that word times are true.
    Kept,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Search {
    pub name: String,
    pub kind: SearchKind,
    /// JSGF or ARPA.
    pub text: String,
    /// The second pass over the words of the first.
    pub fwdflat: bool,
    /// The best way through the lattice, and with it a posterior.
    pub bestpath: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SearchKind {
    Grammar,
    Trigram,
}

/// What a worker answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Reply {
    Ready,
    Decoded(Decoded),
    /// The request cannot be done; the worker goes on.
    Refused(String),
    /// The folder for temporary files cannot be written; the worker goes on.
    NoRoom(String),
}

/// What was recognised. No words is a normal result: nothing fitted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decoded {
    pub words: Vec<Heard>,
    /// Logarithm to the base 1.0001 of the posterior; zero where the search makes no lattice.
    pub posterior: i32,
}

/// One word with its place in the turn, in frames of 10 ms, `to` excluded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heard {
    pub text: String,
    pub from: u32,
    pub to: u32,
}

impl Decoded {
    /// The words in a row.
    #[must_use]
    pub fn text(&self) -> String {
        self.words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ")
    }
}

/// A request without its samples, as it is written.
#[derive(Serialize, Deserialize)]
enum Control {
    Load(Load),
    Unload { decoder: String },
    Decode { decoder: String, search: String },
}

impl Request {
    /// The frame's bytes.
    #[must_use]
    pub fn frame(self) -> Vec<u8> {
        let control = match self {
            Request::Audio(samples) => {
                let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
                return frame(SAMPLES, &bytes);
            }
            Request::Load(load) => Control::Load(load),
            Request::Unload { decoder } => Control::Unload { decoder },
            Request::Decode { decoder, search } => Control::Decode { decoder, search },
        };
        frame(JSON, &serde_json::to_vec(&control).expect("strings and numbers become JSON"))
    }

    /// The next request; `None` at the end of the stream between two frames.
    pub fn read(from: &mut impl Read) -> io::Result<Option<Request>> {
        let mut head = [0_u8; HEAD];
        if from.read(&mut head[..1])? == 0 {
            return Ok(None);
        }
        from.read_exact(&mut head[1..])?;
        let (length, kind) = open_head(head)?;
        let mut payload = vec![0; length];
        from.read_exact(&mut payload)?;
        if kind == SAMPLES {
            let (pairs, rest) = payload.as_chunks::<2>();
            if !rest.is_empty() {
                return Err(broken("half a sample"));
            }
            return Ok(Some(Request::Audio(pairs.iter().map(|pair| i16::from_le_bytes(*pair)).collect())));
        }
        let control =
            serde_json::from_slice(&payload).map_err(|_| broken("a request that cannot be read"))?;
        Ok(Some(match control {
            Control::Load(load) => Request::Load(load),
            Control::Unload { decoder } => Request::Unload { decoder },
            Control::Decode { decoder, search } => Request::Decode { decoder, search },
        }))
    }
}

impl Reply {
    pub fn write(&self, to: &mut impl Write) -> io::Result<()> {
        to.write_all(&frame(JSON, &serde_json::to_vec(self)?))?;
        to.flush()
    }

    /// Reads a payload whose head said JSON.
    ///
    /// # Errors
    /// It is no reply.
    pub fn parse(payload: &[u8]) -> io::Result<Reply> {
        serde_json::from_slice(payload).map_err(|_| broken("a reply that cannot be read"))
    }
}

/// Bytes before the payload.
pub(super) const HEAD: usize = 5;

/// Length and kind of the payload that follows.
pub(super) fn open_head(head: [u8; HEAD]) -> io::Result<(usize, u8)> {
    let [a, b, c, d, kind] = head;
    let length = u32::from_le_bytes([a, b, c, d]) as usize;
    if length > PAYLOAD_BYTES_MAX {
        return Err(broken("a frame that is too long"));
    }
    if kind != JSON && kind != SAMPLES {
        return Err(broken("a frame of an unknown kind"));
    }
    Ok((length, kind))
}

fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("models and turns are bounded far below 4 GB");
    let mut bytes = Vec::with_capacity(HEAD + payload.len());
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.push(kind);
    bytes.extend_from_slice(payload);
    bytes
}

fn broken(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_request_reads_back() {
        let load = Load {
            decoder: "a".into(),
            model_dir: "/m".into(),
            dictionary: "yes Y EH S\n".into(),
            transform: None,
            silence: Silence::Kept,
            searches: vec![Search {
                name: "s".into(),
                kind: SearchKind::Grammar,
                text: "#JSGF".into(),
                fwdflat: true,
                bestpath: false,
            }],
        };
        for request in [
            Request::Load(load),
            Request::Unload { decoder: "a".into() },
            Request::Audio(vec![0, 1, -1, i16::MIN]),
            Request::Audio(Vec::new()),
            Request::Decode { decoder: "a".into(), search: "s".into() },
        ] {
            let bytes = request.clone().frame();
            assert_eq!(Request::read(&mut bytes.as_slice()).expect("the bytes are whole"), Some(request));
            for cut in 1..bytes.len() {
                assert!(Request::read(&mut &bytes[..cut]).is_err(), "cut at {cut}");
            }
        }
        assert_eq!(Request::read(&mut [].as_slice()).expect("the bytes are whole"), None);
    }

    #[test]
    fn hostile_frames_are_errors() {
        for bytes in [
            [0xff, 0xff, 0xff, 0xff, JSON].as_slice(),
            &[1, 0, 0, 0, b'?', 0],
            &[1, 0, 0, 0, SAMPLES, 0],
            &[2, 0, 0, 0, JSON, b'{', b'}'],
            &[1, 0, 0, 0, JSON, 0xff],
        ] {
            assert!(Request::read(&mut &bytes[..]).is_err(), "{bytes:?}");
        }
    }
}
