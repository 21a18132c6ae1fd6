//! `publish`, `renew` and `rollback`.

use std::sync::Arc;

use cid::Cid;
use jiff::{SignedDuration, Timestamp};
use namesys::publish::{
    Author, Enough, History, Permission, PublishOutcome, PublishRequest, PublishTreeError,
    Shortfall, Source, Subject, TemporaryCar, Trees, publish, root_before, status,
};
use namesys::published::{BaseFile, Judge, Missing, PublishedTree};
use namesys::workspace::Removal;

use super::commands::{NEEDLESS, Published, TTL};
use super::mind::{Content, Errand, is_needless};
use super::network::{Chance, Doors, End, Fate};
use super::world::{Fault, Mutation, Seat, World};

/// What is to be published.
#[derive(Clone, Copy)]
enum What {
    Tree,
    Root(Cid),
    Newest { foreign: bool },
}

impl What {
    fn command(self) -> &'static str {
        match self {
            Self::Tree => "publish",
            Self::Root(_) => "rollback",
            Self::Newest { .. } => "renew",
        }
    }
}

impl World {
    /// `publish`
    pub async fn publish(
        &mut self,
        seat: &mut Seat,
        replaces: bool,
        chance: Chance,
    ) -> Result<Published, Fault> {
        if !seat.dir.join(".well-known").is_dir() {
            return Ok(Published::Failed);
        }
        let errand = Errand { replaces, ..seat.errand() };
        self.bring(seat, errand, What::Tree, chance).await
    }

    /// `renew`
    pub async fn renew(
        &mut self,
        seat: &mut Seat,
        foreign: bool,
        chance: Chance,
    ) -> Result<Published, Fault> {
        // An hour later, for all of them: what is made in one hour is valid until the same.
        self.clock = self.clock.checked_add(SignedDuration::from_hours(1)).unwrap();
        let errand = seat.errand();
        self.bring(seat, errand, What::Newest { foreign }, chance).await
    }

    /// `rollback`
    pub async fn rollback(&mut self, seat: &mut Seat, chance: Chance) -> Result<Published, Fault> {
        let workspace = seat.workspace();
        let name = self.keys.ipns.name();
        let kept = History::of(&workspace).records(&name).unwrap();
        let Doors { publishers, events, .. } = self.doors();
        let errand = seat.errand();
        let asking = status(&name, &publishers, &kept);
        let asked = self.drive(None, &errand, false, (events, None), asking).await?;
        let End::Came(asked) = asked else { return Ok(Published::Killed) };
        let Ok(root) = root_before(None, &kept, asked.newest.as_ref()) else {
            return Ok(Published::Failed);
        };
        // Where no upload has it nobody could read it, and the binary goes no further.
        if !self.doors().uploads[0].has(&root).await {
            return Ok(Published::Failed);
        }
        let errand = Errand { goes_back: true, ..seat.errand() };
        self.bring(seat, errand, What::Root(root), chance).await
    }

    async fn bring(
        &mut self,
        seat: &mut Seat,
        errand: Errand,
        what: What,
        chance: Chance,
    ) -> Result<Published, Fault> {
        if self.mutation == Some(Mutation::HistoryAsBase) {
            self.see_history(seat);
        }
        let workspace = seat.workspace();
        let lock = workspace.lock().unwrap();
        let config = workspace.config().unwrap();
        let car = TemporaryCar::new_in(&workspace.temporary_dir().unwrap()).unwrap();
        let root = match what {
            What::Tree => Some(self.pack(seat, &car)),
            What::Root(root) => Some(root),
            What::Newest { .. } => None,
        };
        let Doors { publishers, gateways, uploads, events } = self.doors();
        let subject = match (what, root) {
            (What::Tree, Some(root)) => Subject::Tree {
                car: car.path(),
                root,
                part: None,
                uploads: &uploads,
                progress: None,
            },
            (What::Newest { foreign }, _) => Subject::Newest { foreign },
            (_, Some(root)) => Subject::Root(root),
            (_, None) => unreachable!("a root was given"),
        };
        let missing = if root.is_some() && matches!(what, What::Tree) {
            Missing::IsLost
        } else {
            Missing::MayGo
        };
        // As `publish` of the binary: without the file it is not known what is wanted.
        let is_there = workspace.records_path().exists();
        let wanted = is_there.then(|| workspace.records(&config).unwrap());
        let trees = Trees {
            http: self.http.clone(),
            servers: vec![self.gateway.clone()].into(),
            name: config.name().clone(),
            workspace: Some(workspace.clone()),
            judge: Arc::new(Judge::new(&config, wanted, missing)),
            here: None,
        };
        let is_unguarded = match what {
            What::Root(_) => self.mutation == Some(Mutation::RollbackUnguarded),
            _ => self.mutation == Some(Mutation::GuardOff),
        };
        let permission =
            Permission { replace: errand.replaces || is_unguarded, ..Permission::default() };
        let validity = self.until();
        let key = self.keys.ipns.clone();
        let request = PublishRequest {
            workspace: Some(&workspace),
            name: key.name(),
            subject,
            author: Author::Key { key: &key, validity: validity.into(), ttl: TTL, sequence: None },
            publishers: &publishers,
            gateways: &gateways,
            trees: Some(&trees),
            permission: &permission,
            removal: Removal::Any,
            enough: Enough { require: 1, wait: None },
            now: Timestamp::now(),
            notice: &|_| (),
            waiting: &|_| (),
        };
        let command = publish(&request, Some(lock));
        let is_foreign = matches!(what, What::Newest { foreign: true });
        let keeps = (!is_foreign).then_some(&mut *seat);
        let came = self.drive(keeps, &errand, true, (events, chance), command).await?;
        let End::Came(came) = came else { return Ok(Published::Killed) };
        let new = root.and_then(|root| self.contents.get(&root).cloned());
        self.judge_end((!is_foreign).then_some(seat), &errand, (what.command(), new), chance, came)
    }

    pub fn pack(&mut self, seat: &Seat, car: &TemporaryCar) -> Cid {
        let source = Source::WellKnown(seat.dir.clone());
        let root = source.pack(car.path(), &mut |_| ()).unwrap().root;
        if !self.contents.contains_key(&root) {
            let content = self.content(&seat.dir);
            self.contents.insert(root, content);
        }
        root
    }

    /// What is to be said of how a publication ended.
    pub fn judge_end(
        &mut self,
        seat: Option<&mut Seat>,
        errand: &Errand,
        (what, new): (&str, Option<Content>),
        chance: Chance,
        came: Result<PublishOutcome, PublishTreeError>,
    ) -> Result<Published, Fault> {
        let may_fail = chance.is_some_and(|(_, fate)| fate == Fate::Fail);
        let outcome = match came {
            Ok(outcome) => outcome,
            Err(PublishTreeError::UnknownPublished { .. }) if may_fail => {
                return Ok(Published::Failed);
            }
            Err(PublishTreeError::NothingPublished { .. }) if may_fail || self.out.is_empty() => {
                return Ok(Published::Failed);
            }
            // Somebody else's, or older than what stands.
            Err(
                PublishTreeError::Foreign { .. }
                | PublishTreeError::NotOver { .. }
                | PublishTreeError::SignedOutdated { .. }
                | PublishTreeError::NotLater { .. },
            ) => {
                self.count(&format!("{what}: refused"));
                return Ok(Published::Refused);
            }
            // What a mutation breaks beside is not what it is to be found by.
            Err(_) if self.mutation.is_some() => return Ok(Published::Failed),
            Err(error) => return Err(format!("{}: {what}: {error}", errand.who)),
        };
        let is_seen = outcome.publications.first().is_some_and(|first| first.read_back);
        if let (Some(seat), true) = (seat, is_seen) {
            seat.mind.see(self.tree_of(&outcome.record));
        }
        self.note(format!("  {what}: {:?} lost {}", outcome.shortfall, outcome.lost.len()));
        match outcome.shortfall {
            None => {
                self.count(what);
                match self.out.iter().any(|out| out.record == outcome.record) {
                    true => Ok(Published::Yes),
                    false => Err(format!(
                        "{}: {what}: it says that it is published, and the first publisher never \
                         took it",
                        errand.who
                    )),
                }
            }
            Some(Shortfall::WouldLose { .. }) => {
                self.count(&format!("{what}: refused"));
                let is_needless = match (new, self.newest()) {
                    (Some(new), Some(out)) => is_needless(errand, out, &new),
                    _ => false,
                };
                if is_needless {
                    self.count(NEEDLESS);
                    let lost: Vec<String> = outcome.lost.iter().map(ToString::to_string).collect();
                    self.note(format!("  needless: {}", lost.join("; ")));
                }
                Ok(Published::Refused)
            }
            Some(_) if may_fail || self.mutation.is_some() => Ok(Published::Failed),
            Some(shortfall) => Err(format!("{}: {what}: {shortfall}", errand.who)),
        }
    }

    /// The mutation: the newest record of `.namesys/` counts as seen.
    fn see_history(&self, seat: &Seat) {
        let (workspace, name) = (seat.workspace(), self.keys.ipns.name());
        let kept = History::of(&workspace).records(&name).unwrap();
        let Some(tree) = kept.last().and_then(PublishedTree::of) else { return };
        let mut file = BaseFile::read(&workspace).unwrap();
        let mut known = file.of(&name);
        if known.base.as_ref().is_some_and(|base| base.sequence() >= tree.sequence()) {
            return;
        }
        known.see(tree);
        file.set(&name, known);
        file.write(&workspace).unwrap();
    }
}
