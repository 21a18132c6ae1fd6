//! What the trials need of the machine.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use namesys::devnet::chain::{AnvilSearch, Inherited};

/// What one trial needs.
#[derive(Clone, Copy, Debug)]
pub enum Need {
    /// Node and npm, for the compiler.
    Npm,
    /// anvil, or npm to fetch it.
    Anvil,
    /// Both, for what npm packages do on the chain.
    AnvilAndNpm,
    /// Chromium with its driver, and npm for axe-core.
    Chromium,
    /// The same, and anvil.
    ChromiumAndAnvil,
}

impl Need {
    /// What to install, when it is not there.
    pub fn missing(self) -> Option<String> {
        static CHROMIUM: OnceLock<bool> = OnceLock::new();
        static NPM: OnceLock<bool> = OnceLock::new();
        static ANVIL: OnceLock<Option<String>> = OnceLock::new();
        match self {
            Self::Npm => (!*NPM.get_or_init(|| answers("node") && answers("npm")))
                .then(|| "needs Node 20 or newer, with npm".to_owned()),
            Self::Anvil => ANVIL
                .get_or_init(|| anvil().find().err().map(|error| format!("needs anvil: {error}")))
                .clone(),
            Self::AnvilAndNpm => Self::Npm.missing().or_else(|| Self::Anvil.missing()),
            Self::Chromium => Self::Npm.missing().or_else(|| {
                (!*CHROMIUM.get_or_init(|| answers("chromium") && answers("chromedriver")))
                    .then(|| "needs Debian's packages chromium and chromium-driver".to_owned())
            }),
            Self::ChromiumAndAnvil => Self::Chromium.missing().or_else(|| Self::Anvil.missing()),
        }
    }
}

/// Where anvil may be: as the program looks for it, with a cache under `target/`.
pub fn anvil() -> AnvilSearch {
    AnvilSearch {
        program: std::env::var_os("ANVIL").map(Into::into),
        path: std::env::var_os("PATH"),
        cache: Some(Path::new(env!("CARGO_TARGET_TMPDIR")).to_path_buf()),
        inherited: Inherited::of(std::env::vars_os()),
    }
}

fn answers(program: &str) -> bool {
    let status = Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    status.is_ok_and(|status| status.success())
}
