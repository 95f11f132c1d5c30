//! What was probably meant by a word that is none of those there are.
//!
//! Promises: a word that differs in capitals and signs, or by a slip or two, finds its name; any other finds none.
//! Never: guesses a name for a word of one letter.

/// The name that was probably meant: the same but for capitals and signs, or a slip or two away.
#[must_use]
pub fn nearest<'n>(written: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let plain = |text: &str| -> Vec<char> {
        text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).take(40).collect()
    };
    let written = plain(written);
    let slips = names.map(|name| (distance(&written, &plain(name)), name));
    let (slips, name) = slips.min()?;
    let most = if written.len() < 6 { 1 } else { 2 };
    (slips <= most && slips < written.len()).then_some(name)
}

/// Letters put in, left out, changed, or swapped with their neighbour.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let changed = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = changed.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_the_name_that_was_meant_and_another_word_finds_none() {
        let names = || ["anything", "yes-no", "yes-again", "digits", "end"].into_iter();
        for (written, meant) in [
            ("anythin", Some("anything")),
            ("YesNo", Some("yes-no")),
            ("digist", Some("digits")),
            ("ned", Some("end")),
            ("something", None),
            ("e", None),
            ("", None),
        ] {
            assert_eq!(nearest(written, names()), meant, "{written}");
        }
    }
}
