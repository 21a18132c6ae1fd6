//! Slow clients, the end, and TLS.

use super::*;

fn hasty() -> ServeLimits {
    ServeLimits {
        connections: 3,
        per_address: 3,
        head: Duration::from_millis(400),
        connection: Duration::from_secs(5),
        grace: Duration::from_millis(400),
    }
}

#[tokio::test]
async fn slow_clients_are_cut_and_others_get_their_turn() {
    let scene = Scene::new(None, hasty()).await;
    // As many as there may be: silent, and a byte at a time without end.
    let mut silent = [scene.connect().await, scene.connect().await];
    let mut dripping = scene.connect().await;
    let dripped = tokio::spawn(async move {
        let began = Instant::now();
        while dripping.write_all(b"G").await.is_ok() && began.elapsed() < LONG {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        began.elapsed()
    });
    let began = Instant::now();
    let response = client().get(format!("{}{RECORD}", scene.url)).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    for stream in &mut silent {
        rest(stream).await;
    }
    assert!(dripped.await.unwrap() < Duration::from_secs(5));
    scene.stop().await;
}

#[tokio::test]
async fn five_hundred_and_twenty_connections_of_one_client_keep_nobody_out() {
    let scene = Scene::new(None, ServeLimits::default()).await;
    let mut crowd = Vec::new();
    for _ in 0..520 {
        let mut stream = scene.connect().await;
        // Half of them have begun to ask.
        if crowd.len() % 2 == 0 {
            stream.write_all(b"GET /.well-known/nostr.json HTTP/1.1\r\n").await.unwrap();
        }
        crowd.push(stream);
    }
    // Long before any of them is cut for being slow.
    let began = Instant::now();
    let response = client().get(format!("{}{RECORD}", scene.url)).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    scene.stop().await;
}

#[tokio::test]
async fn no_connection_is_for_ever() {
    let limits = ServeLimits { connection: Duration::from_millis(600), ..hasty() };
    let scene = Scene::new(None, limits).await;
    let mut stream = scene.connect().await;
    let began = Instant::now();
    let request = format!("GET {RECORD} HTTP/1.1\r\nhost: x\r\n\r\n");
    // It keeps asking, each time soon enough.
    while stream.write_all(request.as_bytes()).await.is_ok() {
        assert!(began.elapsed() < LONG);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(began.elapsed() >= Duration::from_millis(500), "{:?}", began.elapsed());
    scene.stop().await;
}

#[tokio::test]
async fn who_asks_and_never_reads_is_cut() {
    let limits = ServeLimits { connections: 1, connection: Duration::from_millis(500), ..hasty() };
    let scene = Scene::new(None, limits).await;
    // More than the system's buffers take.
    let long = std::fs::File::create(scene.dir.path().join("ws/.well-known/long")).unwrap();
    long.set_len(64 << 20).unwrap();
    let mut stream = scene.connect().await;
    stream.write_all(b"GET /.well-known/long HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    stream.read_u8().await.unwrap();
    let began = Instant::now();
    let response = client().get(format!("{}{RECORD}", scene.url)).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert!(rest(&mut stream).await.len() < 64 << 20);
    scene.stop().await;
}

#[tokio::test]
async fn stops_soon_whatever_clients_do() {
    let limits = ServeLimits { head: LONG, grace: Duration::from_secs(4), ..hasty() };
    let scene = Scene::new(None, limits).await;
    let address = scene.url.strip_prefix("http://").unwrap().to_owned();
    // One has been answered and is kept alive, one is in the middle of its request.
    let mut idle = scene.connect().await;
    idle.write_all(format!("GET {RECORD} HTTP/1.1\r\nhost: x\r\n\r\n").as_bytes()).await.unwrap();
    idle.read_u8().await.unwrap();
    let mut half = scene.connect().await;
    half.write_all(format!("GET {RECORD} HTTP/1.1\r\n").as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let finishing = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(200)).await;
        half.write_all(b"host: x\r\n\r\n").await.unwrap();
        rest(&mut half).await
    });
    let took = scene.stop().await;
    assert!(took < Duration::from_secs(3), "{took:?}");
    let answer = finishing.await.unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.ends_with("{\"data\":\"0x\"}"),
        "{answer}"
    );
    rest(&mut idle).await;
    assert!(TcpStream::connect(address).await.is_err(), "nobody listens any more");
}

fn testdata(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/net/testdata").join(file)
}

fn files(certificates: &str, key: &str) -> TlsFiles {
    TlsFiles { certificates: testdata(certificates), key: testdata(key) }
}

#[tokio::test]
async fn speaks_tls_1_2_and_1_3_and_no_plain_http() {
    let limits = ServeLimits { head: Duration::from_secs(2), ..hasty() };
    let scene = Scene::new(Some(files("server.pem", "server.key")), limits).await;
    let _ = rustls::crypto::ring::default_provider().install_default();
    let ca = reqwest::Certificate::from_pem(&std::fs::read(testdata("ca.pem")).unwrap()).unwrap();
    let url = format!("{}{RECORD}", scene.url);
    assert!(url.starts_with("https://"), "{url}");
    // A client that never shakes hands is in nobody's way, and is let go.
    let mut silent = scene.connect().await;
    for version in [reqwest::tls::Version::TLS_1_2, reqwest::tls::Version::TLS_1_3] {
        let client = reqwest::Client::builder()
            .tls_certs_only([ca.clone()])
            .tls_version_min(version)
            .tls_version_max(version);
        let response = client.build().unwrap().get(&url).send().await.unwrap();
        assert_eq!(response.status(), 200, "{version:?}");
        assert_eq!(response.text().await.unwrap(), "{\"data\":\"0x\"}");
    }
    let untrusting = client().get(&url).send().await.unwrap_err();
    assert!(untrusting.is_connect(), "{untrusting:?}");
    let mut plain = scene.connect().await;
    plain.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let answer = rest(&mut plain).await;
    assert!(!answer.contains("HTTP/1.1"), "{answer}");
    rest(&mut silent).await;
    scene.stop().await;
}

#[test]
fn certificates_and_keys_that_will_not_do() {
    let dir = tempfile::tempdir().unwrap();
    let own = |name: &str, content: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    };
    let (certificate, key) = (testdata("server.pem"), testdata("server.key"));
    let none = own("empty.pem", "");
    let text = own("secret.pem", "hunter2");
    let broken = own("broken.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----");
    let whole = std::fs::read_to_string(&key).unwrap();
    let escaped = own("escaped.pem", &whole.replace('\n', "\\n"));
    let on_one_line = own("one-line.pem", &whole.replace('\n', ""));
    for bad in [escaped, on_one_line] {
        let certificates = certificate.clone();
        let error = TlsFiles { certificates, key: bad }.load().unwrap_err().to_string();
        assert!(error.contains("stands on a line of its own") && error.len() < 300, "{error}");
    }
    for (certificates, key, words) in [
        (dir.path().join("nowhere.pem"), key.clone(), "nowhere.pem holds no certificate"),
        (none, key.clone(), "empty.pem holds no certificate"),
        (key.clone(), key.clone(), "server.key holds no certificate"),
        (certificate.clone(), text, "secret.pem holds no private key"),
        (certificate.clone(), certificate.clone(), "server.pem holds no private key"),
        (broken, key.clone(), "cannot be used"),
        (testdata("ca.pem"), key, "cannot be used"),
    ] {
        let error = TlsFiles { certificates, key }.load().unwrap_err().to_string();
        assert!(error.contains(words) && !error.contains("hunter2"), "{error}");
    }
}
