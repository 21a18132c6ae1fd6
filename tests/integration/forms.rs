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
        if form.starts_with("ipfs://") || form.starts_with("0x") {
            let set = sandbox.ok(["set", "contenthash", &form])?;
            ensure!(set["value"] == format!("ipfs://{root}"), "set contenthash {form}: {set:#}");
        } else {
            // As it would be shown, to be typed.
            let (exit, report) = sandbox.json(["set", "contenthash", &form])?;
            let message = report["error"]["message"].as_str().context("a message")?;
            let uri = format!("write ipfs://{root}");
            ensure!(exit == 2 && message.ends_with(&uri), "set contenthash {form}: {report:#}");
        }
        let recordhash: Recordhash = form.parse().with_context(|| form.clone())?;
        ensure!(*recordhash.target() == Target::Ipfs(root), "--recordhash {form}");
        // It is read as a CID: only that nothing was published is wrong.
        let (exit, report) = sandbox.json(["rollback", &form, "--ipns-key-file", "ipns.key"])?;
        ensure!(exit != 0 && report["error"]["kind"] != "usage", "rollback {form}: {report:#}");
    }
    Ok(())
}

/// Keys as tools and secret stores carry them, in a file, on stdin and in the variable; and every
/// form that `key export` writes.
#[test]
fn a_key_in_every_form_wherever_one_is_taken() -> Result<()> {
    let mut sandbox = Sandbox::new()?;
    sandbox.write("seed", SEED)?;
    let name = &sandbox.ok(["key", "inspect", "--ipns-key-file", "seed"])?["ipns"]["name"];
    for format in ["hex", "raw", "libp2p", "base64", "pem"] {
        let export = ["key", "export", "--ipns-key-file", "seed", "--format", format];
        sandbox.ok([&export[..], &["--out", format]].concat())?;
        let read = sandbox.ok(["key", "inspect", "--ipns-key-file", format])?;
        ensure!(read["ipns"]["name"] == *name, "--format {format}: {read:#}");
        let shown = sandbox.ok(export)?;
        let shown = shown["key"].as_str().context("a key")?;
        sandbox.set_env("NAMESYS_IPNS_KEY", shown);
        let read = sandbox.ok(["key", "inspect"])?;
        ensure!(read["ipns"]["name"] == *name, "--format {format} --json: {read:#}");
    }
    let pem = String::from_utf8(sandbox.read("pem")?)?;
    let base64 = String::from_utf8(sandbox.read("base64")?)?;
    ensure!(base64.lines().count() == 1 && !base64.contains('#'), "{base64}");
    for (what, form) in [
        ("PEM in one line", pem.replace('\n', " ")),
        ("PEM with \\n", pem.replace('\n', "\\n")),
        ("PEM without line ends", pem.replace('\n', "")),
        ("PEM in base64", data_encoding::BASE64.encode(pem.as_bytes())),
        ("base64 that is wrapped", format!("{}\n{}", &base64[..76], &base64[76..])),
        ("a comment before it", format!("# ipns {name}\n{base64}")),
    ] {
        sandbox.write("carried", &form)?;
        let read = sandbox.ok(["key", "inspect", "--ipns-key-file", "carried"])?;
        ensure!(read["ipns"]["name"] == *name, "{what}: {read:#}");
        sandbox.set_env("NAMESYS_IPNS_KEY", &form);
        let read = sandbox.ok(["key", "inspect"])?;
        ensure!(read["ipns"]["name"] == *name, "{what}, in the variable: {read:#}");
    }
    // A records signer, which has no other half.
    sandbox.set_env("NAMESYS_IPNS_KEY", SEED);
    sandbox.write("signer", SEED)?;
    let signer = ["--signer-key-file", "signer"];
    for format in ["hex", "base64"] {
        let file = format!("signer.{format}");
        let mut unset = sandbox.namesys(["key", "export", "--format", format, "--out", &file]);
        ensure!(unset.args(signer).env_remove("NAMESYS_IPNS_KEY").status()?.success());
        let read = sandbox.ok(["key", "inspect", "--signer-key-file", &file])?;
        let address = &sandbox.ok([&["key", "inspect"], &signer[..]].concat())?["signer"];
        ensure!(read["signer"] == *address, "--format {format}: {read:#}");
    }
    for variable in ["NAMESYS_IPNS_KEY", "NAMESYS_SIGNER_KEY"] {
        sandbox.set_env(variable, " ");
        let (exit, report) = sandbox.json(["key", "inspect"])?;
        let message = report["error"]["message"].as_str().context("a message")?;
        ensure!(exit == 2 && message.contains(variable), "{message}");
        sandbox.set_env(variable, SEED);
    }
    Ok(())
}
