//! What a worker has to load: the model of a plan's vocabulary, and the two models of the yes/no step.
//!
//! Promises: every word of a model has a pronunciation; sentences with a word that has none are left out.
//! Never: loads the language at large.

use std::collections::BTreeSet;
use std::path::Path;

use super::lexicon::{Doubts, Lexicon};
use super::trigram::Trigram;
use crate::core::base::Fault;
use crate::speech::{Load, Search, SearchKind, Silence};
use crate::stt::Vocabulary;

/// The one search of a plan's decoder.
pub(super) const PLAN: &str = "plan";
/// The searches of both decoders of the yes/no step.
pub(super) const GRAMMAR: &str = "grammar";
pub(super) const WITNESS: &str = "witness";
/// The decoder of the model as it is, and that of the model brought to the telephone band.
pub(super) const WIDE: &str = "yes-wide";
pub(super) const PHONE: &str = "yes-phone";

pub(super) const STRICT: &str = include_str!("../../../assets/speech/yes-no/strict.jsgf");
pub(super) const WITNESS_LM: &str = include_str!("../../../assets/speech/yes-no/witness.arpa");
pub(super) const YES_NO_WORDS: &str = include_str!("../../../assets/speech/yes-no/words.dict");
pub(super) const TRANSFORM: &str = include_str!("../../../assets/speech/phone-band.mllr");

/// The acoustic model below the models' directory, and the dictionary.
pub(super) const ACOUSTIC: &str = "en-us";
const DICTIONARY: &str = "cmudict-en-us.dict";

/// A vocabulary, compiled.
#[derive(Debug)]
pub(super) struct Model {
    pub(super) load: Load,
    pub(super) doubts: Doubts,
}

/// The trigram and the pronunciations of a vocabulary. Reads files and may run a program: not for an async task.
pub(super) fn compile(vocabulary: &Vocabulary, models: &Path) -> Result<Model, Fault> {
    let words: BTreeSet<&str> = vocabulary.sentences().iter().flatten().map(String::as_str).collect();
    let lexicon = Lexicon::of(&words, &models.join(DICTIONARY))?;
    let sayable = |sentence: &&Vec<String>| sentence.iter().all(|word| lexicon.knows(word));
    let sentences = vocabulary.sentences().iter().filter(sayable).map(Vec::as_slice);
    let text = Trigram::count(sentences).arpa();
    let search = Search { name: PLAN.into(), kind: SearchKind::Trigram, text, fwdflat: true, bestpath: true };
    let load = Load {
        decoder: vocabulary.digest().to_string(),
        model_dir: acoustic(models),
        dictionary: lexicon.text(),
        transform: Some(TRANSFORM.to_owned()),
        silence: Silence::Kept,
        searches: vec![search],
    };
    Ok(Model { load, doubts: lexicon.doubts })
}

/// The two decoders of the yes/no step, with the settings its figure was measured with.
pub(super) fn yes_no(models: &Path) -> [Load; 2] {
    let load = |decoder: &str, transform: Option<&str>, passes: bool| Load {
        decoder: decoder.to_owned(),
        model_dir: acoustic(models),
        dictionary: YES_NO_WORDS.to_owned(),
        transform: transform.map(str::to_owned),
        silence: Silence::Removed,
        searches: vec![
            Search {
                name: GRAMMAR.into(),
                kind: SearchKind::Grammar,
                text: STRICT.to_owned(),
                fwdflat: true,
                bestpath: false,
            },
            Search {
                name: WITNESS.into(),
                kind: SearchKind::Trigram,
                text: WITNESS_LM.to_owned(),
                fwdflat: passes,
                bestpath: passes,
            },
        ],
    };
    [load(WIDE, None, false), load(PHONE, Some(TRANSFORM), true)]
}

fn acoustic(models: &Path) -> String {
    models.join(ACOUSTIC).to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::language::Language;

    #[test]
    fn a_sentence_with_a_word_nobody_can_pronounce_is_left_out_and_the_word_is_named() {
        let vocabulary = Vocabulary::of_sentences(Language::English, ["refund my order", "refund my señor"]);
        let model = compile(&vocabulary, Path::new("/usr/share/pocketsphinx/model/en-us"))
            .expect("the Debian package is installed");
        assert_eq!(model.doubts.unknown, ["señor"]);
        assert!(!model.load.searches[0].text.contains("señor"));
        assert!(model.load.searches[0].text.contains("my order"));
    }
}
