//! Phone numbers in one form: E.164.
//!
//! Only the length of a number and its country's own way of writing it at home are known here: whether anybody has the
//! number, nobody can tell before it is called.
//!
//! Promises: what passes begins with `+` and has 8 to 15 digits, of a country in the table as many as its numbers have.
//! Never: guesses a country; takes numbers for one because they end alike.

/// Digits of a number with its country code, by ITU-T E.164; no country has shorter ones in use than eight.
const DIGITS: std::ops::RangeInclusive<usize> = 8..=15;

/// How a country writes its numbers.
#[derive(Debug)]
struct Country {
    /// ISO 3166.
    region: &'static str,
    code: &'static str,
    /// What is dialled before a number at home, and left out from abroad.
    trunk: &'static str,
    /// Digits without code and trunk.
    least: usize,
    most: usize,
}

const fn country(
    region: &'static str,
    code: &'static str,
    trunk: &'static str,
    least: usize,
    most: usize,
) -> Country {
    Country { region, code, trunk, least, most }
}

const COUNTRIES: &[Country] = &[
    country("AD", "376", "", 6, 9),
    country("AR", "54", "0", 10, 11),
    country("AT", "43", "0", 4, 13),
    country("AU", "61", "0", 9, 9),
    country("BE", "32", "0", 8, 9),
    country("BO", "591", "0", 8, 8),
    country("BR", "55", "0", 10, 11),
    country("CA", "1", "1", 10, 10),
    country("CH", "41", "0", 9, 9),
    country("CL", "56", "", 9, 9),
    country("CO", "57", "", 10, 10),
    country("CR", "506", "", 8, 8),
    country("DE", "49", "0", 5, 13),
    country("DO", "1", "1", 10, 10),
    country("EC", "593", "0", 8, 9),
    country("ES", "34", "", 9, 9),
    country("FR", "33", "0", 9, 9),
    country("GB", "44", "0", 9, 10),
    country("GT", "502", "", 8, 8),
    country("HN", "504", "", 8, 8),
    country("IE", "353", "0", 7, 10),
    country("IT", "39", "", 6, 11),
    country("LU", "352", "", 6, 11),
    country("MX", "52", "", 10, 10),
    country("NI", "505", "", 8, 8),
    country("NZ", "64", "0", 8, 10),
    country("PA", "507", "", 7, 8),
    country("PE", "51", "0", 8, 9),
    country("PR", "1", "1", 10, 10),
    country("PT", "351", "", 9, 9),
    country("PY", "595", "0", 7, 9),
    country("SV", "503", "", 8, 8),
    country("US", "1", "1", 10, 10),
    country("UY", "598", "0", 8, 8),
    country("VE", "58", "0", 10, 10),
];

/// The country of a language tag (`es-ES`), where its numbers are known here.
#[must_use]
pub fn country_of(tag: &str) -> Option<&'static str> {
    let region = tag.split(['-', '_']).skip(1).find(|part| part.len() == 2)?;
    COUNTRIES.iter().map(|country| country.region).find(|known| known.eq_ignore_ascii_case(region))
}

/// A number in E.164. One without `+` or `00` is of the country, where one is given.
pub(super) fn e164(text: &str, country: Option<&str>) -> Option<String> {
    let plain: String = text.chars().filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')' | '/')).collect();
    let from_abroad = plain.strip_prefix('+').or_else(|| plain.strip_prefix("00"));
    let digits = match from_abroad {
        Some(digits) => digits.to_owned(),
        None => {
            let home = COUNTRIES.iter().find(|known| Some(known.region) == country)?;
            let rest = Some(home.trunk).filter(|trunk| !trunk.is_empty()).and_then(|t| plain.strip_prefix(t));
            let national = rest.filter(|rest| rest.len() >= home.least).unwrap_or(&plain);
            format!("{}{national}", home.code)
        }
    };
    let is_figure = digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
    let fits = is_figure && DIGITS.contains(&digits.len()) && has_a_length_of_its_country(&digits);
    fits.then(|| format!("+{digits}"))
}

/// Digits that a number without its country must have to tell anybody apart.
const NATIONAL_DIGITS_LEAST: usize = 7;

/// Country codes of two digits; all of one are `1` and `7`, and what begins otherwise has three (ITU-T E.164, annex).
const CODES_OF_TWO: &[&str] = &[
    "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46", "47", "48",
    "49", "51", "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63", "64", "65", "66", "81",
    "82", "84", "86", "90", "91", "92", "93", "94", "95", "98",
];

/// Whether two texts are one phone number. One without its country is of the country, where that makes a number of it; else
/// the two are the same where the country, and a zero before the rest, is all that one of them lacks.
pub(super) fn is_same_number(one: &str, other: &str, country: Option<&str>) -> bool {
    if let (Some(one), Some(other)) = (e164(one, country), e164(other, country)) {
        return one == other;
    }
    let plain = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let (one, other) = (plain(one), plain(other));
    let (one, other) = (one.trim_start_matches('0'), other.trim_start_matches('0'));
    let (short, long) = if one.len() <= other.len() { (one, other) } else { (other, one) };
    let before = long.strip_suffix(short).filter(|_| short.len() >= NATIONAL_DIGITS_LEAST);
    before.is_some_and(|before| {
        before.is_empty() || is_code(before) || before.strip_suffix('0').is_some_and(is_code)
    })
}

/// Whether digits are a country code, by its form.
fn is_code(digits: &str) -> bool {
    let of_two = |digits: &str| CODES_OF_TWO.contains(&digits);
    match digits.len() {
        1 => matches!(digits, "1" | "7"),
        2 => of_two(digits),
        3 => !digits.starts_with(['0', '1', '7']) && !of_two(&digits[..2]),
        _ => false,
    }
}

fn has_a_length_of_its_country(digits: &str) -> bool {
    let of = COUNTRIES.iter().filter_map(|country| Some((country, digits.strip_prefix(country.code)?)));
    let fits: Vec<bool> =
        of.map(|(country, rest)| (country.least..=country.most).contains(&rest.len())).collect();
    fits.is_empty() || fits.contains(&true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_one_form_however_it_is_written() {
        for (country, text, want) in [
            (Some("ES"), "600 11 12 22", Some("+34600111222")),
            (Some("ES"), "+34 600-111-222", Some("+34600111222")),
            (Some("ES"), "0034600111222", Some("+34600111222")),
            (Some("GB"), "020 7946 0000", Some("+442079460000")),
            (Some("US"), "(212) 555-0100", Some("+12125550100")),
            (Some("US"), "1 212 555 0100", Some("+12125550100")),
            (Some("IT"), "06 1234 5678", Some("+390612345678")),
            (None, "+12125550100", Some("+12125550100")),
            (None, "+81312345678", Some("+81312345678")),
            (None, "600111222", None),
            (Some("XX"), "600111222", None),
            (Some("ES"), "60011122", None),
            (Some("ES"), "+3460011122", None),
            (Some("ES"), "6001112223", None),
            (Some("US"), "+1 212 555 010", None),
            (Some("ES"), "+0600111222", None),
            (Some("ES"), "600x11222", None),
            (Some("ES"), "٦٠٠١١١٢٢٢", None),
            (None, "+1234567890123456", None),
            (Some("ES"), "", None),
        ] {
            assert_eq!(e164(text, country).as_deref(), want, "{country:?} {text}");
        }
    }

    #[test]
    fn a_number_without_its_country_is_the_one_with_it_and_no_other_that_ends_alike() {
        for (country, one, other, same) in [
            (Some("ES"), "600 111 222", "+34600111222", true),
            (Some("ES"), "0034600111222", "34 600 111 222", true),
            (Some("ES"), "600111222", "+33600111222", false),
            (Some("ES"), "0600111222", "+33600111222", true),
            (None, "600111222", "+34600111222", true),
            (None, "600111222", "600111222", true),
            (None, "0111222", "+34600111222", false),
            (None, "00111222", "+34600111222", false),
            (None, "020 7946 0000", "+44 (0)20 7946 0000", true),
            (None, "020 7946 0000", "+442079460000", true),
            (None, "2079460000", "+192079460000", false),
            (Some("US"), "(212) 555-0100", "+12125550100", true),
            (Some("US"), "555-0100", "+12125550100", false),
            (Some("US"), "555-0100", "555 0100", true),
            (None, "2125550100", "+12125550100", true),
            (None, "7946000", "7946000", true),
            (None, "794600", "794600", false),
            (Some("ES"), "+34600111222", "+34600111223", false),
            (None, "", "", false),
        ] {
            assert_eq!(is_same_number(one, other, country), same, "{country:?} {one} {other}");
            assert_eq!(is_same_number(other, one, country), same, "{country:?} {other} {one}");
        }
        assert!(is_code("351") && is_code("1") && !is_code("346") && !is_code("19") && !is_code("0"));
    }

    #[test]
    fn what_is_in_one_form_stays_as_it_is() {
        for country in COUNTRIES {
            let number = format!("+{}{}", country.code, "2".repeat(country.most));
            if let Some(once) = e164(&number, None) {
                assert_eq!(e164(&once, Some("ES")), Some(once.clone()), "{}", country.region);
            }
        }
    }

    #[test]
    fn a_language_tag_names_its_country_where_that_is_known() {
        for (tag, want) in [
            ("es-ES", Some("ES")),
            ("en_us", Some("US")),
            ("zh-Hant-US", Some("US")),
            ("es", None),
            ("es-419", None),
            ("nl-NL", None),
        ] {
            assert_eq!(country_of(tag), want, "{tag}");
        }
    }
}
