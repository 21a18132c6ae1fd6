//! A folder that a web server has, or that rsync or git take to one.

use std::path::Path;

use cid::Cid;
use futures_util::future::BoxFuture;

use super::{Changes, Folder, Held, SiteError, Store};
use crate::ipfs::upload::Upload;
use crate::net::Progress;

impl Store for Folder {
    fn describe(&self) -> String {
        Upload::describe(self)
    }

    fn bring<'a>(
        &'a self,
        car: &'a Path,
        root: &'a Cid,
        progress: Option<Progress>,
    ) -> BoxFuture<'a, Result<Changes, SiteError>> {
        Box::pin(async move { Ok(self.unpack(car, root, progress).await?) })
    }

    fn held(&self) -> BoxFuture<'_, Result<Held, SiteError>> {
        let held = self.manifest().map_err(SiteError::from).map(|manifest| {
            // A link's bytes are another file's.
            let files = manifest.files.into_iter().filter(|(_, hash)| !hash.starts_with("link-"));
            Held { root: manifest.root, files: files.collect() }
        });
        Box::pin(std::future::ready(held))
    }

    fn probe(&self) -> BoxFuture<'_, Result<String, SiteError>> {
        Box::pin(async { Ok(Upload::probe(self).await?) })
    }
}
