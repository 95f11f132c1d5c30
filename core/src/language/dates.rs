//! Dates, times of day, phone and decimal numbers as they are said aloud.
//!
//! A date is said whole, its year too: what a caller says yes to must leave no other day open, and its weekday lets him
//! notice a slip.
//!
//! Promises: what is said of two different dates, times or numbers differs.
//! Never: reads a clock; says a date that no calendar has.

use super::number::{Counted, counted_spoken};
use super::{Language, digits_spoken, number_spoken};

/// Names of the days and months as they are written, accents included: a synthesiser reads them.
struct Names {
    /// Monday first.
    weekdays: [&'static str; 7],
    months: [&'static str; 12],
}

/// A day of the Gregorian calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Day {
    year: u32,
    month: u32,
    day: u32,
}

/// `2026-07-27` as "Monday, July twenty-seventh, two thousand twenty-six".
#[must_use]
pub fn date_spoken(language: Language, text: &str) -> Option<String> {
    let day = Day::parse(text)?;
    let names = names(language);
    let weekday = names.weekdays[day.weekday()];
    let month = names.months[day.month as usize - 1];
    let nth = nth(language, day.day);
    let year = number_spoken(language, day.year);
    Some(match language {
        Language::English => format!("{weekday}, {month} {nth}, {year}"),
        Language::German => format!("{weekday}, {nth} {month} {year}"),
        Language::Spanish | Language::Portuguese => format!("{weekday}, {nth} de {month} de {year}"),
        Language::French | Language::Italian => format!("{weekday} {nth} {month} {year}"),
        Language::Catalan => {
            let of = if month.starts_with(['a', 'o']) { "d'" } else { "de " };
            format!("{weekday}, {nth} {of}{month} de {year}")
        }
    })
}

/// `14:05` as "two oh five p.m.", or in the other languages by the clock of 24 hours.
#[must_use]
pub fn time_spoken(language: Language, text: &str) -> Option<String> {
    let (hour, minute) = clock(text)?;
    if language == Language::English {
        return Some(english_time(hour, minute));
    }
    let hours = |counted| counted_spoken(language, hour, counted);
    let minutes = number_spoken(language, minute);
    Some(match (language, minute) {
        (Language::German, 0) => format!("{} Uhr", hours(Counted::Masculine)),
        (Language::German, _) => format!("{} Uhr {minutes}", hours(Counted::Masculine)),
        (Language::French, _) => {
            let name = if hour < 2 { "heure" } else { "heures" };
            let begun = format!("{} {name}", hours(Counted::Feminine));
            if minute == 0 { begun } else { format!("{begun} {minutes}") }
        }
        (Language::Portuguese, _) => {
            let name = if hour == 1 { "hora" } else { "horas" };
            let begun = format!("{} {name}", hours(Counted::Feminine));
            if minute == 0 { begun } else { format!("{begun} e {minutes}") }
        }
        (Language::Spanish, 0) => format!("{} en punto", hours(Counted::Feminine)),
        (Language::Catalan, 0) => format!("{} en punt", hours(Counted::Feminine)),
        (Language::Italian, 0) => format!("{} in punto", hours(Counted::Feminine)),
        (Language::Spanish, _) => format!("{} y {minutes}", hours(Counted::Feminine)),
        (Language::Catalan, _) => format!("{} i {minutes}", hours(Counted::Feminine)),
        (Language::Italian | Language::English, _) => format!("{} e {minutes}", hours(Counted::Feminine)),
    })
}

/// A decimal number in words: `-3.5` as "minus three point five".
#[must_use]
pub fn decimal_spoken(language: Language, text: &str) -> Option<String> {
    let (minus, plain) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (whole, fraction) = plain.split_once('.').map_or((plain, None), |(whole, rest)| (whole, Some(rest)));
    let is_figure = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !is_figure(whole) || !fraction.is_none_or(is_figure) {
        return None;
    }
    let tables = language.tables();
    let mut said = number_spoken(language, whole.parse().ok()?);
    if let Some(fraction) = fraction {
        let mark = if tables.decimal_marks.first() == Some(&'.') { tables.point } else { tables.comma };
        said = format!("{said} {mark} {}", digits_spoken(language, fraction));
    }
    Some(if minus { format!("{} {said}", tables.minus) } else { said })
}

/// A phone number digit by digit, its plus by its name.
#[must_use]
pub fn phone_spoken(language: Language, text: &str) -> Option<String> {
    let digits = text.strip_prefix('+').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let said = digits_spoken(language, digits);
    let signs = language.tables().private.signs;
    let plus = signs.iter().find(|(sign, _)| *sign == '+').map(|(_, name)| *name);
    Some(match plus.filter(|_| text.starts_with('+')) {
        Some(plus) => format!("{plus} {said}"),
        None => said,
    })
}

/// Whether a text is a day of the calendar, written `2026-07-27`.
#[must_use]
pub fn is_date(text: &str) -> bool {
    Day::parse(text).is_some()
}

/// Whether a text is a time of day, written `14:05`.
#[must_use]
pub fn is_time(text: &str) -> bool {
    clock(text).is_some()
}

impl Day {
    fn parse(text: &str) -> Option<Day> {
        let (year, rest) = text.split_once('-')?;
        let (month, day) = rest.split_once('-')?;
        let day = Day { year: figure(year, 4)?, month: figure(month, 2)?, day: figure(day, 2)? };
        let exists = day.year > 0 && (1..=12).contains(&day.month) && (1..=day.last()).contains(&day.day);
        exists.then_some(day)
    }

    /// The last day of its month.
    fn last(self) -> u32 {
        let year = self.year;
        let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        match self.month {
            2 if is_leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        }
    }

    /// Monday is 0.
    fn weekday(self) -> usize {
        super::figures::weekday(self.year as usize, self.month as usize, self.day as usize)
    }
}

fn clock(text: &str) -> Option<(u32, u32)> {
    let (hour, minute) = text.split_once(':')?;
    let (hour, minute) = (figure(hour, 2)?, figure(minute, 2)?);
    (hour < 24 && minute < 60).then_some((hour, minute))
}

/// A number of exactly so many digits.
fn figure(text: &str, digits: usize) -> Option<u32> {
    let fits = text.len() == digits && text.bytes().all(|b| b.is_ascii_digit());
    if fits { text.parse().ok() } else { None }
}

fn english_time(hour: u32, minute: u32) -> String {
    if minute == 0 && hour.is_multiple_of(12) {
        return if hour == 0 { "midnight" } else { "noon" }.to_owned();
    }
    let half = if hour < 12 { "a.m." } else { "p.m." };
    let hours = number_spoken(Language::English, if hour.is_multiple_of(12) { 12 } else { hour % 12 });
    let minutes = number_spoken(Language::English, minute);
    match minute {
        0 => format!("{hours} {half}"),
        1..=9 => format!("{hours} oh {minutes} {half}"),
        _ => format!("{hours} {minutes} {half}"),
    }
}

/// The day of a month as each language counts it; in German as it follows "am".
fn nth(language: Language, day: u32) -> String {
    match (language, day) {
        (Language::English, _) => english_nth(day),
        (Language::German, _) => german_nth(day),
        (Language::French, 1) => "premier".to_owned(),
        (Language::Italian, 1) => "primo".to_owned(),
        (Language::Portuguese, 1) => "primeiro".to_owned(),
        (
            Language::Spanish
            | Language::Portuguese
            | Language::French
            | Language::Italian
            | Language::Catalan,
            _,
        ) => number_spoken(language, day),
    }
}

fn english_nth(day: u32) -> String {
    const SMALL: [&str; 20] = [
        "zeroth",
        "first",
        "second",
        "third",
        "fourth",
        "fifth",
        "sixth",
        "seventh",
        "eighth",
        "ninth",
        "tenth",
        "eleventh",
        "twelfth",
        "thirteenth",
        "fourteenth",
        "fifteenth",
        "sixteenth",
        "seventeenth",
        "eighteenth",
        "nineteenth",
    ];
    let (tens, round) = if day < 30 { ("twenty", "twentieth") } else { ("thirty", "thirtieth") };
    match (SMALL.get(day as usize), day % 10) {
        (Some(small), _) => (*small).to_owned(),
        (None, 0) => round.to_owned(),
        (None, ones) => format!("{tens}-{}", SMALL[ones as usize]),
    }
}

fn german_nth(day: u32) -> String {
    match day {
        1 => "ersten".to_owned(),
        3 => "dritten".to_owned(),
        7 => "siebten".to_owned(),
        8 => "achten".to_owned(),
        2 | 4..=6 | 9..=19 => format!("{}ten", number_spoken(Language::German, day)),
        _ => format!("{}sten", number_spoken(Language::German, day)),
    }
}

fn names(language: Language) -> Names {
    let (weekdays, months) = match language {
        Language::English => (
            "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
            "January February March April May June July August September October November December",
        ),
        Language::Spanish => (
            "lunes martes miércoles jueves viernes sábado domingo",
            "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
        ),
        Language::Portuguese => (
            "segunda-feira terça-feira quarta-feira quinta-feira sexta-feira sábado domingo",
            "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
        ),
        Language::French => (
            "lundi mardi mercredi jeudi vendredi samedi dimanche",
            "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
        ),
        Language::German => (
            "Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag",
            "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
        ),
        Language::Italian => (
            "lunedì martedì mercoledì giovedì venerdì sabato domenica",
            "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
        ),
        Language::Catalan => (
            "dilluns dimarts dimecres dijous divendres dissabte diumenge",
            "gener febrer març abril maig juny juliol agost setembre octubre novembre desembre",
        ),
    };
    let (mut days, mut of_year) = (weekdays.split(' '), months.split(' '));
    Names {
        weekdays: std::array::from_fn(|_| days.next().unwrap_or_default()),
        months: std::array::from_fn(|_| of_year.next().unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use Language::{Catalan, English, French, German, Italian, Portuguese, Spanish};

    #[test]
    fn a_date_is_said_as_people_do() {
        for (language, text, said) in [
            (English, "2026-07-27", "Monday, July twenty-seventh, two thousand twenty-six"),
            (English, "2024-02-29", "Thursday, February twenty-ninth, two thousand twenty-four"),
            (English, "2026-11-30", "Monday, November thirtieth, two thousand twenty-six"),
            (Spanish, "2026-05-01", "viernes, uno de mayo de dos mil veintiséis"),
            (Portuguese, "2026-05-01", "sexta-feira, primeiro de maio de dois mil e vinte e seis"),
            (French, "2026-05-01", "vendredi premier mai deux mille vingt-six"),
            (German, "2026-05-03", "Sonntag, dritten Mai zweitausend sechsundzwanzig"),
            (German, "2026-05-27", "Mittwoch, siebenundzwanzigsten Mai zweitausend sechsundzwanzig"),
            (Italian, "2026-05-01", "venerdì primo maggio duemila ventisei"),
            (Catalan, "2026-04-02", "dijous, dos d'abril de dos mil vint-i-sis"),
        ] {
            assert_eq!(date_spoken(language, text).as_deref(), Some(said));
        }
    }

    #[test]
    fn a_time_is_said_as_people_do() {
        for (language, text, said) in [
            (English, "14:05", "two oh five p.m."),
            (English, "00:30", "twelve thirty a.m."),
            (English, "00:00", "midnight"),
            (English, "12:00", "noon"),
            (English, "09:00", "nine a.m."),
            (Spanish, "14:30", "catorce y treinta"),
            (Spanish, "21:00", "veintiuna en punto"),
            (Portuguese, "02:15", "duas horas e quinze"),
            (French, "01:05", "une heure cinq"),
            (German, "14:30", "vierzehn Uhr dreißig"),
            (Italian, "09:45", "nove e quarantacinque"),
            (Catalan, "14:00", "catorze en punt"),
        ] {
            assert_eq!(time_spoken(language, text).as_deref(), Some(said));
        }
    }

    #[test]
    fn no_two_times_and_no_two_days_of_a_year_are_said_alike() {
        for language in Language::ALL {
            let times: BTreeSet<String> = (0..24 * 60)
                .map(|n| time_spoken(language, &format!("{:02}:{:02}", n / 60, n % 60)).expect("a time"))
                .collect();
            assert_eq!(times.len(), 24 * 60, "{language}");
            let days =
                (1..=12).flat_map(|month| (1..=31).map(move |day| format!("2028-{month:02}-{day:02}")));
            let said: Vec<String> = days.filter_map(|day| date_spoken(language, &day)).collect();
            let different: BTreeSet<&String> = said.iter().collect();
            assert_eq!((said.len(), different.len()), (366, 366), "{language}");
        }
    }

    #[test]
    fn a_decimal_number_is_said_with_its_mark() {
        for (language, text, said) in [
            (English, "-3.5", "minus three point five"),
            (English, "20", "twenty"),
            (Spanish, "3.25", "tres coma dos cinco"),
            (German, "0.5", "null Komma fünf"),
        ] {
            assert_eq!(decimal_spoken(language, text).as_deref(), Some(said));
        }
    }

    #[test]
    fn a_phone_number_is_said_digit_by_digit() {
        let said = |text| phone_spoken(English, text);
        assert_eq!(said("+3412").as_deref(), Some("plus three four one two"));
        assert_eq!(said("12").as_deref(), Some("one two"));
        assert_eq!((said("+"), said("12a"), said("")), (None, None, None));
        for language in Language::ALL {
            assert_ne!(phone_spoken(language, "+34"), phone_spoken(language, "34"), "{language}");
        }
    }

    #[test]
    fn what_no_calendar_and_no_clock_has_is_not_said() {
        for text in ["2026-02-29", "2026-13-01", "2026-00-10", "0000-01-01", "26-07-27", "2026-7-27", "x", ""]
        {
            assert!(!is_date(text) && date_spoken(English, text).is_none(), "{text}");
        }
        for text in ["24:00", "12:60", "9:00", "12", "12:00:00", "+1:00", ""] {
            assert!(!is_time(text) && time_spoken(English, text).is_none(), "{text}");
        }
        for text in ["", "-", "1.", ".5", "1e3", "1,5", "99999999999"] {
            assert_eq!(decimal_spoken(English, text), None, "{text}");
        }
    }
}
