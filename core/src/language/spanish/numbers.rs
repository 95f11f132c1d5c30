//! Spanish numbers, both ways.
//!
//! Promises: what is said is read back as the same number, in every gender.
//! Never: reads two numbers in a row as one, nor "ciento" of "por ciento" as a hundred.

use crate::language::tokens::is_spelled;

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

/// What is counted: nothing named ("uno"), a masculine noun ("un euro"), a feminine one ("una libra").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::language) enum Counted {
    Alone,
    Masculine,
    Feminine,
}

pub(in crate::language) fn spoken(n: u32, counted: Counted) -> String {
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

/// The longest number at the start of the words, up to 999,999, and how many words it takes.
pub(in crate::language) fn read(words: &[&str]) -> Option<(u32, usize)> {
    let (head, used) = match words.first()? {
        &"mil" => (1, 0),
        _other => below_thousand(words)?,
    };
    let last = used.checked_sub(1).map(|n| words[n]);
    if words.get(used) != Some(&"mil") || head == 0 || last == Some("uno") {
        return Some((head, used));
    }
    let (tail, tail_used) = tail(words, used + 1, below_thousand);
    Some((head * 1000 + tail, used + 1 + tail_used))
}

fn below_thousand(words: &[&str]) -> Option<(u32, usize)> {
    let first = words.first()?;
    if *first == "cien" {
        return Some((100, 1));
    }
    let masculine = first.strip_suffix("as").map_or_else(|| (*first).to_owned(), |stem| format!("{stem}os"));
    let Some(n) = index(&HUNDREDS, &masculine) else { return below_hundred(words) };
    let (tail, used) = tail(words, 1, below_hundred);
    (n > 1 || used > 0).then_some((n * 100 + tail, 1 + used))
}

fn below_hundred(words: &[&str]) -> Option<(u32, usize)> {
    let first = words.first()?;
    if let Some(tens) = index(&TENS, first) {
        let ones = words.get(2).and_then(|w| below_thirty(w)).filter(|n| (1..10).contains(n));
        return match ones {
            Some(ones) if words[1] == "y" => Some((tens * 10 + ones, 3)),
            Some(_) | None => Some((tens * 10, 1)),
        };
    }
    below_thirty(first).map(|n| (n, 1))
}

fn below_thirty(word: &str) -> Option<u32> {
    match word {
        "un" | "una" => Some(1),
        "veintiun" | "veintiuna" => Some(21),
        _other => index(&SMALL, word),
    }
}

fn tail(words: &[&str], at: usize, read: fn(&[&str]) -> Option<(u32, usize)>) -> (u32, usize) {
    words.get(at..).and_then(read).filter(|(n, _)| *n > 0).unwrap_or((0, 0))
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

fn index(list: &[&str], folded: &str) -> Option<u32> {
    list.iter().position(|w| !w.is_empty() && is_spelled(w, folded)).and_then(|n| u32::try_from(n).ok())
}
