//! `write` to a resolver that hands its records to an IPNS key: what is published there is pulled, the
//! records are signed into it, and it is published.

use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use alloy::sol_types::SolValue;
use alloy_primitives::{Address, Bytes, hex};
use anyhow::{Context, Result, ensure};
use axum::extract::State;
use axum::{Json as Answer, Router};
use namesys::keys::IpnsName;
use namesys::report::ErrorKind;
use serde_json::{Value as Json, json};

use crate::cli::Run;
use crate::people::{ipns_key, person};
use crate::place::{NICK, Place};
use crate::reports::kind;
use crate::trials::write::hand_to_ipns;

const HERE: &str = "--allow-loopback";

/// `(gateway, signer, key)`, as handlers of IPNS have it.
fn metadata(place: &Place, signer: Address, ipns: &IpnsName) -> Vec<u8> {
    let gateway = place.world.devnet.urls().w3name;
    (gateway, signer, Bytes::from(ipns.contenthash())).abi_encode_params()
}

/// What is published under the key.
async fn published(place: &Place, ipns: &IpnsName) -> Result<Json> {
    let (hash, owner) = (format!("ipns://{ipns}"), person(1).address().to_string());
    let by_hand = ["resolve", NICK, "--recordhash", &hash, "--owner", &owner];
    place.ends(0, &[&by_hand[..], &["--chain-id", "31337"]].concat()).await
}

fn value<'a>(document: &'a Json, record: &str) -> &'a Json {
    let all = document["records"].as_array().map_or(&[][..], Vec::as_slice);
    all.iter().find(|one| one["record"] == record).map_or(&Json::Null, |one| &one["value"])
}

fn write<'a>(record: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [&["write", NICK], record, &[HERE], more].concat()
}

/// Both forms; a signer that is named, and one that is not; other keys; another writer.
pub async fn handlers() -> Result<()> {
    let place = Place::published(1, &[]).await?;
    let ipns = place.ipns().await?;
    let keys = place.ends(0, &["keygen"]).await?;
    let signer: Address = keys["signer"]["address"].as_str().context("signer")?.parse()?;
    let avatar = ["text", "avatar", "https://a.example/new.png"];

    // Other keys than this workspace's: nothing is signed, set or sent.
    for (signer, ipns, told) in [
        (Address::ZERO, ipns_key(9).name(), "IPNS key"),
        (Address::repeat_byte(7), ipns, "records signer"),
    ] {
        hand_to_ipns(&place.world, false, metadata(&place, signer, &ipns)).await?;
        let refused = place.ends(1, &write(&avatar, &["--yes"])).await?;
        ensure!(kind(&refused) == Some(ErrorKind::OtherKeys), "{refused}");
        ensure!(refused["error"]["message"].to_string().contains(told), "{refused}");
    }
    // Nor where the approval has to travel along, and is on chain alone; or another one signs.
    for (mode, signer) in [("on-chain", Address::ZERO), ("owner", signer)] {
        let config = place.dir.path().join("namesys.toml");
        let text = std::fs::read_to_string(&config)?;
        let changed = format!("approval = \"{mode}\"\n{text}");
        std::fs::write(&config, changed)?;
        hand_to_ipns(&place.world, false, metadata(&place, signer, &ipns)).await?;
        let refused = place.ends(1, &write(&avatar, &["--yes"])).await?;
        ensure!(kind(&refused) == Some(ErrorKind::OtherKeys), "{mode}: {refused}");
        std::fs::write(&config, text)?;
    }
    // The workspace's keys are those of ensip-y, whatever is asked for.
    for (profile, code) in [("ensip19", 2), ("erc7700", 2), ("ensip-y", 0)] {
        hand_to_ipns(&place.world, true, metadata(&place, signer, &ipns)).await?;
        let words = write(&avatar, &["--dry-run", "--profile", profile]);
        let told = place.ends(code, &words).await?;
        ensure!(code == 2 || told["profile"] == "ensip-y", "{told}");
    }
    // What is shown is not done; nor is anything without a yes.
    hand_to_ipns(&place.world, false, metadata(&place, signer, &ipns)).await?;
    let told = place.ends(0, &write(&avatar, &["--dry-run"])).await?;
    ensure!(told["handler"] == "StorageHandledByIPNS" && told["posted"] == false, "{told}");
    let text = told["messages"][0]["text"].as_str().context("what is signed")?;
    ensure!(text.contains(&format!("Signed By: eip155:31337:{signer}")), "{text}");
    let asked = place.ends(2, &write(&avatar, &[])).await?;
    ensure!(kind(&asked) == Some(ErrorKind::NoTerminal), "{asked}");
    let before = published(&place, &ipns).await?;
    ensure!(value(&before, "text/avatar") == "https://a.example/me.png", "{before}");

    // Another checkout publishes meanwhile: what it brought stays.
    let other = tempfile::tempdir()?;
    let from = format!("{}/.", place.dir.path().display());
    ensure!(Command::new("cp").args(["-r", &from]).arg(other.path()).status()?.success());
    let dir = other.path().display().to_string();
    for words in [&["set", "text", "url", "https://nick.example"][..], &["sign"], &["publish"]] {
        let urls = place.world.devnet.urls();
        let there = Run::namesys(&[&["-C", &*dir], words].concat()).on(&place.world);
        let there = there.env("ETH_PRIVATE_KEY", &hex::encode([1; 32]));
        let there = there.env("NAMESYS_KEY_PASSWORD", "").env("NAMESYS_W3NAME_URL", &urls.w3name);
        there.env("NAMESYS_KUBO_URL", &urls.kubo).ends(0).await?;
    }
    let done = place.ends(0, &write(&avatar, &["--yes"])).await?;
    ensure!(done["posted"] == true && done["read_back"] == true, "{done}");
    let address = ["address", "60", "0x779981590E7Ccc0CFAe8040Ce7151324747cDb97"];
    hand_to_ipns(&place.world, true, metadata(&place, Address::ZERO, &ipns)).await?;
    let done = place.ends(0, &write(&address, &["--yes"])).await?;
    ensure!(done["wrapped"] == 1 && done["read_back"] == true, "{done}");
    let after = published(&place, &ipns).await?;
    for (record, wanted) in [
        ("text/avatar", avatar[2]),
        ("text/url", "https://nick.example"),
        ("address/60", address[2]),
    ] {
        ensure!(value(&after, record) == wanted, "{record}: {after}");
    }
    ensure!(after["ipns"]["sequence"] == 3, "{after}");
    Ok(())
}

/// The same command where there is no workspace of the key; `temporary` is where it may make one.
fn elsewhere(place: &Place, temporary: &Path, words: &[&str], password: &str) -> Run {
    let urls = place.world.devnet.urls();
    let run = Run::namesys(words).on(&place.world).env("ETH_PRIVATE_KEY", &hex::encode([1; 32]));
    let run = run.env("NAMESYS_KEY_PASSWORD", password).env("NAMESYS_W3NAME_URL", &urls.w3name);
    run.env("NAMESYS_KUBO_URL", &urls.kubo).env("TMPDIR", &temporary.display().to_string())
}

fn is_empty(dir: &Path) -> Result<bool> {
    Ok(std::fs::read_dir(dir)?.next().is_none())
}

/// Everything below a folder, in one.
fn contents(dir: &Path) -> Vec<u8> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        match entry.path().is_dir() {
            true => all.extend(contents(&entry.path())),
            false => all.extend(std::fs::read(entry.path()).unwrap_or_default()),
        }
    }
    all
}

/// Where there is no workspace of the key, what is published is cloned into a temporary one, which
/// has no secret and goes.
pub async fn outside() -> Result<()> {
    let place = Place::published(1, &[]).await?;
    let (ipns, temporary) = (place.ipns().await?, tempfile::tempdir()?);
    let there = temporary.path();
    let url = ["text", "url", "https://n.example"];
    hand_to_ipns(&place.world, true, metadata(&place, Address::ZERO, &ipns)).await?;
    let words = write(&url, &["--yes"]);
    // Nothing is made where it is only shown, nor without a yes.
    let shown = write(&url, &["--dry-run"]);
    let told = elsewhere(&place, there, &shown, "").ends(0).await?;
    ensure!(told["messages"][0]["step"] == "sign-4" && is_empty(there)?, "{told}");
    let asked = elsewhere(&place, there, &write(&url, &[]), "").ends(2).await?;
    ensure!(kind(&asked) == Some(ErrorKind::NoTerminal) && is_empty(there)?, "{asked}");
    // Other keys.
    let other = elsewhere(&place, there, &words, "another").ends(1).await?;
    ensure!(kind(&other) == Some(ErrorKind::OtherKeys) && is_empty(there)?, "{other}");
    let same = published(&place, &ipns).await?;
    ensure!(same["ipns"]["sequence"] == 0, "{same}");
    // Interrupted in it; by then it holds records, and no key.
    let exported = place.dir.path().join("keys");
    place.ends(0, &["keygen", "--export", &exported.display().to_string()]).await?;
    let signer = std::fs::read_to_string(exported.join("signer.key"))?.trim().to_owned();
    let (seen, watched) = (Arc::new(Mutex::new(Vec::new())), there.to_owned());
    let noticed = seen.clone();
    let cut = elsewhere(&place, there, &words, "").interrupted_when(move || {
        let all = contents(&watched);
        let is_begun = String::from_utf8_lossy(&all).contains("ipns_name");
        if is_begun {
            *noticed.lock().unwrap() = all;
        }
        is_begun
    });
    let (code, cut) = cut.text().await?;
    let left: Vec<_> = std::fs::read_dir(there)?.flatten().map(|one| one.path()).collect();
    ensure!((code == 130 || code == 0) && left.is_empty(), "{code}: {left:?} {cut}");
    let all = String::from_utf8_lossy(&seen.lock().unwrap()).into_owned();
    ensure!(all.contains("nick.eth") && !all.contains(&signer), "{all}");
    ensure!(!all.contains(&hex::encode([1; 32])), "{all}");

    let done = elsewhere(&place, there, &words, "").ends(0).await?;
    ensure!(done["posted"] == true && done["read_back"] == true && is_empty(there)?, "{done}");
    let after = published(&place, &ipns).await?;
    ensure!(value(&after, "text/url") == url[2], "{after}");
    ensure!(value(&after, "text/avatar") == "https://a.example/me.png", "{after}");
    Ok(())
}

/// The first publication under a key.
pub async fn outside_first() -> Result<()> {
    let place = Place::new(1, &[]).await?;
    let (ipns, temporary) = (place.ipns().await?, tempfile::tempdir()?);
    hand_to_ipns(&place.world, false, metadata(&place, Address::ZERO, &ipns)).await?;
    let words = write(&["text", "url", "https://n.example"], &["--yes"]);
    let done = elsewhere(&place, temporary.path(), &words, "").ends(0).await?;
    ensure!(done["read_back"] == true && is_empty(temporary.path())?, "{done}");
    let after = published(&place, &ipns).await?;
    ensure!(after["ipns"]["sequence"] == 0 && value(&after, "text/url") == "https://n.example");
    Ok(())
}

/// What is asked of an endpoint, and the sequence that it tells.
#[derive(Clone, Default)]
struct Endpoint {
    asked: Arc<Mutex<Vec<Json>>>,
    tells: Arc<Mutex<Json>>,
}

/// A schema that has no `version`.
async fn sequence(State(at): State<Endpoint>, Answer(body): Answer<Json>) -> Answer<Json> {
    let is_version = body["query"].as_str().is_some_and(|query| query.contains("version"));
    at.asked.lock().unwrap().push(body);
    let tells = at.tells.lock().unwrap().clone();
    Answer(match is_version {
        true => json!({"errors": [{"message": "Cannot query field \"version\""}]}),
        false => json!({"data": {"domain": {"sequence": tells}}}),
    })
}

/// The version that an endpoint tells is incremented.
pub async fn version() -> Result<()> {
    let place = Place::published(1, &[]).await?;
    let ipns = place.ipns().await?;
    let at = Endpoint::default();
    let router = Router::new().fallback(sequence).with_state(at.clone());
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
    let endpoint = format!("http://{}/graphql", listener.local_addr()?);
    let serving = tokio::spawn(async move { axum::serve(listener, router).await });
    let gateway = place.world.devnet.urls().w3name;
    let key = Bytes::from(ipns.contenthash());
    let metadata = (gateway, Address::ZERO, key, endpoint).abi_encode_params();
    hand_to_ipns(&place.world, false, metadata).await?;
    // Whoever runs the endpoint must not use the name's sequences up, nor tell nonsense.
    let url = ["text", "url", "https://n.example"];
    for (tells, expected) in [
        (json!("9223372036854775808"), ErrorKind::Contract),
        (json!(u64::MAX), ErrorKind::Contract),
        (json!(2_000_000), ErrorKind::Contract),
        (json!("soon"), ErrorKind::Unreadable),
    ] {
        *at.tells.lock().unwrap() = tells.clone();
        let refused = place.ends(1, &write(&url, &["--yes"])).await?;
        ensure!(kind(&refused) == Some(expected), "{tells}: {refused}");
        let same = published(&place, &ipns).await?;
        ensure!(same["ipns"]["sequence"] == 0 && value(&same, "text/url").is_null(), "{same}");
        let wanted = place.ends(0, &["list"]).await?;
        ensure!(wanted["records"].as_array().is_some_and(|all| all.len() == 1), "{wanted}");
    }
    at.asked.lock().unwrap().clear();
    *at.tells.lock().unwrap() = json!("40");
    let done = place.ends(0, &write(&url, &["--yes"])).await?;
    ensure!(done["read_back"] == true, "{done}");
    let after = published(&place, &ipns).await?;
    ensure!(after["ipns"]["sequence"] == 41, "{after}");
    let bodies = at.asked.lock().unwrap().clone();
    ensure!(bodies.len() == 2 && bodies[1]["variables"]["name"] == NICK, "{bodies:?}");
    serving.abort();
    Ok(())
}
