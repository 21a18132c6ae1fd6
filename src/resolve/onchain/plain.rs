//! Every resolver that keeps no signed records: what it answers, on chain or through gateways
//! whose answers it checks itself (EIP-3668, ENSIP-10, ENSIP-21), is the answer.

use std::fmt;
use std::mem::discriminant;

use alloy::network::TransactionBuilder;
use alloy::providers::CcipReadError;
use alloy::rpc::json_rpc::RpcError;
use alloy::rpc::types::TransactionRequest;
use alloy::sol_types::{SolCall, SolValue};
use alloy_primitives::{Bytes, U256};
use futures_util::StreamExt;
use futures_util::stream;

use super::super::FetchError;
use super::judge::stale;
use super::lookup::{LookupGateways, client};
use super::resolution::{
    Judgement, NameResolution, OnchainRecord, OnchainRecordError, ResolverKind,
};
use super::{CONCURRENT_RECORDS, NameResolver, Subject, profile};
use crate::chain::{Answer, BlockReader, FoundResolver, Revert, calls, is_execution_failure};
use crate::record::{RecordKey, Value};

/// Lookups one after the other for one record; EIP-3668 asks for four at least.
const MAX_LOOKUPS: usize = 6;

/// What a resolver answers, by one node.
struct Found {
    value: Result<Value, OnchainRecordError>,
    gateway: Option<String>,
    contract: Option<Judgement>,
}

impl Found {
    fn of(value: Result<Value, OnchainRecordError>) -> Self {
        Self { value, gateway: None, contract: None }
    }
}

/// Nodes agree when the value is the same, whichever gateway it came from, or when there is none
/// for the same kind of reason: gateways need not fail alike.
impl PartialEq for Found {
    fn eq(&self, other: &Self) -> bool {
        match (&self.value, &other.value) {
            (Ok(own), Ok(other)) => own == other,
            (Err(own), Err(other)) => discriminant(own) == discriminant(other),
            _ => false,
        }
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Ok(value) => value.fmt(f),
            Err(error) => error.fmt(f),
        }
    }
}

impl NameResolver {
    pub(super) async fn resolve_plain(
        &self,
        subject: &Subject,
        resolver: &FoundResolver,
        keys: &[RecordKey],
    ) -> NameResolution {
        let wanted = if keys.is_empty() { profile() } else { keys.to_vec() };
        let records =
            stream::iter(wanted.iter().map(|key| self.plain_record(subject, resolver, key)));
        let mut resolution = NameResolution {
            name: subject.facts.name.clone(),
            source: self.source(subject, ResolverKind::Plain(resolver.clone())),
            ipns: None,
            notes: Vec::new(),
            listed: false,
            unlisted: None,
            records: records.buffered(CONCURRENT_RECORDS).collect().await,
            unfetched: None,
        };
        if keys.is_empty() {
            resolution.leave_out_unset();
        }
        resolution
    }

    pub(super) async fn plain_record(
        &self,
        subject: &Subject,
        resolver: &FoundResolver,
        key: &RecordKey,
    ) -> OnchainRecord {
        let Subject { view, facts, trace, .. } = subject;
        let clock = trace.clock();
        let what = format!("{key} of {}", facts.name);
        let ask = |at: BlockReader| async move {
            let found = self.ask_plain(&at, subject, resolver, key).await;
            match found.value {
                Err(OnchainRecordError::Chain(error)) => Err(error),
                _ => Ok(found),
            }
        };
        let (Found { value, gateway, contract }, by) = match view.agreed(&what, ask).await {
            Ok(Answer { value, by }) => (value, by.to_string()),
            Err(error) => (Found::of(Err(error.into())), "the nodes".to_owned()),
        };
        let said = match &value {
            Ok(value) => value.to_string(),
            Err(error) => error.to_string(),
        };
        trace.step(clock, format!("{key}: {}", resolver.address), by, said);
        let mut record = OnchainRecord::of(key, value);
        record.gateways_word = gateway.is_some() && record.value.is_ok();
        (record.gateway, record.contract) = (gateway, contract);
        record
    }

    /// What one node, and the gateways it sends us to, say.
    async fn ask_plain(
        &self,
        at: &BlockReader,
        subject: &Subject,
        resolver: &FoundResolver,
        key: &RecordKey,
    ) -> Found {
        let Subject { facts, trace, .. } = subject;
        let mut data = key.resolver_call_of(&facts.name);
        if resolver.extended {
            let name = facts.name.dns().into();
            data = calls::resolveCall { name, data: data.into() }.abi_encode();
        }
        let limits = &self.config.limits;
        let gateways = LookupGateways::new(&self.http, limits.file, limits.lenient, trace);
        let client = client(gateways.clone(), MAX_LOOKUPS, limits.file);
        let request = TransactionRequest::default().with_to(resolver.address).with_input(data);
        let answer = client.call_at(&at.provider(), request, at.block_id()).await;
        let gateway = gateways.outcome();
        let (value, contract) = match answer {
            Ok(answer) => {
                let answer = if resolver.extended { unwrapped(&answer) } else { Ok(answer) };
                let value = answer.and_then(|answer| readable(key, &answer));
                (value, Some(Judgement::Accepted))
            }
            Err(error) => refusal(at, key, error, gateway.as_ref()),
        };
        Found { value, gateway: gateway.and_then(Result::ok), contract }
    }
}

/// Why there is no answer, and what the contract says of it.
fn refusal(
    at: &BlockReader,
    key: &RecordKey,
    error: CcipReadError,
    gateway: Option<&Result<String, FetchError>>,
) -> (Result<Value, OnchainRecordError>, Option<Judgement>) {
    let error = match (error, gateway) {
        (CcipReadError::Transport(RpcError::ErrorResp(error)), gateway)
            if is_execution_failure(&error) =>
        {
            let revert = Revert(error.as_revert_data().unwrap_or_default());
            match gateway {
                // Where a gateway answered, it is the callback that reverts.
                Some(Ok(_)) => {
                    if let Some(reason) = stale(&revert) {
                        return (Err(OnchainRecordError::Stale { reason, attempts: 1 }), None);
                    }
                    let reason = format!("the resolver refuses the gateway's answer: {revert}");
                    let judgement = Judgement::Refused(revert.to_string());
                    return (Err(OnchainRecordError::Unverified(reason)), Some(judgement));
                }
                Some(Err(error)) => error.clone().into(),
                None => OnchainRecordError::Resolver(revert.to_string()),
            }
        }
        (CcipReadError::Transport(error), _) => at.error(&key.to_string(), &error).into(),
        (CcipReadError::Gateway(_), Some(Err(error))) => error.clone().into(),
        (CcipReadError::ResourceLimit(reason), _) => {
            FetchError::OverBudget { what: key.to_string(), reason }.into()
        }
        (CcipReadError::TooManyRedirects(most), _) => {
            let reason = format!("more than {most} lookups follow each other");
            FetchError::OverBudget { what: key.to_string(), reason }.into()
        }
        (error @ (CcipReadError::InvalidOffchainLookup(_) | CcipReadError::InvalidBatch(_)), _) => {
            OnchainRecordError::Malformed(error.to_string())
        }
        (error, _) => OnchainRecordError::Unverified(error.to_string()),
    };
    (Err(error), None)
}

/// What ENSIP-10's `resolve` returns: bytes, which hold the answer.
pub(super) fn unwrapped(answer: &[u8]) -> Result<Bytes, OnchainRecordError> {
    Bytes::abi_decode(answer)
        .map_err(|_| OnchainRecordError::Malformed("resolve() must return bytes".to_owned()))
}

/// The value in what a resolver returned, whose ABI need not be laid out as Solidity's encoder
/// does it.
pub(super) fn readable(key: &RecordKey, answer: &[u8]) -> Result<Value, OnchainRecordError> {
    let Some(canonical) = canonical(key, answer) else {
        return Err(match answer {
            [] => OnchainRecordError::NotSet,
            _ => OnchainRecordError::Malformed(format!("it is no {}", key.abi_types())),
        });
    };
    if is_unset(key, &canonical) {
        return Err(OnchainRecordError::NotSet);
    }
    Value::abi_decode(key, &canonical).map_err(|error| OnchainRecordError::Value(error.to_string()))
}

/// `answer` as `abi.encode` would have it.
pub(super) fn canonical(key: &RecordKey, answer: &[u8]) -> Option<Vec<u8>> {
    match key.abi_types() {
        "string" | "bytes" => Bytes::abi_decode(answer).ok().map(|bytes| bytes.abi_encode()),
        "address" => answer.get(..32).map(<[u8]>::to_vec),
        "bytes32, bytes32" => answer.get(..64).map(<[u8]>::to_vec),
        _ => {
            let (kind, data) = <(U256, Bytes)>::abi_decode_params(answer).ok()?;
            Some((kind, data).abi_encode_params())
        }
    }
}

/// Whether a canonical answer is the one of a record that was never set.
fn is_unset(key: &RecordKey, canonical: &[u8]) -> bool {
    match key.abi_types() {
        // The zero address is nobody's, on every chain whose addresses are such (ENSIP-11).
        "bytes" if is_evm_address(key) && canonical.get(32..64).is_some_and(is_twenty) => {
            canonical.get(64..84).is_some_and(is_zero)
        }
        "string" | "bytes" => canonical.get(32..64).is_some_and(is_zero),
        "uint256, bytes" => canonical.get(64..96).is_some_and(is_zero),
        _ => is_zero(canonical),
    }
}

fn is_evm_address(key: &RecordKey) -> bool {
    matches!(key, RecordKey::Address(coin) if coin.chain_id().is_some())
}

fn is_twenty(word: &[u8]) -> bool {
    U256::from_be_slice(word) == U256::from(20)
}

fn is_zero(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == 0)
}

#[cfg(test)]
mod tests {
    use alloy_primitives::Address;

    use super::*;

    fn read(key: &str, answer: &[u8]) -> Result<String, OnchainRecordError> {
        readable(&RecordKey::parse(key).unwrap(), answer).map(|value| value.to_string())
    }

    #[test]
    fn answers_in_any_layout() {
        let text = "hi".to_owned().abi_encode();
        assert_eq!(read("text/avatar", &text), Ok("hi".to_owned()));
        assert_eq!(read("text/avatar", &[&text[..], &[0; 32]].concat()), Ok("hi".to_owned()));
        let address = Address::repeat_byte(0xd8);
        let words = [address.abi_encode(), vec![0; 32]].concat();
        assert_eq!(read("address/60", &words), Ok(address.to_string()));
    }

    #[test]
    fn what_is_not_set() {
        for (key, answer) in [
            ("text/avatar", String::new().abi_encode()),
            ("address/60", vec![0; 32]),
            ("address/0", Bytes::new().abi_encode()),
            ("contenthash", Bytes::new().abi_encode()),
            ("pubkey", vec![0; 64]),
            ("abi/1", (U256::ZERO, Bytes::new()).abi_encode_params()),
            ("address/60", Vec::new()),
            ("address/2147492101", Bytes::from(vec![0; 20]).abi_encode()),
        ] {
            assert_eq!(read(key, &answer), Err(OnchainRecordError::NotSet), "{key}");
        }
        assert!(matches!(read("address/60", &[1; 20]), Err(OnchainRecordError::Malformed(_))));
        assert!(matches!(unwrapped(&[0xff; 32]), Err(OnchainRecordError::Malformed(_))));
        let elsewhere = read("address/0", &Bytes::from(vec![0; 20]).abi_encode());
        assert_ne!(elsewhere, Err(OnchainRecordError::NotSet), "no EVM coin");
    }

    #[test]
    fn what_has_no_text_form() {
        for (key, bytes) in [("address/0", &[1, 2, 3][..]), ("contenthash", &[0xe3, 0x01, 0xff])] {
            let answer = Bytes::copy_from_slice(bytes).abi_encode();
            let error = read(key, &answer).unwrap_err();
            assert!(matches!(&error, OnchainRecordError::Value(_)), "{error}");
            assert!(error.to_string().contains(&alloy_primitives::hex::encode(bytes)), "{error}");
        }
        // A coin and a codec that nobody knows here keep their bytes.
        let bytes = Bytes::from(vec![1, 2, 3]).abi_encode();
        assert_eq!(read("address/12345678", &bytes), Ok("0x010203".to_owned()));
        assert_eq!(read("contenthash", &bytes), Ok("0x010203".to_owned()));
    }
}
