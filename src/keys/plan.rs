//! What SIGN 1 and SIGN 2 ask for ([requests](crate::spec::requests)), and the keys their
//! signatures give ([keys](crate::spec::keys)).

use std::fmt;
use std::str::FromStr;

use alloy_primitives::Address;

use super::derive::{Derivation, Identity, invoice_seed, ipns_seed, records_signer};
use super::{SignerKey, SignerKeyError};
use crate::ens::Name;
use crate::request::{Caip10, EncryptionKey, Extradata, Origin, Request, Signature};
use crate::secret::{Secret32, SecretString};

/// Whose keys they are: one pair for each name, or one for each wallet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Storage {
    /// Origin is the ENS name; the recordhash is set for the name.
    #[default]
    Domain,
    /// Origin is `eth:<wallet>`; the ownerhash is set for the wallet.
    Wallet,
}

impl Storage {
    /// The origin of a request and the username of the derivation.
    pub fn origin(self, name: &Name, wallet: Address) -> Origin<'_> {
        match self {
            Self::Domain => Origin::Name(name),
            Self::Wallet => Origin::Wallet(wallet),
        }
    }
}

/// The text names no storage or no compatibility mode.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{given:?} is not one of: {expected}")]
pub struct UnknownChoice {
    given: String,
    expected: &'static str,
}

impl fmt::Display for Storage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Domain => "domain",
            Self::Wallet => "wallet",
        })
    }
}

impl FromStr for Storage {
    type Err = UnknownChoice;

    fn from_str(text: &str) -> Result<Self, UnknownChoice> {
        match text {
            "domain" => Ok(Self::Domain),
            "wallet" => Ok(Self::Wallet),
            _ => Err(UnknownChoice { given: text.to_owned(), expected: "domain, wallet" }),
        }
    }
}

/// Whose signer is derived where the deployed client departs from the specification.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compat {
    /// The specification: SIGN 2's origin follows the storage.
    #[default]
    Specification,
    /// The deployed web client: SIGN 2's origin is the name, also for wallet storage.
    WebClient,
}

impl fmt::Display for Compat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Specification => "specification",
            Self::WebClient => "web-client",
        })
    }
}

impl FromStr for Compat {
    type Err = UnknownChoice;

    fn from_str(text: &str) -> Result<Self, UnknownChoice> {
        match text {
            "specification" => Ok(Self::Specification),
            "web-client" => Ok(Self::WebClient),
            _ => {
                Err(UnknownChoice { given: text.to_owned(), expected: "specification, web-client" })
            }
        }
    }
}

/// Everything that decides the two keys, but the wallet's signatures and the password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPlan {
    /// The name the keys are for.
    pub name: Name,
    /// Storage of the IPNS key.
    pub storage: Storage,
    /// Storage of the records signer; the same in all but unusual set-ups.
    pub signer_storage: Storage,
    /// The wallet, on its chain.
    pub wallet: Caip10,
    /// How the IPNS seed is reduced.
    pub derivation: Derivation,
    /// Whether SIGN 2 follows the deployed client.
    pub compat: Compat,
}

impl KeyPlan {
    /// The origin of the IPNS key.
    pub fn origin(&self) -> Origin<'_> {
        self.storage.origin(&self.name, self.wallet.address)
    }

    /// SIGN 1.
    pub fn sign1(&self, password: &SecretString) -> Request<'_> {
        let extradata = Extradata::of_password(password, self.wallet.address);
        Request::GenerateIpnsKey { origin: self.origin(), extradata, wallet: self.wallet }
    }

    /// SIGN 2.
    pub fn sign2(&self, password: &SecretString) -> Request<'_> {
        let origin = match self.compat {
            Compat::Specification => self.signer_storage.origin(&self.name, self.wallet.address),
            Compat::WebClient => Origin::Name(&self.name),
        };
        let extradata = Extradata::of_password(password, self.wallet.address);
        Request::GenerateRecordsSigner { origin, extradata, wallet: self.wallet }
    }

    /// The IPNS key's seed, from the signature of [`sign1`](Self::sign1).
    pub fn ipns_seed(&self, signature: &Signature, password: &SecretString) -> Secret32 {
        let identity = self.identity(self.storage);
        ipns_seed(signature, password, &identity, self.derivation)
    }

    /// The records signer, from the signature of [`sign2`](Self::sign2).
    ///
    /// # Errors
    /// As [`records_signer`].
    pub fn signer(
        &self,
        signature: &Signature,
        password: &SecretString,
    ) -> Result<SignerKey, SignerKeyError> {
        records_signer(signature, password, &self.identity(self.signer_storage))
    }

    /// The request of the RSA key, whose origin is the name for wallet storage too.
    pub fn sign_encryption(&self, key: EncryptionKey, password: &SecretString) -> Request<'_> {
        let extradata = Extradata::of_password(password, self.wallet.address);
        let (name, wallet) = (&self.name, self.wallet);
        Request::GenerateEncryptionKey { name, key, extradata, wallet }
    }

    /// The RSA key's seed, from the signature of [`sign_encryption`](Self::sign_encryption). Its
    /// username follows the storage.
    pub fn invoice_seed(&self, signature: &Signature, password: &SecretString) -> Secret32 {
        invoice_seed(signature, password, &self.identity(self.storage))
    }

    fn identity(&self, storage: Storage) -> Identity {
        let username = storage.origin(&self.name, self.wallet.address).to_string();
        Identity { wallet: self.wallet, username }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::Step;
    use alloy_primitives::hex;
    use serde_json::Value;

    #[test]
    fn request_vectors() {
        let vectors: Value =
            serde_json::from_str(include_str!("../../tests/vectors/requests.json")).unwrap();
        let cases = vectors["cases"].as_array().unwrap();
        assert!(cases.iter().any(|case| case["storage"] == "wallet"));
        assert!(cases.iter().any(|case| case["chain_id"] != 1), "another chain id");
        for case in cases {
            check(case);
        }
    }

    fn check(case: &Value) {
        let field = |name: &str| case[name].as_str().unwrap().to_owned();
        let key = SignerKey::from_hex(&SecretString::new(field("wallet_private_key"))).unwrap();
        assert_eq!(key.address().to_string(), field("wallet"));
        let storage = field("storage").parse().unwrap();
        let wallet = Caip10::new(case["chain_id"].as_u64().unwrap(), key.address());
        let mut plan = KeyPlan {
            name: Name::from_normalized(&field("ens")).unwrap(),
            storage,
            signer_storage: storage,
            wallet,
            derivation: Derivation::Noble17,
            compat: Compat::Specification,
        };
        let password = SecretString::new(case["password"].as_str().unwrap_or("").to_owned());
        assert_eq!(
            Extradata::of_password(&password, key.address()).to_string(),
            field("extradata")
        );

        let (sign1, sign2) = (plan.sign1(&password), plan.sign2(&password));
        assert_eq!([sign1, sign2].map(|sign| sign.to_string()), ["sign1", "sign2"].map(field));
        assert_eq!([sign1, sign2].map(|sign| sign.step()), [Step::Sign1, Step::Sign2]);
        let of_a_name = (storage == Storage::Domain).then_some(&plan.name);
        assert_eq!([sign1.name(), sign2.name()], [of_a_name; 2]);
        let (signature1, signature2) = (key.sign(&sign1), key.sign(&sign2));
        assert_eq!(format!("{signature1:x}"), field("sign1_signature"));
        assert_eq!(format!("{signature2:x}"), field("sign2_signature"));
        let seed = plan.ipns_seed(&signature1, &password);
        assert_eq!(hex::encode(seed.expose()), field("ed25519_seed"));
        let signer = plan.signer(&signature2, &password).unwrap();
        assert_eq!(hex::encode(signer.scalar().expose()), field("signer_private_key"));
        assert_eq!(signer.address().to_string(), field("signer"));

        let Caip10 { chain_id, address: owner } = wallet;
        let signer = signer.address();
        let sign3 = Request::ApproveSigner { name: &plan.name, chain_id, signer, owner };
        assert_eq!((sign3.to_string(), sign3.step()), (field("sign3"), Step::Sign3));
        assert_eq!(format!("{:x}", key.sign(&sign3)), field("sign3_signature"));

        plan.compat = Compat::WebClient;
        let signature = key.sign(&plan.sign2(&password));
        let web_client = plan.signer(&signature, &password).unwrap();
        assert_eq!(web_client.address().to_string(), field("web_client_signer"));
    }
}
