//! What ends a command: kind, message, hint and exit code. Here the library's errors become
//! these; those about the chain in `chain_errors`, those of a workspace in `workspace_errors`, the
//! devnet's in `devnet_errors`.

use std::fmt;
use std::io;

use namesys::ens::NameError;
use namesys::ipns::{PublishError, RecordError, RevisionError};
use namesys::keys::file::KeyFileError;
use namesys::keys::{IpnsKeyError, IpnsNameError, SignerKeyError};
use namesys::net::NetError;
use namesys::report::{ErrorKind, ErrorReport};
use namesys::request::{Caip10Error, SignatureError};
use namesys::resolve::GatewayParseError;
use namesys::wallet::{BrowserError, KeystoreError, MnemonicError, WalletError};

use namesys::secret::redaction::{redacted, redacted_digits};

/// The exit codes scripts rely on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 1: it failed.
    Failed,
    /// 2: the command line, or a value that does not parse.
    Usage,
    /// 3: something did not verify.
    Unverified,
    /// 4: no such record, name or publication.
    NotFound,
    /// 130: interrupted.
    Interrupted,
}

impl Exit {
    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Unverified => 3,
            Self::NotFound => 4,
            Self::Interrupted => 130,
        }
    }

    /// What mixed outcomes end with: 3 before 1 before 4; interruption before all.
    pub fn worst(exits: impl IntoIterator<Item = Self>) -> Option<Self> {
        let rank = |exit: &Self| match exit {
            Self::NotFound => 0,
            Self::Usage => 1,
            Self::Failed => 2,
            Self::Unverified => 3,
            Self::Interrupted => 4,
        };
        exits.into_iter().max_by_key(rank)
    }
}

/// An error as a person and a script see it.
#[derive(Clone, Debug)]
pub struct CliError {
    /// Decides the exit code.
    pub exit: Exit,
    /// A stable word for scripts.
    pub kind: ErrorKind,
    /// What happened, quoting the offending input, never a secret.
    pub message: String,
    /// What to type next.
    pub hint: Option<String>,
}

impl CliError {
    /// An error without a hint.
    pub fn new(exit: Exit, kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { exit, kind, message: message.into(), hint: None }
    }

    /// Exit 2: the command line, or a value on it.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, ErrorKind::Usage, message)
    }

    /// Exit 1, from the system: `what` could not be done.
    pub fn io(what: impl fmt::Display, error: &io::Error) -> Self {
        Self::new(Exit::Failed, ErrorKind::Io, format!("{what}: {error}"))
    }

    /// Exit 130.
    pub fn interrupted() -> Self {
        Self::new(Exit::Interrupted, ErrorKind::Interrupted, "interrupted")
    }

    /// Adds what to type next.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// As it is shown and stands in JSON: without secrets. Where something was given wrongly, or
    /// does not lie where it was said to, digits that can be a key are left out too.
    pub fn report(&self) -> ErrorReport {
        let quotes_input = self.exit == Exit::Usage
            || matches!(
                self.kind,
                ErrorKind::Exists
                    | ErrorKind::File
                    | ErrorKind::Io
                    | ErrorKind::NoFolder
                    | ErrorKind::NoRecord
                    | ErrorKind::NoWorkspace
                    | ErrorKind::WrongPassword
            );
        let hidden = if quotes_input { redacted_digits } else { redacted };
        ErrorReport {
            kind: self.kind,
            message: hidden(&self.message),
            hint: self.hint.as_deref().map(hidden),
        }
    }

    /// With the library's own words.
    pub(super) fn of(exit: Exit, kind: ErrorKind, error: &impl fmt::Display) -> Self {
        Self::new(exit, kind, error.to_string())
    }
}

impl From<NameError> for CliError {
    fn from(error: NameError) -> Self {
        Self::of(Exit::Usage, ErrorKind::BadName, &error)
    }
}

impl From<Caip10Error> for CliError {
    fn from(error: Caip10Error) -> Self {
        Self::of(Exit::Usage, ErrorKind::BadAccount, &error)
    }
}

impl From<SignatureError> for CliError {
    fn from(error: SignatureError) -> Self {
        Self::of(Exit::Usage, ErrorKind::BadSignature, &error)
    }
}

impl From<SignerKeyError> for CliError {
    fn from(error: SignerKeyError) -> Self {
        Self::of(Exit::Usage, ErrorKind::BadKey, &error)
    }
}

impl From<IpnsKeyError> for CliError {
    fn from(error: IpnsKeyError) -> Self {
        Self::of(Exit::Usage, ErrorKind::BadKey, &error)
    }
}

impl From<IpnsNameError> for CliError {
    fn from(error: IpnsNameError) -> Self {
        Self::of(Exit::Usage, ErrorKind::BadIpnsName, &error)
    }
}

impl From<MnemonicError> for CliError {
    fn from(error: MnemonicError) -> Self {
        Self::of(Exit::Usage, ErrorKind::BadMnemonic, &error)
    }
}

impl From<KeyFileError> for CliError {
    fn from(error: KeyFileError) -> Self {
        let (exit, kind) = match &error {
            KeyFileError::Exists(_) => (Exit::Failed, ErrorKind::Exists),
            KeyFileError::Write { .. } | KeyFileError::Read { .. } => (Exit::Failed, ErrorKind::Io),
            KeyFileError::TooLarge(_) | KeyFileError::Signer { .. } | KeyFileError::Ipns { .. } => {
                (Exit::Usage, ErrorKind::BadKey)
            }
        };
        Self::of(exit, kind, &error)
    }
}

impl From<KeystoreError> for CliError {
    fn from(error: KeystoreError) -> Self {
        let (exit, kind) = match &error {
            KeystoreError::WrongPassword(_) => (Exit::Failed, ErrorKind::WrongPassword),
            KeystoreError::Read { .. } => (Exit::Failed, ErrorKind::Io),
            KeystoreError::Format { .. } => (Exit::Usage, ErrorKind::BadKeystore),
            KeystoreError::NoAccount { .. } => (Exit::Usage, ErrorKind::NoAccount),
        };
        Self::of(exit, kind, &error)
    }
}

impl From<WalletError> for CliError {
    fn from(error: WalletError) -> Self {
        match error {
            WalletError::Mnemonic(error) => error.into(),
            WalletError::Keystore(error) => error.into(),
            WalletError::Browser(error) => error.into(),
            WalletError::Device(error) => error.into(),
            WalletError::Key(error) => Self::of(Exit::Usage, ErrorKind::BadKey, &error),
            WalletError::Signature(_) => Self::of(Exit::Usage, ErrorKind::BadSignature, &error),
            WalletError::ForeignSignature { .. } => {
                Self::of(Exit::Unverified, ErrorKind::ForeignSignature, &error)
            }
            WalletError::NotDeterministic { .. } => {
                Self::of(Exit::Failed, ErrorKind::NotDeterministic, &error).hint(
                    "derive the keys from another account, and have this one approve its records \
                     signer: namesys approve, or on chain, namesys setup --approve-signer",
                )
            }
            WalletError::NoTransactions { .. } => {
                Self::of(Exit::Usage, ErrorKind::NoTransactions, &error).hint(
                    "--calldata prints the transactions for a wallet elsewhere, --safe FILE \
                     writes them for a multisig",
                )
            }
            WalletError::NoTypedData { .. } => {
                Self::of(Exit::Usage, ErrorKind::NoTypedData, &error)
            }
            WalletError::Node(_) => Self::of(Exit::Failed, ErrorKind::Rpc, &error).hint(
                "check the node's address and its key, or give more than one --rpc-url: they are \
                 tried in order",
            ),
            WalletError::NotSent { .. } => Self::of(Exit::Failed, ErrorKind::NotSent, &error)
                .hint("look the transaction up before you send it again"),
            WalletError::Transaction(_) => Self::of(Exit::Failed, ErrorKind::Transaction, &error),
            WalletError::SignatureMissing { .. } => {
                Self::of(Exit::Usage, ErrorKind::SignatureMissing, &error).hint(
                    "print the texts with --requests, sign them with the wallet, and give the \
                     signatures as files",
                )
            }
        }
    }
}

impl From<BrowserError> for CliError {
    fn from(error: BrowserError) -> Self {
        let (kind, hint) = match &error {
            BrowserError::Listen(_) => (ErrorKind::Listen, "the page needs a port of 127.0.0.1"),
            BrowserError::Declined { .. } => {
                (ErrorKind::NotConfirmed, "run the same command again where you want to confirm it")
            }
            BrowserError::TimedOut { .. } => (
                ErrorKind::Timeout,
                "run the same command again for a new link; --browser-wait DURATION gives more time",
            ),
            BrowserError::Unusable { .. } => (
                ErrorKind::BadSignature,
                "look into the wallet's own messages, or try another wallet",
            ),
        };
        Self::of(Exit::Failed, kind, &error).hint(hint)
    }
}

impl From<RecordError> for CliError {
    fn from(error: RecordError) -> Self {
        match &error {
            // Of what is to be written; what is read has no such faults.
            RecordError::Value(_) | RecordError::TooBig { .. } => {
                Self::of(Exit::Usage, ErrorKind::BadValue, &error)
            }
            RecordError::Expired { .. } => Self::of(Exit::Unverified, ErrorKind::Expired, &error),
            _ => Self::of(Exit::Unverified, ErrorKind::BadRecord, &error),
        }
    }
}

impl From<PublishError> for CliError {
    fn from(error: PublishError) -> Self {
        match error {
            PublishError::Net(error) => error.into(),
            PublishError::BadRecord { .. }
            | PublishError::Contradiction { .. }
            | PublishError::NoRecord(_) => Self::of(Exit::Unverified, ErrorKind::BadRecord, &error),
            PublishError::Outdated { .. } => Self::of(Exit::Failed, ErrorKind::Outdated, &error),
            PublishError::Rejected { .. } => Self::of(Exit::Failed, ErrorKind::Rejected, &error),
            PublishError::Unreadable { .. }
            | PublishError::WithoutNetwork { .. }
            | PublishError::FilesOnly(_)
            | PublishError::NoPlace
            | PublishError::Silent(_) => Self::of(Exit::Failed, ErrorKind::Unreadable, &error),
            PublishError::File { .. } => Self::of(Exit::Failed, ErrorKind::File, &error),
            PublishError::NotReadBack { .. } => {
                Self::of(Exit::Failed, ErrorKind::NotReadBack, &error)
            }
        }
    }
}

impl From<GatewayParseError> for CliError {
    fn from(error: GatewayParseError) -> Self {
        Self::of(Exit::Usage, ErrorKind::BadGateway, &error)
    }
}

impl From<RevisionError> for CliError {
    fn from(error: RevisionError) -> Self {
        Self::of(Exit::Usage, ErrorKind::BadRevision, &error)
    }
}

impl From<NetError> for CliError {
    fn from(error: NetError) -> Self {
        let (exit, kind) = match &error {
            NetError::Status { status: 404, .. } => (Exit::NotFound, ErrorKind::NotFound),
            NetError::Client { .. } | NetError::Address { .. } | NetError::Plain { .. } => {
                (Exit::Usage, ErrorKind::BadAddress)
            }
            NetError::Timeout { .. } | NetError::GivenUp { .. } | NetError::WaitedOut { .. } => {
                (Exit::Failed, ErrorKind::Timeout)
            }
            NetError::Status { status: 429, .. } => (Exit::Failed, ErrorKind::RateLimited),
            _ => (Exit::Failed, ErrorKind::Network),
        };
        Self::of(exit, kind, &error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mixed_outcomes_end_with_3_before_1_before_4() {
        use Exit::{Failed, NotFound, Unverified};
        assert_eq!(Exit::worst([NotFound, Failed, Unverified]), Some(Unverified));
        assert_eq!(Exit::worst([NotFound, Failed]), Some(Failed));
        assert_eq!(Exit::worst([NotFound]), Some(NotFound));
        assert_eq!(Exit::worst([]), None);
    }

    #[test]
    fn a_missing_signature_names_its_step() {
        let error: CliError = WalletError::SignatureMissing {
            wallet: namesys::wallet::Address::ZERO,
            step: namesys::request::Step::Sign2,
            name: None,
        }
        .into();
        assert_eq!(error.exit.code(), 2);
        assert!(error.message.contains("sign-2"), "{}", error.message);
    }
}
