//! A folder that a web server has, or that rsync or git take to one.

use std::path::Path;

use async_trait::async_trait;
use cid::Cid;

use super::{Changes, Folder, Held, SiteError, Store};
use crate::ipfs::upload::Upload;
use crate::net::Progress;

#[async_trait]
impl Store for Folder {
    fn describe(&self) -> String {
        Upload::describe(self)
    }

    async fn bring(
        &self,
        car: &Path,
        root: &Cid,
        progress: Option<Progress>,
    ) -> Result<Changes, SiteError> {
        Ok(self.unpack(car, root, progress).await?)
    }

    async fn held(&self) -> Result<Held, SiteError> {
        self.manifest().map_err(SiteError::from).map(|manifest| {
            // A link's bytes are another file's.
            let files = manifest.files.into_iter().chain(manifest.others);
            let files = files.filter(|(_, hash)| !hash.starts_with("link-"));
            Held { root: manifest.root, files: files.collect() }
        })
    }

    async fn probe(&self) -> Result<String, SiteError> {
        Ok(Upload::probe(self).await?)
    }
}
