//! From an address to its primary name, and back (ENSIP-3, ENSIP-19).

use alloy_primitives::{Address, hex};

use super::resolution::{NameResolution, OnchainRecordError, ResolveError};
use super::{NameResolver, Trace};
use crate::ens::{Name, NameError};
use crate::record::{CoinType, RecordKey, Value};

/// A primary name that leads back to its address.
#[derive(Clone, Debug)]
pub struct ReverseResolution {
    /// The address.
    pub address: Address,
    /// Its name.
    pub name: Name,
    /// The name's `address/60`, which is the address.
    pub forward: NameResolution,
}

/// Why an address has no name to show.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReverseError {
    /// The chain could not be asked.
    #[error(transparent)]
    Resolve(#[from] ResolveError),
    /// The reverse record could not be read.
    #[error("the reverse record of {address}: {error}")]
    Record {
        /// The address.
        address: Address,
        /// Why not.
        error: OnchainRecordError,
    },
    /// There is no reverse record.
    #[error("{0} has no primary name")]
    NoName(Address),
    /// The name is not in normal form, which nobody may put right.
    #[error("the reverse record of {address} is not a name: {error}")]
    Name {
        /// The address.
        address: Address,
        /// Why not.
        error: NameError,
    },
    /// The name says another address: anybody can claim any name in a reverse record.
    #[error("{address} claims the name {name}, but that name's address is {found}")]
    Mismatch {
        /// The address.
        address: Address,
        /// What its reverse record says.
        name: Name,
        /// The address of the name, or why there is none.
        found: String,
    },
}

impl NameResolver {
    /// The primary name of `address`, checked by resolving it forward.
    ///
    /// # Errors
    /// [`ReverseError`] also when the name does not lead back.
    pub async fn reverse(
        &self,
        address: Address,
        trace: &Trace,
    ) -> Result<ReverseResolution, ReverseError> {
        let text = self.reverse_record(address, trace).await?;
        let name =
            Name::from_normalized(&text).map_err(|error| ReverseError::Name { address, error })?;
        let key = RecordKey::Address(CoinType::ETH);
        let found = match self.resolve(&name, &[key], trace).await {
            Ok(forward) => match forward.records.first().map(|record| &record.value) {
                Some(Ok(Value::Address { bytes, .. })) if bytes[..] == address[..] => {
                    return Ok(ReverseResolution { address, name, forward });
                }
                Some(Ok(other)) => other.to_string(),
                Some(Err(OnchainRecordError::Chain(error))) => {
                    return Err(ResolveError::from(error.clone()).into());
                }
                Some(Err(error)) => format!("not to be had ({error})"),
                None => "not set".to_owned(),
            },
            Err(error @ ResolveError::Chain(_)) => return Err(error.into()),
            Err(error) => format!("not to be had ({error})"),
        };
        Err(ReverseError::Mismatch { address, name, found })
    }

    /// `<address>.addr.reverse`, else the one for all chains. One that is there and empty was
    /// cleared: the other is not asked then (ENSIP-19, step 4).
    async fn reverse_record(
        &self,
        address: Address,
        trace: &Trace,
    ) -> Result<String, ReverseError> {
        for parent in ["addr.reverse", "default.reverse"] {
            let name = format!("{}.{parent}", hex::encode(address));
            let name = Name::parse(&name).map_err(|error| ReverseError::Name { address, error })?;
            let resolution = match self.resolve(&name, &[RecordKey::Name], trace).await {
                Ok(resolution) => resolution,
                Err(ResolveError::NoResolver { .. }) => continue,
                Err(error) => return Err(error.into()),
            };
            match resolution.records.into_iter().next().map(|record| record.value) {
                Some(Ok(Value::Name(text))) => return Ok(text),
                Some(Err(OnchainRecordError::NotSet)) => break,
                Some(Err(OnchainRecordError::Resolver(_))) | None => {}
                Some(Ok(other)) => return Ok(other.to_string()),
                Some(Err(error)) => return Err(ReverseError::Record { address, error }),
            }
        }
        Err(ReverseError::NoName(address))
    }
}
