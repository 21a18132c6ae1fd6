//! What all services share: the listener, CORS, the folder.

use std::net::SocketAddr;

use namesys::devnet::{DevnetError, DevnetHandle};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;

/// Sends bytes as they are: clients clean paths, attackers do not.
async fn raw(addr: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn pages_of_every_site_may_read_and_those_of_this_machine_write() {
    let net = Net::start().await;
    let preflight = async |path: &str, origin: &str, method: &str| {
        let request = net.http.request(reqwest::Method::OPTIONS, format!("{}{path}", net.url));
        let request = request
            .header("origin", origin)
            .header("access-control-request-method", method)
            .header("access-control-request-headers", "x-one, content-type");
        request.send().await.unwrap()
    };
    for path in ["/", "/name/x", "/ipfs/x", "/ipns/x", "/routing/v1/ipns/x", "/?"] {
        let response = net.get_with(path, "origin", "https://app.example").await;
        assert_eq!(header(&response, "access-control-allow-origin"), "*", "{path}");
        assert!(header(&response, "access-control-expose-headers").contains("X-Ipfs-Roots"));
        for (origin, method) in [("https://app.example", "GET"), ("http://localhost:3000", "PUT")] {
            let preflight = preflight(path, origin, method).await;
            assert_eq!(preflight.status(), StatusCode::NO_CONTENT, "{path}");
            assert_eq!(header(&preflight, "access-control-allow-origin"), "*");
            assert_eq!(header(&preflight, "access-control-allow-headers"), "x-one, content-type");
            let methods = header(&preflight, "access-control-allow-methods");
            assert!(methods.contains("PUT") && methods.contains("POST"), "{methods}");
        }
        let refused = preflight(path, "https://app.example", "PUT").await;
        assert_eq!(refused.status(), StatusCode::FORBIDDEN, "{path}");
        assert!(refused.headers().get("access-control-allow-origin").is_none());
    }
}

#[tokio::test]
async fn pages_of_other_sites_write_nothing() {
    let net = Net::start().await;
    let (root, blocks) = pack(&[("a", "x")]);
    let (key, car) = (key(1), car(&root, &blocks));
    let record = record(&key, &format!("/ipfs/{root}"), 1);
    let name = key.name();
    let (form, text) = ("multipart/form-data; boundary=b", "text/plain");
    let part = [
        b"--b\r\ncontent-disposition: form-data; name=\"file\"\r\n\r\n".as_slice(),
        &car,
        b"\r\n--b--\r\n",
    ]
    .concat();
    let base64 = data_encoding::BASE64.encode(&record);
    let requests = [
        ("POST", "/api/v0/dag/import".to_owned(), form, part),
        ("POST", "/api/v0/version".to_owned(), text, Vec::new()),
        ("POST", format!("/name/{name}"), text, base64.into_bytes()),
        ("PUT", format!("/routing/v1/ipns/{name}"), "application/vnd.ipfs.ipns-record", record),
    ];
    let send = async |number: usize, field: &'static str, value: &str| {
        let (method, path, kind, body) = &requests[number];
        let request = net.http.request(method.parse().unwrap(), format!("{}{path}", net.url));
        let request = request.header("content-type", *kind).header(field, value);
        request.body(body.clone()).send().await.unwrap().status()
    };
    for number in 0..requests.len() {
        for (field, value) in [
            ("origin", "https://evil.example"),
            ("origin", "null"),
            ("origin", "http://localhost.evil.example"),
            ("sec-fetch-site", "cross-site"),
            ("host", "evil.example"),
            ("host", "evil.example:5559"),
        ] {
            let status = send(number, field, value).await;
            assert_eq!(status, StatusCode::FORBIDDEN, "{number} {field}: {value}");
        }
    }
    let evil = net.get_with(&format!("/ipfs/{root}/a"), "host", "evil.example").await;
    assert_eq!(evil.status(), StatusCode::FORBIDDEN, "nor is anything read by DNS rebinding");
    assert_eq!(net.get(&format!("/ipfs/{root}/a")).await.status(), StatusCode::NOT_FOUND);
    assert_eq!(net.get(&format!("/name/{name}")).await.status(), StatusCode::NOT_FOUND);
    // Kubo's RPC is for pages that it serves itself.
    assert_eq!(send(1, "origin", "http://localhost:3000").await, StatusCode::FORBIDDEN);
    assert_eq!(send(1, "referer", "https://evil.example/page").await, StatusCode::FORBIDDEN);
    for number in 0..requests.len() {
        let own = send(number, "origin", &net.url).await;
        assert!(own.is_success(), "{number}: {own}");
        let named = send(number, "host", "k51.ipns.localhost:80").await;
        // w3name refuses the record it has.
        assert_ne!(named, StatusCode::FORBIDDEN, "{number}");
    }
    assert_ne!(send(2, "origin", "http://localhost:3000").await, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn five_hundred_and_fifty_connections_keep_nobody_out() {
    let net = Net::start().await;
    let mut crowd = Vec::new();
    for _ in 0..550 {
        let mut stream = TcpStream::connect(net.devnet.addr()).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
        crowd.push(stream);
    }
    let got = tokio::time::timeout(std::time::Duration::from_secs(20), net.get("/")).await;
    assert_eq!(got.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn unknown_routes_get_a_hint() {
    let net = Net::start().await;
    for path in ["/nothing", "/name", "/api/v1/dag/import", "/routing/v1/providers/x"] {
        let response = net.get(path).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
        let body: Value = response.json().await.unwrap();
        assert_eq!(body["message"], "Not Found");
        assert!(body["hint"].as_str().unwrap().contains("/api/v0/dag/import"), "{body}");
    }
    let index: Value = net.get("/").await.json().await.unwrap();
    assert!(index["message"].as_str().unwrap().contains("w3name"));
}

#[tokio::test]
async fn paths_do_not_leave_their_root() {
    let net = Net::start().await;
    let root = net.add(&[("a/b", "x")]).await;
    let addr = net.devnet.addr();
    for path in [
        format!("/ipfs/{root}/../../etc/passwd"),
        format!("/ipfs/{root}/a/../../../blocks.car"),
        format!("/ipfs/{root}/%2e%2e/%2e%2e/lock"),
        format!("/ipfs/{root}/..%2f..%2flock"),
        "/ipfs/../records".to_owned(),
        "/ipns/..%2f..%2flock".to_owned(),
    ] {
        let request =
            format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        let answer = raw(addr, &request).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{path}: {answer}");
    }
    let inside = format!(
        "GET /ipfs/{root}/a/../a/b HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
    );
    assert!(raw(addr, &inside).await.ends_with("\r\n\r\nx"));
}

#[tokio::test]
async fn odd_requests_get_an_answer() {
    let net = Net::start().await;
    let addr = net.devnet.addr();
    let name = key(1).name();
    for request in [
        "GET /name/%FF HTTP/1.1".to_owned(),
        "GET /routing/v1/ipns/%FF HTTP/1.1".to_owned(),
        format!("GET /ipns/{name}/%0d%0aset-cookie:x HTTP/1.1"),
        "GET /ipfs/%00 HTTP/1.1".to_owned(),
        "POST /api/v0/name/put?arg=%FF&arg HTTP/1.1".to_owned(),
        "BREW / HTTP/1.1".to_owned(),
        format!("GET /{} HTTP/1.1", "x/".repeat(5000)),
        "nonsense".to_owned(),
    ] {
        let answer =
            raw(addr, &format!("{request}\r\nhost: localhost\r\nconnection: close\r\n\r\n")).await;
        let status: u16 = answer[9..12].parse().unwrap();
        assert!((400..=500).contains(&status), "{request}: {answer}");
        assert!(!answer.to_lowercase().contains("\r\nset-cookie"), "{answer}");
    }
    assert_eq!(net.get("/").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_folder_outlives_the_devnet() {
    let dir = tempfile::tempdir().unwrap();
    let config = DevnetConfig { dir: Some(dir.path().join("net")), ..DevnetConfig::ephemeral() };
    let net = Net::with(config.clone()).await;
    let root = net.add(&[("a", "x")]).await;
    let key = key(1);
    let name = key.name().to_string();
    net.publish(&name, &record(&key, &format!("/ipfs/{root}"), 4)).await;

    let second = Devnet::start(config.clone()).await.unwrap_err();
    assert!(matches!(second, DevnetError::Store(_)), "{second}");
    assert!(second.to_string().contains("another devnet runs in"), "{second}");

    net.devnet.stop().await;
    let net = Net::with(config).await;
    assert_eq!(net.get(&format!("/ipns/{name}/a")).await.text().await.unwrap(), "x");
    let older = record(&key, VALUE, 3);
    assert_eq!(net.publish(&name, &older).await.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn an_address_in_use_is_named() {
    let net = Net::start().await;
    let listen = net.devnet.addr();
    let error = Devnet::start(DevnetConfig { listen, ..DevnetConfig::ephemeral() }).await;
    let error = error.unwrap_err().to_string();
    assert!(error.contains(&listen.to_string()) && error.contains("--listen"), "{error}");
}

#[tokio::test]
async fn a_handle_stops_when_dropped() {
    let dir = tempfile::tempdir().unwrap();
    let config = DevnetConfig { dir: Some(dir.path().to_path_buf()), ..DevnetConfig::ephemeral() };
    let first = DevnetHandle::spawn(config.clone()).unwrap();
    let addr = first.addr();
    std::net::TcpStream::connect(addr).unwrap();
    assert_eq!(first.urls().w3name, format!("http://{addr}"));
    drop(first);
    assert!(std::net::TcpStream::connect(addr).is_err());
    // The folder is free again.
    let second = DevnetHandle::spawn(config.clone()).unwrap();
    let third = DevnetHandle::spawn(config).unwrap_err();
    assert!(matches!(third, DevnetError::Store(_)), "{third}");
    drop(second);
}
