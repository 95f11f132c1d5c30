//! Reads words, templates and expressions of a definition for one language, and notes what is wrong with
//! them.
//!
//! Promises: a hole that passes has a source; a word that passes exists in the agent's language.
//! Never: fails: where something is wrong it is noted, and reading goes on.

use std::collections::{BTreeMap, BTreeSet};

use centralita_core::base::{Fault, nearest};
use centralita_core::conversation::{Parameter, Wordings};
use centralita_core::language::Language;
use centralita_core::template::Renderer;
use serde_json::{Value, json};

use super::absence::{Lands, absent, swallowed};
use super::place::{Place, Spanned};
use super::problems::Desk;
use super::written::{ByLanguage, WordingsByLanguage, WordingsWritten, Words};
use crate::integrations::Exchange;

/// What every request's templates may name of the call.
const OF_THE_CALL: &[&str] = &["call.id", "call.from", "call.to"];
/// What the condition of a question may ask of what its tool has done in the call.
pub const DONE_BEFORE: [&str; 2] = ["call.count", "call.sum"];
/// The name that stands for the call.
pub(super) const RESERVED: &str = "call";
/// The name under which the values of steps are: `steps.login.token`.
pub(super) const STEPS: &str = "steps";

/// One definition, read for one language.
pub(super) struct Reader<'d, 'a> {
    pub(super) desk: &'d mut Desk<'a>,
    pub(super) language: Language,
    /// Where phone numbers without a `+` are.
    pub(super) country: Option<&'static str>,
    renderer: Renderer,
    /// Names of the tool that is read which only its requests may hold.
    pub(super) hidden: BTreeMap<String, Hidden>,
}

/// Why a name is for requests alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hidden {
    Secret,
    OfTheCall,
}

/// Why a condition could not be tried out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Unfit {
    /// The answer itself cannot be written; that is told elsewhere.
    Answer,
    /// The answer lacks what it looks at.
    Lacking,
    /// It is this instead of true or false.
    Instead(&'static str),
}

impl<'d, 'a> Reader<'d, 'a> {
    pub(super) fn new(desk: &'d mut Desk<'a>, language: Language, currency: &str) -> Reader<'d, 'a> {
        let renderer = Renderer::new(language, currency);
        Reader { desk, language, country: None, renderer, hidden: BTreeMap::new() }
    }

    pub(super) fn hide(&mut self, name: &str, why: Hidden) {
        self.hidden.insert(name.to_owned(), why);
    }

    /// These names, those of the call, and those that only requests may hold.
    pub(super) fn in_requests(&self, known: &BTreeSet<String>) -> BTreeSet<String> {
        with_call(known).into_iter().chain(self.hidden.keys().cloned()).collect()
    }

    /// ISO 4217.
    pub(super) fn currency(&self) -> &str {
        self.renderer.currency()
    }

    pub(super) fn say(&mut self, at: Place, what: impl Into<String>, remedy: impl Into<String>) {
        self.desk.say(at, what, remedy);
    }

    /// The value for this language; the default where there is none.
    pub(super) fn choose<T: Clone + Default>(&mut self, written: &Spanned<ByLanguage<T>>) -> T {
        let each = match &written.value {
            ByLanguage::All(value) => return value.clone(),
            ByLanguage::Each(each) => each,
        };
        if let Some(odd) = each.keys().find(|tag| Language::parse(tag).is_none()) {
            self.say(written.place, format!("`{odd}` is no language"), languages());
        }
        let ours = each.iter().find(|(tag, _)| Language::parse(tag) == Some(self.language));
        if let Some((_, value)) = ours {
            return value.clone();
        }
        let what = format!("no words for the language `{}`", self.language);
        self.say(written.place, what, format!("add `{}:` beside the others", self.language));
        T::default()
    }

    pub(super) fn words(&mut self, written: Option<&Words>) -> String {
        written.map_or_else(String::new, |words| self.choose(words).trim().to_owned())
    }

    /// Words with holes; only these names have a value, and of the parameters the optional ones may have none.
    pub(super) fn spoken(
        &mut self,
        written: Option<&Words>,
        known: &BTreeSet<String>,
        parameters: &[Parameter],
    ) -> String {
        let text = self.words(written);
        if let Some(words) = written {
            self.template(words.place, &text, known);
            self.holds_without(words.place, Lands::Spoken, &text, parameters);
        }
        text
    }

    /// The same of one wording or several.
    pub(super) fn wordings(
        &mut self,
        written: Option<&WordingsByLanguage>,
        known: &BTreeSet<String>,
        parameters: &[Parameter],
    ) -> Wordings {
        let Some(words) = written else { return Wordings::default() };
        let wordings = match self.choose(words) {
            WordingsWritten::One(text) => vec![text],
            WordingsWritten::Several(texts) => texts,
        };
        let wordings: Vec<String> = wordings.iter().map(|text| text.trim().to_owned()).collect();
        for text in &wordings {
            self.template(words.place, text, known);
            self.holds_without(words.place, Lands::Spoken, text, parameters);
        }
        Wordings::new(wordings)
    }

    /// Checks that a template has a text also where optional parameters were not given.
    pub(super) fn holds_without(&mut self, at: Place, lands: Lands, source: &str, parameters: &[Parameter]) {
        let Some(absent) = absent(&self.renderer, lands, source, parameters) else { return };
        let names: Vec<String> = absent.names.iter().map(|name| format!("`{name}`")).collect();
        let what = format!("{} may be left out, and then this has no value", names.join(" and "));
        let at = absent.names.first().map_or(at, |name| self.within(at, source, name));
        self.say(at, what, absent.remedy);
    }

    /// Checks that a question says every value it names.
    pub(super) fn swallows_none(&mut self, at: Place, question: &str, parameters: &[Parameter]) {
        if absent(&self.renderer, Lands::Spoken, question, parameters).is_some() {
            // That was told.
        } else if let Some(name) = swallowed(&self.renderer, self.language, question, parameters) {
            let what = format!("the question names `{name}` and does not say it, at least for some values");
            let remedy = format!(
                "say it in every case: {{{{ {name} }}}}, {{{{ {name} | money }}}} or {{{{ {name} | digits }}}}"
            );
            self.say(self.within(at, question, name), what, remedy);
        }
    }

    /// Checks that a condition is not the same in every call: it would ask always or never, and not say so.
    pub(super) fn depends(&mut self, at: Place, condition: &str) {
        if self.renderer.names(condition).is_ok_and(|names| names.is_empty()) {
            let what = "this condition names no value: it is the same in every call";
            self.say(at, what, "compare a parameter: `amount | minor > 2000`; or write `always` or `never`");
        }
    }

    /// Checks a template; the names it takes, where it can be read.
    pub(super) fn template(
        &mut self,
        at: Place,
        source: &str,
        known: &BTreeSet<String>,
    ) -> Option<BTreeSet<String>> {
        let names = self.renderer.variables(source);
        self.names(at, source, names, known)
    }

    /// Checks an expression; the names it takes, where it can be read.
    pub(super) fn expression(
        &mut self,
        at: Place,
        source: &str,
        known: &BTreeSet<String>,
    ) -> Option<BTreeSet<String>> {
        let names = self.renderer.names(source);
        self.names(at, source, names, known)
    }

    /// What of an answer an exchange looks for and this one does not hold.
    pub(super) fn lacks(&self, answer: &Value, exchange: &Exchange) -> Option<String> {
        let body = if answer.is_object() { answer.clone() } else { json!({ "body": answer }) };
        let wanted = exchange.map.iter().map(|(name, source)| (format!("`{name}`"), source));
        let condition = exchange.success.iter().map(|source| ("`success`".to_owned(), source));
        let missing = |(_, source): &(String, &String)| self.renderer.eval(source, &body).is_err();
        wanted.chain(condition).find(missing).map(|(name, _)| name)
    }

    /// An answer with these values in its holes; none where it has no text with them.
    pub(super) fn filled(&self, answer: &Value, values: &Value) -> Option<Value> {
        self.renderer.json(answer, values).ok()
    }

    /// What a condition is of an answer, beside what was sent under that name. An answer that has no text with these values
    /// tells nothing.
    pub(super) fn holds_over(
        &self,
        answer: &Value,
        sent: &Value,
        name: &str,
        condition: &str,
    ) -> Result<bool, Unfit> {
        let answer = self.filled(answer, sent).ok_or(Unfit::Answer)?;
        let mut vars = if answer.is_object() { answer } else { json!({ "body": answer }) };
        vars[name] = sent.clone();
        match self.renderer.eval(condition, &vars).map_err(|_| Unfit::Lacking)? {
            Value::Bool(truth) => Ok(truth),
            Value::Null => Err(Unfit::Instead("null")),
            Value::Number(_) => Err(Unfit::Instead("a number")),
            Value::String(_) => Err(Unfit::Instead("a text")),
            Value::Array(_) => Err(Unfit::Instead("a list")),
            Value::Object(_) => Err(Unfit::Instead("a map")),
        }
    }

    /// The names a template takes, without their fields; none where it cannot be read, which is told elsewhere.
    pub(super) fn names_in(&self, source: &str) -> BTreeSet<String> {
        let names = self.renderer.variables(source).unwrap_or_default();
        names.iter().flat_map(|name| roots(name)).map(str::to_owned).collect()
    }

    /// The names an expression takes from outside, where it can be read.
    pub(super) fn names_of(&mut self, at: Place, source: &str) -> Option<BTreeSet<String>> {
        let names = self.renderer.names(source);
        names.map_err(|fault| self.say_of(at, source, source, fault.what, fault.remedy)).ok()
    }

    /// Says what is wrong with a part of a text.
    pub(super) fn say_of(
        &mut self,
        at: Place,
        source: &str,
        part: &str,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.say(self.within(at, source, part), what, remedy);
    }

    /// An expression over an answer, whose fields nobody knows before.
    pub(super) fn over_answer(&mut self, at: Place, source: &str) -> String {
        if let Err(fault) = self.renderer.names(source) {
            self.say(self.within(at, source, source), fault.what, fault.remedy);
        }
        source.to_owned()
    }

    fn names(
        &mut self,
        at: Place,
        source: &str,
        names: Result<BTreeSet<String>, Fault>,
        known: &BTreeSet<String>,
    ) -> Option<BTreeSet<String>> {
        let names = match names {
            Ok(names) => names,
            Err(fault) => {
                self.say(self.within(at, source, source), fault.what, fault.remedy);
                return None;
            }
        };
        let is_known = |name: &&str| known.contains(*name);
        for name in
            names.iter().filter(|name| !roots(name).any(|r| is_known(&r)) && !is_known(&name.as_str()))
        {
            if let Some(hidden) = roots(name).find_map(|root| self.hidden.get(root)).copied() {
                let (what, remedy) = hidden.told(name);
                self.say(self.within(at, source, name), what, remedy);
                continue;
            }
            let list: Vec<&str> = known.iter().map(String::as_str).collect();
            let remedy = match (list.as_slice(), nearest(name, list.iter().copied())) {
                ([], _) => "nothing has a value here: write plain words".to_owned(),
                (_, Some(meant)) => format!("did you mean `{meant}`?"),
                (list, None) => format!("what has a value here: {}", list.join(", ")),
            };
            self.say(self.within(at, source, name), format!("`{name}` has no source"), remedy);
        }
        let known = |name: &String| roots(name).find(is_known).unwrap_or(first(name)).to_owned();
        Some(names.iter().map(known).collect())
    }

    /// The place of a part of a text that begins at `at` or below. A text that YAML folds or escapes is told by its
    /// beginning.
    fn within(&self, at: Place, source: &str, part: &str) -> Place {
        let text = self.desk.text;
        let begin = text.get(at.start..).and_then(|rest| rest.find(source)).map(|byte| at.start + byte);
        let found = begin.and_then(|begin| Some(begin + source.find(part)?));
        found.map_or(at, |byte| Place { end: byte + part.len(), ..Place::of_byte(text, byte) })
    }
}

impl Hidden {
    /// What is wrong with a name outside of a request, and what to do.
    fn told(self, name: &str) -> (String, &'static str) {
        let remedy = "name it under `request` alone: in `query`, `headers` or the body";
        match self {
            Hidden::Secret => {
                (format!("`{name}` is a secret, and would be said, shown or written here"), remedy)
            }
            Hidden::OfTheCall => (format!("`{name}` is of the call, which only requests may name"), remedy),
        }
    }
}

/// `order` of `order.item`.
fn first(name: &str) -> &str {
    name.split('.').next().unwrap_or(name)
}

/// What a name may be a field of: `order` of `order.item`; of `steps.login.user.id` also `steps.login.user`, which is one
/// value of a step.
fn roots(name: &str) -> impl Iterator<Item = &str> {
    let end = name.match_indices('.').nth(2).map_or(name.len(), |(at, _)| at);
    let of_a_step = (first(name) == STEPS).then(|| &name[..end]);
    [first(name)].into_iter().chain(of_a_step)
}

/// These names, and those of the call.
pub(super) fn with_call(known: &BTreeSet<String>) -> BTreeSet<String> {
    known.iter().cloned().chain(OF_THE_CALL.iter().map(|name| (*name).to_owned())).collect()
}

pub(super) fn languages() -> String {
    let codes: Vec<&str> = Language::ALL.iter().map(|language| language.code()).collect();
    format!("languages: {}", codes.join(", "))
}

/// A name of ours: a small letter, then small letters, digits and `_`.
pub(super) fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// `{name}` as `{{ name }}`; minijinja's own braces stay.
pub(super) fn braces(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(open) = rest.find('{') {
        out.push_str(&rest[..open]);
        rest = &rest[open..];
        let close = match rest.as_bytes().get(1) {
            Some(b'{') => rest.find("}}").map(|n| n + 2),
            Some(b'%') => rest.find("%}").map(|n| n + 2),
            Some(b'#') => rest.find("#}").map(|n| n + 2),
            _ => rest.find('}').filter(|n| is_name(&rest[1..*n])).map(|n| n + 1),
        };
        let end = close.unwrap_or(1);
        let name = rest[..end].strip_prefix('{').and_then(|t| t.strip_suffix('}')).filter(|t| is_name(t));
        match name {
            Some(name) => out.push_str(&format!("{{{{ {name} }}}}")),
            None => out.push_str(&rest[..end]),
        }
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_in_single_braces_is_a_hole_and_all_else_stays() {
        for (written, want) in [
            ("/orders/{order}/x", "/orders/{{ order }}/x"),
            ("{{ order }}-{a}", "{{ order }}-{{ a }}"),
            ("{% if a %}{b}{% endif %}{# {c} #}", "{% if a %}{{ b }}{% endif %}{# {c} #}"),
            ("{ not a name } {X} {", "{ not a name } {X} {"),
            ("{{ broken", "{{ broken"),
            ("ñ{a}ñ", "ñ{{ a }}ñ"),
        ] {
            assert_eq!(braces(written), want);
        }
    }
}
