//! Every command that changes something, with a fault at every step it takes: the same command
//! then completes, nothing that was published is lost, and no secret stays where none belongs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use namesys::devnet::{DevnetConfig, DevnetHandle};
use namesys::ipns::{RecordSource, Revision, W3name};
use namesys::keys::{IpnsKey, IpnsName, SignerKey};
use namesys::net::{Http, HttpConfig};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::faults::{self, Point};
use crate::place::{PASSWORD, Place, WALLET, files};
use crate::posted_to::PostedTo;

const RECORDS: &str = "a.nick.eth,text/note,one\n\
                       nick.eth,address/60,0x0000000000000000000000000000000000000001\n";
/// All commands together go on for so long, and each has a few faults in any case.
const TIME: Duration = Duration::from_secs(40);
const LEAST: usize = 3;

/// A command and what stands before it.
struct Scene {
    before: Before,
    command: &'static [&'static str],
}

/// What is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Before {
    /// The wallet.
    Nothing,
    /// Two names of one wallet, signed.
    Names,
    /// One of them, and the files of the other.
    Carried,
    /// A workspace with records.
    Wanted,
    /// The records signed, one of them no longer wanted.
    Signed,
    /// The records signed, and a database to post them to.
    Database,
    /// Published twice, and changed since.
    Published,
    /// And published elsewhere since.
    Behind,
    /// Of the published, with a phase that is to come, not signed.
    Timed,
    /// Signed.
    Phased,
    /// Whose phase has begun since.
    Turned,
    /// Published ahead, and changed since.
    Ahead,
}

const SCENES: &[Scene] = &[
    scene(Before::Nothing, &["init", "nick.eth"]),
    scene(Before::Names, &["name", "remove", "other.eth", "--keep"]),
    scene(Before::Carried, &["name", "add", "other.eth"]),
    scene(Before::Wanted, &["set", "text", "url", "https://example.com/2"]),
    scene(Before::Wanted, &["unset", "text", "url"]),
    scene(Before::Wanted, &["import", "records.csv"]),
    scene(Before::Wanted, &["edit"]),
    scene(Before::Wanted, &["keygen"]),
    scene(Before::Wanted, &["keygen", "--export", "keys"]),
    scene(Before::Wanted, &["keygen", "--export", "keys", "--format", "base64"]),
    scene(
        Before::Wanted,
        &["invoice", "key", "--out", "invoice.key", "--private-key-file", "../wallet.key"],
    ),
    scene(
        Before::Wanted,
        &["stealth", "keys", "--export", "stealth", "--private-key-file", "../wallet.key"],
    ),
    scene(Before::Wanted, &["stealth", "set", "--private-key-file", "../wallet.key"]),
    scene(Before::Wanted, &["approve"]),
    scene(Before::Wanted, &["sign"]),
    scene(Before::Signed, &["sign"]),
    scene(Before::Signed, &["pack", "--car", "tree.car"]),
    scene(Before::Signed, &["publish", "--validity", LATER]),
    scene(Before::Signed, &["publish", "--to", "https", "--site", "folder=www"]),
    scene(Before::Signed, &["publish", "--sign-only", "parcel", "--validity", LATER]),
    scene(
        Before::Signed,
        &[
            "ipns",
            "sign",
            "--value",
            "/ipfs/bafkqaaa",
            "--sequence",
            "9",
            "--validity",
            LATER,
            "--out",
            "one.ipns-record",
            "--ipns-key-file",
            "ipns.key",
        ],
    ),
    scene(
        Before::Signed,
        &["key", "export", "--format", "pem", "--out", "copy.pem", "--ipns-key-file", "ipns.key"],
    ),
    scene(Before::Nothing, &["man", "pages"]),
    scene(
        Before::Nothing,
        &["revision", "increment", "a.revision", "--validity", LATER, "--out", "b.revision"],
    ),
    scene(Before::Published, &["publish", "--validity", LATER]),
    scene(Before::Published, &["publish", "--signed", "parcel"]),
    scene(
        Before::Published,
        &["rotate", "--new-key-password-file", "new-password", "--validity", LATER],
    ),
    scene(Before::Published, &["renew", "--validity", "2101-01-01T00:00:00Z"]),
    scene(Before::Published, &["rollback", "0", "--validity", LATER]),
    scene(Before::Published, &["ipns", "put", "newer.ipns-record"]),
    scene(Before::Published, &["ipns", "put", "--due", "series"]),
    scene(Before::Published, &["publish", "--to", "https", "--site", "folder=www"]),
    scene(Before::Wanted, &["apply", "--yes", "--validity", LATER]),
    scene(Before::Signed, &["apply", "--yes", "--validity", LATER]),
    scene(Before::Database, &["apply", "--yes", "--allow-loopback", "--validity", LATER]),
    scene(Before::Database, &["publish", "--to", "database", "--allow-loopback"]),
    scene(Before::Behind, &["pull"]),
    scene(Before::Timed, &["set", "text", "note", "later", "--starts", "2098-01-01T00:00:00Z"]),
    scene(Before::Timed, &["sign"]),
    scene(Before::Phased, &["publish", "--ahead", "--validity", LATER]),
    scene(Before::Turned, &["publish", "--validity", LATER]),
    scene(Before::Ahead, &["publish", "--validity", LATER]),
    scene(Before::Ahead, &["renew", "--validity", "2101-01-01T00:00:00Z"]),
    scene(
        Before::Published,
        &["clone", "nick.eth", "cloned", "--ipns", IPNS_NAME, "--owner", OWNER],
    ),
];
/// What the wallet derives, and the wallet.
const IPNS_NAME: &str = "k51qzi5uqu5dkp79c0t1hezi6xl5cpjzl5qomuaw4c93z9dsgv50dv33giuq7r";
const OWNER: &str = "0x4a62316623ad457F02cDC5D997deD67a383EC569";
const LATER: &str = "2100-01-01T00:00:00Z";

const fn scene(before: Before, command: &'static [&'static str]) -> Scene {
    Scene { before, command }
}

/// A place, and the devnet it publishes to.
struct Stage {
    place: Place,
    devnet: DevnetHandle,
    database: Option<PostedTo>,
}

impl Stage {
    fn new() -> Self {
        let stage = Self::of(Place::new());
        stage.place.write("w/records.csv", RECORDS);
        stage.place.write("w/new-password", "another one");
        std::fs::write(stage.place.path("w/a.revision"), revision()).unwrap();
        stage
    }

    fn of(mut place: Place) -> Self {
        let dir = Some(place.path("devnet"));
        let devnet = DevnetHandle::spawn(DevnetConfig { dir, ..DevnetConfig::ephemeral() });
        let devnet = devnet.unwrap();
        place.publish_to(devnet.urls());
        Self { place, devnet, database: None }
    }

    /// As this one is now.
    fn copy(&self) -> Self {
        let copy = Self::of(self.place.copy());
        let database = PostedTo::again(&copy.place.path(""), self.database.as_ref());
        Self { database, ..copy }
    }

    fn done(&self, arguments: &[&str]) {
        self.place.done(arguments);
    }

    /// Every file of the workspace, but what can be rebuilt, and what a process that was killed
    /// left under a name of its own; that it holds no secret is looked at.
    fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = files(&self.place.path("w"));
        let is_state = |path: &PathBuf| path.iter().any(|part| part == ".namesys");
        files.retain(|path, _| !is_state(path) && !is_temporary(path));
        if let Some(database) = &self.database {
            for (path, bytes) in &mut files {
                *bytes = database.like_any(path, std::mem::take(bytes));
            }
        }
        files
    }

    /// What the service serves: sequence and value.
    fn served(&self, name: &IpnsName) -> Option<(u64, String)> {
        let http = Http::new(HttpConfig::default()).unwrap();
        let w3name = W3name::new(http, self.devnet.urls().w3name.parse().unwrap());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let record = runtime.block_on(w3name.get(name)).unwrap()?;
        let fields = record.fields();
        Some((fields.sequence, fields.value.clone()))
    }
}

/// A w3name revision of somebody.
fn revision() -> Vec<u8> {
    let name = IpnsKey::from_seed(&[3; 32].into()).name();
    let until = LATER.parse().unwrap();
    Revision::first(name, "/ipfs/bafkqaaa", until).encode()
}

fn is_temporary(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    let is_clone = path.iter().any(|part| part.to_string_lossy().starts_with(".clone-"));
    is_clone || name.starts_with(".car-") || name.starts_with(".tmp")
}

/// Each way to begin, made once.
struct Beginnings {
    places: BTreeMap<Before, Stage>,
    name: IpnsName,
    secrets: Vec<(&'static str, Vec<u8>)>,
}

impl Beginnings {
    fn new() -> Self {
        let nothing = Stage::new();
        let wanted = nothing.copy();
        wanted.done(&["init", "nick.eth"]);
        wanted.done(&["set", "text", "avatar", "https://example.com/1"]);
        wanted.done(&["set", "text", "url", "https://example.com/1"]);
        let signed = wanted.copy();
        signed.done(&["sign"]);
        let mut database = signed.copy();
        database.database = Some(PostedTo::begin(&database.place.path(""), OWNER));
        let keys = signed.copy();
        keys.done(&["keygen", "--export", "keys"]);
        let read = |file: &str| std::fs::read(keys.place.path("w/keys").join(file)).unwrap();
        let ipns = IpnsKey::parse(&read("ipns.key")).unwrap();
        let signer = namesys::keys::file::parse_signer_key(&read("signer.key").into()).unwrap();
        signed.place.write("w/ipns.key", ipns.to_pem().expose());
        let published = signed.copy();
        published.done(&["publish", "--validity", LATER]);
        for number in ["2", "3"] {
            published.done(&["set", "text", "avatar", number]);
            published.done(&["sign"]);
            if number == "2" {
                let report = published.place.done(&["publish", "--validity", LATER]);
                series_of(&published.place, &report);
            }
        }
        published.done(&["publish", "--sign-only", "parcel", "--validity", LATER]);
        let newer = ["--sequence", "7", "--validity", LATER, "--out", "newer.ipns-record"];
        let from = ["--value", "/ipfs/bafkqaaa", "--ipns-key-file", "ipns.key"];
        published.done(&[&["ipns", "sign"], &from[..], &newer].concat());
        let behind = behind(&published);
        let timed = published.copy();
        let phase = ["--starts", "2098-01-01T00:00:00Z", "--ends", "2099-01-01T00:00:00Z"];
        timed.done(&[&["set", "text", "url", "https://example.com/later"], &phase[..]].concat());
        let phased = timed.copy();
        phased.done(&["sign"]);
        let turned = phased.copy();
        let phases = turned.place.path("w/phases");
        std::fs::rename(phases.join("20980101T000000Z"), phases.join("20200101T000000Z")).unwrap();
        let records = turned.place.path("w/records.toml");
        let text = std::fs::read_to_string(&records).unwrap();
        std::fs::write(&records, text.replace("2098-01-01", "2020-01-01")).unwrap();
        let ahead = phased.copy();
        ahead.done(&["publish", "--ahead", "--validity", LATER]);
        ahead.done(&["set", "text", "avatar", "https://example.com/4"]);
        ahead.done(&["sign"]);
        signed.done(&["unset", "text", "url"]);
        let names = nothing.copy();
        names.done(&["init", "nick.eth", "other.eth", "--storage", "wallet"]);
        for name in ["nick.eth", "other.eth"] {
            names.done(&["set", "text", "avatar", "https://example.com/1", "--name", name]);
        }
        names.done(&["sign"]);
        let carried = names.copy();
        carried.done(&["name", "remove", "other.eth", "--keep"]);
        let places = [
            (Before::Names, names),
            (Before::Carried, carried),
            (Before::Nothing, nothing),
            (Before::Wanted, wanted),
            (Before::Signed, signed),
            (Before::Database, database),
            (Before::Published, published),
            (Before::Behind, behind),
            (Before::Timed, timed),
            (Before::Phased, phased),
            (Before::Turned, turned),
            (Before::Ahead, ahead),
        ];
        Self { places: places.into(), name: ipns.name(), secrets: secrets(&ipns, &signer) }
    }

    /// What no file may hold, but those that were asked for.
    fn assert_no_secret(&self, place: &Place, because: &str) {
        for (path, bytes) in files(&place.path("")) {
            let asked_for =
                ["wallet.key", "w/ipns.key", "w/keys/ipns.key", "w/keys/signer.key", "w/copy.pem"];
            if asked_for.iter().any(|file| path == Path::new(file)) {
                continue;
            }
            let holds = |secret: &[u8]| bytes.windows(secret.len()).any(|part| part == secret);
            for (what, secret) in &self.secrets {
                assert!(!holds(secret), "{what} in {} after {because}", path.display());
            }
        }
    }
}

/// A copy that somebody else has published from since, with a change of its own.
fn behind(published: &Stage) -> Stage {
    let behind = published.copy();
    let (here, aside) = (behind.place.path("w"), behind.place.path("aside"));
    let copied = std::process::Command::new("cp").arg("-a").args([&here, &aside]).status();
    assert!(copied.unwrap().success());
    std::fs::create_dir(here.join("root")).unwrap();
    std::fs::write(here.join("root/index.html"), "<p>").unwrap();
    behind.done(&["set", "text", "email", "a@example.com"]);
    behind.done(&["unset", "text", "url"]);
    behind.done(&["sign"]);
    behind.done(&["publish", "--validity", LATER]);
    std::fs::remove_dir_all(&here).unwrap();
    std::fs::rename(aside, here).unwrap();
    behind.done(&["set", "text", "note", "mine"]);
    behind.done(&["sign"]);
    behind
}

fn secrets(ipns: &IpnsKey, signer: &SignerKey) -> Vec<(&'static str, Vec<u8>)> {
    let pem = ipns.to_pem();
    let body = pem.expose().lines().find(|line| !line.starts_with(['-', '#'])).unwrap();
    let (seed, scalar) = (ipns.seed(), signer.scalar());
    let hex = |bytes: &[u8]| alloy_primitives::hex::encode(bytes).into_bytes();
    vec![
        ("the wallet's key", WALLET.into()),
        ("the password", PASSWORD.into()),
        ("the IPNS key", body.into()),
        ("the IPNS key", hex(seed.expose())),
        ("the IPNS key", seed.expose().to_vec()),
        ("the signer's key", hex(scalar.expose())),
        ("the signer's key", scalar.expose().to_vec()),
    ]
}

/// A scene, how it ends without a fault, and where faults can be.
struct Act<'a> {
    beginnings: &'a Beginnings,
    scene: &'a Scene,
    after: BTreeMap<PathBuf, Vec<u8>>,
    served: Option<(u64, String)>,
    points: Vec<Point>,
}

impl<'a> Act<'a> {
    fn new(beginnings: &'a Beginnings, scene: &'a Scene, runner: &mut TestRunner) -> Self {
        let stage = beginnings.places[&scene.before].copy();
        let (command, log) = (stage.place.command(scene.command), stage.place.path("log"));
        let points = faults::points(&command, &log, &stage.place.path("")).unwrap();
        assert!(points.len() >= 4, "{:?}: {points:?}", scene.command);
        let points = Just(points).prop_shuffle().new_tree(runner).unwrap().current();
        let (after, served) = (stage.files(), stage.served(&beginnings.name));
        Self { beginnings, scene, after, served, points }
    }

    /// Runs the command with the next fault, and again without: whether there was one left.
    fn play(&mut self) -> bool {
        let Some(point) = self.points.pop() else { return false };
        let Self { beginnings, scene, after, served, .. } = self;
        let stage = beginnings.places[&scene.before].copy();
        let because = format!("{} with {point}", scene.command.join(" "));
        let before = stage.served(&beginnings.name);
        let command = stage.place.command(scene.command);
        let log = stage.place.path("log");
        if faults::run_with(&command, &point, &log).unwrap().is_none() {
            return true;
        }
        let between = stage.served(&beginnings.name);
        let is_known = between == before || between == *served;
        assert!(is_known, "{between:?} is served after {because}");
        let complete = stage.files() == *after && between == *served;

        let again = stage.place.command(scene.command).output().unwrap();
        let text = String::from_utf8_lossy(&again.stdout);
        // What was done may be refused a second time: `init`, and files that are never replaced.
        assert!(again.status.success() || complete, "not completed after {because}: {text}");
        assert_same(&stage.files(), after, &because);
        assert_eq!(stage.served(&beginnings.name), *served, "after {because}");
        let left = stage.place.path("w/.namesys/tmp");
        let left = std::fs::read_dir(left).map_or(0, Iterator::count);
        assert!(left == 0 || !again.status.success(), "temporary files after {because}");
        beginnings.assert_no_secret(&stage.place, &because);
        true
    }
}

/// A record of what is published, for later.
fn series_of(place: &Place, report: &str) {
    let report: serde_json::Value = serde_json::from_str(report).unwrap();
    let value = format!("/ipfs/{}", report["root"].as_str().unwrap());
    std::fs::create_dir(place.path("w/series")).unwrap();
    let from = ["--value", &value, "--ipns-key-file", "ipns.key", "--sequence", "7"];
    let to = ["--validity", LATER, "--out", "series/7.ipns-record"];
    place.done(&[&["ipns", "sign"], &from[..], &to].concat());
}

fn assert_same(
    found: &BTreeMap<PathBuf, Vec<u8>>,
    expected: &BTreeMap<PathBuf, Vec<u8>>,
    because: &str,
) {
    let names = |files: &BTreeMap<PathBuf, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(found), names(expected), "files after {because}");
    for (path, bytes) in found {
        let expected = &expected[path];
        let (shown, should) = (String::from_utf8_lossy(bytes), String::from_utf8_lossy(expected));
        assert!(bytes == expected, "{} after {because}: {shown}\nnot {should}", path.display());
    }
}

/// What to install, where faults cannot be made.
pub fn missing() -> Option<String> {
    (!faults::are_possible()).then(|| "needs strace, and leave to trace".to_owned())
}

/// What the seed decides; `NAMESYS_SEED` gives another.
pub fn runner() -> TestRunner {
    let seed = seed();
    let random = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed.to_be_bytes(); 4].concat());
    TestRunner::new_with_rng(Config::default(), random)
}

fn seed() -> u64 {
    std::env::var("NAMESYS_SEED").map_or(1, |seed| seed.parse().unwrap())
}

/// `NAMESYS_SEED` gives other faults.
pub fn faults_at_every_step() {
    let (seed, mut runner) = (seed(), runner());
    let beginnings = Beginnings::new();
    let mut acts: Vec<Act<'_>> =
        SCENES.iter().map(|scene| Act::new(&beginnings, scene, &mut runner)).collect();
    let start = Instant::now();
    let mut played = 0;
    for round in 0.. {
        if round >= LEAST && start.elapsed() > TIME {
            break;
        }
        let count = acts.iter_mut().map(Act::play).filter(|played| *played).count();
        if count == 0 {
            break;
        }
        played += count;
    }
    let left: usize = acts.iter().map(|act| act.points.len()).sum();
    eprintln!("seed {seed}: {played} faults, {left} left for other seeds");
}
