//! What an admin gets wrong in the YAML itself, and all that is then told of it.
//!
//! Promises: every row names all problems of the change it makes, with place, words and remedy.
//! Never: leaves a problem that follows from another one unseen.

use super::table::broken;
use super::*;

/// `FILE:LINE:COLUMN WHAT | REMEDY` of each problem; `a` is the agent's file, `i` the integration's.
pub(super) fn told(sources: &[Source]) -> Vec<String> {
    let Err(problems) = check(sources, &BTreeMap::new()) else { return Vec::new() };
    let line = |p: &Problem| format!("{}:{}:{} {} | {}", &p.file[..1], p.line, p.column, p.what, p.remedy);
    problems.all.iter().map(line).collect()
}

pub(super) fn told_of(text: &str) -> Vec<String> {
    told(&[Source::new(Kind::Agent, "agents/x.yaml".to_owned(), text.to_owned())])
}

/// What is replaced, by what, and the problems that follow, one a line.
pub(super) const CHANGES: &[(&str, &str, &str)] = &[
    (
        "language: en",
        "language: [en]",
        "a:4:11 `language` must be a text, here it is a list | write one text; if it begins with `{` or \
         `[`, put it in quotes",
    ),
    (
        "id: shop\ntitle: The shop",
        "id: ~\ntitle: The shop",
        "a:2:5 `id` must be a text, here is nothing | write `id: shop`",
    ),
    (
        "greeting: Hello.",
        "greeting:",
        "a:6:9 `greeting` must be a text, here is nothing | write `greeting: Thank you for calling. How \
         can I help?`",
    ),
    (
        "version: 1\nid: shop\ntitle: The",
        "version: \"1\"\nid: shop\ntitle: The",
        "a:1:10 `version` must be a whole number, here it stands in quotes: `1` | write `1`, without quotes",
    ),
    (
        "version: 1\nid: shop\ntitle: The",
        "version: 01\nid: shop\ntitle: The",
        "a:1:10 `version` must be a whole number, here it begins with a zero: `01` | write `1`",
    ),
    ("title: The shop", "titel: The shop", "a:3:1 there is no field `titel` here | did you mean `title`?"),
    (
        "title: The shop\n",
        "title: The shop\ncolour: red\n",
        "a:4:1 there is no field `colour` here | fields here: version, id, title, language, currency, \
         greeting, prompt, tools, keys, answers, timing, stt, tts, llm, spoken_yes, \
         recording, recording_question, \
         private, private_in_recording, tests",
    ),
    (
        "title: The shop\n",
        "title: The shop\nid: other\n",
        "a:4:1 `id` stands here twice: line 2 has it first | keep one of them",
    ),
    (
        "greeting: Hello.",
        "greeting: {{ name }}",
        "a:6:11 a text that begins with `{` or `[` must be in quotes | write it like \"{{ name }}\"",
    ),
    (
        "greeting: Hello.",
        "greeting: {{ name }}, hello",
        "a:6:11 a text that begins with `{` is not in quotes | put the whole text in single quotes, each \
         `'` in it twice: '{{ name }}, hello'",
    ),
    (
        "greeting: Hello.",
        "greeting: {name}",
        "a:6:11 `greeting` must be a text, here it is a map of fields | a text that begins with `{` wants \
         quotes: \"{name}\"",
    ),
    (
        "greeting: Hello.",
        "greeting: *hello*",
        "a:6:11 what begins with `*` repeats another part of the file, which is not read here | a text: \
         put it in quotes; a part that comes twice: write it twice",
    ),
    (
        "greeting: Hello.",
        "greeting: *hello",
        "a:6:11 what begins with `*` repeats another part of the file, which is not read here | a text: \
         put it in quotes; a part that comes twice: write it twice",
    ),
    (
        "greeting: Hello.",
        "greeting: &hello you",
        "a:6:11 what begins with `&` names a part of the file, which is not read here | a text: put it in \
         quotes; a name for a part: leave it out",
    ),
    (
        "greeting: Hello.",
        "greeting: @hello",
        "a:6:11 a text that begins with `@` is not in quotes | put the whole text in single quotes, each \
         `'` in it twice: '@hello'",
    ),
    (
        "greeting: Hello.",
        "greeting: %hello",
        "a:6:11 a text that begins with `%` is not in quotes | put the whole text in single quotes, each \
         `'` in it twice: '%hello'",
    ),
    (
        "greeting: Hello.",
        "greeting: !hello you",
        "a:6:11 what begins with `!` says a type, which is not read here | a text: put it in quotes; a \
         type: leave it out",
    ),
    (
        "greeting: Hello.",
        "greeting: `hello`",
        "a:6:11 a text that begins with a backtick is not in quotes | put the whole text in single quotes, \
         each `'` in it twice: '`hello`'",
    ),
    (
        "greeting: Hello.",
        "greeting: Hello: you",
        "a:6:11 a text with `: ` in it is not in quotes | put the whole text in single quotes, each `'` in \
         it twice: 'Hello: you'",
    ),
    (
        "greeting: Hello.",
        "greeting: \"Hello",
        "a:6:11 a quote is opened here and never closed | close it, or take it away",
    ),
    (
        "greeting: Hello.",
        "greeting: 'It's me'",
        "a:6:11 a text goes on after its closing quote | put the whole text in single quotes, each `'` in \
         it twice: 'It''s me'",
    ),
    (
        "greeting: Hello.",
        "greeting: \"Hello\" you",
        "a:6:11 a text goes on after its closing quote | put the whole text in single quotes, each `'` in \
         it twice: '\"Hello\" you'",
    ),
    (
        "prompt: Be brief.",
        "prompt: | Be brief.",
        "a:7:9 words after `|` or `>` on its line | begin the text on the next line, further in; if the \
         sign is part of it, put it in quotes",
    ),
    (
        "  - shop.refund\n",
        "\t- shop.refund\n",
        "a:9:1 this line begins with a tab | put two spaces for each tab at the beginning of a line",
    ),
    (
        "    description: Refund money.\n",
        "\tdescription: Refund money.\n",
        "i:19:1 this line begins with a tab | put two spaces for each tab at the beginning of a line",
    ),
    (
        "{{ order | digits }}, {{ item }}?",
        "{{ order | digits }}, {{ itme }}?",
        "i:36:74 `itme` has no source | did you mean `item`?",
    ),
    (
        "Refund {{ amount | money }} on",
        "Refund {{ amount | monye }} on",
        "i:36:18 a template: unknown filter `monye` | filters: money, minor, digits, number, date, time, \
         email, phone, local, utc, and those of minijinja",
    ),
    (
        "title: The shop",
        "  title: The shop",
        "a:3:8 this line does not stand in one column with the fields or items it belongs to | begin it \
         with as many spaces as the line of its neighbour",
    ),
    (
        "title: The shop",
        "title The shop",
        "a:3:1 a line without `: ` between a field and its value | write `field: value`, with a space \
         after the `:`",
    ),
    (
        "title: The shop",
        "title:The shop",
        "a:3:1 a line without `: ` between a field and its value | write `field: value`, with a space \
         after the `:`",
    ),
    (
        "greeting: Hello.",
        "---\ngreeting: Hello.",
        "a:6:1 a second document begins here | a file holds one definition: write the next one in a file \
         of its own",
    ),
    (
        "tools:\n  - shop.refund",
        "tools: shop.refund",
        "a:8:8 `tools` must be a list, here it is the text `shop.refund` | write `[shop.refund]`, or each \
         item on a line of its own after `- `",
    ),
    (
        "keys:\n  1: shop.refund",
        "keys: shop.refund",
        "a:10:7 `keys` must be a map of names to values, here it is the text `shop.refund` | write `keys: \
         {1: shop.refund}`; for none, leave the line out",
    ),
    (
        "  1: shop.refund",
        "  one: shop.refund\n  \"2\": shop.refund",
        "a:11:3 a key of `keys` must be a whole number, here it is the text `one` | write it in digits \
         alone, without a unit\n\
         a:12:3 a key of `keys` must be a whole number, here it stands in quotes: `2` | write `2`, without \
         quotes",
    ),
    (
        "  1: shop.refund",
        "  300: shop.refund",
        "a:11:3 a key of `keys` must be a whole number, here it is the number 300 | write a number from 0 \
         to 255",
    ),
    (
        "{when: [are you open], say: Always.}",
        "{when: are you open, say: [x]}",
        "a:13:12 `when` must be a list, here it is the text `are you open` | write `[are you open]`, or \
         each item on a line of its own after `- `\n\
         a:13:31 `say` must be a text, here it is a list | write one text; if it begins with `{` or `[`, \
         put it in quotes",
    ),
    (
        "{when: [are you open], say: Always.}",
        "{say: Always.}",
        "a:13:5 `when` is missing in this item of `answers` | add `when: [are you open, when do you close]`",
    ),
    (
        "{when: [are you open], say: Always.}",
        "Always.",
        "a:13:5 an item of `answers` must be a map of fields, here it is the text `Always.` | fields here: \
         when, say",
    ),
    (
        "end_of_turn: 800",
        "end_of_turn: 1e3",
        "a:15:16 `end_of_turn` must be a whole number, here it is the number 1e3 | write `1000`, in digits \
         alone",
    ),
    (
        "end_of_turn: 800",
        "end_of_turn: 1_000",
        "a:15:16 `end_of_turn` must be a whole number, here it is the text `1_000` | write `1000`, in \
         digits alone",
    ),
    (
        "end_of_turn: 800",
        "end_of_turn: 0.8 s",
        "a:15:16 `end_of_turn` must be a whole number, here it is the text `0.8 s` | write it in digits \
         alone, without a unit",
    ),
    (
        "end_of_turn: 800",
        "end_of_turn: -5",
        "a:15:16 `end_of_turn` must be a whole number, here it is the number -5 | write one that is not \
         below zero",
    ),
    (
        "spoken_yes:\n  accepted_because: toy data only here",
        "spoken_yes: yes",
        "a:16:13 `spoken_yes` must be a map of fields, here it is the text `yes` | write `spoken_yes: \
         {accepted_because: words}`",
    ),
    ("kind: http\n", "", "i:1:1 `kind` is missing in this file | add `kind: http`"),
    ("kind: http", "kind: HTTP", "i:4:7 `kind` cannot be `HTTP` | did you mean `http`? one of: http, mcp"),
    (
        "bearer: secret.SHOP_TOKEN",
        "bearer: secret.A\n  bearr: secret.B",
        "i:8:3 there is no field `bearr` here | fields here: bearer, header, headers, query, \
         basic, oauth2, hmac, standard_webhooks, client_certificate, certificate_authority",
    ),
    (
        "auth:\n  bearer: secret.SHOP_TOKEN",
        "auth: bearer",
        "i:6:7 `bearer` needs a value | write `{bearer: ..}`",
    ),
    (
        "bearer: secret.SHOP_TOKEN",
        "header: {name: X-Key}",
        "i:7:11 `value` is missing in `header` | add `value: secret.NAME`",
    ),
    (
        "auth:\n  bearer: secret.SHOP_TOKEN",
        "auth: {bearer: secret.SHOP_TOKEN",
        "i:6:7 a `{` is opened here and not closed | close it on the same line; if it begins a text, put \
         the text in quotes",
    ),
    (
        "kind: http\n",
        "kind: http\nallow_private: yes\n",
        "i:5:16 `allow_private` must be `true` or `false`, here it is the text `yes` | write `true`, \
         without quotes",
    ),
    (
        "kind: http\n",
        "kind: http\nallow_private: \"false\"\n",
        "i:5:16 `allow_private` must be `true` or `false`, here it is the quoted text `false` | write \
         `false`, without quotes",
    ),
    ("name: status", "nam: status", "i:9:5 there is no field `nam` here | did you mean `name`?"),
    (
        "method: POST",
        "method: post",
        "i:28:15 `method` cannot be `post` | did you mean `POST`? one of: GET, HEAD, POST, PUT, PATCH, \
         DELETE",
    ),
    (
        "kind: money",
        "kind: cash",
        "i:23:30 `kind` cannot be `cash` | one of: text, integer, number, digits, money, boolean, email, phone, date, time",
    ),
    (
        "- {name: pin, kind: digits",
        "- {name: pin, kind: [digits]",
        "i:13:27 `kind` must be one of a few words, here it is a list | one of: text, integer, number, digits, \
         money, boolean, email, phone, date, time",
    ),
    (
        "path: /orders/{order}/refunds",
        "path: {order}/refunds",
        "i:29:13 a text that begins with `{` is not in quotes | put the whole text in single quotes, each \
         `'` in it twice: '{order}/refunds'",
    ),
    (
        "      method: POST\n      path: /orders/{order}/refunds\n",
        "      path: [a]\n",
        "i:28:7 `method` is missing in `request` | add `method: GET`\n\
         i:28:13 `path` must be a text, here it is a list | write one text; if it begins with `{` or `[`, \
         put it in quotes",
    ),
    (
        "via: \"{{ call.id }}\"",
        "via: yes",
        "i:31:39 `via` could be `true` or the text `yes` | write `true`, or for the text: \"yes\"",
    ),
    (
        "via: \"{{ call.id }}\"",
        "via: 010",
        "i:31:39 `via` could be `10` or the text `010` | write `10`, or for the text: \"010\"",
    ),
    (
        "via: \"{{ call.id }}\"",
        "via: 0x1F",
        "i:31:39 `via` could be `31` or the text `0x1F` | write `31`, or for the text: \"0x1F\"",
    ),
    (
        "via: \"{{ call.id }}\"",
        "via: {{ call.id }}",
        "i:31:39 a text that begins with `{` or `[` must be in quotes | write it like \"{{ name }}\"",
    ),
    (
        "response: {map: {id: id}, success: \"ok\"}",
        "response: {map: {id: id}, errors: {\"404\": none, 4xx: none}}",
        "i:32:40 a key of `errors` must be a whole number, here it stands in quotes: `404` | write `404`, \
         without quotes\n\
         i:32:53 a key of `errors` must be a whole number, here it is the text `4xx` | write it in digits \
         alone, without a unit",
    ),
    ("{header: Idempotency-Key}", "header", "i:33:18 `header` needs a value | write `{header: ..}`"),
    (
        "{header: Idempotency-Key}",
        "{none: x}",
        "i:33:19 `none` stands alone | write `none` with nothing under it",
    ),
    (
        "not_done_on: [503]",
        "not_done_on: [503, 70000]",
        "i:34:24 an item of `not_done_on` must be a whole number, here it is the number 70000 | write a \
         number from 0 to 65535",
    ),
    (
        "not_done_on: [503]",
        "not_done_on: 503",
        "i:34:18 `not_done_on` must be a list, here it is the number 503 | write `[503]`, or each item on \
         a line of its own after `- `",
    ),
    (
        "    confirm:\n",
        "    confirm:\n      policy: when\n",
        "i:36:15 `when` needs a value | write `{when: ..}`",
    ),
    (
        "    confirm:\n",
        "    confirm:\n      policy: allways\n",
        "i:36:15 `policy` cannot be `allways` | did you mean `always`? one of: never, always, when",
    ),
    (
        "description: Refund money.",
        "description: {en: [Refund]}",
        "i:19:23 `en` must be a text, here it is a list | write one text; if it begins with `{` or `[`, \
         put it in quotes",
    ),
    (
        "phrases: {done: \"Done, {{ id }}.\"}",
        "phrases: {done: {{ id }}}",
        "i:38:21 a text that begins with `{` or `[` must be in quotes | write it like \"{{ name }}\"",
    ),
    (
        "auth:\n  bearer",
        "auth:\n  <<: *common\n  bearer",
        "i:7:7 what begins with `*` repeats another part of the file, which is not read here | a text: put \
         it in quotes; a part that comes twice: write it twice",
    ),
];

#[test]
fn each_fault_of_shape_is_told_with_its_place_and_nothing_that_follows_from_it() {
    let mut wrong = Vec::new();
    for (from, to, want) in CHANGES {
        let sources = broken(&[(from, to)]);
        assert_ne!(sources, broken(&[]), "{from} is not in the files");
        let got = told(&sources).join("\n");
        if got != *want {
            wrong.push(format!("{from:?} -> {to:?}\n{got}\nEND"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn five_faults_in_one_file_are_five_problems_in_the_order_of_lines() {
    let changes = [
        ("version: 1\nid: shop\ntitle: The shop", "version: one\nid: shop\ntitel: The shop"),
        ("greeting: Hello.", "greeting: @hello"),
        ("prompt: Be brief.\n", ""),
        ("end_of_turn: 800", "end_of_turn: 0.8 s"),
    ];
    let sources = broken(&changes);
    let problems = check(&sources, &BTreeMap::new()).unwrap_err();
    let lines: Vec<u64> = problems.all.iter().map(|p| p.line).collect();
    assert_eq!(lines, [1, 1, 3, 6, 14], "{problems}");
}

#[test]
fn faults_of_all_files_are_told_in_one_run() {
    let sources = broken(&[("language: en", "language: [en]"), ("kind: http", "kind: fax")]);
    let files: Vec<String> = told(&sources).iter().map(|line| line[..1].to_owned()).collect();
    assert_eq!(files, ["a", "i"]);
}
