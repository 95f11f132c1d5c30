//! Server-sent events, bytes in, data out: no IO, no clock.
//!
//! Source: WHATWG HTML, "Server-sent events", 9.2.6 (interpreting an event stream), read in November 2026. Of an
//! event only its data is kept: no model's stream needs a name, an id or a retry time.
//!
//! Promises: the same events however the bytes are chopped; CR, LF and CRLF end a line; an event is bounded.
//! Never: fails on bytes that are not UTF-8; they become U+FFFD.

/// The longest event accepted, in bytes: sixteen times the longest seen, a whole tool call in one piece.
pub const EVENT_BYTES_MAX: usize = 256 * 1024;

/// An event grew beyond [`EVENT_BYTES_MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventTooLong;

/// A parser for one body.
#[derive(Debug, Default)]
pub struct Sse {
    line: Vec<u8>,
    /// Data lines of the event under way, each with a line feed behind it.
    data: Vec<u8>,
    last: Last,
}

/// What came just before, for the two things that hang on it: a BOM at the start, and LF after CR.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Last {
    /// The first line is not complete yet.
    #[default]
    Nothing,
    Cr,
    Other,
}

impl Sse {
    /// Takes bytes as they come; the data of every event they complete goes to `out`.
    pub fn feed(&mut self, bytes: &[u8], out: &mut Vec<String>) -> Result<(), EventTooLong> {
        for byte in bytes {
            match byte {
                b'\n' if self.last == Last::Cr => self.last = Last::Other,
                b'\r' | b'\n' => {
                    self.end_line(out);
                    self.last = if *byte == b'\r' { Last::Cr } else { Last::Other };
                }
                other => {
                    if self.last == Last::Cr {
                        self.last = Last::Other;
                    }
                    self.line.push(*other);
                }
            }
            if self.line.len() + self.data.len() > EVENT_BYTES_MAX {
                return Err(EventTooLong);
            }
        }
        Ok(())
    }

    /// The body has ended. An event that lacks only its blank line is taken: servers do forget it.
    pub fn finish(mut self, out: &mut Vec<String>) {
        self.end_line(out);
        self.end_event(out);
    }

    fn end_line(&mut self, out: &mut Vec<String>) {
        let mut line = std::mem::take(&mut self.line);
        if self.last == Last::Nothing && line.starts_with(BOM) {
            line.drain(..BOM.len());
        }
        if line.is_empty() {
            self.end_event(out);
        } else if let Some(value) = line.strip_prefix(b"data:") {
            self.data.extend_from_slice(value.strip_prefix(b" ").unwrap_or(value));
            self.data.push(b'\n');
        } else if line == b"data" {
            self.data.push(b'\n');
        }
    }

    fn end_event(&mut self, out: &mut Vec<String>) {
        if self.data.pop().is_some() {
            out.push(String::from_utf8_lossy(&self.data).into_owned());
            self.data.clear();
        }
    }
}

const BOM: &[u8] = "\u{feff}".as_bytes();

#[cfg(test)]
mod tests {
    use super::*;

    fn events(chunks: &[&[u8]]) -> Vec<String> {
        let (mut sse, mut out) = (Sse::default(), Vec::new());
        for chunk in chunks {
            sse.feed(chunk, &mut out).expect("the event is within its limit");
        }
        sse.finish(&mut out);
        out
    }

    #[test]
    fn events_are_read_in_all_the_ways_they_are_written() {
        let table: &[(&str, &[&str])] = &[
            ("data: a\n\ndata:b\n\n", &["a", "b"]),
            ("data: a\r\n\r\ndata: b\r\n\r\n", &["a", "b"]),
            ("data: a\r\rdata: b\r\r", &["a", "b"]),
            ("\u{feff}data: a\n\n", &["a"]),
            ("data: a\n\n\u{feff}data: b\n\n", &["a"]),
            (": keep-alive\n\ndata: a\n: another\ndata: b\n\n", &["a\nb"]),
            ("event: x\nid: 7\nretry: 10\ndata: a\n\n", &["a"]),
            ("data:  two spaces\n\n", &[" two spaces"]),
            ("data\n\ndata:\n\n", &["", ""]),
            ("datas: no\nxdata: no\n\n", &[]),
            ("\n\n\n", &[]),
            ("data: no blank line after", &["no blank line after"]),
            ("data: ñ €\n\n", &["ñ €"]),
            ("", &[]),
        ];
        for (body, expected) in table {
            assert_eq!(events(&[body.as_bytes()]), *expected, "{body:?}");
            let single: Vec<&[u8]> = body.as_bytes().chunks(1).collect();
            assert_eq!(events(&single), *expected, "{body:?} byte by byte");
        }
    }

    #[test]
    fn bytes_that_are_no_text_do_no_harm() {
        assert_eq!(events(&[b"data: a\xff\n\n"]), ["a\u{fffd}"]);
        let (mut sse, mut out) = (Sse::default(), Vec::new());
        let mut seed: u32 = 9;
        for _ in 0..50_000 {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            sse.feed(&seed.to_le_bytes()[2..], &mut out).expect("the event is within its limit");
        }
    }

    #[test]
    fn an_event_without_end_is_refused_and_not_kept() {
        let (mut sse, mut out) = (Sse::default(), Vec::new());
        let lines = "data: 0123456789\n".repeat(EVENT_BYTES_MAX / 10);
        assert_eq!(sse.feed(lines.as_bytes(), &mut out), Err(EventTooLong));
        assert_eq!(Sse::default().feed(&vec![b'x'; EVENT_BYTES_MAX + 1], &mut out), Err(EventTooLong));
        assert_eq!(Sse::default().feed(": ok\n".repeat(EVENT_BYTES_MAX).as_bytes(), &mut out), Ok(()));
    }
}
