//! How Catalan counts; Valencia's words are heard too.
//!
//! Promises: every number has its words, in every gender.
//! Never: reads.

use crate::language::number::{Counted, Numerals};

const SMALL: [&str; 20] = [
    "zero", "u", "dos", "tres", "quatre", "cinc", "sis", "set", "vuit", "nou", "deu", "onze", "dotze",
    "tretze", "catorze", "quinze", "setze", "disset", "divuit", "dinou",
];
const TENS: [&str; 10] =
    ["", "", "vint", "trenta", "quaranta", "cinquanta", "seixanta", "setanta", "vuitanta", "noranta"];
const MILLION: u32 = 1_000_000;

pub(super) const NUMERALS: Numerals = Numerals {
    spoken,
    also,
    thousand: &["mil"],
    one_thousand: &["mil"],
    hundred: &[],
    and: &[],
    counts_nothing: &["u"],
    compound: false,
};

fn spoken(n: u32, counted: Counted) -> String {
    let join = |head: String, glue: &str, rest: u32| match rest {
        0 => head,
        _more => format!("{head}{glue}{}", spoken(rest, counted)),
    };
    match n {
        0..20 => small(n, counted).to_owned(),
        20..30 => join("vint".to_owned(), "-i-", n % 10),
        30..100 => join(TENS[(n / 10) as usize].to_owned(), "-", n % 10),
        100..200 => join("cent".to_owned(), " ", n % 100),
        200..1000 => {
            let name = if counted == Counted::Feminine { "centes" } else { "cents" };
            join(format!("{}-{name}", small(n / 100, counted)), " ", n % 100)
        }
        1000..2000 => join("mil".to_owned(), " ", n % 1000),
        2000..MILLION => {
            let of = if counted == Counted::Feminine { counted } else { Counted::Masculine };
            join(format!("{} mil", spoken(n / 1000, of)), " ", n % 1000)
        }
        MILLION..2_000_000 => join("un milió".to_owned(), " ", n % MILLION),
        2_000_000.. => join(format!("{} milions", spoken(n / MILLION, Counted::Masculine)), " ", n % MILLION),
    }
}

fn small(n: u32, counted: Counted) -> &'static str {
    match (n, counted) {
        (1, Counted::Masculine) => "un",
        (1, Counted::Feminine) => "una",
        (2, Counted::Feminine) => "dues",
        (_, Counted::Alone | Counted::Masculine | Counted::Feminine) => SMALL[n as usize],
    }
}

/// "huit", "díhuit", "dèneu".
fn also(n: u32) -> Vec<String> {
    let said = spoken(n, Counted::Masculine);
    let other = [("divuit", "dihuit"), ("vuit", "huit"), ("disset", "desset"), ("dinou", "deneu")];
    other
        .into_iter()
        .filter(|(here, _)| said.contains(here))
        .map(|(here, there)| said.replace(here, there))
        .collect()
}
