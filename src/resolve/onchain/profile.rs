//! What people look for in a name.

use crate::record::RecordKey;

/// What is asked when nothing is named and the tree cannot be listed: the addresses that most names
/// have (Ethereum, Bitcoin, Litecoin, Dogecoin, Solana; ENSIP-11 of Optimism, Polygon, Base,
/// Arbitrum), the contenthash, the global text keys of ENSIP-5 and ENSIP-18, and usual services.
pub const PROFILE: [&str; 30] = [
    "address/60",
    "address/0",
    "address/2",
    "address/3",
    "address/501",
    "address/2147483658",
    "address/2147483785",
    "address/2147492101",
    "address/2147525809",
    "contenthash",
    "text/alias",
    "text/avatar",
    "text/com.discord",
    "text/com.github",
    "text/com.twitter",
    "text/description",
    "text/display",
    "text/email",
    "text/header",
    "text/keywords",
    "text/language",
    "text/location",
    "text/mail",
    "text/notice",
    "text/org.telegram",
    "text/phone",
    "text/primary-contact",
    "text/theme",
    "text/timezone",
    "text/url",
];

/// The records of [`PROFILE`].
pub fn profile() -> Vec<RecordKey> {
    PROFILE.iter().filter_map(|text| RecordKey::parse(text).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_is_a_record_type_and_stands_once() {
        let mut found: Vec<String> = profile().iter().map(ToString::to_string).collect();
        assert_eq!(found, PROFILE);
        found.sort();
        found.dedup();
        assert_eq!(found.len(), PROFILE.len());
    }
}
