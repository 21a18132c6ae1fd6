use std::sync::atomic::Ordering;

use alloy_primitives::{Address, Bytes};
use serde_json::{Value, json};

use super::*;
use crate::chain::{BlockReader, Revert};
use crate::net::test_server::{Answer, TestServer, quick_http};

/// What a test's node answers a method with: `result` or `error`.
type Says = Box<dyn Fn(&str, &Value) -> Value + Send + Sync>;

/// Whether a call is the one that asks whether reverts are told.
fn is_probe(call: &Value) -> bool {
    call["to"].is_null()
}

async fn node(says: impl Fn(&str, &Value) -> Value + Send + Sync + 'static) -> TestServer {
    let says: Says = Box::new(says);
    TestServer::start(move |_, request| {
        let request: Value = serde_json::from_slice(&request.body).unwrap();
        let method = request["method"].as_str().unwrap();
        let mut answer = says(method, &request["params"]);
        answer["jsonrpc"] = "2.0".into();
        answer["id"] = request["id"].clone();
        Answer::new(200, answer.to_string()).header("content-type: application/json")
    })
    .await
}

fn rpc(nodes: &[TestServer], quorum: usize) -> Rpc {
    let urls = nodes.iter().map(|node| node.url.as_str().parse().unwrap()).collect();
    let config = RpcConfig { urls, quorum, retries: 1, ..RpcConfig::default() };
    Rpc::new(&quick_http(), config).unwrap()
}

fn block(number: u64, hash: u8) -> Value {
    let header: alloy::consensus::Header = Default::default();
    let mut block = json!(alloy::rpc::types::Block::<()>::new(
        alloy::rpc::types::Header::new(header),
        alloy::rpc::types::BlockTransactions::Hashes(Vec::new()),
    ));
    block["number"] = format!("{number:#x}").into();
    block["hash"] = B256::repeat_byte(hash).to_string().into();
    block["timestamp"] = format!("{:#x}", number * 12).into();
    block
}

/// A chain of `newest` blocks; block `n` has the hash of `hash(n)`.
async fn chain(newest: u64, hash: fn(u64) -> u8) -> TestServer {
    node(move |method, params| match method {
        "eth_blockNumber" => json!({"result": format!("{newest:#x}")}),
        _ => {
            let asked = params[0].as_str().unwrap().trim_start_matches("0x");
            let number = u64::from_str_radix(asked, 16).unwrap_or(newest);
            match number <= newest {
                true => json!({"result": block(number, hash(number))}),
                false => json!({"result": null}),
            }
        }
    })
    .await
}

fn honest(number: u64) -> u8 {
    number as u8
}

#[tokio::test]
async fn one_node_cannot_choose_the_block() {
    for newest in [5, 1_000_000] {
        let nodes = [chain(newest, honest).await, chain(200, honest).await];
        // Of two that must agree, one is as good as the other: nothing is said.
        let error = rpc(&nodes, 2).latest().await.unwrap_err();
        assert!(matches!(error, ChainError::Disagreement { .. }), "{error}");
        assert!(error.to_string().contains(&format!("block {newest}")), "{error}");
        let [one, two] = nodes;
        let nodes = [one, two, chain(201, honest).await];
        let Block { number, hash, .. } = rpc(&nodes, 2).latest().await.unwrap().value;
        assert!(matches!(number, 200 | 201), "{number}");
        assert_eq!(hash, B256::repeat_byte(number as u8));
    }
    // Nodes that lag by some blocks agree on the newest that so many have.
    let nodes = [chain(198, honest).await, chain(200, honest).await, chain(203, honest).await];
    assert_eq!(rpc(&nodes, 2).latest().await.unwrap().value.number, 200);
    assert_eq!(rpc(&nodes, 3).latest().await.unwrap().value.number, 198);
    // Nor does one that lies stop those that are further apart than a fork is long.
    for liar in [150, 198, 1_000_000] {
        let nodes = [chain(liar, |_| 9).await, chain(200, honest).await, chain(190, honest).await];
        let Block { number, hash, .. } = rpc(&nodes, 2).latest().await.unwrap().value;
        assert_eq!((number, hash), (190, B256::repeat_byte(190)), "{liar}");
    }
}

#[tokio::test]
async fn nodes_agree_on_hash_and_time_of_the_newest_block() {
    // One is on a fork that is a block long.
    let nodes =
        [chain(200, honest).await, chain(200, |n| if n == 200 { 7 } else { n as u8 }).await];
    assert_eq!(rpc(&nodes, 2).latest().await.unwrap().value.number, 199);
    let nodes = [chain(200, honest).await, chain(200, |_| 7).await];
    let error = rpc(&nodes, 2).latest().await.unwrap_err();
    assert!(matches!(error, ChainError::Disagreement { .. }), "{error}");
    // One gives whatever block it likes for the number that was asked.
    let old = node(|method, _| match method {
        "eth_blockNumber" => json!({"result": "0xc8"}),
        _ => json!({"result": block(5, 5)}),
    });
    let nodes = [old.await, chain(200, honest).await];
    let error = rpc(&nodes, 2).latest().await.unwrap_err().to_string();
    assert!(error.contains("asked for block 200, it gives block 5"), "{error}");
}

async fn call(rpc: &Rpc) -> Result<Result<Bytes, Revert>, ChainError> {
    let block = Block { number: 1, hash: B256::ZERO, timestamp: 0 };
    let reader = BlockReader::new(rpc.clone(), Whom::Any, block);
    reader.call("a word", Address::ZERO, vec![1, 2, 3, 4]).await
}

/// A node that drops the data of reverts is seen as such, though it was over its limits when it
/// was asked whether it does.
#[tokio::test]
async fn what_a_busy_node_says_of_reverts_is_not_kept() {
    for data in [Value::Null, "0x".into()] {
        let asked = AtomicBool::new(false);
        let node = node(move |_, params| {
            let busy = is_probe(&params[0]) && !asked.swap(true, Ordering::Relaxed);
            match busy {
                true => json!({"error": {"code": -32005, "message": "limit exceeded"}}),
                false => {
                    json!({"error": {"code": -32000, "message": "execution reverted", "data": data}})
                }
            }
        });
        let rpc = rpc(&[node.await], 1);
        let error = call(&rpc).await.unwrap_err().to_string();
        assert!(error.contains("drops the data"), "{error}");
    }
}

/// Besu before 2024 says "Internal error" of every revert; others of their own trouble.
#[tokio::test]
async fn words_that_tell_nothing_are_the_nodes_fault() {
    for said in ["Internal error", "", "Server error"] {
        let bare = move |_: &str, _: &Value| json!({"error": {"code": -32603, "message": said}});
        let error = call(&rpc(&[node(bare).await], 1)).await.unwrap_err();
        assert!(matches!(error, ChainError::Rpc { .. }), "{error}");
        let error = error.to_string();
        assert!(
            error.contains("drops the data") && error.contains(&format!("{said:?}")),
            "{error}"
        );
        // One that tells reverts is in trouble; another is asked.
        let troubled = move |_: &str, params: &Value| match is_probe(&params[0]) {
            true => json!({"error": {"code": 3, "message": "execution reverted",
                                     "data": format!("0x{}", "00".repeat(36))}}),
            false => json!({"error": {"code": -32603, "message": said}}),
        };
        let error = call(&rpc(&[node(troubled).await], 1)).await.unwrap_err().to_string();
        assert!(!error.contains("drops the data"), "{error}");
        let other = node(|_, _| json!({"result": "0x07"})).await;
        let found = call(&rpc(&[node(bare).await, other], 1)).await.unwrap();
        assert_eq!(found, Ok(Bytes::from(vec![7])));
    }
    // Whatever else it says of a call that surely reverts, it has dropped the data.
    let odd = |_: &str, _: &Value| json!({"error": {"code": -32000, "message": "no luck"}});
    let error = call(&rpc(&[node(odd).await], 1)).await.unwrap_err().to_string();
    assert!(error.contains("drops the data"), "{error}");
}

#[tokio::test]
async fn a_node_that_tells_reverts_is_believed_that_there_is_no_reason() {
    let node = node(|_, params| match is_probe(&params[0]) {
        true => {
            let data = format!("0x{}", "00".repeat(36));
            json!({"error": {"code": -32603, "message": "Internal error", "data": {"data": data}}})
        }
        false => json!({"error": {"code": -32603, "message": "reverted", "data": {"data": "0x"}}}),
    });
    let rpc = rpc(&[node.await], 1);
    assert_eq!(call(&rpc).await.unwrap(), Err(Revert(Bytes::new())));
}

/// What a contract answers is what its interface says, or an error; never a default.
#[tokio::test]
async fn answers_that_are_none() {
    use crate::chain::contracts::calls::{ownerhashFeesCall, supportsInterfaceCall};
    let word = |end: &str| format!("0x{end:0>64}");
    for (answer, fee, supports) in [
        (json!({"result": word("7")}), Ok(Some(7)), false),
        (json!({"result": word("1")}), Ok(Some(1)), true),
        (json!({"result": "0x"}), Ok(None), false),
        (
            json!({"error": {"code": 3, "message": "execution reverted", "data": word("")}}),
            Ok(None),
            false,
        ),
        (json!({"result": "0x07"}), Err("0x07"), false),
    ] {
        let server = node(move |_, _| answer.clone()).await;
        let rpc = rpc(&[server], 1);
        let block = Block { number: 1, hash: B256::ZERO, timestamp: 0 };
        let reader = BlockReader::new(rpc, Whom::Any, block);
        let found = reader.ask(Address::ZERO, ownerhashFeesCall {}).await;
        match fee {
            Ok(fee) => assert_eq!(found.unwrap().map(|fee| fee.to()), fee),
            Err(shown) => {
                let error = found.unwrap_err();
                assert!(matches!(error, ChainError::Malformed { .. }), "{error}");
                assert!(error.to_string().contains(shown), "{error}");
            }
        }
        let call = supportsInterfaceCall { id: [1, 2, 3, 4].into() };
        assert_eq!(reader.probe(Address::ZERO, call).await.unwrap().unwrap_or(false), supports);
    }
}

/// Old contracts burn all the gas they get; running out of it is that they lack the function.
#[tokio::test]
async fn interfaces_are_asked_for_with_little_gas() {
    use crate::chain::contracts::calls::supportsInterfaceCall;
    let server = node(|_, params| {
        assert_eq!(params[0]["gas"], "0x186a0", "{params}");
        json!({"error": {"code": -32000, "message": "out of gas: gas required exceeds: 100000"}})
    })
    .await;
    let block = Block { number: 1, hash: B256::ZERO, timestamp: 0 };
    let reader = BlockReader::new(rpc(&[server], 1), Whom::Any, block);
    let call = supportsInterfaceCall { id: [1, 2, 3, 4].into() };
    assert_eq!(reader.ask(Address::ZERO, call).await.unwrap(), None);
}
