//! A folder that a web server has, or that rsync or git take to one.

use std::path::Path;

use async_trait::async_trait;
use cid::Cid;

use super::{Changes, Folder, Held, Over, SiteError, Store};
use crate::ipfs::upload::{Manifest, Upload};
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
        over: &Over,
        progress: Option<Progress>,
    ) -> Result<Changes, SiteError> {
        let (to, over) = (Store::describe(self), over.clone());
        let may = move |manifest: &Manifest| over.permits(&to, &held(manifest.clone()));
        self.unpack_over(car, root, progress, may).await
    }

    async fn held(&self) -> Result<Held, SiteError> {
        Ok(held(self.manifest()?))
    }

    async fn probe(&self) -> Result<String, SiteError> {
        Ok(Upload::probe(self).await?)
    }
}

fn held(manifest: Manifest) -> Held {
    // A link's bytes are another file's.
    let files = manifest.files.into_iter().chain(manifest.others);
    let files = files.filter(|(_, hash)| !hash.starts_with("link-"));
    Held { root: manifest.root, under_way: manifest.under_way, files: files.collect() }
}
