//! w3name revisions: the bytes of one side are read by the other.

use anyhow::{Context, Result, ensure};
use data_encoding::HEXLOWER;
use serde_json::{Value, json};

use super::publish::{FIRST, NAME, SECOND, same};
use crate::peer;
use crate::support::sandbox::Sandbox;

const FIELDS: &[&str] = &["name", "value", "sequence", "validity", "ttl_ns"];

/// What the client encodes, in hex, for each width of number CBOR has.
fn encoded() -> Result<Vec<String>> {
    let questions = ["0", "23", "24", "255", "256", "65536", "4294967296"].map(|sequence| {
        json!({
            "op": "encode", "name": NAME, "value": FIRST, "sequence": sequence,
            "validity": "2035-01-30T20:10:08.291Z", "ttl_ns": "300000000000",
        })
    });
    let answers = peer::w3name(&questions)?;
    let hex = |answer: &Value| answer["revision"].as_str().map(str::to_owned);
    answers.iter().map(|answer| hex(answer).with_context(|| format!("{answer}"))).collect()
}

/// `revision inspect` and `increment` read what the client wrote; the increment
/// has the fields the client's own has.
pub fn client_to_us() -> Result<()> {
    let sandbox = Sandbox::new()?;
    let revisions = encoded()?;
    let questions: Vec<Value> = revisions
        .iter()
        .flat_map(|revision| {
            [
                json!({"op": "decode", "revision": revision}),
                json!({"op": "increment", "revision": revision, "value": SECOND}),
            ]
        })
        .collect();
    for (revision, theirs) in revisions.iter().zip(peer::w3name(&questions)?.chunks(2)) {
        sandbox.write("revision", HEXLOWER.decode(revision.as_bytes())?)?;
        same(&sandbox.ok(["revision", "inspect", "revision"])?, &theirs[0], FIELDS)?;
        let next = sandbox.ok(["revision", "increment", "revision", "--value", SECOND])?;
        same(&next, &theirs[1], &["name", "value", "sequence", "ttl_ns"])?;
    }
    Ok(())
}

/// What `revision increment` writes, the client decodes, and encodes again to
/// the same bytes.
pub fn ours_to_client() -> Result<()> {
    let sandbox = Sandbox::new()?;
    let (mut shown, mut written) = (Vec::new(), Vec::new());
    for revision in encoded()? {
        sandbox.write("revision", HEXLOWER.decode(revision.as_bytes())?)?;
        let arguments = ["revision", "increment", "revision", "--value", SECOND, "--out", "next"];
        shown.push(sandbox.ok(arguments)?);
        written.push(HEXLOWER.encode(&sandbox.read("next")?));
        std::fs::remove_file(sandbox.path("next"))?;
    }
    let questions: Vec<Value> =
        written.iter().map(|hex| json!({"op": "decode", "revision": hex})).collect();
    let mut read = peer::w3name(&questions)?;
    for (ours, theirs) in shown.iter().zip(&mut read) {
        same(ours, theirs, FIELDS)?;
        theirs["op"] = json!("encode");
    }
    for (ours, again) in written.iter().zip(peer::w3name(&read)?) {
        ensure!(again["revision"] == ours.as_str(), "{ours} here, {again} there");
    }
    Ok(())
}
