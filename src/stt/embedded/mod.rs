//! The embedded recogniser: no key, no network, English, an agent's own vocabulary.
//!
//! Reading order: [`Embedded`], `stream` (one call), `turn` (its audio), `model`, `trigram`, `lexicon` (what a plan
//! becomes), `answer` (yes by sound), `figure` (how far that is trusted).
//!
//! Promises: a call costs a few seconds of audio; a turn costs one leased worker; yes is said by recipe alone.
//! Never: is a general dictation engine: words outside the vocabulary become the nearest ones in it.

mod answer;
mod figure;
mod lexicon;
mod model;
mod stream;
mod trigram;
mod turn;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use crate::core::base::{Digest, Fault, Owner};
use crate::core::conversation::EngineYes;
use crate::core::language::Language;
use crate::speech::{Load, Pool, library_files};
use crate::stt::{Stt, SttStream, Vocabulary};
use figure::{Engine, Figure};
pub use lexicon::Doubts;
use model::Model;

/// Where Debian's package `pocketsphinx-en-us` puts its models.
pub const DEBIAN_MODELS: &str = "/usr/share/pocketsphinx/model/en-us";

/// Compiled vocabularies kept, some megabytes each; one more is compiled again when it is next called.
const COMPILED_MAX: usize = 32;

/// The recogniser of a process.
#[derive(Debug)]
pub struct Embedded {
    models: PathBuf,
    pool: Arc<Pool>,
    yes_no: Arc<[Load; 2]>,
    yes: EngineYes,
    /// Vocabularies of the agent versions in use.
    compiled: Mutex<BTreeMap<Digest, Arc<Model>>>,
}

impl Embedded {
    /// `worker` is the program with its arguments that serves [`crate::speech::main`]; at most `workers` run.
    #[must_use]
    pub fn new(worker: Vec<PathBuf>, workers: usize, models: PathBuf) -> Embedded {
        let pool = Arc::new(Pool::new(worker, workers));
        let yes_no = Arc::new(model::yes_no(&models));
        let yes = figure::yes_figure(&models);
        Embedded { models, pool, yes_no, yes, compiled: Mutex::default() }
    }

    /// Words of the vocabulary that can never be heard, or only if a guess at their sound is right. Compiles the
    /// vocabulary, which the first call would else have to wait for.
    pub fn check(&self, vocabulary: &Vocabulary, language: Language) -> Result<Doubts, Fault> {
        Ok(self.compile(vocabulary, language)?.doubts.clone())
    }

    /// Starts one worker and loads it for this vocabulary; call it once per worker to have all warm.
    pub async fn warm(&self, vocabulary: &Vocabulary, language: Language) -> Result<(), Fault> {
        let model = self.compile(vocabulary, language)?;
        let warm = async {
            let mut lease = self.pool.lease().await?;
            lease.load(&model.load).await?;
            stream::load_all(&mut lease, self.yes_no.as_slice()).await
        };
        warm.await.map_err(stream::fault)
    }

    /// The figure file of this engine as it stands, of `others` recordings that are no yes.
    pub fn figure(&self, others: u32, false_yeses: u32, source: String) -> Result<String, Fault> {
        let engine = Engine::found(&self.models).ok_or_else(|| {
            let remedy = "install libpocketsphinx3 and pocketsphinx-en-us, and start again after an upgrade";
            Fault::new(Owner::Admin, "the library or the acoustic model cannot be read", remedy)
        })?;
        let figure = Figure::new(engine, others, false_yeses, source);
        Ok(serde_json::to_string_pretty(&figure).expect("strings and numbers become JSON") + "\n")
    }

    fn compile(&self, vocabulary: &Vocabulary, language: Language) -> Result<Arc<Model>, Fault> {
        match language {
            Language::English => {}
            Language::Spanish
            | Language::Portuguese
            | Language::French
            | Language::German
            | Language::Italian
            | Language::Catalan => return Err(english_only(language)),
        }
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(model) = compiled.get(&vocabulary.digest()) {
            return Ok(Arc::clone(model));
        }
        let model = Arc::new(model::compile(vocabulary, &self.models)?);
        if compiled.len() >= COMPILED_MAX {
            compiled.pop_first();
        }
        compiled.insert(vocabulary.digest(), Arc::clone(&model));
        Ok(model)
    }
}

impl Stt for Embedded {
    fn open(&self, vocabulary: Arc<Vocabulary>, language: Language) -> Result<Box<dyn SttStream>, Fault> {
        let model = self.compile(&vocabulary, language)?;
        Ok(Box::new(stream::Stream::new(Arc::clone(&self.pool), model, Arc::clone(&self.yes_no))))
    }

    fn yes_figure(&self) -> EngineYes {
        // A library that was replaced while this process runs would be what the next worker loads.
        match self.yes {
            EngineYes::Trusted if library_files().is_some() => EngineYes::Trusted,
            EngineYes::Trusted | EngineYes::KeypadOnly => EngineYes::KeypadOnly,
        }
    }
}

fn english_only(language: Language) -> Fault {
    Fault::new(
        Owner::Admin,
        format!("the embedded recogniser knows English only, and this agent speaks `{}`", language.code()),
        "configure a recogniser of a provider, or let callers use the keys",
    )
}
