//! Resolvers that have records written elsewhere: every form of their errors, direct and wrapped,
//! from a contract of our own; a small database gateway, which verifies what it is sent; what is
//! refused; and calls that a contract lets through.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use alloy::providers::Provider;
use alloy::sol_types::{SolCall, SolError, SolStruct, SolValue, eip712_domain};
use alloy_primitives::{Address, Bytes, U256, address, hex};
use anyhow::{Context, Result, ensure};
use namesys::devnet::chain::{CHAIN_ID, PLAIN_RESOLVER, UNIVERSAL_RESOLVER};
use namesys::ens::Name;
use namesys::record::{RecordKey, Value};
use namesys::report::ErrorKind;
use namesys::request::{
    Caip10, Origin, PostForm, RecordsPost, Request, Signature, SignedRecord, VerifyContext,
};
use serde_json::{Value as Json, json};

use crate::cli::Run;
use crate::peers;
use crate::people::{key, name, person};
use crate::process::Server;
use crate::reports::kind;
use crate::world::World;

const ARTIFACT: &str = include_str!("../../../src/devnet/contracts/artifacts/WriteResolver.json");
const RESOLVER: Address = address!("00000000000000000000000000000000000057a7");
const NICK: &str = "nick.eth";

mod calls {
    alloy::sol! {
        function choose(uint8 form, bool wraps, string url, bytes metadata_, address contract_, uint256 chain);
        function hide(bool hides);
        function setText(bytes32 node, string key, string value);
        function multicall(bytes[] data);
        error Error(string message);
        struct Message { bytes data; address sender; uint256 expirationTimestamp; }
    }
    pub mod call_data {
        alloy::sol! {
            struct Message { bytes callData; address sender; uint256 expirationTimestamp; }
        }
    }
    pub mod parameters {
        alloy::sol! {
            struct Parameter { string name; string value; }
            struct Message {
                bytes4 functionSelector;
                address sender;
                Parameter[] parameters;
                uint256 expirationTimestamp;
            }
        }
    }
}

/// The contract's forms, by their number there.
#[derive(Clone, Copy, PartialEq)]
#[repr(u8)]
pub enum Form {
    Refused = 0,
    YIpns = 1,
    YDatabase = 2,
    Ipns = 4,
    Database = 5,
    L2 = 6,
    Solana = 7,
    LegacyL2 = 8,
    LegacyCallData = 9,
    LegacyParameters = 10,
    RoutedDatabase = 11,
    RoutedL1 = 12,
    RoutedL2 = 13,
    Onchain = 15,
    Offchain = 16,
    Unsupported = 17,
    OtherArguments = 18,
}

/// What the gateway does with what it takes.
#[derive(Clone, Copy, Default, PartialEq)]
pub enum Manner {
    #[default]
    Keeps,
    Forgets,
    Refuses,
    /// Whatever comes after so many.
    RefusesAfter(usize),
    /// Of several setters in one body, all but so many.
    KeepsOf(usize),
    /// Whatever comes after so many is kept, and no answer is given.
    HangsUpAfter(usize),
    /// Answers so many seconds later.
    Slow(u64),
    /// Answers with this status, and many words with control characters.
    Shouts(u16),
    /// The same of each setter in one body.
    ShoutsOfEach,
}

/// What nobody should see on a terminal, and more than anybody should read.
fn shouted() -> String {
    format!("\u{1b}[31m\u{7}no\u{202e}\r\n{}", "w0rd ".repeat(2000))
}

#[derive(Default)]
pub struct Kept {
    manner: Manner,
    /// By the call that reads it: the answer's body.
    answers: HashMap<String, String>,
    heads: Vec<String>,
    bodies: Vec<Json>,
}

/// A database gateway of ERC-7884, ENSIP-19 and ERC-7700.
pub struct Gateway {
    pub url: String,
    kept: Arc<Mutex<Kept>>,
}

impl Gateway {
    fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}", listener.local_addr()?);
        let kept: Arc<Mutex<Kept>> = Arc::default();
        let shared = kept.clone();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // What happens to a broken connection is what the client makes of it.
                let _ = serve(client, &shared);
            }
        });
        Ok(Self { url, kept })
    }

    pub fn set(&self, manner: Manner) {
        *self.kept.lock().unwrap() = Kept { manner, ..Kept::default() };
    }

    pub fn bodies(&self) -> Vec<Json> {
        self.kept.lock().unwrap().bodies.clone()
    }
}

fn serve(mut client: TcpStream, kept: &Mutex<Kept>) -> Result<()> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        ensure!(client.read(&mut byte)? == 1);
        head.push(byte[0]);
    }
    let head = String::from_utf8(head)?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("content-length").then(|| value.parse::<usize>().ok())?
    });
    let mut body = vec![0; length.unwrap_or(0)];
    client.read_exact(&mut body)?;
    let path = head.split(' ').nth(1).context("a path")?.to_owned();
    let mut kept = kept.lock().unwrap();
    let (status, kind, answer) = if head.starts_with("POST") {
        kept.heads.push(head.to_lowercase());
        let body: Json = serde_json::from_slice(&body)?;
        kept.bodies.push(body.clone());
        let before = kept.bodies.len() - 1;
        match (kept.manner, take(&body, kept.manner)) {
            (Manner::Refuses, _) => {
                (401, "application/json", json!({"error": "Unauthorized"}).to_string())
            }
            (Manner::RefusesAfter(some), _) if before >= some => {
                (401, "application/json", json!({"error": "Unauthorized"}).to_string())
            }
            (Manner::Shouts(status), _) => {
                (status, "application/json", json!({"error": shouted()}).to_string())
            }
            (_, Err(error)) => {
                (400, "application/json", json!({"message": error.to_string()}).to_string())
            }
            (Manner::Forgets, Ok((_, said))) => (200, "application/json", said),
            (manner, Ok((answers, said))) => {
                kept.answers.extend(answers);
                if matches!(manner, Manner::HangsUpAfter(some) if before >= some) {
                    return Ok(());
                }
                if let Manner::Slow(seconds) = manner {
                    thread::sleep(std::time::Duration::from_secs(seconds));
                }
                (200, "application/json", said)
            }
        }
    } else {
        let data = path.rsplit('/').next().and_then(|file| file.strip_suffix(".json"));
        match data.and_then(|data| kept.answers.get(data)) {
            Some(answer) if answer.starts_with("0x") => (200, "text/plain", answer.clone()),
            Some(answer) => (200, "application/json", answer.clone()),
            None => (404, "application/json", json!({"message": "nothing"}).to_string()),
        }
    };
    let length = answer.len();
    let head = format!(
        "HTTP/1.1 {status} x\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    client.write_all(head.as_bytes())?;
    client.write_all(answer.as_bytes())?;
    Ok(())
}

type Answers = Vec<(String, String)>;

/// What a body says once it is verified, and what is answered.
fn take(body: &Json, manner: Manner) -> Result<(Answers, String)> {
    if body.get("signature").is_none() {
        return Ok((take_records(body)?, "{}".to_owned()));
    }
    let wallet = person(1).address();
    let data: Bytes = body["data"].as_str().context("data")?.parse()?;
    let signed = &body["signature"];
    let contract: Address =
        signed["domain"]["verifyingContract"].as_str().context("domain")?.parse()?;
    let domain = eip712_domain! {
        name: "WriteResolver", version: "1", chain_id: CHAIN_ID, verifying_contract: contract,
    };
    let message = &signed["message"];
    // Within resolve() the resolver is its own sender.
    let sender: Address = message["sender"].as_str().context("sender")?.parse()?;
    let expires: U256 = message["expirationTimestamp"].as_str().context("expiry")?.parse()?;
    let digest = if message.get("data").is_some() {
        calls::Message { data: data.clone(), sender, expirationTimestamp: expires }
            .eip712_signing_hash(&domain)
    } else if message.get("callData").is_some() {
        calls::call_data::Message { callData: data.clone(), sender, expirationTimestamp: expires }
            .eip712_signing_hash(&domain)
    } else {
        let parameters =
            message["parameters"].as_array().context("parameters")?.iter().map(|one| {
                let text = |field: &str| one[field].as_str().unwrap_or_default().to_owned();
                calls::parameters::Parameter { name: text("name"), value: text("value") }
            });
        let selector: [u8; 4] = data[..4].try_into()?;
        calls::parameters::Message {
            functionSelector: selector.into(),
            sender,
            parameters: parameters.collect(),
            expirationTimestamp: expires,
        }
        .eip712_signing_hash(&domain)
    };
    let signature: Signature = signed["signature"].as_str().context("signature")?.parse()?;
    ensure!(signature.recover_digest(&digest)? == wallet, "another signer");
    if data.starts_with(&calls::multicallCall::SELECTOR) {
        let calls = calls::multicallCall::abi_decode(&data)?.data;
        let kept = match manner {
            Manner::KeepsOf(some) => some,
            Manner::ShoutsOfEach => 0,
            _ => calls.len(),
        };
        let answers = calls[..kept].iter().map(|call| set_text(call)).collect::<Result<_>>()?;
        let words = if manner == Manner::ShoutsOfEach { shouted() } else { "not this".to_owned() };
        let error = Bytes::from(calls::Error { message: words }.abi_encode());
        let one = |number: usize| if number < kept { Bytes::new() } else { error.clone() };
        let each: Vec<Bytes> = (0..calls.len()).map(one).collect();
        return Ok((answers, json!({"data": hex::encode_prefixed(each.abi_encode())}).to_string()));
    }
    Ok((vec![set_text(&data)?], json!({"data": "0x"}).to_string()))
}

/// As the public gateway answers reads: the bare hex.
fn set_text(call: &[u8]) -> Result<(String, String)> {
    let calls::setTextCall { key: of, value, .. } = calls::setTextCall::abi_decode(call)?;
    let read = key(&format!("text/{of}")).resolver_call_of(&name(NICK));
    Ok((hex::encode_prefixed(read), hex::encode_prefixed(value.abi_encode())))
}

fn take_records(body: &Json) -> Result<Answers> {
    let post = RecordsPost::parse(body.to_string().as_bytes())?;
    let owner = person(1).address();
    let fresh = post.freshness().context("the time of the posting")?;
    let mut answers = Vec::new();
    for record in post.records() {
        let payload = record.payload.clone();
        let said = post.freshness_request(fresh.timestamp, payload.signer);
        ensure!(said.recover(&fresh.signature)? == payload.signer, "another signer of the time");
        verify(&post, payload, &record.key, owner)?;
        let read = record.key.resolver_call_of(post.name());
        let data = json!({"data": hex::encode_prefixed(record.payload.encode())});
        answers.push((hex::encode_prefixed(read), data.to_string()));
    }
    Ok(answers)
}

/// By SIGN 3 and 4, or by the draft's own texts.
fn verify(
    post: &RecordsPost,
    payload: SignedRecord,
    key: &RecordKey,
    owner: Address,
) -> Result<()> {
    let named = [payload.signer];
    let approved_signers = if payload.approval.is_empty() { &named[..] } else { &[] };
    let context = VerifyContext { name: post.name(), owner, chain_id: CHAIN_ID, approved_signers };
    if payload.clone().verify(key, &context).is_ok() {
        return Ok(());
    }
    let (account, value) = (Caip10::new(CHAIN_ID, owner), Value::abi_decode(key, &payload.result)?);
    let origin = match post.form() {
        PostForm::Ensip19 => Origin::Name(post.name()),
        PostForm::Erc7700 => Origin::Account(account),
    };
    let text = value.to_string();
    let record = Request::UpdateData { origin, record: key, value: &text };
    ensure!(record.recover(&Signature::from_slice(&payload.signature)?)? == payload.signer);
    if !payload.approval.is_empty() {
        let approval =
            Request::ApproveDataSigner { origin, signer: payload.signer, owner: account };
        ensure!(approval.recover(&Signature::from_slice(&payload.approval)?)? == owner);
    }
    Ok(())
}

pub struct Scene {
    pub world: World,
    pub gateway: Gateway,
}

impl Scene {
    pub async fn start() -> Result<Self> {
        let world = World::start().await?;
        let artifact: Json = serde_json::from_str(ARTIFACT)?;
        let code: Bytes = artifact["bytecode"].as_str().context("bytecode")?.parse()?;
        world.chain.install(RESOLVER, code).await?;
        world.chain.register(&name(NICK), person(1).address(), RESOLVER).await?;
        world.chain.fund(person(1).address()).await?;
        Ok(Self { world, gateway: Gateway::start()? })
    }

    pub async fn choose(
        &self,
        form: Form,
        wraps: bool,
        metadata: Vec<u8>,
        at: (Address, u64),
    ) -> Result<()> {
        let call = calls::chooseCall {
            form: form as u8,
            wraps,
            url: self.gateway.url.clone(),
            metadata_: metadata.into(),
            contract_: at.0,
            chain: U256::from(at.1),
        };
        Ok(self.world.chain.send(person(1).address(), RESOLVER, call).await?)
    }

    /// Setters are answered within resolve() alone.
    pub async fn hide(&self, hides: bool) -> Result<()> {
        self.world
            .chain
            .send(person(1).address(), RESOLVER, calls::hideCall { hides })
            .await
            .map_err(Into::into)
    }

    /// The metadata of a database with this signer.
    pub fn database(&self, signer: Address) -> Vec<u8> {
        (self.gateway.url.clone(), signer).abi_encode_params()
    }

    pub fn run(&self, arguments: &[&str]) -> Run {
        // Nobody is there to be asked; ASKED leaves it unsaid.
        let is_said = arguments.contains(&"--yes") || arguments.contains(&ASKED);
        let yes: &[&str] = if is_said { &[] } else { &["--yes"] };
        let mut words = [&["write"], arguments, yes].concat();
        words.retain(|word| *word != ASKED);
        Run::namesys(&words)
            .on(&self.world)
            .env("ETH_PRIVATE_KEY", &hex::encode([1; 32]))
            .env("NAMESYS_KEY_PASSWORD", "")
    }

    pub async fn avatar(&self, code: i32, flags: &[&str]) -> Result<Json> {
        let words = [&[NICK, "text", "avatar", "ipfs://bafkreib"], flags].concat();
        self.run(&words).ends(code).await
    }
}

/// Gives nick.eth a resolver that hands its records to an IPNS key: inline, or by a function of its
/// own that the error names.
pub async fn hand_to_ipns(world: &World, inline: bool, metadata: Vec<u8>) -> Result<()> {
    let artifact: Json = serde_json::from_str(ARTIFACT)?;
    let code: Bytes = artifact["bytecode"].as_str().context("bytecode")?.parse()?;
    world.chain.install(RESOLVER, code).await?;
    world.chain.register(&name(NICK), person(1).address(), RESOLVER).await?;
    let call = calls::chooseCall {
        form: if inline { Form::Ipns } else { Form::YIpns } as u8,
        wraps: inline,
        url: String::new(),
        metadata_: metadata.into(),
        contract_: Address::ZERO,
        chain: U256::ZERO,
    };
    Ok(world.chain.send(person(1).address(), RESOLVER, call).await?)
}

pub const HERE: &str = "--allow-loopback";

/// Every form that names a database, direct and wrapped: posted as its text has it, verified by the
/// gateway, and read back through the resolver.
pub async fn databases() -> Result<()> {
    let scene = Scene::start().await?;
    let zero = scene.database(Address::ZERO);
    for (form, handler, profile) in [
        (Form::YDatabase, "StorageHandledByDatabase", "ensip-y"),
        (Form::Database, "StorageHandledByDatabase", "eip5559"),
        (Form::RoutedDatabase, "StorageRoutedToDatabase", "erc7700"),
        (Form::LegacyCallData, "StorageHandledByOffChainDatabase", "eip5559-legacy"),
        (Form::LegacyParameters, "StorageHandledByOffChainDatabase", "eip5559-legacy"),
        (Form::Offchain, "OperationHandledOffchain", "erc7884"),
    ] {
        for wraps in [false, true] {
            scene.gateway.set(Manner::Keeps);
            scene.choose(form, wraps, zero.clone(), (Address::ZERO, 0)).await?;
            let told = scene.avatar(0, &[HERE, "--dry-run"]).await?;
            ensure!(told["handler"] == handler && told["profile"] == profile, "{told}");
            ensure!(told["posted"] == false && scene.gateway.bodies().is_empty(), "{told}");
            // What the wallet is to sign is shown whole.
            let signs = told["messages"].as_array().map_or(0, Vec::len);
            let is_message = matches!(profile, "eip5559-legacy" | "erc7884");
            // Texts: the approval, the record, and when it is posted.
            ensure!(signs == if is_message { 1 } else { 3 }, "{told}");
            let message = &told["messages"][0];
            ensure!(!is_message || message["domain"]["chainId"] == CHAIN_ID, "{message}");
            ensure!(!is_message || message["message"]["sender"].is_string(), "{message}");
            let done = scene.avatar(0, &[HERE]).await?;
            ensure!(done["posted"] == true && done["read_back"] == true, "{done}");
            ensure!(done["records"][0]["ok"] == true, "{done}");
            ensure!(scene.gateway.bodies().len() == 1, "posted once");
            ensure!(is_message || signed_as_shown(&done, &scene.gateway.bodies()[0])?, "{done}");
        }
    }
    let heads = scene.gateway.kept.lock().unwrap().heads.clone();
    ensure!(heads.iter().all(|head| !head.contains("authorization")), "{heads:?}");
    Ok(())
}

/// Whether the texts that were shown are those whose signatures were posted.
fn signed_as_shown(done: &Json, body: &Json) -> Result<bool> {
    let text = |at: usize| done["messages"][at]["text"].as_str().context("a text");
    let posted = if body["records"].is_null() { &body["payload"] } else { &body["records"] };
    let data = posted["text"][0]["data"].as_str().context("data")?;
    let payload = SignedRecord::decode(&hex::decode(data)?)?;
    let by = |text: &str, signature: &[u8]| -> Result<Address> {
        Ok(namesys::request::recover(text, &Signature::from_slice(signature)?)?)
    };
    let signer = format!("{:x}", payload.signer);
    Ok(by(text(0)?, &payload.approval)? == person(1).address()
        && by(text(1)?, &payload.signature)? == payload.signer
        && text(2)?.to_lowercase().contains(&signer)
        && done["messages"][1]["record"] == "text/avatar"
        && done["messages"][1]["by"] == "signer")
}

/// Several records in one body; a signer that the metadata names; ENSIP-19 by flag.
pub async fn batches() -> Result<()> {
    let scene = Scene::start().await?;
    let table = "name,record,value\n\
                 nick.eth,text/avatar,one\n\
                 nick.eth,text/url,https://nick.example\n\
                 nick.eth,address/60,0x0000000000000000000000000000000000000001\n\
                 nick.eth,address/btc,bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4\n\
                 nick.eth,contenthash,ipfs://bafybeibj6lixxzqtsb45ysdjnupvqkufgdvzqbnvmhw2kf7cfkesy7r7d4\n";
    scene.choose(Form::Database, false, scene.database(Address::ZERO), (Address::ZERO, 0)).await?;
    let import = ["--import", "-", HERE, "--profile", "ensip19"];
    let done = scene.run(&import).input(table).ends(0).await?;
    ensure!(done["records"].as_array().is_some_and(|all| all.len() == 5), "{done}");
    ensure!(done["read_back"] == true, "{done}");
    let bodies = scene.gateway.bodies();
    ensure!(bodies.len() == 1 && bodies[0]["ens"] == NICK, "{bodies:?}");
    let payload = bodies[0]["records"]["text"][0]["data"].as_str().context("data")?;
    let signer = SignedRecord::decode(&hex::decode(payload)?)?.signer;

    // The metadata names that signer: no approval goes along. Another one: nothing is sent.
    scene.gateway.set(Manner::Keeps);
    scene.choose(Form::Database, false, scene.database(signer), (Address::ZERO, 0)).await?;
    let done = scene.avatar(0, &[HERE, "--profile", "ensip19"]).await?;
    ensure!(scene.gateway.bodies()[0]["approval"] == "0x", "{done}");
    let other = scene.database(Address::repeat_byte(7));
    scene.gateway.set(Manner::Keeps);
    scene.choose(Form::Database, false, other, (Address::ZERO, 0)).await?;
    let stopped = scene.avatar(1, &[HERE, "--profile", "ensip19"]).await?;
    ensure!(kind(&stopped) == Some(ErrorKind::OtherKeys), "{stopped}");
    ensure!(scene.gateway.bodies().is_empty(), "nothing was sent");

    // One message for several texts.
    scene.choose(Form::Offchain, false, Vec::new(), (Address::ZERO, 0)).await?;
    let texts = "name,record,value\nnick.eth,text/a,1\nnick.eth,text/b,2\n";
    let done = scene.run(&["--import", "-", HERE]).input(texts).ends(0).await?;
    ensure!(done["read_back"] == true && scene.gateway.bodies().len() == 1, "{done}");
    Ok(())
}

/// What is not followed, and what is not believed.
pub async fn refused() -> Result<()> {
    let scene = Scene::start().await?;
    let zero = scene.database(Address::ZERO);
    let nowhere = (Address::repeat_byte(9), 10);
    for (form, code, expected) in [
        (Form::Refused, 1, ErrorKind::Refused),
        (Form::OtherArguments, 3, ErrorKind::Contract),
        (Form::Unsupported, 1, ErrorKind::Unsupported),
        (Form::Solana, 1, ErrorKind::Contract),
        (Form::LegacyL2, 1, ErrorKind::NoRpc),
        (Form::RoutedL2, 1, ErrorKind::NoRpc),
        (Form::Onchain, 1, ErrorKind::NoRpc),
    ] {
        scene.choose(form, false, zero.clone(), nowhere).await?;
        let stopped = scene.avatar(code, &[HERE]).await?;
        ensure!(kind(&stopped) == Some(expected), "{} {stopped}", form as u8);
    }
    // The call for a wallet elsewhere.
    let printed = scene.avatar(0, &["--calldata"]).await?;
    ensure!(printed["target"]["chain_id"] == 10, "{printed}");
    let data = printed["transactions"][0]["data"].as_str().context("data")?;
    ensure!(data.starts_with("0x10f13a8c"), "{printed}");
    // The first EIP-5559 leads to another chain alone.
    scene.choose(Form::LegacyL2, false, Vec::new(), (RESOLVER, CHAIN_ID)).await?;
    ensure!(kind(&scene.avatar(1, &[]).await?) == Some(ErrorKind::Contract));
    // Round and round.
    scene.choose(Form::RoutedL1, false, Vec::new(), (RESOLVER, 0)).await?;
    let round = scene.avatar(1, &[]).await?;
    ensure!(kind(&round) == Some(ErrorKind::Contract), "{round}");
    // An account without code lets everything through, and keeps nothing.
    scene.choose(Form::RoutedL1, false, Vec::new(), (Address::repeat_byte(9), 0)).await?;
    let empty = scene.avatar(1, &["--yes"]).await?;
    ensure!(kind(&empty) == Some(ErrorKind::Contract), "{empty}");
    ensure!(empty["error"]["message"].to_string().contains("is not a contract"), "{empty}");
    // No address in a private network, before anything is signed.
    let private = ("https://10.0.0.1".to_owned(), Address::ZERO).abi_encode_params();
    scene.choose(Form::YDatabase, false, private, (Address::ZERO, 0)).await?;
    for flags in [&[HERE, "--dry-run"][..], &[HERE]] {
        let refused = scene.avatar(1, flags).await?;
        ensure!(kind(&refused) == Some(ErrorKind::BadAddress), "{refused}");
    }
    // No gateway on this machine, unless it is allowed; one that forgets; one that refuses.
    scene.choose(Form::YDatabase, false, zero, (Address::ZERO, 0)).await?;
    ensure!(kind(&scene.avatar(1, &[]).await?) == Some(ErrorKind::BadAddress));
    scene.gateway.set(Manner::Forgets);
    let lost = scene.avatar(1, &[HERE]).await?;
    ensure!(kind(&lost) == Some(ErrorKind::NotReadBack), "{lost}");
    ensure!(lost["posted"] == true && lost["read_back"] == false, "{lost}");
    scene.gateway.set(Manner::Refuses);
    let denied = scene.avatar(1, &[HERE]).await?;
    ensure!(kind(&denied) == Some(ErrorKind::Rejected), "{denied}");
    ensure!(denied["error"]["message"].as_str().is_some_and(|said| said.contains("Unauthorized")));
    // A record that the body has no place for.
    let set = [NICK, "name", "nick.eth", HERE];
    ensure!(kind(&scene.run(&set).ends(1).await?) == Some(ErrorKind::Unsupported));
    Ok(())
}

/// In the words of a run: without --yes.
pub const ASKED: &str = "asked";

/// A contract that lets the call through: itself, or one that the resolver names.
pub async fn on_chain() -> Result<()> {
    let scene = Scene::start().await?;
    let owner = person(1).address();
    // The resolver hands it to the one that keeps records, on the same chain.
    scene.choose(Form::RoutedL1, false, Vec::new(), (PLAIN_RESOLVER, 0)).await?;
    let told = scene.avatar(0, &["--dry-run"]).await?;
    ensure!(told["transactions"][0]["hash"].is_null(), "{told}");
    ensure!(told["target"]["chain_id"] == CHAIN_ID, "the chain that is asked: {told}");
    let asked = scene.avatar(2, &[ASKED]).await?;
    ensure!(kind(&asked) == Some(ErrorKind::NoTerminal), "{asked}");
    let done = scene.avatar(0, &["--yes"]).await?;
    ensure!(done["posted"] == true && done["read_back"] == true, "{done}");
    ensure!(done["transactions"][0]["state"] == "mined", "{done}");
    // The same as inline metadata, and as an ordinary resolver.
    let inline = (PLAIN_RESOLVER, U256::from(CHAIN_ID)).abi_encode_params();
    scene.choose(Form::L2, true, inline, (Address::ZERO, 0)).await?;
    let done = scene.avatar(0, &["--yes"]).await?;
    ensure!(done["read_back"] == true, "{done}");
    let plain: Name = name("plain.eth");
    scene.world.chain.register(&plain, owner, PLAIN_RESOLVER).await?;
    let text = ["plain.eth", "text", "url", "https://example.com", "--yes"];
    let done = scene.run(&text).ends(0).await?;
    ensure!(done["handler"].is_null() && done["read_back"] == true, "{done}");
    // A stranger.
    let stranger = scene.run(&text).env("ETH_PRIVATE_KEY", &hex::encode([2; 32]));
    let refused = stranger.ends(1).await?;
    ensure!(kind(&refused) == Some(ErrorKind::Refused), "{refused}");
    ensure!(refused["error"]["hint"].as_str().is_some_and(|hint| hint.contains("its owner is")));
    Ok(())
}

/// The chain id of the second chain.
pub const OTHER_CHAIN: u64 = 10;

/// Where nick.eth has its records on chain.
pub async fn second_chain() -> Result<World> {
    let (other, owner) = (World::start().await?, person(1).address());
    other.chain.register(&name(NICK), owner, PLAIN_RESOLVER).await?;
    other.chain.fund(owner).await?;
    let set = serde_json::json!([OTHER_CHAIN]);
    let _: Option<Json> =
        other.chain.provider().raw_request("anvil_setChainId".into(), set).await?;
    Ok(other)
}

/// A contract on another chain: the same calldata goes there, by the node that is on it, and is read
/// back there; the first chain gets nothing.
pub async fn other_chain() -> Result<()> {
    let (scene, other) = (Scene::start().await?, second_chain().await?);
    let both = format!("{},{}", scene.world.chain.rpc_url(), other.chain.rpc_url());
    let inline = (PLAIN_RESOLVER, U256::from(OTHER_CHAIN)).abi_encode_params();
    let value = |number: usize| format!("ipfs://other{number}");
    for (number, (form, inline)) in [
        (Form::Onchain, Vec::new()),
        (Form::RoutedL2, Vec::new()),
        (Form::LegacyL2, Vec::new()),
        (Form::L2, inline),
    ]
    .into_iter()
    .enumerate()
    {
        scene.choose(form, false, inline, (PLAIN_RESOLVER, OTHER_CHAIN)).await?;
        let words = [NICK, "text", "avatar", &*value(number), "--yes"];
        let done = scene.run(&words).env("ETH_RPC_URL", &both).ends(0).await?;
        ensure!(done["target"]["chain_id"] == OTHER_CHAIN, "{done}");
        ensure!(done["transactions"][0]["state"] == "mined" && done["read_back"] == true, "{done}");
        let there = Run::resolve(&[NICK, "text/avatar"]).on(&other).ends(0).await?;
        ensure!(there["records"][0]["value"] == *value(number), "{there}");
    }
    Ok(())
}

/// A resolver that names the gateway of this program, which runs until it is dropped.
async fn of_own_gateway(folder: &tempfile::TempDir) -> Result<(Scene, Server)> {
    let mut scene = Scene::start().await?;
    let file = format!("sqlite:{}", folder.path().join("records.db").display());
    let (owner, chain) = (person(1).address().to_string(), CHAIN_ID.to_string());
    let serve = ["serve", "--database", &file, "--owner", &owner, "--chain-id", &chain];
    let serve = Run::namesys(&[&serve[..], &["--listen", "127.0.0.1:0"]].concat());
    let limit = std::time::Duration::from_secs(60);
    let (server, line) = Server::start::<Json>(&mut serve.command(folder.path()), limit)?;
    scene.gateway.url = line["url"].as_str().context("url")?.trim_end_matches('/').to_owned();
    scene.choose(Form::Database, false, scene.database(Address::ZERO), (Address::ZERO, 0)).await?;
    Ok((scene, server))
}

/// What was written to it, as viem and ensjs read it.
pub async fn read_by_viem() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (scene, server) = of_own_gateway(&folder).await?;
    let account = "0x779981590E7Ccc0CFAe8040Ce7151324747cDb97";
    let table = format!(
        "name,record,value\n\
         nick.eth,text/avatar,https://nick.example/me.png\n\
         nick.eth,address/60,{account}\n\
         nick.eth,address/btc,bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4\n\
         nick.eth,contenthash,ipfs://bafybeibj6lixxzqtsb45ysdjnupvqkufgdvzqbnvmhw2kf7cfkesy7r7d4\n"
    );
    let import = ["--import", "-", HERE, "--profile", "ensip19"];
    let done = scene.run(&import).input(&table).ends(0).await?;
    ensure!(done["read_back"] == true, "{done}");
    let (rpc, universal) = (scene.world.chain.rpc_url(), UNIVERSAL_RESOLVER.to_string());
    let read = peers::run("reads.mjs", &[rpc, &universal, NICK]).await?;
    ensure!(read["text"] == "https://nick.example/me.png" && read["address"] == account, "{read}");
    ensure!(read["bitcoin"] == "0x0014751e76e8199196d454941c45d1b3a323f1433bd6", "{read}");
    let cid = "bafybeibj6lixxzqtsb45ysdjnupvqkufgdvzqbnvmhw2kf7cfkesy7r7d4";
    ensure!(read["contenthash"]["decoded"] == cid, "{read}");
    drop(server);
    Ok(())
}

/// Into the gateway of this program, which verifies all of it, and back again: a value that was
/// there before has the signature it had, and is newer by its signed time alone.
pub async fn own_gateway() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (scene, server) = of_own_gateway(&folder).await?;
    for value in ["ipfs://one", "ipfs://two", "ipfs://one"] {
        let words = [NICK, "text", "avatar", value, HERE, "--profile", "ensip19"];
        let done = scene.run(&words).ends(0).await?;
        ensure!(done["read_back"] == true && done["profile"] == "ensip19", "{done}");
        // Its times are whole seconds.
        tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    }
    // The draft's own texts are nothing that a contract rebuilds: the gateway does not take them.
    let words = [NICK, "text", "avatar", "x", HERE, "--profile", "eip5559"];
    let denied = scene.run(&words).ends(1).await?;
    ensure!(kind(&denied) == Some(ErrorKind::Rejected), "{denied}");
    drop(server);
    Ok(())
}
