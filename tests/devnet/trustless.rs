//! Answers a client verifies by itself.

use std::collections::HashSet;

use namesys::ipfs::{
    BlockSource, CarReader, TreeBudget, TreeLimits, Walk, list, read_file, resolve, verify_block,
};

use super::*;

/// Root and blocks of a CAR response, every block verified by the reader.
async fn car_of(response: Response) -> (Cid, MemoryBlocks) {
    assert_eq!(response.status(), StatusCode::OK);
    let kind = header(&response, "content-type");
    assert_eq!(kind, "application/vnd.ipld.car; version=1; order=dfs; dups=n");
    let bytes = response.bytes().await.unwrap();
    let mut reader = CarReader::new(Cursor::new(bytes)).unwrap();
    let root = reader.roots()[0];
    let mut blocks = MemoryBlocks::new();
    let mut count = 0;
    for block in &mut reader {
        let (cid, data) = block.unwrap();
        blocks.insert(cid, data);
        count += 1;
    }
    assert_eq!(count, blocks.len(), "a block came twice");
    (root, blocks)
}

#[tokio::test]
async fn raw_blocks() {
    let net = Net::start().await;
    let (root, blocks) = pack(&[("a/b", "x"), ("a/c", "y")]);
    net.import("", car(&root, &blocks)).await;
    for (cid, data) in blocks.iter() {
        let path = format!("/ipfs/{cid}");
        let by_query = net.get(&format!("{path}?format=raw")).await;
        let by_header = net.get_with(&path, "accept", "application/vnd.ipld.raw").await;
        for response in [by_query, by_header] {
            assert_eq!(response.status(), StatusCode::OK);
            assert_eq!(header(&response, "content-type"), "application/vnd.ipld.raw");
            assert_eq!(header(&response, "etag"), format!("\"{cid}.raw\""));
            assert_eq!(header(&response, "x-content-type-options"), "nosniff");
            assert!(header(&response, "content-disposition").contains(&format!("{cid}.bin")));
            let block = response.bytes().await.unwrap();
            assert_eq!(block, *data);
            verify_block(cid, &block).unwrap();
        }
    }
    let below = net.get(&format!("/ipfs/{root}/a/b?format=raw")).await;
    assert_eq!(below.text().await.unwrap(), "x");
    let head = net.http.head(format!("{}/ipfs/{root}?format=raw", net.url)).send().await.unwrap();
    let len = blocks.get(&root).unwrap().unwrap().len();
    assert_eq!(header(&head, "content-length"), len.to_string());
    let probe = net.get("/ipfs/bafkqaaa?format=raw").await;
    assert_eq!((probe.status(), probe.text().await.unwrap()), (StatusCode::OK, String::new()));
}

#[tokio::test]
async fn cars_of_every_scope() {
    let net = Net::start().await;
    let big = "0123456789".repeat(150_000);
    let files = [("a/b/c.txt", "x"), ("a/b/d.txt", "y"), ("a/e", "z"), ("big", &big)];
    let (root, all) = pack(&files);
    net.import("", car(&root, &all)).await;
    let cid = |path: &[&str]| resolve(&all, &root, path).unwrap().cid;
    let (a, b, c) = (cid(&["a"]), cid(&["a", "b"]), cid(&["a", "b", "c.txt"]));
    let (d, big) = (cid(&["a", "b", "d.txt"]), cid(&["big"]));
    let mut walk = Walk::new(&big, TreeBudget::new(TreeLimits::WHOLE));
    let big_blocks = std::iter::from_fn(|| walk.next(&all)).map(|block| block.unwrap().0);
    let big_blocks: Vec<Cid> = big_blocks.collect();
    assert_eq!(big_blocks.len(), 3);

    for (path, scope, last, expected) in [
        ("a/b/c.txt", "all", c, vec![root, a, b, c]),
        ("a/b/c.txt", "entity", c, vec![root, a, b, c]),
        ("a/b/c.txt", "block", c, vec![root, a, b, c]),
        ("a/b", "block", b, vec![root, a, b]),
        ("a/b", "entity", b, vec![root, a, b]),
        ("a/b", "all", b, vec![root, a, b, c, d]),
        ("big", "block", big, vec![root, big]),
        ("big", "entity", big, [&[root], &big_blocks[..]].concat()),
        ("", "block", root, vec![root]),
        ("", "all", root, all.iter().map(|(cid, _)| *cid).collect()),
    ] {
        let path = format!("/ipfs/{root}/{path}?format=car&dag-scope={scope}");
        let response = net.get(&path).await;
        assert_eq!(header(&response, "accept-ranges"), "none");
        let (root, blocks) = car_of(response).await;
        assert_eq!(root, last, "{path}");
        let got: HashSet<Cid> = blocks.iter().map(|(cid, _)| *cid).collect();
        assert_eq!(got, HashSet::from_iter(expected), "{path}");
    }
    let accept = "application/vnd.ipld.car; version=1; order=dfs";
    let response = net.get_with(&format!("/ipfs/{root}/big"), "accept", accept).await;
    let etag = header(&response, "etag").to_owned();
    assert!(etag.starts_with(&format!("W/\"{root}.car.")), "{etag}");
    assert_eq!(car_of(response).await.0, big);
    let request = net.http.get(format!("{}/ipfs/{root}/big", net.url));
    let request = request.header("accept", accept).header("if-none-match", etag);
    assert_eq!(request.send().await.unwrap().status(), StatusCode::NOT_MODIFIED);
}

#[tokio::test]
async fn a_car_proves_that_a_path_leads_nowhere() {
    let net = Net::start().await;
    let (root, all) = pack(&[("a/b", "x")]);
    net.import("", car(&root, &all)).await;
    let (none, blocks) = car_of(net.get(&format!("/ipfs/{root}/a/c?format=car")).await).await;
    assert_eq!(none.to_string(), "bafkqaaa");
    let error = resolve(&blocks, &root, &["a", "c"]).unwrap_err();
    assert!(matches!(error, namesys::ipfs::ReadError::NotFound { .. }), "{error}");
}

#[tokio::test]
async fn a_car_that_cannot_be_completed_breaks_off() {
    let net = Net::start().await;
    let (root, mut blocks) = pack(&[("a", "x"), ("b", "y")]);
    blocks.remove(&namesys::ipfs::sha256_cid(namesys::ipfs::RAW, b"y")).unwrap();
    net.import("", car(&root, &blocks)).await;
    // How much arrives before the connection ends is up to the transport.
    match net.http.get(format!("{}/ipfs/{root}?format=car", net.url)).send().await {
        Ok(response) => assert!(response.bytes().await.is_err()),
        Err(error) => assert!(error.is_request(), "{error}"),
    }
    assert_eq!(net.get("/").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_large_directory_by_path_and_by_car() {
    let net = Net::start().await;
    let files: Vec<(String, String)> = (0..6000)
        .map(|n| {
            (format!("eth/nick/sub{n}/text/avatar.json"), format!("{{\"data\":\"0x{n:08x}\"}}"))
        })
        .collect();
    let (root, all) = pack(&files);
    let nick = resolve(&all, &root, &["eth", "nick"]).unwrap().cid;
    let shards = all.len() - 6000 * 3 - 2;
    assert!(shards > 100, "{shards} blocks of a HAMT");
    let response = net.import("", car(&root, &all)).await;
    assert!(response.text().await.unwrap().contains("\"PinErrorMsg\":\"\""));

    let key = key(1);
    let name = key.name().to_string();
    net.publish(&name, &record(&key, &format!("/ipfs/{root}"), 0)).await;
    for n in [0, 17, 5999] {
        let (path, content) = &files[n];
        let by_name = net.get(&format!("/ipns/{name}/{path}")).await;
        assert_eq!(by_name.text().await.unwrap(), *content);
        let car = net.get(&format!("/ipns/{name}/{path}?format=car&dag-scope=entity")).await;
        assert_eq!(header(&car, "cache-control"), "public, max-age=300");
        let (_, blocks) = car_of(car).await;
        assert!(blocks.len() < 12, "{} blocks prove one file", blocks.len());
        let segments: Vec<&str> = path.split('/').collect();
        let found = resolve(&blocks, &root, &segments).unwrap();
        assert_eq!(read_file(&blocks, &found.cid, 100).unwrap(), content.as_bytes());
    }
    let missing = net.get(&format!("/ipns/{name}/eth/nick/sub6000/text/avatar.json")).await;
    assert_eq!(missing.status(), StatusCode::NOT_FOUND);

    let entity = net.get(&format!("/ipfs/{nick}?format=car&dag-scope=entity")).await;
    let (_, blocks) = car_of(entity).await;
    let budget = TreeBudget::new(TreeLimits::default());
    assert_eq!(list(&blocks, &nick, &budget).unwrap().len(), 6000);
    assert_eq!(blocks.len(), shards);
    let whole = net.get(&format!("/ipfs/{root}?format=car")).await;
    assert_eq!(car_of(whole).await.1.len(), all.len());
    let listing = net.get(&format!("/ipfs/{nick}/")).await.text().await.unwrap();
    assert_eq!(listing.matches("<li>").count(), 6000);
}
