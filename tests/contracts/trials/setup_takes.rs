//! `namesys setup` takes away what is on chain, and approves several at once.

use alloy_primitives::{Address, B256};
use anyhow::{Result, ensure};
use namesys::devnet::chain::CCIP2_RESOLVER;
use namesys::devnet::chain::bindings::CCIP2Resolver::isApprovedSignerCall;
use namesys::report::ErrorKind;
use serde_json::json;

use crate::cli::Run;
use crate::people::{name, person};
use crate::place::{NICK, Place, apply, sent};
use crate::reports::kind;

const AVATAR: [&str; 3] = ["resolve", NICK, "text/avatar"];
const ME: &str = "https://a.example/me.png";
const OTHER: &str = "other.eth";

async fn approved(place: &Place, node: B256, signer: Address) -> Result<bool> {
    let call = isApprovedSignerCall { owner: person(1).address(), node, signer };
    Ok(place.world.chain.call(CCIP2_RESOLVER, call).await?)
}

async fn signer(place: &Place) -> Result<Address> {
    let keys = place.ends(0, &["keygen"]).await?;
    Ok(keys["signer"]["address"].as_str().unwrap_or_default().parse()?)
}

/// The recordhash, then the ownerhash; a key of the other storage only with --force.
pub async fn cleared() -> Result<()> {
    let place = Place::published(1, &[]).await?;
    sent(&place.ends(0, &["setup", "--yes"]).await?)?;
    let (node, owner) = (name(NICK).node(), person(1).address());
    let own = place.ipns().await?;
    // An ownerhash is for all names, and the key of nick.eth is not.
    let refused = place.ends(2, &["setup", "--ownerhash", "--yes"]).await?;
    ensure!(kind(&refused) == Some(ErrorKind::OtherStorage), "{refused:#}");
    ensure!(refused["error"]["hint"].to_string().contains("--force"), "{refused:#}");
    ensure!(place.recordhash(owner.into_word()).await?.is_empty());
    // One in the place of the other, which is set first.
    let moved = ["setup", "--ownerhash", "--force", "--clear-recordhash", "--yes"];
    let moved = sent(&place.ends(0, &moved).await?)?;
    ensure!(moved.len() == 2 && moved[0].starts_with("set the ownerhash"), "{moved:?}");
    ensure!(moved[1].contains(&format!("the ownerhash of its owner applies, ipns://{own}")));
    ensure!(place.recordhash(node).await?.is_empty());
    ensure!(place.recordhash(owner.into_word()).await? == own.public_key()[..]);
    ensure!(place.ends(0, &AVATAR).await?["records"][0]["value"] == ME);

    // Printed for a wallet elsewhere it does the same; no key has to be proven to take one away.
    let clear = ["setup", "--clear-ownerhash", "--calldata"];
    let printed = place.without_wallet(&clear).ends(0).await?;
    let all = printed["transactions"].as_array().cloned().unwrap_or_default();
    ensure!(all.len() == 1, "{printed:#}");
    ensure!(all[0]["description"].to_string().starts_with("\"clear the ownerhash"), "{printed:#}");
    apply(&place, owner, &all[0]).await?;
    ensure!(place.recordhash(owner.into_word()).await?.is_empty());
    let again = place.ends(0, &["setup", "--clear-ownerhash", "--clear-recordhash"]).await?;
    ensure!(again["transactions"] == json!([]), "{again:#}");
    let absent = place.ends(1, &AVATAR).await?;
    ensure!(absent["recordhash"].is_null() && absent["recordhash_from"] == "web2", "{absent:#}");

    // A wallet's key is for all its names: as recordhash of one only with --force.
    let wallet = Place::published(1, &["--storage", "wallet"]).await?;
    let refused = wallet.ends(2, &["setup", "--recordhash", "--yes"]).await?;
    ensure!(kind(&refused) == Some(ErrorKind::OtherStorage), "{refused:#}");
    let own = format!("ipns://{}", wallet.ipns().await?);
    wallet.ends(2, &["setup", "--recordhash", &own, "--yes"]).await?;
    wallet.untouched().await?;
    let forced = wallet.ends(0, &["setup", "--recordhash", "--force", "--yes"]).await?;
    ensure!(sent(&forced)?.len() == 2, "{forced:#}");
    // Strangers empty nothing.
    wallet.world.chain.fund(person(2).address()).await?;
    let stranger = wallet.as_person(2, &["setup", "--clear-recordhash", "--yes"]).ends(1).await?;
    ensure!(kind(&stranger) == Some(ErrorKind::NotOwner), "{stranger:#}");
    Ok(())
}

/// A signer's approval is taken back, and what relied on it is said before.
pub async fn revoked() -> Result<()> {
    let place = Place::new(1, &[]).await?;
    place.ends(0, &["set", "text", "avatar", ME]).await?;
    place.ends(0, &["sign", "--approval", "on-chain"]).await?;
    place.ends(0, &["publish"]).await?;
    sent(&place.ends(0, &["setup", "--yes", "--approve-signer"]).await?)?;
    let (node, signer) = (name(NICK).node(), signer(&place).await?);
    ensure!(approved(&place, node, signer).await?);
    ensure!(place.ends(0, &AVATAR).await?["records"][0]["value"] == ME);
    // From anywhere: what is published, read as clients do.
    let given = ["setup", NICK, "--calldata", "--revoke-signer", &signer.to_string()];
    let elsewhere = Run::namesys(&given).on(&place.world).ends(0).await?;
    let warnings = elsewhere["warnings"].to_string();
    ensure!(warnings.contains("text/avatar of nick.eth no longer verifies once"), "{warnings}");

    let document = place.ends(0, &["setup", "--yes", "--revoke-signer"]).await?;
    let all = sent(&document)?;
    ensure!(all.len() == 1 && all[0].starts_with(&format!("revoke {signer}")), "{document:#}");
    let warnings = document["warnings"].to_string();
    ensure!(warnings.contains("text/avatar.json") && warnings.contains("sign --approval wallet"));
    ensure!(!approved(&place, node, signer).await?);
    ensure!(place.recordhash(node).await? == place.ipns().await?.public_key()[..], "left alone");
    let gone = place.ends(3, &AVATAR).await?;
    ensure!(gone["records"][0]["value"].is_null(), "{gone:#}");
    let again = place.ends(0, &["setup", "--revoke-signer"]).await?;
    ensure!(again["transactions"] == json!([]) && again["warnings"] == json!([]), "{again:#}");
    // As the warning says.
    place.ends(0, &["sign", "--approval", "wallet"]).await?;
    place.ends(0, &["publish"]).await?;
    ensure!(place.ends(0, &AVATAR).await?["records"][0]["value"] == ME);
    Ok(())
}

/// Several signers, and several names, are one transaction.
pub async fn several() -> Result<()> {
    let place = Place::published(1, &["--storage", "wallet"]).await?;
    let owner = person(1).address();
    place.world.chain.register(&name(OTHER), owner, Address::ZERO).await?;
    place.ends(0, &["name", "add", OTHER]).await?;
    place.ends(0, &["set", "text", "avatar", "two", "--name", OTHER]).await?;
    place.ends(0, &["sign", "--approval", "on-chain"]).await?;
    place.ends(0, &["publish"]).await?;
    let shown = place.ends(0, &["setup", "--calldata", "--approve-signer"]).await?;
    ensure!(shown["transactions"].as_array().is_some_and(|all| all.len() == 4), "{shown:#}");
    let all = sent(&place.ends(0, &["setup", "--yes", "--approve-signer"]).await?)?;
    let multi: Vec<&String> = all.iter().filter(|one| one.contains("(multiApprove)")).collect();
    ensure!(all.len() == 4 && multi.len() == 1, "{all:?}");
    ensure!(multi[0].contains("nick.eth;") && multi[0].contains("of other.eth"), "{multi:?}");
    let signer = signer(&place).await?;
    for of in [NICK, OTHER] {
        ensure!(approved(&place, name(of).node(), signer).await?, "{of}");
    }
    let found = place.ends(0, &["resolve", "text/avatar"]).await?;
    ensure!(found["ok"] == 2, "{found:#}");
    // One more, one less.
    let more = person(7).address();
    let (more, less) = (more.to_string(), signer.to_string());
    let change = ["setup", NICK, "--yes", "--keep-recordhash", "--approve-signer", &more];
    let change = [&change[..], &["--revoke-signer", &less]].concat();
    let document = place.ends(0, &change).await?;
    ensure!(document["warnings"].to_string().contains("no longer verifies"), "{document:#}");
    let changed = sent(&document)?;
    ensure!(changed.len() == 1 && changed[0].contains("; revoke"), "{changed:?}");
    let node = name(NICK).node();
    ensure!(approved(&place, node, person(7).address()).await?);
    ensure!(!approved(&place, node, signer).await?);
    ensure!(approved(&place, name(OTHER).node(), signer).await?, "the other name's stays");
    let both = ["setup", "--yes", "--approve-signer", &more, "--revoke-signer", &more];
    place.ends(2, &both).await?;
    Ok(())
}

/// Of several names one fails: those before it are done, those after it are listed.
pub async fn not_begun() -> Result<()> {
    let place = Place::published(1, &["--storage", "wallet"]).await?;
    for (label, owner) in [(OTHER, 2), ("third.eth", 1)] {
        let owner = person(owner).address();
        place.world.chain.register(&name(label), owner, Address::ZERO).await?;
        place.ends(0, &["name", "add", label]).await?;
    }
    let document = place.ends(1, &["setup", "--yes"]).await?;
    ensure!(kind(&document) == Some(ErrorKind::NotOwner), "{document:#}");
    ensure!(document["not_begun"] == json!(["third.eth"]), "{document:#}");
    ensure!(place.resolver().await? == CCIP2_RESOLVER, "the first one is done");
    Ok(())
}

/// What another recordhash hides under the same resolver is listed, with what takes it over.
pub async fn hidden() -> Result<()> {
    let place = Place::published(1, &[]).await?;
    sent(&place.ends(0, &["setup", "--yes"]).await?)?;
    let pack = async || anyhow::Ok(place.ends(0, &["pack"]).await?["root"].clone());
    let first = format!("ipfs://{}", pack().await?.as_str().unwrap_or_default());
    let shows = async |flags: &[&str]| {
        let given = [&["setup", NICK, "--calldata"], flags].concat();
        let document = Run::namesys(&given).on(&place.world).ends(0).await?;
        anyhow::Ok((document["replaces"].clone(), document["warnings"].to_string()))
    };
    let (replaces, warnings) = shows(&["--recordhash", &first]).await?;
    ensure!(replaces == json!([]), "all of it is there too: {replaces:#} {warnings}");
    place.ends(0, &["set", "text", "note", "later"]).await?;
    place.ends(0, &["sign"]).await?;
    place.ends(0, &["publish"]).await?;
    let (replaces, warnings) = shows(&["--recordhash", &first]).await?;
    let note = json!([{ "name": NICK, "record": "text/note", "value": "later" }]);
    ensure!(replaces == note, "{replaces:#} {warnings}");
    let said = "with another recordhash these records of nick.eth are no longer read: text/note; \
                namesys import --from-chain nick.eth takes them over";
    ensure!(warnings.contains(said), "{warnings}");
    let (replaces, warnings) = shows(&["--clear-recordhash"]).await?;
    ensure!(replaces.as_array().is_some_and(|all| all.len() == 2), "{replaces:#}");
    ensure!(warnings.contains("without a recordhash these records"), "{warnings}");
    // What nobody has is said, and all that is read now may go.
    let nowhere = "ipfs://bafkreiem4twkqzsq2aj4shbycd4yvoj2cx72vezicletlhi7dijjciqpui";
    let (replaces, warnings) = shows(&["--recordhash", nowhere]).await?;
    ensure!(replaces.as_array().is_some_and(|all| all.len() == 2), "{replaces:#}");
    ensure!(warnings.contains("could not be read"), "{warnings}");
    Ok(())
}

/// Which keys clients derive is what the chain says: `keygen` warns where it says the other storage.
pub async fn storages() -> Result<()> {
    const WARNS: &str = "and those are others than these";
    for (storage, other, origin) in
        [("domain", "wallet", "(--storage domain)"), ("wallet", "domain", "(--storage wallet)")]
    {
        let place = Place::published(1, &["--storage", storage]).await?;
        let other = ["keygen", "--storage", other];
        let before = place.run(&other).run().await?.2;
        ensure!(!before.contains(WARNS), "nothing is set yet: {before}");
        sent(&place.ends(0, &["setup", "--yes"]).await?)?;
        let (code, document, stderr) = place.run(&other).run().await?;
        ensure!(code == 0 && document["ipns"]["name"].is_string(), "{stderr}");
        ensure!(stderr.contains(WARNS) && stderr.contains(origin), "{stderr}");
        let own = place.run(&["keygen"]).run().await?.2;
        ensure!(!own.contains(WARNS), "{own}");
        let unasked = place.run(&other).env("ETH_RPC_URL", "").run().await?.2;
        ensure!(!unasked.contains("the chain"), "{unasked}");
        // Keys need no chain: one that does not answer is only said.
        let deaf = place.run(&other).env("ETH_RPC_URL", "http://127.0.0.1:9").run().await?;
        ensure!(deaf.0 == 0 && deaf.2.contains("could not be asked"), "{}", deaf.2);
    }
    Ok(())
}
