//! The resolver with records on chain, for every record type.

use alloy::sol_types::SolCall;
use alloy_primitives::{B256, Bytes, U256, hex};
use anyhow::{Result, ensure};
use namesys::devnet::chain::PLAIN_RESOLVER;
use namesys::devnet::chain::bindings::PlainResolver::*;
use namesys::ens::Name;
use namesys::record::Value;

use crate::people::{key, name, person, value};
use crate::trials::signers::RECORDS;
use crate::world::World;

/// nick.eth TXT "hi"; one class, TTL and length.
pub const RRSET: [u8; 23] = hex!("046e69636b0365746800 0010 0001 00000e10 0003 026869");

/// The calls that set every record of [`RECORDS`], `dns/16` being [`RRSET`].
pub fn setters(of: &Name) -> Vec<Bytes> {
    let node = of.node();
    let mut calls = Vec::new();
    for (kind, text) in RECORDS {
        calls.push(match value(kind, text) {
            Value::Text(value) => {
                let key = kind["text/".len()..].to_owned();
                setTextCall { node, key, value }.abi_encode()
            }
            Value::Address { coin, bytes } => {
                let coin = U256::from(coin.number());
                setAddrCall { node, coinType: coin, a: bytes.into() }.abi_encode()
            }
            Value::Contenthash(hash) => {
                setContenthashCall { node, hash: hash.as_bytes().to_vec().into() }.abi_encode()
            }
            Value::Pubkey { x, y } => setPubkeyCall { node, x, y }.abi_encode(),
            Value::Name(name) => setNameCall { node, newName: name }.abi_encode(),
            Value::Interface(implementer) => {
                setInterfaceCall { node, id: [0x01, 0xff, 0xc9, 0xa7].into(), implementer }
                    .abi_encode()
            }
            Value::Abi { content_type, data, .. } => {
                let content_type = U256::from(content_type);
                setABICall { node, contentType: content_type, data: data.into() }.abi_encode()
            }
            Value::Zonehash(hash) => setZonehashCall { node, hash: hash.into() }.abi_encode(),
            Value::Dns(_) => setDNSRecordsCall { node, data: RRSET.into() }.abi_encode(),
        });
    }
    calls.into_iter().map(Bytes::from).collect()
}

pub async fn records() -> Result<()> {
    let (owner, nick) = (person(1).address(), name("nick.eth"));
    let world = World::start().await?;
    world.chain.register(&nick, owner, PLAIN_RESOLVER).await?;
    let node = nick.node();
    let all = multicallCall { data: setters(&nick) };
    let stranger = world.chain.send(person(2).address(), PLAIN_RESOLVER, all.clone()).await;
    ensure!(stranger.is_err(), "a stranger set records");
    world.chain.send(owner, PLAIN_RESOLVER, all).await?;
    let read = async |kind: &str| -> Result<Value> {
        let answer = world.call(PLAIN_RESOLVER, key(kind).resolver_call_of(&nick)).await?;
        Ok(Value::abi_decode(&key(kind), &answer.map_err(|e| anyhow::anyhow!("{e:?}"))?)?)
    };
    for (kind, text) in RECORDS {
        let expected = match kind {
            "dns/16" => Value::Dns(RRSET.to_vec()),
            _ => value(kind, text),
        };
        ensure!(read(kind).await? == expected, "{kind}");
    }
    // The same name and type without data deletes.
    let empty = hex!("046e69636b0365746800 0010 0001 00000000 0000");
    let delete = setDNSRecordsCall { node, data: empty.into() };
    world.chain.send(owner, PLAIN_RESOLVER, delete).await?;
    ensure!(read("dns/16").await? == Value::Dns(Vec::new()));
    let cut = setDNSRecordsCall { node, data: RRSET[..15].to_vec().into() };
    ensure!(world.chain.send(owner, PLAIN_RESOLVER, cut).await.is_err(), "a record cut short");
    world.chain.send(owner, PLAIN_RESOLVER, clearRecordsCall { node }).await?;
    ensure!(read("text/avatar").await? == Value::Text(String::new()));
    ensure!(read("pubkey").await? == Value::Pubkey { x: B256::ZERO, y: B256::ZERO });
    Ok(())
}
