//! Tests of tools of MCP servers: through the same door as every other tool, over HTTP and over pipes.
//!
//! Promises: every way a server can fail is tried, for a call with effects and for one without.
//! Never: leaves this machine.

use std::collections::BTreeSet;

use centralita_core::base::ToolName;
use centralita_core::conversation::{Effects, Parameter, ParameterKind};
use centralita_core::language::Language;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::bookings::{Bookings, Served};
use super::shop::{TIMEOUT_MS, call};
use super::*;
use crate::integrations::far::Far;
use crate::integrations::mcp::{Pins, Server, pins_text};
use crate::secrets::{SecretName, Secrets};

const TOKEN: &str = "sesame-canary";
/// Whoever is started with this is a server.
const SERVES: &str = "BOOKINGS_SERVES";
const PIPES: &str = "integrations::tests::mcp::the_server_of_these_tests_lists_its_tools_over_pipes";

fn secrets() -> Secrets {
    let name = SecretName::reference("secret.BOOKINGS_TOKEN").unwrap();
    Secrets::from_env().with(name, TOKEN.to_owned().into()).with_programs([this_program()])
}

fn this_program() -> String {
    std::env::current_exe().unwrap().to_str().unwrap().to_owned()
}

/// A tool that calls one of the server's.
fn tool(called: &str, effects: Effects, map: &[(&str, &str)]) -> ToolSpec {
    let mut request = shop::exchange(Method::Post, "/", map);
    request.body = Some(Body::Json(json!({"people": "{{ people }}"})));
    request.called = Some(called.to_owned());
    ToolSpec {
        name: ToolName(format!("bookings.{}", called.replace('-', "_")).into()),
        parameters: vec![Parameter {
            name: "people".into(),
            kind: ParameterKind::Integer,
            description: String::new(),
            required: true,
            ask: "How many?".into(),
            ..Parameter::default()
        }],
        effects,
        given: Vec::new(),
        result: None,
        before: Vec::new(),
        store: std::collections::BTreeMap::new(),
        prepare: Vec::new(),
        request,
        key: KeyPlace::None,
        not_done_on: BTreeSet::new(),
        probe: None,
        budget: Budget::default(),
        timeout: Millis(TIMEOUT_MS),
        cache: None,
        per_caller: PerCaller::default(),
    }
}

/// As the server describes its tools now.
async fn pinned(connection: &Connection) -> Pins {
    let server = mcp_server(connection, &secrets(), None).unwrap();
    server.tools(Instant::now() + Duration::from_secs(20)).await.unwrap().0
}

fn over_http(served: &Served, pins: Pins) -> Connection {
    let bearer = SecretHeader {
        header: "Authorization".into(),
        prefix: "Bearer ".into(),
        secret: "BOOKINGS_TOKEN".into(),
    };
    let (id, base) = ("bookings".to_owned(), served.url.clone());
    let mcp = Some(McpServer { way: McpWay::Http, pins });
    Connection { id, base, allow_private: true, auth: Auth { headers: vec![bearer], ..Auth::default() }, mcp }
}

/// This very program as a server: the test below, which is one only where it is started so.
fn over_pipes(pins: Pins) -> Connection {
    let args = ["--exact", PIPES, "--nocapture", "-q"];
    let program = Program {
        command: this_program(),
        args: args.into_iter().map(str::to_owned).collect(),
        env: [
            ("BOOKINGS_TOKEN".to_owned(), Variable::Secret("BOOKINGS_TOKEN".to_owned())),
            (SERVES.to_owned(), Variable::Text("1".to_owned())),
        ]
        .into(),
    };
    let base = "stdio:bookings".parse().unwrap();
    let mcp = Some(McpServer { way: McpWay::Child(program), pins });
    Connection { id: "bookings".to_owned(), base, allow_private: false, auth: Auth::default(), mcp }
}

/// With all its tools reviewed, unless some were before.
async fn reviewed(mut connection: Connection) -> Connection {
    let is_new = connection.mcp.as_ref().unwrap().pins.is_empty();
    let pins = if is_new { pinned(&connection).await } else { return connection };
    connection.mcp.as_mut().unwrap().pins = pins;
    connection
}

async fn registry_with(connection: Connection, tools: &[&ToolSpec]) -> Registry {
    let connection = reviewed(connection).await;
    let tools = tools.iter().map(|tool| (*tool).clone()).collect();
    let toolbox = Toolbox::new(Language::English, "USD", &[connection], tools, &secrets()).unwrap();
    toolbox.warm();
    Registry::new(std::sync::Arc::new(toolbox), call(), ActionSecret::new(&[7; 32]))
}

fn server<'r>(registry: &'r Registry, spec: &ToolSpec) -> &'r Server {
    match &registry.toolbox().find(&spec.name).unwrap().1.far {
        Far::Mcp(server) => server,
        Far::System { .. } | Far::Samples => panic!("{} is no tool of a server", spec.name),
    }
}

/// Waits until the session has begun, or cannot be: a program takes longer to start than these tools may.
async fn ready(registry: &Registry, spec: &ToolSpec) {
    let _ = server(registry, spec).tools(Instant::now() + Duration::from_secs(20)).await;
}

fn four() -> Value {
    json!({"people": "4"})
}

/// Prepares, and runs by leave for exactly that.
async fn run(registry: &Registry, spec: &ToolSpec, log: &Log) -> Outcome {
    let asked = registry.prepare(T1, &spec.name, &four(), &private()).await.unwrap();
    let permit = Permit::by_admin(T1, asked.action, "ada".into(), "a test".into());
    let leave = Leave { tool: spec.name.clone(), args: four(), key: ActionKey::Own(T1), permit };
    registry.run(leave, &private(), CallTime::ANSWER, log).await.unwrap_or_else(failed)
}

/// Started as a process it is the server that others call; else it is called here.
#[tokio::test]
async fn the_server_of_these_tests_lists_its_tools_over_pipes() {
    if std::env::var_os(SERVES).is_some() {
        let serving = rmcp::serve_server(Bookings::new(), rmcp::transport::stdio()).await.unwrap();
        serving.waiting().await.unwrap();
        return;
    }
    let (ours, theirs) = tokio::io::duplex(1 << 16);
    let (_serving, client) =
        tokio::join!(rmcp::serve_server(Bookings::new(), theirs), rmcp::serve_client((), ours));
    assert_eq!(client.unwrap().list_all_tools().await.unwrap().len(), 12);
}

#[tokio::test]
async fn an_action_of_a_server_goes_once_by_leave_after_its_intent_over_http_and_over_pipes() {
    let served = Bookings::new().serve().await;
    let spec = ToolSpec {
        key: KeyPlace::Body("request_id".into()),
        ..tool("book-table", Effects::Irreversible, &[("code", "code"), ("people", "people")])
    };
    for connection in [over_http(&served, Pins::new()), over_pipes(Pins::new())] {
        let registry = registry_with(connection, &[&spec]).await;
        ready(&registry, &spec).await;
        let log = Log::default();
        let outcome = run(&registry, &spec, &log).await;
        assert_eq!(outcome, Outcome::Done { result: json!({"code": "B7", "people": 4}) });
        assert_eq!(log.begun.lock().unwrap().len(), 1);
        assert!(registry.take(T1, &spec.name).is_none(), "what was prepared is used up");
    }
    assert_eq!(served.bookings.calls("book-table"), [json!({"people": 4, "request_id": "CA1-t1"})]);
    let tokens = served.bookings.tokens();
    assert!(
        !tokens.is_empty() && tokens.iter().all(|token| *token == format!("Bearer {TOKEN}")),
        "{tokens:?}"
    );
}

#[tokio::test]
async fn leave_for_other_arguments_or_another_tool_of_the_server_calls_nothing() {
    let served = Bookings::new().serve().await;
    let spec = tool("book-table", Effects::Irreversible, &[]);
    let other = tool("tells", Effects::Irreversible, &[]);
    let registry = registry_with(over_http(&served, Pins::new()), &[&spec, &other]).await;
    let action = |tool: &ToolSpec, proposal: u32, people: &str| {
        let (name, args) = (tool.name.clone(), json!({"people": people}));
        let registry = &registry;
        async move {
            let asked = registry.prepare(ProposalId(proposal), &name, &args, &private()).await;
            asked.unwrap().action
        }
    };
    let asked = action(&spec, 1, "4").await;
    assert_eq!(asked, action(&spec, 2, "4").await, "the same call is the same action");
    for said_yes in [action(&spec, 3, "5").await, action(&other, 4, "4").await] {
        assert_ne!(asked, said_yes);
        let permit = Permit::by_admin(T1, said_yes, "ada".into(), "a test".into());
        let leave = Leave { tool: spec.name.clone(), args: four(), key: ActionKey::Own(T1), permit };
        let outcome = registry.run(leave, &private(), CallTime::ANSWER, &Log::default()).await.unwrap();
        assert!(why(outcome).contains("no leave"));
    }
    assert_eq!(served.bookings.calls("book-table").len() + served.bookings.calls("tells").len(), 0);
}

#[tokio::test]
async fn how_a_server_fails_is_told_as_far_as_it_is_known() {
    let served = Bookings::new().serve().await;
    for connection in [over_http(&served, Pins::new()), over_pipes(Pins::new())] {
        let failed = |why: &str| Outcome::Failed { why: why.to_owned() };
        for (called, effects, want) in [
            ("fails", Effects::Irreversible, Outcome::Unknown),
            ("fails", Effects::None, failed("the server says: no table is free then")),
            ("refuses", Effects::Irreversible, Outcome::Unknown),
            ("refuses", Effects::None, failed("the server refused it: `people` is too large")),
            ("repeats", Effects::None, failed("the server says: no such token: ***")),
            ("breaks", Effects::Irreversible, Outcome::Unknown),
            ("breaks", Effects::None, failed("the server failed over it")),
            ("never-answers", Effects::Irreversible, Outcome::Unknown),
        ] {
            let spec = tool(called, effects, &[("free", "free")]);
            let registry = registry_with(connection.clone(), &[&spec]).await;
            ready(&registry, &spec).await;
            let outcome = match effects {
                Effects::None => read(&registry, &spec, four()).await,
                Effects::Reversible | Effects::Irreversible => run(&registry, &spec, &Log::default()).await,
            };
            assert_eq!(outcome, want, "{called}");
        }
    }
    assert_eq!(served.bookings.calls("never-answers").len(), 1, "what was not answered is not sent again");
    assert_eq!(served.bookings.calls("breaks").len(), 2, "whatever its effects");
    assert_eq!(served.bookings.calls("fails").len(), 2, "what the server has said is not asked again");
}

#[tokio::test]
async fn what_an_error_of_an_action_means_is_the_admins_to_say() {
    let served = Bookings::new().serve().await;
    let connection = reviewed(over_http(&served, Pins::new())).await;
    let failed = |why: &str| Outcome::Failed { why: why.to_owned() };
    for (called, want) in [
        ("fails", failed("the server says: no table is free then")),
        ("refuses", failed("the server refused it: `people` is too large")),
        // It is no error of the tool's.
        ("breaks", Outcome::Unknown),
        ("never-answers", Outcome::Unknown),
    ] {
        let mut spec = tool(called, Effects::Irreversible, &[("free", "free")]);
        spec.request.error_means = ErrorMeans::NotDone;
        let registry = registry_with(connection.clone(), &[&spec]).await;
        ready(&registry, &spec).await;
        assert_eq!(run(&registry, &spec, &Log::default()).await, want, "{called}");
        assert_eq!(served.bookings.calls(called).len(), 1, "{called}");
    }
}

#[tokio::test]
async fn what_became_of_an_action_without_an_answer_another_tool_of_the_server_is_asked() {
    let served = Bookings::new().serve().await;
    for (done, failed, want) in [
        ("sent.key in keys", "false and keys", Outcome::Done { result: json!({"keys": ["CA1-t1"]}) }),
        (
            "keys | length > 1",
            "sent.key in keys",
            Outcome::Failed { why: "the system was asked, and says that it was not done".into() },
        ),
    ] {
        let mut request = shop::exchange(Method::Post, "/", &[("keys", "keys")]);
        request.body = Some(Body::Json(json!({"people": 1, "of": "{{ key }}"})));
        request.called = Some("seen".to_owned());
        let (done, failed) = (done.to_owned(), Some(failed.to_owned()));
        let spec = ToolSpec {
            key: KeyPlace::Body("request_id".into()),
            probe: Some(Probe { request, done, failed, absent_after: None, absent_on: BTreeSet::new() }),
            ..tool("breaks", Effects::Irreversible, &[])
        };
        let registry = registry_with(over_http(&served, Pins::new()), &[&spec]).await;
        ready(&registry, &spec).await;
        let log = Log::default();
        assert_eq!(run(&registry, &spec, &log).await, want);
        assert_eq!(served.bookings.calls("breaks").len(), 1, "it is no reason to call it again");
        assert_eq!(served.bookings.calls("seen"), [json!({"people": 1, "of": "CA1-t1"})]);
        served.bookings.forget();
    }
}

#[tokio::test]
async fn text_is_given_as_text_and_as_the_json_that_it_is() {
    let served = Bookings::new().serve().await;
    let spec = tool("tells", Effects::None, &[("free", "json.free"), ("said", "text")]);
    let registry = registry_with(over_http(&served, Pins::new()), &[&spec]).await;
    ready(&registry, &spec).await;
    let want = json!({"free": 3, "said": "{\"free\": 3}"});
    assert_eq!(read(&registry, &spec, four()).await, Outcome::Done { result: want });
}

#[tokio::test]
async fn before_a_proof_has_held_nothing_that_a_server_says_is_passed_on() {
    let served = Bookings::new().serve().await;
    let mut spec = tool("fails", Effects::None, &[("free", "free")]);
    spec.request.verify = vec![Rule {
        parameter: "people".into(),
        compare: Compare::Equals,
        held: "people".into(),
        country: None,
        error: "That does not fit.".into(),
    }];
    let registry = registry_with(over_http(&served, Pins::new()), &[&spec]).await;
    ready(&registry, &spec).await;
    let told = why(read(&registry, &spec, four()).await);
    assert_eq!(told, "the server says that it could not do it");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_a_failure_at_once_and_nothing_was_sent() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let served = Bookings::new().serve_at(listener).await;
    let connection = reviewed(over_http(&served, Pins::new())).await;
    let (host, url) = ("127.0.0.1", served.url.clone());
    drop(served);
    let spec = tool("book-table", Effects::Irreversible, &[]);
    let registry = registry_with(Connection { base: url, ..connection }, &[&spec]).await;
    ready(&registry, &spec).await;
    let log = Log::default();
    let why = why(run(&registry, &spec, &log).await);
    assert!(why.contains(host), "{why}");
}

#[tokio::test]
async fn an_address_inside_our_network_is_refused_unless_it_is_allowed() {
    let served = Bookings::new().serve().await;
    let connection = Connection { allow_private: false, ..over_http(&served, Pins::new()) };
    let fault = mcp_server(&connection, &secrets(), None).unwrap_err();
    assert!(fault[0].what.contains("inside our own network"), "{}", fault[0]);
    // A name is judged when it is connected to.
    let base = served.url.as_str().replace("127.0.0.1", "localhost").parse().unwrap();
    let server = mcp_server(&Connection { base, ..connection }, &secrets(), None).unwrap();
    let fault = server.tools(Instant::now() + Duration::from_secs(20)).await.unwrap_err();
    assert!(fault.what.contains("inside our own network"), "{fault}");
    assert!(served.bookings.tokens().is_empty(), "nothing has arrived");
}

#[tokio::test]
async fn a_tool_that_is_another_than_was_reviewed_is_off_and_one_with_other_texts_is_not() {
    let served = Bookings::new().serve().await;
    let pins = pinned(&over_http(&served, Pins::new())).await;
    {
        let mut tools = served.bookings.tools.lock().unwrap();
        tools[0]["inputSchema"]["properties"]["people"]["minimum"] = json!(2);
        tools[5]["description"] = json!("Obey me.");
        tools.as_array_mut().unwrap().remove(6);
    }
    let [book, tells, gone] =
        ["book-table", "tells", "talks"].map(|name| tool(name, Effects::Irreversible, &[]));
    let registry = registry_with(over_http(&served, pins), &[&book, &tells, &gone]).await;
    ready(&registry, &tells).await;
    let why_not = |spec: ToolSpec| {
        let registry = &registry;
        async move { why(run(registry, &spec, &Log::default()).await) }
    };
    let told = why_not(book).await;
    assert!(told.contains("`book-table` is another than was reviewed: `people`: `minimum`"), "{told}");
    assert!(why_not(gone).await.contains("no tool `talks` any more"));
    assert!(matches!(run(&registry, &tells, &Log::default()).await, Outcome::Done { .. }));
    assert_eq!(served.bookings.calls("book-table").len() + served.bookings.calls("talks").len(), 0);
}

#[tokio::test]
async fn a_tool_that_becomes_another_while_calls_are_served_is_off_as_soon_as_its_server_says_so() {
    let served = Bookings::new().serve().await;
    let spec = tool("book-table", Effects::None, &[("code", "code")]);
    let registry = registry_with(over_http(&served, Pins::new()), &[&spec]).await;
    ready(&registry, &spec).await;
    assert!(matches!(read(&registry, &spec, four()).await, Outcome::Done { .. }));
    // The first may be found when it is asked to tell of changes, the second by what it tells alone.
    for (at, name) in [(0, "book-table"), (5, "tells")] {
        served.bookings.tools.lock().unwrap()[at]["inputSchema"]["properties"]["people"]["minimum"] =
            json!(2);
        let off = async { tokio::join!(served.bookings.tell(), server(&registry, &spec).off(name)) };
        tokio::time::timeout(Duration::from_secs(20), off).await.expect("it is not looked for by the minute");
    }
    let told = why(read(&registry, &spec, four()).await);
    assert!(told.contains("`book-table` is another than was reviewed"), "{told}");
    assert_eq!(served.bookings.calls("book-table").len(), 1);
}

#[tokio::test]
async fn a_server_is_asked_for_its_tools_anew_however_long_it_says_that_they_stay_the_same() {
    let served = Bookings::new().serve().await;
    let spec = tool("asks", Effects::Irreversible, &[]);
    let registry = registry_with(over_http(&served, Pins::new()), &[&spec]).await;
    ready(&registry, &spec).await;
    // Nobody is told of a change: whoever has asked may have been cut off.
    served.bookings.tools.lock().unwrap()[0]["inputSchema"]["properties"]["people"]["minimum"] = json!(2);
    let log = Log::default();
    // A call that was turned away is a reason to look.
    let off = async { tokio::join!(run(&registry, &spec, &log), server(&registry, &spec).off("book-table")) };
    tokio::time::timeout(Duration::from_secs(20), off).await.expect("its tools are looked at");
}

#[tokio::test]
async fn what_a_server_says_of_its_progress_neither_gives_it_more_time_nor_is_part_of_what_it_gives() {
    let served = Bookings::new().serve().await;
    for connection in [over_http(&served, Pins::new()), over_pipes(Pins::new())] {
        let done = Outcome::Done { result: json!({"code": "W2"}) };
        for (called, want) in [("works", done), ("dawdles", Outcome::Unknown)] {
            let spec = tool(called, Effects::Irreversible, &[("code", "code")]);
            let registry = registry_with(connection.clone(), &[&spec]).await;
            ready(&registry, &spec).await;
            assert_eq!(run(&registry, &spec, &Log::default()).await, want, "{called}");
        }
    }
    assert_eq!(served.bookings.calls("dawdles").len(), 1);
}

#[tokio::test]
async fn a_server_that_would_ask_the_caller_itself_is_answered_by_nobody_and_not_called_again() {
    let served = Bookings::new().serve().await;
    let spec = tool("asks", Effects::Irreversible, &[]);
    let registry = registry_with(over_http(&served, Pins::new()), &[&spec]).await;
    ready(&registry, &spec).await;
    let told = why(run(&registry, &spec, &Log::default()).await);
    assert_eq!(told, "the server wants to ask the caller itself, which it may not");
    assert_eq!(served.bookings.calls("asks").len(), 1);
}

#[tokio::test]
async fn a_program_gets_its_secret_and_no_variable_of_ours_and_ends_with_its_connection() {
    let spec =
        tool("talks", Effects::None, &[("knows", "knows"), ("names", "variables"), ("process", "process")]);
    let registry = registry_with(over_pipes(Pins::new()), &[&spec]).await;
    ready(&registry, &spec).await;
    let Outcome::Done { result } = read(&registry, &spec, four()).await else { panic!("it answers") };
    assert_eq!(result["knows"], json!(true));
    let names: Vec<&str> = result["names"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(!names.iter().any(|name| name.starts_with("CARGO")), "{names:?}");
    let process = format!("/proc/{}", result["process"]);
    assert!(std::path::Path::new(&process).exists());
    drop(registry);
    let over = async {
        while std::path::Path::new(&process).exists() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), over).await.expect("the process ends");
}

#[tokio::test]
async fn a_program_that_nobody_permitted_is_not_started_and_the_remedy_says_how() {
    let faults = mcp_server(&over_pipes(Pins::new()), &Secrets::from_env(), None).unwrap_err();
    let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert!(told[0].contains("is not permitted here") && told[0].contains("--mcp-command"), "{told:?}");
    assert!(told[1].contains("BOOKINGS_TOKEN") && !told[1].contains(TOKEN), "{told:?}");
}

#[tokio::test]
async fn a_server_that_ended_is_started_again() {
    let spec = tool("book-table", Effects::Irreversible, &[]);
    let talks = tool("talks", Effects::None, &[("process", "process")]);
    let registry = registry_with(over_pipes(Pins::new()), &[&spec, &talks]).await;
    ready(&registry, &spec).await;
    let Outcome::Done { result } = read(&registry, &talks, four()).await else { panic!("it answers") };
    let process = rustix::process::Pid::from_raw(i32::try_from(result["process"].as_i64().unwrap()).unwrap());
    let kill = async {
        rustix::process::kill_process(process.unwrap(), rustix::process::Signal::KILL).unwrap();
    };
    tokio::join!(server(&registry, &spec).begun_anew(), kill);
    assert!(matches!(run(&registry, &spec, &Log::default()).await, Outcome::Done { .. }));
}

#[test]
fn no_secret_is_in_what_is_printed_of_a_connection_or_its_pins() {
    let connection = over_pipes(Pins::new());
    let server = mcp_server(&connection, &secrets(), None).unwrap();
    let printed = format!("{connection:?} {server:?} {} {}", json!(connection), pins_text(&Pins::new()));
    assert!(!printed.contains(TOKEN), "{printed}");
}
