//! How well a recogniser hears recordings: word errors, and what it makes of answers to a question.
//!
//! A directory holds 8 kHz WAV files and a `manifest.json`, a list of `{"file", "text", "kind"}`.
//!
//! Promises: every file of the manifest is counted or named as failed.
//! Never: prints; the command line does.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use serde::Deserialize;
use tokio::time::timeout;

use crate::core::base::{Fault, Millis, Owner, Position, Samples};
use crate::core::conversation::{Affirmation, Expect, Transcript, TranscriptEnd};
use crate::core::language::{Answer, Cues, Language, judge, tokens, word_errors};
use crate::media::read_line_wav;
use crate::stt::{Stt, SttEvent, SttStream, Vocabulary};

/// Samples given at a time, as a carrier would.
const FRAME: usize = Millis(20).samples().0 as usize;
/// Silence before and after a recording.
const MARGIN: Samples = Millis(400).samples();
/// How long a recogniser may take for one recording.
const PATIENCE: Duration = Duration::from_secs(30);
/// The kind of recordings that are a yes; all others are none.
const YES: &str = "answer-yes";

/// One recording of a manifest.
#[derive(Clone, Debug, Deserialize)]
pub struct Recording {
    pub file: String,
    pub text: String,
    pub kind: String,
}

/// Word errors of one file, or of all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WordErrors {
    /// Words said.
    pub words: usize,
    /// Words put in, left out or taken for others.
    pub errors: usize,
}

/// One file's words.
#[derive(Clone, Debug)]
pub struct HeardFile {
    pub file: String,
    pub said: String,
    pub heard: Result<String, Fault>,
    pub errors: WordErrors,
}

/// All files of a directory that have words.
#[derive(Clone, Debug, Default)]
pub struct SttReport {
    pub files: Vec<HeardFile>,
    pub total: WordErrors,
}

/// What became of the answers of one kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AnswerCounts {
    pub files: usize,
    /// Taken for a yes at once.
    pub yes: usize,
    /// Something like a yes: one more question.
    pub doubtful: usize,
    pub no: usize,
    pub unclear: usize,
    /// The recogniser lost the turn.
    pub failed: usize,
}

/// Answers by kind of recording.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AnswersReport {
    pub kinds: BTreeMap<String, AnswerCounts>,
    /// Files that are no yes and were taken for one, and files of a yes taken for a no.
    pub false_yeses: Vec<String>,
    pub false_noes: Vec<String>,
}

impl AnswersReport {
    /// Recordings that are no yes and were answered.
    #[must_use]
    pub fn others(&self) -> usize {
        let others = self.kinds.iter().filter(|(kind, _)| *kind != YES);
        others.map(|(_, counts)| counts.files - counts.failed).sum()
    }
}

/// The words of a directory's own manifest, for a recogniser that has to know what it may hear.
pub fn vocabulary_of_manifest(dir: &Path, language: Language) -> Result<Vocabulary, Fault> {
    let recordings = manifest(dir)?;
    Ok(Vocabulary::of_sentences(language, recordings.iter().map(|recording| recording.text.as_str())))
}

/// Word errors over every recording with a text. The vocabulary is the caller's choice: that of an agent's plan
/// tells what its callers would get, that of the manifest what the recogniser can do at best.
pub async fn stt(
    recogniser: &dyn Stt,
    dir: &Path,
    vocabulary: Arc<Vocabulary>,
    language: Language,
) -> Result<SttReport, Fault> {
    let mut report = SttReport::default();
    for Recording { file, text, .. } in manifest(dir)?.into_iter().filter(|r| !r.text.is_empty()) {
        let samples = read_line_wav(&dir.join(&file))?;
        let stream = recogniser.open(Arc::clone(&vocabulary), language)?;
        let heard = hear(stream, &samples, Expect::Anything).await.map(|transcript| words(&transcript));
        let said = tokens(&text);
        let got = heard.as_deref().map(tokens).unwrap_or_default();
        let errors = WordErrors { words: said.len(), errors: word_errors(&said, &got) };
        report.total.words += errors.words;
        report.total.errors += errors.errors;
        report.files.push(HeardFile { file, said: text, heard, errors });
    }
    Ok(report)
}

/// What the recogniser makes of every recording as an answer to a question, so many of them at once.
pub async fn answers(
    recogniser: &dyn Stt,
    dir: &Path,
    vocabulary: Arc<Vocabulary>,
    language: Language,
    at_once: usize,
) -> Result<AnswersReport, Fault> {
    let mut report = AnswersReport::default();
    let vocabulary = &vocabulary;
    let asked = futures::stream::iter(manifest(dir)?).map(|recording| async move {
        let samples = read_line_wav(&dir.join(&recording.file))?;
        let stream = recogniser.open(Arc::clone(vocabulary), language)?;
        let heard = hear(stream, &samples, Expect::YesNo).await;
        Ok::<_, Fault>((recording, heard.map(|transcript| weigh(&transcript, language))))
    });
    let mut asked = asked.buffered(at_once);
    while let Some(answered) = asked.next().await {
        let (Recording { file, kind, .. }, answer) = answered?;
        let counts = report.kinds.entry(kind.clone()).or_default();
        counts.files += 1;
        match answer {
            Ok(Weight::Yes) => counts.yes += 1,
            Ok(Weight::Doubtful) => counts.doubtful += 1,
            Ok(Weight::No) => counts.no += 1,
            Ok(Weight::Unclear) => counts.unclear += 1,
            Err(_) => counts.failed += 1,
        }
        match (answer, kind == YES) {
            (Ok(Weight::Yes), false) => report.false_yeses.push(file),
            (Ok(Weight::No), true) => report.false_noes.push(file),
            (Ok(Weight::Yes | Weight::No | Weight::Doubtful | Weight::Unclear) | Err(_), _) => {}
        }
    }
    Ok(report)
}

#[derive(Clone, Copy)]
enum Weight {
    Yes,
    Doubtful,
    No,
    Unclear,
}

/// As the gate would take it, the question having ended before.
fn weigh(transcript: &Transcript, language: Language) -> Weight {
    let by_words = judge(language, &words(transcript), &Cues::default());
    let TranscriptEnd::Turn(affirmation) = transcript.end else { return Weight::Unclear };
    match (by_words, affirmation) {
        (Answer::No | Answer::Wait, _) => Weight::No,
        (Answer::Yes, Affirmation::ByWords) => Weight::Yes,
        (Answer::Yes | Answer::Unclear, Affirmation::Certain) => Weight::Yes,
        (Answer::Yes | Answer::Unclear, Affirmation::Doubtful) => Weight::Doubtful,
        (Answer::Yes | Answer::Change | Answer::Question | Answer::Backchannel | Answer::Unclear, _) => {
            Weight::Unclear
        }
    }
}

/// One recording as one turn.
async fn hear(mut stream: Box<dyn SttStream>, samples: &[i16], expect: Expect) -> Result<Transcript, Fault> {
    let silence = vec![0; MARGIN.0 as usize];
    let start = Position::START + MARGIN;
    let end = start + Samples(u32::try_from(samples.len()).unwrap_or(u32::MAX));
    stream.audio(Position::START, &silence);
    stream.speech_started(start);
    for (n, frame) in samples.chunks(FRAME).enumerate() {
        stream.audio(start + Samples(u32::try_from(n * FRAME).unwrap_or(u32::MAX)), frame);
    }
    stream.audio(end, &silence);
    stream.speech_stopped(end, expect);
    let mut so_far = Vec::new();
    loop {
        match timeout(PATIENCE, stream.next()).await.map_err(|_| silent())? {
            SttEvent::Heard(Transcript { end: TranscriptEnd::Partial, .. }) => {}
            SttEvent::Heard(Transcript { words, end: TranscriptEnd::Final }) => so_far.extend(words),
            SttEvent::Heard(Transcript { words, end }) => {
                so_far.extend(words);
                return Ok(Transcript { words: so_far, end });
            }
            SttEvent::Failed(fault) => return Err(fault),
            SttEvent::Busy => return Err(silent()),
        }
    }
}

fn words(transcript: &Transcript) -> String {
    transcript.words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ")
}

fn manifest(dir: &Path) -> Result<Vec<Recording>, Fault> {
    let path = dir.join("manifest.json");
    let fault = |place: &str, what: String| {
        let remedy = "write a list of {\"file\", \"text\", \"kind\"} beside the WAV files";
        Fault::new(Owner::Admin, format!("{}{place}: {what}", path.display()), remedy)
    };
    let text = std::fs::read_to_string(&path).map_err(|error| fault("", error.to_string()))?;
    let recordings: Vec<Recording> =
        serde_json::from_str(&text).map_err(|error| fault(&place(&error), plain(&error)))?;
    if recordings.is_empty() {
        return Err(fault("", "it names no recording".to_owned()));
    }
    Ok(recordings)
}

/// `:LINE:COLUMN`, both from one: the reader counts no column where it has read nothing of a line.
fn place(error: &serde_json::Error) -> String {
    format!(":{}:{}", error.line().max(1), error.column().max(1))
}

/// What the reader of JSON has met, in words for people.
fn plain(error: &serde_json::Error) -> String {
    let said = error.to_string();
    let lacked = said.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
    match (lacked, error.is_data()) {
        (Some(field), _) => format!("the recording that ends here has no `{field}`"),
        (None, true) => {
            "here stands something else than a list of recordings whose fields are texts".to_owned()
        }
        (None, false) => "this is not JSON: a quote, a comma or a bracket is missing or too much".to_owned(),
    }
}

fn silent() -> Fault {
    Fault::new(
        Owner::Provider,
        "the recogniser gave no answer in time",
        "try again with nothing else running",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_manifest_is_told_with_its_place_in_plain_words() {
        let told = |text: &str| {
            let error = serde_json::from_str::<Vec<Recording>>(text).expect_err("the manifest is broken");
            format!("{}: {}", place(&error), plain(&error))
        };
        for (text, start) in [
            (
                "[\n{\"file\": \"a.wav\", \"text\": \"yes\"}]",
                ":2:32: the recording that ends here has no `kind`",
            ),
            ("[{\"file\": 1}]", ":1:11: here stands something else"),
            ("{}", ":1:1: here stands something else"),
            ("[{\"file\" \"a.wav\"}]", ":1:10: this is not JSON"),
            ("", ":1:1: this is not JSON"),
        ] {
            assert!(told(text).starts_with(start), "{text}: {}", told(text));
        }
    }

    #[test]
    fn a_manifest_that_is_missing_says_where_it_should_be() {
        let fault = manifest(Path::new("/nonexistent")).unwrap_err();
        assert!(fault.what.starts_with("/nonexistent/manifest.json"));
    }
}
