//! What is private in a text, and what is not.
//!
//! Promises: numbers are test numbers of the card schemes, or made up with their check digit.
//! Never: names anybody.

use super::*;
use Language::{English, Spanish};
use PrivateKind::{Card, Email, NationalId, Phone};

fn found(
    language: Language,
    kinds: &[PrivateKind],
    text: &str,
    by: Teller,
) -> Vec<(PrivateKind, String, String)> {
    let kinds = kinds.iter().copied().collect();
    let sought = Sought { language, kinds: &kinds, known: &|_| None };
    let found = find_private(&sought, text, by).into_iter();
    found.map(|stretch| (stretch.kind, stretch.value, text[stretch.raw].to_owned())).collect()
}

/// The one value found, with the words it stands in.
fn only(language: Language, kind: PrivateKind, text: &str, by: Teller) -> Option<(String, String)> {
    let mut all = found(language, &[kind], text, by);
    assert!(all.len() <= 1, "{text}: {all:?}");
    all.pop().map(|(_, value, raw)| (value, raw))
}

const CARD: &str = "4111111111111111";

#[test]
fn a_card_number_is_found_however_it_is_grouped_and_in_any_language() {
    for (language, text, raw) in [
        (English, "it's 4111 1111 1111 1111, thanks", "4111 1111 1111 1111"),
        (English, "4111-1111-1111-1111", "4111-1111-1111-1111"),
        (English, "4111.1111.1111.1111", "4111.1111.1111.1111"),
        (English, "card=4111111111111111;", CARD),
        (English, "four one one one one one one one one one one one one one one one please", ""),
        (English, "forty one eleven eleven eleven eleven eleven eleven eleven", ""),
        (English, "four triple one 1111 um 1111 double one eleven then", ""),
        (Spanish, "cuatro uno uno uno uno uno uno uno uno uno uno uno uno uno uno uno", ""),
        (Spanish, "es la cuatro mil ciento once y luego 1111 1111 once once gracias", ""),
        (Spanish, "four one one one 1111 1111 1111", ""),
        (English, "4111 1111 1111 1111 123", "4111 1111 1111 1111"),
        (English, "1182 4111 1111 1111 1111", "4111 1111 1111 1111"),
        (English, "⟦4111 1111 1111 1111⟧", "4111 1111 1111 1111"),
    ] {
        let got = only(language, Card, text, Teller::Caller);
        let (value, at) = got.unwrap_or_else(|| panic!("{text}"));
        assert_eq!(value, CARD, "{text}");
        assert!(raw.is_empty() || at == raw, "{text}: {at}");
    }
    for other in
        ["378282246310005", "5555555555554444", "6011111111111117", "2223003122003222", "30569309025904"]
    {
        assert_eq!(
            only(English, Card, other, Teller::System).map(|(value, _)| value).as_deref(),
            Some(other)
        );
    }
}

#[test]
fn words_of_another_language_are_digits_in_company_alone() {
    for (text, digits) in [
        ("my order is due 1182", "1182"),
        ("a set 1182 please", "1182"),
        ("the card is 4111 um 1111", "41111111"),
        ("quatre un un un 1111 1111 1111", "4111111111111111"),
        ("vier eins eins eins 1111 1111 1111", "4111111111111111"),
    ] {
        let runs: Vec<String> = digit_runs(English, text).into_iter().map(|(_, digits)| digits).collect();
        assert_eq!(runs, [digits], "{text}");
    }
}

#[test]
fn an_order_number_an_amount_a_time_and_what_has_no_check_digit_are_no_card() {
    for text in [
        "order 1182",
        "order 411111111111",
        "it was 4111111111111112",
        "2026-07-27 10:00:00",
        "20260727100000",
        "1753612345678",
        "4111 1111 and 1182 is the order, 1,182.50 each",
        "it costs 4,111.11 at 11:11 on 11/11/1111",
        "⟦card 1⟧",
    ] {
        assert_eq!(only(English, Card, text, Teller::System), None, "{text}");
    }
    for text in ["order 411111111111", "my number is one one eight two", "1182 and 4071, twenty dollars"] {
        assert_eq!(only(English, Card, text, Teller::Caller), None, "{text}");
    }
}

#[test]
fn a_card_number_that_was_misheard_by_a_digit_is_hidden_all_the_same_where_a_caller_says_it() {
    let text = "it is 4111 1112 1111 1111 and the order 1182";
    let (value, raw) = only(English, Card, text, Teller::Caller).expect("it is as long as a card");
    assert_eq!((value.as_str(), raw.as_str()), ("4111111211111111", "4111 1112 1111 1111"));
    assert_eq!(only(English, Card, text, Teller::System), None);
    // A number said before it begins no phone number with it.
    let text = "order one one eight two four five three nine 1488 0343 6467";
    let all = found(English, &[Card, Phone], text, Teller::Caller);
    assert_eq!(all.iter().map(|(_, value, _)| value.as_str()).collect::<Vec<_>>(), ["4539148803436467"]);
    // And no part of it is taken for a shorter number.
    let all = found(English, &[Card, Phone, NationalId], "4111 1112 1111 1111", Teller::Caller);
    assert_eq!(all.len(), 1, "{all:?}");
}

#[test]
fn an_address_is_found_written_and_spoken() {
    for (text, value, raw) in [
        ("write to Ana.Diaz+x@example.co.uk.", "ana.diaz+x@example.co.uk", "Ana.Diaz+x@example.co.uk"),
        ("it is ana at example dot com thanks", "ana@example.com", "ana at example dot com"),
        ("ana dot diaz at my dash shop dot example dot com", "ana.diaz@my-shop.example.com", ""),
        ("ana arroba ejemplo punto com", "ana@ejemplo.com", ""),
        ("soy ana punto diaz guion bajo 22 arroba ejemplo.es", "ana.diaz_22@ejemplo.es", ""),
        ("it's a n a 2 2 at example dot com", "ana22@example.com", "a n a 2 2 at example dot com"),
        ("ana @ example.com", "ana@example.com", ""),
        ("ana chiocciola esempio punto it", "ana@esempio.it", ""),
        ("ana arobase exemple point fr", "ana@exemple.fr", ""),
        ("ana traço diaz arroba exemplo ponto pt", "ana-diaz@exemplo.pt", ""),
        ("{\"to\":\"ana@example.com\"}", "ana@example.com", "ana@example.com"),
    ] {
        let got = only(English, Email, text, Teller::Caller).unwrap_or_else(|| panic!("{text}"));
        assert_eq!(got.0, value, "{text}");
        assert!(raw.is_empty() || got.1 == raw, "{text}: {}", got.1);
    }
    for text in
        ["I am at home. Come", "meet me at noon", "@example.com", "ana@", "ana at example", "2 at 5.30"]
    {
        assert_eq!(only(English, Email, text, Teller::Caller), None, "{text}");
    }
}

#[test]
fn a_phone_number_is_found_in_its_countrys_form_and_in_any_where_a_caller_says_it() {
    for (language, text, value, by) in [
        (Spanish, "llámame al 600 11 22 33", "600112233", Teller::Caller),
        (Spanish, "seis cero cero once veintidós treinta y tres", "600112233", Teller::Caller),
        (Spanish, "tel: 600112233", "600112233", Teller::System),
        (Spanish, "34 600 112 233", "34600112233", Teller::System),
        (English, "+34 600 11 22 33", "+34600112233", Teller::System),
        (English, "(555) 010-2345", "5550102345", Teller::System),
        (English, "oh two oh seven nine four six oh nine five eight", "02079460958", Teller::Caller),
    ] {
        assert_eq!(only(language, Phone, text, by).map(|(value, _)| value).as_deref(), Some(value), "{text}");
    }
    for text in ["1182", "order 1182 of 2026-07-27", "total 45.00", "1753612345"] {
        assert_eq!(only(English, Phone, text, Teller::System), None, "{text}");
    }
}

#[test]
fn a_national_id_is_found_by_its_check_letter_or_its_form() {
    for (language, text, value, by) in [
        (Spanish, "mi dni es 12345678Z", "12345678Z", Teller::Caller),
        (Spanish, "12.345.678-z", "12345678Z", Teller::System),
        (Spanish, "doce treinta y cuatro cincuenta y seis setenta y ocho zeta", "12345678Z", Teller::Caller),
        (Spanish, "X1234567L", "X1234567L", Teller::System),
        (Spanish, "equis uno dos tres cuatro cinco seis siete ele", "X1234567L", Teller::Caller),
        (English, "123-45-6789", "123456789", Teller::System),
        (English, "one two three four five six seven eight nine", "123456789", Teller::Caller),
    ] {
        assert_eq!(only(language, NationalId, text, by).map(|(v, _)| v).as_deref(), Some(value), "{text}");
    }
    for text in ["12345678A", "X1234567A", "pedido 12345678 a las dos", "123456789", "000-12-3456"] {
        assert_eq!(only(Spanish, NationalId, text, Teller::System), None, "{text}");
    }
}

#[test]
fn a_value_that_is_known_is_found_again_in_whatever_words() {
    let kinds = BTreeSet::new();
    let known = |digits: &str| (digits == "1182").then_some(PrivateKind::Keys);
    let sought = Sought { language: English, kinds: &kinds, known: &known };
    for text in ["1182", "eleven eighty-two it is", "20 11 82"] {
        assert_eq!(find_private(&sought, text, Teller::System).len(), 1, "{text}");
    }
    assert_eq!(find_private(&sought, "11824", Teller::System), []);
}

#[test]
fn the_end_of_a_text_is_open_where_a_value_may_go_on() {
    let kinds = [Card, Email].into();
    let sought = Sought { language: English, kinds: &kinds, known: &|_| None };
    for (text, open) in [
        ("my card is 4111 11", Some("4111 11")),
        ("my card is four one", Some("four one")),
        ("my card is 4111 1111 uh", Some("4111 1111 uh")),
        ("the order is 1182 thank you", None),
        ("4111 1111 is it", None),
        ("write to ana dot diaz at", Some("ana dot diaz at")),
        ("write to ana at example dot", Some("ana at example dot")),
        ("I live at the corner of the street you know", None),
        ("", None),
    ] {
        assert_eq!(open_end(&sought, text).map(|range| &text[range]), open, "{text}");
    }
}
