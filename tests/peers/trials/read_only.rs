//! What others make and we only read: names of other kinds of keys, HAMTs of other fan-outs.

use anyhow::{Context, Result, ensure};
use data_encoding::HEXLOWER;
use namesys::ipfs::{DAG_PB, MemoryBlocks, RAW, TreeBudget, TreeLimits, list, resolve, sha256_cid};
use serde_json::{Value, json};

use super::publish::FIRST;
use crate::peer;
use crate::support::sandbox::Sandbox;

/// boxo signs; we verify by the key that the record carries, or the name holds.
pub fn other_keys() -> Result<()> {
    let sandbox = Sandbox::new()?;
    for (kind, v2_only) in
        [("rsa", false), ("rsa", true), ("secp256k1", false), ("secp256k1", true)]
    {
        let question = json!({
            "kind": kind, "value": FIRST, "sequence": 3, "validity": "2100-01-01T00:00:00Z",
            "ttl_ns": 60_000_000_000_u64, "v2_only": v2_only, "metadata": null,
        });
        let signed = peer::boxo::<Value>("sign", &[question])?.remove(0);
        let text = |key: &str| signed[key].as_str().with_context(|| format!("{signed}"));
        let (name, record) = (text("name")?, HEXLOWER.decode(text("record")?.as_bytes())?);
        sandbox.write("record", &record)?;
        for arguments in
            [&["ipns", "inspect", "record"][..], &["ipns", "inspect", "record", "--name", name]]
        {
            let said = sandbox.ok(arguments)?;
            ensure!(said["valid"] == true && said["signature_v2"] == true, "{kind}: {said}");
            ensure!(said["name"] == name && said["value"] == FIRST, "{kind} {name}: {said}");
            ensure!(
                said["signature_v1"] == if v2_only { Value::Null } else { true.into() },
                "{said}"
            );
        }
        let at =
            record.windows(8).position(|window| window == b"Sequence").context("no sequence")?;
        let mut changed = record.clone();
        changed[at + 8] ^= 1;
        sandbox.write("changed", &changed)?;
        let (code, said) = sandbox.json(["ipns", "inspect", "changed"])?;
        ensure!(code == 3 && said["valid"] == false, "{kind}: exit {code}: {said}");
        // Another's name does not become its own.
        let other = "k2k4r8jl0yz8qjgqbmc2cdu5hkqek5rj6flgnlkyywynci20j0iuyfuj";
        let (code, said) = sandbox.json(["ipns", "inspect", "record", "--name", other])?;
        ensure!(code == 3, "{kind}: exit {code}: {said}");
    }
    Ok(())
}

/// boxo makes HAMTs of every fan-out from 8 to 1,024; we list and find what is in them.
pub fn fan_outs() -> Result<()> {
    let widths = [8, 16, 32, 64, 128, 256, 512, 1024];
    let questions: Vec<Value> =
        widths.iter().map(|width| json!({ "width": width, "count": 3000 })).collect();
    for (width, answer) in widths.iter().zip(peer::boxo::<Value>("shard", &questions)?) {
        let mut blocks = MemoryBlocks::new();
        for block in answer["blocks"].as_array().context("no blocks")? {
            let data = HEXLOWER.decode(block.as_str().unwrap_or_default().as_bytes())?;
            let codec = if data == b"x" { RAW } else { DAG_PB };
            blocks.insert(sha256_cid(codec, &data), data.into());
        }
        let root = answer["root"].as_str().context("no root")?.parse()?;
        let entries = list(&blocks, &root, &TreeBudget::new(TreeLimits::WHOLE))?;
        ensure!(entries.len() == 3000, "{width}: {} entries", entries.len());
        for number in [0, 1, 1500, 2999] {
            let found = resolve(&blocks, &root, &[&format!("{number}.json")])?;
            ensure!(found.cid == sha256_cid(RAW, b"x"), "{width}: {number}");
        }
        ensure!(resolve(&blocks, &root, &["3000.json"]).is_err(), "{width}");
    }
    Ok(())
}
