//! A file's YAML as a tree in which every node knows its place.
//!
//! YAML can do more than an admin wants: names that repeat a part (`&a`, `*a`), marks of type (`!x`), several
//! documents. They mostly stand there by mistake, as the beginning of a text, and a few of them can blow a
//! small file up: none is read.
//!
//! Promises: bounded in size, depth and number of nodes; what is wrong with the YAML is told, and whatever
//! was not hit by it is still in the tree. A key stands once in a map.
//! Never: knows what a field means.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::Range;

use granit_parser::{Event, Options, Parser, ScalarStyle, ScanError, Span, StrInput, StructureStyle};
use serde_saphyr::granit_parser;

use super::place::Place;
use super::problems::{Desk, PROBLEMS_MAX, shown};
use super::syntax::{self, Refusal};

/// Values in one file: a hundred tools have about five thousand, an API of eight hundred operations eighty thousand.
pub(super) const NODES_MAX: u32 = 200_000;
/// Maps and lists inside one another: definitions need about eight. The tree is walked by recursion.
const DEPTH_MAX: usize = 48;

#[derive(Debug)]
pub(super) struct Node {
    /// Of this node alone, in its file.
    pub(super) id: u32,
    pub(super) place: Place,
    pub(super) held: Held,
}

#[derive(Debug)]
pub(super) enum Held {
    /// `plain`: without quotes and in one piece, so that it may be a number, a yes or a no, or nothing.
    Text {
        text: String,
        plain: bool,
    },
    List(Vec<Node>),
    /// Keys are texts.
    Map(Vec<(Node, Node)>),
    /// What is wrong with it was told.
    Told,
}

impl Node {
    pub(super) fn text(&self) -> &str {
        match &self.held {
            Held::Text { text, .. } => text,
            Held::List(_) | Held::Map(_) | Held::Told => "",
        }
    }

    /// Nothing is written, or `~` or `null`.
    pub(super) fn is_null(&self) -> bool {
        matches!(&self.held, Held::Text { text, plain: true } if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }
}

/// Reads the tree of a file. None where there is nothing that could be looked at further.
///
/// YAML that is refused ends the reading. Where that is for a text without its quotes, something harmless is
/// put in its place and the file is read again, so that what follows is told too.
pub(super) fn read(desk: &mut Desk<'_>) -> Option<Node> {
    let mut text = desk.text.to_owned();
    let mut cures: Vec<Range<usize>> = Vec::new();
    loop {
        let mut problems = Vec::new();
        let own = Desk { file: desk.file, text: desk.text, problems: &mut problems };
        let read = Builder::new(&text, &cures, own).document();
        let error = match read {
            Err(Stop::Refused(error)) => error,
            Ok(_) | Err(Stop::Told) => {
                desk.problems.append(&mut problems);
                return read.ok().flatten();
            }
        };
        let Refusal { at, what, remedy, cure } = syntax::explain(&text, &error);
        let line_was_told = cures.last().is_some_and(|last| at.start <= last.end);
        if !line_was_told {
            desk.say(at, what, remedy);
        }
        match cure {
            Some(cure) if !line_was_told && cures.len() < PROBLEMS_MAX => {
                text.replace_range(cure.clone(), &"x".repeat(cure.len()));
                cures.push(cure);
            }
            _ => {
                desk.problems.append(&mut problems);
                return None;
            }
        }
    }
}

enum Stop {
    Refused(ScanError),
    /// It is no one definition, or more than one can hold: that was told, and what is here is not all of it.
    Told,
}

struct Builder<'t, 'a> {
    parser: Parser<'t, StrInput<'t>>,
    /// Texts that were told, with something harmless in their place.
    cures: &'t [Range<usize>],
    desk: Desk<'a>,
    nodes: u32,
}

impl<'t, 'a> Builder<'t, 'a> {
    fn new(text: &'t str, cures: &'t [Range<usize>], desk: Desk<'a>) -> Builder<'t, 'a> {
        let mut options = Options::default();
        options.emit_unresolved_aliases = true;
        options.flow_nesting_limit = DEPTH_MAX;
        options.block_nesting_limit = DEPTH_MAX;
        Builder { parser: Parser::new_from_str_with_options(text, options), cures, desk, nodes: 0 }
    }

    /// The first document; that there is a second one is a problem.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the parser keeps its list open")]
    fn document(mut self) -> Result<Option<Node>, Stop> {
        let mut root = None;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamEnd => break,
                Event::DocumentStart(..) if root.is_some() => {
                    let remedy = "a file holds one definition: write the next one in a file of its own";
                    self.desk.say((&span).into(), "a second document begins here", remedy);
                    return Err(Stop::Told);
                }
                Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd => {}
                event => root = Some(self.node(event, span)?),
            }
        }
        if root.as_ref().is_none_or(Node::is_null) {
            let what = match self.desk.text.trim().is_empty() {
                true => "this file is empty",
                false => "nothing is defined in this file",
            };
            self.desk.say(
                Place::default(),
                what,
                "begin with `version: 1` and `id: NAME`, or take the file away",
            );
            return Ok(None);
        }
        Ok(root)
    }

    fn next(&mut self) -> Result<(Event<'t>, Span), Stop> {
        self.parser.next_event().unwrap_or(Ok((Event::StreamEnd, Span::default()))).map_err(Stop::Refused)
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the parser keeps its list open")]
    fn node(&mut self, event: Event<'t>, span: Span) -> Result<Node, Stop> {
        let id = self.nodes;
        let mut place = Place::from(&span);
        self.nodes += 1;
        if self.nodes > NODES_MAX {
            let remedy = "write its tools into several files";
            self.desk.say(place, format!("this file holds more than {NODES_MAX} values"), remedy);
            return Err(Stop::Told);
        }
        if self.desk.problems.len() >= PROBLEMS_MAX {
            return Err(Stop::Told);
        }
        let is_marked = self.marked(&event, place);
        let held = match event {
            Event::Scalar(text, style, ..) => self.scalar(text.into_owned(), style, place, is_marked),
            Event::SequenceStart(..) => self.list(&mut place)?,
            Event::MappingStart(style, ..) => self.map(&mut place, style)?,
            _ => Held::Told,
        };
        Ok(Node { id, place, held })
    }

    /// Tells of a mark before a value, or of one that stands for a value.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the parser keeps its list open")]
    fn marked(&mut self, event: &Event<'_>, place: Place) -> bool {
        let (anchor, tag) = match event {
            Event::Scalar(_, _, anchor, tag)
            | Event::SequenceStart(_, anchor, tag)
            | Event::MappingStart(_, anchor, tag) => (*anchor != 0, tag.is_some()),
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                let what = "what begins with `*` repeats another part of the file, which is not read here";
                self.desk.say(
                    place,
                    what,
                    "a text: put it in quotes; a part that comes twice: write it twice",
                );
                return true;
            }
            _ => return false,
        };
        if !anchor && !tag {
            return false;
        }
        let at = self.mark_before(place, if anchor { '&' } else { '!' });
        if anchor {
            let what = "what begins with `&` names a part of the file, which is not read here";
            self.desk.say(at, what, "a text: put it in quotes; a name for a part: leave it out");
        } else {
            let what = "what begins with `!` says a type, which is not read here";
            self.desk.say(at, what, "a text: put it in quotes; a type: leave it out");
        }
        true
    }

    /// The place of a mark: before what it marks, on the same line or the one above.
    fn mark_before(&self, place: Place, mark: char) -> Place {
        let found = self.desk.text.get(..place.start).and_then(|before| before.rfind(mark));
        found.map_or(place, |byte| {
            let rest = &self.desk.text[byte..];
            let end = byte + rest.find(char::is_whitespace).unwrap_or(rest.len());
            Place { end, ..Place::of_byte(self.desk.text, byte) }
        })
    }

    fn scalar(&mut self, text: String, style: ScalarStyle, place: Place, is_marked: bool) -> Held {
        if is_marked || self.cures.iter().any(|cure| cure.contains(&place.start)) {
            return Held::Told;
        }
        Held::Text { text, plain: style == ScalarStyle::Plain }
    }

    fn list(&mut self, place: &mut Place) -> Result<Held, Stop> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, span) => {
                    place.end = Place::from(&span).end.max(place.end);
                    return Ok(Held::List(items));
                }
                (event, span) => items.push(self.node(event, span)?),
            }
        }
    }

    fn map(&mut self, place: &mut Place, style: StructureStyle) -> Result<Held, Stop> {
        let mut entries: Vec<(Node, Node)> = Vec::new();
        // Each key with its line.
        let mut seen = BTreeMap::new();
        let mut is_map = true;
        loop {
            let (event, span) = self.next()?;
            if event == Event::MappingEnd {
                match (style, entries.first()) {
                    (StructureStyle::Flow, _) => place.end = Place::from(&span).end.max(place.end),
                    (_, Some((key, _))) => *place = key.place,
                    (_, None) => {}
                }
                return Ok(if is_map { Held::Map(entries) } else { Held::Told });
            }
            let key = self.node(event, span)?;
            let (event, span) = self.next()?;
            let value = self.node(event, span)?;
            match &key.held {
                // `<<: *a` would put the fields of another map in here.
                Held::Text { text, .. } if text == "<<" && matches!(value.held, Held::Told) => {}
                Held::Text { text, .. } => match seen.entry(text.clone()) {
                    Entry::Vacant(free) => {
                        free.insert(key.place.line);
                        entries.push((key, value));
                    }
                    Entry::Occupied(first) => self.twice(&key, *first.get()),
                },
                Held::Told => {}
                Held::List(_) | Held::Map(_) => {
                    is_map = false;
                    let what = "a text that begins with `{` or `[` must be in quotes";
                    self.desk.say(*place, what, "write it like \"{{ name }}\"");
                }
            }
        }
    }

    fn twice(&mut self, key: &Node, first: usize) {
        let what = format!("`{}` stands here twice: line {first} has it first", shown(key.text()));
        self.desk.say(key.place, what, "keep one of them");
    }
}
