//! Whether what a call does is done, or only played.
//!
//! Promises: one word for each, the same in a record, a report and a log.
//! Never: decides anything.

/// Where the requests of a call's tools go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum World {
    /// To the systems they are for.
    #[default]
    Real,
    /// Nowhere: samples answer in their place, and no byte leaves.
    Mocked,
}

impl World {
    /// As it stands in a record and in reports.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            World::Real => "real",
            World::Mocked => "mocked",
        }
    }

    /// Reads what `word` gives.
    #[must_use]
    pub fn parse(word: &str) -> Option<World> {
        [World::Real, World::Mocked].into_iter().find(|world| world.word() == word)
    }
}
