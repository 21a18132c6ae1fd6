//! `publish --to https` to a bucket, by other people's implementation of S3, which serves it as a
//! website.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use namesys::net::{Body, Bucket, BucketConfig, Http, HttpConfig, Request};
use serde_json::Value;

use super::gateway::signed_workspace;
use crate::peer::Served;
use crate::support::sandbox::Sandbox;

const KEY: &str = "AKIATEST";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+secret";

fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/net/testdata")
}

/// The bucket as somebody else uses it.
struct Other {
    bucket: Bucket,
    runtime: tokio::runtime::Runtime,
}

impl Other {
    fn of(served: &Served) -> Result<Self> {
        let extra_roots = Some(std::fs::read(testdata().join("ca.pem"))?);
        let http = Http::new(HttpConfig { extra_roots, ..HttpConfig::default() })?;
        let config = BucketConfig {
            endpoint: served.url.parse()?,
            bucket: "names".to_owned(),
            region: "us-east-1".to_owned(),
            key_id: KEY.to_owned(),
            secret: SECRET.to_owned().into(),
        };
        let bucket = Bucket::new(http, config).map_err(anyhow::Error::msg)?;
        Ok(Self { bucket, runtime: tokio::runtime::Runtime::new()? })
    }

    fn send(&self, request: Request) -> Result<namesys::net::Response> {
        Ok(self.runtime.block_on(self.bucket.http().send(&request))?)
    }

    fn put(&self, key: &str, text: &'static str) -> Result<()> {
        self.send(self.bucket.put(key, Body::Bytes(text.into()), &[]))?.success()?;
        Ok(())
    }

    fn get(&self, key: &str) -> Result<Vec<u8>> {
        Ok(self.send(self.bucket.get(key))?.success()?.to_vec())
    }

    /// Every object and its tag.
    fn listing(&self) -> Result<BTreeMap<String, String>> {
        let listed = self.runtime.block_on(self.bucket.list(""))?;
        Ok(listed.into_iter().map(|object| (object.key, object.etag)).collect())
    }
}

fn site(served: &Served) -> String {
    format!(
        "\n[[sites]]\nkind = \"s3\"\nendpoint = \"{}\"\nbucket = \"names\"\nprefix = \"ens\"\n\
         region = \"us-east-1\"\nkey_env = \"BUCKET_KEY\"\nsecret_env = \"BUCKET_SECRET\"\n\
         url = \"{}/ens\"\n",
        served.url, served.web
    )
}

fn workspace(served: &Served) -> Result<Sandbox> {
    let mut sandbox = Sandbox::new()?;
    let wallet = signed_workspace(&mut sandbox)?;
    ensure!(!wallet.wallet.is_empty(), "keygen says the wallet");
    let config = String::from_utf8(sandbox.read("namesys.toml")?)?;
    sandbox.write("namesys.toml", config + &site(served))?;
    let keys = super::uploads::bound(&served.url, &["BUCKET_KEY", "BUCKET_SECRET"]);
    sandbox.set_env("NAMESYS_CREDENTIALS", &keys);
    sandbox.set_env("BUCKET_KEY", KEY);
    sandbox.set_env("BUCKET_SECRET", SECRET);
    Ok(sandbox)
}

fn publish(sandbox: &Sandbox) -> Result<(i32, Value)> {
    publish_with(sandbox, &[])
}

fn publish_with(sandbox: &Sandbox, flags: &[&str]) -> Result<(i32, Value)> {
    let ca = testdata().join("ca.pem");
    let publish = ["--ca-file", ca.to_str().context("UTF-8")?, "publish", "--to", "https"];
    sandbox.json(publish.into_iter().chain(flags.iter().copied()))
}

fn count(published: &Value, what: &str) -> u64 {
    published["uploads"][0][what].as_u64().unwrap_or(u64::MAX)
}

/// Written, read back, changed, removed; others' objects left alone; a wrong key refused.
pub fn bucket() -> Result<()> {
    let served = Served::website("names", KEY, SECRET, &testdata())?;
    let mut sandbox = workspace(&served)?;
    let other = Other::of(&served)?;
    sandbox.set_env("BUCKET_SECRET", "wrong");
    let (code, refused) = publish(&sandbox)?;
    let error = refused["uploads"][0]["error"].as_str().unwrap_or_default();
    ensure!(code == 1 && error.contains("SignatureDoesNotMatch"), "{refused}");
    ensure!(!refused.to_string().contains("X-Amz-Signature"), "{refused}");
    sandbox.set_env("BUCKET_SECRET", SECRET);

    other.put("ens/.well-known/security.txt", "theirs")?;
    other.put("index.html", "theirs")?;
    let (code, first) = publish(&sandbox)?;
    let files = count(&first, "written");
    ensure!(code == 0 && files > 2 && count(&first, "unchanged") == 0, "{first}");
    let seen = &first["publications"][0];
    ensure!(seen["read_back"] == true && seen["asked"] == files && seen["cors"] == true, "{first}");
    let avatar = "ens/.well-known/eth/nick/text/avatar.json";
    ensure!(other.get(avatar)? == sandbox.read(&avatar["ens/".len()..])?, "the same bytes");
    let url = format!("{}/{avatar}", served.web).parse()?;
    let answer = other.send(Request::get(url))?;
    ensure!(answer.media_type == "application/json", "{}", answer.media_type);
    ensure!(answer.header("cache-control") == Some("public, max-age=60"), "kept for a minute");

    let before = other.listing()?;
    let (code, again) = publish(&sandbox)?;
    ensure!(code == 0 && count(&again, "unchanged") == files, "{again}");
    ensure!(again["uploads"][0]["sent"] == false && again["root"] == first["root"], "{again}");
    let ca = testdata().join("ca.pem");
    let doctor = sandbox.json(["--ca-file", ca.to_str().context("UTF-8")?, "doctor"])?.1;
    let checks = doctor["checks"].as_array().context("checks")?;
    let sites = checks
        .iter()
        .filter(|check| check["what"].as_str().is_some_and(|what| what.starts_with("site")));
    let ok = sites.filter(|check| check["ok"] == true).count();
    ensure!(ok == 2, "the bucket and its address: {doctor}");
    ensure!(other.listing()? == before, "neither a probe nor a second publication leaves anything");
    let status = sandbox.ok(["--ca-file", ca.to_str().context("UTF-8")?, "status"])?;
    ensure!(status["sites"][0]["current"] == true, "{status}");
    ensure!(status["sites"][0]["served"] == true, "{status}");

    sandbox.ok(["set", "text", "avatar", "https://example.com/other.png"])?;
    sandbox.ok(["unset", "address", "eth"])?;
    sandbox.ok(["sign"])?;
    let (code, changed) = publish(&sandbox)?;
    let counts = ["written", "unchanged", "removed"].map(|what| count(&changed, what));
    ensure!(code == 0 && counts == [1, files - 2, 1], "{changed}");
    ensure!(changed["publications"][0]["asked"] == 2, "the changed and the removed: {changed}");
    ensure!(!other.listing()?.contains_key("ens/.well-known/eth/nick/address/60.json"), "gone");
    ensure!(other.get("ens/.well-known/security.txt")? == b"theirs", "left alone");
    foreign(&sandbox, &other)
}

/// What somebody else put, or changed, is theirs.
fn foreign(sandbox: &Sandbox, other: &Other) -> Result<()> {
    let banner = "ens/.well-known/eth/nick/text/banner.json";
    other.put(banner, "theirs")?;
    sandbox.ok(["set", "text", "banner", "https://example.com/banner.png"])?;
    sandbox.ok(["sign"])?;
    let before = other.listing()?;
    let (code, refused) = publish(sandbox)?;
    let error = refused["uploads"][0]["error"].as_str().unwrap_or_default();
    ensure!(code == 1 && error.contains("is not namesys's"), "{refused}");
    ensure!(other.listing()? == before, "nothing was written");
    sandbox.ok(["unset", "text", "banner"])?;
    sandbox.ok(["sign"])?;
    // Ours, until somebody changes it: then it stays when the record goes.
    let avatar = "ens/.well-known/eth/nick/text/avatar.json";
    other.put(avatar, "changed")?;
    sandbox.ok(["unset", "text", "avatar"])?;
    sandbox.ok(["sign"])?;
    let (code, kept) = publish(sandbox)?;
    ensure!(count(&kept, "removed") == 0 && other.get(avatar)? == b"changed", "{code}: {kept}");
    Ok(())
}

/// From two copies of a workspace at once: one tree stands there whole, and nothing of the other.
/// What one brought the other takes away only where it was told to.
pub fn two_at_once() -> Result<()> {
    let served = Served::website("names", KEY, SECRET, &testdata())?;
    let (one, two) = (workspace(&served)?, workspace(&served)?);
    for round in 0..3 {
        for (sandbox, text) in [(&one, "one"), (&two, "two")] {
            for number in 0..20 {
                sandbox.ok(["set", "text", &format!("{text}-{round}-{number}"), text])?;
            }
            sandbox.ok([
                "set",
                "text",
                "avatar",
                &format!("https://example.com/{text}-{round}"),
            ])?;
            sandbox.ok(["sign"])?;
        }
        let flags: &[&str] = if round == 0 { &[] } else { &["--replace", "--allow-mass-removal"] };
        let results = std::thread::scope(|scope| {
            let threads = [&one, &two].map(|sandbox| scope.spawn(|| publish_with(sandbox, flags)));
            threads.map(|thread| thread.join().expect("it does not panic"))
        });
        let [first, second] = results;
        let (first, second) = (first?, second?);
        for (code, published) in [&first, &second] {
            // The files were brought; whoever was first may find the other's at the address.
            ensure!(matches!(code, 0 | 1), "{published}");
            ensure!(round == 0 || published["uploads"][0]["ok"] == true, "{published}");
        }
        ensure!(first.0 == 0 || second.0 == 0, "{first:?} {second:?}");
        ensure!(round > 0 || first.0 != second.0, "both: {first:?} {second:?}");
        if round == 0 {
            let refused = if first.0 == 0 { &second.1 } else { &first.1 };
            let words = refused.to_string();
            let is_told = words.contains("lose") || words.contains("was not brought from here");
            ensure!(is_told, "{refused}");
        }
        let other = Other::of(&served)?;
        let manifest = String::from_utf8(other.get("ens/.namesys-files/nick.eth")?)?;
        let root = manifest.lines().next().and_then(|line| line.strip_prefix("# root "));
        let winner = [(&one, &first.1), (&two, &second.1)]
            .into_iter()
            .find(|(_, published)| published["root"].as_str() == root)
            .with_context(|| manifest.clone())?
            .0;
        let listing = other.listing()?;
        let of_tree = listing.keys().filter_map(|key| key.strip_prefix("ens/.well-known/"));
        let mut files = 0;
        for path in of_tree {
            let expected = winner.read(&format!(".well-known/{path}"))?;
            ensure!(other.get(&format!("ens/.well-known/{path}"))? == expected, "{path}");
            files += 1;
        }
        let lines = manifest.lines().count() - 1;
        ensure!(files == lines, "{files} files, {lines} in the manifest");
    }
    Ok(())
}
