//! A resolver, asked to set records: it would, it will not, or it says where they are written. And
//! what it says of a storage that its error names by a selector.

use std::fmt;

use alloy::sol_types::SolValue;
use alloy_primitives::{Address, B256, Bytes};

use super::typed::operation_handler_call;
use super::{Decoded, Deferral, DeferralError, Metadata, MetadataError, StorageKind};
use crate::chain::{BlockReader, ChainError, ChainView, Revert, calls};
use crate::ens::Name;

/// ERC-165 id of `getOperationHandler(bytes)` (ERC-7884).
const OPERATION_ROUTER: [u8; 4] = [0xa0, 0xb7, 0xb5, 0x4e];
/// `resolve(bytes,bytes)`, which is its own ERC-165 id (ENSIP-10).
const EXTENDED_RESOLVER: [u8; 4] = [0x90, 0x61, 0xb9, 0x23];
/// `metadata(bytes)` and `metadata(bytes32)`.
const METADATA_BYTES: [u8; 4] = [0x8a, 0x59, 0x6e, 0xbe];
const METADATA_NODE: [u8; 4] = [0x71, 0x22, 0xba, 0x06];

/// What a resolver does with a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// It lets it through: the records are set on chain.
    Accepted,
    /// An ordinary revert.
    Refused(Revert),
    /// It has them written elsewhere.
    Deferred {
        /// What its error says.
        found: Box<Decoded>,
        /// Whether it says so to `resolve()` alone (ENSIP-10), where the sender is the resolver.
        through_resolve: bool,
    },
}

impl Asked {
    fn deferred(found: Decoded, through_resolve: bool) -> Self {
        Self::Deferred { found: Box::new(found), through_resolve }
    }
}

/// Why nothing can be said of it.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The chain cannot be asked.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The resolver's error is none.
    #[error("the resolver {resolver} answers with an error that is malformed: {source}")]
    Malformed {
        /// Who.
        resolver: Address,
        /// What is wrong.
        source: DeferralError,
    },
    /// An account without code lets every call through, and keeps nothing.
    #[error("{contract}, where the records would be written, is not a contract: it keeps nothing")]
    NoContract {
        /// Who.
        contract: Address,
    },
    /// The function that its error names gives no metadata.
    #[error(
        "the resolver {resolver} names its function {selector} for the metadata, which gives none: \
         {reason}"
    )]
    NoMetadata {
        /// Who.
        resolver: Address,
        /// The function.
        selector: String,
        /// What it says.
        reason: String,
    },
}

/// An answer on which nodes agree.
#[derive(PartialEq)]
struct Said(Result<Bytes, Revert>);

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Ok(data) => write!(f, "{data}"),
            Err(revert) => write!(f, "a revert with {}", revert.0),
        }
    }
}

async fn call_as(
    view: &ChainView,
    from: Address,
    to: Address,
    data: &[u8],
) -> Result<Result<Bytes, Revert>, ChainError> {
    let what = "what the resolver does with the call";
    let ask =
        |at: BlockReader| async move { Ok(Said(at.call_as(what, from, to, data.to_vec()).await?)) };
    Ok(view.agreed(what, ask).await?.value.0)
}

/// Calls `resolver` as `from` would, without sending anything. A resolver of ERC-7884 is asked by
/// its own function where it has it. One that refuses the call, and takes calls through `resolve()`
/// (ENSIP-10), is asked by that for `name`: a deferral counts, and nothing else that it says.
///
/// # Errors
/// [`AskError`].
pub async fn ask(
    view: &ChainView,
    from: Address,
    (name, resolver): (&Name, Address),
    calldata: &[u8],
) -> Result<Asked, AskError> {
    let deferral = |revert: &Revert| {
        Deferral::decode(&revert.0).map_err(|source| AskError::Malformed { resolver, source })
    };
    if claims(view, resolver, OPERATION_ROUTER).await?
        && let Err(revert) =
            call_as(view, from, resolver, &operation_handler_call(calldata)).await?
        && let Some(found) = deferral(&revert)?
    {
        return Ok(Asked::deferred(found, false));
    }
    let revert = match call_as(view, from, resolver, calldata).await? {
        // Setters give nothing back, and neither does an account without code.
        Ok(data) if data.is_empty() && !view.has_code(resolver).await?.value => {
            return Err(AskError::NoContract { contract: resolver });
        }
        Ok(_) => return Ok(Asked::Accepted),
        Err(revert) => revert,
    };
    if let Some(found) = deferral(&revert)? {
        return Ok(Asked::deferred(found, false));
    }
    if claims(view, resolver, EXTENDED_RESOLVER).await?
        && let Err(inside) = call_as(view, from, resolver, &resolve_call(name, calldata)).await?
        && let Some(found) = deferral(&inside)?
    {
        return Ok(Asked::deferred(found, true));
    }
    Ok(Asked::Refused(Revert(Deferral::unwrapped(&revert.0))))
}

async fn claims(view: &ChainView, contract: Address, id: [u8; 4]) -> Result<bool, ChainError> {
    let ask = |at: BlockReader| async move {
        let call = calls::supportsInterfaceCall { id: id.into() };
        Ok(Claims(at.probe(contract, call).await? == Some(true)))
    };
    Ok(view.agreed("which interfaces it has", ask).await?.value.0)
}

fn resolve_call(name: &Name, calldata: &[u8]) -> Vec<u8> {
    let arguments = (Bytes::from(name.dns()), Bytes::copy_from_slice(calldata));
    [&EXTENDED_RESOLVER[..], &arguments.abi_encode_params()].concat()
}

#[derive(PartialEq)]
struct Claims(bool);

impl fmt::Display for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// What the function `selector` of `resolver` says of a storage. A bare selector does not tell its
/// argument: the node as bytes is tried, the name's DNS form, and the node as a word; what decodes
/// strictly is the answer.
///
/// # Errors
/// [`AskError::NoMetadata`] where none does.
pub async fn metadata(
    view: &ChainView,
    (from, resolver): (Address, Address),
    selector: [u8; 4],
    storage: StorageKind,
    name: &Name,
) -> Result<Metadata, AskError> {
    let mut reason = String::from("it has no such function");
    for call in metadata_calls(selector, name.node(), name.dns()) {
        match call_as(view, from, resolver, &call).await? {
            Ok(data) if data.is_empty() => {}
            Ok(data) => match Metadata::decode(storage, &data) {
                Ok(metadata) => return Ok(metadata),
                Err(error @ MetadataError::Shape(_)) if reason.contains("ENSIP-16") => drop(error),
                Err(error) => reason = error.to_string(),
            },
            Err(_) => {}
        }
    }
    let selector = alloy_primitives::hex::encode_prefixed(selector);
    Err(AskError::NoMetadata { resolver, selector, reason })
}

/// What a contract answers, whoever asks.
///
/// # Errors
/// When the chain cannot be asked. That it reverts is an answer.
pub async fn read_contract(
    view: &ChainView,
    contract: Address,
    calldata: &[u8],
) -> Result<Result<Bytes, Revert>, ChainError> {
    call_as(view, Address::ZERO, contract, calldata).await
}

fn metadata_calls(selector: [u8; 4], node: B256, dns: Vec<u8>) -> [Vec<u8>; 3] {
    let bytes = |bytes: &[u8]| Bytes::copy_from_slice(bytes).abi_encode();
    let by_node = if selector == METADATA_BYTES { METADATA_NODE } else { selector };
    [
        [&selector[..], &bytes(node.as_slice())].concat(),
        [&selector[..], &bytes(&dns)].concat(),
        [&by_node[..], node.as_slice()].concat(),
    ]
}

#[cfg(test)]
mod tests {
    use alloy_primitives::hex;

    use super::*;

    #[test]
    fn metadata_is_asked_as_the_vectors_have_it() {
        let file = include_str!("../../tests/vectors/write/ensip-y.json");
        let file: serde_json::Value = serde_json::from_str(file).unwrap();
        for case in file["cases"].as_array().unwrap() {
            let name = Name::parse(case["ens"].as_str().unwrap()).unwrap();
            let calls = metadata_calls(METADATA_BYTES, name.node(), name.dns());
            let calls = calls.map(hex::encode_prefixed);
            assert_eq!(calls[0], case["metadata"]["call_with_node"]);
            assert_eq!(calls[1], case["metadata"]["call_with_dns_name"]);
            assert!(calls[2].starts_with("0x7122ba06"));
        }
    }
}
