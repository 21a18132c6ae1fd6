//! The texts that wallet and records signer sign for the records of a name, shown before they do.

use alloy_primitives::Address;
use namesys::record::{RecordKey, Value};
use namesys::report::{MessageReport, TextReport, TextSigner};
use namesys::request::{Caip10, Extradata, Request};
use namesys::write::WriteKeys;

use super::subjects::Subject;

/// In the place of a signer that is not known yet: nobody's.
const NOBODY: Address = Address::repeat_byte(0xa5);
/// Stand where a text has what is not known before something else is signed.
const SIGNER: &str = "<the records signer, by the wallet's signature>";
const RECORDS: &str = "<keccak256 of the records as they are signed>";

/// What is signed of a body of records.
pub struct Signing<'a> {
    pub keys: &'a WriteKeys,
    /// Whose key signs the records, where it is known.
    pub signer: Option<Address>,
    /// Whose approval travels along, where one does.
    pub owner: Option<Address>,
    /// When it is posted, in seconds since 1970.
    pub now: u64,
}

impl Signing<'_> {
    /// All of it, in the order in which it is signed.
    pub fn texts(&self, subject: &Subject) -> Vec<MessageReport> {
        let signer = self.signer.unwrap_or(NOBODY);
        let mut texts = Vec::new();
        if let Some(owner) = self.owner {
            let request = self.keys.approval(signer, owner);
            texts.push(self.text(&request, TextSigner::Wallet, None));
        }
        for (key, value) in &subject.records {
            let text = self.keys.with_record_request(signer, key, value, |request| {
                self.text(request, TextSigner::Signer, Some(key.to_string()))
            });
            texts.push(text);
        }
        let account = Caip10::new(self.keys.wallet.chain_id, signer);
        let request = Request::PostRecords {
            name: &subject.name,
            timestamp: self.now,
            extradata: Extradata::of_records([]),
            signer: account,
        };
        texts.push(self.text(&request, TextSigner::Signer, None));
        texts
    }

    fn text(&self, request: &Request<'_>, by: TextSigner, record: Option<String>) -> MessageReport {
        let mut text = request.to_string();
        if let Request::PostRecords { extradata, .. } = request {
            text = text.replace(&extradata.to_string(), RECORDS);
        }
        if self.signer.is_none() {
            text = text.replace(&NOBODY.to_string(), SIGNER);
        }
        MessageReport::Text(TextReport { step: request.step(), by, record, text })
    }
}

/// SIGN 4 of each record, which `signer` signs in a workspace.
pub fn in_workspace(
    subject: &Subject,
    signer: Option<Address>,
    (chain_id, by): (u64, TextSigner),
) -> Vec<MessageReport> {
    let one = |(key, value): &(RecordKey, Value)| {
        let result = value.abi_encode();
        let of = signer.unwrap_or(NOBODY);
        let request = Request::record(&subject.name, key, &result, chain_id, of);
        let mut text = request.to_string();
        if signer.is_none() {
            text = text.replace(&NOBODY.to_string(), SIGNER);
        }
        let (step, record) = (request.step(), Some(key.to_string()));
        MessageReport::Text(TextReport { step, by, record, text })
    };
    subject.records.iter().map(one).collect()
}
