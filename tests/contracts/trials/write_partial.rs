//! `write` of several records of which some are taken: of each it is said what came of it. And
//! gateways whose words are not for a terminal.

use alloy_primitives::Address;
use anyhow::{Result, ensure};
use namesys::report::ErrorKind;
use serde_json::Value as Json;

use crate::reports::kind;
use crate::trials::write::{Form, HERE, Manner, Scene};

const TABLE: &str = "name,record,value\nnick.eth,text/a,1\nnick.eth,text/b,2\nnick.eth,text/c,3\n";
const IMPORT: [&str; 3] = ["--import", "-", HERE];

fn states(document: &Json) -> Vec<(&str, Option<bool>)> {
    let records = document["records"].as_array().map_or(&[][..], Vec::as_slice);
    records.iter().map(|one| (one["state"].as_str().unwrap_or("?"), one["ok"].as_bool())).collect()
}

fn message(document: &Json) -> &str {
    document["error"]["message"].as_str().unwrap_or_default()
}

async fn chosen(form: Form, seconds: u64) -> Result<Scene> {
    let scene = Scene::start().await?;
    scene.choose(form, false, scene.database(Address::ZERO), (Address::ZERO, seconds)).await?;
    Ok(scene)
}

/// A message for each record: one is refused, one is not answered, one has expired by then.
pub async fn of_messages() -> Result<()> {
    let scene = chosen(Form::LegacyParameters, 0).await?;
    scene.gateway.set(Manner::RefusesAfter(1));
    let done = scene.run(&IMPORT).input(TABLE).ends(1).await?;
    ensure!(kind(&done) == Some(ErrorKind::Rejected), "{done}");
    ensure!(message(&done).starts_with("message 2 of 3: "), "{done}");
    let wanted = [("taken", Some(true)), ("refused", None), ("not-sent", None)];
    ensure!(states(&done) == wanted && done["posted"] == true, "{done}");
    scene.gateway.set(Manner::RefusesAfter(1));
    let (_, text) = scene.run(&IMPORT).input(TABLE).text().await?;
    for line in ["written  text/a", "refused  text/b", "not sent text/c"] {
        ensure!(text.lines().any(|one| one == line), "{line}: {text}");
    }

    scene.gateway.set(Manner::HangsUpAfter(1));
    let done = scene.run(&IMPORT).input(TABLE).ends(1).await?;
    // It is there all the same.
    let wanted = [("taken", Some(true)), ("unknown", Some(true)), ("not-sent", None)];
    ensure!(states(&done) == wanted, "{done}");
    ensure!(scene.gateway.bodies().len() == 2, "posted once: {done}");

    // The last one expires while the first ones are answered.
    let scene = chosen(Form::LegacyParameters, 7).await?;
    scene.gateway.set(Manner::Slow(5));
    let late = scene.run(&IMPORT).input(TABLE).ends(1).await?;
    ensure!(kind(&late) == Some(ErrorKind::Expired), "{late}");
    let ends = states(&late);
    ensure!(ends[0].0 == "taken" && ends[2].0 == "not-sent", "{late}");
    let hint = late["error"]["hint"].as_str().unwrap_or_default();
    ensure!(!hint.contains("nothing") && message(&late).contains("expired"), "{late}");
    Ok(())
}

/// One message for all records, of which a gateway takes some, or none.
pub async fn of_setters() -> Result<()> {
    let scene = chosen(Form::Offchain, 0).await?;
    scene.gateway.set(Manner::KeepsOf(1));
    let done = scene.run(&IMPORT).input(TABLE).ends(1).await?;
    ensure!(kind(&done) == Some(ErrorKind::Rejected), "{done}");
    let wanted = [("taken", Some(true)), ("refused", None), ("refused", None)];
    ensure!(states(&done) == wanted && done["posted"] == true, "{done}");
    ensure!(done["read_back"] == true, "what was taken is: {done}");
    ensure!(message(&done).contains("text/b, text/c") && message(&done).contains("took text/a"));
    scene.gateway.set(Manner::KeepsOf(0));
    let none = scene.run(&IMPORT).input(TABLE).ends(1).await?;
    ensure!(kind(&none) == Some(ErrorKind::Rejected), "{none}");
    ensure!(states(&none) == [("refused", None); 3] && none["posted"] == false, "{none}");
    ensure!(none["read_back"].is_null() && !message(&none).contains("was taken"), "{none}");
    Ok(())
}

/// Many words, and such as change a terminal: cut, and escaped or left out.
pub async fn loud() -> Result<()> {
    for (form, manner) in [
        (Form::Offchain, Manner::Shouts(400)),
        (Form::Offchain, Manner::Shouts(200)),
        (Form::Offchain, Manner::ShoutsOfEach),
        (Form::Database, Manner::Shouts(500)),
    ] {
        let scene = chosen(form, 0).await?;
        scene.gateway.set(manner);
        let (code, text) = scene.run(&IMPORT).input(TABLE).text().await?;
        ensure!(code == 1 && text.contains("w0rd"), "{text}");
        let is_odd = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        ensure!(!text.contains(is_odd), "{text:?}");
        for line in text.lines() {
            ensure!(line.matches("w0rd").count() < 60, "{line}");
        }
    }
    Ok(())
}

/// Two nodes of one chain beside one of another; one that is gone, of whichever.
pub async fn nodes() -> Result<()> {
    let scene = Scene::start().await?;
    let other = crate::trials::write::second_chain().await?;
    let gone = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        format!("http://{}", listener.local_addr()?)
    };
    let main = scene.world.chain.rpc_url();
    let again = main.replace("127.0.0.1", "localhost");
    ensure!(again != main, "{main}");
    let target = (namesys::devnet::chain::PLAIN_RESOLVER, crate::trials::write::OTHER_CHAIN);
    scene.choose(Form::Onchain, false, Vec::new(), target).await?;
    for (number, urls) in [
        vec![main, &again, other.chain.rpc_url()],
        vec![main, &gone, other.chain.rpc_url()],
        vec![&gone, main, other.chain.rpc_url()],
    ]
    .into_iter()
    .enumerate()
    {
        let value = format!("ipfs://node{number}");
        let words = ["nick.eth", "text", "avatar", &value, "--yes"];
        let run = scene.run(&words).env("ETH_RPC_URL", &urls.join(","));
        let (code, done, said) = run.run().await?;
        ensure!(code == 0 && done["read_back"] == true, "{urls:?}: {done} {said}");
        ensure!(said.contains("is left out") == urls.contains(&gone.as_str()), "{said}");
    }
    // It may be the one that is missed.
    let missed = scene.run(&["nick.eth", "text", "avatar", "x", "--yes"]);
    let missed = missed.env("ETH_RPC_URL", &format!("{main},{gone}")).ends(1).await?;
    ensure!(kind(&missed) == Some(ErrorKind::NoRpc), "{missed}");
    ensure!(message(&missed).contains(&format!("{gone}/ does not answer")), "{missed}");
    Ok(())
}

/// A resolver that refuses setters, and defers them within resolve(), where it is its own sender.
pub async fn within_resolve() -> Result<()> {
    for form in [Form::Offchain, Form::LegacyCallData, Form::Database] {
        let scene = chosen(form, 0).await?;
        scene.hide(true).await?;
        let done = scene.avatar(0, &[HERE]).await?;
        ensure!(done["posted"] == true && done["read_back"] == true, "{done}");
        let several = scene.run(&IMPORT).input(TABLE).ends(0).await?;
        ensure!(several["read_back"] == true, "{several}");
        if form != Form::Database {
            let sender = &done["messages"][0]["message"]["sender"];
            ensure!(sender == "0x00000000000000000000000000000000000057a7", "{done}");
        }
    }
    // What it does not defer there either is refused in the words of the setter.
    let scene = chosen(Form::Refused, 0).await?;
    scene.hide(true).await?;
    let refused = scene.avatar(1, &[HERE]).await?;
    ensure!(kind(&refused) == Some(ErrorKind::Refused), "{refused}");
    ensure!(message(&refused).contains("not yours"), "{refused}");
    Ok(())
}
