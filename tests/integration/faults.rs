//! `publish` when services fail: nothing is lost, the report says what happened, and the next
//! `publish` completes. A TCP proxy with faults stands before a devnet that has none.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use namesys::devnet::{DevnetConfig, DevnetHandle};
use namesys::ipns::{RecordSource, W3name};
use namesys::keys::IpnsKey;
use namesys::net::{Http, HttpConfig, RetryPolicy, Timeouts};
use namesys::report::ErrorKind;
use serde_json::{Value, json};

use crate::proxy::{Fault, Proxy};
use crate::support::reports::kind;
use crate::workspace::{SEED, Workspace};

/// A workspace, a devnet, and the proxy before it.
struct Scene {
    devnet: DevnetHandle,
    proxy: Proxy,
    workspace: Workspace,
    _folder: tempfile::TempDir,
}

impl Scene {
    fn new() -> Self {
        let (folder, devnet, workspace) = Workspace::on_devnet();
        let proxy = Proxy::before(&devnet.urls().w3name);
        Self { devnet, proxy, workspace, _folder: folder }
    }

    /// Publishes through the proxy: the records, or the tree as well.
    fn publish(&self, fault: Fault, tree_too: bool) -> (Option<i32>, Value, String) {
        self.proxy.set(fault);
        let (w3name, kubo) =
            (format!("w3name={}", self.proxy.url()), format!("kubo={}", self.proxy.url()));
        let mut arguments = vec!["publish", "--publisher", &w3name];
        if tree_too {
            arguments.extend(["--upload", &kubo]);
        }
        self.workspace.run(&arguments)
    }

    /// Adds files of 700 kB to the tree.
    fn add_files(&self, count: u32) {
        let long = "a".repeat(700_000);
        for number in 0..count {
            let file = self.workspace.dir.join(format!(".well-known/extra-{number}.txt"));
            std::fs::write(file, format!("{number}{long}")).unwrap();
        }
    }

    /// Publishes the tree through the proxy with patience of 2 s, which is enough to be told.
    fn gives_up_soon(&self, fault: Fault, reason: &str) {
        let kubo = format!("kubo={}", self.proxy.url());
        self.proxy.set(fault);
        let began = Instant::now();
        let publish = ["--timeout", "2s", "publish", "--upload", &kubo];
        let (code, json, _) = self.workspace.run(&publish);
        assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
        assert_eq!((code, kind(&json)), (Some(1), Some(ErrorKind::Incomplete)), "{json}");
        let said = error(&json, "uploads");
        assert!(said.contains("/api/v0/dag/import") && said.contains(reason), "{said}");
        assert!(said.contains("for 2 s") && said.contains("--timeout"), "{said}");
        assert_eq!(json["publications"], json!([]));
        self.completes(0);
    }

    /// Without the fault the same command completes, with the record that was made before.
    fn completes(&self, sequence: u64) {
        let (code, json, stderr) = self.publish(Fault::None, true);
        assert_eq!(code, Some(0), "{json} {stderr}");
        assert_eq!(json["sequence"], sequence, "{json}");
        assert_eq!(json["publications"][0]["read_back"], true, "{json}");
        assert_eq!(json["gateways"][0]["ok"], true, "{json}");
        self.workspace.good(&["status"]);
    }
}

fn answer(status: &str, head: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n{head}\r\n{body}"
    )
}

fn error(json: &Value, list: &str) -> String {
    json[list][0]["error"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn refused() {
    let scene = Scene::new();
    let began = Instant::now();
    let (code, json, _) = scene.publish(Fault::Refuse, true);
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    // What is published is not known.
    assert_eq!((code, kind(&json)), (Some(1), Some(ErrorKind::UnknownPublished)), "{json}");
    assert!(json["error"]["message"].as_str().unwrap().contains("refuses connections"), "{json}");
    scene.completes(0);
}

#[test]
fn reset_half_way_through_an_upload() {
    let scene = Scene::new();
    // Larger than what waits in the buffers of a connection.
    scene.add_files(6);
    let (code, json, _) = scene.publish(Fault::ResetAfter(300_000), true);
    assert_eq!(code, Some(1), "{json}");
    assert_eq!(json["uploads"][0]["ok"], false, "{json}");
    assert!(error(&json, "uploads").contains("/api/v0/dag/import"), "{json}");
    assert_eq!(json["publications"], json!([]));
    let root = json["root"].as_str().unwrap();
    scene.completes(0);
    assert_eq!(scene.workspace.good(&["pack"])["root"], root);
}

/// What was done is not done twice, nor given up, when only the word of it is lost.
#[test]
fn answers_are_lost_after_the_work_is_done() {
    let scene = Scene::new();
    let publish = |count, tree_too| {
        let left = Arc::new(AtomicU32::new(count));
        let (code, json, stderr) = scene.publish(Fault::LoseAnswers(left.clone()), tree_too);
        (code, json, stderr, left.load(Ordering::Relaxed))
    };
    // Of the question whether it has the tree, and of the upload, twice.
    let (code, json, stderr, left) = publish(3, true);
    assert_eq!((code, left), (Some(0), 0), "{json} {stderr}");
    assert!(stderr.contains("dag/import: "), "{stderr}");
    assert_eq!(json["publications"][0]["read_back"], true, "{json}");
    // Of the record.
    scene.workspace.change("https://example.com/1");
    let (code, json, stderr, left) = publish(2, false);
    assert_eq!((code, left, &json["sequence"]), (Some(0), 0, &1.into()), "{json} {stderr}");
    assert!(stderr.contains("/name/"), "{stderr}");
    scene.completes(1);
    // For good: the record is out, and the next run finds it there.
    scene.workspace.change("https://example.com/2");
    let (code, json, _, _) = publish(99, false);
    assert_eq!((code, &json["sequence"]), (Some(1), &2.into()), "{json}");
    assert_eq!(json["publications"][0]["ok"], false, "{json}");
    scene.completes(2);
}

#[test]
fn one_byte_a_second_and_nothing_at_all_are_given_up() {
    let scene = Scene::new();
    scene.workspace.good(&["publish"]);
    let second = Duration::from_secs(1);
    let timeouts = Timeouts { connect: second, idle: second, body: 2 * second };
    let config = HttpConfig { timeouts, retry: RetryPolicy::none(), ..HttpConfig::default() };
    let seed = data_encoding::HEXLOWER.decode(SEED.as_bytes()).unwrap();
    let name = IpnsKey::from_seed(&<[u8; 32]>::try_from(seed).unwrap().into()).name();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let ask = || {
        let publisher =
            W3name::new(Http::new(config.clone()).unwrap(), scene.proxy.url().parse().unwrap());
        runtime.block_on(publisher.get(&name))
    };
    for fault in [Fault::Slow, Fault::Swallow] {
        scene.proxy.set(fault.clone());
        let began = Instant::now();
        let error = ask().unwrap_err().to_string();
        assert!(began.elapsed() < Duration::from_secs(5), "{fault:?} {:?}", began.elapsed());
        assert!(error.contains("no answer") || error.contains("does not end"), "{error}");
    }
    scene.proxy.set(Fault::None);
    assert_eq!(ask().unwrap().unwrap().fields().sequence, 0);
}

#[test]
fn an_upload_answered_at_one_byte_a_second_is_given_up() {
    Scene::new().gives_up_soon(Fault::Slow, "no answer");
}

#[test]
fn an_upload_taken_at_one_byte_a_second_is_given_up() {
    let scene = Scene::new();
    // More than the buffers of a connection take at once.
    scene.add_files(30);
    scene.gives_up_soon(Fault::SlowToTake, "nothing more of what is sent was taken");
}

#[test]
fn a_slow_publisher_holds_up_nobody_for_long() {
    let scene = Scene::new();
    let (good, slow) =
        (format!("w3name={}", scene.devnet.urls().w3name), format!("w3name={}", scene.proxy.url()));
    scene.proxy.set(Fault::Slow);
    let began = Instant::now();
    let mut command = scene.workspace.command(env!("CARGO_BIN_EXE_namesys"));
    command.env("NAMESYS_TIMEOUT", "2s").args(["--json", "publish", "--require=1"]);
    let output = command.args(["--publisher", &good, "--publisher", &slow]).output().unwrap();
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(output.status.success(), "{json}");
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
    assert_eq!(json["publications"][0]["read_back"], true, "{json}");
    let said = json["publications"][1]["error"].as_str().unwrap();
    assert!(said.contains("no answer for 2 s"), "{said}");
    scene.completes(0);
}

/// What a server asks to be waited for adds up, over all that a command asks of it.
#[test]
fn a_server_that_goes_on_failing_is_not_asked_again() {
    let scene = Scene::new();
    scene.proxy.set(Fault::Answer(99, answer("503 Unavailable", "retry-after: 5\r\n", "busy")));
    let mut command = scene.workspace.command(env!("CARGO_BIN_EXE_namesys"));
    let publisher = format!("w3name={}", scene.proxy.url());
    command.env("NAMESYS_TIMEOUT", "1s").args(["--json", "publish", "--publisher", &publisher]);
    let output = command.output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    // Ten seconds in all: one such wait, and no second.
    assert!(stderr.matches("waiting").count() <= 1, "{stderr}");
}

#[test]
fn what_is_on_this_machine_is_asked_without_a_proxy() {
    let scene = Scene::new();
    let mut command = scene.workspace.command(env!("CARGO_BIN_EXE_namesys"));
    for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"] {
        command.env(name, "http://127.0.0.1:1");
    }
    let output = command.args(["--json", "publish"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn slow_gateways_are_not_waited_for() {
    let scene = Scene::new();
    scene.proxy.set(Fault::Slow);
    let began = Instant::now();
    let json = scene.workspace.good(&["publish", "--gateway", &scene.proxy.url()]);
    assert!(began.elapsed() < Duration::from_secs(9), "{:?}", began.elapsed());
    assert_eq!(json["gateways"][0]["ok"], false, "{json}");
    assert!(error(&json, "gateways").contains("no answer within"), "{json}");
    // With --wait it is a failure, of the gateway alone.
    let (code, json, _) =
        scene.workspace.run(&["publish", "--wait=0", "--gateway", &scene.proxy.url()]);
    assert_eq!((code, kind(&json)), (Some(1), Some(ErrorKind::NotAgreed)), "{json}");
    assert_eq!(json["publications"][0]["ok"], true, "{json}");
}

#[test]
fn too_many_requests() {
    let scene = Scene::new();
    // Longer than anybody waits for.
    let busy =
        |after| answer("429 Too Many Requests", &format!("retry-after: {after}\r\n"), "busy");
    let (code, json, _) = scene.publish(Fault::Answer(99, busy(3600)), false);
    assert_eq!((code, kind(&json)), (Some(1), Some(ErrorKind::UnknownPublished)), "{json}");
    assert!(json["error"]["message"].as_str().unwrap().contains("429"), "{json}");
    // As long as it asks for: once, and it is served.
    let began = Instant::now();
    let (code, json, stderr) = scene.publish(Fault::Answer(1, busy(1)), false);
    assert_eq!((code, &json["sequence"]), (Some(0), &0.into()), "{json} {stderr}");
    assert!(began.elapsed() > Duration::from_secs(1), "{:?}", began.elapsed());
    assert!(stderr.contains("429") && stderr.contains("waiting"), "{stderr}");
    scene.completes(0);
}

#[test]
fn an_upload_that_is_put_off() {
    let scene = Scene::new();
    let busy =
        |after| answer("429 Too Many Requests", &format!("retry-after: {after}\r\n"), "busy");
    let kubo = format!("kubo={}", scene.proxy.url());
    let publish = ["publish", "--upload", &kubo];
    scene.proxy.set(Fault::Answer(99, busy(3600)));
    let (code, json, _) = scene.workspace.run(&publish);
    assert_eq!(code, Some(1), "{json}");
    let said = error(&json, "uploads");
    assert!(said.contains("429") && said.contains("it asks to wait 3600 s"), "{said}");
    assert_eq!(json["publications"], json!([]));
    // Once for the question whether it has the tree already, once for the tree.
    scene.proxy.set(Fault::Answer(2, busy(1)));
    let (code, json, stderr) = scene.workspace.run(&publish);
    assert_eq!((code, &json["uploads"][0]["sent"]), (Some(0), &true.into()), "{json} {stderr}");
    assert!(stderr.contains("dag/import: 429, waiting"), "{stderr}");
    scene.completes(0);
}

#[test]
fn an_error_that_passes() {
    let scene = Scene::new();
    let failed = answer("500 Internal Server Error", "", "try again");
    let (code, json, stderr) = scene.publish(Fault::Answer(2, failed), true);
    assert_eq!(code, Some(0), "{json} {stderr}");
    assert_eq!(json["publications"][0]["read_back"], true, "{json}");
    scene.completes(0);
}

#[test]
fn taken_but_never_readable() {
    let scene = Scene::new();
    let taken = answer("202 Accepted", "content-type: application/json\r\n", r#"{"id":"x"}"#);
    let (code, json, _) = scene.publish(Fault::AnswerPost(taken), false);
    assert_eq!(code, Some(1), "{json}");
    let publication = &json["publications"][0];
    assert_eq!([&publication["ok"], &publication["read_back"]], [false, false], "{json}");
    assert_eq!(publication["sent"], true, "{json}");
    let said = error(&json, "publications");
    assert!(said.contains("took the record but does not serve it"), "{said}");
    assert!(json["error"]["message"].as_str().unwrap().starts_with("0 of the 1"), "{json}");
    scene.completes(0);
}

#[test]
fn one_of_three_publishers_is_down() {
    let scene = Scene::new();
    scene.proxy.set(Fault::Refuse);
    let other = DevnetHandle::spawn(DevnetConfig::ephemeral()).unwrap();
    let (first, second, third) = (
        format!("w3name={}", scene.devnet.urls().w3name),
        format!("w3name={}", scene.proxy.url()),
        format!("routing={}", other.urls().routing),
    );
    let all = ["publish", "--publisher", &first, "--publisher", &second, "--publisher", &third];
    let (code, json, _) = scene.workspace.run(&all);
    assert_eq!(code, Some(1), "{json}");
    let done: Vec<&Value> =
        json["publications"].as_array().unwrap().iter().map(|to| &to["ok"]).collect();
    assert_eq!(done, [true, false, true], "{json}");
    let message = json["error"]["message"].as_str().unwrap();
    assert!(message.starts_with("2 of the 3 publishers"), "{message}");
    // Two are enough, when two are required; and --wait waits for no more than these.
    let two = [&all[..], &["--require", "2", "--wait=5s"]].concat();
    let json = scene.workspace.good(&two);
    assert_eq!((&json["sequence"], &json["new_record"]), (&0.into(), &false.into()), "{json}");
    let (_, status, _) = scene.workspace.run(&[&["status"], &all[1..]].concat());
    assert_eq!(kind(&status), Some(ErrorKind::Unreachable), "{status}");
    // A renewal that misses it is not lost either: the same command completes it.
    scene.proxy.set(Fault::Refuse);
    let renew = [&["renew", "--validity", "2100-01-01T00:00:00Z"], &all[1..]].concat();
    let (code, json, _) = scene.workspace.run(&renew);
    assert_eq!((code, &json["sequence"]), (Some(1), &1.into()), "{json}");
    // It is back, empty-handed or not: the same record is given to it.
    scene.proxy.set(Fault::None);
    let json = scene.workspace.good(&renew);
    assert_eq!((&json["sequence"], &json["new_record"]), (&1.into(), &false.into()), "{json}");
    let json = scene.workspace.good(&all);
    assert_eq!(json["sequence"], 1, "{json}");
    scene.workspace.good(&[&["status"], &all[1..]].concat());
}

#[test]
fn two_processes_publish_at_once_while_the_service_stumbles() {
    let scene = Arc::new(Scene::new());
    let failed = answer("503 Service Unavailable", "", "overloaded");
    scene.proxy.set(Fault::Answer(1, failed));
    let w3name = format!("w3name={}", scene.proxy.url());
    let threads = [(); 2].map(|()| {
        let (scene, w3name) = (scene.clone(), w3name.clone());
        thread::spawn(move || scene.workspace.good(&["publish", "--publisher", &w3name]))
    });
    let reports = threads.map(|thread| thread.join().unwrap());
    assert!(reports.iter().all(|report| report["sequence"] == 0), "{reports:?}");
    let made = reports.iter().filter(|report| report["new_record"] == true).count();
    assert_eq!(made, 1, "{reports:?}");
    scene.completes(0);
}
