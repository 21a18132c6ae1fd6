//! Why a command did not end well: the `error` of every document.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What `--json` prints: a report and, beside its fields, why the command did not end well.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Document<T> {
    /// What was done.
    #[serde(flatten)]
    pub report: T,
    /// What was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorReport>,
}

/// Stands under `error`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorReport {
    /// For scripts.
    pub kind: ErrorKind,
    /// What happened.
    pub message: String,
    /// What to type next.
    pub hint: Option<String>,
}

/// A stable word for scripts, in JSON as in `no-workspace`: its meaning stays, words may be added.
/// The exit code says how bad it is; one kind can end a command with different ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorKind {
    /// The devnet's chain could not be started or fetched.
    Anvil,
    /// A CAIP-10 account that does not parse.
    BadAccount,
    /// A URL that is none, or that no client can be made for.
    BadAddress,
    /// A gateway sent blocks that do not hash to what was asked for.
    BadBlocks,
    /// `namesys.toml` has an entry that is wrong.
    BadConfig,
    /// A file of the workspace is not UTF-8, or larger than any that is read.
    BadFile,
    /// A gateway that does not parse.
    BadGateway,
    /// A kept IPNS record does not verify.
    BadHistory,
    /// What is encrypted to this key is no invoice.
    BadInvoice,
    /// An IPNS name that does not parse.
    BadIpnsName,
    /// A gateway or publisher served an IPNS record that does not verify.
    BadIpnsRecord,
    /// A key that does not parse.
    BadKey,
    /// A keystore file that does not parse.
    BadKeystore,
    /// Lines of an import that are wrong; nothing was imported.
    BadLines,
    /// A mnemonic that is wrong.
    BadMnemonic,
    /// A name that ENSIP-15 refuses.
    BadName,
    /// A file that is no plan.
    BadPlan,
    /// What was signed elsewhere was changed or damaged on the way.
    BadPublication,
    /// An IPNS record that does not verify, or a line of `records.toml` that is wrong.
    BadRecord,
    /// A record type that does not parse.
    BadRecordType,
    /// The recordhash on chain is in no form that is known.
    BadRecordhash,
    /// A w3name revision that does not parse.
    BadRevision,
    /// A signature that is not 65 bytes in hex, or no signature at all.
    BadSignature,
    /// The settings of a web host are wrong.
    BadSite,
    /// The certificate or the key of `serve` cannot be used.
    BadTls,
    /// A link, a name or a file in the folder that cannot be published.
    BadTree,
    /// A value that does not parse, or does not fit its record type.
    BadValue,
    /// A record was changed in what is published, and here too.
    Conflict,
    /// The devnet's chain did not do as it was told.
    Chain,
    /// Something else is published than was expected, or something is not as it was planned.
    Changed,
    /// `doctor` found something that is not as it should be.
    ChecksFailed,
    /// The system's clock is wrong.
    Clock,
    /// Nobody serves the tree to go back to.
    ContentGone,
    /// A contract's answer is not of the form it should have.
    Contract,
    /// The wallet's address is a contract: no keys follow from it.
    ContractWallet,
    /// A step of `demo` did not end as it should.
    Demo,
    /// A hardware wallet cannot do as it was asked: locked, without its app, too old.
    Device,
    /// Ethereum nodes say different things.
    Disagreement,
    /// Publishers, or web hosts, serve different things.
    Drift,
    /// A file or a workspace is there already.
    Exists,
    /// An IPNS record's time is over.
    Expired,
    /// What is published expires within the days asked about.
    ExpiresSoon,
    /// Some of many names did not resolve.
    Failed,
    /// A node names a price of gas that no block of its chain suggests.
    Fees,
    /// A publisher that is a file could not be read or written.
    File,
    /// A signature is not of this text, or not by this wallet.
    ForeignSignature,
    /// A workspace that was found by walking up, and not named, belongs to another user.
    ForeignWorkspace,
    /// Not every upload or publisher that is required has it.
    Incomplete,
    /// A fault in this program.
    Internal,
    /// Ctrl-C.
    Interrupted,
    /// Signed files do not verify.
    Invalid,
    /// A file could not be read or written.
    Io,
    /// A symbolic link stands where a file or folder of the workspace should.
    Linked,
    /// The address to listen on cannot be used.
    Listen,
    /// Another process works on the workspace.
    Locked,
    /// More than half of more than ten files would be removed.
    MassRemoval,
    /// A server's answer could not be used, or the connection broke.
    Network,
    /// The transactions may cost more than `--max-cost`.
    MaxCost,
    /// No keystore has that name.
    NoAccount,
    /// A name has no SIGN 3 for the signer.
    NoApproval,
    /// What is set as a name's resolver is an account without code.
    NoContract,
    /// No hardware wallet is there, or none that can be opened.
    NoDevice,
    /// The chain has no ENS registry.
    NoEns,
    /// The folder is none.
    NoFolder,
    /// The sender cannot pay.
    NoFunds,
    /// No gateway is known.
    NoGateway,
    /// The IPNS name is not derived yet.
    NoIpnsName,
    /// An address has no primary name.
    NoName,
    /// There is no such record.
    NoRecord,
    /// It is not known what to set as recordhash.
    NoRecordhash,
    /// The records resolver of the chain is not known.
    NoRecordsResolver,
    /// A name has no resolver.
    NoResolver,
    /// No Ethereum node is given.
    NoRpc,
    /// The records signer is not derived yet.
    NoSigner,
    /// A question, and nobody to ask.
    NoTerminal,
    /// The wallet cannot send transactions.
    NoTransactions,
    /// The wallet signs no typed data (EIP-712).
    NoTypedData,
    /// No wallet is given.
    NoWallet,
    /// There is no workspace here.
    NoWorkspace,
    /// A folder, a pipe or a device stands where a file of the workspace should, or the reverse.
    NotAFile,
    /// Not everybody serves the new record within the time given.
    NotAgreed,
    /// The answer to the question was no.
    NotConfirmed,
    /// The wallet signs the same text differently each time.
    NotDeterministic,
    /// No gateway gave the files.
    NotFetched,
    /// An invoice is encrypted to another key.
    NotForKey,
    /// The service has no such thing; or none of many names was found.
    NotFound,
    /// `renew` would not make it valid for longer.
    NotLater,
    /// A transaction was not seen mined in time.
    NotMined,
    /// The wallet does not own the name.
    NotOwner,
    /// Nothing is published under the name.
    NotPublished,
    /// What was published, or set on chain, is not what is read there.
    NotReadBack,
    /// There is no `records.toml`.
    NoRecords,
    /// The name is not registered.
    NotRegistered,
    /// The node did not take a transaction.
    NotSent,
    /// A web host does not serve the files it should.
    NotServed,
    /// On chain, the name does not use what is published.
    NotSetUp,
    /// `records.toml` is missing or empty, and records are signed.
    NothingWanted,
    /// There is nothing signed to publish, or to verify.
    NothingSigned,
    /// The node is of another chain.
    OtherChain,
    /// The keys are not the workspace's.
    OtherKeys,
    /// An invoice that was paid from here before, or may have been.
    PaidBefore,
    /// An invoice asks another name than the key's.
    OtherPayer,
    /// What was signed elsewhere is of another IPNS name.
    OtherName,
    /// The name belongs to somebody else than who approved what is signed.
    OtherOwner,
    /// The key is of a name where the chain means a wallet's, or the reverse.
    OtherStorage,
    /// A newer record with another value would be replaced.
    OtherValue,
    /// The wallet is another one than was named.
    OtherWallet,
    /// A newer record is known already.
    Outdated,
    /// `namesys.toml` would have a folder or file written outside the workspace, which the user has
    /// not allowed.
    OutsideFolder,
    /// There is more in a tree than is read: it could not be checked.
    OverBudget,
    /// Transactions of the wallet wait to be mined.
    Pending,
    /// A private key would be published.
    PrivateKey,
    /// The system gives no random bytes.
    Random,
    /// The service answers 429.
    RateLimited,
    /// A name that is to go still has records.
    RecordsLeft,
    /// Records redirect to each other too often.
    Redirects,
    /// The simulation of a transaction failed; nothing was sent.
    Refused,
    /// A publisher refused the record.
    Rejected,
    /// The NameWrapper keeps the resolver from being changed.
    ResolverLocked,
    /// The record of an address's primary name could not be read.
    Reverse,
    /// A transaction was mined and failed.
    Reverted,
    /// An Ethereum node could not be asked.
    Rpc,
    /// Two records would be one file.
    SameFile,
    /// No sequence is left above the published one.
    SequenceExhausted,
    /// The sequence given is not above the published one.
    SequenceTooLow,
    /// `setup` failed otherwise.
    Setup,
    /// The wallet is elsewhere and its signature is not here.
    SignatureMissing,
    /// A web host could not be brought up to date.
    Site,
    /// The nodes of a pool stand at different blocks.
    Stale,
    /// Somebody serves a higher sequence than was published.
    Superseded,
    /// A server made no progress in time.
    Timeout,
    /// A transaction could not be signed or sent.
    Transaction,
    /// `namesys.toml` asks for a credential to be sent to a host that the user did not bind it to.
    UnboundCredential,
    /// What is published is not known, so that it might be lost.
    UnknownPublished,
    /// A server refuses connections or cannot be found.
    Unreachable,
    /// A publisher's answer could not be read.
    Unreadable,
    /// Only `namesys.toml` says whose key is to be signed for, approved or set.
    Unproven,
    /// The form of the recordhash needs the chain.
    Unsupported,
    /// What is wanted is not signed.
    Unsigned,
    /// A record or a primary name does not verify.
    Unverified,
    /// The command line.
    Usage,
    /// This program and the resolver contract judge a record differently.
    VerdictsDiffer,
    /// What is published has something that was not seen here, and would be lost.
    WouldLose,
    /// The password does not open the keystore.
    WrongPassword,
}

/// As in JSON.
impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_reads_as_it_is_in_json() {
        assert_eq!(ErrorKind::NotReadBack.to_string(), "not-read-back");
        assert_eq!(serde_json::to_string(&ErrorKind::NoRpc).unwrap(), "\"no-rpc\"");
    }
}
