//! A revert, decoded strictly: what is encoded again must be the same bytes, so that nothing is shown
//! that was not said.

use alloy::sol_types::SolError;
use alloy_primitives::Bytes;

use super::abi::universal;
use super::errors::{of_eip5559, of_ensip_y, of_erc7700, of_erc7884, of_legacy, strict};
use super::{Decoded, Deferral, DeferralError, MAX_WRAPPED};

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
