//! The gateway's own sentences in Catalan.
//!
//! Promises: warm, short, true whatever happened; the caller is never at fault.
//! Never: holds a digit, or says *done* of what is not known to be done.

use crate::language::Language;
use crate::language::phrase::{Phrase, minutes};

pub(super) fn say(phrase: &Phrase<'_>) -> String {
    let fixed = match phrase {
        Phrase::DidNotUnderstand => "Perdoni, no ho he entès bé. M'ho pot dir d'una altra manera?",
        Phrase::OneMoment => "Un moment, si us plau.",
        Phrase::StillWorking => "Encara hi soc, gràcies per esperar.",
        Phrase::StillThere(0 | 1) => "Encara hi és?",
        Phrase::StillThere(2) => "No sento bé. Encara és a la línia?",
        Phrase::StillThere(3..) => "Continuo sense sentir res. Si hi és, digui'm alguna cosa, si us plau.",
        Phrase::GoodbyeSilence => "No sento ningú, així que penjaré. Torni a trucar quan vulgui. Fins aviat.",
        Phrase::GoodbyeAsked => "Gràcies per trucar. Fins aviat!",
        Phrase::ServiceDown => {
            "Perdoni, alguna cosa ha fallat per part nostra. M'ho pot repetir, si us plau?"
        }
        Phrase::ServiceDownGoodbye => {
            "Ho sento, alguna cosa no funciona per part nostra. Torni a trucar d'aquí a una estona. Fins aviat."
        }
        Phrase::SayYesOrNo => "Sí o no?",
        Phrase::SayYesOrNoOrKeys => "Digui sí per fer-ho o no per deixar-ho, o premi u o dos.",
        Phrase::PressKeys => "Premi u per fer-ho, o dos per deixar-ho.",
        Phrase::SayYesAgain => "He sentit un sí. Digui sí una vegada més, si us plau, o premi u.",
        Phrase::NotDone => "D'acord, ho deixo com està.",
        Phrase::NotDoneUnclear => "No he sabut si era un sí, així que per seguretat no he canviat res.",
        Phrase::SpokeTooSoon => "Perdoni, m'he avançat. Què vol que faci?",
        Phrase::AnythingElse => "Desitja alguna cosa més?",
        Phrase::Done => "Ja està fet.",
        Phrase::Partly => "Ho sento, només una part ha funcionat. La resta no.",
        Phrase::PartlyUnknown => {
            "Ho sento, una part ha funcionat, i de la resta no he pogut saber res. Comprovi-ho més tard, si us plau."
        }
        Phrase::PartlyAlready => {
            "Una part ja havia funcionat abans, així que no ho torno a provar. Algú ho mirarà."
        }
        Phrase::Failed => "Ho sento, no ha funcionat. No s'ha canviat res.",
        Phrase::OutOfReach => {
            "Ho sento, aquest sistema ara mateix no respon. Torni-ho a provar d'aquí a uns minuts, si us plau."
        }
        Phrase::Spent => "Ho sento, de moment no ho puc fer més vegades.",
        Phrase::Unknown => {
            "Ho sento, no he pogut saber si s'ha fet, i no ho faré dues vegades. Comprovi-ho més tard, si us plau."
        }
        Phrase::UnknownAlready => {
            "Encara no puc saber si el primer intent s'ha fet, així que no ho faré una segona vegada."
        }
        Phrase::AlreadyDone => "Això ja està fet, així que no ho repeteixo.",
        Phrase::CheckLater(wait) => return later(*wait),
        Phrase::NoMoreChecks => "Ho sento, en aquesta trucada ja no ho puc comprovar.",
        Phrase::RecordUnavailable => {
            "Ho sento, ara mateix no puc fer canvis. Torni-ho a provar més tard, si us plau."
        }
        Phrase::CallLimitSoon => "L'aviso que ens queda cosa d'un minut de trucada.",
        Phrase::CallLimit => {
            "El temps d'aquesta trucada s'ha exhaurit. Torni a trucar si necessita més. Fins aviat!"
        }
        Phrase::ConversationLost => {
            "Ho sento molt, hem tingut un problema i he perdut el fil. Tornem a començar?"
        }
        Phrase::CutOff => "Perdoni, s'ha tallat un moment.",
        Phrase::SayAgain => "M'ho pot dir una vegada més, si us plau?",
        Phrase::Busy => {
            "Ho sento, ara mateix totes les línies estan ocupades. Torni a trucar d'aquí a uns minuts, si us plau."
        }
        Phrase::KeyUnknown => "Aquesta tecla no fa res aquí.",
        Phrase::ShortQuestion { what } => return format!("{}: ho faig?", what.trim()),
        Phrase::MayIRecord => "Puc enregistrar aquesta trucada?",
        Phrase::YesOrNoOrKeys => "Digui sí o no, o premi u o dos.",
        Phrase::RecordingAgreed => "Gràcies. En què puc ajudar?",
        Phrase::RecordingRefused => "D'acord, aquesta trucada no s'enregistra. En què puc ajudar?",
        Phrase::Retracted => "D'acord, no ho he fet.",
    };
    fixed.to_owned()
}

fn later(wait: u32) -> String {
    let when = minutes(Language::Catalan, wait).map_or("un minut".to_owned(), |n| format!("{n} minuts"));
    format!("Ara mateix no ho puc comprovar. Torni-ho a provar d'aquí a {when}, si us plau.")
}
