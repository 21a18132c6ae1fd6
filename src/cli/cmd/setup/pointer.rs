//! Where the records are, as the flags say or the workspace.

use namesys::chain::setup::Pointer;
use namesys::keys::{IpnsName, Storage};
use namesys::recordhash::{Recordhash, Target};
use namesys::report::ErrorKind;

use crate::cli::error::{CliError, Exit};
use crate::cli::session::Session;

/// Where the records are.
#[derive(Debug, clap::Args)]
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
        !given && self.https.is_none() && !self.keep_recordhash
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
    /// Exit 2 when neither flags nor a workspace say it, 4 before the IPNS name is derived.
    pub fn get(&self, session: Option<&Session>) -> Result<Option<Pointer>, CliError> {
        if self.keep_recordhash {
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
        Ok(Some(match self.ownerhash || (by_wallet && self.https.is_none()) {
            true => Pointer::Ownerhash(recordhash),
            false => Pointer::Recordhash(recordhash),
        }))
    }
}
