//! `publish` with a publisher of kind `namesys`: what the deployed backend is told, and what it is not
//! believed.
//!
//! Seen by hand: the backend's published source (server and worker as they are, but for folders and
//! port) on Node 20 with MariaDB 10.11, and a script for `ipfs`, took the vector's body and wrote the
//! vector's file; took what this program posts, kept it in the folder of the name and the IPNS name, gave
//! it back at /read, and in its `version.json` there was no key; w3name 1.0.8, its client's library, read
//! the revision from its /read and made the next sequence of it. It answered /write for a gateway with
//! 200 before anything was written, and with 407 where its folder could not be made. That traffic is
//! `peer-namesys-transcript.json`; the server here answers in its words.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use namesys::devnet::DevnetHandle;
use namesys::ipns::Revision;
use namesys::keys::IpnsKey;
use namesys::report::{ApplyReport, BackendReport, ErrorKind, PlanReport, PublishReport};
use serde_json::Value as Json;

use crate::support::reports::{kind, report};
use crate::workspace::Workspace;

/// What is wrong with it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Odd {
    Nothing,
    /// Its worker fails.
    Fails,
    /// It says that it took all of it, and has nothing.
    Forgets,
    /// It gives nothing back once something was posted.
    Silent,
    /// It does not say what it has.
    Mute,
    /// It answers with something else.
    Garbage,
    /// It answers without end.
    Endless,
}

#[derive(Default)]
struct Kept {
    posts: Vec<(String, String)>,
    values: BTreeMap<String, Json>,
    revision: Option<Json>,
}

struct Backend {
    odd: Odd,
    kept: Mutex<Kept>,
    recorded: Vec<Json>,
}

fn recorded() -> Vec<Json> {
    let text = include_str!("../vectors/write/peer-namesys-transcript.json");
    let all: Json = serde_json::from_str(text).unwrap();
    all["exchanges"].as_array().unwrap().clone()
}

async fn answer(State(backend): State<Arc<Backend>>, uri: Uri, body: String) -> Response {
    let mut kept = backend.kept.lock().unwrap();
    let path = uri.path().to_owned();
    let was_posted = kept.posts.iter().any(|(path, _)| path != "/read");
    kept.posts.push((path.clone(), body.clone()));
    let request: Json = serde_json::from_str(&body).unwrap();
    let failed =
        (StatusCode::PROXY_AUTHENTICATION_REQUIRED, backend.recorded[4]["answer"].to_string());
    let is_read = path == "/read";
    match backend.odd {
        Odd::Fails if !is_read => return failed.into_response(),
        Odd::Mute if is_read => return failed.into_response(),
        Odd::Silent if is_read && was_posted => return failed.into_response(),
        Odd::Garbage => return "<html>".into_response(),
        Odd::Endless => return "[".repeat(2 << 20).into_response(),
        _ => {}
    }
    let keeps = backend.odd != Odd::Forgets;
    let said = |of: usize| backend.recorded[of]["answer"].clone();
    let answer = match &*path {
        "/read" => {
            let mut answer = said(0);
            for (of, value) in &kept.values {
                answer["response"][of] = value.clone();
            }
            if let Some(revision) = &kept.revision {
                answer["response"]["revision"] = revision.clone();
            }
            answer
        }
        "/write" => {
            let raw = request["recordsRaw"].as_object().unwrap().clone();
            kept.values.extend(raw.into_iter().filter(|_| keeps));
            said(1)
        }
        "/revision" => {
            // As its worker reads it.
            let version = request["version"].as_str().unwrap().replacen('\\', "", 1);
            let _: Json = serde_json::from_str(&version).unwrap();
            let _: Json = serde_json::from_str(request["gas"].as_str().unwrap()).unwrap();
            kept.revision = keeps.then(|| request["revision"].clone()).or(kept.revision.take());
            said(2)
        }
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    answer.to_string().into_response()
}

/// A workspace on a devnet whose table names such a backend.
struct Scene {
    _folder: tempfile::TempDir,
    _devnet: DevnetHandle,
    _runtime: tokio::runtime::Runtime,
    here: Workspace,
    backend: Arc<Backend>,
    url: String,
}

impl Scene {
    fn new(odd: Odd) -> Result<Self> {
        let (_folder, _devnet, here) = Workspace::on_devnet();
        let _runtime = tokio::runtime::Runtime::new()?;
        let backend = Backend { odd, kept: Mutex::default(), recorded: recorded() };
        let backend = Arc::new(backend);
        let router = Router::new().fallback(answer).with_state(backend.clone());
        let listener = _runtime.block_on(tokio::net::TcpListener::bind(("127.0.0.1", 0)))?;
        let url = format!("http://{}", listener.local_addr()?);
        _runtime.spawn(async move { axum::serve(listener, router).await });
        let config = here.dir.join("namesys.toml");
        let text = std::fs::read_to_string(&config)?;
        let w3name = "[[publishers]]\nkind = \"w3name\"\nurl = \"https://name.web3.storage\"\n";
        let namesys = format!("[[publishers]]\nkind = \"namesys\"\nurl = \"{url}\"\n");
        std::fs::write(&config, format!("{text}\n{w3name}\n{namesys}"))?;
        Ok(Self { _folder, _devnet, _runtime, here, backend, url })
    }

    fn publish(&self) -> (Option<i32>, Json, String) {
        self.here.run(&["publish", "--allow-loopback"])
    }

    fn told(&self) -> Result<BackendReport> {
        let (code, document, stderr) = self.publish();
        ensure!(code == Some(0), "{document} {stderr}");
        let published: PublishReport = report(&document);
        published.backends.into_iter().next().context("a backend")
    }

    /// What it was posted since this was asked last.
    fn posts(&self) -> Vec<(String, String)> {
        std::mem::take(&mut self.backend.kept.lock().unwrap().posts)
    }
}

/// The fields in their order.
fn fields(body: &str) -> Vec<String> {
    let (mut found, mut depth, mut quoted) = (Vec::new(), 0, false);
    let mut text = String::new();
    let mut chars = body.chars();
    while let Some(c) = chars.next() {
        match (c, quoted) {
            ('\\', true) => _ = chars.next(),
            ('"', _) => {
                if !quoted {
                    text.clear();
                }
                quoted = !quoted;
            }
            (c, true) => text.push(c),
            ('{' | '[', _) => depth += 1,
            ('}' | ']', _) => depth -= 1,
            (':', _) if depth == 1 => found.push(text.clone()),
            _ => {}
        }
    }
    found
}

fn paths(posts: &[(String, String)]) -> Vec<&str> {
    posts.iter().map(|(path, _)| &**path).collect()
}

#[test]
fn it_is_told_what_is_published_and_no_key() -> Result<()> {
    let scene = Scene::new(Odd::Nothing)?;
    scene.here.good(&["keygen", "--export", "keys"]);
    scene.here.good(&["set", "text", "note", "it has no type for this"]);
    scene.here.good(&["set", "text", "url", "https://example.com", "--name", "a.nick.eth"]);
    scene.here.good(&["sign"]);
    let told = scene.told()?;
    ensure!((told.ok, told.posted, told.read_back) == (true, 1, Some(true)), "{told:?}");
    ensure!(told.left_out.len() == 2 && told.replaced.is_empty(), "{told:?}");
    let posts = scene.posts();
    ensure!(paths(&posts) == ["/read", "/write", "/revision", "/read"], "{posts:?}");
    let key = IpnsKey::parse(&std::fs::read(scene.here.dir.join("keys/ipns.key"))?)?;
    let recorded = recorded();
    for (number, (_, body)) in posts.iter().enumerate() {
        // serde_json keeps no order; the file does.
        let at = format!(
            "\"path\": \"{}\",\n   \"request\": ",
            recorded[number]["path"].as_str().unwrap()
        );
        let text = include_str!("../vectors/write/peer-namesys-transcript.json");
        let text = &text[text.find(&at).context("recorded")? + at.len()..];
        let text = &text[..text.find("\n   \"status\"").context("status")?];
        ensure!(fields(body) == fields(text), "{body} {text}");
        let (seed, said) = (key.seed(), body.to_lowercase());
        let hex = alloy_primitives::hex::encode(seed.expose());
        let bytes = seed.expose().iter().map(u8::to_string).collect::<Vec<_>>().join(",");
        ensure!(!said.contains(&hex) && !said.contains(&bytes) && !said.contains("priv"), "{body}");
    }
    let revision: Json = serde_json::from_str(&posts[2].1)?;
    let map = revision["revision"].as_object().context("bytes")?;
    let bytes: Option<Vec<u8>> = (0..map.len())
        .map(|place| u8::try_from(map.get(&place.to_string())?.as_u64()?).ok())
        .collect();
    let revision = Revision::decode(&bytes.context("bytes")?)?;
    ensure!((revision.sequence, revision.name) == (0, key.name()), "{revision:?}");
    // It has all of it: it is asked, and nothing is posted.
    let again = scene.told()?;
    ensure!(again.ok && again.posted == 0 && paths(&scene.posts()) == ["/read"], "{again:?}");
    // Another value, and one that goes.
    scene.here.change("https://example.com/1");
    let told = scene.told()?;
    ensure!(told.replaced == ["nick.eth avatar: https://example.com/0"], "{told:?}");
    scene.here.good(&["unset", "text", "avatar"]);
    scene.here.good(&["set", "text", "url", "https://example.com"]);
    scene.here.good(&["sign"]);
    let told = scene.told()?;
    ensure!(told.ok && told.remaining == ["nick.eth avatar"], "{told:?}");
    Ok(())
}

#[test]
fn what_it_says_is_not_believed() -> Result<()> {
    for (odd, expected, read_back, posted) in [
        (Odd::Fails, ErrorKind::Rejected, None, true),
        (Odd::Forgets, ErrorKind::NotReadBack, Some(false), true),
        (Odd::Silent, ErrorKind::NotReadBack, None, true),
        (Odd::Mute, ErrorKind::Rejected, None, false),
        (Odd::Garbage, ErrorKind::Unreadable, None, false),
        (Odd::Endless, ErrorKind::Network, None, false),
    ] {
        let scene = Scene::new(odd)?;
        let (code, document, said) = scene.publish();
        ensure!(code == Some(1), "{document} {said}");
        let published: PublishReport = report(&document);
        ensure!(published.publications[0].read_back, "the record is out all the same: {document}");
        let told = &published.backends[0];
        ensure!((told.ok, told.read_back) == (false, read_back), "{told:?}");
        let was_posted = scene.posts().iter().any(|(path, _)| path != "/read");
        ensure!(was_posted == posted, "{told:?}");
        if odd != Odd::Endless {
            ensure!(kind(&document) == Some(expected), "{document}");
        }
    }
    Ok(())
}

#[test]
fn it_is_told_by_apply_and_only_where_it_may_be() -> Result<()> {
    let scene = Scene::new(Odd::Nothing)?;
    let here = &scene.here;
    let (code, refused, _) = here.run(&["publish"]);
    ensure!(code == Some(2) && refused.to_string().contains("--allow-loopback"), "{refused}");
    ensure!(scene.posts().is_empty(), "nothing is sent");
    let plan: PlanReport = report(&here.good(&["plan", "--allow-loopback", "--out", "plan.json"]));
    ensure!(plan.backends == [format!("namesys at {}/", scene.url)], "{:?}", plan.backends);
    ensure!(scene.posts().is_empty(), "a plan tells nobody");
    let done = here.good(&["apply", "plan.json", "--allow-loopback", "--yes"]);
    let done: ApplyReport = report(&done);
    let told = done.publish.context("published")?.backends;
    ensure!(told.len() == 1 && told[0].ok && scene.posts().len() == 4, "{told:?}");
    // No credentials in its address, and no record that nobody else keeps.
    for (flags, told) in [
        (&["--publisher", "namesys=https://b.example"][..], "keeps no IPNS records"),
        (
            &[
                "--publisher",
                "w3name=http://127.0.0.1:1",
                "--publisher",
                "namesys=https://a:b@c.example",
            ],
            "no user",
        ),
    ] {
        let (code, refused, said) = here.run(&[&["publish"], flags].concat());
        let said = format!("{refused} {said}");
        ensure!(code == Some(2) && said.contains(told), "{said}");
    }
    // Where the first publisher has no record, it is told nothing.
    here.change("https://example.com/1");
    let namesys = format!("namesys={}", scene.url);
    let flags = ["--publisher", "w3name=http://127.0.0.1:1", "--publisher", &namesys];
    let (code, refused, _) = here.run(&[&["publish", "--allow-loopback"], &flags[..]].concat());
    ensure!(code == Some(1) && scene.posts().is_empty(), "{refused}");
    let (_, renewed, said) = here.run(&["renew", "--validity", "2100-01-01T00:00:00Z"]);
    ensure!(said.contains("by the next namesys publish"), "{renewed} {said}");
    Ok(())
}
