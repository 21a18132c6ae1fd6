//! `publish --dry-run`, `--sign-only` and `--signed`: what is sent, in a folder.

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use namesys::publish::{
    AHEAD_DIR, Agreement, Author, Enough, Parcel, ParcelScope, Permission, PublishOutcome,
    PublishRequest, Source, Subject, TemporaryCar, dry_record, is_ahead, parcel_files, sign_ahead,
    write_manifest,
};
use namesys::published::Judge;
use namesys::report::ErrorKind;
use namesys::workspace::{RecordedKeys, Removal};

use super::author_args::AuthorArgs;
use super::fan_out::Sending;
use super::publication::PublicationArgs;
use super::report::{published, report};
use crate::cli::cmd::pack::pack_car;
use crate::cli::context::Context;
use crate::cli::endpoints::UploadArgs;
use crate::cli::error::{CliError, Exit};
use crate::cli::mass_removal::ask;
use crate::cli::output::Outcome;
use crate::cli::progress::Unit;
use crate::cli::session::Session;
use crate::cli::values::write_file;

/// Writes what would be sent into `dir`. With `keep` it is meant to be sent, by
/// [`publish_signed`]: the history gets it, and the folder a file that names both others.
pub fn write(
    dir: &Path,
    keep: bool,
    context: &Context,
    session: &mut Session,
    (author, sequence): (&AuthorArgs, Option<u64>),
) -> Result<Outcome, CliError> {
    let key = author.key(context, session)?;
    let _lock = session.workspace.lock()?;
    std::fs::create_dir_all(dir)
        .map_err(|error| CliError::io(format!("{} cannot be made", dir.display()), &error))?;
    let unfinished = TemporaryCar::new_in(dir)?;
    let tree = Source::WellKnown(session.workspace.dir().to_owned());
    let root = pack_car(context, tree, unfinished.path())?.root;
    let request = PublishRequest {
        workspace: Some(&session.workspace),
        name: key.name(),
        subject: Subject::Root(root),
        author: author.author(&key, sequence),
        publishers: &[],
        gateways: &[],
        trees: None,
        permission: &Permission::default(),
        removal: Removal::Any,
        enough: Enough { require: 0, wait: None },
        now: Timestamp::now(),
        notice: &|_| (),
        waiting: &|_| (),
    };
    let (record, new_record) = dry_record(&request)?;
    author.note_reuse(context, &record, new_record);
    let (car, file) = parcel_files(dir, &root, record.name());
    unfinished.keep(&car)?;
    // Before anybody can send it: the sequence is never given to another.
    let over = match keep {
        true => sign_ahead(&session.workspace, &record)?,
        false => None,
    };
    write_file(&file, record.bytes())?;
    let mut written = vec![car, file];
    if keep {
        let (over, config) = (over.as_ref(), &session.config);
        let wanted = session.workspace.records(config)?;
        let scope = ParcelScope::of(&session.workspace, config.names(), &wanted)?;
        written.push(write_manifest(dir, &scope, &root, &record, over)?);
    }
    context.output.note("nobody was asked: the sequence follows what this workspace knows");
    if keep && is_ahead(&session.workspace, record.name()).unwrap_or(true) {
        context.output.warn(format_args!(
            "once this is sent, what is signed ahead in {AHEAD_DIR} wins no more: namesys publish \
             --ahead signs it anew"
        ));
    }
    let written = written.iter().map(|path| path.display().to_string()).collect();
    let outcome = PublishOutcome {
        record,
        new_record,
        base: None,
        lost: Vec::new(),
        removed: Vec::new(),
        uploads: Vec::new(),
        publications: Vec::new(),
        without_network: Vec::new(),
        seen: Agreement::default(),
        shortfall: None,
    };
    Ok(Outcome::done(report(&outcome, written)))
}

/// Checks what [`write`] wrote, uploads and publishes it. Needs no keys, and no workspace; one
/// that is there gives its services, and must be the same name's.
pub fn publish_signed(
    dir: &Path,
    context: &Context,
    uploads: &UploadArgs,
    args: &PublicationArgs,
) -> Result<Outcome, CliError> {
    let parcel = Parcel::open(dir, Timestamp::now())?;
    let session = Session::open_if_any(context)?;
    let config = session.as_ref().map(|session| &session.config);
    let name = *parcel.record.name();
    if let Some(config) = config {
        if !config.names().contains(&parcel.name) {
            let message = format!(
                "{} is of {}, and this workspace is of {}",
                dir.display(),
                parcel.name,
                config.name()
            );
            return Err(CliError::new(Exit::Failed, ErrorKind::OtherName, message)
                .hint("run it in that name's workspace (-C DIR), or outside any"));
        }
        config
            .unrecorded_keys(&RecordedKeys { ipns_name: Some(name), ..RecordedKeys::default() })?;
    }
    let fan_out = args.fan_out.open(context, config)?.reading(uploads, context, config)?;
    let uploads = uploads.get(context, config)?;
    let bar = context.output.progress("uploading", Unit::Bytes);
    let progress_bar = bar.clone();
    let subject = Subject::Tree {
        car: &parcel.car,
        root: parcel.root,
        part: None,
        uploads: &uploads,
        progress: Some(Arc::new(move |sent, total| {
            progress_bar.at_then(sent, total, "publishing, and reading it back");
        })),
    };
    let workspace = session.as_ref().map(|session| &session.workspace);
    let locked = match workspace {
        Some(workspace) => Some((workspace, workspace.lock()?)),
        None => None,
    };
    let ParcelScope { names, missing } = parcel.scope.clone();
    let sending = Sending {
        locked,
        names: (Some(&parcel.name), name),
        subject,
        author: Author::Signed { record: &parcel.record, over: parcel.over.as_slice() },
        judge: Some(Judge::of_parcel(names, missing).with_keys(context.own_keys())),
        permission: args.permission.get(session.as_ref()),
        removal: args.permission.mass_removal.removal(&ask),
    };
    let sent = fan_out.send(context, sending);
    bar.finish();
    Ok(published(sent?, Ok(Vec::new())))
}
