//! [Invoices of the deployed client](crate::spec::invoice): a payer's RSA key, and what is
//! encrypted to it and published as the payee's record `text/stealth`.
//!
//! The scheme is kept as it is deployed, and is weak: the page says what it protects and what not.

mod amount;
mod arc4;
mod envelope;
mod paid;
mod prime;
mod rsa;
mod text;

pub use amount::{Amount, AmountError};
pub use envelope::{Envelope, EnvelopeError, OpenError, open, seal};
pub use paid::{PaidInvoices, Payment};
pub use rsa::{PrivateKey, PublicKey, PublicKeyError};
pub use text::{Invoice, InvoiceError, Payee, PayeeError};

#[cfg(test)]
mod vector_tests;
