//! A record about to expire, and the CI job of `examples/ci`.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use namesys::devnet::{DevnetConfig, DevnetHandle};
use namesys::report::{
    ErrorKind, IpnsRecordReport, KeygenReport, LogEntry, LogReport, PublishReport, StatusReport,
};
use sha2::{Digest, Sha256};

use crate::support::reports::{kind, report};
use crate::workspace::{SEED, WALLET, Workspace};

#[test]
fn a_record_one_day_from_its_end_is_reported_renewed_and_verified() {
    let (_folder, devnet, workspace) = Workspace::on_devnet();
    let end = (Timestamp::now() + SignedDuration::from_hours(25)).to_string();
    workspace.good(&["publish", "--validity", &end]);
    let (code, json, _) = workspace.run(&["status"]);
    assert_eq!((code, kind(&json)), (Some(1), Some(ErrorKind::ExpiresSoon)), "{json}");
    let served = report::<StatusReport>(&json).publications.remove(0);
    assert_eq!((served.days_left, served.age_days), (Some(1), Some(0)), "{json}");
    // That another publisher cannot be asked is no reason to leave that out.
    let w3name = format!("w3name={}", devnet.urls().w3name);
    let down = ["--publisher", &w3name, "--publisher", "routing=http://127.0.0.1:1"];
    let (code, both, _) = workspace.run(&[&["status"], &down[..]].concat());
    assert_eq!((code, kind(&both)), (Some(1), Some(ErrorKind::ExpiresSoon)), "{both}");
    assert!(
        report::<StatusReport>(&both).publications[1].error.as_ref().unwrap().contains("refuses")
    );
    let (code, both, _) = workspace.run(&[&["status", "--warn-days", "0"], &down[..]].concat());
    assert_eq!((code, kind(&both)), (Some(1), Some(ErrorKind::Unreachable)), "{both}");
    workspace.good(&["status", "--warn-days", "1"]);

    let renewed: PublishReport = workspace.report(&["renew", "--wait=5s"]);
    assert_eq!((renewed.sequence, renewed.new_record), (1, true));
    let status: StatusReport = workspace.report(&["status"]);
    let now = &status.publications[0];
    assert_eq!((&now.value, now.sequence), (&served.value, Some(1)), "{now:?}");
    assert!(now.days_left >= Some(364), "{now:?}");
    let name = status.ipns_name.as_deref().unwrap();
    let got: IpnsRecordReport = workspace.report(&["ipns", "get", name]);
    assert_eq!(got.valid, Some(true));
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

/// What an older publisher has is not signed anew while the newest may be elsewhere.
#[test]
fn nothing_old_is_renewed_while_the_newest_may_be_elsewhere() {
    let (_folder, devnet, workspace) = Workspace::on_devnet();
    let other = DevnetHandle::spawn(DevnetConfig::ephemeral()).unwrap();
    let first = format!("w3name={}", devnet.urls().w3name);
    let second = format!("routing={}", other.urls().routing);
    let both = ["--publisher", &first, "--publisher", &second];
    workspace.good(&[&["publish"], &both[..]].concat());
    workspace.change("https://example.com/1");
    workspace.good(&["publish", "--publisher", &second]);
    let base = workspace.dir.join("published.toml");
    std::fs::rename(&base, workspace.dir.join("base")).unwrap();
    drop(other);

    let later = ["renew", "--require", "1", "--validity", "2100-01-01T00:00:00Z"];
    let renew = [&later, &both[..]].concat();
    let (code, json, _) = workspace.run(&renew);
    assert_eq!((code, &json["error"]["kind"]), (Some(1), &"other-value".into()), "{json}");
    let (_, status, _) = workspace.run(&["status"]);
    assert_eq!(status["publications"][0]["sequence"], 0, "nothing was sent: {status}");
    // What was last seen from here tells which is the newest.
    std::fs::rename(workspace.dir.join("base"), &base).unwrap();
    assert_eq!(workspace.good(&renew)["sequence"], 2);
}

/// The same key publishes something else, elsewhere.
#[test]
fn what_was_never_published_from_here_is_named_and_not_renewed() {
    let (folder, devnet, workspace) = Workspace::on_devnet();
    workspace.good(&["publish", "--validity", "90d"]);
    let elsewhere = folder.path().join("foreign");
    let foreign = elsewhere.to_str().unwrap();
    let value = "/ipfs/bafkqaaa";
    workspace.good(&["ipns", "sign", "--value", value, "--sequence", "7", "--out", foreign]);
    let w3name = format!("w3name={}", devnet.urls().w3name);
    workspace.good(&["ipns", "put", foreign, "--publisher", &w3name]);

    let (code, json, _) = workspace.run(&["status"]);
    assert_eq!((code, kind(&json)), (Some(1), Some(ErrorKind::OtherValue)), "{json}");
    let message = json["error"]["message"].as_str().unwrap();
    assert!(message.contains(value) && message.contains("sequence 7"), "{json}");
    let (code, json, _) = workspace.run(&["renew"]);
    assert_eq!((code, kind(&json)), (Some(1), Some(ErrorKind::OtherValue)), "{json}");
    assert!(json["error"]["hint"].as_str().unwrap().contains("--foreign"), "{json}");
    let (_, status, _) = workspace.run(&["status"]);
    assert_eq!(status["publications"][0]["sequence"], 7, "nothing was sent: {status}");
    // What is here replaces it when that is said; or it is kept, when that is.
    let (code, json, _) = workspace.run(&["publish"]);
    assert_eq!((code, kind(&json)), (Some(1), Some(ErrorKind::UnknownPublished)), "{json}");
    let (code, json, stderr) = workspace.run(&["publish", "--replace"]);
    assert_eq!((code, &json["sequence"]), (Some(0), &8.into()), "{json}");
    assert!(stderr.contains("what goes is not known"), "{stderr}");
    workspace.good(&["status"]);
    workspace.good(&["ipns", "sign", "--value", value, "--sequence", "9", "--out", foreign]);
    workspace.good(&["ipns", "put", foreign, "--publisher", &w3name]);
    let renewed: PublishReport = workspace.report(&["renew", "--foreign", "--validity", "800d"]);
    assert_eq!(renewed.sequence, 10);
    workspace.good(&["status"]);
}

/// `published.toml` is committed and history is not: what was seen published counts.
#[test]
fn a_fresh_checkout_tells_what_is_foreign() {
    let (folder, devnet, workspace) = Workspace::on_devnet();
    workspace.good(&["publish", "--validity", "90d"]);
    std::fs::remove_dir_all(workspace.dir.join(".namesys")).unwrap();
    workspace.good(&["status"]);
    let (elsewhere, value) = (folder.path().join("foreign"), "/ipfs/bafkqaaa");
    let foreign = elsewhere.to_str().unwrap();
    workspace.good(&["ipns", "sign", "--value", value, "--sequence", "7", "--out", foreign]);
    let w3name = format!("w3name={}", devnet.urls().w3name);
    workspace.good(&["ipns", "put", foreign, "--publisher", &w3name]);
    let (code, json, _) = workspace.run(&["status"]);
    assert_eq!((code, kind(&json)), (Some(1), Some(ErrorKind::OtherValue)), "{json}");
}

/// As `git status`: what is wanted, what is signed, what is out, and what waits in vain.
#[test]
fn status_tells_what_is_not_signed_not_out_and_in_vain() {
    let (folder, devnet, here) = Workspace::on_devnet();
    let status = |workspace: &Workspace| {
        let status: StatusReport = report(&workspace.run(&["status"]).1);
        (status.unsigned, status.unpublished, status.ahead_in_vain)
    };
    let said = |workspace: &Workspace, words: &str| {
        let mut command = workspace.command(env!("CARGO_BIN_EXE_namesys"));
        let lines = command.args(["-q", "status"]).output().unwrap();
        let lines = String::from_utf8(lines.stdout).unwrap();
        assert!(lines.contains(words), "{lines}");
    };
    assert_eq!(status(&here), (0, Some(true), vec![]), "signed, and nothing is out");
    here.good(&["publish"]);
    assert_eq!(status(&here), (0, Some(false), vec![]));
    here.good(&["set", "text", "url", "https://example.com"]);
    assert_eq!(status(&here), (1, Some(false), vec![]));
    said(&here, "1 record is not signed as records.toml says: namesys diff lists, namesys sign");
    here.good(&["sign"]);
    assert_eq!(status(&here), (0, Some(true), vec![]));
    said(&here, "what is signed here is not what is published: namesys publish");
    // For later, and then somebody else is first.
    let there = here.checkout(folder.path().join("there"));
    here.good(&["publish", "--sign-only", "later"]);
    assert_eq!(status(&here), (0, Some(true), vec![]));
    there.good(&["set", "text", "email", "nick@example.com"]);
    there.good(&["sign"]);
    there.good(&["publish"]);
    assert_eq!(status(&here), (0, Some(true), vec![1]));
    said(&here, "sequence 1 was signed ahead in vain");
    said(&here, "not published from here");
    let ours = |workspace: &Workspace| {
        let status: StatusReport = report(&workspace.run(&["status"]).1);
        status.publications[0].ours
    };
    assert_eq!((ours(&here), ours(&there)), (Some(false), Some(true)));
    // What is to be done next is no publication, which would lose what they have.
    let since = |workspace: &Workspace, arguments: &[&str]| -> StatusReport {
        report(&workspace.run(&[&["status"], arguments].concat()).1)
    };
    said(&here, "somebody else has published since: namesys pull");
    assert!(since(&here, &[]).published_since && !since(&there, &[]).published_since);
    let mut command = here.command(env!("CARGO_BIN_EXE_namesys"));
    let lines = command.args(["-q", "status"]).output().unwrap().stdout;
    let lines = String::from_utf8(lines).unwrap();
    assert!(
        !lines.contains("namesys publish\n") || lines.contains("then namesys publish"),
        "{lines}"
    );
    assert!(!lines.contains("what is signed here is not what is published"), "{lines}");
    // Of several faults each has its own next command.
    let w3name = format!("w3name={}", devnet.urls().w3name);
    let both = ["--publisher", &w3name, "--publisher", "w3name=http://127.0.0.1:1"];
    let faults = since(&here, &[&both[..], &["--warn-days", "999999"]].concat()).faults;
    let kinds: Vec<ErrorKind> = faults.iter().map(|fault| fault.kind).collect();
    let expected = [ErrorKind::ExpiresSoon, ErrorKind::OtherValue, ErrorKind::Unreachable];
    assert_eq!(kinds, expected);
    let hints: Vec<&str> = faults.iter().map(|fault| fault.hint.as_deref().unwrap()).collect();
    assert!(hints[0].contains("namesys renew") && hints[1].contains("namesys pull"), "{hints:?}");
    assert!(since(&there, &[]).faults.is_empty());
    // Where nobody answers and nothing was seen it is not known.
    std::fs::remove_file(here.dir.join("published.toml")).unwrap();
    let silent = ["status", "--publisher", "w3name=http://127.0.0.1:1"];
    let status: StatusReport = report(&here.run(&silent).1);
    assert_eq!(status.unpublished, None);
}

/// A folder in the workspace is the same place in every checkout, and what is signed since is not
/// at the host yet.
#[test]
fn a_web_host_is_known_in_every_checkout() {
    let (folder, _devnet, here) = Workspace::on_devnet();
    let table = "\n[[sites]]\nkind = \"folder\"\ndir = \"www\"\n";
    let config = here.dir.join("namesys.toml");
    let with_site = std::fs::read_to_string(&config).unwrap() + table;
    std::fs::write(&config, with_site).unwrap();
    here.good(&["publish", "--to", "https"]);
    let there = here.checkout(folder.path().join("there"));
    there.change("https://example.com/1");
    let status: StatusReport = report(&there.run(&["status"]).1);
    assert_eq!(status.unpublished, Some(true));
    there.good(&["publish", "--to", "https"]);
    let status: StatusReport = report(&there.run(&["status"]).1);
    assert!(status.sites[0].current, "{:?}", status.sites);
}

/// The log has what was made here, what was seen, and with `--remote` what others made.
#[test]
fn the_log_marks_what_is_out_and_what_was_seen() {
    let (folder, _devnet, here) = Workspace::on_devnet();
    here.good(&["publish"]);
    let there = here.checkout(folder.path().join("there"));
    let log = |workspace: &Workspace, arguments: &[&str]| {
        let log: LogReport = workspace.report(&[&["log"], arguments].concat());
        let is = |entry: LogEntry| {
            let from = entry.from.map_or(0, |from| from.len());
            (entry.sequence, entry.made.is_some(), entry.current, entry.base, from)
        };
        log.log.into_iter().map(is).collect::<Vec<_>>()
    };
    assert_eq!(log(&here, &[]), [(0, true, true, true, 0)]);
    assert_eq!(log(&there, &[]), [(0, false, true, true, 0)], "a checkout has no history");
    there.change("https://example.com/1");
    there.good(&["publish"]);
    assert_eq!(log(&here, &[]), [(0, true, true, true, 0)]);
    let all = [(1, false, true, false, 1), (0, true, false, true, 0)];
    assert_eq!(log(&here, &["--remote"]), all);
    assert_eq!(here.run(&["log", "--publisher", "w3name=http://127.0.0.1:1"]).0, Some(2));
    let silent = ["log", "--remote", "--publisher", "w3name=http://127.0.0.1:1"];
    let (code, json, _) = here.run(&silent);
    assert_eq!((code, kind(&json)), (Some(1), Some(ErrorKind::Unreachable)), "{json}");
    assert_eq!(json["log"][0]["sequence"], 0, "{json}");
}

#[test]
fn the_last_day_of_all_is_a_validity_like_others() {
    let (_folder, _devnet, workspace) = Workspace::on_devnet();
    let end = "9999-12-31T23:59:59Z";
    workspace.good(&["publish", "--validity", end]);
    let status: StatusReport = workspace.report(&["status"]);
    assert_eq!(status.publications[0].validity.as_deref(), Some(end));
    workspace.change("https://example.com/1");
    assert_eq!(workspace.report::<PublishReport>(&["publish", "--validity", "1h30m"]).sequence, 1);
    let (code, json, _) = workspace.run(&["publish", "--validity", "1.5h"]);
    assert_eq!(code, Some(2), "{json}");
}

#[test]
fn an_expired_record_is_reported_and_renewed() {
    let (_folder, _devnet, workspace) = Workspace::on_devnet();
    let end = (Timestamp::now() + SignedDuration::from_secs(2)).to_string();
    workspace.good(&["publish", "--validity", &end]);
    std::thread::sleep(Duration::from_millis(2500));
    let (code, json, _) = workspace.run(&["status"]);
    assert_eq!((code, kind(&json)), (Some(1), Some(ErrorKind::Expired)), "{json}");
    assert_eq!(workspace.report::<PublishReport>(&["renew"]).sequence, 1);
    workspace.good(&["status"]);
}

/// The record is out: what is left is to wait, and nobody else waits for that.
#[test]
fn the_workspace_is_free_while_gateways_are_waited_for() {
    let (_folder, _devnet, workspace) = Workspace::on_devnet();
    let name = workspace.report::<KeygenReport>(&["keygen"]).ipns.name;
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
    assert_eq!(workspace.report::<PublishReport>(&["publish"]).sequence, 1);
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    assert!(child.try_wait().unwrap().is_none(), "it waits");
    child.kill().unwrap();
    child.wait().unwrap();
}

/// The job of `examples/ci`: in a fresh checkout each time, keys from variables, no wallet.
struct Job {
    signer: String,
    path: String,
}

impl Job {
    fn of(workspace: &Workspace) -> Self {
        workspace.good(&["keygen", "--export", "keys"]);
        let signer = std::fs::read_to_string(workspace.dir.join("keys/signer.key")).unwrap();
        let signer = signer.lines().find(|line| !line.starts_with('#')).unwrap().trim().to_owned();
        std::fs::remove_dir_all(workspace.dir.join("keys")).unwrap();
        let binary = Path::new(env!("CARGO_BIN_EXE_namesys")).parent().unwrap();
        Self { signer, path: format!("{}:/usr/bin:/bin", binary.display()) }
    }

    /// Whether it succeeded, and what it said.
    fn run(&self, workspace: &Workspace, variables: &[(&str, &str)]) -> (bool, String, String) {
        // .namesys/ is not committed.
        std::fs::remove_dir_all(workspace.dir.join(".namesys")).unwrap();
        let mut job = workspace.command("sh");
        job.arg(Path::new(EXAMPLES).join("publish.sh"));
        job.env_remove("ETH_PRIVATE_KEY").env_remove("NAMESYS_KEY_PASSWORD");
        job.env_remove("NAMESYS_IPNS_KEY");
        job.env("PATH", &self.path).env("NAMESYS_SIGNER_KEY", &self.signer);
        let output = job.envs(variables.iter().copied()).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        for secret in [WALLET, SEED, &self.signer] {
            assert!(!out.contains(secret) && !err.contains(secret), "{out} {err}");
        }
        (output.status.success(), out, err)
    }

    /// As `run`, to IPFS, which must succeed.
    fn publishes(&self, workspace: &Workspace) -> String {
        let (ok, out, err) = self.run(workspace, &[("NAMESYS_IPNS_KEY", SEED)]);
        assert!(ok, "{out} {err}");
        out
    }
}

const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/ci");

#[test]
fn the_ci_script_publishes_and_then_has_nothing_to_do() {
    let (folder, _devnet, workspace) = Workspace::on_devnet();
    let job = Job::of(&workspace);
    workspace.good(&["set", "text", "url", "https://example.com"]);
    let first = job.publishes(&workspace);
    assert!(first.contains("signed   nick.eth text/url"), "{first}");
    assert!(first.contains("publish    ok"), "{first}");
    assert!(first.contains("sequence   0, valid until"), "{first}");
    let second = job.publishes(&workspace);
    assert!(second.contains("0 signed, 2 unchanged, 0 removed"), "{second}");
    assert!(second.contains("sequence   0 (unchanged)"), "{second}");
    assert!(second.contains("upload     has it") && second.contains("publish    has it"));
    drop(folder);
}

#[test]
fn the_ci_script_renews_what_expires_soon() {
    let (_folder, _devnet, workspace) = Workspace::on_devnet();
    let job = Job::of(&workspace);
    let end = (Timestamp::now() + SignedDuration::from_hours(20 * 24)).to_string();
    let published: PublishReport = workspace.report(&["publish", "--validity", &end]);
    // Without the key there is nobody to renew it, and the job does not pass.
    let (ok, out, err) = job.run(&workspace, &[("NAMESYS_IPNS_KEY", "")]);
    assert!(!ok && err.contains("NAMESYS_IPNS_KEY is set but empty"), "{out} {err}");
    let status = |days| workspace.report::<StatusReport>(&["status", "--warn-days", days]);
    assert_eq!(status("1").sequence, Some(0));
    let renewed = job.publishes(&workspace);
    assert!(renewed.contains("sequence   0 (unchanged)"), "publish leaves it: {renewed}");
    assert!(renewed.contains("sequence   1, valid until"), "renew does not: {renewed}");
    let served = status("360").publications.remove(0);
    assert_eq!(served.value, Some(format!("/ipfs/{}", published.root)));
    let again = job.publishes(&workspace);
    assert!(again.contains("sequence   1 (unchanged)"), "{again}");
    assert!(!again.contains("sequence   2"), "{again}");
}

#[test]
fn the_ci_script_publishes_to_web_hosts_without_an_ipns_key() {
    let (folder, _devnet, workspace) = Workspace::on_devnet();
    let job = Job::of(&workspace);
    let config = std::fs::read_to_string(workspace.dir.join("namesys.toml")).unwrap();
    let site = "\n[[sites]]\nkind = \"folder\"\ndir = \"../www\"\n";
    std::fs::write(workspace.dir.join("namesys.toml"), config + site).unwrap();
    // Outside the checkout: not by the word of the repository.
    let (ok, out, err) = job.run(&workspace, &[("PUBLISH_TO", "https")]);
    assert!(!ok && err.contains("NAMESYS_FOLDERS="), "{out} {err}");
    let www = folder.path().join("www").display().to_string();
    let variables = [("PUBLISH_TO", "https"), ("NAMESYS_FOLDERS", &www)];
    for written in [1, 0] {
        let (ok, out, err) = job.run(&workspace, &variables);
        assert!(ok, "{out} {err}");
        assert!(out.contains(&format!("({written} written, ")), "{out}");
        assert!(!out.contains("sequence"), "nothing of IPNS: {out}");
    }
    let record = ".well-known/eth/nick/text/avatar.json";
    let served = std::fs::read(folder.path().join("www").join(record)).unwrap();
    assert_eq!(served, std::fs::read(workspace.dir.join(record)).unwrap());
}

/// The program comes from what is named, as it was named, or not at all.
#[test]
fn the_ci_installer_takes_a_release_by_its_sum() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("namesys"), "#!/bin/sh\necho namesys 1.2.3\n").unwrap();
    let archive = path("namesys.tar.gz");
    let mut tar = Command::new("tar");
    tar.arg("-czf").arg(&archive).arg("-C").arg(folder.path()).arg("namesys");
    assert!(tar.status().unwrap().success());
    let install = |variables: &[(&str, &str)]| {
        let mut script = Command::new("sh");
        script.arg(Path::new(EXAMPLES).join("install.sh")).env_clear();
        script.env("PATH", "/usr/bin:/bin").env("PREFIX", path("prefix"));
        let output = script.envs(variables.iter().copied()).output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(said).unwrap(), path("prefix/bin").exists())
    };
    let url = format!("file://{}", archive.display());
    let sum = data_encoding::HEXLOWER.encode(&Sha256::digest(std::fs::read(&archive).unwrap()));
    let (code, said, there) = install(&[]);
    assert!(code == Some(2) && said.contains("RELEASE_URL") && !there, "{said}");
    let (code, said, there) = install(&[("RELEASE_URL", &url)]);
    assert!(code == Some(2) && said.contains("RELEASE_SHA256") && !there, "{said}");
    let other = "0".repeat(64);
    let (code, said, there) = install(&[("RELEASE_URL", &url), ("RELEASE_SHA256", &other)]);
    assert!(code == Some(1) && said.contains("FAILED") && !there, "{said}");
    let (code, said, there) = install(&[("RELEASE_URL", &url), ("RELEASE_SHA256", &sum)]);
    assert!(code == Some(0) && said == "namesys 1.2.3\n" && there, "{said}");
    // A machine without a compiler is told what it lacks.
    let (code, said, _) = install(&[("SOURCE", "."), ("PATH", "/nonexistent:/bin")]);
    assert!(code == Some(2) && said.contains("needs cargo"), "{said}");
}

/// What executing the script does not show: that the job runs it, on time, with the right secrets.
#[test]
fn the_ci_files_run_the_script_with_variables_that_exist() {
    let (_folder, _devnet, workspace) = Workspace::on_devnet();
    let read = |file: &str| std::fs::read_to_string(Path::new(EXAMPLES).join(file)).unwrap();
    let script = read("publish.sh");
    let help = |command: &str| {
        let mut namesys = workspace.command(env!("CARGO_BIN_EXE_namesys"));
        String::from_utf8(namesys.args([command, "--help"]).output().unwrap().stdout).unwrap()
    };
    let help = help("publish") + &help("sign");
    for file in ["github-actions.yml", "gitlab-ci.yml"] {
        let text = read(file);
        assert!(
            text.contains("sh publish.sh")
                && text.contains("sh install.sh")
                && text.contains("schedule"),
            "{file}"
        );
        assert!(!text.contains('\t'), "{file}: YAML has no tabs");
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let ours: Vec<&str> = words.filter(|word| word.starts_with("NAMESYS_")).collect();
        assert!(ours.contains(&"NAMESYS_SIGNER_KEY") && ours.contains(&"NAMESYS_IPNS_KEY"));
        for variable in ours {
            assert!(help.contains(variable), "{file}: {variable} is no variable of namesys");
        }
        assert!(text.contains("PUBLISH_TO:") && script.contains("${PUBLISH_TO:-"), "{file}");
    }
}

/// A record that carries its key needs no name to be judged.
#[test]
fn a_record_with_its_key_says_whose_it_is() {
    let sandbox = crate::support::sandbox::Sandbox::new().unwrap();
    let record = "Cg4vaXBmcy9iYWZrcWFhYRJADeL4nWYFQzvhTW4n0Fcsi/N9uc9zRXFCcLC5WJEEIE7LfVhzYIuTnp1+Q6wTr8SsSoPgmgjbDLidODT3L2EmCxgAIh4yMDMwLTAxLTAxVDAwOjAwOjAwLjAwMDAwMDAwMFooADCA8JLL3Qg6JAgBEiD9FyQ4WqDHW2T7eM1gL6HZkf3r92sTxY7XAurINen2GEJAhPx+FBXMD4bZjZYyQPLs6rMukrwIIW7LYPns/tNhE4OS1Me+fa77FskVcHqRZH3MsQmUZsdHQFDPkr2j1+VaCEpkpWNUVEwbAAAARdlkuABlVmFsdWVOL2lwZnMvYmFma3FhYWFoU2VxdWVuY2UAaFZhbGlkaXR5WB4yMDMwLTAxLTAxVDAwOjAwOjAwLjAwMDAwMDAwMFpsVmFsaWRpdHlUeXBlAA==";
    let bytes = data_encoding::BASE64.decode(record.as_bytes()).unwrap();
    sandbox.write("record", &bytes).unwrap();
    let said = sandbox.ok(["ipns", "inspect", "record"]).unwrap();
    assert_eq!((&said["valid"], &said["signature_v1"]), (&true.into(), &true.into()), "{said}");
    assert!(said["name"].as_str().unwrap().starts_with("k51qzi5uqu5d"), "{said}");
    // A field that is malformed is so wherever the record comes from: 3.
    let at = bytes.windows(5).rposition(|window| window == b"2030-").unwrap();
    let mut wrong = bytes.clone();
    wrong[at] = b'x';
    sandbox.write("wrong", &wrong).unwrap();
    let (code, said) = sandbox.json(["ipns", "inspect", "wrong"]).unwrap();
    assert_eq!(code, 3, "{said}");
}
