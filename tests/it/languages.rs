//! Agents in the languages that have no sample agent: written, checked, asked and answered.
//!
//! Promises: an agent in each of them looks up nothing it was not asked for, asks in its language, and acts on that
//! language's yes alone.
//! Never: hears or speaks; the agents' own tests are text.

use crate::command::{Folder, command};

/// What differs from one language to the next.
struct Sample {
    tag: &'static str,
    currency: &'static str,
    greeting: &'static str,
    example: &'static str,
    ask: &'static str,
    question: &'static str,
    verbs: &'static str,
    action: &'static str,
    done: &'static str,
    /// What the caller wants, and how the question then sounds.
    wish: &'static str,
    asked: &'static str,
    yes: &'static str,
    no: &'static str,
    named: &'static str,
    left: &'static str,
}

const SAMPLES: [Sample; 5] = [
    Sample {
        tag: "pt-BR",
        currency: "BRL",
        greeting: "Olá, em que posso ajudar?",
        example: "quero {amount} de volta do pedido {order}",
        ask: "Qual é o número?",
        question: "Devolvo {{ amount | money }} do pedido {{ order | digits }}?",
        verbs: "[devolva, pode devolver]",
        action: "Devolvo {{ amount | money }}.",
        done: "Pronto: {{ amount | money }} a caminho.",
        wish: "quero vinte reais de volta do pedido um um oito dois",
        asked: "Devolvo vinte reais do pedido um um oito dois",
        yes: "isso, pode devolver",
        no: "melhor não",
        named: "vinte reais a caminho",
        left: "fica como está",
    },
    Sample {
        tag: "fr",
        currency: "EUR",
        greeting: "Bonjour, que puis-je faire pour vous ?",
        example: "remboursez {amount} sur la commande {order}",
        ask: "Quel numéro ?",
        question: "Je rembourse {{ amount | money }} sur la commande {{ order | digits }} ?",
        verbs: "[remboursez, remboursez-moi]",
        action: "Je rembourse {{ amount | money }}.",
        done: "C'est fait, {{ amount | money }} vous reviennent.",
        wish: "remboursez quatre-vingt-deux euros sur la commande un un huit deux",
        asked: "Je rembourse quatre-vingt-deux euros sur la commande un un huit deux",
        yes: "oui, allez-y",
        no: "non merci, surtout pas",
        named: "quatre-vingt-deux euros vous reviennent",
        left: "je ne change rien",
    },
    Sample {
        tag: "de-AT",
        currency: "EUR",
        greeting: "Guten Tag, was kann ich für Sie tun?",
        example: "erstatten Sie {amount} für die Bestellung {order}",
        ask: "Welche Nummer?",
        question: "Soll ich {{ amount | money }} für die Bestellung {{ order | digits }} erstatten?",
        verbs: "[erstatten Sie, erstatten]",
        action: "Ich erstatte {{ amount | money }}.",
        done: "Erledigt: {{ amount | money }} sind unterwegs.",
        wish: "erstatten Sie einundzwanzig Euro für die Bestellung eins eins acht zwei",
        asked: "Soll ich einundzwanzig Euro für die Bestellung eins eins acht zwei erstatten",
        yes: "ja bitte",
        no: "lieber nicht",
        named: "einundzwanzig Euro sind unterwegs",
        left: "es bleibt wie es ist",
    },
    Sample {
        tag: "it",
        currency: "EUR",
        greeting: "Buongiorno, come posso aiutarla?",
        example: "rimborsi {amount} sull'ordine {order}",
        ask: "Che numero?",
        question: "Rimborso {{ amount | money }} sull'ordine {{ order | digits }}?",
        verbs: "[rimborsi, mi rimborsi]",
        action: "Rimborso {{ amount | money }}.",
        done: "Fatto: {{ amount | money }} in arrivo.",
        wish: "rimborsi ventotto euro sull'ordine uno uno otto due",
        asked: "Rimborso ventotto euro sull'ordine uno uno otto due",
        yes: "sì, va bene",
        no: "no, lasci stare",
        named: "ventotto euro in arrivo",
        left: "lascio tutto com'è",
    },
    Sample {
        tag: "ca",
        currency: "EUR",
        greeting: "Bon dia, en què puc ajudar?",
        example: "torni'm {amount} de la comanda {order}",
        ask: "Quin número?",
        question: "Torno {{ amount | money }} de la comanda {{ order | digits }}?",
        verbs: "[torni'ls, torni'm els diners]",
        action: "Ara torno {{ amount | money }}.",
        done: "Fet, li arribaran {{ amount | money }}.",
        wish: "torni'm vint-i-dos euros de la comanda u u vuit dos",
        asked: "Torno vint-i-dos euros de la comanda u u vuit dos",
        yes: "d'acord, endavant",
        no: "millor no",
        named: "li arribaran vint-i-dos euros",
        left: "ho deixo com està",
    },
];

fn integration(sample: &Sample) -> String {
    let Sample { example, ask, question, verbs, action, done, .. } = sample;
    format!(
        "version: 1\nid: shop\ntitle: Shop\nkind: http\nbase_url: https://shop.example.com\n\
         tools:\n  - name: refund\n    description: refund\n    examples: [\"{example}\"]\n    parameters:\n      \
         - {{name: order, kind: digits, ask: \"{ask}\"}}\n      - {{name: amount, kind: money, ask: \"{ask}\"}}\n    \
         request: {{method: POST, path: \"/orders/{{order}}/refunds\", body: {{amount: \"{{amount}}\"}}}}\n    \
         response: {{map: {{refunded: refunded}}, sample: {{refunded: \"{{amount}}\"}}}}\n    \
         confirm:\n      question: \"{question}\"\n      action: \"{action}\"\n      verbs: {verbs}\n    \
         phrases: {{done: \"{done}\"}}\n"
    )
}

fn agent(sample: &Sample) -> String {
    let Sample { tag, currency, greeting, wish, asked, yes, no, named, left, .. } = sample;
    format!(
        "version: 1\nid: shop\ntitle: Shop\nlanguage: {tag}\ncurrency: {currency}\ngreeting: \"{greeting}\"\n\
         prompt: Help.\ntools: [shop.refund]\nspoken_yes: {{accepted_because: this is a test}}\ntests:\n  \
         - name: a yes\n    call:\n      - caller: \"{wish}\"\n      - agent: \"{asked}\"\n      - confirms: shop.refund\n      \
         - caller: \"{yes}\"\n      - runs: {{shop.refund: {{order: \"1182\"}}}}\n      - agent: \"{named}\"\n  \
         - name: a no\n    call:\n      - caller: \"{wish}\"\n      - confirms: shop.refund\n      - caller: \"{no}\"\n      \
         - agent: \"{left}\"\n      - runs_not: shop.refund\n"
    )
}

fn written(sample: &Sample) -> Folder {
    let folder = Folder::new();
    for (room, text) in [("agents", agent(sample)), ("integrations", integration(sample))] {
        std::fs::create_dir(folder.file(room)).unwrap();
        std::fs::write(folder.file(&format!("{room}/shop.yaml")), text).unwrap();
    }
    folder
}

#[tokio::test]
async fn an_agent_in_each_language_asks_in_it_and_acts_on_its_yes_alone() {
    for sample in &SAMPLES {
        let folder = written(sample);
        let output = command(&["test", "--plays", "--root", &folder.file("")]).output().await.unwrap();
        let told = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{}:\n{told}", sample.tag);
        assert!(told.contains("tests: 2; 2 passed"), "{}:\n{told}", sample.tag);
    }
}

#[tokio::test]
async fn that_the_embedded_recogniser_knows_english_only_is_said_before_a_phone_rings() {
    for sample in &SAMPLES {
        let folder = written(sample);
        let output = command(&["check", "--root", &folder.file("")]).output().await.unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        let code = sample.tag.split('-').next().unwrap();
        assert_eq!(output.status.code(), Some(1), "{told}");
        let wanted = format!("the embedded recogniser knows English only, and this agent speaks `{code}`");
        assert!(told.contains(&wanted) && told.contains("stt: none"), "{told}");
        assert!(!told.contains("have no voice"), "{told}");
    }
}
