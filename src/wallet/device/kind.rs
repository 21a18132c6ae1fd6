//! Whose devices there are.

use std::fmt;

/// Whose device it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceKind {
    /// Of Ledger, with its app Ethereum.
    Ledger,
    /// Of Trezor.
    Trezor,
}

impl DeviceKind {
    /// In a word for files and scripts.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ledger => "ledger",
            Self::Trezor => "trezor",
        }
    }

    /// What lets the user of a Linux machine open it: a file for `/etc/udev/rules.d`, and its
    /// line.
    pub fn udev_rule(self) -> (&'static str, &'static str) {
        match self {
            Self::Ledger => (
                "/etc/udev/rules.d/70-ledger.rules",
                "KERNEL==\"hidraw*\", ATTRS{idVendor}==\"2c97\", MODE=\"0660\", TAG+=\"uaccess\"",
            ),
            Self::Trezor => (
                "/etc/udev/rules.d/70-trezor.rules",
                "SUBSYSTEM==\"usb\", ATTR{idVendor}==\"1209\", ATTR{idProduct}==\"53c1\", \
                 MODE=\"0660\", TAG+=\"uaccess\"",
            ),
        }
    }
}

impl fmt::Display for DeviceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ledger => "Ledger",
            Self::Trezor => "Trezor",
        })
    }
}
