//! Lookups (EIP-3668) of resolvers that are anybody's: how many gateways, and what they say.

use std::net::SocketAddr;

use alloy::sol_types::{SolError, SolValue};
use alloy_primitives::{Address, Bytes, hex};
use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::http::{StatusCode, Uri};
use axum::response::IntoResponse;
use namesys::chain::OffchainLookup;
use namesys::ens::Name;
use namesys::report::ErrorKind;
use serde_json::json;

use crate::cli::{Run, record, refused};
use crate::people::{name, person};
use crate::place::set_code;
use crate::proxy::serve;
use crate::reports::kind;
use crate::world::World;

const AVATAR: &str = "text/avatar";

/// A gateway: `/good` answers with a text, others with their name as status, and a message.
async fn gateway() -> Result<SocketAddr> {
    serve(Router::new().fallback(|uri: Uri| async move {
        let text = "found".to_owned().abi_encode();
        let data = json!({ "data": hex::encode_prefixed(text) }).to_string();
        match uri.path().split('/').nth(1).unwrap_or_default() {
            "good" => data.into_response(),
            "array" => json!([hex::encode_prefixed("x".to_owned().abi_encode())])
                .to_string()
                .into_response(),
            "bytes" => json!({ "data": [1, 2] }).to_string().into_response(),
            "bare" => data.replace("\"0x", "\"").into_response(),
            status => {
                let status = status.parse().ok().and_then(|code| StatusCode::from_u16(code).ok());
                let message = "no such \u{1b}[31mname here";
                let body = json!({ "message": message, "more": "x".repeat(500) }).to_string();
                (status.unwrap_or(StatusCode::IM_A_TEAPOT), body).into_response()
            }
        }
    }))
    .await
}

/// A resolver that wants one lookup, and returns what the gateway answers: its callback has the
/// selector 0x01020304.
fn resolver(lookup: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(lookup.len()).unwrap_or(u16::MAX).to_be_bytes();
    // If the selector is the callback's, go to 0x1a.
    let mut code = hex!("5f3560e01c6301020304 14 601a57").to_vec();
    // CODECOPY(0, 0x27, length), REVERT(0, length)
    code.extend([0x61, high, low, 0x60, 0x27, 0x5f, 0x39, 0x61, high, low, 0x5f, 0xfd]);
    // The first argument: CALLDATACOPY(0, 0x64, its length), RETURN(0, its length)
    code.extend(hex!("5b 604435 6064 5f 37 604435 5f f3"));
    code.extend(lookup);
    code
}

/// `<label>.eth`, whose resolver sends its clients to `urls`.
async fn register(world: &World, label: &str, urls: Vec<String>) -> Result<Name> {
    let address = Address::left_padding_from(label.as_bytes());
    let name = name(&format!("{label}.eth"));
    let lookup = OffchainLookup {
        sender: address,
        urls,
        callData: Bytes::from(vec![0xab; 400]),
        callbackFunction: [1, 2, 3, 4].into(),
        extraData: vec![2].into(),
    };
    let code = resolver(&lookup.abi_encode());
    set_code(world.chain.provider(), address, &code).await?;
    world.chain.register(&name, person(1).address(), address).await?;
    Ok(name)
}

fn ask(world: &World, name: &Name) -> Run {
    Run::resolve(&[name.as_str(), AVATAR, "--allow-private-gateways"]).on(world)
}

/// More gateways than a library takes are asked up to our own limit; none is no fault of whoever
/// asks.
pub async fn many() -> Result<()> {
    let (world, at) = (World::start().await?, gateway().await?);
    let url = |path: &str| format!("http://{at}/{path}/{{sender}}/{{data}}");
    for count in [1, 9, 60] {
        let urls = [vec![url("good")], vec![url("500"); count - 1]].concat();
        let name = register(&world, &format!("first{count}"), urls).await?;
        let document = ask(&world, &name).ends(0).await?;
        ensure!(record(&document)?["value"] == "found", "{count}: {document:#}");
    }
    let urls = [vec![url("503"); 8], vec![url("good")]].concat();
    let name = register(&world, "last", urls).await?;
    let document = ask(&world, &name).ends(1).await?;
    let error = record(&document)?["error"].to_string();
    ensure!(error.contains("1 more: not asked"), "{error}");
    let none = register(&world, "none", Vec::new()).await?;
    let document = ask(&world, &none).ends(1).await?;
    refused(&document)?;
    ensure!(kind(&document) == Some(ErrorKind::NoGateway), "{document:#}");
    ensure!(document["error"]["message"].to_string().contains("names no gateway"), "{document:#}");
    Ok(())
}

/// What a gateway says of its refusal is shown, escaped; a call's data is not repeated in full.
pub async fn messages() -> Result<()> {
    let (world, at) = (World::start().await?, gateway().await?);
    for (status, code) in [("400", 1), ("403", 1), ("404", 4), ("500", 1)] {
        let urls = vec![format!("http://{at}/{status}/{{sender}}/{{data}}.json")];
        let name = register(&world, &format!("s{status}"), urls).await?;
        let (found, text) = ask(&world, &name).text().await?;
        ensure!(found == code, "{status}: exit {found}: {text}");
        ensure!(text.contains("no such [31mname here"), "{status}: {text}");
        ensure!(!text.contains('\u{1b}') && !text.contains("xxxx"), "{status}: {text:?}");
        ensure!(!text.contains(&"ab".repeat(100)), "{status}: {text}");
    }
    Ok(())
}

/// An answer is an object whose `data` is `0x` and digits, as viem and ethers take it.
pub async fn forms() -> Result<()> {
    let (world, at) = (World::start().await?, gateway().await?);
    for form in ["array", "bytes", "bare"] {
        let urls = vec![format!("http://{at}/{form}/{{sender}}/{{data}}.json")];
        let name = register(&world, form, urls).await?;
        let document = ask(&world, &name).ends(1).await?;
        refused(&document)?;
        let error = record(&document)?["error"].as_str().context("error")?.to_owned();
        let says = if form == "bare" { "its data is not 0x" } else { "not JSON of the form" };
        ensure!(error.contains(says), "{form}: {error}");
    }
    Ok(())
}

/// What a gateway answers unsigned is shown, and nobody encrypts to it or pays it.
pub async fn unsigned() -> Result<()> {
    let (world, at) = (World::start().await?, gateway().await?);
    let good = register(&world, "good", vec![format!("http://{at}/good")]).await?;
    let shown = ask(&world, &good).ends(0).await?;
    ensure!(record(&shown)?["value"] == "found", "{shown:#}");
    let dir = tempfile::tempdir()?;
    let dir = dir.path().to_string_lossy().into_owned();
    Run::namesys(&["-C", &dir, "init", "alice.eth", "--chain-id", "31337"]).ends(0).await?;
    for command in [
        &["invoice", "request", good.as_str(), "1", "--payee", "bob.eth"][..],
        &["stealth", "address", good.as_str()],
    ] {
        let arguments = [&["-C", &dir], command, &["--allow-private-gateways"]].concat();
        let refused = Run::namesys(&arguments).on(&world).ends(1).await?;
        ensure!(kind(&refused) == Some(ErrorKind::Unproven), "{refused:#}");
    }
    Ok(())
}
