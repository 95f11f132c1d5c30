//! Recordings and cassettes where they lie: which is taken for a call, and which is not.
//!
//! Promises: every test leaves no file behind.
//! Never: hears a call; its tracks are silent.

use super::*;
use crate::core::base::Millis;
use crate::core::cassette::derive;
use crate::media::Recorder;

/// Ids as carriers give them.
const OURS: &str = "CA74748b53549f4af5892024eb3e99ee4a";
const ANOTHER: &str = "CA00000000000000000000000000000001";

/// A second of two silent tracks.
fn wav(path: PathBuf) {
    let mut recorder = Recorder::create(&path).unwrap();
    recorder.caller(crate::core::base::Position(0), &[0; 8_000]).unwrap();
    recorder.finish().unwrap();
}

/// A journal of that one call, which ended.
async fn of_one(folder: &Folder) -> CallFile {
    let path = folder.0.join("journal.sqlite");
    let script = journal(&path, &[OURS]).await;
    let store = Store::open(&path).await.unwrap();
    let ended = CallState::Ended { at_us: 2, reason: "hung-up".into() };
    store.set_state(&CallId::parse(OURS).unwrap(), ended).unwrap();
    store.flush().await.unwrap();
    store.close().await.unwrap();
    script
}

async fn of(
    folder: &Folder,
    name: &str,
    named: &[&std::path::Path],
) -> Result<Sounding, crate::core::base::Fault> {
    let found = find(&folder.0.join(name), &[]).await;
    sounding(&found[0], named).await
}

#[tokio::test]
async fn the_only_recording_beside_a_journal_of_one_call_is_its_own_unless_it_has_anothers_name() {
    let folder = Folder::new();
    of_one(&folder).await;
    wav(folder.0.join("refund-yes.wav"));
    let heard = of(&folder, "journal.sqlite", &[]).await.unwrap();
    assert_eq!(heard.voices.caller.len(), 8_000);
    for name in [ANOTHER.to_owned(), format!("{ANOTHER}-part-2"), "CA7".to_owned()] {
        fs::remove_dir_all(&folder.0).unwrap();
        fs::create_dir(&folder.0).unwrap();
        of_one(&folder).await;
        wav(folder.0.join(format!("{name}.wav")));
        fs::write(folder.0.join("CA7.call"), "").unwrap();
        let fault = of(&folder, "journal.sqlite", &[]).await.unwrap_err();
        let told = format!("the only one there, {name}.wav, has the name of another call");
        assert!(
            fault.what.contains("there is no WAV recording of it") && fault.what.ends_with(&told),
            "{fault}"
        );
    }
}

#[tokio::test]
async fn the_only_recording_beside_a_cassette_is_not_taken_where_it_has_the_name_of_another_call() {
    let folder = Folder::new();
    let path = folder.0.join("calls.db");
    journal(&path, &["CA1", "CA2"]).await;
    fs::write(folder.0.join("CA1.cassette"), "# version: 1\n# call: CA1\n0.000 answered\n").unwrap();
    wav(folder.0.join("CA2.wav"));
    let fault = of(&folder, "calls.db", &[]).await.unwrap_err();
    assert!(fault.what.ends_with("the only one there, CA2.wav, has the name of another call"), "{fault}");
    fs::rename(folder.0.join("CA2.wav"), folder.0.join("refund-yes.wav")).unwrap();
    of(&folder, "calls.db", &[]).await.unwrap();
}

#[tokio::test]
async fn a_recording_lies_in_the_folder_named_where_an_export_would_put_its_call() {
    let folder = Folder::new();
    for (place, length) in [("a", 1), ("b", 2)] {
        fs::create_dir_all(folder.0.join("out").join(place)).unwrap();
        fs::create_dir_all(folder.0.join("calls").join(place)).unwrap();
        let script = fs::read_to_string("tests/calls/gate/retracts.call").unwrap();
        fs::write(folder.0.join("out").join(place).join("x.call"), script).unwrap();
        let path = folder.0.join("calls").join(place).join("x.wav");
        let mut recorder = Recorder::create(&path).unwrap();
        recorder.caller(crate::core::base::Position(0), &vec![0; length * 800]).unwrap();
        recorder.finish().unwrap();
    }
    let found = find(&folder.0.join("out"), &[]).await;
    let recordings = folder.0.join("calls");
    let mut lengths = Vec::new();
    for call in &found {
        lengths.push(sounding(call, &[&recordings]).await.unwrap().voices.caller.len());
    }
    assert_eq!(lengths, [800, 1_600]);
}

#[tokio::test]
async fn where_there_is_opus_in_place_of_a_wav_it_is_named_with_what_to_do() {
    let folder = Folder::new();
    of_one(&folder).await;
    for extension in ["opus", "ogg"] {
        let opus = folder.0.join(format!("{OURS}.{extension}"));
        fs::write(&opus, "OggS").unwrap();
        let fault = of(&folder, "journal.sqlite", &[]).await.unwrap_err();
        assert!(fault.what.contains(&format!("{} is Opus", opus.display())), "{fault}");
        assert!(fault.remedy.contains("--recording-format wav"), "{fault}");
        fs::remove_file(opus).unwrap();
    }
    let fault = of(&folder, "journal.sqlite", &[]).await.unwrap_err();
    assert!(!fault.what.contains("Opus"), "{fault}");
}

#[tokio::test]
async fn a_cassette_that_is_no_text_is_refused_and_without_it_the_journal_is_taken() {
    let folder = Folder::new();
    of_one(&folder).await;
    wav(folder.0.join(format!("{OURS}.wav")));
    let cassette = folder.0.join(format!("{OURS}.cassette"));
    fs::write(&cassette, b"# version: 1\n0.000 answered\n+1 wrote @1 \"\xff\"\n").unwrap();
    let fault = of(&folder, "journal.sqlite", &[]).await.unwrap_err();
    assert_eq!(fault.what, format!("{}: it is no text in UTF-8", cassette.display()));
    assert!(fault.remedy.ends_with("move it away, and the journal is taken in its place"), "{fault}");
    fs::rename(&cassette, folder.0.join("away")).unwrap();
    let heard = of(&folder, "journal.sqlite", &[]).await.unwrap();
    assert!(heard.notes[0].starts_with("no cassette: "), "{:?}", heard.notes);
    assert_eq!(heard.files.cassette, None);
}

#[tokio::test]
async fn what_was_heard_and_read_is_named_to_people_and_to_programs() {
    let folder = Folder::new();
    let script = of_one(&folder).await;
    let [recording, cassette] = ["wav", "cassette"].map(|kind| folder.0.join(format!("{OURS}.{kind}")));
    wav(recording.clone());
    fs::write(&cassette, derive(&script, 8_000).unwrap().write()).unwrap();
    let finding = Ok(of(&folder, "journal.sqlite", &[]).await.unwrap().replay(Millis(20)));
    let call = SoundReplayed { name: OURS.to_owned(), took: std::time::Duration::ZERO, finding };
    let report = SoundReport(vec![call]);
    let (text, json) = (report.to_string(), report.json());
    for (word, path) in [("recording", &recording), ("cassette", &cassette)] {
        let path = path.display().to_string();
        assert!(
            text.lines().any(|line| line.starts_with(&format!("  {word} ")) && line.ends_with(&path)),
            "{text}"
        );
        assert_eq!(json["calls"][0][word], path.as_str());
    }
}

#[tokio::test]
async fn recordings_that_could_be_anybodys_are_counted_and_none_is_taken() {
    let folder = Folder::new();
    of_one(&folder).await;
    wav(folder.0.join("a.wav"));
    wav(folder.0.join("b.wav"));
    let fault = of(&folder, "journal.sqlite", &[]).await.unwrap_err();
    let told = format!("; other WAVs there: 2, of which none is called {OURS}.wav");
    assert!(fault.what.ends_with(&told), "{fault}");
}

#[tokio::test]
async fn a_line_of_a_cassette_that_the_journal_contradicts_is_a_difference_with_its_number() {
    let folder = Folder::new();
    let script = of_one(&folder).await;
    wav(folder.0.join(format!("{OURS}.wav")));
    let path = folder.0.join(format!("{OURS}.cassette"));
    let whole = derive(&script, 8_000).unwrap().write();
    fs::write(&path, &whole).unwrap();
    let told = |sounding: Sounding| {
        let changes = sounding.replay(Millis(20)).changes;
        changes.iter().find(|change| change.kind == "cassette").map(ToString::to_string)
    };
    assert_eq!(told(of(&folder, "journal.sqlite", &[]).await.unwrap()), None);
    let (at, line) = whole.lines().enumerate().find(|(_, line)| line.contains(" heard \"")).unwrap();
    let says = line.replacen("heard \"", "heard \"un", 1);
    fs::write(&path, whole.replacen(line, &says, 1)).unwrap();
    let told = told(of(&folder, "journal.sqlite", &[]).await.unwrap()).unwrap();
    let heard = |line: &str| line.split_once(" heard ").map(|(_, heard)| format!("heard {heard}")).unwrap();
    let want = format!(
        "cassette: line {} of {} says `{}`, and the journal `{}`",
        at + 1,
        path.display(),
        heard(&says),
        heard(line)
    );
    assert_eq!(told, want);
}
