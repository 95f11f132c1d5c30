//! A cable between carrier and gateway that can be cut.
//!
//! Promises: a cut ends every connection that runs through it at once and without a word; new ones go through.
//! Never: changes a byte.

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use url::Url;

use crate::scene::Way;

/// The cable. Dropping it cuts it for good.
pub(crate) struct Cable {
    cuts: watch::Sender<u32>,
    carrying: JoinHandle<()>,
}

impl Cable {
    /// A cable, and the way to a gateway through it.
    pub(crate) async fn new() -> (Cable, Way) {
        let behind = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let front = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let public = Url::parse(&format!("http://{}", front.local_addr().unwrap())).unwrap();
        let to = behind.local_addr().unwrap();
        let (cuts, cut) = watch::channel(0);
        let carrying = tokio::spawn(async move {
            let mut strands = JoinSet::new();
            while let Ok((mut near, _)) = front.accept().await {
                let mut cut = cut.clone();
                cut.mark_unchanged();
                strands.spawn(async move {
                    let Ok(mut far) = TcpStream::connect(to).await else { return };
                    tokio::select! {
                        _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
                        _ = cut.changed() => {}
                    }
                });
            }
        });
        (Cable { cuts, carrying }, Way { public, listener: behind })
    }

    pub(crate) fn cut(&self) {
        self.cuts.send_modify(|n| *n += 1);
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        self.carrying.abort();
    }
}
