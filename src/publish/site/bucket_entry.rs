//! What the manifest of a bucket says, of itself and of each object.

use std::time::Duration;

use bytes::Bytes;

use crate::ipfs::upload::Manifest;

/// A publication whose manifest has not changed for so long was cut short.
pub(super) const ABANDONED: Duration = Duration::from_secs(6);

/// The manifest as it was read, and what it takes to write over this one only.
pub(super) struct Read {
    pub(super) manifest: Manifest,
    pub(super) bytes: Bytes,
    /// The entity tag as the service gave it; none when there is no manifest.
    pub(super) etag: Option<String>,
}

/// What a manifest says of an object: sha2-256 and entity tag; no tag until it was sent.
pub(super) fn value(sha256: &str, etag: &str) -> String {
    format!("{sha256}.{etag}")
}

pub(super) fn parts(value: &str) -> (&str, &str) {
    value.split_once('.').unwrap_or((value, ""))
}

/// Whether an object is as we left it. Services that tell no tags are believed, once all was sent.
pub(super) fn same(ours: &str, listed: &str, is_whole: bool) -> bool {
    if ours.is_empty() { is_whole } else { ours == listed }
}
