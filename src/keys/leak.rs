//! Private keys in what is about to be published, known by their form, or by being one's own.
//!
//! 64 hexadecimal digits alone are no form: hashes and public keys look the same.

use std::fmt;

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER_PERMISSIVE};

use sha2::{Digest, Sha256};

use super::{IpnsKey, SignerKey};
use crate::secret::Secret32;

/// The shortest text that holds 32 bytes: base64 without padding, or base58.
const SHORTEST: usize = 42;
/// The longest text that is read in an alphabet whose decoding takes the square of its length.
const LONGEST_SLOW: usize = 512;
/// Encodings within encodings: a record file has the hex of its value, a text say.
const MAX_DEPTH: u32 = 3;

/// Keys that are known to the command: they are found in any form.
#[derive(Clone, Debug, Default)]
pub struct OwnKeys(Vec<Secret32>);

/// What was found; never the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FoundKey {
    /// `-----BEGIN … PRIVATE KEY-----`.
    Pem,
    /// libp2p's protobuf.
    Libp2p,
    /// A JSON Web Key with its private half, `d`.
    Jwk,
    /// An identity of age.
    Age,
    /// `nsec1…`.
    Nostr,
    /// One of [`OwnKeys`].
    Own,
}

impl fmt::Display for FoundKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pem => "a private key (PEM)",
            Self::Libp2p => "a private key (libp2p)",
            Self::Jwk => "a private key (JWK)",
            Self::Age => "a private key (age identity)",
            Self::Nostr => "a private key (nostr, nsec1…)",
            Self::Own => "a private key of this workspace",
        })
    }
}

impl OwnKeys {
    /// Adds an IPNS key, by its seed.
    pub fn add_ipns(&mut self, key: &IpnsKey) {
        self.0.push(key.seed());
    }

    /// Adds a records signer.
    pub fn add_signer(&mut self, key: &SignerKey) {
        self.0.push(key.scalar());
    }

    /// Adds 32 secret bytes, a wallet's key say.
    pub fn add(&mut self, key: Secret32) {
        self.0.push(key);
    }

    /// Stands for all of them in what is kept of a search for them. Nothing that is kept tells more
    /// of a key than its address, which is public: both are one-way, and the keys 32 random bytes.
    pub(crate) fn fingerprint(&self) -> [u8; 32] {
        let mut each: Vec<[u8; 32]> = Vec::with_capacity(self.0.len());
        for key in &self.0 {
            let mut hash = Sha256::new();
            hash.update(b"namesys: a key that was looked for\n");
            hash.update(key.expose());
            each.push(hash.finalize().into());
        }
        each.sort_unstable();
        each.dedup();
        Sha256::digest(each.concat()).into()
    }

    /// All of them stand so in every binary form: alone, before the public half, in DER.
    fn are_in(&self, bytes: &[u8]) -> bool {
        self.0.iter().any(|key| contains(bytes, key.expose()))
    }
}

/// The private key that `bytes` hold, a file or a part of one.
pub fn private_key_in(bytes: &[u8], own: &OwnKeys) -> Option<FoundKey> {
    scan(bytes, own, 0)
}

fn scan(bytes: &[u8], own: &OwnKeys, depth: u32) -> Option<FoundKey> {
    if own.are_in(bytes) {
        return Some(FoundKey::Own);
    }
    if depth < MAX_DEPTH
        && let Some(payload) = record_payload(bytes)
    {
        return scan(&payload, own, depth + 1);
    }
    if has_pem(bytes) {
        return Some(FoundKey::Pem);
    }
    if has_age(bytes) {
        return Some(FoundKey::Age);
    }
    if has_jwk(bytes) {
        return Some(FoundKey::Jwk);
    }
    if has_nsec(bytes) {
        return Some(FoundKey::Nostr);
    }
    if is_libp2p(bytes) || is_libp2p(bytes.trim_ascii_end()) {
        return Some(FoundKey::Libp2p);
    }
    if depth == MAX_DEPTH {
        return None;
    }
    let found = |decoded: Option<Vec<u8>>| scan(&decoded?, own, depth + 1);
    if let Some(key) = over_lines(bytes).into_iter().find_map(|text| found(Some(text))) {
        return Some(key);
    }
    // Hex, multibase and base58 have letters and digits alone.
    for word in runs(bytes, |byte| byte.is_ascii_alphanumeric()) {
        let decoded = found(hex(word)).or_else(|| found(multibase(word)));
        if let Some(key) = decoded.or_else(|| found(base58(word))) {
            return Some(key);
        }
    }
    let texts = runs(bytes, |byte| byte.is_ascii_alphanumeric() || b"+/-_".contains(&byte));
    // After `m` and `u` too, as multibase has it.
    texts
        .into_iter()
        .filter(|text| !is_hex(text))
        .find_map(|text| found(base64(text)).or_else(|| found(base64(&text[1..]))))
}

/// The payload of a record file as this program writes it ([records](crate::spec::records)), which
/// nearly all files are: its hex is one word of digits, so that nothing else can stand there.
fn record_payload(bytes: &[u8]) -> Option<Vec<u8>> {
    let digits = bytes.trim_ascii_end().strip_prefix(b"{\"data\":\"0x")?.strip_suffix(b"\"}")?;
    HEXLOWER_PERMISSIVE.decode(digits).ok()
}

/// What goes over several lines, as `base64` writes it: lines of nothing but its letters, one after
/// the other; comments and empty lines count for nothing. And all of a text without white space,
/// as whoever reads a key file takes it.
fn over_lines(bytes: &[u8]) -> Vec<Vec<u8>> {
    let Ok(text) = std::str::from_utf8(bytes) else { return Vec::new() };
    let text = text.trim();
    if !text.contains(char::is_whitespace) {
        return Vec::new();
    }
    let is_text = |line: &str| {
        line.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/-_=".contains(&byte))
    };
    let (mut all, mut joined) = (Vec::new(), Vec::new());
    let lines = text.lines().map(str::trim);
    let lines: Vec<&str> =
        lines.filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    for run in lines.chunk_by(|a, b| is_text(a) == is_text(b)) {
        if run.len() > 1 && is_text(run[0]) {
            all.push(run.concat().into_bytes());
        }
    }
    for line in &lines {
        joined.extend(line.split_whitespace().flat_map(str::bytes));
    }
    all.push(joined);
    all
}

/// The longest parts of bytes that are `of` a kind and may hold a key.
fn runs(bytes: &[u8], of: impl Fn(u8) -> bool) -> Vec<&[u8]> {
    bytes.split(|byte| !of(*byte)).filter(|run| run.len() >= SHORTEST).collect()
}

fn hex(word: &[u8]) -> Option<Vec<u8>> {
    HEXLOWER_PERMISSIVE.decode(digits(word)).ok()
}

fn digits(word: &[u8]) -> &[u8] {
    word.strip_prefix(b"0x").or(word.strip_prefix(b"0X")).unwrap_or(word)
}

fn is_hex(word: &[u8]) -> bool {
    digits(word).iter().all(u8::is_ascii_hexdigit)
}

fn multibase(word: &[u8]) -> Option<Vec<u8>> {
    // Prefixes of the alphabets without signs; those with signs are read as base64.
    let is_prefix = b"fFbBvVtTcChkKzZ".contains(word.first()?);
    let text =
        std::str::from_utf8(word).ok().filter(|_| is_prefix && word.len() <= LONGEST_SLOW)?;
    multibase::decode(text).ok().map(|(_, bytes)| bytes)
}

fn base58(word: &[u8]) -> Option<Vec<u8>> {
    (word.len() <= LONGEST_SLOW).then(|| bs58::decode(word).into_vec().ok())?
}

/// In either alphabet.
fn base64(text: &[u8]) -> Option<Vec<u8>> {
    BASE64_NOPAD.decode(text).or_else(|_| BASE64URL_NOPAD.decode(text)).ok()
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    after(bytes, part).next().is_some()
}

/// What follows each place where `mark` stands. Its first byte is looked for, which takes no time
/// where there is none: most files are the hex of a record.
fn after<'a>(bytes: &'a [u8], mark: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    let (first, mut from) = (mark[0], 0);
    let bytes = if bytes.contains(&first) { bytes } else { &[] };
    std::iter::from_fn(move || {
        loop {
            let at = from + bytes.get(from..)?.iter().position(|byte| *byte == first)?;
            from = at + 1;
            if let Some(rest) = bytes[at..].strip_prefix(mark) {
                return Some(rest);
            }
        }
    })
}

fn has_pem(bytes: &[u8]) -> bool {
    after(bytes, b"-----BEGIN ").any(|rest| {
        let rest = &rest[..rest.len().min(80)];
        let end = rest.windows(5).position(|window| window == b"-----");
        let label = end.map_or(&[][..], |end| &rest[..end]);
        label.ends_with(b"PRIVATE KEY") || label.ends_with(b"PRIVATE KEY BLOCK")
    })
}

fn has_age(bytes: &[u8]) -> bool {
    // From the first `-` on, of which there are few.
    let marks: [&[u8]; 2] = [b"-SECRET-KEY-", b"-secret-key-"];
    marks.iter().any(|mark| {
        after(bytes, mark).any(|rest| {
            let before = &bytes[..bytes.len() - rest.len() - mark.len()];
            let of = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'-';
            (before.ends_with(b"AGE") || before.ends_with(b"age"))
                && rest.iter().take_while(of).count() > 50
        })
    })
}

fn has_nsec(bytes: &[u8]) -> bool {
    let marks: [&[u8]; 2] = [b"nsec1", b"NSEC1"];
    // 32 bytes and a checksum.
    let is_one =
        |rest: &[u8]| rest.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count() == 58;
    marks.iter().any(|mark| after(bytes, mark).any(is_one))
}

fn has_jwk(bytes: &[u8]) -> bool {
    contains(bytes, b"kty\"")
        && after(bytes, b"\"d\"").any(|rest| {
            let value = rest.trim_ascii_start().strip_prefix(b":").map(<[u8]>::trim_ascii_start);
            let value = value.and_then(|value| value.strip_prefix(b"\"")).unwrap_or_default();
            let of = |byte: &&u8| byte.is_ascii_alphanumeric() || b"-_".contains(byte);
            value.iter().take_while(of).count() >= SHORTEST
        })
}

/// `08 <type> 12 <length> ‖ data`, and no public key: those have the same form.
fn is_libp2p(bytes: &[u8]) -> bool {
    let [0x08, kind, 0x12, rest @ ..] = bytes else { return false };
    let Ok((length, data)) = unsigned_varint::decode::usize(rest) else { return false };
    if data.len() != length {
        return false;
    }
    match kind {
        1 => matches!(length, 64 | 96) && is_pair(data),
        2 => length == 32,
        // PKCS#1 and SEC 1 begin with a version, SPKI with the algorithm.
        0 | 3 => after_head(data).is_some_and(|inner| inner.first() == Some(&0x02)),
        _ => false,
    }
}

/// Whether a seed is followed by its public half.
fn is_pair(data: &[u8]) -> bool {
    let Ok(seed) = <[u8; 32]>::try_from(&data[..32]) else { return false };
    IpnsKey::from_seed(&Secret32::new(seed)).name().public_key() == data[32..64]
}

/// What is in a SEQUENCE of DER.
fn after_head(der: &[u8]) -> Option<&[u8]> {
    match der {
        [0x30, length, rest @ ..] if *length < 0x80 => Some(rest),
        [0x30, 0x81, _, rest @ ..] | [0x30, 0x82, _, _, rest @ ..] => Some(rest),
        _ => None,
    }
}

#[cfg(test)]
#[path = "leak_tests.rs"]
mod tests;
