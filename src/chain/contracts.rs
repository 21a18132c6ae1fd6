//! Addresses and interfaces of the contracts that are read.

use alloy_primitives::{Address, address};

pub use abi::OffchainLookup;

/// Where ENS is on a chain. The default is mainnet, and every network whose ENS has the same
/// addresses (facts §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contracts {
    /// The ENS registry.
    pub registry: Address,
    /// The NameWrapper, which owns wrapped names in the registry.
    pub name_wrapper: Address,
}

impl Default for Contracts {
    fn default() -> Self {
        Self {
            registry: address!("00000000000C2E074eC69A0dFb2997BA6C7d2e1e"),
            name_wrapper: address!("D4416b13d2b3a9aBae7AcD5D6C2BbDBE25686401"),
        }
    }
}

mod abi {
    #![allow(missing_docs)]
    alloy::sol! {
        /// EIP-3668.
        #[derive(Debug, PartialEq, Eq)]
        error OffchainLookup(
            address sender, string[] urls, bytes callData, bytes4 callbackFunction, bytes extraData
        );
    }
}

/// The calls that are made, as their ABI has them.
pub mod calls {
    #![allow(missing_docs)]
    alloy::sol! {
        // The registry (ENSIP-1).
        function owner(bytes32 node) view returns (address);
        function resolver(bytes32 node) view returns (address);
        function recordExists(bytes32 node) view returns (bool);
        // NameWrapper and registrar (ERC-721).
        function ownerOf(uint256 id) view returns (address);
        // ERC-165 and ENSIP-10.
        function supportsInterface(bytes4 id) view returns (bool);
        function resolve(bytes name, bytes data) view returns (bytes);
        // The records resolver (facts §5).
        function recordhash(bytes32 node) view returns (bytes);
        function isApprovedSigner(address owner, bytes32 node, address signer) view returns (bool);
        function isWrapper(address contractAddress) view returns (bool);
        function gateway() view returns (address);
        // Its gateway manager.
        function PrimaryGateway() view returns (string);
        function listWeb3Gateways() view returns (string[]);
        function listWeb2Gateways() view returns (string[]);
        // Its errors, and Solidity's.
        error InvalidRequest(string message);
        error NotAuthorised(string message);
        error InvalidSignature(string message);
        error FeatureNotImplemented(bytes4 selector);
        error Error(string message);
        error HttpError(uint16 status, string message);
    }
}
