//! Tables of spoken answers with the verdicts people gave them: evidence, and a test of the judge.
//!
//! A row is `question TAB verbs TAB said TAB verdict TAB note`; the verbs are parted by commas, the first line names the
//! columns, a line that begins with `#` is a remark. Of an empty question nothing is taken for its echo. The verdicts are
//! those of [`Answer`]; `no` holds for a *wait* too and `unclear` for a sign of listening, which the gate treats alike.
//!
//! Promises: a line that cannot be read is told with its number.
//! Never: judges; [`judged_to`] does.

use super::{Answer, Cues, Judged, Language, judged_to};

/// What was said to a question, and what it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerRow {
    pub line: usize,
    pub question: String,
    pub verbs: Vec<String>,
    pub said: String,
    pub verdict: Answer,
    pub note: String,
}

const COLUMNS: [&str; 5] = ["question", "verbs", "said", "verdict", "note"];

/// The rows of a table.
///
/// # Errors
/// The first line that is none, and why.
pub fn answer_rows(text: &str) -> Result<Vec<AnswerRow>, String> {
    let mut rows = Vec::new();
    for (n, line) in text.lines().enumerate() {
        let line = line.trim_end_matches('\r');
        let fields: Vec<&str> = line.split('\t').collect();
        if line.trim().is_empty() || line.starts_with('#') || fields.first() == Some(&COLUMNS[0]) {
            continue;
        }
        let odd = |what: &str| format!("line {}: {what}", n + 1);
        let [question, verbs, said, verdict, rest @ ..] = fields.as_slice() else {
            return Err(odd(&format!("has {} columns, not {}", fields.len(), COLUMNS.join(", "))));
        };
        let verdict =
            Answer::parse(verdict.trim()).ok_or_else(|| odd(&format!("`{verdict}` is no verdict")))?;
        let verbs = verbs.split(',').map(str::trim).filter(|verb| !verb.is_empty());
        rows.push(AnswerRow {
            line: n + 1,
            question: question.trim().to_owned(),
            verbs: verbs.map(ToOwned::to_owned).collect(),
            said: said.trim().to_owned(),
            verdict,
            note: rest.first().map_or_else(String::new, |note| note.trim().to_owned()),
        });
    }
    Ok(rows)
}

impl AnswerRow {
    #[must_use]
    pub fn judged(&self, language: Language) -> Judged {
        judged_to(language, &self.said, &self.question, &Cues { verbs: &self.verbs })
    }

    /// Whether a judgement is what the row says.
    #[must_use]
    pub fn agrees(&self, judged: Answer) -> bool {
        judged == self.verdict || judged.as_leave() == self.verdict
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_read_and_what_is_no_row_is_told_with_its_line() {
        let rows = answer_rows(
            "question\tverbs\tsaid\tverdict\tnote\n# a remark\n\nDo it?\tdo, do it\tyes\tyes\n\t\tno\tno\tplain\r\n",
        );
        let rows = rows.expect("all lines are rows");
        assert_eq!(rows.len(), 2);
        assert_eq!((rows[0].line, rows[0].verbs.len(), rows[0].verdict), (4, 2, Answer::Yes));
        assert_eq!((rows[1].question.as_str(), rows[1].note.as_str()), ("", "plain"));
        for (text, odd) in
            [("a\tb\tc", "line 1: has 3 columns"), ("\n\t\tx\tperhaps\t", "line 2: `perhaps` is no verdict")]
        {
            let told = answer_rows(text).expect_err("that is no row");
            assert!(told.starts_with(odd), "{told}");
        }
    }

    #[test]
    fn a_wait_counts_as_a_no_and_a_sign_of_listening_as_unclear_and_not_the_other_way_round() {
        let row = |verdict: &str| answer_rows(&format!("\t\tx\t{verdict}\t")).expect("a row").remove(0);
        assert!(row("no").agrees(Answer::Wait) && row("unclear").agrees(Answer::Backchannel));
        assert!(!row("wait").agrees(Answer::No) && !row("backchannel").agrees(Answer::Unclear));
        assert!(!row("yes").agrees(Answer::Backchannel) && row("yes").agrees(Answer::Yes));
    }
}
