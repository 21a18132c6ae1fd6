//! The connections of `serve`: how many, how long, and how they end. A client that is slow, on
//! purpose or not, keeps its connection for a while and never another's.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::serve::Listener;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

/// What one client may take, and all together.
#[derive(Clone, Copy, Debug)]
pub struct ServeLimits {
    /// Connections at once; further ones wait until one ends.
    pub connections: usize,
    /// Until hands are shaken (TLS), and from then or from the last answer until the whole head
    /// of a request is there.
    pub head: Duration,
    /// From the beginning of a connection until it is asked to end: it gets `grace` then.
    pub connection: Duration,
    /// For requests under way, once they are to end.
    pub grace: Duration,
}

impl Default for ServeLimits {
    fn default() -> Self {
        Self {
            connections: 512,
            head: Duration::from_secs(10),
            connection: Duration::from_secs(120),
            grace: Duration::from_secs(10),
        }
    }
}

/// Serves until `stop` is done; then takes no more, and ends once the requests under way have,
/// or [`ServeLimits::grace`] is over.
pub(super) async fn serve(
    mut listener: TcpListener,
    tls: Option<Arc<rustls::ServerConfig>>,
    app: Router,
    limits: ServeLimits,
    stop: impl Future<Output = ()>,
) {
    let acceptor = tls.map(TlsAcceptor::from);
    let permits = Arc::new(Semaphore::new(limits.connections));
    let (end, _) = watch::channel(());
    let mut running = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        let next = async {
            let permit = permits.clone().acquire_owned().await;
            // It waits and tries again where the system refuses.
            (Listener::accept(&mut listener).await, permit)
        };
        let ((stream, _), permit) = tokio::select! {
            next = next => next,
            () = &mut stop => break,
        };
        // What is written goes out at once: without this, answers on a connection that is kept wait
        // for the other side's acknowledgement, 40 ms. It is slower where it fails.
        let _ = stream.set_nodelay(true);
        let (acceptor, app, ending) = (acceptor.clone(), app.clone(), end.subscribe());
        running.spawn(async move {
            let _permit = permit;
            connection(stream, acceptor, app, limits, ending).await;
        });
        while running.try_join_next().is_some() {}
    }
    drop(listener);
    // It fails when there is no connection to tell.
    let _ = end.send(());
    let ended = async { while running.join_next().await.is_some() {} };
    // Those that are left are cut when `running` is dropped.
    let _ = timeout(limits.grace, ended).await;
}

async fn connection(
    stream: TcpStream,
    acceptor: Option<TlsAcceptor>,
    app: Router,
    limits: ServeLimits,
    mut ending: watch::Receiver<()>,
) {
    let Some(acceptor) = acceptor else { return requests(stream, app, limits, ending).await };
    let shaken = tokio::select! {
        shaken = timeout(limits.head, acceptor.accept(stream)) => shaken,
        _ = ending.changed() => return,
    };
    // Who cannot shake hands, or takes too long, is let go.
    if let Ok(Ok(stream)) = shaken {
        requests(stream, app, limits, ending).await;
    }
}

async fn requests<S>(stream: S, app: Router, limits: ServeLimits, mut ending: watch::Receiver<()>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = TowerToHyperService::new(app);
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.head)
            .serve_connection(TokioIo::new(stream), service)
    );
    tokio::select! {
        // What a client makes of its connection is no concern of others.
        _ = connection.as_mut() => return,
        _ = ending.changed() => {}
        () = sleep(limits.connection) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = timeout(limits.grace, connection).await;
}
