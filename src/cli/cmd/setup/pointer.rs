//! Where the records are, as the flags say or the workspace.

use namesys::chain::setup::{Clear, Pointer};
use namesys::keys::{IpnsName, Storage};
use namesys::recordhash::{Recordhash, Target};
use namesys::report::ErrorKind;

use crate::cli::error::{CliError, Exit};
use crate::cli::session::Session;

/// Where the records are.
#[derive(Debug, Default, clap::Args)]
pub struct PointerArgs {
    /// Set a recordhash for the name: ipns://k51…, ipfs://bafy…, or hex as the contract keeps it;
    /// default: the workspace's IPNS name
    #[arg(long, value_name = "RECORDHASH", num_args = 0..=1)]
    recordhash: Option<Option<Recordhash>>,
    /// Set it for all names of the owner that have none of their own (the default for wallet
    /// storage); the resolver may ask a fee for it (ownerhashFees), which is sent along
    #[arg(long, conflicts_with = "recordhash")]
    ownerhash: bool,
    /// Set the address of a web server that has the records (namesys serve)
    #[arg(long, value_name = "URL", value_parser = https)]
    https: Option<Recordhash>,
    /// Set no recordhash: the resolver and the approval alone
    #[arg(long, conflicts_with_all = ["recordhash", "ownerhash", "https"])]
    keep_recordhash: bool,
    /// Empty the name's recordhash, so that the ownerhash of its owner applies; that alone is done,
    /// unless something else is asked for too
    #[arg(long, conflicts_with_all = ["recordhash", "https"])]
    clear_recordhash: bool,
    /// Empty the owner's ownerhash; that alone is done, unless something else is asked for too
    #[arg(long, conflicts_with = "ownerhash")]
    clear_ownerhash: bool,
    /// Set the key of a name as ownerhash, or that of a wallet as recordhash: whoever derives the
    /// keys by what the chain says then finds others
    #[arg(long)]
    force: bool,
}

fn https(text: &str) -> Result<Recordhash, String> {
    let recordhash: Recordhash = text.parse().map_err(|error| format!("{error}"))?;
    match recordhash.target() {
        Target::Https(_) => Ok(recordhash),
        _ => Err(format!("{text:?} is not an https:// address")),
    }
}

impl PointerArgs {
    /// Whether the workspace's IPNS name is what is set.
    pub fn is_workspaces(&self) -> bool {
        let given = self.recordhash.as_ref().is_some_and(Option::is_some);
        !given && self.https.is_none() && !self.sets_none()
    }

    /// Whether a flag says what is set, or that nothing is.
    pub fn is_given(&self) -> bool {
        self.recordhash.is_some() || self.ownerhash || self.https.is_some() || self.keep_recordhash
    }

    /// What is to be empty.
    pub fn clear(&self) -> Clear {
        Clear { recordhash: self.clear_recordhash, ownerhash: self.clear_ownerhash }
    }

    fn sets_none(&self) -> bool {
        self.keep_recordhash || (!self.is_given() && self.clear() != Clear::default())
    }

    /// The IPNS name that is given.
    pub fn given_name(&self) -> Option<&IpnsName> {
        match self.recordhash.as_ref()?.as_ref()?.target() {
            Target::Ipns(name) => Some(name),
            _ => None,
        }
    }

    /// What is set.
    ///
    /// # Errors
    /// Exit 2 when neither flags nor a workspace say it, or the key is of the other storage; 4
    /// before the IPNS name is derived.
    pub fn get(&self, session: Option<&Session>) -> Result<Option<Pointer>, CliError> {
        if self.sets_none() {
            return Ok(None);
        }
        let given = self.recordhash.clone().flatten();
        if given.is_some() && self.https.is_some() {
            return Err(CliError::usage("--recordhash with a value and --https are two of one")
                .hint("give one of them"));
        }
        let recordhash = match (given.or_else(|| self.https.clone()), session) {
            (Some(recordhash), _) => recordhash,
            (None, Some(session)) => Recordhash::from(session.ipns_name()?),
            (None, None) => {
                let message = "where are the records? This name has no workspace here";
                return Err(CliError::new(Exit::Usage, ErrorKind::NoRecordhash, message)
                    .hint("give --recordhash ipns://k51… or --https URL, or run this in the name's workspace (-C DIR)"));
            }
        };
        let by_wallet = session.is_some_and(|session| {
            session.config.storage == Storage::Wallet && self.recordhash.is_none()
        });
        let pointer = match self.ownerhash || (by_wallet && self.https.is_none()) {
            true => Pointer::Ownerhash(recordhash),
            false => Pointer::Recordhash(recordhash),
        };
        if let Some(session) = session.filter(|_| !self.force) {
            refuse_other_storage(&pointer, session)?;
        }
        Ok(Some(pointer))
    }
}

/// The origin of the keys is the name where a recordhash leads to them, and the wallet where an
/// ownerhash does: a client that goes by the chain would derive the other ones.
fn refuse_other_storage(pointer: &Pointer, session: &Session) -> Result<(), CliError> {
    let (hash, is_for_owner) = match pointer {
        Pointer::Recordhash(hash) => (hash, false),
        Pointer::Ownerhash(hash) => (hash, true),
    };
    let Target::Ipns(name) = hash.target() else { return Ok(()) };
    let storage = session.config.storage;
    if session.config.keys().ipns_name != Some(*name)
        || is_for_owner == (storage == Storage::Wallet)
    {
        return Ok(());
    }
    let root = session.config.name();
    let message = match storage {
        Storage::Domain => format!(
            "{name} is the key of {root} (storage \"domain\"), and an ownerhash is for all names of \
             its owner: with an ownerhash on chain, clients derive the key from eth:<wallet>, \
             which is another"
        ),
        Storage::Wallet => format!(
            "{name} is the key of a wallet (storage \"wallet\"), and a recordhash is for one name: \
             with a recordhash on chain, clients derive the key from {root}, which is another"
        ),
    };
    let instead = match storage {
        Storage::Domain => "--recordhash sets it for the name",
        Storage::Wallet => "--ownerhash sets it for all names of the wallet",
    };
    Err(CliError::new(Exit::Usage, ErrorKind::OtherStorage, message)
        .hint(format!("{instead}; --force sets it all the same")))
}
