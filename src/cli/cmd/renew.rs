//! `renew`: what is published, valid for longer.

use namesys::keys::IpnsName;
use namesys::publish::Subject;
use namesys::published::Missing;
use namesys::report::ErrorKind;
use namesys::workspace::{Config, RecordedKeys};

use super::publish::ahead;
use super::publish::backend::note_untold;
use super::publish::publication::PublicationArgs;
use super::publish::report::published;
use crate::cli::context::Context;
use crate::cli::error::{CliError, Exit};
use crate::cli::output::Outcome;
use crate::cli::session::Session;

/// `renew`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Renew what is published also where it was never published from this workspace: it is renewed
    /// as it is, and not taken over
    #[arg(long)]
    foreign: bool,
    /// Renew what was published last under a name that was rotated away, with its password and
    /// wallet, or its key: as long as the chain points there, somebody reads it [default: the last]
    #[arg(long, value_name = "IPNS NAME", num_args = 0..=1, conflicts_with = "foreign")]
    former: Option<Option<IpnsName>>,
    #[command(flatten)]
    publication: PublicationArgs,
}

/// A new record of the same value.
pub fn run(args: Args, context: &Context) -> Result<Outcome, CliError> {
    let mut session = Session::open(context)?;
    if let Some(former) = &args.former {
        let keys = former_keys(&session.config, former.as_ref())?;
        session.config = session.config.with_former(&keys);
    }
    let session_config = session.config.clone();
    let mut publication = args.publication.open(context, session)?;
    let is_own = !args.foreign && args.former.is_none();
    let kept = match is_own {
        true => ahead::renewing(&mut publication)?,
        false => ahead::Kept::default(),
    };
    let then = ahead::Then::of(&publication);
    let subject = Subject::Newest { foreign: args.foreign };
    let outcome = publication.send(subject, None, Missing::MayGo)?;
    if !outcome.new_record && !outcome.is_refused() {
        context.output.note("it is renewed already: the same record, for those that lack it");
    }
    note_untold(context, &session_config);
    let ahead = then.sign_anew(context, &outcome, &kept, true);
    Ok(published(outcome, ahead))
}

/// The keys of a name that was rotated away: of `name`, or the last.
fn former_keys(config: &Config, name: Option<&IpnsName>) -> Result<RecordedKeys, CliError> {
    let is_it = |keys: &&RecordedKeys| name.is_none() || keys.ipns_name.as_ref() == name;
    config.former().iter().rfind(is_it).cloned().ok_or_else(|| {
        let message = match name {
            Some(name) => format!("{name} is no former name of this workspace"),
            None => "this workspace has no former name".to_owned(),
        };
        CliError::new(Exit::NotFound, ErrorKind::NoIpnsName, message)
            .hint("namesys rotate leaves a name; [[former]] in namesys.toml lists them")
    })
}
