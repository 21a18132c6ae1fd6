//! `renew`: what is published, valid for longer. `rollback`: an older tree again.

use std::str::FromStr;

use cid::Cid;
use futures_util::future::join_all;
use namesys::ipfs::upload::Upload;
use namesys::multiformats::parse_cid;
use namesys::publish::{Publication, Subject, status};

use super::fan_out::{AuthorArgs, FanOutArgs};
use super::publish_report::report;
use crate::cli::context::Context;
use crate::cli::endpoints::UploadArgs;
use crate::cli::error::{CliError, Exit};
use crate::cli::output::Outcome;
use crate::cli::session::Session;

/// `renew`
#[derive(Debug, clap::Args)]
pub struct RenewArgs {
    #[command(flatten)]
    fan_out: FanOutArgs,
    #[command(flatten)]
    author: AuthorArgs,
}

/// `rollback`
#[derive(Debug, clap::Args)]
pub struct RollbackArgs {
    /// What to go back to, as `log` lists it [default: what was published before]
    #[arg(value_name = "SEQUENCE|CID")]
    to: Option<Target>,
    /// Go back also to a tree that none of the uploads is seen to keep
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    uploads: UploadArgs,
    #[command(flatten)]
    fan_out: FanOutArgs,
    #[command(flatten)]
    author: AuthorArgs,
}

/// An entry of the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    Sequence(u64),
    Root(Cid),
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(sequence) = text.parse() {
            return Ok(Self::Sequence(sequence));
        }
        let root = parse_cid(text).map(Self::Root);
        root.map_err(|_| "it is neither a sequence nor a CID; namesys log lists both".to_owned())
    }
}

/// A new record of the same value.
pub fn renew(args: RenewArgs, context: &Context) -> Result<Outcome, CliError> {
    let mut session = Session::open(context)?;
    args.author.check()?;
    let fan_out = args.fan_out.open(context, Some(&session.config))?;
    let key = args.author.key(context, &mut session)?;
    let lock = session.workspace.lock()?;
    let author = args.author.author(&key, None);
    let names = (&session.config.name, key.name());
    let (outcome, seen, error) =
        fan_out.send(context, Some((&session.workspace, lock)), names, Subject::Newest, author)?;
    if !outcome.new_record {
        context.output.note("it is renewed already: the same record, for those that lack it");
    }
    Ok(Outcome::partial(report(&outcome, &seen, Vec::new()), error))
}

/// An older value in a new record.
pub fn rollback(args: RollbackArgs, context: &Context) -> Result<Outcome, CliError> {
    let mut session = Session::open(context)?;
    args.author.check()?;
    let fan_out = args.fan_out.open(context, Some(&session.config))?;
    let uploads = args.uploads.get(context, Some(&session.config))?;
    let key = args.author.key(context, &mut session)?;
    let lock = session.workspace.lock()?;
    let kept = session.workspace.publications(&key.name())?;
    let root = context.block_on(async {
        let now = status(&key.name(), &fan_out.publishers, &kept).await.newest;
        let root = choose(args.to.as_ref(), &kept, now.as_ref())?;
        kept_by(&root, &uploads, args.force, context).await?;
        Ok(root)
    })?;
    let author = args.author.author(&key, None);
    let names = (&session.config.name, key.name());
    let (outcome, seen, error) = fan_out.send(
        context,
        Some((&session.workspace, lock)),
        names,
        Subject::Root(root),
        author,
    )?;
    if !outcome.new_record {
        context.output.note("this is what is published: the same record, for those that lack it");
    }
    context
        .output
        .note("records.toml and .well-known are as they were: publish goes forward again");
    Ok(Outcome::partial(report(&outcome, &seen, Vec::new()), error))
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
            return Err(CliError::new(Exit::Failed, "content-gone", message).hint(
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

/// The root of the wanted entry of the history; by default of the last that differs from `now`.
fn choose(
    wanted: Option<&Target>,
    kept: &[Publication],
    now: Option<&Publication>,
) -> Result<Cid, CliError> {
    let is_wanted = |record: &&Publication| match wanted {
        Some(Target::Sequence(sequence)) => record.fields().sequence == *sequence,
        Some(Target::Root(root)) => root_of(record).as_ref() == Some(root),
        None => now.is_some_and(|now| {
            let (fields, now) = (record.fields(), now.fields());
            fields.value != now.value && fields.sequence < now.sequence
        }),
    };
    kept.iter().rev().filter(is_wanted).find_map(root_of).ok_or_else(|| {
        let message = match wanted {
            Some(Target::Sequence(sequence)) => {
                format!("sequence {sequence} was not published from here")
            }
            Some(Target::Root(root)) => format!("{root} was not published from here"),
            None => "nothing else was published from here before".to_owned(),
        };
        CliError::new(Exit::NotFound, "not-published", message).hint("namesys log lists what was")
    })
}

fn root_of(record: &Publication) -> Option<Cid> {
    parse_cid(&record.fields().value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_a_sequence_or_a_cid() {
        assert_eq!("7".parse(), Ok(Target::Sequence(7)));
        let cid = "bafkreiem4twkqzsq2aj4shbycd4yvoj2cx72vezicletlhi7dijjciqpui";
        let target = Ok(Target::Root(cid.parse().unwrap()));
        assert_eq!(cid.parse(), target);
        for form in [format!("/ipfs/{cid}"), format!("ipfs://{cid}")] {
            assert_eq!(form.parse(), target);
        }
        for bad in ["", "-1", "bafy", "latest"] {
            assert!(bad.parse::<Target>().is_err(), "{bad}");
        }
    }
}
