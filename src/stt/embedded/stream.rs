//! One call's stream: turns go to leased workers, answers come back in the order of the turns.
//!
//! Promises: a turn is answered once, after the parts of it that came before; a worker that falls over loses this
//! turn, or this part of one, and nothing else.
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
    turns: FuturesOrdered<AbortOnDropHandle<SttEvent>>,
}

impl Stream {
    pub(super) fn new(pool: Arc<Pool>, model: Arc<Model>, yes_no: Arc<[Load; 2]>) -> Stream {
        Stream { pool, model, yes_no, track: Track::new(), turns: FuturesOrdered::new() }
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
        self.turns.push_back(AbortOnDropHandle::new(tokio::spawn(decode)));
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
            match self.turns.next().await {
                Some(Ok(event)) => event,
                Some(Err(_)) => {
                    SttEvent::Failed(fault(Lost::Crashed("the decoding task fell over".to_owned())))
                }
                None => std::future::pending().await,
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
    }
}
