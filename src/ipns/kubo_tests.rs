use super::*;
use crate::ipns::publish::tests::{QUICK, record, record_of};
use crate::ipns::{Published, publish_and_read_back};
use crate::net::test_server::{Answer, TestServer, quick_http};

fn event(record: &VerifiedRecord) -> String {
    let extra = BASE64.encode(record.bytes());
    format!(
        "{{\"Extra\":\"\",\"ID\":\"\",\"Responses\":null,\"Type\":0}}\n{{\"Extra\":\"{extra}\",\"ID\":\"\",\"Responses\":null,\"Type\":5}}\n"
    )
}

fn failed(message: &str) -> Answer {
    Answer::new(500, format!(r#"{{"Message":"{message}","Code":0,"Type":"error"}}"#))
}

fn kubo(server: &TestServer) -> KuboPublisher {
    KuboPublisher::new(quick_http(), server.url.clone(), Some("me:hunter2".to_owned().into()))
}

#[tokio::test]
async fn a_record_is_put_and_read_back() {
    let server = TestServer::start(|_, seen| match seen.line.contains("/name/put") {
        true => Answer::new(200, r#"{"Name":"k51","Value":"/ipfs/bafy"}"#),
        false => Answer::new(200, event(&record(1))),
    })
    .await;
    let done = publish_and_read_back(&kubo(&server), &record(1), QUICK).await;
    assert_eq!(done, Ok(Published::Same));
    let seen = server.seen();
    let name = record(1).name().to_string();
    let line = format!("POST /api/v0/name/put?arg={name}&allow-offline=true HTTP/1.1");
    assert_eq!(seen[0].line, line);
    let record = record(1);
    assert!(seen[0].body.windows(record.bytes().len()).any(|window| window == record.bytes()));
    assert_eq!(seen[1].line, format!("POST /api/v0/routing/get?arg=%2Fipns%2F{name} HTTP/1.1"));
    let basic = format!("authorization: basic {}", BASE64.encode(b"me:hunter2"));
    for seen in &seen {
        assert!(seen.headers.contains(&basic.to_ascii_lowercase()), "{:?}", seen.headers);
    }
}

#[tokio::test]
async fn older_nodes_get_it_by_routing_put() {
    let server = TestServer::start(|_, seen| match seen.line.contains("/name/put") {
        true => Answer::new(404, "404 page not found"),
        false => Answer::new(200, r#"{"Extra":"","ID":"12D3","Responses":null,"Type":5}"#),
    })
    .await;
    kubo(&server).put(&record(1)).await.unwrap();
    let line = &server.seen()[1].line;
    assert!(line.contains("/routing/put?arg=%2Fipns%2Fk51") && line.contains("allow-offline=true"));
    let server = TestServer::start(|_, _| Answer::new(404, "404 page not found")).await;
    let error = kubo(&server).put(&record(1)).await.unwrap_err();
    assert!(matches!(error, PublishError::Rejected { status: 404, .. }), "{error}");
}

#[tokio::test]
async fn a_token_that_may_only_read_is_found_out() {
    let server = TestServer::start(|_, seen| match seen.line.contains("/put") {
        true => Answer::new(403, "403 - Forbidden"),
        false => failed("routing: not found"),
    })
    .await;
    let error = crate::ipns::probe_publisher(&kubo(&server), None).await.unwrap_err();
    assert!(error.to_string().contains("does not allow name/put"), "{error}");
    let server = TestServer::start(|_, seen| match seen.line.contains("/put") {
        true => Answer::new(400, "file argument 'record' is required"),
        false => failed("routing: not found"),
    })
    .await;
    crate::ipns::probe_publisher(&kubo(&server), None).await.unwrap();
}

/// Of two that publish at once the later one loses by sequence, whatever its record's validity.
/// As behind a proxy that lets reading through alone.
#[tokio::test]
async fn a_node_that_takes_no_records_is_found_out() {
    let server = TestServer::start(|_, _| Answer::new(404, "404 page not found")).await;
    let refused = kubo(&server).may_put().await.unwrap_err();
    assert!(matches!(refused, PublishError::Rejected { status: 404, .. }), "{refused}");
    let old = TestServer::start(|_, seen| match seen.line.contains("/name/put") {
        true => Answer::new(404, "404 page not found"),
        false => failed("argument \\\"key\\\" is required"),
    })
    .await;
    assert_eq!(kubo(&old).may_put().await, Ok(()));
}

#[tokio::test]
async fn a_lost_race_is_outdated_also_at_one_sequence() {
    let server = TestServer::start(|_, seen| match seen.line.contains("/name/put") {
        true => failed("existing IPNS record has sequence 2 >= new record sequence 2"),
        false => Answer::new(200, event(&record_until(2, "2099-01-01T00:00:00Z"))),
    })
    .await;
    let error = kubo(&server).put(&record(2)).await.unwrap_err();
    assert!(matches!(error, PublishError::Outdated { has: 2, sent: 2, .. }), "{error}");
}

fn record_until(sequence: u64, validity: &str) -> VerifiedRecord {
    let key = crate::keys::IpnsKey::from_seed(&[7; 32].into());
    let (validity, ttl) = (validity.parse().unwrap(), Duration::from_secs(60));
    let bytes = crate::ipns::create(&key, "/ipfs/bafkqaaa", sequence, validity, ttl).unwrap();
    UnverifiedRecord::parse(&bytes).unwrap().verify_signature(&key.name()).unwrap()
}

#[tokio::test]
async fn refusals_are_explained() {
    let server = TestServer::start(|_, seen| match seen.line.contains("/name/put") {
        true => failed("existing IPNS record has sequence 9 >= new record sequence 2"),
        false => Answer::new(200, event(&record(9))),
    })
    .await;
    let error = kubo(&server).put(&record(2)).await.unwrap_err();
    assert!(matches!(error, PublishError::Outdated { has: 9, sent: 2, .. }), "{error}");
    kubo(&server).put(&record(9)).await.expect("the node has this very record");
    assert_eq!(server.seen().len(), 4, "command errors are final");
    let error = kubo(&server).put(&record(10)).await.unwrap_err();
    assert!(matches!(error, PublishError::Rejected { status: 500, .. }), "{error}");
}

#[tokio::test]
async fn what_the_node_answers_is_verified() {
    let name = *record(1).name();
    for (answer, words) in [
        (event(&record_of(8, 1)), "bad record"),
        (r#"{"Extra":"@@","ID":"","Responses":null,"Type":5}"#.to_owned(), "not base64"),
        (r#"{"Extra":"","ID":"","Responses":null,"Type":0}"#.to_owned(), "no record"),
        ("<html>".to_owned(), "not Kubo's events"),
    ] {
        let server = TestServer::start(move |_, _| Answer::new(200, answer.clone())).await;
        let error = kubo(&server).get(&name).await.unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    }
    let server = TestServer::start(|_, _| failed("routing: not found")).await;
    assert_eq!(kubo(&server).get(&name).await, Ok(None));
}

#[tokio::test]
async fn a_node_without_network_is_asked_once() {
    let server = TestServer::start(|_, seen| match seen.line.contains("/name/put") {
        true => Answer::new(200, r#"{"Name":"k51","Value":"/ipfs/bafy"}"#),
        false => failed("this action must be run in online mode, try running 'ipfs daemon' first"),
    })
    .await;
    let error = publish_and_read_back(&kubo(&server), &record(1), QUICK).await.unwrap_err();
    assert!(matches!(error, PublishError::WithoutNetwork { taken: true, .. }), "{error}");
    assert!(error.to_string().contains("has stored the record"), "{error}");
    assert_eq!(server.seen().len(), 2);
}
