//! Text with holes: minijinja behind render and eval.
//!
//! Promises: strict (a missing value is a fault), fuelled, repeatable.
//! Never: reads a clock.

use minijinja::{Environment, UndefinedBehavior, value::Value as Jinja, value::ValueKind};
use serde_json::Value;

use crate::base::{Fault, Owner};
use crate::language::{Language, digits_spoken, money_read, money_spoken};

/// Renders an agent's texts.
#[derive(Clone, Debug)]
pub struct Renderer {
    environment: Environment<'static>,
}

impl Renderer {
    #[must_use]
    pub fn new(language: Language, currency: &str) -> Renderer {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_fuel(Some(50_000));
        let code = currency.to_owned();
        environment.add_filter("money", move |amount: Jinja| {
            let text = one_value(&amount)?;
            let minor = money_read(language, &text, &code);
            Ok::<_, minijinja::Error>(minor.map_or(text, |minor| money_spoken(language, minor, &code)))
        });
        environment.add_filter("digits", move |digits: Jinja| {
            Ok::<_, minijinja::Error>(digits_spoken(language, &one_value(&digits)?))
        });
        Renderer { environment }
    }

    /// # Errors
    /// A fault of the admin's where a value is missing or the text does not compile.
    pub fn render(&self, source: &str, vars: &Value) -> Result<String, Fault> {
        self.environment.render_str(source, minijinja::value::Serde(vars)).map_err(|e| fault(source, &e))
    }

    /// # Errors
    /// As [`Renderer::render`].
    pub fn holds(&self, expression: &str, vars: &Value) -> Result<bool, Fault> {
        let compiled = self.environment.compile_expression(expression).map_err(|e| fault(expression, &e))?;
        let value = compiled.eval(minijinja::value::Serde(vars)).map_err(|e| fault(expression, &e))?;
        Ok(value.is_true())
    }
}

/// The text of a single value. A filter is handed a missing one too, strict or not, and a list is not one value.
fn one_value(value: &Jinja) -> Result<String, minijinja::Error> {
    let kind = value.kind();
    if matches!(kind, ValueKind::String | ValueKind::Number) {
        return Ok(value.to_string());
    }
    let what = format!("a text or a number is needed, this is {kind}");
    Err(minijinja::Error::new(minijinja::ErrorKind::InvalidOperation, what))
}

fn fault(source: &str, error: &minijinja::Error) -> Fault {
    Fault::new(
        Owner::Admin,
        format!("`{source}` cannot be rendered: {error}"),
        "check the names between {{ and }}",
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_that_is_missing_or_not_one_value_is_a_fault_through_a_filter_too() {
        let renderer = Renderer::new(Language::English, "USD");
        let question = "Refund {{ amount | money }} on order {{ order | digits }}?";
        assert!(renderer.render(question, &json!({"amount": "20", "order": "77"})).is_ok());
        assert!(renderer.render(question, &json!({"amount": 20, "order": 77})).is_ok());
        for vars in [
            json!({"amount": "20"}),
            json!({"amount": ["20"], "order": "77"}),
            json!({"amount": "20", "order": null}),
            json!({"amount": {"usd": "20"}, "order": "77"}),
            json!("77"),
        ] {
            assert!(renderer.render(question, &vars).is_err(), "{vars}");
        }
    }
}
