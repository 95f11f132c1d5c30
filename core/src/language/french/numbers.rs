//! How French counts; Belgium's and Switzerland's words are heard too.
//!
//! Promises: every number has its words, in every gender.
//! Never: reads.

use crate::language::number::{Counted, Numerals};

const SMALL: [&str; 20] = [
    "zéro", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix", "onze", "douze",
    "treize", "quatorze", "quinze", "seize", "dix-sept", "dix-huit", "dix-neuf",
];
const TENS: [&str; 10] = [
    "",
    "",
    "vingt",
    "trente",
    "quarante",
    "cinquante",
    "soixante",
    "soixante",
    "quatre-vingt",
    "quatre-vingt",
];
/// From seventy on, elsewhere.
const OTHER_TENS: [(u32, &str); 4] = [(7, "septante"), (8, "huitante"), (8, "octante"), (9, "nonante")];
const MILLION: u32 = 1_000_000;

pub(super) const NUMERALS: Numerals = Numerals {
    spoken,
    also,
    thousand: &["mille"],
    one_thousand: &["mille"],
    hundred: &[],
    and: &[],
    counts_nothing: &[],
    compound: false,
};

fn spoken(n: u32, counted: Counted) -> String {
    let join = |head: String, rest: u32| match rest {
        0 => head,
        _more => format!("{head} {}", spoken(rest, counted)),
    };
    match n {
        1 if counted == Counted::Feminine => "une".to_owned(),
        0..20 => SMALL[n as usize].to_owned(),
        20..100 => below_hundred(n, counted),
        100..200 => join("cent".to_owned(), n % 100),
        200..1000 if n.is_multiple_of(100) => format!("{} cents", SMALL[(n / 100) as usize]),
        200..1000 => join(format!("{} cent", SMALL[(n / 100) as usize]), n % 100),
        1000..2000 => join("mille".to_owned(), n % 1000),
        // Before a thousand neither "vingt" nor "cent" takes its plural.
        2000..MILLION => {
            let head = spoken(n / 1000, counted);
            let plural = head.ends_with("vingts") || head.ends_with("cents");
            join(format!("{} mille", if plural { &head[..head.len() - 1] } else { &head }), n % 1000)
        }
        MILLION..2_000_000 => join("un million".to_owned(), n % MILLION),
        2_000_000.. => join(format!("{} millions", spoken(n / MILLION, Counted::Masculine)), n % MILLION),
    }
}

fn below_hundred(n: u32, counted: Counted) -> String {
    let tens = TENS[(n / 10) as usize];
    let base = match n / 10 {
        7 | 9 => n / 10 * 10 - 10,
        _other => n / 10 * 10,
    };
    match n - base {
        0 if n == 80 => "quatre-vingts".to_owned(),
        0 => tens.to_owned(),
        one @ (1 | 11) if n < 80 => format!("{tens} et {}", spoken(one, counted)),
        rest => format!("{tens}-{}", spoken(rest, counted)),
    }
}

/// Without the plural's sign, which is not heard; "septante-deux".
fn also(n: u32) -> Vec<String> {
    let mut forms = vec![spoken(n, Counted::Alone).replace("cents", "cent").replace("vingts", "vingt")];
    let (hundreds, tens, ones) = (n / 100, n % 100 / 10, n % 10);
    for (_, name) in OTHER_TENS.iter().filter(|(of, _)| *of == tens) {
        let head = if hundreds == 0 {
            String::new()
        } else {
            format!("{} ", spoken(hundreds * 100, Counted::Alone))
        };
        let head = head.replace("cents", "cent");
        forms.push(match ones {
            0 => format!("{head}{name}"),
            1 => format!("{head}{name} et un"),
            _more => format!("{head}{name}-{}", SMALL[ones as usize]),
        });
    }
    forms
}
