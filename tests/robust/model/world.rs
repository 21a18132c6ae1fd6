//! Workspaces of one key, the network between them, and what the model knows of all that.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::time::Duration;

use cid::Cid;
use jiff::Timestamp;
use namesys::devnet::{DevnetConfig, DevnetHandle};
use namesys::ens::Name;
use namesys::ipns::{VerifiedRecord, valid_until};
use namesys::keys::{IpnsKey, SignerKey, Storage};
use namesys::net::{Http, HttpConfig};
use namesys::published::{BaseFile, Found, PublishedTree, Verifier};
use namesys::record::{RecordKey, record_path};
use namesys::resolve::Gateway;
use namesys::wallet::{LocalWallet, Wallet};
use namesys::workspace::{Config, Facts, RecordedKeys, Workspace};

use super::files::Files;
use super::mind::{Content, Edition, Errand, Mind, Tree};
use super::random::Random;

/// How long a record is valid.
const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

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
#[derive(Clone)]
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
    /// A quarter past an hour.
    pub clock: Timestamp,
    /// Nobody does anything beside.
    pub is_at_rest: bool,
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
        // Without the file it is not known what is wanted, and nothing is removed.
        let is_known = self.workspace().records_path().exists();
        Errand {
            who: self.who.clone(),
            mind: self.mind.clone(),
            own: if is_known { self.own.clone() } else { BTreeSet::new() },
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
        let now = Timestamp::now().as_second();
        let clock = Timestamp::from_second(now - now.rem_euclid(3600) + 900).unwrap();
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
            clock,
            is_at_rest: false,
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

    /// Validity of a new record, by a clock that may be up to a quarter of an hour wrong.
    pub fn until(&mut self) -> Timestamp {
        let wrong = Duration::from_nanos(self.random.below(1_800_000_000_000) as u64);
        let now = self.clock.checked_add(wrong).unwrap();
        match self.mutation {
            Some(Mutation::ValidityInNanoseconds) => now.checked_add(YEAR).unwrap(),
            _ => valid_until(now, YEAR).unwrap(),
        }
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
