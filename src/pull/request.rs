//! `pull`: asks what is published, reads it, and plans what becomes of it here.

use std::collections::BTreeSet;
use std::sync::Arc;

use alloy_primitives::Address;
use cid::Cid;
use serde::Deserialize;

use super::fetch::{Reader, Trees};
use super::plan::{Inputs, Plan};
use super::sides::{Sides, read_sides};
use super::{Conflict, Item, PullError, Refused, TreeSource};
use crate::ipfs::{BlockSource, ReadError, read_file, resolve};
use crate::ipns::VerifiedRecord;
use crate::json;
use crate::keys::OwnKeys;
use crate::publish::{Look, Witnesses, look};
use crate::published::{BaseFile, Known, Prefer, PublishedTree, Towards, Verifier};
use crate::workspace::{Config, Facts, Records, Stop, Workspace};

/// The web client's word for what it published before.
pub(super) const REVISION: &str = "revision.json";
/// It has some thousand bytes.
const MAX_REVISION: u64 = 1 << 20;

/// What to pull, and how. The caller holds the workspace's lock.
pub struct PullRequest<'a> {
    /// Where.
    pub workspace: &'a Workspace,
    /// Its configuration.
    pub config: &'a Config,
    /// Who is asked what is published.
    pub witnesses: Witnesses<'a>,
    /// Where trees are read from; its disk has what is here.
    pub source: TreeSource,
    /// What is here, packed; none where nothing is.
    pub here: Option<Cid>,
    /// What is taken for the chain's word.
    pub facts: Facts,
    /// Keys that are never written.
    pub own_keys: &'a OwnKeys,
    /// Whose counts where both changed.
    pub prefer: Option<Prefer>,
    /// Takes what can be read, and removes nothing.
    pub partial: bool,
    /// Ends it before anything is written.
    pub stop: Stop,
}

/// What was found, and is to be written.
#[derive(Debug)]
pub struct Pulled {
    /// What was last seen.
    pub base: Option<Cid>,
    /// What is published.
    pub root: Cid,
    /// Its sequence.
    pub sequence: u64,
    /// Why each publisher that tells nothing does not.
    pub silent: Vec<String>,
    /// Why what others serve is not the name's record.
    pub refuted: Vec<String>,
    /// Why the base could not be read, and counts as empty.
    pub base_unread: Option<String>,
    /// Whether the web client made it.
    pub by_client: bool,
    pub(super) plan: Plan,
    /// `records.toml` as it was read.
    pub(super) before: String,
    /// What is known from then on; none where not all was read.
    pub(super) base_file: Option<BaseFile>,
}

impl Pulled {
    /// What was taken.
    pub fn merged(&self) -> &[Item] {
        &self.plan.merged
    }

    /// What goes.
    pub fn removed(&self) -> &[Item] {
        &self.plan.removed
    }

    /// What was changed there and is not taken over.
    pub fn refused(&self) -> &[Refused] {
        &self.plan.refused
    }

    /// What was changed there and here. Nothing is written then.
    pub fn conflicts(&self) -> &[Conflict] {
        &self.plan.conflicts
    }

    /// Signers whose approval on chain would let refused records stand.
    pub fn to_approve(&self) -> &BTreeSet<Address> {
        &self.plan.to_approve
    }

    /// Paths of what is published that nobody has.
    pub fn unread(&self) -> &[String] {
        &self.plan.unread
    }
}

/// Asks, reads and plans; nothing is written yet.
///
/// # Errors
/// [`PullError`].
pub async fn pull(request: PullRequest<'_>) -> Result<Pulled, PullError> {
    let PullRequest { workspace, config, witnesses, source, here, facts, own_keys, .. } = request;
    let before = workspace.records_text()?.ok_or(PullError::NoRecords)?;
    let records: Records = workspace.records(config)?;
    let mut file = BaseFile::read(workspace)?;
    let mut known = file.of(witnesses.name);
    let Look { standing, silent, refuted, .. } = look(witnesses, known.base.as_ref()).await;
    let trees: Result<Vec<PublishedTree>, PullError> = standing
        .newest
        .iter()
        .map(|stands| {
            let value = &stands.record.fields().value;
            let no_tree = || PullError::Unread(format!("its value {value:?} is no tree"));
            PublishedTree::of(&stands.record).ok_or_else(no_tree)
        })
        .collect();
    // Where nobody has a record the base alone is known, and it may be old.
    if standing.newest.iter().all(|stands| stands.from.is_none()) {
        match (refuted.is_empty(), silent.is_empty()) {
            (false, _) => return Err(PullError::Refuted(refuted)),
            (true, false) => return Err(PullError::Silent(silent)),
            (true, true) => {}
        }
    }
    let mut trees = trees?;
    trees.sort_by(|one, other| newest_first(one.record(), other.record()));
    let Some(first) = trees.first().cloned() else {
        return Err(PullError::NothingPublished { name: *witnesses.name, silent });
    };
    let base = known.base.as_ref().map(|base| *base.root());
    let (mut by_client, mut all, mut base_unread) = (Vec::new(), Vec::new(), None);
    // One for each value of the highest sequence; most of the tree is read where nothing is known.
    let blocks = source.below(*first.root(), base.is_none());
    for tree in &trees {
        let read = read_tree(&blocks, &known, tree, here, request.partial).await;
        let TreeSides { sides, is_client, base_unread: unread } = read?;
        by_client.push(is_client);
        all.push(sides);
        base_unread = base_unread.or(unread);
    }
    let keeps_all = all.iter().any(|sides| !sides.unread.is_empty());
    let (prefer, verifier) = (request.prefer, &Verifier::new(facts));
    let stop = &request.stop;
    let inputs = Inputs { config, verifier, own_keys, prefer, keeps_all, stop };
    let mut plan = Plan::new(records);
    all.into_iter().for_each(|sides| plan.add(&inputs, sides));
    plan.records.sweep();
    if stop.is_asked() {
        return Err(PullError::Stopped);
    }
    if !plan.bad.is_empty() {
        return Err(PullError::Names(plan.bad));
    }
    let is_whole = plan.unread.is_empty();
    let is_by_client = by_client.contains(&true);
    see(&mut known, trees.into_iter().zip(by_client).collect());
    file.set(witnesses.name, known);
    Ok(Pulled {
        base,
        root: *first.root(),
        sequence: first.sequence(),
        silent,
        refuted,
        base_unread,
        by_client: is_by_client,
        plan,
        before,
        base_file: is_whole.then_some(file),
    })
}

/// All of them are known from now on, each with whether the web client made it.
pub(super) fn see(known: &mut Known, trees: Vec<(PublishedTree, bool)>) {
    let of_client = trees.iter().find(|(_, is_client)| *is_client);
    if let Some((tree, _)) = of_client {
        known.client = Some(tree.clone());
    }
    let mut trees = trees.into_iter().map(|(tree, _)| tree);
    let Some(first) = trees.next() else { return };
    known.see(first);
    trees.for_each(|tree| known.sign(tree, false));
}

fn newest_first(one: &VerifiedRecord, other: &VerifiedRecord) -> std::cmp::Ordering {
    match (one.supersedes(other), other.supersedes(one)) {
        (true, false) => std::cmp::Ordering::Less,
        (false, true) => std::cmp::Ordering::Greater,
        _ => one.bytes().cmp(other.bytes()),
    }
}

/// What differs from a published tree.
struct TreeSides {
    sides: Sides,
    /// Whether the web client made it.
    is_client: bool,
    /// Why the base could not be read: it is empty then.
    base_unread: Option<String>,
}

/// What differs from a published tree. A base that cannot be read is empty.
async fn read_tree(
    trees: &Trees,
    known: &Known,
    tree: &PublishedTree,
    here: Option<Cid>,
    partial: bool,
) -> Result<TreeSides, PullError> {
    let (there, sequence) = (*tree.root(), tree.sequence());
    let base = match known.towards(tree.record(), &there) {
        Towards::Itself => Some(there),
        Towards::Before(base) => Some(base),
        Towards::Empty => None,
    };
    let of_client = known.client.as_ref().map(|client| *client.root());
    let reader = |base: Option<Cid>, of_client: Option<Cid>| -> Reader<(Sides, bool)> {
        Arc::new(move |blocks, budget, lenient| {
            let is_client = base != Some(there)
                && match has_its_revision(blocks, &there, sequence) {
                    Err(ReadError::Missing(_)) if lenient => false,
                    is_client => is_client?,
                };
            let base = if is_client { of_client } else { base };
            let sides = read_sides(blocks, [base, Some(there), here], budget, lenient)?;
            Ok((sides, is_client))
        })
    };
    let whole = |(sides, is_client): (Sides, bool), base_unread: Option<String>| {
        Ok(TreeSides { sides, is_client, base_unread })
    };
    let error = match trees.read(&reader(base, of_client)).await {
        Ok(read) => return whole(read, None),
        Err(error) => error,
    };
    let reason = error.in_words();
    let has_base = base.is_some_and(|base| base != there) || of_client.is_some();
    if has_base && let Ok(read) = trees.read(&reader(None, None)).await {
        return whole(read, Some(reason));
    }
    if !partial {
        return Err(error);
    }
    match trees.read_part(&reader(base, of_client)).await {
        Ok(read) => whole(read, None),
        Err(_) if has_base => whole(trees.read_part(&reader(None, None)).await?, Some(reason)),
        Err(error) => Err(error),
    }
}

/// Whether the web client published the tree: it holds the revision of the publication before,
/// which is what its backend makes. A tree that carries such a file on has a higher sequence.
fn has_its_revision(
    blocks: &dyn BlockSource,
    root: &Cid,
    sequence: u64,
) -> Result<bool, ReadError> {
    let file = match resolve(blocks, root, &[REVISION]) {
        Err(ReadError::NotFound { .. }) => return Ok(false),
        file => file?,
    };
    match read_file(blocks, &file.cid, MAX_REVISION) {
        Ok(bytes) => Ok(is_by_client(&bytes, sequence)),
        // The client's is a short file.
        Err(ReadError::TooLarge { .. } | ReadError::NotFile(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// As that: `revision` is the file of a tree whose record has `sequence`.
pub(super) fn is_by_client(revision: &[u8], sequence: u64) -> bool {
    #[derive(Deserialize)]
    struct Revision {
        sequence: String,
    }
    let read: Option<Revision> = json::from_slice(revision).ok();
    let before = read.and_then(|revision| revision.sequence.parse::<u64>().ok());
    before.and_then(|before| before.checked_add(1)) == Some(sequence)
}
