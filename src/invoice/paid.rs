//! What is kept of payments, so that the same invoice is not paid twice.

use alloy_primitives::{Address, B256, U256, keccak256};
use serde::{Deserialize, Serialize};

use crate::json;

/// The version of the file.
const VERSION: u32 = 2;

/// A payment that a wallet was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Payment {
    /// The chain.
    pub chain_id: u64,
    /// keccak256 of the record `text/stealth`, as it was published.
    pub invoice: B256,
    /// Who was paid: a name's address may be another one by now.
    pub to: Address,
    /// How much, in wei.
    pub value: U256,
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
    pub fn begun(chain_id: u64, text: &str, to: Address, value: U256) -> Self {
        Self { chain_id, invoice: keccak256(text), to, value, transaction: None }
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

    /// The payment of the invoice in `text` on a chain.
    pub fn of(&self, chain_id: u64, text: &str) -> Option<&Payment> {
        let invoice = keccak256(text);
        self.payments.iter().find(|one| (one.chain_id, one.invoice) == (chain_id, invoice))
    }

    /// Claims the invoice for `payment`: what was kept of it before, which now is not.
    ///
    /// # Errors
    /// The payment that was begun before, where it is not to be paid `again`. Nothing changes.
    pub fn begin(
        &mut self,
        payment: &Payment,
        again: bool,
    ) -> Result<Option<Payment>, Box<Payment>> {
        match self.payments.iter().find(|one| one.is_of(payment)).cloned() {
            Some(before) if !again => Err(Box::new(before)),
            before => {
                self.put(payment);
                Ok(before)
            }
        }
    }

    /// Keeps it as it is now.
    pub fn put(&mut self, payment: &Payment) {
        self.payments.retain(|one| !one.is_of(payment));
        self.payments.push(payment.clone());
    }

    /// Takes back what was not sent: what was kept `before` stands again. A payment that another
    /// command began meanwhile stays.
    pub fn undo(&mut self, payment: &Payment, before: Option<Payment>) {
        let claimed = self.payments.len();
        self.payments.retain(|one| one != payment);
        if self.payments.len() < claimed {
            self.payments.extend(before);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payment(chain_id: u64, text: &str) -> Payment {
        Payment::begun(chain_id, text, Address::repeat_byte(1), U256::from(5))
    }

    #[test]
    fn what_is_kept_is_found_again() {
        let one = payment(1, "a?b");
        let mut paid = PaidInvoices::default();
        paid.put(&one);
        assert_eq!((paid.of(1, "a?b"), paid.of(5, "a?b")), (Some(&one), None));
        let sent = Payment { transaction: Some(B256::repeat_byte(7)), ..one };
        paid.put(&sent);
        let again = PaidInvoices::parse(&paid.text()).unwrap();
        assert_eq!((again.of(1, "a?b"), again == paid), (Some(&sent), true));
        for text in ["", "[]", "{}", r#"{"version":1,"payments":[]}"#] {
            assert!(PaidInvoices::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_invoice_is_claimed_by_one() {
        let (one, mut paid) = (payment(1, "a?b"), PaidInvoices::default());
        assert_eq!(paid.begin(&one, false), Ok(None));
        let other = Payment { to: Address::repeat_byte(2), ..one.clone() };
        assert_eq!(paid.begin(&other, false), Err(Box::new(one.clone())));
        assert_eq!(paid.of(1, "a?b"), Some(&one));
        paid.undo(&one, None);
        assert_eq!(paid, PaidInvoices::default());
    }

    #[test]
    fn paid_again_and_not_sent_it_was_paid_before() {
        let sent = Payment { transaction: Some(B256::repeat_byte(7)), ..payment(1, "a?b") };
        let (again, mut paid) = (payment(1, "a?b"), PaidInvoices::default());
        paid.put(&sent);
        let before = paid.begin(&again, true).unwrap();
        assert_eq!((before.as_ref(), paid.of(1, "a?b")), (Some(&sent), Some(&again)));
        // Another one that began meanwhile stays.
        let mut other = paid.clone();
        other.put(&Payment { value: U256::from(6), ..again.clone() });
        other.undo(&again, before.clone());
        assert_eq!(other.of(1, "a?b").unwrap().value, U256::from(6));
        paid.undo(&again, before);
        assert_eq!(paid.of(1, "a?b"), Some(&sent));
    }
}
