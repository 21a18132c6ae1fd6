//! Wallets in a browser that say no, fail, lie, are several, or on another account.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::browser::{CLOSE, no_secret_kept};
use crate::browser::chromium::Chromium;
use crate::browser::running::{Ended, Running};
use crate::browser::wallet::{FakeWallet, Mood};
use crate::cli::Run;

pub fn keygen(more: &[&str]) -> Run {
    Run::namesys(&[&["-vvv", "keygen", "nick.eth", "--browser"], more].concat())
        .env("NAMESYS_KEY_PASSWORD", "")
}

/// Its error, which quotes no signature.
fn error(ended: &Ended, code: i32, wallet: &FakeWallet<'_>) -> Result<Value> {
    let document = ended.document()?;
    ensure!(ended.code == code, "exit {}: {document:#}", ended.code);
    for signature in &wallet.signatures {
        let told = [&ended.stdout, &ended.stderr]
            .iter()
            .any(|text| text.to_lowercase().contains(&signature[2..]));
        ensure!(!told, "a signature is told");
    }
    Ok(document["error"].clone())
}

pub async fn declined() -> Result<()> {
    let page = Chromium::start(&["Good Wallet"]).await?;
    let mut wallet = FakeWallet::new(1, Mood::Declines);
    let running = Running::start(&keygen(&[]))?;
    page.go(&running.link(0).await?).await?;
    page.press("Connect").await?;
    wallet.until(&page, CLOSE).await?;
    page.looks("declined").await?;
    let error = error(&running.ended().await?, 1, &wallet)?;
    ensure!(error["kind"] == "not-confirmed", "{error}");
    let message = error["message"].as_str().context("message")?;
    ensure!(message.contains("SIGN 1") && message.contains("declined"), "{message}");

    // One that fails is asked again, if the person wants so.
    let mut wallet = FakeWallet::new(1, Mood::Fails);
    let running = Running::start(&keygen(&[]))?;
    page.go(&running.link(0).await?).await?;
    page.press("Connect").await?;
    wallet.until(&page, "The wallet is locked").await?;
    page.looks("failed").await?;
    wallet.until(&page, CLOSE).await?;
    let ended = running.ended().await?;
    ensure!(ended.code == 0, "{}", ended.stderr);
    ensure!(wallet.count("personal_sign") == 5, "{:?}", wallet.asked);

    // The page's own button.
    let running = Running::start(&keygen(&[]))?;
    page.go(&running.link(0).await?).await?;
    page.press("Connect").await?;
    wallet.answers_until(&page, "SIGN 1").await?;
    page.press("Decline").await?;
    page.says(CLOSE).await?;
    ensure!(running.ended().await?.code == 1);
    Ok(())
}

pub async fn liars() -> Result<()> {
    let page = Chromium::start(&["Bad Wallet"]).await?;
    for (mood, code, kind) in [
        (Mood::Garbage, 1, "bad-signature"),
        (Mood::Another, 3, "foreign-signature"),
        (Mood::Random, 1, "not-deterministic"),
        (Mood::BigInt, 1, "bad-signature"),
    ] {
        let mut wallet = FakeWallet::new(1, mood);
        let running = Running::start(&keygen(&[]))?;
        page.go(&running.link(0).await?).await?;
        page.press("Connect").await?;
        wallet.until(&page, CLOSE).await?;
        page.says("did not end well").await?;
        no_secret_kept(&page, &wallet).await?;
        let error = error(&running.ended().await?, code, &wallet)?;
        ensure!(error["kind"] == kind, "{mood:?}: {error}");
    }
    Ok(())
}

pub async fn accounts() -> Result<()> {
    let page = Chromium::start(&["First Wallet", "Second Wallet"]).await?;
    let mut wallet = FakeWallet::new(2, Mood::Good);
    let wanted = crate::people::person(1).address().to_string();
    let running = Running::start(&keygen(&["--from", &wanted]))?;
    page.go(&running.link(0).await?).await?;
    page.says("Which wallet?").await?;
    page.looks("two-wallets").await?;
    page.press("Second Wallet").await?;
    wallet.answers_until(&page, "Another account is wanted").await?;
    page.looks("another-account").await?;
    let shown = page.text().await?;
    ensure!(shown.contains(&wanted), "{shown}");
    ensure!(wallet.count("personal_sign") == 0, "nothing is asked of another");
    wallet.becomes(1);
    page.press("I have switched").await?;
    wallet.answers_until(&page, "SIGN 1").await?;
    // Switched away in the middle.
    page.run("window.switched([arguments[0]])", &[json!(format!("0x{}", "7".repeat(40)))]).await?;
    page.says("on another account now").await?;
    page.run("window.switched([arguments[0]])", &[json!(wanted)]).await?;
    wallet.until(&page, CLOSE).await?;
    let ended = running.ended().await?;
    ensure!(ended.code == 0 && ended.document()?["wallet"] == wanted, "{}", ended.stderr);
    Ok(())
}

/// A wallet that is locked shows no account; once it is unlocked it goes on.
pub async fn locked() -> Result<()> {
    let page = Chromium::start(&["Good Wallet"]).await?;
    let mut wallet = FakeWallet::new(1, Mood::Locked);
    let own = json!(wallet.key().address().to_string());
    let running = Running::start(&keygen(&[]))?;
    page.go(&running.link(0).await?).await?;
    page.press("Connect").await?;
    wallet.answers_until(&page, "gave no account").await?;
    page.looks("locked").await?;
    wallet.mood = Mood::Good;
    // What it says of itself while none is chosen changes nothing.
    page.run("window.switched([arguments[0]])", std::slice::from_ref(&own)).await?;
    page.press("Connect").await?;
    wallet.answers_until(&page, "SIGN 1").await?;
    page.run("window.switched([])", &[]).await?;
    page.says("The wallet is locked").await?;
    page.reload().await?;
    wallet.answers_until(&page, "The exact text").await?;
    wallet.until(&page, CLOSE).await?;
    let ended = running.ended().await?;
    ensure!(ended.code == 0 && ended.document()?["wallet"] == own, "{}", ended.stderr);
    Ok(())
}

/// The link is not used up by a browser that has no wallet.
pub async fn nothing() -> Result<()> {
    let page = Chromium::start(&[]).await?;
    let running = Running::start(&keygen(&[]))?;
    let link = running.link(0).await?;
    page.go(&link).await?;
    page.says("No wallet found here").await?;
    page.looks("no-wallet").await?;
    drop(page);
    let page = Chromium::start(&["Good Wallet"]).await?;
    let mut wallet = FakeWallet::new(1, Mood::Good);
    page.go(&link).await?;
    page.press("Connect").await?;
    wallet.until(&page, CLOSE).await?;
    ensure!(running.ended().await?.code == 0);
    Ok(())
}
