//! The Trezor's Ethereum messages, as its maker describes them (`messages-ethereum.proto`,
//! `docs/common` of trezor-firmware): protobuf in packets, in sessions that have a passphrase.

mod call;
mod codec;
mod ethereum;
mod messages;
mod typed_data;
mod udp;
#[cfg(feature = "usb")]
mod webusb;

pub use ethereum::Trezor;
pub use udp::Udp;
#[cfg(feature = "usb")]
pub(super) use webusb::WebUsb;
