//! What can be wrong with a probe, each by the words an admin reads.
//!
//! Promises: every check of a probe has a row; a probe is a part of what the agent means, a tool without one is as before.
//! Never: lets a second problem hide behind the first.

use super::table::broken;
use super::*;

const AT: &str = "    not_done_on: [503]\n";

/// The refund with this probe.
fn with(probe: &str) -> Vec<Source> {
    broken(&[(AT, &format!("{AT}    probe: {probe}\n"))])
}

const GOOD: &str = "{request: {method: GET, path: \"/orders/{order}/refunds\", query: {key: \"{key}\", via: \"{{ item }}\"}}, \
                    done: \"refunds | selectattr('key', 'equalto', sent.key) | list | length > 0\", \
                    failed: \"state == 'rejected' and sent.call.id != ''\", absent_after_s: 60, absent_on: [404], \
                    map: {id: id}, sample: {id: r1, state: fine, refunds: [{key: \"{key}\"}]}}";

/// What is replaced in the good one, by what, and the words of the one problem that follows, and of its remedy.
const TABLE: &[(&str, &str, &str)] = &[
    ("method: GET", "method: POST", "a probe only asks|GET or HEAD"),
    ("method: GET, ", "", "`method` is missing|add `method: GET`"),
    ("{order}/refunds", "{ordre}/refunds", "`ordre` has no source|did you mean `order`?"),
    ("{{ item }}", "{{ id }}", "`id` has no source|item, key"),
    ("sent.key", "sent.kee", "`sent.kee` has no source|sent.key"),
    ("sent.key", "sent", "`sent` has no source|sent.amount, sent.call.from"),
    ("sent.call.id", "sent.call.name", "`sent.call.name` has no source|sent.call.id"),
    ("| list |", "| liszt |", "unknown filter `liszt`|those of minijinja"),
    ("length > 0", "length >", "a template: syntax error|minijinja"),
    ("state == 'rejected' and", "state = 'x' and", "a template: syntax error|minijinja"),
    (
        "state == 'rejected' and sent.call.id != ''",
        "sent.order == '7'",
        "looks at nothing of the answer|rejected",
    ),
    ("absent_after_s: 60, ", "", "proves nothing without a time|absent_after_s: 60"),
    ("absent_after_s: 60", "absent_after_s: 4", "4 s is no time|5 (the tool's own time) to 86400"),
    ("absent_after_s: 60", "absent_after_s: 90000", "90000 s is no time|86400"),
    ("absent_on: [404]", "absent_on: [503]", "503 does not say that there is no such thing|absent_on: [404]"),
    ("absent_on: [404]", "absent_on: [410, 429]", "429 does not say that there is no such thing|404 or 410"),
    ("absent_on: [404]", "absent_on: [401]", "401 does not say that there is no such thing|was not answered"),
    ("absent_on", "absent_no", "there is no field `absent_no`|did you mean `absent_on`?"),
    ("map: {id: id}", "map: {call: id}", "cannot be the name of a value|not `call`"),
    (
        "sample: {id: r1, state: fine, refunds: [{key: \"{key}\"}]}",
        "sample: {state: fine, refunds: [{key: \"1\"}]}",
        "of this sample `id` has no value|all that the map names",
    ),
    (
        "\"refunds | selectattr('key', 'equalto', sent.key) | list | length > 0\"",
        "refunds",
        "over this sample `done` is a list|… | length > 0",
    ),
    (
        "\"state == 'rejected' and sent.call.id != ''\"",
        "state",
        "over this sample `failed` is a text|`… == 'paid'`",
    ),
    ("state: fine", "state: rejected", "over this sample both `done` and `failed` are true|leaves it open"),
    ("map: {id: id}", "map: {id: nr}", "of this sample `id` has no value|all that the map names"),
    (
        "map: {id: id}",
        "map: {id: \"refunds[0].nr\"}",
        "of this sample `id` has no value|all that the map names",
    ),
    (
        "query: {key",
        "body: {a: b}, query: {key",
        "has no body|write its fields under `query`: a probe only asks",
    ),
    (
        "method: GET",
        "method: POST, body: {a: b}",
        "a probe only asks|use GET or HEAD here: it must change nothing; the fields of its `body` go under `query`",
    ),
    ("state: fine, ", "", "over this sample `failed` is neither|the condition looks at"),
    ("'equalto', sent.key", "'equalto', key", UNSHOWN),
    ("'key', 'equalto'", "'kee', 'equalto'", UNSHOWN),
    ("refunds | selectattr", "refnds | default([]) | selectattr", UNSHOWN),
    ("refunds: [{key", "refunds: [{other", UNSHOWN),
    (", sample: {id: r1, state: fine, refunds: [{key: \"{key}\"}]}", "", UNSHOWN),
];

const UNSHOWN: &str = "no sample shows that `done` finds what was done|with {key}";

fn told(sources: &[Source]) -> Problems {
    check(sources, &BTreeMap::new()).unwrap_err()
}

fn is_one(problems: &Problems, want: &str) -> bool {
    let (what, remedy) = want.split_once('|').unwrap();
    matches!(&problems.all[..], [only] if only.what.contains(what) && only.remedy.contains(remedy) && only.line > 30)
}

#[test]
fn each_fault_of_a_probe_has_one_problem_with_its_remedy() {
    check(&with(GOOD), &BTreeMap::new()).unwrap_or_else(|problems| panic!("\n{problems}"));
    let mut wrong = Vec::new();
    for (from, to, want) in TABLE {
        assert!(GOOD.contains(from), "{from}");
        let problems = told(&with(&GOOD.replace(from, to)));
        if !is_one(&problems, want) {
            wrong.push(format!("{to}: wanted {want}, got\n{problems}"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n\n"));
}

#[test]
fn a_probe_that_lacks_its_condition_or_whose_every_answer_says_done_is_refused() {
    let asks = "request: {method: GET, path: /x}";
    for (probe, want) in [
        (String::new(), "`probe` must be a map of fields, here is nothing|write `probe: {request"),
        ("~".to_owned(), "`probe` must be a map of fields, here is nothing|write `probe: {request"),
        (format!("{{{asks}}}"), "`done` is missing in `probe`|add `done"),
        (format!("{{{asks}, done: \"true\"}}"), "each would mean that it is done|absent_on: [404]"),
        (
            format!("{{{asks}, done: \"sent.order == '7'\"}}"),
            "each would mean that it is done|a field of the answer",
        ),
    ] {
        let problems = told(&with(&probe));
        assert!(is_one(&problems, want), "{probe}:\n{problems}");
    }
    // Where the status alone tells, it may.
    let by_status = format!("{{{asks}, done: \"true\", absent_on: [404], absent_after_s: 60}}");
    assert!(check(&with(&by_status), &BTreeMap::new()).is_ok());
}

#[test]
fn what_is_wrong_with_a_condition_is_told_at_the_condition_and_what_a_sample_lacks_at_the_sample() {
    let by_list =
        GOOD.replace("\"refunds | selectattr('key', 'equalto', sent.key) | list | length > 0\"", "refunds");
    let lacking = GOOD.replace("state: fine, ", "");
    let both = GOOD.replace("state: fine", "state: rejected");
    for (probe, at) in [(by_list, "refunds, failed"), (lacking, "{id: r1"), (both, "\"state == 'rejected'")] {
        let sources = with(&probe);
        let [problem] = &told(&sources).all[..] else { panic!("not one problem of {probe}") };
        let [line, column] = [problem.line, problem.column].map(|n| usize::try_from(n).unwrap() - 1);
        let source = sources.iter().find(|source| source.path == problem.file).unwrap();
        let from: String = source.text.lines().nth(line).unwrap().chars().skip(column).collect();
        assert!(from.starts_with(at), "{} at {from}", problem.what);
    }
}

#[test]
fn an_answer_without_a_body_has_nothing_to_map_and_nothing_to_compare() {
    let by_status =
        "{request: {method: HEAD, path: \"/r/{key}\"}, done: \"true\", absent_on: [404], absent_after_s: 60}";
    check(&with(by_status), &BTreeMap::new()).unwrap_or_else(|problems| panic!("\n{problems}"));
    for (from, to, want) in [
        (
            "done:",
            "map: {state: state}, done:",
            "the answer to HEAD has no body: there is nothing to map|use GET",
        ),
        (
            "\"true\"",
            "state == 'paid'",
            "the answer to HEAD has no body: there is nothing to look at|done: \"true\"",
        ),
        ("done:", "failed: state == 'rejected', done:", "there is nothing to look at|use GET"),
    ] {
        let problems = told(&with(&by_status.replace(from, to)));
        assert!(is_one(&problems, want), "{to}:\n{problems}");
    }
}

#[test]
fn a_probe_belongs_to_a_tool_with_effects_and_names_a_key_only_where_one_is_sent() {
    let by_key = "    probe: {request: {method: GET, path: \"/r/{key}\"}, done: state == 'paid'}\n";
    let reads = "    response: {map: {state: state}}\n";
    let of_none = broken(&[(reads, &format!("{reads}{}", by_key.replace("{key}", "{order}")))]);
    assert!(is_one_at(&told(&of_none), "this tool has no effects|effects: reversible"));
    let keyless = [("    idempotency: {header: Idempotency-Key}\n", ""), (AT, by_key)];
    assert!(is_one(&told(&broken(&keyless)), "this tool sends no idempotency key|idempotency: {header"));
    let condition = "    probe: {request: {method: GET, path: /r}, done: id == sent.key}\n";
    let keyless = [("    idempotency: {header: Idempotency-Key}\n", ""), (AT, condition)];
    assert!(is_one(&told(&broken(&keyless)), "this tool sends no idempotency key|by what was sent"));
    let taken = [("map: {item: item}", "map: {item: item, key: id}"), (AT, by_key)];
    assert!(is_one(&told(&broken(&taken)), "here it is something else too|otherwise"));
}

fn is_one_at(problems: &Problems, want: &str) -> bool {
    let (what, remedy) = want.split_once('|').unwrap();
    matches!(&problems.all[..], [only] if only.what.contains(what) && only.remedy.contains(remedy))
}

#[test]
fn a_probe_is_part_of_the_plans_hash_and_its_sample_is_not() {
    let hash = |sources: &[Source]| check(sources, &BTreeMap::new()).unwrap().agents["shop"].plan.hash;
    let (without, good) = (hash(&broken(&[])), hash(&with(GOOD)));
    assert_ne!(without, good);
    for (from, to, changes) in
        [("absent_after_s: 60", "absent_after_s: 61", true), ("state: fine", "state: new", false)]
    {
        assert_eq!(hash(&with(&GOOD.replace(from, to))) != good, changes, "{to}");
    }
    // What an older build wrote of a tool without a probe is still its hash.
    let catalog = check(&broken(&[]), &BTreeMap::new()).unwrap();
    let written = serde_json::to_string(&catalog.agents["shop"].tools).unwrap();
    assert!(!written.contains("probe"), "{written}");
}
