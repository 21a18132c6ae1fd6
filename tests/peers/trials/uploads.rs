//! `publish` to services that other people wrote servers for.

use anyhow::{Result, ensure};
use serde_json::Value;

use super::gateway::signed_workspace;
use crate::peer::Served;
use crate::support::devnet::Devnet;
use crate::support::sandbox::Sandbox;

/// The outcome at the upload whose description begins so.
fn outcome<'a>(published: &'a Value, kind: &str) -> Result<&'a Value> {
    let uploads = published["uploads"].as_array().into_iter().flatten();
    let mut of_kind =
        uploads.filter(|upload| upload["to"].as_str().unwrap_or("").starts_with(kind));
    of_kind.next().ok_or_else(|| anyhow::anyhow!("no upload to {kind}: {published}"))
}

/// Variables that may be sent to the server of `url`.
pub fn bound(url: &str, variables: &[&str]) -> String {
    let host = url.trim_start_matches("http://").trim_end_matches('/');
    variables.iter().map(|variable| format!("{host}={variable} ")).collect()
}

fn add_table(sandbox: &Sandbox, text: &str) -> Result<()> {
    let config = String::from_utf8(sandbox.read("namesys.toml")?)?;
    let kept = config.split("\n[[uploads]]").next().unwrap_or_default();
    sandbox.write("namesys.toml", format!("{kept}\n{text}"))?;
    Ok(())
}

/// Pinned, failed, refused; and not asked for again once it is pinned.
pub fn pinning_service() -> Result<()> {
    let mut sandbox = Sandbox::new()?;
    let _devnet = Devnet::start(&mut sandbox)?;
    signed_workspace(&mut sandbox)?;
    let service = Served::pinning("secret-token")?;
    sandbox.set_env("NAMESYS_CREDENTIALS", &bound(&service.url, &["PIN_TOKEN"]));
    // The name decides the status there.
    let table = |name: &str| {
        format!(
            "[[uploads]]\nkind = \"kubo\"\nurl = \"http://127.0.0.1:1\"\n\n\
             [[uploads]]\nkind = \"pinning-service\"\nurl = \"{}\"\ntoken_env = \"PIN_TOKEN\"\n\
             name = \"{name}\"\norigins = [\"/ip4/203.0.113.7/tcp/4001/p2p/\
             12D3KooWRpDn7kyFtGYuMvNCuaCDTLjyu9MUpMzGnBZpRCZwwzyF\"]\n",
            service.url
        )
    };
    add_table(&sandbox, &table("failed-nick.eth"))?;
    let (code, published) = sandbox.json(["publish"])?;
    ensure!(code == 2, "without the token: {published}");
    sandbox.set_env("PIN_TOKEN", "another-token");
    let (code, published) = sandbox.json(["publish"])?;
    let refused = outcome(&published, "pinning service")?;
    ensure!(code == 1 && refused["ok"] == false, "{published}");
    ensure!(
        refused["error"].as_str().unwrap_or("").contains("access token is invalid"),
        "{refused}"
    );
    sandbox.set_env("PIN_TOKEN", "secret-token");
    let (code, published) = sandbox.json(["publish"])?;
    let failed = outcome(&published, "pinning service")?;
    ensure!(code == 1 && failed["ok"] == false, "{published}");
    ensure!(failed["error"].as_str().unwrap_or("").contains("did not pin"), "{failed}");
    ensure!(outcome(&published, "kubo")?["ok"] == true, "{published}");
    add_table(&sandbox, &table("pinned-nick.eth"))?;
    let published = sandbox.ok(["publish"])?;
    ensure!(outcome(&published, "pinning service")?["ok"] == true, "{published}");
    // The service would fail what is asked for now: so it is not asked.
    add_table(&sandbox, &table("failed-nick.eth"))?;
    sandbox.ok(["publish"])?;
    Ok(())
}

/// By table and by flag; the root compared; a wrong key refused; nothing sent twice.
pub fn bucket() -> Result<()> {
    let mut sandbox = Sandbox::new()?;
    let _devnet = Devnet::start(&mut sandbox)?;
    signed_workspace(&mut sandbox)?;
    let bucket = Served::bucket("names", "AKIATEST", "wJalrXUtnFEMI/K7MDENG+secret")?;
    let keys = bound(&bucket.url, &["BUCKET_KEY", "BUCKET_SECRET"]);
    sandbox.set_env("NAMESYS_CREDENTIALS", &keys);
    add_table(
        &sandbox,
        &format!(
            "[[uploads]]\nkind = \"s3\"\nurl = \"{}\"\nbucket = \"names\"\nregion = \"us-east-1\"\n\
             key_env = \"BUCKET_KEY\"\nsecret_env = \"BUCKET_SECRET\"\n",
            bucket.url
        ),
    )?;
    sandbox.set_env("BUCKET_KEY", "AKIATEST");
    sandbox.set_env("BUCKET_SECRET", "wrong");
    let (code, published) = sandbox.json(["publish"])?;
    let refused = outcome(&published, "s3")?["error"].as_str().unwrap_or("").to_owned();
    ensure!(code == 1 && refused.contains("SignatureDoesNotMatch"), "{published}");
    ensure!(!refused.contains("X-Amz-Signature"), "{refused}");
    sandbox.set_env("BUCKET_SECRET", "wJalrXUtnFEMI/K7MDENG+secret");
    let published = sandbox.ok(["publish"])?;
    ensure!(outcome(&published, "s3")?["ok"] == true, "{published}");
    let again = sandbox.ok(["publish"])?;
    ensure!(outcome(&again, "s3")?["sent"] == false, "{again}");
    ensure!(again["root"] == published["root"], "{again}");

    sandbox.ok(["set", "text", "avatar", "https://example.com/other.png"])?;
    sandbox.ok(["sign"])?;
    sandbox.set_env("AWS_ACCESS_KEY_ID", "AKIATEST");
    sandbox.set_env("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+secret");
    let flag = format!("s3={}/names", bucket.url);
    let by_flag = sandbox.ok(["publish", "--upload", &flag])?;
    ensure!(by_flag["root"] != published["root"], "{by_flag}");
    ensure!(outcome(&by_flag, "s3")?["ok"] == true, "{by_flag}");
    let nowhere = format!("s3={}/another", bucket.url);
    let (code, failed) = sandbox.json(["publish", "--upload", &nowhere])?;
    ensure!(code == 1, "no such bucket: {failed}");
    Ok(())
}

/// `doctor` is let in or says why not, and asks for nothing to be kept.
pub fn doctor_pinning() -> Result<()> {
    let mut sandbox = Sandbox::new()?;
    let _devnet = Devnet::start(&mut sandbox)?;
    let service = Served::pinning("secret-token")?;
    let flag = format!("pinning-service={}", service.url);
    sandbox.set_env("NAMESYS_PINNING_TOKEN", "another-token");
    let (_, document) = sandbox.json(["doctor", "--upload", &flag])?;
    let refused = probe(&document, "upload pinning service")?;
    ensure!(refused["ok"] == false, "{document}");
    ensure!(refused["detail"].as_str().unwrap_or("").contains("access token is invalid"));
    ensure!(refused["hint"].as_str().unwrap_or("").contains("NAMESYS_PINNING_TOKEN"), "{refused}");
    sandbox.set_env("NAMESYS_PINNING_TOKEN", "secret-token");
    let (_, document) = sandbox.json(["doctor", "--upload", &flag])?;
    ensure!(probe(&document, "upload pinning service")?["ok"] == true, "{document}");
    Ok(())
}

/// The same of a bucket: the key, its secret, and that there is one.
pub fn doctor_bucket() -> Result<()> {
    let mut sandbox = Sandbox::new()?;
    let _devnet = Devnet::start(&mut sandbox)?;
    let bucket = Served::bucket("names", "AKIATEST", "wJalrXUtnFEMI/K7MDENG+secret")?;
    sandbox.set_env("AWS_ACCESS_KEY_ID", "AKIATEST");
    for (secret, name, expected) in [
        ("wrong", "names", Some(("403", "AWS_SECRET_ACCESS_KEY"))),
        ("wJalrXUtnFEMI/K7MDENG+secret", "another", Some(("404", "make the bucket"))),
        ("wJalrXUtnFEMI/K7MDENG+secret", "names", None),
    ] {
        sandbox.set_env("AWS_SECRET_ACCESS_KEY", secret);
        let flag = format!("s3={}/{name}", bucket.url);
        let (_, document) = sandbox.json(["doctor", "--upload", &flag])?;
        let found = probe(&document, "upload s3")?;
        ensure!(found["ok"] == expected.is_none(), "{document}");
        if let Some((detail, hint)) = expected {
            ensure!(found["detail"].as_str().unwrap_or("").contains(detail), "{found}");
            ensure!(found["hint"].as_str().unwrap_or("").contains(hint), "{found}");
        }
        ensure!(!document.to_string().contains("X-Amz"), "a signature is shown: {document}");
    }
    Ok(())
}

fn probe<'a>(document: &'a Value, what: &str) -> Result<&'a Value> {
    let mut checks = document["checks"].as_array().into_iter().flatten();
    let found = checks.find(|check| check["what"].as_str().unwrap_or("").starts_with(what));
    found.ok_or_else(|| anyhow::anyhow!("no check of {what}: {document}"))
}
