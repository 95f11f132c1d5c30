//! Text as the LLM writes it to text any synthesiser reads rightly: amounts and numbers in words.
//!
//! Promises: only amounts, numbers, percentages and long digit strings change; their neighbours stay.
//! Never: touches times, dates, addresses, placeholders, or words that hold a digit ("B12").

use super::money::{Evidence, amount_at, decimals};
use super::number::Written;
use super::tables::Coin;
use super::tokens::{Word, is_currency_sign, is_spelled, words};
use super::{Language, digits_spoken, money_spoken, number_spoken};

/// A plain run of more digits than this is a code, said digit by digit.
const NUMBER_DIGITS_MAX: usize = 4;

/// `$20.50`, `1182`, `20 €`, `5%` inside a text in words; everything else as it was.
#[must_use]
pub fn spoken_text(language: Language, text: &str) -> String {
    let all = words(text);
    let mut spoken = String::with_capacity(text.len());
    let mut copied = 0;
    let mut at = 0;
    while at < all.len() {
        let Some((said, used, end)) = value_words(language, text, &all, at) else {
            at += 1;
            continue;
        };
        spoken.push_str(&text[copied..all[at].raw.start]);
        spoken.push_str(&said);
        copied = end;
        at += used;
    }
    spoken.push_str(&text[copied..]);
    spoken
}

/// What to say for the value at a word, how many words it takes, and where it ends in the text.
fn value_words(language: Language, text: &str, all: &[Word], at: usize) -> Option<(String, usize, usize)> {
    let (minus, first) = match all[at].text.as_str() {
        "-" => (1, at + 1),
        _other => (0, at),
    };
    let sign = |said: String| if minus == 1 { format!("{} {said}", language.tables().minus) } else { said };
    if let Some((said, used)) = money_words(language, text, all, first) {
        let end = all[first + used - 1].raw.end;
        return stands_free(text, all[at].raw.start, end).then(|| (sign(said), minus + used, end));
    }
    let word = &all[at];
    let mut end = word.raw.end;
    let mut said = figure_words(language, &word.text)?;
    if text[end..].trim_start_matches([' ', '\u{a0}']).starts_with('%') {
        end += text[end..].find('%').map_or(0, |n| n + 1);
        said = format!("{said} {}", language.tables().percent);
    }
    stands_free(text, word.raw.start, end).then_some((said, 1, end))
}

fn money_words(language: Language, text: &str, all: &[Word], at: usize) -> Option<(String, usize)> {
    let coin = named_coin(language, all, at)?;
    let rest = &all[at..(at + 2).min(all.len())];
    let amount = amount_at(language, rest, Some(coin.code)).filter(|a| a.evidence == Evidence::Currency)?;
    let written = all[at..at + amount.used].iter().any(|w| w.text.starts_with(|c: char| c.is_ascii_digit()));
    let one_stretch = &text[all[at].raw.start..all[at + amount.used - 1].raw.end];
    let apart = one_stretch.contains([';', '(', '!', '?', '\n']);
    (written && !apart && decimals(coin.code) == 2)
        .then(|| (money_spoken(language, amount.minor, coin.code), amount.used))
}

/// The currency named by the word or by the one after it.
fn named_coin(language: Language, all: &[Word], at: usize) -> Option<&'static Coin> {
    all.get(at..)?.iter().take(2).find_map(|w| {
        let word = w.text.as_str();
        let named = |c: &&Coin| {
            c.sign == word || c.code == word || is_spelled(c.one, word) || is_spelled(c.many, word)
        };
        language.tables().coins.iter().find(named)
    })
}

fn figure_words(language: Language, word: &str) -> Option<String> {
    let (minus, figure) = match word.strip_prefix(['-', '−']) {
        Some(rest) => (true, rest),
        None => (false, word),
    };
    let tables = language.tables();
    let plain = figure.chars().all(|c| c.is_ascii_digit());
    let said = match Written::read(language, figure) {
        Some(Written { units, decimals: None }) if !plain || figure.len() <= NUMBER_DIGITS_MAX => {
            number_spoken(language, u32::try_from(units).ok()?)
        }
        Some(Written { units, decimals: Some((mark, decimals)) }) => {
            let point = if mark == ',' { tables.comma } else { tables.point };
            let units = number_spoken(language, u32::try_from(units).ok()?);
            format!("{units} {point} {}", digits_spoken(language, &decimals))
        }
        Some(_) | None if plain && !figure.is_empty() => digits_spoken(language, figure),
        Some(_) | None => return None,
    };
    Some(if minus { format!("{} {said}", tables.minus) } else { said })
}

/// Nothing is glued to the value that would make it something else: `2026-07-27`, `a@1.com`, `B-12`, `#5`.
fn stands_free(text: &str, start: usize, end: usize) -> bool {
    let mut before = text[..start].chars().rev();
    let mut after = text[end..].chars();
    let free = |c: Option<char>, further: Option<char>| match c {
        None => true,
        Some(c) if c.is_whitespace() => true,
        Some(c) if c.is_alphanumeric() || is_currency_sign(c) => false,
        Some('.' | ',' | ':' | ';' | '!' | '?' | '…') => further.is_none_or(|c| !c.is_alphanumeric()),
        Some(c) => matches!(c, '(' | ')' | '"' | '\'' | '«' | '»' | '“' | '”' | '¿' | '¡' | '*'),
    };
    free(before.next(), before.next()) && free(after.next(), after.next())
}

#[cfg(test)]
mod tests {
    use super::*;
    use Language::{Catalan, English, French, German, Italian, Portuguese, Spanish};

    #[test]
    fn values_in_a_text_become_words_and_the_rest_stays() {
        let table = [
            (English, "It costs $20.50, ok?", "It costs twenty dollars and fifty cents, ok?"),
            (English, "Order 1182 (paid).", "Order one thousand one hundred eighty-two (paid)."),
            (English, "20 € or €20", "twenty euros or twenty euros"),
            (English, "1 dollar, 20 USD.", "one dollar, twenty dollars."),
            (English, "-$5 and -5", "minus five dollars and minus five"),
            (English, "5% off", "five percent off"),
            (English, "It is 3.5 miles", "It is three point five miles"),
            (
                English,
                "code 00421 or 1234567",
                "code zero zero four two one or one two three four five six seven",
            ),
            (English, "1,182 of 10,000", "one thousand one hundred eighty-two of ten thousand"),
            (English, "At 5:30 on 2026-07-27, room B12", "At 5:30 on 2026-07-27, room B12"),
            (English, "a1@b.com or http://x.com/20", "a1@b.com or http://x.com/20"),
            (English, "card ⟦card 1⟧ has", "card ⟦card 1⟧ has"),
            (English, "for the 20th", "for the 20th"),
            (English, "Nothing here.", "Nothing here."),
            (English, "", ""),
            (Spanish, "Son 20,50 €.", "Son veinte euros con cincuenta céntimos."),
            (Spanish, "Son 1.182 €", "Son mil ciento ochenta y dos euros"),
            (Spanish, "200 libras, 21 pesos", "doscientas libras, veintiún pesos"),
            (Spanish, "Un 5 % y 3,5", "Un cinco por ciento y tres coma cinco"),
            (Spanish, "¿Pedido 1182?", "¿Pedido mil ciento ochenta y dos?"),
            (Portuguese, "São R$ 20,50, certo?", "São vinte reais e cinquenta centavos, certo?"),
            (French, "Cela fait 20,50 €.", "Cela fait vingt euros et cinquante centimes."),
            (French, "5 % de remise", "cinq pour cent de remise"),
            (German, "Das macht 21 Euro.", "Das macht einundzwanzig Euro."),
            (German, "3,5 Kilometer", "drei Komma fünf Kilometer"),
            (Italian, "Sono 28 €", "Sono ventotto euro"),
            (Catalan, "Són 22 €", "Són vint-i-dos euros"),
        ];
        for (language, text, expected) in table {
            assert_eq!(spoken_text(language, text), expected);
        }
    }
}
