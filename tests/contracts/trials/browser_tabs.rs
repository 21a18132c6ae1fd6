//! Tabs that are reloaded, doubled or closed, and commands that end before the wallet answers.

use anyhow::{Result, ensure};

use super::browser::CLOSE;
use super::browser_odd::keygen;
use crate::browser::chromium::Chromium;
use crate::browser::running::Running;
use crate::browser::wallet::{FakeWallet, Mood};

pub async fn tabs() -> Result<()> {
    let page = Chromium::start(&["Good Wallet"]).await?;
    let mut wallet = FakeWallet::new(1, Mood::Good);
    let running = Running::start(&keygen(&[]))?;
    let link = running.link(0).await?;
    page.go(&link).await?;
    page.press("Connect").await?;
    wallet.answers_until(&page, "SIGN 1").await?;
    let address = page.run("return location.href", &[]).await?.to_string();
    ensure!(!address.contains("/t/"), "the link stays in the address: {address}");

    // A reload goes on by itself.
    page.reload().await?;
    wallet.answers_until(&page, "The exact text").await?;
    page.press("Sign with the wallet").await?;
    wallet.answers_until(&page, "SIGN 1: your IPNS key, again").await?;

    // Neither the same link nor the page itself in a second tab.
    let other = Chromium::start(&["Good Wallet"]).await?;
    other.go(&link).await?;
    other.says("This link was used already").await?;
    other.looks("used").await?;
    let (root, _) = link.split_once("/t/").unwrap();
    other.go(&format!("{root}/")).await?;
    other.says("Open the link").await?;
    other.go(&format!("{root}/t/nonsense")).await?;
    other.says("This link is not valid").await?;
    other.looks("stale").await?;

    // A second tab of the same browser, which a duplicate's copy of the session would let in.
    let first = page.new_tab().await?;
    page.go(&link).await?;
    page.says("This page is open already").await?;
    page.close_tab(&first).await?;

    // The tab is closed: a new link goes on where it was.
    page.go("about:blank").await?;
    let next = running.link(1).await?;
    ensure!(next != link);
    other.go(&next).await?;
    other.press("Connect").await?;
    wallet.until(&other, CLOSE).await?;
    let ended = running.ended().await?;
    ensure!(ended.code == 0, "{}", ended.stderr);
    ensure!(wallet.count("personal_sign") == 4, "{:?}", wallet.asked);
    // The page is gone with the command.
    ensure!(other.go(&format!("{root}/")).await.is_err(), "the server is there still");
    Ok(())
}

pub async fn ends() -> Result<()> {
    let page = Chromium::start(&["Good Wallet"]).await?;
    let mut wallet = FakeWallet::new(1, Mood::Good);
    for signal in [true, false] {
        let more: &[&str] = if signal { &[] } else { &["--browser-wait", "10s"] };
        let running = Running::start(&keygen(more))?;
        page.go(&running.link(0).await?).await?;
        page.press("Connect").await?;
        wallet.answers_until(&page, "SIGN 1").await?;
        if signal {
            running.interrupt()?;
        }
        page.says(CLOSE).await?;
        let ended = running.ended().await?;
        let document = ended.document()?;
        ensure!(ended.code == if signal { 130 } else { 1 }, "{document:#}");
        if !signal {
            ensure!(document["error"]["kind"] == "timeout", "{document:#}");
            page.looks("ended").await?;
        }
    }
    Ok(())
}
