//! A record about to expire, and the CI job of `examples/ci`.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use namesys::devnet::{DevnetConfig, DevnetHandle};

use crate::workspace::{SEED, WALLET, Workspace};

fn scene() -> (tempfile::TempDir, DevnetHandle, Workspace) {
    let folder = tempfile::tempdir().unwrap();
    let devnet = DevnetHandle::spawn(DevnetConfig::ephemeral()).unwrap();
    let workspace = Workspace::new(folder.path().join("w"), devnet.urls());
    (folder, devnet, workspace)
}

#[test]
fn a_record_one_day_from_its_end_is_reported_renewed_and_verified() {
    let (_folder, devnet, workspace) = scene();
    let end = (Timestamp::now() + SignedDuration::from_hours(25)).to_string();
    workspace.good(&["publish", "--validity", &end]);
    let (code, json, _) = workspace.run(&["status"]);
    assert_eq!((code, &json["error"]["kind"]), (Some(1), &"expires-soon".into()), "{json}");
    assert_eq!(json["publications"][0]["days_left"], 1, "{json}");
    assert_eq!(json["publications"][0]["age_days"], 0, "{json}");
    // That another publisher cannot be asked is no reason to leave that out.
    let w3name = format!("w3name={}", devnet.urls().w3name);
    let down = ["--publisher", &w3name, "--publisher", "routing=http://127.0.0.1:1"];
    let (code, both, _) = workspace.run(&[&["status"], &down[..]].concat());
    assert_eq!((code, &both["error"]["kind"]), (Some(1), &"expires-soon".into()), "{both}");
    assert!(both["publications"][1]["error"].as_str().unwrap().contains("refuses"), "{both}");
    let (code, both, _) = workspace.run(&[&["status", "--warn-days", "0"], &down[..]].concat());
    assert_eq!((code, &both["error"]["kind"]), (Some(1), &"unreachable".into()), "{both}");
    workspace.good(&["status", "--warn-days", "1"]);
    let before = json["publications"][0]["value"].clone();

    let renewed = workspace.good(&["renew", "--wait=5s"]);
    assert_eq!((&renewed["sequence"], &renewed["new_record"]), (&1.into(), &true.into()));
    let json = workspace.good(&["status"]);
    assert_eq!(json["publications"][0]["value"], before, "{json}");
    assert_eq!(json["publications"][0]["sequence"], 1, "{json}");
    assert!(json["publications"][0]["days_left"].as_i64().unwrap() >= 364, "{json}");
    let name = json["ipns_name"].as_str().unwrap();
    assert_eq!(workspace.good(&["ipns", "get", name])["valid"], true);
    let gateway = devnet.urls().gateway;
    let resolved = workspace.good(&[
        "resolve",
        "nick.eth",
        "text/avatar",
        "--recordhash",
        &format!("ipns://{name}"),
        "--owner",
        "0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A",
        "--gateway",
        &gateway,
    ]);
    assert_eq!(resolved["records"][0]["verified"], true, "{resolved}");
}

#[test]
fn an_expired_record_is_reported_and_renewed() {
    let (_folder, _devnet, workspace) = scene();
    let end = (Timestamp::now() + SignedDuration::from_secs(2)).to_string();
    workspace.good(&["publish", "--validity", &end]);
    std::thread::sleep(Duration::from_millis(2500));
    let (code, json, _) = workspace.run(&["status"]);
    assert_eq!((code, &json["error"]["kind"]), (Some(1), &"expired".into()), "{json}");
    assert_eq!(workspace.good(&["renew"])["sequence"], 1);
    workspace.good(&["status"]);
}

/// The record is out: what is left is to wait, and nobody else waits for that.
#[test]
fn the_workspace_is_free_while_gateways_are_waited_for() {
    let (_folder, _devnet, workspace) = scene();
    let name = workspace.good(&["keygen"])["ipns"]["name"].as_str().unwrap().to_owned();
    let mut command = workspace.command(env!("CARGO_BIN_EXE_namesys"));
    let waiting = ["--json", "publish", "--wait=100s", "--gateway", "http://127.0.0.1:1"];
    command.args(waiting).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let began = Instant::now();
    while workspace.run(&["ipns", "get", &name]).0 != Some(0) {
        assert!(began.elapsed() < Duration::from_secs(20));
    }
    let began = Instant::now();
    workspace.change("https://example.com/meanwhile");
    assert_eq!(workspace.good(&["publish"])["sequence"], 1);
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    assert!(child.try_wait().unwrap().is_none(), "it waits");
    child.kill().unwrap();
    child.wait().unwrap();
}

/// As a CI job runs it: in a fresh checkout each time, keys from variables, no wallet.
#[test]
fn the_ci_script_publishes_and_then_has_nothing_to_do() {
    let (folder, _devnet, workspace) = scene();
    workspace.good(&["keygen", "--export", "keys"]);
    let signer = std::fs::read_to_string(workspace.dir.join("keys/signer.key")).unwrap();
    let signer = signer.lines().find(|line| !line.starts_with('#')).unwrap().trim().to_owned();
    std::fs::remove_dir_all(workspace.dir.join("keys")).unwrap();
    workspace.good(&["set", "text", "url", "https://example.com"]);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/ci/publish.sh");
    let binary = Path::new(env!("CARGO_BIN_EXE_namesys")).parent().unwrap();
    let path = format!("{}:/usr/bin:/bin", binary.display());
    let checkout = || {
        // .namesys/ is not committed.
        std::fs::remove_dir_all(workspace.dir.join(".namesys")).unwrap();
        let mut job = workspace.command("sh");
        job.arg(&script).env_remove("ETH_PRIVATE_KEY").env_remove("NAMESYS_KEY_PASSWORD");
        job.env("PATH", &path).env("NAMESYS_SIGNER_KEY", &signer).env("NAMESYS_IPNS_KEY", SEED);
        let output = job.output().unwrap();
        let (out, err) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{out} {err}");
        assert!(!format!("{out}{err}").contains(WALLET) && !out.contains(&signer), "{out}");
        out.into_owned()
    };
    let first = checkout();
    assert!(first.contains("signed   nick.eth text/url"), "{first}");
    assert!(first.contains("publish    ok"), "{first}");
    assert!(first.contains("sequence   0, valid until"), "{first}");
    let second = checkout();
    assert!(second.contains("0 signed, 2 unchanged, 0 removed"), "{second}");
    assert!(second.contains("sequence   0 (unchanged)"), "{second}");
    assert!(second.contains("upload     has it") && second.contains("publish    has it"));
    drop(folder);
}
