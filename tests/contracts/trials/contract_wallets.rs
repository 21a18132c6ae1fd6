//! Keys follow from accounts that have a key: contracts are refused before anybody signs.

use anyhow::{Result, ensure};
use namesys::report::ErrorKind;

use crate::cli::Run;
use crate::people::person;
use crate::place::{Place, set_code};
use crate::reports::kind;

/// Where there is code, nothing is derived by whichever command comes first.
pub async fn refused() -> Result<()> {
    let place = Place::new(1, &[]).await?;
    let wallet = person(1).address();
    // STOP: it takes what it is sent.
    set_code(place.world.chain.provider(), wallet, &[0]).await?;
    place.ends(0, &["set", "text", "avatar", "https://a.example/me.png"]).await?;
    let from = wallet.to_string();
    for command in [
        &["keygen"][..],
        &["sign"],
        &["approve"],
        &["apply", "--yes"],
        &["setup", "--yes"],
        &["keygen", "--requests", "--from", &from],
    ] {
        let refused = place.ends(1, command).await?;
        ensure!(kind(&refused) == Some(ErrorKind::ContractWallet), "{command:?}: {refused:#}");
        let error = refused["error"].to_string();
        ensure!(error.contains(&from) && error.contains("--approval on-chain"), "{error}");
    }
    let config = std::fs::read_to_string(place.dir.path().join("namesys.toml"))?;
    ensure!(!config.contains("ipns_name") && !config.contains("signer ="), "{config}");
    ensure!(!place.dir.path().join(".well-known").exists());
    place.untouched().await
}

/// An account that delegates (EIP-7702) has its key as before.
pub async fn delegated() -> Result<()> {
    let place = Place::new(1, &[]).await?;
    let delegation = [&[0xef, 0x01, 0x00][..], &[7; 20]].concat();
    set_code(place.world.chain.provider(), person(1).address(), &delegation).await?;
    let derived = place.ends(0, &["keygen"]).await?;
    ensure!(derived["contract"] == false && derived["deterministic"] == true, "{derived:#}");
    Ok(())
}

/// Whoever cannot ask the chain says so, and goes on.
pub async fn not_checked() -> Result<()> {
    let place = Place::new(1, &[]).await?;
    set_code(place.world.chain.provider(), person(1).address(), &[0]).await?;
    let from = person(1).address().to_string();
    let requests = ["keygen", "nick.eth", "--requests", "--from", &from];
    let nobody = Run::namesys(&requests).env("NAMESYS_KEY_PASSWORD", "");
    // Of chain 1 another node says nothing.
    let other = Run::namesys(&[&requests[..], &["--chain-id", "1"]].concat())
        .env("NAMESYS_KEY_PASSWORD", "")
        .env("ETH_RPC_URL", place.world.chain.rpc_url());
    let gone = Run::namesys(&requests)
        .env("NAMESYS_KEY_PASSWORD", "")
        .env("ETH_RPC_URL", "http://127.0.0.1:1");
    for (run, why) in [(nobody, "no Ethereum node"), (other, "chain 31337"), (gone, "127.0.0.1:1")]
    {
        let (code, document, stderr) = run.run().await?;
        ensure!(code == 0, "{why}: {document:#}{stderr}");
        ensure!(stderr.contains("not checked whether") && stderr.contains(why), "{why}: {stderr}");
    }
    let key = Run::namesys(&["keygen", "nick.eth"]).env("NAMESYS_KEY_PASSWORD", "");
    let alone = key.env("ETH_PRIVATE_KEY", &"01".repeat(32)).ends(0).await?;
    ensure!(alone["contract"].is_null() && alone["deterministic"] == true, "{alone:#}");
    Ok(())
}
