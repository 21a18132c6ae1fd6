//! `namesys stealth` on a chain with the ERCs' contracts.

use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicBool, Ordering};

use alloy::providers::Provider;
use alloy_primitives::{Address, U256, address, hex};
use anyhow::{Context, Result, ensure};
use namesys::report::ErrorKind;
use namesys::stealth::{ANNOUNCER, MULTICALL3, REGISTRY};
use serde_json::{Value, json};

use crate::browser::chromium::Chromium;
use crate::browser::running::Running;
use crate::browser::wallet::{FakeWallet, Mood};
use crate::cli::Run;
use crate::node::{Do, node};
use crate::peers;
use crate::people::person;
use crate::place::{Place, set_code};
use crate::reports::kind;
use crate::trials::browser::{CLOSE, with_browser};

const TOKEN: Address = address!("0000000000000000000000000000000000700c00");
const ELSEWHERE: &str = "0x00000000000000000000000000000000000aBCdE";
/// The payer's person.
const PAYER: u8 = 9;

alloy::sol! {
    function mint(uint256 amount) external;
    function balanceOf(address account) external view returns (uint256);
}

/// A chain with the contracts, a payee's workspace, and another of a payer.
struct Two {
    payee: Place,
    payer: tempfile::TempDir,
    meta: String,
}

impl Two {
    async fn new() -> Result<Self> {
        let two = Self::without_contracts().await?;
        let provider = two.payee.world.chain.provider();
        for (at, artifact) in [
            (
                ANNOUNCER,
                include_str!("../../../src/devnet/contracts/artifacts/StealthAnnouncer.json"),
            ),
            (
                REGISTRY,
                include_str!("../../../src/devnet/contracts/artifacts/StealthRegistry.json"),
            ),
            (MULTICALL3, include_str!("../../../src/devnet/contracts/artifacts/Multicall.json")),
            (TOKEN, include_str!("../../../src/devnet/contracts/artifacts/Token.json")),
        ] {
            let artifact: Value = serde_json::from_str(artifact)?;
            let code = artifact["deployedBytecode"].as_str().context("code")?;
            set_code(provider, at, &hex::decode(code)?).await?;
        }
        Ok(two)
    }

    async fn without_contracts() -> Result<Self> {
        let payee = Place::new(1, &[]).await?;
        payee.world.chain.fund(person(PAYER).address()).await?;
        let keys = payee.ends(0, &["stealth", "keys", "--export", &path(&payee, "keys")]).await?;
        let meta = keys["meta_address"].as_str().context("meta_address")?.to_owned();
        payee.ends(0, &["stealth", "set"]).await?;
        let two = Self { payee, payer: tempfile::tempdir()?, meta };
        two.payer(&["init", "payer.eth", "--chain-id", "31337"]).ends(0).await?;
        Ok(two)
    }

    /// A command of the payer.
    fn payer(&self, arguments: &[&str]) -> Run {
        let dir = self.payer.path().to_string_lossy().into_owned();
        let key = hex::encode([PAYER; 32]);
        Run::namesys(&[&["-C", &dir], arguments].concat())
            .on(&self.payee.world)
            .env("ETH_PRIVATE_KEY", &key)
    }

    fn pay(&self, more: &[&str]) -> Run {
        self.payer(&[&["stealth", "pay", &self.meta], more].concat())
    }

    /// What the payee finds, with the viewing key alone.
    async fn found(&self) -> Result<Value> {
        let viewing = path(&self.payee, "keys/viewing.key");
        let scan = ["stealth", "scan", "--balances", "--viewing-key-file", &viewing];
        Ok(self.payee.without_wallet(&scan).ends(0).await?["payments"].clone())
    }

    /// How often an account sent something.
    async fn count(&self) -> Result<u64> {
        let provider = self.payee.world.chain.provider();
        Ok(provider.get_transaction_count(person(PAYER).address()).await?)
    }

    async fn mint(&self) -> Result<()> {
        let call = mintCall { amount: U256::from(10_000_000) };
        let chain = &self.payee.world.chain;
        chain.send(chain.accounts()[0], TOKEN, call.clone()).await?;
        let payer = person(PAYER).address();
        let provider = chain.provider();
        let _: Option<Value> =
            provider.raw_request("anvil_impersonateAccount".into(), json!([payer])).await?;
        chain.send(payer, TOKEN, call).await?;
        Ok(())
    }

    async fn tokens(&self, of: &str) -> Result<U256> {
        let call = balanceOfCall { account: of.parse()? };
        Ok(self.payee.world.chain.call(TOKEN, call).await?)
    }

    async fn raw(&self, method: &'static str, params: Value) -> Result<Value> {
        Ok(self.payee.world.chain.provider().raw_request(method.into(), params).await?)
    }
}

fn path(place: &Place, below: &str) -> String {
    place.dir.path().join(below).to_string_lossy().into_owned()
}

fn text<'a>(document: &'a Value, field: &str) -> Result<&'a str> {
    document[field].as_str().with_context(|| format!("{field} in {document:#}"))
}

/// The ERC's reference library pays ours, which is found; ours pays its, which it finds.
pub async fn peer() -> Result<()> {
    let two = Two::new().await?;
    let rpc = two.payee.world.chain.rpc_url().to_owned();
    let key = hex::encode_prefixed([PAYER; 32]);
    let theirs = peers::run("stealth.mjs", &["pay", &rpc, &two.meta, &key, "5000"]).await?;
    let found = two.found().await?;
    ensure!(found.as_array().map(Vec::len) == Some(1), "{found:#}");
    ensure!(found[0]["address"] == theirs["stealthAddress"], "{found:#} {theirs:#}");
    ensure!(found[0]["ephemeral_public_key"] == theirs["ephemeralPublicKey"], "{found:#}");
    ensure!(found[0]["view_tag"] == theirs["viewTag"], "{found:#}");
    ensure!(found[0]["balance"] == "5000" && found[0]["amount"] == "5000", "{found:#}");

    // The same keys in its hands.
    let secret = |name: &str| -> Result<String> {
        let file = std::fs::read_to_string(path(&two.payee, &format!("keys/{name}.key")))?;
        Ok(format!("0x{}", file.lines().last().context("a line")?))
    };
    let paid = two.pay(&["0.25", "--yes"]).ends(0).await?;
    ensure!(paid["paid"] == true, "{paid:#}");
    let (spending, viewing) = (secret("spending")?, secret("viewing")?);
    let read = peers::run("stealth.mjs", &["find", &rpc, &spending, &viewing]).await?;
    let ours = &read["found"][1];
    ensure!(read["announcements"] == 2 && ours["address"] == paid["address"], "{read:#} {paid:#}");
    ensure!(ours["spends"] == paid["address"], "{read:#}");
    let out = path(&two.payee, "one.key");
    let address = text(&paid, "address")?;
    two.found().await?;
    two.payee.ends(0, &["stealth", "export", address, "--format", "base64", "--out", &out]).await?;
    let exported =
        data_encoding::BASE64.decode(std::fs::read_to_string(&out)?.trim().as_bytes())?;
    ensure!(ours["key"] == hex::encode_prefixed(exported), "another key");
    Ok(())
}

/// Ether in one transaction; a token announced first. A name, whose record is verified.
pub async fn paid() -> Result<()> {
    let two = Two::new().await?;
    two.mint().await?;
    let before = two.count().await?;
    let no = two.pay(&["1.5"]).ends(2).await?;
    ensure!(kind(&no) == Some(ErrorKind::NoTerminal) && no["transactions"] == json!([]), "{no:#}");
    let ether = two.pay(&["1.5", "--yes"]).ends(0).await?;
    ensure!(ether["transactions"][0]["to"] == MULTICALL3.to_string(), "{ether:#}");
    ensure!(two.count().await? == before + 1, "in one transaction");
    let token = TOKEN.to_string();
    let paid = two.pay(&["2.5", "--token", &token, "--yes"]).ends(0).await?;
    let to = |number: usize| paid["transactions"][number]["to"].as_str() == Some(&*token);
    ensure!(!to(0) && to(1) && two.count().await? == before + 3, "{paid:#}");
    let found = two.found().await?;
    ensure!(found[0]["balance"] == "1500000000000000000", "{found:#}");
    ensure!(found[1]["token_balance"] == "2500000" && found[1]["balance"] == "0", "{found:#}");
    let poor = two.pay(&["99", "--token", &token, "--yes"]).ends(1).await?;
    ensure!(kind(&poor) == Some(ErrorKind::Refused), "{poor:#}");
    ensure!(two.count().await? == before + 3, "it was announced");
    // By name, once the record is signed and the name set up.
    let unset = two.payer(&["stealth", "pay", "nick.eth", "1", "--yes"]).ends(4).await?;
    ensure!(kind(&unset) == Some(ErrorKind::NoResolver), "{unset:#}");
    for step in [&["sign"][..], &["publish"], &["setup", "--yes"]] {
        two.payee.ends(0, step).await?;
    }
    let named = two.payer(&["stealth", "pay", "nick.eth", "1", "--yes"]).ends(0).await?;
    ensure!(named["meta_address"] == two.meta && named["name"] == "nick.eth", "{named:#}");
    // Another meta-address meanwhile: what was begun is not begun anew beside it.
    two.payer(&["stealth", "pay", "nick.eth", "3", "--calldata"]).ends(0).await?;
    let other = format!(
        "st:eth:0x{}",
        "02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5".repeat(2)
    );
    for step in [&["stealth", "set", "--meta", &other, "--force"][..], &["sign"], &["publish"]] {
        two.payee.ends(0, step).await?;
    }
    let named = ["stealth", "pay", "nick.eth", "3", "--calldata"];
    let begun = two.payer(&named).ends(1).await?;
    ensure!(kind(&begun) == Some(ErrorKind::Pending), "{begun:#}");
    let beside = two.payer(&[&named[..], &["--resend"]].concat()).ends(0).await?;
    ensure!(beside["meta_address"] == other && beside["resumed"] == false, "{beside:#}");
    Ok(())
}

/// Whatever was lost on the way, the same command again sends what is missing, and nothing twice.
pub async fn gone_on_with() -> Result<()> {
    let two = Two::new().await?;
    two.mint().await?;
    let truth = two.payee.world.chain.rpc_url().to_owned();
    let pay = ["1.5", "--yes", "--wait", "1"];
    // The node took it, and its answers are lost from then on.
    let lost = node(&truth, |method, before| match (method, before) {
        ("eth_sendRawTransaction", 0) => Do::Lose(502),
        (
            "eth_getTransactionByHash" | "eth_getTransactionReceipt" | "eth_sendRawTransaction",
            _,
        ) => Do::Answer(502, String::new()),
        _ => Do::PassOn,
    })
    .await?;
    let first = two.pay(&pay).env("ETH_RPC_URL", &lost.url).ends(1).await?;
    let count = two.count().await?;
    let again = two.pay(&pay).ends(0).await?;
    ensure!(again["resumed"] == true && again["paid"] == true, "{again:#}");
    ensure!(
        again["address"] == first["address"] && again["transactions"] == json!([]),
        "{again:#}"
    );
    ensure!(two.count().await? == count, "it was paid twice");
    // It was never sent: it is sent now, to the same address.
    let drops = node(&truth, |method, _| match method {
        "eth_sendRawTransaction" => Do::Drop,
        _ => Do::PassOn,
    })
    .await?;
    let first = two.pay(&pay).env("ETH_RPC_URL", &drops.url).ends(1).await?;
    ensure!(kind(&first) == Some(ErrorKind::NotMined) && two.count().await? == count, "{first:#}");
    let again = two.pay(&pay).ends(0).await?;
    ensure!(again["address"] == first["address"] && again["paid"] == true, "{again:#}");
    ensure!(two.count().await? == count + 1, "once");
    // Of a token the announcement alone: then the transfer alone.
    let token = TOKEN.to_string();
    let tokens = ["2", "--token", &token, "--yes", "--wait", "1"];
    let second_drops = node(&truth, |method, before| match (method, before) {
        ("eth_sendRawTransaction", 1) => Do::Drop,
        _ => Do::PassOn,
    })
    .await?;
    let first = two.pay(&tokens).env("ETH_RPC_URL", &second_drops.url).ends(1).await?;
    let to = text(&first, "address")?;
    ensure!(first["transactions"][0]["state"] == "mined" && two.tokens(to).await?.is_zero());
    let again = two.pay(&tokens).ends(0).await?;
    ensure!(again["transactions"].as_array().map(Vec::len) == Some(1), "{again:#}");
    ensure!(two.tokens(to).await? == U256::from(2_000_000), "{again:#}");
    ensure!(two.count().await? == count + 3, "announced once, transferred once");
    // What was printed may be sent elsewhere.
    let printed = two.pay(&["0.5", "--calldata"]).ends(0).await?;
    let unsure = two.pay(&["0.5", "--yes"]).ends(1).await?;
    ensure!(kind(&unsure) == Some(ErrorKind::Pending), "{unsure:#}");
    let one = &printed["transactions"][0];
    let sent = json!([{
        "from": two.payee.world.chain.accounts()[0],
        "to": one["to"],
        "data": one["data"],
        "value": format!("{:#x}", text(one, "value")?.parse::<u128>()?),
    }]);
    two.raw("eth_sendTransaction", sent).await?;
    // By a node that gives few blocks at a time.
    two.raw("anvil_mine", json!(["0x400"])).await?;
    let narrow = node(&truth, |method, before| match (method, before) {
        ("eth_getLogs", 0..=3) => Do::Edit(|answer| {
            let message = "query returned more than 10000 results";
            let error = json!({ "code": -32005, "message": message });
            *answer = json!({ "jsonrpc": "2.0", "id": answer["id"], "error": error });
        }),
        _ => Do::PassOn,
    })
    .await?;
    let seen = two.pay(&["0.5", "--yes"]).env("ETH_RPC_URL", &narrow.url).ends(0).await?;
    ensure!(seen["paid"] == true && seen["transactions"] == json!([]), "{seen:#}");
    // A file that would have somebody else paid is refused.
    let printed = two.pay(&["0.7", "--calldata"]).ends(0).await?;
    let file = two.payer.path().join(".namesys/stealth/payments.json");
    let (kept, count) = (std::fs::read_to_string(&file)?, two.count().await?);
    let address = text(&printed, "address")?.to_lowercase();
    ensure!(kept.contains(&address), "{kept}");
    let mode = std::fs::metadata(&file)?.permissions().mode() & 0o777;
    ensure!(mode == 0o600, "others read who is paid: {mode:o}");
    // What a wallet may have sent is not printed for another one.
    std::fs::write(&file, kept.replace("\"printed\"", "\"handed\""))?;
    let unsure = two.pay(&["0.7", "--calldata"]).ends(1).await?;
    ensure!(kind(&unsure) == Some(ErrorKind::Pending), "{unsure:#}");
    std::fs::write(&file, kept.replace(&address, &ELSEWHERE.to_lowercase()))?;
    let refused = two.pay(&["0.7", "--yes", "--resend"]).ends(1).await?;
    ensure!(kind(&refused) == Some(ErrorKind::BadFile), "{refused:#}");
    ensure!(two.count().await? == count, "it was sent");
    // One that says that it is done has the chain asked.
    std::fs::write(&file, kept.replace("\"printed\"", "\"mined\""))?;
    let paid = two.pay(&["0.7", "--yes"]).ends(0).await?;
    ensure!(two.count().await? == count + 1 && paid["address"] == printed["address"], "{paid:#}");
    Ok(())
}

/// What every node forgot and mines after all, while the same command is on its way: it is sent with
/// the number that it had, or not at all.
pub async fn numbered() -> Result<()> {
    let two = Two::new().await?;
    let truth = two.payee.world.chain.rpc_url().to_owned();
    let pay = ["1.5", "--yes", "--wait", "1"];
    let lost = node(&truth, |method, _| match method {
        "eth_sendRawTransaction" => Do::Lose(502),
        "eth_getTransactionByHash" | "eth_getTransactionReceipt" => Do::Answer(502, String::new()),
        _ => Do::PassOn,
    })
    .await?;
    two.pay(&pay).env("ETH_RPC_URL", &lost.url).ends(1).await?;
    ensure!(two.count().await? == 1, "it is mined");
    let forgot = node(&truth, |method, before| match (method, before) {
        ("eth_getTransactionByHash" | "eth_getTransactionReceipt", _) => {
            Do::Edit(|answer| answer["result"] = Value::Null)
        }
        ("eth_getLogs", _) => Do::Edit(|answer| answer["result"] = json!([])),
        ("eth_getTransactionCount" | "eth_getBalance", 0) => {
            Do::Edit(|answer| answer["result"] = json!("0x0"))
        }
        _ => Do::PassOn,
    })
    .await?;
    let taken = two.pay(&pay).env("ETH_RPC_URL", &forgot.url).ends(1).await?;
    ensure!(kind(&taken) == Some(ErrorKind::Pending), "{taken:#}");
    ensure!(two.count().await? == 1, "it was paid twice");
    // One that has neither receipt nor logs, and says truly how many are mined: the money is there.
    let blind = node(&truth, |method, _| match method {
        "eth_getTransactionByHash" | "eth_getTransactionReceipt" => {
            Do::Edit(|answer| answer["result"] = Value::Null)
        }
        "eth_getLogs" => Do::Edit(|answer| answer["result"] = json!([])),
        _ => Do::PassOn,
    })
    .await?;
    let unsure = two.pay(&pay).env("ETH_RPC_URL", &blind.url).ends(1).await?;
    ensure!(kind(&unsure) == Some(ErrorKind::Pending), "{unsure:#}");
    ensure!(two.count().await? == 1, "it was paid twice");
    let seen = two.pay(&pay).ends(0).await?;
    ensure!(seen["paid"] == true && seen["transactions"] == json!([]), "{seen:#}");
    // What is known to nobody and has its number still is not printed, and is sent with it.
    let drops = node(&truth, |method, _| match method {
        "eth_sendRawTransaction" => Do::Drop,
        _ => Do::PassOn,
    })
    .await?;
    let pay = ["2", "--yes", "--wait", "1"];
    two.pay(&pay).env("ETH_RPC_URL", &drops.url).ends(1).await?;
    for more in [&["2", "--calldata"][..], &["2", "--calldata", "--resend"]] {
        let out = two.pay(more).ends(1).await?;
        ensure!(kind(&out) == Some(ErrorKind::Pending), "{out:#}");
    }
    // Another transaction takes its number: it can be mined no more, and is sent with the next.
    two.pay(&["0.1", "--yes"]).ends(0).await?;
    let paid = two.pay(&pay).ends(0).await?;
    ensure!(paid["resumed"] == true && paid["paid"] == true, "{paid:#}");
    ensure!(two.count().await? == 3, "each once");
    Ok(())
}

/// A token that moves nothing, or less than it is asked for, and does not say so.
pub async fn odd_tokens() -> Result<()> {
    let two = Two::new().await?;
    let provider = two.payee.world.chain.provider();
    let (nothing, half) = (Address::repeat_byte(0x70), Address::repeat_byte(0x71));
    // 6 to whatever is asked.
    set_code(provider, nothing, &hex!("60065f5260205ff3")).await?;
    // The same; to what has two arguments 1, and a Transfer of half the second to the first.
    let halves = hex!(
        "36604414600f57 60065f5260205ff3 5b 602435 6001 1c 5f52 600435 33"
        "7fddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
        "6020 5f a3 60015f5260205ff3"
    );
    set_code(provider, half, &halves).await?;
    let pay = |token: Address| {
        let token = token.to_string();
        move |two: &Two| two.pay(&["2", "--token", &token, "--yes", "--wait", "5"])
    };
    let refused = pay(nothing)(&two).ends(3).await?;
    ensure!(kind(&refused) == Some(ErrorKind::NotReadBack), "{refused:#}");
    ensure!(refused["paid"] == false, "{refused:#}");
    // It was announced; the transfer alone is tried once more.
    let again = pay(nothing)(&two).ends(3).await?;
    ensure!(again["transactions"].as_array().map(Vec::len) == Some(1), "{again:#}");
    let before = two.count().await?;
    let (code, paid, stderr) = pay(half)(&two).run().await?;
    ensure!(code == 0 && paid["paid"] == true, "{paid:#} {stderr}");
    ensure!(stderr.contains("of 2000000 units that were paid, 1000000 arrived"), "{stderr}");
    ensure!(two.count().await? == before + 2);
    // The word of it is lost: it is paid by what its own receipt shows.
    let truth = two.payee.world.chain.rpc_url().to_owned();
    let is_sent = AtomicBool::new(false);
    let lost = node(&truth, move |method, before| match method {
        "eth_sendRawTransaction" if before > 0 => {
            is_sent.store(true, Ordering::SeqCst);
            Do::Lose(502)
        }
        "eth_getTransactionByHash" | "eth_getTransactionReceipt"
            if is_sent.load(Ordering::SeqCst) =>
        {
            Do::Answer(502, String::new())
        }
        _ => Do::PassOn,
    })
    .await?;
    pay(half)(&two).env("ETH_RPC_URL", &lost.url).ends(1).await?;
    let seen = pay(half)(&two).ends(0).await?;
    ensure!(seen["resumed"] == true && seen["transactions"] == json!([]), "{seen:#}");
    ensure!(two.count().await? == before + 4, "paid twice");
    Ok(())
}

/// A wallet in a browser, which sends by itself: what a person declines was not sent, and the same
/// payment goes on.
pub async fn by_browser() -> Result<()> {
    let two = Two::new().await?;
    let page = Chromium::start(&["Good Wallet"]).await?;
    let mut wallet = FakeWallet::new(PAYER, Mood::Good).on(&two.payee.world);
    let pay = || {
        let dir = two.payer.path().to_string_lossy().into_owned();
        let pay = ["-C", &dir, "stealth", "pay", &two.meta, "1", "--yes", "--browser"];
        Run::namesys(&pay).on(&two.payee.world)
    };
    let running = Running::start(&pay())?;
    page.go(&running.link(0).await?).await?;
    page.press("Connect").await?;
    wallet.answers_until(&page, "\nTransaction").await?;
    page.press("Decline").await?;
    wallet.answers_until(&page, CLOSE).await?;
    let declined = running.ended().await?;
    let document = declined.document()?;
    ensure!(kind(&document) == Some(ErrorKind::NotConfirmed), "{document:#}");
    ensure!(declined.code == 1 && two.count().await? == 0, "{}", declined.stderr);
    let paid = with_browser(pay(), &page, &mut wallet).await?;
    let again = paid.document()?;
    ensure!(paid.code == 0 && again["paid"] == true, "{again:#} {}", paid.stderr);
    ensure!(again["resumed"] == true && again["address"] == document["address"], "{again:#}");
    ensure!(two.count().await? == 1, "{again:#}");
    let file = two.payer.path().join(".namesys/stealth/payments.json");
    ensure!(std::fs::read_to_string(&file)?.contains("\"payments\": []"), "it is done");
    // What was signed here with a number of its own is not sent by a wallet that chooses another.
    let drops = node(two.payee.world.chain.rpc_url(), |method, _| match method {
        "eth_sendRawTransaction" => Do::Drop,
        _ => Do::PassOn,
    })
    .await?;
    let lost = two.pay(&["1", "--yes", "--wait", "1"]).env("ETH_RPC_URL", &drops.url);
    ensure!(kind(&lost.ends(1).await?) == Some(ErrorKind::NotMined));
    let out = with_browser(pay(), &page, &mut wallet).await?;
    let document = out.document()?;
    ensure!(kind(&document) == Some(ErrorKind::Pending), "{document:#}");
    ensure!(two.count().await? == 1, "{document:#}");
    Ok(())
}

/// Ranges that a node refuses, a fork, and what is none.
pub async fn scanned() -> Result<()> {
    let two = Two::new().await?;
    two.pay(&["1", "--yes"]).ends(0).await?;
    let snapshot = two.raw("evm_snapshot", json!([])).await?;
    let gone = two.pay(&["2", "--yes"]).ends(0).await?;
    ensure!(two.found().await?.as_array().map(Vec::len) == Some(2));
    two.raw("evm_revert", json!([snapshot])).await?;
    two.raw("evm_mine", json!([])).await?;
    let found = two.found().await?;
    ensure!(found.as_array().map(Vec::len) == Some(1), "{found:#} {gone:#}");
    two.pay(&["3", "--yes"]).ends(0).await?;
    two.raw("anvil_mine", json!(["0x400"])).await?;
    // So often a range is too wide.
    let narrow = node(two.payee.world.chain.rpc_url(), |method, before| match (method, before) {
        ("eth_getLogs", 0..=3) => Do::Edit(|answer| {
            let message = "query returned more than 10000 results";
            let error = json!({ "code": -32005, "message": message });
            *answer = json!({ "jsonrpc": "2.0", "id": answer["id"], "error": error });
        }),
        _ => Do::PassOn,
    })
    .await?;
    let viewing = path(&two.payee, "keys/viewing.key");
    let scan = ["stealth", "scan", "--viewing-key-file", &viewing, "--from-block", "0"];
    let found = two.payee.without_wallet(&scan).env("ETH_RPC_URL", &narrow.url).ends(0).await?;
    ensure!(narrow.asked("eth_getLogs") > 5, "{found:#}");
    ensure!(found["payments"].as_array().map(Vec::len) == Some(2), "{found:#}");
    // One that refuses a single block too is said.
    let refuses = node(two.payee.world.chain.rpc_url(), |method, _| match method {
        "eth_getLogs" => Do::Edit(|answer| {
            let error = json!({ "code": -32000, "message": "logs are not served here" });
            *answer = json!({ "jsonrpc": "2.0", "id": answer["id"], "error": error });
        }),
        _ => Do::PassOn,
    })
    .await?;
    let failed = two.payee.without_wallet(&scan).env("ETH_RPC_URL", &refuses.url).ends(1).await?;
    ensure!(kind(&failed) == Some(ErrorKind::Rpc), "{failed:#}");
    ensure!(failed["error"]["message"].to_string().contains("not served here"), "{failed:#}");
    // Another's keys find nothing.
    let other = two.payee.as_person(2, &["stealth", "scan", "--meta", &two.meta]);
    let other = other.env("NAMESYS_KEY_PASSWORD", "").ends(1).await?;
    ensure!(
        kind(&other) == Some(ErrorKind::OtherWallet) || kind(&other) == Some(ErrorKind::OtherKeys)
    );
    Ok(())
}

/// All of the ether but the gas; a token where there is ether for it.
pub async fn swept() -> Result<()> {
    let two = Two::new().await?;
    two.mint().await?;
    let ether = two.pay(&["1", "--yes"]).ends(0).await?;
    let token = TOKEN.to_string();
    let tokens = two.pay(&["2", "--token", &token, "--yes"]).ends(0).await?;
    two.found().await?;
    let (from, holds) = (text(&ether, "address")?, text(&tokens, "address")?);
    let to = ["--to", ELSEWHERE, "--yes"];
    let (code, document, stderr) =
        two.payee.run(&[&["stealth", "sweep", from], &to[..]].concat()).run().await?;
    ensure!(code == 0 && stderr.contains("this links"), "{document:#} {stderr}");
    let provider = two.payee.world.chain.provider();
    let there = provider.get_balance(ELSEWHERE.parse()?).await?;
    let least = U256::from(999_000_000_000_000_000_u64);
    ensure!(
        there > least && provider.get_balance(from.parse()?).await? < U256::from(10_u64.pow(15))
    );
    let sweep = [&["stealth", "sweep", holds, "--token", &token], &to[..]].concat();
    let no_ether = two.payee.ends(1, &sweep).await?;
    ensure!(kind(&no_ether) == Some(ErrorKind::NoFunds), "{no_ether:#}");
    let hint = no_ether["error"]["hint"].to_string();
    ensure!(hint.contains(holds) && hint.contains("belong together"), "{hint}");
    two.payee.set_balance(holds.parse()?, U256::from(10_u64.pow(16))).await?;
    two.payee.ends(0, &sweep).await?;
    ensure!(two.tokens(ELSEWHERE).await? == U256::from(2_000_000));
    Ok(())
}

/// The registry; and a chain without any of the contracts, where nothing is sent.
pub async fn registered() -> Result<()> {
    let bare = Two::without_contracts().await?;
    let before = bare.count().await?;
    for command in [
        bare.pay(&["1", "--yes"]),
        bare.payer(&["stealth", "set", "--registry", "--meta", &bare.meta, "--yes"]),
        bare.payee.run(&["stealth", "scan"]),
    ] {
        let document = command.ends(1).await?;
        ensure!(kind(&document) == Some(ErrorKind::NoContract), "{document:#}");
    }
    ensure!(bare.count().await? == before);
    let two = Two::new().await?;
    let set = two.payee.ends(0, &["stealth", "set", "--registry", "--yes"]).await?;
    ensure!(set["transactions"][0]["state"] == "mined" && set["name"].is_null(), "{set:#}");
    // Another password gives other keys: what is registered is not replaced unasked.
    let other = ["stealth", "set", "--registry", "--yes"];
    let refused = two.payee.run(&other).env("NAMESYS_KEY_PASSWORD", "mistyped").ends(1).await?;
    ensure!(kind(&refused) == Some(ErrorKind::OtherKeys), "{refused:#}");
    let forced = [&other[..], &["--force"]].concat();
    two.payee.run(&forced).env("NAMESYS_KEY_PASSWORD", "mistyped").ends(0).await?;
    Ok(())
}
