//! The signed tree over HTTP, read-only: what an `https://` recordhash asks for.
//!
//! Only files under `.well-known/` are served, and only those that lie there: a link that leaves
//! the folder is not followed. Anything else is 404 as JSON. Of a workspace, records that change by
//! time are served by the clock.

mod timed;
mod tls;

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router, middleware};
use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

#[cfg(any(feature = "devnet", feature = "gateway"))]
pub use crate::web::RateLimit;
pub use crate::web::ServeLimits;
pub use tls::{TlsError, TlsFiles};

use crate::ens::WELL_KNOWN;
use crate::folder::OpenDir;
use crate::ipfs::upload::OURS;
use crate::keys::{OwnKeys, private_key_in};
use crate::publish::{PrivateKeyError, refuse_private_keys, refuse_private_keys_of};
use crate::web::{self, CACHE, content_type, cors_read_only, none_match};
use crate::workspace::{PHASES_DIR, PhaseFile};
pub(crate) use timed::Timed;

/// The longest file that is read as a whole, in bytes; a record file has some thousand. Longer ones
/// are sent as they are read, so that many readers need no more memory than one.
const MAX_WHOLE: u64 = 1 << 20;
/// What is read of a longer one at a time, and looked at for its type.
const CHUNK: usize = 64 << 10;

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
    /// Keys that are not to be served, beside those that are known by their form.
    pub own_keys: OwnKeys,
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
    /// A file of the tree holds a private key.
    #[error(transparent)]
    PrivateKey(#[from] PrivateKeyError),
}

/// A server that has its address and does not answer yet.
pub struct Server {
    listener: TcpListener,
    addr: SocketAddr,
    tls: Option<Arc<rustls::ServerConfig>>,
    tree: Tree,
    limits: ServeLimits,
}

/// What is served.
struct Tree {
    root: OpenDir,
    own_keys: OwnKeys,
    /// Of a workspace, what its records say when.
    timed: Option<Timed>,
}

impl Server {
    /// Looks for private keys in the tree, reads certificate and key, and listens.
    ///
    /// # Errors
    /// [`ServeError`].
    pub async fn bind(config: ServeConfig) -> Result<Self, ServeError> {
        let failed = |error| ServeError::Folder { dir: config.dir.clone(), error };
        let root = OpenDir::open(&config.dir).map_err(failed)?;
        refuse_private_keys_of(&config.dir, &config.own_keys)?;
        refuse_private_keys(&config.dir.join(PHASES_DIR), &config.own_keys)?;
        let timed = Timed::of(&config.dir);
        let tree = Tree { root, own_keys: config.own_keys, timed };
        let tls = config.tls.as_ref().map(TlsFiles::load).transpose()?;
        let failed = |error| ServeError::Listen { addr: config.listen, error };
        let listener = TcpListener::bind(config.listen).await.map_err(failed)?;
        let addr = listener.local_addr().map_err(failed)?;
        Ok(Self { listener, addr, tls, tree, limits: config.limits })
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
            .with_state(Arc::new(self.tree));
        web::serve(self.listener, self.tls, app, self.limits, stop).await;
    }
}

async fn answer(State(tree): State<Arc<Tree>>, request: Request) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let allow = [(header::ALLOW, "GET, HEAD, OPTIONS")];
        return (allow, refusal(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD"))
            .into_response();
    }
    let path = request.uri().path().to_owned();
    let now = Timestamp::now();
    let read = tokio::task::spawn_blocking(move || read(&tree, &path, now)).await;
    match read {
        Ok(Some(found)) => file(request.headers(), found),
        Ok(None) | Err(_) => refusal(StatusCode::NOT_FOUND, "no such file"),
    }
}

fn refusal(status: StatusCode, message: &str) -> Response {
    (status, Json(serde_json::json!({ "message": message }))).into_response()
}

/// A file of the tree.
struct Found {
    name: String,
    /// All of it, or the beginning of a long one.
    start: Vec<u8>,
    /// Where the rest of a long one is read from.
    rest: Option<File>,
    metadata: Metadata,
}

impl Found {
    /// By its content; of a long file by its length and time.
    fn etag(&self) -> String {
        if self.rest.is_none() {
            let digest = Sha256::digest(&self.start);
            return format!("\"{}\"", data_encoding::HEXLOWER.encode(&digest[..16]));
        }
        let (metadata, length) = (&self.metadata, self.metadata.len());
        format!("W/\"{length:x}-{:x}-{:x}\"", metadata.mtime(), metadata.mtime_nsec())
    }

    fn into_body(self) -> Body {
        let Some(rest) = self.rest else { return Body::from(self.start) };
        let left = self.metadata.len().saturating_sub(self.start.len() as u64);
        // As long as announced, also when it grows meanwhile; when it shrinks the answer breaks.
        let rest = tokio::fs::File::from_std(rest).take(left);
        let start = stream::iter([Ok::<_, io::Error>(Bytes::from(self.start))]);
        let rest = stream::try_unfold(rest, |mut rest| async move {
            let mut chunk = BytesMut::with_capacity(CHUNK);
            let read = rest.read_buf(&mut chunk).await?;
            Ok((read > 0).then(|| (chunk.freeze(), rest)))
        });
        Body::from_stream(start.chain(rest))
    }
}

fn file(headers: &HeaderMap, found: Found) -> Response {
    let etag = found.etag();
    let kind = content_type(Some(&found.name), &found.start);
    let fixed = [
        (header::ETAG, etag.clone()),
        (header::CACHE_CONTROL, CACHE.to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    if none_match(headers, &[&etag]) {
        return (StatusCode::NOT_MODIFIED, fixed).into_response();
    }
    let length = match found.rest {
        None => found.start.len() as u64,
        Some(_) => found.metadata.len(),
    };
    let mut response = (fixed, found.into_body()).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    if let Ok(kind) = HeaderValue::from_str(&kind) {
        headers.insert(header::CONTENT_TYPE, kind);
    }
    response
}

/// The file at `path` of a URL. `None` for whatever is not a file of the tree at `now`.
fn read(tree: &Tree, path: &str, now: Timestamp) -> Option<Found> {
    // Decoded after it is split: an encoded slash is part of a name, and no name has one.
    let decode = |segment| percent_encoding::percent_decode_str(segment).decode_utf8().ok();
    let segments: Vec<_> = path.strip_prefix('/')?.split('/').map(decode).collect::<Option<_>>()?;
    let plain =
        |segment: &str| !matches!(segment, "" | "." | "..") && !segment.contains(['/', '\\', '\0']);
    if !segments.iter().all(|segment| plain(segment)) {
        return None;
    }
    let file: PathBuf = segments.iter().map(|segment| &**segment).collect();
    let opened = match (&**segments.first()?, segments.len()) {
        (WELL_KNOWN, _) => of_tree(tree, &segments.join("/"), &file, now)?,
        // Who clones from here asks which files there are.
        (OURS, 2) => tree.root.file(&file).ok()?,
        _ => return None,
    };
    found(tree, opened, segments.last()?)
}

/// A file under `.well-known`, as it is at `now`.
fn of_tree(tree: &Tree, path: &str, file: &Path, now: Timestamp) -> Option<File> {
    let of_phase = match tree.timed.as_ref().map(|timed| timed.file(path, now)) {
        Some(PhaseFile::Nothing) => return None,
        Some(PhaseFile::First(path)) => tree.root.file(path).ok(),
        Some(PhaseFile::Tree) | None => None,
    };
    // Links are followed to files of the tree; what is no file, a pipe say, is not read.
    of_phase.or_else(|| tree.root.file_inside(Path::new(WELL_KNOWN), file).ok())
}

fn found(tree: &Tree, mut opened: File, name: &str) -> Option<Found> {
    let metadata = opened.metadata().ok()?;
    let is_long = metadata.len() > MAX_WHOLE;
    let most = if is_long { CHUNK as u64 } else { MAX_WHOLE };
    let mut start = Vec::new();
    io::Read::take(&mut opened, most).read_to_end(&mut start).ok()?;
    // One that came later than the look at all of them.
    if private_key_in(&start, &tree.own_keys).is_some() {
        return None;
    }
    let rest = is_long.then_some(opened);
    Some(Found { name: name.to_owned(), start, rest, metadata })
}

#[cfg(test)]
#[path = "serve/tests.rs"]
mod tests;
