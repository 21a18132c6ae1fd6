// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {DnsName} from "./DnsName.sol";
import {Text} from "./Text.sol";

/// From a resolver call to the record type it asks for, which is also its file's path.
library RecordType {
    error FeatureNotImplemented(bytes4 selector);
    error InvalidRequest(string value);

    bytes4 private constant ADDR = bytes4(keccak256("addr(bytes32)"));
    bytes4 private constant ADDR_COIN = bytes4(keccak256("addr(bytes32,uint256)"));
    bytes4 private constant TEXT = bytes4(keccak256("text(bytes32,string)"));
    bytes4 private constant CONTENTHASH = bytes4(keccak256("contenthash(bytes32)"));
    bytes4 private constant PUBKEY = bytes4(keccak256("pubkey(bytes32)"));
    bytes4 private constant NAME = bytes4(keccak256("name(bytes32)"));
    bytes4 private constant INTERFACE = bytes4(keccak256("interfaceImplementer(bytes32,bytes4)"));
    bytes4 private constant ABI_TYPES = bytes4(keccak256("ABI(bytes32,uint256)"));
    bytes4 private constant ZONEHASH = bytes4(keccak256("zonehash(bytes32)"));
    bytes4 private constant DNS_HASH = bytes4(keccak256("dnsRecord(bytes32,bytes32,uint16)"));
    bytes4 private constant DNS_NAME = bytes4(keccak256("dnsRecord(bytes32,bytes,uint16)"));

    /// `text/avatar`, `address/60`, `contenthash`, …
    function asked(bytes memory request) internal pure returns (string memory) {
        if (request.length < 36) revert InvalidRequest("BAD_REQUEST");
        bytes4 selector = bytes4(request);
        bytes memory arguments = DnsName.slice(request, 4, request.length - 4);
        if (selector == ADDR) return "address/60";
        if (selector == CONTENTHASH) return "contenthash";
        if (selector == PUBKEY) return "pubkey";
        if (selector == NAME) return "name";
        if (selector == ZONEHASH) return "dns/zonehash";
        if (selector == TEXT) {
            (, string memory key) = abi.decode(arguments, (bytes32, string));
            return string.concat("text/", key);
        }
        if (selector == ADDR_COIN) return string.concat("address/", second(arguments));
        if (selector == ABI_TYPES) return string.concat("abi/", second(arguments));
        if (selector == INTERFACE) {
            (, bytes4 id) = abi.decode(arguments, (bytes32, bytes4));
            return string.concat("interface/0x", Text.toHex(abi.encodePacked(id)));
        }
        if (selector == DNS_HASH) {
            (,, uint16 resource) = abi.decode(arguments, (bytes32, bytes32, uint16));
            return string.concat("dns/", Text.toDecimal(resource));
        }
        if (selector == DNS_NAME) {
            (,, uint16 resource) = abi.decode(arguments, (bytes32, bytes, uint16));
            return string.concat("dns/", Text.toDecimal(resource));
        }
        revert FeatureNotImplemented(selector);
    }

    /// The second argument, a number, in decimal.
    function second(bytes memory arguments) private pure returns (string memory) {
        (, uint256 number) = abi.decode(arguments, (bytes32, uint256));
        return Text.toDecimal(number);
    }
}
