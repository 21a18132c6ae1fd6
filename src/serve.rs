//! The signed tree over HTTP, read-only: what an `https://` recordhash asks for.
//!
//! Only files under `.well-known/` are served, and only those that lie there: a link that leaves
//! the folder is not followed. Anything else is 404 as JSON.

mod connections;
mod tls;

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router, middleware};
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;

pub use connections::ServeLimits;
pub use tls::{TlsError, TlsFiles};

use crate::ens::WELL_KNOWN;
use crate::web::{CACHE, content_type, cors_read_only, none_match};

/// The longest file that is served, in bytes. A record file has some thousand.
const MAX_FILE: u64 = 64 << 20;

/// What to serve and where.
#[derive(Clone, Debug)]
pub struct ServeConfig {
    /// The workspace, or any folder with a `.well-known` in it.
    pub dir: PathBuf,
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Certificate and key; none for plain HTTP.
    pub tls: Option<TlsFiles>,
    /// What one client may take.
    pub limits: ServeLimits,
}

/// Why nothing is served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// There is no such folder.
    #[error("{}: {error}", .dir.display())]
    Folder {
        /// The folder.
        dir: PathBuf,
        /// The system's error.
        error: io::Error,
    },
    /// The address is taken or not this machine's.
    #[error("cannot listen on {addr}: {error}; choose another address with --listen")]
    Listen {
        /// The address.
        addr: SocketAddr,
        /// The system's error.
        error: io::Error,
    },
    /// Certificate or key.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// A server that has its address and does not answer yet.
pub struct Server {
    listener: TcpListener,
    addr: SocketAddr,
    tls: Option<Arc<rustls::ServerConfig>>,
    root: PathBuf,
    limits: ServeLimits,
}

impl Server {
    /// Reads certificate and key, and listens.
    ///
    /// # Errors
    /// [`ServeError`].
    pub async fn bind(config: ServeConfig) -> Result<Self, ServeError> {
        let failed = |error| ServeError::Folder { dir: config.dir.clone(), error };
        let root = config.dir.canonicalize().map_err(failed)?;
        let tls = config.tls.as_ref().map(TlsFiles::load).transpose()?;
        let failed = |error| ServeError::Listen { addr: config.listen, error };
        let listener = TcpListener::bind(config.listen).await.map_err(failed)?;
        let addr = listener.local_addr().map_err(failed)?;
        Ok(Self { listener, addr, tls, root, limits: config.limits })
    }

    /// The address, without a slash at its end.
    pub fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.addr)
    }

    /// Serves until `stop` is done, then lets requests under way finish, for
    /// [`ServeLimits::grace`] at most.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let app = Router::new()
            .fallback(answer)
            .layer(middleware::from_fn(cors_read_only))
            .with_state(Arc::new(self.root));
        connections::serve(self.listener, self.tls, app, self.limits, stop).await;
    }
}

async fn answer(State(root): State<Arc<PathBuf>>, request: Request) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let allow = [(header::ALLOW, "GET, HEAD, OPTIONS")];
        return (allow, refusal(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD"))
            .into_response();
    }
    let path = request.uri().path().to_owned();
    let read = tokio::task::spawn_blocking(move || read(&root, &path)).await;
    match read {
        Ok(Some((name, content))) => file(request.headers(), &name, content),
        Ok(None) | Err(_) => refusal(StatusCode::NOT_FOUND, "no such file"),
    }
}

fn refusal(status: StatusCode, message: &str) -> Response {
    (status, Json(serde_json::json!({ "message": message }))).into_response()
}

fn file(headers: &HeaderMap, name: &str, content: Vec<u8>) -> Response {
    let etag = format!("\"{}\"", data_encoding::HEXLOWER.encode(&Sha256::digest(&content)[..16]));
    let kind = content_type(Some(name), &content);
    let fixed = [
        (header::ETAG, etag.clone()),
        (header::CACHE_CONTROL, CACHE.to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    if none_match(headers, &[&etag]) {
        return (StatusCode::NOT_MODIFIED, fixed).into_response();
    }
    let mut response = (fixed, content).into_response();
    if let Ok(kind) = HeaderValue::from_str(&kind) {
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
    }
    response
}

/// The file at `path` of a URL, and its name. `None` for whatever is not a file of the tree.
fn read(root: &Path, path: &str) -> Option<(String, Vec<u8>)> {
    // Decoded after it is split: an encoded slash is part of a name, and no name has one.
    let decode = |segment| percent_encoding::percent_decode_str(segment).decode_utf8().ok();
    let segments: Vec<_> = path.strip_prefix('/')?.split('/').map(decode).collect::<Option<_>>()?;
    let plain =
        |segment: &str| !matches!(segment, "" | "." | "..") && !segment.contains(['/', '\\', '\0']);
    if segments.first()? != WELL_KNOWN || !segments.iter().all(|segment| plain(segment)) {
        return None;
    }
    let file = segments.iter().fold(root.to_owned(), |path, segment| path.join(&**segment));
    // Links are followed, then must have stayed within the tree.
    let file = file.canonicalize().ok()?;
    let metadata = file.metadata().ok()?;
    let inside = file.starts_with(root.join(WELL_KNOWN));
    if !inside || !metadata.is_file() || metadata.len() > MAX_FILE {
        return None;
    }
    Some((segments.last()?.to_string(), std::fs::read(file).ok()?))
}

#[cfg(test)]
#[path = "serve/tests.rs"]
mod tests;
