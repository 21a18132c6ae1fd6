//! The records signer of a profile, and its approval.

use alloy_primitives::{Address, Bytes};
use namesys::keys::{Compat, Derivation, KeyPlan, SignerKey, Storage};
use namesys::record::{RecordKey, Value};
use namesys::report::ErrorKind;
use namesys::request::{Caip10, Signature};
use namesys::wallet::{sign_checked, sign_twice};
use namesys::write::{Profile, WriteKeys};

use super::course::{Course, Place};
use super::subjects::Subject;
use crate::cli::error::{CliError, Exit};

/// Who signs, and by whose leave.
pub struct Signers {
    pub keys: WriteKeys,
    pub signer: SignerKey,
    /// Whose leave travels along, where somebody's does.
    pub owner: Option<Address>,
    /// It, once it is given.
    pub approval: Option<Signature>,
}

impl Signers {
    /// The approval as bodies have it.
    pub fn approval_bytes(&self) -> Bytes {
        let bytes = |approval: &Signature| Bytes::copy_from_slice(approval.as_bytes());
        self.approval.as_ref().map(bytes).unwrap_or_default()
    }

    pub fn sign(&self, key: &RecordKey, value: &Value) -> namesys::request::SignedRecord {
        self.keys.sign_record(&self.signer, key, value, self.approval.as_ref())
    }
}

impl Course<'_> {
    /// Whose keys.
    pub fn keys(&self, subject: &Subject, place: &Place, profile: Profile) -> WriteKeys {
        WriteKeys {
            profile,
            name: subject.name.clone(),
            for_wallet: self.args.storage == Storage::Wallet,
            wallet: Caip10::new(place.chain_id, self.address()),
            contract: place.contract,
        }
    }

    /// Derives the signer, and compares it with the one that is `named`. Where nobody is, it needs
    /// the owner's leave.
    pub fn signers(
        &self,
        place: &Place,
        named: Option<Address>,
        keys: WriteKeys,
    ) -> Result<Signers, CliError> {
        let signer = match keys.profile {
            Profile::EnsipY => self.by_sign2(&keys)?,
            _ => self.by_profile(&keys)?,
        };
        let address = signer.address();
        if let Some(named) = named.filter(|named| *named != address) {
            let message = format!(
                "the resolver takes records of the signer {named}, and these keys give {address}: \
                 the password or the wallet is another one"
            );
            return Err(CliError::new(Exit::Failed, ErrorKind::OtherKeys, message).hint(
                "no record was signed, and nothing was sent; check --key-password-file, the \
                 wallet, --storage",
            ));
        }
        let owner = (named.is_none() && address != place.owner).then_some(place.owner);
        Ok(Signers { keys, signer, owner, approval: None })
    }

    /// Has the wallet approve the signer, where that is needed.
    pub fn approve(&self, signers: &mut Signers) -> Result<(), CliError> {
        let (Some(owner), context) = (signers.owner, self.context) else { return Ok(()) };
        if self.address() != owner {
            context.output.warn(format_args!(
                "{} approves the signer, and does not own the name: it counts where the resolver \
                 takes it as manager",
                self.address()
            ));
        }
        let request = signers.keys.approval(signers.signer.address(), owner);
        let wallet = self.wallet.as_wallet();
        let approval = context.block_on(async { Ok(sign_checked(wallet, &request).await?) })?;
        signers.approval = Some(approval.expose().clone());
        Ok(())
    }

    fn by_sign2(&self, keys: &WriteKeys) -> Result<SignerKey, CliError> {
        let password = self.args.password.get(self.context, false)?;
        let storage = self.args.storage;
        let plan = KeyPlan {
            name: keys.name.clone(),
            storage,
            signer_storage: storage,
            wallet: keys.wallet,
            derivation: Derivation::default(),
            compat: Compat::default(),
        };
        let (wallet, request) = (self.wallet.as_wallet(), plan.sign2(&password));
        let signature = self.context.block_on(async { Ok(sign_twice(wallet, &request).await?) })?;
        Ok(plan.signer(signature.expose(), &password)?)
    }

    fn by_profile(&self, keys: &WriteKeys) -> Result<SignerKey, CliError> {
        let password = self.args.password.get(self.context, false)?;
        let spice = keys.stretch(&password)?;
        let (wallet, request) = (self.wallet.as_wallet(), keys.request(&spice)?);
        let signature = self.context.block_on(async { Ok(sign_twice(wallet, &request).await?) })?;
        Ok(keys.derive(signature.expose(), &password, &spice)?.signer)
    }
}
