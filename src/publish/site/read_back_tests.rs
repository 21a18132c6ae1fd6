use std::time::Duration;

use super::*;
use crate::net::test_server::{Answer, TestServer, quick_http};

const ONCE: Patience = Patience { limit: Duration::ZERO, every: Duration::from_millis(10) };

fn file(path: &str, content: &str) -> Expected {
    Expected { path: path.to_owned(), sha256: Some(fingerprint(content.as_bytes())) }
}

fn gone(path: &str) -> Expected {
    Expected { path: path.to_owned(), sha256: None }
}

fn json(content: &str) -> Answer {
    Answer::new(200, content)
        .header("content-type: application/json; charset=utf-8")
        .header("access-control-allow-origin: *")
}

/// What is said of one file, answered so.
async fn said(expected: Expected, answer: fn() -> Answer) -> Result<bool, String> {
    let server = TestServer::start(move |_, _| answer()).await;
    let seen = read_back(&quick_http(), &server.url, &[expected], ONCE, &|_| ()).await;
    match seen.misses.first() {
        Some(miss) => Err(miss.reason.clone()),
        None => Ok(!seen.no_cors),
    }
}

#[tokio::test]
async fn asked_as_the_resolver_asks() {
    let server = TestServer::start(|_, _| json("1")).await;
    let base = server.url.join("ens/").unwrap();
    let wanted = [file(".well-known/eth/ñ/text/a b.json", "1")];
    let seen = read_back(&quick_http(), &base, &wanted, ONCE, &|_| ()).await;
    assert_eq!(seen, Seen { asked: 1, ..Seen::default() });
    let asked = server.seen().remove(0);
    let start = "GET /ens/.well-known/eth/%C3%B1/text/a%20b.json?t=0x";
    assert!(asked.line.starts_with(start), "{}", asked.line);
    assert!(asked.headers.contains(&format!("origin: {ORIGIN}")), "{:?}", asked.headers);
}

#[tokio::test]
async fn only_the_same_bytes_of_a_usable_type_will_do() {
    assert_eq!(said(file("a.json", "1"), || json("1")).await, Ok(true));
    let no_cors = || Answer::new(200, "1").header("content-type: application/json");
    assert_eq!(said(file("a.json", "1"), no_cors).await, Ok(false));
    assert_eq!(said(file("a.txt", "1"), || Answer::new(200, "1")).await, Ok(true));
    type Case = (Expected, fn() -> Answer, &'static str);
    let cases: [Case; 6] = [
        (file("a.json", "1"), || json("2"), "another version of it is served"),
        (file("a.json", "1"), || Answer::new(404, ""), "the answer is 404"),
        (
            file("a.json", "1"),
            || Answer::new(200, "1").header("content-type: text/plain"),
            "it is served as \"text/plain\"",
        ),
        (
            file("a.json", "1"),
            || Answer::new(200, "<html>").header("content-type: text/html"),
            "a web page is served in its place",
        ),
        (gone("a.json"), || json("1"), "it is removed, and something is still served"),
        (gone("a.json"), || Answer::new(500, ""), "the answer is 500"),
    ];
    for (expected, answer, words) in cases {
        let reason = said(expected.clone(), answer).await.unwrap_err();
        assert!(reason.starts_with(words), "{expected:?}: {reason}");
    }
    for status in [|| Answer::new(404, ""), || Answer::new(410, ""), || Answer::new(403, "")] {
        assert_eq!(said(gone("a.json"), status).await, Ok(true));
    }
}

#[tokio::test]
async fn a_cache_is_named() {
    let stale = || json("2").header("age: 100").header("cache-control: public, max-age=600");
    let reason = said(file("a.json", "1"), stale).await.unwrap_err();
    assert!(
        reason.ends_with("(by a cache, which has had it for 100 s and may keep it for 500 s more)")
    );
    let hit = || json("1").header("x-cache: Hit from cloudfront");
    let reason = said(gone("a.json"), hit).await.unwrap_err();
    assert!(reason.ends_with("(by a cache)"), "{reason}");
    let shared =
        || json("2").header("cf-cache-status: HIT").header("cache-control: s-maxage=9, max-age=1");
    let reason = said(file("a.json", "1"), shared).await.unwrap_err();
    assert!(reason.ends_with("(by a cache, which may keep it for 9 s)"), "{reason}");
    let own = || json("2").header("cache-control: max-age=600");
    let reason = said(file("a.json", "1"), own).await.unwrap_err();
    assert_eq!(reason, "another version of it is served");
}

#[tokio::test]
async fn only_what_is_missing_is_asked_for_again() {
    let server = TestServer::start(|number, seen| match (number, &seen.line) {
        (0..4, line) if line.contains("/b.json") => Answer::new(404, ""),
        _ => json("1"),
    })
    .await;
    let wanted = [file("a.json", "1"), file("b.json", "1"), file("c.json", "1")];
    let patience = Patience { limit: Duration::from_secs(5), every: Duration::from_millis(10) };
    let told = std::sync::Mutex::new(Vec::new());
    let round = |misses: &[Miss]| told.lock().unwrap().push(misses.len());
    let seen = read_back(&quick_http(), &server.url, &wanted, patience, &round).await;
    assert_eq!((seen.asked, seen.misses.len()), (3, 0));
    assert_eq!(*told.lock().unwrap(), [1, 1]);
    assert_eq!(server.seen().len(), 5, "three, then one twice");
}

#[tokio::test]
async fn nobody_there_is_asked_once() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base: Url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    drop(listener);
    let wanted: Vec<Expected> = (0..100).map(|n| file(&format!("{n}.json"), "1")).collect();
    let seen = read_back(&quick_http(), &base, &wanted, ONCE, &|_| ()).await;
    assert_eq!(seen.misses.len(), 100);
    assert!(seen.misses[99].reason.contains("refuses connections"), "{}", seen.misses[99].reason);
}
