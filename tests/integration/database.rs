//! `namesys serve --database` on SQLite; the same on PostgreSQL is in `peers`.

use anyhow::{Result, ensure};
use namesys::ens::Name;
use namesys::report::{BackupReport, ErrorKind, RestoreReport};

use crate::support::database::{Gateway, Person, injection, suite};
use crate::support::reports::{kind, report};
use crate::support::sandbox::Sandbox;

/// On a database of its own.
fn on<T>(test: impl AsyncFnOnce(&str) -> Result<T>) -> Result<T> {
    let folder = tempfile::tempdir()?;
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(test(&format!("sqlite:{}", folder.path().join("a b.db").display())))
}

#[test]
fn takes_and_serves() -> Result<()> {
    on(async |database| suite::takes_and_serves(database).await)
}

#[test]
fn refuses_what_is_wrong() -> Result<()> {
    on(async |database| suite::refuses(database).await)
}

#[test]
fn keeps_the_newest() -> Result<()> {
    on(async |database| suite::replaces(database).await)
}

#[test]
fn follows_a_name_that_changes_hands() -> Result<()> {
    on(async |database| suite::moves(database).await)
}

#[test]
fn takes_no_commands() -> Result<()> {
    on(async |database| injection::keeps_out(database).await)
}

#[test]
fn has_limits() -> Result<()> {
    on(async |database| suite::limits(database).await)
}

#[test]
fn survives_a_kill() -> Result<()> {
    on(async |database| suite::survives(database, || Ok(())).await)
}

/// All of it in a file, and from there into another database; not what does not verify.
#[test]
fn is_saved_and_restored() -> Result<()> {
    let sandbox = Sandbox::new()?;
    let person = Person::new(7)?;
    let runtime = tokio::runtime::Runtime::new()?;
    let path = |file: &str| sandbox.path(file).display().to_string();
    let [first, second] = ["one.db", "two.db"].map(|file| format!("sqlite:{}", path(file)));
    let of = Name::parse("nick.eth")?;
    let a = person.text(&of, "k", "A", person.tick())?;
    let gateway = Gateway::start(&first, person.address(), &[])?;
    runtime.block_on(async {
        for value in ["A", "B"] {
            let body = if value == "A" {
                a.clone()
            } else {
                person.text(&of, "k", value, person.tick())?
            };
            ensure!(gateway.post("/", body).await?.0 == 200);
        }
        anyhow::Ok(())
    })?;
    let run = |arguments: &[&str]| -> Result<(Option<i32>, serde_json::Value)> {
        let output = sandbox.namesys([&["--json", "serve"], arguments].concat()).output()?;
        Ok((output.status.code(), serde_json::from_slice(&output.stdout)?))
    };
    let file = path("backup.jsonl");
    let (code, json) = run(&["export", "--database", &first, "--out", &file])?;
    ensure!(code == Some(0) && report::<BackupReport>(&json).records == 1, "{json}");
    let (code, json) = run(&["export", "--database", &first, "--out", &file])?;
    ensure!((code, kind(&json)) == (Some(1), Some(ErrorKind::Exists)), "{json}");
    let owner = person.address().to_string();
    let import = ["import", &file, "--database", &second, "--owner"];
    let (code, json) =
        run(&[&import[..], &["0x0000000000000000000000000000000000000001"]].concat())?;
    ensure!((code, kind(&json)) == (Some(3), Some(ErrorKind::Unverified)), "{json}");
    let (code, json) = run(&[&import[..], &[&*owner]].concat())?;
    ensure!(code == Some(0) && report::<RestoreReport>(&json).taken == 1, "{json}");
    let (code, json) = run(&[&import[..], &[&*owner]].concat())?;
    ensure!(code == Some(0) && report::<RestoreReport>(&json).older == 1, "{json}");
    // What is not there is not made.
    let (code, _) = run(&["export", "--database", &format!("sqlite:{}", path("none.db"))])?;
    ensure!(code == Some(1) && !sandbox.path("none.db").exists());
    // What was replaced there is known here.
    let gateway = Gateway::start(&second, person.address(), &[])?;
    let late = person.text(&of, "k", "A", person.tick())?;
    ensure!(runtime.block_on(gateway.post("/", late))?.0 == 409);
    Ok(())
}

#[test]
fn flags_that_mean_nothing_and_places_that_are_none() -> Result<()> {
    let sandbox = Sandbox::new()?;
    for (arguments, told) in [
        (&["serve", "--name", "nick.eth"][..], "only with --database"),
        (&["serve", "--database", "mysql://a/b"], "sqlite:FILE"),
        (&["serve", "--database", "sqlite:x.db", "--address-rate", "7"], "600/10s"),
        (&["serve", "--database", "sqlite:x.db"], "who owns a name is not known"),
        (
            &[
                "serve",
                "--database",
                "sqlite:/no/x.db",
                "--owner",
                "0x0000000000000000000000000000000000000001",
            ],
            "cannot be opened",
        ),
        (&["serve", "--roster", "."], "only with --database"),
        (
            &[
                "serve",
                "--database",
                "sqlite:x.db",
                "--owner",
                "0x0000000000000000000000000000000000000001",
                "--roster",
                ".",
            ],
            "is no workspace",
        ),
        (&["serve", "export"], "which database"),
    ] {
        let output = sandbox.namesys(arguments).output()?;
        let said = String::from_utf8(output.stderr)?;
        ensure!(!output.status.success() && said.contains(told), "{arguments:?}: {said}");
    }
    let secret = "postgres://nick:hunter2@127.0.0.1:1/ens";
    let mut command = sandbox.namesys(["-vvv", "serve", "export"]);
    let output = command.env("NAMESYS_DATABASE", secret).output()?;
    let said = String::from_utf8([output.stdout, output.stderr].concat())?;
    ensure!(output.status.code() == Some(1) && !said.contains("hunter2"), "{said}");
    Ok(())
}
