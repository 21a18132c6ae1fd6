//! The keys of both sides of a rotation: those that are left, and those that come.

use namesys::keys::{IpnsKey, IpnsName, SignerKey};
use namesys::wallet::LocalWallet;
use namesys::workspace::RecordedKeys;

use super::Args;
use crate::cli::context::Context;
use crate::cli::deriver::KeysFor;
use crate::cli::error::CliError;
use crate::cli::new_args::{local, refuse_asking, refuse_other};
use crate::cli::open_wallet::OpenWallet;
use crate::cli::session::Session;

/// The keys of both sides.
pub struct Keys {
    /// Whose new keys they are.
    pub wallet: LocalWallet,
    pub(super) ipns: IpnsKey,
    /// The new records signer.
    pub signer: SignerKey,
    /// What is recorded of the new ones.
    pub(super) recorded: RecordedKeys,
    /// What is recorded of the old ones.
    pub(super) old: RecordedKeys,
    old_wallet: Option<LocalWallet>,
    /// The key of the name that is left, where it is given.
    old_key: Option<IpnsKey>,
}

impl Keys {
    /// Derives the new ones.
    ///
    /// # Errors
    /// Those of wallets and passwords.
    pub fn derive(args: &Args, context: &Context, session: &Session) -> Result<Self, CliError> {
        let author = &args.publication.author;
        refuse_asking(&author.derive.wallet, context)?;
        if author.derive.remember.is_asked() {
            return Err(CliError::usage("--remember is of keys that stay, and these change")
                .hint("afterwards: namesys keygen --remember DURATION"));
        }
        let old = session.config.keys().clone();
        let old_key = author.ipns_key.get(context)?;
        // Opened once: it may ask, or read stdin.
        let old_wallet = match old_key.is_some() && args.new.has_wallet() {
            true => None,
            false => Some(local(author.derive.wallet.open(context)?)?),
        };
        // Beside a key of its own nothing else would show whose wallet it is. Where the new one is
        // named, the same command again finds the workspace with that one already.
        if let (Some(opened), Some(own), false) = (&old_wallet, old.wallet, args.new.has_wallet()) {
            refuse_other(namesys::wallet::Wallet::address(opened), own)?;
        }
        let wallet = match (args.new.wallet(context)?, &old_wallet) {
            (Some(wallet), _) => wallet,
            (None, Some(wallet)) => wallet.clone(),
            (None, None) => return Err(CliError::usage("whose the new keys are is not said")),
        };
        let password = args.new.password(context)?;
        let open = OpenWallet::Local(wallet.clone());
        let keys_for = KeysFor::from(&session.config);
        let mut deriver = author.derive.derive_new(open, password, context, keys_for, &old);
        let (ipns, signer) = deriver.both(context)?;
        context.keep_secret(&ipns);
        let recorded = deriver.recorded(Some(&ipns), Some(&signer));
        Ok(Self { wallet, ipns, signer, recorded, old, old_wallet, old_key })
    }

    /// The new IPNS name.
    pub fn name(&self) -> IpnsName {
        self.ipns.name()
    }

    /// The one that is left.
    pub fn former(&self) -> IpnsName {
        self.old.ipns_name.unwrap_or_else(|| self.name())
    }

    /// The key of the name that is left: given, or derived from the old wallet and password.
    pub(super) fn old_key(
        &self,
        args: &Args,
        context: &Context,
        session: &mut Session,
    ) -> Result<IpnsKey, CliError> {
        let author = &args.publication.author;
        let key = match (&self.old_key, &self.old_wallet) {
            (Some(key), _) => key.clone(),
            (None, Some(wallet)) => {
                let (open, keys_for) =
                    (OpenWallet::Local(wallet.clone()), KeysFor::from(&session.config));
                let mut deriver = author.derive.derive_with(open, context, keys_for, &self.old)?;
                deriver.ipns_key(context)?
            }
            (None, None) => return Err(CliError::usage("the old IPNS key is not given")),
        };
        let keys = RecordedKeys { ipns_name: Some(key.name()), ..RecordedKeys::default() };
        session.record_keys(&keys)?;
        context.keep_secret(&key);
        Ok(key)
    }
}
