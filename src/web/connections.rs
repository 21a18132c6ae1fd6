//! The connections of a server: how many, how long, and how they end. A client that is slow, on
//! purpose or not, keeps its connection for a while and never another's.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::serve::Listener;
use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tower_service::Service;

use super::crowd::{Busy, Crowd, Seat};
use super::limits::ServeLimits;

/// Serves until `stop` is done; then takes no more, and ends once the requests under way have,
/// or [`ServeLimits::grace`] is over. Requests carry [`ConnectInfo`] of the client's address.
pub(crate) async fn serve(
    mut listener: TcpListener,
    tls: Option<Arc<rustls::ServerConfig>>,
    app: Router,
    limits: ServeLimits,
    stop: impl Future<Output = ()>,
) {
    let acceptor = tls.map(TlsAcceptor::from);
    let crowd = Arc::new(Crowd::new(limits));
    let (end, _) = watch::channel(());
    let mut running = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        let next = async {
            // It waits and tries again where the system refuses.
            let (stream, address) = Listener::accept(&mut listener).await;
            (stream, address, crowd.admit(address.ip()).await)
        };
        let (stream, address, seat) = tokio::select! {
            next = next => next,
            () = &mut stop => break,
        };
        while running.try_join_next().is_some() {}
        let Some(seat) = seat else { continue };
        // What is written goes out at once: without this, answers on a connection that is kept wait
        // for the other side's acknowledgement, 40 ms. It is slower where it fails.
        let _ = stream.set_nodelay(true);
        let guest = Guest { address, app: app.clone(), limits, ending: end.subscribe() };
        let acceptor = acceptor.clone();
        running.spawn(async move {
            let left = seat.told_to_leave();
            tokio::select! {
                () = guest.connection(stream, acceptor, &seat) => {}
                () = left => {}
            }
        });
    }
    drop(listener);
    // It fails when there is no connection to tell.
    let _ = end.send(());
    let ended = async { while running.join_next().await.is_some() {} };
    // Those that are left are cut when `running` is dropped.
    let _ = timeout(limits.grace, ended).await;
}

/// Who is connected, and what it gets.
struct Guest {
    address: SocketAddr,
    app: Router,
    limits: ServeLimits,
    ending: watch::Receiver<()>,
}

impl Guest {
    async fn connection(
        mut self,
        stream: TcpStream,
        acceptor: Option<TlsAcceptor>,
        seat: &Arc<Seat>,
    ) {
        let Some(acceptor) = acceptor else { return self.requests(stream, seat).await };
        let shaken = tokio::select! {
            shaken = timeout(self.limits.head, acceptor.accept(stream)) => shaken,
            _ = self.ending.changed() => return,
        };
        // Who cannot shake hands, or takes too long, is let go.
        if let Ok(Ok(stream)) = shaken {
            self.requests(stream, seat).await;
        }
    }

    async fn requests<S>(self, stream: S, seat: &Arc<Seat>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Self { address, app, limits, mut ending } = self;
        let service = service_fn(|request: hyper::Request<Incoming>| {
            let (busy, mut app) = (seat.busy(), app.clone());
            let taken = seat.clone();
            let mut request = request.map(|body| Taking { body, seat: taken });
            request.extensions_mut().insert(ConnectInfo(address));
            async move {
                let response = app.call(request).await?;
                Ok::<_, Infallible>(response.map(|body| Answering { body, busy }))
            }
        });
        let mut connection = pin!(
            http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(limits.head)
                .serve_connection(TokioIo::new(stream), service)
                .with_upgrades()
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
}

/// The body of a request, which comes in parts.
struct Taking {
    body: Incoming,
    seat: Arc<Seat>,
}

impl HttpBody for Taking {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        if frame.is_ready() {
            self.seat.moves();
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The body of an answer; as long as it lasts, its connection is busy.
struct Answering {
    body: Body,
    busy: Busy,
}

impl HttpBody for Answering {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        if frame.is_ready() {
            // It is asked for when the one before is under way.
            self.busy.moves();
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
