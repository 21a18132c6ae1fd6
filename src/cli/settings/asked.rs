//! Which wallet the user's file has asked, where it is none of a keystore.

use namesys::toml::FromText;
use namesys::wallet::device::DeviceKind;

/// A wallet that a person confirms with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// A browser's extension.
    Browser,
    /// A Ledger or a Trezor.
    Device(DeviceKind),
}

impl Asked {
    const ALL: [Self; 3] =
        [Self::Browser, Self::Device(DeviceKind::Ledger), Self::Device(DeviceKind::Trezor)];

    /// As the file has it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Browser => "browser",
            Self::Device(device) => device.word(),
        }
    }
}

impl FromText for Asked {
    fn from_text(text: &str) -> Result<Self, String> {
        let told = "browser, ledger or trezor is expected; a keystore is named by account";
        Self::ALL.into_iter().find(|asked| asked.word() == text).ok_or_else(|| told.to_owned())
    }
}
