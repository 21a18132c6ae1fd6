//! Kubo's RPC: uploads and records.

use serde_json::json;

use super::*;

async fn lines(response: Response) -> Vec<Value> {
    let text = response.text().await.unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn root_line(root: &Cid, problem: &str) -> Value {
    json!({ "Root": { "Cid": { "/": root.to_string() }, "PinErrorMsg": problem } })
}

#[tokio::test]
async fn imports_and_says_so() {
    let net = Net::start().await;
    let (root, blocks) = pack(&[("a/b", "x"), ("a/c", "y")]);
    let bytes: usize = blocks.iter().map(|(_, data)| data.len()).sum();
    let stats = json!({ "Stats": { "BlockCount": blocks.len(), "BlockBytesCount": bytes } });
    let car = car(&root, &blocks);
    for (query, expected) in [
        ("?pin-roots=true&stats=true", vec![root_line(&root, ""), stats.clone()]),
        ("", vec![root_line(&root, "")]),
        ("?silent=true&pin-roots=false&stats=true", vec![stats]),
        ("?pin-roots=false", vec![]),
    ] {
        let response = net.import(query, car.clone()).await;
        assert_eq!(response.status(), StatusCode::OK, "{query}");
        assert_eq!(header(&response, "content-type"), "application/json");
        assert_eq!(lines(response).await, expected, "{query}");
    }
}

#[tokio::test]
async fn an_incomplete_dag_is_stored_but_not_pinned() {
    let net = Net::start().await;
    let (root, mut blocks) = pack(&[("a", "x"), ("b", "y")]);
    let leaf = namesys::ipfs::sha256_cid(namesys::ipfs::RAW, b"x");
    let block = blocks.remove(&leaf).unwrap();
    let response = net.import("", car(&root, &blocks)).await;
    assert_eq!(response.status(), StatusCode::OK);
    let problem = format!("block was not found locally (offline): ipld: could not find {leaf}");
    assert_eq!(lines(response).await, [root_line(&root, &problem)]);
    let present = net.get(&format!("/ipfs/{root}/b")).await;
    assert_eq!(present.text().await.unwrap(), "y");
    assert_eq!(net.get(&format!("/ipfs/{root}/a")).await.status(), StatusCode::NOT_FOUND);

    // The rest may come in another CAR.
    let mut rest = MemoryBlocks::new();
    rest.insert(leaf, block);
    let response = net.import("", car(&root, &rest)).await;
    assert_eq!(lines(response).await, [root_line(&root, "")]);
}

#[tokio::test]
async fn what_was_pinned_is_listed_also_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let config = DevnetConfig { dir: Some(dir.path().into()), ..DevnetConfig::ephemeral() };
    let net = Net::with(config.clone()).await;
    let (root, blocks) = pack(&[("a/b", "x")]);
    let list = async |net: &Net, query: &str| {
        let response = net.http.post(format!("{}/api/v0/pin/ls{query}", net.url)).send().await;
        let response = response.unwrap();
        (response.status(), lines(response).await.remove(0))
    };
    let pins = json!({ "Keys": { root.to_string(): { "Type": "recursive", "Name": "" } } });
    let asked = format!("?arg={root}&type=recursive");
    let refusal = format!("path '{root}' is not pinned");
    let not_pinned = json!({ "Message": refusal, "Code": 0, "Type": "error" });
    let not_pinned = (StatusCode::INTERNAL_SERVER_ERROR, not_pinned);
    assert_eq!(list(&net, &asked).await, not_pinned);
    assert_eq!(list(&net, "").await, (StatusCode::OK, json!({ "Keys": {} })));
    net.import("?pin-roots=false", car(&root, &blocks)).await;
    assert_eq!(list(&net, &asked).await, not_pinned, "stored is not pinned");
    net.import("", car(&root, &blocks)).await;
    assert_eq!(list(&net, &asked).await, (StatusCode::OK, pins.clone()));
    net.devnet.stop().await;

    let net = Net::with(config).await;
    for query in [&asked, "", "?type=all", &format!("?arg=/ipfs/{root}")] {
        assert_eq!(list(&net, query).await, (StatusCode::OK, pins.clone()), "{query}");
    }
    assert_eq!(list(&net, &format!("?arg={root}&type=direct")).await, not_pinned);
    let bad = net.http.post(format!("{}/api/v0/pin/ls?type=soft", net.url)).send().await.unwrap();
    assert_eq!(bad.status(), StatusCode::INTERNAL_SERVER_ERROR);
}

#[tokio::test]
async fn broken_uploads_are_refused() {
    let net = Net::start().await;
    let (root, blocks) = pack(&[("a", "x")]);
    let good = car(&root, &blocks);
    let mut changed = good.clone();
    *changed.last_mut().unwrap() ^= 1;
    for (what, car, said) in [
        ("changed", changed, "import failed at block"),
        ("cut", good[..good.len() - 1].to_vec(), "import failed after block"),
        ("text", b"not a CAR at all".to_vec(), "import failed: "),
        ("empty", Vec::new(), "import failed: "),
        ("long and wrong", vec![0x7f; 30 << 20], "import failed: "),
    ] {
        let response = net.import("", car).await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR, "{what}");
        let error: Value = response.json().await.unwrap();
        assert_eq!((&error["Code"], &error["Type"]), (&json!(0), &json!("error")), "{what}");
        let text = error["Message"].as_str().unwrap();
        assert!(text.starts_with(said), "{what}: {text}");
    }
    let url = format!("{}/api/v0/dag/import", net.url);
    let bodiless = net.http.post(&url).send().await.unwrap();
    assert_eq!(bodiless.status(), StatusCode::BAD_REQUEST);
    assert!(bodiless.text().await.unwrap().contains("file argument 'path' is required"));
    let option = net.import("?pin-roots=perhaps", good).await;
    assert_eq!(option.status(), StatusCode::BAD_REQUEST);
    let get = net.get("/api/v0/dag/import").await;
    assert_eq!(get.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(header(&get, "allow"), "OPTIONS, POST");
    let part = "--x\r\ncontent-disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\nabc";
    let request = net.http.post(&url).header("content-type", "multipart/form-data; boundary=x");
    let response = request.body(part).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
}

#[tokio::test]
async fn a_hundred_thousand_blocks_in_seconds() {
    let net = Net::start().await;
    let mut blocks = MemoryBlocks::new();
    for n in 0..100_000u32 {
        let data = format!("{n:0400}");
        let cid = namesys::ipfs::sha256_cid(namesys::ipfs::RAW, data.as_bytes());
        blocks.insert(cid, data.into());
    }
    let (root, more) = pack(&[("a", "x")]);
    for (cid, data) in more.iter() {
        blocks.insert(*cid, data.clone());
    }
    let car = car(&root, &blocks);
    let start = std::time::Instant::now();
    let response = net.import("?stats=true", car).await;
    assert_eq!(lines(response).await[1]["Stats"]["BlockCount"], blocks.len());
    // Unoptimised, on a busy machine: far above what it takes, far below what a commit a block
    // would.
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}

#[tokio::test]
async fn stores_records() {
    let net = Net::start().await;
    let key = key(1);
    let name = key.name().to_string();
    let post = async |path: String, record: Option<&[u8]>| {
        let mut request = net.http.post(format!("{}/api/v0/{path}", net.url));
        if let Some(record) = record {
            let part = reqwest::multipart::Part::bytes(record.to_vec()).file_name("record");
            request = request.multipart(reqwest::multipart::Form::new().part("file", part));
        }
        request.send().await.unwrap()
    };
    let first = record(&key, VALUE, 1);
    let put = post(format!("name/put?arg={name}&allow-offline=true"), Some(&first)).await;
    assert_eq!(put.status(), StatusCode::OK);
    assert_eq!(put.json::<Value>().await.unwrap(), json!({ "Name": name, "Value": VALUE }));
    let again = post(format!("name/put?arg=/ipns/{name}"), Some(&first)).await;
    assert_eq!(again.status(), StatusCode::OK);
    let longer = record_for(&key, VALUE, 1, 48);
    let refused = post(format!("name/put?arg={name}"), Some(&longer)).await;
    assert!(refused.text().await.unwrap().contains("has sequence 1 >= new record sequence 1"));
    let got = post(format!("name/get?arg={name}"), None).await;
    assert_eq!(header(&got, "content-type"), "application/vnd.ipfs.ipns-record");
    assert_eq!(got.bytes().await.unwrap(), first);

    let second = record(&key, VALUE, 2);
    let put = post(format!("routing/put?arg=/ipns/{name}"), Some(&second)).await;
    let put: Value = put.json().await.unwrap();
    assert!(put["ID"].as_str().unwrap().starts_with("12D3KooW"), "{put}");
    let got = post(format!("routing/get?arg=/ipns/{name}"), None).await;
    assert_eq!(got.json::<Value>().await.unwrap()["Extra"], BASE64.encode(&second));

    let foreign = record(&super::key(2), VALUE, 3);
    for (path, body, status, said) in [
        (format!("name/put?arg={name}"), Some(&first[..]), 500, "has sequence 2 >= new record seq"),
        (format!("name/put?arg={name}"), Some(&foreign), 500, "record validation failed"),
        (format!("name/put?arg={name}"), Some(&[0; 20_000]), 500, "maximum size"),
        (format!("name/put?arg={name}"), Some(&first[..300]), 500, "invalid IPNS record"),
        (format!("name/put?arg={name}"), Some(&[]), 500, "record is empty"),
        (format!("name/put?arg={name}"), None, 400, "file argument 'record' is required"),
        ("name/put".into(), Some(&first), 400, "argument \"name\" is required"),
        ("name/put?arg=nick.eth".into(), Some(&first), 500, "invalid IPNS name"),
        (format!("routing/put?arg=/ipns/{name}"), Some(&first), 200, "12D3KooW"),
        (format!("routing/put?arg=/ipns/{name}"), Some(&foreign), 200, "12D3KooW"),
        (format!("routing/put?arg={name}"), Some(&second), 500, "invalid key"),
        (format!("routing/get?arg={name}"), None, 500, "invalid key"),
        (format!("name/get?arg={}", super::key(3).name()), None, 500, "routing: not found"),
    ] {
        let response = post(path.clone(), body).await;
        assert_eq!(response.status().as_u16(), status, "{path}");
        let text = response.text().await.unwrap().replace("\\\"", "\"");
        assert!(text.contains(said), "{path}: {text}");
    }
    let got = post(format!("name/get?arg={name}"), None).await;
    assert_eq!(got.bytes().await.unwrap(), second, "what was refused changes nothing");
}

#[tokio::test]
async fn says_what_it_is() {
    let net = Net::start().await;
    let post = async |path: &str| {
        let response = net.http.post(format!("{}/api/v0/{path}", net.url)).send().await.unwrap();
        (response.status(), response.json::<Value>().await.unwrap())
    };
    let (status, version) = post("version").await;
    assert_eq!(status, StatusCode::OK);
    assert!(version["Version"].as_str().unwrap().starts_with("0."));
    assert!(post("id").await.1["AgentVersion"].as_str().unwrap().contains("devnet"));
    assert_eq!(post("files/ls").await.0, StatusCode::NOT_FOUND);
}
