//! `namesys resolve` among gateways and nodes that misbehave.

use alloy::sol_types::SolError;
use alloy_primitives::{Address, B256, U256, hex};
use anyhow::{Context, Result, ensure};
use namesys::chain::OffchainLookup;
use namesys::devnet::chain::bindings::PlainResolver;
use namesys::devnet::chain::{CCIP2_RESOLVER, ChainGateways, PLAIN_RESOLVER};
use namesys::keys::SignerKey;
use namesys::report::ErrorKind;
use serde_json::Value;

use crate::cli::{Run, accepted, record, refused};
use crate::people::{ipns_key, name, person, signed};
use crate::proxy::{Misbehaviour, gateway, liar, reverting};
use crate::reports::kind;
use crate::world::World;

const AVATAR: &str = "text/avatar";

/// A world where text/avatar of nick.eth is "good".
async fn good(owner: &SignerKey) -> Result<World> {
    let (key, nick) = (ipns_key(1), name("nick.eth"));
    let world = World::with_nick(owner, &key).await?;
    let record = signed(&nick, AVATAR, "good", owner, None);
    world.publish(&key, &[(&nick, AVATAR, record)]).await?;
    Ok(world)
}

/// By the chain's word for the gateways alone: nobody chose them.
fn by_the_chain(world: &World, more: &[&str]) -> Run {
    let arguments = [&["nick.eth", AVATAR][..], more].concat();
    Run::resolve(&arguments).env("ETH_RPC_URL", world.chain.rpc_url())
}

/// The contract's gateways are on loopback, which only the user may allow.
pub async fn private() -> Result<()> {
    let world = good(&person(1)).await?;
    let document = by_the_chain(&world, &[]).ends(1).await?;
    refused(&document)?;
    let error = record(&document)?["error"].to_string();
    ensure!(error.contains("127.0.0.1") && error.contains("--allow-private-gateways"), "{error}");
    accepted(&by_the_chain(&world, &["--allow-private-gateways"]).ends(0).await?, "good")
}

/// Hosts that lead into private networks, however they are written.
const PRIVATE: [(&str, &str); 16] = [
    ("127.0.0.1:9", "127.0.0.1"),
    ("localhost:9", "127.0.0.1"),
    ("a.localhost:9", "127.0.0.1"),
    ("2130706433:9", "127.0.0.1"),
    ("0x7f.1:9", "127.0.0.1"),
    ("0177.0.0.01:9", "127.0.0.1"),
    ("10.0.0.1", "10.0.0.1"),
    ("192.168.1.1:8080", "192.168.1.1"),
    ("169.254.169.254", "169.254.169.254"),
    ("0.0.0.0:9", "0.0.0.0"),
    ("[::1]:9", "::1"),
    ("[fe80::1]", "fe80::1"),
    ("[fc00::1]", "fc00::1"),
    ("[::ffff:10.0.0.1]", "::ffff:10.0.0.1"),
    ("[64:ff9b::10.0.0.1]", "64:ff9b::a00:1"),
    ("[2002:7f00:1::]", "2002:7f00:1::"),
];

/// In a recordhash, in a contract's list of gateways, in a redirect.
pub async fn private_addresses() -> Result<()> {
    let owner = person(1);
    let world = good(&owner).await?;
    let is_refused = async |run: Run, host: &str, address: &str| -> Result<()> {
        let document = run.ends(1).await?;
        refused(&document)?;
        let error = record(&document)?["error"].to_string();
        let says = format!("leads to {address}, an address of a private network");
        ensure!(error.contains(&says), "{host}: {error}");
        ensure!(error.contains("--allow-private-gateways"), "{host}: {error}");
        Ok(())
    };
    for (host, address) in PRIVATE {
        let gateways =
            ChainGateways { scheme: "https://".to_owned(), ..ChainGateways::local(host) };
        world.chain.set_gateways(&gateways).await?;
        is_refused(by_the_chain(&world, &[]), host, address).await?;
    }
    let nick = name("nick.eth");
    for (host, address) in PRIVATE {
        let stored = format!("https://{host}");
        world.set_recordhash(&nick, owner.address(), stored.as_bytes()).await?;
        is_refused(by_the_chain(&world, &[]), host, address).await?;
    }
    // A gateway of the user's choice may be anywhere; where it sends us may not.
    let contenthash = ipns_key(1).name().contenthash();
    world.set_recordhash(&nick, owner.address(), &contenthash).await?;
    for (to, address) in [
        ("http://localhost:9/", "127.0.0.1"),
        ("http://[::1]:9/", "::1"),
        ("http://[::ffff:10.0.0.1]/", "::ffff:10.0.0.1"),
        ("http://0x7f000001:9/", "127.0.0.1"),
        ("http://[64:ff9b::10.0.0.1]/", "64:ff9b::a00:1"),
    ] {
        let bad = gateway(Misbehaviour::To(to)).await?;
        let chosen = format!("http://{bad}");
        world.chain.set_gateways(&ChainGateways::local(bad.to_string())).await?;
        let run = by_the_chain(&world, &[]).env("NAMESYS_GATEWAY_URL", &chosen);
        is_refused(run, to, address).await?;
    }
    Ok(())
}

/// Whatever one gateway does, it ends, says why, and shows no value; the next one is asked where
/// EIP-3668 lets it.
pub async fn gateways() -> Result<()> {
    let world = good(&person(1)).await?;
    let nick_gateway = world.devnet.addr().to_string();
    for (what, code, says) in [
        (Misbehaviour::Html, 1, "HTML"),
        (Misbehaviour::Status(404), 4, "does not exist"),
        (Misbehaviour::Status(403), 1, "403"),
        (Misbehaviour::Status(429), 1, "429"),
        (Misbehaviour::Status(500), 1, "500"),
        (Misbehaviour::Endless, 1, "more than"),
        (Misbehaviour::Never, 1, "no answer"),
        (Misbehaviour::To("http://169.254.169.254/latest/meta-data/"), 1, "169.254.169.254"),
    ] {
        let bad = gateway(what).await?.to_string();
        world.chain.set_gateways(&ChainGateways::local(bad.clone())).await?;
        // Trusted, as if the user had chosen it; what it redirects to is not.
        let chosen = format!("http://{bad}");
        let run = by_the_chain(&world, &[]).env("NAMESYS_GATEWAY_URL", &chosen);
        let document = run.ends(code).await?;
        refused(&document)?;
        let error = record(&document)?["error"].to_string();
        ensure!(error.contains(says), "{what:?}: {error}");
        let both = [bad, nick_gateway.clone()];
        let gateways = ChainGateways { web3: both.to_vec(), ..ChainGateways::local("") };
        world.chain.set_gateways(&gateways).await?;
        let more = ["--allow-private-gateways"];
        let (code, document, _) = by_the_chain(&world, &more).run().await?;
        ensure!(code == 0, "{what:?}: {document}");
    }
    Ok(())
}

/// A node that is not there is passed over; its secrets and the others' are never shown.
pub async fn nodes() -> Result<()> {
    let world = good(&person(1)).await?;
    let free = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let dead = format!("http://me:hunter2@{free}/v3/secretkey0?token=secretkey1");
    let alive = world.chain.rpc_url().replace("http://", "http://me:hunter2@");
    let gateway = world.devnet.urls().gateway;
    let header = format!("{free}=X-Key: secretkey2");
    let run = |urls: &[&str]| {
        let urls = urls.iter().flat_map(|url| ["--rpc-url", url]);
        let more = ["-vvv", "--rpc-header", &header];
        let arguments: Vec<&str> =
            ["nick.eth", AVATAR, "--trace"].into_iter().chain(urls).chain(more).collect();
        Run::resolve(&arguments).env("NAMESYS_GATEWAY_URL", &gateway)
    };
    for (urls, expected) in [(vec![&*dead, &alive], 0), (vec![&*dead], 1)] {
        let (code, document, stderr) = run(&urls).run().await?;
        ensure!(code == expected, "exit {code}: {document} {stderr}");
        for text in [document.to_string(), stderr] {
            let secret = ["hunter2", "secretkey"].iter().find(|secret| text.contains(**secret));
            ensure!(secret.is_none(), "{secret:?} is shown: {text}");
        }
        if expected == 0 {
            accepted(&document, "good")?;
        } else {
            let error = document["error"]["message"].to_string();
            ensure!(error.contains(&free.to_string()) && error.contains("refuses"), "{error}");
        }
    }
    let document = Run::resolve(&["nick.eth"]).ends(2).await?;
    let error = &document["error"];
    ensure!(kind(&document) == Some(ErrorKind::NoRpc), "{document}");
    let hint = error["hint"].to_string();
    ensure!(hint.contains("--rpc-url") && hint.contains("--recordhash"), "{hint}");
    let other = ["nick.eth", AVATAR, "--chain-id", "1"];
    let document = Run::resolve(&other).on(&world).ends(1).await?;
    ensure!(kind(&document) == Some(ErrorKind::OtherChain), "{document}");
    Ok(())
}

/// Nodes must agree on owner, resolver, recordhash and approvals.
pub async fn quorum() -> Result<()> {
    let (owner, other) = (person(1), person(2));
    let world = good(&owner).await?;
    let plain = |address: Address| hex::encode(address);
    let truth = world.chain.rpc_url().to_owned();
    let owners = (plain(owner.address()), plain(other.address()));
    let key = |number| hex::encode(ipns_key(number).name().public_key());
    let resolver = (plain(CCIP2_RESOLVER), plain(person(3).address()));
    for (from, to) in [owners.clone(), resolver, (key(1), key(2))] {
        let lying = format!("http://{}", liar(&truth, &from, &to).await?);
        let ask = |urls: [&str; 3], quorum: &str| {
            let mut arguments = vec!["nick.eth", AVATAR, "--rpc-quorum", quorum];
            arguments.extend(urls.iter().flat_map(|url| ["--rpc-url", url]));
            Run::resolve(&arguments).on(&world)
        };
        let document = ask([&lying, &truth, &truth], "3").ends(3).await?;
        ensure!(kind(&document) == Some(ErrorKind::Disagreement), "{document}");
        let message = document["error"]["message"].as_str().unwrap_or_default();
        ensure!(message.contains(&lying) && message.contains(&truth), "{message}");
        accepted(&ask([&truth, &lying, &truth], "2").ends(0).await?, "good")?;
    }
    // Alone, the lie about the owner is caught by the signatures.
    let lying = format!("http://{}", liar(&truth, &owners.0, &owners.1).await?);
    let run = Run::resolve(&["nick.eth", AVATAR]).on(&world).env("ETH_RPC_URL", &lying);
    refused(&run.ends(3).await?)?;
    Run::resolve(&["nick.eth", "--rpc-quorum", "2"]).on(&world).ends(2).await?;

    // On what a resolver keeps on chain, too, where no signature would give the lie away.
    let plain = name("plain.eth");
    world.chain.register(&plain, owner.address(), PLAIN_RESOLVER).await?;
    let (key, value) = ("avatar".to_owned(), "truth".to_owned());
    let call = PlainResolver::setTextCall { node: plain.node(), key, value };
    world.chain.send(owner.address(), PLAIN_RESOLVER, call).await?;
    let lying = liar(&truth, &hex::encode("truth"), &hex::encode("a lie")).await?;
    let lying = format!("http://{lying}");
    let ask = |quorum| {
        let urls = ["--rpc-url", &lying, "--rpc-url", &truth];
        let arguments = [&["plain.eth", AVATAR, "--rpc-quorum", quorum][..], &urls].concat();
        Run::resolve(&arguments).on(&world)
    };
    ensure!(record(&ask("1").ends(0).await?)?["value"] == "a lie");
    let document = ask("2").ends(3).await?;
    refused(&document)?;
    ensure!(kind(&document) == Some(ErrorKind::Disagreement), "{document}");
    Ok(())
}

/// `doctor` on a name whose resolver is somebody else's: what it says is bounded, of the contract
/// that was called, and a gateway serves records or does not serve.
pub async fn doctor() -> Result<()> {
    let world = good(&person(1)).await?;
    let serves_else = gateway(Misbehaviour::OtherJson).await?;
    let serves_nothing = gateway(Misbehaviour::Nothing).await?;
    let lookup = |sender: Address, urls: Vec<String>, data: usize| {
        OffchainLookup {
            sender,
            urls,
            callData: vec![7; data].into(),
            callbackFunction: [1, 2, 3, 4].into(),
            extraData: vec![2].into(),
        }
        .abi_encode()
    };
    let url = |gateway: std::net::SocketAddr| format!("http://{gateway}/{{sender}}/{{data}}.json");
    let growing = format!("http://{serves_else}/{}", "{data}".repeat(3000));
    let urls = vec![url(serves_else), url(serves_nothing)];
    for (revert, check, says) in [
        // Many URLs that are one, in the encoding: what they decode to grows with the square.
        (aliased(CCIP2_RESOLVER, 2048, 512 << 10), "lookup of nick.eth", "reverts with"),
        (lookup(CCIP2_RESOLVER, vec![growing], 4096), "on-chain gateway", "65536 bytes"),
        (lookup(person(3).address(), urls.clone(), 1), "lookup of nick.eth", "not of the contract"),
        (lookup(CCIP2_RESOLVER, urls.clone(), 1), "on-chain gateway", "not JSON of the form"),
        (lookup(CCIP2_RESOLVER, urls[1..].to_vec(), 1), "on-chain gateway", "signed record"),
        (lookup(CCIP2_RESOLVER, Vec::new(), 1), "lookup of nick.eth", "names no gateway"),
    ] {
        let node = format!("http://{}", reverting(world.chain.rpc_url(), revert).await?);
        let arguments = ["doctor", "nick.eth", "--allow-private-gateways", "-r", &node];
        let urls = world.devnet.urls();
        let run = Run::namesys(&arguments).on(&world).env("NAMESYS_W3NAME_URL", &urls.w3name);
        let document = run.env("NAMESYS_KUBO_URL", &urls.kubo).ends(1).await?;
        let of_check = |found: &&Value| found["what"].as_str().unwrap_or("").starts_with(check);
        let found = document["checks"].as_array().into_iter().flatten().find(of_check);
        let found = found.with_context(|| format!("no check of {check}: {document:#}"))?;
        ensure!(found["ok"] == false && found["hint"].is_string(), "{found:#}");
        ensure!(found["detail"].to_string().contains(says), "{says}: {found:#}");
        ensure!(document.to_string().len() < 16 << 10, "it is as long as the node wants it");
    }
    Ok(())
}

/// An OffchainLookup of `count` URLs, all of which are the same `length` bytes.
fn aliased(sender: Address, count: usize, length: usize) -> Vec<u8> {
    let word = |number: usize| B256::from(U256::from(number)).to_vec();
    let strings = (count + 1) * 32 + 32 + length;
    let mut revert = OffchainLookup::SELECTOR.to_vec();
    revert.extend(sender.into_word());
    revert.extend([word(0xa0), word(0xa0 + strings)].concat());
    revert.extend(&[[1, 2, 3, 4].to_vec(), vec![0; 28]].concat());
    revert.extend(word(0xa0 + strings));
    revert.extend(word(count));
    revert.extend(word(count * 32).repeat(count));
    revert.extend([word(length), vec![b'a'; length]].concat());
    revert.extend(word(0));
    revert
}

/// A contract that asks for lookup after lookup, and one that asks in another's name.
pub async fn lookups() -> Result<()> {
    let world = World::start().await?;
    let gateway = gateway(Misbehaviour::Nothing).await?;
    let owner = person(1).address();
    for (label, sender, exit, says) in [
        // Our own bound refutes nothing.
        ("endless", None, 1, "more than 6 lookups"),
        ("foreign", Some(owner), 3, "does not match"),
    ] {
        let name = name(&format!("{label}.eth"));
        let contract = Address::repeat_byte(label.len() as u8);
        let lookup = OffchainLookup {
            sender: sender.unwrap_or(contract),
            urls: vec![format!("http://{gateway}/{{sender}}/{{data}}")],
            callData: vec![1].into(),
            callbackFunction: [1, 2, 3, 4].into(),
            extraData: vec![2].into(),
        };
        let code = always_reverting(&lookup.abi_encode());
        let request =
            ("anvil_setCode".into(), serde_json::json!([contract, hex::encode_prefixed(code)]));
        let _: Option<Value> =
            alloy::providers::Provider::raw_request(world.chain.provider(), request.0, request.1)
                .await?;
        world.chain.register(&name, owner, contract).await?;
        let more = ["--allow-private-gateways"];
        let arguments = [&[name.as_str(), AVATAR][..], &more].concat();
        let document = Run::resolve(&arguments).on(&world).ends(exit).await?;
        refused(&document)?;
        let error = record(&document)?["error"].to_string();
        ensure!(error.contains(says), "{label}: {error}");
    }
    Ok(())
}

/// A contract that reverts with `data`, whatever it is asked.
fn always_reverting(data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).unwrap_or(u16::MAX).to_be_bytes();
    let [high, low] = length;
    // CODECOPY(0, 15, length), REVERT(0, length)
    let mut code =
        vec![0x61, high, low, 0x60, 15, 0x60, 0, 0x39, 0x61, high, low, 0x60, 0, 0xfd, 0];
    code.extend(data);
    code
}
