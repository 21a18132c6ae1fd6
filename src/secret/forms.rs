//! Secrets as they look: keys, mnemonics and tokens that are told by their form, wherever they
//! stand in a text.
//!
//! What may as well be something public is not among them: 64 hexadecimal digits are a private key,
//! a public key, or a hash.

use std::ops::Range;

use alloy::signers::local::coins_bip39::{English, Mnemonic, Wordlist};
use data_encoding::{BASE32, BASE64_NOPAD, BASE64URL_NOPAD};
use ed25519_dalek::SigningKey;
use zeroize::Zeroizing;

use super::form::SecretForm;

/// What a text is that somebody gave as a name and that can be none: no name has a single label of
/// 64 hexadecimal digits, for DNS and ENS know no such top level.
pub fn in_place_of_a_name(text: &str) -> Option<&'static str> {
    // The shortest secret that could pass as a name.
    if text.len() < 25 {
        return None;
    }
    let digits = text.strip_prefix("0x").unwrap_or(text);
    if matches!(digits.len(), 64 | 128 | 130 | 136) && digits.bytes().all(|b| b.is_ascii_hexdigit())
    {
        return Some("hexadecimal digits, as a private key has");
    }
    is_or_holds(text).map(SecretForm::words)
}

/// Every secret in `text` with its place, in order; they may overlap. Of mnemonics any twelve words
/// of the list in a row: a mistyped one is as secret.
pub fn find(text: &str) -> Vec<(Range<usize>, SecretForm)> {
    let mut found = pem(text);
    found.extend(libp2p(text).into_iter().map(|place| (place, SecretForm::Libp2p)));
    for place in tokens(text) {
        if let Some(form) = token(&text[place.clone()]) {
            found.push((place, form));
        }
    }
    let words = words_of_the_list(text).into_iter();
    found.extend(words.map(|(place, _)| (place, SecretForm::Mnemonic)));
    // Of those that begin together the longest first.
    found.sort_by_key(|(place, _)| (place.start, usize::MAX - place.end));
    found
}

/// What `text` holds that nobody should publish; of mnemonics those whose checksum is right.
pub fn is_or_holds(text: &str) -> Option<SecretForm> {
    let is_one = |(place, form): &(Range<usize>, SecretForm)| {
        *form != SecretForm::Mnemonic || is_mnemonic(&text[place.clone()])
    };
    find(text).into_iter().find(is_one).map(|(_, form)| form)
}

/// A word of the list may stand before or after it.
fn is_mnemonic(text: &str) -> bool {
    let words = text.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| !word.is_empty());
    let words: Vec<&str> = words.collect();
    [12, 15, 18, 21, 24].into_iter().filter(|length| *length <= words.len()).any(|length| {
        let ends = [&words[..length], &words[words.len() - length..]];
        ends.into_iter().any(|words| {
            let phrase = Zeroizing::new(words.join(" ").to_ascii_lowercase());
            Mnemonic::<English>::new_from_phrase(&phrase).is_ok()
        })
    })
}

fn pem(text: &str) -> Vec<(Range<usize>, SecretForm)> {
    const BEGIN: &str = "-----BEGIN ";
    const END: &str = "-----END ";
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = text[from..].find(BEGIN).map(|at| from + at) {
        let head = &text[at + BEGIN.len()..];
        let label = head.split("-----").next().unwrap_or_default();
        // Cut off, it goes to the end of the text.
        let end = head.find(END).map_or(text.len(), |end| {
            let end = at + BEGIN.len() + end + END.len();
            text[end..].find("-----").map_or(text.len(), |dashes| end + dashes + 5)
        });
        // A label alone, as in a message, holds nothing.
        let body = head[label.len()..].trim_start_matches('-');
        let is_body =
            |c: char| c.is_ascii_alphanumeric() || c.is_whitespace() || "+/\\".contains(c);
        if label.contains("PRIVATE KEY") && body.starts_with(is_body) {
            found.push((at..end, SecretForm::Pem));
        }
        from = end;
    }
    found
}

/// The longest key of libp2p, one of RSA with 4,096 bits, has some 3,200 characters.
const MAX_LIBP2P: usize = 8 << 10;

/// Where base64 of a libp2p key of any kind begins: it may stand in a path, or after `key=`.
fn libp2p(text: &str) -> Vec<Range<usize>> {
    const STARTS: [&str; 5] = ["CAAS", "CAESQ", "CAESY", "CAISI", "CAMS"];
    let starts = STARTS.iter().flat_map(|start| text.match_indices(start)).map(|(at, _)| at);
    let mut starts: Vec<usize> = starts.collect();
    starts.sort_unstable();
    let is_end = |c: char| !(c.is_ascii_alphanumeric() || "+/".contains(c));
    // Of several in one run the end is looked for once.
    let mut end = 0;
    let runs = starts.into_iter().filter_map(|at| {
        if at >= end {
            end = text[at..].find(is_end).map_or(text.len(), |length| at + length);
        }
        (end - at <= MAX_LIBP2P).then_some(at..end)
    });
    runs.filter(|run| is_libp2p(&text[run.clone()])).collect()
}

/// Runs of characters that keys are written in, with dots and without.
fn tokens(text: &str) -> Vec<Range<usize>> {
    let runs = |text: &str, is_part: fn(char) -> bool| -> Vec<Range<usize>> {
        let mut runs = Vec::new();
        let mut start = None;
        for (at, character) in text.char_indices().chain([(text.len(), ' ')]) {
            match (is_part(character), start) {
                (true, None) => start = Some(at),
                (false, Some(from)) => {
                    runs.push(from..at);
                    start = None;
                }
                _ => {}
            }
        }
        runs
    };
    let mut tokens = runs(text, |c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    tokens.extend(runs(text, |c| c.is_ascii_alphanumeric() || "-_".contains(c)));
    tokens
}

/// `AGE-PLUGIN-NAME-1` and bech32, all in one case; names of packages begin alike.
fn is_age_plugin(token: &str) -> bool {
    let is_one_case = !token.bytes().any(|byte| byte.is_ascii_lowercase())
        || !token.bytes().any(|byte| byte.is_ascii_uppercase());
    let data = token.rsplit('-').next().and_then(|last| last.strip_prefix('1'));
    let is_bech32 = |c: char| "qpzry9x8gf2tvdw0s3jn54khce6mua7l".contains(c.to_ascii_lowercase());
    is_one_case && data.is_some_and(|data| data.len() > 6 && data.chars().all(is_bech32))
}

fn token(token: &str) -> Option<SecretForm> {
    // The shortest are an XRP seed's 29 characters.
    if !(25..=4096).contains(&token.len()) {
        return None;
    }
    let upper = token.get(..16).unwrap_or_default().to_ascii_uppercase();
    if upper == "AGE-SECRET-KEY-1" || (upper.starts_with("AGE-PLUGIN-") && is_age_plugin(token)) {
        return Some(SecretForm::Age);
    }
    if upper.starts_with("NSEC1") && token.len() > 50 {
        return Some(SecretForm::Nostr);
    }
    if token.len() > 100
        && matches!(&token[..1], "x" | "y" | "z" | "t" | "u" | "v")
        && token[1..].starts_with("prv")
    {
        return Some(SecretForm::Extended);
    }
    if is_jwt(token) {
        return Some(SecretForm::Jwt);
    }
    if is_libp2p(token) {
        return Some(SecretForm::Libp2p);
    }
    if token.len() <= 110 && is_base58_key(token) {
        let is_wif = token.starts_with(['5', 'K', 'L', '9', 'c']) && token.len() <= 52;
        return Some(if is_wif { SecretForm::Wif } else { SecretForm::Account });
    }
    let is_seed = token.len() == 56
        && token.starts_with('S')
        && BASE32.decode(token.as_bytes()).is_ok_and(|bytes| bytes[0] == 18 << 3);
    let is_key = is_seed || token.starts_with("PVT_K1_") || token.starts_with("PVT_R1_");
    is_key.then_some(SecretForm::Account)
}

/// Three parts in base64url, of which the first is a JSON object.
fn is_jwt(token: &str) -> bool {
    let parts: Vec<&str> = token.split('.').collect();
    let is_part = |part: &&str| BASE64URL_NOPAD.decode(part.as_bytes()).is_ok();
    token.starts_with("eyJ") && parts.len() == 3 && parts[..2].iter().all(is_part)
}

/// `08 <type> 12 <length>` and more than a public key has, in base64 or hexadecimal.
fn is_libp2p(token: &str) -> bool {
    let bytes = match token.strip_prefix("0x").unwrap_or(token) {
        hex if hex.starts_with("08") => alloy_primitives::hex::decode(hex).ok(),
        text if text.starts_with("CA") => BASE64_NOPAD.decode(text.as_bytes()).ok(),
        _ => None,
    };
    let Some(bytes) = bytes.map(Zeroizing::new) else { return false };
    match bytes.as_slice() {
        // RSA in PKCS#1, as long as its public half is short.
        [8, 0, 0x12, ..] => bytes.len() > 600,
        [8, 1, 0x12, 0x40 | 0x60, ..] => bytes.len() >= 68,
        // A private scalar has 32 bytes, a compressed point 33.
        [8, 2, 0x12, 0x20, ..] => bytes.len() == 36,
        [8, 3, 0x12, ..] => bytes.len() > 110,
        _ => false,
    }
}

/// With a checksum, by what it begins with; of Solana the public half proves it.
fn is_base58_key(token: &str) -> bool {
    let checked = |alphabet| {
        let decoded = bs58::decode(token).with_alphabet(alphabet).with_check(None).into_vec();
        decoded.ok().map(Zeroizing::new)
    };
    if let Some(payload) = checked(bs58::Alphabet::BITCOIN) {
        return match payload.as_slice() {
            [0x80 | 0xef, key @ ..] => matches!(key.len(), 32 | 33),
            // edsk…, spsk…, p2sk… of Tezos.
            [0x0d, 0x0f, 0x3a, 0x07, ..] | [0x2b, 0xf6, 0x4e, 0x07, ..] => true,
            [0x11, 0xa2, 0xe0, 0xc9, ..] | [0x10, 0x51, 0xee, 0xbd, ..] => true,
            _ => false,
        };
    }
    if token.starts_with('s')
        && let Some(payload) = checked(bs58::Alphabet::RIPPLE)
    {
        return matches!(payload.as_slice(), [0x21, seed @ ..] if seed.len() == 16)
            || payload.starts_with(&[0x01, 0xe1, 0x4b]);
    }
    let pair = bs58::decode(token).into_vec().ok().map(Zeroizing::new);
    pair.is_some_and(|pair| is_key_pair(&pair))
}

/// An ed25519 seed and the public key that follows from it.
pub fn is_key_pair(bytes: &[u8]) -> bool {
    let halves = bytes.split_first_chunk::<32>();
    halves.is_some_and(|(seed, public)| {
        SigningKey::from_bytes(seed).verifying_key().as_bytes()[..] == *public
    })
}

/// Runs of twelve and more words of the list, with the number of words.
fn words_of_the_list(text: &str) -> Vec<(Range<usize>, usize)> {
    let mut runs = Vec::new();
    let mut run: Option<(Range<usize>, usize)> = None;
    let mut at = 0;
    for part in text.split_inclusive(|c: char| !c.is_ascii_alphabetic()) {
        let word = part.trim_end_matches(|c: char| !c.is_ascii_alphabetic());
        let place = at..at + word.len();
        at += part.len();
        // Commas and line ends may stand between them, and a number before each.
        if word.is_empty() {
            continue;
        }
        if is_word(word) {
            let (before, count) = run.take().unwrap_or((place.clone(), 0));
            run = Some((before.start..place.end, count + 1));
        } else {
            runs.extend(run.take());
        }
    }
    runs.extend(run);
    runs.retain(|(_, count)| *count >= 12);
    runs
}

fn is_word(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    English::get_all().binary_search(&lower.as_str()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: &str =
        "legal winner thank year wave sausage worth useful legal winner thank yellow";

    fn keys() -> Vec<(String, SecretForm)> {
        let seed = [7; 32];
        let public = *SigningKey::from_bytes(&seed).verifying_key().as_bytes();
        let libp2p = [&[8, 1, 0x12, 0x40], &seed[..], &public].concat();
        let wif = bs58::encode([&[0x80], &seed[..], &[1]].concat()).with_check().into_string();
        vec![
            ("-----BEGIN PRIVATE KEY-----\nMC4=\n-----END PRIVATE KEY-----".into(), SecretForm::Pem),
            ("-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl".into(), SecretForm::Pem),
            (WORDS.into(), SecretForm::Mnemonic),
            (WORDS.to_uppercase().replace(' ', ", "), SecretForm::Mnemonic),
            (
                "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX".into(),
                SecretForm::Age,
            ),
            (
                "nsec1vl029mgpspedva04g90vltkh6fvh240zqtv9k0t9af8935ke9laqsnlfe5".into(),
                SecretForm::Nostr,
            ),
            (
                "xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi".into(),
                SecretForm::Extended,
            ),
            (data_encoding::BASE64.encode(&libp2p), SecretForm::Libp2p),
            (alloy_primitives::hex::encode_prefixed(&libp2p), SecretForm::Libp2p),
            (wif, SecretForm::Wif),
            ("sn259rEFXrQrWyx3Q7XneWcwV6dfL".into(), SecretForm::Account),
            ("SBU2RRGLXH3E5CQHTD3ODLDF2BWDCYUSSBLLZ5GNW7JXHDIYKXZWHOKR".into(), SecretForm::Account),
            (bs58::encode([seed, public].concat()).into_string(), SecretForm::Account),
            ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl".into(), SecretForm::Jwt),
        ]
    }

    #[test]
    fn secrets_are_found_where_they_stand() {
        for (key, form) in keys() {
            for text in [
                key.clone(),
                format!("a '{key}' b"),
                format!("token={key}\n"),
                format!("/home/x/{key}"),
            ] {
                let found = find(&text);
                assert!(found.iter().any(|(_, found)| *found == form), "{form}: {text}: {found:?}");
                assert!(is_or_holds(&text).is_some(), "{form}: {text}");
            }
        }
    }

    #[test]
    fn what_is_public_is_no_secret() {
        for text in [
            "https://example.com/avatar.png?x=1",
            "k51qzi5uqu5djmw2yvf8kk5cdjc1ddc00o4d5sjwi6f79xzcay9j3gkddw5uu4",
            "bafybeigr62it6keiljwtagwk3smqxjaj77pnkbdor3tzgfs65kqfuige6i",
            "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
            "7EcDhSYGxXyscszYEp35KHN8vvw3svAuLKTzXwCFLtV2",
            "GAI3GJ2Q3B35AOZJ36C4ANE3HSS4NK7WI6DNO4ZSHRAX6NG7BMX6VJER",
            "rf1BiGeXwwQoi8Z2ueFYTEXSwuJYfV2Jpn",
            "npub180cvv07tjdrrgpa0j7j7tmnyl2yr6yr7l8j4s3evf6u64th6gkwsyjh6w6",
            "CAESIP0XJDhaoMdbZPt4zWAvodmR/ev3axPFjtcC6sg16d0Y",
            "age1lggyhqrw2nlhcxprm67z43rta597azn8gknawjehu9d9dl0jq3yqqvfafg",
            "-----BEGIN PUBLIC KEY-----\nMCow\n-----END PUBLIC KEY-----",
            "xpub661MyMwAqRbcFtXgS5sYJABqqG9YLmC4Q1Rdap9gSE8NqtwybGhePY2gZ29ESFjqJoCu1Rupje8YtGqsefD265TMg7usUDFdp6W1EGMcet8",
            "the quick brown fox jumps over the lazy dog and then some more",
            &"ab".repeat(32),
            &format!("0x{}", "ab".repeat(32)),
            "ключ от квартиры, где деньги лежат",
        ] {
            assert_eq!(is_or_holds(text), None, "{text}");
            assert_eq!(find(text), [], "{text}");
        }
        // Names of packages begin as an identity of age's plugins does.
        let package = "age-plugin-yubikey-v0.5.0-x86_64-linux.tar.gz";
        assert_eq!(find(&format!("https://example.com/{package}")), []);
        assert_eq!(find("AGE-PLUGIN-YUBIKEY-1QGPQYQSZQGPQYQSZ")[0].1, SecretForm::Age);
        // Hidden where it is shown again, but a wrong checksum may as well be prose.
        let prose = WORDS.replace("yellow", "zoo");
        assert_eq!(find(&prose).len(), 1);
        assert_eq!(is_or_holds(&prose), None);
    }

    /// A run is looked through once, and what is longer than a key is not decoded.
    #[test]
    fn a_long_text_of_beginnings_is_read_soon() {
        let begun = std::time::Instant::now();
        let text = "CAAS".repeat(1 << 20);
        let first = find(&text).into_iter().map(|(place, _)| place.start).min();
        assert!(first.is_some_and(|first| first == text.len() - MAX_LIBP2P), "{first:?}");
        assert!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());
    }
}
