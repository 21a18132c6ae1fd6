//! Trees as other programs publish them: packed with other settings, with any names.

use std::path::Path;

use cid::Cid;
use namesys::ipfs::{BlockSink, CarWriter, DAG_PB, pack_directory, sha256_cid};

use crate::workspace::Workspace;

/// Copies a folder into another.
pub fn copy(from: &Path, into: &Path) {
    let copied = std::process::Command::new("cp").arg("-r").args([from, into]).status().unwrap();
    assert!(copied.success(), "{}", from.display());
}

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

/// Uploads a packed tree and points the name at it, as another program would.
pub fn publish_as_it_is(workspace: &Workspace, car: &Path, root: &str, sequence: u64) {
    upload(workspace, car);
    let record = car.with_extension("ipns-record");
    let (sequence, out) = (sequence.to_string(), record.to_str().unwrap());
    let value = format!("/ipfs/{root}");
    let sign = ["ipns", "sign", "--value", &value, "--sequence", &sequence, "--out", out];
    workspace.good(&sign);
    workspace.good(&["ipns", "put", out]);
}

/// A folder as the deployed web client's backend packs it: CIDv0, every file in a node of its own.
pub fn pack_as_version_0(dir: &Path, car: &Path) -> String {
    let mut writer = CarWriter::create(car).unwrap();
    let (root, _) = version_0(dir, &mut writer);
    // The same block by the other version of its name, which this writer wants.
    writer.finish(&root.into_v1().unwrap()).unwrap();
    root.to_string()
}

/// The CID of a file or folder, and the bytes of all its blocks.
fn version_0(path: &Path, sink: &mut dyn BlockSink) -> (Cid, u64) {
    if path.is_file() {
        let content = std::fs::read(path).unwrap();
        let size = varint(content.len() as u64);
        let data = [&[8, 2, 0x12][..], &size, &content, &[0x18], &size].concat();
        let node = [&[0x0a][..], &varint(data.len() as u64), &data].concat();
        return (put(sink, &node), node.len() as u64);
    }
    let mut names: Vec<_> = std::fs::read_dir(path).unwrap().map(|e| e.unwrap().path()).collect();
    names.sort();
    let (mut node, mut below) = (Vec::new(), 0);
    for path in names {
        let (cid, size) = version_0(&path, sink);
        let (hash, name) = (cid.to_bytes(), path.file_name().unwrap().to_str().unwrap());
        let head = [0x0a, hash.len() as u8];
        let name = [&[0x12, name.len() as u8][..], name.as_bytes()].concat();
        let link = [&head[..], &hash, &name, &[0x18], &varint(size)].concat();
        node.extend([&[0x12][..], &varint(link.len() as u64), &link].concat());
        below += size;
    }
    node.extend([0x0a, 2, 8, 1]);
    (put(sink, &node), below + node.len() as u64)
}

fn put(sink: &mut dyn BlockSink, node: &[u8]) -> Cid {
    let cid = Cid::new_v0(*sha256_cid(DAG_PB, node).hash()).unwrap();
    sink.put(&cid, node).unwrap();
    cid
}

fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number > 0x7f {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}
