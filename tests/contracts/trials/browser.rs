//! `--browser` from the first key to the name that resolves: every signature and transaction by a
//! wallet's extension in a real browser.

use anyhow::{Result, ensure};
use namesys::devnet::chain::CCIP2_RESOLVER;
use serde_json::{Value, json};

use crate::browser::chromium::Chromium;
use crate::browser::running::{Ended, Running};
use crate::browser::wallet::{FakeWallet, Mood};
use crate::cli::{Run, accepted};
use crate::place::{NICK, Place, sent};

pub const CLOSE: &str = "you can close this page";

/// Runs a command with the wallet, to its end.
pub async fn with_browser(run: Run, page: &Chromium, wallet: &mut FakeWallet<'_>) -> Result<Ended> {
    let running = Running::start(&run)?;
    page.go(&running.link(0).await?).await?;
    page.press("Connect").await?;
    wallet.until(page, CLOSE).await?;
    no_secret_kept(page, wallet).await?;
    running.ended().await
}

/// What the tab keeps is no signature, and nothing at all once it can be closed.
pub async fn no_secret_kept(page: &Chromium, wallet: &FakeWallet<'_>) -> Result<()> {
    const KEPT: &str = "return JSON.stringify([{ ...sessionStorage }, { ...localStorage },
        document.cookie, document.documentElement.outerHTML, history.state, location.href])";
    let kept = page.run(KEPT, &[]).await?.to_string();
    for signature in &wallet.signatures {
        ensure!(!kept.contains(&signature[2..]), "the page keeps a signature");
    }
    Ok(())
}

/// Nothing that the command wrote has a signature that makes a key.
fn no_secret_told(ended: &Ended, secret: &[String]) -> Result<()> {
    for signature in secret {
        for (name, text) in [("stdout", &ended.stdout), ("stderr", &ended.stderr)] {
            let is_told = text.to_lowercase().contains(&signature[2..]);
            ensure!(!is_told, "a signature is on {name}");
        }
    }
    Ok(())
}

pub async fn way() -> Result<()> {
    let place = Place::new(1, &[]).await?;
    let page = Chromium::start(&["Good Wallet"]).await?;
    let mut wallet = FakeWallet::new(1, Mood::Good).on(&place.world);
    let run = |arguments: &[&str]| {
        place.without_wallet(&[arguments, &["--browser"]].concat()).env("NAMESYS_KEY_PASSWORD", "")
    };

    let running = Running::start(&run(&["-vvv", "keygen"]))?;
    page.go(&running.link(0).await?).await?;
    page.says("Connect your wallet").await?;
    page.looks("connect").await?;
    page.press("Connect Good Wallet").await?;
    wallet.answers_until(&page, "SIGN 1: your IPNS key").await?;
    page.looks("sign-1").await?;
    let shown = page.text().await?;
    ensure!(shown.contains("Requesting Signature To Generate IPNS Key\n\nOrigin: nick.eth"));
    ensure!(shown.contains("Treat the signature as a password"), "{shown}");
    ensure!(shown.contains("Requests: 0 of 4 done"), "{shown}");
    let focus = page.run("return document.activeElement.textContent", &[]).await?;
    ensure!(focus == "SIGN 1: your IPNS key", "focus is on {focus}");
    page.press("Sign with the wallet").await?;
    wallet.answers_until(&page, "SIGN 1: your IPNS key, again").await?;
    page.looks("sign-1-again").await?;
    wallet.until(&page, CLOSE).await?;
    page.looks("done").await?;
    no_secret_kept(&page, &wallet).await?;
    ensure!(page.run("return sessionStorage.length", &[]).await? == 0);
    let ended = running.ended().await?;
    let document = ended.document()?;
    ensure!(ended.code == 0 && document["deterministic"] == true, "{document:#}");
    ensure!(document["wallet"] == wallet.key().address().to_string(), "{document:#}");
    ensure!(wallet.count("personal_sign") == 4, "{:?}", wallet.asked);
    no_secret_told(&ended, &wallet.signatures)?;
    let secret = wallet.signatures.clone();

    // The same keys as with the key at hand.
    ensure!(place.ends(0, &["keygen"]).await?["ipns"] == document["ipns"]);

    let ended = with_browser(run(&["-vvv", "approve"]), &page, &mut wallet).await?;
    ensure!(ended.code == 0, "{}", ended.stderr);
    no_secret_told(&ended, &secret)?;
    place.ends(0, &["set", "text", "avatar", "https://a.example/me.png"]).await?;
    let before = wallet.count("personal_sign");
    let ended = with_browser(run(&["sign"]), &page, &mut wallet).await?;
    ensure!(ended.code == 0 && ended.document()?["signed"] == 1, "{}", ended.stderr);
    ensure!(wallet.count("personal_sign") == before + 1, "SIGN 2 alone");
    let ended = with_browser(run(&["publish"]), &page, &mut wallet).await?;
    ensure!(ended.code == 0, "{}{}", ended.stdout, ended.stderr);

    let running = Running::start(&run(&["setup", "--yes"]))?;
    page.go(&running.link(0).await?).await?;
    page.press("Connect").await?;
    wallet.until(&page, "\nTransaction").await?;
    page.looks("transaction").await?;
    let shown = page.text().await?;
    ensure!(shown.contains("Chain: 31337\nTo: "), "{shown}");
    wallet.until(&page, CLOSE).await?;
    let ended = running.ended().await?;
    let document: Value = ended.document()?;
    ensure!(ended.code == 0 && sent(&document)?.len() == 2, "{document:#}\n{}", ended.stderr);
    ensure!(place.resolver().await? == CCIP2_RESOLVER);
    let switched = |method| wallet.count(method);
    ensure!(switched("wallet_addEthereumChain") == 1 && switched("eth_sendTransaction") == 2);
    accepted(&place.ends(0, &["resolve", NICK, "text/avatar"]).await?, "https://a.example/me.png")?;
    let again = place.without_wallet(&["setup"]).ends(0).await?;
    ensure!(again["transactions"] == json!([]), "{again:#}");
    Ok(())
}

/// One command signs, approves, publishes and sets up, in one page.
pub async fn apply() -> Result<()> {
    let place = Place::new(1, &[]).await?;
    let page = Chromium::start(&["Good Wallet"]).await?;
    let mut wallet = FakeWallet::new(1, Mood::Good).on(&place.world);
    place.ends(0, &["set", "text", "avatar", "https://a.example/me.png"]).await?;
    let apply = ["-vvv", "apply", "--yes", "--chain", "--browser"];
    let running = Running::start(&place.without_wallet(&apply).env("NAMESYS_KEY_PASSWORD", ""))?;
    page.go(&running.link(0).await?).await?;
    page.press("Connect").await?;
    wallet.until(&page, CLOSE).await?;
    page.looks("apply").await?;
    let shown = page.text().await?;
    for title in ["SIGN 1: your IPNS key", "SIGN 2: your records signer", "SIGN 3", "Transaction"] {
        ensure!(shown.contains(title), "{title}: {shown}");
    }
    no_secret_kept(&page, &wallet).await?;
    let ended = running.ended().await?;
    let done = ended.document()?;
    ensure!(ended.code == 0 && done["sign"]["signed"] == 1, "{done:#}\n{}", ended.stderr);
    ensure!(done["publish"]["sequence"] == 0 && sent(&done["setup"])?.len() == 2, "{done:#}");
    // What was signed for this command already is not asked for again.
    ensure!(wallet.count("personal_sign") == 5, "{:?}", wallet.asked);
    ensure!(wallet.count("eth_sendTransaction") == 2, "{:?}", wallet.asked);
    no_secret_told(&ended, &wallet.signatures[..4])?;
    accepted(&place.ends(0, &["resolve", NICK, "text/avatar"]).await?, "https://a.example/me.png")
}

/// A transaction takes the place of no other one of the account.
pub async fn overtaken() -> Result<()> {
    let place = Place::published(1, &[]).await?;
    let page = Chromium::start(&["Busy Wallet"]).await?;
    let mut wallet = FakeWallet::new(1, Mood::Good).on(&place.world);
    wallet.overtaken = 1;
    let setup = ["setup", "--yes", "--browser"];
    let running = Running::start(&place.without_wallet(&setup).env("NAMESYS_KEY_PASSWORD", ""))?;
    page.go(&running.link(0).await?).await?;
    page.press("Connect").await?;
    wallet.until(&page, "another transaction of this account went out meanwhile").await?;
    page.looks("overtaken").await?;
    page.press("Decline").await?;
    wallet.answers_until(&page, CLOSE).await?;
    let ended = running.ended().await?;
    ensure!(ended.code == 1, "{}", ended.stdout);
    ensure!(wallet.count("eth_sendTransaction") == 0, "{:?}", wallet.asked);
    place.untouched().await
}

/// A wallet that stays on another chain is asked for no transaction.
pub async fn wrong_chain() -> Result<()> {
    let place = Place::published(1, &[]).await?;
    let page = Chromium::start(&["Stubborn Wallet"]).await?;
    let mut wallet = FakeWallet::new(1, Mood::Stays).on(&place.world);
    let setup = ["setup", "--yes", "--browser"];
    let running = Running::start(&place.without_wallet(&setup).env("NAMESYS_KEY_PASSWORD", ""))?;
    page.go(&running.link(0).await?).await?;
    page.press("Connect").await?;
    wallet.until(&page, "stayed on another chain than 31337").await?;
    page.looks("wrong-chain").await?;
    page.press("Decline").await?;
    wallet.answers_until(&page, CLOSE).await?;
    let ended = running.ended().await?;
    ensure!(ended.code == 1, "{}", ended.stdout);
    ensure!(wallet.count("eth_sendTransaction") == 0, "{:?}", wallet.asked);
    place.untouched().await
}
