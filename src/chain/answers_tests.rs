use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use super::*;
use crate::chain::rpc::Whom;
use crate::chain::{Block, BlockReader, ChainError, Contracts, Rpc, RpcConfig, RpcUrl, Witness};
use crate::net::test_server::{Answer, TestServer, quick_http};

fn call(block: u8, to: u8, data: &[u8]) -> Call {
    Call { block: B256::repeat_byte(block), to: Address::repeat_byte(to), data: data.to_vec() }
}

/// What a node says.
fn by_one(value: Result<Bytes, Revert>) -> Said {
    crate::chain::Answer {
        value,
        by: Witness::from("http://node.example".parse::<RpcUrl>().unwrap()),
    }
}

#[test]
fn an_answer_is_of_its_call_at_its_block() {
    let (answers, said) = (Answers::default(), by_one(Ok(Bytes::from_static(b"an owner"))));
    answers.keep(call(1, 1, b"owner"), &said);
    assert_eq!(answers.get(&call(1, 1, b"owner")), Some(said));
    for other in [call(2, 1, b"owner"), call(1, 2, b"owner"), call(1, 1, b"other")] {
        assert_eq!(answers.get(&other), None, "{other:?}");
    }
}

#[test]
fn what_may_be_a_fault_or_is_long_is_asked_again() {
    let answers = Answers::default();
    let long = vec![1; MAX_ANSWER + 1];
    for said in [Vec::new(), long] {
        answers.keep(call(1, 1, b"a"), &by_one(Ok(said.clone().into())));
        answers.keep(call(1, 1, b"b"), &by_one(Err(Revert(said.into()))));
    }
    answers.keep(call(1, 1, &[0; MAX_CALL + 1]), &by_one(Ok(Bytes::from_static(b"x"))));
    assert_eq!(answers.answers().len(), 0);
    for number in 0..CAPACITY.get() as u32 + 10 {
        answers.keep(call(1, 1, &number.to_be_bytes()), &by_one(Err(Revert(vec![1].into()))));
    }
    assert_eq!(answers.answers().len(), CAPACITY.get());
}

/// A node that answers every call with `word`; while `down` it refuses.
async fn node(word: u8, down: &'static AtomicBool) -> TestServer {
    TestServer::start(move |_, request| {
        if down.load(Relaxed) {
            return Answer::new(403, "no");
        }
        let request: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
        let word = B256::repeat_byte(word);
        let answer = serde_json::json!({"jsonrpc": "2.0", "id": request["id"], "result": word});
        Answer::new(200, answer.to_string()).header("content-type: application/json")
    })
    .await
}

fn rpc(nodes: &[&TestServer]) -> Rpc {
    let urls = nodes.iter().map(|node| node.url.as_str().parse().unwrap()).collect();
    let config = RpcConfig { urls, quorum: nodes.len(), ..RpcConfig::default() };
    Rpc::new(&quick_http(), config).unwrap()
}

fn block(hash: u8) -> Block {
    Block { number: 1, hash: B256::repeat_byte(hash), timestamp: 0 }
}

static UP: AtomicBool = AtomicBool::new(false);

#[tokio::test]
async fn a_call_is_sent_once_a_block() {
    static DOWN: AtomicBool = AtomicBool::new(true);
    let node = node(7, &DOWN).await;
    let (rpc, to) = (rpc(&[&node]), Contracts::default().registry);
    let node_url = node.url.as_str();
    let read = |hash| {
        let reader = BlockReader::new(rpc.clone(), Whom::Any, block(hash));
        async move {
            let word = reader.read("a word", to, vec![1, 2, 3, 4]).await?;
            // Also where it is a kept answer.
            assert_eq!(reader.heard().to_string(), node_url);
            Ok(word)
        }
    };
    assert!(matches!(read(1).await, Err(ChainError::Rpc { .. })));
    DOWN.store(false, Relaxed);
    let sent = node.seen().len();
    for _ in 0..3 {
        assert_eq!(read(1).await.unwrap().unwrap()[..], [7; 32], "a failure is no answer");
    }
    assert_eq!(node.seen().len(), sent + 1);
    read(2).await.unwrap().unwrap();
    assert_eq!(node.seen().len(), sent + 2);
    for _ in 0..2 {
        let reader = BlockReader::new(rpc.clone(), Whom::Any, block(1));
        reader.call("a word", to, vec![1, 2, 3, 4]).await.unwrap().unwrap();
    }
    assert_eq!(node.seen().len(), sent + 4);
}

#[tokio::test]
async fn no_node_answers_for_another() {
    let (one, other) = (node(7, &UP).await, node(8, &UP).await);
    let (rpc, to) = (rpc(&[&one, &other]), Contracts::default().registry);
    for _ in 0..2 {
        let word = |at: BlockReader| async move {
            let answer = at.read("a word", to, vec![1, 2, 3, 4]).await?;
            Ok(answer.unwrap())
        };
        let error = rpc.at(block(1)).agreed("the word", word).await.unwrap_err();
        assert!(matches!(error, ChainError::Disagreement { .. }), "{error}");
    }
    assert_eq!((one.seen().len(), other.seen().len()), (1, 1));
}
