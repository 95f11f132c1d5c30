//! How German counts.
//!
//! Promises: every number has its words; they are heard in one or apart.
//! Never: reads.

use crate::language::number::{Counted, Numerals};

const SMALL: [&str; 20] = [
    "null",
    "eins",
    "zwei",
    "drei",
    "vier",
    "fünf",
    "sechs",
    "sieben",
    "acht",
    "neun",
    "zehn",
    "elf",
    "zwölf",
    "dreizehn",
    "vierzehn",
    "fünfzehn",
    "sechzehn",
    "siebzehn",
    "achtzehn",
    "neunzehn",
];
const TENS: [&str; 10] =
    ["", "", "zwanzig", "dreißig", "vierzig", "fünfzig", "sechzig", "siebzig", "achtzig", "neunzig"];
const MILLION: u32 = 1_000_000;

pub(super) const NUMERALS: Numerals = Numerals {
    spoken,
    also,
    thousand: &["tausend"],
    one_thousand: &["tausend"],
    hundred: &[],
    and: &["und"],
    counts_nothing: &["eins"],
    compound: true,
};

fn spoken(n: u32, counted: Counted) -> String {
    let join = |head: String, rest: u32| match rest {
        0 => head,
        100..200 => format!("{head} ein{}", spoken(rest, counted)),
        _more => format!("{head} {}", spoken(rest, counted)),
    };
    match n {
        1 => one(counted).to_owned(),
        0..20 => SMALL[n as usize].to_owned(),
        20..100 if n.is_multiple_of(10) => TENS[(n / 10) as usize].to_owned(),
        20..100 => format!("{}und{}", stem(n % 10), TENS[(n / 10) as usize]),
        100 => "hundert".to_owned(),
        101..200 => format!("hundert{}", spoken(n - 100, counted)),
        200..1000 if n.is_multiple_of(100) => format!("{}hundert", SMALL[(n / 100) as usize]),
        200..1000 => format!("{}hundert{}", SMALL[(n / 100) as usize], spoken(n % 100, counted)),
        1000..2000 => join("tausend".to_owned(), n % 1000),
        2000..MILLION => join(format!("{}tausend", spoken(n / 1000, Counted::Masculine)), n % 1000),
        MILLION..2_000_000 => join("eine Million".to_owned(), n % MILLION),
        2_000_000.. => join(format!("{} Millionen", spoken(n / MILLION, Counted::Feminine)), n % MILLION),
    }
}

fn one(counted: Counted) -> &'static str {
    match counted {
        Counted::Alone => "eins",
        Counted::Masculine => "ein",
        Counted::Feminine => "eine",
    }
}

/// "ein" of "einundzwanzig".
fn stem(ones: u32) -> &'static str {
    if ones == 1 { "ein" } else { SMALL[ones as usize] }
}

/// "zwei und zwanzig", "ein hundert fünf", "zweihundertundfünf", "zwo", "dreissig".
fn also(n: u32) -> Vec<String> {
    let (hundreds, rest) = (n / 100, n % 100);
    let mut tails = match rest {
        0 => vec![String::new()],
        1 => [Counted::Alone, Counted::Masculine, Counted::Feminine].map(|c| one(c).to_owned()).to_vec(),
        _more => vec![spoken(rest, Counted::Alone)],
    };
    if rest > 20 && !rest.is_multiple_of(10) {
        tails.push(format!("{} und {}", stem(rest % 10), TENS[(rest / 10) as usize]));
    }
    let heads = match hundreds {
        0 => Vec::new(),
        1 => ["hundert", "einhundert", "ein hundert"].map(ToOwned::to_owned).to_vec(),
        _more => ["", " "].map(|gap| format!("{}{gap}hundert", SMALL[hundreds as usize])).to_vec(),
    };
    let gaps: &[&str] = if rest == 0 { &[""] } else { &["", " ", "und", " und "] };
    let mut forms: Vec<String> = match hundreds {
        0 => tails,
        _more => {
            let with = |head: &String| -> Vec<String> {
                gaps.iter()
                    .flat_map(|gap| tails.iter().map(move |tail| format!("{head}{gap}{tail}")))
                    .collect()
            };
            heads.iter().flat_map(with).collect()
        }
    };
    let other = [("zwei", "zwo"), ("dreißig", "dreissig")];
    let others = |form: &String| -> Vec<String> {
        other
            .iter()
            .filter(|(here, _)| form.contains(here))
            .map(|(here, there)| form.replace(here, there))
            .collect()
    };
    let more: Vec<String> = forms.iter().flat_map(others).collect();
    forms.extend(more);
    forms
}
