//! What callers of an agent are likely to say, from its plan: sentences, written as words are spoken.
//!
//! Promises: the same plan gives the same sentences, in the same order; slots are filled with values in words.
//! Never: limits what may be heard where a recogniser knows the language anyway; there it is a hint.

use crate::core::base::Digest;
use crate::core::conversation::{Parameter, ParameterKind, Plan};
use crate::core::language::{Language, digits_spoken, money_spoken, number_spoken, spoken_text};

/// Times a template with slots is filled: so few that compiling stays under a tenth of a second, so many that no
/// two digits or amounts are far likelier than two others by the luck of the draw.
const DRAWS: usize = 200;
/// Times a sentence without slots counts, so that hundreds of draws do not drown it.
const WEIGHT: usize = 40;

/// Sentences of callers, each a list of words in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vocabulary {
    sentences: Vec<Vec<String>>,
    digest: Digest,
}

impl Vocabulary {
    /// Of the plan's examples, questions, verbs and parameters, and of what every caller says.
    #[must_use]
    pub fn of_plan(plan: &Plan) -> Vocabulary {
        let mut draw =
            Draw { language: plan.language, currency: &plan.currency, state: 1, sentences: Vec::new() };
        for tool in &plan.tools {
            let slot = |name: &str| tool.parameters.iter().find(|p| p.name == name);
            tool.examples.iter().for_each(|example| draw.template(example, &slot));
            tool.confirm.verbs.iter().for_each(|verb| draw.fixed(verb));
            for parameter in &tool.parameters {
                let slot = |_: &str| Some(parameter);
                values(plan.language).iter().for_each(|template| draw.template(template, &slot));
            }
        }
        plan.answers.iter().flat_map(|answer| &answer.when).for_each(|question| draw.fixed(question));
        everyday(plan.language).for_each(|sentence| draw.fixed(sentence));
        Vocabulary::of(draw.sentences)
    }

    /// Of sentences as they are.
    #[must_use]
    pub fn of_sentences<'a>(language: Language, texts: impl IntoIterator<Item = &'a str>) -> Vocabulary {
        Vocabulary::of(texts.into_iter().map(|text| words(language, text)).collect())
    }

    fn of(mut sentences: Vec<Vec<String>>) -> Vocabulary {
        sentences.retain(|sentence| !sentence.is_empty());
        let lines: Vec<String> = sentences.iter().map(|sentence| sentence.join(" ")).collect();
        Vocabulary { digest: Digest::of_bytes(lines.join("\n").as_bytes()), sentences }
    }

    /// Every sentence as often as it counts.
    #[must_use]
    pub fn sentences(&self) -> &[Vec<String>] {
        &self.sentences
    }

    /// Of all sentences.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }
}

/// Words as a dictionary has them: lower case, with their apostrophes ("that's"), values spelled out.
fn words(language: Language, text: &str) -> Vec<String> {
    let spoken = spoken_text(language, text).to_lowercase().replace('\u{2019}', "'");
    let parts = spoken.split(|c: char| !c.is_alphanumeric() && c != '\'');
    parts.map(|word| word.trim_matches('\'')).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// Fills templates.
struct Draw<'a> {
    language: Language,
    currency: &'a str,
    state: u64,
    sentences: Vec<Vec<String>>,
}

impl Draw<'_> {
    fn fixed(&mut self, text: &str) {
        let sentence = words(self.language, text);
        self.sentences.extend(std::iter::repeat_n(sentence, WEIGHT));
    }

    /// Fills `{name}`. Free text cannot be drawn: what stands around it becomes sentences of their own.
    fn template<'p>(&mut self, template: &str, slot: &dyn Fn(&str) -> Option<&'p Parameter>) {
        if !template.contains('{') {
            return self.fixed(template);
        }
        for _ in 0..DRAWS {
            let mut text = String::new();
            let mut rest = template;
            while let Some((before, after)) = rest.split_once('{') {
                let (name, after) = after.split_once('}').unwrap_or((after, ""));
                text.push_str(before);
                match slot(name.trim()).and_then(|parameter| self.value(parameter)) {
                    Some(value) => text.push_str(&value),
                    None => self.sentences.push(words(self.language, &std::mem::take(&mut text))),
                }
                rest = after;
            }
            text.push_str(rest);
            self.sentences.push(words(self.language, &text));
        }
    }

    /// One value in words; `None` for free text, and for a truth value, which is an answer of its own.
    fn value(&mut self, parameter: &Parameter) -> Option<String> {
        let list = &parameter.limits.one_of;
        if let Some(count) = u32::try_from(list.len()).ok().filter(|count| *count > 0) {
            return list.get(self.below(count) as usize).map(|one| one.replace('_', " "));
        }
        match parameter.kind {
            ParameterKind::Text
            | ParameterKind::Boolean
            | ParameterKind::Email
            | ParameterKind::Date
            | ParameterKind::Time => None,
            ParameterKind::Integer | ParameterKind::Number => {
                let most = if self.below(4) == 0 { 1_000 } else { 60 };
                let n = self.below(most);
                Some(number_spoken(self.language, n))
            }
            ParameterKind::Digits | ParameterKind::Phone => Some(self.digits()),
            ParameterKind::Money => {
                // Most amounts that callers name are round.
                let units =
                    i64::from(if self.below(2) == 0 { 5 * (1 + self.below(20)) } else { self.below(200) });
                let cents = if self.below(3) == 0 { i64::from(self.below(20)) * 5 } else { 0 };
                Some(money_spoken(self.language, units * 100 + cents, self.currency))
            }
        }
    }

    /// Three to eight digits: one by one, or, as callers also do, in pairs ("eleven eighty two").
    fn digits(&mut self) -> String {
        if self.below(4) == 0 {
            let pairs: [u32; 2] = std::array::from_fn(|_| 10 + self.below(90));
            let pairs = pairs.map(|n| number_spoken(self.language, n));
            return pairs.join(" ");
        }
        let count = 3 + self.below(6);
        let digits: String = (0..count).filter_map(|_| char::from_digit(self.below(10), 10)).collect();
        digits_spoken(self.language, &digits)
    }

    fn below(&mut self, limit: u32) -> u32 {
        u32::try_from(self.next() % u64::from(limit)).unwrap_or(0)
    }

    /// The same numbers for every plan: Knuth's generator, upper half.
    fn next(&mut self) -> u64 {
        self.state =
            self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.state >> 33
    }
}

/// How a value is said alone, when it was asked for or is mended.
fn values(language: Language) -> &'static [&'static str] {
    match language {
        Language::English => &[
            "{v}",
            "it's {v}",
            "it is {v}",
            "make it {v}",
            "no make it {v}",
            "yes but {v}",
            "yes but only {v}",
            "only {v}",
            "just {v}",
            "i said {v}",
        ],
        Language::Spanish => &[
            "{v}",
            "es {v}",
            "no, mejor {v}",
            "sí, pero {v}",
            "sí, pero solo {v}",
            "solo {v}",
            "he dicho {v}",
        ],
        Language::Portuguese => {
            &["{v}", "é {v}", "não, melhor {v}", "sim, mas {v}", "sim, mas só {v}", "só {v}", "eu disse {v}"]
        }
        Language::French => &[
            "{v}",
            "c'est {v}",
            "non, plutôt {v}",
            "oui, mais {v}",
            "oui, mais seulement {v}",
            "seulement {v}",
            "j'ai dit {v}",
        ],
        Language::German => &[
            "{v}",
            "das ist {v}",
            "nein, lieber {v}",
            "ja, aber {v}",
            "ja, aber nur {v}",
            "nur {v}",
            "ich habe {v} gesagt",
        ],
        Language::Italian => {
            &["{v}", "è {v}", "no, meglio {v}", "sì, ma {v}", "sì, ma solo {v}", "solo {v}", "ho detto {v}"]
        }
        Language::Catalan => &[
            "{v}",
            "és {v}",
            "no, millor {v}",
            "sí, però {v}",
            "sí, però només {v}",
            "només {v}",
            "he dit {v}",
        ],
    }
}

/// What every caller may say, whatever the agent does.
fn everyday(language: Language) -> std::str::Split<'static, &'static str> {
    match language {
        Language::English => ENGLISH.split(" | "),
        Language::Spanish => SPANISH.split(" | "),
        Language::Portuguese => PORTUGUESE.split(" | "),
        Language::French => FRENCH.split(" | "),
        Language::German => GERMAN.split(" | "),
        Language::Italian => ITALIAN.split(" | "),
        Language::Catalan => CATALAN.split(" | "),
    }
}

const ENGLISH: &str = "yes | yes please | yes do it | yes go ahead | yes that's right | yes that is correct | yeah \
    | sure | okay | go ahead | correct | that's right | no | no no | no thanks | no thank you | nope | no don't \
    | don't do it | not now | stop | cancel | cancel it | cancel that | wrong | that's wrong | that's not right \
    | never mind | no wait | wait | wait a moment | hold on | one moment please | yes but | but | change it \
    | change that | i want to change it | repeat that please | say that again | what did you say | what | pardon \
    | sorry | how much | hello | hi | good morning | good afternoon | good evening | thank you | thanks \
    | thank you very much | goodbye | bye | that's all | that's all thank you | help | i need help \
    | can you help me | i don't know | i want to talk to a person";

const SPANISH: &str = "sí | sí, por favor | sí, hazlo | claro | vale | de acuerdo | correcto | adelante | no \
    | no, gracias | no lo hagas | para | cancela | cancélalo | espera | un momento | está mal | déjalo | pero \
    | cambia eso | repite, por favor | cómo | qué | perdón | cuánto | hola | buenos días | buenas tardes | gracias \
    | muchas gracias | adiós | eso es todo | ayuda | no lo sé | quiero hablar con una persona";

const PORTUGUESE: &str = "sim | sim, por favor | sim, pode fazer | claro | está bem | tá bom | isso | certo | pode | não \
    | não, obrigado | não faça isso | pare | cancela | espera | um momento | está errado | deixa estar | mas \
    | muda isso | repita, por favor | como | o quê | desculpe | quanto | olá | bom dia | boa tarde | obrigado | obrigada \
    | adeus | tchau | é tudo | ajuda | não sei | quero falar com uma pessoa";

const FRENCH: &str = "oui | oui, s'il vous plaît | oui, allez-y | bien sûr | d'accord | c'est ça | exact | non | non, merci \
    | ne le faites pas | arrêtez | annulez | attendez | un instant | c'est faux | laissez tomber | mais | changez ça \
    | répétez, s'il vous plaît | comment | quoi | pardon | combien | bonjour | bonsoir | merci | merci beaucoup \
    | au revoir | c'est tout | aide | je ne sais pas | je veux parler à quelqu'un";

const GERMAN: &str = "ja | ja, bitte | ja, machen Sie das | gerne | natürlich | in Ordnung | genau | richtig | passt | nein \
    | nein, danke | machen Sie das nicht | lieber nicht | stopp | abbrechen | warten Sie | einen Moment | das ist falsch \
    | lassen Sie das | aber | ändern Sie das | noch einmal bitte | wie bitte | was | Entschuldigung | wie viel \
    | guten Tag | guten Morgen | guten Abend | danke | vielen Dank | auf Wiederhören | das ist alles | Hilfe \
    | ich weiß nicht | ich möchte mit einem Menschen sprechen";

const ITALIAN: &str = "sì | sì, grazie | sì, lo faccia | certo | va bene | d'accordo | esatto | proceda | no | no, grazie \
    | non lo faccia | si fermi | annulli | aspetti | un momento | è sbagliato | lasci stare | ma | cambi questo \
    | può ripetere | come | cosa | scusi | quanto | pronto | buongiorno | buonasera | grazie | grazie mille \
    | arrivederci | è tutto | aiuto | non lo so | vorrei parlare con una persona";

const CATALAN: &str = "sí | sí, si us plau | sí, faci-ho | és clar | d'acord | endavant | correcte | va bé | no \
    | no, gràcies | no ho faci | pari | cancel·li-ho | esperi | un moment | està malament | deixi-ho estar | però \
    | canviï això | repeteixi, si us plau | com | què | perdoni | quant | hola | bon dia | bona tarda | gràcies \
    | moltes gràcies | adeu | això és tot | ajuda | no ho sé | vull parlar amb una persona";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::conversation::{CannedAnswer, Parameter};
    use crate::core::sim::shop_plan;

    /// The shop, with a wording of its refund, a free text in it, and a question.
    fn plan() -> Plan {
        let mut plan = shop_plan(Language::English);
        let refund = &mut plan.tools[1];
        refund.examples = vec!["Refund {amount} on order {order}, I'm unhappy with {what}!".to_owned()];
        let what =
            Parameter { name: "what".to_owned(), kind: ParameterKind::Text, ..refund.parameters[0].clone() };
        refund.parameters.push(what);
        refund.confirm.verbs = vec!["refund it".to_owned()];
        plan.tools[0].confirm.verbs.clear();
        plan.answers = vec![CannedAnswer { when: vec!["When do you open?".to_owned()], say: String::new() }];
        plan
    }

    #[test]
    fn a_plan_becomes_words_as_they_are_spoken() {
        let vocabulary = Vocabulary::of_plan(&plan());
        let lines: Vec<String> = vocabulary.sentences().iter().map(|s| s.join(" ")).collect();
        let refunds =
            lines.iter().filter(|line| line.starts_with("refund ") && line.ends_with("unhappy with")).count();
        assert_eq!(refunds, DRAWS, "free text ends the sentence, every draw has its own values");
        for line in ["refund it", "when do you open", "yes that's right", "hold on"] {
            assert!(lines.iter().any(|l| l == line), "{line}");
        }
        assert!(lines.iter().any(|line| line.contains("dollars on order")), "{}", lines[0]);
        let plain = |c: char| c.is_ascii_lowercase() || c == ' ' || c == '\'';
        assert!(lines.iter().all(|line| line.chars().all(plain)), "no digit, hole or sign is left");
    }

    #[test]
    fn the_same_plan_has_the_same_vocabulary_and_another_plan_another() {
        let mut other = plan();
        other.tools[1].examples.push("give me my money back".to_owned());
        assert_eq!(Vocabulary::of_plan(&plan()), Vocabulary::of_plan(&plan()));
        assert_ne!(Vocabulary::of_plan(&plan()).digest(), Vocabulary::of_plan(&other).digest());
    }

    #[test]
    fn a_template_with_a_broken_hole_does_no_harm() {
        let mut broken = plan();
        broken.tools[1].examples =
            ["{", "}", "a {amount", "{}{}", "{ order } {unknown}"].map(str::to_owned).into();
        assert!(!Vocabulary::of_plan(&broken).sentences().is_empty());
    }
}
