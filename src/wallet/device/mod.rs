//! Hardware wallets, Ledger and Trezor: over USB, or at the makers' emulators.
//!
//! The protocols are apart from what carries them: a [`Ledger`] speaks over [`Apdus`], a
//! [`Trezor`] over [`Packets`]. [`Device`] gives a device a thread of its own, since each answer
//! waits for a person; what it asks of that person goes through an [`Attendant`].
//!
//! What a device says is not believed: lengths are bounded, addresses are compared with their
//! public keys where those come along, and a signature counts once it recovers to the address.

mod answers;
mod attendant;
mod client;
mod error;
mod handle;
mod kind;
mod ledger;
mod path;
mod transport;
mod trezor;
mod usb;
mod wallet;

pub use attendant::{Attendant, Passphrase, Told};
pub use client::DeviceClient;
pub use error::{AskError, DeviceError};
pub use handle::{Device, DeviceConfig, Place};
pub use kind::DeviceKind;
pub use ledger::{Ledger, Speculos};
pub use path::{PathStyle, UsualPath, usual_paths};
pub use transport::{Answer, Apdus, Framed, Packets};
pub use trezor::{Trezor, Udp};
pub use usb::{FoundDevice, found_here};
pub use wallet::DeviceWallet;
