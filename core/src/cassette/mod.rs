//! A recorded call with its sound: what services and carrier answered, and when; and the whole call over again, on a
//! clock of its own.
//!
//! Reading order: `entry` and `text` (the cassette as lines), `asked` (what an answer belongs to), `keep` (written while
//! a call runs), `derive` (made of the journal, where none was kept), `frames`, `voices` and `answers` (the world that
//! answers), `agree` (whether the journal says the same), `play` (the call again), `outline` and `compare` (what is told of two
//! runs of one call).
//!
//! Promises: what a cassette writes reads back; the same cassette, plan and track give the same call.
//! Never: carries out an order; holds audio, a number of a caller, or what the heart was not told.

mod agree;
mod answers;
mod asked;
mod compare;
mod derive;
mod entry;
mod frames;
mod keep;
mod outline;
mod play;
#[cfg(test)]
mod tests;
mod text;
mod voices;

pub use agree::{Contradiction, contradiction};
pub use asked::Asked;
pub use compare::{Change, TIME_SLACK, compare, pairs};
pub use derive::{NotDerived, derive};
pub use entry::{CASSETTE_VERSION, Cassette, Chunk, Entry, Frames, Setup, Voice};
pub use keep::{Keeper, Told};
pub use outline::{BargeIn, Outline, Turn};
pub use play::{Played, play, seconds, stretch};
pub use text::lost;
