//! 1,000 names resolved with `namesys resolve -` against a real anvil and the devnet's gateway,
//! one at a time and 32 at a time: each proven by blocks, judged here and by the contract.
//!
//! `cargo bench --bench resolve`; needs anvil (`ANVIL`, in PATH, or npm to fetch it into `target/`).

#![allow(clippy::print_stdout)]

use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use alloy_primitives::Bytes;
use namesys::devnet::chain::bindings::CCIP2Resolver;
use namesys::devnet::chain::{
    AnvilSearch, CCIP2_RESOLVER, CHAIN_ID, ChainConfig, ChainDevnet, ChainGateways, Inherited,
};
use namesys::devnet::{Devnet, DevnetConfig};
use namesys::ens::Name;
use namesys::ipfs::upload::{Kubo, Upload};
use namesys::ipfs::{CarWriter, pack_files};
use namesys::ipns::{Publisher, UnverifiedRecord, W3name, create};
use namesys::keys::{IpnsKey, SignerKey};
use namesys::net::{Http, HttpConfig, parse_api_address};
use namesys::record::{RecordFile, RecordKey, Value, record_path};

const NAMES: usize = 1000;
const RECORD: &str = "text/avatar";

type Failable<T> = Result<T, Box<dyn Error>>;

fn main() -> Failable<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    let (chain, devnet, names) = runtime.block_on(world())?;
    for concurrency in ["1", "32"] {
        let began = Instant::now();
        resolve(&chain, &devnet, &names, concurrency)?;
        let took = began.elapsed();
        let rate = NAMES as f64 / took.as_secs_f64();
        println!("{NAMES} names, concurrency {concurrency}: {took:.2?}, {rate:.0} a second");
    }
    Ok(())
}

/// bench.eth with the CCIP2 resolver, and records of its subnames published.
async fn world() -> Failable<(ChainDevnet, Devnet, Vec<Name>)> {
    let owner = SignerKey::from_scalar(&[1; 32].into())?;
    let (key, bench) = (IpnsKey::from_seed(&[1; 32].into()), Name::parse("bench.eth")?);
    let devnet = Devnet::start(DevnetConfig::ephemeral()).await?;
    let anvil = AnvilSearch {
        program: std::env::var_os("ANVIL").map(Into::into),
        path: std::env::var_os("PATH"),
        cache: Some(Path::new(env!("CARGO_TARGET_TMPDIR")).to_path_buf()),
        inherited: Inherited::of(std::env::vars_os()),
    };
    let gateways = ChainGateways::local(devnet.addr().to_string());
    let chain = ChainDevnet::start(ChainConfig { anvil, port: 0, gateways }).await?;
    chain.register(&bench, owner.address(), CCIP2_RESOLVER).await?;
    let hash = Bytes::from(key.name().contenthash());
    let call = CCIP2Resolver::setRecordhashCall { node: bench.node(), hash };
    chain.send(owner.address(), CCIP2_RESOLVER, call).await?;

    let numbered = |number| Name::parse(&format!("n{number}.bench.eth"));
    let names: Vec<Name> = (0..NAMES).map(numbered).collect::<Result<_, _>>()?;
    let record = RecordKey::parse(RECORD)?;
    let mut files = Vec::new();
    for name in &names {
        let value = Value::parse(&record, name.as_str())?;
        let signed = owner.sign_record(name, &record, &value, CHAIN_ID, None);
        files.push((record_path(name, &record), RecordFile::new(&signed.encode()).to_json()));
    }
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("tree.car");
    let mut car = CarWriter::create(&path)?;
    let root = pack_files(files, &mut car)?.root;
    drop(car.finish(&root)?);
    let (http, urls) = (Http::new(HttpConfig::default())?, devnet.urls());
    let kubo = Kubo::new(http.clone(), parse_api_address(&urls.kubo)?, None);
    kubo.upload(&path, &root, None).await?;
    let validity = "2090-01-01T00:00:00Z".parse()?;
    let bytes = create(&key, &format!("/ipfs/{root}"), 0, validity, Duration::from_secs(60))?;
    let published = UnverifiedRecord::parse(&bytes)?.verify_signature(&key.name())?;
    W3name::new(http, urls.w3name.parse()?).put(&published).await?;
    Ok((chain, devnet, names))
}

/// Runs the program; every name must be there.
fn resolve(
    chain: &ChainDevnet,
    devnet: &Devnet,
    names: &[Name],
    concurrency: &str,
) -> Failable<()> {
    let home = tempfile::tempdir()?;
    let mut child = Command::new(env!("CARGO_BIN_EXE_namesys"))
        .args(["--json", "resolve", "-", RECORD, "--concurrency", concurrency])
        .current_dir(home.path())
        .env_clear()
        .env("HOME", home.path())
        .env("ETH_RPC_URL", chain.rpc_url())
        .env("NAMESYS_GATEWAY_URL", devnet.urls().gateway)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    // The program reads all of its input before it writes.
    let mut stdin = child.stdin.take().ok_or("stdin is piped")?;
    stdin.write_all(names.iter().map(|name| format!("{name}\n")).collect::<String>().as_bytes())?;
    drop(stdin);
    let output = child.wait_with_output()?;
    let document: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    match document["ok"] == names.len() {
        true => Ok(()),
        false => Err(format!("{}: {} failed", output.status, document["failed"]).into()),
    }
}
