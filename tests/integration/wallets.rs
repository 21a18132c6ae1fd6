//! Wallets as a person has them: what is asked, and what is said of it.

use anyhow::{Result, ensure};

use crate::support::sandbox::Sandbox;
use crate::typed::typed;

const KEY: &str = "1111111111111111111111111111111111111111111111111111111111111111";
const PASSWORD: &str = "NameSys password";

fn workspace() -> Result<Sandbox> {
    let sandbox = Sandbox::new()?;
    sandbox.ok(["init", "nick.eth"])?;
    sandbox.ok(["set", "text", "url", "https://example.com"])?;
    sandbox.write("wallet.key", KEY)?;
    Ok(sandbox)
}

const WALLET: [&str; 2] = ["--private-key-file", "wallet.key"];

#[test]
fn the_password_is_explained_typed_twice_and_then_recognised() -> Result<()> {
    let sandbox = workspace()?;
    let keygen = [&["keygen"], &WALLET[..]].concat();
    let (code, shown) = typed(
        &sandbox,
        &keygen,
        &[],
        &[
            (PASSWORD, "correct\r"),
            ("Once more", "corect\r"),
            ("They differ", ""),
            (PASSWORD, "correct\r"),
            ("Once more", "correct\r"),
        ],
    )?;
    ensure!(code == 0, "{code}: {shown}");
    ensure!(shown.contains("cannot be changed or recovered"), "{shown}");
    ensure!(shown.contains("give the same keys"), "{shown}");
    ensure!(!shown.contains("correct"), "{shown}");

    // Now a mistake is seen, and there are three tries.
    let sign = [&["sign"], &WALLET[..]].concat();
    let (code, shown) =
        typed(&sandbox, &sign, &[], &[(PASSWORD, "wrong\r"), ("not the keys", "correct\r")])?;
    ensure!(code == 0 && shown.matches("not the keys").count() == 1, "{code}: {shown}");
    ensure!(!shown.contains("cannot be changed"), "it is chosen already: {shown}");
    let (code, shown) = typed(
        &sandbox,
        &[&sign[..], &["--force"]].concat(),
        &[],
        &[(PASSWORD, "wrong\r"), ("Try again", "wrong\r"), ("Try again", "wrong\r")],
    )?;
    ensure!(code == 1 && shown.matches("Try again").count() == 2, "{code}: {shown}");
    ensure!(shown.contains("not the keys of this workspace"), "{shown}");

    // Whoever gave it is not asked.
    let wrong = [("NAMESYS_KEY_PASSWORD", "wrong")];
    let (code, shown) = typed(&sandbox, &[&sign[..], &["--force"]].concat(), &wrong, &[])?;
    ensure!(code == 1 && !shown.contains("Try again"), "{code}: {shown}");
    Ok(())
}
