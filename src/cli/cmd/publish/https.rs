//! `publish --to https`: the tree to every web host, read back from where it is served.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use namesys::publish::site::{
    Miss, Over, SeenAt, Site, SiteOutcome, SiteRequest, SiteUrl, SitesOutcome, Store, publish_sites,
};
use namesys::publish::{Enough, Source, TemporaryCar, required};
use namesys::published::Missing;
use namesys::report::{SitePublishReport, SiteSeenReport, SiteUploadReport};

use crate::cli::cmd::pack::pack_car;
use crate::cli::cmd::publish::publication::{PermissionArgs, judge};
use crate::cli::context::Context;
use crate::cli::endpoints::{SiteArgs, folder};
use crate::cli::error::CliError;
use crate::cli::mass_removal::ask;
use crate::cli::output::{Human, Outcome, shown};
use crate::cli::progress::Unit;
use crate::cli::session::Session;

/// Writes the tree into a folder as a site would get it, and sends nothing.
pub fn dry_run(dir: &Path, context: &Context, session: &Session) -> Result<Outcome, CliError> {
    let store = folder(dir, session.config.name().as_str())?;
    let _lock = session.workspace.lock()?;
    let car = TemporaryCar::new_in(&session.workspace.temporary_dir()?)?;
    let tree = Source::WellKnown(session.workspace.dir().to_owned());
    let root = pack_car(context, tree, car.path())?.root;
    context
        .block_on(async { Ok(store.bring(car.path(), &root, &Over::anything(), None).await?) })?;
    context.output.note("nobody was asked, and nothing was sent");
    Ok(Outcome::done(SitePublishReport {
        root: root.to_string(),
        lost: Vec::new(),
        uploads: Vec::new(),
        publications: Vec::new(),
        written: vec![dir.display().to_string()],
    }))
}

/// Brings the tree to the sites and reads it back; `permission` says what may go.
pub fn run(
    sites: &SiteArgs,
    (require, wait): (Option<usize>, Option<Duration>),
    permission: &PermissionArgs,
    context: &Context,
    session: &Session,
) -> Result<Outcome, CliError> {
    let sites = sites.get(context, &session.config)?;
    if sites.is_empty() {
        return Err(CliError::usage("no web host is configured")
            .hint("[[sites]] in namesys.toml, or --site folder=DIR --site-url https://…"));
    }
    let require = required(require, "sites", sites.len())?;
    context.grant(wait);
    let http = context.http()?;
    let _lock = session.workspace.lock()?;
    let car = TemporaryCar::new_in(&session.workspace.temporary_dir()?)?;
    let tree = Source::WellKnown(session.workspace.dir().to_owned());
    let root = pack_car(context, tree, car.path())?.root;
    let bar = context.output.progress("writing", Unit::Things("files"));
    let progress_bar = bar.clone();
    let output = context.output;
    let round = move |url: &SiteUrl, misses: &[Miss]| {
        if let Some(miss) = misses.first() {
            let (count, Miss { path, reason, .. }) = (misses.len(), miss);
            output.note(format_args!("waiting for {url}: {count} files; {path}: {reason}"));
        }
    };
    let request = SiteRequest {
        workspace: &session.workspace,
        car: car.path(),
        root,
        sites: &sites,
        http: &http,
        enough: Enough { require, wait },
        judge: &judge(session, Missing::IsLost, context)?,
        replace: permission.get(Some(session)).replace,
        progress: Some(Arc::new(move |done, total| {
            progress_bar.at_then(done, total, "reading the files back");
        })),
        removal: permission.mass_removal.removal(&ask),
        round: &round,
    };
    let outcomes = context.block_on(async { Ok(publish_sites(&request).await?) });
    bar.finish();
    let SitesOutcome { sites: outcomes, lost, shortfall } = outcomes?;
    remarks(context, &sites, &outcomes);
    let uploads = outcomes.iter().map(upload).collect();
    let publications =
        outcomes.iter().filter_map(|outcome| outcome.seen.as_ref()).map(seen_report).collect();
    let root = root.to_string();
    let report = SitePublishReport { root, lost, uploads, publications, written: Vec::new() };
    Ok(Outcome::partial(report, shortfall.map(CliError::from)))
}

fn upload(outcome: &SiteOutcome) -> SiteUploadReport {
    let changes = outcome.brought.as_ref().ok();
    let count = |count: Option<usize>| count.unwrap_or_default() as u64;
    let written = count(changes.map(|changes| changes.written.len()));
    let removed = count(changes.map(|changes| changes.removed.len()));
    SiteUploadReport {
        to: outcome.to.clone(),
        ok: changes.is_some(),
        sent: written + removed > 0,
        written,
        unchanged: count(changes.map(|changes| changes.unchanged)),
        removed,
        error: outcome.brought.as_ref().err().map(ToString::to_string),
    }
}

/// What is served at an address.
pub fn seen_report(SeenAt { url, seen }: &SeenAt) -> SiteSeenReport {
    let ok = seen.misses.is_empty();
    SiteSeenReport {
        to: url.to_string(),
        ok,
        read_back: ok,
        asked: seen.asked as u64,
        missing: seen.misses.len() as u64,
        cors: !seen.no_cors,
        error: seen.error(),
    }
}

/// What a person should know although nothing failed.
fn remarks(context: &Context, sites: &[Site], outcomes: &[SiteOutcome]) {
    for (site, outcome) in sites.iter().zip(outcomes) {
        if site.url.is_none() && outcome.brought.is_ok() {
            context.output.note(format_args!(
                "{} was not read back: url in [[sites]], or --site-url, says where it is served",
                outcome.to
            ));
        }
        if let Some(SeenAt { url, seen }) = &outcome.seen
            && seen.no_cors
        {
            context.output.warn(format_args!(
                "{url} does not let web pages of elsewhere read the files, so no client in a \
                 browser resolves from there: set the header Access-Control-Allow-Origin: * \
                 for /.well-known/"
            ));
        }
    }
}

impl Human for SitePublishReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "root       {}", self.root)?;
        for loss in &self.lost {
            writeln!(out, "lost       {}", shown(&loss.to_string()))?;
        }
        for upload in &self.uploads {
            let SiteUploadReport { written, unchanged, removed, .. } = upload;
            let to = shown(&upload.to);
            match &upload.error {
                Some(error) => {
                    // Most errors say by themselves where.
                    let error = error.strip_prefix(&format!("{}: ", upload.to)).unwrap_or(error);
                    writeln!(out, "site       FAILED  {to}: {}", shown(error))?;
                }
                None => {
                    let word = if upload.sent { "ok    " } else { "has it" };
                    let counts = format!("{written} written, {unchanged} unchanged");
                    writeln!(out, "site       {word}  {to} ({counts}, {removed} removed)")?;
                }
            }
        }
        for SiteSeenReport { to, asked, missing, error, .. } in &self.publications {
            match error {
                None => writeln!(out, "read back  ok      {to} ({asked} files)")?,
                Some(error) => {
                    let error = shown(error);
                    writeln!(out, "read back  FAILED  {to}: {missing} of {asked} files; {error}")?;
                }
            }
        }
        self.written.iter().try_for_each(|dir| writeln!(out, "wrote      {dir}"))
    }
}
