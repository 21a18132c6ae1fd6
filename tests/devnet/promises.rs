//! What headers and options promise.

use namesys::ipfs::{BlockSource, CarReader, DAG_PB, RAW, sha256_cid};

use super::*;

/// `{a: {1: F, 2: G}, b: F}`, as one of the bug reports has it.
const TREE: &str = "OqJlcm9vdHOB2CpYJQABcBIghAxkLkZ7eaWN65Pido579MHnezSDMN7cwkTJIQniektndmVyc2lvbgEuAVUSIIWl+u2M4HbyX/H2kGj3JZT5ealyKH0Jw5aBKMMBwGtqRkZGRkZGRkZGRi4BVRIgCGA+s1NSPlXPCYyPzxEk/++UZA/lUKwVC7tFyZpBRrBHR0dHR0dHR0dHggEBcBIg2M2K+wwBhQUeGMOu2qvDyDkooTAYUppXjoA+k8jhvS4SKwokAVUSIIWl+u2M4HbyX/H2kGj3JZT5ealyKH0Jw5aBKMMBwGtqEgExGAoSKwokAVUSIAhgPrNTUj5VzwmMj88RJP/vlGQP5VCsFQu7RcmaQUawEgEyGAoKAggBggEBcBIghAxkLkZ7eaWN65Pido579MHnezSDMN7cwkTJIQnieksSKwokAXASINjNivsMAYUFHhjDrtqrw8g5KKEwGFKaV46APpPI4b0uEgFhGHgSKwokAVUSIIWl+u2M4HbyX/H2kGj3JZT5ealyKH0Jw5aBKMMBwGtqEgFiGAoKAggB";
const ROOT: &str = "bafybeieebrsc4rt3pgsy324t4j3i467uyhtxwnedgdpnzqsezeqqtyt2jm";

/// The blocks of a CAR in the order they come.
async fn blocks_of(response: Response) -> Vec<Cid> {
    assert_eq!(response.status(), StatusCode::OK);
    let bytes = response.bytes().await.unwrap();
    CarReader::new(&bytes[..]).unwrap().map(|block| block.unwrap().0).collect()
}

#[tokio::test]
async fn a_car_is_depth_first() {
    let net = Net::start().await;
    net.import("", BASE64.decode(TREE.as_bytes()).unwrap()).await;
    let cid = async |path: &str| {
        let response = net.get(&format!("/ipfs/{ROOT}{path}?format=raw")).await;
        let roots = header(&response, "x-ipfs-roots").to_owned();
        roots.rsplit(',').next().unwrap().parse::<Cid>().unwrap()
    };
    let expected = [cid("").await, cid("/a").await, cid("/a/1").await, cid("/a/2").await];
    let all = blocks_of(net.get(&format!("/ipfs/{ROOT}?format=car")).await).await;
    assert_eq!(all, expected);
    let below = blocks_of(net.get(&format!("/ipfs/{ROOT}/a?format=car")).await).await;
    assert_eq!(below, expected);
    // What is deep comes before what is beside.
    let (root, blocks) = pack(&[("a/1", "F"), ("a/2", "G"), ("b", "H")]);
    net.import("", car(&root, &blocks)).await;
    let all = blocks_of(net.get(&format!("/ipfs/{root}?format=car")).await).await;
    assert_eq!(all[2..], ["F", "G", "H"].map(|text| sha256_cid(RAW, text.as_bytes())));
    // The parts of a HAMT, too, as a walk of all meets them.
    let names: Vec<(String, &str)> = (0..7000).map(|n| (format!("{n:060}"), "x")).collect();
    let (root, blocks) = pack(&names);
    net.import("", car(&root, &blocks)).await;
    let scope = async |scope: &str| {
        let path = format!("/ipfs/{root}?format=car&dag-scope={scope}");
        blocks_of(net.get(&path).await).await
    };
    let (entity, mut all) = (scope("entity").await, scope("all").await);
    all.retain(|cid| cid.codec() == DAG_PB);
    assert!(entity.len() > 200 && entity == all);
}

#[tokio::test]
async fn of_an_entity_the_blocks_of_a_range() {
    let net = Net::start().await;
    let content: Vec<u8> = (0..3_500_000_u32).map(|n| (n / 4096 % 251) as u8).collect();
    let (root, blocks) = pack(&[("f", &content)]);
    net.import("", car(&root, &blocks)).await;
    let ask = async |range: &str| {
        let path = format!("/ipfs/{root}/f?format=car&dag-scope=entity&entity-bytes={range}");
        blocks_of(net.get(&path).await).await
    };
    // Root, file, and of four leaves of a megabyte those that are asked for.
    for (range, leaves) in
        [("0:*", 4), ("0:9", 1), ("1048570:1048580", 2), ("-10:*", 1), ("4000000:*", 0)]
    {
        let sent = ask(range).await;
        assert_eq!(sent.len(), 2 + leaves, "{range}");
        assert!(sent.iter().all(|cid| blocks.get(cid).unwrap().is_some()));
    }
    let bad = net.get(&format!("/ipfs/{root}/f?format=car&entity-bytes=9:1")).await;
    assert_eq!(bad.status(), StatusCode::BAD_REQUEST);
}

/// It breaks off after what could be sent, whatever of the range comes after what is missing.
#[tokio::test]
async fn a_range_that_cannot_be_read_whole_ends_as_a_failure() {
    let net = Net::start().await;
    let content: Vec<u8> = (0..3_500_000_u32).map(|n| (n / 4096 % 251) as u8).collect();
    let (root, all) = pack(&[("f", &content)]);
    let second = sha256_cid(0x55, &content[1 << 20..2 << 20]);
    let mut blocks = MemoryBlocks::new();
    for (cid, data) in all.iter().filter(|(cid, _)| **cid != second) {
        blocks.put(cid, data).unwrap();
    }
    net.import("?pin-roots=false", car(&root, &blocks)).await;
    for (range, is_whole) in [
        ("0:9", true),
        ("2097152:*", true),
        ("0:*", false),
        ("0:1048580", false),
        ("1048576:1048580", false),
        ("1048576:*", false),
    ] {
        let path = format!("/ipfs/{root}/f?format=car&dag-scope=entity&entity-bytes={range}");
        // Of little the head goes with what it breaks off in.
        let whole = match net.http.get(format!("{}{path}", net.url)).send().await {
            Ok(response) => response.bytes().await,
            Err(error) => Err(error),
        };
        assert_eq!(whole.is_ok(), is_whole, "{range}");
    }
}

#[tokio::test]
async fn what_is_not_here_is_not_fetched() {
    let net = Net::start().await;
    let root = net.add(&[("a", "x")]).await;
    let nowhere = sha256_cid(0x55, b"nowhere");
    for (path, status) in [
        (format!("/ipfs/{root}"), StatusCode::MOVED_PERMANENTLY),
        (format!("/ipfs/{root}/a"), StatusCode::OK),
        (format!("/ipfs/{nowhere}"), StatusCode::PRECONDITION_FAILED),
        (format!("/ipfs/{nowhere}?format=raw"), StatusCode::PRECONDITION_FAILED),
    ] {
        let response = net.get_with(&path, "cache-control", "only-if-cached").await;
        assert_eq!(response.status(), status, "{path}");
    }
}

#[tokio::test]
async fn pages_of_other_sites_hear_what_they_may_ask() {
    let net = Net::start().await;
    let root = net.add(&[("a", "x")]).await;
    let response = net.get(&format!("/ipfs/{root}/a")).await;
    assert_eq!(header(&response, "access-control-allow-origin"), "*");
    assert!(header(&response, "access-control-allow-methods").contains("GET"));
    assert!(header(&response, "access-control-allow-headers").contains("Range"));
    assert!(header(&response, "access-control-expose-headers").contains("X-Ipfs-Roots"));
}

#[tokio::test]
async fn something_else_beside_files_breaks_no_pin() {
    let net = Net::start().await;
    let mut blocks = MemoryBlocks::new();
    // An empty map.
    let other = sha256_cid(0x71, &[0xa0]);
    let link = [&[0x0a, 36][..], &other.to_bytes(), &[0x12, 1], b"a"].concat();
    let node = [&[0x12, link.len() as u8][..], &link, &[0x0a, 2, 8, 1]].concat();
    let root = sha256_cid(DAG_PB, &node);
    blocks.put(&root, &node).unwrap();
    let lines = |response: Response| async { response.text().await.unwrap() };
    let said = lines(net.import("", car(&root, &blocks)).await).await;
    assert!(said.contains("could not find"), "{said}");
    blocks.put(&other, &[0xa0]).unwrap();
    let said = lines(net.import("", car(&root, &blocks)).await).await;
    assert!(said.contains("\"PinErrorMsg\":\"\""), "{said}");
    let sent = blocks_of(net.get(&format!("/ipfs/{root}?format=car")).await).await;
    assert_eq!(sent, [root, other]);
}

/// Documents of DAG-CBOR lead on by their links, and are an entity of their own.
#[tokio::test]
async fn paths_go_through_documents() {
    let net = Net::start().await;
    let mut blocks = MemoryBlocks::new();
    let file = sha256_cid(0x55, b"F");
    blocks.put(&file, b"F").unwrap();
    // {"files": {"single": file}}
    let link = [&[0xd8, 42, 0x58, 37, 0][..], &file.to_bytes()].concat();
    let document = [&b"\xa1\x65files\xa1\x66single"[..], &link].concat();
    let documents = sha256_cid(0x71, &document);
    blocks.put(&documents, &document).unwrap();
    let link = [&[0x0a, 36][..], &documents.to_bytes(), &[0x12, 1], b"d"].concat();
    let node = [&[0x12, link.len() as u8][..], &link, &[0x0a, 2, 8, 1]].concat();
    let root = sha256_cid(DAG_PB, &node);
    blocks.put(&root, &node).unwrap();
    net.import("", car(&root, &blocks)).await;
    net.import("", car(&documents, &blocks)).await;
    for (path, expected) in [
        (format!("{documents}/files/single?format=car"), &[documents, file][..]),
        (format!("{root}/d/files/single?format=car"), &[root, documents, file]),
        (format!("{root}/d?format=car&dag-scope=entity"), &[root, documents]),
        (format!("{root}/d?format=car&dag-scope=block"), &[root, documents]),
        (format!("{documents}?format=car&dag-scope=entity"), &[documents]),
    ] {
        let sent = blocks_of(net.get(&format!("/ipfs/{path}")).await).await;
        assert_eq!(sent, expected, "{path}");
    }
    let found = net.get(&format!("/ipfs/{root}/d/files/single")).await;
    assert_eq!(found.text().await.unwrap(), "F");
    for (path, status) in [
        (format!("{root}/d/files/none"), StatusCode::NOT_FOUND),
        (format!("{root}/d/files"), StatusCode::NOT_IMPLEMENTED),
        (format!("{root}/d"), StatusCode::INTERNAL_SERVER_ERROR),
    ] {
        assert_eq!(net.get(&format!("/ipfs/{path}")).await.status(), status, "{path}");
    }
}

#[tokio::test]
async fn a_put_by_force_replaces_a_higher_sequence() {
    let net = Net::start().await;
    let key = key(7);
    let put = async |sequence, query: &str| {
        let record = reqwest::multipart::Part::bytes(record(&key, VALUE, sequence));
        let form = reqwest::multipart::Form::new().part("file", record.file_name("record"));
        let url = format!("{}/api/v0/name/put?arg={}{query}", net.url, key.name());
        net.http.post(url).multipart(form).send().await.unwrap().status()
    };
    assert_eq!(put(5, "").await, StatusCode::OK);
    assert_eq!(put(4, "").await, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(put(4, "&force=true").await, StatusCode::OK);
    let served: Value = net.get(&format!("/name/{}", key.name())).await.json().await.unwrap();
    let served = BASE64.decode(served["record"].as_str().unwrap().as_bytes()).unwrap();
    assert_eq!(ipns::UnverifiedRecord::parse(&served).unwrap().fields().sequence, 4);
}
