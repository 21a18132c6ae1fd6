//! Where a deferral leads and what is to be checked, in words.

use super::deferral::EarlyTarget;
use super::{Decoded, Deferral, Metadata, Profile, StorageKind, TypedWrite};
use alloy_primitives::{Address, hex};

/// Where the record goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// To a gateway.
    Url(String),
    /// To a contract.
    Contract {
        /// The contract.
        contract: Address,
        /// Its chain; `None` where the error does not say it: it is the first layer's.
        chain_id: Option<u64>,
    },
}

impl Decoded {
    /// The error's name alone.
    pub fn handler(&self) -> &'static str {
        self.signature.split('(').next().unwrap_or(self.signature)
    }
}

impl Deferral {
    /// Whose texts apply; `None` where none of the profiles does.
    pub fn profile(&self) -> Option<Profile> {
        match self {
            Self::BySelector { .. } => Some(Profile::EnsipY),
            Self::Inline { .. } => Some(Profile::Eip5559),
            Self::RoutedToDatabase { .. } | Self::Routed { .. } | Self::RoutedToSolana { .. } => {
                Some(Profile::Erc7700)
            }
            _ => None,
        }
    }

    /// Which text the error is from.
    pub fn source(&self) -> &'static str {
        match self {
            Self::BySelector { .. } => "ensip-y",
            Self::Inline { .. } => "eip5559",
            Self::WithProof { .. } | Self::Early { .. } => "eip5559-draft",
            Self::LegacyL2 { .. } | Self::LegacyDatabase(_) => "eip5559-legacy",
            Self::RoutedToDatabase { .. } | Self::Routed { .. } | Self::RoutedToSolana { .. } => {
                "erc7700"
            }
            Self::Onchain { .. } | Self::Offchain(_) | Self::NotSupported => "erc7884",
        }
    }

    /// Where the record goes, where the error says it.
    pub fn target(&self) -> Option<Target> {
        let contract = |contract: &Address, chain_id: u64| {
            Some(Target::Contract { contract: *contract, chain_id: Some(chain_id) })
        };
        match self {
            Self::Inline { metadata, .. } => metadata.target(),
            Self::WithProof { contract: at, chain_id, .. }
            | Self::LegacyL2 { contract: at, chain_id }
            | Self::Onchain { contract: at, chain_id } => contract(at, *chain_id),
            Self::Early { target: EarlyTarget::Contract(at, chain_id) } => contract(at, *chain_id),
            Self::Early { target: EarlyTarget::Url(url) } | Self::RoutedToDatabase { url } => {
                Some(Target::Url(url.clone()))
            }
            Self::Routed { contract: at, chain_id, .. } => {
                Some(Target::Contract { contract: *at, chain_id: *chain_id })
            }
            Self::LegacyDatabase(write) | Self::Offchain(write) => {
                Some(Target::Url(write.post_url()))
            }
            Self::BySelector { .. } | Self::RoutedToSolana { .. } | Self::NotSupported => None,
        }
    }

    /// What is done with it: who signs what, and what is sent.
    pub fn course(&self) -> String {
        match self {
            Self::BySelector { storage, metadata, .. } => {
                let selector = hex::encode_prefixed(metadata);
                let then = storage_course(*storage);
                format!("the resolver's function {selector} is asked for the metadata; {then}")
            }
            Self::Inline { metadata, .. } => match metadata {
                Metadata::Ipns { .. } => storage_course(StorageKind::Ipns).to_owned(),
                Metadata::Database { .. } => storage_course(StorageKind::Database).to_owned(),
                Metadata::L2 { .. } => storage_course(StorageKind::L2).to_owned(),
                Metadata::Solana { .. } => storage_course(StorageKind::Solana).to_owned(),
            },
            Self::WithProof { .. } => "this is not followed: the error carries a proof whose \
                meaning no text defines (draft 6 of EIP-5559)"
                .to_owned(),
            Self::Early { .. } => "this is not followed: it is an early form of EIP-5559, and no \
                text says what is to be sent there"
                .to_owned(),
            Self::LegacyL2 { .. } | Self::Routed { .. } | Self::Onchain { .. } => {
                storage_course(StorageKind::L2).to_owned()
            }
            Self::RoutedToDatabase { .. } => storage_course(StorageKind::Database).to_owned(),
            Self::RoutedToSolana { .. } => storage_course(StorageKind::Solana).to_owned(),
            Self::LegacyDatabase(_) | Self::Offchain(_) => "the wallet signs the resolver's \
                message (EIP-712), and setter, message and signature are posted"
                .to_owned(),
            Self::NotSupported => {
                "nothing is written: the resolver does not support the function".to_owned()
            }
        }
    }

    /// What is checked before anything is signed.
    pub fn checks(&self) -> Vec<String> {
        match self {
            Self::BySelector { sender, .. } => {
                let mut checks = of_call(*sender);
                checks.push("the metadata, once it is read: signer and IPNS key are ours".into());
                checks
            }
            Self::Inline { sender, metadata, .. } => {
                let mut checks = of_call(*sender);
                checks.extend(metadata.checks());
                checks
            }
            Self::LegacyDatabase(write) | Self::Offchain(write) => write.checks(),
            Self::LegacyL2 { .. } => {
                vec!["the chain is neither the one that was asked nor mainnet".into()]
            }
            Self::Routed { chain_id: None, .. } => {
                vec!["the error names no chain: it is taken for the one that is asked".into()]
            }
            Self::Routed { swapped: true, .. } => {
                vec!["the arguments come in the order of ERC-7700's own example".into()]
            }
            _ => Vec::new(),
        }
    }

    /// What no chain can verify.
    pub fn unverifiable(&self) -> Vec<&'static str> {
        let mut said = Vec::new();
        match self {
            Self::Inline { metadata: Metadata::Database { .. }, .. } => said.push(
                "by the draft's own texts (--profile eip5559) the record's text holds the value, \
                 which no contract can rebuild; with ensip19 records have SIGN 3 and SIGN 4",
            ),
            Self::RoutedToDatabase { .. } => said.push(
                "the record's text holds the value, which no contract can rebuild, and its origin \
                 binds neither name nor contract",
            ),
            Self::LegacyDatabase(_) | Self::Offchain(_) => {
                said.push("that the gateway keeps what it answers: it is read back")
            }
            _ => {}
        }
        said
    }
}

impl Metadata {
    /// Where the record goes.
    pub fn target(&self) -> Option<Target> {
        match self {
            Self::Ipns { gateway, .. } | Self::Database { gateway, .. } => {
                Some(Target::Url(gateway.clone()))
            }
            Self::L2 { contract, chain_id } => {
                Some(Target::Contract { contract: *contract, chain_id: Some(*chain_id) })
            }
            Self::Solana { .. } => None,
        }
    }

    /// What is checked of it before anything is signed.
    pub fn checks(&self) -> Vec<String> {
        let mut checks = Vec::new();
        if let Self::Ipns { ipns, .. } = self {
            checks.push(format!("the derived IPNS key is {ipns}"));
        }
        if let Self::Ipns { signer, .. } | Self::Database { signer, .. } = self {
            checks.push(match signer.is_zero() {
                true => "the signer is named nowhere: an approval travels along".into(),
                false => format!("the derived signer is {signer}"),
            });
        }
        checks
    }
}

impl TypedWrite {
    fn checks(&self) -> Vec<String> {
        vec![
            "the message carries the setter that was called".into(),
            format!("it is for the contract {} on chain {}", self.contract(), self.chain_id()),
            format!("it is in the name of {}", self.sender()),
            format!("it has not expired: {} (seconds since 1970)", self.expires()),
        ]
    }
}

fn of_call(sender: Address) -> Vec<String> {
    vec![
        format!("the caller is {sender}"),
        "the arguments are those of the setter that was called".into(),
    ]
}

fn storage_course(storage: StorageKind) -> &'static str {
    match storage {
        StorageKind::Ipns => {
            "the records signer signs, and the tree is published under the IPNS key, with what is \
             published there now"
        }
        StorageKind::Database => "the records signer signs, and the records are posted",
        StorageKind::L2 => "the wallet sends the same call to that contract",
        StorageKind::Solana => {
            "this is not followed: no text says what is to be sent to a Solana program"
        }
    }
}
