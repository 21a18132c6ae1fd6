//! The contracts, and the transactions that use them.

use std::fmt;

use alloy::sol_types::SolCall;
use alloy_primitives::{Address, Bytes, U256, address};

use super::{MetaAddress, StealthAddress};
use crate::chain::setup::SetupTransaction;

/// Where payments are announced (ERC-5564), on every chain.
pub const ANNOUNCER: Address = address!("55649E01B5Df198D18D95b5cc5051630cfD45564");
/// Where meta-addresses are registered (ERC-6538), on every chain.
pub const REGISTRY: Address = address!("6538E6bf4B0eBd30A8Ea093027Ac2422ce5d6538");
/// Multicall3, on every chain.
pub const MULTICALL3: Address = address!("cA11bde05977b3631167028862bE2a173976CA11");
/// What stands for ether in metadata.
pub const ETHER: Address = address!("EeeeeEeeeEeEeeEeEeEeeEEEeeeeEeeeeeeeEEeE");
/// What stands for its function there.
const ETHER_FUNCTION: [u8; 4] = [0xee; 4];
/// The scheme: secp256k1 with view tags.
pub const SCHEME: U256 = U256::ONE;

/// What the contracts and tokens understand.
pub(super) mod calls {
    #![allow(missing_docs)]

    alloy::sol! {
        event Announcement(uint256 indexed schemeId, address indexed stealthAddress, address indexed caller, bytes ephemeralPubKey, bytes metadata);
        event Transfer(address indexed from, address indexed to, uint256 value);
        function announce(uint256 schemeId, address stealthAddress, bytes ephemeralPubKey, bytes metadata) external;
        function registerKeys(uint256 schemeId, bytes stealthMetaAddress) external;
        function stealthMetaAddressOf(address registrant, uint256 schemeId) external view returns (bytes);
        function transfer(address to, uint256 amount) external returns (bool);
        function balanceOf(address account) external view returns (uint256);
        function decimals() external view returns (uint8);
        function symbol() external view returns (string);
        struct Call3Value { address target; bool allowFailure; uint256 value; bytes callData; }
        struct Result { bool success; bytes returnData; }
        function aggregate3Value(Call3Value[] calls) external payable returns (Result[] returnData);
    }
}

/// What is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asset {
    /// The chain's own coin.
    Ether,
    /// An ERC-20 token, by its contract.
    Token(Address),
}

impl Asset {
    /// As metadata has it.
    pub fn contract(self) -> Address {
        match self {
            Self::Ether => ETHER,
            Self::Token(token) => token,
        }
    }

    /// The other way.
    pub fn of_contract(contract: Address) -> Self {
        match contract == ETHER {
            true => Self::Ether,
            false => Self::Token(contract),
        }
    }

    /// The function that moves it, as metadata has it.
    pub(super) fn function(self) -> [u8; 4] {
        match self {
            Self::Ether => ETHER_FUNCTION,
            Self::Token(_) => calls::transferCall::SELECTOR,
        }
    }
}

impl fmt::Display for Asset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ether => f.write_str("ether"),
            Self::Token(token) => write!(f, "token {token}"),
        }
    }
}

/// What ERC-5564 recommends to announce beside the key, 57 bytes: the view tag, four of the
/// function, twenty of the token, and the amount in 32.
pub fn metadata(view_tag: u8, asset: Asset, amount: U256) -> Bytes {
    let mut bytes = Vec::with_capacity(57);
    bytes.push(view_tag);
    bytes.extend_from_slice(&asset.function());
    bytes.extend_from_slice(asset.contract().as_slice());
    bytes.extend_from_slice(&amount.to_be_bytes::<32>());
    bytes.into()
}

fn announcing(to: &StealthAddress, asset: Asset, amount: U256) -> Bytes {
    let call = calls::announceCall {
        schemeId: SCHEME,
        stealthAddress: to.address,
        ephemeralPubKey: to.ephemeral.bytes().to_vec().into(),
        metadata: metadata(to.view_tag, asset, amount),
    };
    call.abi_encode().into()
}

/// Announces a payment.
pub fn announce(to: &StealthAddress, asset: Asset, amount: U256) -> SetupTransaction {
    let description = format!("announce the payment to {}", to.address);
    SetupTransaction::call(ANNOUNCER, announcing(to, asset, amount), description)
}

/// Announces and pays ether, in one call: both, or neither.
pub fn pay_ether(to: &StealthAddress, amount: U256) -> SetupTransaction {
    let call3 = |target, value, call_data| calls::Call3Value {
        target,
        allowFailure: false,
        value,
        callData: call_data,
    };
    let announcement = call3(ANNOUNCER, U256::ZERO, announcing(to, Asset::Ether, amount));
    let payment = call3(to.address, amount, Bytes::new());
    let data = calls::aggregate3ValueCall { calls: vec![announcement, payment] }.abi_encode();
    let description = format!("announce the payment to {} and pay it", to.address);
    let mut call = SetupTransaction::call(MULTICALL3, data.into(), description);
    call.value = amount;
    call
}

/// Moves a token.
pub fn transfer(token: Address, to: Address, amount: U256) -> SetupTransaction {
    let data = calls::transferCall { to, amount }.abi_encode();
    SetupTransaction::call(token, data.into(), format!("transfer the token {token} to {to}"))
}

/// Moves ether.
pub fn transfer_ether(to: Address, amount: U256) -> SetupTransaction {
    let mut call = SetupTransaction::call(to, Bytes::new(), format!("transfer ether to {to}"));
    call.value = amount;
    call
}

/// Registers a meta-address for whoever sends it.
pub fn register(payee: &MetaAddress) -> SetupTransaction {
    let call = calls::registerKeysCall {
        schemeId: SCHEME,
        stealthMetaAddress: payee.bytes().to_vec().into(),
    };
    let description = "register the stealth meta-address (ERC-6538)".to_owned();
    SetupTransaction::call(REGISTRY, call.abi_encode().into(), description)
}
