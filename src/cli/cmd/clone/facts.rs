//! What is to be cloned, and whose it is: by the chain's word, or by the user's.

use namesys::chain::{RecordhashSource, Rpc};
use namesys::ens::Name;
use namesys::keys::{IpnsName, Storage};
use namesys::recordhash::{Recordhash, RecordhashError, Target};
use namesys::report::ErrorKind;
use url::Url;

use crate::cli::context::Context;
use crate::cli::error::{CliError, Exit};
use crate::cli::owner_args::{ChainWord, chain_word};
use crate::cli::rpc_args::no_rpc;

/// Where the records are, and whose.
pub struct Place {
    /// What the name points at.
    pub target: Target,
    /// What the chain says of the name, where it was asked.
    pub word: Option<ChainWord>,
}

/// Where the records of `name` are: given, or by the chain's word.
///
/// # Errors
/// Those of the chain; where nothing is set, or that cannot be listed.
pub async fn place(
    by_hand: (Option<&IpnsName>, Option<&Recordhash>),
    name: Option<&Name>,
    rpc: Option<&Rpc>,
    chain_id: Option<u64>,
    context: &Context,
) -> Result<Place, CliError> {
    let word = match (name, rpc) {
        (Some(name), Some(rpc)) => Some(chain_word(rpc, chain_id, name).await?),
        _ => None,
    };
    let target = match (by_hand.0, by_hand.1, name) {
        (Some(ipns), _, _) => Target::Ipns(*ipns),
        (_, Some(recordhash), _) => recordhash.target().clone(),
        (None, None, Some(name)) => {
            let Some(word) = &word else {
                let what = format!("where the records of {name} are; or say it: --ipns k51…");
                return Err(no_rpc(&what, context));
            };
            on_chain(name, word)?
        }
        (None, None, None) => {
            return Err(CliError::usage("what is to be cloned is not said")
                .hint("give a NAME, --ipns k51…, or --recordhash"));
        }
    };
    Ok(Place { target, word })
}

fn on_chain(name: &Name, word: &ChainWord) -> Result<Target, CliError> {
    let not_set_up = |message: String| {
        CliError::new(Exit::NotFound, ErrorKind::NotSetUp, message).hint(
            "where its records are can be said by hand: namesys clone NAME --ipns k51… --owner 0x…",
        )
    };
    let Some((_, walk)) = &word.walk else {
        return Err(not_set_up(format!("{name} has no resolver that keeps a recordhash")));
    };
    if walk.recordhash.is_empty() {
        return Err(not_set_up(format!("{name} has no recordhash")));
    }
    let recordhash = Recordhash::parse(&walk.recordhash);
    let wrong = |error: RecordhashError| {
        let message = format!("what {name} points at is wrong: {error}");
        CliError::new(Exit::Failed, ErrorKind::BadRecordhash, message)
    };
    Ok(recordhash.map_err(wrong)?.target().clone())
}

/// The IPNS name or the root that is cloned.
pub enum Source {
    /// What is published under a name.
    Ipns(IpnsName),
    /// A tree that the chain, or the user, names itself.
    Root(cid::Cid),
    /// A web host.
    Web(Url),
}

/// What can be cloned of `target`.
///
/// # Errors
/// Exit 1 for what cannot be listed.
pub fn source(target: &Target) -> Result<Source, CliError> {
    let unsupported = |message: &str, hint: &str| {
        Err(CliError::new(Exit::Failed, ErrorKind::Unsupported, message).hint(hint))
    };
    match target {
        Target::Ipns(name) => Ok(Source::Ipns(*name)),
        Target::Ipfs(root) => Ok(Source::Root(*root)),
        Target::Https(url) => Ok(Source::Web(url.clone())),
        Target::IpnsOther(_) | Target::Ipld(_) => {
            unsupported("what the recordhash points at cannot be listed, block by block", "")
        }
    }
}

/// Whose keys: as the chain has it, else as the names suggest.
pub fn storage(word: Option<&ChainWord>, names: &[Name]) -> (Storage, bool) {
    let source = word.and_then(|word| word.walk.as_ref()).map(|(_, walk)| &walk.source);
    match source {
        Some(RecordhashSource::Name(_)) => (Storage::Domain, true),
        Some(RecordhashSource::Owner(_)) => (Storage::Wallet, true),
        _ if names.len() > 1 => (Storage::Wallet, false),
        _ => (Storage::Domain, false),
    }
}
