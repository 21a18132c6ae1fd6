//! What `status` and `log` say of web hosts.

use std::io::{self, Write};

use futures_util::future::join_all;
use namesys::ens::WELL_KNOWN;
use namesys::net::Http;
use namesys::publish::site::{Site, SiteEntry, SiteStatus, site_history, site_status};
use namesys::report::{SiteLogEntry, SiteSeenReport, SiteStatusReport};

use super::pack::{Source, root_of};
use super::publish_https::seen_report;
use crate::cli::context::Context;
use crate::cli::error::{CliError, Exit};
use crate::cli::output::shown;
use crate::cli::session::Session;

/// Asks every site at once.
pub async fn ask(sites: &[Site], http: &Http) -> Vec<SiteStatus> {
    join_all(sites.iter().map(|site| site_status(site, http))).await
}

/// What is reported, and what of it is a failure.
pub fn report(
    context: &Context,
    session: &Session,
    asked: Vec<SiteStatus>,
) -> Result<(Vec<SiteStatusReport>, Option<CliError>), CliError> {
    let dir = session.workspace.dir();
    let signed = match asked.is_empty() || !dir.join(WELL_KNOWN).is_dir() {
        true => None,
        false => Some(root_of(context, &Source::WellKnown(dir))?),
    };
    let reports: Vec<SiteStatusReport> = asked
        .into_iter()
        .map(|SiteStatus { from, held, seen }| {
            let root = held.as_ref().ok().and_then(|held| held.root);
            let seen: Option<SiteSeenReport> = seen.as_ref().map(seen_report);
            let unseen = seen.as_ref().and_then(|seen| seen.error.clone());
            SiteStatusReport {
                from,
                current: root.is_some() && root == signed,
                root: root.map(|root| root.to_string()),
                served: seen.as_ref().map(|seen| seen.ok && root.is_some()),
                url: seen.map(|seen| seen.to),
                error: held.err().map(|error| error.to_string()).or(unseen),
            }
        })
        .collect();
    let error = judge(&reports);
    Ok((reports, error))
}

/// The worst that is to be said: not known, not served, not the same, nothing there.
fn judge(sites: &[SiteStatusReport]) -> Option<CliError> {
    let failed = |kind, site: &SiteStatusReport, hint: &str| {
        let reason = site.error.as_deref().unwrap_or_default();
        let place = site.url.as_ref().filter(|_| site.served == Some(false));
        let place = place.unwrap_or(&site.from);
        CliError::new(Exit::Failed, kind, format!("{place}: {reason}")).hint(hint)
    };
    let broken = |site: &&SiteStatusReport| site.error.is_some() && site.served.is_none();
    if let Some(site) = sites.iter().find(broken) {
        return Some(failed("unreachable", site, "namesys doctor says more about it"));
    }
    let not_served = |site: &&SiteStatusReport| site.error.is_some();
    if let Some(site) = sites.iter().find(not_served) {
        let hint = "has the host got the files (rsync, git push)? A cache may keep older ones; \
                    namesys publish --to https --wait=10m looks until all are there";
        return Some(failed("not-served", site, hint));
    }
    let hint = "namesys publish --to https";
    if let Some(site) = sites.iter().find(|site| site.root.is_none()) {
        let message = format!("{} has no tree, or not all of one", site.from);
        return Some(CliError::new(Exit::NotFound, "not-published", message).hint(hint));
    }
    let behind = sites.iter().find(|site| site.root != sites[0].root)?;
    let message = format!("{} and {} have different trees", sites[0].from, behind.from);
    Some(CliError::new(Exit::Failed, "drift", message).hint(hint))
}

/// The sites' part of what a person reads.
pub fn human(sites: &[SiteStatusReport], out: &mut dyn Write) -> io::Result<()> {
    for site in sites {
        let from = shown(&site.from);
        match (&site.root, &site.error) {
            (None, Some(error)) => writeln!(out, "{from}: {}", shown(error))?,
            (None, None) => writeln!(out, "{from}: no tree")?,
            (Some(root), _) => {
                let other = if site.current { "" } else { ", not what is signed here" };
                writeln!(out, "{from}: {}{other}", shown(root))?;
            }
        }
        match (&site.url, site.served, &site.error) {
            (Some(url), Some(true), _) => writeln!(out, "  served at {}", shown(url))?,
            (Some(url), _, Some(error)) => {
                writeln!(out, "  not served at {}: {}", shown(url), shown(error))?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// What sites got from here, newest first.
pub fn log(session: &Session) -> Result<Vec<SiteLogEntry>, CliError> {
    let entry = |entry: SiteEntry| {
        let SiteEntry { time, to, url, root, written, removed } = entry;
        SiteLogEntry { to, url, root, written, removed, made: time }
    };
    Ok(site_history(&session.workspace)?.into_iter().rev().map(entry).collect())
}
