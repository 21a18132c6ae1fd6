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
    site.record = record(
        "/ipns/k51qzi5uqu5dm8vj5be9rx33v7q8eoxlfqj1k7moz7zjk2x6ihnbjwwo9bo5k6",
        1,
        "2030-01-01T00:00:00Z",
    );
    let server = site.start().await;
    let error = fetch(&[&server], &ipns()).await.unwrap_err();
    assert!(matches!(error, FetchError::Unsupported { .. }), "{error}");
}

#[tokio::test]
async fn what_comes_is_bounded() {
    let long = "x".repeat(2000);
    let site = site(1, &[(AVATAR, &long)]);
    let server = site.clone().start().await;
    let gateways: Vec<Gateway> = vec![server.url.as_str().parse().unwrap()];
    let fetch_with = async |limits: FetchLimits| {
        let now = NOW.parse().unwrap();
        let http = quick_http();
        let files =
            RecordFiles::open(http, Vec::clone(&gateways), &ipns(), &name(), limits, now).await;
        files.unwrap().fetch(&name(), AVATAR).await
    };
    fetch_with(FetchLimits { file: 2000, ..FetchLimits::default() }).await.unwrap();
    // A CAR that is too long is done without.
    fetch_with(FetchLimits { car: 500, ..FetchLimits::default() }).await.unwrap();
    let error = fetch_with(FetchLimits { file: 1999, ..FetchLimits::default() }).await;
    assert!(matches!(error, Err(FetchError::Failed { .. })), "{error:?}");
    let tree = TreeLimits::default();
    for limits in [
        FetchLimits { tree: TreeLimits { bytes: 500, ..tree }, ..FetchLimits::default() },
        FetchLimits { tree: TreeLimits { blocks: 4, ..tree }, ..FetchLimits::default() },
    ] {
        let error = fetch_with(limits).await.unwrap_err();
        assert!(matches!(error, FetchError::OverBudget { .. }), "{limits:?}: {error}");
    }
    let limits = FetchLimits { car: 500, received: 400, ..FetchLimits::default() };
    let error = fetch_with(limits).await.unwrap_err();
    assert!(matches!(error, FetchError::Failed { .. }), "{error}");
    assert!(error.to_string().contains("the most that is taken of one gateway"), "{error}");
}

/// One that sends whatever comes to its mind is asked no more, and the next one is.
#[tokio::test]
async fn junk_of_one_gateway_is_not_counted_against_the_next() {
    let names: Vec<String> =
        (0..20).map(|number| format!(".well-known/eth/nick/text/k{number}.json")).collect();
    let files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), &name[1..])).collect();
    let site = site(1, &files);
    let junk = TestServer::start(|_, seen| {
        let long = vec![b'x'; 30_000];
        match seen.line.contains("format=raw") {
            true => typed("application/vnd.ipld.raw", long),
            false => typed("application/vnd.ipld.car", long),
        }
    })
    .await;
    let server = site.clone().start().await;
    let root = format!("ipfs://{}", site.root).parse().unwrap();
    let gateways: Vec<Gateway> =
        [&junk, &server].map(|server| server.url.as_str().parse().unwrap()).to_vec();
    let limits = FetchLimits { received: 200_000, ..FetchLimits::default() };
    let now = NOW.parse().unwrap();
    let files = RecordFiles::open(quick_http(), gateways, &root, &name(), limits, now).await;
    let files = files.unwrap();
    for path in &names {
        let file = files.fetch(&name(), path).await.unwrap();
        assert_eq!(file.gateway, server.url.as_str());
    }
    assert!(junk.seen().len() < 20, "it is asked no more: {}", junk.seen().len());
}

/// What a gateway fails at in the middle is read again from the next, and counts once.
#[tokio::test]
async fn a_read_that_is_tried_again_spends_once() {
    let names: Vec<String> =
        (0..10).map(|number| format!(".well-known/eth/nick/text/k{number}.json")).collect();
    let values: Vec<String> = (0..10).map(|n| format!("{n}").repeat(3000)).collect();
    let files: Vec<(&str, &str)> =
        names.iter().map(String::as_str).zip(values.iter().map(String::as_str)).collect();
    let whole = site(1, &files);
    // All but the last file.
    let last = sha256_cid(RAW, values[9].as_bytes());
    let mut blocks = MemoryBlocks::new();
    for path in
        [".well-known", ".well-known/eth", ".well-known/eth/nick", ".well-known/eth/nick/text"]
            .iter()
            .copied()
            .chain(names.iter().map(String::as_str))
    {
        let path: Vec<&str> = path.split('/').collect();
        let cid = resolve(&*whole.blocks, &whole.root, &path).unwrap().cid;
        if cid != last {
            blocks.put(&cid, &whole.blocks.get(&cid).unwrap().unwrap()).unwrap();
        }
    }
    let root = whole.blocks.get(&whole.root).unwrap().unwrap();
    blocks.put(&whole.root, &root).unwrap();
    let part = Site { blocks: Arc::new(blocks), car: false, ..whole.clone() }.start().await;
    let full = whole.clone().start().await;
    let root = format!("ipfs://{}", whole.root).parse().unwrap();
    let gateways: Vec<Gateway> =
        [&part, &full].map(|server| server.url.as_str().parse().unwrap()).to_vec();
    // Blocks and files come to 65 kB: read twice over the files alone would be 90 kB.
    let tree = TreeLimits { bytes: 75_000, ..TreeLimits::default() };
    let limits = FetchLimits { tree, ..FetchLimits::default() };
    let now = NOW.parse().unwrap();
    let files = RecordFiles::open(quick_http(), gateways, &root, &name(), limits, now).await;
    let listing = files.unwrap().fetch_records(&name()).await.unwrap();
    assert_eq!(listing.files.len(), 10);
    assert_eq!(listing.passed_over.len(), 1, "{:?}", listing.passed_over);
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

/// nick.eth's directory holds `links`.
fn hostile(links: &[(&str, Cid)], mut blocks: MemoryBlocks) -> Site {
    let nick = directory(&mut blocks, links);
    let eth = directory(&mut blocks, &[("nick", nick)]);
    let well_known = directory(&mut blocks, &[("eth", eth)]);
    let root = directory(&mut blocks, &[(".well-known", well_known)]);
    Site { blocks: Arc::new(blocks), root, ..nick_of(root) }
}

fn nick_of(root: Cid) -> Site {
    Site { record: record(&format!("/ipfs/{root}"), 1, "2030-01-01T00:00:00Z"), ..nick(1) }
}

/// A dag-pb directory.
fn directory(blocks: &mut MemoryBlocks, links: &[(&str, Cid)]) -> Cid {
    let mut block = Vec::new();
    for (name, cid) in links {
        let link = [field(0x0a, &cid.to_bytes()), field(0x12, name.as_bytes())].concat();
        block.extend(field(0x12, &link));
    }
    block.extend(field(0x0a, b"\x08\x01"));
    let cid = sha256_cid(crate::ipfs::DAG_PB, &block);
    blocks.put(&cid, &block).unwrap();
    cid
}

fn field(tag: u8, bytes: &[u8]) -> Vec<u8> {
    let mut length = unsigned_varint::encode::usize_buffer();
    [&[tag], unsigned_varint::encode::usize(bytes.len(), &mut length), bytes].concat()
}

#[tokio::test]
async fn eight_kilobytes_of_directories_end_soon_and_refute_nothing() {
    let mut blocks = MemoryBlocks::new();
    let mut below = directory(&mut blocks, &[]);
    for _ in 0..60 {
        below = directory(&mut blocks, &[("a", below), ("b", below)]);
    }
    let site = hostile(&[("text", below), ("sub", below)], blocks);
    let server = site.clone().start().await;
    let files = open(&[&server], &ipns()).await.unwrap();
    // As a record such a place is read no further than its name.
    assert!(files.fetch_records(&name()).await.unwrap().files.is_empty());
    let error = files.fetch_tree(&name(), ".well-known/eth/nick").await.unwrap_err();
    assert!(
        matches!(&error, FetchError::OverBudget { reason, .. } if reason.contains("10000 dir"))
    );
    // Nor do one that lies and one that knows nothing of it change that.
    let lying = Site { tampers: true, ..nick(1) }.start().await;
    let lacking = TestServer::start(|_, _| Answer::new(404, "no")).await;
    let by_hash = format!("ipfs://{}", site.root).parse().unwrap();
    let files = open(&[&lying, &lacking, &server], &by_hash).await.unwrap();
    let error = files.fetch_tree(&name(), ".well-known/eth/nick").await.unwrap_err();
    assert!(matches!(error, FetchError::OverBudget { .. }), "{error}");
}

#[tokio::test]
async fn two_megabytes_of_links_to_one_file_cost_no_more_than_the_budget() {
    let mut blocks = MemoryBlocks::new();
    let file = vec![b' '; 1 << 20];
    let big = sha256_cid(RAW, &file);
    blocks.put(&big, &file).unwrap();
    let names: Vec<String> = (0..20_000).map(|n| format!("k{n:05}.json")).collect();
    let links: Vec<(&str, Cid)> = names.iter().map(|name| (name.as_str(), big)).collect();
    let text = directory(&mut blocks, &links);
    let server = hostile(&[("text", text)], blocks).start().await;
    let files = open(&[&server], &ipns()).await.unwrap();
    let error = files.fetch_records(&name()).await.unwrap_err();
    assert!(error.to_string().contains("128 MiB of blocks and files"), "{error}");
    assert!(matches!(error, FetchError::OverBudget { .. }));
    // Record by record it is the same budget.
    let error = files.fetch(&name(), ".well-known/eth/nick/text/k00001.json").await.unwrap_err();
    assert!(matches!(error, FetchError::OverBudget { .. }), "{error}");
}

#[tokio::test]
async fn reading_ends_when_nobody_waits_for_it() {
    let mut blocks = MemoryBlocks::new();
    let mut below = directory(&mut blocks, &[]);
    for _ in 0..60 {
        below = directory(&mut blocks, &[("a", below), ("b", below)]);
    }
    let server = hostile(&[("text", below)], blocks).start().await;
    let gateways: Vec<Gateway> = vec![server.url.as_str().parse().unwrap()];
    let endless = TreeLimits { directories: u64::MAX, entries: u64::MAX, ..TreeLimits::default() };
    let limits = FetchLimits { tree: endless, ..FetchLimits::default() };
    let now = NOW.parse().unwrap();
    let files = RecordFiles::open(quick_http(), gateways, &ipns(), &name(), limits, now).await;
    let files = files.unwrap();
    let (name, directory) = (name(), ".well-known/eth/nick");
    let reading = files.fetch_tree(&name, directory);
    tokio::time::timeout(Duration::from_millis(500), reading).await.unwrap_err();
    // The runtime's end waits for the thread: this test does not end unless it does.
}
