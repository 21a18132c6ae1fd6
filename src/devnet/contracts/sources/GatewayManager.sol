// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IGatewayManager} from "./Interfaces.sol";
import {DnsName} from "./DnsName.sol";
import {Recordhash} from "./Recordhash.sol";
import {Text} from "./Text.sol";

/// The gateways of the CCIP2 resolver, and the URLs it sends clients to. All gateways are
/// authorities (`host`, `host:port`), without scheme. A devnet gives `http://`, its own address
/// as the only Web3 gateway and no primary gateway, so that there is no subdomain to resolve.
contract GatewayManager is IGatewayManager {
    error NotAuthorised(string value);
    error InvalidRequest(string value);

    string private constant SUFFIX = ".json?t={data}";
    uint256 private constant WEB3_AT_MOST = 3;

    address public owner;
    string public scheme;
    string public PrimaryGateway;
    string[] private web3Gateways;
    string[] private web2Gateways;

    constructor(
        string memory scheme_,
        string memory primary,
        string[] memory web3,
        string[] memory web2
    ) {
        owner = msg.sender;
        scheme = scheme_;
        PrimaryGateway = primary;
        web3Gateways = web3;
        web2Gateways = web2;
    }

    modifier onlyOwner() {
        if (msg.sender != owner) revert NotAuthorised("ONLY_OWNER");
        _;
    }

    function transferOwnership(address to) external onlyOwner {
        owner = to;
    }

    function setPrimaryGateway(string calldata gateway) external onlyOwner {
        PrimaryGateway = gateway;
    }

    function setWeb3Gateways(string[] memory gateways) external onlyOwner {
        web3Gateways = gateways;
    }

    function setWeb2Gateways(string[] memory gateways) external onlyOwner {
        web2Gateways = gateways;
    }

    function listWeb3Gateways() external view returns (string[] memory) {
        return web3Gateways;
    }

    function listWeb2Gateways() external view returns (string[] memory) {
        return web2Gateways;
    }

    /// The URLs of `path` (`/.well-known/…/<record type>`) under a recordhash in any of its
    /// forms, in the order to be tried.
    function urls(bytes calldata recordhash, string calldata path)
        external
        view
        returns (string[] memory list)
    {
        if (recordhash.length == 0) {
            list = new string[](web2Gateways.length);
            for (uint256 i = 0; i < list.length; ++i) {
                list[i] = string.concat(scheme, web2Gateways[i], path, SUFFIX);
            }
            return list;
        }
        if (Recordhash.isWeb(recordhash)) {
            list = new string[](1);
            list[0] = string.concat(string(recordhash), path, SUFFIX);
            return list;
        }
        return ofPointer(Recordhash.full(recordhash), path);
    }

    function ofPointer(bytes memory pointer, string memory path)
        private
        view
        returns (string[] memory list)
    {
        bool primary = bytes(PrimaryGateway).length != 0;
        uint256 web3 = web3Gateways.length < WEB3_AT_MOST ? web3Gateways.length : WEB3_AT_MOST;
        list = new string[]((primary ? 1 : 0) + web3 + (web2Gateways.length == 0 ? 0 : 1));
        uint256 next = 0;
        string memory tail = string.concat(path, SUFFIX);
        if (primary) {
            list[next++] = string.concat(scheme, subdomain(pointer), ".", PrimaryGateway, tail);
        }
        tail = file(pointer, tail);
        uint256 first = uint256(keccak256(abi.encode(blockhash(block.number - 1))));
        for (uint256 i = 0; i < web3; ++i) {
            // The remainder first: the sum must not overflow.
            uint256 index = (first % web3Gateways.length + i) % web3Gateways.length;
            list[next++] = string.concat(scheme, web3Gateways[index], tail);
        }
        if (web2Gateways.length != 0) list[next] = string.concat(scheme, web2Gateways[0], tail);
    }

    /// Path and query on a path gateway. `tail` is path and suffix.
    function file(bytes memory pointer, string memory tail) private pure returns (string memory) {
        bytes1 kind = pointer[0];
        if (kind == "k") return string.concat("/ipns/", string(pointer), tail);
        if (kind == "b") return string.concat("/ipfs/", string(pointer), tail);
        if (pointer.length < 4) revert InvalidRequest("BAD_RECORDHASH");
        uint256 skip = kind == 0xe2 && pointer[1] == 0xe5 ? 3 : 2;
        string memory cid =
            string.concat("f", Text.toHex(DnsName.slice(pointer, skip, pointer.length - skip)));
        if (kind == 0xe5) return string.concat("/ipns/", cid, tail);
        if (kind == 0xe3) return string.concat("/ipfs/", cid, tail);
        if (kind != 0xe2) revert InvalidRequest("BAD_RECORDHASH");
        return string.concat("/api/v0/dag/get?arg=", cid, tail, "&format=dag-cbor");
    }

    /// Labels before the primary gateway: text as it is, bytes in groups of 16, the remainder
    /// first.
    function subdomain(bytes memory pointer) private pure returns (string memory label) {
        if (pointer[0] == "k" || pointer[0] == "b") return string(pointer);
        uint256 start = pointer.length % 16;
        label = Text.toHex(DnsName.slice(pointer, 0, start));
        for (; start < pointer.length; start += 16) {
            label = string.concat(label, ".", Text.toHex(DnsName.slice(pointer, start, 16)));
        }
    }
}
