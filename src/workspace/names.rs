//! The names of a workspace: one, or with wallet storage, where one key serves all names of a
//! wallet, several. What lies under a name is part of it.

use crate::ens::Name;
use crate::keys::Storage;

/// Why names do not go together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NamesError {
    /// With domain storage each name has keys of its own.
    #[error(
        "{first} and {other} have keys of their own with {what} \"domain\", and one workspace has \
         one pair of keys: several names need \"wallet\""
    )]
    NotOfWallet {
        /// The first name.
        first: Name,
        /// Another.
        other: Name,
        /// `storage` or `signer_storage`.
        what: &'static str,
    },
    /// The name is there already.
    #[error("{0} is one of the workspace's names already")]
    Twice(Name),
    /// One name lies under another, whose records it has.
    #[error("{under} lies under {root}, and so belongs to the workspace already")]
    Under {
        /// The lower one.
        under: Name,
        /// The upper one.
        root: Name,
    },
    /// The name is none of the workspace's.
    #[error("{0} is none of the workspace's names")]
    NotThere(Name),
    /// A workspace has one name at least.
    #[error("{0} is the workspace's only name")]
    Last(Name),
    /// The records signer was derived for the first name.
    #[error(
        "the records signer was derived for {0} (compat = \"web-client\"): without this name first \
         the same keys could not be derived again"
    )]
    OriginOfSigner(Name),
}

/// Whether names can be those of one workspace.
pub(super) fn check(
    names: &[Name],
    storage: Storage,
    signer_storage: Storage,
) -> Result<(), NamesError> {
    let [first, other, ..] = names else { return Ok(()) };
    for (what, storage) in [("storage", storage), ("signer_storage", signer_storage)] {
        if storage != Storage::Wallet {
            let (first, other) = (first.clone(), other.clone());
            return Err(NamesError::NotOfWallet { first, other, what });
        }
    }
    names.iter().enumerate().try_for_each(|(at, name)| check_apart(&names[..at], name))
}

/// Whether `name` neither lies under one of `names` nor above.
pub(super) fn check_apart(names: &[Name], name: &Name) -> Result<(), NamesError> {
    let under = |under: &Name, root: &Name| {
        let (under, root) = (under.clone(), root.clone());
        Err(NamesError::Under { under, root })
    };
    for other in names {
        match (name.is_or_is_under(other), other.is_or_is_under(name)) {
            (true, true) => return Err(NamesError::Twice(name.clone())),
            (true, false) => return under(name, other),
            (false, true) => return under(other, name),
            (false, false) => {}
        }
    }
    Ok(())
}
