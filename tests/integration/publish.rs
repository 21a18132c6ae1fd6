//! `namesys publish` by several processes at once, and what no transcript can wait for.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::thread;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use namesys::devnet::{DevnetConfig, DevnetHandle, DevnetUrls};
use namesys::ipns;
use namesys::keys::IpnsKey;
use namesys::report::{
    ErrorKind, InitReport, IpnsFields, IpnsPutReport, IpnsRecordReport, PackReport, PublishReport,
    RecordReport, SignReport, VerifyReport,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::support::reports::{self, error, kind, report};

/// What the wallet derives for nick.eth without a password.
const SEED: &str = "0a2bccc32412f9c1b0636abed2b6273fe77e625a95df80c7606ecb8ffa57f892";
const WALLET: &str = "1111111111111111111111111111111111111111111111111111111111111111";
const OWNER: &str = "0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A";

/// A workspace, and the services it publishes to.
struct Publisher {
    dir: PathBuf,
    urls: DevnetUrls,
}

impl Publisher {
    fn new(dir: PathBuf, devnet: &DevnetHandle) -> Self {
        std::fs::create_dir_all(&dir).unwrap();
        let publisher = Self { dir, urls: devnet.urls() };
        publisher.good::<InitReport>(&["init", "nick.eth"]);
        publisher
    }

    /// A copy of the folder, as another machine has it.
    fn copy(&self, dir: PathBuf) -> Self {
        let copied = Command::new("cp").arg("-r").args([&self.dir, &dir]).status().unwrap();
        assert!(copied.success());
        Self { dir, urls: self.urls.clone() }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_namesys"));
        command.args(["--json", "-C"]).arg(&self.dir).args(arguments);
        command.env_clear().env("HOME", &self.dir).env("NAMESYS_KEY_PASSWORD", "");
        command.env("ETH_PRIVATE_KEY", WALLET).env("NAMESYS_IPNS_KEY", SEED);
        command.env("NAMESYS_W3NAME_URL", &self.urls.w3name);
        command.env("NAMESYS_KUBO_URL", &self.urls.kubo);
        command.env("NAMESYS_GATEWAY_URL", &self.urls.gateway);
        command
    }

    fn run(&self, arguments: &[&str]) -> (Option<i32>, Value, String) {
        let Output { status, stdout, stderr } = self.command(arguments).output().unwrap();
        let json = serde_json::from_slice(&stdout).unwrap_or(Value::Null);
        if !json.is_null() {
            reports::check(arguments, &json).unwrap();
        }
        (status.code(), json, String::from_utf8(stderr).unwrap())
    }

    /// Exit code, report and stderr of a publication.
    fn publish(&self, arguments: &[&str]) -> (Option<i32>, PublishReport, String) {
        let (code, json, stderr) = self.run(&[&["publish"], arguments].concat());
        (code, report(&json), stderr)
    }

    /// The report of what must succeed.
    fn good<T: Serialize + DeserializeOwned>(&self, arguments: &[&str]) -> T {
        let (code, json, stderr) = self.run(arguments);
        assert_eq!(code, Some(0), "{arguments:?}: {json} {stderr}");
        report(&json)
    }

    /// Wants and signs another avatar.
    fn change(&self, avatar: &str) {
        self.good::<RecordReport>(&["set", "text", "avatar", avatar]);
        self.good::<SignReport>(&["sign"]);
    }

    /// The sequence and value that the service has.
    fn served(&self) -> (u64, String) {
        let name = key().name().to_string();
        let IpnsFields { sequence, value, .. } =
            self.good::<IpnsRecordReport>(&["ipns", "get", &name]).fields;
        (sequence, value)
    }

    fn history(&self) -> Vec<u64> {
        let dir = self.dir.join(".namesys/history").join(key().name().to_string());
        let mut sequences: Vec<u64> = std::fs::read_dir(dir)
            .unwrap()
            .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().parse())
            .collect::<Result<_, _>>()
            .unwrap();
        sequences.sort_unstable();
        sequences
    }
}

fn key() -> IpnsKey {
    let seed = data_encoding::HEXLOWER.decode(SEED.as_bytes()).unwrap();
    IpnsKey::from_seed(&<[u8; 32]>::try_from(seed).unwrap().into())
}

fn devnet() -> DevnetHandle {
    DevnetHandle::spawn(DevnetConfig::ephemeral()).unwrap()
}

/// Runs one closure for each of `items` at the same time.
fn at_once<T: Sync, R: Send>(items: &[T], run: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let run = &run;
    thread::scope(|scope| {
        let threads: Vec<_> = items.iter().map(|item| scope.spawn(move || run(item))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

#[test]
fn processes_in_one_workspace_take_turns() {
    let (folder, devnet) = (tempfile::tempdir().unwrap(), devnet());
    let workspace = Publisher::new(folder.path().join("here"), &devnet);
    workspace.change("https://example.com/0");
    let reports = at_once(&[(); 5], |()| workspace.good::<PublishReport>(&["publish"]));
    let made = reports.iter().filter(|report| report.new_record).count();
    let sent = reports.iter().filter(|report| report.uploads[0].sent).count();
    assert_eq!((made, sent), (1, 1), "the first publishes, the others find it done");
    assert!(reports.iter().all(|report| report.sequence == 0), "{reports:?}");
    assert_eq!(workspace.history(), [0]);

    // Each changes the tree first; whoever publishes sends the tree as it then stands.
    let reports = at_once(&["1", "2", "3"], |n| {
        workspace.change(&format!("https://example.com/{n}"));
        workspace.good::<PublishReport>(&["publish", "--allow-invalid"])
    });
    let (sequence, value) = workspace.served();
    let last = reports.iter().max_by_key(|report| report.sequence).unwrap();
    assert_eq!(last.sequence, sequence);
    assert_eq!(value, format!("/ipfs/{}", last.root));
    assert_eq!(workspace.history(), (0..=sequence).collect::<Vec<_>>());
    workspace.good::<VerifyReport>(&["verify"]);
    let tree: PackReport = workspace.good(&["pack"]);
    assert_eq!(value, format!("/ipfs/{}", tree.root), "nothing is forgotten");
}

#[test]
fn two_copies_publish_at_once() {
    let (folder, devnet) = (tempfile::tempdir().unwrap(), devnet());
    let here = Publisher::new(folder.path().join("here"), &devnet);
    here.change("https://example.com/0");
    here.good::<PublishReport>(&["publish"]);
    let copies = [here.copy(folder.path().join("there")), here];
    for round in 0..4_u64 {
        let before = copies[0].served().0;
        for (number, copy) in copies.iter().enumerate() {
            copy.change(&format!("https://example.com/{round}/{number}"));
        }
        let results = at_once(&copies, |copy| copy.run(&["publish"]));
        let (sequence, value) = copies[0].served();
        assert_eq!(sequence, before + 1, "one of them");
        let (mut won, mut lost) = (None, None);
        for (number, (code, json, stderr)) in results.iter().enumerate() {
            let published: PublishReport = report(json);
            match code {
                Some(0) => {
                    assert_eq!(format!("/ipfs/{}", published.root), value, "{json}");
                    won = Some(number);
                }
                Some(1) => {
                    assert_eq!(kind(json), Some(ErrorKind::WouldLose), "{json} {stderr}");
                    assert_eq!(published.lost.len(), 1, "{json}");
                    lost = Some(number);
                }
                other => panic!("{other:?} {json} {stderr}"),
            }
        }
        let (won, lost) = (&copies[won.unwrap()], &copies[lost.unwrap()]);
        // Whoever lost publishes again when told so: above the other, and saying what goes.
        let (code, published, stderr) = lost.publish(&["--replace"]);
        assert_eq!(code, Some(0), "{published:?} {stderr}");
        assert_eq!((published.sequence, published.lost.len()), (sequence + 1, 1));
        // The other takes that over, and has seen it then.
        won.change(&format!(
            "https://example.com/{round}/{}",
            usize::from(lost.dir != copies[0].dir)
        ));
        assert_eq!(won.publish(&[]).1.sequence, sequence + 1);
    }
}

/// A server that answers the request number n with the nth answer, and the last one from then on.
fn server(answers: Vec<Vec<u8>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    // It ends with the test's process.
    thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
            let answer = &answers[number.min(answers.len() - 1)];
            // Who hangs up first is no matter.
            let _ = stream.write_all(answer);
        }
    });
    url
}

fn answer(status: &str, head: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let length = format!("connection: close\r\ncontent-length: {}", body.len());
    [format!("HTTP/1.1 {status}\r\n{length}\r\n{head}\r\n\r\n").as_bytes(), body].concat()
}

fn w3name_answer(record: &[u8]) -> Vec<u8> {
    let value = ipns::UnverifiedRecord::parse(record).unwrap().fields().value.clone();
    let record = data_encoding::BASE64.encode(record);
    let body = serde_json::json!({ "value": value, "record": record }).to_string();
    answer("200 OK", "content-type: application/json", body)
}

fn record(sequence: u64, hours: i64) -> Vec<u8> {
    let value = "/ipfs/bafkreiem4twkqzsq2aj4shbycd4yvoj2cx72vezicletlhi7dijjciqpui";
    let validity = Timestamp::now() + SignedDuration::from_hours(hours);
    ipns::create(&key(), value, sequence, validity, Duration::from_secs(60)).unwrap()
}

#[test]
fn a_record_that_comes_in_between_is_explained() {
    let (folder, devnet) = (tempfile::tempdir().unwrap(), devnet());
    let workspace = Publisher::new(folder.path().join("here"), &devnet);
    workspace.change("https://example.com/0");
    let none = answer("404 Not Found", "content-type: application/json", r#"{"message":"none"}"#);
    let outdated = r#"{"message":"invalid record: the record is outdated."}"#;
    let outdated = answer("400 Bad Request", "content-type: application/json", outdated);
    // Asked twice, it has none; when the record is sent, it has another.
    let url = server(vec![none.clone(), none, outdated, w3name_answer(&record(5, 24))]);
    let (code, json, _) = workspace.run(&["publish", "--publisher", &format!("w3name={url}")]);
    assert_eq!((code, kind(&json)), (Some(1), Some(ErrorKind::UnknownPublished)), "{json}");
    let said = error(&json).unwrap().message;
    assert!(said.contains("sequence 5") && said.contains("is not a directory"), "{said}");
}

#[test]
fn an_expired_record_is_not_followed_whoever_serves_it() {
    let (folder, devnet) = (tempfile::tempdir().unwrap(), devnet());
    let workspace = Publisher::new(folder.path().join("here"), &devnet);
    let media = "content-type: application/vnd.ipfs.ipns-record";
    let url = server(vec![answer("200 OK", media, record(9, -1))]);
    let recordhash = format!("ipns://{}", key().name());
    let (code, json, _) = workspace.run(&[
        "resolve",
        "nick.eth",
        "--recordhash",
        &recordhash,
        "--owner",
        OWNER,
        "--gateway",
        &url,
    ]);
    assert_eq!((code, kind(&json)), (Some(3), Some(ErrorKind::BadIpnsRecord)), "{json}");
    assert!(error(&json).unwrap().message.contains("expired"), "{json}");
}

#[test]
fn a_service_that_fails_does_not_lower_the_sequence_silently() {
    let (folder, devnet) = (tempfile::tempdir().unwrap(), devnet());
    let workspace = Publisher::new(folder.path().join("here"), &devnet);
    workspace.change("https://example.com/0");
    let busy = answer("429 Too Many Requests", "retry-after: 3600", "busy");
    let url = format!("w3name={}", server(vec![busy]));
    let (code, json, _) = workspace.run(&["publish", "--publisher", &url]);
    assert_eq!((code, kind(&json)), (Some(1), Some(ErrorKind::UnknownPublished)), "{json}");
    let (code, published, stderr) = workspace.publish(&["--replace", "--publisher", &url]);
    assert_eq!((code, published.sequence), (Some(1), 0), "{published:?}");
    assert!(stderr.contains("has no earlier record") && stderr.contains("429"), "{stderr}");

    // Known from before: no guess, nothing to warn of.
    workspace.good::<PublishReport>(&["publish", "--sequence", "7"]);
    workspace.change("https://example.com/1");
    let (code, published, stderr) = workspace.publish(&["--replace", "--publisher", &url]);
    assert_eq!((code, published.sequence), (Some(1), 8), "{published:?}");
    assert!(!stderr.contains("has no earlier record"), "{stderr}");
}

/// A fresh checkout, and a publisher that has lost the name: what readers have is known from a
/// gateway alone.
#[test]
fn a_higher_sequence_at_a_gateway_is_published_too() {
    let (folder, devnet, other) = (tempfile::tempdir().unwrap(), devnet(), devnet());
    let workspace = Publisher::new(folder.path().join("here"), &devnet);
    workspace.change("https://example.com/0");
    std::fs::write(folder.path().join("record"), record(57, 24)).unwrap();
    let (name, routing) = (key().name().to_string(), format!("routing={}", other.urls().routing));
    let file = folder.path().join("record");
    let file = file.to_str().unwrap();
    let put = ["ipns", "put", file, "--name", &name, "--publisher", &routing];
    workspace.good::<IpnsPutReport>(&put);
    let gateway = other.urls().gateway;
    let publish = ["publish", "--gateway", &gateway];
    let (code, json, _) = workspace.run(&publish);
    assert_eq!((code, kind(&json)), (Some(1), Some(ErrorKind::UnknownPublished)), "{json}");
    assert!(error(&json).unwrap().message.contains("sequence 57"), "{json}");
    // Told so, it is replaced; there the gateway reads from another network, and is behind now.
    let (code, published, _) = workspace.publish(&["--gateway", &gateway, "--replace"]);
    assert_eq!((code, published.sequence), (Some(0), 58), "{published:?}");
    assert_eq!(published.gateways[0].ok, Some(false), "{published:?}");
}

#[test]
fn servers_that_are_down_are_given_up_within_ten_seconds() {
    let (folder, devnet) = (tempfile::tempdir().unwrap(), devnet());
    let workspace = Publisher::new(folder.path().join("here"), &devnet);
    workspace.change("https://example.com/0");
    let nowhere = "http://127.0.0.1:1";
    let (upload, w3name, routing) =
        (format!("kubo={nowhere}"), format!("w3name={nowhere}"), format!("routing={nowhere}"));
    let (name, recordhash) = (key().name().to_string(), format!("ipns://{}", key().name()));
    let commands: [&[&str]; 4] = [
        &["publish", "--upload", &upload, "--publisher", &w3name, "--publisher", &routing],
        &["publish", "--publisher", &w3name, "--publisher", &routing],
        &["ipns", "get", &name, "--publisher", &w3name, "--publisher", &routing],
        &[
            "resolve",
            "nick.eth",
            "--recordhash",
            &recordhash,
            "--owner",
            OWNER,
            "--gateway",
            nowhere,
        ],
    ];
    for command in commands {
        let began = Instant::now();
        let (code, json, stderr) = workspace.run(command);
        assert_eq!(code, Some(1), "{command:?} {json} {stderr}");
        assert!(began.elapsed() < Duration::from_secs(10), "{command:?}");
    }
    assert!(Path::new(&workspace.dir).join(".namesys/tmp").read_dir().unwrap().next().is_none());
}

#[test]
fn a_clock_before_the_last_record_and_a_sequence_without_a_future_publish_nothing() {
    let devnet = DevnetHandle::spawn(DevnetConfig::ephemeral()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let workspace = Publisher::new(folder.path().join("ws"), &devnet);
    workspace.good::<RecordReport>(&["set", "text", "url", "https://example.com/1"]);
    workspace.good::<SignReport>(&["sign"]);
    for (sequence, words) in [
        ("9223372036854775806", "only 1 more records"),
        ("9223372036854775807", "only 0 more records"),
        ("9223372036854775808", "the highest there is"),
    ] {
        let (code, json, _) = workspace.run(&["publish", "--sequence", sequence]);
        assert_eq!(code, Some(2), "{json}");
        assert!(json["error"]["message"].as_str().unwrap().contains(words), "{json}");
    }
    workspace.good::<PublishReport>(&["publish"]);
    assert_eq!(workspace.served().0, 0);
    workspace.good::<RecordReport>(&["set", "text", "url", "https://example.com/2"]);
    workspace.good::<SignReport>(&["sign"]);
    // As a clock that was set back an hour sees it.
    let history = workspace.dir.join(".namesys/history");
    let name = std::fs::read_dir(history).unwrap().next().unwrap().unwrap().path();
    let record = std::fs::read_dir(name).unwrap().next().unwrap().unwrap().path();
    let later = std::time::SystemTime::now() + Duration::from_secs(3600);
    let file = std::fs::File::options().write(true).open(record).unwrap();
    file.set_modified(later).unwrap();
    for command in ["publish", "renew"] {
        let (code, json, _) = workspace.run(&[command]);
        assert_eq!((code, &json["error"]["kind"]), (Some(1), &"clock".into()), "{json}");
    }
    assert_eq!(workspace.served().0, 0);
    file.set_modified(std::time::SystemTime::now()).unwrap();
    workspace.good::<PublishReport>(&["publish"]);
    assert_eq!(workspace.served().0, 1);
}
