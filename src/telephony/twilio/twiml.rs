//! The instructions we answer a webhook with, as TwiML.
//!
//! Source: Twilio's TwiML reference (`Connect`, `Stream`, `Say`, `Hangup`), read in September 2026.
//!
//! Promises: every value is escaped; `<Connect>` has an action and no verb after it, so its end asks us.
//! Never: puts anything into a stream's query string, which Twilio drops.

use std::fmt::Write as _;

const OPEN: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response>";
const CLOSE: &str = "</Response>";

/// A bidirectional stream, and where Twilio asks what to do when it ends.
#[derive(Debug)]
pub struct Connect<'a> {
    /// Asked for more TwiML when the stream ends, whoever ended it.
    pub action: &'a str,
    /// `wss://`, without a query string.
    pub stream: &'a str,
    /// Unique in the call.
    pub name: &'a str,
    /// Told of `stream-started`, `stream-stopped` and `stream-error`.
    pub status_callback: &'a str,
    /// Arrive in the stream's `start`; name and value have 500 bytes at most together.
    pub params: &'a [(&'a str, &'a str)],
}

#[must_use]
pub fn connect(order: &Connect<'_>) -> String {
    let mut out = String::from(OPEN);
    element(&mut out, "Connect", &[("action", order.action), ("method", "POST")], ">");
    let stream = [
        ("url", order.stream),
        ("name", order.name),
        ("statusCallback", order.status_callback),
        ("statusCallbackMethod", "POST"),
    ];
    element(&mut out, "Stream", &stream, ">");
    for (name, value) in order.params {
        element(&mut out, "Parameter", &[("name", name), ("value", value)], "/>");
    }
    out.push_str("</Stream></Connect>");
    out.push_str(CLOSE);
    out
}

#[must_use]
pub fn hang_up() -> String {
    format!("{OPEN}<Hangup/>{CLOSE}")
}

/// One sentence in the carrier's own voice, then the end: for a call that cannot be answered.
#[must_use]
pub fn say_and_hang_up(language: &str, sentence: &str) -> String {
    let mut out = String::from(OPEN);
    element(&mut out, "Say", &[("language", language)], ">");
    let _ = write!(out, "{}</Say><Hangup/>{CLOSE}", Escaped(sentence));
    out
}

fn element(out: &mut String, name: &str, attributes: &[(&str, &str)], end: &str) {
    let _ = write!(out, "<{name}");
    for (key, value) in attributes {
        let _ = write!(out, " {key}=\"{}\"", Escaped(value));
    }
    out.push_str(end);
}

/// Text as it may stand in an element or an attribute; what XML 1.0 cannot hold at all is left out.
struct Escaped<'a>(&'a str);

impl std::fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.chars().try_for_each(|c| match c {
            '&' => f.write_str("&amp;"),
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '"' => f.write_str("&quot;"),
            '\'' => f.write_str("&apos;"),
            '\t' | '\n' | '\r' => write!(f, "&#{};", u32::from(c)),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => Ok(()),
            plain => f.write_char(plain),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str = "a\"b<c>&'d\u{0}\n";

    #[test]
    fn a_stream_carries_its_parameters_and_nothing_follows_it() {
        let order = Connect {
            action: "https://gw.example.com/after?attempt=1",
            stream: "wss://gw.example.com/media/twilio",
            name: "agent",
            status_callback: "https://gw.example.com/status",
            params: &[("token", "7d9c"), ("from", "+15550100001")],
        };
        assert_eq!(
            connect(&order),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response>\
             <Connect action=\"https://gw.example.com/after?attempt=1\" method=\"POST\">\
             <Stream url=\"wss://gw.example.com/media/twilio\" name=\"agent\" \
             statusCallback=\"https://gw.example.com/status\" statusCallbackMethod=\"POST\">\
             <Parameter name=\"token\" value=\"7d9c\"/><Parameter name=\"from\" value=\"+15550100001\"/>\
             </Stream></Connect></Response>"
        );
    }

    #[test]
    fn hostile_values_come_out_of_an_independent_reader_as_they_went_in() {
        let order = Connect {
            action: HOSTILE,
            stream: HOSTILE,
            name: HOSTILE,
            status_callback: HOSTILE,
            params: &[(HOSTILE, HOSTILE)],
        };
        for text in [connect(&order), say_and_hang_up(HOSTILE, HOSTILE), hang_up()] {
            let read = roxmltree::Document::parse(&text).expect("TwiML is XML");
            for node in read.descendants().filter(roxmltree::Node::is_element) {
                for attribute in node.attributes().filter(|a| !a.name().to_lowercase().ends_with("method")) {
                    assert_eq!(attribute.value(), "a\"b<c>&'d\n", "{text}");
                }
            }
        }
        assert!(say_and_hang_up("en", HOSTILE).contains(">a&quot;b&lt;c&gt;&amp;&apos;d&#10;</Say>"));
    }

    #[test]
    fn a_refusal_is_one_sentence_and_the_end() {
        assert!(
            say_and_hang_up("es-ES", "Llame más tarde.")
                .ends_with("<Say language=\"es-ES\">Llame más tarde.</Say><Hangup/></Response>")
        );
        assert!(hang_up().ends_with("<Response><Hangup/></Response>"));
    }
}
