//! What a call has done before, as a condition may ask for it: `call.count` and `call.sum('amount')`.
//!
//! Promises: amounts add up in minor units and whole numbers as they are; what cannot be added is an error, never zero.
//! Never: adds a float; counts what was not done.

use std::sync::Arc;

use minijinja::value::{Object, Value as Held};
use minijinja::{Error, ErrorKind, State};
use serde_json::Value;

use super::words::money_minor;

/// The values of all that was done, each a map.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) values: Vec<Value>,
    /// ISO 4217.
    pub(super) currency: Arc<str>,
}

impl Object for Done {
    fn get_value(self: &Arc<Self>, key: &Held) -> Option<Held> {
        (key.as_str() == Some("count")).then(|| Held::from(self.values.len()))
    }

    fn call_method(
        self: &Arc<Self>,
        _state: &mut State<'_, '_>,
        method: &str,
        args: &[Held],
    ) -> Result<Held, Error> {
        match (method, args) {
            ("sum", [field]) => field.as_str().and_then(|field| self.sum(field)).map(Held::from),
            _ => return Err(Error::from(ErrorKind::UnknownMethod)),
        }
        .ok_or_else(|| Error::from(ErrorKind::InvalidOperation))
    }
}

impl Done {
    /// What was not given adds nothing.
    fn sum(&self, field: &str) -> Option<i64> {
        let number = |values: &Value| match values.get(field)? {
            Value::Null => Some(0),
            Value::Number(number) => number.as_i64(),
            Value::String(amount) => money_minor(amount, &self.currency),
            Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        };
        self.values.iter().try_fold(0_i64, |sum, values| sum.checked_add(number(values)?))
    }
}
