//! The embedded synthesisers, flite and espeak-ng, as programs: one process a sentence.
//!
//! Promises: a dropped utterance kills its process; no more run at a time than the pool allows; the text travels
//! on standard input, never on a command line, and the audio is never a named file.
//! Never: links a synthesiser (espeak-ng is under the GPL), goes through a shell.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _};
use tokio::process::Command;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use super::{Length, SpeechStream, Tts, TtsEvent};
use crate::core::base::{Fault, Owner};
use crate::core::language::Language;
use crate::media::ToLine;

/// Voices of flite that sound well; every other name is one of espeak-ng's.
const FLITE_VOICES: [&str; 6] = ["slt", "rms", "awb", "kal", "kal16", "awb_time"];
/// How long one sentence may take: a hundred times what it does.
const PATIENCE: Duration = Duration::from_secs(8);
/// Audio parts that may wait for the reader: half a minute, so that a sentence never waits for its own playing.
const PARTS: usize = 128;
/// Bytes read at a time: a quarter of a second at 16 kHz.
const READ: usize = 8_192;
/// Bytes of the header both programs write before the samples.
const HEADER: usize = 44;

/// Both programs.
#[derive(Clone, Debug)]
pub struct Embedded {
    running: Arc<Semaphore>,
}

impl Embedded {
    /// At most `processes` at a time; more sentences wait for their turn.
    #[must_use]
    pub fn new(processes: usize) -> Embedded {
        Embedded { running: Arc::new(Semaphore::new(processes.max(1))) }
    }

    /// Whether a voice exists: espeak-ng says nothing and speaks with another where it does not. Runs a program: for
    /// checks, not for calls.
    pub fn check(voice: &str) -> Result<(), Fault> {
        if FLITE_VOICES.contains(&voice) {
            return Ok(());
        }
        let mut list = std::process::Command::new("espeak-ng");
        let list = list
            .arg("--voices")
            .stdin(Stdio::null())
            .output()
            .map_err(|error| not_started("espeak-ng", &error))?;
        // A variant (`en-us+f3`) is a change of a voice. The second column is the voice's language, its name here.
        let wanted = voice.split('+').next().unwrap_or(voice);
        let list = String::from_utf8_lossy(&list.stdout);
        let known = list.lines().skip(1).any(|line| line.split_whitespace().nth(1) == Some(wanted));
        known.then_some(()).ok_or_else(|| no_voice(voice))
    }
}

impl Tts for Embedded {
    fn speak(&self, text: &str, voice: Option<&str>, language: Language) -> Box<dyn SpeechStream> {
        let (parts, ready) = mpsc::channel(PARTS);
        let default = match language {
            Language::English => "slt",
            Language::Spanish => "es",
            Language::Portuguese => "pt-br",
            Language::French => "fr-fr",
            Language::German => "de",
            Language::Italian => "it",
            Language::Catalan => "ca",
        };
        let (text, voice) = (text.to_owned(), voice.unwrap_or(default).to_owned());
        let running = Arc::clone(&self.running);
        let task = tokio::spawn(async move {
            let Ok(_permit) = running.acquire().await else { return };
            let spoken = timeout(PATIENCE, synthesise(&text, &voice, &parts)).await;
            let end = match spoken.unwrap_or_else(|_| Err(stuck(&voice))) {
                Ok(()) => TtsEvent::Done,
                Err(fault) => TtsEvent::Failed(fault),
            };
            // Nobody listens any more: nothing to tell.
            let _ = parts.send(end).await;
        });
        Box::new(Utterance { ready, _task: AbortOnDropHandle::new(task) })
    }
}

/// The reader's end; the task, and with it the process, ends when this is dropped.
struct Utterance {
    ready: mpsc::Receiver<TtsEvent>,
    _task: AbortOnDropHandle<()>,
}

impl SpeechStream for Utterance {
    fn next(&mut self) -> BoxFuture<'_, TtsEvent> {
        Box::pin(async { self.ready.recv().await.unwrap_or(TtsEvent::Done) })
    }
}

async fn synthesise(text: &str, voice: &str, parts: &mpsc::Sender<TtsEvent>) -> Result<(), Fault> {
    if FLITE_VOICES.contains(&voice) {
        flite(text, voice, parts).await
    } else {
        espeak(text, voice, parts).await
    }
}

/// flite writes its file in several goes, so it needs one; the file has lost its name before the program starts.
async fn flite(text: &str, voice: &str, parts: &mpsc::Sender<TtsEvent>) -> Result<(), Fault> {
    let file = unnamed_file().map_err(|error| unwritable(&error))?;
    let output = file.try_clone().map_err(|error| unwritable(&error))?;
    let mut command = Command::new("flite");
    command.args(["-voice", voice, "-o", "/dev/stdout"]).stdout(output);
    run(&mut command, text, voice, async |_| Ok(())).await?;
    let mut file = tokio::fs::File::from_std(file);
    file.rewind().await.map_err(|error| unwritable(&error))?;
    Pour::new(text, voice, parts).all_of(&mut file).await
}

/// espeak-ng writes while it works.
async fn espeak(text: &str, voice: &str, parts: &mpsc::Sender<TtsEvent>) -> Result<(), Fault> {
    let mut command = Command::new("espeak-ng");
    command.args(["--stdin", "--stdout", "-v", voice]).stdout(Stdio::piped());
    run(&mut command, text, voice, async |output| match output {
        Some(mut output) => Pour::new(text, voice, parts).all_of(&mut output).await,
        None => Err(stuck(voice)),
    })
    .await
}

/// Starts the program, gives it the text, reads it, and wants it to end well.
async fn run(
    command: &mut Command,
    text: &str,
    voice: &str,
    read: impl AsyncFnOnce(Option<tokio::process::ChildStdout>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    // A group of its own: Ctrl-C at a terminal is for the gateway alone, which lets its calls finish.
    command.stdin(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true).process_group(0);
    let mut child = command.spawn().map_err(|error| {
        let program = command.as_std().get_program().to_string_lossy().into_owned();
        not_started(&program, &error)
    })?;
    let mut input = child.stdin.take().ok_or_else(|| stuck(voice))?;
    // A program that does not read fails below, by its exit code or for want of audio.
    let _ = input.write_all(format!("{}\n", text.replace('\n', " ")).as_bytes()).await;
    drop(input);
    read(child.stdout.take()).await?;
    match child.wait().await {
        Ok(status) if status.success() => Ok(()),
        Ok(_) | Err(_) => Err(no_voice(voice)),
    }
}

/// A program's WAV bytes on their way to the line.
struct Pour<'a> {
    parts: &'a mpsc::Sender<TtsEvent>,
    length: Length,
    voice: &'a str,
}

impl<'a> Pour<'a> {
    fn new(text: &str, voice: &'a str, parts: &'a mpsc::Sender<TtsEvent>) -> Pour<'a> {
        Pour { parts, length: Length::of(text), voice }
    }

    async fn all_of(mut self, from: &mut (impl AsyncRead + Unpin)) -> Result<(), Fault> {
        let mut header = [0; HEADER];
        from.read_exact(&mut header).await.map_err(|_| no_voice(self.voice))?;
        let mut line = ToLine::new(rate_of(&header).ok_or_else(|| no_voice(self.voice))?)?;
        let mut bytes = Vec::with_capacity(READ);
        let mut out = Vec::new();
        while from.read_buf(&mut bytes).await.map_err(|error| unwritable(&error))? > 0 {
            let (pairs, _) = bytes.as_chunks::<2>();
            let samples: Vec<i16> = pairs.iter().map(|pair| i16::from_le_bytes(*pair)).collect();
            bytes.drain(..samples.len() * 2);
            line.push(&samples, &mut out);
            self.give(&mut out).await?;
        }
        line.finish(&mut out);
        self.give(&mut out).await?;
        self.length.end()
    }

    async fn give(&mut self, out: &mut Vec<i16>) -> Result<(), Fault> {
        if out.is_empty() {
            return Ok(());
        }
        self.length.add(out)?;
        // Nobody listens any more: the task is about to be dropped.
        let _ = self.parts.send(TtsEvent::Audio(std::mem::take(out))).await;
        Ok(())
    }
}

/// The rate a canonical 16-bit mono WAV header names; both programs write no other.
fn rate_of(header: &[u8; HEADER]) -> Option<u32> {
    let canonical =
        header.starts_with(b"RIFF") && header[8..16] == *b"WAVEfmt " && header[36..40] == *b"data";
    let mono_16 = header[22..24] == [1, 0] && header[34..36] == [16, 0];
    let rate = [header[24], header[25], header[26], header[27]];
    (canonical && mono_16).then(|| u32::from_le_bytes(rate))
}

/// A file only its open ends know.
fn unnamed_file() -> io::Result<File> {
    let path = std::env::temp_dir().join(format!("centralita-{}", uuid::Uuid::new_v4()));
    let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
    std::fs::remove_file::<&Path>(&path)?;
    Ok(file)
}

fn not_started(program: &str, error: &io::Error) -> Fault {
    Fault::new(
        Owner::Admin,
        format!("the synthesiser `{program}` cannot be started: {error}"),
        "apt-get install -y flite espeak-ng",
    )
}

fn no_voice(voice: &str) -> Fault {
    let what = format!("the embedded synthesiser does not speak with the voice `{voice}`");
    Fault::new(Owner::Admin, what, "choose slt or rms, or one that `espeak-ng --voices` lists")
}

fn stuck(voice: &str) -> Fault {
    let what = format!("the embedded synthesiser (voice `{voice}`) does not come to an end");
    Fault::new(Owner::Gateway, what, "the next sentence gets a new process")
}

fn unwritable(error: &io::Error) -> Fault {
    let what = format!("synthesised audio cannot be kept in {}: {error}", std::env::temp_dir().display());
    Fault::new(Owner::Admin, what, "point TMPDIR to a folder that can be written and has room")
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn spoken(text: &str, voice: Option<&str>, language: Language) -> (usize, TtsEvent) {
        let mut stream = Embedded::new(2).speak(text, voice, language);
        let mut length = 0;
        loop {
            match stream.next().await {
                TtsEvent::Audio(samples) => length += samples.len(),
                end @ (TtsEvent::Done | TtsEvent::Failed(_)) => return (length, end),
            }
        }
    }

    #[tokio::test]
    async fn both_programs_speak_a_sentence_of_plausible_length() {
        let cases = [
            ("Refund twenty dollars on order one one eight two?", None, Language::English),
            ("-o /tmp/not-an-option; $(true) \"quoted\"", Some("rms"), Language::English),
            ("¿Devuelvo veinte euros del pedido once ochenta y dos?", None, Language::Spanish),
            ("Devolvo vinte euros do pedido onze oitenta e dois?", None, Language::Portuguese),
            ("Je rembourse vingt euros sur la commande onze quatre-vingt-deux ?", None, Language::French),
            (
                "Soll ich zwanzig Euro für die Bestellung elf zweiundachtzig erstatten?",
                None,
                Language::German,
            ),
            ("Rimborso venti euro sull'ordine undici ottantadue?", None, Language::Italian),
            ("Torno vint euros de la comanda onze vuitanta-dos?", None, Language::Catalan),
            ("-w not-an-option", Some("en-us"), Language::English),
        ];
        for (text, voice, language) in cases {
            let (length, end) = spoken(text, voice, language).await;
            assert_eq!(end, TtsEvent::Done, "{text}");
            assert!(length > 8_000, "{text}: {length} samples");
        }
    }

    #[test]
    fn a_voice_that_does_not_exist_is_a_fault_that_names_it() {
        for voice in ["slt", "es", "es-419", "en-us+f3"] {
            assert_eq!(Embedded::check(voice), Ok(()), "{voice}");
        }
        for voice in ["no-such-voice", "", "Language"] {
            assert!(Embedded::check(voice).unwrap_err().what.contains(&format!("`{voice}`")), "{voice}");
        }
    }

    #[tokio::test]
    async fn text_without_a_word_ends_and_does_not_hang() {
        for (text, voice) in [("", "slt"), ("…", "slt"), ("", "es"), ("\n\n", "es")] {
            let (length, end) = spoken(text, Some(voice), Language::English).await;
            assert!(length < 16_000, "{text:?} by {voice}: {length} samples, {end:?}");
        }
    }

    #[tokio::test]
    async fn a_dropped_sentence_frees_its_place() {
        let tts = Embedded::new(1);
        drop(tts.speak(&"a very long sentence ".repeat(200), None, Language::English));
        let mut stream = tts.speak("Hello.", None, Language::English);
        assert!(matches!(stream.next().await, TtsEvent::Audio(_)));
    }
}
