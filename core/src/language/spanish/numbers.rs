//! How Spanish counts.
//!
//! Promises: every number has its words, in every gender; "ciento" alone is none of them.
//! Never: reads.

use crate::language::number::{Counted, Numerals};

const SMALL: [&str; 30] = [
    "cero",
    "uno",
    "dos",
    "tres",
    "cuatro",
    "cinco",
    "seis",
    "siete",
    "ocho",
    "nueve",
    "diez",
    "once",
    "doce",
    "trece",
    "catorce",
    "quince",
    "dieciséis",
    "diecisiete",
    "dieciocho",
    "diecinueve",
    "veinte",
    "veintiuno",
    "veintidós",
    "veintitrés",
    "veinticuatro",
    "veinticinco",
    "veintiséis",
    "veintisiete",
    "veintiocho",
    "veintinueve",
];
const TENS: [&str; 10] =
    ["", "diez", "veinte", "treinta", "cuarenta", "cincuenta", "sesenta", "setenta", "ochenta", "noventa"];
const HUNDREDS: [&str; 10] = [
    "",
    "ciento",
    "doscientos",
    "trescientos",
    "cuatrocientos",
    "quinientos",
    "seiscientos",
    "setecientos",
    "ochocientos",
    "novecientos",
];
const MILLION: u32 = 1_000_000;

pub(super) const NUMERALS: Numerals = Numerals {
    spoken,
    also,
    thousand: &["mil"],
    one_thousand: &["mil"],
    hundred: &[],
    and: &[],
    counts_nothing: &["uno"],
    compound: false,
};

fn spoken(n: u32, counted: Counted) -> String {
    match n {
        0..30 => small(n, counted).to_owned(),
        30..100 => join(TENS[(n / 10) as usize].to_owned(), " y ", n % 10, counted),
        100 => "cien".to_owned(),
        101..1000 => join(hundreds(n / 100, counted), " ", n % 100, counted),
        1000..2000 => join("mil".to_owned(), " ", n % 1000, counted),
        2000..MILLION => join(format!("{} mil", thousands(n / 1000, counted)), " ", n % 1000, counted),
        MILLION..2_000_000 => join("un millón".to_owned(), " ", n % MILLION, counted),
        2_000_000.. => {
            let head = format!("{} millones", spoken(n / MILLION, Counted::Masculine));
            join(head, " ", n % MILLION, counted)
        }
    }
}

/// "diez y seis", "treinta y un".
fn also(n: u32) -> Vec<String> {
    let parted = |n: u32| format!("{} y {}", TENS[(n / 10) as usize], SMALL[(n % 10) as usize]);
    match (n / 100, n % 100) {
        (0, 16..=19 | 21..=29) => vec![parted(n)],
        (hundreds @ 1.., rest @ (16..=19 | 21..=29)) => {
            vec![format!("{} {}", HUNDREDS[hundreds as usize], parted(rest))]
        }
        (_, _) => Vec::new(),
    }
}

fn small(n: u32, counted: Counted) -> &'static str {
    match (n, counted) {
        (1, Counted::Masculine) => "un",
        (1, Counted::Feminine) => "una",
        (21, Counted::Masculine) => "veintiún",
        (21, Counted::Feminine) => "veintiuna",
        (_, Counted::Alone | Counted::Masculine | Counted::Feminine) => SMALL[n as usize],
    }
}

fn hundreds(n: u32, counted: Counted) -> String {
    let name = HUNDREDS[n as usize];
    match counted {
        Counted::Feminine if n > 1 => format!("{}as", name.trim_end_matches("os")),
        Counted::Alone | Counted::Masculine | Counted::Feminine => name.to_owned(),
    }
}

fn thousands(n: u32, counted: Counted) -> String {
    match counted {
        Counted::Alone | Counted::Masculine => spoken(n, Counted::Masculine),
        Counted::Feminine => spoken(n, Counted::Feminine),
    }
}

fn join(head: String, glue: &str, rest: u32, counted: Counted) -> String {
    if rest == 0 { head } else { format!("{head}{glue}{}", spoken(rest, counted)) }
}
