//! Keys derived from a wallet: its flags, the password, signatures made elsewhere, and the plan.

use std::path::PathBuf;
use std::rc::Rc;

use clap::Args;
use namesys::ens::Name;
use namesys::keys::{Compat, Derivation, IpnsKey, KeyPlan, SignerKey, Storage};
use namesys::report::ErrorKind;
use namesys::request::Caip10;
use namesys::secret::SecretString;
use namesys::wallet::{Address, ExternalWallet, Wallet};
use namesys::workspace::{Config, RecordedKeys};

use super::account_code::refuse_contract;
use super::context::Context;
use super::derived::Deriver;
use super::error::{CliError, Exit};
use super::keys_args::{IpnsKeyArgs, SignerKeyArgs};
use super::open_wallet::OpenWallet;
use super::password_args::PasswordArgs;
use super::prompt;
use super::remember::RememberArgs;
use super::rpc_args::RpcArgs;
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
    /// Whether nothing that is recorded would show a mistyped password.
    pub unrecorded: bool,
}

impl From<&Config> for KeysFor {
    fn from(config: &Config) -> Self {
        Self {
            name: config.name().clone(),
            storage: config.storage,
            signer_storage: config.signer_storage,
            chain_id: config.chain_id,
            unrecorded: false,
        }
    }
}

impl DeriveArgs {
    /// Whether a flag says which keys are meant, or how they are made. What stands in a variable or in
    /// the user's file is for every workspace, and a remembered key is this one's.
    fn names_another(&self) -> bool {
        self.wallet.is_given_by_flag()
            || self.password.is_given_by_flag()
            || self.plan.derivation.is_some()
            || self.plan.compat.is_some()
            || !self.ipns_signature.is_empty()
            || !self.signer_signature.is_empty()
    }

    /// Whether both keys are derived although one would do: what is remembered is for a day's work.
    /// With signatures made elsewhere only those that were brought.
    pub fn wants_both(&self, deriver: &Deriver) -> bool {
        self.remember.is_asked() && !matches!(deriver.wallet, OpenWallet::External(_))
    }

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
        self.remember.check(context)?;
        match (given.get(context)?, recorded.signer) {
            (None, Some(address)) if !self.names_another() => {
                self.remember.signer(context, address)
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
        self.remember.check(context)?;
        match (given.get(context)?, recorded.ipns_name) {
            (None, Some(name)) if !self.names_another() => self.remember.ipns(context, &name),
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
        self.open_asking(context, &RpcArgs::default(), keys_for, recorded)
    }

    /// As [`open`](Self::open), asking the nodes as the command's flags say.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_asking(
        &self,
        context: &Context,
        rpc: &RpcArgs,
        keys_for: KeysFor,
        recorded: &RecordedKeys,
    ) -> Result<Deriver, CliError> {
        self.remember.check(context)?;
        // Nobody is sent to a browser for what then lacks the password.
        let password = match self.wallet.asks_a_person(context) {
            true => Some(self.password.get(context, is_new(recorded))?),
            false => None,
        };
        let wallet = self.wallet.open_as(context, recorded.wallet)?;
        self.derive((wallet, password), context, rpc, keys_for, recorded)
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
        self.derive((wallet, None), context, &RpcArgs::default(), keys_for, recorded)
    }

    fn derive(
        &self,
        (mut wallet, password): (OpenWallet, Option<SecretString>),
        context: &Context,
        rpc: &RpcArgs,
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
        let contract = match new {
            true => {
                let account = (address, keys_for.chain_id);
                refuse_contract(context, rpc, account, wallet.has_key())?
            }
            false => None,
        };
        let password = match password {
            Some(password) => password,
            None => self.password.get(context, new || keys_for.unrecorded)?,
        };
        let plan = self.plan_for(keys_for, address, recorded);
        if let OpenWallet::External(external) = &mut wallet {
            self.bring(external, &plan, &password, new, context)?;
        }
        let is_asked = prompt::has_terminal() && !self.password.is_given()?;
        let tries = if is_asked && wallet.is_at_hand() { TRIES - 1 } else { 0 };
        let (known, given) = (recorded.clone(), Rc::clone(&context.given));
        Ok(Deriver { wallet, plan, password, twice: new, contract, known, tries, given })
    }

    /// Takes the signatures that were made elsewhere, and says which are alone.
    fn bring(
        &self,
        external: &mut ExternalWallet,
        plan: &KeyPlan,
        password: &SecretString,
        new: bool,
        context: &Context,
    ) -> Result<(), CliError> {
        let given = [
            ("--ipns-signature", plan.sign1(password), &self.ipns_signature),
            ("--signer-signature", plan.sign2(password), &self.signer_signature),
        ];
        let mut alone = Vec::new();
        for (flag, request, files) in given {
            for file in files {
                let signature = brought(context, external.address(), &request, file)?;
                external.add(&request, signature).map_err(|error| in_file(file, error.into()))?;
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
        Ok(())
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
        Deriver { wallet, plan, password, twice: true, contract: None, known, tries: 0, given }
    }

    /// The plan for a wallet.
    pub fn plan_for(&self, keys_for: KeysFor, wallet: Address, recorded: &RecordedKeys) -> KeyPlan {
        let KeysFor { name, storage, signer_storage, chain_id, .. } = keys_for;
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
