//! The words of the built-in model: what it recognises beside the plan, and what it says.
//!
//! Promises: every language has all of them; what is recognised is written as `tokens` gives it.
//! Never: holds a rule.

use super::more;
use crate::core::language::Language;

/// Everything of one language.
#[derive(Debug)]
pub(super) struct Words {
    /// Words that tell nothing about what a caller wants.
    pub(super) empty: &'static [&'static str],
    pub(super) greetings: &'static [&'static str],
    pub(super) thanks: &'static [&'static str],
    pub(super) goodbyes: &'static [&'static str],
    /// Words that point at what was spoken of before: "refund *that*".
    pub(super) pointing: &'static [&'static str],

    pub(super) hello: &'static str,
    pub(super) what: &'static str,
    pub(super) more: &'static str,
    pub(super) welcome: &'static str,
    pub(super) all_right: &'static str,
    pub(super) take_your_time: &'static str,
    pub(super) sorry: &'static str,
    pub(super) key_in: &'static str,
    /// Before the examples of what can be asked, and between them.
    pub(super) for_example: &'static str,
    pub(super) or: &'static str,
    pub(super) nothing_found: &'static str,
    pub(super) yes: &'static str,
    pub(super) no: &'static str,
}

pub(super) fn words(language: Language) -> &'static Words {
    match language {
        Language::English => &ENGLISH,
        Language::Spanish => &SPANISH,
        Language::Portuguese => &more::PORTUGUESE,
        Language::French => &more::FRENCH,
        Language::German => &more::GERMAN,
        Language::Italian => &more::ITALIAN,
        Language::Catalan => &more::CATALAN,
    }
}

const ENGLISH: Words = Words {
    empty: &[
        "a", "about", "again", "all", "am", "an", "and", "any", "are", "as", "at", "be", "but", "by", "can",
        "could", "do", "does", "done", "for", "from", "get", "give", "go", "going", "got", "had", "has",
        "have", "hello", "her", "hey", "hi", "him", "his", "how", "i", "id", "if", "ill", "im", "in", "is",
        "it", "its", "ive", "just", "know", "let", "like", "make", "me", "my", "need", "number", "of", "ok",
        "okay", "on", "one", "or", "our", "out", "please", "right", "should", "so", "some", "tell", "that",
        "thats", "the", "their", "them", "then", "there", "these", "they", "this", "those", "to", "uh", "um",
        "up", "us", "use", "very", "want", "was", "we", "well", "were", "what", "whats", "when", "which",
        "who", "will", "with", "would", "yes", "you", "your",
    ],
    greetings: &["hello", "hi", "hey", "good morning", "good afternoon", "good evening"],
    thanks: &["thanks", "thank you", "cheers"],
    goodbyes: &[
        "goodbye",
        "good bye",
        "bye",
        "thats all",
        "that is all",
        "that was all",
        "thats it",
        "nothing else",
        "have a nice day",
        "see you",
        "hang up",
    ],
    pointing: &["it", "that", "this", "same"],
    hello: "Hello! What can I do for you?",
    what: "What can I do for you?",
    more: "Is there anything else I can do for you?",
    welcome: "You're welcome.",
    all_right: "All right.",
    take_your_time: "Of course, take your time.",
    sorry: "Sorry, I didn't get that.",
    key_in: "Please key it in.",
    for_example: "Sorry, I can only help with a few things. You can say, for example: ",
    or: "; or: ",
    nothing_found: "I found nothing.",
    yes: "yes",
    no: "no",
};

const SPANISH: Words = Words {
    empty: &[
        "a", "ahi", "al", "algo", "ante", "aqui", "asi", "buenas", "buenos", "bueno", "como", "con", "cual",
        "cuando", "cuanto", "dar", "de", "deme", "del", "dia", "dias", "dice", "el", "ella", "en", "era",
        "es", "esa", "ese", "eso", "esta", "este", "esto", "estoy", "favor", "fue", "gustaria", "ha",
        "hacer", "hay", "he", "hola", "la", "las", "le", "les", "lo", "los", "mas", "me", "mi", "mis", "muy",
        "necesito", "nos", "numero", "o", "para", "pero", "poder", "podria", "por", "porque", "pues",
        "puede", "puedo", "que", "querer", "queria", "quiere", "quiero", "quisiera", "saber", "se", "ser",
        "si", "sobre", "son", "su", "sus", "te", "tengo", "tiene", "todo", "tu", "tus", "un", "una", "uno",
        "usted", "y", "ya", "yo",
    ],
    greetings: &["hola", "buenos dias", "buenas", "buenas tardes", "buenas noches", "alo", "diga"],
    thanks: &["gracias"],
    goodbyes: &[
        "adios",
        "hasta luego",
        "hasta pronto",
        "chao",
        "chau",
        "eso es todo",
        "es todo",
        "nada mas",
        "que tenga buen dia",
        "cuelgue",
    ],
    pointing: &["ese", "esa", "eso", "este", "esta", "mismo", "misma"],
    hello: "¡Hola! ¿En qué puedo ayudarle?",
    what: "¿En qué puedo ayudarle?",
    more: "¿Puedo ayudarle en algo más?",
    welcome: "De nada.",
    all_right: "De acuerdo.",
    take_your_time: "Claro, tómese su tiempo.",
    sorry: "Perdone, no le he entendido.",
    key_in: "Márquelo, por favor.",
    for_example: "Perdone, solo puedo ayudarle con algunas cosas. Puede decir, por ejemplo: ",
    or: "; o: ",
    nothing_found: "No he encontrado nada.",
    yes: "sí",
    no: "no",
};
