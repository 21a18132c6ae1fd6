//! `rollback`: an older tree again.

use cid::Cid;
use futures_util::future::join_all;
use namesys::ipfs::upload::Upload;
use namesys::publish::{History, HistoryTarget, Subject, root_before, status};
use namesys::published::Missing;
use namesys::report::ErrorKind;

use super::publish::ahead;
use super::publish::backend::note_untold;
use super::publish::publication::PublicationArgs;
use super::publish::report::published;
use crate::cli::context::Context;
use crate::cli::endpoints::UploadArgs;
use crate::cli::error::{CliError, Exit};
use crate::cli::output::Outcome;
use crate::cli::session::Session;

/// `rollback`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to go back to, as `log` lists it [default: what was published before]
    #[arg(value_name = "SEQUENCE|CID")]
    to: Option<HistoryTarget>,
    /// Go back also to a tree that none of the uploads is seen to keep
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    uploads: UploadArgs,
    #[command(flatten)]
    publication: PublicationArgs,
}

/// An older value in a new record.
pub fn run(args: Args, context: &Context) -> Result<Outcome, CliError> {
    let session = Session::open(context)?;
    let uploads = args.uploads.get(context, Some(&session.config))?;
    let session_config = session.config.clone();
    let mut publication = args.publication.open(context, session)?.reading(&args.uploads)?;
    let kept_ahead = ahead::renewing(&mut publication)?;
    let name = publication.name();
    let kept = History::of(&publication.session.workspace).records(&name)?;
    let root = context.block_on(async {
        let now = status(&name, &publication.fan_out.publishers, &kept).await.newest;
        let root = root_before(args.to.as_ref(), &kept, now.as_ref())?;
        kept_by(&root, &uploads, args.force, context).await?;
        Ok(root)
    })?;
    let then = ahead::Then::of(&publication);
    // The older tree was asked for: what it lacks of the base may go.
    let outcome = publication.send(Subject::Root(root), None, Missing::MayGo)?;
    if outcome.is_refused() {
        return Ok(published(outcome, Ok(Vec::new())));
    }
    if !outcome.new_record {
        context.output.note("this is what is published: the same record, for those that lack it");
    }
    context
        .output
        .note("records.toml and .well-known are as they were: publish goes forward again");
    note_untold(context, &session_config);
    let ahead = then.sign_anew(context, &outcome, &kept_ahead, false);
    Ok(published(outcome, ahead))
}

/// Says which uploads are not seen to keep the tree. Where none is, nobody could read it.
async fn kept_by(
    root: &Cid,
    uploads: &[Box<dyn Upload>],
    force: bool,
    context: &Context,
) -> Result<(), CliError> {
    let keeping = join_all(uploads.iter().map(|upload| upload.has(root))).await;
    if !keeping.contains(&true) {
        let message = format!("none of the uploads is seen to keep {root}");
        if !force {
            return Err(CliError::new(Exit::Failed, ErrorKind::ContentGone, message).hint(
                "restore the files (git has them), sign, and publish; or point the name at it \
                 all the same: --force",
            ));
        }
        context.output.warn(message);
        return Ok(());
    }
    for (upload, _) in uploads.iter().zip(keeping).filter(|(_, keeps)| !keeps) {
        context.output.warn(format_args!("{} is not seen to keep {root}", upload.describe()));
    }
    Ok(())
}
