//! Nimiq: `NQ`, two check digits as an IBAN has them, and 20 bytes in base32, in groups of four.

use data_encoding::{Encoding, Specification};

use super::codec::{CHECKSUM, Codec};
use super::reason::Reason;

pub(super) const CODEC: Codec = Codec {
    parse,
    display,
    expected: "NQ, two digits, and 32 characters in groups of four",
    is_hex: false,
};

fn base32() -> Option<Encoding> {
    let mut specification = Specification::new();
    specification.symbols.push_str("0123456789ABCDEFGHJKLMNPQRSTUVXY");
    specification.encoding().ok()
}

fn parse(text: &str) -> Result<Vec<u8>, Reason> {
    let compact = text.replace(' ', "");
    let (head, body) = compact.split_at_checked(4).ok_or("it is too short")?;
    let digits = head.strip_prefix("NQ").ok_or("it does not begin with NQ")?;
    if body.len() != 32 {
        return Err("32 characters belong after its check digits".into());
    }
    let bytes = base32().and_then(|base32| base32.decode(body.as_bytes()).ok());
    let bytes = bytes.ok_or("it has a character that Nimiq's alphabet has not")?;
    if check_digits(body).as_deref() != Some(digits) {
        return Err(CHECKSUM.into());
    }
    // With its spaces, or without any.
    match text == compact || display(&bytes).as_deref() == Some(text) {
        true => Ok(bytes),
        false => Err("its groups have four characters each".into()),
    }
}

fn display(bytes: &[u8]) -> Option<String> {
    if bytes.len() != 20 {
        return None;
    }
    let body = base32()?.encode(bytes);
    let whole: Vec<char> = format!("NQ{}{body}", check_digits(&body)?).chars().collect();
    let groups: Vec<String> = whole.chunks(4).map(|group| group.iter().collect()).collect();
    Some(groups.join(" "))
}

/// ISO 7064, MOD 97-10: letters count from 10 for A.
fn check_digits(body: &str) -> Option<String> {
    let rest = format!("{body}NQ00").chars().try_fold(0, |rest, character| {
        let value = character.to_digit(36)?;
        Some(if value < 10 { rest * 10 + value } else { rest * 100 + value } % 97)
    })?;
    Some(format!("{:02}", 98 - rest))
}
