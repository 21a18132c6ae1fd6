//! `plan --chain` and `apply --chain`: signed, published and set up in one go.

use anyhow::{Result, ensure};
use namesys::devnet::chain::CCIP2_RESOLVER;
use namesys::report::ErrorKind;
use serde_json::{Value, json};

use crate::cli::accepted;
use crate::people::{name, person};
use crate::place::{NICK, Place, sent};
use crate::reports::kind;

const AVATAR: [&str; 3] = ["resolve", NICK, "text/avatar"];
const ME: &str = "https://a.example/me.png";

/// A workspace that wants a record, with its keys derived, and a place for a plan file.
async fn wanting() -> Result<(Place, tempfile::TempDir, String)> {
    let place = Place::new(1, &[]).await?;
    place.ends(0, &["set", "text", "avatar", ME]).await?;
    place.ends(0, &["keygen"]).await?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("plan.json").to_string_lossy().into_owned();
    Ok((place, folder, file))
}

fn count(of: &Value) -> usize {
    of["transactions"].as_array().map_or(0, Vec::len)
}

/// Planned by nobody, done by the owner, once.
pub async fn whole() -> Result<()> {
    let (place, _folder, file) = wanting().await?;
    let plan = ["plan", "--chain", "--exit-code", "--out", &file];
    let planned = place.without_wallet(&plan).ends(10).await?;
    place.untouched().await?;
    ensure!(count(&planned) == 2 && planned["unsigned"] == 1, "{planned:#}");
    let wei = |value: &Value| value.as_str().and_then(|wei| wei.parse::<u128>().ok());
    let costs = [0, 1].map(|number| wei(&planned["transactions"][number]["max_cost"]));
    let [Some(first), Some(second)] = costs else { anyhow::bail!("{planned:#}") };
    ensure!(first > 0 && second > 0 && wei(&planned["max_cost"]) == Some(first + second));
    let done = place.ends(0, &["apply", &file, "--yes", "--chain"]).await?;
    ensure!(done["sign"]["signed"] == 1 && done["publish"]["sequence"] == 0, "{done:#}");
    ensure!(sent(&done["setup"])?.len() == 2, "{done:#}");
    ensure!(place.resolver().await? == CCIP2_RESOLVER);
    let own = place.ipns().await?;
    ensure!(place.recordhash(name(NICK).node()).await? == own.public_key()[..]);
    accepted(&place.ends(0, &AVATAR).await?, ME)?;
    // Both a new plan and the old one have nothing to do.
    let again = place.without_wallet(&plan[..3]).ends(0).await?;
    ensure!(again["transactions"] == json!([]) && again["to_do"] == false, "{again:#}");
    let again = place.ends(0, &["apply", &file, "--yes", "--chain"]).await?;
    ensure!(again["plan"]["to_do"] == false && again["setup"].is_null(), "{again:#}");
    Ok(())
}

/// A key that can be read once is enough for all of it: sign, publish, set up.
pub async fn from_stdin() -> Result<()> {
    let (place, ..) = wanting().await?;
    let apply = ["apply", "--yes", "--chain", "--private-key-file", "-"];
    let run = place.without_wallet(&apply).env("NAMESYS_KEY_PASSWORD", "");
    let done = run.input(&alloy_primitives::hex::encode([1; 32])).ends(0).await?;
    ensure!(done["sign"]["signed"] == 1 && done["publish"]["sequence"] == 0, "{done:#}");
    ensure!(sent(&done["setup"])?.len() == 2, "{done:#}");
    accepted(&place.ends(0, &AVATAR).await?, ME)
}

/// What stands on chain is neither what stood nor what was to stand; or costs too much.
pub async fn refused() -> Result<()> {
    let (place, _folder, file) = wanting().await?;
    let alone = place.without_wallet(&["plan", "--out", &file]).ends(0).await?;
    ensure!(count(&alone) == 0, "{alone:#}");
    let without = place.ends(2, &["apply", &file, "--yes", "--chain"]).await?;
    ensure!(kind(&without) == Some(ErrorKind::Usage), "{without:#}");
    place.without_wallet(&["plan", "--chain", "--out", &file]).ends(0).await?;
    let other = [&[0xe3, 0x01][..], &[7; 36]].concat();
    place.world.set_recordhash(&name(NICK), person(1).address(), &other).await?;
    let changed = place.ends(1, &["apply", &file, "--yes", "--chain"]).await?;
    ensure!(kind(&changed) == Some(ErrorKind::Changed), "{changed:#}");
    ensure!(!place.dir.path().join(".well-known").exists(), "nothing is done");
    let dear = ["apply", "--yes", "--chain", "--max-cost", "0.000000000000000001"];
    let dear = place.ends(1, &dear).await?;
    ensure!(kind(&dear) == Some(ErrorKind::MaxCost), "{dear:#}");
    ensure!(dear["publish"]["sequence"] == 0, "what came before is told: {dear:#}");
    ensure!(place.resolver().await?.is_zero(), "nothing is sent");
    // The wallet is read once, for the keys and for the transactions.
    let apply = ["apply", "--yes", "--chain", "--private-key-file", "-"];
    let apply = place.without_wallet(&apply).env("NAMESYS_KEY_PASSWORD", "");
    let done = apply.input(&"01".repeat(32)).ends(0).await?;
    ensure!(done["sign"].is_null() && done["publish"].is_null(), "done before: {done:#}");
    ensure!(sent(&done["setup"])?.len() == 2, "{done:#}");
    Ok(())
}
