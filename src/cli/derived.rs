//! The keys that an open wallet gives.

use std::rc::Rc;

use namesys::invoice::PrivateKey;
use namesys::keys::{Identity, IpnsKey, KeyPlan, NostrKey, NostrUsername, SignerKey};
use namesys::request::{EncryptionKey, Extradata, Request, Signature, Step};
use namesys::secret::{Secret, SecretString};
use namesys::stealth::StealthKeys;
use namesys::wallet::{WalletError, sign_checked, sign_twice};
use namesys::workspace::RecordedKeys;

use super::context::Context;
use super::error::CliError;
use super::given::Given;
use super::open_wallet::OpenWallet;
use super::password_args;

/// An open wallet with everything to derive its keys.
pub struct Deriver {
    /// The wallet.
    pub wallet: OpenWallet,
    /// What decides the keys.
    pub plan: KeyPlan,
    pub(super) password: SecretString,
    /// Whether each request is signed twice and compared: until the keys are recorded.
    pub(super) twice: bool,
    /// Whether the wallet is a contract, as far as it was asked.
    pub contract: Option<bool>,
    /// The keys of the workspace, as far as they are recorded.
    pub(super) known: RecordedKeys,
    /// How often the password is asked for again, where it gives other keys.
    pub(super) tries: u8,
    pub(super) given: Rc<Given>,
}

impl Deriver {
    /// Signs each request twice and compares, also when the keys are recorded.
    pub fn always_twice(self) -> Self {
        Self { twice: true, ..self }
    }

    /// Tells whoever sees the progress how many signatures are to come.
    fn announce(&self, requests: &[Request<'_>]) {
        let is_new =
            |request: &&Request<'_>| self.given.signed(&request.to_string(), self.twice).is_none();
        let new = requests.iter().filter(is_new).count();
        self.wallet.announce(if self.twice { 2 * new } else { new });
    }

    async fn sign(&self, request: &Request<'_>) -> Result<Secret<Signature>, CliError> {
        let (wallet, text) = (self.wallet.as_wallet(), request.to_string());
        if let Some(signature) = self.given.signed(&text, self.twice) {
            return Ok(signature);
        }
        let signature = self.have_signed(request).await?;
        // Nobody confirms the same text again for another step of the same command.
        if wallet.asks_a_person() {
            self.given.keep_signed(text, &signature, self.twice);
        }
        Ok(signature)
    }

    async fn have_signed(&self, request: &Request<'_>) -> Result<Secret<Signature>, CliError> {
        let wallet = self.wallet.as_wallet();
        // What is compared is whether the wallet signs the same twice; signatures that were
        // brought were compared when they were read.
        let signed = if self.twice {
            sign_twice(wallet, request).await
        } else {
            sign_checked(wallet, request).await
        };
        signed.map_err(|error| {
            let flag = match &error {
                WalletError::SignatureMissing { step: Step::Sign1, .. } => "--ipns-signature",
                WalletError::SignatureMissing { step: Step::Sign2, .. } => "--signer-signature",
                WalletError::SignatureMissing {
                    step: Step::Nostr | Step::StealthKeys | Step::Encryption,
                    ..
                } => {
                    return CliError::from(error).hint(
                        "this key needs a wallet that signs here: --private-key-file, --keystore, \
                         --account, --ledger, --trezor or --browser",
                    );
                }
                _ => return error.into(),
            };
            CliError::from(error).hint(format!(
                "namesys keygen --requests prints the text; sign it with the wallet and give \
                 {flag} FILE"
            ))
        })
    }

    /// The IPNS key, from SIGN 1.
    ///
    /// # Errors
    /// Those of the wallet and of the prompt.
    pub fn ipns_key(&mut self, context: &Context) -> Result<IpnsKey, CliError> {
        self.announce(&[self.plan.sign1(&self.password)]);
        self.ipns(context)
    }

    /// The records signer, from SIGN 2.
    ///
    /// # Errors
    /// As [`ipns_key`](Self::ipns_key).
    pub fn signer_key(&mut self, context: &Context) -> Result<SignerKey, CliError> {
        self.announce(&[self.plan.sign2(&self.password)]);
        self.signer(context)
    }

    /// Both keys.
    ///
    /// # Errors
    /// As [`ipns_key`](Self::ipns_key).
    pub fn both(&mut self, context: &Context) -> Result<(IpnsKey, SignerKey), CliError> {
        self.announce(&[self.plan.sign1(&self.password), self.plan.sign2(&self.password)]);
        // The one that shows a mistyped password comes first.
        if self.known.ipns_name.is_none() && self.known.signer.is_some() {
            let signer = self.signer(context)?;
            return Ok((self.ipns(context)?, signer));
        }
        let ipns = self.ipns(context)?;
        Ok((ipns, self.signer(context)?))
    }

    fn ipns(&mut self, context: &Context) -> Result<IpnsKey, CliError> {
        loop {
            let key = context.block_on(async {
                let signature = self.sign(&self.plan.sign1(&self.password)).await?;
                Ok(IpnsKey::from_seed(&self.plan.ipns_seed(signature.expose(), &self.password)))
            })?;
            if !self.is_asked_again(self.known.ipns_name, key.name(), context)? {
                return Ok(key);
            }
        }
    }

    fn signer(&mut self, context: &Context) -> Result<SignerKey, CliError> {
        loop {
            let key = context.block_on(async {
                let signature = self.sign(&self.plan.sign2(&self.password)).await?;
                Ok(self.plan.signer(signature.expose(), &self.password)?)
            })?;
            if !self.is_asked_again(self.known.signer, key.address(), context)? {
                return Ok(key);
            }
        }
    }

    /// Asks for the password again, where these are not the workspace's keys and there is another
    /// try. Otherwise they are as they are, and whoever records them refuses others.
    fn is_asked_again<T: PartialEq>(
        &mut self,
        known: Option<T>,
        derived: T,
        context: &Context,
    ) -> Result<bool, CliError> {
        let Some(known) = known else { return Ok(false) };
        if known == derived {
            // The password is the right one.
            self.tries = 0;
        }
        if self.tries == 0 {
            return Ok(false);
        }
        self.tries -= 1;
        context.output.ask_about(
            "These are not the keys of this workspace: the password is another, or --derivation or \
             --compat, or the wallet signs differently each time. Try again.",
        );
        self.password = password_args::again(context)?;
        Ok(true)
    }

    /// The nostr key of `username`.
    ///
    /// # Errors
    /// Those of the wallet.
    pub fn nostr_key(
        &self,
        username: &NostrUsername,
        context: &Context,
    ) -> Result<NostrKey, CliError> {
        let (wallet, username) = (self.plan.wallet, username.as_str());
        let request = Request::NostrLogin { username, wallet };
        self.announce(&[request]);
        let signature = context.block_on(self.sign(&request))?;
        let identity = Identity { wallet, username: username.to_owned() };
        let key = NostrKey::derive(signature.expose(), &self.password, &identity);
        key.map_err(|error| CliError::usage(error.to_string()))
    }

    /// The stealth keys.
    ///
    /// # Errors
    /// Those of the wallet.
    pub fn stealth_keys(&self, context: &Context) -> Result<StealthKeys, CliError> {
        let (wallet, origin) = (self.plan.wallet, self.plan.origin());
        let extradata = Extradata::of_password(&self.password, wallet.address);
        let request = Request::GenerateStealthKeys { origin, extradata, wallet };
        self.announce(&[request]);
        let signature = context.block_on(self.sign(&request))?;
        let identity = Identity { wallet, username: origin.to_string() };
        Ok(StealthKeys::derive(signature.expose(), &self.password, &identity)?)
    }

    /// The RSA key that invoices are encrypted to.
    ///
    /// # Errors
    /// Those of the wallet.
    pub fn invoice_key(
        &self,
        kind: EncryptionKey,
        context: &Context,
    ) -> Result<PrivateKey, CliError> {
        let request = self.plan.sign_encryption(kind, &self.password);
        self.announce(&[request]);
        let signature = context.block_on(self.sign(&request))?;
        Ok(PrivateKey::from_seed(self.plan.invoice_seed(signature.expose(), &self.password)))
    }

    /// Whether two signatures of both requests were compared.
    pub fn compared(&self) -> bool {
        let requests = [self.plan.sign1(&self.password), self.plan.sign2(&self.password)];
        requests.iter().all(|request| self.wallet.compares(request))
    }

    /// What is recorded of these keys.
    pub fn recorded(&self, ipns: Option<&IpnsKey>, signer: Option<&SignerKey>) -> RecordedKeys {
        RecordedKeys {
            wallet: Some(self.plan.wallet.address),
            ipns_name: ipns.map(IpnsKey::name),
            signer: signer.map(SignerKey::address),
            derivation: ipns.map(|_| self.plan.derivation),
            compat: signer.map(|_| self.plan.compat),
        }
    }
}
