//! A real Kubo takes what we send, reads what we write, and serves what we read.

use anyhow::{Context, Result, ensure};
use namesys::report::ErrorKind;
use serde_json::Value;

use super::gateway::{resolve, signed_workspace};
use super::publish::{FIRST, NAME, SECOND, SEED, same};
use super::routing::{FIELDS, sign};
use crate::kubo::{Daemon, Repository};
use crate::support::reports::kind;
use crate::support::sandbox::Sandbox;

/// Asks Kubo what it thinks of a record for a name.
fn inspect(repository: &Repository, file: &str, name: &str) -> Result<Value> {
    let verify = format!("--verify={name}");
    Ok(serde_json::from_str(&repository.ok(["name", "inspect", "--enc=json", &verify, file])?)?)
}

/// Status and content type of a path at the gateway.
fn head(daemon: &Daemon, path: &str) -> Result<(u16, String)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let _ = rustls::crypto::ring::default_provider().install_default();
    let url = format!("{}{path}", daemon.gateway);
    let answer = runtime.block_on(async { reqwest::Client::new().get(url).send().await })?;
    let kind = answer.headers().get("content-type");
    let kind = kind.map(|kind| kind.to_str().map(str::to_owned)).transpose()?;
    Ok((answer.status().as_u16(), kind.unwrap_or_default()))
}

/// Uploaded, pinned, published, read back, and resolved through its gateway; the root is that of
/// `ipfs add`; what is missing is missed.
pub fn publish_and_resolve() -> Result<()> {
    let mut sandbox = Sandbox::new()?;
    let workspace = signed_workspace(&mut sandbox)?;
    let daemon = Repository::new(&sandbox)?.start(&[])?;
    sandbox.set_env("NAMESYS_GATEWAY_URL", &daemon.gateway);
    let kubo = format!("kubo={}", daemon.rpc);
    let publish = ["publish", "--upload", &kubo, "--publisher", &kubo];
    let published = sandbox.ok(publish)?;
    let root = published["root"].as_str().with_context(|| format!("{published}"))?;
    let pins = daemon.repository.ok(["pin", "ls", "--type=recursive", "--quiet", root])?;
    ensure!(pins == root, "pinned: {pins}");
    let added = daemon.repository.ok(["add", "-r", "--hidden", "-Q", "-w", ".well-known"])?;
    ensure!(added == root, "ipfs add says {added}: {published}");

    let file = format!("/ipfs/{root}/.well-known/eth/nick/text/avatar.json");
    let served = head(&daemon, &file)?;
    ensure!(served == (200, "application/json".to_owned()), "{served:?}");
    let served = head(&daemon, &format!("/ipfs/{root}/.well-known/eth/nick/text/none.json"))?;
    ensure!(served.0 == 404, "{served:?}");
    for (recordhash, sequence) in
        [(workspace.contenthash.as_str(), published["sequence"].as_u64()), (root, None)]
    {
        let (code, resolved) = resolve(&sandbox, &workspace, recordhash, &daemon.gateway)?;
        ensure!(code == 0 && resolved["ipns"]["sequence"].as_u64() == sequence, "{resolved}");
        let records = resolved["records"].as_array().with_context(|| format!("{resolved}"))?;
        ensure!(!records.is_empty(), "{resolved}");
        for record in records {
            ensure!(record["verified"] == true && record["proven"] == true, "{record}");
        }
    }

    sandbox.ok(["set", "text", "avatar", "https://example.com/other.png"])?;
    sandbox.ok(["sign"])?;
    let again = sandbox.ok(publish)?;
    ensure!(again["root"] != root && again["sequence"] != published["sequence"], "{again}");
    let path = daemon.repository.ok(["name", "resolve", "--nocache", &workspace.ipns_name])?;
    ensure!(Some(path.trim_start_matches("/ipfs/")) == again["root"].as_str(), "{path} {again}");
    Ok(())
}

/// Status, renewal, and back to an older tree, as long as the node keeps it.
pub fn upkeep() -> Result<()> {
    let mut sandbox = Sandbox::new()?;
    let workspace = signed_workspace(&mut sandbox)?;
    let daemon = Repository::new(&sandbox)?.start(&[])?;
    sandbox.set_env("NAMESYS_GATEWAY_URL", &daemon.gateway);
    let kubo = format!("kubo={}", daemon.rpc);
    let with = |command: &[&'static str]| -> Vec<String> {
        let flags = ["--publisher", kubo.as_str()];
        command.iter().copied().chain(flags).map(str::to_owned).collect()
    };
    let uploading = |command: &[&'static str]| {
        [with(command), vec!["--upload".to_owned(), kubo.clone()]].concat()
    };
    let resolved = || daemon.repository.ok(["name", "resolve", "--nocache", &workspace.ipns_name]);
    let mut roots = Vec::new();
    for avatar in ["https://example.com/1", "https://example.com/2"] {
        sandbox.ok(["set", "text", "avatar", avatar])?;
        sandbox.ok(["sign"])?;
        let published = sandbox.ok(uploading(&["publish", "--wait=20s"]))?;
        roots.push(published["root"].as_str().context("a root")?.to_owned());
    }
    let status = sandbox.ok(with(&["status"]))?;
    ensure!(status["publications"][0]["newest"] == true, "{status}");
    let renewed = sandbox.ok(with(&["renew", "--validity", "2100-01-01T00:00:00Z"]))?;
    ensure!(renewed["sequence"] == 2 && renewed["root"] == *roots[1], "{renewed}");
    let status = sandbox.ok(with(&["status", "--warn-days", "10000"]))?;
    ensure!(status["publications"][0]["validity"] == "2100-01-01T00:00:00Z", "{status}");
    let back = sandbox.ok(uploading(&["rollback"]))?;
    ensure!(back["sequence"] == 3 && back["root"] == *roots[0], "{back}");
    ensure!(resolved()? == format!("/ipfs/{}", roots[0]));
    // Gone from the node, the newer tree is no more gone to.
    daemon.repository.ok(["pin", "rm", &roots[1]])?;
    daemon.repository.ok(["repo", "gc", "--quiet"])?;
    let (code, refused) = sandbox.json(uploading(&["rollback", "1"]))?;
    ensure!(code == 1 && kind(&refused) == Some(ErrorKind::ContentGone), "exit {code}: {refused}");
    ensure!(resolved()? == format!("/ipfs/{}", roots[0]));
    // The files are there still: published, it is uploaded again.
    let again = sandbox.ok(uploading(&["publish"]))?;
    ensure!(again["root"] == *roots[1] && again["uploads"][0]["sent"] == true, "{again}");
    ensure!(resolved()? == format!("/ipfs/{}", roots[1]));
    Ok(())
}

/// Found by its own file `api`; where it wants a token, in every form that people keep one in, and
/// a refusal that says what is missing.
pub fn token_and_api_file() -> Result<()> {
    let mut sandbox = Sandbox::new()?;
    signed_workspace(&mut sandbox)?;
    let repository = Repository::new(&sandbox)?;
    let secrets = r#"{"nick":{"AuthSecret":"basic:nick:hunter2","AllowedPaths":["/api/v0"]},
        "ci":{"AuthSecret":"bearer:s3cr3t","AllowedPaths":["/api/v0"]}}"#;
    repository.ok(["config", "--json", "API.Authorizations", secrets])?;
    let daemon = repository.start(&[])?;
    for variable in ["NAMESYS_KUBO_URL", "NAMESYS_GATEWAY_URL", "NAMESYS_W3NAME_URL"] {
        sandbox.set_env(variable, "");
    }
    sandbox.set_env("NAMESYS_GATEWAY_URL", &daemon.gateway);
    let folder = sandbox.path("kubo");
    sandbox.set_env("IPFS_PATH", folder.to_str().context("UTF-8")?);
    let config = String::from_utf8(sandbox.read("namesys.toml")?)?;
    let publisher = "\n[[publishers]]\nkind = \"kubo\"\nurl = \"http://127.0.0.1:1\"\n";
    sandbox.write("namesys.toml", config + publisher)?;
    let (code, refused) = sandbox.json(["publish"])?;
    let error = refused["uploads"][0]["error"].as_str().unwrap_or_default();
    ensure!(code == 1 && error.contains("is a token needed"), "exit {code}: {refused}");
    let good = [
        "nick:hunter2",
        "basic:nick:hunter2",
        "Basic bmljazpodW50ZXIy",
        "s3cr3t",
        "Bearer s3cr3t\n",
    ];
    for (sequence, token) in good.into_iter().enumerate() {
        sandbox.set_env("NAMESYS_KUBO_TOKEN", token);
        sandbox.ok(["set", "text", "avatar", &format!("https://example.com/{sequence}")])?;
        sandbox.ok(["sign"])?;
        let published = sandbox.ok(["publish"])?;
        ensure!(published["sequence"] == sequence, "{token}: {published}");
        ensure!(published["publications"][0]["read_back"] == true, "{token}: {published}");
    }
    sandbox.set_env("NAMESYS_KUBO_TOKEN", "nick:wrong");
    let (code, refused) = sandbox.json(["publish"])?;
    ensure!(code == 1 && !refused.to_string().contains("wrong"), "exit {code}: {refused}");
    Ok(())
}

/// `name put` and `name get` through the RPC: inspected, replaced, and not replaced by an older.
pub fn records_by_rpc() -> Result<()> {
    let sandbox = Sandbox::new()?;
    sandbox.write("ipns.key", SEED)?;
    let daemon = Repository::new(&sandbox)?.start(&[])?;
    records(&sandbox, &daemon, &format!("kubo={}", daemon.rpc))
}

/// The same through the routing API of its gateway, which answers 200 also when it keeps a
/// newer record.
pub fn records_by_routing() -> Result<()> {
    let sandbox = Sandbox::new()?;
    sandbox.write("ipns.key", SEED)?;
    let daemon = Repository::new(&sandbox)?.start(&[])?;
    records(&sandbox, &daemon, &format!("routing={}", daemon.gateway))
}

fn records(sandbox: &Sandbox, daemon: &Daemon, publisher: &str) -> Result<()> {
    let get = || sandbox.json(["ipns", "get", NAME, "--publisher", publisher]);
    let put =
        |file: &str| sandbox.json(["ipns", "put", file, "--name", NAME, "--publisher", publisher]);
    let (code, none) = get()?;
    ensure!(code == 4, "exit {code}: {none}");
    for (sequence, value) in [("1", FIRST), ("2", SECOND)] {
        let signed = sign(sandbox, sequence, value)?;
        let inspected = inspect(&daemon.repository, sequence, NAME)?;
        ensure!(inspected["Validation"]["Valid"] == true, "{inspected}");
        ensure!(inspected["SignatureType"] == "V1+V2", "{inspected}");
        ensure!(inspected["Entry"]["Value"] == value, "{inspected}");
        let (code, stored) = put(sequence)?;
        ensure!(code == 0, "exit {code}: {stored}");
        let (code, read) = get()?;
        ensure!(code == 0 && read["valid"] == true, "exit {code}: {read}");
        same(&read, &signed, FIELDS)?;
        let path = daemon.repository.ok(["name", "resolve", "--nocache", NAME])?;
        ensure!(path == value, "{path}");
    }
    let (code, stored) = put("2")?;
    ensure!(code == 0, "the same again: exit {code}: {stored}");
    let (code, refused) = put("1")?;
    ensure!(code == 1 && kind(&refused) == Some(ErrorKind::Outdated), "exit {code}: {refused}");
    let (_, read) = get()?;
    ensure!(read["sequence"] == 2, "{read}");
    daemon.repository.ok(["name", "get", NAME]).map(drop)
}

/// Without network the RPC takes records and gives none out, which is said; the gateway does both.
pub fn offline() -> Result<()> {
    let sandbox = Sandbox::new()?;
    sandbox.write("ipns.key", SEED)?;
    let daemon = Repository::new(&sandbox)?.start(&["--offline"])?;
    sign(&sandbox, "1", FIRST)?;
    let put = |publisher: &str| {
        sandbox.json(["ipns", "put", "1", "--name", NAME, "--publisher", publisher])
    };
    let (code, unread) = put(&format!("kubo={}", daemon.rpc))?;
    let message = unread["error"]["message"].as_str().unwrap_or_default();
    ensure!(code == 1 && message.contains("without network"), "exit {code}: {unread}");
    ensure!(daemon.repository.ok(["name", "resolve", NAME])? == FIRST, "it was taken");
    let routing = format!("routing={}", daemon.gateway);
    let (code, stored) = put(&routing)?;
    ensure!(code == 0, "exit {code}: {stored}");
    let read = sandbox.ok(["ipns", "get", NAME, "--publisher", &routing])?;
    ensure!(read["valid"] == true && read["value"] == FIRST, "{read}");
    Ok(())
}

/// A changed record is none, also for Kubo.
pub fn inspects_changed_records() -> Result<()> {
    let sandbox = Sandbox::new()?;
    sandbox.write("ipns.key", SEED)?;
    let repository = Repository::new(&sandbox)?;
    sign(&sandbox, "1", FIRST)?;
    let signed = crate::entry::Entry::parse(&sandbox.read("1")?)?;
    sandbox.write("2", signed.changed(crate::entry::SIGNATURE_V2)?.encode())?;
    for (file, valid) in [("1", true), ("2", false)] {
        let inspected = inspect(&repository, file, NAME)?;
        ensure!(inspected["Validation"]["Valid"] == valid, "{file}: {inspected}");
    }
    Ok(())
}

/// `pack` and `ipfs add -r --hidden` agree, on both sides of the HAMT limit.
///
/// Left out is the one folder in which Kubo 0.44 leaves the limit: subdirectories are put into
/// their directory a second time when they are flushed, and its HAMT then takes the new link for
/// one without a name, so that directories over the limit by less than a name become plain ones
/// again. boxo, given the directory at once, shards it as we do (`boxo::packs_to_the_same_roots`).
pub fn same_roots() -> Result<()> {
    let sandbox = Sandbox::new()?;
    let repository = Repository::new(&sandbox)?;
    let mut folders = super::roots::folders(&sandbox)?;
    folders.retain(|folder| !folder.ends_with("one-over-folders"));
    let theirs: Vec<_> =
        folders.iter().map(|folder| repository.add(folder)).collect::<Result<_>>()?;
    super::roots::compare(&sandbox, &folders, &theirs)
}

/// `key import` takes our exports, `key export` what we take.
pub fn keys() -> Result<()> {
    let sandbox = Sandbox::new()?;
    sandbox.write("ipns.key", SEED)?;
    let repository = Repository::new(&sandbox)?;
    for (ours, theirs) in [("libp2p", "libp2p-protobuf-cleartext"), ("pem", "pem-pkcs8-cleartext")]
    {
        let file = format!("ours.{ours}");
        let key = ["--ipns-key-file", "ipns.key", "--format", ours, "--out", &file];
        sandbox.ok([&["key", "export"], &key[..]].concat())?;
        let format = format!("--format={theirs}");
        let name = repository.ok(["key", "import", "--ipns-base=base36", &format, ours, &file])?;
        ensure!(name == NAME, "{ours}: {name}");
        let back = format!("theirs.{ours}");
        repository.ok(["key", "export", &format, "--output", &back, ours])?;
        ensure!(sandbox.read(&back)? == sandbox.read(&file)?, "{ours}: other bytes");
        let inspected = sandbox.ok(["key", "inspect", "--ipns-key-file", &back])?;
        ensure!(inspected.to_string().contains(NAME), "{ours}: {inspected}");
        repository.ok(["key", "rm", ours])?;
    }
    let made = repository.ok(["key", "gen", "--type=ed25519", "--ipns-base=base36", "made"])?;
    repository.ok(["key", "export", "--output", "made.key", "made"])?;
    let inspected = sandbox.ok(["key", "inspect", "--ipns-key-file", "made.key"])?;
    ensure!(inspected.to_string().contains(&made), "{made}: {inspected}");
    Ok(())
}
