//! What a person or a flag gave to this command already, and is not asked for again: the NameSys
//! password, the wallet, and the signatures that somebody confirmed elsewhere. Wiped with the
//! command.

use std::cell::RefCell;
use std::collections::HashMap;

use namesys::request::Signature;
use namesys::secret::{Secret, SecretString};

use super::open_wallet::OpenWallet;

/// What was given.
#[derive(Debug, Default)]
pub struct Given {
    password: RefCell<Option<SecretString>>,
    wallet: RefCell<Option<OpenWallet>>,
    /// By the text that was signed.
    signed: RefCell<HashMap<String, Signed>>,
}

#[derive(Debug)]
struct Signed {
    signature: Secret<Signature>,
    /// Whether a second one was the same.
    compared: bool,
}

impl Given {
    /// The NameSys password.
    pub fn password(&self) -> Option<SecretString> {
        self.password.borrow().clone()
    }

    /// Keeps the NameSys password, in place of one that was mistyped.
    pub fn keep_password(&self, password: &SecretString) {
        *self.password.borrow_mut() = Some(password.clone());
    }

    /// The wallet of the usual flags and variables.
    pub fn wallet(&self) -> Option<OpenWallet> {
        self.wallet.borrow().clone()
    }

    /// Keeps the wallet.
    pub fn keep_wallet(&self, wallet: &OpenWallet) {
        *self.wallet.borrow_mut() = Some(wallet.clone());
    }

    /// A signature of this text that somebody confirmed; where it matters, one that was compared.
    pub fn signed(&self, text: &str, compared: bool) -> Option<Secret<Signature>> {
        let signed = self.signed.borrow();
        let found = signed.get(text).filter(|found| found.compared || !compared);
        found.map(|found| found.signature.clone())
    }

    /// Keeps a signature that was checked.
    pub fn keep_signed(&self, text: String, signature: &Secret<Signature>, compared: bool) {
        let signed = Signed { signature: signature.clone(), compared };
        self.signed.borrow_mut().insert(text, signed);
    }
}
