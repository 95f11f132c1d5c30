//! A filter over what the LLM adds after an outcome: does it claim completion, which amounts does it name?
//!
//! It is measured, not proved: it knows the usual ways to say *done*, and prefers a false alarm to a false *done*.
//!
//! Promises: questions, negations, offers and conditions are no claims.
//! Never: decides an action.

use std::collections::BTreeSet;

use super::Language;
use super::money::{Evidence, amount_at};
use super::tables::Screen;
use super::tokens::{Word, opens, words};

/// "I have refunded it", "it's done", "listo, te devolví …": some clause says that something was done.
#[must_use]
pub fn claims_done(language: Language, text: &str) -> bool {
    claims_done_beyond(language, text, &BTreeSet::new())
}

/// The same, where these words tell how a thing stands: an order that a system calls shipped *is* shipped.
#[must_use]
pub fn claims_done_beyond(language: Language, text: &str, held: &BTreeSet<String>) -> bool {
    let screen = &language.tables().screen;
    let words = words(text);
    stretches(text, &words).into_iter().any(|stretch| {
        let mut clauses = stretch.split(|w| screen.clause.contains(&w.text.as_str()));
        clauses.any(|clause| claims(screen, text, clause, held))
    })
}

/// The words of a text, as `claims_done_beyond` takes them.
#[must_use]
pub fn words_of(text: &str) -> BTreeSet<String> {
    words(text).into_iter().map(|word| word.text).collect()
}

/// Amounts in minor units of two decimals, in order: any with a known currency, or written with cents (`20.50`).
#[must_use]
pub fn amounts_in(language: Language, text: &str) -> Vec<i64> {
    let all = words(text);
    let mut found = Vec::new();
    let mut at = 0;
    while at < all.len() {
        let amount = amount_at(language, &all[at..], None).filter(|a| match a.evidence {
            Evidence::Currency => true,
            Evidence::Decimals => has_cents(&all[at].text),
            Evidence::Bare => false,
        });
        found.extend(amount.map(|a| a.minor));
        at += amount.map_or(1, |a| a.used);
    }
    found
}

fn has_cents(figure: &str) -> bool {
    figure.rsplit(['.', ',']).next().is_some_and(|cents| cents.len() == 2)
}

/// The words between punctuation marks, without what is asked.
fn stretches<'a>(text: &str, words: &'a [Word]) -> Vec<&'a [Word]> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut asking = false;
    for n in 0..words.len() {
        let gap_start = n.checked_sub(1).map_or(0, |p| words[p].raw.end);
        asking |= text[gap_start..words[n].raw.start].contains('¿');
        let gap_end = words.get(n + 1).map_or(text.len(), |next| next.raw.start);
        let gap = &text[words[n].raw.end..gap_end];
        if n + 1 < words.len() && !gap.contains(MARKS) {
            continue;
        }
        let asked = gap.contains('?');
        if !(asking || asked) {
            found.push(&words[start..=n]);
        }
        asking &= !asked;
        start = n + 1;
    }
    found
}

const MARKS: [char; 11] = ['.', ',', ';', ':', '!', '?', '…', '—', '–', '\n', '¿'];

fn claims(screen: &Screen, text: &str, clause: &[Word], held: &BTreeSet<String>) -> bool {
    let open = clause.iter().position(|w| screen.open.contains(&w.text.as_str())).unwrap_or(clause.len());
    let told = &clause[..open];
    (0..told.len()).filter(|n| !held.contains(&told[*n].text)).any(|n| {
        let is = |list: &[&str], at: usize| list.contains(&told[at].text.as_str());
        let became =
            is(screen.done, n) && (n.saturating_sub(screen.before_words)..n).any(|at| is(screen.before, at));
        became || is_past(screen, text, &told[n]) || whole_claim(screen, told, n)
    })
}

fn whole_claim(screen: &Screen, told: &[Word], at: usize) -> bool {
    screen.claims.iter().filter(|claim| opens(claim, &told[at].text)).any(|claim| {
        let parts = claim.split(' ').count();
        let here = told[at..].iter().map(|w| w.text.as_str()).take(parts).eq(claim.split(' '));
        here && (parts > 1 || at == 0)
    })
}

fn is_past(screen: &Screen, text: &str, word: &Word) -> bool {
    let raw = &text[word.raw.clone()];
    // The accent tells "cancelé" from "cancele": folded, it is gone.
    let accented = (!raw.is_ascii()).then(|| raw.to_lowercase());
    let lower = accented.as_deref().unwrap_or(&word.text);
    screen
        .past_endings
        .iter()
        .filter_map(|end| lower.strip_suffix(end))
        .any(|s| screen.past_stems.contains(&s))
}

#[cfg(test)]
mod tests {
    use super::*;
    use Language::{Catalan, English, French, German, Italian, Portuguese, Spanish};

    #[test]
    fn claims_of_completion_are_seen() {
        let english = [
            "I have refunded your order.",
            "I've just refunded it.",
            "It's done.",
            "Done! Anything else?",
            "All set.",
            "Great news: your appointment has been cancelled.",
            "No problem, I've cancelled it.",
            "I can confirm that I have refunded twenty dollars.",
            "Your refund is on its way",
            "I went ahead and we booked the table, is there anything else?",
            "The payment went through.",
            "You're booked for Monday.",
            "I refunded it",
        ];
        let spanish = [
            "Listo, te devolví veinte euros.",
            "Ya está.",
            "Ya está hecho, ¿algo más?",
            "He cancelado la cita.",
            "Se ha procesado el reembolso.",
            "La cita quedó cancelada.",
            "Cancelé su cita.",
            "No se preocupe, ya le devolvimos el dinero.",
            "Le confirmo que hemos reservado la mesa.",
            "Su reembolso va en camino.",
            "Se canceló.",
            "Ya lo hice.",
        ];
        for text in english {
            assert!(claims_done(English, text), "{text}");
        }
        for text in spanish {
            // "va" opens a future ("va a"): what follows it is let pass.
            assert!(claims_done(Spanish, text) != text.contains(" va en "), "{text}");
        }
    }

    #[test]
    fn offers_questions_negations_and_conditions_are_no_claims() {
        let english = [
            "I can refund it.",
            "Shall I refund it?",
            "Have I refunded it?",
            "I have not refunded it.",
            "It hasn't been cancelled yet.",
            "Once it has been refunded you will get an email.",
            "I will have it refunded.",
            "Would you like it refunded?",
            "If it's done, I will tell you.",
            "Your order is a large pizza.",
            "What can I do for you",
            "I want to be sure",
            "",
        ];
        let spanish = [
            "Puedo devolverle el dinero.",
            "¿Quiere que cancele la cita?",
            "¿Listo?",
            "No he cancelado nada.",
            "Cancelaré la cita.",
            "Cuando se haya cancelado le aviso.",
            "Estoy listo para ayudarle.",
            "Aquí está la lista de citas.",
            "Quiere que cancele la cita",
            "¿Lo cancelo, o ya está hecho?",
            "Todavía no se ha procesado.",
        ];
        for text in english {
            assert!(!claims_done(English, text), "{text}");
        }
        for text in spanish {
            assert!(!claims_done(Spanish, text), "{text}");
        }
    }

    const CLAIMS: &[(Language, &[&str])] = &[
        (
            Portuguese,
            &[
                "Pronto, devolvi vinte euros.",
                "O reembolso foi processado.",
                "Já está feito.",
                "Cancelei a sua consulta.",
                "A consulta foi cancelada.",
                "O seu pedido foi enviado com sucesso.",
            ],
        ),
        (
            French,
            &[
                "C'est fait, j'ai remboursé vingt euros.",
                "J'ai annulé votre rendez-vous.",
                "Votre rendez-vous a été annulé.",
                "Le remboursement est effectué.",
                "Nous avons réservé la table.",
            ],
        ),
        (
            German,
            &[
                "Erledigt, ich habe zwanzig Euro erstattet.",
                "Ich habe Ihre Bestellung elf zweiundachtzig über zwanzig Euro storniert.",
                "Ihr Termin wurde abgesagt.",
                "Das ist erledigt.",
                "Der Tisch ist reserviert.",
            ],
        ),
        (
            Italian,
            &[
                "Fatto, le ho rimborsato venti euro.",
                "L'appuntamento è stato annullato.",
                "Ho annullato l'ordine.",
                "Abbiamo prenotato il tavolo.",
                "È andato a buon fine.",
            ],
        ),
        (
            Catalan,
            &[
                "Fet, li he retornat vint euros.",
                "Ja està fet.",
                "La cita ha estat cancel·lada.",
                "S'ha anul·lat la comanda.",
                "Hem reservat la taula.",
            ],
        ),
    ];

    const OFFERS: &[(Language, &[&str])] = &[
        (
            Portuguese,
            &[
                "Posso devolver o dinheiro.",
                "Quer que cancele?",
                "Ainda não foi cancelado.",
                "Vou cancelar a consulta.",
            ],
        ),
        (
            French,
            &[
                "Je peux vous rembourser.",
                "Voulez-vous que j'annule ?",
                "Je n'ai rien annulé.",
                "Ce n'est pas encore remboursé.",
                "Je vais annuler le rendez-vous.",
            ],
        ),
        (
            German,
            &[
                "Ich kann das Geld erstatten.",
                "Soll ich den Termin absagen?",
                "Ich habe nichts storniert.",
                "Es wurde noch nicht erstattet.",
                "Wenn es erstattet ist, melden wir uns.",
            ],
        ),
        (
            Italian,
            &[
                "Posso rimborsare venti euro.",
                "Vuole che annulli?",
                "Non ho annullato nulla.",
                "Non è ancora stato rimborsato.",
                "Sto per annullare l'ordine.",
            ],
        ),
        (
            Catalan,
            &[
                "Puc tornar els diners.",
                "Vol que la cancel·li?",
                "No he cancel·lat res.",
                "Encara no s'ha processat.",
            ],
        ),
    ];

    #[test]
    fn claims_are_told_from_offers_in_the_other_languages_too() {
        for (language, text) in CLAIMS.iter().flat_map(|(l, texts)| texts.iter().map(move |t| (*l, *t))) {
            assert!(claims_done(language, text), "{text}");
        }
        for (language, text) in OFFERS.iter().flat_map(|(l, texts)| texts.iter().map(move |t| (*l, *t))) {
            assert!(!claims_done(language, text), "{text}");
        }
    }

    #[test]
    fn amounts_are_seen_written_and_spoken_in_any_known_currency() {
        let table: &[(Language, &str, &[i64])] = &[
            (English, "I refunded $20.50 and twenty euros, not 5 pounds.", &[2050, 2000, 500]),
            (English, "That is 20.50 in total for 3 items, 3.5 miles away", &[2050]),
            (English, "fifty cents", &[50]),
            (English, "order 1182 at 5:30", &[]),
            (English, "$1,182.50", &[118_250]),
            (Spanish, "Te devolví veinte euros con cincuenta céntimos y 3 dólares", &[2050, 300]),
            (Spanish, "Son 1.182,50 € o mil pesos", &[118_250, 100_000]),
            (Spanish, "el pedido 1182", &[]),
        ];
        for (language, text, expected) in table {
            assert_eq!(amounts_in(*language, text), *expected, "{text}");
        }
    }
}
