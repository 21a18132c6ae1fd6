//! What is posted to a database gateway: signed records of one name, in the body of seed 004
//! (ENSIP-19) or in that of ERC-7700 ([write](crate::spec::write)).
//!
//! Parsing is strict, and a body that was parsed belongs together: `value`, `signature` and
//! `approval` say the same as the payload in `data`. Whether the signatures are of whom they
//! should be is not looked at here: [`SignedRecord::verify`](super::SignedRecord::verify) does.

mod error;
mod fields;
mod record;
#[cfg(test)]
mod tests;

use alloy_primitives::{Address, Bytes, hex};

pub use error::PostError;
use fields::{Body, Ensip19, Erc7700, FreshnessField, Lists, bytes};
pub use record::PostedRecord;

use super::{Caip10, Extradata, Request, Signature};
use crate::ens::Name;
use crate::json;
use crate::record::RecordKey;

/// Bytes of a name at most, before it is looked at.
const MAX_NAME: usize = 4096;

/// Which of the two bodies it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PostForm {
    /// `{ens, chainId, approval, records}`.
    Ensip19,
    /// `{node, preimage, chainId, approval, payload}`.
    Erc7700,
}

/// Signed records of one name, on the way to a gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordsPost {
    form: PostForm,
    name: Name,
    chain_id: u64,
    approval: Bytes,
    records: Vec<PostedRecord>,
    freshness: Option<Freshness>,
}

/// When the records are posted, by their signer: [`Request::PostRecords`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Freshness {
    /// Seconds since 1970.
    pub timestamp: u64,
    /// Of that request.
    pub signature: Signature,
}

impl RecordsPost {
    /// A body of these records, whose payloads all carry `approval`.
    ///
    /// # Errors
    /// [`PostError::NoPlace`], [`PostError::Twice`], [`PostError::Empty`],
    /// [`PostError::Differs`].
    pub fn new(
        form: PostForm,
        name: Name,
        chain_id: u64,
        approval: Bytes,
        mut records: Vec<PostedRecord>,
    ) -> Result<Self, PostError> {
        if records.is_empty() {
            return Err(PostError::Empty);
        }
        records.sort_by_key(|record| place(&record.key));
        for (at, PostedRecord { key, payload, .. }) in records.iter().enumerate() {
            if place(key).is_none() {
                return Err(PostError::NoPlace(key.clone()));
            }
            if records[..at].iter().any(|other| other.key == *key) {
                return Err(PostError::Twice(key.clone()));
            }
            if payload.approval != approval {
                return Err(PostError::Differs { record: key.clone(), field: "approval" });
            }
        }
        Ok(Self { form, name, chain_id, approval, records, freshness: None })
    }

    /// Whether a body has a place for a record.
    pub fn has_place(key: &RecordKey) -> bool {
        place(key).is_some()
    }

    /// The same, with the word of the records' signer when they are posted.
    pub fn with_freshness(self, freshness: Freshness) -> Self {
        Self { freshness: Some(freshness), ..self }
    }

    /// Which body it is.
    pub fn form(&self) -> PostForm {
        self.form
    }

    /// Whose records.
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// The chain that stands in the signed texts.
    pub fn chain_id(&self) -> u64 {
        self.chain_id
    }

    /// The approval that all of them carry; empty where there is none.
    pub fn approval(&self) -> &Bytes {
        &self.approval
    }

    /// The records: contenthash, addresses, texts.
    pub fn records(&self) -> &[PostedRecord] {
        &self.records
    }

    /// When they are posted, where that was signed.
    pub fn freshness(&self) -> Option<&Freshness> {
        self.freshness.as_ref()
    }

    /// The text of [`Freshness`] at `timestamp`, by `signer`.
    pub fn freshness_request(&self, timestamp: u64, signer: Address) -> Request<'_> {
        let payloads = self.records.iter().map(|one| (&one.key, one.payload.encode()));
        Request::PostRecords {
            name: &self.name,
            timestamp,
            extradata: Extradata::of_records(payloads),
            signer: Caip10::new(self.chain_id, signer),
        }
    }

    /// Reads a body.
    ///
    /// # Errors
    /// [`PostError`] names the field and the record.
    pub fn parse(json: &[u8]) -> Result<Self, PostError> {
        let body: Body = json::from_slice(json)?;
        let (form, name, lists) = match body {
            Body {
                ens: Some(ens),
                records: Some(lists),
                node: None,
                preimage: None,
                payload: None,
                ..
            } => (PostForm::Ensip19, name_of(&ens)?, lists),
            Body {
                node: Some(node),
                preimage: Some(preimage),
                payload: Some(lists),
                ens: None,
                records: None,
                ..
            } => {
                let name = name_of(&preimage)?;
                if bytes("the body", "node", &node)?[..] != name.node()[..] {
                    let expected = name.node();
                    return Err(PostError::Node { name, node, expected });
                }
                (PostForm::Erc7700, name, lists)
            }
            _ => return Err(PostError::Form),
        };
        let approval = bytes("the body", "approval", &body.approval)?;
        let records = lists.read()?;
        let mut post = Self::new(form, name, body.chain_id, approval, records)?;
        if let Some(FreshnessField { timestamp, signature }) = body.freshness {
            let signature = bytes("freshness", "signature", &signature)?;
            let record = post.records[0].key.clone();
            let signature = Signature::from_slice(&signature).map_err(|source| {
                let source = Box::new(source);
                PostError::Signature { record, field: "freshness", source }
            })?;
            post.freshness = Some(Freshness { timestamp, signature });
        }
        Ok(post)
    }

    /// The body as JSON, the fields in the order of the texts that define it.
    ///
    /// # Errors
    /// Never for a body that exists: it is text and numbers.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        let Self { form, name, chain_id, records, .. } = self;
        let (chain_id, approval) = (*chain_id, hex::encode_prefixed(&self.approval));
        let mut lists = Lists::default();
        records.iter().for_each(|record| lists.push(record));
        let freshness = self.freshness.as_ref().map(|freshness| FreshnessField {
            timestamp: freshness.timestamp,
            signature: format!("{:x}", freshness.signature),
        });
        let name_text = name.as_str();
        match form {
            PostForm::Ensip19 => serde_json::to_string(&Ensip19 {
                ens: name_text,
                chain_id,
                approval,
                records: lists,
                freshness,
            }),
            PostForm::Erc7700 => serde_json::to_string(&Erc7700 {
                node: name.node().to_string(),
                preimage: name_text,
                chain_id,
                approval,
                payload: lists,
                freshness,
            }),
        }
    }
}

/// The name in a body, which may be as long as it.
fn name_of(text: &str) -> Result<Name, PostError> {
    match text.len() {
        bytes if bytes > MAX_NAME => Err(PostError::LongName { bytes }),
        _ => Ok(Name::from_normalized(text)?),
    }
}

/// Where a record stands in the body.
fn place(key: &RecordKey) -> Option<u8> {
    match key {
        RecordKey::Contenthash => Some(0),
        RecordKey::Address(_) => Some(1),
        RecordKey::Text(_) => Some(2),
        _ => None,
    }
}
