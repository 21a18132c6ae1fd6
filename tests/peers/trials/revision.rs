//! w3name revisions: the bytes of one side are read by the other.

use anyhow::{Context, Result, ensure};
use data_encoding::HEXLOWER;
use serde_json::{Value, json};

use super::publish::{FIRST, NAME, SECOND, same};
use crate::peer;
use crate::support::sandbox::Sandbox;

const FIELDS: &[&str] = &["name", "value", "sequence", "validity", "ttl_ns"];

/// The client encodes, for each width of number CBOR has.
fn encoded() -> Result<Vec<Value>> {
    let questions: Vec<Value> = ["0", "23", "24", "255", "256", "65536", "4294967296"]
        .map(|sequence| {
            json!({
                "op": "encode", "name": NAME, "value": FIRST, "sequence": sequence,
                "validity": "2035-01-30T20:10:08.291Z", "ttl_ns": "300000000000",
            })
        })
        .to_vec();
    peer::w3name(&questions)
}

/// `revision inspect` and `increment` read what the client wrote; the increment
/// has the fields the client's own has.
pub fn client_to_us() -> Result<()> {
    let sandbox = Sandbox::new()?;
    for answer in encoded()? {
        let text = answer["revision"].as_str().with_context(|| format!("{answer}"))?;
        sandbox.write("revision", HEXLOWER.decode(text.as_bytes())?)?;
        let theirs = peer::w3name(&[
            json!({"op": "decode", "revision": text}),
            json!({"op": "increment", "revision": text, "value": SECOND}),
        ])?;
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
    for (i, answer) in encoded()?.into_iter().enumerate() {
        let text = answer["revision"].as_str().with_context(|| format!("{answer}"))?;
        sandbox.write("revision", HEXLOWER.decode(text.as_bytes())?)?;
        let next = format!("next-{i}");
        let shown =
            sandbox.ok(["revision", "increment", "revision", "--value", SECOND, "--out", &next])?;
        let written = HEXLOWER.encode(&sandbox.read(&next)?);
        let read = peer::w3name_ok(json!({"op": "decode", "revision": written}))?;
        same(&shown, &read, FIELDS)?;
        let mut question = read;
        question["op"] = json!("encode");
        let again = peer::w3name_ok(question)?;
        ensure!(again["revision"] == written, "{written} here, {again} there");
    }
    Ok(())
}
