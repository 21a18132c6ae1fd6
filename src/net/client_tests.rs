use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::super::test_server::{Answer, Seen, TestServer, quick_config};
use super::super::{Body, FileBody};
use super::*;
use crate::secret::SecretString;

/// A client whose waits are short, and observed.
fn quick(events: &Arc<Mutex<Vec<RetryEvent>>>) -> Http {
    let events = events.clone();
    let observer: RetryObserver = Arc::new(move |event| events.lock().unwrap().push(event.clone()));
    Http::new(HttpConfig { observer: Some(observer), ..quick_config() }).unwrap()
}

async fn get(url: &Url) -> Result<Response, NetError> {
    quick(&Arc::default()).send(&Request::get(url.clone())).await
}

#[tokio::test]
async fn transient_answers_are_asked_again_and_observed() {
    let server = TestServer::start(|number, _| match number {
        0 => Answer::new(500, "oops"),
        1 => Answer::new(429, "slow down").header("Retry-After: 0"),
        _ => Answer::new(200, "fine"),
    })
    .await;
    let events = Arc::default();
    let url = server.url.join("/name/k?token=hunter2").unwrap();
    let answer = quick(&events).send(&Request::get(url)).await.unwrap();
    assert_eq!(&answer.success().unwrap()[..], b"fine");
    let events = events.lock().unwrap();
    assert_eq!(events.iter().map(|e| e.reason.as_str()).collect::<Vec<_>>(), ["500", "429"]);
    assert_eq!((events[1].attempt, events[1].attempts), (3, 3));
    assert!(!events[0].to_string().contains("hunter2"), "{}", events[0]);
    let agent = format!("user-agent: namesys/{}", env!("CARGO_PKG_VERSION"));
    assert!(server.seen()[0].headers.contains(&agent));
}

#[tokio::test]
async fn attempts_and_waits_are_bounded() {
    let server = TestServer::start(|_, _| Answer::new(503, "closed")).await;
    let error = get(&server.url).await.unwrap().success().unwrap_err();
    assert!(matches!(error, NetError::Status { status: 503, .. }), "{error}");
    assert_eq!(server.seen().len(), 3);

    let server = TestServer::start(|_, _| Answer::new(429, "").header("Retry-After: 3600")).await;
    let error = get(&server.url).await.unwrap().to_error();
    assert!(error.to_string().contains("asks to wait 3600 s"), "{error}");
    assert_eq!(server.seen().len(), 1, "nobody waits for an hour");

    let server = TestServer::start(|_, _| Answer::new(404, "no such name")).await;
    assert_eq!(get(&server.url).await.unwrap().status, 404);
    assert_eq!(server.seen().len(), 1, "404 is final");
}

#[tokio::test]
async fn retry_after_is_waited_for() {
    let server = TestServer::start(|number, _| match number {
        0 => Answer::new(503, "").header("Retry-After: 1"),
        _ => Answer::new(200, ""),
    })
    .await;
    let began = Instant::now();
    assert_eq!(get(&server.url).await.unwrap().status, 200);
    assert!(began.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn a_window_is_waited_out_where_the_server_does_not_say_how_long() {
    let server = TestServer::start(|number, _| match number {
        0 => Answer::new(429, ""),
        1 => Answer::new(500, ""),
        _ => Answer::new(200, ""),
    })
    .await;
    let began = Instant::now();
    let request = Request::get(server.url.clone()).window(Duration::from_millis(700));
    assert_eq!(quick(&Arc::default()).send(&request).await.unwrap().status, 200);
    let took = began.elapsed();
    assert!(took >= Duration::from_millis(700) && took < Duration::from_millis(1400), "{took:?}");
}

#[tokio::test]
async fn settled_answers_are_not_asked_again() {
    let server = TestServer::start(|_, _| Answer::new(500, "routing: not found")).await;
    let request =
        Request::get(server.url.clone()).settled_if(|answer| answer.body.ends_with(b"not found"));
    assert_eq!(quick(&Arc::default()).send(&request).await.unwrap().status, 500);
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_refusing_server_is_given_up_soon() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url: Url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    drop(listener);
    let events = Arc::default();
    let began = Instant::now();
    let error = quick(&events).send(&Request::get(url.clone())).await.unwrap_err();
    assert_eq!(error, NetError::Refused { url: url.to_string() });
    assert!(began.elapsed() < Duration::from_secs(1));
    assert_eq!(events.lock().unwrap().len(), 2, "tried three times");
}

#[tokio::test]
async fn the_default_policy_gives_a_refusing_server_up_within_ten_seconds() {
    let policy = RetryPolicy::default();
    let timeouts = Timeouts::default();
    assert!(policy.total_connect + timeouts.connect < Duration::from_secs(10));
}

#[tokio::test]
async fn silence_ends_in_a_time_out() {
    let server = TestServer::start(|_, _| Answer::Silence(Duration::from_secs(2))).await;
    let error = get(&server.url).await.unwrap_err();
    assert!(matches!(error, NetError::Timeout { what: "no answer", .. }), "{error}");
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn an_upload_that_is_not_taken_is_named_as_such() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url: Url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
    tokio::spawn(async move {
        let _taken = listener.accept().await.unwrap();
        tokio::time::sleep(Duration::from_secs(60)).await;
    });
    // More than the system's buffers take.
    let file = tempfile::NamedTempFile::new().unwrap();
    file.as_file().set_len(64 << 20).unwrap();
    let (path, media_type) = (file.path().to_owned(), "application/octet-stream");
    let body = Body::File(FileBody { path, media_type, progress: None });
    let error = quick(&Arc::default()).send(&Request::put(url, body)).await.unwrap_err();
    let error = error.to_string();
    assert!(error.contains("nothing more of what is sent was taken for 0.3 s"), "{error}");
}

#[test]
fn patience_that_is_set_replaces_that_of_all_but_quick_questions() {
    let ms = Duration::from_millis;
    let idle = |stall, asked: Option<u64>| {
        let http = Http::new(HttpConfig { stall, ..quick_config() }).unwrap();
        let request = Request::get("http://127.0.0.1/".parse().unwrap());
        let timeouts = |idle| Timeouts { idle: ms(idle), ..quick_config().timeouts };
        http.timeouts_of(&match asked {
            Some(idle) => request.timeouts(timeouts(idle)),
            None => request,
        })
        .idle
    };
    // The client's own is 300 ms.
    assert_eq!([idle(None, None), idle(None, Some(900))], [ms(300), ms(900)]);
    for stall in [50, 700, 5000] {
        let stall = ms(stall);
        assert_eq!([idle(Some(stall), None), idle(Some(stall), Some(900))], [stall; 2]);
        assert_eq!(idle(Some(stall), Some(100)), stall.min(ms(100)));
    }
}

#[tokio::test]
async fn a_broken_answer_is_asked_again() {
    let server = TestServer::start(|number, _| match number {
        0 => Answer::Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf".to_vec()),
        _ => Answer::new(200, "whole"),
    })
    .await;
    assert_eq!(&get(&server.url).await.unwrap().body[..], b"whole");
    let server = TestServer::start(|_, _| Answer::Raw(b"SSH-2.0-server\r\n".to_vec())).await;
    let error = get(&server.url).await.unwrap_err();
    assert!(matches!(error, NetError::Broken { .. }), "{error}");
}

#[tokio::test]
async fn bodies_are_bounded_announced_or_not() {
    let server = TestServer::start(|_, _| Answer::new(200, vec![0; 2000])).await;
    let request = Request::get(server.url.clone()).max_body(1999);
    let error = quick(&Arc::default()).send(&request).await.unwrap_err();
    assert!(matches!(error, NetError::TooLarge { limit: 1999, .. }), "{error}");
    let request = Request::get(server.url.clone()).max_body(2000);
    assert_eq!(quick(&Arc::default()).send(&request).await.unwrap().body.len(), 2000);

    let mut raw = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".to_vec();
    raw.resize(raw.len() + 5000, b'x');
    let server = TestServer::start(move |_, _| Answer::Raw(raw.clone())).await;
    let request = Request::get(server.url.clone()).max_body(4000);
    let error = quick(&Arc::default()).send(&request).await.unwrap_err();
    assert!(matches!(error, NetError::TooLarge { limit: 4000, .. }), "{error}");
}

#[tokio::test]
async fn coded_answers_are_read_though_nobody_asked_for_them() {
    for (coding, body) in [
        ("gzip", "H4sIAAAAAAAAA8tIzcnJ11FIzk9JTQEA8yeiowwAAAA="),
        ("deflate", "eJzLSM3JyddRSM5PSU0BABy4BGA="),
        ("br", "iwWAaGVsbG8sIGNvZGVkAw=="),
        ("zstd", "KLUv/QRYYQAAaGVsbG8sIGNvZGVkeqxpUQ=="),
        ("identity", "aGVsbG8sIGNvZGVk"),
        ("", "aGVsbG8sIGNvZGVk"),
    ] {
        let body = data_encoding::BASE64.decode(body.as_bytes()).unwrap();
        let server = TestServer::start(move |_, _| {
            Answer::new(200, body.clone()).header(format!("Content-Encoding: {coding}"))
        })
        .await;
        assert_eq!(&get(&server.url).await.unwrap().body[..], b"hello, coded", "{coding}");
        assert!(server.seen()[0].headers.contains(&"accept-encoding: identity".to_owned()));
    }
}

#[tokio::test]
async fn codings_that_are_not_read_are_named_and_false_ones_too() {
    for coding in ["compress", "gzip, br", "x\u{1b}[2J"] {
        let line = format!("Content-Encoding: {coding}");
        let server = TestServer::start(move |_, _| Answer::new(200, "x").header(&line)).await;
        let error = get(&server.url).await.unwrap_err();
        let Some(first) = coding.split('\u{1b}').next().filter(|first| *first == coding) else {
            assert!(matches!(error, NetError::Broken { .. } | NetError::Coded { .. }), "{error}");
            continue;
        };
        let words = format!("the answer is coded with {first}, which namesys does not read");
        assert!(error.to_string().contains(&words), "{error}");
        assert_eq!(server.seen().len(), 1, "it is not asked again");
    }
    let plain = |_: usize, _: &Seen| Answer::new(200, "plain").header("Content-Encoding: gzip");
    let server = TestServer::start(plain).await;
    let error = get(&server.url).await.unwrap_err();
    assert!(matches!(error, NetError::BadResponse { .. }), "{error}");
    assert!(error.to_string().contains("Content-Encoding"), "{error}");
}

/// 9,750 bytes that are ten million.
#[tokio::test]
async fn a_bomb_ends_at_the_bound() {
    let bomb = include_bytes!("testdata/zeros-10-mb.gz");
    let server =
        TestServer::start(|_, _| Answer::new(200, bomb.to_vec()).header("Content-Encoding: gzip"))
            .await;
    let request = Request::get(server.url.clone()).max_body(20_000);
    let error = quick(&Arc::default()).send(&request).await.unwrap_err();
    assert!(matches!(error, NetError::TooLarge { limit: 20_000, .. }), "{error}");
    let request = Request::get(server.url.clone()).max_body(10_000_000);
    let whole = quick(&Arc::default()).send(&request).await.unwrap();
    assert_eq!(whole.body.len(), 10_000_000);
}

#[tokio::test]
async fn an_upload_that_moves_is_no_failure_until_it_stops() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url: Url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        // A megabyte in some 800 ms, and then nothing.
        for _ in 0..16 {
            let mut part = vec![0; 64 << 10];
            stream.read_exact(&mut part).await.unwrap();
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    let file = tempfile::NamedTempFile::new().unwrap();
    file.as_file().set_len(64 << 20).unwrap();
    let (path, media_type) = (file.path().to_owned(), "application/octet-stream");
    let body = Body::File(FileBody { path, media_type, progress: None });
    let budget = Budget::new(Duration::from_millis(100));
    let config = HttpConfig { budget: Some(budget.clone()), ..quick_config() };
    let http = Http::new(config).unwrap();
    let request = Request::put(url.clone(), body).attempts(1);
    http.send(&request).await.unwrap_err();
    assert!(budget.failing(&url) < Duration::from_millis(700), "{:?}", budget.failing(&url));
}

#[tokio::test]
async fn a_command_ends_though_each_server_fails_for_the_first_time() {
    let budget = Budget::new(Duration::from_millis(10));
    let config = HttpConfig { budget: Some(budget), ..quick_config() };
    let http = Http::new(config).unwrap();
    let mut last = None;
    for _ in 0..4 {
        let server = TestServer::start(|_, _| Answer::Silence(Duration::from_secs(2))).await;
        last = http.send(&Request::get(server.url.clone())).await.err();
    }
    assert!(matches!(last, Some(NetError::WaitedOut { .. })), "{last:?}");
}

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
