//! Every text form of an IPNS name and of a CID, wherever one is taken.

use std::fs;

use anyhow::{Context, Result, ensure};
use namesys::multiformats::{IpnsName, parse_cid};
use namesys::recordhash::{Recordhash, Target};

use crate::support::sandbox::Sandbox;

/// The secret half of `NAME`, of no worth.
const SEED: &str = "0707070707070707070707070707070707070707070707070707070707070707";
const ROOT: &str = "bafybeigr62it6keiljwtagwk3smqxjaj77pnkbdor3tzgfs65kqfuige6i";

/// The name in every form that a bare text can have, and after a scheme.
fn forms_of(name: &IpnsName) -> Vec<String> {
    use multibase::Base::{Base16Lower, Base32Lower, Base58Btc, Base64Url};
    let cid = name.cid().to_bytes();
    let key = data_encoding::HEXLOWER.encode(&name.public_key());
    let contenthash = data_encoding::HEXLOWER.encode(&name.contenthash());
    let mut forms = vec![
        name.to_string(),
        bs58::encode(&cid[2..]).into_string(),
        format!("0x{contenthash}"),
        format!("0x{key}"),
    ];
    let bases = [Base16Lower, Base32Lower, Base58Btc, Base64Url];
    forms.extend(bases.map(|base| multibase::encode(base, &cid)));
    let schemes = forms.iter().flat_map(|form| [format!("ipns://{form}"), format!("/ipns/{form}")]);
    let schemes: Vec<String> = schemes.collect();
    forms.extend(schemes);
    forms
}

#[test]
fn an_ipns_name_in_every_form_wherever_one_is_taken() -> Result<()> {
    let sandbox = Sandbox::new()?;
    sandbox.write("ipns.key", SEED)?;
    sandbox.ok(["init", "nick.eth"])?;
    let key = ["--ipns-key-file", "ipns.key"];
    let sign =
        ["ipns", "sign", "--value", &format!("/ipfs/{ROOT}"), "--sequence", "1"].map(str::to_owned);
    let sign = sign.iter().map(String::as_str).chain(key).chain(["--out", "record"]);
    let signed = sandbox.ok(sign)?;
    let name: IpnsName = signed["name"].as_str().context("a name")?.parse()?;
    let config = String::from_utf8(sandbox.read("namesys.toml")?)?;
    for form in forms_of(&name) {
        let text = name.to_string();
        let valid = |report: &serde_json::Value| report["name"] == *text && report["valid"] == true;
        let inspected = sandbox.ok(["ipns", "inspect", "record", "--name", &form])?;
        ensure!(valid(&inspected), "--name {form}: {inspected:#}");

        let got = sandbox.ok(["ipns", "get", &form, "--publisher", "file=record"])?;
        ensure!(got["name"] == *text, "ipns get {form}: {got:#}");

        fs::write(sandbox.path("namesys.toml"), format!("{config}ipns_name = \"{form}\"\n"))?;
        let inspected = sandbox.ok(["ipns", "inspect", "record"])?;
        ensure!(valid(&inspected), "ipns_name = {form}: {inspected:#}");
        fs::write(sandbox.path("namesys.toml"), &config)?;

        let bare = format!("0x{}", data_encoding::HEXLOWER.encode(&name.public_key()));
        if form.trim_start_matches("ipns://").trim_start_matches("/ipns/") == bare {
            // It may as well be a private key, which would be published.
            let (exit, report) = sandbox.json(["set", "contenthash", &form])?;
            let message = report["error"]["message"].as_str().context("a message")?;
            ensure!(exit == 2 && !message.contains(&form), "set contenthash {form}: {report:#}");
        } else {
            let set = sandbox.ok(["set", "contenthash", &form])?;
            ensure!(set["value"] == format!("ipns://{name}"), "set contenthash {form}: {set:#}");
        }

        let recordhash: Recordhash = form.parse().with_context(|| form.clone())?;
        ensure!(*recordhash.target() == Target::Ipns(name), "--recordhash {form}");
    }
    Ok(())
}

#[test]
fn a_cid_in_every_form_wherever_one_is_taken() -> Result<()> {
    let sandbox = Sandbox::new()?;
    sandbox.ok(["init", "nick.eth"])?;
    let root = parse_cid(ROOT)?;
    let contenthash =
        data_encoding::HEXLOWER.encode(&[&[0xe3, 0x01], &root.to_bytes()[..]].concat());
    let mut forms = vec![
        root.to_string(),
        bs58::encode(root.hash().to_bytes()).into_string(),
        multibase::encode(multibase::Base::Base16Lower, root.to_bytes()),
        multibase::encode(multibase::Base::Base58Btc, root.to_bytes()),
        format!("0x{contenthash}"),
    ];
    let schemes = forms.iter().flat_map(|form| [format!("ipfs://{form}"), format!("/ipfs/{form}")]);
    let schemes: Vec<String> = schemes.collect();
    forms.extend(schemes);
    for form in forms {
        ensure!(parse_cid(&form)? == root, "{form}");
        let set = sandbox.ok(["set", "contenthash", &form])?;
        ensure!(set["value"] == format!("ipfs://{root}"), "set contenthash {form}: {set:#}");
        let recordhash: Recordhash = form.parse().with_context(|| form.clone())?;
        ensure!(*recordhash.target() == Target::Ipfs(root), "--recordhash {form}");
        // It is read as a CID: only that nothing was published is wrong.
        let (exit, report) = sandbox.json(["rollback", &form, "--ipns-key-file", "ipns.key"])?;
        ensure!(exit != 0 && report["error"]["kind"] != "usage", "rollback {form}: {report:#}");
    }
    Ok(())
}
