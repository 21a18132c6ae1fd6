//! Brings the tree to every site, and reads it back from where it is served.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use cid::Cid;
use futures_util::future::join_all;
use jiff::Timestamp;

use super::files::web_files;
use super::read_back::{Expected, Miss, Seen, read_back};
use super::state::SiteState;
use super::{Changes, Held, Over, Site, SiteError, SiteUrl};
use crate::ipfs::upload::open_tree;
use crate::net::{Http, Progress, beside};
use crate::publish::{Enough, History, Patience, Shortfall, SiteEntry};
use crate::published::{BaseFile, Judge, KnownSite, Loss};
use crate::workspace::{MassRemoval, Removal, Workspace, WorkspaceError};

/// Files that are asked for when nothing new is to be seen.
const SAMPLE: usize = 16;
/// A host's own copies agree within moments; what takes longer is to be waited for.
const A_MOMENT: Duration = Duration::from_secs(3);
/// The first wait between two rounds of asking.
const EVERY: Duration = Duration::from_millis(500);

/// What to publish and where. The caller holds the workspace's lock.
pub struct SiteRequest<'a> {
    /// Where it is kept what was seen.
    pub workspace: &'a Workspace,
    /// The packed tree.
    pub car: &'a Path,
    /// Its root.
    pub root: Cid,
    /// Every one gets it.
    pub sites: &'a [Site],
    /// Reads back.
    pub http: &'a Http,
    /// When that is enough.
    pub enough: Enough,
    /// Tells what is removed on purpose.
    pub judge: &'a Judge,
    /// Whether all that is at the sites counts as known.
    pub replace: bool,
    /// Told about the files that are written.
    pub progress: Option<Progress>,
    /// Whether most of what a site has may go.
    pub removal: Removal<'a>,
    /// With a wait: told what is still missing at an address, after every round but the last.
    pub round: &'a (dyn Fn(&SiteUrl, &[Miss]) + Send + Sync),
}

/// How one site did.
#[derive(Debug)]
pub struct SiteOutcome {
    /// Kind and place.
    pub to: String,
    /// What changed there.
    pub brought: Result<Changes, SiteError>,
    /// What is served; none without an address, or when the files could not be brought.
    pub seen: Option<SeenAt>,
}

impl SiteOutcome {
    /// Whether it has the files, and nothing was missing where it is served.
    fn is_complete(&self) -> bool {
        let is_seen = self.seen.as_ref().is_none_or(|at| at.seen.misses.is_empty());
        self.brought.is_ok() && is_seen
    }
}

/// How all of them did.
#[derive(Debug, Default)]
pub struct SitesOutcome {
    /// Each; none where nothing was sent.
    pub sites: Vec<SiteOutcome>,
    /// What others brought there and would go, or with `replace` went.
    pub lost: Vec<Loss>,
    /// Why that is not enough.
    pub shortfall: Option<Shortfall>,
}

/// What is served at an address.
#[derive(Clone, Debug)]
pub struct SeenAt {
    /// The address.
    pub url: SiteUrl,
    /// What was asked and answered.
    pub seen: Seen,
}

/// Brings the tree to every site at once and reads back what has not been seen there before: every
/// file that is new or changed, and that those which were removed are gone. When all was seen
/// before, a few files are asked for. Where something that others brought would go nothing is sent
/// to any.
///
/// # Errors
/// Those that stop everything; what happened at each site stands in the outcome.
pub async fn publish_sites(request: &SiteRequest<'_>) -> Result<SitesOutcome, SiteStopped> {
    let (car, root) = (request.car.to_owned(), request.root);
    let opening = tokio::task::spawn_blocking(move || {
        let tree = open_tree("https", &car, &root)?;
        web_files(&tree)
    });
    let files = opening.await.map_err(|error| SiteError::Packed {
        path: request.car.display().to_string(),
        reason: error.to_string(),
    })??;
    let files: BTreeMap<String, String> =
        files.into_iter().map(|(path, file)| (path, file.sha256)).collect();
    let held = join_all(request.sites.iter().map(|site| site.store.held())).await;
    let mut base = BaseFile::read(request.workspace)?;
    let judge = (!request.replace).then_some(request.judge);
    let over = |site: &Site, judge: Option<&Judge>| {
        let known = base.site(&place(request.workspace, site));
        Over::new(&known, root, files.clone(), judge.cloned())
    };
    let told: Vec<Over> =
        request.sites.iter().map(|site| over(site, Some(request.judge))).collect();
    let overs: Vec<Over> = request.sites.iter().map(|site| over(site, judge)).collect();
    let (lost, count) = losses(&held, &told);
    if count > 0 && !request.replace {
        let shortfall = Some(Shortfall::WouldLoseFiles { lost: count as u64 });
        return Ok(SitesOutcome { sites: Vec::new(), lost, shortfall });
    }
    may_bring(request, &held, &files)?;
    let begun = |known: KnownSite, number: usize| {
        let root_there = held.get(number).and_then(|held| held.as_ref().ok()?.root);
        // What was brought whole, and not noted before it was cut short.
        let base = known.bringing.filter(|bringing| root_there == Some(*bringing));
        KnownSite { base: base.or(known.base), bringing: Some(root) }
    };
    note(request, &mut base, begun, |_| true)?;
    let each = request.sites.iter().zip(&overs).zip(&held);
    let each = each.map(|((site, over), held)| one(request, site, (over, held), &files));
    let sites: Vec<SiteOutcome> = join_all(each).await.into_iter().collect::<Result<_, _>>()?;
    let brought = |_, _| KnownSite { base: Some(root), bringing: None };
    note(request, &mut base, brought, |number| sites[number].brought.is_ok())?;
    let shortfall = shortfall(&sites, request.enough.require);
    Ok(SitesOutcome { sites, lost, shortfall })
}

/// Writes down what is known of the sites from now on, where anything is new.
fn note(
    request: &SiteRequest<'_>,
    base: &mut BaseFile,
    known: impl Fn(KnownSite, usize) -> KnownSite,
    of: impl Fn(usize) -> bool,
) -> Result<(), WorkspaceError> {
    let before = base.clone();
    for (number, site) in request.sites.iter().enumerate().filter(|(number, _)| of(*number)) {
        let place = place(request.workspace, site);
        base.set_site(&place, known(base.site(&place), number));
    }
    if *base != before { base.write(request.workspace) } else { Ok(()) }
}

/// Under what a site stands in `published.toml`, which other machines have too: where it is served;
/// otherwise where its files are kept, of a folder in the workspace from there.
fn place(workspace: &Workspace, site: &Site) -> String {
    let kept = || {
        let described = site.store.describe();
        let inside = described.strip_prefix("folder ").map(Path::new);
        let root = std::path::absolute(workspace.dir()).ok();
        let inside = inside.and_then(|dir| dir.strip_prefix(root?).ok());
        inside.map_or_else(|| described.clone(), |dir| format!("folder {}", dir.display()))
    };
    site.url.as_ref().map_or_else(kept, ToString::to_string)
}

/// What each site holds; one that does not answer gets nothing anyway.
type AllHeld = [Result<Held, SiteError>];

/// What would be lost, of all sites that answer.
fn losses(held: &AllHeld, overs: &[Over]) -> (Vec<Loss>, usize) {
    let each = held.iter().zip(overs).filter_map(|(held, over)| {
        let held = held.as_ref().ok()?;
        Some(over.losses(held))
    });
    let each: Vec<(Vec<Loss>, usize)> = each.collect();
    let count = each.iter().map(|(_, count)| count).sum();
    (each.into_iter().flat_map(|(lost, _)| lost).collect(), count)
}

/// Refuses where most of what a site has would go.
fn may_bring(
    request: &SiteRequest<'_>,
    held: &AllHeld,
    files: &BTreeMap<String, String>,
) -> Result<(), SiteStopped> {
    for (site, held) in request.sites.iter().zip(held) {
        let Ok(held) = held else { continue };
        let gone = held.files.keys().filter(|path| !files.contains_key(*path)).count();
        if let Some(removal) = MassRemoval::of(gone as u64, held.files.len() as u64)
            && !request.removal.may(&removal)
        {
            return Err(SiteStopped::MassRemoval { at: site.store.describe(), removal });
        }
    }
    Ok(())
}

fn shortfall(outcomes: &[SiteOutcome], require: usize) -> Option<Shortfall> {
    let complete = outcomes.iter().filter(|outcome| outcome.is_complete()).count();
    let unseen = outcomes.iter().any(|outcome| outcome.brought.is_ok() && !outcome.is_complete());
    (complete < require).then_some(Shortfall::Sites { complete, require, unseen })
}

/// Why nothing was published, or what was seen cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum SiteStopped {
    /// The packed tree cannot be used.
    #[error(transparent)]
    Tree(#[from] SiteError),
    /// Most of what a site has would go.
    #[error("{removal} files at {at} would be removed")]
    MassRemoval {
        /// Where.
        at: String,
        /// How many.
        removal: MassRemoval,
    },
    /// The workspace's state cannot be read or written.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
}

async fn one(
    request: &SiteRequest<'_>,
    site: &Site,
    (over, held): (&Over, &Result<Held, SiteError>),
    files: &BTreeMap<String, String>,
) -> Result<SiteOutcome, SiteStopped> {
    let (to, since) = (site.store.describe(), Instant::now());
    let progress = request.progress.clone();
    // Where it is not known what is there, nothing is brought over it.
    let brought = match held {
        Ok(_) => site.store.bring(request.car, &request.root, over, progress).await,
        Err(error) => Err(error.clone()),
    };
    tell(&to, &brought, since);
    let Ok(changes) = &brought else { return Ok(SiteOutcome { to, brought, seen: None }) };
    let has_changed = !changes.written.is_empty() || !changes.removed.is_empty();
    let mut is_new = has_changed;
    let mut seen_at = None;
    if let Some(url) = &site.url {
        let mut state = SiteState::load(request.workspace, &to, url)?;
        // Whatever was seen of these files, it was another version.
        state.forget(&changes.written, &changes.removed);
        let (wanted, fresh) = unseen(files, &state);
        tracing::info!("{url}: {} files to be read back", wanted.len());
        let wait = request.enough.wait;
        let round = |misses: &[Miss]| {
            if wait.is_some() {
                (request.round)(url, misses)
            }
        };
        let patience = Patience { limit: wait.unwrap_or(A_MOMENT), every: EVERY };
        let seen = read_back(request.http, url.url(), &wanted, patience, &round).await;
        state.update(&wanted, &unsure(&wanted, &seen.misses), files, request.root);
        state.save(request.workspace)?;
        is_new = (has_changed || fresh) && seen.misses.is_empty();
        seen_at = Some(SeenAt { url: url.clone(), seen });
    }
    if is_new {
        History::of(request.workspace).keep_site(&SiteEntry {
            to: to.clone(),
            url: site.url.as_ref().map(ToString::to_string),
            root: request.root.to_string(),
            written: changes.written.len() as u64,
            removed: changes.removed.len() as u64,
            made: Timestamp::now().to_string(),
        })?;
    }
    Ok(SiteOutcome { to, brought, seen: seen_at })
}

fn tell(to: &str, brought: &Result<Changes, SiteError>, since: Instant) {
    let ms = since.elapsed().as_millis();
    match brought {
        Ok(Changes { written, removed, .. }) => tracing::info!(
            "{to}: {} files written, {} removed, in {ms} ms",
            written.len(),
            removed.len()
        ),
        Err(error) => {
            tracing::info!("{to}: {}, in {ms} ms", beside(to, &error.to_string()));
        }
    }
}

/// What was missed, and with it what is removed where files that are there were missed: who
/// refuses those says nothing about the others.
fn unsure(wanted: &[Expected], misses: &[Miss]) -> Vec<Miss> {
    let is_there = |path: &String| {
        wanted.iter().any(|expected| expected.path == *path && expected.sha256.is_some())
    };
    let mut unsure = misses.to_vec();
    if misses.iter().any(|miss| is_there(&miss.path)) {
        let removed = wanted.iter().filter(|expected| expected.sha256.is_none());
        unsure.extend(removed.map(|expected| {
            Miss::of(expected.path.clone(), "files beside it were missed".to_owned())
        }));
    }
    unsure
}

/// What has not been seen at the address, and `true`; or a few files that have, and `false`.
fn unseen(files: &BTreeMap<String, String>, state: &SiteState) -> (Vec<Expected>, bool) {
    let expected = |(path, sha256): (&String, &String)| Expected {
        path: path.clone(),
        sha256: Some(sha256.clone()),
    };
    let unseen = files.iter().filter(|(path, sha256)| state.seen(path) != Some(sha256));
    let mut wanted: Vec<Expected> = unseen.map(expected).collect();
    let gone = state.paths().filter(|path| !files.contains_key(*path));
    wanted.extend(gone.map(|path| Expected { path: path.clone(), sha256: None }));
    if wanted.iter().any(|expected| expected.sha256.is_some()) {
        return (wanted, true);
    }
    if !wanted.is_empty() {
        // A host that refuses everything must not count for one that has removed them.
        wanted.extend(sample(files).map(expected));
        return (wanted, true);
    }
    (sample(files).map(expected).collect(), false)
}

/// At most [`SAMPLE`] of the files, from all over the tree.
pub(super) fn sample(files: &BTreeMap<String, String>) -> impl Iterator<Item = (&String, &String)> {
    files.iter().step_by(files.len().div_ceil(SAMPLE).max(1))
}

#[cfg(test)]
#[path = "publish_tests.rs"]
mod tests;
