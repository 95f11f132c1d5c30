//! The gateway's own sentences in French.
//!
//! Promises: warm, short, true whatever happened; the caller is never at fault.
//! Never: holds a digit, or says *done* of what is not known to be done.

use crate::language::Language;
use crate::language::phrase::{Phrase, minutes};

pub(super) fn say(phrase: &Phrase<'_>) -> String {
    let fixed = match phrase {
        Phrase::DidNotUnderstand => "Pardon, je n'ai pas bien compris. Pouvez-vous le dire autrement ?",
        Phrase::OneMoment => "Un instant, s'il vous plaît.",
        Phrase::StillWorking => "Je m'en occupe encore, merci de patienter.",
        Phrase::StillThere(0 | 1) => "Vous êtes toujours là ?",
        Phrase::StillThere(2) => "Je ne vous entends pas. Êtes-vous toujours en ligne ?",
        Phrase::StillThere(3..) => {
            "Je n'entends toujours rien. Si vous êtes là, dites quelque chose, s'il vous plaît."
        }
        Phrase::GoodbyeSilence => {
            "Je ne vous entends pas, je vais donc raccrocher. Rappelez quand vous voulez. Au revoir."
        }
        Phrase::GoodbyeAsked => "Merci de votre appel. Au revoir !",
        Phrase::ServiceDown => "Pardon, il y a eu un souci de notre côté. Pouvez-vous répéter ?",
        Phrase::ServiceDownGoodbye => {
            "Toutes nos excuses, quelque chose ne marche pas de notre côté. Rappelez un peu plus tard. Au revoir."
        }
        Phrase::SayYesOrNo => "Oui ou non ?",
        Phrase::SayYesOrNoOrKeys => {
            "Dites oui pour le faire ou non pour ne rien changer, ou appuyez sur un ou deux."
        }
        Phrase::PressKeys => "Appuyez sur un pour le faire, ou sur deux pour ne rien changer.",
        Phrase::SayYesAgain => "J'ai entendu oui. Redites oui, s'il vous plaît, ou appuyez sur un.",
        Phrase::NotDone => "D'accord, je ne change rien.",
        Phrase::NotDoneUnclear => "Je n'ai pas su si c'était un oui, alors rien n'a été modifié.",
        Phrase::SpokeTooSoon => "Pardon, j'ai parlé trop vite. Que voulez-vous que je fasse ?",
        Phrase::AnythingElse => "Désirez-vous autre chose ?",
        Phrase::Done => "C'est fait.",
        Phrase::Partly => "Toutes mes excuses, cela n'a marché qu'en partie. Le reste, non.",
        Phrase::PartlyUnknown => {
            "Je regrette, une partie a marché, et j'ignore ce qu'il en est du reste. Vérifiez plus tard."
        }
        Phrase::PartlyAlready => {
            "Une partie a déjà marché avant, je n'essaie donc pas une seconde fois. Quelqu'un va regarder."
        }
        Phrase::Failed => "Toutes mes excuses, cela n'a pas marché. Rien n'a été modifié.",
        Phrase::OutOfReach => "Je regrette, ce système ne répond pas. Réessayez dans quelques minutes.",
        Phrase::Spent => "Je regrette, je ne peux pas le faire davantage pour le moment.",
        Phrase::Unknown => {
            "Je regrette, j'ignore si c'est passé, et je ne le ferai pas deux fois. Vérifiez plus tard."
        }
        Phrase::UnknownAlready => {
            "Je ne sais toujours pas si le premier essai est passé, je ne le ferai donc pas une seconde fois."
        }
        Phrase::AlreadyDone => "C'est déjà fait, je ne le refais donc pas.",
        Phrase::CheckLater(wait) => return later(*wait),
        Phrase::NoMoreChecks => "Je suis désolé, je ne peux plus vérifier cela pendant cet appel.",
        Phrase::RecordUnavailable => {
            "Toutes mes excuses, je ne peux rien modifier pour le moment. Réessayez plus tard, s'il vous plaît."
        }
        Phrase::CallLimitSoon => "Je vous préviens, il nous reste environ une minute pour cet appel.",
        Phrase::CallLimit => {
            "Le temps de cet appel est écoulé. Rappelez si vous avez besoin d'autre chose. Au revoir !"
        }
        Phrase::ConversationLost => {
            "Toutes mes excuses, nous avons eu un problème et j'ai perdu le fil. On reprend du début ?"
        }
        Phrase::CutOff => "Pardon, la ligne a été coupée un moment.",
        Phrase::SayAgain => "Pouvez-vous le dire encore une fois, s'il vous plaît ?",
        Phrase::Busy => "Je regrette, nos lignes sont occupées. Rappelez dans quelques minutes.",
        Phrase::KeyUnknown => "Cette touche ne sert à rien ici.",
        Phrase::ShortQuestion { what } => return format!("{} : je le fais ?", what.trim()),
        Phrase::MayIRecord => "Puis-je enregistrer cet appel ?",
        Phrase::YesOrNoOrKeys => "Dites oui ou non, ou appuyez sur un ou deux.",
        Phrase::RecordingAgreed => "Merci. Que puis-je faire pour vous ?",
        Phrase::RecordingRefused => "D'accord, cet appel n'est pas enregistré. Que puis-je faire pour vous ?",
        Phrase::Retracted => "D'accord, je ne l'ai pas fait.",
    };
    fixed.to_owned()
}

fn later(wait: u32) -> String {
    let when = minutes(Language::French, wait).map_or("une minute".to_owned(), |n| format!("{n} minutes"));
    format!("Je ne peux pas vérifier cela pour le moment. Réessayez dans {when}, s'il vous plaît.")
}
