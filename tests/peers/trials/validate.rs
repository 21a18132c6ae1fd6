//! boxo's verdict on an IPNS record beside ours, row by row.

use anyhow::{Context, Result, ensure};
use data_encoding::HEXLOWER;
use serde_json::json;

use super::publish::{FIRST, NAME, SEED};
use crate::entry::*;
use crate::peer::{self, Verdict};
use crate::support::sandbox::Sandbox;

/// Another key's name, from `tests/vectors/ipns.json`.
const FOREIGN: &str = "k51qzi5uqu5dk0hpo9y416u27goyk4jvnsk8comhw5rlkbo3eeoqjvr7rnqzsu";

struct Row {
    what: &'static str,
    name: &'static str,
    record: Vec<u8>,
    /// What boxo is to say, and we too.
    valid: bool,
    /// We refuse it all the same.
    stricter: bool,
}

/// Records signed by boxo, in the order of the questions here.
fn by_boxo() -> Result<[Vec<u8>; 5]> {
    let question = |validity: &str, v2_only: bool, metadata: serde_json::Value| {
        json!({
            "seed": SEED, "value": FIRST, "sequence": 42, "validity": validity,
            "ttl_ns": 60_000_000_000_u64, "v2_only": v2_only, "metadata": metadata,
        })
    };
    let answers = peer::boxo::<serde_json::Value>(
        "sign",
        &[
            question("2040-01-30T20:10:08.291Z", false, json!(null)),
            question("2040-01-30T20:10:08Z", true, json!(null)),
            question("2040-01-30T20:10:08Z", false, json!({"_note": "kept by whoever signed it"})),
            question("2020-01-30T20:10:08Z", false, json!(null)),
            question("2020-01-30T20:10:08Z", true, json!(null)),
        ],
    )?;
    let records = answers.iter().map(|answer| {
        ensure!(answer["name"] == NAME, "boxo gives the key another name: {answer}");
        let record = answer["record"].as_str().with_context(|| format!("{answer}"))?;
        Ok(HEXLOWER.decode(record.as_bytes())?)
    });
    let records: Vec<_> = records.collect::<Result<_>>()?;
    records.try_into().map_err(|_| anyhow::anyhow!("one answer a question"))
}

/// The protobuf of an ed25519 public key whose identity multihash is the name.
fn public_key(name: &str) -> Result<Vec<u8>> {
    let cid: cid::Cid = name.parse()?;
    Ok(cid.hash().digest().to_vec())
}

fn rows(ours: &[u8]) -> Result<Vec<Row>> {
    let [v1_v2, v2, metadata, expired, expired_v2] = by_boxo()?;
    let entry = Entry::parse(ours)?;
    let row = |what, record: &Entry, valid| Row {
        what,
        name: NAME,
        record: record.encode(),
        valid,
        stricter: false,
    };
    let raw = |what, record: &[u8], valid| Row {
        what,
        name: NAME,
        record: record.to_vec(),
        valid,
        stricter: false,
    };
    let mut rows = vec![
        raw("V1 and V2", ours, true),
        row("V2 only", &entry.clone().only(&[SIGNATURE_V2, DATA]), true),
        raw("boxo's V1 and V2", &v1_v2, true),
        raw("boxo's V2 only", &v2, true),
        raw("further entries in the signed data", &metadata, true),
        row("without signatureV1", &entry.clone().without(SIGNATURE_V1), true),
        row(
            "key inlined and repeated",
            &entry.clone().with_bytes(PUBLIC_KEY, public_key(NAME)?),
            true,
        ),
        row("an unknown field", &entry.clone().with_bytes(99, b"later".to_vec()), true),
        raw("expired", &expired, false),
        raw("expired, V2 only", &expired_v2, false),
        Row {
            what: "a foreign name",
            name: FOREIGN,
            record: ours.to_vec(),
            valid: false,
            stricter: false,
        },
        row("without signatureV2", &entry.clone().without(SIGNATURE_V2), false),
        row("without data", &entry.clone().without(DATA), false),
        row("without the value, V1 kept", &entry.clone().without(VALUE), false),
        row("without the validity, V1 kept", &entry.clone().without(VALIDITY), false),
        row("without the sequence, V1 kept", &entry.clone().without(SEQUENCE), false),
        row("without the TTL, V1 kept", &entry.clone().without(TTL), false),
        row("without any V1 to compare", &entry.clone().without(VALUE).without(SIGNATURE_V1), true),
        row(
            "another key beside it",
            &entry.clone().with_bytes(PUBLIC_KEY, public_key(FOREIGN)?),
            false,
        ),
        row("over 10 KiB", &entry.clone().with_bytes(99, vec![0; 10 * 1024]), false),
        raw("cut short", &ours[..ours.len() - 1], false),
        raw("empty", b"", false),
        raw("no protobuf", b"no record at all", false),
    ];
    for (what, field, valid) in [
        ("signatureV1 changed: V2 decides", SIGNATURE_V1, true),
        ("value changed", VALUE, false),
        ("data changed", DATA, false),
        ("signatureV2 changed", SIGNATURE_V2, false),
        ("validity contradicts", VALIDITY, false),
        ("sequence contradicts", SEQUENCE, false),
        ("TTL contradicts", TTL, false),
        ("validity type contradicts", VALIDITY_TYPE, false),
    ] {
        rows.push(row(what, &entry.clone().changed(field)?, valid));
    }
    // boxo compares the V1 fields only beside a V1 value or signature; we always do.
    let sequence_alone = entry.only(&[SEQUENCE, SIGNATURE_V2, DATA]).changed(SEQUENCE)?;
    rows.push(Row { stricter: true, ..row("sequence alone contradicts", &sequence_alone, true) });
    Ok(rows)
}

/// Every row is judged as expected by boxo, and by `ipns inspect` as by boxo.
pub fn same_verdicts() -> Result<()> {
    let sandbox = Sandbox::new()?;
    sandbox.write("ipns.key", SEED)?;
    sandbox.ok([
        "ipns",
        "sign",
        "--ipns-key-file",
        "ipns.key",
        "--value",
        FIRST,
        "--sequence",
        "41",
        "--validity",
        "2040-01-30T20:10:08.291Z",
        "--out",
        "record",
    ])?;
    let record = sandbox.read("record")?;
    ensure!(Entry::parse(&record)?.encode() == record, "taking apart and together is faithful");
    let rows = rows(&record)?;
    let questions: Vec<_> = rows
        .iter()
        .map(|row| json!({"name": row.name, "record": HEXLOWER.encode(&row.record)}))
        .collect();
    let verdicts: Vec<Verdict> = peer::boxo("validate", &questions)?;
    let mut differing = Vec::new();
    for (row, verdict) in rows.iter().zip(verdicts) {
        sandbox.write("row", &row.record)?;
        let (code, ours) = sandbox.json(["ipns", "inspect", "row", "--name", row.name])?;
        let valid = code == 0 && ours["valid"] == true;
        if verdict.ok != row.valid || valid != (row.valid && !row.stricter) {
            let boxo = verdict.error.as_deref().unwrap_or("valid");
            differing.push(format!("{}: boxo says {boxo}; we exit {code}: {ours}", row.what));
        }
    }
    ensure!(differing.is_empty(), "{}", differing.join("\n"));
    Ok(())
}
