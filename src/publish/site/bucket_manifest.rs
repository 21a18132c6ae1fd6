//! The manifest of a bucket: read, waited for, and written over the one that was read.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, sleep};

use super::SiteError;
use super::bucket::BucketStore;
use super::bucket_entry::Read;
use crate::ipfs::upload::Manifest;
use crate::net::Body;

/// How long another publication is waited for.
const MAX_WAIT: Duration = Duration::from_secs(600);
const POLL: Duration = Duration::from_millis(500);

impl BucketStore {
    pub(super) async fn read_manifest(&self) -> Result<Read, SiteError> {
        Ok(match self.get(&self.manifest_key()).await? {
            None => Read { manifest: Manifest::default(), bytes: Bytes::new(), etag: None },
            Some(answer) => Read {
                manifest: Manifest::parse(&String::from_utf8_lossy(&answer.body)),
                etag: Some(answer.header("etag").unwrap_or_default().to_owned()),
                bytes: answer.body,
            },
        })
    }

    /// The manifest, once nobody is at work on it.
    pub(super) async fn read_settled(&self) -> Result<Read, SiteError> {
        let mut read = self.read_manifest().await?;
        let (began, mut changed) = (Instant::now(), Instant::now());
        while read.manifest.root.is_none()
            && !read.manifest.files.is_empty()
            && changed.elapsed() < self.abandoned
            && began.elapsed() < MAX_WAIT
        {
            sleep(POLL.min(self.abandoned)).await;
            let now = self.read_manifest().await?;
            if now.bytes != read.bytes {
                changed = Instant::now();
            }
            read = now;
        }
        Ok(read)
    }

    /// Writes the manifest in place of `over`; none when another one stands there by now.
    pub(super) async fn write_manifest(
        &self,
        manifest: &Manifest,
        over: &Read,
    ) -> Result<Option<Read>, SiteError> {
        let bytes: Bytes = manifest.to_text().into();
        let put = |condition: Option<(&'static str, String)>| {
            let body = Body::Bytes(bytes.clone());
            let put = self.bucket.put(&self.manifest_key(), body, &[]);
            let put = put.header("content-type", "text/plain; charset=utf-8");
            match condition {
                Some((name, value)) => put.header(name, value),
                None => put,
            }
        };
        let condition = match &over.etag {
            None => Some(("if-none-match", "*".to_owned())),
            Some(etag) if etag.is_empty() => None,
            Some(etag) => Some(("if-match", etag.clone())),
        };
        let mut answer = self.send(put(condition)).await?;
        match answer.status {
            409 | 412 => return Ok(None),
            // Not every service knows conditions.
            501 => answer = self.send(put(None)).await?,
            _ => {}
        }
        let etag = Some(answer.header("etag").unwrap_or_default().to_owned());
        answer.success()?;
        Ok(Some(Read { manifest: manifest.clone(), bytes, etag }))
    }
}
