//! What `status` and `log` say of web hosts.

use std::io::{self, Write};

use cid::Cid;
use futures_util::future::join_all;
use namesys::net::Http;
use namesys::publish::site::{Site, SiteStatus, site_faults, site_status};
use namesys::publish::{History, SiteEntry};
use namesys::report::{SiteSeenReport, SiteStatusReport};

use crate::cli::cmd::publish::https::seen_report;
use crate::cli::error::CliError;
use crate::cli::output::shown;
use crate::cli::session::Session;

/// Asks every site at once.
pub async fn ask(sites: &[Site], http: &Http) -> Vec<SiteStatus> {
    join_all(sites.iter().map(|site| site_status(site, http))).await
}

/// What is reported, and what of it are failures; `signed` is the tree here.
pub fn report(
    signed: Option<&Cid>,
    asked: Vec<SiteStatus>,
) -> (Vec<SiteStatusReport>, Vec<CliError>) {
    let errors = site_faults(&asked).into_iter().map(CliError::from).collect();
    let reports: Vec<SiteStatusReport> = asked
        .into_iter()
        .map(|SiteStatus { from, held, seen }| {
            let root = held.as_ref().ok().and_then(|held| held.root);
            let seen: Option<SiteSeenReport> = seen.as_ref().map(seen_report);
            let unseen = seen.as_ref().and_then(|seen| seen.error.clone());
            SiteStatusReport {
                from,
                current: root.is_some() && root.as_ref() == signed,
                root: root.map(|root| root.to_string()),
                served: seen.as_ref().map(|seen| seen.ok && root.is_some()),
                url: seen.map(|seen| seen.to),
                error: held.err().map(|error| error.to_string()).or(unseen),
            }
        })
        .collect();
    (reports, errors)
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
pub fn log(session: &Session) -> Result<Vec<SiteEntry>, CliError> {
    Ok(History::of(&session.workspace).sites()?.into_iter().rev().collect())
}
