//! What a handler says of its storage: where it is, and whose keys it takes. Decoded by shape and
//! strictly: what is encoded again must be the same bytes.

use alloy::sol_types::{SolType, sol_data};
use alloy_primitives::{Address, B256, U256};

use crate::multiformats::{IpnsName, IpnsNameError};

/// What kind of storage an error names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StorageKind {
    /// An IPNS name.
    Ipns,
    /// A database behind a gateway.
    Database,
    /// A contract on another chain.
    L2,
    /// An account of a Solana program.
    Solana,
}

/// Where records of a name are written, and who may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Metadata {
    /// `(string gateway, address signer, bytes ipns[, string graphql])`
    Ipns {
        /// Who publishes.
        gateway: String,
        /// Who signs the records; zero where an approval travels along.
        signer: Address,
        /// The IPNS name they are published under.
        ipns: IpnsName,
        /// Where its version is asked.
        graphql: Option<String>,
    },
    /// `(string gateway, address signer[, string graphql])`
    Database {
        /// Where the records are posted to.
        gateway: String,
        /// As of [`Ipns`](Self::Ipns).
        signer: Address,
        /// As of [`Ipns`](Self::Ipns).
        graphql: Option<String>,
    },
    /// `(address contract, uint256 chainId)`
    L2 {
        /// The contract.
        contract: Address,
        /// Its chain.
        chain_id: u64,
    },
    /// `(bytes32 program, bytes32 account)`
    Solana {
        /// The program.
        program: B256,
        /// The account.
        account: B256,
    },
}

/// Why bytes are not the metadata of a handler.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MetadataError {
    /// A lone string, or `(string[], uint256, address)`: the same selector, another function.
    #[error("the metadata is ENSIP-16's ({0}), which names neither a gateway nor a signer")]
    Ensip16(&'static str),
    /// None of the shapes of that storage.
    #[error("the metadata is not {0}, nothing before, between or after")]
    Shape(&'static str),
    /// The bytes that should name the IPNS key do not.
    #[error("the ipnsSigner of the metadata is no contenthash, CID or key: {0}")]
    Ipns(IpnsNameError),
    /// A chain id that does not fit 64 bits.
    #[error("the metadata names the chain {0}, which is no chain id")]
    Chain(U256),
}

type Text = sol_data::String;
type Account = sol_data::Address;
type Number = sol_data::Uint<256>;
type Word = sol_data::FixedBytes<32>;

/// The value of a tuple whose encoding is exactly `bytes`.
pub(super) fn exact<T>(bytes: &[u8]) -> Option<T::RustType>
where
    T: SolType,
    for<'a> T::Token<'a>: alloy::sol_types::abi::TokenSeq<'a>,
{
    let value = T::abi_decode_params_validate(bytes).ok()?;
    (T::abi_encode_params(&value) == bytes).then_some(value)
}

impl Metadata {
    /// Reads the metadata of a storage of this kind.
    ///
    /// # Errors
    /// [`MetadataError`] says what was expected.
    pub fn decode(kind: StorageKind, bytes: &[u8]) -> Result<Self, MetadataError> {
        let found = match kind {
            StorageKind::Ipns => ipns(bytes)?,
            StorageKind::Database => database(bytes),
            StorageKind::L2 => match exact::<(Account, Number)>(bytes) {
                Some((contract, chain)) => {
                    let chain_id = chain_id(chain).ok_or(MetadataError::Chain(chain))?;
                    Some(Self::L2 { contract, chain_id })
                }
                None => None,
            },
            StorageKind::Solana => exact::<(Word, Word)>(bytes)
                .map(|(program, account)| Self::Solana { program, account }),
        };
        found.ok_or_else(|| not_metadata(kind, bytes))
    }

    /// Who signs the records, where somebody named does.
    pub fn signer(&self) -> Option<Address> {
        match self {
            Self::Ipns { signer, .. } | Self::Database { signer, .. } => {
                (!signer.is_zero()).then_some(*signer)
            }
            Self::L2 { .. } | Self::Solana { .. } => None,
        }
    }
}

fn ipns(bytes: &[u8]) -> Result<Option<Metadata>, MetadataError> {
    let long = exact::<(Text, Account, sol_data::Bytes, Text)>(bytes)
        .map(|(gateway, signer, ipns, graphql)| (gateway, signer, ipns, Some(graphql)));
    let short = || {
        exact::<(Text, Account, sol_data::Bytes)>(bytes)
            .map(|(gateway, signer, ipns)| (gateway, signer, ipns, None))
    };
    let Some((gateway, signer, ipns, graphql)) = long.or_else(short) else { return Ok(None) };
    let ipns = ipns_key(&ipns).map_err(MetadataError::Ipns)?;
    Ok(Some(Metadata::Ipns { gateway, signer, ipns, graphql }))
}

fn database(bytes: &[u8]) -> Option<Metadata> {
    let long = exact::<(Text, Account, Text)>(bytes);
    let long = long.map(|(gateway, signer, graphql)| (gateway, signer, Some(graphql)));
    let short = || exact::<(Text, Account)>(bytes).map(|(gateway, signer)| (gateway, signer, None));
    let (gateway, signer, graphql) = long.or_else(short)?;
    Some(Metadata::Database { gateway, signer, graphql })
}

/// A contenthash, a bare CID, or the 32-byte public key.
fn ipns_key(bytes: &[u8]) -> Result<IpnsName, IpnsNameError> {
    if let Ok(key) = <[u8; 32]>::try_from(bytes) {
        return IpnsName::from_public_key(key);
    }
    match bytes.first() {
        Some(0x01) => IpnsName::from_contenthash(&[&[0xe5, 0x01], bytes].concat()),
        _ => IpnsName::from_contenthash(bytes),
    }
}

pub(super) fn chain_id(number: U256) -> Option<u64> {
    u64::try_from(number).ok()
}

fn not_metadata(kind: StorageKind, bytes: &[u8]) -> MetadataError {
    if exact::<(Text,)>(bytes).is_some() {
        return MetadataError::Ensip16("a lone string");
    }
    if exact::<(sol_data::Array<Text>, Number, Account)>(bytes).is_some() {
        return MetadataError::Ensip16("RPC URLs, a chain and a registry");
    }
    MetadataError::Shape(match kind {
        StorageKind::Ipns => "(string gateway, address signer, bytes ipns[, string graphql])",
        StorageKind::Database => "(string gateway, address signer[, string graphql])",
        StorageKind::L2 => "(address contract, uint256 chainId)",
        StorageKind::Solana => "(bytes32 program, bytes32 account)",
    })
}
