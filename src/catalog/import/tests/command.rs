//! Commands for curl.
//!
//! Promises: a value becomes a parameter, a secret is nowhere.
//! Never: sends what it reads.

use super::*;

/// Stands for every secret of a command.
const CANARY: &str = "hunter2Canary99xyzQw";

fn drafted(command: &str) -> Imported {
    let imported = curl(command, &wanted()).unwrap_or_else(|fault| panic!("{command}: {fault}"));
    checked(&imported).unwrap_or_else(|problems| panic!("{command}\n{problems}\n{}", imported.yaml));
    assert_eq!(imported.brought, 1, "{command}: {:?}", imported.notes);
    imported
}

#[test]
fn a_value_in_path_query_or_body_is_a_parameter_and_a_word_stays() {
    for (command, lines) in [
        (
            "curl https://api.shop.example/v1/orders/1182",
            vec!["id: shop", "name: get_v1_orders", "path: \"/v1/orders/{order_id}\"", "method: GET"],
        ),
        (
            "curl 'shop.example/companies/ab-12/people?state=open&page=3&mail=a%40b.example'",
            vec![
                "base_url: \"https://shop.example\"",
                "path: \"/companies/{company_id}/people\"",
                "state: open",
                "page: \"{page}\"",
                "mail: \"{mail}\"",
            ],
        ),
        ("curl https://s.example/a/{id}/b/:thing", vec!["path: \"/a/{id}/b/{thing}\""]),
        ("curl https://s.example/x?api-version=2024-01-31", vec!["api-version: \"2024-01-31\""]),
        (
            r#"curl -X PATCH https://s.example/o/7 -H 'Content-Type: application/json' -d '{
                "state": "open", "count": 3, "price": 2.5, "to": "a@b.example", "note": "two words", "list": ["a1"],
                "in": {"day": "2026-01-31"}}'"#,
            vec![
                "method: PATCH",
                "state: open",
                "count: \"{count}\"",
                "price: \"{{ price | float }}\"",
                "kind: money",
                "to: \"{to}\"",
                "note: \"{note}\"",
                "- \"{list}\"",
                "day: \"{day}\"",
                "path: \"/o/{o_id}\"",
            ],
        ),
        ("curl --json '{\"a\": 1}' https://s.example/", vec!["method: POST", "a: \"{a}\"", "path: /"]),
        (
            "curl -G -d 'q=two words' --data-urlencode kind=all https://s.example/find",
            vec!["method: GET", "q: \"{q}\"", "kind: all"],
        ),
        ("curl -sSL -XDELETE https://s.example/o/0042", vec!["method: DELETE", "kind: digits"]),
        ("curl -sGd q=a1 https://s.example/o -XGET", vec!["method: GET", "q: \"{q}\""]),
        ("curl -I https://s.example/o", vec!["method: HEAD"]),
        (
            "curl -H 'X-Tenant: walnut' -H 'Accept: */*' -H 'Idempotency-Key: 77' -X POST https://s.example/o",
            vec!["X-Tenant: walnut", "idempotency: {header: Idempotency-Key}"],
        ),
    ] {
        let imported = drafted(command);
        for line in lines {
            assert!(imported.yaml.contains(line), "{command}: {line}\n{}", imported.yaml);
        }
    }
}

#[test]
fn a_secret_becomes_a_reference_or_is_left_out_and_is_nowhere_in_what_comes_out() {
    for (command, line, told) in [
        (
            "curl -H 'Authorization: Bearer SECRET' https://shop.example/a",
            "auth: {bearer: secret.SHOP_TOKEN}",
            "set the secret SHOP_TOKEN",
        ),
        (
            "curl -H 'authorization: Basic SECRET' https://shop.example/a",
            "value: secret.SHOP_BASIC}}",
            "SHOP_BASIC",
        ),
        (
            "curl -H 'X-Api-Key: SECRET' https://shop.example/a",
            "auth: {header: {name: X-Api-Key, value: secret.SHOP_KEY}}",
            "SHOP_KEY",
        ),
        (
            "curl -H 'X-Whatever: SECRET' https://shop.example/a",
            "name: X-Whatever, value: secret.SHOP_KEY",
            "SHOP_KEY",
        ),
        (
            "curl -u me:SECRET https://shop.example/a",
            "name: Authorization, value: secret.SHOP_BASIC",
            "SHOP_BASIC",
        ),
        ("curl https://me:SECRET@shop.example/a", "value: secret.SHOP_BASIC", "SHOP_BASIC"),
        (
            "curl 'https://shop.example/a?api_key=SECRET'",
            "path: /a",
            "`api_key` in the query looks like a secret",
        ),
        ("curl 'https://shop.example/a?x=SECRET'", "path: /a", "`x` in the query looks like a secret"),
        (
            "curl --json '{\"password\": \"SECRET\", \"count\": 1}' https://shop.example/a",
            "count: \"{count}\"",
            "`password` of the body",
        ),
        ("curl -b 'sid=SECRET' https://shop.example/a", "path: /a", "-b is left out"),
        ("curl -H 'Cookie: sid=SECRET' https://shop.example/a", "path: /a", "the header Cookie is left out"),
        (
            "curl -H 'Authorization: Bearer SECRET' -H 'X-Key: SECRET' https://shop.example/a",
            "secret.SHOP_TOKEN",
            "the header X-Key is left out",
        ),
    ] {
        let imported = drafted(&command.replace("SECRET", CANARY));
        let beside: Vec<String> =
            imported.notes.iter().map(ToString::to_string).chain(imported.by_hand.clone()).collect();
        assert!(imported.yaml.contains(line), "{command}: {line}\n{}", imported.yaml);
        assert!(beside.iter().any(|one| one.contains(told)), "{command}: {beside:?}");
        assert!(!format!("{imported:?}").contains(CANARY), "{command}\n{imported:?}");
    }
}

#[test]
fn what_is_no_command_or_cannot_be_sent_is_told_and_nothing_of_it_repeated() {
    for (command, told) in [
        ("", "does not begin with curl"),
        ("wget https://s.example/SECRET", "does not begin with curl"),
        ("curl", "no address"),
        ("curl -H", "-H has no value"),
        ("curl 'https://s.example/SECRET", "never closed"),
        ("curl http://", "its address is none"),
        ("curl -X BREW https://s.example/SECRET", "its method is none"),
        ("curl -F file=@SECRET https://s.example/", "a form (-F)"),
        ("curl -T SECRET https://s.example/", "an upload (-T)"),
        ("curl -X GET --json '{\"a\": \"SECRET\"}' https://s.example/", "a GET or HEAD sends no data"),
        ("curl -d @SECRET https://s.example/", "with a file (@)"),
        ("curl -d 'a=SECRET' https://s.example/", "only JSON is sent, and its data is a form (line 1"),
        (
            "curl -d '{\"a\": SECRET}' https://s.example/",
            "only JSON is sent, and its data is none (line 1, column 7",
        ),
        ("curl https://s.example/bot/SECRET/send", "a part of its path looks like a secret"),
    ] {
        let fault = curl(&command.replace("SECRET", CANARY), &wanted()).expect_err(command);
        assert!(fault.what.contains(told) && !fault.to_string().contains(CANARY), "{command}: {fault}");
    }
}
