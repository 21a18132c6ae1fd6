//! `pull`: what is published now, merged into the workspace.

use std::io::{self, Write};

use cid::Cid;
use namesys::ens::WELL_KNOWN;
use namesys::ipfs::{CarBlocks, ROOT_FOLDER};
use namesys::publish::{KEPT_TREE, Source, TemporaryCar, Witnesses};
use namesys::published::Prefer;
use namesys::pull::{Conflict, Item, PullError, PullRequest, Pulled, Refused, TreeSource, pull};
use namesys::report::{ErrorKind, PullReport};
use namesys::resolve::BlockServers;

use super::pack::pack_car;
use crate::cli::context::Context;
use crate::cli::endpoints::{GatewayArgs, PublisherArgs, UploadArgs, record_sources};
use crate::cli::error::{CliError, Exit};
use crate::cli::mass_removal::MassRemovalArgs;
use crate::cli::output::{Human, Outcome, shown};
use crate::cli::owner_args::{CLIENT_CANNOT_GO_ON, OwnerArgs, Owners, unchecked};
use crate::cli::session::Session;

/// `pull`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Keep what is here where a record was changed there and here
    #[arg(long, conflicts_with = "theirs")]
    ours: bool,
    /// Take what is published where a record was changed there and here
    #[arg(long)]
    theirs: bool,
    /// Take what can be read where blocks are missing, and remove nothing
    #[arg(long)]
    partial: bool,
    #[command(flatten)]
    mass_removal: MassRemovalArgs,
    #[command(flatten)]
    publishers: PublisherArgs,
    #[command(flatten)]
    gateways: GatewayArgs,
    #[command(flatten)]
    owner: OwnerArgs,
}

/// Asks, reads, merges, writes.
pub fn run(args: Args, context: &Context) -> Result<Outcome, CliError> {
    let mut session = Session::open(context)?;
    let name = session.ipns_name()?;
    let publishers = args.publishers.get(context, Some(&session.config))?;
    let gateways = args.gateways.get(context, Some(&session.config))?;
    let nodes = UploadArgs::default().readable(context, Some(&session.config))?;
    let http = context.http()?;
    let mut owners = args.owner.owners(context, &session.config, &http)?;
    let _lock = session.lock()?;
    let scratch = session.workspace.temporary_dir()?;
    let car = TemporaryCar::new_in(&scratch)?;
    let here = here(context, &session, &car)?;
    let records = record_sources(&http, &gateways, session.config.name());
    let own_keys = context.own_keys();
    let prefer = match (args.ours, args.theirs) {
        (true, _) => Some(Prefer::Ours),
        (_, true) => Some(Prefer::Theirs),
        _ => None,
    };
    let stop = context.stop()?;
    let ask = |owners: &Owners| {
        let request = PullRequest {
            workspace: &session.workspace,
            config: &session.config,
            witnesses: Witnesses { name: &name, publishers: &publishers, gateways: &records },
            source: TreeSource {
                http: http.clone(),
                servers: BlockServers::new(nodes.clone(), gateways.clone(), scratch.clone()),
                name: session.config.name().clone(),
                disk: disk(&session, here.is_some().then_some(&car)),
            },
            here,
            facts: owners.facts.clone(),
            own_keys: &own_keys,
            prefer,
            partial: args.partial,
            stop: stop.clone(),
        };
        context.block_on(async { Ok(pull(request).await?) })
    };
    let mut pulled = ask(&owners)?;
    match owners.approve(context, pulled.to_approve())? {
        Some(true) => pulled = ask(&owners)?,
        Some(false) => {}
        None => return Err(unchecked(context, pulled.to_approve())),
    }
    remarks(context, &pulled);
    let mut report = report(&pulled);
    if let Some(error) = conflicts(&report.conflicts) {
        // Nothing is written, so that nothing was taken or removed.
        (report.merged, report.removed) = (Vec::new(), Vec::new());
        return Ok(Outcome::partial(report, Some(error)));
    }
    let removed = report.removed.len() as u64;
    let wanted = session.workspace.records(&session.config)?.all().count() as u64;
    args.mass_removal.check(removed, wanted.max(removed), "of what is wanted here")?;
    if stop.is_asked() {
        return Err(PullError::Stopped.into());
    }
    pulled.write(&session.workspace, &mut session.config)?;
    let error = refused(&report.refused);
    Ok(Outcome::partial(report, error))
}

/// What is here, packed into `car`; none where nothing is.
fn here(context: &Context, session: &Session, car: &TemporaryCar) -> Result<Option<Cid>, CliError> {
    let dir = session.workspace.dir();
    let is_there = |part: &str| dir.join(part).symlink_metadata().is_ok();
    if !is_there(WELL_KNOWN) {
        if !is_there(ROOT_FOLDER) {
            return Ok(None);
        }
        std::fs::create_dir(dir.join(WELL_KNOWN))
            .map_err(|error| CliError::io(format!("{WELL_KNOWN} cannot be made"), &error))?;
    }
    let tree = Source::WellKnown(dir.to_owned());
    Ok(Some(pack_car(context, tree, car.path())?.root))
}

/// The trees on this disk; one that cannot be read is none.
fn disk(session: &Session, car: Option<&TemporaryCar>) -> Vec<CarBlocks> {
    let here = car.and_then(|car| CarBlocks::open(car.path()).ok());
    let kept = session.workspace.dir().join(KEPT_TREE);
    let is_file = kept.symlink_metadata().is_ok_and(|found| found.is_file());
    let kept = is_file.then(|| CarBlocks::open(&kept).ok()).flatten();
    here.into_iter().chain(kept).collect()
}

/// What a person should know beside the result.
fn remarks(context: &Context, pulled: &Pulled) {
    for silent in &pulled.silent {
        context
            .output
            .warn(format_args!("it tells nothing, and may have something newer: {silent}"));
    }
    for refuted in &pulled.refuted {
        context.output.warn(format_args!("it does not verify, and does not count: {refuted}"));
    }
    if let Some(reason) = &pulled.base_unread {
        context.output.warn(format_args!(
            "what was last seen cannot be read any more, so what was removed here and not published \
             may have been taken over again: {reason}"
        ));
    }
    if pulled.by_client {
        context.output.note(CLIENT_CANNOT_GO_ON);
    }
    if !pulled.unread().is_empty() {
        context.output.warn(format_args!(
            "{} places of what is published could not be read, and the base stays: publish would \
             lose what is there",
            pulled.unread().len()
        ));
    }
}

fn report(pulled: &Pulled) -> PullReport {
    PullReport {
        base: pulled.base.map(|base| base.to_string()),
        root: pulled.root.to_string(),
        sequence: pulled.sequence,
        merged: pulled.merged().to_vec(),
        removed: pulled.removed().to_vec(),
        refused: pulled.refused().to_vec(),
        conflicts: pulled.conflicts().to_vec(),
        unread: pulled.unread().to_vec(),
    }
}

fn conflicts(conflicts: &[Conflict]) -> Option<CliError> {
    let message = match conflicts.len() {
        0 => return None,
        1 => "a record was changed there and here: nothing was written".to_owned(),
        count => format!("{count} records were changed there and here: nothing was written"),
    };
    let hint = "namesys pull --ours keeps what is here, --theirs takes what is published; or set \
                what is right (namesys set) to one of the two, and pull again";
    Some(CliError::new(Exit::Failed, ErrorKind::Conflict, message).hint(hint))
}

fn refused(refused: &[Refused]) -> Option<CliError> {
    let first = refused.first()?;
    let message = format!(
        "{} of the files that were changed there are not taken over, {} among them: {}",
        refused.len(),
        first.path,
        first.reason
    );
    let hint = "what is here stays, and the rest is merged; namesys publish puts ours in its place";
    Some(CliError::new(Exit::Unverified, ErrorKind::Unverified, message).hint(hint))
}

impl Human for PullReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "root       {}", self.root)?;
        writeln!(out, "sequence   {}", self.sequence)?;
        for item in &self.merged {
            item_line(out, "took", item)?;
        }
        for item in &self.removed {
            item_line(out, "removed", item)?;
        }
        for refused in &self.refused {
            let what = if refused.carried { "carried" } else { "refused" };
            writeln!(out, "{what:9}  {}: {}", shown(&refused.path), shown(&refused.reason))?;
        }
        for conflict in &self.conflicts {
            conflict_lines(out, conflict)?;
        }
        for path in &self.unread {
            writeln!(out, "not read   {}", shown(path))?;
        }
        let is_same = self.merged.is_empty() && self.removed.is_empty();
        match is_same && self.refused.is_empty() && self.conflicts.is_empty() {
            true => writeln!(out, "nothing that was not here"),
            false => Ok(()),
        }
    }
}

fn item_line(out: &mut dyn Write, what: &str, item: &Item) -> io::Result<()> {
    let Item { name, record, path, value } = item;
    let of = match (name, record) {
        (Some(name), Some(record)) => format!("{name} {record}"),
        _ => path.clone(),
    };
    let value = value.as_ref().map(|value| format!(" = {value}")).unwrap_or_default();
    writeln!(out, "{what:9}  {}", shown(&format!("{of}{value}")))
}

fn conflict_lines(out: &mut dyn Write, conflict: &Conflict) -> io::Result<()> {
    let Conflict { name, record, path, base, ours, theirs, signers } = conflict;
    match (name, record) {
        (Some(name), Some(record)) => writeln!(out, "conflict   {name} {}", shown(record))?,
        _ => writeln!(out, "conflict   {}", shown(path))?,
    }
    let places = [
        ("base", base, &signers.base),
        ("ours", ours, &signers.ours),
        ("theirs", theirs, &signers.theirs),
    ];
    for (place, value, signer) in places {
        let value = value.as_deref().unwrap_or("nothing");
        let by = signer.as_ref().map(|by| format!("  (signed by {by})")).unwrap_or_default();
        writeln!(out, "  {place:7}  {}{by}", shown(value))?;
    }
    Ok(())
}
