//! `renew`: what is published, valid for longer.

use namesys::publish::Subject;

use super::publish::ipfs::{AuthorArgs, FanOutArgs};
use super::publish::report::published;
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::output::Outcome;
use crate::cli::session::Session;

/// `renew`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Renew what is published also where it was never published from this workspace: from then on
    /// it counts as published here
    #[arg(long)]
    foreign: bool,
    #[command(flatten)]
    fan_out: FanOutArgs,
    #[command(flatten)]
    author: AuthorArgs,
}

/// A new record of the same value.
pub fn run(args: Args, context: &Context) -> Result<Outcome, CliError> {
    let mut session = Session::open(context)?;
    args.author.check()?;
    let fan_out = args.fan_out.open(context, Some(&session.config))?;
    let key = args.author.key(context, &mut session)?;
    let lock = session.workspace.lock()?;
    let author = args.author.author(&key, None);
    let names = (session.config.name(), key.name());
    let locked = Some((&session.workspace, lock));
    let subject = Subject::Newest { foreign: args.foreign };
    let outcome = fan_out.send(context, locked, names, subject, author)?;
    if !outcome.new_record {
        context.output.note("it is renewed already: the same record, for those that lack it");
    }
    Ok(published(outcome))
}
