//! The gateway's own sentences in English.
//!
//! Promises: warm, short, true whatever happened; the caller is never at fault.
//! Never: holds a digit, or says *done* of what is not known to be done.

use crate::language::Language;
use crate::language::phrase::{Phrase, minutes};

pub(super) fn say(phrase: &Phrase<'_>) -> String {
    let fixed = match phrase {
        Phrase::DidNotUnderstand => "Sorry, I didn't quite catch that. Could you say it another way?",
        Phrase::OneMoment => "One moment, please.",
        Phrase::StillWorking => "I'm still on it, thanks for waiting.",
        Phrase::StillThere(0 | 1) => "Are you still there?",
        Phrase::StillThere(2) => "I can't hear you. Are you still on the line?",
        Phrase::StillThere(3..) => "I still can't hear anything. If you are there, please say something.",
        Phrase::GoodbyeSilence => {
            "I can't hear you, so I'll hang up now. Please call again whenever you like. Goodbye."
        }
        Phrase::GoodbyeAsked => "Thank you for calling. Goodbye!",
        Phrase::ServiceDown => "Sorry, something went wrong on our side. Could you say that once more?",
        Phrase::ServiceDownGoodbye => {
            "I'm sorry, something is not working on our side. Please call again in a little while. Goodbye."
        }
        Phrase::SayYesOrNo => "Yes or no?",
        Phrase::SayYesOrNoOrKeys => "Say yes to do it or no to leave it, or press one or two.",
        Phrase::PressKeys => "Press one to do it, or two to leave it.",
        Phrase::SayYesAgain => "I heard yes. Please say yes once more, or press one.",
        Phrase::NotDone => "All right, I'll leave it as it is.",
        Phrase::NotDoneUnclear => {
            "I couldn't tell whether that was a yes, so to be safe nothing has been changed."
        }
        Phrase::SpokeTooSoon => "Sorry, I got ahead of myself. What should I do for you?",
        Phrase::AnythingElse => "Is there anything else?",
        Phrase::Done => "That's done.",
        Phrase::Partly => "I'm sorry, only a part of that worked. The rest did not.",
        Phrase::PartlyUnknown => {
            "I'm sorry, a part of that worked, and I couldn't find out about the rest. Please check it later."
        }
        Phrase::PartlyAlready => {
            "A part of that worked earlier, so I won't try it again. Somebody has to look into it."
        }
        Phrase::Failed => "I'm sorry, that didn't work. Nothing has been changed.",
        Phrase::OutOfReach => {
            "I'm sorry, that system isn't answering right now. Please try again in a few minutes."
        }
        Phrase::Spent => "I'm sorry, I can't do that again for now.",
        Phrase::Unknown => {
            "I'm sorry, I couldn't find out whether it went through, and I won't do it twice. Please check it later."
        }
        Phrase::UnknownAlready => {
            "I still can't tell whether the first try went through, so I won't do it a second time."
        }
        Phrase::AlreadyDone => "That was already done, so I won't do it again.",
        Phrase::CheckLater(wait) => return later(*wait),
        Phrase::NoMoreChecks => "I'm sorry, I can't check that any more in this call.",
        Phrase::RecordUnavailable => "I'm sorry, I can't make any changes right now. Please try again later.",
        Phrase::CallLimitSoon => "Just so you know, we have about a minute left on this call.",
        Phrase::CallLimit => "Our time on this call is over. Please call again if you need more. Goodbye!",
        Phrase::ConversationLost => {
            "I'm so sorry, we had a problem on our side and I lost where we were. Could we start over?"
        }
        Phrase::CutOff => "Sorry, we were cut off for a moment.",
        Phrase::SayAgain => "Could you say that once more, please?",
        Phrase::Busy => "I'm sorry, all our lines are busy right now. Please call again in a few minutes.",
        Phrase::KeyUnknown => "That key does nothing here.",
        Phrase::ShortQuestion { what } => return format!("{}: shall I do it?", what.trim()),
        Phrase::MayIRecord => "May I record this call?",
        Phrase::YesOrNoOrKeys => "Say yes or no, or press one or two.",
        Phrase::RecordingAgreed => "Thank you. How can I help you?",
        Phrase::RecordingRefused => "All right, this call is not recorded. How can I help you?",
        Phrase::Retracted => "All right, I have not done it.",
    };
    fixed.to_owned()
}

fn later(wait: u32) -> String {
    let when = minutes(Language::English, wait).map_or("a minute".to_owned(), |n| format!("{n} minutes"));
    format!("I can't check that right now. Please try again in {when}.")
}
