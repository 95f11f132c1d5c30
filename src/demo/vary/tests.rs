//! Drawn calls are the drawer's own: no example of an agent, and only words that the recogniser can know.
//!
//! Promises: holds for every wording of every list, and for a thousand seeds.
//! Never: a network or a clock.

use std::collections::BTreeSet;
use std::path::Path;

use super::*;
use crate::catalog;
use crate::core::conversation::Plan;
use crate::core::language::tokens;
use crate::stt::Vocabulary;

const SEEDS: u64 = 1_000;
/// Lists whose sentences are requests, with their slots.
const REQUESTS: [&[&str]; 4] =
    [lists::STATUS, lists::REFUND, lists::REFUND_WITHOUT_ORDER, lists::REFUND_WITHOUT_AMOUNT];
const VALUES: [&[&str]; 3] = [lists::THE_ORDER, lists::THE_AMOUNT, lists::CHANGE];
const ANSWERS: [&[&str]; 4] = [lists::YES, lists::NO, lists::YES_TOO_EARLY, lists::RETRACTION];

/// All agents of the project.
fn plans() -> Vec<Plan> {
    let sources = catalog::find(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
    let catalog = catalog::check(&sources, &std::collections::BTreeMap::new()).unwrap();
    catalog.agents.into_values().map(|agent| agent.plan).collect()
}

fn shop() -> Plan {
    plans().into_iter().find(|plan| &*plan.agent.to_string() == AGENT).unwrap()
}

/// An example as words, each slot as `*`.
fn pattern(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        words.extend(tokens(before));
        words.push("*".to_owned());
        rest = after.split_once('}').map_or("", |(_, after)| after);
    }
    words.extend(tokens(rest));
    words
}

/// Whether words fit a pattern, a `*` standing for one word or more.
fn fits(words: &[String], pattern: &[String]) -> bool {
    match (words, pattern) {
        ([], []) => true,
        ([_, rest @ ..], [star, more @ ..]) if star == "*" => fits(rest, more) || fits(rest, pattern),
        ([word, rest @ ..], [wanted, more @ ..]) => word == wanted && fits(rest, more),
        ([], _) | (_, []) => false,
    }
}

/// Every wording an admin wrote.
fn examples() -> Vec<Vec<String>> {
    let mut all = Vec::new();
    for plan in plans() {
        all.extend(plan.tools.iter().flat_map(|tool| &tool.examples).map(|text| pattern(text)));
        all.extend(plan.answers.iter().flat_map(|answer| &answer.when).map(|text| pattern(text)));
    }
    all
}

fn is_an_example(text: &str, examples: &[Vec<String>]) -> bool {
    let words = pattern(text);
    examples.iter().any(|example| fits(&words, example))
}

/// Everything a drawn caller may say after the greeting, the second wording included.
fn requests(drawn: &Drawn) -> Vec<String> {
    let said = |what: &What| match what {
        What::Say(text) => Some(text.clone()),
        What::Press(_) | What::Listen | What::HangUp => None,
    };
    let moves = drawn.scenario.moves.iter();
    moves.flat_map(|step| [Some(&step.what), step.again.as_ref()]).flatten().filter_map(said).collect()
}

#[test]
fn fits_takes_expansions_and_nothing_else() {
    let example = pattern("Where is my order {order}?");
    for (text, wanted) in [
        ("where is my order one one eight two", true),
        ("Where is my order, 1182!", true),
        ("where is my order {order}", true),
        ("where is my order", false),
        ("hello where is my order 1182", false),
    ] {
        assert_eq!(fits(&pattern(text), &example), wanted, "{text}");
    }
}

#[test]
fn no_drawn_sentence_is_an_example_or_an_expansion_of_one() {
    let examples = examples();
    assert!(examples.len() > 30, "the project's own definitions were read");
    let lists = REQUESTS.iter().chain(&VALUES).chain(&ANSWERS).chain([&lists::STRANGE]);
    for text in lists.copied().flatten() {
        assert!(!is_an_example(text, &examples), "{text}");
    }
    for seed in 1..=SEEDS {
        for text in requests(&draw(seed)) {
            assert!(!is_an_example(&text, &examples), "seed {seed}: {text}");
        }
    }
}

#[test]
fn every_word_is_in_the_plans_vocabulary_but_for_a_tenth_of_the_seeds() {
    let vocabulary = Vocabulary::of_plan(&shop());
    let known: BTreeSet<&str> = vocabulary.sentences().iter().flatten().map(String::as_str).collect();
    let unknown = |text: &str| {
        let words = text.split(' ').filter(|word| !word.starts_with('{') && !known.contains(word));
        words.map(str::to_owned).collect::<Vec<String>>()
    };
    for text in REQUESTS.iter().chain(&VALUES).chain(&ANSWERS).copied().flatten() {
        assert_eq!(unknown(text), [""; 0], "{text}");
    }
    for text in lists::STRANGE {
        assert!(!unknown(text).is_empty(), "{text}");
    }
    let mut strange = 0;
    for seed in 1..=SEEDS {
        let drawn = draw(seed);
        let odd: Vec<String> = requests(&drawn).iter().flat_map(|text| unknown(text)).collect();
        assert_eq!(drawn.shape == Shape::Strange, !odd.is_empty(), "seed {seed}: {odd:?}");
        strange += u64::from(drawn.shape == Shape::Strange);
    }
    assert_eq!(strange, SEEDS / STRANGE_EVERY);
}

#[test]
fn the_same_seed_is_the_same_call_and_all_shapes_are_drawn() {
    let mut shapes = BTreeSet::new();
    for seed in 1..=100 {
        let (one, other) = (draw(seed), draw(seed));
        assert_eq!(format!("{one:?}"), format!("{other:?}"));
        shapes.insert(one.shape);
    }
    assert_eq!(shapes.len(), ORDINARY.len() + 1);
}

#[test]
fn who_asks_for_no_refund_agrees_to_none() {
    for seed in 1..=SEEDS {
        let drawn = draw(seed);
        let came_for_none = matches!(drawn.shape, Shape::Status | Shape::Strange);
        assert_eq!(drawn.scenario.speaker.wish == Wish::Nothing, came_for_none, "seed {seed}");
    }
}

#[test]
fn what_is_wanted_is_an_order_that_exists_and_no_more_than_it_cost() {
    let cost = |id: &str| sold(CURRENCY).find(|order| order.id == id).map(|order| order.total);
    for seed in 1..=SEEDS {
        for (order, amount) in draw(seed).scenario.refunds {
            let minor: i64 = amount.replace('.', "").parse().unwrap();
            assert!(
                cost(&order).is_some_and(|total| (1..=total).contains(&minor)),
                "seed {seed}: {order} {amount}"
            );
        }
    }
}
