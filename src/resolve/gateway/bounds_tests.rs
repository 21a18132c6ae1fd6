use super::*;

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

/// What is read at the same time and fails gives back what it spent: it is no reason why another
/// does not fit.
#[tokio::test]
async fn reads_at_the_same_time_do_not_fail_each_other() {
    use super::blocks::Wanted;
    use super::reading::Reader;

    let server = TestServer::start(|_, _| Answer::Silence(Duration::from_millis(200))).await;
    let gateway: Gateway = server.url.as_str().parse().unwrap();
    let limits = FetchLimits {
        tree: TreeLimits { bytes: 1000, ..TreeLimits::default() },
        ..FetchLimits::default()
    };
    let root = sha256_cid(RAW, b"nowhere");
    let tree = Arc::new(BlockTree::new(root, Vec::new(), None, 1, &limits));
    let (name, http) = (name(), quick_http());
    let wanted = Wanted { name: &name, path: &[AVATAR], scope: "entity" };
    let fails: Reader<()> = Arc::new(move |source, budget| {
        budget.bytes(700).map_err(ReadError::OverBudget)?;
        read_file(source, &root, 10).map(|_| ())
    });
    let fits: Reader<()> = Arc::new(|_, budget| budget.bytes(400).map_err(ReadError::OverBudget));
    let from = (0, super::node::Server::Gateway(&gateway));
    let first = tree.read(&http, from, &wanted, &limits, &fails);
    let second = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        tree.read(&http, from, &wanted, &limits, &fits).await
    };
    let (first, second) = tokio::join!(first, second);
    assert!(first.is_err() && second.is_ok());
    // What fits by no means does not, and it is said once it is alone.
    let never: Reader<()> = Arc::new(|_, budget| budget.bytes(700).map_err(ReadError::OverBudget));
    assert!(tree.read(&http, from, &wanted, &limits, &never).await.is_err());
    assert!(tree.read(&http, from, &wanted, &limits, &fits).await.is_err(), "as before");
}
