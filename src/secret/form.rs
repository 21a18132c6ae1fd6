//! What secrets there are that are told by their form.

use std::fmt;

/// What a secret is by its form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretForm {
    /// PEM armour of any private key.
    Pem,
    /// Words of the English BIP-39 list.
    Mnemonic,
    /// `AGE-SECRET-KEY-1…`, or a plugin's.
    Age,
    /// `nsec1…` (NIP-19).
    Nostr,
    /// `xprv…` and its kin (BIP-32, SLIP-132).
    Extended,
    /// A Bitcoin private key (WIF).
    Wif,
    /// A libp2p private key, as Kubo and w3name keep them.
    Libp2p,
    /// A seed or a key pair of Stellar, XRP, Tezos, EOSIO or Solana.
    Account,
    /// A JSON web token: what it opens is up to its service.
    Jwt,
}

impl SecretForm {
    /// Whether it may as well be meant for everyone: signed statements are JWTs too.
    pub fn may_be_public(self) -> bool {
        self == Self::Jwt
    }

    /// In words, with an article.
    pub fn words(self) -> &'static str {
        match self {
            Self::Pem => "a private key in PEM",
            Self::Mnemonic => "a mnemonic",
            Self::Age => "an age identity",
            Self::Nostr => "a Nostr private key",
            Self::Extended => "an extended private key",
            Self::Wif => "a Bitcoin private key",
            Self::Libp2p => "a libp2p private key",
            Self::Account => "an account's secret key",
            Self::Jwt => "a token (JWT)",
        }
    }
}

impl fmt::Display for SecretForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}
