//! What an invoice says, and its text.

use std::fmt;
use std::str::FromStr;

use alloy_primitives::Address;
use serde::Deserialize;

use super::amount::{Amount, AmountError};
use crate::ens::Name;
use crate::json;
use crate::request::parse_address;

/// The longest name.
const MAX_NAME: usize = 36;
/// The longest text that is read; ours have some 150 bytes.
pub const MAX_TEXT: usize = 1024;
/// How much of somebody's text an error quotes.
const QUOTED: usize = 80;

/// Who is to pay what to whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invoice {
    payer: Name,
    payee: Payee,
    amount: Amount,
}

/// Who is paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payee {
    /// An account.
    Address(Address),
    /// Whatever account the name's verified `address/60` says.
    Name(Name),
}

/// Why something is no payee.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PayeeError {
    /// A name that the scheme has no room or no letters for.
    #[error("{name}: {why}")]
    Name {
        /// The name.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// No address and no name.
    #[error("{text:?} is no payee: {why}")]
    Neither {
        /// The text.
        text: String,
        /// What is wrong.
        why: String,
    },
}

/// Why a text is no invoice.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvoiceError {
    /// Longer than any invoice.
    #[error("it has {0} bytes, and an invoice has some 150")]
    TooLong(usize),
    /// Not the JSON of an invoice.
    #[error("{text:?} is no invoice: {why}")]
    Form {
        /// Its beginning.
        text: String,
        /// What is wrong.
        why: String,
    },
    /// Its payer is no name of the scheme.
    #[error("its payer, {0}")]
    Payer(PayeeError),
    /// Its payee.
    #[error("its payee, {0}")]
    Payee(PayeeError),
    /// Its amount.
    #[error("its amount, {0}")]
    Amount(#[from] AmountError),
}

impl Invoice {
    /// An invoice.
    ///
    /// # Errors
    /// [`InvoiceError::Payer`] or [`InvoiceError::Payee`] for a name that does not end in `.eth`,
    /// has more than 36 characters, or one that Latin-1 has not.
    pub fn new(payer: Name, payee: Payee, amount: Amount) -> Result<Self, InvoiceError> {
        fits(&payer).map_err(InvoiceError::Payer)?;
        if let Payee::Name(name) = &payee {
            fits(name).map_err(InvoiceError::Payee)?;
        }
        Ok(Self { payer, payee, amount })
    }

    /// The name whose key it is encrypted to.
    pub fn payer(&self) -> &Name {
        &self.payer
    }

    /// Who is paid.
    pub fn payee(&self) -> &Payee {
        &self.payee
    }

    /// How much.
    pub fn amount(&self) -> &Amount {
        &self.amount
    }

    /// The text in Latin-1.
    pub(super) fn to_latin1(&self) -> Vec<u8> {
        // No character of it is above 255: both names were looked at.
        self.to_string().chars().filter_map(|c| u8::try_from(u32::from(c)).ok()).collect()
    }

    /// From Latin-1.
    ///
    /// # Errors
    /// [`InvoiceError`], which says what is wrong.
    pub fn from_latin1(bytes: &[u8]) -> Result<Self, InvoiceError> {
        if bytes.len() > MAX_TEXT {
            return Err(InvoiceError::TooLong(bytes.len()));
        }
        bytes.iter().map(|byte| char::from(*byte)).collect::<String>().parse()
    }
}

impl fmt::Display for Invoice {
    /// As the deployed client writes it: this order, no spaces.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { payer, payee, amount } = self;
        // Neither names nor amounts have anything that JSON escapes.
        write!(f, r#"{{"payer":"{payer}","payee":"{payee}","amount":"{amount}"}}"#)
    }
}

impl fmt::Display for Payee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Name(name) => name.fmt(f),
        }
    }
}

impl FromStr for Payee {
    type Err = PayeeError;

    /// An address whose checksum is right, or in one case; or a name that the scheme can hold.
    fn from_str(text: &str) -> Result<Self, PayeeError> {
        if text.starts_with("0x") || text.starts_with("0X") {
            return parse_address(text).map(Self::Address).map_err(|error| neither(text, error));
        }
        name(text).map(Self::Name)
    }
}

impl FromStr for Invoice {
    type Err = InvoiceError;

    fn from_str(text: &str) -> Result<Self, InvoiceError> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Fields {
            payer: String,
            payee: String,
            amount: String,
        }
        if text.len() > 2 * MAX_TEXT {
            return Err(InvoiceError::TooLong(text.len()));
        }
        let fields: Fields = json::from_slice(text.as_bytes())
            .map_err(|error| InvoiceError::Form { text: quoted(text), why: error.to_string() })?;
        let payer = name(&fields.payer).map_err(InvoiceError::Payer)?;
        let payee = fields.payee.parse().map_err(InvoiceError::Payee)?;
        Self::new(payer, payee, fields.amount.parse()?)
    }
}

fn name(text: &str) -> Result<Name, PayeeError> {
    if text.chars().count() > MAX_NAME {
        return Err(PayeeError::Name { name: quoted(text), why: TOO_LONG });
    }
    let name = Name::parse(text).map_err(|error| neither(text, error))?;
    fits(&name)?;
    Ok(name)
}

const TOO_LONG: &str = "it has more than 36 characters, which is what an invoice has room for";

/// Whether the scheme can hold a name.
fn fits(name: &Name) -> Result<(), PayeeError> {
    let text = name.as_str();
    let why = if !text.ends_with(".eth") {
        "it does not end in .eth, and an invoice has no other names"
    } else if text.chars().count() > MAX_NAME {
        TOO_LONG
    } else if text.chars().any(|c| u32::from(c) > 0xff) {
        "it has a letter that Latin-1 has not, and an invoice is written in Latin-1"
    } else {
        return Ok(());
    };
    Err(PayeeError::Name { name: text.to_owned(), why })
}

fn neither(text: &str, why: impl fmt::Display) -> PayeeError {
    PayeeError::Neither { text: quoted(text), why: why.to_string() }
}

fn quoted(text: &str) -> String {
    let mut start: String = text.chars().take(QUOTED).collect();
    if start.len() < text.len() {
        start.push('…');
    }
    start
}
