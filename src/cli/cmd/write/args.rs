//! The flags of `write`.

use std::path::PathBuf;

use namesys::keys::Storage;
use namesys::write::{Profile, VersionQuery};

use crate::cli::cost_args::SendingArgs;
use crate::cli::password_args::PasswordArgs;
use crate::cli::rpc_args::RpcArgs;
use crate::cli::suggest::{profiles, storages};
use crate::cli::wallet_args::WalletArgs;

/// `write …`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The name whose record is written
    #[arg(required_unless_present_any = ["explain", "import", "from_workspace"],
          conflicts_with = "explain")]
    pub name: Option<String>,
    /// TYPE, KEY (where the type has one) and VALUE, as of set
    #[arg(value_name = "TYPE [KEY] VALUE", num_args = 1..,
          required_unless_present_any = ["explain", "import", "from_workspace"],
          conflicts_with_all = ["explain", "import", "from_workspace"])]
    pub record: Vec<String>,
    /// Write every record of a table or of JSON, in any form that import reads; - for stdin
    #[arg(long, value_name = "FILE|-", conflicts_with_all = ["explain", "from_workspace"])]
    pub import: Option<PathBuf>,
    /// Write what the workspace wants now
    #[arg(long, conflicts_with = "explain")]
    pub from_workspace: bool,
    /// Say what a resolver's revert means, offline: 0x and hexadecimal digits
    #[arg(long, value_name = "REVERT")]
    pub explain: Option<String>,
    /// Whose texts and keys apply, in place of what the resolver's error says: ensip-y, ensip19,
    /// eip5559 or erc7700. Nobody has published a resolver of these: where their texts are silent
    /// (PBKDF2 is HMAC-SHA-256, the salt keccak256 of the username) the reading is ours
    #[arg(long, value_name = "PROFILE", value_parser = profiles(), hide_possible_values = true)]
    pub profile: Option<Profile>,
    /// Whose signer it is: the name's, or the wallet's for all its names
    #[arg(long, value_name = "STORAGE", default_value = "domain", value_parser = storages())]
    pub storage: Storage,
    /// Show where it would go and what would be checked; nothing is signed or sent
    #[arg(long)]
    pub dry_run: bool,
    /// Let a resolver name a gateway on this machine
    #[arg(long)]
    pub allow_loopback: bool,
    /// The body that the first EIP-5559 prints, in place of the one its gateway takes
    #[arg(long)]
    pub body_as_published: bool,
    /// How the version of a name is asked for at the GraphQL endpoint that an IPNS handler names;
    /// $name is the name [default: domain(name: $name) { version }, then sequence]
    #[arg(long, value_name = "GRAPHQL")]
    pub version_query: Option<String>,
    /// Where the version is in the answer [default: data.domain.version]
    #[arg(long, value_name = "PATH")]
    pub version_path: Option<String>,
    #[command(flatten)]
    pub sending: SendingArgs,
    /// The chain of the name's resolver [default: the network's, else the first node's]
    #[arg(long, value_name = "N")]
    pub chain_id: Option<u64>,
    #[command(flatten)]
    pub wallet: WalletArgs,
    #[command(flatten)]
    pub password: PasswordArgs,
    #[command(flatten)]
    pub rpc: RpcArgs,
}

impl Args {
    /// How the version of a name is asked for.
    pub fn version_query(&self) -> VersionQuery {
        VersionQuery { query: self.version_query.clone(), path: self.version_path.clone() }
    }
}
