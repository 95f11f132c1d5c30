//! The gateway's TwiML, read as the carrier reads it.
//!
//! Source: Twilio's TwiML reference, read in September 2026.
//!
//! Promises: what Twilio would refuse is a fault with a remedy: an unknown verb, a stream's query string.
//! Never: follows anything; the call does.

use std::collections::{BTreeMap, VecDeque};

use roxmltree::{Document, Node};
use url::Url;

use crate::core::base::{Fault, Owner};

/// One instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Connect(Connect),
    Say { language: String, text: String },
    Dial { to: String },
    Reject,
    Hangup,
}

/// A bidirectional stream, and what is asked when it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Connect {
    /// `ws` or `wss`, as it was written.
    pub(super) stream: String,
    pub(super) name: String,
    pub(super) params: BTreeMap<String, String>,
    pub(super) action: Option<Url>,
    pub(super) status_callback: Option<Url>,
}

/// The verbs of a document that came from `source`; relative addresses are relative to it.
pub(super) fn read(text: &str, source: &Url) -> Result<VecDeque<Verb>, Fault> {
    let document = Document::parse(text).map_err(|e| wrong(&format!("it is no XML: {e}")))?;
    let root = document.root_element();
    if root.tag_name().name() != "Response" {
        return Err(wrong("its root is not `Response`"));
    }
    root.children().filter(Node::is_element).map(|node| verb(node, source)).collect()
}

fn verb(node: Node<'_, '_>, source: &Url) -> Result<Verb, Fault> {
    match node.tag_name().name() {
        "Connect" => connect(node, source).map(Verb::Connect),
        "Say" => {
            let language = node.attribute("language").unwrap_or("en-US").to_owned();
            Ok(Verb::Say { language, text: text_of(node) })
        }
        "Dial" => Ok(Verb::Dial { to: text_of(node) }),
        "Reject" => Ok(Verb::Reject),
        "Hangup" => Ok(Verb::Hangup),
        other => Err(wrong(&format!("this carrier does not know the verb `{other}`"))),
    }
}

fn connect(node: Node<'_, '_>, source: &Url) -> Result<Connect, Fault> {
    let stream = child(node, "Stream").ok_or_else(|| wrong("its `Connect` has no `Stream`"))?;
    let written = stream.attribute("url").ok_or_else(|| wrong("its `Stream` has no `url`"))?;
    let url = Url::parse(written).map_err(|e| wrong(&format!("the url of its `Stream` is none: {e}")))?;
    if !matches!(url.scheme(), "ws" | "wss") || url.query().is_some() {
        return Err(wrong("the url of its `Stream` must be wss:// and have no query string"));
    }
    let mut params = BTreeMap::new();
    for parameter in stream.children().filter(|n| n.has_tag_name("Parameter")) {
        let (Some(name), Some(value)) = (parameter.attribute("name"), parameter.attribute("value")) else {
            return Err(wrong("a `Parameter` has no name or no value"));
        };
        if name.len() + value.len() > crate::telephony::twilio::wire::PARAM_BYTES_MAX {
            return Err(wrong("a `Parameter` has more than 500 bytes"));
        }
        params.insert(name.to_owned(), value.to_owned());
    }
    Ok(Connect {
        stream: written.to_owned(),
        name: stream.attribute("name").unwrap_or_default().to_owned(),
        params,
        action: address(node, "action", source)?,
        status_callback: address(stream, "statusCallback", source)?,
    })
}

fn address(node: Node<'_, '_>, attribute: &str, source: &Url) -> Result<Option<Url>, Fault> {
    let joined = node.attribute(attribute).map(|written| source.join(written)).transpose();
    joined.map_err(|e| wrong(&format!("its `{attribute}` is no address: {e}")))
}

fn child<'a, 'i>(node: Node<'a, 'i>, name: &str) -> Option<Node<'a, 'i>> {
    node.children().find(|n| n.has_tag_name(name))
}

fn text_of(node: Node<'_, '_>) -> String {
    node.text().unwrap_or_default().trim().to_owned()
}

fn wrong(why: &str) -> Fault {
    Fault::new(
        Owner::Gateway,
        format!("the gateway's TwiML cannot be followed: {why}"),
        "compare the webhook's answer with Twilio's TwiML reference",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telephony::twilio::twiml;

    fn source() -> Url {
        Url::parse("https://gw.example.com/hooks/voice?x=1").expect("a URL")
    }

    fn one(text: &str) -> Result<Verb, Fault> {
        read(text, &source()).map(|mut verbs| verbs.pop_front().expect("there is a verb"))
    }

    #[test]
    fn the_carrier_reads_what_the_gateway_writes() {
        let written = twiml::connect(&twiml::Connect {
            action: "https://gw.example.com/after?attempt=1&b=2",
            stream: "wss://gw.example.com/media/twilio",
            name: "agent",
            status_callback: "/status",
            params: &[("token", "a<b"), ("from", "+1")],
        });
        let Ok(Verb::Connect(connect)) = one(&written) else { panic!("{written}") };
        assert_eq!(connect.stream, "wss://gw.example.com/media/twilio");
        assert_eq!(
            connect.action.expect("the verb names it").as_str(),
            "https://gw.example.com/after?attempt=1&b=2"
        );
        assert_eq!(
            connect.status_callback.expect("the verb names it").as_str(),
            "https://gw.example.com/status"
        );
        assert_eq!((connect.params["token"].as_str(), connect.params.len()), ("a<b", 2));
        assert_eq!(one(&twiml::hang_up()), Ok(Verb::Hangup));
        let dial = "<Response><Dial>+1555</Dial></Response>";
        assert_eq!(one(dial), Ok(Verb::Dial { to: "+1555".to_owned() }));
        let verbs =
            read(&twiml::say_and_hang_up("es-ES", "Adiós & gracias"), &source()).expect("TwiML of our own");
        let say = Verb::Say { language: "es-ES".to_owned(), text: "Adiós & gracias".to_owned() };
        assert_eq!(verbs, [say, Verb::Hangup]);
    }

    #[test]
    fn what_a_carrier_would_refuse_is_a_fault_that_says_why() {
        let stream = |inner: &str| format!("<Response><Connect>{inner}</Connect></Response>");
        for (text, says) in [
            ("not xml".to_owned(), "no XML"),
            ("<Other/>".to_owned(), "Response"),
            ("<Response><Fly/></Response>".to_owned(), "Fly"),
            (stream(""), "no `Stream`"),
            (stream("<Stream/>"), "url"),
            (stream("<Stream url='/media'/>"), "url"),
            (stream("<Stream url='https://gw.example.com/m'/>"), "wss"),
            (stream("<Stream url='wss://gw.example.com/m?token=1'/>"), "query"),
            (stream("<Stream url='wss://gw.example.com/m'><Parameter name='a'/></Stream>"), "Parameter"),
        ] {
            let fault = read(&text, &source()).unwrap_err();
            assert!(fault.what.contains(says), "{text}: {fault}");
        }
    }
}
