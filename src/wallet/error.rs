//! Why a wallet did not sign.

use std::path::PathBuf;
use std::time::Duration;

use alloy_primitives::{Address, B256};

use super::device::DeviceError;
use super::node::NodeError;
use crate::ens::Name;
use crate::keys::SignerKeyError;
use crate::request::{SignatureError, Step};

/// Why a wallet could not be opened, or did not give a signature that can be used.
#[derive(Debug, thiserror::Error)]
pub enum WalletError {
    /// The wallet is not deterministic (RFC 6979): each run would derive other keys.
    #[error(
        "the wallet {wallet} gave two different signatures for the same text; keys can only be \
         derived from a wallet that always signs the same (RFC 6979), such as a private key, \
         a mnemonic or a keystore"
    )]
    NotDeterministic {
        /// The account.
        wallet: Address,
    },
    /// The signature recovers to another account.
    #[error(
        "the signature is not one of {wallet} over this text: it recovers to {recovered}; it is \
         from another account or for another text, or the wallet is a contract or signs with raw \
         eth_sign instead of personal_sign (EIP-191), and such a wallet cannot be used"
    )]
    ForeignSignature {
        /// The account that was expected.
        wallet: Address,
        /// The account found.
        recovered: Address,
    },
    /// Not a signature the resolver accepts.
    #[error("the wallet's signature cannot be used: {0}")]
    Signature(#[from] SignatureError),
    /// The wallet holds no key, and no signature of this request was brought.
    #[error("no signature of {wallet} was given for {step}")]
    SignatureMissing {
        /// The account.
        wallet: Address,
        /// Which request.
        step: Step,
        /// The name it is for, where it is for one.
        name: Option<Name>,
    },
    /// Only signatures made elsewhere are known of the wallet.
    #[error("there is no key of {wallet} here to sign a transaction with")]
    NoTransactions {
        /// The account.
        wallet: Address,
    },
    /// Only texts can be signed with it.
    #[error("the wallet {wallet} signs no typed data (EIP-712)")]
    NoTypedData {
        /// The account.
        wallet: Address,
    },
    /// The nodes did not complete the transaction; nothing was sent.
    #[error("{0}")]
    Node(NodeError),
    /// It was handed to the nodes, which failed; it may have reached one of them.
    #[error("the transaction {hash} may not have been sent: {source}")]
    NotSent {
        /// The transaction.
        hash: B256,
        /// What the nodes did.
        source: NodeError,
    },
    /// The transaction lacks a field, or the key is refused.
    #[error("the transaction cannot be signed: {0}")]
    Transaction(String),
    /// Not a private key.
    #[error("the private key cannot be used: {0}")]
    Key(#[from] SignerKeyError),
    /// Not a usable mnemonic or path.
    #[error(transparent)]
    Mnemonic(#[from] MnemonicError),
    /// The keystore did not open.
    #[error(transparent)]
    Keystore(#[from] KeystoreError),
    /// The wallet in the browser gave nothing.
    #[error(transparent)]
    Browser(#[from] BrowserError),
    /// The Ledger, or the Trezor, did not sign.
    #[error(transparent)]
    Device(#[from] DeviceError),
}

/// Why a wallet in a browser gave nothing that can be used. No answer is quoted that may be a
/// signature.
#[derive(Debug, thiserror::Error)]
pub enum BrowserError {
    /// The page cannot be served.
    #[error("the page for the wallet cannot be served: {0}")]
    Listen(std::io::Error),
    /// The person said no.
    #[error("{what} was declined in the wallet")]
    Declined {
        /// The request.
        what: String,
    },
    /// Nobody did anything for so long.
    #[error("nobody did anything in the browser for {}, which is asked for {what}", span(.waited))]
    TimedOut {
        /// The request.
        what: String,
        /// How long it was waited.
        waited: Duration,
    },
    /// The wallet failed, or its answer is none.
    #[error("{what}, asked in the browser: {why}")]
    Unusable {
        /// The request.
        what: String,
        /// What came.
        why: String,
    },
}

/// Whole minutes as such, everything else in seconds.
fn span(span: &Duration) -> String {
    match span.as_secs() {
        60 => "a minute".to_owned(),
        seconds if seconds > 60 && seconds % 60 == 0 => format!("{} minutes", seconds / 60),
        seconds => format!("{seconds} s"),
    }
}

/// Why a keystore did not open.
#[derive(Debug, thiserror::Error)]
pub enum KeystoreError {
    /// The password does not fit.
    #[error("the password does not open the keystore {}", .0.display())]
    WrongPassword(PathBuf),
    /// The file could not be read.
    #[error("the keystore {} cannot be read: {source}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Not a keystore of version 3 that this program takes.
    #[error("{} is not a Web3 keystore of version 3: {reason}", .path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// No account of that name, or not a name.
    #[error("{name:?} is not an account in {}; it has: {known}", .folder.display())]
    NoAccount {
        /// The name given.
        name: String,
        /// The keystores folder.
        folder: PathBuf,
        /// The names found there, or `none`.
        known: String,
    },
}

/// `number 3 is`, `numbers 3 and 7 are`; the words themselves are secret.
fn ordinals(places: &[usize]) -> String {
    match places {
        [one] => format!("number {one} is"),
        [first @ .., last] => {
            let first: Vec<String> = first.iter().map(usize::to_string).collect();
            format!("numbers {} and {last} are", first.join(", "))
        }
        [] => "none is".to_owned(),
    }
}

/// Why a mnemonic gives no account. The mnemonic is not quoted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MnemonicError {
    /// Not UTF-8.
    #[error("this is not a BIP-39 mnemonic: it is not UTF-8")]
    NotText,
    /// Not as many words as a mnemonic has.
    #[error(
        "this is not a BIP-39 mnemonic: it has {words} words, and 12, 15, 18, 21 or 24 are needed"
    )]
    Length {
        /// How many words were given.
        words: usize,
    },
    /// Words that are none of the list, by their places.
    #[error(
        "this is not a BIP-39 mnemonic: of its {words} words {} not in the English list",
        ordinals(.places)
    )]
    Words {
        /// How many words were given.
        words: usize,
        /// From 1.
        places: Vec<usize>,
    },
    /// All are words of the list, but not these in this order.
    #[error(
        "the mnemonic's checksum is wrong: its {words} words are all in the English list, but one \
         is another one than was written down, or their order is"
    )]
    Checksum {
        /// How many words were given.
        words: usize,
    },
    /// Not a BIP-32 path.
    #[error(
        "{0:?} is not a derivation path: it has the form m/44'/60'/0'/0/0, each number below 2147483648"
    )]
    Path(String),
}
