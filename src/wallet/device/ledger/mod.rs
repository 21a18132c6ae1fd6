//! The Ledger's app Ethereum, as its maker describes it (`doc/ethapp.adoc` of app-ethereum).

mod app;
#[cfg(feature = "usb")]
mod hid;
mod speculos;
mod status;

pub use app::Ledger;
#[cfg(feature = "usb")]
pub(super) use hid::Hid;
pub use speculos::Speculos;
