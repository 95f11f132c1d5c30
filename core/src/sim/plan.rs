//! The shop's agent as a plan, for simulated calls and call scripts.
//!
//! Promises: one tool without effects, one irreversible one that always asks.
//! Never: is what the gateway serves; that is read from the agents' files.

use std::collections::BTreeMap;

use crate::base::{Digest, Millis, ToolName};
use crate::conversation::{
    Confirm, Effects, Idempotency, Identity, Parameter, ParameterKind, Plan, Policy, PrivateList, Recording,
    SaidBy, Timing, ToolPhrases, ToolPlan, VoiceYes, Wordings,
};
use crate::language::Language;

/// An agent of a shop that looks up orders and refunds them.
#[must_use]
pub fn shop_plan(language: Language) -> Plan {
    let greeting = match language {
        Language::English => "Hello, how can I help you?",
        Language::Spanish => "Hola, ¿en qué puedo ayudarle?",
        Language::Portuguese => "Olá, em que posso ajudar?",
        Language::French => "Bonjour, que puis-je faire pour vous ?",
        Language::German => "Guten Tag, was kann ich für Sie tun?",
        Language::Italian => "Buongiorno, come posso aiutarla?",
        Language::Catalan => "Bon dia, en què puc ajudar?",
    };
    Plan {
        agent: "shop".to_owned(),
        language,
        currency: "USD".to_owned(),
        greeting: greeting.to_owned(),
        prompt: String::new(),
        tools: vec![lookup_tool(), refund_tool(language)],
        keys: BTreeMap::new(),
        answers: Vec::new(),
        timing: Timing::default(),
        private: PrivateList::default(),
        recording: Recording::On,
        hash: Digest::of_bytes(b"shop"),
    }
}

/// The shop's plan as the head of a call script names it: a language, and variations after it.
///
/// # Errors
/// The word that names none.
pub fn script_plan(words: &str) -> Result<Plan, String> {
    let spanish = words.split_whitespace().any(|word| word == "es");
    let mut plan = shop_plan(if spanish { Language::Spanish } else { Language::English });
    for word in words.split_whitespace() {
        match word {
            "en" | "es" => {}
            "keyed" => plan.tools[1].idempotency = Idempotency::Keyed,
            "unasked" => plan.tools[1].confirm.policy = Policy::Never,
            "broken-condition" => {
                plan.tools[1].confirm.policy = Policy::When("nowhere > 50".to_owned());
            }
            "over-fifty" => plan.tools[1].confirm.policy = Policy::When("amount | int > 50".to_owned()),
            "sum-over-fifty" => {
                let over = "call.sum('amount') + (amount | minor) > 5000";
                plan.tools[1].confirm.policy = Policy::When(over.to_owned());
            }
            "once-a-call" => plan.tools[1].per_call = Some(1),
            "own-words" => plan.tools[0].phrases = own_words(),
            "accepted" => plan.tools[1].confirm.voice = VoiceYes::Accepted,
            "demands-mark" => plan.tools[1].confirm.demands_mark = true,
            "slow-lookup" => plan.tools[0].timeout = Millis(20_000),
            "identified" => requires_identity(&mut plan),
            "pin" => plan.tools[0].parameters.push(pin()),
            "consent" => plan.recording = Recording::AfterConsent { question: String::new() },
            "short-call" => plan.timing.call = Millis(90_000),
            other => return Err(other.to_owned()),
        }
    }
    Ok(plan)
}

/// Looks up an order; nothing changes.
#[must_use]
pub fn lookup_tool() -> ToolPlan {
    ToolPlan {
        name: ToolName("shop.order_status".into()),
        description: "Says where an order is.".to_owned(),
        examples: Vec::new(),
        parameters: vec![parameter("order", ParameterKind::Digits, "Which order number?")],
        effects: Effects::None,
        confirm: confirm(Policy::Never, "", "", ""),
        phrases: ToolPhrases::default(),
        idempotency: Idempotency::None,
        timeout: Millis(4_000),
        identity: Identity::default(),
        per_call: None,
    }
}

/// Refunds money; asks first.
#[must_use]
pub fn refund_tool(language: Language) -> ToolPlan {
    let (question, action) = match language {
        Language::English => {
            ("Refund {{ amount | money }} on order {{ order | digits }}?", "Refunding {{ amount | money }}.")
        }
        Language::Spanish => (
            "¿Devuelvo {{ amount | money }} del pedido {{ order | digits }}?",
            "Voy a devolver {{ amount | money }}.",
        ),
        Language::Portuguese => (
            "Devolvo {{ amount | money }} do pedido {{ order | digits }}?",
            "Vou devolver {{ amount | money }}.",
        ),
        Language::French => (
            "Je rembourse {{ amount | money }} sur la commande {{ order | digits }} ?",
            "Je rembourse {{ amount | money }}.",
        ),
        Language::German => (
            "Soll ich {{ amount | money }} für die Bestellung {{ order | digits }} erstatten?",
            "Ich erstatte {{ amount | money }}.",
        ),
        Language::Italian => (
            "Rimborso {{ amount | money }} sull'ordine {{ order | digits }}?",
            "Rimborso {{ amount | money }}.",
        ),
        Language::Catalan => (
            "Torno {{ amount | money }} de la comanda {{ order | digits }}?",
            "Ara torno {{ amount | money }}.",
        ),
    };
    let confirm = confirm(Policy::Always, question, "{{ amount | money }}", action);
    ToolPlan {
        name: ToolName("shop.refund".into()),
        description: "Refunds an order, in part or whole.".to_owned(),
        examples: Vec::new(),
        parameters: vec![
            parameter("order", ParameterKind::Digits, "Which order number?"),
            parameter("amount", ParameterKind::Money, "How much?"),
        ],
        effects: Effects::Irreversible,
        confirm,
        phrases: ToolPhrases::default(),
        idempotency: Idempotency::None,
        timeout: Millis(4_000),
        identity: Identity::default(),
        per_call: None,
    }
}

/// Words around a slow look-up, of which those at the start take turns.
fn own_words() -> ToolPhrases {
    ToolPhrases {
        start: Wordings::new(["Let me look that up.", "I'm looking."].map(str::to_owned)),
        delay: "The order system takes its time.".into(),
        delay_again: "Still no word from the order system.".into(),
        delay_after: Some(Millis(3_000)),
        delay_again_after: Some(Millis(5_000)),
        out_of_reach: "Orders cannot be looked up for some minutes.".into(),
        ..ToolPhrases::default()
    }
}

/// No refund before an order that the caller named himself was found.
pub(super) fn requires_identity(plan: &mut Plan) {
    let caller = || Some("caller".to_owned());
    let proofs = vec!["order".to_owned()];
    plan.tools[0].identity = Identity { proofs, proves: caller(), ..Identity::default() };
    plan.tools[1].identity.requires = caller();
}

/// A number that is not said aloud.
fn pin() -> Parameter {
    Parameter {
        said_by: SaidBy::Keypad,
        ..parameter("pin", ParameterKind::Digits, "Please key in your PIN.")
    }
}

fn parameter(name: &str, kind: ParameterKind, ask: &str) -> Parameter {
    Parameter {
        name: name.to_owned(),
        kind,
        description: String::new(),
        required: true,
        ask: ask.to_owned(),
        ..Parameter::default()
    }
}

fn confirm(policy: Policy, question: &str, short: &str, action: &str) -> Confirm {
    Confirm {
        policy,
        question: question.to_owned(),
        short: short.to_owned(),
        action: action.to_owned(),
        verbs: vec!["refund it".to_owned(), "devuélvelo".to_owned()],
        voice: VoiceYes::ByEngine,
        demands_mark: false,
    }
}
