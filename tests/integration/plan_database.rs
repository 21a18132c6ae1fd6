//! `plan` and `apply` where the workspace has databases: what would be posted over what, what would be
//! lost, what is not known; and a plan file that is done, to do, or neither.

use anyhow::{Result, ensure};
use namesys::devnet::DevnetHandle;
use namesys::ens::Name;
use namesys::keys::SignerKey;
use namesys::record::{RecordKey, Value};
use namesys::report::{ApplyReport, ErrorKind, PlanReport, PlannedDatabaseReport};
use namesys::request::SignedRecord;
use namesys::secret::Secret;
use serde_json::Value as Json;

use crate::support::database::Gateway;
use crate::support::reports::{kind, report};
use crate::workspace::{WALLET, Workspace};

/// A workspace on a devnet that has a gateway on SQLite in its table.
struct Scene {
    folder: tempfile::TempDir,
    _devnet: DevnetHandle,
    here: Workspace,
    gateway: Gateway,
}

impl Scene {
    fn new() -> Result<Self> {
        let (folder, _devnet, here) = Workspace::on_devnet();
        let owner = SignerKey::from_hex(&Secret::new(WALLET.to_owned()))?.address();
        let database = format!("sqlite:{}", folder.path().join("x.db").display());
        let gateway = Gateway::start(&database, owner, &["--name-rate", "0"])?;
        adds(&here, &gateway.url)?;
        Ok(Self { folder, _devnet, here, gateway })
    }

    fn held(&self, key: &str) -> Result<Option<String>> {
        let runtime = tokio::runtime::Runtime::new()?;
        let (name, key) = (Name::parse("nick.eth")?, RecordKey::parse(key)?);
        let payload = runtime.block_on(self.gateway.payload(&name, &key))?;
        let Some(payload) = payload else { return Ok(None) };
        let signed = SignedRecord::decode(&payload)?;
        Ok(Some(Value::abi_decode(&key, &signed.result)?.to_string()))
    }

    /// Somebody with the same wallet who never saw what is there posts this avatar.
    fn elsewhere(&self, at: &str, avatar: &str) {
        let there = self.here.checkout(self.folder.path().join(at));
        there.change(avatar);
        there.good(&["publish", "--to", "database", "--allow-loopback", "--replace"]);
    }
}

fn adds(workspace: &Workspace, url: &str) -> Result<()> {
    let config = workspace.dir.join("namesys.toml");
    let table = format!("\n[[databases]]\nurl = \"{url}\"\n");
    std::fs::write(&config, std::fs::read_to_string(&config)? + &table)?;
    Ok(())
}

/// `plan`, without any key: the exit code and the report.
fn plans(workspace: &Workspace, more: &[&str]) -> (Option<i32>, PlanReport, Json) {
    let mut command = workspace.command(env!("CARGO_BIN_EXE_namesys"));
    for variable in ["ETH_PRIVATE_KEY", "NAMESYS_IPNS_KEY", "NAMESYS_KEY_PASSWORD"] {
        command.env_remove(variable);
    }
    command.args(["--json", "plan", "--allow-loopback", "--exit-code"]).args(more);
    let output = command.output().unwrap();
    let json: Json = serde_json::from_slice(&output.stdout).unwrap();
    (output.status.code(), report(&json), json)
}

fn applies(workspace: &Workspace, more: &[&str]) -> (Option<i32>, Json, String) {
    workspace.run(&[&["apply", "--allow-loopback", "--yes"], more].concat())
}

fn applied(workspace: &Workspace, more: &[&str]) -> ApplyReport {
    let (code, json, stderr) = applies(workspace, more);
    assert_eq!(code, Some(0), "{json} {stderr}");
    report(&json)
}

fn changes(database: &PlannedDatabaseReport) -> Vec<String> {
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
    let one = |change: &namesys::report::RecordChangeReport| {
        format!("{} {} {}", change.record, text(&change.old), text(&change.new))
    };
    database.changes.iter().map(one).collect()
}

const AVATAR: &str = "https://example.com/0";

#[test]
fn what_would_be_posted_is_shown_and_posted() -> Result<()> {
    let scene = Scene::new()?;
    let here = &scene.here;
    here.good(&["set", "name", "nick.eth"]);
    here.good(&["set", "text", "url", "https://example.com"]);
    let (code, plan, json) = plans(here, &[]);
    let [database] = &plan.databases[..] else { anyhow::bail!("{json}") };
    // What is signed, and what is to be.
    let new = ["text/avatar - https://example.com/0", "text/url - https://example.com"];
    ensure!(code == Some(10) && changes(database) == new, "{json}");
    ensure!(database.unchanged == 0 && database.error.is_none(), "{json}");
    ensure!(plan.left_out.len() == 1 && plan.left_out[0].reason.contains("no place"), "{json}");
    ensure!(scene.held("text/avatar")?.is_none(), "a plan posts nothing");
    let done = applied(here, &[]);
    let posted = done.database.as_ref().map(|done| &done.databases[0]);
    ensure!(posted.is_some_and(|posted| posted.posted == 2 && posted.ok), "{done:?}");
    ensure!(done.publish.is_some() && scene.held("text/avatar")?.as_deref() == Some(AVATAR));
    let (code, plan, json) = plans(here, &[]);
    ensure!(code == Some(0) && !plan.to_do && plan.databases[0].unchanged == 2, "{json}");
    let done = applied(here, &[]);
    ensure!(done.publish.is_none() && done.database.is_none(), "{done:?}");

    // Only the database lacks something: nothing else is done.
    here.change("https://example.com/1");
    here.good(&["publish"]);
    let (code, plan, json) = plans(here, &[]);
    let change = ["text/avatar https://example.com/0 https://example.com/1"];
    ensure!(code == Some(10) && changes(&plan.databases[0]) == change, "{json}");
    ensure!(plan.databases[0].lost.is_empty() && plan.changes.is_empty(), "{json}");
    let done = applied(here, &[]);
    ensure!(done.publish.is_none() && done.database.is_some(), "{done:?}");
    // Back to a former value: by the word of the signer, who signs it here.
    here.good(&["set", "text", "avatar", AVATAR]);
    applied(here, &[]);
    ensure!(scene.held("text/avatar")?.as_deref() == Some(AVATAR));
    // What is no longer wanted remains.
    here.good(&["unset", "text", "url"]);
    let (_, plan, json) = plans(here, &[]);
    ensure!(plan.databases[0].remaining == ["nick.eth text/url"], "{json}");
    Ok(())
}

#[test]
fn what_would_be_lost_is_permitted_by_a_file_alone() -> Result<()> {
    let scene = Scene::new()?;
    let here = &scene.here;
    scene.elsewhere("there", "https://example.com/1");
    let (code, plan, json) = plans(here, &[]);
    ensure!(code == Some(10) && plan.databases[0].lost.len() == 1, "{json}");
    let lost = &plan.databases[0].lost[0];
    ensure!(lost.there.as_deref() == Some("\"https://example.com/1\""), "{json}");
    let (code, refused, said) = applies(here, &[]);
    ensure!((code, kind(&refused)) == (Some(1), Some(ErrorKind::WouldLose)), "{refused} {said}");
    ensure!(refused["publish"].is_null(), "nothing is done: {refused}");

    let (code, plan, json) = plans(here, &["--out", "plan.json"]);
    ensure!(code == Some(10) && plan.written.is_some(), "{json}");
    // Meanwhile another value came: that was not planned.
    scene.elsewhere("elsewhere", "https://example.com/2");
    let (code, refused, said) = applies(here, &["plan.json"]);
    ensure!((code, kind(&refused)) == (Some(1), Some(ErrorKind::Changed)), "{refused} {said}");
    let told = refused["error"]["message"].to_string();
    ensure!(told.contains("text/avatar") && told.contains("/2"), "{told}");
    ensure!(scene.held("text/avatar")?.as_deref() == Some("https://example.com/2"));
    plans(here, &["--out", "plan.json"]);
    let done = applied(here, &["plan.json"]);
    ensure!(done.database.is_some() && scene.held("text/avatar")?.as_deref() == Some(AVATAR));
    // After holds: the same file again does nothing.
    let again = applied(here, &["plan.json"]);
    ensure!(again.database.is_none() && again.publish.is_none(), "{again:?}");
    // What it had then is there no more, nor is what it was to be given.
    scene.elsewhere("later", "https://example.com/3");
    let (code, refused, _) = applies(here, &["plan.json"]);
    ensure!((code, kind(&refused)) == (Some(1), Some(ErrorKind::Changed)), "{refused}");
    // Another gateway in its table is none that the plan is for.
    adds(here, "http://127.0.0.1:1")?;
    let (code, refused, _) = applies(here, &["plan.json"]);
    ensure!(code == Some(1) && refused["error"]["message"].is_string(), "{refused}");
    Ok(())
}

#[test]
fn a_database_that_does_not_answer_is_not_known() -> Result<()> {
    let scene = Scene::new()?;
    let here = &scene.here;
    adds(here, "http://127.0.0.1:1")?;
    let (code, plan, json) = plans(here, &["--out", "plan.json"]);
    let [known, unknown] = &plan.databases[..] else { anyhow::bail!("{json}") };
    ensure!(code == Some(1) && known.changes.len() == 1 && known.error.is_none(), "{json}");
    ensure!(unknown.error.is_some() && unknown.changes.is_empty(), "{json}");
    ensure!(plan.written.is_none() && !here.dir.join("plan.json").exists(), "{json}");
    // What is known is done; that the rest is not is said, and can be done later.
    let (code, done, stderr) = applies(here, &[]);
    ensure!(code == Some(1), "{done} {stderr}");
    let (refused, done): (_, ApplyReport) = (kind(&done), report(&done));
    ensure!(refused.is_some() && done.publish.is_some_and(|done| done.publications[0].ok));
    ensure!(done.database.is_some_and(|done| done.databases[0].posted == 1));
    ensure!(scene.held("text/avatar")?.as_deref() == Some(AVATAR));
    // A place that is not to be asked stops it before anything is done.
    here.change("https://example.com/1");
    let (code, refused, _) = here.run(&["apply", "--yes"]);
    ensure!(code == Some(2) && refused["publish"].is_null(), "{refused}");
    Ok(())
}
