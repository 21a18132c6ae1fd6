//! `demo`: the whole way, on a devnet of its own, with a throw-away wallet. Every step is run
//! from the line a person would type.

use std::io::{self, Write};
use std::path::Path;

use alloy_primitives::Address;
use clap::Parser;
use namesys::devnet::chain::{ChainConfig, ChainDevnet, ChainGateways};
use namesys::devnet::{DevnetConfig, DevnetHandle, DevnetUrls};
use namesys::ens::Name;
use namesys::keys::{SignerKey, file};
use namesys::report::{DemoReport, DemoStep, ErrorKind};
use namesys::secret::Secret;
use namesys::temporary::Temporary;

use crate::cli::context::Context;
use crate::cli::env;
use crate::cli::error::{CliError, Exit};
use crate::cli::output::{Human, Outcome, Output};
use crate::cli::{Cli, run as run_command};

/// `demo`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// With a chain (anvil): the name is registered, set up, and resolved through its resolver
    #[arg(long)]
    chain: bool,
}

const NAME: &str = "nick.eth";
const BATCH: &str = "name,record,value
alice.nick.eth,address/eth,0x00000000000000000000000000000000000A11cE
alice.nick.eth,text/avatar,https://example.com/alice.png
bob.nick.eth,address/btc,bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4
";

/// Runs every step; the first that fails ends it.
pub fn run(args: Args, context: &Context) -> Result<Outcome, CliError> {
    let folder = tempfile::tempdir()
        .map_err(|error| CliError::io("a temporary folder cannot be made", &error))?;
    let _temporary = Temporary::new(folder.path());
    context.hear_signals()?;
    let devnet = DevnetHandle::spawn(DevnetConfig::ephemeral())?;
    let (owner, files) = prepare(folder.path(), &devnet.urls())?;
    let chain = match args.chain {
        true => Some(chain(&devnet, owner, context)?),
        false => None,
    };
    env::close();
    let mut demo = Demo { dir: folder.path(), output: context.output, steps: Vec::new() };
    demo.say("A devnet runs inside this process; a wallet was made that nobody will see again.");
    let error = match &chain {
        Some(chain) => demo.on_chain(chain.rpc_url(), &owner.to_string(), &files),
        None => demo.all(&owner.to_string(), &files),
    };
    let error = error.err();
    Ok(Outcome::partial(DemoReport { steps: demo.steps }, error))
}

/// A chain where the wallet owns the name, and has ether for gas.
fn chain(
    devnet: &DevnetHandle,
    owner: Address,
    context: &Context,
) -> Result<ChainDevnet, CliError> {
    let gateways = ChainGateways::local(devnet.addr().to_string());
    let config = ChainConfig { anvil: env::anvil()?, port: 0, gateways };
    context.block_on(async {
        let chain = ChainDevnet::start(config).await?;
        chain.register(&Name::parse(NAME)?, owner, Address::ZERO).await?;
        chain.fund(owner).await?;
        Ok(chain)
    })
}

/// Files a person would have: a wallet key, a password, a batch of records, endpoints.
struct Files {
    wallet: String,
    password: String,
    batch: String,
    endpoints: String,
}

fn prepare(dir: &Path, urls: &DevnetUrls) -> Result<(Address, Files), CliError> {
    let wallet = throw_away_wallet()?;
    let path = |name: &str| dir.join(name);
    file::write_signer_key(&path("wallet.key"), &wallet)?;
    file::create_new(&path("password.txt"), b"correct horse battery staple\n")?;
    file::create_new(&path("batch.csv"), BATCH.as_bytes())?;
    let endpoints = format!(
        "\n[[uploads]]\nkind = \"kubo\"\nurl = \"{}\"\n\n[[publishers]]\nkind = \"w3name\"\nurl = \"{}\"\n\n[gateways]\nipfs = [\"{}\"]\n",
        urls.kubo, urls.w3name, urls.gateway
    );
    let text = |name: &str| path(name).display().to_string();
    let files = Files {
        wallet: text("wallet.key"),
        password: text("password.txt"),
        batch: text("batch.csv"),
        endpoints,
    };
    Ok((wallet.address(), files))
}

fn throw_away_wallet() -> Result<SignerKey, CliError> {
    loop {
        let mut scalar = [0; 32];
        getrandom::fill(&mut scalar)
            .map_err(|error| CliError::new(Exit::Failed, ErrorKind::Random, error.to_string()))?;
        // All but a few in 2^128 are keys.
        if let Ok(key) = SignerKey::from_scalar(&Secret::new(scalar)) {
            return Ok(key);
        }
    }
}

struct Demo<'a> {
    dir: &'a Path,
    output: Output,
    steps: Vec<DemoStep>,
}

impl Demo<'_> {
    fn all(&mut self, owner: &str, files: &Files) -> Result<(), CliError> {
        let Files { wallet, password, batch, .. } = files;
        let keys = ["--private-key-file", wallet, "--key-password-file", password];
        self.step("Make a workspace.", &["init", NAME])?;
        self.configure(files)?;
        self.step(
            "Say what should be true.",
            &["set", "text", "avatar", "https://example.com/me.png"],
        )?;
        self.step("", &["set", "address", "eth", owner])?;
        self.step(
            "",
            &[
                "set",
                "contenthash",
                "ipfs://bafybeibj6lixxzqtsb45ysdjnupvqkufgdvzqbnvmhw2kf7cfkesy7r7d4",
            ],
        )?;
        self.step("Subnames, many at once.", &["import", batch])?;
        let keygen = self.step(
            "Derive the IPNS key and the records signer from the wallet.",
            &[&["keygen"], &keys[..]].concat(),
        )?;
        self.step(
            "Sign: the wallet approves the signer, the signer signs the records.",
            &[&["sign"], &keys[..]].concat(),
        )?;
        self.step("Check what the resolver would check.", &["verify"])?;
        self.step(
            "Upload the tree, point the IPNS name at it, read it back.",
            &[&["publish"], &keys[..]].concat(),
        )?;
        let recordhash = format!("ipns://{}", text_at(&keygen, "/ipns/name"));
        let facts = ["--recordhash", &recordhash, "--owner", owner];
        self.step(
            "Resolve over the gateway, every hash and signature checked.",
            &[&["resolve", NAME], &facts[..]].concat(),
        )?;
        self.step("", &[&["resolve", "alice.nick.eth"], &facts[..]].concat())?;
        self.step(
            "Change one record; only that is signed again.",
            &["set", "text", "avatar", "https://example.com/new.png"],
        )?;
        self.step("", &["diff"])?;
        self.step("", &[&["sign"], &keys[..]].concat())?;
        self.step("", &[&["publish"], &keys[..]].concat())?;
        let last = self.step("", &[&["resolve", NAME, "text/avatar"], &facts[..]].concat())?;
        let shown = text_at(&last, "/records/0/value");
        if shown != "https://example.com/new.png" {
            let message = format!("the new avatar did not arrive: {shown}");
            return Err(CliError::new(Exit::Failed, ErrorKind::Demo, message));
        }
        self.say("That was the whole way. Nothing of it is left on this machine.");
        Ok(())
    }

    /// Registered on a chain, set up there, and resolved through the resolver's own lookups.
    fn on_chain(&mut self, rpc: &str, owner: &str, files: &Files) -> Result<(), CliError> {
        let Files { wallet, password, batch, .. } = files;
        let keys = ["--private-key-file", wallet, "--key-password-file", password];
        let node = ["--rpc-url", rpc];
        self.say("So does a chain (anvil, chain id 31337), on which the wallet owns nick.eth.");
        self.step("Make a workspace.", &["init", NAME, "--chain-id", "31337"])?;
        self.configure(files)?;
        self.step(
            "Say what should be true.",
            &["set", "text", "avatar", "https://example.com/me.png"],
        )?;
        self.step("Subnames, which the registry need not know.", &["import", batch])?;
        self.step(
            "Derive the keys, sign, publish: no gas so far.",
            &[&["sign"], &keys[..]].concat(),
        )?;
        let published = self.step("", &[&["publish"], &keys[..]].concat())?;
        let recordhash = format!("ipns://{}", text_at(&published, "/ipns_name"));
        self.step(
            "Make the name use its records: what stands on chain, and what is missing.",
            &[&["setup", "--calldata", "--from", owner, "--recordhash", &recordhash], &node[..]]
                .concat(),
        )?;
        self.step("Send it.", &[&["setup", "--yes"], &node[..], &keys[..]].concat())?;
        self.step(
            "Resolve as everyone can: the resolver's own lookup, every signature checked here \
             and by the contract.",
            &[&["resolve", NAME], &node[..]].concat(),
        )?;
        let last =
            self.step("", &[&["resolve", "alice.nick.eth", "text/avatar"], &node[..]].concat())?;
        let shown = text_at(&last, "/records/0/value");
        if shown != "https://example.com/alice.png" {
            let message = format!("the subname's avatar did not arrive: {shown}");
            return Err(CliError::new(Exit::Failed, ErrorKind::Demo, message));
        }
        self.step("Does everything stand?", &[&["doctor"], &node[..]].concat())?;
        self.say("That was the whole way. Nothing of it is left on this machine.");
        Ok(())
    }

    /// What a person does with an editor: endpoints into `namesys.toml`.
    fn configure(&mut self, files: &Files) -> Result<(), CliError> {
        let path = self.dir.join("namesys.toml");
        self.say("Endpoints: the devnet's, in namesys.toml.");
        let failed = |error| CliError::io("namesys.toml cannot be written", &error);
        let mut toml = std::fs::OpenOptions::new().append(true).open(path).map_err(failed)?;
        toml.write_all(files.endpoints.as_bytes()).map_err(failed)
    }

    /// Shows the line, runs it, shows its result.
    fn step(&mut self, why: &str, words: &[&str]) -> Result<serde_json::Value, CliError> {
        if !why.is_empty() {
            self.say(why);
        }
        let folder = format!("{}/", self.dir.display());
        let line: Vec<String> =
            words.iter().map(|word| quoted(&word.replace(&folder, ""))).collect();
        let line = format!("namesys {}", line.join(" "));
        self.show(&format!("$ {line}"));
        let dir = self.dir.display().to_string();
        let arguments = ["namesys", "-q", "-C", &dir].into_iter().chain(words.iter().copied());
        let cli = Cli::try_parse_from(arguments)
            .map_err(|error| CliError::new(Exit::Failed, ErrorKind::Demo, error.to_string()))?;
        let outcome =
            Context::new(cli.global, "demo").and_then(|context| run_command(cli.command, &context));
        let (json, text, error) = match outcome {
            Ok(outcome) => outcome.into_parts(),
            Err(error) => (serde_json::Value::Null, String::new(), Some(error)),
        };
        text.replace(&folder, "").lines().for_each(|line| self.show(line));
        self.show("");
        self.steps.push(DemoStep { command: line, ok: error.is_none(), output: json.clone() });
        error.map_or(Ok(json), Err)
    }

    fn say(&self, text: &str) {
        self.show(&format!("# {text}"));
    }

    fn show(&self, line: &str) {
        if !self.output.is_json() {
            self.output.line(line);
        }
    }
}

fn text_at(json: &serde_json::Value, pointer: &str) -> String {
    json.pointer(pointer).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_./:=@%+,".contains(&b);
    if word.bytes().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

impl Human for DemoReport {
    fn human(&self, _out: &mut dyn Write) -> io::Result<()> {
        // Every step was shown as it ran.
        Ok(())
    }
}
