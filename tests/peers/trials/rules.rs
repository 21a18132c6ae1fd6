//! The devnet takes and refuses records as the service does, seen through the
//! official client.

use anyhow::{Context, Result, ensure};
use data_encoding::HEXLOWER;
use serde_json::{Value, json};

use super::publish::{FIRST, NAME, SECOND, SEED};
use crate::entry::{DATA, Entry, SIGNATURE_V2};
use crate::peer;
use crate::support::devnet::Devnet;
use crate::support::sandbox::Sandbox;

const EARLY: &str = "2040-01-01T00:00:00Z";
const LATE: &str = "2041-01-01T00:00:00Z";

fn record(sandbox: &Sandbox, sequence: &str, validity: &str, value: &str) -> Result<Vec<u8>> {
    sandbox.ok([
        "ipns",
        "sign",
        "--ipns-key-file",
        "ipns.key",
        "--value",
        value,
        "--sequence",
        sequence,
        "--validity",
        validity,
        "--out",
        "record",
    ])?;
    let record = sandbox.read("record")?;
    std::fs::remove_file(sandbox.path("record"))?;
    Ok(record)
}

fn v2_only(record: &[u8]) -> Result<Vec<u8>> {
    Ok(Entry::parse(record)?.only(&[SIGNATURE_V2, DATA]).encode())
}

/// A record replaces another when its sequence is higher, or equal with a later
/// validity, or both equal and longer; whatever else is answered 400 with a
/// message, and the better one is still served.
pub fn replacement() -> Result<()> {
    let mut sandbox = Sandbox::new()?;
    let devnet = Devnet::start(&mut sandbox)?;
    sandbox.write("ipns.key", SEED)?;
    let first = record(&sandbox, "5", EARLY, FIRST)?;
    let other_value = record(&sandbox, "5", EARLY, SECOND)?;
    let later = record(&sandbox, "5", LATE, FIRST)?;
    let rows = [
        ("the first, V2 only", v2_only(&first)?, true),
        ("the same again", v2_only(&first)?, false),
        ("the same and longer, with V1", first.clone(), true),
        ("the same and shorter", v2_only(&first)?, false),
        ("another value of the same length", other_value, false),
        ("a later validity, though shorter", v2_only(&later)?, true),
        ("an earlier validity, though longer", first, false),
        ("a lower sequence, later", record(&sandbox, "4", LATE, SECOND)?, false),
        ("a higher sequence, earlier", record(&sandbox, "6", EARLY, SECOND)?, true),
        ("the sequence before", later, false),
    ];
    let endpoint = &devnet.urls.w3name;
    let questions: Vec<Value> = rows
        .iter()
        .flat_map(|(_, record, _)| {
            let record = HEXLOWER.encode(record);
            [
                json!({"op": "post", "endpoint": endpoint, "name": NAME, "record": record}),
                json!({"op": "get", "endpoint": endpoint, "name": NAME}),
            ]
        })
        .collect();
    let mut best = String::new();
    for ((what, record, taken), answers) in rows.iter().zip(peer::w3name(&questions)?.chunks(2)) {
        let (answer, served) = (&answers[0], &answers[1]);
        if *taken {
            ensure!(answer["status"] == 202 && answer["id"] == NAME, "{what}: {answer}");
            best = HEXLOWER.encode(record);
        } else {
            ensure!(answer["status"] == 400, "{what}: {answer}");
            ensure!(answer["message"].is_string(), "{what}: {answer}");
        }
        ensure!(served["record"] == best.as_str(), "{what}: serves {served}, not {best}");
    }
    client_sees_the_message(&devnet)
}

/// The client reports the service's own words.
fn client_sees_the_message(devnet: &Devnet) -> Result<()> {
    let key = peer::w3name_ok(json!({"op": "create"}))?;
    let put = |sequence: &str, validity: &str| {
        json!({
            "op": "put", "endpoint": devnet.urls.w3name, "key": key["raw"], "value": FIRST,
            "sequence": sequence, "validity": validity, "ttl_ns": "60000000000",
        })
    };
    let answers = peer::w3name(&[
        json!({"op": "resolve", "endpoint": devnet.urls.w3name, "name": key["name"]}),
        put("3", LATE),
        put("3", EARLY),
        put("2", LATE),
        put("3", "2042-01-01T00:00:00Z"),
        put("4", EARLY),
    ])?;
    for (step, refused) in [true, false, true, true, false, false].into_iter().enumerate() {
        let answer = &answers[step];
        if refused {
            let message = answer["error"].as_str().with_context(|| format!("{step}: {answer}"))?;
            ensure!(!message.contains("cannot parse"), "{step}: {message}");
        } else {
            ensure!(answer["error"].is_null(), "{step}: {answer}");
        }
    }
    Ok(())
}

/// What does not verify is refused, and nothing is stored.
pub fn invalid() -> Result<()> {
    let mut sandbox = Sandbox::new()?;
    let devnet = Devnet::start(&mut sandbox)?;
    sandbox.write("ipns.key", SEED)?;
    let good = record(&sandbox, "1", EARLY, FIRST)?;
    let foreign = peer::w3name_ok(json!({"op": "create"}))?;
    let changed = Entry::parse(&good)?.changed(DATA)?.encode();
    let endpoint = &devnet.urls.w3name;
    let post = |name: &Value, record: &[u8]| {
        let record = HEXLOWER.encode(record);
        json!({"op": "post", "endpoint": endpoint, "name": name, "record": record})
    };
    let answers = peer::w3name(&[
        post(&foreign["name"], &good),
        post(&json!(NAME), &changed),
        post(&json!(NAME), b"no record at all"),
        post(&json!(NAME), b""),
        json!({"op": "resolve", "endpoint": endpoint, "name": NAME}),
        json!({"op": "resolve", "endpoint": endpoint, "name": foreign["name"]}),
    ])?;
    for answer in &answers[..4] {
        ensure!(answer["status"] == 400 && answer["message"].is_string(), "{answer}");
    }
    for answer in &answers[4..] {
        ensure!(answer["error"].is_string(), "stored after all: {answer}");
    }
    Ok(())
}
