//! The signed tree over HTTP, read-only: what an `https://` recordhash asks for.
//!
//! Only files under `.well-known/` are served, and only those that lie there: a link that leaves
//! the folder is not followed. Anything else is 404 as JSON.

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

pub use tls::{TlsError, TlsFiles};

use crate::ens::WELL_KNOWN;
use crate::web::{content_type, cors, none_match};

/// The longest file that is served, in bytes. A record file has some thousand.
const MAX_FILE: u64 = 64 << 20;
/// How long a browser may keep a file without asking again.
const CACHE: &str = "public, max-age=60";

/// What to serve and where.
#[derive(Clone, Debug)]
pub struct ServeConfig {
    /// The workspace, or any folder with a `.well-known` in it.
    pub dir: PathBuf,
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Certificate and key; none for plain HTTP.
    pub tls: Option<TlsFiles>,
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
    /// The listener failed.
    #[error("serving stopped: {0}")]
    Io(#[from] io::Error),
}

/// A server that has its address and does not answer yet.
pub struct Server {
    listener: TcpListener,
    addr: SocketAddr,
    tls: Option<Arc<rustls::ServerConfig>>,
    root: PathBuf,
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
        Ok(Self { listener, addr, tls, root })
    }

    /// The address, without a slash at its end.
    pub fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.addr)
    }

    /// Serves until `stop` is done, then lets requests under way finish.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn run(
        self,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), ServeError> {
        let app = Router::new()
            .fallback(answer)
            .layer(middleware::from_fn(cors))
            .with_state(Arc::new(self.root));
        match self.tls {
            None => axum::serve(self.listener, app).with_graceful_shutdown(stop).await?,
            Some(config) => {
                let listener = tls::TlsListener::new(self.listener, config);
                axum::serve(listener, app).with_graceful_shutdown(stop).await?;
            }
        }
        Ok(())
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
    let decoded = percent_encoding::percent_decode_str(path).decode_utf8().ok()?;
    let segments: Vec<&str> = decoded.strip_prefix('/')?.split('/').collect();
    let plain = |segment: &&str| {
        !segment.is_empty() && !matches!(*segment, "." | "..") && !segment.contains(['\\', '\0'])
    };
    if segments.first() != Some(&WELL_KNOWN) || !segments.iter().all(plain) {
        return None;
    }
    let file = segments.iter().fold(root.to_owned(), |path, segment| path.join(segment));
    // Links are followed, then must have stayed within the tree.
    let file = file.canonicalize().ok()?;
    let metadata = file.metadata().ok()?;
    let inside = file.starts_with(root.join(WELL_KNOWN));
    if !inside || !metadata.is_file() || metadata.len() > MAX_FILE {
        return None;
    }
    Some(((*segments.last()?).to_owned(), std::fs::read(file).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("ws/.well-known/eth/ñick/text");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("avatar.json"), "{\"data\":\"0x\"}").unwrap();
        std::fs::write(dir.path().join("ws/namesys.toml"), "name").unwrap();
        std::fs::write(dir.path().join("secret"), "secret").unwrap();
        std::os::unix::fs::symlink("../../secret", dir.path().join("ws/.well-known/out")).unwrap();
        dir
    }

    #[test]
    fn nothing_but_the_tree_can_be_read() {
        let dir = tree();
        let root = dir.path().join("ws").canonicalize().unwrap();
        let found = read(&root, "/.well-known/eth/%C3%B1ick/text/avatar.json").unwrap();
        assert_eq!(found.0, "avatar.json");
        for path in [
            "/namesys.toml",
            "/.well-known/../namesys.toml",
            "/.well-known/%2e%2e/namesys.toml",
            "/.well-known/..%2fnamesys.toml",
            "/.well-known/out",
            "/.well-known//eth",
            "/.well-known/eth",
            "/.well-known/eth/%C3%B1ick/text/avatar.json/",
            "/.well-known/%00",
            "/.well-known/%ff",
            "//etc/passwd",
            "/",
        ] {
            assert!(read(&root, path).is_none(), "{path}");
        }
    }

    async fn start() -> (tempfile::TempDir, String, tokio::sync::oneshot::Sender<()>) {
        let dir = tree();
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        let config = ServeConfig { dir: dir.path().join("ws"), listen, tls: None };
        let server = Server::bind(config).await.unwrap();
        let url = server.url();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        tokio::spawn(server.run(async { _ = stopped.await }));
        (dir, url, stop)
    }

    #[tokio::test]
    async fn answers_as_a_static_host() {
        let (_dir, url, stop) = start().await;
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::new();
        let record = format!("{url}/.well-known/eth/ñick/text/avatar.json?t=123");
        let response = client.get(&record).send().await.unwrap();
        assert_eq!(response.headers()["content-type"], "application/json");
        assert_eq!(response.headers()["access-control-allow-origin"], "*");
        let etag = response.headers()["etag"].clone();
        assert_eq!(response.text().await.unwrap(), "{\"data\":\"0x\"}");

        let again = client.get(&record).header("if-none-match", etag).send().await.unwrap();
        assert_eq!(again.status(), 304);
        let head = client.head(&record).send().await.unwrap();
        assert_eq!(
            (head.status().as_u16(), &head.headers()["content-length"]),
            (200, &"13".parse().unwrap())
        );
        assert_eq!(head.text().await.unwrap(), "");
        let missing = client.get(format!("{url}/.well-known/x.json")).send().await.unwrap();
        assert_eq!(missing.status(), 404);
        assert!(missing.text().await.unwrap().contains("\"message\""));
        let post = client.post(&record).send().await.unwrap();
        assert_eq!(post.status(), 405);
        let options = client.request(Method::OPTIONS, &record).send().await.unwrap();
        assert_eq!(options.status(), 204);
        stop.send(()).unwrap();
    }
}
