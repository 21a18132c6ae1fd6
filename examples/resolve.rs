//! Resolves records with chain facts given by hand, every block and signature checked.
//!
//! `cargo run --example resolve -- nick.eth ipns://k51… 0xOWNER https://ipfs.io text/avatar`

#![allow(clippy::print_stdout)]

use namesys::ens::Name;
use namesys::net::{Http, HttpConfig};
use namesys::record::RecordKey;
use namesys::recordhash::Recordhash;
use namesys::resolve::{FetchLimits, Freshness, GivenFacts, Proof, resolve_given};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, recordhash, owner, gateway, records @ ..] = &arguments[..] else {
        return Err("give NAME RECORDHASH OWNER GATEWAY RECORD…".into());
    };
    let name = Name::parse(name)?;
    let recordhash: Recordhash = recordhash.parse()?;
    let keys = records.iter().map(|text| RecordKey::parse(text)).collect::<Result<Vec<_>, _>>()?;
    let http = Http::new(HttpConfig::default())?;
    let (gateways, limits) = (vec![gateway.parse()?], FetchLimits::default());
    let (owner, approved_signers) = (owner.parse()?, Vec::new());
    let facts = GivenFacts { name, owner, recordhash, chain_id: 1, approved_signers };
    for record in resolve_given(http, gateways, limits, facts, &keys).await?.records {
        match record.value {
            Ok(value) => {
                let proof = record.proof.as_ref();
                let freshness = proof.map_or(Freshness::Unproven, Proof::freshness);
                println!("{} = {value} (freshness: {freshness})", record.key);
            }
            Err(error) => println!("{}: {error}", record.key),
        }
    }
    Ok(())
}
