//! The w3name API: what the service's own tests expect of it, and its limits.

use futures_util::StreamExt;
use namesys::devnet::RateLimit;
use serde_json::json;
use tokio_tungstenite::tungstenite;

use super::*;

#[tokio::test]
async fn publishes_and_resolves() {
    let net = Net::start().await;
    let key = key(1);
    let name = key.name().to_string();
    let bytes = record(&key, VALUE, 0);

    let missing = net.get(&format!("/name/{name}")).await;
    assert_eq!(missing.status(), StatusCode::NOT_FOUND);
    assert!(message(missing).await.contains(&format!("record not found for key: {name}")));

    let response = net.publish(&name, &bytes).await;
    assert_eq!(response.status(), StatusCode::ACCEPTED);
    assert_eq!(response.json::<Value>().await.unwrap(), json!({ "id": name }));

    let response = net.get(&format!("/name/{name}")).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(header(&response, "content-type"), "application/json;charset=UTF-8");
    assert_eq!(header(&response, "access-control-allow-origin"), "*");
    let expected = json!({ "value": VALUE, "record": BASE64.encode(&bytes) });
    assert_eq!(response.json::<Value>().await.unwrap(), expected);
}

#[tokio::test]
async fn accepts_v2_only_records_and_missing_padding() {
    let net = Net::start().await;
    let key = key(2);
    let validity = Timestamp::now() + SignedDuration::from_hours(1);
    let bytes = ipns::create_v2_only(&key, VALUE, 7, validity, Duration::ZERO).unwrap();
    let url = format!("{}/name/{}", net.url, key.name());
    let body = BASE64.encode(&bytes).trim_end_matches('=').to_owned();
    let response = net.http.post(url).body(body).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::ACCEPTED);
}

#[tokio::test]
async fn replaces_by_sequence_then_validity() {
    let net = Net::start().await;
    let key = key(3);
    let name = key.name().to_string();
    let first = record_for(&key, VALUE, 5, 10);
    assert_eq!(net.publish(&name, &first).await.status(), StatusCode::ACCEPTED);

    let outdated = [
        ("the same", first.clone()),
        ("a lower sequence", record_for(&key, VALUE, 4, 100)),
        ("an earlier validity", record_for(&key, VALUE, 5, 9)),
    ];
    for (what, record) in outdated {
        let response = net.publish(&name, &record).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{what}");
        assert_eq!(message(response).await, "invalid record: the record is outdated.", "{what}");
    }
    for record in [record_for(&key, VALUE, 5, 11), record_for(&key, VALUE, 6, 1)] {
        assert_eq!(net.publish(&name, &record).await.status(), StatusCode::ACCEPTED);
        let served: Value = net.get(&format!("/name/{name}")).await.json().await.unwrap();
        assert_eq!(served["record"], BASE64.encode(&record));
    }
}

#[tokio::test]
async fn of_equal_records_the_longer_replaces() {
    let net = Net::start().await;
    let key = key(4);
    let name = key.name().to_string();
    let validity = Timestamp::now() + SignedDuration::from_hours(1);
    let ttl = Duration::from_secs(60);
    let short = ipns::create_v2_only(&key, VALUE, 1, validity, ttl).unwrap();
    let long = ipns::create(&key, VALUE, 1, validity, ttl).unwrap();
    for (record, status) in [
        (&short, StatusCode::ACCEPTED),
        (&long, StatusCode::ACCEPTED),
        (&short, StatusCode::BAD_REQUEST),
    ] {
        assert_eq!(net.publish(&name, record).await.status(), status);
    }
}

#[tokio::test]
async fn refuses_what_is_no_record_of_the_name() {
    let net = Net::start().await;
    let key = key(5);
    let name = key.name().to_string();
    let good = record(&key, VALUE, 1);
    let mut changed = good.clone();
    *changed.last_mut().unwrap() ^= 1;
    for (what, bytes, said) in [
        ("expired", record_for(&key, VALUE, 1, -1), "invalid ipns entry: record has expired"),
        ("foreign", record(&super::key(6), VALUE, 1), "signature verification failed"),
        ("changed", changed, "invalid ipns entry: "),
        ("cut", good[..good.len() / 2].to_vec(), "invalid ipns entry: "),
        ("long", vec![0; 10 * 1024 + 1], "too large"),
        ("empty", Vec::new(), "empty"),
        ("huge", vec![0; 100_000], "more than any record"),
    ] {
        let response = net.publish(&name, &bytes).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{what}");
        let text = message(response).await;
        assert!(text.contains(said), "{what}: {text}");
    }
    let url = format!("{}/name/{name}", net.url);
    for body in ["not base64!", " CkEv", "CkEv\n", "C"] {
        let response = net.http.post(&url).body(body).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{body:?}");
        let text = message(response).await;
        assert!(text.contains("base64"), "{body:?}: {text}");
    }
    assert_eq!(net.get(&format!("/name/{name}")).await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn refuses_keys_of_other_forms() {
    let net = Net::start().await;
    let cid = key(7).name().cid();
    let base36 = |cid: &Cid| cid.to_string_of_base(multibase::Base::Base36Lower).unwrap();
    let dag_pb = base36(&Cid::new_v1(0x70, *cid.hash()));
    let rsa = base36(&Cid::new_v1(0x72, cid::multihash::Multihash::wrap(0x12, &[7; 32]).unwrap()));
    let body = record(&key(7), VALUE, 1);
    for (name, get, said) in [
        ("837497jhfd", 400, "Invalid key: cannot parse CID."),
        (&cid.to_string(), 400, "Invalid key: cannot parse CID."),
        (&dag_pb, 400, "Invalid key, expected: 114 codec code but got: 112"),
        (&rsa, 404, "not ed25519"),
        (&"k".repeat(4000), 400, "Invalid key: cannot parse CID."),
    ] {
        assert_eq!(net.get(&format!("/name/{name}")).await.status().as_u16(), get, "{name}");
        let response = net.publish(name, &body).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{name}");
        let text = message(response).await;
        assert!(text.contains(said), "{name}: {text}");
    }
    let put = net.http.put(format!("{}/name/{}", net.url, key(7).name()));
    assert_eq!(put.send().await.unwrap().status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn limits_the_rate_of_each_client() {
    let limit = RateLimit { requests: 3, window: Duration::from_millis(1500) };
    let config = DevnetConfig { rate_limit: Some(limit), ..DevnetConfig::ephemeral() };
    let net = Net::with(config).await;
    let path = format!("/name/{}", key(8).name());
    for _ in 0..3 {
        assert_eq!(net.get(&path).await.status(), StatusCode::NOT_FOUND);
    }
    let refused = net.get(&path).await;
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    let wait: u64 = header(&refused, "retry-after").parse().unwrap();
    assert!((1..=2).contains(&wait), "{wait}");
    assert!(message(refused).await.contains("too many requests"));
    // Other services are not limited.
    assert_eq!(net.get("/ipfs/bafkqaaa?format=raw").await.status(), StatusCode::OK);
    tokio::time::sleep(Duration::from_secs(wait)).await;
    assert_eq!(net.get(&path).await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn watchers_hear_of_updates() {
    let net = Net::start().await;
    let (key, other) = (key(9), key(10));
    let name = key.name().to_string();
    let watch = |what: &str| {
        let url = format!("ws://{}/name/{what}/watch", net.devnet.addr());
        tokio_tungstenite::connect_async(url)
    };
    let (mut one, _) = watch(&name).await.unwrap();
    let (mut all, _) = watch("*").await.unwrap();
    let bytes = record(&key, VALUE, 1);
    assert_eq!(
        net.publish(&other.name().to_string(), &record(&other, VALUE, 1)).await.status(),
        StatusCode::ACCEPTED
    );
    assert_eq!(net.publish(&name, &bytes).await.status(), StatusCode::ACCEPTED);
    // Refused, so nobody hears of it.
    assert_eq!(net.publish(&name, &bytes).await.status(), StatusCode::BAD_REQUEST);
    let second = record(&key, VALUE, 2);
    assert_eq!(net.publish(&name, &second).await.status(), StatusCode::ACCEPTED);

    let expected = |key: &IpnsKey, bytes: &[u8]| json!({ "key": key.name().to_string(), "value": VALUE, "record": BASE64.encode(bytes) });
    for bytes in [&bytes, &second] {
        assert_eq!(text(&mut one).await, expected(&key, bytes));
    }
    assert_eq!(text(&mut all).await["key"], other.name().to_string());
    assert_eq!(text(&mut all).await, expected(&key, &bytes));

    let plain = net.get(&format!("/name/{name}/watch")).await;
    assert_eq!(plain.status(), StatusCode::BAD_REQUEST);
    assert_eq!(plain.text().await.unwrap(), "expected websocket upgrade");
    assert!(watch("nokey").await.is_err());
    // Watchers do not keep the devnet from stopping.
    tokio::time::timeout(Duration::from_secs(2), net.devnet.stop()).await.unwrap();
}

async fn text<S>(socket: &mut S) -> Value
where
    S: StreamExt<Item = Result<tungstenite::Message, tungstenite::Error>> + Unpin,
{
    let next = tokio::time::timeout(Duration::from_secs(5), socket.next());
    let message = next.await.expect("a message in time").unwrap().unwrap();
    serde_json::from_str(message.to_text().unwrap()).unwrap()
}
