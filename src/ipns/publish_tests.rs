use std::sync::Mutex;

use data_encoding::BASE64;

use super::*;
use crate::ipns::{DelegatedRouting, RECORD_MEDIA_TYPE, UnverifiedRecord, W3name, create};
use crate::keys::IpnsKey;
use crate::net::test_server::{Answer, Seen, TestServer, quick_http};

const VALUE: &str = "/ipfs/bafybeibj6lixxzqtsb45ysdjnupvqkufgdvzqbnvmhw2kf7cfkesy7r7d4";
pub(crate) const QUICK: ReadBack = ReadBack { tries: 3, wait: Duration::from_millis(1) };

pub(crate) fn record_of(seed: u8, sequence: u64) -> VerifiedRecord {
    let key = IpnsKey::from_seed(&[seed; 32].into());
    let validity = "2030-01-30T20:10:08Z".parse().unwrap();
    let bytes = create(&key, VALUE, sequence, validity, Duration::from_secs(300)).unwrap();
    UnverifiedRecord::parse(&bytes).unwrap().verify_signature(&key.name()).unwrap()
}

pub(crate) fn record(sequence: u64) -> VerifiedRecord {
    record_of(7, sequence)
}

fn w3name_answer(record: &VerifiedRecord) -> Answer {
    let record64 = BASE64.encode(record.bytes());
    Answer::new(200, serde_json::json!({ "value": VALUE, "record": record64 }).to_string())
}

fn routing_answer(record: &VerifiedRecord) -> Answer {
    Answer::new(200, record.bytes()).header(format!("content-type: {RECORD_MEDIA_TYPE}"))
}

fn is_get(seen: &Seen) -> bool {
    seen.line.starts_with("GET ")
}

#[tokio::test]
async fn w3name_takes_base64_and_serves_it() {
    let kept = Mutex::new(None);
    let server = TestServer::start(move |_, seen| {
        if is_get(seen) {
            return match kept.lock().unwrap().as_ref() {
                Some(record) => w3name_answer(record),
                None => Answer::new(404, r#"{"message":"record not found"}"#),
            };
        }
        let bytes = BASE64.decode(&seen.body).unwrap();
        let record = UnverifiedRecord::parse(&bytes).unwrap();
        *kept.lock().unwrap() = Some(record.verify_signature(self::record(1).name()).unwrap());
        Answer::new(202, r#"{"id":"k51"}"#)
    })
    .await;
    let w3name = W3name::new(quick_http(), server.url.clone());
    let record = record(1);
    assert_eq!(w3name.get(record.name()).await, Ok(None));
    let done = publish_and_read_back(&w3name, &record, QUICK).await;
    assert_eq!(done, Ok(Published::Same));
    let path = format!("POST /name/{} HTTP/1.1", record.name());
    assert_eq!(server.seen()[1].line, path);
}

#[tokio::test]
async fn what_w3name_serves_is_verified() {
    let name = *record(1).name();
    let foreign = W3name::new(
        quick_http(),
        TestServer::start(|_, _| w3name_answer(&record_of(8, 1))).await.url,
    );
    let error = foreign.get(&name).await.unwrap_err();
    assert!(
        matches!(error, PublishError::BadRecord { reason: RecordError::Signature(_), .. }),
        "{error}"
    );
    for (answer, words) in [
        (
            serde_json::json!({ "value": "/ipfs/other", "record": BASE64.encode(record(1).bytes()) }),
            "points to",
        ),
        (serde_json::json!({ "value": VALUE, "record": "@@@" }), "not base64"),
        (serde_json::json!({ "value": VALUE }), "not the JSON"),
    ] {
        let server = TestServer::start(move |_, _| Answer::new(200, answer.to_string())).await;
        let error = W3name::new(quick_http(), server.url).get(&name).await.unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[tokio::test]
async fn an_outdated_record_is_explained() {
    let server = TestServer::start(|_, seen| match is_get(seen) {
        true => w3name_answer(&record(5)),
        false => Answer::new(400, r#"{"message":"invalid record: the record is outdated"}"#),
    })
    .await;
    let w3name = W3name::new(quick_http(), server.url.clone());
    let error = w3name.put(&record(4)).await.unwrap_err();
    assert!(matches!(error, PublishError::Outdated { has: 5, sent: 4, .. }), "{error}");
    assert!(error.to_string().contains("a sequence of at least 6"), "{error}");
    w3name.put(&record(5)).await.expect("the service has this very record");
    let error = w3name.put(&record(6)).await.unwrap_err();
    let PublishError::Rejected { message, .. } = &error else { panic!("{error}") };
    assert_eq!(message, "invalid record: the record is outdated");
}

#[tokio::test]
async fn taken_but_not_served_is_its_own_error() {
    let server = TestServer::start(|_, seen| match is_get(seen) {
        true => Answer::new(404, r#"{"message":"not found"}"#),
        false => Answer::new(202, "{}"),
    })
    .await;
    let w3name = W3name::new(quick_http(), server.url.clone());
    let error = publish_and_read_back(&w3name, &record(1), QUICK).await.unwrap_err();
    assert!(matches!(error, PublishError::NotReadBack { .. }), "{error}");
    assert_eq!(server.seen().len(), 4, "one POST, three GETs");
}

#[tokio::test]
async fn a_newer_record_of_somebody_else_ends_the_reading() {
    let server = TestServer::start(|number, seen| match (is_get(seen), number) {
        (true, 1) => w3name_answer(&record(1)),
        (true, _) => w3name_answer(&record(3)),
        (false, _) => Answer::new(202, "{}"),
    })
    .await;
    let w3name = W3name::new(quick_http(), server.url.clone());
    let done = publish_and_read_back(&w3name, &record(2), QUICK).await.unwrap();
    assert_eq!(done, Published::Superseded(Box::new(record(3))));
}

#[tokio::test]
async fn delegated_routing_puts_and_gets_raw_records() {
    let server = TestServer::start(|_, seen| match is_get(seen) {
        true => routing_answer(&record(2)),
        false => Answer::new(200, ""),
    })
    .await;
    let url = server.url.join("/routing/v1/").unwrap();
    let routing = DelegatedRouting::new(quick_http(), url);
    assert_eq!(publish_and_read_back(&routing, &record(2), QUICK).await, Ok(Published::Same));
    let seen = &server.seen()[0];
    assert_eq!(seen.line, format!("PUT /routing/v1/ipns/{} HTTP/1.1", record(2).name()));
    assert!(seen.headers.contains(&format!("content-type: {RECORD_MEDIA_TYPE}")));
    assert_eq!(seen.body, record(2).bytes());
}

#[tokio::test]
async fn delegated_routing_without_a_record() {
    let name = *record(1).name();
    for answer in [(404, "nothing"), (500, "failed to resolve: routing: not found\n")] {
        let server = TestServer::start(move |_, _| Answer::new(answer.0, answer.1)).await;
        let routing = DelegatedRouting::new(quick_http(), server.url.clone());
        assert_eq!(routing.get(&name).await, Ok(None));
        assert_eq!(server.seen().len(), 1);
    }
    let server = TestServer::start(|_, _| Answer::new(200, "<html>hello</html>")).await;
    let routing = DelegatedRouting::new(quick_http(), server.url);
    let error = routing.get(&name).await.unwrap_err();
    assert!(matches!(error, PublishError::Net(NetError::BadResponse { .. })), "{error}");
}

#[tokio::test]
async fn delegated_routing_explains_an_older_sequence() {
    let server = TestServer::start(|_, seen| match is_get(seen) {
        true => routing_answer(&record(9)),
        false => Answer::new(500, "can't replace a newer value with an older value"),
    })
    .await;
    let routing = DelegatedRouting::new(quick_http(), server.url.clone());
    let error = routing.put(&record(2)).await.unwrap_err();
    assert!(matches!(error, PublishError::Outdated { has: 9, sent: 2, .. }), "{error}");
    assert_eq!(server.seen().len(), 2);
}
