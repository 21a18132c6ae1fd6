//! The record `text/stealth`: an AES key under RSA, and the invoice under AES-256-CBC.
//!
//! No MAC stands in it: what says that nobody changed it is the record's own signature.

use std::fmt;
use std::str::FromStr;

use aes::Aes256;
use aes::cipher::{BlockDecrypt, BlockEncrypt, KeyInit};
use data_encoding::BASE64;
use zeroize::Zeroizing;

use super::rsa::{self, PrivateKey, PublicKey};
use super::text::{self, Invoice, InvoiceError};
use crate::secret::SecretBytes;

/// Bytes of a block, and of the initialisation vector.
const BLOCK: usize = 16;
/// Bytes of the AES key.
const KEY: usize = 32;
/// The longest ciphertext that is read.
const MAX_SENT: usize = BLOCK + text::MAX_TEXT;
/// The longest record: both parts in base64, and what is between.
const MAX_TEXT: usize = rsa::BYTES.div_ceil(3) * 4 + 1 + MAX_SENT.div_ceil(3) * 4;

/// Why a text is not what [`seal`] writes, whoever it may be for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// Longer than any.
    #[error("it has {0} characters, and an encrypted invoice has some 550")]
    TooLong(usize),
    /// Not two parts.
    #[error("it has no ? between an encrypted key and an encrypted invoice")]
    Parts,
    /// One of them is no base64.
    #[error("its {0} is no base64")]
    Base64(&'static str),
    /// One of them has another length.
    #[error("its {part} has {bytes} bytes")]
    Length {
        /// Which one.
        part: &'static str,
        /// How many it has.
        bytes: usize,
    },
}

/// Why there is no invoice for a key in a text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Nobody's.
    #[error("it is no encrypted invoice: {0}")]
    Envelope(#[from] EnvelopeError),
    /// Somebody else's, as far as anyone can tell.
    #[error("it is not encrypted to this key")]
    OtherKey,
    /// This key opens it, and what is in it is no AES key.
    #[error("it is encrypted to this key, and holds no AES key of 32 bytes")]
    AesKey,
    /// This key opens it, and what is in it is no invoice.
    #[error("it is encrypted to this key, and what it holds is no invoice: {0}")]
    Invoice(#[from] InvoiceError),
}

/// The record `text/stealth`, whoever it is for: what is there is encrypted, and has its form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    wrapped: Vec<u8>,
    sent: Vec<u8>,
}

impl fmt::Display for Envelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}?{}", BASE64.encode(&self.wrapped), BASE64.encode(&self.sent))
    }
}

/// Encrypts `invoice` to `key`.
///
/// # Errors
/// When the system gives no random bytes.
pub fn seal(invoice: &Invoice, key: &PublicKey) -> Result<Envelope, getrandom::Error> {
    let mut aes_key = Zeroizing::new([0; KEY]);
    let mut iv = [0; BLOCK];
    // Of 8 bits, 1 in 256 is zero and may not stand in the padding: enough are drawn ahead.
    let mut padding = Zeroizing::new([0; 2 * rsa::BYTES]);
    getrandom::fill(aes_key.as_mut_slice())?;
    getrandom::fill(&mut iv)?;
    getrandom::fill(padding.as_mut_slice())?;
    let mut padding = padding.iter().copied().filter(|byte| *byte != 0);
    // A key byte stands for 1 or 2; should the bytes ever run out, any other than 0 pads.
    let wrapped = key.encrypt(&utf8(&aes_key), || padding.next().unwrap_or(1));
    let sent = encrypt(&aes_key, iv, &invoice.to_latin1());
    Ok(Envelope { wrapped, sent })
}

/// Decrypts what was encrypted to `key`.
///
/// # Errors
/// [`OpenError`]: no encrypted invoice at all, one for another key, or one that says nothing.
pub fn open(text: &str, key: &PrivateKey) -> Result<Invoice, OpenError> {
    let Envelope { wrapped, sent } = text.parse()?;
    let content = key.decrypt(&wrapped).ok_or(OpenError::OtherKey)?;
    let aes_key = latin1(&content).ok_or(OpenError::AesKey)?;
    Ok(Invoice::from_latin1(decrypt(&aes_key, &sent).expose())?)
}

impl FromStr for Envelope {
    type Err = EnvelopeError;

    fn from_str(text: &str) -> Result<Self, EnvelopeError> {
        if text.len() > MAX_TEXT {
            return Err(EnvelopeError::TooLong(text.len()));
        }
        let (wrapped, sent) = text.split_once('?').ok_or(EnvelopeError::Parts)?;
        // One text for the same bytes: padding in the middle, as of several texts in a row, is none.
        let bytes = |text: &str, part| {
            let decoded = BASE64.decode(text.as_bytes()).ok();
            let decoded = decoded.filter(|bytes| BASE64.encode(bytes) == text);
            decoded.ok_or(EnvelopeError::Base64(part))
        };
        let (wrapped, sent) = (bytes(wrapped, "encrypted key")?, bytes(sent, "encrypted invoice")?);
        // Leading zeros are dropped where it was written.
        if wrapped.is_empty() || wrapped.len() > rsa::BYTES {
            return Err(EnvelopeError::Length { part: "encrypted key", bytes: wrapped.len() });
        }
        // The initialisation vector and one block at least.
        if sent.len() < 2 * BLOCK || !sent.len().is_multiple_of(BLOCK) || sent.len() > MAX_SENT {
            return Err(EnvelopeError::Length { part: "encrypted invoice", bytes: sent.len() });
        }
        Ok(Self { wrapped, sent })
    }
}

/// Bytes read as Latin-1 and written as UTF-8.
fn utf8(bytes: &[u8; KEY]) -> Zeroizing<Vec<u8>> {
    let mut text = Zeroizing::new(Vec::with_capacity(2 * KEY));
    for byte in bytes {
        match byte {
            0..0x80 => text.push(*byte),
            _ => text.extend([0xc0 | (byte >> 6), 0x80 | (byte & 0x3f)]),
        }
    }
    text
}

/// The key of [`utf8`] again; `None` where it is not 32 characters of Latin-1.
fn latin1(content: &SecretBytes) -> Option<Zeroizing<[u8; KEY]>> {
    let text = std::str::from_utf8(content.expose()).ok()?;
    let (mut key, mut characters) = (Zeroizing::new([0; KEY]), text.chars());
    for byte in key.iter_mut() {
        *byte = u8::try_from(u32::from(characters.next()?)).ok()?;
    }
    characters.next().is_none().then_some(key)
}

/// AES-256-CBC of `text` padded with zeros, after `iv`. The chaining is written out: a crate of it
/// would bring a second generation of ciphers.
fn encrypt(key: &[u8; KEY], iv: [u8; BLOCK], text: &[u8]) -> Vec<u8> {
    let cipher = Aes256::new(key.into());
    let mut sent = iv.to_vec();
    let mut last = iv;
    for part in text.chunks(BLOCK) {
        last.iter_mut().zip(part).for_each(|(last, byte)| *last ^= byte);
        cipher.encrypt_block((&mut last).into());
        sent.extend(last);
    }
    sent
}

/// The text of [`encrypt`], without zeros at its end.
fn decrypt(key: &[u8; KEY], sent: &[u8]) -> SecretBytes {
    let cipher = Aes256::new(key.into());
    let mut text = Vec::with_capacity(sent.len());
    for (before, block) in sent.chunks_exact(BLOCK).zip(sent[BLOCK..].chunks_exact(BLOCK)) {
        let mut opened = Zeroizing::new([0_u8; BLOCK]);
        opened.copy_from_slice(block);
        cipher.decrypt_block((&mut *opened).into());
        text.extend(opened.iter().zip(before).map(|(byte, before)| byte ^ before));
    }
    let end = text.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    text.truncate(end);
    SecretBytes::new(text)
}

#[cfg(test)]
#[path = "envelope_tests.rs"]
mod tests;
