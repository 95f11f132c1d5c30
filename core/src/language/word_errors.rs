//! How far two lists of words lie apart.
//!
//! Promises: the least number of words put in, left out and exchanged (Levenshtein 1966).
//! Never: looks inside a word.

/// Words put in, left out or taken for others, between what was said and what was heard.
#[must_use]
pub fn word_errors(said: &[String], heard: &[String]) -> usize {
    let mut row: Vec<usize> = (0..=heard.len()).collect();
    for (n, word) in said.iter().enumerate() {
        let mut corner = std::mem::replace(&mut row[0], n + 1);
        for (m, other) in heard.iter().enumerate() {
            let exchanged = corner + usize::from(word != other);
            corner = row[m + 1];
            row[m + 1] = exchanged.min(corner + 1).min(row[m] + 1);
        }
    }
    row[heard.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::tokens;

    #[test]
    fn word_errors_count_what_was_put_in_left_out_and_exchanged() {
        for (said, heard, wanted) in [
            ("", "", 0),
            ("yes", "", 1),
            ("", "yes", 1),
            ("where is my order", "where is my order", 0),
            ("where is my order", "where my order please", 2),
            ("one two three", "three one two", 2),
        ] {
            assert_eq!(word_errors(&tokens(said), &tokens(heard)), wanted, "{said} / {heard}");
        }
    }
}
