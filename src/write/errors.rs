//! Each error, read strictly: what is encoded again must be the same bytes.

use alloy::sol_types::SolError;
use alloy_primitives::U256;

use super::abi::{
    by_selector, call_data, early, inline, legacy, operation, parameters, proof, routed,
    routed_swapped, short_proof,
};
use super::deferral::EarlyTarget;
use super::metadata::chain_id;
use super::typed::{of_call_data, of_operation, of_parameters};
use super::{Deferral, DeferralError, Metadata, StorageKind};

/// The error whose encoding is exactly `data`.
pub(super) fn strict<E: SolError>(data: &[u8]) -> Result<E, DeferralError> {
    let malformed = || DeferralError::Malformed { signature: E::SIGNATURE, selector: E::SELECTOR };
    let error = E::abi_decode_validate(data).map_err(|_| malformed())?;
    match error.abi_encode() == data {
        true => Ok(error),
        false => Err(malformed()),
    }
}

fn chain<E: SolError>(number: U256) -> Result<u64, DeferralError> {
    chain_id(number).ok_or(DeferralError::Chain { signature: E::SIGNATURE, chain: number })
}

/// A deferral with the signature of its error.
type Found = Result<Option<(&'static str, Deferral)>, DeferralError>;

fn found<E: SolError>(deferral: Deferral) -> Found {
    Ok(Some((E::SIGNATURE, deferral)))
}

/// ENSIP-Y.
pub(super) fn of_ensip_y(selector: [u8; 4], data: &[u8]) -> Found {
    macro_rules! by_selector {
        ($error:ident, $storage:ident) => {{
            let error = strict::<by_selector::$error>(data)?;
            found::<by_selector::$error>(Deferral::BySelector {
                storage: StorageKind::$storage,
                sender: error.sender,
                call_data: error.callData,
                metadata: error.metadata.0,
            })
        }};
    }
    match selector {
        by_selector::StorageHandledByIPNS::SELECTOR => by_selector!(StorageHandledByIPNS, Ipns),
        by_selector::StorageHandledByDatabase::SELECTOR => {
            by_selector!(StorageHandledByDatabase, Database)
        }
        by_selector::StorageHandledByL2::SELECTOR => by_selector!(StorageHandledByL2, L2),
        _ => Ok(None),
    }
}

/// The updated EIP-5559.
pub(super) fn of_eip5559(selector: [u8; 4], data: &[u8]) -> Found {
    macro_rules! inline {
        ($error:ident, $storage:ident) => {{
            let error = strict::<inline::$error>(data)?;
            let signature = inline::$error::SIGNATURE;
            let metadata = Metadata::decode(StorageKind::$storage, &error.metadata)
                .map_err(|source| DeferralError::Metadata { signature, source })?;
            found::<inline::$error>(Deferral::Inline {
                sender: error.sender,
                call_data: error.callData,
                metadata,
            })
        }};
    }
    match selector {
        inline::StorageHandledByIPNS::SELECTOR => inline!(StorageHandledByIPNS, Ipns),
        inline::StorageHandledByDatabase::SELECTOR => inline!(StorageHandledByDatabase, Database),
        inline::StorageHandledByL2::SELECTOR => inline!(StorageHandledByL2, L2),
        inline::StorageHandledBySolana::SELECTOR => inline!(StorageHandledBySolana, Solana),
        _ => Ok(None),
    }
}

/// The first EIP-5559, and its drafts.
pub(super) fn of_legacy(selector: [u8; 4], data: &[u8]) -> Found {
    use call_data::StorageHandledByOffChainDatabase as ByCallData;
    use parameters::StorageHandledByOffChainDatabase as ByParameters;
    match selector {
        proof::StorageHandledByL2::SELECTOR => {
            let error = strict::<proof::StorageHandledByL2>(data)?;
            found::<proof::StorageHandledByL2>(Deferral::WithProof {
                sender: Some(error.sender),
                contract: error.target,
                chain_id: chain::<proof::StorageHandledByL2>(error.chainId)?,
                proof: error.proof,
            })
        }
        short_proof::StorageHandledByL2::SELECTOR => {
            let error = strict::<short_proof::StorageHandledByL2>(data)?;
            found::<short_proof::StorageHandledByL2>(Deferral::WithProof {
                sender: None,
                contract: error.target,
                chain_id: chain::<short_proof::StorageHandledByL2>(error.chainId)?,
                proof: error.proof,
            })
        }
        early::StorageHandledByL2::SELECTOR => {
            let error = strict::<early::StorageHandledByL2>(data)?;
            let chain_id = chain::<early::StorageHandledByL2>(error.chainId)?;
            let target = EarlyTarget::Contract(error.target, chain_id);
            found::<early::StorageHandledByL2>(Deferral::Early { target })
        }
        early::StorageHandledByDatabase::SELECTOR => {
            let error = strict::<early::StorageHandledByDatabase>(data)?;
            let target = EarlyTarget::Url(error.url);
            found::<early::StorageHandledByDatabase>(Deferral::Early { target })
        }
        legacy::StorageHandledByL2::SELECTOR => {
            let error = strict::<legacy::StorageHandledByL2>(data)?;
            found::<legacy::StorageHandledByL2>(Deferral::LegacyL2 {
                contract: error.target,
                chain_id: chain::<legacy::StorageHandledByL2>(error.chainId)?,
            })
        }
        ByParameters::SELECTOR => {
            let write = of_parameters(strict::<ByParameters>(data)?);
            found::<ByParameters>(Deferral::LegacyDatabase(write))
        }
        ByCallData::SELECTOR => {
            let write = of_call_data(strict::<ByCallData>(data)?);
            found::<ByCallData>(Deferral::LegacyDatabase(write))
        }
        _ => Ok(None),
    }
}

/// ERC-7700.
pub(super) fn of_erc7700(selector: [u8; 4], data: &[u8]) -> Found {
    match selector {
        routed::StorageRoutedToDatabase::SELECTOR => {
            let url = strict::<routed::StorageRoutedToDatabase>(data)?.url;
            found::<routed::StorageRoutedToDatabase>(Deferral::RoutedToDatabase { url })
        }
        routed::StorageRoutedToL1::SELECTOR => {
            let contract = strict::<routed::StorageRoutedToL1>(data)?.target;
            let (chain_id, swapped) = (None, false);
            found::<routed::StorageRoutedToL1>(Deferral::Routed { contract, chain_id, swapped })
        }
        routed::StorageRoutedToL2::SELECTOR => {
            let error = strict::<routed::StorageRoutedToL2>(data)?;
            found::<routed::StorageRoutedToL2>(Deferral::Routed {
                contract: error.target,
                chain_id: Some(chain::<routed::StorageRoutedToL2>(error.chainId)?),
                swapped: false,
            })
        }
        routed_swapped::StorageRoutedToL2::SELECTOR => {
            let error = strict::<routed_swapped::StorageRoutedToL2>(data)?;
            found::<routed_swapped::StorageRoutedToL2>(Deferral::Routed {
                contract: error.target,
                chain_id: Some(chain::<routed_swapped::StorageRoutedToL2>(error.chainId)?),
                swapped: true,
            })
        }
        routed::StorageRoutedToSolana::SELECTOR => {
            let error = strict::<routed::StorageRoutedToSolana>(data)?;
            let (program, account) = (error.programId, error.account);
            found::<routed::StorageRoutedToSolana>(Deferral::RoutedToSolana { program, account })
        }
        _ => Ok(None),
    }
}

/// ERC-7884.
pub(super) fn of_erc7884(selector: [u8; 4], data: &[u8]) -> Found {
    match selector {
        operation::OperationHandledOnchain::SELECTOR => {
            let error = strict::<operation::OperationHandledOnchain>(data)?;
            found::<operation::OperationHandledOnchain>(Deferral::Onchain {
                contract: error.target,
                chain_id: chain::<operation::OperationHandledOnchain>(error.chainId)?,
            })
        }
        operation::OperationHandledOffchain::SELECTOR => {
            let write = of_operation(strict::<operation::OperationHandledOffchain>(data)?);
            found::<operation::OperationHandledOffchain>(Deferral::Offchain(write))
        }
        operation::FunctionNotSupported::SELECTOR => {
            strict::<operation::FunctionNotSupported>(data)?;
            found::<operation::FunctionNotSupported>(Deferral::NotSupported)
        }
        _ => Ok(None),
    }
}
