//! The traffic of a public gateway and client, recorded: our requests are theirs but for signature
//! and time, and their answers are understood.

use alloy_primitives::hex;
use serde_json::Value as Json;

use super::tests::{bytes, text};
use super::*;
use crate::net::test_server::{Answer, TestServer, quick_http};
use crate::request::Signature;

const CURRENT: &str = include_str!("../../tests/vectors/write/peer-blockful-transcript.json");
const CALL_DATA: &str =
    include_str!("../../tests/vectors/write/peer-blockful-legacy-calldata-transcript.json");
const PARAMETERS: &str =
    include_str!("../../tests/vectors/write/peer-blockful-legacy-parameters-transcript.json");

/// One write as it was recorded.
struct Exchange {
    what: String,
    revert: Vec<u8>,
    url: String,
    body: Json,
    status: u16,
    answer: String,
}

fn exchanges() -> Vec<Exchange> {
    let json = |text: &str| serde_json::from_str::<Json>(text).unwrap();
    let current = json(CURRENT)["offchain"].as_array().unwrap().clone();
    let current = current.into_iter().map(|one| Exchange {
        what: text(&one, "what").to_owned(),
        revert: bytes(&one, "revert_data"),
        url: text(&one["request"], "url").to_owned(),
        body: one["request"]["body"].clone(),
        status: one["response"]["status"].as_u64().unwrap().try_into().unwrap(),
        answer: text(&one["response"], "body").to_owned(),
    });
    let legacy = [CALL_DATA, PARAMETERS].into_iter().flat_map(|file| {
        json(file)["writes"].as_array().unwrap().clone().into_iter().map(|one| Exchange {
            what: text(&one, "fn").to_owned(),
            revert: bytes(&one, "revert_data"),
            url: text(&one["http"], "url").to_owned(),
            body: one["http"]["body"].clone(),
            status: one["http"]["status"].as_u64().unwrap().try_into().unwrap(),
            answer: text(&one["http"], "answer").to_owned(),
        })
    });
    current.chain(legacy).collect()
}

fn message(revert: &[u8]) -> TypedWrite {
    match Deferral::decode(revert).unwrap().unwrap().deferral {
        Deferral::Offchain(write) | Deferral::LegacyDatabase(write) => write,
        other => panic!("{other:?}"),
    }
}

#[test]
fn requests_are_theirs() {
    let all = exchanges();
    assert_eq!(all.len(), 27);
    for Exchange { what, revert, url, body, .. } in &all {
        let write = message(revert);
        assert_eq!(write.post_url(), *url, "{what}");
        let signature: Signature = text(&body["signature"], "signature").parse().unwrap();
        let calldata = bytes(body, "data");
        assert_eq!(write.body(&calldata, &signature), *body, "{what}");
        // What that client signs is not the message it sends: its signatures recover to nobody it
        // names, here and with ethers. Ours are over the message (`erc7884.json`).
    }
}

#[tokio::test]
async fn answers_are_understood() {
    for Exchange { what, body, status, answer, .. } in exchanges() {
        let sent = answer.clone();
        let server = TestServer::start(move |_, _| {
            Answer::new(status, sent.clone()).header("Content-Type: application/json")
        })
        .await;
        let setters = if what.starts_with("multicall") { 2 } else { 1 };
        let said = post(&quick_http(), &server.url, body.to_string(), setters).await;
        match (status, said) {
            (200, Ok(Posted::Each(each))) => assert_eq!(each, [None, None], "{what}"),
            (200, Ok(Posted::Taken)) => assert_eq!(setters, 1, "{what}"),
            (_, Err(PostFailure::Refused { status: of, words, .. })) => {
                assert_eq!(of, status);
                assert!(answer.contains(&words) && !words.contains('{'), "{what}: {words}");
            }
            (status, other) => panic!("{what}: {status} {other:?}"),
        }
        let seen = server.seen();
        assert_eq!(seen.len(), 1, "{what}: asked once");
        assert!(seen[0].headers.iter().all(|line| !line.starts_with("authorization")));
        assert_eq!(serde_json::from_slice::<Json>(&seen[0].body).unwrap(), body);
    }
}

#[tokio::test]
async fn what_says_200_and_failed_is_a_failure() {
    use alloy::sol_types::{SolError, SolValue};
    let error = crate::chain::calls::Error { message: "no".into() }.abi_encode();
    let each = vec![alloy_primitives::Bytes::new(), error.clone().into()].abi_encode();
    let data = |bytes: &[u8]| format!("{{\"data\":\"{}\"}}", hex::encode_prefixed(bytes));
    for (answer, setters, expected) in [
        (data(&error), 1, "refuses it (200): no"),
        ("{\"error\":\"full\"}".to_owned(), 1, "refuses it (200): full"),
        (data(&[0; 32]), 2, "something else than it should"),
        ("{\"data\":\"zz\"}".to_owned(), 1, "something else than it should"),
    ] {
        let server = TestServer::start(move |_, _| Answer::new(200, answer.clone())).await;
        let failure = post(&quick_http(), &server.url, "{}".into(), setters).await.unwrap_err();
        assert!(failure.to_string().contains(expected), "{failure}");
    }
    let server = TestServer::start(move |_, _| Answer::new(200, data(&each))).await;
    let said = post(&quick_http(), &server.url, "{}".into(), 2).await.unwrap();
    assert_eq!(said, Posted::Each(vec![None, Some("Error(\"no\")".into())]));
}
