//! `rotate`: another password, or another wallet: new keys, everything signed and published anew
//! under the new name. Until all of that is done the workspace is as it was.

mod course;
mod keys;
mod report;

use std::path::PathBuf;

use namesys::report::ErrorKind;
use namesys::workspace::Target;

use super::publish::publication::PublicationArgs;
use super::setup::set_up::{self, SetUp, goes_on};
use crate::cli::context::Context;
use crate::cli::cost_args::CostArgs;
use crate::cli::endpoints::UploadArgs;
use crate::cli::error::{CliError, Exit};
use crate::cli::new_args::NewArgs;
use crate::cli::open_wallet::OpenWallet;
use crate::cli::output::Outcome;
use crate::cli::rpc_args::{RpcArgs, how_to_give};
use crate::cli::session::Session;

/// `rotate …`
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    new: NewArgs,
    /// Send the transactions that point the chain to the new name, with the wallet of the new keys
    /// [default: print them]
    #[arg(long)]
    send: bool,
    /// Write them as a file of Safe's Transaction Builder
    #[arg(long, value_name = "FILE", conflicts_with = "send")]
    safe: Option<PathBuf>,
    /// Send without asking
    #[arg(long, short, requires = "send")]
    yes: bool,
    #[command(flatten)]
    cost: CostArgs,
    #[command(flatten)]
    uploads: UploadArgs,
    #[command(flatten)]
    publication: PublicationArgs,
    #[command(flatten)]
    rpc: RpcArgs,
}

/// Signs, publishes, looks again, and only then has the workspace take the new keys.
pub fn run(args: Args, context: &Context) -> Result<Outcome, CliError> {
    args.publication.author.check()?;
    let mut session = Session::open(context)?;
    session.ipns_name()?;
    let keys = keys::Keys::derive(&args, context, &session)?;
    let mut report = report::begun(&keys);
    if session.config.keys().ipns_name == Some(keys.name()) {
        // It was cut short before the chain was asked, or is done: nothing is rotated now.
        report.former = report::left(&session.config)?;
        context.output.note("these are the workspace's keys already: nothing is rotated");
    } else {
        // Of a name that it may not set up nothing is published under another key.
        if let Err(error) = check_chain(&args, context, &session, &keys) {
            return Ok(Outcome::partial(report, Some(error)));
        }
        let course = course::Course::open(&args, context, &mut session, &keys)?;
        if let Err(error) = course.go(&mut session, &mut report) {
            return Ok(Outcome::partial(report, Some(error)));
        }
        report.sites_left = sites_left(&session);
    }
    let error = match set_up(&args, context, session, keys) {
        Ok(None) => None,
        Ok(Some((setup, error))) => {
            report.setup = Some(setup);
            error
        }
        Err(error) => Some(error),
    };
    Ok(Outcome::partial(report, error))
}

/// Asks the chain, where a node is given, whether the wallet of the new keys may set up the names.
fn check_chain(
    args: &Args,
    context: &Context,
    session: &Session,
    keys: &keys::Keys,
) -> Result<(), CliError> {
    let Some(rpc) = args.rpc.open(context, &context.http()?)? else { return Ok(()) };
    let mut config = session.config.clone();
    config.rotate(&keys.recorded);
    let after = Session { workspace: session.workspace.clone(), config };
    let sender = namesys::wallet::Wallet::address(&keys.wallet);
    set_up::may_set_up(&rpc, sender, context, &after).map_err(|error| match error.kind {
        ErrorKind::NotOwner => error.hint(
            "nothing was signed or published. Transfer the name first, then the same command; or \
             leave the node out (--rpc-url, ETH_RPC_URL, rpc_url in config.toml): all but the \
             chain is done then, and after the transfer namesys setup points the chain to it",
        ),
        _ => error,
    })
}

/// Web hosts, which have what the former keys signed until it is brought there anew.
fn sites_left(session: &Session) -> Vec<String> {
    let sites = session.config.sites.iter();
    sites.map(|site| format!("{} {}", site.kind(), site.place())).collect()
}

type Set = Option<(namesys::report::SetupNamesReport, Option<CliError>)>;

/// Prints or sends what points the chain to the new name.
fn set_up(
    args: &Args,
    context: &Context,
    session: Session,
    keys: keys::Keys,
) -> Result<Set, CliError> {
    let Some(rpc) = args.rpc.open(context, &context.http()?)? else {
        let message =
            "the chain was not asked: it points to the name that is left, until it is set";
        let goes_on = goes_on(&session.config);
        if args.send || args.safe.is_some() {
            return Err(CliError::new(Exit::Usage, ErrorKind::NoRpc, message)
                .hint(format!("{}; then {goes_on}", how_to_give(context))));
        }
        context.output.note(format_args!("{message}: {goes_on} --rpc-url URL"));
        return Ok(None);
    };
    let parts = SetUp {
        send: args.send,
        safe: args.safe.clone(),
        yes: args.yes,
        cost: args.cost.clone(),
        rpc,
        wallet: OpenWallet::Local(keys.wallet),
    };
    set_up::set_up(parts, context, session).map(Some)
}
