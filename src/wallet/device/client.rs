//! What is asked of a device, whoever made it.

use alloy::consensus::TxEip1559;
use alloy_primitives::Address;

use super::DeviceError;
use crate::request::Signature;
use crate::secret::Secret;
use crate::wallet::{HdPath, TypedData};

/// The protocol of a device; each call waits for its answer.
pub trait DeviceClient: Send {
    /// The address at `path`, without asking anybody.
    ///
    /// # Errors
    /// Those of the device.
    fn address(&mut self, path: &HdPath) -> Result<Address, DeviceError>;

    /// Signs `text` under EIP-191. `what` says in words what it is, for messages.
    ///
    /// # Errors
    /// Those of the device.
    fn sign_text(
        &mut self,
        path: &HdPath,
        text: &str,
        what: &str,
    ) -> Result<Secret<Signature>, DeviceError>;

    /// Signs typed data (EIP-712): all of it is shown where the device can, two hashes where not.
    ///
    /// # Errors
    /// Those of the device.
    fn sign_typed(
        &mut self,
        path: &HdPath,
        data: &TypedData,
        what: &str,
    ) -> Result<Secret<Signature>, DeviceError>;

    /// Signs a transaction; `v` of the signature is 27 or 28 here too.
    ///
    /// # Errors
    /// Those of the device.
    fn sign_transaction(
        &mut self,
        path: &HdPath,
        transaction: &TxEip1559,
        what: &str,
    ) -> Result<Secret<Signature>, DeviceError>;
}
