//! The gateway's own sentences in Spanish.
//!
//! Promises: warm, short, true whatever happened; the caller is never at fault.
//! Never: holds a digit, says *done* of what is not known to be done, or uses words of one country alone.

use crate::language::Language;
use crate::language::phrase::{Phrase, minutes};

pub(super) fn say(phrase: &Phrase<'_>) -> String {
    let fixed = match phrase {
        Phrase::DidNotUnderstand => "Perdone, no le he entendido bien. ¿Me lo dice de otra manera?",
        Phrase::OneMoment => "Un momento, por favor.",
        Phrase::StillWorking => "Sigo en ello, gracias por esperar.",
        Phrase::StillThere(0 | 1) => "¿Sigue ahí?",
        Phrase::StillThere(2) => "No le oigo. ¿Sigue en la línea?",
        Phrase::StillThere(3..) => "Sigo sin oír nada. Si está ahí, dígame algo, por favor.",
        Phrase::GoodbyeSilence => {
            "No le oigo, así que voy a colgar. Llámenos de nuevo cuando quiera. Hasta luego."
        }
        Phrase::GoodbyeAsked => "Gracias por llamar. ¡Hasta luego!",
        Phrase::ServiceDown => "Perdone, algo ha fallado de nuestro lado. ¿Me lo repite, por favor?",
        Phrase::ServiceDownGoodbye => {
            "Lo siento, algo no funciona de nuestro lado. Llame de nuevo en un rato, por favor. Hasta luego."
        }
        Phrase::SayYesOrNo => "¿Sí o no?",
        Phrase::SayYesOrNoOrKeys => "Diga sí para hacerlo o no para dejarlo, o pulse uno o dos.",
        Phrase::PressKeys => "Pulse uno para hacerlo, o dos para dejarlo.",
        Phrase::SayYesAgain => "He oído un sí. Diga sí una vez más, por favor, o pulse uno.",
        Phrase::NotDone => "De acuerdo, lo dejo como está.",
        Phrase::NotDoneUnclear => "No he sabido si era un sí, así que por seguridad no he cambiado nada.",
        Phrase::SpokeTooSoon => "Perdone, me he adelantado. ¿Qué quiere que haga?",
        Phrase::AnythingElse => "¿Desea algo más?",
        Phrase::Done => "Ya está hecho.",
        Phrase::Partly => "Lo siento, solo una parte ha funcionado. El resto no.",
        Phrase::PartlyUnknown => {
            "Lo siento, una parte ha funcionado y del resto no he podido saber nada. Compruébelo más tarde, por favor."
        }
        Phrase::PartlyAlready => {
            "Una parte de eso ya funcionó antes, así que no lo intento otra vez. Alguien lo revisará."
        }
        Phrase::Failed => "Lo siento, no ha funcionado. No se ha cambiado nada.",
        Phrase::OutOfReach => {
            "Lo siento, ese sistema no responde ahora mismo. Inténtelo dentro de unos minutos, por favor."
        }
        Phrase::Spent => "Lo siento, por ahora no puedo hacerlo más veces.",
        Phrase::Unknown => {
            "Lo siento, no he podido saber si se ha hecho, y no lo haré dos veces. Compruébelo más tarde, por favor."
        }
        Phrase::UnknownAlready => {
            "Todavía no puedo saber si el primer intento se hizo, así que no lo haré por segunda vez."
        }
        Phrase::AlreadyDone => "Eso ya está hecho, así que no lo repito.",
        Phrase::CheckLater(wait) => return later(*wait),
        Phrase::NoMoreChecks => "Lo siento, en esta llamada ya no puedo comprobarlo.",
        Phrase::RecordUnavailable => {
            "Lo siento, ahora mismo no puedo hacer cambios. Inténtelo más tarde, por favor."
        }
        Phrase::CallLimitSoon => "Le aviso de que nos queda cerca de un minuto de llamada.",
        Phrase::CallLimit => {
            "Se ha acabado el tiempo de esta llamada. Llame de nuevo si necesita más. ¡Hasta luego!"
        }
        Phrase::ConversationLost => {
            "Lo siento mucho, hemos tenido un problema y he perdido el hilo. ¿Empezamos de nuevo?"
        }
        Phrase::CutOff => "Perdone, se ha cortado un momento.",
        Phrase::SayAgain => "¿Me lo dice una vez más, por favor?",
        Phrase::Busy => {
            "Lo siento, ahora mismo todas las líneas están ocupadas. Llame de nuevo en unos minutos, por favor."
        }
        Phrase::KeyUnknown => "Esa tecla no hace nada aquí.",
        Phrase::ShortQuestion { what } => return format!("{}: ¿lo hago?", what.trim()),
        Phrase::MayIRecord => "¿Puedo grabar esta llamada?",
        Phrase::YesOrNoOrKeys => "Diga sí o no, o pulse uno o dos.",
        Phrase::RecordingAgreed => "Gracias. ¿En qué puedo ayudarle?",
        Phrase::RecordingRefused => "De acuerdo, esta llamada no se graba. ¿En qué puedo ayudarle?",
        Phrase::Retracted => "De acuerdo, no lo he hecho.",
    };
    fixed.to_owned()
}

fn later(wait: u32) -> String {
    let when = minutes(Language::Spanish, wait).map_or("un minuto".to_owned(), |n| format!("{n} minutos"));
    format!("Ahora mismo no puedo comprobarlo. Inténtelo de nuevo en {when}, por favor.")
}
