//! What listens in place of anvil, and passes on: anvil itself answers whoever asks, and any web
//! page can ask.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::thread::{self, JoinHandle};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::web::{OwnHosts, Pages, cors};

/// A server before anvil, on its own thread; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Front {
    addr: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Clone)]
struct Anvil {
    addr: SocketAddr,
    client: Client<HttpConnector, Body>,
}

impl Front {
    /// Listens on `port` of the loopback address (0: one of the system's choosing) and passes on
    /// to `anvil`.
    pub(super) fn start(port: u16, anvil: SocketAddr) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        listener.set_nonblocking(true)?;
        let addr = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (stop, stopped) = oneshot::channel::<()>();
        let serve = async move {
            let listener = TcpListener::from_std(listener)?;
            tokio::select! {
                served = async { axum::serve(listener, router(anvil, addr)).await } => served,
                // An error is a handle dropped without the message: stop as well.
                _ = stopped => Ok(()),
            }
        };
        let thread = thread::Builder::new().name("namesys-chain".into()).spawn(move || {
            if let Err(error) = runtime.block_on(serve) {
                tracing::warn!("the chain's port is closed: {error}");
            }
        })?;
        Ok(Self { addr, stop: Some(stop), thread: Some(thread) })
    }

    /// Where it listens.
    pub(super) fn addr(&self) -> SocketAddr {
        self.addr
    }
}

impl Drop for Front {
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

fn router(anvil: SocketAddr, addr: SocketAddr) -> Router {
    let client = Client::builder(TokioExecutor::new()).build_http();
    Router::new()
        .fallback(pass_on)
        .layer(middleware::from_fn(cors))
        .layer(middleware::from_fn_with_state(OwnHosts::new(addr), check))
        .with_state(Anvil { addr: anvil, client })
}

/// Whoever can ask at all can do everything: pages of other sites get no answer.
async fn check(State(hosts): State<OwnHosts>, request: Request, next: Next) -> Response {
    match hosts.check(request.uri(), request.headers(), Pages::OwnAndExtensions) {
        Ok(()) => next.run(request).await,
        Err(reason) => (StatusCode::FORBIDDEN, format!("{reason}\n")).into_response(),
    }
}

async fn pass_on(State(anvil): State<Anvil>, mut request: Request) -> Response {
    let upgrade = hyper::upgrade::on(&mut request);
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let authority = anvil.addr.to_string();
    let uri = Uri::builder().scheme("http").authority(authority.as_str()).path_and_query(path);
    let (Ok(uri), Ok(host)) = (uri.build(), HeaderValue::try_from(&authority)) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    *request.uri_mut() = uri;
    request.headers_mut().insert(header::HOST, host);
    request.headers_mut().remove(header::ORIGIN);
    match anvil.client.request(request).await {
        Ok(mut answer) if answer.status() == StatusCode::SWITCHING_PROTOCOLS => {
            let answered = hyper::upgrade::on(&mut answer);
            tokio::spawn(async move {
                if let (Ok(client), Ok(anvil)) = tokio::join!(upgrade, answered) {
                    let (mut client, mut anvil) = (TokioIo::new(client), TokioIo::new(anvil));
                    // It ends when one of them does.
                    let _ = tokio::io::copy_bidirectional(&mut client, &mut anvil).await;
                }
            });
            answer.map(Body::new)
        }
        Ok(answer) => answer.map(Body::new),
        Err(error) => {
            let said = format!("the devnet's anvil does not answer: {error}\n");
            (StatusCode::BAD_GATEWAY, said).into_response()
        }
    }
}
