use std::time::Duration;

use super::*;
use crate::net::test_server::{Answer, Seen, TestServer, quick_http};

const ROOT: &str = "bafybeibj6lixxzqtsb45ysdjnupvqkufgdvzqbnvmhw2kf7cfkesy7r7d4";
const OTHER: &str = "bafkreiem4twkqzsq2aj4shbycd4yvoj2cx72vezicletlhi7dijjciqpui";
const ORIGIN: &str = "/ip4/203.0.113.7/tcp/4001/p2p/12D3KooWAbc";

fn pin(status: &str) -> String {
    serde_json::json!({
        "requestid": "req/1", "status": status, "created": "2026-01-01T00:00:00Z",
        "pin": { "cid": ROOT }, "delegates": [ORIGIN],
        "info": { "status_details": "no provider" },
    })
    .to_string()
}

fn none() -> Answer {
    Answer::new(200, r#"{"count":0,"results":[]}"#)
}

fn one(status: &str) -> Answer {
    Answer::new(200, format!(r#"{{"count":1,"results":[{}]}}"#, pin(status)))
}

fn service(url: Url, origins: Origins) -> PinningService {
    let wait = Duration::from_millis(1);
    let quick = Patience { first: wait, longest: wait, total: Duration::from_millis(3) };
    PinningService::new(quick_http(), url, "t".to_owned().into(), "nick.eth", origins)
        .with_patience(quick)
}

async fn upload(
    answer: impl Fn(usize, &Seen) -> Answer + Send + Sync + 'static,
) -> (Result<(), UploadError>, Vec<Seen>) {
    let server = TestServer::start(answer).await;
    let service =
        service(server.url.join("/psa/pins").unwrap(), Origins::Addresses(vec![ORIGIN.to_owned()]));
    let done = service.upload(Path::new("/no/car"), &ROOT.parse().unwrap(), None).await;
    (done, server.seen())
}

#[tokio::test]
async fn asked_for_and_waited_for() {
    let (done, seen) = upload(|number, _| match number {
        0 => none(),
        1 => Answer::new(202, pin("queued")),
        2 => Answer::new(200, pin("pinning")),
        _ => Answer::new(200, pin("pinned")),
    })
    .await;
    done.unwrap();
    let lines: Vec<&str> = seen.iter().map(|seen| seen.line.as_str()).collect();
    let first =
        format!("GET /psa/pins?cid={ROOT}&status=queued%2Cpinning%2Cpinned&limit=1 HTTP/1.1");
    let question = "GET /psa/pins/req%2F1 HTTP/1.1";
    assert_eq!(lines, [&first, "POST /psa/pins HTTP/1.1", question, question]);
    let sent: serde_json::Value = serde_json::from_slice(&seen[1].body).unwrap();
    let expected = serde_json::json!({ "cid": ROOT, "name": "nick.eth", "origins": [ORIGIN] });
    assert_eq!(sent, expected);
    for seen in &seen {
        assert!(seen.headers.contains(&"authorization: bearer t".to_owned()));
    }
}

#[tokio::test]
async fn a_request_that_is_there_is_not_made_twice() {
    let (done, seen) = upload(|number, _| match number {
        0 => one("pinning"),
        _ => Answer::new(200, pin("pinned")),
    })
    .await;
    done.unwrap();
    assert!(seen.iter().all(|seen| seen.line.starts_with("GET ")));
    let (done, seen) = upload(|_, _| one("pinned")).await;
    done.unwrap();
    assert_eq!(seen.len(), 1);
}

#[tokio::test]
async fn what_goes_wrong_is_said() {
    let then = |status: u16, body: String| {
        upload(move |number, _| match number {
            0 => none(),
            _ => Answer::new(status, body.clone()),
        })
    };
    let error = then(202, pin("failed")).await.0.unwrap_err();
    assert!(matches!(&error, UploadError::NotPinned { message, .. } if message == "no provider"));
    let (done, seen) = then(202, pin("queued")).await;
    let error = done.unwrap_err();
    assert!(matches!(&error, UploadError::Pending { status, .. } if status == "queued"), "{error}");
    assert_eq!(seen.len(), 5, "a list, a request, three questions");
    let error = then(202, pin("queued").replace(ROOT, OTHER)).await.0.unwrap_err();
    assert!(matches!(&error, UploadError::OtherRoot { got, .. } if got == OTHER), "{error}");
    let failure = r#"{"error":{"reason":"INSUFFICIENT_FUNDS","details":"pay first"}}"#;
    let error = then(409, failure.to_owned()).await.0.unwrap_err();
    assert!(error.to_string().ends_with("INSUFFICIENT_FUNDS: pay first (409)"), "{error}");
    let error = then(200, "<html>".to_owned()).await.0.unwrap_err();
    assert!(matches!(error, UploadError::Net(NetError::BadResponse { .. })), "{error}");
}

#[tokio::test]
async fn our_node_is_the_provider() {
    let id = format!(r#"{{"ID":"12D3","Addresses":["{ORIGIN}"]}}"#);
    let node = TestServer::start(move |_, seen| match seen.line.contains("/id") {
        true => Answer::new(200, id.clone()),
        false => Answer::new(500, r#"{"Message":"no","Code":0,"Type":"error"}"#),
    })
    .await;
    let server = TestServer::start(|number, _| match number {
        0 => none(),
        1 => Answer::new(202, pin("queued")),
        _ => Answer::new(200, pin("pinned")),
    })
    .await;
    let kubo = Arc::new(Kubo::new(quick_http(), node.url.clone(), None));
    let service = service(server.url.clone(), Origins::Node(kubo));
    service.upload(Path::new("/no/car"), &ROOT.parse().unwrap(), None).await.unwrap();
    let sent: serde_json::Value = serde_json::from_slice(&server.seen()[1].body).unwrap();
    assert_eq!(sent["origins"], serde_json::json!([ORIGIN]));
    let connect = &node.seen()[1].line;
    assert!(connect.starts_with("POST /api/v0/swarm/connect?arg=%2Fip4"), "{connect}");
}

#[tokio::test]
async fn having_it_is_one_question() {
    let lists: [(fn() -> Answer, bool); 4] = [
        (|| one("pinned"), true),
        (|| one("queued"), false),
        (none, false),
        (|| Answer::new(401, "no"), false),
    ];
    for (answer, expected) in lists {
        let server = TestServer::start(move |_, _| answer()).await;
        let service = service(server.url.clone(), Origins::Addresses(Vec::new()));
        assert_eq!(service.has(&ROOT.parse().unwrap()).await, expected);
        assert_eq!(server.seen().len(), 1);
    }
}

#[tokio::test]
async fn a_probe_asks_for_pins() {
    let probe = async |status, body: &'static str| {
        let server = TestServer::start(move |_, _| Answer::new(status, body)).await;
        let service = service(server.url.clone(), Origins::Addresses(Vec::new()));
        let said = service.probe().await.map_err(|error| error.to_string());
        assert!(server.seen().iter().all(|seen| seen.line.starts_with("GET /pins?cid=")));
        said
    };
    assert_eq!(probe(200, r#"{"count":0,"results":[]}"#).await.unwrap(), "it answers");
    assert!(probe(200, "{}").await.unwrap_err().contains("Pinning Service API"));
    let refused = r#"{"error":{"reason":"UNAUTHORIZED","details":"no such token"}}"#;
    assert!(probe(401, refused).await.unwrap_err().contains("no such token"));
}

#[tokio::test]
async fn what_services_write_otherwise_is_read() {
    let odd = |status: &str, id: &str| {
        format!(
            r#"{{"requestid":{id},"status":"{status}","created":null,"pin":{{"cid":"{ROOT}",
                "name":null,"origins":null,"meta":null}},"delegates":null,"info":null}}"#
        )
    };
    let (pinned, queued) = (odd("PINNED", "null"), odd("Queued", "71"));
    let (done, _) = upload(move |number, _| match number {
        0 => Answer::new(200, r#"{"count":0,"results":null}"#),
        _ => Answer::new(202, pinned.clone()),
    })
    .await;
    done.unwrap();
    let pinned = odd("pinned", "71");
    let (done, seen) = upload(move |number, _| match number {
        0 => none(),
        1 => Answer::new(202, queued.clone()),
        _ => Answer::new(200, pinned.clone()),
    })
    .await;
    done.unwrap();
    assert_eq!(seen[2].line, "GET /psa/pins/71 HTTP/1.1");
}

#[tokio::test]
async fn that_it_is_there_already_is_success() {
    let refusal = r#"{"error":{"reason":"DUPLICATE_OBJECT","details":null}}"#;
    let (done, _) = upload(move |number, _| match number {
        0 => none(),
        1 => Answer::new(400, refusal),
        _ => one("pinned"),
    })
    .await;
    done.unwrap();
    let (done, _) = upload(move |_, seen| match seen.line.starts_with("GET") {
        true => none(),
        false => Answer::new(400, refusal),
    })
    .await;
    let error = done.unwrap_err().to_string();
    assert!(error.contains("DUPLICATE_OBJECT"), "{error}");
}
