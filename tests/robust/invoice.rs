//! What is published as `rsa` and `stealth`, what is in the latter once it is decrypted, and what is
//! kept of payments.

use namesys::invoice::{Envelope, Invoice, PaidInvoices, PublicKey};

/// Each of them: what is accepted is written again as it was meant.
pub fn invoice(input: &[u8]) {
    if let Ok(invoice) = Invoice::from_latin1(input) {
        let text = invoice.to_string();
        assert_eq!(text.parse::<Invoice>(), Ok(invoice), "{text}");
    }
    let Ok(text) = std::str::from_utf8(input) else { return };
    if let Ok(envelope) = text.parse::<Envelope>() {
        assert_eq!(envelope.to_string(), text);
    }
    if let Ok(paid) = PaidInvoices::parse(text) {
        assert_eq!(PaidInvoices::parse(&paid.text()), Ok(paid));
    }
    if let Ok(key) = text.parse::<PublicKey>() {
        assert_eq!(key.to_string().parse::<PublicKey>(), Ok(key));
        assert!(text.starts_with(&key.to_string()));
    }
}
