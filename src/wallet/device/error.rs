//! Why a device gave nothing that can be used. What it answered is not quoted where it may be a
//! signature, nor what was sent: it may be a PIN.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use alloy_primitives::Address;

use super::DeviceKind;

/// Why nobody answered a question.
pub type AskError = Box<dyn std::error::Error + Send + Sync>;

/// Why a device did not sign.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// None is plugged in.
    #[error("no {0} is plugged in")]
    NotFound(DeviceKind),
    /// Which one is meant is not known.
    #[error("{} {device}s are plugged in: {}", .found.len(), .found.join(", "))]
    Several {
        /// Whose they are.
        device: DeviceKind,
        /// What they call themselves, and where they are.
        found: Vec<String>,
    },
    /// The user may not open it.
    #[error("this user may not open the {device}: {} is another's", .node.display())]
    NoPermission {
        /// Whose it is.
        device: DeviceKind,
        /// The file that stands for it.
        node: PathBuf,
    },
    /// Another program has it.
    #[error("the {device} is in use by another program")]
    Busy {
        /// Whose it is.
        device: DeviceKind,
    },
    /// USB failed.
    #[error("the {device} cannot be opened: {reason}")]
    Usb {
        /// Whose it is.
        device: DeviceKind,
        /// What the system says.
        reason: String,
    },
    /// Nothing listens where the emulator should.
    #[error("the {device}'s emulator at {place} cannot be reached: {source}")]
    Emulator {
        /// Whose it is.
        device: DeviceKind,
        /// Host and port.
        place: String,
        /// What the system says.
        source: io::Error,
    },
    /// The connection ended.
    #[error("the {device} was unplugged, or its connection ended, before it answered")]
    Unplugged {
        /// Whose it is.
        device: DeviceKind,
    },
    /// No answer in time: nobody confirmed, or the device hangs.
    #[error("the {device} gave no answer for {} s", .waited.as_secs())]
    Silent {
        /// Whose it is.
        device: DeviceKind,
        /// How long.
        waited: Duration,
    },
    /// Its PIN is to be typed first.
    #[error("the {device} is locked")]
    Locked {
        /// Whose it is.
        device: DeviceKind,
    },
    /// The Ledger shows its dashboard, or another app.
    #[error(
        "the app Ethereum is not open on the Ledger{}",
        .open.as_ref().map_or_else(String::new, |open| format!(": {open:?} is"))
    )]
    AppNotOpen {
        /// The app that is.
        open: Option<String>,
    },
    /// The app Ethereum, or the firmware, does not know what is asked of it.
    #[error("{program} {version} on the {device} is too old for {what}{}", .needs.map_or_else(String::new, |needs| format!(", which needs {needs}")))]
    TooOld {
        /// Whose it is.
        device: DeviceKind,
        /// The program on it.
        program: &'static str,
        /// Its version.
        version: String,
        /// What was asked.
        what: String,
        /// The version that knows it.
        needs: Option<&'static str>,
    },
    /// The Ledger is to sign what it cannot show, and may not.
    #[error("the Ledger refuses {what}, which it cannot show in full: blind signing is off")]
    BlindSigning {
        /// What was asked.
        what: String,
    },
    /// The person said no.
    #[error("{what} was rejected on the {device}")]
    Rejected {
        /// Whose it is.
        device: DeviceKind,
        /// What was asked.
        what: String,
    },
    /// It has too little memory.
    #[error("{what} is too long for the {device}")]
    TooLong {
        /// Whose it is.
        device: DeviceKind,
        /// What was asked.
        what: String,
    },
    /// Nothing of the kind can be asked of it.
    #[error("the {device} takes no {what}")]
    NotTaken {
        /// Whose it is.
        device: DeviceKind,
        /// What was asked.
        what: &'static str,
    },
    /// The path has more levels than it takes.
    #[error("{path} has more levels than the {device} takes: at most {most}")]
    TooDeep {
        /// Whose it is.
        device: DeviceKind,
        /// The path.
        path: String,
        /// How many it takes.
        most: usize,
    },
    /// Another status of the Ledger.
    #[error("the Ledger refuses {what} with the status {status:#06x}")]
    Status {
        /// The status word.
        status: u16,
        /// What was asked.
        what: String,
    },
    /// Another failure of the Trezor.
    #[error("the Trezor refuses {what}: {message} (code {code})")]
    Failure {
        /// The code.
        code: i32,
        /// Its own words.
        message: String,
        /// What was asked.
        what: String,
    },
    /// The PIN was another one.
    #[error("the PIN is not the {device}'s")]
    WrongPin {
        /// Whose it is.
        device: DeviceKind,
    },
    /// Neither a PIN nor a passphrase can be such a text.
    #[error("{0}")]
    BadAnswer(&'static str),
    /// A Trezor that speaks the newer, encrypted protocol alone.
    #[error("this Trezor speaks only THP, its encrypted protocol, which is not spoken here")]
    OnlyThp,
    /// A Trezor of the first firmware, which is no WebUSB device.
    #[error("this Trezor has a firmware older than 1.7.0, which is not spoken to here")]
    OnlyHid,
    /// It shows its bootloader.
    #[error("the Trezor is in bootloader mode")]
    Bootloader,
    /// It has no seed yet.
    #[error("the {device} holds no wallet yet")]
    Empty {
        /// Whose it is.
        device: DeviceKind,
    },
    /// Its firmware is for Bitcoin alone.
    #[error("this Trezor's firmware knows Bitcoin alone")]
    BitcoinOnly,
    /// Another device, or another passphrase, than at first.
    #[error("the {device} gives {found} now, where it gave {expected} at first")]
    OtherWallet {
        /// Whose it is.
        device: DeviceKind,
        /// The address at first.
        expected: Address,
        /// The address now.
        found: Address,
    },
    /// It answers against its protocol.
    #[error("the {device} answered with what is not {what}")]
    Malformed {
        /// Whose it is.
        device: DeviceKind,
        /// What was expected.
        what: &'static str,
    },
    /// Nobody answered a question.
    #[error("{0}")]
    Unanswered(AskError),
    /// Its thread is gone.
    #[error("nothing more can be asked of the {device}")]
    Gone {
        /// Whose it is.
        device: DeviceKind,
    },
}
