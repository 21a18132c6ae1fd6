//! `renew`: what is published, valid for longer.

use namesys::publish::Subject;
use namesys::published::Missing;

use super::publish::publication::PublicationArgs;
use super::publish::report::published;
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::output::Outcome;
use crate::cli::session::Session;

/// `renew`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Renew what is published also where it was never published from this workspace: it is renewed
    /// as it is, and not taken over
    #[arg(long)]
    foreign: bool,
    #[command(flatten)]
    publication: PublicationArgs,
}

/// A new record of the same value.
pub fn run(args: Args, context: &Context) -> Result<Outcome, CliError> {
    let publication = args.publication.open(context, Session::open(context)?)?;
    let subject = Subject::Newest { foreign: args.foreign };
    let outcome = publication.send(subject, None, Missing::MayGo)?;
    if !outcome.new_record && outcome.lost.is_empty() {
        context.output.note("it is renewed already: the same record, for those that lack it");
    }
    Ok(published(outcome))
}
