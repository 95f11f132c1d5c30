//! English numbers, both ways.
//!
//! Promises: what is said is read back as the same number.
//! Never: reads two numbers in a row as one.

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

pub(in crate::language) fn spoken(n: u32) -> String {
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

/// The longest number at the start of the words, up to 999,999, and how many words it takes.
pub(in crate::language) fn read(words: &[&str]) -> Option<(u32, usize)> {
    let (head, used) = below_thousand(words)?;
    if words.get(used) != Some(&"thousand") || !(1..1000).contains(&head) {
        return Some((head, used));
    }
    let (tail, tail_used) = tail(words, used + 1, below_thousand);
    let tail_fits = tail < 1000;
    Some((head * 1000 + if tail_fits { tail } else { 0 }, used + 1 + if tail_fits { tail_used } else { 0 }))
}

fn below_thousand(words: &[&str]) -> Option<(u32, usize)> {
    let article = words.first() == Some(&"a") && matches!(words.get(1), Some(&"hundred" | &"thousand"));
    let (head, used) = if article { (1, 1) } else { below_hundred(words)? };
    // "twelve hundred" is said, "twenty hundred" is not.
    if words.get(used) != Some(&"hundred") || head.is_multiple_of(10) {
        return Some((head, used));
    }
    let (tail, tail_used) = tail(words, used + 1, below_hundred);
    Some((head * 100 + tail, used + 1 + tail_used))
}

fn tail(words: &[&str], at: usize, read: fn(&[&str]) -> Option<(u32, usize)>) -> (u32, usize) {
    let and = usize::from(words.get(at) == Some(&"and"));
    match words.get(at + and..).and_then(read) {
        Some((n, used)) if n > 0 => (n, used + and),
        Some(_) | None => (0, 0),
    }
}

fn below_hundred(words: &[&str]) -> Option<(u32, usize)> {
    let first = words.first()?;
    if let Some(n) = index(&ONES, first) {
        return Some((n, 1));
    }
    let tens = index(&TENS, first).filter(|n| *n > 1)? * 10;
    match words.get(1).and_then(|w| index(&ONES, w)) {
        Some(ones @ 1..=9) => Some((tens + ones, 2)),
        Some(_) | None => Some((tens, 1)),
    }
}

fn index(list: &[&str], word: &str) -> Option<u32> {
    list.iter().position(|w| *w == word).and_then(|n| u32::try_from(n).ok())
}
