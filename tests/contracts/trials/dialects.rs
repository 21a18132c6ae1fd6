//! Nodes that say in their own way that a call reverts, and resolvers that are none.

use alloy_primitives::{Address, U256, hex};
use anyhow::{Context, Result, ensure};
use namesys::devnet::chain::PLAIN_RESOLVER;
use namesys::devnet::chain::bindings::PlainResolver;
use namesys::ens::Name;
use namesys::report::ErrorKind;
use serde_json::{Value, json};

use crate::cli::{Run, accepted, record};
use crate::node::{Do, node};
use crate::people::{ipns_key, name, person, signed};
use crate::place::set_code;
use crate::reports::kind;
use crate::world::World;

const AVATAR: &str = "text/avatar";

/// A resolver of 2017: it has addr(bytes32), and ends all else with an invalid opcode.
const OLD: &[u8] = &hex!(
    "60003560e01c633b3b57de14601057fe5b73da87a099a80fce4778310474aaeb64b820c871a060005260206000f3"
);
/// It supports ENSIP-10, and answers `resolve` with a word of ones.
const ONES: &[u8] = &hex!(
    "60003560e01c806301ffc9a714601e57639061b9231460335760006000fd5b60043560e01c639061b92314600052"
    "60206000f35b60001960005260206000f3"
);
/// It answers everything with 1: `PUSH1 1, PUSH1 0, MSTORE, PUSH1 32, PUSH1 0, RETURN`.
const YES: &[u8] = &hex!("600160005260206000f3");

fn edited(answer: &mut Value, edit: impl Fn(Value) -> Value) {
    if answer["error"]["code"] == 3 {
        let error = edit(answer["error"]["data"].take());
        answer["error"] = error;
    }
}

/// The same revert in the words of other clients and providers.
const DIALECTS: [fn(&mut Value); 6] = [
    |answer| {
        edited(
            answer,
            |data| json!({"code": -32015, "message": "VM execution error.", "data": data}),
        );
    },
    |answer| {
        edited(answer, |data| {
            let data = format!("Reverted {}", data.as_str().unwrap_or_default());
            json!({"code": -32015, "message": "VM execution error.", "data": data})
        });
    },
    |answer| {
        edited(
            answer,
            |data| json!({"code": -32000, "message": "Execution reverted", "data": data}),
        );
    },
    |answer| {
        edited(answer, |data| {
            let data = data.as_str().unwrap_or_default().to_uppercase().replace("0X", "0x");
            json!({"code": -32000, "message": "transaction failed", "data": data})
        });
    },
    |answer| {
        edited(answer, |data| {
            let data = json!({"hash": format!("0x{}", "ab".repeat(32)), "data": data});
            json!({"code": -32603, "message": "Internal error", "data": data})
        });
    },
    |answer| {
        if answer["error"]["code"] == 3 {
            let data = answer["error"]["data"].take();
            *answer = json!({"jsonrpc": "2.0", "id": answer["id"], "result": data});
        }
    },
];

/// Replaces the words of code that cannot run on; a revert with data stays as it is.
fn halted(answer: &mut Value, error: Value) {
    let is_revert = answer["error"]["data"].as_str().is_some_and(|data| data.len() > 2);
    if answer["error"].is_object() && !is_revert {
        answer["error"] = error;
    }
}

/// How clients say that code met an invalid opcode: geth and Erigon, reth, Nethermind, Besu of
/// then and now.
const HALTS: [fn(&mut Value); 5] = [
    |answer| halted(answer, json!({"code": -32000, "message": "invalid opcode: INVALID"})),
    |answer| halted(answer, json!({"code": -32003, "message": "EVM error: InvalidFEOpcode"})),
    |answer| {
        let error = json!({
            "code": -32015, "message": "VM execution error.", "data": "err: BadInstruction"
        });
        halted(answer, error);
    },
    |answer| {
        let message = "Transaction processing could not be completed due to an exception";
        halted(answer, json!({"code": -32000, "message": message}));
    },
    |answer| {
        let message = "Transaction processing could not be completed due to an exception \
                       (invalid opcode: 0xfe)";
        halted(answer, json!({"code": -32000, "message": message}));
    },
];

/// A lookup is found whatever the node's dialect; one that drops it is named, and another asked.
pub async fn reverts() -> Result<()> {
    let (owner, key, nick) = (person(1), ipns_key(1), name("nick.eth"));
    let world = World::with_nick(&owner, &key).await?;
    let good = signed(&nick, AVATAR, "good", &owner, None);
    world.publish(&key, &[(&nick, AVATAR, good)]).await?;
    let truth = world.chain.rpc_url();
    for (number, edit) in DIALECTS.into_iter().enumerate() {
        let speaker = node(truth, move |method, _| match method {
            "eth_call" => Do::Edit(edit),
            _ => Do::PassOn,
        })
        .await?;
        let run = Run::resolve(&["nick.eth", AVATAR, "-r", &speaker.url]).on(&world);
        let document = run.ends(0).await.with_context(|| format!("dialect {number}"))?;
        accepted(&document, "good")?;
    }
    let silent = node(truth, |method, _| match method {
        "eth_call" => Do::Edit(|answer| {
            edited(answer, |_| json!({"code": -32000, "message": "execution reverted"}));
        }),
        _ => Do::PassOn,
    })
    .await?;
    let ask = |nodes: &[&str]| {
        let nodes = nodes.iter().flat_map(|url| ["-r", url]);
        let arguments: Vec<&str> = ["nick.eth", AVATAR].into_iter().chain(nodes).collect();
        Run::resolve(&arguments).on(&world)
    };
    let document = ask(&[&silent.url]).ends(1).await?;
    let message = document["error"]["message"].as_str().context("message")?;
    ensure!(
        kind(&document) == Some(ErrorKind::Rpc) && message.contains(&silent.url),
        "{document:#}"
    );
    ensure!(message.contains("drops the data"), "{message}");
    accepted(&ask(&[&silent.url, truth]).ends(0).await?, "good")
}

async fn register(world: &World, label: &str, code: &[u8]) -> Result<Name> {
    let (name, resolver) =
        (name(&format!("{label}.eth")), Address::left_padding_from(label.as_bytes()));
    set_code(world.chain.provider(), resolver, code).await?;
    world.chain.register(&name, person(1).address(), resolver).await?;
    Ok(name)
}

/// A resolver of 2017; one that answers with what its interface does not allow; one that says
/// yes to everything; and an account without code.
pub async fn resolvers() -> Result<()> {
    let world = World::start().await?;
    let ask = |name: &Name, key: &str| Run::resolve(&[name.as_str(), key]).on(&world);
    let old = register(&world, "old", OLD).await?;
    let document = ask(&old, "address/60").ends(0).await?;
    ensure!(
        record(&document)?["value"] == "0xdA87a099a80fcE4778310474AaeB64b820c871a0",
        "{document:#}"
    );
    let lacks = ask(&old, AVATAR).ends(4).await?;
    ensure!(kind(&lacks) == Some(ErrorKind::NoRecord), "{lacks:#}");
    for (number, edit) in HALTS.into_iter().enumerate() {
        let speaker = node(world.chain.rpc_url(), move |method, _| match method {
            "eth_call" => Do::Edit(edit),
            _ => Do::PassOn,
        })
        .await?;
        let run = |key: &str| ask(&old, key).env("ETH_RPC_URL", &speaker.url);
        let document = run("address/60").ends(0).await.with_context(|| format!("halt {number}"))?;
        let value = &record(&document)?["value"];
        ensure!(value == "0xdA87a099a80fcE4778310474AaeB64b820c871a0", "{number}: {document:#}");
        let lacks = run(AVATAR).ends(4).await.with_context(|| format!("halt {number}"))?;
        ensure!(kind(&lacks) == Some(ErrorKind::NoRecord), "{number}: {lacks:#}");
    }
    let ones = register(&world, "ones", ONES).await?;
    let document = ask(&ones, AVATAR).ends(1).await?;
    ensure!(kind(&document) == Some(ErrorKind::Contract), "{document:#}");
    ensure!(document["error"]["message"].to_string().contains("must return bytes"), "{document:#}");
    let yes = register(&world, "yes", YES).await?;
    let document = ask(&yes, AVATAR).ends(1).await?;
    ensure!(document["resolver_kind"] == "plain", "neither CCIP2 nor ENSIP-10: {document:#}");
    ensure!(kind(&document) == Some(ErrorKind::Contract), "{document:#}");

    let (wallet, account) = (name("wallet.eth"), person(3).address());
    world.chain.register(&wallet, person(1).address(), account).await?;
    let document = ask(&wallet, AVATAR).ends(1).await?;
    let message = document["error"]["message"].as_str().context("message")?;
    ensure!(message.contains(&format!("{account}, is not a contract")), "{message}");
    Ok(())
}

/// The zero address of a chain is none; a primary name that was cleared stays so.
pub async fn unset() -> Result<()> {
    let (world, owner, nick) = (World::start().await?, person(1).address(), name("nick.eth"));
    world.chain.register(&nick, owner, PLAIN_RESOLVER).await?;
    let set = |coin: u64, bytes: Vec<u8>| PlainResolver::setAddrCall {
        node: nick.node(),
        coinType: U256::from(coin),
        a: bytes.into(),
    };
    world.chain.send(owner, PLAIN_RESOLVER, set(2_147_492_101, vec![0; 20])).await?;
    world.chain.send(owner, PLAIN_RESOLVER, set(60, owner.to_vec())).await?;
    let unset = Run::resolve(&["nick.eth", "address/base"]).on(&world).ends(4).await?;
    ensure!(kind(&unset) == Some(ErrorKind::NoRecord), "{unset:#}");

    let default = name(&format!("{}.default.reverse", hex::encode(owner)));
    world.chain.register(&default, owner, PLAIN_RESOLVER).await?;
    let call = PlainResolver::setNameCall { node: default.node(), newName: nick.to_string() };
    world.chain.send(owner, PLAIN_RESOLVER, call).await?;
    let reverse = || Run::resolve(&[&owner.to_string()]).on(&world);
    let document = reverse().ends(0).await?;
    ensure!(document["name"] == "nick.eth", "the one for all chains: {document:#}");
    world.chain.set_primary_name(owner, &nick).await?;
    reverse().ends(0).await?;
    let own = name(&format!("{}.addr.reverse", hex::encode(owner)));
    let call = PlainResolver::setNameCall { node: own.node(), newName: String::new() };
    world.chain.send(owner, PLAIN_RESOLVER, call).await?;
    let cleared = reverse().ends(4).await?;
    ensure!(kind(&cleared) == Some(ErrorKind::NoName), "{cleared:#}");
    Ok(())
}
