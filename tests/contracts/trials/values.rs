//! `namesys resolve` of what a resolver keeps on chain: every coin and every contenthash codec
//! in its own form.

use std::collections::BTreeMap;

use alloy::sol_types::SolCall;
use alloy_primitives::{Bytes, U256};
use anyhow::{Context, Result, ensure};
use namesys::devnet::chain::PLAIN_RESOLVER;
use namesys::devnet::chain::bindings::PlainResolver::{
    multicallCall, setAddrCall, setContenthashCall,
};
use namesys::report::ErrorKind;
use serde::Deserialize;
use serde_json::Value;

use crate::cli::Run;
use crate::people::{name, person};
use crate::reports::kind;
use crate::world::World;

const ADDRESSES: [&str; 2] = [
    include_str!("../../vectors/addresses.json"),
    include_str!("../../vectors/addresses_more.json"),
];
const CONTENTHASHES: &str = include_str!("../../vectors/contenthash.json");

#[derive(Deserialize)]
struct Vectors<T> {
    cases: Vec<T>,
}

#[derive(Deserialize)]
struct AddressCase {
    coin_type: u64,
    text: String,
    bytes: Bytes,
    display: Option<String>,
}

#[derive(Deserialize)]
struct ContenthashCase {
    codec: String,
    value: String,
    contenthash: Bytes,
}

/// What a name is to have: bytes and text of each record.
type Wanted = BTreeMap<String, (Bytes, String)>;

/// One name for the first vector of every record, one for the second, …
fn rounds() -> Result<Vec<Wanted>> {
    let mut rounds: Vec<Wanted> = Vec::new();
    let mut put = |record: String, bytes: Bytes, text: String| {
        let free = rounds.iter().position(|round| !round.contains_key(&record));
        let number = free.unwrap_or(rounds.len());
        if number == rounds.len() {
            rounds.push(Wanted::new());
        }
        rounds[number].insert(record, (bytes, text));
    };
    for file in ADDRESSES {
        for case in serde_json::from_str::<Vectors<AddressCase>>(file)?.cases {
            let text = case.display.unwrap_or(case.text);
            put(format!("address/{}", case.coin_type), case.bytes, text);
        }
    }
    for case in serde_json::from_str::<Vectors<ContenthashCase>>(CONTENTHASHES)?.cases {
        let scheme = match &*case.codec {
            "swarm" => "bzz",
            "skynet" => "sia",
            "arweave" => "ar",
            codec => codec,
        };
        // A CID of version 0 is shown in version 1.
        if !case.value.starts_with("Qm") {
            put("contenthash".to_owned(), case.contenthash, format!("{scheme}://{}", case.value));
        }
    }
    put("contenthash".to_owned(), vec![1, 2, 3].into(), "0x010203".to_owned());
    put("address/12345678".to_owned(), vec![1, 2, 3].into(), "0x010203".to_owned());
    Ok(rounds)
}

pub async fn every() -> Result<()> {
    let world = World::start().await?;
    let owner = person(1).address();
    let rounds = rounds()?;
    ensure!(rounds.iter().map(BTreeMap::len).sum::<usize>() > 230, "{}", rounds.len());
    for (number, wanted) in rounds.iter().enumerate() {
        let of = name(&format!("r{number}.eth"));
        world.chain.register(&of, owner, PLAIN_RESOLVER).await?;
        let node = of.node();
        let calls: Vec<Bytes> = wanted
            .iter()
            .map(|(record, (bytes, _))| match record.strip_prefix("address/") {
                Some(coin) => {
                    let coin_type = U256::from(coin.parse::<u64>().unwrap_or_default());
                    setAddrCall { node, coinType: coin_type, a: bytes.clone() }.abi_encode().into()
                }
                None => setContenthashCall { node, hash: bytes.clone() }.abi_encode().into(),
            })
            .collect();
        // More would not fit into one transaction's gas.
        for some in calls.chunks(40) {
            let call = multicallCall { data: some.to_vec() };
            world.chain.send(owner, PLAIN_RESOLVER, call).await?;
        }
        let records: Vec<&str> = wanted.keys().map(String::as_str).collect();
        let arguments = [&[of.as_str()], &records[..]].concat();
        let document = Run::resolve(&arguments).on(&world).ends(0).await?;
        let found = document["records"].as_array().context("records")?;
        ensure!(found.len() == records.len(), "{of}");
        for record in found {
            let kind = record["record"].as_str().context("record")?;
            let (_, text) = wanted.get(kind).with_context(|| kind.to_owned())?;
            ensure!(record["value"] == **text, "{kind} is {text}, not {record}");
            ensure!(record["freshness"] == "chain", "{record}");
        }
    }
    damaged(&world).await
}

/// Bytes that are no value of their kind: said, with the bytes, and not taken for missing.
async fn damaged(world: &World) -> Result<()> {
    let (of, owner) = (name("damaged.eth"), person(1).address());
    world.chain.register(&of, owner, PLAIN_RESOLVER).await?;
    let (node, coin) = (of.node(), U256::ZERO);
    let bytes = Bytes::from(vec![0xe3, 0x01, 0xff]);
    let call = setAddrCall { node, coinType: coin, a: bytes.clone() };
    world.chain.send(owner, PLAIN_RESOLVER, call).await?;
    world.chain.send(owner, PLAIN_RESOLVER, setContenthashCall { node, hash: bytes }).await?;
    for records in [&["address/0", "contenthash"][..], &[]] {
        let arguments = [&["damaged.eth"], records].concat();
        let document = Run::resolve(&arguments).on(world).ends(1).await?;
        ensure!(kind(&document) == Some(ErrorKind::BadValue), "{document:#}");
        let found: Vec<&Value> =
            document["records"].as_array().context("records")?.iter().collect();
        ensure!(found.len() == 2, "{document:#}");
        for record in found {
            ensure!(record["value"].is_null() && record["absent"] == false, "{record}");
            ensure!(record["error"].to_string().contains("e301ff"), "{record}");
        }
    }
    Ok(())
}
