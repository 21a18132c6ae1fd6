//! What stands behind the page's wallets: a key of the test, and a will of its own.

use std::time::{Duration, Instant};

use alloy::providers::Provider;
use alloy_primitives::{B256, hex};
use anyhow::{Context, Result, bail, ensure};
use namesys::devnet::chain::CHAIN_ID;
use namesys::keys::SignerKey;
use namesys::request::eip191_digest;
use secp256k1::{Message, SECP256K1, SecretKey};
use serde_json::{Value, json};

use super::chromium::{Chromium, LIMIT};
use crate::people::person;
use crate::world::World;

/// How it answers what it is to sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    Good,
    /// The person says no.
    Declines,
    /// An object, where a signature is due.
    Garbage,
    /// The first time an error.
    Fails,
    /// Another signature each time.
    Random,
    /// Signs with the key of another.
    Another,
    /// A number that JSON does not have.
    BigInt,
    /// It has no account to show.
    Locked,
    /// Says that it switched its chain, and did not.
    Stays,
}

/// The fields of a transaction that wallets know.
const KNOWN: [&str; 11] = [
    "from",
    "to",
    "value",
    "data",
    "gas",
    "gasPrice",
    "maxFeePerGas",
    "maxPriorityFeePerGas",
    "nonce",
    "type",
    "chainId",
];

pub struct FakeWallet<'a> {
    /// Which of the people's keys it has.
    number: u8,
    pub mood: Mood,
    chain: u64,
    knows_chain: bool,
    world: Option<&'a World>,
    /// So many other transactions of the account went out.
    pub overtaken: u64,
    /// What it was asked, by method.
    pub asked: Vec<(String, Value)>,
    /// What it signed.
    pub signatures: Vec<String>,
}

impl<'a> FakeWallet<'a> {
    /// On mainnet; it does not know the devnet's chain.
    pub fn new(number: u8, mood: Mood) -> Self {
        let (asked, signatures) = (Vec::new(), Vec::new());
        let (knows_chain, world, overtaken) = (false, None, 0);
        Self { number, mood, chain: 1, knows_chain, world, overtaken, asked, signatures }
    }

    pub fn on(self, world: &'a World) -> Self {
        Self { world: Some(world), ..self }
    }

    pub fn key(&self) -> SignerKey {
        person(self.number)
    }

    pub fn becomes(&mut self, number: u8) {
        self.number = number;
    }

    pub fn count(&self, method: &str) -> usize {
        self.asked.iter().filter(|(asked, _)| asked == method).count()
    }

    /// Answers what the page asks until it says `words`, pressing what is to be pressed.
    pub async fn until(&mut self, page: &Chromium, words: &str) -> Result<()> {
        self.pressing(page, &["with the wallet"], words).await
    }

    /// Answers, and presses nothing.
    pub async fn answers_until(&mut self, page: &Chromium, words: &str) -> Result<()> {
        self.pressing(page, &[], words).await
    }

    async fn pressing(&mut self, page: &Chromium, press: &[&str], words: &str) -> Result<()> {
        const BUTTON: &str = "return [...document.querySelectorAll('button')].some((one) =>
            one.offsetParent !== null && !one.disabled && one.textContent.includes(arguments[0]))";
        let began = Instant::now();
        loop {
            self.answer(page).await?;
            let text = page.text().await?;
            if text.contains(words) {
                return Ok(());
            }
            if began.elapsed() > LIMIT {
                bail!("the page does not say {words:?}, but: {text}\nasked: {:?}", self.asked);
            }
            for button in press {
                if page.run(BUTTON, &[json!(button)]).await? == true {
                    page.press(button).await?;
                }
            }
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    async fn answer(&mut self, page: &Chromium) -> Result<()> {
        let asked = page.run("return window.asked || []", &[]).await?;
        for one in asked.as_array().context("asked")?.clone() {
            let method = one["method"].as_str().context("method")?;
            self.asked.push((method.to_owned(), one["params"].clone()));
            let (result, error) = match self.of(method, &one["params"]).await? {
                Ok(result) => (result, Value::Null),
                Err(error) => (Value::Null, error),
            };
            let script = "window.answer(arguments[0], arguments[1], arguments[2])";
            page.run(script, &[one["id"].clone(), result, error]).await?;
        }
        Ok(())
    }

    async fn of(&mut self, method: &str, params: &Value) -> Result<Result<Value, Value>> {
        let unknown = json!({ "code": 4902, "message": "Unrecognized chain ID" });
        Ok(match method {
            "eth_accounts" | "eth_requestAccounts" if self.mood == Mood::Locked => Ok(json!([])),
            "eth_accounts" | "eth_requestAccounts" => Ok(json!([self.key().address().to_string()])),
            "wallet_requestPermissions" => Ok(json!([])),
            "eth_chainId" => Ok(json!(format!("{:#x}", self.chain))),
            "wallet_switchEthereumChain" if self.mood == Mood::Stays => Ok(Value::Null),
            "wallet_switchEthereumChain" if !self.knows_chain => Err(unknown),
            "wallet_switchEthereumChain" => {
                ensure!(params[0]["chainId"] == format!("{CHAIN_ID:#x}"), "{params}");
                self.chain = CHAIN_ID;
                Ok(Value::Null)
            }
            "wallet_addEthereumChain" => {
                ensure!(params[0]["rpcUrls"][0].is_string(), "{params}");
                self.knows_chain = true;
                Ok(Value::Null)
            }
            "personal_sign" => self.sign(params)?,
            "eth_getTransactionCount" => {
                let world = self.world.context("a chain")?;
                let count: String = world
                    .chain
                    .provider()
                    .raw_request(method.to_owned().into(), params.clone())
                    .await?;
                let count = u64::from_str_radix(count.trim_start_matches("0x"), 16)?;
                Ok(json!(format!("{:#x}", count + self.overtaken)))
            }
            "eth_sendTransaction" => {
                ensure!(self.chain == CHAIN_ID, "sent on another chain");
                self.send(params).await?
            }
            other => bail!("the page asked {other}"),
        })
    }

    fn sign(&mut self, params: &Value) -> Result<Result<Value, Value>> {
        let text = String::from_utf8(hex::decode(params[0].as_str().context("text")?)?)?;
        ensure!(params[1] == self.key().address().to_string(), "{params}");
        let good = |key: &SignerKey| format!("{:x}", key.sign_text(&text));
        let signature = match self.mood {
            Mood::Good | Mood::Stays | Mood::Locked => good(&self.key()),
            Mood::BigInt => return Ok(Ok(json!("BIGINT"))),
            Mood::Random => randomised(&self.key(), &text, self.signatures.len())?,
            Mood::Another => good(&person(self.number + 1)),
            Mood::Garbage => return Ok(Ok(json!({ "signature": good(&self.key()) }))),
            Mood::Declines => {
                return Ok(Err(json!({ "code": 4001, "message": "User rejected the request." })));
            }
            Mood::Fails => {
                self.mood = Mood::Good;
                return Ok(Err(json!({ "code": -32002, "message": "The wallet is locked." })));
            }
        };
        self.signatures.push(signature.clone());
        Ok(Ok(json!(signature)))
    }

    async fn send(&self, params: &Value) -> Result<Result<Value, Value>> {
        let world = self.world.context("a chain")?;
        let provider = world.chain.provider();
        let from = params[0]["from"].clone();
        let _: Option<Value> =
            provider.raw_request("anvil_impersonateAccount".into(), json!([from])).await?;
        // As MetaMask does, it leaves out what it does not know.
        let mut known = params[0].as_object().context("a transaction")?.clone();
        known.retain(|field, _| KNOWN.contains(&field.as_str()));
        let request = json!([known]);
        let hash: B256 = provider.raw_request("eth_sendTransaction".into(), request).await?;
        Ok(Ok(json!(hash.to_string())))
    }
}

/// A good signature with another nonce each time.
fn randomised(key: &SignerKey, text: &str, number: usize) -> Result<String> {
    let secret = SecretKey::from_byte_array(*key.scalar().expose())?;
    let message = Message::from_digest(eip191_digest(text).0);
    let nonce = [u8::try_from(number)? + 1; 32];
    let signed = SECP256K1.sign_ecdsa_recoverable_with_noncedata(message, &secret, &nonce);
    let (recovery, compact) = signed.serialize_compact();
    let v = u8::try_from(i32::from(recovery))? + 27;
    Ok(hex::encode_prefixed([&compact[..], &[v]].concat()))
}
