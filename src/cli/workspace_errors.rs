//! The workspace's errors as a person and a script see them; the rest of `error.rs`.

use std::io;

use namesys::ipfs::PackError;
use namesys::plan::DraftError;
use namesys::record::{RecordKeyError, ValueError};
use namesys::report::ErrorKind;
use namesys::request::Step;
use namesys::resolve::FetchError;
use namesys::serve::ServeError;
use namesys::wallet::WalletError;
use namesys::workspace::{
    ConfigError, ImportError, KeyMismatch, NamesError, NostrFileError, RecordsError, SignError,
    TreeError, Unsuitable, WorkspaceError,
};

use super::error::{CliError, Exit};
use super::mass_removal;

impl From<WorkspaceError> for CliError {
    fn from(error: WorkspaceError) -> Self {
        let message = error.to_string();
        match error {
            WorkspaceError::NotFound(_) => Self::new(Exit::Failed, ErrorKind::NoWorkspace, message)
                .hint("make one here: namesys init NAME; or say where it is: -C DIR"),
            WorkspaceError::Exists(_) => Self::new(Exit::Failed, ErrorKind::Exists, message)
                .hint("use it as it is, or give another folder: -C DIR"),
            WorkspaceError::Foreign { .. } => {
                Self::new(Exit::Failed, ErrorKind::ForeignWorkspace, message)
            }
            WorkspaceError::Locked { .. } => Self::new(Exit::Failed, ErrorKind::Locked, message)
                .hint("wait until it is done, then try again"),
            // Somebody edited it with another encoding.
            WorkspaceError::Io { error, .. } if error.kind() == io::ErrorKind::InvalidData => {
                Self::new(Exit::Usage, ErrorKind::BadFile, message)
            }
            WorkspaceError::Io { error, .. } => match Unsuitable::of(&error) {
                Some(found) => unsuitable(found, message),
                None => Self::new(Exit::Failed, ErrorKind::Io, message),
            },
            WorkspaceError::Config(error) => error.into(),
            WorkspaceError::Records(error) => error.into(),
        }
    }
}

/// Exit 2: the workspace's files are not as they must be.
fn unsuitable(found: &Unsuitable, message: String) -> CliError {
    match found {
        Unsuitable::Link(_) => CliError::new(Exit::Usage, ErrorKind::Linked, message)
            .hint("whoever made the link may have made it to reach other files of yours"),
        Unsuitable::NotFile(_) | Unsuitable::NotFolder { .. } => {
            CliError::new(Exit::Usage, ErrorKind::NotAFile, message)
                .hint("move it away; namesys makes what it needs")
        }
        Unsuitable::TooLarge(_) => CliError::new(Exit::Usage, ErrorKind::BadFile, message),
    }
}

impl From<ConfigError> for CliError {
    fn from(error: ConfigError) -> Self {
        Self::new(Exit::Usage, ErrorKind::BadConfig, error.to_string())
    }
}

impl From<DraftError> for CliError {
    fn from(error: DraftError) -> Self {
        match error {
            DraftError::Tree(error) => error.into(),
            DraftError::Pack(error) => error.into(),
            DraftError::Read(_) => Self::new(Exit::Failed, ErrorKind::Io, error.to_string()),
        }
    }
}

impl From<NostrFileError> for CliError {
    fn from(error: NostrFileError) -> Self {
        match error {
            NostrFileError::Workspace(error) => error.into(),
            NostrFileError::Form(_) => Self::usage(error.to_string())
                .hint("mend it, or move it away: namesys nostr set makes a new one"),
        }
    }
}

impl From<NamesError> for CliError {
    fn from(error: NamesError) -> Self {
        let message = error.to_string();
        let of_names = Self::usage(message);
        match error {
            NamesError::NotOfWallet { other, .. } => of_names.hint(format!(
                "give {other} a workspace of its own: namesys -C DIR init {other}; or make one for \
                 all names of the wallet: --storage wallet"
            )),
            NamesError::Under { .. } => {
                of_names.hint("names under a name need no word of their own")
            }
            NamesError::NotThere(_) => of_names.hint("namesys name list shows them"),
            NamesError::Last(_) => {
                of_names.hint("remove the folder, if nothing is needed any more")
            }
            NamesError::OriginOfSigner(_) => of_names.hint("leave it; unset its records"),
            NamesError::Twice(_) => of_names,
        }
    }
}

impl From<RecordsError> for CliError {
    fn from(error: RecordsError) -> Self {
        let cause = if let RecordsError::InFile(cause) = &error { cause } else { &error };
        let kind = match cause {
            RecordsError::SameFile(_) => ErrorKind::SameFile,
            _ => ErrorKind::BadRecord,
        };
        Self::new(Exit::Usage, kind, error.to_string())
    }
}

impl From<KeyMismatch> for CliError {
    fn from(error: KeyMismatch) -> Self {
        let hint = match error.what {
            "ipns_name" | "signer" => {
                "is it the right NameSys password and wallet? Other keys need their own \
                 workspace: namesys init NAME -C DIR"
            }
            _ => "another choice gives other keys, which need their own workspace",
        };
        Self::new(Exit::Failed, ErrorKind::OtherKeys, error.to_string()).hint(hint)
    }
}

impl From<RecordKeyError> for CliError {
    fn from(error: RecordKeyError) -> Self {
        Self::new(Exit::Usage, ErrorKind::BadRecordType, error.to_string())
    }
}

impl From<ValueError> for CliError {
    fn from(error: ValueError) -> Self {
        Self::new(Exit::Usage, ErrorKind::BadValue, error.to_string())
    }
}

impl From<TreeError> for CliError {
    fn from(error: TreeError) -> Self {
        let (exit, kind) = match &error {
            TreeError::Io { error, .. } if Unsuitable::of(error).is_none() => {
                (Exit::Failed, ErrorKind::Io)
            }
            _ => (Exit::Usage, ErrorKind::BadTree),
        };
        Self::new(exit, kind, error.to_string())
    }
}

impl From<PackError> for CliError {
    fn from(error: PackError) -> Self {
        let message = error.to_string();
        match error {
            PackError::Io { source, .. } if Unsuitable::of(&source).is_none() => {
                Self::new(Exit::Failed, ErrorKind::Io, message)
            }
            PackError::NothingSigned(_) => {
                Self::new(Exit::NotFound, ErrorKind::NothingSigned, message)
                    .hint("namesys set …, then namesys sign")
            }
            _ => Self::new(Exit::Usage, ErrorKind::BadTree, message),
        }
    }
}

impl From<ImportError> for CliError {
    fn from(error: ImportError) -> Self {
        match &error {
            ImportError::Io(_) => Self::new(Exit::Failed, ErrorKind::Io, error.to_string()),
            ImportError::Lines(_) => Self::new(Exit::Usage, ErrorKind::BadLines, error.to_string())
                .hint("mend what is named and import again"),
        }
    }
}

impl From<SignError> for CliError {
    fn from(error: SignError) -> Self {
        let message = error.to_string();
        match error {
            SignError::NoApproval { .. } => Self::new(Exit::Failed, ErrorKind::NoApproval, message)
                .hint(
                    "SIGN 3 is the owner's signature that lets the signer sign records of one \
                     name: give the wallet too, or run namesys approve --all (with --requests it \
                     prints the texts for a wallet elsewhere, with --signature FILE it takes what \
                     that made of them); or choose --approval on-chain or owner",
                ),
            SignError::NotOwner { .. } => Self::new(Exit::Failed, ErrorKind::NotOwner, message)
                .hint("give the owner's wallet, or choose --approval wallet or on-chain"),
            SignError::MassRemoval(_) => mass_removal::refused(message),
            SignError::NothingWanted(_) => {
                Self::new(Exit::Failed, ErrorKind::NothingWanted, message).hint(format!(
                    "restore it (git has it); if nothing is wanted any more: namesys sign {}",
                    mass_removal::FLAG
                ))
            }
            SignError::Stopped => Self { message, ..Self::interrupted() }
                .hint("the same command again signs the rest"),
            SignError::TooLong { .. } => Self::new(Exit::Failed, ErrorKind::BadValue, message)
                .hint("sign it without --metadata"),
            SignError::NoOwner => Self::new(Exit::Usage, ErrorKind::NoWallet, message)
                .hint("give the wallet once, or its address: --from ADDRESS"),
            SignError::Wallet(error) => {
                let is_sign4 =
                    matches!(&error, WalletError::SignatureMissing { step: Step::Sign4, .. });
                let error = Self::from(error);
                match is_sign4 {
                    true => error.hint(
                        "with --approval owner the wallet itself signs every record, so it must be \
                         here; or choose --approval wallet",
                    ),
                    false => error,
                }
            }
            SignError::Tree(error) => error.into(),
            SignError::Workspace(error) => error.into(),
        }
    }
}

impl From<FetchError> for CliError {
    fn from(error: FetchError) -> Self {
        let message = error.to_string();
        match error {
            FetchError::NotFound { .. } => Self::new(Exit::NotFound, ErrorKind::NoRecord, message),
            FetchError::NotPublished { .. } => {
                Self::new(Exit::NotFound, ErrorKind::NotPublished, message).hint(
                    "namesys publish (also renews what has expired), or ask another gateway: \
                     --gateway URL",
                )
            }
            FetchError::BadIpnsRecord { .. } => {
                Self::new(Exit::Unverified, ErrorKind::BadIpnsRecord, message)
                    .hint("publish again to renew it: namesys publish")
            }
            FetchError::Refused(error) => error.into(),
            FetchError::Failed { .. } => Self::new(Exit::Failed, ErrorKind::NotFetched, message)
                .hint("try another gateway: --gateway URL"),
            FetchError::Refuted { .. } => {
                Self::new(Exit::Unverified, ErrorKind::BadBlocks, message)
                    .hint("do not rely on these gateways; ask another: --gateway URL")
            }
            FetchError::OverBudget { .. } => {
                Self::new(Exit::Failed, ErrorKind::OverBudget, message).hint(
                    "whoever publishes it made it so; name single records: namesys resolve NAME \
                     text/avatar",
                )
            }
            FetchError::NoGateway(_) => Self::new(Exit::Usage, ErrorKind::NoGateway, message)
                .hint("give one: --gateway https://ipfs.io"),
            FetchError::NoneNamed => Self::new(Exit::Failed, ErrorKind::NoGateway, message)
                .hint("whoever keeps the resolver has to name one"),
            FetchError::Unsupported { .. } => {
                Self::new(Exit::Failed, ErrorKind::Unsupported, message)
                    .hint("let the chain name gateways and judge: give --rpc-url, no --recordhash")
            }
        }
    }
}

impl From<ServeError> for CliError {
    fn from(error: ServeError) -> Self {
        let (exit, kind) = match error {
            ServeError::PrivateKey(error) => return error.into(),
            ServeError::Tls(_) => (Exit::Usage, ErrorKind::BadTls),
            ServeError::Listen { .. } => (Exit::Failed, ErrorKind::Listen),
            ServeError::Folder { .. } => (Exit::Failed, ErrorKind::Io),
        };
        Self::new(exit, kind, error.to_string())
    }
}
