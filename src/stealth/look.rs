//! Which announcements are this payee's: with the viewing key, and the spending public key.

use std::fmt;

use secp256k1::SecretKey;

use super::address::shared_hash;
use super::point::secret_of;
use super::{Announcement, PublicKey, StealthAddress};
use crate::keys::SignerKey;

/// Looks at announcements.
pub struct Viewer {
    secret: SecretKey,
    spending: PublicKey,
}

/// What an announcement is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// A payment to this payee.
    Ours(StealthAddress),
    /// One to another.
    Others,
    /// None of this scheme: no point of the curve, or without a view tag.
    Malformed,
}

impl Viewer {
    /// Of a viewing key and a spending public key.
    pub fn new(viewing: &SignerKey, spending: PublicKey) -> Self {
        Self { secret: secret_of(viewing), spending }
    }

    /// The view tag decides first: of 255 in 256 announcements of others nothing else is computed.
    pub fn look(&self, announcement: &Announcement) -> Look {
        let Some(&view_tag) = announcement.metadata.first() else { return Look::Malformed };
        let Ok(ephemeral) = PublicKey::from_slice(&announcement.ephemeral) else {
            return Look::Malformed;
        };
        let hash = shared_hash(&ephemeral, &self.secret);
        if hash[0] != view_tag {
            return Look::Others;
        }
        match self.spending.plus(&hash).map(|point| point.address()) {
            Some(address) if address == announcement.address => {
                Look::Ours(StealthAddress { address, ephemeral, view_tag })
            }
            _ => Look::Others,
        }
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        self.secret.non_secure_erase();
    }
}

impl fmt::Debug for Viewer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Viewer({})", self.spending)
    }
}
