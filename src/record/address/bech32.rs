//! Bech32 and Bech32m addresses: BIP-173, BIP-350, and the account addresses of other chains.

use bech32::primitives::decode::{
    CharError, CheckedHrpstring, CheckedHrpstringError, UncheckedHrpstringError,
};
use bech32::{Bech32, Bech32m, Checksum, Fe32, Hrp, segwit};

use super::codec::CHECKSUM;
use super::reason::Reason;

/// An address that is the Bech32 form of its bytes, of one of `lengths`.
pub(super) fn parse(
    text: &str,
    hrp: &str,
    lengths: &[usize],
    bech32m: bool,
) -> Result<Vec<u8>, Reason> {
    let bytes = decode(text, hrp, bech32m)?;
    if !lengths.contains(&bytes.len()) {
        return Err(format!("it decodes to {} bytes, where {lengths:?} belong", bytes.len()).into());
    }
    Ok(bytes)
}

pub(super) fn display(bytes: &[u8], hrp: &str, lengths: &[usize], bech32m: bool) -> Option<String> {
    lengths.contains(&bytes.len()).then(|| encode(bytes, hrp, bech32m)).flatten()
}

/// The bytes of a Bech32 text whose human-readable part is `hrp`.
pub(super) fn decode(text: &str, hrp: &str, bech32m: bool) -> Result<Vec<u8>, Reason> {
    check_hrp(text, hrp)?;
    let bytes = if bech32m { checked::<Bech32m>(text) } else { checked::<Bech32>(text) }?;
    // Refuses padding that other decoders would not take.
    if encode(&bytes, hrp, bech32m).is_some_and(|again| again.eq_ignore_ascii_case(text)) {
        Ok(bytes)
    } else {
        Err("its padding is wrong".into())
    }
}

pub(super) fn encode(bytes: &[u8], hrp: &str, bech32m: bool) -> Option<String> {
    let hrp = Hrp::parse(hrp).ok()?;
    if bech32m {
        bech32::encode::<Bech32m>(hrp, bytes).ok()
    } else {
        bech32::encode::<Bech32>(hrp, bytes).ok()
    }
}

fn checked<Ck: Checksum>(text: &str) -> Result<Vec<u8>, Reason> {
    let checked = CheckedHrpstring::new::<Ck>(text).map_err(|error| match error {
        CheckedHrpstringError::Parse(UncheckedHrpstringError::Char(error)) => characters(&error),
        _ => CHECKSUM.into(),
    })?;
    Ok(checked.byte_iter().collect())
}

fn characters(error: &CharError) -> Reason {
    match error {
        CharError::InvalidChar(character) => {
            format!("bech32 has no character {character:?}").into()
        }
        CharError::MixedCase => "it mixes upper and lower case".into(),
        _ => "it is not bech32".into(),
    }
}

fn check_hrp(text: &str, hrp: &str) -> Result<(), Reason> {
    match text.rsplit_once('1') {
        Some((found, _)) if found.eq_ignore_ascii_case(hrp) => Ok(()),
        Some((found, _)) if text.is_ascii() => {
            Err(format!("it begins with {found:?}, where {hrp:?} belongs").into())
        }
        _ => Err(format!("it does not begin with {hrp}1").into()),
    }
}

/// Whether the text claims to be of `hrp`.
pub(super) fn has_hrp(text: &str, hrp: &str) -> bool {
    text.rsplit_once('1').is_some_and(|(found, _)| found.eq_ignore_ascii_case(hrp))
}

/// The output script of a segwit address: version, push length, program. Every version of BIP-350:
/// wallets of tomorrow give addresses of versions that nobody owns today (see
/// [`is_unowned`]).
pub(super) fn parse_segwit(text: &str, hrp: &str) -> Result<Vec<u8>, Reason> {
    check_hrp(text, hrp)?;
    // Of version 0 only 20 and 32 bytes, of others 2 to 40.
    let (_, version, program) =
        segwit::decode(text).map_err(|error| segwit_reason(text, &error))?;
    let opcode = match version.to_u8() {
        0 => 0x00,
        version => 0x50 + version,
    };
    let length = u8::try_from(program.len()).map_err(|_| "it is too long")?;
    Ok([&[opcode, length], program.as_slice()].concat())
}

/// Whether the script is of a witness version that is not in use: whoever sees coins sent to it can
/// take them.
pub(super) fn is_unowned(script: &[u8]) -> bool {
    match script {
        [0x51, 32, program @ ..] => program.len() != 32,
        [0x51..=0x60, length, program @ ..] => program.len() == usize::from(*length),
        _ => false,
    }
}

fn segwit_reason(text: &str, error: &segwit::DecodeError) -> Reason {
    use bech32::primitives::decode::SegwitHrpstringError as E;
    match &error.0 {
        E::Unchecked(UncheckedHrpstringError::Char(error)) => characters(error),
        E::Checksum(_) => CHECKSUM.into(),
        E::TooLong(_) => "it is too long".into(),
        _ => format!("it is not a witness program ({} characters)", text.len()).into(),
    }
}

pub(super) fn display_segwit(script: &[u8], hrp: &str) -> Option<String> {
    let (version, program) = match script {
        [0x00, length, program @ ..] if program.len() == usize::from(*length) => (0, program),
        [opcode @ 0x51..=0x60, length, program @ ..] if program.len() == usize::from(*length) => {
            (opcode - 0x50, program)
        }
        _ => return None,
    };
    // Refuses lengths that the version does not have.
    segwit::encode(Hrp::parse(hrp).ok()?, Fe32::try_from(version).ok()?, program).ok()
}

/// A Handshake address: witness version 0 before the 20-byte hash, of which the hash is stored.
pub(super) fn parse_handshake(text: &str, hrp: &str) -> Result<Vec<u8>, Reason> {
    let script = parse_segwit(text, hrp)?;
    match script.as_slice() {
        [0x00, 20, hash @ ..] => Ok(hash.to_vec()),
        _ => Err("only addresses of a key hash, 20 bytes, can be stored".into()),
    }
}

pub(super) fn display_handshake(hash: &[u8], hrp: &str) -> Option<String> {
    display_segwit(&[&[0x00, 20], hash].concat(), hrp)
}
