//! Whether a question says the values it is about: a template could name one and still swallow or change it.
//!
//! Promises: of every parameter that the question's template names and that has a value, the words for that very value
//! are in the question; of a yes or no, the question is another one for the other.
//! Never: knows what a question means; it compares words.

use serde_json::Value;

use super::plan::{Parameter, ParameterKind};
use crate::language::{Language, spoken_text, tokens};
use crate::template::Renderer;

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
    let named = renderer.variables(template).unwrap_or_default();
    let asked = Asked { written: words(question), spoken: words(&spoken_text(language, question)) };
    let is_unsaid = |name: &str, kind: ParameterKind| match (kind, values.get(name)) {
        (_, None | Some(Value::Null)) => false,
        (ParameterKind::Boolean, Some(value)) => {
            let mut other = values.clone();
            other[name] = Value::Bool(*value != Value::Bool(true));
            renderer.render(template, &other).is_ok_and(|other| other == question)
        }
        (kind, Some(_)) => {
            let form = |filter: &&str| renderer.render(&format!("{{{{ {name}{filter} }}}}"), values).ok();
            let plain = form(&"").unwrap_or_default();
            // Digit by digit a minus is lost.
            let keeps = |filter: &&&str| !(plain.starts_with('-') && filter.ends_with("digits"));
            let mut forms: Vec<String> = filters(kind).iter().filter(keeps).filter_map(form).collect();
            forms.extend(other_forms(language, kind, &plain));
            !forms.iter().any(|form| asked.says(language, form))
        }
    };
    let is_named = |name: &str| named.iter().any(|known| known.split('.').next() == Some(name));
    parameters.iter().find(|p| is_named(&p.name) && is_unsaid(&p.name, p.kind)).map(|p| p.name.as_str())
}

/// Further words for a value: an amount without its zeros, one of a thing.
fn other_forms(language: Language, kind: ParameterKind, plain: &str) -> Vec<String> {
    let one: &[&str] = match language {
        Language::English => &["a", "an"],
        Language::Spanish => &["un", "una"],
    };
    match (kind, plain.split_once('.')) {
        (ParameterKind::Money, Some((whole, rest))) if rest.chars().all(|c| c == '0') => {
            vec![whole.to_owned()]
        }
        (ParameterKind::Integer, None) if plain == "1" => one.iter().map(|word| (*word).to_owned()).collect(),
        (
            ParameterKind::Money
            | ParameterKind::Integer
            | ParameterKind::Digits
            | ParameterKind::Text
            | ParameterKind::Boolean,
            _,
        ) => Vec::new(),
    }
}

/// The filters under which a value may be said.
fn filters(kind: ParameterKind) -> &'static [&'static str] {
    match kind {
        ParameterKind::Text | ParameterKind::Boolean => &["", " | digits"],
        ParameterKind::Integer | ParameterKind::Digits => &["", " | digits", " | number"],
        ParameterKind::Money => &["", " | money"],
    }
}

/// A question's words: as they are written, and as they are spoken, where a figure may make one word with its neighbour
/// (`$20.00`, `20.00 dollars`).
struct Asked {
    written: Vec<String>,
    spoken: Vec<String>,
}

impl Asked {
    fn says(&self, language: Language, form: &str) -> bool {
        holds(&self.written, &words(form)) || holds(&self.spoken, &words(&spoken_text(language, form)))
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
