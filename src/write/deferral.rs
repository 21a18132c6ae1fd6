//! A revert that says where a record is to be written. Decoded strictly: what is encoded again
//! must be the same bytes, so that nothing is shown that was not said.

use alloy::sol_types::SolError;
use alloy_primitives::{Address, B256, Bytes, U256, hex};

use super::abi::{
    by_selector, call_data, early, inline, legacy, operation, parameters, proof, routed,
    routed_swapped, short_proof, universal,
};
use super::metadata::chain_id;
use super::typed::{of_call_data, of_operation, of_parameters};
use super::{Metadata, MetadataError, StorageKind, TypedWrite};

/// How often a revert may be wrapped in another.
pub const MAX_WRAPPED: usize = 4;

/// Where a record is to be written, as a resolver says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deferral {
    /// ENSIP-Y: a function of the resolver tells the rest.
    BySelector {
        /// What kind of storage.
        storage: StorageKind,
        /// Who called.
        sender: Address,
        /// The setter's arguments, without selector.
        call_data: Bytes,
        /// The function to be called.
        metadata: [u8; 4],
    },
    /// Updated EIP-5559: all of it is said.
    Inline {
        /// Who called.
        sender: Address,
        /// The setter's arguments, without selector.
        call_data: Bytes,
        /// Where.
        metadata: Metadata,
    },
    /// Draft 6 of EIP-5559: on another chain, with a proof that no text defines.
    WithProof {
        /// Who called, where it is said.
        sender: Option<Address>,
        /// The contract.
        contract: Address,
        /// Its chain.
        chain_id: u64,
        /// The proof.
        proof: B256,
    },
    /// An early form: a contract on another chain, or a URL, and no more.
    Early {
        /// Where.
        target: EarlyTarget,
    },
    /// The first EIP-5559: on another chain.
    LegacyL2 {
        /// The contract.
        contract: Address,
        /// Its chain.
        chain_id: u64,
    },
    /// The first EIP-5559: in a database, by a message that the wallet signs.
    LegacyDatabase(TypedWrite),
    /// ERC-7700: in a database.
    RoutedToDatabase {
        /// Where the records are posted to.
        url: String,
    },
    /// ERC-7700: on this chain, or another.
    Routed {
        /// The contract.
        contract: Address,
        /// Its chain; without one, mainnet.
        chain_id: Option<u64>,
        /// Whether the arguments come as in its own example.
        swapped: bool,
    },
    /// ERC-7700: on Solana.
    RoutedToSolana {
        /// The program.
        program: B256,
        /// The account.
        account: B256,
    },
    /// ERC-7884: on another chain.
    Onchain {
        /// The contract.
        contract: Address,
        /// Its chain.
        chain_id: u64,
    },
    /// ERC-7884: in a database, by a message that the wallet signs.
    Offchain(TypedWrite),
    /// ERC-7884: nowhere.
    NotSupported,
}

/// What an early form names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EarlyTarget {
    /// A contract on a chain.
    Contract(Address, u64),
    /// A URL.
    Url(String),
}

/// A deferral, and how it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// What it says.
    pub deferral: Deferral,
    /// The first four bytes of the error.
    pub selector: [u8; 4],
    /// The error as Solidity declares it.
    pub signature: &'static str,
    /// How often it was wrapped in `ResolverError(bytes)`.
    pub wrapped: usize,
}

/// Why a revert that begins as a deferral is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeferralError {
    /// The arguments are not those of the error.
    #[error("{signature} (0x{}) is not followed by exactly its arguments", hex::encode(selector))]
    Malformed {
        /// The error.
        signature: &'static str,
        /// Its selector.
        selector: [u8; 4],
    },
    /// The metadata is none.
    #[error("{signature}: {source}")]
    Metadata {
        /// The error.
        signature: &'static str,
        /// What is wrong.
        source: MetadataError,
    },
    /// A chain id that does not fit 64 bits.
    #[error("{signature} names the chain {chain}, which is no chain id")]
    Chain {
        /// The error.
        signature: &'static str,
        /// As given.
        chain: U256,
    },
    /// Wrapped too often.
    #[error("the revert is wrapped in ResolverError more than {MAX_WRAPPED} times")]
    Deep,
}

/// The error whose encoding is exactly `data`.
fn strict<E: SolError>(data: &[u8]) -> Result<E, DeferralError> {
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

impl Deferral {
    /// Reads a revert, also where it is wrapped in `ResolverError(bytes)`. `None` where it is no
    /// deferral.
    ///
    /// # Errors
    /// [`DeferralError`]: it begins as one and is none.
    pub fn decode(revert: &[u8]) -> Result<Option<Decoded>, DeferralError> {
        let mut data = Bytes::copy_from_slice(revert);
        for wrapped in 0..=MAX_WRAPPED {
            if !data.starts_with(&universal::ResolverError::SELECTOR) {
                return decode_bare(&data, wrapped);
            }
            data = strict::<universal::ResolverError>(&data)?.errorData;
        }
        Err(DeferralError::Deep)
    }

    /// Who called, and the setter's arguments, where the error repeats them.
    pub fn call_data(&self) -> Option<(Address, &[u8])> {
        match self {
            Self::BySelector { sender, call_data, .. } | Self::Inline { sender, call_data, .. } => {
                Some((*sender, call_data))
            }
            _ => None,
        }
    }

    /// Whether another record with the deferral `other` goes the same way.
    pub fn goes_where(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::BySelector { storage, metadata, .. },
                Self::BySelector { storage: other, metadata: selector, .. },
            ) => (storage, metadata) == (other, selector),
            (Self::Inline { metadata, .. }, Self::Inline { metadata: other, .. }) => {
                metadata == other
            }
            (Self::Offchain(write), Self::Offchain(other))
            | (Self::LegacyDatabase(write), Self::LegacyDatabase(other)) => {
                write.post_url() == other.post_url()
            }
            _ => self == other,
        }
    }

    /// The innermost error of a revert that may be wrapped: what the resolver itself said.
    pub fn unwrapped(revert: &[u8]) -> Bytes {
        let mut data = Bytes::copy_from_slice(revert);
        for _ in 0..MAX_WRAPPED {
            match strict::<universal::ResolverError>(&data) {
                Ok(error) => data = error.errorData,
                Err(_) => break,
            }
        }
        data
    }
}

/// The deferral in `data`, which is not wrapped.
fn decode_bare(data: &[u8], wrapped: usize) -> Result<Option<Decoded>, DeferralError> {
    let Some(selector) = data.first_chunk::<4>().copied() else { return Ok(None) };
    let found = match of_ensip_y(selector, data)? {
        Some(found) => Some(found),
        None => match of_eip5559(selector, data)? {
            Some(found) => Some(found),
            None => match of_legacy(selector, data)? {
                Some(found) => Some(found),
                None => match of_erc7700(selector, data)? {
                    Some(found) => Some(found),
                    None => of_erc7884(selector, data)?,
                },
            },
        },
    };
    let decoded = |(signature, deferral)| Decoded { deferral, selector, signature, wrapped };
    Ok(found.map(decoded))
}

/// A deferral with the signature of its error.
type Found = Result<Option<(&'static str, Deferral)>, DeferralError>;

fn found<E: SolError>(deferral: Deferral) -> Found {
    Ok(Some((E::SIGNATURE, deferral)))
}

fn of_ensip_y(selector: [u8; 4], data: &[u8]) -> Found {
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

fn of_eip5559(selector: [u8; 4], data: &[u8]) -> Found {
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

fn of_legacy(selector: [u8; 4], data: &[u8]) -> Found {
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

fn of_erc7700(selector: [u8; 4], data: &[u8]) -> Found {
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

fn of_erc7884(selector: [u8; 4], data: &[u8]) -> Found {
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
