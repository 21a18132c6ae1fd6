//! Whoever gives no wallet, on a terminal, chooses one of those that are found, and may have it
//! remembered. What is remembered is a name, never a secret.

use namesys::wallet::Wallet;

use super::context::Context;
use super::error::CliError;
use super::found_wallets::{Choice, found};
use super::prompt;
use super::settings::Asked;

impl Choice {
    /// What may be remembered of it: the entry of `config.toml`.
    fn entry(&self) -> Option<(&'static str, &str)> {
        match self {
            Self::Account(name) => Some(("account", name)),
            Self::Asked(asked) => Some(("wallet", asked.word())),
            Self::Key | Self::Mnemonic => None,
        }
    }
}

/// Has a person choose.
///
/// # Errors
/// Exit 2 without a terminal, 130 when interrupted.
pub fn choose(context: &Context) -> Result<Choice, CliError> {
    let mut choices = Vec::new();
    for one in found(context)? {
        let item = match &one.choice {
            Some(Choice::Account(name)) => match one.address {
                Some(address) => format!("the keystore {name}, {address}"),
                None => format!("the keystore {name}"),
            },
            Some(Choice::Asked(Asked::Device(device))) => {
                format!("the {device}: {} (--{})", one.source, one.kind)
            }
            _ => continue,
        };
        choices.extend(one.choice.map(|choice| (choice, item)));
    }
    choices.extend([
        (Choice::Asked(Asked::Browser), "the wallet of a browser (--browser)".to_owned()),
        (Choice::Key, "a private key, typed here (--interactive)".to_owned()),
        (Choice::Mnemonic, "a mnemonic, typed here (--mnemonic)".to_owned()),
    ]);
    let items: Vec<String> = choices.iter().map(|(_, item)| item.clone()).collect();
    let chosen = prompt::choose("Which wallet?", &items, "a wallet's flag")?;
    Ok(choices.swap_remove(chosen).0)
}

/// Offers to remember it, once it is open.
///
/// # Errors
/// When the file cannot be written, 130 when interrupted.
pub fn offer_to_remember(
    choice: &Choice,
    wallet: &dyn Wallet,
    context: &Context,
) -> Result<(), CliError> {
    let (Some((entry, value)), Some(file)) = (choice.entry(), context.settings.user_file()) else {
        return Ok(());
    };
    let question = format!(
        "Use {} from now on, where nothing else is said (kept in {}: {entry} = \"{value}\")",
        wallet.describe(),
        file.display()
    );
    match prompt::confirm(&question, "a wallet's flag")? {
        true => context.settings.remember_wallet(entry, value),
        false => Ok(()),
    }
}
