//! What a gateway has to do on any database.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use alloy_primitives::hex;
use anyhow::{Context, Result, ensure};
use namesys::ens::Name;
use namesys::record::RecordKey;
use namesys::request::RecordsPost;
use serde_json::{Value as Json, json};

use super::{Gateway, Person};

fn name(text: &str) -> Result<Name> {
    Ok(Name::parse(text)?)
}

fn text(key: &str) -> Result<RecordKey> {
    Ok(RecordKey::parse(&format!("text/{key}"))?)
}

fn vectors(file: &str) -> Result<Json> {
    let path = format!("{}/tests/vectors/write/{file}", env!("CARGO_MANIFEST_DIR"));
    Ok(serde_json::from_str(&std::fs::read_to_string(path)?)?)
}

/// A body is taken, and what is in it served in each of the ways.
pub async fn takes_and_serves(database: &str) -> Result<()> {
    let vectors = vectors("refusals.json")?;
    let owner = vectors["owner"].as_str().context("owner")?.parse()?;
    let gateway = Gateway::start(database, owner, &[])?;
    let body = vectors["base"].to_string();
    let (status, taken) = gateway.post("/", body.clone()).await?;
    ensure!((status, &taken["stored"]) == (200, &json!(5)), "{status} {taken}");
    let (status, again) = gateway.post("/", body.clone()).await?;
    ensure!((status, &again["stored"]) == (200, &json!(0)), "{status} {again}");
    ensure!(again["unchanged"] == json!(5), "{again}");
    let post = RecordsPost::parse(body.as_bytes())?;
    for record in post.records() {
        let data = hex::encode_prefixed(record.payload.encode());
        let file = gateway.payload(post.name(), &record.key).await?;
        ensure!(file.is_some_and(|file| hex::encode_prefixed(file) == data), "{}", record.key);
        let call = hex::encode_prefixed(record.key.resolver_call(post.name().node()));
        let sender = "0xe7d34ec5a36018a07b8c239793c4e7656f9dcb0a";
        let (status, got) = gateway.get(&format!("/{sender}/{call}.json")).await?;
        ensure!(status == 200 && got.contains(&data), "{status} {got}");
        let question = json!({ "sender": sender, "data": call }).to_string();
        let (status, got) = gateway.post("/", question).await?;
        ensure!((status, &got["data"]) == (200, &json!(data)), "{status} {got}");
    }
    let version = vectors_version(&gateway, "nick.eth").await?;
    ensure!(version == json!({"data": {"domain": {"version": null}}}), "{version}");
    let version = vectors_version(&gateway, "absent.eth").await?;
    ensure!(version == json!({"data": {"domain": null}}), "{version}");
    let (status, health) = gateway.get("/healthz").await?;
    ensure!(status == 200 && health.contains("ok"), "{status} {health}");
    let (_, metrics) = gateway.get("/metrics").await?;
    ensure!(metrics.contains("namesys_gateway_records_stored_total 5"), "{metrics}");
    ensure!(metrics.contains("namesys_gateway_writes_total{result=\"stored\"} 2"), "{metrics}");
    for path in ["/", "/.well-known/eth/nick/text/absent.json", "/0x00/0x00", "/a/../b"] {
        let (status, told) = gateway.get(path).await?;
        ensure!((400..=405).contains(&status), "{path} {status} {told}");
    }
    Ok(())
}

async fn vectors_version(gateway: &Gateway, name: &str) -> Result<Json> {
    let mut body = vectors("version.json")?["graphql"]["request_body"].clone();
    body["variables"]["name"] = json!(name);
    Ok(gateway.post("/graphql", body.to_string()).await?.1)
}

/// Why each body of `refusals.json` is refused.
const REFUSED: [(&str, u16, &str); 21] = [
    ("signature of a stranger", 401, "approval (SIGN 3)"),
    ("approves himself", 400, "approval of"),
    ("value shown differs", 400, "value of text/"),
    ("signature field differs", 400, "signature of text/"),
    ("another key than signed", 401, "(SIGN 4)"),
    ("another name than signed", 401, "(SIGN 3)"),
    ("another chain", 400, "chain 5"),
    ("approval field differs", 400, "approval of"),
    ("no approval and signer", 400, "approval of"),
    ("another selector", 400, "data of text/"),
    ("cut short", 400, "data of text/"),
    ("climbs out", 400, "without percent-encoding"),
    ("SQL", 401, "(SIGN 4)"),
    ("NUL", 400, "without percent-encoding"),
    ("not normalised", 400, "the name of the body"),
    ("far in the future", 400, "more than 600 s"),
    ("not a number", 400, "not what is posted"),
    ("same key twice", 400, "twice"),
    ("empty records", 400, "no record"),
    ("unknown field", 400, "unknown field"),
    ("high-s", 400, "text/"),
];

/// What is wrong is refused with its reason, and nothing of it is kept.
pub async fn refuses(database: &str) -> Result<()> {
    let vectors = vectors("refusals.json")?;
    let owner = vectors["owner"].as_str().context("owner")?.parse()?;
    let gateway = Gateway::start(database, owner, &["--name", "nick.eth", "--address-rate", "0"])?;
    for case in vectors["cases"].as_array().context("cases")? {
        let why = &case["refuse_because"];
        let (status, told) = gateway.post("/", case["body"].to_string()).await?;
        let (wanted, words) = REFUSED
            .iter()
            .find_map(|(because, status, words)| {
                why.to_string().contains(because).then_some((*status, *words))
            })
            .with_context(|| format!("{why} is not expected"))?;
        ensure!(status == wanted, "{why}: {status} {told}");
        ensure!(told["error"].to_string().contains(words), "{why}: {told}");
    }
    let (_, metrics) = gateway.get("/metrics").await?;
    ensure!(metrics.contains("namesys_gateway_records_stored_total 0"), "{metrics}");
    for record in RecordsPost::parse(vectors["base"].to_string().as_bytes())?.records() {
        let kept = gateway.payload(&name("nick.eth")?, &record.key).await?;
        ensure!(kept.is_none(), "{} is kept", record.key);
    }
    // Whoever is somebody else, and a name that is not served.
    let stranger = Person::new(3)?;
    let body = stranger.text(&name("nick.eth")?, "avatar", "x", stranger.tick())?;
    ensure!(gateway.post("/", body).await?.0 == 401);
    let body = stranger.text(&name("other.eth")?, "avatar", "x", stranger.tick())?;
    ensure!(gateway.post("/", body).await?.0 == 403);
    for body in ["", "{}", "[]", "null", "{\"ens\":", "{\"sender\":\"0x\",\"data\":\"0x\"}"] {
        let (status, told) = gateway.post("/", body.to_owned()).await?;
        ensure!(status == 400, "{body}: {status} {told}");
    }
    // More than a body may have: refused before all of it is there.
    let long = "x".repeat(100 << 20);
    let refused = gateway.post("/", long).await;
    ensure!(refused.is_err() || refused.is_ok_and(|(status, _)| status == 413), "100 MiB");
    ensure!(gateway.get("/healthz").await?.0 == 200);
    Ok(())
}

/// Which of two records stays.
pub async fn replaces(database: &str) -> Result<()> {
    let person = Person::new(4)?;
    let gateway = Gateway::start(database, person.address(), &["--name-rate", "0"])?;
    let of = name("pay.nick.eth")?;
    let put = async |body: String| gateway.post("/", body).await;
    let (t1, t2, t3) = (person.tick(), person.tick(), person.tick());
    let (a, b) = (person.text(&of, "k", "A", t1)?, person.text(&of, "k", "B", t2)?);
    ensure!(put(a.clone()).await?.0 == 200);
    // As new as what is kept, and not the same.
    let (status, told) = put(person.text(&of, "k", "C", t1)?).await?;
    ensure!(status == 409 && told["error"].to_string().contains("not newer"), "{status} {told}");
    ensure!(put(b.clone()).await?.0 == 200);
    // The former body, and with a newer time that nobody signed.
    ensure!(put(a).await?.0 == 409);
    let (status, told) = put(person.text(&of, "k", "A", t3)?).await?;
    ensure!(status == 409 && told["error"].to_string().contains("freshness"), "{status} {told}");
    // The signer says that it is meant.
    let post =
        |value: &str, time| person.post(&of, vec![person.record(&of, "text/k", value, time)?]);
    let back = person.fresh(post("A", t3)?, t3)?;
    ensure!(put(back.clone()).await?.0 == 200);
    ensure!(put(b).await?.0 == 409);
    // What was said once is not said again: neither the whole, nor with another time.
    let (t4, t5) = (person.tick(), person.tick());
    ensure!(put(person.text(&of, "k", "D", t4)?).await?.0 == 200);
    ensure!(put(back.clone()).await?.0 == 409);
    let mut later: Json = serde_json::from_str(&back)?;
    later["records"]["text"][0]["timestamp"] = json!(t5);
    ensure!(put(later.to_string()).await?.0 == 409);
    later["freshness"]["timestamp"] = json!(t5);
    ensure!(put(later.to_string()).await?.0 == 401, "nobody signed that time");
    // One of two is not newer: neither is kept.
    let two = vec![
        person.record(&of, "text/k", "E", t4)?,
        person.record(&of, "text/new", "E", person.tick())?,
    ];
    ensure!(put(person.post(&of, two)?.to_json()?).await?.0 == 409);
    ensure!(gateway.payload(&of, &text("new")?).await?.is_none());
    // Two bodies at once for one record: one of them is the last, whichever.
    let (one, two) = (person.tick(), person.tick());
    let (first, second) = (person.text(&of, "k", "one", one)?, person.text(&of, "k", "two", two)?);
    let (first, second) = tokio::join!(put(first), put(second));
    ensure!(second?.0 == 200 && [200, 409].contains(&first?.0));
    let kept = gateway.payload(&of, &text("k")?).await?.context("kept")?;
    ensure!(hex::encode(kept).contains(&hex::encode("two")));
    Ok(())
}

/// A signer that stays where a name changes hands, and what its word counts.
pub async fn moves(database: &str) -> Result<()> {
    let of = name("nick.eth")?;
    let person = Person::new(8)?;
    let gateway = Gateway::start(database, person.address(), &[])?;
    let (t1, t2) = (person.tick(), person.tick());
    ensure!(gateway.post("/", person.text(&of, "k", "A", t1)?).await?.0 == 200);
    let before = gateway.payload(&of, &text("k")?).await?.context("kept")?;
    drop(gateway);
    // The same value by the same signer has the same SIGN 4.
    let person = person.moved_to(9)?;
    let gateway = Gateway::start(database, person.address(), &[])?;
    let (status, told) = gateway.post("/", person.text(&of, "k", "A", t1)?).await?;
    ensure!(status == 409, "{status} {told}");
    let (status, told) = gateway.post("/", person.text(&of, "k", "A", t2)?).await?;
    ensure!((status, &told["stored"]) == (200, &json!(1)), "{status} {told}");
    let after = gateway.payload(&of, &text("k")?).await?.context("kept")?;
    ensure!(before != after, "the former owner's approval is served");
    // A time that nobody signed holds nobody up: the signer's word counts more.
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs();
    ensure!(gateway.post("/", person.text(&of, "k", "B", now + 500)?).await?.0 == 200);
    ensure!(gateway.post("/", person.text(&of, "k", "C", now + 2)?).await?.0 == 409);
    let post = person.post(&of, vec![person.record(&of, "text/k", "C", now + 2)?])?;
    let said = person.fresh(post.clone(), now + 2)?;
    ensure!(gateway.post("/", said.clone()).await?.0 == 200);
    // It is spent also where nothing changes: nothing that is older comes after it.
    let (status, told) = gateway.post("/", person.fresh(post, now + 300)?).await?;
    ensure!((status, &told["unchanged"]) == (200, &json!(1)), "{status} {told}");
    let post = person.post(&of, vec![person.record(&of, "text/k", "D", now + 200)?])?;
    ensure!(gateway.post("/", person.fresh(post, now + 200)?).await?.0 == 409);
    Ok(())
}

/// Bodies that are too many, and clients that are slow or many.
pub async fn limits(database: &str) -> Result<()> {
    let person = Person::new(5)?;
    let gateway = Gateway::start(
        database,
        person.address(),
        &["--name-rate", "2/60s", "--address-rate", "5/60s", "--behind-proxy"],
    )?;
    let mut answers = Vec::new();
    for of in ["a.eth", "a.eth", "a.eth", "b.eth", "b.eth", "c.eth"] {
        let now = person.tick();
        let body = person.text(&name(of)?, "k", &now.to_string(), now)?;
        answers.push(gateway.post("/", body).await?.0);
    }
    ensure!(answers == [200, 200, 429, 200, 200, 429], "{answers:?}");
    // Who posts what is public takes nothing of a name's share; the proxy says whose address it is.
    let client = reqwest::Client::new();
    let first = person.text(&name("d.eth")?, "k", "v", person.tick())?;
    let mut from = 0;
    let mut post = async |body: String, forged: &str| -> Result<u16> {
        from += 1;
        let forwarded = format!("{forged}, 192.0.2.{from}");
        let post = client.post(&gateway.url).header("x-forwarded-for", forwarded).body(body);
        Ok(post.send().await?.status().as_u16())
    };
    for _ in 0..4 {
        ensure!(post(first.clone(), "198.51.100.1").await? == 200);
    }
    let second = person.text(&name("d.eth")?, "k", "w", person.tick())?;
    ensure!(post(second, "198.51.100.1").await? == 200, "its share is its own");
    // A body that does not come keeps nobody else from theirs; nor do many that say nothing.
    let address = gateway.url.strip_prefix("http://").context("http")?.to_owned();
    let mut slow = TcpStream::connect(&address)?;
    slow.write_all(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n{")?;
    let crowd: Vec<_> = (0..2000).filter_map(|_| TcpStream::connect(&address).ok()).collect();
    ensure!(crowd.len() > 1000, "{}", crowd.len());
    let (status, _) = gateway.get("/healthz").await?;
    ensure!(status == 200);
    drop(crowd);
    slow.set_read_timeout(Some(Duration::from_secs(1)))?;
    let mut byte = [0];
    ensure!(slow.read(&mut byte).is_err() || byte == *b"H", "it is waited for, or told");
    Ok(())
}

/// A thousand writes by two gateways, one of which is killed in the middle; `disturb` is called
/// then. What was acknowledged is there, none twice, none older than its predecessor.
pub async fn survives(database: &str, disturb: impl FnOnce() -> Result<()>) -> Result<()> {
    const WRITES: usize = 1000;
    let person = Arc::new(Person::new(6)?);
    let flags = ["--name-rate", "0", "--address-rate", "0"];
    let mut gateways = Vec::new();
    for _ in 0..2 {
        gateways.push(Arc::new(Gateway::start(database, person.address(), &flags)?));
    }
    let is_killed = Arc::new(AtomicBool::new(false));
    let count = Arc::new(AtomicUsize::new(0));
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..4_usize {
        let (person, gateways, is_killed) = (person.clone(), gateways.clone(), is_killed.clone());
        let count = count.clone();
        writers.spawn(async move {
            let of = name(&format!("w{writer}.eth"))?;
            let mut acknowledged = None;
            for number in 0..WRITES / 4 {
                let body = person.text(&of, "n", &number.to_string(), person.tick())?;
                // The same body until one of them says that it has it.
                let mut tries = 0;
                loop {
                    let first = usize::from(is_killed.load(Ordering::SeqCst));
                    let gateway = &gateways[first.max((number + tries) % 2)];
                    match gateway.post("/", body.clone()).await {
                        Ok((200, _)) => break,
                        Ok((status @ 400..500, told)) => anyhow::bail!("{status} {told}"),
                        _ if tries > 600 => anyhow::bail!("{of} {number} is not taken"),
                        _ => tokio::time::sleep(Duration::from_millis(50)).await,
                    }
                    tries += 1;
                }
                acknowledged = Some(number);
                count.fetch_add(1, Ordering::SeqCst);
            }
            Ok((of, acknowledged))
        });
    }
    // In the middle, however fast it is.
    while count.load(Ordering::SeqCst) < WRITES / 3 {
        tokio::time::sleep(Duration::from_millis(5)).await;
        ensure!(!writers.is_empty());
    }
    is_killed.store(true, Ordering::SeqCst);
    gateways[0].kill_now()?;
    disturb()?;
    while let Some(written) = writers.join_next().await {
        let (of, acknowledged) = written??;
        let kept = gateways[1].payload(&of, &text("n")?).await?.context("kept")?;
        let last = acknowledged.context("all")?.to_string();
        ensure!(hex::encode(&kept).contains(&hex::encode(&last)), "{of} {last}");
    }
    // Another one on the same database says the same.
    let third = Gateway::start(database, person.address(), &flags)?;
    for writer in 0..4 {
        let of = name(&format!("w{writer}.eth"))?;
        let body = json!({
            "query": "query S($name: String!) { domain(name: $name) { sequence } }",
            "variables": { "name": of.as_str() },
        });
        let (_, answer) = third.post("/graphql", body.to_string()).await?;
        ensure!(answer["data"]["domain"]["sequence"] == json!("250"), "{of}: {answer}");
    }
    Ok(())
}
