//! What a request reads: a call of EIP-3668, or a path under `.well-known`.

use alloy::sol_types::SolCall;
use alloy_primitives::{B256, Bytes};

use crate::ens::{Name, dns_decode};
use crate::record::{PathMeaning, RecordKey, meaning};

mod calls {
    #![allow(missing_docs)]
    alloy::sol! {
        function resolve(bytes name, bytes data) returns (bytes);
    }
}

/// A record that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) node: B256,
    pub(super) key: RecordKey,
}

/// Why a call asks for no record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum AskedError {
    /// Not a call of a resolver.
    #[error("the call is none that asks a resolver for a record")]
    Call,
    /// `resolve(name, data)` whose two halves are of two names.
    #[error("resolve() asks for {name}, and the call in it for another node")]
    Two {
        /// The name.
        name: Name,
    },
}

/// The record that `call` asks for: of `resolve(bytes,bytes)` (ENSIP-10), or the call in it alone.
pub(super) fn of_call(call: &[u8]) -> Result<Asked, AskedError> {
    let Ok(calls::resolveCall { name, data }) = calls::resolveCall::abi_decode(call) else {
        return of_record_call(call);
    };
    let name = dns_decode(&name).map_err(|_| AskedError::Call)?;
    let asked = of_record_call(&data)?;
    match asked.node == name.node() {
        true => Ok(asked),
        false => Err(AskedError::Two { name }),
    }
}

fn of_record_call(call: &[u8]) -> Result<Asked, AskedError> {
    let (node, key) = RecordKey::from_resolver_call(call).ok_or(AskedError::Call)?;
    Ok(Asked { node, key })
}

/// The records that `path` (decoded) can mean: two, where the file of one name is another's too.
pub(super) fn of_path(path: &str) -> Vec<Asked> {
    match meaning(path) {
        PathMeaning::Records(records) => {
            let asked = |(name, key): (Name, RecordKey)| Asked { node: name.node(), key };
            records.into_iter().map(asked).collect()
        }
        _ => Vec::new(),
    }
}

/// The call in a GET of EIP-3668: `/{sender}/{data}`, with or without `.json`.
pub(super) fn of_url(data: &str) -> Option<Bytes> {
    data.strip_suffix(".json").unwrap_or(data).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_record_is_asked_for_by_its_own_call() {
        let name = Name::parse("nick.eth").unwrap();
        for key in ["text/avatar", "address/60", "address/0", "contenthash"] {
            let key = RecordKey::parse(key).unwrap();
            let asked = Asked { node: name.node(), key: key.clone() };
            let call = key.resolver_call(name.node());
            assert_eq!(of_call(&call), Ok(asked.clone()));
            let (wire, data) = (name.dns().into(), call.clone().into());
            let extended = calls::resolveCall { name: wire, data }.abi_encode();
            assert_eq!(of_call(&extended), Ok(asked.clone()));
            let path = format!("{}/{}", name.well_known(), key.file_name());
            assert_eq!(of_path(&path), [asked]);
            let url = format!("0x{}.json", alloy_primitives::hex::encode(&call));
            assert_eq!(of_url(&url).unwrap(), call);
            let other = Name::parse("mick.eth").unwrap();
            let (wire, data) = (other.dns().into(), call.into());
            let extended = calls::resolveCall { name: wire, data }.abi_encode();
            assert_eq!(of_call(&extended), Err(AskedError::Two { name: other }));
        }
        for call in [&[][..], &[0; 3], &[1, 2, 3, 4], &[0x59, 0xd1, 0xd4, 0x3c, 0]] {
            assert_eq!(of_call(call), Err(AskedError::Call));
        }
    }
}
