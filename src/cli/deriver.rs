//! Keys derived from a wallet: its flags, the password, signatures made elsewhere, and the plan.

use std::path::PathBuf;
use std::rc::Rc;

use clap::Args;
use namesys::ens::Name;
use namesys::keys::{Compat, Derivation, IpnsKey, KeyPlan, SignerKey, Storage};
use namesys::report::ErrorKind;
use namesys::request::{Caip10, Request, Signature, Step};
use namesys::secret::{Secret, SecretString};
use namesys::wallet::{Address, WalletError, sign_checked, sign_twice};
use namesys::workspace::{Config, RecordedKeys};

use super::context::Context;
use super::error::{CliError, Exit};
use super::given::Given;
use super::keys_args::{IpnsKeyArgs, SignerKeyArgs};
use super::open_wallet::OpenWallet;
use super::password_args::{self, PasswordArgs};
use super::prompt;
use super::remember::{self, RememberArgs};
use super::signature_files::{brought, in_file};
use super::suggest::words;
use super::wallet_args::WalletArgs;

/// How often the password is asked for, where it gives other keys than the workspace's.
const TRIES: u8 = 3;

/// The flags that decide which keys a wallet gives.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Keys")]
pub struct PlanArgs {
    /// How the IPNS key is reduced: noble-1.7 (the default) or noble-1.6, the older build
    #[arg(long, value_name = "BUILD", hide_possible_values = true,
          value_parser = words(&["noble-1.7", "noble-1.6"], str::parse::<Derivation>))]
    pub derivation: Option<Derivation>,
    /// web-client: SIGN 2 as the deployed web client writes it (another signer for wallet storage)
    #[arg(long, value_name = "CLIENT", hide_possible_values = true,
          value_parser = words(&["specification", "web-client"], str::parse::<Compat>))]
    pub compat: Option<Compat>,
}

/// The wallet, the password and, for wallets elsewhere, the signatures.
#[derive(Debug, Args)]
pub struct DeriveArgs {
    #[command(flatten)]
    pub wallet: WalletArgs,
    #[command(flatten)]
    pub password: PasswordArgs,
    #[command(flatten)]
    pub plan: PlanArgs,
    #[command(flatten)]
    pub remember: RememberArgs,
    /// A signature of SIGN 1 made elsewhere (with --from); give a second one to have them compared
    #[arg(long, value_name = "FILE", help_heading = "Wallet")]
    pub ipns_signature: Vec<PathBuf>,
    /// A signature of SIGN 2 made elsewhere (with --from); give a second one to have them compared
    #[arg(long, value_name = "FILE", help_heading = "Wallet")]
    pub signer_signature: Vec<PathBuf>,
}

/// What a derivation is for.
#[derive(Clone, Debug)]
pub struct KeysFor {
    pub name: Name,
    pub storage: Storage,
    pub signer_storage: Storage,
    pub chain_id: u64,
}

impl From<&Config> for KeysFor {
    fn from(config: &Config) -> Self {
        Self {
            name: config.name().clone(),
            storage: config.storage,
            signer_storage: config.signer_storage,
            chain_id: config.chain_id,
        }
    }
}

/// An open wallet with everything to derive its keys.
pub struct Deriver {
    /// The wallet.
    pub wallet: OpenWallet,
    /// What decides the keys.
    pub plan: KeyPlan,
    password: SecretString,
    /// Whether each request is signed twice and compared: until the keys are recorded.
    twice: bool,
    /// The keys of the workspace, as far as they are recorded.
    known: RecordedKeys,
    /// How often the password is asked for again, where it gives other keys.
    tries: u8,
    given: Rc<Given>,
}

impl DeriveArgs {
    /// The records signer of the workspace: of the flags, or remembered; where a wallet is given,
    /// that one is meant.
    ///
    /// # Errors
    /// Exit 2 when it is not a key.
    pub fn signer_at_hand(
        &self,
        given: &SignerKeyArgs,
        context: &Context,
        recorded: &RecordedKeys,
    ) -> Result<Option<SignerKey>, CliError> {
        match (given.get(context)?, recorded.signer) {
            (None, Some(address)) if !self.wallet.is_given()? => {
                Ok(remember::signer(context, address))
            }
            (given, _) => Ok(given),
        }
    }

    /// As [`signer_at_hand`](Self::signer_at_hand), of the IPNS key.
    ///
    /// # Errors
    /// Exit 2 when it is not a key.
    pub fn ipns_at_hand(
        &self,
        given: &IpnsKeyArgs,
        context: &Context,
        recorded: &RecordedKeys,
    ) -> Result<Option<IpnsKey>, CliError> {
        match (given.get(context)?, recorded.ipns_name) {
            (None, Some(name)) if !self.wallet.is_given()? => Ok(remember::ipns(context, &name)),
            (given, _) => Ok(given),
        }
    }

    /// Opens the wallet and reads the password and the signatures made elsewhere. `recorded` is
    /// what the workspace knows.
    ///
    /// # Errors
    /// Those of wallet, password and signature files.
    pub fn open(
        &self,
        context: &Context,
        keys_for: KeysFor,
        recorded: &RecordedKeys,
    ) -> Result<Deriver, CliError> {
        // Nobody is sent to a browser for what then lacks the password.
        let password = match self.wallet.asks_a_person() {
            true => Some(self.password.get(context, is_new(recorded))?),
            false => None,
        };
        let wallet = self.wallet.open_as(context, recorded.wallet)?;
        self.derive(wallet, password, context, keys_for, recorded)
    }

    /// As [`open`](Self::open), with a wallet that is open already.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn derive_with(
        &self,
        wallet: OpenWallet,
        context: &Context,
        keys_for: KeysFor,
        recorded: &RecordedKeys,
    ) -> Result<Deriver, CliError> {
        self.derive(wallet, None, context, keys_for, recorded)
    }

    fn derive(
        &self,
        mut wallet: OpenWallet,
        password: Option<SecretString>,
        context: &Context,
        keys_for: KeysFor,
        recorded: &RecordedKeys,
    ) -> Result<Deriver, CliError> {
        let address = wallet.as_wallet().address();
        if let Some(expected) = recorded.wallet
            && expected != address
        {
            let message = format!("the wallet is {address}, this workspace's is {expected}");
            return Err(CliError::new(Exit::Failed, ErrorKind::OtherWallet, message).hint(
                "give the wallet of this workspace; another one needs its own (namesys init)",
            ));
        }
        let new = is_new(recorded);
        let password = match password {
            Some(password) => password,
            None => self.password.get(context, new)?,
        };
        let plan = self.plan_for(keys_for, address, recorded);
        if let OpenWallet::External(external) = &mut wallet {
            let given = [
                ("--ipns-signature", plan.sign1(&password), &self.ipns_signature),
                ("--signer-signature", plan.sign2(&password), &self.signer_signature),
            ];
            let mut alone = Vec::new();
            for (flag, request, files) in given {
                for file in files {
                    let signature = brought(context, address, &request, file)?;
                    external
                        .add(&request, signature)
                        .map_err(|error| in_file(file, error.into()))?;
                }
                if !files.is_empty() && !external.is_compared(&request) {
                    alone.push(flag);
                }
            }
            if new && !alone.is_empty() {
                context.output.note(format_args!(
                    "one signature does not show that the wallet always signs the same; give {} \
                     twice, with a second signature of the same text, to have them compared",
                    alone.join(" and ")
                ));
            }
        }
        let is_asked = prompt::has_terminal() && !self.password.is_given()?;
        let tries = if is_asked && wallet.is_at_hand() { TRIES - 1 } else { 0 };
        let (known, given) = (recorded.clone(), Rc::clone(&context.given));
        Ok(Deriver { wallet, plan, password, twice: new, known, tries, given })
    }

    /// Keys of another password or wallet, reduced as those that are recorded. Each request is signed
    /// twice: nothing else would show a wallet that signs differently each time.
    pub fn derive_new(
        &self,
        wallet: OpenWallet,
        password: SecretString,
        context: &Context,
        keys_for: KeysFor,
        recorded: &RecordedKeys,
    ) -> Deriver {
        let plan = self.plan_for(keys_for, wallet.as_wallet().address(), recorded);
        let (known, given) = (RecordedKeys::default(), Rc::clone(&context.given));
        Deriver { wallet, plan, password, twice: true, known, tries: 0, given }
    }

    /// The plan for a wallet.
    pub fn plan_for(&self, keys_for: KeysFor, wallet: Address, recorded: &RecordedKeys) -> KeyPlan {
        let KeysFor { name, storage, signer_storage, chain_id } = keys_for;
        KeyPlan {
            name,
            storage,
            signer_storage,
            wallet: Caip10::new(chain_id, wallet),
            derivation: self.plan.derivation.or(recorded.derivation).unwrap_or_default(),
            compat: self.plan.compat.or(recorded.compat).unwrap_or_default(),
        }
    }
}

/// Until keys are recorded nothing would show a mistyped password, or a wallet that signs differently
/// each time.
fn is_new(recorded: &RecordedKeys) -> bool {
    recorded.ipns_name.is_none() || recorded.signer.is_none()
}

impl Deriver {
    /// Signs each request twice and compares, also when the keys are recorded.
    pub fn always_twice(self) -> Self {
        Self { twice: true, ..self }
    }

    /// Tells whoever sees the progress how many signatures are to come.
    fn expect(&self, requests: &[Request<'_>]) {
        let is_new =
            |request: &&Request<'_>| self.given.signed(&request.to_string(), self.twice).is_none();
        let new = requests.iter().filter(is_new).count();
        self.wallet.expect(if self.twice { 2 * new } else { new });
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
        self.expect(&[self.plan.sign1(&self.password)]);
        self.ipns(context)
    }

    /// The records signer, from SIGN 2.
    ///
    /// # Errors
    /// As [`ipns_key`](Self::ipns_key).
    pub fn signer_key(&mut self, context: &Context) -> Result<SignerKey, CliError> {
        self.expect(&[self.plan.sign2(&self.password)]);
        self.signer(context)
    }

    /// Both keys.
    ///
    /// # Errors
    /// As [`ipns_key`](Self::ipns_key).
    pub fn both(&mut self, context: &Context) -> Result<(IpnsKey, SignerKey), CliError> {
        self.expect(&[self.plan.sign1(&self.password), self.plan.sign2(&self.password)]);
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
            "These are not the keys of this workspace: the password is another than the one they \
             were made with. Try again.",
        );
        self.password = password_args::again(context)?;
        Ok(true)
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
