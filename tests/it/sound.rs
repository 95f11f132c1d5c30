//! What the line carried, and what was kept of it.
//!
//! Promises: an agent's voice that tears is counted; a recording holds both voices, each on its own side.
//! Never: measures by ear.

use std::sync::Arc;

use centralita::core::audio::UNDERRUN_LEAST;
use centralita::core::base::Millis;
use centralita::core::language::Language;
use centralita::standin::Voice;
use centralita::tts::{SpeechStream, Tts, TtsEvent};
use futures::future::BoxFuture;
use tokio::sync::Semaphore;

use crate::scene::{Scene, Stage};

/// A voice that stops after its first breath until it is let go on.
struct Halting {
    voice: Voice,
    go: Arc<Semaphore>,
}

struct Breath {
    speech: Box<dyn SpeechStream>,
    go: Arc<Semaphore>,
    given: usize,
}

impl Tts for Halting {
    fn speak(&self, text: &str, voice: Option<&str>, language: Language) -> Box<dyn SpeechStream> {
        let (speech, go) = (self.voice.speak(text, voice, language), Arc::clone(&self.go));
        Box::new(Breath { speech, go, given: 0 })
    }
}

impl SpeechStream for Breath {
    fn next(&mut self) -> BoxFuture<'_, TtsEvent> {
        Box::pin(async {
            if self.given == 1 {
                self.go.acquire().await.unwrap().forget();
            }
            self.given += 1;
            self.speech.next().await
        })
    }
}

#[tokio::test]
async fn a_voice_that_tears_is_counted_when_its_call_ends() {
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    let _local = metrics::set_default_local_recorder(&recorder);
    let go = Arc::new(Semaphore::new(0));
    let tts = Arc::new(Halting { voice: Voice::at(Millis(10)), go: Arc::clone(&go) });
    let mut scene = Scene::of(Stage { tts: Some(tts), ..Stage::default() }).await;
    let mut caller = scene.call().await;
    caller.agent_stopped().await;
    assert_eq!(scene.gateway.underruns().count, 0, "the call has not ended");
    go.add_permits(1);
    scene.line("< played #1").await;
    caller.finish().await;
    scene.quiet().await;
    let underruns = scene.gateway.underruns();
    assert!(underruns.count == 1 && underruns.longest > UNDERRUN_LEAST, "{underruns:?}");
    let counted = recorder.handle().render();
    assert!(counted.contains("centralita_playout_underruns_total 1"), "{counted}");
    scene.close().await;
}

#[tokio::test]
async fn a_call_with_a_steady_voice_has_no_underrun() {
    let mut scene = Scene::plain().await;
    scene.greeted().await.finish().await;
    scene.quiet().await;
    assert_eq!(scene.gateway.underruns().count, 0);
    scene.close().await;
}
