//! How Italian counts.
//!
//! Promises: every number has its words, in every gender; they are heard in one or apart.
//! Never: reads.

use crate::language::number::{Counted, Numerals};

const SMALL: [&str; 20] = [
    "zero",
    "uno",
    "due",
    "tre",
    "quattro",
    "cinque",
    "sei",
    "sette",
    "otto",
    "nove",
    "dieci",
    "undici",
    "dodici",
    "tredici",
    "quattordici",
    "quindici",
    "sedici",
    "diciassette",
    "diciotto",
    "diciannove",
];
const TENS: [&str; 10] =
    ["", "", "venti", "trenta", "quaranta", "cinquanta", "sessanta", "settanta", "ottanta", "novanta"];
const MILLION: u32 = 1_000_000;

pub(super) const NUMERALS: Numerals = Numerals {
    spoken,
    also,
    thousand: &["mila"],
    one_thousand: &["mille"],
    hundred: &[],
    and: &["e"],
    counts_nothing: &["un", "una"],
    compound: true,
};

fn spoken(n: u32, counted: Counted) -> String {
    let join = |head: String, rest: u32| match rest {
        0 => head,
        _more => format!("{head} {}", spoken(rest, Counted::Alone)),
    };
    match (n, counted) {
        (1, Counted::Masculine) => "un".to_owned(),
        (1, Counted::Feminine) => "una".to_owned(),
        (0..20, _) => SMALL[n as usize].to_owned(),
        (20..100, _) => below_hundred(n),
        (100..1000, _) => format!("{}{}", hundreds(n / 100), below(n % 100)).replace("oott", "ott"),
        (1000..2000, _) => join("mille".to_owned(), n % 1000),
        (2000..MILLION, _) => join(format!("{}mila", spoken(n / 1000, Counted::Alone)), n % 1000),
        (MILLION..2_000_000, _) => join("un milione".to_owned(), n % MILLION),
        (2_000_000.., _) => join(format!("{} milioni", spoken(n / MILLION, Counted::Alone)), n % MILLION),
    }
}

fn below(n: u32) -> String {
    if n == 0 { String::new() } else { spoken(n, Counted::Alone) }
}

fn hundreds(n: u32) -> String {
    if n == 1 { "cento".to_owned() } else { format!("{}cento", SMALL[n as usize]) }
}

/// "ventuno", "ventotto", "ventitré".
fn below_hundred(n: u32) -> String {
    let tens = TENS[(n / 10) as usize];
    match n % 10 {
        0 => tens.to_owned(),
        ones @ (1 | 8) => format!("{}{}", &tens[..tens.len() - 1], SMALL[ones as usize]),
        3 => format!("{tens}tré"),
        ones => format!("{tens}{}", SMALL[ones as usize]),
    }
}

/// "cento ottanta", "duecento e tre", "venti due".
fn also(n: u32) -> Vec<String> {
    let apart = |n: u32| match (n / 10, n % 10) {
        (2..=9, ones @ 1..=9) => format!("{} {}", TENS[(n / 10) as usize], SMALL[ones as usize]),
        (_, _) => below(n),
    };
    match (n / 100, n % 100) {
        (0, _) => vec![apart(n)],
        (of, 0) => vec![format!("{} cento", SMALL[of as usize])],
        (of, rest) => {
            let (head, tail) = (hundreds(of), below(rest));
            let one =
                |tens: u32| if tens == 1 { String::new() } else { format!("{} ", SMALL[tens as usize]) };
            vec![
                format!("{head}{tail}"),
                format!("{head} {tail}"),
                format!("{head} e {tail}"),
                format!("{head} {}", apart(rest)),
                format!("{}cento {tail}", one(of)),
            ]
        }
    }
}
