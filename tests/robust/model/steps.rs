//! What the users of the workspaces do, at random.

use std::path::Path;

use namesys::keys::{OwnKeys, Storage};
use namesys::published::{PUBLISHED_FILE, PublishedTree};
use namesys::pull::{CloneRequest, TreeSource, clone};
use namesys::record::record_path;
use namesys::wallet::Wallet;
use namesys::workspace::{RECORDS_FILE, RecordedKeys, Stop};

use super::commands::{Published, wanted};
use super::files::Files;
use super::mind::{Mind, Whose};
use super::network::{Chance, Door, Fate};
use super::taps::Which;
use super::world::{Commit, FILES, Fault, RECORDS, Seat, World, parse};

/// Commits that are remembered of a workspace.
const COMMITS: usize = 6;

/// A command that can be given again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    Publish { replaces: bool },
    Pull { whose: Whose },
    Renew { foreign: bool },
    Rollback,
}

impl World {
    /// One thing that one of them does.
    pub async fn step(&mut self) -> Result<(), Fault> {
        let number = self.random.below(self.seats.len());
        let mut seat = self.seats[number].take().unwrap();
        let done = self.act(&mut seat, number).await;
        let checked = done.and_then(|()| {
            self.check_wanted(&seat)?;
            self.check_base(&seat)
        });
        self.seats[number] = Some(seat);
        checked
    }

    async fn act(&mut self, seat: &mut Seat, number: usize) -> Result<(), Fault> {
        match self.random.below(100) {
            0..18 => self.set_one(seat),
            18..26 => self.unset_one(seat),
            26..29 => self.write_file(seat),
            29..36 => self.sign_some(seat).await?,
            36..58 => {
                let replaces = self.random.one_in(40);
                if !self.random.one_in(4) {
                    self.sign(seat, None).await?;
                }
                self.give(seat, Command::Publish { replaces }).await?;
            }
            58..74 => {
                let whose = [Whose::Nobodys, Whose::Ours, Whose::Theirs][self.random.below(3)];
                self.give(seat, Command::Pull { whose }).await?;
            }
            74..77 => {
                let foreign = self.random.one_in(3);
                self.give(seat, Command::Renew { foreign }).await?;
            }
            77..81 => self.give(seat, Command::Rollback).await?,
            81..85 => self.commit(seat),
            85..88 => self.go_to_a_commit(seat),
            88..91 => self.lose_something(seat).await?,
            91..93 => {
                self.note(format!("{} signs only", seat.who));
                if self.random.one_in(2) {
                    self.give(seat, Command::Pull { whose: Whose::Ours }).await?;
                }
                self.sign(seat, None).await?;
                self.sign_only(seat, number)?;
                if self.random.one_in(2) {
                    self.send_some(seat, number).await?;
                }
            }
            93..95 => self.send_some(seat, number).await?,
            95..98 => self.job(seat).await?,
            _ => self.clone_anew(seat).await?,
        }
        Ok(())
    }

    /// Gives a command; after it was ended, again.
    pub async fn give(&mut self, seat: &mut Seat, command: Command) -> Result<(), Fault> {
        let chance = self.chance(seat, command);
        self.note(format!("{} {command:?} {chance:?}", seat.who));
        if self.run(seat, command, chance).await? == Published::Killed {
            self.check_base(seat)?;
            self.note(format!("{} {command:?} again", seat.who));
            // It may be cut short, or edited into, again.
            for _ in 0..20 {
                if self.run(seat, command, None).await? != Published::Killed {
                    break;
                }
            }
        }
        Ok(())
    }

    async fn run(
        &mut self,
        seat: &mut Seat,
        command: Command,
        chance: Chance,
    ) -> Result<Published, Fault> {
        match command {
            Command::Publish { replaces } => self.publish(seat, replaces, chance).await,
            Command::Renew { foreign } => self.renew(seat, foreign, chance).await,
            Command::Rollback => self.rollback(seat, chance).await,
            Command::Pull { whose } => {
                let cut = (chance.is_none() && self.random.one_in(6)).then(|| self.random.below(6));
                self.pull(seat, whose, chance, cut).await
            }
        }
    }

    /// What happens to a command.
    fn chance(&mut self, seat: &Seat, command: Command) -> Chance {
        use Fate::{Fail, Kill, Race};
        use Which::{First, Second};
        if !self.random.one_in(3) {
            return None;
        }
        if let Command::Pull { .. } = command {
            let any = [
                (Door::Get(First), Kill),
                (Door::Get(First), Fail),
                (Door::Get(Second), Fail),
                (Door::Get(First), Race),
            ];
            return Some(any[self.random.below(any.len())]);
        }
        let any = [
            (Door::Upload, Kill),
            (Door::Upload, Race),
            (Door::Get(First), Fail),
            (Door::Get(Second), Fail),
            (Door::Put(First), Kill),
            (Door::Put(First), Fail),
            (Door::Put(First), Race),
            (Door::Put(First), Race),
            (Door::Put(First), Race),
            (Door::Taken(First), Kill),
            (Door::Taken(First), Fail),
            (Door::Put(Second), Kill),
            (Door::Put(Second), Fail),
            (Door::Taken(Second), Fail),
        ];
        let (door, fate) = match self.mutation.is_some() && self.random.one_in(2) {
            true => (Door::Put(First), Race),
            false => any[self.random.below(any.len())],
        };
        // What jumps over sequences that were signed ahead is no compare-and-swap: a limit that is
        // told.
        match fate == Race && seat.mind.ahead().is_some() {
            true => None,
            false => Some((door, fate)),
        }
    }

    pub fn own_record(&mut self, seat: &Seat) -> (&'static str, &'static str) {
        let own = RECORDS.into_iter().filter(|(name, key)| {
            let (name, key) = parse(name, key);
            seat.own.contains(&record_path(&name, &key))
        });
        let own: Vec<_> = own.collect();
        own[self.random.below(own.len())]
    }

    fn set_one(&mut self, seat: &mut Seat) {
        let record = self.own_record(seat);
        let value = self.some_value(&parse(record.0, record.1).1);
        self.note(format!("{} sets {record:?} {value}", seat.who));
        self.set(seat, record, Some(&value));
    }

    fn unset_one(&mut self, seat: &mut Seat) {
        let record = self.own_record(seat);
        self.note(format!("{} unsets {record:?}", seat.who));
        self.set(seat, record, None);
    }

    /// A file that is no record.
    fn write_file(&mut self, seat: &Seat) {
        self.values += 1;
        let file = FILES[self.random.below(FILES.len())];
        self.note(format!("{} writes {file} v{}", seat.who, self.values));
        let place = seat.dir.join(file);
        std::fs::create_dir_all(place.parent().unwrap()).unwrap();
        std::fs::write(place, format!("v{}", self.values)).unwrap();
    }

    async fn sign_some(&mut self, seat: &Seat) -> Result<(), Fault> {
        let end = self.random.one_in(4).then(|| 1 + self.random.below(2) as u64);
        self.note(format!("{} signs, to {end:?}", seat.who));
        self.sign(seat, end).await?;
        match end {
            Some(_) => self.sign(seat, None).await,
            None => Ok(()),
        }
    }

    fn commit(&mut self, seat: &mut Seat) {
        self.note(format!("{} commits", seat.who));
        let commit = Commit { files: Files::of(&seat.dir), mind: seat.mind.clone() };
        match seat.commits.len() < COMMITS {
            true => seat.commits.push(commit),
            false => {
                let at = self.random.below(COMMITS);
                seat.commits[at] = commit;
            }
        }
    }

    fn go_to_a_commit(&mut self, seat: &mut Seat) {
        if seat.commits.is_empty() {
            return;
        }
        let commit = seat.commits[self.random.below(seat.commits.len())].clone();
        let forgets = self.random.one_in(2);
        self.note(format!("{} goes to a commit, forgets: {forgets}", seat.who));
        commit.files.check_out(&seat.dir, forgets);
        seat.mind = commit.mind;
    }

    async fn lose_something(&mut self, seat: &mut Seat) -> Result<(), Fault> {
        let files = Files::of(&seat.dir).0;
        let is_tree = |path: &&std::path::PathBuf| {
            path.starts_with(".well-known") || path.starts_with("root")
        };
        let tree: Vec<_> = files.keys().filter(is_tree).collect();
        match self.random.below(5) {
            4 => {
                self.note(format!("{} loses {RECORDS_FILE} for a while", seat.who));
                let place = seat.dir.join(RECORDS_FILE);
                std::fs::remove_file(&place).unwrap();
                let published = self.publish(seat, false, None).await;
                std::fs::write(place, &files[Path::new(RECORDS_FILE)]).unwrap();
                published?;
            }
            0 => {
                self.note(format!("{} loses {PUBLISHED_FILE}", seat.who));
                let _ = std::fs::remove_file(seat.dir.join(PUBLISHED_FILE));
                (seat.mind.base, seat.mind.made) = (None, Vec::new());
            }
            1 => {
                self.note(format!("{} loses its state", seat.who));
                let _ = std::fs::remove_dir_all(seat.dir.join(".namesys"));
            }
            _ if tree.is_empty() => {}
            _ => {
                let path = tree[self.random.below(tree.len())];
                self.note(format!("{} loses {}", seat.who, path.display()));
                std::fs::remove_file(seat.dir.join(path)).unwrap();
            }
        }
        Ok(())
    }

    /// A parcel is brought to a machine with network.
    async fn send_some(&mut self, seat: &mut Seat, number: usize) -> Result<(), Fault> {
        if self.parcels.is_empty() {
            return Ok(());
        }
        // The last one most often: the others come too late.
        let at = match self.random.one_in(3) {
            true => self.random.below(self.parcels.len()),
            false => self.parcels.len() - 1,
        };
        let parcel = self.parcels.remove(at);
        self.note(format!("{} sends a parcel of {}", seat.who, parcel.seat));
        let is_at_home = parcel.seat == number;
        let any = [
            (Door::Upload, Fate::Kill),
            (Door::Get(Which::First), Fate::Fail),
            (Door::Put(Which::First), Fate::Kill),
            (Door::Taken(Which::First), Fate::Kill),
            (Door::Taken(Which::First), Fate::Fail),
        ];
        let chance = self.random.one_in(3).then(|| any[self.random.below(any.len())]);
        let mut at = is_at_home.then_some(seat);
        if self.send(at.as_deref_mut(), parcel.clone(), chance).await? == Published::Killed {
            self.note("  again");
            self.send(at, parcel, None).await?;
        }
        Ok(())
    }

    /// A job of CI: a fresh checkout of what is here, signed and published; its base is committed
    /// back, or not, or was never committed.
    async fn job(&mut self, seat: &mut Seat) -> Result<(), Fault> {
        self.values += 1;
        self.count("job");
        let (kind, dir) =
            (self.random.below(3), self.folder.path().join(format!("ci-{}", self.values)));
        self.note(format!("{} has a job, kind {kind}", seat.who));
        Files::of(&seat.dir).check_out(&dir, true);
        let mut job =
            self.seat(&format!("job {} of {}", self.values, seat.who), dir, seat.names.clone());
        job.mind = seat.mind.clone();
        if kind == 2 {
            let _ = std::fs::remove_file(job.dir.join(PUBLISHED_FILE));
            (job.mind.base, job.mind.made) = (None, Vec::new());
        }
        self.sign(&job, None).await?;
        self.give(&mut job, Command::Publish { replaces: false }).await?;
        self.check_base(&job)?;
        let base = job.dir.join(PUBLISHED_FILE);
        if kind == 0 && base.exists() {
            std::fs::copy(base, seat.dir.join(PUBLISHED_FILE)).unwrap();
            (seat.mind.base, seat.mind.made) = (job.mind.base, job.mind.made);
        }
        std::fs::remove_dir_all(job.dir).unwrap();
        Ok(())
    }

    /// The workspace is made anew of what is published.
    async fn clone_anew(&mut self, seat: &mut Seat) -> Result<(), Fault> {
        let Some(out) = self.newest().cloned() else { return Ok(()) };
        self.values += 1;
        let dir = self.folder.path().join(format!("clone-{}", self.values));
        self.note(format!("{} clones", seat.who));
        let source = TreeSource {
            http: self.http.clone(),
            servers: vec![self.gateway.clone()].into(),
            name: seat.names[0].clone(),
            disk: Vec::new(),
        };
        let files = source.files(out.tree.root).await.map_err(|error| error.to_string())?;
        let read = files.read(&self.keys.verifier, &Stop::default()).unwrap();
        let names = read.names();
        if names.is_empty() {
            return Ok(());
        }
        let own_keys = OwnKeys::default();
        let request = CloneRequest {
            files: &files,
            read: &read,
            names: &names,
            storage: Storage::Wallet,
            chain_id: 1,
            owner: self.keys.wallet.address(),
            ipns_name: Some(self.keys.ipns.name()),
            trees: vec![PublishedTree::of(&out.record).unwrap()],
            by_client: false,
            drop_invalid: false,
            own_keys: &own_keys,
        };
        let cloned = clone(&dir, &request).map_err(|error| error.to_string())?;
        if cloned.root != Some(out.tree.root) {
            return Err(format!("a clone would publish {:?}, not {}", cloned.root, out.tree.root));
        }
        let mut new = self.seat(&seat.who, dir, names);
        // The first derivation of the keys does it.
        let workspace = new.workspace();
        let mut config = workspace.config().unwrap();
        let signer = Some(self.keys.signer.address());
        config.record_keys(&RecordedKeys { signer, ..RecordedKeys::default() }).unwrap();
        workspace.save_config(&config).unwrap();
        new.mind = Mind { base: Some(out.tree), ..Mind::default() };
        new.mind.wanted = wanted(&new);
        let expected = new.mind.base.iter().flat_map(|base| &base.content);
        let expected = expected.filter(|(path, _)| new.own.contains(*path));
        if !expected.eq(new.mind.wanted.iter()) {
            return Err(format!("a clone wants {:?}", new.mind.wanted));
        }
        remove(&seat.dir);
        *seat = new;
        self.count("clone");
        Ok(())
    }
}

fn remove(dir: &Path) {
    std::fs::remove_dir_all(dir).unwrap();
}
