//! Trees as other programs publish them: packed with other settings, with any names.

use std::path::Path;

use cid::Cid;
use namesys::ipfs::{CarWriter, pack_directory};

use crate::workspace::Workspace;

/// Packs a folder into a CAR file, whatever is in it; its root.
pub fn pack_as_it_is(dir: &Path, car: &Path) -> String {
    let mut writer = CarWriter::create(car).unwrap();
    let packed = pack_directory(dir, &mut writer, &mut |_| ()).unwrap();
    writer.finish(&packed.root).unwrap();
    packed.root.to_string()
}

/// Uploads a CAR file, as Kubo takes it.
pub fn upload(workspace: &Workspace, car: &Path) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let http = namesys::net::Http::new(namesys::net::HttpConfig::default()).unwrap();
    let url = workspace.kubo().parse().unwrap();
    let upload = namesys::ipfs::upload::Kubo::new(http, url, None);
    let blocks = namesys::ipfs::CarBlocks::open(car).unwrap();
    let root: Cid = blocks.roots()[0];
    runtime.block_on(async {
        namesys::ipfs::upload::Upload::upload(&upload, car, &root, None).await.unwrap();
    });
}
