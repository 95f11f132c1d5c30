//! Amounts of money, spoken and read, always in minor units.
//!
//! Promises: what was spoken is read back; a sign or name of another currency makes no amount.
//! Never: rounds, converts, or reads "twenty fifty" as one amount.

use super::Language;
use super::number::{Counted, Written, counted_spoken, number_at};
use super::tables::Coin;
use super::tokens::{Word, is_spelled, texts, words};

/// Codes of money that is paid with: ISO 4217, table A.1, without funds, metals and codes for tests.
const CURRENCIES: &str = "\
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF \
    CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD \
    HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD \
    MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN \
    PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY \
    TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG";

/// Whether a code is that of a currency, in capital letters.
#[must_use]
pub fn is_currency(code: &str) -> bool {
    currencies().any(|known| known == code)
}

/// The codes of all currencies that money is paid with, in order.
pub fn currencies() -> impl Iterator<Item = &'static str> {
    CURRENCIES.split(' ')
}

/// Codes without minor units, and with three decimals: ISO 4217, table A.1.
const WHOLE_ONLY: &[&str] = &[
    "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF",
    "XPF",
];
const THREE_DECIMALS: &[&str] = &["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"];
/// The dollar sign is written for many currencies, never for these.
const NOT_DOLLAR_SIGN: &[&str] = &["EUR", "GBP"];

/// "twenty dollars and fifty cents"; a code without names of its own is said by its letters.
///
/// `minor` is in the currency's minor units (cents; whole yen for JPY), `currency` its ISO 4217 code.
#[must_use]
pub fn money_spoken(language: Language, minor: i64, currency: &str) -> String {
    let tables = language.tables();
    let scale = 10u64.pow(decimals(currency));
    let (units, rest) = (minor.unsigned_abs() / scale, minor.unsigned_abs() % scale);
    let amount = match language.coin(currency) {
        Some(coin) => named(language, coin, units, rest),
        None => by_letters(language, units, rest, currency),
    };
    if minor < 0 { format!("{} {amount}", tables.minus) } else { amount }
}

/// The amount the whole text says, in minor units of `currency`: "twenty dollars", "$20", "20.50", "veinte con cincuenta".
#[must_use]
pub fn money_read(language: Language, text: &str, currency: &str) -> Option<i64> {
    let words = words(text);
    let amount = amount_at(language, &words, Some(currency))?;
    (amount.used == words.len()).then_some(amount.minor)
}

/// An amount at the start of some words.
#[derive(Clone, Copy, Debug)]
pub(super) struct Amount {
    pub(super) minor: i64,
    pub(super) used: usize,
    pub(super) evidence: Evidence,
}

/// What makes a number an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Evidence {
    /// A sign or a name of the currency.
    Currency,
    /// Decimals, but no currency.
    Decimals,
    /// Nothing but the number.
    Bare,
}

/// The longest amount at the start; without a currency any known one counts.
pub(super) fn amount_at(language: Language, words: &[Word], currency: Option<&str>) -> Option<Amount> {
    let list = texts(words);
    let scale = 10i64.checked_pow(currency.map_or(2, decimals))?;
    let before = mark(language, &list, currency);
    let start = before.used();
    let (whole, used) = figure(language, &list[start..], scale)?;
    let after = mark(language, &list[start + used..], currency);
    let end = start + used + after.used();
    let coin = match (before, after) {
        (Mark::Other, _) | (_, Mark::Other) => return None,
        (Mark::Minor(_), _) => return None,
        (Mark::None, Mark::Minor(coin)) => {
            let minor = whole.units.filter(|_| scale == 100 && coin.is_some())?;
            return Some(Amount { minor, used: end, evidence: Evidence::Currency });
        }
        (Mark::Currency(..), Mark::Minor(_)) => return None,
        (Mark::Currency(_, coin), _) | (Mark::None, Mark::Currency(_, coin)) => Some(coin),
        (Mark::None, Mark::None) => None,
    };
    let units = match whole.units {
        Some(units) => units.checked_mul(scale)?,
        None => {
            let evidence = if coin.is_some() { Evidence::Currency } else { Evidence::Decimals };
            return Some(Amount { minor: whole.minor?, used: end, evidence });
        }
    };
    let evidence = if coin.is_some() { Evidence::Currency } else { Evidence::Bare };
    let cents = (scale == 100).then(|| cents_at(language, &list[end..], coin.flatten(), evidence)).flatten();
    let (minor, cents_used) = cents.unwrap_or((0, 0));
    let evidence = if cents_used > 0 { Evidence::Currency } else { evidence };
    Some(Amount { minor: units.checked_add(minor)?, used: end + cents_used, evidence })
}

/// How many decimals a currency has: ISO 4217.
pub(super) fn decimals(code: &str) -> u32 {
    let among = |list: &[&str]| list.iter().any(|c| c.eq_ignore_ascii_case(code));
    match (among(WHOLE_ONLY), among(THREE_DECIMALS)) {
        (true, _) => 0,
        (false, true) => 3,
        (false, false) => 2,
    }
}

/// What names the money beside a number.
#[derive(Clone, Copy)]
enum Mark {
    None,
    /// How many words, and the coin if its names are known.
    Currency(usize, Option<&'static Coin>),
    Minor(Option<&'static Coin>),
    /// Another currency than the one asked for.
    Other,
}

impl Mark {
    fn used(self) -> usize {
        match self {
            Mark::None | Mark::Other => 0,
            Mark::Currency(used, _) => used,
            Mark::Minor(_) => 1,
        }
    }
}

fn mark(language: Language, words: &[&str], currency: Option<&str>) -> Mark {
    let Some(first) = words.first() else { return Mark::None };
    let coins = language.tables().coins;
    let wanted = |coin: &&Coin| currency.is_none_or(|code| coin.code.eq_ignore_ascii_case(code));
    if *first == "$" {
        let fits = currency.is_none_or(|code| !NOT_DOLLAR_SIGN.iter().any(|c| c.eq_ignore_ascii_case(code)));
        let coin = currency.map_or_else(|| language.coin("usd"), |code| language.coin(code));
        return if fits { Mark::Currency(1, coin) } else { Mark::Other };
    }
    if currency.is_some_and(|code| code.eq_ignore_ascii_case(first)) {
        return Mark::Currency(1, currency.and_then(|code| language.coin(code)));
    }
    if coins.iter().any(|c| names(c, first)) {
        return coins.iter().filter(wanted).find(|c| names(c, first)).map_or(Mark::Other, |coin| {
            let tail = words.get(1).is_some_and(|w| coin.tail.contains(w));
            Mark::Currency(1 + usize::from(tail), Some(coin))
        });
    }
    if coins.iter().any(|c| names_minor(c, first)) {
        return coins
            .iter()
            .filter(wanted)
            .find(|c| names_minor(c, first))
            .map_or(Mark::Other, |coin| Mark::Minor(Some(coin)));
    }
    Mark::None
}

fn names(coin: &Coin, word: &str) -> bool {
    let spelled = |name: &str| is_spelled(name, word);
    word == coin.code
        || word == coin.sign
        || spelled(coin.one)
        || spelled(coin.many)
        || coin.also.contains(&word)
}

fn names_minor(coin: &Coin, word: &str) -> bool {
    let spelled = |name: &str| is_spelled(name, word);
    spelled(coin.minor_one) || spelled(coin.minor_many) || coin.minor_also.contains(&word)
}

/// The number of an amount: whole units, or written with decimals and so in minor units already.
struct Figure {
    units: Option<i64>,
    minor: Option<i64>,
}

fn figure(language: Language, words: &[&str], scale: i64) -> Option<(Figure, usize)> {
    let first = words.first()?;
    if !first.starts_with(|c: char| c.is_ascii_digit()) {
        let (n, used) = number_at(language, words).or_else(|| a_coin(language, words))?;
        return Some((Figure { units: Some(i64::from(n)), minor: None }, used));
    }
    let written = Written::read(language, first)?;
    let units = i64::try_from(written.units).ok()?;
    let Some((_, decimals)) = written.decimals else {
        return Some((Figure { units: Some(units), minor: None }, 1));
    };
    let step = scale / 10i64.pow(u32::try_from(decimals.len()).ok()?);
    let minor = decimals.parse::<i64>().ok()?.checked_mul(step).filter(|_| step > 0)?;
    let minor = units.checked_mul(scale)?.checked_add(minor);
    Some((Figure { units: None, minor: Some(minor?) }, 1))
}

/// "a dollar": the article is no number elsewhere.
fn a_coin(language: Language, words: &[&str]) -> Option<(u32, usize)> {
    let named = words.get(1).is_some_and(|w| language.tables().coins.iter().any(|c| names(c, w)));
    let article = words.first().is_some_and(|word| language.tables().one_of.contains(word));
    (article && named).then_some((1, 1))
}

/// The cents said after whole units, and how many words they take.
fn cents_at(
    language: Language,
    words: &[&str],
    coin: Option<&'static Coin>,
    evidence: Evidence,
) -> Option<(i64, usize)> {
    let join = words.first().and_then(|w| language.tables().cents_join.iter().find(|(join, _)| join == w));
    let start = usize::from(join.is_some());
    let (n, used) = number_at(language, &words[start..]).filter(|(n, _)| *n < 100)?;
    let end = start + used;
    let next = words.get(end);
    if next.is_some_and(|w| coin.is_some_and(|c| names_minor(c, w))) {
        return Some((i64::from(n), end + 1));
    }
    // Without the word for cents, only two figures at the very end are cents: "twenty dollars fifty".
    let plain = n >= 10 && next.is_none() && words[start].parse::<u32>().is_err();
    let joined = join.map_or(evidence == Evidence::Currency, |(_, enough)| *enough);
    (plain && joined).then_some((i64::from(n), end))
}

fn named(language: Language, coin: &Coin, units: u64, rest: u64) -> String {
    let whole = counted(language, units, coin.feminine, coin.one, coin.many);
    let cents = counted(language, rest, false, coin.minor_one, coin.minor_many);
    match (units, rest) {
        (_, 0) => whole,
        (0, _) => cents,
        (_, _) => format!("{whole} {} {cents}", language.tables().cents_join[0].0),
    }
}

fn counted(language: Language, n: u64, feminine: bool, one: &str, many: &str) -> String {
    let name = if n == 1 { one } else { many };
    // More than four thousand million: no amount a call deals in; said digit by digit.
    let Ok(small) = u32::try_from(n) else {
        return format!("{} {name}", super::digits_spoken(language, &n.to_string()));
    };
    let counted = match (name.is_empty(), feminine) {
        (true, _) => Counted::Alone,
        (false, true) => Counted::Feminine,
        (false, false) => Counted::Masculine,
    };
    let round = small > 0 && small.is_multiple_of(1_000_000) && !name.is_empty();
    let [consonant, vowel] = language.tables().millions_of;
    let of = match (round, name.starts_with(['a', 'e', 'i', 'o', 'u'])) {
        (false, _) => "",
        (true, true) => vowel,
        (true, false) => consonant,
    };
    format!("{} {of}{name}", counted_spoken(language, small, counted))
}

fn by_letters(language: Language, units: u64, rest: u64, code: &str) -> String {
    let letters = super::digits_spoken(language, code);
    let whole = counted(language, units, false, "", "").trim_end().to_owned();
    if rest == 0 {
        return format!("{whole} {letters}");
    }
    let width = decimals(code) as usize;
    let decimals = super::digits_spoken(language, &format!("{rest:0width$}"));
    format!("{whole} {} {decimals} {letters}", language.tables().point)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Language::{Catalan, English, French, German, Italian, Portuguese, Spanish};

    #[test]
    fn a_currency_is_one_that_is_paid_with_and_all_whose_decimals_are_odd_are_among_them() {
        for code in WHOLE_ONLY.iter().chain(THREE_DECIMALS).chain(&["EUR", "USD", "GBP", "MXN", "ZWG"]) {
            assert!(is_currency(code), "{code}");
        }
        // ISO 4217 has codes with which nobody pays: XXX is no currency at all, XAU gold.
        for none in ["ZZZ", "usd", "US", "", "XXX", "XAU", "AED AFN"] {
            assert!(!is_currency(none), "{none}");
        }
        assert!(CURRENCIES.split(' ').all(|code| code.len() == 3), "{CURRENCIES}");
    }

    #[test]
    fn amounts_are_spoken_as_people_do() {
        let table = [
            (English, 2050, "USD", "twenty dollars and fifty cents"),
            (English, 101, "USD", "one dollar and one cent"),
            (English, 0, "EUR", "zero euros"),
            (English, 50, "GBP", "fifty pence"),
            (English, 101, "GBP", "one pound and one penny"),
            (English, 118_200, "MXN", "one thousand one hundred eighty-two pesos"),
            (English, -500, "usd", "minus five dollars"),
            (English, 2050, "CHF", "twenty point five zero C H F"),
            (English, 500, "JPY", "five hundred J P Y"),
            (Spanish, 2050, "EUR", "veinte euros con cincuenta céntimos"),
            (Spanish, 101, "USD", "un dólar con un centavo"),
            (Spanish, 2100, "USD", "veintiún dólares"),
            (Spanish, 20_100, "GBP", "doscientas una libras"),
            (Spanish, 100_000_000, "MXN", "un millón de pesos"),
            (Spanish, 50, "EUR", "cincuenta céntimos"),
            (Spanish, 2000, "CLP", "dos mil C L P"),
            (Portuguese, 2050, "BRL", "vinte reais e cinquenta centavos"),
            (Portuguese, 20_200, "GBP", "duzentas e duas libras"),
            (Portuguese, 100, "BRL", "um real"),
            (French, 8100, "EUR", "quatre-vingt-un euros"),
            (French, 100_000_000, "EUR", "un million d'euros"),
            (French, 2050, "EUR", "vingt euros et cinquante centimes"),
            (German, 101, "EUR", "ein Euro und ein Cent"),
            (German, 2150, "CHF", "einundzwanzig Franken und fünfzig Rappen"),
            (Italian, 2050, "EUR", "venti euro e cinquanta centesimi"),
            (Italian, 100, "GBP", "una sterlina"),
            (Catalan, 2150, "EUR", "vint-i-un euros amb cinquanta cèntims"),
            (Catalan, 20_200, "GBP", "dues-centes dues lliures"),
        ];
        for (language, minor, code, spoken) in table {
            assert_eq!(money_spoken(language, minor, code), spoken);
        }
        assert!(money_spoken(English, i64::MIN, "USD").starts_with("minus nine two"));
    }

    #[test]
    fn amounts_are_read_back_as_they_were_spoken() {
        for language in Language::ALL {
            for minor in (0..=999_999).step_by(37) {
                for code in ["USD", "EUR", "MXN", "GBP"] {
                    let spoken = money_spoken(language, minor, code);
                    assert_eq!(money_read(language, &spoken, code), Some(minor), "{spoken}");
                }
            }
        }
    }

    #[test]
    fn amounts_are_read_however_they_are_said_and_doubt_is_not() {
        let table = [
            (English, "twenty dollars", "USD", Some(2000)),
            (English, "$20", "USD", Some(2000)),
            (English, "$ 1,182.50", "USD", Some(118_250)),
            (English, "20.50", "USD", Some(2050)),
            (English, "20.5", "USD", Some(2050)),
            (English, "20 USD", "USD", Some(2000)),
            (English, "twenty", "USD", Some(2000)),
            (English, "twenty dollars fifty", "USD", Some(2050)),
            (English, "twenty pounds sterling", "GBP", Some(2000)),
            (English, "a dollar", "USD", Some(100)),
            (English, "fifty cents", "USD", Some(50)),
            (English, "five hundred", "JPY", Some(500)),
            (English, "20.50", "JPY", None),
            (English, "twenty fifty", "USD", None),
            (English, "twenty dollars five", "USD", None),
            (English, "twenty dollars and fifty", "USD", None),
            (English, "twenty euros", "USD", None),
            (English, "€20", "USD", None),
            (English, "$20", "EUR", None),
            (English, "twenty pence", "USD", None),
            (English, "20,50", "USD", None),
            (English, "-$20", "USD", None),
            (English, "minus twenty dollars", "USD", None),
            (English, "about twenty dollars", "USD", None),
            (English, "$", "USD", None),
            (English, "99999999999999999999", "USD", None),
            (English, "9223372036854775807", "USD", None),
            (English, "", "USD", None),
            (Spanish, "veinte euros con cincuenta", "EUR", Some(2050)),
            (Spanish, "veinte con cincuenta", "EUR", Some(2050)),
            (Spanish, "20,50 €", "EUR", Some(2050)),
            (Spanish, "1.182,50", "EUR", Some(118_250)),
            (Spanish, "20.50", "MXN", Some(2050)),
            (Spanish, "un peso", "MXN", Some(100)),
            (Spanish, "veinte pesos mexicanos", "MXN", Some(2000)),
            (Spanish, "doscientas libras esterlinas", "GBP", Some(20_000)),
            (Spanish, "veinte euros y cinco céntimos", "EUR", Some(2005)),
            (Spanish, "veinte euros con cinco", "EUR", None),
            (Spanish, "veinte cincuenta", "EUR", None),
            (Spanish, "veinte dólares", "EUR", None),
            (Portuguese, "R$ 20,50", "BRL", Some(2050)),
            (Portuguese, "vinte reais e cinquenta centavos", "BRL", Some(2050)),
            (Portuguese, "vinte euros", "BRL", None),
            (French, "vingt euros cinquante", "EUR", Some(2050)),
            (French, "20,50 €", "EUR", Some(2050)),
            (French, "un euro", "EUR", Some(100)),
            (German, "zwanzig Euro fünfzig", "EUR", Some(2050)),
            (German, "einen Euro", "EUR", Some(100)),
            (German, "1.182,50 €", "EUR", Some(118_250)),
            (German, "20.50", "EUR", None),
            (Italian, "venti euro e cinquanta centesimi", "EUR", Some(2050)),
            (Italian, "venti sterline", "EUR", None),
            (Catalan, "vint euros amb cinquanta", "EUR", Some(2050)),
        ];
        for (language, text, code, expected) in table {
            assert_eq!(money_read(language, text, code), expected, "{text} {code}");
        }
    }
}
