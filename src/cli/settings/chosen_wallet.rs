//! Keeps in the user's file which wallet was chosen.

use std::path::Path;

use toml_edit::value;

use super::user_file::change;
use crate::cli::error::CliError;

/// Says which wallet is used where nothing else is said: `entry` is `account` or `wallet`, of which
/// one stands there. Comments and order stay.
///
/// # Errors
/// When it cannot be read or written.
pub fn remember_wallet(path: &Path, entry: &str, said: &str) -> Result<(), CliError> {
    change(path, |document| {
        let decor = ["account", "wallet"]
            .iter()
            .filter_map(|other| document.remove_entry(other))
            .map(|(key, _)| key.leaf_decor().clone())
            .next_back();
        document[entry] = value(said);
        if let (Some(decor), Some(mut key)) = (decor, document.key_mut(entry)) {
            *key.leaf_decor_mut() = decor;
        }
    })
}

#[cfg(test)]
mod tests {
    use namesys::wallet::device::DeviceKind;

    use super::*;
    use crate::cli::settings::Asked;
    use crate::cli::settings::user_file::UserFile;

    /// One of both stands there, before all tables.
    #[test]
    fn a_wallet_is_remembered_by_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("namesys/config.toml");
        let file = || UserFile::read(Some(path.clone())).unwrap();
        for (entry, asked) in [
            ("browser", Asked::Browser),
            ("ledger", Asked::Device(DeviceKind::Ledger)),
            ("trezor", Asked::Device(DeviceKind::Trezor)),
        ] {
            remember_wallet(&path, "wallet", entry).unwrap();
            assert_eq!((file().wallet, file().account), (Some(asked), None));
        }
        std::fs::write(&path, "# mine\nwallet = \"browser\"\n[gateways]\nipfs = []\n").unwrap();
        remember_wallet(&path, "account", "nick").unwrap();
        assert_eq!((file().wallet, file().account.as_deref()), (None, Some("nick")));
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text, "# mine\naccount = \"nick\"\n[gateways]\nipfs = []\n");
        std::fs::write(&path, "wallet = \"metamask\"").unwrap();
        let error = UserFile::read(Some(path)).unwrap_err();
        assert!(error.message.contains("browser, ledger or trezor"), "{}", error.message);
    }
}
