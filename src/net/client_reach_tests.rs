//! Who is asked, and who is not: sockets, redirects, credentials, certificates, guards.

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::super::Body;
use super::super::test_server::{Answer, TestServer, quick_config};
use super::tests::{get, quick};
use super::*;
use crate::secret::SecretString;

#[cfg(unix)]
#[tokio::test]
async fn a_socket_of_this_machine_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("api.sock");
    let listener = tokio::net::UnixListener::bind(&path).unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = vec![0; 4096];
        let length = stream.read(&mut head).await.unwrap();
        assert!(head[..length].starts_with(b"GET /api/v0/id?x=1 HTTP/1.1\r\n"));
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await.unwrap();
    });
    let mut url = endpoint(&super::super::socket_url(&path).unwrap(), ["api", "v0", "id"]);
    url.set_query(Some("x=1"));
    assert_eq!(&get(&url).await.unwrap().body[..], b"ok");
    let gone = super::super::socket_url(&folder.path().join("none")).unwrap();
    let error = get(&gone).await.unwrap_err().to_string();
    assert!(error.contains(&format!("unix:{}/none", folder.path().display())), "{error}");
    assert!(takes_credentials(&gone));
}

/// A gateway's address that somebody else wrote leads to no socket; one of the user's own does,
/// where nothing is guarded.
#[tokio::test]
async fn a_guarded_client_asks_no_socket() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("docker.sock");
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = super::super::socket_url(&path).unwrap();
    let guard = Some(Guard::trusting(["http://127.0.0.1:1".parse().unwrap()]));
    let http = Http::new(HttpConfig { guard, ..quick_config() }).unwrap();
    let error = http.send(&Request::get(url)).await.unwrap_err();
    assert!(matches!(error, NetError::Address { .. }), "{error}");
    assert!(error.to_string().contains("http+unix"), "{error}");
    assert_eq!(listener.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}

#[tokio::test]
async fn redirects_are_followed_within_bounds() {
    let server = TestServer::start(|number, _| match number {
        0 => Answer::new(302, "").header("Location: /there"),
        _ => Answer::new(200, "arrived"),
    })
    .await;
    let answer = get(&server.url).await.unwrap();
    assert_eq!((answer.url.path(), &answer.body[..]), ("/there", &b"arrived"[..]));

    let server = TestServer::start(|_, _| Answer::new(302, "").header("Location: /again")).await;
    let error = get(&server.url).await.unwrap_err();
    assert!(matches!(error, NetError::Redirect { .. }), "{error}");
    assert_eq!(server.seen().len(), 6);

    let request = Request::post(server.url.clone(), Body::Bytes("x".into()));
    let error = quick(&Arc::default()).send(&request).await.unwrap_err();
    assert!(error.to_string().contains("would turn a POST into a GET"), "{error}");

    let server =
        TestServer::start(|_, _| Answer::new(302, "").header("Location: file:///etc/passwd")).await;
    let error = get(&server.url).await.unwrap_err();
    assert!(matches!(error, NetError::Address { .. }), "{error}");
}

#[tokio::test]
async fn tokens_stay_with_their_origin() {
    let other = TestServer::start(|_, _| Answer::new(200, "")).await;
    let target = other.url.clone();
    let server =
        TestServer::start(move |_, _| Answer::new(307, "").header(format!("Location: {target}")))
            .await;
    let request = Request::post(server.url.clone(), Body::Bytes("x".into()))
        .bearer(Some(SecretString::new("hunter2".into())));
    quick(&Arc::default()).send(&request).await.unwrap();
    let has_token = |seen: &super::super::test_server::Seen| {
        seen.headers.iter().any(|line| line.contains("hunter2"))
    };
    assert!(has_token(&server.seen()[0]));
    assert!(!has_token(&other.seen()[0]));
    assert_eq!(other.seen()[0].body, b"x", "307 repeats the body");
}

/// Nobody listens at TEST-NET-1: it is refused before anybody is asked.
#[tokio::test]
async fn plain_http_takes_no_credential_but_to_this_machine() {
    let token = || Some(SecretString::new("hunter2".into()));
    for (url, login) in [("http://192.0.2.1/x", false), ("http://me:hunter2@192.0.2.1/x", true)] {
        let request = Request::get(url.parse().unwrap());
        let request = if login { request } else { request.bearer(token()) };
        let error = quick(&Arc::default()).send(&request).await.unwrap_err();
        assert!(matches!(error, NetError::Plain { .. }), "{error}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
    for (url, takes) in [
        ("https://192.0.2.1", true),
        ("http://127.0.0.2:5001", true),
        ("http://[::1]:5001", true),
        ("http://node.localhost", true),
        ("http://10.0.0.1", false),
        ("http://localhost.example", false),
    ] {
        assert_eq!(takes_credentials(&url.parse().unwrap()), takes, "{url}");
    }
}

#[tokio::test]
async fn addresses_and_certificates_are_checked() {
    let error = get(&"ftp://127.0.0.1/x".parse().unwrap()).await.unwrap_err();
    assert!(matches!(error, NetError::Address { .. }), "{error}");
    let config = HttpConfig { extra_roots: Some(b"no pem".to_vec()), ..HttpConfig::default() };
    assert!(matches!(Http::new(config), Err(NetError::Client { .. })));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let tls = format!("https://{}/", listener.local_addr().unwrap()).parse().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.write_all(b"HTTP/1.1 400 plain text here\r\n\r\n").await;
        let _ = stream.read(&mut [0; 1024]).await;
    });
    let error = get(&tls).await.unwrap_err();
    assert!(matches!(error, NetError::Tls { .. }), "{error}");
}

#[tokio::test]
async fn names_below_localhost_are_this_machine() {
    let server = TestServer::start(|_, _| Answer::new(200, "here")).await;
    let port = server.url.port().unwrap();
    let url = format!("http://k51.ipns.localhost:{port}/").parse().unwrap();
    assert_eq!(&get(&url).await.unwrap().body[..], b"here");
}

/// Answers requests over TLS, one a connection, with a certificate of the test CA
/// (`testdata/`, made with OpenSSL, valid until 2126).
fn tls_server() -> Url {
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use std::io::{Read, Write};

    let _ = rustls::crypto::ring::default_provider().install_default();
    let certificate = CertificateDer::from_pem_slice(include_bytes!("testdata/server.pem"));
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("testdata/server.key")).unwrap();
    let config = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.unwrap()], key)
        .unwrap();
    let config = Arc::new(config);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap()).parse().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut tls = rustls::StreamOwned::new(
                rustls::ServerConnection::new(config.clone()).unwrap(),
                stream,
            );
            if matches!(tls.read(&mut [0; 4096]), Ok(1..)) {
                let _ = tls.write_all(b"HTTP/1.1 302 X\r\nlocation: http://127.0.0.1/\r\n\r\n");
            }
        }
    });
    url
}

#[tokio::test]
async fn a_ca_of_ones_own_is_trusted_and_https_is_not_left() {
    let url = tls_server();
    let error = get(&url).await.unwrap_err();
    assert!(matches!(error, NetError::Tls { .. }), "{error}");
    assert!(error.to_string().contains("--ca-file"), "{error}");

    let roots = include_bytes!("testdata/ca.pem").to_vec();
    let http = Http::new(HttpConfig { extra_roots: Some(roots), ..quick_config() }).unwrap();
    let error = http.send(&Request::get(url)).await.unwrap_err();
    assert!(matches!(error, NetError::Redirect { .. }), "{error}");
    assert!(error.to_string().contains("from https to http://127.0.0.1/"), "{error}");
}

#[tokio::test]
async fn a_guard_refuses_private_addresses_named_by_others() {
    let secret = TestServer::start(|_, _| Answer::new(200, "secret")).await;
    let target = secret.url.clone();
    let trusted = TestServer::start(move |number, _| {
        let to = if number == 0 { target.to_string() } else { "http://10.0.0.1/".to_owned() };
        Answer::new(302, "").header(format!("Location: {to}"))
    })
    .await;
    let guard = Some(Guard::trusting([trusted.url.clone()]));
    let http = Http::new(HttpConfig { guard, ..quick_config() }).unwrap();
    let mut by_name = secret.url.clone();
    by_name.set_host(Some("localhost")).unwrap();
    // By its address, by a name that leads to it, and by redirects of one that is trusted.
    for url in [&secret.url, &by_name, &trusted.url, &trusted.url] {
        let error = http.send(&Request::get(url.clone())).await.unwrap_err();
        assert!(matches!(error, NetError::Private { .. }), "{url}: {error}");
    }
    assert_eq!((secret.seen().len(), trusted.seen().len()), (0, 2));
}

/// Whether nobody is there, on this machine, is no news to wait for; elsewhere it is told.
#[tokio::test]
async fn a_refused_connection_of_this_machine_is_tried_again_without_a_word() {
    let events = Arc::default();
    let url: Url = "http://127.0.0.1:1/name/k51?token=hunter2".parse().unwrap();
    let error = quick(&events).send(&Request::get(url)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "http://127.0.0.1:1/ refuses connections; is the server running, and is the port right?"
    );
    let none: Url = super::super::socket_url("/nowhere/api".as_ref()).unwrap();
    quick(&events).send(&Request::get(none)).await.unwrap_err();
    assert_eq!(events.lock().unwrap().len(), 0);
    let broken = TestServer::start(|_, _| Answer::Raw(Vec::new())).await;
    quick(&events).send(&Request::get(broken.url.clone())).await.unwrap_err();
    assert_eq!(events.lock().unwrap().len(), 2, "what is new is told");
}
