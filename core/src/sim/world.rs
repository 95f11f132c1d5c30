//! The world around a simulated call: what it answers to orders, and when, drawn from the seed.
//!
//! Promises: everything that will happen stands on one agenda, in order of time.
//! Never: knows whether a heart or a whole call is on the other side.

use std::collections::BTreeMap;

use super::caller::{Heard, Meaning, TEMPERS, Temper, Truth, Utterance, track};
use super::random::Random;
use super::weather::{Fault, Faults, Weather};
use crate::base::{CallTime, Millis, PieceNo, Position, ReplyId, Samples};
use crate::conversation::{Affirmation, Event, Expect, Order, Role, Transcript, TranscriptEnd, Word};
use crate::language::Language;

/// How often a caller guesses: twice as often as proofs may fail.
const GUESSES_MOST: u32 = 10;

/// One thing that will happen.
#[derive(Debug)]
pub(super) enum Happening {
    /// A fact for the conversation.
    Tell(Event, Truth),
    Begin,
    End(Utterance),
    Press(char),
    /// All audio of a piece is there.
    Audio {
        reply: ReplyId,
        piece: PieceNo,
        length: Samples,
    },
    /// The carrier sends a mark back.
    Mark(String),
    /// No frame comes for so long.
    Stall(Millis),
    /// All faults are over.
    Calm,
    /// What carries the call dies.
    Death,
    /// What only the computed line waits for.
    Line(LineWait),
}

/// Waits of the computed line; stale ones are told by their number.
#[derive(Clone, Copy, Debug)]
pub(super) enum LineWait {
    Speech(u32),
    Silence(u32),
    Played { reply: ReplyId, by: crate::conversation::By },
    Stalled,
    Resumed,
}

/// What the first reply asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Opening {
    Wish,
    /// Leave to record.
    Leave,
}

/// The world of one call.
#[derive(Debug)]
pub(super) struct World {
    pub(super) random: Random,
    pub(super) weather: Weather,
    pub(super) language: Language,
    agenda: BTreeMap<(CallTime, u32), Happening>,
    count: u32,
    temper: Temper,
    /// Wishes the caller will still come up with.
    wishes: u32,
    /// Whether the recogniser judges a yes by sound too.
    by_sound: bool,
    expect: Expect,
    /// The reply on the line, and what it is for.
    said: Option<(ReplyId, Role)>,
    opening: Opening,
    /// Speech since the recogniser was last asked.
    unheard: Vec<Utterance>,
    /// What the caller has been given to do, where it is not drawn.
    pub(super) plot: Option<Plot>,
    pub(super) guesses: Guesses,
    pub(super) calm: bool,
}

/// Whether the caller tries to be somebody else, one number after the other, and the model helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Guesses {
    No,
    Yes,
}

/// A call whose story is given: one wish, one action that asks, a yes, and what takes it back so long after its end.
/// Only the delays are drawn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plot {
    pub(super) gap: Millis,
    pub(super) then: Meaning,
}

impl World {
    pub(super) fn new(mut random: Random, language: Language, calm_at: CallTime, faults: Faults) -> World {
        let mut world = World {
            weather: Weather::draw(faults, &mut random),
            temper: random.pick(TEMPERS),
            wishes: random.between(1, 3),
            by_sound: random.chance(400),
            random,
            language,
            agenda: BTreeMap::new(),
            count: 0,
            expect: Expect::Anything,
            said: None,
            opening: Opening::Wish,
            unheard: Vec::new(),
            plot: None,
            guesses: Guesses::No,
            calm: false,
        };
        world.plan(calm_at, Happening::Calm);
        if world.strikes(Fault::CallerHangsUp) {
            let at = CallTime(world.random.between(0, calm_at.0));
            world.tell(at, Event::HungUp);
        }
        if world.strikes(Fault::LineStalls) {
            let at = CallTime(world.random.between(0, calm_at.0));
            let length = Millis(world.random.pick(&[300, 1_500, 4_000, 20_000, 70_000]));
            world.plan(at, Happening::Stall(length));
        }
        world
    }

    /// The caller does as he is given, and hangs up at the end.
    pub(super) fn follows(&mut self, plot: Plot, until: CallTime) {
        self.plot = Some(plot);
        (self.temper, self.by_sound) = (Temper::Cooperative, false);
        self.ends_with_one_wish(until);
    }

    /// The caller guesses at what would prove him, again and again.
    pub(super) fn begins_to_guess(&mut self) {
        (self.guesses, self.wishes, self.temper) = (Guesses::Yes, GUESSES_MOST, Temper::Guessing);
    }

    /// The caller wants one thing, and hangs up then.
    pub(super) fn ends_with_one_wish(&mut self, until: CallTime) {
        self.wishes = 1;
        self.tell(until, Event::HungUp);
    }

    pub(super) fn plan(&mut self, at: CallTime, what: Happening) {
        self.count += 1;
        self.agenda.insert((at, self.count), what);
    }

    pub(super) fn tell(&mut self, at: CallTime, event: Event) {
        self.plan(at, Happening::Tell(event, Truth::default()));
    }

    pub(super) fn next_at(&self) -> Option<CallTime> {
        self.agenda.keys().next().map(|(at, _)| *at)
    }

    pub(super) fn pop(&mut self) -> Option<(CallTime, Happening)> {
        self.agenda.pop_first().map(|((at, _), what)| (at, what))
    }

    pub(super) fn soon(&mut self, at: CallTime, least: u32, most: u32) -> CallTime {
        at + Millis(self.random.between(least, most))
    }

    pub(super) fn strikes(&mut self, fault: Fault) -> bool {
        self.weather.strikes(fault, &mut self.random)
    }

    /// From here on nothing fails, and the caller says no more.
    pub(super) fn becomes_calm(&mut self) {
        self.calm = true;
        self.weather.becomes_calm();
        self.agenda.retain(|_, what| !matches!(what, Happening::Begin | Happening::Press(_)));
    }

    /// What carried the call is gone, and all that it had asked for. The outcomes that were on their way are given back;
    /// the caller, who may leave meanwhile, is there again at `back`.
    pub(super) fn dies(&mut self, back: CallTime) -> Vec<Event> {
        self.weather.struck_by(Fault::ProcessDies);
        let mut outcomes = Vec::new();
        for ((at, _), what) in std::mem::take(&mut self.agenda) {
            match what {
                Happening::Tell(Event::HungUp, _) | Happening::Calm => self.plan(at.max(back), what),
                Happening::Tell(Event::Settled { proposal, outcome }, _) => {
                    outcomes.push(Event::Settled { proposal, outcome });
                }
                Happening::Tell(..)
                | Happening::Begin
                | Happening::End(_)
                | Happening::Press(_)
                | Happening::Audio { .. }
                | Happening::Mark(_)
                | Happening::Stall(_)
                | Happening::Death
                | Happening::Line(_) => {}
            }
        }
        self.expect = Expect::Anything;
        self.said = None;
        self.unheard.clear();
        outcomes
    }

    /// An order was given.
    pub(super) fn obeys(&mut self, at: CallTime, order: &Order) {
        match order {
            Order::Watch(watch) => self.expect = watch.expect,
            Order::Say { reply, piece, role, text } => self.synthesises(at, *reply, *piece, *role, text),
            Order::Generate { generation, .. } => self.thinks(at, *generation),
            Order::Prepare { proposal, tool, args } => self.prepares(at, *proposal, tool, args),
            Order::Run { proposal, tool, .. } => self.runs(at, *proposal, tool),
            Order::HangUp { .. } => {
                if !self.strikes(Fault::HangUpIgnored) {
                    let at = self.soon(at, 20, 400);
                    self.tell(at, Event::HungUp);
                }
            }
            Order::EndReply { .. }
            | Order::Cut { .. }
            | Order::DropGeneration { .. }
            | Order::Discard { .. }
            | Order::Record
            | Order::Note(_) => {}
        }
    }

    fn synthesises(&mut self, at: CallTime, reply: ReplyId, piece: PieceNo, role: Role, text: &str) {
        let words = text.split_whitespace().count() as u32;
        let length = Millis(words * 180 + 100).samples();
        let slow = if self.strikes(Fault::SynthesisSlow) { self.random.between(500, 5_000) } else { 0 };
        let ready = self.soon(at + Millis(slow), 20, 250);
        let fails = self.strikes(Fault::SynthesisFails);
        if fails {
            let late = self.random.pick(&[0, 0, 300, 1_500]);
            self.tell(ready + Millis(late), Event::TtsFailed { reply });
        }
        // Where it fails, some of it may have come before.
        if !(fails && self.random.chance(500) || self.strikes(Fault::SynthesisNever)) {
            self.plan(ready, Happening::Audio { reply, piece, length });
            if self.strikes(Fault::SynthesisTwice) {
                let again = self.soon(ready, 0, 2_000);
                self.plan(again, Happening::Audio { reply, piece, length });
            }
        }
        if piece.0 > 0 && role == Role::Greeting {
            self.opening = Opening::Leave;
        }
        if piece.0 == 0 {
            self.said = Some((reply, role));
            self.over_a_reply(ready, length.millis(), role);
        }
    }

    /// What a caller says into a reply.
    fn over_a_reply(&mut self, begins: CallTime, length: Millis, role: Role) {
        let within = self.random.below(length.0.max(1));
        let at = begins + Millis(within);
        let over = match (role, self.temper) {
            (_, Temper::Malicious) if self.random.chance(600) => {
                self.random.pick(&[Meaning::Yes, Meaning::Yes, Meaning::Trick])
            }
            (Role::Question(_), Temper::Hurried) if self.random.chance(700) => self.random.pick(&[
                Meaning::Yes,
                Meaning::Yes,
                Meaning::No,
                Meaning::Backchannel,
                Meaning::Talk,
            ]),
            (_, Temper::Interrupting) if self.random.chance(400) => self.random.pick(&[
                Meaning::Talk,
                Meaning::Yes,
                Meaning::Noise,
                Meaning::No,
                Meaning::Backchannel,
            ]),
            (Role::Goodbye, _) if self.random.chance(300) => Meaning::Talk,
            _ => return,
        };
        self.says(at, over);
    }

    fn says(&mut self, at: CallTime, meaning: Meaning) {
        if !self.calm {
            let mut utterance = if self.temper == Temper::Guessing && meaning == Meaning::Talk {
                Utterance::guess(at, &mut self.random)
            } else {
                Utterance::new(self.language, meaning, at, &mut self.random)
            };
            if self.temper == Temper::Endless && self.random.chance(200) {
                utterance.to = utterance.to + Millis(70_000);
            }
            self.plan(at, Happening::Begin);
            self.plan(utterance.to, Happening::End(utterance));
        }
    }

    /// A reply was played: the caller may answer.
    fn was_played(&mut self, at: CallTime, reply: ReplyId) {
        let Some((_, role)) = self.said.filter(|(said, _)| *said == reply) else { return };
        match role {
            Role::Question(_) => self.answers(at),
            Role::Greeting if self.opening == Opening::Leave => self.answers(at),
            Role::Greeting | Role::Answer(_) | Role::Outcome(_) | Role::Notice | Role::Reminder => {
                self.wishes(at)
            }
            Role::Filler | Role::Action(_) | Role::Goodbye => {}
        }
    }

    fn wishes(&mut self, at: CallTime) {
        if self.plot.is_some() && self.wishes > 0 {
            self.wishes = 0;
            let at = self.soon(at, 100, 1_500);
            return self.says(at, Meaning::Talk);
        }
        if self.wishes == 0 || self.temper == Temper::Silent && self.random.chance(700) {
            return;
        }
        self.wishes -= 1;
        let at = self.soon(at, 100, 1_500);
        if self.temper == Temper::Guessing {
            return self.says(at, Meaning::Talk);
        }
        if self.temper == Temper::Keys && self.random.chance(500) {
            let mut at = at;
            for _ in 0..self.random.between(1, 5) {
                let key = self.random.pick(&['1', '2', '0', '7', '*', '#']);
                self.plan(at, Happening::Press(key));
                at = self.soon(at, 100, 1_000);
            }
        } else {
            let meaning = self.random.pick(&[
                Meaning::Talk,
                Meaning::Talk,
                Meaning::Change,
                Meaning::Yes,
                Meaning::Noise,
            ]);
            self.says(at, meaning);
        }
    }

    fn answers(&mut self, at: CallTime) {
        let soon = self.soon(at, 40, 1_200);
        if let Some(Plot { gap, then }) = self.plot {
            return self.says_and_then(soon, Meaning::Yes, gap, then);
        }
        match self.temper {
            Temper::Silent if self.random.chance(500) => {}
            Temper::Keys => {
                let key = self.random.pick(&['1', '1', '1', '2', '5']);
                self.plan(soon, Happening::Press(key));
                if self.random.chance(300) {
                    let later = self.soon(soon, 20, 2_000);
                    let key = self.random.pick(&['2', '1', '9']);
                    self.plan(later, Happening::Press(key));
                }
                if self.random.chance(300) {
                    let around = CallTime(self.soon(soon, 0, 1_000).0.saturating_sub(500));
                    self.says(around.max(at), Meaning::No);
                }
            }
            Temper::Difficult => {
                let meaning = self.random.pick(&[
                    Meaning::No,
                    Meaning::Wait,
                    Meaning::Change,
                    Meaning::Question,
                    Meaning::Backchannel,
                    Meaning::Talk,
                    Meaning::Noise,
                    Meaning::Yes,
                ]);
                self.says(soon, meaning);
            }
            Temper::Retracting => {
                self.says_yes_and(soon, &[Meaning::Wait, Meaning::No, Meaning::Change, Meaning::Yes])
            }
            Temper::Chatty => {
                self.says_yes_and(soon, &[Meaning::Backchannel, Meaning::Talk, Meaning::Noise, Meaning::Yes])
            }
            Temper::Wavering => {
                let first = self.random.pick(&[
                    Meaning::No,
                    Meaning::Wait,
                    Meaning::Change,
                    Meaning::Talk,
                    Meaning::Noise,
                    Meaning::Trick,
                ]);
                let gap = self.gap();
                self.says_and_then(soon, first, gap, Meaning::Yes);
            }
            Temper::Malicious => {
                if self.random.chance(300) {
                    self.plan(soon, Happening::Press('1'));
                }
                let (first, then) = self.random.pick(&[
                    (Meaning::Trick, Meaning::Yes),
                    (Meaning::Trick, Meaning::Trick),
                    (Meaning::Yes, Meaning::Trick),
                ]);
                let gap = self.gap();
                self.says_and_then(soon, first, gap, then);
            }
            Temper::Cooperative
            | Temper::Guessing
            | Temper::Hurried
            | Temper::Interrupting
            | Temper::Silent
            | Temper::Endless => self.says(soon, Meaning::Yes),
        }
    }

    /// A yes, and something else after it.
    fn says_yes_and(&mut self, at: CallTime, then: &[Meaning]) {
        let then = self.random.pick(then);
        let gap = self.gap();
        self.says_and_then(at, Meaning::Yes, gap, then);
    }

    /// So many times 20 ms, up to two seconds.
    fn gap(&mut self) -> Millis {
        Millis(20 * self.random.between(1, 100))
    }

    /// Two things, the second so long after the end of the first.
    fn says_and_then(&mut self, at: CallTime, first: Meaning, gap: Millis, then: Meaning) {
        if !self.calm {
            let first = Utterance::new(self.language, first, at, &mut self.random);
            self.plan(at, Happening::Begin);
            self.plan(first.to, Happening::End(first));
            self.says(first.to + gap, then);
        }
    }

    /// What the line says reaches the caller's ear and the recogniser too.
    pub(super) fn learns(&mut self, at: CallTime, event: &Event) {
        if let Event::Played { reply, .. } = event {
            self.was_played(at, *reply);
        } else if let Event::SpeechStopped { at: stop } = event {
            self.recognises(at, *stop);
        }
    }

    /// The caller finished saying something that the line brought.
    pub(super) fn was_said(&mut self, utterance: Utterance) {
        self.unheard.push(utterance);
    }

    /// The caller fell silent: the recogniser is asked what was said.
    fn recognises(&mut self, at: CallTime, stop: Position) {
        let utterances = std::mem::take(&mut self.unheard);
        let spoken = utterances.iter().flat_map(Utterance::spoken).collect();
        let mut truth = Truth { spoken, stop: Some(stop), heard: Heard::Rightly };
        let late = if self.strikes(Fault::WordsLate) { self.random.between(500, 9_000) } else { 0 };
        let at = self.soon(at + Millis(late), 40, 500);
        if self.strikes(Fault::WordsNever) {
            return;
        }
        if self.strikes(Fault::WordsLost) {
            self.plan(at, Happening::Tell(Event::SttFailed, truth));
            return;
        }
        let mut words: Vec<Word> = utterances.iter().flat_map(Utterance::words).collect();
        let affirmation = self.by_sound(&utterances, &mut truth, &mut words);
        if self.strikes(Fault::WordsWithoutSpans) {
            words.iter_mut().for_each(|word| word.span = None);
        }
        if self.random.chance(200) {
            let end = TranscriptEnd::Final;
            // A number may lie across two transcripts; other words come in one.
            let is_number = words.iter().any(|word| word.text.contains(|c: char| c.is_ascii_digit()));
            let rest = if is_number { words.split_off(words.len() / 2) } else { Vec::new() };
            let first = Transcript { words: std::mem::replace(&mut words, rest), end };
            self.plan(at, Happening::Tell(Event::Heard(first), Truth { stop: None, ..truth.clone() }));
        }
        let transcript = Transcript { words, end: TranscriptEnd::Turn(affirmation) };
        // Where nothing is told, nothing can be told twice: one answer a stretch is what a recogniser owes.
        if !transcript.words.is_empty() && self.strikes(Fault::WordsTwice) {
            let again = self.soon(at, 0, 6_000);
            let nothing_new = Truth { stop: None, ..truth.clone() };
            self.plan(again, Happening::Tell(Event::Heard(transcript.clone()), nothing_new));
        }
        self.plan(at, Happening::Tell(Event::Heard(transcript), truth));
    }

    /// What the engine says by sound, and what it mishears.
    fn by_sound(&mut self, said: &[Utterance], truth: &mut Truth, words: &mut Vec<Word>) -> Affirmation {
        let yes = !said.is_empty() && said.iter().all(|u| u.meaning == Meaning::Yes);
        let misheard = self.strikes(Fault::WordsMisheard);
        let judges = self.by_sound && matches!(self.expect, Expect::YesNo | Expect::YesAgain);
        if misheard && (yes || judges) {
            // A yes as something like it, or something else as a yes that the engine will not stand by.
            let text = match (yes, self.language) {
                (true, _) => "guess",
                (false, Language::English) => "yes",
                (false, Language::Spanish | Language::Catalan) => "sí",
                (false, Language::Portuguese) => "sim",
                (false, Language::French) => "oui",
                (false, Language::German) => "ja",
                (false, Language::Italian) => "sì",
            };
            let stop = truth.stop.unwrap_or_default();
            let from = said.last().map_or(stop, |u| track(u.from));
            let span = crate::base::Span { from, to: stop.max(from) };
            truth.heard = Heard::Amiss;
            *words = vec![Word { text: text.to_owned(), span: Some(span) }];
        }
        match (judges, yes) {
            (false, _) => Affirmation::ByWords,
            (true, true) => self.random.pick(&[
                Affirmation::Certain,
                Affirmation::Certain,
                Affirmation::Doubtful,
                Affirmation::Absent,
            ]),
            (true, false) => self.random.pick(&[Affirmation::Absent, Affirmation::Doubtful]),
        }
    }
}
