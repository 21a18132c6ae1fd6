//! Delegated routing, with the status codes of boxo's server.

use super::*;

const MEDIA_TYPE: &str = "application/vnd.ipfs.ipns-record";

impl Net {
    async fn put(&self, name: &str, kind: &str, body: Vec<u8>) -> Response {
        let url = format!("{}/routing/v1/ipns/{name}", self.url);
        self.http.put(url).header("content-type", kind).body(body).send().await.unwrap()
    }
}

#[tokio::test]
async fn puts_and_gets() {
    let net = Net::start().await;
    let key = key(1);
    let name = key.name().to_string();
    let path = format!("/routing/v1/ipns/{name}");
    let bytes = record(&key, VALUE, 3);

    // IPIP-513: nothing found is no error, but no record either.
    let nothing = net.get(&path).await;
    assert_eq!(nothing.status(), StatusCode::OK);
    assert!(header(&nothing, "content-type").starts_with("text/plain"));
    assert!(nothing.text().await.unwrap().contains("not found"));

    assert_eq!(net.put(&name, MEDIA_TYPE, bytes.clone()).await.status(), StatusCode::OK);
    let response = net.get_with(&path, "accept", MEDIA_TYPE).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(header(&response, "content-type"), MEDIA_TYPE);
    assert!(header(&response, "cache-control").starts_with("public, max-age=300, "));
    assert!(header(&response, "content-disposition").contains(&name));
    assert!(header(&response, "expires").ends_with("GMT"));
    assert_eq!(header(&response, "vary"), "Accept");
    assert_eq!(response.bytes().await.unwrap(), bytes);

    // The same again, in another form of the name; then a better one over w3name.
    let hex = key.name().cid().to_string_of_base(multibase::Base::Base16Lower).unwrap();
    assert_eq!(net.put(&hex, MEDIA_TYPE, bytes).await.status(), StatusCode::OK);
    let better = record(&key, VALUE, 4);
    assert_eq!(net.publish(&name, &better).await.status(), StatusCode::ACCEPTED);
    let response = net.get(&format!("/routing/v1/ipns/{hex}")).await;
    assert_eq!(response.bytes().await.unwrap(), better);
}

#[tokio::test]
async fn refusals() {
    let net = Net::start().await;
    let key = key(2);
    let name = key.name().to_string();
    let good = record(&key, VALUE, 3);
    assert_eq!(net.put(&name, MEDIA_TYPE, good.clone()).await.status(), StatusCode::OK);

    let older = record(&key, VALUE, 2);
    let response = net.put(&name, MEDIA_TYPE, older).await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let text = response.text().await.unwrap();
    assert!(text.contains("can't replace a newer value with an older value"), "{text}");

    let json = net.put(&name, "application/json", good.clone()).await;
    assert_eq!(json.status(), StatusCode::NOT_ACCEPTABLE);
    for (what, body, said) in [
        ("foreign", record(&super::key(3), VALUE, 9), "not signed by"),
        ("expired", record_for(&key, VALUE, 9, -1), "expired"),
        ("long", vec![0; 20_000], "too long"),
        ("nonsense", b"nonsense".to_vec(), "provided record is invalid"),
    ] {
        let response = net.put(&name, MEDIA_TYPE, body).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{what}");
        let text = response.text().await.unwrap();
        assert!(text.contains(said), "{what}: {text}");
    }
    for (bad, said) in [("nocid", "unable to parse CID"), ("bafkqaaa", "peer ID CID")] {
        let put = net.put(bad, MEDIA_TYPE, good.clone()).await;
        let get = net.get(&format!("/routing/v1/ipns/{bad}")).await;
        for response in [put, get] {
            assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{bad}");
            let text = response.text().await.unwrap();
            assert!(text.contains(said), "{bad}: {text}");
        }
    }
    let path = format!("/routing/v1/ipns/{name}");
    let json = net.get_with(&path, "accept", "application/json").await;
    assert_eq!(json.status(), StatusCode::NOT_ACCEPTABLE);
    let any = net.get_with(&path, "accept", "text/html, */*;q=0.1").await;
    assert_eq!(any.bytes().await.unwrap(), good);
}
