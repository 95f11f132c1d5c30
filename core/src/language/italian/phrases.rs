//! The gateway's own sentences in Italian.
//!
//! Promises: warm, short, true whatever happened; the caller is never at fault.
//! Never: holds a digit, or says *done* of what is not known to be done.

use crate::language::Language;
use crate::language::phrase::{Phrase, minutes};

pub(super) fn say(phrase: &Phrase<'_>) -> String {
    let fixed = match phrase {
        Phrase::DidNotUnderstand => "Mi scusi, non ho capito bene. Può dirlo in un altro modo?",
        Phrase::OneMoment => "Un momento, per favore.",
        Phrase::StillWorking => "Ci sto ancora lavorando, grazie per l'attesa.",
        Phrase::StillThere(0 | 1) => "È ancora in linea?",
        Phrase::StillThere(2) => "Non la sento. È ancora lì?",
        Phrase::StillThere(3..) => "Continuo a non sentire nulla. Se è lì, dica qualcosa, per favore.",
        Phrase::GoodbyeSilence => {
            "Non la sento, quindi ora riaggancio. Ci richiami quando vuole. Arrivederci."
        }
        Phrase::GoodbyeAsked => "Grazie per aver chiamato. Arrivederci!",
        Phrase::ServiceDown => {
            "Mi scusi, qualcosa non ha funzionato da parte nostra. Può ripetere, per favore?"
        }
        Phrase::ServiceDownGoodbye => {
            "Mi dispiace, qualcosa non funziona da parte nostra. Richiami tra un po', per favore. Arrivederci."
        }
        Phrase::SayYesOrNo => "Sì o no?",
        Phrase::SayYesOrNoOrKeys => "Dica sì per procedere o no per lasciar stare, oppure prema uno o due.",
        Phrase::PressKeys => "Prema uno per procedere, oppure due per lasciar stare.",
        Phrase::SayYesAgain => "Ho sentito un sì. Dica sì ancora una volta, per favore, oppure prema uno.",
        Phrase::NotDone => "D'accordo, lascio tutto com'è.",
        Phrase::NotDoneUnclear => "Non ho capito se fosse un sì, quindi per sicurezza non ho cambiato nulla.",
        Phrase::SpokeTooSoon => "Mi scusi, ho corso troppo. Che cosa vuole che faccia?",
        Phrase::AnythingElse => "Desidera altro?",
        Phrase::Done => "È stato fatto.",
        Phrase::Partly => "Mi dispiace, solo una parte ha funzionato. Il resto no.",
        Phrase::PartlyUnknown => {
            "Mi dispiace, una parte ha funzionato, e del resto non so nulla. Controlli più tardi, per favore."
        }
        Phrase::PartlyAlready => {
            "Una parte ha già funzionato prima, quindi non ci riprovo. Qualcuno darà un'occhiata."
        }
        Phrase::Failed => "Mi dispiace, non ha funzionato. Non è stato cambiato nulla.",
        Phrase::OutOfReach => {
            "Mi dispiace, quel sistema al momento non risponde. Riprovi tra qualche minuto, per favore."
        }
        Phrase::Spent => "Mi dispiace, per ora non posso farlo altre volte.",
        Phrase::Unknown => {
            "Mi dispiace, non so se è andato a buon fine, e non lo farò due volte. Controlli più tardi, per favore."
        }
        Phrase::UnknownAlready => {
            "Non so ancora se il primo tentativo è riuscito, quindi non lo farò una seconda volta."
        }
        Phrase::AlreadyDone => "È già stato fatto, quindi non lo ripeto.",
        Phrase::CheckLater(wait) => return later(*wait),
        Phrase::NoMoreChecks => "Mi dispiace, in questa chiamata non posso più verificarlo.",
        Phrase::RecordUnavailable => {
            "Mi dispiace, in questo momento non posso fare modifiche. Riprovi più tardi, per favore."
        }
        Phrase::CallLimitSoon => "La avviso che ci resta circa un minuto di chiamata.",
        Phrase::CallLimit => "Il tempo di questa chiamata è finito. Richiami se le serve altro. Arrivederci!",
        Phrase::ConversationLost => {
            "Mi dispiace molto, abbiamo avuto un problema e ho perso il filo. Ricominciamo?"
        }
        Phrase::CutOff => "Mi scusi, è caduta la linea per un momento.",
        Phrase::SayAgain => "Può dirlo ancora una volta, per favore?",
        Phrase::Busy => {
            "Mi dispiace, al momento tutte le linee sono occupate. Richiami tra qualche minuto, per favore."
        }
        Phrase::KeyUnknown => "Questo tasto qui non fa nulla.",
        Phrase::ShortQuestion { what } => return format!("{}: procedo?", what.trim()),
        Phrase::MayIRecord => "Posso registrare questa chiamata?",
        Phrase::YesOrNoOrKeys => "Dica sì o no, oppure prema uno o due.",
        Phrase::RecordingAgreed => "Grazie. Come posso aiutarla?",
        Phrase::RecordingRefused => "D'accordo, questa chiamata non viene registrata. Come posso aiutarla?",
        Phrase::Retracted => "D'accordo, non l'ho fatto.",
    };
    fixed.to_owned()
}

fn later(wait: u32) -> String {
    let when = minutes(Language::Italian, wait).map_or("un minuto".to_owned(), |n| format!("{n} minuti"));
    format!("In questo momento non posso verificarlo. Riprovi tra {when}, per favore.")
}
