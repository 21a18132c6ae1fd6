//! Who is approved on chain, or no longer, as the flags say or the workspace.

use std::str::FromStr;

use alloy_primitives::Address;
use namesys::chain::setup::SignerChange;
use namesys::report::ErrorKind;

use crate::cli::error::{CliError, Exit};
use crate::cli::session::Session;
use crate::cli::wallet_args::address;

/// Who may sign.
#[derive(Debug, Default, clap::Args)]
pub struct SignersArgs {
    /// Approve a signer on chain, so that its records need no SIGN 3; may be given more than once,
    /// all of which is one transaction [default: the workspace's]
    #[arg(long, value_name = "SIGNER", num_args = 0..=1, default_missing_value = OWN)]
    approve_signer: Vec<Whose>,
    /// Take a signer's approval on chain back; that alone is done, unless something else is asked
    /// for too [default: the workspace's]
    #[arg(long, value_name = "SIGNER", num_args = 0..=1, default_missing_value = OWN)]
    revoke_signer: Vec<Whose>,
}

const OWN: &str = "own";

/// Whose signer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    /// The workspace's.
    Own,
    /// That one.
    Given(Address),
}

impl FromStr for Whose {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            OWN => Ok(Self::Own),
            text => address(text).map(Self::Given).map_err(|error| error.to_string()),
        }
    }
}

impl SignersArgs {
    /// The workspace's own is approved.
    pub fn of_own() -> Self {
        Self { approve_signer: vec![Whose::Own], revoke_signer: Vec::new() }
    }

    /// Whether one is to be approved.
    pub fn approve(&self) -> bool {
        !self.approve_signer.is_empty()
    }

    /// Whether one is to be approved no longer.
    pub fn revoke(&self) -> bool {
        !self.revoke_signer.is_empty()
    }

    /// Whether the workspace's own is meant.
    pub fn mean_own(&self) -> bool {
        self.approve_signer.iter().chain(&self.revoke_signer).any(|whose| *whose == Whose::Own)
    }

    /// The flag that names the workspace's own by its address.
    pub fn flag(&self) -> &'static str {
        match self.approve_signer.contains(&Whose::Own) {
            true => "--approve-signer",
            false => "--revoke-signer",
        }
    }

    /// Each once.
    ///
    /// # Errors
    /// Exit 2 where one is both, or the workspace's is meant and there is none; 4 before it is
    /// derived.
    pub fn get(&self, session: Option<&Session>) -> Result<Vec<SignerChange>, CliError> {
        let mut changes: Vec<SignerChange> = Vec::new();
        let all = self.approve_signer.iter().map(|whose| (whose, true));
        for (whose, approved) in all.chain(self.revoke_signer.iter().map(|whose| (whose, false))) {
            let signer = match whose {
                Whose::Given(signer) => *signer,
                Whose::Own => self.own(session)?,
            };
            match changes.iter().find(|change| change.signer == signer) {
                None => changes.push(SignerChange { signer, approved }),
                Some(change) if change.approved == approved => {}
                Some(_) => {
                    let message = format!("{signer} cannot be approved and revoked at once");
                    return Err(CliError::usage(message).hint("leave one of the two out"));
                }
            }
        }
        Ok(changes)
    }

    fn own(&self, session: Option<&Session>) -> Result<Address, CliError> {
        let flag = self.flag();
        let Some(session) = session else {
            return Err(CliError::usage("which signer? There is no workspace here")
                .hint(format!("give its address: {flag} ADDRESS")));
        };
        session.config.keys().signer.ok_or_else(|| {
            let message = "the records signer is not derived yet";
            CliError::new(Exit::NotFound, ErrorKind::NoSigner, message)
                .hint(format!("namesys keygen derives it; or give its address: {flag} ADDRESS"))
        })
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Probe {
        #[command(flatten)]
        signers: SignersArgs,
    }

    fn parse(arguments: &[&str]) -> Result<SignersArgs, clap::Error> {
        Ok(Probe::try_parse_from([&["probe"], arguments].concat())?.signers)
    }

    #[test]
    fn each_once_and_none_both() {
        let (one, two) = (Address::repeat_byte(1), Address::repeat_byte(2));
        let [a, b] = [one, two].map(|address| address.to_string());
        let args = ["--approve-signer", &a, "--approve-signer", &a, "--revoke-signer", &b];
        let both = parse(&args).unwrap().get(None).unwrap();
        let change = |signer, approved| SignerChange { signer, approved };
        assert_eq!(both, [change(one, true), change(two, false)]);
        let args = parse(&["--approve-signer", &a, "--revoke-signer", &a]).unwrap();
        assert_eq!(args.get(None).unwrap_err().exit, Exit::Usage);
        let own = parse(&["--revoke-signer"]).unwrap();
        assert!(own.mean_own() && own.revoke() && !own.approve());
        assert_eq!((own.flag(), own.get(None).unwrap_err().exit), ("--revoke-signer", Exit::Usage));
        // An unset variable of a script is no signer.
        assert!(parse(&["--revoke-signer", ""]).is_err());
    }
}
