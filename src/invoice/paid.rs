//! What is kept of payments, so that the same invoice is not paid twice.

use alloy_primitives::{B256, keccak256};
use serde::{Deserialize, Serialize};

use crate::json;

/// The version of the file.
const VERSION: u32 = 1;

/// A payment that a wallet was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Payment {
    /// The chain.
    pub chain_id: u64,
    /// keccak256 of the record `text/stealth`, as it was published.
    pub invoice: B256,
    /// The transaction; not known where the wallet sends by itself and did not say, or where the
    /// program ended in between.
    pub transaction: Option<B256>,
}

/// Every payment from here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PaidInvoices {
    version: u32,
    payments: Vec<Payment>,
}

impl Default for PaidInvoices {
    fn default() -> Self {
        Self { version: VERSION, payments: Vec::new() }
    }
}

impl Payment {
    /// Of the invoice in `text`, before its transaction is known.
    pub fn begun(chain_id: u64, text: &str) -> Self {
        Self { chain_id, invoice: keccak256(text), transaction: None }
    }

    fn is_of(&self, other: &Self) -> bool {
        (self.chain_id, self.invoice) == (other.chain_id, other.invoice)
    }
}

impl PaidInvoices {
    /// Reads the file.
    ///
    /// # Errors
    /// Says what is wrong with it: a payment that cannot be read may have been made.
    pub fn parse(text: &str) -> Result<Self, String> {
        let read: Self = json::from_str(text).map_err(|error| error.to_string())?;
        match read.version {
            VERSION => Ok(read),
            other => Err(format!("it is of version {other}, and this program writes {VERSION}")),
        }
    }

    /// The text of the file.
    pub fn text(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// The payment of the same invoice.
    pub fn find(&self, payment: &Payment) -> Option<&Payment> {
        self.payments.iter().find(|one| one.is_of(payment))
    }

    /// Keeps it as it is now.
    pub fn put(&mut self, payment: &Payment) {
        self.forget(payment);
        self.payments.push(payment.clone());
    }

    /// What was not sent.
    pub fn forget(&mut self, payment: &Payment) {
        self.payments.retain(|one| !one.is_of(payment));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_found_again() {
        let (one, other) = (Payment::begun(1, "a?b"), Payment::begun(5, "a?b"));
        let mut paid = PaidInvoices::default();
        paid.put(&one);
        assert_eq!((paid.find(&one), paid.find(&other)), (Some(&one), None));
        let sent = Payment { transaction: Some(B256::repeat_byte(7)), ..one.clone() };
        paid.put(&sent);
        let mut again = PaidInvoices::parse(&paid.text()).unwrap();
        assert_eq!((again.find(&one), again == paid), (Some(&sent), true));
        again.forget(&one);
        assert_eq!(again, PaidInvoices::default());
        for text in ["", "[]", "{}", r#"{"version":2,"payments":[]}"#] {
            assert!(PaidInvoices::parse(text).is_err(), "{text}");
        }
    }
}
