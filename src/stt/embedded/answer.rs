//! The yes/no step by sound: two models, each with a strict grammar and a witness, that must all hear a yes.
//!
//! Promises: a yes is certain only if both models heard one by grammar and witness, and the plan's own decode
//! does not speak against it; anything less is at most doubtful; in doubt a no.
//! Never: takes a yes from words that do not begin with *yes*.

use super::model::{GRAMMAR, PHONE, WIDE, WITNESS};
use crate::core::conversation::{Affirmation, Expect};
use crate::core::language::{Answer, Cues, Language, judge};
use crate::speech::{Decoded, Lease, Lost};

/// Least posterior of the second witness for a yes at first hearing: `1.0001 ^ -25,000`, one in twelve.
const POSTERIOR_MIN: i32 = -25_000;
/// Words of every yes in the grammar; a witness that hears another word hears no yes.
const YES_WORDS: [&str; 11] =
    ["yes", "please", "go", "ahead", "do", "it", "that's", "that", "is", "right", "correct"];
const CONFIRM: &str = "confirm";
/// A longer turn of the plan's decode is told as it is, whatever the grammar made of it.
const SHORT_WORDS: usize = 2;

/// What decides beside the decoders, as a text the figure is about.
pub(super) fn thresholds() -> String {
    format!("{POSTERIOR_MIN} {YES_WORDS:?} {CONFIRM}")
}

/// What a turn says to a question, with the words to tell.
pub(super) async fn answer(
    lease: &mut Lease,
    plan: Decoded,
    expect: Expect,
) -> Result<(Decoded, Affirmation), Lost> {
    let strict = lease.decode(WIDE, GRAMMAR).await?;
    if !is_yes(&strict) {
        return Ok((refusal(strict, plan), Affirmation::Absent));
    }
    let witness = lease.decode(WIDE, WITNESS).await?;
    let wide = is_yes(&witness);
    let strict_phone = lease.decode(PHONE, GRAMMAR).await?;
    let witness_phone = lease.decode(PHONE, WITNESS).await?;
    let phone = is_yes(&strict_phone) && is_yes(&witness_phone);
    let sure = expect == Expect::YesAgain || witness_phone.posterior > POSTERIOR_MIN;
    let affirmation = match (wide, phone) {
        _ if speaks_against(&plan, &strict) => Affirmation::Absent,
        (true, true) if sure => Affirmation::Certain,
        (true, _) | (_, true) => Affirmation::Doubtful,
        (false, false) => Affirmation::Absent,
    };
    let words = if plan.words.is_empty() && affirmation != Affirmation::Absent { strict } else { plan };
    Ok((words, affirmation))
}

fn is_yes(heard: &Decoded) -> bool {
    let yes_word = |text: &str| YES_WORDS.contains(&text) || text == CONFIRM;
    heard.words.first().is_some_and(|word| word.text == "yes")
        && heard.words.iter().all(|w| yes_word(&w.text))
}

/// The plan's own decode hears something that no yes is, or much more than the yes.
fn speaks_against(plan: &Decoded, yes: &Decoded) -> bool {
    let more = plan.words.len() > yes.words.len() + 1;
    more || match judge(Language::English, &plan.text(), &Cues::default()) {
        Answer::No | Answer::Wait | Answer::Change | Answer::Question => true,
        Answer::Yes | Answer::Backchannel | Answer::Unclear => false,
    }
}

/// The grammar's *no* or *wait* stands where the plan's decode made nothing of a short turn.
fn refusal(strict: Decoded, plan: Decoded) -> Decoded {
    let sense = |heard: &Decoded| judge(Language::English, &heard.text(), &Cues::default());
    let refuses = matches!(sense(&strict), Answer::No | Answer::Wait);
    let mute = plan.words.len() <= SHORT_WORDS
        && matches!(sense(&plan), Answer::Unclear | Answer::Backchannel | Answer::Yes);
    if refuses && mute { strict } else { plan }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::speech::Heard;

    fn heard(text: &str) -> Decoded {
        let word = |text: &str| Heard { text: text.to_owned(), from: 0, to: 1 };
        Decoded { words: text.split_whitespace().map(word).collect(), posterior: 0 }
    }

    #[test]
    fn only_words_of_a_yes_that_begin_with_yes_are_one() {
        for (text, wanted) in [
            ("yes", true),
            ("yes please", true),
            ("yes that is correct", true),
            ("", false),
            ("yeah", false),
            ("please yes", false),
            ("yes but", false),
            ("yes twenty", false),
            ("yes no", false),
            ("yesterday", false),
        ] {
            assert_eq!(is_yes(&heard(text)), wanted, "{text}");
        }
    }

    #[test]
    fn the_plans_decode_can_speak_against_a_yes_but_not_for_one() {
        for (plan, wanted) in [
            ("yes", false),
            ("guess", false),
            ("", false),
            ("no", true),
            ("wait", true),
            ("yes but make it thirty", true),
            ("what", true),
        ] {
            assert_eq!(speaks_against(&heard(plan), &heard("yes")), wanted, "{plan}");
        }
    }

    #[test]
    fn in_doubt_a_no_stands() {
        assert_eq!(refusal(heard("no"), heard("")).text(), "no");
        assert_eq!(refusal(heard("no"), heard("yes")).text(), "no");
        assert_eq!(refusal(heard("no"), heard("make it thirty dollars")).text(), "make it thirty dollars");
        assert_eq!(refusal(heard("repeat"), heard("order")).text(), "order");
    }
}
