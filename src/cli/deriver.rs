//! Keys derived from a wallet: its flags, the password, signatures made elsewhere, and the plan.

use std::path::{Path, PathBuf};

use clap::Args;
use namesys::ens::Name;
use namesys::keys::{Compat, Derivation, IpnsKey, KeyPlan, SignerKey, Storage};
use namesys::report::ErrorKind;
use namesys::request::{Caip10, Request, Signature, Step};
use namesys::secret::{Secret, SecretString};
use namesys::wallet::{Address, ExternalWallet, WalletError, sign_checked, sign_twice};
use namesys::workspace::{Config, RecordedKeys};

use super::context::Context;
use super::error::{CliError, Exit};
use super::password_args::PasswordArgs;
use super::suggest::words;
use super::wallet_args::{OpenWallet, WalletArgs};

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
}

impl DeriveArgs {
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
        Ok(Deriver { wallet, plan, password, twice: new })
    }

    /// Keys of another password or wallet, reduced as those that are recorded. Each request is signed
    /// twice: nothing else would show a wallet that signs differently each time.
    pub fn derive_new(
        &self,
        wallet: OpenWallet,
        password: SecretString,
        keys_for: KeysFor,
        recorded: &RecordedKeys,
    ) -> Deriver {
        let plan = self.plan_for(keys_for, wallet.as_wallet().address(), recorded);
        Deriver { wallet, plan, password, twice: true }
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

/// Reads a signature file (`0x` and 130 digits) and checks that it is `wallet`'s of `request`.
///
/// # Errors
/// Exit 2 when it holds none, 3 when it is another one.
pub fn brought(
    context: &Context,
    wallet: Address,
    request: &Request<'_>,
    file: &Path,
) -> Result<Secret<Signature>, CliError> {
    check_brought(wallet, request, read_signature(context, file)?, file)
}

/// Reads a signature file, whosever it is.
///
/// # Errors
/// Exit 2 when it holds none.
pub fn read_signature(context: &Context, file: &Path) -> Result<Secret<Signature>, CliError> {
    let read = context.stdin.read_line("the signature", file)?;
    let signature = Signature::from_wallet(read.expose().trim());
    signature.map(Secret::new).map_err(|error| in_file(file, error.into()))
}

/// The signature that `file` holds, where it is `wallet`'s of `request`.
///
/// # Errors
/// Exit 3 when it is another one.
pub fn check_brought(
    wallet: Address,
    request: &Request<'_>,
    signature: Secret<Signature>,
    file: &Path,
) -> Result<Secret<Signature>, CliError> {
    let mut check = ExternalWallet::new(wallet);
    check.add(request, signature.clone()).map_err(|error| in_file(file, error.into()))?;
    Ok(signature)
}

/// Until keys are recorded nothing would show a mistyped password, or a wallet that signs differently
/// each time.
fn is_new(recorded: &RecordedKeys) -> bool {
    recorded.ipns_name.is_none() || recorded.signer.is_none()
}

/// `error`, with the file whose signature it is about.
fn in_file(file: &Path, error: CliError) -> CliError {
    let hint = match error.kind {
        ErrorKind::ForeignSignature => Some(
            "sign exactly the text that --requests prints, with personal_sign; the NameSys \
             password is part of it"
                .to_owned(),
        ),
        _ => error.hint,
    };
    let file = file.display();
    CliError { message: format!("{file}: {}", error.message), hint, ..error }
}

impl Deriver {
    /// So many keys are to be derived, for a person who sees how far it is.
    pub fn expect(&self, keys: usize) {
        self.wallet.expect(if self.twice { 2 * keys } else { keys });
    }

    /// Signs each request twice and compares, also when the keys are recorded.
    pub fn always_twice(self) -> Self {
        Self { twice: true, ..self }
    }

    async fn sign(&self, request: &Request<'_>) -> Result<Secret<Signature>, CliError> {
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
    /// The wallet's.
    pub async fn ipns_key(&self) -> Result<IpnsKey, CliError> {
        let signature = self.sign(&self.plan.sign1(&self.password)).await?;
        Ok(IpnsKey::from_seed(&self.plan.ipns_seed(signature.expose(), &self.password)))
    }

    /// The records signer, from SIGN 2.
    ///
    /// # Errors
    /// The wallet's.
    pub async fn signer_key(&self) -> Result<SignerKey, CliError> {
        let signature = self.sign(&self.plan.sign2(&self.password)).await?;
        Ok(self.plan.signer(signature.expose(), &self.password)?)
    }

    /// Whether two signatures of both requests were compared.
    pub fn compared(&self) -> bool {
        match &self.wallet {
            OpenWallet::Local(_) | OpenWallet::Browser(_) => true,
            OpenWallet::External(external) => {
                external.is_compared(&self.plan.sign1(&self.password))
                    && external.is_compared(&self.plan.sign2(&self.password))
            }
        }
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
