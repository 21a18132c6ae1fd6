//! `namesys resolve` for names on a chain, whoever signed and wherever the records are.

use alloy_primitives::{Address, Bytes};
use anyhow::{Context, Result, ensure};
use namesys::devnet::chain::bindings::{CCIP2Resolver, NameWrapper, PlainResolver};
use namesys::devnet::chain::{CCIP2_RESOLVER, CHAIN_ID, NAME_WRAPPER, PLAIN_RESOLVER};
use namesys::ens::Name;
use namesys::keys::SignerKey;
use namesys::report::ErrorKind;

use crate::cli::{Run, accepted, record, refused};
use crate::people::{approval, ipns_key, name, person, signed};
use crate::reports::kind;
use crate::trials::signers::RECORDS;
use crate::world::World;

const AVATAR: &str = "text/avatar";

/// Without records named, all that the tree lists, each proven by blocks and accepted by both.
pub async fn owner() -> Result<()> {
    let (owner, key, nick) = (person(1), ipns_key(1), name("nick.eth"));
    let world = World::with_nick(&owner, &key).await?;
    let records =
        RECORDS.map(|(kind, text)| (&nick, kind, signed(&nick, kind, text, &owner, None)));
    world.publish(&key, &records).await?;
    let document = Run::resolve(&["nick.eth", "--trace"]).on(&world).ends(0).await?;
    ensure!(document["owner"] == owner.address().to_string(), "{document}");
    ensure!(document["resolver"] == CCIP2_RESOLVER.to_string(), "{document}");
    ensure!(document["resolver_kind"] == "records" && document["wildcard"] == false);
    ensure!(document["recordhash"] == format!("ipns://{}", key.name()), "{document}");
    ensure!(document["recordhash_from"] == "name" && document["listed"] == true, "{document}");
    ensure!(document["ipns"]["sequence"] == 0, "{document}");
    let found = document["records"].as_array().context("records")?;
    ensure!(found.len() == RECORDS.len(), "{document:#}");
    for (kind, text) in RECORDS {
        let record = found.iter().find(|record| record["record"] == kind).context(kind)?;
        ensure!(record["value"] == text && record["proven"] == true, "{record}");
        ensure!(record["verdicts"]["contract"] == "accepted", "{record}");
    }
    let trace = document["trace"].as_array().context("trace")?;
    ensure!(trace.iter().any(|step| step["what"] == "text/avatar: callback of the contract"));
    ensure!(trace.iter().all(|step| step["ms"].is_u64() && step["by"].is_string()));

    let document = Run::resolve(&["nick.eth", "text/none", "text/none"]).on(&world).ends(4).await?;
    refused(&document)?;
    ensure!(record(&document)?["absent"] == true, "asked once: {document}");
    // What a person says in the chain's place is of one name.
    let hash = format!("ipns://{}", key.name());
    let owner = owner.address().to_string();
    for (of, more) in [("-", "-q"), (&*owner, "-q"), ("nick.eth", "--trace")] {
        let by_hand = [of, "--recordhash", &hash, "--owner", &owner, more];
        Run::resolve(&by_hand).on(&world).ends(2).await?;
    }
    Run::resolve(&["nobody.eth"]).on(&world).ends(4).await?;
    Ok(())
}

/// SIGN 3 by the owner, SIGN 3 by a manager, a signer approved on chain.
pub async fn signers() -> Result<()> {
    let (owner, manager, signer) = (person(1), person(2), person(3));
    let (key, nick) = (ipns_key(1), name("nick.eth"));
    let world = World::with_nick(&owner, &key).await?;
    let by = |person| approval(&nick, signer.address(), owner.address(), person);
    let files = [
        (&nick, AVATAR, signed(&nick, AVATAR, "owner", &signer, Some(&by(&owner)))),
        (&nick, "text/url", signed(&nick, "text/url", "manager", &signer, Some(&by(&manager)))),
        (&nick, "text/mail", signed(&nick, "text/mail", "chain", &signer, None)),
    ];
    world.publish(&key, &files).await?;
    let ask = |record| Run::resolve(&["nick.eth", record]).on(&world);
    let document = ask(AVATAR).ends(0).await?;
    accepted(&document, "owner")?;
    ensure!(record(&document)?["signer"] == signer.address().to_string(), "{document}");
    for (kind, text, who) in
        [("text/url", "manager", manager.address()), ("text/mail", "chain", signer.address())]
    {
        refused(&ask(kind).ends(3).await?)?;
        world.chain.approve(owner.address(), &nick, who).await?;
        accepted(&ask(kind).ends(0).await?, text)?;
    }
    Ok(())
}

/// Subnames with their own recordhash and under their parent's, ownerhash, a wrapped name.
pub async fn levels() -> Result<()> {
    let (owner, key) = (person(1), ipns_key(1));
    let (nick, sub) = (name("nick.eth"), name("a.nick.eth"));
    let (own, mine, wrapped) = (name("b.nick.eth"), name("mine.eth"), name("wrapped.eth"));
    let world = World::with_nick(&owner, &key).await?;
    let record = |of: &Name| signed(of, AVATAR, of.as_str(), &owner, None);
    let call = CCIP2Resolver::setSubRecordhashCall {
        node: nick.node(),
        subdomain: "b".to_owned(),
        hash: Bytes::from(ipns_key(2).name().contenthash()),
    };
    world.chain.send(owner.address(), CCIP2_RESOLVER, call).await?;
    let hash = ipns_key(3).name().public_key().into();
    let call = CCIP2Resolver::setShortOwnerhashCall { hash };
    world.chain.send(owner.address(), CCIP2_RESOLVER, call).await?;
    world.chain.register(&mine, owner.address(), CCIP2_RESOLVER).await?;
    world.chain.register(&wrapped, owner.address(), CCIP2_RESOLVER).await?;
    world.chain.wrap(&wrapped).await?;
    let call = NameWrapper::setResolverCall { node: wrapped.node(), resolver: CCIP2_RESOLVER };
    world.chain.send(owner.address(), NAME_WRAPPER, call).await?;
    world.publish(&key, &[(&sub, AVATAR, record(&sub))]).await?;
    world.publish(&ipns_key(2), &[(&own, AVATAR, record(&own))]).await?;
    let files = [(&mine, AVATAR, record(&mine)), (&wrapped, AVATAR, record(&wrapped))];
    world.publish(&ipns_key(3), &files).await?;
    for (of, from) in [(&sub, "parent"), (&own, "name"), (&mine, "owner"), (&wrapped, "owner")] {
        let document = Run::resolve(&[of.as_str(), AVATAR]).on(&world).ends(0).await?;
        accepted(&document, of.as_str())?;
        ensure!(document["recordhash_from"] == from, "{of}: {document}");
        let is_sub = of == &sub || of == &own;
        ensure!(document["wildcard"] == is_sub, "{of}: {document}");
        ensure!(document["owner"] == owner.address().to_string(), "{of}: {document}");
        ensure!(document["wrapper_owner"].is_string() == (of == &wrapped), "{of}: {document}");
    }
    Ok(())
}

/// To another name of the resolver, to one with records on chain; one that is not signed.
pub async fn redirects() -> Result<()> {
    let (owner, other) = (person(1), person(2));
    let (nick, app, plain) = (name("nick.eth"), name("app.eth"), name("plain.eth"));
    let world = World::with_nick(&owner, &ipns_key(1)).await?;
    world.chain.register(&app, other.address(), CCIP2_RESOLVER).await?;
    world.set_recordhash(&app, other.address(), &ipns_key(2).name().contenthash()).await?;
    let file = signed(&app, AVATAR, "the app's", &other, None);
    world.publish(&ipns_key(2), &[(&app, AVATAR, file)]).await?;
    world.chain.register(&plain, other.address(), PLAIN_RESOLVER).await?;
    let node = plain.node();
    let (key, value) = ("url".to_owned(), "on chain".to_owned());
    let call = PlainResolver::setTextCall { node, key, value };
    world.chain.send(other.address(), PLAIN_RESOLVER, call).await?;
    let wallet = name("wallet.eth");
    world.chain.register(&wallet, other.address(), other.address()).await?;
    let redirect = |to: &Name, by: &SignerKey| by.sign_redirect(&nick, to, CHAIN_ID, None).encode();
    world
        .publish_payloads(
            &ipns_key(1),
            &[
                (&nick, AVATAR, redirect(&app, &owner)),
                (&nick, "text/url", redirect(&plain, &owner)),
                (&nick, "text/mail", redirect(&app, &other)),
                (&nick, "text/notice", redirect(&nick, &owner)),
                (&nick, "text/name", redirect(&wallet, &owner)),
            ],
        )
        .await?;
    for (kind, text, to) in
        [(AVATAR, "the app's", "app.eth"), ("text/url", "on chain", "plain.eth")]
    {
        let document = Run::resolve(&["nick.eth", kind]).on(&world).ends(0).await?;
        accepted(&document, text)?;
        ensure!(record(&document)?["redirects"] == serde_json::json!([to]), "{document}");
        ensure!(record(&document)?["freshness"] == "ipns", "{document}");
    }
    refused(&Run::resolve(&["nick.eth", "text/mail"]).on(&world).ends(3).await?)?;
    let document = Run::resolve(&["nick.eth", "text/notice"]).on(&world).ends(3).await?;
    ensure!(kind(&document) == Some(ErrorKind::Redirects), "a circle: {document}");
    let document = Run::resolve(&["nick.eth", "text/name"]).on(&world).ends(1).await?;
    ensure!(kind(&document) == Some(ErrorKind::NoContract), "no code: {document}");
    let error = record(&document)?["error"].to_string();
    ensure!(error.contains("wallet.eth") && error.contains("is not a contract"), "{error}");
    Ok(())
}

/// A resolver with its records on chain; an address's name and back.
pub async fn plain() -> Result<()> {
    let (owner, nick) = (person(1).address(), name("nick.eth"));
    let world = World::start().await?;
    world.chain.register(&nick, owner, PLAIN_RESOLVER).await?;
    let node = nick.node();
    let (key, value) = ("avatar".to_owned(), "on chain".to_owned());
    let text = PlainResolver::setTextCall { node, key, value };
    world.chain.send(owner, PLAIN_RESOLVER, text).await?;
    for (coin, a) in [(60, owner.to_vec()), (0, namesys_script()?)] {
        let coin = alloy_primitives::U256::from(coin);
        let call = PlainResolver::setAddrCall { node, coinType: coin, a: a.into() };
        world.chain.send(owner, PLAIN_RESOLVER, call).await?;
    }
    let document = Run::resolve(&["nick.eth"]).on(&world).ends(0).await?;
    let found: Vec<_> = document["records"].as_array().context("records")?.iter().collect();
    ensure!(found.len() == 3 && found[0]["value"] == owner.to_string(), "{document:#}");
    ensure!(found[1]["value"] == "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "{document:#}");
    ensure!(found[2]["record"] == AVATAR && found[2]["value"] == "on chain", "{document:#}");
    refused(&Run::resolve(&["nick.eth", "text/url"]).on(&world).ends(4).await?)?;

    world.chain.set_primary_name(owner, &nick).await?;
    let address = owner.to_string();
    let document = Run::resolve(&[&address]).on(&world).ends(0).await?;
    ensure!(document["name"] == "nick.eth" && document["verified"] == true, "{document}");
    let liar = person(2).address();
    world.chain.set_primary_name(liar, &nick).await?;
    let document = Run::resolve(&[&liar.to_string()]).on(&world).ends(3).await?;
    ensure!(document["name"].is_null() && document["verified"] == false, "{document}");
    Run::resolve(&[&person(3).address().to_string()]).on(&world).ends(4).await?;

    let names = format!("nick.eth\n# nobody\n\nnobody.eth\n{address}\nno..name\n");
    let document = Run::resolve(&["-", AVATAR]).on(&world).input(&names).ends(1).await?;
    ensure!(document["ok"] == 2 && document["failed"] == 2, "{document:#}");
    let names = document["names"].as_array().context("names")?;
    ensure!(names[0]["records"][0]["value"] == "on chain", "{document:#}");
    ensure!(names[1]["name"] == "nobody.eth" && kind(&names[1]) == Some(ErrorKind::NoResolver));
    ensure!(names[2]["name"] == "nick.eth" && kind(&names[3]) == Some(ErrorKind::BadName));
    Ok(())
}

fn namesys_script() -> Result<Vec<u8>> {
    let value = crate::people::value("address/0", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4");
    match value {
        namesys::record::Value::Address { bytes, .. } => Ok(bytes),
        other => anyhow::bail!("{other}"),
    }
}

/// What is not as it was signed, each ending with 3 and no value.
pub async fn attacks() -> Result<()> {
    let (owner, key, nick) = (person(1), ipns_key(1), name("nick.eth"));
    let world = World::with_nick(&owner, &key).await?;
    let good = |kind: &str| signed(&nick, kind, "good", &owner, None);
    let mut changed = good("text/a");
    changed.result = crate::people::value("text/a", "evil").abi_encode().into();
    let mut malleable = good("text/e");
    malleable.signature = crate::trials::refused::high_s(&malleable.signature).into();
    let former = person(9);
    let sign3 = approval(&nick, former.address(), former.address(), &former);
    let value = crate::people::value("text/d", "good");
    let other_chain = owner.sign_record(&nick, &crate::people::key("text/d"), &value, 1, None);
    let files = [
        (&nick, "text/a", changed),
        (&nick, "text/b", good("text/x")),
        (&nick, "text/c", signed(&name("evil.eth"), "text/c", "good", &owner, None)),
        (&nick, "text/d", other_chain),
        (&nick, "text/e", malleable),
        (&nick, "text/f", signed(&nick, "text/f", "good", &former, Some(&sign3))),
        (&nick, "text/g", signed(&nick, "text/g", "good", &former, None)),
        (&nick, "text/h", good("text/h")),
    ];
    world.publish(&key, &files).await?;
    let document = Run::resolve(&["nick.eth"]).on(&world).ends(3).await?;
    let records = document["records"].as_array().context("records")?;
    ensure!(records.len() == files.len(), "{document:#}");
    for record in records {
        let good = record["record"] == "text/h";
        ensure!(record["verified"] == good && record["value"].is_string() == good, "{record}");
        let contract = record["verdicts"]["contract"].as_str().unwrap_or_default();
        ensure!((contract == "accepted") == good, "{record}");
    }
    ensure!(kind(&document) == Some(ErrorKind::Unverified), "{document}");
    Ok(())
}

/// Many at a time, in the order given.
pub async fn many() -> Result<()> {
    let (owner, key) = (person(1), ipns_key(1));
    let world = World::with_nick(&owner, &key).await?;
    let names: Vec<Name> = (0..200).map(|number| name(&format!("n{number}.nick.eth"))).collect();
    let record = |of: &Name| signed(of, AVATAR, of.as_str(), &owner, None);
    let files: Vec<_> = names.iter().map(|of| (of, AVATAR, record(of))).collect();
    world.publish(&key, &files).await?;
    let input: Vec<&str> = names.iter().map(Name::as_str).collect();
    let run = Run::resolve(&["-", AVATAR, "--concurrency", "32"]).input(&input.join("\n"));
    let document = run.on(&world).ends(0).await?;
    ensure!(document["ok"] == names.len(), "{document}");
    let found = document["names"].as_array().context("names")?;
    for (of, found) in names.iter().zip(found) {
        accepted(found, of.as_str())?;
    }
    Ok(())
}

/// A resolver that has not been told its chain id: the contract decides which texts stand.
pub async fn elsewhere() -> Result<()> {
    let (owner, key, nick) = (person(1), ipns_key(1), name("nick.eth"));
    let world = World::start().await?;
    let resolver = Address::repeat_byte(0x55);
    crate::trials::setters::install_elsewhere(&world, resolver).await?;
    world.chain.register(&nick, owner.address(), resolver).await?;
    let hash = Bytes::from(key.name().contenthash());
    let call = CCIP2Resolver::setRecordhashCall { node: nick.node(), hash };
    world.chain.send(owner.address(), resolver, call).await?;
    let of_chain = |kind: &str, chain_id| {
        let value = crate::people::value(kind, "there");
        owner.sign_record(&nick, &crate::people::key(kind), &value, chain_id, None)
    };
    let files = [
        (&nick, AVATAR, of_chain(AVATAR, 5)),
        (&nick, "text/url", of_chain("text/url", CHAIN_ID)),
        (&nick, "text/mail", of_chain("text/mail", 1)),
    ];
    world.publish(&key, &files).await?;
    let ask = |kind| Run::resolve(&["nick.eth", kind]).on(&world);
    accepted(&ask(AVATAR).ends(0).await?, "there")?;
    // Right here, wrong there.
    let document = ask("text/url").ends(3).await?;
    refused(&document)?;
    ensure!(kind(&document) == Some(ErrorKind::VerdictsDiffer), "{document}");
    let verdicts = &record(&document)?["verdicts"];
    ensure!(verdicts["local"] == "accepted" && verdicts["contract"] != "accepted", "{document}");
    refused(&ask("text/mail").ends(3).await?)
}
