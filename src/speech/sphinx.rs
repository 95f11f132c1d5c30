//! PocketSphinx (5prealpha, Debian's 0.8 package) behind a safe decoder: the only `unsafe` of the house.
//!
//! Promises: a decoder and what it points to are freed once; text from the library is copied before the next call.
//! Never: is shared between threads; logs.
#![expect(unsafe_code, reason = "the recogniser is a C library")]

use std::ffi::{CStr, CString, c_char, c_int};
use std::path::Path;
use std::ptr;

use super::protocol::{Decoded, Heard, Silence};

/// The C side's types are only ever pointed to.
#[repr(C)]
struct Opaque {
    _private: [u8; 0],
}

unsafe extern "C" {
    fn ps_args() -> *const Opaque;
    fn cmd_ln_init(inout: *mut Opaque, defn: *const Opaque, strict: i32, ...) -> *mut Opaque;
    fn cmd_ln_set_int_r(config: *mut Opaque, name: *const c_char, value: std::ffi::c_long);
    fn cmd_ln_free_r(config: *mut Opaque) -> c_int;
    fn ps_init(config: *mut Opaque) -> *mut Opaque;
    fn ps_free(ps: *mut Opaque) -> c_int;
    fn ps_set_jsgf_file(ps: *mut Opaque, name: *const c_char, path: *const c_char) -> c_int;
    fn ps_set_lm_file(ps: *mut Opaque, name: *const c_char, path: *const c_char) -> c_int;
    fn ps_set_search(ps: *mut Opaque, name: *const c_char) -> c_int;
    fn ps_start_utt(ps: *mut Opaque) -> c_int;
    fn ps_process_raw(
        ps: *mut Opaque,
        data: *const i16,
        n: usize,
        no_search: c_int,
        full_utt: c_int,
    ) -> c_int;
    fn ps_end_utt(ps: *mut Opaque) -> c_int;
    fn ps_get_hyp(ps: *mut Opaque, score: *mut i32) -> *const c_char;
    fn ps_get_prob(ps: *mut Opaque) -> i32;
    fn ps_seg_iter(ps: *mut Opaque) -> *mut Opaque;
    fn ps_seg_next(seg: *mut Opaque) -> *mut Opaque;
    fn ps_seg_word(seg: *mut Opaque) -> *const c_char;
    fn ps_seg_frames(seg: *mut Opaque, from: *mut c_int, to: *mut c_int);
}

/// Where the code of either library lies in memory. Asking for it makes the linker load them.
pub(super) fn addresses() -> [usize; 2] {
    [(ps_init as *const ()).addr(), (cmd_ln_free_r as *const ()).addr()]
}

/// One decoder with its searches. `Send`, not `Sync`: one thread at a time.
pub(super) struct Decoder {
    ps: *mut Opaque,
    config: *mut Opaque,
}

/// Where the files of a decoder lie.
pub(super) struct Files<'a> {
    pub(super) model: &'a Path,
    pub(super) dictionary: &'a Path,
    pub(super) transform: Option<&'a Path>,
    pub(super) silence: Silence,
}

impl Decoder {
    /// Reads the acoustic model and the dictionary. The model is not held in memory twice: its large files are mapped.
    pub(super) fn open(files: &Files<'_>) -> Result<Decoder, String> {
        let remove = match files.silence {
            Silence::Removed => "yes",
            Silence::Kept => "no",
        };
        let mut pairs = vec![
            (c"-hmm", c_path(files.model)?),
            (c"-dict", c_path(files.dictionary)?),
            (c"-logfn", c"/dev/null".to_owned()),
            (c"-remove_silence", CString::new(remove).expect("a word without a zero")),
        ];
        if let Some(transform) = files.transform {
            pairs.push((c"-mllr", c_path(transform)?));
        }
        let at =
            |n: usize| pairs.get(n).map_or((ptr::null(), ptr::null()), |(k, v)| (k.as_ptr(), v.as_ptr()));
        let (a, b, c, d, e) = (at(0), at(1), at(2), at(3), at(4));
        let end = ptr::null::<c_char>();
        // SAFETY: names and values are C strings that live until the call returns (it copies them); the first
        // null ends the list, as the function wants; `ps_args` is a static table.
        let config = unsafe {
            cmd_ln_init(ptr::null_mut(), ps_args(), 1, a.0, a.1, b.0, b.1, c.0, c.1, d.0, d.1, e.0, e.1, end)
        };
        if config.is_null() {
            return Err("the recogniser does not accept its settings".to_owned());
        }
        // SAFETY: `config` is valid; the decoder takes a reference of its own.
        let ps = unsafe { ps_init(config) };
        let decoder = Decoder { ps, config };
        if ps.is_null() {
            return Err(format!(
                "the acoustic model in {} or the dictionary cannot be loaded (apt-get install pocketsphinx-en-us)",
                files.model.display()
            ));
        }
        Ok(decoder)
    }

    /// Adds a search from a JSGF file.
    pub(super) fn add_grammar(&mut self, name: &str, path: &Path, passes: Passes) -> Result<(), String> {
        let (key, file) = (c_text(name)?, c_path(path)?);
        self.set_passes(passes);
        // SAFETY: a live decoder and two C strings that are copied or read during the call.
        refused(unsafe { ps_set_jsgf_file(self.ps, key.as_ptr(), file.as_ptr()) }, name)
    }

    /// Adds a search from an ARPA file.
    pub(super) fn add_trigram(&mut self, name: &str, path: &Path, passes: Passes) -> Result<(), String> {
        let (key, file) = (c_text(name)?, c_path(path)?);
        self.set_passes(passes);
        // SAFETY: as above.
        refused(unsafe { ps_set_lm_file(self.ps, key.as_ptr(), file.as_ptr()) }, name)
    }

    /// Decodes one whole turn of 16 kHz samples, normalised over the turn.
    pub(super) fn decode(&mut self, search: &str, samples: &[i16]) -> Result<Decoded, String> {
        let name = c_text(search)?;
        // SAFETY: a live decoder; the samples outlive the call; the order of calls is the library's.
        let done = unsafe {
            ps_set_search(self.ps, name.as_ptr()) == 0
                && ps_start_utt(self.ps) == 0
                && ps_process_raw(self.ps, samples.as_ptr(), samples.len(), 0, 1) >= 0
                && ps_end_utt(self.ps) == 0
        };
        if !done {
            return Err(format!("the search `{search}` cannot decode"));
        }
        // SAFETY: the utterance has ended, which is when a hypothesis may be asked for; null means none.
        let nothing = unsafe { ps_get_hyp(self.ps, ptr::null_mut()).is_null() };
        if nothing {
            return Ok(Decoded::default());
        }
        let words = self.words();
        // SAFETY: as above.
        let posterior = unsafe { ps_get_prob(self.ps) };
        Ok(Decoded { words, posterior })
    }

    fn words(&mut self) -> Vec<Heard> {
        let mut words = Vec::new();
        // SAFETY: the iterator is valid until `ps_seg_next` frees it at its end and returns null; a word's text
        // belongs to the dictionary and is copied at once.
        unsafe {
            let mut seg = ps_seg_iter(self.ps);
            while !seg.is_null() {
                let (mut from, mut to) = (0, 0);
                ps_seg_frames(seg, &raw mut from, &raw mut to);
                let word = ps_seg_word(seg);
                if !word.is_null() {
                    words.extend(heard(CStr::from_ptr(word), from, to));
                }
                seg = ps_seg_next(seg);
            }
        }
        words
    }

    /// A search reads its passes from the configuration when it is made.
    fn set_passes(&mut self, passes: Passes) {
        for (name, on) in [(c"-fwdflat", passes.fwdflat), (c"-bestpath", passes.bestpath)] {
            // SAFETY: both are settings of `ps_args`, and truth values are stored as numbers.
            unsafe { cmd_ln_set_int_r(self.config, name.as_ptr(), i64::from(on)) };
        }
    }
}

/// Which passes follow the first.
#[derive(Clone, Copy)]
pub(super) struct Passes {
    pub(super) fwdflat: bool,
    pub(super) bestpath: bool,
}

impl Drop for Decoder {
    fn drop(&mut self) {
        // SAFETY: both came from their makers and are freed once; freeing a null decoder does nothing.
        unsafe {
            ps_free(self.ps);
            cmd_ln_free_r(self.config);
        }
    }
}

/// A word without its pronunciation mark `(2)`; `None` for silence, noises and the ends of the sentence.
fn heard(word: &CStr, from: c_int, to: c_int) -> Option<Heard> {
    let text = word.to_str().ok()?;
    let text = text.split('(').next().unwrap_or_default();
    if text.is_empty() || text.starts_with(['<', '[', '+']) {
        return None;
    }
    let from = u32::try_from(from).ok()?;
    let to = u32::try_from(to).ok()?.saturating_add(1);
    Some(Heard { text: text.to_owned(), from, to })
}

fn refused(code: c_int, name: &str) -> Result<(), String> {
    if code == 0 {
        return Ok(());
    }
    Err(format!("the search `{name}` cannot be made: a word without a pronunciation, or a broken model"))
}

fn c_text(text: &str) -> Result<CString, String> {
    CString::new(text).map_err(|_| "a name holds a zero byte".to_owned())
}

fn c_path(path: &Path) -> Result<CString, String> {
    c_text(path.to_str().ok_or("a path is not text")?)
}
