//! `plan` shows what there is to do, without a key and without a trace; `apply` does that, goes on
//! where it was cut short, and does nothing else.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use cid::Cid;
use namesys::devnet::{DevnetConfig, DevnetHandle};
use namesys::ipfs::CarReader;
use namesys::report::{ApplyReport, ErrorKind, PackReport, PlanReport, PublishReport};
use serde_json::Value;

use crate::pull::{AVATAR, Scene, publishes, read, sets, state, wanted, write};
use crate::support::reports::{self, error, kind, report};
use crate::workspace::Workspace;

/// A command without any key, wallet or password.
fn keyless(workspace: &Workspace, arguments: &[&str]) -> (Option<i32>, Value, String) {
    let mut command = workspace.command(env!("CARGO_BIN_EXE_namesys"));
    for variable in ["ETH_PRIVATE_KEY", "NAMESYS_IPNS_KEY", "NAMESYS_KEY_PASSWORD"] {
        command.env_remove(variable);
    }
    let output = command.arg("--json").args(arguments).stdin(Stdio::null()).output().unwrap();
    let json = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
    reports::check(arguments, &json).unwrap();
    (output.status.code(), json, String::from_utf8(output.stderr).unwrap())
}

fn plans(workspace: &Workspace, arguments: &[&str]) -> PlanReport {
    let (code, json, stderr) = keyless(workspace, &[&["plan"], arguments].concat());
    assert_eq!(code, Some(0), "{json} {stderr}");
    report(&json)
}

fn applies(workspace: &Workspace, arguments: &[&str]) -> ApplyReport {
    workspace.report(&[&["apply"], arguments, &["--yes"]].concat())
}

/// How it ends that does not end well.
fn refused(workspace: &Workspace, arguments: &[&str]) -> (ErrorKind, Value) {
    let (code, json, stderr) = workspace.run(&[&["apply"], arguments, &["--yes"]].concat());
    assert_eq!(code, Some(1), "{json} {stderr}");
    (kind(&json).unwrap(), json)
}

fn changes(plan: &PlanReport) -> Vec<String> {
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
    let one = |change: &namesys::report::RecordChangeReport| {
        let (old, new) = (text(&change.old), text(&change.new));
        format!("{} {} {old} {new}", change.name, change.record)
    };
    plan.changes.iter().map(one).collect()
}

/// What tells that a file was touched: node, time, mode and bytes.
type Trace = (u64, (i64, i64), u32, Option<Vec<u8>>);

/// Everything in a folder.
fn traces(dir: &Path) -> BTreeMap<PathBuf, Trace> {
    let (mut found, mut folders) = (BTreeMap::new(), vec![dir.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            // The user's cache, where the index is, is beside the workspace here.
            if path.extension().is_some_and(|end| end == "cache") {
                continue;
            }
            let about = std::fs::symlink_metadata(&path).unwrap();
            let bytes = about.is_file().then(|| std::fs::read(&path).unwrap());
            let time = (about.mtime(), about.mtime_nsec());
            found.insert(path.clone(), (about.ino(), time, about.mode(), bytes));
            if about.is_dir() {
                folders.push(path);
            }
        }
    }
    let about = std::fs::metadata(dir).unwrap();
    let time = (about.mtime(), about.mtime_nsec());
    found.insert(dir.to_owned(), (about.ino(), time, about.mode(), None));
    found
}

#[test]
fn a_plan_needs_no_key_and_leaves_no_trace() {
    let (folder, _devnet, workspace) = Workspace::on_devnet();
    workspace.good(&["publish"]);
    workspace.good(&["set", "text", "avatar", "https://example.com/1"]);
    workspace.good(&["set", "text", "url", "https://example.com", "--name", "a.nick.eth"]);
    let before = traces(folder.path());
    let (code, json, stderr) = keyless(&workspace, &["plan", "--exit-code"]);
    assert_eq!(code, Some(10), "{json} {stderr}");
    assert_eq!(traces(folder.path()), before, "nothing is changed");
    let plan: PlanReport = report(&json);
    assert_eq!(
        changes(&plan),
        [
            "a.nick.eth text/url - https://example.com",
            "nick.eth text/avatar https://example.com/0 https://example.com/1",
        ]
    );
    assert_eq!((plan.unsigned, plan.unwanted), (2, 0));
    assert_eq!(plan.unapproved, ["a.nick.eth"], "nick.eth is approved");
    assert!(plan.lost.is_empty() && plan.removed.is_empty(), "{json}");
    assert_eq!((plan.root, plan.sequence, plan.new_record), (None, Some(1), true));
    assert_eq!((plan.published.len(), plan.published[0].sequence), (1, 0));
    let (now, after) = (&plan.published[0].validity, plan.validity.unwrap());
    assert!(*now <= after, "{now} {after}");
    assert!(plan.to_do && !plan.publications[0].has && !plan.uploads[0].has, "{json}");
    // Once it is signed the root is known, and the same command says so without a key.
    workspace.good(&["sign"]);
    let signed = plans(&workspace, &[]);
    let packed: PackReport = workspace.report(&["pack"]);
    assert_eq!(signed.root, Some(packed.root));
    assert_eq!((signed.unsigned, signed.unapproved.len(), signed.changes.len()), (0, 0, 2));
    workspace.good(&["publish"]);
    let (code, json, _) = keyless(&workspace, &["plan", "--exit-code"]);
    let done: PlanReport = report(&json);
    assert_eq!((code, done.to_do, done.new_record), (Some(0), false, false), "{json}");
    assert!(done.changes.is_empty() && done.publications[0].has && done.uploads[0].has, "{json}");
}

/// Distinct blocks and their bytes, of the CAR file that is sent where all is.
fn sent(workspace: &Workspace, folder: &str) -> BTreeMap<Cid, u64> {
    workspace.good(&["publish", "--dry-run", folder]);
    let mut blocks = BTreeMap::new();
    for entry in std::fs::read_dir(workspace.dir.join(folder)).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "car") {
            let file = std::io::BufReader::new(std::fs::File::open(path).unwrap());
            for block in CarReader::new(file).unwrap() {
                let (cid, data) = block.unwrap();
                blocks.insert(cid, data.len() as u64);
            }
        }
    }
    blocks
}

#[test]
fn what_is_to_be_uploaded_is_what_is_sent() {
    let (_folder, _devnet, workspace) = Workspace::on_devnet();
    workspace.good(&["publish"]);
    let before = sent(&workspace, "before");
    // The same value twice, and a file that is carried.
    for name in ["a.nick.eth", "b.nick.eth", "b.c.nick.eth"] {
        workspace.good(&["set", "text", "url", "https://example.com", "--name", name]);
    }
    workspace.good(&["set", "address", "btc", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"]);
    write(&workspace, "root/index.html", "<p>");
    let uploads = ["--upload", "folder=up", "--upload", &format!("kubo={}", workspace.kubo())];
    let planned = plans(&workspace, &uploads);
    assert_eq!(planned.uploads.len(), 2);
    workspace.good(&["sign"]);
    let after = sent(&workspace, "after");
    let new = after.iter().filter(|(cid, _)| !before.contains_key(cid));
    let new: BTreeMap<Cid, u64> = new.map(|(cid, bytes)| (*cid, *bytes)).collect();
    assert!(new.len() < after.len());
    // The node has what was published before, and gets what is new.
    for (upload, blocks) in planned.uploads.iter().zip([&after, &new]) {
        let sent = (blocks.len() as u64, blocks.values().sum());
        assert_eq!((upload.blocks, upload.bytes), sent, "before it is signed: {upload:?}");
    }
    // A node that has nothing of it gets all.
    let other = DevnetHandle::spawn(DevnetConfig::ephemeral()).unwrap();
    let to_other = format!("kubo={}", other.urls().kubo);
    let planned = plans(&workspace, &["--upload", &to_other]);
    assert_eq!(planned.uploads[0].blocks, after.len() as u64, "{planned:?}");
    workspace.good(&[&["publish"], &uploads[..]].concat());
    let done = plans(&workspace, &uploads);
    assert!(done.uploads.iter().all(|upload| upload.has && upload.blocks == 0), "{done:?}");
    assert!(!done.to_do, "{done:?}");
}

#[test]
fn every_name_of_a_workspace_is_planned() {
    let scene = Scene::new();
    let names = ["nick.eth", "other.eth", "--storage", "wallet"];
    let dir = scene.folder.path().join("names");
    let workspace = Workspace::init(dir, scene.devnet.urls(), &names);
    workspace.good(&["set", "text", "avatar", "1", "--name", "nick.eth"]);
    // Nothing is derived yet: what is published is not known, and nobody is asked.
    let (code, json, stderr) = keyless(&workspace, &["plan"]);
    let fresh: PlanReport = report(&json);
    assert_eq!((code, fresh.sequence, fresh.ipns_name), (Some(0), None, None), "{json}");
    assert!(stderr.contains("not derived yet"), "{stderr}");
    assert_eq!(fresh.unapproved, ["nick.eth"]);
    workspace.good(&["sign"]);
    workspace.good(&["set", "text", "avatar", "2", "--name", "pay.other.eth"]);
    let plan = plans(&workspace, &[]);
    assert_eq!(plan.names, ["nick.eth", "other.eth"]);
    assert_eq!(changes(&plan), ["nick.eth text/avatar - 1", "pay.other.eth text/avatar - 2"]);
    assert_eq!(plan.unapproved, ["pay.other.eth"]);
    let done = applies(&workspace, &[]);
    assert_eq!(done.sign.map(|sign| (sign.signed, sign.approvals)), Some((1, 1)));
    assert!(!plans(&workspace, &[]).to_do);
}

/// Cut short after the record was out and before that was written down.
#[test]
fn what_is_out_and_not_written_down_is_to_do() {
    let scene = Scene::new();
    let before = read(&scene.here, "published.toml");
    sets(&scene.here, "avatar", "new");
    applies(&scene.here, &[]);
    let after = read(&scene.here, "published.toml");
    write(&scene.here, "published.toml", &before);
    assert_eq!(keyless(&scene.here, &["plan", "--exit-code"]).0, Some(10));
    applies(&scene.here, &[]);
    assert_eq!(read(&scene.here, "published.toml"), after);
    assert_eq!(keyless(&scene.here, &["plan", "--exit-code"]).0, Some(0));
}

/// There it would be published, and be another tree than was planned.
#[test]
fn a_plan_is_not_written_among_what_is_published() {
    let scene = Scene::new();
    for place in [".well-known/plan.json", "root/plan.json", ".well-known/eth/../plan.json"] {
        fs::create_dir_all(scene.here.dir.join("root")).unwrap();
        let (code, json, _) = keyless(&scene.here, &["plan", "--out", place]);
        assert_eq!((code, kind(&json)), (Some(2), Some(ErrorKind::Usage)), "{place}: {json}");
        assert!(!scene.here.dir.join(place).exists());
    }
}

/// A job that may only look has no token.
#[test]
fn a_service_whose_token_is_missing_stops_no_plan() {
    let scene = Scene::new();
    let file = scene.here.dir.join("namesys.toml");
    let tables = "\n[[uploads]]\nkind = \"pinata\"\n\n[[uploads]]\nkind = \"kubo\"\n";
    let text = read(&scene.here, "namesys.toml") + tables;
    fs::write(file, text + &format!("url = \"{}\"\n", scene.here.kubo())).unwrap();
    sets(&scene.here, "avatar", "new");
    let (code, json, stderr) = keyless(&scene.here, &["plan"]);
    assert_eq!(code, Some(0), "{json} {stderr}");
    assert!(stderr.contains("an upload is left out of the plan"), "{stderr}");
    assert!(changes(&report::<PlanReport>(&json)).len() == 1, "{json}");
}

#[test]
fn what_a_strangers_published_toml_calls_known_is_shown_as_going() {
    let Scene { here, there, .. } = &Scene::new();
    // Whoever wrote this repository knows what is published, and wants less of it.
    let all = wanted(there);
    let less = all.lines().filter(|line| !line.contains("text/url")).collect::<Vec<_>>();
    write(there, "records.toml", &format!("{}\n", less.join("\n")));
    let plan = plans(there, &[]);
    assert_eq!(changes(&plan), ["nick.eth text/url https://example.com -"]);
    assert_eq!(plan.removed, [".well-known/eth/nick/text/url.json"]);
    assert!(plan.lost.is_empty(), "{plan:?}");
    // Without it the same is a loss.
    std::fs::remove_file(there.dir.join("published.toml")).unwrap();
    std::fs::remove_file(there.dir.join(".well-known/eth/nick/text/url.json")).unwrap();
    let plan = plans(there, &[]);
    assert_eq!(changes(&plan), ["nick.eth text/url https://example.com -"]);
    assert_eq!(plan.lost.len(), 1, "{plan:?}");
    // A file that is no record, too.
    write(here, "root/index.html", "<p>");
    publishes(here);
    let plan = plans(there, &[]);
    let files: Vec<_> = plan.files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!((files, plan.lost.len()), (vec!["index.html"], 2), "{plan:?}");
}

#[test]
fn what_cannot_be_known_is_said_beside_what_is() {
    let Scene { here, devnet, folder, .. } = Scene::new();
    here.good(&["set", "text", "avatar", "new"]);
    drop(devnet);
    let before = traces(folder.path());
    let (code, json, _) = keyless(&here, &["plan"]);
    assert_eq!((code, kind(&json)), (Some(1), Some(ErrorKind::UnknownPublished)), "{json}");
    let plan: PlanReport = report(&json);
    assert_eq!(changes(&plan).len(), 1, "{json}");
    assert_eq!(traces(folder.path()), before);
    let (why, json) = refused(&here, &[]);
    assert_eq!(why, ErrorKind::UnknownPublished, "{json}");
    assert_eq!(traces(folder.path()), before, "nothing is signed for what cannot be published");
}

#[test]
fn apply_does_it_once() {
    let (_folder, _devnet, workspace) = Workspace::on_devnet();
    workspace.good(&["set", "text", "url", "https://example.com"]);
    let done = applies(&workspace, &[]);
    assert_eq!(done.sign.as_ref().map(|sign| sign.signed), Some(1));
    let publish = done.publish.unwrap();
    assert!(publish.publications.iter().all(|to| to.read_back), "{publish:?}");
    assert_eq!(workspace.good(&["status"])["unpublished"], false);
    let before = traces(&workspace.dir);
    let again = applies(&workspace, &[]);
    assert!(!again.plan.to_do && again.sign.is_none() && again.publish.is_none(), "{again:?}");
    assert_eq!(traces(&workspace.dir), before, "nothing to do, nothing done");
    // Nobody is there to be asked.
    workspace.good(&["set", "text", "url", "https://example.com/2"]);
    let before = traces(&workspace.dir);
    let (code, json, _) = workspace.run(&["apply"]);
    assert_eq!((code, kind(&json)), (Some(2), Some(ErrorKind::NoTerminal)), "{json}");
    assert!(error(&json).unwrap().hint.unwrap().contains("--yes"), "{json}");
    assert_eq!(traces(&workspace.dir), before);
}

#[test]
fn a_loss_is_permitted_by_the_file_that_lists_it_and_by_no_yes() {
    let Scene { here, there, .. } = &Scene::new();
    sets(here, "email", "here@example.com");
    publishes(here);
    there.change("https://example.com/there");
    let file = there.dir.with_file_name("plan.json").display().to_string();
    let plan = plans(there, &["--out", &file]);
    assert_eq!(plan.lost.len(), 1, "{plan:?}");
    let before = state(there);
    let (why, json) = refused(there, &[]);
    assert_eq!(why, ErrorKind::WouldLose, "{json}");
    let hint = error(&json).unwrap().hint.unwrap();
    assert!(hint.contains("apply FILE"), "{hint}");
    assert_eq!(state(there), before, "nothing is done");
    // Somebody publishes in between: that is not what was planned.
    let other = here.checkout(here.dir.with_file_name("other"));
    sets(&other, "note", "in between");
    publishes(&other);
    let (why, json) = refused(there, &[&file]);
    assert_eq!(why, ErrorKind::Changed, "{json}");
    assert_eq!(state(there), before, "nothing is done");
    let plan = plans(there, &["--out", &file]);
    assert_eq!(plan.lost.len(), 2, "{plan:?}");
    let done = applies(there, &[&file]);
    let publish = done.publish.unwrap();
    assert_eq!((publish.sequence, publish.lost.len()), (3, 2), "{publish:?}");
    // The plan of before is done, and permits nothing more.
    let again = applies(there, &[&file]);
    assert!(!again.plan.to_do, "{again:?}");
    publishes_over(here, there);
    let (why, json) = refused(there, &[&file]);
    assert_eq!(why, ErrorKind::Changed, "{json}");
}

/// `here` takes over what `there` published, and publishes on.
fn publishes_over(here: &Workspace, there: &Workspace) {
    here.good(&["pull", "--theirs"]);
    sets(here, "email", "again@example.com");
    assert!(publishes(here).sequence > 3, "{}", there.dir.display());
}

#[test]
fn what_is_not_as_it_was_planned_is_refused() {
    let Scene { here, there, devnet, folder } = &Scene::new();
    let file = folder.path().join("plan.json").display().to_string();
    here.good(&["set", "text", "avatar", "planned"]);
    let plan = plans(here, &["--out", &file]);
    assert!(plan.to_do && plan.written == Some(file.clone()), "{plan:?}");
    let planned = std::fs::read_to_string(&file).unwrap();
    type Change = Box<dyn Fn(&Workspace)>;
    let cases: [(&str, Change); 6] = [
        ("another value", Box::new(|at| _ = at.good(&["set", "text", "avatar", "other"]))),
        ("another record", Box::new(|at| _ = at.good(&["set", "text", "note", "x"]))),
        ("a record less", Box::new(|at| _ = at.good(&["unset", "text", "url"]))),
        ("another file", Box::new(|at| write(at, AVATAR, "{}"))),
        ("a file beside", Box::new(|at| write(at, "root/index.html", "<p>"))),
        ("a foreign file", Box::new(|at| write(at, ".well-known/security.txt", "x"))),
    ];
    for (number, (what, change)) in cases.iter().enumerate() {
        let at = here.checkout(folder.path().join(format!("case-{number}")));
        change(&at);
        let before = state(&at);
        let (why, json) = refused(&at, &[&file]);
        assert_eq!(why, ErrorKind::Changed, "{what}: {json}");
        assert_eq!(state(&at), before, "{what}");
    }
    // Other targets, and another time.
    let kubo = format!("kubo={}", devnet.urls().kubo);
    let (why, json) = refused(here, &[&file, "--upload", &kubo, "--upload", "folder=up"]);
    assert_eq!(why, ErrorKind::Changed, "{json}");
    let (code, json, _) = here.run(&["apply", &file, "--yes", "--validity", "90d"]);
    assert_eq!((code, kind(&json)), (Some(2), Some(ErrorKind::Usage)), "{json}");
    // Something else is published since.
    sets(there, "note", "there");
    publishes(there);
    let (why, json) = refused(here, &[&file]);
    assert_eq!(why, ErrorKind::Changed, "{json}");
    assert!(error(&json).unwrap().message.contains("sequence 1"), "{json}");
    // What is no plan.
    for (what, text) in [
        ("empty", String::new()),
        ("an unknown entry", planned.replacen("{", "{\"force\": true,", 1)),
        ("a later version", planned.replacen("\"namesys_plan\": 1", "\"namesys_plan\": 2", 1)),
        ("an entry less", planned.replacen("\"removed\": [],", "", 1)),
        (
            "an entry twice",
            planned.replacen("\"removed\": [],", "\"removed\": [],\"removed\": [],", 1),
        ),
        ("no time", planned.replacen("\"validity\": \"2", "\"validity\": \"x2", 1)),
    ] {
        assert_ne!(text, planned, "{what}");
        std::fs::write(&file, text).unwrap();
        let (code, json, _) = here.run(&["apply", &file, "--yes"]);
        assert_eq!((code, kind(&json)), (Some(2), Some(ErrorKind::BadPlan)), "{what}: {json}");
    }
}

#[test]
fn steps_that_are_done_are_not_done_again() {
    let Scene { here, folder, .. } = &Scene::new();
    let file = folder.path().join("plan.json").display().to_string();
    here.good(&["set", "text", "avatar", "planned"]);
    here.good(&["unset", "text", "url"]);
    plans(here, &["--out", &file]);
    // Whoever signed it, it is signed.
    here.good(&["sign"]);
    let signed = plans(here, &[]);
    let done = applies(here, &[&file]);
    assert!(done.sign.is_none(), "{done:?}");
    let publish = done.publish.unwrap();
    assert_eq!((Some(&publish.root), publish.sequence), (signed.root.as_ref(), 1));
    assert_eq!(publish.removed, [".well-known/eth/nick/text/url.json"]);
    assert!(!applies(here, &[&file]).plan.to_do);
}

/// How many files are signed.
fn signed(workspace: &Workspace) -> usize {
    state(workspace).keys().filter(|path| path.starts_with(".well-known")).count()
}

#[test]
fn a_killed_apply_goes_on() {
    const RECORDS: usize = 400;
    let Scene { here, folder, .. } = &Scene::new();
    let rows = (0..RECORDS).map(|n| format!("n{n}.nick.eth,text/note,{n}\n"));
    write(here, "records.csv", &format!("name,record,value\n{}", rows.collect::<String>()));
    here.good(&["import", "records.csv"]);
    let whole = here.checkout(folder.path().join("whole"));
    let file = folder.path().join("plan.json").display().to_string();
    let plan = plans(here, &["--out", &file]);
    assert_eq!((plan.unsigned, plan.unapproved.len()), (RECORDS as u64, RECORDS));
    let before = signed(here);
    let mut command = here.command(env!("CARGO_BIN_EXE_namesys"));
    command.args(["apply", &file, "--yes"]).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let since = Instant::now();
    while signed(here) < before + 5 && child.try_wait().unwrap().is_none() {
        assert!(since.elapsed() < Duration::from_secs(60), "nothing is signed");
        std::thread::sleep(Duration::from_millis(1));
    }
    // Its lock goes with it, its files are whole.
    child.kill().unwrap();
    child.wait().unwrap();
    let between = signed(here);
    assert!(between > before, "it was killed too soon");
    let done = applies(here, &[&file]);
    let publish = done.publish.unwrap();
    assert_eq!((publish.sequence, signed(here)), (1, before + RECORDS));
    if between < before + RECORDS {
        let signed = done.sign.unwrap().signed;
        assert_eq!(signed as usize, before + RECORDS - between, "the rest");
    }
    whole.good(&["sign"]);
    assert_eq!(whole.report::<PackReport>(&["pack"]).root, publish.root, "as without a kill");
    assert!(!applies(here, &[&file]).plan.to_do);
}

#[test]
fn ctrl_c_leaves_nothing_half_written() {
    let Scene { here, .. } = &Scene::new();
    let rows = (0..400).map(|n| format!("n{n}.nick.eth,text/note,{n}\n"));
    write(here, "records.csv", &format!("name,record,value\n{}", rows.collect::<String>()));
    here.good(&["import", "records.csv"]);
    let before = signed(here);
    let mut command = here.command(env!("CARGO_BIN_EXE_namesys"));
    command.args(["--json", "apply", "--yes"]).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    while signed(here) < before + 5 && child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(1));
    }
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), kind(&json)), (Some(130), Some(ErrorKind::Interrupted)));
    let report: ApplyReport = report(&json);
    assert!(report.publish.is_none(), "{json}");
    assert_eq!(here.good(&["verify"])["invalid"], 0, "what is signed is whole");
    let temporary = here.dir.join(".namesys/tmp");
    assert_eq!(std::fs::read_dir(temporary).unwrap().count(), 0);
    assert!(applies(here, &[]).publish.is_some(), "the same command goes on");
}

#[test]
fn most_of_it_goes_only_where_a_file_lists_it() {
    let Scene { here, folder, .. } = &Scene::new();
    let rows = (0..12).map(|n| format!("nick.eth,text/k{n},{n}\n"));
    write(here, "records.csv", &format!("name,record,value\n{}", rows.collect::<String>()));
    here.good(&["import", "records.csv"]);
    applies(here, &[]);
    for n in 0..9 {
        here.good(&["unset", "text", &format!("k{n}")]);
    }
    let file = folder.path().join("plan.json").display().to_string();
    let (code, json, stderr) = keyless(here, &["plan", "--out", &file]);
    assert!(code == Some(0) && stderr.contains("--allow-mass-removal"), "{json} {stderr}");
    let (why, json) = refused(here, &[]);
    assert_eq!(why, ErrorKind::MassRemoval, "{json}");
    // Another one does not.
    let text = read_to_string(&file);
    let less = text.replacen("\"removed\": 9", "\"removed\": 8", 2);
    assert_ne!(text, less);
    std::fs::write(&file, less).unwrap();
    assert_eq!(refused(here, &[&file]).0, ErrorKind::MassRemoval);
    std::fs::write(&file, text).unwrap();
    let done = applies(here, &[&file]);
    assert_eq!(done.sign.map(|sign| sign.removed), Some(9));
    assert_eq!(done.publish.map(|publish| publish.removed.len()), Some(9));
}

fn read_to_string(file: &str) -> String {
    std::fs::read_to_string(file).unwrap()
}

#[test]
fn two_that_apply_do_not_undo_each_other() {
    let Scene { here, there, .. } = &Scene::new();
    here.good(&["set", "text", "email", "here@example.com"]);
    there.good(&["set", "text", "note", "there"]);
    assert_eq!(applies(here, &[]).publish.unwrap().sequence, 1);
    let (why, json) = refused(there, &[]);
    assert_eq!(why, ErrorKind::WouldLose, "{json}");
    let plan: ApplyReport = report(&json);
    assert_eq!(plan.plan.lost.len(), 1, "{json}");
    there.good(&["pull"]);
    let done: PublishReport = applies(there, &[]).publish.unwrap();
    assert_eq!((done.sequence, done.lost.len()), (2, 0));
    assert!(read(there, "records.toml").contains("here@example.com"));
}

/// The plan file with one entry another.
fn edited(file: &str, entry: &str, value: Value) -> String {
    let mut plan: Value = serde_json::from_str(&read_to_string(file)).unwrap();
    assert_ne!(plan[entry], value, "{entry}");
    plan[entry] = value;
    let other = format!("{file}.{entry}");
    std::fs::write(&other, plan.to_string()).unwrap();
    other
}

#[test]
fn what_is_signed_since_is_not_published_by_a_plan_of_before() {
    let Scene { here, folder, .. } = &Scene::new();
    let file = folder.path().join("plan.json").display().to_string();
    here.good(&["set", "text", "avatar", "planned"]);
    plans(here, &["--out", &file]);
    let cases: [(&str, &[&str]); 3] = [
        ("another value", &["set", "text", "url", "https://evil.example"]),
        ("a record more", &["set", "text", "note", "y"]),
        ("a record less", &["unset", "text", "url"]),
    ];
    for (number, (what, change)) in cases.iter().enumerate() {
        let at = here.checkout(folder.path().join(format!("case-{number}")));
        at.good(change);
        at.good(&["sign"]);
        let before = state(&at);
        let (why, json) = refused(&at, &[&file]);
        assert_eq!(why, ErrorKind::Changed, "{what}: {json}");
        assert_eq!(state(&at), before, "{what}");
    }
    assert!(applies(here, &[&file]).publish.is_some(), "as it was planned");
}

#[test]
fn who_signs_how_and_where_is_planned_too() {
    let Scene { here, folder, .. } = &Scene::new();
    let file = folder.path().join("plan.json").display().to_string();
    here.good(&["set", "text", "avatar", "planned", "--name", "a.nick.eth"]);
    assert_eq!(plans(here, &["--out", &file]).unapproved, ["a.nick.eth"]);
    let before = state(here);
    let other = "0x000000000000000000000000000000000000dEaD";
    for (entry, value) in [
        ("signer", other.into()),
        ("owner", other.into()),
        ("wallet", other.into()),
        ("approval", "on-chain".into()),
        ("chain_id", 5.into()),
        ("unapproved", Value::Array(Vec::new())),
        ("ipns_name", Value::Null),
        ("sequence", Value::Null),
        ("publishers", Value::Array(Vec::new())),
        ("rest", Value::Null),
    ] {
        let (why, json) = refused(here, &[&edited(&file, entry, value)]);
        assert_eq!(why, ErrorKind::Changed, "{entry}: {json}");
        assert_eq!(state(here), before, "{entry}");
    }
    assert!(applies(here, &[&file]).publish.is_some());
}

#[test]
fn a_plan_permits_no_more_than_it_lists() {
    let Scene { here, there, .. } = &Scene::new();
    sets(here, "email", "here@example.com");
    publishes(here);
    there.change("https://example.com/there");
    let file = there.dir.with_file_name("plan.json").display().to_string();
    assert_eq!(plans(there, &["--out", &file]).lost.len(), 1);
    let (code, json, _) = there.run(&["apply", &file, "--yes", "--replace"]);
    assert_eq!((code, kind(&json)), (Some(2), Some(ErrorKind::Usage)), "{json}");
    let config = read(there, "namesys.toml");
    write(there, "namesys.toml", &format!("{config}\n[publish]\nreplace = true\n"));
    let less = edited(&file, "lost", Value::Array(Vec::new()));
    assert_eq!(refused(there, &[&less]).0, ErrorKind::WouldLose);
    // What is to be sent to the chain is not left out unsaid.
    let sends = serde_json::json!([{
        "name": "nick.eth", "to": "0x00", "data": "0x", "value": "0", "before": "", "description": "",
    }]);
    let (code, json, _) = there.run(&["apply", &edited(&file, "transactions", sends), "--yes"]);
    assert_eq!((code, kind(&json)), (Some(2), Some(ErrorKind::Usage)), "{json}");
    assert!(error(&json).unwrap().message.contains("--chain"), "{json}");
    assert_eq!(applies(there, &[&file]).publish.unwrap().lost.len(), 1);
}

#[test]
fn what_cannot_be_known_is_no_plan_and_no_change() {
    let Scene { here, devnet, folder, .. } = Scene::new();
    let [file, none] = ["plan.json", "none.json"].map(|name| folder.path().join(name));
    let file = file.display().to_string();
    here.good(&["set", "text", "avatar", "new"]);
    plans(&here, &["--out", &file]);
    // Something else than what is expected is published: nothing is signed for it.
    let before = state(&here);
    let (why, json) = refused(&here, &["--expect", "7"]);
    assert_eq!(why, ErrorKind::Changed, "{json}");
    assert_eq!(state(&here), before, "nothing is signed");
    drop(devnet);
    let (code, json, _) = keyless(&here, &["plan", "--out", &none.display().to_string()]);
    assert_eq!((code, kind(&json)), (Some(1), Some(ErrorKind::UnknownPublished)), "{json}");
    assert!(!none.exists() && report::<PlanReport>(&json).written.is_none(), "{json}");
    let (why, json) = refused(&here, &[&file]);
    assert_eq!(why, ErrorKind::UnknownPublished, "{json}");
}

#[test]
fn the_files_of_a_first_publication_are_new() {
    let (_folder, _devnet, workspace) = Workspace::on_devnet();
    write(&workspace, "root/index.html", "<p>");
    let plan = plans(&workspace, &[]);
    let files: Vec<_> = plan.files.iter().map(|file| (&*file.path, file.old.is_none())).collect();
    assert_eq!(files, [("index.html", true)], "{plan:?}");
    workspace.good(&["publish"]);
    assert!(plans(&workspace, &[]).files.is_empty());
}

/// Applies, and changes the workspace once it is shown what is to be done, where a key is waited
/// for. How it ends.
fn changed_meanwhile(workspace: &Workspace, key: (&str, &str), change: &dyn Fn()) -> ErrorKind {
    let (variable, flag) = key;
    let pipe = workspace.dir.with_extension(variable);
    assert!(Command::new("mkfifo").args(["-m", "600"]).arg(&pipe).status().unwrap().success());
    let mut command = workspace.command(env!("CARGO_BIN_EXE_namesys"));
    let set = command.get_envs().find(|(name, _)| *name == variable);
    let secret = set.unwrap().1.unwrap().to_str().unwrap().to_owned();
    command.env_remove(variable).args(["--json", "apply", "--yes", flag]).arg(&pipe);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    // Opened once the other end reads.
    let mut end = std::fs::OpenOptions::new().write(true).open(&pipe).unwrap();
    change();
    std::io::Write::write_all(&mut end, secret.as_bytes()).unwrap();
    drop(end);
    let output = child.wait_with_output().unwrap();
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{json}");
    kind(&json).unwrap()
}

#[test]
fn what_was_shown_is_what_is_signed_and_published() {
    let Scene { here, folder, .. } = &Scene::new();
    here.good(&["set", "text", "avatar", "shown", "--name", "a.nick.eth"]);
    let published = here.good(&["status"])["published"].clone();
    let at = here.checkout(folder.path().join("signs"));
    let before = signed(&at);
    let wallet = ("ETH_PRIVATE_KEY", "--private-key-file");
    let why = changed_meanwhile(&at, wallet, &|| {
        let text = wanted(&at).replace("shown", "another");
        write(&at, "records.toml", &text);
    });
    assert_eq!((why, signed(&at)), (ErrorKind::Changed, before), "nothing is signed");
    // Signed already: a file beside, and a record, until the key is there.
    here.good(&["sign"]);
    let changes: [&dyn Fn(&Workspace); 2] = [&|at| write(at, "root/index.html", "<p>"), &|at| {
        at.good(&["set", "text", "url", "https://evil.example"]);
        at.good(&["sign"]);
    }];
    for (number, change) in changes.iter().enumerate() {
        let at = here.checkout(folder.path().join(format!("publishes-{number}")));
        let key = ("NAMESYS_IPNS_KEY", "--ipns-key-file");
        let why = changed_meanwhile(&at, key, &|| change(&at));
        assert_eq!(why, ErrorKind::Changed, "{number}");
        assert_eq!(at.good(&["status"])["published"], published, "{number}");
    }
}
