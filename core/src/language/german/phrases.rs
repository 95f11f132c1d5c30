//! The gateway's own sentences in German.
//!
//! Promises: warm, short, true whatever happened; the caller is never at fault.
//! Never: holds a digit, or says *done* of what is not known to be done.

use crate::language::Language;
use crate::language::phrase::{Phrase, minutes};

pub(super) fn say(phrase: &Phrase<'_>) -> String {
    let fixed = match phrase {
        Phrase::DidNotUnderstand => "Das habe ich leider nicht verstanden. Können Sie es anders sagen?",
        Phrase::OneMoment => "Einen Moment, bitte.",
        Phrase::StillWorking => "Ich bin noch dabei, danke für Ihre Geduld.",
        Phrase::StillThere(0 | 1) => "Sind Sie noch da?",
        Phrase::StillThere(2) => "Ich höre Sie nicht. Sind Sie noch am Apparat?",
        Phrase::StillThere(3..) => "Ich höre noch immer nichts. Wenn Sie da sind, sagen Sie bitte etwas.",
        Phrase::GoodbyeSilence => "Ich höre Sie nicht und lege jetzt auf. Auf Wiederhören.",
        Phrase::GoodbyeAsked => "Vielen Dank für Ihren Anruf. Auf Wiederhören!",
        Phrase::ServiceDown => "Bei uns ist etwas schiefgegangen. Können Sie das noch einmal sagen?",
        Phrase::ServiceDownGoodbye => {
            "Es tut mir leid, bei uns klappt gerade etwas nicht. Bitte rufen Sie bald wieder an. Auf Wiederhören."
        }
        Phrase::SayYesOrNo => "Ja oder nein?",
        Phrase::SayYesOrNoOrKeys => {
            "Sagen Sie ja, damit ich es tue, oder nein, damit ich es lasse, oder drücken Sie die Eins oder die Zwei."
        }
        Phrase::PressKeys => "Drücken Sie die Eins, damit ich es tue, oder die Zwei, damit ich es lasse.",
        Phrase::SayYesAgain => {
            "Ich habe ein Ja gehört. Bitte sagen Sie noch einmal ja, oder drücken Sie die Eins."
        }
        Phrase::NotDone => "In Ordnung, es bleibt, wie es ist.",
        Phrase::NotDoneUnclear => "Ich war nicht sicher, ob das ein Ja war. Zur Sicherheit lasse ich es.",
        Phrase::SpokeTooSoon => "Entschuldigung, ich war zu schnell. Was soll ich für Sie tun?",
        Phrase::AnythingElse => "Kann ich sonst noch etwas für Sie tun?",
        Phrase::Done => "Das ist erledigt.",
        Phrase::Partly => "Es tut mir leid, nur ein Teil davon hat funktioniert. Der Rest nicht.",
        Phrase::PartlyUnknown => {
            "Ein Teil davon hat funktioniert, und vom Rest weiß ich es nicht. Bitte prüfen Sie es später."
        }
        Phrase::PartlyAlready => {
            "Ein Teil davon hat schon früher funktioniert, also versuche ich es nicht noch einmal. Jemand prüft es."
        }
        Phrase::Failed => "Es tut mir leid, das hat nicht geklappt. Es bleibt alles, wie es war.",
        Phrase::OutOfReach => "Leider antwortet das System gerade nicht. Bitte versuchen Sie es später.",
        Phrase::Spent => "Es tut mir leid, öfter darf ich das vorerst nicht tun.",
        Phrase::Unknown => {
            "Leider weiß ich nicht, ob es geklappt hat, und zweimal mache ich es nicht. Bitte prüfen Sie es später."
        }
        Phrase::UnknownAlready => {
            "Ob der erste Versuch geklappt hat, weiß ich noch nicht. Ein zweites Mal mache ich es nicht."
        }
        Phrase::AlreadyDone => "Das ist schon erledigt, ich mache es nicht noch einmal.",
        Phrase::CheckLater(wait) => return later(*wait),
        Phrase::NoMoreChecks => "Es tut mir leid, in diesem Anruf kann ich das nicht mehr prüfen.",
        Phrase::RecordUnavailable => {
            "Es tut mir leid, ich kann gerade nichts ändern. Bitte versuchen Sie es später noch einmal."
        }
        Phrase::CallLimitSoon => "Nur zur Information: Wir haben noch etwa eine Minute.",
        Phrase::CallLimit => {
            "Die Zeit für dieses Gespräch ist um. Rufen Sie wieder an, wenn Sie mehr brauchen. Auf Wiederhören!"
        }
        Phrase::ConversationLost => {
            "Es tut mir sehr leid, wir hatten ein Problem und ich habe den Faden verloren. Fangen wir neu an?"
        }
        Phrase::CutOff => "Entschuldigung, wir waren kurz getrennt.",
        Phrase::SayAgain => "Können Sie das bitte noch einmal sagen?",
        Phrase::Busy => {
            "Es tut mir leid, alle Leitungen sind gerade belegt. Bitte rufen Sie in ein paar Minuten wieder an."
        }
        Phrase::KeyUnknown => "Diese Taste ist hier nicht belegt.",
        Phrase::ShortQuestion { what } => return format!("{}: soll ich das tun?", what.trim()),
        Phrase::MayIRecord => "Darf ich dieses Gespräch aufzeichnen?",
        Phrase::YesOrNoOrKeys => "Sagen Sie ja oder nein, oder drücken Sie die Eins oder die Zwei.",
        Phrase::RecordingAgreed => "Danke. Was kann ich für Sie tun?",
        Phrase::RecordingRefused => "In Ordnung, ich zeichne nicht auf. Was kann ich für Sie tun?",
        Phrase::Retracted => "In Ordnung, ich habe es nicht getan.",
    };
    fixed.to_owned()
}

fn later(wait: u32) -> String {
    let when = minutes(Language::German, wait).map_or("einer Minute".to_owned(), |n| format!("{n} Minuten"));
    format!("Das kann ich gerade nicht prüfen. Bitte versuchen Sie es in {when} noch einmal.")
}
