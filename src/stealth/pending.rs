//! What is kept of a payment until all of it is mined, so that the same command again sends what
//! is missing, and nothing twice.

use std::fmt;

use alloy_primitives::{Address, B256, U256, hex};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Asset, MetaAddress, PublicKey, StealthAddress};
use crate::json;
use crate::secret::{Secret, Secret32};

/// The version of the file.
const VERSION: u32 = 1;

/// How far a transaction is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "stage")]
pub enum Stage {
    /// No wallet had it, or one that signs here and did not get to say its hash.
    #[default]
    NotSent,
    /// A wallet had it that sends by itself, and did not say what came of it.
    Handed,
    /// It was printed for a wallet elsewhere.
    Printed,
    /// It is being signed here with this number among the payer's transactions, of which no two can
    /// be mined.
    Numbered {
        /// The number.
        nonce: u64,
    },
    /// It was signed, and perhaps sent, as this.
    Sent {
        /// Its hash.
        hash: B256,
        /// Its number; not known of a wallet that sends by itself.
        nonce: Option<u64>,
    },
    /// It is on chain.
    Mined,
}

impl Stage {
    /// The number that it has, and has to have where it is sent once more.
    pub fn nonce(self) -> Option<u64> {
        match self {
            Self::Numbered { nonce } => Some(nonce),
            Self::Sent { nonce, .. } => nonce,
            _ => None,
        }
    }

    /// Whether it may be mined yet, by whoever had it.
    pub fn is_out(self) -> bool {
        !matches!(self, Self::NotSent | Self::Mined)
    }
}

/// The ephemeral key: it shows that the address is the payee's, whoever wrote the file. Whoever has
/// it learns no more than that, and spends nothing.
#[derive(Clone)]
pub struct EphemeralKey(pub Secret32);

impl fmt::Debug for EphemeralKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EphemeralKey")
    }
}

impl PartialEq for EphemeralKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.expose() == other.0.expose()
    }
}

impl Eq for EphemeralKey {}

impl Serialize for EphemeralKey {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&hex::encode_prefixed(self.0.expose()))
    }
}

impl<'de> Deserialize<'de> for EphemeralKey {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let mut bytes = [0; 32];
        // What is wrong is not quoted.
        hex::decode_to_slice(String::deserialize(from)?, &mut bytes)
            .map_err(|_| serde::de::Error::custom("an ephemeral key has 64 digits"))?;
        Ok(Self(Secret::new(bytes)))
    }
}

/// A payment that was begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PendingPayment {
    /// The chain.
    pub chain_id: u64,
    /// The name that was paid, where one was given.
    pub name: Option<String>,
    /// Who is paid.
    pub payee: MetaAddress,
    /// The contract of what is paid, as metadata has it.
    pub asset: Address,
    /// How much, in its smallest unit.
    pub amount: U256,
    /// The address.
    pub address: Address,
    /// What is announced.
    pub ephemeral_public_key: PublicKey,
    /// Its secret half.
    pub ephemeral_private_key: EphemeralKey,
    /// The same.
    pub view_tag: u8,
    /// Who pays, where that is known.
    pub from: Option<Address>,
    /// The block it was begun at: nothing of it is in an earlier one.
    pub begun: u64,
    /// The announcement; of ether the payment too.
    pub announcement: Stage,
    /// The transfer of a token.
    pub transfer: Stage,
}

impl PendingPayment {
    /// Where it is paid to.
    pub fn to(&self) -> StealthAddress {
        StealthAddress {
            address: self.address,
            ephemeral: self.ephemeral_public_key,
            view_tag: self.view_tag,
        }
    }

    /// Whether its address follows from payee and key.
    fn is_to_payee(&self) -> bool {
        StealthAddress::with(&self.payee, &self.ephemeral_private_key.0) == Some(self.to())
    }

    /// What is paid.
    pub fn asset(&self) -> Asset {
        Asset::of_contract(self.asset)
    }

    /// Whether all of it is mined.
    pub fn is_done(&self) -> bool {
        self.announcement == Stage::Mined
            && (self.asset() == Asset::Ether || self.transfer == Stage::Mined)
    }

    /// Whether it pays the same to the same.
    pub fn is_of(&self, chain_id: u64, payee: &MetaAddress, asset: Asset, amount: U256) -> bool {
        (self.chain_id, &self.payee, self.asset(), self.amount) == (chain_id, payee, asset, amount)
    }
}

/// All that were begun and are not done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PendingPayments {
    version: u32,
    /// Each of them, the oldest first.
    pub payments: Vec<PendingPayment>,
}

impl Default for PendingPayments {
    fn default() -> Self {
        Self { version: VERSION, payments: Vec::new() }
    }
}

impl PendingPayments {
    /// Reads the file.
    ///
    /// # Errors
    /// Says what is wrong with it: a payment that cannot be read may be under way.
    pub fn parse(text: &str) -> Result<Self, String> {
        let read: Self = json::from_str(text).map_err(|error| error.to_string())?;
        if read.version != VERSION {
            let version = read.version;
            return Err(format!("it is of version {version}, and this program writes {VERSION}"));
        }
        // It may be a stranger's, who would be paid.
        match read.payments.iter().find(|payment| !payment.is_to_payee()) {
            None => Ok(read),
            Some(other) => Err(format!("{} is no address of {}", other.address, other.payee)),
        }
    }

    /// The text of the file.
    pub fn text(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// The one that pays the same to the same, and is not done.
    pub fn find(
        &self,
        chain_id: u64,
        payee: &MetaAddress,
        asset: Asset,
        amount: U256,
    ) -> Option<&PendingPayment> {
        self.payments.iter().find(|one| one.is_of(chain_id, payee, asset, amount))
    }

    /// One that may be under way and pays as much of the same to the same name, which had another
    /// meta-address then.
    pub fn of_name(
        &self,
        chain_id: u64,
        name: &str,
        payee: &MetaAddress,
        asset: Asset,
        amount: U256,
    ) -> Option<&PendingPayment> {
        self.payments.iter().find(|one| {
            one.name.as_deref() == Some(name)
                && one.payee != *payee
                && one.is_of(chain_id, &one.payee, asset, amount)
                && (one.announcement != Stage::NotSent || one.transfer != Stage::NotSent)
        })
    }

    /// Keeps a payment as it is now, or no longer where it is done.
    pub fn put(&mut self, payment: &PendingPayment) {
        let at = self.payments.iter().position(|one| one.address == payment.address);
        match (at, payment.is_done()) {
            (Some(at), true) => {
                self.payments.remove(at);
            }
            (Some(at), false) => self.payments[at] = payment.clone(),
            (None, true) => {}
            (None, false) => self.payments.push(payment.clone()),
        }
    }
}
