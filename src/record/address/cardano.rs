//! Cardano mainnet: Shelley addresses in Bech32 (CIP-19), Byron addresses in base58.

use crc::{CRC_32_ISO_HDLC, Crc};
use minicbor::data::{IanaTag, Tag};
use minicbor::{Decoder, Encoder};

use super::bech32;
use super::codec::CHECKSUM;
use super::reason::Reason;

const HRP: &str = "addr";
const MAINNET: u8 = 1;
const CRC32: Crc<u32> = Crc::<u32>::new(&CRC_32_ISO_HDLC);
/// Byron's attribute that names a network other than mainnet.
const NETWORK_MAGIC: u8 = 2;

pub(super) fn parse(text: &str) -> Result<Vec<u8>, Reason> {
    if text.contains("_test1") {
        return Err("it is of a test network".into());
    }
    if bech32::has_hrp(text, "stake") {
        return Err("a stake address receives no payments".into());
    }
    if bech32::has_hrp(text, HRP) {
        let bytes = bech32::decode(text, HRP, false)?;
        return check_shelley(&bytes).map(|()| bytes);
    }
    parse_byron(text)
}

pub(super) fn display(bytes: &[u8]) -> Option<String> {
    if check_shelley(bytes).is_ok() {
        return bech32::encode(bytes, HRP, false);
    }
    check_byron(bytes).ok()?;
    Some(bs58::encode(wrap_byron(bytes)?).into_string())
}

/// Header: type in the upper four bits, network in the lower. Types 0 to 3 have a payment and a
/// stake part, 6 and 7 a payment part alone.
fn check_shelley(bytes: &[u8]) -> Result<(), Reason> {
    let (header, parts) = bytes.split_first().ok_or("it is empty")?;
    let expected = match header >> 4 {
        0..=3 => 56,
        6 | 7 => 28,
        // A stake part that points into the chain; it has no meaning any more, the payment part has.
        4 | 5 if (1..=30).contains(&parts.len().saturating_sub(28)) => parts.len(),
        kind => return Err(format!("it is of type {kind}, which receives no payments").into()),
    };
    if header & 0x0f != MAINNET {
        return Err("it is of a test network".into());
    }
    if parts.len() != expected {
        return Err(super::base58::wrong_length(parts.len() + 1, expected + 1));
    }
    Ok(())
}

/// CBOR array of the address, tagged as encoded CBOR, and its CRC-32.
fn parse_byron(text: &str) -> Result<Vec<u8>, Reason> {
    let malformed = "it begins neither with addr1 nor is it a Byron address";
    let wrapped = bs58::decode(text).into_vec().map_err(|_| malformed)?;
    let mut decoder = Decoder::new(&wrapped);
    let parts = (|| {
        decoder.array()?;
        decoder.tag()?;
        Ok::<_, minicbor::decode::Error>((decoder.bytes()?.to_vec(), decoder.u32()?))
    })();
    let (address, checksum) = parts.map_err(|_| malformed)?;
    if CRC32.checksum(&address) != checksum {
        return Err(CHECKSUM.into());
    }
    if wrap_byron(&address).as_ref() != Some(&wrapped) {
        return Err(malformed.into());
    }
    check_byron(&address).map(|()| address)
}

fn wrap_byron(address: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = Encoder::new(Vec::new());
    encoder.array(2).ok()?.tag(Tag::from(IanaTag::Cbor)).ok()?.bytes(address).ok()?;
    encoder.u32(CRC32.checksum(address)).ok()?;
    Some(encoder.into_writer())
}

/// CBOR array of root hash (28 bytes), attributes, and type.
fn check_byron(address: &[u8]) -> Result<(), Reason> {
    let mut decoder = Decoder::new(address);
    let parts = (|| {
        let items = decoder.array()?;
        let root = decoder.bytes()?.len();
        let mut network_magic = false;
        for _ in 0..decoder.map()?.unwrap_or(0) {
            network_magic |= decoder.u8()? == NETWORK_MAGIC;
            decoder.bytes()?;
        }
        decoder.u8()?;
        Ok::<_, minicbor::decode::Error>((items, root, network_magic))
    })();
    match parts {
        Ok((Some(3), 28, false)) if decoder.position() == address.len() => Ok(()),
        Ok((_, _, true)) => Err("it is of a test network".into()),
        _ => Err("it is not a Byron address".into()),
    }
}
