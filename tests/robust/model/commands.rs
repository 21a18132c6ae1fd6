//! The commands, as the binary runs them: what the library is asked for, in that order.

use std::sync::Arc;
use std::time::Duration;

use cid::Cid;
use jiff::{SignedDuration, Timestamp};
use namesys::ipfs::{CarBlocks, ROOT_FOLDER};
use namesys::keys::OwnKeys;
use namesys::publish::{
    Author, Enough, History, KEPT_TREE, Parcel as Sent, Permission, PublishOutcome, PublishRequest,
    PublishTreeError, Shortfall, Source, Subject, TemporaryCar, Trees, Witnesses, dry_record,
    parcel_files, publish, root_before, sign_ahead, status, write_manifest,
};
use namesys::published::{BaseFile, Judge, Missing, Prefer, PublishedTree};
use namesys::pull::{PullError, PullRequest, TreeSource, pull};
use namesys::record::{RecordKey, Value, record_path};
use namesys::wallet::Wallet;
use namesys::workspace::{ApprovalMode, Facts, Removal, SignRequest, Signer, Stop, sign};

use super::files::Files;
use super::mind::{Content, Errand, Made, Whose, check_pull, has_conflict, is_needless};
use super::world::{Chance, Doors, End, Fate, Fault, Mutation, Parcel, Seat, World, parse};

/// Refusals although all that would have gone was known.
pub const NEEDLESS: &str = "needless";
/// How long a reader may keep a record.
const TTL: Duration = Duration::from_secs(300);

/// How a publication ended, where it was not ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Published {
    /// It is out.
    Yes,
    /// Something would be lost.
    Refused,
    /// It could not be done, for a reason that lies with somebody else.
    Failed,
    /// Whoever did it was ended.
    Killed,
}

/// What is to be published.
#[derive(Clone, Copy)]
enum What {
    Tree,
    Root(Cid),
    Newest { foreign: bool },
}

impl World {
    /// `set`, and `unset` without a value.
    pub fn set(&mut self, seat: &mut Seat, record: (&str, &str), value: Option<&str>) {
        let (name, key) = parse(record.0, record.1);
        let workspace = seat.workspace();
        let _lock = workspace.lock().unwrap();
        let config = workspace.config().unwrap();
        let mut records = workspace.records(&config).unwrap();
        let path = record_path(&name, &key);
        match value {
            Some(value) => {
                let value = Value::parse(&key, value).unwrap();
                seat.mind.wanted.insert(path, value.to_string());
                records.set(&name, &key, value).unwrap();
            }
            None => {
                seat.mind.wanted.remove(&path);
                records.unset(&name, &key);
            }
        }
        workspace.save_records(&records).unwrap();
    }

    /// A new value, or one that others have too.
    pub fn some_value(&mut self, key: &RecordKey) -> String {
        self.values += 1;
        let number =
            if self.random.one_in(3) { self.random.below(3) as u32 } else { self.values + 9 };
        match key {
            RecordKey::Text(_) => format!("v{number}"),
            _ => format!("0x{number:040x}"),
        }
    }

    /// `sign`, all of it, or so many files when it is ended.
    pub async fn sign(&self, seat: &Seat, end_after: Option<u64>) -> Result<(), Fault> {
        let workspace = seat.workspace();
        let _lock = workspace.lock().unwrap();
        let mut config = workspace.config().unwrap();
        let records = workspace.records(&config).unwrap();
        let stop = Stop::default();
        let request = SignRequest {
            workspace: &workspace,
            records: &records,
            signer: Signer::Key(&self.keys.signer),
            mode: ApprovalMode::Wallet,
            wallet: Some(&self.keys.wallet as &dyn Wallet),
            force: false,
            only: None,
            removal: Removal::Any,
            flat: false,
            stop: stop.clone(),
            metadata: None,
        };
        let progress = |done, _| {
            if end_after.is_some_and(|end| done >= end) {
                stop.ask();
            }
        };
        match (sign(&request, &mut config, &progress).await, end_after) {
            (Ok(_), _) | (Err(_), Some(_)) => Ok(()),
            (Err(error), None) => Err(format!("{}: sign: {error}", seat.who)),
        }
    }

    /// What is wanted, as the file says, is what the model knows.
    pub fn check_wanted(&self, seat: &Seat) -> Result<(), Fault> {
        match wanted(seat) == seat.mind.wanted {
            true => Ok(()),
            false => Err(format!(
                "{}: it wants {:?}, and {:?} was wanted",
                seat.who,
                wanted(seat),
                seat.mind.wanted
            )),
        }
    }

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
        self.validity = self.validity.checked_add(SignedDuration::from_hours(1)).unwrap();
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
            (What::Tree, Some(root)) => {
                Subject::Tree { car: car.path(), root, uploads: &uploads, progress: None }
            }
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
            gateways: vec![self.gateway.clone()],
            name: config.name().clone(),
            workspace: Some(workspace.clone()),
            judge: Arc::new(Judge::new(&config, wanted, missing)),
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
        self.judge_end((!is_foreign).then_some(seat), &errand, (what_name(what), new), chance, came)
    }

    fn pack(&mut self, seat: &Seat, car: &TemporaryCar) -> Cid {
        let source = Source::WellKnown(seat.dir.clone());
        let root = source.pack(car.path(), &mut |_| ()).unwrap().root;
        if !self.contents.contains_key(&root) {
            let content = self.content(&seat.dir);
            self.contents.insert(root, content);
        }
        root
    }

    /// What is to be said of how a publication ended.
    fn judge_end(
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
                Ok(Published::Yes)
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
            // What a mutation breaks beside is not what it is to be found by.
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

    /// `publish --sign-only`
    pub fn sign_only(&mut self, seat: &mut Seat, number: usize) -> Result<(), Fault> {
        if !seat.dir.join(".well-known").is_dir() {
            return Ok(());
        }
        let workspace = seat.workspace();
        let _lock = workspace.lock().unwrap();
        let config = workspace.config().unwrap();
        self.values += 1;
        let dir = self.folder.path().join(format!("parcel-{}", self.values));
        std::fs::create_dir_all(&dir).unwrap();
        let unfinished = TemporaryCar::new_in(&dir).unwrap();
        let root = self.pack(seat, &unfinished);
        let key = self.keys.ipns.clone();
        let (validity, ttl) = (self.until().into(), TTL);
        let request = PublishRequest {
            workspace: Some(&workspace),
            name: key.name(),
            subject: Subject::Root(root),
            author: Author::Key { key: &key, validity, ttl, sequence: None },
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
        let (record, _) = dry_record(&request).map_err(|error| format!("{}: {error}", seat.who))?;
        let (car, file) = parcel_files(&dir, &root, record.name());
        unfinished.keep(&car).unwrap();
        let over = sign_ahead(&workspace, &record).unwrap();
        std::fs::write(&file, record.bytes()).unwrap();
        write_manifest(&dir, config.name(), &root, &record, over.as_ref()).unwrap();
        let tree = self.tree_of(&record);
        let known = seat.mind.newest().map(|tree| tree.content.clone()).unwrap_or_default();
        let errand = Errand { over: Some(known), goes_back: true, ..seat.errand() };
        let is_base = seat
            .mind
            .base
            .as_ref()
            .is_some_and(|base| (base.root, base.sequence) == (tree.root, tree.sequence));
        if !is_base {
            seat.mind.made.retain(|made| made.record != record);
            seat.mind.made.push(Made { record, tree, is_ahead: true });
        }
        self.parcels.push(Parcel { dir, seat: number, errand, root });
        Ok(())
    }

    /// `publish --signed`, in the workspace that signed it or outside any.
    pub async fn send(
        &mut self,
        mut seat: Option<&mut Seat>,
        parcel: Parcel,
        chance: Chance,
    ) -> Result<Published, Fault> {
        let sent = Sent::open(&parcel.dir, Timestamp::now());
        let sent = sent.map_err(|error| format!("{}: {error}", parcel.errand.who))?;
        let workspace = seat.as_ref().map(|seat| seat.workspace());
        let lock = workspace.as_ref().map(|workspace| workspace.lock().unwrap());
        let Doors { publishers, gateways, uploads, events } = self.doors();
        let request = PublishRequest {
            workspace: workspace.as_ref(),
            name: *sent.record.name(),
            subject: Subject::Tree {
                car: &sent.car,
                root: sent.root,
                uploads: &uploads,
                progress: None,
            },
            author: Author::Signed { record: &sent.record, over: sent.over.as_ref() },
            publishers: &publishers,
            gateways: &gateways,
            trees: None,
            permission: &Permission::default(),
            removal: Removal::Any,
            enough: Enough { require: 1, wait: None },
            now: Timestamp::now(),
            notice: &|_| (),
            waiting: &|_| (),
        };
        let command = publish(&request, lock);
        let came = self
            .drive(seat.as_deref_mut(), &parcel.errand, false, (events, chance), command)
            .await?;
        let End::Came(came) = came else { return Ok(Published::Killed) };
        let new = self.contents.get(&parcel.root).cloned();
        self.judge_end(seat, &parcel.errand, ("--signed", new), chance, came)
    }

    /// `pull`; `cut` ends it after so many of the things it writes.
    pub async fn pull(
        &mut self,
        seat: &mut Seat,
        whose: Whose,
        chance: Chance,
        cut: Option<usize>,
    ) -> Result<Published, Fault> {
        let (workspace, name) = (seat.workspace(), self.keys.ipns.name());
        let lock = workspace.lock().unwrap();
        let mut config = workspace.config().unwrap();
        let car = TemporaryCar::new_in(&workspace.temporary_dir().unwrap()).unwrap();
        let here = self.here(seat, &car);
        let Doors { publishers, gateways, events, .. } = self.doors();
        let errand = seat.errand();
        let own_keys = OwnKeys::default();
        let kept = CarBlocks::open(&workspace.dir().join(KEPT_TREE)).ok();
        let disk = here.and_then(|_| CarBlocks::open(car.path()).ok()).into_iter().chain(kept);
        let request = PullRequest {
            workspace: &workspace,
            config: &config,
            witnesses: Witnesses { name: &name, publishers: &publishers, gateways: &gateways },
            source: TreeSource {
                http: self.http.clone(),
                gateways: vec![self.gateway.clone()],
                name: config.name().clone(),
                disk: disk.collect(),
            },
            here,
            facts: Facts::of(&config),
            own_keys: &own_keys,
            prefer: match whose {
                Whose::Nobodys => None,
                Whose::Ours => Some(Prefer::Ours),
                Whose::Theirs => Some(Prefer::Theirs),
            },
            partial: false,
            stop: Stop::default(),
        };
        let came = self.drive(None, &errand, false, (events, chance), pull(request)).await?;
        let End::Came(came) = came else { return Ok(Published::Killed) };
        let may_fail = chance.is_some_and(|(_, fate)| fate == Fate::Fail);
        let mut pulled = match came {
            Ok(pulled) => pulled,
            Err(PullError::NothingPublished { .. }) if self.out.is_empty() => {
                return Ok(Published::Failed);
            }
            Err(PullError::NothingPublished { .. } | PullError::Silent(_)) if may_fail => {
                return Ok(Published::Failed);
            }
            Err(error) => return Err(format!("{}: pull: {error}", seat.who)),
        };
        self.count("pull");
        let files = self.content(&seat.dir);
        let seen = self.out.iter().rev();
        let seen = seen.clone().find(|edition| {
            (edition.tree.root, edition.tree.sequence) == (pulled.root, pulled.sequence)
        });
        let Some(seen) = seen.cloned() else {
            return Err(format!("{} pulled what nobody published: {}", seat.who, pulled.root));
        };
        if !pulled.conflicts().is_empty() {
            self.count("pull: conflict");
            let texts: Vec<_> = pulled.conflicts().iter().map(|c| c.path.clone()).collect();
            self.note(format!("  conflicts: {texts:?}"));
            return match whose == Whose::Nobodys && has_conflict(&errand, &seen, &files) {
                true => Ok(Published::Refused),
                false => Err(format!("{}: conflicts where there are none: {texts:?}", seat.who)),
            };
        }
        let before = Files::of(&seat.dir);
        pulled.write(&workspace, &mut config).map_err(|error| format!("{}: {error}", seat.who))?;
        drop(lock);
        check_pull(&errand, &seen, &wanted(seat), whose)?;
        let is_cut = cut.is_some_and(|keep| before.cut(&seat.dir, keep));
        seat.mind.wanted = wanted(seat);
        if is_cut {
            self.note(format!("  cut after {cut:?}"));
            self.count("pull: cut");
            return Ok(Published::Killed);
        }
        seat.mind.see(seen.tree);
        Ok(Published::Yes)
    }

    /// What is here, packed.
    fn here(&mut self, seat: &Seat, car: &TemporaryCar) -> Option<Cid> {
        if !seat.dir.join(".well-known").exists() {
            if !seat.dir.join(ROOT_FOLDER).exists() {
                return None;
            }
            std::fs::create_dir(seat.dir.join(".well-known")).unwrap();
        }
        Some(self.pack(seat, car))
    }

    /// Sets something new, signs and publishes it.
    pub async fn change_and_publish(
        &mut self,
        seat: &mut Seat,
        chance: Chance,
    ) -> Result<(), Fault> {
        let record = self.own_record(seat);
        let value = self.some_value(&parse(record.0, record.1).1);
        self.note(format!("  {} sets {record:?} {value} and publishes", seat.who));
        self.set(seat, record, Some(&value));
        self.sign(seat, None).await?;
        self.publish(seat, false, chance).await?;
        self.check_base(seat)
    }
}

/// What `records.toml` says, by path.
pub fn wanted(seat: &Seat) -> Content {
    let workspace = seat.workspace();
    let records = workspace.records(&workspace.config().unwrap()).unwrap();
    let wanted = records.iter();
    wanted.map(|(name, key, value)| (record_path(name, key), value.to_string())).collect()
}

fn what_name(what: What) -> &'static str {
    match what {
        What::Tree => "publish",
        What::Root(_) => "rollback",
        What::Newest { .. } => "renew",
    }
}
