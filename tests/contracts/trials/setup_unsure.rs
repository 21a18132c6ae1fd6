//! `namesys setup` while it is not sure what becomes of a transaction.

use std::sync::atomic::{AtomicUsize, Ordering};

use alloy::providers::Provider;
use anyhow::{Context, Result, ensure};
use namesys::devnet::chain::CCIP2_RESOLVER;
use namesys::report::ErrorKind;
use serde_json::{Value, json};

use crate::node::{Do, node};
use crate::people::person;
use crate::place::{Place, sent};
use crate::reports::kind;

const RECEIPT: &str = "eth_getTransactionReceipt";

async fn raw(place: &Place, method: &'static str, params: Value) -> Result<Value> {
    Ok(place.world.chain.provider().raw_request(method.into(), params).await?)
}

/// What was sent and is not mined is not sent again under another number.
pub async fn pending() -> Result<()> {
    let place = Place::published(1, &[]).await?;
    let owner = person(1).address();
    let count = async || -> Result<u64> {
        Ok(place.world.chain.provider().get_transaction_count(owner).await?)
    };
    let before = count().await?;
    raw(&place, "evm_setAutomine", json!([false])).await?;
    let setup = ["setup", "--yes", "--wait", "1"];
    let waits = place.ends(1, &setup).await?;
    ensure!(kind(&waits) == Some(ErrorKind::NotMined), "{waits:#}");
    let again = place.ends(1, &setup).await?;
    ensure!(kind(&again) == Some(ErrorKind::Pending), "{again:#}");
    let error = again["error"].to_string();
    ensure!(error.contains("1 transaction of") && error.contains(&owner.to_string()), "{error}");
    ensure!(again["transactions"][0]["hash"].is_null(), "{again:#}");
    raw(&place, "evm_mine", json!([])).await?;
    raw(&place, "evm_setAutomine", json!([true])).await?;
    let rest = place.ends(0, &setup).await?;
    ensure!(sent(&rest)?.len() == 1, "{rest:#}");
    ensure!(count().await? == before + 2, "it was paid for twice");
    Ok(())
}

/// What waits is no fact of the chain: one node has not heard of it.
pub async fn pending_at_one_node() -> Result<()> {
    let place = Place::published(1, &[]).await?;
    let truth = place.world.chain.rpc_url().to_owned();
    raw(&place, "evm_setAutomine", json!([false])).await?;
    let waits = place.ends(1, &["setup", "--yes", "--wait", "1"]).await?;
    ensure!(kind(&waits) == Some(ErrorKind::NotMined), "{waits:#}");
    // The counts of those that are mined, and of all, are asked for in turn.
    let other = node(&truth, |method, before| match (method, before % 2) {
        ("eth_getTransactionCount", 1) => Do::Edit(|answer| {
            let all = answer["result"].as_str().and_then(|all| all.strip_prefix("0x"));
            let all = all.and_then(|all| u64::from_str_radix(all, 16).ok()).unwrap_or_default();
            answer["result"] = format!("{:#x}", all.saturating_sub(1)).into();
        }),
        _ => Do::PassOn,
    })
    .await?;
    let both = ["-r", &truth, "-r", &other.url, "--rpc-quorum", "2"];
    let again = place.ends(1, &[&["setup", "--yes", "--wait", "1"], &both[..]].concat()).await?;
    ensure!(kind(&again) == Some(ErrorKind::Pending), "{again:#}");
    Ok(())
}

/// One node of three says that the transaction reverted; one of two.
pub async fn receipts() -> Result<()> {
    let place = Place::published(1, &[]).await?;
    let truth = place.world.chain.rpc_url().to_owned();
    let lying = node(&truth, |method, _| match method {
        RECEIPT => Do::Edit(|answer| {
            if answer["result"].is_object() {
                answer["result"]["status"] = "0x0".into();
            }
        }),
        _ => Do::PassOn,
    })
    .await?;
    let setup = ["setup", "--yes", "--wait", "2", "--rpc-quorum", "2"];
    let two = ["-r", &lying.url, "-r", &truth];
    let differ = place.ends(3, &[&setup[..], &two].concat()).await?;
    ensure!(kind(&differ) == Some(ErrorKind::Disagreement), "{differ:#}");
    let message = differ["error"]["message"].as_str().context("message")?;
    ensure!(message.contains("mined and reverted in block"), "{message}");
    ensure!(place.resolver().await? == CCIP2_RESOLVER, "it was sent");
    let three = ["-r", &lying.url, "-r", &truth, "-r", &truth];
    let rest = place.ends(0, &[&setup[..], &three].concat()).await?;
    ensure!(sent(&rest)?.len() == 1, "{rest:#}");
    Ok(())
}

/// The block of the transaction is not there when it is read back, and then it is.
pub async fn lost_block() -> Result<()> {
    let place = Place::published(1, &[]).await?;
    // So often a call fails once there is a receipt: more than it is tried again by itself.
    let (left, failures) = (AtomicUsize::new(0), 7);
    let behind = node(place.world.chain.rpc_url(), move |method, before| match (method, before) {
        (RECEIPT, 0) => {
            left.store(failures, Ordering::SeqCst);
            Do::PassOn
        }
        ("eth_call", _) => {
            let less = |left: usize| left.checked_sub(1);
            match left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less) {
                Ok(_) => Do::Edit(|answer| {
                    let error = json!({ "code": -32000, "message": "header not found" });
                    *answer = json!({ "jsonrpc": "2.0", "id": answer["id"], "error": error });
                }),
                Err(_) => Do::PassOn,
            }
        }
        _ => Do::PassOn,
    })
    .await?;
    let document = place.run(&["setup", "--yes"]).env("ETH_RPC_URL", &behind.url).ends(0).await?;
    ensure!(sent(&document)?.len() == 2, "{document:#}");
    Ok(())
}
