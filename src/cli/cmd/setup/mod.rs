//! `setup [NAME]`: makes a name use its records: what stands on chain, what is missing, and the
//! transactions that bring it about.

mod args;
mod checks;
mod course;
mod hides;
pub mod own;
mod pointer;
mod prepared;
mod replaces;
mod sending;
pub mod set_up;
mod show;
mod signers;
mod terms;

use std::cell::Cell;

use namesys::chain::setup::Nonces;
use namesys::ens::Name;

use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::open_wallet::OpenWallet;
use crate::cli::output::Outcome;
use crate::cli::rpc_args::no_rpc;
use crate::cli::session::{Session, parse_name};
pub use args::Args;
use course::Course;
use show::Ended;
pub use show::source;

/// Shows, and sends what was confirmed.
pub fn run(args: Args, context: &Context) -> Result<Outcome, CliError> {
    let (session, names) = subjects(&args, context)?;
    let rpc = args.rpc.open(context, &context.http()?)?;
    let rpc = rpc.ok_or_else(|| no_rpc("what stands on chain", context))?;
    let wallet = wallet(&args, context)?;
    let (session, claims) = checks::keys(session, &args, wallet.as_ref(), context)?;
    let pointer = match args.only_takes() {
        true => None,
        false => args.pointer.get(session.as_ref())?,
    };
    let signers = args.signers.get(session.as_ref())?;
    let (terms, nonces, spent) = (&args.terms(), Nonces::default(), Cell::default());
    let course = Course {
        terms,
        context,
        names: &names,
        session,
        rpc,
        wallet,
        claims,
        pointer,
        signers,
        nonces,
        spent,
    };
    match &names[..] {
        [name] => {
            let ended = match course.sends() {
                true => course.bring(name)?,
                false => course.elsewhere(vec![course.prepare(name, &[])?])?.remove(0),
            };
            Ok(outcome(ended))
        }
        names => course.of_all(names),
    }
}

fn outcome((report, error): Ended) -> Outcome {
    Outcome::partial(report, error)
}

/// The workspace, where the names are of one, and the names.
fn subjects(args: &Args, context: &Context) -> Result<(Option<Session>, Vec<Name>), CliError> {
    let session = Session::open_if_any(context)?;
    let names = match (&args.name, &session) {
        (Some(name), _) => vec![parse_name(context, name)?],
        (None, Some(session)) => session.config.names().to_vec(),
        (None, None) => {
            context.refuse_foreign()?;
            return Err(CliError::usage("which name?")
                .hint("give NAME, or -C DIR for a workspace (namesys init NAME makes one)"));
        }
    };
    let below = |name: Name| match &args.sub[..] {
        [] => Ok(name),
        labels => parse_name(context, &format!("{}.{name}", labels.join("."))),
    };
    let names: Vec<Name> = names.into_iter().map(below).collect::<Result<_, _>>()?;
    let is_own =
        |session: &Session| names.iter().all(|name| session.config.root_of(name).is_some());
    Ok((session.filter(is_own), names))
}

/// The wallet: where it is given, and the one of the user's file where something is to be sent.
fn wallet(args: &Args, context: &Context) -> Result<Option<OpenWallet>, CliError> {
    let sends = args.sending.sends();
    let wallet = &args.derive.wallet;
    match wallet.is_given()? || (sends && wallet.is_at_hand(context)?) {
        true => args.derive.wallet.open(context).map(Some),
        false => Ok(None),
    }
}
