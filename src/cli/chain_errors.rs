//! Errors about the chain: nodes, setup, resolution.

use namesys::chain::ChainError;
use namesys::chain::setup::SetupError;
use namesys::report::ErrorKind;
use namesys::resolve::{ResolveError, ReverseError};

use super::error::{CliError, Exit};

impl From<ChainError> for CliError {
    fn from(error: ChainError) -> Self {
        match &error {
            ChainError::NoRpc => Self::of(Exit::Usage, ErrorKind::NoRpc, &error)
                .hint("give --rpc-url URL, or set ETH_RPC_URL"),
            ChainError::TooFewNodes { .. } => Self::of(Exit::Usage, ErrorKind::Usage, &error)
                .hint("give more --rpc-url, or a lower --rpc-quorum"),
            ChainError::OtherChain { found, expected, .. } => {
                Self::of(Exit::Failed, ErrorKind::OtherChain, &error).hint(format!(
                    "give a node of chain {expected} with --rpc-url; for names of chain {found}, \
                     namesys init NAME --chain-id {found} makes the workspace"
                ))
            }
            ChainError::Disagreement { .. } => {
                Self::of(Exit::Unverified, ErrorKind::Disagreement, &error).hint(
                    "one of them lies or lags: ask again, or leave out the one you do not trust",
                )
            }
            ChainError::NoRegistry(_) => Self::of(Exit::Failed, ErrorKind::NoEns, &error)
                .hint("give a node of a chain that has ENS, such as mainnet, with --rpc-url"),
            ChainError::Contract { .. } | ChainError::Malformed { .. } => {
                Self::of(Exit::Failed, ErrorKind::Contract, &error)
                    .hint("is it the contract you mean, on this chain?")
            }
            ChainError::Rpc { .. } => Self::of(Exit::Failed, ErrorKind::Rpc, &error).hint(
                "check the node's address and its key, or give more than one --rpc-url: they are \
                 tried in order",
            ),
            ChainError::LostBlock { .. } => Self::of(Exit::Failed, ErrorKind::Rpc, &error)
                .hint("try again, or ask a node that is no pool: --rpc-url URL"),
        }
    }
}

impl From<SetupError> for CliError {
    fn from(error: SetupError) -> Self {
        let error = match error {
            SetupError::Chain(error) => return error.into(),
            SetupError::Wallet(error) => return error.into(),
            error => error,
        };
        let failed = |kind| Self::of(Exit::Failed, kind, &error);
        match &error {
            SetupError::NotRegistered(_) => {
                Self::of(Exit::NotFound, ErrorKind::NotRegistered, &error).hint(
                    "register it first, for example at app.ens.domains; or is it on another chain?",
                )
            }
            SetupError::NoRecordsResolver(_) => {
                failed(ErrorKind::NoRecordsResolver).hint("give the address of one with --resolver")
            }
            SetupError::NotOwner { owner, owner_is_contract: true, .. } => {
                failed(ErrorKind::NotOwner).hint(format!(
                    "{owner} is a contract: without the wallet's flags and variables, --safe FILE \
                     writes the transactions for a multisig, and --calldata prints them"
                ))
            }
            SetupError::NotOwner { owner, .. } => failed(ErrorKind::NotOwner).hint(format!(
                "give the wallet of {owner}, or print the transactions for it: --calldata \
                 --from {owner}"
            )),
            SetupError::ResolverLocked { .. } => failed(ErrorKind::ResolverLocked).hint(
                "its records stay where that resolver keeps them; use another name for records \
                 off chain",
            ),
            SetupError::Simulation { .. } => failed(ErrorKind::Refused).hint(
                "nothing was sent; --calldata without a wallet shows what the owner would send",
            ),
            SetupError::FarFee { .. } => failed(ErrorKind::Fees)
                .hint("nothing was sent; ask another node: --rpc-url, or several: --rpc-quorum"),
            SetupError::TooDear { .. } => failed(ErrorKind::MaxCost).hint(
                "nothing was sent; --max-cost ETHER allows more, if that is what you mean to pay; \
                 a node may lie about fees: --rpc-quorum 2 with a second --rpc-url has two agree",
            ),
            SetupError::Funds { sender, .. } => {
                failed(ErrorKind::NoFunds).hint(format!("send ether to {sender}"))
            }
            SetupError::Pending { .. } => failed(ErrorKind::Pending).hint(
                "nothing more was sent: run the same again once it is mined, which sends only \
                 what is missing; one that is stuck is replaced or cancelled in the wallet",
            ),
            SetupError::NonceTaken { .. } => failed(ErrorKind::Pending).hint(
                "nothing was sent: the same command again looks at what was mined, and sends only \
                 what is missing",
            ),
            SetupError::NotSent { .. } => failed(ErrorKind::NotSent).hint(
                "look the transaction up before you run the same again, which sends only what is \
                 missing; another node helps where this one fails: --rpc-url",
            ),
            SetupError::NotMined { .. } => failed(ErrorKind::NotMined).hint(
                "it may be mined later, or was dropped: run the same again, which sends only what \
                 is missing then; --wait SECONDS waits longer",
            ),
            SetupError::Reverted { .. } => failed(ErrorKind::Reverted).hint(
                "the chain changed meanwhile: run the same again, which sends only what is missing",
            ),
            SetupError::NotReadBack { .. } => {
                Self::of(Exit::Unverified, ErrorKind::NotReadBack, &error)
                    .hint("another transaction may have changed it since: run the same again")
            }
            SetupError::Chain(_) | SetupError::Wallet(_) => failed(ErrorKind::Setup),
        }
    }
}

impl From<ResolveError> for CliError {
    fn from(error: ResolveError) -> Self {
        match error {
            ResolveError::Chain(error) => error.into(),
            ResolveError::NoResolver { ref facts } => {
                let (name, owner) = (&facts.name, facts.owner());
                let hint = match owner.is_zero() {
                    true => "check the spelling, and that --rpc-url is of the name's chain".into(),
                    false => format!("its owner, {owner}, sets one: namesys setup {name}"),
                };
                Self::of(Exit::NotFound, ErrorKind::NoResolver, &error).hint(hint)
            }
            ResolveError::Recordhash { .. } => {
                Self::of(Exit::Failed, ErrorKind::BadRecordhash, &error)
            }
            ResolveError::NoContract { ref name, .. } => {
                let hint = format!("its owner sets a resolver: namesys setup {name}");
                Self::of(Exit::Failed, ErrorKind::NoContract, &error).hint(hint)
            }
        }
    }
}

impl From<ReverseError> for CliError {
    fn from(error: ReverseError) -> Self {
        match error {
            ReverseError::Resolve(error) => error.into(),
            ReverseError::NoName(_) => Self::of(Exit::NotFound, ErrorKind::NoName, &error),
            ReverseError::Record { .. } => Self::of(Exit::Failed, ErrorKind::Reverse, &error),
            ReverseError::Name { .. } | ReverseError::Mismatch { .. } => {
                Self::of(Exit::Unverified, ErrorKind::Unverified, &error)
            }
        }
    }
}
