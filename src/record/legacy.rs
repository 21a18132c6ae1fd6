//! File names of the older ENSIP-XX layout ([seed 003](crate::spec::records)): flat under the name.

use super::{CoinType, RecordKey, TextKey};

impl RecordKey {
    /// The record's file in the older layout: `<key>.json`, `addr-<coin type>.json`,
    /// `contenthash.json`, `pubkey.json`, `name.json`. `None` for kinds it has not, and for text
    /// keys whose file would be another record's (`text/name`).
    pub fn legacy_file_name(&self) -> Option<String> {
        let stem = match self {
            Self::Text(key) => key.as_str().to_owned(),
            Self::Address(coin) => format!("addr-{coin}"),
            Self::Contenthash => "contenthash".into(),
            Self::Pubkey => "pubkey".into(),
            Self::Name => "name".into(),
            Self::Interface(_) | Self::Abi(_) | Self::Zonehash | Self::Dns(_) => return None,
        };
        let file_name = format!("{stem}.json");
        (Self::from_legacy_file_name(&file_name).as_ref() == Some(self)).then_some(file_name)
    }

    /// The record of a file of the older layout; `None` where the name is none of it.
    pub fn from_legacy_file_name(file_name: &str) -> Option<Self> {
        match file_name.strip_suffix(".json")? {
            "contenthash" => Some(Self::Contenthash),
            "pubkey" => Some(Self::Pubkey),
            "name" => Some(Self::Name),
            stem => match stem.strip_prefix("addr-").and_then(super::coin::decimal) {
                Some(coin) => Some(Self::Address(CoinType::from_number(coin))),
                None => TextKey::parse(stem).ok().map(Self::Text),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways() {
        for (record, file_name) in [
            ("text/avatar", Some("avatar.json")),
            ("text/com.github", Some("com.github.json")),
            ("text/addr-x", Some("addr-x.json")),
            ("address/60", Some("addr-60.json")),
            ("contenthash", Some("contenthash.json")),
            ("pubkey", Some("pubkey.json")),
            ("name", Some("name.json")),
            ("text/name", None),
            ("text/addr-60", None),
            ("abi/1", None),
            ("dns/zonehash", None),
            ("interface/0x01ffc9a7", None),
        ] {
            let key = RecordKey::parse(record).unwrap();
            assert_eq!(key.legacy_file_name().as_deref(), file_name, "{record}");
            if let Some(file_name) = file_name {
                assert_eq!(RecordKey::from_legacy_file_name(file_name), Some(key));
            }
        }
        for other in ["avatar", "avatar.txt", ".json", "a#b.json"] {
            assert_eq!(RecordKey::from_legacy_file_name(other), None);
        }
    }
}
