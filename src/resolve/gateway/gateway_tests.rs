use std::io::Cursor;
use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::ipfs::{
    BlockSink, BlockSource, CarWriter, MemoryBlocks, RAW, ReadError, TreeBudget, TreeLimits, Walk,
    pack_files, read_file, resolve, sha256_cid,
};
use crate::ipns::{RECORD_MEDIA_TYPE, create};
use crate::keys::IpnsKey;
use crate::net::test_server::{Answer, Seen, TestServer, quick_http};

#[path = "hop_tests.rs"]
mod hops;
#[path = "refusal_tests.rs"]
mod refusals;

const AVATAR: &str = ".well-known/eth/nick/text/avatar.json";
const NOW: &str = "2026-11-20T00:00:00Z";

/// A gateway over blocks in memory, with what a test wants to be wrong about it.
#[derive(Clone)]
struct Site {
    blocks: Arc<MemoryBlocks>,
    root: Cid,
    record: Vec<u8>,
    car: bool,
    raw: bool,
    records: bool,
    tampers: bool,
}

fn key() -> IpnsKey {
    IpnsKey::from_seed(&[7; 32].into())
}

fn name() -> Name {
    Name::parse("nick.eth").unwrap()
}

fn ipns() -> Recordhash {
    key().name().into()
}

fn site(sequence: u64, files: &[(&str, &str)]) -> Site {
    let mut blocks = MemoryBlocks::new();
    let root = pack_files(files.iter().copied(), &mut blocks).unwrap().root;
    let record = record(&format!("/ipfs/{root}"), sequence, "2030-01-01T00:00:00Z");
    Site {
        blocks: Arc::new(blocks),
        root,
        record,
        car: true,
        raw: true,
        records: true,
        tampers: false,
    }
}

fn nick(sequence: u64) -> Site {
    let avatar = format!("{{\"data\":\"0x{sequence:02x}\"}}");
    site(sequence, &[(AVATAR, &avatar), (".well-known/eth/nick/address/60.json", "{}")])
}

fn record(value: &str, sequence: u64, validity: &str) -> Vec<u8> {
    create(&key(), value, sequence, validity.parse().unwrap(), Duration::from_secs(60)).unwrap()
}

impl Site {
    async fn start(self) -> TestServer {
        TestServer::start(move |_, seen| match self.answer(seen) {
            // The last byte of a file, of its block, or of the CAR's last block.
            Answer::Full(200, headers, mut body) if self.tampers && seen.line.contains("json") => {
                *body.last_mut().unwrap() ^= 1;
                Answer::Full(200, headers, body)
            }
            answer => answer,
        })
        .await
    }

    fn answer(&self, seen: &Seen) -> Answer {
        let target = seen.line.split(' ').nth(1).unwrap();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let path = percent_decoded(path);
        let mut parts = path.trim_matches('/').split('/');
        let (space, cid) = (parts.next().unwrap(), parts.next().unwrap_or_default());
        let root = match (space, cid) {
            ("ipns", name) if name == key().name().to_string() => self.root,
            ("ipfs", cid) => cid.parse().unwrap(),
            _ => return Answer::new(404, "no such thing"),
        };
        let path: Vec<&str> = parts.collect();
        if query == "format=ipns-record" && space == "ipns" && self.records {
            return typed(RECORD_MEDIA_TYPE, self.record.clone());
        }
        let found = match resolve(&*self.blocks, &root, &path) {
            Ok(found) => found,
            Err(ReadError::Missing(_)) => return Answer::new(404, "block not found"),
            Err(_) => return Answer::new(404, "no link named so"),
        };
        match query {
            "format=raw" if self.raw => {
                let block = self.blocks.get(&found.cid).unwrap().unwrap();
                typed("application/vnd.ipld.raw", block.to_vec())
            }
            "format=car&dag-scope=entity" | "format=car&dag-scope=all" if self.car => {
                typed("application/vnd.ipld.car; version=1", self.car(&found))
            }
            _ => match read_file(&*self.blocks, &found.cid, 1 << 20) {
                Ok(file) => typed("application/json", file.to_vec()),
                Err(_) => typed("text/html", b"<html>Index of /</html>".to_vec()),
            },
        }
    }

    /// The path's blocks and all below it.
    fn car(&self, found: &crate::ipfs::Resolved) -> Vec<u8> {
        let mut car = CarWriter::new(Cursor::new(Vec::new())).unwrap();
        for cid in &found.visited {
            car.put(cid, &self.blocks.get(cid).unwrap().unwrap()).unwrap();
        }
        let mut walk = Walk::new(&found.cid, TreeBudget::new(TreeLimits::WHOLE));
        while let Some(block) = walk.next(&*self.blocks) {
            let (cid, data) = block.unwrap();
            car.put(&cid, &data).unwrap();
        }
        car.finish(&found.cid).unwrap().into_inner()
    }
}

fn typed(media_type: &str, body: Vec<u8>) -> Answer {
    Answer::new(200, body).header(format!("Content-Type: {media_type}"))
}

fn percent_decoded(path: &str) -> String {
    let url: Url = format!("http://x{path}").parse().unwrap();
    let bytes: Vec<u8> = form_decoded(url.path());
    String::from_utf8(bytes).unwrap()
}

fn form_decoded(text: &str) -> Vec<u8> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::new();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let digits = [bytes.next().unwrap(), bytes.next().unwrap()];
                u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
            }
            byte => byte,
        });
    }
    decoded
}

async fn open(servers: &[&TestServer], recordhash: &Recordhash) -> Result<RecordFiles, FetchError> {
    let gateways: Vec<Gateway> = servers.iter().map(|s| s.url.as_str().parse().unwrap()).collect();
    let (limits, now) = (FetchLimits::default(), NOW.parse().unwrap());
    RecordFiles::open(quick_http(), gateways, recordhash, &name(), limits, now).await
}

async fn fetch(servers: &[&TestServer], recordhash: &Recordhash) -> Result<Fetched, FetchError> {
    open(servers, recordhash).await?.fetch(&name(), AVATAR).await
}

#[tokio::test]
async fn a_file_is_proven_by_record_and_car() {
    let site = nick(3);
    let root = site.root;
    let server = site.start().await;
    let files = open(&[&server], &ipns()).await.unwrap();
    let fetched = files.fetch(&name(), AVATAR).await.unwrap();
    assert_eq!(&fetched.bytes[..], b"{\"data\":\"0x03\"}");
    assert_eq!(fetched.proof, Proof::Blocks { root, sequence: Some(3) });
    assert_eq!(fetched.gateway, server.url.as_str());
    assert_eq!(files.ipns_record().unwrap().sequence, 3);
    assert_eq!(server.seen().len(), 2, "the IPNS record and one CAR");
    files.fetch(&name(), AVATAR).await.unwrap();
    assert_eq!(server.seen().len(), 2, "blocks are kept");

    let error = files.fetch(&name(), ".well-known/eth/nick/name.json").await.unwrap_err();
    assert!(matches!(error, FetchError::NotFound { proven: true, .. }), "{error}");
    let error = files.fetch(&name(), ".well-known/eth/nick/text/avatar.json/x").await.unwrap_err();
    assert!(matches!(error, FetchError::NotFound { proven: true, .. }), "{error}");
}

#[tokio::test]
async fn block_by_block_where_there_is_no_car() {
    let site = Site { car: false, ..nick(3) };
    let recordhash: Recordhash = format!("ipfs://{}", site.root).parse().unwrap();
    let root = site.root;
    let server = site.start().await;
    let files = open(&[&server], &recordhash).await.unwrap();
    let fetched = files.fetch(&name(), AVATAR).await.unwrap();
    assert_eq!(fetched.proof, Proof::Blocks { root, sequence: None });
    let first = server.seen().len();
    assert_eq!(first, 1 + 6, "a CAR that is none, then each block of the path");
    files.fetch(&name(), ".well-known/eth/nick/address/60.json").await.unwrap();
    assert_eq!(server.seen().len(), first + 2, "one directory, one file; no CAR is asked for");
}

#[tokio::test]
async fn a_gateway_without_blocks_is_taken_at_its_word() {
    let site = Site { car: false, raw: false, ..nick(3) };
    let server = site.clone().start().await;
    let fetched = fetch(&[&server], &ipns()).await.unwrap();
    assert!(matches!(&fetched.proof, Proof::None(reason) if reason.contains("blocks")));
    assert_eq!(&fetched.bytes[..], b"{\"data\":\"0x03\"}");

    let plain = Site { records: false, ..site }.start().await;
    let fetched = fetch(&[&plain], &ipns()).await.unwrap();
    assert!(matches!(&fetched.proof, Proof::None(reason) if reason.contains("IPNS record")));
    let files = open(&[&plain], &ipns()).await.unwrap();
    let error = files.fetch(&name(), ".well-known/eth/nick/name.json").await.unwrap_err();
    assert!(matches!(error, FetchError::NotFound { proven: false, .. }), "{error}");
    let error = files.fetch_tree(&name(), ".well-known/eth/nick").await.unwrap_err();
    assert!(matches!(error, FetchError::Failed { .. }), "{error}");

    let whole = nick(4).start().await;
    let fetched = fetch(&[&plain, &whole], &ipns()).await.unwrap();
    assert!(matches!(fetched.proof, Proof::Blocks { sequence: Some(4), .. }), "proof is preferred");
}

#[tokio::test]
async fn changed_blocks_are_never_served() {
    let good = nick(3).start().await;
    let tampering = Site { tampers: true, ..nick(3) };
    let car = tampering.clone().start().await;
    let leaf = sha256_cid(RAW, b"{\"data\":\"0x03\"}").to_string();
    let honest = Site { car: false, ..nick(3) };
    let block = TestServer::start(move |_, seen| match seen.line.contains(&leaf) {
        true => typed("application/vnd.ipld.raw", b"{\"data\":\"0xff\"}".to_vec()),
        false => honest.answer(seen),
    })
    .await;
    for bad in [&car, &block] {
        let error = fetch(&[bad], &ipns()).await.unwrap_err();
        assert!(matches!(error, FetchError::Refuted { .. }), "{error}");
        assert!(error.to_string().contains("hash"), "{error}");
        let fetched = fetch(&[bad, &good], &ipns()).await.unwrap();
        assert_eq!(&fetched.bytes[..], b"{\"data\":\"0x03\"}");
        assert_eq!(fetched.gateway, good.url.as_str());
    }
}

#[tokio::test]
async fn the_newest_record_of_all_gateways_decides() {
    let (old, new) = (nick(1).start().await, nick(2).start().await);
    for order in [[&old, &new], [&new, &old]] {
        let fetched = fetch(&order, &ipns()).await.unwrap();
        assert!(matches!(fetched.proof, Proof::Blocks { sequence: Some(2), .. }));
        assert_eq!(&fetched.bytes[..], b"{\"data\":\"0x02\"}");
    }
}

#[tokio::test]
async fn bad_ipns_records_are_named_and_passed_over() {
    let fresh = nick(1);
    let value = format!("/ipfs/{}", fresh.root);
    let expired = Site { record: record(&value, 9, "2026-11-19T00:00:00Z"), ..fresh.clone() };
    let other = IpnsKey::from_seed(&[8; 32].into());
    let validity = "2030-01-01T00:00:00Z".parse().unwrap();
    let foreign = create(&other, &value, 9, validity, Duration::from_secs(60)).unwrap();
    let foreign = Site { record: foreign, ..fresh.clone() };
    let (expired, foreign) = (expired.start().await, foreign.start().await);
    for (server, words) in [(&expired, "expired"), (&foreign, "not signed by")] {
        let error = fetch(&[server], &ipns()).await.unwrap_err();
        assert!(matches!(error, FetchError::BadIpnsRecord { .. }), "{error}");
        assert!(error.to_string().contains(words), "{error}");
    }
    let fresh = fresh.start().await;
    let files = open(&[&expired, &foreign, &fresh], &ipns()).await.unwrap();
    assert_eq!(files.ipns_record().unwrap().sequence, 1);
    assert_eq!(files.notes().len(), 2);
    assert_eq!(files.ipns_record().unwrap().superseded, Some(9), "sequence 9 was signed");
    let fetched = files.fetch(&name(), AVATAR).await.unwrap();
    assert!(matches!(&fetched.proof, Proof::None(reason) if reason.contains("replaced by 9")));
}

#[tokio::test]
async fn an_unpublished_name_is_not_found() {
    let other = Recordhash::from(IpnsKey::from_seed(&[8; 32].into()).name());
    let server = nick(1).start().await;
    let kubo =
        TestServer::start(|_, _| Answer::new(500, "failed to resolve: routing: not found")).await;
    let error = fetch(&[&server, &kubo], &other).await.unwrap_err();
    assert!(
        matches!(&error, FetchError::NotPublished { notes, .. } if notes.len() == 2),
        "{error}"
    );
    assert_eq!(kubo.seen().len(), 1, "Kubo's 500 is not asked again");
    let broken = TestServer::start(|_, _| Answer::new(502, "bad gateway")).await;
    let error = fetch(&[&server, &broken], &other).await.unwrap_err();
    assert!(matches!(error, FetchError::Failed { .. }), "{error}");
}

#[tokio::test]
async fn the_next_gateway_is_asked_after_failures_not_after_refusals() {
    let good = nick(3).start().await;
    let broken = TestServer::start(|_, _| Answer::new(500, "oops")).await;
    let page = TestServer::start(|_, _| typed("text/html", b"<html>hello</html>".to_vec())).await;
    let silent = TestServer::start(|_, _| Answer::Silence(Duration::from_secs(2))).await;
    for bad in [&broken, &page, &silent] {
        let fetched = fetch(&[bad, &good], &ipns()).await.unwrap();
        assert!(matches!(fetched.proof, Proof::Blocks { .. }));
    }
    let error = fetch(&[&page], &ipns()).await.unwrap_err();
    assert!(error.to_string().contains("web page"), "{error}");

    // Without proof 4xx ends the search.
    let plain = Site { car: false, raw: false, records: false, ..nick(3) }.start().await;
    let refusing = TestServer::start(|_, seen| match seen.line.contains("format=") {
        true => Answer::new(400, "unsupported format"),
        false => Answer::new(403, "go away"),
    })
    .await;
    let error = fetch(&[&refusing, &plain], &ipns()).await.unwrap_err();
    assert!(matches!(error, FetchError::Refused(_)), "{error}");
    let fetched = fetch(&[&plain, &refusing], &ipns()).await.unwrap();
    assert!(matches!(fetched.proof, Proof::None(_)));
}

#[tokio::test]
async fn a_whole_directory_at_once() {
    let files: Vec<(String, String)> = (0..300)
        .map(|n| (format!(".well-known/eth/nick/s{n}/text/ñandú {n}.json"), format!("{{{n}}}")))
        .collect();
    let listed: Vec<(&str, &str)> = files.iter().map(|(p, c)| (p.as_str(), c.as_str())).collect();
    let site = site(1, &listed);
    let server = site.clone().start().await;
    let all = open(&[&server], &ipns()).await.unwrap();
    let tree = all.fetch_tree(&name(), ".well-known/eth/nick").await.unwrap().files;
    assert_eq!(tree.len(), 300);
    assert_eq!(tree[0].path, "s0/text/ñandú 0.json");
    assert_eq!(&tree[0].bytes[..], b"{0}");
    assert_eq!(server.seen().len(), 2);
    let error = all.fetch_tree(&name(), ".well-known/eth/vitalik").await.unwrap_err();
    assert!(matches!(error, FetchError::NotFound { proven: true, .. }), "{error}");

    let slow = Site { car: false, ..site }.start().await;
    let by_block = open(&[&slow], &ipns()).await.unwrap();
    let path = ".well-known/eth/nick/s7/text";
    let tree = by_block.fetch_tree(&name(), path).await.unwrap().files;
    assert_eq!(tree.len(), 1);
    let file = by_block.fetch(&name(), ".well-known/eth/nick/s9/text/ñandú 9.json").await.unwrap();
    assert_eq!(&file.bytes[..], b"{9}");
}

#[tokio::test]
async fn a_record_may_point_below_a_root() {
    let mut site = site(1, &[("sub/dir/.well-known/eth/nick/text/avatar.json", "{}")]);
    site.record = record(&format!("/ipfs/{}/sub/dir", site.root), 1, "2030-01-01T00:00:00Z");
    let server = site.clone().start().await;
    let fetched = fetch(&[&server], &ipns()).await.unwrap();
    assert!(matches!(fetched.proof, Proof::Blocks { .. }));
    site.record = record("/ipns/docs.example.org", 1, "2030-01-01T00:00:00Z");
    let server = site.start().await;
    let error = fetch(&[&server], &ipns()).await.unwrap_err();
    assert!(matches!(error, FetchError::Unsupported { .. }), "{error}");
}

#[tokio::test]
async fn nothing_to_ask() {
    let error = fetch(&[], &ipns()).await.unwrap_err();
    assert!(error.to_string().contains("--gateway"), "{error}");
    let ipld =
        format!("0xe201{}", data_encoding::HEXLOWER.encode(&sha256_cid(RAW, b"").to_bytes()));
    let error = fetch(&[], &ipld.parse().unwrap()).await.unwrap_err();
    assert!(matches!(error, FetchError::Unsupported { .. }), "{error}");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let web = format!("https://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = fetch(&[], &web.parse().unwrap()).await.unwrap_err();
    assert!(error.to_string().contains("refuses connections"), "{error}");
}

#[path = "bounds_tests.rs"]
mod bounds;
