//! What the programs that the devnet starts may know of the environment: it may hold secrets.

use std::ffi::{OsStr, OsString};
use std::process::Command;

/// Every program needs these, or may.
const ALL: [&str; 7] = ["PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "TZ", "USER"];
/// Whoever asks the network needs these, in capitals or not.
const NETWORK: [&str; 7] = [
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "NODE_EXTRA_CA_CERTS",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
];
/// npm's own settings, in capitals or not.
const NPM: &str = "npm_config_";

/// The variables that a child may have. The library reads no environment: who calls it does.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Inherited(Vec<(OsString, OsString)>);

/// Their names: values may be secret (a proxy's password).
impl std::fmt::Debug for Inherited {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

impl Inherited {
    /// Of `variables` those that npm or anvil need; all others are dropped.
    pub fn of(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let needed = |(name, _): &(OsString, OsString)| is_common(name) || is_npms(name);
        Self(variables.into_iter().filter(needed).collect())
    }

    /// A command that has these and no others.
    pub(super) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        self.limited(program, is_common)
    }

    /// The same for npm.
    pub(super) fn npm(&self, program: impl AsRef<OsStr>) -> Command {
        self.limited(program, |name| is_common(name) || is_npms(name))
    }

    fn limited(&self, program: impl AsRef<OsStr>, may_have: fn(&OsStr) -> bool) -> Command {
        let mut command = Command::new(program);
        let variables = self.0.iter().filter(|(name, _)| may_have(name));
        command.env_clear().envs(variables.map(|(name, value)| (name, value)));
        command
    }
}

fn is_common(name: &OsStr) -> bool {
    let Some(name) = name.to_str() else { return false };
    ALL.contains(&name) || NETWORK.contains(&name.to_ascii_uppercase().as_str())
}

fn is_npms(name: &OsStr) -> bool {
    let name = name.to_str().unwrap_or_default().to_ascii_lowercase();
    name.starts_with(NPM)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn children_know_what_they_need_and_nothing_else() {
        let variables = [
            ("PATH", "/bin:/usr/bin"),
            ("HOME", "/home/nick"),
            ("https_proxy", "http://proxy.example"),
            ("SSL_CERT_FILE", "/ca.pem"),
            ("NODE_EXTRA_CA_CERTS", "/ca.pem"),
            ("npm_config_cache", "/cache"),
            ("NPM_CONFIG_USERCONFIG", "/npmrc"),
            ("ETH_PRIVATE_KEY", "0x01"),
            ("NAMESYS_KEY_PASSWORD", "hunter2"),
            ("AWS_SECRET_ACCESS_KEY", "hunter2"),
            ("ANVIL_IP_ADDR", "0.0.0.0"),
            ("LD_PRELOAD", "/evil.so"),
            ("NODE_OPTIONS", "--require=/evil.js"),
        ];
        let variables = variables.map(|(name, value)| (name.into(), value.into()));
        let inherited = Inherited::of(variables);
        assert!(!format!("{inherited:?}").contains("proxy.example"));
        let printed = |mut command: Command| {
            let output = command.output().unwrap();
            let text = String::from_utf8(output.stdout).unwrap();
            let mut names: Vec<String> =
                text.lines().filter_map(|line| Some(line.split_once('=')?.0.to_owned())).collect();
            names.sort();
            names
        };
        let common = ["HOME", "NODE_EXTRA_CA_CERTS", "PATH", "SSL_CERT_FILE", "https_proxy"];
        assert_eq!(printed(inherited.command("env")), common);
        let npm = ["HOME", "NODE_EXTRA_CA_CERTS", "NPM_CONFIG_USERCONFIG", "PATH", "SSL_CERT_FILE"];
        assert_eq!(
            printed(inherited.npm("env")),
            [&npm[..], &["https_proxy", "npm_config_cache"]].concat()
        );
        assert!(printed(Inherited::default().command("/usr/bin/env")).is_empty());
    }
}
