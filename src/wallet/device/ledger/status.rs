//! What a Ledger's status words mean. They are not the app's alone: its system has some for all
//! apps, and versions differ.

use crate::wallet::device::{DeviceError, DeviceKind};

const DEVICE: DeviceKind = DeviceKind::Ledger;

pub const OK: u16 = 0x9000;
/// Something else was begun, and is given up now.
pub const NOT_IDLE: u16 = 0x6980;
/// Nobody knows the command.
pub const UNKNOWN_CLASS: [u16; 4] = [0x6d00, 0x6e00, 0x6e01, 0x6d02];
/// No person has to have said anything: it may be the switch for blind signing.
pub const BLOCKED: [u16; 2] = [0x6a80, 0x6985];

/// What the app says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct App {
    pub version: (u8, u8, u8),
    pub signs_blindly: bool,
}

/// What is asked, for what its refusal means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    Address,
    Text,
    Hashes,
    Transaction,
}

pub fn too_old(app: App, what: &str, needs: Option<&'static str>) -> DeviceError {
    let (major, minor, patch) = app.version;
    DeviceError::TooOld {
        device: DEVICE,
        program: "the app Ethereum",
        version: format!("{major}.{minor}.{patch}"),
        what: what.to_owned(),
        needs,
    }
}

/// Why `what` was refused.
pub fn refusal(status: u16, asked: Asked, what: &str, app: Option<App>) -> DeviceError {
    let (device, what) = (DEVICE, what.to_owned());
    let is_blind = matches!(asked, Asked::Hashes | Asked::Transaction)
        && app.is_some_and(|app| !app.signs_blindly);
    match status {
        0x5515 | 0x6b0c | 0x6804 | 0x5303 => DeviceError::Locked { device },
        // Of the address nobody is asked: older systems are locked then.
        0x6982 if asked == Asked::Address => DeviceError::Locked { device },
        0x6511 => DeviceError::AppNotOpen { open: None },
        status if UNKNOWN_CLASS.contains(&status) => DeviceError::AppNotOpen { open: None },
        // Some versions show that it is off, and give this once it was read.
        0x6a80 | 0x6985 if is_blind => DeviceError::BlindSigning { what },
        0x6985 | 0x6982 | 0x5501 => DeviceError::Rejected { device, what },
        0x6a84 => DeviceError::TooLong { device, what },
        0x6501 => match app {
            Some(app) => too_old(app, &what, None),
            None => DeviceError::Status { status, what },
        },
        status => DeviceError::Status { status, what },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_each_means() {
        let app = |signs_blindly| Some(App { version: (1, 8, 0), signs_blindly });
        let (on, off) = (app(true), app(false));
        for (status, asked, app, told) in [
            (0x5515, Asked::Address, None, "the Ledger is locked"),
            (0x6b0c, Asked::Text, on, "the Ledger is locked"),
            (0x6982, Asked::Address, None, "the Ledger is locked"),
            (0x6982, Asked::Text, on, "it was rejected on the Ledger"),
            (0x6985, Asked::Text, off, "it was rejected on the Ledger"),
            (0x6985, Asked::Transaction, on, "it was rejected on the Ledger"),
            (0x6985, Asked::Transaction, off, "blind signing is off"),
            (0x6a80, Asked::Hashes, off, "blind signing is off"),
            (0x6a80, Asked::Hashes, on, "refuses it with the status 0x6a80"),
            (0x6a80, Asked::Text, off, "refuses it with the status 0x6a80"),
            (0x6d00, Asked::Address, None, "the app Ethereum is not open"),
            (0x6e00, Asked::Address, None, "the app Ethereum is not open"),
            (0x6e01, Asked::Text, on, "the app Ethereum is not open"),
            (0x6511, Asked::Address, None, "the app Ethereum is not open"),
            (0x6501, Asked::Transaction, on, "the app Ethereum 1.8.0 on the Ledger is too old"),
            (0x6a84, Asked::Text, on, "it is too long for the Ledger"),
            (0x6f00, Asked::Text, on, "refuses it with the status 0x6f00"),
        ] {
            let error = refusal(status, asked, "it", app).to_string();
            assert!(error.contains(told), "{status:#06x}: {error}");
        }
    }
}
