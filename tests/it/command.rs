//! The program as its user runs it: what it says, its exit code, and what it leaves behind.
//!
//! Promises: whatever is refused is refused before anything is made, with its remedy; a signal loses nothing.
//! Never: waits for a time; a call is ended once it is heard.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::{Child, Command};
use url::Url;

use crate::scene::{Scene, http};

/// A folder for one test.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Folder {
        let path = std::env::temp_dir().join(format!("centralita-{}", uuid::Uuid::now_v7()));
        std::fs::create_dir(&path).unwrap();
        Folder(path)
    }

    pub(crate) fn file(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    fn is_empty(&self) -> bool {
        std::fs::read_dir(&self.0).unwrap().next().is_none()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn command(arguments: &[&str]) -> Command {
    // Under `nohup` it would ignore a lost terminal.
    let mut command = Command::new("/usr/bin/env");
    command.args(["--default-signal=HUP", env!("CARGO_BIN_EXE_centralita")]).args(arguments);
    command.current_dir(env!("CARGO_MANIFEST_DIR")).kill_on_drop(true);
    command.env_remove("TWILIO_AUTH_TOKEN").env_remove("TWILIO_ACCOUNT_SID").env("SHOP_TOKEN", "sesame");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Where a gateway that was started listens, and the line that says so.
pub(crate) async fn listens(gateway: &mut Child) -> (Url, String) {
    let mut line = String::new();
    BufReader::new(gateway.stdout.take().unwrap()).read_line(&mut line).await.unwrap();
    let url = line.strip_prefix("listening on ").and_then(|rest| rest.split(';').next());
    let url = url.unwrap_or_else(|| panic!("it does not listen: {line}"));
    (Url::parse(url).unwrap(), line)
}

/// What it says and does about a line that is refused.
async fn refused(mut command: Command) -> String {
    let Output { status, stderr, .. } = command.output().await.unwrap();
    let told = String::from_utf8(stderr).unwrap();
    assert_eq!(status.code(), Some(2), "{told}");
    told
}

pub(crate) fn signal(child: &Child, name: &str) {
    let pid = child.id().unwrap().to_string();
    assert!(std::process::Command::new("kill").args([name, &pid]).status().unwrap().success());
}

/// Reads until a line holds that text.
async fn until(lines: &mut (impl tokio::io::AsyncBufRead + Unpin), text: &str) {
    let mut line = String::new();
    while !line.contains(text) {
        line.clear();
        assert!(lines.read_line(&mut line).await.unwrap() > 0, "it ended without a line that says {text}");
    }
}

fn phone(scene: &Scene, record: &str) -> Command {
    let hook = scene.url.join("hooks/twilio/voice").unwrap();
    command(&[
        "call",
        hook.as_str(),
        "--speech",
        "stand-in",
        "--say",
        "goodbye",
        "--press",
        "1",
        "--record",
        record,
    ])
}

#[tokio::test]
async fn a_signal_hangs_up_writes_the_recording_and_says_so() {
    for name in ["-INT", "-TERM", "-HUP"] {
        let (scene, folder) = (Scene::plain().await, Folder::new());
        let record = folder.file("call.wav");
        let mut child = phone(&scene, &record).spawn().unwrap();
        let mut told = BufReader::new(child.stdout.take().unwrap());
        until(&mut told, "the agent speaks").await;
        signal(&child, name);
        let mut rest = String::new();
        told.read_to_string(&mut rest).await.unwrap();
        assert!(rest.contains("ended: the caller hung up, by a signal"), "{name}: {rest}");
        assert!(rest.contains("moves that were not made: "), "{name}: {rest}");
        assert_eq!(child.wait().await.unwrap().code(), Some(1), "{name}");
        let recorded = hound::WavReader::open(Path::new(&record)).unwrap().duration();
        assert!(recorded > 0, "{name}: nothing is recorded");
        scene.quiet().await;
        scene.close().await;
    }
}

#[tokio::test]
async fn a_recording_takes_no_other_files_place_and_a_call_that_was_none_leaves_none() {
    let (scene, folder) = (Scene::plain().await, Folder::new());
    let record = folder.file("kept.wav");
    std::fs::write(&record, "an earlier call").unwrap();
    let told = refused(phone(&scene, &record)).await;
    assert!(told.contains(&record) && told.contains("name another file"), "{told}");
    assert_eq!(std::fs::read(&record).unwrap(), b"an earlier call");
    let never = folder.file("never.wav");
    refused(command(&["call", "http://127.0.0.1:9/", "--speech", "stand-in", "--record", &never])).await;
    assert!(!Path::new(&never).exists());
    scene.close().await;
}

/// `serve` on a free port, its journal in that folder.
fn serve(folder: &Folder) -> Child {
    serving(folder).spawn().unwrap()
}

fn serving(folder: &Folder) -> Command {
    let line = ["serve", "--unsigned-loopback", "--bind", "127.0.0.1:0", "--speech", "stand-in", "--journal"];
    command(&[&line[..], &[&folder.file("journal.sqlite")]].concat())
}

const MOCKED_CALL: &str = "version: 1
moves:
  - say: refund twenty dollars on order one one eight two
  - say: yes
  - {when: silence 1500, hang_up: true}
";

#[tokio::test]
async fn a_gateway_with_mocked_effects_does_everything_but_send_and_says_so_everywhere() {
    let folder = Folder::new();
    // No secret and no shop: nothing is there that could be sent, or to be sent to.
    let mut gateway = serving(&folder).args(["--effects", "mock"]).env_remove("SHOP_TOKEN").spawn().unwrap();
    let (url, line) = listens(&mut gateway).await;
    assert!(line.contains("EFFECTS ARE MOCKED"), "{line}");
    let health = http().get(url.join("health").unwrap()).send().await.unwrap().text().await.unwrap();
    assert!(health.contains(r#""effects":"mocked""#), "{health}");
    let (hook, script) = (url.join("hooks/twilio/voice").unwrap().to_string(), folder.file("script.yaml"));
    std::fs::write(&script, MOCKED_CALL).unwrap();
    let called = command(&["call", &hook, "--speech", "stand-in", "--scenario", &script]).output().await;
    let told = String::from_utf8(called.unwrap().stdout).unwrap();
    signal(&gateway, "-TERM");
    assert_eq!(gateway.wait().await.unwrap().code(), Some(0));
    let journal = folder.file("journal.sqlite");
    let listed = command(&["effects", "list", "--journal", &journal]).output().await.unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(listed.contains("done") && listed.contains("shop.refund  (mocked)"), "{listed}\n{told}");
    let printed = command(&["replay", &journal, "--print"]).output().await.unwrap();
    let printed = String::from_utf8(printed.stdout).unwrap();
    assert!(printed.contains("# effects: mocked\n"), "{printed}");
    for line in ["> note asked t1", "> note judged t1 yes", "> run t1 shop.refund", "< settled t1 done"] {
        assert!(printed.contains(line), "{line}: {printed}");
    }
}

#[tokio::test]
async fn a_lost_terminal_drains_the_gateway_as_a_signal_does() {
    let folder = Folder::new();
    let mut child = serve(&folder);
    until(&mut BufReader::new(child.stdout.take().unwrap()), "listening on").await;
    signal(&child, "-HUP");
    assert_eq!(child.wait().await.unwrap().code(), Some(0));
}

#[tokio::test]
async fn without_a_synthesiser_nothing_is_served_and_check_warns() {
    let folder = Folder::new();
    let mut serve = command(&["serve", "--unsigned-loopback", "--bind", "127.0.0.1:0"]);
    serve.args(["--journal", &folder.file("journal.sqlite")]).env("PATH", &folder.0);
    let told = refused(serve).await;
    assert!(told.contains("have no voice") && told.contains("apt-get install -y flite espeak-ng"), "{told}");
    assert!(folder.is_empty());
    let checked = command(&["check"]).env("PATH", &folder.0).output().await.unwrap();
    let told = String::from_utf8(checked.stderr).unwrap();
    assert_eq!(checked.status.code(), Some(0), "{told}");
    for program in ["`flite`", "`espeak-ng`"] {
        let warned = |line: &str| line.starts_with("warning: ") && line.contains(program);
        assert!(told.lines().any(warned), "{program}: {told}");
    }
}

#[tokio::test]
async fn where_no_temporary_file_can_be_written_the_remedy_is_another_folder_for_them() {
    let folder = Folder::new();
    let mut serve = command(&["serve", "--unsigned-loopback", "--bind", "127.0.0.1:0"]);
    serve.args(["--journal", &folder.file("journal.sqlite")]).env("TMPDIR", folder.file("nowhere"));
    let told = refused(serve).await;
    assert!(
        told.contains("point TMPDIR to a folder that can be written") && !told.contains("apt-get"),
        "{told}"
    );
}

#[tokio::test]
async fn a_demo_that_cannot_be_leaves_no_folder() {
    let (folder, taken) = (Folder::new(), std::net::TcpListener::bind("127.0.0.1:0").unwrap());
    let port = taken.local_addr().unwrap().port().to_string();
    let (calls, root) = (folder.file("calls"), folder.file("root"));
    for rooms in ["agents", "integrations"] {
        std::fs::create_dir_all(Path::new(&root).join(rooms)).unwrap();
    }
    std::fs::copy("agents/recepcion.yaml", Path::new(&root).join("agents/recepcion.yaml")).unwrap();
    for (line, told) in [
        (&["--root", "/nonexistent"][..], "/nonexistent"),
        (&["--llm", "openai:"], "there is no language model `openai:`"),
        (&["--llm-url", "http://127.0.0.1:1/v1"], "--llm-url names a server"),
        (&["--root", &root], "the agent `shop` is not among the definitions"),
        (&["--listen", &port], &format!("127.0.0.1:{port} cannot be listened on")),
        (&["--listen", &port], "with --listen"),
        (&["all", "--listen", "0"], "name one scenario"),
    ] {
        let mut demo = command(&["demo", "--speech", "stand-in", "--folder", &calls]);
        demo.args(line);
        let said = refused(demo).await;
        assert!(said.contains(told), "{line:?}: {said}");
        assert!(!Path::new(&calls).exists(), "{line:?}");
    }
}

#[tokio::test]
async fn a_demo_that_listens_serves_every_agent_by_its_id() {
    let folder = Folder::new();
    let line = ["demo", "--speech", "stand-in", "--listen", "0", "--folder", &folder.file("calls")];
    let mut demo = command(&line).spawn().unwrap();
    let mut told = BufReader::new(demo.stdout.take().unwrap());
    let mut at = String::new();
    while !at.starts_with("media stream") {
        at.clear();
        assert!(told.read_line(&mut at).await.unwrap() > 0, "it ended without an address");
    }
    let stream = at.split_whitespace().last().unwrap();
    let script = folder.file("script.yaml");
    std::fs::write(&script, "version: 1\nmoves:\n- {when: speaking 0, hang_up: true}\n").unwrap();
    for agent in ["shop", "tienda", "recepcion"] {
        let call = ["call", stream, "--agent", agent, "--speech", "stand-in", "--scenario", &script];
        let Output { status, stdout, .. } = command(&call).output().await.unwrap();
        assert!(status.success(), "{agent}: {}", String::from_utf8_lossy(&stdout));
    }
    signal(&demo, "-TERM");
    assert_eq!(demo.wait().await.unwrap().code(), Some(0));
}

#[tokio::test]
async fn many_calls_say_first_where_their_files_are() {
    let mut demo = command(&["demo", "all", "--speech", "stand-in"]).spawn().unwrap();
    let (mut told, mut line) = (BufReader::new(demo.stderr.take().unwrap()), String::new());
    told.read_line(&mut line).await.unwrap();
    demo.kill().await.unwrap();
    let root = line.strip_prefix("the calls' files go to ").and_then(|rest| rest.split(';').next());
    std::fs::remove_dir_all(root.expect(&line)).unwrap();
}

#[tokio::test]
async fn a_variable_that_is_empty_is_named_and_hides_no_good_one_in_silence() {
    let mut check = command(&["check", "--speech", "stand-in"]);
    let told = check.env("CENTRALITA_SECRET_SHOP_TOKEN", "").output().await.unwrap().stderr;
    let told = String::from_utf8(told).unwrap();
    assert!(told.contains("is empty: the variable CENTRALITA_SECRET_SHOP_TOKEN holds nothing"), "{told}");
}

#[tokio::test]
async fn an_account_that_is_none_of_the_carriers_is_refused_also_from_the_environment() {
    for account in ["foo", ""] {
        let mut serve = command(&["serve", "--public-url", "https://gw.example.com"]);
        serve.env("TWILIO_ACCOUNT_SID", account).env("TWILIO_AUTH_TOKEN", "sesame");
        let told = refused(serve).await;
        assert!(told.contains("AC and 32 hexadecimal digits"), "{account}: {told}");
    }
}

#[tokio::test]
async fn an_agent_that_hears_nothing_is_not_measured_nor_a_recording_that_is_none() {
    let folder = Folder::new();
    let manifest = r#"[{"file": "a.wav", "text": "please", "kind": "command"}]"#;
    std::fs::write(folder.file("manifest.json"), manifest).unwrap();
    centralita::media::write_line_wav(Path::new(&folder.file("a.wav")), &[]).unwrap();
    let place = folder.file("");
    let told = refused(command(&["eval", "stt", &place, "--agent", "tienda"])).await;
    assert!(told.contains("the agent `tienda` hears nothing"), "{told}");
    for what in ["stt", "answers"] {
        let told = refused(command(&["eval", what, &place, "--words-of-manifest"])).await;
        assert!(told.contains("a.wav holds no audio"), "{what}: {told}");
    }
    let figure = ["--figure", "/proc/x/y.json", "--source", "none"];
    let told = refused(command(&[&["eval", "answers", &place], &figure[..]].concat())).await;
    assert!(told.contains("/proc/x/y.json cannot be written"), "before a recording is read: {told}");
}

#[tokio::test]
async fn moves_that_are_none_are_refused_before_the_phone_rings() {
    let nobody = "http://127.0.0.1:9/";
    for (move_, told) in [
        (["--say", " "], "--say: there is nothing to say"),
        (["--press", ""], "--press: there is no key to press"),
        (["--press", "1a"], "--press: `1a` is no row of keys"),
        (["--scenario", "/dev/zero"], "/dev/zero cannot be read"),
    ] {
        let said = refused(command(&[&["call", nobody, "--speech", "stand-in"], &move_[..]].concat())).await;
        assert!(said.contains(told), "{move_:?}: {said}");
    }
}

#[tokio::test]
async fn the_figures_are_there_before_the_first_call() {
    let folder = Folder::new();
    let mut child = serve(&folder);
    let (url, _) = listens(&mut child).await;
    let figures = http().get(url.join("metrics").unwrap()).send().await.unwrap().text().await.unwrap();
    for figure in
        ["centralita_calls_total 0", "centralita_calls_live 0", "centralita_turn_latency_seconds_count 0"]
    {
        assert!(figures.lines().any(|line| line == figure), "{figure}\n{figures}");
    }
}
