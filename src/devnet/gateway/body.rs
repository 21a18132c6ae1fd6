//! Bodies that are read when the client takes them: a slow one holds neither a thread nor more than
//! a block.

use std::io;
use std::ops::Range;
use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use cid::Cid;
use futures_util::stream;

use crate::devnet::network::blocking;
use crate::devnet::store::BlockStore;
use crate::ipfs::FileParts;

/// What gives a body, part by part. It may block.
pub(super) trait Parts: Send + 'static {
    /// The next bytes; `None` at the end. After an error it is not asked again: the client sees
    /// the answer break off.
    fn next(&mut self) -> Option<io::Result<Bytes>>;
}

/// A body of `parts`, each read on a thread that may block once the one before is taken.
pub(super) fn lazy(parts: impl Parts) -> Body {
    Body::from_stream(stream::unfold(Some(parts), async |parts| {
        let mut parts = parts?;
        let (next, parts) = blocking(move || (parts.next(), parts)).await;
        let next = next?;
        let parts = next.is_ok().then_some(parts);
        Some((next, parts))
    }))
}

/// The bytes of `range` of the file `cid`, which has `size` bytes.
pub(super) fn file(store: &Arc<BlockStore>, cid: &Cid, size: u64, range: Range<u64>) -> Body {
    lazy(File { store: store.clone(), parts: FileParts::new(cid, size, range) })
}

struct File {
    store: Arc<BlockStore>,
    parts: FileParts,
}

impl Parts for File {
    fn next(&mut self) -> Option<io::Result<Bytes>> {
        let next = self.parts.next(self.store.as_ref())?;
        Some(next.map_err(io::Error::other))
    }
}
