//! An S3-compatible bucket that a web host serves: one object a file.
//!
//! ```text
//! <prefix>.well-known/…            the tree, with media type and a short time in caches
//! <prefix>.namesys-files/<owner>   which objects are ours: sha2-256 and entity tag, and the root
//! ```
//! An object that is not ours is never changed: neither one that no manifest names, nor one that
//! is another by now than what was written. There is no lock: the manifest is written only
//! over the one that was read, before the first object, now and then, and after the last. Whoever
//! reads one that is not finished waits while it changes, and whoever finds another in place of
//! the own begins anew: of two publications at once the later one is complete.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use cid::Cid;
use futures_util::FutureExt;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use tokio::time::Instant;

use super::bucket_entry::{ABANDONED, Read, parts, same, value};
use super::files::{WebFile, web_files};
use super::{Changes, Held, Over, SiteError, Store};
use crate::ens::WELL_KNOWN;
use crate::ipfs::upload::{Manifest, OURS, open_tree};
use crate::ipfs::{Tree, fingerprint};
use crate::net::{Body, Bucket, BucketConfig, Http, Progress, Request, Response, shown, tag};
use crate::web::{CACHE, content_type};

/// Requests under way at once.
const AT_ONCE: usize = 8;
/// Publications that may come in between.
const MAX_TIMES: u32 = 4;
/// How often the manifest says how far a publication is.
const CHECKPOINT: Duration = Duration::from_secs(2);
/// The longest manifest, and the longest object that is compared, in bytes.
const MAX_OBJECT: usize = 64 << 20;

/// What a [`BucketStore`] is made of.
pub struct Settings {
    /// The bucket and the key to it.
    pub bucket: BucketConfig,
    /// What comes before `.well-known/` in the keys: empty, or with a slash at its end.
    pub prefix: String,
    /// Whose files they are: the name. Several may share a bucket.
    pub owner: String,
}

/// A bucket as a [`Store`].
pub struct BucketStore {
    pub(super) bucket: Bucket,
    prefix: String,
    owner: String,
    /// A publication whose manifest has not changed for so long was cut short.
    pub(super) abandoned: Duration,
}

/// What is to be done, and what was seen.
struct Plan<'a> {
    files: &'a BTreeMap<String, WebFile>,
    /// Paths that are to be sent.
    missing: Vec<&'a String>,
    /// Objects of others that are as the tree wants them: path and sha2-256.
    others: BTreeMap<String, String>,
    /// Paths of ours that are no longer wanted, and there.
    gone: Vec<String>,
}

impl BucketStore {
    /// The bucket of `settings`.
    ///
    /// # Errors
    /// [`SiteError::Settings`] when they cannot be used.
    pub fn new(http: Http, settings: Settings) -> Result<Self, SiteError> {
        let Settings { bucket, mut prefix, owner } = settings;
        let to = format!("s3 at {}", shown(&bucket.endpoint));
        let wrong = |reason| SiteError::Settings { to, reason };
        if !prefix.is_empty() && !prefix.ends_with('/') {
            prefix.push('/');
        }
        let part =
            |part: &str| !matches!(part, "" | "." | "..") && !part.contains(char::is_control);
        if !prefix.is_empty() && !prefix.trim_end_matches('/').split('/').all(part) {
            return Err(wrong(format!("{prefix:?} cannot be the beginning of an object's key")));
        }
        if !part(&owner) || owner.contains('/') {
            return Err(wrong(format!("its owner {owner:?} cannot be the name of an object")));
        }
        let bucket = Bucket::new(http, bucket).map_err(wrong)?;
        Ok(Self { bucket, prefix, owner, abandoned: ABANDONED })
    }

    fn key(&self, path: &str) -> String {
        format!("{}{path}", self.prefix)
    }

    pub(super) fn manifest_key(&self) -> String {
        self.key(&format!("{OURS}/{}", self.owner))
    }

    pub(super) async fn send(&self, request: Request) -> Result<Response, SiteError> {
        Ok(self.bucket.http().send(&request).await?)
    }

    pub(super) async fn get(&self, key: &str) -> Result<Option<Response>, SiteError> {
        let answer = self.send(self.bucket.get(key).max_body(MAX_OBJECT)).await?;
        match answer.status {
            200 => Ok(Some(answer)),
            404 => Ok(None),
            _ => Err(answer.to_error().into()),
        }
    }

    async fn bring_tree(
        &self,
        tree: &Tree,
        over: &Over,
        progress: Option<Progress>,
    ) -> Result<Changes, SiteError> {
        let files = web_files(tree)?;
        let (mut written, mut removed) = (BTreeSet::new(), BTreeSet::new());
        for _ in 0..MAX_TIMES {
            let read = self.read_settled().await?;
            over.permits(&self.describe(), &held(&read.manifest))?;
            let plan = match self.plan(&files, &read.manifest).await {
                // What another brought since the manifest was read is nobody's who is not known.
                Err(SiteError::Foreign { .. })
                    if self.read_manifest().await?.bytes != read.bytes =>
                {
                    continue;
                }
                plan => plan?,
            };
            written.extend(plan.missing.iter().map(|path| (*path).clone()));
            removed.extend(plan.gone.iter().cloned());
            if self.carry_out(tree, plan, read, progress.as_ref()).await? {
                return Ok(Changes {
                    unchanged: files.len() - written.len(),
                    written: written.into_iter().collect(),
                    removed: removed.into_iter().collect(),
                });
            }
        }
        Err(SiteError::InBetween { to: self.describe(), times: MAX_TIMES })
    }

    /// Compares what is wanted with what the manifest says and what is listed.
    async fn plan<'a>(
        &self,
        files: &'a BTreeMap<String, WebFile>,
        manifest: &Manifest,
    ) -> Result<Plan<'a>, SiteError> {
        let listed = self.bucket.list(&self.key(&format!("{WELL_KNOWN}/"))).await?;
        let there: BTreeMap<&str, &str> = listed
            .iter()
            .filter_map(|object| Some((object.key.strip_prefix(&self.prefix)?, &*object.etag)))
            .collect();
        let is_whole = manifest.root.is_some();
        let (mut missing, mut others) = (Vec::new(), BTreeMap::new());
        for (path, wanted) in files {
            let Some(etag) = there.get(path.as_str()) else {
                missing.push(path);
                continue;
            };
            match manifest.files.get(path).map(|value| parts(value)) {
                Some((sha256, ours)) if sha256 == wanted.sha256 && same(ours, etag, is_whole) => {}
                // That the manifest names it is not enough: it may be a stranger's manifest.
                Some(_) if self.is_as_left(manifest, path, etag).await? => missing.push(path),
                named => match self.get(&self.key(path)).await? {
                    None => missing.push(path),
                    Some(found) if fingerprint(&found.body) == wanted.sha256 => match named {
                        Some(_) => missing.push(path),
                        None => _ = others.insert(path.clone(), wanted.sha256.clone()),
                    },
                    Some(_) => {
                        let (to, key) = (self.describe(), self.key(path));
                        return Err(SiteError::Foreign { to, key });
                    }
                },
            }
        }
        let mut gone = Vec::new();
        for path in manifest.paths().into_iter().filter(|path| !files.contains_key(*path)) {
            if let Some(etag) = there.get(path.as_str())
                && self.is_as_left(manifest, path, etag).await?
            {
                gone.push(path.clone());
            }
        }
        Ok(Plan { files, missing, others, gone })
    }

    /// Whether an object is one that we sent: by its tag, or where tags say nothing by its bytes.
    async fn is_as_left(
        &self,
        manifest: &Manifest,
        path: &str,
        etag: &str,
    ) -> Result<bool, SiteError> {
        let mut tags = manifest.versions(path).map(|value| parts(value).1);
        if !etag.is_empty() && tags.any(|tag| tag == etag) {
            return Ok(true);
        }
        let untold = |value: &String| etag.is_empty() || parts(value).1.is_empty();
        let untold: Vec<&String> = manifest.versions(path).filter(|value| untold(value)).collect();
        if untold.is_empty() {
            return Ok(false);
        }
        let Some(found) = self.get(&self.key(path)).await? else { return Ok(false) };
        let found = fingerprint(&found.body);
        Ok(untold.iter().any(|value| parts(value).0 == found))
    }

    /// `false` when somebody else published meanwhile.
    async fn carry_out(
        &self,
        tree: &Tree,
        plan: Plan<'_>,
        read: Read,
        progress: Option<&Progress>,
    ) -> Result<bool, SiteError> {
        let Plan { files, missing, others, gone } = plan;
        let mut manifest = read.manifest.clone();
        manifest.others = others;
        if missing.is_empty() && gone.is_empty() && manifest.root == Some(tree.root) {
            return Ok(true);
        }
        // Whatever happens from here on, what we write is known to be ours.
        (manifest.root, manifest.under_way) = (None, Some(tree.root));
        for path in &missing {
            let next = value(&files[*path].sha256, "");
            if let Some(was) = manifest.files.insert((*path).clone(), next) {
                manifest.former.insert(((*path).clone(), was));
            }
        }
        let Some(mut last) = self.write_manifest(&manifest, &read).await? else {
            return Ok(false);
        };
        let mut written = Instant::now();
        let total = missing.len() as u64;
        let putting = missing.into_iter().map(|path| self.put(tree, path, &files[path]).boxed());
        let putting: Vec<_> = putting.collect();
        let mut put = stream::iter(putting).buffer_unordered(AT_ONCE);
        let mut done = 0;
        while let Some((path, value)) = put.try_next().await? {
            manifest.files.insert(path.clone(), value);
            done += 1;
            if let Some(progress) = progress {
                progress(done, total);
            }
            if written.elapsed() > CHECKPOINT {
                match self.write_manifest(&manifest, &last).await? {
                    Some(now) => (last, written) = (now, Instant::now()),
                    None => return Ok(false),
                }
            }
        }
        drop(put);
        // Nothing goes before it is seen that nobody else publishes.
        let now = self.read_manifest().await?;
        if now.bytes != last.bytes {
            return Ok(false);
        }
        let Some(last) = self.write_manifest(&manifest, &now).await? else { return Ok(false) };
        let deleting: Vec<_> = gone.iter().map(|path| self.delete(path).boxed()).collect();
        stream::iter(deleting).buffer_unordered(AT_ONCE).try_collect::<Vec<()>>().await?;
        manifest.files.retain(|path, _| files.contains_key(path));
        manifest.former.clear();
        (manifest.root, manifest.under_way) = (Some(tree.root), None);
        let now = self.read_manifest().await?;
        Ok(now.bytes == last.bytes && self.write_manifest(&manifest, &now).await?.is_some())
    }

    /// Sends a file; its path and what the manifest says of it.
    async fn put<'a>(
        &self,
        tree: &Tree,
        path: &'a String,
        file: &WebFile,
    ) -> Result<(&'a String, String), SiteError> {
        let bytes = tree
            .read(&file.cid)
            .map_err(|error| SiteError::Packed { path: path.clone(), reason: error.to_string() })?;
        let name = path.rsplit('/').next();
        let kind = content_type(name, &bytes);
        let put = self.bucket.put(&self.key(path), Body::Bytes(bytes), &[]);
        let put = put.header("content-type", kind).header("cache-control", CACHE);
        let answer = self.send(put).await?;
        let etag = tag(answer.header("etag").unwrap_or_default());
        answer.success()?;
        Ok((path, value(&file.sha256, &etag)))
    }

    async fn delete(&self, path: &str) -> Result<(), SiteError> {
        self.delete_key(&self.key(path)).await
    }

    async fn delete_key(&self, key: &str) -> Result<(), SiteError> {
        let answer = self.send(self.bucket.delete(key)).await?;
        match answer.status {
            404 => Ok(()),
            _ => answer.success().map(drop).map_err(SiteError::from),
        }
    }

    async fn try_out(&self) -> Result<String, SiteError> {
        let now = jiff::Timestamp::now().as_nanosecond();
        let key = self.key(&format!("{OURS}/probe-{now:x}"));
        self.bucket.list(&key).await?;
        let put = self.bucket.put(&key, Body::Bytes(Bytes::from(key.clone())), &[]);
        self.send(put).await?.success()?;
        let read = self.get(&key).await;
        self.delete_key(&key).await?;
        match read? {
            Some(answer) if answer.body == key.as_bytes() => {
                Ok("it can be listed, written, read and removed from".to_owned())
            }
            Some(_) => Err(self.not_kept("something else")),
            None => Err(self.not_kept("that there is none")),
        }
    }

    fn not_kept(&self, reason: &str) -> SiteError {
        SiteError::NotKept { to: self.describe(), reason: reason.to_owned() }
    }
}

#[async_trait]
impl Store for BucketStore {
    fn describe(&self) -> String {
        let url = shown(self.bucket.url());
        format!("s3 at {}/{}", url.trim_end_matches('/'), self.prefix)
    }

    async fn bring(
        &self,
        car: &Path,
        root: &Cid,
        over: &Over,
        progress: Option<Progress>,
    ) -> Result<Changes, SiteError> {
        let (to, car, root) = (self.describe(), car.to_owned(), *root);
        let opening = tokio::task::spawn_blocking(move || open_tree(&to, &car, &root));
        let tree = opening.await.map_err(|error| SiteError::Packed {
            path: WELL_KNOWN.to_owned(),
            reason: error.to_string(),
        })??;
        self.bring_tree(&tree, over, progress).await
    }

    async fn held(&self) -> Result<Held, SiteError> {
        Ok(held(&self.read_manifest().await?.manifest))
    }

    async fn probe(&self) -> Result<String, SiteError> {
        self.try_out().await
    }
}

fn held(manifest: &Manifest) -> Held {
    let files = manifest.files.iter().chain(&manifest.others);
    let files = files.map(|(path, value)| (path.clone(), parts(value).0.to_owned()));
    Held { root: manifest.root, under_way: manifest.under_way, files: files.collect() }
}

#[cfg(test)]
#[path = "bucket_tests.rs"]
mod tests;
