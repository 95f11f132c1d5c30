//! Where recordings go, and what becomes of them.
//!
//! Promises: what was recorded of a call on an earlier line stays; what a killed process left half coded goes.
//! Never: records anything itself.

use std::path::PathBuf;

use super::coder::{CODE_AT_END, Coder};
use crate::core::base::{CallId, Fault, Owner};
use crate::media;

/// A call's carrier may lose its stream a few times, never so many.
const PARTS_MAX: u32 = 1_000;

/// How recordings are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// As it was on the line: 32 KB a second.
    #[default]
    Wav,
    /// In an Ogg file, about a tenth of that, once the call is over.
    Opus,
}

/// Where recordings go, and what becomes of them.
#[derive(Clone, Debug)]
pub struct Recordings {
    folder: PathBuf,
    coder: Option<Coder>,
}

impl Recordings {
    /// Recordings in that folder, out of which goes what killed processes left half coded. Blocks on the disk.
    #[must_use]
    pub fn new(folder: PathBuf, format: Format) -> Recordings {
        let coder = match format {
            Format::Wav => None,
            Format::Opus => Some(Coder::start()),
        };
        match media::remove_parts(&folder) {
            Ok(parts) => parts.iter().for_each(|part| {
                let part = part.display();
                tracing::warn!(%part, "removed: a process was killed while it coded this recording, which stays WAV");
            }),
            Err(fault) => {
                tracing::error!(owner = ?fault.owner, %fault, "what is left of half coded recordings is not removed");
            }
        }
        Recordings { folder, coder }
    }

    /// Waits until the recordings of calls that are over are what they are to be, or for [`CODE_AT_END`].
    pub async fn close(self) {
        if let Some(coder) = self.coder {
            // A panic in there is told there.
            let _ = tokio::task::spawn_blocking(move || coder.close(CODE_AT_END)).await;
        }
    }

    /// A new file for a call: what was recorded of it on an earlier line stays. Blocks on the disk.
    pub(super) fn begin(&self, call: &CallId) -> Result<media::Recorder, Fault> {
        let folder = &self.folder;
        let name = |nth: u32| match nth {
            1 => call.to_string(),
            nth => format!("{call}-part-{nth}"),
        };
        let is_free = |name: &String| {
            ["wav", "opus"].iter().all(|kind| !folder.join(format!("{name}.{kind}")).exists())
        };
        let free = (1..=PARTS_MAX).map(name).find(is_free);
        let name = free.ok_or_else(|| {
            let what = format!("{} holds {PARTS_MAX} recordings of the call {call}", folder.display());
            Fault::new(Owner::Provider, what, "see why the carrier opens streams of one call again and again")
        })?;
        media::Recorder::create(&folder.join(format!("{name}.wav")))
    }

    /// A file that is whole.
    pub(crate) fn end(&self, recording: PathBuf) {
        if let Some(coder) = &self.coder {
            coder.take(recording);
        }
    }
}
