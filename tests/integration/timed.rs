//! Records that change by time, over a simulated year: the machine with the keys signs ahead, one
//! without keys puts each turn in its time, and at each time the record that resolves is the one
//! that should. Both run the commands. The days go by while the clock stands: whatever says when
//! something begins or ends is moved back.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use namesys::devnet::{DevnetConfig, DevnetHandle};
use namesys::ipns::{RecordSource, W3name};
use namesys::keys::{IpnsKey, IpnsName};
use namesys::net::{Http, HttpConfig};
use namesys::publish::AHEAD_DIR;
use namesys::record::{RecordFile, RecordKey, Value};
use namesys::report::{ErrorKind, PublishReport};
use namesys::request::SignedRecord;
use namesys::workspace::file_time;

use crate::support::reports::kind;
use crate::workspace::{SEED, WALLET, Workspace};

/// The devnet, both machines, and the day it is.
struct Year {
    _devnet: DevnetHandle,
    folder: tempfile::TempDir,
    /// Where the keys are.
    keys: Workspace,
    http: Http,
    gateway: String,
    w3name: String,
    begins: Timestamp,
    today: i64,
    /// On which day each sequence was signed.
    signed: BTreeMap<u64, i64>,
    /// The folders that a machine without keys has.
    keyless: Vec<PathBuf>,
}

impl Year {
    fn new() -> Self {
        let devnet = DevnetHandle::spawn(DevnetConfig::ephemeral()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let urls = devnet.urls();
        let keys = Workspace::init(folder.path().join("keys"), urls.clone(), &["nick.eth"]);
        Self {
            _devnet: devnet,
            keys,
            folder,
            http: Http::new(HttpConfig::default()).unwrap(),
            gateway: urls.gateway,
            w3name: urls.w3name,
            begins: Timestamp::from_second(Timestamp::now().as_second()).unwrap(),
            today: 0,
            signed: BTreeMap::new(),
            keyless: Vec::new(),
        }
    }

    /// A day as the commands are told of it: today is now.
    fn day(&self, day: i64) -> Timestamp {
        self.begins + SignedDuration::from_hours(24 * (day - self.today))
    }

    /// It is another day.
    fn passes_to(&mut self, day: i64) {
        let gone = SignedDuration::from_hours(24 * (day - self.today));
        for file in ["records.toml", "published.toml"].map(|file| self.keys.dir.join(file)) {
            let Ok(text) = fs::read_to_string(&file) else { continue };
            let moved = text.split_inclusive([' ', ',', '"', '\n']).map(|word| {
                let time = word.trim_end_matches([' ', ',', '"', '\n']);
                match time.parse::<Timestamp>() {
                    Ok(found) => word.replace(time, &(found - gone).to_string()),
                    Err(_) => word.to_owned(),
                }
            });
            fs::write(&file, moved.collect::<String>()).unwrap();
        }
        let ahead = self.keys.dir.join(AHEAD_DIR);
        for folder in [&ahead, &self.keys.dir.join("phases")].into_iter().chain(&self.keyless) {
            moved_in(folder, gone);
        }
        self.today = day;
    }

    /// Wants a value from one day to another.
    fn want(&self, record: &str, text: &str, (starts, ends): (Option<i64>, Option<i64>)) {
        let (kind, key) = record.split_once('/').unwrap();
        let mut arguments =
            vec!["set".to_owned(), kind.to_owned(), key.to_owned(), text.to_owned()];
        for (flag, day) in [("--starts", starts), ("--ends", ends)] {
            if let Some(day) = day {
                arguments.extend([flag.to_owned(), self.day(day).to_string()]);
            }
        }
        self.keys.good(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    }

    fn sign(&self) -> u64 {
        self.keys.good(&["sign"])["signed"].as_u64().unwrap()
    }

    fn publish_ahead(&mut self) -> PublishReport {
        let published: PublishReport = self.keys.report(&["publish", "--ahead"]);
        if published.new_record {
            self.signed.insert(published.sequence, self.today);
        }
        for one in &published.ahead {
            self.signed.entry(one.sequence).or_insert(self.today);
        }
        published
    }

    /// What the machine without keys has: a copy of the folder, and nothing else.
    fn hand_over(&mut self, to: &str) -> PathBuf {
        let folder = self.folder.path().join(to);
        fs::create_dir(&folder).unwrap();
        for entry in fs::read_dir(self.keys.dir.join(AHEAD_DIR)).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), folder.join(entry.file_name())).unwrap();
        }
        self.keyless.push(folder.clone());
        folder
    }

    /// Puts what is due, where no workspace and no key is.
    fn put(&mut self, folder: &Path, day: i64) -> Result<u64, ErrorKind> {
        self.passes_to(day);
        let machine = self.keys.at_dir(self.folder.path().join("elsewhere"));
        fs::create_dir_all(&machine.dir).unwrap();
        let name = self.name().to_string();
        let mut command = machine.command(env!("CARGO_BIN_EXE_namesys"));
        command.env_remove("NAMESYS_IPNS_KEY").env_remove("ETH_PRIVATE_KEY");
        command.args(["--json", "ipns", "put", "--name", &name, "--due"]).arg(folder);
        let output = command.output().unwrap();
        let put: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        match output.status.success() {
            true => Ok(put["sequence"].as_u64().unwrap()),
            false => Err(kind(&put).unwrap()),
        }
    }

    fn name(&self) -> IpnsName {
        IpnsKey::parse(SEED.as_bytes()).unwrap().name()
    }

    /// What a resolver reads of a record today: none where there is none.
    async fn resolves(&self, record: &str) -> Option<String> {
        let w3name = W3name::new(self.http.clone(), self.w3name.parse().unwrap());
        let published = w3name.get(&self.name()).await.unwrap().unwrap();
        let age = self.today - self.signed[&published.fields().sequence];
        let then = Timestamp::now() + SignedDuration::from_hours(24 * age);
        assert!(!published.is_expired(then), "nothing stands on day {}", self.today);
        let value = published.fields().value.clone();
        let url = format!("{}{value}/.well-known/eth/nick/{record}.json", self.gateway);
        let answer = reqwest::get(url).await.unwrap();
        if answer.status() == 404 {
            return None;
        }
        let file = answer.error_for_status().unwrap().bytes().await.unwrap();
        let signed = SignedRecord::decode(&RecordFile::payload(&file).unwrap()).unwrap();
        let key = RecordKey::parse(record).unwrap();
        Some(Value::abi_decode(&key, &signed.result).unwrap().to_string())
    }

    async fn assert_says(&mut self, day: i64, avatar: &str, notice: Option<&str>) {
        self.passes_to(day);
        let said = self.resolves("text/avatar").await;
        assert_eq!(said.as_deref(), Some(avatar), "the avatar on day {day}");
        let said = self.resolves("text/notice").await;
        assert_eq!(said.as_deref(), notice, "the notice on day {day}");
    }
}

/// Whatever a file or folder says in its name of a time is earlier.
fn moved_in(folder: &Path, gone: SignedDuration) {
    let entries: Vec<PathBuf> =
        fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
    for path in entries {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let time = name.split(['-', '.']).find_map(|part| {
            let time = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", part).ok()?;
            Some(time.to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp())
        });
        if let Some(time) = time.filter(|time| *time != Timestamp::UNIX_EPOCH) {
            let to = name.replace(&file_time(time), &file_time(time - gone));
            fs::rename(&path, path.with_file_name(format!("{to}.moved"))).unwrap();
        }
    }
    // Two may have changed places.
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "moved") {
            fs::rename(&path, path.with_extension("")).unwrap();
        }
    }
}

/// No file holds a key, in any form.
fn assert_no_key(folder: &Path) {
    let mut folders = vec![folder.to_owned()];
    let secrets: Vec<Vec<u8>> = [SEED, WALLET]
        .iter()
        .flat_map(|hex| {
            let secret = alloy_primitives::hex::decode(hex).unwrap();
            let base64 = data_encoding::BASE64.encode(&secret).into();
            [secret, hex.as_bytes().to_vec(), base64]
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

#[tokio::test(flavor = "multi_thread")]
async fn at_each_time_the_record_of_that_time_resolves() {
    let mut year = Year::new();
    year.want("text/avatar", "a", (None, None));
    year.want("text/avatar", "b", (Some(100), None));
    year.want("text/avatar", "c", (Some(200), None));
    year.want("text/notice", "sale", (Some(50), Some(120)));
    // Each phase is signed, of those that are to come in their folders.
    assert_eq!(year.sign(), 4);
    assert_eq!(year.publish_ahead().sequence, 0);
    let keyless = year.hand_over("keyless");
    for folder in [&keyless, &year.keys.dir.join(".well-known"), &year.keys.dir.join("phases")] {
        assert_no_key(folder);
    }
    // Nothing of it changes before its time, and each in its time.
    for (day, sequence, avatar, notice) in [
        (1, 0, "a", None),
        (49, 0, "a", None),
        (50, 1, "a", Some("sale")),
        (99, 1, "a", Some("sale")),
        (100, 2, "b", Some("sale")),
    ] {
        assert_eq!(year.put(&keyless, day), Ok(sequence), "day {day}");
        year.assert_says(day, avatar, notice).await;
    }
    // The machine is off while the notice ends: the old phase stays, not nothing.
    year.assert_says(149, "b", Some("sale")).await;
    assert_eq!(year.put(&keyless, 149), Ok(3), "it catches up");
    year.assert_says(149, "b", None).await;

    // A phase is replaced: the record of now is above all that was signed, and the rest anew.
    year.passes_to(150);
    year.want("text/avatar", "d", (Some(200), None));
    year.sign();
    assert_eq!(year.publish_ahead().sequence, 5);
    year.assert_says(150, "b", None).await;
    let renewed = year.hand_over("renewed");
    assert_no_key(&renewed);
    // An old folder wins no more.
    assert_eq!(year.put(&keyless, 201), Err(ErrorKind::Outdated));
    year.assert_says(201, "b", None).await;
    assert_eq!(year.put(&renewed, 201), Ok(6));
    for day in [201, 364] {
        year.assert_says(day, "d", None).await;
    }
    // Where the keys are nothing is left to do: the tree of now is the one that was put in turn.
    let phases = year.keys.dir.join("phases");
    assert_eq!(year.sign(), 1, "it takes its place in the tree");
    let last = year.publish_ahead();
    assert_eq!((last.sequence, last.new_record), (6, false));
    assert!(!phases.join("ipns").exists(), "nothing is to come");
    assert_eq!(fs::read_dir(phases).map_or(0, Iterator::count), 0);
}

/// The same again spends no sequence; a phase that is taken back wins no more.
#[test]
fn a_phase_that_is_taken_back_wins_no_more() {
    let mut year = Year::new();
    year.want("text/avatar", "a", (None, None));
    year.want("text/avatar", "b", (Some(100), None));
    year.sign();
    year.publish_ahead();
    let taken_back = year.hand_over("taken back");
    // Nor does one that was cut short before the folder was there.
    fs::remove_dir_all(year.keys.dir.join(AHEAD_DIR)).unwrap();
    let again = year.publish_ahead();
    assert_eq!((again.new_record, again.ahead[0].sequence), (false, 1));
    assert_eq!(fs::read_dir(year.keys.dir.join(AHEAD_DIR)).unwrap().count(), 2);
    year.want("text/avatar", "a", (Some(100), None));
    year.sign();
    assert_eq!(year.publish_ahead().sequence, 2);
    assert_eq!(year.put(&taken_back, 100), Err(ErrorKind::Outdated));
}
