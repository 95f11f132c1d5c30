//! How Portuguese counts; Brazil's spelling is said, Portugal's is heard too.
//!
//! Promises: every number has its words, in every gender; "cento" alone is none of them.
//! Never: reads.

use crate::language::number::{Counted, Numerals};

const SMALL: [&str; 20] = [
    "zero",
    "um",
    "dois",
    "três",
    "quatro",
    "cinco",
    "seis",
    "sete",
    "oito",
    "nove",
    "dez",
    "onze",
    "doze",
    "treze",
    "catorze",
    "quinze",
    "dezesseis",
    "dezessete",
    "dezoito",
    "dezenove",
];
const TENS: [&str; 10] =
    ["", "", "vinte", "trinta", "quarenta", "cinquenta", "sessenta", "setenta", "oitenta", "noventa"];
const HUNDREDS: [&str; 10] = [
    "",
    "cento",
    "duzentos",
    "trezentos",
    "quatrocentos",
    "quinhentos",
    "seiscentos",
    "setecentos",
    "oitocentos",
    "novecentos",
];
const MILLION: u32 = 1_000_000;

pub(super) const NUMERALS: Numerals = Numerals {
    spoken,
    also,
    thousand: &["mil"],
    one_thousand: &["mil"],
    hundred: &[],
    and: &["e"],
    counts_nothing: &[],
    compound: false,
};

fn spoken(n: u32, counted: Counted) -> String {
    let join = |head: String, rest: u32| match rest {
        0 => head,
        1..=100 | 200 | 300 | 400 | 500 | 600 | 700 | 800 | 900 => {
            format!("{head} e {}", spoken(rest, counted))
        }
        _more => format!("{head} {}", spoken(rest, counted)),
    };
    match n {
        0..20 => small(n, counted).to_owned(),
        20..100 => join(TENS[(n / 10) as usize].to_owned(), n % 10),
        100 => "cem".to_owned(),
        101..1000 => {
            let head = HUNDREDS[(n / 100) as usize];
            let feminine = counted == Counted::Feminine && n >= 200;
            join(
                if feminine { format!("{}as", head.trim_end_matches("os")) } else { head.to_owned() },
                n % 100,
            )
        }
        1000..2000 => join("mil".to_owned(), n % 1000),
        2000..MILLION => join(format!("{} mil", spoken(n / 1000, counted)), n % 1000),
        MILLION..2_000_000 => join("um milhão".to_owned(), n % MILLION),
        2_000_000.. => join(format!("{} milhões", spoken(n / MILLION, Counted::Masculine)), n % MILLION),
    }
}

fn small(n: u32, counted: Counted) -> &'static str {
    match (n, counted) {
        (1, Counted::Feminine) => "uma",
        (2, Counted::Feminine) => "duas",
        (_, Counted::Alone | Counted::Masculine | Counted::Feminine) => SMALL[n as usize],
    }
}

/// "dezasseis", "quatorze".
fn also(n: u32) -> Vec<String> {
    let said = spoken(n, Counted::Alone);
    [("dezesse", "dezasse"), ("dezenove", "dezanove"), ("catorze", "quatorze")]
        .into_iter()
        .filter(|(here, _)| said.contains(here))
        .map(|(here, there)| said.replace(here, there))
        .collect()
}
