//! A devnet with a chain, and CCIP-Read by hand.

use std::time::Duration;

use alloy::network::{Ethereum, Network, TransactionBuilder};
use alloy::providers::Provider;
use alloy::sol_types::{SolCall, SolError, SolInterface, SolValue};
use alloy::transports::RpcError;
use alloy_primitives::{Address, Bytes, hex};
use anyhow::{Context, Result, bail, ensure};
use cid::Cid;

use namesys::devnet::chain::bindings::CCIP2Resolver::{self, CCIP2ResolverErrors, OffchainLookup};
use namesys::devnet::chain::{CCIP2_RESOLVER, ChainConfig, ChainDevnet, ChainGateways};
use namesys::devnet::{Devnet, DevnetConfig};
use namesys::ens::Name;
use namesys::ipfs::upload::{Kubo, Upload};
use namesys::ipfs::{CarWriter, pack_files};
use namesys::ipns::{Publisher, UnverifiedRecord, W3name, create};
use namesys::keys::{IpnsKey, SignerKey};
use namesys::net::{Http, HttpConfig, parse_api_address};
use namesys::record::{RecordFile, RecordKey, Value, record_path};
use namesys::request::SignedRecord;

use crate::needs;

/// A call that did not return.
#[derive(Debug, PartialEq, Eq)]
pub enum Failure {
    /// The CCIP2 resolver's own error, as `InvalidSignature(ZERO_ADDR)`.
    Refused(String),
    /// OffchainLookup.
    Lookup(Box<Lookup>),
}

/// An OffchainLookup and who reverted with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookup {
    pub target: Address,
    pub urls: Vec<String>,
    pub data: Bytes,
    pub callback: [u8; 4],
    pub extra: Bytes,
}

pub struct World {
    pub chain: ChainDevnet,
    pub devnet: Devnet,
    http: Http,
    client: reqwest::Client,
}

impl World {
    pub async fn start() -> Result<Self> {
        let devnet = Devnet::start(DevnetConfig::ephemeral()).await?;
        let gateways = ChainGateways::local(devnet.addr().to_string());
        let config = ChainConfig { anvil: needs::anvil(), port: 0, gateways };
        let chain = ChainDevnet::start(config).await?;
        let http = Http::new(HttpConfig::default())?;
        let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).build()?;
        Ok(Self { chain, devnet, http, client })
    }

    /// A world where `owner` owns nick.eth, which uses the CCIP2 resolver with `key` as its
    /// recordhash.
    pub async fn with_nick(owner: &SignerKey, key: &IpnsKey) -> Result<Self> {
        let world = Self::start().await?;
        let nick = Name::parse("nick.eth")?;
        world.chain.register(&nick, owner.address(), CCIP2_RESOLVER).await?;
        world.set_recordhash(&nick, owner.address(), &key.name().contenthash()).await?;
        Ok(world)
    }

    pub async fn set_recordhash(&self, name: &Name, by: Address, hash: &[u8]) -> Result<()> {
        let hash = Bytes::copy_from_slice(hash);
        let call = CCIP2Resolver::setRecordhashCall { node: name.node(), hash };
        Ok(self.chain.send(by, CCIP2_RESOLVER, call).await?)
    }

    /// Packs the record files, uploads them, and publishes the first revision of `key`.
    pub async fn publish<'a>(
        &self,
        key: &IpnsKey,
        records: &[(&'a Name, &'a str, SignedRecord)],
    ) -> Result<()> {
        self.publish_revision(key, records, 0).await
    }

    /// As [`publish`](Self::publish), under a sequence.
    pub async fn publish_revision<'a>(
        &self,
        key: &IpnsKey,
        records: &[(&'a Name, &'a str, SignedRecord)],
        sequence: u64,
    ) -> Result<()> {
        let payload = |(name, record, signed): &(&'a Name, &'a str, SignedRecord)| {
            (*name, *record, signed.encode())
        };
        let root = self.upload(&records.iter().map(payload).collect::<Vec<_>>()).await?;
        self.put(key, &root, sequence).await
    }

    /// As [`publish`](Self::publish), with payloads of any kind.
    pub async fn publish_payloads(
        &self,
        key: &IpnsKey,
        records: &[(&Name, &str, Vec<u8>)],
    ) -> Result<()> {
        self.publish_payloads_as(key, records, 0).await
    }

    /// As [`publish_payloads`](Self::publish_payloads), under a sequence.
    pub async fn publish_payloads_as(
        &self,
        key: &IpnsKey,
        records: &[(&Name, &str, Vec<u8>)],
        sequence: u64,
    ) -> Result<()> {
        let root = self.upload(records).await?;
        self.put(key, &root, sequence).await
    }

    /// Packs record files and uploads them.
    pub async fn upload(&self, records: &[(&Name, &str, Vec<u8>)]) -> Result<Cid> {
        let files = records.iter().map(|(name, record, payload)| {
            let path = record_path(name, &RecordKey::parse(record).expect("a record type"));
            (path, RecordFile::new(payload).to_json())
        });
        self.upload_files(files).await
    }

    /// Packs files, each with its path, and uploads them.
    pub async fn upload_files(
        &self,
        files: impl IntoIterator<Item = (String, Vec<u8>)>,
    ) -> Result<Cid> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("tree.car");
        let mut car = CarWriter::create(&path)?;
        let root = pack_files(files, &mut car)?.root;
        drop(car.finish(&root)?);
        let urls = self.devnet.urls();
        let kubo = Kubo::new(self.http.clone(), parse_api_address(&urls.kubo)?, None);
        kubo.upload(&path, &root, None).await?;
        Ok(root)
    }

    /// Points the name of `key` at a root.
    pub async fn put(&self, key: &IpnsKey, root: &Cid, sequence: u64) -> Result<()> {
        let urls = self.devnet.urls();
        let bytes = ipns_record(key, root, sequence, "2090-01-01T00:00:00Z")?;
        let record = UnverifiedRecord::parse(&bytes)?.verify_signature(&key.name())?;
        W3name::new(self.http.clone(), urls.w3name.parse()?).put(&record).await?;
        Ok(())
    }

    /// What `resolve(name, request)` asks for.
    pub async fn lookup(&self, name: &Name, request: Vec<u8>) -> Result<Lookup> {
        let call = CCIP2Resolver::resolveCall { name: name.dns().into(), request: request.into() };
        match self.call(CCIP2_RESOLVER, call.abi_encode()).await? {
            Err(Failure::Lookup(lookup)) => Ok(*lookup),
            other => bail!("resolve did not ask for a lookup: {other:?}"),
        }
    }

    pub async fn lookup_record(&self, name: &Name, record: &str) -> Result<Lookup> {
        let key = RecordKey::parse(record)?;
        self.lookup(name, key.resolver_call_of(name)).await
    }

    /// The callback of `lookup` with a gateway's answer, as `eth_call`.
    pub async fn callback(
        &self,
        lookup: &Lookup,
        response: &[u8],
    ) -> Result<Result<Bytes, Failure>> {
        let arguments = (Bytes::copy_from_slice(response), lookup.extra.clone());
        let call = [&lookup.callback[..], &arguments.abi_encode_params()].concat();
        let answer = self.call(lookup.target, call).await?;
        answer.map(|data| Ok(Bytes::abi_decode(&data)?)).transpose_inner()
    }

    /// What the contract says of `signed` as the record of `name`.
    pub async fn verdict(
        &self,
        name: &Name,
        record: &str,
        signed: &SignedRecord,
    ) -> Result<Result<Bytes, Failure>> {
        let lookup = self.lookup_record(name, record).await?;
        self.callback(&lookup, &signed.encode()).await
    }

    /// EIP-3668's client: GET of each URL in turn, the callback, nested lookups.
    pub async fn resolve(&self, name: &Name, record: &str) -> Result<Value> {
        let key = RecordKey::parse(record)?;
        let mut lookup = self.lookup_record(name, record).await?;
        for _ in 0..4 {
            let response = self.fetch(&lookup).await?;
            match self.callback(&lookup, &response).await? {
                Ok(result) => return Ok(Value::abi_decode(&key, &result)?),
                Err(Failure::Lookup(next)) => lookup = *next,
                Err(Failure::Refused(reason)) => bail!("{name} {record}: {reason}"),
            }
        }
        bail!("more than four lookups")
    }

    pub async fn fetch(&self, lookup: &Lookup) -> Result<Vec<u8>> {
        let mut tried = Vec::new();
        for url in &lookup.urls {
            let url = url
                .replace("{sender}", &format!("{:#x}", lookup.target))
                .replace("{data}", &hex::encode_prefixed(&lookup.data));
            let answer = self.client.get(&url).send().await?;
            let status = answer.status();
            if status.is_success() {
                return RecordFile::payload(&answer.bytes().await?).context(url);
            }
            tried.push(format!("{url}: {status}"));
        }
        bail!("no gateway answered: {tried:?}")
    }

    /// An `eth_call`; the outer error is that of the RPC.
    pub async fn call(&self, to: Address, data: Vec<u8>) -> Result<Result<Bytes, Failure>> {
        let request =
            <Ethereum as Network>::TransactionRequest::default().with_to(to).with_input(data);
        let error = match self.chain.provider().call(request).await {
            Ok(data) => return Ok(Ok(data)),
            Err(RpcError::ErrorResp(error)) => error,
            Err(error) => return Err(error.into()),
        };
        let revert = error.as_revert_data().with_context(|| format!("no revert: {error}"))?;
        if let Ok(lookup) = OffchainLookup::abi_decode(&revert) {
            ensure!(lookup.sender == to, "the lookup's sender is {}", lookup.sender);
            return Ok(Err(Failure::Lookup(Box::new(Lookup {
                target: to,
                urls: lookup.urls,
                data: lookup.callData,
                callback: lookup.callbackFunction.0,
                extra: lookup.extraData,
            }))));
        }
        let reason = match CCIP2ResolverErrors::abi_decode(&revert) {
            Ok(CCIP2ResolverErrors::InvalidRequest(e)) => format!("InvalidRequest({})", e.value),
            Ok(CCIP2ResolverErrors::NotAuthorised(e)) => format!("NotAuthorised({})", e.value),
            Ok(CCIP2ResolverErrors::InvalidSignature(e)) => {
                format!("InvalidSignature({})", e.value)
            }
            Ok(CCIP2ResolverErrors::FeatureNotImplemented(e)) => {
                format!("FeatureNotImplemented({})", e.selector)
            }
            Ok(CCIP2ResolverErrors::PlsFundDevs(_)) => "PlsFundDevs()".to_owned(),
            _ => hex::encode_prefixed(&revert),
        };
        Ok(Err(Failure::Refused(reason)))
    }
}

/// An IPNS record that names `root`.
pub fn ipns_record(key: &IpnsKey, root: &Cid, sequence: u64, validity: &str) -> Result<Vec<u8>> {
    let value = format!("/ipfs/{root}");
    Ok(create(key, &value, sequence, validity.parse()?, Duration::from_secs(60))?)
}

/// A decoded answer keeps the shape of [`World::call`]'s.
trait TransposeInner<T> {
    fn transpose_inner(self) -> Result<Result<T, Failure>>;
}

impl<T> TransposeInner<T> for Result<Result<T>, Failure> {
    fn transpose_inner(self) -> Result<Result<T, Failure>> {
        match self {
            Ok(Ok(value)) => Ok(Ok(value)),
            Ok(Err(error)) => Err(error),
            Err(failure) => Ok(Err(failure)),
        }
    }
}

/// What `InvalidSignature(…)` and its like look like in a verdict.
pub fn refused(reason: &str) -> Result<Bytes, Failure> {
    Err(Failure::Refused(reason.to_owned()))
}
