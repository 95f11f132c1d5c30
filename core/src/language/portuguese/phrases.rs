//! The gateway's own sentences in Portuguese, in words that serve in Brazil and in Portugal.
//!
//! Promises: warm, short, true whatever happened; the caller is never at fault.
//! Never: holds a digit, or says *done* of what is not known to be done.

use crate::language::Language;
use crate::language::phrase::{Phrase, minutes};

pub(super) fn say(phrase: &Phrase<'_>) -> String {
    let fixed = match phrase {
        Phrase::DidNotUnderstand => "Desculpe, não entendi bem. Pode dizer de outra maneira?",
        Phrase::OneMoment => "Um momento, por favor.",
        Phrase::StillWorking => "Ainda não acabei, agradeço a espera.",
        Phrase::StillThere(0 | 1) => "Ainda está aí?",
        Phrase::StillThere(2) => "Não consigo ouvir. Ainda está na linha?",
        Phrase::StillThere(3..) => "Continuo sem ouvir nada. Se estiver aí, diga alguma coisa, por favor.",
        Phrase::GoodbyeSilence => {
            "Não consigo ouvir, por isso vou desligar. Ligue de novo quando quiser. Até logo."
        }
        Phrase::GoodbyeAsked => "Agradeço a sua chamada. Até logo!",
        Phrase::ServiceDown => "Desculpe, algo falhou do nosso lado. Pode repetir, por favor?",
        Phrase::ServiceDownGoodbye => {
            "Lamento, algo não funciona do nosso lado. Ligue de novo daqui a pouco, por favor. Até logo."
        }
        Phrase::SayYesOrNo => "Sim ou não?",
        Phrase::SayYesOrNoOrKeys => "Diga sim para fazer ou não para deixar, ou pressione um ou dois.",
        Phrase::PressKeys => "Pressione um para fazer, ou dois para deixar.",
        Phrase::SayYesAgain => "Ouvi um sim. Diga sim mais uma vez, por favor, ou pressione um.",
        Phrase::NotDone => "Está bem, fica como está.",
        Phrase::NotDoneUnclear => "Não entendi se era um sim, por isso, por segurança, nada foi alterado.",
        Phrase::SpokeTooSoon => "Desculpe, adiantei-me. O que deseja que eu faça?",
        Phrase::AnythingElse => "Deseja mais alguma coisa?",
        Phrase::Done => "Já está feito.",
        Phrase::Partly => "Lamento, só uma parte funcionou. O resto não.",
        Phrase::PartlyUnknown => {
            "Lamento, uma parte funcionou, e do resto não consegui saber nada. Verifique mais tarde, por favor."
        }
        Phrase::PartlyAlready => {
            "Uma parte disso já funcionou antes, por isso não tento outra vez. Alguém vai ver o que se passa."
        }
        Phrase::Failed => "Lamento, não funcionou. Nada foi alterado.",
        Phrase::OutOfReach => {
            "Lamento, esse sistema não responde neste momento. Tente daqui a uns minutos, por favor."
        }
        Phrase::Spent => "Lamento, por agora não o posso fazer mais vezes.",
        Phrase::Unknown => {
            "Lamento, não consegui saber se foi feito, e não o farei duas vezes. Verifique mais tarde, por favor."
        }
        Phrase::UnknownAlready => {
            "Ainda não consigo saber se a primeira tentativa foi feita, por isso não a farei outra vez."
        }
        Phrase::AlreadyDone => "Isso já foi feito, por isso não vou repetir.",
        Phrase::CheckLater(wait) => return later(*wait),
        Phrase::NoMoreChecks => "Lamento, nesta chamada já não posso verificar isso.",
        Phrase::RecordUnavailable => {
            "Lamento, neste momento não posso fazer alterações. Tente mais tarde, por favor."
        }
        Phrase::CallLimitSoon => "Aviso que nos resta cerca de um minuto de chamada.",
        Phrase::CallLimit => "O tempo desta chamada acabou. Ligue de novo se precisar de mais. Até logo!",
        Phrase::ConversationLost => {
            "Peço imensa desculpa, tivemos um problema e perdi o fio à conversa. Podemos recomeçar?"
        }
        Phrase::CutOff => "Desculpe, a ligação caiu por um momento.",
        Phrase::SayAgain => "Pode dizer mais uma vez, por favor?",
        Phrase::Busy => {
            "Lamento, neste momento todas as linhas estão ocupadas. Ligue de novo em alguns minutos, por favor."
        }
        Phrase::KeyUnknown => "Essa tecla não faz nada aqui.",
        Phrase::ShortQuestion { what } => return format!("{}: faço isso?", what.trim()),
        Phrase::MayIRecord => "Posso gravar esta chamada?",
        Phrase::YesOrNoOrKeys => "Diga sim ou não, ou pressione um ou dois.",
        Phrase::RecordingAgreed => "Agradeço. Em que posso ajudar?",
        Phrase::RecordingRefused => "Está bem, esta chamada não é gravada. Em que posso ajudar?",
        Phrase::Retracted => "Está bem, não fiz nada.",
    };
    fixed.to_owned()
}

fn later(wait: u32) -> String {
    let when = minutes(Language::Portuguese, wait).map_or("um minuto".to_owned(), |n| format!("{n} minutos"));
    format!("Neste momento não posso verificar isso. Tente de novo daqui a {when}, por favor.")
}
