//! What a recogniser says that a caller said, and what a model writes to be spoken.
//!
//! Promises: a text is judged, read and cut in any language, whatever it holds; no word is lost in the cutting.
//! Never: hears audio.

use centralita::core::language::{
    Cues, Language, Splitter, ValueKind, amounts_in, claims_done, digits_read, echoes, find_values, judge,
    money_read, number_read, spoken_text, tokens,
};

/// Words: judged as an answer, read for values, screened, and cut into pieces.
pub(super) fn spoken_words(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let verbs = ["refund it".to_owned(), "cancélala".to_owned()];
    for language in Language::ALL {
        let judged = judge(language, text, &Cues { verbs: &verbs });
        assert_eq!(judge(language, text, &Cues { verbs: &verbs }), judged);
        let _ = (echoes(language, text, "Refund twenty dollars?"), claims_done(language, text));
        let _ = (amounts_in(language, text), digits_read(language, text), number_read(language, text));
        let _ = money_read(language, text, "EUR");
        let count = tokens(text).len();
        for kind in [ValueKind::Digits, ValueKind::Number, ValueKind::Money] {
            for found in find_values(language, text, kind, "EUR") {
                assert!(
                    found.words.start < found.words.end && found.words.end <= count,
                    "a value lies in the words"
                );
            }
        }
        let _ = spoken_text(language, text);
        cut(language, text);
    }
}

/// Cut as it comes in one piece, and character by character.
fn cut(language: Language, text: &str) {
    let (mut whole, mut single) = (Vec::new(), Vec::new());
    let mut splitter = Splitter::new(language);
    splitter.push(text, &mut whole);
    splitter.finish(&mut whole);
    let mut splitter = Splitter::new(language);
    for character in text.chars() {
        splitter.push(character.encode_utf8(&mut [0; 4]), &mut single);
    }
    splitter.finish(&mut single);
    assert_eq!(whole, single, "the same pieces however the stream is cut");
}
