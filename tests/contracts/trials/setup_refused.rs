//! What `namesys setup` refuses, and that nothing is sent then.

use alloy_primitives::{Address, U256, hex};
use anyhow::{Result, ensure};
use namesys::devnet::chain::bindings::CCIP2Resolver;
use namesys::devnet::chain::{CCIP2_RESOLVER, PLAIN_RESOLVER, REGISTRY};
use namesys::report::ErrorKind;
use serde_json::Value;

use crate::node::{Do, node};
use crate::people::{ipns_key, name, person};
use crate::place::{NICK, Place, sent, set_code};
use crate::proxy::liar;
use crate::reports::kind;
use crate::trials::setters::install_for;

/// A workspace from somebody else names keys of theirs: nothing of it is approved or set on chain.
pub async fn claims() -> Result<()> {
    let place = Place::published(1, &[]).await?;
    let file = place.dir.path().join("namesys.toml");
    let text = std::fs::read_to_string(&file)?;
    let theirs = |entry: &str, value: &str| {
        let line = |line: &str| match line.starts_with(&format!("{entry} = ")) {
            true => format!("{entry} = \"{value}\"\n"),
            false => format!("{line}\n"),
        };
        text.lines().map(line).collect::<String>()
    };
    let stranger = person(9).address().to_string();
    let name = ipns_key(9).name().to_string();
    let approve = ["setup", "--yes", "--keep-recordhash", "--approve-signer"];
    for (entry, value, setup) in
        [("signer", &stranger, &approve[..]), ("ipns_name", &name, &["setup", "--yes"])]
    {
        std::fs::write(&file, theirs(entry, value))?;
        // Without the password nothing shows whose they are; with it they are others.
        let unproven = place.as_person(1, setup).ends(2).await?;
        ensure!(kind(&unproven) == Some(ErrorKind::Unproven), "{unproven:#}");
        ensure!(unproven["error"]["message"].to_string().contains(value.as_str()), "{unproven:#}");
        let others = place.ends(1, setup).await?;
        ensure!(kind(&others) == Some(ErrorKind::OtherKeys), "{others:#}");
        for printed in [["--calldata"].as_slice(), &["--safe", "batch.json"]] {
            let setup: Vec<&str> = setup.iter().copied().filter(|flag| *flag != "--yes").collect();
            let printed = place.as_person(1, &[&setup[..], printed].concat()).ends(2).await?;
            ensure!(kind(&printed) == Some(ErrorKind::Unproven), "{printed:#}");
        }
        place.untouched().await?;
    }
    Ok(())
}

/// Who is neither owner nor manager; an owner for whom the records do not verify.
pub async fn owners() -> Result<()> {
    let place = Place::published(1, &[]).await?;
    place.world.chain.fund(person(2).address()).await?;
    let stranger = place.as_person(2, &["setup", "--yes"]).ends(1).await?;
    ensure!(kind(&stranger) == Some(ErrorKind::NotOwner), "{stranger:#}");
    let owner = person(1).address().to_string();
    ensure!(stranger["error"]["message"].to_string().contains(&owner), "{stranger:#}");
    // A manager may set the recordhash, not the resolver.
    place.world.chain.approve(person(1).address(), &name(NICK), person(2).address()).await?;
    let manager = place.as_person(2, &["setup", "--yes"]).ends(1).await?;
    ensure!(kind(&manager) == Some(ErrorKind::NotOwner), "{manager:#}");
    place.untouched().await?;
    // With the owner's resolver in place it does what a manager may.
    let resolver = place.ends(0, &["setup", "--yes", "--keep-recordhash"]).await?;
    ensure!(sent(&resolver)?.len() == 1, "{resolver:#}");
    // It cannot derive the keys: what it sets is given, not taken from the file.
    let unproven = place.as_person(2, &["setup", "--yes"]).ends(2).await?;
    ensure!(kind(&unproven) == Some(ErrorKind::Unproven), "{unproven:#}");
    let own = format!("ipns://{}", place.ipns().await?);
    let manager = place.as_person(2, &["setup", "--yes", "--recordhash", &own]).ends(0).await?;
    ensure!(sent(&manager)?.len() == 1, "{manager:#}");
    ensure!(manager["sender"] == person(2).address().to_string(), "{manager:#}");
    let stored = place.recordhash(name(NICK).node()).await?;

    // The name is sold: the former owner's approval is worth nothing.
    place.world.chain.register(&name(NICK), person(2).address(), Address::ZERO).await?;
    let sold = place.as_person(2, &["setup", "--yes"]).ends(3).await?;
    ensure!(kind(&sold) == Some(ErrorKind::Invalid), "{sold:#}");
    ensure!(sold["error"]["message"].to_string().contains("text/avatar.json"), "{sold:#}");
    ensure!(
        place.recordhash(name(NICK).node()).await? == stored && place.resolver().await?.is_zero()
    );

    let nobodys = ["setup", "nobody.eth", "--recordhash", "ipfs://bafkqaaa", "--yes"];
    let nobodys = place.as_person(2, &nobodys).ends(4).await?;
    ensure!(kind(&nobodys) == Some(ErrorKind::NotRegistered), "{nobodys:#}");
    Ok(())
}

/// A wrong password; another key; a key file of another.
pub async fn keys() -> Result<()> {
    let place = Place::published(1, &[]).await?;
    let wrong = place.as_person(1, &["setup", "--yes"]).env("NAMESYS_KEY_PASSWORD", "wrong");
    let wrong = wrong.ends(1).await?;
    ensure!(kind(&wrong) == Some(ErrorKind::OtherKeys), "{wrong:#}");
    let other = format!("ipns://{}", ipns_key(9).name());
    let other = place.ends(1, &["setup", "--yes", "--recordhash", &other]).await?;
    ensure!(kind(&other) == Some(ErrorKind::OtherKeys), "{other:#}");
    let file = place.run(&["setup", "--yes"]).env("NAMESYS_IPNS_KEY", &"09".repeat(32));
    let file = file.ends(1).await?;
    ensure!(kind(&file) == Some(ErrorKind::OtherKeys), "{file:#}");
    place.untouched().await
}

/// No terminal and no --yes; no wallet; a wallet that is elsewhere; no node.
pub async fn unasked() -> Result<()> {
    let place = Place::published(1, &[]).await?;
    let unasked = place.ends(2, &["setup"]).await?;
    ensure!(kind(&unasked) == Some(ErrorKind::NoTerminal), "{unasked:#}");
    ensure!(unasked["error"]["hint"].to_string().contains("--yes"), "{unasked:#}");
    // What would be sent, and what it costs, is there to be looked at.
    for transaction in unasked["transactions"].as_array().into_iter().flatten() {
        ensure!(transaction["state"] == "not-sent" && transaction["gas"].is_u64(), "{unasked:#}");
    }
    ensure!(unasked["transactions"][1]["data"].is_string(), "{unasked:#}");
    let none = place.without_wallet(&["setup", "--yes"]).ends(2).await?;
    ensure!(kind(&none) == Some(ErrorKind::NoWallet), "{none:#}");
    // What only namesys.toml says is no calldata for anybody; what is given is.
    ensure!(none["transactions"].is_null(), "{none:#}");
    let own = format!("ipns://{}", place.ipns().await?);
    let none = place.without_wallet(&["setup", "--yes", "--recordhash", &own]).ends(2).await?;
    ensure!(kind(&none) == Some(ErrorKind::NoWallet), "{none:#}");
    ensure!(none["transactions"].as_array().is_some_and(|all| all.len() == 2), "{none:#}");
    let from = person(1).address().to_string();
    let elsewhere = place.without_wallet(&["setup", "--yes", "--from", &from]).ends(2).await?;
    ensure!(kind(&elsewhere) == Some(ErrorKind::NoTransactions), "{elsewhere:#}");
    ensure!(elsewhere["transactions"].is_null(), "{elsewhere:#}");
    let nowhere = place.run(&["setup", "--yes"]).env("ETH_RPC_URL", "").ends(2).await?;
    ensure!(kind(&nowhere) == Some(ErrorKind::NoRpc), "{nowhere:#}");
    let chain = place.ends(1, &["setup", "--yes", "--chain-id", "1"]).await?;
    ensure!(kind(&chain) == Some(ErrorKind::OtherChain), "{chain:#}");
    place.untouched().await
}

/// A node that names another owner than the second one.
pub async fn nodes() -> Result<()> {
    let place = Place::published(1, &[]).await?;
    let truth = place.world.chain.rpc_url().to_owned();
    let (owner, other) = (person(1).address(), person(2).address());
    let lying = liar(&truth, &hex::encode(owner), &hex::encode(other)).await?;
    let lying = format!("http://{lying}");
    let nodes = ["--rpc-url", &truth, "--rpc-url", &lying, "--rpc-quorum", "2"];
    for command in [&["setup", "--yes"][..], &["status"]] {
        let document = place.ends(3, &[command, &nodes].concat()).await?;
        ensure!(kind(&document) == Some(ErrorKind::Disagreement), "{document:#}");
    }
    place.untouched().await
}

/// What a liar does with a method's answer, by its number.
type Lie = fn(&str, usize) -> Do;
/// What it makes of one.
type Edit = fn(&mut Value);

const HISTORY: &str = "eth_feeHistory";
/// By hash or by number.
const BLOCK: &str = "eth_getBlockBy";
/// 4.5 million gwei.
const DEAR: &str = "0x10000000000000";

/// The edit of a method, by the beginning of its name.
fn edited(method: &str, edits: &[(&str, Edit)]) -> Do {
    let edit = edits.iter().find(|(begin, _)| method.starts_with(begin));
    edit.map_or(Do::PassOn, |(_, edit)| Do::Edit(*edit))
}

fn tips(answer: &mut Value) {
    let rewards = answer["result"]["reward"].as_array_mut();
    rewards.into_iter().flatten().for_each(|of| of[0] = DEAR.into());
}

fn base_fees(answer: &mut Value) {
    let fees = answer["result"]["baseFeePerGas"].as_array_mut();
    fees.into_iter().flatten().for_each(|fee| *fee = DEAR.into());
}

fn base_fee(answer: &mut Value) {
    answer["result"]["baseFeePerGas"] = DEAR.into();
}

/// A node that lies about what a transaction costs: 9,000 ether as the resolver's fee, 47 as tips.
pub async fn dear() -> Result<()> {
    let place = Place::published(1, &["--storage", "wallet"]).await?;
    let truth = place.world.chain.rpc_url().to_owned();
    let owner = person(1).address();
    let rich = U256::from(20_000) * U256::from(10).pow(U256::from(18));
    place.set_balance(owner, rich).await?;
    let fees = CCIP2Resolver::updateOwnerhashFeesCall { fees: U256::from(0x1234_5678_9abc_u64) };
    place.world.chain.send(place.world.chain.accounts()[0], CCIP2_RESOLVER, fees).await?;
    let word = |text: &str| format!("{:0>64}", text);
    let nine_thousand = format!("{:x}", U256::from(9000) * U256::from(10).pow(U256::from(18)));
    // More than any sum holds is not little.
    for fee in [nine_thousand.clone(), "f".repeat(64)] {
        let lying = liar(&truth, &word("123456789abc"), &word(&fee)).await?;
        let lying = format!("http://{lying}");
        for how in [&["--yes"][..], &["--calldata"], &["--yes", "--max-cost", "8999"]] {
            let command = [&["setup", "--rpc-url", &lying][..], how].concat();
            let document = place.ends(1, &command).await?;
            // Nobody has the other, which is said when the transaction is tried.
            let expected =
                if fee == nine_thousand { ErrorKind::MaxCost } else { ErrorKind::NoFunds };
            ensure!(kind(&document) == Some(expected), "{how:?}: {document:#}");
            ensure!(document["transactions"][0]["hash"].is_null(), "{document:#}");
        }
        let nodes = ["--rpc-url", &truth, "--rpc-url", &lying, "--rpc-quorum", "2"];
        let document = place.ends(3, &[&["setup", "--yes"][..], &nodes].concat()).await?;
        ensure!(kind(&document) == Some(ErrorKind::Disagreement), "{document:#}");
    }
    // What a base fee of its own, too, makes of a piece is bounded by what may be spent.
    let lies: [(Lie, ErrorKind); 3] = [
        (|method, _| edited(method, &[(HISTORY, tips)]), ErrorKind::Fees),
        (|method, _| edited(method, &[(HISTORY, base_fees)]), ErrorKind::Fees),
        (
            |method, _| edited(method, &[(HISTORY, base_fees), (BLOCK, base_fee)]),
            ErrorKind::MaxCost,
        ),
    ];
    for (rule, expected) in lies {
        let lying = node(&truth, rule).await?;
        let document = place.ends(1, &["setup", "--yes", "--rpc-url", &lying.url]).await?;
        ensure!(kind(&document) == Some(expected), "{expected:?}: {document:#}");
        let nodes = ["--rpc-url", &truth, "--rpc-url", &truth, "--rpc-url", &lying.url];
        let two = [&["setup", "--yes", "--rpc-quorum", "3"][..], &nodes].concat();
        let document = place.ends(3, &two).await?;
        ensure!(kind(&document) == Some(ErrorKind::Disagreement), "{document:#}");
    }
    place.untouched().await?;
    // The truth is within the limit, and says what it comes to.
    let (code, document, stderr) = place.run(&["setup", "--yes"]).run().await?;
    ensure!(code == 0 && stderr.contains("in all at most"), "{stderr} {document:#}");
    Ok(())
}

/// A resolver that is none, or would revert; a wallet without ether; a chain without ENS.
pub async fn contract() -> Result<()> {
    let place = Place::published(1, &[]).await?;
    let wrapped = Place::published(1, &[]).await?;
    wrapped.world.chain.wrap(&name(NICK)).await?;
    // It knows another NameWrapper, whose owners alone it lets in.
    let elsewhere = Address::repeat_byte(0x55);
    install_for(&wrapped.world, elsewhere, Address::repeat_byte(0x56), "31337").await?;
    let resolver = elsewhere.to_string();
    let reverts = wrapped.ends(1, &["setup", "--yes", "--resolver", &resolver]).await?;
    ensure!(kind(&reverts) == Some(ErrorKind::Refused), "{reverts:#}");
    let message = reverts["error"]["message"].to_string();
    ensure!(
        message.contains("set the recordhash") && message.contains("NotAuthorised"),
        "{message}"
    );
    wrapped.untouched().await?;
    set_code(wrapped.world.chain.provider(), REGISTRY, &[]).await?;
    let none = wrapped.ends(1, &["setup", "--yes"]).await?;
    ensure!(kind(&none) == Some(ErrorKind::NoEns), "{none:#}");
    let doctor = wrapped.ends(1, &["doctor"]).await?.to_string();
    ensure!(doctor.contains("this chain has no ENS where mainnet has it"), "{doctor}");
    let plain = PLAIN_RESOLVER.to_string();
    let other = place.ends(1, &["setup", "--yes", "--resolver", &plain]).await?;
    ensure!(kind(&other) == Some(ErrorKind::NoRecordsResolver), "{other:#}");
    place.set_balance(person(1).address(), U256::from(1)).await?;
    let poor = place.ends(1, &["setup", "--yes"]).await?;
    ensure!(kind(&poor) == Some(ErrorKind::NoFunds), "{poor:#}");
    place.untouched().await
}

/// What a person is shown and asked; no, Ctrl-C and Enter send nothing, and yes does.
#[cfg(target_os = "linux")]
pub async fn asked() -> Result<()> {
    let place = Place::published(1, &[]).await?;
    for (answer, expected) in [("n", 1), ("\x03", 130), ("\r", 1)] {
        let (code, shown) = place.run(&["setup"]).on_a_terminal(answer).await?;
        ensure!(code == expected, "{answer:?}: exit {code}: {shown}");
        ensure!(shown.contains("Send these 2 transactions"), "{shown}");
        ensure!(shown.contains("set the resolver of nick.eth to"), "{shown}");
        ensure!(shown.contains("gas ") && shown.contains("ether"), "{shown}");
        ensure!(shown.contains("\x1b[?25h"), "the cursor stays hidden: {shown:?}");
        place.untouched().await?;
    }
    let (code, shown) = place.run(&["setup"]).on_a_terminal("y").await?;
    ensure!(code == 0 && shown.contains("sent as 0x"), "exit {code}: {shown}");
    ensure!(!place.resolver().await?.is_zero(), "{shown}");
    Ok(())
}
