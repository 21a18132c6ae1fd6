//! Packs files, uploads them, points an IPNS name at them and resolves a record back, on a
//! devnet inside the process.
//!
//! `cargo run --example publish`

#![allow(clippy::print_stdout)]

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use namesys::devnet::{Devnet, DevnetConfig};
use namesys::ens::Name;
use namesys::ipfs::upload::{Kubo, Upload};
use namesys::ipfs::{CarWriter, pack_files};
use namesys::ipns::{ReadBack, UnverifiedRecord, W3name, create, publish_and_read_back};
use namesys::keys::{IpnsKey, SignerKey};
use namesys::net::{Http, HttpConfig};
use namesys::record::{RecordFile, RecordKey, Value, record_path};
use namesys::recordhash::Recordhash;
use namesys::resolve::{FetchLimits, GivenFacts, resolve_given};
use namesys::secret::Secret;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let devnet = Devnet::start(DevnetConfig::ephemeral()).await?;
    let urls = devnet.urls();
    let http = Http::new(HttpConfig::default())?;

    // A record that the owner itself signs needs no approval.
    let owner = SignerKey::from_scalar(&Secret::new([1; 32]))?;
    let name = Name::parse("nick.eth")?;
    let key = RecordKey::parse("text/avatar")?;
    let value = Value::parse(&key, "https://example.com/avatar.png")?;
    let record = owner.sign_record(&name, &key, &value, 1, None);
    let file = RecordFile::new(&record.encode()).to_json();

    let folder = tempfile::tempdir()?;
    let car_path = folder.path().join("tree.car");
    let mut car = CarWriter::create(&car_path)?;
    let packed = pack_files([(record_path(&name, &key), file)], &mut car)?;
    car.finish(&packed.root)?;
    Kubo::new(http.clone(), urls.kubo.parse()?, None).upload(&car_path, &packed.root, None).await?;

    let ipns = IpnsKey::from_seed(&Secret::new([3; 32]));
    let now = Timestamp::now();
    let validity = now.saturating_add(SignedDuration::from_hours(24))?;
    let target = format!("/ipfs/{}", packed.root);
    let bytes = create(&ipns, &target, 0, validity, Duration::from_secs(300))?;
    let signed = UnverifiedRecord::parse(&bytes)?.verify(&ipns.name(), now)?;
    let w3name = W3name::new(http.clone(), urls.w3name.parse()?);
    publish_and_read_back(&w3name, &signed, ReadBack::default()).await?;
    println!("{} points to {target}", ipns.name());

    let recordhash = Recordhash::from(ipns.name());
    let gateways = vec![urls.gateway.parse()?];
    let (owner, approved_signers) = (owner.address(), Vec::new());
    let facts = GivenFacts { name, owner, recordhash, chain_id: 1, approved_signers };
    let limits = FetchLimits::default();
    for record in resolve_given(http, gateways, limits, facts, &[key]).await?.records {
        let (signer, _) = record.signed.ok_or("its signatures do not stand")?;
        println!("{} = {} (signed by {signer})", record.key, record.value?);
    }
    devnet.stop().await;
    Ok(())
}
