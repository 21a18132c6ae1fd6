//! The contracts of the devnet's chain: where they stand, how they are called, and their code
//! (`contracts/`, compiled by `contracts/build.mjs`).

use alloy::sol_types::SolValue;
use alloy_primitives::{Address, Bytes, address};

use super::anvil::CHAIN_ID;
use super::gateways::ChainGateways;

/// The ENS registry, where it is on mainnet.
pub const REGISTRY: Address = address!("00000000000C2E074eC69A0dFb2997BA6C7d2e1e");
/// The NameWrapper, where it is on mainnet.
pub const NAME_WRAPPER: Address = address!("D4416b13d2b3a9aBae7AcD5D6C2BbDBE25686401");
/// The Universal Resolver, where it is on mainnet.
pub const UNIVERSAL_RESOLVER: Address = address!("eEeEEEeE14D718C2B47D9923Deab1335E144EeEe");
/// The CCIP2 resolver, where it is on mainnet.
pub const CCIP2_RESOLVER: Address = address!("839B3B540A9572448FD1B2335e0EB09Ac1A02885");
/// A resolver that keeps its records on chain, where mainnet's PublicResolver is.
pub const PLAIN_RESOLVER: Address = address!("F29100983E058B709F3D539b0c765937B804AC15");
/// The CCIP2 resolver's gateway manager, at an address of the devnet's own.
pub const GATEWAY_MANAGER: Address = address!("0000000000000000000000006761746577617973");

/// Call bindings. The sources in `contracts/sources/` say what each does.
pub mod bindings {
    #![allow(missing_docs)]
    alloy::sol! {
        contract Registry {
            function owner(bytes32 node) external view returns (address);
            function resolver(bytes32 node) external view returns (address);
            function ttl(bytes32 node) external view returns (uint64);
            function recordExists(bytes32 node) external view returns (bool);
            function isApprovedForAll(address owner, address operator) external view returns (bool);
            function setOwner(bytes32 node, address owner) external;
            function setResolver(bytes32 node, address resolver) external;
            function setSubnodeOwner(bytes32 node, bytes32 label, address owner) external returns (bytes32);
            function setSubnodeRecord(bytes32 node, bytes32 label, address owner, address resolver, uint64 ttl) external;
            function setApprovalForAll(address operator, bool approved) external;
        }
        contract NameWrapper {
            function ownerOf(uint256 id) external view returns (address);
            function isWrapped(bytes32 node) external view returns (bool);
            function getData(uint256 id) external view returns (address owner, uint32 fuses, uint64 expiry);
            function setResolver(bytes32 node, address resolver) external;
            function setFuses(bytes32 node, uint16 ownerControlledFuses) external returns (uint32 before);
            function wrap(bytes name, address wrappedOwner, address resolver) external;
            function setApprovalForAll(address operator, bool approved) external;
        }
        contract PlainResolver {
            function setAddr(bytes32 node, uint256 coinType, bytes a) external;
            function setText(bytes32 node, string key, string value) external;
            function setContenthash(bytes32 node, bytes hash) external;
            function setPubkey(bytes32 node, bytes32 x, bytes32 y) external;
            function setABI(bytes32 node, uint256 contentType, bytes data) external;
            function setInterface(bytes32 node, bytes4 id, address implementer) external;
            function setName(bytes32 node, string newName) external;
            function setZonehash(bytes32 node, bytes hash) external;
            function setDNSRecords(bytes32 node, bytes data) external;
            function clearRecords(bytes32 node) external;
            function multicall(bytes[] data) external returns (bytes[]);
        }
        contract GatewayManager {
            function PrimaryGateway() external view returns (string);
            function listWeb3Gateways() external view returns (string[]);
            function listWeb2Gateways() external view returns (string[]);
            function urls(bytes recordhash, string path) external view returns (string[]);
            function scheme() external view returns (string);
            function setPrimaryGateway(string gateway) external;
            function setWeb3Gateways(string[] gateways) external;
            function setWeb2Gateways(string[] gateways) external;
        }
        contract CCIP2Resolver {
            error PlsFundDevs();
            error InvalidRequest(string value);
            error NotAuthorised(string value);
            error InvalidSignature(string value);
            error FeatureNotImplemented(bytes4 selector);
            error OffchainLookup(address sender, string[] urls, bytes callData, bytes4 callbackFunction, bytes extraData);

            function resolve(bytes name, bytes request) external view returns (bytes);
            function supportsInterface(bytes4 id) external view returns (bool);
            function gateway() external view returns (address);
            function chainID() external view returns (string);
            function updateChainID() external;
            function updateGateway(address manager) external;
            function ownerhashFees() external view returns (uint256);
            function updateOwnerhashFees(uint256 fees) external;
            function recordhash(bytes32 node) external view returns (bytes);
            function getRecordhash(bytes32 node) external view returns (bytes);
            function isApprovedSigner(address owner, bytes32 node, address signer) external view returns (bool);
            function setRecordhash(bytes32 node, bytes hash) external;
            function setShortRecordhash(bytes32 node, bytes32 hash) external;
            function setSubRecordhash(bytes32 node, string subdomain, bytes hash) external;
            function setDeepSubRecordhash(bytes32 node, string[] subdomains, bytes hash) external;
            function setOwnerhash(bytes hash) external payable;
            function setShortOwnerhash(bytes32 hash) external payable;
            function approve(bytes32 node, address signer, bool approved) external;
            function multiApprove(bytes32[] nodes, address[] signers, bool[] approved) external;
        }
        contract UniversalResolver {
            function findResolver(bytes name) external view returns (address resolver, bytes32 node, uint256 offset);
            function resolve(bytes name, bytes data) external view returns (bytes result, address resolver);
            function resolveWithGateways(bytes name, bytes data, string[] gateways) external view returns (bytes result, address resolver);
            function reverse(bytes lookupAddress, uint256 coinType) external view returns (string name, address resolver, address reverseResolver);
            function reverseWithGateways(bytes lookupAddress, uint256 coinType, string[] gateways) external view returns (string name, address resolver, address reverseResolver);
        }
    }
}

/// A contract to be put on the chain.
pub(super) struct Installation {
    pub(super) address: Address,
    /// Creation bytecode with the constructor's arguments.
    pub(super) creation: Bytes,
}

/// All contracts, in an order in which they can be put on the chain.
pub(super) fn installations(gateways: &ChainGateways) -> Vec<Installation> {
    let ChainGateways { scheme, primary, web3, web2 } = gateways.clone();
    let contract = |address, code: &[u8], arguments: Vec<u8>| Installation {
        address,
        creation: [code, &arguments].concat().into(),
    };
    let ccip2 = (REGISTRY, NAME_WRAPPER, GATEWAY_MANAGER, CHAIN_ID.to_string());
    vec![
        contract(REGISTRY, include_bytes!("../contracts/artifacts/Registry.bin"), Vec::new()),
        contract(
            NAME_WRAPPER,
            include_bytes!("../contracts/artifacts/NameWrapper.bin"),
            REGISTRY.abi_encode(),
        ),
        contract(
            PLAIN_RESOLVER,
            include_bytes!("../contracts/artifacts/PlainResolver.bin"),
            (REGISTRY, NAME_WRAPPER).abi_encode_params(),
        ),
        contract(
            UNIVERSAL_RESOLVER,
            include_bytes!("../contracts/artifacts/UniversalResolver.bin"),
            REGISTRY.abi_encode(),
        ),
        contract(
            GATEWAY_MANAGER,
            include_bytes!("../contracts/artifacts/GatewayManager.bin"),
            (scheme, primary, web3, web2).abi_encode_params(),
        ),
        contract(
            CCIP2_RESOLVER,
            include_bytes!("../contracts/artifacts/CCIP2Resolver.bin"),
            ccip2.abi_encode_params(),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use alloy::sol_types::{SolCall, SolError};
    use alloy_primitives::hex;

    use super::bindings::CCIP2Resolver::*;
    use super::*;

    /// [The resolver](crate::spec::resolver) has these; the artifacts must have them.
    #[test]
    fn selectors_are_those_of_the_deployed_resolver() {
        let bound = [
            (setRecordhashCall::SELECTOR, "e3b9533a"),
            (setShortRecordhashCall::SELECTOR, "a6704e76"),
            (setOwnerhashCall::SELECTOR, "6166b779"),
            (setShortOwnerhashCall::SELECTOR, "d5d7d981"),
            (setSubRecordhashCall::SELECTOR, "c6a84da3"),
            (setDeepSubRecordhashCall::SELECTOR, "7ceb95f9"),
            (getRecordhashCall::SELECTOR, "63a786b9"),
            (approveCall::SELECTOR, "a4b91a01"),
            (multiApproveCall::SELECTOR, "9503d22f"),
            (resolveCall::SELECTOR, "9061b923"),
            (PlsFundDevs::SELECTOR, "f8a1cfbb"),
            (InvalidRequest::SELECTOR, "37022838"),
            (NotAuthorised::SELECTOR, "72fdfad8"),
            (InvalidSignature::SELECTOR, "2a34f7fe"),
            (FeatureNotImplemented::SELECTOR, "6f197843"),
            (OffchainLookup::SELECTOR, "556f1830"),
        ];
        let artifact: serde_json::Value =
            serde_json::from_str(include_str!("../contracts/artifacts/CCIP2Resolver.json"))
                .unwrap();
        let code = artifact["deployedBytecode"].as_str().unwrap();
        for (selector, expected) in bound {
            assert_eq!(hex::encode(selector), expected);
            // PUSH4 of a selector in a dispatcher drops leading zeros; an error is shifted left.
            let odd = u32::from_be_bytes(selector);
            let shifted = format!("{:x}", odd >> odd.trailing_zeros());
            assert!(code.contains(expected) || code.contains(&shifted), "{expected}");
        }
    }

    #[test]
    fn every_contract_has_its_code() {
        let installations = installations(&ChainGateways::local("127.0.0.1:5559"));
        assert_eq!(installations.len(), 6);
        assert!(installations.iter().all(|contract| contract.creation.len() > 1000));
    }
}
