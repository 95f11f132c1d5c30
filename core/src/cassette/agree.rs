//! Whether a cassette says what its own journal says.
//!
//! A cassette was told of each fact when the journal was, so what it holds stands in the journal too, in the same order. A line
//! of which that is not so was changed, or is of another call, and what is played from it is not what happened.
//!
//! Promises: no cassette is refused that was kept while its call ran, however many of its lines were lost.
//! Never: compares times, which a difference of the call tells.

use super::asked::Asked;
use super::entry::{Cassette, Entry};
use crate::conversation::Event;
use crate::journal::{CallFile, Line, write_event};

/// What a line of a cassette says otherwise than the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contradiction {
    /// Its place among the entries, from zero.
    pub entry: usize,
    pub says: String,
    /// What of the same is there in its place.
    pub journal: Option<String>,
}

/// The first line that the journal contradicts.
#[must_use]
pub fn contradiction(cassette: &Cassette, file: &CallFile) -> Option<Contradiction> {
    let mut events = Row::new(file.events().map(|(_, event)| event));
    let mut questions = Row::new(file.lines.iter().filter_map(question));
    cassette.entries.iter().enumerate().find_map(|(entry, line)| {
        let (says, journal) = match line {
            Entry::At { event, .. }
            | Entry::After { event, .. }
            | Entry::Words { event, .. }
            | Entry::Meanwhile { event, .. } => {
                let instead = events.passes(|known| *known == event).err()?;
                let journal = instead.iter().find(|known| is_of_the_same(known, event));
                (write_event(event), journal.map(|event| write_event(event)))
            }
            Entry::Question { proposal, text } => {
                let asked = format!("{proposal} {text}");
                let instead = questions.passes(|known| *known == asked).err()?;
                let same = instead.iter().find(|known| known.starts_with(&format!("{proposal} ")));
                (asked, same.cloned())
            }
            Entry::Frames(_) | Entry::Voice(_) | Entry::Mark { .. } => return None,
        };
        Some(Contradiction { entry, says, journal })
    })
}

/// What the journal holds of one kind, and how far the cassette has come in it.
struct Row<T> {
    all: Vec<T>,
    next: usize,
}

impl<T> Row<T> {
    fn new(all: impl Iterator<Item = T>) -> Row<T> {
        Row { all: all.collect(), next: 0 }
    }

    /// Passes by the next one that is so; else those that are left.
    fn passes(&mut self, is: impl Fn(&T) -> bool) -> Result<(), &[T]> {
        let Some(further) = self.all[self.next..].iter().position(is) else {
            return Err(&self.all[self.next..]);
        };
        self.next += further + 1;
        Ok(())
    }
}

/// What an order asked of a tool.
fn question(line: &Line) -> Option<String> {
    let Line::Order { text } = line else { return None };
    match Asked::of(text)? {
        Asked::Prepare { proposal, text } | Asked::Run { proposal, text } => {
            Some(format!("{proposal} {text}"))
        }
        Asked::Say { .. }
        | Asked::Generate(_)
        | Asked::DropGeneration(_)
        | Asked::Discard(_)
        | Asked::Cut(_)
        | Asked::HangUp => None,
    }
}

/// Whether both tell of the same thing: words of the caller; or one word, and one id where the event has one.
fn is_of_the_same(known: &Event, event: &Event) -> bool {
    let subject = |event: &Event| {
        let line = write_event(event);
        let mut words = line.split(' ').map(str::to_owned);
        let (verb, id) = (words.next(), words.next());
        let has_id = id.as_ref().is_some_and(|id| id.starts_with(['@', 't', '#']));
        (verb, id.filter(|_| has_id))
    };
    subject(known) == subject(event)
}
