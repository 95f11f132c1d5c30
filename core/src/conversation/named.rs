//! Whether a question says the values it is about: a template could name one and still swallow or change it.
//!
//! Promises: of every parameter that the question's template names and that has a value, the words for that very value
//! are in the question, of a list's those for each value, as often as it is in the list; of a yes or no, the question is
//! another one for the other.
//! Never: knows what a question means; it compares words.

use std::cell::OnceCell;

use serde_json::Value;

use super::plan::{Parameter, ParameterKind};
use crate::base::PrivateKind;
use crate::language::{
    Language, date_spoken, decimal_spoken, digits_spoken, money_spoken, number_spoken, one_of, phone_spoken,
    private_spoken, spoken_text, time_spoken, tokens,
};
use crate::template::{Renderer, money_minor};

/// The first parameter whose value the question does not say. `question`: the template, rendered with these values.
#[must_use]
pub fn unsaid<'p>(
    renderer: &Renderer,
    language: Language,
    parameters: &'p [Parameter],
    template: &str,
    values: &Value,
    question: &str,
) -> Option<&'p str> {
    let asked = Asked { language, question, written: words(question), spoken: OnceCell::new() };
    let is_unsaid = |parameter: &Parameter| match (parameter.kind, values.get(&parameter.name)) {
        (_, None | Some(Value::Null)) => false,
        (ParameterKind::Boolean, Some(value)) => {
            let mut other = values.clone();
            other[&parameter.name] = Value::Bool(*value != Value::Bool(true));
            renderer.render(template, &other).is_ok_and(|other| other == question)
        }
        (kind, Some(Value::Array(values))) => !asked.says_each(renderer.currency(), kind, values),
        (kind, Some(value)) => !asked.says_value(renderer.currency(), kind, value),
    };
    // Whether it is named costs most, and is asked only of what is not said.
    let is_named = |parameter: &Parameter| {
        let named = renderer.variables(template).unwrap_or_default();
        named.iter().any(|known| known.split('.').next() == Some(&parameter.name))
    };
    parameters.iter().find(|p| is_unsaid(p) && is_named(p)).map(|p| p.name.as_str())
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The words for a value: those of the filters `money`, `digits` and `number`, the value as it is, an amount without its
/// zeros, one of a thing. The likeliest come first.
fn forms(language: Language, currency: &str, kind: ParameterKind, plain: &str) -> Vec<String> {
    let mut forms = Vec::new();
    match kind {
        ParameterKind::Money => {
            let minor = money_minor(plain, currency);
            forms.extend(minor.map(|minor| money_spoken(language, minor, currency)));
            let whole = plain.split_once('.').filter(|(_, rest)| rest.chars().all(|c| c == '0'));
            forms.extend(whole.map(|(whole, _)| whole.to_owned()));
        }
        ParameterKind::Digits | ParameterKind::Integer | ParameterKind::Text => {
            // Digit by digit a minus is lost.
            if !plain.starts_with('-') {
                forms.push(digits_spoken(language, plain));
            }
            if kind != ParameterKind::Text {
                forms.extend(plain.parse().ok().map(|number| number_spoken(language, number)));
            }
            if kind == ParameterKind::Integer && plain == "1" {
                forms.extend(one_of(language).iter().map(|word| (*word).to_owned()));
            }
        }
        ParameterKind::Number => forms.extend(decimal_spoken(language, plain)),
        ParameterKind::Date => forms.extend(date_spoken(language, plain)),
        ParameterKind::Time => forms.extend(time_spoken(language, plain)),
        ParameterKind::Phone => {
            forms.extend(phone_spoken(language, plain));
            // Without its plus it is still this number and no other of the same digits.
            forms.push(digits_spoken(language, plain.trim_start_matches('+')));
        }
        ParameterKind::Email => forms.push(private_spoken(language, PrivateKind::Email, plain)),
        ParameterKind::Boolean => {}
    }
    forms.push(plain.to_owned());
    forms
}

/// A question's words: as they are written, and as they are spoken, where a figure may make one word with its neighbour
/// (`$20.00`, `20.00 dollars`).
struct Asked<'q> {
    language: Language,
    question: &'q str,
    written: Vec<String>,
    /// Computed where the written ones are not enough.
    spoken: OnceCell<Vec<String>>,
}

impl Asked<'_> {
    fn says_value(&self, currency: &str, kind: ParameterKind, value: &Value) -> bool {
        plain(value).is_some_and(|text| {
            forms(self.language, currency, kind, &text).iter().any(|form| self.says(form))
        })
    }

    /// Whether each value of a list is said, in a place of its own: what is wished for twice is said twice.
    fn says_each(&self, currency: &str, kind: ParameterKind, values: &[Value]) -> bool {
        let texts: Option<Vec<String>> = values.iter().map(plain).collect();
        let Some(texts) = texts else { return false };
        let forms: Vec<_> = texts.iter().map(|text| forms(self.language, currency, kind, text)).collect();
        let speak = |text: &str| words(&spoken_text(self.language, text));
        say_apart(&self.written, &forms, words)
            || say_apart(self.spoken.get_or_init(|| speak(self.question)), &forms, speak)
    }

    fn says(&self, form: &str) -> bool {
        let speak = |text| words(&spoken_text(self.language, text));
        holds(&self.written, &words(form))
            || holds(self.spoken.get_or_init(|| speak(self.question)), &speak(form))
    }
}

/// The words without any sign but a figure's own minus: `next_day` is two, `2026-07-27` three, `-5` is not `5`.
fn words(text: &str) -> Vec<String> {
    let mut plain = String::with_capacity(text.len());
    let mut before = ' ';
    let mut signs = text.chars().peekable();
    while let Some(c) = signs.next() {
        let is_minus = matches!(c, '-' | '−')
            && !before.is_alphanumeric()
            && signs.peek().is_some_and(char::is_ascii_digit);
        match (is_minus, c.is_alphanumeric()) {
            (true, _) => plain.push_str(" minus "),
            (false, true) => plain.push(c),
            (false, false) => plain.push(' '),
        }
        before = c;
    }
    tokens(&plain)
}

/// Whether the words stand in the text, side by side. No words stand nowhere.
fn holds(text: &[String], words: &[String]) -> bool {
    !words.is_empty() && text.windows(words.len()).any(|stretch| stretch == words)
}

/// Whether the text holds one form of each value, and no word of it counts for two. The longest are sought first: of
/// `red` and `dark red`, the former must not take the word that the latter needs.
fn say_apart(text: &[String], values: &[Vec<String>], words: impl Fn(&str) -> Vec<String>) -> bool {
    let words_of = |forms: &Vec<String>| forms.iter().map(|form| words(form)).collect::<Vec<_>>();
    let mut values: Vec<Vec<Vec<String>>> = values.iter().map(words_of).collect();
    values.sort_by_key(|forms| std::cmp::Reverse(forms.last().map_or(0, Vec::len)));
    let mut taken = vec![false; text.len()];
    values.iter().all(|forms| {
        let place = |form: &Vec<String>| Some((free(text, &taken, form)?, form.len()));
        let Some((from, length)) = forms.iter().find_map(place) else { return false };
        taken[from..from + length].fill(true);
        true
    })
}

/// Where the words stand side by side, none of them taken.
fn free(text: &[String], taken: &[bool], words: &[String]) -> Option<usize> {
    let mut places = text.windows(words.len().max(1)).enumerate().filter(|(_, stretch)| *stretch == words);
    places.find(|(from, _)| !taken[*from..from + words.len()].contains(&true)).map(|(from, _)| from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// An order, and something else.
    fn parameters(kind: ParameterKind) -> [Parameter; 2] {
        [("order", ParameterKind::Digits), ("amount", kind)].map(|(name, kind)| Parameter {
            name: name.to_owned(),
            kind,
            description: String::new(),
            required: true,
            ask: String::new(),
            ..Parameter::default()
        })
    }

    /// The first parameter that a question about twenty dollars on order 1182 does not say.
    fn asked(template: &str) -> Option<String> {
        let parameters = parameters(ParameterKind::Money);
        let renderer = Renderer::new(Language::English, "USD");
        let values = json!({"amount": "20.00", "order": "1182", "item": {"name": "a lamp"}});
        let question = renderer.render(template, &values).expect("the values are all there");
        unsaid(&renderer, Language::English, &parameters, template, &values, &question).map(ToOwned::to_owned)
    }

    #[test]
    fn a_question_that_says_its_values_in_any_of_their_forms_is_one() {
        for template in [
            "Refund {{ amount | money }} on order {{ order | digits }}, {{ item.name }}?",
            "REFUND {{ amount | money | upper }} ON {{ order }}?",
            "Refund {{ amount }}, order {{ order | int | number }}?",
            "Refund {% if amount | minor > 100 %}{{ amount | money }}{% else %}{{ amount }}{% endif %} on {{ order }}?",
            "Refund {{ amount }} dollars on {{ order }}, ${{ amount }}?",
            "Refund order {{ order }}, ${{ amount }}?",
            "Refund order #{{ order }} ({{ amount }})?",
            "Refund twenty dollars, {{ amount | int }} pesos, on {{ order }}?",
            "Refund it?",
        ] {
            assert_eq!(asked(template), None, "{template}");
        }
    }

    #[test]
    fn a_question_that_swallows_or_changes_a_value_is_none() {
        for (template, unsaid) in [
            ("Refund {% if false %}{{ amount | money }}{% endif %} on {{ order | digits }}?", "amount"),
            ("Refund {{ amount | length }} on {{ order | digits }}?", "amount"),
            ("Refund {{ amount | money | replace('twenty', 'two') }} on {{ order | digits }}?", "amount"),
            ("Refund {{ (amount | money) and 5 }} on {{ order | digits }}?", "amount"),
            ("Refund {{ amount | money }} on {{ order | first }}?", "order"),
            ("Refund {{ amount | money }} on {{ order | reverse }}?", "order"),
            ("Refund {{ amount | money }}{% if order %} on your order{% endif %}?", "order"),
        ] {
            assert_eq!(asked(template).as_deref(), Some(unsaid), "{template}");
        }
    }

    #[test]
    fn one_of_a_thing_a_date_in_parts_and_a_sign_are_what_they_are() {
        for (language, kind, value, template, said) in [
            (
                Language::English,
                ParameterKind::Integer,
                json!(1),
                "{% if amount == 1 %}a seat{% else %}seats{% endif %}",
                true,
            ),
            (
                Language::Spanish,
                ParameterKind::Integer,
                json!(1),
                "{% if amount == 1 %}una silla{% endif %}",
                true,
            ),
            (Language::Spanish, ParameterKind::Integer, json!(21), "¿Añado {{ amount }} euros?", true),
            (
                Language::English,
                ParameterKind::Integer,
                json!(2),
                "a seat{% if amount == 1 %}{% endif %}",
                false,
            ),
            (
                Language::English,
                ParameterKind::Text,
                json!("2026-07-27"),
                "On {{ amount | replace('-', ' ') }}?",
                true,
            ),
            (Language::English, ParameterKind::Integer, json!(-5), "By ({{ amount }})?", true),
            (Language::English, ParameterKind::Integer, json!(-5), "By {{ amount | abs }}?", false),
            (Language::Spanish, ParameterKind::Money, json!("20.00"), "¿Devuelvo {{ amount }} pesos?", true),
        ] {
            let (parameters, renderer) = (parameters(kind), Renderer::new(language, "ARS"));
            let values = json!({"amount": value});
            let question = renderer.render(template, &values).expect("the value is there");
            let unsaid = unsaid(&renderer, language, &parameters, template, &values, &question);
            assert_eq!(unsaid.is_none(), said, "{question}");
        }
    }

    /// Whether the question says a value of that kind.
    fn is_said(language: Language, kind: ParameterKind, value: Value, template: &str) -> bool {
        let (parameters, renderer) = (parameters(kind), Renderer::new(language, "EUR"));
        let values = json!({"amount": value});
        let question = renderer.render(template, &values).expect("the value is there");
        unsaid(&renderer, language, &parameters, template, &values, &question).is_none()
    }

    #[test]
    fn every_kind_is_said_by_its_own_filter() {
        use Language::{English, German, Spanish};
        use ParameterKind::{Date, Email, Number, Phone, Time};
        for (language, kind, value, whole, part) in [
            (English, Date, json!("2026-07-27"), "date", "date | replace('seventh', 'first')"),
            (English, Time, json!("14:05"), "time", "replace(':05', '')"),
            (Spanish, Phone, json!("+34600111222"), "phone", "replace('+34', '') | digits"),
            (German, Email, json!("ana@example.com"), "email", "first"),
            (English, Number, json!(-3.5), "number", "abs | number"),
        ] {
            let said =
                |filter| is_said(language, kind, value.clone(), &format!("So: {{{{ amount | {filter} }}}}?"));
            assert!(said(whole) && !said(part), "{value}");
        }
    }

    #[test]
    fn a_list_is_said_one_by_one_and_as_often_as_it_holds_a_value() {
        use ParameterKind::{Date, Integer, Money, Text};
        for (kind, value, whole, part) in [
            (Date, json!(["2026-07-27", "2026-07-28"]), "date", "first | date"),
            (Text, json!(["a b", "c"]), "join(', ')", "first"),
            (Integer, json!([2, 2]), "join(' and ')", "first"),
            (Text, json!(["red", "dark red"]), "join(', ')", "last"),
            (Money, json!(["20.00", "20.00"]), "money", "unique | money"),
        ] {
            let said = |filter| {
                is_said(Language::English, kind, value.clone(), &format!("Add {{{{ amount | {filter} }}}}?"))
            };
            assert!(said(whole) && !said(part), "{value}");
        }
    }

    #[test]
    fn a_yes_or_no_is_said_where_the_other_would_be_another_question() {
        let parameters = parameters(ParameterKind::Boolean);
        let renderer = Renderer::new(Language::English, "USD");
        for (template, said) in [
            ("On {{ order }}{% if amount %} by express{% endif %}?", true),
            ("On {{ order }}{% if amount %}{% endif %}?", false),
        ] {
            for value in [true, false] {
                let values = json!({"amount": value, "order": "1182"});
                let question = renderer.render(template, &values).expect("the values are all there");
                let unsaid = unsaid(&renderer, Language::English, &parameters, template, &values, &question);
                assert_eq!(unsaid.is_none(), said, "{template} {value}");
            }
        }
    }
}
