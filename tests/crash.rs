//! Processes that are killed, and processes at work at the same time: the workspace stays whole,
//! the next run completes, nothing is lost, the sequence never goes back.

#![allow(clippy::unwrap_used)]

#[allow(dead_code)] // Other tests use the rest of it.
#[path = "support/place.rs"]
mod place;
#[allow(dead_code)] // Other tests use the rest of it.
#[path = "support/reports.rs"]
mod reports;

use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use namesys::devnet::{DevnetConfig, DevnetHandle};
use namesys::ens::Name;
use namesys::ipns::{RecordSource, W3name};
use namesys::keys::IpnsName;
use namesys::net::{Http, HttpConfig};
use namesys::publish::History;
use namesys::record::{RecordKey, record_path};
use namesys::report::{
    ImportReport, InitReport, PublishReport, RecordsReport, SignReport, SitePublishReport,
    VerifyReport,
};
use namesys::workspace::{Verdict, Workspace, check_tree, walk};
use place::{Place, files};
use serde::Serialize;
use serde::de::DeserializeOwned;

const ROUNDS: u32 = 50;

/// A workspace of nick.eth.
struct Sandbox(Place);

impl Sandbox {
    fn new() -> Self {
        let sandbox = Self(Place::new());
        sandbox.done::<InitReport>(&["init", "nick.eth"]);
        sandbox
    }

    fn path(&self, relative: &str) -> PathBuf {
        self.0.path(relative)
    }

    fn workspace(&self) -> Workspace {
        Workspace::at(&self.path("w")).unwrap()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        self.0.command(arguments)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.0.run(arguments)
    }

    /// Runs a command that must succeed; its report.
    fn done<T: Serialize + DeserializeOwned>(&self, arguments: &[&str]) -> T {
        reports::report(&serde_json::from_str(&self.0.done(arguments)).unwrap())
    }

    /// Imports a text record for each of `names` names, and an address for each.
    fn import(&self, file: &str, names: u32, text: &str) {
        let row = |i| {
            format!("sub{i}.nick.eth,text/note,{text}\nsub{i}.nick.eth,address/60,0x{i:040x}\n")
        };
        std::fs::write(self.path(file), (0..names).map(row).collect::<String>()).unwrap();
        self.done::<ImportReport>(&["import", &format!("../{file}")]);
    }

    /// What must hold at any moment, after any kill: the TOML files parse, and the tree holds
    /// whole, right records and nothing else.
    fn assert_whole(&self) {
        let workspace = self.workspace();
        let config = workspace.config().unwrap();
        workspace.records(&config).unwrap();
        let Some(owner) = config.owner() else {
            assert_eq!(walk(workspace.dir()).unwrap(), [], "signed before the wallet was recorded");
            return;
        };
        let owner_of = |_: &Name| owner;
        for file in check_tree(workspace.dir(), 1, &owner_of, &[], &|| {}).unwrap() {
            let expected_foreign = file.path == ".well-known/security.txt";
            let whole = matches!(file.verdict, Verdict::Valid(_))
                || matches!(file.verdict, Verdict::Foreign) && expected_foreign;
            assert!(whole, "{}: {:?}", file.path, file.verdict);
        }
    }

    /// What holds when a command has completed: `verify` is clean, and no temporary file is left.
    fn assert_complete(&self) {
        self.assert_whole();
        assert_eq!(self.done::<VerifyReport>(&["verify"]).invalid, 0);
        let left = std::fs::read_dir(self.path("w/.namesys/tmp")).unwrap();
        let left: Vec<_> = left.map(|entry| entry.unwrap().path()).collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

/// Kills at moments spread over the life of a process, however long that is on a machine whose
/// load changes: a process that ended before its kill shows the length anew.
struct Killer {
    length: Duration,
    killed: u32,
}

impl Killer {
    /// `length` is how long the command takes.
    fn new(length: Duration) -> Self {
        Self { length, killed: 0 }
    }

    /// Starts the command and kills it `round` of [`ROUNDS`] through its life.
    fn kill(&mut self, command: Command, round: u32) {
        let end = Instant::now() + self.length * round / ROUNDS;
        self.kill_when(command, |now| match end.checked_duration_since(now) {
            None | Some(Duration::ZERO) => None,
            left => left,
        });
    }

    /// Starts the command and kills it once a file is there.
    fn kill_at_file(&mut self, command: Command, file: &Path) {
        self.kill_when(command, |_| (!file.exists()).then_some(Duration::from_micros(100)));
    }

    /// Starts the command and kills it when there is nothing `left` to wait for.
    fn kill_when(&mut self, mut command: Command, left: impl Fn(Instant) -> Option<Duration>) {
        let start = Instant::now();
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        loop {
            if let Some(status) = child.try_wait().unwrap() {
                assert!(status.success(), "{command:?} failed by itself");
                self.length = start.elapsed();
                return;
            }
            let Some(left) = left(Instant::now()) else { break };
            std::thread::sleep(left.min(Duration::from_millis(5)));
        }
        child.kill().unwrap();
        self.killed += u32::from(child.wait().unwrap().signal() == Some(9));
    }

    /// Most kills must have hit, or the test shows nothing.
    fn assert_mostly_hit(&self) {
        assert!(self.killed >= ROUNDS * 3 / 5, "only {} of {ROUNDS} were killed", self.killed);
    }
}

fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for file in ["namesys.toml", "records.toml"] {
        std::fs::copy(from.join(file), to.join(file)).unwrap();
    }
}

#[test]
fn sign_killed_at_any_moment_is_completed_by_the_next() {
    let sandbox = Sandbox::new();
    sandbox.import("first.csv", 20, "first");
    let (fresh, workspace) = (sandbox.path("fresh"), sandbox.path("w"));
    copy(&workspace, &fresh);
    let sign = ["sign"];
    let mut killers = [(); 2]
        .map(|()| Killer::new(timed(|| _ = sandbox.done::<SignReport>(&["sign", "--force"]))));
    let mut halfway = 0;
    for round in 0..ROUNDS {
        // In turn: the first signing of all, with the keys and approvals; and the signing of a
        // change, over files that are there.
        let first = round % 2 == 0;
        if first {
            std::fs::remove_dir_all(&workspace).unwrap();
            copy(&fresh, &workspace);
        } else {
            sandbox.import("changed.csv", 20, &format!("round {round}"));
        }
        let killer = &mut killers[usize::from(first)];
        if round % 4 == 0 {
            // Amid the files, however short a time they take.
            let name = format!("w/.well-known/eth/nick/sub{}/address/60.json", round % 20);
            killer.kill_at_file(sandbox.command(&sign), &sandbox.path(&name));
        } else {
            killer.kill(sandbox.command(&sign), round);
        }
        sandbox.assert_whole();
        let report: SignReport = sandbox.done(&sign);
        let SignReport { signed, unchanged, removed, .. } = report;
        assert_eq!((signed + unchanged, removed), (40, 0), "{report:?}");
        let to_sign = if first { 40 } else { 20 };
        halfway += u32::from(signed > 0 && signed < to_sign);
        sandbox.assert_complete();
    }
    let [one, other] = killers;
    Killer { killed: one.killed + other.killed, ..one }.assert_mostly_hit();
    assert!(halfway >= 5, "only {halfway} kills came between the first file and the last");
}

#[test]
fn publish_killed_at_any_moment_is_completed_by_the_next() {
    let devnet = DevnetHandle::spawn(DevnetConfig::ephemeral()).unwrap();
    let mut sandbox = Sandbox::new();
    sandbox.0.publish_to(devnet.urls());
    sandbox.import("records.csv", 10, "published");
    sandbox.done::<SignReport>(&["sign"]);
    let start = Instant::now();
    let mut last: PublishReport = sandbox.done(&["publish"]);
    let mut killer = Killer::new(start.elapsed());
    let name: IpnsName = last.ipns_name.parse().unwrap();
    let service = Service::new(&devnet.urls().w3name, name);
    for round in 0..ROUNDS {
        let sequence = last.sequence;
        assert_eq!(service.sequence(), sequence);
        // Another tree each time, by a file that is not ours.
        let text = format!("Contact: mailto:{round}@example.com\n");
        std::fs::write(sandbox.path("w/.well-known/security.txt"), text).unwrap();
        killer.kill(sandbox.command(&["publish"]), round);
        sandbox.assert_whole();
        assert!(service.sequence() >= sequence, "the service went back");
        // Every kept record is whole; reading verifies them.
        let kept = History::of(&sandbox.workspace()).records(&service.name).unwrap();
        assert!(kept.last().unwrap().fields().sequence >= sequence);

        let report: PublishReport = sandbox.done(&["publish"]);
        // One root, one record: what the killed run had made is taken up, not made again.
        assert_eq!(report.sequence, sequence + 1, "{report:?}");
        assert_ne!(report.root, last.root);
        assert!(report.publications[0].read_back, "{report:?}");
        sandbox.assert_complete();
        last = report;
    }
    killer.assert_mostly_hit();
}

#[test]
fn a_web_host_has_whole_files_at_any_moment() {
    let sandbox = Sandbox::new();
    let (tree, site) = (sandbox.path("w/.well-known"), sandbox.path("www"));
    // Some stay, some change, some come and some go, each round.
    let change = |round: u32| {
        let row = |file: u32| {
            let text = format!("{file} {} ", if file.is_multiple_of(2) { 0 } else { round });
            format!("nick.eth,text/more{file},{}\n", text.repeat(200))
        };
        let rows: String = (round * 10..round * 10 + 40).map(row).collect();
        std::fs::write(sandbox.path("records.csv"), rows).unwrap();
        sandbox.done::<ImportReport>(&["import", "../records.csv", "--sync"]);
        sandbox.done::<SignReport>(&["sign"]);
    };
    change(0);
    let target = format!("folder={}", site.display());
    let publish = ["publish", "--to", "https", "--site", &target];
    let mut killer = Killer::new(timed(|| _ = sandbox.done::<SitePublishReport>(&publish)));
    std::fs::write(site.join(".well-known/theirs.txt"), "theirs").unwrap();
    let mut halfway = 0;
    for round in 1..=ROUNDS {
        let before = files(&tree);
        change(round);
        let after = files(&tree);
        if round % 4 == 0 {
            // Amid the files: one of those that come.
            let key = RecordKey::parse(&format!("text/more{}", round * 10 + 30)).unwrap();
            let file = record_path(&Name::parse("nick.eth").unwrap(), &key);
            killer.kill_at_file(sandbox.command(&publish), &site.join(file));
        } else {
            killer.kill(sandbox.command(&publish), round - 1);
        }
        let mut served = files(&site.join(".well-known"));
        assert_eq!(served.remove(Path::new("theirs.txt")).unwrap(), b"theirs");
        for (path, bytes) in &served {
            let known = [before.get(path), after.get(path)].contains(&Some(bytes));
            assert!(known, "{} is neither the old nor the new", path.display());
        }
        for path in before.keys().filter(|path| after.contains_key(*path)) {
            assert!(served.contains_key(path), "{} is not there", path.display());
        }
        halfway += u32::from(served != before && served != after);
        let report: SitePublishReport = sandbox.done(&publish);
        assert!(report.uploads[0].ok, "{report:?}");
        served = files(&site.join(".well-known"));
        served.remove(Path::new("theirs.txt")).unwrap();
        assert!(served == after, "round {round}: what is served is not what is signed");
        let left = std::fs::read_dir(sandbox.path("w/.namesys/tmp")).unwrap().count();
        assert_eq!((left, site.join(".namesys-files/.writing").exists()), (0, false));
    }
    killer.assert_mostly_hit();
    assert!(halfway >= 3, "only {halfway} kills came between the first file and the last");
}

/// What the w3name service serves for one name.
struct Service {
    w3name: W3name,
    name: IpnsName,
    runtime: tokio::runtime::Runtime,
}

impl Service {
    fn new(url: &str, name: IpnsName) -> Self {
        let http = Http::new(HttpConfig::default()).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { w3name: W3name::new(http, url.parse().unwrap()), name, runtime }
    }

    fn sequence(&self) -> u64 {
        let record = self.runtime.block_on(self.w3name.get(&self.name)).unwrap();
        record.expect("it was published").fields().sequence
    }
}

/// Runs each series of commands in a thread of its own, all at once.
fn at_once(sandbox: &Sandbox, series: Vec<Vec<Vec<String>>>) {
    std::thread::scope(|scope| {
        for commands in series {
            scope.spawn(move || {
                for command in commands {
                    let words: Vec<&str> = command.iter().map(String::as_str).collect();
                    let output = sandbox.run(&words);
                    let text = String::from_utf8_lossy(&output.stdout);
                    assert!(output.status.success(), "{words:?}: {text}");
                }
            });
        }
    });
}

fn words(line: &str) -> Vec<String> {
    line.split(' ').map(str::to_owned).collect()
}

fn wanted(sandbox: &Sandbox) -> usize {
    sandbox.done::<RecordsReport>(&["list"]).records.len()
}

#[test]
fn eight_processes_set_at_once_and_lose_nothing() {
    let sandbox = Sandbox::new();
    let series = |process| {
        (0..10).map(|i| words(&format!("set text key-{process}-{i} value-{process}-{i}"))).collect()
    };
    at_once(&sandbox, (0..8).map(series).collect());
    let records = sandbox.done::<RecordsReport>(&["list"]).records;
    assert_eq!(records.len(), 80);
    for record in records {
        let key = record.record.strip_prefix("text/key").unwrap();
        assert_eq!(record.value, Some(format!("value{key}")));
    }
}

#[test]
fn sign_import_and_set_at_once_lose_nothing() {
    let sandbox = Sandbox::new();
    sandbox.import("first.csv", 10, "first");
    let row = |i| format!("many{i}.nick.eth,text/note,imported\n");
    for batch in 0..5 {
        let rows: String = (batch * 20..batch * 20 + 20).map(row).collect();
        std::fs::write(sandbox.path(&format!("batch{batch}.csv")), rows).unwrap();
    }
    let sets = (0..15).map(|i| words(&format!("set text key-{i} value-{i}"))).collect();
    let imports = (0..5).map(|batch| words(&format!("import ../batch{batch}.csv"))).collect();
    let signs = || vec![words("sign"); 5];
    // Two sign at once, also for the first time, when keys and approvals are recorded.
    at_once(&sandbox, vec![sets, imports, signs(), signs()]);
    sandbox.assert_whole();
    sandbox.done::<SignReport>(&["sign"]);
    assert_eq!(wanted(&sandbox), 20 + 15 + 100);
    assert!(sandbox.done::<RecordsReport>(&["diff"]).records.is_empty());
    sandbox.assert_complete();
}
