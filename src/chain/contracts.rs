//! Addresses and interfaces of the contracts that are read.

use alloy_primitives::{Address, address};

pub use abi::OffchainLookup;

/// Where ENS is on a chain. The default is mainnet, and every network whose ENS has the same
/// addresses ([the resolver](crate::spec::resolver)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contracts {
    /// The ENS registry.
    pub registry: Address,
    /// The Universal Resolver (ENSIP-23), which also knows names that this registry does not.
    pub universal_resolver: Address,
    /// The NameWrapper, which owns wrapped names in the registry.
    pub name_wrapper: Address,
    /// The records resolver that `setup` gives to names (CCIP2).
    pub records_resolver: Address,
}

impl Default for Contracts {
    fn default() -> Self {
        Self {
            registry: address!("00000000000C2E074eC69A0dFb2997BA6C7d2e1e"),
            universal_resolver: address!("eEeEEEeE14D718C2B47D9923Deab1335E144EeEe"),
            name_wrapper: address!("D4416b13d2b3a9aBae7AcD5D6C2BbDBE25686401"),
            records_resolver: address!("839B3B540A9572448FD1B2335e0EB09Ac1A02885"),
        }
    }
}

impl Contracts {
    /// On Sepolia only the NameWrapper is elsewhere; of the records resolver no deployment there is
    /// known, and names that are set up there need its address.
    pub fn sepolia() -> Self {
        Self {
            name_wrapper: address!("0635513f179D50A207757E05759CbD106d7dFcE8"),
            ..Self::default()
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
        function nameExpires(uint256 id) view returns (uint256);
        function getData(uint256 id) view returns (address owner, uint32 fuses, uint64 expiry);
        // ERC-165 and ENSIP-10.
        function supportsInterface(bytes4 id) view returns (bool);
        function resolve(bytes name, bytes data) view returns (bytes);
        // The Universal Resolver (ENSIP-23).
        function findResolver(bytes name) view returns (address resolver, bytes32 node, uint256 offset);
        // The records resolver (crate::spec::resolver).
        function recordhash(bytes32 node) view returns (bytes);
        function isApprovedSigner(address owner, bytes32 node, address signer) view returns (bool);
        function isWrapper(address contractAddress) view returns (bool);
        function gateway() view returns (address);
        function ownerhashFees() view returns (uint256);
        function chainID() view returns (string);
        // What `setup` sends to it, to the registry and to the NameWrapper.
        function setResolver(bytes32 node, address resolver);
        function isApprovedForAll(address owner, address operator) view returns (bool);
        function setRecordhash(bytes32 node, bytes hash);
        function setShortRecordhash(bytes32 node, bytes32 hash);
        function setSubRecordhash(bytes32 node, string subdomain, bytes hash);
        function setDeepSubRecordhash(bytes32 node, string[] subdomains, bytes hash);
        function setOwnerhash(bytes hash) payable;
        function setShortOwnerhash(bytes32 hash) payable;
        function approve(bytes32 node, address signer, bool approved);
        function multiApprove(bytes32[] nodes, address[] signers, bool[] approved);
        // Its gateway manager.
        function PrimaryGateway() view returns (string);
        function listWeb3Gateways() view returns (string[]);
        function listWeb2Gateways() view returns (string[]);
        // Its errors, and Solidity's.
        error InvalidRequest(string message);
        error NotAuthorised(string message);
        error InvalidSignature(string message);
        error FeatureNotImplemented(bytes4 selector);
        error PlsFundDevs();
        error Error(string message);
        error Panic(uint256 code);
        // The registry's of the devnet, and the NameWrapper's.
        error NotOwner(bytes32 node, address sender);
        error Unauthorised(bytes32 node, address addr);
        error OperationProhibited(bytes32 node);
        error HttpError(uint16 status, string message);
    }
}
