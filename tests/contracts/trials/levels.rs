//! Where the records are: which recordhash applies, and redirects.

use alloy_primitives::{Bytes, keccak256};
use anyhow::{Result, ensure};
use namesys::devnet::chain::bindings::{CCIP2Resolver, NameWrapper, PlainResolver};
use namesys::devnet::chain::{CCIP2_RESOLVER, CHAIN_ID, NAME_WRAPPER, PLAIN_RESOLVER};
use namesys::ens::Name;
use namesys::keys::SignerKey;
use namesys::request::{Caip10, SIGNED_REDIRECT_SELECTOR, SignedRecord};

use crate::people::{ipns_key, name, person, signed, value};
use crate::world::World;

const AVATAR: &str = "text/avatar";

/// Registered with an owner of its own; not registered, by the parent's setters.
pub async fn own() -> Result<()> {
    let (owner, other) = (person(1), person(2));
    let (nick, alice) = (name("nick.eth"), name("alice.nick.eth"));
    let (bob, deep) = (name("bob.nick.eth"), name("a.b.nick.eth"));
    let world = World::with_nick(&owner, &ipns_key(1)).await?;
    world.chain.register(&alice, other.address(), CCIP2_RESOLVER).await?;
    world.set_recordhash(&alice, other.address(), &ipns_key(2).name().public_key()).await?;
    let hash = Bytes::from(ipns_key(3).name().contenthash());
    let sub = CCIP2Resolver::setSubRecordhashCall {
        node: nick.node(),
        subdomain: "bob".to_owned(),
        hash: hash.clone(),
    };
    world.chain.send(owner.address(), CCIP2_RESOLVER, sub).await?;
    let subdomains = vec!["a".to_owned(), "b".to_owned()];
    let sub = CCIP2Resolver::setDeepSubRecordhashCall { node: nick.node(), subdomains, hash };
    world.chain.send(owner.address(), CCIP2_RESOLVER, sub).await?;

    let record = |of: &Name, by| signed(of, AVATAR, of.as_str(), by, None);
    world.publish(&ipns_key(2), &[(&alice, AVATAR, record(&alice, &other))]).await?;
    let files = [(&bob, AVATAR, record(&bob, &owner)), (&deep, AVATAR, record(&deep, &owner))];
    world.publish(&ipns_key(3), &files).await?;
    for of in [&alice, &bob, &deep] {
        ensure!(world.resolve(of, AVATAR).await? == value(AVATAR, of.as_str()), "{of}");
    }
    // alice.nick.eth is its owner's, whatever the owner of nick.eth signs.
    let verdict = world.verdict(&alice, AVATAR, &record(&alice, &owner)).await?;
    ensure!(verdict == crate::world::refused("NotAuthorised(NOT_APPROVED)"), "{verdict:?}");
    Ok(())
}

/// Not registered: the parent's tree and owner. Registered without recordhash: nobody's.
pub async fn parents() -> Result<()> {
    let (owner, key) = (person(1), ipns_key(1));
    let world = World::with_nick(&owner, &key).await?;
    let (sub, deep) = (name("alice.nick.eth"), name("x.alice.nick.eth"));
    let record = |of: &Name| signed(of, AVATAR, of.as_str(), &owner, None);
    world.publish(&key, &[(&sub, AVATAR, record(&sub)), (&deep, AVATAR, record(&deep))]).await?;
    for of in [&sub, &deep] {
        ensure!(world.resolve(of, AVATAR).await? == value(AVATAR, of.as_str()), "{of}");
    }
    world.chain.register(&sub, owner.address(), CCIP2_RESOLVER).await?;
    let lookup = world.lookup_record(&sub, AVATAR).await?;
    ensure!(lookup.urls.is_empty(), "an empty recordhash replaces the parent's: {lookup:?}");
    Ok(())
}

pub async fn ownerhash() -> Result<()> {
    let (owner, key) = (person(1), ipns_key(4));
    let world = World::start().await?;
    let hash = key.name().public_key().into();
    let call = CCIP2Resolver::setShortOwnerhashCall { hash };
    world.chain.send(owner.address(), CCIP2_RESOLVER, call).await?;
    let names = [name("nick.eth"), name("other.eth")];
    let mut files = Vec::new();
    for of in &names {
        world.chain.register(of, owner.address(), CCIP2_RESOLVER).await?;
        files.push((of, AVATAR, signed(of, AVATAR, of.as_str(), &owner, None)));
    }
    world.publish(&key, &files).await?;
    for of in &names {
        ensure!(world.resolve(of, AVATAR).await? == value(AVATAR, of.as_str()), "{of}");
        let call = CCIP2Resolver::getRecordhashCall { node: of.node() };
        ensure!(world.chain.call(CCIP2_RESOLVER, call).await? == key.name().contenthash()[..]);
    }
    Ok(())
}

pub async fn wrapped() -> Result<()> {
    let (owner, key, nick) = (person(1), ipns_key(1), name("nick.eth"));
    let world = World::start().await?;
    world.chain.register(&nick, owner.address(), PLAIN_RESOLVER).await?;
    world.chain.wrap(&nick).await?;
    let is_wrapped = NameWrapper::isWrappedCall { node: nick.node() };
    ensure!(world.chain.call(NAME_WRAPPER, is_wrapped).await?);
    let call = NameWrapper::setResolverCall { node: nick.node(), resolver: CCIP2_RESOLVER };
    let stranger = world.chain.send(person(2).address(), NAME_WRAPPER, call.clone()).await;
    ensure!(stranger.is_err(), "a stranger set the resolver");
    world.chain.send(owner.address(), NAME_WRAPPER, call).await?;
    world.set_recordhash(&nick, owner.address(), &key.name().contenthash()).await?;
    let record = signed(&nick, AVATAR, "wrapped", &owner, None);
    world.publish(&key, &[(&nick, AVATAR, record)]).await?;
    ensure!(world.resolve(&nick, AVATAR).await? == value(AVATAR, "wrapped"));
    Ok(())
}

/// The web server is not played here: what it would answer is given to the callback.
pub async fn https() -> Result<()> {
    let (owner, nick) = (person(1), name("nick.eth"));
    let world = World::with_nick(&owner, &ipns_key(1)).await?;
    world.set_recordhash(&nick, owner.address(), b"https://records.example/nick").await?;
    let lookup = world.lookup_record(&nick, AVATAR).await?;
    let url = "https://records.example/nick/.well-known/eth/nick/text/avatar.json?t={data}";
    ensure!(lookup.urls == [url], "{lookup:?}");
    let record = signed(&nick, AVATAR, "web", &owner, None);
    ensure!(world.callback(&lookup, &record.encode()).await? == Ok(record.result));
    Ok(())
}

/// To a name of the same resolver, to one with records on chain, and what is no redirect.
pub async fn redirects() -> Result<()> {
    let (owner, other) = (person(1), person(2));
    let (nick, app) = (name("nick.eth"), name("app.eth"));
    let (plain, nobody) = (name("plain.eth"), name("nobody.eth"));
    let world = World::with_nick(&owner, &ipns_key(1)).await?;
    world.chain.register(&app, other.address(), CCIP2_RESOLVER).await?;
    world.set_recordhash(&app, other.address(), &ipns_key(2).name().contenthash()).await?;
    let record = signed(&app, AVATAR, "the app's", &other, None);
    world.publish(&ipns_key(2), &[(&app, AVATAR, record)]).await?;
    world.chain.register(&plain, other.address(), PLAIN_RESOLVER).await?;
    let text = PlainResolver::setTextCall {
        node: plain.node(),
        key: "avatar".to_owned(),
        value: "on chain".to_owned(),
    };
    world.chain.send(other.address(), PLAIN_RESOLVER, text).await?;

    for (to, expected) in [(&app, "the app's"), (&plain, "on chain")] {
        let mut lookup = world.lookup_record(&nick, AVATAR).await?;
        let mut response = redirect(&nick, &to.dns(), to.as_str(), &owner);
        // The second lookup is of the app's own records, for the first resolver's callback.
        let result = loop {
            match world.callback(&lookup, &response).await? {
                Ok(result) => break result,
                Err(crate::world::Failure::Lookup(next)) => {
                    response = world.fetch(&next).await?;
                    lookup = *next;
                }
                Err(refused) => anyhow::bail!("{to}: {refused:?}"),
            }
        };
        ensure!(result[..] == value(AVATAR, expected).abi_encode()[..], "{to}");
    }
    let lookup = world.lookup_record(&nick, AVATAR).await?;
    for (response, reason) in [
        (redirect(&nick, &app.dns(), "app.eth", &other), "NotAuthorised(NOT_APPROVED)"),
        (redirect(&nick, &app.dns(), "other.eth", &owner), "InvalidRequest(BAD_DAPP_SIGNATURE)"),
        (redirect(&app, &app.dns(), "app.eth", &owner), "InvalidRequest(BAD_DAPP_SIGNATURE)"),
        (
            redirect(&nick, b"\x03app\x03eth", "app.eth", &owner),
            "InvalidRequest(BAD_REDIRECT_REQUEST)",
        ),
        (redirect(&nick, &nobody.dns(), "nobody.eth", &owner), "InvalidRequest(BAD_RESOLVER)"),
    ] {
        let verdict = world.callback(&lookup, &response).await?;
        ensure!(verdict == crate::world::refused(reason), "{reason}: {verdict:?}");
    }
    Ok(())
}

/// A signedRedirect payload; its text: `namesys::spec::requests`.
fn redirect(from: &Name, result: &[u8], app: &str, by: &SignerKey) -> Vec<u8> {
    let text = format!(
        "Requesting Signature To Install dApp Service\n\nOrigin: {from}\nApp: {app}\n\
         Extradata: {:#x}\nSigned By: {}",
        keccak256(result),
        Caip10::new(CHAIN_ID, by.address()),
    );
    let record = SignedRecord::new(by.address(), &by.sign_text(&text), None, result.to_vec());
    [&SIGNED_REDIRECT_SELECTOR, &record.encode()[4..]].concat()
}
