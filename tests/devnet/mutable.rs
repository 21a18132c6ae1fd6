//! `/ipns/`: names, their records and what they point to.

use super::*;

#[tokio::test]
async fn follows_names_to_files() {
    let net = Net::start().await;
    let root = net.add(&[("a/b.json", "{}")]).await;
    let (key, outer) = (key(1), key(2));
    let (name, outer_name) = (key.name().to_string(), outer.name().to_string());
    net.publish(&name, &record(&key, &format!("/ipfs/{root}/a"), 0)).await;
    net.publish(&outer_name, &record(&outer, &format!("/ipns/{name}"), 0)).await;
    for name in [&name, &outer_name] {
        let response = net.get(&format!("/ipns/{name}/b.json?t=1")).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(header(&response, "content-type"), "application/json");
        assert_eq!(header(&response, "cache-control"), "public, max-age=300");
        assert_eq!(header(&response, "x-ipfs-path"), format!("/ipns/{name}/b.json"));
        assert!(header(&response, "x-ipfs-roots").starts_with(&root.to_string()));
        assert_eq!(response.text().await.unwrap(), "{}");
    }
    let missing = net.get(&format!("/ipns/{name}/c.json")).await;
    assert_eq!(missing.status(), StatusCode::NOT_FOUND);

    // An update shows at once, and a TTL never outlives the validity.
    let other = net.add(&[("b.json", "[]")]).await;
    let validity = Timestamp::now() + SignedDuration::from_secs(100);
    let ttl = Duration::from_secs(300);
    let update = ipns::create(&key, &format!("/ipfs/{other}"), 1, validity, ttl).unwrap();
    assert_eq!(net.publish(&name, &update).await.status(), StatusCode::ACCEPTED);
    let response = net.get(&format!("/ipns/{outer_name}/b.json")).await;
    let cache = header(&response, "cache-control").to_owned();
    let age: u64 = cache.strip_prefix("public, max-age=").unwrap().parse().unwrap();
    assert!((90..=100).contains(&age), "{cache}");
    assert_eq!(response.text().await.unwrap(), "[]");
}

#[tokio::test]
async fn other_forms_of_a_name_are_redirected() {
    let net = Net::start().await;
    let root = net.add(&[("a b", "x")]).await;
    let key = key(3);
    let name = key.name();
    net.publish(&name.to_string(), &record(&key, &format!("/ipfs/{root}"), 0)).await;
    let cid = name.cid();
    let peer = bs58::encode(cid.hash().to_bytes()).into_string();
    let hex = cid.to_string_of_base(multibase::Base::Base16Lower).unwrap();
    for form in [peer, hex, cid.to_string()] {
        let response = net.get(&format!("/ipns/{form}/a%20b?t=1")).await;
        assert_eq!(response.status(), StatusCode::FOUND, "{form}");
        assert_eq!(header(&response, "location"), format!("/ipns/{name}/a%20b?t=1"), "{form}");
    }
}

#[tokio::test]
async fn what_cannot_be_resolved_is_500_text() {
    let net = Net::start().await;
    let (looping, nowhere) = (key(4), key(5));
    let own = format!("/ipns/{}", looping.name());
    net.publish(&looping.name().to_string(), &record(&looping, &own, 0)).await;
    let dns = record(&nowhere, "/ipns/nick.eth", 0);
    net.publish(&nowhere.name().to_string(), &dns).await;
    for (name, said) in [
        (key(6).name().to_string(), "routing: not found"),
        ("nick.eth".to_owned(), "could not resolve name"),
        (nowhere.name().to_string(), "could not resolve name"),
        (looping.name().to_string(), "recursion limit exceeded"),
    ] {
        let response = net.get(&format!("/ipns/{name}/x")).await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR, "{name}");
        let text = response.text().await.unwrap();
        assert!(text.starts_with(&format!("failed to resolve /ipns/{name}/x")), "{text}");
        assert!(text.contains(said), "{text}");
    }
}

#[tokio::test]
async fn an_expired_record_is_no_longer_served() {
    let net = Net::start().await;
    let root = net.add(&[("a", "x")]).await;
    let key = key(7);
    let name = key.name().to_string();
    let validity = Timestamp::now() + SignedDuration::from_millis(700);
    let value = format!("/ipfs/{root}");
    let bytes = ipns::create(&key, &value, 0, validity, Duration::from_secs(60)).unwrap();
    assert_eq!(net.publish(&name, &bytes).await.status(), StatusCode::ACCEPTED);
    assert_eq!(net.get(&format!("/ipns/{name}/a")).await.status(), StatusCode::OK);
    tokio::time::sleep(Duration::from_millis(800)).await;
    let response = net.get(&format!("/ipns/{name}/a")).await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert!(response.text().await.unwrap().contains("expired"));
    let record = net.get(&format!("/ipns/{name}?format=ipns-record")).await;
    assert_eq!(record.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let routing = net.get(&format!("/routing/v1/ipns/{name}")).await;
    assert!(header(&routing, "content-type").starts_with("text/plain"));
    // w3name goes on answering with what it has.
    assert_eq!(net.get(&format!("/name/{name}")).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn the_signed_record_itself() {
    let net = Net::start().await;
    let key = key(8);
    let name = key.name().to_string();
    let bytes = record(&key, VALUE, 0);
    net.publish(&name, &bytes).await;
    let media_type = "application/vnd.ipfs.ipns-record";
    let path = format!("/ipns/{name}");
    let by_query = net.get(&format!("{path}?format=ipns-record")).await;
    let by_header = net.get_with(&path, "accept", media_type).await;
    assert_eq!(header(&by_header, "content-location"), format!("{path}?format=ipns-record"));
    for response in [by_query, by_header] {
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(header(&response, "content-type"), media_type);
        assert_eq!(header(&response, "cache-control"), "public, max-age=300");
        let disposition = header(&response, "content-disposition");
        assert!(disposition.starts_with(&format!("attachment; filename=\"{name}.ipns-record\"")));
        let etag = header(&response, "etag").to_owned();
        assert_eq!(response.bytes().await.unwrap(), bytes);
        let query = format!("{path}?format=ipns-record");
        let unchanged = net.get_with(&query, "if-none-match", &etag).await;
        assert_eq!(unchanged.status(), StatusCode::NOT_MODIFIED);
    }
    let below = net.get(&format!("{path}/x?format=ipns-record")).await;
    assert_eq!(below.status(), StatusCode::BAD_REQUEST);
    let unknown = net.get(&format!("/ipns/{}?format=ipns-record", super::key(9).name())).await;
    assert_eq!(unknown.status(), StatusCode::INTERNAL_SERVER_ERROR);
}
