//! PEM, with its line ends or what a secret store made of them: spaces, `\n` in two characters, or
//! nothing.

use data_encoding::BASE64;
use zeroize::Zeroizing;

use super::{IpnsKeyError, der, named};
use crate::keys::IpnsKey;

const BEGIN: &str = "-----BEGIN ";
const DASHES: &str = "-----";

/// The private key among the blocks of a text; `None` where there is no block. What stands before,
/// between and after them does not count.
pub(super) fn parse(text: &str) -> Option<Result<IpnsKey, IpnsKeyError>> {
    let blocks: Vec<(&str, &str)> = blocks(text).collect();
    let of_private = |(label, _): &&(&str, &str)| label.ends_with("PRIVATE KEY");
    let Some((label, body)) = blocks.iter().find(of_private) else {
        let (label, _) = blocks.first()?;
        return Some(Err(named::block(label)));
    };
    let key = match *label {
        "PRIVATE KEY" => decode(body).ok_or(IpnsKeyError::Damaged).and_then(|der| der::parse(&der)),
        other => Err(named::block(other)),
    };
    let publics = blocks.iter().filter(|(label, _)| *label == "PUBLIC KEY");
    let others = publics.filter_map(|(_, body)| der::public_key(&decode(body)?));
    Some(key.and_then(|key| {
        let mut others = others.filter(|public| *public != key.name().public_key());
        if others.next().is_some() { Err(IpnsKeyError::PublicHalf) } else { Ok(key) }
    }))
}

/// Label and body of each block.
fn blocks(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split(BEGIN).skip(1).filter_map(|block| {
        let (label, rest) = block.split_once(DASHES)?;
        // Without its end it was cut, which its decoding tells.
        Some((label, rest.split(DASHES).next().unwrap_or_default()))
    })
}

fn decode(body: &str) -> Option<Zeroizing<Vec<u8>>> {
    let body = Zeroizing::new(body.replace("\\r", "").replace("\\n", ""));
    let mut compact = Zeroizing::new(String::with_capacity(body.len()));
    body.split_whitespace().for_each(|part| compact.push_str(part));
    BASE64.decode(compact.as_bytes()).ok().map(Zeroizing::new)
}
