//! How English counts.
//!
//! Promises: every number has its words.
//! Never: reads.

use crate::language::number::Numerals;

const ONES: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: [&str; 10] =
    ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
const SCALES: [(u32, &str); 4] =
    [(1_000_000_000, "billion"), (1_000_000, "million"), (1_000, "thousand"), (100, "hundred")];

pub(super) const NUMERALS: Numerals = Numerals {
    spoken: |n, _| spoken(n),
    also,
    thousand: &["thousand"],
    one_thousand: &["a thousand"],
    hundred: &["hundred"],
    and: &["and"],
    counts_nothing: &[],
    compound: false,
};

fn spoken(n: u32) -> String {
    if let Some((size, name)) = SCALES.into_iter().find(|(size, _)| n >= *size) {
        let head = format!("{} {name}", spoken(n / size));
        return if n.is_multiple_of(size) { head } else { format!("{head} {}", spoken(n % size)) };
    }
    match n {
        0..=19 => ONES[n as usize].to_owned(),
        _tens if n.is_multiple_of(10) => TENS[(n / 10) as usize].to_owned(),
        _both => format!("{}-{}", TENS[(n / 10) as usize], ONES[(n % 10) as usize]),
    }
}

/// "a hundred", "one hundred and five".
fn also(n: u32) -> Vec<String> {
    let (hundreds, rest) = (n / 100, n % 100);
    let heads = match hundreds {
        0 => return Vec::new(),
        1 => vec!["a hundred".to_owned(), "one hundred".to_owned()],
        _more => vec![format!("{} hundred", ONES[hundreds as usize])],
    };
    let tails = match rest {
        0 => vec![String::new()],
        _more => ["", "and "].map(|and| format!(" {and}{}", spoken(rest))).to_vec(),
    };
    heads.iter().flat_map(|head| tails.iter().map(move |tail| format!("{head}{tail}"))).collect()
}
