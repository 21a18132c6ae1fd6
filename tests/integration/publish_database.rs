//! `publish --to database`: what is asked before, what is not replaced, what is said of the rest.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Result, ensure};
use axum::Router;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use namesys::devnet::DevnetUrls;
use namesys::ens::Name;
use namesys::keys::SignerKey;
use namesys::record::RecordKey;
use namesys::report::{DatabasePublishReport, ErrorKind};
use namesys::request::SignedRecord;
use namesys::secret::Secret;
use serde_json::Value as Json;

use crate::support::database::Gateway;
use crate::support::reports::{kind, report};
use crate::workspace::{WALLET, Workspace};

const TO: [&str; 4] = ["publish", "--to", "database", "--allow-loopback"];

/// Services that nobody asks here.
fn nowhere() -> DevnetUrls {
    let url = || "http://127.0.0.1:1".to_owned();
    DevnetUrls { w3name: url(), kubo: url(), gateway: url(), routing: url() }
}

/// A workspace of nick.eth in a folder of its own, with a signed record.
fn workspace(folder: &tempfile::TempDir, name: &str) -> Workspace {
    Workspace::new(folder.path().join(name), nowhere())
}

/// Publishes to `url`: the exit code and the document.
fn publish(workspace: &Workspace, url: &str, more: &[&str]) -> (Option<i32>, Json, String) {
    workspace.run(&[&TO[..], &["--database-url", url], more].concat())
}

fn good(workspace: &Workspace, url: &str, more: &[&str]) -> DatabasePublishReport {
    let (code, document, stderr) = publish(workspace, url, more);
    assert_eq!(code, Some(0), "{document} {stderr}");
    report(&document)
}

/// A gateway on SQLite, for the wallet's names.
fn gateway(folder: &tempfile::TempDir) -> Result<Gateway> {
    let owner = SignerKey::from_hex(&Secret::new(WALLET.to_owned()))?.address();
    let database = format!("sqlite:{}", folder.path().join("x.db").display());
    Gateway::start(&database, owner, &["--name-rate", "0"])
}

fn held(gateway: &Gateway, key: &str) -> Result<Option<String>> {
    let runtime = tokio::runtime::Runtime::new()?;
    let (name, key) = (Name::parse("nick.eth")?, RecordKey::parse(key)?);
    let Some(payload) = runtime.block_on(gateway.payload(&name, &key))? else { return Ok(None) };
    let signed = SignedRecord::decode(&payload)?;
    Ok(Some(namesys::record::Value::abi_decode(&key, &signed.result)?.to_string()))
}

fn sets(workspace: &Workspace, key: &str, value: &str) {
    workspace.good(&["set", "text", key, value]);
    workspace.good(&["sign"]);
}

#[test]
fn what_nobody_here_saw_is_not_replaced() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let gateway = gateway(&folder)?;
    let here = workspace(&folder, "here");
    sets(&here, "url", "https://example.com");
    let there = here.checkout(folder.path().join("there"));
    let done = good(&here, &gateway.url, &[]);
    ensure!((done.databases[0].posted, done.databases[0].unchanged) == (2, 0), "{done:?}");
    let again = good(&here, &gateway.url, &[]);
    ensure!((again.databases[0].posted, again.databases[0].unchanged) == (0, 2), "{again:?}");
    // Known: changed from here.
    here.change("https://example.com/1");
    ensure!(good(&here, &gateway.url, &[]).databases[0].posted == 1);
    ensure!(held(&gateway, "text/avatar")?.as_deref() == Some("https://example.com/1"));

    // Another checkout never saw that: its older value, and a newer one, stay here.
    for value in ["https://example.com/0", "https://example.com/2"] {
        there.change(value);
        let (code, refused, _) = publish(&there, &gateway.url, &[]);
        ensure!((code, kind(&refused)) == (Some(1), Some(ErrorKind::WouldLose)), "{refused}");
        let refused: DatabasePublishReport = report(&refused);
        let loss = &refused.lost[0];
        ensure!(loss.there.as_deref() == Some("\"https://example.com/1\""), "{loss:?}");
        ensure!(loss.here.as_deref() == Some(&*format!("{value:?}")), "{loss:?}");
        ensure!(refused.lost.len() == 1 && refused.databases.is_empty(), "{refused:?}");
        ensure!(held(&gateway, "text/avatar")?.as_deref() == Some("https://example.com/1"));
    }
    // Beside it one that does not answer: both are told.
    let silent = ["--database-url", "http://127.0.0.1:1"];
    let (_, refused, _) = publish(&there, &gateway.url, &silent);
    ensure!(kind(&refused) == Some(ErrorKind::WouldLose), "{refused}");
    let both: DatabasePublishReport = report(&refused);
    let [failed] = &both.databases[..] else { anyhow::bail!("{both:?}") };
    ensure!(failed.to.contains("127.0.0.1:1") && !failed.ok && both.lost.len() == 1, "{both:?}");
    let replaced = good(&there, &gateway.url, &["--replace"]);
    ensure!(replaced.lost.len() == 1 && replaced.databases[0].posted == 1, "{replaced:?}");
    ensure!(held(&gateway, "text/avatar")?.as_deref() == Some("https://example.com/2"));
    let (code, refused, _) = publish(&here, &gateway.url, &[]);
    ensure!((code, kind(&refused)) == (Some(1), Some(ErrorKind::WouldLose)), "{refused}");
    // The same value is nobody's loss; and where git brought the base along, it is known.
    here.change("https://example.com/2");
    good(&here, &gateway.url, &[]);
    let later = here.checkout(folder.path().join("later"));
    later.change("https://example.com/3");
    good(&later, &gateway.url, &[]);
    std::fs::remove_file(here.dir.join("published.toml"))?;
    here.change("https://example.com/4");
    ensure!(kind(&publish(&here, &gateway.url, &[]).1) == Some(ErrorKind::WouldLose));
    Ok(())
}

/// What was replaced there comes back by its signer's word; what has no place, and what is no
/// longer wanted, is said.
#[test]
fn back_to_a_former_value_and_what_is_left() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let gateway = gateway(&folder)?;
    let here = workspace(&folder, "here");
    here.good(&["keygen", "--export", "keys"]);
    sets(&here, "url", "https://example.com");
    here.good(&["set", "name", "nick.eth"]);
    here.good(&["sign"]);
    let done = good(&here, &gateway.url, &[]);
    ensure!(done.left_out.len() == 1 && done.left_out[0].reason.contains("no place"), "{done:?}");
    here.change("https://example.com/1");
    good(&here, &gateway.url, &[]);
    here.change("https://example.com/0");
    let (code, refused, _) = publish(&here, &gateway.url, &[]);
    ensure!((code, kind(&refused)) == (Some(1), Some(ErrorKind::Changed)), "{refused}");
    ensure!(refused["error"]["hint"].to_string().contains("--signer-key-file"), "{refused}");
    ensure!(held(&gateway, "text/avatar")?.as_deref() == Some("https://example.com/1"));
    // A key that signed none of them vouches for none.
    let other = here.dir.join("other.key");
    std::fs::write(&other, "07".repeat(32))?;
    let (code, refused, said) = publish(&here, &gateway.url, &["--signer-key-file", "other.key"]);
    ensure!(code == Some(2), "{refused} {said}");
    ensure!(format!("{refused}{said}").contains("are signed by"), "{refused} {said}");
    let signer = ["--signer-key-file", "keys/signer.key"];
    ensure!(good(&here, &gateway.url, &signer).databases[0].posted == 1);
    ensure!(held(&gateway, "text/avatar")?.as_deref() == Some("https://example.com/0"));

    here.good(&["unset", "text", "url"]);
    here.good(&["sign"]);
    let done = good(&here, &gateway.url, &[]);
    ensure!(done.databases[0].remaining == ["nick.eth text/url"], "{done:?}");
    let config = here.dir.join("namesys.toml");
    let table = format!("\n[[databases]]\nurl = \"{}\"\n", gateway.url);
    std::fs::write(&config, std::fs::read_to_string(&config)? + &table)?;
    let status = here.good(&["status", "--allow-loopback"]);
    let database = &status["databases"][0];
    ensure!(database["asked"] == 1 && database["current"] == 1, "{status}");
    let doctor = |here: &Workspace| {
        let (_, document, _) = here.run(&["doctor", "--allow-loopback"]);
        let all = document["checks"].as_array().cloned().unwrap_or_default();
        let of = |check: &&Json| check["what"].as_str().is_some_and(|w| w.starts_with("database "));
        all.iter().filter(of).cloned().collect::<Vec<_>>()
    };
    let checks = doctor(&here);
    ensure!(checks.len() == 1 && checks[0]["ok"] == true, "{checks:?}");
    ensure!(checks[0]["detail"].to_string().contains("it has the records"), "{checks:?}");
    here.change("https://example.com/5");
    // One that is not to be asked does not hide the others.
    let plain = "\n[[databases]]\nurl = \"http://db.example\"\n";
    std::fs::write(&config, std::fs::read_to_string(&config)? + plain)?;
    let (_, status, _) = here.run(&["status", "--allow-loopback"]);
    ensure!(status["databases"][0]["current"] == 0 && status["unpublished"] == true, "{status}");
    let refused = status["databases"][1]["error"].to_string();
    ensure!(refused.contains("has no TLS"), "{status}");
    let checks = doctor(&here);
    ensure!(checks.len() == 2 && checks[1]["ok"] == false, "{checks:?}");
    ensure!(checks[0]["detail"].to_string().contains("has 0 of 1 records"), "{checks:?}");
    Ok(())
}

#[test]
fn gateways_that_are_not_to_be_asked_and_records_that_are_refused() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let here = workspace(&folder, "here");
    for (arguments, told) in [
        (&["--database-url", "http://db.example"][..], "has no TLS"),
        (&["--database-url", "https://a:b@db.example"], "no user, password"),
        (&["--database-url", "http://127.0.0.1:1"], "--allow-loopback"),
        (&["--database-url", "https://localhost:1"], "--allow-loopback"),
        (&[], "[[databases]]"),
        (&["--wait=1s", "--database-url", "https://db.example"], "--wait has a meaning only"),
        (&["--site", "folder=x", "--database-url", "https://db.example"], "--site has a meaning"),
    ] {
        let (code, refused, said) =
            here.run(&[&["publish", "--to", "database"], arguments].concat());
        let said = format!("{refused} {said}");
        ensure!(code == Some(2) && said.contains(told), "{arguments:?}: {said}");
    }
    let (code, refused, _) = here.run(&["publish", "--database-url", "https://db.example"]);
    ensure!(code == Some(2) && refused.to_string().contains("--to database"), "{refused}");
    // A stranger's gateway in a network of one's own, which the workspace alone names.
    let config = here.dir.join("namesys.toml");
    let text = std::fs::read_to_string(&config)?;
    std::fs::write(&config, text.clone() + "\n[[databases]]\nurl = \"https://10.0.0.1\"\n")?;
    let (code, refused, _) = here.run(&["publish", "--to", "database"]);
    ensure!(code == Some(1) && refused.to_string().contains("private"), "{refused}");
    std::fs::write(&config, text)?;
    // A private key is found before anybody is asked.
    let key = here.dir.join(".well-known/key.txt");
    std::fs::write(&key, "nsec1vl029mgpspedva04g90vltkh6fvh240zqtv9k0t9af8935ke9laqsnlfe5")?;
    let (code, refused, _) = publish(&here, "http://127.0.0.1:9", &[]);
    ensure!(code == Some(1) && kind(&refused) == Some(ErrorKind::PrivateKey), "{refused}");
    std::fs::remove_file(&key)?;
    // Somebody else owns the name.
    let stranger = SignerKey::from_scalar(&Secret::new([3; 32]))?.address();
    let database = format!("sqlite:{}", folder.path().join("y.db").display());
    let gateway = Gateway::start(&database, stranger, &[])?;
    let (code, refused, _) = publish(&here, &gateway.url, &[]);
    ensure!((code, kind(&refused)) == (Some(1), Some(ErrorKind::Rejected)), "{refused}");
    ensure!(refused["error"]["message"].to_string().contains("401"), "{refused}");
    ensure!(held(&gateway, "text/avatar")?.is_none());
    Ok(())
}

/// What a gateway does that is none.
#[derive(Clone, Copy)]
enum Odd {
    /// It has everything, as no record.
    Garbage,
    /// It fails.
    Fails,
    /// It takes everything and has nothing.
    Forgets,
    /// Somebody else writes while it is asked.
    Changes,
}

struct Shared {
    odd: Odd,
    posts: AtomicUsize,
}

async fn odd(State(shared): State<Arc<Shared>>, method: Method) -> Response {
    let is_post = method == Method::POST;
    let posts = shared.posts.fetch_add(usize::from(is_post), Ordering::SeqCst);
    match (shared.odd, is_post) {
        (Odd::Garbage, false) => "{\"data\":\"nothing\"}".into_response(),
        (Odd::Fails, _) => StatusCode::NOT_IMPLEMENTED.into_response(),
        (Odd::Changes, false) if posts > 0 => "{\"data\":\"0x00\"}".into_response(),
        (Odd::Forgets | Odd::Changes, false) => StatusCode::NOT_FOUND.into_response(),
        (Odd::Changes, true) => (StatusCode::CONFLICT, "{\"error\":\"not newer\"}").into_response(),
        (Odd::Forgets | Odd::Garbage, true) => "{\"data\":\"0x\"}".into_response(),
    }
}

#[test]
fn gateways_that_are_none() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let here = workspace(&folder, "here");
    let runtime = tokio::runtime::Runtime::new()?;
    for (what, expected, posts) in [
        (Odd::Garbage, ErrorKind::Unreadable, 0),
        (Odd::Fails, ErrorKind::Network, 0),
        (Odd::Forgets, ErrorKind::NotReadBack, 1),
        (Odd::Changes, ErrorKind::Changed, 1),
    ] {
        let shared = Arc::new(Shared { odd: what, posts: AtomicUsize::new(0) });
        let router = Router::new().fallback(odd).with_state(shared.clone());
        let listener = runtime.block_on(tokio::net::TcpListener::bind(("127.0.0.1", 0)))?;
        let address: SocketAddr = listener.local_addr()?;
        let serving = runtime.spawn(async move { axum::serve(listener, router).await });
        let (code, refused, _) = publish(&here, &format!("http://{address}"), &[]);
        ensure!((code, kind(&refused)) == (Some(1), Some(expected)), "{refused}");
        ensure!(shared.posts.load(Ordering::SeqCst) == posts, "{expected}");
        serving.abort();
    }
    Ok(())
}

/// What a workspace signed for later is answered in its time, and nothing else is put in its place.
#[test]
fn records_that_change_by_time_are_answered_by_the_clock() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let keys = workspace(&folder, "w");
    let now = jiff::Timestamp::from_second(jiff::Timestamp::now().as_second())?;
    let starts = now + jiff::SignedDuration::from_secs(4);
    let at = starts.to_string();
    keys.good(&["set", "text", "status", "first"]);
    keys.good(&["set", "text", "status", "second", "--starts", &at]);
    keys.good(&["set", "text", "gone", "here", "--ends", &at]);
    keys.good(&["set", "text", "unsigned", "no", "--starts", "2020-01-01T00:00:00Z"]);
    keys.good(&["sign"]);
    std::fs::remove_file(keys.dir.join(".well-known/eth/nick/text/unsigned.json"))?;
    let roster = keys.dir.display().to_string();
    let owner = SignerKey::from_hex(&Secret::new(WALLET.to_owned()))?.address();
    let database = format!("sqlite:{}", folder.path().join("x.db").display());
    let flags = ["--name-rate", "0", "--roster", &roster];
    let gateway = Gateway::start(&database, owner, &flags)?;
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    loop {
        let value = held(&gateway, "text/status")?;
        if value.as_deref() == Some("second") {
            ensure!(jiff::Timestamp::now() >= starts, "before its time");
            break;
        }
        ensure!(value.as_deref() == Some("first"), "{value:?}");
        ensure!(std::time::Instant::now() < deadline, "its time has come");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    ensure!(held(&gateway, "text/gone")?.is_none(), "its time is over");
    ensure!(held(&gateway, "text/unsigned")?.is_none(), "nobody signed it");
    ensure!(held(&gateway, "text/avatar")?.is_none(), "it does not change by time");
    // The workspace that it follows may post what holds; another value is not taken.
    keys.good(&["sign"]);
    // Of a file that was not there, once it is looked at again.
    while held(&gateway, "text/unsigned")?.as_deref() != Some("no") {
        ensure!(std::time::Instant::now() < deadline, "the workspace is followed");
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    good(&keys, &gateway.url, &[]);
    ensure!(held(&gateway, "text/avatar")?.is_some());
    let other = workspace(&folder, "other");
    other.good(&["unset", "text", "avatar"]);
    other.good(&["set", "text", "status", "third"]);
    other.good(&["sign"]);
    let (code, document, _) = publish(&other, &gateway.url, &["--replace"]);
    ensure!(code != Some(0), "{document}");
    ensure!(document.to_string().contains("is answered by the clock"), "{document}");
    ensure!(held(&gateway, "text/status")?.as_deref() == Some("second"));
    // It is followed: what is signed anew there is answered here.
    keys.good(&["set", "text", "gone", "back", "--starts", &at]);
    keys.good(&["sign"]);
    while held(&gateway, "text/gone")?.as_deref() != Some("back") {
        ensure!(std::time::Instant::now() < deadline, "the workspace is followed");
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    // A stranger's workspace says nothing here.
    drop(gateway);
    let nobody = "0x0000000000000000000000000000000000000001".parse()?;
    let gateway = Gateway::start(&database, nobody, &flags)?;
    ensure!(held(&gateway, "text/status")?.is_none(), "it is not the owner's");
    Ok(())
}
