//! The report of `rotate`, as its parts read.

use std::io::{self, Write};

use namesys::report::RotateReport;
use namesys::workspace::Config;

use super::keys::Keys;
use crate::cli::error::CliError;
use crate::cli::output::{Human, shown};
use crate::cli::words::when;

/// Before anything is done.
pub fn begun(keys: &Keys) -> RotateReport {
    RotateReport {
        former: keys.former().to_string(),
        ipns_name: keys.name().to_string(),
        wallet: namesys::wallet::Wallet::address(&keys.wallet).to_string(),
        signer: keys.signer.address().to_string(),
        rotated: false,
        former_validity: None,
        sites_left: Vec::new(),
        sign: None,
        publish: None,
        setup: None,
    }
}

/// The name that was left last.
///
/// # Errors
/// Exit 2 where none was: the new password and wallet are the old ones.
pub fn left(config: &Config) -> Result<String, CliError> {
    let name = config.former().last().and_then(|keys| keys.ipns_name);
    name.map(|name| name.to_string()).ok_or_else(|| {
        CliError::usage("the new password and wallet give the keys that this workspace has")
            .hint("give another password (--new-key-password-file), or another wallet (--new-…)")
    })
}

impl Human for RotateReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let parts = [
            self.sign.as_ref().map(|part| part as &dyn Human),
            self.publish.as_ref().map(|part| part as &dyn Human),
        ];
        parts.into_iter().flatten().try_for_each(|part| part.human(out))?;
        if self.rotated {
            writeln!(out, "rotated    from {}", self.former)?;
            writeln!(out, "        to {}", self.ipns_name)?;
        }
        if let Some(validity) = &self.former_validity {
            writeln!(
                out,
                "           the last record there is valid until {}: namesys renew --former keeps \
                 it so",
                when(validity)
            )?;
        }
        for site in &self.sites_left {
            writeln!(
                out,
                "           {} has what the former keys signed: namesys publish --to https",
                shown(site)
            )?;
        }
        self.setup.iter().try_for_each(|setup| setup.human(out))
    }
}
