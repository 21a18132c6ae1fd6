//! `dag/import`: CAR files in, every block verified, roots checked for completeness.

use std::io::{self, Read};
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::multipart::{Field, Multipart, MultipartError, MultipartRejection};
use axum::extract::{RawQuery, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use cid::Cid;
use serde_json::json;
use tokio::sync::mpsc;

use super::{bad_request, error, files};
use crate::devnet::gateway::query;
use crate::devnet::network::{Shared, blocking};
use crate::devnet::reply::Refusal;
use crate::devnet::store::{BlockStore, Store};
use crate::ipfs::{BlockError, CarError, CarReader, DAG_PB, RAW, ReadError};

/// Roots taken from the headers of one request.
const MAX_ROOTS: usize = 1024;
/// Chunks of the upload that may wait for the disk.
const CHUNKS_WAITING: usize = 16;
/// After a failure, how much of the upload is still read so that the client sees the answer.
const MAX_DRAINED: usize = 64 << 20;

/// What the CAR files of a request held.
#[derive(Debug, Default)]
struct Imported {
    roots: Vec<Cid>,
    blocks: u64,
    bytes: u64,
}

/// `?pin-roots=` (default true), `?stats=` (default false); multipart file parts are CAR files.
pub(super) async fn import(
    State(network): State<Shared>,
    RawQuery(text): RawQuery,
    upload: Result<Multipart, MultipartRejection>,
) -> Result<Response, Refusal> {
    let (pin, stats) = options(text.as_deref())?;
    let mut files = files(upload, "path")?;
    let mut imported = Imported::default();
    let broken = |reason: MultipartError| error(format!("import failed: {reason}"));
    while let Some(field) = files.next_field().await.map_err(broken)? {
        imported = import_file(&network, field, imported).await.map_err(error)?;
    }
    let lines = blocking(move || report(&network.store, &imported, pin, stats)).await;
    let kinds = [(header::CONTENT_TYPE.as_str(), "application/json"), ("x-chunked-output", "1")];
    Ok((kinds, lines).into_response())
}

fn options(text: Option<&str>) -> Result<(bool, bool), Refusal> {
    let query = query(text);
    let option = |name: &str, default| match query.get(name).map(String::as_str) {
        None => Ok(default),
        Some("" | "true" | "1" | "t" | "T" | "TRUE" | "True") => Ok(true),
        Some("false" | "0" | "f" | "F" | "FALSE" | "False") => Ok(false),
        Some(other) => Err(bad_request(format!(
            "could not convert value {other:?} to type \"bool\" (for option \"-{name}\")"
        ))),
    };
    let local = option("local-only", false)?;
    Ok((option("pin-roots", !local)?, option("stats", false)?))
}

/// Streams one part into the store, through a bounded channel to a thread that may block.
async fn import_file(
    network: &Shared,
    mut field: Field<'_>,
    mut imported: Imported,
) -> Result<Imported, String> {
    let (chunks, received) = mpsc::channel(CHUNKS_WAITING);
    let blocks = Arc::clone(&network.store.blocks);
    let importing = tokio::task::spawn_blocking(move || {
        let result = read_car(&blocks, ChunkReader::new(received), &mut imported);
        result.map(|()| imported)
    });
    let mut drained = 0;
    loop {
        let chunk = match field.chunk().await {
            Ok(Some(chunk)) => Ok(chunk),
            Ok(None) => break,
            Err(reason) => Err(io::Error::other(reason.to_string())),
        };
        let (size, broken) = (chunk.as_ref().map_or(0, Bytes::len), chunk.is_err());
        if chunks.send(chunk).await.is_err() {
            drained += size;
        }
        if broken || drained > MAX_DRAINED {
            break;
        }
    }
    drop(chunks);
    importing.await.unwrap_or_else(|error| Err(format!("import failed: {error}")))
}

/// Verifies and stores every block of one CAR file.
fn read_car(
    store: &Arc<BlockStore>,
    source: impl Read,
    imported: &mut Imported,
) -> Result<(), String> {
    let mut car = CarReader::new(source).map_err(|error| format!("import failed: {error}"))?;
    for root in car.roots() {
        if !imported.roots.contains(root) {
            imported.roots.push(*root);
        }
    }
    if imported.roots.len() > MAX_ROOTS {
        return Err(format!("import failed: over {MAX_ROOTS} roots"));
    }
    let mut writer = store.writer();
    let mut previous: Option<Cid> = None;
    loop {
        // The reader verifies every block against its CID.
        let (cid, data) = match car.next() {
            Some(Ok(block)) => block,
            Some(Err(error)) => return Err(failure(previous, &error)),
            None => break,
        };
        imported.blocks += 1;
        imported.bytes += data.len() as u64;
        writer.push(cid, data).map_err(|error| failure(Some(cid), &CarError::Io(error)))?;
        previous = Some(cid);
    }
    writer.finish().map_err(|error| format!("import failed: {error}"))
}

/// Kubo's words, so that a person finds the place in the CAR.
fn failure(previous: Option<Cid>, error: &CarError) -> String {
    match (error, previous) {
        (
            CarError::Block(
                BlockError::Hash(cid)
                | BlockError::HashFunction { cid, .. }
                | BlockError::TooLarge { cid, .. },
            ),
            _,
        ) => format!("import failed at block \"{cid}\": {error}"),
        (_, Some(previous)) => format!("import failed after block \"{previous}\": {error}"),
        (_, None) => format!("import failed: {error}"),
    }
}

/// The answer: a line for each root when pinning, then the counts when asked for.
fn report(store: &Store, imported: &Imported, pin: bool, stats: bool) -> String {
    let mut lines = String::new();
    for root in imported.roots.iter().filter(|_| pin) {
        let problem = incomplete(&store.blocks, root);
        let problem = match problem {
            Some(problem) => problem,
            None => store.pins.pin(root).err().map(|e| e.to_string()).unwrap_or_default(),
        };
        let line = json!({
            "Root": { "Cid": { "/": root.to_string() }, "PinErrorMsg": problem }
        });
        lines += &format!("{line}\n");
    }
    if stats {
        let line = json!({
            "Stats": { "BlockCount": imported.blocks, "BlockBytesCount": imported.bytes }
        });
        lines += &format!("{line}\n");
    }
    lines
}

/// What is missing at or below the root; Kubo pins only what is complete.
fn incomplete(store: &BlockStore, root: &Cid) -> Option<String> {
    let error = match root.codec() {
        DAG_PB | RAW => store.check_complete(root).err()?,
        // What such a block links to is not followed.
        _ if store.has(root) => return None,
        _ => ReadError::Missing(*root),
    };
    Some(match error {
        ReadError::Missing(cid) => {
            format!("block was not found locally (offline): ipld: could not find {cid}")
        }
        other => other.to_string(),
    })
}

/// The chunks of an upload as a reader for a thread that may block.
struct ChunkReader {
    chunks: mpsc::Receiver<io::Result<Bytes>>,
    current: Bytes,
}

impl ChunkReader {
    fn new(chunks: mpsc::Receiver<io::Result<Bytes>>) -> Self {
        Self { chunks, current: Bytes::new() }
    }
}

impl Read for ChunkReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() {
            match self.chunks.blocking_recv() {
                Some(chunk) => self.current = chunk?,
                None => return Ok(0),
            }
        }
        let count = buffer.len().min(self.current.len());
        buffer[..count].copy_from_slice(&self.current.split_to(count));
        Ok(count)
    }
}
