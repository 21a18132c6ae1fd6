//! A wallet that is open, whatever kind it is: commands ask what it can do, and not what it is. A
//! new kind has its variant here, and its flag in `wallet_args`.

use namesys::browser::BrowserWallet;
use namesys::request::Request;
use namesys::wallet::device::DeviceWallet;
use namesys::wallet::{ExternalWallet, LocalWallet, Wallet};

/// A wallet as the flags and variables give it.
#[derive(Clone, Debug)]
pub enum OpenWallet {
    /// Its key is at hand.
    Local(LocalWallet),
    /// Only its address is known; signatures are brought.
    External(ExternalWallet),
    /// A person confirms each request in a browser.
    Browser(BrowserWallet),
    /// A person confirms each request on a Ledger or a Trezor.
    Device(DeviceWallet),
}

impl OpenWallet {
    /// Whichever it is.
    pub fn as_wallet(&self) -> &dyn Wallet {
        match self {
            Self::Local(wallet) => wallet,
            Self::External(wallet) => wallet,
            Self::Browser(wallet) => wallet,
            Self::Device(wallet) => wallet,
        }
    }

    /// Whether it signs and sends by itself, once it is asked.
    pub fn is_at_hand(&self) -> bool {
        !matches!(self, Self::External(_))
    }

    /// What kind it is, in a word for scripts.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Local(wallet) => wallet.kind(),
            Self::External(_) => "external",
            Self::Browser(_) => "browser",
            Self::Device(wallet) => wallet.kind().word(),
        }
    }

    /// Whether its key is in memory.
    pub fn has_key(&self) -> bool {
        self.as_wallet().local_key().is_some()
    }

    /// Whether two signatures of `request` were compared, where each is signed twice.
    pub fn compares(&self, request: &Request<'_>) -> bool {
        match self {
            Self::External(external) => external.is_compared(request),
            Self::Local(_) | Self::Browser(_) | Self::Device(_) => true,
        }
    }

    /// So many requests are to come, where a person sees how far it is.
    pub fn announce(&self, count: usize) {
        if let Self::Browser(wallet) = self {
            wallet.announce(count);
        }
    }

    /// What the next transaction is for, where a person sees it.
    pub fn explain(&self, what: &str) {
        match self {
            Self::Browser(wallet) => wallet.explain(what),
            Self::Device(wallet) => wallet.explain(what),
            Self::Local(_) | Self::External(_) => {}
        }
    }
}
