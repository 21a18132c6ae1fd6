//! Uploads to a node that has what was published last: what is new goes, and all where that is not
//! enough.

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use namesys::devnet::{DevnetConfig, DevnetHandle, DevnetUrls};
use namesys::ipfs::{RAW, sha256_cid};
use namesys::report::{PackReport, PublishReport};
use sha2::{Digest, Sha256};

use crate::workspace::Workspace;

/// Counts what is sent to a server.
struct Meter {
    addr: SocketAddr,
    sent: Arc<AtomicU64>,
}

impl Meter {
    fn before(url: &str) -> Self {
        let to: SocketAddr = url.strip_prefix("http://").unwrap().parse().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (addr, sent) = (listener.local_addr().unwrap(), Arc::<AtomicU64>::default());
        let counter = sent.clone();
        thread::spawn(move || {
            for client in listener.incoming() {
                let (mut client, mut server) = (client.unwrap(), TcpStream::connect(to).unwrap());
                let (mut back, mut from) =
                    (client.try_clone().unwrap(), server.try_clone().unwrap());
                let counter = counter.clone();
                thread::spawn(move || {
                    std::io::copy(&mut from, &mut back).ok();
                    back.shutdown(Shutdown::Write).ok();
                });
                thread::spawn(move || {
                    let mut buffer = [0; 16 * 1024];
                    while let Ok(count @ 1..) = client.read(&mut buffer) {
                        counter.fetch_add(count as u64, Ordering::Relaxed);
                        if server.write_all(&buffer[..count]).is_err() {
                            break;
                        }
                    }
                    server.shutdown(Shutdown::Write).ok();
                });
            }
        });
        Self { addr, sent }
    }

    fn urls(&self, urls: DevnetUrls) -> DevnetUrls {
        DevnetUrls { kubo: format!("http://{}", self.addr), ..urls }
    }

    /// What was sent since it was last asked.
    fn sent(&self) -> u64 {
        self.sent.swap(0, Ordering::Relaxed)
    }
}

/// A workspace of three hundred subnames.
fn many(dir: std::path::PathBuf, urls: DevnetUrls) -> Workspace {
    let workspace = Workspace::new(dir, urls);
    let rows = (0..300).map(|n| format!("n{n}.nick.eth,text/url,https://example.com/{n}\n"));
    let table: String = ["name,record,value\n".to_owned()].into_iter().chain(rows).collect();
    fs::write(workspace.dir.join("rows.csv"), table).unwrap();
    workspace.good(&["import", "rows.csv"]);
    workspace.good(&["sign"]);
    workspace
}

/// What is published is what is signed, whole, and can be read from elsewhere.
fn publishes(workspace: &Workspace, folder: &Path, name: &str) -> PublishReport {
    let published: PublishReport = workspace.report(&["publish"]);
    let packed: PackReport = workspace.report(&["pack"]);
    assert_eq!(published.root, packed.root);
    let dir = folder.join(name);
    let owner = "0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A";
    let ipns = workspace.good(&["status"])["ipns_name"].as_str().unwrap().to_owned();
    let path = dir.to_str().unwrap();
    workspace.good(&["clone", "nick.eth", path, "--ipns", &ipns, "--owner", owner]);
    let cloned: PackReport = workspace.at_dir(dir).report(&["pack"]);
    assert_eq!(cloned.root, packed.root, "all of it is there");
    published
}

#[test]
fn only_what_is_new_is_sent_to_a_node_that_has_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let devnet = DevnetHandle::spawn(DevnetConfig::ephemeral()).unwrap();
    let meter = Meter::before(&devnet.urls().kubo);
    let workspace = many(folder.path().join("w"), meter.urls(devnet.urls()));
    publishes(&workspace, folder.path(), "0");
    let all = meter.sent();
    assert!(all > 300_000, "{all}");
    for number in 1..4_u64 {
        workspace.change(&format!("https://example.com/new/{number}"));
        let published = publishes(&workspace, folder.path(), &number.to_string());
        assert_eq!(published.sequence, number);
        let sent = meter.sent();
        assert!(sent < 64 << 10, "{sent} of {all}");
    }
    // Nothing changed, nothing goes; without the kept tree or the index all of it.
    workspace.good(&["publish"]);
    assert!(meter.sent() < 8 << 10);
    for gone in [workspace.dir.join(".namesys/published.car"), workspace.cache()] {
        workspace.change(&format!("https://example.com/{}", gone.display()));
        match gone.is_dir() {
            true => fs::remove_dir_all(&gone).unwrap(),
            false => fs::remove_file(&gone).unwrap(),
        }
        let name = gone.file_name().unwrap().to_string_lossy().into_owned();
        publishes(&workspace, folder.path(), &format!("without-{name}"));
        meter.sent();
    }
}

/// The node says that it pins the tree, and has lost a block of it.
#[test]
fn a_node_that_lost_a_block_gets_all() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("devnet");
    let config = || DevnetConfig { dir: Some(dir.clone()), ..DevnetConfig::ephemeral() };
    let devnet = DevnetHandle::spawn(config()).unwrap();
    let workspace = many(folder.path().join("w"), devnet.urls());
    let published: PublishReport = workspace.report(&["publish"]);
    assert_eq!(published.sequence, 0);
    drop(devnet);
    let lost = fs::read(workspace.dir.join(".well-known/eth/nick/n7/text/url.json")).unwrap();
    let section = [&sha256_cid(RAW, &lost).to_bytes()[..], &lost].concat();
    let blocks = fs::read(dir.join("blocks.car")).unwrap();
    let at = blocks.windows(section.len()).position(|window| window == section).unwrap();
    // Its length takes two bytes.
    let rest = [&blocks[..at - 2], &blocks[at + section.len()..]].concat();
    fs::write(dir.join("blocks.car"), rest).unwrap();
    let devnet = DevnetHandle::spawn(config()).unwrap();
    let meter = Meter::before(&devnet.urls().kubo);
    let workspace = Workspace::at(workspace.dir, meter.urls(devnet.urls()));
    workspace.change("https://example.com/1");
    let (code, json, stderr) = workspace.run(&["-v", "publish"]);
    assert_eq!((code, &json["sequence"]), (Some(0), &1.into()), "{json}");
    assert!(stderr.contains("gets the whole tree, for with what is new alone"), "{stderr}");
    assert!(meter.sent() > 300_000);
    publishes(&workspace, folder.path(), "clone");
}

/// A CID in the index that is not its file's.
#[test]
fn an_index_that_lies_publishes_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let devnet = DevnetHandle::spawn(DevnetConfig::ephemeral()).unwrap();
    let workspace = many(folder.path().join("w"), devnet.urls());
    workspace.good(&["publish"]);
    workspace.change("https://example.com/1");
    std::thread::sleep(std::time::Duration::from_millis(20));
    // From here on it is all known.
    workspace.good(&["verify"]);
    workspace.good(&["status"]);
    let mut files = fs::read_dir(workspace.cache().join("namesys/index")).unwrap();
    let index = files.next().unwrap().unwrap().path();
    let file = fs::read(workspace.dir.join(".well-known/eth/nick/text/avatar.json")).unwrap();
    let digest = Sha256::digest(&file);
    let mut bytes = fs::read(&index).unwrap();
    let at = bytes.windows(32).position(|window| window == &digest[..]).unwrap();
    bytes[at..at + 32].fill(9);
    let hash = Sha256::digest(&bytes[48..]);
    bytes[16..48].copy_from_slice(&hash);
    fs::write(&index, bytes).unwrap();
    let (code, json, stderr) = workspace.run(&["publish"]);
    assert_eq!((code, &json["sequence"]), (Some(0), &1.into()), "{json} {stderr}");
    publishes(&workspace, folder.path(), "clone");
}
