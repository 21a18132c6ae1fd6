use std::sync::{Arc, Mutex};

use tokio::io::AsyncReadExt;

use super::super::test_server::{Answer, Seen, TestServer, quick_config};
use super::super::{Body, FileBody};
use super::*;

/// A client whose waits are short, and observed.
pub(super) fn quick(events: &Arc<Mutex<Vec<RetryEvent>>>) -> Http {
    let events = events.clone();
    let observer: RetryObserver = Arc::new(move |event| events.lock().unwrap().push(event.clone()));
    Http::new(HttpConfig { observer: Some(observer), ..quick_config() }).unwrap()
}

pub(super) async fn get(url: &Url) -> Result<Response, NetError> {
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
    assert!(began.elapsed() >= Duration::from_micros(7500), "tried three times");
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

#[cfg(feature = "compression")]
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

#[cfg(feature = "compression")]
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

/// A body that breaks off has not been coded otherwise than it says, coded or not.
#[tokio::test]
async fn a_broken_body_is_no_wrong_coding() {
    let gzip = "H4sIAAAAAAAC/8tIzcnJ11FIzk9JTQUAHLgEYAwAAAA=";
    let gzip = data_encoding::BASE64.decode(gzip.as_bytes()).unwrap();
    for coding in ["", "content-encoding: gzip\r\n"] {
        for rest in ["", "zz\r\nhello", "5\r\nhel"] {
            let head = format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n{coding}\r\n");
            let mut answer = head.into_bytes();
            answer.extend(b"5\r\n");
            answer.extend(&gzip[..5]);
            answer.extend(b"\r\n");
            answer.extend(rest.as_bytes());
            let server = TestServer::start(move |_, _| Answer::Raw(answer.clone())).await;
            let error = get(&server.url).await.unwrap_err();
            assert!(matches!(error, NetError::Broken { .. }), "{coding:?} {rest:?}: {error}");
        }
    }
}

/// 9,750 bytes that are ten million.
#[cfg(feature = "compression")]
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
