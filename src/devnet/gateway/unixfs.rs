//! Files and directories as a browser or an ENS client wants them.

use std::fmt::Write;
use std::ops::Range;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use cid::Cid;
use jiff::Timestamp;
use percent_encoding::utf8_percent_encode;

use super::dag_cbor::{DAG_CBOR, Stops, follow};
use super::path::ContentPath;
use super::{
    Ask, ESCAPED, Target, body, cache_control, disposition, not_modified, redirect, set_roots,
    unresolved, with_query,
};
use crate::devnet::network::Network;
use crate::devnet::reply::{self, Form, Refusal, set};
use crate::ipfs::{
    BlockSource, Entry, FileParts, Kind, ReadError, TreeBudget, TreeLimits, list, resolve,
    verify_block,
};
use crate::web::{Wanted, content_type, none_match, wanted};

/// Bytes of a file that are looked at for its media type.
const START: u64 = 64 << 10;
/// What is listed of a directory.
pub(super) const LISTED: TreeLimits =
    TreeLimits { directories: 1, entries: 1 << 20, ..TreeLimits::WHOLE };

/// Where a path leads.
pub(super) struct Found {
    pub(super) cid: Cid,
    /// None of a DAG-CBOR node.
    pub(super) kind: Option<Kind>,
    /// The CID of the root and of each segment.
    pub(super) roots: Vec<Cid>,
}

impl Found {
    /// Its own entity tag.
    fn etag(&self) -> String {
        format!("\"{}\"", self.cid)
    }

    /// The entity tag of a listing, whose form is the devnet's.
    fn listing_etag(&self) -> String {
        format!("\"DirIndex-namesys_CID-{}\"", self.cid)
    }
}

/// Why a path leads nowhere.
pub(super) struct FindError {
    pub(super) status: StatusCode,
    text: String,
}

impl FindError {
    /// As the answer to a request for `path`.
    pub(super) fn at(self, path: &ContentPath) -> Refusal {
        unresolved(self.status, path, self.text)
    }
}

impl From<ReadError> for FindError {
    /// What is not there is 404, in Kubo's words; what cannot be read is 500.
    fn from(error: ReadError) -> Self {
        let (status, text) = match &error {
            ReadError::Missing(cid) => (
                StatusCode::NOT_FOUND,
                format!("block was not found locally (offline): ipld: could not find {cid}"),
            ),
            ReadError::NotFound { name, directory } => {
                (StatusCode::NOT_FOUND, format!("no link named {name:?} under {directory}"))
            }
            ReadError::NotDirectory(_) => (StatusCode::NOT_FOUND, error.to_string()),
            _ => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
        };
        Self { status, text }
    }
}

/// Follows the path segment by segment.
pub(super) fn find(source: &dyn BlockSource, target: &Target) -> Result<Found, FindError> {
    let (mut cid, mut kind) = child(source, &target.root, &[])?;
    let (mut roots, mut left) = (vec![cid], &target.segments[..]);
    while let [segment, rest @ ..] = left {
        let next = match kind {
            Some(_) => {
                left = rest;
                child(source, &cid, &[segment])?
            }
            None => {
                let block = node(source, &cid)?;
                let (link, used) =
                    follow(&block, left).map_err(|stops| stopped(stops, &cid, left))?;
                left = &left[used..];
                child(source, &link, &[])?
            }
        };
        (cid, kind) = next;
        roots.push(cid);
    }
    if kind.is_none() {
        node(source, &cid)?;
    }
    Ok(Found { cid, kind, roots })
}

/// What lies there; no kind of a DAG-CBOR node, which is not read yet.
fn child(
    source: &dyn BlockSource,
    cid: &Cid,
    path: &[&str],
) -> Result<(Cid, Option<Kind>), ReadError> {
    match resolve(source, cid, path) {
        Ok(found) => Ok((found.cid, Some(found.kind))),
        Err(ReadError::Codec { cid, codec: DAG_CBOR }) => Ok((cid, None)),
        Err(error) => Err(error),
    }
}

/// The block of a DAG-CBOR node.
fn node(source: &dyn BlockSource, cid: &Cid) -> Result<Bytes, ReadError> {
    let block = source.get(cid).map_err(|source| ReadError::Source { cid: *cid, source })?;
    let block = block.ok_or(ReadError::Missing(*cid))?;
    verify_block(cid, &block)?;
    Ok(block)
}

fn stopped(stops: Stops, cid: &Cid, path: &[String]) -> FindError {
    let path = path.join("/");
    let (status, text) = match stops {
        Stops::NotFound => (StatusCode::NOT_FOUND, format!("no link named {path:?} under {cid}")),
        Stops::Within => {
            (StatusCode::NOT_IMPLEMENTED, format!("{path:?} lies within the DAG-CBOR of {cid}"))
        }
        Stops::Malformed => {
            (StatusCode::INTERNAL_SERVER_ERROR, format!("block {cid} is not DAG-CBOR"))
        }
    };
    FindError { status, text }
}

/// A DAG-CBOR node where a file or directory is to be served.
fn no_file(found: &Found) -> FindError {
    let text = ReadError::Codec { cid: found.cid, codec: DAG_CBOR }.to_string();
    FindError { status: StatusCode::INTERNAL_SERVER_ERROR, text }
}

/// `GET` without a special format.
pub(super) fn serve(network: &Network, ask: &Ask, target: &Target) -> Result<Response, Refusal> {
    let store = &network.store.blocks;
    let blocks = store.as_ref();
    let at = |error: ReadError| FindError::from(error).at(&ask.path);
    let found = find(blocks, target).map_err(|error| error.at(&ask.path))?;
    let (etag, cache) = (found.etag(), cache_control(target.ttl, &ask.path));
    if none_match(&ask.headers, &[&etag]) {
        return Ok(not_modified(&etag, cache));
    }
    let listing_etag = found.listing_etag();
    if none_match(&ask.headers, &[&listing_etag]) {
        return Ok(not_modified(&listing_etag, listing_cache(ask, target)));
    }
    let name = ask.query.get("filename").map(String::as_str).or(ask.path.file_name());
    let kind = found.kind.as_ref().ok_or_else(|| no_file(&found).at(&ask.path))?;
    let mut response = match kind {
        Kind::File { size } => {
            let start = start(blocks, &found.cid, *size).map_err(at)?;
            let body = |range| body::file(store, &found.cid, *size, range);
            content(ask, *size, &content_type(name, &start), &etag, body)?
        }
        Kind::Symlink { target } => {
            short(ask, &Bytes::from(target.clone()), "inode/symlink", &etag)?
        }
        Kind::Directory => {
            if !ask.path.slash && ask.query.get("go-get").is_none_or(|value| value != "1") {
                let location = with_query(&format!("{}/", ask.path), ask.raw_query.as_deref());
                return Ok(redirect(StatusCode::MOVED_PERMANENTLY, &location));
            }
            match index(blocks, &found.cid).map_err(|error| error.at(&ask.path))? {
                Some((cid, size)) => {
                    let body = |range| body::file(store, &cid, size, range);
                    content(ask, size, "text/html", &etag, body)?
                }
                None => {
                    let budget = TreeBudget::new(LISTED);
                    let entries = list(blocks, &found.cid, &budget).map_err(at)?;
                    return Ok(listing(ask, target, &found, &entries));
                }
            }
        }
    };
    let headers = response.headers_mut();
    set_roots(headers, &found.roots);
    set_cache(headers, cache, ask);
    if let Some(name) = ask.query.get("filename") {
        let download = ask.query.get("download").is_some_and(|value| value == "true");
        disposition(headers, if download { "attachment" } else { "inline" }, name);
    }
    Ok(response)
}

/// How a file begins.
fn start(blocks: &dyn BlockSource, cid: &Cid, size: u64) -> Result<Bytes, ReadError> {
    let mut parts = FileParts::new(cid, size, 0..size.min(START));
    Ok(parts.next(blocks).transpose()?.unwrap_or_default())
}

/// `index.html` of a directory and its length, if there is one.
fn index(blocks: &dyn BlockSource, directory: &Cid) -> Result<Option<(Cid, u64)>, FindError> {
    match resolve(blocks, directory, &["index.html"]) {
        Ok(found) => match found.kind {
            Kind::File { size } => Ok(Some((found.cid, size))),
            Kind::Directory | Kind::Symlink { .. } => Err(FindError {
                status: StatusCode::UNPROCESSABLE_ENTITY,
                text: "index.html could not be read: not a file".into(),
            }),
        },
        Err(ReadError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// What is in memory, or the range of it that is asked for.
pub(super) fn short(ask: &Ask, bytes: &Bytes, kind: &str, etag: &str) -> Result<Response, Refusal> {
    let part = |range: Range<u64>| bytes.slice(range.start as usize..range.end as usize);
    content(ask, bytes.len() as u64, kind, etag, |range| Body::from(part(range)))
}

/// All of `size` bytes, or the range of them that is asked for; `body` gives it.
fn content(
    ask: &Ask,
    size: u64,
    kind: &str,
    etag: &str,
    body: impl FnOnce(Range<u64>) -> Body,
) -> Result<Response, Refusal> {
    let (status, range) = match wanted(&ask.headers, size, etag) {
        Wanted::All => (StatusCode::OK, 0..size),
        Wanted::Part(range) => (StatusCode::PARTIAL_CONTENT, range),
        Wanted::Outside => {
            let status = StatusCode::RANGE_NOT_SATISFIABLE;
            let mut response = reply::text(status, "invalid range: failed to overlap");
            let said = format!("bytes */{size}");
            set(response.headers_mut(), header::CONTENT_RANGE, said);
            return Ok(response);
        }
        Wanted::Malformed => {
            let text = "invalid range request: invalid range";
            return Err(Refusal::bad(Form::Line, text));
        }
    };
    let said = format!("bytes {}-{}/{size}", range.start, range.end.saturating_sub(1));
    let length = range.end - range.start;
    let mut response = (status, body(range)).into_response();
    let headers = response.headers_mut();
    set(headers, header::CONTENT_TYPE, kind);
    set(headers, header::ETAG, etag);
    set(headers, header::ACCEPT_RANGES, "bytes");
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    if status == StatusCode::PARTIAL_CONTENT {
        set(headers, header::CONTENT_RANGE, said);
    }
    Ok(response)
}

fn set_cache(headers: &mut HeaderMap, cache: Option<String>, ask: &Ask) {
    if let Some(cache) = cache {
        set(headers, header::CACHE_CONTROL, cache);
    }
    if ask.path.mutable()
        && let Some(now) = reply::http_date(Timestamp::now())
    {
        set(headers, header::LAST_MODIFIED, now);
    }
}

/// `Cache-Control` of a listing: its form may change though the directory does not.
fn listing_cache(ask: &Ask, target: &Target) -> Option<String> {
    let seconds = match target.ttl.map(|ttl| ttl.as_secs()) {
        Some(seconds) if seconds > 0 => seconds,
        _ if ask.path.mutable() => return None,
        _ => 604_800,
    };
    Some(format!("public, max-age={seconds}, stale-while-revalidate=2678400"))
}

fn listing(ask: &Ask, target: &Target, found: &Found, entries: &[Entry]) -> Response {
    let base = ask.path.to_string();
    let base = base.trim_end_matches('/');
    let title = escape(base);
    let mut html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         </head><body>\n<h1>Index of {title}</h1>\n<p>{}</p>\n<ul>\n",
        found.cid
    );
    for Entry { name, cid, size } in entries {
        let path = format!("{base}/{name}");
        let href = escape(&utf8_percent_encode(&path, ESCAPED).to_string());
        let name = escape(name);
        let cid = cid.map_or_else(str::to_owned, |cid| cid.to_string());
        writeln!(html, "<li><a href=\"{href}\">{name}</a> {size} <code>{cid}</code></li>")
            .expect("writing to memory does not fail");
    }
    html += "</ul>\n</body></html>\n";
    let mut response = Body::from(html).into_response();
    let headers = response.headers_mut();
    set(headers, header::CONTENT_TYPE, "text/html");
    set(headers, header::ETAG, found.listing_etag());
    if let Some(cache) = listing_cache(ask, target) {
        set(headers, header::CACHE_CONTROL, cache);
    }
    set_roots(headers, &found.roots);
    response
}

/// For text and attributes of HTML.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\'' => escaped += "&#39;",
            c => escaped.push(c),
        }
    }
    escaped
}
