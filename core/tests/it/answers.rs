//! The tables of spoken answers in `tests/answers`, one for each language.
//!
//! Promises: no answer of the tables is taken for a yes that is none; every verdict is the judge's.
//! Never: holds an answer itself.

use std::collections::BTreeSet;
use std::fs;

use centralita_core::language::{Answer, AnswerRow, Language, answer_rows};

fn table(language: Language) -> Vec<AnswerRow> {
    let path = format!("../tests/answers/{language}.tsv");
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    answer_rows(&text).unwrap_or_else(|what| panic!("{path}: {what}"))
}

#[test]
fn every_language_has_a_table_with_answers_of_every_kind() {
    for language in Language::ALL {
        let rows = table(language);
        let least = match language {
            Language::English | Language::Spanish => 200,
            Language::Portuguese
            | Language::French
            | Language::German
            | Language::Italian
            | Language::Catalan => 60,
        };
        assert!(rows.len() >= least, "{language}: {} rows", rows.len());
        for verdict in ["yes", "no", "wait", "change", "question", "backchannel", "unclear"] {
            let verdict = Answer::parse(verdict).expect("it is a verdict");
            let known = rows.iter().filter(|row| row.verdict == verdict).count();
            assert!(known >= 3, "{language}: {known} rows are {verdict:?}");
        }
        let keys: BTreeSet<_> = rows.iter().map(|row| (&row.question, &row.verbs, &row.said)).collect();
        assert_eq!(keys.len(), rows.len(), "{language}: a row stands twice");
    }
}

#[test]
fn no_spoken_answer_is_taken_for_a_yes_that_is_none() {
    let mut wrong = Vec::new();
    for language in Language::ALL {
        for row in table(language).iter().filter(|row| row.verdict != Answer::Yes) {
            if row.judged(language).answer == Answer::Yes {
                wrong.push(format!("{language}.tsv:{}: {:?}", row.line, row.said));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_spoken_answer_is_judged_as_its_row_says() {
    let mut wrong = Vec::new();
    for language in Language::ALL {
        for row in &table(language) {
            let judged = row.judged(language);
            if !row.agrees(judged.answer) {
                let (was, line) = (judged.answer.word(), row.line);
                wrong.push(format!(
                    "{language}.tsv:{line}: {:?} is {was} ({}), not {}",
                    row.said,
                    judged.rule,
                    row.verdict.word()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
