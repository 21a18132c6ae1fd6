//! Speculos, the Ledger's emulator, with the app Ethereum that `SPECULOS` names.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::runtime;
use crate::support::sandbox::Sandbox;

const LIMIT: Duration = Duration::from_secs(60);
const WORDS: &str = "test test test test test test test test test test test junk";

/// Both buttons where something is to be signed, the right one everywhere else.
const PRESSES: &str = r#"{"version":1,"rules":[
    {"regexp":"^(Sign message|Accept|Approve|Sign)","actions":[
        ["button",1,true],["button",2,true],["button",2,false],["button",1,false]]},
    {"actions":[["button",2,true],["button",2,false]]}]}"#;

struct Speculos(Child);

impl Drop for Speculos {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free_port() -> Result<String> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port().to_string())
}

fn start(app: &str) -> Result<(Speculos, String)> {
    let (apdus, api) = (free_port()?, free_port()?);
    let mut command = Command::new("speculos");
    command.args(["--display", "headless", "--seed", WORDS, "--automation", PRESSES]);
    command.args(["--apdu-port", &apdus, "--api-port", &api, app]);
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let mut speculos = Speculos(child.context("speculos is in PATH")?);
    let began = Instant::now();
    while TcpStream::connect(format!("127.0.0.1:{apdus}")).is_err() {
        if speculos.0.try_wait()?.is_some() || began.elapsed() > LIMIT {
            bail!("speculos does not listen");
        }
        thread::sleep(Duration::from_millis(50));
    }
    Ok((speculos, apdus))
}

/// The app signs what a mnemonic signs.
pub fn keys() -> Result<()> {
    let (_speculos, port) = start(&runtime::ethereum_app().context("no app")?)?;
    let mut sandbox = Sandbox::new()?;
    sandbox.set_env("NAMESYS_KEY_PASSWORD", "password");
    sandbox.set_env("LEDGER_PROXY_ADDRESS", "127.0.0.1");
    sandbox.set_env("LEDGER_PROXY_PORT", &port);
    sandbox.write("words", WORDS)?;
    for path in ["m/44'/60'/0'/0/0", "m/44'/60'/0'/1"] {
        let by_words =
            sandbox.ok(["keygen", "nick.eth", "--mnemonic", "words", "--hd-path", path])?;
        let by_device = sandbox.ok(["keygen", "nick.eth", "--ledger", "--hd-path", path])?;
        ensure!(by_words == by_device, "{path}: {by_words} {by_device}");
    }
    Ok(())
}
