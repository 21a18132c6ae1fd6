//! Workspaces of one key, the network between them, and what the model knows of all that.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::time::Duration;

use cid::Cid;
use jiff::Timestamp;
use namesys::devnet::{DevnetConfig, DevnetHandle};
use namesys::ens::Name;
use namesys::ipfs::upload::{Kubo, Upload};
use namesys::ipns::{Publisher, RecordSource, VerifiedRecord, W3name};
use namesys::keys::{IpnsKey, SignerKey, Storage};
use namesys::net::{Http, HttpConfig};
use namesys::published::{BaseFile, Found, PublishedTree, Verifier};
use namesys::record::{RecordKey, record_path};
use namesys::resolve::Gateway;
use namesys::wallet::{LocalWallet, Wallet};
use namesys::workspace::{Config, Facts, RecordedKeys, Workspace};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::files::Files;
use super::mind::{Content, Edition, Errand, Made, Mind, Tree, check_publication};
use super::random::Random;
use super::taps::{At, Both, Event, Gate, Late, Tap, Uploading, Which};

/// The records there can be.
pub const RECORDS: [(&str, &str); 6] = [
    ("nick.eth", "text/a"),
    ("nick.eth", "text/b"),
    ("nick.eth", "address/60"),
    ("pay.nick.eth", "text/a"),
    ("other.eth", "text/a"),
    ("other.eth", "text/b"),
];
/// Files that are nobody's record, in a workspace.
pub const FILES: [&str; 2] = [".well-known/security.txt", "root/index.html"];

/// A way of doing it wrong, which the model must find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutation {
    /// Nobody looks what would be lost.
    GuardOff,
    /// What `.namesys/` has counts as seen.
    HistoryAsBase,
    /// No publisher decides: all get it at once.
    ParallelPuts,
    /// Of two records of one sequence, the one that is valid for longer replaces the other.
    ValidityInNanoseconds,
    /// Going back may lose anything.
    RollbackUnguarded,
}

/// What is to happen at a door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Whoever asks is ended.
    Kill,
    /// It fails.
    Fail,
    /// Somebody else acts in between.
    Race,
}

/// At which door something happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    Upload,
    Get(Which),
    Put(Which),
    Taken(Which),
}

/// One thing that happens to a command, once.
pub type Chance = Option<(Door, Fate)>;

/// What a commit has.
#[derive(Clone)]
pub struct Commit {
    pub files: Files,
    pub mind: Mind,
}

/// A workspace.
pub struct Seat {
    pub who: String,
    pub dir: PathBuf,
    pub names: Vec<Name>,
    /// Paths of the records that are its names'.
    pub own: BTreeSet<String>,
    pub mind: Mind,
    pub commits: Vec<Commit>,
}

/// What was signed on a machine without network.
pub struct Parcel {
    pub dir: PathBuf,
    /// Whose it is.
    pub seat: usize,
    pub errand: Errand,
    pub root: Cid,
}

/// The keys that all workspaces share, and whom they publish to.
pub struct Keys {
    pub ipns: IpnsKey,
    pub signer: SignerKey,
    pub wallet: LocalWallet,
    pub verifier: Verifier,
}

/// How often what happened, for the note.
pub type Counts = BTreeMap<String, u32>;

/// All of it.
pub struct World {
    pub random: Random,
    pub folder: tempfile::TempDir,
    pub http: Http,
    pub devnet: DevnetHandle,
    /// The second publisher has a store of its own.
    pub second: DevnetHandle,
    pub gateway: Gateway,
    pub keys: Keys,
    pub mutation: Option<Mutation>,
    pub validity: Timestamp,
    pub values: u32,
    /// One is taken out while a command works in it.
    pub seats: Vec<Option<Seat>>,
    pub parcels: Vec<Parcel>,
    pub out: Vec<Edition>,
    pub contents: HashMap<Cid, Content>,
    pub log: Vec<String>,
    pub counts: Counts,
    known_files: HashMap<Vec<u8>, String>,
}

/// What is done with a command's doors open.
pub struct Doors {
    pub publishers: Vec<Box<dyn Publisher>>,
    pub gateways: Vec<Box<dyn RecordSource>>,
    pub uploads: Vec<Box<dyn Upload>>,
    pub events: UnboundedReceiver<Event>,
}

/// How a command ended.
#[derive(Debug)]
pub enum End<T> {
    Came(T),
    Killed,
}

/// A fault of the program: what is not as the rules say.
pub type Fault = String;

/// The names' records.
pub fn parse(name: &str, key: &str) -> (Name, RecordKey) {
    (Name::parse(name).unwrap(), RecordKey::parse(key).unwrap())
}

impl Seat {
    pub fn workspace(&self) -> Workspace {
        Workspace::at(&self.dir).unwrap()
    }

    pub fn errand(&self) -> Errand {
        Errand {
            who: self.who.clone(),
            mind: self.mind.clone(),
            own: self.own.clone(),
            replaces: false,
            goes_back: false,
            over: None,
        }
    }
}

impl World {
    pub fn new(seed: u64, mutation: Option<Mutation>) -> Self {
        let memory = Path::new("/dev/shm");
        let folder = match memory.is_dir() {
            true => tempfile::tempdir_in(memory).or_else(|_| tempfile::tempdir()),
            false => tempfile::tempdir(),
        };
        let spawn = || DevnetHandle::spawn(DevnetConfig::ephemeral()).unwrap();
        let (devnet, second) = (spawn(), spawn());
        let signer = SignerKey::from_scalar(&[5; 32].into()).unwrap();
        let owner = SignerKey::from_scalar(&[6; 32].into()).unwrap();
        let mut facts = Facts::default();
        facts.chain_id = 1;
        facts.set_owner(owner.address());
        let keys = Keys {
            ipns: IpnsKey::from_seed(&[7; 32].into()),
            signer,
            wallet: LocalWallet::new(owner, "test"),
            verifier: Verifier::new(facts),
        };
        let year = Timestamp::now().as_second() + 366 * 24 * 3600;
        let gateway = devnet.urls().gateway.parse().unwrap();
        Self {
            random: Random(seed),
            folder: folder.unwrap(),
            http: Http::new(HttpConfig::default()).unwrap(),
            devnet,
            second,
            gateway,
            keys,
            mutation,
            validity: Timestamp::from_second(year - year % 3600).unwrap(),
            values: 0,
            seats: Vec::new(),
            parcels: Vec::new(),
            out: Vec::new(),
            contents: HashMap::new(),
            log: Vec::new(),
            counts: Counts::default(),
            known_files: HashMap::new(),
        }
    }

    /// A configuration with all that a first derivation records.
    pub fn config(&self, names: &[&str]) -> Config {
        let of = |name: &&str| Name::parse(name).unwrap();
        let mut config = Config::new(of(&names[0]), Storage::Wallet, Storage::Wallet, 1);
        names[1..].iter().for_each(|name| config.add_name(of(name)).unwrap());
        let keys = RecordedKeys {
            wallet: Some(self.keys.wallet.address()),
            ipns_name: Some(self.keys.ipns.name()),
            signer: Some(self.keys.signer.address()),
            ..RecordedKeys::default()
        };
        config.record_keys(&keys).unwrap();
        config
    }

    /// A new workspace that knows nothing.
    pub fn sit(&mut self, who: &str, names: &[&str]) -> Seat {
        let dir = self.folder.path().join(who);
        Workspace::init(&dir, &self.config(names)).unwrap();
        self.seat(who, dir, names.iter().map(|name| Name::parse(name).unwrap()).collect())
    }

    /// A workspace that is there.
    pub fn seat(&self, who: &str, dir: PathBuf, names: Vec<Name>) -> Seat {
        let is_own = |name: &Name| names.iter().any(|root| name.is_or_is_under(root));
        let records = RECORDS.iter().map(|(name, key)| parse(name, key));
        let own =
            records.filter(|(name, _)| is_own(name)).map(|(name, key)| record_path(&name, &key));
        let own = own.collect();
        let (mind, commits) = (Mind::default(), Vec::new());
        Seat { who: who.to_owned(), dir, names, own, mind, commits }
    }

    /// Validity of a new record.
    pub fn until(&mut self) -> Timestamp {
        match self.mutation {
            Some(Mutation::ValidityInNanoseconds) => {
                let nanoseconds = Duration::from_nanos(self.random.below(3_600_000_000_000) as u64);
                self.validity.checked_add(nanoseconds).unwrap()
            }
            _ => self.validity,
        }
    }

    /// Doors to everybody.
    pub fn doors(&mut self) -> Doors {
        let (sender, events) = unbounded_channel();
        let gate = Gate(sender);
        // A new client each time: its own limit is not what is tested.
        let tap = |which, url: String| {
            let inner = Box::new(W3name::new(self.http.clone(), url.parse().unwrap()));
            Tap { which, inner, gate: gate.clone() }
        };
        let first = tap(Which::First, self.devnet.urls().w3name);
        let second = tap(Which::Second, self.second.urls().w3name);
        let publishers: Vec<Box<dyn Publisher>> = match self.mutation {
            Some(Mutation::ParallelPuts) => vec![Box::new(Both(first, second))],
            _ => vec![Box::new(first), Box::new(second)],
        };
        let inner = Kubo::new(self.http.clone(), self.devnet.urls().kubo.parse().unwrap(), None);
        let upload = Uploading { inner: Box::new(inner), gate };
        let late = match self.random.below(3) {
            0 if !self.out.is_empty() => {
                let at = self.random.below(self.out.len());
                Some(self.out[at].record.clone())
            }
            _ => None,
        };
        let gateways: Vec<Box<dyn RecordSource>> = vec![Box::new(Late(late))];
        Doors { publishers, gateways, uploads: vec![Box::new(upload)], events }
    }

    /// What is out now.
    pub fn newest(&self) -> Option<&Edition> {
        self.out.last()
    }

    /// What a folder would publish.
    pub fn content(&mut self, dir: &Path) -> Content {
        let mut content = Content::new();
        for part in [".well-known", "root"] {
            let mut open = vec![dir.join(part)];
            while let Some(folder) = open.pop() {
                let Ok(entries) = std::fs::read_dir(&folder) else { continue };
                for path in entries.map(|entry| entry.unwrap().path()) {
                    if path.is_dir() {
                        open.push(path);
                        continue;
                    }
                    let inside = path.strip_prefix(dir).unwrap().to_str().unwrap();
                    let inside = inside.strip_prefix("root/").unwrap_or(inside).to_owned();
                    let bytes = std::fs::read(&path).unwrap();
                    content.insert(inside.clone(), self.value(&inside, bytes));
                }
            }
        }
        content
    }

    /// What a file says.
    fn value(&mut self, path: &str, bytes: Vec<u8>) -> String {
        if let Some(known) = self.known_files.get(&bytes) {
            return known.clone();
        }
        let value = match self.keys.verifier.file(path, &bytes) {
            Found::Record(record) => record.value.to_string(),
            Found::Unverified { reason, .. } => panic!("{path}: {reason}"),
            Found::Foreign => String::from_utf8(bytes.clone()).unwrap(),
        };
        self.known_files.insert(bytes, value.clone());
        value
    }

    pub fn count(&mut self, what: &str) {
        *self.counts.entry(what.to_owned()).or_default() += 1;
    }

    pub fn note(&mut self, text: impl Into<String>) {
        self.log.push(text.into());
    }

    /// The tree of a record whose root is known.
    pub fn tree_of(&self, record: &VerifiedRecord) -> Tree {
        let tree = PublishedTree::of(record).unwrap();
        let content = self.contents[tree.root()].clone();
        Tree { root: *tree.root(), sequence: tree.sequence(), content }
    }

    /// The first publisher has taken a record.
    fn take(&mut self, errand: &Errand, record: &VerifiedRecord) -> Result<(), Fault> {
        if self.out.iter().any(|edition| edition.record == *record) {
            return Ok(());
        }
        let tree = self.tree_of(record);
        let checked = check_publication(errand, self.newest(), &tree.content);
        self.note(format!("  taken: {} sequence {} {:?}", errand.who, tree.sequence, tree.content));
        self.out.push(Edition { record: record.clone(), tree });
        checked
    }

    /// Runs a command to its end, and lets happen at one door what is to happen there.
    pub async fn drive<T>(
        &mut self,
        seat: Option<&mut Seat>,
        errand: &Errand,
        by_key: bool,
        (mut events, mut chance): (UnboundedReceiver<Event>, Chance),
        command: impl Future<Output = T>,
    ) -> Result<End<T>, Fault> {
        let mut command = Box::pin(command);
        let mut seat = seat;
        let (mut was_put, mut was_taken) = (false, false);
        loop {
            let event = tokio::select! {
                biased;
                Some(event) = events.recv() => event,
                came = &mut command => return Ok(End::Came(came)),
            };
            let door = match &event.at {
                At::Upload => Door::Upload,
                At::Get(which) => Door::Get(*which),
                At::Put(which, _) => Door::Put(*which),
                At::Taken(which, _) => Door::Taken(*which),
            };
            was_put |= matches!(event.at, At::Put(Which::First, _));
            let is_parallel = self.mutation == Some(Mutation::ParallelPuts);
            match (&event.at, seat.as_mut()) {
                // It is written down before it is sent.
                (At::Put(Which::First, record), Some(seat)) if by_key => {
                    let made = Made {
                        record: record.clone(),
                        tree: self.tree_of(record),
                        is_ahead: false,
                    };
                    seat.mind.made.retain(|other| other.record != made.record);
                    seat.mind.made.push(made);
                }
                // And seen before the second gets it.
                (At::Put(Which::Second, record), Some(seat))
                    if !is_parallel && (was_taken || !was_put) =>
                {
                    seat.mind.see(self.tree_of(record));
                }
                _ => {}
            }
            if let At::Taken(which, record) = &event.at
                && (*which == Which::First || is_parallel)
            {
                was_taken = true;
                self.take(errand, record)?;
            }
            match chance.take_if(|(at, _)| *at == door) {
                None => _ = event.go_on.send(true),
                Some((_, Fate::Fail)) => {
                    self.count("fault");
                    self.note(format!("  fails: {door:?}"));
                    _ = event.go_on.send(false);
                }
                Some((_, Fate::Kill)) => {
                    self.count("kill");
                    self.note(format!("  killed: {door:?}"));
                    return Ok(End::Killed);
                }
                Some((_, Fate::Race)) => {
                    self.count("race");
                    self.note(format!("  in between: {door:?}"));
                    self.in_between().await?;
                    _ = event.go_on.send(true);
                }
            }
        }
    }

    /// Somebody else changes something and publishes it.
    fn in_between(&mut self) -> Pin<Box<dyn Future<Output = Result<(), Fault>> + '_>> {
        Box::pin(async move {
            let free: Vec<usize> =
                (0..self.seats.len()).filter(|number| self.seats[*number].is_some()).collect();
            let number = free[self.random.below(free.len())];
            let mut seat = self.seats[number].take().unwrap();
            let fails = if self.mutation == Some(Mutation::ParallelPuts) { 6 } else { 2 };
            let chance = match self.random.below(8) {
                number if number < fails => Some((Door::Put(Which::First), Fate::Fail)),
                7 => Some((Door::Taken(Which::First), Fate::Kill)),
                _ => None,
            };
            let ended = self.change_and_publish(&mut seat, chance).await;
            self.seats[number] = Some(seat);
            ended
        })
    }

    /// What the program keeps as base is what the model knows.
    ///
    /// # Errors
    /// Where they differ.
    pub fn check_base(&self, seat: &Seat) -> Result<(), Fault> {
        if self.mutation.is_some() {
            return Ok(());
        }
        let known = BaseFile::read(&seat.workspace()).unwrap().of(&self.keys.ipns.name());
        let theirs = known.base.as_ref().map(|base| (*base.root(), base.sequence()));
        let ours = seat.mind.base.as_ref().map(|base| (base.root, base.sequence));
        match theirs == ours {
            true => Ok(()),
            false => Err(format!("{}: its base is {theirs:?}, and it saw {ours:?}", seat.who)),
        }
    }
}
