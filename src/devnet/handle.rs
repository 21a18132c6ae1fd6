//! A devnet for programs without a runtime of their own, such as tests.

use std::io;
use std::net::SocketAddr;
use std::thread::{self, JoinHandle};

use tokio::sync::oneshot;

use super::{Devnet, DevnetConfig, DevnetError, DevnetUrls};

/// A devnet on its own thread; it stops when this is dropped.
///
/// ```
/// use namesys::devnet::{DevnetConfig, DevnetHandle};
///
/// let devnet = DevnetHandle::spawn(DevnetConfig::ephemeral())?;
/// println!("{}", devnet.urls().kubo);
/// # Ok::<(), namesys::devnet::DevnetError>(())
/// ```
#[derive(Debug)]
pub struct DevnetHandle {
    addr: SocketAddr,
    urls: DevnetUrls,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl DevnetHandle {
    /// Starts a devnet and returns when it answers.
    ///
    /// # Errors
    /// As [`Devnet::start`], and [`DevnetError::Thread`].
    pub fn spawn(config: DevnetConfig) -> Result<Self, DevnetError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("namesys-devnet")
            .enable_all()
            .build()
            .map_err(DevnetError::Thread)?;
        let (stop, stopped) = oneshot::channel::<()>();
        let (started, start) = std::sync::mpsc::channel();
        // All on the new thread, so that a program inside another runtime may call this.
        let serve = async move {
            let devnet = match Devnet::start(config).await {
                Ok(devnet) => devnet,
                Err(error) => return started.send(Err(error)),
            };
            started.send(Ok((devnet.addr(), devnet.urls())))?;
            // An error is a handle dropped without the message: stop as well.
            let _ = stopped.await;
            devnet.stop().await;
            Ok(())
        };
        let thread = thread::Builder::new()
            .name("namesys-devnet".into())
            // An error says that the caller is gone.
            .spawn(move || drop(runtime.block_on(serve)))
            .map_err(DevnetError::Thread)?;
        let ended = |_| DevnetError::Thread(io::Error::other("it ended at once"));
        let (addr, urls) = start.recv().map_err(ended)??;
        Ok(Self { addr, urls, stop: Some(stop), thread: Some(thread) })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The addresses to give to clients.
    pub fn urls(&self) -> DevnetUrls {
        self.urls.clone()
    }
}

impl Drop for DevnetHandle {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // It fails only when the thread has ended already.
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            // A panic over there was printed over there.
            let _ = thread.join();
        }
    }
}
