//! Text with holes: minijinja behind render and eval.
//!
//! Promises: strict (a missing value is a fault), fuelled, repeatable.
//! Never: reads a clock.

use minijinja::{Environment, UndefinedBehavior, value::Value as Jinja};
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
            let text = amount.to_string();
            money_read(language, &text, &code).map_or(text, |minor| money_spoken(language, minor, &code))
        });
        environment.add_filter("digits", move |digits: Jinja| digits_spoken(language, &digits.to_string()));
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

fn fault(source: &str, error: &minijinja::Error) -> Fault {
    Fault::new(
        Owner::Admin,
        format!("`{source}` cannot be rendered: {error}"),
        "check the names between {{ and }}",
    )
}
