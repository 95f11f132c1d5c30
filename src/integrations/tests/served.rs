//! A system of a test's own on loopback, and a registry whose tools call it without proving who asks.
//!
//! Promises: it is gone with its test.
//! Never: leaves this machine.

use std::sync::Arc;

use axum::Router;
use centralita_core::language::Language;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::*;

pub(super) struct Served {
    pub(super) base: url::Url,
    task: JoinHandle<()>,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Served {
    pub(super) async fn by(router: Router) -> Served {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Served { base, task }
    }

    /// Nobody listens there any more.
    pub(super) async fn stop(&mut self) {
        self.task.abort();
        assert!((&mut self.task).await.is_err(), "it serves until it is stopped");
    }

    pub(super) fn registry(&self, tool: &ToolSpec) -> Registry {
        let connection = Connection { auth: Auth::default(), ..shop::connection(self.base.clone()) };
        let (secrets, tools) = (crate::secrets::Secrets::from_env(), vec![tool.clone()]);
        let toolbox = Toolbox::new(Language::English, "USD", &[connection], tools, &secrets).unwrap();
        Registry::new(Arc::new(toolbox), call(), ActionSecret::new(&[7; 32]))
    }
}
