//! Hedera: shard, realm and account as three numbers, with the checksum of HIP-15 or without.
//! Stored in 4, 8 and 8 bytes, big-endian.

use super::codec::{CHECKSUM, Codec};
use super::reason::Reason;

pub(super) const CODEC: Codec = Codec {
    parse,
    display,
    expected: "three numbers such as 0.0.1234, with a checksum (0.0.123-vfmkw) or without",
    is_hex: false,
};

fn parse(text: &str) -> Result<Vec<u8>, Reason> {
    let (numbers, checksum) = match text.split_once('-') {
        Some((numbers, checksum)) => (numbers, Some(checksum)),
        None => (text, None),
    };
    let parts: Vec<&str> = numbers.split('.').collect();
    let [shard, realm, account] = parts[..] else {
        return Err("it is not three numbers with a dot between them".into());
    };
    let range = "one of its numbers is too large, or has leading zeros";
    let shard = number(shard).and_then(|shard| u32::try_from(shard).ok()).ok_or(range)?;
    let (realm, account) = (number(realm).ok_or(range)?, number(account).ok_or(range)?);
    if checksum.is_some_and(|given| given != hip15(numbers)) {
        return Err(CHECKSUM.into());
    }
    let parts = [&shard.to_be_bytes()[..], &realm.to_be_bytes(), &account.to_be_bytes()];
    Ok(parts.concat())
}

fn number(text: &str) -> Option<u64> {
    text.parse().ok().filter(|number: &u64| number.to_string() == text)
}

fn display(bytes: &[u8]) -> Option<String> {
    let bytes: &[u8; 20] = bytes.try_into().ok()?;
    let number = |part: &[u8]| part.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
    Some([&bytes[..4], &bytes[4..12], &bytes[12..]].map(|part| number(part).to_string()).join("."))
}

/// Five letters over the digits and dots, and the ledger's id: one byte, zero for the main network.
fn hip15(address: &str) -> String {
    const P3: u64 = 26 * 26 * 26;
    const P5: u64 = P3 * 26 * 26;
    let digits: Vec<u64> = address
        .bytes()
        .map(|byte| if byte == b'.' { 10 } else { u64::from(byte - b'0') })
        .collect();
    let weighted = digits.iter().fold(0, |sum, digit| (sum * 31 + digit) % P3);
    let every_other = |from: usize| digits.iter().skip(from).step_by(2).sum::<u64>() % 11;
    let (even, odd) = (every_other(0), every_other(1));
    // The id's own part is zero for an id of zeros.
    let length = digits.len() as u64 % 5;
    let sum = (((length * 11 + even) * 11 + odd) * P3 + weighted) % P5;
    let mut rest = sum * 1_000_003 % P5;
    let mut letters = [b'a'; 5];
    for letter in letters.iter_mut().rev() {
        *letter += (rest % 26) as u8;
        rest /= 26;
    }
    letters.map(char::from).iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of HIP-15.
    #[test]
    fn checksums_are_checked_where_they_are_given() {
        let stored = parse("0.0.123").unwrap();
        assert_eq!(parse("0.0.123-vfmkw").unwrap(), stored);
        assert_eq!(display(&stored).unwrap(), "0.0.123");
        for wrong in ["0.0.124-vfmkw", "0.0.123-vfmkx", "0.0.123-", "0.0", "0.0.01", "0.0.-1"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
