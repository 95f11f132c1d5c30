//! One call's stream: turns go to leased workers, answers come back in the order of the turns.
//!
//! Promises: a turn is answered once, after the parts of it that came before; a worker that falls over loses this
//! turn, or this part of one, and nothing else; of which part, the turn's answer is that words are lost.
//! Never: holds a worker between turns.

use std::sync::Arc;

use futures::StreamExt as _;
use futures::future::BoxFuture;
use futures::stream::FuturesOrdered;
use tokio_util::task::AbortOnDropHandle;

use super::answer::answer;
use super::model::{Model, PLAN};
use super::turn::{Track, Turn};
use crate::core::base::{Fault, Millis, Owner, Position, Samples, Span};
use crate::core::conversation::{Affirmation, Expect, Transcript, TranscriptEnd, Word};
use crate::speech::{Decoded, Lease, Load, Lost, Pool};
use crate::stt::{SttEvent, SttStream};

/// A yes is shorter than three seconds and longer than a click.
const ANSWER_MIN: Samples = Millis(150).samples();
const ANSWER_MAX: Samples = Millis(3_000).samples();
/// Samples of a frame of the recogniser.
const FRAME: u32 = Millis(10).samples().0;

/// How long an answer may be, as a text the figure is about.
pub(super) fn answer_lengths() -> String {
    format!("{} {}", ANSWER_MIN.0, ANSWER_MAX.0)
}

/// What is decoded.
#[derive(Clone, Copy, Debug)]
enum Closes {
    /// A part of a turn that goes on.
    Part,
    /// A turn, or the last part of one.
    Turn(Expect),
}

/// Turns of one call.
pub(super) struct Stream {
    pool: Arc<Pool>,
    model: Arc<Model>,
    yes_no: Arc<[Load; 2]>,
    track: Track,
    decoding: FuturesOrdered<BoxFuture<'static, (Closes, SttEvent)>>,
    answers: Answers,
}

/// What was decoded, on its way to one answer a turn.
#[derive(Debug, Default)]
struct Answers {
    /// A part of the turn is lost: the turn is owed that at its end, and only there.
    lost: Option<SttEvent>,
    /// To be told next.
    next: Option<SttEvent>,
}

impl Answers {
    /// Takes what became of a part or of a turn's rest; what is to be told now, if anything.
    fn take(&mut self, closes: Closes, event: SttEvent) -> Option<SttEvent> {
        match (closes, event) {
            (Closes::Part, SttEvent::Heard(part)) => Some(SttEvent::Heard(part)),
            (Closes::Part, lost @ (SttEvent::Failed(_) | SttEvent::Busy)) => {
                self.lost = Some(lost);
                None
            }
            (Closes::Turn(_), SttEvent::Heard(rest)) => match self.lost.take() {
                None => Some(SttEvent::Heard(rest)),
                Some(lost) => {
                    self.next = Some(lost);
                    Some(SttEvent::Heard(Transcript { end: TranscriptEnd::Final, ..rest }))
                }
            },
            (Closes::Turn(_), lost @ (SttEvent::Failed(_) | SttEvent::Busy)) => {
                self.lost = None;
                Some(lost)
            }
        }
    }
}

impl Stream {
    pub(super) fn new(pool: Arc<Pool>, model: Arc<Model>, yes_no: Arc<[Load; 2]>) -> Stream {
        let (track, decoding, answers) = (Track::new(), FuturesOrdered::new(), Answers::default());
        Stream { pool, model, yes_no, track, decoding, answers }
    }

    fn decode(&mut self, turn: Turn, closes: Closes) {
        let (pool, model, yes_no) =
            (Arc::clone(&self.pool), Arc::clone(&self.model), Arc::clone(&self.yes_no));
        let decode = async move {
            match decode(&pool, &model, &yes_no, turn, closes).await {
                Ok(transcript) => SttEvent::Heard(transcript),
                Err(Lost::Busy) => SttEvent::Busy,
                Err(lost) => SttEvent::Failed(fault(lost)),
            }
        };
        let decode = AbortOnDropHandle::new(tokio::spawn(decode));
        let fell_over = || SttEvent::Failed(fault(Lost::Crashed("the decoding task fell over".to_owned())));
        self.decoding
            .push_back(Box::pin(async move { (closes, decode.await.unwrap_or_else(|_| fell_over())) }));
    }
}

impl SttStream for Stream {
    fn audio(&mut self, at: Position, samples: &[i16]) {
        if let Some(part) = self.track.audio(at, samples) {
            self.decode(part, Closes::Part);
        }
    }

    fn speech_started(&mut self, at: Position) {
        self.track.started(at);
    }

    fn speech_stopped(&mut self, at: Position, expect: Expect) {
        let turn = self.track.stopped(at);
        self.decode(turn, Closes::Turn(expect));
    }

    fn next(&mut self) -> BoxFuture<'_, SttEvent> {
        Box::pin(async {
            loop {
                if let Some(event) = self.answers.next.take() {
                    return event;
                }
                let Some((closes, event)) = self.decoding.next().await else {
                    return std::future::pending().await;
                };
                if let Some(event) = self.answers.take(closes, event) {
                    return event;
                }
            }
        })
    }
}

async fn decode(
    pool: &Pool,
    model: &Model,
    yes_no: &[Load; 2],
    turn: Turn,
    closes: Closes,
) -> Result<Transcript, Lost> {
    let mut lease = pool.lease().await?;
    let Turn { speech, from, samples } = turn;
    lease.load(&model.load).await?;
    lease.audio(samples).await?;
    let plan = lease.decode(&model.load.decoder, PLAN).await?;
    let expect = match closes {
        Closes::Part => return Ok(Transcript { words: placed(plan, from), end: TranscriptEnd::Final }),
        Closes::Turn(expect) => expect,
    };
    let asked = match expect {
        Expect::YesNo | Expect::YesAgain => true,
        Expect::Anything | Expect::Digits => false,
    };
    let length = speech.to.since(speech.from);
    let (heard, affirmation) = if asked && (ANSWER_MIN..=ANSWER_MAX).contains(&length) {
        load_all(&mut lease, yes_no).await?;
        answer(&mut lease, plan, expect).await?
    } else {
        // Nothing this engine reads by words alone is a yes.
        (plan, Affirmation::Absent)
    };
    Ok(Transcript { words: placed(heard, from), end: TranscriptEnd::Turn(affirmation) })
}

pub(super) async fn load_all(lease: &mut Lease, loads: &[Load]) -> Result<(), Lost> {
    for load in loads {
        lease.load(load).await?;
    }
    Ok(())
}

/// Frames of the turn as positions on the caller's track.
fn placed(decoded: Decoded, from: Position) -> Vec<Word> {
    let at = |frame: u32| from + Samples(frame.saturating_mul(FRAME));
    let word =
        |w: crate::speech::Heard| Word { span: Some(Span { from: at(w.from), to: at(w.to) }), text: w.text };
    decoded.words.into_iter().map(word).collect()
}

pub(super) fn fault(lost: Lost) -> Fault {
    match lost {
        Lost::Busy => Fault::new(
            Owner::Admin,
            "all speech workers are busy",
            "allow more workers or fewer calls at a time",
        ),
        Lost::Crashed(what) => Fault::new(Owner::Gateway, what, "the next turn gets a new worker"),
        Lost::Refused(what) => Fault::new(
            Owner::Admin,
            what,
            "apt-get install -y libpocketsphinx-dev pocketsphinx-en-us, then run `centralita check`",
        ),
        Lost::NoRoom(what) => {
            Fault::new(Owner::Admin, what, "point TMPDIR to a folder that can be written and has room")
        }
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    fn heard(text: &str, end: TranscriptEnd) -> SttEvent {
        let words = vec![Word { text: text.to_owned(), span: None }];
        SttEvent::Heard(Transcript { words, end })
    }

    #[test]
    fn a_part_that_is_lost_is_told_at_the_end_of_its_turn_behind_the_words_of_the_rest() {
        let (mut answers, turn) = (Answers::default(), TranscriptEnd::Turn(Affirmation::Absent));
        let part = || heard("one", TranscriptEnd::Final);
        assert_eq!(answers.take(Closes::Part, part()), Some(part()));
        assert_eq!(answers.take(Closes::Part, SttEvent::Busy), None);
        let rest = answers.take(Closes::Turn(Expect::Anything), heard("two", turn));
        assert_eq!(rest, Some(heard("two", TranscriptEnd::Final)));
        assert_eq!(answers.next.take(), Some(SttEvent::Busy));
        let next = answers.take(Closes::Turn(Expect::Anything), heard("three", turn));
        assert_eq!((next, answers.next.take()), (Some(heard("three", turn)), None), "the next turn is whole");
    }

    #[test]
    fn a_turn_that_is_lost_with_a_part_of_it_is_lost_once() {
        let mut answers = Answers::default();
        assert_eq!(answers.take(Closes::Part, SttEvent::Busy), None);
        assert_eq!(answers.take(Closes::Turn(Expect::YesNo), SttEvent::Busy), Some(SttEvent::Busy));
        let part = heard("four", TranscriptEnd::Final);
        assert_eq!(answers.take(Closes::Part, part.clone()), Some(part));
        assert_eq!((answers.lost, answers.next), (None, None));
    }
}
