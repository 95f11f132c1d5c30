//! A cassette's answers, each found by its question.
//!
//! Promises: an answer is given once; words are given to the speech they lie in.
//! Never: makes up an answer that was not recorded.

use std::collections::{BTreeMap, VecDeque};

use super::entry::{Cassette, Entry};
use super::voices::Voices;
use crate::base::{CallTime, GenerationId, Millis, Position, ProposalId, ReplyId, Span};
use crate::conversation::{Event, Transcript, TranscriptEnd};

/// What was answered to one question, each with its time since.
pub(super) type Answer = Vec<(Millis, Event)>;

/// Everything the world knows.
#[derive(Debug, Default)]
pub(super) struct Answers {
    generations: BTreeMap<GenerationId, Answer>,
    /// Questions about actions, in order, until they are asked.
    actions: Vec<(String, Answer)>,
    pub(super) voices: Voices,
    marks: BTreeMap<ReplyId, Option<i32>>,
    words: VecDeque<Words>,
    meanwhile: VecDeque<(Position, Event)>,
    /// What the carrier told.
    pub(super) told: Vec<(CallTime, Event)>,
    pub(super) hung_up: Option<Millis>,
}

/// What was heard of one speech.
#[derive(Debug)]
struct Words {
    speech: Span,
    after: Millis,
    /// `None`: the recogniser lost it.
    transcript: Option<Transcript>,
}

impl Answers {
    pub(super) fn of(cassette: &Cassette) -> Answers {
        let mut answers = Answers { voices: Voices::of(cassette), ..Answers::default() };
        // Which question of a proposal is the latest.
        let mut asked: BTreeMap<ProposalId, usize> = BTreeMap::new();
        for entry in &cassette.entries {
            match entry {
                Entry::Frames(_) | Entry::Voice(_) => {}
                Entry::At { at, event } => answers.told.push((*at, event.clone())),
                Entry::After { after, event } => answers.after(&asked, *after, event),
                Entry::Question { proposal, text } => {
                    asked.insert(*proposal, answers.actions.len());
                    answers.actions.push((text.clone(), Answer::new()));
                }
                Entry::Mark { reply, after } => drop(answers.marks.insert(*reply, *after)),
                Entry::Words { speech, after, event } => {
                    let transcript = if let Event::Heard(heard) = event { Some(heard.clone()) } else { None };
                    answers.words.push_back(Words { speech: *speech, after: *after, transcript });
                }
                Entry::Meanwhile { position, event } => {
                    answers.meanwhile.push_back((*position, event.clone()))
                }
            }
        }
        answers
    }

    fn after(&mut self, asked: &BTreeMap<ProposalId, usize>, after: Millis, event: &Event) {
        if let Event::Wrote { generation, .. }
        | Event::Proposed { generation, .. }
        | Event::Finished { generation }
        | Event::GenerationFailed { generation } = event
        {
            self.generations.entry(*generation).or_default().push((after, event.clone()));
        } else if let Event::Prepared { proposal, .. }
        | Event::Unprepared { proposal, .. }
        | Event::Unproven { proposal, .. }
        | Event::Settled { proposal, .. } = event
        {
            let action = asked.get(proposal).and_then(|n| self.actions.get_mut(*n));
            action.into_iter().for_each(|(_, answer)| answer.push((after, event.clone())));
        } else if let Event::HungUp = event {
            self.hung_up = Some(after);
        }
    }

    /// The n-th generation's.
    pub(super) fn generation(&mut self, generation: GenerationId) -> Option<Answer> {
        self.generations.remove(&generation)
    }

    /// The first answer to these very words that was not given yet, told of this proposal.
    pub(super) fn action(&mut self, text: &str, proposal: ProposalId) -> Option<Answer> {
        let place = self.actions.iter().position(|(known, _)| known == text)?;
        let (_, answer) = self.actions.remove(place);
        Some(answer.into_iter().map(|(after, event)| (after, about(proposal, event))).collect())
    }

    /// When the reply's mark comes back, after its audio was played by the computed clock. `None`: never. A reply that
    /// was cut in the recording has the wait that is usual for this carrier.
    pub(super) fn mark(&self, reply: ReplyId) -> Option<i32> {
        let usual = || {
            let mut known: Vec<i32> = self.marks.values().flatten().copied().collect();
            known.sort_unstable();
            Some(known.get(known.len() / 2).copied().unwrap_or(0))
        };
        self.marks.get(&reply).copied().unwrap_or_else(usual)
    }

    /// What was told while the track had come so far.
    pub(super) fn meanwhile(&mut self, track: Position) -> Option<Event> {
        self.meanwhile.pop_front_if(|(position, _)| *position <= track).map(|(_, event)| event)
    }

    /// The words that lie in a speech, and when they come. Words of a later one wait for it. `None` where nothing was
    /// recorded of that stretch.
    pub(super) fn words(&mut self, speech: Span) -> Option<Answer> {
        // What was said before this speech was never asked for.
        while self.words.pop_front_if(|words| words.speech.to <= speech.from).is_some() {}
        let mut heard = Answer::new();
        while let Some(next) = self.words.front_mut().filter(|next| next.speech.from < speech.to) {
            // The last recorded word of an earlier part is no end of the turn any more.
            if let Some((_, Event::Heard(before))) = heard.last_mut()
                && before.end.is_turn()
            {
                before.end = TranscriptEnd::Final;
            }
            let after = next.after;
            let Some(transcript) = &mut next.transcript else {
                heard.push((after, Event::SttFailed));
                self.words.pop_front();
                continue;
            };
            let later =
                |word: &crate::conversation::Word| word.span.is_some_and(|span| span.from >= speech.to);
            let (later, now) = std::mem::take(&mut transcript.words).into_iter().partition(later);
            heard.push((after, Event::Heard(Transcript { words: now, end: transcript.end })));
            transcript.words = later;
            // The recorded speech went on, and so may what is left of its words.
            next.speech.from = speech.to;
            if next.speech.to > speech.to && !transcript.words.is_empty() {
                break;
            }
            self.words.pop_front();
        }
        (!heard.is_empty()).then_some(heard)
    }
}

/// The same answer, of a proposal that may have another number today.
fn about(proposal: ProposalId, event: Event) -> Event {
    if let Event::Prepared { action, values, .. } = event {
        Event::Prepared { proposal, action, values }
    } else if let Event::Unprepared { why, .. } = event {
        Event::Unprepared { proposal, why }
    } else if let Event::Unproven { unproven, .. } = event {
        Event::Unproven { proposal, unproven }
    } else if let Event::Settled { outcome, .. } = event {
        Event::Settled { proposal, outcome }
    } else {
        event
    }
}
