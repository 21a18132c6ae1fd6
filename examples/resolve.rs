//! Resolves records with chain facts given by hand, every block and signature checked.
//!
//! `cargo run --example resolve -- nick.eth ipns://k51… 0xOWNER https://ipfs.io text/avatar`

#![allow(clippy::print_stdout)]

use jiff::Timestamp;
use namesys::ens::Name;
use namesys::net::{Http, HttpConfig};
use namesys::record::RecordKey;
use namesys::recordhash::Recordhash;
use namesys::resolve::{ChainFacts, FetchLimits, Freshness, Proof, RecordFiles, resolve_records};

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
    let files =
        RecordFiles::open(http, gateways, &recordhash, &name, limits, Timestamp::now()).await?;
    let facts =
        ChainFacts { name, owner: owner.parse()?, chain_id: 1, approved_signers: Vec::new() };
    for resolved in resolve_records(&files, &facts, &keys).await {
        match resolved.record {
            Ok(record) => {
                let freshness =
                    resolved.proof.as_ref().map_or(Freshness::Unproven, Proof::freshness);
                println!("{} = {} (freshness: {freshness})", resolved.key, record.value());
            }
            Err(error) => println!("{}: {error}", resolved.key),
        }
    }
    Ok(())
}
