//! What may stand in the line of an order or a timer.
//!
//! An order that is never read back has a form all the same: one that no order can have is an expectation that nothing meets,
//! and a slip in it would be told as a difference of the call.
//!
//! Promises: a word that no order and no timer has is found, with what may stand there; `…` stands for anything.
//! Never: makes an order of a text.

use super::scan::Scan;
use crate::base::{Digest, GenerationId, Position, ProposalId, ReplyId, nearest};

/// The words an order may begin with, and those of its parts that have a word of their own.
const ORDERS: &[&str] = &[
    "watch", "say", "end", "cut", "generate", "drop", "prepare", "discard", "run", "record", "hang-up",
    "note",
];
const EXPECTS: &[&str] = &["anything", "yes-no", "yes-again", "digits"];
const ROLES: &[&str] =
    &["greeting", "answer", "filler", "reminder", "notice", "question", "action", "outcome", "goodbye"];
const NOTES: &[&str] = &["asked", "judged", "refused", "unsaid", "withdrawn", "screened"];
const VERDICTS: &[&str] = &[
    "yes",
    "no",
    "wait",
    "change",
    "question",
    "backchannel",
    "unclear",
    "yes-but-wants-key",
    "early-yes",
    "echo",
    "doubtful-yes",
];
const REFUSALS: &[&str] = &[
    "unknown-tool",
    "declined",
    "under-way",
    "outcome-unknown",
    "already-done",
    "partly-done",
    "not-askable",
    "not-identified",
    "not-own-word",
    "proofs-spent",
    "keyed-for-another",
    "spent",
];
const WHYS: &[&str] = &["finished", "silence", "limit", "service"];
const BASES: &[&str] = &["unasked", "confirmed", "admin"];
const TIMERS: &[&str] = &[
    "call-limit",
    "call-warning",
    "closing",
    "turn-limit",
    "transcript",
    "keys",
    "synthesis",
    "mark",
    "breath",
    "permit",
    "answer",
    "prepare",
    "tool",
    "generation",
    "filler",
    "silence",
];

/// In an order that is expected it stands for anything.
const ANYTHING: char = '…';

/// One part of an order: what stands there, and how it is known.
struct Part {
    what: &'static str,
    form: Form,
}

enum Form {
    Like(fn(&str) -> bool),
    /// One of these words, each of which is such a thing.
    OneOf(&'static str, &'static [&'static str]),
    Role,
    Verdict,
    /// `name=` and what stands behind it.
    Named(&'static str, &'static Form),
    /// `key=` and a word or a JSON string.
    Key,
    /// A JSON string.
    Text,
    Json,
    /// Any word at all.
    Any,
}

const fn part(what: &'static str, form: Form) -> Part {
    Part { what, form }
}

const NUMBER: Form = Form::Like(|word| word.parse::<u32>().is_ok());
const IS_DIGEST: Form = Form::Like(|word| Digest::parse(word).is_some());
const REPLY: Part = part("a reply like `#1`", Form::Like(|word| ReplyId::parse(word).is_some()));
const GENERATION: Part =
    part("a generation like `@1`", Form::Like(|word| GenerationId::parse(word).is_some()));
const PROPOSAL: Part = part("a proposal like `t1`", Form::Like(|word| ProposalId::parse(word).is_some()));
const PLACE: Part = part("a position like `~8000`", Form::Like(|word| Position::parse(word).is_some()));
const PIECE: Part = part("a piece like `#1.0`", Form::Like(is_piece));
const DIGEST: Part = part("a digest of 32 hex digits", IS_DIGEST);
const ROLE: Part = part("the part of a reply, like `greeting` or `answer:@1`", Form::Role);
const WHY: Part = part("a reason to hang up", Form::OneOf("reason to hang up", WHYS));
const REFUSAL: Part = part("a refusal", Form::OneOf("refusal", REFUSALS));
const VERDICT: Part = part("a verdict", Form::Verdict);
const BASIS: Part = part("a leave to run", Form::OneOf("leave to run", BASES));
const TEXT: Part = part("a text in quotes", Form::Text);
const ARGUMENTS: Part = part("arguments like `{\"order\":\"1182\"}`", Form::Json);
const TOOL: Part = part("a tool", Form::Any);
const PARAMETER: Part = part("a parameter", Form::Any);
const KEY: Part = part("a key like `key=t1`", Form::Key);
const ACTION: Part = part("`action=` and 32 hex digits", Form::Named("action", &IS_DIGEST));
const SPEECH: Part = part("milliseconds like `speech=60`", Form::Named("speech", &NUMBER));
const SILENCE: Part = part("milliseconds like `silence=700`", Form::Named("silence", &NUMBER));
const HISTORY: Part = part("a number like `history=3`", Form::Named("history", &NUMBER));
const EXPECT: Part = part(
    "what is expected, like `expect=anything`",
    Form::Named("expect", &Form::OneOf("expectation", EXPECTS)),
);

fn is_piece(word: &str) -> bool {
    let parts = word.split_once('.');
    parts.is_some_and(|(reply, piece)| ReplyId::parse(reply).is_some() && piece.parse::<u16>().is_ok())
}

/// What stands behind the word of an order, or of a note.
fn parts_of(verb: &str) -> &'static [Part] {
    match verb {
        "watch" => &[SPEECH, SILENCE, EXPECT],
        "say" => &[PIECE, ROLE, TEXT],
        "end" | "cut" => &[REPLY],
        "generate" => &[GENERATION, HISTORY, DIGEST],
        "drop" | "screened" => &[GENERATION],
        "prepare" => &[PROPOSAL, TOOL, ARGUMENTS],
        "discard" | "withdrawn" => &[PROPOSAL],
        "run" => &[PROPOSAL, TOOL, ARGUMENTS, KEY, ACTION, BASIS],
        "hang-up" => &[WHY],
        "asked" => &[PROPOSAL, PLACE],
        "judged" => &[PROPOSAL, VERDICT],
        "refused" => &[PROPOSAL, REFUSAL],
        "unsaid" => &[PROPOSAL, PARAMETER],
        _ => &[],
    }
}

/// Whether what stands behind `>` can be an order.
///
/// # Errors
/// What cannot stand there, and what may.
pub(super) fn check_order(text: &str) -> Result<(), String> {
    let mut scan = Scan::new(text);
    let verb = scan.word("an order")?;
    one_of("order", verb, ORDERS)?;
    if verb.contains(ANYTHING) {
        return Ok(());
    }
    if verb == "run" {
        // Its last word tells by what leave it ran, whatever stands before it.
        one_of("leave to run", text.rsplit(' ').next().unwrap_or_default(), BASES)?;
    }
    if verb != "note" {
        return check_parts(verb, scan);
    }
    let note = scan.word("a note")?;
    one_of("note", note, NOTES)?;
    if note.contains(ANYTHING) { Ok(()) } else { check_parts(note, scan) }
}

/// Whether what stands behind `.` is a timer.
///
/// # Errors
/// It is none; those there are.
pub(super) fn check_timer(name: &str) -> Result<(), String> {
    one_of("timer", name, TIMERS)
}

/// Each part in its turn. `…` may stand for several: behind it comes any of those that are left, or nothing.
fn check_parts(verb: &str, mut scan: Scan<'_>) -> Result<(), String> {
    let (mut left, mut is_open) = (parts_of(verb), false);
    while !scan.is_empty() {
        if scan.rest().split(' ').next().is_some_and(|word| word.contains(ANYTHING) && !is_json(word)) {
            scan.word("anything")?;
            (left, is_open) = (left.get(1..).unwrap_or_default(), true);
            continue;
        }
        let skipped = if is_open { behind_anything(left, scan) } else { 0 };
        let Some(next) = left.get(skipped) else {
            return Err(format!("`{}` stands behind `{verb}`, where nothing more can stand", scan.rest()));
        };
        let before = scan.rest();
        next.take(verb, &mut scan)?;
        // Inside of quotes or braces it may stand for what lies behind them too.
        (left, is_open) = (&left[skipped + 1..], scan.is_empty() && before.contains(ANYTHING));
    }
    match left.first() {
        Some(missing) if !is_open => Err(format!("behind `{verb}`, {} is missing", missing.what)),
        Some(_) | None => Ok(()),
    }
}

/// The place of the part that comes next behind `…`: the first that fits, one that any word fits last of all. Where none fits,
/// the one of that name.
fn behind_anything(left: &[Part], scan: Scan<'_>) -> usize {
    let fits = |part: &Part| part.take("", &mut scan.clone()).is_ok();
    let is_any = |part: &Part| matches!(part.form, Form::Any);
    let name = scan.rest().split_once('=').map(|(name, _)| name);
    let is_named = |part: &Part| matches!(part.form, Form::Named(own, _) if Some(own) == name);
    let of = |found: &dyn Fn(&Part) -> bool| left.iter().position(found);
    of(&|part| !is_any(part) && fits(part)).or_else(|| of(&is_any)).or_else(|| of(&is_named)).unwrap_or(0)
}

/// Whether it is told from what stands around it by its signs, not by spaces.
fn is_json(word: &str) -> bool {
    word.starts_with(['"', '{', '['])
}

impl Part {
    /// Takes what stands next.
    fn take(&self, verb: &str, scan: &mut Scan<'_>) -> Result<(), String> {
        match &self.form {
            Form::Text if scan.at_string() => self.or_anything(scan, |scan| scan.string(self.what).map(drop)),
            Form::Json => self.or_anything(scan, |scan| scan.skip_json(self.what)),
            Form::Key if scan.rest().starts_with("key=\"") => {
                scan.takes("key=");
                scan.string(self.what).map(drop)
            }
            form @ (Form::Like(_)
            | Form::OneOf(..)
            | Form::Role
            | Form::Verdict
            | Form::Named(..)
            | Form::Key
            | Form::Text
            | Form::Any) => form.check(self.what, verb, scan.word(self.what)?),
        }
    }

    /// A text or JSON; where it is broken and holds `…`, that stands for the rest.
    fn or_anything<'l>(
        &self,
        scan: &mut Scan<'l>,
        take: impl Fn(&mut Scan<'l>) -> Result<(), String>,
    ) -> Result<(), String> {
        let is_json = is_json(scan.rest());
        let taken = take(scan);
        if taken.is_err() && is_json && scan.rest().contains(ANYTHING) {
            scan.end();
            return Ok(());
        }
        taken
    }
}

impl Form {
    fn check(&self, what: &str, verb: &str, word: &str) -> Result<(), String> {
        let unlike = || Err(format!("`{word}` is not {what}"));
        match self {
            Form::Any => Ok(()),
            Form::Like(is) => {
                if is(word) {
                    Ok(())
                } else {
                    unlike()
                }
            }
            Form::OneOf(noun, known) => one_of(noun, word, known),
            Form::Role => check_role(word),
            // Any key may be an answer.
            Form::Verdict => match word.strip_prefix("key-") {
                Some(key) => {
                    if key.chars().count() == 1 {
                        Ok(())
                    } else {
                        unlike()
                    }
                }
                None => one_of("verdict", word, VERDICTS),
            },
            Form::Named(name, form) => match word.split_once('=') {
                Some((own, value)) if own == *name => {
                    if matches!(form, Form::Like(_)) {
                        form.check(what, verb, value).map_err(|_| format!("`{word}` is not {what}"))
                    } else {
                        form.check(what, verb, value)
                    }
                }
                Some(_) | None => Err(format!("`{word}` cannot stand here in `{verb}`: here stands {what}")),
            },
            Form::Key => {
                if word.starts_with("key=") {
                    Ok(())
                } else {
                    unlike()
                }
            }
            Form::Text | Form::Json => unlike(),
        }
    }
}

/// `greeting`, or `question:t1`: some are about something.
fn check_role(word: &str) -> Result<(), String> {
    let (role, about) = word.split_once(':').map_or((word, None), |(role, about)| (role, Some(about)));
    one_of("part of a reply", role, ROLES)?;
    let (fits, form) = match role {
        "answer" => (about.is_some_and(|about| GenerationId::parse(about).is_some()), "answer:@1"),
        "question" => (about.is_some_and(|about| ProposalId::parse(about).is_some()), "question:t1"),
        "action" => (about.is_some_and(|about| ProposalId::parse(about).is_some()), "action:t1"),
        "outcome" => (about.is_some_and(|about| ProposalId::parse(about).is_some()), "outcome:t1"),
        _ => (about.is_none(), role),
    };
    if fits { Ok(()) } else { Err(format!("`{word}` is not written like `{form}`")) }
}

pub(super) fn one_of(what: &str, word: &str, known: &[&str]) -> Result<(), String> {
    if known.contains(&word) || word.contains(ANYTHING) {
        return Ok(());
    }
    Err(format!("`{word}` is no {what}{}", those_there_are(word, known)))
}

/// What was probably meant, and what may stand there.
pub(super) fn those_there_are(word: &str, known: &[&str]) -> String {
    let meant = nearest(word, known.iter().copied());
    let meant = meant.map_or_else(|| ";".to_owned(), |meant| format!(": did you mean `{meant}`?"));
    format!("{meant} there are {}", known.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_no_order_has_is_told_with_those_there_are() {
        for (order, want) in [
            ("sya #1.0 greeting \"Hi\"", "`sya` is no order: did you mean `say`? there are watch, say, end"),
            ("dance", "`dance` is no order; there are watch, say, end"),
            (
                "say #1.0 greting \"Hi\"",
                "`greting` is no part of a reply: did you mean `greeting`? there are",
            ),
            ("note juged t1 yes", "`juged` is no note: did you mean `judged`? there are asked, judged"),
            ("note judged t1 yse", "`yse` is no verdict: did you mean `yes`? there are yes, no"),
            (
                "note refused t1 declind",
                "`declind` is no refusal: did you mean `declined`? there are unknown",
            ),
            (
                "hang-up silens",
                "`silens` is no reason to hang up: did you mean `silence`? there are finished",
            ),
            (
                "run t1 a.b {} key=t1 action=00 confirmd",
                "`confirmd` is no leave to run: did you mean `confirmed`?",
            ),
        ] {
            let refused = check_order(order).unwrap_err();
            assert!(refused.starts_with(want), "{refused}");
        }
        assert!(check_timer("silense").unwrap_err().contains("did you mean `silence`?"));
        assert_eq!(check_timer("silence"), Ok(()));
    }

    #[test]
    fn a_field_a_value_or_an_argument_that_no_order_has_is_told_with_what_may_stand_there() {
        let digest = Digest::of_bytes(b"x");
        for (order, want) in [
            (
                "watch spech=60 silence=700 expect=anything",
                "`spech=60` cannot stand here in `watch`: here stands milliseconds like `speech=60`",
            ),
            (
                "watch speech=fast silence=700 expect=anything",
                "`speech=fast` is not milliseconds like `speech=60`",
            ),
            (
                "watch speech=60 silence=700 expect=anythin",
                "`anythin` is no expectation: did you mean `anything`? there are anything, yes-no, yes-again, digits",
            ),
            ("watch … expect=anythin", "`anythin` is no expectation: did you mean `anything`?"),
            (
                "watch speech=60 silence=700",
                "behind `watch`, what is expected, like `expect=anything` is missing",
            ),
            ("end 5", "`5` is not a reply like `#1`"),
            ("end", "behind `end`, a reply like `#1` is missing"),
            ("end #1 #2", "`#2` stands behind `end`, where nothing more can stand"),
            ("cut 1", "`1` is not a reply like `#1`"),
            ("record now", "`now` stands behind `record`, where nothing more can stand"),
            ("say 1.0 greeting \"Hi\"", "`1.0` is not a piece like `#1.0`"),
            ("say #1.0 question:1 \"Hi\"", "`question:1` is not written like `question:t1`"),
            ("say #1.0 greeting:t1 \"Hi\"", "`greeting:t1` is not written like `greeting`"),
            ("say #1.0 greeting Hi", "`Hi` is not a text in quotes"),
            ("say … greting …", "`greting` is no part of a reply: did you mean `greeting`?"),
            (
                "generate @1 histroy=2 0",
                "`histroy=2` cannot stand here in `generate`: here stands a number like",
            ),
            ("generate @1 history=2 0", "`0` is not a digest of 32 hex digits"),
            ("drop t1", "`t1` is not a generation like `@1`"),
            ("prepare 1 a.b {}", "`1` is not a proposal like `t1`"),
            ("prepare t1 a.b order=1", "`order=1` is not arguments like"),
            ("run t1 a.b {} key:t1 action=00 confirmed", "`key:t1` is not a key like `key=t1`"),
            ("run t1 a.b {} key=t1 action=00 confirmed", "`action=00` is not `action=` and 32 hex digits"),
            ("note asked t1 8000", "`8000` is not a position like `~8000`"),
            ("note judged t1 key-12", "`key-12` is not a verdict"),
            ("note judged … yse", "`yse` is no verdict: did you mean `yes`?"),
        ] {
            let refused = check_order(order).unwrap_err();
            assert!(refused.starts_with(want), "{order}: {refused}");
        }
        let runs = format!("run t1 a.b {{\"x\": [1, \" \"]}} key=\"a b\" action={digest} confirmed");
        assert_eq!(check_order(&runs), Ok(()));
    }

    #[test]
    fn anything_stands_for_one_part_or_for_several() {
        for open in [
            "say … … \"…\"",
            "say … greeting …",
            "say … \"Hi\"",
            "say #1.0 answer:… \"Are we …\"",
            "say … greeting \"Hi …",
            "note judged … …",
            "note … yes",
            "run t1 … confirmed",
            "run … confirmed",
            "run … a.b … confirmed",
            "run t2 a.b {\"x\":\"1 key=2\"} … confirmed",
            "run t2 a.b {\"x\":… confirmed",
            "run t1 a.b …",
            "watch … expect=yes-no",
            "end …",
            "…",
        ] {
            assert_eq!(check_order(open), Ok(()), "{open}");
        }
    }
}
