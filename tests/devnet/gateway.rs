//! Files and directories under `/ipfs/`.

use namesys::ipfs::{DAG_PB, RAW, sha256_cid};

use super::*;

#[tokio::test]
async fn serves_files_by_path() {
    let net = Net::start().await;
    let record = r#"{"data":"0x2b45eb2b"}"#;
    let root = net
        .add(&[
            (".well-known/eth/nick/text/avatar.json", record),
            ("hello world.txt", "hello"),
            ("site/index.html", "<p>hi"),
            ("site/style.css", "p {}"),
            ("ä/ö", "umlauts"),
        ])
        .await;
    for (path, kind, body) in [
        (".well-known/eth/nick/text/avatar.json", "application/json", record),
        (".well-known/eth/nick/text/avatar.json?t=29000000", "application/json", record),
        (".well-known//eth/./nick/text/../text/avatar.json", "application/json", record),
        ("hello%20world.txt", "text/plain; charset=utf-8", "hello"),
        ("site/", "text/html", "<p>hi"),
        ("site/index.html", "text/html", "<p>hi"),
        ("site/style.css", "text/css; charset=utf-8", "p {}"),
        ("%C3%A4/%C3%B6", "text/plain; charset=utf-8", "umlauts"),
    ] {
        let response = net.get(&format!("/ipfs/{root}/{path}")).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert_eq!(header(&response, "content-type"), kind, "{path}");
        assert_eq!(header(&response, "cache-control"), "public, max-age=29030400, immutable");
        assert_eq!(header(&response, "content-length"), body.len().to_string(), "{path}");
        assert_eq!(response.text().await.unwrap(), body, "{path}");
    }
}

#[tokio::test]
async fn headers_say_where_and_what() {
    let net = Net::start().await;
    let root = net.add(&[("a/b.json", "{}")]).await;
    let file = "bafkreicecnx2gvntm6fbcrvnc336qze6st5u7qq7457igegamd3bzkx7ri";
    let path = format!("/ipfs/{root}/a/b.json");
    let response = net.get_with(&path, "accept", "application/json").await;
    assert_eq!(response.text().await.unwrap(), "{}");
    let response = net.get(&path).await;
    assert_eq!(header(&response, "x-ipfs-path"), path);
    assert_eq!(header(&response, "etag"), format!("\"{file}\""));
    let roots: Vec<_> = header(&response, "x-ipfs-roots").split(',').collect();
    assert_eq!((roots.len(), roots[0], roots[2]), (3, root.to_string().as_str(), file));

    let etag = header(&response, "etag").to_owned();
    let unchanged = net.get_with(&path, "if-none-match", &etag).await;
    assert_eq!(unchanged.status(), StatusCode::NOT_MODIFIED);
    assert_eq!(header(&unchanged, "etag"), etag);
    let changed = net.get_with(&path, "if-none-match", "\"other\"").await;
    assert_eq!(changed.status(), StatusCode::OK);

    let head = net.http.head(format!("{}{path}", net.url)).send().await.unwrap();
    assert_eq!(head.status(), StatusCode::OK);
    assert_eq!(header(&head, "content-type"), "application/json");
    assert_eq!(header(&head, "content-length"), "2");
    assert_eq!(head.text().await.unwrap(), "");

    let named = net.get(&format!("/ipfs/{file}?filename=x%20%C3%A4.json&download=true")).await;
    let disposition = header(&named, "content-disposition");
    assert_eq!(
        disposition,
        "attachment; filename=\"x%20_.json\"; filename*=UTF-8''x%20%C3%A4.json"
    );
}

#[tokio::test]
async fn serves_ranges_and_files_of_several_chunks() {
    let net = Net::start().await;
    let big: String = (0..300_000).map(|n| format!("{n:08}")).collect();
    let root = net.add(&[("big.bin", &big), ("empty", "")]).await;
    let path = format!("/ipfs/{root}/big.bin");
    let whole = net.get(&path).await;
    assert_eq!(whole.text().await.unwrap(), big);
    let part = net.get_with(&path, "range", "bytes=1048570-1048585").await;
    assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(header(&part, "content-range"), "bytes 1048570-1048585/2400000");
    assert_eq!(part.text().await.unwrap(), big[1_048_570..1_048_586]);
    let outside = net.get_with(&path, "range", "bytes=9999999-").await;
    assert_eq!(outside.status(), StatusCode::RANGE_NOT_SATISFIABLE);
    assert_eq!(header(&outside, "content-range"), "bytes */2400000");
    let wrong = net.get_with(&path, "range", "bytes=x").await;
    assert_eq!(wrong.status(), StatusCode::BAD_REQUEST);
    let empty = net.get_with(&format!("/ipfs/{root}/empty"), "range", "bytes=0-0").await;
    assert_eq!((empty.status(), empty.text().await.unwrap()), (StatusCode::OK, String::new()));
}

/// A UnixFS file of the given parts, each with its length.
fn file_node(blocks: &mut MemoryBlocks, parts: &[(Cid, u64)]) -> (Cid, u64) {
    let number = |mut number: u64| {
        let mut bytes = Vec::new();
        while number >= 0x80 {
            bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        bytes.push(number as u8);
        bytes
    };
    let field = |tag: u8, bytes: &[u8]| [&[tag], &number(bytes.len() as u64)[..], bytes].concat();
    let size = parts.iter().map(|(_, size)| size).sum();
    let mut data = [&[8, 2, 0x18], &number(size)[..]].concat();
    let mut block = Vec::new();
    for (cid, size) in parts {
        block.extend(field(0x12, &[field(0x0a, &cid.to_bytes()), field(0x12, b"")].concat()));
        data.extend([&[0x20], &number(*size)[..]].concat());
    }
    block.extend(field(0x0a, &data));
    let cid = sha256_cid(DAG_PB, &block);
    blocks.insert(cid, block.into());
    (cid, size)
}

/// Two megabytes that are a file of a tebibyte.
#[tokio::test]
async fn what_no_memory_holds_is_streamed() {
    let net = Net::start().await;
    let chunk: Vec<u8> = (0..1_u32 << 20).map(|n| (n % 251) as u8).collect();
    let leaf = sha256_cid(RAW, &chunk);
    let mut blocks = MemoryBlocks::new();
    blocks.insert(leaf, chunk.clone().into());
    let (middle, length) = file_node(&mut blocks, &[(leaf, 1 << 20); 1024]);
    let (big, size) = file_node(&mut blocks, &[(middle, length); 1024]);
    assert_eq!(size, 1 << 40);
    let imported = net.import("?pin-roots=false", car(&big, &blocks)).await;
    assert!(imported.status().is_success());
    let path = format!("/ipfs/{big}");
    let head = net.http.head(format!("{}{path}", net.url)).send().await.unwrap();
    assert_eq!(header(&head, "content-length"), "1099511627776");
    for from in [0, (1_u64 << 40) - 5, (7 << 30) + (1 << 20) - 2] {
        let range = format!("bytes={from}-{}", from + 3);
        let part = net.get_with(&path, "range", &range).await;
        assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT, "{range}");
        let expected: Vec<u8> = (0..4).map(|n| chunk[((from + n) % (1 << 20)) as usize]).collect();
        assert_eq!(part.bytes().await.unwrap(), expected, "{range}");
    }
    // Those that read no further than the beginning hold up nobody, of files or CARs.
    let mut slow = Vec::new();
    for number in 0..200 {
        let query = if number % 2 == 0 { "" } else { "?format=car" };
        let mut answer = net.get(&format!("{path}{query}")).await;
        assert!(answer.chunk().await.unwrap().is_some());
        slow.push(answer);
    }
    let part = net.get_with(&path, "range", "bytes=0-0").await;
    assert_eq!(part.bytes().await.unwrap(), chunk[..1]);
}

#[tokio::test]
async fn directories_redirect_and_list() {
    let net = Net::start().await;
    let root = net.add(&[("a/<b> & c?.txt", "x"), ("a/d", "y")]).await;
    let bare = net.get(&format!("/ipfs/{root}/a?x=1")).await;
    assert_eq!(bare.status(), StatusCode::MOVED_PERMANENTLY);
    assert_eq!(header(&bare, "location"), format!("/ipfs/{root}/a/?x=1"));

    let listing = net.get(&format!("/ipfs/{root}/a/")).await;
    assert_eq!(listing.status(), StatusCode::OK);
    assert_eq!(header(&listing, "content-type"), "text/html");
    assert!(header(&listing, "cache-control").starts_with("public, max-age=604800, "));
    let etag = header(&listing, "etag").to_owned();
    assert!(etag.starts_with("\"DirIndex-"), "{etag}");
    let html = listing.text().await.unwrap();
    assert!(
        html.contains(&format!("href=\"/ipfs/{root}/a/%3Cb%3E%20&amp;%20c%3F.txt\"")),
        "{html}"
    );
    assert!(html.contains("&lt;b&gt; &amp; c?.txt"), "{html}");
    let again = net.get_with(&format!("/ipfs/{root}/a/"), "if-none-match", &etag).await;
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
}

#[tokio::test]
async fn what_is_not_there_is_404_text() {
    let net = Net::start().await;
    let root = net.add(&[("a/b", "x")]).await;
    let unknown = "bafybeibj6lixxzqtsb45ysdjnupvqkufgdvzqbnvmhw2kf7cfkesy7r7d4";
    for (path, said) in [
        (format!("/ipfs/{root}/a/c"), "no link named \"c\" under".to_owned()),
        (format!("/ipfs/{root}/a/b/c"), "is not a directory".into()),
        (format!("/ipfs/{unknown}"), format!("ipld: could not find {unknown}")),
        (format!("/ipfs/{unknown}?format=raw"), format!("ipld: could not find {unknown}")),
    ] {
        let response = net.get(&path).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
        assert_eq!(header(&response, "content-type"), "text/plain; charset=utf-8");
        let text = response.text().await.unwrap();
        assert!(text.starts_with("failed to resolve /ipfs/"), "{text}");
        assert!(text.contains(&said), "{text}");
    }
}

#[tokio::test]
async fn what_is_no_path_is_400_text() {
    let net = Net::start().await;
    let root = net.add(&[("a", "x")]).await;
    for path in [
        "/ipfs/nocid".to_owned(),
        "/ipfs".to_owned(),
        "/ipfs/%FF%FE".to_owned(),
        format!("/ipfs/{root}/%FF"),
        format!("/ipfs/{root}?format=tar"),
        format!("/ipfs/{root}?format=car&dag-scope=x"),
        format!("/ipfs/{root}?format=ipns-record"),
        format!("/ipfs/{root}/{}", "a/".repeat(1000)),
    ] {
        let response = net.get(&path).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{path}");
        assert!(header(&response, "content-type").starts_with("text/plain"), "{path}");
    }
    let post = net.http.post(format!("{}/ipfs/{root}", net.url)).send().await.unwrap();
    assert_eq!(post.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(header(&post, "allow"), "GET, HEAD, OPTIONS");
}

#[tokio::test]
async fn old_cids_are_the_same_blocks() {
    let net = Net::start().await;
    let root = net.add(&[("a", "x")]).await;
    let version_0 = Cid::new_v0(*root.hash()).unwrap();
    let hex = root.to_string_of_base(multibase::Base::Base16Lower).unwrap();
    for cid in [version_0.to_string(), hex] {
        let response = net.get(&format!("/ipfs/{cid}/a")).await;
        assert_eq!(response.text().await.unwrap(), "x", "{cid}");
    }
}
