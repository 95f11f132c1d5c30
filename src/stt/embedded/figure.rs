//! How often this very engine takes something else for a yes, as measured; any other engine is unknown.
//!
//! Promises: a spoken yes is trusted only while every file and library the figure was measured with is the same.
//! Never: measures; `centralita eval answers --figure` does, and the figure is written down.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::model::{ACOUSTIC, STRICT, TRANSFORM, WITNESS_LM, YES_NO_WORDS, yes_no};
use super::{answer, stream};
use crate::core::base::Digest;
use crate::core::conversation::EngineYes;
use crate::media::double;
use crate::speech::library_digest;

/// The figure, beside the files it is about.
const FIGURE: &str = include_str!("../../../assets/speech/yes-figure.json");
/// Highest rate of false yeses, by its upper 95 % bound, that a spoken yes is trusted with: one in two hundred.
const BOUND_MAX_PER_MYRIAD: u32 = 50;
const MYRIAD: u32 = 10_000;
/// A rate is out of the question where so few false yeses would be seen in fewer than one of twenty trials.
const CHANCE_MIN: f64 = 0.05;
/// Files of the acoustic model that decide what is heard.
const ACOUSTIC_FILES: [&str; 6] =
    ["feat.params", "mdef", "means", "sendump", "transition_matrices", "variances"];

/// The figure file. Its `source` is for people.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Figure {
    engine: Engine,
    /// Recordings that are no yes, and how many of them were taken for one.
    others: u32,
    false_yeses: u32,
    bound_95_per_myriad: u32,
    source: String,
}

/// Digests of all that decides what is heard as a yes.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Engine {
    /// Of the library's files as they are loaded.
    library: String,
    grammar: String,
    dictionary: String,
    witness: String,
    transform: String,
    /// Of both decoders with all their settings, and of the recipe's thresholds.
    settings: String,
    /// Of what the doubling filter makes of a fixed signal.
    filter: String,
    acoustic_model: String,
}

impl Engine {
    /// The engine of this process; `None` where a file cannot be read.
    pub(super) fn found(models: &Path) -> Option<Engine> {
        let digest = |text: &str| Digest::of_bytes(text.as_bytes()).to_string();
        Some(Engine {
            library: library_digest()?.to_string(),
            grammar: digest(STRICT),
            dictionary: digest(YES_NO_WORDS),
            witness: digest(WITNESS_LM),
            transform: digest(TRANSFORM),
            settings: digest(&settings()),
            filter: filter().to_string(),
            acoustic_model: acoustic_model(models)?.to_string(),
        })
    }
}

impl Figure {
    pub(super) fn new(engine: Engine, others: u32, false_yeses: u32, source: String) -> Figure {
        Figure { engine, others, false_yeses, bound_95_per_myriad: bound(others, false_yeses), source }
    }

    fn holds(&self, engine: &Engine) -> bool {
        self.engine == *engine
            && self.bound_95_per_myriad == bound(self.others, self.false_yeses)
            && self.bound_95_per_myriad <= BOUND_MAX_PER_MYRIAD
    }
}

/// Whether a spoken yes of the engine as it stands may be trusted.
pub(super) fn yes_figure(models: &Path) -> EngineYes {
    match (serde_json::from_str::<Figure>(FIGURE), Engine::found(models)) {
        (Ok(figure), Some(engine)) if figure.holds(&engine) => EngineYes::Trusted,
        (Ok(_) | Err(_), _) => EngineYes::KeypadOnly,
    }
}

/// The upper 95 % bound of the rate in ten-thousandths, rounded up: one-sided Clopper-Pearson.
fn bound(others: u32, false_yeses: u32) -> u32 {
    if false_yeses >= others {
        return MYRIAD;
    }
    // In logarithms: the first terms of a long sum are too small for a number.
    let chance = |rate: f64| -> f64 {
        let mut term = f64::from(others) * (1.0 - rate).ln();
        let odds = (rate / (1.0 - rate)).ln();
        let terms = (0..=false_yeses).map(|k| {
            let now = term.exp();
            term += (f64::from(others - k) / f64::from(k + 1)).ln() + odds;
            now
        });
        terms.sum()
    };
    (1..MYRIAD).find(|&rate| chance(f64::from(rate) / f64::from(MYRIAD)) <= CHANCE_MIN).unwrap_or(MYRIAD)
}

fn settings() -> String {
    let loads = serde_json::to_string(&yes_no(Path::new(""))).expect("strings become JSON");
    format!("{loads} {} {}", answer::thresholds(), stream::answer_lengths())
}

/// A signal with steps in it has all the frequencies a filter could change.
fn filter() -> Digest {
    let steps: Vec<i16> = (0..800).map(|n| if n % 97 < 31 { 12_000 } else { -7_000 }).collect();
    let bytes: Vec<u8> = double(&steps).into_iter().flat_map(i16::to_le_bytes).collect();
    Digest::of_bytes(&bytes)
}

/// Over the files' digests, in a fixed order.
fn acoustic_model(models: &Path) -> Option<Digest> {
    let mut digests = String::new();
    for name in ACOUSTIC_FILES {
        let bytes = std::fs::read(models.join(ACOUSTIC).join(name)).ok()?;
        digests += &Digest::of_bytes(&bytes).to_string();
    }
    Some(Digest::of_bytes(digests.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEBIAN: &str = "/usr/share/pocketsphinx/model/en-us";

    fn figure() -> Figure {
        serde_json::from_str(FIGURE).expect("the figure beside the engine is JSON")
    }

    fn engine() -> Engine {
        Engine::found(Path::new(DEBIAN)).expect("the Debian packages are installed")
    }

    #[test]
    fn the_figure_is_about_the_files_that_are_here() {
        let (here, measured) = (engine(), figure().engine);
        let ours = |e: Engine| [e.grammar, e.dictionary, e.witness, e.transform, e.settings, e.filter];
        assert_eq!(ours(here), ours(measured));
    }

    #[test]
    fn a_yes_is_trusted_exactly_where_what_was_measured_is_here_and_its_bound_is_low() {
        let (here, figure) = (engine(), figure());
        let measured = &figure.engine;
        let same = here.library == measured.library && here.acoustic_model == measured.acoustic_model;
        let low = figure.bound_95_per_myriad <= BOUND_MAX_PER_MYRIAD;
        let wanted = if same && low { EngineYes::Trusted } else { EngineYes::KeypadOnly };
        assert_eq!(yes_figure(Path::new(DEBIAN)), wanted);
        assert_eq!(yes_figure(Path::new("/nonexistent")), EngineYes::KeypadOnly);
    }

    #[test]
    fn any_change_of_the_engine_makes_it_unknown() {
        let changes: [fn(&mut Engine); 8] = [
            |e| e.library.clear(),
            |e| e.grammar.clear(),
            |e| e.dictionary.clear(),
            |e| e.witness.clear(),
            |e| e.transform.clear(),
            |e| e.settings.clear(),
            |e| e.filter.clear(),
            |e| e.acoustic_model.clear(),
        ];
        let written = || Figure::new(engine(), 598, 0, String::new());
        assert!(written().holds(&engine()));
        for change in changes {
            let mut changed = engine();
            change(&mut changed);
            assert!(!written().holds(&changed), "{changed:?}");
        }
        assert!(
            !Figure::new(engine(), 597, 0, String::new()).holds(&engine()),
            "one in two hundred is exceeded"
        );
        assert!(
            !Figure { bound_95_per_myriad: 1, ..written() }.holds(&engine()),
            "the counts say another bound"
        );
    }

    #[test]
    fn the_bound_follows_from_the_counts() {
        for (others, false_yeses, wanted) in
            [(0, 0, 10_000), (2, 0, 7_764), (597, 0, 51), (598, 0, 50), (2_659, 5, 40), (2, 2, 10_000)]
        {
            assert_eq!(bound(others, false_yeses), wanted, "{false_yeses} of {others}");
        }
        assert!((5_080..5_090).contains(&bound(10_000, 5_000)), "a long sum is no sum of zeros");
        let figure = figure();
        assert_eq!(figure.bound_95_per_myriad, bound(figure.others, figure.false_yeses));
    }
}
