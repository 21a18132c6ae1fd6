//! When a publication is what was asked for, and what is missing otherwise.

use std::time::Duration;

use cid::Cid;

use super::{Agreement, TargetOutcome};
use crate::ipns::VerifiedRecord;
use crate::published::Loss;

/// What `publish` did.
#[derive(Clone, Debug)]
pub struct PublishOutcome {
    /// The record that all targets should have.
    pub record: VerifiedRecord,
    /// Whether it was made now; otherwise the root had not changed.
    pub new_record: bool,
    /// What was last seen published when it was made.
    pub base: Option<Cid>,
    /// What of what is published it loses; where that is not allowed, nothing was sent.
    pub lost: Vec<Loss>,
    /// Files that it removes on purpose.
    pub removed: Vec<String>,
    /// For each upload.
    pub uploads: Vec<TargetOutcome>,
    /// For each publisher; empty when no upload succeeded, for nobody could read the tree.
    pub publications: Vec<TargetOutcome>,
    /// Publishers that stored the record and are nodes without network, which tell nobody.
    pub without_network: Vec<String>,
    /// What gateways serve; with a wait, publishers too.
    pub seen: Agreement,
    /// What is missing.
    pub shortfall: Option<Shortfall>,
}

impl PublishOutcome {
    /// Whether nothing was sent, for what it would lose.
    pub fn is_refused(&self) -> bool {
        matches!(
            self.shortfall,
            Some(Shortfall::WouldLose { .. } | Shortfall::WouldLoseFiles { .. })
        )
    }
}

/// When a publication is enough.
#[derive(Clone, Copy, Debug)]
pub struct Enough {
    /// So many publishers, or web hosts, must serve what is published.
    pub require: usize,
    /// How long they, and gateways, are waited for; without it they are looked at once.
    pub wait: Option<Duration>,
}

/// Why a number of targets cannot be required.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequireError {
    /// None at all.
    #[error("--require 0 would count what nobody serves as published")]
    Nobody,
    /// More than there are.
    #[error("--require is above the number of {what}, {count}")]
    TooMany {
        /// `publishers` or `sites`.
        what: &'static str,
        /// How many there are.
        count: usize,
    },
}

/// How many of `count` targets must serve what is published: all, where nobody says.
///
/// # Errors
/// [`RequireError`].
pub fn required(
    asked: Option<usize>,
    what: &'static str,
    count: usize,
) -> Result<usize, RequireError> {
    match asked.unwrap_or(count) {
        0 => Err(RequireError::Nobody),
        require if require > count => Err(RequireError::TooMany { what, count }),
        require => Ok(require),
    }
}

/// What a publication lacks, although part of it was done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Shortfall {
    /// What is published has something that nobody here saw: nothing was sent.
    #[error("publishing would lose {} of {from}", things(*lost))]
    WouldLose {
        /// How much.
        lost: u64,
        /// Of what, in words.
        from: String,
    },
    /// A web host has files that were not brought from here: nothing was sent.
    #[error("publishing would lose {} that the web host has from elsewhere", files(*lost))]
    WouldLoseFiles {
        /// How many.
        lost: u64,
    },
    /// Nobody has the tree.
    #[error("no upload succeeded, so the IPNS name was left as it is")]
    NoUpload,
    /// Some uploads failed.
    #[error("{failed} of {all} uploads failed")]
    Uploads {
        /// How many.
        failed: usize,
        /// Of how many.
        all: usize,
    },
    /// Too few publishers serve the record.
    #[error("{served} of the {require} publishers that are required serve the record")]
    Publishers {
        /// How many do.
        served: usize,
        /// How many should.
        require: usize,
        /// Those that stored it, and are nodes without network.
        without_network: Vec<String>,
    },
    /// A higher sequence is out that no publisher told of: its readers never come to ours.
    #[error("{from}: {reason}")]
    Superseded {
        /// Who serves it.
        from: String,
        /// What it is.
        reason: String,
        /// The sequence that readers would take.
        next: u64,
    },
    /// Not all agree in the time given.
    #[error("not served after {} s: {}", after.as_secs(), behind.join(", "))]
    NotAgreed {
        /// Who does not serve it.
        behind: Vec<String>,
        /// How long was waited.
        after: Duration,
    },
    /// Too few web hosts serve the tree.
    #[error("{}", sites(*complete, *require))]
    Sites {
        /// How many do.
        complete: usize,
        /// How many should.
        require: usize,
        /// Whether one has the files and does not serve them.
        unseen: bool,
    },
}

fn files(count: u64) -> String {
    if count == 1 { "1 file".to_owned() } else { format!("{count} files") }
}

fn things(count: u64) -> String {
    match count {
        1 => "1 file".to_owned(),
        count => format!("{count} files"),
    }
}

fn sites(complete: usize, require: usize) -> String {
    match require {
        1 => "the site that is required does not serve the tree".to_owned(),
        _ => format!("{complete} of the {require} sites that are required serve the tree"),
    }
}

/// What the publication of a record lacks.
pub(super) fn shortfall(outcome: &PublishOutcome, enough: Enough) -> Option<Shortfall> {
    let Enough { require, wait } = enough;
    at_targets(outcome, require)
        .or_else(|| superseded(&outcome.seen))
        .or_else(|| disagreement(&outcome.seen, require, wait?))
}

fn at_targets(outcome: &PublishOutcome, require: usize) -> Option<Shortfall> {
    let failed = |targets: &[TargetOutcome]| targets.iter().filter(|target| !target.ok).count();
    let (failed, all) = (failed(&outcome.uploads), outcome.uploads.len());
    let served = outcome.publications.iter().filter(|target| target.read_back).count();
    if failed > 0 && failed == all {
        Some(Shortfall::NoUpload)
    } else if failed > 0 {
        Some(Shortfall::Uploads { failed, all })
    } else {
        (served < require).then(|| {
            let without_network = outcome.without_network.clone();
            Shortfall::Publishers { served, require, without_network }
        })
    }
}

fn superseded(seen: &Agreement) -> Option<Shortfall> {
    let sight = seen.superseded()?;
    Some(Shortfall::Superseded {
        from: sight.from.clone(),
        reason: sight.error.clone().unwrap_or_default(),
        next: sight.sequence.unwrap_or_default().saturating_add(1),
    })
}

fn disagreement(seen: &Agreement, require: usize, after: Duration) -> Option<Shortfall> {
    if seen.is_reached(require) {
        return None;
    }
    let behind = seen.behind().map(|sight| sight.from.clone()).collect();
    Some(Shortfall::NotAgreed { behind, after })
}
