//! Records that change by time, over a simulated year: the machine with the keys signs ahead, one
//! without keys puts each turn in its time, and at each time the record that resolves is the one
//! that should. The clock is the test's.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use namesys::devnet::{DevnetConfig, DevnetHandle};
use namesys::ens::Name;
use namesys::ipfs::upload::{Kubo, Upload};
use namesys::ipns::{Publisher, RecordSource, W3name};
use namesys::keys::{IpnsKey, OwnKeys, SignerKey, Storage};
use namesys::net::{Http, HttpConfig};
use namesys::publish::{
    AHEAD_DIR, Author, Enough, Needs, Permission, PublishOutcome, PublishRequest, PublishTreeError,
    Series, Source, Subject, TemporaryCar, Trees, TurnTrees, are_ahead, publish, sign_turns,
    turn_trees, turns_ahead, valid_beyond,
};
use namesys::published::{Judge, Missing, PublishedTree};
use namesys::record::{RecordFile, RecordKey, Value};
use namesys::request::SignedRecord;
use namesys::secret::SecretString;
use namesys::workspace::{
    ApprovalMode, Config, Expected, Phase, Phases, RecordedKeys, Removal, SignRequest, Signer,
    Workspace, sign,
};

const TTL: Duration = Duration::from_secs(60);
const ROUND: Enough = Enough { require: 1, wait: None };

/// The devnet, both machines, and the day on which it begins.
struct Year {
    devnet: DevnetHandle,
    folder: tempfile::TempDir,
    begins: Timestamp,
    ipns: IpnsKey,
    signer: SignerKey,
    publishers: Vec<Box<dyn Publisher>>,
    uploads: Vec<Box<dyn Upload>>,
    http: Http,
}

fn name() -> Name {
    Name::parse("nick.eth").unwrap()
}

fn value(key: &RecordKey, text: &str) -> Value {
    Value::parse(key, text).unwrap()
}

impl Year {
    fn new() -> Self {
        let devnet = DevnetHandle::spawn(DevnetConfig::ephemeral()).unwrap();
        let http = Http::new(HttpConfig::default()).unwrap();
        let urls = devnet.urls();
        let w3name = W3name::new(http.clone(), urls.w3name.parse().unwrap());
        let kubo = Kubo::new(http.clone(), urls.kubo.parse().unwrap(), None);
        let begins = Timestamp::from_second(Timestamp::now().as_second()).unwrap();
        let year = Self {
            devnet,
            folder: tempfile::tempdir().unwrap(),
            begins,
            ipns: IpnsKey::from_seed(&[7; 32].into()),
            signer: SignerKey::from_hex(&SecretString::new("09".repeat(32))).unwrap(),
            publishers: vec![Box::new(w3name)],
            uploads: vec![Box::new(kubo)],
            http,
        };
        let mut config = Config::new(name(), Storage::Domain, Storage::Domain, 1);
        let keys = RecordedKeys {
            wallet: Some(year.signer.address()),
            signer: Some(year.signer.address()),
            ipns_name: Some(year.ipns.name()),
            ..RecordedKeys::default()
        };
        config.record_keys(&keys).unwrap();
        Workspace::init(&year.dir(), &config).unwrap();
        year
    }

    fn day(&self, day: i64) -> Timestamp {
        self.begins + SignedDuration::from_hours(24 * day)
    }

    /// Where the keys are.
    fn dir(&self) -> PathBuf {
        self.folder.path().join("keys")
    }

    /// Where what is known of them is kept, as each command keeps it.
    fn cache(&self) -> PathBuf {
        self.folder.path().join("cache")
    }

    fn workspace(&self, day: i64) -> Workspace {
        let workspace = Workspace::at(&self.dir()).unwrap().indexed(Some(self.cache()));
        workspace.at_time(self.day(day))
    }

    /// Wants a value from one day to another.
    fn want(&self, record: &str, text: &str, (starts, ends): (Option<i64>, Option<i64>)) {
        let workspace = self.workspace(0);
        let mut records = workspace.records(&workspace.config().unwrap()).unwrap();
        let key = RecordKey::parse(record).unwrap();
        let (starts, ends) = (starts.map(|day| self.day(day)), ends.map(|day| self.day(day)));
        let phase = Phase { value: value(&key, text), starts, ends };
        let phases = match records.phases(&name(), &key) {
            Some(phases) => phases.with(phase).unwrap(),
            None => Phases::new(vec![phase]).unwrap(),
        };
        records.set_phases(&name(), &key, phases).unwrap();
        workspace.save_records(&records).unwrap();
    }

    fn expected(&self) -> Expected {
        let address = self.signer.address();
        let (signer, owner, wallet) = (Some(address), address, Some(address));
        Expected { signer, owner, wallet, mode: ApprovalMode::Owner, flat: false }
    }

    async fn sign(&self, day: i64) -> usize {
        let workspace = self.workspace(day);
        let mut config = workspace.config().unwrap();
        let records = workspace.records(&config).unwrap();
        let request = SignRequest {
            removal: Removal::Any,
            ..SignRequest::new(&workspace, &records, Signer::Key(&self.signer), ApprovalMode::Owner)
        };
        let signed = sign(&request, &mut config, &|_, _| {}).await.unwrap().signed.len();
        workspace.keep_index();
        signed
    }

    fn turns(&self, day: i64) -> TurnTrees {
        let workspace = self.workspace(day);
        let config = workspace.config().unwrap();
        let records = workspace.records(&config).unwrap();
        let scratch = [tempfile::tempfile().unwrap(), tempfile::tempfile().unwrap()];
        let with = (&self.expected(), &OwnKeys::default());
        turn_trees(&workspace, &config, &records, with, scratch).unwrap()
    }

    /// As `publish --ahead` does: the trees, the record of now, those to come.
    async fn publish_ahead(&self, day: i64) -> PublishOutcome {
        let (workspace, trees) = (self.workspace(day), self.turns(day));
        let temporary = workspace.temporary_dir().unwrap();
        let sent = trees.send(&*self.uploads[0], &temporary).await;
        assert!(sent.ok, "{sent:?}");
        let stands = are_ahead(&workspace, &self.ipns.name(), &trees.turns).unwrap();
        let needs = Needs { above_ahead: !stands, until: valid_beyond(&trees.turns) };
        let car = TemporaryCar::new_in(&temporary).unwrap();
        let packed = Source::WellKnown(self.dir()).pack(car.path(), &mut |_| ()).unwrap();
        assert_eq!(packed.root, *trees.now());
        let subject = Subject::Tree {
            car: car.path(),
            root: packed.root,
            part: None,
            uploads: &self.uploads,
            progress: None,
        };
        let outcome = self.publish(day, subject, needs).await;
        sign_turns(&workspace, &self.ipns, &outcome.record, &trees.turns, TTL).unwrap();
        outcome
    }

    async fn publish(&self, day: i64, subject: Subject<'_>, needs: Needs) -> PublishOutcome {
        let workspace = self.workspace(day);
        let config = workspace.config().unwrap();
        let records = workspace.records(&config).unwrap();
        let trees = Trees {
            http: self.http.clone(),
            servers: vec![self.devnet.urls().gateway.parse().unwrap()].into(),
            name: name(),
            workspace: Some(workspace.clone()),
            judge: Arc::new(Judge::new(&config, Some(records), Missing::IsLost)),
            here: None,
        };
        let validity = self.day(day + 365).into();
        let request = PublishRequest {
            workspace: Some(&workspace),
            name: self.ipns.name(),
            subject,
            author: Author::Key { key: &self.ipns, validity, ttl: TTL, sequence: None },
            publishers: &self.publishers,
            gateways: &[],
            trees: Some(&trees),
            permission: &Permission { needs, ..Permission::default() },
            removal: Removal::Any,
            enough: ROUND,
            now: self.day(day),
            notice: &|_| (),
            waiting: &|_| (),
        };
        let outcome = publish(&request, None).await.unwrap();
        assert!(outcome.shortfall.is_none(), "{:?}", outcome.shortfall);
        outcome
    }

    /// What the machine without keys has: a copy of the folder, and nothing else.
    fn hand_over(&self, to: &str) -> PathBuf {
        let folder = self.folder.path().join(to);
        fs::create_dir(&folder).unwrap();
        for entry in fs::read_dir(self.dir().join(AHEAD_DIR)).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), folder.join(entry.file_name())).unwrap();
        }
        folder
    }

    /// As `ipns put --due` does.
    async fn put(&self, folder: &Path, day: i64) -> Result<u64, PublishTreeError> {
        let (series, now) = (Series::open(folder, &self.ipns.name()).unwrap(), self.day(day));
        let due = series.due(now).unwrap();
        assert!(!due.record.is_expired(now), "on day {day}");
        let sequence = due.record.fields().sequence;
        let over: Vec<_> = series.before(sequence).cloned().collect();
        let root = PublishedTree::of(&due.record).unwrap();
        let request = PublishRequest {
            workspace: None,
            name: self.ipns.name(),
            subject: Subject::Root(*root.root()),
            author: Author::Signed { record: &due.record, over: &over },
            publishers: &self.publishers,
            gateways: &[],
            trees: None,
            permission: &Permission::default(),
            removal: Removal::Any,
            enough: ROUND,
            now,
            notice: &|_| (),
            waiting: &|_| (),
        };
        publish(&request, None).await.map(|outcome| outcome.record.fields().sequence)
    }

    /// What a resolver reads of a record on a day: none where there is none.
    async fn resolves(&self, record: &str, day: i64) -> Option<String> {
        let w3name = W3name::new(self.http.clone(), self.devnet.urls().w3name.parse().unwrap());
        let published = w3name.get(&self.ipns.name()).await.unwrap().unwrap();
        assert!(!published.is_expired(self.day(day)), "nothing stands on day {day}");
        let (gateway, value) = (self.devnet.urls().gateway, published.fields().value.clone());
        let url = format!("{gateway}{value}/.well-known/eth/nick/{record}.json");
        let answer = reqwest::get(url).await.unwrap();
        if answer.status() == 404 {
            return None;
        }
        let file = answer.error_for_status().unwrap().bytes().await.unwrap();
        let signed = SignedRecord::decode(&RecordFile::payload(&file).unwrap()).unwrap();
        let key = RecordKey::parse(record).unwrap();
        Some(Value::abi_decode(&key, &signed.result).unwrap().to_string())
    }

    async fn assert_says(&self, day: i64, avatar: &str, notice: Option<&str>) {
        let said = self.resolves("text/avatar", day).await;
        assert_eq!(said.as_deref(), Some(avatar), "the avatar on day {day}");
        let said = self.resolves("text/notice", day).await;
        assert_eq!(said.as_deref(), notice, "the notice on day {day}");
    }

    /// No file holds a key, in any form.
    fn assert_no_key(&self, folder: &Path) {
        let mut folders = vec![folder.to_owned()];
        let secrets: Vec<Vec<u8>> = [self.ipns.seed().expose(), self.signer.scalar().expose()]
            .iter()
            .flat_map(|secret| {
                let hex = alloy_primitives::hex::encode(secret);
                [secret.to_vec(), hex.into_bytes(), data_encoding::BASE64.encode(*secret).into()]
            })
            .collect();
        let mut files = 0;
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let bytes = fs::read(&path).unwrap();
                for secret in &secrets {
                    let holds = bytes.windows(secret.len()).any(|part| part == secret);
                    assert!(!holds, "{}", path.display());
                }
                files += 1;
            }
        }
        assert!(files > 0, "nothing was looked at");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn at_each_time_the_record_of_that_time_resolves() {
    let year = Year::new();
    year.want("text/avatar", "a", (None, None));
    year.want("text/avatar", "b", (Some(100), None));
    year.want("text/avatar", "c", (Some(200), None));
    year.want("text/notice", "sale", (Some(50), Some(120)));
    // Each phase is signed, of those that are to come in their folders.
    assert_eq!(year.sign(0).await, 4);
    assert_eq!(year.publish_ahead(0).await.record.fields().sequence, 0);
    let keyless = year.hand_over("keyless");
    for folder in [&keyless, &year.dir()] {
        year.assert_no_key(folder);
    }
    // Nothing of it changes before its time, and each in its time.
    for (day, sequence, avatar, notice) in [
        (1, 0, "a", None),
        (49, 0, "a", None),
        (50, 1, "a", Some("sale")),
        (99, 1, "a", Some("sale")),
        (100, 2, "b", Some("sale")),
    ] {
        assert_eq!(year.put(&keyless, day).await.unwrap(), sequence, "day {day}");
        year.assert_says(day, avatar, notice).await;
    }
    // The machine is off while the notice ends: the old phase stays, not nothing.
    year.assert_says(149, "b", Some("sale")).await;
    assert_eq!(year.put(&keyless, 149).await.unwrap(), 3, "it catches up");
    year.assert_says(149, "b", None).await;

    // A phase is replaced: the record of now is above all that was signed, and the rest anew.
    year.want("text/avatar", "d", (Some(200), None));
    year.sign(150).await;
    assert_eq!(year.publish_ahead(150).await.record.fields().sequence, 5);
    year.assert_says(150, "b", None).await;
    let renewed = year.hand_over("renewed");
    year.assert_no_key(&renewed);
    // An old folder wins no more.
    let error = year.put(&keyless, 201).await.unwrap_err();
    assert!(matches!(error, PublishTreeError::SignedOutdated { .. }), "{error}");
    year.assert_says(201, "b", None).await;
    assert_eq!(year.put(&renewed, 201).await.unwrap(), 6);
    for day in [201, 364] {
        year.assert_says(day, "d", None).await;
    }
    // Where the keys are nothing is left to do: the tree of now is the one that was put in turn.
    assert_eq!(year.sign(300).await, 1, "it takes its place in the tree");
    let last = year.publish_ahead(300).await;
    assert_eq!((last.record.fields().sequence, last.new_record), (6, false));
    assert!(!year.dir().join(AHEAD_DIR).exists(), "nothing is to come");
    assert_eq!(fs::read_dir(year.dir().join("phases")).map_or(0, Iterator::count), 0);
}

/// `renew` and `rollback` go above what is signed ahead, and sign it anew: the same trees.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_published_in_between_signs_the_coming_phases_anew() {
    let year = Year::new();
    year.want("text/avatar", "a", (None, None));
    year.want("text/avatar", "b", (Some(100), None));
    year.sign(0).await;
    year.publish_ahead(0).await;
    let old = year.hand_over("old");
    // The same again spends no sequence, nor does one that was cut short before the folder was.
    fs::remove_dir_all(year.dir().join(AHEAD_DIR)).unwrap();
    assert!(!year.publish_ahead(1).await.new_record);
    assert_eq!(fs::read_dir(year.dir().join(AHEAD_DIR)).unwrap().count(), 2);
    // Where a phase is taken back, what was signed of it is to win no more either.
    let other = Year { begins: year.begins, ..Year::new() };
    other.want("text/avatar", "a", (None, None));
    other.want("text/avatar", "b", (Some(100), None));
    other.sign(0).await;
    other.publish_ahead(0).await;
    let taken_back = other.hand_over("taken back");
    other.want("text/avatar", "a", (Some(100), None));
    other.sign(1).await;
    assert_eq!(other.publish_ahead(1).await.record.fields().sequence, 2);
    assert!(other.put(&taken_back, 100).await.is_err());
    assert_eq!(other.resolves("text/avatar", 100).await.as_deref(), Some("a"));
    // A renewal.
    let workspace = year.workspace(2);
    let outcome = year.publish(2, Subject::Newest { foreign: false }, Needs::default()).await;
    assert_eq!(outcome.record.fields().sequence, 2);
    let turns = turns_ahead(&workspace, &outcome.record, (year.day(2), true));
    let signed = sign_turns(&workspace, &year.ipns, &outcome.record, &turns, TTL).unwrap();
    assert_eq!(signed.iter().map(|one| one.record.fields().sequence).collect::<Vec<_>>(), [3]);
    let new = year.hand_over("new");
    assert!(matches!(year.put(&old, 100).await, Err(PublishTreeError::SignedOutdated { .. })));
    assert_eq!(year.put(&new, 100).await.unwrap(), 3);
    assert_eq!(year.resolves("text/avatar", 100).await.as_deref(), Some("b"));
}

/// A phase that is not signed is not left out in silence.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_signed_is_not_published_ahead() {
    let year = Year::new();
    year.want("text/avatar", "a", (None, None));
    year.sign(0).await;
    year.want("text/avatar", "b", (Some(100), None));
    let (workspace, scratch) = (year.workspace(0), || tempfile::tempfile().unwrap());
    let config = workspace.config().unwrap();
    let trees = |workspace: &Workspace| {
        let records = workspace.records(&config).unwrap();
        let with = (&year.expected(), &OwnKeys::default());
        turn_trees(workspace, &config, &records, with, [scratch(), scratch()])
    };
    let error = trees(&workspace).err().unwrap().to_string();
    assert!(error.contains("text/avatar") && error.contains("not signed"), "{error}");
    year.sign(0).await;
    assert_eq!(trees(&workspace).unwrap().turns.len(), 1);
    // Once it has begun it takes its place as it is.
    let before = find(&year.dir().join("phases"));
    let bytes = fs::read(&before[0]).unwrap();
    assert_eq!((before.len(), year.sign(101).await), (1, 1));
    let after = year.dir().join(".well-known/eth/nick/text/avatar.json");
    assert_eq!(fs::read(after).unwrap(), bytes);
    assert_eq!(find(&year.dir().join("phases")).len(), 0);
}

fn find(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { find(&path) } else { vec![path] }).collect()
}
