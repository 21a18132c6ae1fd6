//! The person at the device.

use alloy_primitives::B256;

use super::{AskError, DeviceKind};
use crate::secret::SecretString;

/// What a person is told while a device waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told<'a> {
    /// Something is to be confirmed on the device.
    Confirm {
        /// Whose it is.
        device: DeviceKind,
        /// What.
        what: &'a str,
    },
    /// Typed data is to be confirmed by two hashes, since the device is shown no more.
    Hashes {
        /// Whose it is.
        device: DeviceKind,
        /// The domain separator.
        domain: B256,
        /// The hash of the message.
        message: B256,
    },
    /// The PIN, or the passphrase, is to be typed on the device.
    TypeOnDevice {
        /// Whose it is.
        device: DeviceKind,
        /// Which of the two.
        what: &'a str,
    },
}

/// A passphrase beside the seed: another one is another wallet.
#[derive(Clone, Debug)]
pub enum Passphrase {
    /// Typed on the device.
    OnDevice,
    /// Typed here; empty for the wallet without one.
    Here(SecretString),
}

/// The person at the device, asked from the device's thread.
pub trait Attendant: Send + Sync {
    /// Something waits on the device.
    fn tell(&self, told: Told<'_>);

    /// The PIN of a device without keys, as the places of its digits: the device shows the digits
    /// in a square, and each is given by its place on a numeric keypad, 7 at the top left.
    ///
    /// # Errors
    /// When nobody answers.
    fn pin(&self) -> Result<SecretString, AskError>;

    /// The passphrase.
    ///
    /// # Errors
    /// When nobody answers.
    fn passphrase(&self, may_be_on_device: bool) -> Result<Passphrase, AskError>;
}
