//! `publish` to every kind of target that needs no service of somebody else's: the devnet as Kubo,
//! w3name and delegated routing, folders and files; by tables and by flags.

use std::fs;
use std::path::Path;

use crate::support::devnet::Devnet;
use crate::support::sandbox::Sandbox;
use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// A key of no worth: the first one of anvil and hardhat.
const WALLET_KEY: &str = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";

const TABLES: &str = r#"
[[uploads]]
kind = "kubo"
url = "http://127.0.0.1:1"
token_env = "KUBO_TOKEN"

[[uploads]]
kind = "folder"
dir = "pages"

[[publishers]]
kind = "w3name"
url = "http://127.0.0.1:1"

[[publishers]]
kind = "kubo"
url = "http://127.0.0.1:1"

[[publishers]]
kind = "routing"
url = "http://127.0.0.1:1"

[[publishers]]
kind = "file"
file = "latest.ipns-record"
"#;

fn signed(sandbox: &mut Sandbox) -> Result<()> {
    sandbox.set_env("ETH_PRIVATE_KEY", WALLET_KEY);
    sandbox.set_env("NAMESYS_KEY_PASSWORD", "");
    sandbox.ok(["init", "nick.eth"])?;
    sandbox.ok(["set", "text", "avatar", "https://example.com/1.png"])?;
    sandbox.ok(["sign"])?;
    Ok(())
}

fn add_tables(sandbox: &Sandbox, tables: &str) -> Result<()> {
    let config = String::from_utf8(sandbox.read("namesys.toml")?)?;
    sandbox.write("namesys.toml", config + tables)?;
    Ok(())
}

fn outcomes<'a>(published: &'a Value, list: &str) -> Vec<(&'a str, bool)> {
    let all = published[list].as_array().into_iter().flatten();
    all.map(|one| (one["to"].as_str().unwrap_or(""), one["ok"] == true)).collect()
}

fn same_trees(one: &Path, other: &Path) -> Result<()> {
    for entry in fs::read_dir(one)? {
        let entry = entry?;
        let copy = other.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            same_trees(&entry.path(), &copy)?;
        } else {
            let read = |path: &Path| fs::read(path).with_context(|| path.display().to_string());
            ensure!(read(&entry.path())? == read(&copy)?, "{}", copy.display());
        }
    }
    Ok(())
}

#[test]
fn tables_of_every_kind() -> Result<()> {
    let mut sandbox = Sandbox::new()?;
    let devnet = Devnet::start(&mut sandbox)?;
    signed(&mut sandbox)?;
    add_tables(&sandbox, TABLES)?;
    // Paths are the workspace's, wherever the command is run.
    let workspace = sandbox.path("");
    let elsewhere = ["-C", workspace.to_str().unwrap_or_default()];
    for (avatar, sequence) in [("https://example.com/1.png", 0), ("https://example.com/2.png", 1)] {
        sandbox.ok(["set", "text", "avatar", avatar])?;
        sandbox.ok(["sign"])?;
        let published = sandbox.ok([&elsewhere[..], &["publish"]].concat())?;
        let uploads = outcomes(&published, "uploads");
        ensure!(uploads.len() == 2 && uploads.iter().all(|(_, ok)| *ok), "{published}");
        let publications = outcomes(&published, "publications");
        ensure!(publications.len() == 4 && publications.iter().all(|(_, ok)| *ok), "{published}");
        let kinds: Vec<&str> =
            publications.iter().filter_map(|(to, _)| to.split_whitespace().next()).collect();
        ensure!(kinds == ["w3name", "kubo", "delegated", "file"], "{published}");
        same_trees(&sandbox.path(".well-known"), &sandbox.path("pages/.well-known"))?;
        ensure!(sandbox.path("pages/.nojekyll").is_file(), "for GitHub Pages");
        let inspected = sandbox.ok(["ipns", "inspect", "latest.ipns-record"])?;
        ensure!(inspected["valid"] == true && inspected["sequence"] == sequence, "{inspected}");
    }
    let kubo = format!("kubo={}", devnet.urls.kubo);
    let again = sandbox.ok(["publish"])?;
    let name = again["ipns_name"].as_str().unwrap_or_default();
    let got = sandbox.ok(["ipns", "get", name, "--publisher", &kubo])?;
    ensure!(got["valid"] == true && got["sequence"] == 1, "{got}");
    ensure!(again["sequence"] == 1 && again["new_record"] == false, "{again}");
    Ok(())
}

#[test]
fn flags_of_paths() -> Result<()> {
    let mut sandbox = Sandbox::new()?;
    let _devnet = Devnet::start(&mut sandbox)?;
    signed(&mut sandbox)?;
    fs::create_dir(sandbox.path("records"))?;
    let arguments = ["publish", "--upload", "folder=out", "--publisher", "file=records"];
    let published = sandbox.ok(arguments)?;
    same_trees(&sandbox.path(".well-known"), &sandbox.path("out/.well-known"))?;
    let name = published["ipns_name"].as_str().unwrap_or_default();
    let file = format!("records/{name}.ipns-record");
    ensure!(sandbox.ok(["ipns", "inspect", &file])?["valid"] == true, "{published}");
    // Somebody else's file in the way: said, and the name left as it is.
    let record = sandbox.read(&file)?;
    sandbox.ok(["set", "text", "avatar", "https://example.com/2.png"])?;
    sandbox.ok(["sign"])?;
    sandbox.write("theirs/.well-known", "a file")?;
    let arguments = ["publish", "--upload", "folder=theirs", "--publisher", "file=records"];
    let (code, refused) = sandbox.json(arguments)?;
    let error = refused["uploads"][0]["error"].as_str().unwrap_or_default();
    ensure!(code == 1 && error.contains("is not namesys's"), "{refused}");
    ensure!(sandbox.read(&file)? == record, "an upload failed, so no record was given");
    Ok(())
}

#[test]
fn settings_that_cannot_be() -> Result<()> {
    let mut sandbox = Sandbox::new()?;
    signed(&mut sandbox)?;
    let config = String::from_utf8(sandbox.read("namesys.toml")?)?;
    let file = sandbox.path("no-such-file").display().to_string();
    let binding = format!("host = \"uploads.pinata.cloud\"\ntoken_file = \"{file}\"");
    sandbox.write(".config/namesys/config.toml", format!("[[credentials]]\n{binding}\n"))?;
    let cases = [
        (
            "kind = \"kubo\"\nurl = \"http://127.0.0.1:1\"\ntoken_env = \"ETH_PRIVATE_KEY\"",
            "ETH_PRIVATE_KEY is a key",
        ),
        ("kind = \"pinata\"", "no-such-file cannot be read"),
        ("kind = \"pinata\"\ntoken_file = \"no-such-file\"", "no-such-file cannot be read"),
        ("kind = \"pinata\"\ntoken_file = \"another-file\"", "which you have not allowed"),
        ("kind = \"s3\"\nurl = \"http://127.0.0.1:1\"", "needs a bucket"),
        ("kind = \"s3\"\nurl = \"http://127.0.0.1:1/b1b\"", "none is bound to 127.0.0.1:1"),
        (
            "kind = \"kubo\"\nurl = \"http://127.0.0.1:1\"\ntoken = \"x\"",
            "\"token\" is not an entry",
        ),
        ("kind = \"folder\"\nurl = \"http://127.0.0.1:1\"", "\"url\" is not an entry"),
        ("kind = \"w3name\"\nurl = \"http://127.0.0.1:1\"", "not a kind known here"),
    ];
    for (table, words) in cases {
        sandbox.write("namesys.toml", format!("{config}\n[[uploads]]\n{table}\n"))?;
        let (code, failed) = sandbox.json(["publish"])?;
        let message = failed["error"]["message"].as_str().unwrap_or_default();
        ensure!(code != 0 && message.contains(words), "{table}: {failed}");
    }
    Ok(())
}

/// `IPFS_PATH/api` as Kubo writes it, and a token as people keep it.
#[test]
fn kubo_where_its_own_file_says() -> Result<()> {
    let mut sandbox = Sandbox::new()?;
    let devnet = Devnet::start(&mut sandbox)?;
    signed(&mut sandbox)?;
    let address = devnet.urls.kubo.strip_prefix("http://").context("plain HTTP")?;
    let (host, port) = address.split_once(':').context("a port")?;
    sandbox.set_env("NAMESYS_KUBO_URL", "");
    sandbox.set_env("NAMESYS_KUBO_TOKEN", "Basic bWU6aHVudGVyMg==\n");
    let folder = sandbox.path("ipfs");
    sandbox.set_env("IPFS_PATH", folder.to_str().context("UTF-8")?);
    sandbox.write("ipfs/api", format!("/ip4/{host}/tcp/{port}\n"))?;
    let published = sandbox.ok(["publish"])?;
    let to = published["uploads"][0]["to"].as_str().unwrap_or_default();
    ensure!(to.starts_with(&format!("kubo at http://{address}")), "{published}");
    let flag = format!("kubo=/dns4/localhost/tcp/{port}/http");
    let again = sandbox.ok(["publish", "--upload", &flag, "--publisher", &flag])?;
    ensure!(again["uploads"][0]["sent"] == false, "{again}");
    ensure!(again["publications"][0]["read_back"] == true, "{again}");
    // A node may listen on a socket alone.
    let socket = sandbox.path("ipfs.sock");
    on_socket(&socket, address.to_owned())?;
    sandbox.write("ipfs/api", format!("/unix{}\n", socket.display()))?;
    let again = sandbox.ok(["publish"])?;
    ensure!(again["uploads"][0]["sent"] == false, "{again}");
    ensure!(again["uploads"][0]["to"] == format!("kubo at unix:{}", socket.display()), "{again}");
    sandbox.write("ipfs/api", "/unix/run/no/such/ipfs.sock\n")?;
    let (code, refused) = sandbox.json(["publish"])?;
    let error = refused["uploads"][0]["error"].as_str().unwrap_or_default();
    ensure!(code == 1 && error.contains("unix:/run/no/such/ipfs.sock"), "{refused}");
    // A node that has ended leaves its file behind.
    sandbox.write("ipfs/api", "/ip4/127.0.0.1/tcp/1\n")?;
    let (code, refused) = sandbox.json(["publish"])?;
    let error = refused["uploads"][0]["error"].as_str().unwrap_or_default();
    ensure!(code == 1 && error.contains("is the server running"), "{refused}");
    Ok(())
}

/// Hands what comes on a socket on to a server, until the process ends.
fn on_socket(path: &std::path::Path, address: String) -> Result<()> {
    let listener = std::os::unix::net::UnixListener::bind(path)?;
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let server = std::net::TcpStream::connect(&address).unwrap();
            let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            std::thread::spawn(move || std::io::copy(&mut from, &mut to));
            let (mut from, mut to) = (server, client);
            std::thread::spawn(move || std::io::copy(&mut from, &mut to));
        }
    });
    Ok(())
}
