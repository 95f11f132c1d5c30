//! Tests of the template room.
//!
//! Promises: each test's name is a promise of the room.
//! Never: needs more than text.

use serde_json::json;

use super::*;

fn english() -> Renderer {
    Renderer::new(Language::English, "USD")
}

#[test]
fn a_value_is_spoken_in_the_agents_language() {
    let spanish = Renderer::new(Language::Spanish, "EUR");
    let vars = json!({"amount": "20.00", "cents": 20.5, "order": "1182", "n": 3});
    for (renderer, source, want) in [
        (english(), "{{ amount | money }}", "twenty dollars"),
        (english(), "{{ cents | money }}", "twenty dollars and fifty cents"),
        (english(), "order {{ order | digits }}", "order one one eight two"),
        (english(), "{{ n | number }}", "three"),
        (spanish.clone(), "{{ amount | money }}", "veinte euros"),
        (spanish, "{{ order | digits }}", "uno uno ocho dos"),
    ] {
        assert_eq!(renderer.render(source, &vars).unwrap(), want, "{source}");
    }
}

#[test]
fn what_stands_for_a_private_value_passes_every_filter_that_says_it() {
    let vars = json!({"card": "⟦card 1⟧"});
    for (source, want) in [
        ("{{ card | digits }} {{ card }}", "⟦card 1⟧ ⟦card 1⟧"),
        ("{{ card | money }}", "⟦card 1:money⟧"),
        ("{{ card | number }}", "⟦card 1:number⟧"),
    ] {
        assert_eq!(english().render(source, &vars).unwrap(), want);
    }
}

#[test]
fn every_kind_has_a_filter_and_a_list_is_said_one_by_one() {
    let vars = json!({
        "day": "2026-07-27", "at": "14:05", "mail": "ana@example.com", "number": "+3412", "n": -3.5,
        "days": ["2026-07-27", "2026-07-28"], "orders": [11, "⟦keys 1⟧"], "amounts": ["1.00", "2"],
    });
    for (source, want) in [
        ("{{ day | date }}", "Monday, July twenty-seventh, two thousand twenty-six"),
        ("{{ at | time }}", "two oh five p.m."),
        ("{{ mail | email }}", "ana at example dot com"),
        ("{{ number | phone }}", "plus three four one two"),
        ("{{ n | number }}", "minus three point five"),
        ("{{ orders | digits }}", "one one, ⟦keys 1⟧"),
        ("{{ amounts | money }}", "one dollar, two dollars"),
    ] {
        assert_eq!(english().render(source, &vars).unwrap(), want, "{source}");
    }
    let days = english().render("{{ days | date }}", &vars).unwrap();
    assert!(days.starts_with("Monday") && days.contains(", Tuesday, July twenty-eighth"), "{days}");
    for source in ["{{ at | date }}", "{{ day | time }}", "{{ mail | phone }}", "{{ day | number }}"] {
        assert!(english().render(source, &vars).is_err(), "{source}");
    }
}

#[test]
fn an_amount_is_decimal_text_and_nothing_else() {
    for (text, currency, want) in [
        ("20", "USD", Some(2000)),
        ("20.5", "USD", Some(2050)),
        ("20.500", "USD", Some(2050)),
        ("-0.05", "USD", Some(-5)),
        ("0.05", "USD", Some(5)),
        ("1234567.89", "USD", Some(123_456_789)),
        ("20", "JPY", Some(20)),
        ("20.5", "JPY", None),
        ("1.234", "KWD", Some(1234)),
        ("20.555", "USD", None),
        ("1,000", "USD", None),
        ("1e3", "USD", None),
        ("", "USD", None),
        (".5", "USD", None),
        ("5.", "USD", None),
        (" 5", "USD", None),
        ("99999999999999999999", "USD", None),
    ] {
        assert_eq!(money_minor(text, currency), want, "{text} {currency}");
        if let Some(minor) = want {
            assert_eq!(money_minor(&money_text(minor, currency), currency), want, "{text} {currency}");
        }
    }
}

#[test]
fn one_amount_has_one_text() {
    for (minor, currency, want) in [
        (2000, "USD", "20.00"),
        (5, "EUR", "0.05"),
        (-5, "EUR", "-0.05"),
        (20, "JPY", "20"),
        (1, "KWD", "0.001"),
    ] {
        assert_eq!(money_text(minor, currency), want);
    }
}

#[test]
fn a_name_without_a_value_is_a_fault_that_names_no_value() {
    let vars = json!({"secret_word": "hunter2", "nothing": null, "list": [1]});
    for source in
        ["{{ missing }}", "{{ nothing }}", "{{ list }}", "{{ secret_word.x.y }}", "{{ secret_word | money }}"]
    {
        let fault = english().render(source, &vars).unwrap_err();
        assert!(!fault.to_string().contains("hunter2"), "{fault}");
    }
    assert!(english().eval("missing", &vars).is_err());
}

#[test]
fn the_remedy_for_an_absent_value_helps_whether_it_is_missing_or_null() {
    for vars in [json!({}), json!({"name": null})] {
        let remedy = english().render("{{ name }}", &vars).unwrap_err().remedy;
        let condition = remedy.split('`').nth(1).unwrap();
        let guarded = format!("{condition}, {{{{ name }}}}{{% endif %}}");
        assert_eq!(english().render(&guarded, &vars).unwrap(), "");
        assert_eq!(english().render(&guarded, &json!({"name": "Ada"})).unwrap(), ", Ada");
    }
}

#[test]
fn a_template_that_never_ends_runs_out_of_fuel() {
    let long = "{% for a in range(9000) %}{% for b in range(9000) %}x{% endfor %}{% endfor %}";
    let fault = english().render(long, &json!({})).unwrap_err();
    assert!(fault.remedy.contains("50,000"), "{fault}");
}

#[test]
fn a_value_cannot_leave_its_segment() {
    for (value, want) in [
        ("1182", "/orders/1182"),
        ("1182/refunds?x=1#y", "/orders/1182%2Frefunds%3Fx%3D1%23y"),
        ("%2e%2e", "/orders/%252e%252e"),
        ("a b\r\nHost: x", "/orders/a%20b%0D%0AHost%3A%20x"),
        ("ñ", "/orders/%C3%B1"),
        ("{{ 7 * 7 }}", "/orders/%7B%7B%207%20%2A%207%20%7D%7D"),
    ] {
        assert_eq!(english().path("/orders/{{ order }}", &json!({"order": value})).unwrap(), want);
    }
    for value in ["", ".", ".."] {
        assert!(english().path("/orders/{{ order }}", &json!({"order": value})).is_err(), "{value:?}");
    }
}

#[test]
fn a_tree_keeps_its_shape_and_a_lone_hole_its_type() {
    let tree = json!({
        "amount": "{{ amount }}", "note": "for {{ who }}", "vip": "{{ vip }}", "gone": "{{ none }}",
        "fixed": null, "list": ["{{ who }}", 1],
    });
    let who = "a\", \"admin\": true, \"b\": \"{{ amount }}";
    let vars = json!({"amount": "20.00", "who": who, "vip": true, "none": null});
    let filled = english().json(&tree, &vars).unwrap();
    let note = format!("for {who}");
    let want = json!({"amount": "20.00", "note": note, "vip": true, "fixed": null, "list": [who, 1]});
    assert_eq!(filled, want);
}

#[test]
fn a_condition_is_true_or_false_and_nothing_between() {
    let vars = json!({"amount": 30, "word": "yes"});
    assert!(english().holds("amount > 20", &vars).unwrap());
    assert!(!english().holds("amount > 40", &vars).unwrap());
    assert!(!english().holds("missing is defined", &vars).unwrap());
    assert!(
        english().holds("price | minor > 1999 and price | minor < 2001", &json!({"price": "20.00"})).unwrap()
    );
    assert!(english().holds("price | minor > 1999", &json!({"price": "much"})).is_err());
    for doubtful in ["word", "amount", "missing", "amount >"] {
        assert!(english().holds(doubtful, &vars).is_err(), "{doubtful}");
    }
}

#[test]
fn an_expression_finds_a_value_in_an_answer() {
    let vars =
        json!({"billing": {"email": "a@b.c"}, "items": [{"free": false, "id": 1}, {"free": true, "id": 2}]});
    assert_eq!(english().eval("billing.email", &vars).unwrap(), json!("a@b.c"));
    assert_eq!(english().eval("(items | selectattr('free') | first).id", &vars).unwrap(), json!(2));
    assert!(english().eval("billing.phone", &vars).is_err());
}

#[test]
fn a_template_tells_what_it_takes_from_outside() {
    let names =
        english().variables("{{ order.item }} {% for x in list %}{{ x }}{% endfor %} {{ amount | money }}");
    assert_eq!(names.unwrap().into_iter().collect::<Vec<_>>(), ["amount", "list", "order.item"]);
    for broken in
        ["{{ broken", "{{ a | monei }}", "{% if a | monei %}{% endif %}", "it's {{ 'x|y' | monei }}"]
    {
        assert!(english().variables(broken).is_err(), "{broken}");
    }
    assert!(english().variables("it's | fine | {{ 'a|b' | upper }} |").is_ok());
    assert!(english().names("a | monei").is_err());
    assert!(english().names("a.b > c").unwrap().contains("a.b"));
}

#[test]
fn whatever_a_template_may_look_up_is_a_name_it_takes_from_outside() {
    let of =
        |names: Result<BTreeSet<String>, Fault>| names.unwrap().into_iter().collect::<Vec<_>>().join(" ");
    for (expression, want) in [
        ("(x | default([]))[:5]", "x"),
        ("order.lines[from:to:step] | length > 0", "from order.lines step to"),
        ("order['item'][0].id", "order"),
        ("(a or b).c + d.e.f", "a b d.e.f"),
        ("[a, (b, c)] == {d: e, 'f': g}", "a b c d e g"),
        ("a | replace(b, c) if d is divisibleby(e) else -f", "a b c d e f"),
        ("a.b() < c < d", "a.b c d"),
        ("x | selectattr('y', z, **more) | list", "more x z"),
    ] {
        assert_eq!(of(english().names(expression)), want, "{expression}");
    }
    for (template, want) in [
        ("{{ order[:3] }}", "order"),
        ("{% set order = order %}{{ order }}", "order"),
        ("{% set a, b = c %}{{ a }}{{ b.d }}", "c"),
        ("{% with order = order[1:] %}{{ order }}{% endwith %}", "order"),
        ("{% with a = 1 %}{{ a }}{% endwith %}{{ a }}", "a"),
        ("{% filter replace('a', order) %}a{% endfilter %}", "order"),
        ("{% set x | replace('a', order) %}{{ b }}{% endset %}{{ x }}", "b order"),
        ("{% for a in a if a > b %}{{ a }}{{ loop.index }}{% else %}{{ loop }}{% endfor %}", "a b loop"),
        ("{% if a %}{% set b = 1 %}{% else %}{{ b }}{% endif %}{{ '}}' ~ c }}", "a b c"),
        ("{% raw %}{{ a }}{% endraw %}{# {{ b }} #}", ""),
    ] {
        assert_eq!(of(english().variables(template)), want, "{template}");
    }
    for broken in
        ["{% filter monei %}a{% endfilter %}", "{% set a | monei %}{% endset %}", "{{ '}}' | monei }}"]
    {
        assert!(english().variables(broken).is_err(), "{broken}");
    }
}

#[test]
fn no_clock_and_no_file_is_within_reach() {
    for source in ["{{ now() }}", "{% include 'x' %}", "{{ random() }}", "{{ env.HOME }}"] {
        assert!(english().render(source, &json!({})).is_err(), "{source}");
    }
}

#[test]
fn an_hour_of_the_world_is_an_hour_of_a_place_and_back() {
    for (place, world, zone) in [
        ("2026-07-27T14:05", "2026-07-27T12:05:00Z", "Europe/Madrid"),
        ("2026-12-01T09:00", "2026-12-01T08:00:00Z", "Europe/Madrid"),
        ("2026-12-01T23:30", "2026-12-02T04:30:00Z", "America/New_York"),
        ("2026-12-01T00:15", "2026-11-30T18:45:00Z", "Asia/Kolkata"),
    ] {
        let vars = json!({"place": place, "world": world, "zone": zone});
        assert_eq!(english().render("{{ world | local(zone) }}", &vars).unwrap(), place);
        assert_eq!(english().render("{{ place | utc(zone) }}", &vars).unwrap(), world);
    }
    let vars = json!({"at": "2026-12-01T09:00:00.000+01:00"});
    let said = english().render("{{ (at | local('Europe/Madrid'))[11:] | time }}", &vars).unwrap();
    assert_eq!(said, "nine a.m.");
}

#[test]
fn an_hour_that_a_place_has_twice_or_never_is_refused_and_so_is_what_is_no_hour() {
    for (filter, text, zone) in [
        ("utc", "2026-10-25T02:30", "Europe/Madrid"),
        ("utc", "2026-03-29T02:30", "Europe/Madrid"),
        ("utc", "2026-12-01T09:00", "Madrid"),
        ("utc", "tomorrow", "Europe/Madrid"),
        ("local", "2026-12-01T09:00", "Europe/Madrid"),
        ("local", "2026-12-01T09:00:00Z", "Mars/Olympus"),
    ] {
        let vars = json!({"text": text, "zone": zone});
        let fault = english().render(&format!("{{{{ text | {filter}(zone) }}}}"), &vars).unwrap_err();
        assert!(!fault.what.contains(text), "{fault:?}");
    }
}
