use super::*;
use crate::net::test_server::{Answer, TestServer, quick_config};
use crate::net::{Guard, HttpConfig};

/// Asks a server twice over, and another path of it, which answer `first` and then this.
async fn fetch(
    first: impl Fn() -> Answer + Send + Sync + 'static,
    lenient: bool,
    guard: Option<Guard>,
) -> (Result<Bytes, FetchError>, usize) {
    let server = TestServer::start(move |_, seen| match seen.line.contains("/first") {
        true => first(),
        false => Answer::new(200, r#"{"data":"0x0102","else":1}"#),
    })
    .await;
    let http = Http::new(HttpConfig { guard, ..quick_config() }).unwrap();
    let gateways = LookupGateways::new(&http, 1000, lenient, &Trace::default());
    let url = |path| format!("{}{path}/{{sender}}/{{data}}", server.url);
    let outcome = gateways.fetch(&[url("first"), url("second")], Address::ZERO, &[7]).await;
    let asked = server.seen().iter().filter(|seen| seen.line.contains("/second")).count();
    (outcome.map(|(data, _)| data), asked)
}

#[tokio::test]
async fn what_ends_the_search_and_what_does_not() {
    for status in [400, 403, 404] {
        let (outcome, asked) = fetch(move || Answer::new(status, "no"), false, None).await;
        let absent = matches!(outcome, Err(FetchError::NotFound { proven: false, .. }));
        assert_eq!(absent, status == 404, "{status}: {outcome:?}");
        assert!(outcome.is_err() && asked == 0, "{status}");
        let (outcome, asked) = fetch(move || Answer::new(status, "no"), true, None).await;
        assert!(outcome.is_ok() && asked == 1, "lenient, {status}: {outcome:?}");
    }
    for status in [408, 410, 429, 451, 500, 501, 503] {
        let (outcome, asked) = fetch(move || Answer::new(status, "no"), false, None).await;
        assert!(outcome.is_ok() && asked == 1, "{status}: {outcome:?}");
    }
    for body in ["<html>", "{}", r#"{"data":"zz"}"#, &" ".repeat(2000)] {
        let body = body.to_owned();
        let (outcome, _) = fetch(move || Answer::new(200, body.clone()), false, None).await;
        assert_eq!(outcome.unwrap()[..], [1, 2]);
    }
}

#[tokio::test]
async fn private_addresses_are_not_asked() {
    let guard = Some(Guard::default());
    let (outcome, asked) = fetch(|| Answer::new(200, "{}"), false, guard).await;
    let Err(FetchError::Failed { notes, .. }) = outcome else { panic!("{outcome:?}") };
    assert!(notes.iter().all(|note| note.reason.contains("127.0.0.1")), "{notes:?}");
    assert_eq!((notes.len(), asked), (2, 0));
}

/// In a batch, of which one question was answered by nobody: that is the reason, whoever answers
/// last.
#[tokio::test]
async fn silence_is_kept_beside_a_later_answer() {
    let server = TestServer::start(|_, seen| match seen.line.contains("/silent") {
        true => Answer::new(429, "later"),
        false => Answer::new(200, r#"{"data":"0x01"}"#),
    })
    .await;
    let http = Http::new(quick_config()).unwrap();
    let gateways = LookupGateways::new(&http, 1000, false, &Trace::default());
    let url = |path| [format!("{}{path}/{{sender}}/{{data}}", server.url)];
    gateways.fetch(&url("good"), Address::ZERO, &[7]).await.unwrap();
    assert!(matches!(gateways.outcome(), Some(Ok(_))));
    gateways.fetch(&url("silent"), Address::ZERO, &[7]).await.unwrap_err();
    gateways.fetch(&url("good"), Address::ZERO, &[7]).await.unwrap();
    assert!(matches!(gateways.outcome(), Some(Err(_))));
}

/// Those that are named and not asked do not count, those that are do.
#[tokio::test]
async fn the_gateways_of_one_answer_that_are_asked_are_counted() {
    let server = TestServer::start(|_, seen| match seen.line.contains("/good") {
        true => Answer::new(200, r#"{"data":"0x01"}"#),
        false => Answer::new(410, "no"),
    })
    .await;
    let http = Http::new(quick_config()).unwrap();
    let gateways = LookupGateways::new(&http, 1000, false, &Trace::default());
    let url = |path: &str| format!("{}{path}/{{sender}}/{{data}}", server.url);
    let many: Vec<String> = (0..MAX_REQUESTS + 1).map(|_| url("good")).collect();
    for _ in 0..3 {
        gateways.fetch(&many, Address::ZERO, &[7]).await.unwrap();
    }
    let config = client(gateways.clone(), 4, 1000);
    assert_eq!(config.config().max_total_requests, usize::MAX);
    gateways.asked.store(MAX_REQUESTS - 1, Ordering::Relaxed);
    let Err(FetchError::Failed { notes, .. }) =
        gateways.fetch(&[url("bad"), url("good")], Address::ZERO, &[7]).await
    else {
        panic!("one too many was asked");
    };
    assert!(notes[1].reason.contains("not asked: 400 were"), "{notes:?}");
}

#[test]
fn templates() {
    let url = |template| expand(template, Address::repeat_byte(0xAB), &[1, 2]);
    assert_eq!(
        url("https://a.example/{sender}/{data}.json").unwrap().as_str(),
        format!("https://a.example/0x{}/0x0102.json", "ab".repeat(20))
    );
    assert!(url("not a url").is_err());
    for other in ["http+unix://%2Frun%2Fx.sock/{data}", "file:///etc/passwd", "ftp://a.example/"] {
        assert!(url(other).unwrap_err().contains("scheme"), "{other}");
    }
    assert!(expand(&"{data}".repeat(100), Address::ZERO, &[0; 1024]).is_err());
    assert_eq!(
        path_of("https://a/ipns/f01/.well-known/eth/nick/text/avatar.json?t={data}"),
        ".well-known/eth/nick/text/avatar.json"
    );
}

#[test]
fn nodes_agree_on_all_of_a_lookup() {
    let lookup = OffchainLookup {
        sender: Address::ZERO,
        urls: vec!["https://a.example/{data}".to_owned()],
        callData: vec![1].into(),
        callbackFunction: [1, 2, 3, 4].into(),
        extraData: vec![7].into(),
    };
    let answered = |lookup: OffchainLookup| Answered::Lookup(Box::new(lookup));
    assert_eq!(answered(lookup.clone()), answered(lookup.clone()));
    for other in [
        OffchainLookup { urls: Vec::new(), ..lookup.clone() },
        OffchainLookup { callData: vec![2].into(), ..lookup.clone() },
        OffchainLookup { callbackFunction: [1, 2, 3, 5].into(), ..lookup.clone() },
        OffchainLookup { extraData: vec![8].into(), ..lookup.clone() },
    ] {
        let (own, other) = (answered(lookup.clone()), answered(other));
        assert_ne!(own, other);
        assert_ne!(own.to_string(), other.to_string(), "and it is seen");
    }
}

#[test]
fn callbacks() {
    let lookup = OffchainLookup {
        sender: Address::ZERO,
        urls: Vec::new(),
        callData: Bytes::new(),
        callbackFunction: [1, 2, 3, 4].into(),
        extraData: vec![7].into(),
    };
    let call = callback(&lookup, &[9, 9]);
    assert_eq!(call[..4], [1, 2, 3, 4]);
    let (response, extra) = <(Bytes, Bytes)>::abi_decode_params(&call[4..]).unwrap();
    assert_eq!((response.to_vec(), extra.to_vec()), (vec![9, 9], vec![7]));
}
