//! A signature as the program that made it writes it down: the bare hexadecimal text, or the JSON
//! of MyEtherWallet, MyCrypto and Etherscan, which repeats the account and the text.

use alloy_primitives::{Address, hex};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::{AddressFormError, Request, Signature, SignatureError, parse_address};
use crate::secret::Secret;

/// A signature, and what is said beside it. Nothing of it is verified: the signature alone decides.
#[derive(Clone, Debug)]
pub struct BroughtSignature {
    /// The signature.
    pub signature: Secret<Signature>,
    /// The account it is said to be of.
    pub address: Option<Address>,
    /// The text it is said to sign.
    text: Option<String>,
}

/// Why a file holds no signature. Nothing of it is repeated: it may be a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BroughtError {
    /// The signature itself.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// JSON of another form.
    #[error(
        "a signature is written as 0x and 130 hexadecimal digits, or as JSON with address, msg and \
         sig, as MyEtherWallet and Etherscan write it"
    )]
    Json,
    /// Its `address` is none.
    #[error("its address: {0}")]
    Address(#[from] AddressFormError),
}

/// Version and signer are there too, and say nothing more.
#[derive(Deserialize)]
struct Message {
    address: Option<String>,
    #[serde(alias = "message")]
    msg: Option<String>,
    #[serde(alias = "signature")]
    sig: String,
}

impl BroughtSignature {
    /// Reads either form.
    ///
    /// # Errors
    /// [`BroughtError`].
    pub fn parse(text: &str) -> Result<Self, BroughtError> {
        let text = text.trim();
        if !text.starts_with('{') {
            let signature = Secret::new(Signature::from_wallet(text)?);
            return Ok(Self { signature, address: None, text: None });
        }
        let Message { address, msg, sig } =
            crate::json::from_str(text).map_err(|_| BroughtError::Json)?;
        let sig = Zeroizing::new(sig);
        // Some leave 0x away.
        let address = address.map(|address| match address.starts_with("0x") {
            true => parse_address(&address),
            false => parse_address(&format!("0x{address}")),
        });
        Ok(Self {
            signature: Secret::new(Signature::from_wallet(&sig)?),
            address: address.transpose()?,
            text: msg,
        })
    }

    /// Whether it is said to be of another text than `request`'s. Some write the text in hex.
    pub fn is_of_another(&self, request: &Request<'_>) -> bool {
        let (Some(said), own) = (&self.text, request.to_string()) else { return false };
        let is_hex = || {
            said.starts_with("0x") && hex::decode(said).is_ok_and(|bytes| bytes == own.as_bytes())
        };
        *said != own && !is_hex()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ens::Name;
    use crate::keys::SignerKey;
    use crate::secret::SecretString;

    #[test]
    fn both_forms_are_read() {
        let key = SignerKey::from_hex(&SecretString::new("01".repeat(32))).unwrap();
        let (name, own) = (Name::parse("nick.eth").unwrap(), key.address());
        let other = Name::parse("other.eth").unwrap();
        let request =
            |name| Request::ApproveSigner { name, chain_id: 1, signer: Address::ZERO, owner: own };
        let text = request(&name).to_string();
        let signature = key.sign_text(&text);
        let sig = format!("{signature:x}");
        let json = |address: &str, msg: &str, sig: &str, more: &str| {
            let [address, msg, sig] = [address, msg, sig].map(|part| serde_json::json!(part));
            format!("{{\n  \"address\": {address}, \"msg\": {msg},\n \"sig\": {sig}{more} }}\n")
        };
        let (low, short) = (format!("{own:#x}"), format!("{own:x}"));
        let in_hex = hex::encode_prefixed(&text);
        for (file, is_said) in [
            (sig.clone(), false),
            (format!("{}\n", &sig[2..]), false),
            (json(&low, &text, &sig, r#", "version": "3", "signer": "MEW""#), true),
            (json(&own.to_string(), &text, &sig, r#", "version": "2""#), true),
            (json(&short, &text, &sig[2..], ""), true),
            (json(&low, &in_hex, &sig, ""), true),
            (
                json(&low, &text, &sig, "").replace("msg", "message").replace("sig", "signature"),
                true,
            ),
        ] {
            let read = BroughtSignature::parse(&file).unwrap();
            assert!(*read.signature.expose() == signature, "{file}");
            assert_eq!(read.address, is_said.then_some(own), "{file}");
            assert!(!read.is_of_another(&request(&name)), "{file}");
            assert_eq!(read.is_of_another(&request(&other)), is_said, "{file}");
        }
    }

    #[test]
    fn what_is_none_is_refused_and_not_repeated() {
        let sig = "ab".repeat(65);
        for (file, error) in [
            ("hunter2".to_owned(), BroughtError::Signature(SignatureError::Hex)),
            ("{}".to_owned(), BroughtError::Json),
            ("{\"sig\":\"hunter2\"}".to_owned(), BroughtError::Signature(SignatureError::Hex)),
            (format!("{{\"sig\":[\"{sig}\"]}}"), BroughtError::Json),
            (format!("{{\"sig\":\"{sig}\",\"sig\":\"{sig}\"}}"), BroughtError::Json),
            (format!("{{\"sig\":\"{sig}\"}} {{}}"), BroughtError::Json),
            (format!("[\"0x\",\"\",\"{sig}\"]"), BroughtError::Signature(SignatureError::Hex)),
        ] {
            let found = BroughtSignature::parse(&file).unwrap_err();
            assert_eq!(found, error, "{file}");
            assert!(!found.to_string().contains("hunter2") && !found.to_string().contains(&sig));
        }
    }
}
