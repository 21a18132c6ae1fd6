use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::*;
use crate::chain::RpcConfig;
use crate::net::test_server::{Answer, TestServer, quick_http};

const FROM: Address = Address::repeat_byte(0xaa);

/// A node that tells the n-th question of how many are `(mined, known)`; the last for ever.
async fn next(counts: &'static [(u64, u64)], least: u64) -> Result<u64, SetupError> {
    let asked = AtomicUsize::new(0);
    let node = TestServer::start(move |_, request| {
        let request: Value = serde_json::from_slice(&request.body).unwrap();
        let number = asked.load(Ordering::SeqCst).min(counts.len() - 1);
        let (mined, known) = counts[number];
        let count = match request["params"][1].as_str() {
            Some("pending") => {
                asked.fetch_add(1, Ordering::SeqCst);
                known
            }
            _ => mined,
        };
        let answer =
            json!({"jsonrpc": "2.0", "id": request["id"], "result": format!("{count:#x}")});
        Answer::new(200, answer.to_string()).header("content-type: application/json")
    })
    .await;
    let config =
        RpcConfig { urls: vec![node.url.as_str().parse().unwrap()], ..RpcConfig::default() };
    next_nonce(&Rpc::new(&quick_http(), config).unwrap(), FROM, least).await
}

#[tokio::test]
async fn a_node_that_is_behind_does_not_give_a_nonce_out_twice() {
    assert_eq!(next(&[(5, 5)], 0).await.unwrap(), 5);
    assert_eq!(next(&[(5, 5), (5, 6), (6, 6)], 6).await.unwrap(), 6, "it is waited for");
    assert_eq!(next(&[(5, 5)], 6).await.unwrap(), 6, "but not for ever");
    assert_eq!(next(&[(7, 7)], 6).await.unwrap(), 7, "somebody else sent one");
    let waits = next(&[(5, 7)], 6).await.unwrap_err();
    assert!(matches!(waits, SetupError::Pending { count: 1, .. }), "{waits}");
}

#[test]
fn nonces_are_an_accounts_own() {
    let nonces = Nonces::default();
    nonces.clone().used(FROM, 5);
    assert_eq!((nonces.after(FROM), nonces.after(Address::ZERO)), (6, 0));
}
