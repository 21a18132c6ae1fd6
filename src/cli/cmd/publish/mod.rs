//! `publish`: the tree to IPFS, its root under the IPNS name, read back from every publisher; or
//! the tree to web hosts, or the records to databases.

pub mod ahead;
pub mod air_gap;
pub mod author_args;
pub mod backend;
pub mod database;
pub mod fan_out;
pub mod https;
mod in_turn;
pub mod publication;
pub mod report;

use std::path::PathBuf;
use std::sync::Arc;

use namesys::ens::WELL_KNOWN;
use namesys::ipfs::upload::Upload;
use namesys::publish::{PublishOutcome, Subject};
use namesys::published::Missing;
use namesys::record::{flat_path, record_path};
use namesys::report::ErrorKind;
use namesys::workspace::{CheckedFile, Facts, Pending, RECORDS_FILE, Records, Verdict};

use super::pack::pack_bundle;
use super::verify::check_known;
use crate::cli::context::Context;
use crate::cli::endpoints::{DatabaseArgs, SiteArgs, UploadArgs};
use crate::cli::error::{CliError, Exit};
use crate::cli::keys_args::SignerKeyArgs;
use crate::cli::output::Outcome;
use crate::cli::progress::Unit;
use crate::cli::session::Session;
use author_args::check_sequence;
use fan_out::FanOutArgs;
use publication::{Publication, PublicationArgs, wanted};
use report::Ahead;

/// Where records are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Destination {
    /// IPFS, found through the IPNS name
    Ipfs,
    /// Web hosts, for an https:// recordhash: no key is needed
    Https,
    /// A database whose gateway takes signed records (serve --database): no key is needed
    Database,
}

/// `publish …`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where the records go
    #[arg(long, value_enum, value_name = "WHERE", default_value = "ipfs")]
    to: Destination,
    /// Write what would be sent into a folder, and send nothing: the CAR file and the IPNS record,
    /// or with --to https the tree
    #[arg(long, value_name = "DIR")]
    dry_run: Option<PathBuf>,
    /// The half with the keys: write what --signed takes into a folder, without any network
    #[arg(long, value_name = "DIR", conflicts_with = "dry_run")]
    sign_only: Option<PathBuf>,
    /// The half with the network: publish what --sign-only wrote, without any keys
    #[arg(long, value_name = "DIR", conflicts_with_all = ["dry_run", "sign_only", "sequence", "validity"])]
    signed: Option<PathBuf>,
    /// The sequence of a new record [default: the highest known, and one more]
    #[arg(long, value_name = "N")]
    sequence: Option<u64>,
    /// Publish also a tree with files that do not verify
    #[arg(long)]
    allow_invalid: bool,
    /// Fail, before anything is sent, where a wanted record is not signed, or a signed one not wanted
    #[arg(long, conflicts_with = "signed")]
    strict: bool,
    /// Also upload what holds later, and sign its IPNS records into phases/ipns: a machine without
    /// keys puts each in turn (ipns put --due phases/ipns --watch). Every later publish, renew and
    /// rollback signs them anew, above the old ones. A record does not say when it may be published:
    /// whoever has that folder can publish what is in it before its time
    #[arg(long, conflicts_with_all = ["dry_run", "sign_only", "signed"])]
    ahead: bool,
    #[command(flatten)]
    sites: SiteArgs,
    #[command(flatten)]
    databases: DatabaseArgs,
    #[command(flatten)]
    signer_key: SignerKeyArgs,
    #[command(flatten)]
    uploads: UploadArgs,
    #[command(flatten)]
    publication: PublicationArgs,
}

/// Packs, uploads, publishes, reads back.
pub fn run(args: Args, context: &Context) -> Result<Outcome, CliError> {
    check_destination(&args)?;
    if let Some(dir) = &args.signed {
        return air_gap::publish_signed(dir, context, &args.uploads, &args.publication);
    }
    let mut session = Session::open(context)?;
    if args.dry_run.is_none() {
        in_turn::take(context, &mut session)?;
    }
    if !session.workspace.dir().join(WELL_KNOWN).is_dir() {
        let message = format!("there is no {WELL_KNOWN} folder: nothing is signed yet");
        return Err(CliError::new(Exit::NotFound, ErrorKind::NothingSigned, message)
            .hint("namesys set …, then namesys sign"));
    }
    check_tree((args.strict, args.allow_invalid), context, &session)?;
    if args.to == Destination::Https {
        let FanOutArgs { require, wait, .. } = args.publication.fan_out;
        return match &args.dry_run {
            Some(dir) => https::dry_run(dir, context, &session),
            None => {
                let permission = &args.publication.permission;
                https::run(&args.sites, (require, wait), permission, context, &session)
            }
        };
    }
    if args.to == Destination::Database {
        let (databases, signer) = (&args.databases, &args.signer_key);
        return database::run(databases, signer, &args.publication.permission, context, &session);
    }
    if session.config.has_only_sites() && !args.uploads.are_given() {
        let (what, to) = match session.config.sites.is_empty() {
            true => ("databases", "database"),
            false => ("web hosts", "https"),
        };
        context
            .output
            .note(format_args!("namesys.toml names {what}, which --to {to} publishes to"));
    }
    check_sequence(args.sequence)?;
    let author = &args.publication.author;
    if let Some(dir) = args.dry_run.as_ref().or(args.sign_only.as_ref()) {
        author.check()?;
        let (keep, author) = (args.sign_only.is_some(), (author, args.sequence));
        return air_gap::write(dir, keep, context, &mut session, author);
    }
    let uploads = args.uploads.get(context, Some(&session.config))?;
    let fan_out = &args.publication.fan_out;
    let backends = fan_out.backends(context, Some(&session.config), args.databases.may_loop())?;
    let workspace = session.workspace.clone();
    let publication = args.publication.open(context, session)?.reading(&args.uploads)?;
    let (outcome, signed) = send_all(args.ahead, context, publication, &uploads, args.sequence)?;
    if !outcome.is_refused() {
        author.note_reuse(context, &outcome.record, outcome.new_record);
    }
    let (report, error) = backend::and_tell(&backends, context, workspace, (outcome, signed));
    Ok(Outcome::partial(report, error))
}

/// As [`send_tree`]; then what is to come where `asked`, or where it was signed ahead before. Nothing
/// of that is sent before what holds now is out.
///
/// # Errors
/// As [`send_tree`]; a phase that is not signed.
pub fn send_all(
    asked: bool,
    context: &Context,
    mut publication: Publication<'_>,
    uploads: &[Box<dyn Upload>],
    sequence: Option<u64>,
) -> Result<(PublishOutcome, Ahead), CliError> {
    let prepared = ahead::prepare(asked, context, &mut publication)?;
    publication.root = publication.root.or(prepared.now());
    let then = ahead::Then::of(&publication);
    let outcome = send_tree(context, publication, uploads, sequence)?;
    let signed = then.send_and_sign(context, &prepared, &outcome, uploads);
    Ok((outcome, signed))
}

/// Packs what is signed, uploads it, publishes its root, and reads it back.
///
/// # Errors
/// Those that stop everything.
fn send_tree(
    context: &Context,
    publication: Publication<'_>,
    uploads: &[Box<dyn Upload>],
    sequence: Option<u64>,
) -> Result<PublishOutcome, CliError> {
    let workspace = publication.session.workspace.clone();
    let bundle = pack_bundle(context, &workspace)?;
    if publication.root.is_some_and(|root| root != *bundle.root()) {
        let message = "files were changed since it was shown what is to be published";
        return Err(CliError::new(Exit::Failed, ErrorKind::Changed, message)
            .hint("nothing was sent; the same command shows it as it is now"));
    }
    let bar = context.output.progress("uploading", Unit::Bytes);
    let progress_bar = bar.clone();
    let subject = Subject::Tree {
        car: bundle.car(),
        root: *bundle.root(),
        part: bundle.part(),
        uploads,
        progress: Some(Arc::new(move |sent, total| {
            progress_bar.at_then(sent, total, "publishing, and reading it back");
        })),
    };
    let sent = publication.send(subject, sequence, Missing::IsLost);
    bar.finish();
    sent
}

/// Flags of one destination have no meaning for the other.
fn check_destination(args: &Args) -> Result<(), CliError> {
    let is_prepared = args.signed.is_some() || args.sign_only.is_some() || args.dry_run.is_some();
    if is_prepared && args.publication.permission.mass_removal.allow_mass_removal {
        let message = "--allow-mass-removal has a meaning only where something is sent that was not \
                       signed before";
        return Err(CliError::usage(message).hint("leave it out"));
    }
    let publication = &args.publication;
    let of_databases = (args.databases.are_given(), "--database-url", "--to database");
    let of_sites = (args.sites.are_given(), "--site", "--to https");
    let of_signer = (args.signer_key.is_file_given(), "--signer-key-file", "--to database");
    let ipfs = "--to ipfs";
    let of_ipfs = [
        (args.sign_only.is_some(), "--sign-only", ipfs),
        (publication.permission.expect.is_some(), "--expect", ipfs),
        (args.signed.is_some(), "--signed", ipfs),
        (args.sequence.is_some(), "--sequence", ipfs),
        (args.ahead, "--ahead", ipfs),
        (publication.author.validity.is_some(), "--validity", ipfs),
        (args.uploads.are_given(), "--upload", ipfs),
        (publication.fan_out.names_publishers(), "--publisher", ipfs),
    ];
    let FanOutArgs { require, wait, .. } = &publication.fan_out;
    let not_databases = [
        (args.dry_run.is_some(), "--dry-run", "--to ipfs and https"),
        (require.is_some(), "--require", "--to ipfs and https"),
        (wait.is_some(), "--wait", "--to ipfs and https"),
    ];
    let given: Vec<_> = match args.to {
        Destination::Ipfs => vec![of_sites, of_databases, of_signer],
        Destination::Https => of_ipfs.into_iter().chain([of_databases, of_signer]).collect(),
        Destination::Database => {
            of_ipfs.into_iter().chain(not_databases).chain([of_sites]).collect()
        }
    };
    match given.iter().find(|(given, ..)| *given) {
        Some((_, flag, others)) => {
            Err(CliError::usage(format!("{flag} has a meaning only {others}"))
                .hint("leave it out, or choose the other destination"))
        }
        None => Ok(()),
    }
}

/// Nothing that the resolver would refuse is published unasked; what is not signed as it is wanted
/// is said, or with `--strict` refused.
pub fn check_tree(
    (strict, allow_invalid): (bool, bool),
    context: &Context,
    session: &Session,
) -> Result<(), CliError> {
    let facts = Facts::of(&session.config);
    if !facts.have_owner() {
        let message =
            "who owns the names is not recorded, so that what is signed cannot be checked";
        return match strict {
            true => Err(CliError::new(Exit::Failed, ErrorKind::Unsigned, message)
                .hint("namesys keygen records the wallet; or owner = \"0x…\" in namesys.toml")),
            false => Ok(()),
        };
    }
    let checked = check_known(&facts, context, &session.workspace)?;
    let wanted = wanted(session)?;
    let pending = pending(session, wanted.as_deref(), &checked);
    if !allow_invalid {
        refuse_invalid(context, wanted.as_deref(), checked)?;
    }
    match pending {
        None => Ok(()),
        Some(pending) if strict => Err(CliError::new(Exit::Failed, ErrorKind::Unsigned, pending)
            .hint("namesys sign, or namesys diff to see each; nothing was sent")),
        Some(pending) => {
            context.output.warn(format_args!("{pending}: namesys sign, namesys diff"));
            Ok(())
        }
    }
}

/// Says which records the tree has in the older flat layout alone: their clients get nothing.
fn warn_of_flat(context: &Context, checked: &[CheckedFile]) {
    let flat = |file: &CheckedFile| {
        let (name, key) = (file.name.as_ref()?, file.key.as_ref()?);
        let is_flat = matches!(file.verdict, Verdict::Invalid(_))
            && flat_path(name, key).is_some_and(|flat| flat == file.path);
        is_flat.then(|| (file.path.clone(), record_path(name, key)))
    };
    let flat: Vec<(String, String)> = checked.iter().filter_map(flat).collect();
    let is_there = |asked: &str| checked.iter().any(|file| file.path == asked);
    let mut alone = flat.iter().filter(|(_, asked)| !is_there(asked));
    let Some((path, asked)) = alone.next() else { return };
    let others = match alone.count() {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    context.output.warn(format_args!(
        "{path} is in the older flat layout alone{others}: the deployed resolver asks for {asked}, \
         and finds nothing: namesys set and namesys sign write it there"
    ));
}

/// What is not signed as it is wanted, in words.
fn pending(session: &Session, wanted: Option<&Records>, checked: &[CheckedFile]) -> Option<String> {
    let Some(wanted) = wanted else {
        return Some(format!("there is no {RECORDS_FILE}: it is not known what is wanted"));
    };
    let pending = Pending::of(&session.config, wanted, checked);
    (!pending.is_empty()).then(|| pending.to_string())
}

/// Exit 3 where a record file that is wanted would not resolve; what nobody wants here is passed
/// on, and said.
///
/// # Errors
/// Exit 3.
pub fn refuse_invalid(
    context: &Context,
    wanted: Option<&Records>,
    checked: Vec<CheckedFile>,
) -> Result<(), CliError> {
    warn_of_flat(context, &checked);
    let bad = checked.into_iter().filter_map(|file| match file.verdict {
        Verdict::Invalid(reason) => Some((file.path, reason)),
        _ => None,
    });
    // What nobody wants here was found so, and is passed on as it is.
    let is_carried = |path: &str| wanted.is_some_and(|wanted| wanted.holder_of(path).is_none());
    let (carried, bad): (Vec<_>, Vec<_>) = bad.partition(|(path, _)| is_carried(path));
    let Some((path, reason)) = bad.first() else {
        match &carried[..] {
            [] => {}
            [(path, _)] => context.output.note(format_args!(
                "{path} does not verify and is wanted by nobody here: it is passed on as it is"
            )),
            [(path, _), ..] => context.output.note(format_args!(
                "{} files do not verify and are wanted by nobody here: they are passed on as they \
                 are, {path} among them",
                carried.len(),
            )),
        }
        return Ok(());
    };
    let message =
        format!("{} of the record files would not resolve, {path} among them: {reason}", bad.len());
    Err(CliError::new(Exit::Unverified, ErrorKind::Invalid, message)
        .hint("namesys verify shows each; namesys sign mends ours; --allow-invalid publishes them"))
}
