//! How often this very engine takes something else for a yes, as measured; any other engine is unknown.
//!
//! Promises: a spoken yes is trusted only while every file and library the figure was measured with is the same.
//! Never: measures; that is done over thousands of recordings, and the figure is written down.

use std::path::Path;

use serde::Deserialize;

use super::model::{ACOUSTIC, STRICT, TRANSFORM, WITNESS_LM, YES_NO_WORDS, yes_no};
use crate::core::base::Digest;
use crate::core::conversation::EngineYes;
use crate::media::double;
use crate::speech::LIBRARY;

/// The figure, beside the files it is about.
const FIGURE: &str = include_str!("../../../assets/speech/yes-figure.json");
/// Highest rate of false yeses, by its upper 95 % bound, that a spoken yes is trusted with: one in two hundred.
const BOUND_MAX_PER_MYRIAD: u32 = 50;
/// Files of the acoustic model that decide what is heard.
const ACOUSTIC_FILES: [&str; 6] =
    ["feat.params", "mdef", "means", "sendump", "transition_matrices", "variances"];

/// The figure file. Its `recipe` and `source` are for people.
#[derive(Debug, Deserialize)]
struct Figure {
    library: String,
    grammar: String,
    dictionary: String,
    witness: String,
    transform: String,
    /// Of both decoders with all their settings.
    settings: String,
    /// Of what the doubling filter makes of a fixed signal.
    filter: String,
    acoustic_model: String,
    others: u32,
    false_yeses: u32,
    bound_95_per_myriad: u32,
}

/// Whether a spoken yes of the engine as it stands may be trusted.
pub(super) fn yes_figure(models: &Path) -> EngineYes {
    match serde_json::from_str(FIGURE) {
        Ok(figure) if holds(&figure, models) => EngineYes::Trusted,
        Ok(_) | Err(_) => EngineYes::KeypadOnly,
    }
}

fn holds(figure: &Figure, models: &Path) -> bool {
    let same = |text: &str, digest: &str| Digest::of_bytes(text.as_bytes()).to_string() == digest;
    figure.library == LIBRARY
        && same(STRICT, &figure.grammar)
        && same(YES_NO_WORDS, &figure.dictionary)
        && same(WITNESS_LM, &figure.witness)
        && same(TRANSFORM, &figure.transform)
        && settings().to_string() == figure.settings
        && filter().to_string() == figure.filter
        && acoustic_model(models).is_some_and(|digest| digest.to_string() == figure.acoustic_model)
        && figure.false_yeses <= figure.others
        && figure.bound_95_per_myriad <= BOUND_MAX_PER_MYRIAD
}

fn settings() -> Digest {
    let loads = serde_json::to_vec(&yes_no(Path::new(""))).expect("strings become JSON");
    Digest::of_bytes(&loads)
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

    #[test]
    fn the_figure_is_about_the_files_that_are_here() {
        let found =
            [STRICT, YES_NO_WORDS, WITNESS_LM, TRANSFORM].map(|t| Digest::of_bytes(t.as_bytes()).to_string());
        let f = figure();
        assert_eq!([settings().to_string(), filter().to_string()], [f.settings, f.filter]);
        assert_eq!(found, [f.grammar, f.dictionary, f.witness, f.transform]);
        assert_eq!(
            acoustic_model(Path::new(DEBIAN)).expect("the Debian package is installed").to_string(),
            f.acoustic_model
        );
        assert_eq!(LIBRARY, f.library);
        assert_eq!(yes_figure(Path::new(DEBIAN)), EngineYes::Trusted);
    }

    #[test]
    fn any_change_of_the_engine_makes_it_unknown() {
        let changes: [fn(&mut Figure); 9] = [
            |f| f.library.push('1'),
            |f| f.grammar.clear(),
            |f| f.dictionary.clear(),
            |f| f.witness.clear(),
            |f| f.transform.clear(),
            |f| f.settings.clear(),
            |f| f.filter.clear(),
            |f| f.acoustic_model.clear(),
            |f| f.bound_95_per_myriad = BOUND_MAX_PER_MYRIAD + 1,
        ];
        for change in changes {
            let mut changed = figure();
            change(&mut changed);
            assert!(!holds(&changed, Path::new(DEBIAN)), "{changed:?}");
        }
        assert_eq!(yes_figure(Path::new("/nonexistent")), EngineYes::KeypadOnly);
    }

    /// One-sided Clopper-Pearson: the rate at which so few false yeses would be seen in one of twenty trials.
    #[test]
    fn the_bound_follows_from_the_counts() {
        let f = figure();
        let chance = |rate: f64| {
            let mut term = (1.0 - rate).powi(f.others as i32);
            (0..=f.false_yeses).fold(0.0, |sum, k| {
                let now = sum + term;
                term *= f64::from(f.others - k) / f64::from(k + 1) * rate / (1.0 - rate);
                now
            })
        };
        assert!(chance(f64::from(f.bound_95_per_myriad) / 10_000.0) <= 0.05, "the bound is too low");
        assert!(chance(f64::from(f.bound_95_per_myriad - 1) / 10_000.0) > 0.05, "the bound is too high");
    }
}
