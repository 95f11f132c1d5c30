//! `centralita replay`: recorded calls through today's heart: same orders?
//!
//! Promises: the first difference of every call is shown with the lines around it, in the words of the call file; exit
//! code 1 where one differs or cannot be read; what cannot be read, and a call at which the heart falls over, hides no
//! other.
//! Never: carries out an order; writes to where it reads.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use futures::StreamExt as _;
use futures::stream;
use serde_json::Value;

use super::replay_audio::{self, SoundArgs};
use super::{Done, Verdict, render};
use crate::core::base::{Fault, Owner};
use crate::core::journal::{CallFile, Play};
use crate::replay::{Finding, Found, Recorded, Replayed, Report, as_test, compare, find};

/// Which calls, and how it is told.
#[derive(Debug, Args)]
#[command(
    after_help = "A call script of tests/calls names its plan; a call file exported with --export holds it.\n\
                        docs/replay.md shows the way from a recorded call to a test."
)]
pub(super) struct ReplayArgs {
    /// Journals (databases), call files, and folders of them
    #[arg(required = true, value_name = "CALLS")]
    calls: Vec<PathBuf>,
    /// Only the call of this id, of the databases named; may be given again
    #[arg(long = "call", value_name = "ID")]
    ids: Vec<String>,
    /// Prints the calls as call files instead of comparing them
    #[arg(long, conflicts_with_all = ["export", "json", "junit", "audio", "live"])]
    print: bool,
    /// Prints the calls as plays: who said what, which tools ran, what the gate ruled
    #[arg(long, conflicts_with_all = ["print", "export", "json", "junit"])]
    play: bool,
    /// Writes each call as a file of its own, with its plan, instead of comparing them
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["json", "junit", "audio", "live"])]
    export: Option<PathBuf>,
    /// Makes a regression test from each call: a call file in that folder, lean, with expectations to edit
    #[arg(
        long,
        value_name = "FOLDER",
        num_args = 0..=1,
        default_missing_value = "tests/calls",
        conflicts_with_all = ["print", "play", "export", "json", "junit", "audio"]
    )]
    as_test: Option<PathBuf>,
    /// One JSON object instead of text
    #[arg(long)]
    json: bool,
    /// Writes a JUnit report as well
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    #[command(flatten)]
    sound: SoundArgs,
}

pub(super) async fn run(args: &ReplayArgs) -> Done {
    let found = all(args).await?;
    if args.print {
        return print(&found, CallFile::write, &mut |text| render::text(&text)).await;
    }
    if args.play {
        return print(&found, as_play, &mut |text| render::text(&text)).await;
    }
    if let Some(folder) = &args.export {
        return export(&found, folder, &mut |recorded| Ok(recorded.standalone())).await;
    }
    if let Some(folder) = &args.as_test {
        return make_tests(&found, folder).await;
    }
    if args.sound.live {
        return replay_audio::live(found, &args.sound).await;
    }
    if args.sound.audio {
        let report = replay_audio::replay(found, &args.sound).await?;
        return told(args, report.is_good(), || report.junit(), || report.json(), || report.to_string());
    }
    let report = replay(found).await;
    told(args, report.is_good(), || report.junit(), || report.json(), || report.to_string())
}

/// A report in the forms that were asked for.
fn told(
    args: &ReplayArgs,
    is_good: bool,
    junit: impl Fn() -> Result<String, Fault>,
    json: impl Fn() -> Value,
    text: impl Fn() -> String,
) -> Done {
    if let Some(path) = &args.junit {
        fs::write(path, junit()?).map_err(|error| unwritable(path, &error))?;
    }
    render::line(&if args.json { json().to_string() } else { text() });
    Ok(if is_good { Verdict::Good } else { Verdict::Bad })
}

/// What was named, with what of it cannot be read.
async fn all(args: &ReplayArgs) -> Result<Vec<Found>, Fault> {
    let mut found = Vec::new();
    for path in &args.calls {
        found.extend(find(path, &args.ids).await);
    }
    let refused = |what: String, remedy: &str| Err(Fault::new(Owner::Admin, what, remedy));
    let hidden = found.iter().any(|call| matches!(call, Found::Unreadable { .. }));
    for id in &args.ids {
        if found.iter().any(|call| matches!(call, Found::Call { id: known, .. } if known.as_str() == id)) {
            continue;
        }
        if !hidden {
            let what = format!("there is no call `{id}` in what was named");
            return refused(what, "without --call, --print shows every call with its id");
        }
        let what = format!("there is no call `{id}` in what could be read");
        let fault = Fault::new(Owner::Admin, what, "it may be in what could not");
        found.push(Found::Unreadable { name: id.clone(), fault });
    }
    if found.is_empty() {
        let named: Vec<String> = args.calls.iter().map(|path| path.display().to_string()).collect();
        let what = format!(
            "there is no call in {}: no call file (`*.call`), and no journal's database with a call in it",
            named.join(", ")
        );
        let remedy =
            "name what `centralita serve` or `centralita demo` wrote, a call file, or a folder of them";
        return refused(what, remedy);
    }
    Ok(found)
}

/// Every core folds a call of its own; reading the next ones goes on beside it.
async fn replay(found: Vec<Found>) -> Report {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let progress = render::progress(found.len() as u64);
    let one = |call: Found| async move {
        let name = call.name();
        let (lines, finding) = match call.read().await {
            Ok(recorded) => (recorded.file.lines.len(), folded(&name, move || compare(&recorded)).await),
            Err(fault) => (0, Finding::Unreadable(fault)),
        };
        Replayed { name, lines, finding }
    };
    let mut replayed = stream::iter(found).map(one).buffered(2 * cores);
    let mut report = Report::default();
    while let Some(next) = replayed.next().await {
        report.0.push(next);
        progress.inc(1);
    }
    progress.finish_and_clear();
    report
}

/// What a fold finds; a panic in it is this call's alone.
async fn folded(name: &str, fold: impl FnOnce() -> Finding + Send + 'static) -> Finding {
    tokio::task::spawn_blocking(fold).await.unwrap_or_else(|error| {
        let what = format!("the heart fell over while it replayed {name}: {error}");
        let remedy = "this is a mistake of ours, please report it with the call";
        Finding::Unreadable(Fault::new(Owner::Gateway, what, remedy))
    })
}

/// One that cannot be read is told, and the others are printed.
async fn print(found: &[Found], form: impl Fn(&CallFile) -> String, out: &mut impl FnMut(String)) -> Done {
    let mut verdict = Verdict::Good;
    for call in found {
        match call.read().await {
            Ok(recorded) => out(form(&recorded.file)),
            Err(fault) => {
                render::fault(&fault);
                verdict = Verdict::Bad;
            }
        }
    }
    Ok(verdict)
}

/// The head of the call, then a line for everything that a reader would hear or see of it.
fn as_play(call: &CallFile) -> String {
    let told = Play::of(call).into_iter().map(|told| told.to_string());
    let lines: Vec<String> = call.head.iter().cloned().chain(told).collect();
    lines.join("\n") + "\n\n"
}

/// A test of each call that this build answers as it was recorded.
async fn make_tests(found: &[Found], folder: &Path) -> Done {
    let mut make = |recorded: &Recorded| {
        let test = as_test(recorded)?;
        test.notes.iter().for_each(|note| render::aside(note));
        Ok(test.file)
    };
    export(found, folder, &mut make).await
}

/// All are read before the first is written. One that cannot be read is told, and the others are exported.
async fn export(
    found: &[Found],
    folder: &Path,
    form: &mut impl FnMut(&Recorded) -> Result<CallFile, Fault>,
) -> Done {
    let mut files = BTreeMap::new();
    for call in found {
        match call.read().await {
            Ok(recorded) => match form(&recorded) {
                Ok(file) => add(&mut files, folder.join(call.place()), call, file)?,
                Err(fault) => render::fault(&fault),
            },
            Err(fault) => render::fault(&fault),
        }
    }
    for (written, (path, (_, file))) in files.iter().enumerate() {
        write(path, file).map_err(|error| {
            let mut fault = unwritable(path, &error);
            fault.what.push_str(&format!("; of {} calls {written} were written", found.len()));
            fault
        })?;
        render::line(&path.display().to_string());
    }
    render::aside(&format!("of {} calls {} were written", found.len(), files.len()));
    Ok(if files.len() == found.len() { Verdict::Good } else { Verdict::Bad })
}

/// The call files to be, by their paths.
type Files<'a> = BTreeMap<PathBuf, (&'a Found, CallFile)>;

fn add<'a>(files: &mut Files<'a>, path: PathBuf, call: &'a Found, file: CallFile) -> Result<(), Fault> {
    if let Some((other, _)) = files.get(&path) {
        if other.name() == call.name() {
            let what = format!("{} was named twice", call.name());
            return Err(Fault::new(Owner::Admin, what, "name it once; nothing was written"));
        }
        let what = format!("two calls belong in {}: {} and {}", path.display(), other.name(), call.name());
        return Err(Fault::new(Owner::Admin, what, "export them to two folders; nothing was written"));
    }
    files.insert(path, (call, file));
    Ok(())
}

fn write(path: &Path, file: &CallFile) -> std::io::Result<()> {
    fs::create_dir_all(path.parent().unwrap_or(path))?;
    fs::File::create_new(path)?.write_all(file.write().as_bytes())
}

fn unwritable(path: &Path, error: &std::io::Error) -> Fault {
    let what = format!("{} cannot be written: {error}", path.display());
    Fault::new(Owner::Admin, what, "name a place that is free and that this user may write to")
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::replay::tests::Folder;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: ReplayArgs,
    }

    impl Folder {
        fn call(&self, path: &str, text: &str) {
            let path = self.0.join(path);
            fs::create_dir_all(path.parent().expect("the path has a folder"))
                .expect("a temporary folder can be made");
            fs::write(path, text).expect("a temporary folder can be written");
        }

        async fn export(&self, calls: &[&str]) -> Done {
            let calls = calls.iter().map(|call| self.0.join(call).display().to_string());
            let out = ["--export".to_owned(), self.0.join("out").display().to_string()];
            let line = ["replay".to_owned()].into_iter().chain(calls).chain(out);
            run(&Line::parse_from(line).args).await
        }

        fn holds(&self, path: &str) -> bool {
            self.0.join(path).is_file()
        }
    }

    /// What is named, in a folder, with options before it.
    async fn told(folder: &Folder, options: &[&str], names: &[&str]) -> Done {
        let named = names.iter().map(|name| folder.0.join(name).display().to_string());
        let line = ["replay"].iter().chain(options).map(|word| (*word).to_owned()).chain(named);
        run(&Line::parse_from(line).args).await
    }

    const CALL: &str = "# plan: en\n    0.000 < answered\n";

    #[tokio::test]
    async fn a_panic_at_one_call_is_that_calls_finding() {
        // Past the hook: nobody wants to read of it.
        let finding = folded("CA7", || std::panic::resume_unwind(Box::new("a mistake on purpose"))).await;
        let Finding::Unreadable(fault) = finding else { panic!("{finding:?}") };
        assert!(fault.what.contains("CA7") && fault.what.contains("a mistake on purpose"), "{fault}");
        assert_eq!(fault.owner, Owner::Gateway);
    }

    #[tokio::test]
    async fn calls_of_one_name_keep_their_folders_and_an_unreadable_one_hides_no_other() {
        let folder = Folder::new();
        for path in ["calls/a/x.call", "calls/b/x.call"] {
            folder.call(path, CALL);
        }
        assert_eq!(folder.export(&["calls"]).await.expect("every place is free"), Verdict::Good);
        assert!(folder.holds("out/a/x.call") && folder.holds("out/b/x.call"));
        fs::remove_dir_all(folder.0.join("out")).expect("it was made by this test");
        folder.call("calls/a/w.call", "    0.000 < dances\n");
        assert_eq!(folder.export(&["calls"]).await.expect("every place is free"), Verdict::Bad);
        assert!(folder.holds("out/b/x.call") && !folder.holds("out/a/w.call"));
    }

    #[tokio::test]
    async fn an_unreadable_call_is_told_and_the_ones_around_it_are_printed() {
        let folder = Folder::new();
        for (path, text) in [("a.call", CALL), ("b.call", "    0.000 < dances\n"), ("c.call", CALL)] {
            folder.call(path, text);
        }
        let found = find(&folder.0, &[]).await;
        let mut printed = Vec::new();
        let verdict =
            print(&found, CallFile::write, &mut |text| printed.push(text)).await.expect("printing goes on");
        assert_eq!(verdict, Verdict::Bad);
        assert_eq!(printed, [CALL, CALL]);
        let readable = [&found[..1], &found[2..]];
        for found in readable {
            assert_eq!(
                print(found, CallFile::write, &mut drop).await.expect("it can be read"),
                Verdict::Good
            );
        }
    }

    #[tokio::test]
    async fn two_calls_for_one_file_are_refused_before_anything_is_written() {
        let folder = Folder::new();
        for path in ["a/w.call", "a/x.call", "b/x.call"] {
            folder.call(path, CALL);
        }
        let fault = folder.export(&["a", "b"]).await.unwrap_err();
        assert!(fault.what.contains("a/x.call and ") && fault.what.contains("b/x.call"), "{fault}");
        assert!(!folder.0.join("out").exists());
    }

    #[tokio::test]
    async fn a_call_that_was_named_twice_is_told_as_that_and_nothing_is_written() {
        let folder = Folder::new();
        folder.call("a.call", CALL);
        let fault = folder.export(&["a.call", "a.call"]).await.unwrap_err();
        assert!(fault.what.ends_with("a.call was named twice"), "{fault}");
        assert_eq!(fault.what.matches("a.call").count(), 1, "{fault}");
        assert!(!folder.0.join("out").exists());
    }

    #[tokio::test]
    async fn a_folder_for_sound_that_is_not_there_is_one_fault_of_the_whole_command() {
        let folder = Folder::new();
        for name in ["a.call", "b.call"] {
            folder.call(name, CALL);
        }
        for option in ["--recordings", "--cassettes"] {
            let fault =
                told(&folder, &["--audio", option, "nowhere"], &["a.call", "b.call"]).await.unwrap_err();
            assert_eq!(fault.what, "there is no folder nowhere");
        }
    }

    #[tokio::test]
    async fn an_export_that_stops_half_way_says_how_far_it_came() {
        let folder = Folder::new();
        for path in ["calls/a.call", "calls/b.call", "out/b.call"] {
            folder.call(path, CALL);
        }
        let fault = folder.export(&["calls"]).await.unwrap_err();
        assert!(fault.what.contains("b.call cannot be written"), "{fault}");
        assert!(fault.what.ends_with("of 2 calls 1 were written"), "{fault}");
    }

    #[tokio::test]
    async fn a_test_is_made_from_a_call_passes_unedited_and_takes_no_other_files_place() {
        let folder = Folder::new();
        folder.call("good.call", &good());
        let into = folder.0.join("tests").display().to_string();
        assert_eq!(told(&folder, &["--as-test", &into], &["good.call"]).await, Ok(Verdict::Good));
        let made = fs::read_to_string(folder.0.join("tests/good.call")).expect("it was written");
        assert!(made.contains("# expect: written\n") && made.contains("> note judged t1 no"), "{made}");
        assert_eq!(told(&folder, &[], &["tests"]).await, Ok(Verdict::Good));
        let edited = made.replace("note judged t1 no", "note judged t1 yes");
        folder.call("tests/good.call", &edited);
        assert_eq!(told(&folder, &[], &["tests"]).await, Ok(Verdict::Bad));
        let fault = told(&folder, &["--as-test", &into], &["good.call"]).await.unwrap_err();
        assert!(fault.what.contains("good.call cannot be written"), "{fault}");
        let kept = fs::read_to_string(folder.0.join("tests/good.call")).expect("it is there");
        assert_eq!(kept, edited);
    }

    /// A script that this build answers as it stands.
    fn good() -> String {
        fs::read_to_string("tests/calls/gate/retracts.call").expect("the script is there")
    }

    #[tokio::test]
    async fn a_source_that_cannot_be_read_is_told_and_the_others_are_replayed() {
        let folder = Folder::new();
        folder.call("good.call", &good());
        folder.call("cut.sqlite", "SQLite format 3\0cut short");
        let junit = folder.0.join("junit.xml");
        let names = ["nowhere", "cut.sqlite", "good.call"];
        let done = told(&folder, &["--junit", &junit.display().to_string()], &names).await;
        assert_eq!(done, Ok(Verdict::Bad));
        let xml = fs::read_to_string(&junit).expect("it was written");
        assert!(xml.contains(r#"tests="3""#) && xml.contains(r#"errors="2""#), "{xml}");
        assert!(
            xml.contains("there is no file or folder") && xml.contains("cut.sqlite could not be read"),
            "{xml}"
        );
        assert_eq!(told(&folder, &["--json"], &names).await, Ok(Verdict::Bad));
        assert_eq!(told(&folder, &["--print"], &names).await, Ok(Verdict::Bad));
        assert_eq!(told(&folder, &[], &["good.call"]).await, Ok(Verdict::Good));
        assert_eq!(folder.export(&names).await, Ok(Verdict::Bad));
        assert!(folder.holds("out/good.call"));
    }

    #[tokio::test]
    async fn where_no_call_is_found_it_is_told_what_was_looked_for() {
        let folder = Folder::new();
        folder.call("calls/line.wav", "RIFF");
        let fault = told(&folder, &[], &["calls"]).await.unwrap_err();
        assert!(
            fault.what.starts_with("there is no call in /") && fault.what.contains("`*.call`"),
            "{fault}"
        );
        assert!(fault.what.contains("journal's database"), "{fault}");
        let fault = told(&folder, &["--call", "CA1"], &["calls"]).await.unwrap_err();
        assert_eq!(fault.what, "there is no call `CA1` in what was named");
    }

    #[tokio::test]
    async fn a_call_that_may_lie_in_what_cannot_be_read_is_told_and_stops_nothing() {
        let folder = Folder::new();
        folder.call("good.call", &good());
        let done = told(&folder, &["--call", "CA1"], &["nowhere", "good.call"]).await;
        assert_eq!(done, Ok(Verdict::Bad));
    }
}
